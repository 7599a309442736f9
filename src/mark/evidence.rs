//! A stranger's photograph as evidence: drawn anew from its pixels, so that neither where it was taken nor anything hidden in the
//! file is kept, and small enough to keep many.

use super::read::decoded;
use crate::domain::Refusal;
use image::DynamicImage;
use image::codecs::jpeg::JpegEncoder;
use image::imageops::FilterType;

/// Longest side kept: print on packaging stays legible.
pub const SIDE_MAX: u32 = 1_600;
/// Quality of the JPEG: some 200 to 500 KB a photograph.
const QUALITY: u8 = 80;

/// The photograph upright, at most [`SIDE_MAX`] pixels long, as a JPEG with nothing but its pixels.
///
/// # Errors
/// `photo_too_large` or `photo_unreadable`, as [`codes`](super::read::codes).
pub fn photograph(file: &[u8]) -> Result<Vec<u8>, Refusal> {
    let (mut image, turned) = decoded(file)?;
    if image.width().max(image.height()) > SIDE_MAX {
        image = image.resize(SIDE_MAX, SIDE_MAX, FilterType::Triangle);
    }
    image.apply_orientation(turned);
    let mut jpeg = vec![];
    let opaque = DynamicImage::ImageRgb8(image.to_rgb8());
    let broken = |_| Refusal::invalid("photo_unreadable", "the picture cannot be kept as a photograph");
    JpegEncoder::new_with_quality(&mut jpeg, QUALITY).encode_image(&opaque).map_err(broken)?;
    Ok(jpeg)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mark::read::codes;
    use crate::mark::{Ink, Layout, testing};

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
        assert_eq!(photograph(b"GIF89a").unwrap_err().code, "photo_unreadable");
    }
}
