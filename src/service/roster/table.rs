//! A roster as a table of cells, whatever file it came in.

use super::columns::{Column, KIND};
use crate::domain::Refusal;
use crate::domain::error::shown;
use crate::service::sheet::{Cell, HEADER_WITHIN, Line, Sheet, read};

/// A roster whose header row is found.
#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    /// Sheet it was read from; none for a text file.
    pub sheet: Option<String>,
    /// Sheets of the same workbook that were not read.
    pub sheets_not_read: Vec<String>,
    /// Encoding of a text file; none for a workbook.
    pub encoding: Option<&'static str>,
    /// Whether bare day numbers count from 1904.
    pub(super) is_1904: bool,
    /// The header row.
    pub(super) header: Line,
    /// The rows below it with something in them.
    pub(super) lines: Vec<Line>,
}

impl Table {
    fn of(mut sheet: Sheet) -> Result<Self, Refusal> {
        let Some(header) = KIND.header(&sheet.lines) else {
            return Err(no_header(&sheet));
        };
        let lines = sheet.lines.split_off(header + 1);
        let header = sheet.lines.pop().unwrap_or(Line { row: 1, cells: Vec::new() });
        Ok(Self {
            sheet: sheet.name,
            sheets_not_read: sheet.others,
            encoding: sheet.encoding,
            is_1904: sheet.is_1904,
            header,
            lines,
        })
    }

    /// Header texts in the order of the file.
    #[must_use]
    pub fn headers(&self) -> Vec<String> {
        self.header.cells.iter().map(|c| c.shown().into_owned()).collect()
    }
}

/// Reads a roster file; what the bytes are is told from the bytes, `file_name` only names the file in messages.
///
/// # Errors
/// The refusal says why the file as a whole is no roster, and what to save it as: `empty_file`, `file_too_large`,
/// `unreadable_text`, `not_a_table`, `old_workbook`, `protected_workbook`, `bad_workbook`, `workbook_too_large`,
/// `too_many_rows`, `too_many_columns`, `cell_too_long`, `no_header`.
pub fn read_table(bytes: &[u8], file_name: &str) -> Result<Table, Refusal> {
    read(bytes, KIND).and_then(Table::of).map_err(|mut refusal| {
        refusal.message = format!("{}: {}", shown(file_name), refusal.message).into();
        refusal
    })
}

fn no_header(sheet: &Sheet) -> Refusal {
    let read_as = match (&sheet.name, sheet.encoding) {
        (Some(name), _) => format!("sheet “{}”", shown(name)),
        (None, Some(encoding)) => format!("the text, read as {encoding}"),
        (None, None) => "the file".to_owned(),
    };
    let first: Vec<String> =
        sheet.lines.iter().take(1).flat_map(|l| l.cells.iter().take(8)).map(|c: &Cell| shown(&c.shown())).collect();
    Refusal::invalid(
        "no_header",
        format!(
            "no header row in the first {HEADER_WITHIN} rows of {read_as}, which begins “{}”: a roster has the columns {}",
            first.join(" | "),
            Column::REQUIRED.map(Column::name).join("、")
        ),
    )
}
