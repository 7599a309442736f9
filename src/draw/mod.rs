//! Floor 0: pages in millimetres, of outlines, letters and codes, and the file formats they leave in: PNG, SVG, PDF. Every format
//! is made from the same page, so that they all show the same; the same page gives the same bytes.
//!
//! Knows nothing of certificates or marks.

pub mod code;
pub mod font;
pub mod lines;
pub mod page;
pub mod pdf;
pub mod png;
pub mod raster;
pub mod shape;
pub mod svg;

pub use code::Modules;
pub use font::{Font, Weight};
pub use page::{Code, Item, Letters, Page};
pub use shape::{Colour, Paint, Shape, Step};

/// Why a page cannot be drawn.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DrawError {
    /// The build carries a damaged font.
    #[error("the built-in font cannot be read")]
    FontBroken,
    /// A letter that the font lacks; it is never drawn as a box.
    #[error("the font has no “{}” (U+{:04X})", .0.escape_debug(), *.0 as u32)]
    LetterMissing(char),
    /// More pixels than memory is given for, or none.
    #[error("a picture of {0} x {1} pixels is not made")]
    Pixels(u64, u64),
    /// A format's writer refused what it was given.
    #[error("the file cannot be written: {0}")]
    Unwritten(String),
}

/// Millimetres of a typographic point (1/72 inch).
pub const POINT: f64 = 25.4 / 72.0;
