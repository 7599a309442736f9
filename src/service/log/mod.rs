//! The public log: every public event is a leaf of one Merkle tree, whose root the body signs.
//!
//! The journal is the truth and gives the leaves their order, so the tree of a size is the same however often it is made:
//! a fork could only come from a journal that lost events, and that is held against the last checkpoint at every start.

mod check;
mod files;
mod held;
mod held_before;
mod load;
mod published;
mod sequencer;
mod waiting;
mod witness;

pub use check::LogCheck;
pub use files::LogFiles;
pub use published::Published;
pub use waiting::PATIENCE;
pub use witness::{Stand, Witness};

use super::ServiceError;
use super::ground::LogStand;
use crate::domain::{Event, Host, Refusal};
use crate::sign::{KeyDocument, KeyId, PublicKey, Signer, log_entry};
use crate::store::{Store, StoreError};
use crate::tlog::{self, Hash, Nodes as _, TileId};
pub use crate::verify::log::{Place, ProvenEntry, origin};
use held::{Held, Remembering, UpperNodes};
use published::{damaged, unproven, unreadable};
use sequencer::Worker;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, RwLock};
use waiting::Waiting;
use witness::{Askers, Witnesses};

/// Directory of the log inside the data directory.
pub const LOG_DIR: &str = "log";
/// Name of the checkpoint, as it is served and kept.
pub const CHECKPOINT: &str = "checkpoint";

/// Entries with proofs, all in the tree of one checkpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proven {
    /// The signed checkpoint.
    pub checkpoint: Arc<str>,
    /// Entries of its tree.
    pub size: u64,
    /// How many witnesses have cosigned it.
    pub cosigned: usize,
    /// The entries asked for that are in it, in the order asked.
    pub entries: Vec<ProvenEntry>,
    /// Whether that is all that was asked for: the others are on record and not published yet.
    pub complete: bool,
}

/// A proof that one state of the log grew into another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Growth {
    /// The earlier size.
    pub from: u64,
    /// Root of the tree of that size.
    pub from_root: Hash,
    /// The later size.
    pub to: u64,
    /// Root of the tree of that size.
    pub to_root: Hash,
    /// Consistency proof (RFC 9162 section 2.1.4).
    pub proof: Vec<Hash>,
    /// The checkpoint that stands now.
    pub checkpoint: Arc<str>,
}

/// How the log is doing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Health {
    /// Entries in the published tree; none before the first.
    pub size: Option<u64>,
    /// Events on record that are not taken in yet.
    pub behind: u64,
    /// Why it does not go on, if it does not.
    pub fault: Option<String>,
    /// What a witness says against it, if one says that it is not the log it cosigned.
    pub contradiction: Option<String>,
}

/// What the sequencer's thread and its readers share.
struct Shared {
    store: Arc<dyn Store>,
    files: LogFiles,
    origin: String,
    /// The body's log keys.
    keys: RwLock<Vec<(KeyId, PublicKey)>>,
    /// Those of them that were compromised.
    leaked: RwLock<Vec<KeyId>>,
    published: RwLock<Option<Arc<Published>>>,
    upper: UpperNodes,
    /// Entries of the tree that was last noted to be the journal's.
    noted: AtomicU64,
    /// Whether the journal was held against what is published.
    holds: AtomicBool,
    signer: RwLock<Option<(KeyId, Arc<dyn Signer>)>>,
    /// Held while the checkpoint is exchanged: by the sequencer for a larger tree, by a witness's thread for a cosignature.
    publishing: Mutex<()>,
    witnesses: Witnesses,
    signals: Mutex<Signals>,
    /// Told when something was committed, or the end has come.
    work: Condvar,
    /// Told when something was published, or cannot be: for those who wait for whatever comes.
    news: Condvar,
}

#[derive(Default)]
struct Signals {
    pending: bool,
    /// A pause after a fault is over.
    retry: bool,
    stop: bool,
    fault: Option<String>,
    waiting: Waiting,
}

/// The log of one register.
pub struct Log {
    shared: Arc<Shared>,
    threads: Mutex<Option<(Worker, Askers)>>,
}

