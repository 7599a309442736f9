//! Every door of the server: headers, search, machine documents, limits.

use crate::harness::{Answer, TestApp, decision};
use axum::body::Body;
use axum::http::{HeaderValue, Request};
use serde_json::json;
use starmark::domain::Role;
use starmark::http::{Limits, router};
use starmark::service::{Act, Actor};
use tower::ServiceExt as _;

#[tokio::test]
async fn pages_are_strict_and_name_their_request() {
    let app = TestApp::on("2026-05-08");
    let issued = app.issue(&decision("D-1", "2026-05-08")).await;
    let page = format!("/c/{}", issued["id"].as_str().unwrap());
    for path in ["/", &page, "/assets/style.css", "/nowhere", "/api/v1/nowhere", "/api/v1/certificates/1"] {
        let answer = app.get(path).await;
        let policy = answer.headers["content-security-policy"].to_str().unwrap();
        assert!(policy.starts_with("default-src 'none'") && !policy.contains("unsafe") && !policy.contains("http"));
        assert_eq!(answer.headers["x-content-type-options"], "nosniff");
        assert_eq!(answer.headers["referrer-policy"], "no-referrer");
        assert_eq!(answer.headers["x-request-id"].len(), 16);
    }
    let html = app.get(&page).await.text();
    let ours = html.matches("<script type=\"module\" src=\"/assets/verify/").count();
    let data = html.matches("<script type=\"application/ld+json\">").count();
    assert_eq!((html.matches("<script").count(), data), (ours + 1, 1), "modules of ours, and data that nothing runs");
    assert!(!html.contains(" style=") && !html.contains("<style"));
    assert!(!html.contains("src=\"http") && !html.contains("href=\"http"));
    assert!(html.contains("<html lang=\"zh-CN\">"));
    assert!(app.get(&format!("{page}?lang=en")).await.text().contains("<html lang=\"en\">"));
    assert_eq!(app.get("/api/v1/nowhere").await.is(404).json()["code"], "no_such_address");
    let request = axum::http::Request::delete("/api/v1/certificates").body(axum::body::Body::empty()).unwrap();
    assert_eq!(app.send(request).await.is(405).json()["code"], "method_not_allowed");
}

#[tokio::test]
async fn what_people_type_finds_the_certificate() {
    let app = TestApp::on("2026-05-08");
    let mut d = decision("D-1", "2026-05-08");
    d["number"] = json!("00114Q26950R7L/3502");
    d["holder"]["name"] = json!("示例<b>电器</b>&有限公司");
    let issued = app.issue(&d).await;
    let at = format!("/c/{}", issued["id"].as_str().unwrap());
    for typed in
        ["00114Q26950R7L/3502", "00114q26950r7l%EF%BC%8F3502", "+00114Q26950R7L/3502+", issued["id"].as_str().unwrap()]
    {
        let answer = app.get(&format!("/?q={typed}")).await.is(303);
        assert_eq!(answer.headers["location"], at.as_str(), "{typed}");
    }
    for typed in ["91110108551385082Q", "电器", "%E7%94%B5", "示例&page=1"] {
        let typed = typed.replace("电器", "%E7%94%B5%E5%99%A8").replace("示例", "%E7%A4%BA%E4%BE%8B");
        let list = app.get(&format!("/?q={typed}")).await.is(200).text();
        assert!(list.contains(&at) && list.contains("有效"), "{typed}");
        assert!(!list.contains("<b>电器"), "names are text, never markup");
    }
    let page = app.get(&at).await.text();
    assert!(page.contains("&#60;b&#62;电器") || page.contains("&lt;b&gt;电器"));
    assert!(app.get("/?q=%E6%9C%AA%E7%9F%A5").await.is(404).text().contains("查无此证"));
    let foreign = app.get("/?q=https://xb.examp1e.cn/m/1234567890123456").await.is(404).text();
    assert!(foreign.contains("xb.examp1e.cn"));
    let script = app.get("/?q=%3Cscript%3Ealert(1)%3C/script%3E").await;
    assert!(!script.text().contains("<script>"));
    assert!(app.get(&format!("/?q={}", "x".repeat(5_000))).await.status.is_client_error());
    let by_name = app.get("/api/v1/certificates?holder=%E7%94%B5%E5%99%A8").await.is(200).json();
    assert_eq!((&by_name["total"], &by_name["items"][0]["number"]), (&json!(1), &json!("00114Q26950R7L/3502")));
}

