use super::*;
use crate::sign::{LocalSigner, PublicKey, canonicalize, parse_strict};
use proptest::prelude::*;
use serde_json::json;
use zeroize::Zeroizing;

const AT: &str = "2026-05-08T01:30:00Z";

struct Body {
    signer: LocalSigner,
    host: Host,
    record: KeyRecord,
}

impl Body {
    fn new(purpose: Purpose) -> Self {
        let signer = LocalSigner::from_seed(&Zeroizing::new([5; 32])).unwrap();
        let id = KeyId::new(purpose, 1).unwrap();
        let record = KeyRecord::new(id, signer.public(), "2026-01-01T00:00:00Z".parse().unwrap());
        Self { signer, host: Host::parse("xb.example.cn").unwrap(), record }
    }

    fn sign(&self, document: Value) -> Result<Value, SignFailure> {
        let key = SigningKey { signer: &self.signer, id: self.record.id, host: &self.host };
        sign_document(document, key, AT.parse().unwrap())
    }

    fn verify(&self, document: &Value) -> Result<ProofEvidence, ProofFailure> {
        let url = self.record.id.url(&self.host);
        verify_credential(document, |u| (u == url).then_some(&self.record))
    }
}

fn credential() -> Value {
    json!({
        "@context": ["https://www.w3.org/ns/credentials/v2", "https://xb.example.cn/ns/v1"],
        "issuer": "did:web:xb.example.cn",
        "credentialSubject": {"level": "五星级", "sites": [{"name": "甲"}, {"name": "乙"}]},
    })
}

fn set(document: &Value, pointer: &str, value: Value) -> Value {
    let mut changed = document.clone();
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    changed.pointer_mut(parent).unwrap()[name] = value;
    changed
}

fn without(document: &Value, pointer: &str) -> Value {
    let mut changed = document.clone();
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    changed.pointer_mut(parent).unwrap().as_object_mut().unwrap().remove(name).unwrap();
    changed
}

#[test]
fn what_is_signed_verifies_and_names_key_and_instant() {
    let body = Body::new(Purpose::Credential);
    let signed = body.sign(credential()).unwrap();
    let evidence = body.verify(&signed).unwrap();
    assert_eq!(evidence.verification_method, "did:web:xb.example.cn#credential-1");
    assert_eq!(evidence.controller(), "did:web:xb.example.cn");
    assert_eq!((evidence.key, evidence.created.to_string()), (body.record.clone(), AT.to_owned()));
    let reread = parse_strict(&serde_json::to_vec_pretty(&signed).unwrap()).unwrap();
    assert!(body.verify(&reread).is_ok());
    // Signing is deterministic, and `created` loses its fraction.
    let key = SigningKey { signer: &body.signer, id: body.record.id, host: &body.host };
    assert_eq!(sign_document(credential(), key, "2026-05-08T01:30:00.987Z".parse().unwrap()), Ok(signed));
}

