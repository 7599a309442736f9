//! Issuing: from a decision to a signed certificate; replacing one by another; recertifying.

use super::actor::{Act, IdempotencyKey};
use super::clock::random;
use super::{Done, Plan, Service, ServiceError, sha256_hex};
use crate::domain::certificate::{Certificate, CertificateChange, Serial, State, Step};
use crate::domain::dates::{add_days, add_months, china_day, day_start, months_before};
use crate::domain::decision::{Decision, DecisionInput};
use crate::domain::reason::SupersessionReason;
use crate::domain::record::{IssuedBy, Terms};
use crate::domain::{CertificateId, CertificateNumber, Fact, Level, Refusal, Role, hex};
use crate::sign::canonical::object_of;
use crate::sign::{Purpose, SigningKey, canonicalize, credential};
use crate::store::{Entry, Record, RecordKind, Subject};
use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::BTreeMap;

/// Numbers looked at for a free one: more than any body has issued in a series.
const NUMBERS_TRIED: u32 = 1_000_000;

/// A certificate that was issued.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Issued {
    /// The decision's reference.
    pub reference: Option<String>,
    /// Public identifier.
    pub id: CertificateId,
    /// The body's number.
    pub number: CertificateNumber,
    /// Level certified.
    pub level: Level,
    /// Score with two decimals, rounded down; none where the level was carried over.
    pub score: Option<String>,
    /// Last day of validity.
    pub valid_until: Date,
    /// Whether it had been issued before under the same idempotency key.
    pub replayed: bool,
}

