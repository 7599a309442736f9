//! What a Status List Token says, whichever way it is written (draft-ietf-oauth-status-list-20, section 5): [`jwt`] or
//! [`cwt`].
//!
//! Narrower than the draft where it leaves room: EdDSA alone, no header but algorithm, type and key, times in whole seconds,
//! and no claim that would limit the token (`nbf`, `aud`). Other claims are passed over, as RFC 7519 section 4 has it.
//!
//! [`jwt`]: super::jwt
//! [`cwt`]: super::cwt

use super::keys::{KeyRecord, Purpose};
use super::proof::SigningKey;
use super::signer::{SignFailure, verify_raw};
use crate::domain::Refusal;
use jiff::Timestamp;
use thiserror::Error;

/// Longest token that is read, in bytes; one of ours has some hundred, of a list with thousands of entries set 30 KiB.
pub const MAX_TOKEN: usize = 1 << 20;

/// The claims of a Status List Token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatusToken {
    /// Address of the list (`sub`).
    pub subject: String,
    /// When it was made (`iat`), in whole seconds.
    pub issued_at: Timestamp,
    /// First instant it may no longer be used at (`exp`); none where it says nothing of that.
    pub expires_at: Option<Timestamp>,
    /// For how many seconds it may be kept before a fresh one is fetched (`ttl`).
    pub ttl: Option<u64>,
    /// Bits of an entry (`bits`), as said: the list's reader judges them.
    pub bits: u64,
    /// The packed list (`lst`), as bytes.
    pub packed: Vec<u8>,
}

impl StatusToken {
    /// Whether it may be used at that instant: `iat` <= `at` < `exp`.
    #[must_use]
    pub fn covers(&self, at: Timestamp) -> bool {
        self.issued_at <= at && self.expires_at.is_none_or(|end| at < end)
    }
}

/// Why a token proves nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum TokenFailure {
    /// It is longer than [`MAX_TOKEN`].
    #[error("the token is longer than 1 MiB")]
    TooLarge,
    /// A part is missing, not of its form, or could be read in two ways.
    #[error("the token's {0} is missing or malformed")]
    Malformed(&'static str),
    /// Another algorithm than EdDSA.
    #[error("the token's algorithm is not EdDSA")]
    Algorithm,
    /// Another type than a status list token.
    #[error("the token's type is not that of a status list")]
    Type,
    /// A header or claim that may change what the token means.
    #[error("the token has a header or claim that is not accepted: {0}")]
    UnsupportedOption(&'static str),
    /// The key is not listed.
    #[error("the key the token names is not known")]
    UnknownKey,
    /// The key is listed for something else.
    #[error("the key the token names is not for certificates and status lists")]
    KeyPurpose,
    /// The signature is not by that key over this token.
    #[error("the signature does not match the token")]
    BadSignature,
}

impl TokenFailure {
    /// Stable machine name.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::TooLarge => "token_too_large",
            Self::Malformed(_) => "token_malformed",
            Self::Algorithm => "token_algorithm_unsupported",
            Self::Type => "token_type_wrong",
            Self::UnsupportedOption(_) => "token_option_unsupported",
            Self::UnknownKey => "key_unknown",
            Self::KeyPurpose => "key_purpose_wrong",
            Self::BadSignature => "signature_bad",
        }
    }
}

/// Refuses a key that is not of purpose credential.
pub(super) fn check_key(key: &SigningKey<'_>) -> Result<(), SignFailure> {
    if key.id.purpose() == Purpose::Credential {
        return Ok(());
    }
    let why = "only a key of purpose credential signs status lists";
    Err(SignFailure::Unsignable(Refusal::invalid("key_purpose_wrong", why)))
}

/// Finds the key and holds the signature against the bytes it was made over.
pub(super) fn verify_signature<'k>(
    key: Option<&'k KeyRecord>,
    message: &[u8],
    signature: &[u8],
) -> Result<&'k KeyRecord, TokenFailure> {
    let key = key.ok_or(TokenFailure::UnknownKey)?;
    if key.purpose != Purpose::Credential || key.id.purpose() != Purpose::Credential {
        return Err(TokenFailure::KeyPurpose);
    }
    verify_raw(&key.public, message, signature).map_err(|_| TokenFailure::BadSignature)?;
    Ok(key)
}

/// An instant of whole seconds since 1970 (NumericDate).
pub(super) fn instant(seconds: Option<i64>, claim: &'static str) -> Result<Timestamp, TokenFailure> {
    seconds.and_then(|s| Timestamp::from_second(s).ok()).ok_or(TokenFailure::Malformed(claim))
}

#[cfg(test)]
#[path = "status_token_tests.rs"]
mod tests;
