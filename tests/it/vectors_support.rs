//! Where vectors lie and how they are read.

use std::path::PathBuf;

/// A path below the project's root.
pub fn root(path: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// A vector as bytes.
pub fn vector(path: &str) -> Vec<u8> {
    let path = root("tests/vectors").join(path);
    std::fs::read(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// A vector as text without its last line end.
pub fn vector_text(path: &str) -> String {
    String::from_utf8(vector(path)).unwrap().trim_end().to_owned()
}

/// Lower-case hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

/// Bytes of hexadecimal text.
pub fn unhex(text: &str) -> Vec<u8> {
    (0..text.len() / 2).map(|i| u8::from_str_radix(&text[2 * i..2 * i + 2], 16).unwrap()).collect()
}
