//! Reports of misuse: whoever sees something tells it without a name, and the body has it as a case with its evidence.

use crate::form_kit::{Part, form, sent};
use crate::harness::{Answer, TestApp, decision};
use axum::body::Body;
use axum::http::{Request, header};
use serde_json::{Value, json};
use starmark::domain::Role;
use starmark::http::Limits;
use std::num::NonZeroU32;

const FOR_STAFF: &str = "/api/v1/issuing/reports";

/// A mark on a certificate of today.
async fn marked(app: &TestApp) -> (String, String) {
    let id = app.issue(&decision("D-1", "2026-05-08")).await["id"].as_str().unwrap().to_owned();
    let path = format!("/api/v1/issuing/certificates/{id}/marks");
    let mark = app.post(&path, &json!({"medium": "packaging"})).await.is(201).json();
    (id, mark["id"].as_str().unwrap().to_owned())
}

async fn report(app: &TestApp, about: &str, note: &str, photo: &[u8]) -> Answer {
    let parts = [("about", Part::Text(about)), ("note", Part::Text(note)), ("photo", Part::File(photo))];
    app.send(sent("/report", form(&parts))).await
}

/// The name of a report that was taken.
async fn taken(app: &TestApp, about: &str, note: &str, photo: &[u8]) -> String {
    let answer = report(app, about, note, photo).await.is(303);
    answer.headers["location"].to_str().unwrap().strip_prefix("/report/").unwrap().to_owned()
}

/// A picture of the mark, as a JPEG that says where it was taken.
async fn photo_of(app: &TestApp, mark: &str) -> Vec<u8> {
    let png = app.staff_get(&format!("/api/v1/issuing/marks/{mark}/artwork?layout=small")).await.is(200).bytes;
    let image = image::load_from_memory(&png).unwrap().to_rgb8();
    let mut jpeg = vec![];
    image::codecs::jpeg::JpegEncoder::new(&mut jpeg).encode_image(&image).unwrap();
    let place = b"Exif\0\0GPS 39.9042 116.4074";
    let mut out = jpeg[..2].to_vec();
    out.extend([0xff, 0xe1]);
    out.extend((place.len() as u16 + 2).to_be_bytes());
    out.extend(place);
    out.extend(&jpeg[2..]);
    out
}

#[tokio::test]
async fn what_somebody_saw_is_a_case_with_its_evidence() {
    let app = TestApp::on("2026-05-08");
    let (id, mark) = marked(&app).await;
    let photo = photo_of(&app, &mark).await;
    let parts = [
        ("about", Part::Text(&format!("https://xb.example.cn/m/{mark}"))),
        ("note", Part::Text("标志贴在别家的\n锅上")),
        ("place", Part::Text("示例市示例商场二层")),
        ("photo", Part::File(&photo)),
    ];
    let answer = app.send(sent("/report", form(&parts))).await.is(303);
    let page = answer.headers["location"].to_str().unwrap().to_owned();
    let name = page.strip_prefix("/report/").unwrap().to_owned();
    assert!(name.starts_with("20260508-"), "{name}");

    let list = app.staff_get(FOR_STAFF).await.is(200).json();
    let case = &list["items"][0];
    assert_eq!((&list["total"], &case["id"]), (&json!(1), &json!(name)));
    assert_eq!((&case["mark"], &case["certificate"]), (&json!(mark), &json!(id)));
    assert_eq!((&case["note"], &case["place"]), (&json!("标志贴在别家的 锅上"), &json!("示例市示例商场二层")));
    assert_eq!(case["codes"], json!([format!("https://xb.example.cn/m/{mark}")]));
    let kept = app.staff_get(&format!("{FOR_STAFF}/{name}/photo")).await.is(200);
    assert_eq!(kept.headers["content-type"], "image/jpeg");
    assert!(!kept.bytes.windows(3).any(|w| w == b"GPS"), "where it was taken is not kept");
    assert_eq!(image::load_from_memory(&kept.bytes).unwrap().to_luma8().dimensions().0, case_width(&photo));

    // Who sent it sees what became of it, and the public nothing.
    let says = |text: &str, word: &str| assert!(text.contains(word) && !text.contains("别家"), "{word}: {text}");
    says(&app.get(&page).await.is(200).text(), "等待发证机构处理");
    assert!(!app.get(&format!("/m/{mark}")).await.text().contains(&name));
    app.post(&format!("/api/v1/issuing/marks/{mark}/investigation"), &json!({"note": name})).await.is(200);
    says(&app.get(&page).await.text(), "正在调查这个标志");
    let closing = format!("{FOR_STAFF}/{name}/closure");
    let closed = app.post(&closing, &json!({"outcome": "confirmed", "note": "现场核实"})).await.is(200).json();
    assert_eq!((&closed["closure"]["outcome"], &closed["closure"]["by"]), (&json!("confirmed"), &json!("token:all")));
    app.post(&closing, &json!({"outcome": "confirmed", "note": "现场核实"})).await.is(200);
    app.post(&closing, &json!({"outcome": "unfounded"})).await.refused(409, "report_closed", "");
    says(&app.get(&format!("{page}?lang=en")).await.text(), "Settled: it was confirmed");
    assert_eq!(app.staff_get(FOR_STAFF).await.json()["total"], 0);
    assert_eq!(app.staff_get(&format!("{FOR_STAFF}?state=all")).await.json()["total"], 1);

    // It is kept across a restart.
    let app = app.restarted(|_| {});
    assert_eq!(app.staff_get(&format!("{FOR_STAFF}/{name}")).await.is(200).json()["closure"]["outcome"], "confirmed");
}

