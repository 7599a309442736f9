//! Receipts through the doors: what was asked is answered, signed, kept, and proves years later with the keys alone.

use crate::harness::{Answer, TestApp, decision, noon};
use axum::body::Body;
use axum::http::Request;
use serde_json::{Value, json};
use starmark::domain::{Host, ReceiptId};
use starmark::http::Limits;
use starmark::service::{Act, Actor};
use starmark::sign::{KeyDocument, KeyId, Purpose, canonicalize};
use starmark::verify::receipt::verify_offline;
use starmark::verify::{CheckName, Outcome};
use std::num::NonZeroU32;

const PATH: &str = "/api/v1/receipts";

async fn post(app: &TestApp, body: &Value) -> Answer {
    let request = Request::post(PATH).header("content-type", "application/json");
    app.send(request.body(Body::from(body.to_string())).unwrap()).await
}

async fn keys(app: &TestApp) -> KeyDocument {
    KeyDocument::parse(&app.get("/.well-known/did.json").await.bytes).unwrap()
}

/// Issues a certificate of another holder.
async fn issue(app: &TestApp, reference: &str, holder: &str) -> (String, String) {
    let mut decision = decision(reference, "2026-05-08");
    decision["holder"]["name"] = json!(holder);
    let issued = app.issue(&decision).await;
    (issued["id"].as_str().unwrap().to_owned(), issued["number"].as_str().unwrap().to_owned())
}

/// The answers in short: verdict, standing, code of the check that stands in the way.
fn told(receipt: &Value) -> Vec<(String, String, String)> {
    let text = |v: &Value| v.as_str().unwrap_or("-").to_owned();
    let answers = receipt["answers"].as_array().unwrap().iter();
    let obstacle = |a: &Value| {
        let checks = a["checks"].as_array().unwrap();
        checks.iter().find(|c| c["result"] != "ok").map_or("-".to_owned(), |c| text(&c["code"]))
    };
    answers.map(|a| (text(&a["verdict"]), text(&a["standing"]), obstacle(a))).collect()
}

fn triple(verdict: &str, standing: &str, code: &str) -> (String, String, String) {
    (verdict.to_owned(), standing.to_owned(), code.to_owned())
}

