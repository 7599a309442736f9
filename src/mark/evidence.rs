//! A stranger's photograph as evidence: drawn anew from its pixels, so that neither where it was taken nor anything hidden in the
//! file is kept, and small enough to keep many.

use super::read::decoded;
use crate::domain::Refusal;
use image::codecs::jpeg::JpegEncoder;
use image::imageops::FilterType;
use image::{DynamicImage, Rgb, RgbImage};

/// Longest side kept: print on packaging stays legible.
pub const SIDE_MAX: u32 = 1_600;
/// Bytes that are aimed at.
const BYTES_AIM: usize = 800 << 10;
/// Sides and qualities that are tried, until one stays below: a photograph has 200 to 500 KB at the first, noise is made smaller.
const TRIES: [(u32, u8); 4] = [(SIDE_MAX, 80), (SIDE_MAX, 55), (1_200, 50), (800, 40)];

/// The photograph upright and on white, at most [`SIDE_MAX`] pixels long, as a JPEG with nothing but its pixels.
///
/// # Errors
/// `photo_too_large` or `photo_unreadable`, as [`codes`](super::read::codes).
pub fn photograph(file: &[u8]) -> Result<Vec<u8>, Refusal> {
    let (mut image, turned) = decoded(file)?;
    if image.width().max(image.height()) > SIDE_MAX {
        image = image.resize(SIDE_MAX, SIDE_MAX, FilterType::Triangle);
    }
    image.apply_orientation(turned);
    let mut image = on_white(&image);
    let mut jpeg = vec![];
    for (side, quality) in TRIES {
        if image.width().max(image.height()) > side {
            image = DynamicImage::ImageRgb8(image).resize(side, side, FilterType::Triangle).to_rgb8();
        }
        jpeg.clear();
        let broken = |_| Refusal::invalid("photo_unreadable", "the picture cannot be kept as a photograph");
        JpegEncoder::new_with_quality(&mut jpeg, quality).encode_image(&image).map_err(broken)?;
        if jpeg.len() <= BYTES_AIM {
            break;
        }
    }
    Ok(jpeg)
}

/// Transparent pixels show white paper, as they do where the code is read.
fn on_white(image: &DynamicImage) -> RgbImage {
    if !image.color().has_alpha() {
        return image.to_rgb8();
    }
    let over = |colour: u8, alpha: u8| {
        let (c, a) = (u32::from(colour), u32::from(alpha));
        ((c * a + 255 * (255 - a) + 127) / 255) as u8
    };
    let from = image.to_rgba8();
    RgbImage::from_fn(from.width(), from.height(), |x, y| {
        let [r, g, b, a] = from.get_pixel(x, y).0;
        Rgb([over(r, a), over(g, a), over(b, a)])
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mark::read::codes;
    use crate::mark::{Ink, Layout, testing};
    use image::ImageFormat;
    use proptest::prelude::*;
    use proptest::sample::Index;
    use std::sync::LazyLock;

    /// Exif that says "turn a quarter to the right", and a place.
    const EXIF: &[u8] = b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0GPS 39.9 116.4";

    fn with_exif(jpeg: &[u8]) -> Vec<u8> {
        let mut out = jpeg[..2].to_vec();
        out.extend([0xff, 0xe1]);
        out.extend((EXIF.len() as u16 + 2).to_be_bytes());
        out.extend(EXIF);
        out.extend(&jpeg[2..]);
        out
    }

    #[test]
    fn it_stands_upright_and_tells_nothing_of_where_it_was_taken() {
        let wide = DynamicImage::new_rgb8(400, 100);
        let mut jpeg = vec![];
        JpegEncoder::new_with_quality(&mut jpeg, 90).encode_image(&wide).unwrap();
        let kept = photograph(&with_exif(&jpeg)).unwrap();
        let (image, _) = decoded(&kept).unwrap();
        assert_eq!((image.width(), image.height()), (100, 400));
        assert!(!kept.windows(4).any(|w| w == b"Exif" || w == b"GPS "));
    }

    #[test]
    fn it_is_reduced_and_its_code_is_still_read() {
        let mark = testing::png(crate::domain::Level::FiveStar, Layout::Vertical, Ink::Colour, 12);
        let kept = photograph(&mark).unwrap();
        let (image, _) = decoded(&kept).unwrap();
        assert_eq!(image.width().max(image.height()), SIDE_MAX);
        assert_eq!(codes(&kept).unwrap(), codes(&mark).unwrap());
        let clear = image::RgbaImage::from_fn(60, 60, |x, _| image::Rgba([0, 0, 0, if x < 30 { 255 } else { 0 }]));
        let mut png = vec![];
        clear.write_to(&mut std::io::Cursor::new(&mut png), image::ImageFormat::Png).unwrap();
        let kept = decoded(&photograph(&png).unwrap()).unwrap().0.to_luma8();
        assert!(kept.get_pixel(5, 30).0[0] < 20 && kept.get_pixel(55, 30).0[0] > 235, "what is clear shows paper");
        let noise = image::RgbImage::from_fn(1_600, 1_600, |x, y| {
            let n = (x.wrapping_mul(2_654_435_761) ^ y.wrapping_mul(40_503)).wrapping_mul(2_246_822_519) >> 8;
            image::Rgb([n as u8, (n >> 8) as u8, (n >> 16) as u8])
        });
        let mut jpeg = vec![];
        JpegEncoder::new_with_quality(&mut jpeg, 95).encode_image(&noise).unwrap();
        assert!(photograph(&jpeg).unwrap().len() <= BYTES_AIM, "what cannot be packed is made smaller");
        assert_eq!(photograph(b"GIF89a").unwrap_err().code, "photo_unreadable");
    }

    /// A small picture of a code in each format that is read.
    fn pictures() -> [Vec<u8>; 3] {
        let mark = testing::png(crate::domain::Level::FiveStar, Layout::Small, Ink::Colour, 2);
        let small = image::load_from_memory(&mark).unwrap().resize(160, 160, FilterType::Triangle);
        [ImageFormat::Png, ImageFormat::Jpeg, ImageFormat::WebP].map(|format| {
            let mut file = vec![];
            let image = DynamicImage::ImageRgb8(small.to_rgb8());
            image.write_to(&mut std::io::Cursor::new(&mut file), format).unwrap();
            file
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(96))]

        /// Whatever a stranger sends is read, or refused in one of three ways; and what is kept is a whole picture.
        #[test]
        fn a_broken_picture_is_refused_or_read(
            kind in 0..3usize,
            changes in proptest::collection::vec((any::<Index>(), any::<u8>()), 0..10),
            cut in proptest::option::of(any::<Index>()),
            tail in proptest::collection::vec(any::<u8>(), 0..40),
        ) {
            static PICTURES: LazyLock<[Vec<u8>; 3]> = LazyLock::new(pictures);
            let mut file = PICTURES[kind].clone();
            for (at, byte) in changes {
                let at = at.index(file.len());
                file[at] = byte;
            }
            if let Some(cut) = cut {
                file.truncate(cut.index(file.len()));
            }
            file.extend(tail);
            match photograph(&file) {
                Ok(kept) => prop_assert!(decoded(&kept).is_ok()),
                Err(why) => prop_assert!(matches!(why.code, "photo_unreadable" | "photo_too_large"), "{}", why.code),
            }
            if let Err(why) = codes(&file) {
                prop_assert!(why.code.starts_with("photo_"), "{}", why.code);
            }
        }
    }
}
