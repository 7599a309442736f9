use super::*;
use crate::store::journal::scan::Tip;
use crate::store::views::{MemoryViews, keys};
use proptest::prelude::*;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// What is done to views: pairs put and removed, the newest handed to sled, new ones settle, at once or with others put meanwhile, they are closed and opened,
/// or the process is killed.
#[derive(Debug, Clone)]
enum Deed {
    Put(Vec<u8>, Vec<u8>),
    Remove(usize),
    HandOver,
    Settle,
    BeginToSettle,
    Reopen,
    Unnoted,
    Killed,
}

/// Opens what was closed in this very process, where a thread of sled's may hold its lock a moment longer.
fn reopened(dir: &Path) -> LayeredViews {
    let until = std::time::Instant::now() + Duration::from_secs(20);
    loop {
        match LayeredViews::open(dir) {
            Err(StoreError::Io { source, .. })
                if source.to_string().contains("could not acquire lock") && std::time::Instant::now() < until =>
            {
                std::thread::sleep(STEP);
            }
            opened => return opened.unwrap(),
        }
    }
}

fn certificate(of: u8) -> Vec<u8> {
    vec![keys::CERTIFICATE, 1, of, 1, 1, 1, 1]
}

fn claim(of: u8) -> Vec<u8> {
    vec![keys::CLAIM, 1, of, 1, 1, 1, 1, 1, 1, 1, 1]
}

fn deeds() -> impl Strategy<Value = Vec<Deed>> {
    // Any, and those of a few claims and certificates, of which the settled file knows without reading.
    let rest = proptest::collection::vec(1u8..4, 0..3);
    let key = prop_oneof![
        2 => proptest::collection::vec(1u8..5, 1..5),
        1 => (0u8..3, rest.clone()).prop_map(|(of, rest)| [certificate(of), rest].concat()),
        1 => (0u8..3, rest).prop_map(|(of, rest)| [claim(of), rest].concat()),
    ];
    let deed = prop_oneof![
        8 => (key, proptest::collection::vec(any::<u8>(), 0..30)).prop_map(|(key, value)| Deed::Put(key, value)),
        3 => any::<usize>().prop_map(Deed::Remove),
        2 => Just(Deed::HandOver),
        1 => Just(Deed::Settle),
        1 => Just(Deed::BeginToSettle),
        1 => Just(Deed::Reopen),
        1 => Just(Deed::Unnoted),
        1 => Just(Deed::Killed),
    ];
    proptest::collection::vec(deed, 1..60)
}

