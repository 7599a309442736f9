//! Who holds a certificate, and who issues it.

use super::error::Refusal;
use super::number::NumberPattern;
use super::text::{Address, Name};
use super::uscc::Uscc;
use serde::{Deserialize, Serialize};

/// The certified organisation (获证组织).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Holder {
    /// Registered name.
    pub name: Name,
    /// Unified social credit code.
    pub uscc: Uscc,
    /// Registered address.
    pub address: Address,
}

/// A place the certificate covers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Site {
    /// Name of the site.
    pub name: Name,
    /// Its address.
    pub address: Address,
}

/// What the system does when surveillance is overdue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OverduePolicy {
    /// The sweep suspends the certificate.
    Suspend,
    /// The sweep lists it for staff to decide.
    Report,
}

/// What a body lays down for itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Policy {
    /// Whether marks may stand on packaging.
    pub packaging_marks: bool,
    /// What the sweep does about overdue surveillance.
    pub overdue_surveillance: OverduePolicy,
}

impl Default for Policy {
    fn default() -> Self {
        Self { packaging_marks: true, overdue_surveillance: OverduePolicy::Suspend }
    }
}

/// The certification body (认证机构) that runs this service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CertificationBody {
    /// Registered name.
    pub name: Name,
    /// Registered address.
    pub address: Address,
    /// Approval number, e.g. `CNCA-R-2026-293`.
    pub approval_number: Name,
    /// How new certificate numbers are formed.
    pub number_pattern: NumberPattern,
    /// Its own rules.
    #[serde(default)]
    pub policy: Policy,
}

impl CertificationBody {
    /// Reads a body file (TOML: name, address, approval_number, number_pattern and an optional `[policy]`).
    ///
    /// # Errors
    /// `bad_body` says which line.
    pub fn parse(text: &str) -> Result<Self, Refusal> {
        toml::from_str(text).map_err(|e| Refusal::invalid("bad_body", format!("the body file is not usable: {e}")))
    }
}
