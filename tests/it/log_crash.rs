//! The log when the disk fails, the process dies or the power goes: what was published is never taken back or contradicted.

use super::log_kit::*;
use super::store_disk::{Fault, SimDisk};
use super::store_kit::Rng;
use starmark::domain::Event;
use starmark::service::log::{Log, LogFiles};
use starmark::sign::log_entry::entry;
use starmark::store::{MemoryStore, Store};
use starmark::tlog::{self, Hash};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

/// Units before the log starts, and after each of two waits: the tiles of both levels come to be in all three ways.
const UNITS: [u64; 3] = [290, 20, 330];

fn files(disk: &SimDisk) -> LogFiles {
    LogFiles::on(Arc::new(disk.clone()), Path::new("/"))
}

fn commit(store: &Arc<dyn Store>, units: std::ops::Range<u64>) {
    for n in units {
        store.commit(unit(n)).unwrap();
    }
}

/// The root of every size there can be, from the journal alone.
fn roots(store: &dyn Store) -> Vec<Hash> {
    let events: Vec<Event> = store.entries(0, usize::MAX).unwrap().into_iter().flat_map(|e| e.events).collect();
    let leaves = events.iter().filter_map(|e| entry(e).unwrap()).map(|e| tlog::leaf(&e));
    let mut tree = tlog::Frontier::new();
    let mut roots = vec![Hash::EMPTY];
    for leaf in leaves {
        tree.push(leaf, |_, _, _| {});
        roots.push(tree.root());
    }
    roots
}

/// What was published, by size; one size never has two roots.
#[derive(Default, Clone)]
struct Seen(BTreeMap<u64, Hash>);

impl Seen {
    fn see(&mut self, note: &[u8], what: &str) -> u64 {
        let found = checkpoint(note);
        let before = *self.0.entry(found.size()).or_insert(found.root());
        assert_eq!(before, found.root(), "{what}: two trees of {} entries", found.size());
        found.size()
    }

    fn served(&mut self, log: &Log, what: &str) {
        if let Some(state) = log.published().filter(|s| s.size() > 0) {
            self.see(state.note().as_bytes(), what);
        }
    }
}

/// Waits longer than a request would: a fault is followed by a pause.
fn settled(log: &Log, store: &dyn Store) -> bool {
    let until = Instant::now() + Duration::from_secs(10);
    while log.health().behind > 0 && Instant::now() < until {
        std::thread::sleep(Duration::from_millis(2));
    }
    assert!(store.next_seq() > 0);
    log.health().behind == 0
}

fn life(disk: &SimDisk, store: &Arc<dyn Store>, seen: &mut Seen, what: &str) {
    let mut next = 0;
    let mut log = None;
    for units in UNITS {
        commit(store, next..next + units);
        next += units;
        let log = log.get_or_insert_with(|| at_work(store, &files(disk)));
        log.wake();
        // A fault is met once, and then the next try goes through; after a cut nothing does.
        let _ = log.wait_for(store.next_seq() - 1);
        seen.served(log, what);
    }
}

/// The normal way in works, goes on to the end, and contradicts nothing.
fn goes_on(disk: &SimDisk, store: &Arc<dyn Store>, seen: &Seen, what: &str) {
    let mut seen = seen.clone();
    let kept = files(disk).checkpoint;
    let at_start = kept.load().unwrap().map_or(0, |note| seen.see(&note, what));
    let served = seen.0.keys().next_back().copied().unwrap_or(0);
    assert!(at_start >= served, "{what}: {served} entries were published, {at_start} are left");
    let log = at_work(store, &files(disk));
    assert!(settled(&log, &**store), "{what}: {:?}", log.health());
    seen.served(&log, what);
    // Every run commits the same.
    static ROOTS: OnceLock<Vec<Hash>> = OnceLock::new();
    let roots = ROOTS.get_or_init(|| roots(&**store));
    for (size, root) in &seen.0 {
        assert_eq!(*root, roots[*size as usize], "{what}: the tree of {size} entries");
    }
    assert_eq!(log.published().unwrap().size() + 1, roots.len() as u64, "{what}");
    let proven = log.prove(&[0, 254, 299, 300, store.next_seq() - 1]).unwrap().unwrap();
    assert_eq!(proven.entries.len(), 5, "{what}");
    drop(log);
    // A tree made without what is on the disk gives the same files.
    let anew = LogFiles::in_memory();
    let again = at_work(store, &anew);
    assert!(settled(&again, &**store));
    for tile in ["tile/0/000", "tile/entries/000", "tile/0/001", "tile/entries/001"] {
        assert!(anew.blobs.get(tile).unwrap().is_some(), "{tile}");
        assert_eq!(files(disk).blobs.get(tile).unwrap(), anew.blobs.get(tile).unwrap(), "{what}: {tile}");
    }
}

