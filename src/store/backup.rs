//! Backup while another process serves, and the way back. Only the journal is copied: views are made anew from it.

use super::StoreError;
use super::disk::{Access, Disk, DiskFile, RealDisk};
use super::engine::Progress;
use super::fsck::{self, Severity};
use super::journal::create::CREATING_DIR;
use super::journal::head::Head;
use super::journal::scan::Tip;
use super::journal::{HEAD_FILE, JOURNAL_DIR, Journal, io_error, segment_name};
use std::io;
use std::path::Path;
use std::sync::Arc;

/// Bytes copied at a time.
const PIECE: usize = 1 << 20;

/// What a backup holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backup {
    /// Sequence number after its last event.
    pub next_seq: u64,
    /// Segments copied.
    pub segments: u32,
    /// Bytes copied.
    pub bytes: u64,
}

/// Copies the journal of the data directory `from`, up to what is acknowledged now, into the directory `to`, and proves
/// the copy. Another process may serve from `from` and go on writing.
///
/// # Errors
/// `Refused` when `to` holds a journal already or when `from` is damaged, or a failure of the machine.
pub fn backup(from: &Path, to: &Path, progress: &dyn Fn(Progress)) -> Result<Backup, StoreError> {
    let done = copy(from, to)?;
    verify(to, progress)?;
    Ok(done)
}

/// Puts a backup back: proves it, copies it into the data directory `to`, which holds no journal, and proves the copy.
///
/// # Errors
/// As [`backup`].
pub fn restore(from: &Path, to: &Path, progress: &dyn Fn(Progress)) -> Result<Backup, StoreError> {
    verify(from, progress)?;
    backup(from, to, progress)
}

/// Proves a journal from end to end, chain, checksums and lives.
///
/// # Errors
/// `Refused` with the first damage found, or a failure of the machine.
pub fn verify(dir: &Path, progress: &dyn Fn(Progress)) -> Result<(), StoreError> {
    let report = fsck::check(dir, fsck::Scope::Journal, progress)?;
    match report.findings.iter().find(|f| f.severity == Severity::Damage) {
        Some(finding) => Err(StoreError::Refused(finding.to_string())),
        None => Ok(()),
    }
}

fn copy(from: &Path, to: &Path) -> Result<Backup, StoreError> {
    let disk: Arc<dyn Disk> = Arc::new(RealDisk);
    let journal = Journal::new(disk.clone(), &from.join(JOURNAL_DIR));
    let tip = acknowledged(&journal)?;
    let (target, creating) = (to.join(JOURNAL_DIR), to.join(CREATING_DIR));
    let failed = || io_error(|| format!("copy {} to {}", journal.dir().display(), target.display()));
    if disk.exists(&target).map_err(failed())? {
        return Err(StoreError::Refused(format!("{} exists: nothing is ever copied over a journal", target.display())));
    }
    if !disk.exists(to).map_err(failed())? {
        disk.make_dir(to).map_err(failed())?;
    }
    if disk.exists(&creating).map_err(failed())? {
        disk.remove(&creating).map_err(failed())?;
    }
    disk.make_dir(&creating).map_err(failed())?;
    let mut done = Backup { next_seq: tip.next_seq, segments: 0, bytes: 0 };
    for number in 0..=tip.segment {
        let refused = |why| StoreError::Refused(format!("{}: {why}", journal.segment_path(number).display()));
        let size = journal.segment_header(number)?.map_err(refused)?.size;
        let used = match number == tip.segment {
            true => end_of(&journal, &tip)?,
            false => size,
        };
        let source = disk.open(&journal.segment_path(number), Access::Read).map_err(failed())?;
        let copy = disk.create(&creating.join(segment_name(number))).map_err(failed())?;
        copy_file(&*source, &*copy, used, size).map_err(failed())?;
        done.segments += 1;
        done.bytes += size;
    }
    let finish = || {
        let head = disk.create(&creating.join(HEAD_FILE))?;
        Head::begin(&*head)?;
        Head { generation: 2, tip }.write(&*head)?;
        head.sync()?;
        disk.sync_dir(&creating)?;
        disk.rename(&creating, &target)?;
        disk.sync_dir(to)
    };
    finish().map_err(failed())?;
    Ok(done)
}

fn acknowledged(journal: &Journal) -> Result<Tip, StoreError> {
    let path = journal.dir().join(HEAD_FILE);
    let failed = || io_error(|| format!("read {}", path.display()));
    let file = journal.disk().open(&path, Access::Read).map_err(failed())?;
    match Head::read(&*file).map_err(failed())? {
        Some((head, _)) => Ok(head.tip),
        None => Err(StoreError::Refused(format!("{}: both its slots are damaged", path.display()))),
    }
}

/// Bytes used of the segment the tip stands in.
fn end_of(journal: &Journal, tip: &Tip) -> Result<u64, StoreError> {
    if tip.next_seq == 0 {
        return Ok(super::journal::format::SEGMENT_HEADER as u64);
    }
    let path = journal.segment_path(tip.segment);
    match journal.frame(tip)? {
        Ok(found) => Ok(u64::from(tip.offset) + found.header.padded() as u64),
        Err(why) => Err(StoreError::Refused(format!("{} offset {}: {why}", path.display(), tip.offset))),
    }
}

/// Copies the first `used` bytes and fills up to `size` with zeros.
fn copy_file(from: &dyn DiskFile, to: &dyn DiskFile, used: u64, size: u64) -> io::Result<()> {
    let mut at = 0;
    while at < size {
        let mut piece = vec![0; (size - at).min(PIECE as u64) as usize];
        let copied = used.saturating_sub(at).min(piece.len() as u64) as usize;
        from.read_at(&mut piece[..copied], at)?;
        to.write_at(&piece, at)?;
        at += piece.len() as u64;
    }
    to.sync()
}
