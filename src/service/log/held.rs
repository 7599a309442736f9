//! Full tiles and bundles, each held against what stands above it up to the signed root, and made anew from the journal where it
//! does not fit. Nothing else reads those files to give out what they say.

use super::published::{Published, TILE_WIDTH, damaged, tile_bytes};
use super::{ServiceError, Shared};
use crate::store::StoreError;
use crate::tlog::{self, Hash, Nodes, TileId, TileKind};
use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The files of one state; each is read and held once.
pub(super) struct Held<'a> {
    shared: &'a Shared,
    state: &'a Published,
    /// Whether a file is believed as it lies there: for whoever holds what comes of it against the signed root anyway.
    believed: bool,
    known: RefCell<BTreeMap<TileId, Rc<[u8]>>>,
}

/// Nodes from this level on are kept once they were worked out: each takes up to 255 hashes, and there are few of them.
const UPPER: u8 = 8;
/// Most of them: those of a log of thirty million entries.
const UPPER_MOST: usize = 1 << 18;

/// Upper nodes of the tree, which never change once they are whole.
#[derive(Default)]
pub(super) struct UpperNodes(Mutex<HashMap<(u8, u64), Hash>>);

impl UpperNodes {
    fn known(&self) -> MutexGuard<'_, HashMap<(u8, u64), Hash>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Forgets them: one of them was of a damaged file.
    pub(super) fn forget(&self) {
        self.known().clear();
    }
}

/// The nodes of a tree, the upper ones as they were found before. What comes of them has to lead to the signed root.
pub(super) struct Remembering<'a, N> {
    pub(super) nodes: N,
    pub(super) upper: &'a UpperNodes,
}

impl<N: Nodes> Nodes for Remembering<'_, N> {
    type Error = N::Error;

    fn node(&self, level: u8, index: u64) -> Result<Hash, N::Error> {
        if level < UPPER {
            return self.nodes.node(level, index);
        }
        let known = self.upper.known().get(&(level, index)).copied();
        if let Some(hash) = known {
            return Ok(hash);
        }
        let hash = self.nodes.node(level, index)?;
        let mut known = self.upper.known();
        if known.len() < UPPER_MOST {
            known.insert((level, index), hash);
        }
        Ok(hash)
    }
}

impl Shared {
    pub(super) fn held<'a>(&'a self, state: &'a Published) -> Held<'a> {
        Held { shared: self, state, believed: false, known: RefCell::default() }
    }

    pub(super) fn believed<'a>(&'a self, state: &'a Published) -> Held<'a> {
        Held { believed: true, ..self.held(state) }
    }

    /// Writes a file of the log anew. It is not needed: what it holds comes out of the journal each time it cannot be read.
    pub(super) fn write_anew(&self, key: &str, bytes: &[u8]) {
        match self.files.blobs.get(key) {
            Ok(Some(there)) if there == bytes => return,
            Ok(None) => tracing::info!(file = key, "a file of the log is missing and is made anew from the journal"),
            _ => tracing::warn!(file = key, "a file of the log is damaged and is made anew from the journal"),
        }
        let written = self.files.blobs.remove(key).and_then(|()| self.files.blobs.put(key, bytes));
        if let Err(why) = written {
            tracing::warn!(file = key, %why, "a file of the log cannot be written: it is made from the journal each time it is asked for");
        }
    }
}

