//! The only mapping from failures to problem documents (RFC 9457). A failure says what is wrong, where, and what would be
//! right; what the machine says stays in the log.

use crate::domain::{Refusal, RefusalKind};
use crate::service::ServiceError;
use crate::store::StoreError;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use std::error::Error as _;
use utoipa::ToSchema;

/// A problem document.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Problem {
    /// Always `about:blank`: `code` tells problems apart.
    #[serde(rename = "type")]
    #[schema(value_type = String)]
    pub kind: AboutBlank,
    /// The status in words.
    pub title: &'static str,
    /// HTTP status.
    pub status: u16,
    /// Stable machine name, e.g. `level_above_computed`.
    pub code: &'static str,
    /// For people: what, where, what would be right.
    pub detail: String,
    /// JSON Pointer into the request body; empty for the whole of it.
    pub pointer: String,
    /// Every fault found, where there are several.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<Fault>,
    /// Header to answer beside the problem.
    #[serde(skip)]
    pub header: Option<Box<(HeaderName, HeaderValue)>>,
}

/// The type of every problem (RFC 9457, section 4.2.1).
#[derive(Debug, Clone, Copy, Serialize)]
pub enum AboutBlank {
    /// Its one value.
    #[serde(rename = "about:blank")]
    Value,
}

/// One fault of several.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Fault {
    /// Stable machine name.
    pub code: &'static str,
    /// For people.
    pub detail: String,
    /// JSON Pointer into the request body.
    pub pointer: String,
}

impl Problem {
    /// A problem of that status.
    #[must_use]
    pub fn new(status: StatusCode, code: &'static str, detail: impl Into<String>) -> Self {
        Self {
            kind: AboutBlank::Value,
            title: status.canonical_reason().unwrap_or("Error"),
            status: status.as_u16(),
            code,
            detail: detail.into(),
            pointer: String::new(),
            errors: vec![],
            header: None,
        }
    }

