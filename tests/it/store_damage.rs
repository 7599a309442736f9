//! Damaged files: noticed or harmless, never silent.

use super::store_kit::*;
use super::store_moves::{answers, files, fill};
use starmark::store::fsck::{self, Scope};
use starmark::store::journal::Options;
use starmark::store::views::{ViewsDir, ViewsSource};
use starmark::store::{RecordKind, SledStore, Store, StoreError};
use std::path::{Path, PathBuf};

const SMALL: Options = Options { segment_bytes: 64 << 10, min_free_bytes: 0 };

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

struct Sample {
    _dir: tempfile::TempDir,
    data: PathBuf,
    answers: String,
}

fn sample() -> Sample {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let store = SledStore::create_with(&data, SMALL).unwrap();
    fill(&store);
    let answers = answers(&store).unwrap();
    Sample { _dir: dir, data, answers }
}

#[derive(Debug, PartialEq, Eq)]
enum Outcome {
    RefusedAtOpen(String),
    NoticedLater,
    Harmless,
}

impl Sample {
    fn opened(&self, data: &Path) -> Outcome {
        let store = match SledStore::open_with(data, SMALL) {
            Ok(store) => store,
            Err(e) => {
                let text = e.to_string();
                assert!(text.contains("data"), "the refusal names no file: {text}");
                return Outcome::RefusedAtOpen(text);
            }
        };
        match answers(&store) {
            Err(StoreError::Corrupt { .. }) => Outcome::NoticedLater,
            Err(other) => panic!("{other}"),
            Ok(found) => {
                assert!(found == self.answers, "the store opens and answers otherwise");
                Outcome::Harmless
            }
        }
    }

    /// A damaged copy: what a normal open makes of it, and whether the check saw it.
    fn damaged(&self, file: &Path, what: &str, change: impl FnOnce(&mut Vec<u8>)) -> (Outcome, bool) {
        let dir = tempfile::tempdir().unwrap();
        let data = dir.path().join("data");
        copy(&self.data, &data);
        let path = data.join(file);
        let mut bytes = std::fs::read(&path).unwrap();
        change(&mut bytes);
        std::fs::write(&path, bytes).unwrap();
        let sound = fsck::check(&data, Scope::Journal, &|_| {}).unwrap().is_sound();
        let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| self.opened(&data)));
        let outcome = outcome.unwrap_or_else(|_| panic!("{} {what}", file.display()));
        (outcome, !sound)
    }

    /// A copy in which only the journal is left.
    fn without_views(&self) -> PathBuf {
        let data = self.data.with_file_name("alone").join("data");
        copy(&self.data, &data);
        std::fs::remove_dir_all(data.join("views")).unwrap();
        data
    }

    fn files(&self) -> Vec<PathBuf> {
        files(&self.data).into_iter().map(|f| f.strip_prefix(&self.data).unwrap().to_owned()).collect()
    }
}

#[test]
fn cut_files_and_changed_bytes_are_noticed_or_harmless() {
    let sample = sample();
    let mut rng = Rng(77);
    let mut seen = [0; 3];
    for file in sample.files() {
        let length = std::fs::metadata(sample.data.join(&file)).unwrap().len();
        if length == 0 {
            continue;
        }
        for round in 0..24 {
            let at = rng.below(length) as usize;
            let bit = rng.below(8);
            let (outcome, checked) = match round % 3 {
                0 => sample.damaged(&file, &format!("cut at {at}"), |b| b.truncate(at)),
                1 => sample.damaged(&file, &format!("bit {bit} of {at} flipped"), |b| b[at] ^= 1 << bit),
                _ => sample.damaged(&file, &format!("zeros from {at}"), |b| {
                    let end = b.len().min(at + 700);
                    b[at..end].fill(0);
                }),
            };
            let journal = file.starts_with("journal");
            assert!(
                checked || !journal || outcome == Outcome::Harmless,
                "{} {at}: the check is silent",
                file.display()
            );
            assert!(journal || outcome == Outcome::Harmless, "{} {at}: only a view", file.display());
            seen[match outcome {
                Outcome::RefusedAtOpen(_) => 0,
                Outcome::NoticedLater => 1,
                Outcome::Harmless => 2,
            }] += 1;
        }
    }
    assert!(seen.iter().all(|n| *n > 5), "refused, noticed, harmless: {seen:?}");
}

/// Where the last frame of the last segment lies.
fn newest(sample: &Sample) -> (PathBuf, usize, usize) {
    let segments: Vec<PathBuf> =
        sample.files().into_iter().filter(|f| f.extension().is_some_and(|e| e == "seg")).collect();
    let last = segments.last().unwrap().clone();
    let bytes = std::fs::read(sample.data.join(&last)).unwrap();
    let begin = bytes.windows(4).rposition(|w| w == b"SMf1").unwrap();
    let end = bytes.iter().rposition(|b| *b != 0).unwrap() + 1;
    (last, begin, end)
}

