//! Where receipts are kept: one file each, written once and never changed.

use crate::domain::{ReceiptId, Refusal};
use crate::service::ServiceError;
use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Bytes that stay free on the disk: the journal must always have room before anybody's receipts have.
const FREE_LEAST: u64 = 128 << 20;
/// Largest receipt there is (docs/SPEC-receipt.md).
const RECEIPT_MAX: u64 = crate::sign::canonical::MAX_BYTES as u64;
/// End of a receipt's file name.
const KEPT: &str = ".json";
/// What is half-made so long was left behind.
const HALF_MADE: Duration = Duration::from_secs(3600);
/// End of the name of one that is being written.
const PART: &str = ".part";

/// Keeps receipts.
pub trait Receipts: Send + Sync {
    /// Keeps a receipt; when this answers it would survive a power loss.
    ///
    /// # Errors
    /// `receipts_full` where there is too little room; `receipt_exists`; or the system's own words.
    fn put(&self, id: ReceiptId, bytes: &[u8]) -> Result<(), ServiceError>;

    /// A receipt, byte for byte.
    ///
    /// # Errors
    /// The system's own words.
    fn get(&self, id: ReceiptId) -> Result<Option<Vec<u8>>, ServiceError>;
}

/// Receipts in a directory: `RECEIPTS/fb/ff/RID.json`, by the first two bytes of the identifier.
#[derive(Debug, Clone)]
pub struct ReceiptDir {
    root: PathBuf,
    free_least: u64,
}

/// Receipts that are gone with the process: for tests and trials.
#[derive(Debug, Default)]
pub struct MemoryReceipts(Mutex<BTreeMap<ReceiptId, Vec<u8>>>);

fn full() -> ServiceError {
    let why = "there is too little room on the disk to keep another receipt; nothing was made. Certificates can be looked up as ever: try again later, or ask the certification body";
    Refusal::unavailable("receipts_full", why).into()
}

fn exists(id: ReceiptId) -> ServiceError {
    Refusal::conflict("receipt_exists", format!("there is a receipt {id} already")).into()
}

impl ReceiptDir {
    /// The directory at that path; it is made with the first receipt.
    #[must_use]
    pub fn at(root: &Path) -> Self {
        Self { root: root.to_owned(), free_least: FREE_LEAST }
    }

    /// The same where so many bytes stay free instead.
    #[must_use]
    pub fn keeping_free(mut self, bytes: u64) -> Self {
        self.free_least = bytes;
        self
    }

    fn folder(&self, id: ReceiptId) -> PathBuf {
        let [first, second, ..] = id.to_bytes();
        self.root.join(format!("{first:02x}")).join(format!("{second:02x}"))
    }

    /// Every receipt kept, in no order, and the files beside them that are none.
    ///
    /// # Errors
    /// The system's own words.
    pub fn contents(&self) -> Result<(Vec<ReceiptId>, Vec<PathBuf>), ServiceError> {
        let (mut ids, mut odd) = (vec![], vec![]);
        let folders_of = |dir: &Path, odd: &mut Vec<PathBuf>| -> Result<Vec<PathBuf>, ServiceError> {
            let (folders, others) = entries(dir)?.into_iter().partition(|path| path.is_dir());
            odd.extend::<Vec<_>>(others);
            Ok(folders)
        };
        for first in folders_of(&self.root, &mut odd)? {
            for folder in folders_of(&first, &mut odd)? {
                for file in entries(&folder)? {
                    let name = file.file_name().unwrap_or_default().to_string_lossy();
                    let id = name.strip_suffix(KEPT).and_then(|name| ReceiptId::parse(name).ok());
                    match id.filter(|id| self.folder(*id) == folder) {
                        Some(id) => ids.push(id),
                        // It is being written; or was left by a power loss before it was acknowledged.
                        None if name.ends_with(PART) && is_young(&file) => {}
                        None => odd.push(file),
                    }
                }
            }
        }
        Ok((ids, odd))
    }

