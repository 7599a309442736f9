//! `vertical`: packaging and premises. 36 x 71 mm; with English 36 x 81 mm.

use super::Words;
use super::facts::{Sizes, facts};
use super::sheet::{Align, Sheet, Style};
use crate::domain::Refusal;
use crate::draw::{Colour, Weight};
use crate::mark::Face;

const WIDTH: f64 = 36.0;
const MIDDLE: f64 = WIDTH / 2.0;
/// Width of the code without its quiet zone: 45 modules of 0.5 mm.
const CODE: f64 = 22.5;
const MODULE: f64 = 0.5;
const MARGIN: f64 = 2.4;

/// Heights, in millimetres.
struct Heights {
    whole: f64,
    head: f64,
    frame: f64,
}

const fn heights(words: Words) -> Heights {
    match words {
        Words::Zh => Heights { whole: 71.0, head: 16.3, frame: 4.0 },
        Words::ZhEn => Heights { whole: 81.0, head: 20.2, frame: 7.4 },
    }
}

pub(super) const fn nominal(words: Words) -> (f64, f64) {
    (WIDTH, heights(words).whole)
}

/// Draws everything but the code, and says where that stands.
pub(super) fn draw(sheet: &mut Sheet, face: &Face) -> Result<(f64, f64), Refusal> {
    let Heights { whole, head: head_height, frame } = heights(sheet.words);
    sheet.plate((0.0, 0.0), (WIDTH, whole), head_height);
    head(sheet, face)?;
    // Four light modules and a little air below the head, on whole modules from the edge: reduced by a whole number, edges stay sharp.
    let code = (MIDDLE - CODE / 2.0, ((head_height + 2.2) / MODULE).round() * MODULE);
    let code_end = code.1 + CODE + 2.0;
    let domain = format!("扫码查验 · {}", face.host);
    sheet.line(&domain, Style::new(Weight::Bold, 2.3, sheet.ink), Align::Middle(MIDDLE), code_end + 1.15)?;
    let rule = code_end + 3.3;
    sheet.rule(MARGIN, WIDTH - MARGIN, rule);
    let sizes = Sizes { holder: (2.5, 2.1), other: (2.0, 1.8) };
    if face.test {
        sheet.specimen((MIDDLE, f64::midpoint(rule, whole - 2.0 - frame)), WIDTH - 2.0 * MARGIN)?;
    }
    let mut facts = facts(sheet, face, WIDTH - 2.0 * MARGIN, &sizes)?;
    let frame_top = whole - 2.0 - frame;
    sheet.column(&mut facts, Align::Middle(MIDDLE), rule + 0.3, frame_top - 0.4)?;
    sheet.framed((MARGIN, frame_top), (WIDTH - 2.0 * MARGIN, frame), 2.1)?;
    Ok(code)
}

fn head(sheet: &mut Sheet, face: &Face) -> Result<(), Refusal> {
    let white = |weight, size| Style::new(weight, size, Colour::WHITE);
    let middle = Align::Middle(MIDDLE);
    sheet.line(super::scheme(face), white(Weight::Regular, 2.6).spaced(0.3), middle, 3.1)?;
    if !sheet.english() {
        sheet.rank(face.level, MIDDLE, 7.7, 2.25);
        return sheet.line(face.level.zh(), white(Weight::Bold, 4.5).spaced(0.9), middle, 13.05);
    }
    sheet.line(super::scheme_en(face), white(Weight::Regular, 1.75), middle, 5.65)?;
    sheet.rank(face.level, MIDDLE, 9.7, 2.15);
    sheet.line(face.level.zh(), white(Weight::Bold, 4.5).spaced(0.9), middle, 14.85)?;
    sheet.line(face.level.title_en(), white(Weight::Regular, 1.9).spaced(0.1), middle, 18.35)
}
