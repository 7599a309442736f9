//! `seal`, 84 x 46 mm: a round seal beside the plate that carries the code. With English 84 x 55 mm.

use super::Words;
use super::facts::{STANDARD, Sizes, facts};
use super::sheet::{Align, OUTLINE, Sheet, Style};
use crate::domain::Refusal;
use crate::draw::lines::Room;
use crate::draw::shape::circle;
use crate::draw::{Colour, Weight};
use crate::mark::Face;

/// Radii of the seal, which stands at the left edge: its outer edge, the band of letters, the disc.
const RADIUS: f64 = 23.0;
const BAND: f64 = 21.9;
const DISC: f64 = 16.6;
/// Left edge and width of the plate.
const PLATE: (f64, f64) = (48.0, 36.0);
const WIDTH: f64 = PLATE.0 + PLATE.1;
/// Width of the code without its quiet zone: 45 modules of 0.5 mm.
const CODE: f64 = 22.5;

pub(super) const fn nominal(words: Words) -> (f64, f64) {
    match words {
        Words::Zh => (WIDTH, 2.0 * RADIUS),
        Words::ZhEn => (WIDTH, 55.0),
    }
}

/// Draws everything but the code, and says where that stands.
pub(super) fn draw(sheet: &mut Sheet, face: &Face) -> Result<(f64, f64), Refusal> {
    let (_, height) = nominal(sheet.words);
    round(sheet, face, height)?;
    let (left, width) = PLATE;
    let middle = Align::Middle(left + width / 2.0);
    sheet.plate((left, 0.0), (width, height), 0.0);
    let code = (left + (width - CODE) / 2.0, OUTLINE + 2.1);
    let code_end = code.1 + CODE + 2.0;
    let domain = format!("扫码查验 · {}", face.host);
    sheet.line(&domain, Style::new(Weight::Bold, 2.3, sheet.ink), middle, code_end + 1.35)?;
    let rule = code_end + 3.5;
    sheet.rule(left + 2.2, left + width - 2.2, rule);
    let sizes = Sizes { holder: (2.4, 2.0), other: (1.9, 1.7) };
    if face.test {
        sheet.specimen((left + width / 2.0, f64::midpoint(rule, height)), width - 8.0)?;
    }
    let mut facts = facts(sheet, face, width - 4.4, &sizes)?;
    // The standard stands on the seal.
    facts.remove(STANDARD);
    if sheet.english() {
        // In Chinese it stands around the seal.
        let least = sheet.least_type;
        let (style, room) =
            (Style::new(Weight::Regular, 0.0, sheet.ink), Room { width: width - 4.4, one: least, two: least, least });
        facts.push(sheet.fact(super::NOT_PRODUCT_EN_WHOLE, "", "the line", style, room)?);
    }
    sheet.column(&mut facts, middle, rule + 0.2, height - OUTLINE - 0.9)?;
    Ok(code)
}

fn round(sheet: &mut Sheet, face: &Face, height: f64) -> Result<(), Refusal> {
    let centre @ (x, y) = (RADIUS, height / 2.0);
    sheet.fill(circle(x, y, RADIUS), sheet.head);
    sheet.fill(circle(x, y, BAND), Colour::WHITE);
    sheet.fill(circle(x, y, DISC + 0.5), sheet.head);
    sheet.fill(circle(x, y, DISC + 0.15), Colour::WHITE);
    sheet.fill(circle(x, y, DISC - 0.2), sheet.head);
    let band = |weight, size| Style::new(weight, size, sheet.head);
    let (upper, lower) = (band(Weight::Bold, 3.5).spaced(1.3), band(Weight::Bold, 2.3).spaced(0.35));
    sheet.arc(super::scheme(face), upper, centre, 18.2, false)?;
    sheet.arc(super::NOT_PRODUCT, lower, centre, 20.3, true)?;
    let white = |weight, size| Style::new(weight, size, Colour::WHITE);
    let middle = Align::Middle(x);
    sheet.rank_on_arc(face.level, (x, y + 2.1), (11.4, 24.0), 2.35);
    sheet.line(face.level.zh(), white(Weight::Bold, 7.6).spaced(0.5), middle, y + 1.8)?;
    let standard = face.standard.trim();
    if sheet.english() {
        sheet.line(face.level.title_en(), white(Weight::Regular, 2.3).spaced(0.1), middle, y + 7.1)?;
        return sheet.line(standard, white(Weight::Regular, 2.1), middle, y + 10.6);
    }
    sheet.line(standard, white(Weight::Regular, 2.4), middle, y + 9.2)
}
