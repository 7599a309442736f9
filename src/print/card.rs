//! The picture that goes with a shared address: how a certificate stood when it was made.

use super::Sign;
use crate::domain::{Level, Refusal};
use crate::draw::lines::{Room, fit};
use crate::draw::shape::Ends;
use crate::draw::shape::{circle, polyline, rounded, star};
use crate::draw::{Colour, DrawError, Font, Letters, Page, Paint, Weight};

/// What stands on it.
#[derive(Debug, Clone, Copy)]
pub struct Card<'a> {
    /// How it stands: its sign, and its word in Chinese and English.
    pub sign: Sign,
    /// The word.
    pub word: (&'a str, &'a str),
    /// The holder.
    pub holder: &'a str,
    /// The level.
    pub level: Level,
    /// Whether the level may be shown as held.
    pub praised: bool,
    /// The certificate's number.
    pub number: &'a str,
    /// When it was made, as people read it.
    pub at: &'a str,
    /// The verification host.
    pub host: &'a str,
}

/// Width and height in tenths of what [`PIXELS`] makes of them: 1200 x 630 pixels, as those who show such pictures ask for.
const SIZE: (f64, f64) = (120.0, 63.0);
/// Pixels to a unit of the page.
pub const PIXELS: f64 = 10.0;
const LEFT: f64 = 8.0;
const RIGHT: f64 = SIZE.0 - LEFT;
const BAND: f64 = 24.0;

/// Draws it.
///
/// # Errors
/// `print_letter_missing`, `print_font_broken`; `print_text_too_long` for a name of more than two lines.
pub fn card(card: &Card<'_>) -> Result<Page, Refusal> {
    let mut page = Page::new(SIZE.0, SIZE.1);
    let colour = card.sign.colour();
    page.fill(rounded(0.0, 0.0, SIZE.0, SIZE.1, 0.0, 0.0), Colour::WHITE);
    page.fill(rounded(0.0, 0.0, SIZE.0, BAND, 0.0, 0.0), colour);
    page.fill(circle(LEFT + 7.0, BAND / 2.0, 8.0), Colour::WHITE);
    for shape in card.sign.shapes(colour, (LEFT + 1.4, BAND / 2.0 - 5.6), 11.2) {
        page.shape(shape.path, shape.paint);
    }
    let x = line(&mut page, card.word.0, (LEFT + 19.0, BAND / 2.0), (Weight::Bold, 11.5), Colour::WHITE)?;
    line(&mut page, card.word.1, (x + 3.5, BAND / 2.0 + 1.6), (Weight::Regular, 5.2), Colour::WHITE)?;
    let font = Font::of(Weight::Bold).map_err(refused)?;
    let room = Room { width: RIGHT - LEFT, one: 6.4, two: 5.0, least: 3.4 };
    let set = fit(font, card.holder, room).map_err(refused)?;
    let set = set.ok_or_else(|| Refusal::rule("print_text_too_long", "the holder's name does not fit the card"))?;
    let high = set.size * 1.25;
    let first = 33.5 - high * (set.lines.len() - 1) as f64 / 2.0;
    for (i, text) in set.lines.iter().enumerate() {
        let at = (LEFT, first + high * i as f64);
        line(&mut page, text, at, (Weight::Bold, set.size), Colour::INK)?;
    }
    rank(&mut page, card)?;
    line(&mut page, &format!("证书编号 {}", card.number), (LEFT, 51.6), (Weight::Regular, 3.6), Colour::INK)?;
    let said = format!("{} 的情况 · 现在的状态请打开 {} 查看", card.at, card.host);
    line(&mut page, &said, (LEFT, 57.6), (Weight::Regular, 3.3), Colour::SOFT)?;
    Ok(page)
}

/// Stars and the level's word; hollow and struck out where it does not hold.
fn rank(page: &mut Page, card: &Card<'_>) -> Result<(), Refusal> {
    let (y, radius) = (43.2, 2.5);
    let colour = if card.praised { Colour::VERMILION } else { Colour::SOFT };
    let mut x = LEFT;
    if card.level.stars() > 0 {
        for i in 0..5u8 {
            let at = LEFT + radius + f64::from(i) * radius * 2.3;
            page.fill(star(at, y + 0.2, radius), colour);
            if i >= card.level.stars() || !card.praised {
                page.fill(star(at, y + 0.2, radius * 0.6), Colour::WHITE);
            }
            x = at + radius + 3.0;
        }
    }
    let end = line(page, card.level.zh(), (x, y), (Weight::Bold, 5.0), colour)?;
    if !card.praised {
        page.shape(polyline(&[(x - 0.8, y), (end + 0.8, y)]), Paint::Stroke(card.sign.colour(), 0.6, Ends::Sharp));
        line(page, "现在不能使用", (end + 4.0, y), (Weight::Bold, 4.0), card.sign.colour())?;
    }
    Ok(())
}

/// A line that begins there, the middle of its capitals on the height given; where it ends.
fn line(
    page: &mut Page,
    text: &str,
    (x, y): (f64, f64),
    (weight, size): (Weight, f64),
    colour: Colour,
) -> Result<f64, Refusal> {
    let letters = Letters::new(text, weight, size, colour, (0.0, 0.0));
    let width = letters.width().map_err(refused)?;
    let letters = letters.centred(0.0, y).map_err(refused)?;
    page.letters(Letters { x, ..letters });
    Ok(x + width)
}

fn refused(error: DrawError) -> Refusal {
    match error {
        DrawError::LetterMissing(_) => Refusal::invalid("print_letter_missing", error.to_string()),
        _ => Refusal::rule("print_font_broken", error.to_string()),
    }
}
