//! Around every request: its id, its limits, the headers that keep pages strict, a log line, and the counts.

use super::App;
use super::error::Problem;
use super::kept::Timed;
use super::limits::Client;
use super::{packed, pages, pressure, receipts};
use axum::body::Body;
use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;
use std::hash::{BuildHasher as _, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tracing::Instrument as _;

/// Answers that end their connection: its client sends too much, too slowly or too often.
const CLOSES: [StatusCode; 3] =
    [StatusCode::REQUEST_TIMEOUT, StatusCode::PAYLOAD_TOO_LARGE, StatusCode::TOO_MANY_REQUESTS];

/// What scripts of other sites may read, refusals too: the badge's does. Who asks is told nothing that not everybody is told.
const OPEN: [&str; 1] = ["/api/v1/certificates/{id}"];

/// Names a request in the log.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Where answers hold what only who asks may know.
const SECRETIVE: [&str; 4] = ["/issuing", "/api/v1/issuing", "/watch/", "/api/v1/subscriptions"];

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Labels {
    route: String,
    status: u16,
}

/// What is counted of requests.
pub struct Observer {
    /// What names requests: each is another one, in this run and, but for bad luck, in all.
    hasher: RandomState,
    numbered: AtomicU64,
    requests: Family<Labels, Counter>,
    seconds: Histogram,
    registry: Registry,
}

impl Observer {
    /// An observer with nothing counted yet.
    #[must_use]
    pub fn new() -> Self {
        let requests = Family::<Labels, Counter>::default();
        let seconds = Histogram::new([0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0]);
        let mut registry = Registry::with_prefix("starmark");
        registry.register("http_requests", "Requests by route and status", requests.clone());
        registry.register("http_request_seconds", "Time a request took", seconds.clone());
        Self { hasher: RandomState::new(), numbered: AtomicU64::default(), requests, seconds, registry }
    }

    /// A name for one more request.
    pub fn request_id(&self) -> String {
        format!("{:016x}", self.hasher.hash_one(self.numbered.fetch_add(1, Ordering::Relaxed)))
    }

    /// Counts an answer.
    pub fn count(&self, route: &str, status: u16, took: Duration) {
        self.requests.get_or_create(&Labels { route: route.to_owned(), status }).inc();
        self.seconds.observe(took.as_secs_f64());
    }

    /// The counts in the OpenMetrics text format.
    ///
    /// # Errors
    /// Never seen: a text that cannot be written.
    pub fn metrics(&self) -> Result<String, std::fmt::Error> {
        let mut out = String::new();
        prometheus_client::encoding::text::encode(&mut out, &self.registry)?;
        Ok(out)
    }
}

/// The middleware.
pub async fn observe(State(app): State<App>, mut request: Request, next: Next) -> Response {
    let started = Instant::now();
    let id = app.observer.request_id();
    let method = request.method().clone();
    let route =
        request.extensions().get::<MatchedPath>().map_or_else(|| "(none)".to_owned(), |m| m.as_str().to_owned());
    let mut uri = request.uri().clone();
    let api = uri.path().starts_with("/api/");
    // What holds secrets of those who ask is not packed: its length would tell of them (BREACH).
    let unpacks =
        method == Method::GET && !SECRETIVE.iter().any(|p| route.starts_with(p)) && packed::unpacks(request.headers());
    let people = pages::for_people(request.extensions().get::<MatchedPath>().map(MatchedPath::as_str), &uri);
    if people {
        uri = pages::language::preferred(uri, request.headers());
        *request.uri_mut() = uri.clone();
    }
    // What a page needs to be read costs nothing: also the page that says "too many requests".
    let free = uri.path().starts_with("/assets/");
    let client = Client::of(&request, &app.gate.limits);
    let cost = if free { 0 } else { receipts::cost(&method, &route) };
    let calm = if free { Ok(()) } else { app.pressure.admits(uri.path()) };
    // What tells how the service goes, and what pages look like, rests on nothing that is looked up.
    let believes = if free || pressure::TELLING.contains(&uri.path()) { Ok(()) } else { app.believes() };
    let mut response = match calm.and(believes).and_then(|()| app.gate.admits(client, cost)) {
        Ok(()) => {
            request.extensions_mut().insert(client);
            let span = tracing::info_span!("request", request_id = %id);
            next.run(request).instrument(span).await
        }
        Err(problem) => problem.into_response(),
    };
    if response.status() == StatusCode::SERVICE_UNAVAILABLE && response.headers().get(header::CONTENT_TYPE).is_none() {
        let why = "this took too long; nothing is known to have been changed: ask again with the same idempotency key";
        response = Problem::new(StatusCode::SERVICE_UNAVAILABLE, "timed_out", why).into_response();
    }
    if api && response.status() == StatusCode::METHOD_NOT_ALLOWED {
        let allow = response.headers().get(header::ALLOW).cloned();
        let mut problem = Problem::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "method_not_allowed",
            format!("{method} is not for this address"),
        );
        problem.header = allow.map(|a| Box::new((header::ALLOW, a)));
        response = problem.into_response();
    }
    response = readable(&app, &route, &uri, people, response);
    // What still gets the time is packed after that.
    if response.extensions().get::<Timed>().is_none() {
        response = packed::shrunk(unpacks, response).await;
    }
    if CLOSES.contains(&response.status()) {
        response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    dress(&mut response, &id);
    if OPEN.contains(&route.as_str()) && method == Method::GET {
        response.headers_mut().insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    }
    let took = started.elapsed();
    let status = response.status().as_u16();
    app.observer.count(&route, status, took);
    // The route, never the address asked for: what people search for is theirs.
    tracing::info!(request_id = %id, %method, route, status, micros = took.as_micros() as u64, "request");
    response
}

/// A refusal as it is read where it was asked for: a page for people, a badge where a badge stands.
fn readable(app: &App, route: &str, uri: &Uri, people: bool, response: Response) -> Response {
    let status = response.status();
    if !status.is_client_error() && !status.is_server_error() {
        return response;
    }
    if people && !is_page(&response) {
        return pages::no_answer(app, uri, response);
    }
    let is_badge = response.extensions().get::<Embedded>().is_some();
    let badge = if is_badge { None } else { pages::badge::instead(app, route, uri, &response) };
    badge.unwrap_or(response)
}

fn is_page(response: &Response) -> bool {
    response.headers().get(header::CONTENT_TYPE).is_some_and(|v| v.as_bytes().starts_with(b"text/html"))
}

/// No script at all, no other host, no frame.
const STRICT: &str = "default-src 'none'; style-src 'self'; img-src 'self'; \
                      manifest-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";
/// The same for a page that runs our verifier: this host's own modules, which may ask this host alone, and may make no markup
/// from text. Nothing else of this host is served as a script.
const SCRIPTED: &str = "default-src 'none'; script-src 'self'; connect-src 'self'; style-src 'self'; img-src 'self'; \
                        manifest-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; \
                        require-trusted-types-for 'script'; trusted-types 'none'";
/// The same for a page that may have this site's worker installed, whose address is its one trusted type.
const KEEPING: &str = "default-src 'none'; script-src 'self'; connect-src 'self'; style-src 'self'; img-src 'self'; \
                       manifest-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; \
                       require-trusted-types-for 'script'; trusted-types worker";
/// The worker itself: it asks this host, and runs nothing else.
const WORKING: &str = "default-src 'none'; connect-src 'self'";

/// A picture of other people's sites: opened by itself it can do nothing either.
const PICTURED: &str = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; sandbox";
/// The one page that anybody may frame: a picture with a link, without script, form or cookie, so that no frame around it gains anything.
const FRAMED: &str = "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors *";

/// Marks the answer that stands on other people's sites, and as what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Embedded {
    /// A picture.
    Picture,
    /// A page in a frame.
    Frame,
    /// A module.
    Module,
}

