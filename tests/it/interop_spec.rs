//! A second verifier, written from docs/SPEC-*.md alone (`tests/interop/from_spec.py`), and ours: one answer to everything,
//! genuine or not.

use crate::harness::{TestApp, decision, noon};
use crate::store_kit::Rng;
use crate::vectors_support::root;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use jiff::Timestamp;
use serde_json::{Value, json};
use starmark::domain::Host;
use starmark::service::{Act, Actor};
use starmark::sign::{KeyDocument, KeyId, KeyRecord, LocalSigner, Purpose, Signer as _, SigningKey, sign_document};
use starmark::verify::{Verdict, certificate, mark};
use std::io::Write as _;
use std::process::{Command, Stdio};
use zeroize::Zeroizing;

enum Input {
    Certificate(Vec<u8>),
    Mark(String),
}

/// What both say: verdict, whether anything is genuine, and every check.
fn shape(verdict: &Verdict, genuine: bool) -> Value {
    let checks: Vec<Value> = verdict.checks.iter().map(|c| json!([c.check, c.result, c.code])).collect();
    json!({ "verdict": verdict.verdict, "genuine": genuine, "checks": checks })
}

fn ours(input: &Input, keys: &KeyDocument, now: Timestamp, at: Timestamp) -> Value {
    match input {
        Input::Certificate(bytes) => {
            let found = certificate::verify_offline(bytes, keys, now, at);
            shape(&found.verdict, found.genuine.is_some())
        }
        Input::Mark(text) => {
            let found = mark::verify_offline(text, keys, None, now, at);
            shape(&found.verdict, found.genuine.is_some())
        }
    }
}

fn theirs(inputs: &[Input], keys: &[u8], now: Timestamp, at: Timestamp) -> Vec<Value> {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(keys).unwrap();
    let lines: Vec<String> = inputs
        .iter()
        .map(|input| match input {
            Input::Certificate(bytes) => json!({ "certificate": BASE64.encode(bytes) }).to_string(),
            Input::Mark(text) => json!({ "mark": text }).to_string(),
        })
        .collect();
    let mut asked = tempfile::tempfile().unwrap();
    asked.write_all((lines.join("\n") + "\n").as_bytes()).unwrap();
    std::io::Seek::rewind(&mut asked).unwrap();
    let mut python = Command::new("python3");
    python.arg(root("tests/interop/from_spec.py")).arg(file.path()).args([now.to_string(), at.to_string()]);
    let output = python.stdin(Stdio::from(asked)).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().map(|l| serde_json::from_str(l).unwrap()).collect()
}

/// The codes of the strict reader are one: which of several faults it tells is left open.
fn settled(mut answer: Value) -> Value {
    let code = answer["checks"][0][2].as_str().unwrap();
    if code.starts_with("json_") {
        answer["checks"][0][2] = json!("json_…");
    }
    answer
}

#[track_caller]
fn agree(inputs: &[Input], keys: &[u8], now: Timestamp, at: Timestamp) -> Vec<String> {
    let document = KeyDocument::parse(keys).unwrap();
    let answers = theirs(inputs, keys, now, at);
    assert_eq!(answers.len(), inputs.len());
    let mut verdicts = vec![];
    for (input, theirs) in inputs.iter().zip(answers) {
        let shown = match input {
            Input::Certificate(bytes) => String::from_utf8_lossy(bytes).into_owned(),
            Input::Mark(text) => text.clone(),
        };
        let ours = ours(input, &document, now, at);
        assert_eq!(settled(ours.clone()), settled(theirs), "{shown}");
        verdicts.push(ours["verdict"].as_str().unwrap().to_owned());
    }
    verdicts
}

async fn issued(app: &TestApp, reference: &str, day: &str) -> (Vec<u8>, String) {
    let mut decided = decision(reference, day);
    decided["scope"] = json!("“家用电器”\\ 的售后服务");
    let id = app.issue(&decided).await["id"].as_str().unwrap().to_owned();
    let marks = format!("/api/v1/issuing/certificates/{id}/marks");
    let mark = app.post(&marks, &json!({"medium": "packaging"})).await.is(201).json();
    let record = app.get(&format!("/api/v1/certificates/{id}/credential")).await.is(200).bytes;
    (record, format!("https://xb.example.cn/m/{}", mark["digits"].as_str().unwrap()))
}

