//! The code of a mark as modules: pinned versions, segments set by hand, the eight masks best first (ISO/IEC 18004:2015).

use super::text::MarkText;
use crate::domain::{Host, Refusal};
use crate::draw::Modules;
use crate::draw::code::QUIET_ZONE;
use qrcode::bits::Bits;
use qrcode::canvas::{Canvas, MaskPattern};
use qrcode::types::QrError;
use qrcode::{EcLevel, Version, ec};
use std::sync::LazyLock;

const MASKS: [MaskPattern; 8] = [
    MaskPattern::Checkerboard,
    MaskPattern::HorizontalLines,
    MaskPattern::VerticalLines,
    MaskPattern::DiagonalLines,
    MaskPattern::LargeCheckerboard,
    MaskPattern::Fields,
    MaskPattern::Diamonds,
    MaskPattern::Meadow,
];

/// The two sorts of code a mark carries; each keeps its version whatever it says, so that artwork never moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Class {
    /// 16 digits, version 3, error correction Q: asks the server.
    Link,
    /// 217 digits, version 7, error correction M: verifies with no server.
    Signed,
}

impl Class {
    /// The class of that text.
    #[must_use]
    pub const fn of(text: &MarkText) -> Self {
        match text {
            MarkText::Link(_) => Self::Link,
            MarkText::Signed(_) => Self::Signed,
        }
    }

    /// Modules on a side, quiet zone not counted.
    #[must_use]
    pub const fn modules(self) -> usize {
        match self {
            Self::Link => 29,
            Self::Signed => 45,
        }
    }

    /// Width of a module in millimetres (X) on a mark as designed.
    #[must_use]
    pub const fn module(self) -> f64 {
        match self {
            Self::Link => 0.4,
            Self::Signed => 0.5,
        }
    }

    /// The least X that phones read in print: the figures of a study with seven decoders and simulated captures, for 300 dpi and up.
    #[must_use]
    pub const fn least_module(self) -> f64 {
        match self {
            Self::Link => 0.4,
            Self::Signed => 0.42,
        }
    }

    /// A code is read from so many times its own width away, by the same study.
    #[must_use]
    pub const fn distance_factor(self) -> f64 {
        match self {
            Self::Link => 15.0,
            Self::Signed => 10.5,
        }
    }

    /// Codewords, data and correction (ISO/IEC 18004, table 1).
    const fn codewords(self) -> usize {
        match self {
            Self::Link => 70,
            Self::Signed => 196,
        }
    }

    const fn pinned(self) -> (Version, EcLevel) {
        match self {
            Self::Link => (Version::Normal(3), EcLevel::Q),
            Self::Signed => (Version::Normal(7), EcLevel::M),
        }
    }
}

/// Reads a canvas out, the first module of a row in the lowest bit.
fn rows(canvas: &Canvas, side: usize) -> Vec<u64> {
    let module = |x: usize, y: usize| u64::from(canvas.get(x as i16, y as i16).is_dark()) << x;
    (0..side).map(|y| (0..side).fold(0, |row, x| row | module(x, y))).collect()
}

/// Penalty of ISO/IEC 18004, 7.8.3: lower reads better.
fn penalty(code: &Modules) -> u32 {
    let (rows, n) = (code.rows(), code.side());
    let columns = turned(rows);
    let lines = rows.iter().chain(&columns[..n]).map(|line| runs(*line, n) + finders(*line, n)).sum::<u32>();
    let inner = (1u64 << (n - 1)) - 1;
    let blocks: u32 = rows
        .windows(2)
        .map(|w| {
            let (dark, light) = (w[0] & w[1], !w[0] & !w[1]);
            ((dark & dark >> 1 | light & light >> 1) & inner).count_ones() * 3
        })
        .sum();
    let dark: u32 = rows.iter().map(|row| row.count_ones()).sum();
    let percent = dark * 100 / (n * n) as u32;
    lines + blocks + percent.abs_diff(50) / 5 * 10
}

/// Columns for rows: a square of bits transposed by halves, quarters and so on.
fn turned(rows: &[u64]) -> [u64; 64] {
    let mut square = [0u64; 64];
    square[..rows.len()].copy_from_slice(rows);
    let (mut half, mut mask) = (32, u64::MAX >> 32);
    while half > 0 {
        for upper in (0..64).filter(|i| i & half == 0) {
            let lower = upper | half;
            let swapped = (square[upper] >> half ^ square[lower]) & mask;
            square[upper] ^= swapped << half;
            square[lower] ^= swapped;
        }
        half /= 2;
        mask ^= mask << half;
    }
    square
}

/// Runs of five or more modules of one colour in a line: three points and one for each module beyond five.
fn runs(line: u64, n: usize) -> u32 {
    // A bit for each module that the next one is like, then for each that begins five alike.
    let alike = !(line ^ line >> 1) & ((1 << (n - 1)) - 1);
    let pairs = alike & alike >> 1;
    let fives = pairs & pairs >> 2;
    let begun = fives & !(fives << 1);
    fives.count_ones() + 2 * begun.count_ones()
}

