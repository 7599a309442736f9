//! A certificate issued by this service, before the W3C libraries of Digital Bazaar: what a third party fetches is all they
//! are given.

use crate::harness::{TestApp, decision};
use crate::interop_credential::theirs;
use serde_json::{Value, json};

#[tokio::test]
async fn an_issued_certificate_verifies_in_third_party_libraries_and_a_changed_one_does_not() {
    let app = TestApp::on("2026-05-08");
    let issued = app.issue(&decision("D-1", "2026-05-08")).await;
    let old = issued["id"].as_str().unwrap();
    app.today("2027-02-01");
    let mut change = decision("D-2", "2027-02-01");
    change["scope"] = json!("家用电器、厨房电器的售后服务");
    let body = json!({"reason": "scope_changed", "decision": change});
    let new = app.order(old, "supersession", body).await.is(201).json();
    let did = app.get("/.well-known/did.json").await.json();
    let context: Value = app.get("/ns/v1").await.json();
    for (id, now) in [(old, "2026-09-01T00:00:00Z"), (new["id"].as_str().unwrap(), "2027-09-01T00:00:00Z")] {
        let record = app.get(&format!("/api/v1/certificates/{id}/credential")).await.text();
        assert_eq!(theirs(&record, &did, &context, now), "verified");
        let mut bytes = record.clone().into_bytes();
        let place = record.find("示例电器").unwrap() + "示例".len() - 1;
        bytes[place] ^= 1;
        let changed = String::from_utf8(bytes).unwrap();
        assert_eq!(theirs(&changed, &did, &context, now), "refused: Invalid signature.");
    }
}
