//! Signed notes (C2SP signed-note) and cosignatures of checkpoints (C2SP tlog-cosignature, `cosignature/v1`).
//!
//! A note is text, a blank line, and lines of signatures over the text. Lines of unknown keys say nothing and are passed
//! over; a line that names a known key and does not verify spoils the whole note.

use super::note_key::{KEY_ID_LEN, NoteAlgorithm, NoteKey, check_name};
use super::signer::{SignFailure, Signer, verify_raw};
use crate::domain::Refusal;
use crate::domain::error::shown;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use std::fmt;
use thiserror::Error;

/// Largest note, in bytes.
pub const NOTE_MAX: usize = 1_000_000;
/// Most signature lines of a note.
pub const SIGNATURES_MAX: usize = 100;

/// Begins a signature line: em dash and space.
const LINE_START: &str = "— ";
/// Bytes of the time in front of a cosignature.
const TIME_LEN: usize = 8;

/// One signature line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoteSignature {
    name: String,
    key_id: [u8; KEY_ID_LEN],
    signature: Vec<u8>,
}

impl NoteSignature {
    /// Name of the key it says it is by.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Id of the key it says it is by.
    #[must_use]
    pub fn key_id(&self) -> [u8; KEY_ID_LEN] {
        self.key_id
    }

    /// Reads lines, as a witness answers with: `— name base64`, each with its line end.
    ///
    /// # Errors
    /// `note_signature_line`; `note_too_many_signatures` beyond [`SIGNATURES_MAX`]; `note_too_large`.
    pub fn parse_lines(text: &str) -> Result<Vec<Self>, Refusal> {
        check_size(text.len())?;
        let mut out = Vec::new();
        for line in text.split_inclusive('\n') {
            if out.len() == SIGNATURES_MAX {
                let why = format!("the note has more than {SIGNATURES_MAX} signatures");
                return Err(Refusal::invalid("note_too_many_signatures", why));
            }
            out.push(Self::parse_line(line).ok_or_else(|| {
                let why = format!("“{}” is no signature line: — name base64", shown(line));
                Refusal::invalid("note_signature_line", why)
            })?);
        }
        Ok(out)
    }

    fn parse_line(line: &str) -> Option<Self> {
        let (name, base64) = line.strip_prefix(LINE_START)?.strip_suffix('\n')?.split_once(' ')?;
        check_name(name).ok()?;
        let bytes = STANDARD.decode(base64).ok()?;
        let (key_id, signature) = bytes.split_first_chunk()?;
        let (key_id, signature) = (*key_id, signature.to_vec());
        (!signature.is_empty()).then(|| Self { name: name.to_owned(), key_id, signature })
    }

    fn is_by(&self, key: &NoteKey) -> bool {
        self.name == key.name() && self.key_id == key.id()
    }
}

impl fmt::Display for NoteSignature {
    /// The line with its line end.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = [&self.key_id[..], &self.signature].concat();
        writeln!(f, "{LINE_START}{} {}", self.name, STANDARD.encode(bytes))
    }
}

/// What a verified signature line proved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoteProof {
    /// When a cosignature says it was made, to the second; the newest where the key gave several. The signer's word only.
    pub at: Option<Timestamp>,
}

/// Why a line that names a known key spoils its note.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum NoteFailure {
    /// The signature is not by that key over this text.
    #[error("a signature in the name of {0} does not match the note")]
    BadSignature(String),
    /// The cosignature is by that key, but says no time, or one that no calendar here reaches.
    #[error("a cosignature in the name of {0} has no time between 1970 and 9999")]
    BadTime(String),
}

impl NoteFailure {
    /// Stable machine name.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::BadSignature(_) => "note_signature_bad",
            Self::BadTime(_) => "note_time_bad",
        }
    }
}

/// A note: text and the signature lines under it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    text: String,
    signatures: Vec<NoteSignature>,
}

impl Note {
    /// From text that ends in a line end, and one or more lines such as [`sign_note`] gives.
    ///
    /// # Errors
    /// `note_text`, `note_signature_line`, `note_too_many_signatures`, `note_too_large`.
    pub fn new(text: &str, lines: &str) -> Result<Self, Refusal> {
        check_text(text)?;
        let signatures = NoteSignature::parse_lines(lines)?;
        if signatures.is_empty() {
            return Err(Refusal::invalid("note_signature_line", "the note has no signature line"));
        }
        check_size(text.len() + 1 + lines.len())?;
        Ok(Self { text: text.to_owned(), signatures })
    }

    /// Reads a note. No signature has been verified by that.
    ///
    /// # Errors
    /// `note_too_large` beyond [`NOTE_MAX`] bytes; `note_text` when it is not UTF-8, holds a control character other than
    /// the line end or has no blank line; `note_signature_line`, `note_too_many_signatures`.
    pub fn parse(note: &[u8]) -> Result<Self, Refusal> {
        check_size(note.len())?;
        let note = std::str::from_utf8(note)
            .map_err(|e| Refusal::invalid("note_text", format!("the note is not UTF-8 at byte {}", e.valid_up_to())))?;
        check_characters(note)?;
        // The text may hold blank lines: the last one ends it.
        let at = note.rfind("\n\n").ok_or_else(|| {
            Refusal::invalid("note_text", "the note has no blank line between its text and its signatures")
        })?;
        Self::new(&note[..=at], &note[at + 2..])
    }

    /// The text, its last line end included.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The signature lines, as they stand.
    #[must_use]
    pub fn signatures(&self) -> &[NoteSignature] {
        &self.signatures
    }

