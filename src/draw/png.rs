//! Pixels as PNG (ISO/IEC 15948) with their resolution: small, and the same bytes each time.

use super::DrawError;
use super::code::{Modules, QUIET_ZONE};
use super::page::{Item, Page};
use super::raster::rasterise;
use super::shape::Colour;
use png::{BitDepth, ColorType, Compression, DeflateCompression, Encoder, Filter, PixelDimensions, Unit};
use std::collections::HashMap;
use tiny_skia::PremultipliedColorU8;

/// Most steps between two colours of the palette; smoothed edges need no more.
const STEPS_MAX: u32 = 15;
/// Entries of a palette.
const PALETTE_MAX: usize = 256;

/// The colours of a page, and even steps between each two and between each and nothing.
struct Palette {
    colours: Vec<[u8; 4]>,
}

impl Palette {
    fn of(page: &Page) -> Self {
        let mut solid: Vec<[u8; 3]> = vec![Colour::BLACK.rgb, Colour::WHITE.rgb];
        for item in &page.items {
            let rgb = match item {
                Item::Shape(shape) => shape.paint.colour().rgb,
                Item::Letters(letters) => letters.colour.rgb,
                Item::Code(_) => continue,
            };
            if !solid.contains(&rgb) {
                solid.push(rgb);
            }
        }
        // Between each two colours, and from each to nothing at round corners.
        let size = |steps: usize| {
            solid.len() + solid.len() * (solid.len() - 1) / 2 * (steps - 1) + 1 + solid.len() * (steps - 1)
        };
        let steps = (2..=STEPS_MAX).rev().find(|s| size(*s as usize) <= PALETTE_MAX).unwrap_or(1);
        let mut colours: Vec<[u8; 4]> = solid.iter().map(|c| [c[0], c[1], c[2], 255]).collect();
        for (i, a) in solid.iter().enumerate() {
            for b in &solid[i + 1..] {
                colours.extend((1..steps).map(|k| {
                    let mix =
                        |j: usize| ((u32::from(a[j]) * (steps - k) + u32::from(b[j]) * k + steps / 2) / steps) as u8;
                    [mix(0), mix(1), mix(2), 255]
                }));
            }
        }
        colours.push([255, 255, 255, 0]);
        for [r, g, b] in &solid {
            colours.extend((1..steps).map(|k| [*r, *g, *b, (k * 255 / steps) as u8]));
        }
        colours.truncate(PALETTE_MAX);
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

    /// The palette's entry for every pixel.
    fn indices(&self, pixels: &[PremultipliedColorU8]) -> Vec<u8> {
        let mut known: HashMap<PremultipliedColorU8Key, u8> = HashMap::new();
        // Most pixels are like the one before.
        let mut last: Option<(PremultipliedColorU8, u8)> = None;
        pixels
            .iter()
            .map(|pixel| match last {
                Some((before, index)) if before == *pixel => index,
                _ => {
                    let index = *known.entry(key(*pixel)).or_insert_with(|| self.nearest(*pixel));
                    last = Some((*pixel, index));
                    index
                }
            })
            .collect()
    }
}

type PremultipliedColorU8Key = u32;

fn key(p: PremultipliedColorU8) -> PremultipliedColorU8Key {
    u32::from_be_bytes([p.red(), p.green(), p.blue(), p.alpha()])
}

/// Draws the page with that many pixels to a millimetre and writes it as an indexed PNG with `pHYs`.
///
/// # Errors
/// As [`rasterise`]; [`DrawError::Unwritten`].
pub fn png(page: &Page, scale: f64) -> Result<Vec<u8>, DrawError> {
    let pixmap = rasterise(page, scale)?;
    let palette = Palette::of(page);
    let indices = palette.indices(pixmap.pixels());
    let mut out = Vec::new();
    let mut encoder = Encoder::new(&mut out, pixmap.width(), pixmap.height());
    encoder.set_color(ColorType::Indexed);
    encoder.set_depth(BitDepth::Eight);
    encoder.set_palette(palette.colours.iter().flat_map(|c| [c[0], c[1], c[2]]).collect::<Vec<u8>>());
    encoder.set_trns(palette.colours.iter().map(|c| c[3]).collect::<Vec<u8>>());
    // Half the time of the usual level 6 for 8 bytes more in a hundred (measured on marks of 300 and 600 dpi).
    encoder.set_deflate_compression(DeflateCompression::Level(4));
    encoder.set_filter(Filter::NoFilter);
    encoder.set_pixel_dims(Some(resolution(scale)));
    written(encoder, &indices)?;
    Ok(out)
}

/// A bare code with its quiet zone, one bit a pixel and that many pixels a module.
///
/// # Errors
/// [`DrawError::Pixels`] for no pixels or more than [`PIXELS_MAX`](super::raster::PIXELS_MAX); [`DrawError::Unwritten`].
pub fn bitonal(modules: &Modules, module_px: u32) -> Result<Vec<u8>, DrawError> {
    let (n, px) = (modules.side(), module_px as usize);
    let side = (n + 2 * QUIET_ZONE) as u64 * u64::from(module_px);
    if side == 0 || side * side > super::raster::PIXELS_MAX {
        return Err(DrawError::Pixels(side, side));
    }
    let side = side as usize;
    let stride = side.div_ceil(8);
    let light = vec![0xff; stride];
    let mut pixels = Vec::with_capacity(stride * side);
    let blank = |pixels: &mut Vec<u8>| (0..QUIET_ZONE * px).for_each(|_| pixels.extend_from_slice(&light));
    blank(&mut pixels);
    let mut line = light.clone();
    for y in 0..n {
        line.copy_from_slice(&light);
        for x in (0..n).filter(|x| modules.is_dark(*x, y)) {
            let from = (QUIET_ZONE + x) * px;
            darken(&mut line, from, from + px);
        }
        (0..px).for_each(|_| pixels.extend_from_slice(&line));
    }
    blank(&mut pixels);
    let mut out = Vec::with_capacity(4096);
    let mut encoder = Encoder::new(&mut out, side as u32, side as u32);
    encoder.set_color(ColorType::Grayscale);
    encoder.set_depth(BitDepth::One);
    encoder.set_compression(Compression::Fast);
    encoder.set_filter(Filter::Up);
    written(encoder, &pixels)?;
    Ok(out)
}

/// Clears the bits from one up to before another, the first in a byte its highest.
fn darken(line: &mut [u8], from: usize, to: usize) {
    let (first, last) = (from / 8, (to - 1) / 8);
    let (head, tail) = (0xffu8 >> (from % 8), !(0x7fu8 >> ((to - 1) % 8)));
    if first == last {
        line[first] &= !(head & tail);
        return;
    }
    line[first] &= !head;
    line[first + 1..last].fill(0);
    line[last] &= !tail;
}

fn resolution(scale: f64) -> PixelDimensions {
    let per_metre = (scale * 1000.0).round() as u32;
    PixelDimensions { xppu: per_metre, yppu: per_metre, unit: Unit::Meter }
}

fn written(encoder: Encoder<'_, &mut Vec<u8>>, pixels: &[u8]) -> Result<(), DrawError> {
    let done = encoder.write_header().and_then(|mut w| {
        w.write_image_data(pixels)?;
        w.finish()
    });
    done.map_err(|e| DrawError::Unwritten(e.to_string()))
}

#[cfg(test)]
mod tests {
    use super::super::shape::{Paint, circle, rounded};
    use super::super::{Code, Letters, Weight};
    use super::*;

