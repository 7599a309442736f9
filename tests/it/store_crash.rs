//! What is left when the disk fails, the process dies or the power goes: nothing acknowledged is ever missing.

use super::store_disk::{Fault, SimDisk};
use super::store_kit::*;
use starmark::store::engine::Engine;
use starmark::store::journal::Options;
use starmark::store::views::MemorySource;
use starmark::store::{Claim, RecordKind, Store, StoreError};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex};

const DATA: &str = "/data";
/// A few units each, so that every run rolls often.
const SMALL: Options = Options { segment_bytes: 16 << 10, min_free_bytes: 0 };

/// Acknowledged: number of the certificate and its event.
type Acknowledged = BTreeMap<u64, u64>;

fn open(disk: &SimDisk) -> Result<Engine, StoreError> {
    Engine::open(Arc::new(disk.clone()), Path::new(DATA), SMALL, &MemorySource)
}

fn create(disk: &SimDisk) -> Result<Engine, StoreError> {
    Engine::create(Arc::new(disk.clone()), Path::new(DATA), SMALL, &MemorySource)
}

fn holds(store: &dyn Store, acknowledged: &Acknowledged, tried: u64) {
    for (n, seq) in acknowledged {
        let found = store.certificate(cert_id(*n)).unwrap();
        assert_eq!(found.map(|c| c.version()), Some(1), "certificate {n}");
        assert_eq!(store.record(RecordKind::Credential, cert_id(*n)).unwrap().unwrap(), credential(*n), "record {n}");
        let claim = Claim::IdempotencyKey(format!("key-{n}"));
        assert_eq!(store.holder_of(&claim).unwrap().unwrap().first_seq, *seq, "number of {n}");
    }
    let entries = store.entries(0, usize::MAX).unwrap();
    assert_eq!(entries.len() as u64, store.next_seq());
    for (seq, entry) in (0..).zip(&entries) {
        assert_eq!(entry.first_seq, seq);
        let n: u64 = entry.provenance.idempotency_key.as_ref().unwrap()["key-".len()..].parse().unwrap();
        assert!(n < tried && entry.events == issue(n).events, "event {seq} was never handed in");
    }
}

/// Commits certificates `range` in order until one fails.
fn fill(store: &dyn Store, range: std::ops::Range<u64>, acknowledged: &mut Acknowledged) -> Result<(), StoreError> {
    for n in range {
        acknowledged.insert(n, store.commit(issue(n))?.first_seq);
    }
    Ok(())
}

/// Creates, fills, stops, opens, fills more and stops.
fn life(disk: &SimDisk, acknowledged: &mut Acknowledged) -> Result<(), StoreError> {
    let store = create(disk)?;
    fill(&store, 0..9, acknowledged)?;
    drop(store);
    let store = open(disk)?;
    fill(&store, 9..16, acknowledged)
}

/// After whatever happened: the normal way in works, all is there, and the store goes on and survives the next power loss.
fn goes_on(disk: &SimDisk, mut acknowledged: Acknowledged, created: bool, what: &str) {
    let store = match open(disk) {
        Err(StoreError::Refused(text)) if !created && text.contains("no store here") => create(disk),
        other => other,
    };
    let store = store.unwrap_or_else(|e| panic!("{what}: {e}"));
    holds(&store, &acknowledged, 100);
    // Once before and once after the journal rolls again.
    for range in [100..101, 101..107] {
        fill(&store, range, &mut acknowledged).unwrap_or_else(|e| panic!("{what}: {e}"));
        let cut = disk.after_power_loss(None);
        let left = open(&cut).unwrap_or_else(|e| panic!("{what}, after a power loss: {e}"));
        holds(&left, &acknowledged, 200);
    }
}

#[test]
fn every_operation_that_fails_kept_or_not_loses_nothing() {
    let disk = SimDisk::new(Fault::Never);
    let mut acknowledged = Acknowledged::new();
    life(&disk, &mut acknowledged).unwrap();
    assert_eq!(acknowledged.len(), 16);
    let ops = disk.ops();
    assert!(ops > 60, "{ops} operations");
    let mut closed = 0;
    for at in 0..ops {
        for fault in [Fault::NotKept(at), Fault::Kept(at), Fault::Half(at)] {
            let disk = SimDisk::new(fault);
            let mut acknowledged = Acknowledged::new();
            let outcome = life(&disk, &mut acknowledged);
            let what = format!("{fault:?} ({})", disk.op_name(at));
            closed += u64::from(matches!(outcome, Err(StoreError::Closed(_))));
            disk.set_fault(Fault::Never);
            let created = !acknowledged.is_empty();
            goes_on(&disk.after_power_loss(None), acknowledged.clone(), created, &format!("{what}, then the power"));
            goes_on(&disk, acknowledged, created, &what);
        }
    }
    assert!(closed > ops, "only {closed} faults closed the store");
}

