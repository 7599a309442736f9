//! Everything in one NDJSON stream, and back: to move between engines, and to read without this program.
//! `docs/SPEC-journal.md` has the format.

use super::changeset::{Changeset, Claim, Entry, Record, RecordKind};
use super::codec::{MAX_UNIT_BYTES, PROGRAM};
use super::{Store, StoreError};
use crate::domain::{CertificateId, Event, Provenance, hex};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};
use std::io::{self, BufRead, Read, Write};

/// Name of the format in the first line.
pub const FORMAT: &str = "starmark-export";
/// Version of the format.
pub const VERSION: u32 = 1;
/// Units read or committed at a time.
const STEP: usize = 256;
/// Bytes of units committed at a time.
const STEP_BYTES: usize = 8 << 20;
/// Longest line: a unit's documents in base64, and as much again for the rest.
const MAX_LINE: u64 = (MAX_UNIT_BYTES * 3) as u64;

/// Why an export or import failed.
#[derive(Debug, thiserror::Error)]
pub enum ExchangeError {
    /// A line does not say what it must.
    #[error("line {line}: {why}")]
    Line {
        /// Counted from 1.
        line: u64,
        /// What is wrong.
        why: String,
    },
    /// The stream ends before its closing line.
    #[error("the stream ends after line {0}, without its closing line: it was cut off")]
    Truncated(u64),
    /// The store to import into holds something already.
    #[error("the store to import into holds {0} events already: import into a new one")]
    NotEmpty(u64),
    /// The store said no.
    #[error("the store said no")]
    Store(#[from] StoreError),
    /// The stream could not be read or written.
    #[error("the stream could not be read or written")]
    Stream(#[from] io::Error),
}

/// What went through.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Summary {
    /// Units.
    pub units: u64,
    /// Events.
    pub events: u64,
    /// SHA-256 (lower-case hex) over every byte before the closing line.
    pub sha256: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Opening {
    format: String,
    version: u32,
    events: u64,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Closing {
    end: Summary,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    first_seq: u64,
    events: Vec<Box<RawValue>>,
    provenance: Provenance,
    records: Vec<RecordLine>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RecordLine {
    kind: String,
    certificate: CertificateId,
    base64: String,
}

impl TryFrom<Entry> for Line {
    type Error = serde_json::Error;

    fn try_from(entry: Entry) -> Result<Self, Self::Error> {
        let Entry { first_seq, events, records, provenance } = entry;
        // What this version cannot read goes out as it was found: nothing is lost on the way to a newer one.
        let events = events.iter().map(|e| RawValue::from_string(e.text())).collect::<Result<_, _>>()?;
        let records = records.into_iter().map(|r| RecordLine {
            kind: r.kind.wire().into(),
            certificate: r.certificate,
            base64: BASE64.encode(r.bytes),
        });
        Ok(Self { first_seq, events, provenance, records: records.collect() })
    }
}

impl Line {
    fn changeset(self) -> Result<Changeset, String> {
        let mut records = vec![];
        for RecordLine { kind, certificate, base64 } in self.records {
            let kind = RecordKind::parse(&kind).ok_or_else(|| format!("documents of kind {kind:?} are not known"))?;
            let bytes = BASE64.decode(base64).map_err(|e| format!("a document is not base64: {e}"))?;
            records.push(Record { kind, certificate, bytes });
        }
        let known = |(seq, text): (u64, Box<RawValue>)| {
            Event::read_known(text.get()).map_err(|why| {
                format!("event {seq} is not one that starmark {PROGRAM} writes (a newer version may read it): {why}")
            })
        };
        let events = (self.first_seq..).zip(self.events).map(known).collect::<Result<_, _>>()?;
        Ok(Changeset { expect: vec![], events, records, provenance: self.provenance })
    }
}

/// Writes lines and hashes them.
struct Hashed<'a> {
    out: &'a mut dyn Write,
    hash: Sha256,
}

impl Hashed<'_> {
    fn line(&mut self, line: &impl Serialize) -> Result<(), ExchangeError> {
        let mut text = serde_json::to_vec(line).map_err(io::Error::from)?;
        text.push(b'\n');
        self.hash.update(&text);
        Ok(self.out.write_all(&text)?)
    }
}

/// Writes all that was committed when it began.
///
/// # Errors
/// A unit that has no reading, or a stream that takes no more.
pub fn export(store: &dyn Store, out: &mut dyn Write) -> Result<Summary, ExchangeError> {
    let events = store.next_seq();
    let mut out = Hashed { out, hash: Sha256::new() };
    out.line(&Opening { format: FORMAT.into(), version: VERSION, events })?;
    let (mut seq, mut units) = (0, 0);
    while seq < events {
        let entries = store.entries(seq, STEP)?;
        if entries.is_empty() {
            return Err(missing(seq).into());
        }
        for entry in entries {
            if entry.first_seq >= events {
                break;
            }
            if entry.first_seq != seq {
                return Err(missing(seq).into());
            }
            seq = entry.next_seq();
            units += 1;
            out.line(&Line::try_from(entry).map_err(io::Error::from)?)?;
        }
    }
    let end = Summary { units, events, sha256: hex(&out.hash.clone().finalize()) };
    out.line(&Closing { end: end.clone() })?;
    out.out.flush()?;
    Ok(end)
}

fn missing(seq: u64) -> StoreError {
    StoreError::Corrupt {
        table: "entries",
        key: seq.to_string(),
        field: "first_seq",
        why: "no unit begins there".into(),
    }
}

/// Reads lines, hashes and counts them.
struct Lines<'a> {
    input: &'a mut dyn BufRead,
    hash: Sha256,
    line: u64,
    text: Vec<u8>,
}

impl Lines<'_> {
    fn fault(&self, why: impl Into<String>) -> ExchangeError {
        ExchangeError::Line { line: self.line, why: why.into() }
    }