#[test]
fn the_newest_bytes_are_missed_at_once() {
    let sample = sample();
    let (file, begin, end) = newest(&sample);
    let name = file.file_name().unwrap().to_str().unwrap().to_owned();
    // Once by the head file and the views, once by the head file alone.
    let alone =
        Sample { data: sample.without_views(), answers: sample.answers.clone(), _dir: tempfile::tempdir().unwrap() };
    let noticed = |what: &str, change: &dyn Fn(&mut Vec<u8>)| {
        for sample in [&sample, &alone] {
            match sample.damaged(&file, what, change) {
                (Outcome::RefusedAtOpen(text), true) => {
                    assert!(text.contains(&name) && text.contains("restore"), "{what}: {text}");
                }
                other => panic!("{what}: {other:?}"),
            }
        }
    };
    let mut rng = Rng(3);
    for _ in 0..10 {
        let at = begin + rng.below((end - begin) as u64) as usize;
        noticed("flipped", &|b| b[at] ^= 4);
        noticed("cut, as by a copy that broke off", &|b| b.truncate(at));
        noticed("zeroed from there on", &|b| b[at.min(end - 1)..].fill(0));
    }
    noticed("cut at the frame", &|b| b.truncate(begin));
    noticed("the frame zeroed", &|b| b[begin..].fill(0));
    noticed("one byte short", &|b| b.truncate(b.len() - 1));
}

/// After a power loss the head file may be an old one: then only what follows a broken frame tells damage from a torn end.
#[test]
fn a_whole_frame_behind_a_broken_one_is_refused_whatever_the_head_file_says() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let store = SledStore::create_with(&data, SMALL).unwrap();
    store.commit(issue(0)).unwrap();
    drop(store);
    let old_head = std::fs::read(data.join("journal/head")).unwrap();
    let store = SledStore::open_with(&data, SMALL).unwrap();
    for n in 1..6 {
        store.commit(issue(n)).unwrap();
    }
    drop(store);
    std::fs::remove_dir_all(data.join("views")).unwrap();
    std::fs::write(data.join("journal/head"), old_head).unwrap();
    let segment = data.join("journal/00000000.seg");
    let whole = std::fs::read(&segment).unwrap();
    let frames: Vec<usize> = (4096..whole.len()).step_by(8).filter(|at| whole[*at..].starts_with(b"SMf1")).collect();
    for broken in &frames[1..5] {
        let mut bytes = whole.clone();
        bytes[broken + 100] ^= 1;
        std::fs::write(&segment, bytes).unwrap();
        match SledStore::open_with(&data, SMALL) {
            Err(StoreError::Refused(text)) => {
                assert!(text.contains(&format!("offset {broken}")) && text.contains("follows"), "{text}");
            }
            other => panic!("{:?}", other.err()),
        }
    }
    std::fs::write(&segment, whole).unwrap();
    assert_eq!(SledStore::open_with(&data, SMALL).unwrap().next_seq(), 6);
}

#[test]
fn nothing_is_acknowledged_into_a_file_that_was_removed() {
    let dir = tempfile::tempdir().unwrap();
    let store = SledStore::create_with(dir.path(), SMALL).unwrap();
    store.commit(issue(0)).unwrap();
    std::fs::remove_file(dir.path().join("journal/00000000.seg")).unwrap();
    match store.commit(issue(1)) {
        Err(StoreError::Closed(why)) => assert!(why.contains("00000000.seg") && why.contains("removed"), "{why}"),
        other => panic!("{other:?}"),
    }
    assert!(store.certificate(cert_id(0)).unwrap().is_some(), "what can still be read is read");
}

fn position(bytes: &[u8], part: &[u8]) -> usize {
    bytes.windows(part.len()).position(|w| w == part).unwrap()
}

#[test]
fn a_single_read_notices_what_it_reads_and_nothing_else() {
    let sample = sample();
    let segment = sample.data.join("journal/00000000.seg");
    let whole = std::fs::read(&segment).unwrap();
    let flipped = |at: usize| {
        let mut bytes = whole.clone();
        bytes[at] ^= 1;
        std::fs::write(&segment, bytes).unwrap();
        SledStore::open_with(&sample.data, SMALL).unwrap()
    };
    let corrupt =
        |e: StoreError| matches!(e, StoreError::Corrupt { table: "journal", key, .. } if key.contains("00000000.seg"));

    let store = flipped(position(&whole, &credential(3)) + 700);
    assert!(corrupt(store.record(RecordKind::Credential, cert_id(3)).unwrap_err()));
    assert!(store.certificate(cert_id(3)).unwrap().is_some());
    assert_eq!(store.record(RecordKind::Decision, cert_id(3)).unwrap().unwrap(), b"decision 3");
    assert_eq!(store.record(RecordKind::Credential, cert_id(4)).unwrap().unwrap(), credential(4));
    drop(store);

    let store = flipped(position(&whole, b"key-3\""));
    assert!(corrupt(store.certificate(cert_id(3)).unwrap_err()));
    assert!(corrupt(store.holder_of(&issue(3).claims().next().unwrap()).unwrap_err()));
    assert_eq!(store.record(RecordKind::Credential, cert_id(3)).unwrap().unwrap(), credential(3));
    assert!(store.certificate(cert_id(4)).unwrap().is_some());
}

