//! Following over the API: asking to be told, confirming and ending it (docs/SPEC-webhooks.md).

use super::App;
use super::error::Problem;
use super::extract::Strict;
use super::limits::Client;
use crate::service::watch::{Ending, Follows, Link, State as Stands, Subscription, Wish};
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::{Extension, Json};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Routes of subscriptions.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(subscribe)).routes(routes!(subscription, end)).routes(routes!(confirm))
}

/// What is to be followed, and where messages go: exactly one of `certificate`, `uscc` and `all`
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct SubscriptionRequest {
    /// https address that messages are sent to, at port 443, of a host everybody can look up.
    url: String,
    /// A certificate's number, identifier or address.
    certificate: Option<String>,
    /// A holder's unified social credit code: all its certificates, also those to come.
    uscc: Option<String>,
    /// `true` for every certificate.
    all: Option<bool>,
}

/// A subscription
#[derive(Debug, Serialize, ToSchema)]
struct SubscriptionBody {
    /// Its name.
    id: String,
    /// `pending`, `active` or `ended`.
    state: &'static str,
    /// Why it ended: `by_link`, `gone` (the receiver answered 410) or `unreachable` (a message could not be delivered in three
    /// days); null otherwise.
    ended_because: Option<&'static str>,
    /// What is followed.
    follows: FollowsBody,
    /// A pending one is given up then (RFC 3339); null otherwise.
    confirm_before: Option<String>,
    /// The secret that signs its messages, `whsec_…`; by the link that confirmed it, once it is active.
    #[serde(skip_serializing_if = "Option::is_none")]
    secret: Option<String>,
    /// What kept the last message from being delivered, where something did.
    #[serde(skip_serializing_if = "Option::is_none")]
    trouble: Option<TroubleBody>,
}

/// What is followed: one of these
#[derive(Debug, Serialize, ToSchema)]
struct FollowsBody {
    /// Identifier of a certificate.
    #[serde(skip_serializing_if = "Option::is_none")]
    certificate: Option<String>,
    /// A holder's code.
    #[serde(skip_serializing_if = "Option::is_none")]
    uscc: Option<String>,
    /// Everything.
    #[serde(skip_serializing_if = "Option::is_none")]
    all: Option<bool>,
}

/// A message that was not delivered yet
#[derive(Debug, Serialize, ToSchema)]
struct TroubleBody {
    /// How often it was tried.
    tries: usize,
    /// When it is tried again (RFC 3339).
    again_at: String,
    /// What went wrong.
    why: String,
}

impl SubscriptionBody {
    /// What whoever asked for it is told.
    fn bare(subscription: &Subscription) -> Self {
        let Subscription { id, follows, state, .. } = subscription;
        let (wire, ended_because) = match state {
            Stands::Pending { .. } => ("pending", None),
            Stands::Active { .. } => ("active", None),
            Stands::Ended { why, .. } => (
                "ended",
                Some(match why {
                    Ending::ByLink => "by_link",
                    Ending::Gone => "gone",
                    Ending::Unreachable => "unreachable",
                }),
            ),
        };
        let none = FollowsBody { certificate: None, uscc: None, all: None };
        let follows = match follows {
            Follows::Certificate(id) => FollowsBody { certificate: Some(id.to_string()), ..none },
            Follows::Holder(uscc) => FollowsBody { uscc: Some(uscc.to_string()), ..none },
            Follows::All => FollowsBody { all: Some(true), ..none },
        };
        let confirm_before = matches!(state, Stands::Pending { .. }).then(|| subscription.lapses_at().to_string());
        Self { id: id.clone(), state: wire, ended_because, follows, confirm_before, secret: None, trouble: None }
    }

    /// What whoever has one of its links is told; the secret, by the one that confirms.
    fn of(subscription: &Subscription, link: Link) -> Self {
        let active = link == Link::Confirm && matches!(subscription.state, Stands::Active { .. });
        let trouble = subscription.trouble.as_ref().filter(|_| subscription.is_open()).map(|t| TroubleBody {
            tries: t.tries,
            again_at: t.again_at.to_string(),
            why: t.why.clone(),
        });
        Self { secret: active.then(|| subscription.secret()), trouble, ..Self::bare(subscription) }
    }
}

