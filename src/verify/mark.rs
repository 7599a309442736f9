//! A scanned mark: its code against the body's keys (offline), or against its licence and certificate in the register.

use super::certificate::{Moment, newer, verify_registered};
use super::key::{self, Signed};
use super::verdict::{Check, CheckName, CheckResult, Draft, Source, Verdict};
use super::{mark_list, offline};
use crate::domain::dates::china_day;
use crate::domain::ids::ID_DIGITS;
use crate::domain::mark_licence::{MarkChange, MarkLicence, MarkState};
use crate::domain::record::Terms;
use crate::domain::scheme::Intervals;
use crate::domain::{Certificate, CertificateId, Host, MarkId, Refusal, Standing};
use crate::mark::payload::SignedToken;
use crate::mark::payload::TOKEN_DIGITS;
use crate::mark::text::{INCOMPLETE, MarkText, ScannedUrl, Scheme};
use crate::sign::{KeyDocument, KeyRecord, MarkList, Purpose, verify_raw};
use jiff::Timestamp;

/// What an offline look at a mark gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The signed claims; only where the signature holds and its key was the body's own at that time.
    pub genuine: Option<SignedToken>,
    /// The answer.
    pub verdict: Verdict,
}

/// Verifies the text of a mark's code, a link, or its bare digits, with the body's keys, a list of marks where one was kept, and
/// nothing else.
///
/// A link mark (16 digits) carries no signature, so nothing can be told of it unless it is listed. Of a signed mark everything but what
/// happened since is settled; the `status` check says so, and the verdict does not depend on it unless the list tells against it.
#[must_use]
pub fn verify_offline(
    text: &str,
    keys: &KeyDocument,
    list: Option<&MarkList>,
    now: Timestamp,
    at: Timestamp,
) -> Finding {
    let mark = Draft { name: CheckName::Mark, source: Source::Record, known_at: now };
    let end = |check: Check| Finding { genuine: None, verdict: Verdict::of(at, None, vec![check]) };
    let digits = match digits_of(text, keys.host()) {
        Ok(digits) => digits,
        Err((code, zh, en)) => return end(mark.failed(code, zh, en)),
    };
    let listed = |id| list.and_then(|list| mark_list::check(list, id, at, now));
    match MarkText::parse(digits) {
        Err(refusal) => end(unread(digits, &refusal, now)),
        Ok(MarkText::Link(id)) => end(listed(id).filter(|check| check.required).unwrap_or_else(|| {
            mark.unknown(
                "link_mark",
                format!("这是短码 {id}，没有签名，离线无法判断；请联网查询"),
                format!("this is the short code {id}: it carries no signature, so it can be checked online only"),
            )
        })),
        Ok(MarkText::Signed(token)) => {
            let (signed, mut checks) = token_checks(&token, keys, KeyList::Saved, None, (at, now));
            if let Some(status) = listed(token.token().mark()).filter(|_| signed) {
                checks.retain(|c| c.check != CheckName::Status);
                checks.push(status);
            }
            // Under a key that was not the body's own at that time anybody may have signed.
            let genuine =
                signed && !checks.iter().any(|c| c.check == CheckName::Key && c.result == CheckResult::Failed);
            Finding { genuine: genuine.then_some(token), verdict: Verdict::of(at, None, checks) }
        }
    }
}

/// Hosts that can only be this machine: a code that leads there misleads nobody.
const LOOPBACK: [&str; 2] = ["127.0.0.1", "localhost"];

fn digits_of<'t>(text: &'t str, host: &Host) -> Result<&'t str, (&'static str, String, String)> {
    let text = text.trim();
    if !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()) {
        return Ok(text);
    }
    let url = ScannedUrl::parse(text).map_err(|r| (r.code, "这不是标志的网址".to_owned(), r.to_string()))?;
    let name = url.host.split(':').next().unwrap_or_default();
    if LOOPBACK.contains(&name) || (url.scheme == Scheme::Https && url.host == host.as_str()) {
        return Ok(url.digits);
    }
    Err((
        "foreign_host",
        format!("这个码指向 {}，不是本机构的 https://{host}", url.host),
        format!("this code leads to {}, not to this body's https://{host}", url.host),
    ))
}

/// Whether a list of keys is known to be complete.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum KeyList {
    /// The register's own.
    Complete,
    /// A copy somebody saved: a newer key may be missing.
    Saved,
}

