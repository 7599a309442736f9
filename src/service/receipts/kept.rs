//! Where receipts are kept: one file each, written once and never changed.

use super::room::{Free, Kept, Room};
use crate::domain::{ReceiptId, Refusal};
use crate::service::{Service, ServiceError};
use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// Largest receipt there is (docs/SPEC-receipt.md).
const RECEIPT_MAX: u64 = crate::verify::receipt::BYTES_MAX as u64;
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

    /// Bytes of a receipt, without reading it.
    ///
    /// # Errors
    /// The system's own words.
    fn size(&self, id: ReceiptId) -> Result<Option<u64>, ServiceError>;

    /// How much they take. The first time all of them are counted.
    ///
    /// # Errors
    /// The system's own words.
    fn kept(&self) -> Result<Kept, ServiceError>;

    /// Bytes that all of them may take together.
    fn most(&self) -> u64;

    /// Sets [`Receipts::most`]; what is kept stays, also where it is more.
    fn keep_within(&self, bytes: u64);
}

impl Service {
    /// Bytes of a receipt that was made before, without reading it.
    ///
    /// # Errors
    /// The system's own words.
    pub fn receipt_size(&self, id: ReceiptId) -> Result<Option<u64>, ServiceError> {
        self.receipts.size(id)
    }

    /// How much the receipts take, and how much they may.
    ///
    /// # Errors
    /// The system's own words.
    pub fn receipts_kept(&self) -> Result<(Kept, u64), ServiceError> {
        Ok((self.receipts.kept()?, self.receipts.most()))
    }

    /// Bytes that all receipts may take together from now on.
    pub fn keep_receipts_within(&self, bytes: u64) {
        self.receipts.keep_within(bytes);
    }
}

/// Receipts in a directory: `RECEIPTS/fb/ff/RID.json`, by the first two bytes of the identifier.
#[derive(Debug, Clone)]
pub struct ReceiptDir {
    root: PathBuf,
    room: Room,
    /// [`Room::bytes`], as it is now.
    most: Arc<AtomicU64>,
    /// How much there is; none until it was counted.
    kept: Arc<Mutex<Option<Kept>>>,
}

/// Receipts that are gone with the process: for tests and trials.
#[derive(Debug, Default)]
pub struct MemoryReceipts(Mutex<BTreeMap<ReceiptId, Vec<u8>>>);

pub(super) fn full() -> ServiceError {
    let why = "there is no room to keep another receipt; nothing was made. Certificates can be looked up as ever: try again later, or ask the certification body";
    Refusal::unavailable("receipts_full", why).into()
}

fn exists(id: ReceiptId) -> ServiceError {
    Refusal::conflict("receipt_exists", format!("there is a receipt {id} already")).into()
}

impl ReceiptDir {
    /// The directory at that path; it is made with the first receipt.
    #[must_use]
    pub fn at(root: &Path) -> Self {
        Self { root: root.to_owned(), room: Room::DEFAULT, most: Arc::default(), kept: Arc::default() }
            .within(Room::DEFAULT)
    }

    /// The same with other bounds.
    #[must_use]
    pub fn within(mut self, room: Room) -> Self {
        self.room = room;
        self.most = Arc::new(AtomicU64::new(room.bytes));
        self
    }

