//! JSON shapes of the API, and the addresses in them.

use super::log::CertificateLogBody;
use super::stamp::instant;
use crate::domain::certificate::{CertificateChange, Step};
use crate::domain::dates::china_day;
use crate::domain::{Certificate, CertificateId, Flag, Host, MarkLicence, Standing};
use crate::service::asking::Question;
use crate::service::log::Proven;
use crate::service::lookup::{CertificateAnswer, FoundMark, MarkAnswer};
use crate::verify::Verdict;
use crate::verify::certificate::reason;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;

/// Where the pages of this service are reached; the demo serves another address than the one in its codes.
#[derive(Debug, Clone)]
pub struct Links {
    /// e.g. `https://xb.example.cn`, without a slash at its end.
    pub base: String,
    /// The verification host in codes and records.
    pub host: Host,
}

impl Links {
    /// Host and port the pages are reached at.
    #[must_use]
    pub fn authority(&self) -> &str {
        self.base.split_once("://").map_or(&self.base, |(_, authority)| authority)
    }

    /// A certificate's page.
    #[must_use]
    pub fn page(&self, id: CertificateId) -> String {
        format!("{}/c/{id}", self.base)
    }

    /// A certificate's verdict.
    #[must_use]
    pub fn api(&self, id: CertificateId) -> String {
        format!("{}/api/v1/certificates/{id}", self.base)
    }

    /// An entry of the public log.
    #[must_use]
    pub fn log_entry(&self, leaf: u64) -> String {
        format!("{}/api/v1/log/entries/{leaf}", self.base)
    }

    /// A mark's page, by its digits.
    #[must_use]
    pub fn mark(&self, digits: &str) -> String {
        format!("{}/m/{digits}", self.base)
    }
}

/// A check of a verdict.
#[derive(Debug, Serialize, ToSchema)]
pub struct CheckBody {
    /// `signature`, `key`, `validity`, `status`, `surveillance`, `log` or `mark`.
    check: Value,
    /// `ok`, `failed` or `undetermined`.
    result: Value,
    /// Whether the verdict depends on it.
    required: bool,
    /// Stable reason.
    code: &'static str,
    /// What was found, in English.
    message: String,
    /// What was found, in Chinese.
    message_zh: String,
    /// `record`, `keys`, `register` or `nothing`.
    source: Value,
    /// Until when the source was known to be so (RFC 3339).
    known_at: String,
}

/// What is asked about, and what is expected of it
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct QuestionBody {
    /// Its number as people type or paste it: with its label, in any width and case; also the 16-digit identifier, the address of its
    /// page, a mark's address or digits, or the credit code of a firm, of which each certificate is answered about; at most 400
    /// characters.
    certificate: String,
    /// The name of the holder that is expected.
    holder: Option<String>,
    /// The credit code of the holder that is expected.
    uscc: Option<String>,
    /// The level that is expected: `five_star`, 五星级, 5 stars, ★★★★★.
    level: Option<String>,
    /// The scope that is expected.
    scope: Option<String>,
}

impl From<QuestionBody> for Question {
    fn from(q: QuestionBody) -> Self {
        Self { asked: q.certificate, holder: q.holder, uscc: q.uscc, level: q.level, scope: q.scope }
    }
}

/// Members every verdict has.
#[derive(Debug, Serialize, ToSchema)]
pub struct VerdictBody {
    /// `valid`, `invalid` or `undetermined`.
    verdict: &'static str,
    /// Standing at that instant; null where it is not known.
    standing: Option<&'static str>,
    /// The instant the answer is about (RFC 3339).
    as_of: String,
    /// Every check made.
    checks: Vec<CheckBody>,
}

impl VerdictBody {
    /// The shape of a verdict.
    #[must_use]
    pub fn of(verdict: &Verdict) -> Self {
        let check = |c: &crate::verify::Check| CheckBody {
            check: json!(c.check),
            result: json!(c.result),
            required: c.required,
            code: c.code,
            message: c.message.clone(),
            message_zh: c.message_zh.clone(),
            source: json!(c.source),
            known_at: instant(c.known_at),
        };
        Self {
            verdict: verdict.verdict.wire(),
            standing: verdict.standing.map(Standing::wire),
            as_of: instant(verdict.as_of),
            checks: verdict.checks.iter().map(check).collect(),
        }
    }
}

