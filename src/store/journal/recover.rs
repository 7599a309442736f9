//! Start-up: looks at a journal, refuses what is damaged, and makes the end fit to be written on.

use super::format::{NOTHING, SEGMENT_HEADER, SegmentHeader};
use super::head::Head;
use super::scan::{Ending, Found, Scan, Tip, is_zero, later_frame, scan};
use super::{HEAD_FILE, JOURNAL_DIR, Journal, Options, WAY_BACK, Writer, io_error};
use crate::store::StoreError;
use crate::store::disk::{Access, Disk};
use sha2::{Digest, Sha256};
use std::path::Path;
use std::sync::Arc;

/// A journal that has been looked at and may be used; nothing has been written yet.
pub struct Inspected {
    journal: Arc<Journal>,
    last: SegmentHeader,
    bytes: Vec<u8>,
    scan: Scan,
    head: Head,
}

/// The way back when nothing but the head file is lost.
const REBUILD: &str = "`starmark fsck --rebuild-head` writes it anew where the journal itself is sound";

fn refused(path: &Path, what: String) -> StoreError {
    StoreError::Refused(format!("{}: {what}; {WAY_BACK}", path.display()))
}

impl Inspected {
    /// Looks at the journal of the data directory `dir`: every segment's header and length, every frame of the last one,
    /// and the head file. Reads only.
    ///
    /// # Errors
    /// `Refused` names file, offset and the way back; or a failure of the machine.
    pub fn inspect(disk: Arc<dyn Disk>, dir: &Path) -> Result<Self, StoreError> {
        let journal = find(disk, dir)?;
        let head = read_head(&journal)?;
        let inspected = Self::look(journal, head)?;
        inspected.must_contain(&head.tip, "what was acknowledged")?;
        Ok(inspected)
    }

    /// The same for a journal whose head file is lost: whoever asks has proved all the rest.
    pub(crate) fn inspect_without_head(disk: Arc<dyn Disk>, dir: &Path) -> Result<Self, StoreError> {
        let journal = find(disk, dir)?;
        let path = journal.dir().join(HEAD_FILE);
        let failed = || io_error(|| format!("write {}", path.display()));
        let disk = journal.disk();
        let file = match disk.exists(&path).map_err(failed())? {
            true => disk.open(&path, Access::Write).map_err(failed())?,
            false => disk.create(&path).map_err(failed())?,
        };
        Head::begin(&*file).map_err(failed())?;
        Self::look(journal, Head { generation: 1, tip: Tip::START })
    }

    fn look(journal: Arc<Journal>, head: Head) -> Result<Self, StoreError> {
        let last = check_headers(&journal)?;
        let bytes = journal.load(last.number)?;
        let scan = scan(&bytes, last.number, SEGMENT_HEADER, last.first_seq, last.previous_frame);
        let inspected = Self { journal, last, bytes, scan, head };
        inspected.check_ending()?;
        Ok(inspected)
    }

    fn check_ending(&self) -> Result<(), StoreError> {
        let path = self.journal.segment_path(self.last.number);
        let at = self.scan.end;
        match &self.scan.ending {
            Ending::Clean => Ok(()),
            Ending::Foreign(why) => Err(refused(&path, format!("the frame at offset {at} is wrong: {why}"))),
            Ending::Broken(why) => match later_frame(&self.bytes, self.last.number, at) {
                Some(later) => Err(refused(
                    &path,
                    format!("the frame at offset {at} is damaged ({why}), and a whole one follows at offset {later}"),
                )),
                None => Ok(()),
            },
        }
    }

    /// Sequence number the next event has.
    #[must_use]
    pub fn next_seq(&self) -> u64 {
        self.scan.next_seq
    }

    /// The reading side.
    #[must_use]
    pub fn journal(&self) -> &Arc<Journal> {
        &self.journal
    }

    /// How far it was acknowledged.
    #[must_use]
    pub fn acknowledged(&self) -> Tip {
        self.head.tip
    }

    /// Makes sure that the frame `tip` speaks of is in the journal; `what` names who says so.
    ///
    /// # Errors
    /// `Refused` when it is not.
    pub fn must_contain(&self, tip: &Tip, what: &str) -> Result<(), StoreError> {
        if tip.next_seq == 0 {
            return Ok(());
        }
        let path = self.journal.segment_path(self.last.number);
        if tip.next_seq > self.scan.next_seq {
            let (end, there, at) = (tip.next_seq, self.scan.next_seq, self.scan.end);
            let why = match &self.scan.ending {
                Ending::Broken(why) => format!(" ({why})"),
                _ => String::new(),
            };
            return Err(refused(
                &path,
                format!("the journal ends at offset {at} with event {there}{why}, but {what} goes up to event {end}"),
            ));
        }
        let path = self.journal.segment_path(tip.segment);
        match self.journal.frame(tip)? {
            Ok(_) => Ok(()),
            Err(why) => Err(refused(&path, format!("{what} ends with the frame at offset {}, but {why}", tip.offset))),
        }
    }

