//! `verify`: what a stranger settles with a saved key document, and nothing else.

use crate::cli_kit::{Desk, ago, decision, run_in, today};
use crate::receipt_kit;
use serde_json::{Value, json};
use starmark::domain::dates::add_days;

/// A desk with a certificate, its signed file, its mark and the keys; and the mark's address.
fn shown() -> (Desk, String, String) {
    let desk = Desk::new();
    let (number, id) = desk.certificate("D-1", 30);
    desk.file("c.json", desk.credential(&id));
    desk.keys();
    let draw = ["mark", &number, "--layout", "vertical", "--format", "png", "--out", "m.png", "--json"];
    let url = desk.run(&draw).is(0).json()["url"].as_str().unwrap().to_owned();
    (desk, url, id)
}

fn verify(desk: &Desk, input: &str, more: &[&str]) -> crate::cli_kit::Ran {
    desk.run(&[&["verify", input, "--keys", "did.json"], more].concat())
}

#[test]
fn a_certificate_file() {
    let (desk, _, id) = shown();
    let ran =
        verify(&desk, "c.json", &[]).is(0).shows("VALID AS SIGNED; PRESENT STATUS NOT ASKED").shows("示例电器有限公司");
    ran.shows("was not asked").shows(&format!("https://xb.example.cn/c/{id}"));
    let answer = verify(&desk, "c.json", &["--json"]).is(0).json();
    assert_eq!((&answer["verdict"], &answer["genuine"]["id"]), (&json!("valid"), &json!(id)));
    assert_eq!(answer["genuine"]["holder"]["uscc"], "91110108551385082Q");
    assert_eq!(answer["standing"], json!(null), "nobody asked the register");
    let before = verify(&desk, "c.json", &["--json", "--at", &ago(31).to_string()]).is(1).json();
    assert_eq!(before["verdict"], "invalid");
    verify(&desk, "c.json", &["--at", &add_days(ago(30), 1200).to_string()]).is(1).shows("NOT VALID");
    verify(&desk, "c.json", &["--at", "2026-05-08T09:30:00+08:00x"]).is(64);
}

#[test]
fn a_certificate_on_paper_is_verified_by_the_record_attached_to_it() {
    let (desk, _, id) = shown();
    desk.run(&["certificate", &id, "--out", "c.pdf"]).is(0);
    let told = |name: &str| verify(&desk, name, &["--json"]).is(0).json()["genuine"].clone();
    assert_eq!(told("c.pdf"), told("c.json"));
    verify(&desk, "c.pdf", &[]).is(0).shows("VALID AS SIGNED").shows("signed file attached to the PDF");

    let paper = std::fs::read(desk.path("c.pdf")).unwrap();
    let attached = find(&paper, b"/EmbeddedFile");
    let data = attached + find(&paper[attached..], b"stream\n") + 7;
    let changed = |at: usize, to: &[u8]| [&paper[..at], to, &paper[at + to.len()..]].concat();
    let none: [(&str, Vec<u8>); 8] = [
        ("no attachment", changed(attached, b"/ScannedImage")),
        ("two", [&paper[..], &paper[..]].concat()),
        ("cut within it", paper[..data + 40].to_vec()),
        ("a letter of it changed", changed(data + 60, &[!paper[data + 60]])),
        ("packed otherwise", changed(attached + find(&paper[attached..], b"/FlateDecode"), b"/LZWDecode\n ")),
        ("a scan", b"%PDF-1.4\n1 0 obj\n<< /Type /XObject /Length 3 >>\nstream\nabc\nendstream".to_vec()),
        ("nothing but names", [b"%PDF-1.7\n".as_slice(), &b"1 0 obj/EmbeddedFile ".repeat(700_000)].concat()),
        ("only its first letters", b"%PDF-".to_vec()),
    ];
    for (name, bytes) in none {
        desk.file("x.pdf", bytes);
        let ran = verify(&desk, "x.pdf", &[]).is(64);
        assert!(ran.err.contains("no signed file attached"), "{name}: {}", ran.err);
    }
    // Whatever else is printed on it, the record alone is judged.
    desk.file("x.pdf", "%PDF-1.7\n1 0 obj\n<</Type/EmbeddedFile/Length 2>>\nstream\n{}\nendstream\n");
    verify(&desk, "x.pdf", &[]).is(1).shows("NOT VALID");
}

fn find(bytes: &[u8], wanted: &[u8]) -> usize {
    bytes.windows(wanted.len()).position(|w| w == wanted).unwrap()
}

