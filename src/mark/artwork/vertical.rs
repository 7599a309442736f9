//! `vertical`, 36 x 71 mm: packaging and premises.

use super::sheet::{Fact, Sheet, Style};
use crate::domain::Refusal;
use crate::mark::Face;
use crate::mark::display::{Colour, Paint, Step, rounded};
use crate::mark::font::Weight;
use crate::mark::lines::{self, Room};

const WIDTH: f64 = 36.0;
const HEIGHT: f64 = 71.0;
const MIDDLE: f64 = WIDTH / 2.0;
const HEAD: f64 = 16.3;
/// Upper left module: 45 modules of 0.5 mm in the middle, four light ones and a little air below the head.
const CODE: (f64, f64) = (MIDDLE - 45.0 * 0.5 / 2.0, HEAD + 2.4);
/// Where the quiet zone ends.
const CODE_END: f64 = CODE.1 + 45.0 * 0.5 + 2.0;
const RULE: f64 = CODE_END + 3.1;
const FRAME: f64 = 65.0;
const FRAME_HEIGHT: f64 = 4.0;
const MARGIN: f64 = 2.4;

/// Draws everything but the code, and says where that stands.
pub(super) fn draw(sheet: &mut Sheet, face: &Face) -> Result<(f64, f64), Refusal> {
    sheet.plate(WIDTH, HEIGHT, HEAD);
    head(sheet, face)?;
    let bold = |size: f64, ink| Style { weight: Weight::Bold, size, spacing: 0.0, colour: ink };
    let domain = format!("扫码查验 · {}", face.host);
    sheet.centred(&domain, bold(2.3, sheet.ink), MIDDLE, CODE_END + 1.2)?;
    let rule = vec![Step::Move(MARGIN + 0.6, RULE), Step::Line(WIDTH - MARGIN - 0.6, RULE)];
    sheet.push(rule, Paint::Stroke(sheet.ink, 0.15));
    let mut facts = facts(sheet, face)?;
    sheet.column(&mut facts, MIDDLE, RULE + 0.3, FRAME - 0.4)?;
    let frame = rounded(MARGIN, FRAME, WIDTH - 2.0 * MARGIN, FRAME_HEIGHT, 0.8, 0.8);
    sheet.push(frame, Paint::Stroke(sheet.ink, 0.2));
    sheet.centred("售后服务认证，非产品认证", bold(2.1, sheet.ink), MIDDLE, FRAME + FRAME_HEIGHT / 2.0)?;
    Ok(CODE)
}

fn head(sheet: &mut Sheet, face: &Face) -> Result<(), Refusal> {
    let white = |weight, size, spacing| Style { weight, size, spacing, colour: Colour::WHITE };
    sheet.centred(super::scheme(face), white(Weight::Regular, 2.6, 0.3), MIDDLE, 3.1)?;
    sheet.rank(face.level, MIDDLE, 7.7, 2.25);
    sheet.centred(face.level.zh(), white(Weight::Bold, 4.5, 0.9), MIDDLE, 13.05)
}

fn facts(sheet: &Sheet, face: &Face) -> Result<Vec<Fact>, Refusal> {
    let width = WIDTH - 2.0 * MARGIN;
    let room = |one: f64, two: f64| Room { width, one, two, least: sheet.least_type };
    let style = |weight| Style { weight, size: 0.0, spacing: 0.0, colour: sheet.ink };
    let (bold, plain) = (style(Weight::Bold), style(Weight::Regular));
    let number = labelled("证书编号", &face.number, "/number", "the certificate number")?;
    let until = format!("有效期至 {}", face.valid_until);
    Ok(vec![
        sheet.fact(&face.holder, "/holder", "the holder's name", bold, room(2.5, 2.1))?,
        sheet.fact(&face.standard, "/standard", "the standard", plain, room(2.0, 1.8))?,
        sheet.fact(&number, "/number", "the certificate number", plain, room(2.0, 1.8))?,
        sheet.fact(&until, "/valid_until", "the day of expiry", plain, room(2.0, 1.8))?,
        sheet.fact(&face.body, "/body", "the body's name", plain, room(2.0, 1.8))?,
    ])
}

/// A label before a text that must not be empty.
fn labelled(label: &str, text: &str, at: &str, what: &str) -> Result<String, Refusal> {
    let text = lines::filled(text, what).map_err(|r| r.under(at))?;
    Ok(format!("{label} {text}"))
}
