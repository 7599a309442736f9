//! Floor 3: where events are kept. This file is the contract; every backend passes the same suite.

pub mod backup;
pub mod blobs;
pub mod changeset;
mod codec;
pub mod disk;
mod drawer;
pub mod engine;
pub mod export;
pub mod fsck;
pub mod journal;
mod local;
pub mod views;

use crate::domain::{Certificate, CertificateId, CertificateNumber, Event, MarkId, MarkLicence, StatusEntry, Uscc};
pub use blobs::{Blobs, LocalBlobs, LocalSlot, Slot};
pub use changeset::{Changeset, Claim, Entry, Expect, Record, RecordKind, Recorded, Subject};
pub use codec::{MAX_UNIT_BYTES, MAX_UNIT_EVENTS, Position};
pub use drawer::Drawer;
use jiff::civil::Date;
pub use local::{MemoryStore, SledStore, VIEWS_DIR};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, sync_channel};

/// What a commit answers once it is durable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Committed {
    /// Sequence number of the first event of the unit.
    pub first_seq: u64,
    /// Sequence number after its last event.
    pub next_seq: u64,
}

/// What tells whoever commits the answer.
pub type Tell = Box<dyn FnOnce(Result<Committed, StoreError>) + Send>;

/// A point of the record: all that is before it leads to its name, and nothing else does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Point {
    /// Sequence number after the last event before it.
    pub next_seq: u64,
    /// Its name; zeros where nothing is before it.
    pub hash: [u8; 32],
}

/// Why a store says no.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// A subject has moved on since the changeset was computed: read again and decide again.
    #[error("{subject:?} is at version {found}, the change was computed from {expected}")]
    Stale {
        /// What moved.
        subject: Subject,
        /// Version relied on.
        expected: u64,
        /// Version found.
        found: u64,
    },
    /// Somebody holds the claim already.
    #[error("{0:?} is taken")]
    Taken(Claim),
    /// Writing is closed: after a failed write or sync nothing is written until restart. Reads go on.
    #[error("the store takes no more writes: {0}")]
    Closed(String),
    /// There is too little space on the disk, or too few file handles, to write safely; nothing was written and nothing is
    /// closed.
    #[error("there is no room to write: {0}")]
    Full(String),
    /// Stored bytes do not say what they must. `table`, `key` and `field` name the place.
    #[error("stored data is damaged: {table} {key}: {field}: {why}")]
    Corrupt {
        /// Table or file.
        table: &'static str,
        /// Key or offset.
        key: String,
        /// Field.
        field: &'static str,
        /// What is wrong.
        why: String,
    },
    /// The store cannot be opened; the text names file, offset and the way back.
    #[error("{0}")]
    Refused(String),
    /// The operating system said no.
    #[error("{what}")]
    Io {
        /// What was being done, to which file.
        what: String,
        /// The system's own words.
        #[source]
        source: std::io::Error,
    },
}

impl StoreError {
    pub(crate) fn stopped() -> Self {
        Self::Closed("the writer has stopped".into())
    }
}

/// Dates the sweep looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Calendar {
    /// The next surveillance is due; open certificates only.
    SurveillanceDue,
    /// The last day of a suspension in force.
    SuspensionEnds,
    /// The last day of validity; open certificates only.
    Expires,
}

/// One page of a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    /// At most the size asked for.
    pub items: Vec<T>,
    /// How many there are in all.
    pub total: usize,
}

/// Which part of a listing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageRequest {
    /// Items to pass over.
    pub offset: usize,
    /// Items wanted, at most [`PageRequest::MAX`].
    pub size: usize,
}

impl PageRequest {
    /// Largest page: one screen of a buyer's list, small enough to answer at once.
    pub const MAX: usize = 100;
}

/// A store of events.
///
/// Every backend:
/// - MUST apply a changeset whole or not at all, and MUST NOT answer `Ok` before it would survive a power loss;
/// - MUST refuse with `Stale` when a version relied on has moved, and with `Taken` when a claim is held, counting units
///   that are being written at the same moment; the first claim in order wins, so that exactly one of several is kept;
/// - MUST number events from 0 without a gap, in the order in which they become visible;
/// - MUST show a unit to every read that starts after its `commit` answered, or `tell` was called;
/// - MUST NOT show a reader half a unit;
/// - MUST refuse to open, saying where and what to do, when acknowledged events are missing or damaged, and MUST NOT
///   create a store where none was: `init` does that by another call;
/// - MUST answer `Corrupt`, never a default, when stored data has no reading;
/// - SHOULD write concurrent commits as one group.
///
/// Calls block, `commit` for a disk sync; who cannot wait uses [`Store::commit_then`].
pub trait Store: Send + Sync {
    /// Appends one unit; `tell` is called once with what [`Store::commit`] answers: on a thread of the store's, or, where the unit is refused at
    /// once, on the caller's before this returns. It must neither wait nor call the store. Where the store stops meanwhile, it is dropped
    /// instead. Units of one caller are taken in the order of the calls. Waits only while hundreds are on their way.
    fn commit_then(&self, changeset: Changeset, tell: Tell);

