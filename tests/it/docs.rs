//! What the documents say, a reader can rely on: samples issue and import, every member and code has its line.

use crate::cli_kit::{Desk, run_in};
use crate::harness::{TestApp, decision};
use crate::vectors_support::{hex, root};
use base64::Engine as _;
use jiff::civil::date;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use starmark::domain::{CertificateId, Role, Scheme};
use starmark::service::{Act, Actor, roster};
use starmark::sign::{KeyId, Purpose, canonicalize};
use starmark::store::RecordKind;
use std::collections::BTreeSet;

fn document(name: &str) -> String {
    std::fs::read_to_string(root("docs").join(name)).unwrap_or_else(|e| panic!("{name}: {e}"))
}

#[test]
fn the_sample_decision_issues_as_its_page_says() {
    let desk = Desk::new();
    desk.file("decision.json", document("samples/decision.json"));
    let line = desk.run(&["issue", "decision.json", "--json"]).is(0).json();
    assert_eq!((&line["level"], &line["score"]), (&json!("four_star"), &json!("94.07")));
    let mut shown = line.clone();
    shown["id"] = json!("1552665665367104");
    let page = document("SPEC-decision.md");
    assert!(page.contains(&shown.to_string()), "{shown}");
    assert!(page.contains("9125/97") && page.contains("4611/50"));
    let mut members = BTreeSet::new();
    names(&serde_json::from_str(&document("samples/decision.json")).unwrap(), &mut members);
    explained(&members, &page);
}

/// The text of the blocks of code of that language in a page.
fn blocks<'p>(page: &'p str, language: &str) -> Vec<&'p str> {
    let fence = format!("```{language}\n");
    page.split(&fence).skip(1).filter_map(|rest| rest.split("```").next()).collect()
}

#[test]
fn the_commands_of_the_readme_run_as_they_stand_there() {
    let page = std::fs::read_to_string(root("README.md")).unwrap();
    let temp = tempfile::tempdir().unwrap();
    let [body] = blocks(&page, "toml")[..] else { panic!("one body file") };
    std::fs::write(temp.path().join("body.toml"), body).unwrap();
    std::fs::create_dir_all(temp.path().join("docs/samples")).unwrap();
    std::fs::copy(root("docs/samples/decision.json"), temp.path().join("docs/samples/decision.json")).unwrap();
    let lines = blocks(&page, "sh").into_iter().flat_map(str::lines).filter(|l| l.starts_with("starmark "));
    let mut ran = vec![];
    for line in lines {
        let line = line.split('#').next().unwrap();
        let (command, out) = line.split_once('>').unwrap_or((line, ""));
        let words: Vec<&str> = command.split_whitespace().skip(1).collect();
        ran.push(words[0]);
        if words[0] == "serve" {
            continue; // It does not end by itself: cli_demo starts it.
        }
        let done = run_in(temp.path(), &words).is(0);
        if !out.trim().is_empty() {
            std::fs::write(temp.path().join(out.trim()), &done.out).unwrap();
        }
    }
    assert_eq!(ran, ["init", "issue", "mark", "kit", "key", "verify", "token", "serve"]);
}

#[test]
fn the_sample_roster_holds_every_status_and_no_fault() {
    let scheme = Scheme::parse(include_str!("../../schemes/gbt27922-2011.toml")).unwrap();
    let table = roster::read_table(document("samples/roster.csv").as_bytes(), "roster.csv").unwrap();
    let checked = table.check(date(2026, 6, 1), &scheme.intervals);
    assert!(checked.faults.is_empty() && checked.ignored_columns.is_empty(), "{:?}", checked.faults);
    let statuses: BTreeSet<String> =
        checked.rows.iter().map(|r| format!("{:?}", r.status).split(' ').next().unwrap().to_owned()).collect();
    assert_eq!((checked.rows.len(), statuses.len()), (6, 5), "{statuses:?}");
}

/// Every member name in a value, however deep.
fn names(value: &Value, into: &mut BTreeSet<String>) {
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                into.insert(name.clone());
                names(value, into);
            }
        }
        Value::Array(items) => items.iter().for_each(|v| names(v, into)),
        _ => {}
    }
}

#[track_caller]
fn explained<'a>(words: impl IntoIterator<Item = &'a String>, page: &str) {
    let words = words.into_iter();
    let missing: Vec<_> =
        words.filter(|w| !page.contains(&format!("`{w}`")) && !page.contains(&format!("\"{w}\""))).collect();
    assert!(missing.is_empty(), "not explained: {missing:?}");
}

