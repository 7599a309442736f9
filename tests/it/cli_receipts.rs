//! Receipts on the disk: a backup takes them along, a restore proves them, a check finds a spoiled one.

use crate::cli_kit::{Desk, command};
use crate::serve_kit::{Serving, answer, connect, status};
use serde_json::{Value, json};
use std::io::Write as _;
use std::path::{Path, PathBuf};

/// Asks for a receipt about that certificate.
fn ask(server: &Serving, number: &str) -> String {
    let body = json!({"reference": "示例-2026-118", "certificates": [{"certificate": number}]}).to_string();
    let mut stream = connect(server.address);
    let head = format!(
        "POST /api/v1/receipts HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all((head + &body).as_bytes()).unwrap();
    answer(&mut stream).unwrap()
}

/// Makes a receipt about that certificate; its identifier and bytes.
pub fn receipt(server: &Serving, number: &str) -> (String, String) {
    let answer = ask(server, number);
    assert_eq!(status(&answer), 201, "{answer}");
    let body = answer.split_once("\r\n\r\n").unwrap().1.to_owned();
    let receipt: Value = serde_json::from_str(&body).unwrap();
    (receipt["id"].as_str().unwrap().rsplit('/').next().unwrap().to_owned(), body)
}

/// The one receipt kept below that directory.
fn kept(directory: &Path) -> PathBuf {
    let mut at = directory.join("receipts");
    while at.is_dir() {
        let mut inside = std::fs::read_dir(&at).unwrap().map(|e| e.unwrap().path());
        at = inside.next().unwrap_or_else(|| panic!("nothing in {}", at.display()));
        assert!(inside.next().is_none());
    }
    at
}

#[test]
fn a_backup_takes_the_receipts_along_and_a_restore_proves_them() {
    let desk = Desk::new();
    let (number, _) = desk.certificate("D-1", 30);
    desk.run(&["backup", "before"]).is(0).shows("0 receipts");
    let server = Serving::on(&desk);
    let (rid, made) = receipt(&server, &number);
    assert_eq!(server.get(&format!("api/v1/receipts/{rid}"), None), (200, made.clone()));
    desk.run(&["backup", "copy"]).is(0).shows("1 receipts");
    drop(server);
    assert_eq!(std::fs::read_to_string(kept(&desk.path("copy"))).unwrap(), made);

    // Put back, it is served again, and verifies with no server.
    desk.run(&["restore", "copy", "--data", "again"]).is(0).shows("1 receipts");
    desk.run(&["fsck", "--data", "again"]).is(0).shows("1 receipts in 4 KiB");
    desk.keys();
    desk.file("r.json", &made);
    desk.run(&["verify", "r.json", "--keys", "did.json"]).is(0).shows("GENUINE RECEIPT").shows(&number);

    // One that was altered is named by every command, and keeps nothing else from being put back or backed up.
    let spoil = |directory: &str, from: &str, to: &str| {
        let file = kept(&desk.path(directory));
        let text = std::fs::read_to_string(&file).unwrap();
        assert!(text.contains(from));
        std::fs::write(file, text.replacen(from, to, 1)).unwrap();
    };
    spoil("copy", "five_star", "four_star");
    let named = format!("damage: receipt {rid}");
    desk.run(&["restore", "copy", "--data", "third"]).is(1).shows(&named).shows("1 receipts");
    desk.run(&["history", &number, "--data", "third"]).is(0);
    // It is given to nobody.
    let server = Serving::start(
        &desk,
        command(
            &desk.path(""),
            &["serve", "--listen", "127.0.0.1:0", "--data", "third", "--passphrase-file", "starmark-data.passphrase"],
        ),
    );
    assert_eq!(server.get(&format!("api/v1/receipts/{rid}"), None).0, 500);
    drop(server);
    spoil("again", "five_star", "four_star");
    desk.run(&["fsck", "--data", "again"]).is(1).shows(&format!("receipt {rid}"));
    spoil("again", "{\"answers\"", "{ \"answers\"");
    desk.run(&["backup", "fourth", "--data", "again"]).is(1).shows(&named).shows("1 receipts");
    spoil("again", "{ \"answers\"", "{\"answers\"");
    spoil("again", "four_star", "five_star");
    // What lies about is named and left where it is.
    desk.file("again/receipts/.DS_Store", "view");
    desk.run(&["backup", "fifth", "--data", "again"]).is(1).shows(".DS_Store is no receipt").shows("1 receipts");
    desk.run(&["fsck", "--data", "again"]).is(0).shows("note: again/receipts/.DS_Store");
    desk.run(&["restore", "fifth", "--data", "sixth"]).is(0);
}

#[test]
fn a_receipt_names_its_times_and_a_key_that_leaked_since_leaves_it_unproven_with_a_way_on() {
    let desk = Desk::new();
    let (number, _) = desk.certificate("D-1", 30);
    let server = Serving::on(&desk);
    let (rid, made) = receipt(&server, &number);
    desk.keys();
    desk.file("r.json", &made);
    let receipt: Value = serde_json::from_str(&made).unwrap();
    let good = desk.run(&["verify", "r.json", "--keys", "did.json"]).is(0);
    let headline = good.out.lines().next().unwrap().to_owned();
    assert!(
        headline.starts_with("GENUINE RECEIPT  回执真实  (made 20") && headline.contains("+08:00, about 20"),
        "{headline}"
    );
    assert!(!headline.contains("as of") && !headline.contains("as known"), "known when it was made: {headline}");
    good.shows("IN FORCE THEN").shows("asker's note 示例-2026-118  (the asker's own words, not checked");
    assert!(receipt["made_at"].is_string());

    desk.run(&["key", "compromise", "receipt-1"]).is(0);
    desk.keys();
    let open = desk.run(&["verify", "r.json", "--keys", "did.json"]).is(2);
    let open =
        open.shows("CANNOT TELL").shows("NOT PROVEN").shows("it says: in force then").shows("[key_compromised_later]");
    let open = open.shows(&format!("The body's own copy settles it: save https://xb.example.cn/api/v1/receipts/{rid}"));
    assert!(!open.out.contains("IN FORCE THEN"), "{}", open.out);
    assert_eq!(server.get(&format!("api/v1/receipts/{rid}"), None), (200, made));

    // Of a print the receipt attached to it is verified.
    let print = server.bytes(&format!("api/v1/receipts/{rid}?format=pdf"));
    desk.file("r.pdf", print);
    let ran = desk.run(&["verify", "r.pdf", "--keys", "did.json"]).is(2);
    ran.shows("signed file attached to the PDF").shows("[key_compromised_later]");
}

#[test]
fn an_operator_says_how_much_receipts_may_take() {
    let desk = Desk::new();
    let (number, _) = desk.certificate("D-1", 30);
    let server =
        Serving::start(&desk, command(&desk.path(""), &["serve", "--listen", "127.0.0.1:0", "--receipts-mib", "0"]));
    let answer = ask(&server, &number);
    assert_eq!(status(&answer), 503, "{answer}");
    assert!(answer.contains("receipts_full"), "{answer}");
    assert_eq!(server.get("readyz", None), (200, "ready\n".to_owned()));
    assert!(server.get("metrics", None).1.contains("starmark_receipts_bytes_most 0\n"));
}