#[tokio::test]
async fn machines_find_keys_vocabulary_description_health_and_counts() {
    let app = TestApp::on("2026-05-08");
    let did = app.get("/.well-known/did.json").await.is(200);
    assert_eq!(did.headers["access-control-allow-origin"], "*");
    let keys = starmark::sign::KeyDocument::parse(&did.bytes).unwrap();
    assert_eq!((keys.host().as_str(), keys.keys().len()), ("xb.example.cn", 4));
    assert_eq!(did.json()["assertionMethod"].as_array().unwrap().len(), 1);
    assert_eq!(app.get("/.well-known/jwks.json").await.is(200).json()["keys"].as_array().unwrap().len(), 4);
    assert!(app.get("/ns/v1").await.is(200).json()["@context"]["certificateNumber"].is_string());
    app.get("/healthz").await.is(200);
    app.get("/readyz").await.is(200);
    let counts = app.get("/metrics").await.is(200).text();
    assert!(counts.contains("starmark_http_requests_total") && counts.contains("starmark_events "), "{counts}");
    assert_eq!(app.get("/openapi.json").await.is(200).text(), starmark::http::openapi::document());
}

#[tokio::test]
async fn machines_that_list_pages_list_no_receipt() {
    let app = TestApp::on("2026-05-08");
    let body = json!({"certificates": [{"certificate": "29326SC99999R0M"}]}).to_string();
    let made = app.post_as("", None, "/api/v1/receipts", body).await.is(201);
    assert_eq!(made.headers["x-robots-tag"], "noindex");
    let page = made.headers["location"].to_str().unwrap().to_owned();
    let json = page.replace("/r/", "/api/v1/receipts/");
    for path in [&page, &json, &format!("{json}?format=pdf")] {
        assert_eq!(app.get(path).await.is(200).headers["x-robots-tag"], "noindex", "{path}");
    }
    let robots = app.get("/robots.txt").await.is(200);
    assert!(robots.headers["content-type"].to_str().unwrap().starts_with("text/plain"));
    // What may not be fetched is listed by its address alone, and what it says of that is never read.
    let robots = robots.text();
    assert!(robots.contains("Disallow: /api/\n") && !robots.contains("Disallow: /r"), "{robots}");
    assert!(robots.contains("Allow: /api/v1/receipts/\n"));
}

#[test]
fn the_description_says_of_every_door_that_too_much_is_refused() {
    let api: serde_json::Value = serde_json::from_str(&starmark::http::openapi::document()).unwrap();
    let doors = api["paths"].as_object().unwrap().values().flat_map(|path| path.as_object().unwrap().values());
    let doors: Vec<_> = doors.filter(|door| door["responses"].is_object()).collect();
    assert!(doors.len() > 20);
    for door in doors {
        let refused = &door["responses"]["429"]["content"]["application/problem+json"]["schema"]["$ref"];
        assert_eq!(refused, "#/components/schemas/Problem", "{door}");
    }
}

#[tokio::test]
async fn a_list_of_an_odd_year_is_not_signed() {
    let app = TestApp::on("2026-05-08");
    app.issue(&decision("D-1", "2026-05-08")).await;
    app.get("/status/token/1?time=-99999999999").await.refused(400, "bad_timestamp", "");
    app.get("/status/revocation/1?timestamp=1912-01-01T00:00:00Z").await.refused(400, "bad_timestamp", "");
}

#[tokio::test]
async fn the_signed_record_is_given_byte_for_byte_and_verifies_with_the_keys_alone() {
    let app = TestApp::on("2026-05-08");
    let issued = app.issue(&decision("D-1", "2026-05-08")).await;
    let id = issued["id"].as_str().unwrap();
    let record = app.get(&format!("/api/v1/certificates/{id}/credential")).await.is(200);
    assert_eq!(record.headers["content-type"], "application/vc");
    let keys = starmark::sign::KeyDocument::parse(&app.get("/.well-known/did.json").await.bytes).unwrap();
    let now = app.service.now();
    let finding = starmark::verify::certificate::verify_offline(&record.bytes, &keys, now, now);
    assert_eq!(finding.verdict.verdict, starmark::verify::Outcome::Valid);
    let history = app.get(&format!("/api/v1/certificates/{id}/history")).await.json();
    let digest: String = {
        use sha2::Digest as _;
        sha2::Sha256::digest(&record.bytes).iter().map(|b| format!("{b:02x}")).collect()
    };
    assert_eq!(history[0]["record_sha256"], digest);
    let text = String::from_utf8(record.bytes.clone()).unwrap();
    for (from, to) in [("five_star", "four_star"), ("示例电器", "示侧电器"), ("2029-05-07", "2039-05-07")] {
        let forged = text.replacen(from, to, 1);
        assert_ne!(forged, text);
        let finding = starmark::verify::certificate::verify_offline(forged.as_bytes(), &keys, now, now);
        assert_eq!(finding.verdict.verdict, starmark::verify::Outcome::Invalid);
        assert!(finding.genuine.is_none());
    }
}

