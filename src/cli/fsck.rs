//! `fsck`: looks at everything stored, at every signature, and at the log made from it. It works where the store does not open, and beside a
//! process that serves.

use super::args::Global;
use super::exit::Exit;
use super::{progress, say};
use crate::domain::ReceiptId;
use crate::service::Service;
use crate::service::audit::Audit;
use crate::service::data_dir::DataDir;
use crate::service::log::LogCheck;
use crate::service::receipts::{Kept, ReceiptDir, Receipts as _};
use crate::store::fsck::{self, Report, Scope, Severity};
use crate::store::{SledStore, backup};
use clap::Args;
use serde_json::json;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Check journal, views, receipts, every signature and the public log; changes nothing unless told to
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
        let (mut signed, mut log) = (0, LogCheck::default());
        if report.is_sound() {
            let (audit, checked) = signatures_and_log(&dir, &scratch.0.join("copy"))?;
            signed = audit.signatures;
            let bad = audit.faults.into_iter().map(|f| (true, format!("event {}: {}", f.seq, f.what)));
            findings.extend(bad.chain(checked.faults.iter().cloned()));
            log = checked;
        } else {
            findings.push((false, "signatures and the log are checked once the journal is sound".into()));
        }
        let kept = ReceiptDir::at(&dir.receipts()).kept()?;
        self.conclude(&report, &findings, (signed, kept), &log)
    }

    fn conclude(
        &self,
        report: &Report,
        findings: &[(bool, String)],
        (signed, kept): (u64, Kept),
        log: &LogCheck,
    ) -> anyhow::Result<Exit> {
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
                "signatures": signed, "log_entries": log.entries, "log_files": log.files,
                "receipts": kept.receipts, "receipts_bytes": kept.bytes,
            }))?;
        } else {
            let word = if damages == 0 { "Sound".to_owned() } else { format!("{damages} damages") };
            say(format_args!(
                "{word}: {events} events in {units} units, {segments} segments; {signed} signatures checked; {} log entries in {} files; {} receipts in {} KiB",
                log.entries,
                log.files,
                kept.receipts,
                kept.bytes >> 10
            ))?;
        }
        Ok(if damages == 0 { Exit::Done } else { Exit::Refused })
    }
}

/// Checks every signature, every receipt and the public log by a copy of the journal, for the store itself may be in use. What is
/// wrong with receipts is told with the log.
fn signatures_and_log(dir: &DataDir, copy: &Path) -> anyhow::Result<(Audit, LogCheck)> {
    std::fs::create_dir_all(copy)?;
    // Before the journal, which then reaches it, and has the keys of all receipts.
    let checkpoint = dir.checkpoint()?;
    let kept = ReceiptDir::at(&dir.receipts());
    let (ids, odd) = kept.contents()?;
    let bar = progress::bar("copy");
    backup::backup(dir.root(), copy, &|p| progress::show(&bar, p.events, p.of))?;
    bar.finish_and_clear();
    let store = Arc::new(SledStore::open(copy)?);
    let service = super::open::service(dir, store, Arc::new(crate::service::clock::Machine))?;
    let bar = progress::bar("signatures");
    let audit = service.audit(&|done, of| progress::show(&bar, done, of))?;
    bar.finish_and_clear();
    let bar = progress::bar("log");
    let (keys, shown) = (service.key_document(), shown(&kept, &ids, &service)?);
    let mut checked =
        service.log().check(checkpoint.as_deref(), &shown, &keys, &|done, of| progress::show(&bar, done, of))?;
    bar.finish_and_clear();
    let bad = super::backup::damaged(&kept, &ids, &service)?.into_iter();
    checked.faults.extend(bad.map(|(id, why)| {
        (true, format!("receipt {id}: not what this body signed: {why}; an earlier backup may have it whole"))
    }));
    checked.faults.extend(odd.into_iter().map(|path| {
        (
            false,
            format!(
                "{} is no receipt, or not in its place; move it elsewhere, or remove it if it ends in .part",
                path.display()
            ),
        )
    }));
    Ok((audit, checked))
}

/// The checkpoints that receipts have shown, each once.
fn shown(kept: &ReceiptDir, ids: &[ReceiptId], service: &Service) -> anyhow::Result<Vec<(String, Vec<u8>)>> {
    let mut shown = BTreeMap::new();
    for id in ids {
        let bytes = kept.get(*id)?.unwrap_or_default();
        if let Some(head) = service.read_receipt(*id, &bytes).ok().and_then(|receipt| receipt.log) {
            shown.entry(head.checkpoint).or_insert_with(|| format!("receipt {id}"));
        }
    }
    Ok(shown.into_iter().map(|(note, name)| (name, note.into_bytes())).collect())
}