/// Patterns 1:1:3:1:1 with four light modules on one side: 40 points each. Beyond the line everything is light.
fn finders(line: u64, n: usize) -> u32 {
    let padded = line << QUIET_ZONE;
    let at = |i: u32| padded >> i;
    let light = |from: u32| !(at(from) | at(from + 1) | at(from + 2) | at(from + 3));
    let pattern = |from: u32| {
        at(from) & !at(from + 1) & at(from + 2) & at(from + 3) & at(from + 4) & !at(from + 5) & at(from + 6)
    };
    let windows = (1u64 << (n + 2 * QUIET_ZONE - 10)) - 1;
    40 * ((light(0) & pattern(4) & windows).count_ones() + (pattern(0) & light(7) & windows).count_ones())
}

/// Draws the code of that text under that host: eight symbols that all say the same, the best mask first.
///
/// # Errors
/// `mark_code_overflow` if the text does not fit its pinned version; no host of [`Host::MAX_LEN`] does that.
pub fn draw(host: &Host, text: &MarkText) -> Result<Vec<Modules>, Refusal> {
    let class = Class::of(text);
    symbols(class, &host.mark_prefix(), &text.digits()).map_err(|e| {
        Refusal::rule(
            "mark_code_overflow",
            format!("the code of mark {} under {host} cannot be drawn: {e}", text.mark()),
        )
    })
}

/// What is the same in every code of a class.
struct Stencil {
    /// Finder, timing and alignment patterns, and the version.
    functional: Vec<u64>,
    /// Column and row of each bit of the codewords, in their order.
    places: Vec<(u8, u8)>,
    /// For each mask what it turns over, the format's modules included.
    masks: Vec<Vec<u64>>,
}

impl Stencil {
    fn of(class: Class) -> &'static Self {
        static STENCILS: LazyLock<[Stencil; 2]> = LazyLock::new(|| [Class::Link, Class::Signed].map(Stencil::new));
        let [link, signed] = &*STENCILS;
        match class {
            Class::Link => link,
            Class::Signed => signed,
        }
    }

    fn new(class: Class) -> Self {
        let (version, level) = class.pinned();
        let (side, bytes) = (class.modules(), class.codewords());
        let mut functional = Canvas::new(version, level);
        functional.draw_all_functional_patterns();
        let filled = |data: &[u8]| {
            let mut canvas = functional.clone();
            canvas.draw_data(data, &[]);
            canvas
        };
        let empty = filled(&vec![0; bytes]);
        let bare = rows(&empty, side);
        let masks = MASKS.map(|mask| {
            let mut masked = empty.clone();
            masked.apply_mask(mask);
            rows(&masked, side).iter().zip(&bare).map(|(a, b)| a ^ b).collect()
        });
        // Drawn once for each digit of the bits' own numbers, every module tells which bit it is.
        let mut number = vec![vec![0usize; side]; side];
        for digit in 0..usize::BITS - (bytes * 8).leading_zeros() {
            // Counted from 1: no bit is without a digit.
            let bit = |i: usize| u8::from((i + 1) >> digit & 1 == 1);
            let data: Vec<u8> = (0..bytes).map(|b| (0..8).fold(0, |byte, i| byte << 1 | bit(b * 8 + i))).collect();
            for (y, (row, bare)) in rows(&filled(&data), side).into_iter().zip(&bare).enumerate() {
                let told = row ^ bare;
                (0..side).for_each(|x| number[y][x] |= ((told >> x & 1) as usize) << digit);
            }
        }
        let mut places = vec![(0, 0); bytes * 8];
        for (y, row) in number.iter().enumerate() {
            for (x, bit) in row.iter().enumerate().filter(|(_, bit)| (1..=bytes * 8).contains(*bit)) {
                places[bit - 1] = (x as u8, y as u8);
            }
        }
        Self { functional: bare, places, masks: masks.to_vec() }
    }

    /// The code before masking.
    fn filled(&self, codewords: impl Iterator<Item = u8>) -> Vec<u64> {
        let mut rows = self.functional.clone();
        for (byte, places) in codewords.zip(self.places.chunks(8)) {
            for (i, (x, y)) in places.iter().enumerate() {
                rows[usize::from(*y)] |= u64::from(byte >> (7 - i) & 1) << x;
            }
        }
        rows
    }
}

