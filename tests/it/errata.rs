//! Errata through the doors: what was recorded in error counts no more from then on, and nothing disappears.

use crate::cli_kit::{Desk, today};
use crate::harness::{Answer, TestApp, decision, noon};
use jiff::SignedDuration;
use serde_json::{Value, json};
use starmark::domain::{CertificateId, StatusPurpose};
use starmark::service::{Act, Actor};
use starmark::sign::{KeyDocument, parse_strict, status_credential};
use starmark::status::Bitstring;
use starmark::store::fsck::{self, Scope};
use starmark::verify::bundle::{Trust, verify_bundle};

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

async fn issued(app: &TestApp, reference: &str) -> String {
    text(&app.issue(&decision(reference, "2026-05-08")).await["id"])
}

async fn licensed(app: &TestApp, id: &str, medium: &str) -> String {
    let path = format!("/api/v1/issuing/certificates/{id}/marks");
    text(&app.post(&path, &json!({"medium": medium})).await.is(201).json()["id"])
}

async fn correct(app: &TestApp, id: &str, step: u32, reason: &str) -> Answer {
    app.order(id, "erratum", json!({"step": step, "reason": reason, "note": "复核记录 3 号"})).await
}

async fn told(app: &TestApp, id: &str, query: &str) -> Value {
    app.get(&format!("/api/v1/certificates/{id}{query}")).await.is(200).json()
}

async fn history(app: &TestApp, id: &str) -> Vec<Value> {
    app.get(&format!("/api/v1/certificates/{id}/history")).await.is(200).json().as_array().unwrap().clone()
}

/// State and standing of a mark, as of a moment and as known at another.
async fn mark(app: &TestApp, id: &str, query: &str) -> (String, String) {
    let answer = app.get(&format!("/api/v1/marks/{id}{query}")).await.is(200).json();
    (text(&answer["licence"]["state"]), text(&answer["standing"]))
}

fn pair(state: &str, standing: &str) -> (String, String) {
    (state.to_owned(), standing.to_owned())
}

/// Whether its bit is set in the list of that purpose.
async fn bit(app: &TestApp, id: &str, purpose: StatusPurpose, query: &str) -> bool {
    let certificate = app.service.store().certificate(CertificateId::parse(id).unwrap()).unwrap().unwrap();
    let place = certificate.terms().status.unwrap();
    let bytes = app.get(&format!("/status/{purpose}/{}{query}", place.list())).await.is(200).bytes;
    let list = status_credential::read(app.service.host(), &parse_strict(&bytes).unwrap()).unwrap();
    Bitstring::decode(&list.encoded).unwrap().get(place.index()).unwrap()
}

