//! Reads a certification body's existing roster (CSV or XLSX) into checked rows. Bytes in, rows and faults out: no file,
//! no network, no clock.
//!
//! [`read_table`] finds the sheet, the encoding and the header row; [`Table::check`] reads every row and collects every
//! fault of every row at once; [`rejects_csv`] writes the bad rows back as a file that Excel opens and people mend. The
//! columns, the forms a cell may take, the limits and the fault codes stand in `docs/SPEC-roster.md`.

mod check;
mod columns;
mod fault;
mod rejects;
mod row;
mod status;
mod table;
mod values;

#[cfg(test)]
mod tests;

pub use crate::service::sheet::{HEADER_WITHIN, MAX_CELL_CHARS, MAX_COLUMNS, MAX_FILE_BYTES, MAX_ROWS};
pub use check::Checked;
pub use columns::Column;
pub use fault::{ColumnRef, RosterFault};
pub use rejects::rejects_csv;
pub use row::{RosterRow, RosterStatus};
pub use table::{Table, read_table};
