use super::*;
use crate::domain::Host;
use crate::sign::{KeyId, KeyRecord, LocalSigner, Signer as _, SigningKey, sign_document};
use crate::status::bitstring::LIST_ENTRIES;
use serde_json::json;
use zeroize::Zeroizing;

const NOW: &str = "2026-05-08T10:00:00Z";

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn host() -> Host {
    Host::parse("xb.example.cn").unwrap()
}

fn signer() -> LocalSigner {
    LocalSigner::from_seed(&Zeroizing::new([7; 32])).unwrap()
}

fn record() -> KeyRecord {
    KeyRecord::new(KeyId::parse("credential-1").unwrap(), signer().public(), at("2026-01-01T00:00:00Z"))
}

fn keys(record: KeyRecord) -> KeyDocument {
    KeyDocument::new(host(), None, vec![record]).unwrap()
}

fn place() -> StatusEntry {
    StatusEntry::new(1, 94_567).unwrap()
}

fn said(purpose: StatusPurpose, from: &str, set: &[u32]) -> StatusList {
    let mut bits = Bitstring::new(LIST_ENTRIES).unwrap();
    set.iter().for_each(|i| bits.set(*i, true).unwrap());
    let valid_from = at(from);
    let valid_until = valid_from + jiff::SignedDuration::from_hours(24);
    StatusList { purpose, list: 1, valid_from, valid_until, encoded: bits.encode().unwrap(), ttl: 300_000 }
}

fn signed(document: Value, created: &str) -> Value {
    let key = SigningKey { signer: &signer(), id: record().id, host: &host() };
    sign_document(document, key, at(created)).unwrap()
}

fn list(purpose: StatusPurpose, from: &str, set: &[u32]) -> Value {
    signed(status_credential::document(&host(), &said(purpose, from, set)), from)
}

fn revocation(set: &[u32]) -> Value {
    list(StatusPurpose::Revocation, "2026-05-08T08:00:00Z", set)
}

fn suspension(set: &[u32]) -> Value {
    list(StatusPurpose::Suspension, "2026-05-08T09:00:00Z", set)
}

fn asked_at(lists: &[Value], when: &str) -> (CheckResult, &'static str) {
    let found = check(Some(place()), lists, &keys(record()), at(when), at(NOW));
    assert!(found.required && found.check == CheckName::Status);
    (found.result, found.code)
}

fn asked(lists: &[Value]) -> (CheckResult, &'static str) {
    asked_at(lists, NOW)
}

const OPEN: CheckResult = CheckResult::Undetermined;
const FAILED: CheckResult = CheckResult::Failed;

#[test]
fn both_lists_settle_it_and_one_is_enough_for_bad_news() {
    let clear = [revocation(&[94_566, 94_568]), suspension(&[1])];
    assert_eq!(asked(&clear), (CheckResult::Ok, "status_not_listed"));
    let found = check(Some(place()), &clear, &keys(record()), at(NOW), at(NOW));
    assert_eq!((found.source, found.known_at), (Source::StatusLists, at("2026-05-08T08:00:00Z")), "the older list");
    assert_eq!(asked(&[suspension(&[]), revocation(&[94_567])]), (FAILED, "status_revoked"));
    assert_eq!(asked(&[revocation(&[]), suspension(&[94_567])]), (FAILED, "status_suspended"));
    assert_eq!(asked(&[revocation(&[94_567]), suspension(&[94_567])]), (FAILED, "status_revoked"));
    assert_eq!(asked(&[revocation(&[94_567])]), (FAILED, "status_revoked"));
    assert_eq!(asked(&[suspension(&[94_567])]), (FAILED, "status_suspended"));
    assert_eq!(asked(&[revocation(&[])]), (OPEN, "status_list_other"));
    assert_eq!(asked(&[suspension(&[])]), (OPEN, "status_list_other"));
}

#[test]
fn what_was_not_given_settles_nothing() {
    assert_eq!(asked(&[]), (OPEN, "status_list_missing"));
    let mut other = said(StatusPurpose::Revocation, "2026-05-08T08:00:00Z", &[94_567]);
    other.list = 2;
    let other = signed(status_credential::document(&host(), &other), NOW);
    assert_eq!(asked(&[other, suspension(&[])]), (OPEN, "status_list_other"));
    let old = check(None, &[revocation(&[]), suspension(&[])], &keys(record()), at(NOW), at(NOW));
    assert_eq!((old.result, old.code), (OPEN, "status_no_entry"));
}

