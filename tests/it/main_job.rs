//! The main job from end to end: a decision becomes a signed certificate, a mark, a verdict; and everything that may
//! happen to them afterwards.

use crate::harness::{TestApp, decision};
use serde_json::json;

#[tokio::test]
async fn from_a_decision_to_a_certificate_a_mark_and_a_public_verdict() {
    let app = TestApp::on("2026-05-08");
    let issued = app.issue(&decision("D-2026-0001", "2026-05-08")).await;
    assert_eq!(issued["level"], "five_star");
    assert_eq!(issued["score"], "100.00");
    assert_eq!(issued["number"], "29326SC00001R0M");
    let id = issued["id"].as_str().unwrap();

    let verdict = app.get(&format!("/api/v1/certificates/{id}")).await.is(200).json();
    assert_eq!(verdict["verdict"], "valid");
    assert_eq!(verdict["standing"], "valid");
    assert_eq!(verdict["holder"], "示例电器有限公司");
    assert_eq!(verdict["valid_until"], "2029-05-07");
    assert_eq!(verdict["surveillance_due_on"], "2027-05-08");

    let page = app.get(&format!("/c/{id}")).await.is(200).text();
    assert!(page.contains("有效") && page.contains("示例电器有限公司") && page.contains("29326SC00001R0M"));

    let body = json!({"medium": "packaging", "brand": "示例", "products": "冰箱"});
    let mark = app.post(&format!("/api/v1/issuing/certificates/{id}/marks"), &body).await.is(201).json();
    let digits = mark["digits"].as_str().unwrap();
    assert_eq!(digits.len(), 217);
    for code in [digits, mark["id"].as_str().unwrap()] {
        let answer = app.get(&format!("/api/v1/marks/{code}")).await.is(200).json();
        assert_eq!(answer["verdict"], "valid", "{answer}");
        let page = app.get(&format!("/m/{code}")).await.is(200).text();
        assert!(page.contains("您手上的是这个吗") && page.contains("产品包装") && page.contains("冰箱"));
    }
}

async fn licensed(app: &TestApp, id: &str, medium: &str) -> serde_json::Value {
    app.post(&format!("/api/v1/issuing/certificates/{id}/marks"), &json!({"medium": medium})).await.is(201).json()
}

async fn mark_standing(app: &TestApp, mark: &serde_json::Value) -> (String, String) {
    let answer = app.get(&format!("/api/v1/marks/{}", mark["digits"].as_str().unwrap())).await.is(200).json();
    let text = |v: &serde_json::Value| v.as_str().unwrap().to_owned();
    (text(&answer["standing"]), text(&answer["licence"]["state"]))
}

fn pair(standing: &str, state: &str) -> (String, String) {
    (standing.to_owned(), state.to_owned())
}

#[tokio::test]
async fn suspension_freezes_the_marks_and_reinstatement_frees_them() {
    let app = TestApp::on("2026-05-08");
    let issued = app.issue(&decision("D-1", "2026-05-08")).await;
    let id = issued["id"].as_str().unwrap();
    let mark = licensed(&app, id, "packaging").await;
    app.today("2026-09-14");
    let before = app.get(&format!("/api/v1/certificates/{id}?as_of=2026-09-13")).await.is(200).json();
    assert_eq!(before["standing"], "valid");
    app.order(id, "suspension", json!({"reason": "0112", "note": "合同义务未履行，见卷宗 12 页"})).await.is(200);
    assert_eq!(app.standing(id).await, "suspended");
    assert_eq!(mark_standing(&app, &mark).await, pair("suspended", "frozen"));
    let page = app.get(&format!("/c/{id}")).await.is(200).text();
    assert!(page.contains("暂停") && page.contains("未履行认证合同义务") && page.contains("现在不能使用"));
    assert!(!page.contains("卷宗"), "the body's own note is not public");
    let day = app.get(&format!("/api/v1/certificates/{id}?as_of=2026-09-14")).await.is(200).json();
    assert_eq!(day["changed_that_day"], true, "the day of a suspension has two answers, and says so");
    app.today("2026-10-01");
    app.order(id, "reinstatement", json!({"passed_on": "2026-09-30"})).await.is(200);
    assert_eq!(app.standing(id).await, "valid");
    assert_eq!(mark_standing(&app, &mark).await, pair("valid", "active"));
    let then = app.get(&format!("/api/v1/certificates/{id}?as_of=2026-09-20")).await.is(200).json();
    assert_eq!((&then["standing"], &then["verdict"]), (&json!("suspended"), &json!("invalid")));
    let known =
        app.get(&format!("/api/v1/certificates/{id}?as_of=2026-09-20&known_at=2026-09-10")).await.is(200).json();
    assert_eq!((&known["verdict"], &known["standing"]), (&json!("undetermined"), &json!(null)), "not known then");
    let known = app.get(&format!("/api/v1/certificates/{id}?known_at=2026-09-10")).await.is(200).json();
    assert_eq!((&known["standing"], &known["as_of"]), (&json!("valid"), &known["known_at"]), "what was known then");
    let tomorrow = app.get(&format!("/api/v1/certificates/{id}?as_of=2026-10-02")).await.is(200).json();
    assert_eq!(tomorrow["verdict"], "undetermined", "the future is not known");
    let early =
        app.get(&format!("/api/v1/certificates/{id}?as_of=2026-05-08&known_at=2026-05-01")).await.is(200).json();
    assert_eq!((&early["verdict"], &early["standing"]), (&json!("undetermined"), &json!(null)));
    let history = app.get(&format!("/api/v1/certificates/{id}/history")).await.is(200).json();
    let changes: Vec<&str> = history.as_array().unwrap().iter().map(|s| s["change"].as_str().unwrap()).collect();
    assert_eq!(changes, ["issued", "suspended", "reinstated"]);
}

