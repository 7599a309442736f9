//! Addresses the product hands out. One host stands in every signature, so it is fixed when the body is set up.

use super::error::{Refusal, shown};
use super::ids::{CertificateId, MarkId, ReceiptId};
use super::status_entry::StatusPurpose;
use super::written::written;
use serde::{Deserialize, Serialize};

/// Longest `https://HOST/m/` that keeps the pinned QR versions (V3-Q for link marks, V7-M for signed marks).
pub const MARK_PREFIX_MAX: usize = 24;
const MARK_PREFIX_FIXED: usize = "https://".len() + "/m/".len();

/// The verification host, e.g. `xb.example.cn`: lower-case DNS labels, no port.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Host(String);

impl Host {
    /// Longest host: with it the mark's prefix is exactly [`MARK_PREFIX_MAX`].
    pub const MAX_LEN: usize = MARK_PREFIX_MAX - MARK_PREFIX_FIXED;

    /// Reads a host name.
    ///
    /// # Errors
    /// `bad_host`: too long for the mark's code, upper case, a port, or no DNS name.
    pub fn parse(text: &str) -> Result<Self, Refusal> {
        let bad = |why: &str| {
            Refusal::invalid("bad_host", format!("“{}” cannot be the verification host: {why}", shown(text)))
        };
        if text.len() > Self::MAX_LEN {
            return Err(bad("it has at most 13 characters, so that a mark's code never grows"));
        }
        let label = |l: &str| {
            !l.is_empty()
                && !l.starts_with('-')
                && !l.ends_with('-')
                && l.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        };
        if !text.split('.').all(label) {
            return Err(bad(
                "write it as xb.example.cn: lower-case letters, digits, hyphens and dots, no port, no path",
            ));
        }
        Ok(Self(text.to_owned()))
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The body's decentralised identifier (did:web method specification).
    #[must_use]
    pub fn did(&self) -> String {
        format!("did:web:{}", self.0)
    }

    /// `https://HOST/c/ID`.
    #[must_use]
    pub fn certificate_url(&self, id: CertificateId) -> String {
        format!("https://{}/c/{id}", self.0)
    }

    /// `https://HOST/r/RID`.
    #[must_use]
    pub fn receipt_url(&self, id: ReceiptId) -> String {
        format!("https://{}/r/{id}", self.0)
    }

    /// `https://HOST/m/`, the text before a mark's digits.
    #[must_use]
    pub fn mark_prefix(&self) -> String {
        format!("https://{}/m/", self.0)
    }

    /// `https://HOST/m/ID`.
    #[must_use]
    pub fn mark_url(&self, id: MarkId) -> String {
        format!("{}{id}", self.mark_prefix())
    }

    /// `https://HOST/status/revocation/1`, the address of a bitstring status list.
    #[must_use]
    pub fn status_list_url(&self, purpose: StatusPurpose, list: u32) -> String {
        format!("https://{}/status/{purpose}/{list}", self.0)
    }

    /// `https://HOST/status/token/1`, the address of a status list token.
    #[must_use]
    pub fn status_token_url(&self, list: u32) -> String {
        format!("https://{}/status/token/{list}", self.0)
    }
}

written!(Host);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_host_fills_the_prefix_exactly() {
        let h = Host::parse("xb.example.cn").unwrap();
        assert_eq!(h.mark_prefix().len(), MARK_PREFIX_MAX);
        for bad in ["xb2.example.cn", "XB.example.cn", "", "a..b", "-a.cn", "a:8080", "a/b", "示例.cn"] {
            assert_eq!(Host::parse(bad).unwrap_err().code, "bad_host", "{bad}");
        }
    }
}