#[tokio::test]
async fn every_bad_token_is_answered_alike_and_counts_as_a_request() {
    let app = TestApp::on("2026-05-08");
    let by = Act::by(Actor::local("test"));
    let revoked = app.service.make_token(&by, "gone", &[Role::Reader]).unwrap();
    app.service.revoke_token(&by, "gone").unwrap();
    let good = &app.token;
    let ask = |authorization: Option<Vec<u8>>| {
        let mut request = Request::get("/api/v1/issuing/due");
        if let Some(bytes) = authorization {
            request = request.header("authorization", HeaderValue::from_bytes(&bytes).unwrap());
        }
        request.body(Body::empty()).unwrap()
    };
    assert_eq!(app.send(ask(Some(format!("Bearer {good}").into_bytes()))).await.status, 200);
    let bearer = |secret: &str| Some(format!("Bearer {secret}").into_bytes());
    let one_off = good.replacen("smk_", "smk-", 1);
    let bad = [
        None,
        bearer(&revoked),
        bearer("smk_00000000000000000000000000000000000000000000"),
        bearer(&one_off),
        bearer(&good[..good.len() - 1]),
        bearer(&format!("{good}{good}{good}{good}")),
        bearer(""),
        Some(good.clone().into_bytes()),
        Some(format!("Basic {good}").into_bytes()),
        Some(b"Bearer \xff\xfe".to_vec()),
    ];
    let told = |answer: &Answer| (answer.status.as_u16(), answer.headers["www-authenticate"].clone(), answer.text());
    let first = told(&app.send(ask(None)).await);
    assert_eq!(first.0, 401);
    for authorization in bad {
        let answer = app.send(ask(authorization.clone())).await;
        assert_eq!(told(&answer), first, "{authorization:?}");
    }
    let few = std::num::NonZeroU32::new(3).unwrap();
    let limits = Limits { per_second: std::num::NonZeroU32::new(1), burst: few, ..Limits::DEFAULT };
    let router = router(app.service.clone(), "https://xb.example.cn", limits);
    let mut guesses = vec![];
    while guesses.len() < 60 && !guesses.contains(&429) {
        let answer = router.clone().oneshot(ask(bearer("smk_guess"))).await.unwrap();
        guesses.push(answer.status().as_u16());
    }
    assert!(guesses.len() > 3 && guesses[..3] == [401; 3] && guesses.ends_with(&[429]), "{guesses:?}");
}

#[test]
fn the_committed_description_is_the_generated_one() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/openapi.json");
    let generated = starmark::http::openapi::document();
    if std::env::var_os("STARMARK_WRITE_OPENAPI").is_some() {
        std::fs::write(path, &generated).unwrap();
    }
    let committed = std::fs::read_to_string(path).unwrap();
    assert!(
        committed == generated,
        "openapi.json is stale: run the tests once with STARMARK_WRITE_OPENAPI=1 and commit it"
    );
}

#[test]
fn the_description_names_every_member_of_a_decision() {
    let api: serde_json::Value = serde_json::from_str(&starmark::http::openapi::document()).unwrap();
    let sample = decision("D-1", "2026-05-08");
    let members = |name: &str| {
        api["components"]["schemas"][name]["properties"].as_object().unwrap().keys().cloned().collect::<Vec<_>>()
    };
    let mut typed: Vec<String> =
        serde_json::to_value(serde_json::from_value::<starmark::domain::decision::DecisionInput>(sample).unwrap())
            .unwrap()
            .as_object()
            .unwrap()
            .keys()
            .cloned()
            .collect();
    let mut described = members("Decision");
    typed.sort();
    described.sort();
    assert_eq!(typed, described);
}
