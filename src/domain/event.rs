//! Events: what is written down, once and for ever. The journal is a list of them; all else is derived.

use super::certificate::CertificateChange;
use super::holder::CertificationBody;
use super::ids::{CertificateId, MarkId};
use super::link::Host;
use super::mark_licence::MarkChange;
use super::role::Role;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Who may learn of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Audience {
    /// Everybody: it belongs to a certificate's, a mark's or a key's public life.
    Public,
    /// The body only.
    Private,
}

/// One event. It names no person: who stands behind it is in the private [`Provenance`] beside it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// What happened.
    #[serde(flatten)]
    pub fact: Fact,
    /// From when on it counts.
    pub effective_at: Timestamp,
    /// When it was put on record.
    pub recorded_at: Timestamp,
    /// In which role.
    pub actor: Role,
}

/// What happened, by subject.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "subject", rename_all = "snake_case")]
pub enum Fact {
    /// The body set itself up, or changed what it says of itself.
    Body {
        /// Verification host; the same for ever.
        host: Host,
        /// What the body says of itself.
        body: Box<CertificationBody>,
    },
    /// Something happened to a certificate.
    Certificate {
        /// Which.
        id: CertificateId,
        /// What.
        #[serde(flatten)]
        change: CertificateChange,
    },
    /// Something happened to a mark licence.
    Mark {
        /// Which.
        id: MarkId,
        /// Its certificate.
        certificate: CertificateId,
        /// What.
        #[serde(flatten)]
        change: MarkChange,
    },
    /// Something happened to a signing key.
    Key {
        /// Its name, e.g. `credential-1`.
        id: String,
        /// What.
        #[serde(flatten)]
        change: KeyChange,
    },
    /// Something happened to an access token.
    Token {
        /// Its name.
        id: String,
        /// What.
        #[serde(flatten)]
        change: TokenChange,
    },
}

/// One thing that happens to a key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "change", rename_all = "snake_case")]
pub enum KeyChange {
    /// It signs from now on.
    Added {
        /// For what it signs, e.g. `credential`.
        purpose: String,
        /// Multikey text of the public key.
        public_key: String,
    },
    /// It signs no more; what it signed stays good.
    Retired,
    /// Others may hold it: what is recorded later under it is not good.
    Compromised,
}

/// One thing that happens to an access token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "change", rename_all = "snake_case")]
pub enum TokenChange {
    /// Made for somebody.
    Made {
        /// What it may do.
        roles: Vec<Role>,
        /// SHA-256 (hex) of the secret; the secret itself is nowhere.
        secret_sha256: String,
    },
    /// Good for nothing from now on.
    Revoked,
}

impl Fact {
    /// Who may learn of it.
    #[must_use]
    pub fn audience(&self) -> Audience {
        match self {
            Self::Body { .. } | Self::Certificate { .. } | Self::Mark { .. } | Self::Key { .. } => Audience::Public,
            Self::Token { .. } => Audience::Private,
        }
    }
}

/// Who and what stands behind a set of events, for the body's own files: never public.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Provenance {
    /// Which token or local user acted, e.g. `token:front-desk` or `local:root`.
    pub by: String,
    /// Idempotency key of the request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idempotency_key: Option<String>,
    /// SHA-256 (hex) of the request, so that the same key with another request is noticed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_sha256: Option<String>,
    /// The body's reference of the decision, unique.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// Evidence or explanation given by staff.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}
