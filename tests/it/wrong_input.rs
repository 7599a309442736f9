//! Wrong input: each a clear refusal or verdict, nothing changed, never a panic.

use crate::harness::{TestApp, decision};
use serde_json::{Value, json};
use starmark::domain::Role;

const ISSUE: &str = "/api/v1/issuing/certificates";

/// Sends a decision changed by `change` and expects its refusal; nothing is left behind.
#[track_caller]
fn changed(change: impl FnOnce(&mut Value)) -> Value {
    let mut decision = decision("D-1", "2026-05-08");
    change(&mut decision);
    decision
}

async fn refused(app: &TestApp, decision: Value, status: u16, code: &str, pointer: &str) {
    let events = app.service.store().next_seq();
    app.post_as(&app.token, None, ISSUE, decision.to_string()).await.refused(status, code, pointer);
    assert_eq!(app.service.store().next_seq(), events, "{code}: something was written");
}

type Case = (Value, u16, &'static str, &'static str);

fn set(pointer: &'static str, value: Value) -> impl FnOnce(&mut Value) {
    move |d| *d.pointer_mut(pointer).unwrap_or_else(|| panic!("{pointer}")) = value
}

async fn all_refused(app: &TestApp, cases: Vec<Case>) {
    for (decision, status, code, pointer) in cases {
        refused(app, decision, status, code, pointer).await;
    }
}

#[tokio::test]
async fn decisions_whose_names_persons_or_dates_do_not_hold() {
    let app = TestApp::on("2026-05-08");
    let cases: Vec<Case> = vec![
        (changed(set("/holder/uscc", json!("91110108551385082P"))), 400, "bad_uscc", "/holder/uscc"),
        (changed(set("/holder/name", json!("示".repeat(300_000)))), 400, "text_too_long", "/holder/name"),
        (changed(set("/holder/name", json!("  "))), 400, "text_empty", "/holder/name"),
        (changed(set("/holder/name", json!("示例\u{202e}公司"))), 400, "text_unseen_character", "/holder/name"),
        (changed(set("/scheme", json!("gbt27922-2031"))), 400, "unknown_scheme", "/scheme"),
        (changed(set("/number", json!("<script>"))), 400, "bad_number", "/number"),
        (changed(set("/decided_on", json!("2026-05-09"))), 422, "in_the_future", "/decided_on"),
        (changed(set("/issued_on", json!("2026-05-07"))), 422, "dates_out_of_order", "/issued_on"),
        (changed(set("/on_site_ended_on", json!("2026-05-09"))), 422, "dates_out_of_order", "/on_site_ended_on"),
        (changed(set("/issued_on", json!("2026-02-30"))), 400, "bad_date", "/issued_on"),
        (changed(set("/issued_on", json!("08/05/2026"))), 400, "bad_date", "/issued_on"),
        (changed(set("/decided_by", json!(["C-01", "ｅ-02"]))), 422, "duties_not_separated", "/decided_by/1"),
        (changed(set("/reviewed_by", json!(["E-01"]))), 422, "duties_not_separated", "/reviewed_by/0"),
        (changed(set("/countersigned_by", json!("E-01"))), 422, "duties_not_separated", "/countersigned_by"),
        (
            changed(|d| {
                d["decided_by"] = json!(["H-01"]);
            }),
            422,
            "duties_not_separated",
            "/countersigned_by",
        ),
        (changed(set("/evaluators", json!([]))), 400, "persons_missing", "/evaluators"),
        (changed(|d| d["levle"] = json!("five_star")), 400, "json_shape", "/levle"),
        (changed(|d| drop(d.as_object_mut().unwrap().remove("scope"))), 400, "json_shape", ""),
    ];
    all_refused(&app, cases).await;
}

