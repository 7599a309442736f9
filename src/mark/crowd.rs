//! How many finder patterns a picture seems to hold, counted in one pass, before a decoder is let near it.

use rxing::common::BitMatrix;
use std::collections::HashSet;

/// What a decoder of QR codes would look into.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Crowd {
    /// Places with dark and light runs like 1:1:3:1:1 along a row; hits in neighbouring rows whose middles overlap are one.
    pub(super) places: usize,
    /// Rings of dark pixels around another dark blob of about the right size, which is what quirc starts from.
    pub(super) rings: usize,
    /// Pixels quirc would fill on the way: it floods both blobs of every hit, and remembers the last 251.
    pub(super) fills: u64,
}

/// A run of dark pixels in a row, from `begin` up to before `end`.
#[derive(Debug, Clone, Copy)]
struct Run {
    begin: u32,
    end: u32,
    blob: u32,
}

/// Connected dark pixels (side by side or one above the other), joined as rows come in.
#[derive(Default)]
struct Blobs {
    parent: Vec<u32>,
    area: Vec<u32>,
}

impl Blobs {
    fn add(&mut self, area: u32) -> u32 {
        let blob = self.parent.len() as u32;
        self.parent.push(blob);
        self.area.push(area);
        blob
    }

    fn root(&mut self, mut blob: u32) -> u32 {
        while self.parent[blob as usize] != blob {
            let above = self.parent[self.parent[blob as usize] as usize];
            self.parent[blob as usize] = above;
            blob = above;
        }
        blob
    }

    fn join(&mut self, a: u32, b: u32) {
        let (a, b) = (self.root(a), self.root(b));
        if a != b {
            let (small, large) = if self.area[a as usize] < self.area[b as usize] { (a, b) } else { (b, a) };
            self.parent[small as usize] = large;
            self.area[large as usize] += self.area[small as usize];
        }
    }
}

impl Crowd {
    /// Counts; beyond that many places it stops and calls the rings countless.
    pub(super) fn of(bits: &BitMatrix, most_places: usize) -> Self {
        let mut blobs = Blobs::default();
        let mut hits: Vec<[u32; 3]> = Vec::new();
        let mut places = 0;
        let (mut above, mut here): (Vec<Run>, Vec<Run>) = (Vec::new(), Vec::new());
        let (mut middles_above, mut middles_here): (Vec<Run>, Vec<Run>) = (Vec::new(), Vec::new());
        for y in 0..bits.height() {
            runs(bits, y, &mut here, &mut blobs);
            join_rows(&above, &here, &mut blobs);
            middles_here.clear();
            for three in here.windows(3).filter(|w| is_finder(w)) {
                hits.push([three[0].blob, three[1].blob, three[2].blob]);
                middles_here.push(three[1]);
            }
            places += new_ones(&middles_above, &middles_here);
            if places > most_places {
                return Self { places, rings: usize::MAX, fills: u64::MAX };
            }
            std::mem::swap(&mut above, &mut here);
            std::mem::swap(&mut middles_above, &mut middles_here);
        }
        Self { places, rings: rings(&hits, &mut blobs), fills: fills(&hits, &mut blobs) }
    }
}

fn runs(bits: &BitMatrix, y: u32, out: &mut Vec<Run>, blobs: &mut Blobs) {
    out.clear();
    let mut begin = None;
    for x in 0..=bits.width() {
        match (begin, x < bits.width() && bits.get(x, y)) {
            (None, true) => begin = Some(x),
            (Some(from), false) => {
                out.push(Run { begin: from, end: x, blob: blobs.add(x - from) });
                begin = None;
            }
            _ => {}
        }
    }
}

/// Joins every run with those it touches in the row above; both rows are sorted.
fn join_rows(above: &[Run], here: &[Run], blobs: &mut Blobs) {
    let (mut i, mut j) = (0, 0);
    while let (Some(a), Some(h)) = (above.get(i), here.get(j)) {
        if a.begin < h.end && h.begin < a.end {
            blobs.join(a.blob, h.blob);
        }
        if a.end < h.end { i += 1 } else { j += 1 }
    }
}

/// How many runs touch none in the row above; both rows are sorted.
fn new_ones(above: &[Run], here: &[Run]) -> usize {
    let mut i = 0;
    let mut new = 0;
    for run in here {
        while above.get(i).is_some_and(|a| a.end <= run.begin) {
            i += 1;
        }
        new += usize::from(above.get(i).is_none_or(|a| a.begin >= run.end));
    }
    new
}

/// Three dark runs with two light ones between them, like 1:1:3:1:1. Every run may lie one unit off; quirc allows three
/// quarters of one.
fn is_finder(dark: &[Run]) -> bool {
    let &[a, b, c] = dark else { return false };
    let lengths = [a.end - a.begin, b.begin - a.end, b.end - b.begin, c.begin - b.end, c.end - c.begin];
    // Four units.
    let units = lengths[0] + lengths[1] + lengths[3] + lengths[4];
    let near = |length: u32, times: u32| (times * units).abs_diff(4 * length) <= units + 4;
    near(lengths[2], 3) && [0, 1, 3, 4].iter().all(|i| near(lengths[*i], 1))
}

