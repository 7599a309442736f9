//! Text files: which encoding, which separator, which row.

use super::cell::{Cell, Line};
use super::guard::is_guarded;
use super::header::Kind;
use super::limits::{HEADER_WITHIN, MAX_CELL_CHARS, MAX_COLUMNS, MAX_ROWS};
use super::place::column_letter;
use crate::domain::Refusal;
use encoding_rs::{Encoding, GB18030, UTF_8, UTF_16BE, UTF_16LE};

/// Separators in the order they are preferred where they explain a header equally well.
const SEPARATORS: [u8; 3] = [b',', b';', b'\t'];

/// Decodes a text file: a byte order mark decides, then UTF-8, then GB18030, which holds GBK and GB 2312.
pub(super) fn decode(bytes: &[u8]) -> Result<(String, &'static str), Refusal> {
    let unreadable = |name: &str| {
        Refusal::invalid(
            "unreadable_text",
            format!(
                "the file holds bytes that are no text in {name}: save it again as “CSV UTF-8” or as an Excel workbook (.xlsx)"
            ),
        )
    };
    let strict = |encoding: &'static Encoding, bytes: &[u8]| {
        encoding.decode_without_bom_handling_and_without_replacement(bytes).map(|t| t.into_owned())
    };
    let (text, name) = match Encoding::for_bom(bytes) {
        Some((encoding, bom)) => {
            let body = bytes.get(bom..).unwrap_or_default();
            (strict(encoding, body).ok_or_else(|| unreadable(encoding_name(encoding)))?, encoding_name(encoding))
        }
        None => match strict(UTF_8, bytes) {
            Some(text) => (text, encoding_name(UTF_8)),
            None => {
                let text = strict(GB18030, bytes).ok_or_else(|| unreadable("UTF-8, GBK or GB18030"))?;
                (text, encoding_name(GB18030))
            }
        },
    };
    if text.contains('\0') {
        return Err(unreadable("UTF-8, GBK, GB18030 or UTF-16 with a byte order mark"));
    }
    Ok((text, name))
}

