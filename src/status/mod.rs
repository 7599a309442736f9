//! Floor 1: status lists, bit by bit. The same words a verifier anywhere reads, and nothing of who signed them.
//!
//! Two writings of one thing: [`Bitstring`] (W3C Bitstring Status List 1.0) has one bit an entry, most significant bit of a
//! byte first, in gzip; [`TokenList`] (IETF Token Status List) has 1, 2, 4 or 8 bits, least significant first, in zlib.
//! Readers are strict and bounded: what is packed may not unpack to more than a named size.

pub mod bitstring;
pub mod token_list;

pub use bitstring::Bitstring;
pub use token_list::{Bits, TokenList};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use thiserror::Error;

/// Why a status list says nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum ListFault {
    /// Fewer entries than would hide one among many.
    #[error("the list has {0} entries; {min} at least", min = bitstring::LIST_ENTRIES)]
    Short(u64),
    /// Another size than whole bytes within the bound.
    #[error("a list has whole bytes and {max} entries at most, not {0} entries", max = bitstring::MAX_ENTRIES)]
    Size(u64),
    /// The text does not begin with `u`.
    #[error("the list does not begin with u, the sign of base64url (Multibase)")]
    Multibase,
    /// Not base64url without padding, or not its one way to write these bytes.
    #[error("the list is not base64url without padding")]
    Base64,
    /// Not a whole gzip member with the right check sum.
    #[error("the list is not packed with gzip, or is damaged")]
    Gzip,
    /// Not a whole zlib stream with the right check sum.
    #[error("the list is not packed with zlib, or is damaged")]
    Zlib,
    /// It unpacks to more than the bound.
    #[error("the list unpacks to more than {0} bytes")]
    TooLarge(usize),
    /// There is more after the packed list.
    #[error("something follows the packed list")]
    Trailing,
    /// Another number of bits than 1, 2, 4 or 8.
    #[error("an entry of a token status list has 1, 2, 4 or 8 bits, not {0}")]
    Bits(u64),
    /// The list has no such entry.
    #[error("the list has no entry {0}")]
    OutOfRange(u64),
    /// The status does not fit the bits of an entry.
    #[error("the status {0} does not fit an entry")]
    Status(u8),
    /// The packing itself failed.
    #[error("the list could not be packed")]
    Packing,
}

impl ListFault {
    /// Stable machine name.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Short(_) => "status_list_short",
            Self::Size(_) => "status_list_size",
            Self::Multibase => "status_list_multibase",
            Self::Base64 => "status_list_base64",
            Self::Gzip => "status_list_gzip",
            Self::Zlib => "status_list_zlib",
            Self::TooLarge(_) => "status_list_too_large",
            Self::Trailing => "status_list_trailing",
            Self::Bits(_) => "status_list_bits",
            Self::OutOfRange(_) => "status_index_out_of_range",
            Self::Status(_) => "status_value",
            Self::Packing => "status_list_packing",
        }
    }
}

/// Bytes of base64url without padding; other alphabets, white space and bits left over are refused.
pub(crate) fn unbase64(text: &str) -> Result<Vec<u8>, ListFault> {
    URL_SAFE_NO_PAD.decode(text).map_err(|_| ListFault::Base64)
}

pub(crate) fn base64(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}
