//! An export into a new data directory.

use super::args::{Global, local_actor};
use super::exit::Exit;
use super::open::{create_store, service};
use super::{files, progress, say};
use crate::domain::Refusal;
use crate::service::audit::AuditFault;
use crate::service::clock::Machine;
use crate::service::data_dir::DataDir;
use crate::service::log::LogFiles;
use crate::service::receipts::MemoryReceipts;
use crate::service::{Act, Parts, Service, ServiceError};
use crate::sign::KeyRecord;
use crate::store::export::{self, ExchangeError, FORMAT, Summary};
use crate::store::{Drawer, MemoryStore, Store};
use serde_json::json;
use std::io::{BufReader, Read};
use std::path::Path;
use std::sync::Arc;

/// Longest first line of an export.
const OPENING_MAX: u64 = 4 << 10;

/// Whether a file is an export: its first line says so.
pub(super) fn is_export(input: &mut (dyn Read + Send)) -> anyhow::Result<bool> {
    let mut head = Vec::new();
    input.take(OPENING_MAX).read_to_end(&mut head)?;
    let line = head.split(|b| *b == b'\n').next().unwrap_or_default();
    Ok(serde_json::from_slice::<serde_json::Value>(line).is_ok_and(|v| v["format"] == FORMAT))
}

/// What is wanted of an import.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wanted {
    /// Report every fault, change nothing.
    pub dry_run: bool,
    /// Whether the access tokens it brings go on working.
    pub keep_tokens: bool,
    /// For programs.
    pub json: bool,
}

/// Takes an export into a data directory made for it. Nothing is left of a stream that is refused. Whoever holds an access token of the old place was given it for that
/// place: here it ends, unless it is to be kept.
pub(super) fn run(global: &Global, file: &Path, wanted: Wanted) -> anyhow::Result<Exit> {
    let Wanted { dry_run, keep_tokens, json } = wanted;
    let mut input = BufReader::with_capacity(1 << 16, files::open(file)?);
    if dry_run {
        let store: Arc<dyn Store> = Arc::new(MemoryStore::new()?);
        let summary = export::import(store.as_ref(), &mut input).map_err(|e| refused(file, e))?;
        let scheme = DataDir::shipped_scheme()?;
        let receipts = Arc::new(MemoryReceipts::default());
        let log = LogFiles::in_memory();
        let drawer = Arc::new(Drawer::in_memory());
        let parts =
            Parts { store, clock: Arc::new(Machine), entropy: Arc::new(Machine), log, scheme, receipts, drawer };
        proved(&Service::open(parts)?, file)?;
        let words = format!("{}: {}; nothing was written", file.display(), counted(&summary));
        told(&summary, None, json, &words)?;
        return Ok(Exit::Done);
    }
    let dir = global.named_dir()?;
    let making = dir.begin()?;
    dir.add_shipped_scheme()?;
    let store: Arc<dyn Store> = create_store(&dir)?;
    let summary = export::import(store.as_ref(), &mut input).map_err(|e| refused(file, e))?;
    let service = service(&dir, store, Arc::new(Machine))?;
    proved(&service, file)?;
    global.confirm_today(&service)?;
    let ended = if keep_tokens { vec![] } else { service.revoke_all_tokens(&Act::by(local_actor()))? };
    making.finish()?;
    let words = format!("{}: the register of {}, {}", dir.root().display(), service.host(), counted(&summary));
    told(&summary, Some(&ended), json, &words)?;
    if json {
        return Ok(Exit::Done);
    }
    if !ended.is_empty() {
        say(format_args!(
            "Access tokens of the old place do not work here: {} ended. Make new ones with starmark token new (or import with --keep-tokens).",
            ended.join(", ")
        ))?;
    }
    tell_tokens(&service)?;
    let keys = service.key_document();
    let in_use = |k: &&KeyRecord| k.retired_at.is_none() && k.compromised_at.is_none();
    let names: Vec<String> = keys.keys().iter().filter(in_use).map(|k| format!("{}.pem", k.id)).collect();
    say(format_args!("Keys are not in an export. Before it signs anything, copy from the old data directory:"))?;
    say(format_args!("  keys/{{{}}} to {}", names.join(","), dir.keys().display()))?;
    say(format_args!("  schemes/*.toml to {}", dir.schemes().display()))?;
    say(format_args!("  the passphrase file to {}", dir.passphrase_file().display()))?;
    say(
        "and, so that this register never contradicts what that one published, its log/, receipts/ and witnesses.toml beside them",
    )?;
    Ok(Exit::Done)
}

fn counted(Summary { units, events, sha256 }: &Summary) -> String {
    format!("{events} events in {units} units, SHA-256 {sha256}")
}

/// Tells what went through; `ended` are the tokens that ended, none where nothing was written.
fn told(summary: &Summary, ended: Option<&Vec<String>>, json: bool, words: &str) -> anyhow::Result<()> {
    let Summary { units, events, sha256 } = summary;
    if !json {
        return say(words);
    }
    let mut value = json!({ "events": events, "units": units, "sha256": sha256, "imported": ended.is_some() });
    if let Some(ended) = ended {
        value["tokens_ended"] = json!(ended);
    }
    say(value)
}

/// Proves what was read: signatures, digests and the order of time.
fn proved(service: &Service, file: &Path) -> anyhow::Result<()> {
    // Units follow the opening line, one a line.
    audited(service, |fault| {
        Refusal::invalid("bad_export", format!("{}: line {}: {}", file.display(), fault.unit + 2, fault.what))
    })
}

/// Refuses a register that does not agree with itself; `word` words each fault.
pub(super) fn audited(service: &Service, word: impl Fn(&AuditFault) -> Refusal) -> anyhow::Result<()> {
    let bar = progress::bar("signatures");
    let audit = service.audit(&|done, of| progress::show(&bar, done, of));
    bar.finish_and_clear();
    let refusals: Vec<Refusal> = audit?.faults.iter().map(word).collect();
    if refusals.is_empty() { Ok(()) } else { Err(ServiceError::Refused(refusals).into()) }
}

/// Names the access tokens that work on what was brought back, where there are any.
pub(super) fn tell_tokens(service: &Service) -> anyhow::Result<()> {
    let names: Vec<String> = service.tokens().into_iter().filter(|t| !t.revoked).map(|t| t.name).collect();
    if names.is_empty() {
        return Ok(());
    }
    say(format_args!(
        "Access tokens work as they did when it was written: {}. One revoked since then works again: revoke it (starmark token revoke).",
        names.join(", ")
    ))
}

/// A stream that is not whole is refused like any wrong input; the machine's own failures are not the stream's.
fn refused(file: &Path, error: ExchangeError) -> anyhow::Error {
    match error {
        ExchangeError::Line { .. } | ExchangeError::Truncated(_) | ExchangeError::NotEmpty(_) => {
            Refusal::invalid("bad_export", format!("{}: {error}", file.display())).into()
        }
        other => other.into(),
    }
}