#[tokio::test]
async fn levels_and_items_that_do_not_hold() {
    let app = TestApp::on("2026-05-08");
    let cases: Vec<Case> = vec![
        (changed(set("/level", json!("six_star"))), 400, "unknown_level", "/level"),
        (
            changed(|d| {
                d["score_sheet"]["items"][13]["result"] = json!("nonconform");
                d["level"] = json!("five_star");
            }),
            422,
            "level_above_computed",
            "/level",
        ),
        (changed(set("/level", json!("four_star"))), 400, "text_empty", "/level_reason"),
        (
            changed(set("/score_sheet/items/0/clause", json!("9.9"))),
            400,
            "unknown_clause",
            "/score_sheet/items/0/clause",
        ),
        (changed(set("/score_sheet/items/0/clause", json!("5.1.2"))), 400, "clause_twice", "/score_sheet/items/1"),
        (
            changed(|d| drop(d["score_sheet"]["items"].as_array_mut().unwrap().pop())),
            400,
            "clause_missing",
            "/score_sheet/items",
        ),
        (changed(set("/score_sheet/items/2/result", json!("fine"))), 400, "bad_item", "/score_sheet/items/2"),
    ];
    all_refused(&app, cases).await;
}

#[tokio::test]
async fn sheets_that_do_not_hold_or_do_not_pass() {
    let app = TestApp::on("2026-05-08");
    let cases: Vec<Case> = vec![
        (
            changed(set("/score_sheet/items/2/result", json!("not_applicable"))),
            400,
            "text_empty",
            "/score_sheet/items/2/reason",
        ),
        (
            changed(set("/score_sheet/items/2", json!({"clause": "5.1.3", "sampled": 3, "nonconforming": 4}))),
            400,
            "bad_sample",
            "/score_sheet/items/2/sampled",
        ),
        (
            changed(set("/score_sheet/items/2", json!({"clause": "5.1.3", "sampled": -3, "nonconforming": 4}))),
            400,
            "json_shape",
            "/score_sheet/items/2/sampled",
        ),
        (
            changed(set("/score_sheet/special_deductions", json!([{"reason": "x", "corrected": false}]))),
            422,
            "deduction_not_corrected",
            "/score_sheet/special_deductions/0/corrected",
        ),
        (
            changed(set("/score_sheet/special_deductions", json!(vec![json!({"reason": "x", "corrected": true}); 5]))),
            422,
            "not_certifiable",
            "/score_sheet",
        ),
        (
            changed(|d| {
                for item in d["score_sheet"]["items"].as_array_mut().unwrap().iter_mut().take(5) {
                    item["result"] = json!("nonconform");
                }
            }),
            422,
            "not_certifiable",
            "/score_sheet",
        ),
        (
            changed(|d| {
                for item in d["score_sheet"]["items"].as_array_mut().unwrap() {
                    *item = json!({"clause": item["clause"], "result": "not_applicable", "reason": "x"});
                }
            }),
            400,
            "no_applicable_clause",
            "/score_sheet/items",
        ),
        (changed(set("/score_sheet", json!(null))), 400, "score_sheet_missing", "/score_sheet"),
    ];
    all_refused(&app, cases).await;
}

#[tokio::test]
async fn every_fault_of_a_decision_is_told_at_once() {
    let app = TestApp::on("2026-05-08");
    let many = changed(|d| {
        d["holder"]["uscc"] = json!("x");
        d["scope"] = json!("");
        d["issued_on"] = json!("soon");
    });
    let problem = app.post_as(&app.token, None, ISSUE, many.to_string()).await.is(400).json();
    assert_eq!(problem["errors"].as_array().unwrap().len(), 3, "every fault at once: {problem}");
}

#[tokio::test]
async fn bodies_that_are_no_json() {
    let app = TestApp::on("2026-05-08");
    let good = decision("D-1", "2026-05-08").to_string();
    let twice = good.replacen("\"level\":null", "\"level\":null,\"level\":\"five_star\"", 1);
    let cases: Vec<(Vec<u8>, u16, &str)> = vec![
        (b"{\"reference\": \"\xff\xfe\"}".to_vec(), 400, "json_utf8"),
        (b"{".to_vec(), 400, "json_syntax"),
        (b"".to_vec(), 400, "json_syntax"),
        (twice.into_bytes(), 400, "json_duplicate_member"),
        ("[".repeat(5_000).into_bytes(), 400, "json_too_deep"),
        (vec![b'x'; 3 << 20], 413, "body_too_large"),
    ];
    for (body, status, code) in cases {
        let answer = app.post_as(&app.token, None, ISSUE, body).await.is(status).json();
        assert_eq!(answer["code"], code, "{answer}");
    }
    let request = axum::http::Request::post(ISSUE).header("authorization", format!("Bearer {}", app.token));
    let answer = app.send(request.body(good.into()).unwrap()).await;
    answer.refused(415, "json_needed", "");
}

