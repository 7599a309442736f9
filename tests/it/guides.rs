//! The two pages that explain the service: what they say is what the service does, and whatever they lead to is there.

use crate::cli_kit::{Desk, run_in};
use crate::harness::{TestApp, decision};
use crate::serve_kit::Serving;
use crate::vectors_support::root;
use serde_json::{Value, json};
use starmark::domain::Standing;
use std::collections::BTreeSet;

const PAGES: [&str; 4] = ["/help?lang=zh", "/help?lang=en", "/developers?lang=zh", "/developers?lang=en"];

/// The values of an attribute on a page.
fn values<'p>(page: &'p str, attribute: &str) -> Vec<&'p str> {
    let begin = format!(" {attribute}=\"");
    page.split(&begin).skip(1).map(|rest| rest.split('"').next().unwrap()).collect()
}

/// A register with a certificate and a mark in force: number, identifier, mark.
async fn in_force() -> (TestApp, [String; 3]) {
    let app = TestApp::on("2026-05-08");
    let issued = app.issue(&decision("D-1", "2026-05-08")).await;
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let (id, number) = (text(&issued["id"]), text(&issued["number"]));
    let marks = format!("/api/v1/issuing/certificates/{id}/marks");
    let mark = app.post(&marks, &json!({"medium": "packaging"})).await.is(201).json();
    (app, [number, id, text(&mark["id"])])
}

#[tokio::test]
async fn whatever_they_lead_to_is_there() {
    let (app, _) = in_force().await;
    let mut pages = vec![];
    for path in PAGES {
        pages.push((path, app.get(path).await.is(200).text()));
    }
    let mut looked_at = BTreeSet::new();
    for (path, page) in &pages {
        let places: BTreeSet<&str> = values(page, "id").into_iter().collect();
        assert_eq!(places.len(), values(page, "id").len(), "{path}: a place stands there twice");
        for href in values(page, "href") {
            let (address, place) = href.split_once('#').unwrap_or((href, ""));
            if !address.is_empty() {
                assert!(app.get(address).await.status.is_success(), "{path} leads to {href}");
            }
            let target = match address.split('?').next().unwrap() {
                "" => Some(page),
                at => pages.iter().find(|(path, _)| path.split('?').next() == Some(at)).map(|(_, page)| page),
            };
            if let Some(target) = target.filter(|_| !place.is_empty()) {
                assert!(values(target, "id").contains(&place), "{path} leads to {href}");
            }
            looked_at.insert(address);
        }
    }
    assert!(looked_at.contains("/formats/SPEC-receipt.md") && looked_at.contains("/openapi.json"), "{looked_at:?}");
}

#[tokio::test]
async fn every_page_leads_to_them_at_its_foot_alone() {
    let (app, [_, id, _]) = in_force().await;
    for (path, suffix) in [("/", ""), (&*format!("/c/{id}?lang=en"), "?lang=en"), ("/help", ""), ("/nowhere", "")] {
        let page = app.get(path).await.text();
        let (top, foot) = page.split_once("<footer").unwrap();
        let header = top.split("</header>").next().unwrap();
        for guide in ["help", "developers"] {
            let link = format!("href=\"/{guide}{suffix}\"");
            assert!(foot.contains(&link) && !header.contains(&link), "{path}: {link}");
        }
    }
}

