//! Following certificates: subscriptions that are confirmed and ended by a link, and messages about what happens, signed as
//! Standard Webhooks says and sent until they arrive (docs/SPEC-webhooks.md).

mod deliver;
mod message;
mod news;
mod reach;
mod subscription;

use super::{Service, ServiceError};
use crate::domain::dates::china_day;
use crate::domain::{CertificateId, Refusal, Uscc};
use message::News;
pub use reach::Reach;
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
pub use subscription::{Ending, Follows, Link, State, Subscription, Trouble};

/// Folder of the subscriptions, one file each.
pub(super) const FOLDER: &str = "watch";
/// Most subscriptions kept.
const SUBSCRIPTIONS_MAX: usize = 10_000;
/// Most subscriptions of one host, which many may share, and of those the ones not confirmed yet, in all and for one address: we
/// send nobody a flood that others ordered.
const OF_HOST_MAX: usize = 1_000;
const PENDING_OF_HOST_MAX: usize = 100;
const PENDING_OF_ADDRESS_MAX: usize = 3;
/// News that one subscription has waiting; whoever does not take them in stays behind, and holds up nobody.
const WAITING_MAX: usize = 10_000;

/// The subscriptions at work.
#[derive(Default)]
pub(super) struct Watch {
    inner: Mutex<Inner>,
    /// Told when there is something to do.
    news: Condvar,
}

#[derive(Default)]
struct Inner {
    /// Where messages go; none while nothing is sent.
    reach: Option<Reach>,
    /// By name; none before they were read.
    all: Option<BTreeMap<String, Followed>>,
    /// The first event that was not looked at.
    next_seq: u64,
    /// Who was sent something last: the one after is next.
    last: String,
}

/// A subscription and what is to be told to it.
struct Followed {
    kept: Subscription,
    /// In this order.
    waiting: VecDeque<News>,
    /// Where it stays behind the others: the first event that was not looked at for it.
    behind: Option<u64>,
    /// Whether a message is on its way.
    under_way: bool,
}

impl Followed {
    fn new(kept: Subscription, behind: Option<u64>) -> Self {
        let unasked = kept.state == (State::Pending { sent: false });
        let waiting = if unasked { VecDeque::from([News::Confirm]) } else { VecDeque::new() };
        Self { kept, waiting, behind, under_way: false }
    }

    fn host(&self) -> String {
        host_of(&self.kept.url)
    }

    /// Puts an event among what is to be told; whether there was room.
    fn hear(&mut self, certificate: CertificateId, seq: u64) -> bool {
        let room = self.waiting.len() < WAITING_MAX;
        // Only from when it was asked for on.
        if room && seq >= self.kept.next_seq {
            self.waiting.push_back(News::Step { certificate, seq });
        }
        room
    }
}

/// What somebody asks to follow.
#[derive(Debug, Clone, Default)]
pub struct Wish {
    /// Where messages go.
    pub url: String,
    /// A certificate's number or identifier.
    pub certificate: Option<String>,
    /// A holder's credit code.
    pub uscc: Option<String>,
    /// Everything.
    pub all: bool,
}

impl Watch {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn key(id: &str) -> String {
    format!("{FOLDER}/{id}.json")
}

impl Service {
    /// Asks to be told what happens. A message with a link goes to the address; until it is confirmed there, no other does.
    /// `here` is the host the pages are reached at, where that is not the one in codes.
    ///
    /// # Errors
    /// `nothing_followed`, `no_such_certificate`, `bad_uscc`, `bad_webhook_url`; `subscriptions_full` and
    /// `subscriptions_of_host` where no more are taken; `watch_off` where this service sends none; store failures.
    pub fn subscribe(&self, wish: &Wish, here: &str) -> Result<Subscription, ServiceError> {
        self.follow(self.followed(wish, here)?, &wish.url)
    }

    /// The same where it is known what is meant.
    ///
    /// # Errors
    /// As [`Service::subscribe`], but for what is followed.
    pub fn follow(&self, follows: Follows, url: &str) -> Result<Subscription, ServiceError> {
        let mut inner = self.subscriptions()?;
        let Some(reach) = inner.reach else {
            return Err(
                Refusal::unavailable("watch_off", "this service sends no messages; its feeds can be read").into()
            );
        };
        let url = reach::address(url, reach)?;
        let now = self.now();
        let all = inner.all.get_or_insert_default();
        let twin = |f: &&Followed| {
            let pending = matches!(f.kept.state, State::Pending { .. }) && !f.kept.has_lapsed(now);
            pending && (f.kept.url.as_str(), f.kept.follows) == (&url, follows)
        };
        if let Some(asked) = all.values().find(twin) {
            // The message with its link is on its way, or was there already.
            return Ok(asked.kept.clone());
        }
        check_room(all, &url)?;
        let random = (self.random()?, self.random()?);
        let made = Subscription::new(random, url, follows, now, self.store.next_seq(), china_day(now));
        self.keep(&made)?;
        all.insert(made.id.clone(), Followed::new(made.clone(), None));
        self.watch.news.notify_all();
        Ok(made)
    }

