//! The engine every local store runs on: journal, views, one writer thread, one that has views settle.

mod catch_up;
mod names;
mod newest;
mod pending;
pub(crate) mod reader;
mod settler;
mod writer;

pub use catch_up::Progress;
pub(crate) use catch_up::{catch_up, units_of};
pub(crate) use pending::Pending;

use super::codec::{Position, encode};
use super::disk::Disk;
use super::journal::{self, Inspected, JOURNAL_DIR, Options, Writer, io_error};
use super::views::search::SearchIndex;
use super::views::{Views, ViewsSource, damaged, keys};
use super::{
    Calendar, Changeset, Claim, Entry, Page, PageRequest, Point, RecordKind, Recorded, Store, StoreError, Subject,
    Tell, numbered,
};
use crate::domain::{Certificate, CertificateId, CertificateNumber, Event, MarkId, MarkLicence, StatusEntry, Uscc};
use jiff::civil::Date;
use names::Counters;
use newest::Newest;
use reader::Reader;
use settler::Settler;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, RwLock};
use std::thread::JoinHandle;
use writer::{Request, WriterThread};

/// Commits waiting for the writer; callers beyond it wait in `commit`. Two full groups.
const QUEUE: usize = 512;
/// Name of the lock file in the data directory.
pub const LOCK_FILE: &str = "lock";

/// What the writer thread and the readers share.
pub(crate) struct Shared {
    pub(crate) reader: Reader,
    /// Locked by whoever reads them in at a start, until they are there; taken before the gate.
    pub(crate) names: RwLock<Option<SearchIndex>>,
    /// The same of what issuing asks; taken after both.
    pub(crate) counters: Mutex<Option<Counters>>,
    /// Whether they are there.
    names_are_read: AtomicBool,
    /// Held for writing while a group is made visible, for reading during every read: nobody sees half a unit.
    pub(crate) gate: RwLock<()>,
    pub(crate) next_seq: AtomicU64,
    pub(crate) newest: Newest,
    /// Whether the store is being closed: nobody needs the names any more.
    ending: AtomicBool,
    pub(crate) closed: OnceLock<String>,
    /// What is wrong with the views, once they are known not to be what was written.
    pub(crate) doubted: OnceLock<String>,
    pub(crate) options: Options,
    dir: PathBuf,
}

impl Shared {
    pub(crate) fn closed(&self) -> Result<(), StoreError> {
        match self.closed.get() {
            Some(why) => Err(StoreError::Closed(why.clone())),
            None => Ok(()),
        }
    }

    /// Closes writing, until restart.
    pub(crate) fn close(&self, why: &StoreError) -> StoreError {
        let cause = caused(why);
        let text = self.closed.get_or_init(|| {
            tracing::error!(error = %why, cause, "the store takes no more writes until it is restarted");
            format!("{why}{cause}")
        });
        StoreError::Closed(text.clone())
    }

    pub(crate) fn room(&self) -> Result<(), StoreError> {
        let disk = self.reader.journal.disk();
        let free = disk.free_bytes(&self.dir).map_err(io_error(|| format!("look at {}", self.dir.display())))?;
        if free < self.options.min_free_bytes {
            let (dir, least) = (self.dir.display(), self.options.min_free_bytes);
            return Err(StoreError::Full(format!("{free} bytes are free in {dir}, writing needs {least}")));
        }
        Ok(())
    }
}

/// A store on a journal and views.
pub struct Engine {
    shared: Arc<Shared>,
    queue: Option<SyncSender<Request>>,
    threads: Vec<JoinHandle<()>>,
    // Last: the lock goes when everything else has gone.
    _lock: Box<dyn Send + Sync>,
}

pub(crate) fn lock(disk: &dyn Disk, dir: &Path) -> Result<Box<dyn Send + Sync>, StoreError> {
    let path = dir.join(LOCK_FILE);
    disk.lock(&path).map_err(|e| match e.kind() {
        std::io::ErrorKind::WouldBlock => StoreError::Refused(format!(
            "{} is in use by {e}: one process at a time works on a store; stop it first",
            dir.display()
        )),
        _ => io_error(|| format!("lock {}", path.display()))(e),
    })
}

