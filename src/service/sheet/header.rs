//! Which line of a table is its header.

use super::cell::Line;
use super::limits::HEADER_WITHIN;
use unicode_normalization::UnicodeNormalization;

/// How the header of a sort of table is told from its other lines.
#[derive(Clone, Copy)]
pub struct Kind {
    /// How many different columns of that sort are known in a line.
    pub known_in: fn(&Line) -> usize,
    /// A line is taken for the header when at least so many are.
    pub least: usize,
}

impl Kind {
    /// Index of the header: of the first rows the one with most known columns.
    #[must_use]
    pub fn header(self, lines: &[Line]) -> Option<usize> {
        self.best(lines).map(|(at, _)| at)
    }

    /// The same, with how many columns are known in it.
    pub(super) fn best(self, lines: &[Line]) -> Option<(usize, usize)> {
        let mut best = None;
        for (i, line) in lines.iter().enumerate().take_while(|(_, l)| l.row <= HEADER_WITHIN) {
            let known = (self.known_in)(line);
            if known >= self.least && best.is_none_or(|(_, most)| known > most) {
                best = Some((i, known));
            }
        }
        best
    }
}

/// A sort of table for the tests of this room: lists of numbers and names.
#[cfg(test)]
pub(super) const SAMPLE: Kind = Kind {
    known_in: |line| line.cells.iter().filter(|c| ["编号", "企业名称"].contains(&c.shown().as_ref())).count(),
    least: 1,
};

/// A header without what does not matter: notes in brackets, width, case, spaces and signs.
#[must_use]
pub fn fold(header: &str) -> String {
    let mut depth = 0_u32;
    let mut out = String::new();
    for c in header.nfkc() {
        match c {
            '(' | '[' | '【' | '〔' => depth += 1,
            ')' | ']' | '】' | '〕' => depth = depth.saturating_sub(1),
            c if depth == 0 && c.is_alphanumeric() => out.extend(c.to_lowercase()),
            _ => {}
        }
    }
    out
}
