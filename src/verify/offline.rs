//! What every answer without the register has: the dates, and that the status was not asked.

use super::verdict::{Check, CheckName, Draft, Source};
use crate::domain::dates::{add_days, day_start};
use jiff::Timestamp;
use jiff::civil::Date;

/// Whether `at` lies within the days `from` to `until`, both included.
pub(super) fn validity(from: Date, until: Date, at: Timestamp, now: Timestamp) -> Check {
    let draft = Draft { name: CheckName::Validity, source: Source::Record, known_at: now };
    if at < day_start(from) {
        return draft.failed("not_yet_valid", format!("{from} 起生效"), format!("valid from {from}"));
    }
    if at >= day_start(add_days(until, 1)) {
        return draft.failed("expired", format!("{until} 到期"), format!("valid until {until}"));
    }
    draft.ok("within_dates", format!("{from} 至 {until}"), format!("{from} to {until}"))
}

/// Nobody was asked how it stands; required only about a time to come, of which nobody can say that it will hold.
pub(super) fn status_not_asked(at: Timestamp, now: Timestamp) -> Check {
    let mut status = Draft { name: CheckName::Status, source: Source::Nothing, known_at: now }.unknown(
        "status_not_asked",
        "没有联网查状态：不能排除已被暂停或撤销",
        "the register was not asked: that it is suspended or withdrawn cannot be ruled out",
    );
    status.required = at > now;
    status
}
