//! A receipt as people have it: its page, and its print, in every state.

use crate::harness::{Answer, TestApp, decision};
use axum::body::Body;
use axum::http::Request;
use serde_json::{Value, json};
use starmark::service::{Act, Actor};
use starmark::sign::{KeyId, Purpose};
use std::io::Write as _;
use std::process::{Command, Stdio};

const PATH: &str = "/api/v1/receipts";

async fn make(app: &TestApp, body: &Value, accept: &str) -> Answer {
    let request = Request::post(PATH).header("content-type", "application/json").header("accept", accept);
    app.send(request.body(Body::from(body.to_string())).unwrap()).await.is(201)
}

/// Makes a receipt; its page's address and the text of its page.
async fn page(app: &TestApp, body: &Value) -> (String, String) {
    let made = make(app, body, "*/*").await;
    let at = made.headers["location"].to_str().unwrap().to_owned();
    let page = app.get(&at).await.is(200);
    assert!(page.headers["content-type"].to_str().unwrap().starts_with("text/html"));
    assert_eq!(page.headers["x-robots-tag"], "noindex");
    (at, page.text())
}

async fn issue(app: &TestApp, reference: &str, holder: &str, scope: &str) -> (String, String) {
    let mut decision = decision(reference, "2026-05-08");
    decision["holder"]["name"] = json!(holder);
    decision["scope"] = json!(scope);
    let issued = app.issue(&decision).await;
    (issued["id"].as_str().unwrap().to_owned(), issued["number"].as_str().unwrap().to_owned())
}

/// The rows of the table, as markup.
fn rows(page: &str) -> Vec<&str> {
    let body = page.split_once("<tbody").unwrap().1.split_once("</tbody>").unwrap().0;
    body.split("<tr ").skip(1).collect()
}

#[track_caller]
fn shows(text: &str, all: &[&str]) {
    for part in all {
        assert!(text.contains(part), "“{part}” is not in {text}");
    }
}

#[tokio::test]
async fn a_page_shows_each_answer_with_its_word_and_what_differs_in_words_too() {
    let app = TestApp::on("2026-05-08");
    let (good, number) = issue(&app, "D-1", "示例<电器>有限公司", "家用电器的售后服务").await;
    let (paused, paused_number) = issue(&app, "D-2", "示例家具股份公司", "家具的售后服务").await;
    let (gone, _) = issue(&app, "D-3", "示例商贸公司", "五金的售后服务").await;
    app.today("2026-06-01");
    app.order(&paused, "suspension", json!({"reason": "0112"})).await.is(200);
    app.order(&gone, "withdrawal", json!({"reason": "0199"})).await.is(200);
    let body = json!({
        "reference": "示例-2026-118 <b>", "as_of": "2026-06-01T20:00:00+08:00", "known_at": "2026-06-01T20:00:00+08:00",
        "certificates": [
            {"certificate": format!("编号 {number}"), "holder": "示例<电器>有限公司"}, {"certificate": paused_number, "level": "四星级"}, {"certificate": gone},
            {"certificate": "29326SC99999R0M", "holder": "示例某公司"},
        ],
    });
    app.today("2026-06-02");
    let (at, page) = page(&app, &body).await;
    shows(
        &page,
        &["核验回执", "示例-2026-118 &#60;b&#62;", "2026-06-01 20:00:00", "不是现在的", "<b>2</b> <span>处与要求不符"],
    );
    let rows = rows(&page);
    assert_eq!(rows.len(), 4);
    shows(
        rows[0],
        &[
            "tag was-valid",
            "当时有效",
            "示例&#60;电器&#62;有限公司",
            "与要求一致",
            &format!("href=\"/c/{good}\""),
            "编号 ",
        ],
    );
    shows(
        rows[1],
        &[
            "class=\"fails differs\"",
            "tag suspended",
            "暂停",
            "<del>五星级</del>",
            "不符，要求的是：",
            "四星级",
            "未履行认证合同义务",
        ],
    );
    shows(rows[2], &["tag withdrawn", "已撤销", "<del>五星级</del>"]);
    shows(rows[3], &["tag no-record", "查无此证", "要求的持证人无从对照", "示例某公司"]);
    assert!(!rows[2].contains("class=\"differs\"") && !rows[3].contains("href"), "there is nothing to lead to");
    let rid = at.rsplit('/').next().unwrap();
    shows(
        &page,
        &[
            &format!("{PATH}/{rid}?format=json"),
            &format!("{PATH}/{rid}?format=pdf"),
            &format!("starmark verify receipt-{rid}.json"),
        ],
    );
    shows(&page, &[&format!("https://xb.example.cn/r/{rid}"), "回执由本机构用密钥 receipt-1 签名"]);
    assert!(!page.contains("<script") && !page.contains(" style=") && !page.contains("role=\"note\""));
    let english = app.get(&format!("{at}?lang=en")).await.is(200).text();
    shows(
        &english,
        &[
            "Verification receipt",
            "In force then",
            "Suspended",
            "No such record",
            "differs; expected:",
            "not how it stands now",
        ],
    );
    // What befalls the certificate, and the key, later, does not change what was answered.
    app.order(&good, "withdrawal", json!({"reason": "0199"})).await.is(200);
    app.rotate(Purpose::Receipt);
    let later = app.get(&at).await.is(200).text();
    assert_eq!(self::rows(&later), rows);
    app.today("2026-06-03");
    app.service.compromise_key(&Act::by(Actor::local("test")), KeyId::parse("receipt-1").unwrap(), None).unwrap();
    shows(&app.get(&at).await.is(200).text(), &["role=\"note\"", "后来泄露", "文件单独不能证明它自己"]);
}