#[tokio::test]
async fn both_say_the_same_of_every_key_at_every_time() {
    let app = TestApp::on("2026-05-08");
    let mut inputs = vec![];
    let mut issue = async |reference: &str, day: &str| {
        let (record, mark) = issued(&app, reference, day).await;
        inputs.extend([Input::Certificate(record), Input::Mark(mark)]);
    };
    issue("D-1", "2026-05-08").await;
    app.today("2026-05-20");
    app.rotate(Purpose::Credential);
    app.rotate(Purpose::Mark);
    issue("D-2", "2026-05-20").await;
    app.today("2026-05-21");
    issue("D-3", "2026-05-21").await;
    let before = app.get("/.well-known/did.json").await.bytes;
    for (key, since) in [("credential-1", "2026-05-09"), ("mark-1", "2026-05-09"), ("credential-2", "2026-05-20")] {
        let operator = Act::by(Actor::local("test"));
        app.service.compromise_key(&operator, KeyId::parse(key).unwrap(), Some(noon(since))).unwrap();
    }
    let after = app.get("/.well-known/did.json").await.bytes;
    let now = app.service.now();
    let mut seen = std::collections::BTreeSet::new();
    for at in [now, noon("2026-05-07"), noon("2026-06-01"), noon("2029-05-07"), noon("2029-05-20"), noon("2040-01-01")]
    {
        seen.extend(agree(&inputs, &before, now, at));
        seen.extend(agree(&inputs, &after, now, at));
    }
    // As if nobody had signed yet: the clock of whoever verifies may be wrong.
    seen.extend(agree(&inputs, &before, noon("2026-05-01"), noon("2026-05-01")));
    assert_eq!(seen.into_iter().collect::<Vec<_>>(), ["invalid", "undetermined", "valid"]);
    // A window that begins or ends within the second, or the day, of a signature: D-1 of the 8th, D-2 of the 20th.
    let text = String::from_utf8(before).unwrap().replace("2026-05-08T04:00:00Z", "2026-05-01T00:00:00Z");
    let moved = |member: &str, to: &str| {
        let from = format!("\"{member}\":\"2026-05-20T04:00:00Z\"");
        assert!(text.contains(&from));
        text.replace(&from, &format!("\"{member}\":\"{to}\"")).into_bytes()
    };
    for begins in ["04:00:00Z", "04:00:00.001Z", "04:00:02Z", "15:59:59Z", "16:00:00Z"] {
        agree(&inputs, &moved("validFrom", &format!("2026-05-20T{begins}")), now, now);
    }
    let day = ["07T16:00:00Z", "07T16:00:00.001Z", "08T03:59:59Z", "08T04:00:00Z", "08T04:00:00.001Z", "08T16:00:00Z"];
    let last = day.map(|ends| agree(&inputs, &moved("retiredAt", &format!("2026-05-{ends}")), now, now)[..2].to_vec());
    assert_eq!(last[0], ["invalid", "invalid"]);
    assert_eq!(last[3], ["invalid", "valid"], "a mark names its day only");
    assert_eq!(last[5], ["valid", "valid"]);
}

/// Members of the proof and the document, each removed, others put in, and with `replaced` each of another type and value.
fn reshaped(record: &[u8], replaced: bool) -> Vec<Vec<u8>> {
    let whole: Value = serde_json::from_slice(record).unwrap();
    let pointers = ["", "/proof", "/credentialSubject", "/credentialSubject/holder", "/credentialSubject/sites/0"];
    let values = [json!(null), json!(1), json!(true), json!([]), json!({}), json!("x"), json!("2026-05-08T04:00:00Z")];
    let mut out = vec![];
    for pointer in pointers {
        let names: Vec<String> = whole.pointer(pointer).unwrap().as_object().unwrap().keys().cloned().collect();
        for name in names.iter().map(String::as_str).chain(["domain", "note"]) {
            let changed = |change: &dyn Fn(&mut serde_json::Map<String, Value>)| {
                let mut value = whole.clone();
                change(value.pointer_mut(pointer).unwrap().as_object_mut().unwrap());
                value.to_string().into_bytes()
            };
            out.push(changed(&|members| drop(members.remove(name))));
            if names.iter().any(|n| n == name) && !replaced {
                continue;
            }
            out.extend(values.iter().map(|v| changed(&|members| drop(members.insert(name.into(), v.clone())))));
        }
    }
    out
}

