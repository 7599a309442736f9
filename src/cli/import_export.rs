//! An export into a new data directory.

use super::args::{Global, local_actor};
use super::exit::Exit;
use super::open::{create_store, service};
use super::{files, note, say};
use crate::domain::Refusal;
use crate::service::clock::Machine;
use crate::service::{Act, Service};
use crate::sign::KeyRecord;
use crate::store::export::{self, ExchangeError, FORMAT};
use crate::store::{MemoryStore, Store};
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

/// Takes an export into a data directory made for it. Whoever holds an access token of the old place was given it for that
/// place: here it ends, unless it is to be kept.
pub(super) fn run(global: &Global, file: &Path, wanted: Wanted) -> anyhow::Result<Exit> {
    let Wanted { dry_run, keep_tokens, json } = wanted;
    let mut input = BufReader::with_capacity(1 << 16, files::open(file)?);
    if dry_run {
        let summary = export::import(&MemoryStore::new()?, &mut input).map_err(|e| refused(file, e))?;
        if json {
            say(json!({ "events": summary.events, "units": summary.units, "imported": false }))?;
        } else {
            say(format_args!(
                "{}: {} events in {} units; nothing was written",
                file.display(),
                summary.events,
                summary.units
            ))?;
        }
        return Ok(Exit::Done);
    }
    let dir = global.named_dir()?;
    dir.begin()?;
    dir.add_shipped_scheme()?;
    let store: Arc<dyn Store> = create_store(&dir)?;
    let taken = || -> anyhow::Result<_> {
        let summary = export::import(store.as_ref(), &mut input).map_err(|e| refused(file, e))?;
        let service = service(&dir, store, Arc::new(Machine))?;
        let ended = if keep_tokens { vec![] } else { service.revoke_all_tokens(&Act::by(local_actor()))? };
        dir.finish()?;
        Ok((summary, service, ended))
    };
    let (summary, service, ended) = taken().inspect_err(|_| {
        note(format_args!("starmark: {} was begun and is of no use: remove it", dir.root().display()));
    })?;
    if json {
        say(json!({
            "events": summary.events, "units": summary.units, "imported": true, "tokens_ended": ended,
        }))?;
        return Ok(Exit::Done);
    }
    say(format_args!(
        "{}: the register of {}, {} events in {} units",
        dir.root().display(),
        service.host(),
        summary.events,
        summary.units
    ))?;
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
    Ok(Exit::Done)
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
