//! Unpacks a workbook within bounds. A small archive can unpack to gigabytes, and the reader trusts some numbers it finds
//! inside; so the parts a table needs are copied into a plain archive first, each held to its limits, and the reader
//! never sees anything else.

use super::limits::{
    MAX_PARTS, MAX_SHARED_TAGS, MAX_SHARED_TEXTS, MAX_SMALL_PART_BYTES, MAX_TAG_BYTES, MAX_UNPACKED_BYTES,
};
use crate::domain::Refusal;
use std::io::{Cursor, Read, Write};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

/// The parts that are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    /// Cells of one sheet: read as a stream, so its unpacked size is all that counts.
    Sheet,
    /// The table of shared texts.
    SharedTexts,
    /// Styles, the list of sheets, links between parts.
    Small,
}

impl Part {
    /// By its lower-case name; none for a part that is not needed (pictures, comments, macros, themes).
    fn of(name: &str) -> Option<Self> {
        match name {
            "[content_types].xml"
            | "_rels/.rels"
            | "xl/workbook.xml"
            | "xl/_rels/workbook.xml.rels"
            | "xl/styles.xml" => Some(Self::Small),
            "xl/sharedstrings.xml" => Some(Self::SharedTexts),
            _ if name.starts_with("xl/worksheets/") && name.ends_with(".xml") => Some(Self::Sheet),
            _ => None,
        }
    }
}

/// A workbook that cannot be read, and why.
pub(super) fn bad_workbook(why: &str) -> Refusal {
    Refusal::invalid(
        "bad_workbook",
        format!("the workbook cannot be read ({why}): open it in Excel or WPS and save it again as .xlsx or CSV UTF-8"),
    )
}

fn too_large(what: &str) -> Refusal {
    Refusal::invalid("workbook_too_large", format!("{what}: copy its rows into a new workbook and save that"))
}

/// The same workbook, reduced to the parts that are read, unpacked and bounded.
pub(super) fn reduced(bytes: &[u8]) -> Result<Vec<u8>, Refusal> {
    let mut archive =
        ZipArchive::new(Cursor::new(bytes)).map_err(|e| bad_workbook(&format!("its archive is damaged: {e}")))?;
    if archive.len() > MAX_PARTS {
        return Err(too_large(&format!("the workbook has more than {MAX_PARTS} parts")));
    }
    let mut out = ZipWriter::new(Cursor::new(Vec::new()));
    let stored = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    let mut left = MAX_UNPACKED_BYTES;
    let mut names: Vec<String> = Vec::new();
    for i in 0..archive.len() {
        let entry = archive.by_index(i).map_err(|e| bad_workbook(&format!("part {} is damaged: {e}", i + 1)))?;
        let name = entry.name().map_err(|e| bad_workbook(&format!("part {} has no name: {e}", i + 1)))?.into_owned();
        let folded = name.replace('\\', "/").to_lowercase();
        let Some(part) = Part::of(folded.trim_start_matches('/')) else {
            continue;
        };
        if names.contains(&folded) {
            return Err(bad_workbook("two of its parts have one name"));
        }
        names.push(folded);
        let content = unpack(entry, left)?;
        left -= content.len();
        check(part, &content)?;
        out.start_file(name.as_str(), stored).map_err(|e| bad_workbook(&e.to_string()))?;
        out.write_all(&content).map_err(|e| bad_workbook(&e.to_string()))?;
    }
    if names.is_empty() {
        return Err(bad_workbook("it is an archive, but not an .xlsx workbook"));
    }
    out.finish().map(Cursor::into_inner).map_err(|e| bad_workbook(&e.to_string()))
}

/// The unpacked bytes of one part; what the archive says about its size is not relied on.
fn unpack(entry: impl Read, left: usize) -> Result<Vec<u8>, Refusal> {
    let mut content = Vec::new();
    entry
        .take(left as u64 + 1)
        .read_to_end(&mut content)
        .map_err(|e| bad_workbook(&format!("one of its parts is damaged: {e}")))?;
    if content.len() > left {
        return Err(too_large(&format!("the workbook unpacks to more than {MAX_UNPACKED_BYTES} bytes")));
    }
    Ok(content)
}

