//! The issuing API: what the body's staff do, under a bearer token of the role it takes.

use super::App;
use super::error::{Problem, ReadProblems, WriteProblems};
use super::extract::{Bearer, Strict, Write};
use super::public::{Params, id_of, params};
use super::shapes::{CertificateSummary, LicenceBody};
use crate::domain::certificate::SurveillanceOutcome;
use crate::domain::dates::parse_date;
use crate::domain::decision::DecisionInput;
use crate::domain::mark_licence::Medium;
use crate::domain::reason::{
    CancellationReason, MarkRevocationReason, SupersessionReason, SuspensionReason, WithdrawalReason,
};
use crate::domain::text::{Goods, Name};
use crate::domain::{MarkId, MarkLicence, Refusal, Role};
use crate::mark::{Format, Ink, Layout, Width};
use crate::service::issuance::Issued;
use crate::service::marks::{MarkOrder, MarkRequest};
use crate::service::revocation::Order;
use crate::service::sweep::Due;
use crate::service::{Act, Service, ServiceError};
use crate::store::RecordKind;
use axum::Json;
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Routes of the issuing API.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(issue))
        .routes(routes!(decision))
        .routes(routes!(survey))
        .routes(routes!(suspend))
        .routes(routes!(reinstate))
        .routes(routes!(withdraw))
        .routes(routes!(cancel))
        .routes(routes!(supersede))
        .routes(routes!(recertify))
        .routes(routes!(marks, ask_mark))
        .routes(routes!(approve_mark))
        .routes(routes!(refuse_mark))
        .routes(routes!(revoke_mark))
        .routes(routes!(artwork))
        .routes(routes!(due))
        .routes(routes!(sweep))
}

/// Runs a use case that waits for the disk on a thread that may wait.
async fn blocking<T: Send + 'static>(
    app: &App,
    work: impl FnOnce(&Service) -> Result<T, ServiceError> + Send + 'static,
) -> Result<T, Problem> {
    let service = app.service.clone();
    match tokio::task::spawn_blocking(move || work(&service)).await {
        Ok(result) => Ok(result?),
        Err(_) => Err(Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", "the service could not do this")),
    }
}

fn day(text: Option<&str>, pointer: &str) -> Result<Option<Date>, Refusal> {
    text.map(parse_date).transpose().map_err(|r| r.under(pointer))
}

/// A certificate that was issued
#[derive(Debug, Serialize, ToSchema)]
struct IssuedBody {
    /// The decision's reference.
    reference: Option<String>,
    /// Identifier.
    id: String,
    /// Number.
    number: String,
    /// Level certified.
    level: &'static str,
    /// Score, two decimals, rounded down; null where the level was carried over.
    score: Option<String>,
    /// Last day of validity.
    valid_until: String,
    /// Its page.
    page: String,
    /// Whether it had been issued before under the same key.
    replayed: bool,
}

fn created(app: &App, issued: Issued) -> Response {
    let status = if issued.replayed { StatusCode::OK } else { StatusCode::CREATED };
    let location = app.links.api(issued.id);
    let body = IssuedBody {
        reference: issued.reference,
        id: issued.id.to_string(),
        number: issued.number.to_string(),
        level: issued.level.wire(),
        score: issued.score,
        valid_until: issued.valid_until.to_string(),
        page: app.links.page(issued.id),
        replayed: issued.replayed,
    };
    (status, [(header::LOCATION, location)], Json(body)).into_response()
}

/// Issue a certificate from a decision
///
/// Role `registrar`. The decision's reference serves as idempotency key where no header gives one.
#[utoipa::path(post, path = "/api/v1/issuing/certificates", tag = "issuing", security(("bearer" = [])),
    request_body = super::openapi::Decision,
    responses((status = 201, body = IssuedBody), (status = 200, body = IssuedBody, description = "issued before"),
        WriteProblems))]
async fn issue(
    State(app): State<App>,
    write: Write,
    Strict(input): Strict<DecisionInput>,
) -> Result<Response, Problem> {
    let act = write.act();
    let issued = blocking(&app, move |service| service.issue(&act, &input)).await?;
    Ok(created(&app, issued))
}

