//! What leaves a store and comes back: export, import, backup, restore, and the check of everything.

use super::store_kit::*;
use jiff::civil::date;
use starmark::domain::certificate::SurveillanceOutcome;
use starmark::store::backup::{backup, restore, verify};
use starmark::store::export::{ExchangeError, export, import};
use starmark::store::fsck::{self, Report, Scope, Severity};
use starmark::store::journal::Options;
use starmark::store::{Calendar, MemoryStore, PageRequest, RecordKind, SledStore, Store, StoreError};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

/// A few dozen units each, so that there are several segments.
const SMALL: Options = Options { segment_bytes: 64 << 10, min_free_bytes: 0 };

/// A little of everything.
pub fn fill(store: &dyn Store) {
    store.commit(setting("示例认证")).unwrap();
    for n in 0..60 {
        store.commit(issue(n)).unwrap();
    }
    for n in 0..20 {
        store.commit(request_mark(1_000 + n, n, 0)).unwrap();
        store.commit(change(n, 1, suspended(date(2026, 9, 1)))).unwrap();
        store.commit(change(n, 2, if n % 2 == 0 { reinstated() } else { withdrawn() })).unwrap();
    }
    store.commit(change(30, 1, surveyed(SurveillanceOutcome::Passed, date(2028, 4, 1)))).unwrap();
}

/// Everything a store answers about what [`fill`] made.
pub fn answers(store: &dyn Store) -> Result<String, StoreError> {
    let mut out = format!("{:?}\n", store.entries(0, usize::MAX)?);
    for n in 0..61 {
        out += &format!(
            "{:?} {:?} {:?} {:?} {:?} {:?} {:?}\n",
            store.certificate(cert_id(n))?,
            store.record(RecordKind::Credential, cert_id(n))?,
            store.certificate_by_number(&number(n))?,
            store.certificate_by_status(place(n))?,
            store.certificates_of(uscc(n))?,
            store.marks_of(cert_id(n))?,
            store.mark(mark_id(1_000 + n))?,
        );
        for claim in issue(n).claims() {
            out += &format!("{:?}\n", store.holder_of(&claim)?.map(|e| e.first_seq));
        }
    }
    for calendar in [Calendar::SurveillanceDue, Calendar::SuspensionEnds, Calendar::Expires] {
        out += &format!("{:?}\n", store.calendar(calendar, date(2100, 1, 1))?);
    }
    for list in 1..=4 {
        out += &format!("{:?}\n", store.status_list(list)?);
    }
    out += &format!("{:?}\n", store.latest_status_list());
    out += &format!("{:?}\n", store.search_holders("示例", PageRequest { offset: 0, size: 100 })?);
    out += &format!("{:?} {:?}\n", store.settings()?, store.next_seq());
    Ok(out)
}

fn exported(store: &dyn Store) -> Vec<u8> {
    let mut out = vec![];
    export(store, &mut out).unwrap();
    out
}

#[test]
fn what_is_exported_comes_back_byte_for_byte_on_every_engine() {
    let dir = tempfile::tempdir().unwrap();
    let memory = MemoryStore::new().unwrap();
    fill(&memory);
    let text = exported(&memory);
    let sled = SledStore::create_with(&dir.path().join("a"), SMALL).unwrap();
    import(&sled, &mut text.as_slice()).unwrap();
    assert_eq!(exported(&sled), text);
    assert_eq!(answers(&sled).unwrap(), answers(&memory).unwrap());
    let back = MemoryStore::new().unwrap();
    let summary = import(&back, &mut exported(&sled).as_slice()).unwrap();
    assert_eq!(exported(&back), text);
    assert_eq!((summary.units, summary.events), (122, 122));
    assert!(matches!(import(&back, &mut text.as_slice()), Err(ExchangeError::NotEmpty(122))));
    let empty = exported(&MemoryStore::new().unwrap());
    let store = MemoryStore::new().unwrap();
    import(&store, &mut empty.as_slice()).unwrap();
    assert_eq!(exported(&store), empty);
}

#[test]
fn an_export_that_was_cut_or_changed_is_noticed() {
    let store = MemoryStore::new().unwrap();
    for n in 0..8 {
        store.commit(issue(n)).unwrap();
    }
    let text = exported(&store);
    let import = |text: &[u8]| import(&MemoryStore::new().unwrap(), &mut &*text);
    import(&text).unwrap();
    let mut rng = Rng(5);
    for _ in 0..60 {
        let cut = rng.below(text.len() as u64) as usize;
        let outcome = import(&text[..cut]);
        assert!(matches!(outcome, Err(ExchangeError::Truncated(_))), "cut at {cut}: {outcome:?}");
        let mut changed = text.clone();
        changed[cut] ^= 1 << rng.below(7);
        import(&changed).expect_err("a changed byte");
    }
    let lines: Vec<&[u8]> = text.split_inclusive(|b| *b == b'\n').collect();
    import(&[lines[..3].concat(), lines[4..].concat()].concat()).expect_err("a line left out");
    import(&[&text[..], b"{}\n"].concat()).expect_err("a line added");
    import(&[lines[0], lines[lines.len() - 1]].concat()).expect_err("all units left out");
}

