//! The letters of a mark: two compiled-in weights, outlined. A character they lack is refused by name.

use super::display::Step;
use crate::domain::Refusal;
use ttf_parser::{Face, GlyphId, OutlineBuilder};

static REGULAR: &[u8] = include_bytes!("../../assets/fonts/NotoSansSC-Regular.otf");
static BOLD: &[u8] = include_bytes!("../../assets/fonts/NotoSansSC-Bold.otf");

/// Height of a capital letter, in ems; lines are centred by it.
pub(super) const CAP_HEIGHT: f64 = 0.733;

/// The weight of letters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Weight {
    /// For facts.
    Regular,
    /// For what is read first.
    Bold,
}

/// The font file of that weight (OpenType, CFF), for whoever else prints.
#[must_use]
pub fn file(weight: Weight) -> &'static [u8] {
    match weight {
        Weight::Regular => REGULAR,
        Weight::Bold => BOLD,
    }
}

/// A face ready to measure and outline.
pub(super) struct Font {
    face: Face<'static>,
    em: f64,
}

impl Font {
    /// The compiled-in face of that weight.
    ///
    /// # Errors
    /// `mark_font_broken` if the build carries a damaged font.
    pub(super) fn of(weight: Weight) -> Result<Self, Refusal> {
        let face = Face::parse(file(weight), 0)
            .map_err(|e| Refusal::rule("mark_font_broken", format!("the built-in font cannot be read: {e}")))?;
        let em = f64::from(face.units_per_em());
        Ok(Self { face, em })
    }

    fn glyph(&self, c: char) -> Result<(GlyphId, f64), Refusal> {
        let missing = || {
            Refusal::invalid(
                "mark_letter_missing",
                format!(
                    "the mark's font has no “{}” (U+{:04X}); write the name without it",
                    c.escape_debug(),
                    c as u32
                ),
            )
        };
        let glyph = self.face.glyph_index(c).filter(|g| g.0 != 0).ok_or_else(missing)?;
        let advance = self.face.glyph_hor_advance(glyph).ok_or_else(missing)?;
        Ok((glyph, f64::from(advance) / self.em))
    }

    /// Width of a line, in ems, without spacing.
    ///
    /// # Errors
    /// `mark_letter_missing` names the first character the font lacks.
    pub(super) fn width(&self, text: &str) -> Result<f64, Refusal> {
        text.chars().map(|c| self.glyph(c).map(|g| g.1)).sum()
    }

    /// Outlines a line whose left end stands at `x` on the base line `y`; `size` is an em in millimetres, `spacing` is added
    /// between letters.
    ///
    /// # Errors
    /// `mark_letter_missing` names the first character the font lacks.
    pub(super) fn outline(&self, text: &str, x: f64, y: f64, size: f64, spacing: f64) -> Result<Vec<Step>, Refusal> {
        let mut pen = Pen { path: Vec::new(), x, y, scale: size / self.em, last: (0.0, 0.0) };
        for c in text.chars() {
            let (glyph, advance) = self.glyph(c)?;
            // No outline: a space.
            let _ = self.face.outline_glyph(glyph, &mut pen);
            pen.x += advance * size + spacing;
        }
        Ok(pen.path)
    }
}

/// Collects outlines in millimetres, y downwards.
struct Pen {
    path: Vec<Step>,
    x: f64,
    y: f64,
    scale: f64,
    last: (f64, f64),
}

impl Pen {
    fn at(&mut self, x: f32, y: f32) -> (f64, f64) {
        self.last = (self.x + f64::from(x) * self.scale, self.y - f64::from(y) * self.scale);
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
            for c in "喆堃燊玥淼昇镕鋒銘華國際電（）·—，。Aa0@éüß№①㎡".chars() {
                match font.glyph(c) {
                    Ok(_) => {}
                    Err(e) => assert_eq!(c, '㎡', "{e}"),
                }
            }
            assert_eq!(font.width("售后").unwrap(), 2.0);
        }
    }

    #[test]
    fn a_missing_letter_is_named() {
        let font = Font::of(Weight::Bold).unwrap();
        for (c, code) in [('😀', "U+1F600"), ('한', "U+D55C"), ('\u{7}', "U+0007")] {
            let e = font.width(&format!("示{c}例")).unwrap_err();
            assert_eq!(e.code, "mark_letter_missing");
            assert!(e.message.contains(code), "{e}");
        }
    }

    #[test]
    fn outlines_stand_where_they_are_put() {
        let path = Font::of(Weight::Regular).unwrap().outline("口", 10.0, 20.0, 2.0, 0.0).unwrap();
        let inside = |x: f64, y: f64| (10.0..12.0).contains(&x) && (18.0..20.3).contains(&y);
        assert!(path.iter().all(|s| match *s {
            Step::Move(x, y) | Step::Line(x, y) | Step::Cubic(.., x, y) => inside(x, y),
            Step::Close => true,
        }));
        assert!(path.len() > 8);
    }
}
