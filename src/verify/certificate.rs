//! A signed certificate: with the keys alone (offline), or with its life from the register.

use super::key::{self, Signed};
use super::offline;
use super::verdict::{Check, CheckName, CheckResult, Draft, Source, Verdict};
use crate::domain::certificate::{Certificate, CertificateChange, SurveillanceOutcome};
use crate::domain::dates::china_day;
use crate::domain::record::Terms;
use crate::domain::scheme::Intervals;
use crate::domain::{CertificateId, Flag, Refusal, Standing};
use crate::sign::{
    KeyDocument, OneByOne, ProofEvidence, ProofFailure, Purpose, SignatureCheck, credential, parse_strict,
    verify_credential_by,
};
use jiff::Timestamp;
use serde_json::Value;

/// When the answer is asked: about which instant, from what was known when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    /// The instant asked about.
    pub at: Timestamp,
    /// What was on record then counts.
    pub known_at: Timestamp,
    /// Now.
    pub now: Timestamp,
}

impl Moment {
    /// About `at`, from all that is known now.
    #[must_use]
    pub const fn at(at: Timestamp, now: Timestamp) -> Self {
        Self { at, known_at: now, now }
    }

    /// The check of what may still change between what was known and the instant asked about; none where that is past.
    pub(super) fn open(&self, draft: &Draft) -> Option<Check> {
        if self.at > self.now {
            return Some(draft.unknown(
                "in_the_future",
                "问的是将来：到时是否有效，现在还不能知道",
                "the question is about the future: whether it will hold then cannot be known now",
            ));
        }
        (self.at > self.known_at).then(|| {
            draft.unknown(
                "later_than_known",
                "问的时间晚于所问的登记时间：按那时登记的内容，还不能知道以后是否有效",
                "the question is about a later time than what is to be known of: whether it would hold could not be known then",
            )
        })
    }
}

/// What a record turned out to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Which certificate it is and what it says; only where its signature holds.
    pub genuine: Option<(CertificateId, Terms)>,
    /// The answer.
    pub verdict: Verdict,
}

/// Verifies a certificate file with the body's keys and nothing else. What happened since it was signed stays open: the
/// `status` check says so, and the verdict does not depend on it. Where status lists are at hand, go on with
/// [`with_lists`](super::status::with_lists).
#[must_use]
pub fn verify_offline(bytes: &[u8], keys: &KeyDocument, now: Timestamp, at: Timestamp) -> Finding {
    verify_offline_by(bytes, keys, now, at, &OneByOne)
}

/// The same; `check` says of the signature.
#[must_use]
pub fn verify_offline_by(
    bytes: &[u8],
    keys: &KeyDocument,
    now: Timestamp,
    at: Timestamp,
    check: &dyn SignatureCheck,
) -> Finding {
    let (read, mut checks) = signature_and_key(bytes, Keys::Saved(keys), None, now, check);
    if let Some((_, terms)) = &read {
        checks.push(validity(terms, at, now));
        checks.push(offline::status_not_asked(at, now));
    }
    let key_holds = !checks.iter().any(|c| c.check == CheckName::Key && c.result == CheckResult::Failed);
    Finding { verdict: Verdict::of(at, None, checks), genuine: read.filter(|_| key_holds) }
}

/// Verifies a certificate's stored record against its life.
#[must_use]
pub fn verify_registered(
    bytes: &[u8],
    life: &Certificate,
    keys: &KeyDocument,
    intervals: &Intervals,
    moment: Moment,
) -> Finding {
    let recorded_at = life.life().first().map(|s| s.recorded_at);
    let (read, mut checks) = signature_and_key(bytes, Keys::Register(keys), recorded_at, moment.now, &OneByOne);
    let same = read.as_ref().is_none_or(|(id, terms)| *id == life.id && terms == life.terms());
    if !same {
        checks.push(Draft { name: CheckName::Signature, source: Source::Register, known_at: moment.now }.failed(
            "record_mismatch",
            "签名文件与登记簿不一致",
            "the signed record is not the one the register speaks of",
        ));
    }
    let standing = life.standing(moment.at, moment.known_at);
    // What cannot be read may have moved the dates, too.
    if life.is_understood(moment.known_at) {
        checks.push(validity(life.terms(), moment.at, moment.now));
    }
    checks.push(status_of(life, Source::Register, moment));
    // What has ended is surveyed no more.
    if let Some(standing) = standing.as_ref().filter(|s| matches!(s.standing, Standing::Valid | Standing::Suspended)) {
        checks.push(surveillance(life, standing.standing, intervals, moment));
    }
    Finding {
        verdict: Verdict::of(moment.at, standing.map(|s| s.standing), checks),
        genuine: if same { read } else { None },
    }
}