#[tokio::test]
async fn a_number_or_reference_is_used_once_and_a_request_is_done_once() {
    let app = TestApp::on("2026-05-08");
    let mut first = decision("D-1", "2026-05-08");
    first["number"] = json!(" 29326sc10002r0m ");
    let issued = app.issue(&first).await;
    assert_eq!(issued["number"], "29326SC10002R0M");
    let again = app.post_as(&app.token, None, ISSUE, first.to_string()).await.is(200).json();
    assert_eq!((&again["id"], &again["replayed"]), (&issued["id"], &json!(true)));
    let mut other = first.clone();
    other["scope"] = json!("别的范围");
    app.post_as(&app.token, None, ISSUE, other.to_string()).await.refused(409, "idempotency_mismatch", "");
    app.post_as(&app.token, Some("k2"), ISSUE, other.to_string()).await.refused(409, "reference_taken", "/reference");
    other["reference"] = json!("D-2");
    other["number"] = json!("２９３２６ＳＣ１０００２Ｒ０Ｍ");
    app.post_as(&app.token, None, ISSUE, other.to_string()).await.refused(409, "number_taken", "/number");
    let id = issued["id"].as_str().unwrap();
    let path = format!("{ISSUE}/{id}/suspension");
    let body = json!({"reason": "0112"}).to_string();
    app.post_as(&app.token, None, &path, body.clone()).await.refused(400, "idempotency_key_needed", "");
    app.post_as(&app.token, Some("s1"), &path, body.clone()).await.is(200);
    app.post_as(&app.token, Some("s1"), &path, body.clone()).await.is(200);
    app.post_as(&app.token, Some("s2"), &path, body).await.refused(422, "already_suspended", "");
    let reason = json!({"reason": "0101"}).to_string();
    app.post_as(&app.token, Some("s1"), &path, reason).await.refused(400, "unknown_reason", "/reason");
}

#[tokio::test]
async fn reasons_come_from_their_own_table() {
    let app = TestApp::on("2026-05-08");
    let issued = app.issue(&decision("D-1", "2026-05-08")).await;
    let id = issued["id"].as_str().unwrap();
    // 0118 suspends only, 0101 withdraws only; 0112 means another thing in each.
    app.order(id, "withdrawal", json!({"reason": "0118"})).await.refused(400, "unknown_reason", "/reason");
    app.order(id, "suspension", json!({"reason": "0101"})).await.refused(400, "unknown_reason", "/reason");
    app.order(id, "cancellation", json!({"reason": "0112"})).await.refused(400, "unknown_reason", "/reason");
    app.order(id, "suspension", json!({"reason": "0112"})).await.is(200);
    let page = app.get(&format!("/c/{id}")).await.text();
    assert!(page.contains("未履行认证合同义务") && !page.contains("拒绝监督"));
    app.order(id, "withdrawal", json!({"reason": "0112"})).await.is(200);
    assert!(app.get(&format!("/c/{id}")).await.text().contains("拒绝监督或提供虚假材料"));
}

