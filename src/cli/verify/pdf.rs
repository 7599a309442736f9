//! The signed file that is attached to a paper of ours (SPEC-verdict, "A PDF"): the print of a receipt, a certificate.
//!
//! What is verified is the attachment alone, so that the rest of the PDF is not read: nothing in it can change the answer.

use crate::verify::receipt::BYTES_MAX;
use flate2::read::ZlibDecoder;
use std::io::Read as _;

/// Most places that look like an attachment, and how far around one its dictionary reaches: files of ours have one, of a few
/// hundred bytes; nobody's file keeps us busy.
const PLACES_MAX: usize = 64;
const REACH: usize = 400;

pub(super) fn is_pdf(bytes: &[u8]) -> bool {
    bytes.starts_with(b"%PDF-")
}

/// The bytes of the one file that is attached; nothing where there is none, several, or it is packed otherwise than by deflate.
pub(super) fn attachment(pdf: &[u8]) -> Option<Vec<u8>> {
    let named: Vec<usize> = places(pdf, b"/EmbeddedFile").take(PLACES_MAX + 1).collect();
    if named.len() > PLACES_MAX {
        return None;
    }
    let mut found = named.into_iter().filter_map(|at| stream(pdf, at));
    let (dictionary, packed) = found.next()?;
    if found.next().is_some() {
        return None;
    }
    match value(dictionary, b"/Filter") {
        None => Some(packed.to_vec()),
        Some(filter) if word(filter) == b"/FlateDecode" => {
            let mut out = Vec::new();
            ZlibDecoder::new(packed).take(BYTES_MAX as u64 + 1).read_to_end(&mut out).ok()?;
            Some(out)
        }
        Some(_) => None,
    }
}

/// The dictionary of an embedded file (ISO 32000-2, 7.11.4) that says so at `at`, and the bytes of its stream.
fn stream(pdf: &[u8], at: usize) -> Option<(&[u8], &[u8])> {
    let before = at.saturating_sub(REACH);
    let begin = before + places(&pdf[before..at], b" obj").next_back()?;
    let keyword = at + places(&pdf[at..pdf.len().min(at + REACH)], b"stream").next()?;
    let dictionary = &pdf[begin..keyword];
    if places(dictionary, b"endobj").next().is_some() || word(value(dictionary, b"/Type")?) != b"/EmbeddedFile" {
        return None;
    }
    let length = std::str::from_utf8(word(value(dictionary, b"/Length")?)).ok()?.parse::<usize>().ok()?;
    let rest = &pdf[keyword + b"stream".len()..];
    let rest = rest.strip_prefix(b"\r\n").or_else(|| rest.strip_prefix(b"\n"))?;
    let (packed, behind) = rest.split_at_checked(length)?;
    behind.trim_ascii_start().starts_with(b"endstream").then_some((dictionary, packed))
}

/// Where that stands.
fn places(bytes: &[u8], wanted: &'static [u8]) -> impl DoubleEndedIterator<Item = usize> {
    bytes.windows(wanted.len()).enumerate().filter(move |(_, w)| *w == wanted).map(|(at, _)| at)
}

/// What stands behind that name in a dictionary.
fn value<'a>(dictionary: &'a [u8], name: &'static [u8]) -> Option<&'a [u8]> {
    let mut behind = places(dictionary, name).map(|at| &dictionary[at + name.len()..]);
    behind.find(|rest| rest.first().is_some_and(|b| b.is_ascii_whitespace() || *b == b'/'))
}

/// Up to the next white space or delimiter; a name with its slash.
fn word(bytes: &[u8]) -> &[u8] {
    let bytes = bytes.trim_ascii_start();
    let from = usize::from(bytes.first() == Some(&b'/'));
    let ends = |b: &u8| b.is_ascii_whitespace() || b"()<>[]{}/%".contains(b);
    let end = bytes[from..].iter().position(ends).map_or(bytes.len(), |at| from + at);
    &bytes[..end]
}
