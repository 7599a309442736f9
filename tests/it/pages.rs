//! What a person reads: a word of its own for each thing that can be wrong, and none of them green.

use crate::form_kit::{Part, form, sent};
use crate::harness::{Answer, TestApp, decision};
use serde_json::{Value, json};
use starmark::http::Limits;
use std::num::NonZeroU32;

/// The band of a page: its class, and the word in it.
#[track_caller]
fn band(page: &str) -> (&str, &str) {
    let between = |from: &str, to: &str| {
        let rest = page.split_once(from).unwrap_or_else(|| panic!("no {from}: {page}")).1;
        rest.split_once(to).unwrap().0
    };
    (between("<section class=\"band ", "\""), between("<h1 id=\"verdict\">", "<"))
}

/// It says that it cannot tell, and nothing of a verdict.
#[track_caller]
fn tells_nothing(answer: Answer, status: u16) -> Answer {
    let answer = answer.is(status);
    assert!(answer.headers["content-type"].to_str().unwrap().starts_with("text/html"));
    let page = answer.text();
    assert_eq!(band(&page), ("cannot-tell hatched", "无法判断"));
    assert!(!page.contains("示例电器") && !page.contains('★'.to_string().repeat(2).as_str()), "{page}");
    answer
}

async fn mark_of(app: &TestApp, certificate: &str, body: Value) -> String {
    let path = format!("/api/v1/issuing/certificates/{certificate}/marks");
    app.post(&path, &body).await.is(201).json()["id"].as_str().unwrap().to_owned()
}

/// The mark's page has that band and says that, and the wire has that standing and state.
async fn mark_reads(app: &TestApp, mark: &str, class: &str, word: &str, says: &[&str], wire: (&str, &str)) {
    let page = app.get(&format!("/m/{mark}")).await.is(200).text();
    assert_eq!(band(&page), (class, word));
    for said in says {
        assert!(page.contains(said), "{word}: “{said}” is not in {page}");
    }
    let answer = app.get(&format!("/api/v1/marks/{mark}")).await.is(200).json();
    // What cannot be told for certain has no standing.
    let (verdict, standing) = match wire.1 {
        "under_investigation" => ("undetermined", json!(null)),
        _ => ("invalid", json!(wire.0)),
    };
    assert_eq!((&answer["standing"], &answer["licence"]["state"]), (&standing, &json!(wire.1)), "{word}");
    assert_eq!(answer["verdict"], verdict, "{word}");
}

#[tokio::test]
async fn a_mark_that_does_not_hold_is_told_from_its_certificate() {
    let app = TestApp::on("2026-05-08");
    let issued = app.issue(&decision("D-1", "2026-05-08")).await;
    let id = issued["id"].as_str().unwrap();
    let asked = mark_of(&app, id, json!({"medium": "product", "approve": false})).await;
    let refused = mark_of(&app, id, json!({"medium": "advertising", "approve": false})).await;
    let revoked = mark_of(&app, id, json!({"medium": "packaging"})).await;
    app.today("2026-06-01");
    app.post(&format!("/api/v1/issuing/marks/{refused}/refusal"), &json!({})).await.is(200);
    app.post(&format!("/api/v1/issuing/marks/{revoked}/revocation"), &json!({"reason": "misuse"})).await.is(200);
    let itself = format!("href=\"/c/{id}\">证书本身：有效");
    let (unlicensed, red) = ("mark-not-licensed hatched", "mark-revoked hatched");
    let day = "<span class=\"date\">2026-06-01</span>";
    mark_reads(
        &app,
        &asked,
        unlicensed,
        "标志未获许可",
        &["还没有获得许可", &itself],
        ("not_yet_effective", "requested"),
    )
    .await;
    mark_reads(&app, &refused, unlicensed, "标志未获许可", &["没有批准", day, &itself], ("withdrawn", "refused")).await;
    let why = "经确认的违规使用";
    mark_reads(&app, &revoked, red, "标志已撤销", &[why, day, &itself], ("withdrawn", "revoked")).await;
    for mark in [&asked, &refused, &revoked] {
        let page = app.get(&format!("/m/{mark}")).await.text();
        assert!(page.contains("这个标志不能使用") && !page.contains("您手上的是这个吗"));
        assert!(!page.contains('★'.to_string().repeat(2).as_str()), "nothing is praised");
        let english = app.get(&format!("/m/{mark}?lang=en")).await.text();
        assert!(english.contains("do not rely on it") && english.contains("The certificate itself: In force"));
    }
    let page = app.get(&format!("/c/{id}")).await.is(200).text();
    assert_eq!(band(&page), ("valid", "有效"), "the certificate stands");

    // What became of the certificate since is said beside the mark's own word, and alone where the mark only followed it.
    let followed = mark_of(&app, id, json!({"medium": "premises"})).await;
    app.order(id, "suspension", json!({"reason": "0112"})).await.is(200);
    mark_reads(&app, &followed, "suspended hatched", "暂停", &["未履行认证合同义务"], ("suspended", "frozen")).await;
    mark_reads(&app, &revoked, red, "标志已撤销", &[why, "证书本身：暂停"], ("withdrawn", "revoked")).await;
    app.order(id, "withdrawal", json!({"reason": "0117"})).await.is(200);
    mark_reads(&app, &followed, "withdrawn hatched", "已撤销", &["违规使用认证信息"], ("withdrawn", "ended")).await;
    mark_reads(&app, &revoked, red, "标志已撤销", &[why, "证书本身：已撤销"], ("withdrawn", "revoked")).await;
    mark_reads(&app, &asked, "withdrawn hatched", "已撤销", &["违规使用认证信息"], ("withdrawn", "ended")).await;
}

