//! Data Integrity proofs, cryptosuite `eddsa-jcs-2022` (W3C Data Integrity EdDSA Cryptosuites 1.0, section 3.3).
//!
//! What is signed: SHA-256 of the canonical proof options, then SHA-256 of the canonical document without its proof.
//! Narrower than the W3C text where that leaves room: exactly one proof, only the options we know, and the proof's
//! `@context` is the document's whole `@context` (the W3C text lets contexts be added after signing, which may change
//! what a JSON-LD reader makes of the members).
//!
//! Two kinds of document are signed so, each under keys of its own purpose. The purpose is the caller's to name, and the
//! document's `type` must be of that kind: neither passes for the other, whichever key signed it.

use super::canonical::{canonicalize_members, check_signable};
use super::keys::{KeyId, KeyRecord, Purpose};
use super::signer::{OneByOne, SIGNATURE_LEN, SignFailure, SignatureCheck, Signer};
use crate::domain::{Host, Refusal};
use jiff::Timestamp;
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};
use thiserror::Error;

pub(super) const TYPE: &str = "DataIntegrityProof";
pub(super) const CRYPTOSUITE: &str = "eddsa-jcs-2022";
pub(super) const ASSERTION: &str = "assertionMethod";
/// `type` of a receipt, the one kind of signed document beside Verifiable Credentials (docs/SPEC-receipt.md).
pub const RECEIPT_TYPE: &str = "starmark-receipt";
/// Every member a proof may have. Others change what a proof means (expires, domain, challenge, previousProof): refused.
const MEMBERS: [&str; 7] =
    ["@context", "type", "cryptosuite", "created", "verificationMethod", "proofPurpose", "proofValue"];

/// The key a document is signed with: who signs, under what name, for which host.
#[derive(Clone, Copy)]
pub struct SigningKey<'a> {
    /// Signs.
    pub signer: &'a dyn Signer,
    /// Name of the key, of the purpose signed for.
    pub id: KeyId,
    /// The body's host; the key's controller is its DID.
    pub host: &'a Host,
}

/// What a proof proved: these bytes were signed with this key. Whether the key was in its window, whether it is
/// compromised, and whether the document holds at a given day are questions of their own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProofEvidence {
    /// The key.
    pub key: KeyRecord,
    /// Its URL as the proof names it, `did:web:HOST#credential-1`.
    pub verification_method: String,
    /// When the proof says it was made, to the second. The signer's word only.
    pub created: Timestamp,
}

impl ProofEvidence {
    /// The DID that controls the key: the URL without its fragment.
    #[must_use]
    pub fn controller(&self) -> &str {
        self.verification_method.split('#').next().unwrap_or_default()
    }
}

