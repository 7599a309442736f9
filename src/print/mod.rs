//! Floor 1: pages of paper as PDF: letters, rules, signs and one code, put where the caller says; the same input gives the same
//! bytes. PDF/A-3 (ISO 19005-3, level U), so that a file can be kept for as long as what it prints, which is attached to it.

mod code;
mod letters;
mod paper;
mod sign;

pub use code::Code;
pub use letters::{Letters, SUBSTITUTE};
pub use paper::{About, Attachment, Ink, PAGE_HEIGHT, PAGE_WIDTH, Paper};
pub use sign::Sign;

/// The letters of a print, in two weights.
#[derive(Debug, Clone, Copy)]
pub struct Fonts {
    /// For what is read.
    pub regular: &'static [u8],
    /// For what is read first.
    pub bold: &'static [u8],
}
