//! Kits for printers: all files of a licence, over HTTP and from the command line, alone and all at once.

use crate::cli_kit::{self, Desk, ago, with};
use crate::harness::{Answer, TestApp, decision};
use axum::body::Body;
use axum::http::Request;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use starmark::domain::{MarkId, Role};
use starmark::mark::read;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{Cursor, Read as _};
use zip::ZipArchive;

type Files = BTreeMap<String, Vec<u8>>;

/// The files of a ZIP in their order of names, and its names in their order.
fn unpacked(zip: &[u8]) -> (Files, Vec<String>) {
    let mut archive = ZipArchive::new(Cursor::new(zip)).unwrap();
    let (mut files, mut names) = (Files::new(), vec![]);
    for i in 0..archive.len() {
        let mut file = archive.by_index(i).unwrap();
        let (name, mut bytes) = (file.name().unwrap().into_owned(), vec![]);
        file.read_to_end(&mut bytes).unwrap();
        names.push(name.clone());
        assert!(files.insert(name, bytes).is_none());
    }
    (files, names)
}

fn licence(files: &Files) -> Value {
    serde_json::from_slice(&files["licence.json"]).unwrap()
}

fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|b| format!("{b:02x}")).collect()
}

async fn licensed(app: &TestApp, decision: &Value, request: Value) -> (String, String) {
    let id = app.issue(decision).await["id"].as_str().unwrap().to_owned();
    let mark = app.post(&format!("/api/v1/issuing/certificates/{id}/marks"), &request).await.is(201).json();
    (id, mark["id"].as_str().unwrap().to_owned())
}

async fn ask(app: &TestApp, path: &str, tag: Option<&str>) -> Answer {
    let request = Request::get(path).header("authorization", format!("Bearer {}", app.token));
    let request = tag.into_iter().fold(request, |r, tag| r.header("if-none-match", tag));
    app.send(request.body(Body::empty()).unwrap()).await
}

#[tokio::test]
async fn a_kit_holds_every_file_and_tells_its_digest() {
    let app = TestApp::on("2026-05-08");
    let request = json!({"medium": "packaging", "brand": "示例", "products": "冰箱"});
    let (id, mark) = licensed(&app, &decision("D-1", "2026-05-08"), request).await;
    let (plan, kit) = app.service.kit(MarkId::parse(&mark).unwrap()).unwrap();
    assert_eq!(plan.file_name(), format!("29326SC00001R0M-{mark}.zip"));
    let (files, names) = unpacked(&kit.bytes);
    assert_eq!(names[..3], ["README.txt", "USAGE.pdf", "licence.json"]);
    let mut expected: BTreeSet<String> = names[..3].iter().cloned().collect();
    for layout in ["vertical", "horizontal", "small", "seal"] {
        for kind in ["colour-zh", "colour-zh-en", "one-colour-zh", "one-colour-zh-en"] {
            for end in [".pdf", ".svg", "-300dpi.png", "-600dpi.png"] {
                expected.insert(format!("{layout}/mark-{layout}-{kind}{end}"));
            }
        }
    }
    assert_eq!(files.keys().cloned().collect::<BTreeSet<_>>(), expected);

    let told = licence(&files);
    assert_eq!((&told["mark"], &told["certificate"]["id"]), (&json!(mark), &json!(id)));
    assert_eq!((&told["brand"], &told["products"], &told["site"]), (&json!("示例"), &json!("冰箱"), &Value::Null));
    assert_eq!((&told["level"], &told["host"]), (&json!("five_star"), &json!("xb.example.cn")));
    assert_eq!(told["not_drawn"], json!([]));
    let listed: BTreeSet<String> = told["files"]
        .as_array()
        .unwrap()
        .iter()
        .map(|file| {
            let bytes = &files[file["name"].as_str().unwrap()];
            assert_eq!((&file["sha256"], &file["bytes"]), (&json!(sha256(bytes)), &json!(bytes.len())));
            file["name"].as_str().unwrap().to_owned()
        })
        .collect();
    assert_eq!(listed.len(), files.len() - 1, "every file but licence.json itself");
    let wide = |name: &str| {
        let file = told["files"].as_array().unwrap().iter().find(|f| f["name"] == name).unwrap();
        file["width_mm"].clone()
    };
    assert_eq!(wide("vertical/mark-vertical-colour-zh.pdf"), json!(36.0));
    assert_eq!(wide("vertical/mark-vertical-colour-zh-300dpi.png"), json!(36.576));
    assert_eq!(wide("README.txt"), Value::Null);
    let layouts = told["layouts"].as_array().unwrap();
    assert_eq!(layouts.len(), 8);
    let seal = layouts.iter().find(|l| l["layout"] == "seal" && l["words"] == "zh_en").unwrap();
    let sizes =
        ["width_mm", "height_mm", "least_width_mm", "read_from_mm"].map(|member| seal[member].as_f64().unwrap());
    assert_eq!((seal["code"].as_str(), sizes), (Some("signed"), [84.0, 55.0, 70.6, 236.0]));

    // A picture of each layout says the code that the licence names; the others open.
    for (name, bytes) in &files {
        if name.ends_with("-colour-zh-300dpi.png") {
            let code = if name.starts_with("small") { "link" } else { "signed" };
            let text = told["codes"][code].as_str().unwrap().to_owned();
            assert_eq!(read::codes(bytes).unwrap(), BTreeSet::from([text]), "{name}");
        }
        let head: &[u8] = match name.rsplit_once('.').unwrap().1 {
            "pdf" => b"%PDF-1.7",
            "png" => b"\x89PNG",
            "svg" => b"<svg ",
            _ => b"",
        };
        assert!(bytes.starts_with(head), "{name}");
    }
    let readme = String::from_utf8(files["README.txt"].clone()).unwrap();
    for text in [&mark, "示例电器有限公司", "产品包装", "冰箱", "售后服务认证，非产品认证", "36 × 71", "\r\n"]
    {
        assert!(readme.contains(text), "{text}");
    }
}

