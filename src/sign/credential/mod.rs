//! A certificate as a W3C Verifiable Credential 2.0: one document for one set of terms, and back.

mod shape;

use super::canonical::{MAX_BYTES, is_noncharacter};
use super::keys::KeyRecord;
use super::proof::{self, ProofEvidence, SigningKey};
use super::signer::{SignFailure, SignatureCheck};
use super::{Purpose, parse_strict, verify_credential};
use crate::domain::record::Terms;
use crate::domain::{CertificateId, Host, Refusal};
use jiff::Timestamp;
use serde::{Deserialize as _, Serialize};
use serde_json::Value;
use shape::{Proof, Shape, contexts};

/// Context of the data model (VC Data Model 2.0, section 4.3).
pub const CREDENTIALS_V2: &str = "https://www.w3.org/ns/credentials/v2";
/// Type of our credentials beside `VerifiableCredential`.
pub const TYPE: &str = "AfterSalesServiceCertificate";

/// How the members begin that stand after the proof.
const LAST: &[u8] = b"\"type\":[";
/// How the proof's member begins that stands after its value.
const KIND: &[u8] = b"\"type\":\"";

/// The unsigned document for a certificate. The same terms always give the same document.
#[must_use]
pub fn document(host: &Host, id: CertificateId, terms: &Terms) -> Value {
    // Texts, numbers and lists with names that are texts: nothing of it has no form in JSON.
    serde_json::to_value(Shape::of(host, id, terms)).unwrap_or_default()
}

/// The signed certificate: canonical bytes, read back and verified before they leave. `resolve` finds the record of a key, as in
/// [`verify_credential`].
///
/// # Errors
/// `key_purpose_wrong` for a key of another purpose; [`SignFailure::SelfCheck`] where what was signed does not verify, or does not say what was to be
/// signed; else what the signer gives.
pub fn sign<'k>(
    host: &Host,
    id: CertificateId,
    terms: &Terms,
    key: SigningKey<'_>,
    created: Timestamp,
    resolve: impl Fn(&str) -> Option<&'k KeyRecord>,
) -> Result<Vec<u8>, SignFailure> {
    proof::key_is_for(Purpose::Credential, key)?;
    let mut shape = Shape::of(host, id, terms);
    let (created, method) = (proof::whole_seconds(created).to_string(), key.id.url(key.host));
    let mut options = options(host, &created, &method);
    let message = proof::message(&text(&options)?, &text(&shape)?);
    // Verified below, as it stands in the certificate.
    options.value = Some(proof::signature_text(&key.signer.sign_unchecked(&message)?).into());
    shape.proof = Some(options);
    let bytes = text(&shape)?;
    let withheld = |why: &dyn std::fmt::Display| SignFailure::SelfCheck(why.to_string());
    let signed = parse_strict(&bytes).map_err(|r| withheld(&r))?;
    verify_credential(&signed, resolve).map_err(|f| withheld(&f))?;
    match read(host, &signed).map_err(|r| withheld(&r))? {
        (read_id, read_terms) if read_id == id && read_terms == *terms => Ok(bytes),
        _ => Err(withheld(&"it does not say what was decided")),
    }
}

/// Reads the terms of a credential of that host. Read the bytes with [`parse_strict`] first.
///
/// # Errors
/// `not_a_certificate`: a member is missing, of another form, or there is one more than we ever write, so that nothing can
/// be signed that people and programs would read in two ways.
pub fn read(host: &Host, credential: &Value) -> Result<(CertificateId, Terms), Refusal> {
    let bad = |why: &str| Refusal::invalid("not_a_certificate", format!("this is not a certificate of {host}: {why}"));
    let shape = Shape::deserialize(credential).map_err(|error| bad(&error.to_string()))?;
    let id = shape.id(host).ok_or_else(|| bad("its id is not ours"))?;
    let terms = shape.terms(host).ok_or_else(|| bad("a member of it is not what a certificate has there"))?;
    let unsigned = credential.as_object().into_iter().flatten().filter(|(name, _)| *name != "proof");
    if !document(host, id, &terms).as_object().is_some_and(|ours| ours.iter().eq(unsigned)) {
        return Err(bad("it says more, less or other than a certificate says"));
    }
    Ok((id, terms))
}

/// Verifies and reads a certificate whose bytes are those we write, as nearly every one's are: what [`parse_strict`], [`verify_credential`]
/// and [`read`] say of it in a fraction of the time. None of any other bytes, and where anything of it does not hold: those say then what.
pub fn verify_as_written<'k>(
    host: &Host,
    bytes: &[u8],
    resolve: impl Fn(&str) -> Option<&'k KeyRecord>,
    check: &dyn SignatureCheck,
) -> Option<(ProofEvidence, CertificateId, Terms)> {
    if bytes.len() > MAX_BYTES {
        return None;
    }
    let found: Shape<'_> = serde_json::from_slice(bytes).ok()?;
    // That its address is ours, too, is for the comparison.
    let (id, terms) = (CertificateId::parse(found.digits()?).ok()?, found.terms(host)?);
    // Texts of any kind, which nothing else has looked at.
    let free = [Some(&terms.scheme), Some(&terms.standard), terms.score_sheet_sha256.as_ref()];
    if free.into_iter().flatten().any(|text| text.chars().any(is_noncharacter)) {
        return None;
    }
    let proof = found.proof?;
    let unsigned = text(&Shape::of(host, id, &terms)).ok()?;
    let options = text(&options(host, &proof.created, &proof.method)).ok()?;
    let value = proof.value.as_deref()?;
    // The proof stands before the last three members, of which the first is the last list there is; its value before its type.
    let (before, after) = unsigned.split_at(unsigned.windows(LAST.len()).rposition(|w| w == LAST)?);
    let (options_before, options_after) = options.split_at(options.windows(KIND.len()).rposition(|w| w == KIND)?);
    let proven: [&[u8]; 8] =
        [before, b"\"proof\":", options_before, b"\"proofValue\":\"", value.as_bytes(), b"\",", options_after, b","];
    let rest = proven.into_iter().try_fold(bytes, |rest, part| rest.strip_prefix(part))?;
    if rest != after {
        return None;
    }
    let message = proof::message(&options, &unsigned);
    let said = proof::ProofClaims { created: &proof.created, value, method: &proof.method };
    let evidence = said.verify(Purpose::Credential, resolve, || Ok(message), check).ok()?;
    (evidence.controller() == host.did()).then_some((evidence, id, terms))
}

/// What our proofs say, but for their value.
fn options<'a>(host: &Host, created: &'a str, method: &'a str) -> Proof<'a> {
    Proof {
        context: contexts(host),
        created: created.into(),
        cryptosuite: proof::CRYPTOSUITE.into(),
        purpose: proof::ASSERTION.into(),
        value: None,
        kind: proof::TYPE.into(),
        method: method.into(),
    }
}

/// Canonical JSON: the members stand in its order, and texts and small numbers are written alike (RFC 8785, section 3.2).
fn text(shape: &impl Serialize) -> Result<Vec<u8>, SignFailure> {
    let mut bytes = Vec::with_capacity(2 << 10);
    match serde_json::to_writer(&mut bytes, shape) {
        Ok(()) => Ok(bytes),
        Err(error) => Err(SignFailure::SelfCheck(error.to_string())),
    }
}

fn certificate_of(host: &Host, url: &str) -> Option<CertificateId> {
    let digits = url.rsplit('/').next()?;
    CertificateId::parse(digits).ok().filter(|id| host.certificate_url(*id) == url)
}

#[cfg(test)]
mod tests;
