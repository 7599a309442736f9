//! What an operator does beside a server at work: tokens, keys, few files, and its end.

use crate::cli_kit::{Desk, command, decision, today};
use crate::serve_kit::{Serving, answer, ask, connect, rest, status, until};
use serde_json::{Value, json};
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::os::unix::fs::{FileTypeExt as _, PermissionsExt as _};
use std::process::Command;

const SOCKET: &str = "starmark-data/control.sock";

fn new_token(desk: &Desk, name: &str, role: &str) -> String {
    let made = desk.run(&["token", "new", name, "--role", role, "--json"]).is(0).json();
    assert_eq!((&made["name"], &made["roles"]), (&json!(name), &json!([role])));
    made["token"].as_str().unwrap().to_owned()
}

/// A server started by a shell that first does that.
fn serve_after(desk: &Desk, first: &str) -> Serving {
    let program = env!("CARGO_BIN_EXE_starmark");
    let mut shell = Command::new("sh");
    shell.current_dir(desk.path("")).env_remove("STARMARK_PASSPHRASE").env_remove("RUST_LOG");
    shell.args(["-c", &format!("{first}; exec '{program}' serve --listen 127.0.0.1:0")]);
    Serving::start(desk, shell)
}

#[test]
fn a_token_made_and_revoked_beside_the_server_counts_from_the_next_request_on() {
    let desk = Desk::new();
    let old = new_token(&desk, "old", "reader");
    let mut serving = Serving::on(&desk);
    let due = |token: &str| serving.get("api/v1/issuing/due", Some(token)).0;
    assert_eq!(due(&old), 200);
    for n in 0..5 {
        let (name, token) = (format!("front-{n}"), new_token(&desk, &format!("front-{n}"), "reader"));
        assert_eq!(due(&token), 200);
        desk.run(&["token", "revoke", &name]).is(0).shows("revoked");
        assert_eq!(due(&token), 401);
    }
    // A connection that was open before gets no further either.
    let mut open = connect(serving.address);
    let bearer = format!("/api/v1/issuing/due HTTP/1.1\r\nAuthorization: Bearer {old}\r\nX-Rest:");
    assert_eq!(status(&ask(&mut open, &bearer).unwrap()), 200);
    let revoked = desk.run(&["token", "revoke", "old", "--json"]).is(0).json();
    assert_eq!(revoked, json!({ "name": "old", "revoked": true }));
    assert_eq!(status(&ask(&mut open, &bearer).unwrap()), 401);
    let listed = desk.run(&["token", "list", "--json"]).is(0);
    assert_eq!((listed.lines().len(), listed.out.contains("\"revoked\":false")), (6, false));
    // Refusals read as they do without a server.
    desk.run(&["token", "revoke", "old"]).is(1).says("revoked already [token_revoked]");
    desk.run(&["token", "revoke", "a/b c"]).is(1).says("[no_such_token]");
    let refused = desk.run(&["token", "new", "old", "--role", "reader", "--json"]).is(1).json();
    assert_eq!(refused["error"]["code"], "token_exists");
    let log = serving.log();
    assert!(log.contains("a token was revoked") && !log.contains("smk_") && !log.contains(&old[4..]), "{log}");
    serving.signal();
    assert_eq!(serving.ended(), Some(0));
    assert_eq!(desk.run(&["token", "list", "--json"]).is(0).out, listed.out);
}

