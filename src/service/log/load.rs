//! What was published, held against what the journal says: at the start, before anything is recorded, and by a check.

use super::published::{Edge, NewBlob, Places, Published, TILE_WIDTH};
use super::{ServiceError, Shared};
use crate::sign::{KeyDocument, KeyId, Note, NoteAlgorithm, NoteKey, Purpose};
use crate::store::{Entry, StoreError};
use crate::tlog::{self, Checkpoint, Hash, TileId, TileKind};
use std::sync::{Arc, PoisonError};

/// How the key of a bundle begins.
const BUNDLES: &str = "tile/entries/";
/// Entries taken at a time where the whole tree is made anew.
const STEP: u64 = 16 * TILE_WIDTH;

pub(super) const DAMAGED: &str = "log/checkpoint in the data directory cannot be used";
pub(super) const WAY_ON: &str = "nothing was changed. Where the journal beside it is the newest there is, move that file elsewhere and start again: the same \
    checkpoint is signed anew from the journal, and witnesses are asked for their cosignatures again. Do not put a backup back for this: what was \
    recorded since would be lost, and published a second time otherwise. Where the journal was put back from a backup, look at \
    https://HOST/log/checkpoint as it was saved elsewhere first (starmark restore --checkpoint)";
pub(super) const WAY_BACK: &str = "nothing was changed. Do not issue from this journal: what was published cannot be taken back. Look for the journal it was \
    published from, on the disk used before or in the newest backup (starmark restore), and for log/checkpoint if that was put here from elsewhere";

/// What is done after each entry: with the edge as it then is, and the full tiles and bundles that came to be with it.
type EachEntry<'a> = dyn FnMut(&Edge, &[NewBlob]) -> Result<(), StoreError> + 'a;

/// A checkpoint that a key of the body signed.
pub(super) struct Signed {
    note: Arc<str>,
    pub(super) checkpoint: Checkpoint,
    by: KeyId,
}

/// What lies where the checkpoint is kept.
pub(super) enum OnFile {
    Nothing,
    /// What is no checkpoint of this log, and why.
    Damaged(String),
    Ours(Signed),
}

pub(super) fn too_short(leaves: u64, size: u64) -> String {
    format!(
        "the journal holds {leaves} public events, but a checkpoint of {size} was published: it is cut short, or a backup from before"
    )
}

pub(super) fn otherwise(size: u64) -> String {
    format!(
        "the journal says otherwise than the checkpoint of {size} entries that was published: one of the two is of another register, or events were changed"
    )
}

fn refused(why: &str, way: &str) -> ServiceError {
    StoreError::Refused(format!("{why}; {way}")).into()
}

impl Shared {
    /// Takes over what is published, where the journal says the same. Files that do not fit are made anew.
    ///
    /// # Errors
    /// `Refused` when the journal ends before it or says otherwise, or when no key of the body has signed it.
    pub(super) fn load(&self) -> Result<(), ServiceError> {
        let (state, files_fit) = self.find()?;
        if state.note.is_empty() {
            self.warn_of_lost_checkpoint(&state.places)?;
        }
        if !files_fit {
            tracing::warn!(entries = state.size(), "files of the log are missing or damaged; they are made anew");
            self.derive_all(&state.places, state.size(), &mut |_, full| {
                full.iter().for_each(|(key, bytes)| self.write_anew(key, bytes));
                Ok(())
            })?;
        }
        self.note_held(&state, true);
        self.serve(state);
        Ok(())
    }

    /// The state that is published, and whether its files lead to it. Changes nothing.
    pub(super) fn find(&self) -> Result<(Published, bool), ServiceError> {
        let places = Places::new(self.store.private_seqs()?);
        match self.on_file()? {
            OnFile::Nothing => {
                self.must_not_be_otherwise(&places)?;
                Ok((Published::empty(places), true))
            }
            OnFile::Damaged(why) => Err(refused(&format!("{DAMAGED}: {why}"), WAY_ON)),
            OnFile::Ours(signed) => self.state_of(places, signed),
        }
    }

    /// Where the checkpoint is gone, bundles that lie there still tell what was published.
    pub(super) fn must_not_be_otherwise(&self, places: &Places) -> Result<(), ServiceError> {
        let leaves = places.leaf_of(self.store.next_seq());
        let beyond = TileId::full(TileKind::Entries, leaves / TILE_WIDTH);
        if matches!(self.files.blobs.get(&beyond.path()), Ok(Some(bundle)) if tlog::entries(&bundle).is_ok()) {
            return Err(refused(&too_short(leaves, (beyond.index() + 1) * TILE_WIDTH), WAY_BACK));
        }
        let mut differs = None;
        self.derive_all(places, leaves, &mut |edge, full| {
            for (key, bytes) in full.iter().filter(|(key, _)| key.starts_with(BUNDLES)) {
                let there = self.files.blobs.get(key);
                if matches!(there, Ok(Some(there)) if there != *bytes && tlog::entries(&there).is_ok()) {
                    differs.get_or_insert(edge.size());
                }
            }
            Ok(())
        })?;
        let Some(size) = differs else { return Ok(()) };
        Err(refused(&otherwise(size), WAY_BACK))
    }