impl Engine {
    /// Creates a store in `dir`, which may hold other things but no journal, and opens it.
    ///
    /// # Errors
    /// `Refused` where a store is already, or a failure of the machine.
    pub fn create(
        disk: Arc<dyn Disk>,
        dir: &Path,
        options: Options,
        views: &dyn ViewsSource,
    ) -> Result<Self, StoreError> {
        let failed = || io_error(|| format!("create {}", dir.display()));
        if !disk.exists(dir).map_err(failed())? {
            disk.make_dir(dir).map_err(failed())?;
        }
        // The directory may be there from an attempt that was cut short: its own name is made durable all the same.
        match dir.parent() {
            Some(parent) if parent.as_os_str().is_empty() => disk.sync_dir(Path::new(".")).map_err(failed())?,
            Some(parent) => disk.sync_dir(parent).map_err(failed())?,
            None => {}
        }
        let lock = lock(&*disk, dir)?;
        journal::create(&*disk, dir, options)?;
        Self::start(disk, dir, options, views, lock)
    }

    /// Opens the store in `dir`; never creates one.
    ///
    /// # Errors
    /// `Refused` names what is missing or damaged, where, and the way back; or a failure of the machine.
    pub fn open(
        disk: Arc<dyn Disk>,
        dir: &Path,
        options: Options,
        views: &dyn ViewsSource,
    ) -> Result<Self, StoreError> {
        let journal = dir.join(JOURNAL_DIR);
        if !disk.exists(&journal).map_err(io_error(|| format!("look at {}", journal.display())))? {
            // Said before the lock file is touched: where no store is, nothing comes to be.
            return Inspected::inspect(disk, dir).and_then(|_| Err(damaged("journal", "it came and went".into())));
        }
        let lock = lock(&*disk, dir)?;
        Self::start(disk, dir, options, views, lock)
    }

    fn start(
        disk: Arc<dyn Disk>,
        dir: &Path,
        options: Options,
        source: &dyn ViewsSource,
        lock: Box<dyn Send + Sync>,
    ) -> Result<Self, StoreError> {
        let inspected = Inspected::inspect(disk, dir)?;
        let views = open_views(&inspected, source)?;
        let writer = inspected.repair(options)?;
        let views = fill_views(&writer, views, source)?;
        let reader = Reader { journal: writer.journal().clone(), views };
        let shared = Arc::new(Shared {
            reader,
            names: RwLock::default(),
            counters: Mutex::default(),
            names_are_read: AtomicBool::default(),
            ending: AtomicBool::new(false),
            gate: RwLock::default(),
            next_seq: AtomicU64::new(writer.tip().next_seq),
            newest: Newest::default(),
            closed: OnceLock::new(),
            doubted: OnceLock::new(),
            options,
            dir: dir.to_owned(),
        });
        let names = read_names(&shared)?;
        let (queue, requests) = sync_channel(QUEUE);
        let (settler, settling) = Settler::spawn(shared.clone())?;
        let writing = WriterThread::new(shared.clone(), writer, settler)?.spawn(requests)?;
        Ok(Self { shared, queue: Some(queue), threads: vec![names, writing, settling], _lock: lock })
    }

    /// Waits until they are read in.
    fn counters<T>(&self, with: impl FnOnce(&mut Counters) -> T) -> Result<T, StoreError> {
        let mut counters = self.shared.counters.lock().unwrap_or_else(PoisonError::into_inner);
        counters.as_mut().map(with).ok_or_else(no_names)
    }

    fn read<T>(&self, read: impl FnOnce(&Reader) -> Result<T, StoreError>) -> Result<T, StoreError> {
        let _open = self.shared.gate.read().unwrap_or_else(PoisonError::into_inner);
        read(&self.shared.reader)
    }

