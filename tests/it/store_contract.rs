//! One suite for every backend: what `store/mod.rs` promises.

use super::store_kit::*;
use jiff::civil::date;
use starmark::domain::certificate::{State, SurveillanceOutcome};
use starmark::domain::mark_licence::MarkState;
use starmark::domain::{Fact, MarkChange, Standing};
use starmark::store::{
    Calendar, Changeset, Claim, MemoryStore, PageRequest, RecordKind, SledStore, Store, StoreError, Subject,
};
use std::sync::Arc;

pub fn everywhere(check: impl Fn(&dyn Store)) {
    check(&MemoryStore::new().unwrap());
    let dir = tempfile::tempdir().unwrap();
    check(&SledStore::create(&dir.path().join("data")).unwrap());
}

pub const ALL: PageRequest = PageRequest { offset: 0, size: 100 };
pub const FAR: jiff::civil::Date = date(2100, 1, 1);

#[test]
fn what_nobody_stored_is_none() {
    everywhere(|store| {
        assert_eq!(store.certificate(cert_id(1)).unwrap(), None);
        assert_eq!(store.mark(mark_id(1)).unwrap(), None);
        assert_eq!(store.record(RecordKind::Credential, cert_id(1)).unwrap(), None);
        assert_eq!(store.marks_of(cert_id(1)).unwrap(), vec![]);
        assert_eq!(store.certificate_by_number(&number(1)).unwrap(), None);
        assert_eq!(store.certificates_of(uscc(1)).unwrap(), vec![]);
        assert_eq!(store.holder_of(&Claim::Reference("D-1".into())).unwrap(), None);
        assert_eq!(store.search_holders("示例", ALL).unwrap().total, 0);
        assert_eq!(store.entries(0, 10).unwrap(), vec![]);
        assert_eq!(store.settings().unwrap(), vec![]);
        assert_eq!(store.next_seq(), 0);
        store.writable().unwrap();
    });
}

#[test]
fn a_unit_comes_back_as_it_went_in() {
    everywhere(|store| {
        let unit = issue(7);
        let done = store.commit(unit.clone()).unwrap();
        assert_eq!((done.first_seq, done.next_seq, store.next_seq()), (0, 1, 1));
        let found = store.certificate(cert_id(7)).unwrap().unwrap();
        assert_eq!((found.version(), found.terms().number.clone()), (1, number(7)));
        assert_eq!(found.state(), &State::InForce);
        assert_eq!(store.record(RecordKind::Credential, cert_id(7)).unwrap().unwrap(), credential(7));
        assert_eq!(store.record(RecordKind::Decision, cert_id(7)).unwrap().unwrap(), b"decision 7");
        assert_eq!(store.certificate_by_number(&number(7)).unwrap(), Some(cert_id(7)));
        assert_eq!(store.certificates_of(uscc(7)).unwrap(), vec![cert_id(7)]);
        let entries = store.entries(0, 10).unwrap();
        assert_eq!(entries.len(), 1);
        assert_eq!(
            (&entries[0].events, &entries[0].records, &entries[0].provenance, entries[0].first_seq),
            (&unit.events, &unit.records, &unit.provenance, 0)
        );
        for claim in unit.claims() {
            assert_eq!(store.holder_of(&claim).unwrap().as_ref(), Some(&entries[0]));
        }
    });
}

#[test]
fn the_latest_document_of_a_kind_counts() {
    everywhere(|store| {
        store.commit(issue(1)).unwrap();
        let mut later = change(1, 1, suspended(date(2026, 9, 1)));
        for text in ["second", "third"] {
            later.records.push(starmark::store::Record {
                kind: RecordKind::Decision,
                certificate: cert_id(1),
                bytes: text.into(),
            });
        }
        store.commit(later).unwrap();
        assert_eq!(store.record(RecordKind::Decision, cert_id(1)).unwrap().unwrap(), b"third");
        assert_eq!(store.record(RecordKind::Credential, cert_id(1)).unwrap().unwrap(), credential(1));
    });
}

