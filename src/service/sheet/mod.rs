//! Tables that people hand in, whatever file they come in: text with separators in any of the usual encodings, or an XLSX workbook.
//! Bytes in, lines of cells out, within limits; what a table is about is told by its [`Kind`].

mod archive;
mod cell;
mod delimited;
mod guard;
mod header;
mod limits;
mod place;
mod workbook;

use crate::domain::Refusal;
pub use cell::{Cell, Line};
pub use guard::{BOM, for_spreadsheet};
pub use header::{Kind, fold};
pub use limits::{HEADER_WITHIN, MAX_CELL_CHARS, MAX_COLUMNS, MAX_FILE_BYTES, MAX_ROWS};
pub use place::{column_letter, serial_day};

/// Lines of one sheet or text file.
#[derive(Debug, Clone, PartialEq)]
pub struct Sheet {
    /// Sheet of a workbook; none for a text file.
    pub name: Option<String>,
    /// Sheets of the same workbook that were not read.
    pub others: Vec<String>,
    /// Encoding of a text file; none for a workbook.
    pub encoding: Option<&'static str>,
    /// Whether bare day numbers count from 1904.
    pub is_1904: bool,
    /// Lines with something in them.
    pub lines: Vec<Line>,
}

/// Reads a file; what the bytes are is told from the bytes.
///
/// # Errors
/// Why the file as a whole is no table, and what to save it as: `empty_file`, `file_too_large`, `unreadable_text`, `not_a_table`,
/// `old_workbook`, `protected_workbook`, `bad_workbook`, `workbook_too_large`, `too_many_rows`, `too_many_columns`,
/// `cell_too_long`.
pub fn read(bytes: &[u8], kind: Kind) -> Result<Sheet, Refusal> {
    const ZIP: &[u8] = b"PK\x03\x04";
    const COMPOUND: &[u8] = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1";
    if bytes.len() > MAX_FILE_BYTES {
        return Err(Refusal::invalid(
            "file_too_large",
            format!(
                "the file has {} bytes, at most {MAX_FILE_BYTES} are read: split it, and leave pictures out",
                bytes.len()
            ),
        ));
    }
    if bytes.starts_with(ZIP) {
        return workbook::read(bytes, kind);
    }
    if bytes.starts_with(COMPOUND) {
        return Err(compound(bytes));
    }
    let (text, encoding) = delimited::decode(bytes)?;
    let start = text.trim_start();
    if start.is_empty() {
        return Err(Refusal::invalid("empty_file", "the file is empty"));
    }
    if start.starts_with('<') || start.starts_with("%PDF") || start.starts_with("{\\rtf") {
        return Err(Refusal::invalid(
            "not_a_table",
            "this is a web page or document, whatever its name says: open it in Excel or WPS and save it as .xlsx or CSV UTF-8",
        ));
    }
    let lines = delimited::lines(&text, kind)?;
    Ok(Sheet { name: None, others: Vec::new(), encoding: Some(encoding), is_1904: false, lines })
}

/// The old binary container: an .xls workbook, or a workbook locked with a password.
fn compound(bytes: &[u8]) -> Refusal {
    let locked: Vec<u8> = "EncryptedPackage".encode_utf16().flat_map(u16::to_le_bytes).collect();
    if bytes.windows(locked.len()).any(|w| w == locked) {
        return Refusal::invalid(
            "protected_workbook",
            "the workbook is locked with a password: open it, remove the password, and save it again",
        );
    }
    Refusal::invalid(
        "old_workbook",
        "this is a workbook in the old .xls format: open it in Excel or WPS and save it as .xlsx",
    )
}
