//! How a mark stands by a list that somebody kept (docs/SPEC-verdict.md, "Checks with a list of marks"): no register, no network. A list
//! never makes an answer a better one: it tells what did not hold when it was made, and of what came later nothing.

use super::key::{self, Signed};
use super::verdict::{Check, CheckName, Draft, Source};
use crate::domain::mark_licence::MarkState;
use crate::domain::{MarkId, Refusal};
use crate::sign::mark_list::{parse, read};
use crate::sign::{KeyDocument, MarkList, verify_credential};
use jiff::Timestamp;

/// Reads the bytes of a list, and verifies that the body signed it with a key that counts.
///
/// # Errors
/// What it is not: JSON, signed by this body, a list of marks; `mark_list_key` for a key that does not count.
pub fn verified(bytes: &[u8], keys: &KeyDocument, now: Timestamp) -> Result<MarkList, Refusal> {
    let signed = parse(bytes)?;
    let evidence = verify_credential(&signed, |url| keys.resolve(url))
        .map_err(|why| Refusal::invalid(why.code(), why.to_string()))?;
    let window = key::window(&evidence.key, Signed::Claimed(evidence.created), now);
    // One that seems to be of a time to come proves that the clock is behind, and nothing against the list.
    if !window.is_ok() && window.code != "signed_in_the_future" {
        return Err(Refusal::invalid("mark_list_key", window.message));
    }
    read(keys.host(), &signed)
}

/// The `status` check of a mark at `at`: what the list says of it, or that it says nothing and that nothing is known of what came since.
/// None where the question is about a time before the list and the mark does not stand in it.
#[must_use]
pub(super) fn check(list: &MarkList, mark: MarkId, at: Timestamp, now: Timestamp) -> Option<Check> {
    let of = list.as_of;
    let draft = Draft { name: CheckName::Status, source: Source::MarkList, known_at: of.min(now) };
    let state = list.marks.get(&mark);
    // A question about now is about the list's time too, whatever this machine's clock shows.
    if at < of && at != now {
        return state.map(|_| {
            draft.unknown(
                "mark_listed_later",
                format!("{of} 的标志清单里有它，清单没有说从什么时候起"),
                format!("it stands in the list of marks of {of}, which does not tell since when"),
            )
        });
    }
    let Some(state) = state else {
        let mut open = draft.unknown(
            "mark_not_listed",
            format!("{of} 没有停用；后来有没有被暂停或撤销，不能排除"),
            format!("not out of use at {of}; that it has been suspended or withdrawn since cannot be ruled out"),
        );
        open.required = at > now;
        return Some(open);
    };
    let failed = |code, zh: &str, en: &str| {
        draft.failed(code, format!("{of} 的标志清单里{zh}"), format!("{en}, by the list of marks of {of}"))
    };
    Some(match state {
        MarkState::Frozen => failed("mark_frozen", "已停用", "out of use for the time being"),
        MarkState::Replaced => failed("mark_replaced", "已由新标志取代", "replaced by a new mark"),
        MarkState::Revoked => failed("mark_revoked", "已撤销许可", "its licence taken back"),
        MarkState::UnderInvestigation => draft.unknown(
            "mark_under_investigation",
            format!("{of} 的标志清单里：发证机构在调查它是否被冒用"),
            format!("the certification body was looking into reports that it is misused, by the list of marks of {of}"),
        ),
        MarkState::NotUnderstood => draft.unknown(
            "recorded_by_newer_version",
            format!("{of} 的标志清单说不清它的状态"),
            format!("the list of marks of {of} cannot tell how it stands"),
        ),
        MarkState::Ended | MarkState::Refused | MarkState::Requested | MarkState::Active => {
            failed("mark_ended", "许可已终止", "its licence ended")
        }
    })
}
