//! Two families of QR decoders that share no code, with their work bounded: neither bounds it itself, and a small file full of
//! finder patterns would keep either busy for hours.

use super::crowd::Crowd;
use rxing::common::{BitMatrix, DetectorRXingResult, GlobalHistogramBinarizer, HybridBinarizer};
use rxing::qrcode::cpp_port::decoder::Decode;
use rxing::qrcode::cpp_port::detector::{FindFinderPatterns, GenerateFinderPatternSets, SampleQR};
use rxing::{Binarizer, Luma8Source};
use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Most places in a picture that look like a finder pattern along a row. A photographed mark has up to about 500; noise has
/// thousands.
const PLACES_MAX: usize = 1_500;
/// Most squares in a ring quirc takes on: it copies the whole picture for every pair of them. Four codes.
const RINGS_MAX: usize = 12;
/// Most pixels it may fill on the way, about a second's work.
const FILLS_MAX: u64 = 200_000_000;
/// Most finder patterns rxing takes on; its work grows with their third power. A mark has three.
const FINDERS_MAX: usize = 60;
/// Most triples of finder patterns it tries, the likeliest first.
const TRIPLES_MAX: usize = 600;

/// Grey pixels, one byte each.
pub(super) struct Grey {
    pub(super) width: u32,
    pub(super) height: u32,
    pub(super) pixels: Vec<u8>,
}

impl Grey {
    /// Dark for light and light for dark.
    pub(super) fn inverted(&self) -> Self {
        self.mapped(|p| !p)
    }

    /// What is dark becomes white, and what is pale becomes dark: a code in grey stands out where a black one hid it.
    pub(super) fn pale(&self) -> Self {
        const DARK: u8 = 110;
        self.mapped(|p| match p.checked_sub(DARK) {
            None => u8::MAX,
            Some(over) => (u16::from(over) * 255 / u16::from(u8::MAX - DARK)) as u8,
        })
    }

    fn mapped(&self, tone: impl Fn(u8) -> u8) -> Self {
        Self { width: self.width, height: self.height, pixels: self.pixels.iter().map(|p| tone(*p)).collect() }
    }
}

/// The two families of decoders.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Family {
    /// `rxing`, descended from ZXing.
    Zxing,
    /// `rqrr`, descended from quirc.
    Quirc,
}

impl Family {
    pub(super) const ALL: [Self; 2] = [Self::Zxing, Self::Quirc];

    /// Every text this family reads in a picture of our own, each telling dark from light in its own way.
    pub(super) fn texts(self, own: &Grey) -> BTreeSet<String> {
        let (w, h) = (own.width as usize, own.height as usize);
        guarded(|| match self {
            Self::Zxing => hybrid(own).map(|bits| zxing(&bits)).unwrap_or_default(),
            Self::Quirc => {
                let mut prepared = rqrr::PreparedImage::prepare_from_greyscale(w, h, |x, y| own.pixels[y * w + x]);
                let grids = prepared.detect_grids();
                grids.iter().filter_map(|g| g.decode().ok()).map(|(_, text)| text).collect()
            }
        })
    }
}

/// Every text either family reads in a stranger's picture, with bounded work.
pub(super) fn texts_in(stranger: &Grey) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for binarise in [hybrid, by_histogram] {
        let mut read = guarded(|| match binarise(stranger) {
            Some(bits) => read_bounded(&bits),
            None => BTreeSet::new(),
        });
        found.append(&mut read);
    }
    found
}

fn read_bounded(bits: &BitMatrix) -> BTreeSet<String> {
    let crowd = Crowd::of(bits, PLACES_MAX);
    if crowd.places > PLACES_MAX {
        return BTreeSet::new();
    }
    let mut texts = guarded(|| zxing(bits));
    if crowd.rings <= RINGS_MAX && crowd.fills <= FILLS_MAX {
        texts.append(&mut guarded(|| quirc(bits)));
    }
    texts
}

/// A decoder that panics on odd pixels has read nothing.
fn guarded(read: impl FnOnce() -> BTreeSet<String>) -> BTreeSet<String> {
    catch_unwind(AssertUnwindSafe(read)).unwrap_or_default()
}

fn source(grey: &Grey) -> Option<Luma8Source<'_>> {
    Luma8Source::new_with_slice(&grey.pixels, grey.width, grey.height).ok()
}

/// Dark and light decided block by block: uneven light.
fn hybrid(grey: &Grey) -> Option<BitMatrix> {
    HybridBinarizer::new(source(grey)?).get_black_matrix().ok().cloned()
}

/// Dark and light decided once for the whole picture: soft edges in even light.
fn by_histogram(grey: &Grey) -> Option<BitMatrix> {
    GlobalHistogramBinarizer::new(source(grey)?).get_black_matrix().ok().cloned()
}

fn zxing(bits: &BitMatrix) -> BTreeSet<String> {
    let mut patterns = FindFinderPatterns(bits, true, 0);
    if patterns.len() > FINDERS_MAX {
        return BTreeSet::new();
    }
    let triples = GenerateFinderPatternSets(&mut patterns);
    let mut used = Vec::new();
    let mut found = BTreeSet::new();
    for triple in triples.iter().take(TRIPLES_MAX) {
        let corners = [triple.bl, triple.tl, triple.tr];
        if corners.iter().any(|c| used.contains(c)) {
            continue;
        }
        let Ok(sampled) = SampleQR(bits, triple) else { continue };
        if let Ok(result) = Decode(sampled.getBits())
            && result.isValid()
        {
            used.extend(corners);
            found.insert(result.text());
        }
    }
    found
}

fn quirc(bits: &BitMatrix) -> BTreeSet<String> {
    let (w, h) = (bits.width() as usize, bits.height() as usize);
    let mut prepared = rqrr::PreparedImage::prepare_from_bitmap(w, h, |x, y| bits.get(x as u32, y as u32));
    let grids = prepared.detect_grids();
    grids.iter().filter_map(|g| g.decode().ok()).map(|(_, text)| text).collect()
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A sheet of finder patterns, each module `px` wide.
    pub(in crate::mark) fn tiled(px: u32, side: u32, dark: u8, light: u8) -> Grey {
        let module = |x: u32, y: u32| {
            let (x, y) = (x / px % 9, y / px % 9);
            let ring = x.abs_diff(4).max(y.abs_diff(4));
            if ring == 3 || ring <= 1 { dark } else { light }
        };
        let pixels = (0..side).flat_map(|y| (0..side).map(move |x| (x, y))).map(|(x, y)| module(x, y)).collect();
        Grey { width: side, height: side, pixels }
    }

    #[test]
    fn a_sheet_of_finder_patterns_does_not_keep_us_busy() {
        // Unguarded, one of these goes on for hours.
        for px in [1, 2, 3, 5, 8] {
            for (dark, light) in [(0, 255), (120, 140)] {
                assert!(texts_in(&tiled(px, 600, dark, light)).is_empty());
            }
        }
    }
}
