//! A receipt: what the register answered about certificates, signed, so that it proves years later, with no server, what was
//! asked and answered (docs/SPEC-receipt.md). Here its content and its one form; `check` verifies it.

mod check;

use super::verdict::{Check, CheckResult, Outcome};
use crate::domain::error::shown;
use crate::domain::holder::Holder;
use crate::domain::text::Scope;
use crate::domain::written::folded;
use crate::domain::{CertificateId, CertificateNumber, Host, Level, ReceiptId, Refusal, Standing};
use crate::sign::RECEIPT_TYPE;
use crate::sign::canonical::{canonicalize_members, parse_strict_within};
use crate::verify::log::ProvenEntry;
pub use check::{Finding, no_such_certificate, verify_offline};
use jiff::Timestamp;
use jiff::civil::Date;
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// The version written and read here.
pub const VERSION: u64 = 1;
/// Most certificates one receipt answers about.
pub const ANSWERS_MAX: usize = 10_000;
/// Most answers that have proofs of the log beside them: each takes as much again as the answer.
pub const PROVEN_MAX: usize = 100;
/// Largest receipt, in bytes: 10,000 answers with what is expected of each come to some 22 MB.
pub const BYTES_MAX: usize = 32 << 20;
/// Longest text asked with, in characters: the address of a signed mark, with a sentence around it.
pub const ASKED_MAX: usize = 400;
/// Longest reference of the asker, in characters.
pub const REFERENCE_MAX: usize = 120;
/// Longest text expected of a certificate, in characters: a scope with what people write around it.
pub const EXPECTED_MAX: usize = 800;

/// What a receipt says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// Names it for ever.
    pub id: ReceiptId,
    /// When it was made and signed, to the millisecond.
    pub made_at: Timestamp,
    /// The asker's own text, such as the number of a tender.
    pub reference: Option<String>,
    /// About which instant was asked.
    pub as_of: Timestamp,
    /// What was on record then counts.
    pub known_at: Timestamp,
    /// Expectations that the register does not confirm, in all answers.
    pub differences: u64,
    /// One for each certificate asked about, in the order asked.
    pub answers: Vec<Answer>,
    /// The log's checkpoint that the proofs in the answers lead to.
    pub log: Option<LogHead>,
}

/// The answer about one certificate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Answer {
    /// The text it was asked for by.
    pub asked: String,
    /// What the certificate says; absent where there is none, or its record does not verify.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate: Option<Answered>,
    /// The answer in one word.
    pub verdict: Outcome,
    /// Standing at the instant asked about, where it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub standing: Option<Standing>,
    /// Whether a day was asked about in whose course the standing changed; absent where not.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub changed_that_day: bool,
    /// Every check made.
    pub checks: Vec<AnswerCheck>,
    /// What was expected, held against what the register has.
    pub comparison: Vec<Compared>,
    /// Proofs that the public log holds the record and the newest event of the certificate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log: Option<ProvenEntries>,
}

impl Answer {
    /// Whether nothing was on record under what was asked. That a record does not verify is another thing.
    #[must_use]
    pub fn found_nothing(&self) -> bool {
        self.checks.iter().any(|check| check.code == "no_such_certificate")
    }
}

/// A certificate as its signed record has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Answered {
    /// Identifier.
    pub id: CertificateId,
    /// The body's number.
    pub number: CertificateNumber,
    /// Who holds it.
    pub holder: Holder,
    /// Certified level.
    pub level: Level,
    /// Scope of certification.
    pub scope: Scope,
    /// Standard as cited.
    pub standard: String,
    /// First day it is valid.
    pub issued_on: Date,
    /// Last day it is valid, that day included.
    pub valid_until: Date,
    /// SHA-256 (lower-case hex) of the signed record.
    pub record_sha256: String,
}

/// A check of an answer. Names and codes a later version may add are taken by their result.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AnswerCheck {
    /// What it settles.
    pub check: String,
    /// How it ended.
    pub result: CheckResult,
    /// Whether the verdict depends on it.
    pub required: bool,
    /// Stable reason in snake_case.
    pub code: String,
    /// What was found, in English.
    pub message: String,
    /// What was found, in Chinese.
    pub message_zh: String,
    /// Where from.
    pub source: String,
    /// Until when that source was known to be so.
    pub known_at: Timestamp,
}

