//! `fsck`: looks at everything stored, and at every signature. It works where the store does not open, and beside a
//! process that serves.

use super::args::Global;
use super::exit::Exit;
use super::{progress, say};
use crate::service::audit::Audit;
use crate::service::data_dir::DataDir;
use crate::service::receipts::ReceiptDir;
use crate::store::fsck::{self, Report, Scope, Severity};
use crate::store::{SledStore, backup};
use clap::Args;
use serde_json::json;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Check journal, views, receipts and every signature; changes nothing unless told to
#[derive(Debug, Args)]
#[command(
    after_help = "A copy of the journal is made in the system's directory for temporary files ($TMPDIR) and removed.\nExit 0: sound. 1: something is damaged."
)]
pub(super) struct Fsck {
    /// Print one JSON object a finding
    #[arg(long)]
    json: bool,
    /// Write a lost or damaged head file anew, where the journal itself is sound
    #[arg(long)]
    rebuild_head: bool,
}

/// A directory that goes away with its content.
struct Scratch(PathBuf);

impl Drop for Scratch {
    fn drop(&mut self) {
        // What stays behind is a copy in the place for temporary files.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

impl Fsck {
    pub(super) fn run(&self, global: &Global) -> anyhow::Result<Exit> {
        let dir = global.named_dir()?;
        dir.check_finished()?;
        if self.rebuild_head {
            let bar = progress::bar("journal");
            let events = fsck::rebuild_head(dir.root(), &|p| progress::show(&bar, p.events, p.of))?;
            bar.finish_and_clear();
            say(format_args!("The head file is written anew: the journal holds {events} events."))?;
        }
        let scratch = Scratch(std::env::temp_dir().join(format!("starmark-fsck-{}", std::process::id())));
        let bar = progress::bar("journal and views");
        let report = fsck::check(dir.root(), Scope::Everything(&scratch.0.join("views")), &|p| {
            progress::show(&bar, p.events, p.of);
        })?;
        bar.finish_and_clear();
        let mut findings: Vec<(bool, String)> =
            report.findings.iter().map(|f| (f.severity == Severity::Damage, f.to_string())).collect();
        let mut signed = 0;
        if report.is_sound() {
            let (count, bad) = signatures(&dir, &scratch.0.join("copy"))?;
            signed = count;
            findings.extend(bad.into_iter().map(|what| (true, what)));
        } else {
            findings.push((false, "signatures are checked once the journal is sound".into()));
        }
        self.conclude(&report, &findings, signed)
    }

    fn conclude(&self, report: &Report, findings: &[(bool, String)], signed: u64) -> anyhow::Result<Exit> {
        for (is_damage, what) in findings {
            let word = if *is_damage { "damage" } else { "note" };
            if self.json {
                say(json!({ "severity": word, "what": what }))?
            } else {
                say(format_args!("{word}: {what}"))?
            }
        }
        let damages = findings.iter().filter(|(is_damage, _)| *is_damage).count();
        let Report { segments, frames, units, events, .. } = report;
        if self.json {
            say(json!({
                "sound": damages == 0, "segments": segments, "frames": frames, "units": units, "events": events,
                "signatures": signed,
            }))?;
        } else {
            let word = if damages == 0 { "Sound".to_owned() } else { format!("{damages} damages") };
            say(format_args!(
                "{word}: {events} events in {units} units, {segments} segments; {signed} signatures checked"
            ))?;
        }
        Ok(if damages == 0 { Exit::Done } else { Exit::Refused })
    }
}

/// Checks every receipt, and every signature in a copy of the journal, for the store itself may be in use: how many, and what is wrong.
fn signatures(dir: &DataDir, copy: &Path) -> anyhow::Result<(u64, Vec<String>)> {
    std::fs::create_dir_all(copy)?;
    // Before the journal, so that the keys of all of them are in the copy.
    let kept = ReceiptDir::at(&dir.receipts());
    let ids = kept.ids()?;
    let bar = progress::bar("copy");
    backup::backup(dir.root(), copy, &|p| progress::show(&bar, p.events, p.of))?;
    bar.finish_and_clear();
    let store = Arc::new(SledStore::open(copy)?);
    let service = super::open::service(dir, store, Arc::new(crate::service::clock::Machine))?;
    let bar = progress::bar("signatures");
    let audit = service.audit(&|done, of| progress::show(&bar, done, of));
    bar.finish_and_clear();
    let Audit { signatures, faults } = audit?;
    let mut bad: Vec<String> = faults.into_iter().map(|f| format!("event {}: {}", f.seq, f.what)).collect();
    bad.extend(
        super::restore::damaged(&kept, &ids, &service)?
            .into_iter()
            .map(|(id, why)| format!("receipt {id}: not what this body signed: {why}")),
    );
    Ok((signatures, bad))
}
