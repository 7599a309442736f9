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
use crate::domain::text::{Name, Note};
use crate::domain::{Certificate, CertificateId, Host, MarkId, MarkLicence, Refusal, Role, Scheme};
use crate::sign::canonical::object_of;
use crate::sign::{KdfCost, KeyId, Passphrase, Purpose, canonicalize};
use crate::store::{Changeset, Claim, Drawer, Entry, Expect, Record, Store, StoreError, Subject};
pub use actor::{Act, Actor, IdempotencyKey};
use clock::{Clock, Entropy};
pub use error::ServiceError;
use in_flight::InFlight;
use jiff::Timestamp;
use keyring::Keyring;
use log::{Log, LogFiles};
use receipts::Receipts;
use serde::Serialize;
use serde_json::json;
use sha2::{Digest, Sha256};
use std::path::Path;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, RwLock};
use tokens::Tokens;

/// How often a use case reads again and decides again when somebody was quicker.
const COMMIT_TRIES: usize = 8;

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
    latest: AtomicI64,
}

/// What a use case wants written.
struct Plan {
    expect: Vec<Expect>,
    facts: Vec<(Fact, Timestamp)>,
    records: Vec<Record>,
    reference: Option<String>,
    role: Role,
}

impl Plan {
    fn new(role: Role) -> Self {
        Self { expect: vec![], facts: vec![], records: vec![], reference: None, role }
    }

    fn relying_on(mut self, subject: Subject, version: u64) -> Self {
        self.expect.push(Expect { subject, version });
        self
    }
}

/// What came of a use case: the unit as it stands in the store.
#[derive(Debug, Clone)]
pub struct Done {
    /// The unit.
    pub entry: Entry,
    /// Whether it had been done before under the same idempotency key.
    pub replayed: bool,
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
        let latest = AtomicI64::new(latest.unwrap_or(i64::MIN));
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

    /// Plans and commits, reading and deciding again when somebody was quicker; the same request under the same key is
    /// done once and answered alike.
    fn perform(
        &self,
        act: &Act,
        operation: &str,
        input: &impl Serialize,
        plan: impl FnMut(Timestamp) -> Result<Plan, ServiceError>,
    ) -> Result<Done, ServiceError> {
        self.perform_asked(act, operation, &canonicalize(&json!(input))?, plan)
    }

    /// The same for a request in canonical bytes.
    fn perform_asked(
        &self,
        act: &Act,
        operation: &str,
        input: &[u8],
        mut plan: impl FnMut(Timestamp) -> Result<Plan, ServiceError>,
    ) -> Result<Done, ServiceError> {
        self.log.must_hold(|| self.key_document())?;
        let request_sha256 = request_digest(act.note.as_ref(), operation, input)?;
        if let Some(done) = self.replay(act, &request_sha256)? {
            return Ok(done);
        }
        let mut tries = 0;
        loop {
            tries += 1;
            let begun = self.in_flight.begin(|| self.recording_time())?;
            let now = begun.at;
            let planned = match plan(now) {
                Ok(planned) => planned,
                // It may be refused only because the same request was done a moment ago.
                Err(refused) => return self.replay(act, &request_sha256)?.ok_or(refused),
            };
            let changeset = changeset(act, &request_sha256, planned, now);
            match self.store.commit(changeset.clone()) {
                Ok(committed) => {
                    self.has_come(now);
                    self.log.wake();
                    let Changeset { events, records, provenance, .. } = changeset;
                    let entry = Entry { first_seq: committed.first_seq, events, records, provenance };
                    return Ok(Done { entry, replayed: false });
                }
                Err(StoreError::Taken(Claim::IdempotencyKey(_))) if tries < COMMIT_TRIES => {
                    if let Some(done) = self.replay(act, &request_sha256)? {
                        return Ok(done);
                    }
                }
                Err(StoreError::Taken(claim)) if tries >= COMMIT_TRIES => return Err(taken(&claim).into()),
                Err(StoreError::Stale { .. }) if tries < COMMIT_TRIES => {}
                Err(StoreError::Stale { .. }) => {
                    let why = "others kept changing it meanwhile; nothing was changed, try again";
                    return Err(Refusal::conflict("changed_meanwhile", why).into());
                }
                Err(StoreError::Taken(claim)) => self.settle_taken(&claim, &changeset)?,
                Err(other) => return Err(other.into()),
            }
        }
    }

    /// A claim that the plan can choose anew (an allocated number, a place in the status lists) is tried again; one that the request made is final.
    fn settle_taken(&self, claim: &Claim, changeset: &Changeset) -> Result<(), ServiceError> {
        let allocated = changeset.events.iter().any(|e| {
            matches!(
                &e.fact,
                Fact::Certificate { change: crate::domain::CertificateChange::Issued { serial: Some(_), .. }, .. }
            )
        });
        match claim {
            Claim::Number(_) if allocated => Ok(()),
            Claim::StatusIndex(_) => Ok(()),
            other => Err(taken(other).into()),
        }
    }

    fn replay(&self, act: &Act, request_sha256: &str) -> Result<Option<Done>, ServiceError> {
        let Some(key) = &act.key else { return Ok(None) };
        let Some(entry) = self.store.holder_of(&Claim::IdempotencyKey(key.as_str().to_owned()))? else {
            return Ok(None);
        };
        if entry.provenance.request_sha256.as_deref() != Some(request_sha256) {
            let why =
                format!("“{}” was used for another request; the same key is for the same request only", key.as_str());
            return Err(Refusal::conflict("idempotency_mismatch", why).into());
        }
        Ok(Some(Done { entry, replayed: true }))
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

fn taken(claim: &Claim) -> Refusal {
    match claim {
        Claim::Number(n) => {
            Refusal::conflict("number_taken", format!("certificate number {n} is taken; each number is used once"))
                .under("/number")
        }
        Claim::Reference(r) => Refusal::conflict(
            "reference_taken",
            format!("decision {r} was recorded already; each decision yields one certificate"),
        )
        .under("/reference"),
        Claim::IdempotencyKey(k) => Refusal::conflict("idempotency_mismatch", format!("“{k}” is used already")),
        Claim::StatusIndex(_) => {
            let why = "others kept taking the same place in the status lists meanwhile; nothing was changed, try again";
            Refusal::conflict("changed_meanwhile", why)
        }
    }
}

fn changeset(act: &Act, request_sha256: &str, plan: Plan, now: Timestamp) -> Changeset {
    let event = |(fact, effective_at)| Event { fact, effective_at, recorded_at: now, actor: plan.role };
    Changeset {
        expect: plan.expect,
        events: plan.facts.into_iter().map(event).collect(),
        records: plan.records,
        provenance: Provenance {
            by: act.actor.by.clone(),
            idempotency_key: act.key.as_ref().map(|k| k.as_str().to_owned()),
            request_sha256: Some(request_sha256.to_owned()),
            reference: plan.reference,
            note: act.note.as_ref().map(|n| n.as_str().to_owned()),
        },
    }
}

/// What makes two requests one and the same: what is asked, in canonical bytes, and with what evidence.
fn request_digest(note: Option<&Note>, operation: &str, input: &[u8]) -> Result<String, ServiceError> {
    let (operation, note) = (canonicalize(&json!(operation))?, canonicalize(&json!(note))?);
    Ok(sha256_hex(&object_of([("operation", &*operation), ("input", input), ("note", &note)])))
}

/// Lower-case hexadecimal SHA-256.
fn sha256_hex(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|b| format!("{b:02x}")).collect()
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

#[cfg(test)]
mod tests;
