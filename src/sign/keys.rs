//! Public keys, what each may sign, and the window in which it may.

use crate::domain::error::shown;
use crate::domain::{Host, Refusal};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use curve25519_dalek::EdwardsPoint;
use ed25519_dalek::VerifyingKey;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fmt;

/// What a key signs. Purposes never share a key: a mark's signature can then never pass for a certificate's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// Certificates and status lists (Verifiable Credentials).
    Credential,
    /// Mark tokens.
    Mark,
    /// Checkpoints of the log.
    Log,
    /// Receipts of verifications.
    Receipt,
}

impl Purpose {
    /// All of them, in the order they are listed to the public.
    pub const ALL: [Self; 4] = [Self::Credential, Self::Mark, Self::Log, Self::Receipt];

    /// The wire name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Credential => "credential",
            Self::Mark => "mark",
            Self::Log => "log",
            Self::Receipt => "receipt",
        }
    }

    /// Reads a wire name.
    ///
    /// # Errors
    /// `bad_key_purpose`.
    pub fn parse(text: &str) -> Result<Self, Refusal> {
        Self::ALL.into_iter().find(|p| p.as_str() == text).ok_or_else(|| {
            let why = format!("“{}” is no key purpose: credential, mark, log or receipt", shown(text));
            Refusal::invalid("bad_key_purpose", why)
        })
    }
}

impl fmt::Display for Purpose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Names one key of a body for ever: purpose and running number, `credential-1`. It is the fragment of the key's URL.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct KeyId {
    purpose: Purpose,
    ordinal: u16,
}

impl KeyId {
    /// Highest running number: a key a day for 27 years.
    pub const MAX_ORDINAL: u16 = 9_999;

    /// The key of that purpose with that running number, 1 to [`Self::MAX_ORDINAL`].
    ///
    /// # Errors
    /// `bad_key_id` outside that range.
    pub fn new(purpose: Purpose, ordinal: u16) -> Result<Self, Refusal> {
        if (1..=Self::MAX_ORDINAL).contains(&ordinal) {
            return Ok(Self { purpose, ordinal });
        }
        Err(Refusal::invalid("bad_key_id", format!("a key's number is 1 to {}, not {ordinal}", Self::MAX_ORDINAL)))
    }

    /// Reads `credential-1`; no other way to write it is accepted.
    ///
    /// # Errors
    /// `bad_key_id`.
    pub fn parse(text: &str) -> Result<Self, Refusal> {
        let read = || {
            let (purpose, ordinal) = text.split_once('-')?;
            let plain = ordinal.bytes().all(|b| b.is_ascii_digit()) && !ordinal.starts_with('0');
            Self::new(Purpose::parse(purpose).ok()?, ordinal.parse().ok().filter(|_| plain)?).ok()
        };
        read().ok_or_else(|| {
            Refusal::invalid("bad_key_id", format!("“{}” is no key id: write it as credential-1", shown(text)))
        })
    }

    /// What the key signs.
    #[must_use]
    pub fn purpose(self) -> Purpose {
        self.purpose
    }

    /// The running number, from 1.
    #[must_use]
    pub fn ordinal(self) -> u16 {
        self.ordinal
    }

    /// The key's DID URL, `did:web:HOST#credential-1` (did:web, DID Core section 3.2).
    #[must_use]
    pub fn url(self, host: &Host) -> String {
        format!("{}#{self}", host.did())
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.purpose, self.ordinal)
    }
}

impl From<KeyId> for String {
    fn from(id: KeyId) -> String {
        id.to_string()
    }
}

impl TryFrom<String> for KeyId {
    type Error = Refusal;
    fn try_from(text: String) -> Result<Self, Refusal> {
        Self::parse(&text)
    }
}

/// Multicodec prefix of an Ed25519 public key (W3C Controlled Identifiers 1.0, section 2.2.2 Multikey).
const MULTICODEC_ED25519: [u8; 2] = [0xed, 0x01];
/// `z` and 34 bytes in base58btc: 48 characters for this prefix. Longer text is refused before it is decoded.
const MULTIKEY_LEN: usize = 48;

/// An Ed25519 public key (RFC 8032) that is a canonical point of the prime-order group.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct PublicKey(VerifyingKey);

impl PublicKey {
    /// Bytes of a raw key.
    pub const LEN: usize = 32;

    /// From the 32 raw bytes.
    ///
    /// # Errors
    /// `bad_public_key`: no point of the curve, not its one canonical writing, or a point outside the prime-order
    /// group. A point of small order verifies nearly any message.
    pub fn from_bytes(bytes: &[u8; Self::LEN]) -> Result<Self, Refusal> {
        let bad = |why: &'static str| Refusal::invalid("bad_public_key", why);
        let key = VerifyingKey::from_bytes(bytes).map_err(|_| bad("the key is no point of the curve Ed25519"))?;
        // This leaves one writing for each key: of the few points that have a second one, none but the neutral element lies
        // in the prime-order group.
        if key.is_weak() || !key.to_edwards().is_torsion_free() {
            return Err(bad("the key lies outside the prime-order group of Ed25519"));
        }
        Ok(Self(key))
    }

    /// The 32 raw bytes.
    #[must_use]
    pub fn to_bytes(self) -> [u8; Self::LEN] {
        self.0.to_bytes()
    }