#[tokio::test]
async fn a_mark_under_investigation_is_not_green_and_asks_to_compare() {
    let app = TestApp::on("2026-05-08");
    let issued = app.issue(&decision("D-1", "2026-05-08")).await;
    let id = issued["id"].as_str().unwrap();
    let mark = mark_of(&app, id, json!({"medium": "packaging", "brand": "示例牌"})).await;
    let act = |what: &str| format!("/api/v1/issuing/marks/{mark}/{what}");
    app.post(&act("clearance"), &json!({})).await.refused(422, "mark_state", "");
    app.today("2026-06-01");
    app.post(&act("investigation"), &json!({"note": "举报三件"})).await.is(200);
    let (class, wire) = ("mark-investigated hatched", ("valid", "under_investigation"));
    let says =
        ["<span class=\"date\">2026-06-01</span>", "您手上的是这个吗", "示例牌", "证书本身：有效", "查清之前不作认定"];
    mark_reads(&app, &mark, class, "标志调查中", &says, wire).await;
    let page = app.get(&format!("/m/{mark}")).await.text();
    assert!(!page.contains("举报三件") && !page.contains("★★"), "the body's own note, and no praise");
    let listed = json!({"certificates": [{"certificate": mark}]});
    let made = app.post("/api/v1/receipts", &listed).await.is(201);
    assert_eq!(made.json()["answers"][0]["verdict"], "undetermined");
    let receipt = app.get(made.headers["location"].to_str().unwrap()).await.is(200).text();
    assert!(receipt.contains("标志调查中"), "{receipt}");
    let list = form(&[("lines", Part::Text(&mark))]);
    let listed = app.send(sent("/tender", list)).await.is(200).text();
    assert!(listed.contains("role=\"row\" class=\"open") && !listed.contains("class=\"fails"), "not settled: {listed}");
    assert_eq!(band(&app.get(&format!("/c/{id}")).await.text()), ("valid", "有效"), "the certificate stands");

    // Its artwork is kept back, a code of its own can be made, and what befalls the certificate shows.
    app.staff_get(&act("artwork")).await.refused(422, "mark_not_active", "");
    app.order(id, "suspension", json!({"reason": "0112"})).await.is(200);
    mark_reads(&app, &mark, "suspended hatched", "暂停", &[], ("suspended", "frozen")).await;
    app.order(id, "reinstatement", json!({"passed_on": "2026-06-01"})).await.is(200);
    mark_reads(&app, &mark, class, "标志调查中", &[], wire).await;
    app.today("2026-06-09");
    app.post(&act("clearance"), &json!({})).await.is(200);
    assert_eq!(band(&app.get(&format!("/m/{mark}")).await.text()), ("valid", "有效"));
    app.staff_get(&act("artwork")).await.is(200);
    let then = app.get(&format!("/api/v1/marks/{mark}?as_of=2026-06-05")).await.is(200).json();
    assert_eq!(then["verdict"], "undetermined", "what was told then");
    app.post(&act("investigation"), &json!({})).await.is(200);
    app.post(&act("replacement"), &json!({})).await.is(200);
    app.post(&act("revocation"), &json!({"reason": "copied"})).await.is(200);
}

