//! A picture as pixels: letters smoothed, modules whole pixels; written as PNG with a palette and its resolution.

use super::display::{Colour, Paint, Picture, Shape, Step};
use crate::domain::Refusal;
use std::collections::HashMap;
use tiny_skia::{
    FillRule, LineCap, LineJoin, Mask, Path, PathBuilder, Pixmap, PremultipliedColorU8, Stroke, Transform,
};

/// Fewest pixels a module may have: below, scaling by the next program closes gaps.
pub const MODULE_PX_MIN: u32 = 4;
/// Most pixels of a module: about 1200 dpi.
pub const MODULE_PX_MAX: u32 = 24;
/// Pixels of a module unless asked otherwise: about 610 dpi at the designed size.
pub const MODULE_PX_DEFAULT: u32 = 12;
/// Steps between two colours of the palette; smoothed edges need no more.
const STEPS: u32 = 15;

/// Draws the picture with that many pixels to a module.
///
/// # Errors
/// `mark_module_px` outside 4 to 24; `mark_not_drawn` if memory for the picture is lacking.
pub fn rasterise(picture: &Picture, module_px: u32) -> Result<Pixmap, Refusal> {
    if !(MODULE_PX_MIN..=MODULE_PX_MAX).contains(&module_px) {
        return Err(Refusal::invalid(
            "mark_module_px",
            format!("a module has {MODULE_PX_MIN} to {MODULE_PX_MAX} whole pixels, not {module_px}"),
        ));
    }
    let scale = f64::from(module_px) / picture.place.module;
    let px = |mm: f64| (mm * scale).round() as u32;
    let mut pixmap = Pixmap::new(px(picture.width), px(picture.height)).ok_or_else(not_drawn)?;
    for shape in &picture.shapes {
        paint(&mut pixmap, shape, scale);
    }
    code(&mut pixmap, picture, module_px);
    Ok(pixmap)
}

