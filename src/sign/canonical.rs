//! Canonical JSON (RFC 8785, JCS) and the strict reader in front of it (I-JSON, RFC 7493).
//!
//! A signature covers the canonical bytes, so two texts that a careless reader tells apart but that have the same
//! canonical bytes carry the same signature. [`parse_strict`] refuses every such text: a member twice, a number that
//! a double does not hold, a second document behind the first.

use crate::domain::Refusal;
use crate::domain::error::shown;
use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::map::Entry;
use serde_json::{Map, Number, Value};
use sha2::{Digest, Sha256};
use std::cell::RefCell;
use std::fmt;

/// Largest text read, in bytes: a certificate with some hundreds of sites stays under 200 KiB, a key document under 64.
pub const MAX_BYTES: usize = 1 << 20;
/// Deepest nesting of arrays and objects: our own records need 5; the stack is safe far beyond.
pub const MAX_DEPTH: usize = 32;
/// Longest number, in characters: 17 digits, sign, point, exponent, and leeway for zeros people write.
pub const MAX_NUMBER_LEN: usize = 64;
/// Largest integer that every JSON reader holds exactly: 2^53 - 1 (RFC 7493 section 2.2).
pub const MAX_INTEGER: u64 = (1 << 53) - 1;

/// Bytes a canonical text is given at first: most are shorter.
const ROOM: usize = 2 << 10;

/// The canonical bytes of a JSON value (RFC 8785).
///
/// # Errors
/// `json_number` when an integer is not what its canonical form denotes, so that two values would share one text;
/// `json_too_deep` beyond [`MAX_DEPTH`].
pub fn canonicalize(value: &Value) -> Result<Vec<u8>, Refusal> {
    check_value(value, 0, &is_held)?;
    let mut out = Vec::with_capacity(ROOM);
    write_value(&mut out, value)?;
    Ok(out)
}

/// Writes a value's canonical text. Nine tenths of what a general serializer takes for this go into sorting what is sorted.
fn write_value(out: &mut Vec<u8>, value: &Value) -> Result<(), Refusal> {
    match value {
        Value::Null => out.extend_from_slice(b"null"),
        Value::Bool(true) => out.extend_from_slice(b"true"),
        Value::Bool(false) => out.extend_from_slice(b"false"),
        Value::String(text) => write_text(out, text),
        Value::Number(number) => match number.as_f64().filter(|_| number.is_f64()) {
            // RFC 8785, section 3.2.2.3: as ECMAScript writes a double.
            Some(double) => {
                out.extend_from_slice(serde_json_canonicalizer::to_string(&double).map_err(|_| no_form())?.as_bytes());
            }
            None => out.extend_from_slice(number.to_string().as_bytes()),
        },
        Value::Array(items) => {
            out.push(b'[');
            for (i, item) in items.iter().enumerate() {
                if i > 0 {
                    out.push(b',');
                }
                write_value(out, item)?;
            }
            out.push(b']');
        }
        Value::Object(members) => write_members(out, members.iter())?,
    }
    Ok(())
}

/// Writes members that come in the order of their names' UTF-8; the canonical one is that of UTF-16 (section 3.2.3), which differs only
/// beyond the surrogates.
fn write_members<'v>(out: &mut Vec<u8>, members: impl Iterator<Item = (&'v String, &'v Value)>) -> Result<(), Refusal> {
    let mut members: Vec<_> = members.collect();
    if members.iter().any(|(name, _)| name.bytes().any(|b| b >= 0xee)) {
        members.sort_by(|(a, _), (b, _)| a.encode_utf16().cmp(b.encode_utf16()));
    }
    out.push(b'{');
    for (i, (name, value)) in members.into_iter().enumerate() {
        write_name(out, i, name);
        write_value(out, value)?;
    }
    out.push(b'}');
    Ok(())
}

/// What stands before the value of an object's n-th member.
fn write_name(out: &mut Vec<u8>, n: usize, name: &str) {
    if n > 0 {
        out.push(b',');
    }
    write_text(out, name);
    out.push(b':');
}

