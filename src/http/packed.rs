//! Answers in fewer bytes: scripts, styles, outlines and lists are a third as long, packed.

use ::brotli::enc::BrotliEncoderParams;
use axum::body::{Bytes, HttpBody as _, to_bytes};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use flate2::Compression;
use flate2::bufread::GzEncoder;
use std::collections::HashMap;
use std::io::Read as _;
use std::sync::{LazyLock, Mutex, PoisonError};

/// The answer with that body; packed where whoever asks can unpack it.
pub fn packed(asked: &HeaderMap, kind: &'static str, body: &[u8]) -> Response {
    let small = if unpacks(asked) { gzip(body, Compression::default()) } else { None };
    answer(kind, small.map(|small| (small, Coding::Gzip)), || body.to_vec().into())
}

/// The types of answers that are worth packing.
const TEXTS: [&str; 7] = [
    "text/javascript",
    "text/html",
    "application/json",
    "application/vc",
    "application/did+json",
    "application/atom+xml",
    "application/manifest+json",
];
/// Shorter bodies gain nothing.
const LEAST: usize = 1_000;
/// Longer ones are made for programs, and take their time to pack.
const MOST: usize = 2 << 20;

/// The answer packed, where it is a text of middling length that stands whole, and whoever asks can unpack it. What leaves as it is found stays so.
pub async fn shrunk(unpacks: bool, response: Response) -> Response {
    let length = response.body().size_hint().exact().and_then(|n| usize::try_from(n).ok());
    if !length.is_some_and(|length| is_worth(response.headers(), length)) {
        return response;
    }
    let (mut parts, body) = response.into_parts();
    let Ok(body) = to_bytes(body, MOST).await else { return StatusCode::INTERNAL_SERVER_ERROR.into_response() };
    let body = packed_for(unpacks, &mut parts.headers, body);
    Response::from_parts(parts, body.into())
}

/// The same with a body at hand.
pub fn packed_for(unpacks: bool, headers: &mut HeaderMap, body: Bytes) -> Bytes {
    if !is_worth(headers, body.len()) {
        return body;
    }
    headers.append(header::VARY, HeaderValue::from_static("accept-encoding"));
    let Some(small) = unpacks.then(|| gzip(&body, Compression::fast())).flatten() else { return body };
    is_packed(headers);
    small
}

/// Says of an answer whose body is packed that it is.
fn is_packed(headers: &mut HeaderMap) {
    headers.remove(header::CONTENT_LENGTH);
    headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(Coding::Gzip.name()));
}

/// The same of one that was packed before.
pub fn was_packed(headers: &mut HeaderMap) {
    headers.append(header::VARY, HeaderValue::from_static("accept-encoding"));
    is_packed(headers);
}

/// Whether an answer with a body of that length is packed.
pub fn is_worth(headers: &HeaderMap, length: usize) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default();
    let is_text = TEXTS.contains(&kind.split(';').next().unwrap_or_default());
    is_text && (LEAST..=MOST).contains(&length) && !headers.contains_key(header::CONTENT_ENCODING)
}

/// The same with a body that never changes: it is packed once, as tightly as whoever asks can unpack it.
pub fn packed_once(asked: &HeaderMap, kind: &'static str, body: &'static str) -> Response {
    let coding = Coding::ALL.into_iter().find(|coding| takes(asked, coding.name()));
    let small = coding.and_then(|coding| Some((once(body, coding)?, coding)));
    answer(kind, small, || body.into())
}

/// How many bytes of such a body travel.
pub fn length_once(body: &'static str) -> usize {
    once(body, Coding::Brotli).map_or(body.len(), |small| small.len())
}

/// How many bytes of any other body travel.
pub fn length(body: &[u8]) -> usize {
    gzip(body, Compression::fast()).map_or(body.len(), |small| small.len())
}

/// How a body is packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Coding {
    /// RFC 7932: a seventh fewer bytes, and a hundred times the work.
    Brotli,
    /// RFC 1952.
    Gzip,
}

impl Coding {
    /// The tighter one first.
    const ALL: [Self; 2] = [Self::Brotli, Self::Gzip];

    const fn name(self) -> &'static str {
        match self {
            Self::Brotli => "br",
            Self::Gzip => "gzip",
        }
    }
}

/// The body packed, by where it lies: there it stays.
fn once(body: &'static str, coding: Coding) -> Option<Bytes> {
    static PACKED: LazyLock<Mutex<HashMap<(usize, Coding), Bytes>>> = LazyLock::new(Mutex::default);
    let all = || PACKED.lock().unwrap_or_else(PoisonError::into_inner);
    let place = (body.as_ptr() as usize, coding);
    let known = all().get(&place).cloned();
    if known.is_some() {
        return known;
    }
    // Nobody waits for somebody else's packing; at worst it is done twice.
    let small = match coding {
        Coding::Brotli => brotli(body.as_bytes()),
        Coding::Gzip => gzip(body.as_bytes(), Compression::best()),
    }?;
    all().insert(place, small.clone());
    Some(small)
}

fn gzip(body: &[u8], how: Compression) -> Option<Bytes> {
    let mut small = vec![];
    GzEncoder::new(body, how).read_to_end(&mut small).ok()?;
    Some(small.into())
}

fn brotli(mut body: &[u8]) -> Option<Bytes> {
    let mut small = vec![];
    ::brotli::BrotliCompress(&mut body, &mut small, &BrotliEncoderParams::default()).ok()?;
    Some(small.into())
}

fn answer(kind: &'static str, small: Option<(Bytes, Coding)>, plain: impl FnOnce() -> Bytes) -> Response {
    let (body, coding) = small.map_or_else(|| (plain(), None), |(small, coding)| (small, Some(coding)));
    let mut response = body.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    if let Some(coding) = coding {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(coding.name()));
    }
    response
}

/// Whether whoever asks can unpack gzip (RFC 9110, section 12.5.3).
pub fn unpacks(asked: &HeaderMap) -> bool {
    takes(asked, Coding::Gzip.name())
}

fn takes(asked: &HeaderMap, wanted: &str) -> bool {
    let said = asked.get(header::ACCEPT_ENCODING).and_then(|v| v.to_str().ok()).unwrap_or_default();
    said.split(',').any(|coding| {
        let (name, quality) = coding.split_once(';').unwrap_or((coding, "q=1"));
        let quality = quality.trim().strip_prefix("q=").and_then(|q| q.parse::<f64>().ok()).unwrap_or_default();
        name.trim().eq_ignore_ascii_case(wanted) && quality > 0.0
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_who_says_so_gets_it_packed() {
        for (said, is) in [
            ("gzip", true),
            ("br, GZIP;q=0.5", true),
            ("deflate, gzip, br", true),
            ("gzip;q=0", false),
            ("gzip;q=x", false),
            ("br", false),
            ("", false),
        ] {
            let headers = HeaderMap::from_iter([(header::ACCEPT_ENCODING, HeaderValue::from_static(said))]);
            assert_eq!(unpacks(&headers), is, "{said}");
        }
        assert!(!unpacks(&HeaderMap::new()));
    }
}
