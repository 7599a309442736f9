//! Floor 1: papers: A4 sheets that are filled from top to bottom, the signs and the code that stand on them; the certificate, the card of a shared address, and the
//! usage sheet of a mark.

pub mod card;
pub mod certificate;
mod code;
mod paper;
mod sign;
pub mod usage;

pub use code::code;
pub use paper::Paper;
pub use sign::Sign;