    /// Appends one unit.
    ///
    /// # Errors
    /// `Stale` or `Taken` (nothing was written; what moved or holds the claim is visible already), `Full`, `Closed`,
    /// `Corrupt` of table `changeset` for a unit that could not be read back as a life, or a failure of the machine.
    /// After `Closed` the unit may be in the store at the next start, or not: its idempotency key tells.
    fn commit(&self, changeset: Changeset) -> Result<Committed, StoreError> {
        answer(&begin_commit(self, changeset))
    }

    /// Appends several units in this order, each on its own: one that is refused keeps none of the others back. A backend
    /// that groups writes them with few syncs.
    ///
    /// # Errors
    /// For each unit as [`Store::commit`].
    fn commit_all(&self, changesets: Vec<Changeset>) -> Vec<Result<Committed, StoreError>> {
        let begun: Vec<_> = changesets.into_iter().map(|c| begin_commit(self, c)).collect();
        begun.iter().map(answer).collect()
    }

    /// A certificate with its whole life.
    ///
    /// # Errors
    /// `Corrupt` when its stored life has no reading.
    fn certificate(&self, id: CertificateId) -> Result<Option<Certificate>, StoreError>;

    /// A stored document of a certificate, byte for byte.
    ///
    /// # Errors
    /// `Corrupt` when its checksum fails.
    fn record(&self, kind: RecordKind, certificate: CertificateId) -> Result<Option<Vec<u8>>, StoreError>;

    /// A mark licence with its whole life.
    ///
    /// # Errors
    /// `Corrupt` when its stored life has no reading.
    fn mark(&self, id: MarkId) -> Result<Option<MarkLicence>, StoreError>;

    /// Mark licences of a certificate, oldest first. Their count is the version of [`Subject::MarksOf`].
    ///
    /// # Errors
    /// A failure of the machine.
    fn marks_of(&self, certificate: CertificateId) -> Result<Vec<MarkId>, StoreError>;

    /// Everything recorded of a certificate and its marks, oldest first, with who and what stands behind it.
    ///
    /// # Errors
    /// `Corrupt` when a unit has no reading.
    fn acts_on(&self, certificate: CertificateId) -> Result<Vec<Recorded>, StoreError>;

    /// The certificate with that number.
    ///
    /// # Errors
    /// A failure of the machine.
    fn certificate_by_number(&self, number: &CertificateNumber) -> Result<Option<CertificateId>, StoreError>;

    /// Certificates of the holder with that code, oldest first.
    ///
    /// # Errors
    /// A failure of the machine.
    fn certificates_of(&self, holder: Uscc) -> Result<Vec<CertificateId>, StoreError>;

    /// Certificates whose holder's name holds `text` (any substring, case and width folded), newest first.
    ///
    /// # Errors
    /// A failure of the machine.
    fn search_holders(&self, text: &str, page: PageRequest) -> Result<Page<CertificateId>, StoreError>;

    /// Certificates with that date before or on `day`, earliest first.
    ///
    /// # Errors
    /// A failure of the machine.
    fn calendar(&self, calendar: Calendar, day: Date) -> Result<Vec<(Date, CertificateId)>, StoreError>;

    /// The unit that holds a claim.
    ///
    /// # Errors
    /// `Corrupt` when it has no reading.
    fn holder_of(&self, claim: &Claim) -> Result<Option<Entry>, StoreError>;

    /// A serial of that series that no committed unit holds and that this process has not handed out before. Gaps are
    /// allowed; the number formed from it is claimed at commit all the same.
    ///
    /// # Errors
    /// A failure of the machine.
    fn next_serial(&self, series: &str) -> Result<u64, StoreError>;

    /// The status list that one more certificate gets its place in: the latest one begun, or the next where
    /// [`StatusEntry::TAKEN_MAX`] places of it are taken, those counted that this process has handed out before.
    ///
    /// # Errors
    /// A failure of the machine.
    fn next_status_list(&self) -> Result<u32, StoreError>;

