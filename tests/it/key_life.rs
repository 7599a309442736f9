//! Life of the keys: rotated, retired, compromised; what each does to what they signed, with the register and without.

use crate::harness::{TestApp, decision, noon};
use serde_json::{Value, json};
use starmark::domain::{Level, MarkId, Uscc};
use starmark::mark::{Claims, KeyHint, Token};
use starmark::service::{Act, Actor, ServiceError};
use starmark::sign::{KeyDocument, KeyId, LocalSigner, Purpose, Signer as _};
use starmark::verify::{Outcome, certificate, mark};

struct Issued {
    id: String,
    digits: String,
}

async fn issue(app: &TestApp, reference: &str, day: &str) -> Issued {
    app.today(day);
    let id = app.issue(&decision(reference, day)).await["id"].as_str().unwrap().to_owned();
    let marks = format!("/api/v1/issuing/certificates/{id}/marks");
    let mark: Value = app.post(&marks, &json!({"medium": "packaging"})).await.is(201).json();
    Issued { id, digits: mark["digits"].as_str().unwrap().to_owned() }
}

impl Issued {
    /// The mark's 16-digit identifier.
    async fn digits_id(&self, app: &TestApp) -> String {
        let marks = app.staff_get(&format!("/api/v1/issuing/certificates/{}/marks", self.id)).await.is(200).json();
        marks[0]["id"].as_str().unwrap().to_owned()
    }
}

async fn online(app: &TestApp, issued: &Issued) -> (String, String) {
    let word = |v: Value| v["verdict"].as_str().unwrap().to_owned();
    (
        word(app.get(&format!("/api/v1/certificates/{}", issued.id)).await.is(200).json()),
        word(app.get(&format!("/api/v1/marks/{}", issued.digits)).await.is(200).json()),
    )
}

async fn offline(app: &TestApp, issued: &Issued) -> (Outcome, Outcome) {
    let keys = KeyDocument::parse(&app.get("/.well-known/did.json").await.bytes).unwrap();
    let record = app.get(&format!("/api/v1/certificates/{}/credential", issued.id)).await.is(200).bytes;
    let now = app.service.now();
    (
        certificate::verify_offline(&record, &keys, now, now).verdict.verdict,
        mark::verify_offline(&issued.digits, &keys, None, now, now).verdict.verdict,
    )
}

fn key(text: &str) -> KeyId {
    KeyId::parse(text).unwrap()
}

#[tokio::test]
async fn what_a_retired_key_signed_stays_good_and_what_a_compromised_one_signed_later_does_not() {
    let app = TestApp::on("2026-05-08");
    let operator = Act::by(Actor::local("test"));
    let first = issue(&app, "D-1", "2026-05-08").await;
    app.today("2026-06-01");
    assert_eq!(app.rotate(Purpose::Credential), key("credential-2"));
    assert_eq!(app.rotate(Purpose::Mark), key("mark-2"));
    let second = issue(&app, "D-2", "2026-06-02").await;
    let record = app.get(&format!("/api/v1/certificates/{}/credential", second.id)).await.json();
    assert_eq!(record["proof"]["verificationMethod"], "did:web:xb.example.cn#credential-2");
    for issued in [&first, &second] {
        assert_eq!(online(&app, issued).await, ("valid".into(), "valid".into()));
        assert_eq!(offline(&app, issued).await, (Outcome::Valid, Outcome::Valid));
    }

    // Others have held both first keys since after the first certificate was recorded.
    for id in ["credential-1", "mark-1"] {
        app.service.compromise_key(&operator, key(id), Some(noon("2026-05-20"))).unwrap();
    }
    assert_eq!(online(&app, &first).await, ("valid".into(), "valid".into()), "the register knows that it came before");
    assert_eq!(offline(&app, &first).await, (Outcome::Undetermined, Outcome::Undetermined), "a file alone does not");
    assert_eq!(offline(&app, &second).await, (Outcome::Valid, Outcome::Valid));

    // The second ones since before they signed.
    for (id, since) in [("credential-2", "2026-06-01"), ("mark-2", "2026-06-01")] {
        app.service.compromise_key(&operator, key(id), Some(noon(since))).unwrap();
    }
    assert_eq!(online(&app, &second).await, ("invalid".into(), "invalid".into()));
    assert_eq!(offline(&app, &second).await, (Outcome::Invalid, Outcome::Invalid));
    let page = app.get(&format!("/c/{}", second.id)).await.is(200).text();
    assert!(!page.contains("class=\"band valid") && page.contains("在签名之前已经泄露"));
}

