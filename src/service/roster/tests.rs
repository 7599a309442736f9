//! Whole files in, rows and faults out.

use super::*;
use crate::domain::scheme::{Intervals, Scheme};
use crate::domain::{Level, Uscc};
use jiff::civil::{Date, date};
use proptest::prelude::*;

const TODAY: Date = date(2026, 5, 8);
const HEADER: &str = "证书编号,获证组织,统一社会信用代码,注册地址,认证范围,级别,发证日期,有效期至,状态,状态日期,状态原因,暂停至,初次发证日期,下次监督日期";
/// The cells of a good row, in the order of [`HEADER`].
const GOOD: [&str; 14] = [
    "SC-1",
    "示例电器有限公司",
    "91990000MA0000001B",
    "示例路1号",
    "家用电器",
    "五星级",
    "2025-05-08",
    "2028-05-07",
    "有效",
    "",
    "",
    "",
    "",
    "",
];

fn intervals() -> Intervals {
    Scheme::parse(include_str!("../../../schemes/gbt27922-2011.toml")).unwrap().intervals
}

fn fixture(name: &str, bytes: &[u8]) -> Checked {
    read_table(bytes, name).unwrap().check(TODAY, &intervals())
}

fn check_csv(text: &str) -> Checked {
    fixture("roster.csv", text.as_bytes())
}

/// A good row with some cells changed, by column.
fn row(changes: &[(usize, &str)]) -> String {
    let mut cells = GOOD;
    for (column, value) in changes {
        cells[*column] = value;
    }
    cells.join(",")
}

/// The fault codes of one changed row, with their column letters.
fn codes(changes: &[(usize, &str)]) -> Vec<(String, &'static str)> {
    let checked = check_csv(&format!("{HEADER}\n{}\n", row(changes)));
    assert_eq!(checked.rows.len(), usize::from(checked.faults.is_empty()));
    checked.faults.iter().map(|f| (f.column.as_ref().map_or(String::new(), |c| c.letter.clone()), f.code)).collect()
}

fn expect(changes: &[(usize, &str)], column: &str, code: &'static str) {
    assert_eq!(codes(changes), [(column.to_owned(), code)], "{changes:?}");
}

#[test]
fn a_workbook_as_people_leave_it() {
    let checked = fixture("merged_title.xlsx", include_bytes!("../../../tests/data/roster/merged_title.xlsx"));
    assert_eq!(checked.sheet.as_deref(), Some("证书名录"));
    assert_eq!(checked.sheets_not_read, ["填写说明", "Sheet3", "旧名录"]);
    let ignored: Vec<_> = checked.ignored_columns.iter().map(|c| (c.header.as_str(), c.letter.as_str())).collect();
    assert_eq!(ignored, [("序号", "A"), ("联系人", "Q")]);
    assert_eq!(checked.rows_read, 6);

    let [first, second, third, expired] = checked.rows.as_slice() else { panic!("{:#?}", checked.faults) };
    assert_eq!((first.row, first.number.as_str(), first.level), (4, "29326SC10001R0M", Level::FiveStar));
    assert_eq!((first.issued_on, first.valid_until), (date(2025, 5, 8), date(2028, 5, 7)));
    assert_eq!((first.first_issued_on, first.surveillance_due_on), (date(2019, 5, 8), Some(date(2026, 5, 8))));
    assert_eq!(first.sites.iter().map(|s| s.address.as_str()).collect::<Vec<_>>(), ["示例路2号", "示例路3号"]);
    // Holder and code are merged over both rows; the dates are a day number as text and a text with dots.
    assert_eq!((second.row, &second.holder.name, second.holder.uscc), (5, &first.holder.name, first.holder.uscc));
    assert_eq!(
        (second.level, second.issued_on, second.valid_until),
        (Level::FourStar, date(2025, 5, 8), date(2028, 5, 7))
    );
    assert_eq!((second.first_issued_on, second.surveillance_due_on), (second.issued_on, None));
    assert_eq!((third.issued_on, third.valid_until), (date(2024, 3, 1), date(2027, 2, 28)));
    let RosterStatus::Suspended { on, until, reason } = third.status else { panic!("{:?}", third.status) };
    assert_eq!((on, until, reason.code()), (date(2026, 1, 10), date(2026, 7, 10), "0112"));
    assert_eq!((expired.row, expired.status), (9, RosterStatus::Expired));

    let faults: Vec<_> = checked
        .faults
        .iter()
        .map(|f| (f.row, f.column.as_ref().map_or("", |c| c.letter.as_str()), f.code, f.value.as_str()))
        .collect();
    assert_eq!(
        faults,
        [
            (7, "G", "unknown_level", "六星级"),
            (7, "I", "life_too_long", "2027-03-01"),
            (7, "B", "duplicate_number", "29326sc10003r0m"),
            (8, "D", "digits_lost", "9.199E+17"),
            (8, "L", "past_its_end", "有效"),
        ]
    );
    assert!(checked.faults[1].message.contains("2027-02-28"), "{}", checked.faults[1].message);
    assert!(checked.faults[2].message.contains("row 6"), "{}", checked.faults[2].message);
    assert!(checked.faults[3].message.contains("文本"), "{}", checked.faults[3].message);
    assert_eq!(checked.faults[0].column.as_ref().unwrap().header, "星级");
}

