//! The list of marks as anybody fetches it: what it says of every mark, and what an answer without a network makes of it.

use crate::cli_kit::run_in;
use crate::harness::{TestApp, decision, noon};
use serde_json::{Value, json};
use starmark::domain::MarkId;
use starmark::domain::mark_licence::MarkState;
use starmark::service::{Act, Actor};
use starmark::sign::{KeyDocument, KeyId, MarkList, Purpose};
use starmark::verify::mark::verify_offline;
use starmark::verify::mark_list::verified;
use starmark::verify::{Outcome, Source};
use std::collections::BTreeMap;

const LIST: &str = "/status/marks";

async fn keys(app: &TestApp) -> KeyDocument {
    KeyDocument::parse(&app.get("/.well-known/did.json").await.is(200).bytes).unwrap()
}

/// The list as a verifier reads it.
async fn list(app: &TestApp) -> MarkList {
    verified(&app.get(LIST).await.is(200).bytes, &keys(app).await, app.service.now()).unwrap()
}

async fn told(app: &TestApp) -> BTreeMap<String, MarkState> {
    list(app).await.marks.into_iter().map(|(id, state)| (id.to_string(), state)).collect()
}

/// A certificate issued today, and a mark on it in use.
async fn marked(app: &TestApp, reference: &str, day: &str) -> (String, String) {
    let id = app.issue(&decision(reference, day)).await["id"].as_str().unwrap().to_owned();
    let path = format!("/api/v1/issuing/certificates/{id}/marks");
    let mark = app.post(&path, &json!({"medium": "packaging"})).await.is(201).json();
    (id, mark["id"].as_str().unwrap().to_owned())
}

async fn mark_order(app: &TestApp, mark: &str, what: &str, body: &Value) {
    app.post(&format!("/api/v1/issuing/marks/{mark}/{what}"), body).await.is(200);
}

fn digits(app: &TestApp, mark: &str) -> String {
    let licence = app.service.store().mark(MarkId::parse(mark).unwrap()).unwrap().unwrap();
    licence.digits().unwrap().to_owned()
}

#[tokio::test]
async fn it_says_of_every_mark_what_its_licence_says() {
    let app = TestApp::on("2026-05-08");
    let mut all = vec![];
    for n in 0..6 {
        all.push(marked(&app, &format!("D-{n}"), "2026-05-08").await);
    }
    assert_eq!(told(&app).await, BTreeMap::new(), "all of them hold");
    app.today("2026-05-20");
    app.order(&all[0].0, "suspension", json!({"reason": "0112"})).await.is(200);
    app.order(&all[1].0, "withdrawal", json!({"reason": "0199"})).await.is(200);
    let next = json!({"reason": "reissued", "decision": decision("D-9", "2026-05-20")});
    app.order(&all[2].0, "supersession", next).await.is(201);
    mark_order(&app, &all[3].1, "revocation", &json!({"reason": "misuse"})).await;
    mark_order(&app, &all[4].1, "investigation", &json!({"note": "示例举报"})).await;
    let state = |n: usize, state| (all[n].1.clone(), state);
    let mut expected = BTreeMap::from([
        state(0, MarkState::Frozen),
        state(1, MarkState::Ended),
        state(2, MarkState::Replaced),
        state(3, MarkState::Revoked),
        state(4, MarkState::UnderInvestigation),
    ]);
    assert_eq!(told(&app).await, expected);
    // Each as its own page says, too.
    for (_, mark) in &all {
        let licence = app.get(&format!("/api/v1/marks/{mark}")).await.json()["licence"]["state"].clone();
        let said = expected.get(mark).map_or("active", |state| state.wire());
        assert_eq!(licence, said, "{mark}");
    }
    app.today("2026-06-01");
    app.order(&all[0].0, "reinstatement", json!({})).await.is(200);
    mark_order(&app, &all[4].1, "clearance", &json!({"note": "示例不属实"})).await;
    expected.retain(|_, state| !matches!(state, MarkState::Frozen | MarkState::UnderInvestigation));
    assert_eq!(told(&app).await, expected, "what was lifted is in use again");
    let app = app.restarted(|_| ());
    assert_eq!(told(&app).await, expected, "the same from the disk");
    app.today("2029-05-08");
    assert_eq!(told(&app).await, BTreeMap::new(), "a code says its last day itself");
}