impl Held<'_> {
    /// A full tile or bundle of the tree.
    ///
    /// # Errors
    /// Store failures; `Corrupt` of table `log` when the journal says otherwise than the published tree.
    pub(super) fn get(&self, tile: TileId) -> Result<Rc<[u8]>, StoreError> {
        if let Some(known) = self.known.borrow().get(&tile) {
            return Ok(known.clone());
        }
        let bytes: Rc<[u8]> = if self.believed { self.read(tile)? } else { self.read_or_make(tile)? }.into();
        self.known.borrow_mut().insert(tile, bytes.clone());
        Ok(bytes)
    }

    fn read(&self, tile: TileId) -> Result<Vec<u8>, StoreError> {
        let found = self.shared.files.blobs.get(&tile.path())?;
        found.ok_or_else(|| damaged(tile.path(), "it is missing".into()))
    }

    fn read_or_make(&self, tile: TileId) -> Result<Vec<u8>, StoreError> {
        let key = tile.path();
        if let Ok(Some(bytes)) = self.shared.files.blobs.get(&key)
            && self.fits(tile, &bytes)?
        {
            return Ok(bytes);
        }
        let bytes = match self.of_files_below(tile) {
            Some(bytes) if self.fits(tile, &bytes)? => bytes,
            _ => self.of_journal(tile).map_err(|e| match e {
                ServiceError::Store(e) => e,
                other => damaged(key.clone(), other.to_string()),
            })?,
        };
        if !self.fits(tile, &bytes)? {
            return Err(damaged(key, "the journal says otherwise than the published tree; run starmark fsck".into()));
        }
        self.shared.write_anew(&key, &bytes);
        Ok(bytes)
    }

    /// Whether those bytes are the tile: a bundle by its leaf hashes, a tile of hashes by its root.
    fn fits(&self, tile: TileId, bytes: &[u8]) -> Result<bool, StoreError> {
        let TileKind::Hashes(level) = tile.kind() else {
            let leaves = self.get(TileId::full(TileKind::Hashes(0), tile.index()))?;
            let Ok(entries) = tlog::entries(bytes) else { return Ok(false) };
            return Ok(entries.into_iter().flat_map(|e| tlog::leaf(e).to_bytes()).eq(leaves.iter().copied()));
        };
        let Some(root) = tlog::tile_root(bytes) else { return Ok(false) };
        let (kind, within) = (TileKind::Hashes(level + 1), (tile.index() % TILE_WIDTH) as usize);
        let above = TileId::in_tree(kind, tile.index() / TILE_WIDTH, self.state.size());
        let above = above.ok_or_else(|| damaged(tile.path(), "the tree has no such tile".into()))?;
        if !above.is_full() {
            return Ok(self.state.edge.partial(level + 1).get(within) == Some(&root));
        }
        let row = self.get(above)?;
        Ok(row.chunks(Hash::LEN).nth(within) == Some(&root.to_bytes()[..]))
    }

    /// A tile from the tiles below as they are on file, which is quick; they may be wrong.
    fn of_files_below(&self, tile: TileId) -> Option<Vec<u8>> {
        let TileKind::Hashes(level) = tile.kind() else { return None };
        let below = TileKind::Hashes(level.checked_sub(1)?);
        let root = |index| {
            let bytes = self.shared.files.blobs.get(&TileId::full(below, index).path()).ok()??;
            tlog::tile_root(&bytes)
        };
        Some(tile_bytes(&of_tile(tile).map(root).collect::<Option<Vec<_>>>()?))
    }

    fn of_journal(&self, tile: TileId) -> Result<Vec<u8>, ServiceError> {
        let entries = || self.shared.entries(&self.state.places, of_tile(tile));
        let hashes: Vec<Hash> = match tile.kind() {
            TileKind::Entries => return Ok(tlog::bundle(&entries()?)?),
            TileKind::Hashes(0) => entries()?.iter().map(|e| tlog::leaf(e)).collect(),
            TileKind::Hashes(level) => {
                let root = |index| {
                    let below = TileId::full(TileKind::Hashes(level - 1), index);
                    let root = tlog::tile_root(&self.of_journal(below)?);
                    root.ok_or_else(|| damaged(below.path(), "it is not full".into()).into())
                };
                of_tile(tile).map(root).collect::<Result<_, ServiceError>>()?
            }
        };
        Ok(tile_bytes(&hashes))
    }
}

/// What a full tile holds: so many of its row.
fn of_tile(tile: TileId) -> std::ops::Range<u64> {
    tile.index() * TILE_WIDTH..(tile.index() + 1) * TILE_WIDTH
}
