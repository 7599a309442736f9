//! The code that leads from paper back to the page (ISO/IEC 18004).

use crate::domain::Refusal;
use qrcode::{Color, EcLevel, QrCode};

/// A code as a square of modules, without its quiet zone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Code {
    modules: Vec<bool>,
    side: usize,
}

impl Code {
    /// Light modules it needs on every side.
    pub const QUIET_ZONE: usize = 4;

    /// The code of an address; a seventh of it may be soiled.
    ///
    /// # Errors
    /// `print_code_overflow` for a text that fits no code.
    pub fn of(text: &str) -> Result<Self, Refusal> {
        let code = QrCode::with_error_correction_level(text, EcLevel::M)
            .map_err(|e| Refusal::rule("print_code_overflow", format!("the code cannot be drawn: {e}")))?;
        let modules = code.to_colors().into_iter().map(|c| c == Color::Dark).collect();
        Ok(Self { modules, side: code.width() })
    }

    /// Modules on a side.
    #[must_use]
    pub const fn side(&self) -> usize {
        self.side
    }

    /// The dark runs of a row, as column and length.
    pub(super) fn runs(&self, row: usize) -> Vec<(usize, usize)> {
        let line = self.modules.chunks(self.side).nth(row).unwrap_or_default();
        let mut out: Vec<(usize, usize)> = vec![];
        for (x, _) in line.iter().enumerate().filter(|(_, dark)| **dark) {
            match out.last_mut() {
                Some((from, length)) if *from + *length == x => *length += 1,
                _ => out.push((x, 1)),
            }
        }
        out
    }
}
