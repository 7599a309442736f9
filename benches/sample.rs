//! What a mark of the benchmarks claims.

use jiff::civil::date;
use starmark::domain::{Level, MarkId, Uscc};
use starmark::mark::{Claims, KeyHint};

pub fn claims() -> Claims {
    Claims {
        level: Level::FourStar,
        test: false,
        key_hint: KeyHint::of(&[7; 32]),
        mark: MarkId::from_bytes([1, 2, 3, 4, 5, 6]),
        issued: date(2026, 5, 8),
        expires: date(2029, 5, 7),
        holder: Some(Uscc::parse("91110108551385082Q").unwrap()),
    }
}
