//! Pages as PDF (ISO 32000-1): letters as text in an embedded subset of their font, everything else as outlines.

use super::font::{Font, Weight};
use super::page::{Code, Item, Letters, Page};
use super::shape::{Colour, Ends, Paint, Step};
use super::{DrawError, POINT};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use krilla::color::{cmyk, rgb};
use krilla::configure::{Archival, ConfigurationBuilder, PdfVersion};
use krilla::embed::{AssociationKind, EmbeddedFile, MimeType};
use krilla::geom::{Path, PathBuilder, Point, Rect, Transform};
use krilla::metadata::{DateTime, Metadata};
use krilla::page::PageSettings;
use krilla::paint::{Fill, FillRule, LineCap, LineJoin, Stroke, StrokeDash};
use krilla::surface::Surface;
use krilla::text::{GlyphId, KrillaGlyph};
use krilla::{Document, SerializeSettings};
use std::sync::LazyLock;

/// What a file is for.
#[derive(Debug, Clone)]
pub enum Use {
    /// For printers: PDF 1.7, colours as inks (DeviceCMYK, black as black alone).
    Press,
    /// For keeping: PDF/A-3 (ISO 19005-3, level U), colours as screens have them, with what it prints attached.
    Archive(Vec<Attachment>),
}

/// What a file says of itself.
#[derive(Debug, Clone)]
pub struct About {
    /// Its title.
    pub title: String,
    /// Who made it.
    pub author: String,
    /// When, to the second, told in China time; left out where the file must not depend on it.
    pub made_at: Option<Timestamp>,
    /// Its name for machines.
    pub id: String,
}

/// A file that goes along inside: the source of what is printed.
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

/// Writes the pages. Each page's trim box is the whole of it.
///
/// # Errors
/// [`DrawError::LetterMissing`]; [`DrawError::Unwritten`] for what cannot be kept to the standard.
pub fn pdf(pages: &[Page], about: &About, purpose: Use) -> Result<Vec<u8>, DrawError> {
    let builder = ConfigurationBuilder::new().with_version(PdfVersion::Pdf17);
    let (builder, inks, attachments) = match purpose {
        Use::Press => (builder, Inks::Process, vec![]),
        Use::Archive(files) => (builder.with_archival_validator(Archival::A3_U), Inks::Screen, files),
    };
    let configuration = builder.finish().map_err(|e| DrawError::Unwritten(format!("{e:?}")))?;
    let mut document = Document::new_with(SerializeSettings { configuration, ..SerializeSettings::default() });
    let made_at = about.made_at.map(date_time);
    let metadata = Metadata::new()
        .title(about.title.clone())
        .authors(vec![about.author.clone()])
        .language("zh-CN".to_owned())
        .creator("starmark".to_owned())
        .document_id(about.id.clone());
    document.set_metadata(match made_at {
        Some(made_at) => metadata.creation_date(made_at),
        None => metadata,
    });
    for file in attachments {
        let embedded = document.embed_file(EmbeddedFile {
            path: file.name,
            mime_type: MimeType::new(file.media_type),
            description: Some(file.description),
            association_kind: AssociationKind::Source,
            data: file.bytes.into(),
            modification_date: made_at,
            compress: Some(true),
            location: None,
        });
        embedded.ok_or_else(|| DrawError::Unwritten("two attachments of one name".to_owned()))?;
    }
    for page in pages {
        let mut sheet = document.start_page_with(settings(page)?);
        let surface = sheet.surface();
        let to_points = (1.0 / POINT) as f32;
        let mut press = Press { surface, inks };
        press.surface.push_transform(&Transform::from_scale(to_points, to_points));
        let drawn = page.items.iter().try_for_each(|item| press.item(item));
        press.surface.pop();
        drawn?;
        // Dropped here, it closes the page's content; the sheet at the end of the round closes the page.
    }
    document.finish().map_err(|e| DrawError::Unwritten(format!("{e:?}")))
}

fn settings(page: &Page) -> Result<PageSettings, DrawError> {
    let (width, height) = ((page.width / POINT) as f32, (page.height / POINT) as f32);
    let trim = Rect::from_xywh(0.0, 0.0, width, height);
    let settings = PageSettings::from_wh(width, height).map(|s| s.with_trim_box(trim));
    settings.ok_or_else(|| DrawError::Unwritten(format!("no page is {} x {} mm", page.width, page.height)))
}

#[derive(Debug, Clone, Copy)]
enum Inks {
    Screen,
    Process,
}

struct Press<'a> {
    surface: Surface<'a>,
    inks: Inks,
}

