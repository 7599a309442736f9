//! A bundle: all that is needed to tell of one certificate without a server. Its record, the body's keys, the status lists, and
//! every event of its life, proven to be in the public log.

mod read;

use super::certificate::{Finding, Keys, Moment, signature_and_key, status_of};
use super::log::{Evidence, evidence};
use super::verdict::{Check, CheckName, CheckResult, Draft, Source, Verdict};
use super::{offline, status};
use crate::domain::certificate::{Certificate, Step};
use crate::domain::record::Terms;
use crate::domain::{CertificateId, Event, Fact, Refusal, Standing, hex};
use crate::sign::{KeyDocument, KeyId, KeyRecord, OneByOne, Purpose, canonicalize, credential, log_entry};
use jiff::Timestamp;
pub use read::{BUNDLE_TYPE, Bundle, BundleLog};
use serde_json::Value;

/// Whose keys a bundle is held against.
#[derive(Debug, Clone, Copy)]
pub enum Trust<'a> {
    /// Keys the verifier had from elsewhere.
    Given(&'a KeyDocument),
    /// None but those in the bundle: everything then rests on its own word.
    OwnWord,
}

/// Verifies a bundle about the instant `at`.
#[must_use]
pub fn verify_bundle(bytes: &[u8], trust: Trust<'_>, now: Timestamp, at: Timestamp) -> Finding {
    match Bundle::read(bytes) {
        Ok(bundle) => verify_read(&bundle, trust, now, at),
        Err(refusal) => refused(&refusal, at, now),
    }
}

fn refused(refusal: &Refusal, at: Timestamp, now: Timestamp) -> Finding {
    let draft = Draft { name: CheckName::Signature, source: Source::Record, known_at: now };
    let check = draft.failed(refusal.code, "这不是一份可以核验的证书包", refusal.to_string());
    Finding { genuine: None, verdict: Verdict::of(at, None, vec![check]) }
}

/// [`verify_bundle`] of one that is read already.
#[must_use]
pub fn verify_read(bundle: &Bundle, trust: Trust<'_>, now: Timestamp, at: Timestamp) -> Finding {
    let keys = match trust {
        Trust::Given(keys) => keys,
        Trust::OwnWord => &bundle.keys,
    };
    let mut checks = vec![whose_keys(bundle, trust, now)];
    if keys.host() != &bundle.host {
        return Finding { genuine: None, verdict: Verdict::of(at, None, checks) };
    }
    let record = match canonicalize(&bundle.certificate) {
        Ok(record) => record,
        Err(refusal) => return refused(&refusal, at, now),
    };
    let log = match &bundle.log {
        Some(log) => evidence(&log.checkpoint, &log.entries, keys, now),
        None => Evidence::none(now),
    };
    let issue = credential::read(keys.host(), &bundle.certificate).ok();
    let (life, log) = life_of(issue, &record, log, now);
    let recorded_at = life.as_ref().and_then(|l| l.life().first()).map(|s| s.recorded_at);
    let recorded_at = recorded_at.filter(|_| log.result == CheckResult::Ok);
    let (genuine, own) = signature_and_key(&record, Keys::Saved(keys), recorded_at, now, &OneByOne);
    checks.extend(own);
    if let Some((_, terms)) = &genuine {
        checks.push(offline::validity(terms.issued_on, terms.valid_until, at, now));
        checks.push(status_check(terms, life.as_ref(), bundle, keys, at, now));
    }
    checks.push(log);
    let failed = |name| checks.iter().any(|c| c.check == name && c.result == CheckResult::Failed);
    let genuine = genuine.filter(|_| !failed(CheckName::Key) && !failed(CheckName::Log));
    let standing = match (&life, &genuine) {
        (Some(life), Some(_)) => life.standing(at, known_until(life, now)).map(|s| s.standing),
        _ => None,
    };
    Finding { genuine, verdict: Verdict::of(at, standing, checks) }
}

/// Whose word the keys are.
fn whose_keys(bundle: &Bundle, trust: Trust<'_>, now: Timestamp) -> Check {
    let host = &bundle.host;
    let draft = Draft { name: CheckName::Trust, source: Source::Keys, known_at: now };
    match trust {
        Trust::Given(keys) if keys.host() != host => draft.failed(
            "other_host",
            format!("这份文件出自 {host}，手上的密钥是 {} 的", keys.host()),
            format!("it comes from {host}, and the keys at hand are those of {}", keys.host()),
        ),
        Trust::Given(keys) => match leaked_since(keys, &bundle.keys) {
            Some(leaked) => draft.unknown(
                "keys_outdated",
                format!("文件里说密钥 {leaked} 已经泄露，手上的密钥清单还不知道：请重新下载清单再核验"),
                format!("it says that the key {leaked} was compromised, which the keys at hand do not know: fetch the list anew and verify again"),
            ),
            None => draft.ok(
                "keys_given",
                format!("用您手上 {host} 的密钥核验"),
                format!("by the keys of {host} that you had from elsewhere"),
            ),
        },
        Trust::OwnWord => draft.unknown(
            "keys_own_word",
            format!("密钥是文件自带的：是不是 {host} 的，文件自己不能证明"),
            format!("the keys are those in the file: that they are {host}'s, it cannot prove itself"),
        ),
    }
}

