//! Answering the public: one certificate, one mark; now or as of a moment.

use super::ground::Begun;
use super::log::Proven;
use super::{Actor, Service, ServiceError};
use crate::domain::certificate::Succession;
use crate::domain::dates::{AsOf, china_day, day_end, day_start};
use crate::domain::{
    Certificate, CertificateId, CertificateNumber, Fact, Flag, MarkChange, MarkId, MarkLicence, Refusal, Role, Standing,
};
use crate::mark::text::MarkText;
use crate::store::{RecordKind, Recorded, StoreError, Subject};
use crate::verify::certificate::{Finding, Moment, verify_registered};
use crate::verify::log::{key_compromised, logged};
use crate::verify::mark::{
    Registered, RegisteredFinding, code_checks, not_approved, not_on_record, unreadable, verify_registered_mark,
};
use crate::verify::{Check, CheckName, CheckResult, Outcome, Verdict, clock_wrong};
use jiff::Timestamp;
use jiff::civil::Date;

/// About which moment the public asks, and from what was known when.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Asked {
    /// As of; `known_at` when left out.
    pub as_of: Option<AsOf>,
    /// As it was known then; now when left out.
    pub known_at: Option<AsOf>,
}

impl Asked {
    /// The moment it is about, when it is asked at `now`.
    pub(super) fn moment(self, now: Timestamp) -> Moment {
        let known_at = self.known_at.map_or(now, |k| k.instant(now).min(now));
        Moment { at: self.as_of.map_or(known_at, |a| a.instant(now)), known_at, now }
    }
}

/// A certificate with its answer.
#[derive(Debug, Clone)]
pub struct CertificateAnswer {
    /// Its whole life.
    pub certificate: Certificate,
    /// The answer; its `genuine` is empty when the stored record does not verify.
    pub finding: Finding,
    /// The moment answered about.
    pub moment: Moment,
    /// What the dates say besides.
    pub flags: Vec<Flag>,
    /// Whether the standing changed in the course of the day asked about.
    pub changed_that_day: bool,
    /// The certificate that takes its place, as known then.
    pub successor: Option<Successor>,
    /// How it stands now, where another moment was asked about.
    pub now: Option<Option<Standing>>,
}

/// The certificate that takes another's place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Successor {
    /// Its identifier.
    pub id: CertificateId,
    /// Its number.
    pub number: CertificateNumber,
    /// From which day; it may lie ahead.
    pub from: Date,
}

/// A mark with its answer.
#[derive(Debug, Clone)]
pub enum MarkAnswer {
    /// The code is not this body's.
    NotGenuine(Verdict),
    /// The code was cut short or mistyped: nothing can be told, of nobody.
    Incomplete(Verdict),
    /// No such licence is on record.
    Unknown {
        /// The identifier asked for.
        id: MarkId,
        /// Whether the code carried a good signature of this body.
        signed: bool,
        /// What was checked.
        verdict: Verdict,
    },
    /// It is on record.
    Found(Box<FoundMark>),
}

/// A mark on record.
#[derive(Debug, Clone)]
pub struct FoundMark {
    /// The licence.
    pub licence: MarkLicence,
    /// Its certificate, with its own answer.
    pub certificate: CertificateAnswer,
    /// The answer for the mark.
    pub finding: RegisteredFinding,
    /// The licence that took its place.
    pub replaced_by: Option<MarkId>,
}

impl Service {
    pub(super) fn moment(&self, asked: Asked) -> Moment {
        asked.moment(self.now())
    }

    /// By a clock that cannot be believed, what would hold now, or begin by now, cannot be told; what had ended by the latest
    /// record has ended.
    fn doubted(&self, mut verdict: Verdict, moment: Moment) -> Verdict {
        if moment.at < moment.now || self.recording_time().is_ok() {
            return verdict;
        }
        if verdict.standing == Some(Standing::NotYetEffective) {
            verdict.standing = None;
            verdict.checks.retain(|c| !matches!(c.check, CheckName::Validity | CheckName::Status));
        }
        verdict.with(clock_wrong(moment.now))
    }

    /// Answers about one certificate; `None` when that identifier was never issued.
    ///
    /// # Errors
    /// Store failures: the answer is then "cannot tell".
    pub fn certificate_answer(
        &self,
        id: CertificateId,
        asked: Asked,
    ) -> Result<Option<CertificateAnswer>, ServiceError> {
        let Some(certificate) = self.store.certificate(id)? else { return Ok(None) };
        self.answer(certificate, asked).map(Some)
    }

    fn answer(&self, certificate: Certificate, asked: Asked) -> Result<CertificateAnswer, ServiceError> {
        self.answer_at(certificate, asked, self.moment(asked))
    }

