//! Floor 4: use cases. Each loads, decides by pure rules, and commits; clock, randomness and keys live here.

pub mod actor;
pub mod asking;
pub mod audit;
pub mod batch;
pub mod bundle;
pub mod clock;
pub mod data_dir;
pub mod erratum;
pub mod error;
pub mod example;
pub mod ground;
mod in_flight;
pub mod issuance;
pub mod keyring;
pub mod keys;
pub mod kits;
pub mod list;
pub mod log;
pub mod lookalike;
pub mod lookup;
pub mod mark_list;
pub mod marks;
pub mod papers;
mod perform;
mod present;
pub mod preview;
pub mod receipts;
pub mod reports;
pub mod revocation;
pub mod roster;
pub mod roster_import;
pub mod scanned;
pub mod search;
#[cfg(test)]
mod self_check_tests;
pub mod sheet;
pub mod signals;
pub mod status_lists;
pub mod sweep;
#[cfg(test)]
pub mod testing;
pub mod tokens;
pub mod typed;
pub mod watch;

use crate::domain::event::{Event, Fact, KeyChange, Provenance};
use crate::domain::holder::CertificationBody;
use crate::domain::text::Name;
use crate::domain::{Certificate, CertificateId, Host, MarkId, MarkLicence, Refusal, Role, Scheme, hex};
use crate::sign::{KdfCost, KeyId, Passphrase, Purpose};
use crate::store::{Changeset, Drawer, Store};
pub use actor::{Act, Actor, IdempotencyKey};
use clock::{Clock, Entropy};
pub use error::ServiceError;
use in_flight::InFlight;
use jiff::Timestamp;
use keyring::Keyring;
use log::{Log, LogFiles};
pub use perform::Done;
use perform::Plan;
use receipts::Receipts;
use serde::Serialize;
use sha2::{Digest, Sha256};
use std::path::Path;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, RwLock};
use tokens::Tokens;

/// What a service works with.
pub struct Parts {
    /// Where events are kept.
    pub store: Arc<dyn Store>,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Gives randomness.
    pub entropy: Arc<dyn Entropy>,
    /// Where the log is published.
    pub log: LogFiles,
    /// The scheme certificates are issued under.
    pub scheme: Scheme,
    /// Where receipts are kept.
    pub receipts: Arc<dyn Receipts>,
    /// Where reports of misuse and all else that is no event is kept.
    pub drawer: Arc<Drawer>,
}

/// What the settings events say.
struct Settings {
    body: CertificationBody,
    keyring: Keyring,
    tokens: Tokens,
}

/// The use cases.
pub struct Service {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    scheme: Scheme,
    receipts: Arc<dyn Receipts>,
    drawer: Arc<Drawer>,
    /// One closing of a report at a time.
    closing: Mutex<()>,
    watch: Arc<watch::Watch>,
    signals: signals::Signals,
    host: Host,
    settings: RwLock<Settings>,
    /// How often they, or the keys that are open, have changed.
    settings_changes: AtomicU64,
    log: Log,
    lists: status_lists::Lists,
    mark_lists: mark_list::MarkLists,
    in_flight: InFlight,
    /// The latest moment that has surely come, in milliseconds: time never runs behind it.
    latest: Arc<AtomicI64>,
}

/// Sets a new store up: the body, its host, and one key for each purpose.
///
/// # Errors
/// The store is not empty, or the key directory cannot be written.
pub fn set_up(
    parts: &Parts,
    host: &Host,
    body: &CertificationBody,
    keys: &Path,
    passphrase: &Passphrase,
    cost: KdfCost,
) -> Result<(), ServiceError> {
    if parts.store.next_seq() != 0 {
        return Err(Refusal::conflict("already_set_up", "this store is set up already").into());
    }
    let mut facts = vec![Fact::Body { host: host.clone(), body: Box::new(body.clone()) }];
    let empty = Keyring::public(host.clone(), body.name.clone(), &[])?;
    for purpose in Purpose::ALL {
        let id = empty.next_id(purpose)?;
        let public = keyring::generate(keys, id, passphrase, cost, parts.entropy.as_ref())?;
        let change = KeyChange::Added { purpose: purpose.as_str().to_owned(), public_key: public.to_multikey() };
        facts.push(Fact::Key { id: id.to_string(), change });
    }
    let now = parts.clock.now();
    let event = |fact| Event { fact, effective_at: now, recorded_at: now, actor: Role::Operator };
    let provenance = Provenance { by: "local:init".into(), ..Provenance::default() };
    let events = facts.into_iter().map(event).collect();
    parts.store.commit(Changeset { expect: vec![], events, records: vec![], provenance })?;
    Ok(())
}

impl Service {
    /// Opens the service on a store that is set up; signs nothing until [`Service::unlock`].
    ///
    /// # Errors
    /// `not_set_up`, or settings events that have no reading.
    pub fn open(parts: Parts) -> Result<Self, ServiceError> {
        let (host, settings) = read_settings(parts.store.as_ref())?;
        let Parts { store, clock, entropy, log, scheme, receipts, drawer } = parts;
        let log = Log::new(store.clone(), log, &host);
        let last = store.entries(store.next_seq().saturating_sub(1), 1)?;
        let latest = last.iter().flat_map(|e| &e.events).map(|e| e.recorded_at.as_millisecond()).max();
        let latest = Arc::new(AtomicI64::new(latest.unwrap_or(i64::MIN)));
        let (settings, lists) = (RwLock::new(settings), status_lists::Lists::default());
        let in_flight = InFlight::default();
        let (closing, watch) = (Mutex::default(), Arc::<watch::Watch>::default());
        Ok(Self {
            store,
            clock,
            entropy,
            scheme,
            receipts,
            drawer,
            closing,
            watch,
            signals: signals::Signals::default(),
            host,
            settings,
            settings_changes: AtomicU64::default(),
            log,
            lists,
            mark_lists: mark_list::MarkLists::default(),
            in_flight,
            latest,
        })
    }