/// The first key that the bundle's own list calls compromised earlier than the keys at hand do. Its list is nobody's word, but bad
/// news is cheap to heed.
fn leaked_since(at_hand: &KeyDocument, told: &KeyDocument) -> Option<KeyId> {
    let knows = |id, since| at_hand.keys().iter().any(|k| k.id == id && k.compromised_at.is_some_and(|at| at <= since));
    let in_use = |key: &&KeyRecord| matches!(key.purpose, Purpose::Credential | Purpose::Log);
    let mut told = told.keys().iter().filter(in_use);
    told.find(|key| key.compromised_at.is_some_and(|since| !knows(key.id, since))).map(|key| key.id)
}

/// Until when the life is told: all that the log tells counts, also by a clock that is slow.
fn known_until(life: &Certificate, now: Timestamp) -> Timestamp {
    life.life().last().map_or(now, |newest| newest.recorded_at.max(now))
}

/// The certificate's life as the log's entries tell it, where they are proven and belong to it; and the check of the log.
fn life_of(
    issue: Option<(CertificateId, Terms)>,
    record: &[u8],
    log: Evidence,
    now: Timestamp,
) -> (Option<Certificate>, Check) {
    let Evidence { check, entries } = log;
    let (Some((id, terms)), true) = (issue, check.is_ok()) else { return (None, check) };
    let draft = Draft { name: CheckName::Log, source: Source::Log, known_at: now };
    // Required, as all that the log has to say here.
    let required = |check: Check| (None, Check { required: true, ..check });
    let mismatch = |why: &str| {
        let en = format!("the entries are not its life: {why}");
        required(draft.failed("log_mismatch", "日志里的记录与这份证书不符", en))
    };
    if entries.iter().any(|e| e["subject"] != "certificate" || e["id"] != id.to_string().as_str()) {
        return mismatch("one is of something else");
    }
    let steps = match entries.iter().map(|entry| step(entry, &terms)).collect::<Result<Vec<_>, _>>() {
        Ok(steps) => steps,
        Err(refusal) => {
            let zh = "日志里有本程序的新版本写的内容，这个版本读不懂";
            return required(draft.unknown("recorded_by_newer_version", zh, refusal.to_string()));
        }
    };
    let mut steps = steps.into_iter();
    let Some(issue) = steps.next() else { return mismatch("there are none") };
    match steps.fold(Certificate::begin(id, issue), |life, step| life?.apply(step)) {
        Ok(life) if life.record_sha256() == sha256_hex(record) => (Some(life), check),
        Ok(_) => mismatch("the issue that was logged is of another record"),
        Err(refusal) => mismatch(&refusal.message),
    }
}

/// A step of the life, as an entry tells it.
fn step(entry: &Value, terms: &Terms) -> Result<Step, Refusal> {
    let Event { fact, effective_at, recorded_at, actor } = log_entry::read(entry, Some(terms))?;
    match fact {
        Fact::Certificate { change, .. } => Ok(Step { change, effective_at, recorded_at, actor }),
        _ => Err(Refusal::invalid("bundle_unreadable", "an entry says nothing of a certificate")),
    }
}

fn sha256_hex(bytes: &[u8]) -> String {
    use sha2::Digest as _;
    hex(&sha2::Sha256::digest(bytes))
}

/// How it stands: the lists decide, for entries may have been left out. What the log proves against it counts, with its reason, where
/// the lists say no otherwise, or are older; where they leave it open, it is told as what was known then.
fn status_check(
    terms: &Terms,
    life: Option<&Certificate>,
    bundle: &Bundle,
    keys: &KeyDocument,
    at: Timestamp,
    now: Timestamp,
) -> Check {
    let listed = status::check(terms.status, &bundle.status_lists, keys, at, now);
    let Some((life, newest)) = life.and_then(|life| Some((life, life.life().last()?.recorded_at))) else {
        return listed;
    };
    let known_at = known_until(life, now);
    let proven = Check { known_at: newest.min(now), ..status_of(life, Source::Log, Moment { at, known_at, now }) };
    let step = life.standing(at, known_at).and_then(|found| life.life().get(found.step?));
    match (listed.result, step) {
        _ if proven.result != CheckResult::Failed => corrected_since(listed, life, at),
        // By its dates alone, which no entry changes.
        (_, None) | (CheckResult::Failed, _) => proven,
        // Lists from after that step know of it, and of what came later.
        (CheckResult::Ok, Some(step)) => {
            if listed.known_at < step.recorded_at {
                proven
            } else {
                listed
            }
        }
        (CheckResult::Undetermined, Some(_)) => Check {
            result: CheckResult::Undetermined,
            code: "status_told_before",
            message: format!("{}, by a log that tells until {}; {}", proven.message, proven.known_at, listed.message),
            message_zh: format!("日志到 {} 为止说：{}；{}", proven.known_at, proven.message_zh, listed.message_zh),
            ..proven
        },
    }
}

/// What a list says against it, where the log proves that the very step it told of was taken back after the list's day: the list holds
/// for what was known then, and what else it knew of cannot be told from it.
fn corrected_since(listed: Check, life: &Certificate, at: Timestamp) -> Check {
    let then = life.standing(at, listed.known_at).filter(|then| then.step.is_some()).map(|then| then.standing);
    let told = match listed.code {
        "status_revoked" => matches!(then, Some(Standing::Withdrawn | Standing::Cancelled | Standing::Superseded)),
        "status_suspended" => then == Some(Standing::Suspended),
        _ => false,
    };
    if listed.result != CheckResult::Failed || !told {
        return listed;
    }
    Check {
        result: CheckResult::Undetermined,
        code: "status_corrected_since",
        message: format!("{}, by what was known then; the log has a correction of it from later", listed.message),
        message_zh: format!("{}，这是按当时的登记；日志里有后来的更正", listed.message_zh),
        ..listed
    }
}
