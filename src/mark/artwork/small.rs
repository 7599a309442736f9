//! `small`: where there is no room for more. 20 x 34 mm; with English 20 x 41.5 mm.

use super::Words;
use super::sheet::{Align, Sheet, Style};
use crate::domain::Refusal;
use crate::draw::lines::Room;
use crate::draw::{Colour, Weight};
use crate::mark::Face;

const WIDTH: f64 = 20.0;
const MIDDLE: f64 = WIDTH / 2.0;
/// Width of the code without its quiet zone: 29 modules of 0.4 mm.
const CODE: f64 = 11.6;

/// Height of the head, in millimetres.
const fn head(words: Words) -> f64 {
    match words {
        Words::Zh => 9.2,
        Words::ZhEn => 11.2,
    }
}

pub(super) const fn nominal(words: Words) -> (f64, f64) {
    match words {
        Words::Zh => (WIDTH, 34.0),
        Words::ZhEn => (WIDTH, 41.5),
    }
}

/// Draws everything but the code, and says where that stands.
pub(super) fn draw(sheet: &mut Sheet, face: &Face) -> Result<(f64, f64), Refusal> {
    let ((_, height), head) = (nominal(sheet.words), head(sheet.words));
    let middle = Align::Middle(MIDDLE);
    sheet.plate((0.0, 0.0), (WIDTH, height), head);
    let white = |weight, size| Style::new(weight, size, Colour::WHITE);
    sheet.line(super::scheme(face), white(Weight::Bold, 1.65).spaced(0.12), middle, 1.8)?;
    sheet.rank(face.level, MIDDLE, 4.2, 1.15);
    sheet.line(face.level.zh(), white(Weight::Bold, 2.9).spaced(0.5), middle, 7.25)?;
    if sheet.english() {
        sheet.line(face.level.title_en(), white(Weight::Regular, 1.6).spaced(0.05), middle, 9.7)?;
    }
    if face.test {
        sheet.specimen((MIDDLE, f64::midpoint(head + 1.6 + CODE + 1.6, height)), WIDTH - 5.0)?;
    }
    let ink = |weight| Style::new(weight, 0.0, sheet.ink);
    let room = |one: f64| Room { width: WIDTH - 2.4, one, two: one, least: sheet.least_type };
    let host = face.host.as_str();
    let mut facts = vec![
        sheet.fact(host, "/host", "the verification domain", ink(Weight::Bold), room(1.9))?,
        sheet.fact(&face.standard, "/standard", "the standard", ink(Weight::Regular), room(1.62))?,
    ];
    let line = |sheet: &Sheet, text: &str| sheet.fact(text, "", "the line", ink(Weight::Bold), room(1.6));
    // At the smallest type the line is wider than the mark.
    let (service, product) = super::NOT_PRODUCT_HALVES;
    facts.extend([line(sheet, service)?, line(sheet, product)?.following()]);
    if sheet.english() {
        // The whole sentence does not fit.
        facts.extend([line(sheet, "Certifies the service,")?, line(sheet, "not the product")?.following()]);
    }
    // Four light modules below the head, and four above the letters.
    let code = (MIDDLE - CODE / 2.0, head + 1.6);
    sheet.column(&mut facts, middle, code.1 + CODE + 1.6 - 0.3, height - 0.7)?;
    Ok(code)
}
