//! What a stranger is held to, and what stands on every answer.

use crate::harness::{Answer, TestApp, decision};
use axum::Router;
use axum::body::Body;
use axum::http::{HeaderName, Request};
use http_body_util::BodyExt as _;
use serde_json::json;
use starmark::http::{BODY_MAX, Limits, router};
use std::num::NonZeroU32;
use tower::ServiceExt as _;

/// Requests tried: far more than one address gets in the time they take.
const TRIES: u32 = 60;

/// One request a second and three at once, for each address that the header names.
fn strict(app: &TestApp, client_header: Option<HeaderName>) -> Router {
    let (per_second, burst) = (NonZeroU32::new(1), NonZeroU32::new(3).unwrap());
    let limits = Limits { per_second, burst, client_header, ..Limits::DEFAULT };
    router(app.service.clone(), "https://xb.example.cn", limits)
}

async fn from(router: &Router, client: &str) -> Answer {
    let request = Request::get("/healthz").header("x-real-ip", client).body(Body::empty()).unwrap();
    let (parts, body) = router.clone().oneshot(request).await.unwrap().into_parts();
    let bytes = body.collect().await.unwrap().to_bytes().to_vec();
    Answer { status: parts.status, headers: parts.headers, bytes }
}

/// The first answer that is a refusal, of so many from these addresses.
async fn refusal(router: &Router, address: impl Fn(u32) -> String) -> Option<Answer> {
    for n in 0..TRIES {
        let answer = from(router, &address(n)).await;
        if answer.status != 200 {
            return Some(answer);
        }
    }
    None
}

#[tokio::test]
async fn one_address_asks_so_often_and_takes_nothing_from_others() {
    let app = TestApp::on("2026-05-08");
    let header = HeaderName::from_static("x-real-ip");
    let router = strict(&app, Some(header));
    let refused = refusal(&router, |_| "192.0.2.1".into()).await.expect("one address is bounded");
    assert_eq!((refused.status.as_u16(), &refused.json()["code"]), (429, &json!("too_many_requests")));
    assert_eq!(refused.headers["retry-after"], "5");
    assert_strict("a refusal", &refused);
    assert!(refusal(&router, |n| format!("198.51.100.{n}")).await.is_none(), "each other one has its own");
    let network = refusal(&router, |n| format!("2001:db8:0:7::{n:x}")).await;
    assert!(network.is_some(), "an IPv6 network of 64 bits is one client");
    assert!(refusal(&router, |n| format!("2001:db8:1:{n:x}::1")).await.is_none());
    // Where no proxy is named its header is anybody's word.
    assert!(refusal(&strict(&app, None), |n| format!("203.0.113.{n}")).await.is_some());
    assert!(Limits::DEFAULT.per_second.is_some(), "there is a limit unless one is taken away");
}

#[tokio::test]
async fn a_body_has_its_bound_and_not_a_byte_more() {
    let app = TestApp::on("2026-05-08");
    let post =
        async |length: usize| app.post_as(&app.token, None, "/api/v1/issuing/certificates", vec![b' '; length]).await;
    post(BODY_MAX + 1).await.refused(413, "body_too_large", "");
    post(BODY_MAX).await.refused(400, "json_too_large", "");
}

/// The policy of every answer but a page that runs our verifier.
const STRICT: &str = "default-src 'none'; style-src 'self'; img-src 'self'; manifest-src 'self'; form-action 'self'; \
                      base-uri 'none'; frame-ancestors 'none'";
/// The policy of such a page.
const SCRIPTED: &str = "default-src 'none'; script-src 'self'; connect-src 'self'; style-src 'self'; img-src 'self'; \
                        manifest-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; \
                        require-trusted-types-for 'script'; trusted-types 'none'";
/// The policy of the worker.
const WORKING: &str = "default-src 'none'; connect-src 'self'";
/// The policy of a picture that stands on other people's sites.
const PICTURED: &str = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; sandbox";
/// The policy of the one page that stands in other people's frames.
const FRAMED: &str = "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors *";
/// What else stands on every answer, whatever it says.
const EVERYWHERE: [(&str, &str); 6] = [
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "no-referrer"),
    ("x-frame-options", "DENY"),
    ("strict-transport-security", "max-age=63072000; includeSubDomains"),
    ("permissions-policy", "camera=(self), geolocation=(), microphone=(), payment=()"),
    ("cross-origin-opener-policy", "same-origin"),
];

