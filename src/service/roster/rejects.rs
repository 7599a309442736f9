//! The bad rows as a file to mend and hand in again.

use super::cell::Line;
use super::fault::RosterFault;
use super::table::Table;
use std::borrow::Cow;
use std::collections::BTreeMap;

/// Headers of the two columns that are added; a roster has no such columns, so they are ignored when it is read again.
const ADDED: [&str; 2] = ["行号", "问题"];
/// Makes a spreadsheet program read UTF-8.
const BOM: &[u8] = b"\xef\xbb\xbf";
/// Digits a spreadsheet shows of a long number before it turns to powers of ten.
const SHOWN_DIGITS: usize = 11;

/// Writes the rows that have a fault as CSV (UTF-8 with a byte order mark, so that Excel opens it): the columns of the
/// file, then the row in the file and what is wrong with it.
///
/// No cell runs as a formula, and none loses digits on the way through a spreadsheet.
#[must_use]
pub fn rejects_csv(table: &Table, faults: &[RosterFault]) -> Vec<u8> {
    let mut by_row: BTreeMap<usize, Vec<String>> = BTreeMap::new();
    for fault in faults {
        let place = fault.column.as_ref().map(|c| format!("{} ({}): ", c.header, c.letter)).unwrap_or_default();
        by_row.entry(fault.row).or_default().push(format!("{place}{}", fault.message));
    }
    let width = table.lines.iter().map(|l| l.cells.len()).fold(table.header.cells.len(), usize::max);
    let nothing = Line { row: 0, cells: Vec::new() };
    let lines: BTreeMap<usize, &Line> = table.lines.iter().map(|l| (l.row, l)).collect();
    let mut out = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(BOM.to_vec());
    let mut write = |line: &Line, row: &str, problems: &str| {
        let cells = (0..width).map(|i| line.cell(i).shown()).chain([Cow::Borrowed(row), Cow::Borrowed(problems)]);
        // Writing to memory does not fail, and every record has the same width.
        let _ = out.write_record(cells.map(|c| for_spreadsheet(&c).into_owned()));
    };
    write(&table.header, ADDED[0], ADDED[1]);
    for (row, problems) in by_row {
        write(lines.get(&row).copied().unwrap_or(&nothing), &row.to_string(), &problems.join("; "));
    }
    out.into_inner().unwrap_or_default()
}

/// A cell as it goes into a file that a spreadsheet program will open.
fn for_spreadsheet(text: &str) -> Cow<'_, str> {
    if starts_formula(text) {
        return Cow::Owned(format!("'{text}"));
    }
    if reads_as_number(text) {
        return Cow::Owned(format!("{text}\t"));
    }
    Cow::Borrowed(text)
}

/// Whether a spreadsheet program would run the text; the full-width signs do so in Chinese editions.
fn starts_formula(text: &str) -> bool {
    text.trim_start().starts_with(['=', '+', '-', '@', '＝', '＋', '－', '＠'])
}

/// Whether the cell is a formula behind the apostrophe that [`rejects_csv`] puts there.
pub(super) fn is_guarded(cell: &str) -> bool {
    cell.strip_prefix('\'').is_some_and(starts_formula)
}

/// Whether a spreadsheet program would take the text for a number and drop zeros or digits; a tab after it keeps it text.
fn reads_as_number(text: &str) -> bool {
    let numeric = text.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'E' | b'e'))
        && text.starts_with(|c: char| c.is_ascii_digit());
    numeric && (text.len() > SHOWN_DIGITS || text.starts_with('0') || text.contains(['E', 'e']))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formulas_are_guarded_and_digits_kept() {
        for (text, out) in [
            ("=1+1", "'=1+1"),
            (" @SUM(A1)", "' @SUM(A1)"),
            ("\t-2", "'\t-2"),
            ("＝HYPERLINK(\"x\")", "'＝HYPERLINK(\"x\")"),
            ("913401040000000001", "913401040000000001\t"),
            ("0112", "0112\t"),
            ("29326E10", "29326E10\t"),
            ("2026-05-08", "2026-05-08"),
            ("20260508", "20260508"),
            ("示例", "示例"),
            ("", ""),
        ] {
            assert_eq!(for_spreadsheet(text), out);
        }
        assert!(is_guarded("'=1+1") && !is_guarded("'s") && !is_guarded("=1+1"));
    }
}