/// A reason with its words.
#[derive(Debug, Serialize, ToSchema)]
pub struct ReasonBody {
    /// In Chinese.
    zh: &'static str,
    /// In English.
    en: &'static str,
}

/// A certificate that took another's place.
#[derive(Debug, Serialize, ToSchema)]
pub struct SuccessorBody {
    /// Identifier.
    id: String,
    /// Number.
    number: String,
    /// From which day.
    from: String,
    /// Its page.
    page: String,
}

/// What a genuine certificate says.
#[derive(Debug, Serialize, ToSchema)]
pub struct TermsBody {
    /// Holder's registered name.
    holder: String,
    /// Holder's unified social credit code.
    uscc: String,
    /// Holder's address.
    address: String,
    /// `five_star`, `four_star`, `three_star` or `qualified`.
    level: &'static str,
    /// Scope of certification.
    scope: String,
    /// Standard.
    standard: String,
    /// Sites covered.
    sites: Value,
    /// Issuing body: name, address, approval number.
    body: Value,
    /// First day of validity.
    issued_on: String,
    /// Last day of validity, that day included.
    valid_until: String,
    /// Issue date of the first certificate of the line.
    first_issued_on: String,
    /// How often the line has been recertified.
    recertification: u32,
}

/// Verdict on a certificate.
#[derive(Debug, Serialize, ToSchema)]
pub struct CertificateBody {
    /// Identifier.
    id: String,
    /// The body's number.
    number: String,
    /// The verdict.
    #[serde(flatten)]
    verdict: VerdictBody,
    /// As it was known then (RFC 3339).
    known_at: String,
    /// Since which day it stands so.
    since: Option<String>,
    /// Why, where a reason was given.
    reason: Option<ReasonBody>,
    /// Whether the standing changed in the course of the day asked about: then ask for an instant.
    changed_that_day: bool,
    /// What it says; null when its record does not verify.
    #[serde(flatten)]
    terms: Option<TermsBody>,
    /// Next surveillance due, as known then; null once it is recertified.
    surveillance_due_on: Option<String>,
    /// `surveillance_due`, `surveillance_overdue`, `expires_soon`, `suspension_ran_out`.
    #[schema(value_type = Vec<String>)]
    flags: Vec<Flag>,
    /// The certificate that takes its place, from a day that may lie ahead.
    superseded_by: Option<SuccessorBody>,
    /// Its page.
    page: String,
    /// Its signed record; null where that is not given out, because the certificate had ended before it was signed.
    credential: Option<String>,
    /// Everything that happened to it.
    history: String,
    /// What the public log holds of it, with proofs; null until its issue is in a checkpoint.
    log: Option<CertificateLogBody>,
}

impl CertificateBody {
    /// The shape of an answer.
    #[must_use]
    pub fn of(links: &Links, answer: &CertificateAnswer, log: Option<Proven>) -> Self {
        let certificate = &answer.certificate;
        let id = certificate.id;
        let found = certificate.standing(answer.moment.at, answer.moment.known_at);
        let terms = answer.finding.genuine.as_ref().map(|(_, t)| TermsBody {
            holder: t.holder.name.to_string(),
            uscc: t.holder.uscc.to_string(),
            address: t.holder.address.to_string(),
            level: t.level.wire(),
            scope: t.scope.to_string(),
            standard: t.standard.clone(),
            sites: json!(t.sites),
            body: json!(t.body),
            issued_on: t.issued_on.to_string(),
            valid_until: t.valid_until.to_string(),
            first_issued_on: t.first_issued_on.to_string(),
            recertification: t.recertification,
        });
        Self {
            id: id.to_string(),
            number: certificate.terms().number.to_string(),
            verdict: VerdictBody::of(&answer.finding.verdict),
            known_at: instant(answer.moment.known_at),
            since: found.as_ref().map(|f| china_day(f.since).to_string()),
            reason: found.and_then(|f| reason(certificate, f.step)).map(|(zh, en)| ReasonBody { zh, en }),
            changed_that_day: answer.changed_that_day,
            terms,
            surveillance_due_on: certificate.awaits_surveillance(answer.moment.known_at).map(|d| d.to_string()),
            flags: answer.flags.clone(),
            superseded_by: answer.successor.as_ref().map(|s| SuccessorBody {
                id: s.id.to_string(),
                number: s.number.to_string(),
                from: s.from.to_string(),
                page: links.page(s.id),
            }),
            page: links.page(id),
            credential: certificate.ended_before_record().is_none().then(|| format!("{}/credential", links.api(id))),
            history: format!("{}/history", links.api(id)),
            log: log.and_then(CertificateLogBody::of),
        }
    }
}

