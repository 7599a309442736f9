//! A page as pixels: outlines and letters smoothed, modules of codes whole pixels.

use super::DrawError;
use super::code::QUIET_ZONE;
use super::page::{Code, Item, Page};
use super::shape::{Ends, Paint, Step};
use tiny_skia::{
    FillRule, LineCap, LineJoin, Mask, Path, PathBuilder, Pixmap, PremultipliedColorU8, Stroke, StrokeDash, Transform,
};

/// Most pixels of a picture, about a square metre at 180 dpi: 4 bytes are held for each. Larger ones are made from SVG or PDF.
pub const PIXELS_MAX: u64 = 50_000_000;
/// Rounding of products, in pixels.
const EPSILON: f64 = 1e-6;

/// Draws the page with that many pixels to a millimetre. What nothing stands on stays transparent.
///
/// A code's modules are whole pixels: as many as fit where the scale gives no whole number.
///
/// # Errors
/// [`DrawError::Pixels`] where it has none or more than [`PIXELS_MAX`]; [`DrawError::LetterMissing`].
pub fn rasterise(page: &Page, scale: f64) -> Result<Pixmap, DrawError> {
    let px = |mm: f64| (mm * scale).round() as u64;
    let (width, height) = (px(page.width), px(page.height));
    let refused = || DrawError::Pixels(width, height);
    if width.saturating_mul(height) > PIXELS_MAX {
        return Err(refused());
    }
    let side = |n: u64| u32::try_from(n).map_err(|_| refused());
    let mut pixmap = Pixmap::new(side(width)?, side(height)?).ok_or_else(refused)?;
    for item in &page.items {
        match item {
            Item::Shape(shape) => paint(&mut pixmap, &shape.path, shape.paint, scale),
            Item::Letters(l) => paint(&mut pixmap, &l.outline()?, Paint::Fill(l.colour), scale),
            Item::Code(c) => code(&mut pixmap, c, scale),
        }
    }
    Ok(pixmap)
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

fn paint(pixmap: &mut Pixmap, steps: &[Step], how: Paint, scale: f64) {
    // An empty outline (spaces) draws nothing.
    let Some(path) = built(steps) else { return };
    let [r, g, b] = how.colour().rgb;
    let mut ink = tiny_skia::Paint { anti_alias: true, ..Default::default() };
    ink.set_color_rgba8(r, g, b, 255);
    let transform = Transform::from_scale(scale as f32, scale as f32);
    let no_mask: Option<&Mask> = None;
    match how {
        Paint::Fill(_) => pixmap.fill_path(&path, &ink, FillRule::Winding, transform, no_mask),
        Paint::Stroke(_, width, ends) => {
            let width = width as f32;
            let (line_join, line_cap) = match ends {
                Ends::Sharp => (LineJoin::Miter, LineCap::Butt),
                Ends::Round => (LineJoin::Round, LineCap::Round),
                Ends::Dashed => (LineJoin::Round, LineCap::Butt),
            };
            let dash = ends.dashes(width).and_then(|dashes| StrokeDash::new(dashes.to_vec(), 0.0));
            let stroke = Stroke { width, line_join, line_cap, dash, ..Default::default() };
            pixmap.stroke_path(&path, &ink, &stroke, transform, no_mask);
        }
    }
}

/// Pixels of a module at that scale.
#[must_use]
pub fn module_px(module: f64, scale: f64) -> usize {
    ((module * scale + EPSILON).floor() as usize).max(1)
}

/// The code and its quiet zone, every module a square of whole pixels, its upper left corner where it belongs.
fn code(pixmap: &mut Pixmap, code: &Code, scale: f64) {
    let module = module_px(code.module, scale);
    let quiet = QUIET_ZONE * module;
    let (width, height) = (pixmap.width() as usize, pixmap.height() as usize);
    let left = ((code.x * scale).round() as usize).saturating_sub(quiet);
    let top = ((code.y * scale).round() as usize).saturating_sub(quiet);
    let opaque = |v: u8| PremultipliedColorU8::from_rgba(v, v, v, 255);
    let (Some(black), Some(white)) = (opaque(0), opaque(255)) else { return };
    let side = code.modules.side();
    let whole = side * module + 2 * quiet;
    let (columns, rows) = (whole.min(width.saturating_sub(left)), whole.min(height.saturating_sub(top)));
    let pixels = pixmap.pixels_mut();
    let mut line = vec![white; whole];
    let mut drawn = None;
    for y in 0..rows {
        let row = (y >= quiet && y < whole - quiet).then(|| (y - quiet) / module);
        if row != drawn {
            line.fill(white);
            for x in (0..side).filter(|x| row.is_some_and(|y| code.modules.is_dark(*x, y))) {
                line[quiet + x * module..quiet + (x + 1) * module].fill(black);
            }
            drawn = row;
        }
        let from = (top + y) * width + left;
        pixels[from..from + columns].copy_from_slice(&line[..columns]);
    }
}
