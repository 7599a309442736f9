//! Acts that took their time and are not on record yet. Whoever signs "so it stood at T" must not sign while an act that will be
//! on record from T or before is still being committed, and no such act may begin afterwards.

use jiff::{SignedDuration, Timestamp};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

/// The clock's step.
const STEP: SignedDuration = SignedDuration::from_millis(1);
/// A clock this far behind what was settled was set; what was signed by the wrong one cannot be helped.
const SET_BACK: SignedDuration = SignedDuration::from_secs(1);

/// The acts that are being committed.
#[derive(Default, Clone)]
pub(super) struct InFlight(Arc<Acts>);

#[derive(Default)]
struct Acts {
    times: Mutex<Times>,
    fewer: Condvar,
}

#[derive(Default)]
struct Times {
    /// Of acts.
    begun: Vec<Timestamp>,
    /// The latest that was settled.
    settled: Option<Timestamp>,
    /// How many wait for fewer acts.
    waiting: usize,
}

/// One act; it is on record, or has failed, when this is dropped. Whoever signs may hold a thread until then: no thread that serves requests
/// may be what it waits for.
pub(super) struct Begun {
    all: InFlight,
    /// The time it is recorded at.
    pub(super) at: Timestamp,
}

impl InFlight {
    fn times(&self) -> MutexGuard<'_, Times> {
        self.0.times.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins an act at the time that `clock` gives, or right after what was settled.
    pub(super) fn begin<E>(&self, clock: impl FnOnce() -> Result<Timestamp, E>) -> Result<Begun, E> {
        let mut times = self.times();
        let mut at = clock()?;
        if let Some(settled) = times.settled.filter(|s| *s >= at && s.duration_since(at) < SET_BACK) {
            at = settled.saturating_add(STEP).unwrap_or(at);
        }
        times.begun.push(at);
        Ok(Begun { all: self.clone(), at })
    }

    /// The time that `clock` gives, once every act of that time or before it is on record or has failed. An act that begins later
    /// is of a later time.
    pub(super) fn settled<E>(&self, clock: impl FnOnce() -> Result<Timestamp, E>) -> Result<Timestamp, E> {
        let mut times = self.times();
        let now = clock()?;
        times.settled = times.settled.max(Some(now));
        let earlier = |times: &mut Times| times.begun.iter().any(|at| *at <= now);
        times.waiting += 1;
        let mut times = self.0.fewer.wait_while(times, earlier).unwrap_or_else(PoisonError::into_inner);
        times.waiting -= 1;
        Ok(now)
    }
}

impl Drop for Begun {
    fn drop(&mut self) {
        let mut times = self.all.times();
        if let Some(place) = times.begun.iter().position(|at| *at == self.at) {
            times.begun.swap_remove(place);
        }
        if times.waiting > 0 {
            self.all.0.fewer.notify_all();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::convert::Infallible;
    use std::sync::mpsc::channel;
    use std::time::Duration;

    fn at(milliseconds: i64) -> impl FnOnce() -> Result<Timestamp, Infallible> {
        move || Ok(Timestamp::from_millisecond(milliseconds).unwrap())
    }

    #[test]
    fn what_is_settled_waits_for_earlier_acts_only() {
        let all = InFlight::default();
        let early = all.begin(at(5)).unwrap();
        let _late = all.begin(at(9)).unwrap();
        let (tell, told) = channel();
        std::thread::scope(|s| {
            s.spawn(|| tell.send(all.settled(at(7)).unwrap()).unwrap());
            assert!(told.recv_timeout(Duration::from_millis(50)).is_err(), "the act of 5 is not on record");
            drop(early);
            assert_eq!(told.recv().unwrap(), at(7)().unwrap());
        });
    }

    #[test]
    fn an_act_is_later_than_what_was_settled() {
        let all = InFlight::default();
        all.settled(at(7)).unwrap();
        assert_eq!(all.begin(at(7)).unwrap().at, at(8)().unwrap());
        assert_eq!(all.begin(at(6)).unwrap().at, at(8)().unwrap());
        assert_eq!(all.begin(at(20)).unwrap().at, at(20)().unwrap());
        // Of a clock that was wrong and was set right nothing is kept.
        all.settled(at(86_400_000)).unwrap();
        assert_eq!(all.begin(at(30)).unwrap().at, at(30)().unwrap());
    }
}