fn case_width(photo: &[u8]) -> u32 {
    image::load_from_memory(photo).unwrap().to_luma8().width()
}

#[tokio::test]
async fn a_report_says_what_it_is_about_and_what_is_wrong() {
    let app = TestApp::on("2026-05-08");
    let (id, mark) = marked(&app).await;
    let says = |answer: Answer, status: u16, word: &str| {
        let text = answer.is(status).text();
        assert!(text.contains("role=\"alert\"") && text.contains(word), "{word}: {text}");
        text
    };
    let (none, long): (&[u8], String) = (b"", "长".repeat(1_001));
    says(report(&app, " ", "假的", none).await, 400, "请填写举报的是哪个");
    let kept = says(report(&app, &mark, "", none).await, 400, "请写一句哪里不对");
    assert!(kept.contains(&format!("value=\"{mark}\"")), "what was typed stays");
    says(report(&app, &mark, &long, none).await, 400, "最多 1000 个字");
    says(report(&app, &mark, "", b"GIF89a").await, 400, "不是能读的照片");
    let trap =
        [("about", Part::Text(&mark)), ("note", Part::Text("x")), ("website", Part::Text("http://spam.example"))];
    says(app.send(sent("/report", form(&trap))).await, 400, "请留空");
    let mut foreign = sent("/report", form(&[("about", Part::Text(&mark)), ("note", Part::Text("x"))]));
    foreign.headers_mut().insert("sec-fetch-site", "cross-site".parse().unwrap());
    says(app.send(foreign).await, 403, "请在本页面填写");
    assert_eq!(app.staff_get(FOR_STAFF).await.json()["total"], 0, "nothing of it was kept");

    // Of what is on record, and of what is not: a forgery's number is on none.
    for (about, mark_of, certificate_of) in [
        (mark.as_str(), json!(mark), json!(id)),
        ("29326SC00001R0M", json!(null), json!(id)),
        (&*format!("https://xb.example.cn/c/{id}"), json!(null), json!(id)),
        ("https://xb.examp1e.cn/m/1034659679808070", json!(null), json!(null)),
        ("29326SC99999R0M", json!(null), json!(null)),
        ("<script>", json!(null), json!(null)),
    ] {
        let name = taken(&app, about, "不对", none).await;
        let case = app.staff_get(&format!("{FOR_STAFF}/{name}")).await.is(200).json();
        assert_eq!((&case["mark"], &case["certificate"], &case["about"]), (&mark_of, &certificate_of, &json!(about)));
    }
    for nowhere in ["/report/20260508-0000000000000000", "/report/x", "/report/..%2Freports"] {
        app.get(nowhere).await.is(404);
    }
    // Its page and the form lead to each other.
    let link = format!("href=\"/report?about={mark}\"");
    assert!(app.get(&format!("/m/{mark}")).await.text().contains(&link));
    assert!(app.get(&format!("/report?about={mark}")).await.is(200).text().contains(&format!("value=\"{mark}\"")));
}

