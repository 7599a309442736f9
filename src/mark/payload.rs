//! What a printed mark says in its own code: the 90-byte token v1 and its 217 decimal digits (docs/SPEC-mark.md).

use crate::domain::dates::{add_days, days_between};
use crate::domain::error::shown;
use crate::domain::{Host, Level, MarkId, Refusal, Uscc};
use jiff::civil::{Date, date};
use num_bigint::BigUint;
use sha2::{Digest, Sha256};

/// Bytes of a signed token.
pub const TOKEN_LEN: usize = BODY_LEN + SIGNATURE_LEN;
/// Bytes the signature covers, besides the host.
pub const BODY_LEN: usize = 26;
/// Bytes of an Ed25519 signature (RFC 8032).
pub const SIGNATURE_LEN: usize = 64;
/// Decimal digits that hold every value below 2^720.
pub const TOKEN_DIGITS: usize = 217;
/// First bytes of what is signed, so that a mark's signature is good for nothing else.
pub const CONTEXT: &[u8] = b"after-sales-mark/v1\0";
/// Day zero of the two-byte days; they reach to 2199-06-06.
pub const EPOCH: Date = date(2020, 1, 1);

const VERSION: u8 = 1;
const USCC_LEN: usize = 11;

/// The first four bytes of SHA-256 of a raw Ed25519 public key: tells a verifier which listed keys to try.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct KeyHint([u8; 4]);

impl KeyHint {
    /// The hint of a raw public key (32 bytes, RFC 8032).
    #[must_use]
    pub fn of(public_key: &[u8; 32]) -> Self {
        let digest = Sha256::digest(public_key);
        Self([digest[0], digest[1], digest[2], digest[3]])
    }

    /// From the four bytes of a token.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 4]) -> Self {
        Self(bytes)
    }

    /// The four bytes.
    #[must_use]
    pub const fn to_bytes(self) -> [u8; 4] {
        self.0
    }
}

/// What a signed mark claims. Nothing in it is proved before its signature is checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Token {
    level: Level,
    test: bool,
    key_hint: KeyHint,
    mark: MarkId,
    issued: u16,
    expires: u16,
    holder: Option<Uscc>,
}

/// The claims of a new token; [`Token::new`] checks them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Claims {
    /// Certified level.
    pub level: Level,
    /// A test mark: proves nothing, whoever signed it.
    pub test: bool,
    /// Hint of the key that signs.
    pub key_hint: KeyHint,
    /// The mark licence.
    pub mark: MarkId,
    /// Day of issue, China time, from 2020-01-01.
    pub issued: Date,
    /// Last day of validity, China time, up to 2199-06-06.
    pub expires: Date,
    /// The holder's unified social credit code, where the holder has one.
    pub holder: Option<Uscc>,
}

fn bad(why: impl std::fmt::Display) -> Refusal {
    Refusal::invalid("bad_mark_token", format!("this is not a mark of this scheme: {why}"))
}

fn day_number(day: Date, what: &str) -> Result<u16, Refusal> {
    u16::try_from(days_between(EPOCH, day)).map_err(|_| {
        Refusal::invalid(
            "mark_day_out_of_range",
            format!("{what} {day} cannot stand in a mark: 2020-01-01 to 2199-06-06"),
        )
    })
}

const fn level_code(level: Level) -> u8 {
    level.stars()
}

impl Token {
    /// A token of these claims.
    ///
    /// # Errors
    /// `mark_day_out_of_range`; `mark_days_reversed` when it expires before it is issued; `mark_holder_zero` for the one code
    /// whose 17 characters are all 0, which the token could not tell from "no code".
    pub fn new(claims: Claims) -> Result<Self, Refusal> {
        let issued = day_number(claims.issued, "the day of issue")?;
        let expires = day_number(claims.expires, "the day of expiry")?;
        if expires < issued {
            return Err(Refusal::invalid(
                "mark_days_reversed",
                format!("the mark would expire on {}, before its day of issue {}", claims.expires, claims.issued),
            ));
        }
        if let Some(uscc) = claims.holder.filter(|u| u.to_base31() == 0) {
            return Err(Refusal::invalid(
                "mark_holder_zero",
                format!("the code {uscc} belongs to nobody and cannot stand in a mark; leave it out or correct it"),
            ));
        }
        let Claims { level, test, key_hint, mark, holder, .. } = claims;
        Ok(Self { level, test, key_hint, mark, issued, expires, holder })
    }

    /// Certified level.
    #[must_use]
    pub const fn level(&self) -> Level {
        self.level
    }

    /// Whether this is a test mark, which proves nothing.
    #[must_use]
    pub const fn is_test(&self) -> bool {
        self.test
    }

    /// Which listed keys to try.
    #[must_use]
    pub const fn key_hint(&self) -> KeyHint {
        self.key_hint
    }

    /// The mark licence.
    #[must_use]
    pub const fn mark(&self) -> MarkId {
        self.mark
    }

    /// Day of issue, China time.
    #[must_use]
    pub fn issued(&self) -> Date {
        add_days(EPOCH, i32::from(self.issued))
    }

