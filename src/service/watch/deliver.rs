//! Sending what is to be told: in order for each receiver, at least once, and so that no slow receiver holds up another.

use super::message::{self, Base, Message, News, Now};
use super::reach::{PublicOnly, Reach};
use super::subscription::{Ending, State, Subscription, Trouble};
use super::{FOLDER, Followed, Follows, Index, Inner, Watch, key};
use crate::domain::dates::{add_days, china_day};
use crate::domain::{Certificate, CertificateId, Fact};
use crate::service::{Service, ServiceError};
use crate::store::{Calendar, Subject};
use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::{Arc, PoisonError, Weak};
use std::time::Duration;
use ureq::unversioned::transport::DefaultConnector;

/// Longest time a receiver has for a message; Standard Webhooks proposes 15 to 30 seconds.
const TIMEOUT: Duration = Duration::from_secs(15);
/// How often it is looked whether something happened.
const LOOK: Duration = Duration::from_secs(1);
/// Messages on their way at once.
const AT_ONCE: usize = 8;
/// Units read at once, and how often in one look.
const UNITS: usize = 256;
const READS: usize = 16;
/// An idle subscription is put on file so many events behind, so that a restart need not read more for it.
const BEHIND_MAX: u64 = 5_000;
/// Who sends.
const AGENT: &str = concat!("starmark/", env!("CARGO_PKG_VERSION"));

/// What came of a try.
enum Outcome {
    Delivered,
    Gone,
    Failed(String),
}

impl Service {
    /// Begins to send messages, and goes on until the service is gone. `base` is the address pages are reached at, without a
    /// slash at its end. Called again it changes nothing.
    ///
    /// # Errors
    /// Store failures.
    pub fn start_watch(self: &Arc<Self>, base: &str, reach: Reach) -> Result<(), ServiceError> {
        {
            let mut inner = self.subscriptions()?;
            if inner.reach.replace(reach).is_some() {
                return Ok(());
            }
        }
        let (service, watch, base) = (Arc::downgrade(self), self.watch.clone(), Base(base.to_owned()));
        std::thread::spawn(move || run(&service, &watch, &base, &agent(reach)));
        Ok(())
    }

