//! What is published as files: immutable blobs under keys, and one slot whose content is exchanged. Both contracts are
//! weaker than [`Store`](super::Store)'s: nothing here is trusted, and what the journal says can be made anew from it.

use super::StoreError;
use super::disk::{Access, Disk};
use super::journal::io_error;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// Largest blob: a bundle of 256 log entries of 64 KiB, or a receipt, stays below.
pub const BLOB_MAX: u64 = 32 << 20;
/// Ending of a file that is not whole yet.
const PART: &str = ".part";

/// Files that never change, by key: parts of letters, digits, `.`, `-` and `_`, separated by `/`.
///
/// Every backend:
/// - MUST make a blob durable before `put` answers, and show it whole or not at all;
/// - MUST refuse to put other bytes under a key that holds some;
/// - MAY lose or damage a blob: whoever reads one holds it against something signed.
pub trait Blobs: Send + Sync {
    /// The bytes under a key.
    ///
    /// # Errors
    /// `Corrupt` of table `blobs` for what no blob can be, or a failure of the machine.
    fn get(&self, key: &str) -> Result<Option<Vec<u8>>, StoreError>;

    /// Keeps bytes under a key; the same bytes again are no fault.
    ///
    /// # Errors
    /// `Corrupt` of table `blobs` when the key holds other bytes, or a failure of the machine.
    fn put(&self, key: &str, bytes: &[u8]) -> Result<(), StoreError>;

    /// Removes the bytes under a key, so that others can take their place: for what was found to be damaged.
    ///
    /// # Errors
    /// A failure of the machine.
    fn remove(&self, key: &str) -> Result<(), StoreError>;
}

/// A place whose content is exchanged whole, such as the latest checkpoint of a log.
///
/// Every backend:
/// - MUST make new content durable before `replace` answers `true`;
/// - MUST exchange in one step: at any moment, and after any fault, the place holds the old or the new content;
/// - MUST leave the place alone when it does not hold what the caller expects.
pub trait Slot: Send + Sync {
    /// What the place holds. What is handed out would survive a power loss.
    ///
    /// # Errors
    /// `Corrupt` of table `blobs` for what no content can be, or a failure of the machine.
    fn load(&self) -> Result<Option<Vec<u8>>, StoreError>;

    /// Puts `new` in the place of `expected`; whether that was there.
    ///
    /// # Errors
    /// A failure of the machine; the place then holds the one or the other.
    fn replace(&self, expected: Option<&[u8]>, new: &[u8]) -> Result<bool, StoreError>;
}

/// Blobs as files below a directory.
pub struct LocalBlobs {
    disk: Arc<dyn Disk>,
    root: PathBuf,
    /// One writer at a time, for two would use one name for what is not whole yet.
    writing: Mutex<()>,
}

/// A slot as one file.
pub struct LocalSlot {
    disk: Arc<dyn Disk>,
    path: PathBuf,
    /// Whether its directory is there for good; held by whoever reads or writes.
    has_directory: Mutex<bool>,
}

