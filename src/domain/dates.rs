//! Days and instants. A day is a calendar day in China (UTC+8, no summer time); month arithmetic clamps.

use super::error::{Refusal, shown};
use jiff::civil::Date;
use jiff::tz::Offset;
use jiff::{Span, Timestamp};

/// China time.
pub const CHINA: Offset = jiff::tz::offset(8);
/// Years this product accepts in a date: before 2000 nothing was certified, after 2150 a typing slip is likelier.
const YEARS: std::ops::RangeInclusive<i16> = 2000..=2150;

/// The calendar day in China at that instant.
#[must_use]
pub fn china_day(at: Timestamp) -> Date {
    CHINA.to_datetime(at).date()
}

/// The first instant of that day in China.
#[must_use]
pub fn day_start(day: Date) -> Timestamp {
    CHINA.to_timestamp(day.at(0, 0, 0, 0)).unwrap_or(Timestamp::MAX)
}

/// The last whole second of that day in China.
#[must_use]
pub fn day_end(day: Date) -> Timestamp {
    CHINA.to_timestamp(day.at(23, 59, 59, 0)).unwrap_or(Timestamp::MAX)
}

/// `months` later; a day the month does not have becomes its last one.
#[must_use]
pub fn add_months(day: Date, months: u32) -> Date {
    day.saturating_add(Span::new().months(i64::from(months)))
}

/// `months` earlier; a day the month does not have becomes its last one.
#[must_use]
pub fn months_before(day: Date, months: u32) -> Date {
    day.saturating_sub(Span::new().months(i64::from(months)))
}

/// `days` later (earlier when negative).
#[must_use]
pub fn add_days(day: Date, days: i32) -> Date {
    day.saturating_add(Span::new().days(i64::from(days)))
}

/// Whole days from `from` to `to`; negative when `to` lies before.
#[must_use]
pub fn days_between(from: Date, to: Date) -> i32 {
    from.until(to).map_or(0, |span| span.get_days())
}

/// Reads `YYYY-MM-DD`.
///
/// # Errors
/// `bad_date` for anything else, an impossible day, or a year outside 2000 to 2150.
pub fn parse_date(text: &str) -> Result<Date, Refusal> {
    let strict = text.len() == 10 && text.bytes().enumerate().all(|(i, b)| matches!(i, 4 | 7) == (b == b'-'));
    strict.then(|| text.parse::<Date>().ok()).flatten().filter(|d| YEARS.contains(&d.year())).ok_or_else(|| {
        Refusal::invalid("bad_date", format!("“{}” is not a date: write a real day as 2026-05-08", shown(text)))
    })
}

/// The moment a question is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AsOf {
    /// A whole day in China: the answer holds for its end.
    Day(Date),
    /// One instant.
    Instant(Timestamp),
}

impl AsOf {
    /// Reads a date (`2026-05-08`) or an RFC 3339 instant (`2026-05-08T09:30:00+08:00`).
    ///
    /// # Errors
    /// `bad_as_of` for anything else.
    pub fn parse(text: &str) -> Result<Self, Refusal> {
        if let Ok(day) = parse_date(text) {
            return Ok(Self::Day(day));
        }
        text.parse::<Timestamp>().ok().filter(|t| YEARS.contains(&china_day(*t).year())).map(Self::Instant).ok_or_else(
            || {
                Refusal::invalid(
                    "bad_as_of",
                    format!(
                        "“{}” is neither a date such as 2026-05-08 nor an RFC 3339 instant such as 2026-05-08T09:30:00+08:00",
                        shown(text)
                    ),
                )
            },
        )
    }

    /// The instant the answer is computed for. A day that has begun but not ended is asked as of `now`.
    #[must_use]
    pub fn instant(self, now: Timestamp) -> Timestamp {
        match self {
            Self::Instant(at) => at,
            Self::Day(day) if day == china_day(now) => now,
            Self::Day(day) => day_end(day),
        }
    }
}
