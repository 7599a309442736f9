//! Following certificates: confirmed by who receives, told of everything in order and until it arrives, ended by a link.

use crate::harness::{Answer, TestApp, decision};
use crate::hook_kit::{Got, Hook};
use axum::body::Body;
use axum::http::{Request, header};
use jiff::SignedDuration;
use serde_json::{Value, json};
use starmark::http::Limits;
use starmark::service::clock::{Clock as _, Machine};
use starmark::service::watch::Reach;
use std::num::NonZeroU32;

const API: &str = "/api/v1/subscriptions";

fn watching(today: &str) -> TestApp {
    let app = TestApp::on(today);
    app.service.start_watch("https://xb.example.cn", Reach::Anywhere).unwrap();
    app
}

async fn issued(app: &TestApp, reference: &str, day: &str) -> String {
    app.issue(&decision(reference, day)).await["id"].as_str().unwrap().to_owned()
}

async fn ask(app: &TestApp, body: Value) -> Answer {
    app.post(API, &body).await
}

/// A subscription that was confirmed, its message with the link, and its secret.
async fn followed(app: &TestApp, hook: &Hook, mut body: Value) -> (Got, String) {
    body["url"] = json!(hook.url);
    ask(app, body).await.is(202);
    let link = hook.next();
    assert_eq!(link.json()["type"], "subscription.confirm");
    let confirmed = app.post(&format!("{}/confirmation", link.api_link()), &json!({})).await.is(200).json();
    assert_eq!(confirmed["state"], "active");
    let secret = confirmed["secret"].as_str().unwrap().to_owned();
    (link, secret)
}