impl Press<'_> {
    fn item(&mut self, item: &Item) -> Result<(), DrawError> {
        match item {
            Item::Shape(shape) => self.draw(&shape.path, shape.paint, FillRule::NonZero),
            Item::Letters(letters) => self.letters(letters)?,
            Item::Code(code) => self.code(code),
        }
        Ok(())
    }

    fn paint(&self, colour: Colour) -> krilla::paint::Paint {
        match self.inks {
            Inks::Screen => {
                let [r, g, b] = colour.rgb;
                rgb::Color::new(r, g, b).into()
            }
            Inks::Process => {
                let [c, m, y, k] = colour.cmyk.map(|percent| (u32::from(percent) * 255 / 100) as u8);
                cmyk::Color::new(c, m, y, k).into()
            }
        }
    }

    fn draw(&mut self, steps: &[Step], paint: Paint, rule: FillRule) {
        let Some(path) = built(steps) else { return };
        let ink = self.paint(paint.colour());
        match paint {
            Paint::Fill(_) => {
                self.surface.set_stroke(None);
                self.surface.set_fill(Some(Fill { paint: ink, rule, ..Fill::default() }));
            }
            Paint::Stroke(_, width, ends) => {
                let width = width as f32;
                let (line_join, line_cap) = match ends {
                    Ends::Sharp => (LineJoin::Miter, LineCap::Butt),
                    Ends::Round => (LineJoin::Round, LineCap::Round),
                    Ends::Dashed => (LineJoin::Round, LineCap::Butt),
                };
                let dash = ends.dashes(width).map(|d| StrokeDash { array: d.to_vec(), offset: 0.0 });
                self.surface.set_fill(None);
                self.surface.set_stroke(Some(Stroke {
                    paint: ink,
                    width,
                    line_join,
                    line_cap,
                    dash,
                    ..Stroke::default()
                }));
            }
        }
        self.surface.draw_path(&path);
    }

    fn letters(&mut self, letters: &Letters) -> Result<(), DrawError> {
        let font = Font::of(letters.weight)?;
        let spacing = letters.spacing / letters.size;
        let glyph = |(at, c): (usize, char)| {
            let (id, advance) = font.glyph(c)?;
            let range = at..at + c.len_utf8();
            Ok(KrillaGlyph::new(GlyphId::new(id.into()), (advance + spacing) as f32, 0.0, 0.0, 0.0, range, None))
        };
        let glyphs: Vec<KrillaGlyph> = letters.text.char_indices().map(glyph).collect::<Result<_, DrawError>>()?;
        let ink = self.paint(letters.colour);
        self.surface.set_stroke(None);
        self.surface.set_fill(Some(Fill { paint: ink, ..Fill::default() }));
        let file = file(letters.weight)?;
        let ((cosine, sine), size) = (letters.turn, letters.size as f32);
        let turned = letters.turn != (1.0, 0.0);
        let (x, y) = (letters.x as f32, letters.y as f32);
        if turned {
            let (c, s) = (cosine as f32, sine as f32);
            self.surface.push_transform(&Transform::from_row(c, s, -s, c, x, y));
        }
        let at = if turned { Point::from_xy(0.0, 0.0) } else { Point::from_xy(x, y) };
        self.surface.draw_glyphs(at, &glyphs, file, &letters.text, size, false);
        if turned {
            self.surface.pop();
        }
        Ok(())
    }

    /// One path of all dark modules: no hairs between them.
    fn code(&mut self, code: &Code) {
        self.draw(&code.plate(), Paint::Fill(Colour::WHITE), FillRule::NonZero);
        let place = |(x, y): &(usize, usize)| {
            let at = |from: f64, i: usize| from + i as f64 * code.module;
            (at(code.x, *x), at(code.y, *y))
        };
        let contour = |corners: Vec<(usize, usize)>| {
            let corners: Vec<(f64, f64)> = corners.iter().map(place).collect();
            super::shape::polygon(&corners)
        };
        let path: Vec<Step> = code.modules.contours().into_iter().flat_map(contour).collect();
        self.draw(&path, Paint::Fill(Colour::BLACK), FillRule::EvenOdd);
    }
}

/// The font files as the writer wants them, read once.
fn file(weight: Weight) -> Result<krilla::text::Font, DrawError> {
    static FILES: LazyLock<[Option<krilla::text::Font>; 2]> =
        LazyLock::new(|| [Weight::Regular, Weight::Bold].map(|w| krilla::text::Font::new(w.file().into(), 0)));
    let [regular, bold] = &*FILES;
    let file = match weight {
        Weight::Regular => regular,
        Weight::Bold => bold,
    };
    file.clone().ok_or(DrawError::FontBroken)
}

fn built(steps: &[Step]) -> Option<Path> {
    let mut b = PathBuilder::new();
    for step in steps {
        match *step {
            Step::Move(x, y) => b.move_to(x as f32, y as f32),
            Step::Line(x, y) => b.line_to(x as f32, y as f32),
            Step::Cubic(ax, ay, bx, by, x, y) => {
                b.cubic_to(ax as f32, ay as f32, bx as f32, by as f32, x as f32, y as f32);
            }
            Step::Close => b.close(),
        }
    }
    b.finish()
}

/// China has had one time zone since 1949; UTC+8.
fn date_time(at: Timestamp) -> DateTime {
    let local = TimeZone::fixed(jiff::tz::offset(8)).to_datetime(at);
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