#[test]
fn days_of_a_workbook_that_counts_from_1904() {
    let checked = fixture("epoch_1904.xlsx", include_bytes!("../../../tests/data/roster/epoch_1904.xlsx"));
    assert_eq!(checked.faults, []);
    assert_eq!(checked.rows.iter().map(|r| r.issued_on).collect::<Vec<_>>(), [date(2025, 5, 8); 3]);
}

#[test]
fn a_text_file_reads_the_same_in_gbk_and_in_utf_8() {
    let gbk = read_table(include_bytes!("../../../tests/data/roster/gbk.csv"), "gbk.csv").unwrap();
    let bom = read_table(include_bytes!("../../../tests/data/roster/bom.csv"), "bom.csv").unwrap();
    assert_eq!((gbk.encoding, bom.encoding), (Some("GB18030"), Some("UTF-8")));
    let checked = gbk.check(TODAY, &intervals());
    assert_eq!(checked, bom.check(TODAY, &intervals()));
    assert_eq!(checked.faults, []);
    assert_eq!(checked.rows.iter().map(|r| r.row).collect::<Vec<_>>(), [2, 4]);
    assert!(matches!(checked.rows[1].status, RosterStatus::Withdrawn { reason, .. } if reason.code() == "0113"));
}

#[test]
fn a_cut_or_damaged_workbook_is_refused_and_never_panics() {
    let good = include_bytes!("../../../tests/data/roster/merged_title.xlsx");
    for cut in (0..good.len()).step_by(97) {
        assert!(read_table(&good[..cut], "cut.xlsx").is_err(), "{cut}");
    }
    for at in (0..good.len()).step_by(61) {
        let mut bytes = good.to_vec();
        bytes[at] ^= 0x55;
        if let Ok(table) = read_table(&bytes, "bent.xlsx") {
            let _ = table.check(TODAY, &intervals());
        }
    }
}

#[test]
fn what_is_no_roster_is_named() {
    let cases: [(&[u8], &str); 9] = [
        (b"", "empty_file"),
        (b"\xef\xbb\xbf \n", "empty_file"),
        (b"<html><table><tr><td>\xe7\xbc\x96\xe5\x8f\xb7", "not_a_table"),
        (b"%PDF-1.7", "not_a_table"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 B\0o\0o\0k\0", "old_workbook"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1E\0n\0c\0r\0y\0p\0t\0e\0d\0P\0a\0c\0k\0a\0g\0e\0", "protected_workbook"),
        (b"PK\x03\x04 and no more", "bad_workbook"),
        (b"a,b,c\n1,2,3\n", "no_header"),
        (b"\xff\xff\xff", "unreadable_text"),
    ];
    for (bytes, code) in cases {
        let refusal = read_table(bytes, "名录.xls").unwrap_err();
        assert_eq!(refusal.code, code, "{}", refusal.message);
        assert!(refusal.message.starts_with("名录.xls: "), "{}", refusal.message);
    }
    assert_eq!(read_table(&vec![b'a'; MAX_FILE_BYTES + 1], "a.csv").unwrap_err().code, "file_too_large");
    let late = format!("{}{HEADER}\n", "note\n".repeat(HEADER_WITHIN));
    assert_eq!(read_table(late.as_bytes(), "late.csv").unwrap_err().code, "no_header");
}

