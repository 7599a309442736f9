//! A status list as a W3C Verifiable Credential 2.0 (Bitstring Status List 1.0, section 2.2): its document, and back. Signed
//! with [`sign_document`](super::sign_document), verified with [`verify_credential`](super::verify_credential).

use super::canonical::MAX_INTEGER;
use super::credential::CREDENTIALS_V2;
use crate::domain::status_entry::{StatusEntry, StatusPurpose};
use crate::domain::{Host, Refusal};
use jiff::Timestamp;
use serde_json::{Value, json};

/// What a status list credential says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatusList {
    /// What a set bit means.
    pub purpose: StatusPurpose,
    /// Number of the list.
    pub list: u32,
    /// The instant the list is of, in whole seconds.
    pub valid_from: Timestamp,
    /// Last instant it may be used at, in whole seconds.
    pub valid_until: Timestamp,
    /// The packed list (`encodedList`), as text.
    pub encoded: String,
    /// For how many milliseconds it may be kept before a fresh one is fetched; at least 1.
    pub ttl: u64,
}

impl StatusList {
    /// Whether it may be used for that instant: `validFrom` <= `at` <= `validUntil`.
    #[must_use]
    pub fn covers(&self, at: Timestamp) -> bool {
        self.valid_from <= at && at <= self.valid_until
    }
}

/// The unsigned document of a list. The same list always gives the same document.
#[must_use]
pub fn document(host: &Host, list: &StatusList) -> Value {
    let id = host.status_list_url(list.purpose, list.list);
    json!({
        "@context": [CREDENTIALS_V2],
        "id": id,
        "type": ["VerifiableCredential", "BitstringStatusListCredential"],
        "issuer": host.did(),
        "validFrom": list.valid_from.to_string(),
        "validUntil": list.valid_until.to_string(),
        "credentialSubject": {
            "id": format!("{id}#list"),
            "type": "BitstringStatusList",
            "statusPurpose": list.purpose,
            "encodedList": list.encoded,
            "ttl": list.ttl,
        },
    })
}

/// Reads a list credential of that host. Read the bytes with [`parse_strict`](super::parse_strict) first; the packed list is
/// left packed.
///
/// # Errors
/// `not_a_status_list`: a member is missing, of another form, or there is one more than we ever write.
pub fn read(host: &Host, credential: &Value) -> Result<StatusList, Refusal> {
    let bad = |why: &str| Refusal::invalid("not_a_status_list", format!("this is not a status list of {host}: {why}"));
    let list = list_of(credential).ok_or_else(|| bad("a member is missing or not of its form"))?;
    let mut unsigned = credential.clone();
    if let Some(members) = unsigned.as_object_mut() {
        members.remove("proof");
    }
    if document(host, &list) != unsigned {
        return Err(bad("it says more, less or other than a status list says"));
    }
    Ok(list)
}

fn list_of(credential: &Value) -> Option<StatusList> {
    let subject = &credential["credentialSubject"];
    let seconds = |name: &str| {
        let at: Timestamp = credential[name].as_str()?.parse().ok()?;
        (at.subsec_nanosecond() == 0).then_some(at)
    };
    let list = credential["id"].as_str()?.rsplit('/').next()?.parse().ok()?;
    let (valid_from, valid_until) = (seconds("validFrom")?, seconds("validUntil")?);
    Some(StatusList {
        purpose: StatusPurpose::parse(subject["statusPurpose"].as_str()?).ok()?,
        list: StatusEntry::new(list, 0).ok()?.list(),
        valid_from,
        valid_until: Some(valid_until).filter(|end| valid_from <= *end)?,
        encoded: subject["encodedList"].as_str()?.to_owned(),
        ttl: subject["ttl"].as_u64().filter(|ttl| (1..=MAX_INTEGER).contains(ttl))?,
    })
}

#[cfg(test)]
#[path = "status_credential_tests.rs"]
mod tests;
