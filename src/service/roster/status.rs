//! The status of a row, and what a status other than 有效 brings with it.

use super::check::Rules;
use super::columns::Column;
use super::row::{Fields, Life, RosterStatus};
use crate::domain::Refusal;
use crate::domain::dates::add_months;
use crate::domain::error::shown;
use crate::domain::reason::{CancellationReason, SuspensionReason, WithdrawalReason};
use crate::service::sheet::Cell;
use jiff::civil::Date;
use unicode_normalization::UnicodeNormalization;

/// The status as a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Word {
    InForce,
    Suspended,
    Withdrawn,
    Cancelled,
    Expired,
}

/// Each status: the regulator's code, then the words people use.
const WORDS: [(Word, &[&str]); 5] = [
    (Word::InForce, &["01", "1", "有效", "valid", "inforce", "active"]),
    (Word::Suspended, &["02", "2", "暂停", "已暂停", "暂停使用", "suspended"]),
    (Word::Withdrawn, &["03", "3", "撤销", "已撤销", "withdrawn", "revoked"]),
    (Word::Cancelled, &["04", "4", "注销", "已注销", "cancelled", "canceled"]),
    (Word::Expired, &["05", "5", "过期失效", "已过期", "过期", "已到期", "到期", "失效", "expired"]),
];

/// Reads the status with the day, reason and end that belong to it.
pub(super) fn read(fields: &mut Fields<'_>, life: Option<Life>, rules: &Rules<'_>) -> Option<RosterStatus> {
    let word = fields.needed(Column::Status, "every certificate", word)?;
    match word {
        Word::InForce => {
            let end = life.map(|l| l.valid_until).filter(|end| *end < rules.today);
            if let Some(end) = end {
                let message = format!(
                    "有效 contradicts 有效期至: the certificate ended on {end}, so write 过期失效 or mend the date"
                );
                fields.fault(Column::Status, Refusal::invalid("past_its_end", message));
                return None;
            }
            Some(RosterStatus::InForce)
        }
        Word::Expired => {
            let end = life.map(|l| l.valid_until).filter(|end| *end >= rules.today);
            if let Some(end) = end {
                let message = format!(
                    "过期失效 contradicts 有效期至: the certificate runs until {end} and today is {}; write how it really stands or mend the date",
                    rules.today
                );
                fields.fault(Column::Status, Refusal::invalid("not_past_its_end", message));
                return None;
            }
            Some(RosterStatus::Expired)
        }
        Word::Suspended => suspended(fields, life, rules),
        Word::Withdrawn => {
            const WHY: &str = "a certificate that is 撤销";
            let on = status_on(fields, WHY, life, rules);
            let reason = fields.needed(Column::StatusReason, WHY, |c| {
                reason(c, WithdrawalReason::all().map(|r| (r, r.zh())), WithdrawalReason::parse)
            });
            Some(RosterStatus::Withdrawn { on: on?, reason: reason? })
        }
        Word::Cancelled => {
            const WHY: &str = "a certificate that is 注销";
            let on = status_on(fields, WHY, life, rules);
            let reason = fields.needed(Column::StatusReason, WHY, |c| {
                reason(c, CancellationReason::all().map(|r| (r, r.zh())), CancellationReason::parse)
            });
            Some(RosterStatus::Cancelled { on: on?, reason: reason? })
        }
    }
}

fn suspended(fields: &mut Fields<'_>, life: Option<Life>, rules: &Rules<'_>) -> Option<RosterStatus> {
    const WHY: &str = "a certificate that is 暂停";
    let on = status_on(fields, WHY, life, rules);
    let reason = fields.needed(Column::StatusReason, WHY, |c| {
        reason(c, SuspensionReason::all().map(|r| (r, r.zh())), SuspensionReason::parse)
    });
    let until = fields.day(Column::SuspendedUntil, WHY);
    let (on, until) = (on?, until?);
    let months = rules.intervals.suspension_max_months;
    let latest = add_months(on, months);
    let end = life?.valid_until;
    if until < on || until > latest || until > end {
        let message = format!(
            "a suspension from {on} ends between that day and {}: within {months} months and within the certificate's life; not on {until}",
            latest.min(end)
        );
        fields.fault(Column::SuspendedUntil, Refusal::invalid("suspension_end", message));
        return None;
    }
    Some(RosterStatus::Suspended { on, until, reason: reason? })
}