    /// Cuts what was never acknowledged, makes all that stays durable, and hands out the writer.
    ///
    /// The last frame is written once more before the sync: after a failed sync the system may hold it in memory and call
    /// it clean although the disk never got it.
    ///
    /// # Errors
    /// A failure of the machine.
    pub fn repair(self, options: Options) -> Result<Writer, StoreError> {
        let disk = self.journal.disk().clone();
        let path = self.journal.segment_path(self.last.number);
        let dir = self.journal.dir().to_owned();
        let failed = || io_error(|| format!("repair {}", path.display()));
        for name in disk.list(&dir).map_err(failed())?.iter().filter(|n| n.ends_with(".new")) {
            disk.remove(&dir.join(name)).map_err(failed())?;
        }
        let file = disk.open(&path, Access::Write).map_err(failed())?;
        if let Ending::Broken(why) = &self.scan.ending {
            let at = self.scan.end;
            tracing::warn!(file = %path.display(), offset = at, why, "cut a frame that was never acknowledged");
            let used = self.bytes[at..].chunks(4096).rposition(|c| !is_zero(c)).map_or(0, |i| (i + 1) * 4096);
            let used = used.min(self.bytes.len() - at);
            file.write_at(&vec![0; used], at as u64).map_err(failed())?;
        }
        let from = self.scan.frames.last().map_or(0, |f| f.header.offset as usize);
        file.write_at(&self.bytes[from..self.scan.end], from as u64).map_err(failed())?;
        file.sync().map_err(failed())?;
        disk.sync_dir(&dir).map_err(failed())?;
        if let Some(data) = dir.parent() {
            disk.sync_dir(data).map_err(failed())?;
        }
        let head = disk.open(&dir.join(HEAD_FILE), Access::Write).map_err(failed())?;
        let mut digest = Sha256::new();
        digest.update(&self.bytes[..self.scan.end]);
        let mut writer = Writer {
            tip: self.tip()?,
            journal: self.journal,
            options,
            file,
            at: self.scan.end,
            segment: self.last,
            digest,
            head,
            generation: self.head.generation,
            head_dirty: false,
        };
        writer.write_head()?;
        writer.sync_head()?;
        Ok(writer)
    }

    /// The last frame: in the last segment, or the one that the last segment's header continues.
    fn tip(&self) -> Result<Tip, StoreError> {
        if let Some(found) = self.scan.frames.last().map(Found::tip) {
            return Ok(found);
        }
        let Some(previous) = self.last.number.checked_sub(1) else { return Ok(Tip::START) };
        let header = self.journal.segment_header(previous)?;
        let header = header.map_err(|why| refused(&self.journal.segment_path(previous), why))?;
        let bytes = self.journal.load(previous)?;
        let scan = scan(&bytes, previous, SEGMENT_HEADER, header.first_seq, header.previous_frame);
        match scan.frames.last() {
            Some(found) if found.hash == self.last.previous_frame => Ok(found.tip()),
            _ => Err(refused(
                &self.journal.segment_path(previous),
                format!("its last frame, at or before offset {}, is not the one the next segment continues", scan.end),
            )),
        }
    }
}

fn find(disk: Arc<dyn Disk>, dir: &Path) -> Result<Arc<Journal>, StoreError> {
    let path = dir.join(JOURNAL_DIR);
    if disk.exists(&path).map_err(io_error(|| format!("look at {}", path.display())))? {
        return Ok(Arc::new(Journal::new(disk, &path)));
    }
    Err(StoreError::Refused(format!(
        "{} does not exist: there is no store here; `starmark init` creates one",
        path.display()
    )))
}

fn read_head(journal: &Journal) -> Result<Head, StoreError> {
    let path = journal.dir().join(HEAD_FILE);
    let failed = || io_error(|| format!("read {}", path.display()));
    if !journal.disk().exists(&path).map_err(failed())? {
        let what = "it is missing, so nothing says how far the journal was acknowledged";
        return Err(refused(&path, format!("{what}; {REBUILD}")));
    }
    let file = journal.disk().open(&path, Access::Read).map_err(failed())?;
    match Head::read(&*file).map_err(failed())? {
        Some((head, damaged)) => {
            if damaged {
                tracing::warn!(file = %path.display(), "one of the two slots of the head file is damaged");
            }
            Ok(head)
        }
        None => Err(refused(&path, format!("both its slots (offsets 0 and 4096) are damaged; {REBUILD}"))),
    }
}

/// Holds the headers of all segments against each other, and gives the last one.
fn check_headers(journal: &Journal) -> Result<SegmentHeader, StoreError> {
    let mut last: Option<SegmentHeader> = None;
    for (expected, number) in (0..).zip(journal.segments()?) {
        let path = journal.segment_path(expected);
        if number != expected {
            return Err(refused(&path, "it is missing, though later segments are there".into()));
        }
        let header = journal.segment_header(number)?.map_err(|why| refused(&path, why))?;
        let linked = match &last {
            None => header.first_seq == 0 && header.previous_frame == NOTHING && header.previous_used == 0,
            Some(before) => {
                header.first_seq >= before.first_seq
                    && header.previous_used >= SEGMENT_HEADER as u64
                    && header.previous_used <= before.size
            }
        };
        if !linked {
            return Err(refused(&path, "its header (offset 0) does not continue the segment before it".into()));
        }
        last = Some(header);
    }
    last.ok_or_else(|| refused(&journal.segment_path(0), "it is missing: the journal has no segments".into()))
}