    /// Opens the private keys, and lets the log go on.
    ///
    /// # Errors
    /// A key file is missing or the passphrase does not open it; the log that was published is not this register's.
    pub fn unlock(&self, keys: &Path, passphrase: &Passphrase) -> Result<(), ServiceError> {
        self.write_settings().keyring.unlock(keys, passphrase)?;
        self.hand_log_its_key();
        self.log.start(&self.key_document())
    }

    /// The public log.
    #[must_use]
    pub fn log(&self) -> &Log {
        &self.log
    }

    /// Waits until everything recorded so far is in a checkpoint, where the log is at work.
    pub fn wait_for_log(&self) {
        if let Some(last) = self.store.next_seq().checked_sub(1) {
            // Where the log stands still, `health` says why.
            let _ = self.log.wait_for(last);
        }
    }

    /// The same without a thread that waits.
    pub async fn wait_for_log_async(&self) {
        if let Some(last) = self.store.next_seq().checked_sub(1) {
            let _ = self.log.wait_for_async(last).await;
        }
    }

    fn hand_log_its_key(&self) {
        let settings = self.read_settings();
        self.log.know(settings.keyring.document());
        // The log knows of a leak from here on.
        self.settings_changed();
        match settings.keyring.signer(Purpose::Log, self.now()) {
            Ok(signer) => self.log.sign_with(Some(signer)),
            // Between the record of a new key and the opening of its file the one before it goes on; a leaked one never does.
            Err(_) => {
                let leaked = |id: KeyId| {
                    settings.keyring.document().keys().iter().any(|k| k.id == id && k.compromised_at.is_some())
                };
                self.log.stop_signing_if(leaked);
            }
        }
    }

    /// The verification host.
    #[must_use]
    pub fn host(&self) -> &Host {
        &self.host
    }

    /// What the body says of itself.
    #[must_use]
    pub fn body(&self) -> CertificationBody {
        self.read_settings().body.clone()
    }

    /// The scheme certificates are issued under.
    #[must_use]
    pub fn scheme(&self) -> &Scheme {
        &self.scheme
    }

    /// The store, for reading.
    #[must_use]
    pub fn store(&self) -> &dyn Store {
        self.store.as_ref()
    }

    fn read_settings(&self) -> std::sync::RwLockReadGuard<'_, Settings> {
        self.settings.read().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    fn write_settings(&self) -> std::sync::RwLockWriteGuard<'_, Settings> {
        let settings = self.settings.write().unwrap_or_else(std::sync::PoisonError::into_inner);
        // Counted while nobody reads them: an answer that knows this number was made from what they are afterwards.
        self.settings_changed();
        settings
    }

    fn settings_changed(&self) {
        self.settings_changes.fetch_add(1, Ordering::AcqRel);
    }

    fn settings_changes(&self) -> u64 {
        self.settings_changes.load(Ordering::Acquire)
    }

    /// Finds a certificate by what staff type: its 16-digit identifier or its number.
    ///
    /// # Errors
    /// `no_such_certificate`.
    pub fn find(&self, typed: &str) -> Result<Certificate, ServiceError> {
        let missing = || {
            Refusal::not_found(
                "no_such_certificate",
                format!("there is no certificate “{}”", crate::domain::error::shown(typed)),
            )
        };
        Ok(self.numbered(typed)?.ok_or_else(missing)?)
    }

    fn certificate(&self, id: CertificateId) -> Result<Certificate, ServiceError> {
        let missing = || Refusal::not_found("no_such_certificate", format!("there is no certificate {id}"));
        Ok(self.store.certificate(id)?.ok_or_else(missing)?)
    }

    fn mark(&self, id: MarkId) -> Result<MarkLicence, ServiceError> {
        let missing = || Refusal::not_found("no_such_mark", format!("there is no mark {id}"));
        Ok(self.store.mark(id)?.ok_or_else(missing)?)
    }

    /// Plans and commits a change of the settings. Changes come one at a time, and nobody reads the settings from before
    /// once the change is on record: what it ends is good for nothing when this returns.
    fn change_settings(
        &self,
        act: &Act,
        operation: &str,
        input: &impl Serialize,
        mut plan: impl FnMut(&Settings, Timestamp) -> Result<Plan, ServiceError>,
    ) -> Result<(), ServiceError> {
        // Before the settings are locked, which it reads.
        self.log.must_hold(|| self.key_document())?;
        let mut settings = self.write_settings();
        self.perform(act, operation, input, |now| plan(&settings, now))?;
        let (_, mut fresh) = read_settings(self.store.as_ref())?;
        fresh.keyring.keep_signers_of(&settings.keyring);
        *settings = fresh;
        drop(settings);
        self.hand_log_its_key();
        Ok(())
    }
}

/// Lower-case hexadecimal SHA-256.
fn sha256_hex(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

fn read_settings(store: &dyn Store) -> Result<(Host, Settings), ServiceError> {
    let events = store.settings()?;
    let body = events.iter().rev().find_map(|e| match &e.fact {
        Fact::Body { host, body } => Some((host.clone(), (**body).clone())),
        _ => None,
    });
    let (host, body) =
        body.ok_or_else(|| Refusal::rule("not_set_up", "this store has no body; run `starmark init`"))?;
    let name: Name = body.name.clone();
    let keyring = Keyring::public(host.clone(), name, &events)?;
    Ok((host, Settings { body, keyring, tokens: Tokens::of(&events) }))
}
