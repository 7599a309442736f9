//! A subscription: who is told, of what, and how far they have been.

use crate::domain::{CertificateId, Uscc};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use subtle::ConstantTimeEq as _;

/// Bytes of a secret; Standard Webhooks asks for 24 to 64.
pub(super) const SECRET_BYTES: usize = 32;
/// Bytes of a link's key.
const KEY_BYTES: usize = 16;
/// Waits before each further try of a message, as Standard Webhooks proposes: three days in all.
const WAITS: [SignedDuration; 9] = [
    SignedDuration::from_secs(5),
    SignedDuration::from_mins(5),
    SignedDuration::from_mins(30),
    SignedDuration::from_hours(2),
    SignedDuration::from_hours(5),
    SignedDuration::from_hours(10),
    SignedDuration::from_hours(14),
    SignedDuration::from_hours(20),
    SignedDuration::from_hours(24),
];
/// Wait before a message that we could not make is made again.
const OWN_FAULT: SignedDuration = SignedDuration::from_mins(5);
/// How long a subscription waits to be confirmed.
const CONFIRM_WITHIN: SignedDuration = SignedDuration::from_hours(24);

/// What is followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Follows {
    /// One certificate.
    Certificate(CertificateId),
    /// Every certificate of a holder, also those to come.
    Holder(Uscc),
    /// Every certificate.
    All,
}

/// How it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum State {
    /// Asked for; whoever reads at the address has not confirmed it.
    Pending {
        /// Whether the message with the link has arrived.
        sent: bool,
    },
    /// Messages are sent.
    Active {
        /// Since when.
        since: Timestamp,
    },
    /// No more are.
    Ended {
        /// Since when.
        at: Timestamp,
        /// Why.
        why: Ending,
    },
}

/// Why no more messages are sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ending {
    /// Whoever receives them said so, by the link in each.
    ByLink,
    /// The receiver answered 410 Gone.
    Gone,
    /// One message could not be delivered in three days.
    Unreachable,
}

/// Links of a subscription. The one that confirms stands in the first message alone, and shows the secret; the one that ends
/// stands in every other, which many may come to see.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Link {
    /// Confirms it, shows the secret, and ends it.
    Confirm,
    /// Ends it.
    End,
}

/// A message that could not be delivered yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Trouble {
    /// How often it was tried.
    pub tries: usize,
    /// When it is tried again.
    pub again_at: Timestamp,
    /// What went wrong the last time.
    pub why: String,
}

/// A subscription.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Subscription {
    /// Its name, 16 random bytes as 22 characters of base64url.
    pub id: String,
    /// Where messages go.
    pub url: String,
    /// What is followed.
    pub follows: Follows,
    /// When it was asked for.
    pub made_at: Timestamp,
    /// How it stands.
    pub state: State,
    /// Base64 of the secret it shares with its receiver.
    secret: String,
    /// The first event that was not delivered or passed over.
    pub(super) next_seq: u64,
    /// Expiries are told up to this day, and of this day up to this certificate.
    pub(super) expired: (Date, Option<CertificateId>),
    /// What is in the way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trouble: Option<Trouble>,
}

impl std::fmt::Debug for Subscription {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { id, follows, state, .. } = self;
        f.debug_struct("Subscription")
            .field("id", id)
            .field("follows", follows)
            .field("state", state)
            .finish_non_exhaustive()
    }
}

impl Subscription {
    pub(super) fn new(
        (id, secret): ([u8; 16], [u8; SECRET_BYTES]),
        url: String,
        follows: Follows,
        made_at: Timestamp,
        next_seq: u64,
        today: Date,
    ) -> Self {
        let (id, secret) = (URL_SAFE_NO_PAD.encode(id), STANDARD.encode(secret));
        // What expires today was in force until its end, and is told tomorrow.
        let expired = (today, None);
        Self {
            id,
            url,
            follows,
            made_at,
            state: State::Pending { sent: false },
            secret,
            next_seq,
            expired,
            trouble: None,
        }
    }

    /// The secret as receivers keep it: `whsec_` and its base64.
    #[must_use]
    pub fn secret(&self) -> String {
        format!("whsec_{}", self.secret)
    }

