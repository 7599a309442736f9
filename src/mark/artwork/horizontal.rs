//! `horizontal`, 86 x 38 mm: advertising and papers. With English 86 x 42 mm.

use super::Words;
use super::facts::{Sizes, facts};
use super::sheet::{Align, OUTLINE, Sheet, Style};
use crate::domain::{Level, Refusal};
use crate::draw::{Colour, Weight};
use crate::mark::Face;

const WIDTH: f64 = 86.0;
/// Width of the code without its quiet zone: 45 modules of 0.5 mm.
const CODE: f64 = 22.5;
/// Left edge of the facts.
const FACTS: f64 = 31.0;
/// Right edge of everything.
const RIGHT: f64 = WIDTH - 3.2;

/// Height of the head, in millimetres.
const fn head(words: Words) -> f64 {
    match words {
        Words::Zh => 10.6,
        Words::ZhEn => 12.6,
    }
}

pub(super) const fn nominal(words: Words) -> (f64, f64) {
    match words {
        Words::Zh => (WIDTH, 38.0),
        Words::ZhEn => (WIDTH, 42.0),
    }
}

/// Draws everything but the code, and says where that stands.
pub(super) fn draw(sheet: &mut Sheet, face: &Face) -> Result<(f64, f64), Refusal> {
    let ((_, height), head_height) = (nominal(sheet.words), head(sheet.words));
    sheet.plate((0.0, 0.0), (WIDTH, height), head_height);
    head_band(sheet, face, head_height)?;
    let below = height - OUTLINE - head_height;
    let code = (2.0 + OUTLINE + 1.2, head_height + (below - CODE) / 2.0);
    let domain = format!("扫码查验 · {}", face.host);
    let bold = Style::new(Weight::Bold, 2.5, sheet.ink);
    sheet.line(&domain, bold, Align::Left(FACTS), head_height + 2.6)?;
    let rule = head_height + 4.85;
    sheet.rule(FACTS, RIGHT, rule);
    let frame = if sheet.english() { 6.2 } else { 3.9 };
    let frame_top = height - OUTLINE - 1.5 - frame;
    let sizes = Sizes { holder: (2.7, 2.2), other: (2.0, 1.7) };
    if face.test {
        sheet.specimen((f64::midpoint(FACTS, RIGHT), f64::midpoint(rule, frame_top) - 1.0), 25.0)?;
    }
    let mut facts = facts(sheet, face, RIGHT - FACTS, &sizes)?;
    sheet.column(&mut facts, Align::Left(FACTS), rule + 0.1, frame_top - 0.2)?;
    sheet.framed((FACTS, frame_top), (RIGHT - FACTS, frame), 2.1)?;
    Ok(code)
}

/// Scheme on the left, stars in the middle, level on the right.
fn head_band(sheet: &mut Sheet, face: &Face, head: f64) -> Result<(), Refusal> {
    let white = |weight, size| Style::new(weight, size, Colour::WHITE);
    let (left, right) = (Align::Left(3.6), Align::Right(RIGHT));
    let middle = (head + OUTLINE) / 2.0;
    // A single badge stands beside the level's word, as the last star does.
    let rank = if face.level == Level::Qualified { 58.4 } else { 49.5 };
    if !sheet.english() {
        sheet.line(super::scheme(face), white(Weight::Regular, 3.0).spaced(0.25), left, middle)?;
        sheet.rank(face.level, rank, middle, 2.05);
        return sheet.line(face.level.zh(), white(Weight::Bold, 5.4).spaced(0.8), right, middle);
    }
    sheet.line(super::scheme(face), white(Weight::Regular, 3.0).spaced(0.25), left, middle - 1.3)?;
    sheet.line(super::scheme_en(face), white(Weight::Regular, 1.8), left, middle + 2.8)?;
    sheet.rank(face.level, rank, middle, 2.05);
    sheet.line(face.level.zh(), white(Weight::Bold, 5.0).spaced(0.8), right, middle - 1.5)?;
    sheet.line(face.level.title_en(), white(Weight::Regular, 1.9).spaced(0.1), right, middle + 2.8)
}
