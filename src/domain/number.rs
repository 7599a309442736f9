//! The certificate number: the body's own opaque text, and the pattern it allocates new ones by.

use super::error::{Refusal, shown};
use super::ids::CertificateId;
use super::written::{plain, written};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

/// A certificate number in its one normal form: no spaces, half-width, upper case, plain hyphens. Two ways of writing it that
/// differ in nothing else are one number, when it is issued as when it is looked up.
///
/// No national rule exists for service certificates, so the text is opaque. It may hold `/` and is never part of a path.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct CertificateNumber(String);

impl CertificateNumber {
    /// Longest number; the longest seen in the field has 20 characters.
    pub const MAX_LEN: usize = 40;

    /// Normalises what people type or paste, then reads it.
    ///
    /// # Errors
    /// `bad_number`: empty, longer than 40 characters, a character other than letters, digits and `-/._()#*`, or a text that
    /// is a certificate's 16-digit identifier: it could name two certificates.
    pub fn parse(text: &str) -> Result<Self, Refusal> {
        let bad =
            |why: &str| Refusal::invalid("bad_number", format!("“{}” is not a certificate number: {why}", shown(text)));
        if text.len() > 8 * Self::MAX_LEN {
            return Err(bad("it has at most 40 characters"));
        }
        let clean: String = plain(text).chars().filter(|c| *c != ' ').flat_map(char::to_uppercase).collect();
        if clean.is_empty() {
            return Err(bad("it is empty"));
        }
        if clean.chars().count() > Self::MAX_LEN {
            return Err(bad("it has at most 40 characters"));
        }
        if !clean.chars().all(|c| c.is_alphanumeric() || "-/._()#*".contains(c)) {
            return Err(bad("it holds letters, digits and - / . _ ( ) # * only"));
        }
        // However it is grouped: 1925-0484-4792-9318 is the identifier too.
        let digits: String = clean.chars().filter(|c| c.is_alphanumeric()).collect();
        if CertificateId::parse(&digits).is_ok() {
            return Err(bad(
                "it reads as a 16-digit identifier of this service; give it another form, such as a /1 behind it",
            ));
        }
        Ok(Self(clean))
    }

    /// The normal form.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

written!(CertificateNumber);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Text(String),
    Year2,
    Year4,
    Serial(usize),
    Recertification,
}

/// How a body forms new numbers, e.g. `293{yy}SC{serial:5}R{recert}M` gives `29326SC10002R0M`.
///
/// `{yy}` and `{yyyy}` are the year of issue, `{serial:N}` the running number with at least N digits (exactly one such
/// piece), `{recert}` the count of recertifications.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct NumberPattern {
    text: String,
    pieces: Vec<Piece>,
}

impl NumberPattern {
    /// Reads a pattern.
    ///
    /// # Errors
    /// `bad_number_pattern`: an unknown piece, not exactly one `{serial:N}` with N from 1 to 9, or a text that no number holds.
    pub fn parse(text: &str) -> Result<Self, Refusal> {
        let bad = |why: &str| {
            Refusal::invalid("bad_number_pattern", format!("“{}” is not a number pattern: {why}", shown(text)))
        };
        let mut pieces = Vec::new();
        let mut rest = text;
        while let Some(open) = rest.find('{') {
            if open > 0 {
                pieces.push(Piece::Text(rest[..open].to_owned()));
            }
            let close = rest[open..].find('}').ok_or_else(|| bad("a { is not closed"))? + open;
            pieces.push(match &rest[open + 1..close] {
                "yy" => Piece::Year2,
                "yyyy" => Piece::Year4,
                "recert" => Piece::Recertification,
                other => match other.strip_prefix("serial:").and_then(|n| n.parse::<usize>().ok()) {
                    Some(width @ 1..=9) => Piece::Serial(width),
                    _ => return Err(bad("its pieces are {yy}, {yyyy}, {recert} and {serial:1} to {serial:9}")),
                },
            });
            rest = &rest[close + 1..];
        }
        if !rest.is_empty() {
            pieces.push(Piece::Text(rest.to_owned()));
        }
        if pieces.iter().filter(|p| matches!(p, Piece::Serial(_))).count() != 1 {
            return Err(bad("it has exactly one {serial:N}"));
        }
        let pattern = Self { text: text.to_owned(), pieces };
        let sample = pattern.render(Date::constant(2026, 1, 1), 999_999_999, 99);
        match CertificateNumber::parse(&sample) {
            Ok(number) if number.as_str() == sample => Ok(pattern),
            _ => Err(bad("what it forms is not a number: use upper-case letters, digits and -/._()")),
        }
    }

