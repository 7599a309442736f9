//! Around every request: its id, its limits, the headers that keep pages strict, a log line, and the counts.

use super::App;
use super::error::Problem;
use super::{pages, receipts};
use axum::body::Body;
use axum::extract::{ConnectInfo, MatchedPath, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tracing::Instrument as _;

/// Requests remembered by address before those long idle are forgotten.
const SHRINK_EVERY: u64 = 10_000;

/// Longest time for the body of a request to arrive: the largest one takes it at 600 kbit/s, a decision is a hundredth of
/// that.
const BODY_TIME: Duration = Duration::from_secs(15);
/// Answers that end their connection: its client sends too much, too slowly or too often.
const CLOSES: [StatusCode; 3] =
    [StatusCode::REQUEST_TIMEOUT, StatusCode::PAYLOAD_TOO_LARGE, StatusCode::TOO_MANY_REQUESTS];

/// How much one address may ask for.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Requests a second for one address on average; none for no limit.
    pub per_second: Option<NonZeroU32>,
    /// Requests at once on top of that.
    pub burst: NonZeroU32,
    /// Longest time for the body of a request to arrive.
    pub body_time: Duration,
    /// Header in which a trusted proxy before us names the client, e.g. `fly-client-ip`; none where there is no proxy.
    pub client_header: Option<HeaderName>,
}

impl Limits {
    /// A page is a handful of requests; a shop's shared address is many phones.
    pub const DEFAULT: Self = Self {
        per_second: NonZeroU32::new(50),
        burst: match NonZeroU32::new(500) {
            Some(n) => n,
            None => NonZeroU32::MIN,
        },
        body_time: BODY_TIME,
        client_header: None,
    };
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Labels {
    route: String,
    status: u16,
}

/// Counts, limits and request ids.
pub struct Observer {
    limits: Limits,
    limiter: Option<DefaultKeyedRateLimiter<IpAddr>>,
    seen: AtomicU64,
    /// Whether the log says that a proxy's header may be missing.
    told: AtomicBool,
    requests: Family<Labels, Counter>,
    seconds: Histogram,
    registry: Registry,
}

impl Observer {
    /// An observer with nothing counted yet.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        let requests = Family::<Labels, Counter>::default();
        let seconds = Histogram::new([0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0]);
        let mut registry = Registry::with_prefix("starmark");
        registry.register("http_requests", "Requests by route and status", requests.clone());
        registry.register("http_request_seconds", "Time a request took", seconds.clone());
        let limiter = limits.per_second.map(|n| RateLimiter::keyed(Quota::per_second(n).allow_burst(limits.burst)));
        Self { limits, limiter, seen: AtomicU64::new(0), told: AtomicBool::new(false), requests, seconds, registry }
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

    fn admits(&self, client: IpAddr, cost: NonZeroU32) -> bool {
        let Some(limiter) = &self.limiter else { return true };
        if self.seen.fetch_add(1, Ordering::Relaxed) % SHRINK_EVERY == SHRINK_EVERY - 1 {
            limiter.retain_recent();
        }
        // What counts for more than may come at once would never be admitted.
        let cost = cost.min(self.limits.burst);
        let admitted = matches!(limiter.check_key_n(&network(client), cost), Ok(Ok(())));
        if !admitted && client.is_loopback() && !self.told.swap(true, Ordering::Relaxed) {
            tracing::warn!(
                "requests from this machine's own address are limited as one client's: where a proxy stands in front, name the header in which it names its clients (--client-header)"
            );
        }
        admitted
    }
}

/// One household has one IPv4 address, or one IPv6 network of 64 bits.
pub(super) fn network(client: IpAddr) -> IpAddr {
    match client.to_canonical() {
        IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from(u128::from(v6) & (u128::MAX << 64))),
        v4 => v4,
    }
}

