//! The starmark binary.
fn main() {}
