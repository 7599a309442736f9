//! Making a data directory, and looking after it: what is made, what is never overwritten, what travels.

use crate::cli_kit::{Desk, ago, command, decision, run_in};
use std::fs;
use std::os::unix::fs::PermissionsExt as _;

#[test]
fn init_makes_everything_and_says_where() {
    let temp = tempfile::tempdir().unwrap();
    let ran = run_in(temp.path(), &["init", "--host", "xb.example.cn", "--kdf-cost", "light", "--data", "d"]).is(0);
    let ran = ran.says("invented").shows("d.passphrase").shows("mode 0600");
    let passphrase = temp.path().join("d.passphrase");
    assert_eq!(fs::metadata(&passphrase).unwrap().permissions().mode() & 0o777, 0o600);
    let secret = fs::read_to_string(&passphrase).unwrap();
    assert!(!ran.out.contains(secret.trim()) && !ran.err.contains(secret.trim()), "the passphrase is never shown");
    for key in ["credential-1", "mark-1", "log-1", "receipt-1"] {
        let file = temp.path().join(format!("d/keys/{key}.pem"));
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        assert!(fs::read_to_string(&file).unwrap().starts_with("-----BEGIN ENCRYPTED PRIVATE KEY-----"));
    }
    assert!(temp.path().join("d/schemes/gbt27922-2011.toml").is_file());
    run_in(temp.path(), &["fsck", "--data", "d"]).is(0).shows("Sound");
}

#[test]
fn init_never_overwrites_and_an_unfinished_directory_is_never_opened() {
    let desk = Desk::new();
    let before = fs::read(desk.path("starmark-data/keys/mark-1.pem")).unwrap();
    desk.run(&["init", "--host", "xb.example.cn"]).is(1).says("[data_dir_in_use]");
    assert_eq!(fs::read(desk.path("starmark-data/keys/mark-1.pem")).unwrap(), before);

    fs::write(desk.path("starmark-data/unfinished"), "").unwrap();
    for arguments in [&["serve"][..], &["token", "list"], &["init", "--host", "xb.example.cn"]] {
        desk.run(arguments).is(1).says("[data_dir_unfinished]").says("remove it");
    }
}

#[test]
fn no_command_makes_a_directory_by_accident() {
    let temp = tempfile::tempdir().unwrap();
    for arguments in [&["serve"][..], &["token", "list"], &["sweep"], &["export"], &["fsck"], &["issue", "/dev/null"]] {
        run_in(temp.path(), arguments).is(64).says("starmark init");
    }
    assert_eq!(fs::read_dir(temp.path()).unwrap().count(), 0);
}

#[test]
fn wrong_hosts_bodies_and_passphrases_make_nothing() {
    let temp = tempfile::tempdir().unwrap();
    fs::write(temp.path().join("body.toml"), "name = \"x\"\n").unwrap();
    fs::write(temp.path().join("empty"), "\n").unwrap();
    let init = |more: &[&str]| run_in(temp.path(), &[&["init", "--data", "d"], more].concat());
    init(&["--host", "xb.example.com.cn"]).is(64).says("at most 13 characters");
    init(&["--host", "xb.example.cn", "--body", "body.toml"]).is(64).says("body.toml").says("address");
    init(&["--host", "xb.example.cn", "--body", "missing.toml"]).is(64).says("missing.toml");
    init(&["--host", "xb.example.cn", "--passphrase-file", "empty"]).is(64).says("1 to 1,024 bytes");
    init(&[]).is(64).says("--host");
    assert!(!temp.path().join("d").exists());
}

#[test]
fn the_passphrase_comes_from_the_environment_or_a_file() {
    let temp = tempfile::tempdir().unwrap();
    let secret = "correct horse battery staple";
    let init = ["init", "--data", "d", "--host", "xb.example.cn", "--kdf-cost", "light"];
    let made = command(temp.path(), &init).env("STARMARK_PASSPHRASE", secret).output().unwrap();
    assert!(made.status.success());
    assert!(!temp.path().join("d.passphrase").exists());
    fs::write(temp.path().join("one.json"), decision("D-1", ago(5)).to_string()).unwrap();
    let issue = ["issue", "one.json", "--data", "d"];
    run_in(temp.path(), &issue).is(64).says("passphrase");
    fs::write(temp.path().join("wrong"), "another horse battery staple\n").unwrap();
    fs::write(temp.path().join("right"), format!("{secret}\n")).unwrap();
    let wrong = run_in(temp.path(), &[&issue[..], &["--passphrase-file", "wrong"]].concat());
    let wrong = wrong.is(1).says("[wrong_passphrase]");
    assert!(!wrong.err.contains("another horse"));
    run_in(temp.path(), &[&issue[..], &["--passphrase-file", "right"]].concat()).is(0);
}