#[tokio::test]
async fn one_address_sends_so_many_reports_and_lookups_go_on() {
    let few = NonZeroU32::new(2).unwrap();
    let app = TestApp::on("2026-05-08").behind(Limits { deposits_burst: few, ..Limits::DEFAULT });
    let (_, mark) = marked(&app).await;
    for _ in 0..2 {
        taken(&app, &mark, "假的", b"").await;
    }
    let refused = report(&app, &mark, "假的", b"").await.is(429);
    assert!(refused.headers.contains_key(header::RETRY_AFTER));
    assert!(refused.text().contains("举报和订阅太多"));
    app.get(&format!("/m/{mark}")).await.is(200);
    assert_eq!(app.staff_get(FOR_STAFF).await.json()["total"], 2);
}

#[tokio::test]
async fn only_the_body_sees_reports_and_only_some_close_them() {
    let app = TestApp::on("2026-05-08");
    let (_, mark) = marked(&app).await;
    let name = taken(&app, &mark, "假的", b"").await;
    for path in [FOR_STAFF.to_owned(), format!("{FOR_STAFF}/{name}"), format!("{FOR_STAFF}/{name}/photo")] {
        app.get(&path).await.refused(401, "token_needed", "");
    }
    let (reader, closing) = (app.token_of(Role::Reader), format!("{FOR_STAFF}/{name}/closure"));
    let body = json!({"outcome": "unfounded"}).to_string();
    app.post_as(&reader, None, &closing, body.clone()).await.refused(403, "role_missing", "");
    app.post(&closing, &json!({"outcome": "nonsense"})).await.refused(400, "unknown_outcome", "/outcome");
    let missing = format!("{FOR_STAFF}/20260508-0000000000000000");
    app.post(&format!("{missing}/closure"), &json!({"outcome": "unfounded"})).await.refused(404, "no_such_report", "");
    app.staff_get(&missing).await.refused(404, "no_such_report", "");
    app.staff_get(&format!("{FOR_STAFF}?state=old")).await.refused(400, "unknown_state", "");
}

async fn staff(app: &TestApp, token: &str, request: Request<Body>) -> Answer {
    let (mut parts, body) = request.into_parts();
    parts.headers.insert(header::COOKIE, format!("starmark-token={token}").parse().unwrap());
    app.send(Request::from_parts(parts, body)).await
}

fn deed(name: &str, deed: &str, note: &str) -> Request<Body> {
    let form = format!("deed={deed}&note={note}");
    let request = Request::post(format!("/issuing/reports/{name}"));
    request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded").body(Body::from(form)).unwrap()
}

#[tokio::test]
async fn staff_settle_a_case_where_they_see_its_evidence() {
    let app = TestApp::on("2026-05-08");
    let (_, mark) = marked(&app).await;
    let photo = photo_of(&app, &mark).await;
    let name = taken(&app, &mark, "贴在&lt;别家", &photo).await;
    let foreign = taken(&app, "https://xb.examp1e.cn/m/1", "假网站", b"").await;
    let officer = app.token_of(Role::MarkOfficer);
    let get = |path: &str| Request::get(path).body(Body::empty()).unwrap();
    assert!(app.get("/issuing/reports").await.is(401).text().contains("令牌"));
    let page = staff(&app, &officer, get("/issuing/reports")).await.is(200).text();
    for said in ["示例电器有限公司", "产品包装", "贴在&#38;lt;别家", "未结案 2 份", "登记簿上没有", &name, &foreign]
    {
        assert!(page.contains(said), "{said}: {page}");
    }
    let image = staff(&app, &officer, get(&format!("/issuing/reports/{name}/photo"))).await.is(200);
    assert_eq!(image.headers["content-type"], "image/jpeg");
    staff(&app, &officer, get(&format!("/issuing/reports/{foreign}/photo"))).await.is(404);

    let unsaid = staff(&app, &officer, deed(&name, "investigate", "")).await.is(400).text();
    assert!(unsaid.contains("请先写依据"), "{unsaid}");
    staff(&app, &officer, deed(&name, "investigate", "x")).await.is(303);
    let state = |answer: Value| answer["licence"]["state"].clone();
    let public = format!("/api/v1/marks/{mark}");
    assert_eq!(state(app.get(&public).await.json()), "under_investigation");
    let listed = format!(
        "正在调查的标志 <span class=\"side\" lang=\"en\">Under investigation</span></h2>\n    <ul class=\"listed\"><li><a class=\"mono\" href=\"/m/{mark}\">{mark}</a> 示例电器有限公司</li></ul>"
    );
    let page = staff(&app, &officer, get("/issuing/reports?state=all")).await.is(200).text();
    assert!(page.contains(&listed), "{page}");
    assert!(staff(&app, &officer, deed(&name, "investigate", "x")).await.is(422).text().contains("没有做成"));
    staff(&app, &officer, deed(&foreign, "investigate", "x")).await.is(404);
    staff(&app, &officer, deed(&name, "unfounded", "%E6%A0%B8%E5%AE%9E")).await.is(303);
    staff(&app, &officer, deed(&name, "clear", "x")).await.is(303);
    assert_eq!(state(app.get(&public).await.json()), "active");
    let all = staff(&app, &officer, get("/issuing/reports?state=all")).await.is(200).text();
    assert!(all.contains("已结案：不属实") && all.contains("token:mark_officer"), "{all}");
    let reader = app.token_of(Role::Reader);
    assert!(staff(&app, &reader, deed(&foreign, "confirmed", "")).await.is(403).text().contains("岗位"));
    let mut cross = deed(&foreign, "confirmed", "");
    cross.headers_mut().insert("sec-fetch-site", "cross-site".parse().unwrap());
    assert!(staff(&app, &officer, cross).await.is(403).text().contains("请在举报页面上操作"));
    staff(&app, &officer, get("/issuing/reports?offset=18446744073709551615")).await.is(200);
    assert_eq!(app.staff_get(FOR_STAFF).await.json()["total"], 1);
}

