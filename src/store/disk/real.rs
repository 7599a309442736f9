//! The file system of the machine.

use super::{Access, Disk, DiskFile};
use rustix::fs::FlockOperation;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{FileExt, MetadataExt as _};
use std::path::Path;

/// Longest text read from a lock file: a process id and a line end.
const OWNER_MAX: u64 = 32;

/// The file system of the machine.
#[derive(Debug, Clone, Copy, Default)]
pub struct RealDisk;

struct RealFile(File);

/// A lock held, on a file and on the directory it stands in. Closing them would end it only once no child of this process, on
/// its way to another program, has them open any more.
struct Lock([Option<File>; 2]);

impl Drop for Lock {
    fn drop(&mut self) {
        for file in self.0.iter().flatten() {
            // Closing the file does the same a moment later.
            let _ = rustix::fs::flock(file, FlockOperation::Unlock);
        }
    }
}

impl Disk for RealDisk {
    fn make_dir(&self, dir: &Path) -> io::Result<()> {
        std::fs::create_dir(dir)
    }

    fn exists(&self, path: &Path) -> io::Result<bool> {
        path.try_exists()
    }

    fn list(&self, dir: &Path) -> io::Result<Vec<String>> {
        std::fs::read_dir(dir)?.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned())).collect()
    }

    fn create(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        let file = OpenOptions::new().read(true).write(true).create_new(true).open(path)?;
        Ok(Box::new(RealFile(file)))
    }

    fn open(&self, path: &Path, access: Access) -> io::Result<Box<dyn DiskFile>> {
        let file = OpenOptions::new().read(true).write(access == Access::Write).open(path)?;
        Ok(Box::new(RealFile(file)))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        std::fs::rename(from, to)
    }

    fn replace(&self, from: &Path, to: &Path) -> io::Result<()> {
        std::fs::rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        if path.symlink_metadata()?.is_dir() { std::fs::remove_dir_all(path) } else { std::fs::remove_file(path) }
    }

    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        File::open(dir)?.sync_all()
    }

    fn free_bytes(&self, dir: &Path) -> io::Result<u64> {
        let found = rustix::fs::statvfs(dir)?;
        Ok(found.f_bavail.saturating_mul(found.f_frsize))
    }

    fn lock(&self, path: &Path) -> io::Result<Box<dyn Send + Sync>> {
        let mut file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)?;
        match rustix::fs::flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => {}
            Err(rustix::io::Errno::WOULDBLOCK) => return Err(io::Error::new(io::ErrorKind::WouldBlock, owner(file))),
            Err(other) => return Err(other.into()),
        }
        let dir = lock_dir(path)?;
        file.set_len(0)?;
        writeln!(file, "{}", std::process::id())?;
        Ok(Box::new(Lock([Some(file), dir])))
    }

    fn lock_owner(&self, path: &Path) -> io::Result<Option<String>> {
        let file = match File::open(path) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
            file => file?,
        };
        match rustix::fs::flock(&file, FlockOperation::NonBlockingLockShared) {
            Ok(()) => Ok(None),
            Err(rustix::io::Errno::WOULDBLOCK) => Ok(Some(owner(file))),
            Err(other) => Err(other.into()),
        }
    }
}

/// Locks the directory of a lock file as well: the file may be removed under a process at work, by somebody who takes it for
/// a leftover. None on a file system that locks no directories (NFS); there the file alone has to do.
fn lock_dir(path: &Path) -> io::Result<Option<File>> {
    let dir = File::open(path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new(".")))?;
    match rustix::fs::flock(&dir, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(Some(dir)),
        Err(rustix::io::Errno::WOULDBLOCK) => {
            let why = "another process, whose lock file was removed";
            Err(io::Error::new(io::ErrorKind::WouldBlock, why))
        }
        Err(_) => Ok(None),
    }
}

/// Who wrote itself into a lock file. It is a help for people: without it the lock holds all the same.
fn owner(file: File) -> String {
    let mut text = String::new();
    match file.take(OWNER_MAX).read_to_string(&mut text) {
        Ok(_) if !text.trim().is_empty() => format!("process {}", text.trim()),
        _ => "another process".into(),
    }
}

impl DiskFile for RealFile {
    fn length(&self) -> io::Result<u64> {
        Ok(self.0.metadata()?.len())
    }

    fn read_at(&self, bytes: &mut [u8], offset: u64) -> io::Result<()> {
        self.0.read_exact_at(bytes, offset)
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        self.0.write_all_at(bytes, offset)
    }

    fn sync(&self) -> io::Result<()> {
        self.0.sync_data()?;
        // Bytes of a file that no name leads to any more are gone with the process, synced or not.
        if self.0.metadata()?.nlink() == 0 {
            return Err(io::Error::other("the file was removed while it was in use"));
        }
        Ok(())
    }
}
