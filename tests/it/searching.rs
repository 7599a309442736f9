//! What people type or paste is found, however it was written; what is another's is named as such.

use crate::harness::{TestApp, decision};
use serde_json::json;

fn percent(text: &str) -> String {
    text.bytes().map(|b| format!("%{b:02X}")).collect()
}

async fn leads_to(app: &TestApp, typed: &str, to: &str) {
    let answer = app.get(&format!("/?q={}", percent(typed))).await.is(303);
    assert_eq!(answer.headers["location"], to, "{typed}");
}

/// An identifier in four groups.
fn grouped(digits: &str, by: &str) -> String {
    (0..4).map(|i| &digits[4 * i..4 * i + 4]).collect::<Vec<_>>().join(by)
}

#[tokio::test]
async fn numbers_codes_and_addresses_as_they_are_pasted() {
    let app = TestApp::on("2026-05-08");
    let mut first = decision("D-1", "2026-05-08");
    first["number"] = json!("QCC2026-SC-21");
    let issued = app.issue(&first).await;
    let id = issued["id"].as_str().unwrap();
    let marks = format!("/api/v1/issuing/certificates/{id}/marks");
    let mark = app.post(&marks, &json!({"medium": "packaging"})).await.is(201).json();
    let (digits, mark) = (mark["digits"].as_str().unwrap(), mark["id"].as_str().unwrap());
    let page = format!("/c/{id}");

    let mut found: Vec<String> = [
        "QCC2026-SC-21",
        "qcc 2026 - sc - 21",
        "ＱＣＣ２０２６－ＳＣ－２１",
        "QCC2026—SC——21",
        "QCC2026\u{2011}SC\u{2212}21\u{200b}",
        "证书编号：QCC2026-SC-21",
        "证书编号QCC2026-SC-21。",
        "编号（Certificate No.）：QCC2026–SC–21",
        "Certificate No. QCC2026-SC-21",
        "№ QCC2026-SC-21",
        "“QCC2026-SC-21”",
    ]
    .map(str::to_owned)
    .to_vec();
    found.extend([" ", "-", "\u{2013}", "\u{a0}"].map(|by| grouped(id, by)));
    found.push(format!("编号：{}", grouped(id, " ")));
    found.push(format!("https://xb.example.cn{page}"));
    found.push(format!("ｈｔｔｐｓ：／／ＸＢ.example.cn／c／{}?lang=en", grouped(id, "-")));
    found.push(format!("xb.example.cn{page}"));
    for typed in &found {
        leads_to(&app, typed, &page).await;
        let list = app.get(&format!("/api/v1/certificates?number={}", percent(typed))).await.is(200).json();
        assert_eq!((&list["total"], &list["items"][0]["id"]), (&json!(1), &json!(id)), "{typed}");
    }

    let whole = format!("https://xb.example.cn/m/{digits}");
    let broken = format!("https://xb.example.cn/m/{}\r\n{}", &digits[..50], &digits[50..]);
    for typed in [digits, &whole, &broken, &format!("请看 {whole} 谢谢")] {
        leads_to(&app, typed, &format!("/m/{digits}")).await;
    }
    for typed in [mark.to_owned(), grouped(mark, " "), format!("http://xb.example.cn:80/m/{mark}?from=chat")] {
        leads_to(&app, &typed, &format!("/m/{mark}")).await;
    }
    leads_to(&app, &whole[..whole.len() - 3], &format!("/m/{}", &digits[..214])).await;

    for typed in
        ["统一社会信用代码:91110108551385082Q", "91110108-551385082 q", "企业名称：示例电器有限公司", "示例 电器"]
    {
        let list = app.get(&format!("/?q={}", percent(typed))).await.is(200).text();
        assert!(list.contains(&page) && list.contains("查到 1 张"), "{typed}");
    }
}