#[tokio::test]
async fn a_replaced_mark_leads_to_what_took_its_place() {
    let app = TestApp::on("2026-05-08");
    let issued = app.issue(&decision("D-1", "2026-05-08")).await;
    let old = issued["id"].as_str().unwrap();
    let used = mark_of(&app, old, json!({"medium": "packaging"})).await;
    let asked = mark_of(&app, old, json!({"medium": "product", "approve": false})).await;
    let leaked = mark_of(&app, old, json!({"medium": "advertising"})).await;
    let path = format!("/api/v1/issuing/marks/{leaked}/replacement");
    let anew = app.post(&path, &json!({})).await.is(200).json();
    let to_mark = format!("href=\"/m/{}\"", anew["id"].as_str().unwrap());
    let (class, wire) = ("mark-replaced hatched", ("superseded", "replaced"));
    mark_reads(&app, &leaked, class, "标志已更换", &["2026-05-08", "新标志取代", &to_mark], wire).await;
    assert_eq!(band(&app.get(&format!("/c/{old}")).await.text()), ("valid", "有效"), "the certificate stands");
    app.today("2027-02-01");
    let mut change = decision("D-2", "2027-02-01");
    change["score_sheet"] = json!(null);
    change["scope"] = json!("家用电器和消费电子产品的售后服务");
    let body = json!({"reason": "scope_changed", "decision": change});
    let new = app.order(old, "supersession", body).await.is(201).json();
    let fresh =
        app.staff_get(&format!("/api/v1/issuing/certificates/{}/marks", new["id"].as_str().unwrap())).await.json();
    let to_mark = format!("href=\"/m/{}\"", fresh[0]["id"].as_str().unwrap());
    mark_reads(&app, &used, class, "标志已更换", &["2027-02-01", "新标志取代", &to_mark], wire).await;
    // What was only asked for was never licensed: nothing takes its place.
    let refused = ("withdrawn", "refused");
    mark_reads(&app, &asked, "mark-not-licensed hatched", "标志未获许可", &["没有批准"], refused).await;
    assert_eq!(band(&app.get(&format!("/c/{old}")).await.text()), ("superseded hatched", "已换证"));

    // Printed ahead of its day, the new mark stands as its certificate does.
    app.today("2029-04-20");
    let mut next = decision("D-3", "2029-04-20");
    next["issued_on"] = json!("2029-05-08");
    let id = new["id"].as_str().unwrap();
    let next = app.order(id, "recertification", json!({"decision": next})).await.is(201).json();
    let ahead =
        app.staff_get(&format!("/api/v1/issuing/certificates/{}/marks", next["id"].as_str().unwrap())).await.json();
    let page = app.get(&format!("/m/{}", ahead[0]["id"].as_str().unwrap())).await.is(200).text();
    assert_eq!(band(&page), ("not-yet hatched", "尚未生效"));
}

#[tokio::test]
async fn a_code_cut_short_or_mistyped_accuses_nobody() {
    let app = TestApp::on("2026-05-08");
    let issued = app.issue(&decision("D-1", "2026-05-08")).await;
    let path = format!("/api/v1/issuing/certificates/{}/marks", issued["id"].as_str().unwrap());
    let mark = app.post(&path, &json!({"medium": "packaging"})).await.is(201).json();
    let (digits, id) = (mark["digits"].as_str().unwrap(), mark["id"].as_str().unwrap());
    let wrong = format!("{}{}", &id[..15], if id.ends_with('0') { '1' } else { '0' });
    let (long, letter) = (format!("{digits}0"), format!("{}x", &digits[1..]));
    for odd in ["1", "x", "%EF%BC%91", &digits[..216], &digits[..17], &long, &letter, &wrong, &"1".repeat(5000)] {
        let answer = app.get(&format!("/api/v1/marks/{odd}")).await.is(200).json();
        assert_eq!((&answer["verdict"], &answer["mark"]), (&json!("undetermined"), &json!("incomplete")), "{odd}");
        assert_eq!((&answer["checks"][0]["code"], &answer["standing"]), (&json!("incomplete_code"), &json!(null)));
        assert_eq!((&answer["licence"], &answer["certificate"]), (&json!(null), &json!(null)));
        let page = app.get(&format!("/m/{odd}")).await.is(404).text();
        assert_eq!(band(&page), ("incomplete hatched", "码不完整"), "{odd}");
        assert!(page.contains("请再扫一次") && page.contains("证书编号查询") && !page.contains("不要相信"), "{odd}");
    }
    for forged in ["0".repeat(217), "9".repeat(217)] {
        let answer = app.get(&format!("/api/v1/marks/{forged}")).await.is(200).json();
        assert_eq!((&answer["verdict"], &answer["mark"]), (&json!("invalid"), &json!("not_genuine")));
        assert_eq!(band(&app.get(&format!("/m/{forged}")).await.is(404).text()), ("not-genuine hatched", "不是真标志"));
    }
}

