//! Floor 1: the Merkle tree of a transparency log: hashes, proofs, tiles, checkpoints (RFC 6962, RFC 9162, C2SP tlog-tiles and
//! tlog-checkpoint). Pure: what lies in files is handed in.

mod checkpoint;
mod hash;
mod proof;
#[cfg(test)]
mod tests;
mod tile;
mod tree;

pub use checkpoint::{BadCheckpoint, Checkpoint};
pub use hash::{Hash, leaf, node};
pub use proof::{ProofFailure, verify_consistency, verify_inclusion};
pub use tile::{
    BadBundle, BadTile, ENTRY_MAX, FromTiles, TILE_WIDTH, TileId, bundle, entries, subtree_root, tile_bytes,
    tile_hashes, tile_root_of,
};
pub use tree::{Frontier, Nodes};
