//! The status lists as anybody fetches them: what they say of every certificate, now and at any time before.

use crate::harness::{Answer, TestApp, decision, noon};
use crate::store_kit::{append_header, newer_header};
use axum::body::Body;
use axum::http::Request;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use starmark::domain::status_entry::LIST_ENTRIES;
use starmark::domain::{CertificateId, StatusEntry, StatusPurpose};
use starmark::sign::{
    KeyDocument, KeyId, Purpose, StatusList, StatusToken, cwt, jwt, parse_strict, status_credential, verify_credential,
};
use starmark::status::{Bits, Bitstring, TokenList};
use starmark::verify::{CheckResult, Outcome, certificate, status};

const REVOCATION: &str = "/status/revocation/1";
const SUSPENSION: &str = "/status/suspension/1";
const TOKEN: &str = "/status/token/1";

async fn keys(app: &TestApp) -> KeyDocument {
    KeyDocument::parse(&app.get("/.well-known/did.json").await.is(200).bytes).unwrap()
}

/// A list as a verifier reads it: signed by this body, of its address.
async fn list(app: &TestApp, path: &str) -> (StatusList, Bitstring) {
    let document = parse_strict(&app.get(path).await.is(200).bytes).unwrap();
    let keys = keys(app).await;
    verify_credential(&document, |url| keys.resolve(url)).unwrap();
    let list = status_credential::read(keys.host(), &document).unwrap();
    let bits = Bitstring::decode(&list.encoded).unwrap();
    assert_eq!(bits.length(), u64::from(LIST_ENTRIES));
    (list, bits)
}

async fn ask_token(app: &TestApp, path: &str, accept: &str) -> Answer {
    app.send(Request::get(path).header("accept", accept).body(Body::empty()).unwrap()).await.is(200)
}

async fn token(app: &TestApp, query: &str) -> (StatusToken, TokenList) {
    let keys = keys(app).await;
    let text = ask_token(app, &format!("{TOKEN}{query}"), "*/*").await;
    assert_eq!(text.headers["content-type"], "application/statuslist+jwt");
    let (token, _) = jwt::verify(&text.text(), |url| keys.resolve(url)).unwrap();
    let bytes = ask_token(app, &format!("{TOKEN}{query}"), "application/statuslist+cwt").await;
    assert_eq!(bytes.headers["content-type"], "application/statuslist+cwt");
    assert_eq!(cwt::verify(&bytes.bytes, |url| keys.resolve(url)).unwrap().0, token, "both forms say the same");
    let list = TokenList::decode(Bits::new(token.bits).unwrap(), &token.packed).unwrap();
    assert_eq!(list.length(), u64::from(LIST_ENTRIES));
    (token, list)
}

fn place(app: &TestApp, id: &str) -> StatusEntry {
    let id = CertificateId::parse(id).unwrap();
    app.service.store().certificate(id).unwrap().unwrap().terms().status.unwrap()
}

/// The revoked and the suspended of the token, as they stood at that moment. The lists say the same, and the one of the suspended
/// has the revoked, too.
async fn told(app: &TestApp, at: Option<Timestamp>) -> (Vec<u32>, Vec<u32>) {
    let query = at.map_or(String::new(), |t| format!("?timestamp={t}"));
    let time = at.map_or(String::new(), |t| format!("?time={}", t.as_second()));
    let set = |bits: &Bitstring| (0..LIST_ENTRIES).filter(|i| bits.get(*i).unwrap()).collect::<Vec<u32>>();
    let revoked = set(&list(app, &format!("{REVOCATION}{query}")).await.1);
    let suspended = set(&list(app, &format!("{SUSPENSION}{query}")).await.1);
    let (_, statuses) = token(app, &time).await;
    let with = |status: u8| (0..LIST_ENTRIES).filter(|i| statuses.get(*i).unwrap() == status).collect::<Vec<u32>>();
    let mut both = [with(1), with(2)].concat();
    both.sort_unstable();
    assert_eq!((with(1), both, with(3)), (revoked.clone(), suspended, vec![]));
    (revoked, with(2))
}

fn places(app: &TestApp, ids: &[&String]) -> Vec<u32> {
    let mut all: Vec<u32> = ids.iter().map(|id| place(app, id).index()).collect();
    all.sort_unstable();
    all
}

