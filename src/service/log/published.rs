//! One state of the log, as the public sees it: a tree of some size, its right edge, and the checkpoint that was signed for it.
//! It never changes; the next one takes its place whole.

use crate::domain::{Event, Refusal};
use crate::sign::{KeyId, log_entry};
use crate::store::StoreError;
use crate::tlog::{self, FromTiles, Hash, Nodes, TileFailure, TileId, TileKind, TreeFailure};
use std::rc::Rc;
use std::sync::Arc;

/// Hashes in a full tile, entries in a full bundle.
pub(super) const TILE_WIDTH: u64 = tlog::TILE_WIDTH as u64;

/// What the nodes of a tree in tiles fail with.
pub(super) type NodeFailure = TileFailure<StoreError>;

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
    /// For each level of tiles its last, partial tile.
    levels: Vec<Growing>,
    /// Entries of the last, partial bundle.
    entries: Vec<Arc<[u8]>>,
    size: u64,
}

/// A tile that is not full yet, with the nodes over it that are whole.
#[derive(Debug, Clone, Default)]
struct Growing {
    /// The tile's hashes, then row over row.
    rows: Vec<Vec<Hash>>,
}

impl Growing {
    fn of(hashes: Vec<Hash>) -> Self {
        let mut growing = Self::default();
        hashes.into_iter().for_each(|hash| growing.push(hash));
        growing
    }

    fn hashes(&self) -> &[Hash] {
        self.rows.first().map_or(&[], Vec::as_slice)
    }

    fn push(&mut self, mut hash: Hash) {
        for above in 0.. {
            if self.rows.len() == above {
                self.rows.push(vec![]);
            }
            let Some(row) = self.rows.get_mut(above) else { break };
            row.push(hash);
            let [.., left, right] = row.as_slice() else { break };
            if row.len() % 2 == 1 {
                break;
            }
            hash = tlog::node(left, right);
        }
    }
}

/// A blob that has come to be: its key and bytes.
pub(super) type NewBlob = (String, Vec<u8>);

impl Edge {
    /// Of these rows, from the leaves up, and the entries of the last bundle.
    pub(super) fn of(levels: Vec<Vec<Hash>>, entries: Vec<Vec<u8>>, size: u64) -> Self {
        let levels = levels.into_iter().map(Growing::of).collect();
        Self { levels, entries: entries.into_iter().map(Arc::from).collect(), size }
    }

    pub(super) fn size(&self) -> u64 {
        self.size
    }

    /// Adds one entry; full tiles and bundles are handed out and leave the edge.
    pub(super) fn push(&mut self, entry: Vec<u8>, full: &mut Vec<NewBlob>) -> Result<(), Refusal> {
        if entry.len() > tlog::ENTRY_MAX {
            let why = format!("an entry of the log has at most {} bytes, this one {}", tlog::ENTRY_MAX, entry.len());
            return Err(Refusal::invalid("entry_too_large", why));
        }
        let bundle = TileId::full(TileKind::Entries, self.size / TILE_WIDTH);
        let mut hash = tlog::leaf(&entry);
        self.entries.push(Arc::from(entry));
        self.size += 1;
        if self.entries.len() as u64 == TILE_WIDTH {
            full.push((bundle.path(), tlog::bundle(&self.entries)?));
            self.entries.clear();
        }
        for level in 0..=tlog::LEVEL_MAX {
            if self.levels.len() == usize::from(level) {
                self.levels.push(Growing::default());
            }
            let Some(tile) = self.levels.get_mut(usize::from(level)) else { break };
            tile.push(hash);
            if (tile.hashes().len() as u64) < TILE_WIDTH {
                break;
            }
            let number = (self.size - 1) >> (8 * (u32::from(level) + 1));
            full.push((TileId::full(TileKind::Hashes(level), number).path(), tile_bytes(tile.hashes())));
            let rows = std::mem::take(&mut tile.rows);
            let Some(root) = rows.last().and_then(|top| top.first()) else { break };
            hash = *root;
        }
        Ok(())
    }

    /// The hashes of the partial tile of that level.
    pub(super) fn partial(&self, level: u8) -> &[Hash] {
        self.levels.get(usize::from(level)).map_or(&[], Growing::hashes)
    }

    pub(super) fn entries(&self) -> &[Arc<[u8]>] {
        &self.entries
    }

    /// A node whose leaves, or what stands for them, lie in a partial tile; none where they do not.
    fn node(&self, level: u8, index: u64) -> Option<Hash> {
        let (of, above) = (level / tlog::TILE_HEIGHT, level % tlog::TILE_HEIGHT);
        let full = (self.size >> (u32::from(tlog::TILE_HEIGHT) * u32::from(of))) / TILE_WIDTH;
        let within = index.checked_sub(full * (TILE_WIDTH >> above))?;
        let row = self.levels.get(usize::from(of))?.rows.get(usize::from(above))?;
        row.get(usize::try_from(within).ok()?).copied()
    }

    /// The root of the tree: all it takes is on the edge.
    pub(super) fn root(&self) -> Result<Hash, StoreError> {
        let on_edge = |tile: TileId| match tile.kind() {
            TileKind::Hashes(level) => Ok(tile_bytes(self.partial(level))),
            TileKind::Entries => Ok(vec![]),
        };
        WithEdge { edge: self, tiles: FromTiles::new(self.size, on_edge) }.root(self.size).map_err(unreadable)
    }
}

/// The nodes of a tree, those over the edge as they were worked out when it grew.
struct WithEdge<'a, N> {
    edge: &'a Edge,
    tiles: N,
}

