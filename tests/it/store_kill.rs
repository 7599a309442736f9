//! A process that is killed, a second process, and a disk that runs full: on the real file system.

use super::log_kit::{at_work, checkpoint};
use super::store_kit::*;
use starmark::service::log::LogFiles;
use starmark::store::journal::Options;
use starmark::store::{RecordKind, SledStore, Store, StoreError};
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

const DIR: &str = "STARMARK_KILL_DIR";
const FIRST: &str = "STARMARK_KILL_FIRST";
/// Rounds unless the environment asks for others: about a minute.
const ROUNDS: u64 = 160;
/// Rounds on one store before the next one is created.
const ROUNDS_A_STORE: u64 = 16;
/// Numbers one child may use.
const NUMBERS: u64 = 100_000;
const SMALL: Options = Options { segment_bytes: 256 << 10, min_free_bytes: 0 };

fn open_or_create(data: &Path) -> Result<SledStore, StoreError> {
    if data.join("journal").exists() { SledStore::open_with(data, SMALL) } else { SledStore::create_with(data, SMALL) }
}

/// Not a test of its own: what [`spawn`] runs. Commits from four threads, with the log at work, and says what was acknowledged
/// and what was published.
#[test]
fn child() {
    let Ok(data) = std::env::var(DIR) else { return };
    let first: u64 = std::env::var(FIRST).unwrap().parse().unwrap();
    let store: Arc<dyn Store> = Arc::new(open_or_create(Path::new(&data)).unwrap());
    let log = at_work(&store, &LogFiles::on_disk(Path::new(&data)));
    println!("\nopen");
    std::thread::scope(|s| {
        for t in 0..4 {
            let (store, log) = (&store, &log);
            s.spawn(move || {
                for n in (first + t..first + NUMBERS).step_by(4) {
                    let done = store.commit(issue(n)).unwrap();
                    let mut out = std::io::stdout().lock();
                    out.write_all(format!("ack {n} {}\n", done.first_seq).as_bytes()).unwrap();
                    out.flush().unwrap();
                    drop(out);
                    // Half of them wait for the log, as requests do; the others keep it busy.
                    if t % 2 == 0 && log.wait_for(done.first_seq) {
                        let seen = checkpoint(log.published().unwrap().note().as_bytes());
                        let mut out = std::io::stdout().lock();
                        out.write_all(format!("log {} {} {}\n", done.first_seq, seen.size(), seen.root()).as_bytes())
                            .unwrap();
                        out.flush().unwrap();
                    }
                }
            });
        }
    });
}

fn spawn(data: &Path, first: u64) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "store_kill::child", "--nocapture"])
        .env(DIR, data)
        .env(FIRST, first.to_string())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

/// What a child said.
#[derive(Default)]
struct Told {
    /// Event of each certificate that was acknowledged.
    acknowledged: BTreeMap<u64, u64>,
    /// An event said to be in the log, with size and root of its tree.
    published: Vec<(u64, u64, String)>,
}

impl Told {
    /// Takes one more line in; whether there was one. A line that was cut is not counted.
    fn hears(&mut self, output: &mut impl BufRead) -> bool {
        let mut line = String::new();
        let more = output.read_line(&mut line).unwrap() > 0;
        if let (true, Some(rest)) = (line.ends_with('\n'), line.strip_prefix("ack ")) {
            let (n, seq) = rest.trim().split_once(' ').unwrap();
            self.acknowledged.insert(n.parse().unwrap(), seq.parse().unwrap());
        }
        if let (true, Some(rest)) = (line.ends_with('\n'), line.strip_prefix("log ")) {
            let [seq, size, root] = rest.split_whitespace().collect::<Vec<_>>()[..] else { panic!("{line}") };
            self.published.push((seq.parse().unwrap(), size.parse().unwrap(), root.to_owned()));
        }
        more
    }
}

