//! A second reader of status lists, written from docs/SPEC-status.md and SPEC-verdict.md alone
//! (`tests/interop/from_spec_status.py`), and ours: one answer to everything, genuine or not.

use crate::harness::{TestApp, decision, noon};
use crate::store_kit::Rng;
use crate::vectors_support::root;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use starmark::domain::status_entry::LIST_ENTRIES;
use starmark::domain::{CertificateId, Host, StatusEntry};
use starmark::sign::{KeyDocument, KeyId, KeyRecord, LocalSigner, Purpose, Signer as _, SigningKey, sign_document};
use starmark::status::Bitstring;
use starmark::verify::status;
use std::collections::BTreeMap;
use std::io::Write as _;
use std::process::{Command, Stdio};
use zeroize::Zeroizing;

struct Asked {
    place: StatusEntry,
    lists: Vec<Vec<u8>>,
}

fn theirs(all: &[Asked], keys: &[u8], now: Timestamp, at: Timestamp) -> Vec<Value> {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(keys).unwrap();
    let mut lines = tempfile::tempfile().unwrap();
    for asked in all {
        let lists: Vec<String> = asked.lists.iter().map(|l| BASE64.encode(l)).collect();
        writeln!(lines, "{}", json!({"place": [asked.place.list(), asked.place.index()], "lists": lists})).unwrap();
    }
    std::io::Seek::rewind(&mut lines).unwrap();
    let mut python = Command::new("python3");
    python.arg(root("tests/interop/from_spec_status.py")).arg(file.path()).args([now.to_string(), at.to_string()]);
    let output = python.env("PYTHONDONTWRITEBYTECODE", "1").stdin(Stdio::from(lines)).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().lines().map(|l| serde_json::from_str(l).unwrap()).collect()
}

/// Both say the same; how often each code was said.
#[track_caller]
fn agree(all: &[Asked], keys: &[u8], now: Timestamp, at: Timestamp) -> BTreeMap<&'static str, usize> {
    let document = KeyDocument::parse(keys).unwrap();
    let answers = theirs(all, keys, now, at);
    assert_eq!(answers.len(), all.len());
    let mut codes = BTreeMap::new();
    for (asked, theirs) in all.iter().zip(answers) {
        let lists: Vec<Value> = asked.lists.iter().map(|l| status::read_bytes(l)).collect();
        let ours = status::check(Some(asked.place), &lists, &document, at, now);
        let shown: Vec<_> = asked.lists.iter().map(|l| String::from_utf8_lossy(l)).collect();
        assert_eq!(json!([ours.result, ours.code]), theirs, "{at} {shown:?}");
        *codes.entry(ours.code).or_default() += 1;
    }
    codes
}

async fn lists(app: &TestApp) -> [Vec<u8>; 2] {
    let [one, other] = ["revocation", "suspension"].map(|p| format!("/status/{p}/1"));
    [app.get(&one).await.is(200).bytes, app.get(&other).await.is(200).bytes]
}

#[tokio::test]
async fn both_say_the_same_of_every_standing_at_every_time_and_of_changed_lists() {
    let app = TestApp::on("2026-05-08");
    let mut places = vec![];
    for (n, order) in [None, Some(("suspension", "0112")), Some(("withdrawal", "0199"))].into_iter().enumerate() {
        let id = app.issue(&decision(&format!("D-{n}"), "2026-05-08")).await["id"].as_str().unwrap().to_owned();
        if let Some((what, reason)) = order {
            app.order(&id, what, json!({"reason": reason})).await.is(200);
        }
        let id = CertificateId::parse(&id).unwrap();
        places.push(app.service.store().certificate(id).unwrap().unwrap().terms().status.unwrap());
    }
    let early = lists(&app).await;
    app.clock.set(noon("2026-05-08") + SignedDuration::from_hours(13));
    let late = lists(&app).await;
    assert_ne!(early, late);
    let mut all = vec![];
    for place in places.iter().copied().chain([StatusEntry::new(2, 1).unwrap()]) {
        let mut ask = |lists: Vec<Vec<u8>>| all.push(Asked { place, lists });
        ask(vec![]);
        ask(early.to_vec());
        ask(late[..1].to_vec());
        ask(late[1..].to_vec());
        ask(vec![late[1].clone(), early[1].clone(), early[0].clone(), late[0].clone()]);
        ask(vec![b"{".to_vec(), late[0].clone()]);
    }
    let mut rng = Rng(27_922);
    for _ in 0..300 {
        let mut changed = late[0].clone();
        let at = rng.below(changed.len() as u64) as usize;
        match rng.below(3) {
            0 => changed[at] ^= 1 << rng.below(7),
            1 => drop(changed.remove(at)),
            _ => changed.insert(at, b"\"{],: 0a"[rng.below(8) as usize]),
        }
        all.push(Asked { place: places[2], lists: vec![changed, late[1].clone()] });
    }
    let before = app.get("/.well-known/did.json").await.bytes;
    let operator = starmark::service::Act::by(starmark::service::Actor::local("test"));
    app.service.compromise_key(&operator, KeyId::parse("credential-1").unwrap(), None).unwrap();
    let after = app.get("/.well-known/did.json").await.bytes;
    let now = app.service.now();
    let mut seen = BTreeMap::new();
    for hours in [-14, -13, -12, 0, 1, 10, 11, 12, 23, 24, 25] {
        seen.extend(agree(&all, &before, now, now + SignedDuration::from_hours(hours)));
    }
    seen.extend(agree(&all, &after, now, now));
    assert_eq!(seen.len(), 9, "every code but that of a certificate without a place: {seen:?}");
}

