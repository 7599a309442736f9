//! The issuing area for people: who comes in, and what is seen of marks there.

use crate::harness::{Answer, TestApp, decision};
use axum::body::Body;
use axum::http::Request;
use serde_json::{Value, json};
use starmark::domain::Role;
use starmark::mark::MarkText;
use starmark::mark::read::codes;

async fn enter(app: &TestApp, token: &str) -> Answer {
    let request = Request::post("/issuing/session").header("content-type", "application/x-www-form-urlencoded");
    app.send(request.body(Body::from(format!("token={token}"))).unwrap()).await
}

async fn seen(app: &TestApp, token: &str, path: &str) -> Answer {
    let request = Request::get(path).header("cookie", format!("other=1; starmark-token={token}"));
    app.send(request.body(Body::empty()).unwrap()).await
}

/// An app with a certificate and a mark licensed on packaging, and their identifiers.
async fn licensed() -> (TestApp, String, String) {
    let app = TestApp::on("2026-05-08");
    let issued = app.issue(&decision("D-1", "2026-05-08")).await;
    let id = issued["id"].as_str().unwrap().to_owned();
    let path = format!("/api/v1/issuing/certificates/{id}/marks");
    let mark = app.post(&path, &json!({"medium": "packaging", "brand": "示例"})).await.is(201).json();
    (app, id, mark["id"].as_str().unwrap().to_owned())
}

async fn advice(app: &TestApp, query: &str) -> Value {
    seen(app, &app.token, &format!("/issuing/marks/advice?{query}")).await.is(200).json()
}

#[tokio::test]
async fn only_a_token_whose_role_may_look_comes_in() {
    let (app, id, _) = licensed().await;
    let door = app.get("/issuing").await.is(200).text();
    assert!(door.contains("令牌") && door.contains("type=\"password\""));
    for role in [Role::MarkOfficer, Role::Registrar, Role::Reader] {
        let token = app.token_of(role);
        let entered = enter(&app, &token).await.is(303);
        assert_eq!(entered.headers["location"], "/issuing/marks");
        let cookie = entered.headers["set-cookie"].to_str().unwrap();
        for part in [&token, "HttpOnly", "SameSite=Strict", "Secure", "Path=/issuing"] {
            assert!(cookie.contains(part), "{cookie}");
        }
        assert!(!cookie.contains("Expires") && !cookie.contains("Max-Age"), "{cookie}");
        assert!(seen(&app, &token, "/issuing/marks").await.is(200).text().contains("标志样图"));
    }
    let decides = app.token_of(Role::DecisionMaker);
    for wrong in [decides.as_str(), "", "smk_x", "smk_%0d%0aset-cookie:x"] {
        let refused = enter(&app, wrong).await.is(403);
        assert!(!refused.headers.contains_key("set-cookie"));
        assert!(refused.text().contains("这个令牌不能用"));
        let marks = ["/issuing/marks", "/issuing/marks/advice", "/issuing/marks/file", "/issuing/marks/kit"];
        for path in marks.into_iter().chain(["/issuing/certificate"]) {
            let answer = seen(&app, wrong, &format!("{path}?certificate={id}")).await.is(401).text();
            assert!(answer.contains("type=\"password\"") && !answer.contains("示例电器"), "{path}");
        }
    }
    let foreign = Request::post("/issuing/session")
        .header("content-type", "application/x-www-form-urlencoded")
        .header("sec-fetch-site", "cross-site");
    let foreign = app.send(foreign.body(Body::from(format!("token={}", app.token))).unwrap()).await.is(403);
    assert!(!foreign.headers.contains_key("set-cookie"));
}

#[tokio::test]
async fn who_leaves_or_is_revoked_is_outside() {
    let (app, _, _) = licensed().await;
    let end = Request::post("/issuing/session/end").body(Body::empty()).unwrap();
    let left = app.send(end).await.is(303);
    let cookie = left.headers["set-cookie"].to_str().unwrap();
    assert!(cookie.starts_with("starmark-token=;") && cookie.contains("Max-Age=0"), "{cookie}");
    let token = app.token_of(Role::Reader);
    seen(&app, &token, "/issuing/marks").await.is(200);
    app.service.revoke_token(&starmark::service::Act::by(starmark::service::Actor::local("test")), "reader").unwrap();
    seen(&app, &token, "/issuing/marks").await.is(401);
}

