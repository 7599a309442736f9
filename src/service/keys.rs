//! Life of the signing keys: a new one, the end of one, one that others may hold.

use super::actor::Act;
use super::{Plan, Service, ServiceError, keyring};
use crate::domain::event::KeyChange;
use crate::domain::{Fact, Refusal, Role};
use crate::sign::{KdfCost, KeyDocument, KeyId, KeyRecord, Passphrase, Purpose};
use jiff::Timestamp;
use serde_json::json;
use std::path::Path;

/// Where key files are, and what opens them.
#[derive(Clone, Copy)]
pub struct KeyFiles<'a> {
    /// The directory.
    pub directory: &'a Path,
    /// The passphrase.
    pub passphrase: &'a Passphrase,
    /// What a try costs.
    pub cost: KdfCost,
}

impl Service {
    /// The body's public keys.
    #[must_use]
    pub fn key_document(&self) -> KeyDocument {
        self.read_settings().keyring.document().clone()
    }

    /// Puts a new key in use for `purpose` and retires the one before it; what that one signed stays good.
    ///
    /// # Errors
    /// The key file cannot be written, or store failures.
    pub fn rotate_key(&self, act: &Act, purpose: Purpose, files: KeyFiles<'_>) -> Result<KeyId, ServiceError> {
        let role = act.actor.acting_as(Role::Operator)?;
        let id = self.read_settings().keyring.next_id(purpose)?;
        let public = keyring::generate(files.directory, id, files.passphrase, files.cost, self.entropy.as_ref())?;
        self.change_settings(act, "rotate_key", &json!({ "id": id.to_string() }), |settings, now| {
            let mut plan = Plan::new(role);
            let added = KeyChange::Added { purpose: purpose.as_str().to_owned(), public_key: public.to_multikey() };
            plan.facts.push((Fact::Key { id: id.to_string(), change: added }, now));
            for old in settings.keyring.document().keys().iter().filter(|k| in_use(k, purpose)) {
                plan.facts.push((Fact::Key { id: old.id.to_string(), change: KeyChange::Retired }, now));
            }
            Ok(plan)
        })?;
        self.write_settings().keyring.open_one(files.directory, id, files.passphrase)?;
        self.hand_log_its_key();
        Ok(id)
    }

    /// Retires a key from now on.
    ///
    /// # Errors
    /// `no_such_key`, `key_retired`, `last_key` when none would be left for its purpose.
    pub fn retire_key(&self, act: &Act, id: KeyId) -> Result<(), ServiceError> {
        self.end_key(act, id, KeyChange::Retired, None)
    }

    /// Declares a key compromised since `since` (now when left out): what the register recorded under it later is not good.
    /// Said again, the moment can only become earlier.
    ///
    /// # Errors
    /// `no_such_key`, `key_compromised`, `in_the_future`.
    pub fn compromise_key(&self, act: &Act, id: KeyId, since: Option<Timestamp>) -> Result<(), ServiceError> {
        self.end_key(act, id, KeyChange::Compromised, since)
    }

    fn end_key(&self, act: &Act, id: KeyId, change: KeyChange, since: Option<Timestamp>) -> Result<(), ServiceError> {
        let role = act.actor.acting_as(Role::Operator)?;
        let input = json!({ "id": id.to_string(), "change": change, "since": since });
        self.change_settings(act, "end_key", &input, |settings, now| {
            check_end(settings.keyring.document(), id, &change, since)?;
            if since.is_some_and(|s| s > now) {
                let why = "a key is compromised from now or an earlier time on";
                return Err(Refusal::rule("in_the_future", why).into());
            }
            let mut plan = Plan::new(role);
            plan.facts.push((Fact::Key { id: id.to_string(), change: change.clone() }, since.unwrap_or(now)));
            Ok(plan)
        })
    }
}

fn in_use(key: &KeyRecord, purpose: Purpose) -> bool {
    key.purpose == purpose && key.retired_at.is_none() && key.compromised_at.is_none()
}

/// Whether a key may end so.
fn check_end(keys: &KeyDocument, id: KeyId, change: &KeyChange, since: Option<Timestamp>) -> Result<(), Refusal> {
    let keys = keys.keys();
    let key = keys.iter().find(|k| k.id == id);
    let key = key.ok_or_else(|| Refusal::not_found("no_such_key", format!("there is no key {id}")))?;
    if *change == KeyChange::Retired {
        if key.retired_at.is_some() {
            return Err(Refusal::rule("key_retired", format!("key {id} is retired already")));
        }
        if !keys.iter().any(|k| k.id != id && in_use(k, key.purpose)) {
            let why = format!("{id} is the last {} key in use; rotate it instead", key.purpose);
            return Err(Refusal::rule("last_key", why));
        }
    } else if let Some(already) = key.compromised_at
        && since.is_none_or(|s| s >= already)
    {
        let why =
            format!("key {id} counts as compromised since {already} already; only an earlier moment changes anything");
        return Err(Refusal::rule("key_compromised", why));
    }
    Ok(())
}