#[test]
fn both_say_the_same_of_what_the_body_itself_signed_in_another_shape() {
    let signer = LocalSigner::from_seed(&Zeroizing::new([7; 32])).unwrap();
    let (id, host) = (KeyId::new(Purpose::Credential, 1).unwrap(), Host::parse("xb.example.cn").unwrap());
    let now = noon("2026-05-08");
    let keys = KeyDocument::new(host.clone(), None, vec![KeyRecord::new(id, signer.public(), now)]).unwrap();
    let case = |name: &str| -> Value {
        let path = root("tests/vectors/status").join(name);
        serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
    };
    let good = case("bitstring-good.json")["encoded"].clone();
    let document = |purpose: &str, encoded: &Value| {
        let address = format!("https://{host}/status/{purpose}/1");
        json!({
            "@context": ["https://www.w3.org/ns/credentials/v2"], "id": address,
            "type": ["VerifiableCredential", "BitstringStatusListCredential"], "issuer": host.did(),
            "validFrom": now.to_string(), "validUntil": (now + SignedDuration::from_hours(24)).to_string(),
            "credentialSubject": {
                "id": format!("{address}#list"), "type": "BitstringStatusList", "statusPurpose": purpose,
                "encodedList": encoded, "ttl": 300_000,
            },
        })
    };
    let sign = |document: Value| {
        let key = SigningKey { signer: &signer, id, host: &host };
        sign_document(document, key, now).ok().map(|signed| signed.to_string().into_bytes())
    };
    let other = sign(document("suspension", &json!(Bitstring::new(LIST_ENTRIES).unwrap().encode().unwrap()))).unwrap();
    let mut forms: Vec<(u32, Value)> = vec![];
    for entry in std::fs::read_dir(root("tests/vectors/status")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        if name.starts_with("bitstring-") {
            let index = case(&name)["index"].as_u64().unwrap().min(131_071) as u32;
            forms.push((index, document("revocation", &case(&name)["encoded"])));
        }
    }
    let values = [json!(null), json!(1), json!(0), json!([]), json!({}), json!("x"), json!("2026-05-08T04:00:00Z")];
    for pointer in ["", "/credentialSubject"] {
        let whole = document("revocation", &good);
        let names: Vec<String> = whole.pointer(pointer).unwrap().as_object().unwrap().keys().cloned().collect();
        for name in names.iter().map(String::as_str).chain(["note"]) {
            for value in &values {
                let mut changed = whole.clone();
                changed.pointer_mut(pointer).unwrap()[name] = value.clone();
                forms.push((94_567, changed));
            }
            let mut changed = whole.clone();
            changed.pointer_mut(pointer).unwrap().as_object_mut().unwrap().remove(name);
            forms.push((94_567, changed));
        }
    }
    let asked = forms.into_iter().filter_map(|(index, form)| {
        Some(Asked { place: StatusEntry::new(1, index).unwrap(), lists: vec![sign(form)?, other.clone()] })
    });
    let asked: Vec<Asked> = asked.collect();
    let codes = agree(&asked, keys.to_did_json().to_string().as_bytes(), now, now);
    assert!(asked.len() > 120 && codes["status_list_unreadable"] > 100 && codes["status_revoked"] > 0, "{codes:?}");
}
