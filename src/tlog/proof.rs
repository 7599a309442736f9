//! Verifying proofs (RFC 9162 sections 2.1.3.2 and 2.1.4.2).

use super::hash::{Hash, node};
use thiserror::Error;

/// Why a proof proves nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum ProofFailure {
    /// The leaf lies beyond the tree.
    #[error("the tree has no such leaf")]
    NoSuchLeaf,
    /// The later tree is the smaller one.
    #[error("the later tree has fewer leaves than the earlier one")]
    Shrunk,
    /// A proof for this leaf and size has more hashes, or fewer.
    #[error("the proof has too many or too few hashes")]
    WrongLength,
    /// It leads to another root than the earlier tree's.
    #[error("the proof does not lead to the root of the earlier tree")]
    WrongOldRoot,
    /// It leads to another root.
    #[error("the proof does not lead to the root of the tree")]
    WrongRoot,
}

impl ProofFailure {
    /// Stable machine name.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::NoSuchLeaf => "no_such_leaf",
            Self::Shrunk => "log_shrunk",
            Self::WrongLength => "proof_length",
            Self::WrongOldRoot => "old_root_mismatch",
            Self::WrongRoot => "root_mismatch",
        }
    }
}

/// Verifies that the tree of `size` leaves with this root has this hash as its leaf `index`.
///
/// # Errors
/// [`ProofFailure`].
pub fn verify_inclusion(leaf: &Hash, index: u64, size: u64, proof: &[Hash], root: &Hash) -> Result<(), ProofFailure> {
    if index >= size {
        return Err(ProofFailure::NoSuchLeaf);
    }
    let (mut at, mut last, mut hash) = (index, size - 1, *leaf);
    for sibling in proof {
        if last == 0 {
            return Err(ProofFailure::WrongLength);
        }
        if at & 1 == 1 || at == last {
            hash = node(sibling, &hash);
            // Levels at which this subtree is the last and has no sibling are passed over.
            while at & 1 == 0 && at != 0 {
                at >>= 1;
                last >>= 1;
            }
        } else {
            hash = node(&hash, sibling);
        }
        at >>= 1;
        last >>= 1;
    }
    match (last, hash == *root) {
        (0, true) => Ok(()),
        (0, false) => Err(ProofFailure::WrongRoot),
        _ => Err(ProofFailure::WrongLength),
    }
}

/// Verifies that the tree of `new` leaves began as that of `old` leaves. Nothing but the empty proof shows that a tree is
/// itself, and that every tree began empty.
///
/// # Errors
/// [`ProofFailure`].
pub fn verify_consistency(
    old: u64,
    old_root: &Hash,
    new: u64,
    new_root: &Hash,
    proof: &[Hash],
) -> Result<(), ProofFailure> {
    if old > new {
        return Err(ProofFailure::Shrunk);
    }
    if old == 0 || old == new {
        let expected = if old == 0 { &Hash::EMPTY } else { new_root };
        return match (proof.is_empty(), old_root == expected) {
            (false, _) => Err(ProofFailure::WrongLength),
            (true, false) => Err(ProofFailure::WrongOldRoot),
            (true, true) => Ok(()),
        };
    }
    // A whole old tree is the first node on the way, and known: the proof leaves it out.
    let (first, rest) = match (old.is_power_of_two(), proof.split_first()) {
        (true, _) => (old_root, proof),
        (false, Some((first, rest))) => (first, rest),
        (false, None) => return Err(ProofFailure::WrongLength),
    };
    let (mut at, mut last) = (old - 1, new - 1);
    while at & 1 == 1 {
        at >>= 1;
        last >>= 1;
    }
    let (mut old_hash, mut new_hash) = (*first, *first);
    for sibling in rest {
        if last == 0 {
            return Err(ProofFailure::WrongLength);
        }
        if at & 1 == 1 || at == last {
            old_hash = node(sibling, &old_hash);
            new_hash = node(sibling, &new_hash);
            while at & 1 == 0 && at != 0 {
                at >>= 1;
                last >>= 1;
            }
        } else {
            new_hash = node(&new_hash, sibling);
        }
        at >>= 1;
        last >>= 1;
    }
    match (last, old_hash == *old_root, new_hash == *new_root) {
        (0, true, true) => Ok(()),
        (0, false, _) => Err(ProofFailure::WrongOldRoot),
        (0, true, false) => Err(ProofFailure::WrongRoot),
        _ => Err(ProofFailure::WrongLength),
    }
}
