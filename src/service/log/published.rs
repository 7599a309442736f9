//! One state of the log, as the public sees it: a tree of some size, its right edge, and the checkpoint that was signed for it.
//! It never changes; the next one takes its place whole.

use crate::domain::{Event, Refusal};
use crate::sign::log_entry;
use crate::store::{Blobs, StoreError};
use crate::tlog::{self, BadTile, FromTiles, Hash, Nodes, TILE_WIDTH, TileId};
use std::sync::Arc;

/// The entries of one event stream, numbered: private events have no leaf.
#[derive(Debug, Clone, Default)]
pub struct Places {
    private: Arc<Vec<u64>>,
}

impl Places {
    pub(super) fn new(private: Vec<u64>) -> Self {
        Self { private: Arc::new(private) }
    }

    /// The leaf of a public event.
    pub(super) fn leaf_of(&self, seq: u64) -> u64 {
        seq - self.private.partition_point(|p| *p < seq) as u64
    }

    /// The event of a leaf.
    pub(super) fn seq_of(&self, leaf: u64) -> u64 {
        // The n-th private event has p - n public ones before it.
        let (mut from, mut to) = (0, self.private.len());
        while from < to {
            let middle = from + (to - from) / 2;
            let before = self.private.get(middle).map_or(u64::MAX, |p| p - middle as u64);
            if before <= leaf { from = middle + 1 } else { to = middle }
        }
        leaf + from as u64
    }

    pub(super) fn is_private(&self, seq: u64) -> bool {
        self.private.binary_search(&seq).is_ok()
    }

    fn add(&mut self, seq: u64) {
        Arc::make_mut(&mut self.private).push(seq);
    }
}

/// What of the tree is not in full tiles yet. All else lies in blobs.
#[derive(Debug, Clone, Default)]
pub(super) struct Edge {
    /// For each level of tiles the hashes of its last, partial tile.
    levels: Vec<Vec<Hash>>,
    /// Entries of the last, partial bundle.
    entries: Vec<Arc<[u8]>>,
    size: u64,
}

/// A blob that has come to be: its key and bytes.
pub(super) type NewBlob = (String, Vec<u8>);

impl Edge {
    pub(super) fn size(&self) -> u64 {
        self.size
    }

    /// An edge of known hashes: of the levels above the entries, and the entries of the last bundle.
    pub(super) fn of(size: u64, above: Vec<Vec<Hash>>, entries: Vec<Vec<u8>>) -> Self {
        let first = entries.iter().map(|e| tlog::leaf(e)).collect();
        let levels = std::iter::once(first).chain(above).collect();
        Self { levels, entries: entries.into_iter().map(Arc::from).collect(), size }
    }

    /// Adds one entry; full tiles and bundles are handed out and leave the edge.
    pub(super) fn push(&mut self, entry: Vec<u8>, full: &mut Vec<NewBlob>) -> Result<(), Refusal> {
        if entry.len() > tlog::ENTRY_MAX {
            let why = format!("an entry of the log has at most {} bytes, this one {}", tlog::ENTRY_MAX, entry.len());
            return Err(Refusal::invalid("entry_too_large", why));
        }
        let index = self.size / TILE_WIDTH;
        let mut hash = tlog::leaf(&entry);
        self.entries.push(Arc::from(entry));
        self.size += 1;
        if self.entries.len() as u64 == TILE_WIDTH {
            full.push((TileId::entries(index).path(), tlog::bundle(&self.entries)));
            self.entries.clear();
        }
        for level in 0.. {
            if self.levels.len() == level {
                self.levels.push(vec![]);
            }
            let Some(tile) = self.levels.get_mut(level) else { break };
            tile.push(hash);
            if (tile.len() as u64) < TILE_WIDTH {
                break;
            }
            let bytes = tlog::tile_bytes(tile);
            let number = (self.size - 1) >> (8 * (level as u32 + 1));
            full.push((TileId::hashes(level as u8, number).path(), bytes));
            hash = tlog::subtree_root(tile);
            tile.clear();
        }
        Ok(())
    }

    /// The hashes of the partial tile of that level.
    pub(super) fn partial(&self, level: u8) -> &[Hash] {
        self.levels.get(usize::from(level)).map_or(&[], Vec::as_slice)
    }

    pub(super) fn entries(&self) -> &[Arc<[u8]>] {
        &self.entries
    }

    /// The root of the tree: all it takes is on the edge.
    pub(super) fn root(&self) -> Result<Hash, StoreError> {
        let edge = FromTiles::new(self.size, |tile: &TileId| -> Result<Vec<u8>, StoreError> {
            Ok(tlog::tile_bytes(self.partial(tile.level())))
        });
        edge.root(self.size)
    }
}

