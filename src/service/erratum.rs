//! Errata: what was recorded of a certificate in error counts no more. What the same unit recorded with it, of the marks and of a
//! successor still to come, goes with it.

use super::actor::Act;
use super::{Done, Plan, Service, ServiceError};
use crate::domain::certificate::Step;
use crate::domain::mark_licence::MarkStep;
use crate::domain::reason::CorrectionReason;
use crate::domain::{Certificate, CertificateChange, CertificateId, Fact, MarkChange, MarkId, Refusal, Role};
use crate::store::{Entry, Expect, StoreError, Subject};
use jiff::Timestamp;

impl Service {
    /// Takes back a step of a certificate (named by identifier or number) that was recorded in error. `step` counts from 0, the
    /// issue, in the order of recording.
    ///
    /// # Errors
    /// The rule that forbids it; `note_missing`; `no_such_certificate`; `role_missing`; store failures.
    pub fn correct(
        &self,
        act: &Act,
        certificate: &str,
        step: u32,
        reason: CorrectionReason,
    ) -> Result<Done, ServiceError> {
        act.actor.acting_as_one_of(&[Role::DecisionMaker, Role::Registrar])?;
        let certificate = self.find(certificate)?;
        let id = certificate.id;
        let role = act.actor.acting_as(who_may(&certificate, step))?;
        if act.note.is_none() {
            let why =
                "an erratum takes back what the body said in public: give the evidence for it, for your own files";
            return Err(Refusal::invalid("note_missing", why).under("/note").into());
        }
        let request = serde_json::json!({ "certificate": id, "step": step, "reason": reason });
        self.perform(act, "correct", &request, |now| {
            let mut plan = Plan::new(role);
            let change = CertificateChange::Corrected { corrects: step, reason };
            let certificate = self.certificate(id)?;
            self.plan_erratum(&mut plan, &certificate, change, now)?;
            let unit = self.unit_of(Subject::Certificate(id), step)?;
            self.admit_first_of(&unit, &certificate, step)?;
            let mut corrected = vec![id];
            for (seq, copied) in changes(&unit).filter(|(_, other)| *other != id) {
                // One whose own life says otherwise stays as it is.
                let other = self.certificate(copied)?;
                let change =
                    CertificateChange::Corrected { corrects: self.step_of(Subject::Certificate(copied), seq)?, reason };
                if self.plan_erratum(&mut plan, &other, change, now).is_ok() {
                    corrected.push(copied);
                }
            }
            for (seq, mark, of) in marks(&unit).filter(|(.., of)| corrected.contains(of)) {
                let corrects = self.step_of(Subject::Mark(mark), seq)?;
                self.plan_mark_erratum(&mut plan, mark, of, corrects, now)?;
            }
            Ok(plan)
        })
    }

    fn plan_erratum(
        &self,
        plan: &mut Plan,
        certificate: &Certificate,
        change: CertificateChange,
        now: Timestamp,
    ) -> Result<(), Refusal> {
        let step = Step { change: change.clone(), effective_at: now, recorded_at: now, actor: plan.role };
        certificate.admit(&step, &self.scheme.intervals)?;
        let id = certificate.id;
        plan.expect.push(Expect { subject: Subject::Certificate(id), version: certificate.version() });
        plan.facts.push((Fact::Certificate { id, change }, now));
        Ok(())
    }

    /// A mark that has come to something else since stays as it is.
    fn plan_mark_erratum(
        &self,
        plan: &mut Plan,
        id: MarkId,
        certificate: CertificateId,
        corrects: u32,
        now: Timestamp,
    ) -> Result<(), ServiceError> {
        let (licence, change) = (self.mark(id)?, MarkChange::Corrected { corrects });
        let step = MarkStep { change: change.clone(), effective_at: now, recorded_at: now, actor: plan.role };
        if licence.clone().apply(step).is_ok() {
            plan.expect.push(Expect { subject: Subject::Mark(id), version: licence.version() });
            plan.facts.push((Fact::Mark { id, certificate, change }, now));
        }
        Ok(())
    }

    /// What was recorded of a successor along with the certificate it is to replace is taken back with that, while that stands.
    fn admit_first_of(&self, unit: &Entry, certificate: &Certificate, step: u32) -> Result<(), ServiceError> {
        let Some((seq, first)) = changes(unit).next().filter(|(_, first)| *first != certificate.id) else {
            return Ok(());
        };
        let (old, of_old) = (self.certificate(first)?, self.step_of(Subject::Certificate(first), seq)?);
        if old.corrected_by(of_old as usize, Timestamp::MAX).is_some() {
            return Ok(());
        }
        let why = format!(
            "step {step} of certificate {} was recorded along with step {of_old} of {}, which it takes the place of: correct that one, and both are",
            certificate.terms().number,
            old.terms().number
        );
        Err(Refusal::rule("recorded_together", why).under("/step").into())
    }

    /// The unit that a step of a certificate or mark was recorded in.
    fn unit_of(&self, subject: Subject, step: u32) -> Result<Entry, ServiceError> {
        let seq = self.store.seqs_of(subject)?.into_iter().nth(step as usize);
        let unit = seq.map(|seq| self.store.entries(seq, 1)).transpose()?.unwrap_or_default().into_iter().next();
        Ok(unit.ok_or_else(|| gone(subject))?)
    }

    /// Which step of a certificate's or mark's life an event is.
    fn step_of(&self, subject: Subject, seq: u64) -> Result<u32, ServiceError> {
        let step = self.store.seqs_of(subject)?.iter().position(|s| *s == seq);
        Ok(step.and_then(|step| u32::try_from(step).ok()).ok_or_else(|| gone(subject))?)
    }
}

fn gone(subject: Subject) -> StoreError {
    let (key, why) = (format!("{subject:?}"), "a step of its life is not where it should be".into());
    StoreError::Corrupt { table: "journal", key, field: "seq", why }
}

/// A surveillance is the registrar's; every other step was a decision.
fn who_may(certificate: &Certificate, step: u32) -> Role {
    match certificate.life().get(step as usize).map(|s| &s.change) {
        Some(CertificateChange::Surveyed { .. }) => Role::Registrar,
        _ => Role::DecisionMaker,
    }
}

/// The certificates a unit's orders were for, with the event of each: first the one that was named, then those that it was
/// recorded of as well.
fn changes(unit: &Entry) -> impl Iterator<Item = (u64, CertificateId)> {
    (unit.first_seq..).zip(&unit.events).filter_map(|(seq, event)| match &event.fact {
        Fact::Certificate {
            id,
            change:
                CertificateChange::Surveyed { .. }
                | CertificateChange::Suspended { .. }
                | CertificateChange::Reinstated { .. }
                | CertificateChange::Withdrawn { .. }
                | CertificateChange::Cancelled { .. },
        } => Some((seq, *id)),
        _ => None,
    })
}

/// The marks that followed in a unit, with the event and the certificate of each.
fn marks(unit: &Entry) -> impl Iterator<Item = (u64, MarkId, CertificateId)> {
    (unit.first_seq..).zip(&unit.events).filter_map(|(seq, event)| match &event.fact {
        Fact::Mark { id, certificate, change: MarkChange::Frozen | MarkChange::Unfrozen | MarkChange::Ended } => {
            Some((seq, *id, *certificate))
        }
        _ => None,
    })
}
