//! Kits for every licence at once, by the real binary: `cargo bench --bench kits`. STARMARK_KITS says how many (1,000 unless
//! it does). Nothing is asserted about time.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a measurement may fail loudly, and asks the clock"
)]

#[allow(dead_code, reason = "the tests' own kit")]
#[path = "../tests/it/cli_kit.rs"]
mod cli_kit;

use cli_kit::{Desk, ago, command, decision};
use std::process::Stdio;
use std::time::{Duration, Instant};

fn main() {
    let count = std::env::var("STARMARK_KITS").map_or(1_000, |n| n.parse().unwrap());
    let desk = Desk::new();
    let decisions: Vec<_> = (0..count).map(|n| decision(&format!("D-{n}"), ago(30))).collect();
    for issued in desk.issue(&decisions).is(0).lines() {
        let number = issued["number"].as_str().unwrap();
        desk.run(&["mark", number, "--layout", "small", "--format", "svg", "--out", "m.svg"]).is(0);
    }
    for (what, rest) in [("made", ""), ("standing there already", ", again")] {
        let begun = Instant::now();
        let mut child =
            command(&desk.path(""), &["kit", "--all", "--out", "kits"]).stderr(Stdio::null()).spawn().unwrap();
        let mut peak = 0;
        let ended = loop {
            peak = peak.max(most_held(child.id()).unwrap_or_default());
            if let Some(status) = child.try_wait().unwrap() {
                break status;
            }
            std::thread::sleep(Duration::from_millis(20));
        };
        assert!(ended.success() && peak > 0, "{ended}");
        let seconds = begun.elapsed().as_secs_f64();
        let sizes: Vec<u64> =
            std::fs::read_dir(desk.path("kits")).unwrap().map(|e| e.unwrap().metadata().unwrap().len()).collect();
        println!(
            "kit --all{rest}: {} kits {what}, {:.1}/s, {} MiB at most in memory, {} KiB a kit",
            sizes.len(),
            sizes.len() as f64 / seconds,
            peak / 1024,
            sizes.iter().sum::<u64>() / 1024 / sizes.len() as u64
        );
    }
}

/// The most memory a process has held so far, in KiB (proc_pid_status(5), VmHWM).
fn most_held(pid: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|l| l.strip_prefix("VmHWM:"))?;
    line.split_whitespace().next()?.parse().ok()
}