#[tokio::test]
async fn help_tells_each_answer_in_the_words_of_the_pages() {
    let (app, [_, id, _]) = in_force().await;
    app.order(&id, "suspension", json!({"reason": "0111"})).await.is(200);
    let answered =
        [app.get(&format!("/c/{id}?lang=zh")).await.text(), app.get(&format!("/c/{id}?lang=en")).await.text()];
    let help = [app.get(PAGES[0]).await.text(), app.get(PAGES[1]).await.text()];
    for standing in Standing::ALL {
        assert!(help[0].contains(&format!("<span>{}</span></span>", standing.zh())), "{standing:?}");
        assert!(help[1].contains(&format!("<span>{}</span></span>", standing.en())), "{standing:?}");
    }
    for (answered, help) in answered.iter().zip(&help) {
        let advice = answered.split("aria-labelledby=\"todo\"").nth(1).unwrap();
        let advice = advice.split("<p>").nth(1).unwrap().split("</p>").next().unwrap();
        assert!(help.contains(advice), "{advice}");
    }
    for level in ["五星级", "四星级", "三星级", "达标级", "95 分起", "70 分起", "售后服务认证，非产品认证"]
    {
        assert!(help[0].contains(level), "{level}");
    }
}

#[tokio::test]
async fn the_commands_that_help_names_are_the_programs() {
    let (app, _) = in_force().await;
    let page = app.get(PAGES[0]).await.text();
    let bodies = page.split("id=\"bodies\"").nth(1).unwrap().split("<h2").next().unwrap();
    let told: BTreeSet<String> = bodies
        .split("<dt>")
        .skip(1)
        .flat_map(|row| row.split("</dt>").next().unwrap().split(", "))
        .map(str::to_owned)
        .collect();
    let help = run_in(Desk::new().path("").as_path(), &["--help"]).is(0).out;
    let commands = help.split("Commands:").nth(1).unwrap().split("Options:").next().unwrap();
    let there: BTreeSet<String> = commands
        .lines()
        .filter(|line| line.starts_with("  ") && !line.starts_with("   "))
        .filter_map(|line| line.split_whitespace().next())
        .map(str::to_owned)
        .collect();
    // Making an invented register or a new one, and verifying, are not a body's daily work.
    let aside = ["demo", "bench-data", "init", "verify", "trust", "help"].map(str::to_owned);
    assert_eq!(told, there.into_iter().filter(|command| !aside.contains(command)).collect());
}

#[tokio::test]
async fn every_operation_is_told() {
    let (app, _) = in_force().await;
    let api: Value = serde_json::from_str(&starmark::http::openapi::document()).unwrap();
    for path in &PAGES[2..] {
        let page = app.get(path).await.text().replace("<wbr>", "");
        for (address, item) in api["paths"].as_object().unwrap() {
            for (method, operation) in item.as_object().unwrap() {
                let method = method.to_uppercase();
                if operation["tags"][0] == "public" {
                    assert!(page.contains(&format!("<code><b>{method}</b> {address}</code>")), "{method} {address}");
                } else {
                    let below = address.strip_prefix("/api/v1/issuing").unwrap();
                    assert!(page.contains(&format!("<dt><b>{method}</b> {below}</dt>")), "{method} {address}");
                }
            }
        }
    }
}

#[tokio::test]
async fn examples_are_about_this_register() {
    let (app, [number, id, mark]) = in_force().await;
    for path in &PAGES[2..] {
        let page = app.get(path).await.text();
        let examples: Vec<&str> = page.split("<code data-run=").skip(1).collect();
        assert_eq!(examples.len(), 17);
        for example in examples {
            let example = example.split("</code>").next().unwrap();
            assert!(example.contains("https://xb.example.cn/") && !example.contains('@'), "{example}");
            let about = [&number, &id, &mark];
            assert!(about.iter().any(|it| example.contains(&***it)), "{example}");
        }
        assert!(!page.contains("编的") && !page.contains("made up"), "{path}");
    }
    // A mark that holds no more is no example; its certificate still is.
    app.post(&format!("/api/v1/issuing/marks/{mark}/revocation"), &json!({"reason": "misuse"})).await.is(200);
    let page = app.get(PAGES[3]).await.text();
    assert!(page.contains(&id) && !page.contains(&mark) && page.contains("The mark’s digits are made up"));
}

