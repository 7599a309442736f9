//! Pages that are filled from top to bottom, and written out at last.

use super::sign::{GRID, Piece};
use super::{Code, Fonts, Letters, Sign};
use crate::domain::Refusal;
use crate::domain::dates::CHINA;
use jiff::Timestamp;
use krilla::color::rgb;
use krilla::configure::{Configuration, Validator};
use krilla::embed::{AssociationKind, EmbeddedFile, MimeType};
use krilla::geom::{PathBuilder, Point, Rect, Transform};
use krilla::metadata::{DateTime, Metadata};
use krilla::num::NormalizedF32;
use krilla::page::PageSettings;
use krilla::paint::{Fill, LineCap, LineJoin, Stroke, StrokeDash};
use krilla::surface::Surface;
use krilla::{Document, SerializeSettings};

/// Width of A4, in points (ISO 216: 210 mm).
pub const PAGE_WIDTH: f32 = 595.28;
/// Height of A4, in points (297 mm).
pub const PAGE_HEIGHT: f32 = 841.89;

/// A colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Ink(pub u8, pub u8, pub u8);

impl Ink {
    /// The colour of letters.
    pub const TEXT: Self = Self(0x16, 0x20, 0x2a);
    /// Of what is said beside.
    pub const SOFT: Self = Self(0x5a, 0x66, 0x72);
    /// Of fine lines.
    pub const LINE: Self = Self(0xb8, 0xc0, 0xc8);
    /// Of the paper.
    pub const PAPER: Self = Self(0xff, 0xff, 0xff);

    fn fill(self) -> Fill {
        Fill { paint: rgb::Color::new(self.0, self.1, self.2).into(), ..Fill::default() }
    }
}

enum Item {
    Text { x: f32, y: f32, size: f32, bold: bool, ink: Ink, text: String },
    Block { x: f32, y: f32, width: f32, height: f32, ink: Ink },
    Sign { x: f32, y: f32, size: f32, ink: Ink, sign: Sign },
    Code { x: f32, y: f32, size: f32, code: Code },
}

/// What a file says of itself.
#[derive(Debug, Clone)]
pub struct About {
    /// Its title.
    pub title: String,
    /// Who made it.
    pub author: String,
    /// When, to the second.
    pub made_at: Timestamp,
    /// Its name for machines.
    pub id: String,
}

/// A file that goes along inside the PDF: the source of what is printed.
#[derive(Debug, Clone)]
pub struct Attachment {
    /// Its name.
    pub name: String,
    /// Its media type.
    pub media_type: &'static str,
    /// What it is.
    pub description: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// Sheets of A4. Places are in points from the upper left corner; a text stands on its base line.
pub struct Paper {
    regular: Letters,
    bold: Letters,
    pages: Vec<Vec<Item>>,
    lacks: bool,
}

impl Paper {
    /// One empty page.
    ///
    /// # Errors
    /// `print_font_broken`.
    pub fn new(fonts: Fonts) -> Result<Self, Refusal> {
        let (regular, bold) = (Letters::new(fonts.regular)?, Letters::new(fonts.bold)?);
        Ok(Self { regular, bold, pages: vec![vec![]], lacks: false })
    }

    /// Begins another page.
    pub fn turn(&mut self) {
        self.pages.push(vec![]);
    }

    /// Pages so far.
    #[must_use]
    pub fn pages(&self) -> usize {
        self.pages.len()
    }

    /// Whether a letter was printed so far that the font lacks: [`SUBSTITUTE`](super::SUBSTITUTE) stands for it.
    #[must_use]
    pub fn lacks_letters(&self) -> bool {
        self.lacks
    }

    /// The letters of that weight.
    #[must_use]
    pub fn letters(&self, bold: bool) -> &Letters {
        if bold { &self.bold } else { &self.regular }
    }

    /// The text in lines of at most `width` points at that size.
    #[must_use]
    pub fn lines(&self, text: &str, size: f32, bold: bool, width: f32) -> Vec<String> {
        self.letters(bold).lines(text, width / size)
    }

