//! The two stores of one machine: in memory, and on disk with views in sled.

use super::disk::{MemoryDisk, RealDisk};
use super::engine::Engine;
use super::journal::Options;
use super::views::{MemorySource, ViewsDir};
use super::{
    Calendar, Changeset, Claim, Entry, Page, PageRequest, Point, RecordKind, Recorded, Store, StoreError, Subject, Tell,
};
use crate::domain::{Certificate, CertificateId, CertificateNumber, Event, MarkId, MarkLicence, StatusEntry, Uscc};
use jiff::civil::Date;
use std::path::Path;
use std::sync::Arc;

/// Directory of the sled views inside the data directory.
pub const VIEWS_DIR: &str = "views";
/// Segments of a store in memory: small, for there are many such stores in tests.
const MEMORY_SEGMENT_BYTES: u64 = 256 << 10;

/// A store in memory, gone with the process: for tests and trials. The engine is the same as on disk.
pub struct MemoryStore(Engine);

/// The store on disk: a journal as the truth, views in sled.
pub struct SledStore(Engine);

impl MemoryStore {
    /// An empty store.
    ///
    /// # Errors
    /// A failure of the machine: the writer thread did not start.
    pub fn new() -> Result<Self, StoreError> {
        let options = Options { segment_bytes: MEMORY_SEGMENT_BYTES, min_free_bytes: 0 };
        Engine::create(Arc::new(MemoryDisk::new()), Path::new("/memory"), options, &MemorySource).map(Self)
    }
}

impl MemoryStore {
    /// A look at the journal in `dir`, which nobody works on: its views are in memory, and none are made on disk.
    ///
    /// # Errors
    /// As [`SledStore::open`].
    pub fn over(dir: &Path) -> Result<Self, StoreError> {
        Engine::open(Arc::new(RealDisk), dir, Options::default(), &MemorySource).map(Self)
    }
}

impl SledStore {
    /// Creates a store in `dir`, which may hold other things but no store, and opens it.
    ///
    /// # Errors
    /// `Refused` where a store is already, or a failure of the machine.
    pub fn create(dir: &Path) -> Result<Self, StoreError> {
        Self::create_with(dir, Options::default())
    }

    /// [`SledStore::create`] with other sizes.
    ///
    /// # Errors
    /// As there.
    pub fn create_with(dir: &Path, options: Options) -> Result<Self, StoreError> {
        Engine::create(Arc::new(RealDisk), dir, options, &ViewsDir::new(&dir.join(VIEWS_DIR))).map(Self)
    }

    /// Opens the store in `dir`; never creates one.
    ///
    /// # Errors
    /// `Refused` says what is missing or damaged, where, and the way back; or a failure of the machine.
    pub fn open(dir: &Path) -> Result<Self, StoreError> {
        Self::open_with(dir, Options::default())
    }

    /// [`SledStore::open`] with other sizes.
    ///
    /// # Errors
    /// As there.
    pub fn open_with(dir: &Path, options: Options) -> Result<Self, StoreError> {
        Engine::open(Arc::new(RealDisk), dir, options, &ViewsDir::new(&dir.join(VIEWS_DIR))).map(Self)
    }
}

/// Both are the engine; only what it stands on differs.
macro_rules! through_engine {
    ($name:ident) => {
        impl Store for $name {
            fn commit_then(&self, changeset: Changeset, tell: Tell) {
                self.0.commit_then(changeset, tell);
            }
            fn certificate(&self, id: CertificateId) -> Result<Option<Certificate>, StoreError> {
                self.0.certificate(id)
            }
            fn record(&self, kind: RecordKind, certificate: CertificateId) -> Result<Option<Vec<u8>>, StoreError> {
                self.0.record(kind, certificate)
            }
            fn mark(&self, id: MarkId) -> Result<Option<MarkLicence>, StoreError> {
                self.0.mark(id)
            }
            fn marks_of(&self, certificate: CertificateId) -> Result<Vec<MarkId>, StoreError> {
                self.0.marks_of(certificate)
            }
            fn acts_on(&self, certificate: CertificateId) -> Result<Vec<Recorded>, StoreError> {
                self.0.acts_on(certificate)
            }
            fn certificate_by_number(&self, number: &CertificateNumber) -> Result<Option<CertificateId>, StoreError> {
                self.0.certificate_by_number(number)
            }
            fn certificates_of(&self, holder: Uscc) -> Result<Vec<CertificateId>, StoreError> {
                self.0.certificates_of(holder)
            }
            fn search_holders(&self, text: &str, page: PageRequest) -> Result<Page<CertificateId>, StoreError> {
                self.0.search_holders(text, page)
            }
            fn calendar(&self, calendar: Calendar, day: Date) -> Result<Vec<(Date, CertificateId)>, StoreError> {
                self.0.calendar(calendar, day)
            }
            fn holder_of(&self, claim: &Claim) -> Result<Option<Entry>, StoreError> {
                self.0.holder_of(claim)
            }
            fn next_serial(&self, series: &str) -> Result<u64, StoreError> {
                self.0.next_serial(series)
            }
            fn next_status_list(&self) -> Result<u32, StoreError> {
                self.0.next_status_list()
            }
            fn latest_status_list(&self) -> Result<u32, StoreError> {
                self.0.latest_status_list()
            }
            fn certificate_by_status(&self, entry: StatusEntry) -> Result<Option<CertificateId>, StoreError> {
                self.0.certificate_by_status(entry)
            }
            fn status_list(&self, list: u32) -> Result<Vec<(u32, CertificateId)>, StoreError> {
                self.0.status_list(list)
            }
            fn marks_moved(&self, from_seq: u64) -> Result<Vec<MarkId>, StoreError> {
                self.0.marks_moved(from_seq)
            }
            fn settings(&self) -> Result<Vec<Event>, StoreError> {
                self.0.settings()
            }
            fn seqs_of(&self, subject: Subject) -> Result<Vec<u64>, StoreError> {
                self.0.seqs_of(subject)
            }
            fn last_seq_of(&self, subject: Subject) -> Result<Option<u64>, StoreError> {
                self.0.last_seq_of(subject)
            }
            fn private_seqs(&self) -> Result<Vec<u64>, StoreError> {
                self.0.private_seqs()
            }
            fn events(&self, from_seq: u64, limit: usize) -> Result<Vec<(u64, Arc<Event>)>, StoreError> {
                self.0.events(from_seq, limit)
            }
            fn names_are_read(&self) -> bool {
                self.0.names_are_read()
            }
            fn entries(&self, from_seq: u64, limit: usize) -> Result<Vec<Entry>, StoreError> {
                self.0.entries(from_seq, limit)
            }
            fn point(&self) -> Result<Point, StoreError> {
                self.0.point()
            }
            fn has_point(&self, point: &Point) -> Result<bool, StoreError> {
                self.0.has_point(point)
            }
            fn next_seq(&self) -> u64 {
                self.0.next_seq()
            }
            fn writable(&self) -> Result<(), StoreError> {
                self.0.writable()
            }
            fn believable(&self) -> Result<(), StoreError> {
                self.0.believable()
            }
        }
    };
}

through_engine!(MemoryStore);
through_engine!(SledStore);
