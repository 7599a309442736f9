//! Unified social credit code (统一社会信用代码), GB 32100-2015.

use super::error::{Refusal, shown};
use super::written::{plain, written};
use serde::{Deserialize, Serialize};

/// Alphabet of GB 32100-2015: no I, O, S, V, Z.
const ALPHABET: &[u8; 31] = b"0123456789ABCDEFGHJKLMNPQRTUWXY";
/// Weights 3^(i-1) mod 31 of the first 17 characters (GB 32100-2015, table 5).
const WEIGHTS: [u32; 17] = [1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28];
/// Characters of a code.
pub const USCC_LEN: usize = 18;

/// A unified social credit code with a correct check character.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Uscc([u8; USCC_LEN]);

fn value_of(c: u8) -> Option<u32> {
    ALPHABET.iter().position(|a| *a == c).map(|i| i as u32)
}

/// The check character that completes 17 alphabet values (remainder 0 gives '0').
fn check_character(values: &[u32]) -> u8 {
    let sum: u32 = values.iter().zip(WEIGHTS).map(|(v, w)| v * w).sum();
    ALPHABET[((31 - sum % 31) % 31) as usize]
}

impl Uscc {
    /// Reads a code; full-width characters and lower case are folded first, spaces and hyphens between groups left out.
    ///
    /// # Errors
    /// `bad_uscc`: another length, a character outside the alphabet, or a wrong check character.
    pub fn parse(text: &str) -> Result<Self, Refusal> {
        let bad = |why: String| {
            Refusal::invalid("bad_uscc", format!("“{}” is not a unified social credit code: {why}", shown(text)))
        };
        // A code is 18 characters: anything far longer is refused before it is folded.
        if text.len() > 16 * USCC_LEN {
            return Err(bad("it has 18 characters".into()));
        }
        let folded: String =
            plain(text).chars().filter(|c| !matches!(c, ' ' | '-')).flat_map(char::to_uppercase).collect();
        let count = folded.chars().count();
        if count != USCC_LEN {
            return Err(bad(format!("it has 18 characters, this has {count}")));
        }
        let mut values = [0u32; USCC_LEN];
        for (i, c) in folded.chars().enumerate() {
            values[i] = u8::try_from(c)
                .ok()
                .and_then(value_of)
                .ok_or_else(|| bad(format!("character {} is “{c}”, which GB 32100 does not use", i + 1)))?;
        }
        let check = check_character(&values[..17]);
        let code: [u8; USCC_LEN] = values.map(|v| ALPHABET[v as usize]);
        if code[17] != check {
            return Err(bad("its last character does not check the others, so a character was mistyped".into()));
        }
        Ok(Self(code))
    }

    /// The 18 characters.
    #[must_use]
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }

    /// The 17 characters before the check character as one base-31 integer (below 2^85).
    #[must_use]
    pub fn to_base31(self) -> u128 {
        self.0[..17].iter().fold(0, |n, c| n * 31 + u128::from(value_of(*c).unwrap_or(0)))
    }

    /// The code whose first 17 characters are this base-31 integer; `None` beyond 17 characters.
    #[must_use]
    pub fn from_base31(mut n: u128) -> Option<Self> {
        let mut values = [0u32; 17];
        for v in values.iter_mut().rev() {
            *v = (n % 31) as u32;
            n /= 31;
        }
        if n != 0 {
            return None;
        }
        let mut code = [0u8; USCC_LEN];
        for (c, v) in code.iter_mut().zip(values) {
            *c = ALPHABET[v as usize];
        }
        code[17] = check_character(&values);
        Some(Self(code))
    }
}

written!(Uscc);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folds_what_people_paste() {
        for typed in [" ９１110108551385082q ", "91 110108 55138508-2 Q", "91110108551385082Q\u{200b}"] {
            assert_eq!(Uscc::parse(typed).unwrap().as_str(), "91110108551385082Q", "{typed}");
        }
    }

    #[test]
    fn base31_round_trip() {
        let u = Uscc::parse("91340104MA8NF2GR22").unwrap();
        assert_eq!(Uscc::from_base31(u.to_base31()), Some(u));
        assert_eq!(Uscc::from_base31(31u128.pow(17)), None);
    }
}
