//! Bounded one-line texts: names, addresses, scopes, reasons.

use super::error::Refusal;
use super::written::{is_unseen, plain, written};
use serde::{Deserialize, Serialize};
use unicode_normalization::{IsNormalized, UnicodeNormalization as _, is_nfc_quick};

fn bounded(text: &str, what: &str, max: usize) -> Result<String, Refusal> {
    // Four bytes a character at most: a megabyte is refused before it is normalised.
    if text.len() > max * 4 + 64 {
        return Err(Refusal::invalid("text_too_long", format!("{what} has at most {max} characters")));
    }
    let clean = composed(text.trim());
    if clean.is_empty() {
        return Err(Refusal::invalid("text_empty", format!("{what} is empty")));
    }
    let count = clean.chars().count();
    if count > max {
        return Err(Refusal::invalid("text_too_long", format!("{what} has {count} characters; at most {max}")));
    }
    if let Some((i, c)) = clean.chars().enumerate().find(|(_, c)| is_unseen(*c)) {
        return Err(Refusal::invalid(
            "text_unseen_character",
            format!("{what} holds the unseen character U+{:04X} at place {}; remove it", c as u32, i + 1),
        ));
    }
    Ok(clean)
}

/// NFC. Nearly every text is in it, and that is seen at a glance: characters before U+0300 and Chinese ones neither decompose nor compose with
/// each other.
fn composed(text: &str) -> String {
    if text.chars().all(|c| c < '\u{300}' || ('\u{4e00}'..='\u{9fff}').contains(&c)) {
        return text.to_owned();
    }
    match is_nfc_quick(text.chars()) {
        IsNormalized::Yes => text.to_owned(),
        IsNormalized::No | IsNormalized::Maybe => text.nfc().collect(),
    }
}

macro_rules! text {
    ($(#[$doc:meta])* $name:ident, $what:literal, $max:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(into = "String", try_from = "String")]
        pub struct $name(String);

        impl $name {
            /// Longest text, in characters.
            pub const MAX_LEN: usize = $max;

            /// Trims, composes (NFC) and bounds.
            ///
            /// # Errors
            /// `text_empty`, `text_too_long` or `text_unseen_character`.
            pub fn parse(text: &str) -> Result<Self, Refusal> {
                bounded(text, $what, Self::MAX_LEN).map(Self)
            }

            /// The text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        written!($name);
    };
}

text!(
    /// Name of an organisation or a site; the longest registered names stay under 100 characters.
    Name, "the name", 120
);
text!(
    /// Postal address.
    Address, "the address", 200
);
text!(
    /// Scope of certification (认证范围); long scopes list product groups.
    Scope, "the scope", 600
);
text!(
    /// Brand and product group a mark is licensed for.
    Goods, "brand or products", 200
);
text!(
    /// A reason or reference to evidence, written by staff; shown to the public only where a rule says so.
    Note, "the note", 1000
);
text!(
    /// Where a misused mark was seen, in a stranger's words.
    Place, "the place", 200
);
text!(
    /// A number, code or address as a stranger gave it: a mark's signed address has some 240 characters.
    Seen, "what it is about", 400
);
text!(
    /// A person, pseudonymous: the body's own staff code such as `E-01`. Never on a public page.
    PersonCode, "the person's code", 40
);
/// The body's reference of a decision, unique in the body, e.g. `D-2026-0001`: half-width and with plain hyphens, so that one
/// decision written in two ways is one.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Reference(String);

impl Reference {
    /// Longest reference, in characters.
    pub const MAX_LEN: usize = 64;

    /// Trims, folds and bounds.
    ///
    /// # Errors
    /// `text_empty`, `text_too_long` or `text_unseen_character`.
    pub fn parse(text: &str) -> Result<Self, Refusal> {
        let typed = bounded(text, "the reference", Self::MAX_LEN)?;
        bounded(&plain(&typed), "the reference", Self::MAX_LEN).map(Self)
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

written!(Reference);

#[cfg(test)]
mod tests {
    use super::*;

    proptest::proptest! {
        #[test]
        fn what_is_seen_at_a_glance_is_composed(text in "[a-zé示例ﬁが\u{300}-\u{315}\u{3099}\u{ac00}\u{1100}\u{1161}]{0,8}") {
            proptest::prop_assert_eq!(composed(&text), text.nfc().collect::<String>());
        }
    }

    #[test]
    fn a_megabyte_is_refused_and_so_is_what_cannot_be_seen() {
        assert_eq!(Name::parse(&"示".repeat(400_000)).unwrap_err().code, "text_too_long");
        for unseen in ['\u{202e}', '\u{7f}', '\u{fdd0}', '\u{ffff}', '\u{10fffe}'] {
            assert_eq!(Name::parse(&format!("示例{unseen}司")).unwrap_err().code, "text_unseen_character");
        }
        assert_eq!(Name::parse(" \t").unwrap_err().code, "text_empty");
        assert_eq!(Name::parse(" 示例 ").unwrap().as_str(), "示例");
    }
}
