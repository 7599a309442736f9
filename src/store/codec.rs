//! One unit as bytes: a JSON header, then the documents as they are. `docs/SPEC-journal.md` has the layout.

use super::changeset::{Changeset, Entry, Record, RecordKind};
use super::{Event, StoreError};
use crate::domain::{CertificateId, Fact, Provenance};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::fmt;

/// Bytes before the JSON header: total length, header length, first sequence number, checksum.
pub(crate) const UNIT_PREFIX: usize = 20;
/// Bytes before a document: length and checksum.
pub(crate) const RECORD_PREFIX: usize = 8;
/// Longest unit. A decision of 200 sites with its sheet stays under 1 MiB; more is a mistake, and a frame is held in
/// memory whole.
pub const MAX_UNIT_BYTES: usize = 32 << 20;
/// Most events of one unit; the largest, a withdrawal with its marks, has some hundreds.
pub const MAX_UNIT_EVENTS: usize = 10_000;
/// Version of the JSON header. A later program raises it for units that this one would misread.
const HEADER_VERSION: u32 = 1;
/// This program, as it names itself in what it writes.
pub(crate) const PROGRAM: &str = env!("CARGO_PKG_VERSION");

/// Why bytes are no unit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Unreadable {
    /// They are not what was written.
    Damaged(String),
    /// They are what was written, by a program that knows more than this one.
    Newer(String),
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Damaged(why) | Self::Newer(why) => f.write_str(why),
        }
    }
}

impl From<&str> for Unreadable {
    fn from(why: &str) -> Self {
        Self::Damaged(why.into())
    }
}

impl From<String> for Unreadable {
    fn from(why: String) -> Self {
        Self::Damaged(why)
    }
}

/// Where bytes lie in the journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Position {
    /// Number of the segment.
    pub segment: u32,
    /// Bytes from the segment's beginning.
    pub offset: u32,
    /// How many bytes.
    pub length: u32,
}

impl Position {
    /// Bytes of a stored position.
    pub(crate) const BYTES: usize = 12;

    pub(crate) fn to_bytes(self) -> [u8; Self::BYTES] {
        let mut out = [0; Self::BYTES];
        out[..4].copy_from_slice(&self.segment.to_be_bytes());
        out[4..8].copy_from_slice(&self.offset.to_be_bytes());
        out[8..].copy_from_slice(&self.length.to_be_bytes());
        out
    }

    pub(crate) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        (bytes.len() == Self::BYTES).then_some(())?;
        Some(Self { segment: be32(bytes, 0)?, offset: be32(bytes, 4)?, length: be32(bytes, 8)? })
    }

    /// The part of these bytes from `from` on, `length` long; both lie inside.
    pub(crate) fn part(self, from: usize, length: usize) -> Self {
        Self { segment: self.segment, offset: self.offset + from as u32, length: length as u32 }
    }
}

pub(crate) fn be32(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(bytes.get(at..at.checked_add(4)?)?.try_into().ok()?))
}

pub(crate) fn be64(bytes: &[u8], at: usize) -> Option<u64> {
    Some(u64::from_be_bytes(bytes.get(at..at.checked_add(8)?)?.try_into().ok()?))
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    v: u32,
    program: String,
    events: Vec<Box<RawValue>>,
    provenance: Provenance,
    records: Vec<RecordHeader>,
}

