//! The start: what was published, held against what the journal says.

use super::published::{Edge, Places, Published, TILE_WIDTH};
use super::{ServiceError, Shared};
use crate::sign::{KeyDocument, Note, NoteAlgorithm, NoteKey, Purpose};
use crate::store::StoreError;
use crate::tlog::{self, Checkpoint, Hash, TileId, TileKind};
use std::sync::{Arc, PoisonError};

/// Entries taken at a time where the whole tree is made anew.
const STEP: u64 = 16 * TILE_WIDTH;

const WAY_BACK: &str = "nothing was changed; put the newest backup back with `starmark restore`, and do not issue from this one: what was published cannot be taken back";

fn refused(why: &str) -> StoreError {
    StoreError::Refused(format!("{why}; {WAY_BACK}"))
}

/// What is done with each full tile and bundle: its key, its bytes.
type EachFile<'a> = dyn FnMut(&str, &[u8]) -> Result<(), StoreError> + 'a;

fn otherwise(size: u64) -> StoreError {
    refused(&format!(
        "the journal says otherwise than the checkpoint of {size} entries that was published: one of the two is of another register, or events were changed"
    ))
}

/// What a check of the log saw.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LogCheck {
    /// Entries of the published tree.
    pub entries: u64,
    /// Full tiles and bundles compared.
    pub files: u64,
    /// What is wrong, and whether it is damage that no start mends by itself.
    pub faults: Vec<(bool, String)>,
}

impl LogCheck {
    fn with(mut self, is_damage: bool, what: String) -> Self {
        self.faults.push((is_damage, what));
        self
    }
}

