//! Stands before all routes: gives out what is kept, and keeps what may be.

use super::Timed;
use super::entry::{Entry, Parts};
use crate::domain::hex;
use crate::http::limits::Client;
use crate::http::pages::{language, scans};
use crate::http::stamp::{self, Stamp};
use crate::http::{App, observe, packed};
use axum::Router;
use axum::body::{Body, Bytes, HttpBody, to_bytes};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, Request, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use sha2::{Digest as _, Sha256};
use std::convert::Infallible;
use std::future::{Future, Ready, ready};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Instant;
use tower::Service;

/// Headers that belong to one answer; all others it shares with its kind.
const OWN: [HeaderName; 2] = [header::ETAG, header::CONTENT_DISPOSITION];

/// The routes whose answers are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Verdict,
    Credential,
    MarkVerdict,
    Page,
    MarkPage,
}

impl Kind {
    /// Which of them that path is of.
    fn of(path: &str) -> Option<Self> {
        let digits =
            |text: &str, lengths: &[usize]| lengths.contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
        if let Some(id) = path.strip_prefix("/c/") {
            return digits(id, &[16]).then_some(Self::Page);
        }
        if let Some(mark) = path.strip_prefix("/m/") {
            return digits(mark, &[16, 217]).then_some(Self::MarkPage);
        }
        let path = path.strip_prefix("/api/v1/")?;
        if let Some(mark) = path.strip_prefix("marks/") {
            return digits(mark, &[16, 217]).then_some(Self::MarkVerdict);
        }
        let id = path.strip_prefix("certificates/")?;
        match id.strip_suffix("/credential") {
            Some(id) => digits(id, &[16]).then_some(Self::Credential),
            None => digits(id, &[16]).then_some(Self::Verdict),
        }
    }

    /// As it is counted.
    const fn route(self) -> &'static str {
        match self {
            Self::Verdict => "/api/v1/certificates/{id}",
            Self::Credential => "/api/v1/certificates/{id}/credential",
            Self::MarkVerdict => "/api/v1/marks/{digits}",
            Self::Page => "/c/{id}",
            Self::MarkPage => "/m/{digits}",
        }
    }

    const fn is_page(self) -> bool {
        matches!(self, Self::Page | Self::MarkPage)
    }
}

/// What is asked, as far as it is kept.
struct Question {
    kind: Kind,
    /// Path and query, with the language it is answered in.
    text: Vec<u8>,
}

impl Question {
    fn of<B>(request: &Request<B>) -> Option<Self> {
        if request.method() != Method::GET {
            return None;
        }
        let uri = request.uri();
        let kind = Kind::of(uri.path())?;
        let query = match uri.query() {
            None if kind.is_page() && language::prefers_english(request.headers()) => "lang=en",
            None => "",
            Some(query @ ("lang=zh" | "lang=en")) if kind.is_page() => query,
            Some(_) => return None,
        };
        Some(Self { kind, text: [uri.path().as_bytes(), b"?", query.as_bytes()].concat() })
    }
}

/// What of a request bears on how its answer leaves.
struct Asker {
    unpacks: bool,
    none_match: Option<HeaderValue>,
}

impl Asker {
    fn of(headers: &HeaderMap) -> Self {
        Self { unpacks: packed::unpacks(headers), none_match: headers.get(header::IF_NONE_MATCH).cloned() }
    }

    /// Whether the asker has what bears that tag (RFC 9110, section 13.1.2: compared weakly).
    fn has(&self, headers: &HeaderMap) -> bool {
        let opaque = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
        let text = |value: &HeaderValue| value.to_str().unwrap_or_default().to_owned();
        let (Some(wanted), Some(tag)) = (&self.none_match, headers.get(header::ETAG)) else { return false };
        let tag = opaque(&text(tag));
        text(wanted).split(',').any(|w| w.trim() == "*" || opaque(w) == tag)
    }
}

/// The service in front of the routes.
#[derive(Clone)]
pub struct Front {
    app: App,
    routes: Router,
}

/// An answer that is there, or one that is found out.
pub enum Answering {
    /// It is there.
    Now(Ready<Result<Response, Infallible>>),
    /// It is found out.
    Later(Pin<Box<dyn Future<Output = Result<Response, Infallible>> + Send>>),
}

impl Future for Answering {
    type Output = Result<Response, Infallible>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.get_mut() {
            Self::Now(now) => Pin::new(now).poll(cx),
            Self::Later(later) => later.as_mut().poll(cx),
        }
    }
}

impl Front {
    pub(in crate::http) fn new(app: App, routes: Router) -> Self {
        Self { app, routes }
    }

