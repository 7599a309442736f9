//! Codes read out of a stranger's picture or photograph: limits first, then several sizes, each by two families of decoders.

use super::decoders::{Grey, texts_in};
use crate::domain::Refusal;
use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder as _, ImageFormat, ImageReader, Limits};
use std::collections::BTreeSet;
use std::io::Cursor;
use tiny_skia::{Pixmap, PremultipliedColorU8};

/// Largest file read: a phone's photograph has up to about 12 MB.
pub const FILE_MAX: usize = 16 * 1024 * 1024;
/// Longest side read; beyond it no camera of a phone goes.
pub const SIDE_MAX: u32 = 12_000;
/// Most pixels read: 50 megapixels, what phones of today write at most unless told otherwise.
pub const PIXELS_MAX: u64 = 50_000_000;
/// Most memory a decoder of pictures may take: four bytes a pixel.
const MEMORY_MAX: u64 = PIXELS_MAX * 4;
/// Most codes reported; a picture with more is a sheet of labels, not a mark.
pub const CODES_MAX: usize = 16;
/// Longest sides at which a photograph is tried, one after the other. Decoders lose codes that are too large as well as
/// those that are too small, and noise vanishes when pixels are averaged.
const TRIES: [u32; 4] = [900, 1_600, 2_600, 4_000];
/// Pictures with a longest side below this are doubled first: a cut-out from a screen has two pixels a module.
const DOUBLED_BELOW: u32 = 450;

/// Every distinct text of the QR codes in a PNG, JPEG or WebP file, sorted. None found is no error: an empty set.
///
/// # Errors
/// `photo_too_large` beyond [`FILE_MAX`], [`SIDE_MAX`] or [`PIXELS_MAX`]; `photo_unreadable` for what is none of these;
/// `photo_crowded` for more than 16 codes, of which none could be passed over.
pub fn codes(file: &[u8]) -> Result<BTreeSet<String>, Refusal> {
    let full = grey(file)?;
    let longest = full.width.max(full.height);
    let mut found = BTreeSet::new();
    let mut last = 0;
    for side in TRIES {
        // Also when something is read: a second code may be smaller.
        if last == longest {
            break;
        }
        let scaled = if longest < DOUBLED_BELOW { doubled(&full) } else { reduced(&full, side) };
        found.append(&mut texts_in(&scaled));
        // A code in white on black, or in grey beside a black one, is one to other readers.
        found.append(&mut texts_in(&scaled.inverted()));
        found.append(&mut texts_in(&scaled.pale()));
        last = longest.min(side);
    }
    if found.len() > CODES_MAX {
        let why = format!("the picture holds more than {CODES_MAX} codes: take one of the mark alone");
        return Err(Refusal::invalid("photo_crowded", why));
    }
    Ok(found)
}

/// How many pixels a picture has, before it is unpacked; nothing where it is none.
#[must_use]
pub fn pixels(file: &[u8]) -> Option<u64> {
    let (width, height) = ImageReader::new(Cursor::new(file)).with_guessed_format().ok()?.into_dimensions().ok()?;
    Some(u64::from(width) * u64::from(height))
}

/// Pixels of our own, transparent ones on white paper.
pub(super) fn of_pixels(pixmap: &Pixmap) -> Grey {
    let luma = |p: &PremultipliedColorU8| {
        let sum = u32::from(p.red()) * 299 + u32::from(p.green()) * 587 + u32::from(p.blue()) * 114;
        (sum / 1000) as u8 + (u8::MAX - p.alpha())
    };
    let pixels = pixmap.pixels().iter().map(luma).collect();
    Grey { width: pixmap.width(), height: pixmap.height(), pixels }
}

/// The pixels of a PNG, JPEG or WebP in grey; transparent ones show white paper.
pub(super) fn grey(file: &[u8]) -> Result<Grey, Refusal> {
    let (image, _) = decoded(file)?;
    let (width, height) = (image.width(), image.height());
    let pixels = match &image {
        i if i.color().has_alpha() => on_white(i),
        i => i.to_luma8().into_raw(),
    };
    Ok(Grey { width, height, pixels })
}

/// Decodes a PNG, JPEG or WebP within the limits, and how it is to be turned to stand upright.
///
/// # Errors
/// `photo_too_large`; `photo_unreadable`.
pub(super) fn decoded(file: &[u8]) -> Result<(DynamicImage, Orientation), Refusal> {
    let large = |what: String| Refusal::invalid("photo_too_large", what);
    if file.len() > FILE_MAX {
        return Err(large(format!("the picture has {} bytes; at most {FILE_MAX} are read", file.len())));
    }
    let unreadable =
        || Refusal::invalid("photo_unreadable", "the file is no whole picture that is read here: PNG, JPEG or WebP");
    let format = image::guess_format(file).map_err(|_| unreadable())?;
    if !matches!(format, ImageFormat::Png | ImageFormat::Jpeg | ImageFormat::WebP) {
        return Err(unreadable());
    }
    let (w, h) = ImageReader::with_format(Cursor::new(file), format).into_dimensions().map_err(|_| unreadable())?;
    if w > SIDE_MAX || h > SIDE_MAX || u64::from(w) * u64::from(h) > PIXELS_MAX {
        let most = PIXELS_MAX / 1_000_000;
        return Err(large(format!("the picture is {w} x {h} pixels; at most {SIDE_MAX} a side and {most} million")));
    }
    let mut limits = Limits::default();
    (limits.max_image_width, limits.max_image_height) = (Some(SIDE_MAX), Some(SIDE_MAX));
    limits.max_alloc = Some(MEMORY_MAX);
    let mut reader = ImageReader::with_format(Cursor::new(file), format);
    reader.limits(limits);
    let mut decoder = reader.into_decoder().map_err(|_| unreadable())?;
    let turned = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    Ok((DynamicImage::from_decoder(decoder).map_err(|_| unreadable())?, turned))
}

