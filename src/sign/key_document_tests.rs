use super::*;
use crate::sign::{LocalSigner, Signer};
use zeroize::Zeroizing;

fn key(id: &str, seed: u8, retired: Option<&str>, compromised: Option<&str>) -> KeyRecord {
    let at = |t: &str| t.parse::<Timestamp>().unwrap();
    KeyRecord {
        retired_at: retired.map(at),
        compromised_at: compromised.map(at),
        ..KeyRecord::new(
            KeyId::parse(id).unwrap(),
            LocalSigner::from_seed(&Zeroizing::new([seed; 32])).unwrap().public(),
            at("2026-01-01T00:00:00Z"),
        )
    }
}

fn document() -> KeyDocument {
    let keys = vec![
        key("credential-1", 1, Some("2027-01-01T00:00:00Z"), None),
        key("credential-2", 2, Some("2028-01-01T00:00:00Z"), Some("2028-03-01T12:00:00.5Z")),
        key("credential-3", 3, None, None),
        key("mark-1", 4, None, None),
        key("log-1", 5, None, None),
        key("receipt-1", 6, None, None),
    ];
    KeyDocument::new(Host::parse("xb.example.cn").unwrap(), Some(Name::parse("示例认证").unwrap()), keys).unwrap()
}

fn bytes(value: &Value) -> Vec<u8> {
    serde_json::to_vec_pretty(value).unwrap()
}

#[test]
fn both_forms_read_back_whole() {
    let written = document();
    assert_eq!(KeyDocument::parse(&bytes(&written.to_did_json())).unwrap(), written);
    let jwks = KeyDocument::parse_jwks(&bytes(&written.to_jwks_json())).unwrap();
    assert_eq!((jwks.host(), jwks.keys(), jwks.name()), (written.host(), written.keys(), None));
}

#[test]
fn only_credential_keys_assert_retired_ones_too_compromised_ones_not() {
    let did = document().to_did_json();
    assert_eq!(
        did["assertionMethod"],
        json!(["did:web:xb.example.cn#credential-1", "did:web:xb.example.cn#credential-3"])
    );
    assert_eq!(did["verificationMethod"].as_array().unwrap().len(), 6);
    let retired = &did["verificationMethod"][0];
    assert_eq!((&retired["retiredAt"], retired.get("expires")), (&json!("2027-01-01T00:00:00Z"), None));
    assert_eq!(did["verificationMethod"][1]["revoked"], "2028-03-01T12:00:00.5Z");
    assert_eq!(did["verificationMethod"][3]["purpose"], "mark");
}

#[test]
fn a_url_resolves_for_its_own_host_only() {
    let document = document();
    assert_eq!(document.resolve("did:web:xb.example.cn#mark-1").unwrap().id.to_string(), "mark-1");
    for other in [
        "did:web:xb.example.c#mark-1",
        "did:web:xb.example.cn#mark-2",
        "#mark-1",
        "mark-1",
        "",
        "did:web:xb.example.cn#mark-1#mark-1",
        "did:web:xb.example.cn:a#mark-1",
        "https://xb.example.cn#mark-1",
    ] {
        assert_eq!(document.resolve(other), None, "{other}");
    }
    let mark = &document.keys()[3];
    assert_eq!(document.by_hint(Purpose::Mark, mark.public.hint()).collect::<Vec<_>>(), [mark]);
    assert_eq!(document.by_hint(Purpose::Log, mark.public.hint()).count(), 0);
}

#[test]
fn a_key_serves_one_purpose() {
    let host = Host::parse("xb.example.cn").unwrap();
    let twice = |a, b| KeyDocument::new(host.clone(), None, vec![a, b]).unwrap_err().code;
    assert_eq!(twice(key("credential-1", 1, None, None), key("mark-1", 1, None, None)), "key_duplicate");
    assert_eq!(twice(key("mark-1", 1, None, None), key("mark-1", 2, None, None)), "key_duplicate");
    let many = (1..=u16::try_from(KeyDocument::MAX_KEYS).unwrap() + 1)
        .map(|n| KeyRecord { id: KeyId::new(Purpose::Log, n).unwrap(), ..key("log-1", 1, None, None) });
    assert_eq!(KeyDocument::new(host, None, many.collect()).unwrap_err().code, "too_many_keys");
}

