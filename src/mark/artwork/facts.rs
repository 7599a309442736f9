//! What stands on every mark but the small one: holder, standard, number, day of expiry, body.

use super::sheet::{Fact, Sheet, Style, filled};
use crate::domain::Refusal;
use crate::draw::Weight;
use crate::draw::lines::Room;
use crate::mark::Face;

/// Sizes of letters, in millimetres: on one line, and on two.
pub(super) struct Sizes {
    /// The holder's name.
    pub(super) holder: (f64, f64),
    /// Everything else.
    pub(super) other: (f64, f64),
}

/// Where the standard stands among the facts.
pub(super) const STANDARD: usize = 1;

/// The facts of a mark, each set into that width.
///
/// # Errors
/// `mark_text_empty`, `mark_text_too_long` or `mark_letter_missing` with the field's pointer.
pub(super) fn facts(sheet: &Sheet, face: &Face, width: f64, sizes: &Sizes) -> Result<Vec<Fact>, Refusal> {
    let room = |(one, two): (f64, f64)| Room { width, one, two, least: sheet.least_type };
    let style = |weight| Style::new(weight, 0.0, sheet.ink);
    let (bold, plain, other) = (style(Weight::Bold), style(Weight::Regular), room(sizes.other));
    let label = |zh: &str, en: &str| if sheet.english() { format!("{zh} {en}") } else { zh.to_owned() };
    let what = "the certificate number";
    let number = filled(&face.number, what).map_err(|r| r.under("/number"))?;
    let number = format!("{} {number}", label("证书编号", "No."));
    let name = "the body's name";
    let set = |text: &str| sheet.fact(text, "/body", name, plain, other);
    let labelled = filled(&face.body, name).map(|body| format!("{} {body}", label("发证机构", "Issued by")));
    let labelled = labelled.map_err(|r| r.under("/body"))?;
    // A name that leaves no room for its label stands without.
    let body =
        set(&labelled).or_else(|why| if why.code == "mark_text_too_long" { set(&face.body) } else { Err(why) })?;
    let until = format!("{} {}", label("有效期至", "Valid until"), face.valid_until);
    let mut all = vec![
        sheet.fact(&face.holder, "/holder", "the holder's name", bold, room(sizes.holder))?,
        sheet.fact(&face.standard, "/standard", "the standard", plain, other)?,
        sheet.fact(&number, "/number", what, plain, other)?,
        sheet.fact(&until, "/valid_until", "the day of expiry", plain, other)?,
        body,
    ];
    // Lines of two sizes beside each other look like a slip.
    let least = all[STANDARD..].iter().map(Fact::size).fold(f64::MAX, f64::min);
    all[STANDARD..].iter_mut().for_each(|fact| fact.shrink(least));
    Ok(all)
}
