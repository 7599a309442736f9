//! Floor 2: what a verifier runs, with or without a server: record + keys + what the register says -> a verdict with
//! evidence. Unknown, ambiguous or missing data never becomes "valid", and never becomes "withdrawn" either.

pub mod bundle;
pub mod certificate;
pub mod key;
pub mod log;
pub mod mark;
pub mod mark_list;
mod offline;
pub mod receipt;
pub mod status;
pub mod verdict;

pub use verdict::{Check, CheckName, CheckResult, Outcome, Source, Verdict, clock_wrong};
