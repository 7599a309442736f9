//! `issue`: good decisions, the same again, and everything that can be wrong with a file.

use crate::cli_kit::{Desk, ago, decision, today, with};
use serde_json::{Value, json};
use starmark::domain::dates::add_days;
use std::collections::BTreeSet;

#[track_caller]
fn refused(line: &Value, code: &str, pointer: &str) {
    assert_eq!(
        (line["error"]["code"].as_str(), line["error"]["pointer"].as_str()),
        (Some(code), Some(pointer)),
        "{line}"
    );
}

#[test]
fn a_decision_yields_a_certificate_and_again_the_same() {
    let desk = Desk::new();
    let decisions = [decision("D-1", ago(30)), with(decision("D-2", ago(20)), "/number", json!("00114q26950／3502"))];
    let first = desk.issue(&decisions).is(0);
    let lines = first.lines();
    assert_eq!(lines[0]["reference"], "D-1");
    assert_eq!(lines[0]["level"], "five_star");
    assert_eq!(lines[0]["score"], "100.00");
    assert_eq!(lines[1]["number"], "00114Q26950/3502");
    assert_eq!(lines[0].as_object().unwrap().len(), 5, "these members and no other");
    assert_eq!(desk.issue(&decisions).is(0).out, first.out);
    // The same decision written as one document, or as an array over several lines.
    desk.file("one.json", serde_json::to_string_pretty(&decisions[0]).unwrap());
    assert_eq!(desk.run(&["issue", "one.json", "--json"]).is(0).json(), lines[0]);
    desk.file("all.json", serde_json::to_string_pretty(&decisions).unwrap());
    assert_eq!(desk.run(&["issue", "all.json", "--json"]).is(0).out, first.out);
    // Changed under the same reference it is another request.
    let changed = with(decisions[0].clone(), "/scope", json!("照明产品的售后服务"));
    refused(&desk.issue(&[changed]).is(1).json(), "idempotency_mismatch", "");
}

#[test]
fn the_score_is_rounded_down_and_the_level_only_lowered() {
    let desk = Desk::new();
    let sampled = json!({ "clause": "5.3.1", "sampled": 60, "nonconforming": 1 });
    let sheet = with(decision("D-1", ago(30)), "/score_sheet/items/13", sampled);
    let lower = with(with(decision("D-2", ago(30)), "/level", json!("four_star")), "/level_reason", json!("规模较小"));
    let lines = desk.issue(&[sheet, lower]).is(0).lines();
    assert_eq!(lines[0]["score"], "99.78", "99.7833… is shown rounded down");
    assert_eq!((&lines[1]["level"], &lines[1]["score"]), (&json!("four_star"), &json!("100.00")));
}

#[test]
fn wrong_decisions_are_refused_each_with_code_and_place() {
    let desk = Desk::new();
    let good = |n: usize| decision(&format!("D-{n}"), ago(30));
    let nonconform = |mut d: Value, clauses: &[usize]| {
        for i in clauses {
            d["score_sheet"]["items"][*i]["result"] = "nonconform".into();
        }
        d
    };
    let name = "示".repeat(1_000_000 / 3);
    let future = with(decision("D-9", add_days(today(), 20)), "/decided_on", json!(add_days(today(), 1).to_string()));
    let cases = [
        (with(good(1), "/holder/uscc", json!("91110108551385082A")), "bad_uscc", "/holder/uscc"),
        (
            with(good(2), "/score_sheet/items/3", json!({ "clause": "5.1.4", "sampled": 3, "nonconforming": 4 })),
            "bad_sample",
            "/score_sheet/items/3/sampled",
        ),
        (with(good(3), "/score_sheet/items/3/clause", json!("5.1.1")), "clause_twice", "/score_sheet/items/3"),
        (with(good(4), "/decided_by/1", json!("E-02")), "duties_not_separated", "/decided_by/1"),
        (with(nonconform(good(5), &[1, 7]), "/level", json!("five_star")), "level_above_computed", "/level"),
        (nonconform(good(6), &[1, 2, 7, 13]), "not_certifiable", "/score_sheet"),
        (future, "in_the_future", "/decided_on"),
        (with(good(10), "/holder/name", json!(name)), "text_too_long", "/holder/name"),
        (with(good(11), "/scheme", json!("gbt27922-2026")), "unknown_scheme", "/scheme"),
        (with(good(12), "/issued_on", json!("2026-02-30")), "bad_date", "/issued_on"),
        (with(good(13), "/level", json!("six_star")), "unknown_level", "/level"),
    ];
    let decisions: Vec<Value> = cases.iter().map(|(d, ..)| d.clone()).chain([good(20)]).collect();
    let lines = desk.issue(&decisions).is(1).lines();
    assert_eq!(lines.len(), cases.len() + 1);
    for ((decision, code, pointer), line) in cases.iter().zip(&lines) {
        assert_eq!(line["reference"], decision["reference"]);
        refused(line, code, pointer);
        assert!(line.to_string().len() < 2_000, "what was given is not thrown back whole");
    }
    assert!(lines.last().unwrap()["id"].is_string(), "a good one behind bad ones is issued");
}