fn client_of(request: &Request, limits: &Limits) -> IpAddr {
    let named =
        limits.client_header.as_ref().and_then(|name| request.headers().get(name)?.to_str().ok()?.trim().parse().ok());
    let peer = || request.extensions().get::<ConnectInfo<SocketAddr>>().map(|c| c.0.ip());
    named.or_else(peer).unwrap_or(IpAddr::V4(std::net::Ipv4Addr::UNSPECIFIED))
}

/// The middleware.
pub async fn observe(State(app): State<App>, request: Request, next: Next) -> Response {
    let started = Instant::now();
    let id = request_id(&app);
    let method = request.method().clone();
    let route =
        request.extensions().get::<MatchedPath>().map_or_else(|| "(none)".to_owned(), |m| m.as_str().to_owned());
    let uri = request.uri().clone();
    let api = uri.path().starts_with("/api/");
    let people = pages::for_people(request.extensions().get::<MatchedPath>().map(MatchedPath::as_str), &uri);
    // What a page needs to be read costs nothing: also the page that says "too many requests".
    let free = uri.path().starts_with("/assets/");
    let cost = receipts::cost(&method, &uri, request.headers());
    let mut response = if free || app.observer.admits(client_of(&request, &app.observer.limits), cost) {
        let span = tracing::info_span!("request", request_id = %id);
        next.run(request).instrument(span).await
    } else {
        let mut problem = Problem::new(
            StatusCode::TOO_MANY_REQUESTS,
            "too_many_requests",
            "too many requests from this address; try again in a few seconds",
        );
        problem.header = Some(Box::new((header::RETRY_AFTER, HeaderValue::from_static("5"))));
        problem.into_response()
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
    let failed = response.status().is_client_error() || response.status().is_server_error();
    if people && failed && !is_page(&response) {
        response = pages::no_answer(&app, &uri, response);
    }
    if CLOSES.contains(&response.status()) {
        response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    let policy = if response.extensions().get::<RunsScript>().is_some() { SCRIPTED } else { STRICT };
    headers(response.headers_mut(), policy, &id);
    let took = started.elapsed();
    let status = response.status().as_u16();
    app.observer.requests.get_or_create(&Labels { route: route.clone(), status }).inc();
    app.observer.seconds.observe(took.as_secs_f64());
    // The route, never the address asked for: what people search for is theirs.
    tracing::info!(request_id = %id, %method, route, status, micros = took.as_micros() as u64, "request");
    response
}

fn is_page(response: &Response) -> bool {
    response.headers().get(header::CONTENT_TYPE).is_some_and(|v| v.as_bytes().starts_with(b"text/html"))
}

fn request_id(app: &App) -> String {
    match app.service.random_id() {
        Ok(bytes) => bytes.iter().map(|b| format!("{b:02x}")).collect(),
        Err(_) => format!("{:016x}", app.observer.seen.load(Ordering::Relaxed)),
    }
}

/// No script at all, no other host, no frame.
const STRICT: &str = "default-src 'none'; style-src 'self'; img-src 'self'; \
                      form-action 'self'; base-uri 'none'; frame-ancestors 'none'";
/// The same for a page that runs our verifier: this host's own modules, which may ask this host alone, and may make no markup
/// from text. Nothing else of this host is served as a script.
const SCRIPTED: &str = "default-src 'none'; script-src 'self'; connect-src 'self'; style-src 'self'; img-src 'self'; \
                        form-action 'self'; base-uri 'none'; frame-ancestors 'none'; \
                        require-trusted-types-for 'script'; trusted-types 'none'";

/// Marks the answer that is a page with a script; every other is without.
#[derive(Debug, Clone, Copy)]
pub struct RunsScript;

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
        headers.insert(HeaderName::from_static("x-request-id"), id);
    }
}

/// A body of text, for handlers that have nothing else.
pub fn text(content_type: &'static str, body: impl Into<Body>) -> Response {
    ([(header::CONTENT_TYPE, content_type)], body.into()).into_response()
}
