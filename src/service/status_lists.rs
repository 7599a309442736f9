//! Status lists, as certificates name them: made from the register, signed, and kept until something changes.
//!
//! A list tells of whoever stands in it at one moment. What it says and what [`Service::certificate_answer`] says of the
//! same moment agree, but that dates are not in it ([`Certificate::listed`](crate::domain::Certificate::listed)).

use super::{Service, ServiceError};
use crate::domain::status_entry::{LIST_ENTRIES, Listed};
use crate::domain::{CertificateChange, Fact, Refusal, StatusEntry, StatusPurpose};
use crate::sign::{
    Purpose, SigningKey, StatusList, StatusToken, canonicalize, cwt, jwt, parse_strict, sign_document,
    status_credential, verify_credential,
};
use crate::status::token_list::{INVALID, SUSPENDED, VALID};
use crate::status::{Bits, Bitstring, ListFault, TokenList};
use crate::store::StoreError;
use jiff::{SignedDuration, Timestamp};
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

/// For how long a list may be used: a verifier without a network for a day still has one that holds.
pub const VALIDITY: SignedDuration = SignedDuration::from_hours(24);
/// For how many seconds a list may be kept before a fresh one is fetched.
pub const TTL_SECONDS: u32 = 300;
/// Units looked through for a change of standing; after more of them the list is made anew.
const LOOKED_THROUGH: usize = 256;
/// Places tried for a free one. At least half of a list is free, so this many are taken never.
const PLACES_TRIED: u32 = 128;

/// A form in which a list is given out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ListForm {
    /// A Verifiable Credential with one bit an entry, for one purpose.
    Credential(StatusPurpose),
    /// A Status List Token as a JWT, two bits an entry.
    Jwt,
    /// The same as a CWT.
    Cwt,
}

/// What a list says: the places that are not valid.
type Told = Vec<(u32, Listed)>;

/// A list as it was made.
struct Made {
    /// Of which moment.
    at: Timestamp,
    /// Events looked at.
    seq: u64,
    /// When a planned change takes effect.
    until: Option<Timestamp>,
    told: Told,
    signed: BTreeMap<ListForm, Arc<[u8]>>,
}

/// The latest of each list.
#[derive(Default)]
pub(super) struct Lists(Mutex<HashMap<u32, Made>>);

impl Service {
    /// A place in the status lists for one more certificate, drawn by lot; whether somebody else takes it meanwhile is told
    /// by the commit.
    pub(super) fn free_status_entry(&self) -> Result<StatusEntry, ServiceError> {
        let list = self.store.next_status_list()?;
        for _ in 0..PLACES_TRIED {
            let entry = StatusEntry::new(list, u32::from_be_bytes(self.random()?) % LIST_ENTRIES)?;
            if self.store.certificate_by_status(entry)?.is_none() {
                return Ok(entry);
            }
        }
        let why = format!("{PLACES_TRIED} places of status list {list} in a row are taken; try again");
        Err(Refusal::conflict("changed_meanwhile", why).into())
    }

    /// A signed status list: as it stands now, or as it stood at a moment of the past by what was known then. None where no
    /// certificate was ever given a place in it.
    ///
    /// # Errors
    /// `bad_timestamp` for a moment that has not come; `clock_behind`, `clock_ahead`; `no_key`; store and signer failures.
    pub fn status_list(
        &self,
        form: ListForm,
        list: u32,
        at: Option<Timestamp>,
    ) -> Result<Option<Arc<[u8]>>, ServiceError> {
        if !(1..=self.store.latest_status_list()).contains(&list) {
            return Ok(None);
        }
        if let Some(at) = at {
            let now = self.recording_time()?;
            if at > now {
                let why = format!("how certificates will stand at {at} is not known yet: it is {now} now");
                return Err(Refusal::invalid("bad_timestamp", why).into());
            }
            let (told, _) = self.told(list, at, at)?;
            return self.sign_list(form, list, at, &told, now).map(Some);
        }
        let mut lists = self.lists.0.lock().unwrap_or_else(PoisonError::into_inner);
        let now = self.recording_time()?;
        let kept = match lists.remove(&list) {
            Some(made) => self.still_holds(made, now)?,
            None => None,
        };
        let mut made = match kept {
            Some(made) => made,
            None => {
                // First the count, then the events: one that comes in between is looked at again, never overlooked.
                let seq = self.store.next_seq();
                let (told, until) = self.told(list, now, Timestamp::MAX)?;
                Made { at: now, seq, until, told, signed: BTreeMap::new() }
            }
        };
        let bytes = match made.signed.get(&form) {
            Some(bytes) => bytes.clone(),
            None => self.sign_list(form, list, made.at, &made.told, now)?,
        };
        made.signed.insert(form, bytes.clone());
        lists.insert(list, made);
        Ok(Some(bytes))
    }

    /// The list as it was made, where it would be made the same way now.
    fn still_holds(&self, mut made: Made, now: Timestamp) -> Result<Option<Made>, StoreError> {
        let young = made.at <= now && now.duration_since(made.at) < VALIDITY / 2;
        if !young || made.until.is_some_and(|until| until <= now) {
            return Ok(None);
        }
        if made.seq < self.store.next_seq() {
            let entries = self.store.entries(made.seq, LOOKED_THROUGH)?;
            let moved = entries.iter().flat_map(|e| &e.events).any(|e| moves_a_list(&e.fact));
            if moved || entries.len() == LOOKED_THROUGH {
                return Ok(None);
            }
            made.seq = entries.last().map_or(made.seq, crate::store::Entry::next_seq);
        }
        Ok(Some(made))
    }

