//! Access tokens: named, of given roles, stored as a hash, revocable.

use super::actor::{Act, Actor};
use super::{Plan, Service, ServiceError, sha256_hex};
use crate::domain::error::shown;
use crate::domain::event::TokenChange;
use crate::domain::{Event, Fact, Refusal, Role};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::BTreeMap;
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

/// What every secret begins with, so that a leaked one is recognised.
const PREFIX: &str = "smk_";
/// Longest token text looked at; ours have 47 characters.
const MAX_LEN: usize = 128;

/// A token as staff see it; the secret is nowhere.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Token {
    /// Its name.
    pub name: String,
    /// What it may do.
    pub roles: Vec<Role>,
    /// Whether it still works.
    pub revoked: bool,
    #[serde(skip)]
    secret_sha256: String,
}

/// Every token on record.
#[derive(Debug, Clone, Default)]
pub(super) struct Tokens(BTreeMap<String, Token>);

impl Tokens {
    pub(super) fn of(events: &[Event]) -> Self {
        let mut tokens = BTreeMap::new();
        for event in events {
            let Fact::Token { id, change } = &event.fact else { continue };
            match change {
                TokenChange::Made { roles, secret_sha256 } => {
                    let token = Token {
                        name: id.clone(),
                        roles: roles.clone(),
                        revoked: false,
                        secret_sha256: secret_sha256.clone(),
                    };
                    tokens.insert(id.clone(), token);
                }
                TokenChange::Revoked => {
                    if let Some(token) = tokens.get_mut(id) {
                        token.revoked = true;
                    }
                }
            }
        }
        Self(tokens)
    }

    /// The token with that secret; every token is compared, in constant time.
    fn bearer(&self, secret: &str) -> Option<&Token> {
        let digest = sha256_hex(secret.as_bytes());
        let mut found = None;
        for token in self.0.values() {
            if bool::from(token.secret_sha256.as_bytes().ct_eq(digest.as_bytes())) {
                found = Some(token);
            }
        }
        found.filter(|t| !t.revoked)
    }
}

impl Service {
    /// Makes a token and answers its secret, which is shown once and kept nowhere.
    ///
    /// # Errors
    /// `bad_token_name`, `token_exists`, `role_needed`, `unknown_role` for a role no token carries, or store failures.
    pub fn make_token(&self, act: &Act, name: &str, roles: &[Role]) -> Result<Zeroizing<String>, ServiceError> {
        let role = act.actor.acting_as(Role::Operator)?;
        let fits =
            (1..=40).contains(&name.len()) && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
        if !fits {
            let why = "a token's name has 1 to 40 letters, digits, hyphens or underscores";
            return Err(Refusal::invalid("bad_token_name", why).into());
        }
        for role in roles {
            Role::parse_of_token(role.wire())?;
        }
        if roles.is_empty() {
            return Err(Refusal::invalid("role_needed", "a token carries at least one role").into());
        }
        let random = Zeroizing::new(self.random::<32>()?);
        let secret = Zeroizing::new(format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(random.as_slice())));
        let change = TokenChange::Made { roles: roles.to_vec(), secret_sha256: sha256_hex(secret.as_bytes()) };
        let input = json!({ "name": name, "roles": roles });
        self.change_settings(act, "make_token", &input, |settings, now| {
            if settings.tokens.0.contains_key(name) {
                let why =
                    format!("there is or was a token “{name}”; take another name, so that old events stay readable");
                return Err(Refusal::conflict("token_exists", why).into());
            }
            let mut plan = Plan::new(role);
            plan.facts.push((Fact::Token { id: name.to_owned(), change: change.clone() }, now));
            Ok(plan)
        })?;
        Ok(secret)
    }

    /// Ends a token: no request that begins once this has returned is done under it.
    ///
    /// # Errors
    /// `no_such_token`, `token_revoked`, or store failures.
    pub fn revoke_token(&self, act: &Act, name: &str) -> Result<(), ServiceError> {
        let role = act.actor.acting_as(Role::Operator)?;
        self.change_settings(act, "revoke_token", &json!({ "name": name }), |settings, now| {
            match settings.tokens.0.get(name) {
                None => return Err(Refusal::not_found("no_such_token", no_such(name)).into()),
                Some(token) if token.revoked => {
                    let why = format!("token “{name}” is revoked already");
                    return Err(Refusal::rule("token_revoked", why).into());
                }
                Some(_) => {}
            }
            let mut plan = Plan::new(role);
            plan.facts.push(revoked(name, now));
            Ok(plan)
        })
    }

    /// Ends every token in use in one act; their names.
    ///
    /// # Errors
    /// Store failures.
    pub fn revoke_all_tokens(&self, act: &Act) -> Result<Vec<String>, ServiceError> {
        let role = act.actor.acting_as(Role::Operator)?;
        let names: Vec<String> = self.tokens().into_iter().filter(|t| !t.revoked).map(|t| t.name).collect();
        if !names.is_empty() {
            self.change_settings(act, "revoke_all_tokens", &json!({ "names": names }), |_, now| {
                let mut plan = Plan::new(role);
                plan.facts.extend(names.iter().map(|name| revoked(name, now)));
                Ok(plan)
            })?;
        }
        Ok(names)
    }

    /// Every token there is or was, by name.
    #[must_use]
    pub fn tokens(&self) -> Vec<Token> {
        self.read_settings().tokens.0.values().cloned().collect()
    }

    /// Who bears this secret; `None` for an unknown or revoked one.
    #[must_use]
    pub fn bearer(&self, secret: &str) -> Option<Actor> {
        if secret.len() > MAX_LEN {
            return None;
        }
        let settings = self.read_settings();
        settings.tokens.bearer(secret).map(|t| Actor { by: format!("token:{}", t.name), roles: t.roles.clone() })
    }
}

fn revoked(name: &str, now: Timestamp) -> (Fact, Timestamp) {
    (Fact::Token { id: name.to_owned(), change: TokenChange::Revoked }, now)
}

fn no_such(name: &str) -> String {
    format!("there is no token “{}”", shown(name))
}
