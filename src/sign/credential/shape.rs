//! A certificate's members, in the order of canonical JSON (RFC 8785, section 3.2.3): written as they stand here they are canonical.

use super::{CREDENTIALS_V2, TYPE, certificate_of};
use crate::domain::dates::{day_end, day_start};
use crate::domain::holder::{Holder, Site};
use crate::domain::record::{IssuedBy, Terms};
use crate::domain::text::{Address, Name, Scope};
use crate::domain::{CertificateId, CertificateNumber, Host, Level, StatusEntry, StatusPurpose, Uscc};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::fmt::Display;

/// The document; unsigned, it has no proof.
#[derive(Serialize, Deserialize)]
pub(super) struct Shape<'a> {
    #[serde(rename = "@context", borrow)]
    pub(super) context: Vec<Cow<'a, str>>,
    #[serde(rename = "credentialStatus", borrow, default, skip_serializing_if = "Option::is_none")]
    status: Option<Vec<Entry<'a>>>,
    #[serde(rename = "credentialSubject", borrow)]
    subject: Subject<'a>,
    #[serde(borrow)]
    id: Cow<'a, str>,
    #[serde(borrow)]
    issuer: Cow<'a, str>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub(super) proof: Option<Proof<'a>>,
    #[serde(rename = "type", borrow)]
    types: Vec<Cow<'a, str>>,
    #[serde(rename = "validFrom", borrow)]
    valid_from: Cow<'a, str>,
    #[serde(rename = "validUntil", borrow)]
    valid_until: Cow<'a, str>,
}

/// The proof; what is signed of it has no value (Data Integrity EdDSA Cryptosuites 1.0, section 3.3.5).
#[derive(Serialize, Deserialize)]
pub(super) struct Proof<'a> {
    #[serde(rename = "@context", borrow)]
    pub(super) context: Vec<Cow<'a, str>>,
    #[serde(borrow)]
    pub(super) created: Cow<'a, str>,
    #[serde(borrow)]
    pub(super) cryptosuite: Cow<'a, str>,
    #[serde(rename = "proofPurpose", borrow)]
    pub(super) purpose: Cow<'a, str>,
    #[serde(rename = "proofValue", borrow, default, skip_serializing_if = "Option::is_none")]
    pub(super) value: Option<Cow<'a, str>>,
    #[serde(rename = "type", borrow)]
    pub(super) kind: Cow<'a, str>,
    #[serde(rename = "verificationMethod", borrow)]
    pub(super) method: Cow<'a, str>,
}

/// One entry of `credentialStatus` (Bitstring Status List 1.0, section 2.1).
#[derive(Serialize, Deserialize)]
struct Entry<'a> {
    #[serde(borrow)]
    id: Cow<'a, str>,
    #[serde(rename = "statusListCredential", borrow)]
    list: Cow<'a, str>,
    #[serde(rename = "statusListIndex", borrow)]
    index: Cow<'a, str>,
    #[serde(rename = "statusPurpose", borrow)]
    purpose: Cow<'a, str>,
    #[serde(rename = "type", borrow)]
    kind: Cow<'a, str>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Subject<'a> {
    #[serde(borrow)]
    certificate_number: Cow<'a, str>,
    #[serde(borrow)]
    certification_body: Body<'a>,
    #[serde(borrow)]
    first_issued_on: Cow<'a, str>,
    #[serde(borrow)]
    holder: Organisation<'a>,
    #[serde(borrow)]
    issued_on: Cow<'a, str>,
    #[serde(borrow)]
    level: Cow<'a, str>,
    recertification: u32,
    #[serde(borrow)]
    scheme: Cow<'a, str>,
    #[serde(borrow)]
    scope: Cow<'a, str>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    score_sheet_digest: Option<Cow<'a, str>>,
    #[serde(borrow)]
    sites: Vec<Place<'a>>,
    #[serde(borrow)]
    standard: Cow<'a, str>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    supersedes: Option<Cow<'a, str>>,
    #[serde(borrow)]
    surveillance_due_on: Cow<'a, str>,
    #[serde(borrow)]
    valid_until_day: Cow<'a, str>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Body<'a> {
    #[serde(borrow)]
    address: Cow<'a, str>,
    #[serde(borrow)]
    approval_number: Cow<'a, str>,
    #[serde(borrow)]
    name: Cow<'a, str>,
}

#[derive(Serialize, Deserialize)]
struct Organisation<'a> {
    #[serde(borrow)]
    address: Cow<'a, str>,
    #[serde(borrow)]
    name: Cow<'a, str>,
    #[serde(borrow)]
    uscc: Cow<'a, str>,
}

#[derive(Serialize, Deserialize)]
struct Place<'a> {
    #[serde(borrow)]
    address: Cow<'a, str>,
    #[serde(borrow)]
    name: Cow<'a, str>,
}

fn owned<'a>(text: impl Display) -> Cow<'a, str> {
    Cow::Owned(text.to_string())
}

/// The contexts of our credentials on that host.
pub(super) fn contexts<'a>(host: &Host) -> Vec<Cow<'a, str>> {
    vec![CREDENTIALS_V2.into(), owned(format_args!("https://{host}/ns/v1"))]
}

