//! One way to be written: values that are one text, and what makes two ways of writing a text the same.

use unicode_normalization::UnicodeNormalization;

/// Ties a type with `as_str()` and `parse(&str) -> Result<Self, Refusal>` to its text, for messages and for serde
/// (`#[serde(into = "String", try_from = "String")]`): whatever is read is parsed.
macro_rules! written {
    ($name:ident) => {
        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl From<$name> for String {
            fn from(value: $name) -> String {
                value.as_str().to_owned()
            }
        }

        impl TryFrom<String> for $name {
            type Error = $crate::domain::error::Refusal;
            fn try_from(text: String) -> Result<Self, Self::Error> {
                Self::parse(&text)
            }
        }
    };
}
pub(super) use written;

/// Characters that change how a line reads without being seen: controls, fillers, variation selectors, zero-width and
/// bidirectional marks (the default-ignorable ones of Unicode, and the blanks that are no spaces); and noncharacters, which
/// no JSON document may hold (RFC 7493).
#[must_use]
pub fn is_unseen(c: char) -> bool {
    c.is_control()
        || (c as u32) & 0xfffe == 0xfffe
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{2800}' | '\u{3164}'
            | '\u{fdd0}'..='\u{fdef}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
}

/// Hyphens, dashes and minus signs: the property Dash of Unicode without its wave dashes, which mean a range, and the
/// hyphen bullet; and what Chinese keyboards give in their place (the box line ─ and the long vowel ー). Full-width and small forms are folded by NFKC before.
const fn is_dash(c: char) -> bool {
    matches!(
        c,
        '-' | '\u{2d7}'
            | '\u{6d4}'
            | '\u{2500}'
            | '\u{2796}'
            | '\u{30fc}'
            | '\u{58a}'
            | '\u{5be}'
            | '\u{1400}'
            | '\u{1806}'
            | '\u{2010}'
            ..='\u{2015}'
                | '\u{2043}'
                | '\u{2053}'
                | '\u{2212}'
                | '\u{2e17}'
                | '\u{2e1a}'
                | '\u{2e3a}'
                | '\u{2e3b}'
                | '\u{2e40}'
                | '\u{2e5d}'
                | '\u{30a0}'
                | '\u{10ead}'
    )
}

/// A text as it is compared: half-width (NFKC), every kind of space one plain space, every kind of dash one plain hyphen,
/// also the Chinese one that takes two places (——), and what cannot be seen left out.
#[must_use]
pub fn plain(text: &str) -> String {
    if text.bytes().all(|b| b == b' ' || b.is_ascii_graphic()) {
        return text.to_owned();
    }
    let mut out = String::with_capacity(text.len());
    let mut half_dash = false;
    // What cannot be seen goes first: it may stand between a letter and its accent.
    for c in text.chars().filter(|c| c.is_whitespace() || !is_unseen(*c)).nfkc() {
        let second_half = half_dash && c == '\u{2014}';
        half_dash = c == '\u{2014}' && !second_half;
        match c {
            _ if second_half => {}
            c if c.is_whitespace() => out.push(' '),
            c if is_dash(c) => out.push('-'),
            c => out.push(c),
        }
    }
    out
}

/// A text as it is searched for: as [`plain`], in lower case, without spaces, which are lost and found in copying.
#[must_use]
pub fn folded(text: &str) -> String {
    plain(text).chars().filter(|c| *c != ' ').flat_map(char::to_lowercase).collect()
}

/// A text as it is seen: what cannot be seen left out, every kind of space and line break one space, none at its ends.
#[must_use]
pub fn seen(text: &str) -> String {
    let one = |c: char| if c.is_whitespace() { ' ' } else { c };
    let kept: String = text.chars().filter(|c| c.is_whitespace() || !is_unseen(*c)).map(one).collect();
    kept.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn spaces_and_dashes_have_one_form() {
        for dash in
            "-\u{2010}\u{2011}\u{2012}\u{2013}\u{2014}\u{2015}\u{2212}\u{fe58}\u{fe63}\u{ff0d}\u{207b}\u{2e3a}".chars()
        {
            assert_eq!(plain(&format!("a{dash}1")), "a-1", "U+{:04X}", dash as u32);
        }
        assert_eq!(plain("ａ——１"), "a-1");
        assert_eq!(plain("a--1"), "a--1");
        assert_eq!(plain("a\u{a0}b\u{3000}c\td\u{200b}\u{202d}e\u{2060}"), "a b c de");
        assert_eq!(plain("2019～21"), "2019~21");
    }

    #[test]
    fn what_is_seen_stays_as_typed() {
        assert_eq!(seen(" 示例\t（北京）\u{200b}\u{202e}公司\n\u{1b}[31m "), "示例 （北京）公司 [31m");
        assert_eq!(folded("示例 （北京）—ＡＢ 公司"), folded("示例(北京)-ab公司"));
        assert!(seen("\u{200b}\u{3164}\n").is_empty());
    }

    proptest! {
        #[test]
        fn what_is_plain_stays_so(text in "\\PC{0,40}") {
            let once = plain(&text);
            prop_assert_eq!(plain(&once), once);
        }
    }
}
