//! Answers that were found out, kept as they leave: a lookup that asks the same gets the same, as long as what the answer rests on
//! has not moved ([`Ground`]), at the cost of a file's.
//!
//! They lie in a file without a name, as large as it was allowed to become; the system keeps in memory what is asked for. It is
//! written round and round, so that the oldest goes first. Of each the process itself knows only where it lies.

mod entry;
mod front;
mod gzip;

pub use front::Front;

use crate::service::ground::{Begun, Ground, Seen};
use crate::service::lookup::MarkAnswer;
use crate::service::{Service, ServiceError};
use axum::http::HeaderMap;
use entry::Entry;
use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::hash::{BuildHasher as _, RandomState};
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

/// Parts of the index, each under its own lock: nobody waits for anybody else's lookup.
const SHARDS: usize = 64;
/// Largest answer that is kept: pages have a tenth of it.
const LARGEST: usize = 256 << 10;
/// Name of the file until it is open.
const FILE: &str = "answers.tmp";
/// A file is made no larger than this part of what is free where it lies: the journal needs the rest.
const PART_OF_FREE: u64 = 4;

/// Marks an answer to be finished on its way out: it has room for the time, and may be kept where it is known what it rests on.
#[derive(Debug, Clone, Copy)]
pub struct Timed {
    /// When it was begun.
    pub begun: Begun,
    /// What it rests on.
    pub ground: Option<Ground>,
    /// Whether programs may hold it against what they have: then it gets an entity tag.
    pub tagged: bool,
}

impl Timed {
    /// Of a mark: only what is on record is kept.
    ///
    /// # Errors
    /// Store failures.
    pub fn of_mark(service: &Service, begun: Begun, answer: &MarkAnswer, tagged: bool) -> Result<Self, ServiceError> {
        let ground = match answer {
            MarkAnswer::Found(found) => service.ground(&begun, &found.certificate, Some(&found.licence))?,
            _ => None,
        };
        Ok(Self { begun, ground, tagged })
    }
}

/// Where an answer lies.
#[derive(Clone, Copy)]
struct Slot {
    /// Bytes written before it since the start.
    position: u64,
    length: u32,
    /// When it was last found to hold.
    seen: Seen,
}

/// Where an answer lies: no other ever lies there, though it may be written over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Place(u64);

/// The answers that are kept.
pub struct Kept {
    file: Option<File>,
    capacity: u64,
    /// Bytes given out for writing since the start.
    given: AtomicU64,
    writing: Mutex<()>,
    shards: Vec<Mutex<HashMap<u64, Slot>>>,
    hasher: RandomState,
    /// The few sets of headers that all answers have.
    shapes: RwLock<Vec<Arc<HeaderMap>>>,
}

impl Kept {
    /// Keeps none.
    pub fn nothing() -> Self {
        Self::within(None, 0)
    }

    /// Keeps at most so many bytes, in a file in that directory.
    pub fn in_directory(directory: &Path, most: u64) -> Self {
        let free = rustix::fs::statvfs(directory).map_or(0, |s| s.f_bavail.saturating_mul(s.f_frsize));
        let capacity = most.min(free / PART_OF_FREE);
        match nameless(directory) {
            Ok(file) if capacity >= LARGEST as u64 => Self::within(Some(file), capacity),
            Ok(_) => Self::nothing(),
            Err(error) => {
                tracing::warn!(%error, directory = %directory.display(), "no file for answers: each is found out anew");
                Self::nothing()
            }
        }
    }

    fn within(file: Option<File>, capacity: u64) -> Self {
        Self {
            file,
            capacity,
            given: AtomicU64::default(),
            writing: Mutex::default(),
            shards: (0..SHARDS).map(|_| Mutex::default()).collect(),
            hasher: RandomState::new(),
            shapes: RwLock::default(),
        }
    }

    fn shard(&self, hash: u64) -> MutexGuard<'_, HashMap<u64, Slot>> {
        let shard = &self.shards[(hash >> 32) as usize % SHARDS];
        shard.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether what was written there is still there.
    fn is_there(&self, position: u64) -> bool {
        self.given.load(Ordering::SeqCst) <= position.saturating_add(self.capacity)
    }

    /// The answer to that question, where it lies, and when it was last found to hold.
    fn get(&self, question: &[u8]) -> Option<(Entry, Place, Seen)> {
        let file = self.file.as_ref()?;
        let hash = self.hasher.hash_one(question);
        let Slot { position, length, seen } = *self.shard(hash).get(&hash)?;
        let mut bytes = vec![0; length as usize];
        file.read_exact_at(&mut bytes, position % self.capacity).ok()?;
        // Looked at afterwards: nobody has begun to write over it.
        if !self.is_there(position) {
            return None;
        }
        let entry = Entry::read(bytes)?;
        (entry.question() == question).then_some((entry, Place(position), seen))
    }

    /// Notes that the answer which lies there still holds. Another that came in its place meanwhile was not looked at.
    fn seen(&self, question: &[u8], place: Place, at: Seen) {
        let hash = self.hasher.hash_one(question);
        if let Some(slot) = self.shard(hash).get_mut(&hash).filter(|slot| Place(slot.position) == place) {
            slot.seen = at;
        }
    }