#[test]
fn a_moved_subject_is_stale_and_nothing_is_written() {
    everywhere(|store| {
        store.commit(issue(1)).unwrap();
        store.commit(change(1, 1, suspended(date(2026, 9, 1)))).unwrap();
        match store.commit(change(1, 1, withdrawn())) {
            Err(StoreError::Stale { subject, expected: 1, found: 2 }) => {
                assert_eq!(subject, Subject::Certificate(cert_id(1)));
            }
            other => panic!("{other:?}"),
        }
        assert!(matches!(store.commit(issue(1)), Err(StoreError::Stale { expected: 0, found: 2, .. })));
        assert_eq!((store.next_seq(), store.certificate(cert_id(1)).unwrap().unwrap().version()), (2, 2));
        store.commit(change(1, 2, withdrawn())).unwrap();
        let state = store.certificate(cert_id(1)).unwrap().unwrap().state().clone();
        assert!(matches!(state, State::Ended { standing: Standing::Withdrawn, .. }));
    });
}

#[test]
fn a_claim_is_held_once_whatever_it_is() {
    everywhere(|store| {
        store.commit(issue(1)).unwrap();
        let taken = |unit: Changeset| match store.commit(unit) {
            Err(StoreError::Taken(claim)) => claim,
            other => panic!("{other:?}"),
        };
        let mut unit = issue(2);
        unit.events = vec![issued(2, starmark::domain::record::Terms { number: number(1), ..terms(2, "示例") })];
        assert_eq!(taken(unit), Claim::Number(number(1).as_str().into()));
        let mut unit = issue(2);
        unit.provenance.reference = provenance(1).reference;
        assert_eq!(taken(unit), Claim::Reference("D-2026-000001".into()));
        let mut unit = issue(2);
        unit.provenance.idempotency_key = Some("key-1".into());
        assert_eq!(taken(unit), Claim::IdempotencyKey("key-1".into()));
        let mut twice = issue(2);
        twice.events.push(issued(3, starmark::domain::record::Terms { number: number(2), ..terms(3, "示例") }));
        assert_eq!(taken(twice), Claim::Number(number(2).as_str().into()));
        assert_eq!(store.next_seq(), 1);
        assert_eq!(store.certificate(cert_id(2)).unwrap(), None);
        store.commit(issue(2)).unwrap();
    });
}

#[test]
fn a_life_that_no_order_of_states_explains_is_not_written() {
    everywhere(|store| {
        let refused = |unit: Changeset| match store.commit(unit) {
            Err(StoreError::Corrupt { table: "changeset", .. }) => {}
            other => panic!("{other:?}"),
        };
        refused(change(9, 0, withdrawn()));
        store.commit(issue(1)).unwrap();
        refused(change(1, 1, reinstated()));
        refused(Changeset { events: vec![], ..issue(2) });
        let approved = MarkChange::Approved { digits: "1".into() };
        refused(Changeset { expect: vec![], events: vec![mark_event(5, 1, approved)], ..request_mark(5, 1, 0) });
        let lost = starmark::store::Record { kind: RecordKind::Decision, certificate: cert_id(77), bytes: vec![1] };
        refused(Changeset { records: vec![lost], ..issue(2) });
        assert_eq!(store.next_seq(), 1);
    });
}

