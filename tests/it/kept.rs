//! Answers that are kept: the same as those that are found out anew, at every time, and never older than an act.

use crate::harness::{Answer, BODY, TestApp, decision, noon};
use crate::views_kit::{TrialSource, Ways};
use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request, header};
use flate2::Compression;
use flate2::bufread::GzEncoder;
use flate2::read::GzDecoder;
use http_body_util::BodyExt as _;
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use starmark::http::{Limits, router};
use starmark::sign::{KeyId, Purpose};
use starmark::store::StoreError;
use starmark::store::disk::MemoryDisk;
use starmark::store::engine::Engine;
use starmark::store::journal::Options;
use starmark::store::views::Settling;
use std::io::Read as _;
use std::num::NonZeroU32;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tower::ServiceExt as _;

/// A register in which each certificate stands otherwise on 2027-05-20, and the paths of everything that is kept of it.
async fn register() -> (TestApp, Vec<String>) {
    let app = TestApp::on("2026-05-20");
    let mut paths = vec![];
    let mut ids = vec![];
    for n in 1..=7 {
        let issued = app.issue(&decision(&format!("D-{n}"), "2026-05-20")).await;
        let id = issued["id"].as_str().unwrap().to_owned();
        let request = json!({"medium": "advertising", "brand": "示例"});
        let licence = app.post(&format!("/api/v1/issuing/certificates/{id}/marks"), &request).await.is(201).json();
        let mark = licence["id"].as_str().unwrap().to_owned();
        for path in [format!("/c/{id}"), format!("/m/{mark}"), format!("/m/{}", licence["digits"].as_str().unwrap())] {
            paths.extend([format!("{path}?lang=en"), path]);
        }
        paths.extend([format!("/api/v1/certificates/{id}"), format!("/api/v1/certificates/{id}/credential")]);
        paths.extend([
            format!("/api/v1/marks/{mark}"),
            format!("/api/v1/marks/{}", licence["digits"].as_str().unwrap()),
        ]);
        ids.push((id, mark));
    }
    app.today("2027-05-20");
    app.order(&ids[1].0, "suspension", json!({"reason": "0111"})).await.is(200);
    // From the next day on.
    app.order(&ids[2].0, "suspension", json!({"reason": "0111", "effective_on": "2027-05-21"})).await.is(200);
    app.order(&ids[3].0, "withdrawal", json!({"reason": "0117"})).await.is(200);
    app.order(&ids[4].0, "cancellation", json!({"reason": "holder_request"})).await.is(200);
    app.post(&format!("/api/v1/issuing/marks/{}/revocation", ids[5].1), &json!({"reason": "misuse"})).await.is(200);
    app.service.wait_for_log();
    (app, paths)
}

/// Views that find out, when they settle, that they are not what was written.
struct Doubtful(AtomicBool);

impl Ways for Doubtful {
    fn settling(&self) -> Settling {
        if self.0.load(Ordering::Acquire) { Settling::Due } else { Settling::None }
    }

    fn settle(&self) -> Result<(), StoreError> {
        let why = "a pair is gone".to_owned();
        Err(StoreError::Corrupt { table: "views", key: "(any)".into(), field: "pairs", why })
    }
}

/// What is kept, what is signed in memory, what is searched: a suspension may be what the pairs lack.
#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_told_by_pairs_that_are_known_to_be_wrong() {
    let wrong = Arc::new(Doubtful(AtomicBool::new(false)));
    let source = TrialSource(wrong.clone());
    let options = Options { segment_bytes: 1 << 20, min_free_bytes: 0 };
    let app = TestApp::with_store("2026-05-20", BODY, |_| {
        Arc::new(Engine::create(Arc::new(MemoryDisk::new()), Path::new("/data"), options, &source).unwrap())
    });
    let id = app.issue(&decision("D-1", "2026-05-20")).await["id"].as_str().unwrap().to_owned();
    let told = [
        format!("/api/v1/certificates/{id}"),
        format!("/c/{id}"),
        "/status/revocation/1".to_owned(),
        "/status/marks".to_owned(),
        "/?q=%E7%A4%BA%E4%BE%8B".to_owned(),
    ];
    for path in &told {
        app.get(path).await.is(200);
        app.get(path).await.is(200);
    }
    for path in ["/healthz", "/readyz", "/metrics"] {
        app.get(path).await.is(200);
    }
    wrong.0.store(true, Ordering::Release);
    // What was on its way is on record, and answered so.
    app.issue(&decision("D-2", "2026-05-20")).await;
    let until = std::time::Instant::now() + std::time::Duration::from_secs(20);
    while app.service.store().believable().is_ok() {
        assert!(std::time::Instant::now() < until, "nobody noticed");
        tokio::time::sleep(std::time::Duration::from_millis(2)).await;
    }
    for path in &told {
        let answer = app.get(path).await.is(500);
        assert!(!answer.text().contains("VALID") && !answer.text().contains("\"valid\""), "{path}");
    }
    for path in [told[0].as_str(), "/healthz"] {
        assert_eq!(app.get(path).await.is(500).json()["code"], "register_damaged", "{path}");
    }
    app.get("/readyz").await.is(503);
    app.get("/metrics").await.is(200);
}

