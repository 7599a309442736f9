//! A receipt: what it answered, in words and for programs.

use super::tell::clock;
use crate::cli::say;
use crate::domain::Host;
use crate::verify::receipt::{Answer, Compared, Field, Receipt};
use crate::verify::{CheckResult, Outcome, Verdict};
use serde_json::Value;

/// When it was made, and its two clocks.
pub(super) fn clocks(receipt: &Receipt) -> String {
    let known = match receipt.known_at {
        at if at == receipt.made_at => String::new(),
        at => format!(", as known at {}", clock(at)),
    };
    format!("made {}, about {}{known}; ", clock(receipt.made_at), clock(receipt.as_of))
}

fn word(answer: &Answer) -> (&'static str, &'static str) {
    match (answer.verdict, answer.standing) {
        (Outcome::Valid, _) => ("IN FORCE THEN", "当时有效"),
        (_, Some(standing)) => (standing.en(), standing.zh()),
        _ if answer.found_nothing() => ("NO SUCH RECORD", "查无此证"),
        (Outcome::Invalid, None) => ("NOT VALID", "无效"),
        (Outcome::Undetermined, None) => ("CANNOT TELL", "无法判断"),
    }
}

/// What a receipt says, for people; where it is not proven to be genuine, as what it says and no more.
pub(super) fn text(receipt: &Receipt, host: &Host, verdict: &Verdict) -> anyhow::Result<()> {
    let proven = verdict.verdict == Outcome::Valid;
    if !proven {
        say("  NOT PROVEN: what follows is what the file says  以下是文件自己写的，未经证实")?;
    }
    say(format_args!("  receipt      {}", host.receipt_url(receipt.id)))?;
    say(format_args!("  made         {}", clock(receipt.made_at)))?;
    say(format_args!("  about        {}", clock(receipt.as_of)))?;
    say(format_args!("  as known     {}", clock(receipt.known_at)))?;
    if let Some(reference) = &receipt.reference {
        say(format_args!(
            "  asker's note {reference}  (the asker's own words, not checked  查询方自己写的，未经核实)"
        ))?;
    }
    let valid = receipt.answers.iter().filter(|a| a.verdict == Outcome::Valid).count();
    say(format_args!(
        "  answered     {} asked about, {valid} in force then; {} differences from what was expected",
        receipt.answers.len(),
        receipt.differences
    ))?;
    for (number, answer) in (1..).zip(&receipt.answers) {
        let (en, zh) = word(answer);
        let said = if proven {
            format!("{}  {zh}", en.to_uppercase())
        } else {
            format!("it says: {}  它写的是：{zh}", en.to_lowercase())
        };
        say(format_args!("  {number:>3}. {said}  {}", answer.asked))?;
        if let Some(c) = &answer.certificate {
            say(format_args!(
                "       {} ({}), {}, {}, {}, {} to {}",
                c.number,
                c.id,
                c.holder.name,
                c.level.zh(),
                c.scope,
                c.issued_on,
                c.valid_until
            ))?;
        }
        for check in answer.checks.iter().filter(|c| c.result != CheckResult::Ok) {
            say(format_args!("       {} [{}]", check.message, check.code))?;
        }
        if answer.changed_that_day {
            say("       its standing changed in the course of that day; this is how the day ended")?;
        }
        for compared in &answer.comparison {
            say(format_args!("       {}", difference(compared)))?;
        }
    }
    say("  It tells how they stood then, as the register knew it; how they stand now, their pages say.")
}

/// What settles it where only the time of the signature is in doubt.
pub(super) fn way_on(receipt: &Receipt, host: &Host) -> anyhow::Result<()> {
    say(format_args!(
        "  The body's own copy settles it: save https://{host}/api/v1/receipts/{} and compare; the receipt is genuine if both files are the same; if there is none, or it says something else, it is not",
        receipt.id
    ))
}

fn difference(compared: &Compared) -> String {
    let field = match compared.field {
        Field::Holder => "holder",
        Field::Uscc => "credit code",
        Field::Level => "level",
        Field::Scope => "scope",
    };
    let Compared { expected, .. } = compared;
    match &compared.found {
        _ if compared.same => format!("{field} as expected: {expected}"),
        Some(found) => format!("DIFFERS: {field} expected {expected}, found {found}"),
        None => format!("DIFFERS: {field} expected {expected}, found nothing"),
    }
}

/// What a genuine receipt says, for programs: its members but the signature.
pub(super) fn json(receipt: &Receipt, host: &Host) -> Value {
    receipt.document(host).unwrap_or(Value::Null)
}