    fn read(file: &[u8]) -> (png::OutputInfo, Vec<u8>, Option<PixelDimensions>) {
        let mut decoder = png::Decoder::new(std::io::Cursor::new(file));
        decoder.set_transformations(png::Transformations::EXPAND);
        let mut reader = decoder.read_info().unwrap();
        let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
        let info = reader.next_frame(&mut pixels).unwrap();
        (info, pixels, reader.info().pixel_dims)
    }

    fn sample() -> Modules {
        Modules::from_rows(vec![0b1011, 0b0100, 0b1110, 0b0001]).unwrap()
    }

    #[test]
    fn a_bare_code_has_its_modules_and_its_quiet_zone() {
        for px in [1u32, 3, 4, 7, 8, 11] {
            let (info, pixels, _) = read(&bitonal(&sample(), px).unwrap());
            let side = 12 * px as usize;
            assert_eq!((info.width as usize, info.height as usize), (side, side));
            for (at, value) in pixels.iter().enumerate() {
                let (x, y) = (at % side / px as usize, at / side / px as usize);
                let dark = x >= 4 && y >= 4 && sample().is_dark(x - 4, y - 4);
                assert_eq!(*value, if dark { 0 } else { 255 }, "{px}: {x},{y}");
            }
        }
        assert_eq!(bitonal(&sample(), 0), Err(DrawError::Pixels(0, 0)));
        assert!(bitonal(&sample(), 100_000).is_err());
    }

