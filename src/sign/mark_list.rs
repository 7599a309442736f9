//! Which of a body's marks did not hold at one moment (docs/SPEC-status.md, "The list of marks"): its document, and back. A printed
//! mark has no place in the status lists of certificates, and its code no room to name one; so the few that do not hold are told by
//! their own identifiers. Signed with [`sign_document`](super::sign_document), verified with
//! [`verify_credential`](super::verify_credential).

use super::canonical::parse_strict_within;
use crate::domain::mark_licence::MarkState;
use crate::domain::{Host, MarkId, Refusal};
use jiff::Timestamp;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

const TYPE: &str = "starmark-mark-list";
const VERSION: u32 = 1;
/// Largest list: more than 800,000 marks.
pub const BYTES_MAX: usize = 16 << 20;
/// The states told; every other mark that was granted held then, up to the last day in its own code.
const TOLD: [MarkState; 6] = [
    MarkState::Frozen,
    MarkState::Ended,
    MarkState::Replaced,
    MarkState::Revoked,
    MarkState::UnderInvestigation,
    MarkState::NotUnderstood,
];

/// What a list says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MarkList {
    /// The instant it is of, in whole seconds.
    pub as_of: Timestamp,
    /// The marks that did not hold then, or that were being investigated.
    pub marks: BTreeMap<MarkId, MarkState>,
}

impl MarkList {
    /// Whether a mark in that state stands in the list.
    #[must_use]
    pub fn tells(state: MarkState) -> bool {
        TOLD.contains(&state)
    }
}

/// The unsigned document of a list. The same list always gives the same document.
#[must_use]
pub fn document(host: &Host, list: &MarkList) -> Value {
    let mut marks = Map::new();
    for state in TOLD {
        let ids: Vec<String> = list.marks.iter().filter(|(_, s)| **s == state).map(|(id, _)| id.to_string()).collect();
        if !ids.is_empty() {
            marks.insert(state.wire().to_owned(), ids.into());
        }
    }
    json!({ "type": TYPE, "version": VERSION, "issuer": host.did(), "as_of": list.as_of.to_string(), "marks": marks })
}

/// Reads the bytes of a list strictly; nothing of it is verified.
///
/// # Errors
/// As [`parse_strict_within`], beyond [`BYTES_MAX`] too.
pub fn parse(bytes: &[u8]) -> Result<Value, Refusal> {
    parse_strict_within(bytes, BYTES_MAX)
}

/// Reads a list of that host.
///
/// # Errors
/// `not_a_mark_list`: a member is missing, of another form, or there is one more than we ever write.
pub fn read(host: &Host, signed: &Value) -> Result<MarkList, Refusal> {
    let bad = |why: &str| Refusal::invalid("not_a_mark_list", format!("this is not a list of marks of {host}: {why}"));
    let list = list_of(signed).ok_or_else(|| bad("a member is missing or not of its form"))?;
    let mut unsigned = signed.clone();
    if let Some(members) = unsigned.as_object_mut() {
        members.remove("proof");
    }
    if document(host, &list) != unsigned {
        return Err(bad("it says more, less or other than a list of marks says"));
    }
    Ok(list)
}

fn list_of(document: &Value) -> Option<MarkList> {
    let as_of: Timestamp = document["as_of"].as_str()?.parse().ok()?;
    let mut marks = BTreeMap::new();
    for (word, ids) in document["marks"].as_object()? {
        let state = TOLD.into_iter().find(|state| state.wire() == word)?;
        for id in ids.as_array()? {
            marks.insert(MarkId::parse(id.as_str()?).ok()?, state);
        }
    }
    (as_of.subsec_nanosecond() == 0).then_some(MarkList { as_of, marks })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn list() -> MarkList {
        let id = |n| MarkId::from_bytes([0, 0, 0, 0, 0, n]);
        MarkList {
            as_of: "2026-05-08T01:30:00Z".parse().unwrap(),
            marks: BTreeMap::from([
                (id(2), MarkState::Revoked),
                (id(1), MarkState::Frozen),
                (id(3), MarkState::Frozen),
            ]),
        }
    }

    fn host() -> Host {
        Host::parse("xb.example.cn").unwrap()
    }

    #[test]
    fn what_is_written_is_read_and_nothing_else() {
        let written = document(&host(), &list());
        assert_eq!(written["marks"]["frozen"].as_array().unwrap().len(), 2);
        assert_eq!(read(&host(), &written).unwrap(), list());
        let empty = MarkList { marks: BTreeMap::new(), ..list() };
        assert_eq!(read(&host(), &document(&host(), &empty)).unwrap(), empty);
        let altered: [fn(&mut Value); 8] = [
            |v| v["type"] = "starmark-marks".into(),
            |v| v["version"] = 2.into(),
            |v| v["issuer"] = "did:web:xb2.example.cn".into(),
            |v| v["as_of"] = "2026-05-08T01:30:00.5Z".into(),
            |v| v["as_of"] = "2026-05-08T09:30:00+08:00".into(),
            |v| v["marks"]["active"] = json!([]),
            |v| v["marks"]["frozen"] = json!([]),
            |v| v["more"] = 1.into(),
        ];
        for (i, alter) in altered.into_iter().enumerate() {
            let mut other = written.clone();
            alter(&mut other);
            assert_eq!(read(&host(), &other).unwrap_err().code, "not_a_mark_list", "{i}");
        }
        // In one order, and each once: two texts never say the same.
        let mut other = written.clone();
        other["marks"]["frozen"].as_array_mut().unwrap().reverse();
        assert!(read(&host(), &other).is_err());
        let twice = written["marks"]["frozen"][0].clone();
        let mut other = written;
        other["marks"]["revoked"].as_array_mut().unwrap().push(twice);
        assert!(read(&host(), &other).is_err());
    }

    proptest! {
        /// Whatever is read is what would be written: no two texts say the same, and none makes it fall.
        #[test]
        fn what_reads_is_what_was_written(
            marks in prop::collection::btree_map(any::<[u8; 6]>(), prop::sample::select(&TOLD[..]), 0..8),
            second in 0..4_000_000_000_i64,
            cut in any::<prop::sample::Index>(),
            with in "[\\PC]{0,6}",
        ) {
            let marks = marks.into_iter().map(|(id, state)| (MarkId::from_bytes(id), state)).collect();
            let list = MarkList { as_of: Timestamp::from_second(second).unwrap(), marks };
            let written = document(&host(), &list);
            prop_assert_eq!(read(&host(), &written).unwrap(), list);
            let mut text = written.to_string();
            let at = (0..=cut.index(text.len())).rev().find(|i| text.is_char_boundary(*i)).unwrap_or_default();
            text.insert_str(at, &with);
            if let Ok(other) = parse(text.as_bytes()) && let Ok(found) = read(&host(), &other) {
                prop_assert_eq!(document(&host(), &found), other);
            }
        }
    }
}
