//! Registers altered by hand, with every count and checksum made to fit: an import and a restore refuse them, say where and
//! why, and leave nothing behind.

use crate::cli_kit::{Desk, Ran};
use crate::harness::{self, TestApp, noon};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use starmark::service::clock::Machine;
use starmark::service::log::LogFiles;
use starmark::service::receipts::MemoryReceipts;
use starmark::service::{Parts, Service};
use starmark::store::export::{export, import};
use starmark::store::{Drawer, MemoryStore, SledStore};
use std::sync::Arc;

/// The lines of an export without its first and its last.
type Units = Vec<String>;

fn units(export: &str) -> Units {
    let lines: Vec<&str> = export.lines().collect();
    lines[1..lines.len() - 1].iter().map(|l| (*l).to_owned()).collect()
}

/// An export again: events numbered without a gap, counts and digest right.
fn sealed(units: &[String]) -> String {
    let (mut seq, mut body) = (0, String::new());
    for unit in units {
        let line: Value = serde_json::from_str(unit).unwrap_or_else(|e| panic!("{e}: {unit}"));
        body += &unit.replacen(&format!("\"first_seq\":{}", line["first_seq"]), &format!("\"first_seq\":{seq}"), 1);
        body.push('\n');
        seq += line["events"].as_array().unwrap().len();
    }
    let all = format!("{{\"format\":\"starmark-export\",\"version\":1,\"events\":{seq}}}\n{body}");
    let digest: String = Sha256::digest(all.as_bytes()).iter().map(|b| format!("{b:02x}")).collect();
    format!("{all}{{\"end\":{{\"units\":{},\"events\":{seq},\"sha256\":\"{digest}\"}}}}\n", units.len())
}

/// A register with two certificates of one life each, the first suspended, reinstated and marked.
struct Register {
    desk: Desk,
    units: Units,
    number: String,
}

impl Register {
    fn new() -> Self {
        let desk = Desk::new();
        let (number, _) = desk.certificate("D-1", 30);
        desk.certificate("D-2", 30);
        desk.run(&["suspend", &number, "--reason", "0112"]).is(0);
        desk.run(&["reinstate", &number]).is(0);
        desk.run(&["mark", &number, "--layout", "vertical", "--format", "svg", "--out", "m.svg"]).is(0);
        let units = units(&desk.run(&["export"]).is(0).out);
        assert_eq!(units.len(), 6, "body and keys, two certificates, two orders, a mark");
        Self { desk, units, number }
    }

    /// Tries to take in what `alter` makes of it, for trial and in earnest.
    fn import(&self, alter: impl FnOnce(&mut Units)) -> Ran {
        let mut units = self.units.clone();
        alter(&mut units);
        self.desk.file("altered.ndjson", sealed(&units));
        let trial = self.desk.run(&["import", "altered.ndjson", "--dry-run"]);
        let ran = self.desk.run(&["import", "altered.ndjson", "--data", "new"]);
        assert_eq!((trial.code, trial.err), (ran.code, ran.err.clone()));
        assert_eq!(ran.code == 0, self.desk.path("new").exists(), "{}", ran.err);
        ran
    }

    #[track_caller]
    fn refuses(&self, line: usize, why: &str, alter: impl FnOnce(&mut Units)) {
        self.import(alter).is(1).says(&format!("line {line}: ")).says(why).says("[bad_export]");
    }
}

/// The documents of a line as text, in its order.
fn documents(unit: &str) -> Vec<(String, String)> {
    let line: Value = serde_json::from_str(unit).unwrap();
    let of = |r: &Value| r["base64"].as_str().unwrap().to_owned();
    let plain = |b: &str| String::from_utf8(STANDARD.decode(b).unwrap()).unwrap();
    line["records"].as_array().unwrap().iter().map(|r| (of(r), plain(&of(r)))).collect()
}

/// Changes the text of a document, and the digest the event has of it where it is the signed record.
fn rewrite(unit: &mut String, document: usize, change: impl FnOnce(&str) -> String) {
    let (base64, plain) = documents(unit)[document].clone();
    let changed = change(&plain);
    assert_ne!(changed, plain);
    let hex = |text: &str| Sha256::digest(text.as_bytes()).iter().map(|b| format!("{b:02x}")).collect::<String>();
    *unit = unit.replace(&base64, &STANDARD.encode(&changed)).replace(&hex(&plain), &hex(&changed));
}

fn replace(unit: &mut String, was: &str, is: &str) {
    assert!(unit.contains(was), "{was} is not in {unit}");
    *unit = unit.replace(was, is);
}

