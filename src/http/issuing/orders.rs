//! Surveillance, suspension, reinstatement, withdrawal, cancellation; and errata.

use super::{blocking, day};
use crate::domain::certificate::SurveillanceOutcome;
use crate::domain::dates::parse_date;
use crate::domain::reason::{CancellationReason, CorrectionReason, SuspensionReason, WithdrawalReason};
use crate::http::App;
use crate::http::error::{Problem, WriteProblems};
use crate::http::extract::{Strict, Write};
use crate::http::log::CertificateLogBody;
use crate::http::public::id_of;
use crate::http::shapes::CertificateSummary;
use crate::service::revocation::Order;
use crate::service::{Act, Done, Service, ServiceError};
use axum::Json;
use axum::extract::{Path, State};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(survey))
        .routes(routes!(suspend))
        .routes(routes!(reinstate))
        .routes(routes!(withdraw))
        .routes(routes!(cancel))
        .routes(routes!(correct))
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
    responses((status = 200, body = OrderedBody, description = "done"), WriteProblems))]
async fn survey(
    State(app): State<App>,
    write: Write,
    Path(id): Path<String>,
    Strict(body): Strict<SurveillanceBody>,
) -> Result<Json<OrderedBody>, Problem> {
    let on_site_ended_on = parse_date(&body.on_site_ended_on).map_err(|r| r.under("/on_site_ended_on"))?;
    let order = Order::Survey { on_site_ended_on, outcome: body.outcome };
    ordered(&app, write.keyed(body.note.as_deref())?, &id, order).await
}

/// A certificate after an order
#[derive(Debug, Serialize, ToSchema)]
struct OrderedBody {
    #[serde(flatten)]
    certificate: CertificateSummary,
    /// What the public log holds of it, with proofs; null where the log stands still.
    log: Option<CertificateLogBody>,
}

async fn ordered(app: &App, act: Act, id: &str, order: Order) -> Result<Json<OrderedBody>, Problem> {
    done(app, id, move |service, id| service.order(&act, id, &order)).await
}

async fn done(
    app: &App,
    id: &str,
    order: impl FnOnce(&Service, &str) -> Result<Done, ServiceError> + Send + 'static,
) -> Result<Json<OrderedBody>, Problem> {
    let id = id_of(id)?.to_string();
    let certificate = blocking(app, move |service| {
        order(service, &id)?;
        service.find(&id)
    })
    .await?;
    let log = app.service.log_of(certificate.id)?.and_then(CertificateLogBody::of);
    let standing = app.service.standing_now(&certificate);
    Ok(Json(OrderedBody { certificate: CertificateSummary::of(&app.links, &certificate, standing), log }))
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
    responses((status = 200, body = OrderedBody, description = "done"), WriteProblems))]
async fn suspend(
    State(app): State<App>,
    write: Write,
    Path(id): Path<String>,
    Strict(body): Strict<SuspensionBody>,
) -> Result<Json<OrderedBody>, Problem> {
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
    responses((status = 200, body = OrderedBody, description = "done"), WriteProblems))]
async fn reinstate(
    State(app): State<App>,
    write: Write,
    Path(id): Path<String>,
    Strict(body): Strict<ReinstatementBody>,
) -> Result<Json<OrderedBody>, Problem> {
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
    responses((status = 200, body = OrderedBody, description = "done"), WriteProblems))]
async fn withdraw(
    State(app): State<App>,
    write: Write,
    Path(id): Path<String>,
    Strict(body): Strict<EndBody>,
) -> Result<Json<OrderedBody>, Problem> {
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
    responses((status = 200, body = OrderedBody, description = "done"), WriteProblems))]
async fn cancel(
    State(app): State<App>,
    write: Write,
    Path(id): Path<String>,
    Strict(body): Strict<EndBody>,
) -> Result<Json<OrderedBody>, Problem> {
    let order = Order::Cancel {
        reason: CancellationReason::parse(&body.reason)?,
        effective_on: day(body.effective_on.as_deref(), "/effective_on")?,
    };
    ordered(&app, write.keyed(body.note.as_deref())?, &id, order).await
}

/// An erratum
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ErratumBody {
    /// Number of the step in the certificate's history, from 0, that was recorded in error.
    step: u32,
    /// Code of the table of what can be wrong.
    reason: String,
    /// Evidence, for the body's own files.
    note: String,
}

/// Take back what was recorded in error, from now on; nothing disappears
///
/// Role `decision_maker`; of a surveillance `registrar`. The latest change of state counts as if it had not happened, with what
/// followed for the marks; what was known before stays known. What is right is recorded anew.
#[utoipa::path(post, path = "/api/v1/issuing/certificates/{id}/erratum", tag = "issuing", security(("bearer" = [])),
    params(("id" = String, Path, description = "16-digit identifier"), ("Idempotency-Key" = String, Header)),
    request_body = ErratumBody,
    responses((status = 200, body = OrderedBody, description = "done"), WriteProblems))]
async fn correct(
    State(app): State<App>,
    write: Write,
    Path(id): Path<String>,
    Strict(body): Strict<ErratumBody>,
) -> Result<Json<OrderedBody>, Problem> {
    let reason = CorrectionReason::parse(&body.reason)?;
    let act = write.keyed(Some(&body.note))?;
    done(&app, &id, move |service, id| service.correct(&act, id, body.step, reason)).await
}
