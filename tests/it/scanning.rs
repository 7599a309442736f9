//! Checking any mark by a picture of it: what a shopper sends, and what forgers and vandals do.

use crate::form_kit::{EDGE, Part, form, sent};
use crate::harness::{Answer, TestApp, decision};
use axum::body::Body;
use axum::http::Request;
use image::{GrayImage, ImageFormat, Luma};
use serde_json::json;
use std::io::Cursor;

/// The form as browsers send it: with a part for the other input, where nothing was chosen.
fn form_with(file: &[u8]) -> Vec<u8> {
    form(&[("photo", Part::File(b"")), ("file", Part::File(file))])
}

async fn send(app: &TestApp, path: &str, body: Vec<u8>) -> Answer {
    app.send(sent(path, body)).await
}

/// What comes of a picture, wherever it leads on the way.
async fn scan(app: &TestApp, file: &[u8]) -> Answer {
    let mut answer = send(app, "/scan", form_with(file)).await;
    while let Some(to) = answer.headers.get("location").filter(|to| to.to_str().unwrap().starts_with("/scan?")) {
        answer = app.get(to.to_str().unwrap()).await;
    }
    answer
}

fn location(answer: &Answer) -> &str {
    answer.headers.get("location").map_or("", |to| to.to_str().unwrap())
}

/// A picture of codes side by side, in that format.
fn picture(texts: &[&str], format: ImageFormat) -> Vec<u8> {
    let codes: Vec<_> = texts
        .iter()
        .map(|text| {
            let code = qrcode::QrCode::new(text).unwrap();
            let side = code.width() as u32;
            GrayImage::from_fn((side + 8) * 6, (side + 8) * 6, |x, y| {
                let at = |p: u32| (p / 6).checked_sub(4).filter(|p| *p < side).map(|p| p as usize);
                let dark = at(x).zip(at(y)).is_some_and(|(x, y)| code[(x, y)] == qrcode::Color::Dark);
                Luma([if dark { 20 } else { 235 }])
            })
        })
        .collect();
    let (width, height) = (codes.iter().map(|c| c.width()).sum::<u32>().max(400), 500);
    let mut all = GrayImage::from_pixel(width, height, Luma([235]));
    let mut left = 0;
    for code in &codes {
        image::imageops::replace(&mut all, code, left, 0);
        left += i64::from(code.width());
    }
    let mut file = vec![];
    image::DynamicImage::ImageLuma8(all).write_to(&mut Cursor::new(&mut file), format).unwrap();
    file
}

/// The class and the word of the band.
fn band(page: &str) -> (&str, &str) {
    let between = |from: &str, to: &str| page.split_once(from).map_or("", |(_, rest)| rest.split_once(to).unwrap().0);
    (between("<section class=\"band ", "\""), between("<h1 id=\"verdict\">", "<"))
}

#[tokio::test]
async fn a_picture_of_our_mark_leads_to_its_page() {
    let app = TestApp::on("2026-05-08");
    let id = app.issue(&decision("D-1", "2026-05-08")).await["id"].as_str().unwrap().to_owned();
    let marks = format!("/api/v1/issuing/certificates/{id}/marks");
    let mark = app.post(&marks, &json!({"medium": "packaging"})).await.is(201).json();
    let (name, digits) = (mark["id"].as_str().unwrap(), mark["digits"].as_str().unwrap());
    let artwork = app.staff_get(&format!("/api/v1/issuing/marks/{name}/artwork")).await.is(200).bytes;
    let answer = scan(&app, &artwork).await.is(303);
    assert_eq!(location(&answer), format!("/m/{digits}"));
    assert_eq!(band(&app.get(location(&answer)).await.is(200).text()), ("valid", "有效"));
    for format in [ImageFormat::Png, ImageFormat::Jpeg, ImageFormat::WebP] {
        let file = picture(&[&format!("https://xb.example.cn/m/{name}")], format);
        assert_eq!(location(&scan(&app, &file).await.is(303)), format!("/m/{name}"), "{format:?}");
    }
    // One that was never issued is no secret of the scan's: the mark's own page tells.
    let never = picture(&["https://xb.example.cn/m/1034659679808070"], ImageFormat::Png);
    assert_eq!(location(&scan(&app, &never).await.is(303)), "/m/1034659679808070");
    // Whoever knows the number of a certificate can print a code of its page: that is no mark, whatever it holds.
    let other = picture(&[&format!("https://xb.example.cn/c/{id}")], ImageFormat::Png);
    let page = scan(&app, &other).await.is(200).text();
    assert_eq!(band(&page), ("cannot-tell hatched", "无法判断"));
    assert!(
        page.contains("不是标志的码") && page.contains(&format!("href=\"/c/{id}\"")) && !page.contains("示例电器"),
        "{page}"
    );
    let receipt = picture(&["https://xb.example.cn/r/AAAAAAAAAAAAAAAAAAAAAA"], ImageFormat::Png);
    assert_eq!(location(&scan(&app, &receipt).await.is(303)), "/r/AAAAAAAAAAAAAAAAAAAAAA");
    let english = send(&app, "/scan?lang=en", form_with(&artwork)).await.is(303);
    assert!(location(&english).starts_with("/scan?lang=en&code="), "{}", location(&english));
    assert_eq!(location(&app.get(location(&english)).await.is(303)), format!("/m/{digits}?lang=en"));
    let many = "code=xb.example.cn/m/1034659679808070&".repeat(17);
    app.get(&format!("/scan?{many}")).await.is(400);
}