#[tokio::test]
async fn a_bid_clerk_asks_about_a_day_and_files_the_answer() {
    let app = TestApp::on("2026-05-08");
    let (good, good_number) = issue(&app, "D-1", "示例电器（北京）有限公司").await;
    let (paused, paused_number) = issue(&app, "D-2", "示例家具股份公司").await;
    let (gone, _) = issue(&app, "D-3", "示例商贸公司").await;
    app.today("2026-06-01");
    app.order(&paused, "suspension", json!({"reason": "0112"})).await.is(200);
    app.order(&gone, "withdrawal", json!({"reason": "0199"})).await.is(200);
    app.today("2026-07-01");
    let asked = json!({
        "reference": " 示例-2026-118\u{200b} ", "as_of": "2026-06-20",
        "certificates": [
            {"certificate": format!("证书编号：{}", good_number.to_lowercase()), "holder": "示例电器(北京) 有限公司", "level": "5 stars", "scope": "家用电器的售后服务"},
            {"certificate": paused_number, "holder": "示例家居股份公司"},
            {"certificate": format!("https://xb.example.cn/c/{gone}")},
            {"certificate": "29326SC99999R0M", "level": "四星级"},
        ],
    });
    let made = post(&app, &asked).await.is(201);
    let receipt = made.json();
    assert_eq!(
        told(&receipt),
        [
            triple("valid", "valid", "-"),
            triple("invalid", "suspended", "suspended"),
            triple("invalid", "withdrawn", "withdrawn"),
            triple("undetermined", "-", "no_such_certificate"),
        ]
    );
    assert_eq!((&receipt["reference"], &receipt["as_of"]), (&json!("示例-2026-118"), &json!("2026-06-20T15:59:59Z")));
    assert_eq!(
        (&receipt["known_at"], &receipt["made_at"]),
        (&json!("2026-07-01T04:00:00Z"), &json!("2026-07-01T04:00:00Z"))
    );
    assert_eq!(receipt["differences"], 2);
    let first = &receipt["answers"][0];
    assert_eq!(first["certificate"]["id"], good.as_str());
    assert!(first["comparison"].as_array().unwrap().iter().all(|c| c["same"] == true), "{first}");
    assert_eq!(first["comparison"][0]["found"], "示例电器（北京）有限公司", "as it stands there, exactly");
    let record = app.get(&format!("/api/v1/certificates/{good}/credential")).await.bytes;
    assert_eq!(first["certificate"]["record_sha256"], sha256(&record));
    let second = &receipt["answers"][1]["comparison"][0];
    assert_eq!((&second["expected"], &second["same"]), (&json!("示例家居股份公司"), &json!(false)));
    assert!(receipt["answers"][3]["certificate"].is_null() && receipt["answers"][3]["comparison"][0]["same"] == false);

    // What was answered is kept, byte for byte, and verifies with the keys alone.
    let location = made.headers["location"].to_str().unwrap().to_owned();
    assert_eq!(receipt["id"], format!("https://xb.example.cn{location}"));
    let kept = app.get(&format!("{PATH}/{}", location.rsplit('/').next().unwrap())).await.is(200);
    assert_eq!(kept.bytes, made.bytes);
    assert_eq!(canonicalize(&receipt).unwrap(), made.bytes);
    let finding = verify_offline(&made.bytes, &keys(&app).await, app.service.now());
    assert_eq!(finding.verdict.verdict, Outcome::Valid, "{finding:?}");
    assert_eq!(finding.genuine.unwrap().answers.len(), 4);
}

fn sha256(bytes: &[u8]) -> String {
    use sha2::Digest as _;
    crate::vectors_support::hex(&sha2::Sha256::digest(bytes))
}

#[tokio::test]
async fn both_clocks_are_asked() {
    let app = TestApp::on("2026-05-08");
    let (id, number) = issue(&app, "D-1", "示例电器有限公司").await;
    app.today("2026-09-14");
    app.order(&id, "suspension", json!({"reason": "0112"})).await.is(200);
    app.today("2026-09-20");
    let ask = async |as_of: &str, known_at: Value| {
        let body = json!({"as_of": as_of, "known_at": known_at, "certificates": [{"certificate": number}]});
        post(&app, &body).await.is(201).json()
    };
    assert_eq!(told(&ask("2026-09-13", Value::Null).await), [triple("valid", "valid", "-")]);
    let day = ask("2026-09-14", Value::Null).await;
    assert_eq!(told(&day), [triple("invalid", "suspended", "suspended")]);
    assert_eq!(day["answers"][0]["changed_that_day"], true, "the day has two answers, and the receipt says so");
    assert!(ask("2026-09-15", Value::Null).await["answers"][0]["changed_that_day"].is_null());
    let opening = ask("2026-09-14T09:30:00+08:00", Value::Null).await;
    assert_eq!(told(&opening), [triple("valid", "valid", "-")], "at half past nine it held");
    assert_eq!(told(&ask("2026-09-13", json!("2026-09-13")).await), [triple("valid", "valid", "-")], "as known then");
    let later = ask("2026-09-15", json!("2026-09-13")).await;
    assert_eq!(told(&later), [triple("undetermined", "-", "later_than_known")], "nobody knew then of later");
    let tomorrow = ask("2026-09-21", Value::Null).await;
    assert_eq!(told(&tomorrow), [triple("undetermined", "-", "in_the_future")], "a suspension may be lifted");
    assert_eq!(told(&ask("2026-05-20", json!("2026-05-01")).await)[0].2, "not_on_record_then");
    assert_eq!(told(&ask("2026-05-01", Value::Null).await)[0].1, "not_yet_effective");
    app.order(&id, "reinstatement", json!({"passed_on": "2026-09-19"})).await.is(200);
    assert_eq!(told(&ask("2026-12-01", Value::Null).await), [triple("undetermined", "-", "in_the_future")]);
    let ahead = ask("2026-09-20", json!("2027-01-01")).await;
    assert_eq!(ahead["known_at"], ahead["made_at"], "nothing is known of later");
}

