//! The certificate on paper, as whoever prints and files it sees it: read with poppler's tools.

use crate::harness::{Answer, TestApp, decision};
use serde_json::{Value, json};
use starmark::mark::read::codes;
use std::process::Command;

fn path(id: &str, query: &str) -> String {
    format!("/api/v1/issuing/certificates/{id}/paper{query}")
}

async fn paper(app: &TestApp, id: &str, query: &str) -> Answer {
    app.staff_get(&path(id, query)).await.is(200)
}

/// What a tool of poppler says of a PDF.
fn tool(name: &str, arguments: &[&str], pdf: &[u8]) -> Vec<u8> {
    let place = tempfile::tempdir().unwrap();
    let file = place.path().join("paper.pdf");
    std::fs::write(&file, pdf).unwrap();
    let mut command = Command::new(name);
    let arguments = arguments.iter().map(|a| if *a == "FILE" { file.to_str().unwrap() } else { a });
    let out =
        command.args(arguments).output().unwrap_or_else(|e| panic!("{name} (apt-get install poppler-utils): {e}"));
    assert!(out.status.success(), "{name}: {}", String::from_utf8_lossy(&out.stderr));
    out.stdout
}

fn text(pdf: &[u8]) -> String {
    String::from_utf8(tool("pdftotext", &["-layout", "FILE", "-"], pdf)).unwrap()
}