#[tokio::test]
async fn a_suspension_in_error_is_shown_to_have_been_one_and_suspends_nobody() {
    let app = TestApp::on("2026-05-08");
    let id = issued(&app, "D-1").await;
    let used = licensed(&app, &id, "advertising").await;
    let misused = licensed(&app, &id, "premises").await;
    app.today("2026-09-14");
    app.order(&id, "suspension", json!({"reason": "0113"})).await.is(200);
    let revoke = json!({"reason": "misuse"});
    app.post(&format!("/api/v1/issuing/marks/{misused}/revocation"), &revoke).await.is(200);
    app.today("2026-09-20");
    let done = correct(&app, &id, 1, "wrong_certificate").await.is(200).json();
    assert_eq!(done["standing"], "valid");
    assert!(!done["log"]["newest"].is_null(), "the erratum is in the log when it is answered");

    // Both clocks: from the erratum on it never was, before it it was.
    app.today("2026-10-01");
    for (query, standing) in [
        ("", "valid"),
        ("?as_of=2026-09-16", "valid"),
        ("?as_of=2026-09-16&known_at=2026-09-19", "suspended"),
        ("?known_at=2026-09-19", "suspended"),
        ("?as_of=2026-09-16&known_at=2026-09-20", "valid"),
        ("?as_of=2026-09-13&known_at=2026-09-19", "valid"),
    ] {
        assert_eq!(told(&app, &id, query).await["standing"], standing, "{query}");
        let state = if standing == "valid" { "active" } else { "frozen" };
        assert_eq!(mark(&app, &used, query).await, pair(state, standing), "{query}");
    }
    assert_eq!(mark(&app, &misused, "").await, pair("revoked", "withdrawn"));
    app.staff_get(&format!("/api/v1/issuing/marks/{used}/artwork?layout=vertical&format=svg")).await.is(200);
    let then = format!("?timestamp={}", noon("2026-09-16"));
    assert!(bit(&app, &id, StatusPurpose::Suspension, &then).await);
    assert!(!bit(&app, &id, StatusPurpose::Suspension, "").await);

    // Nothing disappears, and each points to the other.
    let steps = history(&app, &id).await;
    let seen: Vec<_> =
        steps.iter().map(|s| (&s["step"], text(&s["change"]), &s["corrected_by"], &s["corrects"])).collect();
    let (none, missing) = (&Value::Null, &Value::Null);
    assert_eq!(
        seen,
        [
            (&json!(0), "issued".into(), none, missing),
            (&json!(1), "suspended".into(), &json!(2), missing),
            (&json!(2), "corrected".into(), none, &json!(1)),
        ]
    );
    for (step, name) in steps.iter().zip(["issued", "suspended", "corrected"]) {
        let path = text(&step["log"]).replace("https://xb.example.cn", "");
        let entry = app.get(&path).await.is(200).json()["entry"].clone();
        assert_eq!((&entry["change"], &entry["id"]), (&json!(name), &json!(id)));
        assert!(!entry.to_string().contains("复核记录"), "evidence is the body's own");
    }
    let page = app.get(&format!("/c/{id}")).await.is(200).text();
    let (_, rows) = page.split_once("<ol class=\"history\"").unwrap();
    let rows: Vec<&str> = rows.split("</ol>").next().unwrap().split("<li ").skip(1).collect();
    assert_eq!(rows.len(), 3, "newest first");
    assert!(rows[0].contains("id=\"step-2\"") && rows[0].contains("href=\"#step-1\"") && !rows[0].contains("<del>"));
    assert!(rows[0].contains("登记到了别的证书上"), "{}", rows[0]);
    let (struck, after) = rows[1].split_once("</del>").unwrap();
    assert!(
        struck.contains("id=\"step-1\"") && struck.contains("登记有误，已更正：") && struck.contains("暂停"),
        "{struck}"
    );
    assert!(after.contains("href=\"#step-2\">更正</a>：此项登记有误") && after.contains("2026-09-20"), "{after}");
    for (row, step) in rows.iter().zip(steps.iter().rev()) {
        let path = text(&step["log"]).replace("https://xb.example.cn", "");
        assert!(row.contains(&format!("href=\"{path}\"")), "{row}");
    }
    let english = app.get(&format!("/c/{id}?lang=en")).await.is(200).text();
    assert!(english.contains("Recorded in error and corrected: ") && english.contains("meant for another certificate"));
    let before = app.get(&format!("/c/{id}?known_at=2026-09-19")).await.is(200).text();
    assert!(!before.contains("更正") && !before.contains("step-2") && before.contains("暂停"), "as it was known then");
    let acts = app.staff_get(&format!("/api/v1/issuing/certificates/{id}/acts")).await.is(200).json();
    let of = |change: &str, subject: &str| {
        let all = acts.as_array().unwrap();
        all.iter().find(|a| a["change"] == change && a["subject"] == subject).unwrap().clone()
    };
    assert_eq!(of("suspended", "certificate")["corrected_by"], 2);
    assert_eq!(of("corrected", "certificate")["provenance"]["note"], "复核记录 3 号");
    assert_eq!((&of("corrected", "mark")["id"], &of("corrected", "mark")["corrects"]), (&json!(used), &json!(2)));

    // The right thing, from the day it was right on.
    let right = json!({"reason": "0112", "confirmed_on": "2026-09-15", "effective_on": "2026-09-16"});
    app.order(&id, "suspension", right).await.is(200);
    for (query, standing) in [("", "suspended"), ("?as_of=2026-09-15", "valid"), ("?as_of=2026-09-17", "suspended")] {
        assert_eq!(told(&app, &id, query).await["standing"], standing, "{query}");
    }
    assert_eq!(mark(&app, &used, "").await, pair("frozen", "suspended"));
}

