//! How spreadsheets count: columns in letters, days in numbers.

use crate::domain::dates::add_days;
use jiff::civil::Date;

/// Day 0 of a workbook that counts from 1900, as it counts after its 29 February 1900 that never was.
const DAY_0_OF_1900: Date = Date::constant(1899, 12, 30);
/// Day 0 of a workbook that counts from 1904.
const DAY_0_OF_1904: Date = Date::constant(1904, 1, 1);
/// Day numbers taken for dates, 2000 to 2150 in either count; beyond them a number is something else.
const SERIALS: std::ops::RangeInclusive<f64> = 35_000.0..=92_000.0;
/// The day a spreadsheet's day number means; the time of day is dropped.
pub fn serial_day(serial: f64, is_1904: bool) -> Option<Date> {
    let zero = if is_1904 { DAY_0_OF_1904 } else { DAY_0_OF_1900 };
    // In range, the cast keeps the whole days.
    SERIALS.contains(&serial).then(|| add_days(zero, serial.floor() as i32))
}

/// `A` for 0, `Z` for 25, `AA` for 26.
pub fn column_letter(index: usize) -> String {
    let mut letters = Vec::new();
    let mut rest = index;
    loop {
        letters.push(char::from(b'A' + (rest % 26) as u8));
        if rest < 26 {
            break;
        }
        rest = rest / 26 - 1;
    }
    letters.iter().rev().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_are_those_of_a_spreadsheet() {
        for (index, letter) in [(0, "A"), (25, "Z"), (26, "AA"), (51, "AZ"), (52, "BA"), (701, "ZZ"), (702, "AAA")] {
            assert_eq!(column_letter(index), letter);
        }
    }
}