/// The headers that go with what an answer is marked as.
fn dress(response: &mut Response, id: &str) {
    let embedded = response.extensions().get::<Embedded>().copied();
    let policy = match embedded {
        Some(Embedded::Picture) => PICTURED,
        Some(Embedded::Frame) => FRAMED,
        None => match response.extensions().get::<RunsScript>() {
            Some(RunsScript::Page) => SCRIPTED,
            Some(RunsScript::Keeper) => KEEPING,
            Some(RunsScript::Worker) => WORKING,
            None => STRICT,
        },
        Some(Embedded::Module) => STRICT,
    };
    headers(response.headers_mut(), policy, id);
    if let Some(how) = embedded {
        open(response.headers_mut(), how);
    }
}

/// Lets other sites show it, also those that shut out whatever does not say so (COEP).
fn open(headers: &mut HeaderMap, how: Embedded) {
    let cross_origin = HeaderValue::from_static("cross-origin");
    headers.insert(HeaderName::from_static("cross-origin-resource-policy"), cross_origin);
    if how == Embedded::Frame {
        headers.remove(header::X_FRAME_OPTIONS);
        let embedder = HeaderName::from_static("cross-origin-embedder-policy");
        headers.insert(embedder, HeaderValue::from_static("require-corp"));
    }
}

/// Marks the answer that runs a script; every other is without.
#[derive(Debug, Clone, Copy)]
pub enum RunsScript {
    /// A page.
    Page,
    /// A page that may install the worker.
    Keeper,
    /// The worker.
    Worker,
}

/// No guessing of types; answers are fresh unless a handler says else.
fn headers(headers: &mut HeaderMap, policy: &'static str, id: &str) {
    const FIXED: [(HeaderName, &str); 5] = [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::STRICT_TRANSPORT_SECURITY, "max-age=63072000; includeSubDomains"),
        (HeaderName::from_static("permissions-policy"), "camera=(self), geolocation=(), microphone=(), payment=()"),
    ];
    for (name, value) in FIXED {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy));
    headers.insert(HeaderName::from_static("cross-origin-opener-policy"), HeaderValue::from_static("same-origin"));
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    if let Ok(id) = HeaderValue::from_str(id) {
        headers.insert(REQUEST_ID, id);
    }
}

/// A body of text, for handlers that have nothing else.
pub fn text(content_type: &'static str, body: impl Into<Body>) -> Response {
    ([(header::CONTENT_TYPE, content_type)], body.into()).into_response()
}
