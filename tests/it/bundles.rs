//! Bundles: one file that tells of a certificate without a server, and what no bundle can be made to say.

use crate::harness::{TestApp, decision, noon};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use starmark::sign::{KeyDocument, KeyId, Purpose};
use starmark::verify::bundle::{Trust, verify_bundle};
use starmark::verify::certificate::Finding;
use starmark::verify::{CheckName, Outcome};

pub struct Case {
    pub app: TestApp,
    pub id: String,
}

impl Case {
    pub async fn new() -> Self {
        let app = TestApp::on("2026-05-08");
        let id = app.issue(&decision("D-1", "2026-05-08")).await["id"].as_str().unwrap().to_owned();
        Self { app, id }
    }

    pub async fn order(&self, what: &str, body: Value) {
        self.app.order(&self.id, what, body).await.is(200);
    }

    pub async fn bundle(&self, query: &str) -> Value {
        self.app.get(&format!("/api/v1/bundle/{}{query}", self.id)).await.is(200).json()
    }

    pub fn keys(&self) -> KeyDocument {
        self.app.service.key_document()
    }
}

pub fn verify(bundle: &Value, keys: &KeyDocument, now: Timestamp, at: Timestamp) -> Finding {
    verify_bundle(bundle.to_string().as_bytes(), Trust::Given(keys), now, at)
}

pub fn code(found: &Finding, check: CheckName) -> &'static str {
    found.verdict.checks.iter().find(|c| c.check == check).map_or("none", |c| c.code)
}

#[tokio::test]
async fn a_bundle_tells_how_a_certificate_stands_without_a_server() {
    let case = Case::new().await;
    let (fresh, now) = (case.bundle("").await, noon("2026-05-08"));
    let found = verify(&fresh, &case.keys(), now, now);
    assert_eq!(found.verdict.verdict, Outcome::Valid, "{:?}", found.verdict);
    assert_eq!(found.genuine.unwrap().0.to_string(), case.id);
    let codes: Vec<&str> = found.verdict.checks.iter().map(|c| c.code).collect();
    assert_eq!(
        codes,
        ["keys_given", "signature_good", "key_in_window", "within_dates", "status_not_listed", "log_proven"]
    );
    // Two days on its lists have run out: nothing is known of that day.
    let later = noon("2026-05-10");
    let found = verify(&fresh, &case.keys(), later, later);
    assert_eq!((found.verdict.verdict, found.verdict.standing), (Outcome::Undetermined, None));
    // But of the day it was made of it still tells.
    assert_eq!(verify(&fresh, &case.keys(), later, now).verdict.verdict, Outcome::Valid);

    case.app.today("2026-06-01");
    case.order("suspension", json!({"reason": "0111"})).await;
    let (suspended, now) = (case.bundle("").await, noon("2026-06-01"));
    let found = verify(&suspended, &case.keys(), now, now);
    assert_eq!((found.verdict.verdict, code(&found, CheckName::Status)), (Outcome::Invalid, "suspended"));
    assert_eq!(suspended["log"]["entries"].as_array().unwrap().len(), 2);
    // As of a day before the suspension, by the lists of that day.
    let before = case.bundle("?as_of=2026-05-20").await;
    let end = "2026-05-20T15:59:59Z".parse().unwrap();
    assert_eq!(verify(&before, &case.keys(), now, end).verdict.verdict, Outcome::Valid);
    let found = verify(&before, &case.keys(), now, now);
    assert_eq!((found.verdict.verdict, code(&found, CheckName::Status)), (Outcome::Undetermined, "status_told_before"));

    case.app.today("2026-06-02");
    case.order("reinstatement", json!({})).await;
    let (back, now) = (case.bundle("").await, noon("2026-06-02"));
    assert_eq!(verify(&back, &case.keys(), now, now).verdict.verdict, Outcome::Valid);
    case.app.today("2026-06-03");
    case.order("withdrawal", json!({"reason": "0199"})).await;
    let (ended, now) = (case.bundle("").await, noon("2026-06-03"));
    let found = verify(&ended, &case.keys(), now, now);
    assert_eq!((found.verdict.verdict, code(&found, CheckName::Status)), (Outcome::Invalid, "withdrawn"));
}

