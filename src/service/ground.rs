//! What an answer about now rests on. As long as none of it moves, the answer stays as it is but for the time it is asked at, and need
//! not be found out again.

use super::lookup::CertificateAnswer;
use super::{Service, ServiceError};
use crate::domain::dates::{add_days, china_day, day_start};
use crate::domain::{Certificate, CertificateId, MarkId, MarkLicence};
use crate::store::Subject;
use jiff::{SignedDuration, Timestamp};

/// For how long a proof may lead to a checkpoint that is not the latest any more. It proves the same entry; but whoever watches the log
/// by the answers is to see it grow.
const PROOF_AGE: SignedDuration = SignedDuration::from_mins(10);
/// What tells the time of asking from every time on record, which are whole milliseconds.
const MARK: SignedDuration = SignedDuration::from_nanos(1);

/// Whether that is the time at which an answer was asked for ([`Begun::now`]), and no time on record.
#[must_use]
pub fn is_time_of_asking(at: Timestamp) -> bool {
    at.subsec_nanosecond().rem_euclid(1_000_000) != 0
}

/// A time as answers tell it. Instants have one form, without zeros at the end of a fraction, and answers that are kept have room for
/// three digits of it: so it is a millisecond later where it would end in a zero.
fn told(now: Timestamp) -> Timestamp {
    let zero = now.as_millisecond().rem_euclid(10) == 0;
    now.saturating_add(SignedDuration::from_millis(zero.into())).unwrap_or(now)
}

/// How far things stood when an answer was begun. Whatever was acknowledged before is in the answer.
#[derive(Debug, Clone, Copy)]
pub struct Begun {
    /// Now; it compares as any other time does, and is marked ([`is_time_of_asking`]).
    pub now: Timestamp,
    seen: Seen,
    log: LogStand,
    believed: bool,
}

impl Begun {
    /// What was seen then.
    #[must_use]
    pub fn seen(&self) -> Seen {
        self.seen
    }
}

/// What changes with every act: where neither has, nothing has.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Seen {
    /// Sequence number of the next event.
    pub next_seq: u64,
    /// How often the settings have changed.
    pub settings: u64,
}

/// How the public log stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct LogStand {
    pub size: u64,
    /// First event that is not in it.
    pub next_seq: u64,
    pub cosigned: u64,
}

/// What an answer rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ground {
    certificate: (CertificateId, u64),
    mark: Option<(MarkId, u64)>,
    settings: u64,
    log: LogStand,
    from: i64,
    until: i64,
}

impl Ground {
    /// Bytes of [`Ground::to_bytes`].
    pub const BYTES: usize = 78;

    /// The mark it is about.
    #[must_use]
    pub fn mark(&self) -> Option<MarkId> {
        self.mark.map(|(id, _)| id)
    }

    /// As it is kept.
    #[must_use]
    pub fn to_bytes(&self) -> [u8; Self::BYTES] {
        let (mark, mark_seq) = self.mark.map_or(([0; 6], 0), |(id, seq)| (id.to_bytes(), seq + 1));
        let numbers = [
            self.certificate.1,
            mark_seq,
            self.settings,
            self.log.size,
            self.log.next_seq,
            self.log.cosigned,
            self.from.cast_unsigned(),
            self.until.cast_unsigned(),
        ];
        let mut out = [0; Self::BYTES];
        let (ids, rest) = out.split_at_mut(14);
        ids[..6].copy_from_slice(&self.certificate.0.to_bytes());
        ids[6..12].copy_from_slice(&mark);
        for (place, number) in rest.chunks_exact_mut(8).zip(numbers) {
            place.copy_from_slice(&number.to_be_bytes());
        }
        out
    }

    /// Reads what is kept.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (ids, rest) = bytes.get(..Self::BYTES)?.split_at_checked(14)?;
        let id = |at: std::ops::Range<usize>| <[u8; 6]>::try_from(ids.get(at)?).ok();
        let number = |n: usize| rest.get(n * 8..n * 8 + 8)?.try_into().ok().map(u64::from_be_bytes);
        let mark_seq = number(1)?;
        Some(Self {
            certificate: (CertificateId::from_bytes(id(0..6)?), number(0)?),
            mark: mark_seq.checked_sub(1).and_then(|seq| Some((MarkId::from_bytes(id(6..12)?), seq))),
            settings: number(2)?,
            log: LogStand { size: number(3)?, next_seq: number(4)?, cosigned: number(5)? },
            from: number(6)?.cast_signed(),
            until: number(7)?.cast_signed(),
        })
    }
}

/// When something on record of it is still to come, to the millisecond.
fn next_of(times: impl Iterator<Item = [Timestamp; 2]>, now: Timestamp) -> Option<Timestamp> {
    times.flatten().filter(|t| *t > now).min()
}