#[test]
fn a_changed_certificate_is_not_valid_whatever_was_changed() {
    let (desk, ..) = shown();
    let good = std::fs::read(desk.path("c.json")).unwrap();
    let changes: [&dyn Fn(&mut Value); 4] = [
        &|v| v["credentialSubject"]["level"] = "four_star".into(),
        &|v| v["credentialSubject"]["holder"]["name"] = "示例电器有限公司上海分公司".into(),
        &|v| v["validUntil"] = "2099-01-01T00:00:00Z".into(),
        &|v| drop(v.as_object_mut().unwrap().remove("proof")),
    ];
    for change in changes {
        let mut value: Value = serde_json::from_slice(&good).unwrap();
        change(&mut value);
        desk.file("bad.json", value.to_string());
        let answer = verify(&desk, "bad.json", &["--json"]).is(1).json();
        assert_eq!((&answer["verdict"], &answer["genuine"]), (&json!("invalid"), &json!(null)));
    }
    for at in (0..good.len()).step_by(37) {
        let mut bad = good.clone();
        bad[at] ^= 1;
        desk.file("bad.json", bad);
        verify(&desk, "bad.json", &[]).is(1);
    }
}

#[test]
fn a_key_the_document_does_not_list() {
    let (desk, url, _) = shown();
    let other = Desk::new();
    other.keys();
    std::fs::copy(other.path("did.json"), desk.path("did.json")).unwrap();
    assert!(verify(&desk, "c.json", &[]).is(1).out.contains("signature_bad"));
    // A copy of the keys may be older than the key: neither good nor forged.
    verify(&desk, &url, &[]).is(2).shows("key_unknown");
    verify(&desk, "m.png", &[]).is(2);
}

#[test]
fn a_list_of_keys_older_than_the_key_can_tell_nothing() {
    let (desk, _, _) = shown();
    for purpose in ["credential", "mark"] {
        desk.run(&["key", "rotate", purpose, "--kdf-cost", "light"]).is(0);
    }
    let (number, id) = desk.certificate("D-2", 100);
    let licensed = desk.run(&["mark", &number, "--layout", "vertical", "--format", "png", "--out", "n.png"]).is(0).out;
    let url = licensed.lines().last().unwrap().to_owned();
    let record = desk.credential(&id);
    desk.file("n.json", record.clone());
    for input in ["n.json", url.as_str(), "n.png"] {
        verify(&desk, input, &[]).is(2).shows("key_unknown").shows("fetch the list anew");
    }
    // Under another body's name it is not this body's, whatever list is at hand.
    desk.file("n.json", String::from_utf8(record).unwrap().replace("did:web:xb.example.cn#", "did:web:xc.example.cn#"));
    verify(&desk, "n.json", &[]).is(1).shows("key_unknown");
    desk.keys();
    verify(&desk, &url, &[]).is(0);
    verify(&desk, "n.png", &[]).is(0);
}

#[test]
fn a_mark_by_address_digits_and_picture() {
    let (desk, url, _) = shown();
    let digits = url.rsplit('/').next().unwrap();
    for input in [url.as_str(), digits, "m.png"] {
        verify(&desk, input, &[]).is(0).shows("五星级").shows("91110108551385082Q").shows("was not asked");
    }
    let photo = verify(&desk, "m.png", &["--json"]).is(0).json();
    assert_eq!((&photo["input"], &photo["codes"]), (&json!("photo"), &json!([url])));
    assert_eq!(photo["genuine"]["level"], "five_star");
    let picture = image::open(desk.path("m.png")).unwrap().to_rgb8();
    picture.save_with_format(desk.path("m.jpg"), image::ImageFormat::Jpeg).unwrap();
    verify(&desk, "m.jpg", &[]).is(0);
    // Any digit changed, anywhere in the 217.
    for at in (0..217).step_by(9) {
        let mut bad = digits.as_bytes().to_vec();
        bad[at] = if bad[at] == b'7' { b'3' } else { b'7' };
        let bad = String::from_utf8(bad).unwrap();
        verify(&desk, &bad, &[]).is(1);
    }
    // A look-alike host, a look-alike path, a mark that carries no signature.
    verify(&desk, &url.replace("xb.example.cn", "xb-example.cn"), &[]).is(1).shows("foreign_host");
    // The body's own pages, as a browser's address bar has them: neither good nor forged.
    for page in [url.replace("https", "http"), format!("{url}?lang=en"), format!("{url}/"), format!("{url}#x")] {
        verify(&desk, &page, &[]).is(2).shows("give the text of its code alone").shows(&url);
    }
    verify(&desk, &url.replace("xb.example.cn", "XB.example.cn:443"), &[]).is(2);
    verify(&desk, "https://xb.example.cn/", &[]).is(2);
    verify(&desk, &url.replace("https", "HTTPS"), &[]).is(2);
    verify(&desk, "HTTPS://xb-example.cn/m/1", &[]).is(1);
    verify(&desk, &url.replace("xb.example.cn", "xb.example.cn.evil.cn"), &[]).is(1).shows("foreign_host");
    verify(&desk, &url.replace("xb.example.cn", "xb.example.cn@evil.cn"), &[]).is(1);
}