#[tokio::test]
async fn nothing_that_is_taken_out_or_changed_makes_it_say_more() {
    let case = Case::new().await;
    case.app.today("2026-06-01");
    case.order("suspension", json!({"reason": "0111"})).await;
    let (good, now) = (case.bundle("").await, noon("2026-06-01"));
    let old = case.bundle("?as_of=2026-05-20").await;
    let other = Case::new().await.bundle("").await;
    let check = |change: &dyn Fn(&mut Value), outcome, check, expected: &str| {
        let mut bundle = good.clone();
        change(&mut bundle);
        assert_ne!(bundle, good);
        let found = verify(&bundle, &case.keys(), now, now);
        assert_eq!((found.verdict.verdict, code(&found, check)), (outcome, expected), "{:?}", found.verdict);
    };
    use CheckName::{Log, Signature, Status};
    use Outcome::{Invalid, Undetermined};
    let drop_entry = |b: &mut Value| drop(b["log"]["entries"].as_array_mut().unwrap().pop());
    // Without the suspension in its log the list still tells of it; without lists nothing says that it is valid.
    check(&drop_entry, Invalid, Status, "status_suspended");
    let silent = |b: &mut Value| {
        drop_entry(b);
        b["status_lists"] = json!([]);
    };
    check(&silent, Undetermined, Status, "status_list_missing");
    let older = |b: &mut Value| {
        drop_entry(b);
        b["status_lists"] = old["status_lists"].clone();
    };
    check(&older, Undetermined, Status, "status_list_out_of_window");
    let no_log = |b: &mut Value| drop(b.as_object_mut().unwrap().remove("log"));
    check(&no_log, Invalid, Log, "log_missing");
    check(&|b| b["log"]["entries"] = json!([]), Invalid, Log, "log_mismatch");
    check(&|b| drop(b["log"]["entries"].as_array_mut().unwrap().remove(0)), Invalid, Log, "log_mismatch");
    check(&|b| b["log"]["entries"].as_array_mut().unwrap().reverse(), Invalid, Log, "log_order");
    check(&|b| b["log"]["entries"][1]["entry"]["until"] = "2026-06-02".into(), Invalid, Log, "proof_root_mismatch");
    check(&|b| b["log"]["entries"][1]["index"] = json!(0), Invalid, Log, "log_order");
    check(&|b| b["log"]["entries"][1]["index"] = json!(900), Invalid, Log, "proof_no_such_leaf");
    check(&|b| drop(b["log"]["entries"][1]["proof"].as_array_mut().unwrap().pop()), Invalid, Log, "proof_too_short");
    let note = good["log"]["checkpoint"].as_str().unwrap().to_owned();
    let noted = |was: &str, is: &str| note.replacen(was, is, 1);
    check(
        &|b| b["log"]["checkpoint"] = noted("xb.example.cn/log\n", "xa.example.cn/log\n").into(),
        Invalid,
        Log,
        "note_signature_bad",
    );
    check(&|b| b["log"]["checkpoint"] = noted("\u{2014} xb", "\u{2014} xa").into(), Invalid, Log, "log_key_unknown");
    check(&|b| b["log"]["checkpoint"] = other["log"]["checkpoint"].clone(), Invalid, Log, "log_key_unknown");
    check(&|b| b["log"]["checkpoint"] = "".into(), Invalid, Log, "note_text");
    check(
        &|b| b["certificate"]["credentialSubject"]["level"] = "four_star".into(),
        Invalid,
        Signature,
        "signature_bad",
    );
    check(&|b| b["certificate"] = other["certificate"].clone(), Invalid, Signature, "signature_bad");
    check(&|b| b["note"] = "所有人都好".into(), Invalid, Signature, "bundle_unreadable");
    check(&|b| b["version"] = json!(2), Invalid, Signature, "bundle_unreadable");
    check(&|b| b["host"] = "xa.example.cn".into(), Invalid, Signature, "bundle_unreadable");
    check(&|b| b["log"]["entries"][0]["proof"] = json!(["AAAA"]), Invalid, Signature, "bundle_unreadable");
    // Whole bundles of somebody else, under the same host's name: their own keys are not asked.
    let found = verify(&other, &case.keys(), now, noon("2026-05-08"));
    assert_eq!(found.verdict.verdict, Outcome::Invalid);
}