#[test]
fn the_socket_is_its_owners_and_a_stale_one_is_replaced() {
    let desk = Desk::new();
    let is_socket = || std::fs::symlink_metadata(desk.path(SOCKET)).is_ok_and(|m| m.file_type().is_socket());
    let mut serving = Serving::on(&desk);
    assert_eq!(std::fs::metadata(desk.path(SOCKET)).unwrap().permissions().mode() & 0o777, 0o600);
    serving.child.kill().unwrap();
    serving.ended();
    assert!(is_socket(), "a killed server leaves it behind");
    // Nobody listens there: the store itself is opened.
    new_token(&desk, "direct", "reader");
    let mut serving = Serving::on(&desk);
    new_token(&desk, "asked", "reader");
    desk.run(&["backup", "copy"]).is(0);
    assert!(!desk.path("copy/control.sock").exists());
    serving.signal();
    assert_eq!(serving.ended(), Some(0));
    assert!(!desk.path(SOCKET).exists(), "an orderly end removes it");
    // What somebody else put there is not removed, and does not keep the server from its work.
    desk.file(SOCKET, "dear");
    let serving = Serving::on(&desk);
    assert!(serving.log().contains("no control socket"), "{}", serving.log());
    assert_eq!(std::fs::read_to_string(desk.path(SOCKET)).unwrap(), "dear");
    desk.run(&["token", "list"]).is(74).says(&serving.child.id().to_string());
}

#[test]
fn a_path_too_long_for_a_socket_is_told() {
    let desk = Desk::new();
    let long = format!("{}/data", "d".repeat(100));
    std::fs::create_dir(desk.path(&"d".repeat(100))).unwrap();
    std::fs::rename(desk.path("starmark-data"), desk.path(&long)).unwrap();
    std::fs::rename(desk.path("starmark-data.passphrase"), desk.path(&format!("{long}.passphrase"))).unwrap();
    desk.run(&["token", "list", "--data", &long]).is(0);
    let serve = command(&desk.path(""), &["serve", "--listen", "127.0.0.1:0", "--data", &long]);
    let serving = Serving::start(&desk, serve);
    assert!(serving.log().contains("107 bytes"), "{}", serving.log());
    assert_eq!(serving.get("healthz", None).0, 200);
    desk.run(&["token", "list", "--data", &long]).is(74).says("107 bytes").says(&serving.child.id().to_string());
}

#[test]
fn a_key_is_declared_compromised_beside_the_server() {
    let desk = Desk::new();
    let (_, id) = desk.certificate("D-1", 30);
    let serving = Serving::on(&desk);
    let standing = || {
        let (status, body) = serving.get(&format!("api/v1/certificates/{id}"), None);
        assert_eq!(status, 200);
        serde_json::from_str::<Value>(&body).unwrap()["verdict"].as_str().unwrap().to_owned()
    };
    assert_eq!(standing(), "valid");
    let listed = desk.run(&["key", "list"]).is(0).out;
    let compromise = ["key", "compromise", "credential-1", "--since", "2026-01-01"];
    desk.run(&compromise).is(0).shows("since 2025-12-31T16:00:00Z").shows("No credential key is left in use");
    assert_ne!(standing(), "valid");
    assert!(serving.get(".well-known/did.json", None).1.contains("\"revoked\":\"2025-12-31T16:00:00Z\""));
    desk.run(&compromise).is(1).says("[key_compromised]");
    desk.run(&["key", "compromise", "mark-1", "--since", "2098-01-01"]).is(1).says("[in_the_future]");
    let (published, after) = (desk.run(&["key", "publish"]).is(0).json(), desk.run(&["key", "list"]).is(0).out);
    assert_eq!(published["verificationMethod"].as_array().unwrap().len(), 4);
    assert_ne!(after, listed);
    drop(serving);
    // Told by the server or read from the store, it is the same list.
    assert_eq!(desk.run(&["key", "list"]).is(0).out, after);
}