#[tokio::test]
async fn names_too_long_for_a_layout_are_told_and_sink_no_kit() {
    let app = TestApp::on("2026-05-08");
    let mut long = decision("D-1", "2026-05-08");
    long["holder"]["name"] = json!("示例".repeat(45));
    let (_, mark) = licensed(&app, &long, json!({"medium": "advertising"})).await;
    let path = format!("/api/v1/issuing/marks/{mark}");
    let kit = format!("{path}/kit");
    let answer = app.staff_get(&kit).await.is(200);
    let (files, _) = unpacked(&answer.bytes);
    let told = licence(&files);
    let lacking: BTreeSet<&str> =
        told["not_drawn"].as_array().unwrap().iter().map(|l| l["layout"].as_str().unwrap()).collect();
    assert_eq!(lacking, BTreeSet::from(["horizontal", "seal", "vertical"]));
    for layout in told["not_drawn"].as_array().unwrap() {
        assert_eq!(layout["reason"]["code"], "mark_text_too_long");
        assert_eq!(layout["reason"]["pointer"], "/holder");
    }
    assert!(files.keys().filter(|n| n.contains('/')).all(|n| n.starts_with("small/")) && files.len() == 3 + 16);
    let readme = String::from_utf8(files["README.txt"].clone()).unwrap();
    assert_eq!(readme.matches("[mark_text_too_long]").count(), 6, "{readme}");
    app.staff_get(&format!("{path}/artwork")).await.refused(422, "mark_text_too_long", "/holder");

    assert_eq!(answer.headers["content-type"], "application/zip");
    let name = format!("29326SC00001R0M-{mark}.zip");
    let disposition = format!("attachment; filename=\"{name}\"; filename*=UTF-8''{name}");
    assert_eq!(answer.headers["content-disposition"].to_str().unwrap(), disposition);
    // Asked for again, weeks later, it is the same; and whoever has it is spared the bytes.
    app.today("2026-06-08");
    assert_eq!(app.staff_get(&kit).await.is(200).bytes, answer.bytes);
    let tag = answer.headers["etag"].to_str().unwrap();
    assert_eq!(tag, format!("\"{}\"", sha256(&answer.bytes)));
    assert!(ask(&app, &kit, Some(tag)).await.is(304).bytes.is_empty());
}

