//! What a certificate says: the terms that are signed and that no later event changes.

use super::holder::{Holder, Site};
use super::ids::CertificateId;
use super::level::Level;
use super::number::CertificateNumber;
use super::status_entry::StatusEntry;
use super::text::{Address, Name, Scope};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

/// Most sites one certificate lists; a larger network is certified in several.
pub const MAX_SITES: usize = 200;

/// The issuing body as named on the certificate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IssuedBy {
    /// Registered name.
    pub name: Name,
    /// Registered address.
    pub address: Address,
    /// Approval number.
    pub approval_number: Name,
}

/// Content of a certificate, fixed at issue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Terms {
    /// The body's number.
    pub number: CertificateNumber,
    /// Who holds it.
    pub holder: Holder,
    /// Certified level.
    pub level: Level,
    /// Identifier of the scheme it was scored by.
    pub scheme: String,
    /// Standard as cited.
    pub standard: String,
    /// Scope of certification.
    pub scope: Scope,
    /// Sites covered.
    pub sites: Vec<Site>,
    /// Issuing body.
    pub body: IssuedBy,
    /// First day it is valid.
    pub issued_on: Date,
    /// Last day it is valid, that day included.
    pub valid_until: Date,
    /// Issue date of the first certificate in this line.
    pub first_issued_on: Date,
    /// First surveillance due under this certificate.
    pub surveillance_due_on: Date,
    /// How often the line has been recertified.
    pub recertification: u32,
    /// The certificate this one replaces.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub supersedes: Option<CertificateId>,
    /// SHA-256 (lower-case hex) of the salted score sheet; none for a certificate taken over from a roster.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub score_sheet_sha256: Option<String>,
    /// Its place in the status lists; none for a certificate issued before there were any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<StatusEntry>,
}
