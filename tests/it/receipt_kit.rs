//! Receipts made by hand, rightly and wrongly signed.

use jiff::Timestamp;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use starmark::domain::Host;
use starmark::domain::dates::{add_days, china_day};
use starmark::sign::{
    KeyDocument, KeyId, KeyRecord, LocalSigner, Purpose, RECEIPT_TYPE, Signer as _, SigningKey, canonicalize, sign_for,
};
use zeroize::Zeroizing;

pub const MADE_AT: &str = "2026-05-08T01:30:00.25Z";
pub const NOW: &str = "2026-05-08T02:00:00Z";
const FIRST: &str = "2026-01-01T00:00:00Z";

pub fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

pub fn host() -> Host {
    Host::parse("xb.example.cn").unwrap()
}

pub fn signer(seed: u8) -> LocalSigner {
    LocalSigner::from_seed(&Zeroizing::new([seed; 32])).unwrap()
}

pub fn key(id: &str, seed: u8) -> KeyRecord {
    KeyRecord::new(KeyId::parse(id).unwrap(), signer(seed).public(), at(FIRST))
}

/// The body's keys: credential-1 has the seed 01…01, receipt-1 02…02.
pub fn keys() -> Vec<KeyRecord> {
    vec![key("credential-1", 1), key("receipt-1", 2)]
}

pub fn list(keys: Vec<KeyRecord>) -> KeyDocument {
    KeyDocument::new(host(), None, keys).unwrap()
}

/// The same keys with receipt-1 changed.
pub fn keys_with(change: impl FnOnce(&mut KeyRecord)) -> KeyDocument {
    let mut all = keys();
    change(&mut all[1]);
    list(all)
}

pub fn check(check: &str, result: &str, code: &str, required: bool) -> Value {
    json!({
        "check": check, "result": result, "code": code, "required": required, "source": "register",
        "message": "what was found", "message_zh": "查到的情况", "known_at": MADE_AT,
    })
}

fn certificate(id: &str, number: &str) -> Value {
    json!({
        "id": id, "number": number, "level": "five_star", "standard": "GB/T 27922-2011", "scope": "家用电器的售后服务",
        "holder": {"name": "示例电器有限公司", "uscc": "91110108551385082Q", "address": "北京市示例区示例路1号"},
        "issued_on": "2026-03-01", "valid_until": "2029-02-28", "record_sha256": "ab".repeat(32),
    })
}

/// An unsigned receipt about three certificates: one that holds, one suspended and with another holder than was expected, and
/// one that is not on record.
pub fn content() -> Value {
    let held = |status: Value| {
        json!([
            check("signature", "ok", "signature_good", true),
            check("key", "ok", "key_in_window", true),
            check("validity", "ok", "within_dates", true),
            status,
            check("surveillance", "ok", "surveillance_met", false),
        ])
    };
    json!({
        "type": RECEIPT_TYPE, "version": 1, "id": "https://xb.example.cn/r/AAECAwQFBgcICQoLDA0ODw",
        "issuer": "did:web:xb.example.cn", "made_at": MADE_AT, "reference": "示例-2026-118",
        "as_of": "2026-05-07T15:59:59Z", "known_at": MADE_AT, "differences": 2,
        "answers": [
            {
                "asked": "证书编号：29326SC00001R0M", "certificate": certificate("1034659679808070", "29326SC00001R0M"),
                "verdict": "valid", "standing": "valid", "checks": held(check("status", "ok", "valid", true)),
                "comparison": [{"field": "level", "expected": "五星级", "found": "five_star", "same": true}],
            },
            {
                "asked": "29326SC00002R0M", "certificate": certificate("1552665665367104", "29326SC00002R0M"),
                "verdict": "invalid", "standing": "suspended",
                "checks": held(check("status", "failed", "suspended", true)),
                "comparison": [
                    {"field": "holder", "expected": "示例商贸公司", "found": "示例电器有限公司", "same": false},
                ],
            },
            {
                "asked": "29326SC99999R0M", "verdict": "undetermined",
                "checks": [check("status", "undetermined", "no_such_certificate", true)],
                "comparison": [{"field": "holder", "expected": "示例商贸公司", "same": false}],
            },
        ],
    })
}

pub fn signed(content: Value) -> Value {
    signed_at(content, at(MADE_AT))
}

fn signed_at(content: Value, made_at: Timestamp) -> Value {
    let (signer, host) = (signer(2), host());
    let key = SigningKey { signer: &signer, id: KeyId::parse("receipt-1").unwrap(), host: &host };
    sign_for(Purpose::Receipt, content, key, made_at).unwrap()
}

/// The same receipt as if it was made, and asked about, at another instant.
pub fn made_at(made_at: Timestamp) -> Value {
    let (first, last) = (add_days(china_day(made_at), -100), add_days(china_day(made_at), 900));
    let text = content().to_string().replace(MADE_AT, &made_at.to_string());
    let text = text.replace("2026-05-07T15:59:59Z", &made_at.to_string());
    let text = text.replace("2026-03-01", &first.to_string()).replace("2029-02-28", &last.to_string());
    signed_at(serde_json::from_str(&text).unwrap(), made_at)
}

/// Signs whatever it is given under whatever name: what no signer of ours would do.
pub fn signed_by_hand(mut document: Value, seed: u8, method: &str) -> Value {
    let mut proof = json!({
        "type": "DataIntegrityProof", "cryptosuite": "eddsa-jcs-2022", "created": "2026-05-08T01:30:00Z",
        "verificationMethod": method, "proofPurpose": "assertionMethod",
    });
    let digest = |v: &Value| Sha256::digest(canonicalize(v).unwrap());
    let message = [digest(&proof), digest(&document)].concat();
    let signature = signer(seed).sign(&message).unwrap();
    proof["proofValue"] = format!("z{}", bs58::encode(signature).into_string()).into();
    document["proof"] = proof;
    document
}

pub fn with(mut document: Value, pointer: &str, value: Value) -> Value {
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    let parent = document.pointer_mut(parent).unwrap();
    match parent {
        Value::Array(items) => items[name.parse::<usize>().unwrap()] = value,
        _ => parent[name] = value,
    }
    document
}

pub fn without(mut document: Value, pointer: &str) -> Value {
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    match document.pointer_mut(parent).unwrap() {
        Value::Array(items) => drop(items.remove(name.parse().unwrap())),
        other => drop(other.as_object_mut().unwrap().remove(name).unwrap()),
    }
    document
}
