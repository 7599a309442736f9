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

    /// The least X that phones read in print (measured).
    #[must_use]
    pub const fn least_module(self) -> f64 {
        match self {
            Self::Link => 0.4,
            Self::Signed => 0.42,
        }
    }

    /// A code is read from so many times its own width away (measured).
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
    let columns: Vec<u64> = (0..n).map(|x| (0..n).fold(0, |col, y| col | (rows[y] >> x & 1) << y)).collect();
    let lines = rows.iter().chain(&columns).map(|line| runs(*line, n) + finders(*line, n)).sum::<u32>();
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

/// Runs of five or more modules of one colour in a line: three points and one for each module beyond five.
fn runs(line: u64, n: usize) -> u32 {
    let (mut total, mut length) = (0, 1u32);
    for i in 1..=n {
        if i < n && (line >> i & 1) == (line >> (i - 1) & 1) {
            length += 1;
        } else {
            total += if length >= 5 { length - 2 } else { 0 };
            length = 1;
        }
    }
    total
}

/// Patterns 1:1:3:1:1 with four light modules on one side: 40 points each. Beyond the line everything is light.
fn finders(line: u64, n: usize) -> u32 {
    let padded = line << QUIET_ZONE;
    let hits = (0..n + 2 * QUIET_ZONE - 10).filter(|i| {
        let window = padded >> i & 0x7ff;
        window == 0b000_0101_1101 || window == 0b101_1101_0000
    });
    40 * hits.count() as u32
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
    functional: Canvas,
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
        let mut functional = Canvas::new(version, level);
        functional.draw_all_functional_patterns();
        let bare = rows(&functional, class.modules());
        let mut filled = functional.clone();
        // Modules that hold no data yet are not masked.
        filled.draw_data(&vec![0; class.codewords()], &[]);
        let masks = MASKS.map(|mask| {
            let mut masked = filled.clone();
            masked.apply_mask(mask);
            rows(&masked, class.modules()).iter().zip(&bare).map(|(a, b)| a ^ b).collect()
        });
        Self { functional, masks: masks.to_vec() }
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
    let mut canvas = stencil.functional.clone();
    canvas.draw_data(&data, &correction);
    let bare = rows(&canvas, class.modules());
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
            let mut canvas = stencil.functional.clone();
            canvas.draw_data(&data, &[]);
            let bare = rows(&canvas, class.modules());
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