#[test]
fn an_export_altered_by_hand_is_refused_with_line_and_reason() {
    let register = Register::new();
    register.import(|_| {}).is(0);
    std::fs::remove_dir_all(register.desk.path("new")).unwrap();
    // Line 1 opens, 2 is body and keys, 3 and 4 the certificates, 5 and 6 the orders, 7 the mark.
    let level = |u: &mut String, to: &str| replace(u, r#""level":"five_star""#, &format!(r#""level":"{to}""#));
    register.refuses(3, "is not the one the register speaks of", |u| level(&mut u[1], "four_star"));
    register.refuses(4, "is not the one the register speaks of", |u| replace(&mut u[2], "家用电器", "一切"));
    register.refuses(3, "its signed record does not verify", |u| {
        level(&mut u[1], "four_star");
        rewrite(&mut u[1], 0, |record| record.replace("five_star", "four_star"));
    });
    register.refuses(3, "the score sheet on file is not the one", |u| {
        rewrite(&mut u[1], 1, |decision| decision.replacen("conform", "not_met", 1));
    });
    register.refuses(3, "its signed record does not verify", |u| {
        let (one, other) = (documents(&u[1])[0].clone(), documents(&u[2])[0].clone());
        rewrite(&mut u[1], 0, |_| other.1);
        rewrite(&mut u[2], 0, |_| one.1);
    });
    register.refuses(3, "is not the one the register speaks of", |u| {
        let (one, other) = (documents(&u[1])[0].0.clone(), documents(&u[2])[0].0.clone());
        replace(&mut u[1], &one, &other);
    });
    register.refuses(3, "it came without its signed record", |u| {
        let line: Value = serde_json::from_str(&u[1]).unwrap();
        let credential = serde_json::from_value::<Value>(line["records"][0].clone()).unwrap();
        let (kind, certificate, base64) = (&credential["kind"], &credential["certificate"], &credential["base64"]);
        let text = format!(r#"{{"kind":{kind},"certificate":{certificate},"base64":{base64}}},"#);
        replace(&mut u[1], &text, "");
    });
    register.refuses(5, "a credential came after its issue", |u| {
        let line: Value = serde_json::from_str(&u[1]).unwrap();
        let (certificate, base64) = (&line["records"][0]["certificate"], &line["records"][0]["base64"]);
        let text = format!(r#""records":[{{"kind":"credential","certificate":{certificate},"base64":{base64}}}]"#);
        replace(&mut u[3], r#""records":[]"#, &text);
    });
    register.refuses(5, "not suspended", |u| drop(u.remove(3)));
    register.refuses(4, "has a step before it was issued", |u| drop(u.remove(1)));
    register.refuses(3, "has a step before it was issued", |u| u.swap(1, 3));
    register.refuses(5, "stands in an earlier line", |u| u.insert(3, u[1].clone()));
    register.refuses(4, "certificate number 29326SC00001R0M stands in an earlier line", |u| {
        assert_eq!(register.number, "29326SC00001R0M");
        replace(&mut u[2], "29326SC00002R0M", "29326SC00001R0M");
    });
    let others = units(&Desk::new().run(&["export"]).is(0).out);
    register.refuses(3, "its signed record does not verify", |u| u[0] = others[0].clone());
    register.refuses(7, "its code does not verify", |u| u[0] = others[0].clone());
    register.refuses(7, "its licence is not for its certificate", |u| {
        replace(&mut u[5], r#""level":"five_star""#, r#""level":"four_star""#)
    });
    register.refuses(5, "is not one that starmark", |u| replace(&mut u[3], r#""0112""#, r#""0150""#));
    register.refuses(5, "is not one that starmark", |u| replace(&mut u[3], r#","actor""#, r#","partly":1,"actor""#));
    register.refuses(5, "unknown field", |u| replace(&mut u[3], r#""provenance":{"#, r#""provenance":{"second":1,"#));
    register.import(|u| drop(u.remove(0))).is(1).says("[not_set_up]");
}

#[test]
fn a_backup_that_says_what_was_never_signed_is_not_put_back() {
    let register = Register::new();
    register.desk.run(&["backup", "copy"]).is(0);
    let mut altered = register.units.clone();
    replace(&mut altered[2], r#""level":"five_star""#, r#""level":"four_star""#);
    // A journal that is whole in itself: only the signature tells.
    let journal = register.desk.path("copy/journal");
    std::fs::remove_dir_all(&journal).unwrap();
    let store = SledStore::create(&register.desk.path("copy")).unwrap();
    import(&store, &mut sealed(&altered).as_bytes()).unwrap();
    drop(store);
    let refused = register.desk.run(&["restore", "copy", "--data", "back"]).is(1);
    refused.says("event 6: certificate").says("is not the one the register speaks of").says("[bad_backup]");
    assert!(!register.desk.path("back").exists());
    register.desk.run(&["fsck", "--data", "copy"]).is(1).shows("event 6: certificate");
    std::fs::remove_file(register.desk.path("copy/journal/head")).unwrap();
    register.desk.run(&["restore", "copy", "--data", "back"]).is(74).says("head");
    assert!(!register.desk.path("back").exists());
}

#[tokio::test]
async fn a_register_that_does_not_run_forward_in_time_is_noticed() {
    let app = TestApp::on("2026-05-08");
    app.issue(&harness::decision("D-1", "2026-05-08")).await;
    app.clock.set(noon("2026-05-08").checked_add(jiff::SignedDuration::from_mins(90)).unwrap());
    app.issue(&harness::decision("D-2", "2026-05-08")).await;
    let mut stream = vec![];
    export(app.service.store(), &mut stream).unwrap();
    let audited = |units: &[String]| {
        let store = Arc::new(MemoryStore::new().unwrap());
        import(store.as_ref(), &mut sealed(units).as_bytes()).unwrap();
        let scheme = app.service.scheme().clone();
        let receipts = Arc::new(MemoryReceipts::default());
        let (clock, log) = (app.clock.clone(), LogFiles::in_memory());
        let drawer = Arc::new(Drawer::in_memory());
        let service = Service::open(Parts { store, clock, entropy: Arc::new(Machine), log, scheme, receipts, drawer });
        service.unwrap().audit(&|_, _| {}).unwrap()
    };
    let mut units = units(&String::from_utf8(stream).unwrap());
    assert_eq!((audited(&units).faults, audited(&units).signatures), (vec![], 2));
    // Body and keys, a token, then the two certificates.
    units.swap(2, 3);
    let faults = audited(&units).faults;
    assert_eq!((faults.len(), faults[0].unit), (1, 3), "{faults:?}");
    assert!(faults[0].what.contains("stands behind what was recorded at"), "{faults:?}");
}