#[test]
fn broken_lines_are_told_by_number_and_the_next_ones_are_read() {
    let desk = Desk::new();
    let good = |n: usize| decision(&format!("D-{n}"), ago(30)).to_string().into_bytes();
    let mut unknown = decision("D-5", ago(30));
    unknown["holder"]["phone"] = json!("1");
    let twice = decision("D-6", ago(30)).to_string().replacen('{', "{\"scope\":\"a\",", 1).into_bytes();
    let long = format!("{{\"reference\":\"{}\"}}", "x".repeat(2 << 20)).into_bytes();
    let broken = b"{\"reference\":\"D-2\",\"scope\":\"\xff\xfe\"}".to_vec();
    let unknown = unknown.to_string().into_bytes();
    let cut = b"{\"reference\":".to_vec();
    let lines = [good(1), broken, cut, long, unknown, twice, vec![], b"[1]".to_vec(), good(8)];
    desk.file("mixed.ndjson", lines.join(&b'\n'));
    let ran = desk.run(&["issue", "mixed.ndjson", "--json"]).is(1);
    let found = ran.lines();
    let codes: Vec<Option<&str>> = found.iter().map(|l| l["error"]["code"].as_str()).collect();
    let expected = [
        None,
        Some("json_utf8"),
        Some("json_syntax"),
        Some("line_too_long"),
        Some("bad_decision"),
        Some("json_duplicate_member"),
        Some("bad_decision"),
        None,
    ];
    assert_eq!(codes, expected);
    assert!(found[2]["error"]["message"].as_str().unwrap().starts_with("line 3: "));
    refused(&found[4], "bad_decision", "/holder/phone");
    assert_eq!(found[4]["reference"], "D-5");
    // For people: the same on stderr, with the line.
    desk.run(&["issue", "mixed.ndjson"]).is(1).says("line 5 D-5: /holder/phone: ").says("2 issued (2 of them before");
}

#[test]
fn files_that_are_none_are_wrong_usage_or_refused() {
    let desk = Desk::new();
    desk.run(&["issue", "missing.ndjson"]).is(64).says("missing.ndjson");
    desk.run(&["issue", "."]).is(64).says("directory");
    desk.run(&["issue"]).is(64).says("FILE");
    desk.file("empty", " \n\n");
    desk.run(&["issue", "empty"]).is(1).says("[no_decision]");
    desk.file("array.json", format!("[{},\n{{\"reference\":\"D-2\"}},\n", decision("D-1", ago(30))));
    let lines = desk.run(&["issue", "array.json", "--json"]).is(1).lines();
    assert!(lines[0]["id"].is_string());
    assert!(lines[1]["error"]["message"].as_str().unwrap().starts_with("line 2: "), "{}", lines[1]);
    refused(lines.last().unwrap(), "json_syntax", "");
}

#[test]
fn many_at_once_each_get_one_number_and_of_rivals_the_first() {
    let desk = Desk::new();
    let mut decisions: Vec<Value> = (0..60).map(|n| decision(&format!("D-{n}"), ago(30))).collect();
    // Two claim one number, two one reference with other content.
    decisions[40]["number"] = json!("X-1");
    decisions[50]["number"] = json!("x-1");
    let rival = with(decision("D-3", ago(30)), "/scope", json!("电梯的维修服务"));
    decisions.push(rival);
    let lines = desk.issue(&decisions).is(1).lines();
    assert_eq!(lines.len(), 61);
    refused(&lines[50], "number_taken", "/number");
    refused(&lines[60], "idempotency_mismatch", "");
    let numbers: BTreeSet<_> = lines.iter().filter_map(|l| l["number"].as_str()).collect();
    assert_eq!(numbers.len(), 59);
    for (decision, line) in decisions.iter().zip(&lines) {
        assert_eq!(decision["reference"], line["reference"], "in the order of the file");
    }
}