/// Who wrote a header: all that every version's have.
#[derive(Deserialize)]
struct Writer {
    program: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RecordHeader {
    kind: String,
    certificate: CertificateId,
    length: u32,
}

/// A unit in bytes, not yet numbered.
#[derive(Debug)]
pub(crate) struct Encoded {
    /// What was read back from the bytes.
    pub(crate) unit: UnitHead,
    bytes: Vec<u8>,
}

impl Encoded {
    pub(crate) fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Gives the unit its number and its checksum.
    pub(crate) fn number(&mut self, first_seq: u64) -> &[u8] {
        self.unit.first_seq = first_seq;
        self.bytes[8..16].copy_from_slice(&first_seq.to_be_bytes());
        let checksum = header_checksum(&self.bytes, self.unit.head - UNIT_PREFIX);
        self.bytes[16..20].copy_from_slice(&checksum.to_be_bytes());
        &self.bytes
    }
}

fn header_checksum(unit: &[u8], header: usize) -> u32 {
    let sum = crc32c::crc32c(unit.get(..16).unwrap_or_default());
    crc32c::crc32c_append(sum, unit.get(UNIT_PREFIX..UNIT_PREFIX + header).unwrap_or_default())
}

fn refused(field: &'static str, why: String) -> StoreError {
    StoreError::Corrupt { table: "changeset", key: "(not written)".into(), field, why }
}

/// Writes a unit down and reads it back: nothing is stored that has no reading.
///
/// # Errors
/// `Corrupt` of table `changeset` for a unit without events, too large, or with another reading than what was meant.
pub(crate) fn encode(changeset: Changeset) -> Result<Encoded, StoreError> {
    if changeset.events.is_empty() || changeset.events.len() > MAX_UNIT_EVENTS {
        return Err(refused("events", format!("a unit has 1 to {MAX_UNIT_EVENTS} events")));
    }
    let size: usize = changeset.records.iter().map(|r| r.bytes.len() + RECORD_PREFIX).sum();
    if size > MAX_UNIT_BYTES {
        return Err(refused("records", format!("{size} bytes; a unit has at most {MAX_UNIT_BYTES}")));
    }
    let records = changeset.records.iter().map(|r| RecordHeader {
        kind: r.kind.wire().into(),
        certificate: r.certificate,
        length: r.bytes.len() as u32,
    });
    let events: Result<_, _> = changeset.events.iter().map(|e| RawValue::from_string(e.text())).collect();
    let header = Header {
        v: HEADER_VERSION,
        program: PROGRAM.to_owned(),
        events: events.map_err(|e| refused("events", e.to_string()))?,
        provenance: changeset.provenance.clone(),
        records: records.collect(),
    };
    let mut bytes = vec![0; UNIT_PREFIX];
    serde_json::to_writer(&mut bytes, &header).map_err(|e| refused("header", e.to_string()))?;
    let header = bytes.len() - UNIT_PREFIX;
    let total = bytes.len() + size;
    if total > MAX_UNIT_BYTES {
        return Err(refused("events", format!("{total} bytes; a unit has at most {MAX_UNIT_BYTES}")));
    }
    let (Header { program, provenance, records, .. }, events) =
        read_header(&bytes[UNIT_PREFIX..]).map_err(|why| refused("events", why.to_string()))?;
    if events != changeset.events || provenance != changeset.provenance {
        return Err(refused("events", "what would be stored reads otherwise than what was meant".into()));
    }
    if let Some(unread) = events.iter().find_map(Event::not_understood) {
        return Err(refused("events", format!("this version does not write what it cannot read: {}", unread.why())));
    }
    bytes.reserve_exact(size);
    for record in &changeset.records {
        bytes.extend_from_slice(&(record.bytes.len() as u32).to_be_bytes());
        bytes.extend_from_slice(&crc32c::crc32c(&record.bytes).to_be_bytes());
        bytes.extend_from_slice(&record.bytes);
    }
    bytes[..4].copy_from_slice(&(total as u32).to_be_bytes());
    bytes[4..8].copy_from_slice(&(header as u32).to_be_bytes());
    let unit = UnitHead { first_seq: 0, program, events, provenance, records, total, head: UNIT_PREFIX + header };
    Ok(Encoded { unit, bytes })
}

fn written_by(program: &str, why: &str) -> String {
    format!("it was written by starmark {program}, and this is {PROGRAM}: {why}")
}

/// Reads a header whose checksum holds: what is not known in it was written by another version.
fn read_header(json: &[u8]) -> Result<(Header, Vec<Event>), Unreadable> {
    let newer = |why: String| {
        let writer = serde_json::from_slice::<Writer>(json).map_or_else(|_| "(unknown)".into(), |w| w.program);
        Unreadable::Newer(written_by(&writer, &why))
    };
    let header: Header = serde_json::from_slice(json).map_err(|e| newer(e.to_string()))?;
    if header.v != HEADER_VERSION {
        return Err(newer(format!("header version {} is not known", header.v)));
    }
    let events = header.events.iter().map(|e| Event::read(e.get())).collect::<Result<_, _>>().map_err(newer)?;
    if let Some(unknown) = header.records.iter().find(|r| RecordKind::parse(&r.kind).is_none()) {
        return Err(newer(format!("documents of kind {:?} are not known", unknown.kind)));
    }
    Ok((header, events))
}

/// A unit read up to the end of its JSON header.
#[derive(Debug)]
pub(crate) struct UnitHead {
    pub(crate) first_seq: u64,
    /// Version of the program that wrote it.
    pub(crate) program: String,
    pub(crate) events: Vec<Event>,
    pub(crate) provenance: Provenance,
    records: Vec<RecordHeader>,
    /// Bytes of the whole unit.
    pub(crate) total: usize,
    /// Bytes up to the end of the JSON header.
    pub(crate) head: usize,
}

impl UnitHead {
    /// Where each document lies, counted from the unit's beginning: kind, certificate, from its prefix on, with prefix.
    pub(crate) fn records(&self) -> impl Iterator<Item = (RecordKind, CertificateId, usize, usize)> {
        let mut at = self.head;
        self.records.iter().filter_map(move |r| {
            let length = RECORD_PREFIX + r.length as usize;
            at += length;
            Some((RecordKind::parse(&r.kind)?, r.certificate, at - length, length))
        })
    }