#[tokio::test]
async fn withdrawal_and_cancellation_are_final_and_end_the_marks() {
    let app = TestApp::on("2026-05-08");
    for (what, reason, standing) in
        [("withdrawal", "0117", "withdrawn"), ("cancellation", "holder_request", "cancelled")]
    {
        let issued = app.issue(&decision(what, "2026-05-08")).await;
        let id = issued["id"].as_str().unwrap();
        let mark = licensed(&app, id, "advertising").await;
        app.order(id, what, json!({"reason": reason})).await.is(200);
        assert_eq!(app.standing(id).await, standing);
        assert_eq!(mark_standing(&app, &mark).await, pair(standing, "ended"));
        app.order(id, "reinstatement", json!({})).await.refused(422, "certificate_ended", "");
        app.order(id, "suspension", json!({"reason": "0112"})).await.refused(422, "certificate_ended", "");
        let body = json!({"medium": "product"});
        let marks = format!("/api/v1/issuing/certificates/{id}/marks");
        app.post(&marks, &body).await.refused(422, "certificate_not_valid", "");
    }
}

#[tokio::test]
async fn a_replacement_keeps_the_end_and_the_line_and_replaces_the_marks() {
    let app = TestApp::on("2026-05-08");
    let issued = app.issue(&decision("D-1", "2026-05-08")).await;
    let old = issued["id"].as_str().unwrap();
    let mark = licensed(&app, old, "packaging").await;
    app.today("2027-02-01");
    let mut change = decision("D-2", "2027-02-01");
    change["score_sheet"] = json!(null);
    change["holder"]["name"] = json!("示例电器集团有限公司");
    let body = json!({"reason": "holder_changed", "decision": change});
    let new = app.order(old, "supersession", body.clone()).await.is(201).json();
    let id = new["id"].as_str().unwrap();
    assert_eq!(new["level"], "five_star", "carried over");
    let verdict = app.get(&format!("/api/v1/certificates/{id}")).await.is(200).json();
    assert_eq!(verdict["standing"], "valid");
    assert_eq!(verdict["valid_until"], "2029-05-07", "the end stays");
    assert_eq!(verdict["first_issued_on"], "2026-05-08");
    assert_eq!(verdict["surveillance_due_on"], "2027-05-08", "so does surveillance");
    let was = app.get(&format!("/api/v1/certificates/{old}")).await.is(200).json();
    assert_eq!((&was["standing"], &was["superseded_by"]["id"]), (&json!("superseded"), &json!(id)));
    let page = app.get(&format!("/c/{old}")).await.is(200).text();
    assert!(page.contains("已换证") && page.contains(&format!("/c/{id}")));
    assert_eq!(mark_standing(&app, &mark).await, pair("superseded", "replaced"));
    let marks = app.staff_get(&format!("/api/v1/issuing/certificates/{id}/marks")).await.is(200).json();
    assert_eq!(marks[0]["state"], "active", "the new certificate's mark is licensed with it");
    let mut other = body;
    other["decision"]["reference"] = json!("D-3");
    other["decision"]["holder"]["uscc"] = json!("91340104MA8NF2GR22");
    app.order(id, "supersession", other).await.refused(422, "other_holder", "/holder/uscc");
}

