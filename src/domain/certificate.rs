//! A certificate's life: states, the changes between them, and its standing at any instant as known at any other.

use super::dates::{add_days, add_months, china_day, day_end, day_start};
use super::error::Refusal;
use super::ids::CertificateId;
use super::reason::{CancellationReason, SupersessionReason, SuspensionReason, WithdrawalReason};
use super::record::Terms;
use super::role::Role;
use super::scheme::Intervals;
use super::standing::{Flag, Standing};
use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

/// Outcome of one surveillance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SurveillanceOutcome {
    /// The requirements are still met.
    Passed,
    /// They are not; staff decide what follows.
    Failed,
}

/// One thing that happens to a certificate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "change", rename_all = "snake_case")]
pub enum CertificateChange {
    /// It is issued with these terms.
    Issued {
        /// What it says.
        terms: Box<Terms>,
        /// SHA-256 (hex) of the signed record.
        record_sha256: String,
        /// Serial taken from the body's pattern, with the series it counts in.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        serial: Option<Serial>,
    },
    /// A surveillance was carried out.
    Surveyed {
        /// Last day on site.
        on_site_ended_on: Date,
        /// What it found.
        outcome: SurveillanceOutcome,
        /// When the next one is due, as the scheme's intervals had it then.
        next_due_on: Date,
    },
    /// Use is suspended.
    Suspended {
        /// Why.
        reason: SuspensionReason,
        /// Day the cause was confirmed.
        confirmed_on: Date,
        /// Last day of the suspension.
        until: Date,
    },
    /// The suspension ends well.
    Reinstated {
        /// Day the reinstatement evaluation was passed.
        passed_on: Date,
    },
    /// Taken back for cause (撤销).
    Withdrawn {
        /// Why.
        reason: WithdrawalReason,
    },
    /// Ended without blame (注销).
    Cancelled {
        /// Why.
        reason: CancellationReason,
    },
    /// Replaced by a new certificate.
    Superseded {
        /// The new one.
        by: CertificateId,
        /// Why.
        reason: SupersessionReason,
    },
}

/// A serial number and the series it was counted in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Serial {
    /// See [`super::number::NumberPattern::series`].
    pub series: String,
    /// The number taken.
    pub value: u64,
}

/// A change with its two times and who made it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// What happened.
    pub change: CertificateChange,
    /// From when on it counts.
    pub effective_at: Timestamp,
    /// When the body put it on record.
    pub recorded_at: Timestamp,
    /// In which role.
    pub actor: Role,
}

/// Where the certificate stands after its latest step; expiry is computed, never stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// Issued and not suspended.
    InForce,
    /// Suspended from a day until a day.
    Suspended {
        /// First instant of the suspension.
        from: Timestamp,
        /// Its last day.
        until: Date,
        /// Why.
        reason: SuspensionReason,
    },
    /// Terminal: withdrawn, cancelled or superseded.
    Ended {
        /// Which of the three.
        standing: Standing,
        /// From when on; a supersession may lie ahead.
        from: Timestamp,
    },
}

/// A certificate with its whole life.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certificate {
    /// Its public identifier.
    pub id: CertificateId,
    terms: Terms,
    record_sha256: String,
    state: State,
    life: Vec<Step>,
}

/// Standing at one instant, with what explains it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StandingAt {
    /// The standing.
    pub standing: Standing,
    /// Since when it stands so.
    pub since: Timestamp,
    /// The step that explains it, an index into [`Certificate::life`]; none where only dates do.
    pub step: Option<usize>,
}

fn not_now(code: &'static str, message: String) -> Refusal {
    Refusal::rule(code, message)
}

impl Certificate {
    /// A certificate begins with its `Issued` step.
    ///
    /// # Errors
    /// `not_issued` when the first step is another one.
    pub fn begin(id: CertificateId, first: Step) -> Result<Self, Refusal> {
        match &first.change {
            CertificateChange::Issued { terms, record_sha256, .. } => Ok(Self {
                id,
                terms: (**terms).clone(),
                record_sha256: record_sha256.clone(),
                state: State::InForce,
                life: vec![first],
            }),
            _ => Err(not_now("not_issued", format!("certificate {id} has a step before it was issued"))),
        }
    }