fn all(views: &dyn Views, from: &[u8], to: &[u8]) -> Vec<(Vec<u8>, Vec<u8>)> {
    let mut found = vec![];
    let each = &mut |key: &[u8], value: &[u8]| {
        found.push((key.to_vec(), value.to_vec()));
        Ok(ControlFlow::Continue(()))
    };
    views.scan(from, to, each).unwrap();
    found.retain(|(key, _)| key.as_slice() >= FIRST_KEY);
    found
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        match entry.file_type().unwrap().is_dir() {
            true => copy(&entry.path(), &to.join(entry.file_name())),
            // A file that sled renamed meanwhile is not there any more.
            false => drop(std::fs::copy(entry.path(), to.join(entry.file_name()))),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn layers_answer_as_one_map_does(deeds in deeds()) {
        let directory = tempfile::tempdir().unwrap();
        let (mut dir, plain) = (directory.path().join("v"), MemoryViews::default());
        let (mut views, mut applied, mut history) = (LayeredViews::open(&dir).unwrap(), Applied::START, vec![]);
        for (deed, seq) in deeds.iter().zip(1..) {
            let write = match deed {
                Deed::Put(key, value) if plain.get(key).unwrap().is_none() => {
                    ViewWrite::Put { key: key.clone(), value: value.clone() }
                }
                Deed::Remove(which) => {
                    let empty = all(&plain, FIRST_KEY, END_KEY).into_iter().filter(|(_, value)| value.is_empty());
                    let Some((key, _)) = empty.clone().nth(which % empty.count().max(1)) else { continue };
                    ViewWrite::Remove { key }
                }
                Deed::HandOver => {
                    views.layers().unwrap().recent.flush().unwrap();
                    continue;
                }
                Deed::Settle => {
                    views.settle().unwrap();
                    continue;
                }
                Deed::BeginToSettle => {
                    views.begin_settling().unwrap();
                    continue;
                }
                Deed::Reopen | Deed::Unnoted | Deed::Killed => {
                    if matches!(deed, Deed::Killed) {
                        // As its files lie there this moment, once sled has written what it was handed: the rest is lost.
                        views.layers().unwrap().unsettled().for_each(|recent| recent.write_out().unwrap());
                        let left = directory.path().join(format!("killed-{seq}"));
                        copy(&dir, &left);
                        dir = left;
                    }
                    drop(views);
                    // Where something was left settling there is no note.
                    if matches!(deed, Deed::Unnoted) {
                        remove_all(&dir.join(ENDED)).unwrap();
                    }
                    views = reopened(&dir);
                    // What came while others settled is gone then; and sled's threads outlive its handle: in the same process it may
                    // open on an earlier point. What came since is applied again, as at every start.
                    let stands = views.stands_on().unwrap();
                    prop_assert_eq!(views.verify().unwrap(), stands);
                    let since = history.iter().rposition(|(_, then)| *then == stands).map_or(0, |at| at + 1);
                    prop_assert!(since > 0 || stands == Applied::START);
                    let again = |(write, then): &(ViewWrite, _)| views.apply(std::slice::from_ref(write), then).unwrap();
                    history[since..].iter().for_each(again);
                    prop_assert_eq!(views.verify().unwrap(), applied);
                    continue;
                }
                Deed::Put(..) => continue,
            };
            let tip = Tip { next_seq: seq, ..Tip::START };
            applied = applied.after(std::slice::from_ref(&write), tip);
            plain.apply(std::slice::from_ref(&write), &applied).unwrap();
            views.apply(std::slice::from_ref(&write), &applied).unwrap();
            history.push((write, applied));
        }
        let whose: Vec<_> = (0..3).map(certificate).chain((0..3).map(claim)).flat_map(|all| [keys::after(&all), all]).collect();
        let mut bounds = vec![FIRST_KEY, &[1, 2], &[2], &[2, 3, 1], &[3, 4], &[4, 1, 1, 1], END_KEY];
        bounds.extend(whose.iter().map(Vec::as_slice));
        bounds.sort_unstable();
        for (n, from) in bounds.iter().enumerate() {
            prop_assert_eq!(views.get(from).unwrap(), plain.get(from).unwrap());
            for to in &bounds[n..] {
                prop_assert_eq!(all(&views, from, to), all(&plain, from, to));
                prop_assert_eq!(views.last_key(from, to).unwrap(), plain.last_key(from, to).unwrap());
            }
        }
    }
}

fn put(applied: &mut Applied, seq: u64) -> ViewWrite {
    let write = ViewWrite::Put { key: [&[1], &seq.to_be_bytes()[..]].concat(), value: vec![7; 40] };
    *applied = applied.after(std::slice::from_ref(&write), Tip { next_seq: seq, ..Tip::START });
    write
}

fn sleds(dir: &Path) -> Vec<std::ffi::OsString> {
    let names = std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().file_name());
    names.filter(|name| name.to_str().unwrap().starts_with(RECENT)).collect()
}

#[test]
fn what_is_written_while_others_settle_is_there_and_what_has_settled_lies_there_once() {
    const PAIRS: u64 = 20_000;
    let directory = tempfile::tempdir().unwrap();
    let views = LayeredViews::open(directory.path()).unwrap();
    let mut applied = Applied::START;
    let written = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let settler = scope.spawn(|| {
            while !written.load(Ordering::Acquire) {
                views.settle().unwrap();
            }
        });
        for seq in 1..=PAIRS {
            let write = put(&mut applied, seq);
            views.apply(std::slice::from_ref(&write), &applied).unwrap();
            views.hand_over().unwrap();
            // Whoever writes finds it, whichever layer it lies in by now.
            let ViewWrite::Put { key, .. } = &write else { continue };
            assert!(views.get(key).unwrap().is_some(), "{seq}");
        }
        written.store(true, Ordering::Release);
        settler.join().unwrap();
    });
    assert!(views.layers().unwrap().generation() > 1, "they settled while others were written");
    assert_eq!((views.verify().unwrap(), applied.pairs), (applied, PAIRS));
    assert_eq!(sleds(directory.path()).len(), 1);
    let views_settled = views.layers().unwrap().settled_on().pairs;
    drop(views);
    let again = LayeredViews::open(directory.path()).unwrap();
    let stands = again.stands_on().unwrap();
    assert_eq!(again.verify().unwrap(), stands);
    assert!(stands.pairs <= PAIRS && stands.pairs >= views_settled, "{stands:?}");
}

