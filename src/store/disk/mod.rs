//! The file layer under the journal: the few calls it makes, so that a test can hand in a disk that fails or forgets.

mod memory;
mod real;

pub use memory::MemoryDisk;
pub use real::RealDisk;

use std::io;
use std::path::Path;

/// What the journal asks of a file system. Paths are absolute or relative as the caller gave them.
///
/// A disk promises what POSIX promises: bytes survive a power loss once [`DiskFile::sync`] has answered, names once
/// [`Disk::sync_dir`] of their directory has. Before that any part of them may survive, in 4 KiB pages.
pub trait Disk: Send + Sync {
    /// Makes one directory; its parent exists.
    ///
    /// # Errors
    /// `AlreadyExists`, or what the system says.
    fn make_dir(&self, dir: &Path) -> io::Result<()>;

    /// Whether a file or directory of that name exists.
    ///
    /// # Errors
    /// What the system says.
    fn exists(&self, path: &Path) -> io::Result<bool>;

    /// Names in a directory, in no order.
    ///
    /// # Errors
    /// `NotFound`, or what the system says.
    fn list(&self, dir: &Path) -> io::Result<Vec<String>>;

    /// A new, empty file for reading and writing.
    ///
    /// # Errors
    /// `AlreadyExists`, or what the system says.
    fn create(&self, path: &Path) -> io::Result<Box<dyn DiskFile>>;

    /// An existing file.
    ///
    /// # Errors
    /// `NotFound`, or what the system says.
    fn open(&self, path: &Path, access: Access) -> io::Result<Box<dyn DiskFile>>;

    /// Gives a file or directory another name in one step, replacing nothing.
    ///
    /// # Errors
    /// What the system says.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;

    /// Gives a file the name of another in one step, which is gone then if it was there.
    ///
    /// # Errors
    /// What the system says.
    fn replace(&self, from: &Path, to: &Path) -> io::Result<()>;

    /// Removes a file, or a directory with all it holds.
    ///
    /// # Errors
    /// What the system says.
    fn remove(&self, path: &Path) -> io::Result<()>;

    /// Makes the names in a directory durable.
    ///
    /// # Errors
    /// What the system says; the names may then be durable or not.
    fn sync_dir(&self, dir: &Path) -> io::Result<()>;

    /// Bytes an ordinary process may still write there.
    ///
    /// # Errors
    /// What the system says.
    fn free_bytes(&self, dir: &Path) -> io::Result<u64>;

    /// Takes the one-process lock whose file is `path`, creating the file where there is none. The lock lasts as long as
    /// the answer lives, and ends with the process however it ends.
    ///
    /// # Errors
    /// `WouldBlock` with the owner named in the text when another process holds it.
    fn lock(&self, path: &Path) -> io::Result<Box<dyn Send + Sync>>;

    /// Who holds that lock now, without taking or writing anything; none where nobody does.
    ///
    /// # Errors
    /// What the system says.
    fn lock_owner(&self, path: &Path) -> io::Result<Option<String>>;
}

/// How a file is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Reading only.
    Read,
    /// Reading and writing in place.
    Write,
}

/// An open file; offsets and lengths are in bytes.
pub trait DiskFile: Send + Sync {
    /// Its length.
    ///
    /// # Errors
    /// What the system says.
    fn length(&self) -> io::Result<u64>;

    /// Fills `bytes` from `offset` on.
    ///
    /// # Errors
    /// `UnexpectedEof` when the file ends before, or what the system says.
    fn read_at(&self, bytes: &mut [u8], offset: u64) -> io::Result<()>;

    /// Writes all of `bytes` at `offset`; the file grows where it must.
    ///
    /// # Errors
    /// What the system says; any part may have been written.
    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()>;

    /// Makes content and length durable (`fdatasync`).
    ///
    /// # Errors
    /// What the system says. The call is never repeated in the hope of a better answer: after a failure the system may
    /// call lost pages clean.
    fn sync(&self) -> io::Result<()>;
}