    /// What it says.
    #[must_use]
    pub fn terms(&self) -> &Terms {
        &self.terms
    }

    /// SHA-256 (hex) of its signed record.
    #[must_use]
    pub fn record_sha256(&self) -> &str {
        &self.record_sha256
    }

    /// Its state after the latest step.
    #[must_use]
    pub fn state(&self) -> &State {
        &self.state
    }

    /// Every step, oldest first.
    #[must_use]
    pub fn life(&self) -> &[Step] {
        &self.life
    }

    /// How many steps it has: the version a changeset relies on.
    #[must_use]
    pub fn version(&self) -> u64 {
        self.life.len() as u64
    }

    /// The certificate after one more step; only the order of states is proved here, so that a stored life can be read
    /// back. [`Certificate::admit`] holds the scheme's time limits against a new step first.
    ///
    /// # Errors
    /// The refusal names the state that forbids the step.
    pub fn apply(mut self, step: Step) -> Result<Self, Refusal> {
        self.state = self.next_state(&step)?;
        self.life.push(step);
        Ok(self)
    }

    fn next_state(&self, step: &Step) -> Result<State, Refusal> {
        let number = &self.terms.number;
        if let State::Ended { standing, from } = &self.state {
            // Until its successor begins, a certificate can still be withdrawn or cancelled.
            let still_running = *standing == Standing::Superseded && step.effective_at < *from;
            match step.change {
                CertificateChange::Withdrawn { .. } if still_running => {}
                CertificateChange::Cancelled { .. } if still_running => {}
                _ => {
                    return Err(not_now(
                        "certificate_ended",
                        format!(
                            "certificate {number} is {}, which is final: an error is corrected by a new certificate",
                            standing.wire()
                        ),
                    ));
                }
            }
        }
        let ended = |standing| State::Ended { standing, from: step.effective_at };
        match (&self.state, &step.change) {
            (_, CertificateChange::Issued { .. }) => {
                Err(not_now("already_issued", format!("certificate {number} is issued already")))
            }
            (state, CertificateChange::Surveyed { .. }) => Ok(state.clone()),
            (State::InForce, CertificateChange::Suspended { reason, until, .. }) => {
                Ok(State::Suspended { from: step.effective_at, until: *until, reason: *reason })
            }
            (State::Suspended { from, .. }, CertificateChange::Suspended { .. }) => Err(not_now(
                "already_suspended",
                format!("certificate {number} is suspended from {} already", china_day(*from)),
            )),
            (State::Suspended { .. }, CertificateChange::Reinstated { .. }) => Ok(State::InForce),
            (_, CertificateChange::Reinstated { .. }) => Err(not_now(
                "not_suspended",
                format!("certificate {number} is not suspended, so there is nothing to reinstate"),
            )),
            (_, CertificateChange::Withdrawn { .. }) => Ok(ended(Standing::Withdrawn)),
            (_, CertificateChange::Cancelled { .. }) => Ok(ended(Standing::Cancelled)),
            (State::InForce, CertificateChange::Superseded { .. }) => Ok(ended(Standing::Superseded)),
            (State::Suspended { .. }, CertificateChange::Superseded { .. }) => Err(not_now(
                "suspended",
                format!("certificate {number} is suspended: reinstate it before it is replaced, or withdraw it"),
            )),
            (State::Ended { .. }, _) => Err(not_now("certificate_ended", format!("certificate {number} has ended"))),
        }
    }

    /// Holds a new step against the scheme's time limits and the state, as of the day it is recorded.
    ///
    /// # Errors
    /// The refusal says which limit, and what would be right.
    pub fn admit(&self, step: &Step, intervals: &Intervals) -> Result<(), Refusal> {
        self.next_state(step)?;
        let number = &self.terms.number;
        let today = china_day(step.recorded_at);
        let day = china_day(step.effective_at);
        if today > self.terms.valid_until {
            return Err(not_now(
                "certificate_expired",
                format!("certificate {number} expired on {}, which is final", self.terms.valid_until),
            ));
        }
        let first_day = china_day(self.life[0].recorded_at).min(self.terms.issued_on);
        let earliest = match &self.state {
            State::Suspended { from, .. } => china_day(*from).min(today),
            _ => self.last_reinstated_on().unwrap_or(first_day),
        };
        let place = |r: Refusal| r.under("/effective_on");
        if day < earliest {
            return Err(place(not_now(
                "effective_too_early",
                format!(
                    "{day} lies before {earliest}, the latest change of certificate {number}: a change counts from then or later"
                ),
            )));
        }
        self.admit_change(step, intervals, today, day)
    }

