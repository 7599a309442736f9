//! How much room receipts may take: anybody may ask for one, and the journal must have room for ever.

use super::kept::full;
use crate::service::ServiceError;
use std::fs;
use std::io;
use std::path::Path;

/// What a file takes of the disk comes in pieces of so many bytes.
const BLOCK: u64 = 4 << 10;
/// Files a first receipt makes: itself, and a folder in a folder.
const FILES_OF_ONE: u64 = 3;

/// Bounds of what receipts may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Room {
    /// Bytes of all of them together, each in whole blocks of 4 KiB; so at most as many receipts as there are blocks.
    pub bytes: u64,
    /// Bytes that stay free on the disk.
    pub free_bytes: u64,
    /// Files that can still be made there.
    pub free_files: u64,
}

impl Room {
    /// 4 GiB; and receipts end long before the journal would, which stops at 128 MiB free.
    pub const DEFAULT: Self = Self { bytes: 4 << 30, free_bytes: 512 << 20, free_files: 16 << 10 };
}

/// How much receipts take.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Kept {
    /// How many files there are.
    pub receipts: u64,
    /// Bytes they take, each in whole blocks of 4 KiB.
    pub bytes: u64,
}

impl Kept {
    /// With one more of so many bytes.
    pub(super) fn with(self, bytes: u64) -> Self {
        Self { receipts: self.receipts + 1, bytes: self.bytes.saturating_add(blocks(bytes)) }
    }

    /// Without one of so many bytes.
    pub(super) fn without(self, bytes: u64) -> Self {
        Self { receipts: self.receipts.saturating_sub(1), bytes: self.bytes.saturating_sub(blocks(bytes)) }
    }

    /// Counts every file below a directory; nothing where there is none.
    ///
    /// # Errors
    /// The system's own words.
    pub(super) fn below(dir: &Path) -> io::Result<Self> {
        let found = match fs::read_dir(dir) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Self::default()),
            found => found?,
        };
        let mut all = Self::default();
        for entry in found {
            let entry = entry?;
            if entry.file_type()?.is_dir() {
                let inside = Self::below(&entry.path())?;
                all = Self { receipts: all.receipts + inside.receipts, bytes: all.bytes + inside.bytes };
            } else {
                match entry.metadata() {
                    // It was written under another name just now.
                    Err(e) if e.kind() == io::ErrorKind::NotFound => {}
                    found => all = all.with(found?.len()),
                }
            }
        }
        Ok(all)
    }
}

fn blocks(bytes: u64) -> u64 {
    bytes.div_ceil(BLOCK).saturating_mul(BLOCK)
}

/// What is free on a disk.
#[derive(Debug, Clone, Copy)]
pub(super) struct Free {
    bytes: u64,
    /// None where files are not counted.
    files: Option<u64>,
}

impl Free {
    /// Asks the system.
    ///
    /// # Errors
    /// The system's own words.
    pub(super) fn at(dir: &Path) -> io::Result<Self> {
        let found = rustix::fs::statvfs(dir).map_err(io::Error::from)?;
        let bytes = found.f_bavail.saturating_mul(found.f_frsize);
        // Some file systems make files as long as there is room, and count none.
        Ok(Self { bytes, files: (found.f_files > 0).then_some(found.f_favail) })
    }

    /// Refuses a receipt of so many bytes where less would be left than is to stay free.
    ///
    /// # Errors
    /// `receipts_full`.
    pub(super) fn takes(self, bytes: u64, room: Room) -> Result<(), ServiceError> {
        let enough = self.bytes >= room.free_bytes.saturating_add(blocks(bytes));
        let files = self.files.is_none_or(|files| files >= room.free_files.saturating_add(FILES_OF_ONE));
        if enough && files { Ok(()) } else { Err(full()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_and_files_stay_free() {
        let room = Room { bytes: u64::MAX, free_bytes: 10_000, free_files: 100 };
        let takes = |bytes, files| Free { bytes, files }.takes(5_000, room).is_ok();
        assert!(takes(18_192, Some(103)) && takes(18_192, None));
        assert!(!takes(18_191, Some(103)), "in whole blocks");
        assert!(!takes(u64::MAX, Some(102)), "a receipt and its two folders");
        assert!(Free::at(Path::new("/")).unwrap().bytes > 0);
    }

    #[test]
    fn the_journal_has_room_when_receipts_have_none() {
        let journal = crate::store::journal::Options::MIN_FREE_BYTES;
        assert!(Room::DEFAULT.free_bytes >= 4 * journal);
    }
}