#[test]
fn a_code_cut_short_or_mistyped_accuses_nobody() {
    let (desk, url, _) = shown();
    let digits = url.rsplit('/').next().unwrap();
    let letter = format!("https://xb.example.cn/m/{}x", &digits[1..]);
    let cut = [&digits[..216], &url[..url.len() - 100], "https://xb.example.cn/m/", "12", &letter];
    let mistyped = ["https://xb.example.cn/m/0000000000000001", "1234567890123456"];
    for odd in cut.into_iter().chain(mistyped) {
        let ran = verify(&desk, odd, &["--json"]).is(2);
        let answer = ran.json();
        assert_eq!((&answer["verdict"], &answer["genuine"]), (&json!("undetermined"), &json!(null)), "{odd}");
        assert_eq!(answer["checks"][0]["code"], "incomplete_code", "{odd}");
    }
    // Another's address stays another's, whatever stands behind it; and 217 digits are a whole code.
    verify(&desk, "https://xb-example.cn/m/12", &[]).is(1).shows("foreign_host");
    for forged in ["0".repeat(217), "9".repeat(217)] {
        verify(&desk, &forged, &[]).is(1).shows("bad_mark_token");
    }
}

#[test]
fn what_cannot_be_told() {
    let (desk, _, id) = shown();
    let marks = desk.run(&["mark", "list", &id, "--json"]).is(0).json();
    let short = format!("https://xb.example.cn/m/{}", marks["mark"].as_str().unwrap());
    verify(&desk, &short, &[]).is(2).shows("CANNOT TELL  无法判断");
    verify(&desk, &format!("https://xb.example.cn/c/{id}"), &[]).is(2).shows("certificate_link");
    let blank = image::GrayImage::from_pixel(300, 200, image::Luma([255]));
    blank.save_with_format(desk.path("blank.png"), image::ImageFormat::Png).unwrap();
    verify(&desk, "blank.png", &[]).is(2).shows("no code of a mark could be read");
    // Two marks side by side.
    let second = desk.issue(&[decision("D-2", ago(20))]).is(0).json();
    let number = second["number"].as_str().unwrap();
    desk.run(&["mark", number, "--layout", "vertical", "--format", "png", "--out", "n.png"]).is(0);
    let open = |name: &str| image::open(desk.path(name)).unwrap().to_luma8();
    let (left, right) = (open("m.png"), open("n.png"));
    let mut both = image::GrayImage::from_pixel(
        left.width() + right.width(),
        left.height().max(right.height()),
        image::Luma([255]),
    );
    image::imageops::overlay(&mut both, &left, 0, 0);
    image::imageops::overlay(&mut both, &right, i64::from(left.width()), 0);
    both.save_with_format(desk.path("both.png"), image::ImageFormat::Png).unwrap();
    verify(&desk, "both.png", &[]).is(2).shows("several_marks");
    desk.file("half.png", &std::fs::read(desk.path("m.png")).unwrap()[..200]);
    verify(&desk, "half.png", &[]).is(2).shows("photo_unreadable");
}

#[test]
fn wrong_usage() {
    let (desk, url, _) = shown();
    verify(&desk, "missing.json", &[]).is(64).says("missing.json");
    verify(&desk, ".", &[]).is(64);
    desk.run(&["verify", &url]).is(64).says("--keys");
    desk.run(&["verify", &url, "--keys", "missing.json"]).is(64).says("missing.json");
    desk.run(&["verify", &url, "--keys", "c.json"]).is(64).says("key document");
    verify(&desk, &url, &["--at", "yesterday"]).is(64).says("2026-05-08");
    // No data directory is needed, and none is made.
    let temp = tempfile::tempdir().unwrap();
    std::fs::copy(desk.path("did.json"), temp.path().join("did.json")).unwrap();
    run_in(temp.path(), &["verify", &url, "--keys", "did.json"]).is(0);
    assert_eq!(std::fs::read_dir(temp.path()).unwrap().count(), 1);
}