/// The body signs "nothing is on record" for what can be a number only: nobody shall file that against a firm that has one.
#[tokio::test]
async fn what_only_looks_like_a_number_that_was_not_issued_is_refused() {
    let app = TestApp::on("2026-05-08");
    let (_, number) = issue(&app, "D-1", "示例电器有限公司").await;
    let (_, second) = issue(&app, "D-2", "示例电器有限公司").await;
    let ask = |text: String| json!({"certificates": [{"certificate": text}]});
    let refused = [
        (number.replace('C', "\u{421}"), "foreign_letter"),
        (number.replace('M', "\u{39c}"), "foreign_letter"),
        (format!("{number} {second}"), "several_in_one"),
        (format!("{number}/{second}"), "several_in_one"),
        (format!("{number}和{second}"), "several_in_one"),
        (format!("{number}-{second}"), "several_in_one"),
        (format!("{number}（五星）"), "several_in_one"),
        (format!("{number} 正本"), "several_in_one"),
        (format!("GB/T 27922-2011 {number}"), "several_in_one"),
    ];
    for (text, code) in refused {
        let answer = post(&app, &ask(text.clone())).await;
        assert_eq!(answer.json()["code"], code, "{text}");
        answer.refused(400, code, "/certificates/0/certificate");
    }
    for text in ["29326SC99999R0M", "示例电器有限公司", "示范-2026-1"] {
        let receipt = post(&app, &ask(text.to_owned())).await.is(201).json();
        assert_eq!(told(&receipt), [triple("undetermined", "-", "no_such_certificate")], "{text}");
    }
    for level in ["≥4星", "＞三星级", "4+", "-5", "≠五星级", "‹5星", "五星?", "5 %"] {
        let body = json!({"certificates": [{"certificate": number, "level": level}]});
        post(&app, &body).await.refused(400, "unknown_level", "/certificates/0/level");
    }
    for level in ["５星级", "（五星级）", " five-star ", "★★★★★", "五星級", "“五星”", "5 stars", "five_star"]
    {
        let body = json!({"certificates": [{"certificate": number, "level": level}]});
        let receipt = post(&app, &body).await.is(201).json();
        assert_eq!(receipt["answers"][0]["comparison"][0]["same"], true, "{level}");
    }
}

