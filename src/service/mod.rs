//! Floor 4: the use cases.

pub mod roster;