#[test]
fn units_of_several_events_are_numbered_without_a_gap_and_found_from_anywhere() {
    everywhere(|store| {
        let mut seq = 0;
        for n in 0..40 {
            let mut unit = issue(n);
            if n % 3 == 0 {
                let mut more = change(n, 1, suspended(date(2026, 9, 1)));
                unit.events.append(&mut more.events);
                let mut more = change(n, 2, reinstated());
                unit.events.append(&mut more.events);
            }
            let done = store.commit(unit).unwrap();
            assert_eq!(done.first_seq, seq);
            seq = done.next_seq;
        }
        let all = store.entries(0, 1000).unwrap();
        assert_eq!((all.len(), seq), (40, store.next_seq()));
        assert!(all.windows(2).all(|w| w[0].next_seq() == w[1].first_seq));
        for from in 0..seq {
            let wanted: Vec<_> = all.iter().filter(|e| e.next_seq() > from).take(3).cloned().collect();
            let found = store.entries(from, 3).unwrap();
            assert!(!found.is_empty() && wanted.starts_with(&found[..1]), "from {from}");
            assert_eq!(found, wanted, "from {from}");
        }
        assert_eq!(store.entries(seq, 3).unwrap(), vec![]);
        assert_eq!(store.entries(0, 0).unwrap(), vec![]);
        let events: Vec<_> =
            all.iter().flat_map(|e| (e.first_seq..).zip(e.events.iter().cloned().map(Arc::new))).collect();
        for from in 0..=seq {
            let (found, all) = (store.events(from, 4).unwrap(), &events[from as usize..]);
            // Out of units all of the last one comes along.
            assert!(all.starts_with(&found) && found.len() >= all.len().min(4), "from {from}: {found:?}");
        }
        assert_eq!(store.events(0, 0).unwrap(), vec![]);
        assert_eq!(store.certificate(cert_id(0)).unwrap().unwrap().version(), 3);
    });
}

#[test]
fn marks_have_lives_and_a_list() {
    everywhere(|store| {
        store.commit(issue(1)).unwrap();
        store.commit(request_mark(11, 1, 0)).unwrap();
        assert!(matches!(store.commit(request_mark(12, 1, 0)), Err(StoreError::Stale { found: 1, .. })));
        store.commit(request_mark(12, 1, 1)).unwrap();
        let mut approve = request_mark(11, 1, 2);
        approve.expect = vec![starmark::store::Expect { subject: Subject::Mark(mark_id(11)), version: 1 }];
        approve.events = vec![mark_event(11, 1, MarkChange::Approved { digits: "123".into() })];
        store.commit(approve.clone()).unwrap();
        assert!(matches!(store.commit(approve), Err(StoreError::Stale { found: 2, .. })));
        let found = store.mark(mark_id(11)).unwrap().unwrap();
        assert_eq!(
            (found.state(jiff::Timestamp::MAX), found.digits(), found.version()),
            (MarkState::Active, Some("123"), 2)
        );
        assert_eq!(store.mark(mark_id(12)).unwrap().unwrap().state(jiff::Timestamp::MAX), MarkState::Requested);
        let acts = store.acts_on(cert_id(1)).unwrap();
        let seqs: Vec<u64> = acts.iter().map(|a| a.seq).collect();
        assert!(acts.len() >= 4 && seqs.is_sorted(), "the certificate's and its marks', in order: {seqs:?}");
        assert_eq!(store.marks_of(cert_id(1)).unwrap(), vec![mark_id(11), mark_id(12)]);
    });
}