/// The decision behind a certificate, with its score sheet
///
/// Any role. Never public.
#[utoipa::path(get, path = "/api/v1/issuing/certificates/{id}/decision", tag = "issuing", security(("bearer" = [])),
    params(("id" = String, Path, description = "16-digit identifier")),
    responses((status = 200, body = Object), ReadProblems))]
async fn decision(State(app): State<App>, Bearer(actor): Bearer, Path(id): Path<String>) -> Result<Response, Problem> {
    actor.acting_as_one_of(&Role::OF_TOKENS)?;
    let id = id_of(&id)?;
    let bytes = app.service.store().record(RecordKind::Decision, id).map_err(ServiceError::from)?;
    let missing =
        || Problem::new(StatusCode::NOT_FOUND, "no_decision", format!("no decision is on record for certificate {id}"));
    Ok(([(header::CONTENT_TYPE, "application/json")], bytes.ok_or_else(missing)?).into_response())
}

/// A surveillance
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct SurveillanceBody {
    /// Last day on site.
    on_site_ended_on: String,
    /// `passed` or `failed`.
    #[schema(value_type = String)]
    outcome: SurveillanceOutcome,
    /// Evidence, for the body's own files.
    note: Option<String>,
}

/// Record a surveillance
///
/// Role `registrar`.
#[utoipa::path(post, path = "/api/v1/issuing/certificates/{id}/surveillance", tag = "issuing", security(("bearer" = [])),
    params(("id" = String, Path, description = "16-digit identifier"), ("Idempotency-Key" = String, Header)),
    request_body = SurveillanceBody,
    responses((status = 200, body = CertificateSummary), WriteProblems))]
async fn survey(
    State(app): State<App>,
    write: Write,
    Path(id): Path<String>,
    Strict(body): Strict<SurveillanceBody>,
) -> Result<Json<CertificateSummary>, Problem> {
    let on_site_ended_on = parse_date(&body.on_site_ended_on).map_err(|r| r.under("/on_site_ended_on"))?;
    let order = Order::Survey { on_site_ended_on, outcome: body.outcome };
    ordered(&app, write.keyed(body.note.as_deref())?, &id, order).await
}

async fn ordered(app: &App, act: Act, id: &str, order: Order) -> Result<Json<CertificateSummary>, Problem> {
    let id = id_of(id)?;
    let certificate = blocking(app, move |service| {
        service.order(&act, &id.to_string(), &order)?;
        service.find(&id.to_string())
    })
    .await?;
    Ok(Json(CertificateSummary::of(&app.links, &certificate, app.service.standing_now(&certificate))))
}

/// A suspension
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct SuspensionBody {
    /// Code of the table of suspension reasons.
    reason: String,
    /// Day the cause was confirmed; the first day of the suspension when left out.
    confirmed_on: Option<String>,
    /// First day; today when left out.
    effective_on: Option<String>,
    /// Last day; the longest the scheme allows when left out.
    until: Option<String>,
    /// Evidence, for the body's own files.
    note: Option<String>,
}

/// Suspend a certificate and freeze its marks
///
/// Role `decision_maker`.
#[utoipa::path(post, path = "/api/v1/issuing/certificates/{id}/suspension", tag = "issuing", security(("bearer" = [])),
    params(("id" = String, Path, description = "16-digit identifier"), ("Idempotency-Key" = String, Header)),
    request_body = SuspensionBody,
    responses((status = 200, body = CertificateSummary), WriteProblems))]
async fn suspend(
    State(app): State<App>,
    write: Write,
    Path(id): Path<String>,
    Strict(body): Strict<SuspensionBody>,
) -> Result<Json<CertificateSummary>, Problem> {
    let order = Order::Suspend {
        reason: SuspensionReason::parse(&body.reason)?,
        confirmed_on: day(body.confirmed_on.as_deref(), "/confirmed_on")?,
        effective_on: day(body.effective_on.as_deref(), "/effective_on")?,
        until: day(body.until.as_deref(), "/until")?,
    };
    ordered(&app, write.keyed(body.note.as_deref())?, &id, order).await
}