async fn issued(app: &TestApp, change: impl FnOnce(&mut Value)) -> String {
    let mut input = decision("D-1", "2026-05-08");
    change(&mut input);
    app.issue(&input).await["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_certificate_on_paper_holds_what_the_scheme_requires() {
    let app = TestApp::on("2026-05-08");
    let id = issued(&app, |d| {
        d["sites"] = json!([
            {"name": "示例服务中心", "address": "北京市朝阳区示例路 8 号"},
            {"name": "示例维修站", "address": "天津市和平区示例道 9 号"},
        ]);
    })
    .await;
    let file = paper(&app, &id, "").await;
    let record = app.get(&format!("/api/v1/certificates/{id}/credential")).await.is(200);
    let said = text(&file.bytes);
    for wanted in [
        "商品售后服务认证证书",
        "五星级",
        "示例电器有限公司",
        "91110108551385082Q",
        "29326SC00001R0M",
        "GB/T 27922-2011",
        "2026-05-08 至 2029-05-07",
        "示例认证中心",
        "CNCA-R-2026-293",
        "监督审查记录",
        "2027-05-08",
        "示例维修站",
        "天津市和平区示例道 9 号",
        "纸质证书本身不作证明",
        "xb.example.cn",
    ] {
        assert!(said.contains(wanted), "{wanted} is not in {said}");
    }
    let fonts = String::from_utf8(tool("pdffonts", &["FILE"], &file.bytes)).unwrap();
    assert!(fonts.lines().skip(2).count() >= 2 && fonts.lines().skip(2).all(|l| l.contains(" yes yes yes")), "{fonts}");
    let attached = String::from_utf8(tool("pdfdetach", &["-list", "FILE"], &file.bytes)).unwrap();
    assert!(attached.contains(&format!("certificate-{id}.json")), "{attached}");
    let kept = tool("pdfdetach", &["-save", "1", "-o", "/dev/stdout", "FILE"], &file.bytes);
    assert_eq!(kept, record.bytes, "the record in the PDF is the one that is signed");
    // Front, record, and a page for each site; each leads to its page.
    for page in ["1", "2", "3", "4"] {
        let picture = tool("pdftoppm", &["-png", "-r", "150", "-f", page, "-l", page, "FILE"], &file.bytes);
        assert_eq!(codes(&picture).unwrap(), [format!("https://xb.example.cn/c/{id}")].into(), "page {page}");
    }
    app.staff_get(&path(&id, "?format=png&page=5")).await.refused(400, "bad_paper_page", "");
    let preview = paper(&app, &id, "?format=png&page=4").await;
    assert_eq!(preview.headers["content-type"], "image/png");
    assert_eq!(codes(&preview.bytes).unwrap().len(), 1);
}

#[tokio::test]
async fn the_same_state_gives_the_same_bytes_and_whoever_has_them_is_spared() {
    let app = TestApp::on("2026-05-08");
    let id = issued(&app, |_| {}).await;
    let first = paper(&app, &id, "").await;
    let disposition = first.headers["content-disposition"].to_str().unwrap();
    assert!(disposition.starts_with("attachment; filename=\"certificate-29326SC00001R0M.pdf\""), "{disposition}");
    app.today("2026-06-08");
    let again = paper(&app, &id, "").await;
    assert_eq!((&first.bytes, &first.headers["etag"]), (&again.bytes, &again.headers["etag"]));
    let request = axum::http::Request::get(path(&id, ""))
        .header("authorization", format!("Bearer {}", app.token))
        .header("if-none-match", &first.headers["etag"]);
    let spared = app.send(request.body(axum::body::Body::empty()).unwrap()).await.is(304);
    assert!(spared.bytes.is_empty());
    let survey = json!({"on_site_ended_on": "2026-06-07", "outcome": "passed"});
    app.order(&id, "surveillance", survey).await.is(200);
    let surveyed = paper(&app, &id, "").await;
    assert_ne!(surveyed.headers["etag"], first.headers["etag"]);
    let said = text(&surveyed.bytes);
    assert!(said.contains("2026-06-07") && said.contains("通过") && !said.contains("未通过"), "{said}");
}

#[tokio::test]
async fn what_is_not_in_force_says_so_across_every_page() {
    for (order, body, word) in [
        ("suspension", json!({"reason": "0111"}), "Suspended"),
        ("withdrawal", json!({"reason": "0199"}), "Withdrawn"),
        ("cancellation", json!({"reason": "holder_gone"}), "Cancelled"),
    ] {
        let app = TestApp::on("2026-05-08");
        let id = issued(&app, |_| {}).await;
        assert!(!text(&paper(&app, &id, "").await.bytes).contains(word));
        app.today("2026-05-09");
        app.order(&id, order, body).await.is(200);
        let file = paper(&app, &id, "").await;
        for page in ["1", "2"] {
            let said = tool("pdftotext", &["-raw", "-f", page, "-l", page, "FILE", "-"], &file.bytes);
            let said: String = String::from_utf8(said).unwrap().split_whitespace().collect();
            assert!(said.contains(word), "{word}, page {page}: {said}");
        }
    }
    let app = TestApp::on("2026-05-08");
    let id = issued(&app, |_| {}).await;
    app.today("2029-05-08");
    let said = tool("pdftotext", &["-raw", "-l", "1", "FILE", "-"], &paper(&app, &id, "").await.bytes);
    let said: String = String::from_utf8(said).unwrap().split_whitespace().collect();
    assert!(said.contains("Expired"), "{said}");
}

#[tokio::test]
async fn every_surveillance_stands_on_it_with_what_came_of_it() {
    let app = TestApp::on("2026-05-08");
    let id = issued(&app, |_| {}).await;
    let days: Vec<String> = (1..=14).map(|day| format!("2026-06-{day:02}")).collect();
    for (i, day) in days.iter().enumerate() {
        app.today(day);
        let outcome = if i == 13 { "failed" } else { "passed" };
        app.order(&id, "surveillance", json!({"on_site_ended_on": day, "outcome": outcome})).await.is(200);
    }
    let said = text(&paper(&app, &id, "").await.bytes);
    // The last ones, and how many are not there.
    assert!(days[4..].iter().all(|day| said.contains(day.as_str())), "{said}");
    assert_eq!((said.matches("未通过").count(), said.matches("Not passed").count()), (1, 1), "{said}");
    assert!(!said.contains(&days[0]) && said.contains("次见扫码打开的页面"), "{said}");
}

#[tokio::test]
async fn what_cannot_be_told_is_not_printed() {
    let app = TestApp::on("2026-05-08");
    let id = issued(&app, |_| {}).await;
    app.today("2026-06-08");
    let by = starmark::service::Act::by(starmark::service::Actor::local("test"));
    let key = starmark::sign::KeyId::try_from("credential-1".to_owned()).unwrap();
    app.service.compromise_key(&by, key, Some("2026-05-01T00:00:00Z".parse().unwrap())).unwrap();
    app.staff_get(&path(&id, "")).await.refused(422, "paper_standing_unknown", "");
}

#[tokio::test]
async fn a_preview_has_the_pixels_that_are_asked_for() {
    let app = TestApp::on("2026-05-08");
    let id = issued(&app, |_| {}).await;
    for (query, width) in [("?format=png", 1240), ("?format=png&dpi=75", 620)] {
        let png = paper(&app, &id, query).await.bytes;
        assert_eq!(u32::from_be_bytes(png[16..20].try_into().unwrap()), width, "{query}");
    }
    for bad in ["?format=png&dpi=20", "?format=png&dpi=x", "?format=png&dpi=601"] {
        app.staff_get(&path(&id, bad)).await.refused(400, "bad_paper_dpi", "");
    }
    app.staff_get(&path(&id, "?dpi=150")).await.refused(400, "bad_paper_format", "");
}

#[tokio::test]
async fn long_words_fit_and_letters_that_are_missing_are_named() {
    let app = TestApp::on("2026-05-08");
    let id = issued(&app, |d| {
        d["holder"]["name"] = json!("示例电器（上海）智能制造集团股份有限公司华东大区售后服务与备件供应分公司");
        d["holder"]["address"] = json!("示例省示例市示例区示例街道示例路一百二十三号示例大厦 B 座 2201 至 2216 室".repeat(2));
        d["scope"] = json!("家用和类似用途电器（冰箱、洗衣机、空调器、热水器、厨房电器）的销售、安装、维修、回收及备件供应的售后服务；".repeat(8));
    })
    .await;
    let said: String = text(&paper(&app, &id, "").await.bytes).split_whitespace().collect();
    assert!(
        said.contains("备件供应分公司") && said.contains("2216室") && said.matches("回收及备件供应").count() == 8,
        "{said}"
    );

    let app = TestApp::on("2026-05-08");
    let id = issued(&app, |d| d["holder"]["name"] = json!("示例\u{20bb7}有限公司")).await;
    app.staff_get(&path(&id, "")).await.refused(400, "print_letter_missing", "/holder/name");
}
