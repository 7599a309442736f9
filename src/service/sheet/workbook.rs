//! XLSX workbooks: the first sheet with a header row, cell by cell.

use super::Sheet;
use super::archive::{bad_workbook, reduced};
use super::cell::{Cell, Line};
use super::delimited::{keep, too_wide};
use super::header::Kind;
use super::limits::{
    MAX_CELL_CHARS, MAX_CELLS_MET, MAX_COLUMNS, MAX_MERGED, MAX_ROWS, MAX_SHEETS_TRIED, MAX_TEXT_BYTES,
};
use super::place::serial_day;
use crate::domain::Refusal;
use calamine::{DataRef, Dimensions, ExcelDateTime, Reader, SheetType, SheetVisible, Xlsx, XlsxError};
use std::collections::BTreeMap;
use std::io::Cursor;
use std::panic::catch_unwind;

type Book = Xlsx<Cursor<Vec<u8>>>;

/// Reads a workbook: of its visible sheets the first that has a header row, or else the first with anything in it.
pub(super) fn read(bytes: &[u8], kind: Kind) -> Result<Sheet, Refusal> {
    let reduced = reduced(bytes)?;
    // The parser is another's and the file a stranger's: should it panic on damaged input, that is a refusal like others.
    catch_unwind(|| read_book(reduced, kind)).unwrap_or_else(|_| Err(bad_workbook("it is damaged")))
}

fn damaged(error: &XlsxError) -> Refusal {
    bad_workbook(&error.to_string())
}

fn read_book(bytes: Vec<u8>, kind: Kind) -> Result<Sheet, Refusal> {
    let mut book: Book = Xlsx::new(Cursor::new(bytes)).map_err(|e| damaged(&e))?;
    let is_1904 = book.has_1904_epoch();
    let names: Vec<String> = book
        .sheets_metadata()
        .iter()
        .filter(|s| s.typ == SheetType::WorkSheet && s.visible == SheetVisible::Visible)
        .map(|s| s.name.clone())
        .collect();
    let mut found: Option<(usize, Vec<Line>)> = None;
    let mut left = Left { cells: MAX_CELLS_MET, text: MAX_TEXT_BYTES };
    for (i, name) in names.iter().enumerate().take(MAX_SHEETS_TRIED) {
        let lines = sheet_lines(&mut book, name, is_1904, &mut left)?;
        let has_header = kind.header(&lines).is_some();
        if has_header || (found.is_none() && !lines.is_empty()) {
            found = Some((i, lines));
        }
        if has_header {
            break;
        }
    }
    let Some((at, lines)) = found else {
        return Err(Refusal::invalid("empty_file", "no sheet of the workbook has anything in it"));
    };
    let mut others = names;
    let name = others.remove(at);
    Ok(Sheet { name: Some(name), others, encoding: None, is_1904, lines })
}

/// The rows of one sheet, by their number from 0.
type Rows = BTreeMap<u32, Vec<Cell>>;

/// What may still be read of a workbook.
struct Left {
    cells: usize,
    text: usize,
}

fn too_much(what: &str) -> Refusal {
    Refusal::invalid(
        "workbook_too_large",
        format!("the workbook holds more than {what}: copy its rows into a new workbook, or split them"),
    )
}

fn sheet_lines(book: &mut Book, name: &str, is_1904: bool, left: &mut Left) -> Result<Vec<Line>, Refusal> {
    let mut rows = Rows::new();
    let mut reader = match book.worksheet_cells_reader(name) {
        Ok(reader) => reader,
        Err(XlsxError::NotAWorksheet(_)) => return Ok(Vec::new()),
        Err(e) => return Err(damaged(&e)),
    };
    while let Some(cell) = reader.next_cell().map_err(|e| damaged(&e))? {
        left.cells = left
            .cells
            .checked_sub(1)
            .ok_or_else(|| too_much(&format!("{MAX_CELLS_MET} cells, empty ones included")))?;
        let value = cell_of(cell.get_value(), is_1904);
        if !value.is_blank() {
            place(&mut rows, cell.get_position(), value, left)?;
        }
    }
    drop(reader);
    // Most sheets merge nothing; a list of merged regions that cannot be read costs no cell its own value.
    let merged = book.merge_cells_by_sheet_name(name).unwrap_or_default();
    fill_merged(&mut rows, &merged, left)?;
    let mut lines = Vec::new();
    for (row, cells) in rows {
        keep(&mut lines, Line { row: row as usize + 1, cells })?;
    }
    Ok(lines)
}

