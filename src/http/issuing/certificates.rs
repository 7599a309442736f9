//! Issuing, replacing and recertifying; the decision behind a certificate.

use super::blocking;
use crate::domain::Role;
use crate::domain::decision::DecisionInput;
use crate::domain::reason::SupersessionReason;
use crate::http::App;
use crate::http::download::download;
use crate::http::error::{Problem, ReadProblems, WriteProblems};
use crate::http::extract::{Bearer, Strict, Write};
use crate::http::log::CertificateLogBody;
use crate::http::openapi;
use crate::http::public::{Params, id_of, params};
use crate::service::ServiceError;
use crate::service::issuance::Issued;
use crate::service::papers::PaperFormat;
use crate::store::RecordKind;
use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(issue))
        .routes(routes!(decision))
        .routes(routes!(supersede))
        .routes(routes!(acts))
        .routes(routes!(paper))
        .routes(routes!(recertify))
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
    /// What the public log holds of it, with proofs; null where the log stands still.
    log: Option<CertificateLogBody>,
}

fn created(app: &App, issued: Issued) -> Result<Response, Problem> {
    let log = app.service.log_of(issued.id)?.and_then(CertificateLogBody::of);
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
        log,
    };
    Ok((status, [(header::LOCATION, location)], Json(body)).into_response())
}

/// Issue a certificate from a decision
///
/// Role `registrar`. The decision's reference serves as idempotency key where no header gives one.
#[utoipa::path(post, path = "/api/v1/issuing/certificates", tag = "issuing", security(("bearer" = [])),
    request_body = openapi::Decision,
    responses((status = 201, body = IssuedBody, description = "done"), (status = 200, body = IssuedBody, description = "issued before"),
        WriteProblems))]
async fn issue(
    State(app): State<App>,
    write: Write,
    Strict(input): Strict<DecisionInput>,
) -> Result<Response, Problem> {
    let act = write.act();
    let issued = if app.service.store().names_are_read() {
        app.acting_async(async move |service| service.issue_async(&act, &input).await).await?
    } else {
        // Serials and places may still be being read in: who waits for them needs a thread of his own.
        app.acting(move |service| service.issue(&act, &input)).await?
    };
    app.service.wait_for_log_async().await;
    created(&app, issued)
}

/// Which paper is wanted
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct PaperQuery {
    /// `pdf` or `png`; pdf when left out.
    format: Option<String>,
    /// Page of a picture, from 1; 1 when left out.
    page: Option<String>,
    /// Dots per inch of a picture, 50 to 600; 150 when left out.
    dpi: Option<String>,
}

/// The certificate on paper
///
/// Roles `mark_officer`, `registrar` and `reader`. A PDF/A with the signed record attached, or a page of it as a picture; what is not in
/// force says so across every page. The `ETag` is the SHA-256 of its bytes.
#[utoipa::path(get, path = "/api/v1/issuing/certificates/{id}/paper", tag = "issuing", security(("bearer" = [])),
    params(("id" = String, Path, description = "16-digit identifier"), PaperQuery),
    responses((status = 200, description = "the file", content((Vec<u8> = "application/pdf"), (Vec<u8> = "image/png"))),
        (status = 304, description = "`If-None-Match` names it"), ReadProblems,
        (status = 503, body = Problem, content_type = "application/problem+json", description = "`busy`, see `Retry-After`")))]
async fn paper(
    State(app): State<App>,
    Bearer(actor): Bearer,
    Path(id): Path<String>,
    query: Params<PaperQuery>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    actor.acting_as_one_of(&[Role::MarkOfficer, Role::Registrar, Role::Reader])?;
    let query = params(query)?;
    let format =
        PaperFormat::parse(query.format.as_deref().unwrap_or("pdf"), query.page.as_deref(), query.dpi.as_deref())?;
    let certificate = app.service.find(&id_of(&id)?.to_string())?;
    let (service, printed) = (app.service.clone(), certificate.clone());
    let bytes = app.heavy.run(move || service.certificate_paper(&printed, format)).await??;
    Ok(download(&headers, bytes, format.media_type(), &format.file_name(&certificate)))
}

/// The decision behind a certificate, with its score sheet
///
/// Any role. Never public.
#[utoipa::path(get, path = "/api/v1/issuing/certificates/{id}/decision", tag = "issuing", security(("bearer" = [])),
    params(("id" = String, Path, description = "16-digit identifier")),
    responses((status = 200, body = Object, description = "done"), ReadProblems))]
async fn decision(State(app): State<App>, Bearer(actor): Bearer, Path(id): Path<String>) -> Result<Response, Problem> {
    actor.acting_as_one_of(&Role::OF_TOKENS)?;
    let id = id_of(&id)?;
    let bytes = app.service.store().record(RecordKind::Decision, id).map_err(ServiceError::from)?;
    let missing =
        || Problem::new(StatusCode::NOT_FOUND, "no_decision", format!("no decision is on record for certificate {id}"));
    Ok(([(header::CONTENT_TYPE, "application/json")], bytes.ok_or_else(missing)?).into_response())
}

/// A supersession
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct SupersessionBody {
    /// `level_changed`, `scope_changed`, `holder_changed` or `reissued`.
    reason: String,
    /// What is decided; without a score sheet the level is carried over.
    #[schema(value_type = openapi::Decision)]
    decision: DecisionInput,
}

/// Replace a certificate by a new one until the old one's end, and its marks with it
///
/// Role `registrar`.
#[utoipa::path(post, path = "/api/v1/issuing/certificates/{id}/supersession", tag = "issuing", security(("bearer" = [])),
    params(("id" = String, Path, description = "16-digit identifier")),
    request_body = SupersessionBody,
    responses((status = 201, body = IssuedBody, description = "done"), (status = 200, body = IssuedBody, description = "issued before"),
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
    created(&app, issued)
}

/// A recertification
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct RecertificationBody {
    /// What is decided.
    #[schema(value_type = openapi::Decision)]
    decision: DecisionInput,
}

/// Issue the certificate of the next three years
///
/// Role `registrar`.
#[utoipa::path(post, path = "/api/v1/issuing/certificates/{id}/recertification", tag = "issuing", security(("bearer" = [])),
    params(("id" = String, Path, description = "16-digit identifier")),
    request_body = RecertificationBody,
    responses((status = 201, body = IssuedBody, description = "done"), (status = 200, body = IssuedBody, description = "issued before"),
        WriteProblems))]
async fn recertify(
    State(app): State<App>,
    write: Write,
    Path(id): Path<String>,
    Strict(body): Strict<RecertificationBody>,
) -> Result<Response, Problem> {
    let (id, act) = (id_of(&id)?, write.act());
    let issued = blocking(&app, move |service| service.recertify(&act, &id.to_string(), &body.decision)).await?;
    created(&app, issued)
}

/// Everything recorded of a certificate and its marks
///
/// Any role. Oldest first, each event with who did it, when, why and on what evidence: the body's own, never public.
#[utoipa::path(get, path = "/api/v1/issuing/certificates/{id}/acts", tag = "issuing", security(("bearer" = [])),
    params(("id" = String, Path, description = "16-digit identifier")),
    responses((status = 200, body = Vec<Object>, description = "done"), ReadProblems))]
async fn acts(
    State(app): State<App>,
    Bearer(actor): Bearer,
    Path(id): Path<String>,
) -> Result<Json<serde_json::Value>, Problem> {
    let id = id_of(&id)?.to_string();
    let acts = blocking(&app, move |service| service.acts_on(&actor, &id)).await?;
    Ok(Json(serde_json::json!(acts)))
}
