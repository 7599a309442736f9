//! The code that leads from paper back to the page (ISO/IEC 18004).

use crate::domain::Refusal;
use crate::draw::Modules;
use qrcode::{Color, EcLevel, QrCode};

/// The code of an address; a seventh of it may be soiled.
///
/// # Errors
/// `print_code_overflow` for a text that fits no code of at most [`Modules::SIDE_MAX`] modules.
pub fn code(text: &str) -> Result<Modules, Refusal> {
    let overflow = |why: String| Refusal::rule("print_code_overflow", format!("the code cannot be drawn: {why}"));
    let code = QrCode::with_error_correction_level(text, EcLevel::M).map_err(|e| overflow(e.to_string()))?;
    let row = |row: &[Color]| row.iter().rev().fold(0, |word: u64, c| word << 1 | u64::from(*c == Color::Dark));
    let rows = code.to_colors().chunks(code.width()).map(row).collect();
    Modules::from_rows(rows).ok_or_else(|| overflow(format!("it takes {} modules on a side", code.width())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_fits_and_a_letter_does_not() {
        let code_of_page = code("https://xb.example.cn/c/0880577907610047").unwrap();
        let last = code_of_page.side() - 1;
        // The finder patterns' corners are dark, and what lies within them light.
        assert!(code_of_page.is_dark(0, 0) && !code_of_page.is_dark(1, 1) && code_of_page.is_dark(last, 0));
        assert!(!code_of_page.is_dark(last, last - 7) || !code_of_page.is_dark(last - 7, last));
        assert_eq!(code(&"x".repeat(600)).unwrap_err().code, "print_code_overflow");
    }
}
