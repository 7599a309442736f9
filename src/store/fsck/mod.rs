//! Looks at everything a store holds, read-only, and lists what is wrong. It needs no store that opens.

mod segments;
mod views;

use super::StoreError;
use super::codec::{PROGRAM, Position, UnitHead, Unreadable};
use super::disk::{Disk, RealDisk};
use super::engine::reader::Reader;
use super::engine::{LOCK_FILE, Pending, Progress, units_of};
use super::journal::scan::{Found, Tip};
use super::journal::{Inspected, JOURNAL_DIR, Journal, Options, io_error};
use super::views::project::project_frame;
use super::views::{Applied, MemoryViews, Views};
use crate::domain::Fact;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Findings after which a check stops listing: by then a backup is what helps.
pub const MAX_FINDINGS: usize = 200;
/// Units folded before their views are written down.
const STEP_UNITS: usize = 1_000;

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Severity {
    /// Worth knowing; the next start deals with it by itself.
    Note,
    /// Something stored is missing or changed.
    Damage,
}

/// One thing that is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// How bad.
    pub severity: Severity,
    /// In which file.
    pub file: PathBuf,
    /// Where in it, in bytes, where that can be said.
    pub offset: Option<u64>,
    /// What is wrong.
    pub what: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.file.display())?;
        if let Some(offset) = self.offset {
            write!(f, " offset {offset}")?;
        }
        write!(f, ": {}", self.what)
    }
}

/// What a check saw.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// Everything that is not as it should be, in the order it was met; at most [`MAX_FINDINGS`].
    pub findings: Vec<Finding>,
    /// Segments.
    pub segments: u64,
    /// Frames.
    pub frames: u64,
    /// Units.
    pub units: u64,
    /// Events.
    pub events: u64,
}

impl Report {
    /// Whether nothing stored is missing or changed.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        self.findings.iter().all(|f| f.severity == Severity::Note)
    }

    fn add(&mut self, severity: Severity, file: PathBuf, offset: Option<u64>, what: String) {
        if self.findings.len() < MAX_FINDINGS {
            self.findings.push(Finding { severity, file, offset, what });
        }
    }
}

/// How far a check goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope<'a> {
    /// The journal only.
    Journal,
    /// The journal, and the views held against what the journal gives. sled writes when it opens, so a copy of the views
    /// is made in this empty or missing directory, and removed afterwards.
    Everything(&'a Path),
}

/// Checks the store in the data directory `dir`. A process may be serving from it: its views are left out then.
///
/// # Errors
/// A failure of the machine, or `Refused` where no journal is. Damage is no error: it is in the report.
pub fn check(dir: &Path, scope: Scope<'_>, progress: &dyn Fn(Progress)) -> Result<Report, StoreError> {
    let disk: Arc<dyn Disk> = Arc::new(RealDisk);
    check_on(disk, dir, scope, progress)
}

/// [`check`] on another file layer; views are looked at in the machine's file system all the same.
///
/// # Errors
/// As there.
pub fn check_on(
    disk: Arc<dyn Disk>,
    dir: &Path,
    scope: Scope<'_>,
    progress: &dyn Fn(Progress),
) -> Result<Report, StoreError> {
    let path = dir.join(JOURNAL_DIR);
    let failed = || io_error(|| format!("look at {}", path.display()));
    if !disk.exists(&path).map_err(failed())? {
        return Err(StoreError::Refused(format!("{} does not exist: there is no store here", path.display())));
    }
    let owner = disk.lock_owner(&dir.join(LOCK_FILE)).map_err(failed())?;
    let mut check = Check::new(Journal::new(disk, &path), progress);
    check.segments()?;
    check.flush()?;
    if let Scope::Everything(scratch) = scope {
        match owner {
            Some(owner) => check.report.add(
                Severity::Note,
                dir.join(super::VIEWS_DIR),
                None,
                format!("{owner} is working on them: they were not looked at"),
            ),
            None => views::compare(&mut check.report, &check.rebuilt, check.applied, dir, scratch)?,
        }
    }
    Ok(check.report)
}

/// Writes the head file anew from the end of an otherwise sound journal: the one damage that needs no backup. Whoever
/// calls it says that the journal's end is the true one; what the head file knew is gone.
///
/// # Errors
/// `Refused` when anything else is damaged, or when the head file is readable; or a failure of the machine.
pub fn rebuild_head(dir: &Path, progress: &dyn Fn(Progress)) -> Result<u64, StoreError> {
    let disk: Arc<dyn Disk> = Arc::new(RealDisk);
    let _lock = super::engine::lock(&*disk, dir)?;
    let report = check_on(disk.clone(), dir, Scope::Journal, progress)?;
    let head = dir.join(JOURNAL_DIR).join(super::journal::HEAD_FILE);
    let (of_head, others): (Vec<&Finding>, Vec<&Finding>) =
        report.findings.iter().filter(|f| f.severity == Severity::Damage).partition(|f| f.file == head);
    if let Some(other) = others.first() {
        return Err(StoreError::Refused(format!("more than the head file is damaged: {other}")));
    }
    if of_head.is_empty() {
        return Err(StoreError::Refused(format!("{} is not damaged: there is nothing to write anew", head.display())));
    }
    let writer = Inspected::inspect_without_head(disk, dir)?.repair(Options::default())?;
    Ok(writer.tip().next_seq)
}

