//! A Status List Token as a JSON Web Token: JWS compact form (RFC 7515), EdDSA over Ed25519 (RFC 8037).

use super::canonical::{canonicalize, parse_strict};
use super::keys::KeyRecord;
use super::proof::SigningKey;
use super::signer::SignFailure;
use super::status_token::{MAX_TOKEN, StatusToken, TokenFailure, check_key, instant, verify_signature};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value, json};

/// `typ` of a Status List Token (section 5.1); its media type has `application/` before it.
pub const TYPE: &str = "statuslist+jwt";
const ALGORITHM: &str = "EdDSA";
/// Claims that would limit for whom or from when the token holds; RFC 7519 wants them judged, and nothing of ours has them.
const LIMITING: [&str; 2] = ["nbf", "aud"];

/// Signs; `kid` is the key's URL.
///
/// # Errors
/// [`SignFailure::Unsignable`] for a key of another purpose; else what the signer gives.
pub fn sign(token: &StatusToken, key: SigningKey<'_>) -> Result<String, SignFailure> {
    check_key(&key)?;
    let header = json!({"alg": ALGORITHM, "kid": key.id.url(key.host), "typ": TYPE});
    let mut claims = json!({
        "sub": token.subject,
        "iat": token.issued_at.as_second(),
        "status_list": {"bits": token.bits, "lst": URL_SAFE_NO_PAD.encode(&token.packed)},
    });
    if let Some(end) = token.expires_at {
        claims["exp"] = end.as_second().into();
    }
    if let Some(ttl) = token.ttl {
        claims["ttl"] = ttl.into();
    }
    let part = |value: &Value| canonicalize(value).map(|b| URL_SAFE_NO_PAD.encode(b)).map_err(SignFailure::Unsignable);
    let message = format!("{}.{}", part(&header)?, part(&claims)?);
    let signature = key.signer.sign(message.as_bytes())?;
    Ok(format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature)))
}

/// Verifies a token. `resolve` finds the record of the key a `kid` names. Whether the key was in its window, and whether the
/// token [covers](StatusToken::covers) an instant and is of the list asked for, are questions of their own.
///
/// # Errors
/// The first [`TokenFailure`] met; the signature is looked at before any claim.
pub fn verify<'k>(
    text: &str,
    resolve: impl Fn(&str) -> Option<&'k KeyRecord>,
) -> Result<(StatusToken, &'k KeyRecord), TokenFailure> {
    if text.len() > MAX_TOKEN {
        return Err(TokenFailure::TooLarge);
    }
    let malformed = TokenFailure::Malformed("form");
    let (message, signature) = text.rsplit_once('.').ok_or(malformed)?;
    let (header, claims) = message.split_once('.').ok_or(malformed)?;
    let kid = key_named(&object(header, "header")?)?;
    let signature = URL_SAFE_NO_PAD.decode(signature).map_err(|_| TokenFailure::Malformed("signature"))?;
    let key = verify_signature(resolve(&kid), message.as_bytes(), &signature)?;
    Ok((claims_of(&object(claims, "claims")?)?, key))
}

fn object(part: &str, name: &'static str) -> Result<Map<String, Value>, TokenFailure> {
    let bytes = URL_SAFE_NO_PAD.decode(part).map_err(|_| TokenFailure::Malformed(name))?;
    match parse_strict(&bytes) {
        Ok(Value::Object(members)) => Ok(members),
        _ => Err(TokenFailure::Malformed(name)),
    }
}

/// The `kid` of a header that says nothing but algorithm, type and key.
fn key_named(header: &Map<String, Value>) -> Result<String, TokenFailure> {
    let text = |name: &'static str| header.get(name).and_then(Value::as_str).ok_or(TokenFailure::Malformed(name));
    if text("alg")? != ALGORITHM {
        return Err(TokenFailure::Algorithm);
    }
    if text("typ")? != TYPE {
        return Err(TokenFailure::Type);
    }
    if header.len() > 3 {
        return Err(TokenFailure::UnsupportedOption("header"));
    }
    text("kid").map(str::to_owned)
}

pub(super) fn claims_of(claims: &Map<String, Value>) -> Result<StatusToken, TokenFailure> {
    if let Some(name) = LIMITING.into_iter().find(|name| claims.contains_key(*name)) {
        return Err(TokenFailure::UnsupportedOption(name));
    }
    let text = |value: Option<&Value>, name| {
        value.and_then(Value::as_str).map(str::to_owned).ok_or(TokenFailure::Malformed(name))
    };
    let list = claims.get("status_list").and_then(Value::as_object).ok_or(TokenFailure::Malformed("status_list"))?;
    let packed = text(list.get("lst"), "lst")?;
    Ok(StatusToken {
        subject: text(claims.get("sub"), "sub")?,
        issued_at: instant(claims.get("iat").and_then(Value::as_i64), "iat")?,
        expires_at: claims.get("exp").map(|exp| instant(exp.as_i64(), "exp")).transpose()?,
        ttl: match claims.get("ttl") {
            Some(ttl) => Some(ttl.as_u64().filter(|t| *t > 0).ok_or(TokenFailure::Malformed("ttl"))?),
            None => None,
        },
        bits: list.get("bits").and_then(Value::as_u64).ok_or(TokenFailure::Malformed("bits"))?,
        packed: URL_SAFE_NO_PAD.decode(packed).map_err(|_| TokenFailure::Malformed("lst"))?,
    })
}
