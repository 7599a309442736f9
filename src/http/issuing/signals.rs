//! How often marks are scanned, for the body.

use super::marks::mark_id;
use crate::http::App;
use crate::http::error::{Problem, ReadProblems};
use crate::http::extract::Bearer;
use crate::service::signals::{Scans, Source, Unusual, total};
use axum::Json;
use axum::extract::{Path, State};
use serde::Serialize;
use std::collections::BTreeMap;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(unusual)).routes(routes!(scans))
}

/// Scans of a mark on a day
#[derive(Debug, Serialize, ToSchema)]
struct ScansBody {
    /// China-time day.
    day: String,
    /// All of them.
    scans: u64,
    /// Of those: `direct` (a camera, a typed address), `wechat`, `alipay`, `own` (a page of ours), `web` (another site).
    by_source: BTreeMap<&'static str, u32>,
}

impl ScansBody {
    fn of(day: impl ToString, scans: &Scans) -> Self {
        let by_source = Source::ALL.iter().zip(scans).map(|(source, n)| (source.wire(), *n)).collect();
        Self { day: day.to_string(), scans: total(scans), by_source }
    }
}

/// A mark that is scanned far more than it usually is
#[derive(Debug, Serialize, ToSchema)]
struct UnusualBody {
    /// Its identifier.
    mark: String,
    /// Its page.
    page: String,
    /// Scans on the busiest of the 28 days before.
    busiest_before: u64,
    /// The day's.
    #[serde(flatten)]
    scans: ScansBody,
}

/// Marks scanned far more than usual today or yesterday
///
/// Any role. At least 100 scans a day, and more than five times those of the busiest of the 28 days before: its code may have been copied.
#[utoipa::path(get, path = "/api/v1/issuing/signals", tag = "issuing", security(("bearer" = [])),
    responses((status = 200, body = Vec<UnusualBody>, description = "done"), ReadProblems))]
async fn unusual(State(app): State<App>, Bearer(actor): Bearer) -> Result<Json<Vec<UnusualBody>>, Problem> {
    let found = app.service.unusual_scans(&actor)?;
    let body = |Unusual { mark, day, scans, busiest }: Unusual| UnusualBody {
        page: app.links.mark(&mark.to_string()),
        mark: mark.to_string(),
        busiest_before: busiest,
        scans: ScansBody::of(day, &scans),
    };
    Ok(Json(found.into_iter().map(body).collect()))
}

/// Scans of a mark on each of the last 29 days that has some
///
/// Any role. Of who scanned nothing is kept.
#[utoipa::path(get, path = "/api/v1/issuing/marks/{id}/scans", tag = "issuing", security(("bearer" = [])),
    params(("id" = String, Path, description = "16-digit mark identifier")),
    responses((status = 200, body = Vec<ScansBody>, description = "done"), ReadProblems))]
async fn scans(
    State(app): State<App>,
    Bearer(actor): Bearer,
    Path(id): Path<String>,
) -> Result<Json<Vec<ScansBody>>, Problem> {
    let days = app.service.scans_of(&actor, mark_id(&id)?)?;
    Ok(Json(days.iter().map(|(day, scans)| ScansBody::of(day, scans)).collect()))
}
