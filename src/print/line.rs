//! Lines on pictures.

use super::refused;
use crate::domain::Refusal;
use crate::draw::{Colour, Font, Letters, Page, Weight};

/// A line that begins there, the middle of its capitals on the height given; where it ends.
pub(super) fn line(
    page: &mut Page,
    text: &str,
    (x, y): (f64, f64),
    (weight, size): (Weight, f64),
    colour: Colour,
) -> Result<f64, Refusal> {
    let text = Font::of(weight).map_err(refused)?.printable(text);
    let letters = Letters::new(&text, weight, size, colour, (0.0, 0.0));
    let width = letters.width().map_err(refused)?;
    let letters = letters.centred(0.0, y).map_err(refused)?;
    page.letters(Letters { x, ..letters });
    Ok(x + width)
}
