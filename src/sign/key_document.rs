//! The body's public keys as the world reads them: a did:web document and a JWK set, written here and read back here.
//!
//! Retirement is told by a member of our own. The W3C member `expires` would not do: verifiers are expected to reject
//! every proof by a key after it expired (Controlled Identifiers 1.0, section 2.2), and old certificates must outlive
//! their key. A compromised key carries `revoked` and leaves `assertionMethod`: who cannot look into the log must not
//! trust anything it signed.

use super::canonical::parse_strict;
use super::keys::{KeyId, KeyRecord, PublicKey, Purpose};
use crate::domain::text::Name;
use crate::domain::{Host, Refusal};
use jiff::Timestamp;
use serde_json::{Value, json};
use std::collections::HashSet;

const DID_CONTEXT: &str = "https://www.w3.org/ns/did/v1";
const MULTIKEY_CONTEXT: &str = "https://w3id.org/security/multikey/v1";
const DID_WEB: &str = "did:web:";
const VALID_FROM: &str = "validFrom";
const RETIRED_AT: &str = "retiredAt";
const REVOKED: &str = "revoked";

/// The public keys of one body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyDocument {
    host: Host,
    name: Option<Name>,
    keys: Vec<KeyRecord>,
}

impl KeyDocument {
    /// Most keys listed: four purposes, a new key each quarter for fifteen years.
    pub const MAX_KEYS: usize = 256;

    /// Puts the keys of a body together; `name` is the body's, for people.
    ///
    /// # Errors
    /// `key_duplicate` when two records share an id or a key (purposes never share one), `too_many_keys`, and what
    /// [`KeyRecord::check`] refuses.
    pub fn new(host: Host, name: Option<Name>, keys: Vec<KeyRecord>) -> Result<Self, Refusal> {
        if keys.len() > Self::MAX_KEYS {
            return Err(Refusal::invalid("too_many_keys", format!("a body lists at most {} keys", Self::MAX_KEYS)));
        }
        let (mut ids, mut publics) = (HashSet::new(), HashSet::new());
        for key in &keys {
            key.check()?;
            if !ids.insert(key.id) || !publics.insert(key.public) {
                return Err(Refusal::invalid("key_duplicate", format!("the key {} is listed twice", key.id)));
            }
        }
        Ok(Self { host, name, keys })
    }

    /// The body's host.
    #[must_use]
    pub fn host(&self) -> &Host {
        &self.host
    }

    /// The body's name, where the document tells it. Not proven by anything.
    #[must_use]
    pub fn name(&self) -> Option<&Name> {
        self.name.as_ref()
    }

    /// Every key, in the document's order.
    #[must_use]
    pub fn keys(&self) -> &[KeyRecord] {
        &self.keys
    }

    /// The record a verification method's URL names, `did:web:HOST#credential-1`; nothing for another host.
    #[must_use]
    pub fn resolve(&self, url: &str) -> Option<&KeyRecord> {
        let id = key_id(url, &self.host)?;
        self.keys.iter().find(|k| k.id == id)
    }

    /// Whether that URL could name a newer key of this body for that purpose: of its form, and numbered above all that are
    /// listed.
    #[must_use]
    pub fn may_be_newer(&self, url: &str, purpose: Purpose) -> bool {
        let listed = self.keys.iter().filter(|k| k.purpose == purpose).map(|k| k.id.ordinal()).max();
        key_id(url, &self.host).is_some_and(|id| id.purpose() == purpose && Some(id.ordinal()) > listed)
    }

    /// Every key of that purpose with that hint; hints are short, so try each.
    pub fn by_hint(&self, purpose: Purpose, hint: [u8; 4]) -> impl Iterator<Item = &KeyRecord> {
        self.keys.iter().filter(move |k| k.purpose == purpose && k.public.hint() == hint)
    }

