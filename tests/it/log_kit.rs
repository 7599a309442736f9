//! A log on a real store, without the service around it.

use super::store_kit::*;
use jiff::Timestamp;
use starmark::domain::event::TokenChange;
use starmark::domain::{Fact, Host};
use starmark::service::log::{Log, LogFiles, origin};
use starmark::sign::{KeyDocument, KeyId, KeyRecord, LocalSigner, Note, NoteAlgorithm, NoteKey, Purpose, Signer};
use starmark::store::{Changeset, Store};
use starmark::tlog::Checkpoint;
use std::sync::Arc;
use zeroize::Zeroizing;

pub fn host() -> Host {
    Host::parse("xb.example.cn").unwrap()
}

pub fn log_signer() -> LocalSigner {
    LocalSigner::from_seed(&Zeroizing::new([7; 32])).unwrap()
}

pub fn log_key() -> KeyId {
    KeyId::new(Purpose::Log, 1).unwrap()
}

pub fn keys() -> KeyDocument {
    let since = Timestamp::from_second(1_700_000_000).unwrap();
    KeyDocument::new(host(), None, vec![KeyRecord::new(log_key(), log_signer().public(), since)]).unwrap()
}

pub fn verifier() -> NoteKey {
    NoteKey::new(&origin(&host()), NoteAlgorithm::Ed25519, log_signer().public()).unwrap()
}

/// A log at work.
pub fn at_work(store: &Arc<dyn Store>, files: &LogFiles) -> Log {
    let log = Log::new(store.clone(), files.clone(), &host());
    log.sign_with(Some((log_key(), Arc::new(log_signer()))));
    log.start(&keys()).unwrap();
    log
}

/// The checkpoint in a note of this log.
pub fn checkpoint(note: &[u8]) -> Checkpoint {
    let note = Note::parse(note).unwrap();
    assert!(note.verified_by(&verifier()).unwrap().is_some(), "{note:?}");
    Checkpoint::parse(note.text()).unwrap()
}

/// An event that is never in the log.
pub fn private(n: u64) -> Changeset {
    let fact = Fact::Token { id: format!("token-{n}"), change: TokenChange::Revoked };
    Changeset { expect: vec![], events: vec![event(n, fact)], records: vec![], provenance: unnamed() }
}

/// Every seventh unit is private.
pub fn unit(n: u64) -> Changeset {
    if n % 7 == 3 { private(n) } else { issue(n) }
}
