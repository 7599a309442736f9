//! A certificate with its status lists, as this service serves them, before the status checker of Digital Bazaar: what a
//! third party fetches is all they are given.

use crate::harness::{TestApp, decision};
use crate::interop_credential::theirs_with;
use jiff::SignedDuration;
use serde_json::{Value, json};

async fn said(app: &TestApp, id: &str, lists: &[String]) -> String {
    let did = app.get("/.well-known/did.json").await.json();
    let context: Value = app.get("/ns/v1").await.json();
    let record = app.get(&format!("/api/v1/certificates/{id}/credential")).await.text();
    theirs_with(&record, &did, &context, &app.service.now().to_string(), lists)
}

async fn lists(app: &TestApp) -> Vec<String> {
    let mut lists = vec![];
    for purpose in ["revocation", "suspension"] {
        lists.push(app.get(&format!("/status/{purpose}/1")).await.is(200).text());
    }
    lists
}

#[tokio::test]
async fn third_party_libraries_see_every_change_of_standing() {
    let app = TestApp::on("2026-05-08");
    let mut ids = vec![];
    for n in 0..2 {
        ids.push(app.issue(&decision(&format!("D-{n}"), "2026-05-08")).await["id"].as_str().unwrap().to_owned());
    }
    let [id, other] = &ids[..] else { panic!("two") };
    assert_eq!(said(&app, id, &lists(&app).await).await, "verified");
    app.today("2026-05-20");
    app.order(id, "suspension", json!({"reason": "0112"})).await.is(200);
    let suspended = lists(&app).await;
    assert_eq!(said(&app, id, &suspended).await, "refused: suspension is set");
    assert_eq!(said(&app, other, &suspended).await, "verified", "it is nobody else's");
    app.order(id, "reinstatement", json!({})).await.is(200);
    assert_eq!(said(&app, id, &lists(&app).await).await, "verified");
    app.order(id, "withdrawal", json!({"reason": "0199"})).await.is(200);
    let withdrawn = lists(&app).await;
    assert_eq!(said(&app, id, &withdrawn).await, "refused: revocation and suspension is set");
    assert_eq!(said(&app, other, &withdrawn).await, "verified");
}

#[tokio::test]
async fn third_party_libraries_refuse_a_list_that_is_another_s_or_of_another_time() {
    let app = TestApp::on("2026-05-08");
    let id = app.issue(&decision("D-1", "2026-05-08")).await["id"].as_str().unwrap().to_owned();
    let before = lists(&app).await;
    app.clock.set(app.service.now() + SignedDuration::from_hours(1));
    app.order(&id, "withdrawal", json!({"reason": "0199"})).await.is(200);
    let after = lists(&app).await;
    assert_eq!(said(&app, &id, &after).await, "refused: revocation and suspension is set");
    // The packed list of before under the proof of after.
    let packed = |list: &str| -> Value { serde_json::from_str(list).unwrap() };
    let mut forged = packed(&after[0]);
    forged["credentialSubject"]["encodedList"] = packed(&before[0])["credentialSubject"]["encodedList"].clone();
    let said_of = async |lists: &[String]| said(&app, &id, lists).await;
    let refused = |said: &str, why: &str| assert!(said.starts_with("refused: ") && said.contains(why), "{said}");
    refused(&said_of(&[forged.to_string(), after[1].clone()]).await, "Invalid signature");
    let mut longer = packed(&before[0]);
    longer["validUntil"] = json!("2030-01-01T00:00:00Z");
    refused(&said_of(&[longer.to_string(), before[1].clone()]).await, "Invalid signature");
    // One of the two is missing: nothing is fetched in its place.
    refused(&said_of(&before[..1]).await, "not given, and nothing is fetched");
    app.today("2026-05-10");
    refused(&said_of(&before).await, "validUntil");
}
