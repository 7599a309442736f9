//! A Status List Token as a CBOR Web Token (RFC 8392): COSE_Sign1 (RFC 9052) with its tag, EdDSA over Ed25519 (RFC 9053).

use super::keys::KeyRecord;
use super::proof::SigningKey;
use super::signer::SignFailure;
use super::status_token::{MAX_TOKEN, StatusToken, TokenFailure, check_key, instant, verify_signature};
use crate::domain::Refusal;
use coset::cbor::Value;
use coset::iana::{Algorithm, CwtClaimName, EnumI64 as _, HeaderParameter};
use coset::{
    CborSerializable as _, CoseSign1, CoseSign1Builder, Header, HeaderBuilder, Label, RegisteredLabelWithPrivate,
    TaggedCborSerializable as _,
};

/// Type of a Status List Token, header 16 (section 5.2; RFC 9596); its media type too.
pub const TYPE: &str = "application/statuslist+cwt";
/// The claims `ttl` and `status_list` (section 14.3).
const TTL: i64 = 65_534;
const STATUS_LIST: i64 = 65_533;
const SUB: i64 = CwtClaimName::Sub as i64;
const AUD: i64 = CwtClaimName::Aud as i64;
const EXP: i64 = CwtClaimName::Exp as i64;
const NBF: i64 = CwtClaimName::Nbf as i64;
const IAT: i64 = CwtClaimName::Iat as i64;
const TYP: Label = Label::Int(HeaderParameter::ObjectContentType as i64);

/// Signs; `kid`, in the protected header, is the key's URL.
///
/// # Errors
/// [`SignFailure::Unsignable`] for a key of another purpose; else what the signer gives.
pub fn sign(token: &StatusToken, key: SigningKey<'_>) -> Result<Vec<u8>, SignFailure> {
    check_key(&key)?;
    let unwritten =
        |_| SignFailure::Unsignable(Refusal::invalid("token_malformed", "the token cannot be written as CBOR"));
    let mut claims = vec![
        (Value::from(SUB), Value::from(token.subject.as_str())),
        (Value::from(IAT), Value::from(token.issued_at.as_second())),
    ];
    claims.extend(token.expires_at.map(|end| (Value::from(EXP), Value::from(end.as_second()))));
    claims.extend(token.ttl.map(|ttl| (Value::from(TTL), Value::from(ttl))));
    let list = vec![("bits".into(), Value::from(token.bits)), ("lst".into(), Value::from(token.packed.as_slice()))];
    claims.push((Value::from(STATUS_LIST), Value::Map(list)));
    let protected = HeaderBuilder::new()
        .algorithm(Algorithm::EdDSA)
        .key_id(key.id.url(key.host).into_bytes())
        .value(HeaderParameter::ObjectContentType.to_i64(), TYPE.into())
        .build();
    let payload = Value::Map(claims).to_vec().map_err(unwritten)?;
    let signed = CoseSign1Builder::new()
        .protected(protected)
        .payload(payload)
        .try_create_signature(&[], |message| key.signer.sign(message).map(Vec::from))?;
    signed.build().to_tagged_vec().map_err(unwritten)
}

/// Verifies a token. `resolve` finds the record of the key a `kid` names. Whether the key was in its window, and whether the
/// token [covers](StatusToken::covers) an instant and is of the list asked for, are questions of their own.
///
/// # Errors
/// The first [`TokenFailure`] met; the signature is looked at before any claim.
pub fn verify<'k>(
    bytes: &[u8],
    resolve: impl Fn(&str) -> Option<&'k KeyRecord>,
) -> Result<(StatusToken, &'k KeyRecord), TokenFailure> {
    if bytes.len() > MAX_TOKEN {
        return Err(TokenFailure::TooLarge);
    }
    let token = CoseSign1::from_tagged_slice(bytes).map_err(|_| TokenFailure::Malformed("form"))?;
    let kid = key_named(&token.protected.header, &token.unprotected)?;
    let payload = token.payload.as_deref().ok_or(TokenFailure::Malformed("claims"))?;
    let key = verify_signature(resolve(&kid), &token.tbs_data(&[]), &token.signature)?;
    Ok((claims_of(payload)?, key))
}

