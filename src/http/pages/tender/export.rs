//! The answers as a table to take along: CSV for programs, XLSX for people.

use super::super::answers::{Held, Row, Told, field};
use super::super::view::clock;
use super::super::words::{Lang, Text};
use super::super::{App, Uri};
use super::{Fields, answer, refused};
use crate::http::error::Problem;
use crate::service::list::List;
use crate::service::lookup::Asked;
use crate::service::sheet::{BOM, for_spreadsheet};
use crate::verify::receipt::Field;
use axum::http::header;
use axum::response::{IntoResponse as _, Response};
use rust_xlsxwriter::{Format, Workbook, XlsxError};

/// Headers, and how wide each column is in a workbook, in letters.
const COLUMNS: [(&str, f64); 15] = [
    ("行 Line", 7.0),
    ("您填的 Asked", 26.0),
    ("结论 Answer", 12.0),
    ("是否符合 In order", 12.0),
    ("说明 Notes", 48.0),
    ("与要求不符 Differs", 36.0),
    ("证书编号 Number", 22.0),
    ("持证人 Holder", 32.0),
    ("统一社会信用代码 Credit code", 24.0),
    ("级别 Level", 10.0),
    ("范围 Scope", 40.0),
    ("发证日期 From", 12.0),
    ("有效期至 Until", 12.0),
    ("问的时刻 As of", 20.0),
    ("网址 Page", 44.0),
];
const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

type Cells = [String; COLUMNS.len()];

/// The file.
pub(super) async fn file(app: &App, lang: Lang, uri: &Uri, asked: Asked, list: List, kind: &str) -> Response {
    let is_csv = kind == "csv";
    let work = app.clone();
    let made = app.heavy.run_patiently(move || {
        let mut batch = work.service.batch(asked, work.links.authority());
        let moment = batch.moment();
        let mut rows: Vec<Cells> = vec![];
        for entry in &list.entries {
            let found = answer(&work, &mut batch, entry, asked.as_of.is_none() || moment.at == moment.now)?;
            rows.extend(found.iter().map(|row| cells(row, lang, &clock(moment.at), &work)));
        }
        let bytes = if is_csv { csv(&rows) } else { xlsx(&rows).map_err(|_| Problem::internal())? };
        Ok::<_, Problem>((bytes, moment.at))
    });
    let (bytes, at) = match made.await.flatten() {
        Ok(made) => made,
        Err(problem) => return refused(app, lang, uri, Fields::default(), problem),
    };
    let (kind, ending) = if is_csv { ("text/csv; charset=utf-8", "csv") } else { (XLSX, "xlsx") };
    let name = clock(at).replace([' ', ':'], "-");
    let disposition = format!("attachment; filename=\"starmark-{name}.{ending}\"");
    ([(header::CONTENT_TYPE, kind.to_owned()), (header::CONTENT_DISPOSITION, disposition)], bytes).into_response()
}

fn cells(row: &Row, lang: Lang, at: &str, app: &App) -> Cells {
    let said = |text: &Text| text.main(&lang).to_owned();
    let notes: Vec<String> = row.notes.iter().map(said).collect();
    let told = row.told.as_ref();
    let of = |found: fn(&Told) -> &str| told.map_or_else(String::new, |t| found(t).to_owned());
    [
        row.number.to_string(),
        row.asked.clone(),
        said(&row.face.word()),
        said(&row.fit().word()),
        notes.join("; "),
        differences(row, lang),
        of(|t| &t.certificate),
        of(|t| &t.holder.found),
        of(|t| &t.uscc.found),
        told.map_or_else(String::new, |t| said(&t.level)),
        of(|t| &t.scope.found),
        of(|t| &t.days.0),
        of(|t| &t.days.1),
        at.to_owned(),
        told.map_or_else(String::new, |t| format!("{}/c/{}", app.links.base, t.id)),
    ]
}

/// What was expected and is not so.
fn differences(row: &Row, lang: Lang) -> String {
    let names = [Field::Holder, Field::Uscc, Field::Level, Field::Scope].map(field);
    let held = row.told.as_ref().map(|t| [&t.holder, &t.uscc, &t.level_held, &t.scope]);
    let unlike = |(name, held): (Text, &Held)| {
        let (expected, _) = held.expected.as_ref().filter(|(_, same)| !same)?;
        Some(if lang.is_zh() {
            format!("要求的{}是“{expected}”", name.zh)
        } else {
            format!("{} expected: {expected}", name.en)
        })
    };
    let unmet = row.unmet.iter().map(|(name, expected)| {
        if lang.is_zh() {
            format!("要求的{}“{expected}”无从对照", name.zh)
        } else {
            format!("{} expected, nothing to compare with: {expected}", name.en)
        }
    });
    names.into_iter().zip(held.into_iter().flatten()).filter_map(unlike).chain(unmet).collect::<Vec<_>>().join("; ")
}

/// UTF-8 with a byte order mark, so that Excel opens it; no cell runs as a formula, none loses digits.
fn csv(rows: &[Cells]) -> Vec<u8> {
    let mut out = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(BOM.to_vec());
    // Writing to memory does not fail, and every record has the same width.
    let _ = out.write_record(COLUMNS.map(|(name, _)| name));
    for row in rows {
        let _ = out.write_record(row.each_ref().map(|cell| for_spreadsheet(cell).into_owned()));
    }
    out.into_inner().unwrap_or_default()
}

/// A workbook in which every cell is text, so that nothing is run, dated or rounded.
fn xlsx(rows: &[Cells]) -> Result<Vec<u8>, XlsxError> {
    let mut book = Workbook::new();
    let sheet = book.add_worksheet();
    let head = Format::new().set_bold();
    for ((name, width), column) in COLUMNS.into_iter().zip(0..) {
        sheet.write_string_with_format(0, column, name, &head)?;
        sheet.set_column_width(column, width)?;
    }
    sheet.set_freeze_panes(1, 0)?;
    for (row, line) in rows.iter().zip(1..) {
        for (cell, column) in row.iter().zip(0..) {
            if column == 0 {
                sheet.write_number(line, column, cell.parse::<u32>().unwrap_or_default())?;
            } else if !cell.is_empty() {
                sheet.write_string(line, column, cell)?;
            }
        }
    }
    let last = u32::try_from(rows.len()).unwrap_or(u32::MAX);
    sheet.autofilter(0, 0, last, COLUMNS.len() as u16 - 1)?;
    book.save_to_buffer()
}