/// A life in which everything happens that can.
async fn eventful() -> TestApp {
    let app = TestApp::on("2026-05-08");
    let operator = Act::by(Actor::local("test"));
    let mut ids = vec![];
    for n in 0..4 {
        ids.push(app.issue(&decision(&format!("D-{n}"), "2026-05-08")).await["id"].as_str().unwrap().to_owned());
    }
    let mark = async |id: &str, body: Value| {
        let path = format!("/api/v1/issuing/certificates/{id}/marks");
        app.post(&path, &body).await.is(201).json()["id"].as_str().unwrap().to_owned()
    };
    let word = async |mark: &str, what: &str, body: Value| {
        app.post(&format!("/api/v1/issuing/marks/{mark}/{what}"), &body).await.is(200);
    };
    mark(&ids[0], json!({"medium": "packaging", "brand": "示例", "products": "冰箱"})).await;
    mark(&ids[0], json!({"medium": "premises", "site": "示例总部"})).await;
    let asked = mark(&ids[1], json!({"medium": "product", "approve": false})).await;
    word(&asked, "refusal", json!({})).await;
    let revoked = mark(&ids[1], json!({"medium": "product"})).await;
    word(&revoked, "revocation", json!({"reason": "misuse", "note": "卷宗"})).await;
    mark(&ids[1], json!({"medium": "advertising"})).await;
    app.today("2026-05-09");
    app.order(&ids[0], "surveillance", json!({"on_site_ended_on": "2026-05-08", "outcome": "passed"})).await.is(200);
    app.order(&ids[0], "suspension", json!({"reason": "0112"})).await.is(200);
    app.order(&ids[0], "reinstatement", json!({})).await.is(200);
    app.order(&ids[1], "withdrawal", json!({"reason": "0199"})).await.is(200);
    app.order(&ids[2], "cancellation", json!({"reason": "holder_gone"})).await.is(200);
    let next = json!({"reason": "reissued", "decision": decision("D-9", "2026-05-09")});
    app.order(&ids[0], "supersession", next).await.is(201);
    app.rotate(Purpose::Credential);
    app.service.compromise_key(&operator, KeyId::parse("credential-1").unwrap(), None).unwrap();
    app.token_of(Role::Reader);
    app.service.revoke_token(&operator, "reader").unwrap();
    app
}

#[tokio::test]
async fn every_member_of_every_event_is_explained() {
    let app = eventful().await;
    let (mut kinds, mut members) = (BTreeSet::new(), BTreeSet::new());
    for entry in app.service.store().entries(0, usize::MAX).unwrap() {
        names(&serde_json::to_value(&entry.provenance).unwrap(), &mut members);
        for event in &entry.events {
            let event = serde_json::to_value(event).unwrap();
            kinds.insert(format!("{} {}", event["subject"], event["change"]));
            names(&event, &mut members);
        }
    }
    // Body, key 3, token 2, certificate 7, mark 8.
    assert_eq!(kinds.len(), 21, "{kinds:?}");
    explained(&members, &document("SPEC-events.md"));
}

#[tokio::test]
async fn every_member_of_a_certificate_and_a_key_document_is_explained() {
    let app = eventful().await;
    let list = app.get("/api/v1/certificates?uscc=91110108551385082Q").await.is(200).json();
    let mut members = BTreeSet::new();
    for item in list["items"].as_array().unwrap() {
        let id = item["id"].as_str().unwrap();
        names(&app.get(&format!("/api/v1/certificates/{id}/credential")).await.is(200).json(), &mut members);
    }
    assert!(members.contains("supersedes"));
    explained(&members, &document("SPEC-certificate.md"));
    for path in ["/.well-known/did.json", "/.well-known/jwks.json"] {
        let mut members = BTreeSet::new();
        names(&app.get(path).await.is(200).json(), &mut members);
        explained(&members, &document("SPEC-keys.md"));
    }
}

#[tokio::test]
async fn every_member_of_a_status_list_and_every_code_of_its_reader_is_explained() {
    let app = eventful().await;
    let page = document("SPEC-status.md");
    let mut members = BTreeSet::new();
    names(&app.get("/status/revocation/1").await.is(200).json(), &mut members);
    assert!(members.remove("proof") && members.contains("encodedList"));
    for option in ["cryptosuite", "created", "verificationMethod", "proofPurpose", "proofValue"] {
        assert!(members.remove(option), "{option}: the page of certificates has it");
    }
    for part in app.get("/status/token/1").await.is(200).text().split('.').take(2) {
        let part = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(part).unwrap();
        names(&serde_json::from_slice(&part).unwrap(), &mut members);
    }
    assert!(members.contains("lst") && members.contains("kid"));
    explained(&members, &page);
    let mut found = BTreeSet::new();
    for file in ["status/mod.rs", "sign/status_token.rs", "sign/status_credential.rs", "http/status.rs"] {
        found.append(&mut codes(&std::fs::read_to_string(root("src").join(file)).unwrap()));
    }
    assert!(found.len() > 20, "{found:?}");
    explained(&found, &page);
}