    /// Keeps an answer; `instead` of the one which lies there, and of no other. Where there is no room for it, or the disk fails, it is found
    /// out anew the next time.
    fn keep(&self, question: &[u8], entry: &[u8], seen: Seen, instead: Option<Place>) {
        let (Some(file), Ok(length)) = (&self.file, u32::try_from(entry.len())) else { return };
        if entry.len() > LARGEST {
            return;
        }
        let _one = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let (mut position, size) = (self.given.load(Ordering::SeqCst), u64::from(length));
        // None lies around the end.
        if position % self.capacity + size > self.capacity {
            position = position.next_multiple_of(self.capacity);
        }
        // Told before the first byte is written over: whoever reads there looks at it afterwards.
        self.given.store(position + size, Ordering::SeqCst);
        if let Err(error) = file.write_all_at(entry, position % self.capacity) {
            tracing::debug!(%error, "an answer was not kept");
            return;
        }
        let hash = self.hasher.hash_one(question);
        let mut shard = self.shard(hash);
        if instead.is_some_and(|place| shard.get(&hash).is_none_or(|slot| Place(slot.position) != place)) {
            return;
        }
        // What was written over goes when the map would have to grow for it.
        if shard.len() == shard.capacity() {
            shard.retain(|_, slot| self.is_there(slot.position));
        }
        shard.insert(hash, Slot { position, length, seen });
    }

    /// The number of that set of headers.
    fn shape(&self, headers: &HeaderMap) -> Option<u16> {
        let find = |shapes: &[Arc<HeaderMap>]| shapes.iter().position(|s| **s == *headers);
        let known = find(&self.shapes.read().unwrap_or_else(PoisonError::into_inner));
        let number = known.unwrap_or_else(|| {
            let mut shapes = self.shapes.write().unwrap_or_else(PoisonError::into_inner);
            find(&shapes).unwrap_or_else(|| {
                shapes.push(Arc::new(headers.clone()));
                shapes.len() - 1
            })
        });
        u16::try_from(number).ok()
    }

    /// The headers of that number.
    fn shaped(&self, number: u16) -> Option<Arc<HeaderMap>> {
        self.shapes.read().unwrap_or_else(PoisonError::into_inner).get(usize::from(number)).cloned()
    }
}

/// A file that is gone with the process, whatever ends it.
fn nameless(directory: &Path) -> io::Result<File> {
    let path = directory.join(FILE);
    let file = OpenOptions::new().read(true).write(true).create(true).truncate(true).open(&path)?;
    std::fs::remove_file(&path)?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::entry::Parts;
    use super::*;
    use proptest::prelude::*;

    fn entry(question: &str, body: &[u8]) -> Vec<u8> {
        let ground = Ground::from_bytes(&[1; Ground::BYTES]).unwrap();
        Parts { ground, shape: 0, question: question.as_bytes(), own: &[], body, rooms: &[] }.to_bytes()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]

        /// Whatever is asked for is what was kept last under that question, or nothing; never another's, never a part.
        #[test]
        fn what_is_kept_is_whole_or_gone(asked in proptest::collection::vec((0usize..40, 1usize..60_000), 1..200)) {
            let directory = tempfile::tempdir().unwrap();
            let kept = Kept::in_directory(directory.path(), LARGEST as u64);
            let mut last = HashMap::new();
            let seen = Seen::default();
            for (question, length) in asked {
                let (question, body) = (format!("/q/{question}"), vec![question as u8; length]);
                kept.keep(question.as_bytes(), &entry(&question, &body), seen, None);
                last.insert(question.clone(), body);
                prop_assert!(kept.get(question.as_bytes()).is_some(), "the newest is there");
                for (question, body) in &last {
                    if let Some((found, ..)) = kept.get(question.as_bytes()) {
                        prop_assert_eq!(found.body(), body.as_slice());
                    }
                }
            }
        }
    }

    #[test]
    fn what_was_looked_at_before_never_takes_the_place_of_what_came_since() {
        let dir = tempfile::tempdir().unwrap();
        let kept = Kept::in_directory(dir.path(), 1 << 20);
        let body = |kept: &Kept| kept.get(b"/").map(|(found, _, seen)| (found.body().to_vec(), seen)).unwrap();
        let (then, now) = (Seen::default(), Seen { next_seq: 7, ..Seen::default() });
        kept.keep(b"/", &entry("/", b"before"), then, None);
        let (_, looked_at, _) = kept.get(b"/").unwrap();
        kept.seen(b"/", looked_at, now);
        assert_eq!(body(&kept), (b"before".to_vec(), now));
        kept.keep(b"/", &entry("/", b"since"), then, None);
        kept.seen(b"/", looked_at, now);
        kept.keep(b"/", &entry("/", b"before, packed"), now, Some(looked_at));
        assert_eq!(body(&kept), (b"since".to_vec(), then));
    }

    #[test]
    fn nothing_lies_about_and_nothing_is_kept_where_nothing_may_be() {
        let directory = tempfile::tempdir().unwrap();
        let kept = Kept::in_directory(directory.path(), 1 << 20);
        kept.keep(b"/", &entry("/", b"x"), Seen::default(), None);
        assert!(kept.get(b"/").is_some());
        assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 0);
        let none = Kept::nothing();
        none.keep(b"/", &entry("/", b"x"), Seen::default(), None);
        assert!(none.get(b"/").is_none());
        kept.keep(b"/large", &entry("/large", &vec![0; LARGEST]), Seen::default(), None);
        assert!(kept.get(b"/large").is_none());
    }
}