impl Shared {
    fn signals(&self) -> MutexGuard<'_, Signals> {
        self.signals.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn published(&self) -> Option<Arc<Published>> {
        self.published.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The events of these leaves, from the journal, or as they were just written to it.
    fn events(
        &self,
        places: &published::Places,
        leaves: std::ops::Range<u64>,
    ) -> Result<Vec<(u64, Arc<Event>)>, StoreError> {
        let (from, count) = (places.seq_of(leaves.start), (leaves.end - leaves.start) as usize);
        let mut found = vec![];
        let mut next = from;
        while found.len() < count {
            let events = self.store.events(next, count)?;
            let Some((last, _)) = events.last() else { break };
            next = last + 1;
            found.extend(events.into_iter().filter(|(seq, _)| !places.is_private(*seq)));
        }
        found.truncate(count);
        if found.len() == count {
            return Ok(found);
        }
        let why = format!("the journal has {} of the {count} events from {from} on", found.len());
        Err(StoreError::Corrupt { table: "log", key: format!("leaf {}", leaves.start), field: "entries", why })
    }

    /// The entries of these leaves, from the journal.
    fn entries(&self, places: &published::Places, leaves: std::ops::Range<u64>) -> Result<Vec<Vec<u8>>, ServiceError> {
        let entry = |(_, event): &(u64, Arc<Event>)| Ok(log_entry::entry(event)?.unwrap_or_default());
        self.events(places, leaves)?.iter().map(entry).collect()
    }

    /// This state is what is given out from now on.
    fn serve(&self, state: Published) {
        *self.published.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(state));
    }
}

impl Log {
    /// The log of that host, kept in `files`; it stands still until [`Log::start`].
    #[must_use]
    pub fn new(store: Arc<dyn Store>, files: LogFiles, host: &Host) -> Self {
        let shared = Shared {
            store,
            files,
            origin: origin(host),
            keys: RwLock::default(),
            leaked: RwLock::default(),
            published: RwLock::default(),
            upper: UpperNodes::default(),
            noted: AtomicU64::default(),
            holds: AtomicBool::new(false),
            signer: RwLock::default(),
            publishing: Mutex::default(),
            witnesses: Witnesses::default(),
            signals: Mutex::default(),
            work: Condvar::new(),
            news: Condvar::new(),
        };
        Self { shared: Arc::new(shared), threads: Mutex::default() }
    }

    /// Reads what was published, holds it against the journal, and goes on from there.
    ///
    /// # Errors
    /// `Refused` when the journal ends before what was published, or says otherwise; with the way back.
    pub fn start(&self, keys: &KeyDocument) -> Result<(), ServiceError> {
        let mut threads = self.threads.lock().unwrap_or_else(PoisonError::into_inner);
        if threads.is_none() {
            self.shared.know(keys);
            self.shared.load()?;
            self.shared.holds.store(true, Ordering::Release);
            let worker = Worker::spawn(self.shared.clone())?;
            *threads = Some((worker, Askers::spawn(&self.shared)?));
        }
        Ok(())
    }

    /// Holds the journal against what was published, once, for whoever records something without [`Log::start`].
    ///
    /// # Errors
    /// As there.
    pub fn must_hold(&self, keys: impl FnOnce() -> KeyDocument) -> Result<(), ServiceError> {
        if !self.shared.holds.load(Ordering::Acquire) {
            self.shared.know(&keys());
            self.shared.find()?;
            self.shared.holds.store(true, Ordering::Release);
        }
        Ok(())
    }

    /// The log keys of this document are the body's, from now on.
    pub(super) fn know(&self, keys: &KeyDocument) {
        self.shared.know(keys);
    }

    /// What is wrong with a note that should be a checkpoint of this log, under one of its keys; none where it is one.
    #[must_use]
    pub fn damage_of(&self, note: &[u8], keys: &KeyDocument) -> Option<String> {
        self.shared.know(keys);
        self.shared.read_checkpoint(note).err()
    }

    /// Holds the journal against a checkpoint that was published, saved here or elsewhere.
    ///
    /// # Errors
    /// `Refused` when the journal ends before it or says otherwise, or when it is not of this log.
    pub fn must_reach(&self, note: &[u8], keys: &KeyDocument) -> Result<(), ServiceError> {
        self.shared.know(keys);
        self.shared.must_reach(note)
    }

    /// Makes the tree anew from the journal and compares with it every file, the checkpoint as it was `kept` before the journal was
    /// looked at, and those that `others` have shown, each named.
    ///
    /// # Errors
    /// Store failures. What is wrong is no error: it is in the answer.
    pub fn check(
        &self,
        kept: Option<&[u8]>,
        others: &[(String, Vec<u8>)],
        keys: &KeyDocument,
        progress: &dyn Fn(u64, u64),
    ) -> Result<LogCheck, ServiceError> {
        self.shared.know(keys);
        self.shared.check(kept, others, progress)
    }

