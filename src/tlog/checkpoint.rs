//! What the body signs of its log: how large it is, and its root (C2SP tlog-checkpoint).

use super::hash::Hash;
use thiserror::Error;

/// A log's state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// The log's name.
    pub origin: String,
    /// Entries in it.
    pub size: u64,
    /// Root of their tree.
    pub root: Hash,
}

/// Why a text is no checkpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum BadCheckpoint {
    /// Other than three lines, each ended.
    #[error("a checkpoint has three lines: origin, size, root")]
    Lines,
    /// The origin is empty.
    #[error("the first line is not the name of a log")]
    Origin,
    /// The size is no decimal number, or written otherwise than we write it.
    #[error("the second line is not a size in decimal")]
    Size,
    /// The root is not 32 bytes in base64.
    #[error("the third line is not a root of 32 bytes in base64")]
    Root,
}

impl BadCheckpoint {
    /// Stable machine name.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Lines => "checkpoint_lines",
            Self::Origin => "checkpoint_origin",
            Self::Size => "checkpoint_size",
            Self::Root => "checkpoint_root",
        }
    }
}

impl Checkpoint {
    /// The text that is signed.
    #[must_use]
    pub fn text(&self) -> String {
        format!("{}\n{}\n{}\n", self.origin, self.size, self.root)
    }

    /// Reads the text of a signed note. Lines beyond the third are not accepted: we write none, and what they mean is not
    /// known here.
    ///
    /// # Errors
    /// [`BadCheckpoint`].
    pub fn parse(text: &str) -> Result<Self, BadCheckpoint> {
        let body = text.strip_suffix('\n').ok_or(BadCheckpoint::Lines)?;
        let lines: Vec<&str> = body.split('\n').collect();
        let [origin, size, root] = lines[..] else { return Err(BadCheckpoint::Lines) };
        if origin.is_empty() {
            return Err(BadCheckpoint::Origin);
        }
        let number: u64 = size.parse().map_err(|_| BadCheckpoint::Size)?;
        if number.to_string() != size {
            return Err(BadCheckpoint::Size);
        }
        let root = Hash::from_base64(root).ok_or(BadCheckpoint::Root)?;
        Ok(Self { origin: origin.to_owned(), size: number, root })
    }
}
