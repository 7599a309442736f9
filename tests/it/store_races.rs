//! The part of the suite for every backend that is about many callers at once.

use super::store_contract::{ALL, FAR, everywhere};
use super::store_kit::*;
use super::views_kit::{TrialSource, Ways};
use jiff::civil::date;
use starmark::domain::record::Terms;
use starmark::store::disk::MemoryDisk;
use starmark::store::engine::Engine;
use starmark::store::journal::Options;
use starmark::store::views::{Applied, MemoryViews, Settling, ViewWrite, Views as _};
use starmark::store::{Calendar, RecordKind, Store, StoreError};
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex};
use std::thread::scope;
use std::time::Duration;

#[test]
fn serials_are_never_handed_out_twice() {
    everywhere(|store| {
        store.commit(issue(41)).unwrap();
        let handed = Mutex::new(BTreeSet::new());
        scope(|s| {
            for _ in 0..8 {
                s.spawn(|| {
                    for _ in 0..50 {
                        let serial = store.next_serial("29326SC#R*M").unwrap();
                        assert!(handed.lock().unwrap().insert(serial), "{serial} twice");
                    }
                });
            }
        });
        let handed = handed.into_inner().unwrap();
        assert_eq!(handed, (42..442).collect());
        assert_eq!(store.next_serial("29327SC#R*M").unwrap(), 1);
        store.commit(issue(1000)).unwrap();
        assert_eq!(store.next_serial("29326SC#R*M").unwrap(), 1001);
    });
}

#[test]
fn of_colliding_units_exactly_one_is_kept() {
    const THREADS: u64 = 8;
    const ROUNDS: u64 = 25;
    everywhere(|store| {
        let won = AtomicU64::new(0);
        scope(|s| {
            for t in 0..THREADS {
                let won = &won;
                s.spawn(move || {
                    for round in 0..ROUNDS {
                        // The same number, reference and key from every thread, for another certificate each.
                        let mut unit = issue(1_000 + round * THREADS + t);
                        let terms = Terms { number: number(round), ..terms(round, "示例") };
                        unit.events = vec![issued(1_000 + round * THREADS + t, terms)];
                        match round % 3 {
                            0 => unit.provenance = unnamed(),
                            1 => unit.provenance = provenance(round),
                            _ => {
                                unit.events = vec![issued(
                                    1_000 + round * THREADS + t,
                                    self::terms(5_000 + round * THREADS + t, "示例"),
                                )];
                                unit.provenance.idempotency_key = Some(format!("same-{round}"));
                            }
                        }
                        match store.commit(unit) {
                            Ok(_) => won.fetch_add(1, Ordering::Relaxed),
                            Err(StoreError::Taken(_)) => 0,
                            Err(other) => panic!("{other:?}"),
                        };
                    }
                });
            }
        });
        assert_eq!((won.into_inner(), store.next_seq()), (ROUNDS, ROUNDS));
    });
}

/// Eight clients move one certificate on. Its version is the register: every success must be the only one from its
/// version, and a read between two own moves must lie between what was before and what came after.
#[test]
fn one_certificate_under_eight_clients_is_linearizable() {
    const STEPS: u64 = 60;
    everywhere(|store| {
        store.commit(issue(1)).unwrap();
        let won = Mutex::new(vec![]);
        let done = AtomicBool::new(false);
        scope(|s| {
            for _ in 0..8 {
                s.spawn(|| {
                    let mut least = 0;
                    while !done.load(Ordering::Acquire) {
                        let seen = store.certificate(cert_id(1)).unwrap().unwrap().version();
                        assert!(seen >= least, "version {seen} after {least}");
                        let step = if seen % 2 == 1 { suspended(date(2026, 9, 1)) } else { reinstated() };
                        match store.commit(change(1, seen, step)) {
                            Ok(_) => {
                                won.lock().unwrap().push(seen);
                                least = seen + 1;
                            }
                            Err(StoreError::Stale { expected, found, .. }) => {
                                assert!(expected == seen && found > seen);
                                least = found;
                            }
                            Err(other) => panic!("{other:?}"),
                        }
                        // What was answered or told is visible to every later read.
                        let now = store.certificate(cert_id(1)).unwrap().unwrap().version();
                        assert!(now >= least, "version {now} after {least}");
                        if now > STEPS {
                            done.store(true, Ordering::Release);
                        }
                    }
                });
            }
        });
        let mut won = won.into_inner().unwrap();
        won.sort_unstable();
        let version = store.certificate(cert_id(1)).unwrap().unwrap().version();
        assert_eq!(won, (1..version).collect::<Vec<_>>());
    });
}

/// Views that write pair by pair and take their time: only the engine keeps readers from looking in between.
struct PairByPair;

