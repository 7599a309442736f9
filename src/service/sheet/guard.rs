//! Cells on their way into a file that a spreadsheet program will open: none runs as a formula, none loses digits.

use std::borrow::Cow;

/// Digits a spreadsheet shows of a long number before it turns to powers of ten.
const SHOWN_DIGITS: usize = 11;
/// Makes a spreadsheet program read UTF-8.
pub const BOM: &[u8] = b"\xef\xbb\xbf";

/// A cell as it goes into a file that a spreadsheet program will open.
#[must_use]
pub fn for_spreadsheet(text: &str) -> Cow<'_, str> {
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

/// Whether the cell is a formula behind the apostrophe that [`for_spreadsheet`] puts there.
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