#[test]
fn few_files_mean_few_connections_and_a_register_that_works() {
    let desk = Desk::new();
    let serving = serve_after(&desk, "ulimit -n 64");
    let log = serving.log();
    assert!(log.contains("fewer than 8192 connections") && log.contains("\"connections\":32"), "{log}");
    let mut crowd: Vec<TcpStream> = (0..60).map(|_| connect(serving.address)).collect();
    // One address has half of the places; everyone else is sent away at once, and nothing is broken by it.
    let closed = crowd.iter_mut().skip(16).filter_map(|stream| ask(stream, "/healthz")).count();
    assert_eq!(closed, 0);
    assert_eq!(status(&ask(&mut crowd[0], "/healthz").unwrap()), 200);
    let token = new_token(&desk, "front", "registrar");
    drop(crowd);
    let body = decision("D-1", today()).to_string();
    let issued = until("there is a place again", || {
        let mut stream = connect(serving.address);
        write!(
            stream,
            "POST /api/v1/issuing/certificates HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        )
        .ok()?;
        answer(&mut stream)
    });
    assert_eq!(status(&issued), 201, "{issued}");
}

#[test]
fn the_soft_limit_of_files_is_raised() {
    let desk = Desk::new();
    let serving = serve_after(&desk, "ulimit -S -n 64");
    let limits = std::fs::read_to_string(format!("/proc/{}/limits", serving.child.id())).unwrap();
    let files = limits.lines().find(|l| l.starts_with("Max open files")).unwrap();
    let [soft, hard]: [&str; 2] = files.split_whitespace().skip(3).take(2).collect::<Vec<_>>().try_into().unwrap();
    assert_eq!(soft, hard, "{files}");
}

#[test]
fn the_first_signal_lets_a_request_finish_and_the_second_does_not() {
    for signals in [1, 2] {
        let desk = Desk::new();
        let token = new_token(&desk, "front", "registrar");
        let mut serving = Serving::on(&desk);
        let body = decision("D-1", today()).to_string();
        let mut begun = connect(serving.address);
        write!(
            begun,
            "POST /api/v1/issuing/certificates HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nContent-Type: application/json\r\nExpect: 100-continue\r\nContent-Length: {}\r\n\r\n",
            body.len()
        )
        .unwrap();
        begun.read_exact(&mut [0; 25]).unwrap();
        serving.signal();
        until("new connections are refused", || TcpStream::connect(serving.address).err());
        if signals == 1 {
            begun.write_all(body.as_bytes()).unwrap();
            assert_eq!(status(&answer(&mut begun).unwrap()), 201);
        } else {
            serving.signal();
        }
        assert_eq!(serving.ended(), Some(0));
        assert_eq!(rest(&mut begun), "");
        assert_eq!(serving.log().contains("told to stop again"), signals == 2, "{}", serving.log());
        assert_eq!(desk.run(&["fsck"]).is(0).out.contains("1 signatures checked"), signals == 1);
    }
}

#[test]
fn tokens_come_back_from_a_backup_and_end_in_an_import() {
    let desk = Desk::new();
    new_token(&desk, "front", "reader");
    new_token(&desk, "gone", "reader");
    desk.run(&["token", "revoke", "gone"]).is(0);
    desk.run(&["backup", "copy"]).is(0);
    desk.run(&["restore", "copy", "--data", "back"])
        .is(0)
        .shows("Access tokens work as they did when it was written: front.");
    desk.run(&["export", "--out", "all.ndjson"]).is(0);
    desk.run(&["import", "all.ndjson", "--data", "moved", "--keep-tokens"]).is(0).shows("when it was written: front.");
    desk.run(&["import", "all.ndjson", "--data", "new"]).is(0).shows("do not work here: front ended");
    let states = |data: &str| {
        let listed = desk.run(&["token", "list", "--json", "--data", data]).is(0).lines();
        listed.iter().map(|t| (t["name"].as_str().unwrap().to_owned(), t["revoked"] == true)).collect::<Vec<_>>()
    };
    let kept = vec![("front".to_owned(), false), ("gone".to_owned(), true)];
    assert_eq!((states("back"), states("moved")), (kept.clone(), kept));
    assert_eq!(states("new"), [("front".to_owned(), true), ("gone".to_owned(), true)]);
    let again = desk.run(&["import", "all.ndjson", "--data", "json", "--json"]).is(0).json();
    assert_eq!((&again["imported"], &again["tokens_ended"]), (&json!(true), &json!(["front"])));
    desk.run(&["export", "--data", "moved", "--out", "again.ndjson"]).is(0);
    let read = |name| std::fs::read(desk.path(name)).unwrap();
    assert_eq!(read("again.ndjson"), read("all.ndjson"), "byte for byte, where nothing is ended");
    desk.file("roster.csv", "x");
    desk.run(&["import", "roster.csv", "--keep-tokens"]).is(64).says("roster");
}
