//! One cell as the file holds it, and one line of cells.

use super::limits::MAX_CELL_CHARS;
use crate::domain::Refusal;
use jiff::civil::Date;
use std::borrow::Cow;

/// Beyond this a spreadsheet's number no longer holds every digit (it keeps 15).
const EXACT_BELOW: f64 = 1e15;

/// A cell's content.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Cell {
    /// Nothing.
    #[default]
    Empty,
    /// Text, as typed.
    Text(String),
    /// A number a workbook holds as a number.
    Number(f64),
    /// A workbook's date.
    Day(Date),
    /// A formula's error, e.g. `#N/A`.
    Error(String),
}

/// A row with something in it.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    /// Row as a person sees it in the spreadsheet, from 1.
    pub row: usize,
    /// Its cells; a row may be shorter than the header.
    pub cells: Vec<Cell>,
}

impl Line {
    /// The cell of that column; rows end where their last filled cell does.
    pub fn cell(&self, column: usize) -> &Cell {
        const NOTHING: &Cell = &Cell::Empty;
        self.cells.get(column).unwrap_or(NOTHING)
    }

    /// Whether every cell is blank.
    pub fn is_blank(&self) -> bool {
        self.cells.iter().all(Cell::is_blank)
    }
}

/// Characters that are not seen and that pasting leaves at the ends of a cell.
fn is_edge(c: char) -> bool {
    c.is_whitespace() || matches!(c, '\u{200b}' | '\u{feff}' | '\u{2060}' | '\u{200e}' | '\u{200f}')
}

impl Cell {
    /// A text cell; blank text is no cell at all.
    pub fn text(text: String) -> Self {
        if text.trim_matches(is_edge).is_empty() { Self::Empty } else { Self::Text(text) }
    }

    /// Whether a reader sees nothing in it.
    pub fn is_blank(&self) -> bool {
        *self == Self::Empty
    }

    /// Whether it says in words or strokes that there is nothing to say.
    pub fn says_none(&self) -> bool {
        let text = self.shown();
        matches!(text.as_ref(), "" | "/" | "\\" | "-" | "--" | "—" | "——" | "无" | "N/A" | "n/a")
    }

    /// What a person sees in it, without the unseen at its ends.
    pub fn shown(&self) -> Cow<'_, str> {
        match self {
            Self::Empty => Cow::Borrowed(""),
            Self::Text(t) | Self::Error(t) => Cow::Borrowed(t.trim_matches(is_edge)),
            Self::Number(n) if is_exact(*n) => Cow::Owned(format!("{n:.0}")),
            Self::Number(n) if n.abs() >= EXACT_BELOW => Cow::Owned(format!("{n:E}").replace('E', "E+")),
            Self::Number(n) => Cow::Owned(n.to_string()),
            Self::Day(d) => Cow::Owned(d.to_string()),
        }
    }

    /// Its text where every character counts (numbers, codes, names): a number whose digits the spreadsheet has rounded
    /// away is refused.
    pub fn exact(&self) -> Result<Cow<'_, str>, Refusal> {
        let lost = match self {
            Self::Number(n) => !is_exact(*n),
            Self::Text(t) => is_scientific(t.trim_matches(is_edge)),
            Self::Error(_) => return Err(self.formula_error()),
            Self::Day(day) => {
                return Err(Refusal::invalid(
                    "turned_into_date",
                    format!(
                        "the spreadsheet turned this into the date {day}: format the column as text (文本), then type the value again"
                    ),
                ));
            }
            Self::Empty => false,
        };
        if lost {
            return Err(Refusal::invalid(
                "digits_lost",
                format!(
                    "the spreadsheet turned this into the number {} and dropped digits that cannot be recovered: format the column as text (文本), then type the value again from the certificate",
                    self.shown()
                ),
            ));
        }
        Ok(self.shown())
    }

    /// The refusal of a cell whose formula failed.
    pub fn formula_error(&self) -> Refusal {
        Refusal::invalid(
            "formula_error",
            format!("the formula in this cell gave {}: replace it by its value", self.shown()),
        )
    }

    /// Whether the cell is longer than a spreadsheet allows.
    pub fn is_too_long(&self) -> bool {
        match self {
            Self::Text(t) => t.len() > MAX_CELL_CHARS && t.chars().nth(MAX_CELL_CHARS).is_some(),
            _ => false,
        }
    }
}

/// Whether a spreadsheet's number still holds every digit that was typed.
fn is_exact(n: f64) -> bool {
    n.fract() == 0.0 && n.abs() < EXACT_BELOW
}

/// `9.13401E+17`: how a spreadsheet writes a long number into a CSV.
fn is_scientific(text: &str) -> bool {
    text.split_once("E+").is_some_and(|(mantissa, exponent)| {
        mantissa.parse::<f64>().is_ok() && !exponent.is_empty() && exponent.bytes().all(|b| b.is_ascii_digit())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_shown_as_typed_as_long_as_its_digits_are_there() {
        assert_eq!(Cell::Number(29_326_100_020.0).exact().unwrap(), "29326100020");
        assert_eq!(Cell::Number(999_999_999_999_999.0).exact().unwrap(), "999999999999999");
        for lost in
            [Cell::Number(9.134_010_4e17), Cell::Number(1e15), Cell::Number(1.5), Cell::Text("9.13401E+17".into())]
        {
            let refusal = lost.exact().unwrap_err();
            assert_eq!(refusal.code, "digits_lost", "{lost:?}");
            assert!(refusal.message.contains("文本"), "{}", refusal.message);
        }
        assert_eq!(Cell::Text("293E10002".into()).exact().unwrap(), "293E10002");
        assert_eq!(Cell::Day(Date::constant(2026, 5, 8)).exact().unwrap_err().code, "turned_into_date");
        assert_eq!(Cell::Error("#N/A".into()).exact().unwrap_err().code, "formula_error");
    }

    #[test]
    fn what_is_not_seen_is_no_content() {
        assert!(Cell::text("\u{feff} \u{3000}\u{200b}".into()).is_blank());
        assert_eq!(Cell::text("\u{200b}示例\t".into()).shown(), "示例");
        assert!(Cell::text(" —— ".into()).says_none());
        assert!(!Cell::text("无锡".into()).says_none());
    }
}