#[tokio::test]
async fn slips_with_keys_are_refused() {
    let app = TestApp::on("2026-05-08");
    let operator = Act::by(Actor::local("test"));
    let code = |result: Result<(), ServiceError>| match result {
        Err(ServiceError::Refused(why)) => why[0].code,
        other => panic!("{other:?}"),
    };
    assert_eq!(code(app.service.retire_key(&operator, key("credential-1"))), "last_key");
    assert_eq!(code(app.service.retire_key(&operator, key("credential-7"))), "no_such_key");
    let tomorrow = Some(noon("2026-05-09"));
    assert_eq!(code(app.service.compromise_key(&operator, key("mark-1"), tomorrow)), "in_the_future");
    app.service.compromise_key(&operator, key("mark-1"), None).unwrap();
    assert_eq!(code(app.service.compromise_key(&operator, key("mark-1"), None)), "key_compromised");
    // Found out later: it had leaked before. Never the other way round.
    app.service.compromise_key(&operator, key("mark-1"), Some(noon("2026-05-07"))).unwrap();
    assert_eq!(code(app.service.compromise_key(&operator, key("mark-1"), Some(noon("2026-05-07")))), "key_compromised");
    let since =
        |app: &TestApp| app.service.key_document().keys().iter().find(|k| k.id == key("mark-1")).unwrap().clone();
    assert_eq!(since(&app).compromised_at, Some(noon("2026-05-07")));
    let id = app.issue(&decision("D-1", "2026-05-08")).await["id"].as_str().unwrap().to_owned();
    let marks = format!("/api/v1/issuing/certificates/{id}/marks");
    let body = json!({"medium": "packaging"});
    app.post(&marks, &body).await.refused(422, "no_key", "");
    app.rotate(Purpose::Mark);
    app.post(&marks, &body).await.is(201);
    let registrar = Act::by(Actor { by: "token:x".into(), roles: starmark::domain::Role::OF_TOKENS.to_vec() });
    assert_eq!(code(app.service.retire_key(&registrar, key("credential-1"))), "role_missing");
}

#[tokio::test]
async fn a_mark_on_record_under_a_leaked_key_is_no_forgery_and_gets_a_new_code() {
    let app = TestApp::on("2026-05-08");
    let operator = Act::by(Actor::local("test"));
    let issued = issue(&app, "D-1", "2026-05-08").await;
    // The leak is found on the day after, and dated to the morning before the mark was made.
    app.today("2026-05-09");
    app.service.compromise_key(&operator, key("mark-1"), Some("2026-05-08T09:00:00+08:00".parse().unwrap())).unwrap();
    let answer = app.get(&format!("/api/v1/marks/{}", issued.digits)).await.is(200).json();
    assert_eq!((&answer["verdict"], &answer["standing"]), (&json!("invalid"), &json!(null)), "{answer}");
    let page = app.get(&format!("/m/{}", issued.digits)).await.is(200).text();
    assert!(page.contains("无法判断") && page.contains("已经泄露") && !page.contains("不是真标志"), "{page}");
    let id = issued.digits_id(&app).await;
    app.rotate(Purpose::Mark);
    let new = app.post(&format!("/api/v1/issuing/marks/{id}/replacement"), &json!({})).await.is(200).json();
    let answer = app.get(&format!("/api/v1/marks/{}", new["digits"].as_str().unwrap())).await.is(200).json();
    assert_eq!(answer["verdict"], "valid", "{answer}");
}

#[tokio::test]
async fn a_code_the_register_lacks_under_a_leaked_key_is_not_genuine_however_it_is_dated() {
    let app = TestApp::on("2026-05-08");
    // Made by one who holds the key.
    let pem = std::fs::read_to_string(app.keys_dir().join("mark-1.pem")).unwrap();
    let thief = LocalSigner::from_encrypted_pem(&pem, &app.passphrase).unwrap();
    app.today("2026-06-01");
    let token = Token::new(Claims {
        level: Level::FiveStar,
        test: false,
        key_hint: KeyHint::from_bytes(thief.public().hint()),
        mark: MarkId::from_bytes([7; 6]),
        issued: "2026-05-10".parse().unwrap(),
        expires: "2029-05-09".parse().unwrap(),
        holder: Some(Uscc::parse("91110108551385082Q").unwrap()),
    })
    .unwrap();
    let signature = thief.sign(&token.signing_input(app.service.host())).unwrap();
    let digits = token.with_signature(signature).digits();
    let answer = app.get(&format!("/api/v1/marks/{digits}")).await.json();
    assert_eq!((&answer["mark"], &answer["verdict"]), (&json!("unknown"), &json!("undetermined")), "{answer}");
    // Dated to before the leak: what the signature says of its day proves nothing.
    app.service.compromise_key(&Act::by(Actor::local("test")), key("mark-1"), Some(noon("2026-05-20"))).unwrap();
    let answer = app.get(&format!("/api/v1/marks/{digits}")).await.json();
    assert_eq!((&answer["mark"], &answer["verdict"]), (&json!("not_genuine"), &json!("invalid")), "{answer}");
    let page = app.get(&format!("/m/{digits}")).await.text();
    assert!(page.contains("不是真标志") && !page.contains("签名是真的"), "{page}");
}

#[tokio::test]
async fn a_rotation_cut_off_half_way_is_given_again() {
    let app = TestApp::on("2026-05-08");
    // The key file was written, the event was not.
    let left = app.keys_dir().join("credential-2.pem");
    std::fs::write(&left, "half a file").unwrap();
    assert_eq!(app.rotate(Purpose::Credential), key("credential-2"));
    assert_eq!(std::fs::read_to_string(app.keys_dir().join("credential-2.pem.unlisted-1")).unwrap(), "half a file");
    let issued = issue(&app, "D-1", "2026-05-08").await;
    assert_eq!(online(&app, &issued).await, ("valid".into(), "valid".into()));
}
