//! Many certificates at once: a file with one on each line, all processors at work, the answers in the order of the lines.

use super::{Moments, Verify};
use crate::cli::exit::Exit;
use crate::cli::{files, note, say};
use crate::service::clock::{Entropy as _, Machine};
use crate::sign::batch::Batch;
use crate::sign::canonical::MAX_BYTES;
use crate::sign::{KeyDocument, OneByOne, SignatureCheck};
use crate::verify::certificate::{Finding, verify_offline_by};
use crate::verify::{CheckResult, Outcome, status};
use anyhow::Context as _;
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read as _};
use std::num::NonZeroUsize;
use std::path::Path;
use std::thread;

/// Lines that are read before they are verified.
const AT_ONCE: usize = 32_768;
/// Bytes after which no further line is read before these are verified: twice those of so many certificates.
const ROOM: usize = 128 << 20;
/// Fewer signatures are verified as quickly one by one.
const WORTH_IT: usize = 256;

/// How many came to what.
#[derive(Default)]
struct Tally {
    valid: u64,
    invalid: u64,
    open: u64,
}

impl Tally {
    fn count(&mut self, outcome: Outcome) {
        match outcome {
            Outcome::Valid => self.valid += 1,
            Outcome::Invalid => self.invalid += 1,
            Outcome::Undetermined => self.open += 1,
        }
    }
}

impl Verify {
    /// Verifies each line of a file as a certificate.
    ///
    /// # Errors
    /// A usage error for what cannot be read.
    pub(super) fn each_line(&self, keys: &KeyDocument, moments: Moments) -> anyhow::Result<Exit> {
        let mut input = BufReader::new(files::open(Path::new(&self.input))?);
        let lists = self.lists()?;
        let answer = |(number, line): (u64, &[u8]), check: &dyn SignatureCheck| {
            let found = verify_offline_by(line, keys, moments.now, moments.at, check);
            let found = match &lists {
                Some(lists) => status::with_lists(found, lists, keys, moments.now),
                None => found,
            };
            (!line.trim_ascii().is_empty()).then(|| (found.verdict.verdict, self.line(number, &found)))
        };
        let (mut number, mut tally, mut read) = (1, Tally::default(), Lines::new());
        loop {
            read.next(&mut input, AT_ONCE).with_context(|| format!("cannot read {}", self.input))?;
            let lines = read.each();
            if lines.is_empty() {
                break;
            }
            for (outcome, told) in in_order(number, &lines, &answer).into_iter().flatten() {
                tally.count(outcome);
                told.map_or(Ok(()), say)?;
            }
            number += lines.len() as u64;
        }
        let Tally { valid, invalid, open } = tally;
        let all = valid + invalid + open;
        note(format_args!("{all} certificates: {valid} valid, {invalid} not valid, {open} cannot be told of"));
        Ok(match (invalid, open, all) {
            (1.., _, _) => Exit::Refused,
            (0, 1.., _) | (_, _, 0) => Exit::Undetermined,
            (0, 0, _) => Exit::Done,
        })
    }

    /// Each line for programs; for people those that are not as they should be.
    fn line(&self, number: u64, found: &Finding) -> Option<String> {
        let verdict = found.verdict.verdict;
        let wrong = found.verdict.checks.iter().find(|c| c.required && c.result != CheckResult::Ok);
        let of = found.genuine.as_ref();
        if self.json {
            let line: Value = json!({
                "line": number, "verdict": verdict.wire(), "standing": found.verdict.standing,
                "id": of.map(|(id, _)| id), "number": of.map(|(_, terms)| &terms.number),
                "code": wrong.map(|c| c.code), "message": wrong.map(|c| &c.message),
            });
            return Some(line.to_string());
        }
        if verdict == Outcome::Valid {
            return None;
        }
        let (why, whose) = (wrong.map_or("", |c| &c.message), of.map(|(_, terms)| terms.number.as_str()));
        Some(format!("line {number}: {} {}: {why}", verdict.wire(), whose.unwrap_or("(no certificate of this body)")))
    }
}