#[test]
fn after_a_failed_write_nothing_is_written_and_reads_go_on() {
    let disk = SimDisk::new(Fault::Never);
    let store = create(&disk).unwrap();
    let mut acknowledged = Acknowledged::new();
    fill(&store, 0..3, &mut acknowledged).unwrap();
    // The second operation of a commit is its sync.
    disk.set_fault(Fault::NotKept(disk.ops() + 1));
    assert!(matches!(store.commit(issue(3)), Err(StoreError::Closed(why)) if why.contains("injected fault")));
    let ops = disk.ops();
    assert!(matches!(store.commit(issue(4)), Err(StoreError::Closed(_))));
    assert!(matches!(store.writable(), Err(StoreError::Closed(_))));
    holds(&store, &acknowledged, 3);
    drop(store);
    assert_eq!(disk.ops(), ops, "a closed journal was written to");
}

#[test]
fn a_full_disk_refuses_and_goes_on_when_there_is_room_again() {
    let disk = SimDisk::new(Fault::Never);
    let store = create(&disk).unwrap();
    let mut acknowledged = Acknowledged::new();
    fill(&store, 0..4, &mut acknowledged).unwrap();
    disk.set_fault(Fault::Full(disk.ops()));
    let mut full = 0;
    for n in 4..40 {
        match store.commit(issue(n)) {
            Ok(done) => drop(acknowledged.insert(n, done.first_seq)),
            Err(StoreError::Full(_)) => full += 1,
            Err(other) => panic!("{other}"),
        }
    }
    assert!(full > 20, "{full}");
    holds(&store, &acknowledged, 40);
    drop(store);
    let store = open(&disk).unwrap();
    holds(&store, &acknowledged, 40);
    disk.set_fault(Fault::Never);
    fill(&store, 50..70, &mut acknowledged).unwrap();
    goes_on(&disk.after_power_loss(None), acknowledged, true, "full, then freed");
}

#[test]
fn a_disk_below_its_reserve_is_full_before_anything_is_written() {
    let disk = SimDisk::new(Fault::Never);
    let options = Options { min_free_bytes: 1 << 20, ..SMALL };
    let store = Engine::create(Arc::new(disk.clone()), Path::new(DATA), options, &MemorySource).unwrap();
    let mut acknowledged = Acknowledged::new();
    fill(&store, 0..2, &mut acknowledged).unwrap();
    disk.set_free((1 << 20) - 1);
    let ops = disk.ops();
    assert!(matches!(store.commit(issue(2)), Err(StoreError::Full(_))));
    assert!(matches!(store.writable(), Err(StoreError::Full(_))));
    assert_eq!(disk.ops(), ops);
    disk.set_free(1 << 20);
    fill(&store, 2..4, &mut acknowledged).unwrap();
    holds(&store, &acknowledged, 4);
}

#[test]
fn a_frame_cut_short_by_a_kill_is_wiped_out() {
    let disk = SimDisk::new(Fault::Never);
    let store = create(&disk).unwrap();
    let mut acknowledged = Acknowledged::new();
    fill(&store, 0..2, &mut acknowledged).unwrap();
    disk.set_fault(Fault::Half(disk.ops()));
    assert!(matches!(store.commit(issue(2)), Err(StoreError::Closed(_))));
    drop(store);
    disk.set_fault(Fault::Never);
    let path = Path::new("/data/journal/00000000.seg");
    let used = |bytes: Vec<u8>| bytes.iter().rposition(|b| *b != 0).unwrap();
    let torn = used(disk.content(path));
    let store = open(&disk).unwrap();
    assert!(used(disk.content(path)) < torn - 500, "the torn frame is still there");
    holds(&store, &acknowledged, 2);
}

/// Four threads commit until the disk stops; what they were told counts.
fn busy(disk: &SimDisk) -> (Acknowledged, bool) {
    let acknowledged = Mutex::new(Acknowledged::new());
    let mut created = false;
    let mut runs = || -> Result<(), StoreError> {
        for round in 0..3 {
            let store = if round == 0 { create(disk)? } else { open(disk)? };
            created = true;
            std::thread::scope(|s| {
                for t in 0..4 {
                    let (store, acknowledged) = (&store, &acknowledged);
                    s.spawn(move || {
                        for n in 0..6 {
                            let n = round * 24 + t * 6 + n;
                            let Ok(done) = store.commit(issue(n)) else { return };
                            acknowledged.lock().unwrap().insert(n, done.first_seq);
                        }
                    });
                }
            });
        }
        Ok(())
    };
    // The power going is the point of it.
    let _ = runs();
    (acknowledged.into_inner().unwrap(), created)
}

#[test]
fn a_power_loss_at_any_point_loses_nothing() {
    let whole = SimDisk::new(Fault::Never);
    assert_eq!(busy(&whole).0.len(), 72);
    let ops = whole.ops();
    let mut rng = Rng(20_261_123);
    let (mut lost, mut killed) = (0, 0);
    for round in 0..260 {
        let at = rng.below(ops);
        let disk = SimDisk::new(Fault::Cut(at));
        let (acknowledged, created) = busy(&disk);
        let what = format!("round {round}, cut after {at} ({})", disk.op_name(at));
        disk.set_fault(Fault::Never);
        let left = match round % 4 {
            0 => {
                killed += 1;
                disk.after_kill()
            }
            1 => disk.after_power_loss(None),
            _ => disk.after_power_loss(Some(&mut rng)),
        };
        lost += u64::from(acknowledged.len() < 72);
        goes_on(&left, acknowledged, created, &what);
    }
    assert!(lost > 100 && killed > 50, "{lost} runs were cut short, {killed} were kills");
}
