//! The public test vectors (tests/vectors/mark): made here, kept in the tree, read back the way a third party reads them.
//! STARMARK_VECTORS=write renews the files.

use super::payload::{BODY_LEN, TOKEN_LEN};
use super::text::INCOMPLETE;
use super::{Claims, KeyHint, MarkText, ScannedUrl, Scheme, SignedToken, Token, testing};
use crate::domain::{Host, Level, MarkId, Uscc, hex};
use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};
use jiff::civil::date;
use num_bigint::BigUint;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::PathBuf;

const HOST: &str = "xb.example.cn";
const FOLDER: &str = "tests/vectors/mark";

fn unhex(text: &str) -> Vec<u8> {
    (0..text.len()).step_by(2).map(|i| u8::from_str_radix(&text[i..i + 2], 16).unwrap()).collect()
}

/// The key of every vector: seed 00 01 02 .. 1f.
fn key() -> SigningKey {
    SigningKey::from_bytes(&std::array::from_fn(|i| i as u8))
}

fn claims() -> Claims {
    Claims {
        level: Level::FiveStar,
        test: false,
        key_hint: KeyHint::of(key().verifying_key().as_bytes()),
        mark: MarkId::from_bytes([0x5e, 0x1a, 0x0c, 0x44, 0x91, 0x07]),
        issued: date(2026, 5, 8),
        expires: date(2029, 5, 7),
        holder: Some(Uscc::parse("91110108551385082Q").unwrap()),
    }
}

fn signed(claims: Claims, host: &str) -> SignedToken {
    let token = Token::new(claims).unwrap();
    let signature = key().sign(&token.signing_input(&Host::parse(host).unwrap()));
    token.with_signature(signature.to_bytes())
}

fn digits_of(bytes: &[u8]) -> String {
    format!("{:0>217}", BigUint::from_bytes_be(bytes).to_string())
}

/// A token whose body was changed before it was signed: its signature is right, its content is not.
fn odd_body(change: impl FnOnce(&mut [u8; BODY_LEN])) -> String {
    let mut body = Token::new(claims()).unwrap().body();
    change(&mut body);
    let signature = key().sign(&super::signing_input(&Host::parse(HOST).unwrap(), &body)).to_bytes();
    digits_of(&[body.as_slice(), &signature].concat())
}

/// A genuine token changed after it was signed.
fn tampered(change: impl FnOnce(&mut [u8; TOKEN_LEN])) -> String {
    tampered_from(claims(), change)
}

fn tampered_from(claims: Claims, change: impl FnOnce(&mut [u8; TOKEN_LEN])) -> String {
    let mut bytes = signed(claims, HOST).to_bytes();
    change(&mut bytes);
    digits_of(&bytes)
}

fn base(text: &str, why: &str) -> Value {
    json!({ "why": why, "host": HOST, "keys": [hex(key().verifying_key().as_bytes())], "text": text })
}

fn good(signed: &SignedToken, why: &str) -> Value {
    let token = signed.token();
    let mut v = base(&format!("https://{HOST}/m/{}", signed.digits()), why);
    v["expect"] = json!("valid");
    v["token"] = json!(hex(&signed.to_bytes()));
    v["signing_input"] = json!(hex(&token.signing_input(&Host::parse(HOST).unwrap())));
    v["claims"] = json!({
        "level": token.level().wire(), "test": token.is_test(), "key_hint": hex(&token.key_hint().to_bytes()),
        "mark": token.mark().to_string(), "issued": token.issued().to_string(), "expires": token.expires().to_string(),
        "holder": token.holder().map(|u| u.to_string()),
    });
    v
}

fn refused(text: &str, stage: &str, why: &str) -> Value {
    let mut v = base(text, why);
    v["expect"] = json!("refused");
    v["stage"] = json!(stage);
    v
}

fn incomplete(text: &str, why: &str) -> Value {
    let mut v = base(text, why);
    v["expect"] = json!("incomplete");
    v
}

