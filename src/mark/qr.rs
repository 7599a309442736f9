//! The code of a mark as modules: pinned versions, segments set by hand, the eight masks best first (ISO/IEC 18004:2015).

use super::text::MarkText;
use crate::domain::{Host, Refusal};
use qrcode::bits::Bits;
use qrcode::canvas::{Canvas, MaskPattern};
use qrcode::types::QrError;
use qrcode::{EcLevel, Version, ec};

/// Light modules a code needs on every side (ISO/IEC 18004, 6.3.8).
pub const QUIET_ZONE: usize = 4;

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

    const fn pinned(self) -> (Version, EcLevel) {
        match self {
            Self::Link => (Version::Normal(3), EcLevel::Q),
            Self::Signed => (Version::Normal(7), EcLevel::M),
        }
    }
}

/// One drawn code: a square of modules without its quiet zone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Symbol {
    rows: Vec<u64>,
}

impl Symbol {
    /// Modules on a side.
    #[must_use]
    pub const fn modules(&self) -> usize {
        self.rows.len()
    }

    /// Whether the module in that column and row is dark; outside the square everything is light.
    #[must_use]
    pub fn is_dark(&self, x: usize, y: usize) -> bool {
        x < self.rows.len() && self.rows.get(y).is_some_and(|row| row >> x & 1 == 1)
    }

    fn from_canvas(canvas: &Canvas, modules: usize) -> Self {
        // At most 45 modules: one row fits a word.
        let module = |x: usize, y: usize| u64::from(canvas.get(x as i16, y as i16).is_dark()) << x;
        Self { rows: (0..modules).map(|y| (0..modules).fold(0, |row, x| row | module(x, y))).collect() }
    }

    /// Penalty of ISO/IEC 18004, 7.8.3: lower reads better.
    fn penalty(&self) -> u32 {
        let n = self.rows.len();
        let columns: Vec<u64> = (0..n).map(|x| (0..n).fold(0, |col, y| col | (self.rows[y] >> x & 1) << y)).collect();
        let lines = self.rows.iter().chain(&columns).map(|line| runs(*line, n) + finders(*line, n)).sum::<u32>();
        let inner = (1u64 << (n - 1)) - 1;
        let blocks: u32 = self
            .rows
            .windows(2)
            .map(|w| {
                let (dark, light) = (w[0] & w[1], !w[0] & !w[1]);
                ((dark & dark >> 1 | light & light >> 1) & inner).count_ones() * 3
            })
            .sum();
        let dark: u32 = self.rows.iter().map(|row| row.count_ones()).sum();
        let percent = dark * 100 / (n * n) as u32;
        lines + blocks + percent.abs_diff(50) / 5 * 10
    }
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
pub fn draw(host: &Host, text: &MarkText) -> Result<Vec<Symbol>, Refusal> {
    let class = Class::of(text);
    symbols(class, &host.mark_prefix(), &text.digits()).map_err(|e| {
        Refusal::rule(
            "mark_code_overflow",
            format!("the code of mark {} under {host} cannot be drawn: {e}", text.mark()),
        )
    })
}

fn symbols(class: Class, prefix: &str, digits: &str) -> Result<Vec<Symbol>, QrError> {
    let (version, level) = class.pinned();
    let mut bits = Bits::new(version);
    bits.push_byte_data(prefix.as_bytes())?;
    bits.push_numeric_data(digits.as_bytes())?;
    bits.push_terminator(level)?;
    let (data, correction) = ec::construct_codewords(&bits.into_bytes(), version, level)?;
    let mut bare = Canvas::new(version, level);
    bare.draw_all_functional_patterns();
    bare.draw_data(&data, &correction);
    let mut drawn: Vec<(u32, Symbol)> = MASKS
        .iter()
        .map(|mask| {
            let mut canvas = bare.clone();
            canvas.apply_mask(*mask);
            let symbol = Symbol::from_canvas(&canvas, class.modules());
            (symbol.penalty(), symbol)
        })
        .collect();
    drawn.sort_by_key(|(penalty, _)| *penalty);
    Ok(drawn.into_iter().map(|(_, symbol)| symbol).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mark::testing;
    use proptest::prelude::*;

    fn symbol(text: &str) -> Symbol {
        let rows = text
            .split_whitespace()
            .map(|row| row.bytes().enumerate().fold(0u64, |n, (x, b)| n | u64::from(b == b'#') << x))
            .collect();
        Symbol { rows }
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
        assert_eq!(symbol("## ##").penalty(), 3 + 100);
    }

    #[test]
    fn what_does_not_fit_is_an_error_not_a_larger_code() {
        let prefix = "https://".to_owned() + &"a".repeat(14) + "/m/";
        assert_eq!(symbols(Class::Link, &prefix, "0000000000000000").unwrap_err(), QrError::DataTooLong);
        assert!(symbols(Class::Link, &prefix[..24], "0000000000000000").is_ok());
    }

    #[test]
    fn the_eight_masks_differ_and_come_best_first() {
        let host = Host::parse("xb.example.cn").unwrap();
        let drawn = draw(&host, &testing::signed(crate::domain::Level::FiveStar)).unwrap();
        let penalties: Vec<u32> = drawn.iter().map(Symbol::penalty).collect();
        assert!(penalties.is_sorted());
        assert!((1..8).all(|i| drawn[i] != drawn[0]));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn the_version_never_changes(host in "[a-z0-9]{1,6}(\\.[a-z0-9]{1,6})?", seed in any::<[u8; 6]>(), fill in any::<u8>()) {
            let host = Host::parse(&host).unwrap();
            let link = draw(&host, &testing::link_with(seed)).unwrap();
            prop_assert!(link.len() == 8 && link.iter().all(|s| s.modules() == 29));
            let signed = draw(&host, &testing::signed_with(seed, [fill; 64])).unwrap();
            prop_assert!(signed.len() == 8 && signed.iter().all(|s| s.modules() == 45));
        }
    }
}