#[tokio::test]
async fn a_firm_is_answered_about_by_each_certificate_and_a_mark_by_its_own() {
    let app = TestApp::on("2026-05-08");
    let (_, first) = issue(&app, "D-1", "示例电器有限公司").await;
    let (id, second) = issue(&app, "D-2", "示例电器有限公司").await;
    let marks = format!("/api/v1/issuing/certificates/{id}/marks");
    let mark = app.post(&marks, &json!({"medium": "packaging"})).await.is(201).json();
    let (name, digits) = (mark["id"].as_str().unwrap(), mark["digits"].as_str().unwrap());
    let link = format!("https://xb.example.cn/m/{digits}");
    let ask = |text: &str| json!({"certificates": [{"certificate": text, "uscc": "91110108 551385082q"}]});
    for firm in ["91110108551385082Q", "统一社会信用代码：91110108551385082Q"] {
        let receipt = post(&app, &ask(firm)).await.is(201).json();
        let numbers: Vec<&str> = receipt["answers"]
            .as_array()
            .unwrap()
            .iter()
            .map(|a| a["certificate"]["number"].as_str().unwrap())
            .collect();
        assert_eq!(numbers, [second.as_str(), &first], "{firm}");
        assert_eq!(receipt["differences"], 0);
    }
    let none = post(&app, &ask("91990000MA0000001B")).await.is(201).json();
    assert_eq!(told(&none), [triple("undetermined", "-", "no_such_certificate")]);
    let wrong = json!({"certificates": [{"certificate": first, "uscc": "91990000MA0000001B"}]});
    let wrong = post(&app, &wrong).await.is(201).json();
    let compared = &wrong["answers"][0]["comparison"][0];
    assert_eq!(
        (&compared["field"], &compared["found"], &compared["same"]),
        (&json!("uscc"), &json!("91110108551385082Q"), &json!(false))
    );
    for text in [name, digits, &link, &format!("扫到的：{link}")] {
        let receipt = post(&app, &ask(text)).await.is(201).json();
        assert_eq!(told(&receipt), [triple("valid", "valid", "-")], "{text}");
        assert_eq!(receipt["answers"][0]["certificate"]["number"], second.as_str());
    }
    app.post(&format!("/api/v1/issuing/marks/{name}/revocation"), &json!({"reason": "misuse"})).await.is(200);
    let revoked = post(&app, &ask(&link)).await.is(201).json();
    assert_eq!((&revoked["answers"][0]["verdict"], told(&revoked)[0].2.as_str()), (&json!("invalid"), "mark_revoked"));
    let forged = post(&app, &ask("https://xb.example.cn/m/1034659679808070")).await.is(201).json();
    assert_eq!(told(&forged)[0].0, "undetermined");
}

#[tokio::test]
async fn every_fault_names_its_item() {
    let app = TestApp::on("2026-05-08");
    let (_, number) = issue(&app, "D-1", "示例电器有限公司").await;
    let one = json!({"certificate": number});
    let cases = [
        (json!({}), "json_shape", ""),
        (json!({"certificates": [], "colour": 1}), "json_shape", "/colour"),
        (json!([null, null, null, [one]]), "json_shape", ""),
        (json!({"certificates": ["29326SC00001R0M"]}), "json_shape", "/certificates/0"),
        (json!({"certificates": [["29326SC00001R0M", null, null, null]]}), "json_shape", "/certificates/0"),
        (json!({"certificates": [one, {"certificate": 5}]}), "json_shape", "/certificates/1/certificate"),
        (json!({"certificates": [one, {"number": "x"}]}), "json_shape", "/certificates/1/number"),
        (json!({"certificates": []}), "certificates_count", "/certificates"),
        (json!({"certificates": vec![one.clone(); 10_001]}), "certificates_count", "/certificates"),
        (json!({"certificates": [one], "as_of": "yesterday"}), "bad_as_of", "/as_of"),
        (json!({"certificates": [one], "known_at": "5月8日"}), "bad_as_of", "/known_at"),
        (json!({"certificates": [one], "reference": "示".repeat(121)}), "text_too_long", "/reference"),
        (json!({"certificates": [one], "reference": " \u{200b} "}), "text_empty", "/reference"),
        (json!({"certificates": [one, {"certificate": ""}]}), "text_empty", "/certificates/1/certificate"),
        (json!({"certificates": [{"certificate": "示".repeat(401)}]}), "text_too_long", "/certificates/0/certificate"),
        (json!({"certificates": [{"certificate": "29326SC$1"}]}), "bad_number", "/certificates/0/certificate"),
        (
            json!({"certificates": [{"certificate": "https://xb.examp1e.cn/c/1034659679808070"}]}),
            "foreign_address",
            "/certificates/0/certificate",
        ),
        (
            json!({"certificates": [{"certificate": "https://xb.example.cn/r/AAAAAAAAAAAAAAAAAAAAAA"}]}),
            "no_certificate_address",
            "/certificates/0/certificate",
        ),
        (
            json!({"certificates": [{"certificate": number, "level": "六星级"}]}),
            "unknown_level",
            "/certificates/0/level",
        ),
        (json!({"certificates": [{"certificate": number, "level": "≥4星"}]}), "unknown_level", "/certificates/0/level"),
        (
            json!({"certificates": [{"certificate": number, "scope": "示".repeat(801)}]}),
            "text_too_long",
            "/certificates/0/scope",
        ),
    ];
    for (body, code, pointer) in cases {
        post(&app, &body).await.refused(400, code, pointer);
    }
    for (body, why) in [
        (json!([1]), "this is a list, where an object belongs"),
        (json!({"certificates": ["x"]}), "this is string \"x\", where an object belongs"),
        (json!({"certificates": {}}), "this is an object, where a list belongs"),
        (json!({"certificates": [{"certificate": number, "level": "≥4星"}]}), "leave it out to accept several"),
    ] {
        let told = post(&app, &body).await.is(400).json()["detail"].as_str().unwrap().to_owned();
        assert!(told.contains(why), "{told}");
    }
    // All of them at once.
    let body =
        json!({"certificates": [{"certificate": "$"}, one, {"certificate": number, "level": "x", "holder": ""}]});
    let problem = post(&app, &body).await.is(400).json();
    let at: Vec<&str> = problem["errors"].as_array().unwrap().iter().map(|e| e["pointer"].as_str().unwrap()).collect();
    assert_eq!(at, ["/certificates/0/certificate", "/certificates/2/holder", "/certificates/2/level"]);
    let request = Request::post(PATH).body(Body::from("{}")).unwrap();
    app.send(request).await.refused(415, "json_needed", "");
    for rid in ["AAECAwQFBgcICQoLDA0ODw", "1", "..%2F..%2Fkeys", &"A".repeat(5000)] {
        app.get(&format!("{PATH}/{rid}")).await.refused(404, "no_such_receipt", "");
    }
    app.get(&format!("{PATH}/AAECAwQFBgcICQoLDA0ODw?format=docx")).await.refused(400, "bad_query", "");
    let dir = app.data_dir().join("receipts");
    assert!(!dir.exists(), "what is refused leaves nothing behind");
}