/// Why a proof proves nothing.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ProofFailure {
    /// No JSON object.
    #[error("the document is not a JSON object")]
    NotAnObject,
    /// No member `proof`.
    #[error("the document has no proof")]
    Missing,
    /// A set or chain of proofs.
    #[error("the document has several proofs; exactly one is accepted")]
    Several,
    /// A member of the proof is absent or not of its form.
    #[error("the proof's {0} is missing or malformed")]
    Malformed(&'static str),
    /// Another type than `DataIntegrityProof`.
    #[error("the proof is not a DataIntegrityProof")]
    UnsupportedType,
    /// Another cryptosuite than `eddsa-jcs-2022`.
    #[error("the proof's cryptosuite is not eddsa-jcs-2022")]
    UnsupportedCryptosuite,
    /// A member that may change what the proof means.
    #[error("the proof has an option that is not accepted")]
    UnsupportedOption,
    /// Another proof purpose than `assertionMethod`.
    #[error("the proof's purpose is not assertionMethod")]
    WrongPurpose,
    /// The proof was made over other contexts than the document has.
    #[error("the proof's @context is not the document's")]
    ContextMismatch,
    /// The key is not listed.
    #[error("the key the proof names is not known")]
    UnknownKey,
    /// The key is listed for something else.
    #[error("the key the proof names is not for documents of this kind")]
    KeyPurpose,
    /// The document's `type` is that of another kind than was asked for.
    #[error("the document is of another kind")]
    WrongKind,
    /// The document has no canonical form.
    #[error("the document has no canonical form")]
    Uncanonical(#[source] Refusal),
    /// The signature is not by that key over this document.
    #[error("the signature does not match the document")]
    BadSignature,
    /// The issuer does not control the key.
    #[error("the issuer is not the controller of the key")]
    IssuerMismatch,
}

impl ProofFailure {
    /// Stable machine name.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotAnObject => "document_not_object",
            Self::Missing => "proof_missing",
            Self::Several => "proof_several",
            Self::Malformed(_) => "proof_malformed",
            Self::UnsupportedType => "proof_type_unsupported",
            Self::UnsupportedCryptosuite => "cryptosuite_unsupported",
            Self::UnsupportedOption => "proof_option_unsupported",
            Self::WrongPurpose => "proof_purpose_wrong",
            Self::ContextMismatch => "context_mismatch",
            Self::UnknownKey => "key_unknown",
            Self::KeyPurpose => "key_purpose_wrong",
            Self::WrongKind => "document_kind_wrong",
            Self::Uncanonical(_) => "document_uncanonical",
            Self::BadSignature => "signature_bad",
            Self::IssuerMismatch => "issuer_mismatch",
        }
    }
}

/// # Errors
/// `key_purpose_wrong`.
pub(super) fn key_is_for(purpose: Purpose, key: SigningKey<'_>) -> Result<(), SignFailure> {
    if key.id.purpose() == purpose {
        return Ok(());
    }
    let why = "the key's purpose is not that of the document";
    Err(SignFailure::Unsignable(Refusal::invalid("key_purpose_wrong", why)))
}

/// Signs a credential, as [`sign_for`].
///
/// # Errors
/// As there.
pub fn sign_document(document: Value, key: SigningKey<'_>, created: Timestamp) -> Result<Value, SignFailure> {
    sign_for(Purpose::Credential, document, key, created)
}

/// Whether documents of that `type` are what keys of that purpose sign.
fn is_of_kind(purpose: Purpose, members: &Map<String, Value>) -> bool {
    let receipt = members.get("type").and_then(Value::as_str) == Some(RECEIPT_TYPE);
    match purpose {
        Purpose::Credential => !receipt,
        Purpose::Receipt => receipt,
        Purpose::Mark | Purpose::Log => false,
    }
}

/// Signs a document of that purpose: adds the member `proof`. `created` is written in whole seconds.
///
/// # Errors
/// [`SignFailure::Unsignable`]: `key_purpose_wrong` for a key of another purpose; `document_not_object`;
/// `document_kind_wrong` for a document that keys of this purpose do not sign; `proof_present`; `context_inline` for a context given otherwise than by URL; `json_number`, `json_too_deep` as of
/// [`check_signable`]. Else what the signer gives.
pub fn sign_for(
    purpose: Purpose,
    document: Value,
    key: SigningKey<'_>,
    created: Timestamp,
) -> Result<Value, SignFailure> {
    let refuse = |code, message: &'static str| SignFailure::Unsignable(Refusal::invalid(code, message));
    key_is_for(purpose, key)?;
    check_signable(&document).map_err(SignFailure::Unsignable)?;
    let Value::Object(mut members) = document else {
        return Err(refuse("document_not_object", "only a JSON object can be signed"));
    };
    if !is_of_kind(purpose, &members) {
        return Err(refuse("document_kind_wrong", "keys of this purpose do not sign documents of this type"));
    }
    if members.contains_key("proof") {
        return Err(refuse("proof_present", "the document has a proof already"));
    }
    let context = members.get("@context").cloned();
    if !context.as_ref().is_none_or(is_by_url) {
        return Err(refuse("context_inline", "a context is given by its URL"));
    }
    let mut proof = Map::new();
    proof.insert("type".into(), TYPE.into());
    proof.insert("cryptosuite".into(), CRYPTOSUITE.into());
    proof.insert("created".into(), whole_seconds(created).to_string().into());
    proof.insert("verificationMethod".into(), key.id.url(key.host).into());
    proof.insert("proofPurpose".into(), ASSERTION.into());
    if let Some(context) = context {
        proof.insert("@context".into(), context);
    }
    let message = signed_bytes(&members, &proof).map_err(SignFailure::Unsignable)?;
    let signature = key.signer.sign(&message)?;
    proof.insert("proofValue".into(), signature_text(&signature).into());
    members.insert("proof".into(), Value::Object(proof));
    Ok(Value::Object(members))
}