    /// The kept answer, where there is one that still holds and whoever asks may have it.
    fn kept<B>(&self, request: &Request<B>, question: &Question) -> Option<Response> {
        let started = Instant::now();
        let app = &self.app;
        app.believes().ok()?;
        let (entry, place, seen) = app.kept.get(&question.text)?;
        let (now, seen_now) = app.service.still_holds(&entry.ground, seen)?;
        let shape = app.kept.shaped(entry.shape)?;
        let client = Client::of(request, &app.gate.limits);
        // Who may not have it is told so by the routes.
        app.gate.admits(client, 1).ok()?;
        if seen != seen_now {
            app.kept.seen(&question.text, place, seen_now);
        }
        if let (Kind::MarkPage, Some(mark)) = (question.kind, entry.ground.mark())
            && let Some(source) = scans::source(request.method(), request.headers())
        {
            app.service.count_scan(mark, source);
        }
        let mut headers = (*shape).clone();
        headers.extend(entry.headers());
        if let Ok(id) = HeaderValue::from_str(&app.observer.request_id()) {
            headers.insert(observe::REQUEST_ID, id);
        }
        let (asker, stamp) = (Asker::of(request.headers()), Stamp::of(now));
        let response = if asker.has(&headers) {
            unchanged(headers)
        } else {
            let packs = asker.unpacks && packed::is_worth(&headers, entry.length());
            let entry = match packs.then(|| entry.with_packed()).flatten() {
                Some(bytes) => {
                    app.kept.keep(&question.text, &bytes, seen_now, Some(place));
                    Entry::read(bytes)?
                }
                None => entry,
            };
            let body = if packs && entry.is_packed() {
                packed::was_packed(&mut headers);
                entry.packed_at(&stamp)
            } else {
                entry.at(&stamp)
            };
            delivered(StatusCode::OK, headers, body, &asker)
        };
        app.observer.count(question.kind.route(), response.status().as_u16(), started.elapsed());
        Some(response)
    }

    /// Finishes an answer that was made: keeps it where it may be, and puts the time in.
    async fn finished(&self, question: Option<&Question>, asker: &Asker, response: Response) -> Response {
        let Some(timed) = response.extensions().get::<Timed>().copied() else { return response };
        let (mut parts, body) = response.into_parts();
        let Ok(body) = to_bytes(body, usize::MAX).await else {
            return StatusCode::INTERNAL_SERVER_ERROR.into_response();
        };
        if timed.tagged && parts.status == StatusCode::OK && !body.is_empty() {
            let hex = hex(&Sha256::digest(&body)[..8]);
            if let Ok(tag) = HeaderValue::from_str(&format!("W/\"{hex}\"")) {
                parts.headers.insert(header::ETAG, tag);
                parts.headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
            }
        }
        let rooms = stamp::rooms(&body);
        if let (Some(question), Some(ground), StatusCode::OK) = (question, timed.ground, parts.status) {
            let mut shared = parts.headers.clone();
            for of_one in [observe::REQUEST_ID, header::CONTENT_LENGTH] {
                shared.remove(of_one);
            }
            let own: Vec<_> = OWN.into_iter().filter_map(|name| shared.remove(&name).map(|v| (name, v))).collect();
            if let Some(shape) = self.app.kept.shape(&shared) {
                let entry = Parts { ground, shape, question: &question.text, own: &own, body: &body, rooms: &rooms };
                self.app.kept.keep(&question.text, &entry.to_bytes(), timed.begun.seen(), None);
            }
        }
        let mut body = Vec::from(body);
        Stamp::of(timed.begun.now).fill(&mut body, rooms.into_iter());
        let mut response = delivered(parts.status, parts.headers, body.into(), asker);
        *response.version_mut() = parts.version;
        response
    }
}

/// What is answered where the asker has it.
fn unchanged(mut headers: HeaderMap) -> Response {
    for of_body in [header::CONTENT_TYPE, header::CONTENT_DISPOSITION, header::CONTENT_LENGTH] {
        headers.remove(of_body);
    }
    // As the answer itself would have it (RFC 9110, section 15.4.5).
    headers.append(header::VARY, HeaderValue::from_static("accept-encoding"));
    let mut response = StatusCode::NOT_MODIFIED.into_response();
    *response.headers_mut() = headers;
    response
}

/// The answer as it leaves: packed, or not at all where the asker has it.
fn delivered(status: StatusCode, mut headers: HeaderMap, body: Bytes, asker: &Asker) -> Response {
    if status == StatusCode::OK && asker.has(&headers) {
        return unchanged(headers);
    }
    let body = packed::packed_for(asker.unpacks, &mut headers, body);
    // Where there is none, only the head was asked for: then the routes have told it.
    if !body.is_empty() {
        headers.insert(header::CONTENT_LENGTH, HeaderValue::from(body.len()));
    }
    let mut response = Response::new(Body::from(body));
    (*response.status_mut(), *response.headers_mut()) = (status, headers);
    response
}

impl<B> Service<Request<B>> for Front
where
    B: HttpBody<Data = Bytes> + Send + 'static,
    B::Error: Into<axum::BoxError>,
{
    type Response = Response;
    type Error = Infallible;
    type Future = Answering;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        // A router is always ready.
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Answering {
        let question = Question::of(&request);
        if let Some(response) = question.as_ref().and_then(|question| self.kept(&request, question)) {
            return Answering::Now(ready(Ok(response)));
        }
        let asker = Asker::of(request.headers());
        let (answer, front) = (self.routes.call(request), self.clone());
        Answering::Later(Box::pin(async move {
            let Ok(response) = answer.await;
            Ok(front.finished(question.as_ref(), &asker, response).await)
        }))
    }
}