/// How a new certificate's terms differ from a first issue.
enum Line<'c> {
    /// The first of its line.
    First,
    /// In the place of another, until the other's end.
    Replacing(&'c Certificate),
    /// In the third year of another, for a full term.
    Recertifying(&'c Certificate),
}

impl Service {
    /// Issues a certificate from a decision.
    ///
    /// # Errors
    /// Every fault of the decision; `number_taken`, `reference_taken`, `idempotency_mismatch`; store and signer failures.
    pub fn issue(&self, act: &Act, input: &DecisionInput) -> Result<Issued, ServiceError> {
        pollster::block_on(self.issue_async(act, input))
    }

    /// The same without a thread that waits. It has to be driven to its end: an act that is left halfway may be on record.
    ///
    /// # Errors
    /// As there.
    pub async fn issue_async(&self, act: &Act, input: &DecisionInput) -> Result<Issued, ServiceError> {
        let role = act.actor.acting_as(Role::Registrar)?;
        let decision = self.checked(input)?;
        self.need_sheet(&decision)?;
        let (act, handed) = (keyed(act, &decision), Handed::of(input)?);
        let plan = |now| {
            let mut plan = Plan::new(role);
            self.plan_certificate(&mut plan, &handed, &decision, &Line::First, now)?;
            Ok(plan)
        };
        issued(&self.perform_async(&act, "issue", &handed.decision, plan).await?)
    }

    /// Replaces a certificate by a new one that ends when the old one would have: after a change of name, address, scope
    /// or level. Without a score sheet the level is carried over. Open marks are replaced with it.
    ///
    /// # Errors
    /// Every fault of the decision; a state or holder that forbids it; as [`Service::issue`].
    pub fn supersede(
        &self,
        act: &Act,
        old: &str,
        reason: SupersessionReason,
        input: &DecisionInput,
    ) -> Result<Issued, ServiceError> {
        let role = act.actor.acting_as(Role::Registrar)?;
        let decision = self.checked(input)?;
        if reason.code() == SupersessionReason::RECERTIFIED {
            return Err(Refusal::rule("use_recertify", "a recertification is recorded with recertify")
                .under("/reason")
                .into());
        }
        if reason.code() == SupersessionReason::LEVEL_CHANGED {
            self.need_sheet(&decision)?;
        }
        self.replace(&keyed(act, &decision), role, old, reason, input, &decision)
    }

    /// Issues the certificate of the next three years, in the last year of the old one.
    ///
    /// # Errors
    /// `recertification_too_early`, `recertification_gap`; else as [`Service::supersede`].
    pub fn recertify(&self, act: &Act, old: &str, input: &DecisionInput) -> Result<Issued, ServiceError> {
        let role = act.actor.acting_as(Role::Registrar)?;
        let decision = self.checked(input)?;
        self.need_sheet(&decision)?;
        let reason = SupersessionReason::parse(SupersessionReason::RECERTIFIED)?;
        self.replace(&keyed(act, &decision), role, old, reason, input, &decision)
    }

    fn replace(
        &self,
        act: &Act,
        role: Role,
        old: &str,
        reason: SupersessionReason,
        input: &DecisionInput,
        decision: &Decision,
    ) -> Result<Issued, ServiceError> {
        let id = self.find(old)?.id;
        let (handed, of, why) = (Handed::of(input)?, canonicalize(&json!(id))?, canonicalize(&json!(reason))?);
        let request = object_of([("old", &*of), ("reason", &why), ("decision", &handed.decision)]);
        let done = self.perform_asked(act, "replace", &request, |now| {
            let old = self.certificate(id)?;
            let recertifying = reason.code() == SupersessionReason::RECERTIFIED;
            let line = if recertifying { Line::Recertifying(&old) } else { Line::Replacing(&old) };
            check_successor(&old, decision, &line, reason, self)?;
            let mut plan = Plan::new(role).relying_on(Subject::Certificate(id), old.version());
            let (by, terms) = self.plan_certificate(&mut plan, &handed, decision, &line, now)?;
            let change = CertificateChange::Superseded { by, reason };
            let effective_at = day_start(decision.issued_on);
            let step = Step { change: change.clone(), effective_at, recorded_at: now, actor: role };
            old.admit(&step, &self.scheme.intervals)?;
            plan.facts.push((Fact::Certificate { id, change }, effective_at));
            self.plan_mark_replacement(&mut plan, &old, by, &terms, effective_at, now)?;
            Ok(plan)
        })?;
        issued(&done)
    }

    fn checked(&self, input: &DecisionInput) -> Result<Decision, ServiceError> {
        Ok(Decision::check(input, &self.scheme, china_day(self.recording_time()?))?)
    }

    fn need_sheet(&self, decision: &Decision) -> Result<(), ServiceError> {
        if decision.level.is_none() {
            let why = "a certificate is issued on a score sheet, and there is none";
            return Err(Refusal::invalid("score_sheet_missing", why).under("/score_sheet").into());
        }
        Ok(())
    }

    fn plan_certificate(
        &self,
        plan: &mut Plan,
        handed: &Handed,
        decision: &Decision,
        line: &Line<'_>,
        now: Timestamp,
    ) -> Result<(CertificateId, Terms), ServiceError> {
        let id = CertificateId::from_bytes(self.random()?);
        let sheet = self.decision_document(handed, decision)?;
        let (number, serial) = self.number_for(decision, line)?;
        let terms = self.terms(decision, line, number, &sheet, now)?;
        let record = self.sign_certificate(id, &terms, now)?;
        let change =
            CertificateChange::Issued { terms: Box::new(terms.clone()), record_sha256: sha256_hex(&record), serial };
        plan.expect.push(crate::store::Expect { subject: Subject::Certificate(id), version: 0 });
        plan.facts.push((Fact::Certificate { id, change }, day_start(terms.issued_on)));
        plan.records.push(Record { kind: RecordKind::Credential, certificate: id, bytes: record });
        plan.records.push(Record { kind: RecordKind::Decision, certificate: id, bytes: sheet.bytes });
        plan.reference = Some(decision.reference.as_str().to_owned());
        Ok((id, terms))
    }

    fn number_for(
        &self,
        decision: &Decision,
        line: &Line<'_>,
    ) -> Result<(CertificateNumber, Option<Serial>), ServiceError> {
        if let Some(number) = &decision.number {
            return Ok((number.clone(), None));
        }
        let pattern = self.read_settings().body.number_pattern.clone();
        let series = pattern.series(decision.issued_on);
        // Numbers given by hand or taken over from a roster lie in the way; they are passed over.
        for _ in 0..NUMBERS_TRIED {
            let value = self.store.next_serial(&series)?;
            let number = pattern.number(decision.issued_on, value, line.recertification())?;
            if self.store.certificate_by_number(&number)?.is_none() {
                return Ok((number, Some(Serial { series, value })));
            }
        }
        let why = format!(
            "{NUMBERS_TRIED} numbers of the series {series} in a row are taken; give the number by hand, or change the body's pattern"
        );
        Err(Refusal::conflict("series_exhausted", why).under("/number").into())
    }

    fn terms(
        &self,
        decision: &Decision,
        line: &Line<'_>,
        number: CertificateNumber,
        sheet: &DecisionDocument,
        now: Timestamp,
    ) -> Result<Terms, ServiceError> {
        let body = self.body();
        let intervals = &self.scheme.intervals;
        let issued_on = decision.issued_on;
        let full_term = add_days(add_months(issued_on, intervals.validity_months), -1);
        let carried = match line {
            Line::Replacing(old) | Line::Recertifying(old) => Some(old.terms().level),
            Line::First => None,
        };
        let (valid_until, surveillance_due_on) = match line {
            Line::Replacing(old) => (old.terms().valid_until, old.surveillance_due(now)),
            Line::First | Line::Recertifying(_) => {
                (full_term, add_months(issued_on, intervals.surveillance_months).min(full_term))
            }
        };
        let level = decision
            .level
            .or(carried)
            .ok_or_else(|| Refusal::invalid("score_sheet_missing", "no level can be given"))?;
        Ok(Terms {
            number,
            holder: decision.holder.clone(),
            level,
            scheme: self.scheme.id.clone(),
            standard: self.scheme.standard.clone(),
            scope: decision.scope.clone(),
            sites: decision.sites.clone(),
            body: IssuedBy { name: body.name, address: body.address, approval_number: body.approval_number },
            issued_on,
            valid_until,
            first_issued_on: line.old().map_or(issued_on, |old| old.terms().first_issued_on),
            surveillance_due_on,
            recertification: line.recertification(),
            supersedes: line.old().map(|old| old.id),
            score_sheet_sha256: sheet.sheet_sha256.clone(),
            status: Some(self.free_status_entry()?),
        })
    }

    /// The signed record ([`credential::sign`]).
    pub(super) fn sign_certificate(
        &self,
        id: CertificateId,
        terms: &Terms,
        now: Timestamp,
    ) -> Result<Vec<u8>, ServiceError> {
        let settings = self.read_settings();
        let (key, signer) = settings.keyring.signer(Purpose::Credential, now)?;
        let key = SigningKey { signer: signer.as_ref(), id: key, host: &self.host };
        let keys = settings.keyring.document();
        Ok(credential::sign(&self.host, id, terms, key, now, |url| keys.resolve(url))?)
    }

    /// The body's own file of a decision, with the salt that keeps its published digest from being guessed.
    fn decision_document(&self, handed: &Handed, decision: &Decision) -> Result<DecisionDocument, ServiceError> {
        let salt = hex(&self.random::<16>()?);
        let score = decision.score.as_ref().map(|s| {
            json!({
                "applicable": s.applicable.to_string(), "actual": s.actual.to_string(),
                "total": s.total.to_string(), "shown": s.display(),
                "computed_level": s.level(&self.scheme.thresholds),
            })
        });
        let (salt, score) = (canonicalize(&json!(salt))?, canonicalize(&json!(score))?);
        let salted = |sheet| sha256_hex(&object_of([("salt", &*salt), ("score_sheet", sheet)]));
        let sheet_sha256 = handed.score_sheet.as_deref().map(salted);
        let bytes = object_of([("decision", &*handed.decision), ("salt", &salt), ("score", &score)]);
        Ok(DecisionDocument { bytes, sheet_sha256 })
    }

    pub(super) fn random<const N: usize>(&self) -> Result<[u8; N], ServiceError> {
        random(self.entropy.as_ref()).map_err(ServiceError::io("the system gives no random bytes"))
    }
}

/// A decision as it was handed in, in canonical bytes: what a request is known by, and what is kept of it.
struct Handed {
    decision: Vec<u8>,
    score_sheet: Option<Vec<u8>>,
}

impl Handed {
    fn of(input: &DecisionInput) -> Result<Self, ServiceError> {
        // The sheet is the most of it: each member is written once, for the whole and for itself.
        let tree = json!(input);
        let members = tree.as_object().into_iter().flatten();
        let members = members.map(|(name, value)| Ok((name.as_str(), canonicalize(value)?)));
        let mut members: BTreeMap<&str, Vec<u8>> = members.collect::<Result<_, Refusal>>()?;
        let decision = object_of(members.iter().map(|(name, value)| (*name, value.as_slice())));
        Ok(Self { decision, score_sheet: members.remove("score_sheet").filter(|sheet| sheet != b"null") })
    }
}

struct DecisionDocument {
    bytes: Vec<u8>,
    sheet_sha256: Option<String>,
}

impl Line<'_> {
    fn old(&self) -> Option<&Certificate> {
        match self {
            Self::First => None,
            Self::Replacing(old) | Self::Recertifying(old) => Some(old),
        }
    }

    fn recertification(&self) -> u32 {
        match self {
            Self::First => 0,
            Self::Replacing(old) => old.terms().recertification,
            Self::Recertifying(old) => old.terms().recertification + 1,
        }
    }
}

