//! Decisions as files bring them: one object a line, one document, or an array; each read strictly, each by itself.

use crate::domain::Refusal;
use crate::domain::decision::DecisionInput;
use crate::domain::error::shown;
use crate::domain::text::Reference;
use crate::sign::canonical::MAX_BYTES;
use crate::sign::parse_strict;
use std::collections::VecDeque;
use std::io::{self, BufRead, Read as _};

/// Largest file read as a whole (an array or one document); a larger run is handed in as lines.
const WHOLE_MAX_BYTES: u64 = 64 << 20;
const BOM: &[u8] = b"\xef\xbb\xbf";

/// One decision of a file, not read yet.
#[derive(Debug)]
pub(super) struct Item {
    /// Line it begins on, from 1.
    pub line: u64,
    /// Its bytes, or why they were not taken.
    pub bytes: Result<Vec<u8>, Refusal>,
    /// Bytes of the file it took up.
    pub length: u64,
}

/// The decisions of a file, in order.
pub(super) struct Decisions<R> {
    reader: R,
    pending: VecDeque<Item>,
    lines: bool,
    line: u64,
}

impl<R: BufRead> Decisions<R> {
    /// Looks at the beginning of a file to tell how it is written.
    ///
    /// # Errors
    /// The file cannot be read, or a document is larger than 64 MiB.
    pub fn of(reader: R) -> anyhow::Result<Self> {
        let mut decisions = Self { reader, pending: VecDeque::new(), lines: true, line: 0 };
        if decisions.skip_to_text()? == Some(b'[') {
            let bytes = decisions.rest(Vec::new())?;
            decisions.pending = array(&bytes, decisions.line + 1);
            return Ok(decisions);
        }
        let Some(first) = decisions.next_line()? else { return Ok(decisions) };
        let second = if is_open(&first) { decisions.next_line()? } else { None };
        let begins = |item: &Item| item.bytes.as_ref().is_ok_and(|b| b.trim_ascii_start().starts_with(b"{"));
        match (first.bytes, second) {
            // Lines each begin with a brace; in a document spread over lines the second one does not.
            (Ok(mut begun), Some(second)) if !begins(&second) => {
                begun.push(b'\n');
                begun.extend(second.bytes.unwrap_or_default());
                begun.push(b'\n');
                let bytes = decisions.rest(begun)?;
                let length = bytes.len() as u64;
                decisions.pending.push_back(Item { line: first.line, bytes: Ok(bytes), length });
            }
            (bytes, second) => {
                decisions.pending.push_back(Item { bytes, ..first });
                decisions.pending.extend(second);
            }
        }
        Ok(decisions)
    }

    /// The next decision; none at the end.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn next(&mut self) -> io::Result<Option<Item>> {
        match self.pending.pop_front() {
            Some(item) => Ok(Some(item)),
            None if self.lines => self.next_line(),
            None => Ok(None),
        }
    }

    /// Passes over a byte order mark and empty space; the first byte of text.
    fn skip_to_text(&mut self) -> io::Result<Option<u8>> {
        if self.reader.fill_buf()?.starts_with(BOM) {
            self.reader.consume(BOM.len());
        }
        loop {
            let buffer = self.reader.fill_buf()?;
            match buffer.first() {
                Some(b) if b.is_ascii_whitespace() => {
                    self.line += u64::from(*b == b'\n');
                    self.reader.consume(1);
                }
                other => return Ok(other.copied()),
            }
        }
    }

    /// Everything that is left, behind what was taken already.
    fn rest(&mut self, mut bytes: Vec<u8>) -> anyhow::Result<Vec<u8>> {
        self.lines = false;
        (&mut self.reader).take(WHOLE_MAX_BYTES + 1).read_to_end(&mut bytes)?;
        if bytes.len() as u64 > WHOLE_MAX_BYTES {
            let why =
                format!("a document has at most {WHOLE_MAX_BYTES} bytes; hand a longer run in as one decision a line");
            return Err(Refusal::invalid("json_too_large", why).into());
        }
        Ok(bytes)
    }

    /// The next line that says something; what is longer than a decision can be is passed over, not kept.
    fn next_line(&mut self) -> io::Result<Option<Item>> {
        loop {
            let (mut kept, mut length) = (Vec::new(), 0u64);
            loop {
                let buffer = self.reader.fill_buf()?;
                if buffer.is_empty() {
                    break;
                }
                let end = buffer.iter().position(|b| *b == b'\n').map(|i| i + 1);
                let part = end.unwrap_or(buffer.len());
                let room = (MAX_BYTES + 2).saturating_sub(kept.len());
                kept.extend_from_slice(&buffer[..part.min(room)]);
                self.reader.consume(part);
                length += part as u64;
                if end.is_some() {
                    break;
                }
            }
            if length == 0 {
                return Ok(None);
            }
            self.line += 1;
            let line = self.line;
            if kept.trim_ascii().is_empty() && length <= kept.len() as u64 {
                continue;
            }
            let bytes = if length > MAX_BYTES as u64 + 1 {
                let why = format!("the line has {length} bytes; a decision has at most {MAX_BYTES}");
                Err(Refusal::invalid("line_too_long", why))
            } else {
                Ok(kept.trim_ascii().to_vec())
            };
            return Ok(Some(Item { line, bytes, length }));
        }
    }
}

