//! A certificate whose successor is on record but has not begun: it lives on until then, and what befalls it befalls both.

use crate::harness::{TestApp, decision};
use serde_json::{Value, json};

struct Planned {
    old: String,
    new: String,
    old_mark: String,
    new_mark: String,
}

/// Issued on 2024-05-08, recertified on 2027-04-10 from 2027-05-01 on, with one mark.
async fn planned() -> (TestApp, Planned) {
    let app = TestApp::on("2024-05-08");
    let text = |v: &Value| v.as_str().unwrap().to_owned();
    let old = text(&app.issue(&decision("D-1", "2024-05-08")).await["id"]);
    let marks = format!("/api/v1/issuing/certificates/{old}/marks");
    let old_mark = text(&app.post(&marks, &json!({"medium": "packaging"})).await.is(201).json()["id"]);
    for (today, on_site) in [("2025-04-20", "2025-04-18"), ("2026-04-20", "2026-04-18")] {
        app.today(today);
        let body = json!({"on_site_ended_on": on_site, "outcome": "passed"});
        app.order(&old, "surveillance", body).await.is(200);
    }
    app.today("2027-04-10");
    let mut next = decision("D-2", "2027-04-10");
    next["issued_on"] = json!("2027-05-01");
    let new = text(&app.order(&old, "recertification", json!({"decision": next})).await.is(201).json()["id"]);
    let marks = app.staff_get(&format!("/api/v1/issuing/certificates/{new}/marks")).await.is(200).json();
    let new_mark = text(&marks[0]["id"]);
    (app, Planned { old, new, old_mark, new_mark })
}

async fn mark(app: &TestApp, id: &str) -> Value {
    app.get(&format!("/api/v1/marks/{id}")).await.is(200).json()["standing"].clone()
}

#[tokio::test]
async fn until_its_successor_begins_a_certificate_is_in_force_and_says_what_comes() {
    let (app, p) = planned().await;
    assert_eq!((app.standing(&p.old).await, app.standing(&p.new).await), ("valid".into(), "not_yet_effective".into()));
    let old = app.get(&format!("/api/v1/certificates/{}", p.old)).await.is(200).json();
    assert_eq!(old["superseded_by"]["id"], json!(p.new));
    assert_eq!(old["superseded_by"]["from"], "2027-05-01");
    let before = app.get(&format!("/api/v1/certificates/{}?known_at=2027-04-01", p.old)).await.is(200).json();
    assert_eq!(before["superseded_by"], json!(null), "what was known before tells nothing of it");
    let page = app.get(&format!("/c/{}", p.old)).await.is(200).text();
    assert!(page.contains("起由新证书取代") && page.contains(&format!("/c/{}", p.new)), "{page}");
    assert_eq!(
        (mark(&app, &p.old_mark).await, mark(&app, &p.new_mark).await),
        (json!("valid"), json!("not_yet_effective"))
    );
    // Its signed code leaves by no door before its day.
    let acts = app.staff_get(&format!("/api/v1/issuing/certificates/{}/acts", p.new)).await.is(200).json();
    let marks = app.staff_get(&format!("/api/v1/issuing/certificates/{}/marks", p.new)).await.is(200).json();
    let has_code = |v: &Value| v.to_string().split(|c: char| !c.is_ascii_digit()).any(|run| run.len() == 217);
    assert!(!has_code(&acts) && !has_code(&marks), "{acts} {marks}");
    // A mark printed now would be waste in three weeks; a second successor has no place.
    let marks = format!("/api/v1/issuing/certificates/{}/marks", p.old);
    app.post(&marks, &json!({"medium": "premises"})).await.refused(422, "successor_planned", "");
    let mut again = decision("D-3", "2027-04-10");
    again["issued_on"] = json!("2027-05-02");
    app.order(&p.old, "recertification", json!({"decision": again})).await.refused(422, "successor_planned", "");
    app.today("2027-05-01");
    assert_eq!((app.standing(&p.old).await, app.standing(&p.new).await), ("superseded".into(), "valid".into()));
    assert_eq!((mark(&app, &p.old_mark).await, mark(&app, &p.new_mark).await), (json!("superseded"), json!("valid")));
    app.order(&p.old, "suspension", json!({"reason": "0112"})).await.refused(422, "certificate_ended", "");
    app.order(&p.old, "withdrawal", json!({"reason": "0117", "effective_on": "2027-04-30"})).await.refused(
        422,
        "certificate_ended",
        "",
    );
}