#[tokio::test]
async fn an_ended_licence_has_no_kit() {
    let app = TestApp::on("2026-05-08");
    let (id, mark) = licensed(&app, &decision("D-1", "2026-05-08"), json!({"medium": "product"})).await;
    let path = format!("/api/v1/issuing/marks/{mark}/kit");
    app.order(&id, "suspension", json!({"reason": "0112"})).await.is(200);
    app.staff_get(&path).await.refused(422, "mark_not_active", "");
    app.order(&id, "reinstatement", json!({})).await.is(200);
    app.post(&format!("/api/v1/issuing/marks/{mark}/revocation"), &json!({"reason": "misuse"})).await.is(200);
    app.staff_get(&path).await.refused(422, "mark_not_active", "");
    app.staff_get("/api/v1/issuing/marks/1034659679808070/kit").await.refused(404, "no_such_mark", "");
    app.staff_get("/api/v1/issuing/marks/17/kit").await.is(404);
}

#[tokio::test]
async fn artwork_comes_as_ordered_with_a_tag_and_a_name() {
    let app = TestApp::on("2026-05-08");
    let (_, mark) = licensed(&app, &decision("D-1", "2026-05-08"), json!({"medium": "product"})).await;
    let path = |query: &str| format!("/api/v1/issuing/marks/{mark}/artwork?{query}");
    for (query, media_type, name) in [
        ("layout=seal&format=pdf&words=zh_en", "application/pdf", format!("mark-{mark}-seal.pdf")),
        ("layout=horizontal&format=svg&ink=one_colour", "image/svg+xml", format!("mark-{mark}-horizontal.svg")),
        ("dpi=300", "image/png", format!("mark-{mark}-vertical.png")),
        ("format=svg&width=20", "image/svg+xml", format!("mark-{mark}-small.svg")),
    ] {
        let answer = ask(&app, &path(query), None).await.is(200);
        assert_eq!(answer.headers["content-type"], media_type);
        assert_eq!(answer.headers["cache-control"], "private, no-cache");
        let disposition = format!("attachment; filename=\"{name}\"; filename*=UTF-8''{name}");
        assert_eq!(answer.headers["content-disposition"].to_str().unwrap(), disposition);
        let tag = answer.headers["etag"].to_str().unwrap();
        assert_eq!(tag, format!("\"{}\"", sha256(&answer.bytes)));
        let spared = ask(&app, &path(query), Some(tag)).await.is(304);
        assert!(spared.bytes.is_empty() && spared.headers["etag"] == *tag);
        ask(&app, &path(query), Some("\"other\"")).await.is(200);
    }
    // 300 dots to the inch are 11811 to the metre.
    let png = ask(&app, &path("dpi=300"), None).await.bytes;
    let at = png.windows(4).position(|w| w == b"pHYs").unwrap() + 4;
    assert_eq!(png[at..at + 9], [0, 0, 0x2e, 0x23, 0, 0, 0x2e, 0x23, 1]);
    app.staff_get(&path("dpi=300&format=svg")).await.refused(400, "bad_mark_dpi", "");
    app.staff_get(&path("dpi=10")).await.refused(400, "bad_mark_dpi", "");
    app.staff_get(&path("words=en")).await.refused(400, "unknown_mark_words", "");
    app.staff_get(&path("dpi=72")).await.refused(400, "mark_module_px", "");
    // A tag tells nothing to whoever may not ask.
    let request = Request::get(path("dpi=300")).header("if-none-match", "*").body(Body::empty()).unwrap();
    app.send(request).await.refused(401, "token_needed", "");
    let may_not = app.token_of(Role::DecisionMaker);
    let request = Request::get(path("dpi=300")).header("if-none-match", "*");
    let request = request.header("authorization", format!("Bearer {may_not}")).body(Body::empty()).unwrap();
    app.send(request).await.refused(403, "role_missing", "");
}