/// One published state.
#[derive(Clone)]
pub struct Published {
    pub(super) edge: Edge,
    pub(super) places: Places,
    /// Sequence number of the first event that is not taken in.
    pub(super) next_seq: u64,
    /// The signed note, with the cosignatures there are; empty before the first.
    pub(super) note: Arc<str>,
    pub(super) root: Hash,
    /// How many witnesses have cosigned it.
    pub(super) cosigned: usize,
}

impl Published {
    pub(super) fn empty(places: Places) -> Self {
        let edge = Edge::default();
        Self { edge, places, next_seq: 0, note: Arc::from(""), root: Hash::EMPTY, cosigned: 0 }
    }

    /// Entries in the tree.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.edge.size()
    }

    /// The signed checkpoint.
    #[must_use]
    pub fn note(&self) -> &Arc<str> {
        &self.note
    }

    /// How many witnesses have cosigned the checkpoint.
    #[must_use]
    pub fn cosigned(&self) -> usize {
        self.cosigned
    }

    /// Takes one event in: a leaf, or nothing but its place.
    pub(super) fn take(&mut self, seq: u64, event: &Event, full: &mut Vec<NewBlob>) -> Result<(), Refusal> {
        match log_entry::entry(event)? {
            Some(entry) => self.edge.push(entry, full)?,
            None if self.places.is_private(seq) => {}
            None => self.places.add(seq),
        }
        self.next_seq = seq + 1;
        Ok(())
    }

    /// A tile or bundle of this tree as it is served; none where the tree has no such part.
    pub(super) fn tile(
        &self,
        tile: &TileId,
        blob: &dyn Fn(&TileId) -> Result<Vec<u8>, StoreError>,
    ) -> Result<Option<Vec<u8>>, StoreError> {
        let (index, width) = (tile.index(), u64::from(tile.width()));
        // How many hashes of its level, or entries, the tree has, and how many of them lie in full tiles.
        let there = self.size().checked_shr(8 * u32::from(tile.level())).unwrap_or(0);
        let Some(needed) = index.checked_mul(TILE_WIDTH).and_then(|first| first.checked_add(width)) else {
            return Ok(None);
        };
        if needed > there {
            return Ok(None);
        }
        let width = width as usize;
        if index < there / TILE_WIDTH {
            let bytes = blob(&tile.full())?;
            let cut = if tile.is_entries() {
                tlog::entries(&bytes).ok().and_then(|e| e.get(..width).map(tlog::bundle))
            } else {
                bytes.get(..width * Hash::LEN).map(<[u8]>::to_vec)
            };
            return Ok(cut);
        }
        Ok(if tile.is_entries() {
            self.edge.entries().get(..width).map(tlog::bundle)
        } else {
            self.edge.partial(tile.level()).get(..width).map(tlog::tile_bytes)
        })
    }

    /// The nodes of this tree.
    pub(super) fn nodes<'a>(
        &'a self,
        blob: &'a dyn Fn(&TileId) -> Result<Vec<u8>, StoreError>,
    ) -> impl Nodes<Error = StoreError> + 'a {
        FromTiles::new(self.size(), move |tile: &TileId| {
            let missing = || StoreError::Corrupt {
                table: "log",
                key: tile.path(),
                field: "tile",
                why: "the tree has no such tile".into(),
            };
            self.tile(tile, blob)?.ok_or_else(missing)
        })
    }
}

impl From<BadTile> for StoreError {
    fn from(bad: BadTile) -> Self {
        let key = "a tile".to_owned();
        Self::Corrupt { table: "log", key, field: "tile", why: bad.to_string() }
    }
}

/// Reads a blob; one that is missing is damage.
pub(super) fn need(blobs: &dyn Blobs, tile: &TileId) -> Result<Vec<u8>, StoreError> {
    let missing = || StoreError::Corrupt {
        table: "log",
        key: tile.path(),
        field: "tile",
        why: "it is missing; it is made anew from the journal".into(),
    };
    blobs.get(&tile.path())?.ok_or_else(missing)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leaves_and_events_have_each_others_places() {
        let places = Places::new(vec![0, 3, 4, 9]);
        let public: Vec<u64> = (0..12).filter(|s| !places.is_private(*s)).collect();
        for (leaf, seq) in (0..).zip(public) {
            assert_eq!((places.leaf_of(seq), places.seq_of(leaf)), (leaf, seq));
        }
        let none = Places::default();
        assert_eq!((none.leaf_of(7), none.seq_of(7)), (7, 7));
    }
}