#[tokio::test]
async fn a_withdrawal_in_error_brings_back_certificate_marks_dates_and_bits() {
    let app = TestApp::on("2026-05-08");
    let id = issued(&app, "D-1").await;
    let used = licensed(&app, &id, "advertising").await;
    let revoked = licensed(&app, &id, "premises").await;
    app.post(&format!("/api/v1/issuing/marks/{revoked}/revocation"), &json!({"reason": "misuse"})).await.is(200);
    let asked = json!({"medium": "product", "approve": false});
    let asked = app.post(&format!("/api/v1/issuing/certificates/{id}/marks"), &asked).await.is(201).json();
    app.today("2027-04-01");
    let due = async || app.staff_get("/api/v1/issuing/due").await.is(200).json()["surveillance_due"].clone();
    assert_eq!(due().await[0]["id"], json!(id));
    app.order(&id, "withdrawal", json!({"reason": "0117"})).await.is(200);
    assert_eq!(due().await, json!([]));
    assert!(bit(&app, &id, StatusPurpose::Revocation, "").await);
    assert_eq!(mark(&app, &used, "").await, pair("ended", "withdrawn"));

    app.clock.set(noon("2027-04-01") + SignedDuration::from_hours(1));
    correct(&app, &id, 1, "overturned").await.is(200);
    assert_eq!(due().await[0]["id"], json!(id));
    for purpose in StatusPurpose::ALL {
        assert!(!bit(&app, &id, purpose, "").await);
    }
    assert!(bit(&app, &id, StatusPurpose::Revocation, &format!("?timestamp={}", noon("2027-04-01"))).await);
    assert_eq!(mark(&app, &used, "").await, pair("active", "valid"));
    assert_eq!(mark(&app, &revoked, "").await, pair("revoked", "withdrawn"));
    let asked = text(&asked["id"]);
    assert_eq!(mark(&app, &asked, "").await.0, "requested");
    app.post(&format!("/api/v1/issuing/marks/{asked}/approval"), &json!({})).await.is(200);

    // A bundle of it tells without a server what the register tells.
    let keys = KeyDocument::parse(&app.get("/.well-known/did.json").await.is(200).bytes).unwrap();
    let bundle = app.get(&format!("/api/v1/bundle/{id}")).await.is(200).bytes;
    let now = app.service.now();
    assert_eq!(verify_bundle(&bundle, Trust::Given(&keys), now, now).verdict.verdict.wire(), "valid");

    // Its life goes on: overdue it is suspended by the sweep like any other, and what it was before is not held against it.
    app.today("2027-05-09");
    let swept = app.post("/api/v1/issuing/sweep", &json!({})).await.is(200).json();
    assert_eq!(swept["suspended"][0]["id"], json!(id), "{swept}");
    assert_eq!(app.standing(&id).await, "suspended");

    // After a restart, with views made anew, it all stands the same; the journal and the log are sound.
    let steps = history(&app, &id).await;
    let app = app.restarted(|data| {
        let report = fsck::check(data, Scope::Everything(&data.join("../scratch")), &|_| {}).unwrap();
        assert_eq!(report.findings, vec![]);
        std::fs::remove_dir_all(data.join(starmark::store::VIEWS_DIR)).unwrap();
    });
    assert_eq!(history(&app, &id).await, steps);
    assert_eq!(app.standing(&id).await, "suspended");
    assert_eq!(app.service.audit(&|_, _| {}).unwrap().faults, vec![]);
}

