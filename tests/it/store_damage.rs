//! Damaged files: noticed or harmless, never silent.

use super::store_kit::*;
use super::store_moves::{answers, files, fill};
use starmark::store::fsck::{self, Scope};
use starmark::store::journal::Options;
use starmark::store::{SledStore, Store, StoreError};
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
    let noticed = |what: &str, change: &dyn Fn(&mut Vec<u8>)| match sample.damaged(&file, what, change) {
        (Outcome::RefusedAtOpen(text), true) => {
            assert!(text.contains(&name) && text.contains("restore"), "{what}: {text}");
        }
        other => panic!("{what}: {other:?}"),
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
            1 => std::fs::write(views.join("snap.0000000000000FFF.generating"), b"half").unwrap(),
            2 => std::fs::remove_file(views.join("db")).unwrap(),
            3 => std::fs::remove_file(views.join("conf")).unwrap(),
            4 => {
                std::fs::remove_dir_all(&views).unwrap();
                std::fs::write(&views, b"a file").unwrap();
            }
            _ => {
                let path = views.join("db");
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