#[tokio::test]
async fn a_page_without_an_answer_says_that_it_cannot_tell() {
    let app = TestApp::on("2026-05-08");
    let issued = app.issue(&decision("D-1", "2026-05-08")).await;
    let page = format!("/c/{}", issued["id"].as_str().unwrap());
    tells_nothing(app.get(&format!("{page}?as_of=yesterday")).await, 400);
    tells_nothing(app.get("/c/%FF").await, 400);
    tells_nothing(app.get("/?page=x").await, 400);
    let request = axum::http::Request::post(&page).body(axum::body::Body::empty()).unwrap();
    assert_eq!(tells_nothing(app.send(request).await, 405).headers["allow"], "GET,HEAD");
    let nowhere = app.get("/nowhere?lang=en").await.is(404).text();
    assert!(nowhere.contains("No such page") && !nowhere.contains("class=\"band"));

    let one = Limits { per_second: NonZeroU32::new(1), burst: NonZeroU32::MIN, ..Limits::DEFAULT };
    let app = app.behind(one);
    app.get(&page).await.is(200);
    assert_eq!(tells_nothing(app.get(&page).await, 429).headers["retry-after"], "5");
    tells_nothing(app.get("/nowhere").await, 429);
    app.get("/assets/style.css").await.is(200);
    assert_eq!(app.get(&format!("/api/v1{page}")).await.is(429).json()["code"], "too_many_requests");

    let app = app.behind(Limits { per_second: None, ..Limits::DEFAULT });
    app.damage_journal();
    for path in [page.as_str(), "/?q=91110108551385082Q", "/?q=29326SC00001R0M"] {
        tells_nothing(app.get(path).await, 500);
    }
}

#[tokio::test]
async fn a_clock_known_to_be_wrong_makes_nothing_valid() {
    let app = TestApp::on("2026-05-08");
    let issued = app.issue(&decision("D-1", "2026-05-08")).await;
    let id = issued["id"].as_str().unwrap();
    let mark = mark_of(&app, id, json!({"medium": "packaging"})).await;
    app.today("2026-05-07");
    for path in [format!("certificates/{id}"), format!("marks/{mark}")] {
        let answer = app.get(&format!("/api/v1/{path}")).await.is(200).json();
        assert_eq!((&answer["verdict"], &answer["standing"]), (&json!("undetermined"), &json!(null)), "{path}");
        assert!(answer["checks"].as_array().unwrap().iter().any(|c| c["code"] == "clock_wrong"));
    }
    for path in [format!("/c/{id}"), format!("/m/{mark}")] {
        let page = app.get(&path).await.is(200).text();
        assert_eq!(band(&page), ("cannot-tell hatched", "无法判断"));
        assert!(page.contains("时钟不准") && !page.contains('★'.to_string().repeat(2).as_str()));
    }
    let list = app.get("/?q=91110108551385082Q").await.is(200).text();
    assert!(list.contains("tag cannot-tell") && !list.contains("tag valid"));
    let then = app.get(&format!("/api/v1/certificates/{id}?as_of=2026-05-08T01:00:00Z")).await.is(200).json();
    assert_eq!(then["standing"], "valid", "of what is on record for an hour gone by there is no doubt");
    app.today("2026-05-08");
    assert_eq!(app.standing(id).await, "valid");
}

async fn in_language(app: &TestApp, path: &str, said: &str) -> Answer {
    let request = axum::http::Request::get(path).header("accept-language", said);
    app.send(request.body(axum::body::Body::empty()).unwrap()).await
}

