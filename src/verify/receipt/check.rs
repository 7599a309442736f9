//! Verifying a receipt with the body's keys and nothing else.

use super::{ANSWERS_MAX, ASKED_MAX, Answer, EXPECTED_MAX, REFERENCE_MAX, Receipt, not_a_receipt, parse};
use crate::domain::dates::{add_days, day_start};
use crate::domain::written::seen;
use crate::domain::{Refusal, Standing};
use crate::sign::{KeyDocument, ProofFailure, Purpose, verify_for};
use crate::verify::key::{self, Signed};
use crate::verify::log::{Evidence, ProvenEntry, evidence};
use crate::verify::verdict::{Check, CheckName, CheckResult, Draft, Outcome, Source, Verdict};
use jiff::Timestamp;
use std::collections::BTreeSet;

/// Longest message, code or standard in a receipt, in characters.
const MESSAGE_MAX: usize = 2_000;
/// Checks without which no answer is "valid".
const NEEDED: [&str; 4] = ["signature", "key", "validity", "status"];

/// What a receipt turned out to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What it says; only where its signature holds, its key did not fail, and it holds together.
    pub genuine: Option<Receipt>,
    /// Whether it is genuine: `valid` says that the body answered so then, and nothing of any certificate now.
    pub verdict: Verdict,
}

/// Verifies a receipt with the body's keys and nothing else. `now` counts for times that still lie ahead only.
#[must_use]
pub fn verify_offline(bytes: &[u8], keys: &KeyDocument, now: Timestamp) -> Finding {
    let (read, checks) = checks(bytes, keys, now);
    let as_of = read.as_ref().map_or(now, |r| r.as_of);
    let verdict = Verdict::of(as_of, None, checks);
    let genuine = read.filter(|_| verdict.verdict != Outcome::Invalid);
    Finding { genuine, verdict }
}

fn checks(bytes: &[u8], keys: &KeyDocument, now: Timestamp) -> (Option<Receipt>, Vec<Check>) {
    let signature = Draft { name: CheckName::Signature, source: Source::Record, known_at: now };
    let document = match parse(bytes) {
        Ok(document) => document,
        Err(refusal) => {
            let zh = "这不是一份可以核验的回执文件";
            return (None, vec![signature.failed(refusal.code, zh, refusal.to_string())]);
        }
    };
    let evidence = match verify_for(Purpose::Receipt, &document, |url| keys.resolve(url)) {
        Ok(evidence) => evidence,
        Err(ProofFailure::UnknownKey) if may_be_ours(&document, keys) => {
            return (None, vec![key::unlisted(&signature)]);
        }
        Err(failure) => {
            let zh = "这份回执不是本机构签发的，或者签发后被改动过：签名不对";
            let en = format!("not signed by this body, or changed since: {failure}");
            return (None, vec![signature.failed(failure.code(), zh, en)]);
        }
    };
    let mut checks = vec![signature.ok(
        "signature_good",
        format!("回执由本机构用密钥 {} 签名", evidence.key.id),
        format!("the receipt is signed by this body with its key {}", evidence.key.id),
    )];
    let content = Draft { name: CheckName::Receipt, source: Source::Record, known_at: now };
    let read = Receipt::read(keys.host(), &document).and_then(|read| well_formed(&read).map(|()| read));
    let read = match read {
        Ok(read) => read,
        Err(refusal) => {
            let zh = "签名正确，但内容读不懂";
            let result = match refusal.code {
                "receipt_newer" => CheckResult::Undetermined,
                _ => CheckResult::Failed,
            };
            checks.push(content.end(result, refusal.code, zh, refusal.to_string()));
            return (None, checks);
        }
    };
    checks.push(key::window(&evidence.key, Signed::Claimed(read.made_at), now));
    match holds_together(&read, evidence.created) {
        Ok(()) => {
            let (zh, en) = ("回执的内容前后一致", "what the receipt says holds together");
            checks.push(content.ok("receipt_consistent", zh, en));
            checks.push(log(&read, keys, now));
            (Some(read), checks)
        }
        Err(refusal) => {
            let zh = "签名正确，但内容自相矛盾";
            checks.push(content.failed(refusal.code, zh, refusal.to_string()));
            (None, checks)
        }
    }
}