    /// Nothing tells a log that was never begun from one whose checkpoint was lost; but a register that issued has one.
    fn warn_of_lost_checkpoint(&self, places: &Places) -> Result<(), ServiceError> {
        let set_up = self.store.entries(0, 1)?.first().map_or(0, Entry::next_seq);
        if self.store.next_seq() > set_up && places.leaf_of(self.store.next_seq()) > places.leaf_of(set_up) {
            tracing::warn!(
                public_events = places.leaf_of(self.store.next_seq()),
                "no log/checkpoint lies beside a journal with events: its log begins now. If it was published before, and this journal was put back from a backup, stop: compare https://HOST/log/checkpoint as saved elsewhere (starmark restore --checkpoint)"
            );
        }
        Ok(())
    }

    /// Holds the journal against a checkpoint that was published.
    ///
    /// # Errors
    /// `Refused` when the journal ends before it or says otherwise, or when it is not of this log.
    pub(super) fn must_reach(&self, note: &[u8]) -> Result<(), ServiceError> {
        let places = Places::new(self.store.private_seqs()?);
        let no = |why: String| ServiceError::from(StoreError::Refused(why));
        let checkpoint = self.read_checkpoint(note).map_err(|why| no(format!("the checkpoint: {why}")))?.checkpoint;
        self.reaches(&places, checkpoint.size()).map_err(no)?;
        match self.derive_all(&places, checkpoint.size(), &mut |_, _| Ok(()))?.root()? == checkpoint.root() {
            true => Ok(()),
            false => Err(no(otherwise(checkpoint.size()))),
        }
    }

    fn reaches(&self, places: &Places, size: u64) -> Result<(), String> {
        let leaves = places.leaf_of(self.store.next_seq());
        if size <= leaves { Ok(()) } else { Err(too_short(leaves, size)) }
    }

    /// What lies where the checkpoint is kept.
    ///
    /// # Errors
    /// A failure of the machine.
    pub(super) fn on_file(&self) -> Result<OnFile, StoreError> {
        let bytes = match self.files.checkpoint.load() {
            Ok(None) => return Ok(OnFile::Nothing),
            Ok(Some(bytes)) => bytes,
            Err(StoreError::Corrupt { why, .. }) => return Ok(OnFile::Damaged(why)),
            Err(other) => return Err(other),
        };
        Ok(self.read(&bytes))
    }

    pub(super) fn read(&self, bytes: &[u8]) -> OnFile {
        self.read_checkpoint(bytes).map_or_else(OnFile::Damaged, OnFile::Ours)
    }

    /// The checkpoint in a signed note of this log, or what is wrong with it.
    pub(super) fn read_checkpoint(&self, bytes: &[u8]) -> Result<Signed, String> {
        let unreadable = |why: String| format!("it has no reading ({why})");
        let text = std::str::from_utf8(bytes).map_err(|e| unreadable(e.to_string()))?;
        let note = Note::parse(bytes).map_err(|e| unreadable(e.to_string()))?;
        let checkpoint = Checkpoint::parse(note.text()).map_err(|e| unreadable(e.to_string()))?;
        if checkpoint.origin() != self.origin {
            return Err(format!("it is of another log ({})", checkpoint.origin()));
        }
        let keys = self.keys.read().unwrap_or_else(PoisonError::into_inner).clone();
        let signed = |(id, public): &(KeyId, _)| {
            let key = NoteKey::new(&self.origin, NoteAlgorithm::Ed25519, *public).ok()?;
            matches!(note.verified_by(&key), Ok(Some(_))).then_some(*id)
        };
        let by = keys.iter().rev().find_map(signed);
        let by = by.ok_or("it is not signed by a log key of this register: it is damaged, or another register's")?;
        Ok(Signed { note: text.into(), checkpoint, by })
    }

    /// Checkpoints may be signed by the log keys of this document.
    pub(super) fn know(&self, document: &KeyDocument) {
        let of_log = document.keys().iter().filter(|k| k.purpose == Purpose::Log);
        let keys = of_log.clone().map(|k| (k.id, k.public)).collect();
        let leaked = of_log.filter(|k| k.compromised_at.is_some()).map(|k| k.id).collect();
        *self.keys.write().unwrap_or_else(PoisonError::into_inner) = keys;
        *self.leaked.write().unwrap_or_else(PoisonError::into_inner) = leaked;
    }

