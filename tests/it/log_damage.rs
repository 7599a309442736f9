//! The log when its files are damaged, exchanged or lost: nothing false is given out, and nothing that was published is contradicted.

use super::log_kit::*;
use super::store_kit::issue;
use starmark::service::log::{Log, LogFiles};
use starmark::store::{Blobs, MemoryStore, SledStore, Slot, Store, StoreError};
use starmark::tlog::{TileId, TileKind};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

const TILE: &str = "log/tile/0/000";
const BUNDLE: &str = "log/tile/entries/000";

fn store(certificates: std::ops::Range<u64>) -> Arc<dyn Store> {
    let store = MemoryStore::new().unwrap();
    for n in certificates {
        store.commit(issue(n)).unwrap();
    }
    Arc::new(store)
}

/// A log at work on files of its own, with all of the store in it.
fn published(store: &Arc<dyn Store>, dir: &Path) -> Log {
    let log = at_work(store, &LogFiles::on_disk(dir));
    assert!(log.wait_for(store.next_seq() - 1), "{:?}", log.health());
    log
}

fn tiles(log: &Log) -> [Vec<u8>; 4] {
    [(TileKind::Hashes(0), 256), (TileKind::Hashes(0), 7), (TileKind::Entries, 256), (TileKind::Entries, 9)]
        .map(|(kind, width)| log.tile(TileId::new(kind, 0, width).unwrap()).unwrap().unwrap())
}