    fn add(&mut self, page: usize, item: Item) {
        if let Some(page) = self.pages.get_mut(page) {
            page.push(item);
        }
    }

    /// One line of text on the last page.
    pub fn text(&mut self, (x, y): (f32, f32), size: f32, bold: bool, ink: Ink, text: &str) {
        self.text_on(self.pages.len() - 1, (x, y), size, bold, ink, text);
    }

    /// One line of text on a page that was filled before, counted from 0.
    pub fn text_on(&mut self, page: usize, (x, y): (f32, f32), size: f32, bold: bool, ink: Ink, text: &str) {
        let (text, lacks) = self.letters(bold).printable(text);
        self.lacks |= lacks;
        self.add(page, Item::Text { x, y, size, bold, ink, text });
    }

    /// A filled rectangle on the last page; thin, it is a rule.
    pub fn block(&mut self, (x, y): (f32, f32), (width, height): (f32, f32), ink: Ink) {
        self.block_on(self.pages.len() - 1, (x, y), (width, height), ink);
    }

    /// The same on a page that was filled before, counted from 0.
    pub fn block_on(&mut self, page: usize, (x, y): (f32, f32), (width, height): (f32, f32), ink: Ink) {
        self.add(page, Item::Block { x, y, width, height, ink });
    }

    /// The sign of a verdict on the last page.
    pub fn sign(&mut self, (x, y): (f32, f32), size: f32, ink: Ink, sign: Sign) {
        self.add(self.pages.len() - 1, Item::Sign { x, y, size, ink, sign });
    }

    /// A code on the last page, `size` points wide without its quiet zone.
    pub fn code(&mut self, (x, y): (f32, f32), size: f32, code: Code) {
        self.add(self.pages.len() - 1, Item::Code { x, y, size, code });
    }

    /// Writes it out.
    ///
    /// # Errors
    /// `print_failed`: what was put on the pages cannot be kept as PDF/A.
    pub fn finish(self, about: &About, attachment: Attachment) -> Result<Vec<u8>, Refusal> {
        let failed = |why: String| Refusal::rule("print_failed", format!("the print cannot be made: {why}"));
        let settings = SerializeSettings {
            configuration: Configuration::new_with_validator(Validator::A3_U),
            ..SerializeSettings::default()
        };
        let mut document = Document::new_with(settings);
        let made_at = date_time(about.made_at);
        document.set_metadata(
            Metadata::new()
                .title(about.title.clone())
                .authors(vec![about.author.clone()])
                .language("zh-CN".to_owned())
                .creator("starmark".to_owned())
                .document_id(about.id.clone())
                .creation_date(made_at),
        );
        let attached = document.embed_file(EmbeddedFile {
            path: attachment.name,
            mime_type: MimeType::new(attachment.media_type),
            description: Some(attachment.description),
            association_kind: AssociationKind::Source,
            data: attachment.bytes.into(),
            modification_date: Some(made_at),
            compress: Some(true),
            location: None,
        });
        attached.ok_or_else(|| failed("two attachments of one name".to_owned()))?;
        for items in &self.pages {
            let a4 = PageSettings::from_wh(PAGE_WIDTH, PAGE_HEIGHT).ok_or_else(|| failed("no such page".to_owned()))?;
            let mut page = document.start_page_with(a4);
            let mut surface = page.surface();
            items.iter().for_each(|item| self.draw(&mut surface, item));
            surface.finish();
            page.finish();
        }
        document.finish().map_err(|e| failed(format!("{e:?}")))
    }