#[test]
fn each_way_a_proof_can_fail_has_its_code() {
    let body = Body::new(Purpose::Credential);
    let signed = body.sign(credential()).unwrap();
    let proof = signed["proof"].clone();
    for (pointer, value, code) in [
        ("/proof", json!([proof]), "proof_several"),
        ("/proof", json!("x"), "proof_malformed"),
        ("/proof/type", json!("Ed25519Signature2020"), "proof_type_unsupported"),
        ("/proof/type", json!(1), "proof_malformed"),
        ("/proof/cryptosuite", json!("eddsa-rdfc-2022"), "cryptosuite_unsupported"),
        ("/proof/proofPurpose", json!("authentication"), "proof_purpose_wrong"),
        ("/proof/expires", json!("2030-01-01T00:00:00Z"), "proof_option_unsupported"),
        ("/proof/previousProof", json!("urn:x"), "proof_option_unsupported"),
        ("/proof/created", json!("2026-05-08"), "proof_malformed"),
        ("/proof/created", json!("2026-05-08T09:30:00+08:00"), "proof_malformed"),
        ("/proof/created", json!("2026-05-08T01:30:00.5Z"), "proof_malformed"),
        ("/proof/created", json!("2026-05-08T01:30:01Z"), "signature_bad"),
        ("/proof/verificationMethod", json!("did:web:xb.example.cn#credential-2"), "key_unknown"),
        ("/proof/verificationMethod", json!("did:web:evil.cn#credential-1"), "key_unknown"),
        ("/proof/verificationMethod", json!({"id": "x"}), "proof_malformed"),
        ("/proof/proofValue", json!(""), "proof_malformed"),
        ("/proof/proofValue", json!("z0OIl"), "proof_malformed"),
        ("/proof/proofValue", json!(format!("z{}", "1".repeat(64))), "signature_bad"),
        ("/proof/proofValue", json!(format!("z{}", "1".repeat(65))), "proof_malformed"),
        ("/proof/proofValue", json!(format!("z{}", "2".repeat(1 << 19))), "proof_malformed"),
        ("/proof/@context", json!("https://www.w3.org/ns/credentials/v2"), "context_mismatch"),
        ("/@context", json!(["https://www.w3.org/ns/credentials/v2"]), "context_mismatch"),
        ("/issuer", json!("did:web:evil.cn"), "signature_bad"),
        ("/credentialSubject/level", json!("四星级"), "signature_bad"),
        ("/credentialSubject/sites", json!([{"name": "乙"}, {"name": "甲"}]), "signature_bad"),
        ("/extra", json!(null), "signature_bad"),
        ("/extra", json!(9_007_199_254_740_993_u64), "document_uncanonical"),
    ] {
        let failure = body.verify(&set(&signed, pointer, value.clone())).unwrap_err();
        assert_eq!(failure.code(), code, "{pointer} {value}");
    }
    for (pointer, code) in [
        ("/proof", "proof_missing"),
        ("/proof/created", "proof_malformed"),
        ("/proof/proofValue", "proof_malformed"),
        ("/proof/verificationMethod", "proof_malformed"),
        ("/proof/@context", "context_mismatch"),
        ("/credentialSubject/sites", "signature_bad"),
    ] {
        assert_eq!(body.verify(&without(&signed, pointer)).unwrap_err().code(), code, "{pointer}");
    }
    assert_eq!(body.verify(&json!([])).unwrap_err().code(), "document_not_object");
}

#[test]
fn a_context_added_after_signing_is_refused() {
    let body = Body::new(Purpose::Credential);
    let signed = body.sign(credential()).unwrap();
    let mut contexts = signed["@context"].clone();
    contexts.as_array_mut().unwrap().push("https://evil.example/redefines".into());
    assert_eq!(body.verify(&set(&signed, "/@context", contexts)), Err(ProofFailure::ContextMismatch));
}

#[test]
fn an_issuer_who_does_not_control_the_key_is_refused() {
    let body = Body::new(Purpose::Credential);
    for (issuer, fits) in [
        (json!("did:web:xb.example.cn"), true),
        (json!({"id": "did:web:xb.example.cn", "name": "示例认证"}), true),
        (json!("did:web:evil.cn"), false),
        (json!({"id": "did:web:evil.cn"}), false),
        (json!(null), false),
    ] {
        let signed = body.sign(set(&credential(), "/issuer", issuer.clone())).unwrap();
        assert_eq!(body.verify(&signed).is_ok(), fits, "{issuer}");
    }
}

#[test]
fn a_key_of_another_purpose_neither_signs_nor_verifies() {
    let good = Body::new(Purpose::Credential);
    let signed = good.sign(credential()).unwrap();
    for purpose in [Purpose::Mark, Purpose::Log, Purpose::Receipt] {
        let body = Body::new(purpose);
        assert_eq!(body.sign(credential()).unwrap_err().code(), "key_purpose_wrong");
        // The very same key, listed under the name the proof gives but for another purpose.
        let failure = verify_document(&signed, |_| Some(&body.record)).unwrap_err();
        assert_eq!(failure, ProofFailure::KeyPurpose);
    }
}

fn receipt() -> Value {
    json!({"type": RECEIPT_TYPE, "issuer": "did:web:xb.example.cn", "answers": []})
}

