use super::super::keys::KeyId;
use super::super::proof::sign_document;
use super::super::signer::{LocalSigner, OneByOne, Signer as _};
use super::super::{ProofFailure, canonicalize};
use super::*;
use crate::domain::text::Scope;
use proptest::prelude::*;
use serde_json::json;
use zeroize::Zeroizing;

fn host() -> Host {
    Host::parse("xb.example.cn").unwrap()
}

fn now() -> Timestamp {
    "2026-05-08T01:30:00.987Z".parse().unwrap()
}

struct Keys {
    signer: LocalSigner,
    record: KeyRecord,
}

fn keys(purpose: Purpose) -> Keys {
    let signer = LocalSigner::from_seed(&Zeroizing::new([5; 32])).unwrap();
    let record = KeyRecord::new(KeyId::new(purpose, 1).unwrap(), signer.public(), now());
    Keys { signer, record }
}

impl Keys {
    fn sign(&self, id: CertificateId, terms: &Terms) -> Result<Vec<u8>, SignFailure> {
        let (host, key) = (host(), self.record.id);
        let key = SigningKey { signer: &self.signer, id: key, host: &host };
        sign(&host, id, terms, key, now(), |url| self.resolve(url))
    }

    fn resolve(&self, url: &str) -> Option<&KeyRecord> {
        (url == self.record.id.url(&host())).then_some(&self.record)
    }

    fn as_written(&self, bytes: &[u8]) -> Option<(ProofEvidence, CertificateId, Terms)> {
        verify_as_written(&host(), bytes, |url| self.resolve(url), &OneByOne)
    }
}

fn terms(more: &Value) -> Terms {
    let mut terms = json!({
        "number": "29326SC10002R0M",
        "holder": {"name": "示例电器有限公司", "uscc": "91110108551385082Q", "address": "北京市示例路1号"},
        "level": "five_star", "scheme": "gbt27922-2011", "standard": "GB/T 27922-2011",
        "scope": "家用电器的售后服务", "sites": [{"name": "示例甲店", "address": "示例路3号"}],
        "body": {"name": "示例认证中心", "address": "北京市示例路2号", "approval_number": "CNCA-R-2026-293"},
        "issued_on": "2026-05-08", "first_issued_on": "2026-05-08", "valid_until": "2029-05-07",
        "surveillance_due_on": "2027-05-08", "recertification": 0, "status": {"list": 3, "index": 94_567},
    });
    for (name, value) in more.as_object().unwrap() {
        terms[name] = value.clone();
    }
    serde_json::from_value(terms).unwrap()
}

/// Every kind of certificate: with and without what is optional.
fn kinds() -> Vec<Terms> {
    vec![
        terms(&json!({})),
        terms(&json!({"sites": [], "recertification": 2, "supersedes": "0292190099046688"})),
        terms(&json!({"status": null, "score_sheet_sha256": "ab".repeat(32)})),
        terms(&json!({"scope": "“甲”\"乙\"\\丙/丁 <戊>", "level": "qualified"})),
    ]
}

fn id() -> CertificateId {
    CertificateId::parse("0292190099046688").unwrap()
}

#[test]
fn a_certificate_is_the_canonical_text_of_its_document_and_its_proof() {
    let keys = keys(Purpose::Credential);
    for terms in kinds() {
        let signed = keys.sign(id(), &terms).unwrap();
        let (host, key) = (host(), keys.record.id);
        let key = SigningKey { signer: &keys.signer, id: key, host: &host };
        let the_long_way = sign_document(document(&host, id(), &terms), key, now()).unwrap();
        assert_eq!(signed, canonicalize(&the_long_way).unwrap());
        let read_back = parse_strict(&signed).unwrap();
        let evidence = verify_credential(&read_back, |url| keys.resolve(url)).unwrap();
        assert_eq!(read(&host, &read_back).unwrap(), (id(), terms.clone()));
        assert_eq!(keys.as_written(&signed), Some((evidence, id(), terms)));
    }
}

proptest! {
    #[test]
    fn whatever_it_says_it_is_written_canonically(scope in "\\PC{1,60}", name in "[\u{4e00}-\u{9fff}\"\\\\/<&é\u{1f600}\u{e000}]{1,40}") {
        let Ok(scope) = Scope::parse(&scope) else { return Ok(()) };
        let terms = terms(&json!({"scope": scope, "sites": [{"name": name, "address": "示例路3号"}]}));
        let shape = Shape::of(&host(), id(), &terms);
        prop_assert_eq!(text(&shape).unwrap(), canonicalize(&document(&host(), id(), &terms)).unwrap());
        let keys = keys(Purpose::Credential);
        let signed = keys.sign(id(), &terms).unwrap();
        prop_assert!(keys.as_written(&signed).is_some());
    }
}