/// A decision's reference is unique, so it serves as the key where none was given.
fn keyed(act: &Act, decision: &Decision) -> Act {
    let key = act.key.clone().unwrap_or_else(|| IdempotencyKey::of_decision(&decision.reference));
    Act { key: Some(key), ..act.clone() }
}

/// What makes a decision fit to follow on a certificate.
fn check_successor(
    old: &Certificate,
    decision: &Decision,
    line: &Line<'_>,
    reason: SupersessionReason,
    service: &Service,
) -> Result<(), ServiceError> {
    let number = &old.terms().number;
    if !matches!(old.state(), State::InForce) || old.succession(Timestamp::MAX).is_some() {
        // The state machine words it; this keeps the dates below from speaking first.
        let change = CertificateChange::Superseded {
            by: old.id,
            reason: SupersessionReason::parse(SupersessionReason::REISSUED)?,
        };
        let at = service.now();
        old.admit(
            &Step { change, effective_at: at, recorded_at: at, actor: Role::Registrar },
            &service.scheme.intervals,
        )?;
    }
    if decision.holder.uscc != old.terms().holder.uscc {
        let why = format!(
            "certificate {number} belongs to {}; another organisation needs a certificate of its own",
            old.terms().holder.uscc
        );
        return Err(Refusal::rule("other_holder", why).under("/holder/uscc").into());
    }
    check_reason(old.terms(), decision, reason)?;
    let (end, issued_on) = (old.terms().valid_until, decision.issued_on);
    let refuse = |code, why: String| Err(Refusal::rule(code, why).under("/issued_on").into());
    if issued_on < old.terms().issued_on {
        return refuse(
            "before_predecessor",
            format!(
                "certificate {number} began on {}; its successor cannot begin on {issued_on}",
                old.terms().issued_on
            ),
        );
    }
    match line {
        Line::Recertifying(_) => {
            let opens = months_before(add_days(end, 1), service.scheme.intervals.recertification_window_months);
            if issued_on < opens {
                return refuse(
                    "recertification_too_early",
                    format!("certificate {number} can be recertified from {opens} on, in its last year"),
                );
            }
            if issued_on > add_days(end, 1) {
                return refuse(
                    "recertification_gap",
                    format!(
                        "certificate {number} ends on {end}; recertified from {} at the latest, else it is issued anew",
                        add_days(end, 1)
                    ),
                );
            }
        }
        _ if issued_on > end => {
            return refuse(
                "after_predecessor",
                format!("certificate {number} ends on {end}; a replacement begins before"),
            );
        }
        _ => {}
    }
    Ok(())
}