/// Ask to be told what happens to certificates
///
/// One message with a link goes to the address; nothing else is sent until it is confirmed by that link, within 24 hours.
#[utoipa::path(post, path = "/api/v1/subscriptions", tag = "public", request_body = SubscriptionRequest,
    responses((status = 202, body = SubscriptionBody, description = "the message with the link is on its way"),
        (status = 400, body = Problem, content_type = "application/problem+json", description = "malformed: `bad_webhook_url`, `nothing_followed`, …"),
        (status = 404, body = Problem, content_type = "application/problem+json", description = "`no_such_certificate`"),
        (status = 409, body = Problem, content_type = "application/problem+json", description = "`subscriptions_of_host`: that host has too many"),
        (status = 429, body = Problem, content_type = "application/problem+json", description = "`too_many_deposits`, see `Retry-After`"),
        (status = 503, body = Problem, content_type = "application/problem+json", description = "`subscriptions_full`, `watch_off`")))]
async fn subscribe(
    State(app): State<App>,
    Extension(client): Extension<Client>,
    Strict(body): Strict<SubscriptionRequest>,
) -> Result<(StatusCode, Json<SubscriptionBody>), Problem> {
    app.gate.admits_deposit(client)?;
    let SubscriptionRequest { url, certificate, uscc, all } = body;
    let wish = Wish { url, certificate, uscc, all: all.unwrap_or(false) };
    let here = app.links.authority().to_owned();
    let made = app.blocking(move |service| service.subscribe(&wish, &here)).await?;
    Ok((StatusCode::ACCEPTED, Json(SubscriptionBody::bare(&made))))
}

/// A subscription, by its link
#[utoipa::path(get, path = "/api/v1/subscriptions/{id}/{key}", tag = "public",
    params(("id" = String, Path, description = "its name"), ("key" = String, Path, description = "the key in its link")),
    responses((status = 200, body = SubscriptionBody, description = "how it stands"),
        (status = 404, body = Problem, content_type = "application/problem+json", description = "`no_such_subscription`")))]
async fn subscription(
    State(app): State<App>,
    Path((id, key)): Path<(String, String)>,
) -> Result<Json<SubscriptionBody>, Problem> {
    let found = app.blocking(move |service| service.subscription(&id, &key)).await?;
    Ok(Json(SubscriptionBody::of(&found.0, found.1)))
}

/// Confirm a subscription, by its link
///
/// The answer has the secret that signs its messages. The same again is one act.
#[utoipa::path(post, path = "/api/v1/subscriptions/{id}/{key}/confirmation", tag = "public",
    params(("id" = String, Path, description = "its name"), ("key" = String, Path, description = "the key in its link")),
    responses((status = 200, body = SubscriptionBody, description = "it is active"),
        (status = 404, body = Problem, content_type = "application/problem+json", description = "`no_such_subscription`"),
        (status = 409, body = Problem, content_type = "application/problem+json", description = "`subscription_ended`")))]
async fn confirm(
    State(app): State<App>,
    Path((id, key)): Path<(String, String)>,
) -> Result<Json<SubscriptionBody>, Problem> {
    let active = app.blocking(move |service| service.confirm_subscription(&id, &key)).await?;
    Ok(Json(SubscriptionBody::of(&active, Link::Confirm)))
}

/// End a subscription, by its link
///
/// The same again is one act.
#[utoipa::path(delete, path = "/api/v1/subscriptions/{id}/{key}", tag = "public",
    params(("id" = String, Path, description = "its name"), ("key" = String, Path, description = "the key in its link")),
    responses((status = 200, body = SubscriptionBody, description = "it has ended"),
        (status = 404, body = Problem, content_type = "application/problem+json", description = "`no_such_subscription`")))]
async fn end(
    State(app): State<App>,
    Path((id, key)): Path<(String, String)>,
) -> Result<Json<SubscriptionBody>, Problem> {
    let ended = app.blocking(move |service| service.end_subscription(&id, &key)).await?;
    Ok(Json(SubscriptionBody::bare(&ended)))
}
