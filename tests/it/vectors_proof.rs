//! The W3C test vectors of `eddsa-jcs-2022`, step by step, and four documents of theirs that must be refused.

use crate::vectors_support::{hex, vector, vector_text};
use serde_json::Value;
use sha2::{Digest, Sha256};
use starmark::sign::{
    KeyId, KeyRecord, LocalSigner, ProofEvidence, ProofFailure, PublicKey, Signer, canonicalize, parse_strict,
    verify_credential, verify_document,
};
use zeroize::Zeroizing;

fn read(name: &str) -> Value {
    parse_strict(&vector(&format!("vc-di-eddsa/{name}"))).unwrap()
}

fn text(name: &str) -> String {
    vector_text(&format!("vc-di-eddsa/{name}"))
}

fn public() -> PublicKey {
    PublicKey::from_multikey(read("keyPair.json")["publicKeyMultibase"].as_str().unwrap()).unwrap()
}

/// The vectors' secret key: `z`, base58btc of 0x80 0x26 and the seed.
fn signer() -> LocalSigner {
    let pair = read("keyPair.json");
    let bytes = bs58::decode(&pair["privateKeyMultibase"].as_str().unwrap()[1..]).into_vec().unwrap();
    let seed = bytes.strip_prefix(&[0x80, 0x26]).unwrap().try_into().unwrap();
    LocalSigner::from_seed(&Zeroizing::new(seed)).unwrap()
}

fn verify(document: &Value) -> Result<ProofEvidence, ProofFailure> {
    let record =
        KeyRecord::new(KeyId::parse("credential-1").unwrap(), public(), "2023-01-01T00:00:00Z".parse().unwrap());
    let multikey = public().to_multikey();
    verify_document(document, |url| (url == format!("did:key:{multikey}#{multikey}")).then_some(&record))
}

#[test]
fn every_step_gives_the_published_bytes() {
    let document = canonicalize(&read("unsigned.json")).unwrap();
    let options = canonicalize(&read("proofConfigJCS.json")).unwrap();
    assert_eq!(String::from_utf8(document.clone()).unwrap(), text("canonDocJCS.txt"));
    assert_eq!(String::from_utf8(options.clone()).unwrap(), text("proofCanonJCS.txt"));
    let (document, options) = (Sha256::digest(document), Sha256::digest(options));
    assert_eq!(hex(&document), text("docHashJCS.txt"));
    assert_eq!(hex(&options), text("proofHashJCS.txt"));
    let message = [options, document].concat();
    assert_eq!(hex(&message), text("combinedHashJCS.txt"));
    assert_eq!(signer().public(), public());
    let signature = signer().sign(&message).unwrap();
    assert_eq!(hex(&signature), text("sigHexJCS.txt"));
    assert_eq!(format!("z{}", bs58::encode(signature).into_string()), text("sigBTC58JCS.txt"));
}

#[test]
fn the_signed_document_verifies_and_a_changed_one_does_not() {
    let signed = read("signedJCS.json");
    let evidence = verify(&signed).unwrap();
    assert_eq!(evidence.created.to_string(), "2023-02-24T23:36:38Z");
    let mut changed = signed.clone();
    changed["credentialSubject"]["alumniOf"] = "The School of Samples".into();
    assert_eq!(verify(&changed), Err(ProofFailure::BadSignature));
    // The vectors' issuer is not the controller of their key, which a credential of ours may never be.
    let record = evidence.key;
    assert_eq!(verify_credential(&signed, |_| Some(&record)), Err(ProofFailure::IssuerMismatch));
}

#[test]
fn other_suites_and_several_proofs_are_refused() {
    for (name, code) in [
        ("refused-other-cryptosuite.json", "cryptosuite_unsupported"),
        ("refused-other-proof-type.json", "proof_type_unsupported"),
        ("refused-proof-set.json", "proof_several"),
        ("refused-proof-chain.json", "proof_several"),
    ] {
        assert_eq!(verify(&read(name)).unwrap_err().code(), code, "{name}");
    }
}
