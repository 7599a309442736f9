//! The scheme's time limits, held against a new step before it is taken.

use super::{Certificate, CertificateChange, State, Step, not_now};
use crate::domain::dates::{add_days, add_months, china_day};
use crate::domain::error::Refusal;
use crate::domain::reason::{SuspensionReason, WithdrawalReason};
use crate::domain::role::Role;
use crate::domain::scheme::Intervals;
use jiff::Timestamp;
use jiff::civil::Date;

impl Certificate {
    /// Holds a new step against the scheme's time limits and the state, as of the day it is recorded.
    ///
    /// # Errors
    /// The refusal says which limit, and what would be right.
    pub fn admit(&self, step: &Step, intervals: &Intervals) -> Result<(), Refusal> {
        self.next_state(step)?;
        let number = &self.terms.number;
        if self.state == State::NotUnderstood {
            return Err(not_now(
                "recorded_by_newer_version",
                format!(
                    "certificate {number} has something on record that a newer version of this program wrote and this one cannot read: nothing can be recorded for it until that version runs again"
                ),
            ));
        }
        let today = china_day(step.recorded_at);
        let day = china_day(step.effective_at);
        if let CertificateChange::Corrected { corrects, reason } = step.change {
            return self.admit_erratum(corrects, reason, step.recorded_at);
        }
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
                self.admit_suspension_reason(*reason, today)?;
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
            CertificateChange::Cancelled { .. } if matches!(&self.state, State::Suspended { until, .. } if today > *until) => {
                Err(not_now(
                    "must_be_withdrawn",
                    format!(
                        "the suspension of certificate {} ended unresolved: it must be withdrawn, not cancelled",
                        self.terms.number
                    ),
                ))
            }
            CertificateChange::Withdrawn { reason } => {
                self.admit_withdrawal_reason(*reason, today)?;
                not_future("/effective_on", day)
            }
            CertificateChange::Cancelled { .. } => not_future("/effective_on", day),
            CertificateChange::Superseded { .. }
            | CertificateChange::Issued { .. }
            | CertificateChange::Corrected { .. }
            | CertificateChange::NotUnderstood(_) => Ok(()),
        }
    }

    /// A reason that the register itself contradicts is a slip, whoever gives it.
    fn admit_suspension_reason(&self, reason: SuspensionReason, today: Date) -> Result<(), Refusal> {
        let overdue = self.awaits_surveillance(Timestamp::MAX).is_some_and(|due| today > due);
        if overdue || reason.code() != SuspensionReason::SURVEILLANCE_OVERDUE {
            return Ok(());
        }
        let number = &self.terms.number;
        untrue(match self.awaits_surveillance(Timestamp::MAX) {
            Some(due) => format!(
                "surveillance of certificate {number} is due by {due}, so it is not overdue: give the reason that holds"
            ),
            None => format!(
                "certificate {number} is recertified, so no surveillance is awaited: give the reason that holds"
            ),
        })
    }

    fn admit_withdrawal_reason(&self, reason: WithdrawalReason, today: Date) -> Result<(), Refusal> {
        let number = &self.terms.number;
        match (reason.code(), &self.state) {
            (WithdrawalReason::SUSPENSION_ENDED, State::Suspended { until, .. }) if today > *until => Ok(()),
            (WithdrawalReason::SUSPENSION_ENDED, State::Suspended { until, .. }) => untrue(format!(
                "the suspension of certificate {number} runs until {until}: give the reason that holds now"
            )),
            (WithdrawalReason::SUSPENSION_ENDED, _) => untrue(format!(
                "certificate {number} is not suspended, so no suspension ended unresolved: give the reason that holds"
            )),
            (WithdrawalReason::REPLACED, _) => untrue(format!(
                "certificate {number} is replaced by issuing its successor (supersede), which says so without blame"
            )),
            _ => Ok(()),
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
        if let Some(due) = self.awaits_surveillance(Timestamp::MAX).filter(|due| today > *due) {
            return Err(not_now(
                "surveillance_overdue",
                format!("surveillance of certificate {number} has been due since {due}: record the surveillance first"),
            ));
        }
        Ok(())
    }

    fn last_reinstated_on(&self) -> Option<Date> {
        let reinstated =
            self.counted(Timestamp::MAX).filter(|(_, s)| matches!(s.change, CertificateChange::Reinstated { .. }));
        reinstated.last().map(|(_, s)| china_day(s.effective_at))
    }
}

pub(super) fn untrue(message: String) -> Result<(), Refusal> {
    Err(Refusal::rule("reason_untrue", message).under("/reason"))
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
