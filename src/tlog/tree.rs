//! Trees: growing one leaf by leaf, and proofs out of stored nodes (RFC 9162 sections 2.1.3.1 and 2.1.4.1).

use super::hash::{Hash, node};
use thiserror::Error;

/// Why no proof was made.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum TreeFailure<E> {
    /// The leaf lies outside the tree.
    #[error("leaf {index} does not stand in a tree of {size} leaves")]
    NoSuchLeaf {
        /// The leaf asked for, counted from 0.
        index: u64,
        /// Leaves of the tree asked for.
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
    /// A node could not be had.
    #[error(transparent)]
    Node(#[from] E),
}

/// Where the nodes of a tree are kept. A node (`level`, `index`) is the root of the complete subtree of 2^`level`
/// leaves that begins at leaf `index` * 2^`level`; it never changes when the tree grows.
pub trait Nodes {
    /// Why a node cannot be had.
    type Error;

    /// The hash of a node. Only nodes that lie whole in the tree at hand are asked for.
    ///
    /// # Errors
    /// When it cannot be had.
    fn node(&self, level: u8, index: u64) -> Result<Hash, Self::Error>;

    /// Root of the tree of the first `size` leaves.
    ///
    /// # Errors
    /// When a node cannot be had.
    fn root(&self, size: u64) -> Result<Hash, Self::Error> {
        span(self, 0, size)
    }

    /// Proof that leaf `index` stands in the tree of `size` leaves: hashes from the leaf's sibling up.
    ///
    /// # Errors
    /// [`TreeFailure::NoSuchLeaf`], or a node cannot be had.
    fn inclusion(&self, index: u64, size: u64) -> Result<Vec<Hash>, TreeFailure<Self::Error>> {
        if index >= size {
            return Err(TreeFailure::NoSuchLeaf { index, size });
        }
        let (mut from, mut to) = (0, size);
        let mut proof = Vec::new();
        while to - from > 1 {
            let middle = from + left_half(to - from);
            if index < middle {
                proof.push(span(self, middle, to)?);
                to = middle;
            } else {
                proof.push(span(self, from, middle)?);
                from = middle;
            }
        }
        proof.reverse();
        Ok(proof)
    }

    /// Proof that the tree of `new` leaves begins with the tree of `old` leaves. It is empty when `old` is `new` and,
    /// since every tree begins with the empty one, when `old` is 0.
    ///
    /// # Errors
    /// [`TreeFailure::NoSuchPast`], or a node cannot be had.
    fn consistency(&self, old: u64, new: u64) -> Result<Vec<Hash>, TreeFailure<Self::Error>> {
        if old > new {
            return Err(TreeFailure::NoSuchPast { old, new });
        }
        let (mut from, mut to) = (0, new);
        let mut proof = Vec::new();
        while old > 0 && old < to {
            let middle = from + left_half(to - from);
            if old <= middle {
                proof.push(span(self, middle, to)?);
                to = middle;
            } else {
                proof.push(span(self, from, middle)?);
                from = middle;
            }
        }
        // A whole earlier tree on the left edge is known to the verifier: its root is what is being proved.
        if from > 0 {
            proof.push(span(self, from, to)?);
        }
        proof.reverse();
        Ok(proof)
    }
}

/// Largest power of two below `leaves`, of which there are at least two.
fn left_half(leaves: u64) -> u64 {
    1 << (leaves - 1).ilog2()
}

/// Hash of the leaves `from..to`, where `from` is a multiple of a power of two that is not below their number: the
/// complete subtrees among them, largest first, folded from the right.
fn span<N: Nodes + ?Sized>(nodes: &N, from: u64, to: u64) -> Result<Hash, N::Error> {
    let mut roots = Vec::new();
    let mut at = from;
    while at < to {
        let level = (to - at).ilog2();
        roots.push(nodes.node(level as u8, at >> level)?);
        at += 1 << level;
    }
    Ok(fold(&roots))
}

/// Root over neighbouring complete subtrees, largest first.
fn fold(roots: &[Hash]) -> Hash {
    roots.iter().rev().copied().reduce(|right, left| node(&left, &right)).unwrap_or(Hash::EMPTY)
}

/// The right edge of a growing tree: all it takes to add leaves and to tell the root.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Frontier {
    size: u64,
    /// Roots of the complete subtrees the tree consists of, largest (leftmost) first: one for each bit of `size`.
    roots: Vec<Hash>,
}

impl Frontier {
    /// Of the empty tree.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Of the tree of the first `size` leaves, out of stored nodes.
    ///
    /// # Errors
    /// When a node cannot be had.
    pub fn load<N: Nodes + ?Sized>(size: u64, nodes: &N) -> Result<Self, N::Error> {
        let levels = (0..u64::BITS as u8).rev().filter(|level| size >> level & 1 == 1);
        // The bits above this one, without it, are the subtrees that stand before.
        let roots = levels.map(|level| nodes.node(level, (size >> level) - 1)).collect::<Result<_, _>>()?;
        Ok(Self { size, roots })
    }

    /// Leaves of the tree.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Adds a leaf by its hash. `each` is told every node that becomes complete, from the leaf itself (level 0) up.
    pub fn push(&mut self, leaf: Hash, mut each: impl FnMut(u8, u64, Hash)) {
        let (mut level, mut index, mut hash) = (0, self.size, leaf);
        each(level, index, hash);
        while index & 1 == 1
            && let Some(left) = self.roots.pop()
        {
            (level, index, hash) = (level + 1, index >> 1, node(&left, &hash));
            each(level, index, hash);
        }
        self.roots.push(hash);
        self.size = self.size.saturating_add(1); // 2^64 leaves are never pushed
    }

    /// Root of the tree.
    #[must_use]
    pub fn root(&self) -> Hash {
        fold(&self.roots)
    }
}
