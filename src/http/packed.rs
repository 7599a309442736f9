//! Answers in fewer bytes, for what stands on other people's sites: outlines are a third as long.

use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse as _, Response};
use flate2::Compression;
use flate2::bufread::GzEncoder;
use std::io::Read as _;

/// The answer with that body; packed (gzip) where whoever asks can unpack it.
pub fn packed(asked: &HeaderMap, kind: &'static str, body: String) -> Response {
    let mut small = vec![];
    let is_small =
        unpacks(asked) && GzEncoder::new(body.as_bytes(), Compression::default()).read_to_end(&mut small).is_ok();
    let mut response = if is_small { small.into_response() } else { body.into_response() };
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
