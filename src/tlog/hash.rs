//! The hashes of a Merkle tree (RFC 6962 section 2.1, RFC 9162 section 2.1.1).

use crate::domain::Refusal;
use crate::domain::error::shown;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};
use std::fmt;

/// What precedes a leaf's data and a node's two hashes when they are hashed, so that neither passes for the other.
const LEAF: [u8; 1] = [0];
const NODE: [u8; 1] = [1];
/// Characters of 32 bytes in base64; other text is not decoded.
const BASE64_LEN: usize = 44;

/// The SHA-256 hash of a leaf, a node or a whole tree.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Hash([u8; Hash::LEN]);

impl Hash {
    /// Bytes of a hash.
    pub const LEN: usize = 32;
    /// Root of the tree without leaves: SHA-256 of nothing (RFC 9162 section 2.1.1).
    pub const EMPTY: Self = Self([
        0xe3, 0xb0, 0xc4, 0x42, 0x98, 0xfc, 0x1c, 0x14, 0x9a, 0xfb, 0xf4, 0xc8, 0x99, 0x6f, 0xb9, 0x24, 0x27, 0xae,
        0x41, 0xe4, 0x64, 0x9b, 0x93, 0x4c, 0xa4, 0x95, 0x99, 0x1b, 0x78, 0x52, 0xb8, 0x55,
    ]);

    /// From its 32 bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; Self::LEN]) -> Self {
        Self(bytes)
    }

    /// Its 32 bytes.
    #[must_use]
    pub const fn to_bytes(self) -> [u8; Self::LEN] {
        self.0
    }

    /// Base64 with the standard alphabet and padding (RFC 4648 section 4): 44 characters.
    #[must_use]
    pub fn to_base64(self) -> String {
        STANDARD.encode(self.0)
    }

    /// Reads base64; no second way to write a hash is accepted.
    ///
    /// # Errors
    /// `bad_hash`: not the one base64 text of 32 bytes.
    pub fn from_base64(text: &str) -> Result<Self, Refusal> {
        let bytes = Some(text).filter(|t| t.len() == BASE64_LEN).and_then(|t| STANDARD.decode(t).ok());
        bytes.and_then(|b| Self::from_slice(&b)).ok_or_else(|| {
            Refusal::invalid("bad_hash", format!("“{}” is not 32 bytes in base64 with padding", shown(text)))
        })
    }

    /// From a slice that has 32 bytes.
    pub(super) fn from_slice(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }
}

impl AsRef<[u8]> for Hash {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_base64())
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Hash({self})")
    }
}

/// Hash of a leaf: SHA-256 of 0x00 and the entry's bytes.
#[must_use]
pub fn leaf(entry: &[u8]) -> Hash {
    Hash(Sha256::new().chain_update(LEAF).chain_update(entry).finalize().into())
}

/// Hash of a node: SHA-256 of 0x01 and the hashes of its two halves.
#[must_use]
pub fn node(left: &Hash, right: &Hash) -> Hash {
    Hash(Sha256::new().chain_update(NODE).chain_update(left).chain_update(right).finalize().into())
}