#[tokio::test]
async fn a_suspension_before_the_change_goes_over_to_the_successor_and_is_lifted_with_it() {
    let (app, p) = planned().await;
    app.today("2027-04-20");
    app.order(&p.old, "suspension", json!({"reason": "0112"})).await.is(200);
    assert_eq!((app.standing(&p.old).await, app.standing(&p.new).await), ("suspended".into(), "suspended".into()));
    assert_eq!(mark(&app, &p.old_mark).await, "suspended");
    app.today("2027-05-02");
    assert_eq!((app.standing(&p.old).await, app.standing(&p.new).await), ("superseded".into(), "suspended".into()));
    assert_eq!(mark(&app, &p.new_mark).await, "suspended");
    app.order(&p.new, "reinstatement", json!({"passed_on": "2027-05-02"})).await.is(200);
    assert_eq!((app.standing(&p.new).await.as_str(), mark(&app, &p.new_mark).await), ("valid", json!("valid")));

    let (app, p) = planned().await;
    app.today("2027-04-20");
    app.order(&p.old, "suspension", json!({"reason": "0112"})).await.is(200);
    app.today("2027-04-25");
    app.order(&p.old, "reinstatement", json!({"passed_on": "2027-04-24"})).await.is(200);
    assert_eq!((app.standing(&p.old).await, app.standing(&p.new).await), ("valid".into(), "not_yet_effective".into()));
    app.today("2027-05-02");
    assert_eq!((app.standing(&p.new).await.as_str(), mark(&app, &p.new_mark).await), ("valid", json!("valid")));
}

#[tokio::test]
async fn the_marks_follow_until_the_change_and_no_word_of_theirs_hides_a_withdrawal() {
    let (app, p) = planned().await;
    let state = |v: &Value| v["licence"]["state"].as_str().unwrap_or("none").to_owned();
    let mark = async |id: &str| app.get(&format!("/api/v1/marks/{id}")).await.is(200).json();
    app.today("2027-04-20");
    app.order(&p.old, "suspension", json!({"reason": "0112"})).await.is(200);
    assert_eq!(state(&mark(&p.old_mark).await), "frozen");
    app.today("2027-04-22");
    app.order(&p.old, "reinstatement", json!({"passed_on": "2027-04-22"})).await.is(200);
    assert_eq!(state(&mark(&p.old_mark).await), "active");
    app.order(&p.old, "withdrawal", json!({"reason": "0117"})).await.is(200);
    assert_eq!(state(&mark(&p.old_mark).await), "ended");
    for day in ["2027-04-23", "2027-05-02"] {
        app.today(day);
        assert_eq!(mark(&p.old_mark).await["standing"], "withdrawn");
        let page = app.get(&format!("/m/{}", p.old_mark)).await.is(200).text();
        assert!(page.contains("已撤销") && !page.contains("标志已更换"), "{day}");
    }
}

#[tokio::test]
async fn a_request_is_not_licensed_by_a_change_of_certificate() {
    let app = TestApp::on("2026-05-08");
    let text = |v: &Value| v.as_str().unwrap().to_owned();
    let old = text(&app.issue(&decision("D-1", "2026-05-08")).await["id"]);
    let body = json!({"medium": "product", "approve": false});
    let asked = text(&app.post(&format!("/api/v1/issuing/certificates/{old}/marks"), &body).await.is(201).json()["id"]);
    let mut change = decision("D-2", "2026-05-08");
    change["holder"]["name"] = json!("示例电器集团有限公司");
    app.order(&old, "supersession", json!({"reason": "holder_changed", "decision": change})).await.is(201);
    let page = app.get(&format!("/m/{asked}")).await.is(200).text();
    assert!(page.contains("标志未获许可"), "{page}");
}