#[tokio::test]
async fn the_sweep_does_not_suspend_again_on_the_day_of_the_erratum() {
    let app = TestApp::on("2026-05-08");
    let id = issued(&app, "D-1").await;
    app.today("2027-05-09");
    let sweep = async || app.post("/api/v1/issuing/sweep", &json!({})).await.is(200).json();
    assert_eq!(sweep().await["suspended"][0]["id"], json!(id));
    // It had been surveyed; nobody had put that on record.
    correct(&app, &id, 1, "other").await.is(200);
    let again = sweep().await;
    assert_eq!((&again["suspended"], &again["surveillance_overdue"][0]["id"]), (&json!([]), &json!(id)), "{again}");
    assert_eq!(app.standing(&id).await, "valid");
    app.order(&id, "surveillance", json!({"on_site_ended_on": "2027-04-20", "outcome": "passed"})).await.is(200);
    app.today("2027-05-10");
    assert_eq!(sweep().await["suspended"], json!([]));
    // That one was passed in error: overdue again, and suspended at the next sweep.
    correct(&app, &id, 3, "wrong_outcome").await.is(200);
    assert_eq!(told(&app, &id, "").await["flags"], json!(["surveillance_overdue"]));
    assert_eq!(told(&app, &id, "").await["surveillance_due_on"], "2027-05-08");
    assert_eq!(sweep().await["suspended"][0]["id"], json!(id));
}

#[tokio::test]
async fn what_went_over_to_a_successor_is_taken_back_with_it_and_not_alone() {
    let app = TestApp::on("2026-05-08");
    let old = issued(&app, "D-1").await;
    let old_mark = licensed(&app, &old, "advertising").await;
    app.today("2026-08-01");
    let mut next = decision("D-2", "2026-08-01");
    next["issued_on"] = json!("2026-10-01");
    next["holder"]["name"] = json!("示例电器集团有限公司");
    let body = json!({"reason": "holder_changed", "decision": next});
    let new = text(&app.order(&old, "supersession", body).await.is(201).json()["id"]);
    let marks = app.staff_get(&format!("/api/v1/issuing/certificates/{new}/marks")).await.is(200).json();
    let new_mark = text(&marks[0]["id"]);

    app.today("2026-08-10");
    app.order(&old, "withdrawal", json!({"reason": "0117"})).await.is(200);
    assert_eq!((app.standing(&old).await, app.standing(&new).await), ("withdrawn".into(), "withdrawn".into()));
    correct(&app, &new, 1, "other").await.refused(422, "recorded_together", "/step");
    correct(&app, &old, 1, "other").await.refused(422, "not_correctable", "/step");
    correct(&app, &old, 2, "overturned").await.is(200);
    assert_eq!((app.standing(&old).await, app.standing(&new).await), ("valid".into(), "not_yet_effective".into()));
    assert_eq!(mark(&app, &old_mark, "").await, pair("active", "valid"));
    app.today("2026-10-01");
    assert_eq!((app.standing(&old).await, app.standing(&new).await), ("superseded".into(), "valid".into()));
    assert_eq!(mark(&app, &old_mark, "").await.0, "replaced");
    assert_eq!(mark(&app, &new_mark, "").await, pair("active", "valid"));
    assert_eq!(history(&app, &new).await[1]["corrected_by"], 2);

    // The successor's own suspension is its own; and of the old one only the past is put right.
    app.order(&new, "suspension", json!({"reason": "0112"})).await.is(200);
    correct(&app, &old, 1, "other").await.refused(422, "not_correctable", "/step");
    correct(&app, &new, 3, "wrong_reason").await.is(200);
    assert_eq!(mark(&app, &new_mark, "").await, pair("active", "valid"));
}

#[tokio::test]
async fn what_was_carried_over_is_taken_back_after_the_change_too() {
    let app = TestApp::on("2026-05-08");
    let old = issued(&app, "D-1").await;
    app.today("2026-08-01");
    let mut next = decision("D-2", "2026-08-01");
    next["issued_on"] = json!("2026-10-01");
    let body = json!({"reason": "reissued", "decision": next});
    let new = text(&app.order(&old, "supersession", body).await.is(201).json()["id"]);
    app.today("2026-09-20");
    app.order(&old, "suspension", json!({"reason": "0112"})).await.is(200);
    app.today("2026-10-02");
    assert_eq!((app.standing(&old).await, app.standing(&new).await), ("superseded".into(), "suspended".into()));
    correct(&app, &old, 2, "wrong_dates").await.refused(422, "too_late_to_correct", "/reason");
    correct(&app, &old, 2, "not_decided").await.is(200);
    assert_eq!((app.standing(&old).await, app.standing(&new).await), ("superseded".into(), "valid".into()));
    assert_eq!(told(&app, &old, "?as_of=2026-09-25").await["standing"], "valid");
}