/// Puts a cell in its place, within the limits.
fn place(rows: &mut Rows, (row, column): (u32, u32), value: Cell, left: &mut Left) -> Result<(), Refusal> {
    let column = column as usize;
    if column >= MAX_COLUMNS {
        return Err(too_wide(row as usize + 1, column));
    }
    if !rows.contains_key(&row) && rows.len() >= MAX_ROWS {
        return Err(Refusal::invalid(
            "too_many_rows",
            format!("the sheet has more than {MAX_ROWS} rows with something in them: split it into several files"),
        ));
    }
    if let Cell::Text(text) = &value {
        left.text =
            left.text.checked_sub(text.len()).ok_or_else(|| too_much(&format!("{MAX_TEXT_BYTES} bytes of text")))?;
    }
    let cells = rows.entry(row).or_default();
    if cells.len() <= column {
        cells.resize(column + 1, Cell::Empty);
    }
    if let Some(cell) = cells.get_mut(column) {
        *cell = value;
    }
    Ok(())
}

/// A cell merged downwards says its value for every row it covers, as a person sees it; the file holds it once, at the
/// top. What is merged sideways is a title and stays where it stands.
fn fill_merged(rows: &mut Rows, merged: &[Dimensions], left: &mut Left) -> Result<(), Refusal> {
    for region in merged.iter().take(MAX_MERGED).filter(|m| m.start.1 == m.end.1 && m.start.0 < m.end.0) {
        let ((top, column), bottom) = (region.start, region.end.0);
        let Some(value) = rows.get(&top).and_then(|r| r.get(column as usize)).filter(|c| !c.is_blank()).cloned() else {
            continue;
        };
        let below: Vec<u32> = rows.range(top + 1..=bottom).map(|(row, _)| *row).collect();
        for row in below {
            if rows.get(&row).and_then(|r| r.get(column as usize)).is_none_or(Cell::is_blank) {
                place(rows, (row, column), value.clone(), left)?;
            }
        }
    }
    Ok(())
}

fn cell_of(value: &DataRef<'_>, is_1904: bool) -> Cell {
    match value {
        DataRef::Empty => Cell::Empty,
        DataRef::Int(n) => Cell::Number(*n as f64),
        DataRef::Float(n) => Cell::Number(*n),
        DataRef::String(s) | DataRef::DateTimeIso(s) | DataRef::DurationIso(s) => bounded_text(s),
        DataRef::SharedString(s) => bounded_text(s),
        DataRef::Bool(b) => Cell::Text(if *b { "TRUE" } else { "FALSE" }.to_owned()),
        DataRef::DateTime(at) => date_of(*at, is_1904),
        DataRef::Error(e) => Cell::Error(e.to_string()),
    }
}

/// A text cell; of one that is too long anyway no more is copied than shows that.
fn bounded_text(text: &str) -> Cell {
    let end = text.char_indices().nth(MAX_CELL_CHARS + 1).map_or(text.len(), |(i, _)| i);
    Cell::text(text.get(..end).unwrap_or_default().to_owned())
}

fn date_of(at: ExcelDateTime, is_1904: bool) -> Cell {
    let serial = at.as_f64();
    let day = if at.is_datetime() { serial_day(serial, is_1904) } else { None };
    day.map_or(Cell::Number(serial), Cell::Day)
}

#[cfg(test)]
mod tests {
    use super::super::header::SAMPLE;
    use super::*;
    use proptest::prelude::*;
    use std::io::Write;
    use zip::ZipWriter;
    use zip::write::SimpleFileOptions;

    fn read(bytes: &[u8]) -> Result<Sheet, Refusal> {
        super::read(bytes, SAMPLE)
    }

    const HEADER: &str =
        r#"<c r="A1" t="inlineStr"><is><t>编号</t></is></c><c r="B1" t="inlineStr"><is><t>企业名称</t></is></c>"#;

