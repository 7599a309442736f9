//! Issuing, replacing and recertifying; the decision behind a certificate.

use super::blocking;
use crate::domain::Role;
use crate::domain::decision::DecisionInput;
use crate::domain::reason::SupersessionReason;
use crate::http::App;
use crate::http::error::{Problem, ReadProblems, WriteProblems};
use crate::http::extract::{Bearer, Strict, Write};
use crate::http::log::CertificateLogBody;
use crate::http::openapi;
use crate::http::public::id_of;
use crate::service::ServiceError;
use crate::service::issuance::Issued;
use crate::store::RecordKind;
use axum::Json;
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(issue))
        .routes(routes!(decision))
        .routes(routes!(supersede))
        .routes(routes!(acts))
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
    let issued = blocking(&app, move |service| service.issue(&act, &input)).await?;
    created(&app, issued)
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
