//! The part of the suite for every backend that is about places in the status lists.

use super::store_contract::everywhere;
use super::store_kit::*;
use jiff::civil::date;
use starmark::domain::certificate::{CertificateChange, SurveillanceOutcome};
use starmark::domain::reason::SupersessionReason;
use starmark::domain::record::Terms;
use starmark::domain::{Fact, StatusEntry};
use starmark::store::{Changeset, Claim, MemoryStore, SledStore, Store, StoreError};

fn at_place(n: u64, place: StatusEntry) -> Changeset {
    Changeset { events: vec![issued(n, Terms { status: Some(place), ..terms(n, "示例") })], ..issue(n) }
}

#[test]
fn a_place_is_held_once_and_tells_its_certificate() {
    everywhere(|store| {
        let first = StatusEntry::new(1, 131_071).unwrap();
        assert_eq!(store.certificate_by_status(first).unwrap(), None);
        store.commit(at_place(1, first)).unwrap();
        match store.commit(at_place(2, first)) {
            Err(StoreError::Taken(claim)) => assert_eq!(claim, Claim::StatusIndex(first)),
            other => panic!("{other:?}"),
        }
        // The same index in another list is another place.
        let second = StatusEntry::new(2, 131_071).unwrap();
        store.commit(at_place(2, second)).unwrap();
        // Twice in one unit, and of several at once in one group.
        let third = StatusEntry::new(2, 0).unwrap();
        let mut twice = at_place(3, third);
        twice.events.push(issued(4, Terms { status: Some(third), ..terms(4, "示例") }));
        assert!(matches!(store.commit(twice), Err(StoreError::Taken(Claim::StatusIndex(_)))));
        let group = store.commit_all((3..9).map(|n| at_place(n, third)).collect());
        assert_eq!(group.iter().filter(|done| done.is_ok()).count(), 1);
        assert_eq!(store.certificate_by_status(first).unwrap(), Some(cert_id(1)));
        assert_eq!(store.certificate_by_status(second).unwrap(), Some(cert_id(2)));
        let held = store.holder_of(&Claim::StatusIndex(second)).unwrap().unwrap();
        assert!(matches!(&held.events[0].fact, Fact::Certificate { id, .. } if *id == cert_id(2)));
    });
}

#[test]
fn a_list_has_whoever_was_ever_other_than_valid_once_and_in_order() {
    everywhere(|store| {
        let put = |n: u64, list, index| store.commit(at_place(n, StatusEntry::new(list, index).unwrap())).unwrap();
        put(1, 1, 70_000);
        put(2, 1, 3);
        put(3, 1, 256);
        put(4, 2, 5);
        store
            .commit(Changeset { events: vec![issued(5, Terms { status: None, ..terms(5, "示例") })], ..issue(5) })
            .unwrap();
        store.commit(change(1, 1, surveyed(SurveillanceOutcome::Failed, date(2028, 4, 1)))).unwrap();
        assert_eq!(store.status_list(1).unwrap(), vec![]);
        let until = date(2026, 9, 1);
        store.commit(change(1, 2, suspended(until))).unwrap();
        store.commit(change(1, 3, reinstated())).unwrap();
        store.commit(change(1, 4, suspended(until))).unwrap();
        store.commit(change(2, 1, withdrawn())).unwrap();
        // A successor still to come makes something of it one day.
        let by = SupersessionReason::parse(SupersessionReason::RECERTIFIED).unwrap();
        let mut planned = change(3, 1, CertificateChange::Superseded { by: cert_id(4), reason: by });
        planned.events[0].effective_at = at(9_000_000);
        store.commit(planned).unwrap();
        store.commit(change(4, 1, withdrawn())).unwrap();
        // One without a place is in no list.
        store.commit(change(5, 1, withdrawn())).unwrap();
        let first = vec![(3, cert_id(2)), (256, cert_id(3)), (70_000, cert_id(1))];
        assert_eq!(store.status_list(1).unwrap(), first);
        assert_eq!(store.status_list(2).unwrap(), vec![(5, cert_id(4))]);
        assert_eq!(store.status_list(3).unwrap(), vec![]);
        assert_eq!(store.status_list(0).unwrap(), vec![]);
    });
}

#[test]
fn the_list_to_fill_is_known_again_after_a_start_without_views() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let store = SledStore::create(&data).unwrap();
    assert_eq!((store.latest_status_list().unwrap(), store.next_status_list().unwrap()), (1, 1));
    store.commit(at_place(1, StatusEntry::new(1, 9).unwrap())).unwrap();
    store.commit(at_place(2, StatusEntry::new(4, 9).unwrap())).unwrap();
    assert_eq!((store.latest_status_list().unwrap(), store.next_status_list().unwrap()), (4, 4));
    drop(store);
    for views in [true, false] {
        if !views {
            std::fs::remove_dir_all(data.join("views")).unwrap();
        }
        let store = SledStore::open(&data).unwrap();
        assert_eq!((store.latest_status_list().unwrap(), store.next_status_list().unwrap()), (4, 4));
        assert_eq!(store.certificate_by_status(StatusEntry::new(4, 9).unwrap()).unwrap(), Some(cert_id(2)));
    }
}

#[test]
fn a_list_is_handed_out_for_half_its_places_however_many_ask_at_once() {
    let store = MemoryStore::new().unwrap();
    let most = StatusEntry::TAKEN_MAX as usize;
    let handed = std::sync::Mutex::new(std::collections::BTreeMap::<u32, usize>::new());
    std::thread::scope(|s| {
        for _ in 0..8 {
            s.spawn(|| {
                for _ in 0..most / 8 + 100 {
                    *handed.lock().unwrap().entry(store.next_status_list().unwrap()).or_default() += 1;
                }
            });
        }
    });
    assert_eq!(handed.into_inner().unwrap(), [(1, most), (2, 800)].into());
}
