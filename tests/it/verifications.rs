//! Asking about many at once over the API: in order, as of one moment, line by line.

use crate::harness::{Answer, TestApp, decision};
use axum::body::Body;
use axum::http::Request;
use proptest::prelude::*;
use serde_json::{Value, json};
use starmark::http::Limits;
use std::num::NonZeroU32;

const PATH: &str = "/api/v1/verifications";

async fn post(app: &TestApp, query: &str, kind: &str, body: impl Into<Body>) -> Answer {
    let request = Request::post(format!("{PATH}{query}")).header("content-type", kind);
    app.send(request.body(body.into()).unwrap()).await
}

async fn lines(app: &TestApp, query: &str, body: impl Into<Body>) -> Vec<Value> {
    read(&post(app, query, "application/x-ndjson", body).await.is(200))
}

fn read(answer: &Answer) -> Vec<Value> {
    assert_eq!(answer.headers["content-type"], "application/x-ndjson");
    answer.text().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

async fn issue(app: &TestApp, reference: &str, holder: &str, uscc: &str) -> (String, String) {
    let mut decision = decision(reference, "2026-05-08");
    decision["holder"]["name"] = json!(holder);
    decision["holder"]["uscc"] = json!(uscc);
    let issued = app.issue(&decision).await;
    (issued["id"].as_str().unwrap().to_owned(), issued["number"].as_str().unwrap().to_owned())
}

#[tokio::test]
async fn a_buyer_asks_about_a_list_as_of_the_opening_of_bids() {
    let app = TestApp::on("2026-05-08");
    let (first, a) = issue(&app, "D-1", "示例电器有限公司", "91110108551385082Q").await;
    let (second, b) = issue(&app, "D-2", "示例家具股份公司", "91990000MA0000001B").await;
    app.today("2026-06-01");
    app.order(&second, "suspension", json!({"reason": "0112"})).await.is(200);
    app.today("2026-07-01");
    let questions = [
        json!({"certificate": a, "holder": "示例电器 有限公司", "level": "五星"}),
        json!({"certificate": b.to_lowercase()}),
        json!({"certificate": "29326SC99999R0M"}),
        json!({"certificate": first, "holder": "示例商贸公司"}),
        json!({"certificate": "这不是编号 29326SC00001R0M 吧"}),
        json!({"certificate": "91990000MA0000001B"}),
        json!({"certificate": "https://evil.example/c/1"}),
    ];
    let body = questions.iter().map(|q| format!("{q}\n")).collect::<String>();
    let all = lines(&app, "?as_of=2026-06-15T09:30:00%2B08:00", body).await;
    let (end, answers) = all.split_last().unwrap();
    let told: Vec<_> = answers
        .iter()
        .map(|a| {
            let text = |v: &Value| v.as_str().unwrap_or("-").to_owned();
            (
                a["line"].as_u64().unwrap(),
                text(&a["verdict"]),
                text(&a["standing"]),
                text(&a["why"][0]["code"]),
                a["same_as"].as_u64(),
            )
        })
        .collect();
    let row = |line, verdict: &str, standing: &str, code: &str, same| {
        (line, verdict.to_owned(), standing.to_owned(), code.to_owned(), same)
    };
    assert_eq!(
        told,
        [
            row(1, "valid", "valid", "-", None),
            row(2, "invalid", "suspended", "suspended", None),
            row(3, "undetermined", "-", "no_such_certificate", None),
            row(4, "valid", "valid", "-", Some(1)),
            row(5, "undetermined", "-", "several_in_one", None),
            row(6, "invalid", "suspended", "suspended", Some(2)),
            row(7, "undetermined", "-", "foreign_address", None),
        ]
    );
    assert_eq!(answers[0]["comparison"].as_array().unwrap().iter().filter(|c| c["same"] == true).count(), 2);
    assert_eq!(answers[3]["comparison"][0]["same"], false);
    assert_eq!(answers[0]["page"], format!("https://xb.example.cn/c/{first}"));
    let expected = json!({"end": true, "lines": 7, "answers": 7, "differences": 1, "repeated": 2,
        "as_of": "2026-06-15T01:30:00Z", "known_at": "2026-07-01T04:00:00Z"});
    assert_eq!(*end, expected);
    // The same as one document.
    let whole = json!({"as_of": "2026-06-15T09:30:00+08:00", "certificates": questions}).to_string();
    let answer = post(&app, "", "application/json", whole).await.is(200);
    assert_eq!(read(&answer), all);
    // As it was known before the suspension.
    let before = lines(&app, "?as_of=2026-05-20&known_at=2026-05-20", format!("{}\n", questions[1])).await;
    assert_eq!((&before[0]["verdict"], &before[1]["as_of"]), (&json!("valid"), &json!("2026-05-20T15:59:59Z")));
}

#[tokio::test]
async fn a_list_that_breaks_off_says_so_and_keeps_what_was_answered() {
    let app = TestApp::on("2026-05-08");
    let (_, number) = issue(&app, "D-1", "示例电器有限公司", "91110108551385082Q").await;
    let good = json!({"certificate": number}).to_string();
    for (bad, code) in [
        ("{\"certificate\": 5}".to_owned(), "json_shape"),
        ("{\"certificate\": \"a\", \"certificate\": \"b\"}".to_owned(), "json_duplicate_member"),
        ("{\"number\": \"a\"}".to_owned(), "json_shape"),
        ("not json".to_owned(), "json_syntax"),
        ("\u{0}\u{1}".to_owned(), "json_syntax"),
        (format!("\"{}\"", "x".repeat(40 << 10)), "json_shape"),
    ] {
        let all = lines(&app, "", format!("{good}\n\n{good}\r\n{bad}\n{good}\n")).await;
        assert_eq!(all.len(), 3, "{bad}");
        let end = &all[2];
        assert_eq!(
            (&end["end"], &end["problem"]["code"], &end["lines"]),
            (&json!(false), &json!(code), &json!(2)),
            "{bad}"
        );
        assert!(end["problem"]["detail"].as_str().unwrap().starts_with("line 4: "), "{end}");
    }
    let endless = lines(&app, "", format!("{good}\n{}", "x".repeat(100 << 10))).await;
    assert_eq!(endless.last().unwrap()["problem"]["code"], "line_too_long");
    // The last line may lack its end; nothing at all is an answer about nothing.
    assert_eq!(lines(&app, "", good.clone()).await.len(), 2);
    assert_eq!(lines(&app, "", "").await[0]["end"], true);
    post(&app, "?as_of=gestern", "application/x-ndjson", good.clone()).await.refused(400, "bad_as_of", "/as_of");
    post(&app, "", "text/plain", good.clone()).await.refused(415, "json_needed", "");
    post(&app, "", "application/json", good).await.refused(400, "json_shape", "/certificate");
    post(&app, "?as_of=2026-05-08", "application/json", json!({"as_of": "2026-05-08", "certificates": []}).to_string())
        .await
        .refused(400, "bad_query", "");
    let latin1 = lines(&app, "", Body::from(&b"{\"certificate\": \"\xe9\"}\n"[..])).await;
    assert_eq!(latin1[0]["problem"]["code"], "json_utf8");
}

#[tokio::test]
async fn a_firm_with_too_many_certificates_is_asked_about_by_their_numbers() {
    let app = TestApp::on("2026-05-08");
    for n in 0..21 {
        issue(&app, &format!("D-{n}"), "示例电器有限公司", "91110108551385082Q").await;
        let all = lines(&app, "", json!({"certificate": "91110108551385082Q", "holder": "示例公司"}).to_string()).await;
        let (end, answers) = all.split_last().unwrap();
        match n {
            20 => {
                assert_eq!((answers.len(), &answers[0]["why"][0]["code"]), (1, &json!("too_many_of_firm")));
                assert_eq!(answers[0]["comparison"][0]["expected"], "示例公司", "what was expected is not lost");
            }
            _ => assert_eq!((answers.len(), &end["answers"]), (n + 1, &json!(n + 1))),
        }
    }
    let body = json!({"certificates": [{"certificate": "91110108551385082Q"}]}).to_string();
    let request = Request::post("/api/v1/receipts").header("content-type", "application/json");
    let strict = app.send(request.body(Body::from(body)).unwrap()).await;
    strict.refused(400, "too_many_of_firm", "/certificates/0/certificate");
}

#[tokio::test]
async fn ten_thousand_are_answered_in_order_and_not_one_more() {
    let app = TestApp::on("2026-05-08");
    let (_, number) = issue(&app, "D-1", "示例电器有限公司", "91110108551385082Q").await;
    let line = |n: usize| if n.is_multiple_of(500) { number.clone() } else { format!("29326SC{n:05}R0M") };
    let body: String = (1..=10_001).map(|n| format!("{}\n", json!({"certificate": line(n)}))).collect();
    let all = lines(&app, "", body.clone()).await;
    let (end, answers) = all.split_last().unwrap();
    assert!(answers.iter().zip(1..).all(|(a, n)| a["line"] == n && a["asked"] == line(n)));
    assert_eq!(answers.iter().filter(|a| a["verdict"] == "valid").count(), 21, "twenty, and the number itself");
    assert_eq!(
        (&end["end"], &end["lines"], &end["problem"]["code"]),
        (&json!(false), &json!(10_000), &json!("certificates_count"))
    );
    let enough: String = body.lines().take(10_000).map(|l| format!("{l}\n")).collect();
    assert_eq!(lines(&app, "", enough).await.last().unwrap()["end"], true);
}

#[tokio::test]
async fn whoever_asks_much_is_answered_slower_and_to_the_end() {
    let app = TestApp::on("2026-05-08");
    let one = |n: u32| NonZeroU32::new(n).unwrap();
    let app = app.behind(Limits { per_second: Some(one(50)), burst: one(10), ..Limits::DEFAULT });
    let body: String = (0..1000).map(|_| format!("{}\n", json!({"certificate": "29326SC00001R0M"}))).collect();
    let begun = std::time::Instant::now();
    let all = lines(&app, "", body).await;
    assert_eq!((all.len(), &all[1000]["end"]), (1001, &json!(true)));
    // 1,000 questions count for 32 requests: ten at once, and fifty a second.
    assert!(begun.elapsed().as_millis() > 200, "it was let through at once");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    /// Whatever comes in, each line that goes out is JSON and the last says whether that was all.
    #[test]
    fn any_bytes_have_an_answer(body in prop::collection::vec(
        prop_oneof![Just(b'\n'), Just(b'{'), Just(b'"'), Just(b'}'), Just(b':'), any::<u8>()], 0..400,
    )) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let app = TestApp::on("2026-05-08");
            let all = lines(&app, "", body).await;
            let (end, answers) = all.split_last().unwrap();
            assert!(end["end"].is_boolean() && answers.iter().all(|a| a["verdict"] == "undetermined"), "{all:?}");
        });
    }
}