#[test]
fn a_header_that_lacks_or_doubles_a_column_is_one_fault_each_and_no_row_is_read() {
    let text = format!("{},企业名称\n{},x\n", HEADER.replace("级别", "等第").replace("状态,", "情况,"), row(&[]));
    let checked = check_csv(&text);
    assert_eq!((checked.rows.len(), checked.rows_read), (0, 0));
    let [doubled, missing] = checked.faults.as_slice() else { panic!("{:?}", checked.faults) };
    assert_eq!((doubled.code, doubled.row, doubled.value.as_str()), ("column_doubled", 1, "企业名称"));
    assert!(doubled.message.contains("columns B and O"), "{}", doubled.message);
    assert_eq!((missing.code, &missing.column), ("column_missing", &None));
    for word in ["级别", "状态", "等第", "证书编号"] {
        assert!(missing.message.contains(word), "{word}: {}", missing.message);
    }
    assert!(missing.message.starts_with("the header row lacks 级别、状态:"), "{}", missing.message);
}

#[test]
fn columns_stand_in_any_order_and_in_english() {
    let text = "Status;Level;Name;Number;USCC;Address;Scope;valid until;Issue date;remarks\n\
                01;4;Example Ltd;SC-9;９１９９００００ma0000001b;Example Road 1;appliances;2028/5/7;20250508;x\n";
    let checked = check_csv(text);
    assert_eq!(checked.faults, []);
    assert_eq!(checked.rows[0].holder.uscc, Uscc::parse("91990000MA0000001B").unwrap());
    assert_eq!((checked.rows[0].level, checked.rows[0].issued_on), (Level::FourStar, date(2025, 5, 8)));
    assert_eq!(checked.ignored_columns.iter().map(|c| c.header.as_str()).collect::<Vec<_>>(), ["remarks"]);
}

#[test]
fn a_good_row_has_no_fault_and_each_slip_has_its_own() {
    assert_eq!(codes(&[]), []);
    expect(&[(0, "")], "A", "missing_value");
    expect(&[(0, "示例电器有限公司")], "A", "bad_number");
    expect(&[(1, "91990000MA0000001B")], "B", "bad_name");
    expect(&[(2, "91990000MA00000018")], "C", "bad_uscc");
    expect(&[(2, "9.19901E+17")], "C", "digits_lost");
    expect(&[(3, "——")], "D", "missing_value");
    expect(&[(4, "家用\u{202e}电器")], "E", "text_unseen_character");
    expect(&[(5, "八星级")], "F", "unknown_level");
    expect(&[(6, "08/05/2025")], "G", "bad_date");
    expect(&[(8, "无效")], "I", "unknown_status");
    expect(&[(13, "2025-05-08")], "N", "surveillance_outside_life");
    expect(&[(13, "2028-05-08")], "N", "surveillance_outside_life");
    assert_eq!(codes(&[(13, "2028-05-07")]), []);
    expect(&[(13, "soon")], "N", "bad_date");
}

#[test]
fn the_life_of_a_certificate_is_held_to_the_scheme() {
    expect(&[(7, "2028-05-08")], "H", "life_too_long");
    expect(&[(6, "2026-05-07"), (7, "2025-05-08")], "H", "ends_before_start");
    assert_eq!(codes(&[(6, "2026-05-09"), (7, "2029-05-08")]), [("G".to_owned(), "in_the_future")]);
    assert_eq!(codes(&[(6, "2024-02-29"), (7, "2027-02-27")]), []);
    expect(&[(6, "2024-02-29"), (7, "2027-02-28")], "H", "life_too_long");
    assert_eq!(codes(&[(12, "2019-05-08")]), []);
    expect(&[(12, "2025-05-09")], "M", "first_after_issue");
    // The last day is still a valid one.
    assert_eq!(codes(&[(6, "2023-05-09"), (7, "2026-05-08")]), []);
    expect(&[(6, "2023-05-08"), (7, "2026-05-07")], "I", "past_its_end");
    assert_eq!(codes(&[(6, "2023-05-08"), (7, "2026-05-07"), (8, "05")]), []);
    expect(&[(6, "2023-05-09"), (7, "2026-05-08"), (8, "过期失效")], "I", "not_past_its_end");
}