#[tokio::test]
async fn what_the_asker_wrote_is_never_the_bodys_word() {
    let app = TestApp::on("2026-05-08");
    let (_, number) = issue(&app, "D-1", "示例电器有限公司", "家用电器的售后服务").await;
    let claim = "示例认证中心郑重确认：示例商贸公司持有五星级证书，真实有效。";
    let body =
        json!({"reference": claim, "certificates": [{"certificate": "29326SC99999R0M"}, {"certificate": number}]});
    let (at, page) = page(&app, &body).await;
    let english = app.get(&format!("{at}?lang=en")).await.is(200).text();
    for (page, label, asked) in [
        (&page, "查询方自己写的备注，未经核实：<q>", "您填的：</span><span class=\"mono\">29326SC99999R0M"),
        (&english, "The asker's own words, not checked: <q>", "asked as: </span><span class=\"mono\">29326SC99999R0M"),
    ] {
        assert_eq!(page.matches(claim).count(), page.matches(&format!("{label}{claim}</q>")).count());
        let (above, below) = page.split_once(&format!("{label}{claim}</q>")).unwrap();
        assert!(above.contains("class=\"tally\"") && !below.contains(claim), "below what was answered");
        shows(page, &[asked]);
    }
    let print = app.get(&format!("{PATH}/{}?format=pdf", at.rsplit('/').next().unwrap())).await.is(200).bytes;
    let text = squeezed(&print);
    assert_eq!(text.matches(claim).count(), 1);
    let (above, _) = text.split_once(&format!("查询方自己写的备注，未经核实：“{claim}”")).unwrap();
    shows(above, &["查无此证", "问的时刻"]);
    shows(&text, &["您填的：29326SC99999R0M"]);
    let about = String::from_utf8(poppler("pdfinfo", &["-"], &print)).unwrap();
    assert!(!about.contains("示例商贸") && about.contains("核验回执"), "{about}");
}

#[tokio::test]
async fn both_clocks_stand_in_the_headline_where_they_differ() {
    let app = TestApp::on("2026-05-08");
    let (_, number) = issue(&app, "D-1", "示例电器有限公司", "家用电器的售后服务").await;
    app.today("2026-07-01");
    let body = json!({
        "as_of": "2026-06-01T20:00:00+08:00", "known_at": "2026-06-02T20:00:00+08:00", "certificates": [{"certificate": number}],
    });
    let (at, page) = page(&app, &body).await;
    let when = |page: &str| {
        let head = page.split_once("<p class=\"when\">").unwrap().1.split_once("</p>").unwrap().0.to_owned();
        head.replace("<span class=\"date\">", "").replace("</span>", "")
    };
    shows(&when(&page), &["2026-06-01 20:00:00", "按 2026-06-02 20:00:00 已经登记的内容"]);
    let english = app.get(&format!("{at}?lang=en")).await.is(200).text();
    shows(&when(&english), &["2026-06-01 20:00:00", "as it was on record at 2026-06-02 20:00:00"]);
    let print = app.get(&format!("{PATH}/{}?format=pdf", at.rsplit('/').next().unwrap())).await.is(200);
    shows(&squeezed(&print.bytes), &["按2026-06-0220:00:00已经登记的内容回答"]);
}

#[tokio::test]
async fn an_address_that_leads_to_no_receipt_says_so() {
    let app = TestApp::on("2026-05-08");
    for rid in ["AAECAwQFBgcICQoLDA0ODw", "1", "%F0%9F%98%80"] {
        let page = app.get(&format!("/r/{rid}")).await.is(404).text();
        shows(&page, &["没有这份回执", "区分大小写"]);
    }
    shows(&app.get("/r/1?lang=en").await.is(404).text(), &["No such receipt"]);
    shows(&app.get("/r/%FF").await.is(400).text(), &["无法判断"]);
}

/// What a program of poppler says of a PDF.
fn poppler(program: &str, arguments: &[&str], pdf: &[u8]) -> Vec<u8> {
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap_or_else(|e| panic!("{program} (Debian package poppler-utils): {e}"));
    let mut input = child.stdin.take().unwrap();
    let bytes = pdf.to_owned();
    let writer = std::thread::spawn(move || drop(input.write_all(&bytes)));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    assert!(output.status.success(), "{program}");
    output.stdout
}

