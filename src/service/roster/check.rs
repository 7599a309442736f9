//! Every row of a roster, and the rows held against each other.

use super::columns::{Column, Layout};
use super::fault::{ColumnRef, RosterFault};
use super::row::{Fields, RosterRow};
use super::table::Table;
use crate::domain::scheme::Intervals;
use crate::domain::{CertificateNumber, Refusal};
use jiff::civil::Date;
use std::collections::HashMap;
use std::collections::hash_map::Entry;

/// What the rows are held against.
pub(super) struct Rules<'a> {
    pub today: Date,
    pub intervals: &'a Intervals,
}

/// A roster, read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checked {
    /// The rows without a fault, in the order of the file.
    pub rows: Vec<RosterRow>,
    /// Every fault of every other row, in the order of the file.
    pub faults: Vec<RosterFault>,
    /// Rows below the header with something in them, repeated headers left out; 0 when the header itself is at fault.
    pub rows_read: usize,
    /// Columns nothing was read from.
    pub ignored_columns: Vec<ColumnRef>,
    /// Sheet that was read; none for a text file.
    pub sheet: Option<String>,
    /// Sheets of the same workbook that were not read.
    pub sheets_not_read: Vec<String>,
}

impl Table {
    /// Reads every row as of that day, by the time limits of the scheme. A missing or doubled column is a fault of the
    /// header row, and then no row is read: each would have the same fault.
    #[must_use]
    pub fn check(&self, today: Date, intervals: &Intervals) -> Checked {
        let (layout, faults) = Layout::of(&self.header);
        let mut checked = Checked {
            rows: Vec::new(),
            faults,
            rows_read: 0,
            ignored_columns: layout.ignored.clone(),
            sheet: self.sheet.clone(),
            sheets_not_read: self.sheets_not_read.clone(),
        };
        if !checked.faults.is_empty() {
            return checked;
        }
        let rules = Rules { today, intervals };
        let mut rows_by_number: HashMap<CertificateNumber, usize> = HashMap::new();
        for line in self.lines.iter().filter(|l| !layout.repeats_header(l)) {
            checked.rows_read += 1;
            let mut fields = Fields::new(line, &layout, self.is_1904);
            let (number, row) = fields.read(&rules);
            if let Some(earlier) = number.and_then(|n| earlier(&mut rows_by_number, n, line.row)) {
                fields.fault(
                    Column::Number,
                    Refusal::invalid(
                        "duplicate_number",
                        format!("row {earlier} has this certificate number already: a number names one certificate"),
                    ),
                );
            }
            if fields.faults.is_empty() {
                checked.rows.extend(row);
            } else {
                checked.faults.append(&mut fields.faults);
            }
        }
        checked
    }
}

/// The earlier row with that number, if there is one.
fn earlier(rows: &mut HashMap<CertificateNumber, usize>, number: CertificateNumber, row: usize) -> Option<usize> {
    match rows.entry(number) {
        Entry::Occupied(earlier) => Some(*earlier.get()),
        Entry::Vacant(free) => {
            free.insert(row);
            None
        }
    }
}
