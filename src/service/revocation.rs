//! What happens to a certificate after issue: surveillance, suspension, reinstatement, withdrawal, cancellation. Its open
//! marks follow in the same unit, and so does a successor that has not begun yet.

use super::actor::Act;
use super::{Done, Plan, Service, ServiceError};
use crate::domain::certificate::{CertificateChange, State, Step, Succession, SurveillanceOutcome};
use crate::domain::dates::{add_months, china_day, day_start};
use crate::domain::mark_licence::MarkStep;
use crate::domain::reason::{CancellationReason, SuspensionReason, WithdrawalReason};
use crate::domain::{Certificate, CertificateId, Fact, MarkChange, Refusal, Role};
use crate::store::{Expect, Subject};
use jiff::Timestamp;
use jiff::civil::Date;
use serde::Serialize;

/// A change staff ask for. Dates left out mean today.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "order", rename_all = "snake_case")]
pub enum Order {
    /// Record a surveillance.
    Survey {
        /// Last day on site.
        on_site_ended_on: Date,
        /// What it found.
        outcome: SurveillanceOutcome,
    },
    /// Suspend.
    Suspend {
        /// Why.
        reason: SuspensionReason,
        /// Day the cause was confirmed.
        confirmed_on: Option<Date>,
        /// First day of the suspension.
        effective_on: Option<Date>,
        /// Its last day; left out, the longest the scheme allows, within the certificate's validity.
        until: Option<Date>,
    },
    /// Lift the suspension.
    Reinstate {
        /// Day the reinstatement evaluation was passed.
        passed_on: Option<Date>,
        /// First day it is valid again.
        effective_on: Option<Date>,
    },
    /// Withdraw.
    Withdraw {
        /// Why.
        reason: WithdrawalReason,
        /// From which day.
        effective_on: Option<Date>,
    },
    /// Cancel.
    Cancel {
        /// Why.
        reason: CancellationReason,
        /// From which day.
        effective_on: Option<Date>,
    },
}

impl Order {
    /// The roles that may give it, the usual one first.
    #[must_use]
    pub fn roles(&self) -> &'static [Role] {
        match self {
            Self::Survey { .. } => &[Role::Registrar],
            Self::Suspend { .. } => &[Role::DecisionMaker, Role::System],
            _ => &[Role::DecisionMaker],
        }
    }

    /// The change it means on the day `today`, and the day it counts from.
    fn change(&self, certificate: &Certificate, service: &Service, today: Date) -> (CertificateChange, Date) {
        let intervals = &service.scheme.intervals;
        match self {
            Self::Survey { on_site_ended_on, outcome } => {
                let next_due_on = certificate.next_due_after(*on_site_ended_on, *outcome, intervals);
                let change =
                    CertificateChange::Surveyed { on_site_ended_on: *on_site_ended_on, outcome: *outcome, next_due_on };
                // A surveillance is on record from the day it is put there; the day on site is its own date.
                (change, today)
            }
            Self::Suspend { reason, confirmed_on, effective_on, until } => {
                let from = effective_on.unwrap_or(today);
                let longest =
                    add_months(from, intervals.suspension_max_months).min(certificate.terms().valid_until).max(from);
                let until = until.unwrap_or(longest);
                let confirmed_on = confirmed_on.unwrap_or_else(|| from.min(today));
                (CertificateChange::Suspended { reason: *reason, confirmed_on, until }, from)
            }
            Self::Reinstate { passed_on, effective_on } => {
                let from = effective_on.unwrap_or(today);
                (CertificateChange::Reinstated { passed_on: passed_on.unwrap_or_else(|| from.min(today)) }, from)
            }
            Self::Withdraw { reason, effective_on } => {
                (CertificateChange::Withdrawn { reason: *reason }, effective_on.unwrap_or(today))
            }
            Self::Cancel { reason, effective_on } => {
                (CertificateChange::Cancelled { reason: *reason }, effective_on.unwrap_or(today))
            }
        }
    }

    /// What it means for an open mark.
    fn mark_change(&self) -> Option<MarkChange> {
        match self {
            Self::Survey { .. } => None,
            Self::Suspend { .. } => Some(MarkChange::Frozen),
            Self::Reinstate { .. } => Some(MarkChange::Unfrozen),
            Self::Withdraw { .. } | Self::Cancel { .. } => Some(MarkChange::Ended),
        }
    }
}

impl Service {
    /// Carries an order out on a certificate (named by identifier or number) and its open marks.
    ///
    /// # Errors
    /// The rule that forbids it; `no_such_certificate`; `role_missing`; store failures.
    pub fn order(&self, act: &Act, certificate: &str, order: &Order) -> Result<Done, ServiceError> {
        let role = act.actor.acting_as_one_of(order.roles())?;
        let id = self.find(certificate)?.id;
        let request = serde_json::json!({ "certificate": id, "order": order });
        self.perform(act, "order", &request, |now| self.plan_order(role, id, order, now))
    }