#[tokio::test]
async fn a_licensed_mark_is_shown_as_it_is_and_its_files_can_be_taken() {
    let (app, id, mark) = licensed().await;
    let page = seen(&app, &app.token, &format!("/issuing/marks?certificate={id}")).await.is(200).text();
    assert!(page.contains("示例电器有限公司") && page.contains("已许可 · 产品包装 · 示例"));
    assert!(
        page.contains(&format!("use={mark}&amp;layout=vertical"))
            || page.contains(&format!("use={mark}&#38;layout=vertical")),
        "{page}"
    );
    let told = advice(&app, &format!("certificate=29326SC00001R0M&use={mark}")).await;
    assert_eq!(told["facts"][0], json!({"label": "印刷尺寸", "value": "36 × 71 毫米"}));
    let files: Vec<&str> = told["files"].as_array().unwrap().iter().map(|f| f["href"].as_str().unwrap()).collect();
    assert_eq!(files.len(), 5);
    let licence = app.staff_get(&format!("/api/v1/issuing/certificates/{id}/marks")).await.is(200).json();
    assert_eq!(files[4], format!("/issuing/marks/kit?use={mark}"));
    for href in &files[..4] {
        let file = seen(&app, &app.token, href).await.is(200);
        assert!(file.headers["content-disposition"].to_str().unwrap().starts_with("attachment; filename=\""));
        if file.headers["content-type"] == "image/png" {
            let digits = licence[0]["digits"].as_str().unwrap();
            assert_eq!(codes(&file.bytes).unwrap(), [format!("https://xb.example.cn/m/{digits}")].into());
        }
    }
    let paper = format!("/issuing/certificate?certificate={id}");
    assert!(page.contains(&paper));
    let paper = seen(&app, &app.token, &paper).await.is(200);
    let by_api = app.staff_get(&format!("/api/v1/issuing/certificates/{id}/paper")).await.is(200);
    assert_eq!(
        (&paper.bytes, &paper.headers["content-disposition"]),
        (&by_api.bytes, &by_api.headers["content-disposition"])
    );
    seen(&app, &app.token, "/issuing/certificate?certificate=29326SC99999R0M").await.is(404);
    seen(&app, &app.token, "/issuing/certificate").await.is(400);
    let nobodys = seen(&app, &app.token, "/issuing/marks/kit?use=0000000000000000").await;
    assert!(nobodys.status.is_client_error(), "{}", nobodys.status);
    let picture = seen(&app, &app.token, told["picture"]["src"].as_str().unwrap()).await.is(200);
    assert_eq!(picture.headers["content-type"], "image/png");
    assert_eq!(codes(&picture.bytes).unwrap().len(), 1);
}

#[tokio::test]
async fn what_is_not_licensed_is_a_test_mark_without_files() {
    let (app, id, _) = licensed().await;
    for layout in ["vertical", "horizontal", "seal"] {
        let told = advice(&app, &format!("certificate={id}&use=premises&layout={layout}")).await;
        assert_eq!(told["files"], json!([]));
        assert!(told["note"].as_str().unwrap().contains("测试标志"));
        let picture = seen(&app, &app.token, told["picture"]["src"].as_str().unwrap()).await.is(200);
        let code = codes(&picture.bytes).unwrap().pop_first().unwrap();
        let digits = code.strip_prefix("https://xb.example.cn/m/").unwrap();
        let MarkText::Signed(token) = MarkText::parse(digits).unwrap() else { panic!("{digits}") };
        assert!(token.token().is_test() && token.token().holder().is_none());
        let public = app.get(&format!("/api/v1/marks/{digits}")).await.json();
        assert_ne!(public["verdict"], "valid", "{public}");
        // Nor as a file to keep.
        let kept =
            seen(&app, &app.token, &format!("/issuing/marks/file?certificate={id}&use=premises&format=pdf")).await;
        assert_eq!(kept.is(200).headers["content-disposition"], "inline");
    }
}

#[tokio::test]
async fn sizes_are_warned_about_and_slips_are_told() {
    let (app, id, mark) = licensed().await;
    for (query, said, draws) in [
        ("width=36", "洇墨", true),
        ("width=45", "这个大小可以", true),
        ("width=31", "建议 36 毫米以上", true),
        ("width=20", "柔版印刷", true),
        ("layout=vertical&width=20", "更小的请用小标", false),
        ("width=12", "最小的小标也要 20 毫米", false),
        ("width=36&distance=100", "要印到 152.4 毫米宽", true),
        ("width=thick", "宽度写得不对", false),
        ("distance=-1", "距离写得不对", false),
        ("layout=round", "不能这样画", false),
        ("use=wall", "不能这样画", false),
        ("use=1234567890123456", "不能这样画", false),
        ("lang=en&layout=vertical&width=20", "Too small: phones do not read it", false),
    ] {
        let query = if query.contains("use=") { query.to_owned() } else { format!("use={mark}&{query}") };
        let told = advice(&app, &format!("certificate={id}&{query}")).await;
        assert!(told["told"].to_string().contains(said), "{query}: {told}");
        assert_eq!(told["picture"].is_null(), !draws, "{query}: {told}");
        let path = format!("/issuing/marks?certificate={id}&{query}");
        assert!(seen(&app, &app.token, &path).await.is(200).text().contains(said), "{query}");
    }
    // What a name does not fit on is not called good, and a file that is not given is answered in words.
    let mut long = decision("D-9", "2026-05-08");
    long["holder"]["name"] = json!("示例".repeat(45));
    let number = app.issue(&long).await["number"].as_str().unwrap().to_owned();
    let told = advice(&app, &format!("certificate={number}&use=product&layout=vertical")).await;
    assert!(told["told"][0].to_string().contains("名称太长") && told["picture"].is_null(), "{told}");
    assert!(!told["told"].to_string().contains("这个大小可以"), "{told}");
    let file = format!("/issuing/marks/file?certificate={number}&use=product&layout=vertical");
    let said = seen(&app, &app.token, &file).await.is(422).text();
    assert!(said.contains("这个文件现在给不了") && said.contains("名称太长"), "{said}");
    let page = seen(&app, &app.token, "/issuing/marks?certificate=29326SC99999R0M").await.is(404).text();
    assert!(page.contains("登记簿上没有这张证书"));
}

#[tokio::test]
async fn what_is_suspended_has_no_files() {
    let (app, id, mark) = licensed().await;
    app.order(&id, "suspension", json!({"reason": "0111"})).await.is(200);
    let told = advice(&app, &format!("certificate={id}&use={mark}")).await;
    assert!(told["picture"].is_null() && told["files"] == json!([]), "{told}");
    let file = seen(&app, &app.token, &format!("/issuing/marks/file?certificate={id}&use={mark}&format=pdf")).await;
    assert!(file.is(400).text().contains("这个标志现在不能用"));
}
