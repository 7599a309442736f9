//! Who asks for a use case, and what makes a request one and the same.

use crate::domain::text::{Note, Reference};
use crate::domain::{Refusal, Role};

/// Somebody who acts: a token's bearer, a local operator, or the sweep.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actor {
    /// For the private provenance, e.g. `token:front-desk` or `local:root`.
    pub by: String,
    /// What they may do.
    pub roles: Vec<Role>,
}

impl Actor {
    /// Somebody at the machine itself: holds every role, since they hold the keys.
    #[must_use]
    pub fn local(name: &str) -> Self {
        let mut roles = Role::OF_TOKENS.to_vec();
        roles.push(Role::Operator);
        Self { by: format!("local:{name}"), roles }
    }

    /// Whether [`Actor::local`] takes that name: it stands in provenance and logs.
    #[must_use]
    pub fn is_plain(name: &str) -> bool {
        (1..=32).contains(&name.len())
            && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
    }

    /// The sweep.
    #[must_use]
    pub fn system() -> Self {
        Self { by: "system:sweep".into(), roles: vec![Role::System] }
    }

    /// The role this act is done in.
    ///
    /// # Errors
    /// `role_missing` names the role it takes.
    pub fn acting_as(&self, role: Role) -> Result<Role, Refusal> {
        self.acting_as_one_of(&[role])
    }

    /// The first of these roles the actor holds.
    ///
    /// # Errors
    /// `role_missing` names the roles it takes.
    pub fn acting_as_one_of(&self, roles: &[Role]) -> Result<Role, Refusal> {
        roles.iter().copied().find(|r| self.roles.contains(r)).ok_or_else(|| {
            let wanted: Vec<&str> = roles.iter().map(|r| r.wire()).collect();
            Refusal::forbidden(
                "role_missing",
                format!("this takes the role {}, which {} does not hold", wanted.join(" or "), self.by),
            )
        })
    }
}

/// Keys of decisions begin so, and no others.
const DECISION: &str = "decision:";

/// An idempotency key: the same key with the same request is the same act.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdempotencyKey(String);

impl IdempotencyKey {
    /// Longest key.
    pub const MAX_LEN: usize = 128;

    /// Reads a key: 1 to 128 visible ASCII characters.
    ///
    /// # Errors
    /// `bad_idempotency_key`.
    pub fn parse(text: &str) -> Result<Self, Refusal> {
        if text.starts_with(DECISION) {
            let why = format!("“{DECISION}…” is kept for decisions, whose reference is their key; take a UUID");
            return Err(Refusal::invalid("bad_idempotency_key", why));
        }
        if text.is_empty() || text.len() > Self::MAX_LEN || !text.bytes().all(|b| b.is_ascii_graphic()) {
            return Err(Refusal::invalid(
                "bad_idempotency_key",
                "an idempotency key has 1 to 128 visible ASCII characters, for example a UUID",
            ));
        }
        Ok(Self(text.to_owned()))
    }

    /// The key of a decision: its reference is unique in the body, so it can stand for the request.
    #[must_use]
    pub fn of_decision(reference: &Reference) -> Self {
        Self(format!("{DECISION}{reference}"))
    }

    /// The key.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The circumstances of one act.
#[derive(Debug, Clone)]
pub struct Act {
    /// Who.
    pub actor: Actor,
    /// Under which key.
    pub key: Option<IdempotencyKey>,
    /// Evidence or explanation for the body's own files.
    pub note: Option<Note>,
}

impl Act {
    /// An act without key or note.
    #[must_use]
    pub const fn by(actor: Actor) -> Self {
        Self { actor, key: None, note: None }
    }
}