#[test]
fn a_key_file_that_holds_another_key_is_not_signed_with() {
    let desk = Desk::new();
    fs::copy(desk.path("starmark-data/keys/mark-1.pem"), desk.path("starmark-data/keys/credential-1.pem")).unwrap();
    desk.file("one.json", decision("D-1", ago(5)).to_string());
    desk.run(&["issue", "one.json"]).is(1).says("[wrong_key_file]").says("credential-1");
}

#[test]
fn an_export_is_restored_into_a_new_directory_only_and_whole() {
    let desk = Desk::new();
    let (number, _) = desk.certificate("D-1", 5);
    desk.run(&["export", "--out", "all.ndjson"]).is(0).says("keys");
    desk.run(&["import", "all.ndjson"]).is(1).says("[data_dir_in_use]");
    desk.run(&["import", "all.ndjson", "--data", "new"]).is(0).shows("credential-1.pem");
    let again = desk.run(&["export", "--data", "new"]).is(0).out;
    assert_eq!(again, fs::read_to_string(desk.path("all.ndjson")).unwrap());
    // Without keys it answers but signs nothing; with them it goes on.
    desk.file("next.json", decision("D-2", ago(4)).to_string());
    desk.run(&["surveil", &number, "--on", &ago(1).to_string(), "--outcome", "passed", "--data", "new"]).is(0);
    desk.run(&["issue", "next.json", "--data", "new", "--passphrase-file", "starmark-data.passphrase"]).is(74);
    for key in fs::read_dir(desk.path("starmark-data/keys")).unwrap().map(Result::unwrap) {
        fs::copy(key.path(), desk.path("new/keys").join(key.file_name())).unwrap();
    }
    desk.run(&["issue", "next.json", "--data", "new", "--passphrase-file", "starmark-data.passphrase"]).is(0);

    let cut = fs::read(desk.path("all.ndjson")).unwrap();
    desk.file("cut.ndjson", &cut[..cut.len() - 100]);
    desk.run(&["import", "cut.ndjson", "--dry-run"]).is(1).says("[bad_export]");
    desk.run(&["import", "cut.ndjson", "--data", "cut"]).is(1).says("[bad_export]");
    assert!(!desk.path("cut").exists(), "nothing is left of it");
}

#[test]
fn a_backup_is_a_whole_directory_and_damage_is_found() {
    let desk = Desk::new();
    desk.certificate("D-1", 5);
    desk.run(&["backup", "copy"]).is(0);
    desk.run(&["backup", "copy"]).is(1).says("[data_dir_in_use]");
    desk.run(&["restore", "copy", "--data", "back"]).is(0).shows("back.passphrase");
    fs::copy(desk.path("starmark-data.passphrase"), desk.path("back.passphrase")).unwrap();
    desk.file("next.json", decision("D-2", ago(4)).to_string());
    desk.run(&["issue", "next.json", "--data", "back"]).is(0);
    desk.run(&["fsck", "--data", "back"]).is(0).shows("2 signatures checked");

    let journal = desk.path("starmark-data/journal");
    let segment = fs::read_dir(journal).unwrap().map(|e| e.unwrap().path());
    let segment = segment.max_by_key(|p| fs::metadata(p).unwrap().len()).unwrap();
    let mut bytes = fs::read(&segment).unwrap();
    // Well inside the first frame.
    bytes[600] ^= 1;
    fs::write(&segment, bytes).unwrap();
    desk.run(&["fsck"]).is(1).shows("damage: ");
    desk.run(&["fsck", "--json"]).is(1).shows("\"sound\":false");
    desk.run(&["token", "list"]).is(74);
}

#[test]
fn a_lost_head_file_is_refused_and_written_anew_on_request() {
    let desk = Desk::new();
    let (number, _) = desk.certificate("D-1", 5);
    fs::remove_file(desk.path("starmark-data/journal/head")).unwrap();
    desk.run(&["token", "list"]).is(74).says("fsck --rebuild-head");
    desk.run(&["fsck", "--rebuild-head"]).is(0).shows("written anew").shows("1 signatures checked");
    desk.run(&["mark", "list", &number]).is(0);
}