#[test]
fn readers_see_every_pair_while_the_newest_are_handed_to_sled() {
    const PAIRS: u64 = 8_000;
    let directory = tempfile::tempdir().unwrap();
    let views = LayeredViews::open(directory.path()).unwrap();
    let (mut applied, written) = (Applied::START, AtomicU64::new(0));
    let key_of = |seq: u64| [&[1], &seq.to_be_bytes()[..]].concat();
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                loop {
                    let least = written.load(Ordering::Acquire);
                    let seqs: Vec<_> = all(&views, FIRST_KEY, END_KEY).into_iter().map(|(key, _)| key).collect();
                    assert!(seqs.len() as u64 >= least);
                    assert!((1..).zip(&seqs).all(|(seq, key)| *key == key_of(seq)), "one is missing below {least}");
                    if least > 0 {
                        assert!(views.get(&key_of(least)).unwrap().is_some());
                        assert!(views.last_key(FIRST_KEY, END_KEY).unwrap() >= Some(key_of(least)));
                    }
                    if least == PAIRS {
                        return;
                    }
                }
            });
        }
        for seq in 1..=PAIRS {
            let write = put(&mut applied, seq);
            views.apply(std::slice::from_ref(&write), &applied).unwrap();
            written.store(seq, Ordering::Release);
            views.hand_over().unwrap();
        }
    });
    let waits = views.layers().unwrap().recent.between(FIRST_KEY, END_KEY).unwrap().0;
    assert!(waits.count() < PAIRS as usize / 2, "most of them lie in sled");
    assert_eq!(views.verify().unwrap(), applied);
}

#[test]
fn a_start_takes_what_settled_and_what_came_on_top_and_removes_what_was_before() {
    let directory = tempfile::tempdir().unwrap();
    let (dir, left) = (directory.path().join("v"), directory.path().join("left"));
    let views = LayeredViews::open(&dir).unwrap();
    let mut applied = Applied::START;
    let write = put(&mut applied, 1);
    views.apply(std::slice::from_ref(&write), &applied).unwrap();
    // Killed after the new file had got its name and before sled's old directory was removed.
    views.layers().unwrap().recent.flush().unwrap();
    copy(&dir, &left);
    views.settle().unwrap();
    let write = put(&mut applied, 2);
    views.apply(std::slice::from_ref(&write), &applied).unwrap();
    views.layers().unwrap().recent.flush().unwrap();
    std::fs::copy(dir.join(SETTLED), left.join(SETTLED)).unwrap();
    copy(&dir.join(format!("{RECENT}1")), &left.join(format!("{RECENT}1")));
    let again = LayeredViews::open(&left).unwrap();
    assert_eq!((again.verify().unwrap(), sleds(&left)), (applied, vec![format!("{RECENT}1").into()]));
}

#[test]
fn pairs_that_are_not_what_was_written_do_not_settle_and_are_made_anew() {
    let directory = tempfile::tempdir().unwrap();
    let views = LayeredViews::open(directory.path()).unwrap();
    let mut applied = Applied::START;
    put(&mut applied, 1);
    let write = put(&mut applied, 2);
    // As if sled had lost the first pair.
    views.apply(std::slice::from_ref(&write), &applied).unwrap();
    assert!(matches!(views.settle(), Err(StoreError::Corrupt { table: "views", .. })));
    drop(views);
    assert!(LayeredViews::open(directory.path()).is_err(), "they are made anew");
}

#[test]
fn damage_that_is_met_with_has_them_made_anew_at_the_next_start() {
    let directory = tempfile::tempdir().unwrap();
    let source = ViewsDir::new(&directory.path().join("v"));
    let views = source.open().unwrap();
    let write = ViewWrite::Put { key: vec![1, 2, 3], value: vec![9; 100] };
    views.apply(std::slice::from_ref(&write), &Applied::START.after(std::slice::from_ref(&write), Tip::START)).unwrap();
    views.settle().unwrap();
    let path = directory.path().join("v").join(SETTLED);
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[40] ^= 1;
    std::fs::write(&path, bytes).unwrap();
    assert!(matches!(views.get(&[1, 2, 3]), Err(StoreError::Corrupt { table: "views", .. })));
    drop(views);
    assert!(source.open().is_err());
    assert_eq!(source.fresh().unwrap().stands_on().unwrap(), Applied::START);
    assert!(source.open().is_ok());
}