#[test]
fn what_is_unknown_is_passed_over() {
    let mut did = document().to_did_json();
    did["service"] = json!([{"id": "#x"}]);
    did["verificationMethod"][0]["future"] = json!(1);
    let methods = did["verificationMethod"].as_array_mut().unwrap();
    methods.push(json!({"id": "did:web:xb.example.cn#k", "type": "JsonWebKey", "publicKeyJwk": {}}));
    methods.push(json!({"id": "did:web:xb.example.cn#w-1", "type": "Multikey", "purpose": "witness"}));
    did["assertionMethod"].as_array_mut().unwrap().push("did:web:xb.example.cn#k".into());
    assert_eq!(KeyDocument::parse(&bytes(&did)).unwrap(), document());
    let mut jwks = document().to_jwks_json();
    jwks["keys"].as_array_mut().unwrap().insert(0, json!({"kty": "EC", "crv": "P-256"}));
    assert_eq!(KeyDocument::parse_jwks(&bytes(&jwks)).unwrap().keys(), document().keys());
}

#[test]
fn a_changed_document_is_refused() {
    let method = |i: usize, member: &str| format!("/verificationMethod/{i}/{member}");
    let did = document().to_did_json();
    for (pointer, value, code) in [
        ("/id".to_owned(), json!("did:web:evil.cn"), "bad_key_document"),
        ("/id".to_owned(), json!("did:key:xb.example.cn"), "bad_key_document"),
        ("/name".to_owned(), json!(""), "bad_key_document"),
        ("/verificationMethod".to_owned(), json!({}), "bad_key_document"),
        (method(0, "id"), json!("did:web:xb.example.cn#credential-3"), "key_duplicate"),
        (method(0, "id"), json!("did:web:evil.cn#credential-1"), "bad_key_document"),
        (method(0, "controller"), json!("did:web:evil.cn"), "bad_key_document"),
        (method(0, "publicKeyMultibase"), json!("z6Mk"), "bad_public_key"),
        (method(0, "publicKeyMultibase"), did["verificationMethod"][3]["publicKeyMultibase"].clone(), "key_duplicate"),
        (method(0, "purpose"), json!("mark"), "bad_key_purpose"),
        (method(0, "validFrom"), json!("yesterday"), "bad_key_document"),
        (method(0, "validFrom"), json!("2026-01-01T08:00:00+08:00"), "bad_key_document"),
        (method(0, "validFrom"), json!("2027-01-02T00:00:00Z"), "bad_key_window"),
        (method(0, "retiredAt"), json!(null), "bad_key_document"),
        (method(0, "revoked"), json!("2026-05-01T00:00:00Z"), "bad_key_document"),
        ("/assertionMethod".to_owned(), json!([]), "bad_key_document"),
        ("/assertionMethod/0".to_owned(), json!("did:web:xb.example.cn#mark-1"), "bad_key_document"),
        ("/assertionMethod/0".to_owned(), json!("did:web:xb.example.cn#credential-2"), "bad_key_document"),
        ("/assertionMethod/0".to_owned(), did["verificationMethod"][0].clone(), "bad_key_document"),
    ] {
        let mut changed = did.clone();
        let (parent, member) = pointer.rsplit_once('/').unwrap();
        match changed.pointer_mut(parent).unwrap() {
            Value::Array(items) => items[member.parse::<usize>().unwrap()] = value.clone(),
            object => object[member] = value.clone(),
        }
        let refusal = KeyDocument::parse(&bytes(&changed)).unwrap_err();
        assert_eq!(refusal.code, code, "{pointer} {value}: {refusal}");
    }
    let mut missing = did.clone();
    missing["verificationMethod"][0].as_object_mut().unwrap().remove("validFrom");
    assert_eq!(KeyDocument::parse(&bytes(&missing)).unwrap_err().pointer, "/verificationMethod/0");
    assert_eq!(KeyDocument::parse(b"{}").unwrap_err().code, "bad_key_document");
    assert_eq!(KeyDocument::parse(b"[").unwrap_err().code, "json_syntax");
    assert_eq!(KeyDocument::parse_jwks(b"{\"keys\":[]}").unwrap_err().code, "bad_key_document");
}
