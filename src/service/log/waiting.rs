//! Who waits for an event to come into a checkpoint.

use super::{Log, Shared};
use std::collections::BTreeMap;
use std::sync::PoisonError;
use std::sync::mpsc::sync_channel;
use std::time::Duration;
use tokio::sync::oneshot;

/// Longest wait for an entry to come into a checkpoint; it takes some milliseconds.
pub const PATIENCE: Duration = Duration::from_secs(2);

/// Dropped where no lock is held: each that rings has a thread or a task go on.
pub(super) type Bells = BTreeMap<(u64, u64), Box<dyn Send>>;

/// Everybody who waits, by the event and the number of his ticket: what is dropped when it comes wakes him.
#[derive(Default)]
pub(super) struct Waiting {
    bells: Bells,
    /// Tickets given out.
    tickets: u64,
}

impl Waiting {
    fn add(&mut self, seq: u64, bell: impl Send + 'static) -> (u64, u64) {
        self.tickets += 1;
        self.bells.insert((seq, self.tickets), Box::new(bell));
        (seq, self.tickets)
    }

    /// Of those who wait for an event before that one.
    #[must_use]
    pub(super) fn before(&mut self, next_seq: u64) -> Bells {
        let later = self.bells.split_off(&(next_seq, 0));
        std::mem::replace(&mut self.bells, later)
    }

    /// Of everybody.
    #[must_use]
    pub(super) fn all(&mut self) -> Bells {
        std::mem::take(&mut self.bells)
    }
}

/// The ticket of somebody who waits; when he goes, he is forgotten.
struct Ticket<'a> {
    shared: &'a Shared,
    of: (u64, u64),
}

impl Drop for Ticket<'_> {
    fn drop(&mut self) {
        self.shared.signals().waiting.bells.remove(&self.of);
    }
}

impl Log {
    /// Waits until the event is in a checkpoint; whether it is. It is not waited for where the log stands still. Blocks for
    /// some milliseconds, [`PATIENCE`] at most.
    #[must_use]
    pub fn wait_for(&self, seq: u64) -> bool {
        let (bell, rings) = sync_channel::<()>(1);
        if let Some(_ticket) = self.ticket(seq, bell) {
            let _ = rings.recv_timeout(PATIENCE);
        }
        self.holds_event(seq)
    }

    /// The same without a thread that waits.
    pub async fn wait_for_async(&self, seq: u64) -> bool {
        let (bell, rings) = oneshot::channel::<()>();
        if let Some(_ticket) = self.ticket(seq, bell) {
            let _ = tokio::time::timeout(PATIENCE, rings).await;
        }
        self.holds_event(seq)
    }

    fn holds_event(&self, seq: u64) -> bool {
        self.published().is_some_and(|p| p.next_seq > seq)
    }

    /// Has `bell` dropped once the event is in a checkpoint, or the log stands still; no ticket where either is so already.
    fn ticket(&self, seq: u64, bell: impl Send + 'static) -> Option<Ticket<'_>> {
        self.wake();
        self.threads.lock().unwrap_or_else(PoisonError::into_inner).as_ref()?;
        let mut signals = self.shared.signals();
        // What is published before this is seen here, what is after comes to who waits.
        if self.holds_event(seq) || signals.fault.is_some() || signals.stop {
            return None;
        }
        Some(Ticket { shared: &self.shared, of: signals.waiting.add(seq, bell) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Host;
    use crate::service::log::LogFiles;
    use crate::sign::KeyDocument;
    use crate::store::MemoryStore;
    use std::sync::Arc;
    use std::sync::mpsc::TryRecvError;

    #[test]
    fn who_waits_for_an_event_before_is_woken_and_nobody_else() {
        let mut waiting = Waiting::default();
        let [first, second, third] = [3, 4, 4].map(|seq| {
            let (bell, rings) = sync_channel::<()>(1);
            waiting.add(seq, bell);
            rings
        });
        drop(waiting.before(4));
        assert_eq!(first.try_recv(), Err(TryRecvError::Disconnected));
        assert_eq!([second.try_recv(), third.try_recv()], [Err(TryRecvError::Empty); 2]);
        drop(waiting.all());
        assert_eq!([second.try_recv(), third.try_recv()], [Err(TryRecvError::Disconnected); 2]);
    }

    #[tokio::test]
    async fn who_goes_is_forgotten() {
        let host = Host::parse("xb.example.cn").unwrap();
        let log = Log::new(Arc::new(MemoryStore::new().unwrap()), LogFiles::in_memory(), &host);
        assert!(!log.wait_for_async(7).await, "nobody waits for a log that was not begun");
        log.start(&KeyDocument::new(host, None, vec![]).unwrap()).unwrap();
        let waits = tokio::time::timeout(Duration::from_millis(20), log.wait_for_async(7));
        assert!(waits.await.is_err(), "there is no such event");
        assert!(log.shared.signals().waiting.bells.is_empty());
    }
}