/// Opens the views. A process that another test has just started holds their lock, too, until it has become another program.
fn views_of(data: &Path) -> sled::Db {
    for _ in 0..200 {
        if let Ok(db) = sled::open(data.join("views/recent-0")) {
            return db;
        }
        std::thread::sleep(std::time::Duration::from_millis(25));
    }
    sled::open(data.join("views/recent-0")).unwrap()
}

#[test]
fn a_view_that_lost_or_changed_a_single_pair_is_made_anew() {
    let sample = sample();
    let keys: Vec<sled::IVec> = views_of(&sample.data).iter().keys().map(Result::unwrap).collect();
    for (round, key) in keys.iter().enumerate().step_by(keys.len() / 9) {
        let db = views_of(&sample.data);
        match round % 3 {
            0 => drop(db.remove(key).unwrap()),
            1 => drop(db.insert(key, b"\x01changed").unwrap()),
            _ => drop(db.insert([key, &[1][..]].concat(), b"\x01").unwrap()),
        }
        drop(db);
        assert_eq!(sample.opened(&sample.data), Outcome::Harmless, "key {:?}", key);
    }
}

#[test]
fn a_snapshot_that_was_never_finished_does_not_cost_the_views() {
    let sample = sample();
    std::fs::write(sample.data.join("views/recent-0/snap.0000000000000FFF.generating"), b"half").unwrap();
    let views = ViewsDir::new(&sample.data.join("views")).open().unwrap();
    assert_eq!(views.verify().unwrap().tip.next_seq, 122);
}

#[test]
fn a_lost_segment_is_refused() {
    let sample = sample();
    for file in sample.files().iter().filter(|f| f.extension().is_some_and(|e| e == "seg")) {
        let dir = tempfile::tempdir().unwrap();
        let data = dir.path().join("data");
        copy(&sample.data, &data);
        std::fs::remove_file(data.join(file)).unwrap();
        match sample.opened(&data) {
            Outcome::RefusedAtOpen(text) => assert!(text.contains(".seg"), "{text}"),
            other => panic!("{}: {other:?}", file.display()),
        }
        assert!(!fsck::check(&data, Scope::Journal, &|_| {}).unwrap().is_sound());
    }
}

#[test]
fn an_older_journal_under_newer_views_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let (data, older) = (dir.path().join("data"), dir.path().join("older"));
    let store = SledStore::create_with(&data, SMALL).unwrap();
    store.commit(issue(1)).unwrap();
    drop(store);
    copy(&data.join("journal"), &older);
    let store = SledStore::open_with(&data, SMALL).unwrap();
    store.commit(issue(2)).unwrap();
    drop(store);
    std::fs::remove_dir_all(data.join("journal")).unwrap();
    copy(&older, &data.join("journal"));
    match SledStore::open_with(&data, SMALL) {
        Err(StoreError::Refused(text)) => assert!(text.contains("views"), "{text}"),
        other => panic!("{:?}", other.err()),
    }
    std::fs::remove_dir_all(data.join("views")).unwrap();
    assert_eq!(SledStore::open_with(&data, SMALL).unwrap().next_seq(), 1);
}

#[test]
fn lost_or_garbled_views_are_made_anew_and_answer_the_same() {
    let sample = sample();
    let mut rng = Rng(9);
    for round in 0..12 {
        let dir = tempfile::tempdir().unwrap();
        let data = dir.path().join("data");
        copy(&sample.data, &data);
        let views = data.join("views");
        match round {
            0 => std::fs::remove_dir_all(&views).unwrap(),
            1 => std::fs::write(views.join("recent-0/snap.0000000000000FFF.generating"), b"half").unwrap(),
            2 => std::fs::remove_file(views.join("recent-0/db")).unwrap(),
            3 => std::fs::remove_file(views.join("recent-0/conf")).unwrap(),
            4 => {
                std::fs::remove_dir_all(&views).unwrap();
                std::fs::write(&views, b"a file").unwrap();
            }
            _ => {
                let path = views.join("recent-0/db");
                let mut bytes = std::fs::read(&path).unwrap();
                for _ in 0..1 << (2 * (round - 5)) {
                    let at = rng.below(bytes.len() as u64) as usize;
                    bytes[at] = rng.next() as u8;
                }
                std::fs::write(&path, bytes).unwrap();
            }
        }
        assert_eq!(sample.opened(&data), Outcome::Harmless, "round {round}");
        let scratch = dir.path().join("scratch");
        let report = fsck::check(&data, Scope::Everything(&scratch), &|_| {}).unwrap();
        assert_eq!(report.findings, vec![], "round {round}");
    }
}