/// Five certificates: valid, suspended, withdrawn, cancelled, superseded; issued on the 8th, changed from the 20th on.
async fn register() -> (TestApp, Vec<String>) {
    let app = TestApp::on("2026-05-08");
    let mut ids = vec![];
    for n in 0..5 {
        ids.push(app.issue(&decision(&format!("D-{n}"), "2026-05-08")).await["id"].as_str().unwrap().to_owned());
    }
    app.today("2026-05-20");
    app.order(&ids[1], "suspension", json!({"reason": "0112"})).await.is(200);
    app.order(&ids[2], "withdrawal", json!({"reason": "0199"})).await.is(200);
    app.today("2026-05-21");
    app.order(&ids[3], "cancellation", json!({"reason": "holder_gone"})).await.is(200);
    let next = json!({"reason": "reissued", "decision": decision("D-9", "2026-05-21")});
    app.order(&ids[4], "supersession", next).await.is(201);
    (app, ids)
}

#[tokio::test]
async fn the_lists_say_how_every_certificate_stands_and_stood() {
    let (app, ids) = register().await;
    let [_, suspended, withdrawn, cancelled, superseded] = &ids[..] else { panic!("five") };
    let ended = places(&app, &[withdrawn, cancelled, superseded]);
    assert_eq!(told(&app, None).await, (ended.clone(), places(&app, &[suspended])));
    // As it stood, by what was known then: to the second of the change, and before there was any certificate.
    let on_20th = noon("2026-05-20");
    let known = (places(&app, &[withdrawn]), places(&app, &[suspended]));
    assert_eq!(told(&app, Some(on_20th)).await, known);
    assert_eq!(told(&app, Some(on_20th - SignedDuration::from_secs(1))).await, (vec![], vec![]));
    assert_eq!(told(&app, Some(noon("2026-05-08") - SignedDuration::from_hours(99))).await, (vec![], vec![]));
    let (then, _) = list(&app, &format!("{REVOCATION}?timestamp={on_20th}")).await;
    assert_eq!((then.valid_from, then.valid_until), (on_20th, on_20th), "of that second, and of no other");
    // A suspension is lifted; what it was then stays so.
    app.today("2026-06-01");
    app.order(suspended, "reinstatement", json!({})).await.is(200);
    assert_eq!(told(&app, None).await, (ended.clone(), vec![]));
    app.order(suspended, "suspension", json!({"reason": "0112"})).await.is(200);
    assert_eq!(told(&app, None).await, (ended, places(&app, &[suspended])));
    assert_eq!(told(&app, Some(on_20th)).await, known);
    // A suspended one that ends for good leaves the one list for the other.
    app.order(suspended, "withdrawal", json!({"reason": "0199"})).await.is(200);
    let all = places(&app, &[suspended, withdrawn, cancelled, superseded]);
    assert_eq!(told(&app, None).await, (all, vec![]));
}

#[tokio::test]
async fn an_expired_certificate_keeps_the_mark_it_had() {
    let (app, ids) = register().await;
    app.today("2029-05-08");
    assert_eq!(app.standing(&ids[1]).await, "expired");
    assert_eq!(told(&app, None).await.1, places(&app, &[&ids[1]]), "its suspension was never lifted");
}

#[tokio::test]
async fn a_list_is_what_the_offline_check_reads() {
    let (app, ids) = register().await;
    let (keys, now) = (keys(&app).await, app.service.now());
    let mut lists = vec![];
    for path in [REVOCATION, SUSPENSION] {
        lists.push(status::read_bytes(&app.get(path).await.bytes));
    }
    let codes = ["status_not_listed", "status_suspended", "status_revoked", "status_revoked", "status_revoked"];
    for (id, code) in ids.iter().zip(codes) {
        let found = status::check(Some(place(&app, id)), &lists, &keys, now, now);
        assert_eq!(found.code, code);
        assert_eq!(found.result == CheckResult::Ok, code == "status_not_listed");
        // The whole answer: the record, its keys, its dates, and the lists.
        let record = app.get(&format!("/api/v1/certificates/{id}/credential")).await.is(200).bytes;
        let whole = |lists: &[Value]| {
            let offline = certificate::verify_offline(&record, &keys, now, now);
            let found = status::with_lists(offline, lists, &keys, now);
            assert!(found.genuine.is_some() && found.verdict.checks.len() == 4);
            found.verdict.verdict
        };
        assert_eq!(whole(&lists), if code == "status_not_listed" { Outcome::Valid } else { Outcome::Invalid });
        assert_eq!(whole(&[]), Outcome::Undetermined, "who gives lists wants to know");
        let later = now + SignedDuration::from_hours(25);
        let found = status::check(Some(place(&app, id)), &lists, &keys, later, later);
        assert_eq!((found.result, found.code), (CheckResult::Undetermined, "status_list_out_of_window"));
    }
}