#[test]
fn a_receipt_is_known_by_its_type_and_told_in_full() {
    let made_at = add_days(today(), -1).to_string() + "T01:30:00Z";
    let receipt = receipt_kit::made_at(made_at.parse().unwrap());
    let temp = tempfile::tempdir().unwrap();
    let file = |name: &str, text: String| std::fs::write(temp.path().join(name), text).unwrap();
    file("r.json", receipt.to_string());
    file("did.json", receipt_kit::list(receipt_kit::keys()).to_did_json().to_string());
    let run = |more: &[&str]| run_in(temp.path(), &[&["verify", "r.json", "--keys", "did.json"], more].concat());
    let told = run(&[])
        .is(0)
        .shows("GENUINE RECEIPT  回执真实")
        .shows("示例-2026-118")
        .shows("3 asked about, 1 in force then");
    let told =
        told.shows("  1. IN FORCE THEN  当时有效").shows("  2. SUSPENDED  暂停").shows("  3. NO SUCH RECORD  查无此证");
    let told = told.shows("DIFFERS: holder expected 示例商贸公司, found 示例电器有限公司").shows("09:30:00 +08:00");
    assert!(!told.out.contains("VALID AS SIGNED"), "that is said of certificates");
    let answer = run(&["--json"]).is(0).json();
    assert_eq!((&answer["input"], &answer["verdict"]), (&json!("receipt"), &json!("valid")));
    assert_eq!(answer["genuine"]["answers"][1]["standing"], "suspended");
    run(&["--at", "2026-05-08"]).is(64).says("the moment it names");

    let mut forged = receipt.clone();
    forged["answers"][1]["verdict"] = json!("valid");
    file("r.json", forged.to_string());
    let ran = run(&[]).is(1).shows("NOT GENUINE  回执不真实").shows("signature_bad");
    assert!(!ran.out.contains("29326SC00002R0M"), "what is forged shows nothing of what it claims");
    file("r.json", receipt.to_string());
    file("did.json", receipt_kit::list(receipt_kit::keys()[..1].to_vec()).to_did_json().to_string());
    run(&[]).is(2).shows("CANNOT TELL").shows("key_unknown");
}

#[test]
fn many_certificates_a_line_each() {
    let (desk, _, id) = shown();
    let good = String::from_utf8(std::fs::read(desk.path("c.json")).unwrap()).unwrap();
    let changed = good.replace("示例电器有限公司", "示例电路有限公司");
    let lines = [&good, "", &changed, "no JSON", &good, "  ", &good].join("\n");
    desk.file("c.ndjson", &lines);
    let found = verify(&desk, "c.ndjson", &["--lines", "--json"]).is(1);
    let told: Vec<Value> = found.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let read: Vec<_> = told.iter().map(|t| (t["line"].as_u64().unwrap(), t["verdict"].as_str().unwrap())).collect();
    assert_eq!(read, [(1, "valid"), (3, "invalid"), (4, "invalid"), (5, "valid"), (7, "valid")]);
    assert_eq!((&told[0]["id"], &told[0]["code"]), (&json!(id), &json!(null)));
    assert_eq!((&told[1]["id"], &told[1]["code"]), (&json!(null), &json!("signature_bad")));
    assert!(found.err.contains("5 certificates: 3 valid, 2 not valid, 0 cannot be told of"), "{}", found.err);

    let found = verify(&desk, "c.ndjson", &["--lines"]).is(1);
    let numbers: Vec<&str> = found.out.lines().map(|line| line.split(':').next().unwrap()).collect();
    assert_eq!(numbers, ["line 3", "line 4"]);

    // So many that their signatures are judged together: first all good, then a bad one among them; and a line that is longer than any certificate.
    let some = |count: usize| format!("{good}\n").repeat(count);
    desk.file("many.ndjson", some(9_000));
    assert_eq!(verify(&desk, "many.ndjson", &["--lines"]).is(0).out, "");
    desk.file(
        "many.ndjson",
        [some(4_000), format!("{changed}\n"), some(5_000), "x".repeat(3 << 20), format!("\n{good}")].concat(),
    );
    let found = verify(&desk, "many.ndjson", &["--lines"]).is(1);
    assert_eq!(found.out.lines().count(), 2);
    found
        .shows("line 4001: invalid (no certificate of this body): not signed by this body")
        .shows("line 9002: invalid")
        .says("9003 certificates: 9001 valid, 2 not valid");

    desk.file("good.ndjson", format!("{good}\n{good}"));
    assert_eq!(verify(&desk, "good.ndjson", &["--lines"]).is(0).out, "");
    desk.file("none.ndjson", "\n \n");
    verify(&desk, "none.ndjson", &["--lines"]).is(2).says("0 certificates");
    verify(&desk, "missing.ndjson", &["--lines"]).is(64);
    // Of a day before it began none is valid.
    verify(&desk, "good.ndjson", &["--lines", "--at", &ago(31).to_string()]).is(1).shows("line 2: invalid");
}