    /// The state a checkpoint speaks of, made from the journal, and whether the files on disk are those of its tree.
    fn state_of(&self, places: Places, signed: Signed) -> Result<(Published, bool), ServiceError> {
        let Signed { note, checkpoint, by } = signed;
        let size = checkpoint.size();
        self.reaches(&places, size).map_err(|why| refused(&why, WAY_BACK))?;
        if let Some(edge) =
            self.grown_from_noted(&places, size)?.filter(|edge| edge.root().ok() == Some(checkpoint.root()))
        {
            return Ok((self.state(places, edge, note, by, checkpoint.root()), true));
        }
        let mut files_fit = true;
        let edge = self.derive_all(&places, size, &mut |_, full| {
            let fits = |(key, bytes): &NewBlob| matches!(self.files.blobs.get(key), Ok(Some(there)) if there == *bytes);
            files_fit &= full.iter().all(fits);
            Ok(())
        })?;
        if edge.root()? != checkpoint.root() {
            return Err(refused(&otherwise(size), WAY_BACK));
        }
        Ok((self.state(places, edge, note, by, checkpoint.root()), files_fit))
    }

    fn state(&self, places: Places, edge: Edge, note: Arc<str>, by: KeyId, root: Hash) -> Published {
        let (cosigned, next_seq) = (self.witnesses.of_note(&note, edge.size()), places.seq_of(edge.size()));
        Published { edge, places, next_seq, note, root, cosigned, by: Some(by) }
    }

    /// Makes the tree of a size from the journal alone.
    pub(super) fn derive_all(
        &self,
        places: &Places,
        size: u64,
        each: &mut EachEntry<'_>,
    ) -> Result<Edge, ServiceError> {
        let mut edge = Edge::default();
        self.go_on(places, &mut edge, size, each)?;
        Ok(edge)
    }

    /// Makes a tree grow to a size from the journal.
    pub(super) fn go_on(
        &self,
        places: &Places,
        edge: &mut Edge,
        size: u64,
        each: &mut EachEntry<'_>,
    ) -> Result<(), ServiceError> {
        let mut from = edge.size();
        while from < size {
            let to = (from + STEP).min(size);
            for entry in self.entries(places, from..to)? {
                let mut full = vec![];
                edge.push(entry, &mut full)?;
                each(edge, &full)?;
            }
            from = to;
        }
        Ok(())
    }

    /// After a fault: what lies there now is either what this process published, or what it was about to publish, or it is put
    /// right. What is served never goes back.
    ///
    /// # Errors
    /// As [`Shared::load`]; what is served stays.
    pub(super) fn settle(&self) -> Result<(), ServiceError> {
        let _one = self.publishing.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(before) = self.published() else { return self.load() };
        match self.on_file()? {
            OnFile::Ours(signed) if signed.note == before.note => {}
            OnFile::Ours(signed) if signed.checkpoint.size() >= before.size() => {
                let (state, _) = self.state_of(Places::new(self.store.private_seqs()?), signed)?;
                self.serve(state);
            }
            _ => {
                self.put_back(&before)?;
            }
        }
        Ok(())
    }

    /// Puts a note in the place of the one this process published last, which is put back first where need be; whether that was
    /// possible.
    ///
    /// # Errors
    /// As [`Shared::put_back`].
    pub(super) fn exchange(&self, before: &Published, new: &[u8]) -> Result<bool, ServiceError> {
        let old = (!before.note.is_empty()).then(|| before.note.as_bytes());
        if self.files.checkpoint.replace(old, new)? {
            return Ok(true);
        }
        Ok(self.put_back(before)? && self.files.checkpoint.replace(old, new)?)
    }

    /// Puts the checkpoint that this process published last back where it was removed, damaged, or exchanged for an older one of
    /// the same tree; whether it lies there now.
    ///
    /// # Errors
    /// A failure of the machine; `Refused` for an older one of another tree.
    fn put_back(&self, state: &Published) -> Result<bool, ServiceError> {
        if state.note.is_empty() {
            return Ok(false);
        }
        let was = match self.on_file()? {
            OnFile::Nothing => "removed",
            OnFile::Damaged(_) => "damaged",
            OnFile::Ours(Signed { checkpoint, .. }) if checkpoint.size() < state.size() => {
                let held = self.held(state);
                let blob = |t| held.get(t);
                let root = tlog::Nodes::root(&state.nodes(&blob), checkpoint.size());
                if root.map_err(super::published::unreadable)? != checkpoint.root() {
                    return Err(refused(&otherwise(checkpoint.size()), WAY_BACK));
                }
                "exchanged for an older one"
            }
            OnFile::Ours(signed) => return Ok(signed.note == state.note),
        };
        tracing::error!(
            was,
            entries = state.size(),
            "log/checkpoint was changed by somebody else; it is written again"
        );
        let there = self.files.checkpoint.load()?;
        Ok(self.files.checkpoint.replace(there.as_deref(), state.note.as_bytes())?)
    }
}