    /// The next line without its end; it counts into the hash once [`Lines::count`] is called.
    fn next(&mut self) -> Result<&[u8], ExchangeError> {
        self.text.clear();
        self.input.take(MAX_LINE).read_until(b'\n', &mut self.text)?;
        if self.text.last() != Some(&b'\n') {
            if self.text.len() as u64 == MAX_LINE {
                self.line += 1;
                return Err(self.fault(format!("it is longer than {MAX_LINE} bytes")));
            }
            return Err(ExchangeError::Truncated(self.line));
        }
        self.line += 1;
        Ok(&self.text[..self.text.len() - 1])
    }

    fn count(&mut self) {
        self.hash.update(&self.text);
    }

    fn opening(&mut self) -> Result<u64, ExchangeError> {
        let read = serde_json::from_slice::<Opening>(self.next()?);
        let opening = read.map_err(|e| self.fault(format!("this is no export: {e}")))?;
        if opening.format != FORMAT || opening.version != VERSION {
            let Opening { format, version, .. } = opening;
            return Err(self.fault(format!("this is {format:?} version {version}, not {FORMAT:?} version {VERSION}")));
        }
        self.count();
        Ok(opening.events)
    }

    /// The next unit; none at the closing line, which is held against what came before.
    fn unit(&mut self, seq: u64, units: u64) -> Result<Option<Line>, ExchangeError> {
        if self.next()?.starts_with(b"{\"end\"") {
            let read = serde_json::from_slice::<Closing>(&self.text);
            let end = read.map_err(|e| self.fault(e.to_string()))?.end;
            let found = Summary { units, events: seq, sha256: hex(&self.hash.clone().finalize()) };
            if end != found {
                return Err(self.fault(format!("it closes with {end:?}, but what came before is {found:?}")));
            }
            let mut rest = [0];
            if self.input.read(&mut rest)? > 0 {
                return Err(self.fault("something follows the closing line"));
            }
            return Ok(None);
        }
        let line: Line = serde_json::from_slice(&self.text).map_err(|e| self.fault(e.to_string()))?;
        if line.first_seq != seq {
            return Err(self.fault(format!("it begins with event {} instead of {seq}", line.first_seq)));
        }
        self.count();
        Ok(Some(line))
    }
}

/// Reads an export into a store that was created for it. After an error the store holds a part: throw it away.
///
/// # Errors
/// `NotEmpty`; the line that is wrong, `Truncated`, or what the store says.
pub fn import(store: &dyn Store, input: &mut dyn BufRead) -> Result<Summary, ExchangeError> {
    if store.next_seq() != 0 {
        return Err(ExchangeError::NotEmpty(store.next_seq()));
    }
    let mut lines = Lines { input, hash: Sha256::new(), line: 0, text: vec![] };
    let events = lines.opening()?;
    let (mut seq, mut units, mut bytes) = (0, 0, 0);
    let mut step = vec![];
    while let Some(line) = lines.unit(seq, units)? {
        seq += line.events.len() as u64;
        units += 1;
        bytes += lines.text.len();
        step.push((lines.line, line.changeset().map_err(|why| lines.fault(why))?));
        if step.len() == STEP || bytes > STEP_BYTES {
            commit(store, std::mem::take(&mut step), &lines)?;
            bytes = 0;
        }
    }
    commit(store, step, &lines)?;
    if seq != events {
        return Err(lines.fault(format!("{seq} events came, the first line announced {events}")));
    }
    Ok(Summary { units, events, sha256: hex(&lines.hash.finalize()) })
}

/// Commits units, each with the line it came from.
fn commit(store: &dyn Store, step: Vec<(u64, Changeset)>, lines: &Lines<'_>) -> Result<(), ExchangeError> {
    let mut seq = store.next_seq();
    let (numbers, units): (Vec<u64>, Vec<Changeset>) = step.into_iter().unzip();
    for (line, done) in numbers.into_iter().zip(store.commit_all(units)) {
        let done = done.map_err(|error| unfit(line, error))?;
        if done.first_seq != seq {
            return Err(lines.fault("somebody else writes to the store"));
        }
        seq = done.next_seq;
    }
    Ok(())
}

/// A unit that does not fit what stands before it is the line's fault; the machine's failures are not.
fn unfit(line: u64, error: StoreError) -> ExchangeError {
    let why = match error {
        StoreError::Corrupt { table: "changeset", key, why, .. } => format!("{key}: {why}"),
        StoreError::Taken(Claim::Number(number)) => format!("certificate number {number} stands in an earlier line"),
        StoreError::Taken(Claim::Reference(of)) => format!("the decision {of} stands in an earlier line"),
        StoreError::Taken(Claim::IdempotencyKey(key)) => format!("the request {key} stands in an earlier line"),
        StoreError::Taken(Claim::StatusIndex(entry)) => {
            format!("place {} of status list {} stands in an earlier line", entry.index(), entry.list())
        }
        other => return ExchangeError::Store(other),
    };
    ExchangeError::Line { line, why }
}