/// Section 3.2.2.2: what has to be escaped is, the shortest way.
fn write_text(out: &mut Vec<u8>, text: &str) {
    out.push(b'"');
    let mut rest = text.as_bytes();
    while let Some(at) = rest.iter().position(|b| matches!(b, b'"' | b'\\' | 0..=0x1f)) {
        let (plain, from) = rest.split_at(at);
        out.extend_from_slice(plain);
        match from.first() {
            Some(b'"') => out.extend_from_slice(b"\\\""),
            Some(b'\\') => out.extend_from_slice(b"\\\\"),
            Some(8) => out.extend_from_slice(b"\\b"),
            Some(9) => out.extend_from_slice(b"\\t"),
            Some(10) => out.extend_from_slice(b"\\n"),
            Some(12) => out.extend_from_slice(b"\\f"),
            Some(13) => out.extend_from_slice(b"\\r"),
            other => out.extend_from_slice(format!("\\u{:04x}", other.copied().unwrap_or_default()).as_bytes()),
        }
        rest = from.get(1..).unwrap_or_default();
    }
    out.extend_from_slice(rest);
    out.push(b'"');
}

fn is_held(number: &Number) -> bool {
    let small = number.as_u64().or(number.as_i64().map(i64::unsigned_abs)).is_some_and(|n| n <= MAX_INTEGER);
    small || number.is_f64() || is_exact(&number.to_string())
}

fn no_form() -> Refusal {
    Refusal::invalid("json_number", "the document has no canonical form (RFC 8785)")
}

/// The canonical bytes of an object of these members, which are not copied for it.
///
/// # Errors
/// As [`canonicalize`].
pub fn canonicalize_members<'v>(
    members: impl IntoIterator<Item = (&'v String, &'v Value)>,
) -> Result<Vec<u8>, Refusal> {
    let mut members: Vec<_> = members.into_iter().collect();
    for (name, value) in &members {
        check_value(value, 1, &is_held).map_err(|r| r.under(&pointer_step(name)))?;
    }
    members.sort_unstable_by_key(|(name, _)| *name);
    let mut out = Vec::with_capacity(ROOM);
    write_members(&mut out, members.into_iter())?;
    Ok(out)
}

/// The canonical bytes of an object whose members' values are canonical bytes already. Names are ASCII: those alone sort alike in UTF-8 and
/// UTF-16.
#[must_use]
pub fn object_of<'v>(members: impl IntoIterator<Item = (&'v str, &'v [u8])>) -> Vec<u8> {
    let mut members: Vec<_> = members.into_iter().collect();
    members.sort_unstable_by_key(|(name, _)| *name);
    let mut out =
        Vec::with_capacity(members.iter().map(|(name, value)| name.len() + value.len() + 4).sum::<usize>() + 2);
    out.push(b'{');
    for (i, (name, value)) in members.into_iter().enumerate() {
        write_name(&mut out, i, name);
        out.extend_from_slice(value);
    }
    out.push(b'}');
    out
}

/// SHA-256 of the canonical bytes.
///
/// # Errors
/// As [`canonicalize`].
pub fn canonical_digest(value: &Value) -> Result<[u8; 32], Refusal> {
    Ok(Sha256::digest(canonicalize(value)?).into())
}

/// Refuses what this product never signs though JSON allows it: fractions, and integers beyond [`MAX_INTEGER`].
///
/// # Errors
/// `json_number`, with the place; `json_too_deep`.
pub fn check_signable(value: &Value) -> Result<(), Refusal> {
    check_value(value, 0, &|n| n.as_u64().or(n.as_i64().map(i64::unsigned_abs)).is_some_and(|m| m <= MAX_INTEGER))
}

fn check_value(value: &Value, depth: usize, number: &dyn Fn(&Number) -> bool) -> Result<(), Refusal> {
    match value {
        Value::Array(_) | Value::Object(_) if depth >= MAX_DEPTH => Err(too_deep()),
        Value::Number(n) if !number(n) => Err(bad_number(&n.to_string())),
        Value::Array(items) => items
            .iter()
            .enumerate()
            .try_for_each(|(i, v)| check_value(v, depth + 1, number).map_err(|r| r.under(&format!("/{i}")))),
        Value::Object(members) => members
            .iter()
            .try_for_each(|(k, v)| check_value(v, depth + 1, number).map_err(|r| r.under(&pointer_step(k)))),
        _ => Ok(()),
    }
}