#[tokio::test]
async fn codes_with_one_digit_changed_are_never_genuine() {
    let app = TestApp::on("2026-05-08");
    let issued = app.issue(&decision("D-1", "2026-05-08")).await;
    let marks = format!("{ISSUE}/{}/marks", issued["id"].as_str().unwrap());
    let mark = app.post(&marks, &json!({"medium": "packaging"})).await.is(201).json();
    let digits = mark["digits"].as_str().unwrap().to_owned();
    for i in 0..digits.len() {
        let mut bad = digits.clone().into_bytes();
        bad[i] = b'0' + (bad[i] - b'0' + 1 + (i as u8 % 9)) % 10;
        let bad = String::from_utf8(bad).unwrap();
        if bad == digits {
            continue;
        }
        let answer = app.get(&format!("/api/v1/marks/{bad}")).await.is(200).json();
        assert_eq!((&answer["verdict"], &answer["mark"]), (&json!("invalid"), &json!("not_genuine")), "digit {i}");
        assert_eq!((&answer["licence"], &answer["certificate"]), (&json!(null), &json!(null)));
        if i % 31 == 0 {
            let page = app.get(&format!("/m/{bad}")).await.is(404).text();
            assert!(
                page.contains("不是真标志")
                    && !page.contains("示例电器")
                    && !page.contains('★'.to_string().repeat(2).as_str())
            );
        }
    }
    let id = mark["id"].as_str().unwrap();
    for i in 0..id.len() {
        let mut bad = id.to_owned().into_bytes();
        bad[i] = b'0' + (bad[i] - b'0' + 1) % 10;
        let answer = app.get(&format!("/api/v1/marks/{}", String::from_utf8(bad).unwrap())).await.is(200).json();
        assert_eq!((&answer["verdict"], &answer["mark"]), (&json!("undetermined"), &json!("incomplete")), "digit {i}");
    }
    for text in ["1", "x", "%00", "9".repeat(217).as_str(), "0".repeat(217).as_str(), "1".repeat(390).as_str()] {
        let answer = app.get(&format!("/api/v1/marks/{text}")).await;
        assert!(answer.status.as_u16() < 500);
        assert_ne!(answer.json()["verdict"], "valid", "{text}");
    }
}

#[tokio::test]
async fn what_was_never_issued_accuses_nobody() {
    let app = TestApp::on("2026-05-08");
    let never = starmark::domain::CertificateId::from_bytes([9; 6]);
    app.get(&format!("/api/v1/certificates/{never}")).await.refused(404, "no_such_certificate", "");
    app.get("/api/v1/certificates/1234567890123456").await.refused(404, "bad_identifier", "");
    let page = app.get(&format!("/c/{never}")).await.is(404).text();
    assert!(page.contains("查无此证") && !page.contains("不是真标志"));
    let mark = starmark::domain::MarkId::from_bytes([9; 6]);
    let answer = app.get(&format!("/api/v1/marks/{mark}")).await.is(200).json();
    assert_eq!((&answer["verdict"], &answer["mark"]), (&json!("undetermined"), &json!("unknown")));
    assert!(app.get(&format!("/m/{mark}")).await.is(404).text().contains("查无此证"));
    let list = app.get("/api/v1/certificates?number=29326SC99999R0M").await.is(200).json();
    assert_eq!(list["total"], 0);
    for bad in ["as_of=yesterday", "as_of=2026-13-01", "known_at=x", "asof=2026-05-08"] {
        let answer = app.get(&format!("/api/v1/certificates/{never}?{bad}")).await;
        assert_eq!(answer.status, 400, "{bad}: {}", answer.text());
    }
    for bad in
        ["", "number=A&uscc=B", "uscc=123", "number=%3Cscript%3E", "holder=", "holder=x&limit=0", "holder=x&limit=101"]
    {
        let answer = app.get(&format!("/api/v1/certificates?{bad}")).await;
        assert_eq!(answer.status, 400, "{bad}: {}", answer.text());
    }
}