impl AnswerCheck {
    /// The check as a receipt has it.
    #[must_use]
    pub fn of(check: &Check) -> Self {
        let word = |value: Value| value.as_str().unwrap_or_default().to_owned();
        Self {
            check: word(json!(check.check)),
            result: check.result,
            required: check.required,
            code: check.code.to_owned(),
            message: check.message.clone(),
            message_zh: check.message_zh.clone(),
            source: word(json!(check.source)),
            known_at: check.known_at,
        }
    }
}

/// What can be expected of a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Field {
    /// Holder's registered name.
    Holder,
    /// Holder's unified social credit code.
    Uscc,
    /// Certified level.
    Level,
    /// Scope of certification.
    Scope,
}

/// One expectation, held against the register.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Compared {
    /// What of.
    pub field: Field,
    /// The text expected, as it was given.
    pub expected: String,
    /// What the certificate says, exactly; absent where there is no certificate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub found: Option<String>,
    /// Whether both say the same: width, case, dashes and spaces aside; of a level, however it is written.
    pub same: bool,
}

impl Compared {
    /// Holds an expectation against a certificate, where there is one.
    #[must_use]
    pub fn of(field: Field, expected: String, certificate: Option<&Answered>) -> Self {
        let found = certificate.map(|c| c.told(field));
        let same = found.as_ref().is_some_and(|found| match field {
            Field::Level => Level::typed(&expected).is_some_and(|level| level.wire() == found),
            Field::Holder | Field::Uscc | Field::Scope => folded(&expected) == folded(found),
        });
        Self { field, expected, found, same }
    }
}

impl Answered {
    /// What it says of that field, as a comparison has it: a level by its wire name.
    #[must_use]
    pub fn told(&self, field: Field) -> String {
        match field {
            Field::Holder => self.holder.name.to_string(),
            Field::Uscc => self.holder.uscc.to_string(),
            Field::Level => self.level.wire().to_owned(),
            Field::Scope => self.scope.to_string(),
        }
    }
}

/// What the log holds of a certificate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProvenEntries {
    /// That its record was issued.
    pub record: ProvenEntry,
    /// The newest event about it.
    pub newest: ProvenEntry,
}

/// The state of the log that the proofs lead to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogHead {
    /// The signed checkpoint (C2SP tlog-checkpoint).
    pub checkpoint: String,
}

/// What is read of a document; its proof is looked at elsewhere.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    #[serde(rename = "type")]
    _kind: String,
    #[serde(rename = "version")]
    _version: u64,
    id: String,
    #[serde(rename = "issuer")]
    _issuer: String,
    made_at: Timestamp,
    #[serde(default)]
    reference: Option<String>,
    as_of: Timestamp,
    known_at: Timestamp,
    differences: u64,
    answers: Vec<Answer>,
    #[serde(default)]
    log: Option<LogHead>,
    #[serde(default, rename = "proof")]
    _proof: Option<IgnoredAny>,
}

/// What is written of a receipt.
#[derive(Serialize)]
struct Written<'r> {
    #[serde(rename = "type")]
    kind: &'r str,
    version: u64,
    id: String,
    issuer: String,
    made_at: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    reference: Option<&'r str>,
    as_of: Timestamp,
    known_at: Timestamp,
    differences: u64,
    answers: &'r [Answer],
    #[serde(skip_serializing_if = "Option::is_none")]
    log: Option<&'r LogHead>,
}

/// Reads the document of a receipt strictly.
///
/// # Errors
/// What [`parse_strict_within`] refuses, beyond [`BYTES_MAX`] too.
pub fn parse(bytes: &[u8]) -> Result<Value, Refusal> {
    parse_strict_within(bytes, BYTES_MAX)
}

impl Receipt {
    /// How many expectations the register does not confirm.
    #[must_use]
    pub fn differing(answers: &[Answer]) -> u64 {
        answers.iter().flat_map(|a| &a.comparison).filter(|c| !c.same).count() as u64
    }

    /// The unsigned document. The same content always gives the same document.
    ///
    /// # Errors
    /// Never seen: `not_a_receipt` for content that JSON cannot hold.
    pub fn document(&self, host: &Host) -> Result<Value, Refusal> {
        serde_json::to_value(self.written(host)).map_err(|e| not_a_receipt(&e.to_string()))
    }