#[tokio::test]
async fn a_mark_scanned_far_beyond_its_usual_shows_up_and_nobody_who_scanned_does() {
    let app = TestApp::on("2026-05-08");
    let (_, mark) = marked(&app).await;
    let scan = |agent: &str| {
        let request = Request::get(format!("/m/{mark}")).header(header::USER_AGENT, agent);
        request
            .header("x-forwarded-for", "198.51.100.77")
            .header(header::COOKIE, "who=zq7")
            .body(Body::empty())
            .unwrap()
    };
    for day in ["2026-05-08", "2026-05-09"] {
        app.today(day);
        app.send(scan("Mozilla/5.0")).await.is(200);
    }
    app.send(scan("ExampleBot/1.0")).await.is(200);
    app.get(&format!("/api/v1/marks/{mark}")).await.is(200);
    app.get("/m/1034659679808070").await.is(404);
    let unusual = "/api/v1/issuing/signals";
    assert_eq!(app.staff_get(unusual).await.is(200).json(), json!([]));
    app.today("2026-05-10");
    for _ in 0..120 {
        app.send(scan("Mozilla/5.0 MicroMessenger/8.0")).await.is(200);
    }
    let found = app.staff_get(unusual).await.is(200).json();
    assert_eq!((&found[0]["mark"], &found[0]["scans"]), (&json!(mark), &json!(120)));
    assert_eq!((&found[0]["busiest_before"], &found[0]["by_source"]["wechat"]), (&json!(1), &json!(120)));
    let days = app.staff_get(&format!("/api/v1/issuing/marks/{mark}/scans")).await.is(200).json();
    let days: Vec<_> = days.as_array().unwrap().iter().map(|d| (d["day"].clone(), d["scans"].clone())).collect();
    assert_eq!(
        days,
        [(json!("2026-05-10"), json!(120)), (json!("2026-05-09"), json!(1)), (json!("2026-05-08"), json!(1))]
    );
    let officer = app.token_of(Role::MarkOfficer);
    let page =
        staff(&app, &officer, Request::get("/issuing/reports").body(Body::empty()).unwrap()).await.is(200).text();
    assert!(page.contains("扫码异常增多") && page.contains(&mark) && page.contains("120 次"), "{page}");
    app.get(unusual).await.refused(401, "token_needed", "");
    // What is on file are counts.
    app.service.keep_counts().unwrap();
    let folder = app.data_dir().join("signals");
    for file in std::fs::read_dir(&folder).unwrap().map(|f| f.unwrap().path()) {
        let text = std::fs::read_to_string(file).unwrap();
        assert!(
            text.starts_with(&format!("{{\"{mark}\":[")) && !text.contains("198.51") && !text.contains("zq7"),
            "{text}"
        );
    }
    assert_eq!(std::fs::read_dir(folder).unwrap().count(), 3);
}
