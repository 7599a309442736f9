//! What time it is for the register, and whether the machine's clock can be believed.
//!
//! A clock is noticed to be wrong only by what is on record. It lies behind the latest event: then it was set back. Or it lies
//! so far ahead that the register would have stood still for longer than any certificate lives: then it more likely jumped.
//! What was recorded in the year 2099 could never be taken back, for time does not run backwards here.

use super::Service;
use crate::domain::Refusal;
use crate::domain::dates::{CHINA, add_months, china_day};
use jiff::Timestamp;
use jiff::civil::Date;
use std::sync::atomic::Ordering;

/// Seconds the machine's clock may lie behind the latest event; corrections of a running clock stay far below.
pub(super) const CLOCK_BEHIND_MAX: i64 = 300;

/// Why the machine's clock cannot be believed. Both know what it shows and the latest moment that has surely come.
pub(super) enum ClockFault {
    Behind { shows: Timestamp, latest: Timestamp },
    Ahead { shows: Timestamp, latest: Timestamp, term_months: u32 },
}

fn shown(at: Timestamp) -> String {
    CHINA.to_datetime(at).strftime("%Y-%m-%d %H:%M").to_string()
}

impl ClockFault {
    fn refusal(&self) -> Refusal {
        match *self {
            Self::Behind { shows, latest } => Refusal::rule(
                "clock_behind",
                format!(
                    "the machine's clock is wrong: it shows {} (China time), but something was recorded here at {} already. Nothing was recorded now. Set the clock right and try again; if it is right and that record was made with a wrong clock, put back a backup from before it (`starmark restore`)",
                    shown(shows),
                    shown(latest)
                ),
            ),
            Self::Ahead { shows, latest, term_months } => Refusal::rule(
                "clock_ahead",
                format!(
                    "the machine's clock is probably wrong: it shows {} (China time), but the latest record here is of {}, longer ago than the {term_months} months a certificate lives. Nothing was recorded now, since it could never be taken back. Set the clock right and try again; if it is right, say so by naming today's date: --today {}",
                    shown(shows),
                    shown(latest),
                    china_day(shows)
                ),
            ),
        }
    }
}

impl Service {
    /// The latest moment that has surely come: an event's, or one that somebody has confirmed.
    #[must_use]
    pub fn latest(&self) -> Timestamp {
        Timestamp::from_millisecond(self.latest.load(Ordering::Relaxed)).unwrap_or(Timestamp::MIN)
    }

    pub(super) fn has_come(&self, at: Timestamp) {
        self.latest.fetch_max(at.as_millisecond(), Ordering::Relaxed);
    }

    /// Now, and what is wrong with the clock that says so. Never before the latest event on record: were the machine's clock
    /// set back, a suspension just recorded would lie in the future and its certificate would read as valid. With a clock
    /// that cannot be believed it is that event's time, for later is not known.
    pub(super) fn present(&self) -> (Timestamp, Option<ClockFault>) {
        let (shows, latest) = (self.clock.now(), self.latest());
        let term_months = self.scheme.intervals.validity_months;
        if latest.as_second().saturating_sub(shows.as_second()) > CLOCK_BEHIND_MAX {
            return (latest, Some(ClockFault::Behind { shows, latest }));
        }
        if china_day(shows) > add_months(china_day(latest), term_months) {
            return (latest, Some(ClockFault::Ahead { shows, latest, term_months }));
        }
        (shows.max(latest), None)
    }

    /// Now, as far as it is known; never before the latest event on record.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.present().0
    }

    /// The time to record at: now, by a clock that can be believed.
    ///
    /// # Errors
    /// `clock_behind` or `clock_ahead`, with what to do. Then nothing is known of any time after [`Service::now`].
    pub fn recording_time(&self) -> Result<Timestamp, Refusal> {
        match self.present() {
            (now, None) => Ok(now),
            (_, Some(fault)) => Err(fault.refusal()),
        }
    }

    /// Now, with everything on record that will ever have been recorded before: for what is signed as of now.
    ///
    /// # Errors
    /// As of [`Service::recording_time`].
    pub(super) fn settled(&self) -> Result<Timestamp, Refusal> {
        self.in_flight.settled(|| self.recording_time())
    }

    /// Somebody says which day it is: a clock that shows that day is believed, however long nothing was recorded.
    ///
    /// # Errors
    /// `not_today` when the machine's clock shows another day.
    pub fn confirm_today(&self, day: Date) -> Result<(), Refusal> {
        let shows = self.clock.now();
        if china_day(shows) != day {
            let why = format!(
                "--today says {day}, but the machine's clock shows {} (China time): one of the two is wrong",
                shown(shows)
            );
            return Err(Refusal::invalid("not_today", why));
        }
        self.has_come(shows);
        Ok(())
    }
}