/// What the log's proofs in it come to. That there are none, or that nobody can tell, speaks against nothing: the body's word
/// stands by its own signature.
fn log(receipt: &Receipt, keys: &KeyDocument, now: Timestamp) -> Check {
    let (mut proven, mut leaves, mut answers) = (None, BTreeSet::new(), 0);
    for answer in &receipt.answers {
        let (Some(log), Some(head)) = (&answer.log, &receipt.log) else {
            if answer.log.is_some() {
                return mismatch(now, "proofs without a checkpoint");
            }
            continue;
        };
        let (record, newest) = (&log.record, &log.newest);
        let both = [record.clone(), newest.clone()];
        let entries = if record == newest { &both[..1] } else { &both[..] };
        let found = evidence(&head.checkpoint, entries, keys, now).check;
        if !found.is_ok() {
            return Check { required: found.result == CheckResult::Failed, ..found };
        }
        let id = answer.certificate.as_ref().map(|c| c.id.to_string());
        let of = |e: &ProvenEntry| e.entry["subject"] == "certificate" && e.entry["id"].as_str() == id.as_deref();
        let digest = answer.certificate.as_ref().map(|c| c.record_sha256.as_str());
        let issue = record.entry["change"] == "issued" && record.entry["record_sha256"].as_str() == digest;
        if !(id.is_some() && of(record) && of(newest) && issue) {
            return mismatch(now, "the entries are not those of its certificates");
        }
        proven = Some(found);
        answers += 1;
        leaves.extend([record.index, newest.index]);
    }
    let Some(found) = proven else { return Check { required: false, ..Evidence::none(now).check } };
    let (leaves, all) = (leaves.len(), receipt.answers.len());
    Check {
        message_zh: format!("{all} 项回答中 {answers} 项有证明：{leaves} 条记录都在公开日志里"),
        message: format!("{answers} of {all} answers are proven: {leaves} entries are in the public log"),
        ..found
    }
}

fn mismatch(now: Timestamp, why: &str) -> Check {
    let draft = Draft { name: CheckName::Log, source: Source::Log, known_at: now };
    let check =
        draft.failed("log_mismatch", "日志里的记录与这份回执不符", format!("the log speaks of something else: {why}"));
    Check { required: true, ..check }
}

/// Whether the document is all that a receipt of this body is but for its signature, under a key newer than the list.
fn may_be_ours(document: &serde_json::Value, keys: &KeyDocument) -> bool {
    let key = document["proof"]["verificationMethod"].as_str();
    key.is_some_and(|url| keys.may_be_newer(url, Purpose::Receipt))
        && document["issuer"].as_str() == Some(keys.host().did().as_str())
        && Receipt::read(keys.host(), document).is_ok_and(|read| well_formed(&read).is_ok())
}

/// Refuses what is beyond the bounds of a receipt, or reads otherwise than it is written.
fn well_formed(receipt: &Receipt) -> Result<(), Refusal> {
    if !(1..=ANSWERS_MAX).contains(&receipt.answers.len()) {
        return Err(not_a_receipt(&format!("it has 1 to {ANSWERS_MAX} answers")));
    }
    if let Some(reference) = &receipt.reference {
        is_text(reference, REFERENCE_MAX).map_err(|r| r.under("/reference"))?;
    }
    let mut answers = receipt.answers.iter().enumerate();
    answers.try_for_each(|(i, answer)| texts(answer).map_err(|r| r.under(&format!("/answers/{i}"))))
}

/// Refuses what no version of this program would sign.
fn holds_together(receipt: &Receipt, created: Timestamp) -> Result<(), Refusal> {
    let Receipt { made_at, known_at, .. } = *receipt;
    if created.as_second() != made_at.as_second() || known_at > made_at {
        return Err(contradiction("receipt_times_wrong", "its times cannot be true together"));
    }
    for (i, answer) in receipt.answers.iter().enumerate() {
        let at = |r: Refusal| r.under(&format!("/answers/{i}"));
        verdict(answer, receipt).and_then(|()| comparison(answer)).map_err(at)?;
    }
    if Receipt::differing(&receipt.answers) != receipt.differences {
        return Err(contradiction("receipt_comparison_wrong", "differences is not the number of what differs"));
    }
    Ok(())
}