fn store() -> Arc<dyn Store> {
    Arc::new(MemoryStore::new().unwrap())
}

#[test]
fn every_write_that_fails_kept_or_not_is_made_good_by_the_normal_way() {
    let whole = SimDisk::new(Fault::Never);
    life(&whole, &store(), &mut Seen::default(), "no fault");
    let ops = whole.ops();
    assert!(ops > 40, "{ops} operations");
    for at in 0..ops {
        for fault in [Fault::NotKept(at), Fault::Kept(at), Fault::Half(at)] {
            let (disk, store, mut seen) = (SimDisk::new(fault), store(), Seen::default());
            let what = format!("{fault:?}");
            life(&disk, &store, &mut seen, &what);
            let what = format!("{what} ({})", disk.op_name(at));
            disk.set_fault(Fault::Never);
            goes_on(&disk.after_power_loss(None), &store, &seen, &format!("{what}, then the power"));
            goes_on(&disk.after_kill(), &store, &seen, &what);
        }
    }
}

#[test]
fn a_power_loss_at_any_point_takes_nothing_back() {
    let whole = SimDisk::new(Fault::Never);
    life(&whole, &store(), &mut Seen::default(), "no fault");
    let ops = whole.ops();
    let mut rng = Rng(20_261_126);
    for round in 0..60 {
        let at = rng.below(ops);
        let (disk, store, mut seen) = (SimDisk::new(Fault::Cut(at)), store(), Seen::default());
        let what = format!("round {round}, cut after {at}");
        life(&disk, &store, &mut seen, &what);
        disk.set_fault(Fault::Never);
        let left = if round % 3 == 0 { disk.after_power_loss(None) } else { disk.after_power_loss(Some(&mut rng)) };
        goes_on(&left, &store, &seen, &what);
    }
}

#[test]
fn a_journal_that_ends_before_what_was_published_is_refused() {
    let (files, store) = (LogFiles::in_memory(), store());
    commit(&store, 0..40);
    let log = at_work(&store, &files);
    assert!(log.wait_for(39));
    drop(log);
    let shorter = self::store();
    commit(&shorter, 0..39);
    let refused = start(&shorter, &files);
    assert!(refused.contains("holds 33 public events, but a checkpoint of 34 was published"), "{refused}");
    let other = self::store();
    commit(&other, 1..60);
    let refused = start(&other, &files);
    assert!(refused.contains("says otherwise than the checkpoint"), "{refused}");
    // And the one it was made from still goes on.
    commit(&store, 40..50);
    assert!(at_work(&store, &files).wait_for(49));
}

fn start(store: &Arc<dyn Store>, files: &LogFiles) -> String {
    let log = Log::new(store.clone(), files.clone(), &host());
    let refused = log.start(&keys()).unwrap_err().in_full();
    assert!(log.published().is_none());
    refused
}

