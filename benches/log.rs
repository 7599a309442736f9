//! Figures of the public log and of bundles: `cargo bench --bench log`. Nothing is asserted.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "a measurement may fail loudly, and asks the clock")]

#[allow(dead_code, reason = "the tests' own kit")]
#[path = "../tests/it/log_kit.rs"]
mod log_kit;
#[allow(dead_code, reason = "the tests' own kit")]
#[path = "../tests/it/store_kit.rs"]
mod store_kit;

use log_kit::at_work;
use starmark::service::log::LogFiles;
use starmark::store::{SledStore, Store};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Certificates committed before the log starts.
const BACKLOG: u64 = 50_000;
/// Threads that commit and wait, as requests do.
const THREADS: u64 = 64;
/// For how long.
const LOADED: Duration = Duration::from_secs(5);

fn main() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let store: Arc<dyn Store> = Arc::new(SledStore::create(&data).unwrap());
    for step in (0..BACKLOG).step_by(500) {
        let units = (step..step + 500).map(store_kit::issue).collect();
        assert!(store.commit_all(units).iter().all(Result::is_ok));
    }
    let begun = Instant::now();
    let log = at_work(&store, &LogFiles::on_disk(&data));
    while log.health().behind > 0 {
        std::thread::sleep(Duration::from_millis(1));
    }
    let took = begun.elapsed().as_secs_f64();
    println!("sequencer, {BACKLOG} events that waited: {:.0} events/s", BACKLOG as f64 / took);

    let next = AtomicU64::new(BACKLOG);
    let begun = Instant::now();
    let mut waits: Vec<Duration> = std::thread::scope(|s| {
        let one = || {
            let mut waits = vec![];
            while begun.elapsed() < LOADED {
                let asked = Instant::now();
                let done = store.commit(store_kit::issue(next.fetch_add(1, Ordering::Relaxed))).unwrap();
                assert!(log.wait_for(done.first_seq));
                waits.push(asked.elapsed());
            }
            waits
        };
        let threads: Vec<_> = (0..THREADS).map(|_| s.spawn(one)).collect();
        threads.into_iter().flat_map(|t| t.join().unwrap()).collect()
    });
    waits.sort();
    let at = |part: usize| waits[waits.len() * part / 1000].as_secs_f64() * 1e3;
    println!(
        "commit and checkpoint, {THREADS} threads: {:.0}/s, median {:.1} ms, p99 {:.1} ms",
        waits.len() as f64 / begun.elapsed().as_secs_f64(),
        at(500),
        at(990)
    );

    let begun = Instant::now();
    const PROOFS: u64 = 2_000;
    let mut hashes = 0;
    for n in 0..PROOFS {
        // Of those that were committed as requests are; a unit is read with all that shared its sync.
        let seq = BACKLOG + n * 7919 % (next.load(Ordering::Relaxed) - BACKLOG);
        hashes += log.prove(&[seq]).unwrap().unwrap().entries[0].proof.len();
    }
    let size = log.published().unwrap().size();
    println!(
        "inclusion proofs in a tree of {size}: {:.0} us each, made and verified; {:.1} hashes = {:.0} bytes",
        begun.elapsed().as_secs_f64() * 1e6 / PROOFS as f64,
        hashes as f64 / PROOFS as f64,
        hashes as f64 / PROOFS as f64 * 32.0
    );
    drop(log);
    let begun = Instant::now();
    let log = at_work(&store, &LogFiles::on_disk(&data));
    println!(
        "start with {} entries published: {:.1} ms",
        log.published().unwrap().size(),
        begun.elapsed().as_secs_f64() * 1e3
    );
}
