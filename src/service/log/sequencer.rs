//! The thread that takes committed events into the tree. Events are durable before it sees them; full tiles are before the
//! checkpoint that counts them in is signed; the checkpoint is before anybody is told of it.

use super::published::{NewBlob, Published};
use super::{ServiceError, Shared};
use crate::domain::Refusal;
use crate::sign::{Note, sign_note};
use crate::store::StoreError;
use crate::tlog::Checkpoint;
use std::sync::{Arc, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

/// Events taken in at a time.
const BATCH: usize = 1_024;
/// Looks for work so often even if nobody calls: an operator's command may have committed.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// First pause after a fault; it doubles up to the longest.
const PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// The thread.
pub(super) struct Worker(JoinHandle<()>);

impl Worker {
    pub(super) fn spawn(shared: Arc<Shared>) -> Result<Self, ServiceError> {
        let run = move || shared.run();
        let thread = std::thread::Builder::new().name("log".into()).spawn(run);
        Ok(Self(thread.map_err(ServiceError::io("cannot start a thread"))?))
    }

    pub(super) fn finish(self, shared: &Shared) {
        shared.signals().stop = true;
        shared.work.notify_one();
        // A panic was reported when it happened; the next start takes in what it left.
        let _ = self.0.join();
        shared.wake_all();
    }
}

impl Shared {
    fn run(&self) {
        let mut pause = PAUSE;
        loop {
            let stop = self.wait(None);
            match self.take_in_all() {
                Ok(()) => {
                    pause = PAUSE;
                    if self.signals().fault.is_some() {
                        self.tell(None);
                    }
                }
                Err(_) if stop => return,
                Err(error) => {
                    let why = error.in_full();
                    tracing::error!(why, "the log stands still; issuing goes on without proofs");
                    self.tell(Some(why));
                    if self.wait(Some(pause)) {
                        return;
                    }
                    pause = (pause * 2).min(LONGEST_PAUSE);
                    // Whatever the fault left behind is looked at as after a restart; what is served stays.
                    if let Err(error) = self.settle() {
                        tracing::error!(why = error.in_full(), "the log's checkpoint cannot be put right");
                    }
                    self.signals().pending = true;
                    continue;
                }
            }
            if stop {
                if let Some(state) = self.published() {
                    self.note_held(&state, true);
                }
                return;
            }
        }
    }

    /// Waits for work, or for all of `pause`; whether the end has come.
    fn wait(&self, pause: Option<Duration>) -> bool {
        let signals = self.signals();
        let idle = |s: &mut super::Signals| !s.stop && if pause.is_some() { !s.retry } else { !s.pending };
        let waited = self.work.wait_timeout_while(signals, pause.unwrap_or(LOOK_EVERY), idle);
        let mut signals = waited.unwrap_or_else(PoisonError::into_inner).0;
        match pause {
            Some(_) => signals.retry = false,
            None => signals.pending = false,
        }
        signals.stop
    }

    fn tell(&self, fault: Option<String>) {
        self.signals().fault = fault;
        self.wake_all();
    }

    /// There is nothing to wait for any more, or something else to be done than waiting.
    fn wake_all(&self) {
        let bells = self.signals().waiting.all();
        drop(bells);
        self.news.notify_all();
    }

    fn take_in_all(&self) -> Result<(), ServiceError> {
        let missing = || Refusal::rule("no_log", "what was published could not be read");
        loop {
            let _one = self.publishing.lock().unwrap_or_else(PoisonError::into_inner);
            let before = self.published().ok_or_else(missing)?;
            let Some(after) = self.take_in(&before)? else { return Ok(()) };
            self.serve(after);
            self.news_is_out();
            if let Some(state) = self.published() {
                self.note_held(&state, false);
            }
        }
    }

    fn news_is_out(&self) {
        let next = self.published().map_or(0, |p| p.next_seq);
        let bells = self.signals().waiting.before(next);
        drop(bells);
        self.news.notify_all();
    }

    /// Takes everything in that is on record now and publishes the tree it makes, once; none where there is nothing new.
    fn take_in(&self, before: &Published) -> Result<Option<Published>, ServiceError> {
        let end = self.store.next_seq();
        let mut after = before.clone();
        while after.next_seq < end {
            let from = after.next_seq;
            let mut full = vec![];
            for (seq, event) in self.store.events(from, BATCH)? {
                after.take(seq, &event, &mut full)?;
            }
            if after.next_seq == from {
                break;
            }
            self.put(full)?;
        }
        if after.size() > before.size() {
            self.publish(before, &mut after)?;
        }
        Ok((after.next_seq > before.next_seq).then_some(after))
    }

    fn put(&self, full: Vec<NewBlob>) -> Result<(), ServiceError> {
        for (key, bytes) in full {
            match self.files.blobs.put(&key, &bytes) {
                // What the journal says stands above what some file says.
                Err(StoreError::Corrupt { why, .. }) => {
                    tracing::warn!(tile = key, why, "a file of the log was damaged; it is made anew");
                    self.files.blobs.remove(&key)?;
                    self.files.blobs.put(&key, &bytes)?;
                }
                other => other?,
            }
        }
        Ok(())
    }

    /// Signs the new tree's checkpoint and puts it in the place of the one before.
    fn publish(&self, before: &Published, after: &mut Published) -> Result<(), ServiceError> {
        let signer = self.signer.read().unwrap_or_else(PoisonError::into_inner).clone();
        let (by, signer) = signer.ok_or_else(|| {
            Refusal::rule(
                "no_key",
                "no log key is in use and open: run `starmark key list`, then `starmark key rotate log`",
            )
        })?;
        after.root = after.edge.root()?;
        let text = Checkpoint::new(&self.origin, after.size(), after.root)?.text();
        after.note = Note::new(&text, &sign_note(&text, &self.origin, &*signer)?)?.to_string().into();
        (after.cosigned, after.by) = (0, Some(by));
        if !self.exchange(before, after.note.as_bytes())? {
            let why = "log/checkpoint is not the one this process published last, and newer or of another tree: another process is at work on a copy of this directory, or somebody put it there. Stop one of the two";
            return Err(Refusal::conflict("checkpoint_changed", why).into());
        }
        Ok(())
    }
}