    /// Copies receipts to another directory as they are, and reads each copy again.
    ///
    /// # Errors
    /// `receipt_damaged` where a copy reads otherwise; the system's own words.
    pub fn copy_to(&self, to: &Self, ids: &[ReceiptId]) -> Result<(), ServiceError> {
        for id in ids {
            let bytes = self.get(*id)?.unwrap_or_default();
            let failed = || ServiceError::io(format!("cannot copy the receipts to {}", to.root.display()));
            if !to.write(*id, &bytes).map_err(failed())? {
                return Err(exists(*id));
            }
            if to.get(*id)?.as_ref() != Some(&bytes) {
                let why = format!("the copy of the receipt {id} reads otherwise than it was written");
                return Err(Refusal::invalid("receipt_damaged", why).into());
            }
        }
        Ok(())
    }

    fn write(&self, id: ReceiptId, bytes: &[u8]) -> io::Result<bool> {
        let folder = self.folder(id);
        make_private(&folder)?;
        let (part, kept) = (folder.join(format!("{id}{PART}")), folder.join(format!("{id}{KEPT}")));
        // Whoever makes this file has the name for itself.
        let file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&part)?;
        let written = finish(file, bytes, &part, &kept);
        if !matches!(written, Ok(true)) {
            // It may be renamed already; then there is nothing to remove.
            let _ = fs::remove_file(&part);
        }
        written?.then(|| sync_dir(&folder)).transpose().map(|synced| synced.is_some())
    }
}

/// Writes a file out and gives it its name, where that is free.
fn finish(mut file: fs::File, bytes: &[u8], part: &Path, kept: &Path) -> io::Result<bool> {
    file.write_all(bytes)?;
    file.sync_all()?;
    if kept.try_exists()? {
        return Ok(false);
    }
    fs::rename(part, kept).map(|()| true)
}

impl Receipts for ReceiptDir {
    fn put(&self, id: ReceiptId, bytes: &[u8]) -> Result<(), ServiceError> {
        let failed = || ServiceError::io(format!("cannot keep a receipt in {}", self.root.display()));
        make_private(&self.root).map_err(failed())?;
        let found = rustix::fs::statvfs(&self.root).map_err(io::Error::from).map_err(failed())?;
        let free = found.f_bavail.saturating_mul(found.f_frsize);
        if free < self.free_least.saturating_add(bytes.len() as u64) {
            return Err(full());
        }
        match self.write(id, bytes) {
            Ok(true) => Ok(()),
            Ok(false) => Err(exists(id)),
            Err(error) if matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded) => {
                Err(full())
            }
            Err(error) => Err(failed()(error)),
        }
    }

    fn get(&self, id: ReceiptId) -> Result<Option<Vec<u8>>, ServiceError> {
        let path = self.folder(id).join(format!("{id}{KEPT}"));
        let failed = || ServiceError::io(format!("cannot read {}", path.display()));
        let file = match fs::File::open(&path) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
            file => file.map_err(failed())?,
        };
        let mut bytes = vec![];
        file.take(RECEIPT_MAX + 1).read_to_end(&mut bytes).map_err(failed())?;
        Ok(Some(bytes))
    }
}

impl Receipts for MemoryReceipts {
    fn put(&self, id: ReceiptId, bytes: &[u8]) -> Result<(), ServiceError> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.contains_key(&id) {
            return Err(exists(id));
        }
        kept.insert(id, bytes.to_owned());
        Ok(())
    }

    fn get(&self, id: ReceiptId) -> Result<Option<Vec<u8>>, ServiceError> {
        Ok(self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&id).cloned())
    }
}

/// Whether a file was written within the last hour: no receipt takes so long.
fn is_young(file: &Path) -> bool {
    let age = fs::metadata(file).and_then(|m| m.modified()).map(|at| at.elapsed().unwrap_or_default());
    age.is_ok_and(|age| age < HALF_MADE)
}