#[test]
fn a_status_brings_its_day_and_reason() {
    let suspended = |on, why, until| codes(&[(8, "暂停"), (9, on), (10, why), (11, until)]);
    let one = |column: &str, code| vec![(column.to_owned(), code)];
    assert_eq!(suspended("2026-01-10", "0116", "2026-07-10"), []);
    assert_eq!(suspended("2026-01-10", "0116", "2026-07-11"), one("L", "suspension_end"));
    assert_eq!(suspended("2026-01-10", "0116", "2026-01-09"), one("L", "suspension_end"));
    assert_eq!(suspended("2026-01-10", "0116", ""), one("L", "missing_value"));
    assert_eq!(suspended("2026-05-09", "0116", "2026-07-10"), one("J", "in_the_future"));
    assert_eq!(suspended("2025-05-07", "0116", "2025-06-10"), one("J", "status_outside_life"));
    assert_eq!(suspended("2026-01-10", "0120", "2026-07-10"), one("K", "unknown_reason"));
    let near_its_end =
        |until| codes(&[(6, "2023-09-01"), (7, "2026-08-31"), (8, "02"), (9, "2026-05-01"), (10, "116"), (11, until)]);
    assert_eq!(near_its_end("2026-08-31"), []);
    assert_eq!(near_its_end("2026-09-01"), one("L", "suspension_end"));
    let all_missing = suspended("", "", "");
    assert_eq!(all_missing.iter().map(|(c, _)| c.as_str()).collect::<Vec<_>>(), ["J", "K", "L"]);

    assert_eq!(codes(&[(8, "撤销"), (9, "2026-01-10"), (10, "0120")]), []);
    let after_its_end = |on| codes(&[(6, "2022-05-08"), (7, "2025-05-07"), (8, "撤销"), (9, on), (10, "0101")]);
    assert_eq!(after_its_end("2025-05-07"), []);
    assert_eq!(after_its_end("2025-05-08"), one("J", "status_outside_life"));
    expect(&[(8, "撤销"), (9, "2026-01-10"), (10, "0116x")], "K", "unknown_reason");
    assert_eq!(codes(&[(8, "04"), (9, "2026-01-10"), (10, "应持证组织申请注销")]), []);
    expect(&[(8, "注销"), (9, "2026-01-10"), (10, "0112")], "K", "unknown_reason");
    // What stands beside 有效 is not read.
    assert_eq!(codes(&[(9, "?"), (10, "?"), (11, "?")]), []);
    let narrow = format!("{}\n{}\n", &HEADER[..HEADER.find(",状态日期").unwrap()], row(&[(8, "注销")]));
    let checked = check_csv(&narrow);
    assert_eq!(
        checked.faults.iter().map(|f| (f.code, f.column.is_none())).collect::<Vec<_>>(),
        [("missing_value", true); 2]
    );
}

#[test]
fn the_later_of_two_rows_with_one_number_is_at_fault_and_repeated_headers_are_not_rows() {
    let text = format!("{HEADER}\n{}\n{HEADER}\n\n{}\n{}\n", row(&[]), row(&[(0, "ｓｃ—1")]), row(&[(0, "SC-2")]));
    let checked = check_csv(&text);
    assert_eq!(checked.rows_read, 3);
    assert_eq!(checked.rows.iter().map(|r| r.row).collect::<Vec<_>>(), [2, 6]);
    let [fault] = checked.faults.as_slice() else { panic!("{:?}", checked.faults) };
    assert_eq!((fault.row, fault.code), (5, "duplicate_number"));
    assert!(fault.message.contains("row 2"), "{}", fault.message);
}