#[tokio::test]
async fn a_list_is_kept_until_it_would_be_another() {
    let (app, ids) = register().await;
    let all = async || {
        let cwt = ask_token(&app, TOKEN, "application/statuslist+cwt").await.bytes;
        [app.get(REVOCATION).await.bytes, app.get(SUSPENSION).await.bytes, app.get(TOKEN).await.bytes, cwt]
    };
    let first = all().await;
    // Time, and what moves nobody's standing, change nothing.
    app.clock.set(noon("2026-05-21") + SignedDuration::from_hours(11));
    app.issue(&decision("D-10", "2026-05-21")).await;
    app.order(&ids[0], "surveillance", json!({"on_site_ended_on": "2026-05-20", "outcome": "passed"})).await.is(200);
    assert_eq!(all().await, first);
    let mut before = first;
    let mut moved = async |what: &str| {
        let after = all().await;
        for (old, new) in before.iter().zip(&after) {
            assert_ne!(old, new, "{what}");
        }
        before = after;
    };
    app.order(&ids[0], "suspension", json!({"reason": "0112"})).await.is(200);
    moved("a suspension").await;
    app.clock.set(noon("2026-05-21") + SignedDuration::from_hours(24));
    moved("half of its validity").await;
    app.rotate(Purpose::Credential);
    moved("another key").await;
    let keys = keys(&app).await;
    let signed_by = parse_strict(&app.get(REVOCATION).await.bytes).unwrap()["proof"]["verificationMethod"].clone();
    assert_eq!(
        signed_by,
        json!(keys.keys().iter().find(|k| k.id.to_string() == "credential-2").unwrap().id.url(keys.host()))
    );
}

#[tokio::test]
async fn a_planned_change_comes_by_the_clock_alone() {
    let app = TestApp::on("2024-05-08");
    let old = app.issue(&decision("D-1", "2024-05-08")).await["id"].as_str().unwrap().to_owned();
    for (today, on_site) in [("2025-04-20", "2025-04-18"), ("2026-04-20", "2026-04-18")] {
        app.today(today);
        let body = json!({"on_site_ended_on": on_site, "outcome": "passed"});
        app.order(&old, "surveillance", body).await.is(200);
    }
    app.today("2027-04-30");
    let mut next = decision("D-2", "2027-04-30");
    next["issued_on"] = json!("2027-05-01");
    app.order(&old, "recertification", json!({"decision": next})).await.is(201);
    let midnight = noon("2027-05-01") - SignedDuration::from_hours(12);
    app.clock.set(midnight - SignedDuration::from_secs(1));
    assert_eq!(told(&app, None).await, (vec![], vec![]));
    app.clock.set(midnight);
    assert_eq!(told(&app, None).await, (places(&app, &[&old]), vec![]));
}

#[tokio::test]
async fn what_cannot_be_read_is_suspended() {
    let (app, ids) = register().await;
    let (valid, withdrawn) = (ids[0].clone(), ids[2].clone());
    let now = app.service.now();
    let limited = |id: &str| {
        newer_header(&format!(
            r#"{{"subject":"certificate","id":"{id}","change":"limited","to":"half","effective_at":"{now}","recorded_at":"{now}","actor":"decision_maker"}}"#
        ))
    };
    let app = app.restarted(|data| {
        append_header(data, &limited(&valid), 1);
        append_header(data, &limited(&withdrawn), 1);
    });
    let ended = places(&app, &[&withdrawn, &ids[3], &ids[4]]);
    assert_eq!(told(&app, None).await, (ended, places(&app, &[&valid, &ids[1]])));
    assert_eq!(
        told(&app, Some(noon("2026-05-20"))).await.1,
        places(&app, &[&ids[1]]),
        "what was known before stays known"
    );
}