/// A check on its way.
struct Check<'a> {
    journal: Arc<Journal>,
    report: Report,
    progress: &'a dyn Fn(Progress),
    /// What the views must be, as far as the journal could be read.
    rebuilt: Arc<dyn Views>,
    applied: Applied,
    /// Where the frames lie whose units wait.
    frames: Vec<super::views::ViewWrite>,
    /// Units read but not yet folded.
    waiting: Vec<(UnitHead, Position)>,
    tip: Tip,
    of: u64,
}

impl<'a> Check<'a> {
    fn new(journal: Journal, progress: &'a dyn Fn(Progress)) -> Self {
        Self {
            journal: Arc::new(journal),
            report: Report::default(),
            progress,
            rebuilt: Arc::new(MemoryViews::default()),
            applied: Applied::START,
            frames: vec![],
            waiting: vec![],
            tip: Tip::START,
            of: 0,
        }
    }

    fn damage(&mut self, segment: u32, offset: u64, what: String) {
        let path = self.journal.segment_path(segment);
        self.report.add(Severity::Damage, path, Some(offset), what);
    }

    fn note(&mut self, segment: u32, offset: u64, what: String) {
        let path = self.journal.segment_path(segment);
        self.report.add(Severity::Note, path, Some(offset), what);
    }

    /// Reads a frame's units and their documents.
    fn frame(&mut self, bytes: &[u8], frame: &Found) -> Result<(), StoreError> {
        self.report.frames += 1;
        let segment = frame.header.segment;
        match units_of(bytes, frame) {
            // Without it nothing behind it can be proved, and it is no damage.
            Err((offset, Unreadable::Newer(why))) => return Err(self.journal.newer(segment, offset, &why)),
            Err((offset, why)) => self.damage(segment, offset as u64, format!("a unit is damaged: {why}")),
            Ok(units) => {
                for (unit, at) in units {
                    let whole = bytes.get(at.offset as usize..(at.offset + at.length) as usize).unwrap_or_default();
                    if let Err(why) = super::codec::decode(whole) {
                        self.damage(segment, u64::from(at.offset), format!("a unit is damaged: {why}"));
                    }
                    self.unread(&unit, at);
                    self.report.units += 1;
                    self.report.events += unit.events.len() as u64;
                    self.waiting.push((unit, at));
                }
            }
        }
        self.frames.push(project_frame(frame.header.first_seq, frame.position()));
        self.tip = frame.tip();
        if self.waiting.len() >= STEP_UNITS {
            self.flush()?;
            (self.progress)(Progress { events: self.report.events, of: self.of });
        }
        Ok(())
    }

    /// Names what a newer version recorded and this one cannot read.
    fn unread(&mut self, unit: &UnitHead, at: Position) {
        for (seq, event) in (unit.first_seq..).zip(&unit.events) {
            let what = match &event.fact {
                Fact::Certificate { id, .. } => format!("certificate {id}"),
                Fact::Mark { id, .. } => format!("mark {id}"),
                _ => continue,
            };
            if let Some(unread) = event.not_understood() {
                let (program, why) = (&unit.program, unread.why());
                let what = format!(
                    "event {seq}, of {what}, was recorded by starmark {program} and cannot be read by this one, {PROGRAM}: {why}; the answer about it is “cannot tell”"
                );
                self.note(at.segment, u64::from(at.offset), what);
            }
        }
    }

    /// Holds the units that wait against claims and lives, as when they were written, and notes what the views take from them.
    fn flush(&mut self) -> Result<(), StoreError> {
        let reader = Reader { journal: self.journal.clone(), views: self.rebuilt.clone() };
        let mut pending = Pending::new(&reader);
        for (unit, at) in std::mem::take(&mut self.waiting) {
            let what = match pending.admit(&[], &unit) {
                Ok(admitted) => {
                    pending.take(admitted, &unit, at);
                    continue;
                }
                Err(StoreError::Corrupt { .. }) if unit.unread().is_some() => {
                    let why = unit.unread().unwrap_or_default();
                    return Err(self.journal.newer(at.segment, at.offset as usize, &why));
                }
                Err(StoreError::Corrupt { key, why, .. }) => {
                    format!("the life of {key} has no reading from event {} on: {why}", unit.first_seq)
                }
                Err(StoreError::Taken(claim)) => {
                    format!("event {} claims what an earlier one holds: {claim:?}", unit.first_seq)
                }
                Err(other) => return Err(other),
            };
            self.damage(at.segment, u64::from(at.offset), what);
        }
        pending.writes.append(&mut self.frames);
        self.applied = self.applied.after(&pending.writes, self.tip);
        self.rebuilt.apply(&pending.writes, &self.applied)
    }
}