fn encoding_name(encoding: &'static Encoding) -> &'static str {
    match encoding {
        e if e == UTF_16LE || e == UTF_16BE => "UTF-16",
        e if e == GB18030 => "GB18030",
        _ => "UTF-8",
    }
}

/// The lines of a text file, read with the separator that explains its header best.
pub(super) fn lines(text: &str, kind: Kind) -> Result<Vec<Line>, Refusal> {
    // One sort of line end, and one at the end of the file, so that lines can be counted.
    let mut text = text.replace("\r\n", "\n").replace('\r', "\n");
    if !text.ends_with('\n') {
        text.push('\n');
    }
    // Without a header a tab is what pasting out of a spreadsheet leaves.
    let mut best = (if text.contains('\t') { b'\t' } else { SEPARATORS[0] }, 0);
    for separator in SEPARATORS {
        let known = parse(&text, separator, HEADER_WITHIN).ok().and_then(|l| kind.best(&l)).map_or(0, |(_, n)| n);
        if known > best.1 {
            best = (separator, known);
        }
    }
    parse(&text, best.0, usize::MAX)
}

/// Reads the rows up to `last`. A row is counted as a spreadsheet counts: blank rows count, line breaks in a cell don't.
fn parse(text: &str, separator: u8, last: usize) -> Result<Vec<Line>, Refusal> {
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(separator)
        .terminator(csv::Terminator::Any(b'\n'))
        .from_reader(text.as_bytes());
    let mut record = csv::StringRecord::new();
    let mut lines = Vec::new();
    let mut breaks_in_cells = 0;
    let mut row = 0;
    loop {
        let more = reader.read_record(&mut record).map_err(|e| {
            Refusal::invalid("unreadable_text", format!("the file cannot be read as a table of cells: {e}"))
        })?;
        if !more {
            return Ok(lines);
        }
        breaks_in_cells += record.iter().map(|c| c.bytes().filter(|b| *b == b'\n').count()).sum::<usize>();
        let lines_read = usize::try_from(reader.position().line()).unwrap_or(usize::MAX).saturating_sub(1);
        // A quotation mark left open swallows the line end its row is counted by.
        row = lines_read.saturating_sub(breaks_in_cells).max(row + 1);
        if row > last {
            return Ok(lines);
        }
        let line = Line { row, cells: record.iter().map(|c| Cell::text(unguarded(c).to_owned())).collect() };
        keep(&mut lines, line)?;
    }
}

/// Adds a line that has something in it, within the limits every table has.
pub(super) fn keep(lines: &mut Vec<Line>, mut line: Line) -> Result<(), Refusal> {
    if line.is_blank() {
        return Ok(());
    }
    while line.cells.last().is_some_and(Cell::is_blank) {
        line.cells.pop();
    }
    if line.cells.len() > MAX_COLUMNS {
        return Err(too_wide(line.row, line.cells.len() - 1));
    }
    if let Some(i) = line.cells.iter().position(Cell::is_too_long) {
        return Err(Refusal::invalid(
            "cell_too_long",
            format!(
                "cell {}{} holds more than {MAX_CELL_CHARS} characters: is a quotation mark not closed there?",
                column_letter(i),
                line.row
            ),
        ));
    }
    if lines.len() >= MAX_ROWS {
        return Err(Refusal::invalid(
            "too_many_rows",
            format!("the file has more than {MAX_ROWS} rows: split it into several files"),
        ));
    }
    lines.push(line);
    Ok(())
}

/// The refusal of something that stands too far to the right.
pub(super) fn too_wide(row: usize, column: usize) -> Refusal {
    Refusal::invalid(
        "too_many_columns",
        format!(
            "cell {}{row} lies beyond the first {MAX_COLUMNS} columns: delete what is not part of the list",
            column_letter(column)
        ),
    )
}

/// A cell without the apostrophe a list of rejects puts before what a spreadsheet would run as a formula.
fn unguarded(cell: &str) -> &str {
    if is_guarded(cell) { &cell[1..] } else { cell }
}

#[cfg(test)]
mod tests {
    use super::super::header::SAMPLE;
    use super::*;

    fn lines(text: &str) -> Result<Vec<Line>, Refusal> {
        super::lines(text, SAMPLE)
    }

    fn rows(text: &str) -> Vec<(usize, usize)> {
        lines(text).unwrap().iter().map(|l| (l.row, l.cells.len())).collect()
    }

    #[test]
    fn rows_are_counted_as_a_spreadsheet_counts() {
        let text = "\n编号,企业名称\r\nA1,\"示例\r\n一\"\r\n\r\n,,\r\nA2,b\rA3,c";
        assert_eq!(rows(text), [(2, 2), (3, 2), (6, 2), (7, 2)]);
        assert_eq!(rows("编号,企业名称\n\n\nA1,b\n"), [(1, 2), (4, 2)]);
    }

    #[test]
    fn the_separator_is_the_one_that_explains_the_header() {
        for text in ["编号;企业名称\nA1;a,b,c", "编号\t企业名称\nA1\ta,b,c", "证书,一览\n编号;企业名称\nA1;b"]
        {
            let lines = lines(text).unwrap();
            assert_eq!(lines.last().unwrap().cells[0], Cell::Text("A1".into()), "{text}");
        }
    }

    #[test]
    fn encodings_are_told_apart() {
        let text = "编号,企业名称";
        let utf16: Vec<u8> = [0xff, 0xfe].into_iter().chain(text.encode_utf16().flat_map(u16::to_le_bytes)).collect();
        let utf16be: Vec<u8> = [0xfe, 0xff].into_iter().chain(text.encode_utf16().flat_map(u16::to_be_bytes)).collect();
        let bom = [b"\xef\xbb\xbf", text.as_bytes()].concat();
        let gbk = GB18030.encode(text).0.into_owned();
        assert_ne!(gbk, text.as_bytes());
        for (bytes, name) in [
            (text.as_bytes().to_vec(), "UTF-8"),
            (bom, "UTF-8"),
            (gbk, "GB18030"),
            (utf16, "UTF-16"),
            (utf16be, "UTF-16"),
        ] {
            assert_eq!(decode(&bytes).unwrap(), (text.to_owned(), name));
        }
        for bad in [&b"\xff\xff\xff"[..], b"\xef\xbb\xbf\xb1\xe0", b"\xff\xfea", b"a\0b"] {
            assert_eq!(decode(bad).unwrap_err().code, "unreadable_text", "{bad:?}");
        }
    }

    #[test]
    fn a_quote_left_open_is_named_and_so_is_a_table_too_large() {
        let open = format!("编号,企业名称\nA1,\"{}", "x\n".repeat(MAX_CELL_CHARS));
        let refusal = lines(&open).unwrap_err();
        assert_eq!(refusal.code, "cell_too_long");
        assert!(refusal.message.contains("B2"), "{}", refusal.message);
        assert_eq!(lines(&"a,b\n".repeat(MAX_ROWS + 1)).unwrap_err().code, "too_many_rows");
        let wide = lines(&format!("编号,企业名称\n{}x\n", ",".repeat(MAX_COLUMNS))).unwrap_err();
        assert_eq!(wide.code, "too_many_columns");
        assert!(wide.message.contains("CW2"), "{}", wide.message);
        assert!(lines(&format!("编号,企业名称\nx{}\n", ",".repeat(500))).is_ok());
    }
}