/// Reads one JSON text strictly, so that it has one reading only.
///
/// # Errors
/// `json_too_large` beyond [`MAX_BYTES`]; `json_utf8`; `json_number` for one that a double does not hold as written,
/// for minus zero and beyond [`MAX_NUMBER_LEN`]; `json_duplicate_member`; `json_too_deep` beyond [`MAX_DEPTH`];
/// `json_character` for a noncharacter (RFC 7493 section 2.1); `json_syntax` for anything else that is not one JSON
/// text, a lone surrogate, a byte order mark and trailing data among it.
pub fn parse_strict(bytes: &[u8]) -> Result<Value, Refusal> {
    parse_strict_within(bytes, MAX_BYTES)
}

/// The same for a document that may be larger.
///
/// # Errors
/// As [`parse_strict`], `json_too_large` beyond `most`.
pub fn parse_strict_within(bytes: &[u8], most: usize) -> Result<Value, Refusal> {
    if bytes.len() > most {
        return Err(Refusal::invalid("json_too_large", format!("the document has more than {most} bytes")));
    }
    let text = std::str::from_utf8(bytes)
        .map_err(|e| Refusal::invalid("json_utf8", format!("the document is not UTF-8 at byte {}", e.valid_up_to())))?;
    check_numbers(text)?;
    let refusal = RefCell::new(None);
    let mut reader = serde_json::Deserializer::from_str(text);
    let read = Strict { depth: 0, refusal: &refusal }.deserialize(&mut reader);
    let syntax = |e: serde_json::Error| Refusal::invalid("json_syntax", format!("the document is not JSON: {e}"));
    match (read, refusal.into_inner()) {
        (_, Some(refusal)) => Err(refusal),
        (Err(e), None) => Err(syntax(e)),
        (Ok(value), None) => reader.end().map(|()| value).map_err(syntax),
    }
}

/// No character and never one (RFC 7493 section 2.1).
pub(super) fn is_noncharacter(c: char) -> bool {
    matches!(c, '\u{fdd0}'..='\u{fdef}') || (c as u32) & 0xfffe == 0xfffe
}

fn too_deep() -> Refusal {
    Refusal::invalid("json_too_deep", format!("the document nests deeper than {MAX_DEPTH} levels"))
}

fn bad_number(text: &str) -> Refusal {
    Refusal::invalid("json_number", format!("the number {} is not read alike by every reader", shown(text)))
}

fn pointer_step(member: &str) -> String {
    format!("/{}", member.replace('~', "~0").replace('/', "~1"))
}

/// Looks at every number outside strings, as written: once read, its text is gone.
fn check_numbers(text: &str) -> Result<(), Refusal> {
    let mut rest = text.as_bytes();
    while let Some(at) = rest.iter().position(|b| matches!(b, b'"' | b'-' | b'0'..=b'9')) {
        rest = &rest[at..];
        let end = if rest[0] == b'"' { string_end(rest) } else { number_end(rest) };
        let (token, after) = rest.split_at(end);
        if token[0] != b'"' && !is_exact(&String::from_utf8_lossy(token)) {
            return Err(bad_number(&String::from_utf8_lossy(token)));
        }
        rest = after;
    }
    Ok(())
}

fn string_end(text: &[u8]) -> usize {
    let mut i = 1;
    while i < text.len() && text[i] != b'"' {
        i += if text[i] == b'\\' { 2 } else { 1 };
    }
    (i + 1).min(text.len())
}

