//! What is never told to the public: persons, notes, tokens, references, findings, salts. A certificate with all of them is
//! looked at from every public door, after everything that can happen to it.

use crate::form_kit::{Part, form, sent};
use crate::harness::{TestApp, decision, noon};
use crate::hook_kit::{Got, Hook};
use axum::body::Body;
use axum::http::Request;
use serde_json::{Value, json};
use starmark::domain::Role;
use starmark::service::watch::Reach;
use starmark::service::{Act, Actor, Service};
use std::sync::Arc;

/// Stands in everything that is private, and nowhere else.
const PRIVATE: &str = "zq7private";

fn secret(what: &str) -> String {
    format!("{PRIVATE}-{what}")
}

/// A decision whose every private text is marked.
fn marked(reference: &str, day: &str) -> Value {
    let mut d = decision(&secret(reference), day);
    for (pointer, what) in [("/evaluators/0", "e1"), ("/reviewed_by/0", "r1"), ("/countersigned_by", "h1")] {
        *d.pointer_mut(pointer).unwrap() = json!(secret(what));
    }
    d["decided_by"] = json!([secret("c1"), secret("c2")]);
    d["level"] = json!("four_star");
    d["level_reason"] = json!(secret("why lower"));
    let sheet = &mut d["score_sheet"];
    sheet["items"][12] = json!({"clause": "5.2.6", "result": "not_applicable", "reason": secret("not applicable")});
    sheet["special_deductions"] = json!([{"reason": secret("deduction"), "corrected": true}]);
    sheet["special_bonus"] = json!({"reason": secret("bonus")});
    d
}

struct Watched {
    app: TestApp,
    token: String,
    acts: usize,
    ids: Vec<String>,
    marks: Vec<String>,
    receipts: Vec<String>,
    /// The message by which each subscription was confirmed.
    followed: Vec<Got>,
    salts: Vec<String>,
}

impl Watched {
    async fn post(&mut self, path: &str, mut body: Value) -> Value {
        self.acts += 1;
        if body.get("decision").is_none() && body.get("reference").is_none() {
            body["note"] = json!(secret("note"));
        }
        let key = secret(&format!("key-{}", self.acts));
        let answer = self.app.post_as(&self.token, Some(&key), path, body.to_string()).await;
        assert!(answer.status.is_success(), "{path}: {}", answer.text());
        answer.json()
    }

    async fn certificate(&mut self, path: &str, body: Value) -> String {
        let id = self.post(path, body).await["id"].as_str().unwrap().to_owned();
        let kept = self.app.staff_get(&format!("/api/v1/issuing/certificates/{id}/decision")).await.is(200);
        assert!(kept.text().contains(PRIVATE), "the body's own file has it all");
        self.salts.push(kept.json()["salt"].as_str().unwrap().to_owned());
        self.ids.push(id.clone());
        id
    }

    async fn mark(&mut self, id: &str, body: Value) -> String {
        let mark = self.post(&format!("/api/v1/issuing/certificates/{id}/marks"), body).await;
        let name = mark["id"].as_str().unwrap().to_owned();
        self.marks.extend([name.clone()]);
        self.marks.extend(mark["digits"].as_str().map(str::to_owned));
        name
    }

    /// Every public address there is about what was issued.
    fn addresses(&self) -> Vec<String> {
        let fixed = [
            "/",
            "/?lang=en",
            "/?q=%E7%A4%BA%E4%BE%8B",
            "/?q=91110108551385082Q",
            "/?q=29326SC00001R0M",
            "/api/v1/certificates?uscc=91110108551385082Q",
            "/api/v1/certificates?holder=%E7%A4%BA%E4%BE%8B",
            "/api/v1/certificates?number=29326SC00001R0M",
            "/.well-known/did.json",
            "/.well-known/jwks.json",
            "/ns/v1",
            "/openapi.json",
            "/help",
            "/developers",
            "/formats/SPEC-events.md",
            "/healthz",
            "/readyz",
            "/metrics",
            "/api/v1/issuing/due",
            "/api/v1/log",
            "/api/v1/log/proof?from=1",
            "/log/checkpoint",
            "/status/revocation/1",
            "/status/suspension/1",
            "/status/token/1",
            "/status/marks",
            "/offline",
            "/sw.js",
            "/manifest.webmanifest",
            "/nowhere",
            "/status/revocation/1",
            "/status/suspension/1?timestamp=2026-05-08T04:00:00Z",
            "/status/token/1",
        ];
        let mut all: Vec<String> = fixed.iter().map(|a| (*a).to_owned()).collect();
        for id in &self.ids {
            let api = format!("/api/v1/certificates/{id}");
            all.extend([format!("/c/{id}"), format!("/c/{id}?lang=en"), format!("/c/{id}?as_of=2026-05-20")]);
            all.extend([format!("/c/{id}/badge.svg"), format!("/c/{id}/badge?lang=en"), format!("/badge?q={id}")]);
            all.extend([api.clone(), format!("{api}?as_of=2026-05-20"), format!("{api}/history")]);
            all.push(format!("/api/v1/bundle/{id}"));
            all.extend([format!("{api}/credential"), format!("/api/v1/issuing/certificates/{id}/decision")]);
        }
        let entries = self.app.service.log().published().unwrap().size();
        all.push(format!("/log/tile/entries/000.p/{entries}"));
        all.extend((0..entries).map(|n| format!("/api/v1/log/entries/{n}")));
        for receipt in &self.receipts {
            all.extend([
                format!("/r/{receipt}"),
                format!("/r/{receipt}?lang=en"),
                format!("/api/v1/receipts/{receipt}"),
            ]);
        }
        for link in &self.followed {
            all.extend([link.link(), link.api_link()]);
        }
        for mark in &self.marks {
            all.extend([format!("/m/{mark}"), format!("/m/{mark}?lang=en"), format!("/api/v1/marks/{mark}")]);
        }
        all
    }