impl<N: Nodes> Nodes for WithEdge<'_, N> {
    type Error = N::Error;

    fn node(&self, level: u8, index: u64) -> Result<Hash, N::Error> {
        self.edge.node(level, index).map_or_else(|| self.tiles.node(level, index), Ok)
    }
}

/// The bytes of a tile.
pub(super) fn tile_bytes(hashes: &[Hash]) -> Vec<u8> {
    hashes.iter().map(AsRef::as_ref).collect::<Vec<&[u8]>>().concat()
}

/// A node that could not be read.
pub(super) fn unreadable(failure: NodeFailure) -> StoreError {
    match failure {
        TileFailure::Read(error) => error,
        other => damaged("a tile".into(), other.to_string()),
    }
}

/// A proof that could not be made.
pub(super) fn unproven(failure: TreeFailure<NodeFailure>) -> StoreError {
    match failure {
        TreeFailure::Node(node) => unreadable(node),
        other => damaged("a proof".into(), other.to_string()),
    }
}

pub(super) fn damaged(key: String, why: String) -> StoreError {
    StoreError::Corrupt { table: "log", key, field: "tile", why }
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
    /// The key that signed it; none before the first.
    pub(super) by: Option<KeyId>,
}

/// How a full tile or bundle is had.
pub(super) type ReadFull<'a> = dyn Fn(TileId) -> Result<Rc<[u8]>, StoreError> + 'a;

impl Published {
    pub(super) fn empty(places: Places) -> Self {
        let edge = Edge::default();
        Self { edge, places, next_seq: 0, note: Arc::from(""), root: Hash::EMPTY, cosigned: 0, by: None }
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
    pub(super) fn tile(&self, tile: TileId, full: &ReadFull<'_>) -> Result<Option<Rc<[u8]>>, StoreError> {
        let (kind, width) = (tile.kind(), usize::from(tile.width()));
        let Some(there) = TileId::in_tree(kind, tile.index(), self.size()).filter(|t| t.width() >= tile.width()) else {
            return Ok(None);
        };
        let bundled = |entries: Option<Vec<u8>>| entries.ok_or_else(|| damaged(tile.path(), "it is cut short".into()));
        Ok(Some(match kind {
            _ if there.is_full() && tile.is_full() => full(there)?,
            TileKind::Hashes(_) if there.is_full() => full(there)?.get(..width * Hash::LEN).unwrap_or_default().into(),
            TileKind::Entries if there.is_full() => {
                let bytes = full(there)?;
                let entries = tlog::entries(&bytes).ok().and_then(|e| tlog::bundle(e.get(..width)?).ok());
                bundled(entries)?.into()
            }
            TileKind::Hashes(level) => tile_bytes(self.edge.partial(level).get(..width).unwrap_or_default()).into(),
            TileKind::Entries => bundled(self.edge.entries().get(..width).and_then(|e| tlog::bundle(e).ok()))?.into(),
        }))
    }

    /// The nodes of this tree.
    pub(super) fn nodes<'a>(&'a self, full: &'a ReadFull<'a>) -> impl Nodes<Error = NodeFailure> + 'a {
        let tiles = FromTiles::new(self.size(), move |tile: TileId| {
            let missing = || damaged(tile.path(), "the tree has no such tile".into());
            self.tile(tile, full)?.ok_or_else(missing)
        });
        WithEdge { edge: &self.edge, tiles }
    }

    /// The entry of a leaf; none where the tree has no such leaf or its file none.
    pub(super) fn entry(&self, leaf: u64, full: &ReadFull<'_>) -> Result<Option<Arc<[u8]>>, StoreError> {
        let (bundle, within) = (leaf / TILE_WIDTH, (leaf % TILE_WIDTH) as usize);
        if bundle == self.size() / TILE_WIDTH {
            return Ok(self.edge.entries().get(within).cloned());
        }
        let bytes = full(TileId::full(TileKind::Entries, bundle))?;
        Ok(tlog::entries(&bytes).ok().and_then(|entries| entries.get(within).copied().map(Arc::from)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_edge_has_the_nodes_that_its_tiles_have() {
        let (mut edge, mut full) = (Edge::default(), vec![]);
        for i in 0..u64::from(tlog::TILE_WIDTH) * 3 + 77 {
            edge.push(i.to_be_bytes().to_vec(), &mut full).unwrap();
            let files: std::collections::BTreeMap<_, _> = full.iter().cloned().collect();
            let tile = |tile: TileId| match tile.kind() {
                TileKind::Hashes(level) if !tile.is_full() => Ok::<_, ()>(tile_bytes(edge.partial(level))),
                _ => files.get(&tile.path()).cloned().ok_or(()),
            };
            let tiles = FromTiles::new(edge.size(), tile);
            assert!(edge.root().is_ok_and(|root| tiles.root(edge.size()) == Ok(root)), "{i}");
            for level in 0..10 {
                for index in 0..edge.size() >> level {
                    // Of what lies in full tiles the edge knows nothing, of all else everything.
                    let full = edge.size() >> 8 << 8;
                    let on_edge = level >= 8 || index << level >= full;
                    let node = on_edge.then(|| tiles.node(level, index).unwrap());
                    assert_eq!(edge.node(level, index), node, "{i}: {level} {index}");
                }
            }
            if i % 97 == 0 {
                let again = Edge::of(
                    (0..=tlog::LEVEL_MAX).map(|level| edge.partial(level).to_vec()).collect(),
                    edge.entries().iter().map(|e| e.to_vec()).collect(),
                    edge.size(),
                );
                assert_eq!(again.root().ok(), edge.root().ok());
            }
        }
    }

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
