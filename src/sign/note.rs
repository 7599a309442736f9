//! Signed notes (C2SP signed-note): a text and signatures under it, as checkpoints of logs are signed, and the cosignatures of
//! witnesses (C2SP tlog-cosignature).

use super::keys::PublicKey;
use super::signer::{SIGNATURE_LEN, SignFailure, Signer, verify_raw};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use sha2::{Digest, Sha256};
use std::fmt;
use thiserror::Error;

/// Largest note read: a checkpoint with a hundred signatures stays below.
pub const NOTE_MAX: usize = 64 << 10;
/// Most signatures a note may have.
pub const SIGNATURES_MAX: usize = 100;
/// Begins every signature line: an em dash and a space.
const DASH: &str = "\u{2014} ";
/// Bytes of a key id.
const KEY_ID: usize = 4;
/// Bytes of the time before a cosignature.
const TIME: usize = 8;

/// What kind of signature a key makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum NoteAlgorithm {
    /// Ed25519 over the text (signature type 0x01).
    Ed25519,
    /// Ed25519 over a time and the text: "I saw the log grow to this, then" (signature type 0x04).
    CosignatureV1,
}

impl NoteAlgorithm {
    const fn byte(self) -> u8 {
        match self {
            Self::Ed25519 => 0x01,
            Self::CosignatureV1 => 0x04,
        }
    }
}

/// Why a note or a key has no reading, or a signature does not hold.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum NoteFailure {
    /// More than [`NOTE_MAX`] bytes.
    #[error("the note has more than {NOTE_MAX} bytes")]
    TooLarge,
    /// A control character other than the line end.
    #[error("the note has a control character; its lines end in a line feed alone")]
    ControlCharacter,
    /// No text, blank line, signatures, line end.
    #[error("a note is a text, a blank line, and signature lines that begin with “— ”, each line ended")]
    Form,
    /// A signature line of another form.
    #[error("signature line {0} is not “— NAME BASE64”")]
    SignatureLine(usize),
    /// More than [`SIGNATURES_MAX`].
    #[error("the note has more than {SIGNATURES_MAX} signatures")]
    TooManySignatures,
    /// Not `NAME+HASH+KEY`.
    #[error("a verifier key is written NAME+HASH+KEY, and its hash is of the other two")]
    BadKey,
    /// A signature by the name and id of the key that is not by the key.
    #[error("the signature of {0} does not hold")]
    BadSignature(String),
}

impl NoteFailure {
    /// Stable machine name.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::TooLarge => "note_too_large",
            Self::ControlCharacter => "note_control_character",
            Self::Form => "note_form",
            Self::SignatureLine(_) => "note_signature_line",
            Self::TooManySignatures => "note_signatures",
            Self::BadKey => "note_key",
            Self::BadSignature(_) => "note_signature_bad",
        }
    }
}

/// A key that signs notes, by its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoteKey {
    name: String,
    algorithm: NoteAlgorithm,
    public: PublicKey,
}

impl NoteKey {
    /// A key for plain signatures, of the name given; a log's is its origin.
    #[must_use]
    pub fn ed25519(name: &str, public: PublicKey) -> Self {
        Self { name: name.to_owned(), algorithm: NoteAlgorithm::Ed25519, public }
    }

    /// A witness's key.
    #[must_use]
    pub fn cosignature(name: &str, public: PublicKey) -> Self {
        Self { name: name.to_owned(), algorithm: NoteAlgorithm::CosignatureV1, public }
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What it makes.
    #[must_use]
    pub fn algorithm(&self) -> NoteAlgorithm {
        self.algorithm
    }

    /// First four bytes of the SHA-256 of name, line end, algorithm and key.
    fn id(&self) -> [u8; KEY_ID] {
        let hash = Sha256::new()
            .chain_update(self.name.as_bytes())
            .chain_update([b'\n', self.algorithm.byte()])
            .chain_update(self.public.to_bytes());
        let [a, b, c, d, ..] = <[u8; 32]>::from(hash.finalize());
        [a, b, c, d]
    }

    /// Reads a verifier key, `NAME+HASH+KEY`.
    ///
    /// # Errors
    /// [`NoteFailure::BadKey`].
    pub fn parse(text: &str) -> Result<Self, NoteFailure> {
        let read = || {
            let (name, rest) = text.split_once('+')?;
            let (_, key) = rest.split_once('+')?;
            let bytes = STANDARD.decode(key).ok()?;
            let (algorithm, public) = bytes.split_first()?;
            let algorithm =
                [NoteAlgorithm::Ed25519, NoteAlgorithm::CosignatureV1].into_iter().find(|a| a.byte() == *algorithm)?;
            let public = PublicKey::from_bytes(public.try_into().ok()?).ok()?;
            is_name(name).then(|| Self { name: name.to_owned(), algorithm, public })
        };
        read().filter(|key| key.to_string() == text).ok_or(NoteFailure::BadKey)
    }
}

impl fmt::Display for NoteKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut key = vec![self.algorithm.byte()];
        key.extend_from_slice(&self.public.to_bytes());
        write!(f, "{}+{:08x}+{}", self.name, u32::from_be_bytes(self.id()), STANDARD.encode(key))
    }
}

fn is_name(name: &str) -> bool {
    !name.is_empty() && !name.chars().any(|c| c.is_whitespace() || c == '+' || c.is_control())
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct NoteSignature {
    name: String,
    key: [u8; KEY_ID],
    bytes: Vec<u8>,
}

impl fmt::Display for NoteSignature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let both = [&self.key[..], &self.bytes].concat();
        writeln!(f, "{DASH}{} {}", self.name, STANDARD.encode(both))
    }
}