    async fn look(&mut self) {
        let about: Vec<Value> = self.ids.iter().map(|id| json!({"certificate": id, "holder": "示例"})).collect();
        let body = json!({"as_of": "2026-05-08", "certificates": about}).to_string();
        let request = Request::post("/api/v1/receipts").header("content-type", "application/json");
        let made = self.app.send(request.body(Body::from(body)).unwrap()).await.is(201);
        assert!(!made.text().contains(PRIVATE), "{}", made.text());
        self.receipts.extend(made.headers["location"].to_str().unwrap().rsplit('/').next().map(str::to_owned));
        let lines: String =
            self.ids.iter().chain(&self.marks).map(|id| format!("{}\n", json!({"certificate": id}))).collect();
        let request =
            Request::post("/api/v1/verifications?as_of=2026-05-20").header("content-type", "application/x-ndjson");
        let answered = self.app.send(request.body(Body::from(lines.clone())).unwrap()).await.is(200);
        let list = form(&[("lines", Part::Text(&lines.replace(['{', '}', '"'], "").replace("certificate:", "")))]);
        let listed = self.app.send(sent("/tender", list)).await.is(200);
        for told in [answered.text(), listed.text()] {
            assert!(told.contains(&self.ids[0]) && !told.contains(PRIVATE), "{told}");
        }
        let hook = Hook::start();
        let asked = json!({"url": hook.url, "all": true}).to_string();
        let ask = Request::post("/api/v1/subscriptions").header("content-type", "application/json");
        let asked = self.app.send(ask.body(Body::from(asked)).unwrap()).await.is(202);
        let link = hook.next();
        let confirm = Request::post(format!("{}/confirmation", link.api_link())).body(Body::empty()).unwrap();
        let confirmed = self.app.send(confirm).await.is(200);
        for told in [asked.text(), link.body.clone(), confirmed.text()] {
            assert!(!told.contains(PRIVATE), "{told}");
        }
        self.followed.push(link);
        let secret_hash = token_hash(&self.app.service);
        for address in self.addresses() {
            let answer = self.app.get(&address).await;
            let text = format!("{:?}\n{}", answer.headers, String::from_utf8_lossy(&answer.bytes));
            assert!(!text.contains(PRIVATE), "{address}: {text}");
            assert!(self.salts.iter().all(|s| !text.contains(s.as_str())), "{address} tells a salt");
            assert!(!text.contains(&secret_hash) && !text.contains(&self.token), "{address} tells of a token");
        }
    }
}

/// The digest of the newest token's secret, as the journal has it.
fn token_hash(service: &Arc<Service>) -> String {
    let settings = service.store().settings().unwrap();
    let events = settings.iter().rev().map(|e| serde_json::to_value(e).unwrap());
    events.filter_map(|e| Some(e["secret_sha256"].as_str()?.to_owned())).next().unwrap()
}