/// A reinstatement
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ReinstatementBody {
    /// Day the reinstatement evaluation was passed; the first day when left out.
    passed_on: Option<String>,
    /// First day it is valid again; today when left out.
    effective_on: Option<String>,
    /// Evidence, for the body's own files.
    note: Option<String>,
}

/// Lift a suspension and unfreeze the marks
///
/// Role `decision_maker`.
#[utoipa::path(post, path = "/api/v1/issuing/certificates/{id}/reinstatement", tag = "issuing", security(("bearer" = [])),
    params(("id" = String, Path, description = "16-digit identifier"), ("Idempotency-Key" = String, Header)),
    request_body = ReinstatementBody,
    responses((status = 200, body = CertificateSummary), WriteProblems))]
async fn reinstate(
    State(app): State<App>,
    write: Write,
    Path(id): Path<String>,
    Strict(body): Strict<ReinstatementBody>,
) -> Result<Json<CertificateSummary>, Problem> {
    let order = Order::Reinstate {
        passed_on: day(body.passed_on.as_deref(), "/passed_on")?,
        effective_on: day(body.effective_on.as_deref(), "/effective_on")?,
    };
    ordered(&app, write.keyed(body.note.as_deref())?, &id, order).await
}

/// The end of a certificate
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct EndBody {
    /// Code of the table of withdrawal reasons, or of cancellation reasons.
    reason: String,
    /// From which day; today when left out.
    effective_on: Option<String>,
    /// Evidence, for the body's own files.
    note: Option<String>,
}

/// Withdraw a certificate (撤销) and end its marks
///
/// Role `decision_maker`.
#[utoipa::path(post, path = "/api/v1/issuing/certificates/{id}/withdrawal", tag = "issuing", security(("bearer" = [])),
    params(("id" = String, Path, description = "16-digit identifier"), ("Idempotency-Key" = String, Header)),
    request_body = EndBody,
    responses((status = 200, body = CertificateSummary), WriteProblems))]
async fn withdraw(
    State(app): State<App>,
    write: Write,
    Path(id): Path<String>,
    Strict(body): Strict<EndBody>,
) -> Result<Json<CertificateSummary>, Problem> {
    let order = Order::Withdraw {
        reason: WithdrawalReason::parse(&body.reason)?,
        effective_on: day(body.effective_on.as_deref(), "/effective_on")?,
    };
    ordered(&app, write.keyed(body.note.as_deref())?, &id, order).await
}

/// Cancel a certificate (注销) and end its marks
///
/// Role `decision_maker`.
#[utoipa::path(post, path = "/api/v1/issuing/certificates/{id}/cancellation", tag = "issuing", security(("bearer" = [])),
    params(("id" = String, Path, description = "16-digit identifier"), ("Idempotency-Key" = String, Header)),
    request_body = EndBody,
    responses((status = 200, body = CertificateSummary), WriteProblems))]
async fn cancel(
    State(app): State<App>,
    write: Write,
    Path(id): Path<String>,
    Strict(body): Strict<EndBody>,
) -> Result<Json<CertificateSummary>, Problem> {
    let order = Order::Cancel {
        reason: CancellationReason::parse(&body.reason)?,
        effective_on: day(body.effective_on.as_deref(), "/effective_on")?,
    };
    ordered(&app, write.keyed(body.note.as_deref())?, &id, order).await
}

/// A supersession
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct SupersessionBody {
    /// `level_changed`, `scope_changed`, `holder_changed` or `reissued`.
    reason: String,
    /// What is decided; without a score sheet the level is carried over.
    #[schema(value_type = super::openapi::Decision)]
    decision: DecisionInput,
}

/// Replace a certificate by a new one until the old one's end, and its marks with it
///
/// Role `registrar`.
#[utoipa::path(post, path = "/api/v1/issuing/certificates/{id}/supersession", tag = "issuing", security(("bearer" = [])),
    params(("id" = String, Path, description = "16-digit identifier")),
    request_body = SupersessionBody,
    responses((status = 201, body = IssuedBody), (status = 200, body = IssuedBody, description = "issued before"),
        WriteProblems))]
