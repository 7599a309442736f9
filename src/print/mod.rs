//! Floor 1: papers: A4 sheets that are filled from top to bottom, the signs and the code that stand on them.

mod code;
mod paper;
mod sign;

pub use code::code;
pub use paper::Paper;
pub use sign::Sign;