    /// The same at a moment that was read from `asked` before, so that several answers are about one.
    pub(super) fn answer_at(
        &self,
        certificate: Certificate,
        asked: Asked,
        moment: Moment,
    ) -> Result<CertificateAnswer, ServiceError> {
        let record = self.record(certificate.id)?;
        let intervals = &self.scheme.intervals;
        let keys = self.key_document();
        let mut finding = verify_registered(&record, &certificate, &keys, intervals, moment);
        finding.verdict = self.doubted(finding.verdict, moment).with(self.log_check(certificate.id, moment)?);
        let standing = finding.verdict.standing;
        let flags = standing.map_or(vec![], |s| certificate.flags(s, china_day(moment.at), moment.known_at, intervals));
        let changed_that_day = match asked.as_of {
            Some(AsOf::Day(day)) => {
                let at = |t: Timestamp| certificate.standing(t, moment.known_at).map(|s| s.standing);
                at(day_start(day)) != at(day_end(day).min(moment.at))
            }
            _ => false,
        };
        let successor = self.successor(&certificate, moment.known_at)?;
        let now = if asked == Asked::default() { None } else { Some(self.standing_now(&certificate)) };
        Ok(CertificateAnswer { certificate, finding, moment, flags, changed_that_day, successor, now })
    }

    /// The signed record to give out, byte for byte: the one door through which a record leaves.
    ///
    /// # Errors
    /// `record_withheld` for a certificate that had ended when its record was signed; `Corrupt` when it has none.
    pub fn credential(&self, certificate: &Certificate) -> Result<Vec<u8>, ServiceError> {
        if let Some(standing) = certificate.ended_before_record() {
            let number = &certificate.terms().number;
            let why = format!(
                "certificate {number} was {} already when it was taken over into this register, before its record was signed; the record by itself would pass for one in force, so it is not given out. The answer about the certificate is at {}",
                standing.en().to_lowercase(),
                self.host.certificate_url(certificate.id)
            );
            return Err(Refusal::withheld("record_withheld", why).into());
        }
        self.record(certificate.id)
    }

    fn record(&self, id: CertificateId) -> Result<Vec<u8>, ServiceError> {
        let missing = || StoreError::Corrupt {
            table: "record",
            key: id.to_string(),
            field: "credential",
            why: "the certificate has no signed record".into(),
        };
        Ok(self.store.record(RecordKind::Credential, id)?.ok_or_else(missing)?)
    }

    /// What the public log holds of a certificate: its issue and the newest event about it, proven. None before the first
    /// checkpoint; a log that is damaged keeps no answer back.
    ///
    /// # Errors
    /// Store failures.
    pub fn log_of(&self, id: CertificateId) -> Result<Option<Proven>, ServiceError> {
        let seqs = self.store.seqs_of(Subject::Certificate(id))?;
        self.log.prove_ends(&seqs).or_else(|error| {
            tracing::error!(why = error.in_full(), certificate = %id, "the log gives no proof");
            Ok(None)
        })
    }

    /// For each step of a certificate's life its leaf in the public log; none for those that are not published yet.
    ///
    /// # Errors
    /// Store failures.
    pub fn leaves_of(&self, id: CertificateId) -> Result<Vec<Option<u64>>, ServiceError> {
        let seqs = self.store.seqs_of(Subject::Certificate(id))?;
        Ok(seqs.into_iter().map(|seq| self.log.place_of(seq).map(|place| place.leaf)).collect())
    }

    /// Whether the log's published tree holds a certificate's record.
    fn log_check(&self, id: CertificateId, moment: Moment) -> Result<Check, ServiceError> {
        if let Some(key) = self.log.leaked_key() {
            return Ok(key_compromised(key, moment.now));
        }
        let issue = self.store.seqs_of(Subject::Certificate(id))?.into_iter().next();
        Ok(logged(issue.and_then(|seq| self.log.place_of(seq)), moment.now))
    }

    fn successor(&self, certificate: &Certificate, known_at: Timestamp) -> Result<Option<Successor>, ServiceError> {
        let Some(Succession { by, from }) = certificate.succession(known_at) else { return Ok(None) };
        Ok(Some(Successor { id: by, number: self.certificate(by)?.terms().number.clone(), from: china_day(from) }))
    }

