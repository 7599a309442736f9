//! Who signs: the seam behind which a key file, an HSM or a KMS stands.

use super::keys::PublicKey;
use crate::domain::Refusal;
use ed25519_dalek::{Signature, Signer as _, SigningKey};
use std::fmt;
use thiserror::Error;
use zeroize::Zeroizing;

/// Bytes of an Ed25519 signature (RFC 8032 section 5.1.6).
pub const SIGNATURE_LEN: usize = Signature::BYTE_SIZE;

/// Why no signature came.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum SignFailure {
    /// What was to be signed may not be signed.
    #[error("the document cannot be signed")]
    Unsignable(#[source] Refusal),
    /// The device or service behind the signer gave no signature; trying again may help.
    #[error("the signer is unavailable: {0}")]
    Unavailable(String),
    /// A signature came, but what was signed does not verify under the signer's own public key, or does not say what was to be signed: a fault in
    /// hardware, memory or set-up, or a text that no strict reader takes.
    #[error("what was signed failed its own verification and was withheld: {0}")]
    SelfCheck(String),
}

impl SignFailure {
    /// Stable machine name.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unsignable(refusal) => refusal.code,
            Self::Unavailable(_) => "signer_unavailable",
            Self::SelfCheck(_) => "signature_self_check",
        }
    }
}

/// Holds one private Ed25519 key, or reaches the device that does. Calls block; they may take as long as a network.
pub trait Signer: Send + Sync {
    /// The public half.
    fn public(&self) -> PublicKey;

    /// Asks for a signature of exactly these bytes (pure Ed25519, RFC 8032 section 5.1.6; no prehash, no context).
    /// Implement this one; call [`Signer::sign`], or verify what comes as it stands in what is given out.
    ///
    /// # Errors
    /// [`SignFailure::Unavailable`].
    fn sign_unchecked(&self, message: &[u8]) -> Result<[u8; SIGNATURE_LEN], SignFailure>;

    /// A signature that has been verified before it leaves: a faulty one can give the private key away. Not to be
    /// replaced by an implementation.
    ///
    /// # Errors
    /// [`SignFailure::SelfCheck`] besides what [`Signer::sign_unchecked`] gives.
    fn sign(&self, message: &[u8]) -> Result<[u8; SIGNATURE_LEN], SignFailure> {
        let signature = self.sign_unchecked(message)?;
        verify_raw(&self.public(), message, &signature).map_err(|bad| SignFailure::SelfCheck(bad.to_string()))?;
        Ok(signature)
    }
}

/// A signature that does not verify; nothing is told of why, for nothing can be concluded from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the signature is not by this key over these bytes")]
pub struct BadSignature;

/// Verifies an Ed25519 signature strictly: the scalar is reduced, neither point has small order, and the equation
/// holds without the cofactor and with R as written (RFC 8032 section 5.1.7, read narrowly).
///
/// # Errors
/// [`BadSignature`], for a signature of another length than 64 bytes too.
pub fn verify_raw(public: &PublicKey, message: &[u8], signature: &[u8]) -> Result<(), BadSignature> {
    let signature = Signature::from_slice(signature).map_err(|_| BadSignature)?;
    public.verifying().verify_strict(message, &signature).map_err(|_| BadSignature)
}

/// Who says whether a signature is good: at once, or of many together.
pub trait SignatureCheck {
    /// Whether that signature is by that key over these bytes; or that it may be, to be found out later.
    ///
    /// # Errors
    /// [`BadSignature`].
    fn check(&self, public: &PublicKey, message: &[u8], signature: &[u8; SIGNATURE_LEN]) -> Result<(), BadSignature>;
}

/// Each signature at once ([`verify_raw`]).
#[derive(Debug, Clone, Copy)]
pub struct OneByOne;

impl SignatureCheck for OneByOne {
    fn check(&self, public: &PublicKey, message: &[u8], signature: &[u8; SIGNATURE_LEN]) -> Result<(), BadSignature> {
        verify_raw(public, message, signature)
    }
}

/// A private key in this process's memory, wiped when dropped.
pub struct LocalSigner {
    key: SigningKey,
    public: PublicKey,
}

impl LocalSigner {
    /// Bytes of a seed.
    pub const SEED_LEN: usize = 32;

    /// From a seed of 32 random bytes (RFC 8032 section 5.1.5).
    ///
    /// # Errors
    /// `bad_public_key`: never seen of an honest seed.
    pub fn from_seed(seed: &Zeroizing<[u8; Self::SEED_LEN]>) -> Result<Self, Refusal> {
        let key = SigningKey::from_bytes(seed);
        let public = PublicKey::from_bytes(key.verifying_key().as_bytes())?;
        Ok(Self { key, public })
    }

    /// The seed, for the key file only.
    pub(super) fn seed(&self) -> Zeroizing<[u8; Self::SEED_LEN]> {
        Zeroizing::new(self.key.to_bytes())
    }
}

impl Signer for LocalSigner {
    fn public(&self) -> PublicKey {
        self.public
    }

    fn sign_unchecked(&self, message: &[u8]) -> Result<[u8; SIGNATURE_LEN], SignFailure> {
        Ok(self.key.sign(message).to_bytes())
    }
}

impl fmt::Debug for LocalSigner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LocalSigner({})", self.public)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(crate) fn signer(seed: u8) -> LocalSigner {
        LocalSigner::from_seed(&Zeroizing::new([seed; 32])).unwrap()
    }

    /// A device whose answer is wrong in one bit.
    struct Faulty(LocalSigner);

    impl Signer for Faulty {
        fn public(&self) -> PublicKey {
            self.0.public()
        }

        fn sign_unchecked(&self, message: &[u8]) -> Result<[u8; SIGNATURE_LEN], SignFailure> {
            let mut signature = self.0.sign_unchecked(message)?;
            signature[40] ^= 1;
            Ok(signature)
        }
    }

    #[test]
    fn a_faulty_signature_never_leaves() {
        assert_eq!(Faulty(signer(1)).sign(b"m"), Err(SignFailure::SelfCheck(BadSignature.to_string())));
    }

    #[test]
    fn a_signature_is_for_its_key_and_bytes_only() {
        let (a, b) = (signer(1), signer(2));
        let signature = a.sign(b"m").unwrap();
        assert_eq!(verify_raw(&a.public(), b"m", &signature), Ok(()));
        assert_eq!(verify_raw(&a.public(), b"n", &signature), Err(BadSignature));
        assert_eq!(verify_raw(&b.public(), b"m", &signature), Err(BadSignature));
        assert_eq!(verify_raw(&a.public(), b"m", &signature[..63]), Err(BadSignature));
        assert_eq!(verify_raw(&a.public(), b"m", &[&signature[..], &[0]].concat()), Err(BadSignature));
    }

    #[test]
    fn debug_shows_the_public_half_only() {
        let shown = format!("{:?}", signer(0x41));
        assert_eq!(shown, format!("LocalSigner({})", signer(0x41).public()));
    }
}