fn not_drawn() -> Refusal {
    Refusal::rule("mark_not_drawn", "the mark's picture could not be made; ask for fewer pixels to a module")
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

fn paint(pixmap: &mut Pixmap, shape: &Shape, scale: f64) {
    // An empty outline (spaces) draws nothing.
    let Some(path) = built(&shape.path) else { return };
    let mut ink = tiny_skia::Paint { anti_alias: true, ..Default::default() };
    let transform = Transform::from_scale(scale as f32, scale as f32);
    let no_mask: Option<&Mask> = None;
    match shape.paint {
        Paint::Fill(Colour([r, g, b])) => {
            ink.set_color_rgba8(r, g, b, 255);
            pixmap.fill_path(&path, &ink, FillRule::Winding, transform, no_mask);
        }
        Paint::Stroke(Colour([r, g, b]), width) => {
            ink.set_color_rgba8(r, g, b, 255);
            let stroke = Stroke {
                width: width as f32,
                line_join: LineJoin::Miter,
                line_cap: LineCap::Butt,
                ..Default::default()
            };
            pixmap.stroke_path(&path, &ink, &stroke, transform, no_mask);
        }
    }
}

/// The code and its quiet zone, every module a square of whole pixels.
fn code(pixmap: &mut Pixmap, picture: &Picture, module_px: u32) {
    let place = picture.place;
    let scale = f64::from(module_px) / place.module;
    let module = module_px as usize;
    let quiet = super::qr::QUIET_ZONE;
    let (width, height) = (pixmap.width() as usize, pixmap.height() as usize);
    let left = ((place.x * scale).round() as usize).saturating_sub(quiet * module);
    let top = ((place.y * scale).round() as usize).saturating_sub(quiet * module);
    let side = (picture.code.modules() + 2 * quiet) * module;
    let opaque = |v: u8| PremultipliedColorU8::from_rgba(v, v, v, 255);
    let (Some(black), Some(white)) = (opaque(0), opaque(255)) else { return };
    let pixels = pixmap.pixels_mut();
    for y in 0..side.min(height - top) {
        for x in 0..side.min(width - left) {
            let dark = x >= quiet * module
                && y >= quiet * module
                && picture.code.is_dark(x / module - quiet, y / module - quiet);
            pixels[(top + y) * width + left + x] = if dark { black } else { white };
        }
    }
}

/// The colours of a picture and even steps between each two, and between nothing and the mark's edge.
struct Palette {
    colours: Vec<[u8; 4]>,
}

impl Palette {
    fn of(picture: &Picture) -> Self {
        let mut solid: Vec<[u8; 3]> = vec![Colour::BLACK.0, Colour::WHITE.0];
        for shape in &picture.shapes {
            let (Paint::Fill(Colour(rgb)) | Paint::Stroke(Colour(rgb), _)) = shape.paint;
            if !solid.contains(&rgb) {
                solid.push(rgb);
            }
        }
        // The undermost shape is the plate: its colour fades out at the round corners.
        let edge = picture.shapes.first().map_or(Colour::BLACK.0, |s| match s.paint {
            Paint::Fill(c) | Paint::Stroke(c, _) => c.0,
        });
        let mut colours: Vec<[u8; 4]> = solid.iter().map(|c| [c[0], c[1], c[2], 255]).collect();
        for (i, a) in solid.iter().enumerate() {
            for b in &solid[i + 1..] {
                colours.extend((1..STEPS).map(|k| {
                    let mix =
                        |j: usize| ((u32::from(a[j]) * (STEPS - k) + u32::from(b[j]) * k + STEPS / 2) / STEPS) as u8;
                    [mix(0), mix(1), mix(2), 255]
                }));
            }
        }
        colours.extend((0..STEPS).map(|k| [edge[0], edge[1], edge[2], (k * 255 / STEPS) as u8]));
        Self { colours }
    }

    fn nearest(&self, pixel: PremultipliedColorU8) -> u8 {
        let c = pixel.demultiply();
        let wanted = if c.alpha() == 0 { None } else { Some([c.red(), c.green(), c.blue(), c.alpha()]) };
        let distance = |p: &[u8; 4]| match wanted {
            None => u32::from(p[3]),
            Some(w) => (0..4).map(|j| u32::from(p[j].abs_diff(w[j])).pow(2) << if j == 3 { 4 } else { 0 }).sum(),
        };
        self.colours.iter().enumerate().min_by_key(|(_, p)| distance(p)).map_or(0, |(i, _)| i as u8)
    }
}

/// Draws the picture and writes it as an indexed PNG with `pHYs`.
///
/// # Errors
/// As [`rasterise`]; `mark_not_drawn` also if the file cannot be written.
pub fn png(picture: &Picture, module_px: u32) -> Result<Vec<u8>, Refusal> {
    let pixmap = rasterise(picture, module_px)?;
    let palette = Palette::of(picture);
    let mut seen: HashMap<[u8; 4], u8> = HashMap::new();
    let indices: Vec<u8> = pixmap
        .pixels()
        .iter()
        .map(|p| *seen.entry([p.red(), p.green(), p.blue(), p.alpha()]).or_insert_with(|| palette.nearest(*p)))
        .collect();
    let per_metre = (f64::from(module_px) / picture.place.module * 1000.0).round() as u32;
    let mut out = Vec::new();
    let mut encoder = png::Encoder::new(&mut out, pixmap.width(), pixmap.height());
    encoder.set_color(png::ColorType::Indexed);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_palette(palette.colours.iter().flat_map(|c| [c[0], c[1], c[2]]).collect::<Vec<u8>>());
    encoder.set_trns(palette.colours.iter().map(|c| c[3]).collect::<Vec<u8>>());
    encoder.set_compression(png::Compression::Balanced);
    encoder.set_filter(png::Filter::NoFilter);
    encoder.set_pixel_dims(Some(png::PixelDimensions { xppu: per_metre, yppu: per_metre, unit: png::Unit::Meter }));
    let written = encoder.write_header().and_then(|mut w| {
        w.write_image_data(&indices)?;
        w.finish()
    });
    written.map_err(|_| not_drawn())?;
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Level;
    use crate::mark::{Ink, Layout, testing};

    #[test]
    fn modules_are_whole_pixels_of_pure_black_and_white() {
        for px in [4, 5, 7, 12] {
            let picture = testing::picture(Level::FourStar, Layout::Vertical, Ink::Colour);
            let pixmap = rasterise(&picture, px).unwrap();
            let scale = f64::from(px) / picture.place.module;
            let (x0, y0) = ((picture.place.x * scale).round() as u32, (picture.place.y * scale).round() as u32);
            for y in 0..45 * px {
                for x in 0..45 * px {
                    let p = pixmap.pixel(x0 + x, y0 + y).unwrap();
                    let v = if picture.code.is_dark((x / px) as usize, (y / px) as usize) { 0 } else { 255 };
                    assert_eq!((p.red(), p.green(), p.blue(), p.alpha()), (v, v, v, 255), "{px}: {x},{y}");
                }
            }
        }
    }

    #[test]
    fn the_file_says_its_size_and_is_the_same_each_time() {
        let picture = testing::picture(Level::Qualified, Layout::Small, Ink::OneColour);
        let file = png(&picture, 12).unwrap();
        assert_eq!(file, png(&picture, 12).unwrap());
        let reader = png::Decoder::new(std::io::Cursor::new(&file)).read_info().unwrap();
        let info = reader.info();
        assert_eq!((info.width, info.height), (600, 900));
        // 12 pixels in 0.4 mm
        assert_eq!(info.pixel_dims.unwrap().xppu, 30_000);
        assert!(file.len() < 60_000, "{}", file.len());
    }

    #[test]
    fn too_few_or_too_many_pixels_are_refused() {
        let picture = testing::picture(Level::Qualified, Layout::Small, Ink::Colour);
        for px in [0, 3, 25, u32::MAX] {
            assert_eq!(rasterise(&picture, px).unwrap_err().code, "mark_module_px");
        }
    }
}
