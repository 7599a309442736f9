//! `trust`: remembers a body's keys, so that what comes from it later can be verified with nothing but the file.

use super::exit::{Exit, Usage};
use super::{files, say};
use crate::domain::Host;
use crate::sign::canonical::MAX_BYTES;
use crate::sign::{KeyDocument, parse_strict};
use anyhow::Context as _;
use clap::Args;
use jiff::Timestamp;
use serde_json::Value;
use std::path::{Path, PathBuf};

/// Names another directory for what is remembered.
const DIRECTORY_VARIABLE: &str = "STARMARK_TRUST";

/// Remember the keys of a certification body, or list those remembered
#[derive(Debug, Args)]
#[command(
    after_help = "FILE is the body's https://HOST/.well-known/did.json, or a bundle of it. Compare the keys printed with what the body itself tells, by a way other than the file: whoever wrote the file wrote its keys.\nKept in $STARMARK_TRUST, else $XDG_CONFIG_HOME/starmark/trust, else ~/.config/starmark/trust."
)]
pub(super) struct Trust {
    /// The keys to remember
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
    /// Take the new keys also where they contradict those remembered
    #[arg(long)]
    replace: bool,
}

impl Trust {
    pub(super) fn run(&self) -> anyhow::Result<Exit> {
        let Some(file) = &self.file else { return list() };
        let keys = read_keys(file)?;
        let known = trusted(keys.host())?;
        if let (Some(known), false) = (&known, self.replace)
            && let Some(why) = contradiction(known, &keys)
        {
            let why = format!(
                "{}: {why}. Either they are not {}'s keys, or the remembered ones were not: find out which, then forget the others with --replace",
                file.display(),
                keys.host()
            );
            return Err(Usage(why).into());
        }
        let directory = directory()?;
        std::fs::create_dir_all(&directory).with_context(|| format!("cannot make {}", directory.display()))?;
        let text = serde_json::to_vec_pretty(&keys.to_did_json())?;
        files::write_whole(&path_of(&directory, keys.host()), |out| Ok(out.write_all(&text)?))?;
        show(&keys, known.as_ref())?;
        say("Remembered. Compare these keys with what the body itself tells by another way than this file.")?;
        Ok(Exit::Done)
    }
}

/// The keys remembered of a host.
///
/// # Errors
/// What is remembered cannot be read.
pub(super) fn trusted(host: &Host) -> anyhow::Result<Option<KeyDocument>> {
    let path = path_of(&directory()?, host);
    if path.exists() { read_keys(&path).map(Some) } else { Ok(None) }
}

/// The keys remembered, where they are those of one host only.
///
/// # Errors
/// What is remembered cannot be read.
pub(super) fn only_one() -> anyhow::Result<Option<KeyDocument>> {
    match remembered()?.as_slice() {
        [one] => read_keys(one).map(Some),
        _ => Ok(None),
    }
}

/// Reads a key document: did.json, jwks.json, or what a bundle brings of it.
///
/// # Errors
/// A usage error that says what is wrong.
pub(super) fn read_keys(file: &Path) -> anyhow::Result<KeyDocument> {
    let bytes = files::read(file, MAX_BYTES as u64)?;
    let inside = parse_strict(&bytes).ok().and_then(|v| v.get("keys").filter(|k| k.is_object()).map(Value::to_string));
    let bytes = inside.map_or(bytes, String::into_bytes);
    KeyDocument::parse(&bytes)
        .or_else(|refusal| KeyDocument::parse_jwks(&bytes).map_err(|_| refusal))
        .map_err(|refusal| Usage(format!("{}: {refusal}", file.display())).into())
}

fn directory() -> anyhow::Result<PathBuf> {
    let set = |name| std::env::var_os(name).filter(|v| !v.is_empty()).map(PathBuf::from);
    let config = || set("XDG_CONFIG_HOME").or_else(|| Some(set("HOME")?.join(".config")));
    let found = set(DIRECTORY_VARIABLE).or_else(|| Some(config()?.join("starmark/trust")));
    Ok(found.ok_or_else(|| Usage(format!("set {DIRECTORY_VARIABLE} to a directory for the keys to remember")))?)
}

fn path_of(directory: &Path, host: &Host) -> PathBuf {
    directory.join(format!("{host}.json"))
}

/// What of the new keys cannot be, if the known ones are right: a key never changes, none is ever taken from the list, and what
/// ended one is never taken back, nor put off.
pub(super) fn contradiction(known: &KeyDocument, new: &KeyDocument) -> Option<String> {
    let later =
        |known: Option<Timestamp>, new: Option<Timestamp>| known.is_some() && new.is_none_or(|t| Some(t) > known);
    known.keys().iter().find_map(|key| {
        let id = key.id;
        let Some(other) = new.keys().iter().find(|k| k.id == id) else {
            return Some(format!("it lacks {id}, which is remembered: it may be an older list"));
        };
        if other.public != key.public {
            Some(format!("its {id} is another key than the one remembered"))
        } else if later(key.compromised_at, other.compromised_at) {
            Some(format!("it does not say what is remembered of {id}, that it is compromised: it may be an older list"))
        } else if later(key.retired_at, other.retired_at) {
            Some(format!("it does not say what is remembered of {id}, that it is retired: it may be an older list"))
        } else if other.valid_from != key.valid_from {
            Some(format!("its {id} is in use from another time on than is remembered"))
        } else {
            None
        }
    })
}

/// Prints the keys, each with its end, and what is new beside those known before.
fn show(keys: &KeyDocument, before: Option<&KeyDocument>) -> anyhow::Result<()> {
    let name = keys.name().map(|n| format!("  {n}")).unwrap_or_default();
    say(format_args!("{}{name}", keys.host()))?;
    keys.keys().iter().try_for_each(|key| {
        let end = key.compromised_at.map(|t| format!("  compromised since {t}"));
        let end = end.or_else(|| key.retired_at.map(|t| format!("  retired {t}"))).unwrap_or_default();
        let new = match before.map(|b| b.keys().iter().find(|k| k.id == key.id)) {
            Some(None) => "  NEW",
            Some(Some(same)) if same != key => "  CHANGED",
            _ => "",
        };
        say(format_args!("  {:<16}{}{end}{new}", key.id.to_string(), key.public))
    })
}

fn remembered() -> anyhow::Result<Vec<PathBuf>> {
    let directory = directory()?;
    let mut names: Vec<PathBuf> = match std::fs::read_dir(&directory) {
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => vec![],
        found => {
            let found = found.with_context(|| format!("cannot look into {}", directory.display()))?;
            found.filter_map(|e| Some(e.ok()?.path())).filter(|p| p.extension().is_some_and(|e| e == "json")).collect()
        }
    };
    names.sort();
    Ok(names)
}

fn list() -> anyhow::Result<Exit> {
    let names = remembered()?;
    names.iter().try_for_each(|file| show(&read_keys(file)?, None))?;
    if names.is_empty() {
        say(format_args!("No keys are remembered in {}.", directory()?.display()))?;
    }
    Ok(Exit::Done)
}