#[tokio::test]
async fn both_say_the_same_of_a_thousand_changed_certificates_and_marks() {
    let app = TestApp::on("2026-05-08");
    let (record, mark) = issued(&app, "D-1", "2026-05-08").await;
    let (other, other_mark) = issued(&app, "D-2", "2026-05-08").await;
    let mut rng = Rng(27_922);
    let mut inputs: Vec<Input> = reshaped(&record, true).into_iter().map(Input::Certificate).collect();
    let pieces: [&[u8]; 12] =
        [b"\"", b"{", b"]", b",", b":", b" ", b"0", b"\\ud800", b"\xff", b"\xef\xbf\xbf", b"\"a\":1,", b"\xef\xbb\xbf"];
    for _ in 0..600 {
        let at = rng.below(record.len() as u64) as usize;
        let mut changed = record.clone();
        match rng.below(4) {
            0 => changed[at] ^= 1 << rng.below(8),
            1 => drop(changed.remove(at)),
            2 => drop(changed.splice(at..at, pieces[rng.below(12) as usize].iter().copied())),
            _ => changed.truncate(at),
        }
        inputs.push(Input::Certificate(changed));
    }
    let same: Value = serde_json::from_slice(&record).unwrap();
    inputs.push(Input::Certificate(serde_json::to_vec_pretty(&same).unwrap()));
    let mut swapped: Value = serde_json::from_slice(&other).unwrap();
    swapped["proof"] = same["proof"].clone();
    inputs.push(Input::Certificate(swapped.to_string().into_bytes()));
    let (front, digits) = mark.rsplit_once('/').unwrap();
    for _ in 0..600 {
        let mut changed = digits.to_owned();
        let at = rng.below(digits.len() as u64) as usize;
        match rng.below(4) {
            0 => drop(changed.remove(at)),
            1 => changed.insert(at, ['0', '9', 'a', '１', '?', ' '][rng.below(6) as usize]),
            _ => changed.replace_range(at..=at, &rng.below(10).to_string()),
        }
        inputs.push(Input::Mark(format!("{front}/{changed}")));
    }
    let addresses = [
        "http://xb.example.cn/m/",
        "https://xb.example.cn:443/m/",
        "https://XB.example.cn/m/",
        "https://xb-example.cn/m/",
        "https://a@xb.example.cn/m/",
        "https://127.0.0.1:8080/m/",
        "http://localhost/m/",
        "https://xb.example.cn/M/",
        "",
        "https://xb.example.cn/m//",
        "https://[::1]/m/",
        "https://xb.example.cn:99999/m/",
        " https://xb.example.cn/m/",
    ];
    for address in addresses {
        for digits in [digits, "0000000000000011", "0000000000000012", "2814749767106560", "1", &"9".repeat(217)] {
            inputs.push(Input::Mark(format!("{address}{digits}")));
        }
    }
    inputs.push(Input::Mark(other_mark));
    let keys = app.get("/.well-known/did.json").await.bytes;
    let verdicts = agree(&inputs, &keys, app.service.now(), app.service.now());
    assert!(verdicts.len() > 1_500, "{}", verdicts.len());
    let valid = verdicts.iter().filter(|v| *v == "valid").count();
    // What differs in nothing but its writing stays good, and digits now and then are replaced by themselves.
    assert!((5..150).contains(&valid), "{valid}");
}

#[tokio::test]
async fn both_say_the_same_of_what_the_body_itself_signed_in_another_shape() {
    let app = TestApp::on("2026-05-08");
    let (record, _) = issued(&app, "D-1", "2026-05-08").await;
    let signer = LocalSigner::from_seed(&Zeroizing::new([7; 32])).unwrap();
    let (id, host) = (KeyId::new(Purpose::Credential, 1).unwrap(), Host::parse("xb.example.cn").unwrap());
    let key = KeyRecord::new(id, signer.public(), noon("2026-05-01"));
    let keys = KeyDocument::new(host.clone(), None, vec![key]).unwrap().to_did_json().to_string();
    let mut inputs = vec![];
    for bytes in reshaped(&record, false) {
        let mut document: Value = serde_json::from_slice(&bytes).unwrap();
        document.as_object_mut().unwrap().remove("proof");
        let key = SigningKey { signer: &signer, id, host: &host };
        if let Ok(signed) = sign_document(document, key, app.service.now()) {
            inputs.push(Input::Certificate(signed.to_string().into_bytes()));
        }
    }
    let verdicts = agree(&inputs, keys.as_bytes(), app.service.now(), app.service.now());
    let valid = verdicts.iter().filter(|v| *v == "valid").count();
    assert!(verdicts.len() > 80 && valid > 0, "{valid} of {}", verdicts.len());
}
