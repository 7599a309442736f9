//! The journal: an append-only list of frames in segments of fixed size. It is the truth; all else is derived from it.

pub(crate) mod create;
pub mod format;
pub mod head;
mod recover;
pub mod scan;
mod write;

pub use create::create;
pub use recover::Inspected;
pub use write::Writer;

use super::StoreError;
use super::codec::{Position, Unreadable};
use super::disk::{Access, Disk, DiskFile};
use format::{FRAME_HEADER, FrameHeader, MAX_SEGMENT, SEGMENT_HEADER, SegmentHeader, frame_hash, read_frame};
use scan::{Found, Tip};
use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

/// Directory of the journal inside the data directory.
pub const JOURNAL_DIR: &str = "journal";
/// Name of the head file inside it.
pub const HEAD_FILE: &str = "head";
/// What every refusal ends with.
pub const WAY_BACK: &str =
    "nothing was changed; `starmark fsck` shows the whole damage, a backup is put back by `starmark restore`";
/// What a refusal ends with where a newer version of this program has been at work.
pub const UPDATE: &str = "nothing was changed; start that version of the program, or a later one";
/// Segments kept open for reading; far below the usual limit of 1,024 files of a process.
const OPEN_SEGMENTS: usize = 128;

/// Sizes of a journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// Bytes of a new segment, at least a header and a frame; a larger frame gets a larger segment of its own.
    pub segment_bytes: u64,
    /// Writing stops while the disk has fewer free bytes than this.
    pub min_free_bytes: u64,
}

impl Options {
    /// 16 MiB: some 6,000 units. Zero-filled in about 20 ms, so a roll is hardly felt; scanned in as much at start-up.
    pub const SEGMENT_BYTES: u64 = 16 << 20;
    /// 128 MiB: the next segment, the views' own log and snapshot, and room for the operator to act in.
    pub const MIN_FREE_BYTES: u64 = 128 << 20;
}

impl Default for Options {
    fn default() -> Self {
        Self { segment_bytes: Self::SEGMENT_BYTES, min_free_bytes: Self::MIN_FREE_BYTES }
    }
}

/// Name of a segment's file.
#[must_use]
pub fn segment_name(number: u32) -> String {
    format!("{number:08}.seg")
}

/// Number of the segment with that file name.
#[must_use]
pub fn segment_number(name: &str) -> Option<u32> {
    let number = name.strip_suffix(".seg")?.parse().ok()?;
    (segment_name(number) == name).then_some(number)
}

/// The reading side of a journal. Frames once acknowledged never change, so it needs no lock against the writer.
pub struct Journal {
    disk: Arc<dyn Disk>,
    dir: PathBuf,
    files: RwLock<HashMap<u32, Arc<dyn DiskFile>>>,
}

pub(crate) fn io_error(what: impl FnOnce() -> String) -> impl FnOnce(io::Error) -> StoreError {
    |source| StoreError::Io { what: what(), source }
}

impl Journal {
    /// A journal in `dir`; nothing is read yet.
    #[must_use]
    pub fn new(disk: Arc<dyn Disk>, dir: &Path) -> Self {
        Self { disk, dir: dir.to_owned(), files: RwLock::default() }
    }

    /// Its file layer.
    #[must_use]
    pub fn disk(&self) -> &Arc<dyn Disk> {
        &self.disk
    }

    /// Its directory.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Path of a segment.
    #[must_use]
    pub fn segment_path(&self, number: u32) -> PathBuf {
        self.dir.join(segment_name(number))
    }

    /// Numbers of the segments there are, in order.
    ///
    /// # Errors
    /// A failure of the machine.
    pub fn segments(&self) -> Result<Vec<u32>, StoreError> {
        let names = self.disk.list(&self.dir).map_err(io_error(|| format!("list {}", self.dir.display())))?;
        let mut numbers: Vec<u32> = names.iter().filter_map(|n| segment_number(n)).collect();
        numbers.sort_unstable();
        Ok(numbers)
    }

    fn file(&self, number: u32) -> Result<Arc<dyn DiskFile>, StoreError> {
        if let Some(file) = self.files.read().unwrap_or_else(PoisonError::into_inner).get(&number) {
            return Ok(file.clone());
        }
        let path = self.segment_path(number);
        let file = self.disk.open(&path, Access::Read);
        let file: Arc<dyn DiskFile> = file.map_err(io_error(|| format!("open {}", path.display())))?.into();
        let mut files = self.files.write().unwrap_or_else(PoisonError::into_inner);
        if files.len() >= OPEN_SEGMENTS {
            files.clear();
        }
        files.insert(number, file.clone());
        Ok(file)
    }

