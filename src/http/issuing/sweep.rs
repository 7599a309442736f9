//! What falls due.

use super::blocking;
use crate::http::App;
use crate::http::error::{Problem, ReadProblems, WriteProblems};
use crate::http::extract::{Bearer, Write};
use crate::service::sweep::Due;
use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use serde_json::Value;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(due)).routes(routes!(sweep))
}

/// What falls due
///
/// Any role.
#[utoipa::path(get, path = "/api/v1/issuing/due", tag = "issuing", security(("bearer" = [])),
    responses((status = 200, body = Object, description = "done"), ReadProblems))]
async fn due(State(app): State<App>, Bearer(actor): Bearer) -> Result<Json<Due>, Problem> {
    Ok(Json(app.service.due(&actor)?))
}

/// Report what falls due and suspend what is overdue for surveillance, where the body's policy says so
///
/// Role `decision_maker`. Given again on the same day it changes nothing more and answers alike.
#[utoipa::path(post, path = "/api/v1/issuing/sweep", tag = "issuing", security(("bearer" = [])),
    params(("Idempotency-Key" = String, Header)),
    responses((status = 200, body = Object, description = "done"), WriteProblems))]
async fn sweep(State(app): State<App>, write: Write, body: Bytes) -> Result<Json<Value>, Problem> {
    if !matches!(body.trim_ascii(), b"" | b"{}") {
        let why = "a sweep takes no body; what falls due, without changing anything, is at GET /api/v1/issuing/due";
        return Err(Problem::new(StatusCode::BAD_REQUEST, "no_body_wanted", why));
    }
    let act = write.keyed(None)?;
    let due = blocking(&app, move |service| service.sweep(&act)).await?;
    Ok(Json(serde_json::json!(due)))
}