fn on_white(image: &DynamicImage) -> Vec<u8> {
    let over = |grey: u8, alpha: u8| {
        let (g, a) = (u32::from(grey), u32::from(alpha));
        ((g * a + 255 * (255 - a) + 127) / 255) as u8
    };
    image.to_luma_alpha8().pixels().map(|p| over(p.0[0], p.0[1])).collect()
}

/// The mean of whole blocks of pixels, so that the longest side comes to at most `side`.
fn reduced(from: &Grey, side: u32) -> Grey {
    let step = from.width.max(from.height).div_ceil(side).max(1);
    if step == 1 {
        return Grey { width: from.width, height: from.height, pixels: from.pixels.clone() };
    }
    let (width, height) = ((from.width / step).max(1), (from.height / step).max(1));
    let mut pixels = Vec::with_capacity(width as usize * height as usize);
    let mut sums = vec![0u32; width as usize];
    let (step_x, step_y) = (step.min(from.width), step.min(from.height));
    for y in 0..height {
        sums.fill(0);
        for row in 0..step_y {
            let begin = (y * step_y + row) as usize * from.width as usize;
            for (sum, block) in sums.iter_mut().zip(from.pixels[begin..].chunks_exact(step_x as usize)) {
                *sum += block.iter().map(|p| u32::from(*p)).sum::<u32>();
            }
        }
        pixels.extend(sums.iter().map(|s| (s / (step_x * step_y)) as u8));
    }
    Grey { width, height, pixels }
}