/// Type, certificate, step and standing of a message.
fn told(got: &Got) -> (String, String, Value, Value) {
    let message = got.json();
    let data = &message["data"];
    let text = |v: &Value| v.as_str().unwrap().to_owned();
    (text(&message["type"]), text(&data["certificate"]), data["step"].clone(), data["standing"].clone())
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_sent_before_who_receives_it_says_so() {
    let app = watching("2026-05-08");
    let id = issued(&app, "D-1", "2026-05-08").await;
    let hook = Hook::start();
    let asked = ask(&app, json!({"url": hook.url, "certificate": "29326SC00001R0M"})).await.is(202).json();
    assert_eq!((&asked["state"], &asked["follows"]), (&json!("pending"), &json!({"certificate": id})));
    assert_eq!(asked["confirm_before"], "2026-05-09T04:00:00Z");
    assert!(asked.get("secret").is_none(), "who asks need not be who receives: {asked}");
    let link = hook.next();
    app.order(&id, "suspension", json!({"reason": "0112"})).await.is(200);
    hook.hears_nothing();

    // A program that opens every link confirms nothing; the one who presses the button does, and gets what he waited for.
    let page = app.get(&link.link()).await.is(200).text();
    assert!(
        page.contains("确认之前不会发送") && page.contains("value=\"confirm\"") && !page.contains("whsec_"),
        "{page}"
    );
    hook.hears_nothing();
    let press_at = |path: &str, deed: &str| {
        let request = Request::post(path).header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        request.body(Body::from(format!("deed={deed}"))).unwrap()
    };
    app.send(press_at(&link.link(), "nonsense")).await.is(303);
    hook.hears_nothing();
    app.send(press_at(&link.link(), "confirm")).await.is(303);
    let news = hook.next();
    assert_eq!(told(&news), ("certificate.suspended".into(), id.clone(), json!(1), json!("suspended")));
    let page = app.get(&link.link()).await.is(200).text();
    assert!(page.contains("订阅有效") && page.contains("whsec_"));

    // The link in each message ends it, and shows no secret to whoever comes to see a message.
    let manage = app.get(&news.link()).await.is(200).text();
    assert!(news.link() != link.link() && !manage.contains("whsec_") && manage.contains("value=\"end\""), "{manage}");
    assert!(app.get(&news.api_link()).await.is(200).json().get("secret").is_none());
    app.post(&format!("{}/confirmation", news.api_link()), &json!({})).await.refused(404, "no_such_subscription", "");
    app.send(press_at(&news.link(), "end")).await.is(303);
    app.order(&id, "reinstatement", json!({})).await.is(200);
    hook.hears_nothing();
    assert!(app.get(&format!("{}?lang=en", link.link())).await.text().contains("ended by its link"));
    app.post(&format!("{}/confirmation", link.api_link()), &json!({})).await.refused(409, "subscription_ended", "");
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_is_told_in_order_with_a_signature_and_where_to_look() {
    let app = watching("2026-05-08");
    let id = issued(&app, "D-1", "2026-05-08").await;
    let (one, all) = (Hook::start(), Hook::start());
    followed(&app, &one, json!({"uscc": "91110108551385082Q"})).await;
    followed(&app, &all, json!({"all": true})).await;
    app.order(&id, "suspension", json!({"reason": "0112"})).await.is(200);
    let second = issued(&app, "D-2", "2026-05-08").await;
    app.order(&id, "withdrawal", json!({"reason": "0117"})).await.is(200);
    for hook in [&one, &all] {
        let news = [hook.next(), hook.next(), hook.next()];
        let kinds: Vec<_> = news.iter().map(|n| told(n).0).collect();
        assert_eq!(kinds, ["certificate.suspended", "certificate.issued", "certificate.withdrawn"]);
        assert_eq!((told(&news[1]).1, told(&news[2]).1), (second.clone(), id.clone()));
        let data = news[2].json()["data"].clone();
        assert_eq!((&data["number"], &data["holder"]), (&json!("29326SC00001R0M"), &json!("示例电器有限公司")));
        assert_eq!(data["page"], format!("https://xb.example.cn/c/{id}"));
        let entry = data["log_entry"].as_str().unwrap().strip_prefix("https://xb.example.cn").unwrap().to_owned();
        let logged = app.get(&entry).await.is(200).text();
        assert!(logged.contains("withdrawn") && logged.contains(&id), "{logged}");
        let ids: std::collections::BTreeSet<_> = news.iter().map(|n| n.headers["webhook-id"].clone()).collect();
        assert_eq!(ids.len(), 3);
    }
    // What expires is told, though no event says it: only of what was in force to its end.
    app.today("2029-05-08");
    let news = one.next();
    assert_eq!(told(&news), ("certificate.expired".into(), second, json!(null), json!("expired")));
    assert_eq!(news.json()["timestamp"], "2029-05-07T16:00:00Z");
    one.hears_nothing();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_not_delivered_comes_again_in_its_order_also_after_a_restart() {
    let app = watching("2026-05-08");
    let id = issued(&app, "D-1", "2026-05-08").await;
    let hook = Hook::start();
    let (link, _) = followed(&app, &hook, json!({"certificate": id})).await;
    hook.answers(500);
    app.order(&id, "suspension", json!({"reason": "0112"})).await.is(200);
    let first = hook.next();
    app.order(&id, "reinstatement", json!({})).await.is(200);
    hook.hears_nothing();
    let trouble = app.get(&link.api_link()).await.is(200).json()["trouble"].clone();
    assert_eq!((&trouble["tries"], &trouble["why"]), (&json!(1), &json!("it answered 500")));

    hook.answers(204);
    let app = app.restarted(|_| {});
    app.today("2026-05-09");
    app.service.start_watch("https://xb.example.cn", Reach::Anywhere).unwrap();
    let again = hook.next();
    assert_eq!(again.headers["webhook-id"], first.headers["webhook-id"], "the receiver knows it again");
    assert_eq!(told(&again).0, "certificate.suspended");
    assert_eq!(told(&again).3, json!("valid"), "how it stands is as of now");
    assert_eq!(told(&hook.next()).0, "certificate.reinstated");
    hook.hears_nothing();

    // A receiver that says it is gone gets nothing more.
    hook.answers(410);
    app.order(&id, "suspension", json!({"reason": "0112"})).await.is(200);
    hook.next();
    app.order(&id, "reinstatement", json!({})).await.is(200);
    hook.hears_nothing();
    let stands = app.get(&link.api_link()).await.is(200).json();
    assert_eq!((&stands["state"], &stands["ended_because"]), (&json!("ended"), &json!("gone")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_that_does_not_answer_holds_up_nobody() {
    let app = watching("2026-05-08");
    let id = issued(&app, "D-1", "2026-05-08").await;
    let (bad, good) = (Hook::at("127.0.0.2"), Hook::start());
    for what in [json!({"all": true}), json!({"certificate": id}), json!({"uscc": "91110108551385082Q"})] {
        followed(&app, &bad, what).await;
    }
    followed(&app, &good, json!({"all": true})).await;
    bad.answers(0);
    app.order(&id, "suspension", json!({"reason": "0112"})).await.is(200);
    app.order(&id, "reinstatement", json!({})).await.is(200);
    assert_eq!([told(&bad.next()).0, told(&bad.next()).0], ["certificate.suspended", "certificate.suspended"]);
    assert_eq!([told(&good.next()).0, told(&good.next()).0], ["certificate.suspended", "certificate.reinstated"]);
    // The third of that host still waits for one of the two that hang: nobody else did.
    bad.hears_nothing();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_asked_for_wrongly_is_refused_and_what_is_not_confirmed_is_given_up() {
    let app = watching("2026-05-08");
    let id = issued(&app, "D-1", "2026-05-08").await;
    let hook = Hook::start();
    let with = |mut body: Value| {
        body["url"] = json!(hook.url);
        body
    };
    ask(&app, with(json!({}))).await.refused(400, "nothing_followed", "");
    ask(&app, with(json!({"all": true, "certificate": id}))).await.refused(400, "nothing_followed", "");
    ask(&app, with(json!({"certificate": "29326SC99999R0M"}))).await.refused(
        404,
        "no_such_certificate",
        "/certificate",
    );
    ask(&app, with(json!({"uscc": "91110108551385082X"}))).await.refused(400, "bad_uscc", "/uscc");
    ask(&app, json!({"url": "ftp://a.example/", "all": true})).await.refused(400, "bad_webhook_url", "/url");
    hook.hears_nothing();
    for what in [json!({"all": true}), json!({"certificate": id}), json!({"uscc": "91110108551385082Q"})] {
        let asked = ask(&app, with(what.clone())).await.is(202).json();
        assert_eq!(ask(&app, with(what)).await.is(202).json()["id"], asked["id"], "the same twice is one");
    }
    let other = issued(&app, "D-2", "2026-05-08").await;
    ask(&app, with(json!({"certificate": other}))).await.refused(409, "subscriptions_of_host", "");
    let link = hook.next();
    let wrong = format!("{}x", link.api_link());
    app.get(&wrong).await.refused(404, "no_such_subscription", "");
    app.post(&format!("{wrong}/confirmation"), &json!({})).await.refused(404, "no_such_subscription", "");
    assert!(app.get(&format!("{}x", link.link())).await.is(404).text().contains("没有这个订阅"));
    assert_eq!(app.service.subscriptions_open().unwrap(), 3);
    app.today("2026-05-09");
    let until = std::time::Instant::now() + std::time::Duration::from_secs(20);
    while app.service.subscriptions_open().unwrap() > 0 {
        assert!(std::time::Instant::now() < until, "not given up");
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    app.post(&format!("{}/confirmation", link.api_link()), &json!({})).await.refused(404, "no_such_subscription", "");
}

#[tokio::test]
async fn a_public_service_sends_nothing_inside_and_one_address_asks_so_often() {
    let few = NonZeroU32::new(3).unwrap();
    let app = TestApp::on("2026-05-08").behind(Limits { deposits_burst: few, ..Limits::DEFAULT });
    let all = |url: &str| json!({"url": url, "all": true});
    ask(&app, all("https://hooks.example.com/")).await.refused(503, "watch_off", "");
    app.service.start_watch("https://xb.example.cn", Reach::Public).unwrap();
    ask(&app, all("http://127.0.0.1:9/")).await.refused(400, "bad_webhook_url", "/url");
    ask(&app, all("https://169.254.169.254/")).await.refused(400, "bad_webhook_url", "/url");
    let refused = ask(&app, all("https://hooks.example.com/")).await.is(429);
    assert!(refused.headers.contains_key(header::RETRY_AFTER));
}

#[tokio::test(flavor = "multi_thread")]
async fn people_find_the_feed_and_ask_for_messages_on_one_page() {
    let app = watching("2026-05-08");
    let id = issued(&app, "D-1", "2026-05-08").await;
    for (about, feed) in [
        ("", "/feed.atom".to_owned()),
        ("29326SC00001R0M", format!("/c/{id}/feed.atom")),
        ("91110108551385082Q", "/h/91110108551385082Q/feed.atom".to_owned()),
        (
            "%E7%A4%BA%E4%BE%8B%E7%94%B5%E5%99%A8%E6%9C%89%E9%99%90%E5%85%AC%E5%8F%B8",
            "/h/91110108551385082Q/feed.atom".to_owned(),
        ),
    ] {
        let page = app.get(&format!("/watch?about={about}")).await.is(200).text();
        assert!(page.contains(&format!("href=\"{feed}\"")), "{about}: {page}");
        app.get(&feed).await.is(200);
    }
    assert!(app.get("/watch?about=29326SC99999R0M").await.is(404).text().contains("没有找到它"));
    // A part of two firms' names means neither, though the newest are all of one.
    let mut other = decision("D-2", "2026-05-08");
    other["holder"] =
        json!({"name": "示例电器（天津）有限公司", "uscc": "91990000MA0000001B", "address": "示例路 2 号"});
    app.issue(&other).await;
    for n in 3..5 {
        app.issue(&decision(&format!("D-{n}"), "2026-05-08")).await;
    }
    app.get("/watch?about=%E7%A4%BA%E4%BE%8B%E7%94%B5%E5%99%A8").await.is(404);
    let hook = Hook::start();
    let send = |body: String| {
        let request = Request::post("/watch").header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        request.body(Body::from(body)).unwrap()
    };
    let encoded = hook.url.replace(':', "%3A").replace('/', "%2F");
    let page = app.send(send(format!("about=29326SC00001R0M&url={encoded}"))).await.is(202).text();
    assert!(page.contains("示例电器有限公司（29326SC00001R0M）") && page.contains("2026-05-09 12:00"), "{page}");
    assert_eq!(hook.next().json()["data"]["follows"], json!({"certificate": id}));
    for (body, word) in [
        ("about=29326SC00001R0M&url=ftp%3A%2F%2Fx".to_owned(), "这个地址不能用"),
        (format!("about=&url={encoded}"), "请勾选"),
    ] {
        assert!(app.send(send(body)).await.is(400).text().contains(word), "{word}");
    }
    let page = app.send(send(format!("about=&all=yes&url={encoded}"))).await.is(202).text();
    assert!(page.contains("示例认证中心"), "{page}");
    assert_eq!(hook.next().json()["data"]["follows"], json!({"all": true}));
    let mut cross = send(format!("about=&url={encoded}"));
    cross.headers_mut().insert("sec-fetch-site", "cross-site".parse().unwrap());
    app.send(cross).await.is(403);
    hook.hears_nothing();
}

/// What the reference library of Standard Webhooks says of a message.
fn theirs(secret: &str, got: &Got) -> String {
    let mut node = std::process::Command::new("node");
    node.arg(crate::vectors_support::root("tests/interop/webhook.mjs")).arg(secret);
    let mut child = node.stdin(std::process::Stdio::piped()).stdout(std::process::Stdio::piped()).spawn().unwrap();
    let input = json!({"headers": got.headers, "body": got.body}).to_string();
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), input.as_bytes()).unwrap();
    String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap().trim().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn interop_libraries_of_standard_webhooks_verify_what_is_sent() {
    // The library holds the time of a message against the machine's own.
    let now = Machine.now();
    let app = watching(&(now - SignedDuration::from_hours(48)).strftime("%Y-%m-%d").to_string());
    app.clock.set(now);
    let day = starmark::domain::dates::china_day(now).to_string();
    let hook = Hook::start();
    let (link, secret) = followed(&app, &hook, json!({"all": true})).await;
    issued(&app, "D-1", &day).await;
    let news = hook.next();
    assert_eq!(theirs(&secret, &news), "verified certificate.issued");
    assert_eq!(theirs(&secret, &link), "verified subscription.confirm");
    let changed = Got { body: news.body.replace("五", "四").replace("valid", "expired"), ..news.clone() };
    assert!(theirs(&secret, &changed).starts_with("refused"));
    let (_, other) = followed(&app, &hook, json!({"all": true})).await;
    assert!(theirs(&other, &news).starts_with("refused"), "each has a secret of its own");
}
