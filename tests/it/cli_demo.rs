//! `demo` and `serve`: what is printed is what is served, and a second start finds it again.

use crate::cli_kit::{Desk, HOST, command};
use crate::form_kit::{EDGE, Part, form};
use crate::serve_kit::{Serving, connect, get, rest};
use serde_json::Value;
use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, Stdio};

/// A demo that runs; it is told to stop at the end.
struct Demo {
    child: Child,
    cases: Vec<Value>,
    token: String,
}

impl Drop for Demo {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn start(directory: &Path) -> Demo {
    let child = command(directory, &["demo", "--json", "--listen", "127.0.0.1:0"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut demo = Demo { token: String::new(), cases: vec![], child };
    for line in BufReader::new(demo.child.stdout.take().unwrap()).lines() {
        let value: Value = serde_json::from_str(&line.unwrap()).unwrap();
        if value["ready"] == true {
            demo.token = value["token"].as_str().unwrap().to_owned();
            return demo;
        }
        demo.cases.push(value);
    }
    panic!("it ended before it was ready");
}

#[test]
fn every_case_answers_as_it_is_printed_and_again_after_a_restart() {
    let temp = tempfile::tempdir().unwrap();
    let first = start(temp.path());
    let text = |case: &Value, name: &str| case[name].as_str().unwrap_or_default().to_owned();
    let seen: BTreeSet<_> = first.cases.iter().map(|c| (text(c, "standing"), text(c, "level"))).collect();
    assert_eq!(seen.len(), 28, "every level in every standing");
    let mut states = BTreeSet::new();
    for case in &first.cases {
        let members: Vec<&str> = case.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(members, ["api", "case", "id", "level", "mark", "marks", "number", "page", "standing"]);
        let (status, page) = get(&text(case, "page"), None);
        assert_eq!((status, page.contains(&text(case, "number"))), (200, true), "{case}");
        let (status, answer) = get(&text(case, "api"), None);
        let answer: Value = serde_json::from_str(&answer).unwrap();
        assert_eq!((status, &answer["standing"]), (200, &case["standing"]), "{case}");
        if let Some(mark) = case["mark"].as_str() {
            assert_eq!(get(mark, None).0, 200, "{case}");
        } else {
            assert_eq!(case["standing"], "not_yet_effective");
        }
        for mark in case["marks"].as_array().unwrap() {
            states.insert(text(mark, "state"));
            assert_eq!(get(&text(mark, "page"), None).0, 200, "{case}");
        }
    }
    let states: Vec<&str> = states.iter().map(String::as_str).collect();
    assert_eq!(
        states,
        ["active", "ended", "frozen", "refused", "replaced", "requested", "revoked", "under_investigation"]
    );
    let (ids, token) = (first.cases.iter().map(|c| text(c, "id")).collect::<Vec<_>>(), first.token.clone());
    drop(first);

    let second = start(temp.path());
    assert_eq!(second.cases.iter().map(|c| text(c, "id")).collect::<Vec<_>>(), ids);
    assert_ne!(second.token, token);
    drop(second);
    let tokens = command(temp.path(), &["token", "list", "--data", "demo-data"]).output().unwrap().stdout;
    let tokens = String::from_utf8(tokens).unwrap();
    assert_eq!(tokens.matches("revoked").count(), 1, "{tokens}");
}

#[test]
fn the_demo_leaves_other_directories_alone() {
    let desk = Desk::new();
    desk.run(&["demo", "--data", "starmark-data", "--listen", "127.0.0.1:0"]).is(1).says("[not_a_demo]");
    std::fs::create_dir(desk.path("mine")).unwrap();
    desk.file("mine/letter.txt", "dear");
    desk.run(&["demo", "--data", "mine", "--listen", "127.0.0.1:0"]).is(1).says("[data_dir_in_use]");
    assert_eq!(std::fs::read_dir(desk.path("mine")).unwrap().count(), 1);
}

#[test]
fn what_strangers_left_is_private_and_a_backup_takes_it_along() {
    let desk = Desk::new();
    let (number, id) = desk.certificate("D-1", 30);
    let mark = desk.run(&["mark", "request", &number, "--json"]).is(0).json()["mark"].as_str().unwrap().to_owned();
    let mut serving = Serving::on(&desk);
    let body = form(&[("about", Part::Text(&id)), ("note", Part::Text("贴在别家的锅上"))]);
    let mut stream = connect(serving.address);
    let head = format!(
        "POST /report HTTP/1.1\r\nHost: {HOST}\r\nContent-Type: multipart/form-data; boundary={EDGE}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    );
    stream.write_all(&[head.as_bytes(), &body].concat()).unwrap();
    let answer = rest(&mut stream);
    assert!(answer.starts_with("HTTP/1.1 303"), "{answer}");
    let report = answer.split("/report/").nth(1).unwrap().lines().next().unwrap().to_owned();
    assert_eq!(serving.get(&format!("m/{mark}"), None).0, 200);
    desk.run(&["backup", "copy"]).is(0);
    serving.signal();
    assert_eq!(serving.ended(), Some(0));
    // Counts are put on file when it stops.
    let counted: Vec<_> = std::fs::read_dir(desk.path("starmark-data/signals")).unwrap().collect();
    assert_eq!(counted.len(), 1);
    desk.run(&["restore", "copy", "--data", "back"]).is(0);
    for data in ["starmark-data", "copy", "back"] {
        let file = desk.path(&format!("{data}/reports/{report}/report.json"));
        assert!(std::fs::read_to_string(&file).unwrap().contains("贴在别家的锅上"), "{data}");
        let mode = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&file).unwrap().permissions());
        assert_eq!(mode & 0o077, 0, "{data}: {mode:o}");
    }
    // A file there that cannot be read keeps nobody from the register.
    std::fs::create_dir(desk.path("starmark-data/watch")).unwrap();
    for (file, text) in [("watch/odd.json", "{"), ("signals/2026-01-02.json", "[]"), ("reports/odd", "x")] {
        desk.file(&format!("starmark-data/{file}"), text);
    }
    let serving = Serving::on(&desk);
    assert_eq!(serving.get(&format!("c/{id}"), None).0, 200);
    assert_eq!(serving.get(&format!("report/{report}"), None).0, 200);
}

#[test]
fn serve_answers_and_one_process_holds_the_store() {
    let desk = Desk::new();
    let (_, id) = desk.certificate("D-1", 30);
    let mut serving = Serving::on(&desk);
    assert!(serving.log().contains(&format!("\"base\":\"https://{HOST}\"")), "{}", serving.log());
    let (status, body) = serving.get(&format!("api/v1/certificates/{id}"), None);
    assert_eq!((status, body.contains("\"valid\"")), (200, true));
    // Writing beside it is refused with the owner named; a backup and a check are not.
    desk.run(&["sweep"]).is(74).says(&serving.child.id().to_string());
    desk.run(&["backup", "copy"]).is(0);
    desk.run(&["fsck"]).is(0).shows("1 signatures checked");
    // Asked to stop, it stops well.
    serving.signal();
    assert_eq!(serving.ended(), Some(0));
    desk.run(&["serve", "--base", "https://x/y"]).is(64).says("without a path");
    desk.run(&["serve", "--listen", "here"]).is(64);
}
