//! The letters: two compiled-in weights, measured and outlined. A letter they lack is an error that names it.

use super::DrawError;
use super::shape::Step;
use std::sync::LazyLock;
use ttf_parser::{Face, GlyphId, OutlineBuilder};

static REGULAR: &[u8] = include_bytes!("../../assets/fonts/NotoSansSC-Regular.otf");
static BOLD: &[u8] = include_bytes!("../../assets/fonts/NotoSansSC-Bold.otf");

/// Height of a capital letter, in ems; lines are centred by it.
pub const CAP_HEIGHT: f64 = 0.733;
/// Stands for a letter that the font lacks where a text must be printed whatever it is, as printers do (U+3013 GETA MARK).
pub const SUBSTITUTE: char = '〓';

/// The weight of letters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Weight {
    /// For what is read.
    Regular,
    /// For what is read first.
    Bold,
}

impl Weight {
    /// The font file of that weight (OpenType, CFF).
    #[must_use]
    pub const fn file(self) -> &'static [u8] {
        match self {
            Self::Regular => REGULAR,
            Self::Bold => BOLD,
        }
    }
}

/// A weight ready to measure and outline.
pub struct Font {
    face: Face<'static>,
    em: f64,
}

impl Font {
    /// The compiled-in font of that weight, read once.
    ///
    /// # Errors
    /// [`DrawError::FontBroken`].
    pub fn of(weight: Weight) -> Result<&'static Self, DrawError> {
        static FONTS: LazyLock<[Option<Font>; 2]> = LazyLock::new(|| [REGULAR, BOLD].map(Font::read));
        let [regular, bold] = &*FONTS;
        let font = match weight {
            Weight::Regular => regular,
            Weight::Bold => bold,
        };
        font.as_ref().ok_or(DrawError::FontBroken)
    }

    fn read(file: &'static [u8]) -> Option<Self> {
        let face = Face::parse(file, 0).ok()?;
        let font = Self { em: f64::from(face.units_per_em()), face };
        font.has(SUBSTITUTE).then_some(font)
    }

    /// Glyph and advance, in ems.
    ///
    /// # Errors
    /// [`DrawError::LetterMissing`].
    pub(super) fn glyph(&self, c: char) -> Result<(u16, f64), DrawError> {
        let found = self.face.glyph_index(c).filter(|g| g.0 != 0);
        let glyph = found.and_then(|g| Some((g.0, f64::from(self.face.glyph_hor_advance(g)?) / self.em)));
        glyph.ok_or(DrawError::LetterMissing(c))
    }

    /// Whether the font has that letter.
    #[must_use]
    pub fn has(&self, c: char) -> bool {
        self.glyph(c).is_ok()
    }

    /// The text with [`SUBSTITUTE`] for every letter that the font lacks: where it must be printed whatever it is.
    #[must_use]
    pub fn printable(&self, text: &str) -> String {
        text.chars().map(|c| if self.has(c) { c } else { SUBSTITUTE }).collect()
    }

    /// Width of a line, in ems, without spacing.
    ///
    /// # Errors
    /// [`DrawError::LetterMissing`] for the first letter the font lacks.
    pub fn width(&self, text: &str) -> Result<f64, DrawError> {
        text.chars().map(|c| self.glyph(c).map(|g| g.1)).sum()
    }

    /// Outlines a line whose left end stands at the origin on the base line; `size` is an em, `spacing` is added between letters.
    ///
    /// # Errors
    /// [`DrawError::LetterMissing`].
    pub fn outline(&self, text: &str, size: f64, spacing: f64) -> Result<Vec<Step>, DrawError> {
        let mut pen = Pen { path: Vec::new(), x: 0.0, scale: size / self.em, last: (0.0, 0.0) };
        for c in text.chars() {
            let (glyph, advance) = self.glyph(c)?;
            // No outline: a space.
            let _ = self.face.outline_glyph(GlyphId(glyph), &mut pen);
            pen.x += advance * size + spacing;
        }
        Ok(pen.path)
    }
}

/// Collects outlines, y downwards.
struct Pen {
    path: Vec<Step>,
    x: f64,
    scale: f64,
    last: (f64, f64),
}

impl Pen {
    fn at(&mut self, x: f32, y: f32) -> (f64, f64) {
        self.last = (self.x + f64::from(x) * self.scale, -f64::from(y) * self.scale);
        self.last
    }
}

impl OutlineBuilder for Pen {
    fn move_to(&mut self, x: f32, y: f32) {
        let (x, y) = self.at(x, y);
        self.path.push(Step::Move(x, y));
    }

    fn line_to(&mut self, x: f32, y: f32) {
        let (x, y) = self.at(x, y);
        self.path.push(Step::Line(x, y));
    }

    fn quad_to(&mut self, x1: f32, y1: f32, x: f32, y: f32) {
        // The same curve as a cubic.
        let from = self.last;
        let (control, to) = (self.at(x1, y1), self.at(x, y));
        let third = |p: (f64, f64)| (p.0 + (control.0 - p.0) * 2.0 / 3.0, p.1 + (control.1 - p.1) * 2.0 / 3.0);
        let (a, b) = (third(from), third(to));
        self.path.push(Step::Cubic(a.0, a.1, b.0, b.1, to.0, to.1));
    }

    fn curve_to(&mut self, x1: f32, y1: f32, x2: f32, y2: f32, x: f32, y: f32) {
        let (a, b, to) = (self.at(x1, y1), self.at(x2, y2), self.at(x, y));
        self.path.push(Step::Cubic(a.0, a.1, b.0, b.1, to.0, to.1));
    }

    fn close(&mut self) {
        self.path.push(Step::Close);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_people_have_can_be_written_in_both_weights() {
        for weight in [Weight::Regular, Weight::Bold] {
            let font = Font::of(weight).unwrap();
            for c in "喆堃燊玥淼昇镕鋒銘華國際電䶮（）·—，。Aa0@éüß№①".chars() {
                assert!(font.has(c), "{c}");
            }
            assert_eq!(font.width("售后").unwrap(), 2.0);
        }
    }

    #[test]
    fn a_missing_letter_is_named() {
        let font = Font::of(Weight::Bold).unwrap();
        for (c, code) in [('😀', "U+1F600"), ('한', "U+D55C"), ('\u{7}', "U+0007")] {
            let e = font.width(&format!("示{c}例")).unwrap_err();
            assert_eq!(e, DrawError::LetterMissing(c));
            assert!(e.to_string().contains(code), "{e}");
        }
    }

    #[test]
    fn outlines_stand_on_the_base_line() {
        let path = Font::of(Weight::Regular).unwrap().outline("口", 2.0, 0.0).unwrap();
        let inside = |x: f64, y: f64| (0.0..2.0).contains(&x) && (-2.0..0.3).contains(&y);
        assert!(path.iter().all(|s| match *s {
            Step::Move(x, y) | Step::Line(x, y) | Step::Cubic(.., x, y) => inside(x, y),
            Step::Close => true,
        }));
        assert!(path.len() > 8);
    }
}
