//! `small`, 20 x 30 mm: where there is no room for more.

use super::sheet::{Sheet, Style};
use crate::domain::Refusal;
use crate::mark::Face;
use crate::mark::display::Colour;
use crate::mark::font::Weight;
use crate::mark::lines::Room;

const WIDTH: f64 = 20.0;
const HEIGHT: f64 = 30.0;
const MIDDLE: f64 = WIDTH / 2.0;
const HEAD: f64 = 8.4;
/// Upper left module: 29 modules of 0.4 mm in the middle, four light ones below the head.
const CODE: (f64, f64) = (MIDDLE - 29.0 * 0.4 / 2.0, HEAD + 1.6);
/// Where the quiet zone ends.
const CODE_END: f64 = CODE.1 + 29.0 * 0.4 + 1.6;

/// Draws everything but the code, and says where that stands.
pub(super) fn draw(sheet: &mut Sheet, face: &Face) -> Result<(f64, f64), Refusal> {
    sheet.plate(WIDTH, HEIGHT, HEAD);
    let white = |weight, size, spacing| Style { weight, size, spacing, colour: Colour::WHITE };
    sheet.centred(super::scheme(face), white(Weight::Regular, 1.65, 0.12), MIDDLE, 1.7)?;
    sheet.centred(face.level.zh(), white(Weight::Bold, 2.9, 0.5), MIDDLE, 4.3)?;
    sheet.rank(face.level, MIDDLE, 6.95, 0.95);
    let ink = |weight| Style { weight, size: 0.0, spacing: 0.0, colour: sheet.ink };
    let room = |one: f64| Room { width: WIDTH - 2.4, one, two: one, least: sheet.least_type };
    let mut facts = [
        sheet.fact(face.host.as_str(), "/host", "the verification domain", ink(Weight::Bold), room(1.9))?,
        sheet.fact(&face.standard, "/standard", "the standard", ink(Weight::Regular), room(1.62))?,
        sheet.fact("服务认证，非产品认证", "", "the line", ink(Weight::Regular), room(1.62))?,
    ];
    sheet.column(&mut facts, MIDDLE, CODE_END - 0.3, HEIGHT - 0.7)?;
    Ok(CODE)
}
