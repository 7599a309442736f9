//! The badge that a holder puts on its own site: it says how the certificate stands now, wherever it is shown, and never more.

use crate::harness::{Answer, TestApp, decision};
use axum::body::Body;
use axum::http::Request;
use flate2::read::GzDecoder;
use serde_json::{Value, json};
use starmark::domain::Standing;
use starmark::http::Limits;
use std::io::Read as _;
use std::num::NonZeroU32;

const GREEN: &str = "#0a6b3b";
const GREY: &str = "#4b5560";
const STAR: &str = "#b4690e";
const UNKNOWN: &str = "1234567890123456";

async fn issued(app: &TestApp, decision: &Value) -> String {
    app.issue(decision).await["id"].as_str().unwrap().to_owned()
}

fn between<'a>(text: &'a str, from: &str, to: &str) -> &'a str {
    let (_, rest) = text.split_once(from).unwrap_or_else(|| panic!("no {from}: {text}"));
    rest.split_once(to).unwrap().0
}

/// What the picture and the page for a frame say alike.
async fn says(app: &TestApp, id: &str, lang: &str, status: u16) -> String {
    let picture = app.get(&format!("/c/{id}/badge.svg?lang={lang}")).await.is(status);
    assert_eq!(picture.headers["content-type"], "image/svg+xml");
    let svg = picture.text();
    let said = between(&svg, "<title id=\"t\">", "</title>").to_owned();
    let frame = app.get(&format!("/c/{id}/badge?lang={lang}")).await.is(status);
    assert_eq!(frame.headers["content-type"], "text/html; charset=utf-8");
    assert_eq!(frame.headers.get("cache-control"), picture.headers.get("cache-control"));
    let page = frame.text();
    assert!(page.contains(&svg) && between(&page, "aria-label=\"", "\"").starts_with(&said), "{page}");
    said
}

/// It says that in both languages, in grey, without stars, without the level.
async fn holds_not(app: &TestApp, id: &str, standing: Standing) {
    let words = [("zh", standing.zh(), "现在不能使用"), ("en", standing.en(), "may not be used now")];
    for (lang, word, note) in words {
        let said = says(app, id, lang, 200).await;
        assert!(said.starts_with(word) && said.contains("示例电器有限公司") && said.contains(note), "{said}");
        assert!(!said.contains("五星级") && !said.contains("five-star"), "{said}");
        let picture = app.get(&format!("/c/{id}/badge.svg?lang={lang}")).await;
        assert_eq!(picture.headers["cache-control"], "public, max-age=60");
        let svg = picture.text();
        assert!(svg.contains(GREY) && !svg.contains(GREEN) && !svg.contains(STAR), "{standing:?} is praised");
    }
}

#[tokio::test]
async fn every_standing_is_told_and_only_what_is_in_force_is_green() {
    let app = TestApp::on("2026-05-08");
    let id = issued(&app, &decision("D-1", "2026-05-08")).await;
    let number = app.get(&format!("/api/v1/certificates/{id}")).await.json()["number"].as_str().unwrap().to_owned();
    assert_eq!(says(&app, &id, "zh", 200).await, format!("有效：示例电器有限公司，五星级，证书编号 {number}"));
    assert_eq!(
        says(&app, &id, "en", 200).await,
        format!("In force: 示例电器有限公司, five-star, certificate {number}")
    );
    let svg = app.get(&format!("/c/{id}/badge.svg")).await.text();
    assert!(svg.contains(GREEN) && svg.contains(STAR) && !svg.contains(GREY));
    assert!(svg.contains("2026-05-08 · 请点开，到 xb.example.cn 核实"), "the day, and where it is checked");
    let page = app.get(&format!("/c/{id}/badge?lang=en")).await.text();
    assert!(page.contains(&format!("href=\"/c/{id}?lang=en\" target=\"_blank\" rel=\"noopener\"")), "{page}");
    assert!(page.contains("Checked on 2026-05-08") && !page.contains("<script"));

    app.order(&id, "suspension", json!({"reason": "0111"})).await.is(200);
    holds_not(&app, &id, Standing::Suspended).await;
    app.order(&id, "reinstatement", json!({})).await.is(200);
    assert!(says(&app, &id, "zh", 200).await.starts_with("有效"));
    let next = json!({"reason": "reissued", "decision": decision("D-2", "2026-05-08")});
    app.order(&id, "supersession", next).await.is(201);
    holds_not(&app, &id, Standing::Superseded).await;
    let withdrawn = issued(&app, &decision("D-3", "2026-05-08")).await;
    app.order(&withdrawn, "withdrawal", json!({"reason": "0199"})).await.is(200);
    holds_not(&app, &withdrawn, Standing::Withdrawn).await;
    let cancelled = issued(&app, &decision("D-4", "2026-05-08")).await;
    app.order(&cancelled, "cancellation", json!({"reason": "holder_gone"})).await.is(200);
    holds_not(&app, &cancelled, Standing::Cancelled).await;
    let mut later = decision("D-5", "2026-05-08");
    later["issued_on"] = json!("2026-06-01");
    let later = issued(&app, &later).await;
    holds_not(&app, &later, Standing::NotYetEffective).await;
    app.today("2029-06-02");
    app.service.confirm_today("2029-06-02".parse().unwrap()).unwrap();
    holds_not(&app, &later, Standing::Expired).await;
}