impl Ways for PairByPair {
    fn apply(&self, pairs: &MemoryViews, writes: &[ViewWrite], applied: &Applied) -> Result<(), StoreError> {
        for write in writes {
            pairs.apply(std::slice::from_ref(write), applied)?;
            std::thread::yield_now();
        }
        Ok(())
    }
}

#[test]
fn no_reader_sees_half_a_unit() {
    everywhere(pairs_stay_together);
    let options = Options { segment_bytes: 256 << 10, min_free_bytes: 0 };
    let disk = Arc::new(MemoryDisk::new());
    pairs_stay_together(
        &Engine::create(disk, Path::new("/data"), options, &TrialSource(Arc::new(PairByPair))).unwrap(),
    );
}

fn pairs_stay_together(store: &dyn Store) {
    let done = AtomicBool::new(false);
    let last = AtomicU64::new(0);
    scope(|s| {
        s.spawn(|| {
            // Each unit issues a pair of certificates to the same holder and ends the pair before.
            for n in 0..60u64 {
                let (a, b) = (2 * n + 10, 2 * n + 11);
                let mut unit = issue(a);
                let same = Terms { number: number(b), status: Some(place(b)), ..terms(1, "成对示例") };
                let own = Terms { number: number(a), status: Some(place(a)), ..terms(1, "成对示例") };
                unit.events = vec![issued(a, own), issued(b, same)];
                if n > 0 {
                    unit.events.extend(change(a - 2, 1, withdrawn()).events);
                    unit.events.extend(change(b - 2, 1, withdrawn()).events);
                }
                store.commit(unit).unwrap();
                last.store(a, Ordering::Release);
            }
            done.store(true, Ordering::Release);
        });
        for _ in 0..3 {
            s.spawn(|| {
                while !done.load(Ordering::Acquire) {
                    let all = store.certificates_of(uscc(1)).unwrap();
                    assert!(all.len().is_multiple_of(2), "half a pair of {}", all.len());
                    let open = store.calendar(Calendar::Expires, FAR).unwrap().len();
                    assert!(open == 2 || all.is_empty(), "{open} open certificates");
                    assert!(store.search_holders("成对", ALL).unwrap().total.is_multiple_of(2));
                    let n = last.load(Ordering::Acquire);
                    if n > 0 {
                        assert!(store.certificate(cert_id(n + 1)).unwrap().is_some());
                        assert!(store.record(RecordKind::Credential, cert_id(n)).unwrap().is_some());
                    }
                    let entries = store.entries(0, 1000).unwrap();
                    assert!(entries.windows(2).all(|w| w[0].next_seq() == w[1].first_seq));
                }
            });
        }
    });
}

/// Views that have pairs to settle at all times, and take until they are told to be done with it.
struct Endless {
    begun: SyncSender<()>,
    until: Mutex<Receiver<()>>,
}

impl Ways for Endless {
    fn settling(&self) -> Settling {
        Settling::Due
    }

    fn settle(&self) -> Result<(), StoreError> {
        let _ = self.begun.try_send(());
        let _ = self.until.lock().unwrap().recv();
        Ok(())
    }
}

#[test]
fn nobody_waits_while_views_settle() {
    const PATIENCE: Duration = Duration::from_secs(30);
    let ((begun, begins), (end, until)) = (sync_channel(1), sync_channel::<()>(0));
    let source = TrialSource(Arc::new(Endless { begun, until: Mutex::new(until) }));
    let options = Options { segment_bytes: 256 << 10, min_free_bytes: 0 };
    let store = Engine::create(Arc::new(MemoryDisk::new()), Path::new("/data"), options, &source).unwrap();
    store.commit(issue(1)).unwrap();
    begins.recv_timeout(PATIENCE).unwrap();
    let (tell, told) = sync_channel(1);
    scope(|s| {
        s.spawn(|| {
            let committed = (2..5).all(|n| store.commit(issue(n)).is_ok());
            tell.send(committed && store.certificate(cert_id(4)).unwrap().is_some()).unwrap();
        });
        let told = told.recv_timeout(PATIENCE);
        drop(end);
        assert_eq!(told, Ok(true), "it waited");
    });
}

#[test]
fn several_units_at_once_keep_their_order_and_their_own_answers() {
    everywhere(|store| {
        let mut units: Vec<_> = (0..300).map(issue).collect();
        units[150] = issue(3);
        let answers = store.commit_all(units);
        let mut seq = 0;
        for (n, answer) in (0..).zip(answers) {
            match answer {
                Ok(done) => {
                    assert_eq!(done.first_seq, seq);
                    seq = done.next_seq;
                }
                Err(StoreError::Stale { .. }) => assert_eq!(n, 150),
                Err(other) => panic!("{n}: {other:?}"),
            }
        }
        assert_eq!((seq, store.next_seq()), (299, 299));
    });
}
