//! A certificate as a W3C Verifiable Credential 2.0: one document for one set of terms, and back.

use crate::domain::dates::{day_end, day_start};
use crate::domain::holder::Holder;
use crate::domain::record::{IssuedBy, Terms};
use crate::domain::text::{Address, Name, Scope};
use crate::domain::{CertificateId, CertificateNumber, Host, Level, Refusal, StatusEntry, StatusPurpose, Uscc};
use serde_json::{Map, Value, json};

/// Context of the data model (VC Data Model 2.0, section 4.3).
pub const CREDENTIALS_V2: &str = "https://www.w3.org/ns/credentials/v2";
/// Type of our credentials beside `VerifiableCredential`.
pub const TYPE: &str = "AfterSalesServiceCertificate";

/// The unsigned document for a certificate. The same terms always give the same document.
#[must_use]
pub fn document(host: &Host, id: CertificateId, terms: &Terms) -> Value {
    let mut subject = json!({
        "certificateNumber": terms.number,
        "holder": terms.holder,
        "level": terms.level,
        "scheme": terms.scheme,
        "standard": terms.standard,
        "scope": terms.scope,
        "sites": terms.sites,
        "certificationBody": {
            "name": terms.body.name,
            "address": terms.body.address,
            "approvalNumber": terms.body.approval_number,
        },
        "issuedOn": terms.issued_on,
        "validUntilDay": terms.valid_until,
        "firstIssuedOn": terms.first_issued_on,
        "surveillanceDueOn": terms.surveillance_due_on,
        "recertification": terms.recertification,
    });
    if let Some(old) = terms.supersedes {
        subject["supersedes"] = json!(host.certificate_url(old));
    }
    if let Some(digest) = &terms.score_sheet_sha256 {
        subject["scoreSheetDigest"] = json!(format!("sha256:{digest}"));
    }
    let mut document = json!({
        "@context": [CREDENTIALS_V2, format!("https://{host}/ns/v1")],
        "id": host.certificate_url(id),
        "type": ["VerifiableCredential", TYPE],
        "issuer": host.did(),
        "validFrom": day_start(terms.issued_on).to_string(),
        "validUntil": day_end(terms.valid_until).to_string(),
        "credentialSubject": subject,
    });
    if let Some(entry) = terms.status {
        document["credentialStatus"] = StatusPurpose::ALL.map(|purpose| status_entry(host, purpose, entry)).into();
    }
    document
}

/// One entry of `credentialStatus` (Bitstring Status List 1.0, section 2.1).
fn status_entry(host: &Host, purpose: StatusPurpose, entry: StatusEntry) -> Value {
    let list = host.status_list_url(purpose, entry.list());
    json!({
        "id": format!("{list}#{}", entry.index()),
        "type": "BitstringStatusListEntry",
        "statusPurpose": purpose,
        "statusListIndex": entry.index().to_string(),
        "statusListCredential": list,
    })
}

/// The place that the first entry names; that the rest says the same is for the comparison of the whole document.
fn status_of(status: &Value) -> Option<StatusEntry> {
    let entry = status.as_array()?.first()?;
    let list = entry["statusListCredential"].as_str()?.rsplit('/').next()?;
    StatusEntry::new(list.parse().ok()?, entry["statusListIndex"].as_str()?.parse().ok()?).ok()
}

/// Reads the terms of a credential of that host. Read the bytes with [`parse_strict`](super::parse_strict) first.
///
/// # Errors
/// `not_a_certificate`: a member is missing, of another form, or there is one more than we ever write, so that nothing can
/// be signed that people and programs would read in two ways.
pub fn read(host: &Host, credential: &Value) -> Result<(CertificateId, Terms), Refusal> {
    let bad = |why: &str| Refusal::invalid("not_a_certificate", format!("this is not a certificate of {host}: {why}"));
    let id =
        credential["id"].as_str().and_then(|u| certificate_of(host, u)).ok_or_else(|| bad("its id is not ours"))?;
    let subject = credential["credentialSubject"].as_object().ok_or_else(|| bad("it has no credentialSubject"))?;
    let mut terms = terms_of(host, subject).ok_or_else(|| bad("its credentialSubject is not one of a certificate"))?;
    terms.status = match credential.get("credentialStatus") {
        Some(status) => Some(status_of(status).ok_or_else(|| bad("its credentialStatus names no place in our lists"))?),
        None => None,
    };
    let unsigned = credential.as_object().into_iter().flatten().filter(|(name, _)| *name != "proof");
    if !document(host, id, &terms).as_object().is_some_and(|ours| ours.iter().eq(unsigned)) {
        return Err(bad("it says more, less or other than a certificate says"));
    }
    Ok((id, terms))
}

fn certificate_of(host: &Host, url: &str) -> Option<CertificateId> {
    let digits = url.rsplit('/').next()?;
    CertificateId::parse(digits).ok().filter(|id| host.certificate_url(*id) == url)
}

fn terms_of(host: &Host, subject: &Map<String, Value>) -> Option<Terms> {
    let text = |name: &str| subject.get(name).and_then(Value::as_str);
    let day = |name: &str| text(name).and_then(|t| t.parse().ok());
    let part = |name: &str, member: &str| subject.get(name).and_then(|v| v[member].as_str());
    let optional = |name: &str| subject.contains_key(name).then(|| text(name).unwrap_or_default());
    Some(Terms {
        number: CertificateNumber::parse(text("certificateNumber")?).ok()?,
        holder: Holder {
            name: Name::parse(part("holder", "name")?).ok()?,
            uscc: Uscc::parse(part("holder", "uscc")?).ok()?,
            address: Address::parse(part("holder", "address")?).ok()?,
        },
        level: Level::parse(text("level")?).ok()?,
        scheme: text("scheme")?.to_owned(),
        standard: text("standard")?.to_owned(),
        scope: Scope::parse(text("scope")?).ok()?,
        sites: serde_json::from_value(subject.get("sites")?.clone()).ok()?,
        body: IssuedBy {
            name: Name::parse(part("certificationBody", "name")?).ok()?,
            address: Address::parse(part("certificationBody", "address")?).ok()?,
            approval_number: Name::parse(part("certificationBody", "approvalNumber")?).ok()?,
        },
        issued_on: day("issuedOn")?,
        valid_until: day("validUntilDay")?,
        first_issued_on: day("firstIssuedOn")?,
        surveillance_due_on: day("surveillanceDueOn")?,
        recertification: u32::try_from(subject.get("recertification")?.as_u64()?).ok()?,
        supersedes: match optional("supersedes") {
            Some(url) => Some(certificate_of(host, url)?),
            None => None,
        },
        score_sheet_sha256: match optional("scoreSheetDigest") {
            Some(digest) => Some(digest.strip_prefix("sha256:")?.to_owned()),
            None => None,
        },
        status: None,
    })
}