/// Two kinds, two purposes: of the eight ways to sign and read them only the two right ones pass.
#[test]
fn a_receipt_never_passes_for_a_credential_nor_the_other_way_round() {
    let both = [Purpose::Credential, Purpose::Receipt];
    for (document, kind) in [(credential(), Purpose::Credential), (receipt(), Purpose::Receipt)] {
        for purpose in both {
            let body = Body::new(purpose);
            for named in both {
                let key = SigningKey { signer: &body.signer, id: body.record.id, host: &body.host };
                let signed = sign_for(named, document.clone(), key, AT.parse().unwrap());
                let code = match (named == purpose, named == kind) {
                    (true, true) => {
                        assert!(verify_for(kind, &signed.unwrap(), |_| Some(&body.record)).is_ok());
                        continue;
                    }
                    (false, _) => "key_purpose_wrong",
                    (true, false) => "document_kind_wrong",
                };
                assert_eq!(signed.unwrap_err().code(), code, "{kind} under {purpose} as {named}");
            }
        }
        // Whatever signed it, it is read as what it is, and by a key of that purpose only.
        let body = Body::new(kind);
        let key = SigningKey { signer: &body.signer, id: body.record.id, host: &body.host };
        let signed = sign_for(kind, document, key, AT.parse().unwrap()).unwrap();
        for read_as in both.into_iter().filter(|p| *p != kind) {
            let record = KeyRecord { id: KeyId::new(read_as, 1).unwrap(), purpose: read_as, ..body.record.clone() };
            for listed in [&record, &body.record] {
                assert_eq!(verify_for(read_as, &signed, |_| Some(listed)), Err(ProofFailure::WrongKind));
            }
            assert_eq!(verify_for(kind, &signed, |_| Some(&record)), Err(ProofFailure::KeyPurpose));
        }
    }
    for purpose in [Purpose::Mark, Purpose::Log] {
        let body = Body::new(purpose);
        let key = SigningKey { signer: &body.signer, id: body.record.id, host: &body.host };
        assert_eq!(sign_for(purpose, receipt(), key, AT.parse().unwrap()).unwrap_err().code(), "document_kind_wrong");
    }
}

#[test]
fn what_must_not_be_signed_is_refused() {
    let body = Body::new(Purpose::Credential);
    let signed = body.sign(credential()).unwrap();
    for (document, code) in [
        (signed, "proof_present"),
        (json!([]), "document_not_object"),
        (json!({"@context": [{"@vocab": "urn:x"}]}), "context_inline"),
        (json!({"@context": {"@vocab": "urn:x"}}), "context_inline"),
        (json!({"score": 95.5}), "json_number"),
        (json!({"n": 1_u64 << 53}), "json_number"),
    ] {
        assert_eq!(body.sign(document).unwrap_err().code(), code);
    }
}

/// Every bit of the signed text, changed, is refused by one check or another.
#[test]
fn one_changed_bit_anywhere_is_refused() {
    let body = Body::new(Purpose::Credential);
    let bytes = canonicalize(&body.sign(credential()).unwrap()).unwrap();
    for i in 0..bytes.len() * 8 {
        let mut changed = bytes.clone();
        changed[i / 8] ^= 1 << (i % 8);
        let accepted = parse_strict(&changed).is_ok_and(|v| body.verify(&v).is_ok());
        assert!(!accepted, "bit {i}: {}", String::from_utf8_lossy(&changed));
    }
}

#[test]
fn another_key_does_not_verify() {
    let body = Body::new(Purpose::Credential);
    let signed = body.sign(credential()).unwrap();
    let other = LocalSigner::from_seed(&Zeroizing::new([6; 32])).unwrap();
    let record = KeyRecord { public: PublicKey::from_bytes(&other.public().to_bytes()).unwrap(), ..body.record };
    assert_eq!(verify_document(&signed, |_| Some(&record)), Err(ProofFailure::BadSignature));
}

/// Base58 of about as many digits as a signature has, or what is nearly that.
fn texts() -> impl Strategy<Value = String> {
    let digits = "[1-9A-HJ-NP-Za-km-z]{60,90}";
    let signatures = proptest::collection::vec(any::<u8>(), SIGNATURE_LEN).prop_map(|s| bs58::encode(s).into_string());
    let zeros = (0..SIGNATURE_LEN)
        .prop_map(|n| bs58::encode([vec![0; n], vec![200; SIGNATURE_LEN - n]].concat()).into_string());
    let shorter = proptest::collection::vec(any::<u8>(), 0..70).prop_map(|s| bs58::encode(s).into_string());
    // 64 bytes of 255 are JzZ…: digits above that are more than 64 bytes.
    let large = Just(bs58::encode([255; SIGNATURE_LEN]).into_string());
    prop_oneof![3 => signatures, 2 => digits, 1 => zeros, 1 => shorter, 1 => large]
}

proptest! {
    /// What is a signature's text and what is none is what another crate says.
    #[test]
    fn a_signature_has_one_text(mut text in texts(), lies in proptest::collection::vec((0_usize..90, "[1-9A-Za-z \u{0}é]"), 0..2)) {
        for (at, lie) in lies {
            if let Some(was) = text.get(at..=at) {
                text = text.replacen(was, &lie, 1);
            }
        }
        let other: Option<[u8; SIGNATURE_LEN]> = bs58::decode(&text).into_vec().ok().and_then(|s| s.try_into().ok());
        let text = format!("z{text}");
        prop_assert_eq!(parse_signature(&text), other);
        if let Some(signature) = other {
            prop_assert_eq!(signature_text(&signature), text);
        }
    }
}