pub(super) fn failed(what: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> StoreError {
    io_error(move || format!("{what} {}", path.display()))
}

pub(super) fn read(disk: &dyn Disk, path: &Path) -> Result<Option<Vec<u8>>, StoreError> {
    let file = match disk.open(path, Access::Read) {
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        other => other.map_err(failed("open", path))?,
    };
    let damaged = |why| StoreError::Corrupt { table: "blobs", key: path.display().to_string(), field: "bytes", why };
    let length = file.length().map_err(failed("read", path))?;
    if length > BLOB_MAX {
        return Err(damaged(format!("it has {length} bytes, more than the {BLOB_MAX} of any blob")));
    }
    let mut bytes = vec![0; length as usize];
    match file.read_at(&mut bytes, 0) {
        Err(e) if e.kind() == std::io::ErrorKind::IsADirectory => {
            Err(damaged("a directory stands in its place".into()))
        }
        read => read.map_err(failed("read", path)).map(|()| Some(bytes)),
    }
}

/// Writes a file beside `path` that a rename can then put in its place.
pub(super) fn write_part(disk: &dyn Disk, path: &Path, bytes: &[u8]) -> Result<PathBuf, StoreError> {
    let mut part = path.as_os_str().to_owned();
    part.push(PART);
    let part = PathBuf::from(part);
    let write = || {
        if disk.exists(&part)? {
            // Left from an attempt that was cut off.
            disk.remove(&part)?;
        }
        let file = disk.create(&part)?;
        file.write_at(bytes, 0)?;
        file.sync()
    };
    write().map_err(failed("write", &part))?;
    Ok(part)
}

/// Makes the directories of a file from `root` on, and their names durable. They may be there from an attempt that was cut
/// off, so that is done each time.
pub(super) fn make_dirs(disk: &dyn Disk, root: &Path, path: &Path) -> Result<(), StoreError> {
    let above = path.ancestors().skip(1).take_while(|dir| dir.starts_with(root)).collect::<Vec<_>>();
    for dir in above.into_iter().rev() {
        match disk.make_dir(dir) {
            Err(e) if e.kind() == std::io::ErrorKind::AlreadyExists => {}
            other => other.map_err(failed("make", dir))?,
        }
        if let Some(parent) = dir.parent() {
            // Above a relative path stands the working directory.
            let parent = if parent.as_os_str().is_empty() { Path::new(".") } else { parent };
            disk.sync_dir(parent).map_err(failed("sync", parent))?;
        }
    }
    Ok(())
}

impl LocalBlobs {
    /// Blobs below `root`, which comes to be with the first of them; its parent exists.
    #[must_use]
    pub fn new(disk: Arc<dyn Disk>, root: &Path) -> Self {
        Self { disk, root: root.to_owned(), writing: Mutex::default() }
    }
}

/// Where a key's file is.
pub(super) fn key_path(root: &Path, key: &str) -> Result<PathBuf, StoreError> {
    let plain = |c: u8| c.is_ascii_alphanumeric() || matches!(c, b'.' | b'-' | b'_');
    let named = |part: &str| !part.is_empty() && !part.starts_with('.') && part.bytes().all(plain);
    if !key.split('/').all(named) || key.ends_with(PART) {
        let why = "it is not of the form of a key".to_owned();
        return Err(StoreError::Corrupt { table: "blobs", key: key.to_owned(), field: "key", why });
    }
    Ok(root.join(key))
}

impl Blobs for LocalBlobs {
    fn get(&self, key: &str) -> Result<Option<Vec<u8>>, StoreError> {
        read(&*self.disk, &key_path(&self.root, key)?)
    }

    fn put(&self, key: &str, bytes: &[u8]) -> Result<(), StoreError> {
        let path = key_path(&self.root, key)?;
        let _one = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        make_dirs(&*self.disk, &self.root, &path)?;
        match read(&*self.disk, &path)? {
            Some(found) if found != bytes => {
                let why = "it holds other bytes than those to be kept there".to_owned();
                return Err(StoreError::Corrupt {
                    table: "blobs",
                    key: path.display().to_string(),
                    field: "bytes",
                    why,
                });
            }
            // A rename that was not acknowledged: its name may not be durable yet.
            Some(_) => {}
            None => {
                let part = write_part(&*self.disk, &path, bytes)?;
                self.disk.replace(&part, &path).map_err(failed("write", &path))?;
            }
        }
        let dir = path.parent().unwrap_or(&self.root);
        self.disk.sync_dir(dir).map_err(failed("sync", dir))
    }

    fn remove(&self, key: &str) -> Result<(), StoreError> {
        let path = key_path(&self.root, key)?;
        let _one = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        match self.disk.remove(&path) {
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(()),
            other => other.map_err(failed("remove", &path)),
        }
    }
}

impl LocalSlot {
    /// The slot that is the file `path`, which comes to be with its first content; the directory above its own exists.
    #[must_use]
    pub fn new(disk: Arc<dyn Disk>, path: &Path) -> Self {
        Self { disk, path: path.to_owned(), has_directory: Mutex::default() }
    }

    fn sync_name(&self) -> Result<(), StoreError> {
        let dir = self.path.parent().unwrap_or(Path::new("."));
        self.disk.sync_dir(dir).map_err(failed("sync", dir))
    }
}

impl Slot for LocalSlot {
    fn load(&self) -> Result<Option<Vec<u8>>, StoreError> {
        let _one = self.has_directory.lock().unwrap_or_else(PoisonError::into_inner);
        let found = read(&*self.disk, &self.path)?;
        if found.is_some() {
            // Its bytes were synced before they got this name; the name may have come to be a moment before a fault.
            self.sync_name()?;
        }
        Ok(found)
    }

    fn replace(&self, expected: Option<&[u8]>, new: &[u8]) -> Result<bool, StoreError> {
        let mut has_directory = self.has_directory.lock().unwrap_or_else(PoisonError::into_inner);
        if read(&*self.disk, &self.path)?.as_deref() != expected {
            return Ok(false);
        }
        // Not known any more where this fails: it may have been removed.
        if !std::mem::take(&mut *has_directory)
            && let Some(dir) = self.path.parent()
        {
            make_dirs(&*self.disk, dir, &self.path)?;
        }
        let part = write_part(&*self.disk, &self.path, new)?;
        self.disk.replace(&part, &self.path).map_err(failed("write", &self.path))?;
        self.sync_name()?;
        *has_directory = true;
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::disk::MemoryDisk;

    fn blobs() -> LocalBlobs {
        LocalBlobs::new(Arc::new(MemoryDisk::new()), Path::new("/log"))
    }

    #[test]
    fn a_blob_never_changes() {
        let blobs = blobs();
        assert_eq!(blobs.get("tile/0/000").unwrap(), None);
        blobs.put("tile/0/000", b"one").unwrap();
        blobs.put("tile/0/000", b"one").unwrap();
        let refused = blobs.put("tile/0/000", b"two").unwrap_err();
        assert!(matches!(refused, StoreError::Corrupt { table: "blobs", .. }), "{refused}");
        assert_eq!(blobs.get("tile/0/000").unwrap().unwrap(), b"one");
        blobs.remove("tile/0/000").unwrap();
        blobs.remove("tile/0/000").unwrap();
        blobs.put("tile/0/000", b"two").unwrap();
        assert_eq!(blobs.get("tile/0/000").unwrap().unwrap(), b"two");
    }

    #[test]
    fn no_key_leads_out_of_the_directory() {
        for key in ["", "..", "../journal/head", "/etc/passwd", "a//b", "a/.b", "a/", "a\\b", "ä", "a\0b", "a.part"] {
            assert!(matches!(blobs().get(key), Err(StoreError::Corrupt { field: "key", .. })), "{key:?}");
            assert!(blobs().put(key, b"x").is_err(), "{key:?}");
        }
    }

    #[test]
    fn a_slot_is_exchanged_only_from_what_is_expected() {
        let disk: Arc<dyn Disk> = Arc::new(MemoryDisk::new());
        let slot = LocalSlot::new(disk, Path::new("/log/checkpoint"));
        assert_eq!(slot.load().unwrap(), None);
        assert!(!slot.replace(Some(b"one"), b"two").unwrap());
        assert!(slot.replace(None, b"one").unwrap());
        assert!(!slot.replace(None, b"two").unwrap());
        assert!(!slot.replace(Some(b"other"), b"two").unwrap());
        assert_eq!(slot.load().unwrap().unwrap(), b"one");
        assert!(slot.replace(Some(b"one"), b"two").unwrap());
        assert_eq!(slot.load().unwrap().unwrap(), b"two");
    }
}