    fn written(&self, host: &Host) -> Written<'_> {
        Written {
            kind: RECEIPT_TYPE,
            version: VERSION,
            id: host.receipt_url(self.id),
            issuer: host.did(),
            made_at: self.made_at,
            reference: self.reference.as_deref(),
            as_of: self.as_of,
            known_at: self.known_at,
            differences: self.differences,
            answers: &self.answers,
            log: self.log.as_ref(),
        }
    }

    /// Reads the content of a receipt of that host; its signature and whether it holds together are questions of their own.
    /// Read the bytes with [`parse`] first.
    ///
    /// # Errors
    /// `receipt_newer` for a later version; `receipt_address_wrong` where `id` is no address of a receipt of this host;
    /// `not_a_receipt`: a member is missing, of another form, or there is one more than this version writes.
    pub fn read(host: &Host, receipt: &Value) -> Result<Self, Refusal> {
        if receipt["version"].as_u64().is_some_and(|version| version > VERSION) {
            return Err(Refusal::invalid("receipt_newer", "the receipt was made by a newer version of this program"));
        }
        let document: Document = serde_path_to_error::deserialize(receipt).map_err(|e| {
            not_a_receipt(&format!("{}: {}", shown(&e.path().to_string()), shown(&e.inner().to_string())))
        })?;
        let id = document.id.rsplit('/').next().and_then(|text| ReceiptId::parse(text).ok());
        let id = id.filter(|id| host.receipt_url(*id) == document.id).ok_or_else(|| {
            Refusal::invalid("receipt_address_wrong", format!("its id is not the address of a receipt of {host}"))
        })?;
        let Document { made_at, reference, as_of, known_at, differences, answers, log, .. } = document;
        let read = Self { id, made_at, reference, as_of, known_at, differences, answers, log };
        // What was read says it all, in its one form. A receipt may be large: it is compared as bytes, not taken apart once more.
        let unsigned = receipt.as_object().into_iter().flatten().filter(|(name, _)| *name != "proof");
        let bytes = serde_json_canonicalizer::to_vec(&read.written(host)).map_err(|e| not_a_receipt(&e.to_string()))?;
        if bytes != canonicalize_members(unsigned)? {
            return Err(not_a_receipt("it is not written in the one form a receipt has"));
        }
        Ok(read)
    }
}

fn not_a_receipt(why: &str) -> Refusal {
    Refusal::invalid("not_a_receipt", format!("this is not a receipt: {why}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::from_value;

    fn certificate() -> Answered {
        from_value(json!({
            "id": "1034659679808070", "number": "29326SC00001R0M", "level": "five_star", "standard": "GB/T 27922-2011",
            "holder": {"name": "示例电器（北京）有限公司", "uscc": "91110108551385082Q", "address": "北京市示例路1号"},
            "scope": "家用电器的售后服务", "issued_on": "2026-05-08", "valid_until": "2029-05-07", "record_sha256": "",
        }))
        .unwrap()
    }

    #[test]
    fn what_is_expected_is_compared_as_people_would() {
        let certificate = certificate();
        for (field, expected, same) in [
            (Field::Holder, "示例电器(北京) 有限公司", true),
            (Field::Holder, "示例电器（天津）有限公司", false),
            (Field::Level, "★★★★★", true),
            (Field::Level, "五星级", true),
            (Field::Level, "five_star", true),
            (Field::Level, "四星", false),
            (Field::Level, "六星级", false),
            (Field::Uscc, "91110108 551385082q", true),
            (Field::Uscc, "91990000MA0000001B", false),
            (Field::Scope, "家用 电器的售后服务", true),
            (Field::Scope, "家用电器", false),
        ] {
            let compared = Compared::of(field, expected.to_owned(), Some(&certificate));
            assert_eq!(compared.same, same, "{expected}");
            assert_eq!(compared.found, Some(certificate.told(field)), "what stands there, exactly");
            let nothing = Compared::of(field, expected.to_owned(), None);
            assert!(!nothing.same && nothing.found.is_none(), "what is not there never agrees");
        }
    }
}
