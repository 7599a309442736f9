//! Views in sled: one tree, opened with care, thrown away at the first doubt.

use super::{APPLIED_KEY, Applied, Each, ViewWrite, Views, ViewsSource, damaged};
use crate::store::StoreError;
use crate::store::journal::io_error;
use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

/// Memory sled may keep pages in. Keys and values are small: this holds those of a few hundred thousand certificates.
const CACHE_BYTES: u64 = 128 << 20;
/// How often sled writes out what it has; it only shortens the catching up after a kill.
const FLUSH_EVERY_MS: u64 = 500;

/// Views in a sled database of their own.
pub struct SledViews {
    db: sled::Db,
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

impl Views for SledViews {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        guarded("get", || Ok(self.db.get(key).map_err(sled_error("get"))?.map(|v| v.to_vec())))
    }

    fn scan(&self, from: &[u8], to: &[u8], each: &mut Each<'_>) -> Result<(), StoreError> {
        guarded("scan", || {
            for pair in self.db.range(from..to) {
                let (key, value) = pair.map_err(sled_error("scan"))?;
                if let ControlFlow::Break(()) = each(&key, &value)? {
                    break;
                }
            }
            Ok(())
        })
    }

    fn last_key(&self, from: &[u8], to: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        guarded("last key", || match self.db.range(from..to).next_back() {
            None => Ok(None),
            Some(pair) => Ok(Some(pair.map_err(sled_error("last key"))?.0.to_vec())),
        })
    }

    fn apply(&self, writes: &[ViewWrite], applied: &Applied) -> Result<(), StoreError> {
        guarded("apply", || {
            let mut batch = sled::Batch::default();
            for write in writes {
                match write {
                    ViewWrite::Put { key, value } => batch.insert(&**key, &**value),
                    ViewWrite::Remove { key } => batch.remove(&**key),
                }
            }
            batch.insert(APPLIED_KEY, applied.to_bytes());
            self.db.apply_batch(batch).map_err(sled_error("apply"))
        })
    }
}

/// The directory views lie in.
#[derive(Debug, Clone)]
pub struct SledSource {
    dir: PathBuf,
}

impl SledSource {
    /// Views in `dir`, which sled has for itself.
    #[must_use]
    pub fn new(dir: &Path) -> Self {
        Self { dir: dir.to_owned() }
    }

    /// A snapshot that sled was writing when it was stopped keeps it from opening ever after: such files go first.
    fn remove_half_snapshots(&self) -> Result<(), StoreError> {
        let failed = || io_error(|| format!("tidy {}", self.dir.display()));
        let entries = match std::fs::read_dir(&self.dir) {
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
}

impl ViewsSource for SledSource {
    fn open(&self) -> Result<Box<dyn Views>, StoreError> {
        self.remove_half_snapshots()?;
        guarded("open", || {
            let config = sled::Config::new()
                .path(&self.dir)
                .cache_capacity(CACHE_BYTES)
                .flush_every_ms(Some(FLUSH_EVERY_MS))
                .mode(sled::Mode::HighThroughput);
            let db = config.open().map_err(sled_error("open"))?;
            Ok(Box::new(SledViews { db }) as Box<dyn Views>)
        })
    }

    fn fresh(&self) -> Result<Box<dyn Views>, StoreError> {
        let gone = match self.dir.symlink_metadata() {
            Ok(found) if found.is_dir() => std::fs::remove_dir_all(&self.dir),
            Ok(_) => std::fs::remove_file(&self.dir),
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(()),
            Err(e) => Err(e),
        };
        gone.map_err(io_error(|| format!("remove {}", self.dir.display())))?;
        self.open()
    }
}
