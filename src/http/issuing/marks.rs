//! Mark licences and their artwork.

use super::blocking;
use crate::domain::mark_licence::Medium;
use crate::domain::reason::MarkRevocationReason;
use crate::domain::text::{Goods, Name};
use crate::domain::{MarkId, MarkLicence, Role};
use crate::http::App;
use crate::http::error::{Problem, ReadProblems, WriteProblems};
use crate::http::extract::{Bearer, Strict, Write};
use crate::http::public::{Params, id_of, params};
use crate::http::shapes::LicenceBody;
use crate::mark::{Format, Ink, Layout, Width};
use crate::service::marks::{MarkOrder, MarkRequest};
use axum::Json;
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(marks, ask_mark))
        .routes(routes!(approve_mark))
        .routes(routes!(refuse_mark))
        .routes(routes!(replace_mark))
        .routes(routes!(revoke_mark))
        .routes(routes!(artwork))
}

/// Mark licences of a certificate
///
/// Any role.
#[utoipa::path(get, path = "/api/v1/issuing/certificates/{id}/marks", tag = "issuing", security(("bearer" = [])),
    params(("id" = String, Path, description = "16-digit identifier")),
    responses((status = 200, body = Vec<LicenceBody>, description = "done"), ReadProblems))]
async fn marks(
    State(app): State<App>,
    Bearer(actor): Bearer,
    Path(id): Path<String>,
) -> Result<Json<Vec<LicenceBody>>, Problem> {
    actor.acting_as_one_of(&Role::OF_TOKENS)?;
    let certificate = app.service.find(&id_of(&id)?.to_string())?;
    let marks = app.service.marks_of(certificate.id)?;
    Ok(Json(marks.iter().map(|m| licence(&app, m)).collect()))
}

fn licence(app: &App, mark: &MarkLicence) -> LicenceBody {
    let now = app.service.now();
    let body = LicenceBody::of(&app.links, mark, now, now);
    // A signed code verifies with no server, so it does not leave before the licence begins.
    if mark.state_at(now, now).is_some() { body.with_digits(mark) } else { body }
}

/// A request for a mark
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct MarkRequestBody {
    /// `product`, `packaging`, `advertising` or `premises`.
    medium: String,
    /// Brand it is used with.
    brand: Option<String>,
    /// Product group it is used for.
    products: Option<String>,
    /// Site it hangs at, one of the certificate's (premises only).
    site: Option<String>,
    /// Whether to grant it in the same act (role `mark_officer`); true when left out.
    approve: Option<bool>,
    /// Evidence, for the body's own files.
    note: Option<String>,
}

/// License a mark, or ask for one
///
/// Role `mark_officer`; `registrar` may ask (`approve: false`).
#[utoipa::path(post, path = "/api/v1/issuing/certificates/{id}/marks", tag = "issuing", security(("bearer" = [])),
    params(("id" = String, Path, description = "16-digit identifier"), ("Idempotency-Key" = String, Header)),
    request_body = MarkRequestBody,
    responses((status = 201, body = LicenceBody, description = "done"), WriteProblems))]
async fn ask_mark(
    State(app): State<App>,
    write: Write,
    Path(id): Path<String>,
    Strict(body): Strict<MarkRequestBody>,
) -> Result<(StatusCode, Json<LicenceBody>), Problem> {
    let goods =
        |text: &Option<String>, pointer| text.as_deref().map(Goods::parse).transpose().map_err(|r| r.under(pointer));
    let request = MarkRequest {
        medium: Medium::parse(&body.medium).map_err(|r| r.under("/medium"))?,
        brand: goods(&body.brand, "/brand")?,
        products: goods(&body.products, "/products")?,
        site: body.site.as_deref().map(Name::parse).transpose().map_err(|r| r.under("/site"))?,
    };
    let (id, act) = (id_of(&id)?.to_string(), write.keyed(body.note.as_deref())?);
    let grant = body.approve.unwrap_or(true);
    let mark = blocking(&app, move |service| {
        if grant { service.license_mark(&act, &id, &request) } else { service.request_mark(&act, &id, &request) }
    })
    .await?;
    Ok((StatusCode::CREATED, Json(licence(&app, &mark))))
}

/// A word on a mark
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct MarkOrderBody {
    /// Revocation only: `misuse`, `copied`, `altered` or `other`.
    reason: Option<String>,
    /// Evidence, for the body's own files.
    note: Option<String>,
}

async fn mark_ordered(
    app: &App,
    write: Write,
    id: &str,
    body: &MarkOrderBody,
    order: MarkOrder,
) -> Result<Json<LicenceBody>, Problem> {
    let id = mark_id(id)?;
    let act = write.keyed(body.note.as_deref())?;
    let mark = blocking(app, move |service| service.order_mark(&act, id, &order)).await?;
    Ok(Json(licence(app, &mark)))
}

fn mark_id(text: &str) -> Result<MarkId, Problem> {
    MarkId::parse(text).map_err(|r| Problem::new(StatusCode::NOT_FOUND, r.code, r.message))
}

