//! Reading a bundle, strictly.

use crate::domain::{Host, Refusal};
use crate::sign::{KeyDocument, canonicalize, parse_strict};
use crate::verify::log::ProvenEntry;
use jiff::Timestamp;
use serde::Deserialize as _;
use serde_json::{Map, Value, json};

/// What a bundle calls itself.
pub const BUNDLE_TYPE: &str = "starmark-bundle";
/// Version of the form that is read and written here.
const VERSION: u64 = 1;
/// Most entries of one life that are read; a certificate is surveyed three times and ends once.
const ENTRIES_MAX: usize = 10_000;
/// Most status lists; two are given out.
const LISTS_MAX: usize = 16;

/// A bundle, read but not verified.
#[derive(Debug, Clone, PartialEq)]
pub struct Bundle {
    /// The host it names.
    pub host: Host,
    /// When it says it was made.
    pub made_at: Timestamp,
    /// The signed record.
    pub certificate: Value,
    /// The keys it brings.
    pub keys: KeyDocument,
    /// Status list credentials.
    pub status_lists: Vec<Value>,
    /// What the log has of the certificate; none where it was not published yet.
    pub log: Option<BundleLog>,
}

/// What a bundle has of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BundleLog {
    /// The signed checkpoint.
    pub checkpoint: String,
    /// Events of the certificate's life, oldest first.
    pub entries: Vec<ProvenEntry>,
}

fn bad(why: impl std::fmt::Display) -> Refusal {
    Refusal::invalid("bundle_unreadable", format!("this is no bundle of version {VERSION}: {why}"))
}

/// The members of an object, exactly those named.
fn members<'v, const N: usize>(value: &'v Value, names: [&str; N]) -> Result<[&'v Value; N], Refusal> {
    let object = value.as_object().ok_or_else(|| bad("something in it is not an object"))?;
    if let Some(other) = object.keys().find(|k| !names.contains(&k.as_str())) {
        return Err(bad(format!("it has a member “{}” more", crate::domain::error::shown(other))));
    }
    let mut found = [&Value::Null; N];
    for (place, name) in found.iter_mut().zip(names) {
        *place = object.get(name).ok_or_else(|| bad(format!("the member “{name}” is missing")))?;
    }
    Ok(found)
}

fn text<'v>(value: &'v Value, name: &str) -> Result<&'v str, Refusal> {
    value.as_str().ok_or_else(|| bad(format!("“{name}” is not a text")))
}

fn list<'v>(value: &'v Value, name: &str, max: usize) -> Result<&'v [Value], Refusal> {
    let list = value.as_array().filter(|l| l.len() <= max);
    list.map(Vec::as_slice).ok_or_else(|| bad(format!("“{name}” is not a list of at most {max}")))
}

impl Bundle {
    /// Reads a bundle.
    ///
    /// # Errors
    /// What [`parse_strict`] and [`KeyDocument::parse`] refuse; `bundle_unreadable` otherwise, with what is wrong.
    pub fn read(bytes: &[u8]) -> Result<Self, Refusal> {
        let document = parse_strict(bytes)?;
        let names = ["type", "version", "host", "made_at", "certificate", "keys", "status_lists"];
        // Where the certificate is not published yet there is nothing to say of the log.
        let (log, rest) = match document.get("log") {
            Some(log) => (Some(BundleLog::read(log)?), without(&document, "log")),
            None => (None, document.clone()),
        };
        let [kind, version, host, made_at, certificate, keys, lists] = members(&rest, names)?;
        if kind != BUNDLE_TYPE || version.as_u64() != Some(VERSION) {
            return Err(bad("its type or version is another"));
        }
        let host = Host::parse(text(host, "host")?)?;
        let keys = KeyDocument::parse(&canonicalize(keys)?)?;
        if keys.host() != &host {
            return Err(bad("its keys are another host's"));
        }
        let instant = text(made_at, "made_at")?;
        let made_at = instant.parse::<Timestamp>().ok().filter(|at| at.to_string() == instant);
        let made_at = made_at.ok_or_else(|| bad("“made_at” is not an instant in UTC"))?;
        if !certificate.is_object() {
            return Err(bad("“certificate” is not an object"));
        }
        Ok(Self {
            host,
            made_at,
            certificate: certificate.clone(),
            keys,
            status_lists: list(lists, "status_lists", LISTS_MAX)?.to_vec(),
            log,
        })
    }

    /// As it is written.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let mut document = json!({
            "type": BUNDLE_TYPE,
            "version": VERSION,
            "host": self.host,
            "made_at": self.made_at.to_string(),
            "certificate": self.certificate,
            "keys": self.keys.to_did_json(),
            "status_lists": self.status_lists,
        });
        if let Some(log) = &self.log {
            document["log"] = json!({ "checkpoint": log.checkpoint, "entries": log.entries });
        }
        document
    }
}

fn without(document: &Value, member: &str) -> Value {
    let object = document.as_object().cloned().unwrap_or_else(Map::new);
    Value::Object(object.into_iter().filter(|(name, _)| name != member).collect())
}

impl BundleLog {
    fn read(value: &Value) -> Result<Self, Refusal> {
        let [checkpoint, entries] = members(value, ["checkpoint", "entries"])?;
        let entry = |e: &Value| match e {
            Value::Object(_) => ProvenEntry::deserialize(e).map_err(|e| bad(format!("an entry of the log: {e}"))),
            _ => Err(bad("an entry of the log is not an object")),
        };
        let entries = list(entries, "entries", ENTRIES_MAX)?.iter().map(entry).collect::<Result<_, _>>()?;
        Ok(Self { checkpoint: text(checkpoint, "checkpoint")?.to_owned(), entries })
    }
}