    /// Checkpoints are signed with this key from now on; with none, nothing is published.
    pub fn sign_with(&self, signer: Option<(KeyId, Arc<dyn Signer>)>) {
        *self.shared.signer.write().unwrap_or_else(PoisonError::into_inner) = signer;
        // What kept the log back may be gone: it is not waited for.
        let mut signals = self.shared.signals();
        (signals.retry, signals.pending) = (true, true);
        self.shared.work.notify_one();
    }

    /// Nothing is published any more while the key is one of these.
    pub(super) fn stop_signing_if(&self, these: impl Fn(KeyId) -> bool) {
        let mut signer = self.shared.signer.write().unwrap_or_else(PoisonError::into_inner);
        if signer.as_ref().is_some_and(|(id, _)| these(*id)) {
            *signer = None;
        }
    }

    /// Something was committed.
    pub fn wake(&self) {
        // Whoever was the first to say so has woken it: each call costs a switch of threads.
        if !std::mem::replace(&mut self.shared.signals().pending, true) {
            self.shared.work.notify_one();
        }
    }

    /// What is published; none before the first checkpoint of this process.
    #[must_use]
    pub fn published(&self) -> Option<Arc<Published>> {
        self.shared.published()
    }

    /// How it stands.
    pub(super) fn stand(&self) -> LogStand {
        self.published().map_or(LogStand { size: 0, next_seq: 0, cosigned: 0 }, |state| LogStand {
            size: state.size(),
            next_seq: state.next_seq,
            cosigned: state.cosigned as u64,
        })
    }

    /// These witnesses are asked for cosignatures, from [`Log::start`] on.
    pub fn watched_by(&self, witnesses: Vec<Witness>) {
        self.shared.witnesses.set(witnesses);
    }

    /// The witnesses that are asked, and how each stands to the log.
    #[must_use]
    pub fn witnesses(&self) -> Vec<(Witness, Stand)> {
        self.shared.witnesses.stands()
    }

    /// How the log is doing.
    #[must_use]
    pub fn health(&self) -> Health {
        let (published, next) = (self.published(), self.shared.store.next_seq());
        Health {
            size: published.as_ref().map(|p| p.size()),
            behind: next.saturating_sub(published.map_or(0, |p| p.next_seq)),
            fault: self.shared.signals().fault.clone(),
            contradiction: self.witnesses().into_iter().find_map(|(_, stand)| stand.contradiction),
        }
    }

    /// Where an event stands in the published tree; none where it is not there yet.
    #[must_use]
    pub fn place_of(&self, seq: u64) -> Option<Place> {
        let state = self.published().filter(|s| seq < s.next_seq && !s.places.is_private(seq))?;
        Some(Place {
            leaf: state.places.leaf_of(seq),
            size: state.size(),
            cosigned: state.cosigned,
            witnesses: self.shared.witnesses.count(),
        })
    }

    /// A tile or bundle as it is served; none where the published tree has no such part.
    ///
    /// # Errors
    /// Store failures.
    pub fn tile(&self, tile: TileId) -> Result<Option<Vec<u8>>, ServiceError> {
        let Some(state) = self.published() else { return Ok(None) };
        let held = self.shared.held(&state);
        Ok(state.tile(tile, &|t| held.get(t))?.map(|bytes| bytes.to_vec()))
    }

    /// Proofs for these events, all against one checkpoint; those it does not hold yet are left out. None before the first
    /// checkpoint. Every proof is verified before it leaves.
    ///
    /// # Errors
    /// Store failures; `Corrupt` of table `log` when the tree and the journal disagree.
    pub fn prove(&self, seqs: &[u64]) -> Result<Option<Proven>, ServiceError> {
        let Some(state) = self.published() else { return Ok(None) };
        let there = seqs.iter().copied().filter(|s| *s < state.next_seq && !state.places.is_private(*s));
        self.prove_in(&state, there, seqs).map(Some)
    }

    /// [`Log::prove`] for the first of these events and the newest that is published.
    ///
    /// # Errors
    /// As there.
    pub fn prove_ends(&self, seqs: &[u64]) -> Result<Option<Proven>, ServiceError> {
        let Some(state) = self.published() else { return Ok(None) };
        let mut there = seqs.iter().copied().filter(|s| *s < state.next_seq && !state.places.is_private(*s));
        let ends = there.next().into_iter().chain(there.next_back());
        self.prove_in(&state, ends, seqs).map(Some)
    }

