//! Our certificates before the W3C libraries of Digital Bazaar (npm, `tests/interop`), and the same before our own code.

use crate::vectors_support::{root, unhex};
use jiff::Timestamp;
use serde_json::{Value, json};
use starmark::domain::Host;
use starmark::domain::text::Name;
use starmark::sign::{
    KeyDocument, KeyId, KeyRecord, LocalSigner, Signer, SigningKey, parse_strict, sign_document, verify_credential,
};
use std::process::Command;
use zeroize::Zeroizing;

const NOW: &str = "2026-09-01T00:00:00Z";

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn host() -> Host {
    Host::parse("xb.example.cn").unwrap()
}

fn signer() -> LocalSigner {
    LocalSigner::from_seed(&Zeroizing::new([17; 32])).unwrap()
}

fn record() -> KeyRecord {
    KeyRecord::new(KeyId::parse("credential-1").unwrap(), signer().public(), at("2026-01-01T00:00:00Z"))
}

fn key_document(record: KeyRecord) -> KeyDocument {
    let mark = LocalSigner::from_seed(&Zeroizing::new([18; 32])).unwrap().public();
    let mark = KeyRecord::new(KeyId::parse("mark-1").unwrap(), mark, at("2026-01-01T00:00:00Z"));
    KeyDocument::new(host(), Some(Name::parse("示例认证有限公司").unwrap()), vec![record, mark]).unwrap()
}

fn certificate() -> Value {
    json!({
        "@context": ["https://www.w3.org/ns/credentials/v2", "https://xb.example.cn/ns/v1"],
        "type": ["VerifiableCredential", "AfterSalesServiceCertificate"],
        "id": "https://xb.example.cn/c/0000000000000011",
        "issuer": "did:web:xb.example.cn",
        "validFrom": "2026-05-07T16:00:00Z",
        "validUntil": "2029-05-07T15:59:59Z",
        "certificationBody": {
            "name": "示例认证有限公司", "address": "北京市东城区示例路1号", "approvalNumber": "CNCA-R-2026-0001",
        },
        "credentialSubject": {
            "holder": {"name": "示例家电有限公司", "uscc": "91110000MA0000000X", "address": "示例市示例路2号 🏭"},
            "level": "五星级",
            "standard": "GB/T 27922-2011",
            "scope": "家用空调器的售后服务（安装、维修）",
            "sites": [{"name": "总部", "address": "示例市示例路2号"}, {"name": "维修中心", "address": "示例市示例路3号"}],
            "certificateNumber": "29326SC10002R0M",
            "firstIssuedOn": "2026-05-08",
            "issuedOn": "2026-05-08",
            "surveillanceDueOn": "2027-05-08",
            "recertification": 0,
            "supersedes": "https://xb.example.cn/c/0000000000000022",
            "scoreSheetDigest": format!("sha256:{}", "0f".repeat(32)),
        },
    })
}

fn signed(document: Value) -> String {
    let key = SigningKey { signer: &signer(), id: record().id, host: &host() };
    serde_json::to_string_pretty(&sign_document(document, key, at("2026-05-08T01:30:00Z")).unwrap()).unwrap()
}

/// What the W3C libraries say: `verified`, or `refused: ` and why.
pub fn theirs(certificate: &str, did: &Value, context: &Value, now: &str) -> String {
    theirs_with(certificate, did, context, now, &[])
}

/// The same, with the status lists that the certificate names.
pub fn theirs_with(certificate: &str, did: &Value, context: &Value, now: &str, lists: &[String]) -> String {
    let interop = root("tests/interop");
    assert!(
        interop.join("node_modules").is_dir(),
        "tests/interop/node_modules is missing: run scripts/test, which installs it (or: npm ci in tests/interop)"
    );
    let folder = tempfile::tempdir().unwrap();
    let files =
        [("certificate.json", certificate.to_owned()), ("did.json", did.to_string()), ("ns.json", context.to_string())];
    let paths = files.map(|(name, text)| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    });
    let lists = lists.iter().enumerate().map(|(n, list)| {
        let path = folder.path().join(format!("list-{n}.json"));
        std::fs::write(&path, list).unwrap();
        path
    });
    let run = Command::new("node").arg(interop.join("verify.mjs")).args(paths).arg(now).args(lists).output();
    let run = run.unwrap_or_else(|e| panic!("node 20 or later must be installed: {e}"));
    let said = String::from_utf8(run.stdout).unwrap().trim().to_owned();
    let expected = if said == "verified" { Some(0) } else { Some(1) };
    assert_eq!(run.status.code(), expected, "{said} {}", String::from_utf8_lossy(&run.stderr));
    said
}

fn ours(certificate: &str, keys: &KeyDocument) -> &'static str {
    match parse_strict(certificate.as_bytes()) {
        Ok(document) => match verify_credential(&document, |url| keys.resolve(url)) {
            Ok(_) => "verified",
            Err(failure) => failure.code(),
        },
        Err(refusal) => refusal.code,
    }
}