#[test]
fn a_kill_at_any_time_loses_nothing() {
    let rounds = std::env::var("STARMARK_KILL_ROUNDS").map_or(ROUNDS, |n| n.parse().unwrap());
    let mut rng = Rng(4242);
    let dir = tempfile::tempdir().unwrap();
    let mut data = PathBuf::new();
    let mut all = BTreeMap::new();
    let mut published: Vec<(u64, u64, String)> = vec![];
    let (mut total, mut logged, mut waited) = (0, 0, 0);
    for round in 0..rounds {
        if round % ROUNDS_A_STORE == 0 {
            data = dir.path().join(format!("data-{round}"));
            all.clear();
            published.clear();
        }
        let first = round % ROUNDS_A_STORE * NUMBERS;
        let mut child = spawn(&data, first);
        let (mut output, mut said) = (BufReader::new(child.stdout.take().unwrap()), Told::default());
        // Some are killed while they create or open, most while they commit, every second one once the log has gone on.
        if round % 2 == 1 {
            while said.published.is_empty() && said.hears(&mut output) {}
            waited += 1;
        }
        std::thread::sleep(Duration::from_micros(rng.below(if round % 5 == 0 { 60_000 } else { 400_000 })));
        child.kill().unwrap();
        while said.hears(&mut output) {}
        child.wait().unwrap();
        let Told { acknowledged: told, published: now } = said;
        logged += now.len();
        published.extend(now);
        let store = match SledStore::open_with(&data, SMALL) {
            Err(StoreError::Refused(text)) if all.is_empty() && told.is_empty() && text.contains("no store here") => {
                continue;
            }
            other => other.unwrap_or_else(|e| panic!("round {round}: {e}")),
        };
        total += told.len();
        for (n, seq) in &told {
            let found = store.certificate(cert_id(*n)).unwrap();
            assert_eq!(found.map(|c| c.version()), Some(1), "round {round}: certificate {n}");
            let record = store.record(RecordKind::Credential, cert_id(*n)).unwrap();
            assert_eq!(record, Some(credential(*n)), "round {round}");
            assert_eq!(store.entries(*seq, 1).unwrap()[0].events, issue(*n).events, "round {round}");
        }
        all.extend(told);
        let store: Arc<dyn Store> = Arc::new(store);
        nothing_published_is_taken_back(&store, &data, &published, round);
        if round % ROUNDS_A_STORE == ROUNDS_A_STORE - 1 || round + 1 == rounds {
            let entries = store.entries(0, usize::MAX).unwrap();
            assert_eq!(entries.len() as u64, store.next_seq());
            for (n, seq) in &all {
                assert_eq!(entries[*seq as usize].events, issue(*n).events);
            }
            let scratch = dir.path().join("scratch");
            drop(store);
            let report =
                starmark::store::fsck::check(&data, starmark::store::fsck::Scope::Everything(&scratch), &|_| {});
            assert_eq!(report.unwrap().findings, vec![]);
            std::fs::remove_dir_all(&data).unwrap();
        }
    }
    assert!(total as u64 > rounds, "only {total} acknowledged in {rounds} rounds");
    eprintln!("{total} acknowledged, {logged} seen in the log");
    assert!(logged >= waited, "only {logged} seen in the log, in {waited} rounds that waited for it");
}

/// The log goes on from what was published: every tree anybody was shown is a beginning of today's, and every event on record
/// is in it.
fn nothing_published_is_taken_back(store: &Arc<dyn Store>, data: &Path, published: &[(u64, u64, String)], round: u64) {
    let log = at_work(store, &LogFiles::on_disk(data));
    while log.health().behind > 0 {
        assert_eq!(log.health().fault, None, "round {round}");
        std::thread::sleep(Duration::from_millis(1));
    }
    assert_eq!(log.published().map_or(0, |s| s.size()), store.next_seq(), "round {round}: every event is public here");
    for (seq, size, root) in published.iter().rev().take(40).chain(published.iter().step_by(97)) {
        assert_eq!(log.growth(*size, None).unwrap().from_root.to_string(), *root, "round {round}: the tree of {size}");
        let proven = log.prove(&[*seq]).unwrap().unwrap();
        assert!(*seq < *size && proven.entries.len() == 1, "round {round}: event {seq}");
    }
}

