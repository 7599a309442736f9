//! What is new, in sled: one tree, opened with care, thrown away at the first doubt.

use super::waiting::{Waiting, WaitingPairs};
use super::{APPLIED_KEY, Applied, ViewWrite, damaged};
use crate::store::StoreError;
use crate::store::disk::{Disk as _, RealDisk};
use crate::store::journal::io_error;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

/// Memory sled may keep pages in. It counts what pages hold, which is a third of what they take.
const CACHE_BYTES: u64 = 32 << 20;
/// How often sled writes out what it has; it only shortens the catching up after a kill.
const FLUSH_EVERY_MS: u64 = 500;
/// Key of the number of writes since the beginning; before every table.
const WRITES_KEY: &[u8] = &[0, 1];
/// Pairs that are handed to sled at once, fifty certificates': each time costs it some switches of threads, however few they are, and keeps
/// whoever commits waiting for as long as they are many.
const AT_ONCE: usize = 512;
/// Bytes of the disk that have to be free for that: where sled once fails to write, it can no longer be read.
const ROOM: u64 = 8 << 20;
/// What a value begins with: whether the pair is there, or was removed.
const THERE: u8 = 1;
const REMOVED: u8 = 0;

/// Pairs in a sled database of their own, those that were removed among them; the newest wait in memory to be handed to it.
pub(super) struct Recent {
    db: sled::Db,
    dir: PathBuf,
    waiting: RwLock<Waiting>,
    /// Held by whoever hands them over.
    handing: Mutex<()>,
}

/// sled reports damage as errors, or by panicking: both become an error here.
fn guarded<T>(what: &'static str, call: impl FnOnce() -> Result<T, StoreError>) -> Result<T, StoreError> {
    catch_unwind(AssertUnwindSafe(call)).unwrap_or_else(|_| Err(damaged(what, "sled panicked over them".into())))
}

fn sled_error(what: &'static str) -> impl FnOnce(sled::Error) -> StoreError {
    move |error| match error {
        sled::Error::Io(source) => StoreError::Io { what: format!("views: {what}"), source },
        other => damaged(what, other.to_string()),
    }
}

/// The value, or none where the pair was removed.
fn read(stored: &[u8]) -> Result<Option<&[u8]>, StoreError> {
    match stored.split_first() {
        Some((&THERE, value)) => Ok(Some(value)),
        Some((&REMOVED, [])) => Ok(None),
        _ => Err(damaged("value", "it has no reading".into())),
    }
}

impl Recent {
    /// Opens what is in `dir`, or makes it.
    pub fn open(dir: &Path) -> Result<Self, StoreError> {
        remove_half_snapshots(dir)?;
        guarded("open", || {
            let config = sled::Config::new()
                .path(dir)
                .cache_capacity(CACHE_BYTES)
                .flush_every_ms(Some(FLUSH_EVERY_MS))
                .mode(sled::Mode::HighThroughput);
            let db = config.open().map_err(sled_error("open"))?;
            let writes = db.get(WRITES_KEY).map_err(sled_error("get"))?;
            let writes = writes.and_then(|w| w.as_ref().try_into().ok()).map_or(0, u64::from_be_bytes);
            let waiting = RwLock::new(Waiting::after(writes));
            Ok(Self { db, dir: dir.to_owned(), waiting, handing: Mutex::default() })
        })
    }

    fn waiting(&self) -> RwLockReadGuard<'_, Waiting> {
        self.waiting.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn waiting_mut(&self) -> RwLockWriteGuard<'_, Waiting> {
        self.waiting.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// What it stands on; none before the first write.
    pub fn applied(&self) -> Result<Option<Applied>, StoreError> {
        if let Some(applied) = self.waiting().applied {
            return Ok(Some(applied));
        }
        let stored = guarded("get", || self.db.get(APPLIED_KEY).map_err(sled_error("get")))?;
        let read = |bytes: sled::IVec| {
            Applied::from_bytes(&bytes).ok_or_else(|| damaged("applied", "they were not made by this version".into()))
        };
        stored.map(read).transpose()
    }

    /// How much was written since the beginning.
    pub fn writes(&self) -> u64 {
        self.waiting().writes
    }

    /// What is new of a key: nothing, or its value, or that it was removed.
    pub fn get(&self, key: &[u8]) -> Result<Option<Option<Vec<u8>>>, StoreError> {
        if let Some(found) = self.waiting().get(key) {
            return Ok(Some(found.clone()));
        }
        let stored = guarded("get", || self.db.get(key).map_err(sled_error("get")))?;
        stored.map(|stored| Ok(read(&stored)?.map(<[u8]>::to_vec))).transpose()
    }

