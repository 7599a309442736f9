//! Tiles: rows of 256 hashes, and bundles of 256 entries, under addresses that never change (C2SP tlog-tiles).
//!
//! Tile N of level L holds the nodes of level 8L from index 256N on. The nodes between are computed from them.

use super::hash::{Hash, node};
use super::tree::Nodes;
use crate::domain::Refusal;
use crate::domain::error::shown;
use std::fmt;
use thiserror::Error;

/// Hashes, or entries, of a full tile.
pub const TILE_WIDTH: u16 = 256;
/// Levels of the tree from one level of tiles to the next.
pub const TILE_HEIGHT: u8 = 8;
/// Highest level of a tile that an address can name.
pub const LEVEL_MAX: u8 = 63;
/// Longest entry, in bytes: what a length of 16 bits can say.
pub const ENTRY_MAX: usize = u16::MAX as usize;

const WIDTH: u64 = TILE_WIDTH as u64;
/// Longest address of a tile: a level of two digits, seven groups, a width of three digits.
const PATH_MAX: usize = "tile/entries/x018/x446/x744/x073/x709/x551/615.p/255".len();

/// What a tile holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum TileKind {
    /// Hashes; the level is the tile's, 0 to 63: level 1 holds a hash for each full tile of level 0.
    Hashes(u8),
    /// Entries, in the order of the hashes of level 0.
    Entries,
}

/// Names one tile.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TileId {
    kind: TileKind,
    index: u64,
    width: u16,
}

fn bad_path(text: &str) -> Refusal {
    let why = "write tile/LEVEL/INDEX or tile/entries/INDEX, such as tile/0/x001/x234/067 or tile/0/067.p/12";
    Refusal::invalid("bad_tile_path", format!("“{}” names no tile: {why}", shown(text)))
}

impl TileId {
    /// The tile of that kind and index, `width` hashes or entries wide.
    ///
    /// # Errors
    /// `bad_tile` when the level is above 63 or the width not 1 to 256.
    pub fn new(kind: TileKind, index: u64, width: u16) -> Result<Self, Refusal> {
        if matches!(kind, TileKind::Hashes(level) if level > LEVEL_MAX) || !(1..=TILE_WIDTH).contains(&width) {
            let why = format!("a tile's level is 0 to {LEVEL_MAX} and its width 1 to {TILE_WIDTH}");
            return Err(Refusal::invalid("bad_tile", why));
        }
        Ok(Self { kind, index, width })
    }

    /// The full tile of that kind and index; levels above 63 have none, and stand for that one.
    #[must_use]
    pub fn full(kind: TileKind, index: u64) -> Self {
        let kind = match kind {
            TileKind::Hashes(level) => TileKind::Hashes(level.min(LEVEL_MAX)),
            TileKind::Entries => TileKind::Entries,
        };
        Self { kind, index, width: TILE_WIDTH }
    }

    /// The tile of that kind and index as a tree of `size` leaves has it: full, partial, or not at all.
    #[must_use]
    pub fn in_tree(kind: TileKind, index: u64, size: u64) -> Option<Self> {
        let left = row(kind, size).checked_sub(index.checked_mul(WIDTH)?)?;
        Self::new(kind, index, left.min(WIDTH) as u16).ok()
    }

    /// Hashes of which level, or entries.
    #[must_use]
    pub fn kind(self) -> TileKind {
        self.kind
    }

    /// Place in its row, from 0.
    #[must_use]
    pub fn index(self) -> u64 {
        self.index
    }

    /// How many hashes or entries it holds, 1 to 256.
    #[must_use]
    pub fn width(self) -> u16 {
        self.width
    }

    /// Whether it holds all it ever will.
    #[must_use]
    pub fn is_full(self) -> bool {
        self.width == TILE_WIDTH
    }

    /// Its address below the log's: `tile/0/x001/x234/067`, with `.p/W` behind when it is partial.
    #[must_use]
    pub fn path(self) -> String {
        let mut path = match self.kind {
            TileKind::Hashes(level) => format!("tile/{level}/"),
            TileKind::Entries => "tile/entries/".to_owned(),
        };
        let digits = self.index.to_string();
        let digits = format!("{digits:0>width$}", width = digits.len().next_multiple_of(3));
        for at in (0..digits.len()).step_by(3) {
            if at + 3 < digits.len() {
                path.extend(["x", &digits[at..at + 3], "/"]);
            } else {
                path.push_str(&digits[at..]);
            }
        }
        if !self.is_full() {
            path.push_str(&format!(".p/{}", self.width));
        }
        path
    }