#[tokio::test]
async fn recertification_opens_in_the_third_year_and_gives_a_full_term() {
    let app = TestApp::on("2026-05-08");
    let issued = app.issue(&decision("D-1", "2026-05-08")).await;
    let old = issued["id"].as_str().unwrap();
    app.today("2028-05-07");
    let again = |reference: &str, day: &str| json!({"decision": decision(reference, day)});
    let early = app.order(old, "recertification", again("D-2", "2028-05-07")).await;
    early.refused(422, "recertification_too_early", "/issued_on");
    app.today("2029-04-20");
    let mut later = decision("D-2", "2029-04-20");
    later["issued_on"] = json!("2029-05-08");
    let new = app.order(old, "recertification", json!({"decision": later})).await.is(201).json();
    assert!(new["number"].as_str().unwrap().ends_with("R1M"), "{new}");
    assert_eq!(new["valid_until"], "2032-05-07");
    assert_eq!(app.standing(old).await, "valid", "until its successor begins");
    assert_eq!(app.standing(new["id"].as_str().unwrap()).await, "not_yet_effective");
    app.today("2029-05-08");
    assert_eq!(app.standing(old).await, "superseded");
    assert_eq!(app.standing(new["id"].as_str().unwrap()).await, "valid");
    let mut far = decision("D-3", "2029-05-08");
    far["issued_on"] = json!("2032-06-01");
    let gap = app.order(new["id"].as_str().unwrap(), "recertification", json!({"decision": far})).await;
    gap.refused(422, "recertification_gap", "/issued_on");
}

#[tokio::test]
async fn surveillance_moves_on_and_the_sweep_does_only_what_it_may() {
    let app = TestApp::on("2026-05-08");
    let a = app.issue(&decision("D-1", "2026-05-08")).await;
    let b = app.issue(&decision("D-2", "2026-05-08")).await;
    let c = app.issue(&decision("D-3", "2026-05-08")).await;
    let id = |v: &serde_json::Value| v["id"].as_str().unwrap().to_owned();
    app.today("2026-09-14");
    app.order(&id(&c), "suspension", json!({"reason": "0112", "until": "2026-12-31"})).await.is(200);
    app.today("2027-04-20");
    let due = app.staff_get("/api/v1/issuing/due").await.is(200).json();
    assert_eq!(due["surveillance_due"].as_array().unwrap().len(), 2);
    assert_eq!(due["must_be_withdrawn"][0]["id"], id(&c));
    app.order(&id(&a), "surveillance", json!({"on_site_ended_on": "2027-04-18", "outcome": "passed"})).await.is(200);
    app.today("2027-05-09");
    let verdict = app.get(&format!("/api/v1/certificates/{}", id(&b))).await.is(200).json();
    assert_eq!((&verdict["standing"], &verdict["flags"][0]), (&json!("valid"), &json!("surveillance_overdue")));
    let swept = app.post("/api/v1/issuing/sweep", &json!({})).await.is(200).json();
    assert_eq!(swept["suspended"].as_array().unwrap().len(), 1);
    assert_eq!(swept["suspended"][0]["id"], id(&b));
    assert_eq!(app.standing(&id(&b)).await, "suspended");
    assert_eq!(app.standing(&id(&a)).await, "valid");
    assert_eq!(app.standing(&id(&c)).await, "suspended", "a person withdraws, the sweep only lists it");
    let again = app.post("/api/v1/issuing/sweep", &json!({})).await.is(200).json();
    assert_eq!(again["suspended"], swept["suspended"], "the same again is one act with one answer");
    app.today("2029-05-08");
    assert_eq!(app.standing(&id(&a)).await, "expired", "computed, never swept");
    let report = starmark::domain::holder::OverduePolicy::Report;
    let body = format!("{}\n[policy]\noverdue_surveillance = \"report\"\n", crate::harness::BODY);
    let app = TestApp::with_body("2026-05-08", &body);
    assert_eq!(app.service.body().policy.overdue_surveillance, report);
    let d = app.issue(&decision("D-4", "2026-05-08")).await;
    app.today("2027-05-09");
    let swept = app.post("/api/v1/issuing/sweep", &json!({})).await.is(200).json();
    assert_eq!(swept["surveillance_overdue"][0]["id"], id(&d));
    assert_eq!(app.standing(&id(&d)).await, "valid");
}