fn number_end(text: &[u8]) -> usize {
    let is_part = |b: &u8| matches!(b, b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E');
    text.iter().position(|b| !is_part(b)).unwrap_or(text.len())
}

/// Whether the number denotes, as a decimal, exactly what its canonical form denotes. What is no number at all passes:
/// the reader behind refuses it.
fn is_exact(token: &str) -> bool {
    if token.len() > MAX_NUMBER_LEN {
        return false;
    }
    let Ok(double) = token.parse::<f64>() else { return true };
    if !double.is_finite() || (double == 0.0 && token.starts_with('-')) {
        return false;
    }
    let canonical = serde_json_canonicalizer::to_string(&double).unwrap_or_default();
    matches!((decimal(token), decimal(&canonical)), (Some(a), Some(b)) if a == b)
}

/// Sign, digits without zeros at either end, and the power of ten behind them; zero has no digits and power 0.
fn decimal(token: &str) -> Option<(bool, String, i64)> {
    let (negative, magnitude) = token.strip_prefix('-').map_or((false, token), |m| (true, m));
    let (mantissa, exponent) = magnitude.split_once(['e', 'E']).unwrap_or((magnitude, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = format!("{whole}{fraction}");
    let cut = digits.trim_end_matches('0');
    if cut.is_empty() {
        return Some((negative, String::new(), 0));
    }
    let moved = i64::try_from(digits.len() - cut.len()).ok()? - i64::try_from(fraction.len()).ok()?;
    let power = exponent.parse::<i64>().ok()?.checked_add(moved)?;
    Some((negative, cut.trim_start_matches('0').to_owned(), power))
}

/// Builds a value and notes the first refusal with its place; serde's own error type has room for a text only.
#[derive(Clone, Copy)]
struct Strict<'a> {
    depth: usize,
    refusal: &'a RefCell<Option<Refusal>>,
}

impl Strict<'_> {
    fn refuse<E: serde::de::Error>(self, refusal: Refusal) -> E {
        *self.refusal.borrow_mut() = Some(refusal);
        E::custom("refused")
    }

    fn deeper<E: serde::de::Error>(self) -> Result<Self, E> {
        if self.depth >= MAX_DEPTH {
            return Err(self.refuse(too_deep()));
        }
        Ok(Self { depth: self.depth + 1, ..self })
    }

    /// Adds one step to the place of a refusal on its way out.
    fn locate(self, step: &str) {
        let mut slot = self.refusal.borrow_mut();
        *slot = slot.take().map(|r| r.under(step));
    }

    fn text<E: serde::de::Error>(self, text: &str) -> Result<(), E> {
        match text.chars().find(|c| is_noncharacter(*c)) {
            Some(c) => Err(self.refuse(Refusal::invalid(
                "json_character",
                format!("the document holds U+{:04X}, which is no character", c as u32),
            ))),
            None => Ok(()),
        }
    }
}

impl<'de> DeserializeSeed<'de> for Strict<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, v: bool) -> Result<Value, E> {
        Ok(Value::Bool(v))
    }

    fn visit_i64<E>(self, v: i64) -> Result<Value, E> {
        Ok(Value::Number(v.into()))
    }

    fn visit_u64<E>(self, v: u64) -> Result<Value, E> {
        Ok(Value::Number(v.into()))
    }

    fn visit_f64<E: serde::de::Error>(self, v: f64) -> Result<Value, E> {
        Number::from_f64(v).map(Value::Number).ok_or_else(|| E::custom("not a finite number"))
    }

    fn visit_str<E: serde::de::Error>(self, v: &str) -> Result<Value, E> {
        self.text(v)?;
        Ok(Value::String(v.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let inner = self.deeper()?;
        let mut items = Vec::new();
        loop {
            match access.next_element_seed(inner) {
                Ok(Some(item)) => items.push(item),
                Ok(None) => return Ok(Value::Array(items)),
                Err(e) => {
                    self.locate(&format!("/{}", items.len()));
                    return Err(e);
                }
            }
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let inner = self.deeper()?;
        let mut members = Map::new();
        while let Some(name) = access.next_key::<String>()? {
            self.text(&name)?;
            match members.entry(name) {
                Entry::Occupied(first) => {
                    let message = format!("the member “{}” stands twice", shown(first.key()));
                    let refusal = Refusal::invalid("json_duplicate_member", message).under(&pointer_step(first.key()));
                    return Err(self.refuse(refusal));
                }
                Entry::Vacant(place) => {
                    let value =
                        access.next_value_seed(inner).inspect_err(|_| self.locate(&pointer_step(place.key())))?;
                    place.insert(value);
                }
            }
        }
        Ok(Value::Object(members))
    }
}

#[cfg(test)]
#[path = "canonical_tests.rs"]
mod tests;
