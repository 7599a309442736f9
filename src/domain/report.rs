//! A report that a mark or certificate is misused: what somebody saw, and what the body made of it. No event: the register does
//! not follow from what strangers write.

use super::dates::CHINA;
use super::error::{Refusal, shown};
use super::ids::{CertificateId, MarkId};
use super::text::{Note, Place, Seen};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Hexadecimal digits of an identifier: of its second, and 44 random bits, so that nobody guesses another's.
const RANDOM_DIGITS: usize = 16;
/// Length of the day before them, and of the hyphen.
const DAY: usize = 8;

/// Names one report for ever: its day, and sixteen hexadecimal digits of which the first five are its second of that day, e.g.
/// `20261127-0f3a5c7799e1b2d4`, so that they sort by time; the others are random.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct ReportId(String);

impl ReportId {
    /// Of that moment (China time), with eight random bytes.
    #[must_use]
    pub fn new(at: Timestamp, random: [u8; 8]) -> Self {
        let at = CHINA.to_datetime(at);
        let second = u64::from(at.hour().unsigned_abs()) * 3_600
            + u64::from(at.minute().unsigned_abs()) * 60
            + u64::from(at.second().unsigned_abs());
        let digits = (second << 44) | (u64::from_be_bytes(random) >> 20);
        Self(format!("{:04}{:02}{:02}-{digits:016x}", at.year(), at.month(), at.day()))
    }

    /// Reads a written one.
    ///
    /// # Errors
    /// `bad_report_id`.
    pub fn parse(text: &str) -> Result<Self, Refusal> {
        let (day, random) = text.split_once('-').unwrap_or_default();
        let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
        let hex = |text: &str| text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        if day.len() == DAY && digits(day) && random.len() == RANDOM_DIGITS && hex(random) {
            return Ok(Self(text.to_owned()));
        }
        let why = format!("“{}” names no report: it is written as 20261127-0f3a5c7799e1b2d4", shown(text));
        Err(Refusal::invalid("bad_report_id", why))
    }

    /// As written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ReportId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<ReportId> for String {
    fn from(id: ReportId) -> String {
        id.0
    }
}

impl TryFrom<String> for ReportId {
    type Error = Refusal;
    fn try_from(text: String) -> Result<Self, Refusal> {
        Self::parse(&text)
    }
}

/// What somebody reported. It names nobody: who reports is not asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Report {
    /// Its name.
    pub id: ReportId,
    /// When it came in.
    pub made_at: Timestamp,
    /// The number, code or address they gave.
    pub about: Seen,
    /// The mark that is, where it is on record.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mark: Option<MarkId>,
    /// The certificate that is, or the mark's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate: Option<CertificateId>,
    /// Where it was seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<Place>,
    /// What is wrong with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<Note>,
    /// SHA-256 (hex) of the picture that came with it, as it is kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub photo_sha256: Option<String>,
    /// What the codes in that picture say.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub codes: Vec<String>,
    /// Whether there were more codes than are told, and none is.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub many_codes: bool,
}

/// What the body found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It is misused.
    Confirmed,
    /// It is not, as far as can be found out.
    Unfounded,
    /// Another report says the same.
    Duplicate,
}

impl Outcome {
    /// Every outcome.
    pub const ALL: [Self; 3] = [Self::Confirmed, Self::Unfounded, Self::Duplicate];

    /// Name on the wire.
    #[must_use]
    pub const fn wire(self) -> &'static str {
        match self {
            Self::Confirmed => "confirmed",
            Self::Unfounded => "unfounded",
            Self::Duplicate => "duplicate",
        }
    }

    /// Reads the wire name.
    ///
    /// # Errors
    /// `unknown_outcome` names the three there are.
    pub fn parse(text: &str) -> Result<Self, Refusal> {
        Self::ALL.into_iter().find(|o| o.wire() == text).ok_or_else(|| {
            let why = format!("“{}” is no outcome: there are confirmed, unfounded and duplicate", shown(text));
            Refusal::invalid("unknown_outcome", why).under("/outcome")
        })
    }
}

/// That the body is through with a report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Closure {
    /// What it found.
    pub outcome: Outcome,
    /// On what evidence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<Note>,
    /// Which token or local user closed it.
    pub by: String,
    /// When.
    pub closed_at: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_identifier_has_one_way_to_be_written() {
        let at = |text: &str| ReportId::new(text.parse().unwrap(), [0xff; 8]);
        let id = at("2026-11-06T16:00:01Z");
        assert_eq!(id.as_str(), "20261107-00001fffffffffff");
        assert!(id < at("2026-11-07T15:59:59Z") && at("2026-11-07T15:59:59Z") < at("2026-11-07T16:00:00Z"));
        assert_eq!(ReportId::parse(id.as_str()).unwrap(), id);
        for bad in ["", "20261107-00010203040506FF", "20261107_00010203040506ff", "../x", "2026117-000102030405060ff"] {
            assert_eq!(ReportId::parse(bad).unwrap_err().code, "bad_report_id");
        }
    }
}