#[test]
fn every_fault_of_every_row_is_collected_at_once() {
    let bad = row(&[(0, "x"), (2, "y"), (5, "z"), (6, "?"), (7, "?")]);
    let checked = check_csv(&format!("{HEADER}\n{bad}\n{}\n{bad}\n", row(&[])));
    assert_eq!((checked.rows.len(), checked.rows_read), (1, 3));
    let rows: Vec<_> = checked.faults.iter().map(|f| f.row).collect();
    assert_eq!(rows, [2, 2, 2, 2, 2, 4, 4, 4, 4, 4]);
}

#[test]
fn the_rejects_are_mended_and_read_again() {
    let text = format!(
        "title\n{HEADER},备注\n{},fine\n{},\"=HYPERLINK(\"\"http://x\"\")\"\n{},\n",
        row(&[]),
        row(&[(0, "SC-2"), (5, "六星级"), (3, "=示例路2号"), (10, "0112"), (2, "919900000000000035")]),
        row(&[(0, "SC-3")]),
    );
    let table = read_table(text.as_bytes(), "a.csv").unwrap();
    let checked = table.check(TODAY, &intervals());
    assert_eq!(checked.rows.len(), 2);
    let csv = rejects_csv(&table, &checked.faults);
    let out = String::from_utf8(csv).unwrap();
    assert!(out.starts_with("\u{feff}证书编号,"), "{out}");
    assert_eq!(out.lines().count(), 2);
    assert!(out.lines().next().unwrap().ends_with(",备注,行号,问题"));
    assert!(out.contains(",4,级别 (F): ") || out.contains(",4,\"级别 (F): ") || out.contains(",4,\"统一"), "{out}");
    assert!(out.contains("'=示例路2号") && out.contains("'=HYPERLINK"), "{out}");
    assert!(out.contains("919900000000000035\t") && out.contains("0112\t"), "{out}");
    for cell in csv::ReaderBuilder::new()
        .from_reader(out.as_bytes())
        .records()
        .flat_map(|r| r.unwrap().iter().map(str::to_owned).collect::<Vec<_>>())
    {
        assert!(!cell.starts_with(['=', '+', '-', '@']), "{cell}");
    }
    let mended = out.replace("六星级", "三星级").replace("919900000000000035", GOOD[2]);
    let again = read_table(mended.as_bytes(), "b.csv").unwrap().check(TODAY, &intervals());
    assert_eq!(again.faults, []);
    assert_eq!(again.rows[0].holder.address.as_str(), "=示例路2号");
    assert_eq!(again.ignored_columns.iter().map(|c| c.header.as_str()).collect::<Vec<_>>(), ["备注", "行号", "问题"]);
}

#[test]
fn a_fault_of_the_header_stands_in_the_rejects_too() {
    let table = read_table("编号,企业名称\nSC-1,示例\n".as_bytes(), "a.csv").unwrap();
    let checked = table.check(TODAY, &intervals());
    let out = String::from_utf8(rejects_csv(&table, &checked.faults)).unwrap();
    assert!(out.lines().nth(1).unwrap().starts_with(",,1,the header row lacks"), "{out}");
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        if let Ok(table) = read_table(&bytes, "x") {
            let checked = table.check(TODAY, &intervals());
            let _ = rejects_csv(&table, &checked.faults);
        }
    }

    #[test]
    fn no_cell_makes_it_panic_and_a_row_is_good_or_at_fault(
        column in 0..GOOD.len(),
        cell in "[0-9年月日/.\\-: T五星级★=+@'eE|;；一２\u{3000}\u{200b}]{0,24}",
    ) {
        let mut cells = GOOD;
        cells[column] = &cell;
        let text = format!("{HEADER}\n{}\n", cells.join(","));
        let table = read_table(text.as_bytes(), "x.csv").unwrap();
        let checked = table.check(TODAY, &intervals());
        prop_assert_eq!(checked.rows.len() + usize::from(!checked.faults.is_empty()), checked.rows_read);
        let again = read_table(&rejects_csv(&table, &checked.faults), "y.csv").unwrap().check(TODAY, &intervals());
        let codes = |c: &Checked| c.faults.iter().map(|f| f.code).collect::<Vec<_>>();
        prop_assert_eq!(codes(&again), codes(&checked));
    }
}
