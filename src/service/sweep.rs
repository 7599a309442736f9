//! The sweep: what falls due, and what the scheme lets the system itself do about it. Expiry is computed, never swept.

use super::actor::{Act, Actor, IdempotencyKey};
use super::revocation::Order;
use super::{Service, ServiceError};
use crate::domain::certificate::{CertificateChange, State};
use crate::domain::dates::{add_days, add_months, china_day};
use crate::domain::holder::OverduePolicy;
use crate::domain::reason::SuspensionReason;
use crate::domain::text::Name;
use crate::domain::{CertificateId, CertificateNumber, Refusal, Role};
use crate::store::Calendar;
use jiff::civil::Date;
use serde::Serialize;

/// One line of the report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DueItem {
    /// Its identifier.
    pub id: CertificateId,
    /// Its number.
    pub number: CertificateNumber,
    /// Who holds it.
    pub holder: Name,
    /// The date that matters.
    pub on: Date,
}

/// What falls due.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Due {
    /// Surveillance within the notice time.
    pub surveillance_due: Vec<DueItem>,
    /// Surveillance past its date, not suspended yet.
    pub surveillance_overdue: Vec<DueItem>,
    /// Suspensions past their last day: each must be withdrawn.
    pub must_be_withdrawn: Vec<DueItem>,
    /// Certificates near their end.
    pub expires_soon: Vec<DueItem>,
    /// Suspended by the sweep today.
    pub suspended: Vec<DueItem>,
    /// Not suspended by this sweep although overdue, with the reason.
    pub failed: Vec<String>,
}

impl Service {
    /// Reports what falls due today, and changes nothing.
    ///
    /// # Errors
    /// `role_missing`, or store failures.
    pub fn due(&self, actor: &Actor) -> Result<Due, ServiceError> {
        actor.acting_as_one_of(&[
            Role::Reader,
            Role::Registrar,
            Role::DecisionMaker,
            Role::MarkOfficer,
            Role::System,
        ])?;
        let now = self.now();
        let today = china_day(now);
        let intervals = &self.scheme.intervals;
        let mut due = Due::default();
        for (on, id) in
            self.store.calendar(Calendar::SurveillanceDue, add_days(today, intervals.surveillance_notice_days))?
        {
            let certificate = self.certificate(id)?;
            let runs = today >= certificate.terms().issued_on
                && today <= certificate.terms().valid_until
                && !certificate.has_ended(now)
                && certificate.awaits_surveillance(now).is_some();
            if !runs || !matches!(certificate.state(), State::InForce) {
                continue;
            }
            let list = if on < today { &mut due.surveillance_overdue } else { &mut due.surveillance_due };
            // In the last year the end of validity comes first: recertification takes surveillance's place.
            if on < certificate.terms().valid_until {
                list.push(item(&certificate, on));
            }
        }
        for (on, id) in self.store.calendar(Calendar::SuspensionEnds, add_days(today, -1))? {
            let certificate = self.certificate(id)?;
            if today <= certificate.terms().valid_until && !certificate.has_ended(now) {
                due.must_be_withdrawn.push(item(&certificate, on));
            }
        }
        for (on, id) in self.store.calendar(Calendar::Expires, add_days(today, intervals.expiry_notice_days))? {
            let certificate = self.certificate(id)?;
            // One with a successor is taken care of.
            if on >= today && certificate.succession(now).is_none() {
                due.expires_soon.push(item(&certificate, on));
            }
        }
        Ok(due)
    }

    /// Reports what falls due and, where the body's policy says so, suspends what is overdue for surveillance. Given again
    /// on the same day it changes nothing more and answers alike: `suspended` lists all that the sweep suspended that day.
    ///
    /// # Errors
    /// `role_missing`, or store failures; a single certificate that cannot be suspended is listed, not an error.
    pub fn sweep(&self, act: &Act) -> Result<Due, ServiceError> {
        act.actor.acting_as_one_of(&[Role::DecisionMaker, Role::Operator, Role::System])?;
        let mut due = self.due(&Actor::system())?;
        if self.body().policy.overdue_surveillance == OverduePolicy::Report {
            return Ok(due);
        }
        let today = china_day(self.recording_time()?);
        let months = self.scheme.intervals.suspension_max_months;
        let reason = SuspensionReason::parse(SuspensionReason::SURVEILLANCE_OVERDUE)?;
        // The system acts, and who had it act stands beside it.
        let actor = Actor { by: format!("{} for {}", Actor::system().by, act.actor.by), ..Actor::system() };
        for item in std::mem::take(&mut due.surveillance_overdue) {
            let until = add_months(today, months).min(self.certificate(item.id)?.terms().valid_until);
            let order =
                Order::Suspend { reason, confirmed_on: Some(today), effective_on: Some(today), until: Some(until) };
            // Two sweeps on one day are one act.
            let key = IdempotencyKey::parse(&format!("sweep:{}:{}:{today}", item.id, item.on))?;
            let act = Act { actor: actor.clone(), key: Some(key), note: act.note.clone() };
            match self.order(&act, &item.id.to_string(), &order) {
                // Suspended by the sweep today, and that was taken back: it is not suspended twice on one day.
                Ok(done) if done.replayed && *self.certificate(item.id)?.state() == State::InForce => {
                    due.surveillance_overdue.push(item);
                }
                Ok(_) => {}
                Err(ServiceError::Refused(why)) => {
                    let why: Vec<String> = why.iter().map(Refusal::to_string).collect();
                    due.failed.push(format!("{}: {}", item.number, why.join("; ")));
                    due.surveillance_overdue.push(item);
                }
                Err(other) => return Err(other),
            }
        }
        due.suspended = self.swept(today, months)?;
        Ok(due)
    }

    /// What the sweep has suspended on the day `today`, and still is; each with the date its surveillance was due.
    fn swept(&self, today: Date, months: u32) -> Result<Vec<DueItem>, ServiceError> {
        let mut found = vec![];
        for (_, id) in self.store.calendar(Calendar::SuspensionEnds, add_months(today, months))? {
            let certificate = self.certificate(id)?;
            let by_sweep = certificate.counted(self.now()).any(|(_, s)| {
                s.actor == Role::System
                    && china_day(s.recorded_at) == today
                    && matches!(s.change, CertificateChange::Suspended { .. })
            });
            if by_sweep {
                let due = certificate.surveillance_due(self.now());
                found.push(item(&certificate, due));
            }
        }
        Ok(found)
    }
}

fn item(certificate: &crate::domain::Certificate, on: Date) -> DueItem {
    let terms = certificate.terms();
    DueItem { id: certificate.id, number: terms.number.clone(), holder: terms.holder.name.clone(), on }
}
