//! The writing side: one frame, one sync.

use super::create::fill_segment;
use super::format::{FRAME_HEADER, FrameHeader, MAX_SEGMENT, SEGMENT_HEADER, SegmentHeader, frame_hash};
use super::head::Head;
use super::scan::Tip;
use super::{Journal, Options, io_error};
use crate::store::StoreError;
use crate::store::disk::DiskFile;
use sha2::{Digest, Sha256};
use std::io;
use std::sync::Arc;

/// Whether there was too little of something, which may be there again in a moment: space, or file handles.
fn is_shortage(error: &io::Error) -> bool {
    use rustix::io::Errno;
    let handles = [Errno::MFILE, Errno::NFILE].map(Errno::raw_os_error);
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
        || error.raw_os_error().is_some_and(|code| handles.contains(&code))
}

/// Appends frames. There is one for each journal; [`super::Inspected::repair`] makes it.
///
/// After any error but `Full` the writer must not be used again: what reached the disk is known to the next start only.
pub struct Writer {
    pub(super) journal: Arc<Journal>,
    pub(super) options: Options,
    pub(super) file: Box<dyn DiskFile>,
    pub(super) segment: SegmentHeader,
    /// Where the next frame begins.
    pub(super) at: usize,
    /// Over the used bytes of the open segment.
    pub(super) digest: Sha256,
    /// The last frame.
    pub(super) tip: Tip,
    pub(super) head: Box<dyn DiskFile>,
    pub(super) generation: u64,
    pub(super) head_dirty: bool,
}

impl Writer {
    /// The reading side.
    #[must_use]
    pub fn journal(&self) -> &Arc<Journal> {
        &self.journal
    }

    /// The last frame.
    #[must_use]
    pub fn tip(&self) -> Tip {
        self.tip
    }

    /// Makes sure that a frame with so many bytes of units fits, rolling to a new segment where it must, and says where
    /// its first unit will lie: (segment, offset).
    ///
    /// # Errors
    /// `Full` when there is no room for a new segment: nothing has happened. Else a failure of the machine.
    pub fn make_room(&mut self, units: usize) -> Result<(u32, usize), StoreError> {
        let frame = (FRAME_HEADER + units).next_multiple_of(super::format::ALIGN);
        if (self.at + frame) as u64 > self.segment.size {
            self.roll(frame)?;
        }
        Ok((self.segment.number, self.at + FRAME_HEADER))
    }

    fn roll(&mut self, frame: usize) -> Result<(), StoreError> {
        const PAGE: u64 = SEGMENT_HEADER as u64;
        let needed = PAGE + (frame as u64).next_multiple_of(PAGE);
        let number = self.segment.number.checked_add(1).filter(|_| needed <= MAX_SEGMENT);
        let number = number.ok_or_else(|| StoreError::Full(format!("no segment holds a frame of {frame} bytes")))?;
        let header = SegmentHeader {
            number,
            size: self.options.segment_bytes.max(needed),
            first_seq: self.tip.next_seq,
            previous_frame: self.tip.hash,
            previous_digest: self.digest.clone().finalize().into(),
            previous_used: self.at as u64,
        };
        let disk = self.journal.disk();
        let path = self.journal.segment_path(number);
        let new = path.with_extension("new");
        let failed = || io_error(|| format!("create {}", path.display()));
        if disk.exists(&new).map_err(failed())? {
            disk.remove(&new).map_err(failed())?;
        }
        let made = disk.create(&new).and_then(|file| fill_segment(&*file, &header).map(|()| file));
        let file = made.map_err(|e| {
            // The half-made file bears no name the journal reads; the next attempt or start removes it too.
            let gone = disk.remove(&new).is_ok() || disk.exists(&new).is_ok_and(|there| !there);
            match gone && is_shortage(&e) {
                true => StoreError::Full(format!("no room for {}: {e}", path.display())),
                false => failed()(e),
            }
        })?;
        disk.rename(&new, &path).map_err(failed())?;
        disk.sync_dir(self.journal.dir()).map_err(failed())?;
        self.file = file;
        self.digest = Sha256::new_with_prefix(header.encode());
        self.at = SEGMENT_HEADER;
        self.segment = header;
        Ok(())
    }

    /// Writes one frame and makes it durable. `units` are `count` units numbered on from the tip up to `next_seq`, and
    /// [`Writer::make_room`] was called for at least as many bytes.
    ///
    /// # Errors
    /// A failure of the machine: the frame may be there after the next start, or not.
    pub fn append(&mut self, units: &[u8], count: u32, next_seq: u64) -> Result<Tip, StoreError> {
        let header = FrameHeader {
            length: units.len() as u32,
            units: count,
            segment: self.segment.number,
            offset: self.at as u32,
            first_seq: self.tip.next_seq,
            next_seq,
            previous: self.tip.hash,
        };
        let frame = header.frame(units);
        let path = || self.journal.segment_path(self.segment.number);
        self.file
            .write_at(&frame, self.at as u64)
            .map_err(io_error(|| format!("write {} offset {}", path().display(), self.at)))?;
        self.file.sync().map_err(io_error(|| format!("sync {}", path().display())))?;
        let hash = frame_hash(&frame[..header.bare()]);
        self.tip = Tip { next_seq, segment: header.segment, offset: header.offset, hash };
        self.digest.update(&frame);
        self.at += frame.len();
        self.write_head()?;
        Ok(self.tip)
    }

    pub(super) fn write_head(&mut self) -> Result<(), StoreError> {
        self.generation += 1;
        self.head_dirty = true;
        let head = Head { generation: self.generation, tip: self.tip };
        head.write(&*self.head).map_err(io_error(|| "write the journal's head file".into()))
    }

    /// Whether [`Writer::sync_head`] has something to do.
    #[must_use]
    pub fn head_dirty(&self) -> bool {
        self.head_dirty
    }

    /// Makes the head file durable. Not needed for what was acknowledged: it lets the next start notice more damage.
    ///
    /// # Errors
    /// A failure of the machine.
    pub fn sync_head(&mut self) -> Result<(), StoreError> {
        self.head_dirty = false;
        self.head.sync().map_err(io_error(|| "sync the journal's head file".into()))
    }
}