    /// What a list says of a moment, from what was known at another; and until when, by what is planned.
    fn told(&self, list: u32, at: Timestamp, known_at: Timestamp) -> Result<(Told, Option<Timestamp>), ServiceError> {
        let (mut told, mut until) = (vec![], None);
        for (index, id) in self.store.status_list(list)? {
            let certificate = self.certificate(id)?;
            let listed = certificate.listed(at, known_at);
            if listed != Listed::Valid {
                told.push((index, listed));
            }
            let next = certificate.listed_until(at, known_at);
            until = until.into_iter().chain(next).min();
        }
        Ok((told, until))
    }

    /// Signs a list, reads it back and verifies it before it leaves.
    fn sign_list(
        &self,
        form: ListForm,
        list: u32,
        at: Timestamp,
        told: &[(u32, Listed)],
        now: Timestamp,
    ) -> Result<Arc<[u8]>, ServiceError> {
        let settings = self.read_settings();
        let keys = settings.keyring.document();
        let (id, signer) = settings.keyring.signer(Purpose::Credential, now)?;
        let key = SigningKey { signer: signer.as_ref(), id, host: &self.host };
        let issued_at = Timestamp::from_second(at.as_second()).unwrap_or(at);
        let ends = issued_at.saturating_add(VALIDITY).unwrap_or(Timestamp::MAX);
        let bytes = match form {
            ListForm::Credential(purpose) => {
                let bits = bitstring(purpose, told).map_err(packing)?;
                let said = StatusList {
                    purpose,
                    list,
                    valid_from: issued_at,
                    valid_until: ends,
                    encoded: bits.encode().map_err(packing)?,
                    ttl: u64::from(TTL_SECONDS) * 1000,
                };
                let signed = sign_document(status_credential::document(&self.host, &said), key, now)?;
                let bytes = canonicalize(&signed)?;
                let read = parse_strict(&bytes).map_err(withheld)?;
                verify_credential(&read, |url| keys.resolve(url)).map_err(withheld)?;
                same(status_credential::read(&self.host, &read).map_err(withheld)? == said)?;
                same(Bitstring::decode(&said.encoded).map_err(packing)? == bits)?;
                bytes
            }
            ListForm::Jwt | ListForm::Cwt => {
                let statuses = token_list(told).map_err(packing)?;
                let said = StatusToken {
                    subject: self.host.status_token_url(list),
                    issued_at,
                    expires_at: Some(ends),
                    ttl: Some(TTL_SECONDS.into()),
                    bits: statuses.bits().number().into(),
                    packed: statuses.encode().map_err(packing)?,
                };
                let resolve = |url: &str| keys.resolve(url);
                let (bytes, read) = if form == ListForm::Jwt {
                    let text = jwt::sign(&said, key)?;
                    let read = jwt::verify(&text, resolve).map(|(read, _)| read);
                    (text.into_bytes(), read)
                } else {
                    let bytes = cwt::sign(&said, key)?;
                    let read = cwt::verify(&bytes, resolve).map(|(read, _)| read);
                    (bytes, read)
                };
                same(read.map_err(withheld)? == said)?;
                same(TokenList::decode(statuses.bits(), &said.packed).map_err(packing)? == statuses)?;
                bytes
            }
        };
        Ok(bytes.into())
    }
}

/// Whether an event may change what a list says, or who may sign it.
fn moves_a_list(fact: &Fact) -> bool {
    match fact {
        Fact::Certificate { change, .. } => {
            !matches!(change, CertificateChange::Issued { .. } | CertificateChange::Surveyed { .. })
        }
        Fact::Key { .. } | Fact::Body { .. } => true,
        Fact::Mark { .. } | Fact::Token { .. } => false,
    }
}

fn bitstring(purpose: StatusPurpose, told: &[(u32, Listed)]) -> Result<Bitstring, ListFault> {
    let mut bits = Bitstring::new(LIST_ENTRIES)?;
    for (index, _) in told.iter().filter(|(_, listed)| listed.is_set(purpose)) {
        bits.set(*index, true)?;
    }
    Ok(bits)
}

fn token_list(told: &[(u32, Listed)]) -> Result<TokenList, ListFault> {
    let mut statuses = TokenList::new(Bits::Two, LIST_ENTRIES)?;
    for (index, listed) in told {
        let status = match listed {
            Listed::Valid => VALID,
            Listed::Revoked => INVALID,
            Listed::Suspended => SUSPENDED,
        };
        statuses.set(*index, status)?;
    }
    Ok(statuses)
}

fn packing(fault: ListFault) -> ServiceError {
    ServiceError::SelfCheck(fault.to_string())
}

fn withheld(why: impl ToString) -> ServiceError {
    ServiceError::SelfCheck(why.to_string())
}

fn same(holds: bool) -> Result<(), ServiceError> {
    if holds { Ok(()) } else { Err(withheld("the list does not say what the register does")) }
}