fn flip(path: &Path) {
    let mut bytes = std::fs::read(path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(path, bytes).unwrap();
}

fn refused(store: &Arc<dyn Store>, files: &LogFiles) -> String {
    let log = Log::new(store.clone(), files.clone(), &host());
    log.start(&keys()).unwrap_err().in_full()
}

#[test]
fn a_log_of_another_journal_is_refused_at_every_size() {
    for size in [255, 256, 257, 512, 600] {
        let dir = tempfile::tempdir().unwrap();
        drop(published(&store(0..size), dir.path()));
        for (other, why) in [(store(1_000..1_000 + size), "says otherwise"), (store(0..size - 1), "is cut short")] {
            let before = std::fs::read(dir.path().join("log/checkpoint")).unwrap();
            let told = refused(&other, &LogFiles::on_disk(dir.path()));
            assert!(told.contains(why) && told.contains("Do not issue from this journal"), "{size}: {told}");
            assert_eq!(std::fs::read(dir.path().join("log/checkpoint")).unwrap(), before);
        }
        // The tiles of the right one were left alone too.
        let again = published(&store(0..size), dir.path());
        assert_eq!(again.published().unwrap().size(), size);
    }
}

/// Something done to a file.
type Harm<'a> = &'a dyn Fn(&Path);

/// A journal of so many certificates with another one in the fifth place.
fn with_another_fifth(size: u64) -> Arc<dyn Store> {
    let store = MemoryStore::new().unwrap();
    for n in 0..size {
        store.commit(issue(if n == 5 { 9_005 } else { n })).unwrap();
    }
    Arc::new(store)
}

#[test]
fn one_event_that_was_changed_is_seen_however_far_back_and_whatever_files_lie_there() {
    let dir = tempfile::tempdir().unwrap();
    drop(published(&store(0..700), dir.path()));
    let files = LogFiles::on_disk(dir.path());
    let told = refused(&with_another_fifth(700), &files);
    assert!(told.contains("says otherwise"), "{told}");
    // Without the checkpoint the bundles still tell.
    let (checkpoint, aside) = (dir.path().join("log/checkpoint"), dir.path().join("aside"));
    std::fs::rename(&checkpoint, &aside).unwrap();
    let before = std::fs::read(dir.path().join(BUNDLE)).unwrap();
    for (other, why) in [(with_another_fifth(700), "says otherwise"), (store(0..300), "is cut short")] {
        let told = refused(&other, &files);
        assert!(told.contains(why) && told.contains("Do not issue from this journal"), "{told}");
        assert_eq!(std::fs::read(dir.path().join(BUNDLE)).unwrap(), before, "the last copy of what was published");
        let checked = Log::new(other, files.clone(), &host()).check(None, &[], &keys(), &|_, _| ()).unwrap();
        assert!(checked.faults.iter().any(|(is_damage, what)| *is_damage && what.contains(why)), "{checked:?}");
    }
    let again = published(&store(0..700), dir.path());
    assert_eq!(again.published().unwrap().size(), 700);
}

#[test]
fn what_does_not_fit_is_never_given_out_and_made_anew() {
    let (dir, store) = (tempfile::tempdir().unwrap(), store(0..300));
    let log = published(&store, dir.path());
    let (good, growth) = (tiles(&log), log.growth(50, Some(290)).unwrap());
    let kept = [TILE, BUNDLE].map(|file| std::fs::read(dir.path().join(file)).unwrap());
    let remove = |path: &Path| {
        if path.is_dir() { std::fs::remove_dir_all(path).unwrap() } else { std::fs::remove_file(path).unwrap() }
    };
    let harms: [(&str, Harm<'_>); 7] = [
        ("flipped", &flip),
        ("removed", &remove),
        ("emptied", &|path| std::fs::write(path, b"").unwrap()),
        ("cut", &|path| std::fs::write(path, &std::fs::read(path).unwrap()[..100]).unwrap()),
        ("longer", &|path| std::fs::write(path, [std::fs::read(path).unwrap(), vec![0; 64]].concat()).unwrap()),
        ("a directory", &|path| {
            remove(path);
            std::fs::create_dir_all(path.join("inside")).unwrap();
        }),
        ("huge", &|path| std::fs::File::create(path).unwrap().set_len(33 << 20).unwrap()),
    ];
    for (what, harm) in harms {
        for file in [TILE, BUNDLE] {
            harm(&dir.path().join(file));
            assert_eq!(log.growth(50, Some(290)).unwrap(), growth, "{what} {file}");
            assert_eq!(tiles(&log), good, "{what} {file}");
        }
        assert_eq!([TILE, BUNDLE].map(|file| std::fs::read(dir.path().join(file)).unwrap()), kept, "{what}");
    }
    drop(log);
    for (what, harm) in harms {
        [TILE, BUNDLE].iter().for_each(|file| harm(&dir.path().join(file)));
        let log = published(&store, dir.path());
        assert_eq!(tiles(&log), good, "{what}, then a start");
        assert_eq!(log.prove(&[3, 299]).unwrap().unwrap().entries.len(), 2);
    }
}

/// Files that can be read only.
struct ReadOnly(Arc<dyn Blobs>);

impl Blobs for ReadOnly {
    fn get(&self, key: &str) -> Result<Option<Vec<u8>>, StoreError> {
        self.0.get(key)
    }
    fn put(&self, _: &str, _: &[u8]) -> Result<(), StoreError> {
        Err(StoreError::Io { what: "write".into(), source: std::io::ErrorKind::ReadOnlyFilesystem.into() })
    }
    fn remove(&self, key: &str) -> Result<(), StoreError> {
        self.put(key, b"")
    }
}

#[test]
fn what_cannot_be_written_is_given_out_all_the_same() {
    let (dir, store) = (tempfile::tempdir().unwrap(), store(0..300));
    let good = tiles(&published(&store, dir.path()));
    std::fs::remove_file(dir.path().join(BUNDLE)).unwrap();
    flip(&dir.path().join(TILE));
    let LogFiles { blobs, checkpoint, held_before } = LogFiles::on_disk(dir.path());
    let log = at_work(&store, &LogFiles { blobs: Arc::new(ReadOnly(blobs)), checkpoint, held_before });
    assert_eq!(tiles(&log), good);
    assert_eq!(log.prove(&[3]).unwrap().unwrap().entries.len(), 1);
}

#[test]
fn a_damaged_checkpoint_is_told_as_such_and_comes_again_from_the_journal() {
    let (dir, store) = (tempfile::tempdir().unwrap(), store(0..40));
    drop(published(&store, dir.path()));
    let path = dir.path().join("log/checkpoint");
    let good = std::fs::read(&path).unwrap();
    let flipped = |at: usize| [&good[..at], &[good[at] ^ 1], &good[at + 1..]].concat();
    for bytes in [vec![], good[..30].to_vec(), good[..good.len() - 9].to_vec(), flipped(20), flipped(good.len() / 2)] {
        std::fs::write(&path, &bytes).unwrap();
        let told = refused(&store, &LogFiles::on_disk(dir.path()));
        assert!(told.contains("log/checkpoint in the data directory cannot be used"), "{told}");
        assert!(told.contains("move that file elsewhere") && told.contains("Do not put a backup back"), "{told}");
        assert_eq!(std::fs::read(&path).unwrap(), bytes, "it is left alone");
    }
    std::fs::remove_file(&path).unwrap();
    drop(published(&store, dir.path()));
    assert_eq!(std::fs::read(&path).unwrap(), good, "the advice gives the same checkpoint again");
}

#[test]
fn what_is_served_never_goes_back_whatever_becomes_of_the_checkpoint_file() {
    let (dir, store) = (tempfile::tempdir().unwrap(), store(0..20));
    let log = published(&store, dir.path());
    let path = dir.path().join("log/checkpoint");
    let older = std::fs::read(&path).unwrap();
    let harms: [&dyn Fn(); 4] =
        [&|| std::fs::remove_file(&path).unwrap(), &|| std::fs::write(&path, b"").unwrap(), &|| flip(&path), &|| {
            std::fs::write(&path, &older).unwrap()
        }];
    let mut size = 20;
    for (n, harm) in harms.iter().enumerate() {
        harm();
        // Many at once: a log made from nothing would show its steps.
        let next = 100 + 1_500 * n as u64;
        for certificate in next..next + 1_500 {
            store.commit(issue(certificate)).unwrap();
            let now = log.published().expect("it is never taken off the air").size();
            assert!(now >= size, "{now} after {size}");
            size = now;
        }
        assert!(log.wait_for(store.next_seq() - 1), "case {n}: {:?}", log.health());
        assert_eq!(checkpoint(&std::fs::read(&path).unwrap()).size(), store.next_seq(), "case {n}");
    }
    drop(log);
    assert_eq!(published(&store, dir.path()).published().unwrap().size(), store.next_seq());
}

/// Counts what is put.
struct Counted(Arc<dyn Slot>, Arc<AtomicUsize>);

impl Slot for Counted {
    fn load(&self) -> Result<Option<Vec<u8>>, StoreError> {
        self.0.load()
    }
    fn replace(&self, expected: Option<&[u8]>, new: &[u8]) -> Result<bool, StoreError> {
        self.1.fetch_add(1, Ordering::AcqRel);
        self.0.replace(expected, new)
    }
}

#[test]
fn a_log_that_catches_up_signs_one_checkpoint() {
    let (store, count) = (store(0..3_000), Arc::new(AtomicUsize::new(0)));
    let LogFiles { blobs, checkpoint, held_before } = LogFiles::in_memory();
    let log =
        at_work(&store, &LogFiles { blobs, checkpoint: Arc::new(Counted(checkpoint, count.clone())), held_before });
    while log.health().behind > 0 {
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    assert_eq!((log.published().unwrap().size(), count.load(Ordering::Acquire)), (3_000, 1));
}

#[test]
fn a_start_goes_on_from_what_was_held_before_and_does_without_where_that_does_not_fit() {
    let (right, other) = (store(0..700), store(1_000..1_700));
    let dir = tempfile::tempdir().unwrap();
    let (noted, tile) = (dir.path().join("log/held"), dir.path().join(TILE));
    drop(published(&right, dir.path()));
    let root = |log: &Log| checkpoint(log.published().unwrap().note().as_bytes());
    let before = root(&published(&right, dir.path()));
    let note = std::fs::read(&noted).unwrap();
    let text = String::from_utf8(note.clone()).unwrap();
    let said: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!((&said["size"], &said["next_seq"]), (&700.into(), &700.into()));
    let with = |name: &str, value: serde_json::Value| {
        let mut changed = said.clone();
        changed[name] = value;
        changed.to_string().into_bytes()
    };
    let elsewhere = tempfile::tempdir().unwrap();
    drop(published(&other, elsewhere.path()));
    for (what, bytes) in [
        ("none", None),
        ("no note", Some(b"{".to_vec())),
        ("another size", Some(with("size", 512.into()))),
        ("a larger size", Some(with("size", 701.into()))),
        ("another point", Some(with("next_seq", 699.into()))),
        ("another journal's", Some(std::fs::read(elsewhere.path().join("log/held")).unwrap())),
    ] {
        match bytes {
            None => std::fs::remove_file(&noted).unwrap(),
            Some(bytes) => std::fs::write(&noted, bytes).unwrap(),
        }
        assert_eq!(root(&published(&right, dir.path())), before, "{what}");
        assert_eq!(std::fs::read(&noted).unwrap(), note, "{what}");
    }
    // A damaged tile leads to no signed root, and is made anew.
    let good = std::fs::read(&tile).unwrap();
    flip(&tile);
    let log = published(&right, dir.path());
    assert_eq!(root(&log), before);
    assert_eq!((tiles(&log)[0].as_slice(), std::fs::read(&tile).unwrap()), (good.as_slice(), good.clone()));
    drop(log);
    // More came since, in a process that was killed before it noted so.
    right.commit(issue(700)).unwrap();
    drop(published(&right, dir.path()));
    std::fs::write(&noted, &note).unwrap();
    let log = published(&right, dir.path());
    assert_eq!(log.published().unwrap().size(), 701);
    assert_eq!(log.prove(&[0, 511, 700]).unwrap().unwrap().entries.len(), 3);
    // What was published from this journal is no other's, with the note and without.
    drop(log);
    for _ in 0..2 {
        assert!(refused(&other, &LogFiles::on_disk(dir.path())).contains("Do not issue from this journal"));
        let _ = std::fs::remove_file(&noted);
    }
}

#[test]
fn a_start_reads_what_was_held_before_no_more() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let small = starmark::store::journal::Options { segment_bytes: 64 << 10, min_free_bytes: 0 };
    let open = || -> Arc<dyn Store> { Arc::new(SledStore::open_with(&data, small).unwrap()) };
    let made: Arc<dyn Store> = Arc::new(SledStore::create_with(&data, small).unwrap());
    for n in 0..300 {
        made.commit(issue(n)).unwrap();
    }
    drop(published(&made, dir.path()));
    drop(made);
    // An event in a segment that was closed long ago is no more what it was.
    let segment = data.join("journal/00000000.seg");
    let mut bytes = std::fs::read(&segment).unwrap();
    bytes[6_000] ^= 1;
    std::fs::write(&segment, bytes).unwrap();
    assert_eq!(published(&open(), dir.path()).published().unwrap().size(), 300);
    std::fs::remove_file(dir.path().join("log/held")).unwrap();
    let log = Log::new(open(), LogFiles::on_disk(dir.path()), &host());
    assert!(log.start(&keys()).is_err(), "without the note all of it is read");
}
