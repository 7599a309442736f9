//! Bundles put together by somebody else, from parts that are each genuine: they never say more than the body does.

use crate::bundles::{Case, code, verify};
use crate::harness::noon;
use serde_json::{Value, json};
use starmark::sign::{KeyDocument, KeyId, Purpose};
use starmark::verify::{CheckName, Outcome};

/// Both lists of a moment; none for now.
async fn lists(case: &Case, at: Option<&str>) -> [Value; 2] {
    let query = at.map_or(String::new(), |at| format!("?timestamp={at}"));
    let mut out = [Value::Null, Value::Null];
    for (place, purpose) in out.iter_mut().zip(["revocation", "suspension"]) {
        *place = case.app.get(&format!("/status/{purpose}/1{query}")).await.is(200).json();
    }
    out
}

/// The bundle with other lists, and without the entries of its log for which `leave_out` says so.
fn doctored(good: &Value, lists: &[Value], leave_out: impl Fn(&str) -> bool) -> Value {
    let mut bundle = good.clone();
    bundle["status_lists"] = json!(lists);
    let entries = bundle["log"]["entries"].as_array_mut().unwrap();
    entries.retain(|e| !leave_out(e["entry"]["change"].as_str().unwrap()));
    bundle
}

#[tokio::test]
async fn lists_of_a_moment_that_is_over_say_nothing_of_later() {
    let case = Case::new().await;
    case.app.today("2026-05-20");
    case.order("withdrawal", json!({"reason": "0199"})).await;
    let (good, now) = (case.bundle("").await, noon("2026-05-20"));
    for before in ["2026-05-20T03:59:59Z", "2026-05-20T03:59:59.9Z", "2026-05-19T05:00:00Z"] {
        let past = lists(&case, Some(before)).await;
        let bundle = doctored(&good, &past, |change| change == "withdrawn");
        let found = verify(&bundle, &case.keys(), now, now);
        assert_eq!(code(&found, CheckName::Status), "status_list_out_of_window", "{before}");
        assert_eq!(found.verdict.verdict, Outcome::Undetermined, "{before}");
        // Of their own second they still tell.
        let then = before.parse::<jiff::Timestamp>().unwrap();
        let then = jiff::Timestamp::from_second(then.as_second()).unwrap();
        assert_eq!(verify(&bundle, &case.keys(), now, then).verdict.verdict, Outcome::Valid, "{before}");
    }
}

#[tokio::test]
async fn lists_of_two_moments_do_not_add_up_to_a_third() {
    let case = Case::new().await;
    case.app.today("2026-05-20");
    case.order("suspension", json!({"reason": "0111"})).await;
    let [revocation_before, _] = lists(&case, None).await;
    case.app.clock.set(noon("2026-05-20") + jiff::SignedDuration::from_hours(2));
    case.order("withdrawal", json!({"reason": "0199"})).await;
    let [_, suspension_after] = lists(&case, None).await;
    let now = case.app.service.now();
    let bundle = doctored(&case.bundle("").await, &[revocation_before, suspension_after], |change| change != "issued");
    let found = verify(&bundle, &case.keys(), now, now);
    assert_eq!((found.verdict.verdict, code(&found, CheckName::Status)), (Outcome::Invalid, "status_suspended"));
}

#[tokio::test]
async fn a_list_ends_before_a_change_that_is_planned() {
    let case = Case::new().await;
    case.app.today("2026-05-20");
    case.order("suspension", json!({"reason": "0111", "effective_on": "2026-05-21"})).await;
    let [_, suspension] = lists(&case, None).await;
    assert_eq!(suspension["validUntil"], "2026-05-20T15:59:59Z", "the last second of the 20th in China");
}