    /// The pattern as written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Names the run of serials a number belongs to: everything of the pattern but serial and recertification count.
    #[must_use]
    pub fn series(&self, issued_on: Date) -> String {
        self.write(issued_on, |piece, out| match piece {
            Piece::Serial(_) => out.push('#'),
            _ => out.push('*'),
        })
    }

    /// The number for one serial.
    ///
    /// # Errors
    /// `bad_number` when a serial has grown too long for a number.
    pub fn number(&self, issued_on: Date, serial: u64, recertification: u32) -> Result<CertificateNumber, Refusal> {
        CertificateNumber::parse(&self.render(issued_on, serial, recertification))
    }

    fn render(&self, issued_on: Date, serial: u64, recertification: u32) -> String {
        self.write(issued_on, |piece, out| match piece {
            Piece::Serial(width) => out.push_str(&format!("{serial:0width$}")),
            _ => out.push_str(&recertification.to_string()),
        })
    }

    fn write(&self, issued_on: Date, variable: impl Fn(&Piece, &mut String)) -> String {
        let mut out = String::new();
        for piece in &self.pieces {
            match piece {
                Piece::Text(t) => out.push_str(t),
                Piece::Year2 => out.push_str(&format!("{:02}", issued_on.year() % 100)),
                Piece::Year4 => out.push_str(&format!("{:04}", issued_on.year())),
                piece => variable(piece, &mut out),
            }
        }
        out
    }
}

written!(NumberPattern);

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_normal_form_is_its_own(text in "\\PC{1,40}") {
            if let Ok(number) = CertificateNumber::parse(&text) {
                prop_assert_eq!(CertificateNumber::parse(number.as_str()).unwrap(), number);
            }
        }
    }

    #[test]
    fn what_people_paste_becomes_one_number() {
        for typed in
            ["29326sc10002r0m", " ２９３２６ＳＣ１０００２Ｒ０Ｍ ", "29326SC 10002 R0M", "29326SC10002R0M\u{200b}"]
        {
            assert_eq!(CertificateNumber::parse(typed).unwrap().as_str(), "29326SC10002R0M");
        }
        assert_eq!(CertificateNumber::parse("00114q26950r7l／3502").unwrap().as_str(), "00114Q26950R7L/3502");
        for typed in
            ["QCC2019-21", "qcc2019—21", "QCC2019 ——21", "QCC2019－21", "QCC2019\u{2011}21", "QCC2019\u{ad}−21"]
        {
            assert_eq!(CertificateNumber::parse(typed).unwrap().as_str(), "QCC2019-21", "{typed}");
        }
        assert!(CertificateNumber::parse("a<b>").is_err());
        assert!(CertificateNumber::parse(&"1".repeat(1 << 20)).is_err());
    }

    #[test]
    fn a_pattern_forms_numbers_and_names_its_series() {
        let p = NumberPattern::parse("293{yy}SC{serial:5}R{recert}M").unwrap();
        let day = Date::constant(2026, 5, 8);
        assert_eq!(p.number(day, 10002, 0).unwrap().as_str(), "29326SC10002R0M");
        assert_eq!(p.series(day), "29326SC#R*M");
        for bad in
            ["X", "{serial:5}{serial:5}", "{serial:0}", "{year}{serial:1}", "{serial:5", "a{serial:3}", "{serial:3}<"]
        {
            assert_eq!(NumberPattern::parse(bad).unwrap_err().code, "bad_number_pattern", "{bad}");
        }
    }
}