/// Verifies a credential's one proof. `resolve` finds the record of the key a verification method's URL names; records
/// of every purpose are its to give, the purpose is judged here. Read the document with
/// [`parse_strict`](super::parse_strict) first.
///
/// # Errors
/// The first [`ProofFailure`] met; a signature is looked at last.
pub fn verify_document<'k>(
    document: &Value,
    resolve: impl Fn(&str) -> Option<&'k KeyRecord>,
) -> Result<ProofEvidence, ProofFailure> {
    verify_proof(Purpose::Credential, document, resolve, &OneByOne)
}

fn verify_proof<'k>(
    purpose: Purpose,
    document: &Value,
    resolve: impl Fn(&str) -> Option<&'k KeyRecord>,
    check: &dyn SignatureCheck,
) -> Result<ProofEvidence, ProofFailure> {
    let members = document.as_object().ok_or(ProofFailure::NotAnObject)?;
    if !is_of_kind(purpose, members) {
        return Err(ProofFailure::WrongKind);
    }
    let proof = match members.get("proof") {
        Some(Value::Object(proof)) => proof,
        Some(Value::Array(_)) => return Err(ProofFailure::Several),
        Some(_) => return Err(ProofFailure::Malformed("form")),
        None => return Err(ProofFailure::Missing),
    };
    let text = |name: &'static str| proof.get(name).and_then(Value::as_str).ok_or(ProofFailure::Malformed(name));
    if text("type")? != TYPE {
        return Err(ProofFailure::UnsupportedType);
    }
    if text("cryptosuite")? != CRYPTOSUITE {
        return Err(ProofFailure::UnsupportedCryptosuite);
    }
    if proof.keys().any(|name| !MEMBERS.contains(&name.as_str())) {
        return Err(ProofFailure::UnsupportedOption);
    }
    if text("proofPurpose")? != ASSERTION {
        return Err(ProofFailure::WrongPurpose);
    }
    if proof.get("@context") != members.get("@context") {
        return Err(ProofFailure::ContextMismatch);
    }
    let said =
        ProofClaims { created: text("created")?, value: text("proofValue")?, method: text("verificationMethod")? };
    said.verify(purpose, resolve, || signed_bytes(members, proof), check)
}

/// What a proof says besides what every proof says.
pub(super) struct ProofClaims<'a> {
    pub(super) created: &'a str,
    pub(super) value: &'a str,
    pub(super) method: &'a str,
}

impl ProofClaims<'_> {
    /// Whether a key of that purpose signed these bytes, as a proof says.
    pub(super) fn verify<'k>(
        &self,
        purpose: Purpose,
        resolve: impl Fn(&str) -> Option<&'k KeyRecord>,
        message: impl FnOnce() -> Result<Vec<u8>, Refusal>,
        check: &dyn SignatureCheck,
    ) -> Result<ProofEvidence, ProofFailure> {
        let created = parse_created(self.created).ok_or(ProofFailure::Malformed("created"))?;
        let signature = parse_signature(self.value).ok_or(ProofFailure::Malformed("proofValue"))?;
        let key = resolve(self.method).ok_or(ProofFailure::UnknownKey)?;
        if key.purpose != purpose || key.id.purpose() != purpose {
            return Err(ProofFailure::KeyPurpose);
        }
        let message = message().map_err(ProofFailure::Uncanonical)?;
        check.check(&key.public, &message, &signature).map_err(|_| ProofFailure::BadSignature)?;
        Ok(ProofEvidence { key: key.clone(), verification_method: self.method.to_owned(), created })
    }
}

