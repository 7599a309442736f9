//! Floor 2: what a verifier runs, with or without a server: record + keys + what the register says -> a verdict with
//! evidence. Unknown, ambiguous or missing data never becomes "valid", and never becomes "withdrawn" either.

pub mod certificate;
pub mod key;
pub mod mark;
mod offline;
pub mod receipt;
pub mod verdict;

pub use verdict::{Check, CheckName, CheckResult, Outcome, Source, Verdict, clock_wrong};
