//! Status lists, as certificates name them: made from the register, signed, and kept until something changes.
//!
//! A list tells of whoever stands in it at one moment. What it says and what [`Service::certificate_answer`] says of the
//! same moment agree, but that dates are not in it ([`Moves::listed`]).

use super::{Service, ServiceError};
use crate::domain::certificate::Moves;
use crate::domain::status_entry::{LIST_ENTRIES, Listed};
use crate::domain::{CertificateChange, Fact, Refusal, StatusEntry, StatusPurpose};
use crate::sign::{
    Purpose, SigningKey, StatusList, StatusToken, canonicalize, cwt, jwt, parse_strict, sign_document,
    status_credential, verify_credential,
};
use crate::status::token_list::{INVALID, SUSPENDED, VALID};
use crate::status::{Bits, Bitstring, ListFault, TokenList};
use crate::store::Entry;
use jiff::{SignedDuration, Timestamp};
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

/// For how long a list may be used: a verifier without a network for a day still has one that holds.
pub const VALIDITY: SignedDuration = SignedDuration::from_hours(24);
/// For how many seconds a list may be kept before a fresh one is fetched.
pub const TTL_SECONDS: u32 = 300;
/// Units looked through for a change of standing; where there are more, the register is asked for the whole list.
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

const SECOND: SignedDuration = SignedDuration::from_secs(1);

/// The whole seconds a list is of.
#[derive(Debug, Clone, Copy)]
struct Span {
    from: Timestamp,
    /// The first second it is not of any more.
    before: Timestamp,
}

impl Span {
    fn last_second(self) -> Timestamp {
        self.before.saturating_sub(SECOND).map_or(self.from, |last| last.max(self.from))
    }
}

fn second(at: Timestamp) -> Timestamp {
    Timestamp::from_second(at.as_second()).unwrap_or(at)
}

/// What a list says: the places that are not valid.
type Told = Vec<(u32, Listed)>;

/// A list as it was made.
struct Made {
    /// Of which moment.
    at: Timestamp,
    /// When a planned change takes effect.
    until: Option<Timestamp>,
    signed: BTreeMap<ListForm, Arc<[u8]>>,
}

impl Made {
    /// Whether it would be made the same way now.
    fn holds(&self, now: Timestamp) -> bool {
        let young = self.at <= now && now.duration_since(self.at) < VALIDITY / 2;
        young && self.until.is_none_or(|until| now < until)
    }
}

/// What is kept of a list: whoever in it was ever other than valid, and the latest that was made of it.
struct Kept {
    /// Events looked at.
    seq: u64,
    moves: Arc<BTreeMap<u32, Moves>>,
    made: Option<Made>,
}

/// What is kept of each list.
#[derive(Default)]
pub(super) struct Lists(Mutex<HashMap<u32, Kept>>);

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
        if !(1..=self.store.latest_status_list()?).contains(&list) {
            return Ok(None);
        }
        let mut lists = self.lists.0.lock().unwrap_or_else(PoisonError::into_inner);
        let now = self.settled()?;
        let kept = self.up_to_date(list, lists.remove(&list))?;
        let kept = lists.entry(list).insert_entry(kept).into_mut();
        if let Some(at) = at {
            let moves = kept.moves.clone();
            drop(lists);
            if at > now {
                let why = format!("how certificates will stand at {at} is not known yet: it is {now} now");
                return Err(Refusal::invalid("bad_timestamp", why).into());
            }
            // Of what came after that second it says nothing.
            let of = Span { from: second(at), before: second(at).saturating_add(SECOND).unwrap_or(at) };
            return self.sign_list(form, list, of, &told(&moves, of.from, of.from), now).map(Some);
        }
        let until = || kept.moves.values().filter_map(|m| m.next_after(now)).min();
        let made = match kept.made.take().filter(|made| made.holds(now)) {
            Some(made) => kept.made.insert(made),
            None => kept.made.insert(Made { at: now, until: until(), signed: BTreeMap::new() }),
        };
        if let Some(bytes) = made.signed.get(&form) {
            return Ok(Some(bytes.clone()));
        }
        // No longer than nothing changes that is planned already.
        let day_on = second(made.at).saturating_add(VALIDITY).unwrap_or(Timestamp::MAX);
        let of = Span { from: second(made.at), before: made.until.unwrap_or(Timestamp::MAX).min(day_on) };
        let bytes = self.sign_list(form, list, of, &told(&kept.moves, made.at, Timestamp::MAX), now)?;
        made.signed.insert(form, bytes.clone());
        Ok(Some(bytes))
    }

    /// What is kept of a list, with all that has happened since.
    fn up_to_date(&self, list: u32, kept: Option<Kept>) -> Result<Kept, ServiceError> {
        // First the count, then the lives: what comes in between is looked at again, never overlooked.
        let seq = self.store.next_seq();
        let Some(mut kept) = kept else { return self.whole_list(list, seq) };
        if kept.seq == seq {
            return Ok(kept);
        }
        let entries = self.store.entries(kept.seq, LOOKED_THROUGH)?;
        if entries.len() == LOOKED_THROUGH {
            return self.whole_list(list, seq);
        }
        for event in entries.iter().flat_map(|e| &e.events) {
            match &event.fact {
                Fact::Certificate { id, change }
                    if change.moves_status() || matches!(change, CertificateChange::Corrected { .. }) =>
                {
                    let certificate = self.certificate(*id)?;
                    if let Some(entry) = certificate.terms().status.filter(|entry| entry.list() == list) {
                        Arc::make_mut(&mut kept.moves).insert(entry.index(), certificate.moves());
                        kept.made = None;
                    }
                }
                // Another key signs, or the one that signed is good for nothing.
                Fact::Key { .. } => kept.made = None,
                Fact::Certificate { .. } | Fact::Mark { .. } | Fact::Token { .. } | Fact::Body { .. } => {}
            }
        }
        kept.seq = entries.last().map_or(kept.seq, Entry::next_seq);
        Ok(kept)
    }

    fn whole_list(&self, list: u32, seq: u64) -> Result<Kept, ServiceError> {
        let mut moves = BTreeMap::new();
        for (index, id) in self.store.status_list(list)? {
            moves.insert(index, self.certificate(id)?.moves());
        }
        Ok(Kept { seq, moves: Arc::new(moves), made: None })
    }

    /// Signs a list, reads it back and verifies it before it leaves.
    fn sign_list(
        &self,
        form: ListForm,
        list: u32,
        of: Span,
        told: &[(u32, Listed)],
        now: Timestamp,
    ) -> Result<Arc<[u8]>, ServiceError> {
        let settings = self.read_settings();
        let keys = settings.keyring.document();
        let (id, signer) = settings.keyring.signer(Purpose::Credential, now)?;
        let key = SigningKey { signer: signer.as_ref(), id, host: &self.host };
        let bytes = match form {
            ListForm::Credential(purpose) => {
                let bits = bitstring(purpose, told).map_err(packing)?;
                let said = StatusList {
                    purpose,
                    list,
                    valid_from: of.from,
                    valid_until: of.last_second(),
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
                    issued_at: of.from,
                    expires_at: Some(of.before),
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

/// What a list says of a moment, from what was known at another.
fn told(moves: &BTreeMap<u32, Moves>, at: Timestamp, known_at: Timestamp) -> Told {
    let all = moves.iter().map(|(index, moves)| (*index, moves.listed(at, known_at)));
    all.filter(|(_, listed)| *listed != Listed::Valid).collect()
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