#[test]
fn a_checkpoint_that_is_not_ours_is_refused() {
    let store = store();
    commit(&store, 0..3);
    for text in ["", "xb.example.cn/log\n3\n", "no note\n"] {
        let files = LogFiles::in_memory();
        assert!(files.checkpoint.replace(None, text.as_bytes()).unwrap());
        assert!(start(&store, &files).contains("has no reading"), "{text:?}");
    }
    let (files, good) = (LogFiles::in_memory(), LogFiles::in_memory());
    assert!(at_work(&store, &good).wait_for(2));
    let note = String::from_utf8(good.checkpoint.load().unwrap().unwrap()).unwrap();
    assert!(files.checkpoint.replace(None, note.replacen("xb.", "xa.", 1).as_bytes()).unwrap());
    assert!(start(&store, &files).contains("it is of another log (xa.example.cn/log)"));
}

#[test]
fn somebody_elses_checkpoint_is_never_written_over() {
    let (files, store) = (LogFiles::in_memory(), store());
    commit(&store, 0..3);
    let log = at_work(&store, &files);
    assert!(log.wait_for(2));
    let ours = files.checkpoint.load().unwrap().unwrap();
    // Another process on a copy of this journal, which went on by itself.
    let (copy, its) = (self::store(), LogFiles::in_memory());
    commit(&copy, 10..19);
    assert!(at_work(&copy, &its).wait_for(8));
    let theirs = its.checkpoint.load().unwrap().unwrap();
    assert!(files.checkpoint.replace(Some(&ours), &theirs).unwrap());
    commit(&store, 4..5);
    log.wake();
    assert!(!log.wait_for(3));
    assert!(log.health().fault.is_some());
    std::thread::sleep(Duration::from_millis(200));
    assert_eq!(files.checkpoint.load().unwrap().unwrap(), theirs);
    assert_eq!(log.published().unwrap().note().as_bytes(), ours, "what is served stays");
}

#[test]
fn damaged_and_missing_tiles_are_made_anew() {
    let (files, store) = (LogFiles::in_memory(), store());
    commit(&store, 0..700);
    let log = at_work(&store, &files);
    assert!(log.wait_for(699));
    let keep: Vec<(&str, Vec<u8>)> = ["tile/0/000", "tile/0/001", "tile/entries/000"]
        .into_iter()
        .map(|key| (key, files.blobs.get(key).unwrap().unwrap()))
        .collect();
    let spoil = |flip: bool| {
        for (key, bytes) in &keep {
            files.blobs.remove(key).unwrap();
            let mut bytes = bytes.clone();
            bytes[40] ^= 1;
            if flip {
                files.blobs.put(key, &bytes).unwrap();
            }
        }
    };
    let whole = |what: &str| {
        for (key, bytes) in &keep {
            assert_eq!(files.blobs.get(key).unwrap().as_ref(), Some(bytes), "{what}: {key}");
        }
    };
    spoil(false);
    let proofs = log.prove(&[0, 100, 400, 699]).unwrap().unwrap();
    assert_eq!(proofs.entries.len(), 4);
    assert!(log.tile(tlog::TileId::full(tlog::TileKind::Entries, 0)).unwrap().is_some());
    whole("missing, read");
    spoil(true);
    assert_eq!(log.prove(&[0, 100, 400, 699]).unwrap().unwrap(), proofs);
    assert!(log.tile(tlog::TileId::full(tlog::TileKind::Entries, 0)).unwrap().is_some());
    whole("damaged, read");
    drop(log);
    spoil(true);
    assert_eq!(at_work(&store, &files).prove(&[0, 100, 400, 699]).unwrap().unwrap(), proofs);
    whole("damaged, started");
}

#[test]
fn without_a_key_the_log_stands_still_and_goes_on_with_one() {
    let (files, store) = (LogFiles::in_memory(), store());
    commit(&store, 0..3);
    let log = Log::new(store.clone(), files.clone(), &host());
    log.start(&keys()).unwrap();
    let begun = Instant::now();
    assert!(!log.wait_for(2));
    assert!(begun.elapsed() < starmark::service::log::PATIENCE, "nobody waits for a log that stands still");
    assert!(log.health().fault.unwrap().contains("no log key"));
    assert_eq!(files.checkpoint.load().unwrap(), None);
    log.sign_with(Some((log_key(), Arc::new(log_signer()))));
    assert!(settled(&log, &*store));
    assert_eq!(log.health().fault, None);
}
