//! What is new, in sled: one tree, opened with care, thrown away at the first doubt. The newest wait in memory to be handed to it.

use super::incoming::{Incoming, IncomingPairs};
use super::{APPLIED_KEY, Applied, ViewWrite, damaged};
use crate::store::StoreError;
use crate::store::disk::{Disk as _, RealDisk};
use crate::store::journal::io_error;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
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
/// Pairs that wait at most where it has not: some megabytes.
const WAITING_MAX: usize = 64 * AT_ONCE;
/// What a value begins with: whether the pair is there, or was removed.
const THERE: u8 = 1;
const REMOVED: u8 = 0;

/// Pairs in a sled database of their own, those that were removed among them; the newest wait in memory to be handed to it.
pub(super) struct Recent {
    db: sled::Db,
    dir: PathBuf,
    incoming: RwLock<Incoming>,
    /// Held by whoever hands them over.
    handing: Mutex<()>,
    /// Whether the disk was full when that was last tried.
    full: AtomicBool,
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
            let incoming = RwLock::new(Incoming::after(writes));
            Ok(Self { db, dir: dir.to_owned(), incoming, handing: Mutex::default(), full: AtomicBool::default() })
        })
    }

    fn incoming(&self) -> RwLockReadGuard<'_, Incoming> {
        self.incoming.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn incoming_mut(&self) -> RwLockWriteGuard<'_, Incoming> {
        self.incoming.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// What it stands on; none before the first write.
    pub fn applied(&self) -> Result<Option<Applied>, StoreError> {
        if let Some(applied) = self.incoming().applied {
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
        self.incoming().writes
    }

    /// What is new of a key: nothing, or its value, or that it was removed.
    pub fn get(&self, key: &[u8]) -> Result<Option<Option<Vec<u8>>>, StoreError> {
        if let Some(found) = self.incoming().get(key) {
            return Ok(Some(found.clone()));
        }
        let stored = guarded("get", || self.db.get(key).map_err(sled_error("get")))?;
        stored.map(|stored| Ok(read(&stored)?.map(<[u8]>::to_vec))).transpose()
    }

    /// The pairs that wait, from `from` on and before `to`, and the keys in sled from `from` on; the first are newer.
    pub fn between(&self, from: &[u8], to: &[u8]) -> Result<(IncomingPairs, RecentPairs), StoreError> {
        // In this order: what is handed over in between is seen twice rather than never.
        let incoming = self.incoming().between(from, to);
        let mut pairs = RecentPairs { rest: self.db.range(from..), at: None };
        pairs.pass()?;
        Ok((incoming, pairs))
    }

    /// The last key from `from` on and before `to`, and whether its pair is there.
    pub fn last(&self, from: &[u8], to: &[u8]) -> Result<Option<(Vec<u8>, bool)>, StoreError> {
        let incoming = self.incoming().last(from, to);
        let stored = guarded("last key", || match self.db.range(from..to).next_back() {
            None => Ok(None),
            Some(pair) => {
                let (key, stored) = pair.map_err(sled_error("last key"))?;
                Ok(Some((key.to_vec(), read(&stored)?.is_some())))
            }
        })?;
        // Of equal keys that which waits is newer.
        Ok(stored.into_iter().chain(incoming).max_by(|(a, _), (b, _)| a.cmp(b)))
    }

    /// Applies writes in order, all or none, with the point they lead to. They wait for [`Recent::hand_over`].
    pub fn apply(&self, writes: &[ViewWrite], applied: &Applied) {
        self.incoming_mut().apply(writes, applied);
    }

    /// Hands sled what waits, where that is enough to be worth it. Where the disk is full it goes on waiting, so many pairs at most.
    ///
    /// # Errors
    /// `Full` where there are more; else what sled says.
    pub fn hand_over(&self) -> Result<(), StoreError> {
        let waiting = self.incoming().len();
        if waiting < AT_ONCE {
            return Ok(());
        }
        let handed = self.hand_over_all();
        let told = self.full.swap(matches!(handed, Err(StoreError::Full(_))), Ordering::Relaxed);
        match handed {
            Err(StoreError::Full(why)) if waiting < WAITING_MAX => {
                if !told {
                    tracing::error!(why, "the newest pairs of the views stay in memory until there is room");
                }
                Ok(())
            }
            other => other,
        }
    }

    fn hand_over_all(&self) -> Result<(), StoreError> {
        let _one = self.handing.lock().unwrap_or_else(PoisonError::into_inner);
        if self.incoming().is_empty() {
            return Ok(());
        }
        must_have_room(&self.dir, RealDisk.free_bytes(&self.dir))?;
        let Some((pairs, applied, writes)) = self.incoming_mut().begin_handing() else { return Ok(()) };
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
        self.incoming_mut().end_handing();
        Ok(())
    }

    /// Hands over and writes out all it has.
    pub fn flush(&self) -> Result<(), StoreError> {
        self.hand_over_all()?;
        self.write_out()
    }

    /// Writes out what was handed over.
    pub(super) fn write_out(&self) -> Result<(), StoreError> {
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

/// Where it is not known how much is free, there may be none.
fn must_have_room(dir: &Path, free: io::Result<u64>) -> Result<(), StoreError> {
    match free {
        Ok(ROOM..) => Ok(()),
        Ok(free) => Err(StoreError::Full(format!("{free} bytes are free in {}", dir.display()))),
        Err(why) => Err(StoreError::Full(format!("how much is free in {} cannot be told: {why}", dir.display()))),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_handed_over_where_there_may_be_no_room() {
        let room = |free| must_have_room(Path::new("/views"), free);
        room(Ok(ROOM)).unwrap();
        let [little, unknown] = [Ok(ROOM - 1), Err(io::Error::other("示例"))].map(|free| room(free).unwrap_err());
        assert_eq!(little.to_string(), StoreError::Full("8388607 bytes are free in /views".into()).to_string());
        assert!(matches!(unknown, StoreError::Full(why) if why.contains("示例")));
    }
}