/// Verifies a Verifiable Credential: its proof, and that its `issuer` controls the key (VC Data Model 2.0, section 4.7).
///
/// # Errors
/// As [`verify_document`]; [`ProofFailure::IssuerMismatch`].
pub fn verify_credential<'k>(
    credential: &Value,
    resolve: impl Fn(&str) -> Option<&'k KeyRecord>,
) -> Result<ProofEvidence, ProofFailure> {
    verify_credential_by(credential, resolve, &OneByOne)
}

/// The same; `check` says of the signature.
///
/// # Errors
/// As [`verify_credential`].
pub fn verify_credential_by<'k>(
    credential: &Value,
    resolve: impl Fn(&str) -> Option<&'k KeyRecord>,
    check: &dyn SignatureCheck,
) -> Result<ProofEvidence, ProofFailure> {
    of_its_issuer(credential, verify_proof(Purpose::Credential, credential, resolve, check)?)
}

/// Verifies a document of that purpose: its kind, its proof under a key of that purpose, and that its `issuer` controls the
/// key.
///
/// # Errors
/// As [`verify_credential`].
pub fn verify_for<'k>(
    purpose: Purpose,
    document: &Value,
    resolve: impl Fn(&str) -> Option<&'k KeyRecord>,
) -> Result<ProofEvidence, ProofFailure> {
    of_its_issuer(document, verify_proof(purpose, document, resolve, &OneByOne)?)
}

fn of_its_issuer(document: &Value, evidence: ProofEvidence) -> Result<ProofEvidence, ProofFailure> {
    let issuer = &document["issuer"];
    if issuer.as_str().or(issuer["id"].as_str()) == Some(evidence.controller()) {
        return Ok(evidence);
    }
    Err(ProofFailure::IssuerMismatch)
}

fn signed_bytes(document: &Map<String, Value>, options: &Map<String, Value>) -> Result<Vec<u8>, Refusal> {
    let without =
        |members: &Map<String, Value>, but: &str| canonicalize_members(members.iter().filter(|(name, _)| *name != but));
    let options = without(options, "proofValue").map_err(|r| r.under("/proof"))?;
    Ok(message(&options, &without(document, "proof")?))
}

/// Proof options first, document second, each canonical and without the signature (section 3.3.4 Hashing).
pub(super) fn message(options: &[u8], document: &[u8]) -> Vec<u8> {
    [Sha256::digest(options), Sha256::digest(document)].concat()
}

/// Multibase: `z` and base58btc (section 3.3.1).
pub(super) fn signature_text(signature: &[u8; SIGNATURE_LEN]) -> String {
    let mut base58 = [0; five8::BASE58_ENCODED_64_MAX_LEN];
    let length = five8::encode_64(signature, &mut base58);
    let digits = base58.iter().take(length.into()).map(|digit| char::from(*digit));
    std::iter::once('z').chain(digits).collect()
}

fn is_by_url(context: &Value) -> bool {
    context.is_string() || context.as_array().is_some_and(|list| list.iter().all(Value::is_string))
}

pub(super) fn whole_seconds(at: Timestamp) -> Timestamp {
    Timestamp::from_second(at.as_second()).unwrap_or(at)
}

/// `2026-05-08T01:30:00Z` and nothing else: one instant has one text.
fn parse_created(text: &str) -> Option<Timestamp> {
    text.parse::<Timestamp>().ok().filter(|at| whole_seconds(*at) == *at && at.to_string() == text)
}

fn parse_signature(text: &str) -> Option<[u8; SIGNATURE_LEN]> {
    let mut signature = [0; SIGNATURE_LEN];
    five8::decode_64(text.strip_prefix('z')?, &mut signature).ok()?;
    Some(signature)
}

#[cfg(test)]
#[path = "proof_tests.rs"]
mod tests;