#[tokio::test]
async fn what_is_not_ours_is_named_and_never_passes() {
    let app = TestApp::on("2026-05-08");
    for (code, says) in [
        ("https://xb.examp1e.cn/m/1034659679808070", "通向 xb.examp1e.cn。它用了看起来一样的字母，是仿冒的写法。"),
        ("https://xb.example.cn.evil.example/m/1", "通向 xb.example.cn.evil.example。它把本机构的网址夹在里面"),
        ("https://evil.example/?https://xb.example.cn/m/1034659679808070", "通向 evil.example。真标志"),
        ("weixin://dl/business/?t=abc", "它里面不是网址，是“weixin://dl/business/?t=abc”"),
        ("<script>alert(1)</script>", "“&lt;script&gt;alert(1)&lt;/script&gt;”"),
    ] {
        let page = scan(&app, &picture(&[code], ImageFormat::Png)).await.is(200).text();
        assert_eq!(band(&page), ("not-genuine hatched", "不是真标志"), "{code}");
        assert!(page.contains(says) && page.contains("不要打开它"), "{code}: {page}");
        assert!(!page.contains("★") || page.matches('★').count() == 1, "no stars but the site's sign");
    }
}

#[tokio::test]
async fn of_several_codes_each_is_told_and_none_decides() {
    let app = TestApp::on("2026-05-08");
    let id = app.issue(&decision("D-1", "2026-05-08")).await["id"].as_str().unwrap().to_owned();
    let marks = format!("/api/v1/issuing/certificates/{id}/marks");
    let mark =
        app.post(&marks, &json!({"medium": "packaging"})).await.is(201).json()["id"].as_str().unwrap().to_owned();
    let (ours, foreign) = (format!("https://xb.example.cn/m/{mark}"), "https://evil.example/m/1034659679808070");
    let page = scan(&app, &picture(&[&ours, foreign], ImageFormat::Png)).await.is(200).text();
    assert_eq!(band(&page), ("cannot-tell hatched", "无法判断"));
    let at = |what: &str| page.find(what).unwrap_or_else(|| panic!("{what}: {page}"));
    assert!(at("这个码不是本机构的：它通向 evil.example") < at("示例电器有限公司"), "what is not ours stands first");
    assert!(page.contains(&format!("href=\"/m/{mark}\"")) && !page.contains("href=\"https://evil"));
    let both = scan(&app, &picture(&[foreign, "https://pay.example/1"], ImageFormat::Png)).await.is(200).text();
    assert_eq!(band(&both), ("not-genuine hatched", "不是真标志"));
}

/// Whoever never comes to an end with his forms takes a few places, and is told so.
#[tokio::test]
async fn forms_that_never_end_take_so_many_places_and_no_more() {
    let app = TestApp::on("2026-05-08");
    let kind = format!("multipart/form-data; boundary={EDGE}");
    let endless = || {
        let body = Body::from_stream(tokio_stream::pending::<Result<Vec<u8>, std::io::Error>>());
        Request::post("/scan").header("content-type", &kind).body(body).unwrap()
    };
    let mut waiting: Vec<_> = (0..6).map(|_| Box::pin(app.send(endless()))).collect();
    for one in &mut waiting {
        let begun = tokio::time::timeout(std::time::Duration::from_millis(20), one).await;
        assert!(begun.is_err(), "it waits for the rest of the form");
    }
    let blank = form_with(&picture(&[], ImageFormat::Png));
    let refused = send(&app, "/scan", blank.clone()).await.is(503);
    assert!(refused.text().contains("现在查的人太多") && refused.headers.contains_key("retry-after"));
    app.get("/scan").await.is(200);
    drop(waiting);
    send(&app, "/scan", blank).await.is(200);
}

#[tokio::test]
async fn what_cannot_be_read_is_told_with_what_would_be_right() {
    let app = TestApp::on("2026-05-08");
    let blank = picture(&[], ImageFormat::Jpeg);
    let page = scan(&app, &blank).await.is(200).text();
    assert_eq!(band(&page), ("cannot-tell hatched", "无法判断"));
    assert!(page.contains("没有读到二维码") && page.contains("怎样拍得清楚"));
    let mut noise = 7_u32;
    let junk: Vec<u8> = (0..200_000)
        .map(|_| {
            noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (noise >> 24) as u8
        })
        .collect();
    let cut = picture(&["https://xb.example.cn/m/1034659679808070"], ImageFormat::Png);
    for (file, says) in [
        (&b"GIF89a\x01\x00\x01\x00"[..], "PNG、JPEG 或 WebP"),
        (&junk, "PNG、JPEG 或 WebP"),
        (&cut[..cut.len() / 2], "PNG、JPEG 或 WebP"),
        (b"", "还没有选图片"),
        (b"%PDF-1.7", "PNG、JPEG 或 WebP"),
    ] {
        let page = scan(&app, file).await.is(400).text();
        assert!(page.contains(says) && page.contains("role=\"alert\""), "{says}: {page}");
    }
    for size in [(10 << 20) + 1, 50 << 20] {
        let page = scan(&app, &vec![0; size]).await.is(413).text();
        assert!(page.contains("最大 10 MB"), "{page}");
    }
    let whole = form_with(&blank);
    let torn = send(&app, "/scan", whole[..whole.len() - 40].to_vec()).await.is(400).text();
    assert!(torn.contains("没有收到完整的图片"));
    let many = format!("--{EDGE}\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nb\r\n").repeat(40);
    assert!(
        send(&app, "/scan", format!("{many}--{EDGE}--\r\n").into_bytes()).await.is(400).text().contains("再选一次")
    );
    let json = Request::post("/scan").header("content-type", "application/json").body(Body::from("{}")).unwrap();
    assert!(app.send(json).await.is(415).text().contains("再选一次"));
    let english = send(&app, "/scan?lang=en", form_with(b"")).await.is(400).text();
    assert!(english.contains("No picture was chosen") && !english.contains("还没有选图片"));
}