#[track_caller]
fn assert_strict(what: &str, answer: &Answer) {
    assert_headers(what, answer, STRICT);
}

#[track_caller]
fn assert_headers(what: &str, answer: &Answer, policy: &str) {
    for (name, value) in EVERYWHERE.into_iter().chain([("content-security-policy", policy)]) {
        let found: Vec<_> = answer.headers.get_all(name).iter().collect();
        assert_eq!(found, [value], "{what}: {name}");
    }
    assert_eq!(answer.headers["x-request-id"].len(), 16, "{what}");
    assert!(answer.headers.contains_key("cache-control"), "{what}");
    assert!(!answer.headers.contains_key("set-cookie") && !answer.headers.contains_key("server"), "{what}");
}

/// Addresses where there is something.
fn addresses(id: &str, name: &str, digits: &str) -> Vec<String> {
    let there = [
        "/",
        "/?q=%E7%A4%BA",
        "/assets/style.css",
        "/assets/icon.svg",
        "/favicon.ico",
        "/.well-known/did.json",
        "/.well-known/jwks.json",
        "/ns/v1",
        "/openapi.json",
        "/help",
        "/help?lang=en",
        "/developers",
        "/formats/SPEC-keys.md",
        "/offline",
        "/sw.js",
        "/manifest.webmanifest",
        "/assets/icons/192.png",
        "/status/marks",
        "/healthz",
        "/readyz",
        "/metrics",
        "/api/v1/certificates?number=1",
        "/verify",
        "/verify?lang=en",
        "/scan",
        "/tender",
        "/badge",
        "/report",
        "/report?about=1&lang=en",
        "/watch",
        "/watch?lang=en",
        "/formats/SPEC-webhooks.md",
        "/embed/badge.js",
        "/assets/badge.css",
        "/scan?code=https://evil.example/m/1",
    ];
    let about = [
        format!("/c/{id}"),
        format!("/c/{id}?lang=en"),
        format!("/c/{id}?as_of=2026-05-08"),
        format!("/c/{id}?as_of=2027-01-01"),
        format!("/c/{id}?known_at=2026-05-08"),
        format!("/badge?q={id}"),
        format!("/m/{name}"),
        format!("/m/{digits}"),
        format!("/api/v1/certificates/{id}"),
        format!("/api/v1/certificates/{id}/credential"),
        format!("/api/v1/certificates/{id}/history"),
        format!("/api/v1/marks/{digits}"),
    ];
    there.iter().map(|path| (*path).to_owned()).chain(about).collect()
}