    /// The pairs that wait, from `from` on and before `to`, and the keys in sled from `from` on; the first are newer.
    pub fn between(&self, from: &[u8], to: &[u8]) -> Result<(WaitingPairs, RecentPairs), StoreError> {
        // In this order: what is handed over in between is seen twice rather than never.
        let waiting = self.waiting().between(from, to);
        let mut pairs = RecentPairs { rest: self.db.range(from..), at: None };
        pairs.pass()?;
        Ok((waiting, pairs))
    }

    /// The last key from `from` on and before `to`, and whether its pair is there.
    pub fn last(&self, from: &[u8], to: &[u8]) -> Result<Option<(Vec<u8>, bool)>, StoreError> {
        let waiting = self.waiting().last(from, to);
        let stored = guarded("last key", || match self.db.range(from..to).next_back() {
            None => Ok(None),
            Some(pair) => {
                let (key, stored) = pair.map_err(sled_error("last key"))?;
                Ok(Some((key.to_vec(), read(&stored)?.is_some())))
            }
        })?;
        // Of equal keys that which waits is newer.
        Ok(stored.into_iter().chain(waiting).max_by(|(a, _), (b, _)| a.cmp(b)))
    }

    /// Applies writes in order, all or none, with the point they lead to. They wait for [`Recent::hand_on`].
    pub fn apply(&self, writes: &[ViewWrite], applied: &Applied) {
        self.waiting_mut().apply(writes, applied);
    }

    /// Hands sled what waits, where that is enough to be worth it; where the disk is full it goes on waiting.
    pub fn hand_on(&self) -> Result<(), StoreError> {
        // Looked at first: what is asked holds a lock that handing over takes.
        let enough = self.waiting().len() >= AT_ONCE;
        match if enough { self.hand_on_all() } else { Ok(()) } {
            Err(StoreError::Full(_)) => Ok(()),
            other => other,
        }
    }

    fn hand_on_all(&self) -> Result<(), StoreError> {
        let failed = io_error(|| format!("look at {}", self.dir.display()));
        let free = RealDisk.free_bytes(&self.dir).map_err(failed)?;
        if free < ROOM {
            return Err(StoreError::Full(format!("{free} bytes are free in {}", self.dir.display())));
        }
        let _one = self.handing.lock().unwrap_or_else(PoisonError::into_inner);
        let Some((pairs, applied, writes)) = self.waiting_mut().begin_handing() else { return Ok(()) };
        guarded("apply", || {
            let mut batch = sled::Batch::default();
            for (key, value) in &*pairs {
                match value {
                    Some(value) => batch.insert(&**key, [&[THERE], &**value].concat()),
                    None => batch.insert(&**key, &[REMOVED]),
                }
            }
            batch.insert(APPLIED_KEY, applied.to_bytes());
            batch.insert(WRITES_KEY, &writes.to_be_bytes());
            self.db.apply_batch(batch).map_err(sled_error("apply"))
        })?;
        self.waiting_mut().end_handing();
        Ok(())
    }

    /// Writes out what it has.
    pub fn flush(&self) -> Result<(), StoreError> {
        self.hand_on_all()?;
        guarded("flush", || self.db.flush().map(drop).map_err(sled_error("flush")))
    }
}

/// Keys in order, each with its value, or none where it was removed.
pub(super) struct RecentPairs {
    rest: sled::Iter,
    at: Option<(sled::IVec, sled::IVec)>,
}

impl RecentPairs {
    /// What it stands at; none behind the last.
    pub fn peek(&self) -> Option<(&[u8], Option<&[u8]>)> {
        let (key, stored) = self.at.as_ref()?;
        // It was read once when it came here.
        Some((key, read(stored).ok().flatten()))
    }

    /// Goes on to the next.
    pub fn pass(&mut self) -> Result<(), StoreError> {
        self.at = guarded("scan", || self.rest.next().transpose().map_err(sled_error("scan")))?;
        self.at.as_ref().map_or(Ok(()), |(_, stored)| read(stored).map(drop))
    }
}

/// A snapshot that sled was writing when it was stopped keeps it from opening ever after: such files go first.
fn remove_half_snapshots(dir: &Path) -> Result<(), StoreError> {
    let failed = || io_error(|| format!("tidy {}", dir.display()));
    let entries = match std::fs::read_dir(dir) {
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        entries => entries.map_err(failed())?,
    };
    for entry in entries {
        let path = entry.map_err(failed())?.path();
        if path.extension().is_some_and(|e| e == "generating") {
            std::fs::remove_file(&path).map_err(failed())?;
        }
    }
    Ok(())
}