    fn draw(&self, surface: &mut Surface<'_>, item: &Item) {
        surface.set_stroke(None);
        match item {
            Item::Text { x, y, size, bold, ink, text } => {
                let letters = self.letters(*bold);
                surface.set_fill(Some(ink.fill()));
                let glyphs = letters.glyphs(text);
                surface.draw_glyphs(Point::from_xy(*x, *y), &glyphs, letters.font(), text, *size, false);
            }
            Item::Block { x, y, width, height, ink } => {
                let mut path = PathBuilder::new();
                if let Some(rect) = Rect::from_xywh(*x, *y, *width, *height) {
                    path.push_rect(rect);
                }
                surface.set_fill(Some(ink.fill()));
                path.finish().iter().for_each(|path| surface.draw_path(path));
            }
            Item::Sign { x, y, size, ink, sign } => {
                let scale = size / GRID;
                surface.push_transform(&Transform::from_row(scale, 0.0, 0.0, scale, *x, *y));
                sign.pieces().iter().for_each(|piece| draw_piece(surface, piece, *ink));
                surface.pop();
            }
            Item::Code { x, y, size, code } => draw_code(surface, (*x, *y), *size, code),
        }
    }
}

fn draw_piece(surface: &mut Surface<'_>, piece: &Piece, ink: Ink) {
    let stroke = |ink: Ink, width: f32, dash: Option<StrokeDash>| Stroke {
        paint: rgb::Color::new(ink.0, ink.1, ink.2).into(),
        width,
        line_cap: if dash.is_some() { LineCap::Butt } else { LineCap::Round },
        line_join: LineJoin::Round,
        opacity: NormalizedF32::ONE,
        dash,
        ..Stroke::default()
    };
    match piece {
        Piece::Fill(path) => {
            surface.set_stroke(None);
            surface.set_fill(Some(ink.fill()));
            surface.draw_path(path);
        }
        Piece::Cut(path, width) => {
            surface.set_fill(None);
            surface.set_stroke(Some(stroke(Ink::PAPER, *width, None)));
            surface.draw_path(path);
        }
        Piece::Line(path, width, dashed) => {
            let dash = dashed.then(|| StrokeDash { array: vec![13.0, 7.6], offset: 0.0 });
            surface.set_fill(None);
            surface.set_stroke(Some(stroke(ink, *width, dash)));
            surface.draw_path(path);
        }
    }
}

/// One path of all dark modules: no hairs between them.
fn draw_code(surface: &mut Surface<'_>, (x, y): (f32, f32), size: f32, code: &Code) {
    let module = size / code.side() as f32;
    let mut path = PathBuilder::new();
    for row in 0..code.side() {
        for (column, length) in code.runs(row) {
            let (left, top) = (x + column as f32 * module, y + row as f32 * module);
            if let Some(rect) = Rect::from_xywh(left, top, length as f32 * module, module) {
                path.push_rect(rect);
            }
        }
    }
    surface.set_fill(Some(Ink(0, 0, 0).fill()));
    path.finish().iter().for_each(|path| surface.draw_path(path));
}

fn date_time(at: Timestamp) -> DateTime {
    let local = CHINA.to_datetime(at);
    let (date, time) = (local.date(), local.time());
    let small = |n: i8| u8::try_from(n).unwrap_or_default();
    DateTime::new(u16::try_from(date.year()).unwrap_or_default())
        .month(small(date.month()))
        .day(small(date.day()))
        .hour(small(time.hour()))
        .minute(small(time.minute()))
        .second(small(time.second()))
        .utc_offset_hour(8)
        .utc_offset_minute(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn printed(texts: &[String]) -> Result<Vec<u8>, Refusal> {
        let fonts = Fonts {
            regular: include_bytes!("../../assets/fonts/NotoSansSC-Regular.otf"),
            bold: include_bytes!("../../assets/fonts/NotoSansSC-Bold.otf"),
        };
        let mut paper = Paper::new(fonts)?;
        for (i, text) in texts.iter().enumerate() {
            paper.text((40.0, 40.0 + 10.0 * i as f32), 8.0, i % 2 == 0, Ink::TEXT, text);
        }
        let made_at = "2026-05-08T01:30:00Z".parse().unwrap();
        let text = |t: &str| t.to_owned();
        let about = About { title: texts.concat(), author: texts.concat(), made_at, id: text("x") };
        let bytes = b"{}".to_vec();
        let attachment =
            Attachment { name: text("x.json"), media_type: "application/json", description: text("x"), bytes };
        paper.finish(&about, attachment)
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
}