    /// The events at the ends of all keys with that prefix, in order.
    fn seqs(&self, prefix: &[u8]) -> Result<Vec<u64>, StoreError> {
        self.read(|reader| {
            let mut found = vec![];
            reader.views.scan(prefix, &keys::after(prefix), &mut |key, _| {
                found.push(keys::seq_of(key).ok_or_else(|| damaged("event", "a key has no reading".into()))?);
                Ok(ControlFlow::Continue(()))
            })?;
            Ok(found)
        })
    }

    /// The certificate in the value of a claim that only certificates make.
    fn certificate_that_claims(&self, claim: &Claim, field: &'static str) -> Result<Option<CertificateId>, StoreError> {
        let value = self.read(|r| r.views.get(&keys::claim(claim)))?;
        let id = |v: Vec<u8>| v.get(Position::BYTES..).and_then(keys::read_id);
        value.map(|v| id(v).ok_or_else(|| damaged(field, "it has no reading".into()))).transpose()
    }

    /// The identifiers that begin the values of all keys with that prefix.
    fn ids(&self, prefix: &[u8]) -> Result<Vec<[u8; 6]>, StoreError> {
        self.ids_between(prefix, &keys::after(prefix))
    }

    /// The identifiers that begin the values of the keys from the one on and before the other.
    fn ids_between(&self, from: &[u8], before: &[u8]) -> Result<Vec<[u8; 6]>, StoreError> {
        self.read(|reader| {
            let mut found = vec![];
            reader.views.scan(from, before, &mut |_, value| {
                let id = value.get(..6).and_then(|id| id.try_into().ok());
                found.push(id.ok_or_else(|| damaged("id", "an identifier has no reading".into()))?);
                Ok(ControlFlow::Continue(()))
            })?;
            Ok(found)
        })
    }
}

/// Names, serials and places are in the views: a start need not wait for them, only who asks for them.
fn read_names(shared: &Arc<Shared>) -> Result<JoinHandle<()>, StoreError> {
    let (shared, (begun, begins)) = (shared.clone(), sync_channel(1));
    let read = move || {
        let mut names = shared.names.write().unwrap_or_else(PoisonError::into_inner);
        let mut counters = shared.counters.lock().unwrap_or_else(PoisonError::into_inner);
        let _ = begun.send(());
        match names::read(&*shared.reader.views, &shared.ending) {
            Ok((read, counted)) => {
                (*names, *counters) = (Some(read), Some(counted));
                shared.names_are_read.store(true, Ordering::Release);
            }
            Err(why) => drop(shared.close(&why)),
        }
    };
    let thread = std::thread::Builder::new().name("store-names".into()).spawn(read);
    let thread = thread.map_err(|source| StoreError::Io { what: "start a thread".into(), source })?;
    begins.recv().map_err(|_| StoreError::stopped())?;
    Ok(thread)
}

pub(crate) fn no_names() -> StoreError {
    damaged("names", "they could not be read at the start".into())
}

/// Opens the views and holds them against the journal; damaged ones give way to empty ones.
fn open_views(inspected: &Inspected, source: &dyn ViewsSource) -> Result<Box<dyn Views>, StoreError> {
    let opened = source.open().and_then(|views| Ok((views.stands_on()?, views)));
    match opened {
        Ok((applied, views)) => {
            inspected.must_contain(&applied.tip, "what the views were made from")?;
            Ok(views)
        }
        Err(why) => {
            let cause = std::error::Error::source(&why).map(ToString::to_string);
            tracing::warn!(error = %why, cause, "the views are damaged or another version's; they are made anew from the journal");
            // Fresh ones fail for want of something else than their content.
            source.fresh().map_err(|again| StoreError::Refused(format!(
                "the views could not be opened ({why}), nor made anew ({again}{}): the machine may be short of space, memory, threads or file handles, or the directory may not be writable; nothing of the journal was changed",
                caused(&again)
            )))
        }
    }
}

fn caused(error: &StoreError) -> String {
    std::error::Error::source(error).map(|s| format!(": {s}")).unwrap_or_default()
}