pub(super) type Read = Option<(CertificateId, Terms)>;

/// A list of keys, by where it is from.
#[derive(Clone, Copy)]
pub(super) enum Keys<'a> {
    /// The register's own: complete.
    Register(&'a KeyDocument),
    /// One that was saved: it may be older than a key.
    Saved(&'a KeyDocument),
}

/// The checks `signature` and `key`. `recorded_at` is when the record was put on record, where somebody vouches for that.
pub(super) fn signature_and_key(
    bytes: &[u8],
    keys: Keys<'_>,
    recorded_at: Option<Timestamp>,
    now: Timestamp,
    check: &dyn SignatureCheck,
) -> (Read, Vec<Check>) {
    let (keys, complete) = match keys {
        Keys::Register(keys) => (keys, true),
        Keys::Saved(keys) => (keys, false),
    };
    let signature = Draft { name: CheckName::Signature, source: Source::Record, known_at: now };
    let good = |evidence: &ProofEvidence| {
        let id = evidence.key.id;
        vec![
            signature.ok(
                "signature_good",
                format!("证书由本机构用密钥 {id} 签名"),
                format!("the certificate is signed by this body with its key {id}"),
            ),
            key::window(&evidence.key, recorded_at.map_or(Signed::Claimed(evidence.created), Signed::Recorded), now),
        ]
    };
    if let Some((evidence, id, terms)) =
        credential::verify_as_written(keys.host(), bytes, |url| keys.resolve(url), check)
    {
        return (Some((id, terms)), good(&evidence));
    }
    let document = match parse_strict(bytes) {
        Ok(document) => document,
        Err(refusal) => return (None, vec![unreadable(&signature, &refusal)]),
    };
    let evidence = match verify_credential_by(&document, |url| keys.resolve(url), check) {
        Ok(evidence) => evidence,
        Err(ProofFailure::UnknownKey) if !complete && may_be_ours(&document, keys) => {
            return (None, vec![key::unlisted(&signature)]);
        }
        Err(failure) => {
            let zh = "这份文件不是本机构签发的：签名不对";
            return (None, vec![signature.failed(failure.code(), zh, format!("not signed by this body: {failure}"))]);
        }
    };
    match credential::read(keys.host(), &document) {
        Ok(read) => (Some(read), good(&evidence)),
        Err(refusal) => (None, vec![unreadable(&signature, &refusal)]),
    }
}

fn unreadable(signature: &Draft, refusal: &Refusal) -> Check {
    signature.failed(refusal.code, "这不是一份可以核验的证书文件", refusal.to_string())
}

/// Whether the document is all that a certificate of this body is but for its signature, under a key newer than the list.
fn may_be_ours(document: &Value, keys: &KeyDocument) -> bool {
    let key = document["proof"]["verificationMethod"].as_str();
    let issuer = document["issuer"].as_str().or(document["issuer"]["id"].as_str());
    key.is_some_and(|url| keys.may_be_newer(url, Purpose::Credential))
        && issuer == Some(keys.host().did().as_str())
        && credential::read(keys.host(), document).is_ok()
}

fn validity(terms: &Terms, at: Timestamp, now: Timestamp) -> Check {
    offline::validity(terms.issued_on, terms.valid_until, at, now)
}

/// Whether a required answer about standing holds at the moment asked.
pub(super) fn status_of(life: &Certificate, source: Source, moment: Moment) -> Check {
    let draft = Draft { name: CheckName::Status, source, known_at: moment.known_at };
    if !life.is_understood(moment.known_at) {
        return newer(&draft);
    }
    let Some(found) = life.standing(moment.at, moment.known_at) else {
        return draft.unknown(
            "not_on_record_then",
            "那时登记簿上还没有这张证书",
            "at that time the register did not have this certificate yet",
        );
    };
    let since = china_day(found.since);
    let standing = found.standing;
    // A suspension may be lifted, as what is valid may be suspended; what has ended has.
    let may_change = matches!(standing, Standing::Valid | Standing::Suspended);
    if let Some(open) = moment.open(&draft).filter(|_| may_change) {
        return open;
    }
    match standing {
        Standing::Valid => draft.ok("valid", "没有暂停、撤销或注销", "not suspended, withdrawn or cancelled"),
        Standing::NotYetEffective => {
            let from = life.terms().issued_on;
            draft.failed(standing.wire(), format!("{from} 起才生效"), format!("takes effect on {from} only"))
        }
        _ => draft.failed(
            standing.wire(),
            format!("{since} 起{}{}", standing.zh(), reason_zh(life, found.step)),
            format!("{} since {since}{}", standing.en().to_lowercase(), reason_en(life, found.step)),
        ),
    }
}

/// The check of a certificate or mark of which this version cannot read everything.
pub(super) fn newer(draft: &Draft) -> Check {
    draft.unknown(
        "recorded_by_newer_version",
        "登记簿里有本程序的新版本登记的内容，这个版本读不懂，所以无法判断",
        "a newer version of this program recorded something about it that this version cannot read, so it cannot be told",
    )
}

fn reason_zh(life: &Certificate, step: Option<usize>) -> String {
    reason(life, step).map_or(String::new(), |(zh, _)| format!("：{zh}"))
}

fn reason_en(life: &Certificate, step: Option<usize>) -> String {
    reason(life, step).map_or(String::new(), |(_, en)| format!(": {en}"))
}

/// The reason a step gives, (中文, English).
#[must_use]
pub fn reason(life: &Certificate, step: Option<usize>) -> Option<(&'static str, &'static str)> {
    match &life.life().get(step?)?.change {
        CertificateChange::Suspended { reason, .. } => Some((reason.zh(), reason.en())),
        CertificateChange::Withdrawn { reason } => Some((reason.zh(), reason.en())),
        CertificateChange::Cancelled { reason } => Some((reason.zh(), reason.en())),
        CertificateChange::Superseded { reason, .. } => Some((reason.zh(), reason.en())),
        CertificateChange::Issued { .. }
        | CertificateChange::Surveyed { .. }
        | CertificateChange::Reinstated { .. }
        | CertificateChange::Corrected { .. }
        | CertificateChange::NotUnderstood(_) => None,
    }
}

fn surveillance(life: &Certificate, standing: Standing, intervals: &Intervals, moment: Moment) -> Check {
    let draft = Draft { name: CheckName::Surveillance, source: Source::Register, known_at: moment.known_at };
    let due = life.surveillance_due(moment.known_at);
    // Of a day to come nobody knows whether surveillance will have been done.
    let day = china_day(moment.at.min(moment.now));
    let flags = life.flags(standing, day, moment.known_at, intervals);
    if flags.contains(&Flag::SurveillanceOverdue) {
        return draft.failed(
            "surveillance_overdue",
            format!("应在 {due} 前完成，已逾期"),
            format!("was due by {due}: overdue"),
        );
    }
    if let Some((on, SurveillanceOutcome::Failed)) = life.surveillances(moment.known_at).last() {
        return draft.failed(
            "surveillance_failed",
            format!("{on} 的监督审查未通过，等待处理"),
            format!("the surveillance of {on} was not passed; a decision is due"),
        );
    }
    if life.awaits_surveillance(moment.known_at).is_none() {
        return draft.ok("recertified", "再认证已完成", "recertified");
    }
    if flags.contains(&Flag::SurveillanceDue) {
        return draft.ok("surveillance_due", format!("{due} 前应完成"), format!("due by {due}"));
    }
    draft.ok("surveillance_met", format!("下次在 {due} 前"), format!("next by {due}"))
}