/// One line of a search.
#[derive(Debug, Serialize, ToSchema)]
pub struct CertificateSummary {
    /// Identifier.
    id: String,
    /// The body's number.
    number: String,
    /// Holder's registered name.
    holder: String,
    /// Holder's unified social credit code.
    uscc: String,
    /// Level.
    level: &'static str,
    /// Standing now.
    standing: Option<&'static str>,
    /// Last day of validity.
    valid_until: String,
    /// Its page.
    page: String,
    /// Its verdict.
    api: String,
}

impl CertificateSummary {
    /// The shape of a certificate in a list.
    #[must_use]
    pub fn of(links: &Links, certificate: &Certificate, standing: Option<Standing>) -> Self {
        let terms = certificate.terms();
        Self {
            id: certificate.id.to_string(),
            number: terms.number.to_string(),
            holder: terms.holder.name.to_string(),
            uscc: terms.holder.uscc.to_string(),
            level: terms.level.wire(),
            standing: standing.map(Standing::wire),
            valid_until: terms.valid_until.to_string(),
            page: links.page(certificate.id),
            api: links.api(certificate.id),
        }
    }
}

/// A page of a search.
#[derive(Debug, Serialize, ToSchema)]
pub struct PageBody {
    /// At most `limit` certificates, newest first.
    pub items: Vec<CertificateSummary>,
    /// How many there are in all.
    pub total: usize,
    /// Items passed over.
    pub offset: usize,
    /// Items asked for.
    pub limit: usize,
}

/// One thing that happened to a certificate.
#[derive(Debug, Serialize, ToSchema)]
pub struct HistoryStep {
    /// Its number in the life, from 0.
    step: usize,
    /// The number of the erratum that takes it back: since that was recorded it counts as if it had not happened. Else null.
    corrected_by: Option<usize>,
    /// `issued`, `surveyed`, `suspended`, `reinstated`, `withdrawn`, `cancelled`, `superseded` or `corrected` (an erratum; `corrects`
    /// is the number of the step it takes back), with its members; or `not_understood`: recorded by a newer version of this program.
    #[serde(flatten)]
    #[schema(value_type = Object)]
    change: Value,
    /// From when on it counts (RFC 3339).
    effective_at: String,
    /// When it was put on record (RFC 3339).
    recorded_at: String,
    /// Role it was done in; `unknown` where it was not understood.
    actor: &'static str,
    /// Its entry in the public log, with proof; null until it is in a checkpoint.
    log: Option<String>,
}

impl HistoryStep {
    /// The shape of a step; the terms stand in the record, not here again.
    #[must_use]
    pub fn of(links: &Links, certificate: &Certificate, number: usize, step: &Step, leaf: Option<u64>) -> Self {
        let change = match &step.change {
            CertificateChange::Issued { terms, record_sha256, .. } => json!({
                "change": "issued", "number": terms.number, "level": terms.level, "record_sha256": record_sha256,
                "supersedes": terms.supersedes.map(|id| links.page(id)),
            }),
            CertificateChange::NotUnderstood(_) => json!({ "change": "not_understood" }),
            other => json!(other),
        };
        let understood = !matches!(step.change, CertificateChange::NotUnderstood(_));
        Self {
            step: number,
            corrected_by: certificate.corrected_by(number, Timestamp::MAX),
            change,
            effective_at: step.effective_at.to_string(),
            recorded_at: step.recorded_at.to_string(),
            actor: if understood { step.actor.wire() } else { "unknown" },
            log: leaf.map(|leaf| links.log_entry(leaf)),
        }
    }
}

