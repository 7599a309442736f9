//! A sheet of A4 on which lines stand where they are put, each made to fit its width.

use crate::domain::Refusal;
use crate::domain::error::shown;
use crate::draw::lines::{Room, fit, wrap};
use crate::draw::shape::{Ends, direction, polyline};
use crate::draw::{Code, Colour, DrawError, Font, Item, Letters, Modules, POINT, Page, Paint, Step, Weight};

/// Smallest letters on paper: 7 pt.
const LEAST: f64 = 7.0 * POINT;
/// Distance of base lines, in ems.
const LEADING: f64 = 1.35;
/// A row of a table: air above and below its lines, in millimetres.
const AIR: f64 = 1.6;

/// Letters of one kind.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ink {
    weight: Weight,
    size: f64,
    spacing: f64,
    colour: Colour,
}

impl Ink {
    const fn new(weight: Weight, size: f64, colour: Colour) -> Self {
        Self { weight, size, spacing: 0.0, colour }
    }

    pub(super) const fn bold(size: f64) -> Self {
        Self::new(Weight::Bold, size, Colour::INK)
    }

    pub(super) const fn plain(size: f64) -> Self {
        Self::new(Weight::Regular, size, Colour::INK)
    }

    pub(super) const fn soft(size: f64) -> Self {
        Self::new(Weight::Regular, size, Colour::SOFT)
    }

    pub(super) const fn spaced(self, spacing: f64) -> Self {
        Self { spacing, ..self }
    }

    pub(super) const fn coloured(self, colour: Colour) -> Self {
        Self { colour, ..self }
    }
}

/// A row of a table: its label in both languages, its value, its pointer.
pub(super) type Row<'a> = ((&'a str, &'a str), String, &'a str);

/// The sheet.
pub(super) struct Sheet {
    page: Page,
}

impl Sheet {
    pub(super) fn new() -> Self {
        Self { page: Page::a4() }
    }

    pub(super) fn into_page(self) -> Page {
        self.page
    }

    pub(super) fn shape(&mut self, path: Vec<Step>, paint: Paint) {
        self.page.shape(path, paint);
    }

    pub(super) fn fill(&mut self, path: Vec<Step>, colour: Colour) {
        self.page.fill(path, colour);
    }

    /// A hairline.
    pub(super) fn line(&mut self, left: f64, right: f64, y: f64) {
        self.page.shape(polyline(&[(left, y), (right, y)]), Paint::Stroke(Colour::LINE, 0.2, Ends::Sharp));
    }

    pub(super) fn code(&mut self, modules: &Modules, (x, y): (f64, f64), side: f64) {
        let module = side / modules.side() as f64;
        self.page.items.push(Item::Code(Code { modules: modules.clone(), x, y, module }));
    }

    /// One line with its middle at `x`, the middle of its capitals at `y`; smaller where it is wider than that.
    pub(super) fn centred(
        &mut self,
        x: f64,
        y: f64,
        text: &str,
        ink: Ink,
        at: &str,
        width: f64,
    ) -> Result<(), Refusal> {
        self.centred_in((x, y), text, ink, at, width, 1)
    }

    /// The same on one line or two.
    pub(super) fn centred_in(
        &mut self,
        (x, y): (f64, f64),
        text: &str,
        ink: Ink,
        at: &str,
        width: f64,
        lines: usize,
    ) -> Result<(), Refusal> {
        let refused = |e| refused(e).under(at);
        let font = Font::of(ink.weight).map_err(refused)?;
        let gaps = text.chars().count().saturating_sub(1) as f64 * ink.spacing;
        let room = Room {
            width: width - gaps,
            one: ink.size,
            two: if lines > 1 { ink.size * 0.8 } else { 0.0 },
            least: LEAST,
        };
        let set = fit(font, text, room).map_err(refused)?.ok_or_else(|| too_long(text).under(at))?;
        let high = set.size * LEADING;
        let top = y - high * (set.lines.len() - 1) as f64 / 2.0;
        for (i, line) in set.lines.iter().enumerate() {
            let letters = Letters::new(line, ink.weight, set.size, ink.colour, (0.0, 0.0));
            let letters = Letters { spacing: ink.spacing, ..letters };
            self.page.letters(letters.centred(x, top + high * i as f64).map_err(refused)?);
        }
        Ok(())
    }

    /// One line that begins at `x`.
    pub(super) fn left(&mut self, x: f64, y: f64, text: &str, ink: Ink, at: &str) -> Result<(), Refusal> {
        let letters = Letters::new(text, ink.weight, ink.size, ink.colour, (0.0, 0.0));
        let letters = letters.centred(0.0, y).map_err(|e| refused(e).under(at))?;
        self.page.letters(Letters { x, ..letters });
        Ok(())
    }