#[tokio::test]
async fn nobody_is_condemned_by_what_was_left_out() {
    let case = Case::new().await;
    case.app.today("2026-05-20");
    case.order("suspension", json!({"reason": "0111"})).await;
    let old = case.bundle("").await;
    case.app.today("2026-06-01");
    case.order("reinstatement", json!({})).await;
    let (fresh, now) = (case.bundle("").await, noon("2026-06-01"));
    let lists = fresh["status_lists"].as_array().unwrap();
    // The reinstatement is left out; the lists are later than the suspension and know better.
    let without = doctored(&fresh, lists, |change| change == "reinstated");
    let found = verify(&without, &case.keys(), now, now);
    assert_eq!((found.verdict.verdict, code(&found, CheckName::Status)), (Outcome::Valid, "status_not_listed"));
    // Without lists of this day nobody knows whether the suspension of then still holds.
    let found = verify(&old, &case.keys(), now, now);
    assert_eq!((found.verdict.verdict, found.verdict.standing), (Outcome::Undetermined, None));
    // Of its own time it tells, with the reason.
    let then = noon("2026-05-20");
    let found = verify(&old, &case.keys(), now, then);
    assert_eq!((found.verdict.verdict, code(&found, CheckName::Status)), (Outcome::Invalid, "suspended"));
    let status = found.verdict.checks.iter().find(|c| c.check == CheckName::Status).unwrap();
    assert_eq!(status.known_at, then, "the log told no later");
    // An end is told as what was known then: an erratum may have come since.
    case.order("withdrawal", json!({"reason": "0199"})).await;
    let ended = case.bundle("").await;
    let later = noon("2027-06-01");
    let found = verify(&ended, &case.keys(), later, later);
    assert_eq!((found.verdict.verdict, code(&found, CheckName::Status)), (Outcome::Undetermined, "status_told_before"));
    assert!(found.verdict.obstacle().unwrap().message.starts_with("withdrawn since 2026-06-01"), "{:?}", found.verdict);
    let now = case.app.service.now();
    let found = verify(&ended, &case.keys(), now, now);
    assert_eq!((found.verdict.verdict, code(&found, CheckName::Status)), (Outcome::Invalid, "withdrawn"));
}

#[tokio::test]
async fn lists_older_than_an_entry_do_not_outweigh_it() {
    let case = Case::new().await;
    let before = lists(&case, None).await;
    case.app.clock.set(noon("2026-05-08") + jiff::SignedDuration::from_hours(2));
    case.order("withdrawal", json!({"reason": "0199"})).await;
    let now = case.app.service.now();
    let bundle = doctored(&case.bundle("").await, &before, |_| false);
    let found = verify(&bundle, &case.keys(), now, now);
    assert_eq!((found.verdict.verdict, code(&found, CheckName::Status)), (Outcome::Invalid, "withdrawn"));
    // Also by a clock that is behind what the log tells.
    let slow = noon("2026-05-08") + jiff::SignedDuration::from_hours(1);
    let found = verify(&bundle, &case.keys(), slow, now);
    assert_ne!(found.verdict.verdict, Outcome::Valid);
}

#[tokio::test]
async fn entries_of_another_certificate_are_not_its_life() {
    let case = Case::new().await;
    let other = case.app.issue(&crate::harness::decision("D-2", "2026-05-08")).await["id"].as_str().unwrap().to_owned();
    let (good, now) = (case.bundle("").await, noon("2026-05-08"));
    let others = case.app.get(&format!("/api/v1/bundle/{other}")).await.is(200).json();
    let mut mixed = good.clone();
    mixed["log"] = others["log"].clone();
    let found = verify(&mixed, &case.keys(), now, now);
    assert_eq!((found.verdict.verdict, code(&found, CheckName::Log)), (Outcome::Invalid, "log_mismatch"));
    let mut more = others.clone();
    let first = good["log"]["entries"][0].clone();
    more["log"]["entries"].as_array_mut().unwrap().insert(0, first);
    let found = verify(&more, &case.keys(), now, now);
    assert_eq!((found.verdict.verdict, code(&found, CheckName::Log)), (Outcome::Invalid, "log_mismatch"));
}

#[tokio::test]
async fn a_leak_that_the_file_tells_of_is_heeded() {
    let case = Case::new().await;
    let (keys, now) = (case.keys(), noon("2026-05-08"));
    let mut bundle = case.bundle("").await;
    let leaked = |bundle: &mut Value, key: &str| {
        let list = bundle["keys"]["verificationMethod"].as_array_mut().unwrap();
        let named = list.iter_mut().find(|k| k["id"].as_str().unwrap().ends_with(key)).unwrap();
        named["revoked"] = "2026-05-08T03:00:00Z".into();
        let by_it = |k: &Value| !k.as_str().unwrap().ends_with(key);
        bundle["keys"]["assertionMethod"].as_array_mut().unwrap().retain(by_it);
    };
    leaked(&mut bundle, "#mark-1");
    assert_eq!(verify(&bundle, &keys, now, now).verdict.verdict, Outcome::Valid, "it signs nothing in here");
    leaked(&mut bundle, "#credential-1");
    let found = verify(&bundle, &keys, now, now);
    assert_eq!((found.verdict.verdict, code(&found, CheckName::Trust)), (Outcome::Undetermined, "keys_outdated"));
    // Whoever knows of it already is told the rest.
    let told: KeyDocument = KeyDocument::parse(bundle["keys"].to_string().as_bytes()).unwrap();
    assert!(
        told.keys().iter().any(|k| k.id == KeyId::new(Purpose::Credential, 1).unwrap() && k.compromised_at.is_some())
    );
    assert_eq!(code(&verify(&bundle, &told, now, now), CheckName::Trust), "keys_given");
}
