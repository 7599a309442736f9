//! Reads a certification body's existing roster (CSV or XLSX) into checked rows. Bytes in, rows and faults out: no file,
//! no network, no clock.
//!
//! [`read_table`] finds the sheet, the encoding and the header row; [`Table::check`] reads every row and collects every
//! fault of every row at once; [`rejects_csv`] writes the bad rows back as a file that Excel opens and people mend. The
//! columns, the forms a cell may take, the limits and the fault codes stand in `docs/SPEC-roster.md`.

mod archive;
mod cell;
mod check;
mod columns;
mod delimited;
mod fault;
mod limits;
mod rejects;
mod row;
mod status;
mod table;
mod values;
mod workbook;

#[cfg(test)]
mod tests;

pub use check::Checked;
pub use columns::Column;
pub use fault::{ColumnRef, RosterFault};
pub use limits::{HEADER_WITHIN, MAX_CELL_CHARS, MAX_COLUMNS, MAX_FILE_BYTES, MAX_ROWS};
pub use rejects::rejects_csv;
pub use row::{RosterRow, RosterStatus};
pub use table::{Table, read_table};