/// Whether a line is the beginning of a document that goes on.
fn is_open(item: &Item) -> bool {
    let Ok(bytes) = &item.bytes else { return false };
    serde_json::from_slice::<serde::de::IgnoredAny>(bytes).is_err_and(|e| e.is_eof())
}

/// Cuts an array into its elements without reading them: one broken element does not hide the others.
fn array(bytes: &[u8], first_line: u64) -> VecDeque<Item> {
    let mut items = VecDeque::new();
    let (mut line, mut depth, mut in_text, mut escaped) = (first_line, 0u32, false, false);
    let (mut start, mut start_line, mut ended) = (None, first_line, false);
    let broken = |line, why: &str| {
        let why = format!("the array is not JSON: {why}");
        Item { line, bytes: Err(Refusal::invalid("json_syntax", why)), length: 0 }
    };
    for (i, byte) in bytes.iter().enumerate() {
        line += u64::from(*byte == b'\n');
        if in_text {
            in_text = escaped || *byte != b'"';
            escaped = !escaped && *byte == b'\\';
            continue;
        }
        if ended {
            if !byte.is_ascii_whitespace() {
                items.push_back(broken(line, "something follows its closing bracket"));
                return items;
            }
            continue;
        }
        let closes = matches!(byte, b']' | b'}');
        depth -= u32::from(closes && depth > 0);
        if (depth == 1 && *byte == b',') || (depth == 0 && closes) {
            let first_of_none = items.is_empty() && depth == 0 && start.is_none();
            match start.take() {
                Some(start) => {
                    let element: &[u8] = &bytes[start..i];
                    let length = (i - start) as u64;
                    items.push_back(Item { line: start_line, bytes: Ok(element.trim_ascii().to_vec()), length });
                }
                None if first_of_none => {}
                None => items.push_back(broken(line, "an element is missing beside a comma")),
            }
            ended = depth == 0;
            continue;
        }
        if depth == 1 && start.is_none() && !byte.is_ascii_whitespace() {
            (start, start_line) = (Some(i), line);
        }
        in_text = *byte == b'"';
        depth += u32::from(matches!(byte, b'[' | b'{'));
    }
    if !ended {
        items.push_back(broken(line, "its closing bracket is missing"));
    }
    items
}

/// A decision that could not be read: its reference where it told one, and why.
pub(super) type Unread = (Option<String>, Refusal);

/// Reads one decision strictly: one JSON object of the decision's shape, no member twice, none unknown.
///
/// # Errors
/// `json_…` for what is no JSON, `bad_decision` with the pointer for another shape.
pub(super) fn read(bytes: &[u8]) -> Result<DecisionInput, Unread> {
    let value = parse_strict(bytes).map_err(|r| (None, r))?;
    let reference = value["reference"].as_str().map(echo);
    serde_path_to_error::deserialize(&value).map_err(|error| {
        let pointer = pointer(error.path());
        (reference, Refusal::invalid("bad_decision", error.into_inner().to_string()).under(&pointer))
    })
}