    /// The latest status list begun; 1 where nothing is in any.
    ///
    /// # Errors
    /// A failure of the machine.
    fn latest_status_list(&self) -> Result<u32, StoreError>;

    /// The certificate with that place in the status lists.
    ///
    /// # Errors
    /// A failure of the machine.
    fn certificate_by_status(&self, entry: StatusEntry) -> Result<Option<CertificateId>, StoreError>;

    /// Places of a status list with their certificates, in order: only of those with a change on record that makes, made or
    /// will make them something other than valid.
    ///
    /// # Errors
    /// A failure of the machine.
    fn status_list(&self, list: u32) -> Result<Vec<(u32, CertificateId)>, StoreError>;

    /// Marks that an event from `from_seq` on may have taken out of use, or back, in the order of those events; one may stand there
    /// several times.
    ///
    /// # Errors
    /// `Corrupt` when a pair has no reading.
    fn marks_moved(&self, from_seq: u64) -> Result<Vec<MarkId>, StoreError>;

    /// Events about the body, its keys and its tokens, in order: few, and read at start-up.
    ///
    /// # Errors
    /// `Corrupt` when one has no reading.
    fn settings(&self) -> Result<Vec<Event>, StoreError>;

    /// Sequence numbers of a subject's events, in order; for [`Subject::MarksOf`] those of the requests.
    ///
    /// # Errors
    /// `Corrupt` when a key has no reading.
    fn seqs_of(&self, subject: Subject) -> Result<Vec<u64>, StoreError>;

    /// The last of [`Store::seqs_of`]; none where nothing is on record of the subject.
    ///
    /// # Errors
    /// `Corrupt` when a key has no reading.
    fn last_seq_of(&self, subject: Subject) -> Result<Option<u64>, StoreError>;

    /// Sequence numbers of the private events, in order. All others are the leaves of the log, so that this list gives
    /// each leaf its place.
    ///
    /// # Errors
    /// `Corrupt` when a key has no reading.
    fn private_seqs(&self) -> Result<Vec<u64>, StoreError>;

    /// Whether names, serials and places in the lists are read in: who asks for one before waits for that.
    fn names_are_read(&self) -> bool {
        true
    }

    /// Units from the one holding `from_seq` on, at most `limit` of them, in order.
    ///
    /// # Errors
    /// `Corrupt` when one has no reading.
    fn entries(&self, from_seq: u64, limit: usize) -> Result<Vec<Entry>, StoreError>;

    /// Some `limit` events from that one on, more where a unit ends later, in order, each with its sequence number.
    ///
    /// # Errors
    /// As [`Store::entries`].
    fn events(&self, from_seq: u64, limit: usize) -> Result<Vec<(u64, Arc<Event>)>, StoreError> {
        Ok(numbered(self.entries(from_seq, limit)?, from_seq))
    }

    /// The point after the last event.
    ///
    /// # Errors
    /// A failure of the machine.
    fn point(&self) -> Result<Point, StoreError>;

    /// Whether that is a point of this record.
    ///
    /// # Errors
    /// `Corrupt` when what is there has no reading.
    fn has_point(&self, point: &Point) -> Result<bool, StoreError>;

    /// Sequence number the next event will have.
    fn next_seq(&self) -> u64;

    /// Whether it takes writes; the reason when it does not.
    ///
    /// # Errors
    /// `Closed` or `Full`.
    fn writable(&self) -> Result<(), StoreError>;

    /// Whether what is read can be believed; from the moment on that it cannot, until the store is opened anew.
    ///
    /// # Errors
    /// `Corrupt`: what is kept for reading turned out not to be what was written.
    fn believable(&self) -> Result<(), StoreError>;
}

fn begin_commit(store: &(impl Store + ?Sized), changeset: Changeset) -> Receiver<Result<Committed, StoreError>> {
    let (tell, told) = sync_channel(1);
    // A caller that has gone away needs no answer.
    store.commit_then(changeset, Box::new(move |answer| drop(tell.send(answer))));
    told
}

fn answer(told: &Receiver<Result<Committed, StoreError>>) -> Result<Committed, StoreError> {
    told.recv().unwrap_or_else(|_| Err(StoreError::stopped()))
}

fn numbered(units: Vec<Entry>, from_seq: u64) -> Vec<(u64, Arc<Event>)> {
    let events = units.into_iter().flat_map(|unit| (unit.first_seq..).zip(unit.events));
    events.filter(|(seq, _)| *seq >= from_seq).map(|(seq, event)| (seq, Arc::new(event))).collect()
}
