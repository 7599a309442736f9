//! Where a certificate stands in the status lists: the list's number and the place in it. One place serves every purpose.

use super::error::{Refusal, shown};
use serde::{Deserialize, Serialize};
use std::fmt;

/// Entries of one status list: the least that W3C Bitstring Status List 1.0 allows (section 3.2).
pub const LIST_ENTRIES: u32 = 131_072;

/// What a bit of a bitstring status list says of a certificate (Bitstring Status List 1.0, section 2.1 `statusPurpose`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StatusPurpose {
    /// Ended for good: withdrawn, cancelled or superseded.
    Revocation,
    /// May not be used for the time being.
    Suspension,
}

impl StatusPurpose {
    /// Both, in the order a certificate names them.
    pub const ALL: [Self; 2] = [Self::Revocation, Self::Suspension];

    /// The wire name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Revocation => "revocation",
            Self::Suspension => "suspension",
        }
    }

    /// Reads a wire name.
    ///
    /// # Errors
    /// `bad_status_purpose`.
    pub fn parse(text: &str) -> Result<Self, Refusal> {
        Self::ALL.into_iter().find(|p| p.as_str() == text).ok_or_else(|| {
            let why = format!("“{}” is no purpose of a status list: revocation or suspension", shown(text));
            Refusal::invalid("bad_status_purpose", why)
        })
    }
}

impl fmt::Display for StatusPurpose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What the status lists say of a certificate, the worst last. Expiry is not in them: its last day stands in the certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Listed {
    /// Nothing against it.
    Valid,
    /// Suspended, or something is on record that cannot be read.
    Suspended,
    /// Withdrawn, cancelled or superseded: for good.
    Revoked,
}

impl Listed {
    /// Whether the bit of that purpose is set. What has ended keeps its bit among the suspended: else a list of each purpose, one
    /// from before its end and one from after, would together say that nothing is the matter.
    #[must_use]
    pub const fn is_set(self, purpose: StatusPurpose) -> bool {
        match purpose {
            StatusPurpose::Revocation => matches!(self, Self::Revoked),
            StatusPurpose::Suspension => matches!(self, Self::Revoked | Self::Suspended),
        }
    }
}

/// A certificate's place in the status lists, fixed at issue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "Parts")]
pub struct StatusEntry {
    list: u32,
    index: u32,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Parts {
    list: u32,
    index: u32,
}

impl StatusEntry {
    /// Highest number of a list; the first is 1.
    pub const MAX_LIST: u32 = 1_000_000;
    /// Places of a list that are given out before the next list is begun: half of them, so that a free one is found at once
    /// and nobody can tell from a list how many certificates stand in it.
    pub const TAKEN_MAX: u32 = LIST_ENTRIES / 2;

    /// The place `index` of list `list`.
    ///
    /// # Errors
    /// `bad_status_entry`: a list outside 1 to [`Self::MAX_LIST`], an index of [`LIST_ENTRIES`] or more.
    pub fn new(list: u32, index: u32) -> Result<Self, Refusal> {
        if (1..=Self::MAX_LIST).contains(&list) && index < LIST_ENTRIES {
            return Ok(Self { list, index });
        }
        let why = format!(
            "there is no place {index} in status list {list}: lists are 1 to {}, places 0 to {}",
            Self::MAX_LIST,
            LIST_ENTRIES - 1
        );
        Err(Refusal::invalid("bad_status_entry", why))
    }

    /// Number of the list, from 1.
    #[must_use]
    pub const fn list(self) -> u32 {
        self.list
    }

    /// The place in the list, from 0.
    #[must_use]
    pub const fn index(self) -> u32 {
        self.index
    }
}

impl TryFrom<Parts> for StatusEntry {
    type Error = Refusal;
    fn try_from(parts: Parts) -> Result<Self, Refusal> {
        Self::new(parts.list, parts.index)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_outside_a_list_are_refused_however_they_come() {
        let last = StatusEntry::new(StatusEntry::MAX_LIST, LIST_ENTRIES - 1).unwrap();
        let text = serde_json::to_string(&last).unwrap();
        assert_eq!(text, r#"{"list":1000000,"index":131071}"#);
        assert_eq!(serde_json::from_str::<StatusEntry>(&text).unwrap(), last);
        for (list, index) in [(0, 0), (1, LIST_ENTRIES), (StatusEntry::MAX_LIST + 1, 0)] {
            assert_eq!(StatusEntry::new(list, index).unwrap_err().code, "bad_status_entry", "{list} {index}");
            let text = format!(r#"{{"list":{list},"index":{index}}}"#);
            assert!(serde_json::from_str::<StatusEntry>(&text).is_err(), "{text}");
        }
        for text in [r#"{"list":1,"index":2,"more":3}"#, r#"{"list":1}"#, r#"{"list":1,"index":-1}"#] {
            assert!(serde_json::from_str::<StatusEntry>(text).is_err(), "{text}");
        }
    }
}