#[tokio::test]
async fn what_is_not_known_claims_nothing() {
    let app = TestApp::on("2026-05-08");
    let id = issued(&app, &decision("D-1", "2026-05-08")).await;
    let grey = |svg: &str| svg.contains(GREY) && !svg.contains(GREEN) && !svg.contains(STAR);
    let said = says(&app, UNKNOWN, "zh", 404).await;
    assert_eq!(said, format!("查无此证：登记簿上没有证书 {UNKNOWN}"));
    assert_eq!(
        says(&app, UNKNOWN, "en", 404).await,
        format!("No such record: There is no certificate {UNKNOWN} on record")
    );
    // Nobody makes our picture say a text of his own.
    for typed in ["%E4%BA%94%E6%98%9F%E7%BA%A7", "1", "%3Cb%3E"] {
        let svg = app.get(&format!("/c/{typed}/badge.svg")).await.is(404).text();
        assert!(
            svg.contains("查无此证") && svg.contains("这不是证书的标识") && !svg.contains("五星级") && grey(&svg),
            "{svg}"
        );
        assert!(app.get(&format!("/c/{typed}/badge")).await.is(404).text().contains("href=\"/\""));
    }
    app.today("2026-05-07");
    let doubted = says(&app, &id, "zh", 200).await;
    assert!(doubted.starts_with("无法判断：示例电器有限公司，能否使用，无法判断"), "{doubted}");
    let picture = app.get(&format!("/c/{id}/badge.svg")).await;
    assert_eq!(picture.headers["cache-control"], "no-store", "what cannot be told now is asked for again");
    assert!(grey(&picture.text()) && !picture.text().contains("2026-05-0"), "a clock that is wrong names no day");
    app.today("2026-05-08");
    app.damage_journal();
    assert_eq!(says(&app, &id, "zh", 500).await, "无法判断：现在查不到状态");
    assert!(says(&app, &id, "en", 500).await.starts_with("Cannot tell"));
}

#[tokio::test]
async fn a_badge_that_is_not_made_is_a_badge_that_cannot_tell() {
    let app = TestApp::on("2026-05-08");
    let id = issued(&app, &decision("D-1", "2026-05-08")).await;
    let one = Limits { per_second: NonZeroU32::new(1), burst: NonZeroU32::MIN, ..Limits::DEFAULT };
    let app = app.behind(one);
    app.get(&format!("/c/{id}/badge.svg")).await.is(200);
    let cannot = |answer: Answer, kind: &str| {
        assert_eq!(answer.headers["content-type"], kind);
        assert_eq!(answer.headers["cache-control"], "no-store");
        let text = answer.text();
        assert!(
            text.contains("无法判断：现在查不到状态") && !text.contains("示例电器") && !text.contains(GREEN),
            "{text}"
        );
    };
    let refused = app.get(&format!("/c/{id}/badge.svg")).await.is(429);
    assert_eq!(refused.headers["retry-after"], "5");
    cannot(refused, "image/svg+xml");
    cannot(app.get(&format!("/c/{id}/badge")).await.is(429), "text/html; charset=utf-8");
    let app = app.behind(Limits { per_second: None, ..Limits::DEFAULT });
    cannot(app.get("/c/%FF/badge.svg").await.is(400), "image/svg+xml");
    let post = Request::post(format!("/c/{id}/badge")).body(Body::empty()).unwrap();
    cannot(app.send(post).await.is(405), "text/html; charset=utf-8");
}

