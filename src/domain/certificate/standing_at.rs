//! How a certificate stands at any instant, from what was on record at any other.

use super::{Certificate, CertificateChange, StandingAt, Step, SurveillanceOutcome};
use crate::domain::dates::{add_days, add_months, day_end, day_start};
use crate::domain::reason::SupersessionReason;
use crate::domain::scheme::Intervals;
use crate::domain::standing::{Flag, Standing};
use jiff::Timestamp;
use jiff::civil::Date;

impl Certificate {
    /// Surveillances on record at `known_at`: (last day on site, outcome), oldest first.
    pub fn surveillances(&self, known_at: Timestamp) -> impl Iterator<Item = (Date, SurveillanceOutcome)> {
        self.counted(known_at).filter_map(|(_, s)| match s.change {
            CertificateChange::Surveyed { on_site_ended_on, outcome, .. } => Some((on_site_ended_on, outcome)),
            _ => None,
        })
    }

    /// The day the next surveillance is due, as known at `known_at`; never after the last day of validity.
    #[must_use]
    pub fn surveillance_due(&self, known_at: Timestamp) -> Date {
        let passed = self.counted(known_at).filter_map(|(_, s)| match s.change {
            CertificateChange::Surveyed { outcome: SurveillanceOutcome::Passed, next_due_on, .. } => Some(next_due_on),
            _ => None,
        });
        passed.last().unwrap_or(self.terms.surveillance_due_on)
    }

    /// The day the certificate has to be surveyed by, as known at `known_at`; none once a recertification is on record, whose
    /// evaluation took the place of the surveillance.
    #[must_use]
    pub fn awaits_surveillance(&self, known_at: Timestamp) -> Option<Date> {
        let recertified = self.counted(known_at).any(|(_, s)| {
            matches!(s.change, CertificateChange::Superseded { reason, .. } if reason.code() == SupersessionReason::RECERTIFIED)
        });
        (!recertified).then(|| self.surveillance_due(known_at))
    }

    /// When the next surveillance is due after one that ended on `on_site_ended_on` with this outcome: a passed one moves
    /// the date on by the scheme's interval, never back and never beyond the last day of validity.
    #[must_use]
    pub fn next_due_after(&self, on_site_ended_on: Date, outcome: SurveillanceOutcome, intervals: &Intervals) -> Date {
        let now_due = self.surveillance_due(Timestamp::MAX);
        match outcome {
            SurveillanceOutcome::Failed => now_due,
            SurveillanceOutcome::Passed => {
                add_months(on_site_ended_on, intervals.surveillance_months).max(now_due).min(self.terms.valid_until)
            }
        }
    }

    /// Standing at `at`, from what was on record at `known_at`; `None` when it was not on record then, or when something was
    /// that this version cannot read: that may change the past as well.
    #[must_use]
    pub fn standing(&self, at: Timestamp, known_at: Timestamp) -> Option<StandingAt> {
        let on_record = self.life.first()?.recorded_at <= known_at && self.is_understood(known_at);
        on_record.then(|| self.standing_by(at, self.counted(known_at)))
    }

    /// Standing at `at` by these steps.
    fn standing_by<'a>(&self, at: Timestamp, steps: impl Iterator<Item = (usize, &'a Step)>) -> StandingAt {
        let mut found = vec![];
        let mut suspended: Option<(usize, Timestamp)> = None;
        let mut reinstated: Option<(usize, Timestamp)> = None;
        for (i, step) in steps.filter(|(_, s)| s.effective_at <= at) {
            let mut end = |standing| found.push(StandingAt { standing, since: step.effective_at, step: Some(i) });
            match step.change {
                CertificateChange::Issued { .. }
                | CertificateChange::Surveyed { .. }
                | CertificateChange::Corrected { .. }
                | CertificateChange::NotUnderstood(_) => {}
                CertificateChange::Suspended { .. } => suspended = Some((i, step.effective_at)),
                CertificateChange::Reinstated { .. } => {
                    suspended = None;
                    reinstated = Some((i, step.effective_at));
                }
                CertificateChange::Withdrawn { .. } => end(Standing::Withdrawn),
                CertificateChange::Cancelled { .. } => end(Standing::Cancelled),
                CertificateChange::Superseded { .. } => end(Standing::Superseded),
            }
        }
        let begins = day_start(self.terms.issued_on);
        let ends = day_start(add_days(self.terms.valid_until, 1));
        if at >= ends {
            found.push(StandingAt { standing: Standing::Expired, since: ends, step: None });
        }
        if let Some((i, since)) = suspended {
            found.push(StandingAt { standing: Standing::Suspended, since, step: Some(i) });
        }
        if at < begins {
            found.push(StandingAt { standing: Standing::NotYetEffective, since: self.life[0].recorded_at, step: None });
        }
        let (step, since) = reinstated.unwrap_or((0, begins));
        let valid = StandingAt { standing: Standing::Valid, since: since.max(begins), step: Some(step) };
        found.into_iter().fold(valid, |worst, s| if s.standing < worst.standing { s } else { worst })
    }

    /// How it had ended when it was put on record; none for one that was running then. A certificate taken over from a
    /// roster may begin so: its record was signed after its end, so a verifier who holds nothing but the record would call
    /// it valid for days on which it was not.
    #[must_use]
    pub fn ended_before_record(&self) -> Option<Standing> {
        let recorded = self.life.first()?.recorded_at;
        // An end that an erratum has taken back since was none.
        let steps = self.counted(Timestamp::MAX).filter(|(_, s)| s.recorded_at <= recorded);
        let standing = self.is_understood(recorded).then(|| self.standing_by(recorded, steps).standing)?;
        matches!(standing, Standing::Withdrawn | Standing::Cancelled | Standing::Superseded).then_some(standing)
    }

    /// Flags on a day, as known at `known_at`, beside a standing of `standing`.
    #[must_use]
    pub fn flags(&self, standing: Standing, day: Date, known_at: Timestamp, intervals: &Intervals) -> Vec<Flag> {
        let mut flags = vec![];
        if !matches!(standing, Standing::Valid | Standing::Suspended) {
            return flags;
        }
        match self.awaits_surveillance(known_at) {
            Some(due) if day > due => flags.push(Flag::SurveillanceOverdue),
            Some(due) if add_days(day, intervals.surveillance_notice_days) >= due && due < self.terms.valid_until => {
                flags.push(Flag::SurveillanceDue);
            }
            _ => {}
        }
        if add_days(day, intervals.expiry_notice_days) >= self.terms.valid_until {
            flags.push(Flag::ExpiresSoon);
        }
        if standing == Standing::Suspended && self.suspension_at(day, known_at).is_some_and(|until| day > until) {
            flags.push(Flag::SuspensionRanOut);
        }
        flags
    }

    /// Last day of the suspension in force at the end of `day`, as known at `known_at`.
    #[must_use]
    pub fn suspension_at(&self, day: Date, known_at: Timestamp) -> Option<Date> {
        let mut until = None;
        for (_, step) in self.counted(known_at).filter(|(_, s)| s.effective_at <= day_end(day)) {
            match &step.change {
                CertificateChange::Suspended { until: last, .. } => until = Some(*last),
                CertificateChange::Reinstated { .. } => until = None,
                _ => {}
            }
        }
        until
    }
}