    /// Multikey text: `z` and base58btc of 0xed 0x01 and the key (W3C Controlled Identifiers 1.0, section 2.2.2).
    #[must_use]
    pub fn to_multikey(self) -> String {
        let mut bytes = MULTICODEC_ED25519.to_vec();
        bytes.extend(self.to_bytes());
        format!("z{}", bs58::encode(bytes).into_string())
    }

    /// Reads Multikey text.
    ///
    /// # Errors
    /// `bad_public_key`.
    pub fn from_multikey(text: &str) -> Result<Self, Refusal> {
        let bytes = || {
            let base58 = text.strip_prefix('z').filter(|_| text.len() == MULTIKEY_LEN)?;
            let bytes = bs58::decode(base58).into_vec().ok()?;
            <[u8; Self::LEN]>::try_from(bytes.strip_prefix(&MULTICODEC_ED25519)?).ok()
        };
        let bytes = bytes().ok_or_else(|| {
            let why = format!("“{}” is no Ed25519 Multikey: z6Mk and 44 characters more", shown(text));
            Refusal::invalid("bad_public_key", why)
        })?;
        Self::from_bytes(&bytes)
    }

    /// The `x` of its JWK: base64url without padding (RFC 8037 section 2).
    #[must_use]
    pub fn to_jwk_x(self) -> String {
        URL_SAFE_NO_PAD.encode(self.to_bytes())
    }

    /// Reads the `x` of a JWK whose `kty` is OKP and whose `crv` is Ed25519.
    ///
    /// # Errors
    /// `bad_public_key`.
    pub fn from_jwk_x(text: &str) -> Result<Self, Refusal> {
        let mut bytes = [0; Self::LEN];
        match URL_SAFE_NO_PAD.decode_slice(text, &mut bytes) {
            Ok(Self::LEN) => Self::from_bytes(&bytes),
            _ => Err(Refusal::invalid("bad_public_key", "the JWK's x is not 32 bytes in base64url without padding")),
        }
    }

    /// First four bytes of SHA-256 of the raw key: tells a verifier which key to try. It proves nothing.
    #[must_use]
    pub fn hint(self) -> [u8; 4] {
        let digest = Sha256::digest(self.to_bytes());
        [digest[0], digest[1], digest[2], digest[3]]
    }

    /// The point A.
    pub(super) fn point(&self) -> EdwardsPoint {
        self.0.to_edwards()
    }

    /// The curve library's key.
    pub(super) fn verifying(&self) -> &VerifyingKey {
        &self.0
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({})", self.to_multikey())
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_multikey())
    }
}

impl From<PublicKey> for String {
    fn from(key: PublicKey) -> String {
        key.to_multikey()
    }
}

impl TryFrom<String> for PublicKey {
    type Error = Refusal;
    fn try_from(text: String) -> Result<Self, Refusal> {
        Self::from_multikey(&text)
    }
}

/// A public key with what the body says of it. Retired keys are never forgotten: old records stay verifiable.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "KeyRecordParts")]
pub struct KeyRecord {
    /// Its name; also says what it signs.
    pub id: KeyId,
    /// What it signs, the same as in `id`.
    pub purpose: Purpose,
    /// The key.
    pub public: PublicKey,
    /// First instant it may sign at.
    pub valid_from: Timestamp,
    /// First instant it may no longer sign at; none while it is in use.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retired_at: Option<Timestamp>,
    /// From then on anybody may have signed with it; what the log holds from before stays good.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub compromised_at: Option<Timestamp>,
}

#[derive(Deserialize)]
struct KeyRecordParts {
    id: KeyId,
    purpose: Purpose,
    public: PublicKey,
    valid_from: Timestamp,
    retired_at: Option<Timestamp>,
    compromised_at: Option<Timestamp>,
}

impl KeyRecord {
    /// A key put to use at `valid_from`.
    #[must_use]
    pub fn new(id: KeyId, public: PublicKey, valid_from: Timestamp) -> Self {
        Self { id, purpose: id.purpose(), public, valid_from, retired_at: None, compromised_at: None }
    }

    /// Proves that the parts fit together.
    ///
    /// # Errors
    /// `bad_key_purpose` when id and purpose differ, `bad_key_window` when it is retired before its start.
    pub fn check(&self) -> Result<(), Refusal> {
        if self.purpose != self.id.purpose() {
            let why = format!("the key {} cannot have the purpose {}", self.id, self.purpose);
            return Err(Refusal::invalid("bad_key_purpose", why));
        }
        if self.retired_at.is_some_and(|end| end < self.valid_from) {
            return Err(Refusal::invalid("bad_key_window", format!("the key {} is retired before its start", self.id)));
        }
        Ok(())
    }

    /// Whether the key may sign at that instant: its window is `valid_from` <= `at` < `retired_at`.
    #[must_use]
    pub fn in_window(&self, at: Timestamp) -> bool {
        self.valid_from <= at && self.retired_at.is_none_or(|end| at < end)
    }

    /// Whether the key counts as compromised at that instant.
    #[must_use]
    pub fn is_compromised(&self, at: Timestamp) -> bool {
        self.compromised_at.is_some_and(|since| since <= at)
    }
}

impl TryFrom<KeyRecordParts> for KeyRecord {
    type Error = Refusal;
    fn try_from(p: KeyRecordParts) -> Result<Self, Refusal> {
        let KeyRecordParts { id, purpose, public, valid_from, retired_at, compromised_at } = p;
        let record = Self { id, purpose, public, valid_from, retired_at, compromised_at };
        record.check().map(|()| record)
    }
}

#[cfg(test)]
#[path = "keys_tests.rs"]
mod tests;