    /// Takes the count in hand: makes it first, where it was not made yet.
    fn counted<T>(&self, change: impl FnOnce(&mut Kept) -> T) -> io::Result<T> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let mut now = match *kept {
            Some(now) => now,
            None => Kept::below(&self.root)?,
        };
        let done = change(&mut now);
        *kept = Some(now);
        Ok(done)
    }

    fn failed(&self) -> impl FnOnce(io::Error) -> ServiceError {
        ServiceError::io(format!("cannot keep a receipt in {}", self.root.display()))
    }

    fn path(&self, id: ReceiptId) -> PathBuf {
        self.folder(id).join(format!("{id}{KEPT}"))
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
        let (part, kept) = (folder.join(format!("{id}{PART}")), self.path(id));
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
        make_private(&self.root).map_err(self.failed())?;
        let size = bytes.len() as u64;
        Free::at(&self.root).map_err(self.failed())?.takes(size, self.room)?;
        // Taken before it is written: those that are written at once see each other.
        let most = self.most();
        let taken = self.counted(|kept| {
            let fits = kept.with(size).bytes <= most;
            if fits {
                *kept = kept.with(size);
            }
            fits
        });
        if !taken.map_err(self.failed())? {
            return Err(full());
        }
        let written = self.write(id, bytes);
        if !matches!(written, Ok(true)) {
            self.counted(|kept| *kept = kept.without(size)).map_err(self.failed())?;
        }
        match written {
            Ok(true) => Ok(()),
            Ok(false) => Err(exists(id)),
            Err(error) if matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded) => {
                Err(full())
            }
            Err(error) => Err(self.failed()(error)),
        }
    }

    fn get(&self, id: ReceiptId) -> Result<Option<Vec<u8>>, ServiceError> {
        let path = self.path(id);
        let failed = || ServiceError::io(format!("cannot read {}", path.display()));
        let file = match fs::File::open(&path) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
            file => file.map_err(failed())?,
        };
        let mut bytes = vec![];
        file.take(RECEIPT_MAX + 1).read_to_end(&mut bytes).map_err(failed())?;
        Ok(Some(bytes))
    }

    fn size(&self, id: ReceiptId) -> Result<Option<u64>, ServiceError> {
        let path = self.path(id);
        match fs::metadata(&path) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
            found => Ok(Some(found.map_err(ServiceError::io(format!("cannot read {}", path.display())))?.len())),
        }
    }

    fn kept(&self) -> Result<Kept, ServiceError> {
        self.counted(|kept| *kept).map_err(ServiceError::io(format!("cannot look into {}", self.root.display())))
    }

    fn most(&self) -> u64 {
        self.most.load(Ordering::Relaxed)
    }

    fn keep_within(&self, bytes: u64) {
        self.most.store(bytes, Ordering::Relaxed);
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

    fn size(&self, id: ReceiptId) -> Result<Option<u64>, ServiceError> {
        Ok(self.get(id)?.map(|bytes| bytes.len() as u64))
    }

    fn kept(&self) -> Result<Kept, ServiceError> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(kept.values().fold(Kept::default(), |all, bytes| all.with(bytes.len() as u64)))
    }

    fn most(&self) -> u64 {
        u64::MAX
    }

    fn keep_within(&self, _: u64) {}
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

    /// Anything goes.
    const ANY: Room = Room { bytes: u64::MAX, free_bytes: 0, free_files: 0 };

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
        let dir = ReceiptDir::at(&temp.path().join("receipts")).within(ANY);
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
        let dir = ReceiptDir::at(temp.path()).within(ANY);
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
        let beyond =
            [Room { free_bytes: u64::MAX, ..ANY }, Room { free_files: u64::MAX, ..ANY }, Room { bytes: 4_095, ..ANY }];
        for room in beyond {
            let dir = ReceiptDir::at(temp.path()).within(room);
            refused(dir.put(id(1), b"one"), "receipts_full");
            assert_eq!(dir.get(id(1)).unwrap(), None);
            assert!(dir.contents().unwrap().0.is_empty());
        }
    }

    #[test]
    fn all_of_them_together_take_so_much_and_a_restart_counts_them_again() {
        let temp = tempfile::tempdir().unwrap();
        let room = Room { bytes: 5 * 4_096, ..ANY };
        let dir = ReceiptDir::at(temp.path()).within(room);
        dir.put(id(1), &[b'x'; 4_097]).unwrap();
        dir.put(id(2), b"one").unwrap();
        refused(dir.put(id(2), b"again"), "receipt_exists");
        let kept = Kept { receipts: 2, bytes: 3 * 4_096 };
        assert_eq!(dir.kept().unwrap(), kept);
        let dir = ReceiptDir::at(temp.path()).within(room);
        assert_eq!(dir.kept().unwrap(), kept);
        refused(dir.put(id(3), &[b'x'; 8_193]), "receipts_full");
        dir.put(id(3), &[b'x'; 8_192]).unwrap();
        refused(dir.put(id(4), b"one"), "receipts_full");
        dir.keep_within(6 * 4_096);
        dir.put(id(4), b"one").unwrap();
        assert_eq!(
            (dir.kept().unwrap().receipts, dir.size(id(1)).unwrap(), dir.size(id(9)).unwrap()),
            (4, Some(4_097), None)
        );
    }
}