fn check(part: Part, content: &[u8]) -> Result<(), Refusal> {
    // UTF-16 would hide from the checks below what the reader would still see.
    if content.contains(&0) {
        return Err(bad_workbook("one of its parts is not in UTF-8"));
    }
    match part {
        Part::Sheet => Ok(()),
        Part::SharedTexts => {
            let tags = content.iter().filter(|b| **b == b'<').count();
            if tags > MAX_SHARED_TAGS || announces_too_many(content) {
                return Err(too_large("the workbook holds too many different texts"));
            }
            Ok(())
        }
        Part::Small => {
            let long = content.split(|b| *b == b'<').any(|run| run.len() > MAX_TAG_BYTES);
            if content.len() > MAX_SMALL_PART_BYTES || long {
                return Err(too_large("the workbook holds too many cell styles, sheets or names"));
            }
            Ok(())
        }
    }
}

/// Whether some `uniqueCount` in the table of shared texts is beyond bounds.
fn announces_too_many(content: &[u8]) -> bool {
    const NAME: &[u8] = b"uniqueCount";
    // A tag may hold spaces around its values; what lies further off belongs to something else.
    const NEAR: usize = 64;
    content.windows(NAME.len()).enumerate().filter(|(_, w)| *w == NAME).any(|(at, _)| {
        let after = content.get(at + NAME.len()..).unwrap_or_default();
        let near = after.get(..NEAR).unwrap_or(after);
        let digits = near.iter().skip_while(|b| !b.is_ascii_digit()).take_while(|b| b.is_ascii_digit());
        digits.fold(0_u64, |n, d| n.saturating_mul(10).saturating_add(u64::from(d - b'0'))) > MAX_SHARED_TEXTS
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn archive(parts: &[(&str, &[u8])]) -> Vec<u8> {
        let mut out = ZipWriter::new(Cursor::new(Vec::new()));
        let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
        for (name, content) in parts {
            out.start_file(*name, options).unwrap();
            out.write_all(content).unwrap();
        }
        out.finish().unwrap().into_inner()
    }

    fn code(parts: &[(&str, &[u8])]) -> Result<usize, &'static str> {
        reduced(&archive(parts)).map(|b| ZipArchive::new(Cursor::new(b)).unwrap().len()).map_err(|r| r.code)
    }

    #[test]
    fn only_the_parts_that_are_read_are_kept() {
        let parts: &[(&str, &[u8])] = &[
            ("xl/workbook.xml", b"<workbook/>"),
            ("xl/media/image1.png", b"\0\0"),
            ("xl\\Worksheets\\sheet1.xml", b"<w/>"),
        ];
        assert_eq!(code(parts), Ok(2));
        assert_eq!(code(&[("content.xml", b"<ods/>")]), Err("bad_workbook"));
        assert_eq!(code(&[("xl/styles.xml", b"<a/>"), ("xl/Styles.xml", b"<a/>")]), Err("bad_workbook"));
        assert_eq!(code(&[("xl/styles.xml", b"\xff\xfe<\0a\0/\0>\0")]), Err("bad_workbook"));
    }

    #[test]
    fn a_bomb_is_refused_by_what_it_unpacks_to() {
        let half = vec![b' '; MAX_UNPACKED_BYTES / 2];
        let parts: &[(&str, &[u8])] = &[("xl/worksheets/sheet1.xml", &half), ("xl/worksheets/sheet2.xml", &half)];
        let file = archive(parts);
        assert!(file.len() < 100_000, "{}", file.len());
        assert_eq!(code(parts), Ok(2));
        let and_more: Vec<_> = parts.iter().copied().chain([("xl/worksheets/sheet3.xml", &b" "[..])]).collect();
        assert_eq!(code(&and_more), Err("workbook_too_large"));
    }

    #[test]
    fn numbers_the_reader_would_trust_are_bounded() {
        let sst = |head: &str| code(&[("xl/sharedStrings.xml", format!("<sst {head}><si/></sst>").as_bytes())]);
        assert_eq!(sst("count=\"9999999999\" uniqueCount=\"14\""), Ok(1));
        assert_eq!(sst("uniqueCount = '99999999999999999999'"), Err("workbook_too_large"));
        assert_eq!(sst("uniqueCount=\"1000001\""), Err("workbook_too_large"));
        let many = "<si/>".repeat(MAX_SHARED_TAGS + 1);
        assert_eq!(code(&[("xl/sharedStrings.xml", many.as_bytes())]), Err("workbook_too_large"));
        let font = format!("<font><name val=\"{}\"/></font>", "x".repeat(MAX_TAG_BYTES));
        assert_eq!(code(&[("xl/styles.xml", font.as_bytes())]), Err("workbook_too_large"));
        let xfs = "<xf/>".repeat(MAX_SMALL_PART_BYTES / 5 + 1);
        assert_eq!(code(&[("xl/styles.xml", xfs.as_bytes())]), Err("workbook_too_large"));
    }
}