    fn prove_in(
        &self,
        state: &Published,
        these: impl Iterator<Item = u64>,
        of: &[u64],
    ) -> Result<Proven, ServiceError> {
        let (quick, sure) = (self.shared.believed(state), self.shared.held(state));
        let prove = |seq| {
            let index = state.places.leaf_of(seq);
            // A proof is held against the signed root, so files need not be held first; where it fails one of them was damaged.
            prove_by(state, &quick, &self.shared.upper, index).or_else(|_| {
                self.shared.upper.forget();
                prove_by(state, &sure, &UpperNodes::default(), index)
            })
        };
        let entries = these.map(prove).collect::<Result<_, ServiceError>>()?;
        let complete = of.iter().all(|seq| *seq < state.next_seq);
        let (checkpoint, cosigned) = (state.note.clone(), state.cosigned);
        Ok(Proven { checkpoint, size: state.size(), cosigned, entries, complete })
    }

    /// The key that signed what is published, where it was compromised since.
    #[must_use]
    pub fn leaked_key(&self) -> Option<KeyId> {
        let by = self.published()?.by?;
        self.shared.leaked.read().unwrap_or_else(PoisonError::into_inner).contains(&by).then_some(by)
    }

    /// [`Log::prove`] for one leaf; none where the log has no such leaf.
    ///
    /// # Errors
    /// As there.
    pub fn prove_leaf(&self, leaf: u64) -> Result<Option<Proven>, ServiceError> {
        let seq = |state: Arc<Published>| (leaf < state.size()).then(|| state.places.seq_of(leaf));
        match self.published().and_then(seq) {
            Some(seq) => self.prove(&[seq]),
            None => Ok(None),
        }
    }

    /// Proof that the tree of size `from` grew into that of size `to`, the published one when left out.
    ///
    /// # Errors
    /// `log_size` for sizes the log does not have; `no_log` before the first checkpoint; store failures.
    pub fn growth(&self, from: u64, to: Option<u64>) -> Result<Growth, ServiceError> {
        let state = self.published().ok_or_else(|| Refusal::not_found("no_log", "nothing is published yet"))?;
        let to = to.unwrap_or(state.size());
        if from > to || to > state.size() {
            let why = format!("the log has {} entries: from is at most to, and to at most that", state.size());
            return Err(Refusal::invalid("log_size", why).into());
        }
        let held = self.shared.held(&state);
        let blob = |t| held.get(t);
        let nodes = state.nodes(&blob);
        let root = |size| nodes.root(size).map_err(unreadable);
        let (from_root, to_root) = (root(from)?, root(to)?);
        let proof = nodes.consistency(from, to).map_err(unproven)?;
        let ok = tlog::verify_consistency(from, from_root, to, to_root, &proof).is_ok()
            && (to < state.size() || to_root == state.root);
        if !ok {
            let why = "the tiles do not make one tree; run starmark fsck".to_owned();
            return Err(StoreError::Corrupt { table: "log", key: format!("size {to}"), field: "proof", why }.into());
        }
        Ok(Growth { from, from_root, to, to_root, proof, checkpoint: state.note.clone() })
    }
}

/// The entry of that index with its proof, by these files; it leads to the signed root, or it is an error.
fn prove_by(state: &Published, files: &Held<'_>, upper: &UpperNodes, index: u64) -> Result<ProvenEntry, ServiceError> {
    let wrong = |why: &str| damaged(format!("leaf {index}"), format!("{why}; run starmark fsck"));
    let blob = |t| files.get(t);
    let bytes = if index < state.size() { state.entry(index, &blob)? } else { None };
    let bytes = bytes.ok_or_else(|| wrong("the published tree has no such entry"))?;
    let nodes = Remembering { nodes: state.nodes(&blob), upper };
    let proof = nodes.inclusion(index, state.size()).map_err(unproven)?;
    tlog::verify_inclusion(tlog::leaf(&bytes), index, state.size(), &proof, state.root)
        .map_err(|_| wrong("the files of the log do not lead to the signed root"))?;
    let entry = serde_json::from_slice(&bytes).map_err(|e| Refusal::invalid("json_syntax", e.to_string()))?;
    Ok(ProvenEntry { index, entry, proof })
}

impl Drop for Log {
    /// Lets the sequencer take in what is committed, and go.
    fn drop(&mut self) {
        if let Some((worker, askers)) = self.threads.get_mut().unwrap_or_else(PoisonError::into_inner).take() {
            worker.finish(&self.shared);
            askers.finish();
        }
    }
}