#[test]
fn the_calendar_follows_the_life() {
    everywhere(|store| {
        let days = |c| store.calendar(c, FAR).unwrap();
        for n in [3, 1, 2] {
            store.commit(issue(n)).unwrap();
        }
        let all = |d| vec![(d, cert_id(1)), (d, cert_id(2)), (d, cert_id(3))];
        assert_eq!(days(Calendar::SurveillanceDue), all(DUE));
        assert_eq!(days(Calendar::Expires), all(UNTIL));
        assert_eq!(days(Calendar::SuspensionEnds), vec![]);
        assert_eq!(store.calendar(Calendar::SurveillanceDue, date(2027, 5, 7)).unwrap(), vec![]);
        assert_eq!(store.calendar(Calendar::SurveillanceDue, DUE).unwrap().len(), 3);

        let next = date(2028, 4, 1);
        store.commit(change(1, 1, surveyed(SurveillanceOutcome::Failed, next))).unwrap();
        assert_eq!(days(Calendar::SurveillanceDue), all(DUE));
        store.commit(change(1, 2, surveyed(SurveillanceOutcome::Passed, next))).unwrap();
        store.commit(change(1, 3, surveyed(SurveillanceOutcome::Passed, next))).unwrap();
        let moved = vec![(DUE, cert_id(2)), (DUE, cert_id(3)), (next, cert_id(1))];
        assert_eq!(days(Calendar::SurveillanceDue), moved);

        let ends = date(2026, 9, 1);
        store.commit(change(2, 1, suspended(ends))).unwrap();
        assert_eq!(days(Calendar::SuspensionEnds), vec![(ends, cert_id(2))]);
        store.commit(change(2, 2, reinstated())).unwrap();
        assert_eq!(days(Calendar::SuspensionEnds), vec![]);
        store.commit(change(2, 3, suspended(ends))).unwrap();
        store.commit(change(2, 4, withdrawn())).unwrap();
        assert_eq!(days(Calendar::SuspensionEnds), vec![]);
        assert_eq!(days(Calendar::SurveillanceDue), vec![(DUE, cert_id(3)), (next, cert_id(1))]);
        assert_eq!(days(Calendar::Expires), vec![(UNTIL, cert_id(1)), (UNTIL, cert_id(3))]);
    });
}

#[test]
fn holders_are_found_by_any_part_of_their_name() {
    everywhere(|store| {
        for (n, name) in (1..).zip(["上海示例电器有限公司", "ＡＢＣ示例（北京）售后", "广州甲乙丙公司"])
        {
            store.commit(issue_to(n, name)).unwrap();
        }
        let find = |text: &str| store.search_holders(text, ALL).unwrap().items;
        assert_eq!(find("示例"), vec![cert_id(2), cert_id(1)]);
        assert_eq!(find("abc"), vec![cert_id(2)]);
        assert_eq!(find("(北京)"), vec![cert_id(2)]);
        assert_eq!(find("司"), vec![cert_id(3), cert_id(1)]);
        assert_eq!(find("甲乙丙公司"), vec![cert_id(3)]);
        assert_eq!(find("乙甲"), vec![]);
        let page = store.search_holders("示例", PageRequest { offset: 1, size: 1 }).unwrap();
        assert_eq!((page.items, page.total), (vec![cert_id(1)], 2));
    });
}

#[test]
fn settings_come_in_order() {
    everywhere(|store| {
        store.commit(setting("示例认证一")).unwrap();
        store.commit(issue(1)).unwrap();
        store.commit(setting("示例认证二")).unwrap();
        let names: Vec<String> = store
            .settings()
            .unwrap()
            .into_iter()
            .map(|e| match e.fact {
                Fact::Body { body, .. } => body.name.to_string(),
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(names, ["示例认证一", "示例认证二"]);
    });
}

#[test]
fn a_store_is_found_again_and_never_made_by_accident() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    assert!(matches!(SledStore::open(&data), Err(StoreError::Refused(text)) if text.contains("init")));
    assert!(!data.exists());
    let store = SledStore::create(&data).unwrap();
    assert!(
        matches!(SledStore::open(&data), Err(StoreError::Refused(text)) if text.contains(&std::process::id().to_string()))
    );
    for n in 0..20 {
        store.commit(issue(n)).unwrap();
    }
    drop(store);
    assert!(matches!(SledStore::create(&data), Err(StoreError::Refused(text)) if text.contains("exists")));
    let store = SledStore::open(&data).unwrap();
    assert_eq!(store.next_seq(), 20);
    assert_eq!(store.record(RecordKind::Credential, cert_id(5)).unwrap().unwrap(), credential(5));
    assert_eq!(store.search_holders("示例售后", ALL).unwrap().total, 20);
    assert_eq!(store.next_serial("29326SC#R*M").unwrap(), 20);
    store.commit(issue(20)).unwrap();
}