#[tokio::test]
async fn every_answer_is_strict_whatever_it_says() {
    let app = TestApp::on("2026-05-08");
    let id = app.issue(&decision("D-1", "2026-05-08")).await["id"].as_str().unwrap().to_owned();
    let marks = format!("/api/v1/issuing/certificates/{id}/marks");
    let mark = app.post(&marks, &json!({"medium": "packaging"})).await.is(201).json();
    let (name, digits) = (mark["id"].as_str().unwrap(), mark["digits"].as_str().unwrap());
    let there = addresses(&id, name, digits);
    // Of what was known at another time, and of a time to come, no bundle tells.
    let scripted = ["", "?lang=en", "?as_of=2026-05-08"].map(|query| format!("/c/{id}{query}"));
    let scripted: Vec<String> = scripted.into_iter().chain(["/verify", "/verify?lang=en"].map(str::to_owned)).collect();
    // Pages that may install the worker have its address for their one trusted type.
    let keeping = ["/offline", "/scan", "/scan?code=https://evil.example/m/1"];
    let keeper = SCRIPTED.replace("trusted-types 'none'", "trusted-types worker");
    let elsewhere = [
        "/?q=29326SC00001R0M",
        "/?q=nobody",
        "/c/1",
        "/m/1",
        "/nowhere",
        "/api/v1/nowhere",
        "/api/v1/certificates",
        "/api/v1/certificates/1",
        "/api/v1/issuing/due",
    ];
    let there = there.into_iter().map(|path| (path, true));
    for (path, is_there) in there.chain(elsewhere.iter().map(|path| ((*path).to_owned(), false))) {
        let answer = app.get(&path).await;
        assert_eq!(answer.status == 200, is_there, "{path}: {}", answer.status);
        let keeps = keeping.contains(&path.as_str());
        let scripts = keeps || scripted.contains(&path);
        let policy = match path.as_str() {
            "/sw.js" => WORKING,
            _ if keeps => &keeper,
            _ if scripts => SCRIPTED,
            _ => STRICT,
        };
        assert_headers(&path, &answer, policy);
        if answer.headers.get("content-type").is_some_and(|t| t == "text/html; charset=utf-8") {
            // Data for search engines is no script: nothing runs it.
            let html = answer.text();
            let count = |what: &str| html.matches(what).count();
            let data = count("<script type=\"application/ld+json\">");
            let ours = count("<script type=\"module\" src=\"/assets/");
            assert!(data <= usize::from(path.starts_with("/c/") || path.starts_with("/m/")), "{path}: {data}");
            assert_eq!((count("<script") - data, ours), if scripts { (1, 1) } else { (0, 0) }, "{path}");
            assert!(!html.contains("<style") && !html.contains(" style="), "{path}");
            assert!(!html.contains(" onclick=") && !html.contains("javascript:"), "{path}");
        }
    }
    assert_strict(
        "artwork",
        &app.staff_get(&format!("/api/v1/issuing/marks/{name}/artwork?layout=small")).await.is(200),
    );
    assert_strict("a conflict", &app.post(&marks, &json!({"medium": "packaging"})).await.is(409));
    assert_strict("a broken body", &app.post_as(&app.token, Some("k"), &marks, "{").await.is(400));
    let request = Request::delete("/api/v1/certificates").body(Body::empty()).unwrap();
    assert_strict("another method", &app.send(request).await.is(405));
}

#[tokio::test]
async fn what_stands_on_other_sites_is_as_strict_but_for_where_it_stands() {
    let app = TestApp::on("2026-05-08");
    let id = app.issue(&decision("D-1", "2026-05-08")).await["id"].as_str().unwrap().to_owned();
    assert_headers("a badge", &app.get(&format!("/c/{id}/badge.svg")).await.is(200), PICTURED);
    let mut framed = app.get(&format!("/c/{id}/badge")).await.is(200);
    assert_eq!(
        framed.headers.insert("x-frame-options", "DENY".parse().unwrap()),
        None,
        "the one page that may be framed"
    );
    assert_headers("a badge in a frame", &framed, FRAMED);
}

#[tokio::test]
async fn answers_travel_packed_but_where_they_hold_secrets() {
    let app = TestApp::on("2026-05-08");
    let id = app.issue(&decision("D-1", "2026-05-08")).await["id"].as_str().unwrap().to_owned();
    let ask = async |path: &str, token: Option<&str>| {
        let request = Request::get(path).header("accept-encoding", "gzip, br");
        let request = token.iter().fold(request, |r, t| r.header("authorization", format!("Bearer {t}")));
        app.send(request.body(Body::empty()).unwrap()).await.is(200)
    };
    for path in ["/", &format!("/c/{id}"), &format!("/api/v1/bundle/{id}"), "/help", "/.well-known/did.json"] {
        let packed = ask(path, None).await;
        assert_eq!((&packed.headers["content-encoding"], packed.bytes[0]), (&"gzip".parse().unwrap(), 0x1f), "{path}");
        let plain = app.get(path).await.is(200);
        assert!(!plain.headers.contains_key("content-encoding"), "{path}");
        for answer in [&packed, &plain] {
            let vary: Vec<_> = answer.headers.get_all("vary").iter().map(|v| v.to_str().unwrap()).collect();
            assert!(vary.contains(&"accept-encoding"), "{path}: {vary:?}");
        }
        assert!(packed.bytes.len() < plain.bytes.len() / 3 * 2, "{path}");
    }
    let token = app.token.clone();
    for path in [format!("/api/v1/issuing/certificates/{id}/decision"), "/issuing".to_owned()] {
        let answer = ask(&path, Some(&token)).await;
        assert!(answer.bytes.len() > 1_000 && !answer.headers.contains_key("content-encoding"), "{path}");
    }
}
