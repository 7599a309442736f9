//! Keys of the views: one byte names the table, numbers are big-endian so that keys lie in the order of what they mean.

use crate::domain::{CertificateId, MarkId, StatusEntry, Uscc};
use crate::store::codec::Position;
use crate::store::{Calendar, Claim, RecordKind, Subject};
use jiff::civil::Date;
use sha2::{Digest, Sha256};

/// First event of a frame -> position of the frame.
pub const FRAME: u8 = b'f';
/// Certificate, event -> position of the unit's head, and [`read_documents`] that came with it.
pub const CERTIFICATE: u8 = b'c';
/// Mark, event -> position of the unit's head.
pub const MARK: u8 = b'q';
/// Certificate, event -> mark.
pub const MARKS_OF: u8 = b'l';
/// Kind of claim, beginning of the SHA-256 of its text -> position of the unit, and for a number its certificate.
pub const CLAIM: u8 = b'k';
/// Holder's code, event -> [`Issue`].
pub const HOLDER: u8 = b'h';
/// Calendar, day, certificate -> nothing.
pub const DATE: u8 = b'd';
/// Event -> position of the unit's head.
pub const SETTING: u8 = b'b';
/// Private event -> nothing: the public ones are the leaves of the log, in order.
pub const PRIVATE: u8 = b'p';
/// List, place in it -> position of the unit that took it, and its certificate.
pub const STATUS: u8 = b's';
/// List, place in it -> certificate; only of those that were ever something other than valid, or are to be.
pub const STATUS_TOUCHED: u8 = b't';
/// Event -> mark, which it may have taken out of use, or back: no other was ever out of use before its last day.
pub const MARK_MOVED: u8 = b'm';
/// Bytes of a claim's digest that are kept: enough that no two claims meet by chance, and few enough that the key stays
/// within the 22 bytes sled keeps in place.
const CLAIM_DIGEST: usize = 20;

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

/// Key of a frame.
#[must_use]
pub fn frame(first_seq: u64) -> Vec<u8> {
    key(FRAME, &[&first_seq.to_be_bytes()])
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

/// Key of an event by which a granted mark may have come out of use, or back.
#[must_use]
pub fn mark_moved(seq: u64) -> Vec<u8> {
    key(MARK_MOVED, &[&seq.to_be_bytes()])
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

/// Prefix of a subject's events.
#[must_use]
pub fn events_of(subject: Subject) -> Vec<u8> {
    match subject {
        Subject::Certificate(id) => certificate(id),
        Subject::Mark(id) => mark(id),
        Subject::MarksOf(id) => marks_of(id),
    }
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

/// The value of a certificate's event: its unit's head, and the documents that hang on it.
#[must_use]
pub fn documents(head: Position, documents: &[(RecordKind, Position)]) -> Vec<u8> {
    let mut out = head.to_bytes().to_vec();
    for (kind, at) in documents {
        out.push(match kind {
            RecordKind::Credential => 1,
            RecordKind::Decision => 2,
        });
        out.extend_from_slice(&at.to_bytes());
    }
    out
}

/// Reads the documents in the value of a certificate's event, in order.
#[must_use]
pub fn read_documents(value: &[u8]) -> Option<Vec<(RecordKind, Position)>> {
    let parts = value.get(Position::BYTES..)?.chunks(1 + Position::BYTES);
    let read = |part: &[u8]| {
        let (kind, at) = part.split_first()?;
        let kind = match kind {
            1 => RecordKind::Credential,
            2 => RecordKind::Decision,
            _ => return None,
        };
        Some((kind, Position::from_bytes(at)?))
    };
    parts.map(read).collect()
}

/// What is kept of a certificate's issue beside its place: enough for search, listings and serials.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issue<'a> {
    /// The certificate.
    pub id: CertificateId,
    /// Series and serial of its number, where it was taken from the body's pattern.
    pub serial: Option<(&'a str, u64)>,
    /// Holder's name.
    pub name: &'a str,
}

impl<'a> Issue<'a> {
    /// As stored.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let (series, value) = self.serial.unwrap_or_default();
        let mut out = self.id.to_bytes().to_vec();
        out.extend_from_slice(&(series.len() as u32).to_be_bytes());
        out.extend_from_slice(series.as_bytes());
        out.push(u8::from(self.serial.is_some()));
        out.extend_from_slice(&value.to_be_bytes());
        out.extend_from_slice(self.name.as_bytes());
        out
    }

    /// Reads what is stored.
    #[must_use]
    pub fn from_bytes(bytes: &'a [u8]) -> Option<Self> {
        let (id, rest) = bytes.split_at_checked(6)?;
        let (length, rest) = rest.split_at_checked(4)?;
        let (series, rest) = rest.split_at_checked(u32::from_be_bytes(length.try_into().ok()?) as usize)?;
        let (taken, rest) = rest.split_first()?;
        let (value, name) = rest.split_at_checked(8)?;
        let serial = (std::str::from_utf8(series).ok()?, u64::from_be_bytes(value.try_into().ok()?));
        Some(Self { id: read_id(id)?, serial: (*taken == 1).then_some(serial), name: std::str::from_utf8(name).ok()? })
    }
}

/// Key of a claim. A text may be long, so a digest stands for it; places in the status lists stand in a table of their own,
/// list after list.
#[must_use]
pub fn claim(claim: &Claim) -> Vec<u8> {
    let (kind, text) = match claim {
        Claim::Number(text) => (1, text),
        Claim::Reference(text) => (2, text),
        Claim::IdempotencyKey(text) => (3, text),
        Claim::StatusIndex(entry) => return key(STATUS, &[&place(*entry)]),
    };
    key(CLAIM, &[&[kind], &Sha256::digest(text.as_bytes())[..CLAIM_DIGEST]])
}

fn place(entry: StatusEntry) -> [u8; 8] {
    (u64::from(entry.list()) << 32 | u64::from(entry.index())).to_be_bytes()
}

/// Key of a certificate that was ever something other than valid.
#[must_use]
pub fn status_touched(entry: StatusEntry) -> Vec<u8> {
    key(STATUS_TOUCHED, &[&place(entry)])
}

/// Prefix of a list in [`STATUS_TOUCHED`].
#[must_use]
pub fn status_touched_in(list: u32) -> Vec<u8> {
    key(STATUS_TOUCHED, &[&list.to_be_bytes()])
}

/// The place at the end of a key of [`STATUS`] or [`STATUS_TOUCHED`].
#[must_use]
pub fn status_of(key: &[u8]) -> Option<StatusEntry> {
    let place = seq_of(key).filter(|_| key.len() == 9)?;
    StatusEntry::new(u32::try_from(place >> 32).ok()?, u32::try_from(place & u64::from(u32::MAX)).ok()?).ok()
}

/// Key of a setting.
#[must_use]
pub fn setting(seq: u64) -> Vec<u8> {
    key(SETTING, &[&seq.to_be_bytes()])
}

/// Key of a private event.
#[must_use]
pub fn private(seq: u64) -> Vec<u8> {
    key(PRIVATE, &[&seq.to_be_bytes()])
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