    /// Reads an address; no second way to write one is accepted.
    ///
    /// # Errors
    /// `bad_tile_path`.
    pub fn parse(path: &str) -> Result<Self, Refusal> {
        let read = || {
            let rest = path.strip_prefix("tile/").filter(|_| path.len() <= PATH_MAX)?;
            let (row, place) = rest.split_once('/')?;
            let kind = if row == "entries" { TileKind::Entries } else { TileKind::Hashes(row.parse().ok()?) };
            let (place, width) = match place.split_once(".p/") {
                Some((place, width)) => (place, width.parse().ok()?),
                None => (place, TILE_WIDTH),
            };
            let digits: String = place.split('/').map(|group| group.strip_prefix('x').unwrap_or(group)).collect();
            Self::new(kind, digits.parse().ok()?, width).ok()
        };
        // What is read leniently is written again: every other way to write it differs.
        read().filter(|id| id.path() == path).ok_or_else(|| bad_path(path))
    }
}

impl fmt::Display for TileId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.path())
    }
}

/// Hashes or entries in the whole row of a tree of `size` leaves.
fn row(kind: TileKind, size: u64) -> u64 {
    match kind {
        TileKind::Hashes(level) => size.checked_shr(u32::from(level) * u32::from(TILE_HEIGHT)).unwrap_or(0),
        TileKind::Entries => size,
    }
}

/// Every tile a tree of `size` leaves has, full and partial: the bundles of entries, then the hashes from level 0 up.
pub fn tiles_of(size: u64) -> impl Iterator<Item = TileId> {
    let hashes = (0..=LEVEL_MAX).map(TileKind::Hashes).take_while(move |kind| row(*kind, size) > 0);
    [TileKind::Entries].into_iter().chain(hashes).flat_map(move |kind| {
        (0..row(kind, size).div_ceil(WIDTH)).filter_map(move |index| TileId::in_tree(kind, index, size))
    })
}

/// Bytes of a hash tile, `width` times 32, out of stored nodes.
///
/// # Errors
/// When a node cannot be had.
pub fn hash_tile<N: Nodes + ?Sized>(level: u8, index: u64, width: u16, nodes: &N) -> Result<Vec<u8>, N::Error> {
    let mut bytes = Vec::with_capacity(usize::from(width) * Hash::LEN);
    for i in 0..u64::from(width) {
        let hash = nodes.node(level.saturating_mul(TILE_HEIGHT), index.saturating_mul(WIDTH).saturating_add(i))?;
        bytes.extend(hash.to_bytes());
    }
    Ok(bytes)
}

/// Why a node could not be read out of tiles.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum TileFailure<E> {
    /// The node does not lie whole in the tree.
    #[error("node {index} of level {level} does not stand whole in a tree of {size} leaves")]
    NoSuchNode {
        /// Level of the node, 0 for a leaf.
        level: u8,
        /// Its place on the level.
        index: u64,
        /// Leaves of the tree.
        size: u64,
    },
    /// The tile's bytes are not its hashes.
    #[error("{tile} has {bytes} bytes, not 32 for each of its hashes")]
    Malformed {
        /// The tile.
        tile: TileId,
        /// Bytes found.
        bytes: usize,
    },
    /// The tile could not be had.
    #[error(transparent)]
    Read(E),
}

/// The nodes of a tree of `size` leaves, read out of its hash tiles. What the tiles say is believed: hold a root
/// computed from them, or a proof, against a signed checkpoint.
pub struct FromTiles<F> {
    size: u64,
    read: F,
}

impl<F> FromTiles<F> {
    /// `read` gives a tile's bytes: exactly those of the width asked for, or of a wider tile of the same place, as a log
    /// has it once it has grown.
    pub fn new(size: u64, read: F) -> Self {
        Self { size, read }
    }
}

