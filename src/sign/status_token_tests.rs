use super::super::keys::{KeyId, PublicKey};
use super::super::signer::{LocalSigner, Signer};
use super::super::{cwt, jwt};
use super::*;
use crate::domain::Host;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use coset::cbor::Value as Cbor;
use coset::iana::Algorithm;
use coset::{CborSerializable as _, CoseSign1, HeaderBuilder, TaggedCborSerializable as _};
use serde_json::{Value, json};
use zeroize::Zeroizing;

const KID: &str = "did:web:xb.example.cn#credential-1";

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn signer() -> LocalSigner {
    LocalSigner::from_seed(&Zeroizing::new([7; 32])).unwrap()
}

fn record(id: &str, public: PublicKey) -> KeyRecord {
    KeyRecord::new(KeyId::parse(id).unwrap(), public, at("2026-01-01T00:00:00Z"))
}

fn token() -> StatusToken {
    StatusToken {
        subject: "https://xb.example.cn/status/token/1".into(),
        issued_at: at("2026-05-08T04:00:00Z"),
        expires_at: Some(at("2026-05-09T04:00:00Z")),
        ttl: Some(300),
        bits: 2,
        packed: vec![0x78, 0xda, 1, 2, 3],
    }
}

fn signed_jwt(token: &StatusToken) -> String {
    let host = Host::parse("xb.example.cn").unwrap();
    let id = KeyId::parse("credential-1").unwrap();
    jwt::sign(token, SigningKey { signer: &signer(), id, host: &host }).unwrap()
}

fn signed_cwt(token: &StatusToken) -> Vec<u8> {
    let host = Host::parse("xb.example.cn").unwrap();
    let id = KeyId::parse("credential-1").unwrap();
    cwt::sign(token, SigningKey { signer: &signer(), id, host: &host }).unwrap()
}

fn verified_jwt(text: &str) -> Result<StatusToken, TokenFailure> {
    let key = record("credential-1", signer().public());
    jwt::verify(text, |kid| (kid == KID).then_some(&key)).map(|(token, _)| token)
}

fn verified_cwt(bytes: &[u8]) -> Result<StatusToken, TokenFailure> {
    let key = record("credential-1", signer().public());
    cwt::verify(bytes, |kid| (kid == KID).then_some(&key)).map(|(token, _)| token)
}

/// A JWT of any header and claims, with a right signature.
fn forged_jwt(header: &str, claims: &str) -> String {
    let message = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims));
    format!("{message}.{}", URL_SAFE_NO_PAD.encode(signer().sign(message.as_bytes()).unwrap()))
}

fn resigned(mut token: CoseSign1) -> Vec<u8> {
    token.protected.original_data = None;
    token.signature = signer().sign(&token.tbs_data(&[])).unwrap().to_vec();
    token.to_tagged_vec().unwrap()
}

