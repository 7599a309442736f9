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

/// The files of a folder are these, byte for byte, and no others. STARMARK_VECTORS=write renews them first.
pub fn are_those_made_here(folder: &str, made: impl Iterator<Item = (&'static str, serde_json::Value)>) {
    let folder = root(folder);
    let mut names = std::collections::BTreeSet::new();
    for (name, file) in made {
        let text = format!("{}\n", serde_json::to_string_pretty(&file).unwrap());
        let path = folder.join(format!("{name}.json"));
        assert!(names.insert(path.clone()), "{name} twice");
        if std::env::var("STARMARK_VECTORS").is_ok_and(|v| v == "write") {
            std::fs::create_dir_all(&folder).unwrap();
            std::fs::write(&path, &text).unwrap();
        }
        assert_eq!(std::fs::read_to_string(&path).unwrap_or_default(), text, "{name}");
    }
    let kept: std::collections::BTreeSet<_> = std::fs::read_dir(folder).unwrap().map(|f| f.unwrap().path()).collect();
    assert_eq!(kept, names);
}
