//! Backup, restore, check and orders, with the public log at stake: by the real binary.

use super::cli_kit::{Desk, Ran, ago, decision};
use super::cli_receipts::receipt;
use super::serve_kit::{Serving, connect, status, until};
use serde_json::Value;
use std::io::{Read as _, Write as _};
use std::path::Path;

/// Copies a directory as somebody with a file manager would.
fn copy_all(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let (path, target) = (entry.as_ref().unwrap().path(), to.join(entry.unwrap().file_name()));
        if path.is_dir() {
            copy_all(&path, &target);
        } else {
            std::fs::copy(&path, &target).unwrap();
        }
    }
}

/// The status of an address whose body is no text.
fn status_of(server: &Serving, path: &str) -> u16 {
    let mut stream = connect(server.address);
    write!(stream, "GET /{path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = vec![];
    stream.read_to_end(&mut answer).unwrap();
    status(&String::from_utf8_lossy(&answer))
}

/// Issues so many certificates.
fn issue(desk: &Desk, from: u32, count: u32) -> Ran {
    let decisions: Vec<Value> = (from..from + count).map(|n| decision(&format!("D-{n}"), ago(30))).collect();
    desk.issue(&decisions).is(0)
}

/// Serves the desk's directory until all of it is published; the checkpoint.
fn publish(desk: &Desk) -> Vec<u8> {
    let server = Serving::on(desk);
    until("all is published", || {
        let (status, text) = server.get("api/v1/log", None);
        let log: Value = serde_json::from_str(&text).ok()?;
        (status == 200 && log["behind"] == 0).then_some(())
    });
    drop(server);
    std::fs::read(desk.path("starmark-data/log/checkpoint")).unwrap()
}

#[test]
fn damaged_tiles_are_no_sound_log_and_the_advice_mends_them() {
    let desk = Desk::new();
    // Where tiles cannot be written the log stands still; whoever issues is told, and it goes on once that is mended.
    desk.file("starmark-data/log/tile", "in the way");
    issue(&desk, 0, 260).says("the public log stands still");
    std::fs::remove_file(desk.path("starmark-data/log/tile")).unwrap();
    publish(&desk);
    desk.run(&["fsck"]).is(0).shows("2 files");
    let bundle = desk.path("starmark-data/log/tile/entries/000");
    let mut bytes = std::fs::read(&bundle).unwrap();
    let good = bytes.clone();
    bytes[40] ^= 1;
    std::fs::write(&bundle, &bytes).unwrap();
    desk.run(&["fsck"]).is(1).shows("log/tile/entries/000 holds other bytes").shows("remove it");
    let server = Serving::on(&desk);
    for (path, status) in [
        ("api/v1/log/entries/0", 200),
        ("api/v1/log/entries/+1", 404),
        ("api/v1/log/entries/00", 404),
        ("api/v1/log/entries/%31", 404),
        ("log/tile/0/000.p/1", 200),
        ("log/tile/0/000.p/%31", 404),
        ("log/tile/%30/000.p/1", 404),
        ("log/tile/entries/000", 200),
    ] {
        assert_eq!(status_of(&server, path), status, "{path}");
    }
    assert_eq!(std::fs::read(&bundle).unwrap(), good, "who asked was given the right one, and it is kept");
    drop(server);
    std::fs::write(&bundle, &bytes).unwrap();
    std::fs::remove_file(&bundle).unwrap();
    desk.run(&["fsck"]).is(0).shows("1 files of the log are missing").shows("Sound");
}

#[test]
fn a_register_older_than_what_it_published_takes_no_orders() {
    let desk = Desk::new();
    let (number, _) = desk.certificate("D-1", 30);
    desk.run(&["backup", "early"]).is(0);
    issue(&desk, 100, 3);
    let newest = publish(&desk);
    desk.file("newest.txt", &newest);

    // Put back, it says what is at stake; and with the checkpoint it is refused.
    desk.run(&["restore", "early", "--data", "old"]).is(0).shows("second history").shows("--checkpoint FILE");
    let refused = desk.run(&["restore", "early", "--data", "older", "--checkpoint", "newest.txt"]).is(1);
    refused.says("is not the newest there is").says("a checkpoint of").says("Nothing was put back");
    desk.run(&["backup", "late"]).is(0);
    desk.run(&["restore", "late", "--data", "new", "--checkpoint", "newest.txt"]).is(0).shows("It holds all");

    // The older journal beside the newer checkpoint: nothing is recorded in it.
    std::fs::create_dir_all(desk.path("old/log")).unwrap();
    std::fs::write(desk.path("old/log/checkpoint"), &newest).unwrap();
    let events = desk.run(&["export", "--data", "old"]).is(0).lines().len();
    for order in [
        &["suspend", &number, "--reason", "0112"][..],
        &["token", "new", "web", "--role", "registrar"],
        &["key", "compromise", "credential-1"],
        &["withdraw", &number, "--reason", "0117"],
    ] {
        let ran = desk.run(&[order, &["--data", "old"]].concat());
        assert_ne!(ran.code, 0, "{order:?}");
        assert!(ran.err.contains("a checkpoint of") && ran.err.contains("was published"), "{order:?}: {}", ran.err);
    }
    assert_eq!(desk.run(&["export", "--data", "old"]).is(0).lines().len(), events);
    desk.run(&["backup", "copy-of-old", "--data", "old"]).is(1).shows("damage: a server would refuse this copy");
    desk.run(&["restore", "copy-of-old", "--data", "x"]).is(1).says("not of one register").says("Nothing was put back");
    desk.run(&["fsck", "--data", "old"]).is(1).shows("log/checkpoint: the journal holds");
}

#[test]
fn receipts_and_witnesses_tell_of_a_log_whose_checkpoint_is_gone() {
    let desk = Desk::new();
    desk.certificate("D-1", 30);
    desk.file("starmark-data/witnesses.toml", "# none yet\n");
    desk.run(&["backup", "early"]).is(0).shows("witnesses");
    let (number, _) = desk.certificate("D-2", 30);
    let server = Serving::on(&desk);
    receipt(&server, &number);
    drop(server);
    desk.run(&["restore", "early", "--data", "old"]).is(0).shows("witnesses.toml");
    assert_eq!(std::fs::read_to_string(desk.path("old/witnesses.toml")).unwrap(), "# none yet\n");
    // Nothing but a receipt tells that more was published.
    copy_all(&desk.path("starmark-data/receipts"), &desk.path("old/receipts"));
    std::fs::remove_dir_all(desk.path("old/log")).ok();
    desk.run(&["fsck", "--data", "old"])
        .is(1)
        .shows("no log/checkpoint lies beside")
        .shows("receipt ")
        .shows("was published");
    // Lost alone, it is a note, and said at the start.
    std::fs::remove_file(desk.path("starmark-data/log/checkpoint")).unwrap();
    desk.run(&["fsck"]).is(0).shows("no log/checkpoint lies beside");
    let server = Serving::on(&desk);
    assert!(server.log().contains("no log/checkpoint lies beside a journal with events"), "{}", server.log());
}

#[test]
fn a_log_whose_key_leaked_vouches_for_nothing_and_says_what_it_lacks() {
    let desk = Desk::new();
    let (number, id) = desk.certificate("D-1", 30);
    desk.run(&["key", "compromise", "log-1"]).is(0);
    desk.run(&["suspend", &number, "--reason", "0112"]).is(0);
    let log_of = || {
        let server = Serving::on(&desk);
        let (_, text) = server.get(&format!("api/v1/certificates/{id}"), None);
        let answer: Value = serde_json::from_str(&text).unwrap();
        let checks = answer["checks"].as_array().unwrap_or_else(|| panic!("{text}")).clone();
        let check = checks.into_iter().find(|c| c["check"] == "log").unwrap();
        let newest = answer["log"]["newest"]["entry"]["change"].as_str().unwrap().to_owned();
        (check["code"].as_str().unwrap().to_owned(), newest, answer["log"]["complete"].as_bool().unwrap())
    };
    assert_eq!(log_of(), ("log_key_compromised".into(), "issued".into(), false));
    desk.run(&["key", "rotate", "log"]).is(0);
    publish(&desk);
    assert_eq!(log_of(), ("logged".into(), "suspended".into(), true));
}