    /// A workbook whose visible sheet has these rows; a hidden one before it has a header of its own.
    fn book(rows: &str, after: &str, shared: &str) -> Vec<u8> {
        let sheet = |rows: &str, after: &str| format!("<worksheet><sheetData>{rows}</sheetData>{after}</worksheet>");
        let link = |id: &str, kind: &str, target: &str| {
            format!(r#"<Relationship Id="{id}" Type="http://x/relationships/{kind}" Target="{target}"/>"#)
        };
        let links = |inner: &str| format!("<Relationships>{inner}</Relationships>");
        let parts = [
            ("_rels/.rels", links(&link("a", "officeDocument", "xl/workbook.xml"))),
            (
                "xl/workbook.xml",
                r#"<workbook><sheets><sheet name="藏" state="hidden" r:id="h"/><sheet name="表" r:id="s"/></sheets></workbook>"#
                    .to_owned(),
            ),
            (
                "xl/_rels/workbook.xml.rels",
                links(&(link("h", "worksheet", "worksheets/h.xml") + &link("s", "worksheet", "worksheets/s.xml"))),
            ),
            ("xl/worksheets/h.xml", sheet(&format!(r#"<row r="1">{HEADER}</row>"#), "")),
            ("xl/worksheets/s.xml", sheet(&format!(r#"<row r="1">{HEADER}</row>{rows}"#), after)),
            ("xl/sharedStrings.xml", format!("<sst><si><t>{shared}</t></si></sst>")),
        ];
        let mut out = ZipWriter::new(Cursor::new(Vec::new()));
        for (name, content) in parts {
            out.start_file(name, SimpleFileOptions::default()).unwrap();
            out.write_all(content.as_bytes()).unwrap();
        }
        out.finish().unwrap().into_inner()
    }

    fn code(rows: &str, shared: &str) -> &'static str {
        read(&book(rows, "", shared)).map_or_else(|r| r.code, |_| "read")
    }

    #[test]
    fn a_hidden_sheet_is_passed_over_and_errors_are_kept() {
        let sheet =
            read(&book(r#"<row r="3"><c r="A3" t="e"><v>#N/A</v></c><c r="B3" t="b"><v>1</v></c></row>"#, "", "x"));
        let sheet = sheet.unwrap();
        assert_eq!((sheet.name.as_deref(), sheet.others.len()), (Some("表"), 0));
        let line = Line { row: 3, cells: vec![Cell::Error("#N/A".into()), Cell::Text("TRUE".into())] };
        assert_eq!(sheet.lines[1..], [line]);
    }

    #[test]
    fn a_cell_merged_downwards_speaks_for_its_rows_and_no_further() {
        let rows: String = (2..6).map(|r| format!(r#"<row r="{r}"><c r="B{r}"><v>{r}</v></c></row>"#)).collect();
        let rows = rows.replacen(r#"<row r="2">"#, r#"<row r="2"><c r="A2" t="s"><v>0</v></c>"#, 1);
        let merged = r#"<mergeCells><mergeCell ref="A2:A4"/><mergeCell ref="A1:B1"/></mergeCells>"#;
        let sheet = read(&book(&rows, merged, "示例")).unwrap();
        let first: Vec<_> = sheet.lines[1..].iter().map(|l| l.cell(0).shown().into_owned()).collect();
        assert_eq!(first, ["示例", "示例", "示例", ""]);
    }

    #[test]
    fn what_would_take_all_memory_is_refused() {
        assert_eq!(code(r#"<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>"#, "x"), "too_many_columns");
        assert_eq!(code(r#"<row r="1048576"><c r="A1048576"><v>1</v></c></row>"#, "x"), "read");
        let cells: String =
            (0..MAX_ROWS).map(|r| format!(r#"<row r="{0}"><c r="A{0}"><v>1</v></c></row>"#, r + 2)).collect();
        assert_eq!(code(&cells, "x"), "too_many_rows");
        let repeated: String =
            (0..1200).map(|r| format!(r#"<row r="{0}"><c r="A{0}" t="s"><v>0</v></c></row>"#, r + 2)).collect();
        assert_eq!(code(&repeated, &"x".repeat(MAX_CELL_CHARS)), "workbook_too_large");
        assert_eq!(code(r#"<row r="2"><c r="A2" t="s"><v>0</v></c></row>"#, &"x".repeat(99_999)), "cell_too_long");
        assert_eq!(code(&"<c/>".repeat(MAX_CELLS_MET), "x"), "workbook_too_large");
        // A place that overflows panics in the reader or wraps, by how it was built; it is never taken for a row.
        assert_ne!(code(r#"<row r="99999999999999"><c r="AAAAAAAAAAA99999999999"><v>1</v></c></row>"#, "x"), "read");
    }

    proptest! {
        #[test]
        fn no_arrangement_of_cells_makes_it_panic(pieces in prop::collection::vec(prop::sample::select(vec![
            "<row>", "<row r=\"2\">", "<row r=\"0\">", "</row>", "<c>", "<c r=\"A2\">", "<c r=\"B3\" t=\"s\">", "<c r=\"-\" t=\"?\">",
            "<c t=\"inlineStr\">", "<c t=\"d\">", "</c>", "<v>0</v>", "<v>1e308</v>", "<v/>", "<v>", "</v>", "<is>", "<t>示例</t>", "</is>",
            "<f>A1</f>", "&amp;", "&bogus;", "</sheetData>", "<mergeCells><mergeCell ref=\"B9:A1\"/></mergeCells>", "<", "示",
        ]), 0..24)) {
            let _ = read(&book(&pieces.concat(), "", "x"));
        }
    }
}
