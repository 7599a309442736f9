//! `key`: the life of the body's signing keys.

use super::args::{Global, local_actor};
use super::control::Control;
use super::exit::Exit;
use super::init::Cost;
use super::say;
use crate::domain::Refusal;
use crate::domain::dates::{AsOf, day_start};
use crate::service::Act;
use crate::service::keys::KeyFiles;
use crate::sign::{KeyId, KeyRecord, Purpose};
use clap::{Args, Subcommand};
use jiff::Timestamp;
use serde_json::json;

/// List, rotate and end signing keys
#[derive(Debug, Args)]
pub(super) struct Key {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// List every key there is or was
    List {
        /// Print one JSON object a key
        #[arg(long)]
        json: bool,
    },
    /// Print the public key document, as verifiers read it (did.json)
    Publish,
    /// Put a new key in use and retire the one before it; what that one signed stays good
    Rotate {
        /// What it signs: credential, mark, log, receipt
        #[arg(value_parser = Purpose::parse)]
        purpose: Purpose,
        /// What a guess at the passphrase costs; light is for tests
        #[arg(long, value_enum, default_value = "production", hide = true)]
        kdf_cost: Cost,
    },
    /// Retire a key; what it signed stays good
    Retire {
        /// Its name, e.g. credential-1
        #[arg(value_parser = KeyId::parse)]
        id: KeyId,
    },
    /// Declare that others may hold a key: what was recorded under it since is not good
    Compromise {
        /// Its name, e.g. credential-1
        #[arg(value_parser = KeyId::parse)]
        id: KeyId,
        /// Since when, a date or an RFC 3339 instant [default: now]
        #[arg(long, value_name = "DATE|INSTANT", value_parser = since)]
        since: Option<Timestamp>,
    },
}

/// The earliest instant meant: of a day its first.
fn since(text: &str) -> Result<Timestamp, Refusal> {
    Ok(match AsOf::parse(text)? {
        AsOf::Day(day) => day_start(day),
        AsOf::Instant(at) => at,
    })
}

impl Key {
    pub(super) fn run(&self, global: &Global) -> anyhow::Result<Exit> {
        match &self.command {
            Command::List { json } => list(global, *json)?,
            Command::Publish => {
                let document = Control::of(global)?.key_document()?.to_did_json();
                say(serde_json::to_string_pretty(&document)?)?;
            }
            Command::Rotate { purpose, kdf_cost } => {
                let opened = global.open_to_sign()?;
                let (directory, passphrase) = (opened.dir.keys(), opened.passphrase()?);
                let files = KeyFiles { directory: &directory, passphrase: &passphrase, cost: kdf_cost.kdf() };
                let id = opened.service.rotate_key(&Act::by(local_actor()), *purpose, files)?;
                say(format_args!("{id} signs from now on; the key before it is retired."))?;
                say("Publish the key document anew (starmark key publish) wherever a copy of it is kept.")?;
            }
            Command::Retire { id } => {
                global.open()?.service.retire_key(&Act::by(local_actor()), *id)?;
                say(format_args!("{id} is retired; what it signed stays good."))?;
            }
            Command::Compromise { id, since } => {
                let control = Control::of(global)?;
                control.compromise_key(*id, *since)?;
                let keys = control.key_document()?;
                let at = keys.keys().iter().find(|k| k.id == *id).and_then(|k| k.compromised_at);
                let at = at.map(|at| at.to_string()).unwrap_or_default();
                say(format_args!(
                    "{id} counts as compromised since {at}: what was recorded under it later is not good."
                ))?;
                let left = |k: &&KeyRecord| k.purpose == id.purpose() && state(k) == "in use";
                if keys.keys().iter().find(left).is_none() {
                    say(format_args!("No {0} key is left in use: starmark key rotate {0}", id.purpose()))?;
                }
            }
        }
        Ok(Exit::Done)
    }
}

fn state(key: &KeyRecord) -> &'static str {
    match (key.compromised_at, key.retired_at) {
        (Some(_), _) => "compromised",
        (None, Some(_)) => "retired",
        (None, None) => "in use",
    }
}

fn list(global: &Global, json: bool) -> anyhow::Result<()> {
    let document = Control::of(global)?.key_document()?;
    for key in document.keys() {
        if json {
            let text = |at: Option<Timestamp>| at.map(|t| t.to_string());
            say(json!({
                "id": key.id, "purpose": key.purpose, "state": state(key), "public_key": key.public,
                "valid_from": key.valid_from.to_string(), "retired_at": text(key.retired_at),
                "compromised_at": text(key.compromised_at),
            }))?;
        } else {
            let end = key.compromised_at.or(key.retired_at).map(|t| format!(" to {t}")).unwrap_or_default();
            let id = key.id.to_string();
            say(format_args!("{id:<16}{:<13}{}  from {}{end}", state(key), key.public, key.valid_from))?;
        }
    }
    Ok(())
}