#[tokio::test]
async fn what_is_planned_is_told_from_its_day_on() {
    let app = TestApp::on("2026-05-08");
    let (id, mark) = marked(&app, "D-1", "2026-05-08").await;
    app.today("2026-05-20");
    let mut later = decision("D-2", "2026-05-20");
    later["issued_on"] = json!("2026-06-01");
    let next = json!({"reason": "reissued", "decision": later});
    app.order(&id, "supersession", next).await.is(201);
    assert_eq!(told(&app).await, BTreeMap::new());
    app.today("2026-06-02");
    assert_eq!(told(&app).await, BTreeMap::from([(mark, MarkState::Replaced)]));
}

#[tokio::test]
async fn an_answer_without_a_network_is_never_better_for_it() {
    let app = TestApp::on("2026-05-08");
    let (id, mark) = marked(&app, "D-1", "2026-05-08").await;
    let code = digits(&app, &mark);
    let before = list(&app).await;
    app.today("2026-05-20");
    app.order(&id, "suspension", json!({"reason": "0112"})).await.is(200);
    let (keys, after, now) = (keys(&app).await, list(&app).await, app.service.now());
    let at = |text: &str, list: Option<&MarkList>, at| {
        let verdict = verify_offline(text, &keys, list, now, at).verdict;
        let status = verdict.checks.iter().find(|c| c.check == starmark::verify::CheckName::Status);
        (verdict.verdict, status.map_or("none", |c| c.code))
    };
    assert_eq!(at(&code, None, now), (Outcome::Valid, "status_not_asked"));
    assert_eq!(at(&code, Some(&before), now), (Outcome::Valid, "mark_not_listed"));
    assert_eq!(at(&code, Some(&after), now), (Outcome::Invalid, "mark_frozen"));
    assert_eq!(at(&mark, None, now), (Outcome::Undetermined, "none"), "a number alone carries no signature");
    assert_eq!(at(&mark, Some(&before), now), (Outcome::Undetermined, "none"));
    assert_eq!(at(&mark, Some(&after), now), (Outcome::Invalid, "mark_frozen"));
    // Of the time before it a list says nothing, of the time to come nobody knows.
    let (then, ahead) = (before.as_of, now + jiff::SignedDuration::from_hours(24));
    assert_eq!(at(&code, Some(&before), then - jiff::SignedDuration::from_hours(1)).1, "status_not_asked");
    assert_eq!(at(&code, Some(&after), then), (Outcome::Undetermined, "mark_listed_later"));
    assert_eq!(at(&code, Some(&before), ahead), (Outcome::Undetermined, "mark_not_listed"));
    // A device whose clock is behind asks about now all the same.
    let slow = verify_offline(&code, &keys, Some(&after), then, then).verdict;
    assert_eq!(slow.verdict, Outcome::Invalid);
    assert!(slow.checks.iter().any(|c| c.source == Source::MarkList && c.known_at == then));
}

#[tokio::test]
async fn only_the_bodys_own_list_counts() {
    let app = TestApp::on("2026-05-08");
    let (id, _) = marked(&app, "D-1", "2026-05-08").await;
    app.order(&id, "suspension", json!({"reason": "0112"})).await.is(200);
    let (keys, now) = (keys(&app).await, app.service.now());
    let bytes = app.get(LIST).await.is(200).bytes;
    let text = String::from_utf8(bytes.clone()).unwrap();
    let code = |bytes: &[u8]| verified(bytes, &keys, now).unwrap_err().code;
    assert_eq!(code(text.replace("frozen", "ended").as_bytes()), "signature_bad");
    assert_eq!(code(&bytes[..bytes.len() - 9]), "json_syntax");
    assert_eq!(code(&app.get("/status/revocation/1").await.bytes), "not_a_mark_list");
    assert_eq!(code(&app.get(&format!("/api/v1/certificates/{id}/credential")).await.bytes), "not_a_mark_list");
    let other = TestApp::on("2026-05-08");
    assert_eq!(code(&other.get(LIST).await.bytes), "signature_bad");
}

#[tokio::test]
async fn a_list_under_a_key_that_leaked_is_given_out_no_more() {
    let app = TestApp::on("2026-05-08");
    marked(&app, "D-1", "2026-05-08").await;
    let before = app.get(LIST).await.is(200).bytes;
    let operator = Act::by(Actor::local("test"));
    app.today("2026-05-09");
    app.service.compromise_key(&operator, KeyId::parse("credential-1").unwrap(), Some(noon("2026-05-07"))).unwrap();
    app.get(LIST).await.is(503);
    let refused = verified(&before, &keys(&app).await, app.service.now()).unwrap_err();
    assert_eq!(refused.code, "mark_list_key", "{}", refused.message);
    let next = app.rotate(Purpose::Credential);
    let newer = app.get(LIST).await.is(200);
    assert!(newer.text().contains(&format!("#{next}")), "{}", newer.text());
    verified(&newer.bytes, &keys(&app).await, app.service.now()).unwrap();
}

