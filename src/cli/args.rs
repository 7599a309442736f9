//! Arguments that several commands share, and how their values are read.

use crate::domain::Refusal;
use crate::domain::dates::parse_date;
use crate::domain::text::Note;
use crate::service::{Act, Actor, IdempotencyKey};
use clap::Args;
use jiff::civil::Date;
use std::path::PathBuf;

/// Arguments every command takes.
#[derive(Debug, Clone, Args)]
pub(super) struct Global {
    /// Data directory [default: starmark-data; for demo: demo-data]
    #[arg(long, global = true, value_name = "DIR", display_order = 900)]
    pub data: Option<PathBuf>,
    /// File that holds the passphrase of the keys [default: $STARMARK_PASSPHRASE, else the file DIR.passphrase]
    #[arg(long, global = true, value_name = "FILE", display_order = 901)]
    pub passphrase_file: Option<PathBuf>,
    /// Today's date, to say that the machine's clock is right when nothing was recorded for years
    #[arg(long, global = true, value_name = "DATE", value_parser = day, display_order = 902)]
    pub today: Option<Date>,
}

/// Arguments of every command that changes one thing.
#[derive(Debug, Clone, Args)]
pub(super) struct ActArgs {
    /// Evidence or explanation, for the body's own files
    #[arg(long, value_name = "TEXT", value_parser = note)]
    pub note: Option<Note>,
    /// The same key with the same request is done once
    #[arg(long, value_name = "KEY", value_parser = key)]
    pub idempotency_key: Option<IdempotencyKey>,
    /// Print JSON for programs
    #[arg(long)]
    pub json: bool,
}

impl ActArgs {
    /// The circumstances of the act: somebody at the machine itself does it.
    pub fn act(&self) -> Act {
        Act { actor: local_actor(), key: self.idempotency_key.clone(), note: self.note.clone() }
    }
}

/// The person at the machine: the user's name where the environment has a plain one, else the user's number.
pub(super) fn local_actor() -> Actor {
    Actor::local(&local_name())
}

/// Their name, without the place.
pub(super) fn local_name() -> String {
    let name = std::env::var("USER").ok().filter(|name| Actor::is_plain(name));
    name.unwrap_or_else(|| format!("uid-{}", rustix::process::getuid().as_raw()))
}

/// Reads a day.
pub(super) fn day(text: &str) -> Result<Date, Refusal> {
    parse_date(text)
}

fn note(text: &str) -> Result<Note, Refusal> {
    Note::parse(text)
}

fn key(text: &str) -> Result<IdempotencyKey, Refusal> {
    IdempotencyKey::parse(text)
}

/// A table of reason codes for `--help`.
pub(super) fn reasons<'a>(rows: impl Iterator<Item = (&'a str, &'a str, &'a str)>) -> String {
    let mut out = String::from("Reason codes:\n");
    for (code, zh, en) in rows {
        out.push_str(&format!("  {code:<22}{zh}: {en}\n"));
    }
    out
}