#[tokio::test]
async fn a_successor_does_not_end_alone_before_it_begins() {
    let (app, p) = planned().await;
    app.order(&p.new, "withdrawal", json!({"reason": "0199"})).await.refused(422, "successor_to_come", "");
    app.order(&p.new, "cancellation", json!({"reason": "holder_request"})).await.refused(422, "successor_to_come", "");
    // A slip in it is mended by one in its place.
    let mut corrected = decision("D-3", "2027-04-10");
    corrected["issued_on"] = json!("2027-05-01");
    let body = json!({"reason": "reissued", "decision": corrected});
    let third = app.order(&p.new, "supersession", body).await.is(201).json()["id"].as_str().unwrap().to_owned();
    app.today("2027-05-01");
    assert_eq!(app.standing(&p.old).await, "superseded");
    assert_eq!((app.standing(&p.new).await, app.standing(&third).await), ("superseded".into(), "valid".into()));
    app.order(&third, "withdrawal", json!({"reason": "0117"})).await.is(200);
}

#[tokio::test]
async fn a_suspension_called_off_reads_so() {
    let app = TestApp::on("2026-05-08");
    let id = app.issue(&decision("D-1", "2026-05-08")).await["id"].as_str().unwrap().to_owned();
    app.today("2026-06-01");
    app.order(&id, "suspension", json!({"reason": "0111", "confirmed_on": "2026-06-01", "effective_on": "2026-06-04"}))
        .await
        .is(200);
    app.today("2026-06-02");
    app.order(&id, "reinstatement", json!({})).await.is(200);
    app.today("2026-06-10");
    assert_eq!(app.standing(&id).await, "valid");
    let page = app.get(&format!("/c/{id}")).await.is(200).text();
    assert!(page.contains("取消暂停") && !page.contains(">恢复<"), "{page}");
}

#[tokio::test]
async fn a_successor_suspended_for_itself_is_not_freed_with_the_old_one() {
    let (app, p) = planned().await;
    app.today("2027-04-15");
    app.order(&p.new, "suspension", json!({"reason": "0116"})).await.is(200);
    app.today("2027-04-20");
    app.order(&p.old, "suspension", json!({"reason": "0112"})).await.is(200);
    app.today("2027-04-25");
    app.order(&p.old, "reinstatement", json!({"passed_on": "2027-04-24"})).await.is(200);
    assert_eq!((app.standing(&p.old).await, app.standing(&p.new).await), ("valid".into(), "suspended".into()));
}

#[tokio::test]
async fn whoever_is_withdrawn_before_the_change_does_not_come_back_by_it() {
    for (what, reason, standing) in
        [("withdrawal", "0117", "withdrawn"), ("cancellation", "holder_request", "cancelled")]
    {
        let (app, p) = planned().await;
        app.today("2027-04-20");
        app.order(&p.old, what, json!({"reason": reason})).await.is(200);
        for day in ["2027-04-21", "2027-05-01", "2028-01-01"] {
            app.today(day);
            assert_eq!((app.standing(&p.old).await, app.standing(&p.new).await), (standing.into(), standing.into()));
            assert_eq!(mark(&app, &p.new_mark).await, json!(standing), "{day}");
        }
    }
}