#[tokio::test]
async fn an_empty_register_says_that_its_examples_are_made_up() {
    let app = TestApp::on("2026-05-08");
    for (path, said) in
        [(PAGES[2], "登记簿还没有证书，例子里的编号和数字是编的"), (PAGES[3], "No certificate is on record yet")]
    {
        let page = app.get(path).await.is(200).text();
        assert!(page.contains(said), "{path}");
        // They ask rightly all the same: what is not on record is answered so.
        let id = page.split("/api/v1/certificates/").find(|rest| rest.starts_with(char::is_numeric)).unwrap();
        app.get(&format!("/api/v1/certificates/{}", &id[..16])).await.refused(404, "no_such_certificate", "");
        let mark = page.split("/api/v1/marks/").find(|rest| rest.starts_with(char::is_numeric)).unwrap();
        assert_eq!(app.get(&format!("/api/v1/marks/{}", &mark[..16])).await.is(200).json()["verdict"], "undetermined");
    }
}

#[tokio::test]
async fn every_format_is_served_as_it_is_written() {
    let app = TestApp::on("2026-05-08");
    let page = app.get(PAGES[2]).await.text();
    let names = std::fs::read_dir(root("docs")).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap());
    let formats: Vec<String> = names.filter(|name| name.starts_with("SPEC-")).collect();
    assert!(formats.len() > 10);
    for name in formats {
        let served = app.get(&format!("/formats/{name}")).await.is(200);
        assert_eq!(served.text(), std::fs::read_to_string(root("docs").join(&name)).unwrap(), "{name}");
        assert_eq!(served.headers["access-control-allow-origin"], "*");
        assert!(page.contains(&format!("href=\"/formats/{name}\"")), "{name}");
    }
    assert!(app.get("/formats/SPEC-nothing.md").await.is(404).text().contains("没有这一页"));
}

#[test]
fn the_verifiers_of_others_that_are_named_are_those_that_are_tested() {
    let page = std::fs::read_to_string(root("templates/developers.html")).unwrap();
    let tested = std::fs::read_to_string(root("tests/interop/package.json")).unwrap();
    let tested: Value = serde_json::from_str(&tested).unwrap();
    let named: BTreeSet<&str> =
        page.split([' ', '<', '>']).filter(|word| word.starts_with("@digitalbazaar/")).collect();
    assert_eq!(named.len(), 4);
    assert!(named.iter().all(|name| tested["dependencies"][name].is_string()), "{named:?}");
    let scripts: BTreeSet<&str> = page.split([' ', '<', '>']).filter(|word| word.ends_with(".py")).collect();
    assert_eq!(scripts.len(), 3);
    assert!(scripts.iter().all(|name| root("tests/interop").join(name).is_file()), "{scripts:?}");
    assert!(std::fs::read_to_string(root("tests/interop/log.go")).unwrap().contains("golang.org/x/mod/sumdb"));
}

/// A line of the log for each request, as the page says, and nothing of who asked what.
#[test]
fn the_log_tells_neither_what_was_asked_nor_by_whom() {
    let desk = Desk::new();
    let mut serving = Serving::on(&desk);
    for path in ["?q=zq7sought", "c/1111159049182787", "scan?code=zq7scanned", "help"] {
        serving.get(path, None);
    }
    serving.signal();
    assert_eq!(serving.ended(), Some(0));
    let log = serving.log();
    let lines: Vec<Value> = log.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    let requests: Vec<&Value> = lines.iter().filter(|line| line["fields"]["message"] == "request").collect();
    let routes: Vec<&str> = requests.iter().map(|line| line["fields"]["route"].as_str().unwrap()).collect();
    assert_eq!(routes, ["/", "/c/{id}", "/scan", "/help"]);
    for line in requests {
        let told: BTreeSet<&str> = line["fields"].as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(told, BTreeSet::from(["message", "method", "micros", "request_id", "route", "status"]));
        assert!(!line.to_string().contains("127.0.0.1"), "{line}");
    }
    assert!(!log.contains("zq7") && !log.contains("1111159049182787"), "{log}");
}
