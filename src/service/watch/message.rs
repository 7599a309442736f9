//! What is told: one message for each thing that happened (docs/SPEC-webhooks.md). It says enough to know what to look at;
//! how a certificate stands is what its page says when it is opened.

use super::subscription::{Follows, Link, State, Subscription};
use crate::domain::dates::{add_days, day_start};
use crate::domain::{Certificate, CertificateId, Host, Standing};
use jiff::Timestamp;
use jiff::civil::Date;
use serde::Serialize;
use serde_json::{Value, json};

/// A message as it is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Message {
    /// The same at every try.
    pub(super) id: String,
    /// Its JSON.
    pub(super) body: String,
}

/// What a message is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum News {
    /// The subscription waits to be confirmed.
    Confirm,
    /// That step of a certificate's life.
    Step {
        /// Which certificate.
        certificate: CertificateId,
        /// Sequence number of the event.
        seq: u64,
    },
    /// A certificate's last day has passed.
    Expired {
        /// Which certificate.
        certificate: CertificateId,
        /// Its last day.
        day: Date,
    },
}

/// What stands in every message about a certificate.
#[derive(Serialize)]
struct Told {
    certificate: CertificateId,
    number: String,
    holder: String,
    uscc: String,
    /// How it stood when the message was made; null where that cannot be told.
    standing: Option<&'static str>,
    effective_at: Timestamp,
    recorded_at: Timestamp,
    /// The step of its life, from 0; null for what no event says.
    step: Option<usize>,
    /// Its entry in the public log; null where that is not published yet.
    log_entry: Option<String>,
    page: String,
    api: String,
    subscription: String,
    /// Where the subscription is ended.
    manage: String,
}

/// The addresses that messages lead to.
#[derive(Debug, Clone)]
pub(super) struct Base(pub(super) String);

impl Base {
    /// Where a subscription is confirmed, or ended.
    fn link(&self, subscription: &Subscription, link: Link) -> String {
        format!("{}/watch/{}/{}", self.0, subscription.id, subscription.link_key(link))
    }
}

/// A certificate as it stands when a message about it is made.
pub(super) struct Now<'c> {
    pub(super) certificate: &'c Certificate,
    pub(super) standing: Option<Standing>,
}

/// That a subscription waits to be confirmed.
pub(super) fn confirm(subscription: &Subscription, host: &Host, base: &Base) -> Message {
    let data = json!({
        "host": host.as_str(), "follows": follows(subscription.follows), "subscription": subscription.id,
        "confirm": base.link(subscription, Link::Confirm),
        "note": "Open this address and confirm, or nothing more is sent. If you did not ask for this, ignore it.",
        "note_zh": "请打开这个网址确认，否则不再发送。不是您要的，不用理会。",
    });
    message(subscription, "confirm", "subscription.confirm", subscription.made_at, &data)
}

/// What is followed, as it is told.
pub(super) fn follows(follows: Follows) -> Value {
    match follows {
        Follows::Certificate(id) => json!({ "certificate": id }),
        Follows::Holder(uscc) => json!({ "uscc": uscc.to_string() }),
        Follows::All => json!({ "all": true }),
    }
}

/// That something happened to a certificate: the step with that place in its life, and its entry in the log.
pub(super) fn step(
    subscription: &Subscription,
    now: &Now<'_>,
    (step, leaf): (usize, Option<u64>),
    base: &Base,
) -> Option<Message> {
    let found = now.certificate.life().get(step)?;
    let kind = format!("certificate.{}", found.change.wire());
    let times = (found.effective_at, found.recorded_at);
    let told = told(subscription, now, times, Some(step), leaf, base);
    Some(message(subscription, &format!("{}-{step}", now.certificate.id), &kind, found.recorded_at, &told))
}

/// That a certificate's last day has passed.
pub(super) fn expired(subscription: &Subscription, now: &Now<'_>, day: Date, base: &Base) -> Message {
    let at = day_start(add_days(day, 1));
    let told = told(subscription, now, (at, at), None, None, base);
    message(subscription, &format!("{}-expired-{day}", now.certificate.id), "certificate.expired", at, &told)
}

fn told(
    subscription: &Subscription,
    now: &Now<'_>,
    (effective_at, recorded_at): (Timestamp, Timestamp),
    step: Option<usize>,
    leaf: Option<u64>,
    base: &Base,
) -> Told {
    let (id, terms) = (now.certificate.id, now.certificate.terms());
    Told {
        certificate: id,
        number: terms.number.to_string(),
        holder: terms.holder.name.to_string(),
        uscc: terms.holder.uscc.to_string(),
        standing: now.standing.map(Standing::wire),
        effective_at,
        recorded_at,
        step,
        log_entry: leaf.map(|leaf| format!("{}/api/v1/log/entries/{leaf}", base.0)),
        page: format!("{}/c/{id}", base.0),
        api: format!("{}/api/v1/certificates/{id}", base.0),
        subscription: subscription.id.clone(),
        manage: base.link(subscription, Link::End),
    }
}

fn message(
    subscription: &Subscription,
    what: &str,
    kind: &str,
    timestamp: Timestamp,
    data: &impl Serialize,
) -> Message {
    let body = json!({ "type": kind, "timestamp": timestamp, "data": data }).to_string();
    Message { id: format!("msg_{}_{what}", subscription.id), body }
}

/// Whether it is to be told to that subscription at all.
pub(super) fn is_for(news: News, state: State) -> bool {
    matches!(
        (news, state),
        (News::Confirm, State::Pending { sent: false })
            | (News::Step { .. } | News::Expired { .. }, State::Active { .. })
    )
}