async fn supersede(
    State(app): State<App>,
    write: Write,
    Path(id): Path<String>,
    Strict(body): Strict<SupersessionBody>,
) -> Result<Response, Problem> {
    let (id, reason) = (id_of(&id)?, SupersessionReason::parse(&body.reason)?);
    let act = write.act();
    let issued =
        blocking(&app, move |service| service.supersede(&act, &id.to_string(), reason, &body.decision)).await?;
    Ok(created(&app, issued))
}

/// A recertification
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct RecertificationBody {
    /// What is decided.
    #[schema(value_type = super::openapi::Decision)]
    decision: DecisionInput,
}

/// Issue the certificate of the next three years
///
/// Role `registrar`.
#[utoipa::path(post, path = "/api/v1/issuing/certificates/{id}/recertification", tag = "issuing", security(("bearer" = [])),
    params(("id" = String, Path, description = "16-digit identifier")),
    request_body = RecertificationBody,
    responses((status = 201, body = IssuedBody), (status = 200, body = IssuedBody, description = "issued before"),
        WriteProblems))]
async fn recertify(
    State(app): State<App>,
    write: Write,
    Path(id): Path<String>,
    Strict(body): Strict<RecertificationBody>,
) -> Result<Response, Problem> {
    let (id, act) = (id_of(&id)?, write.act());
    let issued = blocking(&app, move |service| service.recertify(&act, &id.to_string(), &body.decision)).await?;
    Ok(created(&app, issued))
}

/// Mark licences of a certificate
///
/// Any role.
#[utoipa::path(get, path = "/api/v1/issuing/certificates/{id}/marks", tag = "issuing", security(("bearer" = [])),
    params(("id" = String, Path, description = "16-digit identifier")),
    responses((status = 200, body = Vec<LicenceBody>), ReadProblems))]
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
    LicenceBody::of(&app.links, mark, now, now).with_digits(mark)
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
    responses((status = 201, body = LicenceBody), WriteProblems))]
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
    responses((status = 200, body = LicenceBody), WriteProblems))]
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
    responses((status = 200, body = LicenceBody), WriteProblems))]
async fn refuse_mark(
    State(app): State<App>,
    write: Write,
    Path(id): Path<String>,
    Strict(body): Strict<MarkOrderBody>,
) -> Result<Json<LicenceBody>, Problem> {
    mark_ordered(&app, write, &id, &body, MarkOrder::Refuse).await
}

/// Revoke a mark for misuse
///
/// Role `mark_officer`.
#[utoipa::path(post, path = "/api/v1/issuing/marks/{id}/revocation", tag = "issuing", security(("bearer" = [])),
    params(("id" = String, Path, description = "16-digit mark identifier"), ("Idempotency-Key" = String, Header)),
    request_body = MarkOrderBody,
    responses((status = 200, body = LicenceBody), WriteProblems))]
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
    responses((status = 200, content_type = "image/png", body = Vec<u8>), ReadProblems))]
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
    let bytes = blocking(&app, move |service| service.artwork(id, &order)).await?;
    let name = format!("attachment; filename=\"mark-{id}-{}.{}\"", layout.wire(), format.wire());
    Ok(([(header::CONTENT_TYPE, format.media_type().to_owned()), (header::CONTENT_DISPOSITION, name)], bytes)
        .into_response())
}

/// What falls due
///
/// Any role.
#[utoipa::path(get, path = "/api/v1/issuing/due", tag = "issuing", security(("bearer" = [])),
    responses((status = 200, body = Object), ReadProblems))]
async fn due(State(app): State<App>, Bearer(actor): Bearer) -> Result<Json<Due>, Problem> {
    Ok(Json(app.service.due(&actor)?))
}

/// Report what falls due and suspend what is overdue for surveillance, where the body's policy says so
///
/// Role `decision_maker`.
#[utoipa::path(post, path = "/api/v1/issuing/sweep", tag = "issuing", security(("bearer" = [])),
    params(("Idempotency-Key" = String, Header)),
    responses((status = 200, body = Object), ReadProblems))]
async fn sweep(State(app): State<App>, write: Write) -> Result<Json<Value>, Problem> {
    let act = write.keyed(None)?;
    let due = blocking(&app, move |service| service.sweep(&act)).await?;
    Ok(Json(serde_json::json!(due)))
}
