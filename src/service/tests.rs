use super::*;

/// Requests stored by any version are known again by any other: these bytes never change.
#[test]
fn a_request_is_known_by_the_canonical_bytes_of_what_was_asked() {
    let note = Note::parse("示例：按委员会决定").unwrap();
    let text = r#"{"input":{"a":1,"z":"示"},"note":"示例：按委员会决定","operation":"issue"}"#;
    let digest = request_digest(Some(&note), "issue", r#"{"a":1,"z":"示"}"#.as_bytes()).unwrap();
    assert_eq!(digest, sha256_hex(text.as_bytes()));
    let digest = request_digest(None, "replace", b"[]").unwrap();
    assert_eq!(digest, sha256_hex(br#"{"input":[],"note":null,"operation":"replace"}"#));
}