    fn followed(&self, wish: &Wish, here: &str) -> Result<Follows, ServiceError> {
        match (&wish.certificate, &wish.uscc, wish.all) {
            (Some(typed), None, false) => {
                let found = self.by_number(typed, here).map_err(|e| under(e, "/certificate"))?;
                let missing = || {
                    let why = format!("there is no certificate “{}”", crate::domain::error::shown(typed));
                    Refusal::not_found("no_such_certificate", why).under("/certificate")
                };
                Ok(Follows::Certificate(found.ok_or_else(missing)?.id))
            }
            (None, Some(typed), false) => Ok(Follows::Holder(Uscc::parse(typed).map_err(|r| r.under("/uscc"))?)),
            (None, None, true) => Ok(Follows::All),
            _ => {
                let why = "name one thing to follow: a certificate, a holder's credit code (uscc), or all";
                Err(Refusal::invalid("nothing_followed", why).into())
            }
        }
    }

    /// A subscription by the name and key of its link.
    ///
    /// # Errors
    /// `no_such_subscription`, also for a wrong key; store failures.
    pub fn subscription(&self, id: &str, link_key: &str) -> Result<(Subscription, Link), ServiceError> {
        let inner = self.subscriptions()?;
        let found = inner.all.as_ref().and_then(|all| all.get(id));
        let found = found.and_then(|f| Some((f.kept.clone(), f.kept.link_of(link_key)?)));
        Ok(found.ok_or_else(missing)?)
    }

    /// Confirms a subscription: messages are sent about what happens from when it was asked for. The same again is one act.
    ///
    /// # Errors
    /// `no_such_subscription`; `subscription_ended`; store failures.
    pub fn confirm_subscription(&self, id: &str, link_key: &str) -> Result<Subscription, ServiceError> {
        let since = self.now();
        self.change(id, link_key, &[Link::Confirm], |kept| match kept.state {
            State::Pending { .. } => Ok(State::Active { since }),
            state @ State::Active { .. } => Ok(state),
            State::Ended { .. } => {
                Err(Refusal::conflict("subscription_ended", "this subscription has ended; ask for a new one"))
            }
        })
    }

    /// Ends a subscription. The same again is one act.
    ///
    /// # Errors
    /// `no_such_subscription`; store failures.
    pub fn end_subscription(&self, id: &str, link_key: &str) -> Result<Subscription, ServiceError> {
        let at = self.now();
        self.change(id, link_key, &[Link::Confirm, Link::End], |kept| match kept.state {
            State::Pending { .. } | State::Active { .. } => Ok(State::Ended { at, why: Ending::ByLink }),
            ended => Ok(ended),
        })
    }

    fn change(
        &self,
        id: &str,
        link_key: &str,
        links: &[Link],
        next: impl FnOnce(&Subscription) -> Result<State, Refusal>,
    ) -> Result<Subscription, ServiceError> {
        let mut inner = self.subscriptions()?;
        let found = inner.all.as_mut().and_then(|all| all.get_mut(id));
        let found = found.filter(|f| f.kept.link_of(link_key).is_some_and(|link| links.contains(&link)));
        let now = self.now();
        let followed = found.filter(|f| !f.kept.has_lapsed(now)).ok_or_else(missing)?;
        let state = next(&followed.kept)?;
        if state != followed.kept.state {
            let mut changed = followed.kept.clone();
            (changed.state, changed.trouble) = (state, None);
            self.keep(&changed)?;
            followed.kept = changed;
            followed.waiting.retain(|news| message::is_for(*news, state));
            self.watch.news.notify_all();
        }
        Ok(followed.kept.clone())
    }

    /// How many subscriptions there are, those that have ended not counted.
    ///
    /// # Errors
    /// Store failures.
    pub fn subscriptions_open(&self) -> Result<usize, ServiceError> {
        let inner = self.subscriptions()?;
        Ok(inner.all.iter().flat_map(BTreeMap::values).filter(|f| f.kept.is_open()).count())
    }