fn good_vectors() -> Vec<(&'static str, Value)> {
    let mut link = base(&format!("https://{HOST}/m/{}", claims().mark), "A link mark: only the server can say more.");
    link["expect"] = json!("link");
    link["claims"] = json!({ "mark": claims().mark.to_string() });
    let qualified = Claims { level: Level::Qualified, holder: None, ..claims() };
    let leading_zeros = Claims { test: true, level: Level::ThreeStar, ..claims() };
    vec![
        ("good", good(&signed(claims(), HOST), "The worked example of docs/SPEC-mark.md.")),
        ("good-no-holder-code", good(&signed(qualified, HOST), "Level without stars; the holder has no code.")),
        (
            "good-test-mark",
            good(&signed(leading_zeros, HOST), "Well signed, yet a test mark: shown as proving nothing."),
        ),
        ("good-link", link),
    ]
}

fn bad_digits() -> Vec<(&'static str, Value)> {
    let at = |digits: &str| format!("https://{HOST}/m/{digits}");
    let of = |digits: &str, why: &str| refused(&at(digits), "digits", why);
    let beyond = BigUint::from(2u8).pow(720).to_string();
    vec![
        ("digits-beyond-720-bits", of(&beyond, "2^720 itself: 217 digits, one too large.")),
        ("digits-all-nine", of(&"9".repeat(217), "217 nines: far beyond 2^720.")),
        ("digits-all-zero", of(&"0".repeat(217), "Version 0.")),
        ("version-0", of(&odd_body(|b| b[0] &= 0x0f), "Version 0, well signed.")),
        ("version-2", of(&odd_body(|b| b[0] = 0x2a), "Version 2, well signed.")),
        ("level-1", of(&odd_body(|b| b[0] = 0x12), "Level code 1 does not exist; well signed.")),
        ("level-2", of(&odd_body(|b| b[0] = 0x14), "Level code 2 does not exist; well signed.")),
        ("level-6", of(&odd_body(|b| b[0] = 0x1c), "Six stars do not exist; well signed.")),
        ("level-7", of(&odd_body(|b| b[0] = 0x1e), "Level code 7 does not exist; well signed.")),
        ("holder-beyond-17-characters", of(&odd_body(|b| b[15] = 0xff), "The holder's number is 31^17 or more.")),
        ("expires-before-issue", of(&odd_body(|b| b[13..15].fill(0)), "It expires before its day of issue.")),
    ]
}

fn cut_or_mistyped() -> Vec<(&'static str, Value)> {
    let d = signed(claims(), HOST).digits();
    let of = |digits: &str, why: &str| incomplete(&format!("https://{HOST}/m/{digits}"), why);
    let link = claims().mark.to_string();
    let wrong_check = format!("{}{}", &link[..15], if link.ends_with('0') { '1' } else { '0' });
    vec![
        ("digits-none", of("", "The address ends where the digits begin.")),
        ("digits-216-leading-zero-dropped", of(&d[1..], "The value is right, but a zero in front was dropped.")),
        ("digits-218", of(&format!("0{d}"), "The value is right, but a zero too many stands in front.")),
        ("digits-17", of(&format!("{link}0"), "Neither 16 nor 217 digits.")),
        ("digits-letter", of(&format!("{}x", &d[1..]), "A letter among the digits.")),
        ("digits-full-width", of(&format!("{}１", &d[1..]), "A full-width digit.")),
        ("link-wrong-check-digit", of(&wrong_check, "ISO 7064 MOD 11,10 does not hold.")),
        ("link-beyond-48-bits", of("9999999999999990", "An identifier of more than 48 bits.")),
    ]
}

