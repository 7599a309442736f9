//! RFC 8785: the files and numbers of its author, and the doubles of its appendix B.

use crate::vectors_support::{hex, vector, vector_text};
use serde_json::Value;
use sha2::{Digest, Sha256};
use starmark::sign::{canonicalize, parse_strict};

/// Canonical text of a double given by its bits.
fn written(bits: u64) -> String {
    String::from_utf8(canonicalize(&Value::from(f64::from_bits(bits))).unwrap()).unwrap()
}

#[test]
fn the_files_become_canonical_byte_for_byte() {
    for name in ["arrays", "french", "structures", "unicode", "values", "weird"] {
        let input = vector(&format!("jcs/input/{name}.json"));
        let output = vector(&format!("jcs/output/{name}.json"));
        let value: Value = serde_json::from_slice(&input).unwrap();
        assert_eq!(String::from_utf8(canonicalize(&value).unwrap()), String::from_utf8(output.clone()), "{name}");
        // The strict reader reads every canonical output, and every input but the one whose first number has 17
        // digits where 16 would do: a decimal reader sees another number than a double holds.
        assert_eq!(canonicalize(&parse_strict(&output).unwrap()).unwrap(), output, "{name}");
        match parse_strict(&input) {
            Ok(read) => assert_eq!(read, value, "{name}"),
            Err(refusal) => assert_eq!((name, refusal.code), ("values", "json_number")),
        }
    }
}

#[test]
fn the_doubles_of_appendix_b_are_written_as_there() {
    for line in vector_text("jcs/rfc8785-appendix-b.txt").lines() {
        let (bits, expected) = line.split_once(',').unwrap();
        assert_eq!(written(u64::from_str_radix(bits, 16).unwrap()), expected, "{bits}");
    }
}

/// The author's sequence of doubles: fixed ones, 2,000 from the least normal double on, then a chain of SHA-256.
fn es6_sequence() -> impl Iterator<Item = u64> {
    let fixed: Vec<u64> =
        vector_text("jcs/es6-fixed-doubles.txt").lines().map(|line| u64::from_str_radix(line, 16).unwrap()).collect();
    assert_eq!(fixed.len(), 168);
    let chain = std::iter::successors(Some([0u8; 32]), |block| Some(Sha256::digest(block).into())).skip(1);
    let random = chain.flat_map(|block| {
        let word = |i: usize| u64::from_le_bytes(block[8 * i..8 * i + 8].try_into().unwrap());
        [word(0), word(1), word(2), word(3)]
    });
    let usable = |bits: &u64| f64::from_bits(*bits).is_finite() && f64::from_bits(*bits) != 0.0;
    fixed.into_iter().chain((0..2_000).map(|i| 0x0010_0000_0000_0000 + i)).chain(random.filter(usable))
}

/// The checksums the author published for the first lines of his file of 100 million. `STARMARK_ES6_LINES` sets how far
/// to go; the default ends where the test stays under a second.
#[test]
fn the_number_file_has_its_published_checksums() {
    const PUBLISHED: [(usize, &str); 5] = [
        (1_000, "be18b62b6f69cdab33a7e0dae0d9cfa869fda80ddc712221570f9f40a5878687"),
        (10_000, "b9f7a8e75ef22a835685a52ccba7f7d6bdc99e34b010992cbc5864cd12be6892"),
        (100_000, "22776e6d4b49fa294a0d0f349268e5c28808fe7e0cb2bcbe28f63894e494d4c7"),
        (1_000_000, "49415fee2c56c77864931bd3624faad425c3c577d6d74e89a83bc725506dad16"),
        (10_000_000, "b9f8a44a91d46813b21b9602e72f112613c91408db0b8341fb94603d9db135e0"),
    ];
    let budget = std::env::var("STARMARK_ES6_LINES").map_or(100_000, |n| n.parse().unwrap());
    let (mut sha, mut seen) = (Sha256::new(), 0);
    for (n, bits) in es6_sequence().take(budget).enumerate() {
        sha.update(format!("{bits:x},{}\n", written(bits)));
        if let Some((_, expected)) = PUBLISHED.iter().find(|(lines, _)| *lines == n + 1) {
            assert_eq!(hex(&sha.clone().finalize()), *expected, "{} lines", n + 1);
            seen += 1;
        }
    }
    assert_eq!(seen, PUBLISHED.iter().filter(|(lines, _)| *lines <= budget).count());
    assert!(seen > 0, "STARMARK_ES6_LINES is below 1000");
}