#[tokio::test]
async fn it_proves_years_later_though_its_key_was_retired_since() {
    let app = TestApp::on("2026-05-08");
    let (id, number) = issue(&app, "D-1", "示例电器有限公司").await;
    let body = json!({"as_of": "2026-05-08", "certificates": [{"certificate": number}]});
    let made = post(&app, &body).await.is(201);
    app.today("2026-06-01");
    app.order(&id, "withdrawal", json!({"reason": "0199"})).await.is(200);
    assert_eq!(app.rotate(Purpose::Receipt).to_string(), "receipt-2");
    let years_later = noon("2031-05-08");
    let at = |keys: &KeyDocument| verify_offline(&made.bytes, keys, years_later);
    let finding = at(&keys(&app).await);
    assert_eq!(finding.verdict.verdict, Outcome::Valid);
    assert_eq!(finding.genuine.unwrap().answers[0].verdict, Outcome::Valid, "what was answered then stays so");

    // Compromised after it was made: neither proven nor disproven. Before: anybody may have made it.
    let receipt = KeyId::parse("receipt-1").unwrap();
    let operator = Act::by(Actor::local("test"));
    for (since, outcome) in
        [("2026-05-20", Outcome::Undetermined), ("2026-05-08", Outcome::Undetermined), ("2026-05-07", Outcome::Invalid)]
    {
        let since = if since == "2026-05-08" {
            noon(since).checked_add(jiff::SignedDuration::from_secs(1)).unwrap()
        } else {
            noon(since)
        };
        app.service.compromise_key(&operator, receipt, Some(since)).unwrap();
        let finding = at(&keys(&app).await);
        assert_eq!(finding.verdict.verdict, outcome, "{since}");
        assert_eq!(finding.verdict.obstacle().unwrap().check, CheckName::Key);
    }
    // What this service keeps it still gives out, and signs the next one with its new key.
    let path = format!("{PATH}/{}", made.headers["location"].to_str().unwrap().rsplit('/').next().unwrap());
    assert_eq!(app.get(&path).await.is(200).bytes, made.bytes);
    let next = post(&app, &body).await.is(201).json();
    assert_eq!(next["proof"]["verificationMethod"], "did:web:xb.example.cn#receipt-2");
    app.service.compromise_key(&operator, KeyId::parse("receipt-2").unwrap(), None).unwrap();
    post(&app, &body).await.refused(503, "no_key", "");
}

