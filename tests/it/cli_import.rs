//! `import`: a body's roster as it has it, good rows and bad.

use crate::cli_kit::{Desk, ago};
use crate::harness::{fetch, serving};
use jiff::civil::Date;
use serde_json::json;
use starmark::domain::Uscc;
use starmark::domain::dates::{add_days, add_months};

const HEADER: &str = "证书编号,企业名称,统一社会信用代码,注册地址,认证范围,级别,发证日期,有效期至,状态,状态日期,状态原因,暂停至,下次监督日期";

fn code(n: usize) -> String {
    const LAST: &str = "0123456789ABCDEFGHJKLMNPQRTUWXY";
    LAST.chars().find_map(|c| Uscc::parse(&format!("91110108MA{n:07}{c}")).ok()).unwrap().to_string()
}

/// A row of a certificate issued on that day, with what stands from the status on.
fn row(n: usize, issued_on: Date, status: &str) -> String {
    let until = add_days(add_months(issued_on, 36), -1);
    format!(
        "29324SC{n:05}R0M,示例第{n}电器有限公司,{},北京市示例路{n}号,电器的售后服务,五星级,{issued_on},{until},{status}",
        code(n)
    )
}

fn roster(rows: &[String]) -> String {
    format!("{HEADER}\n{}\n", rows.join("\n"))
}

fn good() -> Vec<String> {
    vec![
        row(1, ago(200), "有效,,,,"),
        row(2, ago(300), &format!("暂停,{},0112,{},", ago(20), add_days(ago(20), 100))),
        row(3, ago(400), &format!("撤销,{},0115,,", ago(10))),
        row(4, ago(500), &format!("注销,{},holder_request,,", ago(5))),
        row(5, ago(1200), "过期失效,,,,"),
    ]
}

#[test]
fn a_roster_is_taken_over_with_its_numbers_dates_and_standings() {
    let desk = Desk::new();
    desk.file("roster.csv", roster(&good()));
    desk.run(&["import", "roster.csv", "--dry-run"]).is(0).shows("5 new rows are good");
    desk.run(&["surveil", "29324SC00001R0M", "--on", &ago(1).to_string(), "--outcome", "passed"]).is(1);
    // As after an interruption: some are there already, the rest is finished.
    desk.file("part.csv", roster(&good()[1..3]));
    desk.run(&["import", "part.csv"]).is(0).shows("2 certificates imported, 0");
    desk.run(&["import", "roster.csv"]).is(0).shows("3 certificates imported, 2");
    desk.run(&["import", "roster.csv"]).is(0).shows("0 certificates imported, 5");
    // It stands as the roster had it, signed, and can be gone on with.
    desk.run(&["suspend", "29324SC00002R0M", "--reason", "0111"]).is(1).says("[already_suspended]");
    desk.run(&["reinstate", "29324SC00002R0M"]).is(0).shows("In force");
    desk.run(&["cancel", "29324SC00003R0M", "--reason", "holder_gone"]).is(1).says("withdrawn");
    desk.run(&["cancel", "29324SC00004R0M", "--reason", "holder_gone"]).is(1).says("cancelled");
    desk.run(&["cancel", "29324SC00005R0M", "--reason", "holder_gone"]).is(1).says("[certificate_expired]");
    desk.run(&["fsck"]).is(0).shows("5 signatures checked");
    let lines = desk.run(&["import", "roster.csv", "--json"]).is(0).lines();
    let id = lines[0]["id"].as_str().unwrap();
    desk.keys();
    desk.file("c.json", desk.credential(id));
    let answer = desk.run(&["verify", "c.json", "--keys", "did.json", "--json"]).is(0).json();
    assert_eq!(answer["genuine"]["number"], "29324SC00001R0M");
    assert_eq!(answer["genuine"].get("score_sheet_sha256"), None, "nobody saw a score sheet");
}

