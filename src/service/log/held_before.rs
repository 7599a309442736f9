//! What was held against each other before, so that a start need not do it again: that the journal up to a point makes the tree of a
//! size. A point names all that is before it ([`Point`]); the tree that is made from there on still has to lead to the signed root.

use super::published::{Edge, Places, Published, TILE_WIDTH, damaged};
use super::{ServiceError, Shared};
use crate::store::{Point, StoreError};
use crate::tlog::{self, Hash, TileId, TileKind};
use serde::{Deserialize, Serialize};
use std::sync::atomic::Ordering;

/// Entries published before it is noted again: making these anew takes a second.
const EVERY: u64 = 1 << 15;

/// What is noted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Noted {
    /// The journal's point.
    next_seq: u64,
    /// Its name.
    hash: [u8; 32],
    /// Entries of the tree that what is before it makes; there may be more before it.
    size: u64,
}

impl Shared {
    /// The tree of that size, made from what was noted and what came since; none where nothing was noted that is of this journal.
    pub(super) fn grown_from_noted(&self, places: &Places, size: u64) -> Result<Option<Edge>, ServiceError> {
        let bytes = self.files.held_before.load().ok().flatten();
        let noted = bytes.and_then(|bytes| serde_json::from_slice::<Noted>(&bytes).ok());
        let Some(Noted { next_seq, hash, size: from }) = noted.filter(|n| n.size <= size) else { return Ok(None) };
        let fits = from <= places.leaf_of(next_seq) && self.store.has_point(&Point { next_seq, hash })?;
        if !fits {
            return Ok(None);
        }
        // A file that is missing or damaged is made anew by whoever makes the whole tree.
        let Ok(mut edge) = self.edge_of_files(places, from) else { return Ok(None) };
        self.noted.store(from, Ordering::Relaxed);
        self.go_on(places, &mut edge, size, &mut |_, _| Ok(()))?;
        Ok(Some(edge))
    }

    /// What of a tree is not in full tiles, from those that are.
    fn edge_of_files(&self, places: &Places, size: u64) -> Result<Edge, ServiceError> {
        let whole = size / TILE_WIDTH * TILE_WIDTH;
        let entries = self.entries(places, whole..size)?;
        let mut levels: Vec<Vec<Hash>> = vec![entries.iter().map(|e| tlog::leaf(e)).collect()];
        let mut full = size / TILE_WIDTH;
        for level in 0..tlog::LEVEL_MAX {
            if full == 0 {
                break;
            }
            let root = |index| -> Result<Hash, StoreError> {
                let tile = TileId::full(TileKind::Hashes(level), index).path();
                let root = self.files.blobs.get(&tile)?.as_deref().and_then(tlog::tile_root);
                root.ok_or_else(|| damaged(tile, "it is missing or no tile".into()))
            };
            let first = full / TILE_WIDTH * TILE_WIDTH;
            levels.push((first..full).map(root).collect::<Result<_, _>>()?);
            full /= TILE_WIDTH;
        }
        Ok(Edge::of(levels, entries, size))
    }

    /// Notes that this state was made from the journal, now and then, or now.
    pub(super) fn note_held(&self, state: &Published, now: bool) {
        let noted = self.noted.load(Ordering::Relaxed);
        if state.note.is_empty() || state.size() == noted || !(now || state.size() > noted + EVERY) {
            return;
        }
        let note = || -> Result<(), StoreError> {
            let Point { next_seq, hash } = self.store.point()?;
            let noted = Noted { next_seq, hash, size: state.size() };
            let bytes = serde_json::to_vec(&noted).map_err(|e| damaged("held".into(), e.to_string()))?;
            let there = self.files.held_before.load().ok().flatten();
            self.files.held_before.replace(there.as_deref(), &bytes).map(drop)
        };
        match note() {
            Ok(()) => self.noted.store(state.size(), Ordering::Relaxed),
            // The next start makes the tree from further back.
            Err(error) => tracing::warn!(%error, "what the log was held against is not noted"),
        }
    }
}
