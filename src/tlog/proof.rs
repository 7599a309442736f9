//! Verifying proofs (RFC 9162 sections 2.1.3.2 and 2.1.4.2).

use super::hash::{Hash, node};
use thiserror::Error;

/// Why a proof proves nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum ProofFailure {
    /// The leaf lies outside the tree.
    #[error("leaf {index} does not stand in a tree of {size} leaves")]
    NoSuchLeaf {
        /// The leaf, counted from 0.
        index: u64,
        /// Leaves of the tree.
        size: u64,
    },
    /// The earlier tree is larger than the later one.
    #[error("a tree of {new} leaves was never one of {old}")]
    NoSuchPast {
        /// Leaves of the earlier tree.
        old: u64,
        /// Leaves of the later tree.
        new: u64,
    },
    /// Fewer hashes than these sizes need.
    #[error("the proof has too few hashes for a tree of this size")]
    TooShort,
    /// More hashes than these sizes need.
    #[error("the proof has too many hashes for a tree of this size")]
    TooLong,
    /// The hashes lead to another root than the earlier tree's.
    #[error("the proof does not lead to the root of the earlier tree")]
    OldRoot,
    /// The hashes lead to another root than the tree's, the later one's where there are two.
    #[error("the proof does not lead to the root of the tree")]
    Root,
}

impl ProofFailure {
    /// Stable machine name.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::NoSuchLeaf { .. } => "proof_no_such_leaf",
            Self::NoSuchPast { .. } => "proof_no_such_past",
            Self::TooShort => "proof_too_short",
            Self::TooLong => "proof_too_long",
            Self::OldRoot => "proof_old_root_mismatch",
            Self::Root => "proof_root_mismatch",
        }
    }
}

/// Where a verifier stands on its way up: a subtree's place on its level, and the place of the last one there.
struct Climb {
    at: u64,
    last: u64,
}

impl Climb {
    fn up(&mut self) {
        self.at >>= 1;
        self.last >>= 1;
    }

    /// Whether the next hash is the left half. A subtree at the right edge that has no sibling is the same tree one
    /// level up, so these levels are passed.
    fn next_is_left(&mut self) -> Result<bool, ProofFailure> {
        if self.last == 0 {
            return Err(ProofFailure::TooLong);
        }
        let left = self.at & 1 == 1 || self.at == self.last;
        while left && self.at & 1 == 0 && self.at != 0 {
            self.up();
        }
        self.up();
        Ok(left)
    }

    fn end(&self) -> Result<(), ProofFailure> {
        if self.last == 0 { Ok(()) } else { Err(ProofFailure::TooShort) }
    }
}

/// Verifies that the leaf with this hash is leaf `index` (from 0) of the tree of `size` leaves with this root.
///
/// # Errors
/// See [`ProofFailure`]; the proof has exactly the hashes it needs or is refused.
pub fn verify_inclusion(leaf: Hash, index: u64, size: u64, proof: &[Hash], root: Hash) -> Result<(), ProofFailure> {
    if index >= size {
        return Err(ProofFailure::NoSuchLeaf { index, size });
    }
    let mut climb = Climb { at: index, last: size - 1 };
    let mut found = leaf;
    for hash in proof {
        found = if climb.next_is_left()? { node(hash, &found) } else { node(&found, hash) };
    }
    climb.end()?;
    if found == root { Ok(()) } else { Err(ProofFailure::Root) }
}

/// Verifies that the tree of `new` leaves with `new_root` begins with the tree of `old` leaves with `old_root`: nothing
/// was changed or taken away. From 0 to any size, and from a size to itself, the proof is empty; of size 0 there is one
/// root, [`Hash::EMPTY`].
///
/// # Errors
/// See [`ProofFailure`]; the proof has exactly the hashes it needs or is refused.
pub fn verify_consistency(
    old: u64,
    old_root: Hash,
    new: u64,
    new_root: Hash,
    proof: &[Hash],
) -> Result<(), ProofFailure> {
    if old > new {
        return Err(ProofFailure::NoSuchPast { old, new });
    }
    if old == 0 && old_root != Hash::EMPTY {
        return Err(ProofFailure::OldRoot);
    }
    if old == 0 || old == new {
        return match proof {
            [_, ..] => Err(ProofFailure::TooLong),
            [] if old == new && old_root != new_root => Err(ProofFailure::Root),
            [] => Ok(()),
        };
    }
    // A complete earlier tree is a node of the later one: its root opens the proof without being sent.
    let (start, rest) = if old.is_power_of_two() {
        (old_root, proof)
    } else {
        proof.split_first().map(|(first, rest)| (*first, rest)).ok_or(ProofFailure::TooShort)?
    };
    let mut climb = Climb { at: old - 1, last: new - 1 };
    while climb.at & 1 == 1 {
        climb.up();
    }
    let (mut old_found, mut new_found) = (start, start);
    for hash in rest {
        if climb.next_is_left()? {
            old_found = node(hash, &old_found);
            new_found = node(hash, &new_found);
        } else {
            new_found = node(&new_found, hash);
        }
    }
    climb.end()?;
    if old_found != old_root {
        return Err(ProofFailure::OldRoot);
    }
    if new_found == new_root { Ok(()) } else { Err(ProofFailure::Root) }
}
