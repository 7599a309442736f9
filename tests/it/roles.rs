//! Who may do what: a row for every route of the issuing area, held against the API's own description.

use crate::harness::{TestApp, decision};
use axum::body::Body;
use axum::http::Request;
use serde_json::{Value, json};
use starmark::domain::Role::{self, DecisionMaker, MarkOfficer, Reader, Registrar};
use std::collections::BTreeSet;

/// Method, path, body, and the roles that may.
type Row = (&'static str, &'static str, Value, &'static [Role]);

const CERTIFICATE: &str = "/api/v1/issuing/certificates/{id}";
const MARK: &str = "/api/v1/issuing/marks/{id}";
const REPORTS: &str = "/api/v1/issuing/reports";
/// A report that there is not: what it is refused for is not the role.
const REPORT: &str = "20260508-0000000000000000";
const ANY: &[Role] = &Role::OF_TOKENS;

fn rows() -> Vec<Row> {
    let of = |area: &str, what: &str| -> &'static str { format!("{area}/{what}").leak() };
    let certificate = |what| of(CERTIFICATE, what);
    let mark = |what| of(MARK, what);
    let report = |what: &str| -> &'static str { format!("{REPORTS}/{{id}}{what}").leak() };
    let next = |reference: &str| decision(reference, "2026-05-08");
    vec![
        ("post", "/api/v1/issuing/certificates", next("D-2"), &[Registrar]),
        (
            "post",
            certificate("surveillance"),
            json!({"on_site_ended_on": "2026-05-08", "outcome": "passed"}),
            &[Registrar],
        ),
        ("post", certificate("supersession"), json!({"reason": "reissued", "decision": next("D-3")}), &[Registrar]),
        ("post", certificate("recertification"), json!({"decision": next("D-4")}), &[Registrar]),
        ("post", certificate("suspension"), json!({"reason": "0112"}), &[DecisionMaker]),
        ("post", certificate("reinstatement"), json!({}), &[DecisionMaker]),
        ("post", certificate("withdrawal"), json!({"reason": "0199"}), &[DecisionMaker]),
        ("post", certificate("cancellation"), json!({"reason": "holder_gone"}), &[DecisionMaker]),
        // Which role it takes hangs on the step: here a surveillance, and the issue, which none takes back.
        ("post", certificate("erratum"), json!({"step": 1, "reason": "other", "note": "x"}), &[Registrar]),
        ("post", certificate("erratum"), json!({"step": 0, "reason": "other", "note": "x"}), &[DecisionMaker]),
        ("post", certificate("marks"), json!({"medium": "product", "approve": false}), &[MarkOfficer, Registrar]),
        ("post", certificate("marks"), json!({"medium": "packaging"}), &[MarkOfficer]),
        ("post", mark("approval"), json!({}), &[MarkOfficer]),
        ("post", mark("refusal"), json!({}), &[MarkOfficer]),
        ("post", mark("investigation"), json!({}), &[MarkOfficer]),
        ("post", mark("clearance"), json!({}), &[MarkOfficer]),
        ("post", mark("replacement"), json!({}), &[MarkOfficer]),
        ("post", mark("revocation"), json!({"reason": "misuse"}), &[MarkOfficer]),
        ("post", report("/closure"), json!({"outcome": "unfounded"}), &[MarkOfficer, Registrar]),
        ("post", "/api/v1/issuing/sweep", json!({}), &[DecisionMaker]),
        ("get", certificate("decision"), Value::Null, ANY),
        ("get", certificate("acts"), Value::Null, ANY),
        ("get", certificate("paper"), Value::Null, &[MarkOfficer, Registrar, Reader]),
        ("get", certificate("marks"), Value::Null, ANY),
        ("get", mark("artwork"), Value::Null, &[MarkOfficer, Registrar, Reader]),
        ("get", mark("kit"), Value::Null, &[MarkOfficer, Registrar, Reader]),
        ("get", mark("scans"), Value::Null, ANY),
        ("get", "/api/v1/issuing/due", Value::Null, ANY),
        ("get", "/api/v1/issuing/signals", Value::Null, ANY),
        ("get", REPORTS, Value::Null, ANY),
        ("get", report(""), Value::Null, ANY),
        ("get", report("/photo"), Value::Null, ANY),
    ]
}

#[test]
fn every_route_has_its_row_and_its_description_says_the_same() {
    let api: Value = serde_json::from_str(&starmark::http::openapi::document()).unwrap();
    let rows = rows();
    let mut described = BTreeSet::new();
    for (path, methods) in api["paths"].as_object().unwrap().iter().filter(|(p, _)| p.starts_with("/api/v1/issuing")) {
        for (method, operation) in methods.as_object().unwrap() {
            described.insert((method.clone(), path.clone()));
            let text = operation["description"].as_str().unwrap();
            let may: BTreeSet<Role> = rows
                .iter()
                .filter(|(m, p, ..)| m == method && p == path)
                .flat_map(|(.., roles)| roles.iter().copied())
                .collect();
            for role in ANY {
                let named = text.contains("Any role") || text.contains(&format!("`{}`", role.wire()));
                assert_eq!(named, may.contains(role), "{method} {path}: {text}");
            }
            assert_eq!(operation["security"][0]["bearer"], json!([]), "{method} {path}");
        }
    }
    let tried: BTreeSet<_> = rows.iter().map(|(m, p, ..)| ((*m).to_owned(), (*p).to_owned())).collect();
    assert_eq!(tried, described, "a route without a row, or a row without a route");
    // Only what `routes!` adds is described.
    let folder = crate::vectors_support::root("src/http/issuing");
    for file in std::fs::read_dir(folder).unwrap().map(|f| f.unwrap().path()) {
        assert!(!std::fs::read_to_string(&file).unwrap().contains(".route("), "{}", file.display());
    }
}

#[tokio::test]
async fn each_route_takes_its_role_and_no_other() {
    let app = TestApp::on("2026-05-08");
    let id = app.issue(&decision("D-1", "2026-05-08")).await["id"].as_str().unwrap().to_owned();
    let marks = CERTIFICATE.replace("{id}", &id) + "/marks";
    let mark = app.post(&marks, &json!({"medium": "advertising"})).await.is(201).json();
    let mark = mark["id"].as_str().unwrap().to_owned();
    let tokens: Vec<(Role, String)> = ANY.iter().map(|r| (*r, app.token_of(*r))).collect();
    let mut acts = 0;
    for (method, path, body, may) in rows() {
        let id = if path.starts_with(MARK) { &mark } else { &id };
        let id = if path.starts_with(REPORTS) { REPORT } else { id };
        let path = path.replace("{id}", id);
        let mut ask = async |token: Option<&str>| {
            acts += 1;
            let mut request = Request::builder().method(method.to_uppercase().as_str()).uri(&path);
            if let Some(token) = token {
                request = request.header("authorization", format!("Bearer {token}"));
            }
            let request = request.header("content-type", "application/json");
            let request = request.header("idempotency-key", format!("act-{acts}"));
            app.send(request.body(Body::from(body.to_string())).unwrap()).await
        };
        // Those who may not come first: what they leave behind would be seen.
        let events = app.service.store().next_seq();
        for token in [None, Some(""), Some("smk_wrong")] {
            ask(token).await.refused(401, "token_needed", "");
        }
        for (_, token) in tokens.iter().filter(|(role, _)| !may.contains(role)) {
            ask(Some(token)).await.refused(403, "role_missing", "");
        }
        assert_eq!(app.service.store().next_seq(), events, "{method} {path}");
        for (role, token) in tokens.iter().filter(|(role, _)| may.contains(role)) {
            let status = ask(Some(token)).await.status.as_u16();
            assert!(status != 401 && status != 403 && status < 500, "{method} {path} as {role:?}: {status}");
        }
    }
}