#[test]
fn a_token_is_read_as_it_was_signed() {
    let bare = StatusToken { expires_at: None, ttl: None, ..token() };
    for token in [token(), bare] {
        assert_eq!(verified_jwt(&signed_jwt(&token)), Ok(token.clone()));
        assert_eq!(verified_cwt(&signed_cwt(&token)), Ok(token));
    }
    let text = signed_jwt(&token());
    let header = URL_SAFE_NO_PAD.decode(text.split('.').next().unwrap()).unwrap();
    assert_eq!(header, br#"{"alg":"EdDSA","kid":"did:web:xb.example.cn#credential-1","typ":"statuslist+jwt"}"#);
    // Tag 18, and no CWT tag before it (section 5.2).
    assert_eq!(signed_cwt(&token())[..2], [0xd2, 0x84]);
}

#[test]
fn a_token_holds_from_its_issue_until_before_its_end() {
    let token = token();
    let covers = |text: &str| token.covers(at(text));
    assert!(covers("2026-05-08T04:00:00Z") && covers("2026-05-09T03:59:59.999Z"));
    assert!(!covers("2026-05-08T03:59:59.999Z") && !covers("2026-05-09T04:00:00Z"));
}

#[test]
fn one_changed_bit_is_noticed_anywhere() {
    let (text, bytes) = (signed_jwt(&token()), signed_cwt(&token()));
    for place in 0..text.len() {
        let mut changed = text.clone().into_bytes();
        changed[place] = if changed[place] == b'A' { b'B' } else { b'A' };
        assert!(verified_jwt(std::str::from_utf8(&changed).unwrap()).is_err(), "{place}");
    }
    for place in 0..bytes.len() {
        for bit in 0..8 {
            let mut changed = bytes.clone();
            changed[place] ^= 1 << bit;
            assert!(verified_cwt(&changed).is_err(), "{place} {bit}");
        }
    }
}

#[test]
fn only_a_listed_credential_key_counts() {
    let (mark, other) =
        (record("mark-1", signer().public()), LocalSigner::from_seed(&Zeroizing::new([8; 32])).unwrap());
    let other = record("credential-1", other.public());
    let (text, bytes) = (signed_jwt(&token()), signed_cwt(&token()));
    for (key, failure) in [
        (None, TokenFailure::UnknownKey),
        (Some(&mark), TokenFailure::KeyPurpose),
        (Some(&other), TokenFailure::BadSignature),
    ] {
        assert_eq!(jwt::verify(&text, |_| key).map(|_| ()), Err(failure));
        assert_eq!(cwt::verify(&bytes, |_| key).map(|_| ()), Err(failure));
    }
    let host = Host::parse("xb.example.cn").unwrap();
    let key = SigningKey { signer: &signer(), id: KeyId::parse("receipt-1").unwrap(), host: &host };
    assert_eq!(jwt::sign(&token(), key).unwrap_err().code(), "key_purpose_wrong");
    assert_eq!(cwt::sign(&token(), key).unwrap_err().code(), "key_purpose_wrong");
}

#[test]
fn a_jwt_is_a_status_list_and_nothing_else() {
    let claims = r#"{"sub":"s","iat":1,"status_list":{"bits":1,"lst":"eA"}}"#;
    let header = |members: Value| forged_jwt(&members.to_string(), claims);
    let good = json!({"alg": "EdDSA", "typ": "statuslist+jwt", "kid": KID});
    assert!(verified_jwt(&header(good.clone())).is_ok());
    let with = |name: &str, value: Value| {
        let mut members = good.clone();
        members[name] = value;
        verified_jwt(&header(members)).unwrap_err()
    };
    assert_eq!(with("alg", json!("none")), TokenFailure::Algorithm);
    assert_eq!(with("alg", json!("HS256")), TokenFailure::Algorithm);
    assert_eq!(with("alg", json!(null)), TokenFailure::Malformed("alg"));
    assert_eq!(with("typ", json!("JWT")), TokenFailure::Type);
    assert_eq!(with("typ", json!("application/statuslist+jwt")), TokenFailure::Type);
    assert_eq!(with("kid", json!(1)), TokenFailure::Malformed("kid"));
    assert_eq!(with("crit", json!(["exp"])), TokenFailure::UnsupportedOption("header"));
    assert_eq!(with("jwk", json!({})), TokenFailure::UnsupportedOption("header"));
    let said = |claims: &str| verified_jwt(&forged_jwt(&good.to_string(), claims));
    let twice = r#"{"sub":"s","sub":"t","iat":1,"status_list":{"bits":1,"lst":"eA"}}"#;
    assert_eq!(said(twice), Err(TokenFailure::Malformed("claims")));
    for (from, to, part) in [
        ("\"sub\":\"s\"", "\"sub\":1", "sub"),
        ("\"iat\":1", "\"iat\":1.5", "iat"),
        ("\"iat\":1", "\"iat\":99999999999999", "iat"),
        ("\"iat\":1", "\"iat\":1,\"exp\":\"2\"", "exp"),
        ("\"iat\":1", "\"iat\":1,\"ttl\":0", "ttl"),
        ("\"bits\":1", "\"bits\":-1", "bits"),
        ("\"lst\":\"eA\"", "\"lst\":\"eA==\"", "lst"),
        ("status_list", "statuslist", "status_list"),
    ] {
        let changed = claims.replace(from, to);
        assert_ne!(changed, claims);
        assert_eq!(said(&changed), Err(TokenFailure::Malformed(part)), "{changed}");
    }
    for name in ["nbf", "aud"] {
        let limited = claims.replacen('{', &format!("{{\"{name}\":1,"), 1);
        assert_eq!(said(&limited), Err(TokenFailure::UnsupportedOption(name)));
    }
    assert!(said(&claims.replacen('{', "{\"iss\":\"x\",", 1)).is_ok());
    let text = signed_jwt(&token());
    for form in
        ["", "..", &text[..text.rfind('.').unwrap()], &format!("{text}=="), &format!("{text}.x"), &format!("{text}\n")]
    {
        assert!(matches!(verified_jwt(form), Err(TokenFailure::Malformed(_))), "{form}");
    }
    assert_eq!(verified_jwt(&"x".repeat(MAX_TOKEN + 1)), Err(TokenFailure::TooLarge));
}

#[test]
fn a_cwt_is_a_status_list_and_nothing_else() {
    let good = CoseSign1::from_tagged_slice(&signed_cwt(&token())).unwrap();
    let protected = |change: &dyn Fn(HeaderBuilder) -> HeaderBuilder| {
        let header = change(HeaderBuilder::new());
        let mut token = good.clone();
        token.protected.header = header.build();
        verified_cwt(&resigned(token))
    };
    let typ = |header: HeaderBuilder, typ: &str| header.value(16, typ.into());
    let kid = |header: HeaderBuilder| header.key_id(KID.into());
    let whole = |header: HeaderBuilder| typ(kid(header.algorithm(Algorithm::EdDSA)), cwt::TYPE);
    assert!(protected(&whole).is_ok());
    assert_eq!(protected(&|h| typ(kid(h.algorithm(Algorithm::ES256)), cwt::TYPE)), Err(TokenFailure::Algorithm));
    assert_eq!(protected(&|h| typ(kid(h), cwt::TYPE)), Err(TokenFailure::Malformed("alg")));
    assert_eq!(protected(&|h| typ(kid(h.algorithm(Algorithm::EdDSA)), "statuslist+cwt")), Err(TokenFailure::Type));
    assert_eq!(protected(&|h| kid(h.algorithm(Algorithm::EdDSA))), Err(TokenFailure::Malformed("typ")));
    assert_eq!(protected(&|h| typ(h.algorithm(Algorithm::EdDSA), cwt::TYPE)), Err(TokenFailure::Malformed("kid")));
    assert_eq!(protected(&|h| whole(h).iv(vec![1])), Err(TokenFailure::UnsupportedOption("header")));
    assert_eq!(protected(&|h| whole(h).value(99, 1.into())), Err(TokenFailure::UnsupportedOption("header")));
    // The key may be named outside what is signed, as the draft's example has it, but not twice.
    let mut outside = good.clone();
    outside.unprotected.key_id = KID.into();
    assert_eq!(verified_cwt(&resigned(outside.clone())), Err(TokenFailure::Malformed("kid")));
    outside.protected.header.key_id = vec![];
    assert_eq!(verified_cwt(&resigned(outside.clone())), Ok(token()));
    outside.unprotected.alg = good.protected.header.alg.clone();
    assert_eq!(verified_cwt(&resigned(outside)), Err(TokenFailure::UnsupportedOption("header")));
    assert_eq!(verified_cwt(&good.clone().to_vec().unwrap()), Err(TokenFailure::Malformed("form")), "without its tag");
    let trailing = [signed_cwt(&token()), vec![0]].concat();
    assert_eq!(verified_cwt(&trailing), Err(TokenFailure::Malformed("form")));
    assert_eq!(verified_cwt(&vec![0; MAX_TOKEN + 1]), Err(TokenFailure::TooLarge));
    claims_are_judged(&good);
}

fn claims_are_judged(good: &CoseSign1) {
    let claims = Cbor::from_slice(good.payload.as_ref().unwrap()).unwrap().into_map().unwrap();
    let said = |payload: Vec<u8>| verified_cwt(&resigned(CoseSign1 { payload: Some(payload), ..good.clone() }));
    let changed = |key: i64, to: Option<Cbor>| {
        let mut claims: Vec<(Cbor, Cbor)> = claims.iter().filter(|(k, _)| *k != Cbor::from(key)).cloned().collect();
        claims.extend(to.map(|value| (Cbor::from(key), value)));
        said(Cbor::Map(claims).to_vec().unwrap())
    };
    for (key, part) in [(2, "sub"), (6, "iat"), (65_533, "status_list")] {
        assert_eq!(changed(key, None), Err(TokenFailure::Malformed(part)));
    }
    assert_eq!(changed(6, Some(1.5.into())), Err(TokenFailure::Malformed("iat")));
    assert_eq!(changed(6, Some(Cbor::Tag(1, Box::new(1.into())))), Err(TokenFailure::Malformed("iat")));
    assert_eq!(changed(4, Some("2026".into())), Err(TokenFailure::Malformed("exp")));
    assert_eq!(changed(65_534, Some(0.into())), Err(TokenFailure::Malformed("ttl")));
    assert_eq!(changed(5, Some(1.into())), Err(TokenFailure::UnsupportedOption("nbf")));
    assert_eq!(changed(3, Some("x".into())), Err(TokenFailure::UnsupportedOption("aud")));
    assert_eq!(changed(1, Some("x".into())), Ok(token()), "an issuer is passed over");
    let twice: Vec<(Cbor, Cbor)> = claims.iter().cloned().chain([(2.into(), "other".into())]).collect();
    assert_eq!(said(Cbor::Map(twice).to_vec().unwrap()), Err(TokenFailure::Malformed("claims")));
    // The same map with its length written in two bytes, where one does.
    let mut longer = Cbor::Map(claims.clone()).to_vec().unwrap();
    longer.splice(0..1, [0xb8, claims.len() as u8]);
    assert_eq!(said(longer), Err(TokenFailure::Malformed("claims")));
}

/// The draft's own tokens, signed with ES256: their claims are read, and they prove nothing here.
#[test]
fn the_drafts_tokens_are_read_but_their_algorithm_is_not_ours() {
    let text = include_str!("../../tests/vectors/token-status-list/token.jwt").trim();
    let hex = include_str!("../../tests/vectors/token-status-list/token.cwt.hex").trim();
    let bytes: Vec<u8> = (0..hex.len() / 2).map(|i| u8::from_str_radix(&hex[2 * i..2 * i + 2], 16).unwrap()).collect();
    let expected = StatusToken {
        subject: "https://example.com/statuslists/1".into(),
        issued_at: Timestamp::from_second(1_686_920_170).unwrap(),
        expires_at: Some(Timestamp::from_second(2_291_720_170).unwrap()),
        ttl: Some(43_200),
        bits: 1,
        packed: URL_SAFE_NO_PAD.decode("eNrbuRgAAhcBXQ").unwrap(),
    };
    let claims = URL_SAFE_NO_PAD.decode(text.split('.').nth(1).unwrap()).unwrap();
    let claims: Value = serde_json::from_slice(&claims).unwrap();
    assert_eq!(jwt::claims_of(claims.as_object().unwrap()), Ok(expected.clone()));
    let payload = CoseSign1::from_tagged_slice(&bytes).unwrap().payload.unwrap();
    assert_eq!(cwt::claims_of(&payload), Ok(expected));
    assert_eq!(verified_jwt(text), Err(TokenFailure::Algorithm));
    assert_eq!(verified_cwt(&bytes), Err(TokenFailure::Algorithm));
}