    fn admit_change(&self, step: &Step, intervals: &Intervals, today: Date, day: Date) -> Result<(), Refusal> {
        let not_future = |pointer: &str, d: Date| {
            if d > today {
                return Err(
                    Refusal::rule("in_the_future", format!("{d} is still to come; today is {today}")).under(pointer)
                );
            }
            Ok(())
        };
        match &step.change {
            CertificateChange::Surveyed { on_site_ended_on, .. } => {
                not_future("/on_site_ended_on", *on_site_ended_on)?;
                self.admit_surveillance(*on_site_ended_on)
            }
            CertificateChange::Suspended { reason, confirmed_on, until } => {
                not_future("/confirmed_on", *confirmed_on)?;
                if step.actor == Role::System && reason.code() != SuspensionReason::SURVEILLANCE_OVERDUE {
                    return Err(Refusal::forbidden(
                        "system_may_not",
                        "the system may suspend for overdue surveillance only; every other suspension is a person's decision",
                    ));
                }
                admit_suspension(*confirmed_on, day, *until, intervals)
            }
            CertificateChange::Reinstated { passed_on } => {
                not_future("/passed_on", *passed_on)?;
                self.admit_reinstatement(*passed_on, today, day)
            }
            CertificateChange::Withdrawn { .. } | CertificateChange::Cancelled { .. } => {
                not_future("/effective_on", day)
            }
            CertificateChange::Superseded { .. } | CertificateChange::Issued { .. } => Ok(()),
        }
    }

    fn admit_surveillance(&self, on_site_ended_on: Date) -> Result<(), Refusal> {
        let refuse = |code, message| Err(Refusal::rule(code, message).under("/on_site_ended_on"));
        if on_site_ended_on < self.terms.issued_on {
            return refuse(
                "surveillance_before_issue",
                format!("{on_site_ended_on} lies before the certificate was issued on {}", self.terms.issued_on),
            );
        }
        for (earlier, _) in self.surveillances(Timestamp::MAX) {
            if on_site_ended_on <= earlier {
                return refuse(
                    "surveillance_recorded",
                    format!(
                        "a surveillance that ended on {earlier} is on record already; this one, on {on_site_ended_on}, is not later"
                    ),
                );
            }
        }
        Ok(())
    }

    fn admit_reinstatement(&self, passed_on: Date, today: Date, day: Date) -> Result<(), Refusal> {
        let State::Suspended { from, until, .. } = &self.state else {
            return Err(Refusal::rule("not_suspended", "there is nothing to reinstate"));
        };
        let number = &self.terms.number;
        if day > *until || today > *until {
            return Err(not_now(
                "suspension_ran_out",
                format!(
                    "the suspension of certificate {number} ended on {until} unresolved: it must be withdrawn, a reinstatement comes too late"
                ),
            ));
        }
        if day > today && day > china_day(*from) {
            return Err(Refusal::rule("in_the_future", format!("{day} is still to come; today is {today}"))
                .under("/effective_on"));
        }
        if passed_on < china_day(*from).min(today) || passed_on > day {
            return Err(Refusal::rule(
                "reinstatement_not_passed",
                format!("the reinstatement is passed during the suspension, from {} to {day}; {passed_on} does not lie there", china_day(*from)),
            )
            .under("/passed_on"));
        }
        let due = self.surveillance_due(Timestamp::MAX);
        if today > due {
            return Err(not_now(
                "surveillance_overdue",
                format!("surveillance of certificate {number} has been due since {due}: record the surveillance first"),
            ));
        }
        Ok(())
    }

    fn last_reinstated_on(&self) -> Option<Date> {
        self.life
            .iter()
            .rev()
            .find(|s| matches!(s.change, CertificateChange::Reinstated { .. }))
            .map(|s| china_day(s.effective_at))
    }