#[tokio::test]
async fn nothing_private_is_told_to_the_public() {
    let app = TestApp::on("2026-05-08");
    let person = Act::by(Actor::local(&secret("user")));
    let token = app.service.make_token(&person, &secret("token"), &Role::OF_TOKENS).unwrap().to_string();
    let mut w =
        Watched { app, token, acts: 0, ids: vec![], marks: vec![], receipts: vec![], followed: vec![], salts: vec![] };
    w.app.service.start_watch("https://xb.example.cn", Reach::Anywhere).unwrap();
    const ISSUE: &str = "/api/v1/issuing/certificates";
    let first = w.certificate(ISSUE, marked("D-1", "2026-05-08")).await;
    let second = w.certificate(ISSUE, marked("D-2", "2026-05-08")).await;
    let of = |id: &str, what: &str| format!("{ISSUE}/{id}/{what}");
    w.mark(&first, json!({"medium": "packaging", "brand": "示例", "products": "冰箱"})).await;
    let asked = w.mark(&first, json!({"medium": "product", "approve": false})).await;
    w.look().await;
    w.post(&format!("/api/v1/issuing/marks/{asked}/refusal"), json!({})).await;
    let lost = w.mark(&second, json!({"medium": "advertising"})).await;
    w.post(&format!("/api/v1/issuing/marks/{lost}/revocation"), json!({"reason": "misuse"})).await;
    w.app.today("2026-05-20");
    w.post(&of(&first, "surveillance"), json!({"on_site_ended_on": "2026-05-18", "outcome": "failed"})).await;
    w.post(&of(&first, "suspension"), json!({"reason": "0111"})).await;
    w.look().await;
    w.app.today("2026-06-01");
    w.post(&of(&first, "reinstatement"), json!({})).await;
    w.look().await;
    w.app.today("2026-06-02");
    let next = json!({"reason": "reissued", "decision": marked("D-3", "2026-06-02")});
    let third = w.certificate(&of(&first, "supersession"), next).await;
    w.post(&of(&second, "withdrawal"), json!({"reason": "0199"})).await;
    w.look().await;
    w.app.today("2026-06-03");
    w.post(&of(&third, "cancellation"), json!({"reason": "holder_gone"})).await;
    w.post(&of(&second, "erratum"), json!({"step": 1, "reason": "overturned"})).await;
    let operator = Act { note: None, ..person };
    let key = starmark::sign::KeyId::parse("credential-1").unwrap();
    w.app.service.compromise_key(&operator, key, Some(noon("2026-05-10"))).unwrap();
    w.look().await;
}

#[test]
fn every_public_route_is_looked_at() {
    let api: Value = serde_json::from_str(&starmark::http::openapi::document()).unwrap();
    let public: Vec<&String> =
        api["paths"].as_object().unwrap().keys().filter(|p| !p.starts_with("/api/v1/issuing")).collect();
    let looked_at = [
        "/api/v1/bundle/{id}",
        "/api/v1/certificates",
        "/api/v1/certificates/{id}",
        "/api/v1/certificates/{id}/credential",
        "/api/v1/certificates/{id}/history",
        "/api/v1/log",
        "/api/v1/log/entries/{index}",
        "/api/v1/log/proof",
        "/api/v1/marks/{digits}",
        "/api/v1/receipts",
        "/api/v1/receipts/{rid}",
        "/api/v1/subscriptions",
        "/api/v1/subscriptions/{id}/{key}",
        "/api/v1/subscriptions/{id}/{key}/confirmation",
        "/api/v1/verifications",
        "/status/marks",
        "/status/token/{list}",
        "/status/{purpose}/{list}",
    ];
    assert_eq!(public, looked_at, "look at a new one in `addresses`, then name it here");
}

#[tokio::test]
async fn what_a_mark_was_asked_for_is_told_once_it_was_approved() {
    let app = TestApp::on("2026-05-08");
    let id = app.issue(&decision("D-1", "2026-05-08")).await["id"].as_str().unwrap().to_owned();
    let ask = json!({"medium": "packaging", "brand": "zq7brand", "products": "zq7products", "approve": false});
    let mut marks = vec![];
    for _ in 0..2 {
        let mark = app.post(&format!("/api/v1/issuing/certificates/{id}/marks"), &ask).await.is(201).json();
        assert_eq!(
            (&mark["state"], &mark["brand"], &mark["medium"]),
            (&json!("requested"), &json!("zq7brand"), &json!("packaging")),
            "the staff are told"
        );
        marks.push(mark["id"].as_str().unwrap().to_owned());
        let order = format!("/api/v1/issuing/marks/{}", marks[marks.len() - 1]);
        if marks.len() == 1 {
            app.post(&format!("{order}/refusal"), &json!({})).await.is(200);
        }
    }
    let [refused, asked] = &marks[..] else { panic!() };
    let public = |mark: &str| [format!("/api/v1/marks/{mark}"), format!("/m/{mark}"), format!("/m/{mark}?lang=en")];
    for (mark, state) in [(refused, "refused"), (asked, "requested")] {
        for path in public(mark) {
            assert!(!app.get(&path).await.is(200).text().contains("zq7"), "{path}");
        }
        let licence = app.get(&format!("/api/v1/marks/{mark}")).await.json()["licence"].clone();
        assert_eq!(
            (&licence["state"], &licence["medium"], &licence["site"]),
            (&json!(state), &Value::Null, &Value::Null)
        );
    }
    app.post(&format!("/api/v1/issuing/marks/{asked}/approval"), &json!({})).await.is(200);
    for path in public(asked) {
        assert!(app.get(&path).await.is(200).text().contains("zq7brand"), "{path}");
    }
    // What was told once stays told, whatever becomes of it.
    app.post(&format!("/api/v1/issuing/marks/{asked}/revocation"), &json!({"reason": "misuse"})).await.is(200);
    let licence = app.get(&format!("/api/v1/marks/{asked}")).await.json()["licence"].clone();
    assert_eq!((&licence["state"], &licence["brand"]), (&json!("revoked"), &json!("zq7brand")));
}
