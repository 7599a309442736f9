//! Views: what reads need beside the journal, as small keys in order. All of it is derived and can be rebuilt.

mod filter;
mod incoming;
pub mod keys;
mod layers;
mod memory;
pub mod project;
pub mod search;
mod settled;
mod sled;

pub use layers::{LayeredViews, ViewsDir};
pub use memory::{MemorySource, MemoryViews};

use super::StoreError;
use super::codec::PROGRAM;
use super::journal::scan::Tip;
use sha2::{Digest, Sha256};
use std::ops::ControlFlow;

/// Key of [`Applied`]; before every table.
pub const APPLIED_KEY: &[u8] = &[0];
/// First key of the tables.
pub const FIRST_KEY: &[u8] = &[1];
/// Behind every key.
pub const END_KEY: &[u8] = &[0xff];

/// Which pairs the views have; a larger number with every table that comes in between two versions.
const LAYOUT: u32 = 5;

/// One change of a view.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ViewWrite {
    /// A new pair. No key is ever put twice without being removed in between: [`Applied`] counts on it.
    Put {
        /// The key, its first byte the table.
        key: Vec<u8>,
        /// The value.
        value: Vec<u8>,
    },
    /// Removes a pair whose value is empty.
    Remove {
        /// The key.
        key: Vec<u8>,
    },
}

/// What views stand on, written in one step with the pairs themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Applied {
    /// Applied up to here.
    pub tip: Tip,
    /// How many pairs there are.
    pub pairs: u64,
    /// Sum over all pairs, so that a view that lost anything is noticed.
    pub sum: u128,
}

impl Applied {
    /// Empty views.
    pub const START: Self = Self { tip: Tip::START, pairs: 0, sum: 0 };
    const BYTES: usize = 76;

    /// Stands for the version that made the views: those of another one are made anew, since it may have put down other
    /// pairs, or understood events that this one does not.
    fn maker() -> u32 {
        crc32c::crc32c_append(crc32c::crc32c(PROGRAM.as_bytes()), &LAYOUT.to_be_bytes())
    }

    /// The same after these writes, at another point.
    #[must_use]
    pub fn after(mut self, writes: &[ViewWrite], tip: Tip) -> Self {
        for write in writes {
            match write {
                ViewWrite::Put { key, value } => self.add(key, value),
                ViewWrite::Remove { key } => self.remove(key, &[]),
            }
        }
        self.tip = tip;
        self
    }

    /// Counts one pair in.
    pub fn add(&mut self, key: &[u8], value: &[u8]) {
        self.pairs = self.pairs.wrapping_add(1);
        self.sum = self.sum.wrapping_add(pair_sum(key, value));
    }

    /// Counts one pair out.
    pub fn remove(&mut self, key: &[u8], value: &[u8]) {
        self.pairs = self.pairs.wrapping_sub(1);
        self.sum = self.sum.wrapping_sub(pair_sum(key, value));
    }

    /// What was found, where it is what was written.
    ///
    /// # Errors
    /// `Corrupt` where it is not.
    pub fn must_be(self, written: Self) -> Result<Self, StoreError> {
        if self == written {
            return Ok(self);
        }
        Err(damaged("pairs", format!("{} pairs are there, {} were written", self.pairs, written.pairs)))
    }

    /// As stored.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(Self::BYTES);
        out.extend_from_slice(&Self::maker().to_be_bytes());
        out.extend_from_slice(&self.tip.next_seq.to_be_bytes());
        out.extend_from_slice(&self.tip.segment.to_be_bytes());
        out.extend_from_slice(&self.tip.offset.to_be_bytes());
        out.extend_from_slice(&self.tip.hash);
        out.extend_from_slice(&self.pairs.to_be_bytes());
        out.extend_from_slice(&self.sum.to_be_bytes());
        out
    }

    /// Reads what is stored.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        use super::codec::{be32, be64};
        let known = bytes.len() == Self::BYTES && be32(bytes, 0) == Some(Self::maker());
        known.then_some(())?;
        Some(Self {
            tip: Tip {
                next_seq: be64(bytes, 4)?,
                segment: be32(bytes, 12)?,
                offset: be32(bytes, 16)?,
                hash: bytes.get(20..52)?.try_into().ok()?,
            },
            pairs: be64(bytes, 52)?,
            sum: u128::from_be_bytes(bytes.get(60..76)?.try_into().ok()?),
        })
    }
}