#[tokio::test]
async fn an_erratum_is_done_once_with_evidence_and_named_in_words() {
    let app = TestApp::on("2026-05-08");
    let id = issued(&app, "D-1").await;
    app.order(&id, "suspension", json!({"reason": "0112"})).await.is(200);
    let path = format!("/api/v1/issuing/certificates/{id}/erratum");
    let body = json!({"step": 1, "reason": "other", "note": "x"});
    for (wrong, code) in [
        (json!({"step": 1, "reason": "other"}), "json_shape"),
        (json!({"step": -1, "reason": "other", "note": "x"}), "json_shape"),
        (json!({"step": 1, "reason": "0112", "note": "x"}), "unknown_reason"),
    ] {
        let answer = app.post(&path, &wrong).await;
        assert_eq!((answer.status.is_client_error(), &answer.json()["code"]), (true, &json!(code)), "{wrong}");
    }
    let by = Act::by(Actor::local("test"));
    let reason = starmark::domain::reason::CorrectionReason::parse("other").unwrap();
    let refused = app.service.correct(&by, &id, 1, reason).unwrap_err().to_string();
    assert!(refused.contains("evidence"), "{refused}");
    for (step, code) in [(0, "not_correctable"), (2, "no_such_step")] {
        let answer = correct(&app, &id, step, "other").await;
        assert_eq!(answer.json()["code"], code);
    }
    let first = app.post_as(&app.token, Some("k-1"), &path, body.to_string()).await.is(200).text();
    let events = app.service.store().next_seq();
    assert_eq!(app.post_as(&app.token, Some("k-1"), &path, body.to_string()).await.is(200).text(), first);
    assert_eq!(app.service.store().next_seq(), events);
    let other = json!({"step": 1, "reason": "overturned", "note": "x"});
    app.post_as(&app.token, Some("k-1"), &path, other.to_string()).await.refused(409, "idempotency_mismatch", "");
    correct(&app, &id, 1, "other").await.refused(422, "already_corrected", "/step");
}

#[test]
fn at_the_machine_the_history_has_the_numbers_and_the_help_the_codes() {
    let desk = Desk::new();
    let (number, id) = desk.certificate("D-1", 100);
    desk.run(&["withdraw", &number, "--reason", "0117", "--note", "决定 12"]).is(0);
    desk.run(&["correct", &number, "--step", "1", "--reason", "overturned"]).is(1).says("[note_missing]");
    desk.run(&["correct", &number, "--step", "1", "--reason", "nonsense"]).is(64).says("wrong_certificate");
    desk.run(&["correct", "--help"]).is(0).shows("starmark history").shows("overturned").shows("wrong_reason");
    let told = desk.run(&["correct", &number, "--step", "1", "--reason", "wrong_reason", "--note", "复核 3"]).is(0);
    told.shows("In force 有效").shows("record what is right");
    let told = desk.run(&["history", &number]).is(0);
    told.shows("step 1: withdrawn 0117").shows("taken back by step 2").shows("step 2: corrected step 1 wrong_reason");
    let steps = desk.run(&["history", &id, "--json"]).is(0).lines();
    assert_eq!(
        (&steps[1]["step"], &steps[1]["corrected_by"], &steps[2]["corrects"]),
        (&json!(1), &json!(2), &json!(1))
    );
    let from = today().to_string();
    desk.run(&["withdraw", &number, "--reason", "0112", "--from", &from]).is(0).shows("Withdrawn 已撤销");
    let again = ["correct", &number, "--step", "3", "--reason", "other", "--note", "x", "--json"];
    assert_eq!(desk.run(&again).is(0).json()["standing"], "valid");
    desk.run(&["fsck"]).is(0).shows("Sound");
}
