//! Keys that sign notes, as verifiers are told of them: C2SP signed-note, "Verifier keys".

use super::keys::PublicKey;
use crate::domain::Refusal;
use crate::domain::error::shown;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

/// Longest name of a key, in bytes.
pub const NAME_MAX: usize = 255;

pub(super) const KEY_ID_LEN: usize = 4;

/// What a key signs of a note.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum NoteAlgorithm {
    /// The text (type 0x01, C2SP signed-note).
    Ed25519,
    /// The text with a time before it (type 0x04, C2SP tlog-cosignature): what a witness gives.
    CosignatureV1,
}

impl NoteAlgorithm {
    /// The type byte.
    #[must_use]
    pub const fn byte(self) -> u8 {
        match self {
            Self::Ed25519 => 0x01,
            Self::CosignatureV1 => 0x04,
        }
    }

    fn from_byte(byte: u8) -> Option<Self> {
        [Self::Ed25519, Self::CosignatureV1].into_iter().find(|a| a.byte() == byte)
    }
}

/// A key that signs notes, as a verifier knows it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct NoteKey {
    name: String,
    algorithm: NoteAlgorithm,
    public: PublicKey,
}

impl NoteKey {
    /// The key of that name, such as `xb.example.cn/log`.
    ///
    /// # Errors
    /// `bad_note_key`: a name that is empty, longer than 255 bytes or holds a space, a control character or `+`.
    pub fn new(name: &str, algorithm: NoteAlgorithm, public: PublicKey) -> Result<Self, Refusal> {
        check_name(name)?;
        Ok(Self { name: name.to_owned(), algorithm, public })
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What it signs.
    #[must_use]
    pub fn algorithm(&self) -> NoteAlgorithm {
        self.algorithm
    }

    /// The key itself.
    #[must_use]
    pub fn public(&self) -> PublicKey {
        self.public
    }

    /// First four bytes of SHA-256 of name, line end, type byte and public key: with the name it tells which lines are by
    /// this key. It proves nothing.
    #[must_use]
    pub fn id(&self) -> [u8; KEY_ID_LEN] {
        key_id(&self.name, self.algorithm, self.public)
    }

    /// Its text for configurations: `name+hexadecimal id+base64 of type byte and public key`.
    #[must_use]
    pub fn vkey(&self) -> String {
        let key = [&[self.algorithm.byte()][..], &self.public.to_bytes()].concat();
        format!("{}+{:08x}+{}", self.name, u32::from_be_bytes(self.id()), STANDARD.encode(key))
    }

    /// Reads that text; no second way to write it is accepted.
    ///
    /// # Errors
    /// `bad_note_key`: not of this form, another type than 0x01 or 0x04, or an id that is not this key's;
    /// `bad_public_key`.
    pub fn parse(vkey: &str) -> Result<Self, Refusal> {
        let bad = |why: &str| Refusal::invalid("bad_note_key", format!("“{}” is no verifier key: {why}", shown(vkey)));
        let mut parts = vkey.splitn(3, '+');
        let (Some(name), Some(_), Some(key)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(bad("write name+id+key"));
        };
        let key = STANDARD.decode(key).map_err(|_| bad("the key is not base64"))?;
        let (algorithm, public) = key.split_first().ok_or_else(|| bad("it has no key"))?;
        let algorithm = NoteAlgorithm::from_byte(*algorithm).ok_or_else(|| bad("its type is neither 0x01 nor 0x04"))?;
        let public = public.try_into().map_err(|_| bad("the key does not have 32 bytes"))?;
        let found = Self::new(name, algorithm, PublicKey::from_bytes(public)?)?;
        if found.vkey() != vkey {
            return Err(bad("the id is not that of this name and key, in eight lower-case hexadecimal digits"));
        }
        Ok(found)
    }
}

/// Refuses a name that could not stand in a signature line.
pub(super) fn check_name(name: &str) -> Result<(), Refusal> {
    let unfit = |c: char| c.is_whitespace() || c.is_control() || c == '+';
    if name.is_empty() || name.len() > NAME_MAX || name.contains(unfit) {
        let why = format!("“{}” is no name of a key: 1 to {NAME_MAX} bytes without spaces and +", shown(name));
        return Err(Refusal::invalid("bad_note_key", why));
    }
    Ok(())
}

fn key_id(name: &str, algorithm: NoteAlgorithm, public: PublicKey) -> [u8; KEY_ID_LEN] {
    let digest = Sha256::new()
        .chain_update(name)
        .chain_update([b'\n', algorithm.byte()])
        .chain_update(public.to_bytes())
        .finalize();
    [digest[0], digest[1], digest[2], digest[3]]
}