#[tokio::test]
async fn what_is_not_ours_or_not_there_is_said_to_be_so() {
    let app = TestApp::on("2026-05-08");
    let issued = app.issue(&decision("D-1", "2026-05-08")).await;
    let id = issued["id"].as_str().unwrap();
    for (host, how) in [
        ("xb.examp1e.cn", "看起来一样的字母"),
        ("хb.example.cn", "看起来一样的字母"),
        ("xb.example.cn:8443", ""),
        ("xb.example.cn.evil.example", "夹在里面"),
        ("xb.example.com", "结尾不同"),
        ("示例.example", ""),
        ("evil.example", ""),
    ] {
        for typed in
            [format!("https://{host}/c/{id}"), format!("扫码 HTTP://{host}/m/{id} 查询"), format!("{host}/c/{id}")]
        {
            let said = app.get(&format!("/?q={}", percent(&typed))).await.is(404).text();
            assert!(said.contains(&format!("{host} 不是本机构的网址")), "{typed}: {said}");
            assert!(!said.contains("示例电器"), "nothing was looked up: {typed}");
            assert!(said.contains(how), "a look-alike is called one: {typed}");
            assert_eq!(
                said.contains("仿冒") || said.contains("结尾不同"),
                !how.is_empty(),
                "and nothing else is: {typed}"
            );
            assert_eq!(said.contains("不是拉丁字母"), host.starts_with('示'), "{typed}");
            let number = format!("/api/v1/certificates?number={}", percent(&typed));
            app.get(&number).await.refused(400, "foreign_address", "");
        }
    }
    let hidden = format!("https://xb.example.cn@evil.example/c/{id}");
    assert!(app.get(&format!("/?q={}", percent(&hidden))).await.is(404).text().contains("evil.example 不是"));
    let ours = app.get(&format!("/?q={}", percent("https://xb.example.cn/about"))).await.is(404).text();
    assert!(ours.contains("这个网址是本机构的"));
    let mark = format!("/api/v1/certificates?number={}", percent(&format!("https://xb.example.cn/m/{id}")));
    app.get(&mark).await.refused(400, "no_certificate_address", "");

    // A number that was not issued, whatever label it bears, is none; a colon makes a label before a name, nothing else does.
    for typed in ["证书编号：29326SC99999R0M", "29326SC99999R0M", "1234567890123457"] {
        let list = app.get(&format!("/api/v1/certificates?number={}", percent(typed))).await.is(200).json();
        assert_eq!(list["total"], 0, "{typed}");
    }
    for typed in ["证书编号：29326SC99999R0M", "企业示例电器有限公司", "29326SC99999R0M"] {
        let page = app.get(&format!("/?q={}", percent(typed))).await.is(404).text();
        assert!(page.contains("查无此证") && page.contains(typed), "{typed}");
    }
    for (typed, status) in [("：", 400), ("证书编号：", 404), (&"示".repeat(121), 400), (&"示".repeat(501), 400)]
    {
        let page = app.get(&format!("/?q={}", percent(typed))).await.is(status).text();
        assert!(!page.contains("the name"), "one language at a time");
    }
}

#[tokio::test]
async fn two_ways_of_writing_a_number_are_one_number() {
    let app = TestApp::on("2026-05-08");
    let issue = "/api/v1/issuing/certificates";
    let mut first = decision("D-1", "2026-05-08");
    first["number"] = json!("qcc2026—21");
    assert_eq!(app.issue(&first).await["number"], "QCC2026-21");
    for (reference, number) in
        [("D-2", "QCC2026-21"), ("D-3", "QCC2026\u{2011}21"), ("D-4", "QCC 2026 － 21"), ("D-5", "QCC2026——21\u{2060}")]
    {
        let mut same = decision(reference, "2026-05-08");
        same["number"] = json!(number);
        app.post_as(&app.token, None, issue, same.to_string()).await.refused(409, "number_taken", "/number");
    }
    let mut other = decision("D-6", "2026-05-08");
    other["number"] = json!("QCC202621");
    assert_eq!(app.issue(&other).await["number"], "QCC202621", "a hyphen more is another number");
}
