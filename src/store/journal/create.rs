//! Makes a new journal, whole or not at all.

use super::format::{NOTHING, SEGMENT_HEADER, SegmentHeader};
use super::head::Head;
use super::{HEAD_FILE, JOURNAL_DIR, Options, io_error, segment_name};
use crate::store::StoreError;
use crate::store::disk::{Disk, DiskFile};
use std::io;
use std::path::Path;

/// Where a journal is made before it gets its name.
pub(crate) const CREATING_DIR: &str = "journal.creating";
/// Bytes written at a time when a segment is filled with zeros.
const FILL: usize = 1 << 20;

/// Creates an empty journal in the data directory `dir`, which may hold other things but no journal. Whoever calls holds
/// the lock.
///
/// # Errors
/// `Refused` where a journal is already, or a failure of the machine; then no journal has come to be, or a whole one.
pub fn create(disk: &dyn Disk, dir: &Path, options: Options) -> Result<(), StoreError> {
    let journal = dir.join(JOURNAL_DIR);
    let creating = dir.join(CREATING_DIR);
    let failed = || io_error(|| format!("create {}", journal.display()));
    if disk.exists(&journal).map_err(failed())? {
        return Err(StoreError::Refused(format!(
            "{} exists: a store is never created over another",
            journal.display()
        )));
    }
    if disk.exists(&creating).map_err(failed())? {
        disk.remove(&creating).map_err(failed())?;
    }
    let header = SegmentHeader {
        number: 0,
        size: options.segment_bytes.max(2 * SEGMENT_HEADER as u64),
        first_seq: 0,
        previous_frame: NOTHING,
        previous_digest: NOTHING,
        previous_used: 0,
    };
    let steps = || {
        disk.make_dir(&creating)?;
        fill_segment(&*disk.create(&creating.join(segment_name(0)))?, &header)?;
        let head = disk.create(&creating.join(HEAD_FILE))?;
        Head::begin(&*head)?;
        head.sync()?;
        disk.sync_dir(&creating)?;
        disk.rename(&creating, &journal)?;
        disk.sync_dir(dir)
    };
    steps().map_err(failed())
}

/// Writes a new segment from end to end and syncs it. Its blocks are real from then on: a frame written into it can run
/// out of disk no more, and its sync has nothing but data to write.
pub(super) fn fill_segment(file: &dyn DiskFile, header: &SegmentHeader) -> io::Result<()> {
    let zeros = vec![0; FILL.min(header.size as usize)];
    file.write_at(&header.encode(), 0)?;
    let mut at = SEGMENT_HEADER as u64;
    while at < header.size {
        let length = (header.size - at).min(zeros.len() as u64);
        file.write_at(&zeros[..length as usize], at)?;
        at += length;
    }
    file.sync()
}