#[test]
fn a_second_process_is_refused_and_told_who_is_there() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let mut child = spawn(&data, 0);
    let mut output = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    while output.read_line(&mut line).unwrap() > 0 && !line.starts_with("open") {
        line.clear();
    }
    let pid = child.id().to_string();
    for outcome in [SledStore::open_with(&data, SMALL), SledStore::create_with(&data, SMALL)] {
        match outcome {
            Err(StoreError::Refused(text)) => assert!(text.contains(&format!("process {pid}")), "{text}"),
            other => panic!("{:?}", other.err()),
        }
    }
    // Removed as a supposed leftover, the lock file opens no door either.
    std::fs::remove_file(data.join("lock")).unwrap();
    match SledStore::open_with(&data, SMALL) {
        Err(StoreError::Refused(text)) => assert!(text.contains("lock file was removed"), "{text}"),
        other => panic!("{:?}", other.err()),
    }
    child.kill().unwrap();
    child.wait().unwrap();
    SledStore::open_with(&data, SMALL).unwrap();
}

/// A file system of its own, unmounted at the end.
struct Small(PathBuf);

impl Small {
    fn mount(at: &Path) -> Option<Self> {
        std::fs::create_dir_all(at).ok()?;
        let done = Command::new("mount").args(["-t", "tmpfs", "-o", "size=12m", "tmpfs"]).arg(at).output().ok()?;
        done.status.success().then(|| Self(at.to_owned()))
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(&self.0).status();
    }
}

/// Needs to mount a file system, so it does nothing where that is forbidden; the file layer's full disk is in
/// `store_crash`.
#[test]
fn a_full_file_system_loses_nothing_and_goes_on_once_freed() {
    let dir = tempfile::tempdir().unwrap();
    let Some(small) = Small::mount(&dir.path().join("small")) else {
        eprintln!("no file system could be mounted: nothing was tested");
        return;
    };
    let ballast = small.0.join("ballast");
    for (round, reserve) in [(0, 0), (1, 2 << 20)] {
        let data = small.0.join(format!("data-{round}"));
        let options = Options { segment_bytes: 1 << 20, min_free_bytes: reserve };
        std::fs::write(&ballast, vec![1; 3 << 20]).unwrap();
        let store = SledStore::create_with(&data, options).unwrap();
        let (mut kept, mut refused) = (vec![], 0);
        for n in 0..6_000 {
            match store.commit(issue(n)) {
                Ok(_) => kept.push(n),
                Err(StoreError::Full(_)) if refused < 20 => refused += 1,
                Err(StoreError::Full(_)) => break,
                // Without a reserve it may be the views that run full first: then writing is closed.
                Err(StoreError::Closed(_)) if reserve == 0 => break,
                Err(other) => panic!("round {round}: {other}"),
            }
        }
        assert!(kept.len() > 300 && kept.len() < 5_900, "{}", kept.len());
        for n in kept.iter().step_by(50) {
            assert!(store.certificate(cert_id(*n)).unwrap().is_some());
        }
        if reserve > 0 {
            assert!(matches!(store.writable(), Err(StoreError::Full(_))));
            std::fs::remove_file(&ballast).unwrap();
            store.writable().unwrap();
            store.commit(issue(9_000)).unwrap();
            kept.push(9_000);
        }
        drop(store);
        let _ = std::fs::remove_file(&ballast);
        let store = SledStore::open_with(&data, options).unwrap();
        for n in &kept {
            assert_eq!(store.record(RecordKind::Credential, cert_id(*n)).unwrap(), Some(credential(*n)));
        }
        store.commit(issue(9_001)).unwrap();
        drop(store);
        std::fs::remove_dir_all(&data).unwrap();
    }
}