/// The `kid`, from either header, where nothing else is said but algorithm and type, and these are protected.
fn key_named(protected: &Header, unprotected: &Header) -> Result<String, TokenFailure> {
    match &protected.alg {
        None => return Err(TokenFailure::Malformed("alg")),
        Some(RegisteredLabelWithPrivate::Assigned(Algorithm::EdDSA)) => {}
        Some(_) => return Err(TokenFailure::Algorithm),
    }
    match protected.rest.iter().find(|(label, _)| *label == TYP) {
        None => return Err(TokenFailure::Malformed("typ")),
        Some((_, typ)) if typ.as_text() == Some(TYPE) => {}
        Some(_) => return Err(TokenFailure::Type),
    }
    let kid = match (protected.key_id.as_slice(), unprotected.key_id.as_slice()) {
        ([], kid) | (kid, []) if !kid.is_empty() => kid.to_vec(),
        _ => return Err(TokenFailure::Malformed("kid")),
    };
    let plain = Header {
        alg: protected.alg.clone(),
        key_id: protected.key_id.clone(),
        rest: vec![(TYP, TYPE.into())],
        ..Header::default()
    };
    if *protected != plain || *unprotected != (Header { key_id: unprotected.key_id.clone(), ..Header::default() }) {
        return Err(TokenFailure::UnsupportedOption("header"));
    }
    String::from_utf8(kid).map_err(|_| TokenFailure::Malformed("kid"))
}

pub(super) fn claims_of(payload: &[u8]) -> Result<StatusToken, TokenFailure> {
    let malformed = TokenFailure::Malformed;
    let read = Value::from_slice(payload).map_err(|_| malformed("claims"))?;
    // One value, one writing: shortest forms and definite lengths (RFC 8949, section 4.1).
    if read.clone().to_vec().ok().as_deref() != Some(payload) {
        return Err(malformed("claims"));
    }
    let claims = read.as_map().ok_or(malformed("claims"))?;
    let claim = |name: i64| one(claims, &Value::from(name));
    for (name, text) in [(NBF, "nbf"), (AUD, "aud")] {
        if claim(name)?.is_some() {
            return Err(TokenFailure::UnsupportedOption(text));
        }
    }
    let seconds = |value: &Value| value.as_integer().and_then(|i| i64::try_from(i).ok());
    let natural = |value: Option<&Value>, name| {
        value.and_then(Value::as_integer).and_then(|i| u64::try_from(i).ok()).ok_or(malformed(name))
    };
    let list = claim(STATUS_LIST)?.and_then(Value::as_map).ok_or(malformed("status_list"))?;
    let packed = one(list, &"lst".into())?.and_then(Value::as_bytes).ok_or(malformed("lst"))?;
    Ok(StatusToken {
        subject: claim(SUB)?.and_then(Value::as_text).ok_or(malformed("sub"))?.to_owned(),
        issued_at: instant(claim(IAT)?.and_then(seconds), "iat")?,
        expires_at: claim(EXP)?.map(|exp| instant(seconds(exp), "exp")).transpose()?,
        ttl: match claim(TTL)? {
            Some(ttl) => Some(natural(Some(ttl), "ttl").ok().filter(|t| *t > 0).ok_or(malformed("ttl"))?),
            None => None,
        },
        bits: natural(one(list, &"bits".into())?, "bits")?,
        packed: packed.clone(),
    })
}

/// The value of a key that stands once, or not at all.
fn one<'v>(map: &'v [(Value, Value)], key: &Value) -> Result<Option<&'v Value>, TokenFailure> {
    let mut found = map.iter().filter(|(k, _)| k == key);
    let first = found.next().map(|(_, value)| value);
    if found.next().is_some() { Err(TokenFailure::Malformed("claims")) } else { Ok(first) }
}