fn pair_sum(key: &[u8], value: &[u8]) -> u128 {
    let mut hash = Sha256::new();
    hash.update((key.len() as u64).to_be_bytes());
    hash.update(key);
    hash.update(value);
    let digest: [u8; 32] = hash.finalize().into();
    digest.iter().take(16).fold(0, |sum, b| sum << 8 | u128::from(*b))
}

/// What a scan does with each pair: go on or stop.
pub type Each<'a> = dyn FnMut(&[u8], &[u8]) -> Result<ControlFlow<()>, StoreError> + 'a;

/// Pairs in the order of their keys.
///
/// A view need not be durable, and may fall behind the journal when the process ends; it must never hold a part of what
/// one [`Views::apply`] wrote. Any error means that it is damaged and to be rebuilt.
pub trait Views: Send + Sync {
    /// The value of a key.
    ///
    /// # Errors
    /// `Corrupt` or `Io`.
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError>;

    /// Hands out the pairs from `from` on and before `to`, in order, until told to stop.
    ///
    /// # Errors
    /// `Corrupt` or `Io`, or what `each` says.
    fn scan(&self, from: &[u8], to: &[u8], each: &mut Each<'_>) -> Result<(), StoreError>;

    /// The last key from `from` on and before `to`.
    ///
    /// # Errors
    /// `Corrupt` or `Io`.
    fn last_key(&self, from: &[u8], to: &[u8]) -> Result<Option<Vec<u8>>, StoreError>;

    /// Applies writes in order, all or none, with the point they lead to. It may keep them in memory: the engine's readers wait meanwhile.
    ///
    /// # Errors
    /// `Corrupt` or `Io`; the view is not to be written to again.
    fn apply(&self, writes: &[ViewWrite], applied: &Applied) -> Result<(), StoreError>;

    /// Takes from memory what [`Views::apply`] kept there, whole applies only. Whoever applies calls it after each, when readers no longer
    /// wait; else memory grows.
    ///
    /// # Errors
    /// `Full` where the disk has no room and much is waiting; else as there.
    fn hand_over(&self) -> Result<(), StoreError> {
        Ok(())
    }

    /// What it stands on.
    ///
    /// # Errors
    /// `Corrupt` when that has no reading.
    fn applied(&self) -> Result<Applied, StoreError> {
        match self.get(APPLIED_KEY)? {
            None => Ok(Applied::START),
            Some(bytes) => Applied::from_bytes(&bytes)
                .ok_or_else(|| damaged("applied", format!("they were not made by starmark {PROGRAM}"))),
        }
    }

    /// What it stands on, once it is sure that it is whole.
    ///
    /// # Errors
    /// `Corrupt` when it is not.
    fn stands_on(&self) -> Result<Applied, StoreError> {
        self.verify()
    }

    /// Whether new pairs are to settle.
    fn settling(&self) -> Settling {
        Settling::None
    }

    /// Puts new pairs where they take less memory, and less time at a start. Reading and writing go on meanwhile.
    ///
    /// # Errors
    /// `Full` or `Io`: it may be tried again, and what the view answers is the same. `Corrupt`: the pairs are not those that were written.
    fn settle(&self) -> Result<(), StoreError> {
        Ok(())
    }

    /// Walks all pairs and holds them against [`Applied`].
    ///
    /// # Errors
    /// `Corrupt` when anything is missing, added or changed.
    fn verify(&self) -> Result<Applied, StoreError> {
        let applied = self.applied()?;
        let mut found = Applied { tip: applied.tip, ..Applied::START };
        self.scan(FIRST_KEY, END_KEY, &mut |key, value| {
            found.add(key, value);
            Ok(ControlFlow::Continue(()))
        })?;
        found.must_be(applied)
    }
}

/// Whether new pairs are to settle ([`Views::settle`]).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Settling {
    /// Not now.
    None,
    /// When there is nothing better to do.
    WhenIdle,
    /// Now.
    Due,
}

/// Where views come from.
pub trait ViewsSource: Send + Sync {
    /// Opens what is there; empty views where nothing is.
    ///
    /// # Errors
    /// Any error means that they are damaged and to be rebuilt.
    fn open(&self) -> Result<Box<dyn Views>, StoreError>;

    /// Throws away what is there and opens empty views.
    ///
    /// # Errors
    /// A failure of the machine.
    fn fresh(&self) -> Result<Box<dyn Views>, StoreError>;
}

pub(crate) fn damaged(field: &'static str, why: String) -> StoreError {
    StoreError::Corrupt { table: "views", key: "(any)".into(), field, why }
}
