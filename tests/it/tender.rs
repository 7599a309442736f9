//! A list checked before a tender: pasted, in a file, and what is taken along.

use crate::form_kit::{Part, form, sent};
use crate::harness::{Answer, TestApp, decision};
use serde_json::{Value, json};
use std::io::{Cursor, Write as _};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

const PATH: &str = "/tender";

async fn post(app: &TestApp, parts: &[(&str, Part<'_>)]) -> Answer {
    app.send(sent(PATH, form(parts))).await
}

async fn paste(app: &TestApp, lines: &str, more: &[(&str, &str)]) -> Answer {
    let mut parts = vec![("lines", Part::Text(lines)), ("file", Part::File(b""))];
    parts.extend(more.iter().map(|(name, text)| (*name, Part::Text(text))));
    post(app, &parts).await
}

async fn issue(app: &TestApp, reference: &str, holder: &str) -> (String, String) {
    let mut decision = decision(reference, "2026-05-08");
    decision["holder"]["name"] = json!(holder);
    let issued = app.issue(&decision).await;
    (issued["id"].as_str().unwrap().to_owned(), issued["number"].as_str().unwrap().to_owned())
}

/// Class of each row of a page, its number and what was asked.
fn rows(page: &str) -> Vec<(String, String)> {
    let after = |text: &str, from: &str| text.split_once(from).unwrap().1.split(['<', '\"']).next().unwrap().to_owned();
    page.split("<tr role=\"row\" class=\"")
        .skip(1)
        .map(|row| (row.split('\"').next().unwrap().to_owned(), after(row, "class=\"no\">")))
        .collect()
}

/// A workbook with one sheet of these cells as text.
fn workbook(cells: &[&[&str]]) -> Vec<u8> {
    let mut book = rust_xlsxwriter::Workbook::new();
    let sheet = book.add_worksheet();
    for (row, line) in (0..).zip(cells) {
        for (column, cell) in (0..).zip(*line) {
            sheet.write_string(row, column, *cell).unwrap();
        }
    }
    book.save_to_buffer().unwrap()
}

#[tokio::test]
async fn a_buyer_checks_a_list_and_files_it() {
    let app = TestApp::on("2026-05-08");
    let (_, a) = issue(&app, "D-1", "示例电器有限公司").await;
    let (id, b) = issue(&app, "D-2", "示例家具股份公司").await;
    app.today("2026-06-01");
    app.order(&id, "suspension", json!({"reason": "0112"})).await.is(200);
    app.today("2026-07-01");
    let list =
        format!("证书编号\t投标人\n{a}\t示例电器有限公司\n{b}\n29326SC99999R0M\n\n{a}\t示例商贸（天津）公司\n$$\n");
    let opening = [("day", "2026-05-20"), ("time", "09:30"), ("reference", "示例-2026-118"), ("as", "page")];
    let page = paste(&app, &list, &opening).await.is(200).text();
    let row = |class: &str, line: &str| (class.to_owned(), line.to_owned());
    let expected =
        [row("fits", "2"), row("fits", "3"), row("missing", "4"), row("fails differs", "6"), row("open", "7")];
    assert_eq!(rows(&page), expected);
    for said in [
        "按 <span class=\"date\">2026-05-20</span> 09:30 的状态",
        "共 5 行",
        "与第 2 行重复",
        "示例商贸（天津）公司",
        "与要求不符 1 处，重复 1 行",
        "id=\"show-fits\"><b>2</b>",
        "id=\"show-fails\"><b>1</b>",
        "当时有效",
        "value=\"示例-2026-118\"",
    ] {
        assert!(page.contains(said), "{said}: {page}");
    }
    // Now, the second is suspended; nothing else asked is said to be of another time.
    let now = paste(&app, &list, &[]).await.is(200).text();
    assert_eq!(rows(&now)[1], row("fails", "3"));
    assert!(now.contains("现在的状态") && !now.contains("当时有效"));

    // What is taken along is about what was shown: the same lines, as it was known then.
    let known_at = page.split("name=\"known_at\" value=\"").nth(1).unwrap().split('\"').next().unwrap();
    let again =
        page.split("</textarea>").next().unwrap().rsplit_once('>').unwrap().1.trim_start().replace("&#13;", "\r");
    app.today("2026-07-02");
    let along = |kind| {
        [("day", "2026-05-20"), ("time", "09:30"), ("reference", "示例-2026-118"), ("known_at", known_at), ("as", kind)]
    };
    let csv = paste(&app, &again, &along("csv")).await.is(200);
    assert!(csv.headers["content-disposition"].to_str().unwrap().ends_with(".csv\""));
    let csv = csv.text();
    let mut table = csv::Reader::from_reader(csv.trim_start_matches('\u{feff}').as_bytes());
    let lines: Vec<csv::StringRecord> = table.records().map(|r| r.unwrap()).collect();
    assert_eq!(
        lines.iter().map(|l| &l[0]).collect::<Vec<_>>(),
        ["2", "3", "4", "6", "7"],
        "with the numbers of the list that was handed in"
    );
    assert_eq!(
        (&lines[3][2], &lines[3][3], &lines[3][5]),
        ("当时有效", "不符合", "要求的持证人是“示例商贸（天津）公司”")
    );
    let book = paste(&app, &again, &along("xlsx")).await.is(200).bytes;
    let mut book: calamine::Xlsx<_> = calamine::open_workbook_from_rs(Cursor::new(book)).unwrap();
    let range = calamine::Reader::worksheet_range_at(&mut book, 0).unwrap().unwrap();
    assert_eq!((range.height(), range.get_value((1, 1)).unwrap().to_string()), (6, a.clone()));
    let receipt = paste(&app, &again, &along("receipt")).await.is(303);
    let address = receipt.headers["location"].to_str().unwrap().to_owned();
    assert!(app.get(&address).await.is(200).text().contains("示例-2026-118"));
    let signed: Value = app.get(&format!("/api/v1/receipts/{}", &address[3..])).await.is(200).json();
    assert_eq!((&signed["answers"].as_array().unwrap().len(), &signed["differences"]), (&5, &json!(1)));
    assert_eq!(signed["known_at"], known_at);
    assert_eq!(signed["answers"][4]["checks"][0]["code"], "bad_number");
}

#[tokio::test]
async fn files_are_read_as_buyers_have_them() {
    let app = TestApp::on("2026-05-08");
    let (_, a) = issue(&app, "D-1", "示例电器有限公司").await;
    let book = workbook(&[
        &["序号", "供应商", "证书号"],
        &["1", "示例电器有限公司", &a],
        &["2", "别家", "91110108551385082Q"],
    ]);
    let (gbk, _, _) = encoding_rs::GB18030.encode("供应商,证书号\r\n示例电器有限公司,91110108551385082Q\r\n");
    for (file, classes) in [
        (book.as_slice(), vec!["fits", "fails differs"]),
        (&gbk, vec!["fits"]),
        (format!("\u{feff}{a}\r\n{a}").as_bytes(), vec!["fits", "fits"]),
    ] {
        let page =
            post(&app, &[("lines", Part::Text("29326SC99999R0M")), ("file", Part::File(file))]).await.is(200).text();
        let found = rows(&page);
        assert_eq!(
            found.iter().map(|(class, _)| class.as_str()).collect::<Vec<_>>(),
            classes,
            "a file goes before what is pasted"
        );
    }
    let page = post(&app, &[("file", Part::File(&book))]).await.is(200).text();
    assert!(page.contains("没有认出这些列，没有拿来核对：序号。"));
}

#[tokio::test]
async fn what_is_no_list_is_told_with_what_would_be_right() {
    let app = TestApp::on("2026-05-08");
    let mut bomb = ZipWriter::new(Cursor::new(vec![]));
    bomb.start_file("xl/worksheets/sheet1.xml", SimpleFileOptions::default()).unwrap();
    for _ in 0..100 {
        bomb.write_all(&vec![b' '; 1 << 20]).unwrap();
    }
    let bomb = bomb.finish().unwrap().into_inner();
    assert!(bomb.len() < 1 << 20, "a hundred megabytes in less than one");
    let binary: Vec<u8> = (0..50_000_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    for (file, says) in [
        (&bomb[..], "展开后太大"),
        (&binary, "文字编码读不了"),
        (b"PK\x03\x04junk", "这个文件读不了"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "旧的 .xls"),
        (b"<!doctype html>", "网页或文档"),
        ("投标人\n示例".as_bytes(), "没有要查的列"),
        ("A-1\n".repeat(10_001).as_bytes(), "一次最多 10000 行"),
        ("A-1\n".repeat(30_000).as_bytes(), "一次最多 10000 行"),
    ] {
        let page = post(&app, &[("file", Part::File(file))]).await.is(400).text();
        assert!(page.contains(says) && page.contains("role=\"alert\""), "{says}: {page}");
    }
    let large = post(&app, &[("file", Part::File(&vec![b'A'; 50 << 20]))]).await.is(413).text();
    assert!(large.contains("最大 10 MB"));
    assert!(paste(&app, " \n\n", &[]).await.is(400).text().contains("没有要查的内容"));
    for (day, time, says) in [
        ("2026-13-01", "", "日期或时刻写得不对"),
        ("2026-05-08", "25:00", "日期或时刻写得不对"),
        ("", "09:30", "没有写日期"),
    ] {
        let page = paste(&app, "A-1", &[("day", day), ("time", time)]).await.is(400).text();
        assert!(page.contains(says) && page.contains("A-1</textarea>"), "what was pasted is not lost: {page}");
    }
    let long = "示".repeat(121);
    let page = paste(&app, "A-1", &[("reference", &long), ("as", "receipt")]).await.is(400).text();
    assert!(page.contains("最多 120 个字"));
}

/// What the page showed is what is filed, also of lines that could not be read.
#[tokio::test]
async fn no_line_is_lost_on_the_way_into_the_receipt() {
    let app = TestApp::on("2026-05-08");
    let list = "证书编号\t投标人\n9.13401E+17\t甲公司\n\t乙公司\n无\t丙公司\n29326SC99999R0M\t丁公司\n";
    let page = paste(&app, list, &[]).await.is(200).text();
    let kinds: Vec<String> = rows(&page).into_iter().map(|(class, at)| format!("{at} {class}")).collect();
    assert_eq!(kinds, ["2 open differs", "3 open differs", "4 open differs", "5 missing differs"]);
    assert!(page.contains("乙公司") && !page.contains("重复</span>"), "whose line it was is said");
    let again = page.split("</textarea>").next().unwrap().rsplit_once('>').unwrap().1.trim_start().to_owned();
    let receipt = paste(&app, &again, &[("as", "receipt")]).await.is(303);
    let at = receipt.headers["location"].to_str().unwrap().replace("/r/", "/api/v1/receipts/");
    let signed = app.get(&at).await.is(200).json();
    let codes: Vec<&str> =
        signed["answers"].as_array().unwrap().iter().map(|a| a["checks"][0]["code"].as_str().unwrap()).collect();
    assert_eq!(codes, ["digits_lost", "text_empty", "text_empty", "no_such_certificate"]);
    assert_eq!(signed["answers"][1]["comparison"][0]["expected"], "乙公司");
    // No other site files receipts here by the hand of its readers.
    let mut foreign = sent(PATH, form(&[("lines", Part::Text("A-1")), ("as", Part::Text("receipt"))]));
    foreign.headers_mut().insert("sec-fetch-site", "cross-site".parse().unwrap());
    app.send(foreign).await.is(403);
}

/// A spreadsheet program that opens what was taken along runs nothing of it.
#[tokio::test]
async fn no_cell_that_is_taken_along_is_a_formula() {
    let app = TestApp::on("2026-05-08");
    let evil = "=HYPERLINK(\"http://evil.example\")\n@SUM(1)\n+1\n-1\n\u{ff1d}1\n29326SC00001R0M\t=cmd|' /C calc'!A0";
    let csv = paste(&app, evil, &[("as", "csv")]).await.is(200).text();
    let mut table =
        csv::ReaderBuilder::new().has_headers(true).from_reader(csv.trim_start_matches('\u{feff}').as_bytes());
    for record in table.records() {
        for cell in &record.unwrap() {
            assert!(!cell.trim_start().starts_with(['=', '+', '-', '@', '\u{ff1d}']), "{cell}");
        }
    }
    let book = paste(&app, evil, &[("as", "xlsx")]).await.is(200).bytes;
    let mut archive = zip::ZipArchive::new(Cursor::new(book)).unwrap();
    let mut sheet = String::new();
    std::io::Read::read_to_string(&mut archive.by_name("xl/worksheets/sheet1.xml").unwrap(), &mut sheet).unwrap();
    assert!(!sheet.contains("<f>") && !sheet.contains("<hyperlink"), "{sheet}");
}

#[tokio::test]
async fn ten_thousand_lines_are_answered_in_order_and_filed_in_one_receipt() {
    let app = TestApp::on("2026-05-08");
    let (_, a) = issue(&app, "D-1", "示例电器有限公司").await;
    let line = |n: usize| if n.is_multiple_of(100) { a.clone() } else { format!("29326SC{n:05}R9M") };
    let list: String = (1..=10_000).map(|n| line(n) + "\n").collect();
    let page = paste(&app, &list, &[]).await.is(200).text();
    let found = rows(&page);
    assert!(found.iter().zip(1..).all(|((_, at), n)| *at == n.to_string()) && found.len() == 10_000);
    assert!(page.contains("id=\"show-fits\"><b>100</b>") && page.contains("id=\"show-missing\"><b>9900</b>"));
    let receipt = paste(&app, &list, &[("as", "receipt")]).await.is(303);
    let rid = receipt.headers["location"].to_str().unwrap()[3..].to_owned();
    let signed = app.get(&format!("/api/v1/receipts/{rid}")).await.is(200);
    let keys = app.service.key_document();
    let verified = starmark::verify::receipt::verify_offline(&signed.bytes, &keys, app.service.now());
    assert_eq!(verified.genuine.unwrap().answers.len(), 10_000);
    let signed = signed.json();
    assert!(signed["answers"].as_array().unwrap().iter().zip(1..).all(|(a, n)| a["asked"] == line(n)));
}