impl<'a> Shape<'a> {
    /// The unsigned document of these terms.
    pub(super) fn of(host: &Host, id: CertificateId, terms: &'a Terms) -> Self {
        let entry = |purpose: StatusPurpose, entry: StatusEntry| {
            let list = host.status_list_url(purpose, entry.list());
            Entry {
                id: owned(format_args!("{list}#{}", entry.index())),
                list: list.into(),
                index: owned(entry.index()),
                purpose: owned(purpose),
                kind: "BitstringStatusListEntry".into(),
            }
        };
        Self {
            context: contexts(host),
            status: terms.status.map(|place| StatusPurpose::ALL.map(|purpose| entry(purpose, place)).into()),
            subject: Subject::of(host, terms),
            id: host.certificate_url(id).into(),
            issuer: host.did().into(),
            proof: None,
            types: vec!["VerifiableCredential".into(), TYPE.into()],
            valid_from: owned(day_start(terms.issued_on)),
            valid_until: owned(day_end(terms.valid_until)),
        }
    }

    /// The end of its address, where the identifier stands.
    pub(super) fn digits(&self) -> Option<&str> {
        self.id.rsplit('/').next()
    }

    /// Which certificate it says it is; none where its address is not ours.
    pub(super) fn id(&self, host: &Host) -> Option<CertificateId> {
        certificate_of(host, &self.id)
    }

    /// What it says of the certificate, as far as it is of the form; whether it says that and nothing else is for the
    /// comparison with the document of these terms.
    pub(super) fn terms(&self, host: &Host) -> Option<Terms> {
        let status = match &self.status {
            Some(entries) => Some(entries.first()?.place()?),
            None => None,
        };
        Some(Terms { status, ..self.subject.terms(host)? })
    }
}

impl Entry<'_> {
    fn place(&self) -> Option<StatusEntry> {
        StatusEntry::new(self.list.rsplit('/').next()?.parse().ok()?, self.index.parse().ok()?).ok()
    }
}

impl<'a> Subject<'a> {
    fn of(host: &Host, terms: &'a Terms) -> Self {
        let Holder { name, uscc, address } = &terms.holder;
        Self {
            certificate_number: terms.number.as_str().into(),
            certification_body: Body {
                address: terms.body.address.as_str().into(),
                approval_number: terms.body.approval_number.as_str().into(),
                name: terms.body.name.as_str().into(),
            },
            first_issued_on: owned(terms.first_issued_on),
            holder: Organisation { address: address.as_str().into(), name: name.as_str().into(), uscc: owned(uscc) },
            issued_on: owned(terms.issued_on),
            level: terms.level.wire().into(),
            recertification: terms.recertification,
            scheme: terms.scheme.as_str().into(),
            scope: terms.scope.as_str().into(),
            score_sheet_digest: terms.score_sheet_sha256.as_ref().map(|digest| owned(format_args!("sha256:{digest}"))),
            sites: terms
                .sites
                .iter()
                .map(|site| Place { address: site.address.as_str().into(), name: site.name.as_str().into() })
                .collect(),
            standard: terms.standard.as_str().into(),
            supersedes: terms.supersedes.map(|old| host.certificate_url(old).into()),
            surveillance_due_on: owned(terms.surveillance_due_on),
            valid_until_day: owned(terms.valid_until),
        }
    }

    fn terms(&self, host: &Host) -> Option<Terms> {
        let day = |text: &str| text.parse::<Date>().ok();
        let site = |place: &Place<'_>| {
            Some(Site { name: Name::parse(&place.name).ok()?, address: Address::parse(&place.address).ok()? })
        };
        Some(Terms {
            number: CertificateNumber::parse(&self.certificate_number).ok()?,
            holder: Holder {
                name: Name::parse(&self.holder.name).ok()?,
                uscc: Uscc::parse(&self.holder.uscc).ok()?,
                address: Address::parse(&self.holder.address).ok()?,
            },
            level: Level::parse(&self.level).ok()?,
            scheme: self.scheme.clone().into_owned(),
            standard: self.standard.clone().into_owned(),
            scope: Scope::parse(&self.scope).ok()?,
            sites: self.sites.iter().map(site).collect::<Option<_>>()?,
            body: IssuedBy {
                name: Name::parse(&self.certification_body.name).ok()?,
                address: Address::parse(&self.certification_body.address).ok()?,
                approval_number: Name::parse(&self.certification_body.approval_number).ok()?,
            },
            issued_on: day(&self.issued_on)?,
            valid_until: day(&self.valid_until_day)?,
            first_issued_on: day(&self.first_issued_on)?,
            surveillance_due_on: day(&self.surveillance_due_on)?,
            recertification: self.recertification,
            supersedes: match &self.supersedes {
                Some(url) => Some(certificate_of(host, url)?),
                None => None,
            },
            score_sheet_sha256: match &self.score_sheet_digest {
                Some(digest) => Some(digest.strip_prefix("sha256:")?.to_owned()),
                None => None,
            },
            status: None,
        })
    }
}