#[test]
fn a_mark_is_drawn_as_its_file_is_called_and_as_its_use_suits() {
    let desk = Desk::new();
    let (number, _) = desk.certificate("D-1", 30);
    let draw = |more: &[&str]| desk.run(&[&["mark", &number], more].concat());
    draw(&["--out", "m.pdf"])
        .is(0)
        .shows("layout vertical (chosen for this use")
        .shows("36 mm wide, read from up to 23 cm");
    assert!(std::fs::read(desk.path("m.pdf")).unwrap().starts_with(b"%PDF-1.7"));
    draw(&["--out", "m.SVG", "--medium", "advertising", "--words", "zh_en"]).is(0).shows("layout horizontal (chosen");
    let svg = std::fs::read_to_string(desk.path("m.SVG")).unwrap();
    assert!(svg.contains("width=\"86mm\" height=\"42mm\""));
    draw(&["--out", "s.png", "--width", "25"]).is(0).shows("layout small (chosen").shows("/m/");
    // At exactly 300 dpi a module of 0.5 mm has 6 pixels, and the mark is a little wider.
    let told = draw(&["--out", "d.png", "--layout", "vertical", "--dpi", "300", "--json"]).is(0).json();
    assert_eq!(
        (&told["width_mm"], &told["layout"], &told["read_from_mm"]),
        (&json!(36.576), &json!("vertical"), &json!(240.0))
    );
    let named = draw(&["--out", "d.png", "--layout", "vertical", "--dpi", "300"]).is(0).shows("36.576 mm wide");
    assert!(!named.out.contains("chosen"), "{}", named.out);
    draw(&["--out", "mark"]).is(64).says(".pdf").says("--format");
    draw(&["--out", "m.jpeg"]).is(64).says("--format");
    draw(&["--out", "mark", "--format", "svg"]).is(0);
    draw(&["--out", "m.svg", "--dpi", "300"]).is(64).says("no pixels");
    draw(&["--out", "m.png", "--dpi", "1"]).is(64).says("dots per inch");
    draw(&["--out", "m.png", "--words", "en"]).is(64).says("zh_en");
}

/// A decision about a name so long that it has the small layout alone: its kit is quickly made.
fn small_only(reference: &str) -> Value {
    with(cli_kit::decision(reference, ago(30)), "/holder/name", json!("示例".repeat(45)))
}

#[test]
fn a_kit_is_packed_of_the_one_licence_that_is_meant() {
    let desk = Desk::new();
    let number = desk.issue(&[small_only("D-1")]).is(0).json()["number"].as_str().unwrap().to_owned();
    let kit = |more: &[&str]| desk.run(&[&["kit", &number, "--out", "kit.zip"], more].concat());
    kit(&[]).is(1).says("[mark_not_licensed]").says("starmark mark");
    let mark = |more: &[&str]| {
        let base = ["mark", &number, "--layout", "small", "--out", "m.svg", "--json"];
        desk.run(&[&base[..], more].concat()).is(0).json()["mark"].as_str().unwrap().to_owned()
    };
    let plain = mark(&[]);
    kit(&[]).is(0).shows(&plain).shows("19 files").says("not in it: seal (zh_en)");
    let branded = mark(&["--brand", "示例"]);
    let both = kit(&[]).is(1).says("[several_marks]").says(&plain).says(&branded);
    assert!(both.err.contains("brand 示例"));
    kit(&["--medium", "packaging"]).is(1).says("[several_marks]");
    kit(&["--medium", "premises"]).is(1).says("[mark_not_licensed]");
    assert_eq!(kit(&["--brand", "示例", "--json"]).is(0).json()["mark"], json!(branded));
    let packed = kit(&["--mark", &plain, "--json"]).is(0).json();
    assert_eq!((&packed["mark"], &packed["files"]), (&json!(plain), &json!(19)));
    assert_eq!(packed["not_drawn"].as_array().unwrap().len(), 6);
    assert_eq!(licence(&unpacked(&std::fs::read(desk.path("kit.zip")).unwrap()).0)["mark"], json!(plain));
    desk.run(&["mark", "revoke", &plain, "--reason", "misuse"]).is(0);
    kit(&["--mark", &plain]).is(1).says("[mark_not_active]").says("revoked");
    desk.run(&["kit", "--out", "kit.zip"]).is(64);
    desk.run(&["kit", &number]).is(64).says("--out");
    desk.run(&["kit", &number, "--all", "--out", "kits"]).is(64);
}