#[test]
fn a_backup_taken_while_another_writes_is_whole() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let store = SledStore::create_with(&data, SMALL).unwrap();
    fill(&store);
    let done = AtomicBool::new(false);
    std::thread::scope(|s| {
        s.spawn(|| {
            for n in 200.. {
                if done.load(Ordering::Acquire) {
                    break;
                }
                store.commit(issue(n)).unwrap();
            }
        });
        for round in 0..8 {
            let least = store.next_seq();
            let to = dir.path().join(format!("backup-{round}"));
            let made = backup(&data, &to, &|_| {}).unwrap();
            assert!(made.next_seq >= least);
            let back = dir.path().join(format!("back-{round}"));
            assert_eq!(restore(&to, &back, &|_| {}).unwrap().next_seq, made.next_seq);
            let restored = SledStore::open_with(&back, SMALL).unwrap();
            assert_eq!(restored.next_seq(), made.next_seq);
            let (ours, theirs) = (store.entries(0, usize::MAX).unwrap(), restored.entries(0, usize::MAX).unwrap());
            assert_eq!(ours[..theirs.len()], theirs);
            restored.commit(issue(100)).unwrap();
        }
        done.store(true, Ordering::Release);
    });
    assert!(matches!(backup(&data, &dir.path().join("backup-0"), &|_| {}), Err(StoreError::Refused(_))));
    assert!(matches!(restore(&dir.path().join("backup-0"), &data, &|_| {}), Err(StoreError::Refused(_))));
}

#[test]
fn a_damaged_backup_is_not_put_back() {
    let dir = tempfile::tempdir().unwrap();
    let (data, copy) = (dir.path().join("data"), dir.path().join("copy"));
    fill(&SledStore::create_with(&data, SMALL).unwrap());
    backup(&data, &copy, &|_| {}).unwrap();
    verify(&copy, &|_| {}).unwrap();
    flip(&copy.join("journal/00000001.seg"), 20_000);
    match restore(&copy, &dir.path().join("new"), &|_| {}) {
        Err(StoreError::Refused(text)) => assert!(text.contains("00000001.seg offset"), "{text}"),
        other => panic!("{other:?}"),
    }
    assert!(!dir.path().join("new").exists());
}

fn flip(path: &Path, at: usize) {
    let mut bytes = std::fs::read(path).unwrap();
    bytes[at] ^= 0x10;
    std::fs::write(path, bytes).unwrap();
}

fn check(data: &Path) -> Report {
    let scratch = tempfile::tempdir().unwrap();
    fsck::check(data, Scope::Everything(&scratch.path().join("copy")), &|_| {}).unwrap()
}

#[test]
fn a_check_of_a_sound_store_finds_nothing_and_changes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let store = SledStore::create_with(&data, SMALL).unwrap();
    fill(&store);
    let busy = check(&data);
    assert!(busy.is_sound() && busy.findings.len() == 1, "{:?}", busy.findings);
    assert!(busy.findings[0].what.contains(&std::process::id().to_string()));
    drop(store);
    let before: Vec<_> = files(&data).into_iter().map(|f| (std::fs::read(&f).unwrap(), f)).collect();
    let report = check(&data);
    assert_eq!(report.findings, vec![]);
    assert_eq!((report.units, report.events), (122, 122));
    assert!(report.segments > 2);
    for (bytes, file) in before {
        assert_eq!(std::fs::read(&file).unwrap(), bytes, "{}", file.display());
    }
}

pub fn files(dir: &Path) -> Vec<std::path::PathBuf> {
    let mut found = vec![];
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found.sort();
    found
}

#[test]
fn a_check_names_every_damage_and_goes_on_behind_it() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    fill(&SledStore::create_with(&data, SMALL).unwrap());
    flip(&data.join("journal/00000000.seg"), 9_000);
    flip(&data.join("journal/00000001.seg"), 30_000);
    let report = check(&data);
    let named = |file: &str| {
        report.findings.iter().any(|f| f.severity == Severity::Damage && f.file.ends_with(file) && f.offset.is_some())
    };
    assert!(named("00000000.seg") && named("00000001.seg"), "{:#?}", report.findings);
    assert!(report.units >= 118, "{}", report.units);
}

#[test]
fn a_check_notices_what_is_claimed_twice() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    fill(&SledStore::create(&data).unwrap());
    let surveyed = change(31, 1, surveyed(SurveillanceOutcome::Passed, date(2028, 4, 1))).events.remove(0).text();
    let header =
        newer_header(&surveyed).replace(r#""by":"local:root""#, r#""by":"local:root","reference":"D-2026-000003""#);
    append_header(&data, &header, 1);
    let report = fsck::check(&data, Scope::Journal, &|_| {}).unwrap();
    assert_eq!(report.findings.len(), 1, "{:?}", report.findings);
    assert!(report.findings[0].what.contains("D-2026-000003") && !report.is_sound(), "{}", report.findings[0]);
}

#[test]
fn a_lost_head_file_is_written_anew_when_nothing_else_is_lost() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    fill(&SledStore::create_with(&data, SMALL).unwrap());
    assert!(matches!(fsck::rebuild_head(&data, &|_| {}), Err(StoreError::Refused(t)) if t.contains("not damaged")));
    for lost in [true, false] {
        match lost {
            true => std::fs::remove_file(data.join("journal/head")).unwrap(),
            false => std::fs::write(data.join("journal/head"), b"").unwrap(),
        }
        match SledStore::open_with(&data, SMALL) {
            Err(StoreError::Refused(text)) => {
                assert!(text.contains("head") && text.contains("--rebuild-head"), "{text}")
            }
            other => panic!("{:?}", other.err()),
        }
        assert_eq!(fsck::rebuild_head(&data, &|_| {}).unwrap(), 122);
        assert_eq!(SledStore::open_with(&data, SMALL).unwrap().next_seq(), 122);
    }
    std::fs::remove_file(data.join("journal/head")).unwrap();
    flip(&data.join("journal/00000000.seg"), 9_000);
    assert!(matches!(fsck::rebuild_head(&data, &|_| {}), Err(StoreError::Refused(t)) if t.contains("00000000.seg")));
}