    fn plan_order(&self, role: Role, id: CertificateId, order: &Order, now: Timestamp) -> Result<Plan, ServiceError> {
        let certificate = self.certificate(id)?;
        let today = china_day(now);
        let (change, from) = order.change(&certificate, self, today);
        // What counts from today counts from now: the morning's answers stay true.
        let effective_at = if from == today { now } else { day_start(from) };
        let step = Step { change, effective_at, recorded_at: now, actor: role };
        certificate.admit(&step, &self.scheme.intervals)?;
        self.admit_end_of_successor(&certificate, order, now)?;
        let mut plan = Plan::new(role);
        self.plan_step(&mut plan, &certificate, &step, order)?;
        for successor in self.successors_to_come(&certificate, now)? {
            if let Some(step) = self.carried(order, &step, &certificate, &successor) {
                self.plan_step(&mut plan, &successor, &step, order)?;
            }
        }
        Ok(plan)
    }

    /// A successor that has not begun does not end alone: the certificate it replaces would end with nothing in its place.
    fn admit_end_of_successor(
        &self,
        certificate: &Certificate,
        order: &Order,
        now: Timestamp,
    ) -> Result<(), ServiceError> {
        let ends = matches!(order, Order::Withdraw { .. } | Order::Cancel { .. });
        let Some(old) = certificate.terms().supersedes.filter(|_| ends) else { return Ok(()) };
        let old = self.certificate(old)?;
        if certificate.terms().issued_on <= china_day(now) || old.has_ended(now) {
            return Ok(());
        }
        let why = format!(
            "certificate {} takes the place of {} on {}, which would then end with nothing in its place: end that one and both end, or put a corrected one in the place of this one (supersede)",
            certificate.terms().number,
            old.terms().number,
            certificate.terms().issued_on
        );
        Err(Refusal::rule("successor_to_come", why).into())
    }

    /// One step of a certificate, and what it means for its open marks.
    fn plan_step(
        &self,
        plan: &mut Plan,
        certificate: &Certificate,
        step: &Step,
        order: &Order,
    ) -> Result<(), ServiceError> {
        let id = certificate.id;
        plan.expect.push(Expect { subject: Subject::Certificate(id), version: certificate.version() });
        plan.facts.push((Fact::Certificate { id, change: step.change.clone() }, step.effective_at));
        let Some(change) = order.mark_change() else { return Ok(()) };
        let marks = self.store.marks_of(id)?;
        plan.expect.push(Expect { subject: Subject::MarksOf(id), version: marks.len() as u64 });
        for mark in marks {
            let licence = self.mark(mark)?;
            let step = MarkStep {
                change: change.clone(),
                effective_at: step.effective_at,
                recorded_at: step.recorded_at,
                actor: step.actor,
            };
            if licence.state(step.recorded_at).is_open() && licence.clone().apply(step.clone()).is_ok() {
                plan.expect.push(Expect { subject: Subject::Mark(mark), version: licence.version() });
                plan.facts.push((Fact::Mark { id: mark, certificate: id, change: step.change }, step.effective_at));
            }
        }
        Ok(())
    }

    /// Certificates that are to take its place but have not yet: the next, the one after that, and so on.
    fn successors_to_come(&self, old: &Certificate, now: Timestamp) -> Result<Vec<Certificate>, ServiceError> {
        let mut found: Vec<Certificate> = vec![];
        while let Some(Succession { by, .. }) =
            found.last().unwrap_or(old).succession(Timestamp::MAX).filter(|s| s.from > now)
        {
            found.push(self.certificate(by)?);
        }
        Ok(found)
    }

    /// What befalls a certificate befalls the one that is about to take its place: it rests on the same holder's service.
    /// None where that one's own life says otherwise.
    fn carried(&self, order: &Order, step: &Step, old: &Certificate, successor: &Certificate) -> Option<Step> {
        let change = match (order, &step.change) {
            (Order::Survey { on_site_ended_on, outcome }, _) => {
                // A recertification counts its own years.
                if successor.terms().recertification != old.terms().recertification {
                    return None;
                }
                let next_due_on = successor.next_due_after(*on_site_ended_on, *outcome, &self.scheme.intervals);
                CertificateChange::Surveyed { on_site_ended_on: *on_site_ended_on, outcome: *outcome, next_due_on }
            }
            // Only a suspension that came along with the old one's ends with it.
            (Order::Reinstate { .. }, _) if successor.state() != old.state() => return None,
            (_, change) => change.clone(),
        };
        let step = Step { change, ..step.clone() };
        if *successor.state() == State::NotUnderstood {
            // It is not called valid anyway, and no rule can be held against it.
            return None;
        }
        successor.clone().apply(step.clone()).is_ok().then_some(step)
    }
}
