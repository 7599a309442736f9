//! Events as text. What this version writes has one form; what a newer version wrote about a certificate or a mark is kept
//! as it stands, so that the one certificate cannot be told of and all others answer as before.

use super::certificate::CertificateChange;
use super::event::{Event, Fact};
use super::ids::{CertificateId, MarkId};
use super::mark_licence::MarkChange;
use super::role::Role;
use jiff::Timestamp;
use serde::Deserialize;

/// The text of an event that this version cannot read, kept byte for byte, and why it cannot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unread {
    text: String,
    why: String,
}

impl Unread {
    /// Why this version cannot read it.
    #[must_use]
    pub fn why(&self) -> &str {
        &self.why
    }
}

/// What every version's events of a certificate or a mark have.
#[derive(Deserialize)]
#[serde(tag = "subject", rename_all = "snake_case")]
enum Outline {
    Certificate { id: CertificateId, effective_at: Timestamp, recorded_at: Timestamp },
    Mark { id: MarkId, certificate: CertificateId, effective_at: Timestamp, recorded_at: Timestamp },
}

impl Event {
    /// Reads an event that this version writes itself.
    ///
    /// # Errors
    /// Why it is none.
    pub fn read_known(text: &str) -> Result<Self, String> {
        let event = serde_json::from_str::<Self>(text).map_err(|e| e.to_string())?;
        if event.text() == text {
            return Ok(event);
        }
        Err("it has members, or an order or form of them, that this version does not write".into())
    }

    /// Reads an event as it was written. One of a certificate or mark that this version would not have written so (a reason,
    /// a change, a role or a member that it does not know) comes back as `NotUnderstood`.
    ///
    /// # Errors
    /// Why it cannot be read, for everything else: what it says may concern every certificate.
    pub fn read(text: &str) -> Result<Self, String> {
        Self::read_known(text).or_else(|why| {
            let outline = serde_json::from_str::<Outline>(text).map_err(|_| why.clone())?;
            let unread = Unread { text: text.to_owned(), why };
            let (fact, effective_at, recorded_at) = match outline {
                Outline::Certificate { id, effective_at, recorded_at } => {
                    let change = CertificateChange::NotUnderstood(unread);
                    (Fact::Certificate { id, change }, effective_at, recorded_at)
                }
                Outline::Mark { id, certificate, effective_at, recorded_at } => {
                    let change = MarkChange::NotUnderstood(unread);
                    (Fact::Mark { id, certificate, change }, effective_at, recorded_at)
                }
            };
            // The role is not known either; of what is not understood it is never shown.
            Ok(Self { fact, effective_at, recorded_at, actor: Role::System })
        })
    }

    /// The event as it is written; for one that was not understood, as it was found.
    #[must_use]
    pub fn text(&self) -> String {
        match self.not_understood() {
            Some(unread) => unread.text.clone(),
            // Strings, numbers and lists of them: there is nothing in an event that JSON cannot hold.
            None => serde_json::to_string(self).unwrap_or_default(),
        }
    }

    /// What this version cannot read of it, if there is anything.
    #[must_use]
    pub fn not_understood(&self) -> Option<&Unread> {
        match &self.fact {
            Fact::Certificate { change: CertificateChange::NotUnderstood(unread), .. }
            | Fact::Mark { change: MarkChange::NotUnderstood(unread), .. } => Some(unread),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SUSPENDED: &str = r#"{"subject":"certificate","id":"0000000000000018","change":"suspended","reason":"0112","confirmed_on":"2026-06-01","until":"2026-09-01","effective_at":"2026-06-02T00:00:00Z","recorded_at":"2026-06-02T00:00:00Z","actor":"decision_maker"}"#;
    const REVOKED: &str = r#"{"subject":"mark","id":"0000000000000018","certificate":"0000000000000018","change":"revoked","reason":"misuse","effective_at":"2026-06-02T00:00:00Z","recorded_at":"2026-06-02T00:00:00Z","actor":"mark_officer"}"#;

    #[test]
    fn what_this_version_writes_is_read_and_all_else_of_a_certificate_is_kept_as_it_stands() {
        for text in [SUSPENDED, REVOKED] {
            let event = Event::read(text).unwrap();
            assert!(event.not_understood().is_none());
            assert_eq!(event.text(), text);
        }
        for (was, is) in [
            ("\"0112\"", "\"0150\""),
            ("\"misuse\"", "\"lent\""),
            ("\"suspended\"", "\"limited\""),
            ("\"revoked\"", "\"recalled\""),
            ("\"actor\":\"", "\"actor\":\"chief_"),
            (",\"actor\"", ",\"partly\":true,\"actor\""),
            ("{\"subject\"", "{ \"subject\""),
        ] {
            for text in [SUSPENDED, REVOKED].iter().filter(|t| t.contains(was)) {
                let newer = text.replacen(was, is, 1);
                let event = Event::read(&newer).unwrap();
                assert!(event.not_understood().is_some(), "{newer}");
                assert_eq!(event.text(), newer);
                assert_eq!(event.recorded_at, Event::read(text).unwrap().recorded_at);
            }
        }
    }

    #[test]
    fn what_may_concern_every_certificate_is_refused() {
        const KEY: &str = r#"{"subject":"key","id":"credential-1","change":"retired","effective_at":"2026-06-02T00:00:00Z","recorded_at":"2026-06-02T00:00:00Z","actor":"operator"}"#;
        Event::read(KEY).unwrap();
        for text in [
            KEY.replace("retired", "paused"),
            KEY.replace(",\"actor\"", ",\"for\":\"marks\",\"actor\""),
            KEY.replace("\"key\"", "\"scheme\""),
            SUSPENDED.replace("\"certificate\"", "\"appeal\""),
            SUSPENDED.replace("0000000000000018", "0000000000000019"),
            SUSPENDED.replace("\"recorded_at\"", "\"noted_at\""),
            "[]".into(),
        ] {
            Event::read(&text).expect_err(&text);
        }
    }
}