#[tokio::test]
async fn surveillance_goes_on_and_the_sweep_knows_what_has_ended() {
    let app = TestApp::on("2026-05-08");
    let text = |v: &Value| v.as_str().unwrap().to_owned();
    let old = text(&app.issue(&decision("D-1", "2026-05-08")).await["id"]);
    // Renamed from June on; surveillance of the line is due on 8 May.
    app.today("2027-04-01");
    let mut change = decision("D-2", "2027-04-01");
    change["score_sheet"] = json!(null);
    change["issued_on"] = json!("2027-06-01");
    change["holder"]["name"] = json!("示例电器集团有限公司");
    let body = json!({"reason": "holder_changed", "decision": change});
    let new = text(&app.order(&old, "supersession", body).await.is(201).json()["id"]);
    let due = app.staff_get("/api/v1/issuing/due").await.is(200).json();
    assert_eq!(due["surveillance_due"][0]["id"], json!(old), "{due}");
    app.today("2027-05-06");
    let survey = json!({"on_site_ended_on": "2027-05-05", "outcome": "passed"});
    app.order(&old, "surveillance", survey).await.is(200);
    for id in [&old, &new] {
        let answer = app.get(&format!("/api/v1/certificates/{id}")).await.is(200).json();
        assert_eq!(answer["surveillance_due_on"], "2028-05-05");
    }
    // A year later it is overdue: the one that is in force is listed and suspended, the old one is not.
    app.today("2028-05-10");
    let swept = app.post("/api/v1/issuing/sweep", &json!({})).await.is(200).json();
    let ids: Vec<&Value> = swept["suspended"].as_array().unwrap().iter().map(|s| &s["id"]).collect();
    assert_eq!(ids, [&json!(new)], "{swept}");
}

#[tokio::test]
async fn a_reason_that_the_register_contradicts_is_refused() {
    let app = TestApp::on("2026-05-08");
    let id = app.issue(&decision("D-1", "2026-05-08")).await["id"].as_str().unwrap().to_owned();
    let untrue = |answer: crate::harness::Answer| answer.refused(422, "reason_untrue", "/reason");
    untrue(app.order(&id, "suspension", json!({"reason": "surveillance_overdue"})).await);
    untrue(app.order(&id, "withdrawal", json!({"reason": "0115"})).await);
    untrue(app.order(&id, "withdrawal", json!({"reason": "0120"})).await);
    for reason in ["holder_changed", "scope_changed", "level_changed"] {
        let body = json!({"reason": reason, "decision": decision("D-2", "2026-05-08")});
        untrue(app.order(&id, "supersession", body).await);
    }
    app.order(&id, "suspension", json!({"reason": "0112", "until": "2026-09-01"})).await.is(200);
    untrue(app.order(&id, "withdrawal", json!({"reason": "0115"})).await);
    app.today("2026-09-02");
    app.order(&id, "withdrawal", json!({"reason": "0115"})).await.is(200);
    assert_eq!(app.standing(&id).await, "withdrawn");
}

#[tokio::test]
async fn a_mark_in_use_gets_a_new_code_and_the_old_one_leads_to_it() {
    let app = TestApp::on("2026-05-08");
    let id = app.issue(&decision("D-1", "2026-05-08")).await["id"].as_str().unwrap().to_owned();
    let marks = format!("/api/v1/issuing/certificates/{id}/marks");
    let old = app.post(&marks, &json!({"medium": "product", "brand": "示例"})).await.is(201).json();
    let old_id = old["id"].as_str().unwrap();
    let new = app.post(&format!("/api/v1/issuing/marks/{old_id}/replacement"), &json!({})).await.is(200).json();
    assert_ne!(new["digits"], old["digits"]);
    assert_eq!((&new["brand"], &new["medium"], &new["state"]), (&old["brand"], &old["medium"], &json!("active")));
    assert_eq!(mark(&app, old_id).await, "superseded");
    assert_eq!(mark(&app, new["digits"].as_str().unwrap()).await, "valid");
    let page = app.get(&format!("/m/{old_id}")).await.is(200).text();
    assert!(page.contains(&format!("/m/{}", new["id"].as_str().unwrap())));
    // Misuse of the old artwork is still misuse.
    let revoke = json!({"reason": "misuse"});
    app.post(&format!("/api/v1/issuing/marks/{old_id}/revocation"), &revoke).await.is(200);
    assert_eq!(mark(&app, old_id).await, "withdrawn");
    app.post(&format!("/api/v1/issuing/marks/{old_id}/replacement"), &json!({})).await.refused(
        422,
        "mark_not_active",
        "",
    );
}