/// A text with the signatures under it; none of them has been verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    text: String,
    signatures: Vec<NoteSignature>,
}

/// A good signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Signed {
    /// When a witness saw it, to the second; none for a plain signature.
    pub at: Option<Timestamp>,
}

impl Note {
    /// Reads a note.
    ///
    /// # Errors
    /// [`NoteFailure`] says what it is not.
    pub fn parse(note: &str) -> Result<Self, NoteFailure> {
        if note.len() > NOTE_MAX {
            return Err(NoteFailure::TooLarge);
        }
        if note.chars().any(|c| c.is_control() && c != '\n') {
            return Err(NoteFailure::ControlCharacter);
        }
        // Signatures come behind the last blank line; the text before it keeps its line end.
        let blank = note.rfind("\n\n").ok_or(NoteFailure::Form)?;
        let (text, lines) = (&note[..=blank], &note[blank + 2..]);
        let lines = lines.strip_suffix('\n').ok_or(NoteFailure::Form)?;
        let lines: Vec<&str> = lines.split('\n').collect();
        if lines.len() > SIGNATURES_MAX {
            return Err(NoteFailure::TooManySignatures);
        }
        let signatures = (1..).zip(lines).map(|(n, line)| signature(line).ok_or(NoteFailure::SignatureLine(n)));
        Ok(Self { text: text.to_owned(), signatures: signatures.collect::<Result<_, _>>()? })
    }

    /// What is signed, with its line end.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The note with one signature line more.
    ///
    /// # Errors
    /// `SignatureLine` for another form, `TooManySignatures`.
    pub fn with_signature(&self, line: &str) -> Result<Self, NoteFailure> {
        if self.signatures.len() >= SIGNATURES_MAX {
            return Err(NoteFailure::TooManySignatures);
        }
        let added = signature(line.strip_suffix('\n').unwrap_or(line));
        let added = added.ok_or(NoteFailure::SignatureLine(self.signatures.len() + 1))?;
        let mut note = self.clone();
        note.signatures.push(added);
        Ok(note)
    }

    /// What this key says to the note: nothing, or a good signature. Of several signatures by one key the first counts.
    ///
    /// # Errors
    /// [`NoteFailure::BadSignature`].
    pub fn verified_by(&self, key: &NoteKey) -> Result<Option<Signed>, NoteFailure> {
        let id = key.id();
        let Some(found) = self.signatures.iter().find(|s| s.name == key.name && s.key == id) else { return Ok(None) };
        let bad = || NoteFailure::BadSignature(key.name.clone());
        match key.algorithm {
            NoteAlgorithm::Ed25519 => {
                verify_raw(&key.public, self.text.as_bytes(), &found.bytes).map_err(|_| bad())?;
                Ok(Some(Signed { at: None }))
            }
            NoteAlgorithm::CosignatureV1 => {
                let (time, bytes) = found.bytes.split_first_chunk::<TIME>().ok_or_else(bad)?;
                let seconds = i64::try_from(u64::from_be_bytes(*time)).map_err(|_| bad())?;
                let at = Timestamp::from_second(seconds).map_err(|_| bad())?;
                verify_raw(&key.public, cosigned(&self.text, at).as_bytes(), bytes).map_err(|_| bad())?;
                Ok(Some(Signed { at: Some(at) }))
            }
        }
    }

    /// Whether it has a good signature by this key.
    #[must_use]
    pub fn is_signed_by(&self, key: &NoteKey) -> bool {
        matches!(self.verified_by(key), Ok(Some(_)))
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.text)?;
        self.signatures.iter().try_for_each(|s| write!(f, "{s}"))
    }
}

fn signature(line: &str) -> Option<NoteSignature> {
    let (name, bytes) = line.strip_prefix(DASH)?.split_once(' ')?;
    let bytes = STANDARD.decode(bytes).ok()?;
    let (key, bytes) = bytes.split_first_chunk::<KEY_ID>()?;
    let known = is_name(name) && !bytes.is_empty();
    known.then(|| NoteSignature { name: name.to_owned(), key: *key, bytes: bytes.to_vec() })
}

/// What a witness signs.
fn cosigned(text: &str, at: Timestamp) -> String {
    format!("cosignature/v1\ntime {}\n{text}", at.as_second())
}

/// A note of this text, signed under that name. The text ends in a line end and has no blank line at its end.
///
/// # Errors
/// What the signer gives.
pub fn sign(text: &str, name: &str, signer: &dyn Signer) -> Result<String, SignFailure> {
    let key = NoteKey::ed25519(name, signer.public()).id();
    let signature: [u8; SIGNATURE_LEN] = signer.sign(text.as_bytes())?;
    let signature = NoteSignature { name: name.to_owned(), key, bytes: signature.to_vec() };
    Ok(format!("{text}\n{signature}"))
}

/// A witness's signature line under this text.
///
/// # Errors
/// What the signer gives.
pub fn cosign(text: &str, name: &str, at: Timestamp, signer: &dyn Signer) -> Result<String, SignFailure> {
    let key = NoteKey::cosignature(name, signer.public()).id();
    let signature: [u8; SIGNATURE_LEN] = signer.sign(cosigned(text, at).as_bytes())?;
    let time = u64::try_from(at.as_second()).unwrap_or_default().to_be_bytes();
    let bytes = [&time[..], &signature].concat();
    Ok(NoteSignature { name: name.to_owned(), key, bytes }.to_string())
}

#[cfg(test)]
#[path = "note_tests.rs"]
mod tests;
