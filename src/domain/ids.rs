//! Identifiers the public sees: 48 random bits written as 15 decimal digits and one ISO 7064 MOD 11,10 check digit.

use super::error::{Refusal, shown};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Digits of a written identifier, check digit included.
pub const ID_DIGITS: usize = 16;
const BITS: u32 = 48;

/// ISO/IEC 7064 MOD 11,10 check digit over decimal digits (hybrid system).
fn check_digit(digits: &[u8]) -> u8 {
    let mut p = 10;
    for d in digits {
        let s = (p + u32::from(*d)) % 10;
        p = (if s == 0 { 10 } else { s }) * 2 % 11;
    }
    ((11 - p) % 10) as u8
}

fn write_digits(bits: u64) -> String {
    let body = format!("{bits:015}");
    let digits: Vec<u8> = body.bytes().map(|b| b - b'0').collect();
    format!("{body}{}", check_digit(&digits))
}

fn parse_digits(text: &str) -> Result<u64, Refusal> {
    let bad = |why: &str| Refusal::invalid("bad_identifier", format!("“{}” is not an identifier: {why}", shown(text)));
    if text.len() != ID_DIGITS || !text.bytes().all(|b| b.is_ascii_digit()) {
        return Err(bad("it is 16 decimal digits"));
    }
    let digits: Vec<u8> = text.bytes().map(|b| b - b'0').collect();
    if check_digit(&digits[..ID_DIGITS - 1]) != digits[ID_DIGITS - 1] {
        return Err(bad("its last digit does not check the others, so a digit was mistyped"));
    }
    let bits = digits[..ID_DIGITS - 1].iter().fold(0u64, |n, d| n * 10 + u64::from(*d));
    if bits >> BITS != 0 {
        return Err(bad("its value is beyond 48 bits"));
    }
    Ok(bits)
}

macro_rules! public_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(into = "String", try_from = "String")]
        pub struct $name(u64);

        impl $name {
            /// From six random bytes.
            #[must_use]
            pub fn from_bytes(b: [u8; 6]) -> Self {
                Self(u64::from_be_bytes([0, 0, b[0], b[1], b[2], b[3], b[4], b[5]]))
            }

            /// The 48 bits, big-endian.
            #[must_use]
            pub fn to_bytes(self) -> [u8; 6] {
                let b = self.0.to_be_bytes();
                [b[2], b[3], b[4], b[5], b[6], b[7]]
            }

            /// Reads the 16 written digits.
            ///
            /// # Errors
            /// `bad_identifier` for another length, a non-digit, a wrong check digit or a value beyond 48 bits.
            pub fn parse(text: &str) -> Result<Self, Refusal> {
                parse_digits(text).map(Self)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&write_digits(self.0))
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> String {
                id.to_string()
            }
        }

        impl TryFrom<String> for $name {
            type Error = Refusal;
            fn try_from(text: String) -> Result<Self, Refusal> {
                Self::parse(&text)
            }
        }
    };
}

public_id!(
    /// Names one certificate for ever, in `https://HOST/c/ID`.
    CertificateId
);
public_id!(
    /// Names one mark licence for ever, in `https://HOST/m/ID`.
    MarkId
);

/// Bytes of a receipt's identifier.
pub const RECEIPT_ID_BYTES: usize = 16;
/// Characters of a written one.
pub const RECEIPT_ID_LEN: usize = 22;

/// Names one receipt for ever, in `https://HOST/r/RID`: 128 random bits as 22 characters of base64url (RFC 4648, section 5,
/// without padding). Whoever does not know it cannot guess it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct ReceiptId([u8; RECEIPT_ID_BYTES]);

impl ReceiptId {
    /// From sixteen random bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; RECEIPT_ID_BYTES]) -> Self {
        Self(bytes)
    }

    /// The sixteen bytes.
    #[must_use]
    pub const fn to_bytes(self) -> [u8; RECEIPT_ID_BYTES] {
        self.0
    }

    /// Reads the 22 written characters; each identifier has one way to be written.
    ///
    /// # Errors
    /// `bad_receipt_id`.
    pub fn parse(text: &str) -> Result<Self, Refusal> {
        let read = || URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok();
        (text.len() == RECEIPT_ID_LEN).then(read).flatten().map(Self).ok_or_else(|| {
            Refusal::invalid(
                "bad_receipt_id",
                format!("“{}” names no receipt: it is 22 letters, digits, - and _", shown(text)),
            )
        })
    }
}

impl fmt::Display for ReceiptId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&URL_SAFE_NO_PAD.encode(self.0))
    }
}

impl From<ReceiptId> for String {
    fn from(id: ReceiptId) -> String {
        id.to_string()
    }
}

impl TryFrom<String> for ReceiptId {
    type Error = Refusal;
    fn try_from(text: String) -> Result<Self, Refusal> {
        Self::parse(&text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn iso_7064_example() {
        // ISO/IEC 7064:2003, MOD 11,10: 0794 -> 5
        assert_eq!(check_digit(&[0, 7, 9, 4]), 5);
    }

    #[test]
    fn every_single_digit_error_is_noticed() {
        let good = CertificateId::from_bytes([0xfe, 1, 2, 3, 4, 5]).to_string();
        assert_eq!(CertificateId::parse(&good).unwrap().to_string(), good);
        for i in 0..good.len() {
            for d in b'0'..=b'9' {
                let mut bad = good.clone().into_bytes();
                if bad[i] == d {
                    continue;
                }
                bad[i] = d;
                assert!(CertificateId::parse(std::str::from_utf8(&bad).unwrap()).is_err());
            }
        }
    }

    #[test]
    fn a_receipts_name_has_one_writing() {
        let id = ReceiptId::from_bytes([0xfb; 16]);
        assert_eq!(id.to_string(), "-_v7-_v7-_v7-_v7-_v7-w");
        assert_eq!(ReceiptId::parse(&id.to_string()), Ok(id));
        for bad in [
            "",
            "-_v7-_v7-_v7-_v7-_v7-x",
            "-_v7-_v7-_v7-_v7-_v7-",
            "-_v7-_v7-_v7-_v7-_v7-w=",
            "+/v7-_v7-_v7-_v7-_v7-w",
            "..v7-_v7-_v7-_v7-_v7-w",
        ] {
            assert_eq!(ReceiptId::parse(bad).unwrap_err().code, "bad_receipt_id", "{bad}");
        }
    }

    #[test]
    fn beyond_48_bits_is_refused() {
        let body: Vec<u8> = "281474976710656".bytes().map(|b| b - b'0').collect();
        let text = format!("281474976710656{}", check_digit(&body));
        assert!(MarkId::parse(&text).unwrap_err().message.contains("48 bits"));
        assert_eq!(MarkId::from_bytes([0xff; 6]).to_string().len(), ID_DIGITS);
    }
}
