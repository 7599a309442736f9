//! What is wrong with a roster: where a person finds it, and what would be right.

use crate::domain::Refusal;
use crate::domain::error::shown;
use crate::service::sheet::column_letter;

/// A column as a person finds it in the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ColumnRef {
    /// Its header as written in the file, shortened.
    pub header: String,
    /// Its letter in a spreadsheet, e.g. `C`.
    pub letter: String,
}

impl ColumnRef {
    /// The column at that index (from 0) with that header.
    pub(super) fn new(index: usize, header: &str) -> Self {
        Self { header: shown(header), letter: column_letter(index) }
    }
}

/// One thing wrong in one place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RosterFault {
    /// Row as a person sees it in the file, from 1; the header's row when the table as a whole is at fault.
    pub row: usize,
    /// The column; none when it is missing from the file.
    pub column: Option<ColumnRef>,
    /// What stands there, shortened; empty when nothing does.
    pub value: String,
    /// Stable machine name in snake_case; `docs/SPEC-roster.md` lists them.
    pub code: &'static str,
    /// One sentence for people: what is wrong and what would be right.
    pub message: String,
}

impl RosterFault {
    /// A refusal, at its place.
    pub(super) fn at(row: usize, column: Option<ColumnRef>, value: &str, refusal: Refusal) -> Self {
        Self { row, column, value: shown(value), code: refusal.code, message: refusal.message.into_owned() }
    }
}