pub fn context() -> Value {
    serde_json::from_slice(&std::fs::read(root("assets/ns-v1.json")).unwrap()).unwrap()
}

#[test]
fn a_certificate_verifies_there_and_here() {
    let keys = key_document(record());
    let text = signed(certificate());
    assert_eq!(theirs(&text, &keys.to_did_json(), &context(), NOW), "verified");
    // Ours reads the very document they read.
    let reread = KeyDocument::parse(keys.to_did_json().to_string().as_bytes()).unwrap();
    assert_eq!(ours(&text, &reread), "verified");
}

#[test]
fn a_certificate_outlives_its_retired_key_but_not_a_compromised_one() {
    let text = signed(certificate());
    let retired = key_document(KeyRecord { retired_at: Some(at("2026-06-01T00:00:00Z")), ..record() });
    assert_eq!(theirs(&text, &retired.to_did_json(), &context(), NOW), "verified");
    // Who cannot look into the log must not trust it; our own verifier goes on to ask the log.
    let compromised = key_document(KeyRecord { compromised_at: Some(at("2026-08-01T00:00:00Z")), ..record() });
    let said = theirs(&text, &compromised.to_did_json(), &context(), NOW);
    assert!(said.contains("not authorized"), "{said}");
    assert_eq!(ours(&text, &compromised), "verified");
}

#[test]
fn one_changed_byte_is_refused_there_and_here() {
    let keys = key_document(record());
    let text = signed(certificate());
    for (from, to) in [
        ("五星级", "四星级"),
        ("29326SC10002R0M", "29326SC10003R0M"),
        ("2029-05-07T15:59:59Z", "2030-05-07T15:59:59Z"),
        ("\"recertification\": 0", "\"recertification\": 1"),
        ("2026-05-08T01:30:00Z", "2026-05-08T01:30:01Z"),
        ("c/0000000000000011", "c/0000000000000012"),
    ] {
        let changed = text.replacen(from, to, 1);
        assert_ne!(changed, text, "{from}");
        assert_eq!(theirs(&changed, &keys.to_did_json(), &context(), NOW), "refused: Invalid signature.", "{from}");
        assert_eq!(ours(&changed, &keys), "signature_bad", "{from}");
    }
}

#[test]
fn what_else_is_wrong_is_refused_there_and_here() {
    let keys = key_document(record());
    let did = keys.to_did_json();
    let text = signed(certificate());
    let refused = |text: &str, did: &Value, context: &Value, now: &str, why: &str| {
        let said = theirs(text, did, context, now);
        assert!(said.starts_with("refused: ") && said.contains(why), "{said}");
    };
    refused(&text, &did, &context(), "2029-05-07T16:00:00Z", "is after \"validUntil\"");
    refused(&text, &did, &context(), "2026-05-07T15:00:00Z", "is before \"validFrom\"");
    // Another key under the same name.
    let other = LocalSigner::from_seed(&Zeroizing::new([19; 32])).unwrap().public();
    let forged = key_document(KeyRecord { public: other, ..record() });
    refused(&text, &forged.to_did_json(), &context(), NOW, "Invalid signature");
    assert_eq!(ours(&text, &forged), "signature_bad");
    // The key of another purpose.
    let marked = text.replace("#credential-1", "#mark-1");
    refused(&marked, &did, &context(), NOW, "Invalid signature");
    assert_eq!(ours(&marked, &keys), "key_purpose_wrong");
    // Every member must be a term of the context we serve.
    let mut shorter = context();
    shorter["@context"].as_object_mut().unwrap().remove("scoreSheetDigest").unwrap();
    refused(&text, &did, &shorter, NOW, "Safe mode");
    // An issuer that is not the key's controller.
    let mut foreign = certificate();
    foreign["issuer"] = "did:web:evil.example".into();
    let foreign = signed(foreign);
    refused(&foreign, &did, &context(), NOW, "must match the verification method controller");
    assert_eq!(ours(&foreign, &keys), "issuer_mismatch");
    // A second reading of the same member: JavaScript takes the last, we take none.
    let twice = text.replacen("\"level\":", "\"level\": \"三星级\", \"level\":", 1);
    assert_eq!(theirs(&twice, &did, &context(), NOW), "verified");
    assert_eq!(ours(&twice, &keys), "json_duplicate_member");
}

/// The key as an outsider reads it from our two key documents is the one that signed.
#[test]
fn jwks_and_did_tell_the_same_key() {
    let keys = key_document(record());
    let jwks = keys.to_jwks_json();
    assert_eq!(jwks["keys"][0]["kid"], keys.to_did_json()["verificationMethod"][0]["id"]);
    let script = "process.stdout.write(Buffer.from(process.argv[1], 'base64url').toString('hex'))";
    let run = Command::new("node").args(["-e", script, jwks["keys"][0]["x"].as_str().unwrap()]).output().unwrap();
    assert_eq!(unhex(&String::from_utf8(run.stdout).unwrap()), signer().public().to_bytes());
}