/// The day the status began: within the certificate's life, and not to come.
fn status_on(fields: &mut Fields<'_>, why: &str, life: Option<Life>, rules: &Rules<'_>) -> Option<Date> {
    let on = fields.day(Column::StatusOn, why)?;
    if on > rules.today {
        let message = format!("{on} is still to come; today is {}", rules.today);
        fields.fault(Column::StatusOn, Refusal::invalid("in_the_future", message));
        return None;
    }
    if let Some(Life { issued_on, valid_until }) = life.filter(|l| on < l.issued_on || on > l.valid_until) {
        let message = format!("{on} lies outside the certificate's life, from {issued_on} to {valid_until}");
        fields.fault(Column::StatusOn, Refusal::invalid("status_outside_life", message));
        return None;
    }
    Some(on)
}

/// Half-width, lower case, letters and digits only.
fn folded(text: &str) -> String {
    text.nfkc().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

fn word(cell: &Cell) -> Result<Word, Refusal> {
    let text = cell.shown();
    let folded = folded(&text);
    WORDS.iter().find(|(_, names)| names.contains(&folded.as_str())).map(|(word, _)| *word).ok_or_else(|| {
        Refusal::invalid(
            "unknown_status",
            format!(
                "“{}” is no status: there are 有效 (01), 暂停 (02), 撤销 (03), 注销 (04) and 过期失效 (05)",
                shown(&text)
            ),
        )
    })
}

/// Reads a reason by its code, also where a spreadsheet dropped the leading zero, or by its Chinese text.
fn reason<R: Copy>(
    cell: &Cell,
    all: impl Iterator<Item = (R, &'static str)>,
    parse: impl Fn(&str) -> Result<R, Refusal>,
) -> Result<R, Refusal> {
    let text = cell.exact()?;
    let typed = folded(&text);
    if let Some((reason, _)) = all.into_iter().find(|(_, zh)| folded(zh) == typed) {
        return Ok(reason);
    }
    let code: String = text.nfkc().flat_map(char::to_lowercase).collect();
    let padded = if code.bytes().all(|b| b.is_ascii_digit()) { format!("{code:0>4}") } else { code };
    parse(&padded)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_in_words_codes_and_english() {
        for (form, is) in [
            ("有效", Word::InForce),
            ("０１", Word::InForce),
            ("In force", Word::InForce),
            ("暂停", Word::Suspended),
            ("03", Word::Withdrawn),
            ("已注销", Word::Cancelled),
            ("过期失效", Word::Expired),
            ("EXPIRED", Word::Expired),
        ] {
            assert_eq!(word(&Cell::Text(form.into())), Ok(is), "{form}");
        }
        assert_eq!(word(&Cell::Number(4.0)), Ok(Word::Cancelled));
        for bad in ["无效", "06", "有效/暂停", "已换证", "?"] {
            assert_eq!(word(&Cell::Text(bad.into())).unwrap_err().code, "unknown_status", "{bad}");
        }
    }

    #[test]
    fn a_reason_is_read_from_the_table_of_its_own_status() {
        let suspension =
            |cell: Cell| reason(&cell, SuspensionReason::all().map(|r| (r, r.zh())), SuspensionReason::parse);
        let withdrawal =
            |cell: Cell| reason(&cell, WithdrawalReason::all().map(|r| (r, r.zh())), WithdrawalReason::parse);
        for cell in
            [Cell::Text("0112".into()), Cell::Text("112".into()), Cell::Number(112.0), Cell::Text("０１１２".into())]
        {
            assert_eq!(suspension(cell.clone()).unwrap().zh(), "未履行认证合同义务");
            assert_eq!(withdrawal(cell).unwrap().zh(), "拒绝监督或提供虚假材料");
        }
        assert_eq!(suspension(Cell::Text("未履行认证合同义务 ".into())).unwrap().code(), "0112");
        assert_eq!(withdrawal(Cell::Text("未履行认证合同义务".into())).unwrap().code(), "0121");
        let refusal = withdrawal(Cell::Text("0118".into())).unwrap_err();
        assert_eq!(refusal.code, "unknown_reason");
        assert!(refusal.message.contains("0117"), "{}", refusal.message);
    }
}