/// A reference as it is thrown back: whole where it can be one, else shortened.
pub(super) fn echo(reference: &str) -> String {
    if reference.len() > Reference::MAX_LEN * 4 { shown(reference) } else { reference.to_owned() }
}

fn pointer(path: &serde_path_to_error::Path) -> String {
    use serde_path_to_error::Segment;
    let step = |segment: &Segment| match segment {
        Segment::Seq { index } => format!("/{index}"),
        Segment::Map { key } | Segment::Enum { variant: key } => {
            format!("/{}", shown(key).replace('~', "~0").replace('/', "~1"))
        }
        Segment::Unknown => String::new(),
    };
    path.iter().map(step).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(text: &str) -> Vec<(u64, Result<String, &'static str>)> {
        let mut decisions = Decisions::of(io::Cursor::new(text.as_bytes().to_vec())).unwrap();
        let mut found = vec![];
        while let Some(item) = decisions.next().unwrap() {
            found.push((item.line, item.bytes.map(|b| String::from_utf8(b).unwrap()).map_err(|r| r.code)));
        }
        found
    }

    fn ok(line: u64, text: &str) -> (u64, Result<String, &'static str>) {
        (line, Ok(text.into()))
    }

    #[test]
    fn lines_documents_and_arrays_are_told_apart() {
        assert_eq!(cut(""), []);
        assert_eq!(cut(" \n\n"), []);
        assert_eq!(cut("{\"a\":1}"), [ok(1, "{\"a\":1}")]);
        assert_eq!(cut("\u{feff}\n{\"a\":1}\r\n\n{\"b\":2}\n"), [ok(2, "{\"a\":1}"), ok(4, "{\"b\":2}")]);
        assert_eq!(cut("{\n \"a\": 1\n}\n"), [ok(1, "{\n\"a\": 1\n}\n")]);
        assert_eq!(
            cut("[{\"a\":[1,\"],\"]},\n {\"b\":\"\\\"}\"}]\n"),
            [ok(1, "{\"a\":[1,\"],\"]}"), ok(2, "{\"b\":\"\\\"}\"}")]
        );
        assert_eq!(cut("[]"), []);
    }

    #[test]
    fn a_broken_part_leaves_the_rest_readable() {
        // A line cut short is not taken for a document, for the next one begins anew.
        assert_eq!(cut("{\"a\":\n{\"b\":2}\n"), [ok(1, "{\"a\":"), ok(2, "{\"b\":2}")]);
        assert_eq!(cut("nonsense\n{\"b\":2}\n"), [ok(1, "nonsense"), ok(2, "{\"b\":2}")]);
        assert_eq!(cut("[{\"a\":1},,{\"b\":2}]"), [ok(1, "{\"a\":1}"), (1, Err("json_syntax")), ok(1, "{\"b\":2}")]);
        assert_eq!(cut("[{\"a\":1}"), [(1, Err("json_syntax"))]);
        assert_eq!(cut("[{\"a\":1}] x"), [ok(1, "{\"a\":1}"), (1, Err("json_syntax"))]);
        let long = format!("{{\"a\":\"{}\"}}\n{{\"b\":2}}\n", "x".repeat(MAX_BYTES));
        assert_eq!(cut(&long), [(1, Err("line_too_long")), ok(2, "{\"b\":2}")]);
    }

    #[test]
    fn a_wrong_shape_has_a_pointer_and_keeps_its_reference() {
        let (reference, refusal) = read(br#"{"reference":"D-1","holder":{"nam":"x"}}"#).unwrap_err();
        assert_eq!((reference.as_deref(), refusal.code), (Some("D-1"), "bad_decision"));
        assert_eq!(refusal.pointer, "/holder/nam");
        assert_eq!(read(br#"{"reference":"D-1","reference":"D-2"}"#).unwrap_err().1.code, "json_duplicate_member");
        assert_eq!(read(b"{\"reference\":\"\xff\"}").unwrap_err().1.code, "json_utf8");
    }
}