fn bad_signatures() -> Vec<(&'static str, Value)> {
    let at = |digits: &str| format!("https://{HOST}/m/{digits}");
    let of = |digits: &str, why: &str| refused(&at(digits), "signature", why);
    let order = BigUint::from(2u8).pow(252) + 27_742_317_777_372_353_535_851_937_790_883_648_493u128;
    let other_host = signed(claims(), "xb-example.cn").digits();
    let foreign = SigningKey::from_bytes(&[0x42; 32]);
    let token = Token::new(claims()).unwrap();
    let forged = token.with_signature(foreign.sign(&token.signing_input(&Host::parse(HOST).unwrap())).to_bytes());
    let unlisted =
        Token::new(Claims { key_hint: KeyHint::of(foreign.verifying_key().as_bytes()), ..claims() }).unwrap();
    let unlisted =
        unlisted.with_signature(foreign.sign(&unlisted.signing_input(&Host::parse(HOST).unwrap())).to_bytes());
    let without_context = token.with_signature(key().sign(&token.body()).to_bytes());
    let (three_star, test) = (Claims { level: Level::ThreeStar, ..claims() }, Claims { test: true, ..claims() });
    let malleated = tampered(|t| {
        let s = (BigUint::from_bytes_le(&t[58..]) + &order).to_bytes_le();
        t[58..58 + s.len()].copy_from_slice(&s);
    });
    vec![
        ("signature-one-bit", of(&tampered(|t| t[89] ^= 1), "One bit of the signature changed.")),
        ("signature-all-zero", of(&tampered(|t| t[26..].fill(0)), "No signature at all.")),
        ("signature-s-not-reduced", of(&malleated, "S plus the group order: a second form of a genuine signature.")),
        ("level-raised", of(&tampered_from(three_star, |t| t[0] = 0x1a), "Signed as 三星级, changed to 五星级.")),
        ("test-sign-removed", of(&tampered_from(test, |t| t[0] = 0x1a), "Signed as a test mark, the bit cleared.")),
        ("expiry-later", of(&tampered(|t| t[13] += 1), "Another last day than was signed.")),
        ("holder-other", of(&tampered(|t| t[25] ^= 1), "Another holder than was signed.")),
        ("mark-other", of(&tampered(|t| t[10] ^= 1), "Another mark licence than was signed.")),
        ("signed-for-other-host", of(&other_host, "A genuine token of a look-alike domain, moved here.")),
        ("signed-without-context", of(&without_context.digits(), "The 26 bytes alone were signed.")),
        ("key-other-same-hint", of(&forged.digits(), "A listed key's hint, but another key signed.")),
        ("key-not-listed", refused(&at(&unlisted.digits()), "key", "No listed key has this hint.")),
    ]
}

fn bad_addresses() -> Vec<(&'static str, Value)> {
    let d = signed(claims(), HOST).digits();
    let address = |text: String, why: &str| refused(&text, "address", why);
    let host = |text: String, why: &str| refused(&text, "host", why);
    vec![
        ("address-upper-case-scheme", address(format!("HTTPS://{HOST}/m/{d}"), "The scheme is written in lower case.")),
        ("address-user-name", address(format!("https://{HOST}@evil.example/m/{d}"), "A user name hides the host.")),
        ("address-query", address(format!("https://{HOST}/m/{d}?from=1"), "A query.")),
        ("address-fragment", address(format!("https://{HOST}/m/{d}#1"), "A fragment.")),
        ("address-slash-after", address(format!("https://{HOST}/m/{d}/"), "A slash behind the digits.")),
        ("address-other-path", address(format!("https://{HOST}/M/{d}"), "Another path.")),
        ("address-cyrillic-host", address(format!("https://хb.example.cn/m/{d}"), "A Cyrillic letter in the host.")),
        ("address-space-before", address(format!(" https://{HOST}/m/{d}"), "A space before the address.")),
        ("host-other", host(format!("https://xb-example.cn/m/{d}"), "A look-alike host.")),
        ("host-http", host(format!("http://{HOST}/m/{d}"), "Not https.")),
        ("host-port", host(format!("https://{HOST}:8443/m/{d}"), "A port.")),
        ("host-upper-case", host(format!("https://XB.example.cn/m/{d}"), "The host is compared byte for byte.")),
        ("host-dot-after", host(format!("https://{HOST}./m/{d}"), "A dot behind the host.")),
    ]
}

fn all() -> BTreeMap<String, Value> {
    let all: Vec<(&str, Value)> = [good_vectors(), bad_digits(), cut_or_mistyped(), bad_signatures(), bad_addresses()]
        .into_iter()
        .flatten()
        .collect();
    let count = all.len();
    let named: BTreeMap<String, Value> = all.into_iter().map(|(n, v)| (format!("{n}.json"), v)).collect();
    assert_eq!(named.len(), count, "two vectors have one name");
    named
}

