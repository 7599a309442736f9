//! A disk in memory: what [`crate::store::MemoryStore`] keeps its journal on. Nothing of it outlives the process.

use super::{Access, Disk, DiskFile};
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

type Content = Arc<RwLock<Vec<u8>>>;

/// Files and directories in memory.
#[derive(Debug, Default, Clone)]
pub struct MemoryDisk {
    names: Arc<Mutex<BTreeMap<PathBuf, Option<Content>>>>,
}

struct MemoryFile(Content);

fn not_found(path: &Path) -> io::Error {
    io::Error::new(io::ErrorKind::NotFound, path.display().to_string())
}

fn taken(path: &Path) -> io::Error {
    io::Error::new(io::ErrorKind::AlreadyExists, path.display().to_string())
}

impl MemoryDisk {
    /// An empty disk.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    // A map stays whole when a thread dies between two calls, so a poisoned lock may be used on.
    fn names(&self) -> MutexGuard<'_, BTreeMap<PathBuf, Option<Content>>> {
        self.names.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Disk for MemoryDisk {
    fn make_dir(&self, dir: &Path) -> io::Result<()> {
        let mut names = self.names();
        if names.contains_key(dir) {
            return Err(taken(dir));
        }
        names.insert(dir.to_owned(), None);
        Ok(())
    }

    fn exists(&self, path: &Path) -> io::Result<bool> {
        Ok(self.names().contains_key(path))
    }

    fn list(&self, dir: &Path) -> io::Result<Vec<String>> {
        let names = self.names();
        let inside = names.keys().filter(|p| p.parent() == Some(dir)).filter_map(|p| p.file_name());
        Ok(inside.map(|n| n.to_string_lossy().into_owned()).collect())
    }

    fn create(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        let mut names = self.names();
        if names.contains_key(path) {
            return Err(taken(path));
        }
        let content = Content::default();
        names.insert(path.to_owned(), Some(content.clone()));
        Ok(Box::new(MemoryFile(content)))
    }

    fn open(&self, path: &Path, _: Access) -> io::Result<Box<dyn DiskFile>> {
        match self.names().get(path) {
            Some(Some(content)) => Ok(Box::new(MemoryFile(content.clone()))),
            _ => Err(not_found(path)),
        }
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut names = self.names();
        let moved: Vec<PathBuf> = names.keys().filter(|p| p.starts_with(from)).cloned().collect();
        if moved.is_empty() {
            return Err(not_found(from));
        }
        for old in moved {
            let tail = old.strip_prefix(from).unwrap_or(Path::new(""));
            let new = if tail.as_os_str().is_empty() { to.to_owned() } else { to.join(tail) };
            if let Some(content) = names.remove(&old) {
                names.insert(new, content);
            }
        }
        Ok(())
    }

    fn replace(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        let mut names = self.names();
        let before = names.len();
        names.retain(|p, _| !p.starts_with(path));
        if names.len() == before { Err(not_found(path)) } else { Ok(()) }
    }

    fn sync_dir(&self, _: &Path) -> io::Result<()> {
        Ok(())
    }

    fn free_bytes(&self, _: &Path) -> io::Result<u64> {
        Ok(u64::MAX)
    }

    fn lock(&self, _: &Path) -> io::Result<Box<dyn Send + Sync>> {
        Ok(Box::new(()))
    }

    fn lock_owner(&self, _: &Path) -> io::Result<Option<String>> {
        Ok(None)
    }
}

impl DiskFile for MemoryFile {
    fn length(&self) -> io::Result<u64> {
        Ok(self.0.read().unwrap_or_else(PoisonError::into_inner).len() as u64)
    }

    fn read_at(&self, bytes: &mut [u8], offset: u64) -> io::Result<()> {
        let content = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let from = usize::try_from(offset).unwrap_or(usize::MAX);
        let found = from.checked_add(bytes.len()).and_then(|to| content.get(from..to));
        let found = found.ok_or_else(|| io::Error::from(io::ErrorKind::UnexpectedEof))?;
        bytes.copy_from_slice(found);
        Ok(())
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        let mut content = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let from = usize::try_from(offset).map_err(|_| io::Error::from(io::ErrorKind::FileTooLarge))?;
        let to = from.checked_add(bytes.len()).ok_or_else(|| io::Error::from(io::ErrorKind::FileTooLarge))?;
        if content.len() < to {
            content.resize(to, 0);
        }
        content[from..to].copy_from_slice(bytes);
        Ok(())
    }

    fn sync(&self) -> io::Result<()> {
        Ok(())
    }
}