    fn damaged(&self, segment: u32, offset: u64, field: &'static str, why: String) -> StoreError {
        let key = format!("{} offset {offset}", self.segment_path(segment).display());
        StoreError::Corrupt { table: "journal", key, field, why }
    }

    /// The bytes at a position.
    ///
    /// # Errors
    /// `Corrupt` when the journal ends before, or a failure of the machine.
    pub fn read(&self, at: Position) -> Result<Vec<u8>, StoreError> {
        let mut bytes = vec![0; at.length as usize];
        match self.file(at.segment)?.read_at(&mut bytes, u64::from(at.offset)) {
            Ok(()) => Ok(bytes),
            Err(e) if e.kind() == io::ErrorKind::UnexpectedEof => {
                Err(self.damaged(at.segment, u64::from(at.offset), "bytes", "the file ends before them".into()))
            }
            Err(e) => Err(io_error(|| format!("read {}", self.segment_path(at.segment).display()))(e)),
        }
    }

    /// Says that what lies at a position is damaged.
    #[must_use]
    pub fn corrupt(&self, at: Position, field: &'static str, why: String) -> StoreError {
        self.damaged(at.segment, u64::from(at.offset), field, why)
    }

    /// Says that what lies at a position is no unit: damaged, or for a newer version to read.
    pub(crate) fn no_unit(&self, at: Position, field: &'static str, why: Unreadable) -> StoreError {
        match why {
            Unreadable::Damaged(why) => self.corrupt(at, field, why),
            Unreadable::Newer(why) => self.newer(at.segment, at.offset as usize, &why),
        }
    }

    /// Says that what lies there is for a newer version to read.
    pub(crate) fn newer(&self, segment: u32, offset: usize, why: &str) -> StoreError {
        let path = self.segment_path(segment);
        StoreError::Refused(format!("{} offset {offset}: {why}; {UPDATE}", path.display()))
    }

    /// Header and length of a segment.
    ///
    /// # Errors
    /// What is wrong in words, or a failure of the machine.
    pub fn segment_header(&self, number: u32) -> Result<Result<SegmentHeader, String>, StoreError> {
        let path = self.segment_path(number);
        let failed = || io_error(|| format!("read {}", path.display()));
        let file = self.file(number)?;
        let length = file.length().map_err(failed())?;
        if length < SEGMENT_HEADER as u64 {
            return Ok(Err(format!("it has {length} bytes, not even a header's {SEGMENT_HEADER}")));
        }
        let mut bytes = vec![0; SEGMENT_HEADER];
        file.read_at(&mut bytes, 0).map_err(failed())?;
        Ok(SegmentHeader::decode(&bytes).and_then(|header| {
            if header.number != number {
                return Err(format!("its header has number {}", header.number));
            }
            if header.size != length {
                return Err(format!("it was created with {} bytes and has {length}", header.size));
            }
            Ok(header)
        }))
    }

    /// All bytes of a segment.
    ///
    /// # Errors
    /// A failure of the machine.
    pub fn load(&self, number: u32) -> Result<Vec<u8>, StoreError> {
        let failed = || io_error(|| format!("read {}", self.segment_path(number).display()));
        let file = self.file(number)?;
        let length = file.length().map_err(failed())?.min(MAX_SEGMENT);
        let mut bytes = vec![0; length as usize];
        file.read_at(&mut bytes, 0).map_err(failed())?;
        Ok(bytes)
    }

    /// The frame a tip speaks of; why there is none in words.
    ///
    /// # Errors
    /// A failure of the machine.
    pub fn frame(&self, tip: &Tip) -> Result<Result<Found, String>, StoreError> {
        let missing = || "the journal ends before it".to_owned();
        let file = match self.file(tip.segment) {
            Err(StoreError::Io { source, .. }) if source.kind() == io::ErrorKind::NotFound => {
                return Ok(Err(missing()));
            }
            other => other?,
        };
        let failed = || io_error(|| format!("read {}", self.segment_path(tip.segment).display()));
        let room = file.length().map_err(failed())?.saturating_sub(u64::from(tip.offset));
        let mut bytes = vec![0; FRAME_HEADER];
        if room < bytes.len() as u64 {
            return Ok(Err(missing()));
        }
        file.read_at(&mut bytes, u64::from(tip.offset)).map_err(failed())?;
        let Some(header) = FrameHeader::decode(&bytes).filter(|h| h.padded() as u64 <= room) else {
            return Ok(Err("no frame begins there".into()));
        };
        bytes.resize(header.padded(), 0);
        file.read_at(&mut bytes, u64::from(tip.offset)).map_err(failed())?;
        Ok(read_frame(&bytes, tip.segment, tip.offset as usize).and_then(|(header, whole)| {
            let found = Found { header, hash: frame_hash(whole) };
            if found.tip() == *tip { Ok(found) } else { Err("another frame stands there".into()) }
        }))
    }
}