    /// Labels and values between hairlines, as large as the room allows.
    pub(super) fn table(
        &mut self,
        rows: &[Row<'_>],
        (left, values, right): (f64, f64, f64),
        top: f64,
        bottom: f64,
    ) -> Result<(), Refusal> {
        let font = Font::of(Weight::Regular).map_err(refused)?;
        let height = |size: f64| -> f64 {
            let lines = |text: &str| wrap(font, text, (right - values) / size).len() as f64;
            rows.iter().map(|(_, text, _)| (lines(text) * size * LEADING).max(7.2) + 2.0 * AIR).sum()
        };
        // From the largest size down, by tenths of a point.
        let mut size = 3.9;
        while height(size) > bottom - top {
            size -= 0.1 * POINT;
            if size < LEAST {
                let longest = rows.iter().max_by_key(|(_, text, _)| text.chars().count());
                let (_, text, at) = longest.ok_or_else(|| too_long(""))?;
                return Err(too_long(text).under(at));
            }
        }
        let mut y = top;
        self.line(left, right, y);
        for ((zh, en), text, at) in rows {
            let lines = wrap(font, text, (right - values) / size);
            let high = (lines.len() as f64 * size * LEADING).max(7.2) + 2.0 * AIR;
            self.left(left, y + high / 2.0 - 1.9, zh, Ink::plain(3.3), "")?;
            self.left(left, y + high / 2.0 + 2.2, en, Ink::soft(2.5), "")?;
            let first = y + high / 2.0 - (lines.len() - 1) as f64 * size * LEADING / 2.0;
            for (i, line) in lines.iter().enumerate() {
                self.left(values, first + i as f64 * size * LEADING, line, Ink::plain(size), at)?;
            }
            y += high;
            self.line(left, right, y);
        }
        Ok(())
    }

    /// A text in as many lines as it takes, as large as the room allows.
    pub(super) fn paragraph(
        &mut self,
        text: &str,
        at: &str,
        (left, right): (f64, f64),
        top: f64,
        bottom: f64,
    ) -> Result<(), Refusal> {
        let font = Font::of(Weight::Regular).map_err(refused)?;
        let mut size = 3.9;
        let mut lines = wrap(font, text, (right - left) / size);
        while lines.len() as f64 * size * LEADING > bottom - top {
            size -= 0.1 * POINT;
            if size < LEAST {
                return Err(too_long(text).under(at));
            }
            lines = wrap(font, text, (right - left) / size);
        }
        for (i, line) in lines.iter().enumerate() {
            self.left(left, top + (i as f64 + 0.5) * size * LEADING, line, Ink::plain(size), at)?;
        }
        Ok(())
    }

    /// A word across the whole sheet, from corner to corner, that no photocopy loses.
    pub(super) fn across(&mut self, zh: &str, en: &str) -> Result<(), Refusal> {
        let grey = Colour::screen(0xc2, 0xc8, 0xce);
        let large = (150.0 / zh.chars().count().max(1) as f64).min(46.0);
        let turn @ (cosine, sine) = direction(-52.0);
        for (text, size, weight, down) in [(zh, large, Weight::Bold, 0.0), (en, 14.0, Weight::Bold, 34.0)] {
            let line = Letters::new(text, weight, size, grey, (0.0, 0.0));
            let half = line.width().map_err(refused)? / 2.0;
            // Below the middle along the direction of the letters.
            let (x, y) = (105.0 - sine * down, 148.5 + cosine * down);
            let (x, y) = (x - half * cosine - 0.35 * size * sine, y - half * sine + 0.35 * size * cosine);
            self.page.letters(Letters { x, y, turn, ..line });
        }
        Ok(())
    }
}

fn too_long(text: &str) -> Refusal {
    let why = format!(
        "“{}” does not fit the certificate on paper at the smallest letters allowed (7 pt); a certificate with a shorter one can supersede it",
        shown(text)
    );
    Refusal::rule("print_text_too_long", why)
}

/// The certificate is signed already: what keeps it off paper can only be put right by another one.
fn refused(error: DrawError) -> Refusal {
    let missing = matches!(error, DrawError::LetterMissing(_));
    let why = crate::print::refused(error);
    if !missing {
        return why;
    }
    Refusal::invalid(
        "print_letter_missing",
        format!("{}; a certificate that writes it otherwise can supersede this one", why.message),
    )
}