/// The verification steps of docs/SPEC-mark.md, up to the signature: what was read, or the stage that refused; `incomplete`
/// is none that refuses.
fn verify(v: &Value) -> Result<MarkText, &'static str> {
    let url = ScannedUrl::parse(v["text"].as_str().unwrap()).map_err(|_| "address")?;
    if url.scheme != Scheme::Https || Some(url.host) != v["host"].as_str() {
        return Err("host");
    }
    let text = MarkText::parse(url.digits).map_err(|r| if r.code == INCOMPLETE { "incomplete" } else { "digits" })?;
    let MarkText::Signed(signed) = &text else { return Ok(text) };
    let input = signed.token().signing_input(&Host::parse(url.host).unwrap());
    let keys =
        v["keys"].as_array().unwrap().iter().map(|k| -> [u8; 32] { unhex(k.as_str().unwrap()).try_into().unwrap() });
    let hinted: Vec<[u8; 32]> = keys.filter(|k| KeyHint::of(k) == signed.token().key_hint()).collect();
    if hinted.is_empty() {
        return Err("key");
    }
    let signature = Signature::from_bytes(signed.signature());
    let good = |k: &[u8; 32]| VerifyingKey::from_bytes(k).is_ok_and(|k| k.verify_strict(&input, &signature).is_ok());
    if hinted.iter().any(good) { Ok(text) } else { Err("signature") }
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(FOLDER)
}

fn kept() -> BTreeMap<String, Value> {
    let files = std::fs::read_dir(folder()).unwrap().map(|f| f.unwrap());
    files
        .map(|f| {
            let text = std::fs::read_to_string(f.path()).unwrap();
            (f.file_name().into_string().unwrap(), serde_json::from_str(&text).unwrap())
        })
        .collect()
}

#[test]
fn the_files_are_the_vectors() {
    let made = all();
    if std::env::var_os("STARMARK_VECTORS").is_some_and(|v| v == "write") {
        std::fs::create_dir_all(folder()).unwrap();
        for (name, v) in &made {
            std::fs::write(folder().join(name), serde_json::to_string_pretty(v).unwrap() + "\n").unwrap();
        }
    }
    let kept = kept();
    assert_eq!(made.keys().collect::<Vec<_>>(), kept.keys().collect::<Vec<_>>());
    for (name, v) in &made {
        assert_eq!(v, &kept[name], "{name}");
    }
}

#[test]
fn every_vector_is_judged_as_it_says() {
    let kept = kept();
    for (name, v) in &kept {
        match (v["expect"].as_str().unwrap(), verify(v)) {
            ("valid", Ok(MarkText::Signed(signed))) => {
                assert_eq!(hex(&signed.to_bytes()), v["token"].as_str().unwrap(), "{name}");
                assert_eq!(signed.token().level().wire(), v["claims"]["level"].as_str().unwrap(), "{name}");
                assert_eq!(signed.token().holder().map(|u| u.to_string()).as_deref(), v["claims"]["holder"].as_str());
            }
            ("link", Ok(MarkText::Link(id))) => assert_eq!(id.to_string(), v["claims"]["mark"].as_str().unwrap()),
            ("incomplete", Err(stage)) => assert_eq!(stage, "incomplete", "{name}"),
            ("refused", Err(stage)) => assert_eq!(stage, v["stage"].as_str().unwrap(), "{name}"),
            (expect, got) => panic!("{name}: expected {expect}, got {got:?}"),
        }
    }
    let bad = kept.values().filter(|v| v["expect"] == "refused" || v["expect"] == "incomplete").count();
    assert!(bad > 2 * (kept.len() - bad), "most vectors are bad ones");
}

#[test]
fn the_worked_example_stands_in_the_specification() {
    let spec = std::fs::read_to_string(folder().join("../../../docs/SPEC-mark.md")).unwrap();
    let squeezed: String = spec.split_whitespace().collect();
    let v = &all()["good.json"];
    for field in ["text", "token", "signing_input"] {
        assert!(squeezed.contains(v[field].as_str().unwrap()), "{field} is not in the specification");
    }
    for said in [
        v["keys"][0].as_str().unwrap(),
        v["claims"]["key_hint"].as_str().unwrap(),
        v["claims"]["mark"].as_str().unwrap(),
    ] {
        assert!(squeezed.contains(said), "{said}");
    }
}

#[test]
fn changing_any_single_bit_of_a_token_is_noticed() {
    let signed = signed(claims(), HOST).to_bytes();
    for bit in 0..TOKEN_LEN * 8 {
        let mut bytes = signed;
        bytes[bit / 8] ^= 1 << (bit % 8);
        let v = base(&format!("https://{HOST}/m/{}", digits_of(&bytes)), "");
        assert!(matches!(verify(&v), Err("digits" | "key" | "signature")), "bit {bit}");
    }
    assert!(testing::url(Level::FiveStar, super::Layout::Vertical).len() == 24 + 217);
}