    /// Whether each document's certificate has an event in the unit; else the certificate that has none.
    pub(crate) fn documents_belong(&self) -> Result<(), CertificateId> {
        let of = |event: &Event| match event.fact {
            Fact::Certificate { id, .. } => Some(id),
            _ => None,
        };
        let lost = self.records.iter().find(|r| !self.events.iter().any(|e| of(e) == Some(r.certificate)));
        lost.map_or(Ok(()), |r| Err(r.certificate))
    }

    /// What this version cannot read of it, if there is anything: who wrote it, and why it has no reading.
    pub(crate) fn unread(&self) -> Option<String> {
        self.events.iter().find_map(Event::not_understood).map(|unread| written_by(&self.program, unread.why()))
    }

    /// Sequence number after its last event.
    pub(crate) fn next_seq(&self) -> u64 {
        self.first_seq + self.events.len() as u64
    }
}

/// Reads a unit's prefix and JSON header; `bytes` may end there or go on.
///
/// # Errors
/// What is wrong, in words.
pub(crate) fn decode_head(bytes: &[u8]) -> Result<UnitHead, Unreadable> {
    let short = || "the unit ends in its prefix";
    let total = be32(bytes, 0).ok_or_else(short)? as usize;
    let header = be32(bytes, 4).ok_or_else(short)? as usize;
    let first_seq = be64(bytes, 8).ok_or_else(short)?;
    let checksum = be32(bytes, 16).ok_or_else(short)?;
    let head = UNIT_PREFIX.checked_add(header).filter(|h| *h <= total && total <= MAX_UNIT_BYTES);
    let head = head.ok_or("its lengths contradict each other")?;
    let json = bytes.get(UNIT_PREFIX..head).ok_or("the unit ends in its header")?;
    if header_checksum(bytes, header) != checksum {
        return Err("its checksum fails".into());
    }
    let (Header { program, provenance, records, .. }, events) = read_header(json)?;
    let size: usize = records.iter().map(|r| RECORD_PREFIX + r.length as usize).sum();
    if head + size != total {
        return Err("its documents do not add up to its length".into());
    }
    if events.is_empty() || first_seq.checked_add(events.len() as u64).is_none() {
        return Err("it has no events, or too many".into());
    }
    Ok(UnitHead { first_seq, program, events, provenance, records, total, head })
}

/// Reads one document with its prefix.
///
/// # Errors
/// What is wrong, in words.
pub(crate) fn decode_record(bytes: &[u8]) -> Result<&[u8], String> {
    let (length, checksum) = be32(bytes, 0).zip(be32(bytes, 4)).ok_or("it ends in its prefix")?;
    let content = &bytes[RECORD_PREFIX..];
    if content.len() != length as usize {
        return Err(format!("it should have {length} bytes and has {}", content.len()));
    }
    if crc32c::crc32c(content) != checksum {
        return Err("its checksum fails".into());
    }
    Ok(content)
}

/// Reads a whole unit.
///
/// # Errors
/// What is wrong, in words.
pub(crate) fn decode(bytes: &[u8]) -> Result<Entry, Unreadable> {
    let head = decode_head(bytes)?;
    if head.total != bytes.len() {
        return Err(format!("it should have {} bytes and has {}", head.total, bytes.len()).into());
    }
    let mut records = vec![];
    for (kind, certificate, from, length) in head.records() {
        let found = bytes.get(from..from + length).ok_or("it ends in a document")?;
        let content = decode_record(found).map_err(|why| format!("the {} of {certificate}: {why}", kind.wire()))?;
        records.push(Record { kind, certificate, bytes: content.to_vec() });
    }
    let UnitHead { first_seq, events, provenance, .. } = head;
    Ok(Entry { first_seq, events, records, provenance })
}