/// Where a byte is another, one is missing or one more, nothing is taken as written: the slow way says what it is.
#[test]
fn nothing_but_those_bytes_is_taken_as_written() {
    let keys = keys(Purpose::Credential);
    let good = keys.sign(id(), &terms(&json!({}))).unwrap();
    for at in 0..good.len() {
        let mut other = good.clone();
        other[at] ^= 1;
        assert_eq!(keys.as_written(&other), None, "{at}");
        let mut less = good.clone();
        less.remove(at);
        assert_eq!(keys.as_written(&less), None, "{at}");
        let mut more = good.clone();
        more.insert(at, b' ');
        assert_eq!(keys.as_written(&more), None, "{at}");
    }
    let text = String::from_utf8(good).unwrap();
    for (from, to) in [
        ("\"id\":", "\"x\":1,\"id\":"),
        ("\"level\":", "\"level\":\"five_star\",\"level\":"),
        ("示例甲店", "\\u793a例甲店"),
        ("\"recertification\":0", "\"recertification\":0.0"),
        ("\"recertification\":0", "\"recertification\":-0"),
        ("\"type\":\"DataIntegrityProof\"", "\"nonce\":\"1\",\"type\":\"DataIntegrityProof\""),
    ] {
        let changed = text.replacen(from, to, 1);
        assert_ne!(changed, text);
        assert_eq!(keys.as_written(changed.as_bytes()), None, "{to}");
    }
    for around in [format!("{text}\n"), format!("{text}{text}"), format!("[{text}]"), String::new()] {
        assert_eq!(keys.as_written(around.as_bytes()), None);
    }
}

#[test]
fn neither_another_body_nor_a_key_for_something_else_is_taken() {
    let keys = keys(Purpose::Credential);
    let good = keys.sign(id(), &terms(&json!({}))).unwrap();
    let elsewhere = Host::parse("xa.example.cn").unwrap();
    assert!(verify_as_written(&elsewhere, &good, |url| keys.resolve(url), &OneByOne).is_none());
    assert!(verify_as_written(&host(), &good, |_| None, &OneByOne).is_none());
    let receipts = self::keys(Purpose::Receipt);
    assert!(verify_as_written(&host(), &good, |_| Some(&receipts.record), &OneByOne).is_none());
    assert_eq!(receipts.sign(id(), &terms(&json!({}))).unwrap_err().code(), "key_purpose_wrong");
}

#[test]
fn what_a_strict_reader_refuses_is_neither_signed_nor_taken() {
    let keys = keys(Purpose::Credential);
    let good = terms(&json!({}));
    let odd = "GB\u{ffff}".to_owned();
    let long = "x".repeat(crate::sign::canonical::MAX_BYTES);
    for terms in [
        Terms { standard: odd.clone(), ..good.clone() },
        Terms { scheme: odd.clone(), ..good.clone() },
        Terms { score_sheet_sha256: Some(odd), ..good.clone() },
        Terms { standard: long, ..good },
    ] {
        assert_eq!(keys.sign(id(), &terms).unwrap_err().code(), "signature_self_check");
        // As the owner of the key could sign it without us.
        let mut shape = Shape::of(&host(), id(), &terms);
        let (created, method) = ("2026-05-08T01:30:00Z", keys.record.id.url(&host()));
        let mut proof = options(&host(), created, &method);
        let signature = keys.signer.sign(&proof::message(&text(&proof).unwrap(), &text(&shape).unwrap())).unwrap();
        proof.value = Some(proof::signature_text(&signature).into());
        shape.proof = Some(proof);
        assert_eq!(keys.as_written(&text(&shape).unwrap()), None);
    }
}

#[test]
fn a_signature_that_its_key_does_not_verify_is_withheld() {
    let (good, other) = (keys(Purpose::Credential), LocalSigner::from_seed(&Zeroizing::new([6; 32])).unwrap());
    let (host, terms) = (host(), terms(&json!({})));
    let key = SigningKey { signer: &other, id: good.record.id, host: &host };
    let refused = sign(&host, id(), &terms, key, now(), |url| good.resolve(url)).unwrap_err();
    assert_eq!(refused, SignFailure::SelfCheck(ProofFailure::BadSignature.to_string()));
}
