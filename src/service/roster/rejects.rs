//! The bad rows as a file to mend and hand in again.

use super::fault::RosterFault;
use super::table::Table;
use crate::service::sheet::{BOM, Line, for_spreadsheet};
use std::borrow::Cow;
use std::collections::BTreeMap;

/// Headers of the two columns that are added; a roster has no such columns, so they are ignored when it is read again.
const ADDED: [&str; 2] = ["行号", "问题"];

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