#[tokio::test]
async fn a_clock_that_ran_ahead_lets_nothing_go() {
    let app = TestApp::on("2026-05-08");
    let (id, mark) = marked(&app, "D-1", "2026-05-08").await;
    app.order(&id, "withdrawal", json!({"reason": "0199"})).await.is(200);
    let expected = BTreeMap::from([(mark, MarkState::Ended)]);
    assert_eq!(told(&app).await, expected);
    app.today("2029-05-08");
    assert_eq!(told(&app).await, BTreeMap::new());
    app.today("2026-05-09");
    assert_eq!(told(&app).await, expected);
}

#[tokio::test]
async fn no_mark_is_licensed_on_a_certificate_that_is_to_be_suspended() {
    let app = TestApp::on("2026-05-08");
    let (id, mark) = marked(&app, "D-1", "2026-05-08").await;
    let path = format!("/api/v1/issuing/certificates/{id}/marks");
    app.order(&id, "suspension", json!({"reason": "0112", "effective_on": "2026-05-12"})).await.is(200);
    app.post(&path, &json!({"medium": "advertising"})).await.refused(422, "suspension_planned", "");
    assert_eq!(told(&app).await, BTreeMap::new());
    app.today("2026-05-21");
    assert_eq!(told(&app).await, BTreeMap::from([(mark, MarkState::Frozen)]));
}

#[tokio::test]
async fn what_was_never_granted_is_not_in_it_and_what_was_recorded_in_error_is_no_more() {
    let app = TestApp::on("2026-05-08");
    let (id, mark) = marked(&app, "D-1", "2026-05-08").await;
    let asked = json!({"medium": "advertising", "approve": false});
    app.post(&format!("/api/v1/issuing/certificates/{id}/marks"), &asked).await.is(201);
    app.today("2026-05-20");
    app.order(&id, "withdrawal", json!({"reason": "0199"})).await.is(200);
    assert_eq!(told(&app).await, BTreeMap::from([(mark, MarkState::Ended)]));
    let erratum = json!({"step": 1, "reason": "not_decided", "note": "示例更正"});
    app.order(&id, "erratum", erratum).await.is(200);
    assert_eq!(told(&app).await, BTreeMap::new());
}

#[tokio::test]
async fn anybody_may_fetch_it_and_keep_it_for_minutes() {
    let app = TestApp::on("2026-05-08");
    let plain = app.get(LIST).await.is(200);
    assert_eq!(plain.headers["content-type"], "application/json");
    assert_eq!(plain.headers["cache-control"], "public, max-age=120");
    assert_eq!(plain.headers["access-control-allow-origin"], "*");
}

#[tokio::test]
async fn the_program_takes_it() {
    let app = TestApp::on("2026-05-08");
    let (id, mark) = marked(&app, "D-1", "2026-05-08").await;
    let place = tempfile::tempdir().unwrap();
    let save = |name: &str, bytes: &[u8]| std::fs::write(place.path().join(name), bytes).unwrap();
    let code = digits(&app, &mark);
    let verify =
        |more: &[&str]| run_in(place.path(), &[&["verify", code.as_str(), "--keys", "did.json"], more].concat());
    save("did.json", &app.get("/.well-known/did.json").await.bytes);
    save("before.json", &app.get(LIST).await.bytes);
    app.order(&id, "suspension", json!({"reason": "0112"})).await.is(200);
    app.today("2026-05-09");
    save("after.json", &app.get(LIST).await.bytes);
    save("no.json", b"{}");
    verify(&[]).is(0).shows("PRESENT STATUS NOT ASKED");
    verify(&["--status", "before.json"]).is(0).shows("NOT OUT OF USE WHEN THE LIST OF MARKS WAS MADE");
    verify(&["--status", "after.json"]).is(1).shows("NOT VALID").shows("out of use for the time being");
    verify(&["--status", "after.json", "--status", "before.json"]).is(1);
    verify(&["--status", "no.json"]).is(64).says("no.json: this list of marks cannot be used");
    verify(&["--status", "gone.json"]).is(64);
}