    /// Everything recorded of a certificate and its marks, oldest first: who did it, when, why and on what evidence. For the
    /// body's own staff.
    ///
    /// # Errors
    /// `no_such_certificate`; `role_missing`; store failures.
    pub fn acts_on(&self, actor: &Actor, certificate: &str) -> Result<Vec<Recorded>, ServiceError> {
        actor.acting_as_one_of(&Role::OF_TOKENS)?;
        let now = self.now();
        let mut acts = self.store.acts_on(self.find(certificate)?.id)?;
        for Recorded { event, .. } in &mut acts {
            // A signed code verifies with no server, so it does not leave before the licence begins.
            if let Fact::Mark { change: MarkChange::Approved { digits }, .. } = &mut event.fact
                && event.effective_at > now
            {
                digits.clear();
            }
        }
        Ok(acts)
    }

    /// The same about now, as [`Service::begin_answer`] has it.
    ///
    /// # Errors
    /// As there.
    pub fn certificate_now(&self, id: CertificateId, begun: &Begun) -> Result<Option<CertificateAnswer>, ServiceError> {
        let Some(certificate) = self.store.certificate(id)? else { return Ok(None) };
        self.answer_at(certificate, Asked::default(), Moment::at(begun.now, begun.now)).map(Some)
    }

    /// Answers about a mark from its digits (16 or 217).
    ///
    /// # Errors
    /// Store failures: the answer is then "cannot tell". Digits that are no mark's are an answer, not an error.
    pub fn mark_answer(&self, digits: &str, asked: Asked) -> Result<MarkAnswer, ServiceError> {
        self.mark_answer_at(digits, asked, self.moment(asked))
    }

    /// The same about now, as [`Service::begin_answer`] has it.
    ///
    /// # Errors
    /// As there.
    pub fn mark_now(&self, digits: &str, begun: &Begun) -> Result<MarkAnswer, ServiceError> {
        self.mark_answer_at(digits, Asked::default(), Moment::at(begun.now, begun.now))
    }

    /// The same at a moment that was read from `asked` before.
    pub(super) fn mark_answer_at(
        &self,
        digits: &str,
        asked: Asked,
        moment: Moment,
    ) -> Result<MarkAnswer, ServiceError> {
        let text = match MarkText::parse(digits) {
            Ok(text) => text,
            Err(refusal) => {
                let verdict = unreadable(digits, &refusal, moment);
                return Ok(match verdict.verdict {
                    Outcome::Undetermined => MarkAnswer::Incomplete(verdict),
                    Outcome::Valid | Outcome::Invalid => MarkAnswer::NotGenuine(verdict),
                });
            }
        };
        let keys = self.key_document();
        let (genuine, checks) = code_checks(&text, &keys, None, moment.now);
        let failed =
            |only: fn(CheckName) -> bool| checks.iter().any(|c| c.result == CheckResult::Failed && only(c.check));
        let not_genuine = |checks| Ok(MarkAnswer::NotGenuine(Verdict::of(moment.at, None, checks)));
        if !genuine || failed(|check| check != CheckName::Key) {
            return not_genuine(checks);
        }
        let id = text.mark();
        let Some(licence) = self.store.mark(id)? else {
            // The register holds every code it ever approved: under a key that leaked, at whatever time, one that it lacks is
            // somebody else's.
            if checks.iter().any(|c| c.check == CheckName::Key && !c.is_ok()) {
                // A good signature under such a key says nothing of who made it.
                let told = checks.into_iter().filter(|c| c.check != CheckName::Signature);
                return not_genuine(told.chain([not_approved(id, moment)]).collect());
            }
            let signed = matches!(text, MarkText::Signed(_));
            let checks = checks.into_iter().chain([not_on_record(id, moment)]).collect();
            return Ok(MarkAnswer::Unknown { id, signed, verdict: Verdict::of(moment.at, None, checks) });
        };
        let certificate = self.answer_at(self.certificate(licence.terms().certificate)?, asked, moment)?;
        let record = self.record(certificate.certificate.id)?;
        let found = Registered { licence: &licence, certificate: &certificate.certificate, record: &record };
        let mut finding = verify_registered_mark(&text, found, &keys, &self.scheme.intervals, moment);
        finding.verdict = self.doubted(finding.verdict, moment);
        let replaced_by = licence.life().iter().rev().find_map(|s| match s.change {
            MarkChange::Replaced { by } => by,
            _ => None,
        });
        Ok(MarkAnswer::Found(Box::new(FoundMark { licence, certificate, finding, replaced_by })))
    }

    /// Standing of a certificate now; none where its record does not verify.
    #[must_use]
    pub fn standing_now(&self, certificate: &Certificate) -> Option<Standing> {
        let record = self.record(certificate.id).ok()?;
        let now = self.now();
        let moment = Moment::at(now, now);
        let finding = verify_registered(&record, certificate, &self.key_document(), &self.scheme.intervals, moment);
        self.doubted(finding.verdict, moment).standing
    }
}