#[tokio::test]
async fn every_member_of_a_receipt_is_explained_and_described() {
    let app = TestApp::on("2026-05-08");
    let number = app.issue(&decision("D-1", "2026-05-08")).await["number"].clone();
    let question = json!({"certificate": number, "holder": "示例", "level": "五星", "scope": "示例"});
    let body =
        json!({"reference": "示例-1", "as_of": "2026-05-08", "certificates": [question, {"certificate": "X-1"}]});
    let request = axum::http::Request::post("/api/v1/receipts").header("content-type", "application/json");
    let receipt = app.send(request.body(body.to_string().into()).unwrap()).await.is(201).json();
    let page =
        ["receipt", "certificate", "verdict", "log", "events"].map(|p| document(&format!("SPEC-{p}.md"))).concat();
    let mut members = BTreeSet::new();
    names(&receipt, &mut members);
    members.insert("changed_that_day".to_owned());
    explained(&members, &page);
    let api: Value = serde_json::from_str(&starmark::http::openapi::document()).unwrap();
    let schema = |name: &str| api["components"]["schemas"][name]["properties"].as_object().unwrap().clone();
    let answer = &receipt["answers"][0];
    let described = [
        (schema("Receipt"), &receipt, vec![]),
        (schema("ReceiptAnswer"), answer, vec!["changed_that_day"]),
        (schema("ReceiptCertificate"), &answer["certificate"], vec![]),
        (schema("ReceiptCompared"), &answer["comparison"][0], vec![]),
        (schema("CheckBody"), &answer["checks"][0], vec![]),
    ];
    for (schema, value, absent) in described {
        let told: BTreeSet<&str> = schema.keys().map(String::as_str).collect();
        let there = value.as_object().unwrap().keys().map(String::as_str).chain(absent);
        assert_eq!(told, there.collect(), "{value}");
    }
}

#[tokio::test]
async fn the_salted_digest_is_made_as_its_page_says() {
    let app = TestApp::on("2026-05-08");
    let id = app.issue(&decision("D-1", "2026-05-08")).await["id"].as_str().unwrap().to_owned();
    let kept = app.staff_get(&format!("/api/v1/issuing/certificates/{id}/decision")).await.is(200).json();
    let salted = json!({"salt": kept["salt"], "score_sheet": kept["decision"]["score_sheet"]});
    let digest = hex(&Sha256::digest(canonicalize(&salted).unwrap()));
    let record = app.get(&format!("/api/v1/certificates/{id}/credential")).await.json();
    assert_eq!(record["credentialSubject"]["scoreSheetDigest"], format!("sha256:{digest}"));
    assert_eq!(kept["salt"].as_str().unwrap().len(), 32);
    let mut members = BTreeSet::new();
    names(&kept["score"], &mut members);
    explained(&members, &document("SPEC-decision.md"));
    let stored = app.service.store().record(RecordKind::Decision, CertificateId::parse(&id).unwrap()).unwrap().unwrap();
    assert_eq!(stored, canonicalize(&kept).unwrap(), "canonical bytes");
}

/// Texts in Rust code that look like a code: `snake_case` in quotes.
fn codes(rust: &str) -> BTreeSet<String> {
    let looks = |t: &&str| t.contains('_') && t.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
    rust.split('"').filter(looks).map(str::to_owned).collect()
}

#[test]
fn every_code_of_a_check_is_explained() {
    let pages = ["verdict", "certificate", "mark", "receipt", "bundle"]
        .map(|page| document(&format!("SPEC-{page}.md")))
        .concat();
    let mut found = BTreeSet::new();
    for file in [
        "verify/certificate.rs",
        "verify/bundle/mod.rs",
        "verify/bundle/read.rs",
        "verify/key.rs",
        "verify/log.rs",
        "verify/mark.rs",
        "verify/offline.rs",
        "verify/status.rs",
        "verify/receipt/check.rs",
        "verify/receipt/mod.rs",
        "cli/verify/photo.rs",
        "cli/verify/mod.rs",
    ] {
        found.append(&mut codes(&std::fs::read_to_string(root("src").join(file)).unwrap()));
    }
    assert!(found.contains("key_compromised_later") && found.len() > 25, "{found:?}");
    explained(&found, &pages);
}

#[test]
fn every_reason_stands_where_events_are_specified() {
    use starmark::domain::reason as r;
    let page = document("SPEC-events.md");
    let (_, table) = page.split_once("## Reasons").unwrap();
    let rows: Vec<&str> = table.lines().filter(|line| line.starts_with("| `")).collect();
    let check = |change: &str, codes: Vec<&str>| {
        let row =
            rows.iter().find(|row| row.starts_with(&format!("| `{change}`"))).unwrap_or_else(|| panic!("{change}"));
        let told: BTreeSet<&str> = row.rsplit('|').nth(1).unwrap().split('`').skip(1).step_by(2).collect();
        assert_eq!(told, codes.into_iter().collect(), "{change}");
    };
    check("suspended", r::SuspensionReason::all().map(|c| c.code()).collect());
    check("withdrawn", r::WithdrawalReason::all().map(|c| c.code()).collect());
    check("cancelled", r::CancellationReason::all().map(|c| c.code()).collect());
    check("superseded", r::SupersessionReason::all().map(|c| c.code()).collect());
    check("revoked", r::MarkRevocationReason::all().map(|c| c.code()).collect());
    check("corrected", r::CorrectionReason::all().map(|c| c.code()).collect());
}