    /// Surveillances on record at `known_at`: (last day on site, outcome), oldest first.
    pub fn surveillances(&self, known_at: Timestamp) -> impl Iterator<Item = (Date, SurveillanceOutcome)> {
        self.life.iter().filter(move |s| s.recorded_at <= known_at).filter_map(|s| match s.change {
            CertificateChange::Surveyed { on_site_ended_on, outcome, .. } => Some((on_site_ended_on, outcome)),
            _ => None,
        })
    }

    /// The day the next surveillance is due, as known at `known_at`; never after the last day of validity.
    #[must_use]
    pub fn surveillance_due(&self, known_at: Timestamp) -> Date {
        let mut passed = self.life.iter().filter(|s| s.recorded_at <= known_at).filter_map(|s| match s.change {
            CertificateChange::Surveyed { outcome: SurveillanceOutcome::Passed, next_due_on, .. } => Some(next_due_on),
            _ => None,
        });
        passed.next_back().unwrap_or(self.terms.surveillance_due_on)
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

    /// Standing at `at`, from what was on record at `known_at`; `None` when it was not on record then.
    #[must_use]
    pub fn standing(&self, at: Timestamp, known_at: Timestamp) -> Option<StandingAt> {
        let known = |s: &&Step| s.recorded_at <= known_at;
        self.life.first().filter(known)?;
        let mut found = vec![];
        let mut suspended: Option<(usize, Timestamp)> = None;
        for (i, step) in self.life.iter().enumerate().filter(|(_, s)| s.recorded_at <= known_at && s.effective_at <= at)
        {
            let mut end = |standing| found.push(StandingAt { standing, since: step.effective_at, step: Some(i) });
            match step.change {
                CertificateChange::Issued { .. } | CertificateChange::Surveyed { .. } => {}
                CertificateChange::Suspended { .. } => suspended = Some((i, step.effective_at)),
                CertificateChange::Reinstated { .. } => suspended = None,
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
        let reinstated = self.life.iter().enumerate().rev().find(|(_, s)| {
            s.recorded_at <= known_at
                && s.effective_at <= at
                && matches!(s.change, CertificateChange::Reinstated { .. })
        });
        found.push(match reinstated {
            Some((i, s)) => StandingAt { standing: Standing::Valid, since: s.effective_at, step: Some(i) },
            None => StandingAt { standing: Standing::Valid, since: begins, step: Some(0) },
        });
        found.into_iter().min_by_key(|s| s.standing)
    }

    /// Flags on a day, as known at `known_at`, beside a standing of `standing`.
    #[must_use]
    pub fn flags(&self, standing: Standing, day: Date, known_at: Timestamp, intervals: &Intervals) -> Vec<Flag> {
        let mut flags = vec![];
        if !matches!(standing, Standing::Valid | Standing::Suspended) {
            return flags;
        }
        let due = self.surveillance_due(known_at);
        if day > due {
            flags.push(Flag::SurveillanceOverdue);
        } else if add_days(day, intervals.surveillance_notice_days) >= due && due < self.terms.valid_until {
            flags.push(Flag::SurveillanceDue);
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
        for step in self.life.iter().filter(|s| s.recorded_at <= known_at && s.effective_at <= day_end(day)) {
            match &step.change {
                CertificateChange::Suspended { until: last, .. } => until = Some(*last),
                CertificateChange::Reinstated { .. } => until = None,
                _ => {}
            }
        }
        until
    }
}

fn admit_suspension(confirmed_on: Date, from: Date, until: Date, intervals: &Intervals) -> Result<(), Refusal> {
    let latest_start = add_days(confirmed_on, intervals.suspension_start_days);
    if from < confirmed_on || from > latest_start {
        return Err(Refusal::rule(
            "suspension_start",
            format!("a suspension whose cause was confirmed on {confirmed_on} starts between that day and {latest_start}, not on {from}"),
        )
        .under("/effective_on"));
    }
    let latest_end = add_months(from, intervals.suspension_max_months);
    if until < from || until > latest_end {
        return Err(Refusal::rule(
            "suspension_too_long",
            format!("a suspension from {from} ends by {latest_end} at the latest, not on {until}"),
        )
        .under("/until"));
    }
    Ok(())
}