#[tokio::test]
async fn each_role_does_its_own_and_a_revoked_token_nothing() {
    let app = TestApp::on("2026-05-08");
    let issued = app.issue(&decision("D-1", "2026-05-08")).await;
    let id = issued["id"].as_str().unwrap();
    let writes: [(String, Value, Role); 8] = [
        (ISSUE.into(), decision("D-2", "2026-05-08"), Role::Registrar),
        (
            format!("{ISSUE}/{id}/surveillance"),
            json!({"on_site_ended_on": "2026-05-08", "outcome": "passed"}),
            Role::Registrar,
        ),
        (format!("{ISSUE}/{id}/marks"), json!({"medium": "packaging"}), Role::MarkOfficer),
        (format!("{ISSUE}/{id}/suspension"), json!({"reason": "0112"}), Role::DecisionMaker),
        (format!("{ISSUE}/{id}/reinstatement"), json!({}), Role::DecisionMaker),
        ("/api/v1/issuing/sweep".into(), json!({}), Role::DecisionMaker),
        (format!("{ISSUE}/{id}/withdrawal"), json!({"reason": "0199"}), Role::DecisionMaker),
        (format!("{ISSUE}/{id}/cancellation"), json!({"reason": "holder_gone"}), Role::DecisionMaker),
    ];
    let tokens: Vec<(Role, String)> = Role::OF_TOKENS.into_iter().map(|r| (r, app.token_of(r))).collect();
    let mut key = 0;
    for (path, body, needed) in &writes {
        for token in ["", "smk_wrong", &"x".repeat(100_000)] {
            app.post_as(token, Some("k"), path, body.to_string()).await.refused(401, "token_needed", "");
        }
        for (role, token) in &tokens {
            key += 1;
            let answer = app.post_as(token, Some(&format!("r{key}")), path, body.to_string()).await;
            if role == needed {
                assert_ne!(answer.status, 403, "{path} as {role:?}");
            } else {
                answer.refused(403, "role_missing", "");
            }
        }
    }
    let reader = &tokens[3].1;
    app.service.revoke_token(&starmark::service::Act::by(starmark::service::Actor::local("t")), "reader").unwrap();
    let request = axum::http::Request::get("/api/v1/issuing/due").header("authorization", format!("Bearer {reader}"));
    app.send(request.body(axum::body::Body::empty()).unwrap()).await.refused(401, "token_needed", "");
}

#[tokio::test]
async fn a_person_and_a_decision_are_the_same_however_the_hyphen_is_written() {
    let app = TestApp::on("2026-05-08");
    for other in
        ["e-01", "E\u{2011}01", "E\u{2212}01", "E\u{2014}01", "Ｅ－０１", "E - 01", "E\u{2500}01", "E\u{30fc}01"]
    {
        let mut input = decision("D-1", "2026-05-08");
        input["decided_by"] = json!(["C-01", other]);
        let answer = app.post_as(&app.token, None, "/api/v1/issuing/certificates", input.to_string()).await;
        answer.refused(422, "duties_not_separated", "/decided_by/1");
    }
    app.issue(&decision("D-1", "2026-05-08")).await;
    let mut again = decision("D\u{2011}1", "2026-05-08");
    again["scope"] = json!("另一个范围");
    let answer = app.post_as(&app.token, None, "/api/v1/issuing/certificates", again.to_string()).await;
    assert_eq!(answer.is(409).json()["code"], "idempotency_mismatch");
}

#[tokio::test]
async fn no_number_has_the_form_of_an_identifier() {
    let app = TestApp::on("2026-05-08");
    let id = app.issue(&decision("D-1", "2026-05-08")).await["id"].as_str().unwrap().to_owned();
    let mut input = decision("D-2", "2026-05-08");
    input["number"] = json!(id);
    let answer = app.post_as(&app.token, None, "/api/v1/issuing/certificates", input.to_string()).await;
    answer.refused(400, "bad_number", "/number");
    for grouped in
        [format!("{}-{}-{}", &id[..4], &id[4..8], &id[8..]), format!("{id}."), format!("{}/{}", &id[..15], &id[15..])]
    {
        input["number"] = json!(grouped);
        let answer = app.post_as(&app.token, None, "/api/v1/issuing/certificates", input.to_string()).await;
        answer.refused(400, "bad_number", "/number");
    }
    app.post("/api/v1/issuing/sweep", &json!({"dry_run": true})).await.refused(400, "no_body_wanted", "");
    // One that was never issued is none, not a fault.
    let none = app.get("/api/v1/certificates?number=0000000000000001").await;
    assert!(none.status.as_u16() < 500, "{}", none.text());
}
