//! Keys of the views: one byte names the table, numbers are big-endian so that keys lie in the order of what they mean.

use crate::domain::{CertificateId, CertificateNumber, MarkId, Uscc};
use crate::store::{Calendar, Claim, RecordKind};
use jiff::civil::Date;
use sha2::{Digest, Sha256};

/// First event of a unit -> position of the unit.
pub const UNIT: u8 = b'u';
/// Certificate, event -> position of the unit's head.
pub const CERTIFICATE: u8 = b'c';
/// Kind of document, certificate, first event of the unit, count in the unit -> position of the document.
pub const RECORD: u8 = b'r';
/// Mark, event -> position of the unit's head.
pub const MARK: u8 = b'q';
/// Certificate, event -> mark.
pub const MARKS_OF: u8 = b'l';
/// Kind of claim, SHA-256 of its text -> position of the unit.
pub const CLAIM: u8 = b'k';
/// Certificate number -> certificate.
pub const NUMBER: u8 = b'n';
/// Holder's code, event -> certificate.
pub const HOLDER: u8 = b'h';
/// Event -> certificate and holder's name.
pub const NAME: u8 = b'o';
/// Calendar, day, certificate -> nothing.
pub const DATE: u8 = b'd';
/// Series, serial, event -> nothing.
pub const SERIAL: u8 = b's';
/// Event -> position of the unit's head.
pub const SETTING: u8 = b'b';

/// The table's keys lie from here on, and before the next byte.
#[must_use]
pub fn table(table: u8) -> (Vec<u8>, Vec<u8>) {
    (vec![table], vec![table + 1])
}

/// Keys that begin with `prefix` lie from it on, and before this.
#[must_use]
pub fn after(prefix: &[u8]) -> Vec<u8> {
    let mut end = prefix.to_vec();
    while let Some(last) = end.pop() {
        if let Some(next) = last.checked_add(1) {
            end.push(next);
            return end;
        }
    }
    super::END_KEY.to_vec()
}

fn key(table: u8, parts: &[&[u8]]) -> Vec<u8> {
    let mut out = vec![table];
    for part in parts {
        out.extend_from_slice(part);
    }
    out
}

/// Key of a unit.
#[must_use]
pub fn unit(first_seq: u64) -> Vec<u8> {
    key(UNIT, &[&first_seq.to_be_bytes()])
}

/// Prefix of a certificate's events.
#[must_use]
pub fn certificate(id: CertificateId) -> Vec<u8> {
    key(CERTIFICATE, &[&id.to_bytes()])
}

/// Prefix of a mark's events.
#[must_use]
pub fn mark(id: MarkId) -> Vec<u8> {
    key(MARK, &[&id.to_bytes()])
}

/// Prefix of a certificate's marks.
#[must_use]
pub fn marks_of(id: CertificateId) -> Vec<u8> {
    key(MARKS_OF, &[&id.to_bytes()])
}

/// Prefix of a holder's certificates.
#[must_use]
pub fn holder(uscc: Uscc) -> Vec<u8> {
    key(HOLDER, &[uscc.as_str().as_bytes()])
}

/// A prefix completed by an event.
#[must_use]
pub fn at(mut prefix: Vec<u8>, seq: u64) -> Vec<u8> {
    prefix.extend_from_slice(&seq.to_be_bytes());
    prefix
}

/// The event at the end of a key.
#[must_use]
pub fn seq_of(key: &[u8]) -> Option<u64> {
    Some(u64::from_be_bytes(key.get(key.len().checked_sub(8)?..)?.try_into().ok()?))
}

/// Prefix of a certificate's documents of one kind.
#[must_use]
pub fn records(kind: RecordKind, certificate: CertificateId) -> Vec<u8> {
    let kind = match kind {
        RecordKind::Credential => 1,
        RecordKind::Decision => 2,
    };
    key(RECORD, &[&[kind], &certificate.to_bytes()])
}

/// Key of a document.
#[must_use]
pub fn record(kind: RecordKind, certificate: CertificateId, first_seq: u64, index: u32) -> Vec<u8> {
    let mut out = at(records(kind, certificate), first_seq);
    out.extend_from_slice(&index.to_be_bytes());
    out
}

/// Key of a claim; its text may be long, so a digest stands for it.
#[must_use]
pub fn claim(claim: &Claim) -> Vec<u8> {
    let (kind, text) = match claim {
        Claim::Number(text) => (1, text),
        Claim::Reference(text) => (2, text),
        Claim::IdempotencyKey(text) => (3, text),
    };
    key(CLAIM, &[&[kind], &Sha256::digest(text.as_bytes())])
}

/// Key of a number.
#[must_use]
pub fn number(number: &CertificateNumber) -> Vec<u8> {
    key(NUMBER, &[number.as_str().as_bytes()])
}

/// Key of a holder's name.
#[must_use]
pub fn name(seq: u64) -> Vec<u8> {
    key(NAME, &[&seq.to_be_bytes()])
}

/// Key of a setting.
#[must_use]
pub fn setting(seq: u64) -> Vec<u8> {
    key(SETTING, &[&seq.to_be_bytes()])
}

/// Prefix of a calendar.
#[must_use]
pub fn calendar(calendar: Calendar) -> Vec<u8> {
    let kind = match calendar {
        Calendar::SurveillanceDue => 1,
        Calendar::SuspensionEnds => 2,
        Calendar::Expires => 3,
    };
    key(DATE, &[&[kind]])
}

/// Prefix of a calendar's day.
#[must_use]
pub fn day(of: Calendar, day: Date) -> Vec<u8> {
    let mut out = calendar(of);
    // Years of this product lie between 2000 and 2150; a negative one sorts wrongly but is still told apart.
    out.extend_from_slice(&day.year().to_be_bytes());
    out.push(day.month().unsigned_abs());
    out.push(day.day().unsigned_abs());
    out
}

/// Key of a certificate's date.
#[must_use]
pub fn date(of: Calendar, on: Date, id: CertificateId) -> Vec<u8> {
    let mut out = day(of, on);
    out.extend_from_slice(&id.to_bytes());
    out
}

/// Reads a certificate's date.
#[must_use]
pub fn read_date(key: &[u8]) -> Option<(Date, CertificateId)> {
    let year = i16::from_be_bytes(key.get(2..4)?.try_into().ok()?);
    let (month, day) = (i8::try_from(*key.get(4)?).ok()?, i8::try_from(*key.get(5)?).ok()?);
    Some((Date::new(year, month, day).ok()?, read_id(key.get(6..)?)?))
}

/// Reads six bytes of a certificate's identifier.
#[must_use]
pub fn read_id(bytes: &[u8]) -> Option<CertificateId> {
    bytes.try_into().ok().map(CertificateId::from_bytes)
}

/// Prefix of a series.
#[must_use]
pub fn series(series: &str) -> Vec<u8> {
    key(SERIAL, &[&(series.len() as u32).to_be_bytes(), series.as_bytes()])
}

/// Key of a serial taken.
#[must_use]
pub fn serial(of: &str, value: u64, seq: u64) -> Vec<u8> {
    at(at(series(of), value), seq)
}

/// The serial in its key.
#[must_use]
pub fn serial_of(key: &[u8]) -> Option<u64> {
    seq_of(key.get(..key.len().checked_sub(8)?)?)
}