    fn mac(&self, message: &[u8]) -> Vec<u8> {
        let secret = STANDARD.decode(&self.secret).unwrap_or_default();
        // HMAC takes keys of every length.
        match Hmac::<Sha256>::new_from_slice(&secret) {
            Ok(mac) => mac.chain_update(message).finalize().into_bytes().to_vec(),
            Err(_) => vec![],
        }
    }

    /// The key of one of its links: only who receives its messages knows it.
    #[must_use]
    pub fn link_key(&self, link: Link) -> String {
        let what: &[u8] = match link {
            Link::Confirm => b"link to confirm",
            Link::End => b"link to end",
        };
        URL_SAFE_NO_PAD.encode(&self.mac(what)[..KEY_BYTES])
    }

    /// Which of its links has that key; none where it is neither's.
    #[must_use]
    pub fn link_of(&self, key: &str) -> Option<Link> {
        let is = |link: &Link| bool::from(self.link_key(*link).as_bytes().ct_eq(key.as_bytes()));
        [Link::Confirm, Link::End].into_iter().find(is)
    }

    /// The signature of a message (Standard Webhooks 1.0, symmetric): `v1,` and base64 of HMAC-SHA256 over `ID.TIMESTAMP.BODY`.
    #[must_use]
    pub(super) fn signature(&self, id: &str, timestamp: i64, body: &str) -> String {
        format!("v1,{}", STANDARD.encode(self.mac(format!("{id}.{timestamp}.{body}").as_bytes())))
    }

    /// Whether messages are still to be sent.
    #[must_use]
    pub fn is_open(&self) -> bool {
        !matches!(self.state, State::Ended { .. })
    }

    /// Whether it was not confirmed in time.
    pub(super) fn has_lapsed(&self, now: Timestamp) -> bool {
        matches!(self.state, State::Pending { .. }) && now >= self.lapses_at()
    }

    /// When it is given up, where it is not confirmed.
    #[must_use]
    pub fn lapses_at(&self) -> Timestamp {
        self.made_at.checked_add(CONFIRM_WITHIN).unwrap_or(Timestamp::MAX)
    }

    /// Notes that a message could not be made: that counts as no try.
    pub(super) fn postponed(&mut self, why: String, now: Timestamp) {
        let tries = self.trouble.as_ref().map_or(0, |t| t.tries);
        let again_at = now.checked_add(OWN_FAULT).unwrap_or(Timestamp::MAX);
        self.trouble = Some(Trouble { tries, again_at, why });
    }

    /// Notes that a message was not delivered.
    pub(super) fn failed(&mut self, why: String, now: Timestamp) {
        let tries = self.trouble.as_ref().map_or(0, |t| t.tries) + 1;
        match WAITS.get(tries - 1).and_then(|wait| now.checked_add(*wait).ok()) {
            Some(again_at) => self.trouble = Some(Trouble { tries, again_at, why }),
            None => {
                self.trouble = Some(Trouble { tries, again_at: now, why });
                self.state = State::Ended { at: now, why: Ending::Unreachable };
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    fn sample() -> Subscription {
        let now: Timestamp = "2026-05-08T04:00:00Z".parse().unwrap();
        Subscription::new(([1; 16], [2; 32]), "https://a.example/".into(), Follows::All, now, 7, date(2026, 5, 8))
    }

    #[test]
    fn a_message_is_tried_for_three_days_and_then_no_more() {
        let mut one = sample();
        let (begun, mut now, mut tries) = (one.made_at, one.made_at, 0);
        while one.is_open() {
            one.failed("down".into(), now);
            tries += 1;
            now = one.trouble.as_ref().unwrap().again_at;
        }
        assert_eq!(tries, WAITS.len() + 1);
        assert!((70..80).contains(&now.duration_since(begun).as_hours()));
        assert!(matches!(one.state, State::Ended { why: Ending::Unreachable, .. }));
    }

    #[test]
    fn its_key_and_secret_are_its_own_and_in_no_debug_text() {
        let (one, other) = (sample(), Subscription { secret: STANDARD.encode([3; 32]), ..sample() });
        for link in [Link::Confirm, Link::End] {
            assert_eq!((one.link_of(&one.link_key(link)), one.link_of(&other.link_key(link))), (Some(link), None));
        }
        assert_eq!(one.link_of(""), None);
        assert!(!format!("{one:?}").contains(&one.secret));
        assert_eq!(serde_json::from_str::<Subscription>(&serde_json::to_string(&one).unwrap()).unwrap(), one);
    }
}
