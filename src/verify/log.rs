//! The check of the public log.

use super::verdict::{Check, CheckName, Draft, Source};
use jiff::Timestamp;

/// What the register's own log has of a record: its leaf and the size of the published tree, whose proof the register verified.
#[must_use]
pub fn logged(place: Option<(u64, u64)>, now: Timestamp) -> Check {
    let draft = Draft { name: CheckName::Log, source: Source::Log, known_at: now };
    match place {
        Some((leaf, size)) => draft.ok(
            "logged",
            format!("已记入公开日志第 {leaf} 条（共 {size} 条）"),
            format!("entry {leaf} of the {size} in the public log"),
        ),
        None => draft.unknown(
            "not_logged_yet",
            "还没有记入已公布的日志，通常只需一秒",
            "not in a published checkpoint of the log yet; that takes a second as a rule",
        ),
    }
}