    /// Looks at what happened since the last time, and at what has expired.
    fn take_in_news(&self) -> Result<(), ServiceError> {
        let mut inner = self.watch.lock();
        let Inner { all: Some(all), next_seq, .. } = &mut *inner else { return Ok(()) };
        self.drop_lapsed(all)?;
        let index = Index::of(all);
        if all.is_empty() {
            *next_seq = self.store.next_seq();
            return Ok(());
        }
        for _ in 0..READS {
            let (steps, end) = self.steps(*next_seq)?;
            *next_seq = end;
            for (id, seq) in steps {
                for name in index.told(id, self.holder_of(id, &index)?) {
                    let Some(followed) = all.get_mut(name).filter(|f| f.behind.is_none()) else { continue };
                    if !followed.hear(id, seq) {
                        followed.behind = Some(seq);
                    }
                }
            }
        }
        for followed in all.values_mut().filter(|f| f.waiting.is_empty()) {
            self.catch_up(followed, *next_seq)?;
        }
        self.take_in_expiries(all, &index)?;
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

    /// Goes on for one that stayed behind.
    fn catch_up(&self, followed: &mut Followed, end: u64) -> Result<(), ServiceError> {
        let Some(from) = followed.behind.filter(|_| followed.kept.is_open()) else { return Ok(()) };
        let (steps, next) = self.steps(from)?;
        followed.behind = Some(next).filter(|next| *next < end);
        for (id, seq) in steps.into_iter().filter(|(_, seq)| *seq < end) {
            let concerns = match followed.kept.follows {
                Follows::Certificate(of) => of == id,
                Follows::Holder(uscc) => self.store.certificate(id)?.is_some_and(|c| c.terms().holder.uscc == uscc),
                Follows::All => true,
            };
            if concerns && !followed.hear(id, seq) {
                followed.behind = Some(seq);
                break;
            }
        }
        Ok(())
    }

    fn holder_of(&self, id: CertificateId, index: &Index) -> Result<Option<crate::domain::Uscc>, ServiceError> {
        if index.holders.is_empty() {
            return Ok(None);
        }
        Ok(self.store.certificate(id)?.map(|c| c.terms().holder.uscc))
    }

    /// Takes away what nobody confirmed in time.
    fn drop_lapsed(&self, all: &mut BTreeMap<String, Followed>) -> Result<(), ServiceError> {
        let now = self.now();
        let lapsed: Vec<String> =
            all.iter().filter(|(_, f)| f.kept.has_lapsed(now) && !f.under_way).map(|(id, _)| id.clone()).collect();
        for id in lapsed {
            self.drawer.remove(&key(&id))?;
            all.remove(&id);
        }
        Ok(())
    }

    /// Puts what expired up to yesterday among what is to be told.
    fn take_in_expiries(&self, all: &mut BTreeMap<String, Followed>, index: &Index) -> Result<(), ServiceError> {
        let yesterday = add_days(china_day(self.now()), -1);
        let queued = |f: &Followed| f.waiting.iter().any(|news| matches!(news, News::Expired { .. }));
        let is_due = |f: &Followed| f.kept.is_open() && f.kept.expired.0 <= yesterday && !queued(f);
        let Some(from) = all.values().filter(|f| is_due(f)).map(|f| f.kept.expired.0).min() else { return Ok(()) };
        let due: Vec<String> = all.iter().filter(|(_, f)| is_due(f)).map(|(id, _)| id.clone()).collect();
        let expired: Vec<_> =
            self.store.calendar(Calendar::Expires, yesterday)?.into_iter().filter(|(day, _)| *day >= from).collect();
        for (day, certificate) in expired {
            for name in index.told(certificate, self.holder_of(certificate, index)?) {
                let Some(followed) = all.get_mut(name).filter(|_| due.contains(name)) else { continue };
                if (day, Some(certificate)) > followed.kept.expired {
                    followed.waiting.push_back(News::Expired { certificate, day });
                }
            }
        }
        let today = add_days(yesterday, 1);
        for name in due {
            if let Some(followed) = all.get_mut(&name).filter(|f| !queued(f)) {
                followed.kept.expired = (today, None);
                self.keep(&followed.kept)?;
            }
        }
        Ok(())
    }

    /// The next message for somebody whose time has come, marked as being on its way.
    fn next_message(&self, base: &Base) -> Option<(Subscription, News, Option<Message>)> {
        let now = self.now();
        let mut inner = self.watch.lock();
        let Inner { all: Some(all), last, .. } = &mut *inner else { return None };
        if all.values().filter(|f| f.under_way).count() >= AT_ONCE {
            return None;
        }
        let is_due = |trouble: &Option<Trouble>| trouble.as_ref().is_none_or(|t| t.again_at <= now);
        let ready = |f: &&mut Followed| {
            let news = f.waiting.front();
            !f.under_way && is_due(&f.kept.trouble) && news.is_some_and(|news| message::is_for(*news, f.kept.state))
        };
        let (start, end) = (Bound::Excluded(last.clone()), Bound::Unbounded);
        let next = match all.range_mut((start, end)).map(|(_, f)| f).find(ready) {
            Some(next) => Some(next.kept.id.clone()),
            None => all.values_mut().find(ready).map(|f| f.kept.id.clone()),
        }?;
        let followed = all.get_mut(&next)?;
        followed.under_way = true;
        let (kept, news) = (followed.kept.clone(), *followed.waiting.front()?);
        *last = next;
        drop(inner);
        let made = self.message(&kept, news, base).unwrap_or_else(|error| {
            tracing::error!(why = error.in_full(), "a message about a certificate was not made");
            None
        });
        Some((kept, news, made))
    }

    fn message(&self, kept: &Subscription, news: News, base: &Base) -> Result<Option<Message>, ServiceError> {
        let found = |id| -> Result<Option<Certificate>, ServiceError> { Ok(self.store.certificate(id)?) };
        Ok(match news {
            News::Confirm => Some(message::confirm(kept, &self.host, base)),
            News::Step { certificate: id, seq } => {
                let Some(certificate) = found(id)? else { return Ok(None) };
                let step = self.store.seqs_of(Subject::Certificate(id))?.iter().position(|s| *s == seq);
                let now = Now { standing: self.standing_now(&certificate), certificate: &certificate };
                let leaf = self.log.place_of(seq).map(|place| place.leaf);
                step.and_then(|step| message::step(kept, &now, (step, leaf), base))
            }
            News::Expired { certificate: id, day } => {
                let Some(certificate) = found(id)? else { return Ok(None) };
                let now = Now { standing: self.standing_now(&certificate), certificate: &certificate };
                Some(message::expired(kept, &now, day, base))
            }
        })
    }

    /// Notes what came of a try, and puts it on file.
    fn take_outcome(&self, id: &str, news: News, outcome: Outcome) -> Result<(), ServiceError> {
        let now = self.now();
        let mut inner = self.watch.lock();
        let next_seq = inner.next_seq;
        let Some(followed) = inner.all.as_mut().and_then(|all| all.get_mut(id)) else { return Ok(()) };
        followed.under_way = false;
        // It was confirmed or ended meanwhile: then another message is the first.
        if followed.waiting.front() != Some(&news) {
            return Ok(());
        }
        let kept = &mut followed.kept;
        match outcome {
            Outcome::Delivered => {
                kept.trouble = None;
                followed.waiting.pop_front();
                match news {
                    News::Confirm => {}
                    News::Step { seq, .. } => {
                        let more = followed.waiting.iter().any(|n| matches!(n, News::Step { .. }));
                        let all_told = !more && followed.behind.is_none();
                        kept.next_seq = if all_told { next_seq.max(seq + 1) } else { seq + 1 };
                    }
                    News::Expired { certificate, day } => kept.expired = (day, Some(certificate)),
                }
            }
            Outcome::Gone => kept.state = State::Ended { at: now, why: Ending::Gone },
            Outcome::Failed(why) => kept.failed(why, now),
        }
        if !kept.is_open() {
            tracing::info!(subscription = id, "a subscription has ended: its receiver is gone");
            followed.waiting.clear();
        }
        self.keep(&followed.kept)
    }
}

fn agent(reach: Reach) -> ureq::Agent {
    let config = ureq::Agent::config_builder()
        .timeout_global(Some(TIMEOUT))
        .max_redirects(0)
        .http_status_as_error(false)
        .https_only(reach == Reach::Public)
        .proxy(None)
        .user_agent(AGENT)
        .build();
    match reach {
        Reach::Public => ureq::Agent::with_parts(config, DefaultConnector::default(), PublicOnly::default()),
        Reach::Anywhere => config.into(),
    }
}

fn run(service: &Weak<Service>, watch: &Arc<Watch>, base: &Base, agent: &ureq::Agent) {
    loop {
        let Some(strong) = service.upgrade() else { return };
        if let Err(error) = strong.take_in_news() {
            tracing::error!(why = error.in_full(), folder = FOLDER, "what happened is not told to those who follow it");
        }
        while let Some((kept, news, message)) = strong.next_message(base) {
            let (service, agent) = (service.clone(), agent.clone());
            std::thread::spawn(move || {
                // What there is nothing to say about is passed over.
                let outcome = message.map_or(Outcome::Delivered, |message| send(&agent, &service, &kept, &message));
                let Some(service) = service.upgrade() else { return };
                if let Err(error) = service.take_outcome(&kept.id, news, outcome) {
                    tracing::error!(why = error.in_full(), "what came of a message was not put on file");
                }
                service.watch.news.notify_all();
            });
        }
        drop(strong);
        drop(watch.news.wait_timeout(watch.lock(), LOOK).unwrap_or_else(PoisonError::into_inner));
    }
}

/// Sends one message (Standard Webhooks 1.0). The answer's text is not looked at.
fn send(agent: &ureq::Agent, service: &Weak<Service>, kept: &Subscription, message: &Message) -> Outcome {
    let Some(now) = service.upgrade().map(|s| s.now().as_second()) else { return Outcome::Failed("stopped".into()) };
    let Message { id, body } = message;
    let sent = agent
        .post(&kept.url)
        .header("content-type", "application/json")
        .header("webhook-id", id)
        .header("webhook-timestamp", now.to_string())
        .header("webhook-signature", kept.signature(id, now, body))
        .send(body.as_str());
    match sent.map(|answer| answer.status().as_u16()) {
        Ok(200..=299) => Outcome::Delivered,
        Ok(410) => Outcome::Gone,
        Ok(status) => Outcome::Failed(format!("it answered {status}")),
        Err(error) => Outcome::Failed(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_sent_inside_by_a_name_that_leads_there() {
        let agent = agent(Reach::Public);
        for inside in ["https://localhost/", "https://127.0.0.1/", "https://[::1]/"] {
            let refused = agent.post(inside).send("x").unwrap_err();
            assert!(matches!(refused, ureq::Error::HostNotFound), "{inside}: {refused}");
        }
        assert!(agent.post("http://example.com/").send("x").is_err(), "without encryption");
    }
}