/// Checks of a token by itself; the first tells whether it is genuine. Without a time of record its own day counts.
fn token_checks(
    token: &SignedToken,
    keys: &KeyDocument,
    list: KeyList,
    recorded_at: Option<Timestamp>,
    (at, now): (Timestamp, Timestamp),
) -> (bool, Vec<Check>) {
    let signature = Draft { name: CheckName::Signature, source: Source::Record, known_at: now };
    let hinted = keys.by_hint(Purpose::Mark, token.token().key_hint().to_bytes()).next().is_some();
    if list == KeyList::Saved && !hinted {
        return (false, vec![key::unlisted(&signature)]);
    }
    let Some(key) = signer_of(token, keys) else {
        let check = signature.failed(
            "mark_signature_bad",
            "不是用本机构的标志密钥签的",
            "not signed with a mark key of this body",
        );
        return (false, vec![check]);
    };
    let mut checks = vec![
        signature.ok(
            "signature_good",
            format!("标志的码由本机构用密钥 {} 签名", key.id),
            format!("the mark's code is signed by this body with its key {}", key.id),
        ),
        key::window(key, recorded_at.map_or(Signed::OnDay(token.token().issued()), Signed::Recorded), now),
        offline::validity(token.token().issued(), token.token().expires(), at, now),
    ];
    if token.token().is_test() {
        checks.push(Draft { name: CheckName::Mark, source: Source::Record, known_at: now }.failed(
            "test_mark",
            "这是样标，不代表任何许可",
            "this is a specimen: it licenses nothing",
        ));
    }
    checks.push(offline::status_not_asked(at, now));
    (true, checks)
}

/// The listed mark key that signed this token: each with its hint is tried.
fn signer_of<'k>(token: &SignedToken, keys: &'k KeyDocument) -> Option<&'k KeyRecord> {
    let message = token.token().signing_input(keys.host());
    let hint = token.token().key_hint().to_bytes();
    keys.by_hint(Purpose::Mark, hint).find(|k| verify_raw(&k.public, &message, token.signature()).is_ok())
}

/// The answer about digits that are no mark's: `undetermined` where they were cut short or mistyped.
#[must_use]
pub fn unreadable(digits: &str, refusal: &Refusal, moment: Moment) -> Verdict {
    Verdict::of(moment.at, None, vec![unread(digits, refusal, moment.now)])
}

fn unread(digits: &str, refusal: &Refusal, now: Timestamp) -> Check {
    let draft = Draft { name: CheckName::Mark, source: Source::Record, known_at: now };
    if refusal.code != INCOMPLETE {
        return draft.failed(refusal.code, "这不是本机构标志的编码", refusal.to_string());
    }
    let count = digits.chars().count();
    let (zh, en) = if !digits.bytes().all(|b| b.is_ascii_digit()) {
        ("这个码里有不是数字的字符".to_owned(), "this code holds something else than digits".to_owned())
    } else if count == ID_DIGITS {
        (format!("这 {ID_DIGITS} 位数字里至少有一位不对"), format!("at least one of these {ID_DIGITS} digits is wrong"))
    } else {
        (
            format!("标志的码有 {ID_DIGITS} 位或 {TOKEN_DIGITS} 位数字，这里是 {count} 位"),
            format!("a mark's code has {ID_DIGITS} or {TOKEN_DIGITS} digits, this one has {count}"),
        )
    };
    draft.unknown(refusal.code, zh, en)
}

/// The check of a mark that no register knows: it accuses nobody.
#[must_use]
pub fn not_on_record(id: MarkId, moment: Moment) -> Check {
    Draft { name: CheckName::Mark, source: Source::Register, known_at: moment.known_at }.unknown(
        "no_such_mark",
        format!("登记簿上没有标志 {id}"),
        format!("there is no mark {id} on record"),
    )
}

/// The check of a code that the register never approved, under a key that leaked: the register holds every code it ever
/// approved, so somebody else made this one.
#[must_use]
pub fn not_approved(id: MarkId, moment: Moment) -> Check {
    Draft { name: CheckName::Mark, source: Source::Register, known_at: moment.known_at }.failed(
        "mark_not_approved",
        format!("登记簿从未许可过标志 {id}，而签它的密钥已经泄露"),
        format!("the register never licensed a mark {id}, and the key that signed it has leaked"),
    )
}

/// A licence and its certificate as the register has them.
#[derive(Debug, Clone, Copy)]
pub struct Registered<'r> {
    /// The licence.
    pub licence: &'r MarkLicence,
    /// Its certificate.
    pub certificate: &'r Certificate,
    /// The certificate's signed record.
    pub record: &'r [u8],
}

/// What the register says of a mark.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegisteredFinding {
    /// The answer: the worse of certificate and licence.
    pub verdict: Verdict,
    /// The certificate, where its record is genuine.
    pub genuine: Option<(CertificateId, Terms)>,
    /// State of the licence and since when.
    pub licence: Option<(MarkState, Timestamp)>,
}

/// Whether the code itself is the body's: for a signed code its signature and key; a link code claims nothing. `recorded_at`
/// is when the register took this very code on record, if it did.
#[must_use]
pub fn code_checks(
    text: &MarkText,
    keys: &KeyDocument,
    recorded_at: Option<Timestamp>,
    now: Timestamp,
) -> (bool, Vec<Check>) {
    match text {
        MarkText::Link(_) => (true, vec![]),
        MarkText::Signed(token) => {
            let (genuine, mut checks) = token_checks(token, keys, KeyList::Complete, recorded_at, (now, now));
            // With a register at hand the licence's own dates and states decide, not the code's copy of them.
            checks.retain(|c| {
                matches!(c.check, CheckName::Signature | CheckName::Mark) || (c.check == CheckName::Key && !c.is_ok())
            });
            (genuine, checks)
        }
    }
}