/// Lines as they were read, one behind the other.
struct Lines {
    bytes: Vec<u8>,
    /// Where each ends.
    ends: Vec<usize>,
}

impl Lines {
    fn new() -> Self {
        // Room that is not used takes no memory; to make it larger again and again takes a twentieth of all the time.
        Self { bytes: Vec::with_capacity(ROOM + MAX_BYTES + 2), ends: vec![] }
    }

    /// Reads the next ones, so many at most, in the place of these; a longer one than any certificate is cut, and no certificate.
    fn next(&mut self, input: &mut impl BufRead, most: usize) -> std::io::Result<()> {
        self.bytes.clear();
        self.ends.clear();
        while self.ends.len() < most && self.bytes.len() < ROOM {
            let read = input.by_ref().take(MAX_BYTES as u64 + 2).read_until(b'\n', &mut self.bytes)?;
            if read == 0 {
                break;
            }
            if self.bytes.last() == Some(&b'\n') {
                self.bytes.pop();
            } else if read > MAX_BYTES {
                input.skip_until(b'\n')?;
            }
            self.ends.push(self.bytes.len());
        }
        Ok(())
    }

    fn each(&self) -> Vec<&[u8]> {
        let mut from = 0;
        let line = |end: &usize| self.bytes.get(std::mem::replace(&mut from, *end)..*end).unwrap_or_default();
        self.ends.iter().map(line).collect()
    }
}

/// What comes of a line: the outcome, and what is told of it; nothing of an empty one.
type Told = Option<(Outcome, Option<String>)>;

/// The answers to the lines, the first of which has that number, worked out side by side.
fn in_order(
    first: u64,
    lines: &[&[u8]],
    answer: &(impl Fn((u64, &[u8]), &dyn SignatureCheck) -> Told + Sync),
) -> Vec<Told> {
    let processors = thread::available_parallelism().map_or(1, NonZeroUsize::get);
    let part = lines.len().div_ceil(processors).max(1);
    let numbered: Vec<(u64, &[u8])> = (first..).zip(lines.iter().copied()).collect();
    thread::scope(|scope| {
        let parts: Vec<_> = numbered.chunks(part).map(|part| scope.spawn(move || of_part(part, answer))).collect();
        parts
            .into_iter()
            .flat_map(|part| part.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
            .collect()
    })
}

/// Many signatures are verified as a batch; where one of them is bad, each by itself.
fn of_part(part: &[(u64, &[u8])], answer: &impl Fn((u64, &[u8]), &dyn SignatureCheck) -> Told) -> Vec<Told> {
    let each = |check: &dyn SignatureCheck| part.iter().map(|line| answer(*line, check)).collect::<Vec<_>>();
    if part.len() >= WORTH_IT {
        let batch = Batch::default();
        let told = each(&batch);
        if batch.verify(|random| Machine.fill(random)).unwrap_or(false) {
            return told;
        }
    }
    each(&OneByOne)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_lines_are_read_in_order_however_many_at_once() {
        let long = "x".repeat(MAX_BYTES + 10);
        let text = format!("one\n\n{long}\nfour\nfive");
        for most in 1..7 {
            let (mut input, mut lines, mut found) = (text.as_bytes(), Lines::new(), vec![]);
            loop {
                lines.next(&mut input, most).unwrap();
                if lines.each().is_empty() {
                    break;
                }
                assert!(lines.each().len() <= most);
                found.extend(lines.each().into_iter().map(|line| (line.len(), line.first().copied())));
            }
            let cut = (MAX_BYTES + 2, Some(b'x'));
            assert_eq!(found, [(3, Some(b'o')), (0, None), cut, (4, Some(b'f')), (4, Some(b'f'))], "{most}");
        }
    }
}