#[tokio::test]
async fn a_badge_stands_on_any_site_and_can_do_nothing_there() {
    let app = TestApp::on("2026-05-08");
    let id = issued(&app, &decision("D-1", "2026-05-08")).await;
    for path in [format!("/c/{id}/badge.svg"), format!("/c/{UNKNOWN}/badge.svg"), "/c/%FF/badge.svg".into()] {
        let h = app.get(&path).await.headers;
        assert_eq!(
            h["content-security-policy"],
            "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; sandbox"
        );
        assert_eq!(
            (&h["cross-origin-resource-policy"], &h["x-frame-options"]),
            (&"cross-origin".parse().unwrap(), &"DENY".parse().unwrap())
        );
    }
    for path in [format!("/c/{id}/badge"), format!("/c/{UNKNOWN}/badge"), "/c/%FF/badge".into()] {
        let h = app.get(&path).await.headers;
        assert_eq!(
            h["content-security-policy"],
            "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors *"
        );
        assert!(!h.contains_key("x-frame-options") && !h.contains_key("set-cookie"), "{path}");
        assert_eq!(
            (&h["cross-origin-resource-policy"], &h["cross-origin-embedder-policy"]),
            (&"cross-origin".parse().unwrap(), &"require-corp".parse().unwrap())
        );
    }
    for path in [
        format!("/c/{id}"),
        format!("/badge?q={id}"),
        "/".into(),
        "/embed/badge.js".into(),
        format!("/c/{id}/card.png"),
    ] {
        let h = app.get(&path).await.headers;
        assert!(h["content-security-policy"].to_str().unwrap().contains("frame-ancestors 'none'"), "{path}");
        assert_eq!(h["x-frame-options"], "DENY", "{path}");
    }
    // Its module asks the public answer, from wherever it stands; nothing else is opened.
    let api = format!("/api/v1/certificates/{id}");
    for path in [api.clone(), format!("/api/v1/certificates/{UNKNOWN}"), "/embed/badge.js".into()] {
        let h = app.get(&path).await.headers;
        assert_eq!(h["access-control-allow-origin"], "*", "{path}");
        assert!(!h.contains_key("access-control-allow-credentials"), "{path}");
    }
    for path in
        [format!("{api}/history"), format!("/api/v1/issuing/certificates/{id}/decision"), format!("/c/{id}/badge")]
    {
        assert!(!app.get(&path).await.headers.contains_key("access-control-allow-origin"), "{path}");
    }
    let one = Limits { per_second: NonZeroU32::new(1), burst: NonZeroU32::MIN, ..Limits::DEFAULT };
    let app = app.behind(one);
    app.get(&api).await.is(200);
    assert_eq!(app.get(&api).await.is(429).headers["access-control-allow-origin"], "*", "else it cannot tell why");
}

#[tokio::test]
async fn the_module_is_small_and_has_the_words_of_every_standing() {
    let app = TestApp::on("2026-05-08");
    let plain = app.get("/embed/badge.js").await.is(200);
    assert_eq!(plain.headers["content-type"], "text/javascript; charset=utf-8");
    assert_eq!(plain.headers["cache-control"], "public, max-age=3600");
    let module = plain.text();
    for standing in Standing::ALL {
        let words = format!("{}: [\"{}\", \"{}\"]", standing.wire(), standing.zh(), standing.en());
        assert!(module.contains(&words), "{words}");
    }
    let id = issued(&app, &decision("D-1", "2026-05-08")).await;
    for (path, most) in [("/embed/badge.js".to_owned(), 4096), (format!("/c/{id}/badge.svg"), 16_000)] {
        let request = Request::get(&path).header("accept-encoding", "gzip, deflate").body(Body::empty()).unwrap();
        let packed = app.send(request).await.is(200);
        assert_eq!(
            (&packed.headers["content-encoding"], &packed.headers["vary"]),
            (&"gzip".parse().unwrap(), &"accept-encoding".parse().unwrap())
        );
        assert!(packed.bytes.len() < most, "{path}: {} bytes", packed.bytes.len());
        let mut text = String::new();
        GzDecoder::new(&*packed.bytes).read_to_string(&mut text).unwrap();
        assert_eq!(text, app.get(&path).await.text());
    }
}

