//! Checkpoints: what a log says its tree is (C2SP tlog-checkpoint). This is the text that a note signs.

use super::MAX_SIZE;
use super::hash::Hash;
use crate::domain::Refusal;
use crate::domain::error::shown;

/// Longest origin, in bytes.
pub const ORIGIN_MAX: usize = 255;

/// A log's tree at one size: whose, how many leaves, which root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    origin: String,
    size: u64,
    root: Hash,
}

fn bad(why: impl std::fmt::Display) -> Refusal {
    Refusal::invalid("bad_checkpoint", format!("this is no checkpoint: {why}"))
}

impl Checkpoint {
    /// The tree of the log `origin` (its address without scheme) with `size` leaves.
    ///
    /// # Errors
    /// `bad_checkpoint`: an origin that is empty, longer than 255 bytes or holds a space, a control character or `+`; more
    /// than [`MAX_SIZE`] leaves; another root than [`Hash::EMPTY`] for no leaves.
    pub fn new(origin: &str, size: u64, root: Hash) -> Result<Self, Refusal> {
        let unfit = |c: char| c.is_whitespace() || c.is_control() || c == '+';
        if origin.is_empty() || origin.len() > ORIGIN_MAX || origin.contains(unfit) {
            let why = "of 1 to 255 bytes, without spaces, control characters and +";
            return Err(bad(format!("“{}” is no origin {why}", shown(origin))));
        }
        if size > MAX_SIZE {
            return Err(bad(format!("{size} leaves are more than {MAX_SIZE}")));
        }
        if size == 0 && root != Hash::EMPTY {
            return Err(bad("a tree without leaves has another root, the SHA-256 of nothing"));
        }
        Ok(Self { origin: origin.to_owned(), size, root })
    }

    /// The log it speaks of.
    #[must_use]
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// Leaves of the tree.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Root of the tree.
    #[must_use]
    pub fn root(&self) -> Hash {
        self.root
    }

    /// Three lines: origin, size in decimal, root in base64.
    #[must_use]
    pub fn text(&self) -> String {
        format!("{}\n{}\n{}\n", self.origin, self.size, self.root)
    }

    /// Reads those three lines and nothing else: lines of extensions are refused.
    ///
    /// # Errors
    /// `bad_checkpoint`.
    pub fn parse(text: &str) -> Result<Self, Refusal> {
        let lines: Vec<&str> = text.split('\n').take(5).collect();
        let [origin, size, root, ""] = lines[..] else {
            return Err(bad("it is not three lines, each with its line end: origin, size, root"));
        };
        let plain = size.bytes().all(|b| b.is_ascii_digit()) && (size == "0" || !size.starts_with('0'));
        let number = size.parse().ok().filter(|_| plain);
        let number =
            number.ok_or_else(|| bad(format!("“{}” is no size in decimal without leading zeros", shown(size))))?;
        Self::new(origin, number, Hash::from_base64(root).map_err(|r| bad(r.message))?)
    }
}

#[cfg(test)]
#[path = "checkpoint_tests.rs"]
mod tests;