impl Shared {
    /// Reads what is published and takes it over, where the journal says the same.
    ///
    /// # Errors
    /// `Refused` when the journal ends before it or says otherwise, or when no key of the body has signed it.
    pub(super) fn load(&self, keys: &KeyDocument) -> Result<(), ServiceError> {
        let places = Places::new(self.store.private_seqs()?);
        let state = match self.files.checkpoint.load()? {
            None => Published::empty(places),
            Some(bytes) => {
                let (note, checkpoint) = self.read_checkpoint(&bytes, keys)?;
                self.must_hold(&places, checkpoint.size())?;
                self.state_of(places, note, &checkpoint)?
            }
        };
        *self.published.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(state));
        Ok(())
    }

    /// Holds the journal against a checkpoint that was published.
    ///
    /// # Errors
    /// As [`Shared::load`].
    pub(super) fn must_reach(&self, note: &[u8], keys: &KeyDocument) -> Result<(), ServiceError> {
        let places = Places::new(self.store.private_seqs()?);
        let (_, checkpoint) = self.read_checkpoint(note, keys)?;
        self.must_hold(&places, checkpoint.size())?;
        match self.derive_all(&places, checkpoint.size(), &mut |_, _| Ok(()))?.root()? == checkpoint.root() {
            true => Ok(()),
            false => Err(otherwise(checkpoint.size()).into()),
        }
    }

    fn must_hold(&self, places: &Places, size: u64) -> Result<(), StoreError> {
        let leaves = places.leaf_of(self.store.next_seq());
        if size <= leaves {
            return Ok(());
        }
        Err(refused(&format!(
            "the journal holds {leaves} public events, but a checkpoint of {size} was published: it is cut short, or a backup from before"
        )))
    }

    /// Makes the tree of a checkpoint anew from the journal, and compares every file of it: entries, files, and what is
    /// wrong; of each whether it is damage that no start mends by itself.
    ///
    /// # Errors
    /// Store failures. What is wrong is no error.
    pub(super) fn check(
        &self,
        note: &[u8],
        keys: &KeyDocument,
        progress: &dyn Fn(u64, u64),
    ) -> Result<LogCheck, ServiceError> {
        let mut found = LogCheck::default();
        let places = Places::new(self.store.private_seqs()?);
        let checkpoint = match self.read_checkpoint(note, keys).map(|(_, checkpoint)| checkpoint) {
            Ok(checkpoint) => checkpoint,
            Err(why) => return Ok(found.with(true, why.to_string())),
        };
        if let Err(why) = self.must_hold(&places, checkpoint.size()) {
            return Ok(found.with(true, why.to_string()));
        }
        found.entries = checkpoint.size();
        let mut wrong = vec![];
        let edge = self.derive_all(&places, checkpoint.size(), &mut |key, bytes| {
            found.files += 1;
            progress(found.files, checkpoint.size() / TILE_WIDTH * 2);
            let is = match self.files.blobs.get(key) {
                Ok(Some(there)) if there == bytes => return Ok(()),
                Ok(Some(_)) => "holds other bytes than it should".to_owned(),
                Ok(None) => "is missing".to_owned(),
                Err(why) => why.to_string(),
            };
            wrong.push(format!("log/{key} {is}; it is made anew when it is needed"));
            Ok(())
        })?;
        found.faults.extend(wrong.into_iter().map(|what| (false, what)));
        if edge.root()? != checkpoint.root() {
            return Ok(found.with(true, otherwise(checkpoint.size()).to_string()));
        }
        Ok(found)
    }

    /// The checkpoint in a signed note of this log.
    ///
    /// # Errors
    /// `Refused` for a note that is not of this log or not signed by a key of the body.
    fn read_checkpoint(&self, bytes: &[u8], keys: &KeyDocument) -> Result<(Arc<str>, Checkpoint), StoreError> {
        let unreadable = |why: String| refused(&format!("the checkpoint of the log has no reading: {why}"));
        let text = std::str::from_utf8(bytes).map_err(|e| unreadable(e.to_string()))?;
        let note = Note::parse(bytes).map_err(|e| unreadable(e.to_string()))?;
        let checkpoint = Checkpoint::parse(note.text()).map_err(|e| unreadable(e.to_string()))?;
        let of_log = keys.keys().iter().filter(|k| k.purpose == Purpose::Log);
        let verifiers = of_log.filter_map(|k| NoteKey::new(&self.origin, NoteAlgorithm::Ed25519, k.public).ok());
        let signed = verifiers.into_iter().any(|key| matches!(note.verified_by(&key), Ok(Some(_))));
        if checkpoint.origin() != self.origin || !signed {
            return Err(refused(&format!(
                "the checkpoint of the log is not signed by a log key of this register, or is of another log ({})",
                checkpoint.origin()
            )));
        }
        Ok((text.into(), checkpoint))
    }

    /// The state a checkpoint speaks of: its right edge from the journal and from full tiles, or, where those do not lead to
    /// its root, all of it from the journal.
    fn state_of(&self, places: Places, note: Arc<str>, checkpoint: &Checkpoint) -> Result<Published, ServiceError> {
        let size = checkpoint.size();
        let next_seq = places.seq_of(size);
        let mut state = Published { note, next_seq, root: checkpoint.root(), ..Published::empty(places) };
        let last = size - size % TILE_WIDTH;
        let entries = self.entries(&state.places, last..size)?;
        let above = self.edge_above(size);
        state.edge = Edge::of(size, above.unwrap_or_default(), entries);
        if state.edge.root().ok() == Some(checkpoint.root()) {
            return Ok(state);
        }
        tracing::warn!(
            entries = size,
            "files of the log are missing or damaged; the tree is made anew from the journal"
        );
        state.edge = self.derive_all(&state.places, size, &mut |key, bytes| {
            if self.files.blobs.get(key)?.as_deref() != Some(bytes) {
                self.files.blobs.remove(key)?;
                self.files.blobs.put(key, bytes)?;
            }
            Ok(())
        })?;
        if state.edge.root()? == checkpoint.root() { Ok(state) } else { Err(otherwise(size).into()) }
    }

    /// Hashes of the partial tiles above the entries, from full tiles; none where one of those cannot be had.
    fn edge_above(&self, size: u64) -> Option<Vec<Vec<Hash>>> {
        let mut levels = vec![];
        for level in 1..=tlog::LEVEL_MAX {
            let there = size.checked_shr(8 * u32::from(level)).unwrap_or(0);
            if there == 0 {
                break;
            }
            let root = |index| {
                let tile = TileId::full(TileKind::Hashes(level - 1), index);
                tlog::tile_root(&self.files.blobs.get(&tile.path()).ok()??)
            };
            levels.push((there - there % TILE_WIDTH..there).map(root).collect::<Option<Vec<_>>>()?);
        }
        Some(levels)
    }

    /// Makes the tree of a size from the journal alone; every full tile and bundle is handed out.
    pub(super) fn derive_all(&self, places: &Places, size: u64, each: &mut EachFile<'_>) -> Result<Edge, ServiceError> {
        let mut edge = Edge::default();
        let mut from = 0;
        while from < size {
            let to = (from + STEP).min(size);
            let mut full = vec![];
            for entry in self.entries(places, from..to)? {
                edge.push(entry, &mut full)?;
            }
            for (key, bytes) in full {
                each(&key, &bytes)?;
            }
            from = to;
        }
        Ok(edge)
    }
}