    /// The note with more lines under it; a line that stands already is not put twice.
    ///
    /// # Errors
    /// `note_signature_line`, `note_too_many_signatures`, `note_too_large`.
    pub fn with_lines(&self, lines: &str) -> Result<Self, Refusal> {
        let mut signatures = self.signatures.clone();
        for line in NoteSignature::parse_lines(lines)? {
            if !signatures.contains(&line) {
                signatures.push(line);
            }
        }
        Self::new(&self.text, &signatures.iter().map(ToString::to_string).collect::<String>())
    }

    /// Verifies every line in the name of this key: none when there is no such line. The key must be trusted already.
    ///
    /// # Errors
    /// See [`NoteFailure`]: the note is to be refused.
    pub fn verified_by(&self, key: &NoteKey) -> Result<Option<NoteProof>, NoteFailure> {
        let mut proof: Option<NoteProof> = None;
        for line in self.signatures.iter().filter(|line| line.is_by(key)) {
            let at = verify_line(&self.text, line, key)?;
            proof = Some(NoteProof { at: at.max(proof.and_then(|p| p.at)) });
        }
        Ok(proof)
    }
}

impl fmt::Display for Note {
    /// The note as it is kept and sent.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.text)?;
        self.signatures.iter().try_for_each(|line| write!(f, "{line}"))
    }
}

fn check_size(bytes: usize) -> Result<(), Refusal> {
    if bytes <= NOTE_MAX {
        return Ok(());
    }
    Err(Refusal::invalid("note_too_large", format!("the note has more than {NOTE_MAX} bytes")))
}

fn check_characters(text: &str) -> Result<(), Refusal> {
    match text.bytes().position(|b| b < b' ' && b != b'\n') {
        None => Ok(()),
        Some(at) => {
            let why = format!("the note has a control character at byte {at}; only line feeds are allowed");
            Err(Refusal::invalid("note_text", why))
        }
    }
}

fn check_text(text: &str) -> Result<(), Refusal> {
    check_characters(text)?;
    if text.ends_with('\n') {
        Ok(())
    } else {
        Err(Refusal::invalid("note_text", "the text has no line end at its end"))
    }
}

/// The bytes a cosignature signs (C2SP tlog-cosignature, Ed25519 signed message).
fn cosigned(text: &str, seconds: u64) -> String {
    format!("cosignature/v1\ntime {seconds}\n{text}")
}

fn verify_line(text: &str, line: &NoteSignature, key: &NoteKey) -> Result<Option<Timestamp>, NoteFailure> {
    let bad = || NoteFailure::BadSignature(key.name().to_owned());
    match key.algorithm() {
        NoteAlgorithm::Ed25519 => {
            verify_raw(&key.public(), text.as_bytes(), &line.signature).map_err(|_| bad())?;
            Ok(None)
        }
        NoteAlgorithm::CosignatureV1 => {
            let (time, signature) = line.signature.split_first_chunk::<TIME_LEN>().ok_or_else(bad)?;
            let seconds = u64::from_be_bytes(*time);
            verify_raw(&key.public(), cosigned(text, seconds).as_bytes(), signature).map_err(|_| bad())?;
            let time = i64::try_from(seconds).ok().filter(|s| *s > 0).and_then(|s| Timestamp::from_second(s).ok());
            time.map(Some).ok_or_else(|| NoteFailure::BadTime(key.name().to_owned()))
        }
    }
}

fn signed_line(
    name: &str,
    algorithm: NoteAlgorithm,
    signer: &dyn Signer,
    message: &str,
    time: &[u8],
) -> Result<String, SignFailure> {
    let key = NoteKey::new(name, algorithm, signer.public()).map_err(SignFailure::Unsignable)?;
    let signature = signer.sign(message.as_bytes())?;
    let line = NoteSignature { key_id: key.id(), name: name.to_owned(), signature: [time, &signature].concat() };
    Ok(line.to_string())
}

/// The line by which the key `name` signs a note's text (type 0x01), with its line end.
///
/// # Errors
/// [`SignFailure::Unsignable`] for a text or a name that cannot stand in a note; what [`Signer::sign`] gives.
pub fn sign_note(text: &str, name: &str, signer: &dyn Signer) -> Result<String, SignFailure> {
    check_text(text).map_err(SignFailure::Unsignable)?;
    signed_line(name, NoteAlgorithm::Ed25519, signer, text, &[])
}

/// The line by which the witness `name` cosigns a checkpoint's text at `time` (type 0x04), to the second, with its line
/// end. Whoever calls has verified that the checkpoint follows from the last one it cosigned.
///
/// # Errors
/// As [`sign_note`]; [`SignFailure::Unsignable`] too for a time before 1970-01-01T00:00:01Z.
pub fn cosign(text: &str, name: &str, time: Timestamp, signer: &dyn Signer) -> Result<String, SignFailure> {
    check_text(text).map_err(SignFailure::Unsignable)?;
    let seconds = u64::try_from(time.as_second()).ok().filter(|s| *s > 0).ok_or_else(|| {
        SignFailure::Unsignable(Refusal::invalid("note_time_bad", format!("nothing is cosigned at {time}")))
    })?;
    signed_line(name, NoteAlgorithm::CosignatureV1, signer, &cosigned(text, seconds), &seconds.to_be_bytes())
}

#[cfg(test)]
#[path = "note_tests.rs"]
mod tests;
