//! What a reader's browser is given to verify by itself: modules that are whole, one page's own bundle, and nothing without
//! script.

use crate::harness::{TestApp, decision};
use crate::vectors_support::root;
use jiff::SignedDuration;
use serde_json::json;

/// The value of an attribute, as it stands in the page.
#[track_caller]
fn attribute<'p>(page: &'p str, name: &str) -> &'p str {
    let from = format!("{name}=\"");
    page.split_once(&from).unwrap_or_else(|| panic!("no {name}: {page}")).1.split('"').next().unwrap()
}

fn instant(text: &str) -> jiff::Timestamp {
    text.parse().unwrap()
}

#[tokio::test]
async fn a_certificates_page_says_of_which_moment_it_is_and_keeps_room_for_the_answer() {
    let app = TestApp::on("2026-05-08");
    let issued = app.issue(&decision("D-1", "2026-05-08")).await;
    let id = issued["id"].as_str().unwrap();
    let page = app.get(&format!("/c/{id}")).await.is(200).text();
    assert!(page.contains("到 <span class=\"date\">2029-05-07</span></span>"), "room for the answer: {page}");
    let made_at = app.get(&format!("/api/v1/bundle/{id}")).await.is(200).json()["made_at"].as_str().map(instant);
    // A millisecond later, where it would end in a zero.
    assert_eq!(made_at.map(|at| at + SignedDuration::from_millis(1)), Some(instant(attribute(&page, "data-now"))));
    assert_eq!(attribute(&page, "data-now"), instant(attribute(&page, "data-now")).to_string(), "its one form");
    assert!(!page.contains("data-at="));
    app.today("2026-06-01");
    app.order(id, "suspension", json!({"reason": "0112"})).await.is(200);
    let page = app.get(&format!("/c/{id}")).await.text();
    assert!(page.contains("<del>五星级</del> · 暂停，<span class=\"date\">2026-06-01</span> 起"), "{page}");
    let today = app.get(&format!("/c/{id}?as_of=2026-06-01")).await.is(200).text();
    assert_eq!(attribute(&today, "data-at"), attribute(&today, "data-now"));
    let then = app.get(&format!("/c/{id}?as_of=2026-05-20")).await.is(200).text();
    assert_eq!(attribute(&then, "data-at"), "2026-05-20T15:59:59Z");
    let bundle = app.get(&format!("/api/v1/bundle/{id}?as_of={}", attribute(&then, "data-at"))).await.is(200).json();
    assert_eq!(bundle["status_lists"][0]["validFrom"], "2026-05-20T15:59:59Z");
}

#[tokio::test]
async fn nothing_is_offered_where_no_bundle_tells_the_same() {
    let app = TestApp::on("2026-05-08");
    let issued = app.issue(&decision("D-1", "2026-05-08")).await;
    let id = issued["id"].as_str().unwrap();
    let marks = format!("/api/v1/issuing/certificates/{id}/marks");
    let mark = app.post(&marks, &json!({"medium": "packaging"})).await.is(201).json();
    for path in [
        format!("/c/{id}?known_at=2026-05-08"),
        format!("/c/{id}?as_of=2027-01-01"),
        "/c/0000000000000018".to_owned(),
        format!("/m/{}", mark["id"].as_str().unwrap()),
        "/".to_owned(),
    ] {
        // Data for search engines is no script.
        let page = app.get(&path).await.text().replace("<script type=\"application/ld+json\">", "");
        assert!(!page.contains("<script") && !page.contains("data-now") && !page.contains("modulepreload"), "{path}");
    }
}

#[tokio::test]
async fn the_modules_come_whole_under_an_address_of_their_own() {
    let app = TestApp::on("2026-05-08");
    let issued = app.issue(&decision("D-1", "2026-05-08")).await;
    for path in [format!("/c/{}", issued["id"].as_str().unwrap()), "/verify".to_owned()] {
        let page = app.get(&path).await.is(200).text();
        let run = attribute(&page, "<script type=\"module\" src").to_owned();
        let version = run.split('/').nth(3).unwrap();
        assert!(!page.contains("modulepreload"), "one file");
        let whole = app.get(&run).await.is(200);
        assert_eq!(whole.headers["content-type"], "text/javascript; charset=utf-8");
        assert!(whole.headers["cache-control"].to_str().unwrap().contains("immutable"));
        for file in std::fs::read_dir(root("assets/verify")).unwrap().map(Result::unwrap) {
            let name = file.file_name().into_string().unwrap();
            if !name.ends_with(".js") {
                continue;
            }
            let as_written = std::fs::read_to_string(file.path()).unwrap();
            assert_eq!(app.get(&format!("/assets/verify/{version}/{name}")).await.is(200).text(), as_written, "{name}");
        }
        // Another version's address has nothing, so that two versions never meet.
        app.get(&run.replace(version, "0000000000000000")).await.is(404);
        app.get(&format!("/assets/verify/{version}/../style.css")).await.is(404);
        app.get(&format!("/assets/verify/{version}/vendor/qr/decode.js")).await.is(200);
    }
}

#[test]
fn the_decoder_of_others_is_what_was_published() {
    use sha2::{Digest as _, Sha256};
    let note = std::fs::read_to_string(root("assets/verify/vendor/README.md")).unwrap();
    for file in ["decode.js", "index.js", "LICENSE", "LICENSE-MIT"] {
        let bytes = std::fs::read(root("assets/verify/vendor/qr").join(file)).unwrap();
        let digest: String = Sha256::digest(bytes).iter().map(|b| format!("{b:02x}")).collect();
        assert!(note.contains(&digest), "{file} is not the one the note names: {digest}");
    }
}
