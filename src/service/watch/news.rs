//! What there is to tell: each event to those who follow its certificate, and what has expired, which no event says. What cannot be
//! read of one certificate keeps nothing back of the others.

use super::message::News;
use super::subscription::State;
use super::{Followed, Follows, Index, Inner, WAITING_MAX, key};
use crate::domain::dates::{add_days, china_day};
use crate::domain::{CertificateId, Fact, Uscc};
use crate::service::{Service, ServiceError};
use crate::store::Calendar;
use jiff::SignedDuration;
use std::collections::BTreeMap;

/// Units read at once, and how often in one look.
const UNITS: usize = 256;
const READS: usize = 16;
/// An idle subscription is put on file so many events behind, so that a restart need not read more for it.
const BEHIND_MAX: u64 = 5_000;
/// How long one that has ended can still be looked at by its link.
const ENDED_FOR: SignedDuration = SignedDuration::from_hours(30 * 24);

impl Service {
    /// Looks at what happened since the last time, and at what has expired.
    ///
    /// # Errors
    /// The journal or the calendar cannot be read; then it is tried again from the same place.
    pub(super) fn take_in_news(&self) -> Result<(), ServiceError> {
        let mut inner = self.watch.lock();
        let Inner { all: Some(all), next_seq, .. } = &mut *inner else { return Ok(()) };
        self.drop_old(all);
        if all.is_empty() {
            *next_seq = self.store.next_seq();
            return Ok(());
        }
        for _ in 0..READS {
            let (steps, end) = self.steps(*next_seq)?;
            if end == *next_seq {
                break;
            }
            self.hear(all, &steps);
            *next_seq = end;
        }
        for followed in all.values_mut().filter(|f| f.waiting.is_empty()) {
            self.catch_up(followed, *next_seq)?;
        }
        self.take_in_expiries(all)?;
        for followed in all.values_mut().filter(|f| f.kept.is_open() && f.waiting.is_empty() && f.behind.is_none()) {
            if *next_seq > followed.kept.next_seq + BEHIND_MAX {
                followed.kept.next_seq = *next_seq;
                self.keep(&followed.kept)?;
            }
        }
        Ok(())
    }

    /// Those of some events from `from` on that are steps of certificates, and the number after the last one looked at.
    fn steps(&self, from: u64) -> Result<(Vec<(CertificateId, u64)>, u64), ServiceError> {
        let (mut steps, mut end) = (vec![], from);
        for entry in self.store.entries(from, UNITS)? {
            for (seq, event) in (entry.first_seq..).zip(&entry.events) {
                end = seq + 1;
                if let Fact::Certificate { id, .. } = &event.fact {
                    steps.push((*id, seq));
                }
            }
        }
        Ok((steps, end))
    }

    /// Puts steps among what is to be told to whoever follows them.
    fn hear(&self, all: &mut BTreeMap<String, Followed>, steps: &[(CertificateId, u64)]) {
        let index = Index::of(all);
        for (id, seq) in steps {
            for name in index.told(*id, self.holder_of(*id, &index)) {
                let Some(followed) = all.get_mut(name).filter(|f| f.behind.is_none()) else { continue };
                if !followed.hear(*id, *seq) {
                    followed.behind = Some(*seq);
                }
            }
        }
    }

    /// Goes on for one that stayed behind.
    fn catch_up(&self, followed: &mut Followed, end: u64) -> Result<(), ServiceError> {
        let Some(from) = followed.behind.filter(|_| followed.kept.is_open()) else { return Ok(()) };
        let (steps, next) = self.steps(from)?;
        followed.behind = Some(next).filter(|next| *next < end);
        for (id, seq) in steps.into_iter().filter(|(_, seq)| *seq < end) {
            let concerns = match followed.kept.follows {
                Follows::Certificate(of) => of == id,
                Follows::Holder(uscc) => self.holder(id) == Some(uscc),
                Follows::All => true,
            };
            if concerns && !followed.hear(id, seq) {
                followed.behind = Some(seq);
                break;
            }
        }
        Ok(())
    }

    /// A certificate's holder, where somebody follows one.
    fn holder_of(&self, id: CertificateId, index: &Index) -> Option<Uscc> {
        if index.holders.is_empty() { None } else { self.holder(id) }
    }

    /// A certificate's holder. Of what cannot be read none is known, and the log says so.
    fn holder(&self, id: CertificateId) -> Option<Uscc> {
        let found = self.store.certificate(id).unwrap_or_else(|error| {
            tracing::error!(%error, certificate = %id, "whoever follows its holder is not told of this certificate");
            None
        });
        found.map(|c| c.terms().holder.uscc)
    }

    /// Takes away what nobody confirmed in time, and what ended long ago.
    fn drop_old(&self, all: &mut BTreeMap<String, Followed>) {
        let now = self.now();
        let is_old = |f: &Followed| match f.kept.state {
            State::Ended { at, .. } => at.checked_add(ENDED_FOR).is_ok_and(|end| now >= end),
            _ => f.kept.has_lapsed(now),
        };
        let old: Vec<String> =
            all.iter().filter(|(_, f)| is_old(f) && !f.under_way).map(|(id, _)| id.clone()).collect();
        for id in old {
            match self.drawer.remove(&key(&id)) {
                Ok(()) => drop(all.remove(&id)),
                Err(error) => tracing::error!(%error, subscription = id, "a subscription that is over was not removed"),
            }
        }
    }

    /// Puts what expired up to yesterday among what is to be told, behind all that happened before.
    fn take_in_expiries(&self, all: &mut BTreeMap<String, Followed>) -> Result<(), ServiceError> {
        let today = china_day(self.now());
        let yesterday = add_days(today, -1);
        let queued = |f: &Followed| f.waiting.iter().any(|news| matches!(news, News::Expired { .. }));
        let is_due = |f: &Followed| {
            let room = f.behind.is_none() && f.waiting.len() < WAITING_MAX;
            f.kept.is_open() && f.kept.expired.0 <= yesterday && room && !queued(f)
        };
        let Some(from) = all.values().filter(|f| is_due(f)).map(|f| f.kept.expired.0).min() else { return Ok(()) };
        let due: Vec<String> = all.iter().filter(|(_, f)| is_due(f)).map(|(id, _)| id.clone()).collect();
        let index = Index::of(all);
        let expired = self.store.calendar(Calendar::Expires, yesterday)?;
        for (day, certificate) in expired.into_iter().filter(|(day, _)| *day >= from) {
            for name in index.told(certificate, self.holder_of(certificate, &index)) {
                let Some(followed) = all.get_mut(name).filter(|_| due.contains(name)) else { continue };
                if (day, Some(certificate)) > followed.kept.expired {
                    followed.waiting.push_back(News::Expired { certificate, day });
                }
            }
        }
        for name in due {
            if let Some(followed) = all.get_mut(&name).filter(|f| !queued(f)) {
                followed.kept.expired = (today, None);
                self.keep(&followed.kept)?;
            }
        }
        Ok(())
    }
}
