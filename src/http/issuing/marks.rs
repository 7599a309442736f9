//! Mark licences and their artwork.

use super::blocking;
use crate::domain::mark_licence::Medium;
use crate::domain::reason::MarkRevocationReason;
use crate::domain::text::{Goods, Name};
use crate::domain::{MarkId, MarkLicence, Refusal, Role};
use crate::http::App;
use crate::http::download::download;
use crate::http::error::{Problem, ReadProblems, WriteProblems};
use crate::http::extract::{Bearer, Strict, Write};
use crate::http::public::{Params, id_of, params};
use crate::http::shapes::LicenceBody;
use crate::mark::{Format, Ink, Layout, Resolution, Wanted, Width, Words};
use crate::service::ServiceError;
use crate::service::marks::{MarkOrder, MarkRequest};
use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
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
        .routes(routes!(investigate_mark))
        .routes(routes!(clear_mark))
        .routes(routes!(revoke_mark))
        .routes(routes!(artwork))
        .routes(routes!(kit))
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

pub(super) fn mark_id(text: &str) -> Result<MarkId, Problem> {
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

/// Look into the misuse of a mark
///
/// Role `mark_officer`. Whoever scans it is told; its artwork is not given out meanwhile.
#[utoipa::path(post, path = "/api/v1/issuing/marks/{id}/investigation", tag = "issuing", security(("bearer" = [])),
    params(("id" = String, Path, description = "16-digit mark identifier"), ("Idempotency-Key" = String, Header)),
    request_body = MarkOrderBody,
    responses((status = 200, body = LicenceBody, description = "done"), WriteProblems))]
async fn investigate_mark(
    State(app): State<App>,
    write: Write,
    Path(id): Path<String>,
    Strict(body): Strict<MarkOrderBody>,
) -> Result<Json<LicenceBody>, Problem> {
    mark_ordered(&app, write, &id, &body, MarkOrder::Investigate).await
}

/// End the investigation of a mark that is not misused
///
/// Role `mark_officer`. It may be relied on again. One that is misused is revoked.
#[utoipa::path(post, path = "/api/v1/issuing/marks/{id}/clearance", tag = "issuing", security(("bearer" = [])),
    params(("id" = String, Path, description = "16-digit mark identifier"), ("Idempotency-Key" = String, Header)),
    request_body = MarkOrderBody,
    responses((status = 200, body = LicenceBody, description = "done"), WriteProblems))]
async fn clear_mark(
    State(app): State<App>,
    write: Write,
    Path(id): Path<String>,
    Strict(body): Strict<MarkOrderBody>,
) -> Result<Json<LicenceBody>, Problem> {
    mark_ordered(&app, write, &id, &body, MarkOrder::Clear).await
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
    /// `vertical` (36 mm), `horizontal` (86 mm), `seal` (84 mm), all with a signed code, or `small` (20 mm, link code); what suits
    /// the medium and the width when left out.
    layout: Option<String>,
    /// `png`, `svg` or `pdf`; png when left out.
    format: Option<String>,
    /// `colour` or `one_colour`; colour when left out.
    ink: Option<String>,
    /// `zh`, or `zh_en` for English beside the Chinese; zh when left out.
    words: Option<String>,
    /// Printed width in millimetres, e.g. `36` or `40.5`; the layout's own when left out.
    width: Option<String>,
    /// Dots per inch of a PNG, 72 to 2400: the mark becomes as wide as whole pixels for each module make it; about 610 when left out.
    dpi: Option<String>,
}

impl ArtworkQuery {
    fn wanted(&self) -> Result<Wanted, Refusal> {
        Ok(Wanted {
            layout: self.layout.as_deref().map(Layout::parse).transpose()?,
            format: self.format.as_deref().map(Format::parse).transpose()?,
            ink: self.ink.as_deref().map(Ink::parse).transpose()?,
            words: self.words.as_deref().map(Words::parse).transpose()?,
            width: self.width.as_deref().map(Width::parse).transpose()?,
            resolution: self.dpi.as_deref().map(Resolution::parse).transpose()?,
        })
    }
}

const ARTISTS: [Role; 3] = [Role::MarkOfficer, Role::Registrar, Role::Reader];

/// The artwork of a granted mark
///
/// Roles `mark_officer`, `registrar` and `reader`. Its page is decoded before it is given out, of a PNG the very file. The `ETag` is the SHA-256 of its bytes.
#[utoipa::path(get, path = "/api/v1/issuing/marks/{id}/artwork", tag = "issuing", security(("bearer" = [])),
    params(("id" = String, Path, description = "16-digit mark identifier"), ArtworkQuery),
    responses((status = 200, description = "the file", content((Vec<u8> = "image/png"), (String = "image/svg+xml"), (Vec<u8> = "application/pdf"))),
        (status = 304, description = "`If-None-Match` names it"), ReadProblems,
        (status = 503, body = Problem, content_type = "application/problem+json", description = "`busy`, see `Retry-After`")))]
async fn artwork(
    State(app): State<App>,
    Bearer(actor): Bearer,
    Path(id): Path<String>,
    query: Params<ArtworkQuery>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    actor.acting_as_one_of(&ARTISTS)?;
    let (wanted, id, service) = (params(query)?.wanted()?, mark_id(&id)?, app.service.clone());
    let draw = move || -> Result<_, ServiceError> {
        let order = wanted.order(service.usable_mark(id)?.0.terms().medium)?;
        Ok((order, service.artwork(id, &order)?))
    };
    let (order, file) = app.heavy.run(draw).await??;
    let name = format!("mark-{id}-{}.{}", order.layout.wire(), order.format.wire());
    Ok(download(&headers, file.bytes, order.format.media_type(), &name))
}

/// Everything a printer needs of a granted mark, in one ZIP
///
/// Roles `mark_officer`, `registrar` and `reader`. Every layout, colouring and language as PDF, SVG and PNG (300 and 600 dpi), a usage
/// sheet and the licence (docs/SPEC-mark.md). The same licence gives the same bytes; the `ETag` is their SHA-256.
#[utoipa::path(get, path = "/api/v1/issuing/marks/{id}/kit", tag = "issuing", security(("bearer" = [])),
    params(("id" = String, Path, description = "16-digit mark identifier")),
    responses((status = 200, content_type = "application/zip", body = Vec<u8>, description = "the ZIP"),
        (status = 304, description = "`If-None-Match` names it"), ReadProblems,
        (status = 503, body = Problem, content_type = "application/problem+json", description = "`busy`, see `Retry-After`")))]
async fn kit(
    State(app): State<App>,
    Bearer(actor): Bearer,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    actor.acting_as_one_of(&ARTISTS)?;
    let (id, service) = (mark_id(&id)?, app.service.clone());
    let (plan, kit) = app.heavy.run_long(move || service.kit(id)).await??;
    Ok(download(&headers, kit.bytes, "application/zip", &plan.file_name()))
}