/// A router that has kept nothing yet.
fn anew(app: &TestApp) -> Router {
    router(app.service.clone(), "https://xb.example.cn", Limits { per_second: None, ..Limits::DEFAULT })
}

async fn asked(router: &Router, path: &str, headers: &[(&str, &str)]) -> Answer {
    let request = headers.iter().fold(Request::get(path), |request, (name, value)| request.header(*name, *value));
    let response = router.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
    let (parts, body) = response.into_parts();
    let bytes = body.collect().await.unwrap().to_bytes().to_vec();
    Answer { status: parts.status, headers: parts.headers, bytes }
}

/// All but what names the one request, and how long it is: packed once or each time, it is not the same.
fn but_own(headers: &HeaderMap) -> HeaderMap {
    let mut headers = headers.clone();
    headers.remove("x-request-id").expect("every request has a name");
    headers.remove("content-length");
    headers
}

fn unpacked(answer: &Answer) -> String {
    let mut text = String::new();
    match answer.headers.get("content-encoding") {
        Some(_) => GzDecoder::new(&answer.bytes[..]).read_to_string(&mut text).unwrap(),
        None => (&answer.bytes[..]).read_to_string(&mut text).unwrap(),
    };
    text
}

/// As an answer is packed that is not kept so.
fn packed_anew(answer: &Answer) -> Vec<u8> {
    let mut packed = vec![];
    GzEncoder::new(unpacked(answer).as_bytes(), Compression::fast()).read_to_end(&mut packed).unwrap();
    packed
}

fn after(at: Timestamp, seconds: i64) -> Timestamp {
    at + SignedDuration::from_millis(seconds * 1_000 + 123)
}

#[tokio::test]
async fn what_is_kept_is_what_is_found_out_anew_at_every_time() {
    let (app, paths) = register().await;
    let noon = noon("2027-05-20");
    // Within the day; at its end; on the next, when something takes effect; when surveillance is overdue; when all have expired.
    for at in [0, 61, 39_000, 43_199, 43_200, 86_400, 86_400 * 200, 86_400 * 800, 86_400 * 800 + 5] {
        app.clock.set(after(noon, at));
        let fresh = anew(&app);
        for path in &paths {
            for headers in [&[][..], &[("accept-language", "en")], &[("accept-encoding", "gzip")]] {
                let (kept, new) = (asked(&app.router, path, headers).await, asked(&fresh, path, headers).await);
                // Asked for packed, it is packed once and lies there so.
                let (again, third) = (asked(&app.router, path, headers).await, asked(&app.router, path, headers).await);
                for found in [&kept, &again, &third] {
                    assert_eq!(found.status, new.status, "{path} at {at}");
                    assert_eq!(found.headers["content-length"], found.bytes.len().to_string());
                    assert_eq!(but_own(&found.headers), but_own(&new.headers), "{path} at {at}");
                    assert_eq!(unpacked(found), unpacked(&new), "{path} at {at}");
                }
                // Packed each time, or once with room for the time: that is seen behind the ten bytes of the head.
                if third.headers.contains_key("content-encoding") {
                    assert_ne!(third.bytes[10..], packed_anew(&third)[10..], "{path}");
                }
                assert_ne!(kept.headers["x-request-id"], again.headers["x-request-id"]);
                let text = unpacked(&new);
                assert!(!text.contains(['\u{fdd0}', '\u{fdd1}', '\u{fdd2}', '\u{fdd3}']), "{path}");
            }
        }
    }
}

#[tokio::test]
async fn an_act_is_told_at_once_whatever_it_is() {
    let app = TestApp::on("2026-05-20");
    let (one, other) =
        (app.issue(&decision("D-1", "2026-05-20")).await, app.issue(&decision("D-2", "2026-05-20")).await);
    let (id, other) = (one["id"].as_str().unwrap(), other["id"].as_str().unwrap());
    for round in 0..4 {
        assert_eq!((app.standing(id).await, app.standing(other).await), ("valid".into(), "valid".into()));
        app.order(id, "suspension", json!({"reason": "0111"})).await.is(200);
        assert_eq!(
            (app.standing(id).await, app.standing(other).await),
            ("suspended".into(), "valid".into()),
            "{round}"
        );
        app.clock.set(after(noon("2026-05-20"), round * 5));
        app.order(id, "reinstatement", json!({})).await.is(200);
    }
    // A key that leaked concerns all that it signed.
    let key = |answer: &Answer| answer.json()["checks"][1]["code"].clone();
    let path = format!("/api/v1/certificates/{other}");
    assert_eq!(key(&app.get(&path).await), "key_in_window");
    app.rotate(Purpose::Credential);
    app.service
        .compromise_key(
            &starmark::service::Act::by(starmark::service::Actor::local("test")),
            KeyId::parse("credential-1").unwrap(),
            Some(noon("2026-05-01")),
        )
        .unwrap();
    assert_eq!(key(&app.get(&path).await), "key_compromised");
}

