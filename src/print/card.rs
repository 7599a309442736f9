//! The picture that goes with a shared address: how a certificate stood when it was made.

use super::line::line;
use super::stars::{stars, width};
use super::{Sign, refused};
use crate::domain::{Level, Refusal};
use crate::draw::lines::{Room, Setting, fit, wrap};
use crate::draw::shape::{Ends, circle, polyline, rounded};
use crate::draw::{Colour, Font, Page, Paint, Weight};

/// What stands on it. Names are printed whatever they are: [`SUBSTITUTE`](crate::draw::font::SUBSTITUTE) stands for a letter the font
/// lacks.
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
/// Letters of the longest names, which take up to four lines.
const SMALL: f64 = 3.0;

/// Draws it.
///
/// # Errors
/// `print_font_broken`.
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
    line(&mut page, card.word.1, (x + 3.0, BAND / 2.0 + 1.8), (Weight::Regular, 4.6), Colour::WHITE)?;
    let font = Font::of(Weight::Bold).map_err(refused)?;
    let holder = font.printable(card.holder);
    let room = Room { width: RIGHT - LEFT, one: 6.4, two: 5.0, least: SMALL };
    let set = fit(font, &holder, room).map_err(refused)?;
    let Setting { size, lines } =
        set.unwrap_or_else(|| Setting { size: SMALL, lines: wrap(font, &holder, (RIGHT - LEFT) / SMALL) });
    let high = size * 1.25;
    let first = 33.0 - high * (lines.len() - 1) as f64 / 2.0;
    for (i, text) in lines.iter().enumerate() {
        let at = (LEFT, first + high * i as f64);
        line(&mut page, text, at, (Weight::Bold, size), Colour::INK)?;
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
        let filled = if card.praised { card.level.stars() } else { 0 };
        let row = stars(filled, (LEFT + width(radius) / 2.0, y), radius, colour);
        row.into_iter().for_each(|shape| page.shape(shape.path, shape.paint));
        x += width(radius) + 3.0;
    }
    let end = line(page, card.level.zh(), (x, y), (Weight::Bold, 5.0), colour)?;
    if !card.praised {
        page.shape(polyline(&[(x - 0.8, y), (end + 0.8, y)]), Paint::Stroke(card.sign.colour(), 0.6, Ends::Sharp));
        line(page, "现在不能使用", (end + 4.0, y), (Weight::Bold, 4.0), card.sign.colour())?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Standing;
    use crate::draw::Item;

    #[test]
    fn every_standing_and_every_name_has_a_card_and_nothing_on_it_is_cut() {
        let names = ["示例电器有限公司".to_owned(), "示例".repeat(60), "示😀例 Łódź".to_owned(), "W".repeat(120)];
        for (standing, level, holder) in Standing::ALL
            .into_iter()
            .flat_map(|s| Level::ALL.map(|l| (s, l)))
            .flat_map(|(s, l)| names.clone().map(|name| (s, l, name)))
        {
            let page = card(&Card {
                sign: Sign::of(standing),
                word: (standing.zh(), standing.en()),
                holder: &holder,
                level,
                praised: standing == Standing::Valid,
                number: "CN-2026-SC-29326-10002-R0M-000123",
                at: "2026-05-08 09:30",
                host: "xb.example.cn",
            })
            .unwrap();
            for item in &page.items {
                if let Item::Letters(l) = item {
                    let right = l.x + l.width().unwrap();
                    assert!(l.x >= LEFT - 1e-6 && right <= RIGHT + 1e-6, "{standing:?} {holder}: {l:?}");
                    // The name stays between the band and the stars.
                    assert!((BAND - 12.0..SIZE.1).contains(&l.y), "{l:?}");
                }
            }
            let is_red = |item: &&Item| matches!(item, Item::Shape(s) if s.paint.colour() == Colour::VERMILION);
            let red = page.items.iter().filter(is_red).count();
            assert_eq!(red > 0, standing == Standing::Valid && level.stars() > 0, "{standing:?} {level:?}");
        }
    }
}
