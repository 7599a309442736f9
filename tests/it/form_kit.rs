//! Forms with files, as browsers send them (RFC 7578).

use axum::body::Body;
use axum::http::Request;

/// What parts them.
pub const EDGE: &str = "edge-of-the-test";

/// A part of a form.
pub enum Part<'a> {
    Text(&'a str),
    File(&'a [u8]),
}

/// The body of a form.
pub fn form(parts: &[(&str, Part<'_>)]) -> Vec<u8> {
    let mut body = vec![];
    for (name, part) in parts {
        let (more, bytes) = match part {
            Part::Text(text) => ("", text.as_bytes()),
            Part::File(b"") => ("; filename=\"\"\r\nContent-Type: application/octet-stream", &b""[..]),
            Part::File(bytes) => ("; filename=\"file\"\r\nContent-Type: application/octet-stream", *bytes),
        };
        let head = format!("--{EDGE}\r\nContent-Disposition: form-data; name=\"{name}\"{more}\r\n\r\n");
        body.extend_from_slice(head.as_bytes());
        body.extend_from_slice(bytes);
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(format!("--{EDGE}--\r\n").as_bytes());
    body
}

/// The request it is sent with.
pub fn sent(path: &str, body: Vec<u8>) -> Request<Body> {
    let kind = format!("multipart/form-data; boundary={EDGE}");
    Request::post(path).header("content-type", kind).body(Body::from(body)).unwrap()
}
