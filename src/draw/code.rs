//! A code: a square of dark and light modules (ISO/IEC 18004), whatever it says.

use std::fmt::Write as _;

/// Light modules a code needs on every side (ISO/IEC 18004, 6.3.8).
pub const QUIET_ZONE: usize = 4;

/// A square of modules without its quiet zone, at most [`Modules::SIDE_MAX`] on a side.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Modules {
    rows: Vec<u64>,
}

impl Modules {
    /// Most modules on a side: a row fits a word, up to version 11.
    pub const SIDE_MAX: usize = 64;

    /// From rows, the first module of each in the lowest bit; none where they do not form a square of 1 to 64.
    #[must_use]
    pub fn from_rows(rows: Vec<u64>) -> Option<Self> {
        let side = rows.len();
        let fits = (1..=Self::SIDE_MAX).contains(&side) && rows.iter().all(|r| side == 64 || r >> side == 0);
        fits.then_some(Self { rows })
    }

    /// Modules on a side.
    #[must_use]
    pub const fn side(&self) -> usize {
        self.rows.len()
    }

    /// The rows, the first module of each in the lowest bit.
    #[must_use]
    pub fn rows(&self) -> &[u64] {
        &self.rows
    }

    /// Whether the module in that column and row is dark; outside the square everything is light.
    #[must_use]
    pub fn is_dark(&self, x: usize, y: usize) -> bool {
        x < self.rows.len() && self.rows.get(y).is_some_and(|row| row >> x & 1 == 1)
    }

    /// The border between dark and light as closed contours of corners: neighbours share no seam that a printer could open.
    ///
    /// Every edge has its dark module on the right hand; where two dark modules touch at a corner the contour turns right and
    /// so stays with its own.
    #[must_use]
    pub fn contours(&self) -> Vec<Vec<(usize, usize)>> {
        let n = self.side();
        let mut leaving = self.edges();
        let mut out = vec![];
        for y in 0..=n {
            for x in 0..=n {
                // A contour's first corner in reading order has an edge to the right.
                while leaving[y][x] & 1 != 0 {
                    out.push(contour(&mut leaving, (x, y)));
                }
            }
        }
        out
    }

    /// For each corner of the grid, a bit for each direction in which an edge leaves it.
    fn edges(&self) -> Vec<Vec<u8>> {
        let n = self.side();
        let mut leaving = vec![vec![0u8; n + 1]; n + 1];
        for y in 0..n {
            for x in (0..n).filter(|x| self.is_dark(*x, y)) {
                let light = |dx: isize, dy: isize| match (x.checked_add_signed(dx), y.checked_add_signed(dy)) {
                    (Some(x), Some(y)) => !self.is_dark(x, y),
                    _ => true,
                };
                leaving[y][x] |= u8::from(light(0, -1));
                leaving[y][x + 1] |= u8::from(light(1, 0)) << 1;
                leaving[y + 1][x + 1] |= u8::from(light(0, 1)) << 2;
                leaving[y + 1][x] |= u8::from(light(-1, 0)) << 3;
            }
        }
        leaving
    }

    /// The modules as text, for messages of tests: `#` and `.`.
    #[must_use]
    pub fn picture(&self) -> String {
        let mut out = String::new();
        for y in 0..self.side() {
            let row: String = (0..self.side()).map(|x| if self.is_dark(x, y) { '#' } else { '.' }).collect();
            let _ = writeln!(out, "{row}");
        }
        out
    }
}

/// Directions of an edge: right, down, left, up; the next one clockwise is a turn to the right.
const AHEAD: [(isize, isize); 4] = [(1, 0), (0, 1), (-1, 0), (0, -1)];

/// Follows one contour round from its first corner, taking its edges away.
fn contour(leaving: &mut [Vec<u8>], from: (usize, usize)) -> Vec<(usize, usize)> {
    let mut corners = vec![from];
    let ((mut x, mut y), mut way) = (from, 0);
    loop {
        leaving[y][x] &= !(1 << way);
        x = x.saturating_add_signed(AHEAD[way].0);
        y = y.saturating_add_signed(AHEAD[way].1);
        if (x, y) == from {
            return corners;
        }
        let exits = leaving[y][x];
        let Some(next) = [(way + 1) % 4, way, (way + 3) % 4].into_iter().find(|d| exits >> d & 1 == 1) else {
            return corners;
        };
        if next != way {
            corners.push((x, y));
        }
        way = next;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Fills contours by the even-odd rule at module centres.
    fn filled(contours: &[Vec<(usize, usize)>], n: usize) -> Vec<u64> {
        let mut rows = vec![0u64; n];
        for contour in contours {
            let ends = contour.iter().zip(contour.iter().cycle().skip(1));
            for ((x, y), (x2, y2)) in ends.filter(|(a, b)| a.0 == b.0) {
                assert_eq!(x, x2);
                for row in &mut rows[*y.min(y2)..*y.max(y2)] {
                    *row ^= if *x >= 64 { 0 } else { u64::MAX << x };
                }
            }
        }
        rows.iter().map(|r| if n == 64 { *r } else { r & ((1 << n) - 1) }).collect()
    }

    proptest! {
        #[test]
        fn the_contours_enclose_exactly_the_dark_modules(side in 1usize..=64, seed in proptest::collection::vec(any::<u64>(), 64)) {
            let mask = if side == 64 { u64::MAX } else { (1 << side) - 1 };
            let rows: Vec<u64> = seed.iter().take(side).map(|r| r & mask).collect();
            let modules = Modules::from_rows(rows.clone()).unwrap();
            prop_assert_eq!(filled(&modules.contours(), side), rows);
        }
    }

    #[test]
    fn only_squares() {
        assert_eq!(Modules::from_rows(vec![]), None);
        assert_eq!(Modules::from_rows(vec![2]), None);
        assert_eq!(Modules::from_rows(vec![0; 65]), None);
        assert_eq!(Modules::from_rows(vec![1]).unwrap().picture(), "#\n");
    }
}
