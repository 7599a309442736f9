//! The life of a certificate and its marks from the command line, and the slips people make.

use crate::cli_kit::{Desk, ago, decision, today, with};
use serde_json::json;
use starmark::domain::dates::add_days;

#[test]
fn surveyed_suspended_reinstated_and_withdrawn() {
    let desk = Desk::new();
    let (number, id) = desk.certificate("D-1", 300);
    let on = ago(20).to_string();
    let surveyed = desk.run(&["surveil", &number, "--on", &on, "--outcome", "passed", "--json"]).is(0).json();
    assert_eq!((surveyed["standing"].as_str(), &surveyed["id"]), (Some("valid"), &json!(id)));
    assert_ne!(surveyed["surveillance_due_on"], json!(add_days(ago(300), 365).to_string()));

    let suspend = ["suspend", &number, "--reason", "0112", "--json", "--idempotency-key", "k-1", "--note", "笔录 7"];
    let suspended = desk.run(&suspend).is(0).json();
    assert_eq!((&suspended["standing"], &suspended["replayed"]), (&json!("suspended"), &json!(false)));
    assert_eq!(desk.run(&suspend).is(0).json()["replayed"], true);
    let again = desk.run(&["suspend", &number, "--reason", "0112", "--json"]).is(1).says("[already_suspended]");
    assert_eq!(again.json()["error"]["code"], "already_suspended");

    let told = desk.run(&["history", &number]).is(0);
    told.shows("issued").shows("suspended 0112").shows("evidence: 笔录 7").shows("as decision_maker");
    let acts = desk.run(&["history", &id, "--json"]).is(0).lines();
    assert_eq!(acts.len(), 3);
    assert_eq!((&acts[2]["change"], &acts[2]["provenance"]["note"]), (&json!("suspended"), &json!("笔录 7")));
    desk.run(&["reinstate", &id]).is(0).shows("In force 有效");
    desk.run(&["reinstate", &id]).is(1).says("[not_suspended]");
    desk.run(&["withdraw", &number, "--reason", "0117"]).is(0).shows("Withdrawn 已撤销").shows(&format!("/c/{id}"));
    desk.run(&["cancel", &number, "--reason", "holder_gone"]).is(1).says("[certificate_ended]");
}

#[test]
fn a_change_ahead_is_told_as_one() {
    let desk = Desk::new();
    let (number, _) = desk.certificate("D-1", 100);
    let from = add_days(today(), 3).to_string();
    let ran = desk.run(&["suspend", &number, "--reason", "0111", "--from", &from, "--confirmed", &today().to_string()]);
    ran.is(0).shows("In force").shows(&format!("counts from {from}"));
    desk.run(&["cancel", &number, "--reason", "holder_request", "--from", &from]).is(1).says("[in_the_future]");
}

#[test]
fn replaced_and_recertified() {
    let desk = Desk::new();
    let (number, _) = desk.certificate("D-1", 900);
    let new =
        with(with(decision("D-2", ago(10)), "/score_sheet", json!(null)), "/holder/address", json!("杭州市示例路2号"));
    desk.file("new.json", new.to_string());
    let replaced = desk.run(&["supersede", &number, "new.json", "--reason", "holder_changed", "--json"]).is(0).json();
    assert_eq!((replaced["level"].as_str(), &replaced["score"]), (Some("five_star"), &json!(null)));
    let second = replaced["number"].as_str().unwrap();
    desk.run(&["supersede", &number, "new.json", "--reason", "holder_changed"]).is(0).shows("before");
    desk.file("next.json", decision("D-3", today()).to_string());
    let next = desk.run(&["recertify", second, "next.json"]).is(0);
    next.shows("R1M");
    desk.run(&["recertify", &number, "next.json"]).is(1).says("[idempotency_mismatch]");
    desk.file("other.json", decision("D-4", today()).to_string());
    let ended = desk.run(&["recertify", &number, "other.json", "--json"]).is(1).json();
    assert_eq!((&ended["reference"], &ended["error"]["code"]), (&json!("D-4"), &json!("certificate_ended")));
    desk.run(&["supersede", second, "other.json", "--reason", "recertified"]).is(1).says("[use_recertify]");
    desk.file("two.ndjson", format!("{}\n{}\n", decision("D-5", today()), decision("D-6", today())));
    desk.run(&["recertify", second, "two.ndjson"]).is(64).says("exactly one decision");
}

#[test]
fn slips_are_told_before_anything_happens() {
    let desk = Desk::new();
    let (number, id) = desk.certificate("D-1", 100);
    let run = |arguments: &[&str]| desk.run(arguments);
    run(&["suspend", &number, "--reason", "9999"]).is(64).says("0111");
    // The withdrawal table has a 0101, the suspension table has none.
    run(&["suspend", &number, "--reason", "0101"]).is(64).says("no reason for a suspension");
    run(&["withdraw", &number, "--reason", "0117", "--from", "2026-13-01"]).is(64).says("not a date");
    run(&["withdraw", "29326SC99999R0M", "--reason", "0117"]).is(1).says("[no_such_certificate]");
    let mistyped = format!("{}{}", &id[..15], if id.ends_with('1') { '2' } else { '1' });
    run(&["withdraw", &mistyped, "--reason", "0117"]).is(1).says("[no_such_certificate]");
    run(&["surveil", &number, "--on", &add_days(today(), 1).to_string(), "--outcome", "passed"])
        .is(1)
        .says("[in_the_future]");
    run(&["surveil", &number, "--on", &today().to_string(), "--outcome", "maybe"]).is(64).says("passed");
    run(&["suspend", &number, "--reason", "0111", "--confirmed", &ago(9).to_string()]).is(1).says("[suspension_start]");
    run(&["suspend", &number, "--reason", "0111", "--until", &add_days(today(), 400).to_string()])
        .is(1)
        .says("[suspension_too_long]");
    run(&["suspend"]).is(64);
    run(&["frobnicate"]).is(64);
    run(&["suspend", "--help"]).is(0).shows("0116").shows("持证组织主动申请暂停").shows("the holder asked for it");
    run(&["withdraw", "--help"]).is(0).shows("0115").shows("暂停期满，问题未解决");
}

