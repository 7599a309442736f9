//! How long work waits before anything begins to do it. When that is too long, whoever asks for more is told so at once: an answer that
//! comes after everybody has gone away helps nobody, and keeps all others waiting.

use super::error::Problem;
use axum::http::StatusCode;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

/// How often it is looked at.
const EVERY: Duration = Duration::from_millis(20);
/// Work may wait for so long: a burst is served, and so is whoever comes while a machine with other work to do stands still for a moment.
const MOST: Duration = Duration::from_millis(1_500);
/// Acts of the body's that may wait for the disk at once; each but issuing takes a thread. Fewer than the store's queue takes, so that none waits
/// for a place there.
const ACTS: usize = 256;
/// The same for the public's searches, bundles and subscriptions: strangers never take the places of staff.
const OTHERS: usize = 64;
/// Longest wait for a place among them.
const PATIENCE: Duration = Duration::from_secs(1);
/// When to come again, in seconds.
const AGAIN: u64 = 2;

/// Paths of the body's own work.
const OURS: [&str; 2] = ["/issuing", "/api/v1/issuing"];
/// Paths of what tells how the service goes.
pub(super) const TELLING: [&str; 3] = ["/healthz", "/readyz", "/metrics"];

/// Who asks for what waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Whose {
    /// The body's staff, and what tells how it goes.
    Body,
    /// Anybody.
    Public,
}

/// What is waiting.
pub(super) struct Pressure {
    /// Microseconds that work has last waited.
    waited: AtomicU64,
    acts: Arc<Semaphore>,
    others: Arc<Semaphore>,
}

impl Pressure {
    pub(super) fn new() -> Arc<Self> {
        let [acts, others] = [ACTS, OTHERS].map(|places| Arc::new(Semaphore::new(places)));
        Arc::new(Self { waited: AtomicU64::default(), acts, others })
    }

    /// Looks at it from now on, for as long as anybody has it.
    pub(super) fn watch(self: &Arc<Self>) {
        let pressure = Arc::downgrade(self);
        tokio::spawn(look(pressure));
    }

    /// Notes how long something waited.
    pub(super) fn note(&self, waited: Duration) {
        self.waited.store(u64::try_from(waited.as_micros()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    /// Whether one more request is taken; what is the body's own, and what tells how it goes, is never turned away.
    ///
    /// # Errors
    /// `overloaded`.
    pub(super) fn admits(&self, path: &str) -> Result<(), Problem> {
        let waited = Duration::from_micros(self.waited.load(Ordering::Relaxed));
        if waited <= MOST || OURS.iter().chain(&TELLING).any(|ours| path.starts_with(ours)) {
            return Ok(());
        }
        Err(overloaded())
    }

    /// A place for what waits for the disk, or takes its time.
    ///
    /// # Errors
    /// `overloaded` where none came free in time.
    pub(super) async fn place(&self, whose: Whose) -> Result<OwnedSemaphorePermit, Problem> {
        let places = match whose {
            Whose::Body => &self.acts,
            Whose::Public => &self.others,
        };
        match tokio::time::timeout(PATIENCE, places.clone().acquire_owned()).await {
            Ok(Ok(place)) => Ok(place),
            Ok(Err(_)) | Err(_) => Err(overloaded()),
        }
    }
}

fn overloaded() -> Problem {
    let why =
        "more is asked than can be answered just now; nothing was looked up or changed: try again in a few seconds";
    Problem::passing(StatusCode::SERVICE_UNAVAILABLE, "overloaded", why, AGAIN)
}

/// This waits in the same queue as everything else.
async fn look(pressure: Weak<Pressure>) {
    loop {
        let due = Instant::now() + EVERY;
        tokio::time::sleep_until(due).await;
        let Some(pressure) = pressure.upgrade() else { return };
        pressure.note(due.elapsed());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::header;

    #[test]
    fn who_comes_when_too_much_waits_is_told_to_come_again() {
        let pressure = Pressure::new();
        assert!(pressure.admits("/c/1").is_ok());
        pressure.note(MOST);
        assert!(pressure.admits("/c/1").is_ok());
        pressure.note(MOST + Duration::from_millis(1));
        let refused = pressure.admits("/c/1").unwrap_err();
        assert_eq!((refused.status, refused.code), (503, "overloaded"));
        assert_eq!(refused.header.unwrap().0, header::RETRY_AFTER);
        assert!(OURS.iter().chain(&TELLING).all(|path| pressure.admits(path).is_ok()));
        pressure.note(Duration::ZERO);
        assert!(pressure.admits("/c/1").is_ok());
    }

    #[tokio::test]
    async fn there_are_so_many_places_and_strangers_take_none_of_staffs() {
        let pressure = Pressure::new();
        let places: Vec<_> = (0..OTHERS).map(|_| pressure.others.clone().try_acquire_owned().unwrap()).collect();
        assert_eq!(pressure.place(Whose::Public).await.unwrap_err().code, "overloaded");
        assert!(pressure.place(Whose::Body).await.is_ok());
        drop(places);
        assert!(pressure.place(Whose::Public).await.is_ok());
    }
}