/// Paths in a directory; none where there is no directory.
fn entries(dir: &Path) -> Result<Vec<PathBuf>, ServiceError> {
    let failed = || ServiceError::io(format!("cannot look into {}", dir.display()));
    let found = match fs::read_dir(dir) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(vec![]),
        found => found.map_err(failed())?,
    };
    found.map(|entry| Ok(entry.map_err(failed())?.path())).collect()
}

/// Makes a directory and those above it that are missing, each with a name that lasts.
fn make_private(dir: &Path) -> io::Result<()> {
    if dir.is_dir() {
        return Ok(());
    }
    let parent = dir.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    make_private(parent)?;
    match fs::DirBuilder::new().mode(0o700).create(dir) {
        // Somebody was quicker.
        Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {}
        made => made?,
    }
    sync_dir(parent)
}

fn sync_dir(dir: &Path) -> io::Result<()> {
    fs::File::open(dir)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(fill: u8) -> ReceiptId {
        ReceiptId::from_bytes([fill; 16])
    }

    #[track_caller]
    fn refused(result: Result<(), ServiceError>, code: &str) {
        match result {
            Err(ServiceError::Refused(why)) => assert_eq!(why[0].code, code),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_receipt_is_kept_once_and_never_written_over() {
        let temp = tempfile::tempdir().unwrap();
        let dir = ReceiptDir::at(&temp.path().join("receipts")).keeping_free(0);
        let both: [&dyn Receipts; 2] = [&dir, &MemoryReceipts::default()];
        for receipts in both {
            assert_eq!(receipts.get(id(1)).unwrap(), None);
            receipts.put(id(1), b"one").unwrap();
            refused(receipts.put(id(1), b"two"), "receipt_exists");
            receipts.put(id(2), b"two").unwrap();
            assert_eq!(receipts.get(id(1)).unwrap().as_deref(), Some(&b"one"[..]));
        }
        assert_eq!(ReceiptDir::at(&temp.path().join("receipts")).get(id(2)).unwrap().as_deref(), Some(&b"two"[..]));
        let (mut ids, odd) = dir.contents().unwrap();
        ids.sort();
        assert_eq!((ids, odd), (vec![id(1), id(2)], vec![]));
        let folder = temp.path().join("receipts/01/01");
        let left: Vec<_> = fs::read_dir(folder).unwrap().map(|e| e.unwrap().file_name()).collect();
        assert_eq!(left, ["AQEBAQEBAQEBAQEBAQEBAQ.json"], "and nothing half-made beside it");
    }

    #[test]
    fn what_a_power_loss_left_is_no_receipt_and_strangers_are_named() {
        let temp = tempfile::tempdir().unwrap();
        let dir = ReceiptDir::at(temp.path()).keeping_free(0);
        dir.put(id(1), b"one").unwrap();
        let half = temp.path().join("01/01/AQEBAQEBAQEBAQEBAQEBAg.part");
        fs::write(&half, "half").unwrap();
        assert_eq!(dir.contents().unwrap(), (vec![id(1)], vec![]), "it may be on its way");
        let long_ago = std::time::SystemTime::UNIX_EPOCH;
        fs::File::open(&half).unwrap().set_modified(long_ago).unwrap();
        let elsewhere = temp.path().join(format!("01/01/{}.json", id(2)));
        fs::write(&elsewhere, "elsewhere").unwrap();
        fs::write(temp.path().join(".DS_Store"), "view").unwrap();
        fs::write(temp.path().join("01/.DS_Store"), "view").unwrap();
        let (ids, mut odd) = dir.contents().unwrap();
        odd.sort();
        let strangers = [temp.path().join(".DS_Store"), temp.path().join("01/.DS_Store"), half, elsewhere];
        assert_eq!((ids, odd), (vec![id(1)], strangers.to_vec()));
    }

    #[test]
    fn without_room_nothing_is_kept() {
        let temp = tempfile::tempdir().unwrap();
        let dir = ReceiptDir::at(temp.path()).keeping_free(u64::MAX);
        refused(dir.put(id(1), b"one"), "receipts_full");
        assert_eq!(dir.get(id(1)).unwrap(), None);
        assert!(dir.contents().unwrap().0.is_empty());
    }
}