/// Verdict on a mark.
#[derive(Debug, Serialize, ToSchema)]
pub struct MarkBody {
    /// `found`, `unknown` (no such mark), `incomplete` (digits cut short or mistyped) or `not_genuine` (not this body's code).
    mark: &'static str,
    /// The verdict: the worse of mark and certificate.
    #[serde(flatten)]
    verdict: VerdictBody,
    /// The licence, where it is on record.
    licence: Option<LicenceBody>,
    /// Its certificate, where it is on record.
    certificate: Option<CertificateBody>,
}

/// A mark licence.
#[derive(Debug, Serialize, ToSchema)]
pub struct LicenceBody {
    /// Identifier.
    id: String,
    /// `requested`, `active`, `under_investigation` (the body looks into reports of its misuse), `refused`, `frozen`, `ended`,
    /// `replaced` or `revoked`; or `not_understood`: recorded by a newer version of this program.
    state: Option<&'static str>,
    /// Since which day.
    since: Option<String>,
    /// `product`, `packaging`, `advertising` or `premises`; null to the public until it was approved.
    medium: Option<&'static str>,
    /// Brand; the same.
    brand: Option<String>,
    /// Product group; the same.
    products: Option<String>,
    /// Site; the same.
    site: Option<String>,
    /// First day of the licence.
    licensed_on: String,
    /// Its last day.
    valid_until: String,
    /// The licence that took its place.
    replaced_by: Option<String>,
    /// Its page.
    page: String,
    /// The 217 digits of its signed code, once granted; told to the body's staff only.
    #[serde(skip_serializing_if = "Option::is_none")]
    digits: Option<String>,
}

impl LicenceBody {
    /// The shape of a licence.
    #[must_use]
    pub fn of(links: &Links, licence: &MarkLicence, at: Timestamp, known_at: Timestamp) -> Self {
        let terms = licence.terms();
        let found = licence.state_at(at, known_at);
        let text = |t: &Option<crate::domain::text::Goods>| t.as_ref().map(ToString::to_string);
        Self {
            id: licence.id.to_string(),
            state: found.map(|(state, _)| state.wire()),
            since: found.map(|(_, since)| china_day(since).to_string()),
            medium: Some(terms.medium.wire()),
            brand: text(&terms.brand),
            products: text(&terms.products),
            site: terms.site.as_ref().map(ToString::to_string),
            licensed_on: terms.licensed_on.to_string(),
            valid_until: terms.valid_until.to_string(),
            replaced_by: None,
            page: links.mark(&licence.id.to_string()),
            digits: None,
        }
    }
}

impl LicenceBody {
    /// The same for the public, who are told what it is for once it was approved: the log names each that was asked for.
    #[must_use]
    fn for_public(self, licence: &MarkLicence) -> Self {
        match licence.was_approved() {
            true => self,
            false => Self { medium: None, brand: None, products: None, site: None, ..self },
        }
    }

    /// The same with the digits of its code, for the body's staff.
    #[must_use]
    pub fn with_digits(mut self, licence: &MarkLicence) -> Self {
        self.digits = licence.digits().map(str::to_owned);
        self
    }
}

impl MarkBody {
    /// The shape of an answer. What is not genuine shows nothing of what it claims.
    #[must_use]
    pub fn of(links: &Links, answer: &MarkAnswer, log: Option<Proven>) -> Self {
        let (mark, verdict) = match answer {
            MarkAnswer::NotGenuine(verdict) => ("not_genuine", verdict),
            MarkAnswer::Incomplete(verdict) => ("incomplete", verdict),
            MarkAnswer::Unknown { verdict, .. } => ("unknown", verdict),
            MarkAnswer::Found(found) => return Self::found(links, found, log),
        };
        Self { mark, verdict: VerdictBody::of(verdict), licence: None, certificate: None }
    }

    fn found(links: &Links, found: &FoundMark, log: Option<Proven>) -> Self {
        let moment = found.certificate.moment;
        let licence = LicenceBody::of(links, &found.licence, moment.at, moment.known_at);
        let mut licence = licence.for_public(&found.licence);
        licence.replaced_by = found.replaced_by.map(|id| links.mark(&id.to_string()));
        Self {
            mark: "found",
            verdict: VerdictBody::of(&found.finding.verdict),
            licence: Some(licence),
            certificate: Some(CertificateBody::of(links, &found.certificate, log)),
        }
    }
}