/// The text areas of the page.
fn snippets(page: &str) -> Vec<String> {
    let areas = page.split("<textarea ").skip(1).map(|rest| between(rest, ">", "</textarea>"));
    let plain =
        |text: &str| text.replace("&#60;", "<").replace("&#62;", ">").replace("&#34;", "\"").replace("&#38;", "&");
    areas.map(plain).collect()
}

#[tokio::test]
async fn a_holder_takes_its_badge_by_whatever_it_types() {
    let app = TestApp::on("2026-05-08");
    let mut named = decision("D-1", "2026-05-08");
    named["holder"]["name"] = json!("示例\"</textarea><b>电器");
    let id = issued(&app, &named).await;
    let number = app.get(&format!("/api/v1/certificates/{id}")).await.json()["number"].as_str().unwrap().to_owned();
    for typed in [number.clone(), format!("证书编号：{number}"), id.clone(), format!("https://xb.example.cn/c/{id}")]
    {
        let query = typed.bytes().map(|b| format!("%{b:02x}")).collect::<String>();
        let page = app.get(&format!("/badge?q={query}")).await.is(200).text();
        assert!(page.contains(&format!("src=\"/c/{id}/badge.svg?lang=zh\"")), "{typed}");
        let name = "查验示例&quot;&lt;/textarea&gt;&lt;b&gt;电器的售后服务认证证书";
        let [element, frame, picture] = &snippets(&page)[..] else { panic!("{page}") };
        assert!(element.contains("<script type=\"module\" src=\"https://xb.example.cn/embed/badge.js\"></script>"));
        assert!(element.contains(&format!("<starmark-badge certificate=\"{id}\" lang=\"zh\">")), "{element}");
        assert!(frame.contains(&format!("src=\"https://xb.example.cn/c/{id}/badge?lang=zh\" width=\"324\" height=\"144\" title=\"{name} {number}\" loading=\"lazy\"")), "{frame}");
        assert!(
            picture.contains(&format!(
                "badge.svg?lang=zh\" width=\"324\" height=\"144\" alt=\"{name} {number}\" loading=\"lazy\""
            )),
            "{picture}"
        );
        assert!(picture.contains(&format!(
            "<a href=\"https://xb.example.cn/c/{id}?lang=zh\" target=\"_blank\" rel=\"noopener noreferrer\">"
        )));
        assert!(!page.contains("</textarea><b>") && !page.contains("<script"), "{page}");
    }
    assert!(snippets(&app.get(&format!("/badge?q={id}&lang=en")).await.text()).concat().contains("lang=\"en\""));
    let wrong = [
        ("29326SC99999R0M", 404, "查无此证"),
        ("91110108551385082Q", 400, "href=\"/?q=91110108551385082Q&"),
        ("https://evil.example/c/1", 400, "不是本机构的"),
        ("https://xb.example.cn/m/1", 400, "不是证书的网址"),
        ("29326S%D0%A100001R0M", 400, "其他文字"),
        ("29326SC00001R0M29326SC00001R0M29326SC00001R0M", 400, "这不是证书编号"),
    ];
    for (typed, status, said) in wrong {
        let page = app.get(&format!("/badge?q={typed}&lang=zh")).await.is(status).text();
        assert!(page.contains(said) && !page.contains("<textarea"), "{typed}: {page}");
    }
    let page = app.get("/badge?lang=en").await.is(200).text();
    assert!(page.contains("A badge proves nothing by itself") && !page.contains("<textarea"));
    assert!(app.get("/").await.text().contains("href=\"/badge\""), "it is found from every page");
    app.order(&id, "suspension", json!({"reason": "0111"})).await.is(200);
    assert!(app.get(&format!("/badge?q={id}")).await.is(200).text().contains("放上去也是灰的"));
    app.damage_journal();
    assert!(app.get(&format!("/badge?q={id}")).await.is(500).text().contains("无法判断"));
}
