//! Work that holds a processor for long: few at once, so that looking a certificate up goes on meanwhile.

use super::error::Problem;
use axum::http::StatusCode;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Longest wait for a place: those who come together by chance do not notice each other.
const WAIT: Duration = Duration::from_secs(1);
/// The same for people who have just sent a photograph or a list: they rather wait than send it again.
const PATIENCE: Duration = Duration::from_secs(15);
/// Places where the machine does not say how many processors it has, and at least.
const PLACES: usize = 2;

/// Places for such work.
pub(super) struct Heavy {
    places: Arc<Semaphore>,
    /// Of these, for what takes seconds: what strangers ask for is not kept waiting by staff.
    long: Arc<Semaphore>,
    /// The one for what takes hundreds of megabytes: a receipt of ten thousand answers.
    large: Arc<Semaphore>,
    wait: Duration,
    patience: Duration,
}

impl Heavy {
    /// As many as the machine has processors.
    pub(super) fn for_this_machine() -> Self {
        let processors = std::thread::available_parallelism().map_or(PLACES, NonZeroUsize::get);
        Self { patience: PATIENCE, ..Self::of(processors.max(PLACES), WAIT) }
    }

    fn of(places: usize, wait: Duration) -> Self {
        let long = (places / 2).max(1);
        Self {
            places: Arc::new(Semaphore::new(places)),
            long: Arc::new(Semaphore::new(long)),
            large: Arc::new(Semaphore::new(1)),
            wait,
            patience: wait,
        }
    }

    /// Does the work on a thread that may wait. It keeps its place until it is done, also where nobody waits for it any more.
    ///
    /// # Errors
    /// `busy` where no place came free in time; `internal` for a fault of ours.
    pub(super) async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, Problem> {
        let place = Self::place(&self.places, self.wait).await?;
        Self::done(work, place).await
    }

    /// The same for whoever rather waits than comes again.
    ///
    /// # Errors
    /// As [`Self::run`].
    pub(super) async fn run_patiently<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Problem> {
        let place = Self::place(&self.places, self.patience).await?;
        Self::done(work, place).await
    }

    /// The same for work of seconds, of which fewer go on at once.
    ///
    /// # Errors
    /// As [`Self::run`].
    pub(super) async fn run_long<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Problem> {
        let places = (Self::place(&self.long, self.wait).await?, Self::place(&self.places, self.wait).await?);
        Self::done(work, places).await
    }

    /// The same for work that takes much memory, of which one goes on at a time.
    ///
    /// # Errors
    /// As [`Self::run`].
    pub(super) async fn run_large<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Problem> {
        let places = (Self::place(&self.large, self.patience).await?, Self::place(&self.places, self.patience).await?);
        Self::done(work, places).await
    }

    async fn place(of: &Arc<Semaphore>, wait: Duration) -> Result<OwnedSemaphorePermit, Problem> {
        match tokio::time::timeout(wait, of.clone().acquire_owned()).await {
            Ok(Ok(place)) => Ok(place),
            Ok(Err(_)) | Err(_) => Err(busy()),
        }
    }

    async fn done<T: Send + 'static>(
        work: impl FnOnce() -> T + Send + 'static,
        places: impl Send + 'static,
    ) -> Result<T, Problem> {
        let done = tokio::task::spawn_blocking(move || {
            let done = work();
            drop(places);
            done
        });
        done.await.map_err(|_| Problem::internal())
    }
}

fn busy() -> Problem {
    let why = "much is being drawn, signed, read or printed just now: try again in a few seconds";
    Problem::passing(StatusCode::SERVICE_UNAVAILABLE, "busy", why, 3)
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::header;
    use std::sync::mpsc::{Sender, channel};

    enum How {
        Short,
        Long,
        Large,
    }

    /// Work under way, until it is told to go on.
    struct Busy {
        task: tokio::task::JoinHandle<Result<(), Problem>>,
        go_on: Sender<()>,
    }

    /// A place taken by work that has begun.
    async fn busy_with(heavy: &Arc<Heavy>, how: How) -> Busy {
        let ((begun, begins), (go_on, goes_on)) = (channel(), channel::<()>());
        let work = move || {
            begun.send(()).unwrap();
            goes_on.recv().unwrap();
        };
        let heavy = heavy.clone();
        let task = tokio::spawn(async move {
            match how {
                How::Short => heavy.run(work).await,
                How::Long => heavy.run_long(work).await,
                How::Large => heavy.run_large(work).await,
            }
        });
        tokio::task::spawn_blocking(move || begins.recv()).await.unwrap().unwrap();
        Busy { task, go_on }
    }

    /// The same places, for somebody who waits.
    fn patient(heavy: &Heavy) -> Heavy {
        Heavy {
            places: heavy.places.clone(),
            long: heavy.long.clone(),
            large: heavy.large.clone(),
            wait: Duration::from_secs(120),
            patience: Duration::from_secs(120),
        }
    }

    #[tokio::test]
    async fn who_finds_no_place_is_told_to_come_again() {
        let heavy = Arc::new(Heavy::of(1, Duration::from_millis(1)));
        let busy = busy_with(&heavy, How::Short).await;
        let refused = heavy.run(|| ()).await.unwrap_err();
        assert_eq!((refused.status, refused.code), (503, "busy"));
        assert_eq!(refused.header.unwrap().0, header::RETRY_AFTER);
        // Who asked has gone; the work has not.
        busy.task.abort();
        assert!(busy.task.await.unwrap_err().is_cancelled());
        assert_eq!(heavy.run(|| ()).await.unwrap_err().code, "busy");
        busy.go_on.send(()).unwrap();
        assert_eq!(patient(&heavy).run(|| 7).await.unwrap(), 7);
    }

    #[tokio::test]
    async fn work_that_panics_gives_its_places_back() {
        let heavy = Heavy::of(1, Duration::from_secs(120));
        let broken = || -> u8 { panic!("a fault of ours") };
        assert_eq!(heavy.run(broken).await.unwrap_err().code, "internal");
        assert_eq!(heavy.run_long(broken).await.unwrap_err().code, "internal");
        assert_eq!(heavy.run_long(|| 7).await.unwrap(), 7);
    }

    #[tokio::test]
    async fn long_work_leaves_a_place_to_others() {
        let heavy = Arc::new(Heavy::of(2, Duration::from_millis(1)));
        let busy = busy_with(&heavy, How::Long).await;
        assert_eq!(heavy.run_long(|| ()).await.unwrap_err().code, "busy");
        assert_eq!(heavy.run(|| 7).await.unwrap(), 7);
        busy.go_on.send(()).unwrap();
        busy.task.await.unwrap().unwrap();
        assert_eq!(patient(&heavy).run_long(|| 7).await.unwrap(), 7);
    }

    #[tokio::test]
    async fn what_takes_much_memory_goes_on_alone_and_leaves_places_to_others() {
        let heavy = Arc::new(Heavy::of(3, Duration::from_millis(1)));
        let busy = busy_with(&heavy, How::Large).await;
        assert_eq!(heavy.run_large(|| ()).await.unwrap_err().code, "busy");
        assert_eq!(heavy.run_patiently(|| 7).await.unwrap(), 7);
        busy.go_on.send(()).unwrap();
        busy.task.await.unwrap().unwrap();
        assert_eq!(patient(&heavy).run_large(|| 7).await.unwrap(), 7);
    }
}
