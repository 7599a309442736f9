//! What a receipt has of the public log: proofs that lead to its certificates, and nowhere else.

use crate::harness::{TestApp, decision};
use serde_json::{Value, json};
use starmark::sign::{
    KeyDocument, KeyId, KeyRecord, LocalSigner, Purpose, Signer as _, SigningKey, canonicalize, sign_for,
};
use starmark::verify::receipt::verify_offline;
use starmark::verify::{CheckName, Outcome};
use zeroize::Zeroizing;

struct Case {
    app: TestApp,
    receipt: Value,
    signer: LocalSigner,
    keys: KeyDocument,
}

impl Case {
    /// A receipt about two certificates, one of them suspended, and a number nobody has; and a key that can sign others like it.
    async fn new() -> Self {
        let app = TestApp::on("2026-05-08");
        let one = app.issue(&decision("D-1", "2026-05-08")).await["number"].as_str().unwrap().to_owned();
        let two = app.issue(&decision("D-2", "2026-05-08")).await;
        app.order(two["id"].as_str().unwrap(), "suspension", json!({"reason": "0111"})).await.is(200);
        let asked = json!({"certificates": [
            {"certificate": one}, {"certificate": two["number"]}, {"certificate": "29326SC99999R0M"},
        ]});
        let receipt = app.post_as("", None, "/api/v1/receipts", asked.to_string()).await.is(201).json();
        let signer = LocalSigner::from_seed(&Zeroizing::new([5; 32])).unwrap();
        let mut keys: Vec<KeyRecord> = app.service.key_document().keys().to_vec();
        let key = keys.iter_mut().find(|k| k.purpose == Purpose::Receipt).unwrap();
        *key = KeyRecord::new(key.id, signer.public(), key.valid_from);
        let keys = KeyDocument::new(app.service.host().clone(), None, keys).unwrap();
        Self { app, receipt, signer, keys }
    }

    /// The receipt with a change, signed again by somebody who has the key.
    fn changed(&self, change: impl FnOnce(&mut Value)) -> (Outcome, &'static str, bool) {
        let mut document = self.receipt.clone();
        document.as_object_mut().unwrap().remove("proof");
        change(&mut document);
        let id = KeyId::new(Purpose::Receipt, 1).unwrap();
        let key = SigningKey { signer: &self.signer, id, host: self.app.service.host() };
        let made_at = document["made_at"].as_str().unwrap().parse().unwrap();
        let signed = sign_for(Purpose::Receipt, document, key, made_at).unwrap();
        told(&canonicalize(&signed).unwrap(), &self.keys, self.app.service.now())
    }
}

fn told(receipt: &[u8], keys: &KeyDocument, now: jiff::Timestamp) -> (Outcome, &'static str, bool) {
    let found = verify_offline(receipt, keys, now);
    let log = found.verdict.checks.iter().find(|c| c.check == CheckName::Log);
    let (code, required) = log.map_or(("none", false), |c| (c.code, c.required));
    (found.verdict.verdict, code, required)
}

#[tokio::test]
async fn a_receipt_has_the_proofs_of_its_certificates() {
    let case = Case::new().await;
    let bytes = case.receipt.to_string();
    let now = case.app.service.now();
    assert_eq!(told(bytes.as_bytes(), &case.app.service.key_document(), now), (Outcome::Valid, "log_proven", true));
    let answers = case.receipt["answers"].as_array().unwrap();
    assert_eq!(answers[0]["log"]["record"], answers[0]["log"]["newest"]);
    assert_eq!(answers[1]["log"]["newest"]["entry"]["change"], "suspended");
    assert_eq!(answers[2].get("log"), None, "of what is not on record there is nothing in the log");
    assert_eq!(case.changed(|_| {}), (Outcome::Valid, "log_proven", true));
}

#[tokio::test]
async fn whoever_has_the_key_of_receipts_cannot_make_the_log_say_otherwise() {
    let case = Case::new().await;
    let check = |change: &dyn Fn(&mut Value), code: &str| {
        assert_eq!(case.changed(change), (Outcome::Invalid, code, true));
    };
    check(&|r| r["answers"][0]["log"] = r["answers"][1]["log"].clone(), "log_mismatch");
    check(&|r| r["answers"][1]["log"]["record"] = r["answers"][1]["log"]["newest"].clone(), "log_mismatch");
    check(&|r| r["answers"][0]["certificate"]["record_sha256"] = "ab".repeat(32).into(), "log_mismatch");
    check(&|r| r["answers"][1]["log"]["newest"]["entry"]["until"] = "2026-05-09".into(), "proof_root_mismatch");
    check(&|r| r["answers"][1]["log"]["newest"]["index"] = json!(7_000), "proof_no_such_leaf");
    check(&|r| r["log"]["checkpoint"] = "none".into(), "note_text");
    check(&|r| drop(r.as_object_mut().unwrap().remove("log")), "log_mismatch");
    let without = |r: &mut Value| {
        r.as_object_mut().unwrap().remove("log");
        for answer in r["answers"].as_array_mut().unwrap() {
            answer.as_object_mut().unwrap().remove("log");
        }
    };
    assert_eq!(case.changed(without), (Outcome::Valid, "log_missing", false), "its own signature carries it");
}