#[tokio::test]
async fn a_mark_can_be_asked_for_refused_granted_and_revoked() {
    let app = TestApp::on("2026-05-08");
    let issued = app.issue(&decision("D-1", "2026-05-08")).await;
    let id = issued["id"].as_str().unwrap();
    let marks = format!("/api/v1/issuing/certificates/{id}/marks");
    let asked =
        app.post(&marks, &json!({"medium": "premises", "site": "示例总部", "approve": false})).await.is(201).json();
    let mark = asked["id"].as_str().unwrap();
    let answer = app.get(&format!("/api/v1/marks/{mark}")).await.is(200).json();
    assert_eq!((&answer["verdict"], &answer["licence"]["state"]), (&json!("invalid"), &json!("requested")));
    let artwork = format!("/api/v1/issuing/marks/{mark}/artwork?layout=small");
    app.staff_get(&artwork).await.refused(422, "mark_not_active", "");
    app.post(&format!("/api/v1/issuing/marks/{mark}/approval"), &json!({})).await.is(200);
    let file = app.staff_get(&artwork).await.is(200);
    assert_eq!(file.headers["content-type"], "image/png");
    let codes = starmark::mark::read::codes(&file.bytes).unwrap();
    assert_eq!(codes.into_iter().collect::<Vec<_>>(), [format!("https://xb.example.cn/m/{mark}")]);
    let same = json!({"medium": "premises", "site": "示例总部"});
    app.post(&marks, &same).await.refused(409, "mark_licensed", "");
    app.post(&marks, &json!({"medium": "premises", "site": "别处"})).await.refused(422, "site_not_covered", "/site");
    app.post(&format!("/api/v1/issuing/marks/{mark}/revocation"), &json!({"reason": "misuse"})).await.is(200);
    let page = app.get(&format!("/m/{mark}")).await.is(200).text();
    assert!(page.contains("已撤销") && page.contains("经确认的违规使用") && !page.contains("您手上的是这个吗"));
    assert_eq!(app.standing(id).await, "valid", "the certificate itself stands");
    app.post(&format!("/api/v1/issuing/marks/{mark}/refusal"), &json!({})).await.refused(422, "mark_state", "");
    app.post(&marks, &same).await.is(201);
    let body = format!("{}\n[policy]\npackaging_marks = false\n", crate::harness::BODY);
    let app = TestApp::with_body("2026-05-08", &body);
    let issued = app.issue(&decision("D-1", "2026-05-08")).await;
    let marks = format!("/api/v1/issuing/certificates/{}/marks", issued["id"].as_str().unwrap());
    app.post(&marks, &json!({"medium": "packaging"})).await.refused(422, "medium_not_allowed", "/medium");
}

#[tokio::test]
async fn a_clock_set_back_hides_nothing_and_records_nothing() {
    let app = TestApp::on("2026-05-08");
    let issued = app.issue(&decision("D-1", "2026-05-08")).await;
    let id = issued["id"].as_str().unwrap();
    app.today("2026-09-14");
    app.order(id, "suspension", json!({"reason": "0112"})).await.is(200);
    app.today("2026-06-01");
    assert_eq!(app.standing(id).await, "suspended", "what was recorded stays recorded");
    app.order(id, "reinstatement", json!({})).await.refused(422, "clock_behind", "");
    app.today("2026-09-15");
    app.order(id, "reinstatement", json!({})).await.is(200);
}

#[tokio::test]
async fn a_page_about_another_day_is_never_green_and_says_how_it_stands_today() {
    let app = TestApp::on("2026-05-08");
    let issued = app.issue(&decision("D-1", "2026-05-08")).await;
    let id = issued["id"].as_str().unwrap();
    let mark = licensed(&app, id, "packaging").await;
    app.today("2026-09-14");
    app.order(id, "withdrawal", json!({"reason": "0117"})).await.is(200);
    for asked in ["as_of=2026-06-01", "known_at=2026-06-01", "as_of=2026-06-01&known_at=2026-06-01"] {
        let page = app.get(&format!("/c/{id}?{asked}")).await.is(200).text();
        assert!(page.contains("band was-valid hatched") && page.contains("当时有效"), "{asked}");
        assert!(page.contains("现在的状态：已撤销") && !page.contains('★'.to_string().repeat(2).as_str()), "{asked}");
        let page = app.get(&format!("/m/{}?{asked}", mark["digits"].as_str().unwrap())).await.is(200).text();
        assert!(page.contains("band withdrawn hatched"), "a mark's page is about now: {asked}");
    }
}

#[tokio::test]
async fn a_failed_surveillance_is_told_and_a_suspension_that_ran_out_is_not_escaped() {
    let app = TestApp::on("2026-05-08");
    let issued = app.issue(&decision("D-1", "2026-05-08")).await;
    let id = issued["id"].as_str().unwrap();
    app.today("2026-08-03");
    app.order(id, "surveillance", json!({"on_site_ended_on": "2026-08-01", "outcome": "failed"})).await.is(200);
    let verdict = app.get(&format!("/api/v1/certificates/{id}")).await.is(200).json();
    let check = verdict["checks"].as_array().unwrap().iter().find(|c| c["check"] == "surveillance").unwrap();
    assert_eq!((&check["result"], &check["code"]), (&json!("failed"), &json!("surveillance_failed")));
    app.order(id, "suspension", json!({"reason": "0111", "until": "2026-12-10"})).await.is(200);
    app.today("2026-12-11");
    app.order(id, "cancellation", json!({"reason": "holder_request"})).await.refused(422, "must_be_withdrawn", "");
    app.order(id, "withdrawal", json!({"reason": "0115"})).await.is(200);
}
