//! A bundle: all that is needed to tell of one certificate without a server. Its record, the body's keys, the status lists, and
//! every event of its life, proven to be in the public log.

mod read;

use super::certificate::{Finding, Keys, Moment, signature_and_key, status_of};
use super::log::{Evidence, evidence};
use super::verdict::{Check, CheckName, CheckResult, Draft, Source, Verdict};
use super::{offline, status};
use crate::domain::certificate::{Certificate, Step};
use crate::domain::record::Terms;
use crate::domain::{CertificateId, Fact, Host, Refusal, Standing};
use crate::sign::{KeyDocument, canonicalize, credential, log_entry};
use jiff::Timestamp;
pub use read::{BUNDLE_TYPE, Bundle, BundleLog};

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
    let mut checks = vec![whose_keys(&bundle.host, trust, now)];
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
    let (genuine, own) = signature_and_key(&record, Keys::Saved(keys), recorded_at, now);
    checks.extend(own);
    if let Some((_, terms)) = &genuine {
        checks.push(offline::validity(terms.issued_on, terms.valid_until, at, now));
        checks.push(status_check(terms, life.as_ref(), bundle, keys, at, now));
    }
    checks.push(log);
    let failed = |name| checks.iter().any(|c| c.check == name && c.result == CheckResult::Failed);
    let genuine = genuine.filter(|_| !failed(CheckName::Key) && !failed(CheckName::Log));
    let standing = match (&life, &genuine) {
        (Some(life), Some(_)) => life.standing(at, now).map(|s| s.standing),
        _ => None,
    };
    Finding { genuine, verdict: Verdict::of(at, standing, checks) }
}

/// Whose word the keys are.
fn whose_keys(host: &Host, trust: Trust<'_>, now: Timestamp) -> Check {
    let draft = Draft { name: CheckName::Trust, source: Source::Keys, known_at: now };
    match trust {
        Trust::Given(keys) if keys.host() != host => draft.failed(
            "other_host",
            format!("这份文件出自 {host}，手上的密钥是 {} 的", keys.host()),
            format!("it comes from {host}, and the keys at hand are those of {}", keys.host()),
        ),
        Trust::Given(_) => draft.ok(
            "keys_given",
            format!("用您手上 {host} 的密钥核验"),
            format!("by the keys of {host} that you had from elsewhere"),
        ),
        Trust::OwnWord => draft.unknown(
            "keys_own_word",
            format!("密钥是文件自带的：是不是 {host} 的，文件自己不能证明"),
            format!("the keys are those in the file: that they are {host}'s, it cannot prove itself"),
        ),
    }
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
    let mismatch = |why: String| {
        let en = format!("the entries are not its life: {why}");
        required(draft.failed("log_mismatch", "日志里的记录与这份证书不符", en))
    };
    let mut life: Option<Certificate> = None;
    for entry in &entries {
        if entry["subject"] != "certificate" || entry["id"] != id.to_string().as_str() {
            return mismatch("one is of something else".into());
        }
        let event = match log_entry::read(entry, Some(&terms)) {
            Ok(event) => event,
            Err(refusal) => {
                let zh = "日志里有本程序的新版本写的内容，这个版本读不懂";
                return required(draft.unknown("recorded_by_newer_version", zh, refusal.to_string()));
            }
        };
        let Fact::Certificate { change, .. } = event.fact else { return mismatch("one is of something else".into()) };
        let (effective_at, recorded_at, actor) = (event.effective_at, event.recorded_at, event.actor);
        let step = Step { change, effective_at, recorded_at, actor };
        let next = match life.take() {
            None => Certificate::begin(id, step),
            Some(life) => life.apply(step),
        };
        match next {
            Ok(next) => life = Some(next),
            Err(refusal) => return mismatch(refusal.message.into_owned()),
        }
    }
    match life {
        Some(life) if life.record_sha256() == sha256_hex(record) => (Some(life), check),
        Some(_) => mismatch("the issue that was logged is of another record".into()),
        None => mismatch("there are none".into()),
    }
}

fn sha256_hex(bytes: &[u8]) -> String {
    use sha2::Digest as _;
    sha2::Sha256::digest(bytes).iter().map(|b| format!("{b:02x}")).collect()
}

/// How it stands. Lists that are of a later time than all the log tells decide. Else what the log proves against it counts, and
/// that nothing speaks against it only the lists say; but a suspension may have been lifted after the last that the log tells.
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
    let proven = status_of(life, Source::Log, Moment { at, known_at: now, now });
    let proven = Check { known_at: newest.min(now), ..proven };
    let counts = match listed.result {
        _ if proven.result != CheckResult::Failed => false,
        CheckResult::Ok => listed.known_at < newest,
        CheckResult::Failed => true,
        CheckResult::Undetermined => {
            let suspended = life.standing(at, now).is_some_and(|s| s.standing == Standing::Suspended);
            !suspended || at <= newest
        }
    };
    if counts { proven } else { listed }
}
