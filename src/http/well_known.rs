//! What machines fetch: public keys, the vocabulary, the API's description, health and counts.

use super::App;
use super::error::Problem;
use super::observe::text;
use crate::service::log::Health;
use crate::service::{Service, ServiceError};
use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;

/// Keys change seldom; a verifier may hold them for five minutes.
const KEYS_AGE: HeaderValue = HeaderValue::from_static("public, max-age=300");
/// The vocabulary of a version never changes.
const VOCABULARY_AGE: HeaderValue = HeaderValue::from_static("public, max-age=86400");
/// Machines that list pages need none of the machines' own doors. A receipt's answers say themselves that they are not to be
/// listed, which only who may fetch them reads.
const ROBOTS: &str = "User-agent: *\nAllow: /api/v1/receipts/\nDisallow: /api/\nDisallow: /log/\nDisallow: /status/\nDisallow: /metrics\n";
const VOCABULARY: &str = include_str!("../../assets/ns-v1.json");

/// Their routes.
pub fn routes() -> Router<App> {
    Router::new()
        .route("/.well-known/did.json", get(did))
        .route("/.well-known/jwks.json", get(jwks))
        .route("/ns/v1", get(vocabulary))
        .route("/openapi.json", get(description))
        .route("/robots.txt", get(robots))
        .route("/healthz", get(healthz))
        .route("/readyz", get(readyz))
        .route("/metrics", get(metrics))
}

/// What anybody may fetch from anywhere, and keep for a while.
pub(super) fn open(content_type: &'static str, body: impl Into<Body>, age: HeaderValue) -> Response {
    let mut response = text(content_type, body);
    response.headers_mut().insert(header::CACHE_CONTROL, age);
    response.headers_mut().insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    response
}

async fn did(State(app): State<App>) -> Response {
    open("application/did+json", app.service.key_document().to_did_json().to_string(), KEYS_AGE)
}

async fn jwks(State(app): State<App>) -> Response {
    open("application/jwk-set+json", app.service.key_document().to_jwks_json().to_string(), KEYS_AGE)
}

async fn vocabulary() -> Response {
    open("application/ld+json", VOCABULARY.to_owned(), VOCABULARY_AGE)
}

async fn description() -> Response {
    open("application/json", super::openapi::document(), KEYS_AGE)
}

async fn robots() -> Response {
    open("text/plain; charset=utf-8", ROBOTS, VOCABULARY_AGE)
}

/// The process lives, and nothing is wrong with it that starting it anew would mend.
async fn healthz(State(app): State<App>) -> Response {
    match app.believes() {
        Ok(()) => text("text/plain; charset=utf-8", "ok\n"),
        Err(problem) => problem.into_response(),
    }
}

/// It can answer, and write.
async fn readyz(State(app): State<App>) -> Response {
    match app.service.store().writable() {
        Ok(()) => {
            // It answers and records, so nothing may take it out of service; whoever looks is told.
            let Health { fault, contradiction, .. } = app.service.log().health();
            let fault = fault.map(|why| format!("; the public log stands still: {why}"));
            let contradiction = contradiction.map(|why| format!("; a witness contradicts the public log: {why}"));
            let told = [fault, contradiction].into_iter().flatten().collect::<String>();
            text("text/plain; charset=utf-8", format!("ready{told}\n"))
        }
        Err(error) => Problem::from(ServiceError::from(error)).into_response(),
    }
}

async fn metrics(State(app): State<App>) -> Response {
    match app.observer.metrics() {
        Ok(mut counts) => {
            let health = app.service.log().health();
            let events = format!(
                "# HELP starmark_events Events on record.\n# TYPE starmark_events gauge\nstarmark_events {}\n\
                 # HELP starmark_log_entries Entries of the public log.\n# TYPE starmark_log_entries gauge\nstarmark_log_entries {}\n\
                 # HELP starmark_log_behind Events on record that are not in it yet.\n# TYPE starmark_log_behind gauge\nstarmark_log_behind {}\n\
                 # HELP starmark_log_cosigned Witnesses that cosigned its checkpoint.\n# TYPE starmark_log_cosigned gauge\nstarmark_log_cosigned {}\n\
                 # HELP starmark_clock_ok Whether the machine's clock can be believed.\n# TYPE starmark_clock_ok gauge\nstarmark_clock_ok {}\n",
                app.service.store().next_seq(),
                health.size.unwrap_or(0),
                health.behind,
                app.service.log().published().map_or(0, |s| s.cosigned()),
                u8::from(app.service.recording_time().is_ok())
            );
            let receipts = app.acting(|service| service.receipts_kept()).await.map(|(kept, most)| {
                format!(
                    "# HELP starmark_receipts Receipts kept.\n# TYPE starmark_receipts gauge\nstarmark_receipts {}\n\
                     # HELP starmark_receipts_bytes Bytes they take.\n# TYPE starmark_receipts_bytes gauge\nstarmark_receipts_bytes {}\n\
                     # HELP starmark_receipts_bytes_most Bytes they may take; then no more are made.\n# TYPE starmark_receipts_bytes_most gauge\nstarmark_receipts_bytes_most {most}\n",
                    kept.receipts, kept.bytes
                )
            });
            let subscriptions = app.acting(Service::subscriptions_open).await.map(|open| {
                format!(
                    "# HELP starmark_subscriptions Subscriptions that have not ended.\n# TYPE starmark_subscriptions gauge\nstarmark_subscriptions {open}\n"
                )
            });
            // What cannot be counted stands in the log.
            let receipts = receipts.unwrap_or_default() + &subscriptions.unwrap_or_default();
            if let Some(end) = counts.rfind("# EOF") {
                counts.truncate(end);
            }
            text("application/openmetrics-text; version=1.0.0; charset=utf-8", counts + &events + &receipts + "# EOF\n")
        }
        Err(_) => {
            Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", "the counts cannot be written").into_response()
        }
    }
}