/// Verifies a scanned mark against the register.
#[must_use]
pub fn verify_registered_mark(
    text: &MarkText,
    found: Registered<'_>,
    keys: &KeyDocument,
    intervals: &Intervals,
    moment: Moment,
) -> RegisteredFinding {
    let (_, mut checks) = code_checks(text, keys, granted_at(text, found.licence), moment.now);
    checks.extend(claims_match(text, found, moment.now));
    let certificate = verify_registered(found.record, found.certificate, keys, intervals, moment);
    let licence = found.licence.state_at(moment.at, moment.known_at);
    checks.push(licence_check(found.licence, licence, moment));
    // A signed code shows its own signature first; the record's signature stands behind it.
    checks.extend(certificate.verdict.checks);
    let standing = worst(certificate.verdict.standing, licence.map(|(state, _)| state));
    RegisteredFinding { verdict: Verdict::of(moment.at, standing, checks), genuine: certificate.genuine, licence }
}

/// When the register took this very code on record.
fn granted_at(text: &MarkText, licence: &MarkLicence) -> Option<Timestamp> {
    let scanned = text.digits();
    licence.life().iter().find_map(|s| match &s.change {
        MarkChange::Approved { digits } if *digits == scanned => Some(s.recorded_at),
        _ => None,
    })
}

/// A signed code must claim what the register has licensed: another level or holder under a genuine signature means that
/// the register, or the key, is not to be trusted.
fn claims_match(text: &MarkText, found: Registered<'_>, now: Timestamp) -> Option<Check> {
    let MarkText::Signed(signed) = text else { return None };
    let token = signed.token();
    let terms = found.licence.terms();
    let same = token.level() == terms.level
        && token.holder() == Some(found.certificate.terms().holder.uscc)
        && token.expires() == terms.valid_until
        && found.licence.digits() == Some(text.digits().as_str());
    (!same).then(|| {
        Draft { name: CheckName::Mark, source: Source::Register, known_at: now }.failed(
            "mark_mismatch",
            "码里写的与登记的许可不一致",
            "the code does not say what the register has licensed",
        )
    })
}

fn licence_check(licence: &MarkLicence, state: Option<(MarkState, Timestamp)>, moment: Moment) -> Check {
    let draft = Draft { name: CheckName::Mark, source: Source::Register, known_at: moment.known_at };
    let medium = licence.terms().medium;
    let Some((state, since)) = state else {
        return draft.unknown(
            "mark_not_on_record_then",
            "那时还没有这个标志许可",
            "at that time the mark was not on record yet",
        );
    };
    let since = china_day(since);
    if let Some(open) = moment.open(&draft).filter(|_| state.is_open() && state != MarkState::Requested) {
        return open;
    }
    match state {
        MarkState::Active => draft.ok(
            "mark_licensed",
            format!("许可用于{}", medium.zh()),
            format!("licensed for use on {}", medium.en()),
        ),
        // The licence stands, and whether this copy of the mark is used under it is the very question.
        MarkState::UnderInvestigation => draft.unknown(
            "mark_under_investigation",
            format!("{since} 起，发证机构在调查这个标志是否被冒用"),
            format!("since {since} the certification body has been looking into reports that this mark is misused"),
        ),
        MarkState::Requested => draft.failed("mark_requested", "已申请，尚未许可", "asked for, not licensed yet"),
        MarkState::Refused => draft.failed("mark_refused", "申请未获许可", "the licence was refused"),
        MarkState::Frozen => draft.failed("mark_frozen", format!("{since} 起停用"), format!("frozen since {since}")),
        MarkState::Ended => {
            draft.failed("mark_ended", format!("许可已于 {since} 终止"), format!("the licence ended on {since}"))
        }
        MarkState::Replaced => draft.failed(
            "mark_replaced",
            format!("{since} 起由新标志取代"),
            format!("replaced by a new mark since {since}"),
        ),
        MarkState::Revoked => {
            draft.failed("mark_revoked", format!("{since} 起撤销许可"), format!("revoked since {since}"))
        }
        MarkState::NotUnderstood => newer(&draft),
    }
}

/// Public result of a mark: the worse of its certificate's standing and its licence's state. Of a licence that is not in the
/// register yet nothing better is known than that its certificate does not hold.
fn worst(certificate: Option<Standing>, licence: Option<MarkState>) -> Option<Standing> {
    let Some(licence) = licence else { return certificate.filter(|s| *s != Standing::Valid) };
    let by_licence = match licence {
        MarkState::Active => Standing::Valid,
        MarkState::Requested => Standing::NotYetEffective,
        MarkState::Frozen => Standing::Suspended,
        MarkState::Replaced => Standing::Superseded,
        MarkState::Revoked | MarkState::Refused => Standing::Withdrawn,
        // It ended with its certificate, whose own word says how; by itself it has run out.
        MarkState::Ended => Standing::Expired,
        // What its certificate has come to holds for it; that it is valid is for the verdict to say.
        MarkState::UnderInvestigation | MarkState::NotUnderstood => Standing::Valid,
    };
    Some(certificate?.min(by_licence))
}