/// Brings views up to the journal's end; views that turn out to be damaged on the way give way to empty ones, once.
fn fill_views(writer: &Writer, views: Box<dyn Views>, source: &dyn ViewsSource) -> Result<Arc<dyn Views>, StoreError> {
    let progress = |done: Progress| {
        tracing::info!(events = done.events, of = done.of, "making views from the journal");
    };
    let views: Arc<dyn Views> = views.into();
    match catch_up(writer.journal(), &views, writer.tip(), &progress) {
        Err(StoreError::Corrupt { table: "views", why, .. }) => {
            tracing::warn!(why, "the views are damaged; they are made anew from the journal");
            drop(views);
            let views: Arc<dyn Views> = source.fresh()?.into();
            catch_up(writer.journal(), &views, writer.tip(), &progress)?;
            Ok(views)
        }
        other => other.map(|()| views),
    }
}

impl Drop for Engine {
    /// Lets the writer finish what it has taken, sync the head file, and go.
    fn drop(&mut self) {
        self.queue = None;
        self.shared.ending.store(true, Ordering::Relaxed);
        for thread in self.threads.drain(..) {
            // A panic of one was reported when it happened; nothing is left to do about it here.
            let _ = thread.join();
        }
    }
}

impl Store for Engine {
    fn commit_then(&self, changeset: Changeset, tell: Tell) {
        let expect = changeset.expect.clone();
        let unit = match self.shared.closed().and_then(|()| encode(changeset)) {
            Ok(unit) => unit,
            Err(why) => return tell(Err(why)),
        };
        if let Some(queue) = &self.queue {
            // Where the writer has stopped, nobody is left who calls it.
            drop(queue.send(Request { expect, unit, tell }));
        }
    }

    fn certificate(&self, id: CertificateId) -> Result<Option<Certificate>, StoreError> {
        self.read(|r| r.certificate(id))
    }

    fn record(&self, kind: RecordKind, certificate: CertificateId) -> Result<Option<Vec<u8>>, StoreError> {
        self.read(|r| r.record(kind, certificate))
    }

    fn mark(&self, id: MarkId) -> Result<Option<MarkLicence>, StoreError> {
        self.read(|r| r.mark(id))
    }

    fn marks_of(&self, certificate: CertificateId) -> Result<Vec<MarkId>, StoreError> {
        Ok(self.ids(&keys::marks_of(certificate))?.into_iter().map(MarkId::from_bytes).collect())
    }

    fn acts_on(&self, certificate: CertificateId) -> Result<Vec<Recorded>, StoreError> {
        let marks = self.marks_of(certificate)?;
        self.read(|r| r.acts_on(certificate, &marks))
    }

    fn certificate_by_number(&self, number: &CertificateNumber) -> Result<Option<CertificateId>, StoreError> {
        self.certificate_that_claims(&Claim::Number(number.as_str().to_owned()), "number")
    }

    fn certificates_of(&self, holder: Uscc) -> Result<Vec<CertificateId>, StoreError> {
        Ok(self.ids(&keys::holder(holder))?.into_iter().map(CertificateId::from_bytes).collect())
    }

    fn search_holders(&self, text: &str, page: PageRequest) -> Result<Page<CertificateId>, StoreError> {
        let names = self.shared.names.read().unwrap_or_else(PoisonError::into_inner);
        let _open = self.shared.gate.read().unwrap_or_else(PoisonError::into_inner);
        Ok(names.as_ref().ok_or_else(no_names)?.find(text, page))
    }

    fn calendar(&self, calendar: Calendar, day: Date) -> Result<Vec<(Date, CertificateId)>, StoreError> {
        self.read(|reader| {
            let mut found = vec![];
            let to = keys::after(&keys::day(calendar, day));
            reader.views.scan(&keys::calendar(calendar), &to, &mut |key, _| {
                found.push(keys::read_date(key).ok_or_else(|| damaged("date", "a key has no reading".into()))?);
                Ok(ControlFlow::Continue(()))
            })?;
            Ok(found)
        })
    }