/// A reason that the two certificates themselves contradict is a slip.
fn check_reason(old: &Terms, decision: &Decision, reason: SupersessionReason) -> Result<(), Refusal> {
    let differs = match reason.code() {
        SupersessionReason::LEVEL_CHANGED => decision.level.is_some_and(|level| level != old.level),
        SupersessionReason::SCOPE_CHANGED => decision.scope != old.scope || decision.sites != old.sites,
        SupersessionReason::HOLDER_CHANGED => decision.holder != old.holder,
        _ => true,
    };
    if differs {
        return Ok(());
    }
    let why = format!(
        "nothing of that kind differs from certificate {}: give the reason that holds ({})",
        old.number,
        reason.en()
    );
    Err(Refusal::rule("reason_untrue", why).under("/reason"))
}

/// Reads the outcome back from the unit in the store.
fn issued(done: &Done) -> Result<Issued, ServiceError> {
    let found = done.entry.events.iter().find_map(|e| match &e.fact {
        Fact::Certificate { id, change: CertificateChange::Issued { terms, .. } } => Some((*id, terms)),
        _ => None,
    });
    let (id, terms) =
        found.ok_or_else(|| Refusal::conflict("idempotency_mismatch", "that key was used for something else"))?;
    Ok(Issued {
        reference: done.entry.provenance.reference.clone(),
        id,
        number: terms.number.clone(),
        level: terms.level,
        score: shown_score(&done.entry),
        valid_until: terms.valid_until,
        replayed: done.replayed,
    })
}

/// What is read of a decision's document for this.
#[derive(Deserialize)]
struct Scored {
    score: Option<Score>,
}

#[derive(Deserialize)]
struct Score {
    shown: String,
}

fn shown_score(entry: &Entry) -> Option<String> {
    let decision = entry.records.iter().find(|r| r.kind == RecordKind::Decision)?;
    let document: Scored = serde_json::from_slice(&decision.bytes).ok()?;
    Some(document.score?.shown)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// By these bytes any version knows a request again.
    #[test]
    fn what_was_handed_in_is_its_canonical_form_and_the_sheet_a_part_of_it() {
        let mut input: DecisionInput = serde_json::from_str(include_str!("../../docs/samples/decision.json")).unwrap();
        let handed = Handed::of(&input).unwrap();
        assert_eq!(handed.decision, canonicalize(&json!(input)).unwrap());
        assert_eq!(handed.score_sheet, Some(canonicalize(&json!(input.score_sheet)).unwrap()));
        input.score_sheet = None;
        let handed = Handed::of(&input).unwrap();
        assert_eq!((handed.decision, handed.score_sheet), (canonicalize(&json!(input)).unwrap(), None));
    }
}
