//! The writer thread: takes what waits as one group, checks it, writes one frame, makes it visible, answers.

use super::pending::Pending;
use super::settler::Settler;
use super::{Shared, no_names};
use crate::domain::Event;
use crate::store::codec::{Encoded, Position};
use crate::store::journal::Writer;
use crate::store::journal::format::{ALIGN, FRAME_HEADER};
use crate::store::journal::scan::Tip;
use crate::store::views::project::project_frame;
use crate::store::views::{Applied, ViewWrite, keys};
use crate::store::{Committed, Expect, StoreError, Tell};
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::sync::{Arc, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

/// Units written with one sync: enough that 64 callers never wait for a second one, few enough that readers hardly notice
/// when they become visible together.
pub const GROUP_UNITS: usize = 256;
/// Bytes written with one sync, unless one unit alone has more: a quarter of a segment, so that rolling wastes little.
pub const GROUP_BYTES: usize = 4 << 20;
/// After so long without a commit the head file is synced.
const IDLE: Duration = Duration::from_secs(1);

/// One commit on its way.
pub(crate) struct Request {
    pub(crate) expect: Vec<Expect>,
    pub(crate) unit: Encoded,
    pub(crate) tell: Tell,
}

/// State of the writer thread.
pub(crate) struct WriterThread {
    shared: Arc<Shared>,
    journal: Writer,
    applied: Applied,
    settler: Settler,
    /// Taken from the queue but too large for the group before.
    waiting: Option<Request>,
}

impl WriterThread {
    pub(crate) fn new(shared: Arc<Shared>, journal: Writer, settler: Settler) -> Result<Self, StoreError> {
        let applied = shared.reader.views.applied()?;
        Ok(Self { shared, journal, applied, settler, waiting: None })
    }

    pub(crate) fn spawn(self, requests: Receiver<Request>) -> Result<JoinHandle<()>, StoreError> {
        let thread = std::thread::Builder::new().name("store-writer".into()).spawn(move || self.run(&requests));
        thread.map_err(|source| StoreError::Io { what: "start the writer thread".into(), source })
    }

    fn run(mut self, requests: &Receiver<Request>) {
        loop {
            let first = match self.waiting.take() {
                Some(request) => request,
                None => match self.wait(requests) {
                    Some(request) => request,
                    None => break,
                },
            };
            let group = self.group(first, requests);
            self.write(group);
            self.settler.ask(false);
        }
        self.settle();
        self.settler.ask(true);
    }

    fn wait(&mut self, requests: &Receiver<Request>) -> Option<Request> {
        if self.journal.head_dirty() {
            match requests.recv_timeout(IDLE) {
                Ok(request) => return Some(request),
                Err(RecvTimeoutError::Disconnected) => return None,
                Err(RecvTimeoutError::Timeout) => {
                    self.settle();
                    self.settler.ask(true);
                }
            }
        }
        requests.recv().ok()
    }

    /// Makes the head file durable when there is nothing better to do.
    fn settle(&mut self) {
        if self.journal.head_dirty()
            && self.shared.closed.get().is_none()
            && let Err(why) = self.journal.sync_head()
        {
            self.shared.close(&why);
        }
    }

    fn group(&mut self, first: Request, requests: &Receiver<Request>) -> Vec<Request> {
        let mut bytes = first.unit.len();
        let mut group = vec![first];
        while group.len() < GROUP_UNITS {
            let Ok(next) = requests.try_recv() else { break };
            bytes += next.unit.len();
            if bytes > GROUP_BYTES {
                self.waiting = Some(next);
                break;
            }
            group.push(next);
        }
        group
    }

    fn write(&mut self, group: Vec<Request>) {
        let bytes = group.iter().map(|r| r.unit.len()).sum();
        let room = self.shared.closed().and_then(|()| self.shared.room()).and_then(|()| self.journal.make_room(bytes));
        let (segment, offset) = match room {
            Ok(place) => place,
            Err(why) => return refuse(&self.shared, group.into_iter().map(|r| r.tell), why),
        };
        let reader = self.shared.reader.clone();
        let mut pending = Pending::new(&reader);
        let mut units = Vec::with_capacity(bytes);
        let mut next_seq = self.journal.tip().next_seq;
        let mut count = 0;
        let (mut answers, mut events) = (vec![], vec![]);
        for Request { expect, mut unit, tell } in group {
            let answer = pending.admit(&expect, &unit.unit).map(|admitted| {
                let at = Position { segment, offset: (offset + units.len()) as u32, length: unit.len() as u32 };
                units.extend_from_slice(unit.number(next_seq));
                pending.take(admitted, &unit.unit, at);
                let committed = Committed { first_seq: next_seq, next_seq: unit.unit.next_seq() };
                events.extend((next_seq..).zip(unit.unit.events.into_iter().map(Arc::new)));
                next_seq = committed.next_seq;
                count += 1;
                committed
            });
            answers.push((tell, answer));
        }
        if count > 0 {
            let frame = Position {
                segment,
                offset: (offset - FRAME_HEADER) as u32,
                length: (FRAME_HEADER + units.len()).next_multiple_of(ALIGN) as u32,
            };
            pending.writes.push(project_frame(self.journal.tip().next_seq, frame));
            let written = self.journal.append(&units, count, next_seq);
            if let Err(why) = written.and_then(|tip| self.show(&pending.writes, events, tip)) {
                return refuse(&self.shared, answers.into_iter().map(|(tell, _)| tell), why);
            }
        }
        // Refusals wait for the group too: who is told that a version has moved, or a claim is taken, finds it so.
        for (tell, answer) in answers {
            tell(answer);
        }
        if count > 0
            && let Err(why) = self.shared.reader.views.hand_over()
        {
            self.shared.close(&why);
        }
    }

    /// Makes a written group visible.
    fn show(&mut self, writes: &[ViewWrite], events: Vec<(u64, Arc<Event>)>, tip: Tip) -> Result<(), StoreError> {
        let applied = self.applied.after(writes, tip);
        let mut names = self.shared.names.write().unwrap_or_else(PoisonError::into_inner);
        let names = names.as_mut().ok_or_else(no_names)?;
        let _shut = self.shared.gate.write().unwrap_or_else(PoisonError::into_inner);
        self.shared.reader.views.apply(writes, &applied)?;
        let mut counters = self.shared.counters.lock().unwrap_or_else(PoisonError::into_inner);
        let counters = counters.as_mut().ok_or_else(no_names)?;
        for write in writes {
            if let ViewWrite::Put { key, value } = write {
                match key.first() {
                    Some(&keys::HOLDER) => counters.add(value, names)?,
                    Some(&keys::STATUS) => counters.place(key)?,
                    _ => {}
                }
            }
        }
        self.applied = applied;
        self.shared.newest.take(events);
        self.shared.next_seq.store(tip.next_seq, Ordering::Release);
        Ok(())
    }
}

/// Answers everybody with `why`; anything but a full disk closes the store.
fn refuse(shared: &Shared, all: impl Iterator<Item = Tell>, why: StoreError) {
    let text = match why {
        StoreError::Full(text) => Err(text),
        StoreError::Closed(text) => Ok(text),
        other => Ok(match shared.close(&other) {
            StoreError::Closed(text) => text,
            other => other.to_string(),
        }),
    };
    for tell in all {
        tell(Err(match &text {
            Ok(closed) => StoreError::Closed(closed.clone()),
            Err(full) => StoreError::Full(full.clone()),
        }));
    }
}
