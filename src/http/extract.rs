//! What handlers are given: a strict body, who bears the token, the circumstances of the act.

use super::App;
use super::error::Problem;
use crate::domain::text::Note;
use crate::service::{Act, Actor, IdempotencyKey};
use crate::sign::canonical;
use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use serde::de::value::MapAccessDeserializer;
use serde::de::{DeserializeOwned, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use std::fmt;
use std::marker::PhantomData;

/// A JSON body read strictly: no member twice, no member unknown, the fault with its pointer.
pub struct Strict<T>(pub T);

impl<T: DeserializeOwned> FromRequest<App> for Strict<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &App) -> Result<Self, Problem> {
        let json =
            request.headers().get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).is_some_and(|v| {
                v.split(';').next().is_some_and(|t| t.trim().eq_ignore_ascii_case("application/json"))
            });
        if !json {
            let why = "the body is JSON: send it with Content-Type: application/json";
            return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "json_needed", why));
        }
        let body = Bytes::from_request(request, state);
        let body = tokio::time::timeout(state.body_time, body).await.map_err(|_| {
            let why = format!("a body arrives within {} seconds", state.body_time.as_secs());
            Problem::new(StatusCode::REQUEST_TIMEOUT, "body_too_slow", why)
        })?;
        let bytes = body.map_err(|rejection| match rejection.status() {
            StatusCode::PAYLOAD_TOO_LARGE => Problem::new(
                StatusCode::PAYLOAD_TOO_LARGE,
                "body_too_large",
                format!("a body has at most {} bytes", super::BODY_MAX),
            ),
            status => Problem::new(status, "body_unreadable", "the body did not arrive whole"),
        })?;
        object(&bytes).map(Self)
    }
}

/// Reads a JSON object strictly.
///
/// # Errors
/// What [`canonical::parse_strict`] refuses; `json_shape` with the fault's pointer.
pub(super) fn object<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    let value = canonical::parse_strict(bytes)?;
    serde_path_to_error::deserialize(value).map(|Members(object)| object).map_err(|error| {
        let pointer = pointer_of(error.path());
        let why = in_json_words(&error.into_inner().to_string());
        let mut problem = Problem::new(StatusCode::BAD_REQUEST, "json_shape", why);
        problem.pointer = pointer;
        problem
    })
}

/// Reads from an object alone; by itself a struct would be read from the list of its members' values too.
struct Members<T>(T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Members<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Object<T> {
            type Value = T;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
                T::deserialize(MapAccessDeserializer::new(map))
            }
        }
        deserializer.deserialize_map(Object(PhantomData)).map(Self)
    }
}

/// Reads a list of objects, each from an object alone.
pub(super) fn objects<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Vec<T>, D::Error> {
    let all = Vec::<Members<T>>::deserialize(deserializer)?;
    Ok(all.into_iter().map(|Members(one)| one).collect())
}

/// What serde says of a wrong type, in the words of JSON.
fn in_json_words(why: &str) -> String {
    let Some((found, expected)) = why.strip_prefix("invalid type: ").and_then(|w| w.rsplit_once(", expected ")) else {
        return why.to_owned();
    };
    let found = match found {
        "sequence" => "a list",
        "map" => "an object",
        found => found,
    };
    let expected = match expected {
        "a sequence" => "a list",
        "a map" => "an object",
        name if name.starts_with("struct ") => "an object",
        expected => expected,
    };
    format!("this is {found}, where {expected} belongs")
}

/// RFC 6901 text of a path.
fn pointer_of(path: &serde_path_to_error::Path) -> String {
    use serde_path_to_error::Segment;
    let mut out = String::new();
    for segment in path {
        match segment {
            Segment::Seq { index } => out.push_str(&format!("/{index}")),
            Segment::Map { key } => out.push_str(&format!("/{}", key.replace('~', "~0").replace('/', "~1"))),
            Segment::Enum { variant } => out.push_str(&format!("/{variant}")),
            Segment::Unknown => {}
        }
    }
    out
}

/// Whoever bears a good token.
pub struct Bearer(pub Actor);

impl FromRequestParts<App> for Bearer {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &App) -> Result<Self, Problem> {
        let secret = parts.headers.get(header::AUTHORIZATION).and_then(|v| v.to_str().ok()).and_then(|v| {
            let (scheme, secret) = v.split_once(' ')?;
            scheme.eq_ignore_ascii_case("bearer").then(|| secret.trim())
        });
        let actor = secret.and_then(|s| state.service.bearer(s));
        actor.map(Self).ok_or_else(Problem::unauthorized)
    }
}

/// The circumstances of a write: who, and under which idempotency key.
pub struct Write {
    actor: Actor,
    key: Option<IdempotencyKey>,
}

impl FromRequestParts<App> for Write {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &App) -> Result<Self, Problem> {
        let Bearer(actor) = Bearer::from_request_parts(parts, state).await?;
        let key = match parts.headers.get("idempotency-key") {
            None => None,
            Some(value) => Some(IdempotencyKey::parse(value.to_str().unwrap_or_default())?),
        };
        Ok(Self { actor, key })
    }
}

impl Write {
    /// For a write whose input names itself (a decision's reference).
    #[must_use]
    pub fn act(self) -> Act {
        Act { actor: self.actor, key: self.key, note: None }
    }

    /// For every other write: the key is needed, so that a repeated request is one act.
    ///
    /// # Errors
    /// `idempotency_key_needed`, or what is wrong with the note.
    pub fn keyed(self, note: Option<&str>) -> Result<Act, Problem> {
        if self.key.is_none() {
            let why = "send an Idempotency-Key header, a fresh UUID for each act: if the answer is lost, the same request under the same key is done once";
            return Err(Problem::new(StatusCode::BAD_REQUEST, "idempotency_key_needed", why));
        }
        let note = note.map(Note::parse).transpose().map_err(|r| r.under("/note"))?;
        Ok(Act { actor: self.actor, key: self.key, note })
    }
}