fn next_of_certificate(certificate: &Certificate, now: Timestamp) -> Option<Timestamp> {
    next_of(certificate.life().iter().map(|s| [s.effective_at, s.recorded_at]), now)
}

fn next_of_mark(licence: &MarkLicence, now: Timestamp) -> Option<Timestamp> {
    next_of(licence.life().iter().map(|s| [s.effective_at, s.recorded_at]), now)
}

impl Service {
    /// Begins an answer about now.
    #[must_use]
    pub fn begin_answer(&self) -> Begun {
        // First of all, so that whatever is recorded meanwhile is seen to have moved.
        let seen = self.seen();
        let (now, fault) = self.present();
        let now = told(now).saturating_add(MARK).unwrap_or(now);
        Begun { now, seen, log: self.log.stand(), believed: fault.is_none() }
    }

    /// What changes with every act.
    #[must_use]
    pub fn seen(&self) -> Seen {
        Seen { next_seq: self.store.next_seq(), settings: self.settings_changes() }
    }

    /// What an answer rests on that was begun then and is finished; nothing where it may be another one in a moment: something was
    /// recorded meanwhile, or the clock is not believed.
    ///
    /// # Errors
    /// Store failures.
    pub fn ground(
        &self,
        begun: &Begun,
        answer: &CertificateAnswer,
        mark: Option<&MarkLicence>,
    ) -> Result<Option<Ground>, ServiceError> {
        let last =
            |subject| Ok::<_, ServiceError>(self.store.last_seq_of(subject)?.filter(|s| *s < begun.seen.next_seq));
        let id = answer.certificate.id;
        let Some(seq) = last(Subject::Certificate(id))?.filter(|_| begun.believed) else { return Ok(None) };
        let mark_seq = match mark {
            None => None,
            Some(mark) => match last(Subject::Mark(mark.id))? {
                None => return Ok(None),
                Some(seq) => Some((mark.id, seq)),
            },
        };
        // Dates count by the day in China; all else that is to come is on record.
        let midnight = day_start(add_days(china_day(begun.now), 1));
        let next = [next_of_certificate(&answer.certificate, begun.now), mark.and_then(|m| next_of_mark(m, begun.now))];
        let until = next.into_iter().flatten().fold(midnight, Timestamp::min);
        Ok(Some(Ground {
            certificate: (id, seq),
            mark: mark_seq,
            settings: begun.seen.settings,
            log: begun.log,
            from: begun.now.as_millisecond(),
            until: until.as_millisecond(),
        }))
    }

    /// Whether an answer still holds that rests on that, and was last found to hold when this was `seen`: then the time it holds at, and
    /// what is seen now.
    #[must_use]
    pub fn still_holds(&self, ground: &Ground, seen: Seen) -> Option<(Timestamp, Seen)> {
        let now_seen = self.seen();
        let (now, fault) = self.present();
        let now = told(now);
        let at = now.as_millisecond();
        let in_time = ground.from <= at && at < ground.until && fault.is_none();
        if !in_time || ground.settings != now_seen.settings || !self.log_holds(ground, at) {
            return None;
        }
        if seen == now_seen {
            return Some((now, now_seen));
        }
        let last = |subject, seq| self.store.last_seq_of(subject).is_ok_and(|found| found == Some(seq));
        let (id, seq) = ground.certificate;
        let same =
            last(Subject::Certificate(id), seq) && ground.mark.is_none_or(|(id, seq)| last(Subject::Mark(id), seq));
        same.then_some((now, now_seen))
    }

    /// Whether what an answer tells of the log is not to be told anew.
    fn log_holds(&self, ground: &Ground, at: i64) -> bool {
        let (then, now) = (ground.log, self.log.stand());
        if then == now {
            return true;
        }
        let newest = ground.mark.map_or(ground.certificate.1, |(_, seq)| seq.max(ground.certificate.1));
        let whole = newest < then.next_seq;
        whole && then.cosigned >= now.cosigned && at - ground.from < PROOF_AGE.as_millis() as i64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_reads_back() {
        let mark = MarkId::from_bytes([9, 8, 7, 6, 5, 4]);
        for mark in [None, Some((mark, 0)), Some((mark, u64::MAX - 1))] {
            let ground = Ground {
                certificate: (CertificateId::from_bytes([1, 2, 3, 4, 5, 6]), 77),
                mark,
                settings: 3,
                log: LogStand { size: 9, next_seq: 11, cosigned: 2 },
                from: -5,
                until: i64::MAX,
            };
            assert_eq!(Ground::from_bytes(&ground.to_bytes()), Some(ground));
            assert_eq!(Ground::from_bytes(&ground.to_bytes()[1..]), None);
        }
    }
}