#[test]
fn one_bad_row_imports_nothing_unless_bad_rows_are_skipped() {
    let desk = Desk::new();
    let mut rows = good();
    rows.push(row(6, ago(100), "有效,,,,").replace("五星级", "六星级"));
    rows.push(row(7, ago(100), "有效,,,,").replace(&code(7), "91110108551385082A"));
    rows.push(row(1, ago(90), "有效,,,,"));
    desk.file("roster.csv", roster(&rows));
    let all = |ran: crate::cli_kit::Ran| {
        ran.is(1)
            .says("row 7, column F (级别), “六星级”")
            .says("row 8, column C")
            .says("[bad_uscc]")
            .says("[duplicate_number]")
    };
    all(desk.run(&["import", "roster.csv", "--dry-run"]));
    all(desk.run(&["import", "roster.csv"])).shows("Nothing was imported");
    desk.run(&["fsck"]).is(0).shows("; 0 signatures");
    assert!(!desk.path("roster.csv.rejects.csv").exists());

    all(desk.run(&["import", "roster.csv", "--skip-bad"])).shows("5 certificates imported");
    let rejects = std::fs::read_to_string(desk.path("roster.csv.rejects.csv")).unwrap();
    assert_eq!(rejects.lines().count(), 4, "{rejects}");
    // Mended where they stand, they are imported from there.
    // Whoever is mending it does not lose that to the same run again.
    desk.file("roster.csv.rejects.csv", format!("{rejects}mended"));
    desk.run(&["import", "roster.csv", "--skip-bad"]).says("roster.csv.rejects-2.csv");
    assert_eq!(std::fs::read_to_string(desk.path("roster.csv.rejects.csv")).unwrap(), format!("{rejects}mended"));
    assert_eq!(std::fs::read_to_string(desk.path("roster.csv.rejects-2.csv")).unwrap(), rejects);
    let mended = rejects.replace("六星级", "四星级").replace("91110108551385082A", &code(7));
    let mended: Vec<&str> = mended.lines().filter(|l| !l.contains("29324SC00001R0M")).collect();
    desk.file("mended.csv", mended.join("\r\n"));
    desk.run(&["import", "mended.csv"]).is(0).shows("2 certificates imported");
}

#[test]
fn what_the_register_says_otherwise_is_a_fault_of_the_row() {
    let desk = Desk::new();
    let (number, _) = desk.certificate("D-1", 30);
    desk.file("roster.csv", roster(&[row(1, ago(100), "有效,,,,").replace("29324SC00001R0M", &number)]));
    desk.run(&["import", "roster.csv"]).is(1).says("row 2").says("[number_taken]");
    desk.file("roster.csv", roster(&[row(1, ago(100), "有效,,,,")]));
    desk.run(&["import", "roster.csv"]).is(0);
    desk.file("roster.csv", roster(&[row(1, ago(100), &format!("撤销,{},0115,,", ago(10)))]));
    let told = desk.run(&["import", "roster.csv", "--json"]).is(1).lines();
    assert_eq!((&told[0]["row"], &told[0]["error"]["code"]), (&json!(2), &json!("imported_differently")));
    desk.file("roster.csv", "a,b\n1,2\n");
    desk.run(&["import", "roster.csv"]).is(1).says("[no_header]");
    desk.run(&["import", "missing.xlsx"]).is(64).says("missing.xlsx");
    desk.run(&["import", "-"]).is(64);
}

/// A record signed after a certificate's end would pass for a good one wherever nobody asks the register.
#[tokio::test]
async fn a_certificate_that_had_ended_before_it_was_taken_over_gives_no_record_out() {
    let desk = Desk::new();
    desk.file("roster.csv", roster(&good()));
    let told = desk.run(&["import", "roster.csv", "--json"]).is(0).lines();
    let ids: Vec<String> = told.iter().map(|l| l["id"].as_str().unwrap().to_owned()).collect();
    // One that ends after it was taken over keeps the record that was given out already.
    desk.run(&["withdraw", "29324SC00002R0M", "--reason", "0117"]).is(0);
    desk.keys();
    let router = serving(&desk.path("starmark-data"));
    for (id, standing, withheld, offline) in [
        (&ids[0], "valid", false, 0),
        (&ids[1], "withdrawn", false, 0),
        (&ids[2], "withdrawn", true, 0),
        (&ids[3], "cancelled", true, 0),
        (&ids[4], "expired", false, 1),
    ] {
        let address = format!("/api/v1/certificates/{id}");
        let answer = fetch(&router, &address).await.is(200).json();
        assert_eq!(answer["standing"], standing);
        assert_eq!(answer["credential"].is_null(), withheld, "{answer}");
        let page = fetch(&router, &format!("/c/{id}")).await.is(200).text();
        assert_eq!(!page.contains("/credential"), withheld, "{page}");
        assert!(page.contains(&address), "the answer for programs is linked all the same");
        let record = fetch(&router, &format!("{address}/credential")).await;
        if withheld {
            let problem = record.is(410).json();
            assert_eq!(problem["code"], "record_withheld");
            let detail = problem["detail"].as_str().unwrap();
            assert!(detail.contains(standing) && detail.contains(&format!("https://xb.example.cn/c/{id}")), "{detail}");
        } else {
            desk.file("c.json", record.is(200).bytes);
            let ran = desk.run(&["verify", "c.json", "--keys", "did.json"]).is(offline);
            if offline == 0 {
                ran.shows("PRESENT STATUS NOT ASKED")
            } else {
                ran.shows("[expired]")
            };
        }
    }
    drop(router);
    // It is kept, and checked, for the register's own sake.
    desk.run(&["fsck"]).is(0).shows("5 signatures checked");
}