    /// Last day of validity, China time.
    #[must_use]
    pub fn expires(&self) -> Date {
        add_days(EPOCH, i32::from(self.expires))
    }

    /// The holder's code, where it has one.
    #[must_use]
    pub const fn holder(&self) -> Option<Uscc> {
        self.holder
    }

    /// The first 26 bytes of the signed token.
    #[must_use]
    pub fn body(&self) -> [u8; BODY_LEN] {
        let mut out = [0u8; BODY_LEN];
        out[0] = VERSION << 4 | level_code(self.level) << 1 | u8::from(self.test);
        out[1..5].copy_from_slice(&self.key_hint.to_bytes());
        out[5..11].copy_from_slice(&self.mark.to_bytes());
        out[11..13].copy_from_slice(&self.issued.to_be_bytes());
        out[13..15].copy_from_slice(&self.expires.to_be_bytes());
        let uscc = self.holder.map_or(0, Uscc::to_base31).to_be_bytes();
        out[15..].copy_from_slice(&uscc[uscc.len() - USCC_LEN..]);
        out
    }

    /// Reads the first 26 bytes of a signed token.
    ///
    /// # Errors
    /// `bad_mark_token`: an unknown version or level, a holder beyond 17 characters, or an expiry before the day of issue.
    pub fn from_body(body: &[u8; BODY_LEN]) -> Result<Self, Refusal> {
        let version = body[0] >> 4;
        if version != VERSION {
            return Err(bad(format_args!("its version is {version}, known is 1")));
        }
        let code = body[0] >> 1 & 0b111;
        let level = Level::from_stars(code).ok_or_else(|| bad(format_args!("there is no level with code {code}")))?;
        let u16_at = |i: usize| u16::from_be_bytes([body[i], body[i + 1]]);
        let (issued, expires) = (u16_at(11), u16_at(13));
        if expires < issued {
            return Err(bad("it expires before its day of issue"));
        }
        let number = body[15..].iter().fold(0u128, |n, b| n << 8 | u128::from(*b));
        let holder = match number {
            0 => None,
            n => Some(Uscc::from_base31(n).ok_or_else(|| bad("its holder's code is beyond 17 characters"))?),
        };
        let mut hint = [0u8; 4];
        hint.copy_from_slice(&body[1..5]);
        let mut mark = [0u8; 6];
        mark.copy_from_slice(&body[5..11]);
        let (key_hint, mark) = (KeyHint::from_bytes(hint), MarkId::from_bytes(mark));
        Ok(Self { level, test: body[0] & 1 == 1, key_hint, mark, issued, expires, holder })
    }

    /// What the mark key signs: [`signing_input`] of this token's body.
    #[must_use]
    pub fn signing_input(&self, host: &Host) -> Vec<u8> {
        signing_input(host, &self.body())
    }

    /// This token with the 64 bytes of its signature, which are not checked here.
    #[must_use]
    pub const fn with_signature(self, signature: [u8; SIGNATURE_LEN]) -> SignedToken {
        SignedToken { token: self, signature }
    }
}

/// The bytes an Ed25519 mark key signs: `"after-sales-mark/v1\0"`, the host, one zero byte, the token's first 26 bytes.
///
/// The host is covered, so a genuine token copied under a look-alike domain fails.
#[must_use]
pub fn signing_input(host: &Host, body: &[u8; BODY_LEN]) -> Vec<u8> {
    [CONTEXT, host.as_str().as_bytes(), b"\0", body].concat()
}

/// A token and its signature. Reading one proves its form only; the signature is for the caller to check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SignedToken {
    token: Token,
    signature: [u8; SIGNATURE_LEN],
}

impl SignedToken {
    /// The claims.
    #[must_use]
    pub const fn token(&self) -> &Token {
        &self.token
    }

    /// The Ed25519 signature over [`Token::signing_input`].
    #[must_use]
    pub const fn signature(&self) -> &[u8; SIGNATURE_LEN] {
        &self.signature
    }

    /// The 90 bytes.
    #[must_use]
    pub fn to_bytes(&self) -> [u8; TOKEN_LEN] {
        let mut out = [0u8; TOKEN_LEN];
        out[..BODY_LEN].copy_from_slice(&self.token.body());
        out[BODY_LEN..].copy_from_slice(&self.signature);
        out
    }

    /// Reads the 90 bytes.
    ///
    /// # Errors
    /// `bad_mark_token`, as [`Token::from_body`] says.
    pub fn from_bytes(bytes: &[u8; TOKEN_LEN]) -> Result<Self, Refusal> {
        let mut body = [0u8; BODY_LEN];
        body.copy_from_slice(&bytes[..BODY_LEN]);
        let mut signature = [0u8; SIGNATURE_LEN];
        signature.copy_from_slice(&bytes[BODY_LEN..]);
        Ok(Token::from_body(&body)?.with_signature(signature))
    }

    /// The 90 bytes as one unsigned big-endian integer in decimal, zero-padded to 217 digits.
    #[must_use]
    pub fn digits(&self) -> String {
        let number = BigUint::from_bytes_be(&self.to_bytes()).to_string();
        format!("{number:0>TOKEN_DIGITS$}")
    }