/// Distinct rings: the outer runs of a hit are one blob, the middle one is another with 5 to 80 hundredths of its area (quirc:
/// 10 to 70).
fn rings(hits: &[[u32; 3]], blobs: &mut Blobs) -> usize {
    let mut rings = HashSet::new();
    for hit in hits {
        let [left, middle, right] = hit.map(|b| blobs.root(b));
        let (stone, ring) = (u64::from(blobs.area[middle as usize]), u64::from(blobs.area[left as usize]));
        if left == right && middle != left && (5..80).contains(&(stone * 100 / ring.max(1))) {
            rings.insert(left);
        }
    }
    rings.len()
}

fn fills(hits: &[[u32; 3]], blobs: &mut Blobs) -> u64 {
    const REMEMBERED: usize = 251;
    let flooded: Vec<u32> = hits.iter().flat_map(|h| [h[1], h[2]]).map(|b| blobs.root(b)).collect();
    let once: HashSet<u32> = flooded.iter().copied().collect();
    let area = |b: &u32| u64::from(blobs.area[*b as usize]);
    // Forgetting one means flooding it a second time.
    if once.len() < REMEMBERED { once.iter().map(area).sum() } else { 2 * flooded.iter().map(area).sum::<u64>() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Level;
    use crate::mark::decoders::{Grey, tests::tiled};
    use crate::mark::{Ink, Layout, read, testing};

    fn crowd(grey: &Grey) -> Crowd {
        let mut bits = BitMatrix::new(grey.width, grey.height).unwrap();
        for (i, _) in grey.pixels.iter().enumerate().filter(|(_, p)| **p < 128) {
            bits.set(i as u32 % grey.width, i as u32 / grey.width);
        }
        Crowd::of(&bits, usize::MAX)
    }

    #[test]
    fn every_finder_pattern_of_a_sheet_is_counted() {
        for px in [1, 2, 5, 10] {
            let n = 9 * px * 4;
            assert_eq!(crowd(&tiled(px, n, 0, 255)).rings, 16, "{px}");
            assert!(crowd(&tiled(px, n, 0, 255)).places >= 16, "{px}");
        }
    }

    #[test]
    fn a_mark_is_no_crowd() {
        for (layout, px) in [(Layout::Vertical, 4), (Layout::Vertical, 13), (Layout::Small, 8)] {
            let file = testing::png(Level::FiveStar, layout, Ink::Colour, px);
            let crowd = crowd(&read::grey(&file).unwrap());
            assert!((3..=6).contains(&crowd.rings) && crowd.places < 500, "{crowd:?}");
        }
    }

    #[test]
    fn stripes_and_noise_end_the_count_early() {
        let stripes = Grey {
            width: 900,
            height: 900,
            pixels: (0..900 * 900).map(|i| if i % 2 == 0 { 0 } else { 255 }).collect(),
        };
        let mut bits = BitMatrix::new(900, 900).unwrap();
        for (i, _) in stripes.pixels.iter().enumerate().filter(|(_, p)| **p == 0) {
            bits.set(i as u32 % 900, i as u32 / 900);
        }
        let crowd = Crowd::of(&bits, 100);
        assert!(crowd.places > 100 && crowd.rings == usize::MAX, "{crowd:?}");
    }

    #[test]
    fn long_bars_are_counted_as_the_work_they_are() {
        // 1:1:3:1:1 along every row: few places, each flooded again and again.
        let bars = [0, 255, 0, 0, 0, 255, 0, 255];
        let grey = |w: u32, h: u32| Grey {
            width: w,
            height: h,
            pixels: (0..w * h).map(|i| bars[(i % w % 8) as usize]).collect(),
        };
        assert_eq!(crowd(&grey(80, 100)).fills, 10 * 300 + 10 * 100);
        assert!(crowd(&grey(1600, 400)).fills > 100_000_000);
    }

    #[test]
    fn blobs_join_below_their_beginnings() {
        // A U: two runs that meet only in the last row.
        let u = ["#.#", "#.#", "###"];
        let mut bits = BitMatrix::new(3, 3).unwrap();
        for (y, row) in u.iter().enumerate() {
            for (x, _) in row.bytes().enumerate().filter(|(_, b)| *b == b'#') {
                bits.set(x as u32, y as u32);
            }
        }
        let mut blobs = Blobs::default();
        let (mut above, mut here) = (Vec::new(), Vec::new());
        for y in 0..3 {
            runs(&bits, y, &mut here, &mut blobs);
            join_rows(&above, &here, &mut blobs);
            std::mem::swap(&mut above, &mut here);
        }
        assert_eq!(blobs.root(0), blobs.root(1));
        let root = blobs.root(0) as usize;
        assert_eq!(blobs.area[root], 7);
    }
}
