//! A receipt: what it answered, in words and for programs.

use crate::cli::say;
use crate::domain::Host;
use crate::domain::dates::CHINA;
use crate::sign::RECEIPT_TYPE;
use crate::verify::Outcome;
use crate::verify::receipt::{Answer, Compared, Field, Receipt};
use jiff::Timestamp;
use serde_json::Value;

/// Whether that file means to be a receipt: then it is judged as one, good or bad.
pub(super) fn is_receipt(bytes: &[u8]) -> bool {
    serde_json::from_slice::<Value>(bytes).is_ok_and(|document| document["type"] == RECEIPT_TYPE)
}

fn clock(at: Timestamp) -> String {
    CHINA.to_datetime(at).strftime("%Y-%m-%d %H:%M:%S +08:00").to_string()
}

fn word(answer: &Answer) -> (&'static str, &'static str) {
    match (answer.verdict, answer.standing) {
        (Outcome::Valid, _) => ("IN FORCE THEN", "当时有效"),
        (_, Some(standing)) => (standing.en(), standing.zh()),
        _ if answer.certificate.is_none() => ("NO SUCH RECORD", "查无此证"),
        (Outcome::Invalid, None) => ("NOT VALID", "无效"),
        (Outcome::Undetermined, None) => ("CANNOT TELL", "无法判断"),
    }
}

/// What a genuine receipt says, for people.
pub(super) fn text(receipt: &Receipt, host: &Host) -> anyhow::Result<()> {
    say(format_args!("  receipt      {}", host.receipt_url(receipt.id)))?;
    if let Some(reference) = &receipt.reference {
        say(format_args!("  reference    {reference}"))?;
    }
    say(format_args!("  made         {}", clock(receipt.made_at)))?;
    say(format_args!("  about        {}", clock(receipt.as_of)))?;
    say(format_args!("  as known     {}", clock(receipt.known_at)))?;
    let valid = receipt.answers.iter().filter(|a| a.verdict == Outcome::Valid).count();
    say(format_args!(
        "  answered     {} asked about, {valid} in force then; {} differences from what was expected",
        receipt.answers.len(),
        receipt.differences
    ))?;
    for (number, answer) in (1..).zip(&receipt.answers) {
        let (en, zh) = word(answer);
        say(format_args!("  {number:>3}. {}  {zh}  {}", en.to_uppercase(), answer.asked))?;
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
        for check in answer.checks.iter().filter(|c| c.result != crate::verify::CheckResult::Ok) {
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

fn difference(compared: &Compared) -> String {
    let field = match compared.field {
        Field::Holder => "holder",
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