#[test]
fn a_list_speaks_of_its_own_time_only() {
    let lists = [revocation(&[94_567]), suspension(&[])];
    // The revocation list is of 08:00 to 08:00, the suspension list of 09:00 to 09:00.
    assert_eq!(asked_at(&lists, "2026-05-08T07:59:59Z"), (OPEN, "status_list_out_of_window"));
    assert_eq!(asked_at(&lists, "2026-05-08T08:00:00Z"), (FAILED, "status_revoked"));
    assert_eq!(asked_at(&lists, "2026-05-09T08:00:01Z"), (OPEN, "status_list_out_of_window"));
    let clear = [revocation(&[]), suspension(&[])];
    assert_eq!(asked_at(&clear, "2026-05-08T08:30:00Z"), (OPEN, "status_list_out_of_window"));
    assert_eq!(asked_at(&clear, "2026-05-08T09:00:00Z").0, CheckResult::Ok);
    assert_eq!(asked_at(&clear, "2026-05-08T10:00:01Z"), (OPEN, "in_the_future"));
}

#[test]
fn the_latest_list_that_covers_the_instant_counts_in_any_order() {
    let early = list(StatusPurpose::Suspension, "2026-05-08T07:00:00Z", &[94_567]);
    for lists in [[early.clone(), suspension(&[])], [suspension(&[]), early]] {
        let [one, other] = lists;
        let lists = [revocation(&[]), one, other];
        assert_eq!(asked(&lists).0, CheckResult::Ok, "reinstated since");
        assert_eq!(asked_at(&lists, "2026-05-08T08:30:00Z"), (FAILED, "status_suspended"));
    }
}

#[test]
fn a_list_that_is_not_wholly_ours_settles_nothing() {
    let unreadable = |changed: Value| assert_eq!(asked(&[changed, suspension(&[])]), (OPEN, "status_list_unreadable"));
    // Another list under the old signature, in both directions.
    for (from, to) in [(&[94_567][..], &[][..]), (&[], &[94_567])] {
        let mut swapped = revocation(from);
        swapped["credentialSubject"]["encodedList"] = json!(said(StatusPurpose::Revocation, NOW, to).encoded);
        unreadable(swapped);
    }
    let mut longer = revocation(&[]);
    longer["validUntil"] = json!("2027-05-08T08:00:00Z");
    unreadable(longer);
    let mut bare = revocation(&[94_567]);
    bare.as_object_mut().unwrap().remove("proof");
    unreadable(bare);
    // Properly signed, and not what a list says.
    let mut more = status_credential::document(&host(), &said(StatusPurpose::Revocation, "2026-05-08T08:00:00Z", &[]));
    more["credentialSubject"]["statusSize"] = json!(2);
    unreadable(signed(more, NOW));
    let mut purpose =
        status_credential::document(&host(), &said(StatusPurpose::Suspension, "2026-05-08T08:00:00Z", &[]));
    purpose["id"] = json!("https://xb.example.cn/status/revocation/1");
    unreadable(signed(purpose, NOW));
    let mut packed = said(StatusPurpose::Revocation, "2026-05-08T08:00:00Z", &[]);
    packed.encoded.pop();
    unreadable(signed(status_credential::document(&host(), &packed), NOW));
    assert_eq!(asked(&[Value::Null, suspension(&[])]), (OPEN, "status_list_unreadable"));
    assert_eq!(read_bytes(b"{\"id\":1,\"id\":2}"), Value::Null);
    assert_eq!(read_bytes(b"{\"id\":1}"), json!({"id": 1}));
}

#[test]
fn a_list_under_a_key_that_does_not_count_settles_nothing() {
    let lists = [revocation(&[94_567]), suspension(&[])];
    let by = |record: KeyRecord| {
        let found = check(Some(place()), &lists, &keys(record), at(NOW), at(NOW));
        (found.result, found.code)
    };
    let retired = |when: &str| KeyRecord { retired_at: Some(at(when)), ..record() };
    assert_eq!(by(retired("2026-05-08T09:30:00Z")), (FAILED, "status_revoked"), "it was in use then");
    assert_eq!(by(retired("2026-05-08T07:00:00Z")), (OPEN, "status_list_key"));
    for since in ["2026-05-08T07:00:00Z", "2026-05-08T09:30:00Z"] {
        let leaked = KeyRecord { compromised_at: Some(at(since)), ..record() };
        assert_eq!(by(leaked), (OPEN, "status_list_key"), "{since}");
    }
    let other = LocalSigner::from_seed(&Zeroizing::new([8; 32])).unwrap().public();
    assert_eq!(by(KeyRecord { public: other, ..record() }), (OPEN, "status_list_unreadable"));
    let found = check(Some(place()), &lists, &keys(record()), at(NOW), at("2026-05-08T06:00:00Z"));
    assert_eq!(found.code, "status_list_key", "made in the future of whoever asks");
}