#[test]
fn marks_are_licensed_once_drawn_and_revoked() {
    let desk = Desk::new();
    let (number, _) = desk.certificate("D-1", 100);
    let draw = |more: &[&str]| {
        let base = ["mark", &number, "--layout", "vertical", "--format", "png", "--out", "m.png", "--json"];
        desk.run(&[&base[..], more].concat())
    };
    let first = draw(&[]).is(0).json();
    assert_eq!(
        (&first["new"], &first["medium"], &first["state"]),
        (&json!(true), &json!("packaging"), &json!("active"))
    );
    let again = draw(&[]).is(0).json();
    assert_eq!((&again["new"], &again["mark"]), (&json!(false), &first["mark"]));
    draw(&["--medium", "premises", "--site", "示例分店"]).is(1).says("[site_not_covered]");
    draw(&["--width", "10"]).is(1).says("[mark_too_narrow]");
    draw(&["--width", "wide"]).is(64).says("millimetres");
    let svg = ["mark", &number, "--layout", "small", "--format", "svg", "--out", "m.svg", "--ink", "one_colour"];
    desk.run(&svg).is(0).shows(first["mark"].as_str().unwrap());
    assert!(std::fs::read_to_string(desk.path("m.svg")).unwrap().contains("<svg"));
    desk.run(&["mark", &number, "--layout", "round", "--format", "png", "--out", "x"]).is(64).says("vertical");
    desk.run(&["mark", &number, "--layout", "small", "--format", "png"]).is(64).says("--out");

    let mark = first["mark"].as_str().unwrap();
    desk.run(&["mark", "clear", mark]).is(1).says("[mark_state]");
    desk.run(&["mark", "investigate", mark, "--note", "三份举报"]).is(0).shows("under_investigation packaging");
    draw(&[]).is(1).says("under_investigation");
    desk.run(&["mark", "clear", mark]).is(0).shows("active");
    desk.run(&["mark", "revoke", mark, "--reason", "misuse"]).is(0).shows("revoked");
    desk.run(&["mark", "revoke", mark, "--reason", "misuse"]).is(1).says("[mark_state]");
    let asked = desk.run(&["mark", "request", &number, "--json"]).is(0).json();
    assert_eq!(asked["state"], "requested");
    draw(&[]).is(1).says("[mark_requested]").says("mark approve");
    desk.run(&["mark", "approve", asked["mark"].as_str().unwrap()]).is(0).shows("active");
    assert_eq!(desk.run(&["mark", "list", &number, "--json"]).is(0).lines().len(), 2);
    desk.run(&["suspend", &number, "--reason", "0111"]).is(0);
    draw(&[]).is(1).says("frozen");
}

#[test]
fn the_sweep_reports_first_and_suspends_then() {
    let desk = Desk::new();
    let (number, _) = desk.certificate("D-1", 400);
    let due = desk.run(&["sweep", "--dry-run", "--json"]).is(0).json();
    assert_eq!(due["surveillance_overdue"][0]["number"], json!(number));
    let swept = desk.run(&["sweep", "--json"]).is(0).json();
    assert_eq!(swept["suspended"][0]["number"], json!(number));
    desk.run(&["reinstate", &number]).is(1).says("[surveillance_overdue]");
    // Given again on the same day it does nothing more and says the same.
    desk.run(&["sweep"]).is(0).shows("Suspended today for overdue surveillance: 1").shows(&number);
    assert_eq!(desk.run(&["sweep", "--json"]).is(0).json()["suspended"], swept["suspended"]);
}

#[test]
fn tokens_and_keys() {
    let desk = Desk::new();
    let made = desk.run(&["token", "new", "desk", "--role", "registrar", "--role", "reader"]).is(0).says("this once");
    let secret = made.out.trim();
    assert!(secret.starts_with("smk_"));
    let listed = desk.run(&["token", "list"]).is(0).shows("registrar, reader");
    assert!(!listed.out.contains(secret));
    assert!(!desk.run(&["export"]).is(0).out.contains(secret), "the secret is nowhere");
    desk.run(&["token", "new", "desk", "--role", "reader"]).is(1).says("[token_exists]");
    desk.run(&["token", "new", "other", "--role", "boss"]).is(64).says("registrar");
    desk.run(&["token", "revoke", "desk"]).is(0);
    desk.run(&["token", "revoke", "desk"]).is(1).says("[token_revoked]");

    desk.run(&["key", "retire", "credential-1"]).is(1).says("[last_key]");
    desk.run(&["key", "rotate", "credential", "--kdf-cost", "light"]).is(0).shows("credential-2");
    desk.run(&["key", "list"]).is(0).shows("retired");
    desk.certificate("D-9", 3);
    desk.run(&["key", "compromise", "credential-1", "--since", "2026-01-01T00:00:00Z"]).is(0);
    desk.run(&["key", "compromise", "mark-1"]).is(0).shows("key rotate mark");
    desk.run(&["key", "rotate", "seal"]).is(64).says("credential, mark, log");
    desk.run(&["fsck"]).is(0).shows("1 signatures checked");
}