fn symbols(class: Class, prefix: &str, digits: &str) -> Result<Vec<Modules>, QrError> {
    let (version, level) = class.pinned();
    let mut bits = Bits::new(version);
    bits.push_byte_data(prefix.as_bytes())?;
    bits.push_numeric_data(digits.as_bytes())?;
    bits.push_terminator(level)?;
    let (data, correction) = ec::construct_codewords(&bits.into_bytes(), version, level)?;
    let stencil = Stencil::of(class);
    let bare = stencil.filled(data.into_iter().chain(correction));
    let masked = |mask: &Vec<u64>| Modules::from_rows(bare.iter().zip(mask).map(|(row, turns)| row ^ turns).collect());
    let mut drawn: Vec<(u32, Modules)> =
        stencil.masks.iter().filter_map(masked).map(|code| (penalty(&code), code)).collect();
    drawn.sort_by_key(|(penalty, _)| *penalty);
    Ok(drawn.into_iter().map(|(_, code)| code).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mark::testing;
    use proptest::prelude::*;

    fn symbol(text: &str) -> Modules {
        let rows = text
            .split_whitespace()
            .map(|row| row.bytes().enumerate().fold(0u64, |n, (x, b)| n | u64::from(b == b'#') << x))
            .collect();
        Modules::from_rows(rows).unwrap()
    }

    /// The worked example of the standard's penalty rules as other encoders publish it: 3 runs, blocks and finders.
    #[test]
    fn penalty_rules() {
        assert_eq!(runs(0b11111, 5), 3);
        assert_eq!(runs(0, 7), 5);
        assert_eq!(runs(0b1111, 5), 0);
        assert_eq!(finders(0b1011101, 7), 80);
        assert_eq!(finders(0b1011101 << 4, 11), 80);
        assert_eq!(finders(0b1011101 | 1 << 9, 12), 40);
        assert_eq!(penalty(&symbol("## ##")), 3 + 100);
    }

    proptest! {
        /// Counted module by module, as the standard tells it.
        #[test]
        fn lines_are_counted_as_the_standard_says(line in any::<u64>(), n in 11usize..=53) {
            let line = line & ((1 << n) - 1);
            let colours: Vec<bool> = (0..n).map(|i| line >> i & 1 == 1).collect();
            let told: usize = colours.chunk_by(|a, b| a == b).map(<[bool]>::len).filter(|l| *l >= 5).map(|l| l - 2).sum();
            prop_assert_eq!(runs(line, n) as usize, told);
            let pattern = [true, false, true, true, true, false, true];
            let wide: Vec<bool> = [vec![false; 4], colours, vec![false; 4]].concat();
            let told = wide.windows(11).map(|w| {
                let before = w[..4] == [false; 4] && w[4..] == pattern;
                let after = w[..7] == pattern && w[7..] == [false; 4];
                40 * (u32::from(before) + u32::from(after))
            });
            prop_assert_eq!(finders(line, n), told.sum::<u32>());
        }

        #[test]
        fn columns_are_rows_turned(rows in proptest::collection::vec(any::<u64>(), 64)) {
            let columns = turned(&rows);
            for (x, column) in columns.iter().enumerate() {
                for (y, row) in rows.iter().enumerate() {
                    prop_assert_eq!(column >> y & 1, row >> x & 1);
                }
            }
        }
    }

    #[test]
    fn what_does_not_fit_is_an_error_not_a_larger_code() {
        let prefix = "https://".to_owned() + &"a".repeat(14) + "/m/";
        assert_eq!(symbols(Class::Link, &prefix, "0000000000000000").unwrap_err(), QrError::DataTooLong);
        assert!(symbols(Class::Link, &prefix[..24], "0000000000000000").is_ok());
    }

    /// The masks of the stencil are those of the crate, mask by mask.
    #[test]
    fn stencils_say_what_the_crate_draws() {
        for class in [Class::Link, Class::Signed] {
            let (version, level) = class.pinned();
            let data: Vec<u8> = (0..class.codewords()).map(|i| (i * 151 + 77) as u8).collect();
            let stencil = Stencil::of(class);
            let bare = stencil.filled(data.iter().copied());
            for (mask, turns) in MASKS.iter().zip(&stencil.masks) {
                let mut fresh = Canvas::new(version, level);
                fresh.draw_all_functional_patterns();
                fresh.draw_data(&data, &[]);
                fresh.apply_mask(*mask);
                let ours: Vec<u64> = bare.iter().zip(turns).map(|(row, turns)| row ^ turns).collect();
                assert_eq!(ours, rows(&fresh, class.modules()));
            }
        }
    }

    #[test]
    fn the_eight_masks_differ_and_come_best_first() {
        let host = Host::parse("xb.example.cn").unwrap();
        let drawn = draw(&host, &testing::signed(crate::domain::Level::FiveStar)).unwrap();
        let penalties: Vec<u32> = drawn.iter().map(penalty).collect();
        assert!(penalties.is_sorted());
        assert!((1..8).all(|i| drawn[i] != drawn[0]));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn the_version_never_changes(host in "[a-z0-9]{1,6}(\\.[a-z0-9]{1,6})?", seed in any::<[u8; 6]>(), fill in any::<u8>()) {
            let host = Host::parse(&host).unwrap();
            let link = draw(&host, &testing::link_with(seed)).unwrap();
            prop_assert!(link.len() == 8 && link.iter().all(|s| s.side() == 29));
            let signed = draw(&host, &testing::signed_with(seed, [fill; 64])).unwrap();
            prop_assert!(signed.len() == 8 && signed.iter().all(|s| s.side() == 45));
        }
    }
}