    /// Reads the 217 digits.
    ///
    /// # Errors
    /// `bad_mark_token`: another length, a character that is no ASCII digit, a value of 2^720 or more, or as
    /// [`Token::from_body`] says.
    pub fn from_digits(text: &str) -> Result<Self, Refusal> {
        if text.len() != TOKEN_DIGITS {
            return Err(bad(format_args!(
                "a signed mark has {TOKEN_DIGITS} digits, this has {} characters",
                text.len()
            )));
        }
        if let Some(c) = text.chars().find(|c| !c.is_ascii_digit()) {
            return Err(bad(format_args!("it holds “{}”, which is no digit", shown(&c.to_string()))));
        }
        let number = BigUint::parse_bytes(text.as_bytes(), 10).ok_or_else(|| bad("it is no decimal number"))?;
        let significant = number.to_bytes_be();
        let mut bytes = [0u8; TOKEN_LEN];
        let start = TOKEN_LEN.checked_sub(significant.len()).ok_or_else(|| bad("its number is beyond 90 bytes"))?;
        bytes[start..].copy_from_slice(&significant);
        Self::from_bytes(&bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    pub(crate) fn claims() -> Claims {
        Claims {
            level: Level::FiveStar,
            test: false,
            key_hint: KeyHint::of(&[7; 32]),
            mark: MarkId::from_bytes([1, 2, 3, 4, 5, 6]),
            issued: date(2026, 5, 8),
            expires: date(2029, 5, 7),
            holder: Some(Uscc::parse("91110108551385082Q").unwrap()),
        }
    }

    #[test]
    fn the_table_of_the_spec() {
        let body = Token::new(claims()).unwrap().body();
        assert_eq!(body[0], 0x1a);
        assert_eq!(body[5..11], [1, 2, 3, 4, 5, 6]);
        assert_eq!(u16::from_be_bytes([body[11], body[12]]), 2319);
        assert_eq!(u16::from_be_bytes([body[13], body[14]]), 3414);
        let input = signing_input(&Host::parse("xb.example.cn").unwrap(), &body);
        assert_eq!(&input[..20], b"after-sales-mark/v1\0");
        assert_eq!(&input[20..34], b"xb.example.cn\0");
        assert_eq!(input[34..], body);
    }

    #[test]
    fn claims_a_token_cannot_hold() {
        let code = |change: fn(&mut Claims)| {
            let mut c = claims();
            change(&mut c);
            Token::new(c).unwrap_err().code
        };
        assert_eq!(code(|c| c.issued = date(2019, 12, 31)), "mark_day_out_of_range");
        assert_eq!(code(|c| c.expires = date(2199, 6, 7)), "mark_day_out_of_range");
        assert_eq!(code(|c| c.expires = date(2026, 5, 7)), "mark_days_reversed");
        assert_eq!(code(|c| c.holder = Uscc::from_base31(0)), "mark_holder_zero");
        let last = Token::new(Claims { expires: date(2199, 6, 6), ..claims() }).unwrap();
        assert_eq!(last.expires(), date(2199, 6, 6));
    }

    #[test]
    fn digits_that_are_no_token() {
        let good = Token::new(claims()).unwrap().with_signature([9; 64]).digits();
        assert_eq!(SignedToken::from_digits(&good).unwrap().digits(), good);
        let beyond = BigUint::from(2u8).pow(720).to_string();
        assert_eq!(beyond.len(), TOKEN_DIGITS);
        let full_width = good.replacen('1', "１", 1);
        for text in ["", &good[1..], &format!("{good}0"), &good.replacen('1', "a", 1), &full_width, &beyond] {
            assert_eq!(SignedToken::from_digits(text).unwrap_err().code, "bad_mark_token", "{text}");
        }
    }

    #[test]
    fn bytes_that_are_no_token() {
        let good = Token::new(claims()).unwrap().body();
        let why = |i: usize, byte: u8| {
            let mut b = good;
            b[i] = byte;
            Token::from_body(&b).unwrap_err().message.into_owned()
        };
        assert!(why(0, 0x2a).contains("version is 2"));
        assert!(why(0, 0x0a).contains("version is 0"));
        for code in [1u8, 2, 6, 7] {
            assert!(why(0, 0x10 | code << 1).contains("no level"), "{code}");
        }
        assert!(why(13, 0).contains("expires before"));
        assert!(why(15, 0xff).contains("17 characters"));
    }

    proptest! {
        #[test]
        fn any_90_bytes_are_a_token_or_refused(bytes in proptest::collection::vec(any::<u8>(), TOKEN_LEN)) {
            let mut raw: [u8; TOKEN_LEN] = bytes.try_into().unwrap();
            raw[0] = 0x10 | raw[0] & 0x0f;
            raw[15] &= 0x1f;
            if let Ok(signed) = SignedToken::from_bytes(&raw) {
                prop_assert_eq!(signed.to_bytes(), raw);
                let digits = signed.digits();
                prop_assert_eq!(digits.len(), TOKEN_DIGITS);
                prop_assert_eq!(SignedToken::from_digits(&digits).unwrap(), signed);
            }
        }
    }
}