#[test]
fn all_kits_are_made_once_and_what_is_cut_or_changed_anew() {
    let desk = Desk::new();
    let slashed = with(small_only("D-2"), "/number", json!("00114Q26950/3502"));
    let issued = desk.issue(&[small_only("D-1"), slashed, small_only("D-3")]).is(0).lines();
    let mark = |i: usize, file: &str| {
        let number = issued[i]["number"].as_str().unwrap();
        let drawn = desk.run(&["mark", number, "--layout", "small", "--out", file, "--json"]).is(0).json();
        drawn["mark"].as_str().unwrap().to_owned()
    };
    let marks = [mark(0, "a.svg"), mark(1, "b.svg"), mark(2, "c.svg")];
    let names = [
        format!("{}-{}.zip", issued[0]["number"].as_str().unwrap(), marks[0]),
        format!("00114Q26950_3502-{}.zip", marks[1]),
        format!("{}-{}.zip", issued[2]["number"].as_str().unwrap(), marks[2]),
    ];
    let all = || desk.run(&["kit", "--all", "--out", "kits", "--json"]);
    let lines = all().is(0).lines();
    let sum = lines.last().unwrap();
    assert_eq!((&sum["made"], &sum["before"], &sum["failed"]), (&json!(3), &json!(0), &json!(0)));
    let lacking = lines.iter().find(|l| l["mark"] == json!(marks[2])).unwrap();
    assert_eq!(lacking["not_drawn"].as_array().unwrap().len(), 6, "{lacking}");
    let in_folder = || -> BTreeSet<String> {
        let files = std::fs::read_dir(desk.path("kits")).unwrap();
        files.map(|f| f.unwrap().file_name().into_string().unwrap()).collect()
    };
    assert_eq!(in_folder(), names.iter().cloned().collect());
    let path = |i: usize| desk.path("kits").join(&names[i]);
    let first: Vec<Vec<u8>> = (0..3).map(|i| std::fs::read(path(i)).unwrap()).collect();

    // One was cut, one is gone, one has a letter changed and one is whole.
    std::fs::write(path(0), &first[0][..first[0].len() - 100]).unwrap();
    std::fs::remove_file(path(1)).unwrap();
    let mut lines = all().is(0).lines();
    let sum = lines.pop().unwrap();
    assert_eq!((&sum["made"], &sum["before"]), (&json!(2), &json!(1)));
    let stood: Vec<&Value> = lines.iter().filter(|l| l["before"] == true).map(|l| &l["mark"]).collect();
    assert_eq!(stood, [&json!(marks[2])]);
    assert_eq!(
        (0..3).map(|i| std::fs::read(path(i)).unwrap()).collect::<Vec<_>>(),
        first,
        "and each is the same again"
    );
    let mut spoilt = first[2].clone();
    let middle = spoilt.len() / 2;
    spoilt[middle] ^= 1;
    std::fs::write(path(2), spoilt).unwrap();
    // The kit of another licence in its place does not pass for it.
    std::fs::write(path(0), &first[1]).unwrap();
    let again = desk.run(&["kit", "--all", "--out", "kits"]).is(0).shows("2 kits made").shows("1 stood there already");
    assert!(again.shows("a second").says("not in it: vertical (zh)").err.contains("[mark_text_too_long]"));
    assert_eq!(std::fs::read(path(0)).unwrap(), first[0]);

    // What may no longer be used is made no more; what is not to be written is named, and the others are made.
    let number = issued[0]["number"].as_str().unwrap();
    desk.run(&["withdraw", number, "--reason", "0199"]).is(0);
    std::fs::remove_file(path(1)).unwrap();
    let sum = all().is(0).lines().pop().unwrap();
    assert_eq!((&sum["made"], &sum["before"], &sum["others"]), (&json!(1), &json!(1), &json!(1)));
    // Its old kit is not ours to delete, but it is named.
    // Files of others beside them are not.
    desk.file("kits/archive.zip", "");
    desk.file("kits/2026-photos.zip", "");
    let again = desk.run(&["kit", "--all", "--out", "kits"]).is(0);
    assert_eq!(again.err.matches("not to be printed").count(), 1, "{}", again.err);
    assert!(again.says(&names[0]).err.contains("not to be printed any more") && path(1).exists());
    desk.file("taken", "");
    desk.run(&["kit", "--all", "--out", "taken"]).is(64).says("no directory");
}