/// Grant a requested mark
///
/// Role `mark_officer`.
#[utoipa::path(post, path = "/api/v1/issuing/marks/{id}/approval", tag = "issuing", security(("bearer" = [])),
    params(("id" = String, Path, description = "16-digit mark identifier"), ("Idempotency-Key" = String, Header)),
    request_body = MarkOrderBody,
    responses((status = 200, body = LicenceBody, description = "done"), WriteProblems))]
async fn approve_mark(
    State(app): State<App>,
    write: Write,
    Path(id): Path<String>,
    Strict(body): Strict<MarkOrderBody>,
) -> Result<Json<LicenceBody>, Problem> {
    mark_ordered(&app, write, &id, &body, MarkOrder::Approve).await
}

/// Refuse a requested mark
///
/// Role `mark_officer`.
#[utoipa::path(post, path = "/api/v1/issuing/marks/{id}/refusal", tag = "issuing", security(("bearer" = [])),
    params(("id" = String, Path, description = "16-digit mark identifier"), ("Idempotency-Key" = String, Header)),
    request_body = MarkOrderBody,
    responses((status = 200, body = LicenceBody, description = "done"), WriteProblems))]
async fn refuse_mark(
    State(app): State<App>,
    write: Write,
    Path(id): Path<String>,
    Strict(body): Strict<MarkOrderBody>,
) -> Result<Json<LicenceBody>, Problem> {
    mark_ordered(&app, write, &id, &body, MarkOrder::Refuse).await
}

/// Replace a mark by a new one with a new code
///
/// Role `mark_officer`. The answer is the new licence.
#[utoipa::path(post, path = "/api/v1/issuing/marks/{id}/replacement", tag = "issuing", security(("bearer" = [])),
    params(("id" = String, Path, description = "16-digit mark identifier"), ("Idempotency-Key" = String, Header)),
    request_body = MarkOrderBody,
    responses((status = 200, body = LicenceBody, description = "done"), WriteProblems))]
async fn replace_mark(
    State(app): State<App>,
    write: Write,
    Path(id): Path<String>,
    Strict(body): Strict<MarkOrderBody>,
) -> Result<Json<LicenceBody>, Problem> {
    let (id, act) = (mark_id(&id)?, write.keyed(body.note.as_deref())?);
    let mark = blocking(&app, move |service| service.replace_mark(&act, id)).await?;
    Ok(Json(licence(&app, &mark)))
}

/// Revoke a mark for misuse
///
/// Role `mark_officer`.
#[utoipa::path(post, path = "/api/v1/issuing/marks/{id}/revocation", tag = "issuing", security(("bearer" = [])),
    params(("id" = String, Path, description = "16-digit mark identifier"), ("Idempotency-Key" = String, Header)),
    request_body = MarkOrderBody,
    responses((status = 200, body = LicenceBody, description = "done"), WriteProblems))]
async fn revoke_mark(
    State(app): State<App>,
    write: Write,
    Path(id): Path<String>,
    Strict(body): Strict<MarkOrderBody>,
) -> Result<Json<LicenceBody>, Problem> {
    let reason = MarkRevocationReason::parse(body.reason.as_deref().unwrap_or_default())?;
    mark_ordered(&app, write, &id, &body, MarkOrder::Revoke { reason }).await
}

/// Which file of a mark is wanted
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ArtworkQuery {
    /// `vertical` (36 mm, signed code) or `small` (20 mm, link code); vertical when left out.
    layout: Option<String>,
    /// `png` or `svg`; png when left out.
    format: Option<String>,
    /// `colour` or `one_colour`; colour when left out.
    ink: Option<String>,
    /// Printed width in millimetres, e.g. `36` or `40.5`; the layout's own when left out.
    width: Option<String>,
}

/// The artwork of a granted mark
///
/// Roles `mark_officer`, `registrar` and `reader`. Every file is decoded before it is given out.
#[utoipa::path(get, path = "/api/v1/issuing/marks/{id}/artwork", tag = "issuing", security(("bearer" = [])),
    params(("id" = String, Path, description = "16-digit mark identifier"), ArtworkQuery),
    responses((status = 200, content_type = "image/png", body = String, description = "the file: PNG, or SVG as image/svg+xml"), ReadProblems))]
async fn artwork(
    State(app): State<App>,
    Bearer(actor): Bearer,
    Path(id): Path<String>,
    query: Params<ArtworkQuery>,
) -> Result<Response, Problem> {
    actor.acting_as_one_of(&[Role::MarkOfficer, Role::Registrar, Role::Reader])?;
    let query = params(query)?;
    let id = mark_id(&id)?;
    let layout = query.layout.as_deref().map_or(Ok(Layout::Vertical), Layout::parse)?;
    let format = query.format.as_deref().map_or(Ok(Format::Png), Format::parse)?;
    let mut order = crate::mark::Order::new(layout, format);
    order.ink = query.ink.as_deref().map_or(Ok(Ink::Colour), Ink::parse)?;
    order.width = query.width.as_deref().map_or(Ok(order.width), Width::parse)?;
    let file = blocking(&app, move |service| service.artwork(id, &order)).await?;
    let name = format!("attachment; filename=\"mark-{id}-{}.{}\"", layout.wire(), format.wire());
    Ok(([(header::CONTENT_TYPE, format.media_type().to_owned()), (header::CONTENT_DISPOSITION, name)], file.bytes)
        .into_response())
}
