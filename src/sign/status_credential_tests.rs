use super::super::credential;
use super::super::keys::{KeyId, KeyRecord};
use super::super::proof::{SigningKey, sign_document, verify_credential};
use super::super::signer::{LocalSigner, Signer as _};
use super::*;
use crate::domain::CertificateId;
use crate::domain::record::Terms;
use zeroize::Zeroizing;

fn host() -> Host {
    Host::parse("xb.example.cn").unwrap()
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn list() -> StatusList {
    StatusList {
        purpose: StatusPurpose::Revocation,
        list: 1,
        valid_from: at("2026-05-08T04:00:00Z"),
        valid_until: at("2026-05-09T04:00:00Z"),
        encoded: "uH4sIAAAA".into(),
        ttl: 300_000,
    }
}

fn terms(status: Option<StatusEntry>) -> Terms {
    let mut terms = json!({
        "number": "29326SC10002R0M",
        "holder": {"name": "示例电器有限公司", "uscc": "91110108551385082Q", "address": "北京市示例路1号"},
        "level": "five_star", "scheme": "gbt27922-2011", "standard": "GB/T 27922-2011",
        "scope": "家用电器的售后服务", "sites": [],
        "body": {"name": "示例认证中心", "address": "北京市示例路2号", "approval_number": "CNCA-R-2026-293"},
        "issued_on": "2026-05-08", "first_issued_on": "2026-05-08", "valid_until": "2029-05-07",
        "surveillance_due_on": "2027-05-08", "recertification": 0,
    });
    if let Some(status) = status {
        terms["status"] = json!(status);
    }
    serde_json::from_value(terms).unwrap()
}

#[test]
fn a_list_is_written_as_the_recommendation_has_it_and_read_again() {
    let document = document(&host(), &list());
    assert_eq!(document["id"], "https://xb.example.cn/status/revocation/1");
    assert_eq!(document["credentialSubject"]["id"], "https://xb.example.cn/status/revocation/1#list");
    assert_eq!(document["validUntil"], "2026-05-09T04:00:00Z");
    let signer = LocalSigner::from_seed(&Zeroizing::new([7; 32])).unwrap();
    let id = KeyId::parse("credential-1").unwrap();
    let key = KeyRecord::new(id, signer.public(), at("2026-01-01T00:00:00Z"));
    let signed =
        sign_document(document, SigningKey { signer: &signer, id, host: &host() }, at("2026-05-08T04:00:00Z")).unwrap();
    verify_credential(&signed, |_| Some(&key)).unwrap();
    assert_eq!(read(&host(), &signed).unwrap(), list());
    assert_eq!(read(&Host::parse("xa.example.cn").unwrap(), &signed).unwrap_err().code, "not_a_status_list");
}

#[test]
fn a_list_covers_both_its_ends() {
    let covers = |text: &str| list().covers(at(text));
    assert!(covers("2026-05-08T04:00:00Z") && covers("2026-05-09T04:00:00Z"));
    assert!(!covers("2026-05-08T03:59:59.999Z") && !covers("2026-05-09T04:00:00.001Z"));
}

#[test]
fn a_document_that_is_not_wholly_ours_is_no_list() {
    let good = document(&host(), &list());
    for (pointer, value) in [
        ("/@context", json!(["https://www.w3.org/ns/credentials/v2", "https://xb.example.cn/ns/v1"])),
        ("/id", json!("https://xb.example.cn/status/suspension/1")),
        ("/id", json!("https://xb.example.cn/status/revocation/01")),
        ("/id", json!("https://xb.example.cn/status/revocation/0")),
        ("/id", json!("https://xb.example.cn/status/revocation/1000001")),
        ("/id", json!("https://xb.example.cn.evil/status/revocation/1")),
        ("/type", json!(["BitstringStatusListCredential", "VerifiableCredential"])),
        ("/issuer", json!({"id": "did:web:xb.example.cn"})),
        ("/issuer", json!("did:web:evil.example")),
        ("/validFrom", json!("2026-05-08T12:00:00+08:00")),
        ("/validFrom", json!("2026-05-08T04:00:00.5Z")),
        ("/validFrom", json!("2026-05-09T04:00:01Z")),
        ("/validUntil", json!(null)),
        ("/credentialSubject", json!([])),
        ("/credentialSubject/id", json!("https://xb.example.cn/status/revocation/1")),
        ("/credentialSubject/type", json!("BitstringStatusListCredential")),
        ("/credentialSubject/statusPurpose", json!(["revocation", "suspension"])),
        ("/credentialSubject/statusPurpose", json!("refresh")),
        ("/credentialSubject/encodedList", json!(["u"])),
        ("/credentialSubject/ttl", json!(0)),
        ("/credentialSubject/ttl", json!("300000")),
    ] {
        let mut changed = good.clone();
        *changed.pointer_mut(pointer).unwrap() = value;
        assert_eq!(read(&host(), &changed).unwrap_err().code, "not_a_status_list", "{pointer}: {changed}");
    }
    for (pointer, name) in [("", "credentialStatus"), ("/credentialSubject", "statusSize")] {
        let mut more = good.clone();
        more.pointer_mut(pointer).unwrap()[name] = json!(2);
        assert_eq!(read(&host(), &more).unwrap_err().code, "not_a_status_list", "{name}");
    }
}

#[test]
fn a_certificates_place_is_written_twice_and_read_back() {
    let id = CertificateId::from_bytes([1; 6]);
    let with = terms(Some(StatusEntry::new(3, 94_567).unwrap()));
    let document = credential::document(&host(), id, &with);
    let entry = |purpose: &str| {
        json!({
            "id": format!("https://xb.example.cn/status/{purpose}/3#94567"), "type": "BitstringStatusListEntry",
            "statusPurpose": purpose, "statusListIndex": "94567",
            "statusListCredential": format!("https://xb.example.cn/status/{purpose}/3"),
        })
    };
    assert_eq!(document["credentialStatus"], json!([entry("revocation"), entry("suspension")]));
    assert_eq!(credential::read(&host(), &document).unwrap(), (id, with));
    // One of before there were lists.
    let old = credential::document(&host(), id, &terms(None));
    assert!(old.get("credentialStatus").is_none());
    assert_eq!(credential::read(&host(), &old).unwrap(), (id, terms(None)));
}

#[test]
fn a_credential_status_of_another_form_is_no_certificate_of_ours() {
    let id = CertificateId::from_bytes([1; 6]);
    let good = credential::document(&host(), id, &terms(Some(StatusEntry::new(3, 94_567).unwrap())));
    let entries = good["credentialStatus"].clone();
    let mut forms = vec![
        json!(null),
        json!([]),
        json!({}),
        entries[0].clone(),
        json!([entries[0]]),
        json!([entries[1], entries[0]]),
        json!([entries[0], entries[0]]),
        json!([entries[0], entries[1], entries[1]]),
    ];
    for (pointer, value) in [
        ("/0/statusListIndex", json!(94_567)),
        ("/0/statusListIndex", json!("131072")),
        ("/0/statusListIndex", json!("094567")),
        ("/1/statusListIndex", json!("94568")),
        ("/1/statusListCredential", json!("https://xb.example.cn/status/suspension/4")),
        ("/0/statusListCredential", json!("https://evil.example/status/revocation/3")),
        ("/0/statusPurpose", json!("suspension")),
        ("/0/type", json!("StatusList2021Entry")),
        ("/0/id", json!("https://xb.example.cn/status/revocation/3#94568")),
    ] {
        let mut changed = entries.clone();
        *changed.pointer_mut(pointer).unwrap() = value;
        forms.push(changed);
    }
    let mut more = entries.clone();
    more[0]["statusSize"] = json!(1);
    forms.push(more);
    for form in forms {
        let mut changed = good.clone();
        changed["credentialStatus"] = form;
        let refused = credential::read(&host(), &changed).map(|_| ());
        assert_eq!(refused.unwrap_err().code, "not_a_certificate", "{}", changed["credentialStatus"]);
    }
}