    fn holder_of(&self, claim: &Claim) -> Result<Option<Entry>, StoreError> {
        self.read(|r| r.holder_of(claim))
    }

    fn next_serial(&self, series: &str) -> Result<u64, StoreError> {
        self.counters(|c| c.next_serial(series))?.ok_or_else(|| damaged("serial", "the series is full".into()))
    }

    fn next_status_list(&self) -> Result<u32, StoreError> {
        self.counters(|c| c.status.hand_out())?.ok_or_else(|| damaged("status", "the last list is full".into()))
    }

    fn latest_status_list(&self) -> Result<u32, StoreError> {
        self.counters(|c| c.status.latest())
    }

    fn certificate_by_status(&self, entry: StatusEntry) -> Result<Option<CertificateId>, StoreError> {
        self.certificate_that_claims(&Claim::StatusIndex(entry), "status")
    }

    fn status_list(&self, list: u32) -> Result<Vec<(u32, CertificateId)>, StoreError> {
        let prefix = keys::status_touched_in(list);
        self.read(|reader| {
            let mut found = vec![];
            reader.views.scan(&prefix, &keys::after(&prefix), &mut |key, value| {
                let pair = keys::status_of(key).zip(keys::read_id(value));
                let (entry, id) = pair.ok_or_else(|| damaged("status", "a pair has no reading".into()))?;
                found.push((entry.index(), id));
                Ok(ControlFlow::Continue(()))
            })?;
            Ok(found)
        })
    }

    fn marks_moved(&self, from_seq: u64) -> Result<Vec<MarkId>, StoreError> {
        Ok(self
            .ids_between(&keys::mark_moved(from_seq), &keys::after(&[keys::MARK_MOVED]))?
            .into_iter()
            .map(MarkId::from_bytes)
            .collect())
    }

    fn settings(&self) -> Result<Vec<Event>, StoreError> {
        self.read(Reader::settings)
    }

    fn seqs_of(&self, subject: Subject) -> Result<Vec<u64>, StoreError> {
        self.seqs(&keys::events_of(subject))
    }

    fn last_seq_of(&self, subject: Subject) -> Result<Option<u64>, StoreError> {
        let prefix = keys::events_of(subject);
        let Some(last) = self.read(|r| r.views.last_key(&prefix, &keys::after(&prefix)))? else { return Ok(None) };
        keys::seq_of(&last).map(Some).ok_or_else(|| damaged("event", "a key has no reading".into()))
    }

    fn private_seqs(&self) -> Result<Vec<u64>, StoreError> {
        self.seqs(&[keys::PRIVATE])
    }

    fn entries(&self, from_seq: u64, limit: usize) -> Result<Vec<Entry>, StoreError> {
        // No gate: frames become visible one after the other, each in one step, and a long listing must not hold writers up.
        self.shared.reader.entries(from_seq, limit)
    }

    fn names_are_read(&self) -> bool {
        self.shared.names_are_read.load(Ordering::Acquire)
    }

    fn events(&self, from_seq: u64, limit: usize) -> Result<Vec<(u64, Arc<Event>)>, StoreError> {
        match self.shared.newest.from(from_seq, limit) {
            Some(newest) => Ok(newest),
            None => Ok(numbered(self.entries(from_seq, limit)?, from_seq)),
        }
    }

    fn point(&self) -> Result<Point, StoreError> {
        let tip = self.read(|r| r.views.applied())?.tip;
        Ok(Point { next_seq: tip.next_seq, hash: tip.hash })
    }

    fn has_point(&self, point: &Point) -> Result<bool, StoreError> {
        if *point == self.point()? {
            return Ok(true);
        }
        self.shared.reader.has_point(point)
    }

    fn next_seq(&self) -> u64 {
        self.shared.next_seq.load(Ordering::Acquire)
    }

    fn writable(&self) -> Result<(), StoreError> {
        self.shared.closed()?;
        self.shared.room()
    }

    fn believable(&self) -> Result<(), StoreError> {
        self.shared.doubted.get().map_or(Ok(()), |why| Err(damaged("pairs", why.clone())))
    }
}
