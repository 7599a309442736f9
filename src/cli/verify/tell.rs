//! The answer in words, and for programs.

use super::{Answer, receipt};
use crate::cli::say;
use crate::domain::dates::{CHINA, china_day};
use crate::sign::KeyDocument;
use crate::verify::{Check, CheckName, CheckResult, Outcome, Source};
use jiff::Timestamp;
use serde_json::{Value, json};

/// An instant as people read it.
pub(super) fn clock(at: Timestamp) -> String {
    CHINA.to_datetime(at).strftime("%Y-%m-%d %H:%M:%S +08:00").to_string()
}

/// The answer for programs: the verdict, and what is genuine.
pub(super) fn json(answer: &Answer, keys: &KeyDocument) -> anyhow::Result<()> {
    let mut value = serde_json::to_value(&answer.verdict)?;
    value["input"] = answer.kind.into();
    value["host"] = keys.host().as_str().into();
    value["genuine"] = genuine(answer, keys);
    if answer.kind == "photo" {
        value["codes"] = answer.codes.clone().into();
    }
    say(value)
}

fn genuine(answer: &Answer, keys: &KeyDocument) -> Value {
    if let Some((id, terms)) = &answer.certificate {
        let mut value = json!(terms);
        value["id"] = json!(id);
        return value;
    }
    if let Some(receipt) = &answer.receipt {
        return receipt::json(receipt, keys.host());
    }
    match &answer.mark {
        Some(signed) => {
            let token = signed.token();
            json!({
                "mark": token.mark(), "level": token.level(), "holder_uscc": token.holder(),
                "issued_on": token.issued().to_string(), "valid_until": token.expires().to_string(),
                "test": token.is_test(),
            })
        }
        None => Value::Null,
    }
}

/// The answer for people.
pub(super) fn text(answer: &Answer, keys: &KeyDocument, in_pdf: bool) -> anyhow::Result<()> {
    let open: Vec<&Check> = answer.verdict.checks.iter().filter(|c| c.required && !c.is_ok()).collect();
    let own_word_only = matches!(open[..], [Check { check: CheckName::Trust, result: CheckResult::Undetermined, .. }]);
    let status_is_known = answer.verdict.checks.iter().any(|c| c.check == CheckName::Status && c.is_ok());
    let (word, zh) = match answer.verdict.verdict {
        Outcome::Valid if answer.kind == "receipt" => ("GENUINE RECEIPT", "回执真实"),
        Outcome::Invalid if answer.kind == "receipt" => ("NOT GENUINE", "回执不真实"),
        Outcome::Valid if status_is_known => ("VALID", "有效"),
        Outcome::Undetermined if own_word_only => (
            "ALL OF IT HOLDS TOGETHER; WHOSE KEYS IT BRINGS IS NOT PROVEN",
            "内容自洽；它自带的密钥是不是机构的，未经证实",
        ),
        Outcome::Valid if answer.verdict.checks.iter().any(|c| c.source == Source::MarkList) => (
            "VALID AS SIGNED; NOT OUT OF USE WHEN THE LIST OF MARKS WAS MADE",
            "签名真实，在有效期内；标志清单做出时没有停用，后来的状态没有查",
        ),
        // Never more than was checked: without the register nobody knows whether it was suspended since.
        Outcome::Valid => ("VALID AS SIGNED; PRESENT STATUS NOT ASKED", "签名真实，在有效期内；现在的状态没有查"),
        Outcome::Invalid => ("NOT VALID", "无效"),
        Outcome::Undetermined => ("CANNOT TELL", "无法判断"),
    };
    let about = match &answer.receipt {
        Some(receipt) => receipt::clocks(receipt),
        None if answer.kind == "receipt" => String::new(),
        None => format!("as of {}, ", china_day(answer.verdict.as_of)),
    };
    say(format_args!("{word}  {zh}  ({about}by the keys of {}, offline)", keys.host()))?;
    if in_pdf {
        say(
            "  This is said of the signed file attached to the PDF, 判定的是 PDF 里附的签名文件: what is printed on the paper must agree with what is told here",
        )?;
    }
    if let Some((id, terms)) = &answer.certificate {
        say(format_args!("  certificate  {} ({id})", terms.number))?;
        say(format_args!("  holder       {}  {}", terms.holder.name, terms.holder.uscc))?;
        say(format_args!("  level        {} {}  {}", terms.level.zh(), terms.level.en(), terms.standard))?;
        say(format_args!("  scope        {}", terms.scope))?;
        say(format_args!("  valid        {} to {}", terms.issued_on, terms.valid_until))?;
        say(format_args!("  issued by    {}  {}", terms.body.name, terms.body.approval_number))?;
    }
    if let Some(receipt) = &answer.receipt {
        receipt::text(receipt, keys.host(), &answer.verdict)?;
    }
    if let Some(signed) = &answer.mark {
        let token = signed.token();
        let holder = token.holder().map(|u| u.to_string()).unwrap_or_else(|| "-".into());
        say(format_args!("  mark         {}", token.mark()))?;
        say(format_args!("  level        {} {}", token.level().zh(), token.level().en()))?;
        say(format_args!("  holder       {holder} (unified social credit code)"))?;
        say(format_args!("  valid        until {}", token.expires()))?;
    }
    for check in &answer.verdict.checks {
        let word = match check.result {
            CheckResult::Ok => "ok  ",
            CheckResult::Failed => "FAIL",
            CheckResult::Undetermined => "open",
        };
        say(format_args!("  {word}  {:<13}{} [{}]", check.check.en(), check.message, check.code))?;
    }
    if let Some(receipt) = &answer.receipt
        && open.iter().any(|c| c.code == "key_compromised_later")
    {
        receipt::way_on(receipt, keys.host())?;
    }
    if own_word_only {
        say(format_args!(
            "  Remember the keys of {} once, from a source you trust: starmark trust did.json (or this file, after comparing its keys)",
            keys.host()
        ))?;
    }
    if let (Outcome::Valid, Some((id, _))) = (answer.verdict.verdict, &answer.certificate) {
        say(format_args!("  Its status now is at {}", keys.host().certificate_url(*id)))?;
    }
    if let (Outcome::Valid, Some(signed)) = (answer.verdict.verdict, &answer.mark) {
        say(format_args!("  Its status now is at {}", keys.host().mark_url(signed.token().mark())))?;
    }
    Ok(())
}