#[tokio::test]
async fn a_hundred_at_once_are_answered_about_one_moment() {
    let app = TestApp::on("2026-05-08");
    let mut certificates = vec![];
    for n in 0..5 {
        let (_, number) = issue(&app, &format!("D-{n}"), &"示例超长名称售后服务有限公司".repeat(8)).await;
        certificates
            .push(json!({"certificate": number, "holder": "示".repeat(800), "scope": "示".repeat(800), "level": "5"}));
    }
    let all: Vec<Value> = certificates.into_iter().cycle().take(100).collect();
    let made = post(&app, &json!({"reference": "示".repeat(120), "certificates": all})).await.is(201);
    let receipt = made.json();
    assert_eq!((receipt["answers"].as_array().unwrap().len(), &receipt["differences"]), (100, &json!(200)));
    assert!(made.bytes.len() < 1 << 20, "{}", made.bytes.len());
    let moments: std::collections::BTreeSet<String> = receipt["answers"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|a| a["checks"].as_array().unwrap())
        .map(|c| c["known_at"].to_string())
        .collect();
    assert_eq!(moments.len(), 1);
    assert_eq!(verify_offline(&made.bytes, &keys(&app).await, app.service.now()).verdict.verdict, Outcome::Valid);
}

#[tokio::test]
async fn making_and_printing_one_counts_for_more_than_looking() {
    let app = TestApp::on("2026-05-08");
    let (_, number) = issue(&app, "D-1", "示例电器有限公司").await;
    let limits = Limits { per_second: NonZeroU32::new(1), burst: NonZeroU32::new(25).unwrap(), ..Limits::DEFAULT };
    let app = app.behind(limits);
    let body = json!({"certificates": [{"certificate": number}]});
    let made = post(&app, &body).await.is(201);
    let at = made.headers["location"].to_str().unwrap().replace("/r/", &format!("{PATH}/"));
    app.get(&format!("{at}?format=pdf")).await.is(200);
    post(&app, &body).await.refused(429, "too_many_requests", "");
    // However that is written.
    app.get(&format!("{at}?format=%70df")).await.refused(429, "too_many_requests", "");
    let print = Request::get(&at).header("accept", "application/pdf").body(Body::empty()).unwrap();
    app.send(print).await.refused(429, "too_many_requests", "");
    app.get(&at).await.is(200);
}

