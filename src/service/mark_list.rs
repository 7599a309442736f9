//! The list of marks that do not hold, for who checks marks without a network: made from the register, signed, and kept until
//! something changes. It says of a mark what its licence says; [`Service::mark_answer`] says the same, and more.

use super::{Service, ServiceError};
use crate::domain::MarkId;
use crate::domain::dates::china_day;
use crate::domain::mark_licence::MarkState;
use crate::sign::mark_list::{MarkList, document, parse, read};
use crate::sign::{KeyDocument, KeyId, Purpose, SigningKey, canonicalize, sign_document, verify_credential};
use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

/// For how long a list is given out before it is made anew, for it says itself of when it is.
pub const MADE_FOR: SignedDuration = SignedDuration::from_mins(2);

/// What a mark has come to.
struct Stand {
    state: MarkState,
    last_day: Date,
    /// When something that is on record already takes effect.
    next: Option<Timestamp>,
    /// Whether its misuse is being looked into, also while it is frozen.
    investigated: bool,
}

/// What is kept: whichever mark something befell, and the latest list.
#[derive(Default)]
struct Kept {
    /// Events looked at.
    seq: u64,
    /// When that was. What a clock that ran ahead let go of is looked for again once it is right.
    at: Option<Timestamp>,
    stands: BTreeMap<MarkId, Stand>,
    made: Option<Made>,
}

/// A list as it was made.
struct Made {
    at: Timestamp,
    /// The key that signed it.
    key: KeyId,
    bytes: Arc<[u8]>,
}

/// What is kept of the list.
#[derive(Default)]
pub(super) struct MarkLists(Mutex<Kept>);

impl Service {
    /// The signed list of the marks that do not hold now, or are being investigated.
    ///
    /// # Errors
    /// `clock_behind`, `clock_ahead`; `no_key`; store and signer failures.
    pub fn mark_list(&self) -> Result<Arc<[u8]>, ServiceError> {
        let mut kept = self.mark_lists.0.lock().unwrap_or_else(PoisonError::into_inner);
        // First the count, then a moment by which all of that was on record: what comes in between is looked at again.
        let seq = self.store.next_seq();
        let now = self.settled()?;
        self.bring_up_to(seq, now, &mut kept)?;
        let settings = self.read_settings();
        let (key, signer) = settings.keyring.signer(Purpose::Credential, now)?;
        let young = |made: &&Made| made.at <= now && now.duration_since(made.at) < MADE_FOR;
        if let Some(made) = kept.made.as_ref().filter(young).filter(|made| made.key == key) {
            return Ok(made.bytes.clone());
        }
        let told = kept.stands.iter().filter(|(_, stand)| MarkList::tells(stand.state));
        let as_of = Timestamp::from_second(now.as_second()).unwrap_or(now);
        let list = MarkList { as_of, marks: told.map(|(id, stand)| (*id, stand.state)).collect() };
        let with = SigningKey { signer: signer.as_ref(), id: key, host: &self.host };
        let bytes = signed(&list, with, settings.keyring.document(), now)?;
        kept.made = Some(Made { at: now, key, bytes: bytes.clone() });
        Ok(bytes)
    }

    /// The marks whose misuse is being looked into now, also those that are frozen meanwhile.
    ///
    /// # Errors
    /// As [`Service::mark_list`], but for keys.
    pub fn marks_investigated(&self) -> Result<Vec<MarkId>, ServiceError> {
        let mut kept = self.mark_lists.0.lock().unwrap_or_else(PoisonError::into_inner);
        let seq = self.store.next_seq();
        let now = self.settled()?;
        self.bring_up_to(seq, now, &mut kept)?;
        Ok(kept.stands.iter().filter(|(_, stand)| stand.investigated).map(|(id, _)| *id).collect())
    }

    /// Looks at what befell marks since, and at what was planned and has come.
    fn bring_up_to(&self, seq: u64, now: Timestamp, kept: &mut Kept) -> Result<(), ServiceError> {
        if kept.at.is_some_and(|at| now < at) {
            *kept = Kept::default();
        }
        let mut moved: BTreeSet<MarkId> = self.store.marks_moved(kept.seq)?.into_iter().collect();
        moved.extend(kept.stands.iter().filter(|(_, s)| s.next.is_some_and(|at| at <= now)).map(|(id, _)| *id));
        let today = china_day(now);
        for id in moved {
            let licence = self.mark(id)?;
            // What was asked for and never granted has no code that anybody could scan.
            if !licence.was_approved() {
                continue;
            }
            let state = licence.state_at(now, Timestamp::MAX).map_or(MarkState::Requested, |(state, _)| state);
            let stand = Stand {
                state,
                last_day: licence.terms().valid_until,
                next: licence.next_after(now),
                investigated: licence.is_investigated(now),
            };
            kept.stands.insert(id, stand);
            kept.made = None;
        }
        // A code says its last day itself.
        let may_tell = |s: &Stand| MarkList::tells(s.state) || s.investigated || s.next.is_some();
        kept.stands.retain(|_, s| s.last_day >= today && may_tell(s));
        (kept.seq, kept.at) = (seq, Some(now));
        Ok(())
    }
}

/// Signs a list, reads it back and verifies it before it leaves.
fn signed(list: &MarkList, key: SigningKey<'_>, keys: &KeyDocument, now: Timestamp) -> Result<Arc<[u8]>, ServiceError> {
    let withheld = |why: String| ServiceError::SelfCheck(why);
    let bytes = canonicalize(&sign_document(document(key.host, list), key, now)?)?;
    let document = parse(&bytes).map_err(|why| withheld(why.to_string()))?;
    verify_credential(&document, |url| keys.resolve(url)).map_err(|why| withheld(why.to_string()))?;
    if read(key.host, &document).map_err(|why| withheld(why.to_string()))? != *list {
        return Err(withheld("the list of marks does not say what the register does".into()));
    }
    Ok(bytes.into())
}
