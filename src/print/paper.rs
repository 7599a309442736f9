//! Sheets that are filled from top to bottom, and written out at last.

use super::{Sign, refused};
use crate::domain::Refusal;
use crate::draw::lines::wrap;
use crate::draw::pdf::{About, Use, pdf};
use crate::draw::shape::rounded;
use crate::draw::{Code, Colour, Font, Item, Letters, Modules, POINT, Page, Weight};

/// Sheets of A4. Places are in points from the upper left corner; a text stands on its base line. Whatever it says is printed:
/// [`SUBSTITUTE`](crate::draw::font::SUBSTITUTE) stands for a letter that the font lacks.
pub struct Paper {
    regular: &'static Font,
    bold: &'static Font,
    pages: Vec<Page>,
    lacks: bool,
}

impl Paper {
    /// Width of a sheet, in points (ISO 216: 210 mm).
    pub const WIDTH: f64 = 210.0 / POINT;
    /// Height of a sheet, in points (297 mm).
    pub const HEIGHT: f64 = 297.0 / POINT;

    /// One empty page.
    ///
    /// # Errors
    /// `print_font_broken`.
    pub fn new() -> Result<Self, Refusal> {
        let font = |weight| Font::of(weight).map_err(refused);
        let (regular, bold) = (font(Weight::Regular)?, font(Weight::Bold)?);
        Ok(Self { regular, bold, pages: vec![Page::a4()], lacks: false })
    }

    /// Begins another page.
    pub fn turn(&mut self) {
        self.pages.push(Page::a4());
    }

    /// Pages so far.
    #[must_use]
    pub fn pages(&self) -> usize {
        self.pages.len()
    }

    /// Whether a letter was printed so far that the font lacks.
    #[must_use]
    pub fn lacks_letters(&self) -> bool {
        self.lacks
    }

    fn font(&self, bold: bool) -> &'static Font {
        if bold { self.bold } else { self.regular }
    }

    /// Width of a text in points.
    #[must_use]
    pub fn width(&self, text: &str, size: f64, bold: bool) -> f64 {
        let font = self.font(bold);
        text.chars().map(|c| font.width(c.encode_utf8(&mut [0; 4])).unwrap_or(1.0)).sum::<f64>() * size
    }

    /// The text in lines of at most `width` points at that size.
    #[must_use]
    pub fn lines(&self, text: &str, size: f64, bold: bool, width: f64) -> Vec<String> {
        wrap(self.font(bold), text, width / size)
    }

    fn on(&mut self, page: usize, draw: impl FnOnce(&mut Page)) {
        if let Some(page) = self.pages.get_mut(page) {
            draw(page);
        }
    }

    fn last(&self) -> usize {
        self.pages.len() - 1
    }

    /// One line of text on the last page.
    pub fn text(&mut self, at: (f64, f64), size: f64, bold: bool, colour: Colour, text: &str) {
        self.text_on(self.last(), at, size, bold, colour, text);
    }

    /// One line of text on a page that was filled before, counted from 0.
    pub fn text_on(&mut self, page: usize, (x, y): (f64, f64), size: f64, bold: bool, colour: Colour, text: &str) {
        let font = self.font(bold);
        let printable = font.printable(text);
        self.lacks |= printable != text;
        let weight = if bold { Weight::Bold } else { Weight::Regular };
        let letters = Letters::new(&printable, weight, size * POINT, colour, (x * POINT, y * POINT));
        self.on(page, |page| page.letters(letters));
    }

    /// A filled rectangle on the last page; thin, it is a rule.
    pub fn block(&mut self, at: (f64, f64), size: (f64, f64), colour: Colour) {
        self.block_on(self.last(), at, size, colour);
    }

    /// The same on a page that was filled before, counted from 0.
    pub fn block_on(&mut self, page: usize, (x, y): (f64, f64), (width, height): (f64, f64), colour: Colour) {
        let [x, y, width, height] = [x, y, width, height].map(|points| points * POINT);
        self.on(page, |page| page.fill(rounded(x, y, width, height, 0.0, 0.0), colour));
    }

    /// The sign of a verdict on the last page.
    pub fn sign(&mut self, (x, y): (f64, f64), size: f64, colour: Colour, sign: Sign) {
        let shapes = sign.shapes(colour, (x * POINT, y * POINT), size * POINT);
        self.on(self.last(), |page| page.items.extend(shapes.into_iter().map(Item::Shape)));
    }

    /// A code on the last page, `size` points wide without its quiet zone.
    pub fn code(&mut self, (x, y): (f64, f64), size: f64, modules: Modules) {
        let module = size * POINT / modules.side() as f64;
        let code = Code { modules, x: x * POINT, y: y * POINT, module };
        self.on(self.last(), |page| page.items.push(Item::Code(code)));
    }

    /// Writes it out.
    ///
    /// # Errors
    /// `print_failed`: what was put on the pages cannot be kept to the standard.
    pub fn finish(self, about: &About, purpose: Use) -> Result<Vec<u8>, Refusal> {
        pdf(&self.pages, about, purpose).map_err(refused)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::draw::pdf::Attachment;
    use proptest::prelude::*;

    fn printed(texts: &[String]) -> Result<Vec<u8>, Refusal> {
        let mut paper = Paper::new()?;
        for (i, text) in texts.iter().enumerate() {
            paper.text((40.0, 40.0 + 10.0 * i as f64), 8.0, i % 2 == 0, Colour::INK, text);
        }
        let made_at = Some("2026-05-08T01:30:00Z".parse().unwrap());
        let text = |t: &str| t.to_owned();
        let about = About { title: texts.concat(), author: texts.concat(), made_at, id: text("x") };
        let bytes = b"{}".to_vec();
        let attachment =
            Attachment { name: text("x.json"), media_type: "application/json", description: text("x"), bytes };
        paper.finish(&about, Use::Archive(vec![attachment]))
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]
        /// Whatever people write is printed, in a file that keeps to its standard, and twice the same.
        #[test]
        fn every_text_is_printed(texts in proptest::collection::vec("\\PC{0,40}", 1..6)) {
            let print = printed(&texts);
            prop_assert!(print.is_ok(), "{:?}", print.err());
            prop_assert_eq!(print, printed(&texts));
        }
    }

    #[test]
    fn what_the_font_lacks_is_seen_to_be_missing() {
        let mut paper = Paper::new().unwrap();
        paper.text((0.0, 0.0), 8.0, false, Colour::INK, "示例 A·1 ≠ ★");
        assert!(!paper.lacks_letters());
        paper.text((0.0, 0.0), 8.0, false, Colour::INK, "示😀例한");
        assert!(paper.lacks_letters());
        let Some(Item::Letters(last)) = paper.pages[0].items.last() else { panic!() };
        assert_eq!(last.text, "示〓例〓");
    }
}