impl<F, B, E> Nodes for FromTiles<F>
where
    F: Fn(TileId) -> Result<B, E>,
    B: AsRef<[u8]>,
{
    type Error = TileFailure<E>;

    fn node(&self, level: u8, index: u64) -> Result<Hash, Self::Error> {
        // The node stands `above` levels over the tile that holds what it is made of.
        let (kind, above) = (TileKind::Hashes(level / TILE_HEIGHT), level % TILE_HEIGHT);
        let place = || {
            let end = index.checked_add(1)?.checked_mul(1 << above).filter(|end| *end <= row(kind, self.size))?;
            let first = end - (1 << above);
            let tile = TileId::in_tree(kind, first / WIDTH, self.size)?;
            Some((tile, (first % WIDTH) as usize * Hash::LEN))
        };
        let (tile, start) = place().ok_or(TileFailure::NoSuchNode { level, index, size: self.size })?;
        let bytes = (self.read)(tile).map_err(TileFailure::Read)?;
        let bytes = bytes.as_ref();
        let malformed = TileFailure::Malformed { tile, bytes: bytes.len() };
        let full = usize::from(TILE_WIDTH) * Hash::LEN;
        let wide = usize::from(tile.width()) * Hash::LEN;
        if bytes.len() % Hash::LEN != 0 || !(wide..=full).contains(&bytes.len()) {
            return Err(malformed);
        }
        let hashes = bytes.get(start..start + (Hash::LEN << above)).unwrap_or_default();
        complete(hashes).ok_or(malformed)
    }
}

/// Root over the hashes of a full tile; none where the bytes are not one.
#[must_use]
pub fn tile_root(bytes: &[u8]) -> Option<Hash> {
    complete(bytes).filter(|_| bytes.len() == usize::from(TILE_WIDTH) * Hash::LEN)
}

/// Root over hashes whose number is a power of two.
fn complete(bytes: &[u8]) -> Option<Hash> {
    // In place, row over row.
    let mut row: Vec<Hash> = bytes.chunks(Hash::LEN).filter_map(Hash::from_slice).collect();
    while row.len() > 1 {
        let above = row.len() / 2;
        for i in 0..above {
            row[i] = node(&row[2 * i], &row[2 * i + 1]);
        }
        row.truncate(above);
    }
    row.first().copied()
}

/// Entries as a bundle: each with its length before it, 16 bits, most significant byte first.
///
/// # Errors
/// `bad_bundle`: not 1 to 256 entries, or one longer than [`ENTRY_MAX`].
pub fn bundle<E: AsRef<[u8]>>(entries: &[E]) -> Result<Vec<u8>, Refusal> {
    check_count(entries.len())?;
    let mut out = Vec::new();
    for entry in entries.iter().map(AsRef::as_ref) {
        let length = u16::try_from(entry.len()).map_err(|_| {
            let why = format!("an entry has at most {ENTRY_MAX} bytes, not {}", entry.len());
            Refusal::invalid("bad_bundle", why)
        })?;
        out.extend(length.to_be_bytes());
        out.extend(entry);
    }
    Ok(out)
}

/// The entries of a bundle.
///
/// # Errors
/// `bad_bundle`: it ends within an entry, or holds none or more than 256.
pub fn entries(bundle: &[u8]) -> Result<Vec<&[u8]>, Refusal> {
    let cut = || Refusal::invalid("bad_bundle", "the bundle ends within an entry");
    let mut out = Vec::new();
    let mut rest = bundle;
    while !rest.is_empty() {
        let (length, tail) = rest.split_first_chunk().ok_or_else(cut)?;
        let (entry, tail) = tail.split_at_checked(u16::from_be_bytes(*length).into()).ok_or_else(cut)?;
        out.push(entry);
        check_count(out.len())?;
        rest = tail;
    }
    check_count(out.len())?;
    Ok(out)
}

fn check_count(entries: usize) -> Result<(), Refusal> {
    if (1..=usize::from(TILE_WIDTH)).contains(&entries) {
        return Ok(());
    }
    Err(Refusal::invalid("bad_bundle", format!("a bundle holds 1 to {TILE_WIDTH} entries, not {entries}")))
}

#[cfg(test)]
#[path = "tile_tests.rs"]
mod tests;