    /// The content of `/.well-known/did.json` (did:web; DID Core 1.0; Multikey of Controlled Identifiers 1.0).
    #[must_use]
    pub fn to_did_json(&self) -> Value {
        let methods = self.keys.iter().map(|key| {
            let head = json!({
                "id": key.id.url(&self.host),
                "type": "Multikey",
                "controller": self.host.did(),
                "publicKeyMultibase": key.public.to_multikey(),
            });
            with_window(head, key)
        });
        let mut document = json!({
            "@context": [DID_CONTEXT, MULTIKEY_CONTEXT],
            "id": self.host.did(),
            "verificationMethod": methods.collect::<Vec<_>>(),
            "assertionMethod": self.keys.iter().filter(|k| may_assert(k)).map(|k| k.id.url(&self.host)).collect::<Vec<_>>(),
        });
        if let Some(name) = &self.name {
            document["name"] = name.as_str().into();
        }
        document
    }

    /// The content of `/.well-known/jwks.json` (RFC 7517, RFC 8037); `kid` is the key's DID URL.
    #[must_use]
    pub fn to_jwks_json(&self) -> Value {
        let keys = self.keys.iter().map(|key| {
            let head = json!({
                "kty": "OKP",
                "crv": "Ed25519",
                "x": key.public.to_jwk_x(),
                "use": "sig",
                "kid": key.id.url(&self.host),
            });
            with_window(head, key)
        });
        json!({ "keys": keys.collect::<Vec<_>>() })
    }

    /// Reads a did.json. Members it does not know are passed over, and so are verification methods of another type
    /// than Multikey or of a purpose it does not know; a method that is of ours must be right in every part.
    ///
    /// # Errors
    /// What [`parse_strict`] and [`KeyDocument::new`] refuse; `bad_key_document` with the place otherwise.
    pub fn parse(bytes: &[u8]) -> Result<Self, Refusal> {
        let document = parse_strict(bytes)?;
        let did = text(&document, "id")?;
        let host = did_host(did).ok_or_else(|| bad("/id", "the document's id is not did:web:HOST"))?;
        let mut keys = Vec::new();
        for (i, method) in array(&document, "verificationMethod")?.iter().enumerate() {
            let place = format!("/verificationMethod/{i}");
            if !is_ours(method, "type", "Multikey") {
                continue;
            }
            if method["controller"].as_str() != Some(did) {
                return Err(bad(&place, "the key's controller is not the document's id"));
            }
            let public = PublicKey::from_multikey(text(method, "publicKeyMultibase").map_err(|r| r.under(&place))?);
            keys.push(record(method, "id", &host, public).map_err(|r| r.under(&place))?);
        }
        let name = match document.get("name").and_then(Value::as_str) {
            Some(text) => {
                let name = Name::parse(text).ok().filter(|name| name.as_str() == text);
                Some(name.ok_or_else(|| bad("/name", "not written as a name is"))?)
            }
            None => None,
        };
        let parsed = Self::new(host, name, keys)?;
        parsed.check_assertions(array(&document, "assertionMethod")?)?;
        Ok(parsed)
    }

    /// Reads a jwks.json. What it does not know is passed over as in [`KeyDocument::parse`]; the host is that of the
    /// first key.
    ///
    /// # Errors
    /// As [`KeyDocument::parse`].
    pub fn parse_jwks(bytes: &[u8]) -> Result<Self, Refusal> {
        let document = parse_strict(bytes)?;
        let ours: Vec<_> =
            array(&document, "keys")?.iter().enumerate().filter(|(_, k)| is_ours(k, "crv", "Ed25519")).collect();
        let first = ours.first().and_then(|(_, k)| k["kid"].as_str()?.split('#').next());
        let host =
            first.and_then(did_host).ok_or_else(|| bad("/keys", "no key has a kid as did:web:HOST#credential-1"))?;
        let mut keys = Vec::new();
        for (i, jwk) in ours {
            let place = format!("/keys/{i}");
            if jwk["kty"].as_str() != Some("OKP") {
                return Err(bad(&place, "the key's kty is not OKP"));
            }
            let public = PublicKey::from_jwk_x(text(jwk, "x").map_err(|r| r.under(&place))?);
            keys.push(record(jwk, "kid", &host, public).map_err(|r| r.under(&place))?);
        }
        Self::new(host, None, keys)
    }

