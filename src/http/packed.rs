//! Answers in fewer bytes (gzip): scripts, styles, outlines and lists are a third as long.

use axum::body::Bytes;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse as _, Response};
use flate2::Compression;
use flate2::bufread::GzEncoder;
use std::collections::HashMap;
use std::io::Read as _;
use std::sync::{LazyLock, Mutex, PoisonError};

/// The answer with that body; packed where whoever asks can unpack it.
pub fn packed(asked: &HeaderMap, kind: &'static str, body: &[u8]) -> Response {
    let small = if unpacks(asked) { pack(body, Compression::default()) } else { None };
    answer(kind, small, || body.to_vec().into())
}

/// The same with a body that never changes: it is packed once.
pub fn packed_once(asked: &HeaderMap, kind: &'static str, body: &'static str) -> Response {
    answer(kind, unpacks(asked).then(|| once(body)).flatten(), || body.into())
}

/// How many bytes of such a body travel.
pub fn length_once(body: &'static str) -> usize {
    once(body).map_or(body.len(), |small| small.len())
}

/// The body packed, by where it lies: there it stays.
fn once(body: &'static str) -> Option<Bytes> {
    static PACKED: LazyLock<Mutex<HashMap<usize, Bytes>>> = LazyLock::new(Mutex::default);
    let mut all = PACKED.lock().unwrap_or_else(PoisonError::into_inner);
    let place = body.as_ptr() as usize;
    if let Some(small) = all.get(&place) {
        return Some(small.clone());
    }
    let small = pack(body.as_bytes(), Compression::best())?;
    all.insert(place, small.clone());
    Some(small)
}

fn pack(body: &[u8], how: Compression) -> Option<Bytes> {
    let mut small = vec![];
    GzEncoder::new(body, how).read_to_end(&mut small).ok()?;
    Some(small.into())
}

fn answer(kind: &'static str, small: Option<Bytes>, plain: impl FnOnce() -> Bytes) -> Response {
    let is_small = small.is_some();
    let mut response = small.unwrap_or_else(plain).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    if is_small {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    response
}

fn unpacks(asked: &HeaderMap) -> bool {
    let said = asked.get(header::ACCEPT_ENCODING).and_then(|v| v.to_str().ok()).unwrap_or_default();
    said.split(',').any(|coding| {
        let (name, quality) = coding.split_once(';').unwrap_or((coding, "q=1"));
        let quality = quality.trim().strip_prefix("q=").and_then(|q| q.parse::<f64>().ok()).unwrap_or_default();
        name.trim().eq_ignore_ascii_case("gzip") && quality > 0.0
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
