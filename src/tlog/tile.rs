//! Tiles and entry bundles (C2SP tlog-tiles): the files a log is served as.

use super::hash::{Hash, node};
use super::tree::Nodes;
use std::fmt::Write as _;
use thiserror::Error;

/// Hashes in a full tile, entries in a full bundle.
pub const TILE_WIDTH: u64 = 256;
/// Longest entry: its length is written in two bytes.
pub const ENTRY_MAX: usize = u16::MAX as usize;
/// Levels of the tree between two levels of tiles.
const TILE_HEIGHT: u8 = 8;

/// Names one file of a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct TileId {
    kind: Kind,
    index: u64,
    width: u16,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Kind {
    Hashes(u8),
    Entries,
}

impl TileId {
    /// Highest level of tiles: eight of them hold 2^64 leaves.
    pub const MAX_LEVEL: u8 = 7;

    /// The full tile of that level and number.
    #[must_use]
    pub fn hashes(level: u8, index: u64) -> Self {
        Self { kind: Kind::Hashes(level), index, width: TILE_WIDTH as u16 }
    }

    /// The full bundle of that number.
    #[must_use]
    pub fn entries(index: u64) -> Self {
        Self { kind: Kind::Entries, index, width: TILE_WIDTH as u16 }
    }

    /// Its first `width` hashes or entries, 1 to 256.
    #[must_use]
    pub fn of_width(self, width: u16) -> Self {
        Self { width: width.clamp(1, TILE_WIDTH as u16), ..self }
    }

    /// The full one it is the beginning of.
    #[must_use]
    pub fn full(self) -> Self {
        self.of_width(TILE_WIDTH as u16)
    }

    /// Whether it holds entries.
    #[must_use]
    pub fn is_entries(&self) -> bool {
        self.kind == Kind::Entries
    }

    /// Level of a tile of hashes; 0 for entries, which lie beside the tiles of that level.
    #[must_use]
    pub fn level(&self) -> u8 {
        match self.kind {
            Kind::Hashes(level) => level,
            Kind::Entries => 0,
        }
    }

    /// Number within its level.
    #[must_use]
    pub fn index(&self) -> u64 {
        self.index
    }

    /// How many hashes or entries it holds.
    #[must_use]
    pub fn width(&self) -> u16 {
        self.width
    }

    /// Where it lies: `tile/0/x001/x234/067`, `tile/entries/000.p/12`.
    #[must_use]
    pub fn path(&self) -> String {
        let mut path = match self.kind {
            Kind::Hashes(level) => format!("tile/{level}"),
            Kind::Entries => "tile/entries".to_owned(),
        };
        let digits = self.index.to_string();
        let padded = format!("{}{digits}", &"000"[..(3 - digits.len() % 3) % 3]);
        let groups = padded.len() / 3;
        for group in 0..groups {
            let x = if group + 1 < groups { "x" } else { "" };
            // Writing to a text cannot fail.
            let _ = write!(path, "/{x}{}", &padded[3 * group..3 * group + 3]);
        }
        if u64::from(self.width) < TILE_WIDTH {
            let _ = write!(path, ".p/{}", self.width);
        }
        path
    }

    /// Reads a path; none unless it is exactly what [`TileId::path`] writes.
    #[must_use]
    pub fn parse(path: &str) -> Option<Self> {
        let rest = path.strip_prefix("tile/")?;
        let (kind, rest) = rest.split_once('/')?;
        let kind = match kind {
            "entries" => Kind::Entries,
            level => Kind::Hashes(level.parse().ok().filter(|l| *l <= Self::MAX_LEVEL)?),
        };
        let (number, width) = match rest.split_once(".p/") {
            Some((number, width)) => (number, width.parse().ok().filter(|w| (1..TILE_WIDTH as u16).contains(w))?),
            None => (rest, TILE_WIDTH as u16),
        };
        let digits: String = number.split('/').map(|g| g.strip_prefix('x').unwrap_or(g)).collect();
        let found = Self { kind, index: digits.parse().ok()?, width };
        (found.path() == path).then_some(found)
    }
}

/// The bytes of a tile.
#[must_use]
pub fn tile_bytes(hashes: &[Hash]) -> Vec<u8> {
    hashes.iter().flat_map(Hash::as_bytes).copied().collect()
}

