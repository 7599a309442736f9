//! Files of the body that are no events: reports of misuse, subscriptions, counts. The register stands without them, and
//! nothing in it follows from them.

use super::StoreError;
use super::blobs::{failed, key_path, make_dirs, read, write_part};
use super::disk::{Disk, MemoryDisk, RealDisk};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// Bytes of the disk that stay free for the journal, which stops at 128 MiB.
const FREE_MIN: u64 = 512 << 20;

/// Small files below a directory, by key: parts of letters, digits, `.`, `-` and `_`, separated by `/`.
///
/// A file is durable when [`Drawer::put`] has answered, and holds the old or the new content whole at any moment.
pub struct Drawer {
    disk: Arc<dyn Disk>,
    root: PathBuf,
    /// One writer at a time, for two would use one name for what is not whole yet.
    writing: Mutex<()>,
}

impl Drawer {
    /// The files below `root`, which exists.
    #[must_use]
    pub fn on_disk(root: &Path) -> Self {
        Self::new(Arc::new(RealDisk), root)
    }

    /// Files that are gone with the process: for tests and trials.
    #[must_use]
    pub fn in_memory() -> Self {
        Self::new(Arc::new(MemoryDisk::new()), Path::new("/beside"))
    }

    /// Whether a text is of the form of a key.
    #[must_use]
    pub fn is_key(text: &str) -> bool {
        key_path(Path::new(""), text).is_ok()
    }

    fn new(disk: Arc<dyn Disk>, root: &Path) -> Self {
        Self { disk, root: root.to_owned(), writing: Mutex::default() }
    }

    /// The bytes under a key.
    ///
    /// # Errors
    /// `Corrupt` for a key of another form or what is no file, or a failure of the machine.
    pub fn get(&self, key: &str) -> Result<Option<Vec<u8>>, StoreError> {
        read(&*self.disk, &key_path(&self.root, key)?)
    }

    /// Keeps bytes under a key, in the place of what was there.
    ///
    /// # Errors
    /// `Full` where the disk has less room than the journal is to have left; `Corrupt` for a key of another form; or a failure
    /// of the machine, after which the key holds the old or the new bytes.
    pub fn put(&self, key: &str, bytes: &[u8]) -> Result<(), StoreError> {
        let path = key_path(&self.root, key)?;
        let _one = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        make_dirs(&*self.disk, &self.root, &path)?;
        let free = self.disk.free_bytes(&self.root).map_err(failed("look at", &self.root))?;
        if free < FREE_MIN.saturating_add(bytes.len() as u64) {
            return Err(StoreError::Full(format!("{free} bytes are free in {}", self.root.display())));
        }
        let part = write_part(&*self.disk, &path, bytes)?;
        self.disk.replace(&part, &path).map_err(failed("write", &path))?;
        let dir = path.parent().unwrap_or(&self.root);
        self.disk.sync_dir(dir).map_err(failed("sync", dir))
    }

    /// Removes a file, or a folder with all it holds; none is no fault.
    ///
    /// # Errors
    /// `Corrupt` for a key of another form, or a failure of the machine.
    pub fn remove(&self, key: &str) -> Result<(), StoreError> {
        let path = key_path(&self.root, key)?;
        let _one = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        match self.disk.remove(&path) {
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(()),
            other => other.map_err(failed("remove", &path)),
        }
    }

    /// Names in a folder, sorted; none where there is no folder. What is not whole yet is not among them.
    ///
    /// # Errors
    /// `Corrupt` for a key of another form, or a failure of the machine.
    pub fn names(&self, folder: &str) -> Result<Vec<String>, StoreError> {
        let path = key_path(&self.root, folder)?;
        let mut names = match self.disk.list(&path) {
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => vec![],
            other => other.map_err(failed("look into", &path))?,
        };
        names.retain(|name| Self::is_key(name));
        names.sort();
        Ok(names)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_replaced_listed_and_removed() {
        let temp = tempfile::tempdir().unwrap();
        for drawer in [Drawer::in_memory(), Drawer::on_disk(temp.path())] {
            assert_eq!(drawer.names("reports").unwrap(), Vec::<String>::new());
            drawer.put("reports/b/one.json", b"1").unwrap();
            drawer.put("reports/a/one.json", b"1").unwrap();
            drawer.put("reports/a/one.json", b"2").unwrap();
            assert_eq!(drawer.names("reports").unwrap(), ["a", "b"]);
            assert_eq!(drawer.names("reports/a").unwrap(), ["one.json"]);
            assert_eq!(drawer.get("reports/a/one.json").unwrap().unwrap(), b"2");
            drawer.remove("reports/a").unwrap();
            drawer.remove("reports/a").unwrap();
            assert_eq!(drawer.get("reports/a/one.json").unwrap(), None);
            for key in ["", "..", "reports/../journal/head", "/etc/passwd", "a.part"] {
                assert!(drawer.put(key, b"x").is_err() && drawer.get(key).is_err() && drawer.names(key).is_err());
            }
        }
        std::fs::write(temp.path().join("reports/half.part"), b"half").unwrap();
        assert_eq!(Drawer::on_disk(temp.path()).names("reports").unwrap(), ["b"], "what a power loss left is no file");
    }
}