    /// A fault of ours, of which nothing is told.
    #[must_use]
    pub fn internal() -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", "the service could not do this")
    }

    /// A problem that passes: when to try again, in seconds.
    #[must_use]
    pub fn passing(status: StatusCode, code: &'static str, detail: impl Into<String>, seconds: u64) -> Self {
        let header = Some(Box::new((header::RETRY_AFTER, HeaderValue::from(seconds))));
        Self { header, ..Self::new(status, code, detail) }
    }

    /// The bearer is missing, unknown or revoked: the answer does not say which.
    #[must_use]
    pub fn unauthorized() -> Self {
        let mut problem = Self::new(
            StatusCode::UNAUTHORIZED,
            "token_needed",
            "send a valid token in the Authorization header, as `Bearer smk_…`; tokens are made with `starmark token`",
        );
        problem.header = Some(Box::new((header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"))));
        problem
    }

    /// The status.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }
}

/// Problems a write can meet.
#[derive(utoipa::IntoResponses)]
#[allow(dead_code, reason = "names the answers for the API's description; problems are built by `Problem`")]
pub enum WriteProblems {
    /// The input is malformed.
    #[response(status = 400, content_type = "application/problem+json")]
    Malformed(Problem),
    /// No good token.
    #[response(status = 401, content_type = "application/problem+json")]
    Unauthorized(Problem),
    /// The token lacks the role.
    #[response(status = 403, content_type = "application/problem+json")]
    Forbidden(Problem),
    /// There is no such certificate or mark.
    #[response(status = 404, content_type = "application/problem+json")]
    NotFound(Problem),
    /// The body arrives too slowly.
    #[response(status = 408, content_type = "application/problem+json")]
    TooSlow(Problem),
    /// It stands already, or changed meanwhile.
    #[response(status = 409, content_type = "application/problem+json")]
    Conflict(Problem),
    /// The body is too large.
    #[response(status = 413, content_type = "application/problem+json")]
    TooLarge(Problem),
    /// The body is not JSON.
    #[response(status = 415, content_type = "application/problem+json")]
    NotJson(Problem),
    /// A rule of the scheme forbids it.
    #[response(status = 422, content_type = "application/problem+json")]
    Rule(Problem),
}

/// Problems a read of the issuing area can meet.
#[derive(utoipa::IntoResponses)]
#[allow(dead_code, reason = "names the answers for the API's description; problems are built by `Problem`")]
pub enum ReadProblems {
    /// A parameter is malformed.
    #[response(status = 400, content_type = "application/problem+json")]
    Malformed(Problem),
    /// No good token.
    #[response(status = 401, content_type = "application/problem+json")]
    Unauthorized(Problem),
    /// The token lacks the role.
    #[response(status = 403, content_type = "application/problem+json")]
    Forbidden(Problem),
    /// There is no such certificate, mark or document.
    #[response(status = 404, content_type = "application/problem+json")]
    NotFound(Problem),
    /// A rule of the scheme forbids it.
    #[response(status = 422, content_type = "application/problem+json")]
    Rule(Problem),
}

fn status_of(kind: RefusalKind) -> StatusCode {
    match kind {
        RefusalKind::Invalid => StatusCode::BAD_REQUEST,
        RefusalKind::Rule => StatusCode::UNPROCESSABLE_ENTITY,
        RefusalKind::Conflict => StatusCode::CONFLICT,
        RefusalKind::NotFound => StatusCode::NOT_FOUND,
        RefusalKind::Forbidden => StatusCode::FORBIDDEN,
        RefusalKind::Withheld => StatusCode::GONE,
        RefusalKind::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        if refusal.kind == RefusalKind::Unavailable {
            tracing::error!(code = refusal.code, "refused for the time being: {}", refusal.message);
        }
        let mut problem = Self::new(status_of(refusal.kind), refusal.code, refusal.message);
        problem.pointer = refusal.pointer;
        problem
    }
}

impl From<ServiceError> for Problem {
    fn from(error: ServiceError) -> Self {
        match error {
            ServiceError::Refused(refusals) => several(refusals),
            ServiceError::Store(StoreError::Closed(why)) => {
                tracing::error!(%why, "the store is closed");
                Self::new(
                    StatusCode::SERVICE_UNAVAILABLE,
                    "writes_closed",
                    "nothing can be written until the operator has restarted the service; reading goes on",
                )
            }
            ServiceError::Store(StoreError::Full(why)) => {
                tracing::error!(%why, "there is no room to write");
                Self::new(
                    StatusCode::INSUFFICIENT_STORAGE,
                    "disk_full",
                    "there is too little room on the disk to write safely; nothing was changed",
                )
            }
            other => {
                let source = other.source().map(ToString::to_string);
                tracing::error!(error = %other, source, "a use case failed");
                Self::new(
                    StatusCode::INTERNAL_SERVER_ERROR,
                    "internal",
                    "the service could not do this; nothing was changed. The operator finds the reason in the log under this request's id",
                )
            }
        }
    }
}

fn several(refusals: Vec<Refusal>) -> Problem {
    let mut refusals = refusals.into_iter();
    let Some(first) = refusals.next() else {
        return Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "refused", "refused");
    };
    let fault = |r: &Refusal| Fault { code: r.code, detail: r.message.to_string(), pointer: r.pointer.clone() };
    let rest: Vec<Fault> = refusals.map(|r| fault(&r)).collect();
    let all = if rest.is_empty() { vec![] } else { [vec![fault(&first)], rest].concat() };
    let mut problem = Problem::from(first);
    problem.errors = all;
    problem
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = self.status();
        let header = self.header.clone();
        let body = serde_json::to_vec(&self).unwrap_or_default();
        let mut response = (status, [(header::CONTENT_TYPE, "application/problem+json")], body).into_response();
        if let Some((name, value)) = header.map(|h| *h) {
            response.headers_mut().insert(name, value);
        }
        response
    }
}
