//! Floor 1: what is signed and how. Canonical JSON, keys by purpose, key files, Data Integrity proofs, notes.
//!
//! No I/O, no clock, no randomness: instants, seeds, salts are arguments. Every check is strict: where two readings
//! of the same bytes are thinkable, the bytes are refused.

pub mod batch;
pub mod canonical;
pub mod credential;
pub mod cwt;
pub mod jwt;
pub mod key_document;
pub mod key_file;
pub mod keys;
pub mod log_entry;
pub mod mark_list;
pub mod note;
pub mod note_key;
pub mod proof;
pub mod signer;
pub mod status_credential;
pub mod status_token;

pub use canonical::{canonicalize, parse_strict};
pub use key_document::KeyDocument;
pub use key_file::{KdfCost, KeyFileRandom, Passphrase};
pub use keys::{KeyId, KeyRecord, PublicKey, Purpose};
pub use mark_list::MarkList;
pub use note::{Note, NoteFailure, NoteProof, NoteSignature, cosign, sign_note};
pub use note_key::{NoteAlgorithm, NoteKey};
pub use proof::{
    ProofEvidence, ProofFailure, RECEIPT_TYPE, SigningKey, sign_document, sign_for, verify_credential,
    verify_credential_by, verify_document, verify_for,
};
pub use signer::{LocalSigner, OneByOne, SignFailure, SignatureCheck, Signer, verify_raw};
pub use status_credential::StatusList;
pub use status_token::{StatusToken, TokenFailure};