    /// `assertionMethod` lists every credential key that is not compromised, and no other of ours.
    fn check_assertions(&self, listed: &[Value]) -> Result<(), Refusal> {
        let refuse = |why: &'static str| Err(bad("/assertionMethod", why));
        let mut urls = HashSet::new();
        for entry in listed {
            // An embedded method would be a key that stands nowhere else.
            let Some(url) = entry.as_str() else { return refuse("an entry is not a key's URL") };
            if self.resolve(url).is_some_and(|key| !may_assert(key)) {
                return refuse("a key that is not for certificates, or is compromised, is listed");
            }
            urls.insert(url);
        }
        if self.keys.iter().any(|k| may_assert(k) && !urls.contains(k.id.url(&self.host).as_str())) {
            return refuse("a key for certificates is missing");
        }
        Ok(())
    }
}

/// Whether third parties may take the key's word for a certificate. Retired keys stay.
fn may_assert(key: &KeyRecord) -> bool {
    key.purpose == Purpose::Credential && key.compromised_at.is_none()
}

fn with_window(mut head: Value, key: &KeyRecord) -> Value {
    head["purpose"] = key.purpose.as_str().into();
    head[VALID_FROM] = key.valid_from.to_string().into();
    for (member, at) in [(RETIRED_AT, key.retired_at), (REVOKED, key.compromised_at)] {
        if let Some(at) = at {
            head[member] = at.to_string().into();
        }
    }
    head
}

fn record(entry: &Value, id: &str, host: &Host, public: Result<PublicKey, Refusal>) -> Result<KeyRecord, Refusal> {
    let url = text(entry, id)?;
    let instant = |member: &'static str| match entry.get(member) {
        None => Ok(None),
        Some(value) => {
            match value.as_str().and_then(|t| t.parse::<Timestamp>().ok().filter(|at| at.to_string() == t)) {
                Some(at) => Ok(Some(at)),
                None => Err(bad(&format!("/{member}"), "not an RFC 3339 instant in UTC")),
            }
        }
    };
    let record = KeyRecord {
        id: key_id(url, host).ok_or_else(|| bad(&format!("/{id}"), "not the document's id, # and a key id"))?,
        purpose: Purpose::parse(text(entry, "purpose")?)?,
        public: public?,
        valid_from: instant(VALID_FROM)?.ok_or_else(|| bad("", "the member validFrom is missing"))?,
        retired_at: instant(RETIRED_AT)?,
        compromised_at: instant(REVOKED)?,
    };
    record.check().map(|()| record)
}

/// Of the form this version reads, and of a purpose it knows.
fn is_ours(entry: &Value, member: &str, form: &str) -> bool {
    entry[member].as_str() == Some(form) && entry["purpose"].as_str().is_some_and(|p| Purpose::parse(p).is_ok())
}

fn did_host(did: &str) -> Option<Host> {
    Host::parse(did.strip_prefix(DID_WEB)?).ok()
}

fn key_id(url: &str, host: &Host) -> Option<KeyId> {
    let (did, fragment) = url.split_once('#')?;
    KeyId::parse(fragment).ok().filter(|_| did.strip_prefix(DID_WEB) == Some(host.as_str()))
}

fn text<'a>(object: &'a Value, member: &str) -> Result<&'a str, Refusal> {
    object.get(member).and_then(Value::as_str).ok_or_else(|| bad(&format!("/{member}"), "missing, or not a text"))
}

fn array<'a>(object: &'a Value, member: &str) -> Result<&'a [Value], Refusal> {
    let list = object.get(member).and_then(Value::as_array).map(Vec::as_slice);
    list.ok_or_else(|| bad(&format!("/{member}"), "missing, or not a list"))
}

fn bad(place: &str, why: &str) -> Refusal {
    Refusal::invalid("bad_key_document", format!("the key document is not usable: {why}")).under(place)
}

#[cfg(test)]
#[path = "key_document_tests.rs"]
mod tests;