/// The hashes of a tile; none where its length is not one of a tile.
#[must_use]
pub fn tile_hashes(bytes: &[u8]) -> Option<Vec<Hash>> {
    let (hashes, rest) = bytes.as_chunks::<{ Hash::LEN }>();
    let known = rest.is_empty() && !hashes.is_empty() && hashes.len() as u64 <= TILE_WIDTH;
    known.then(|| hashes.iter().map(|h| Hash::from_bytes(*h)).collect())
}

/// Root over a power of two of hashes.
#[must_use]
pub fn subtree_root(hashes: &[Hash]) -> Hash {
    match hashes {
        [] => Hash::EMPTY,
        [one] => *one,
        more => {
            let (left, right) = more.split_at(more.len() / 2);
            node(&subtree_root(left), &subtree_root(right))
        }
    }
}

/// Root over a full tile; none where the bytes are not one.
#[must_use]
pub fn tile_root_of(bytes: &[u8]) -> Option<Hash> {
    tile_hashes(bytes).filter(|hashes| hashes.len() as u64 == TILE_WIDTH).map(|hashes| subtree_root(&hashes))
}

/// A bundle: each entry behind its length in two bytes, big-endian. Entries have at most [`ENTRY_MAX`] bytes.
#[must_use]
pub fn bundle<E: AsRef<[u8]>>(entries: &[E]) -> Vec<u8> {
    let mut out = vec![];
    for entry in entries.iter().map(AsRef::as_ref) {
        let length = entry.len().min(ENTRY_MAX);
        out.extend_from_slice(&(length as u16).to_be_bytes());
        out.extend_from_slice(&entry[..length]);
    }
    out
}

/// A bundle that has no reading.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the bundle ends in the middle of an entry, is empty, or has more than 256")]
pub struct BadBundle;

/// The entries of a bundle.
///
/// # Errors
/// [`BadBundle`].
pub fn entries(bundle: &[u8]) -> Result<Vec<&[u8]>, BadBundle> {
    let (mut rest, mut found) = (bundle, vec![]);
    while !rest.is_empty() {
        let (length, after) = rest.split_first_chunk::<2>().ok_or(BadBundle)?;
        let (entry, after) = after.split_at_checked(usize::from(u16::from_be_bytes(*length))).ok_or(BadBundle)?;
        found.push(entry);
        rest = after;
    }
    if found.is_empty() || found.len() as u64 > TILE_WIDTH { Err(BadBundle) } else { Ok(found) }
}

/// The nodes of a tree that lies in tiles: hashes within a tile are made from its own.
pub struct FromTiles<T> {
    size: u64,
    tile: T,
}

impl<T> FromTiles<T> {
    /// The tree of `size` leaves; `tile` gives the bytes of a tile, full or partial as the tree of that size has it.
    #[must_use]
    pub fn new(size: u64, tile: T) -> Self {
        Self { size, tile }
    }
}

impl<T: Fn(&TileId) -> Result<Vec<u8>, E>, E: From<BadTile>> Nodes for FromTiles<T> {
    type Error = E;

    fn node(&self, level: u8, index: u64) -> Result<Hash, E> {
        let (tile_level, above) = (level / TILE_HEIGHT, level % TILE_HEIGHT);
        // The node stands over 2^above hashes of a tile.
        let first = index.checked_shl(u32::from(above)).ok_or(BadTile)?;
        let there = self.size.checked_shr(u32::from(tile_level * TILE_HEIGHT)).unwrap_or(0);
        let tile = first / TILE_WIDTH;
        let width = there.saturating_sub(tile * TILE_WIDTH).min(TILE_WIDTH);
        let id = TileId::hashes(tile_level, tile).of_width(width as u16);
        let hashes = tile_hashes(&(self.tile)(&id)?).ok_or(BadTile)?;
        let from = (first % TILE_WIDTH) as usize;
        let under = hashes.get(from..from + (1 << above)).ok_or(BadTile)?;
        Ok(subtree_root(under))
    }
}

/// A tile that does not hold what it should.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("a tile of the log does not hold what it should")]
pub struct BadTile;
