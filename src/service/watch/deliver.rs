//! Sending what is to be told: in order for each receiver, at least once, and so that no slow receiver holds up another.

use super::message::{self, Base, Message, News, Now};
use super::reach::{PublicOnly, Reach};
use super::subscription::{Ending, State, Subscription, Trouble};
use super::{FOLDER, Followed, Inner, Watch, key};
use crate::domain::Certificate;
use crate::service::{Service, ServiceError};
use crate::store::Subject;
use std::collections::HashMap;
use std::ops::Bound;
use std::sync::{Arc, PoisonError, Weak};
use std::time::Duration;
use ureq::unversioned::transport::DefaultConnector;

/// Longest time a receiver has for a message; Standard Webhooks proposes 15 to 30 seconds.
const TIMEOUT: Duration = Duration::from_secs(15);
/// How often it is looked whether something happened.
const LOOK: Duration = Duration::from_secs(1);
/// Messages on their way at once, each on a thread of its own, and of those to one host: whoever answers slowly at many addresses
/// holds up himself.
const AT_ONCE: usize = 32;
const AT_ONCE_OF_HOST: usize = 2;
/// Who sends.
const AGENT: &str = concat!("starmark/", env!("CARGO_PKG_VERSION"));

/// What came of a try.
enum Outcome {
    Delivered,
    Gone,
    Failed(String),
    /// It could not be made, for a fault of ours.
    NotMade(String),
}

/// Whom a message is for, about what, and the message; none where there is nothing to say.
type Due = (Subscription, News, Result<Option<Message>, ServiceError>);

impl Service {
    /// Begins to send messages, and goes on until the service is gone. `base` is the address pages are reached at, without a
    /// slash at its end. Called again it changes nothing.
    ///
    /// # Errors
    /// Store failures.
    pub fn start_watch(self: &Arc<Self>, base: &str, reach: Reach) -> Result<(), ServiceError> {
        {
            let mut inner = self.subscriptions()?;
            if inner.reach.is_some() {
                return Ok(());
            }
            inner.reach = Some(reach);
        }
        let (service, watch, base) = (Arc::downgrade(self), self.watch.clone(), Base(base.to_owned()));
        std::thread::spawn(move || run(&service, &watch, &base, &agent(reach)));
        Ok(())
    }

    /// The next message for somebody whose time has come, marked as being on its way.
    fn next_message(&self, base: &Base) -> Option<Due> {
        let now = self.now();
        let mut inner = self.watch.lock();
        let Inner { all: Some(all), last, .. } = &mut *inner else { return None };
        let mut under_way = HashMap::<String, usize>::new();
        for followed in all.values().filter(|f| f.under_way) {
            *under_way.entry(followed.host()).or_default() += 1;
        }
        if under_way.values().sum::<usize>() >= AT_ONCE {
            return None;
        }
        let is_due = |trouble: &Option<Trouble>| trouble.as_ref().is_none_or(|t| t.again_at <= now);
        let ready = |f: &&Followed| {
            let news = f.waiting.front().filter(|news| message::is_for(**news, f.kept.state));
            let free = || under_way.get(&f.host()).is_none_or(|n| *n < AT_ONCE_OF_HOST);
            !f.under_way && is_due(&f.kept.trouble) && news.is_some() && free()
        };
        let after = (Bound::Excluded(last.clone()), Bound::Unbounded);
        let next = all.range(after).map(|(_, f)| f).find(ready).or_else(|| all.values().find(ready))?.kept.id.clone();
        let followed = all.get_mut(&next)?;
        followed.under_way = true;
        let (kept, news) = (followed.kept.clone(), *followed.waiting.front()?);
        *last = next;
        drop(inner);
        let made = self.message(&kept, news, base);
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
                    News::Confirm => kept.state = State::Pending { sent: true },
                    News::Step { seq, .. } => {
                        let more = followed.waiting.iter().any(|n| matches!(n, News::Step { .. }));
                        let all_told = !more && followed.behind.is_none();
                        kept.next_seq = if all_told { next_seq.max(seq + 1) } else { seq + 1 };
                    }
                    News::Expired { certificate, day } => kept.expired = (day, Some(certificate)),
                }
            }
            // Nobody there ever wanted it: nothing of it is kept.
            Outcome::Gone if matches!(kept.state, State::Pending { .. }) => {
                self.drawer.remove(&key(id))?;
                if let Some(all) = inner.all.as_mut() {
                    all.remove(id);
                }
                return Ok(());
            }
            Outcome::Gone => kept.state = State::Ended { at: now, why: Ending::Gone },
            Outcome::Failed(why) => kept.failed(why, now),
            Outcome::NotMade(why) => kept.postponed(why, now),
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
    let mut told = None;
    loop {
        let Some(strong) = service.upgrade() else { return };
        let fault = strong.take_in_news().err().map(|error| error.in_full());
        // Once, not every second.
        if let Some(why) = fault.as_ref().filter(|_| told != fault) {
            tracing::error!(why, folder = FOLDER, "what happened is not told to those who follow it");
        }
        told = fault;
        while let Some((kept, news, message)) = strong.next_message(base) {
            let (service, agent) = (service.clone(), agent.clone());
            std::thread::spawn(move || {
                let outcome = match message {
                    Ok(Some(message)) => send(&agent, &service, &kept, &message),
                    Ok(None) => Outcome::Delivered,
                    Err(error) => {
                        tracing::error!(why = error.in_full(), "a message about a certificate was not made");
                        Outcome::NotMade("this service could not make it".to_owned())
                    }
                };
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