#[tokio::test]
async fn a_list_is_open_to_everybody_and_says_how_long_it_keeps() {
    let (app, _) = register().await;
    for (path, kind) in
        [(REVOCATION, "application/vc"), (SUSPENSION, "application/vc"), (TOKEN, "application/statuslist+jwt")]
    {
        let answer = app.get(path).await.is(200);
        assert_eq!(answer.headers["content-type"], kind);
        assert_eq!(answer.headers["access-control-allow-origin"], "*");
        assert_eq!(answer.headers["cache-control"], "public, max-age=300");
        assert_eq!(answer.headers.get("vary").is_some(), path == TOKEN);
    }
    let (made, _) = list(&app, REVOCATION).await;
    assert_eq!((made.ttl, made.purpose), (300_000, StatusPurpose::Revocation));
    let (made, _) = token(&app, "").await;
    let url = |list: &str| format!("https://xb.example.cn{list}");
    assert_eq!((made.ttl, made.subject), (Some(300), url(TOKEN)));
    assert_eq!(made.expires_at, Some(made.issued_at + SignedDuration::from_hours(24)));
}

#[tokio::test]
async fn what_is_no_list_or_no_moment_is_a_problem_in_words() {
    let (app, _) = register().await;
    for path in [
        "/status/revocation/0",
        "/status/revocation/01",
        "/status/revocation/+1",
        "/status/revocation/2",
        "/status/revocation/4294967296",
        "/status/refresh/1",
        "/status/Revocation/1",
        "/status/token/2",
        "/status/token/x",
    ] {
        let answer = app.get(path).await;
        assert_eq!(answer.headers["cache-control"], "no-store", "{path}");
        answer.refused(404, "no_such_status_list", "");
    }
    let ahead = app.service.now() + SignedDuration::from_millis(1);
    for query in [format!("timestamp={ahead}"), "timestamp=2026-05-20".into(), "timestamp=".into()] {
        app.get(&format!("{REVOCATION}?{query}")).await.refused(400, "bad_timestamp", "");
    }
    for query in [format!("time={}", ahead.as_second() + 1), "time=2026-05-20T00:00:00Z".into()] {
        app.get(&format!("{TOKEN}?{query}")).await.refused(400, "bad_timestamp", "");
    }
    app.get(&format!("{REVOCATION}?time=1")).await.refused(400, "bad_query", "");
    app.get(&format!("{TOKEN}?timestamp=2026-05-20T00:00:00Z")).await.refused(400, "bad_query", "");
    app.get("/status/revocation").await.is(404);
    // A plus sign that was not escaped is a space, and the words say what is right.
    let answer = app.get(&format!("{REVOCATION}?timestamp=2026-05-20T08:00:00+08:00")).await.is(400).json();
    assert!(answer["detail"].as_str().unwrap().contains("%2B"), "{answer}");
    app.get(&format!("{REVOCATION}?timestamp=2026-05-20T08:00:00%2B08:00")).await.is(200);
}

#[tokio::test]
async fn no_list_is_signed_by_a_clock_that_is_wrong_or_without_a_key() {
    let (app, _) = register().await;
    app.clock.set(noon("2026-05-10"));
    for path in [REVOCATION, TOKEN, &format!("{REVOCATION}?timestamp=2026-05-09T00:00:00Z")] {
        let answer = app.get(path).await;
        assert_eq!(answer.headers["cache-control"], "no-store");
        answer.refused(503, "clock_behind", "");
    }
    app.today("2026-05-21");
    app.get(REVOCATION).await.is(200);
    let operator = starmark::service::Act::by(starmark::service::Actor::local("test"));
    app.service.compromise_key(&operator, KeyId::parse("credential-1").unwrap(), None).unwrap();
    app.get(REVOCATION).await.refused(503, "no_key", "");
    app.rotate(Purpose::Credential);
    let (_, bits) = list(&app, REVOCATION).await;
    assert!((0..LIST_ENTRIES).any(|i| bits.get(i).unwrap()));
}

/// Nothing is told of how many there are: a list of one certificate and of none are of one size.
#[tokio::test]
async fn an_empty_register_has_a_list_already() {
    let app = TestApp::on("2026-05-08");
    assert_eq!(told(&app, None).await, (vec![], vec![]));
    let value: Value = app.get(REVOCATION).await.json();
    app.issue(&decision("D-1", "2026-05-08")).await;
    assert_eq!(app.get(REVOCATION).await.json()["credentialSubject"], value["credentialSubject"]);
}