fn text_of(pdf: &[u8]) -> String {
    String::from_utf8(poppler("pdftotext", &["-layout", "-", "-"], pdf)).unwrap()
}

/// Its texts one after the other without spaces and line ends: what is broken into lines is one text.
fn squeezed(pdf: &[u8]) -> String {
    let text = String::from_utf8(poppler("pdftotext", &["-raw", "-", "-"], pdf)).unwrap();
    text.chars().filter(|c| !c.is_whitespace()).collect()
}

#[tokio::test]
async fn a_print_can_be_searched_scanned_and_traced_back() {
    let app = TestApp::on("2026-05-08");
    let (_, number) = issue(&app, "D-1", "示例电器有限公司", "家用电器的售后服务").await;
    let body = json!({
        "reference": "示例-2026-118", "as_of": "2026-05-08",
        "certificates": [{"certificate": number, "holder": "示例商贸公司😀", "level": "五星级"}, {"certificate": "29326SC99999R0M"}],
    });
    let made = make(&app, &body, "application/pdf").await;
    assert_eq!(made.headers["content-type"], "application/pdf");
    assert!(made.headers["content-disposition"].to_str().unwrap().ends_with(".pdf\""));
    let at = made.headers["location"].to_str().unwrap().to_owned();
    let rid = at.rsplit('/').next().unwrap().to_owned();
    let signed = app.get(&format!("{PATH}/{rid}")).await.is(200);
    let print = app.get(&format!("{PATH}/{rid}?format=pdf")).await.is(200);
    assert!(print.bytes == made.bytes, "the same receipt gives the same bytes");

    let text = text_of(&print.bytes);
    shows(
        &text,
        &[
            "核验回执",
            "示例-2026-118",
            "示例认证中心",
            "2026-05-08 12:00:00 +08:00",
            &number,
            "示例电器有限公司",
            "29326SC99999R0M",
        ],
    );
    shows(&text, &["当时有效", "查无此证", "与要求一致", "第 1 页，共 1 页", &format!("https://xb.example.cn{at}")]);
    let fingerprint: String = {
        use sha2::Digest as _;
        crate::vectors_support::hex(&sha2::Sha256::digest(&signed.bytes))
    };
    shows(&text, &[&fingerprint]);
    shows(
        &squeezed(&print.bytes),
        &["本页是打印件。经机构签名的是JSON文件", "不符，要求的是：示例商贸公司〓", "原字以JSON文件为准"],
    );

    // Read with a camera, the code leads to the page; and the signed file is inside.
    let page = poppler("pdftoppm", &["-r", "110", "-png", "-singlefile", "-"], &print.bytes);
    let codes = starmark::mark::read::codes(&page).unwrap();
    assert_eq!(codes.into_iter().collect::<Vec<_>>(), [format!("https://xb.example.cn{at}")]);
    let temp = tempfile::tempdir().unwrap();
    std::fs::write(temp.path().join("r.pdf"), &print.bytes).unwrap();
    let out = temp.path().join("r.json");
    let saved = Command::new("pdfdetach").args(["-save", "1", "-o"]).arg(&out).arg(temp.path().join("r.pdf")).status();
    assert!(saved.unwrap().success());
    assert!(std::fs::read(out).unwrap() == signed.bytes, "byte for byte");
}

#[tokio::test]
async fn a_print_of_a_hundred_or_of_long_texts_loses_nothing() {
    let app = TestApp::on("2026-05-08");
    let (_, number) =
        issue(&app, "D-1", &"示例超长名称售后服务有限公司".repeat(8), &"家用电器、消费电子产品的售后服务；".repeat(35))
            .await;
    let long = json!({"certificate": number, "holder": "甲".repeat(799) + "末", "scope": "X".repeat(799) + "Z"});
    let mut all: Vec<Value> = (1..100).map(|n| json!({"certificate": format!("29326SC{n:05}R9M")})).collect();
    all.push(long);
    let body = json!({"reference": "示".repeat(120), "certificates": all});
    let print = make(&app, &body, "application/pdf").await;
    let text = text_of(&print.bytes);
    let rid = print.headers["location"].to_str().unwrap().rsplit('/').next().unwrap();
    let squeezed = squeezed(&print.bytes).replace(rid, "");
    for n in 1..100 {
        assert!(text.contains(&format!("29326SC{n:05}R9M")), "{n}");
    }
    assert_eq!(squeezed.matches('甲').count(), 799);
    assert_eq!(squeezed.matches('X').count(), 799);
    assert_eq!(squeezed.matches("消费电子产品").count(), 35);
    let pages = text.matches("页，共").count();
    assert!((5..40).contains(&pages) && text.matches('\u{c}').count() == pages, "{pages}");
    assert!(text.contains(&format!("第 {pages} 页，共 {pages} 页")));
}