#[tokio::test]
async fn a_long_receipt_counts_for_more_than_a_short_one_and_so_does_reading_it() {
    let app = TestApp::on("2026-05-08");
    let (_, number) = issue(&app, "D-1", "示例电器有限公司").await;
    let (one, many) = (json!({"certificate": number}), vec![json!({"certificate": number}); 400]);
    let limits = |burst| Limits {
        per_second: NonZeroU32::new(1),
        burst: NonZeroU32::new(burst).unwrap(),
        answers_per_minute: NonZeroU32::MIN,
        answers_burst: NonZeroU32::new(1_000).unwrap(),
        ..Limits::DEFAULT
    };
    let app = app.behind(limits(30));
    let made = post(&app, &json!({"certificates": many})).await.is(201);
    post(&app, &json!({"certificates": many})).await.refused(429, "too_many_requests", "");
    let at = made.headers["location"].to_str().unwrap().to_owned();
    let page = 1 + u32::try_from(made.bytes.len() / (64 << 10)).unwrap();
    assert!(page > 10);
    let app = app.behind(limits(2 * page + 2));
    app.get(&at).await.is(200);
    app.get(&at).await.is(200);
    let refused = app.get(&at).await.is(429);
    assert!(
        refused.text().contains("查询太多") && refused.headers.contains_key("retry-after"),
        "for people it is a page"
    );
    app.get("/healthz").await.is(200);

    // What is kept for ever is counted by itself, and comes back slowly.
    let app = app.behind(limits(10_000));
    for _ in 0..2 {
        post(&app, &json!({"certificates": many})).await.is(201);
    }
    let refused = post(&app, &json!({"certificates": many})).await.is(429);
    assert_eq!(refused.json()["code"], "too_many_receipts");
    let wait: u64 = refused.headers["retry-after"].to_str().unwrap().parse().unwrap();
    assert!((60..=20_000).contains(&wait), "{wait}");
    post(&app, &json!({"certificates": [one]})).await.is(201);
    app.get(&format!("/api/v1/certificates?number={number}")).await.is(200);
}

#[tokio::test]
async fn where_receipts_have_no_room_left_everything_else_goes_on() {
    let app = TestApp::on("2026-05-08");
    let (_, number) = issue(&app, "D-1", "示例电器有限公司").await;
    let body = json!({"certificates": [{"certificate": number}]});
    let made = post(&app, &body).await.is(201);
    let (kept, _) = app.service.receipts_kept().unwrap();
    app.service.keep_receipts_within(kept.bytes);
    post(&app, &body).await.refused(503, "receipts_full", "");
    issue(&app, "D-2", "示例商贸公司").await;
    app.get("/readyz").await.is(200);
    app.get(made.headers["location"].to_str().unwrap()).await.is(200);
    let told = app.get("/metrics").await.is(200).text();
    let bytes = kept.bytes;
    for line in [
        "starmark_receipts 1\n".to_owned(),
        format!("starmark_receipts_bytes {bytes}\n"),
        format!("starmark_receipts_bytes_most {bytes}\n"),
    ] {
        assert!(told.contains(&line), "{told}");
    }
    assert!(told.ends_with("# EOF\n") && told.matches("# EOF").count() == 1);
    app.service.keep_receipts_within(u64::MAX);
    post(&app, &body).await.is(201);
}

#[tokio::test]
async fn none_is_made_by_a_clock_that_cannot_be_right() {
    let app = TestApp::on("2026-05-08");
    let (_, number) = issue(&app, "D-1", "示例电器有限公司").await;
    app.today("2026-05-07");
    let body = json!({"certificates": [{"certificate": number}]});
    post(&app, &body).await.refused(503, "clock_wrong", "");
    app.today("2026-05-08");
    post(&app, &body).await.is(201);
}

#[tokio::test]
async fn a_kept_receipt_that_was_tampered_with_is_not_given_out() {
    let app = TestApp::on("2026-05-08");
    let (_, number) = issue(&app, "D-1", "示例电器有限公司").await;
    let made = post(&app, &json!({"certificates": [{"certificate": number}]})).await.is(201);
    let rid = made.headers["location"].to_str().unwrap().rsplit('/').next().unwrap().to_owned();
    let id = ReceiptId::parse(&rid).unwrap();
    assert_eq!(made.json()["id"], Host::parse("xb.example.cn").unwrap().receipt_url(id));
    let [a, b, ..] = id.to_bytes();
    let file = app.data_dir().join(format!("receipts/{a:02x}/{b:02x}/{rid}.json"));
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, text.replace("five_star", "four_star")).unwrap();
    let answer = app.get(&format!("{PATH}/{rid}")).await;
    answer.refused(500, "internal", "");
    std::fs::write(&file, text).unwrap();
    assert_eq!(app.get(&format!("{PATH}/{rid}")).await.is(200).bytes, made.bytes);
}