#[tokio::test]
async fn who_holds_an_answer_is_told_whether_it_is_still_so() {
    let app = TestApp::on("2026-05-20");
    let issued = app.issue(&decision("D-1", "2026-05-20")).await;
    let id = issued["id"].as_str().unwrap();
    let path = format!("/api/v1/certificates/{id}");
    let first = app.get(&path).await.is(200);
    let tag = first.headers[header::ETAG].to_str().unwrap().to_owned();
    assert_eq!(first.headers[header::CACHE_CONTROL], "no-cache");
    app.clock.set(after(noon("2026-05-20"), 3_600));
    for held in [tag.clone(), tag.replace("W/", ""), format!("\"x\", {tag}"), "*".into()] {
        for router in [app.router.clone(), anew(&app)] {
            let same = asked(&router, &path, &[("if-none-match", &held)]).await.is(304);
            assert_eq!((same.bytes.len(), &same.headers[header::ETAG]), (0, &tag.parse().unwrap()), "{held}");
        }
    }
    assert_eq!(asked(&app.router, &path, &[("if-none-match", "\"other\"")]).await.status, 200);
    app.order(id, "suspension", json!({"reason": "0111"})).await.is(200);
    let changed = asked(&app.router, &path, &[("if-none-match", &tag)]).await.is(200);
    assert_ne!(changed.headers[header::ETAG], tag);
    // A page would be shown with the time at which it was fetched.
    assert!(!app.get(&format!("/c/{id}")).await.headers.contains_key(header::ETAG));
}

#[tokio::test]
async fn what_is_kept_counts_as_a_request_and_a_scan_as_a_scan() {
    let app = TestApp::on("2026-05-20");
    let issued = app.issue(&decision("D-1", "2026-05-20")).await;
    let id = issued["id"].as_str().unwrap();
    let request = json!({"medium": "advertising", "brand": "示例"});
    let mark = app.post(&format!("/api/v1/issuing/certificates/{id}/marks"), &request).await.is(201).json();
    let mark = mark["id"].as_str().unwrap().to_owned();
    for _ in 0..120 {
        app.get(&format!("/m/{mark}")).await.is(200);
        asked(&app.router, &format!("/m/{mark}"), &[("user-agent", "ExampleBot/1.0")]).await.is(200);
    }
    let found = app.staff_get("/api/v1/issuing/signals").await.is(200).json();
    assert_eq!((&found[0]["mark"], &found[0]["scans"]), (&json!(mark), &json!(120)), "{found}");
    let few = NonZeroU32::new(3).unwrap();
    let app = app.behind(Limits { per_second: NonZeroU32::new(1), burst: few, ..Limits::DEFAULT });
    let statuses = [0; 5].map(|_| format!("/c/{id}"));
    let mut told = vec![];
    for path in statuses {
        told.push(app.get(&path).await.status.as_u16());
    }
    assert_eq!(told, [200, 200, 200, 429, 429]);
}

#[tokio::test]
async fn by_a_clock_that_is_wrong_nothing_that_is_kept_is_given_out() {
    let app = TestApp::on("2026-05-20");
    let issued = app.issue(&decision("D-1", "2026-05-20")).await;
    let path = format!("/api/v1/certificates/{}", issued["id"].as_str().unwrap());
    assert_eq!(app.get(&path).await.json()["verdict"], "valid");
    app.clock.set(noon("2026-05-20") - SignedDuration::from_mins(6));
    assert_eq!(app.get(&path).await.json()["verdict"], "undetermined");
    app.clock.set(noon("2026-05-20"));
    assert_eq!(app.get(&path).await.json()["verdict"], "valid");
}

#[tokio::test]
async fn what_is_kept_is_given_out_without_being_found_out_again() {
    let (app, paths) = register().await;
    for path in &paths {
        app.get(path).await.is(200);
    }
    app.damage_journal();
    let fresh = anew(&app);
    for path in &paths {
        let answer = app.get(path).await;
        assert_eq!(answer.status, 200, "{path}: it was kept");
        assert_ne!(asked(&fresh, path, &[]).await.status, 200, "{path}: nothing is found out any more");
    }
    // Of another day nothing is kept.
    app.today("2027-05-21");
    for path in &paths {
        assert_ne!(app.get(path).await.status, 200, "{path}");
    }
}