#[tokio::test]
async fn a_page_is_in_the_readers_language_and_stays_in_the_one_that_was_chosen() {
    let app = TestApp::on("2026-05-08");
    let id = app.issue(&decision("D-1", "2026-05-08")).await["id"].as_str().unwrap().to_owned();
    let path = format!("/c/{id}");
    let chinese = app.get(&path).await.is(200).text();
    assert!(chinese.contains("<html lang=\"zh-CN\"") && chinese.contains(&format!("href=\"{path}?lang=en\"")));
    assert!(chinese.contains("class=\"brand\" href=\"/\""), "an address without a language asks the browser");
    let english = in_language(&app, &path, "en-GB,en;q=0.9,zh;q=0.2").await.is(200);
    assert_eq!(english.headers["vary"], "accept-language");
    let english = english.text();
    assert!(english.contains("<html lang=\"en\"") && english.contains("class=\"brand\" href=\"/?lang=en\""));
    assert!(english.contains(&format!("href=\"{path}?lang=zh\"")));
    let chosen = in_language(&app, &format!("{path}?lang=zh"), "en").await.is(200).text();
    assert!(chosen.contains("<html lang=\"zh-CN\"") && chosen.contains("class=\"brand\" href=\"/?lang=zh\""));
    for path in ["/", "/verify", "/nowhere", "/c/0000000000000000", "/m/1", "/issuing"] {
        assert!(in_language(&app, path, "en").await.text().contains("<html lang=\"en\""), "{path}");
    }
    let found = in_language(&app, "/?q=91110108551385082Q", "en").await;
    let text = if found.status.is_redirection() {
        found.headers["location"].to_str().unwrap().to_owned()
    } else {
        found.text()
    };
    assert!(text.contains(&format!("{path}?lang=en")), "{text}");
    assert_eq!(in_language(&app, &format!("/api/v1/certificates/{id}"), "en").await.is(200).json()["id"], id.as_str());
}

/// The data for search engines in a page.
fn data_in(page: &str) -> Option<Value> {
    let (_, rest) = page.split_once("<script type=\"application/ld+json\">")?;
    Some(serde_json::from_str(rest.split_once("</script>").unwrap().0).unwrap())
}

#[tokio::test]
async fn search_engines_read_what_holds_and_what_does_not() {
    let app = TestApp::on("2026-05-08");
    let mut named = decision("D-1", "2026-05-08");
    named["holder"]["name"] = json!("示例</script><b>电器有限公司");
    let id = app.issue(&named).await["id"].as_str().unwrap().to_owned();
    let path = format!("/c/{id}");
    let data = data_in(&app.get(&path).await.text()).unwrap();
    assert_eq!(
        (&data["@type"], &data["about"]["legalName"]),
        (&json!("Certification"), &json!("示例</script><b>电器有限公司"))
    );
    assert_eq!(data["certificationStatus"], "https://schema.org/CertificationActive");
    assert_eq!((&data["certificationRating"]["ratingValue"], &data["expires"]), (&json!(5), &json!("2029-05-07")));
    assert!(data["url"].as_str().unwrap().ends_with(&path), "{data}");
    let mark = mark_of(&app, &id, json!({"medium": "packaging"})).await;
    assert_eq!(
        data_in(&app.get(&format!("/m/{mark}")).await.text()).unwrap()["certificationStatus"],
        data["certificationStatus"]
    );

    // About another day, or of what is not known, they are told nothing; of what does not hold, that it does not.
    assert_eq!(data_in(&app.get(&format!("{path}?as_of=2026-05-08")).await.text()), None);
    assert_eq!(data_in(&app.get("/c/0000000000000000").await.text()), None);
    app.order(&id, "suspension", json!({"reason": "0111"})).await.is(200);
    let page = app.get(&path).await.text();
    let data = data_in(&page).unwrap();
    assert_eq!(data["certificationStatus"], "https://schema.org/CertificationInactive");
    assert_eq!(data["certificationRating"], Value::Null);
    assert!(page.contains("property=\"og:title\" content=\"暂停"), "{page}");
}

#[tokio::test]
async fn a_shared_address_has_a_picture_of_how_it_stands() {
    let app = TestApp::on("2026-05-08");
    let id = app.issue(&decision("D-1", "2026-05-08")).await["id"].as_str().unwrap().to_owned();
    let picture = format!("/c/{id}/card.png");
    let page = app.get(&format!("/c/{id}")).await.text();
    assert!(page.contains(&format!("property=\"og:image\" content=\"https://xb.example.cn{picture}\"")), "{page}");
    let good = app.get(&picture).await.is(200);
    assert_eq!(good.headers["content-type"], "image/png");
    assert_eq!(good.headers["cache-control"], "public, max-age=300");
    let size = |png: &[u8]| [16, 20].map(|at| u32::from_be_bytes(png[at..at + 4].try_into().unwrap()));
    assert_eq!(size(&good.bytes), [1200, 630]);
    assert_eq!(app.get(&picture).await.bytes, good.bytes);
    app.order(&id, "suspension", json!({"reason": "0111"})).await.is(200);
    assert_ne!(app.get(&picture).await.is(200).bytes, good.bytes);
    for nothing in ["/c/0000000000000000/card.png", "/c/x/card.png"] {
        app.get(nothing).await.refused(404, "no_card", "");
    }
    let nowhere = app.get("/c/0000000000000000").await.text();
    assert!(!nowhere.contains("og:image"), "{nowhere}");
}