    /// All of them, read where they were not yet.
    fn subscriptions(&self) -> Result<MutexGuard<'_, Inner>, ServiceError> {
        let mut inner = self.watch.lock();
        if inner.all.is_none() {
            let (mut all, next_seq) = (BTreeMap::new(), self.store.next_seq());
            for name in self.drawer.names(FOLDER)? {
                let Some(id) = name.strip_suffix(".json") else { continue };
                let Some(bytes) = self.drawer.get(&key(id))? else { continue };
                // The others go on.
                let kept: Subscription = match serde_json::from_slice(&bytes) {
                    Ok(kept) => kept,
                    Err(why) => {
                        tracing::error!(%why, file = key(id), "a subscription cannot be read, and is told nothing");
                        continue;
                    }
                };
                // Whoever was left behind is told all of it, in its order.
                let behind = Some(kept.next_seq).filter(|seq| *seq < next_seq);
                all.insert(id.to_owned(), Followed::new(kept, behind));
            }
            inner.next_seq = next_seq;
            inner.all = Some(all);
        }
        Ok(inner)
    }

    fn keep(&self, subscription: &Subscription) -> Result<(), ServiceError> {
        let json = serde_json::to_vec(subscription).map_err(|e| ServiceError::SelfCheck(e.to_string()))?;
        Ok(self.drawer.put(&key(&subscription.id), &json)?)
    }
}

fn under(error: ServiceError, pointer: &str) -> ServiceError {
    match error {
        ServiceError::Refused(all) => ServiceError::Refused(all.into_iter().map(|r| r.under(pointer)).collect()),
        other => other,
    }
}

fn missing() -> Refusal {
    Refusal::not_found("no_such_subscription", "there is no such subscription, or this is not its link")
}

fn check_room(all: &BTreeMap<String, Followed>, url: &str) -> Result<(), Refusal> {
    let host = host_of(url);
    let open = all.values().filter(|f| f.kept.is_open());
    let (mut of_all, mut of_host, mut pending, mut here) = (0, 0, 0, 0);
    for followed in open {
        let same = followed.host() == host;
        let unconfirmed = matches!(followed.kept.state, State::Pending { .. });
        of_all += 1;
        of_host += usize::from(same);
        pending += usize::from(same && unconfirmed);
        here += usize::from(followed.kept.url == url && unconfirmed);
    }
    if of_all >= SUBSCRIPTIONS_MAX {
        let why = "no more subscriptions are taken now; the feeds can be read as ever";
        return Err(Refusal::unavailable("subscriptions_full", why));
    }
    if here >= PENDING_OF_ADDRESS_MAX || pending >= PENDING_OF_HOST_MAX || of_host >= OF_HOST_MAX {
        let why = format!(
            "{here} subscriptions for this address wait to be confirmed (at most {PENDING_OF_ADDRESS_MAX}); for {host}, {pending} of {of_host} do (at most {PENDING_OF_HOST_MAX} of {OF_HOST_MAX}): confirm or end some first"
        );
        return Err(Refusal::conflict("subscriptions_of_host", why));
    }
    Ok(())
}

/// The host of an address that was read before.
fn host_of(url: &str) -> String {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.split(['/', '?', ':']).next().unwrap_or_default().trim_end_matches('.').to_ascii_lowercase()
}

/// Who is to be told of a certificate.
#[derive(Default)]
struct Index {
    certificates: HashMap<CertificateId, Vec<String>>,
    holders: HashMap<Uscc, Vec<String>>,
    all: Vec<String>,
}

impl Index {
    fn of(all: &BTreeMap<String, Followed>) -> Self {
        let mut index = Self::default();
        for (id, followed) in all.iter().filter(|(_, f)| f.kept.is_open()) {
            match followed.kept.follows {
                Follows::Certificate(certificate) => {
                    index.certificates.entry(certificate).or_default().push(id.clone())
                }
                Follows::Holder(uscc) => index.holders.entry(uscc).or_default().push(id.clone()),
                Follows::All => index.all.push(id.clone()),
            }
        }
        index
    }

    fn told(&self, certificate: CertificateId, holder: Option<Uscc>) -> impl Iterator<Item = &String> {
        let of_holder = holder.and_then(|uscc| self.holders.get(&uscc));
        self.certificates.get(&certificate).into_iter().chain(of_holder).flatten().chain(&self.all)
    }
}
