//! A file as an answer: what it is called, and a tag by which whoever has it already is spared it.

use crate::domain::hex;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use sha2::{Digest, Sha256};
use std::fmt::Write as _;

/// Kept by the one who asked, and never used again without asking: what a licence or a certificate allows may have ended.
const AGE: HeaderValue = HeaderValue::from_static("private, no-cache");

/// The file under that name (UTF-8), to be saved; where `headers` say that the same bytes are there already, only that
/// (304, RFC 9110, section 13.1.2). The tag is the SHA-256 of the bytes.
pub(super) fn download(headers: &HeaderMap, bytes: Vec<u8>, media_type: &'static str, name: &str) -> Response {
    let tag = format!("\"{}\"", hex(&Sha256::digest(&bytes)));
    let fixed = |tag: &str| [(header::ETAG, value(tag)), (header::CACHE_CONTROL, AGE)];
    if is_known(headers, &tag) {
        return (StatusCode::NOT_MODIFIED, fixed(&tag)).into_response();
    }
    let about: [(HeaderName, HeaderValue); 2] = [
        (header::CONTENT_TYPE, HeaderValue::from_static(media_type)),
        (header::CONTENT_DISPOSITION, value(&disposition(name))),
    ];
    (fixed(&tag), about, bytes).into_response()
}

/// Everything written into a header here is ASCII.
fn value(text: &str) -> HeaderValue {
    HeaderValue::from_str(text).unwrap_or(HeaderValue::from_static("attachment"))
}

/// Whether `If-None-Match` names the tag, compared weakly (RFC 9110, section 8.8.3.2).
fn is_known(headers: &HeaderMap, tag: &str) -> bool {
    let lists = headers.get_all(header::IF_NONE_MATCH).into_iter().filter_map(|v| v.to_str().ok());
    lists.flat_map(|list| list.split(',')).map(str::trim).any(|t| t == "*" || t.strip_prefix("W/").unwrap_or(t) == tag)
}

/// `Content-Disposition` (RFC 6266): the name for everybody in ASCII, and in UTF-8 for those who read that (RFC 8187).
fn disposition(name: &str) -> String {
    let unsafe_in_names = |c: char| c.is_control() || matches!(c, '/' | '\\' | ':' | '*' | '?' | '"' | '<' | '>' | '|');
    let name: String = name.chars().map(|c| if unsafe_in_names(c) { '_' } else { c }).collect();
    let plain = |c: char| c.is_ascii_graphic() && !matches!(c, '%' | ';' | '\'');
    let ascii: String = name.chars().map(|c| if plain(c) { c } else { '_' }).collect();
    let attribute = |b: u8| b.is_ascii_alphanumeric() || b"!#$&+-.^_`|~".contains(&b);
    let encoded = name.bytes().fold(String::new(), |mut out, byte| {
        let _ = if attribute(byte) { write!(out, "{}", byte as char) } else { write!(out, "%{byte:02X}") };
        out
    });
    format!("attachment; filename=\"{ascii}\"; filename*=UTF-8''{encoded}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(tags: &[&str]) -> Response {
        let mut headers = HeaderMap::new();
        for tag in tags {
            headers.append(header::IF_NONE_MATCH, tag.parse().unwrap());
        }
        download(&headers, b"abc".to_vec(), "application/pdf", "证书 1.pdf")
    }

    #[test]
    fn the_tag_is_the_digest_and_whoever_has_it_gets_no_bytes() {
        // SHA-256 of “abc” (FIPS 180-4, example 1).
        let tag = "\"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad\"";
        let whole = asked(&[]);
        assert_eq!((whole.status(), whole.headers()["etag"].to_str().unwrap()), (StatusCode::OK, tag));
        assert_eq!(whole.headers()["cache-control"], "private, no-cache");
        assert_eq!(whole.headers()["content-type"], "application/pdf");
        for tags in [&[tag][..], &["*"], &[&format!("\"x\", W/{tag}")], &["\"x\"", tag]] {
            let spared = asked(tags);
            assert_eq!(spared.status(), StatusCode::NOT_MODIFIED, "{tags:?}");
            assert_eq!(spared.headers()["etag"].to_str().unwrap(), tag);
            assert!(!spared.headers().contains_key("content-disposition"));
        }
        let bare = tag.trim_matches('"');
        for tags in [&["\"x\""][..], &[""], &[bare], &[&tag[..20]]] {
            assert_eq!(asked(tags).status(), StatusCode::OK, "{tags:?}");
        }
    }

    #[test]
    fn names_are_written_for_old_and_new_readers_and_lead_nowhere() {
        for (name, expected) in [
            ("mark-1.pdf", "attachment; filename=\"mark-1.pdf\"; filename*=UTF-8''mark-1.pdf"),
            ("证书 1.pdf", "attachment; filename=\"___1.pdf\"; filename*=UTF-8''%E8%AF%81%E4%B9%A6%201.pdf"),
            ("../a\"b\r\n;c.zip", "attachment; filename=\".._a_b___c.zip\"; filename*=UTF-8''.._a_b__%3Bc.zip"),
        ] {
            assert_eq!(disposition(name), expected);
            assert!(HeaderValue::from_str(&disposition(name)).is_ok());
        }
    }
}
