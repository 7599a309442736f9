//! Floor 1: the transparency log's arithmetic. Merkle trees, proofs, tiles, checkpoints.
//!
//! Trees are those of RFC 6962 and RFC 9162 over SHA-256; tiles and checkpoints are those of C2SP tlog-tiles and
//! tlog-checkpoint. Nothing here knows what an entry means, and nothing reads or writes: nodes and tiles are asked for
//! through [`Nodes`] and [`FromTiles`]. A proof is verified by the sizes and hashes in it, never by who gave it.

pub mod checkpoint;
pub mod hash;
pub mod proof;
pub mod tile;
pub mod tree;

pub use checkpoint::Checkpoint;
pub use hash::{Hash, leaf, node};
pub use proof::{ProofFailure, verify_consistency, verify_inclusion};
pub use tile::{
    ENTRY_MAX, FromTiles, LEVEL_MAX, TILE_HEIGHT, TILE_WIDTH, TileFailure, TileId, TileKind, bundle, entries,
    tile_root, tiles_of,
};
pub use tree::{Frontier, Nodes, TreeFailure};

/// Largest tree, in leaves: 2^63 - 1, what other implementations of tiled logs hold in a signed integer.
pub const MAX_SIZE: u64 = i64::MAX as u64;

#[cfg(test)]
mod tests;