fn contradiction(code: &'static str, why: &'static str) -> Refusal {
    Refusal::invalid(code, why)
}

/// A text as it is shown, neither empty nor too long.
fn is_text(text: &str, longest: usize) -> Result<(), Refusal> {
    if text.is_empty() || text.chars().count() > longest || seen(text) != text {
        return Err(not_a_receipt("a text is empty, too long, or holds what cannot be seen"));
    }
    Ok(())
}

fn texts(answer: &Answer) -> Result<(), Refusal> {
    is_text(&answer.asked, ASKED_MAX)?;
    for check in &answer.checks {
        let names = [&check.check, &check.code, &check.source];
        let mut all = names.into_iter().chain([&check.message, &check.message_zh]);
        all.try_for_each(|text| is_text(text, MESSAGE_MAX))?;
        let is_name = |t: &str| t.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
        if !names.into_iter().all(|name| is_name(name)) {
            return Err(not_a_receipt("a check, code or source is not in snake_case"));
        }
    }
    for compared in &answer.comparison {
        is_text(&compared.expected, EXPECTED_MAX)?;
    }
    if let Some(certificate) = &answer.certificate {
        is_text(&certificate.standard, MESSAGE_MAX)?;
        let digest = &certificate.record_sha256;
        if digest.len() != 64 || !digest.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')) {
            return Err(not_a_receipt("record_sha256 is not 64 lower-case hexadecimal digits"));
        }
    }
    Ok(())
}

/// The verdict is what the checks make of it, and "valid" rests on all that it needs.
fn verdict(answer: &Answer, receipt: &Receipt) -> Result<(), Refusal> {
    let Receipt { made_at, as_of, known_at, .. } = *receipt;
    let wrong = |why| Err(contradiction("receipt_verdict_wrong", why));
    let valid = answer.verdict == Outcome::Valid;
    if answer.verdict != Outcome::of(answer.checks.iter().map(|c| (c.required, c.result))) {
        return wrong("a verdict is not what its checks make of it");
    }
    if valid != (answer.standing == Some(Standing::Valid)) {
        return wrong("a verdict and its standing contradict each other");
    }
    if answer.checks.iter().any(|c| c.known_at > made_at) {
        return Err(contradiction("receipt_times_wrong", "a check knows of a time after the receipt was made"));
    }
    if !valid {
        return Ok(());
    }
    let Some(certificate) = &answer.certificate else { return wrong("what is valid has no certificate") };
    let required = |name: &str| answer.checks.iter().any(|c| c.required && c.check == name);
    if !NEEDED.into_iter().all(required) {
        return wrong("a certificate is called valid without a check it needs");
    }
    let within = day_start(certificate.issued_on) <= as_of && as_of < day_start(add_days(certificate.valid_until, 1));
    if !within || as_of > known_at {
        return wrong("a certificate is called valid outside its dates, or at a time of which nothing was known");
    }
    Ok(())
}

/// What was found is what the certificate says. Whether two texts fold alike is the register's word: how texts are folded may
/// be refined, and a receipt must outlive that.
fn comparison(answer: &Answer) -> Result<(), Refusal> {
    let wrong = |why| Err(contradiction("receipt_comparison_wrong", why));
    let fields: BTreeSet<_> = answer.comparison.iter().map(|c| c.field).collect();
    if fields.len() != answer.comparison.len() {
        return wrong("a field is compared twice");
    }
    for compared in &answer.comparison {
        if compared.found != answer.certificate.as_ref().map(|c| c.told(compared.field)) {
            return wrong("a comparison was not made with the certificate of its answer");
        }
        let equal = compared.found.as_ref() == Some(&compared.expected);
        if compared.same && compared.found.is_none() || equal && !compared.same {
            return wrong("a comparison is not what its two texts make of it");
        }
    }
    Ok(())
}

/// The one check of a certificate that is not on record: it is not valid, and nobody is accused.
#[must_use]
pub fn no_such_certificate(known_at: Timestamp) -> Check {
    Draft { name: CheckName::Status, source: Source::Register, known_at }.unknown(
        "no_such_certificate",
        "登记簿里没有查到：请核对编号，写的是名称就改写编号或信用代码",
        "nothing is on record under what was asked: check that the number was written right",
    )
}