/// Every pixel twice in both directions.
pub(super) fn doubled(from: &Grey) -> Grey {
    let rows = from.pixels.chunks_exact(from.width.max(1) as usize);
    let pixels = rows.flat_map(|row| [row, row]).flatten().flat_map(|p| [*p, *p]).collect();
    Grey { width: from.width * 2, height: from.height * 2, pixels }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Level;
    use crate::mark::{Ink, Layout, testing};

    fn mark(level: Level, layout: Layout) -> Vec<u8> {
        testing::png(level, layout, Ink::Colour, 8)
    }

    /// A photograph in miniature: the mark smaller, at an angle, blurred, unevenly lit, on a table.
    fn photographed(file: &[u8], angle: f64, zoom: f64, light: f64) -> Vec<u8> {
        let from = grey(file).unwrap();
        let (w, h) = (1500u32, 1500u32);
        let (sin, cos) = angle.to_radians().sin_cos();
        let sample = |x: f64, y: f64| {
            let (dx, dy) = ((x - 750.0) / zoom, (y - 750.0) / zoom);
            let (u, v) =
                (dx * cos + dy * sin + f64::from(from.width) / 2.0, dy * cos - dx * sin + f64::from(from.height) / 2.0);
            if u < 0.0 || v < 0.0 || u >= f64::from(from.width) || v >= f64::from(from.height) {
                return 120.0;
            }
            f64::from(from.pixels[v as usize * from.width as usize + u as usize])
        };
        let out = image::GrayImage::from_fn(w, h, |x, y| {
            let (x, y) = (f64::from(x), f64::from(y));
            let near = [-1.0, -0.5, 0.0, 0.5, 1.0];
            let sum: f64 =
                near.iter().flat_map(|i| near.iter().map(move |j| (i, j))).map(|(i, j)| sample(x + i, y + j)).sum();
            let shade = 1.0 - light * (x + y) / 3000.0;
            image::Luma([(20.0 + sum / 25.0 * 0.8 * shade).clamp(0.0, 255.0) as u8])
        });
        let mut jpeg = Vec::new();
        image::codecs::jpeg::JpegEncoder::new_with_quality(&mut jpeg, 70).encode_image(&out).unwrap();
        jpeg
    }

    #[test]
    fn ordinary_photographs_are_read() {
        for (layout, zoom) in [(Layout::Vertical, 0.75), (Layout::Small, 1.0)] {
            let file = mark(Level::FiveStar, layout);
            let expected = BTreeSet::from([testing::url(Level::FiveStar, layout)]);
            for (angle, light) in [(0.0, 0.0), (7.0, 0.3), (-31.0, 0.5), (180.0, 0.2)] {
                let photo = photographed(&file, angle, zoom, light);
                assert_eq!(codes(&photo).unwrap(), expected, "{layout:?} {angle}");
            }
        }
    }

    #[test]
    fn two_codes_in_one_picture_are_both_reported() {
        let (a, b) = (
            grey(&mark(Level::FiveStar, Layout::Vertical)).unwrap(),
            grey(&mark(Level::FiveStar, Layout::Small)).unwrap(),
        );
        let (w, h) = (a.width + b.width, a.height.max(b.height));
        // The second one as it is, in white on black, and in grey on white.
        let tones: [fn(u8) -> u8; 3] = [|p| p, |p| !p, |p| if p < 128 { 170 } else { 255 }];
        for (i, tone) in tones.iter().enumerate() {
            let both = image::GrayImage::from_fn(w, h, |x, y| match x.checked_sub(a.width) {
                _ if x < a.width => image::Luma([a.pixels.get((y * a.width + x) as usize).copied().unwrap_or(200)]),
                Some(x) if y < b.height => image::Luma([tone(b.pixels[(y * b.width + x) as usize])]),
                _ => image::Luma([200]),
            });
            let mut file = Vec::new();
            both.write_to(&mut Cursor::new(&mut file), ImageFormat::Png).unwrap();
            let expected = Layout::ALL.map(|l| testing::url(Level::FiveStar, l));
            assert_eq!(codes(&file).unwrap(), BTreeSet::from(expected), "tone {i}");
        }
    }

    #[test]
    fn a_second_code_far_smaller_than_the_first_is_reported_too() {
        let (a, b) = (
            grey(&mark(Level::FiveStar, Layout::Vertical)).unwrap(),
            reduced(&grey(&mark(Level::FiveStar, Layout::Small)).unwrap(), 220),
        );
        let at = |from: &Grey, x: u32, y: u32| {
            (x < from.width && y < from.height).then(|| from.pixels[(y * from.width + x) as usize])
        };
        let both = image::GrayImage::from_fn(4000, 3000, |x, y| {
            let inner = at(&a, x.wrapping_sub(200), y.wrapping_sub(200));
            image::Luma([inner.or(at(&b, x.wrapping_sub(3_300), y.wrapping_sub(2_200))).unwrap_or(200)])
        });
        let mut file = Vec::new();
        both.write_to(&mut Cursor::new(&mut file), ImageFormat::Png).unwrap();
        let expected = Layout::ALL.map(|l| testing::url(Level::FiveStar, l));
        assert_eq!(codes(&file).unwrap(), BTreeSet::from(expected));
    }

    #[test]
    fn a_webp_is_read_as_a_png_is() {
        let png = mark(Level::FiveStar, Layout::Small);
        let mut webp = Vec::new();
        image::load_from_memory(&png).unwrap().write_to(&mut Cursor::new(&mut webp), ImageFormat::WebP).unwrap();
        assert_eq!(codes(&webp).unwrap(), codes(&png).unwrap());
        assert_eq!(codes(&webp[..webp.len() / 2]).unwrap_err().code, "photo_unreadable");
    }

    #[test]
    fn what_is_no_picture_is_refused() {
        let code = |file: &[u8]| codes(file).unwrap_err().code;
        assert_eq!(code(b""), "photo_unreadable");
        assert_eq!(code(b"GIF89a\x01\x00\x01\x00"), "photo_unreadable");
        let good = mark(Level::FiveStar, Layout::Small);
        assert_eq!(code(&good[..good.len() / 2]), "photo_unreadable");
        assert_eq!(code(&vec![0; FILE_MAX + 1]), "photo_too_large");
        assert!(codes(&std::fs::read("assets/fonts/OFL.txt").unwrap()).is_err());
    }

    #[test]
    fn a_small_file_that_unpacks_to_gigabytes_is_refused_before_it_is_unpacked() {
        let header = |w: u32, h: u32| {
            let mut file = Vec::new();
            let mut e = png::Encoder::new(&mut file, w, h);
            e.set_depth(png::BitDepth::Eight);
            drop(e.write_header().unwrap());
            // In place of the end chunk: an empty IDAT chunk with its CRC, so that the header counts as whole.
            file.truncate(file.len() - 12);
            file.extend_from_slice(b"\0\0\0\0IDAT\x35\xaf\x06\x1e");
            file
        };
        assert_eq!(codes(&header(60_000, 60_000)).unwrap_err().code, "photo_too_large");
        assert_eq!(codes(&header(12_001, 1)).unwrap_err().code, "photo_too_large");
        assert_eq!(codes(&header(8_000, 7_000)).unwrap_err().code, "photo_too_large");
    }

    #[test]
    fn blank_and_tiny_pictures_hold_no_codes() {
        for (w, h) in [(1, 1), (1, 3000), (3000, 1), (640, 480)] {
            let mut file = Vec::new();
            image::GrayImage::new(w, h).write_to(&mut Cursor::new(&mut file), ImageFormat::Png).unwrap();
            assert_eq!(codes(&file).unwrap(), BTreeSet::new(), "{w} x {h}");
        }
    }
}
