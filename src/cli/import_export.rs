//! An export into a new data directory.

use super::args::Global;
use super::exit::Exit;
use super::open::{create_store, service};
use super::{files, note, say};
use crate::domain::Refusal;
use crate::service::clock::Machine;
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

/// Restores an export into a data directory made for it.
pub(super) fn run(global: &Global, file: &Path, dry_run: bool, json: bool) -> anyhow::Result<Exit> {
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
    let summary = export::import(store.as_ref(), &mut input).map_err(|e| {
        note(format_args!("starmark: {} was begun and is of no use: remove it", dir.root().display()));
        refused(file, e)
    })?;
    let service = service(&dir, store, Arc::new(Machine))?;
    dir.finish()?;
    if json {
        say(json!({ "events": summary.events, "units": summary.units, "imported": true }))?;
        return Ok(Exit::Done);
    }
    say(format_args!(
        "{}: the register of {}, {} events in {} units",
        dir.root().display(),
        service.host(),
        summary.events,
        summary.units
    ))?;
    let keys = service.key_document();
    let in_use = |k: &&KeyRecord| k.retired_at.is_none() && k.compromised_at.is_none();
    let names: Vec<String> = keys.keys().iter().filter(in_use).map(|k| format!("{}.pem", k.id)).collect();
    say(format_args!("Keys are not in an export. Before it signs anything, copy from the old data directory:"))?;
    say(format_args!("  keys/{{{}}} to {}", names.join(","), dir.keys().display()))?;
    say(format_args!("  schemes/*.toml to {}", dir.schemes().display()))?;
    say(format_args!("  the passphrase file to {}", dir.passphrase_file().display()))?;
    Ok(Exit::Done)
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