    #[test]
    fn a_file_says_its_size_and_keeps_its_colours() {
        let mut page = Page::new(20.0, 10.0);
        page.fill(rounded(0.0, 0.0, 20.0, 10.0, 2.0, 2.0), Colour::INK);
        page.fill(circle(5.0, 5.0, 3.0), Colour::VERMILION);
        page.letters(Letters::new("示例", Weight::Bold, 3.0, Colour::WHITE, (10.0, 8.0)));
        page.items.push(Item::Code(Code { modules: sample(), x: 12.0, y: 3.0, module: 0.4 }));
        let file = png(&page, 10.0).unwrap();
        assert_eq!(file, png(&page, 10.0).unwrap());
        let (info, pixels, resolution) = read(&file);
        assert_eq!((info.width, info.height), (200, 100));
        assert_eq!(resolution.unwrap().xppu, 10_000);
        let at = |x: usize, y: usize| &pixels[(y * 200 + x) * 4..][..4];
        assert_eq!(at(0, 0), [255, 255, 255, 0]);
        assert_eq!(at(50, 50), [0xa8, 0x20, 0x1a, 255]);
        assert_eq!(at(5, 50), [0x16, 0x20, 0x2a, 255]);
        assert_eq!((at(122, 32), at(130, 32)), (&[0, 0, 0, 255][..], &[255, 255, 255, 255][..]));
    }

    #[test]
    fn a_round_corner_fades_out_in_its_own_colour() {
        let mut page = Page::new(20.0, 10.0);
        page.fill(circle(5.0, 5.0, 5.0), Colour::VERMILION);
        page.fill(rounded(12.0, 0.0, 8.0, 10.0, 3.0, 3.0), Colour::INK);
        let (info, pixels, _) = read(&png(&page, 10.0).unwrap());
        let edges = pixels.chunks_exact(4).enumerate().filter(|(_, p)| (1..255).contains(&p[3]));
        let mut seen = [0, 0];
        for (at, pixel) in edges {
            let right = at % info.width as usize > 110;
            let colour = if right { Colour::INK } else { Colour::VERMILION };
            assert_eq!(pixel[..3], colour.rgb, "{at}");
            seen[usize::from(right)] += 1;
        }
        assert!(seen.iter().all(|n| *n > 20), "{seen:?}");
    }

    #[test]
    fn many_colours_fit_a_palette() {
        let mut page = Page::a4();
        for i in 0..20u8 {
            page.shape(circle(10.0, 10.0, f64::from(i)), Paint::Fill(Colour::screen(i * 12, 255 - i * 12, i)));
        }
        assert!(Palette::of(&page).colours.len() <= PALETTE_MAX);
        assert!(png(&page, 1.0).is_ok());
        assert_eq!(png(&page, 1000.0), Err(DrawError::Pixels(210_000, 297_000)));
    }
}
