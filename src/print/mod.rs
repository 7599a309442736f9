//! Floor 1: papers: A4 sheets that are filled from top to bottom, the signs and the code that stand on them; the certificate, the
//! card of a shared address, the badge for a holder's site, and the usage sheet of a mark.

pub mod badge;
pub mod card;
pub mod certificate;
mod code;
mod line;
mod paper;
mod sign;
mod stars;
pub mod usage;

pub use code::code;
pub use paper::Paper;
pub use sign::Sign;

use crate::domain::Refusal;
use crate::draw::DrawError;

/// Why something is not printed.
fn refused(error: DrawError) -> Refusal {
    match error {
        DrawError::LetterMissing(_) => Refusal::invalid("print_letter_missing", error.to_string()),
        DrawError::FontBroken => Refusal::rule("print_font_broken", error.to_string()),
        _ => Refusal::rule("print_failed", format!("the print cannot be made: {error}")),
    }
}
