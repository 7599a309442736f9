//! Setting one text into a given width: at its size, smaller, or on two lines; else a refusal.

use super::font::Font;
use crate::domain::Refusal;
use crate::domain::error::shown;

/// Longest text that is measured at all; no name in the domain is longer than 120 characters.
const MEASURED_MAX: usize = 200;
/// A text keeps one line down to this part of its size; below it, two lines are tried.
const ONE_LINE_DOWN_TO: f64 = 0.85;

/// What a text is given to stand in, in millimetres.
#[derive(Debug, Clone, Copy)]
pub(super) struct Room {
    /// Width of a line.
    pub(super) width: f64,
    /// Size (em) on one line.
    pub(super) one: f64,
    /// Size (em) on two lines.
    pub(super) two: f64,
    /// Smallest size (em).
    pub(super) least: f64,
}

/// A text set: its size and its one or two lines.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Setting {
    pub(super) size: f64,
    pub(super) lines: Vec<String>,
}

/// Sets `text`, called `what` in a refusal.
///
/// # Errors
/// `mark_text_empty`; `mark_text_too_long` if two lines at the smallest size do not hold it; `mark_letter_missing`.
pub(super) fn set(font: &Font, text: &str, what: &str, room: Room) -> Result<Setting, Refusal> {
    let text = filled(text, what)?;
    let too_long = || {
        let held = (2.0 * room.width / room.least) as u32;
        Refusal::rule(
            "mark_text_too_long",
            format!(
                "{what} “{}” does not fit the mark: two lines hold about {held} Chinese characters at the smallest type \
                 allowed (4.5 pt); order a wider mark or shorten it",
                shown(text)
            ),
        )
    };
    if text.chars().count() > MEASURED_MAX {
        return Err(too_long());
    }
    let fits = |nominal: f64, ems: f64| nominal.min(room.width / ems);
    let one = fits(room.one, font.width(text)?);
    let single = || Setting { size: one, lines: vec![text.to_owned()] };
    if one >= room.least.max(room.one * ONE_LINE_DOWN_TO) {
        return Ok(single());
    }
    if let Some((ems, lines)) = halves(font, text)? {
        let two = fits(room.two, ems);
        if two > one && two >= room.least {
            return Ok(Setting { size: two, lines });
        }
    }
    if one >= room.least { Ok(single()) } else { Err(too_long()) }
}

/// The text without the space around it.
///
/// # Errors
/// `mark_text_empty` if nothing is left.
pub(super) fn filled<'a>(text: &'a str, what: &str) -> Result<&'a str, Refusal> {
    let text = text.trim();
    match text.is_empty() {
        true => Err(Refusal::invalid("mark_text_empty", format!("{what} is empty; a mark shows it"))),
        false => Ok(text),
    }
}

/// The most even break into two lines, with the wider line's width in ems.
fn halves(font: &Font, text: &str) -> Result<Option<(f64, Vec<String>)>, Refusal> {
    let mut best: Option<(f64, Vec<String>)> = None;
    let chars: Vec<(usize, char)> = text.char_indices().collect();
    for pair in chars.windows(2) {
        let ((_, before), (at, after)) = (pair[0], pair[1]);
        if !may_break(before, after) {
            continue;
        }
        let (upper, lower) = (text[..at].trim_end(), text[at..].trim_start());
        let ems = font.width(upper)?.max(font.width(lower)?);
        if best.as_ref().is_none_or(|(b, _)| ems < *b) {
            best = Some((ems, vec![upper.to_owned(), lower.to_owned()]));
        }
    }
    Ok(best)
}

/// Whether a line may end between these two: at spaces, after hyphens and strokes, between Han characters; never inside a
/// western word, before a closing mark or after an opening one.
fn may_break(before: char, after: char) -> bool {
    const OPENING: &str = "（〔［｛〈《「『【〖“‘([{";
    const CLOSING: &str = "）〕］｝〉》」』】〗”’)]}，。、；：！？·,.;:!?%";
    if OPENING.contains(before) || CLOSING.contains(after) {
        return false;
    }
    let word = |c: char| c.is_alphanumeric() && (c as u32) < 0x2e80 || matches!(c, '\'' | '&' | '_' | '+' | '#' | '*');
    let stroke = |c: char| matches!(c, '-' | '/');
    let inside_word = word(before) && (word(after) || stroke(after));
    !inside_word && (before.is_whitespace() || !stroke(after))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mark::font::Weight;

    const ROOM: Room = Room { width: 31.0, one: 2.5, two: 2.0, least: 1.6 };

    fn check(text: &str, size: f64, lines: &[&str]) {
        let s = set(&Font::of(Weight::Bold).unwrap(), text, "the holder", ROOM).unwrap();
        assert_eq!(s.lines, lines);
        assert!((s.size - size).abs() < 0.02, "{text}: {}", s.size);
    }

    #[test]
    fn one_line_then_smaller_then_two() {
        check(" 示例电器有限公司 ", 2.5, &["示例电器有限公司"]);
        check("示例电器制造集团有限公司华东", 2.214, &["示例电器制造集团有限公司华东"]);
        check("示例电器（上海）智能制造集团股份有限公司", 2.0, &["示例电器（上海）智能", "制造集团股份有限公司"]);
        let name = "Exemplary Household Appliances Manufacturing Co., Ltd.";
        check(name, 1.87, &["Exemplary Household Appliances", "Manufacturing Co., Ltd."]);
    }

    #[test]
    fn lines_do_not_break_inside_words_or_before_closing_marks() {
        for (a, b, may) in [
            ('司', '（', true),
            ('（', '上', false),
            ('海', '）', false),
            ('a', 'b', false),
            ('a', '司', true),
            ('司', 'a', true),
            ('-', '2', true),
            ('2', '-', false),
            (' ', 'a', true),
            ('司', '，', false),
        ] {
            assert_eq!(may_break(a, b), may, "{a}{b}");
        }
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let font = Font::of(Weight::Bold).unwrap();
        let code = |t: &str| set(&font, t, "the holder", ROOM).unwrap_err().code;
        assert_eq!(code(&"示".repeat(40)), "mark_text_too_long");
        assert_eq!(code(&"示".repeat(201)), "mark_text_too_long");
        assert_eq!(code(&"W".repeat(40)), "mark_text_too_long");
        assert_eq!(code("  "), "mark_text_empty");
        assert_eq!(code("示\u{1F600}例"), "mark_letter_missing");
        assert!(set(&font, &"示".repeat(38), "the holder", ROOM).is_ok());
    }
}
