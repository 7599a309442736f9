//! How a certificate stands by status lists that somebody kept: no register, no network. What the lists at hand do not say
//! for the instant asked about stays open; it is never "valid", and never "revoked" either.

use super::certificate::Finding;
use super::key::{self, Signed};
use super::verdict::{Check, CheckName, CheckResult, Draft, Source, Verdict};
use crate::domain::{StatusEntry, StatusPurpose};
use crate::sign::{KeyDocument, StatusList, parse_strict, status_credential, verify_credential};
use crate::status::Bitstring;
use jiff::Timestamp;
use serde_json::Value;

/// One list, as far as it could be read.
enum Read {
    /// It is the list of the place asked for, and says whether the entry is set.
    Says(StatusList, bool),
    /// It says nothing of the instant, or nothing that counts.
    Nothing(Check),
}

/// Reads the bytes of a list; what has no strict reading is no list.
#[must_use]
pub fn read_bytes(bytes: &[u8]) -> Value {
    parse_strict(bytes).unwrap_or(Value::Null)
}

/// The `status` check of a certificate with that place in the lists, at `at`. `lists` are status list credentials, strictly
/// read ([`read_bytes`]), in any order: the lists of both purposes are needed for "not listed", either for the other answers.
/// Of several that cover the instant the latest counts. Required: who gives lists wants to know.
#[must_use]
pub fn check(entry: Option<StatusEntry>, lists: &[Value], keys: &KeyDocument, at: Timestamp, now: Timestamp) -> Check {
    let draft = Draft { name: CheckName::Status, source: Source::StatusLists, known_at: now };
    let Some(entry) = entry else {
        return draft.unknown(
            "status_no_entry",
            "这张证书签发时还没有状态清单，清单里查不到它",
            "the certificate was issued before there were status lists: they do not have it",
        );
    };
    let [revoked, suspended] = StatusPurpose::ALL.map(|purpose| latest(entry, purpose, lists, keys, at, now));
    let told = |list: &StatusList| Draft { known_at: list.valid_from.min(now), ..draft };
    match (revoked, suspended) {
        (Read::Says(list, true), _) => told(&list).failed(
            "status_revoked",
            format!("{} 的状态清单里已撤销、注销或换证", list.valid_from),
            format!("withdrawn, cancelled or superseded, by the list of {}", list.valid_from),
        ),
        (_, Read::Says(list, true)) => told(&list).failed(
            "status_suspended",
            format!("{} 的状态清单里已暂停", list.valid_from),
            format!("suspended, by the list of {}", list.valid_from),
        ),
        (Read::Nothing(why), _) | (_, Read::Nothing(why)) => why,
        (Read::Says(..), Read::Says(..)) if at > now => draft.unknown(
            "in_the_future",
            "问的是将来：到时是否有效，现在还不能知道",
            "the question is about the future: whether it will hold then cannot be known now",
        ),
        (Read::Says(one, false), Read::Says(other, false)) => {
            let older = if one.valid_from < other.valid_from { one } else { other };
            told(&older).ok(
                "status_not_listed",
                format!("{} 的状态清单里没有暂停、撤销、注销或换证", older.valid_from),
                format!("not suspended, withdrawn, cancelled or superseded, by the lists of {}", older.valid_from),
            )
        }
    }
}

/// An offline answer about a certificate with its status from lists: the check takes the place of "not asked", and the verdict
/// depends on it. What is not genuine stays as it is.
#[must_use]
pub fn with_lists(finding: Finding, lists: &[Value], keys: &KeyDocument, now: Timestamp) -> Finding {
    let Some((_, terms)) = &finding.genuine else { return finding };
    let Verdict { as_of, standing, checks, .. } = finding.verdict;
    let status = check(terms.status, lists, keys, as_of, now);
    let checks = checks.into_iter().filter(|c| c.check != CheckName::Status).chain([status]).collect();
    Finding { verdict: Verdict::of(as_of, standing, checks), genuine: finding.genuine }
}

/// What the latest list of that purpose says that covers the instant; where none does, why not.
fn latest(
    entry: StatusEntry,
    purpose: StatusPurpose,
    lists: &[Value],
    keys: &KeyDocument,
    at: Timestamp,
    now: Timestamp,
) -> Read {
    let address = keys.host().status_list_url(purpose, entry.list());
    let mut best: Option<(StatusList, bool)> = None;
    let mut why = None;
    for document in lists.iter().filter(|d| d["id"] == address.as_str()) {
        match read(entry, document, keys, at, now) {
            Read::Says(list, set) => {
                if best.as_ref().is_none_or(|(b, _)| b.valid_from < list.valid_from) {
                    best = Some((list, set));
                }
            }
            Read::Nothing(check) => why = why.or(Some(check)),
        }
    }
    match (best, why) {
        (Some((list, set)), _) => Read::Says(list, set),
        (None, Some(check)) => Read::Nothing(check),
        (None, None) => Read::Nothing(missing(&address, lists, now)),
    }
}

fn missing(address: &str, lists: &[Value], now: Timestamp) -> Check {
    let draft = Draft { name: CheckName::Status, source: Source::Nothing, known_at: now };
    if lists.iter().any(Value::is_null) {
        return draft.unknown(
            "status_list_unreadable",
            format!("给出的清单里有读不懂的，没有可用的 {address}"),
            format!("a list that was given cannot be read, and there is no other {address}"),
        );
    }
    if lists.is_empty() {
        return draft.unknown(
            "status_list_missing",
            format!("没有给出状态清单 {address}"),
            format!("the status list {address} was not given"),
        );
    }
    draft.unknown(
        "status_list_other",
        format!("给出的是别的清单，不是 {address}"),
        format!("the lists that were given are others than {address}"),
    )
}

/// One list of the right address: signed by this body, under a key that counts, for a time that holds the instant.
fn read(entry: StatusEntry, document: &Value, keys: &KeyDocument, at: Timestamp, now: Timestamp) -> Read {
    let draft = Draft { name: CheckName::Status, source: Source::StatusLists, known_at: now };
    let unreadable = |why: String| {
        Read::Nothing(draft.unknown(
            "status_list_unreadable",
            format!("状态清单不能用：{why}"),
            format!("the status list cannot be used: {why}"),
        ))
    };
    let evidence = match verify_credential(document, |url| keys.resolve(url)) {
        Ok(evidence) => evidence,
        Err(failure) => return unreadable(failure.to_string()),
    };
    let window = key::window(&evidence.key, Signed::Claimed(evidence.created), now);
    if window.result != CheckResult::Ok {
        return Read::Nothing(draft.unknown("status_list_key", window.message_zh, window.message));
    }
    let list = match status_credential::read(keys.host(), document) {
        Ok(list) => list,
        Err(refusal) => return unreadable(refusal.to_string()),
    };
    if !list.covers(at) {
        let (from, until) = (list.valid_from, list.valid_until);
        return Read::Nothing(draft.unknown(
            "status_list_out_of_window",
            format!("状态清单只说 {from} 至 {until}，问的是 {at}"),
            format!("the status list is of {from} to {until}, and the question is about {at}"),
        ));
    }
    match Bitstring::decode(&list.encoded).and_then(|bits| bits.get(entry.index())) {
        Ok(set) => Read::Says(list, set),
        Err(fault) => unreadable(fault.to_string()),
    }
}

#[cfg(test)]
#[path = "status_tests.rs"]
mod tests;