#[tokio::test]
async fn a_log_that_does_not_fit_the_record_decides_alone() {
    let case = Case::new().await;
    let (good, now) = (case.bundle("").await, noon("2026-05-08"));
    assert_eq!(verify(&good, &case.keys(), now, now).verdict.verdict, Outcome::Valid);
    let mut bare = good.clone();
    bare["log"]["entries"] = json!([]);
    let found = verify(&bare, &case.keys(), now, now);
    assert_eq!((found.verdict.verdict, code(&found, CheckName::Log)), (Outcome::Invalid, "log_mismatch"));
    assert!(found.genuine.is_none() && found.verdict.standing.is_none());
    let open: Vec<_> = found.verdict.checks.iter().filter(|c| !c.is_ok()).map(|c| (c.check, c.required)).collect();
    assert_eq!(open, [(CheckName::Log, true)], "nothing else speaks against it");
}

#[tokio::test]
async fn keys_that_a_file_brings_itself_are_its_own_word() {
    let case = Case::new().await;
    let (bundle, now) = (case.bundle("").await, noon("2026-05-08"));
    let found = verify_bundle(bundle.to_string().as_bytes(), Trust::OwnWord, now, now);
    assert_eq!((found.verdict.verdict, code(&found, CheckName::Trust)), (Outcome::Undetermined, "keys_own_word"));
    let obstacles: Vec<_> = found.verdict.checks.iter().filter(|c| !c.is_ok()).map(|c| c.check).collect();
    assert_eq!(obstacles, [CheckName::Trust], "all else holds");
    let other =
        KeyDocument::parse(case.keys().to_did_json().to_string().replace("xb.example", "xa.example").as_bytes());
    let found = verify(&bundle, &other.unwrap(), now, now);
    assert_eq!((found.verdict.verdict, code(&found, CheckName::Trust)), (Outcome::Invalid, "other_host"));
}

#[tokio::test]
async fn what_was_logged_before_a_compromise_stays_good_and_what_came_later_does_not() {
    let case = Case::new().await;
    let before = case.bundle("").await;
    let now = noon("2026-06-01");
    case.app.today("2026-06-01");
    let key = KeyId::new(Purpose::Credential, 1).unwrap();
    let local = starmark::service::Act::by(starmark::service::Actor::local("test"));
    case.app.service.compromise_key(&local, key, Some(noon("2026-05-20"))).unwrap();
    case.app.rotate(Purpose::Credential);
    // The list in the old bundle is signed by the leaked key; a fresh one is not.
    let found = verify(&before, &case.keys(), now, noon("2026-05-08"));
    assert_eq!((code(&found, CheckName::Key), code(&found, CheckName::Log)), ("key_in_window", "log_proven"));
    assert_eq!(code(&found, CheckName::Status), "status_list_key");
    let found = verify(&case.bundle("").await, &case.keys(), now, now);
    assert_eq!(found.verdict.verdict, Outcome::Valid, "{:?}", found.verdict);
    // Without the log its own word for the time is not enough.
    let mut bare = case.bundle("").await;
    bare.as_object_mut().unwrap().remove("log");
    assert_eq!(code(&verify(&bare, &case.keys(), now, now), CheckName::Key), "key_compromised_later");
    // Dated back: the certificate was logged after the compromise.
    case.app.service.compromise_key(&local, key, Some(noon("2026-05-07"))).unwrap();
    let found = verify(&before, &case.keys(), now, noon("2026-05-08"));
    assert_eq!((found.verdict.verdict, code(&found, CheckName::Key)), (Outcome::Invalid, "key_compromised"));
    // And a log key that leaked vouches for nothing.
    case.app.service.compromise_key(&local, KeyId::new(Purpose::Log, 1).unwrap(), None).unwrap();
    let found = verify(&before, &case.keys(), now, noon("2026-05-08"));
    assert_eq!(code(&found, CheckName::Log), "log_key_compromised");
}

#[tokio::test]
async fn what_cannot_be_bundled_is_told() {
    let case = Case::new().await;
    let at = |path: String| async move { path };
    let of = |query: &str| format!("/api/v1/bundle/{}{query}", case.id);
    case.app.get(&at("/api/v1/bundle/0000000000000018".into()).await).await.refused(404, "no_such_certificate", "");
    case.app.get("/api/v1/bundle/1").await.is(404);
    case.app.get(&of("?as_of=2026-13-01")).await.refused(400, "bad_as_of", "/as_of");
    case.app.get(&of("?as_of=2030-01-01")).await.is(400);
    case.app.get(&of("?at=2026-05-08")).await.is(400);
    let headers = case.app.get(&of("")).await.is(200).headers;
    assert!(headers["content-disposition"].to_str().unwrap().contains(".bundle.json"));
    case.app.clock.set(noon("2026-05-08").checked_sub(SignedDuration::from_hours(1)).unwrap());
    case.app.get(&of("")).await.is(422);
}
