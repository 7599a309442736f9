//! The tree as it grows, and proofs made from it.

use super::hash::{Hash, node};

/// The right edge of a growing tree: roots of its complete subtrees, largest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Frontier {
    size: u64,
    peaks: Vec<Hash>,
}

impl Frontier {
    /// The empty tree.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Leaves in the tree.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Adds a leaf. `each` is told every node completed by it, the leaf first: level (0 for leaves), index within the level, hash.
    pub fn push(&mut self, leaf: Hash, mut each: impl FnMut(u8, u64, Hash)) {
        let (mut hash, mut index) = (leaf, self.size);
        each(0, index, hash);
        for level in 1..=self.size.trailing_ones() as u8 {
            // As many trailing ones in the size, as many subtrees wait for their right half.
            let Some(left) = self.peaks.pop() else { break };
            hash = node(&left, &hash);
            index >>= 1;
            each(level, index, hash);
        }
        self.peaks.push(hash);
        self.size += 1;
    }

    /// Root of the tree (RFC 9162 section 2.1.1).
    #[must_use]
    pub fn root(&self) -> Hash {
        let join = |right: Hash, left: &Hash| node(left, &right);
        match self.peaks.split_last() {
            None => Hash::EMPTY,
            Some((last, rest)) => rest.iter().rev().fold(*last, join),
        }
    }
}

/// The nodes of a tree, wherever they are kept.
pub trait Nodes {
    /// Why a node cannot be had.
    type Error;

    /// Root of the complete subtree of 2^`level` leaves that begins at leaf `index` * 2^`level`. Only nodes that lie whole in
    /// the tree are asked for.
    ///
    /// # Errors
    /// The node cannot be had.
    fn node(&self, level: u8, index: u64) -> Result<Hash, Self::Error>;

    /// Root of the leaves `from` to `to`, an aligned part of a tree.
    ///
    /// # Errors
    /// A node cannot be had.
    fn range(&self, from: u64, to: u64) -> Result<Hash, Self::Error> {
        let width = to.saturating_sub(from);
        if width == 0 {
            return Ok(Hash::EMPTY);
        }
        if width.is_power_of_two() {
            let level = width.trailing_zeros();
            return self.node(level as u8, from >> level);
        }
        let middle = from + split(width);
        Ok(node(&self.range(from, middle)?, &self.range(middle, to)?))
    }

    /// Root of the tree of the first `size` leaves.
    ///
    /// # Errors
    /// A node cannot be had.
    fn root(&self, size: u64) -> Result<Hash, Self::Error> {
        self.range(0, size)
    }

    /// Proof that leaf `index` is in the tree of `size` leaves (RFC 9162 section 2.1.3.1); empty where it is not.
    ///
    /// # Errors
    /// A node cannot be had.
    fn inclusion(&self, index: u64, size: u64) -> Result<Vec<Hash>, Self::Error> {
        let (mut from, mut to, mut proof) = (0, size, vec![]);
        if index >= size {
            return Ok(proof);
        }
        while to - from > 1 {
            let middle = from + split(to - from);
            if index < middle {
                proof.push(self.range(middle, to)?);
                to = middle;
            } else {
                proof.push(self.range(from, middle)?);
                from = middle;
            }
        }
        proof.reverse();
        Ok(proof)
    }

    /// Proof that the tree of `old` leaves is the beginning of that of `new` leaves (RFC 9162 section 2.1.4.1); empty where
    /// there is nothing to prove: `old` is 0 or not below `new`.
    ///
    /// # Errors
    /// A node cannot be had.
    fn consistency(&self, old: u64, new: u64) -> Result<Vec<Hash>, Self::Error> {
        let (mut from, mut to, mut proof, mut whole) = (0, new, vec![], true);
        if old == 0 || old >= new {
            return Ok(proof);
        }
        while to != old {
            let middle = from + split(to - from);
            if old <= middle {
                proof.push(self.range(middle, to)?);
                to = middle;
            } else {
                proof.push(self.range(from, middle)?);
                from = middle;
                whole = false;
            }
        }
        // The old tree's root is known to who asks; a part of it is not.
        if !whole {
            proof.push(self.range(from, to)?);
        }
        proof.reverse();
        Ok(proof)
    }
}

/// The largest power of two below `width`, which is at least 2.
fn split(width: u64) -> u64 {
    1 << (u64::BITS - 1 - (width - 1).leading_zeros())
}
