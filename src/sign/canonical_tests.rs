use super::*;
use proptest::prelude::*;

fn code(text: &str) -> &'static str {
    parse_strict(text.as_bytes()).map_or_else(|r| r.code, |_| "ok")
}

#[test]
fn a_text_with_two_readings_is_refused() {
    for (text, expected) in [
        (r#"{"a":1,"a":2}"#, "json_duplicate_member"),
        (r#"{"a":1,"\u0061":1}"#, "json_duplicate_member"),
        (r#"[{"x":{"b":0,"c":1,"b":0}}]"#, "json_duplicate_member"),
        ("{} {}", "json_syntax"),
        ("{}x", "json_syntax"),
        ("[1,]", "json_syntax"),
        ("\u{feff}{}", "json_syntax"),
        ("", "json_syntax"),
        (r#""\ud800""#, "json_syntax"),
        (r#""\udc00\ud800""#, "json_syntax"),
        (r#"{"\ud83d":1}"#, "json_syntax"),
        (r#""\uffff""#, "json_character"),
        ("{\"\u{fdd0}\":1}", "json_character"),
        ("9007199254740993", "json_number"),
        ("[1e400]", "json_number"),
        ("1e-400", "json_number"),
        ("-0", "json_number"),
        ("-0.0e5", "json_number"),
        ("3.141592653589793238462643383279", "json_number"),
        ("1e99999999999999999999", "json_number"),
        ("01", "json_syntax"),
        ("1.", "json_syntax"),
        ("-", "json_syntax"),
        ("NaN", "json_syntax"),
    ] {
        assert_eq!(code(text), expected, "{text}");
    }
    assert_eq!(parse_strict(b"\"\xff\"").unwrap_err().code, "json_utf8");
    assert_eq!(code(&format!("0.{}", "0".repeat(MAX_NUMBER_LEN))), "json_number");
}

#[test]
fn what_has_one_reading_is_read() {
    for text in [
        "0",
        "-1",
        "0.1",
        "1.50",
        "1E30",
        "100e-2",
        "9007199254740991",
        "9007199254740992",
        r#""-0 9007199254740993 \" 1e999""#,
        r#""\ud83d\ude02""#,
        " [ ] ",
        r#"{"a":{"a":{"a":1}},"b":[{"a":1},{"a":2}]}"#,
    ] {
        assert_eq!(code(text), "ok", "{text}");
    }
}

#[test]
fn the_place_of_a_refusal_is_told() {
    let refusal = parse_strict(br#"{"s~/":[0,{"x":1,"x":2}]}"#).unwrap_err();
    assert_eq!(refusal.pointer, "/s~0~1/1/x");
    let refusal = check_signable(&serde_json::json!({"a": [1, 0.5]})).unwrap_err();
    assert_eq!((refusal.code, refusal.pointer.as_str()), ("json_number", "/a/1"));
}

#[test]
fn depth_and_size_are_bounded() {
    let nested = |n: usize| format!("{}{}", "[".repeat(n), "]".repeat(n));
    assert_eq!(code(&nested(MAX_DEPTH)), "ok");
    assert_eq!(code(&nested(MAX_DEPTH + 1)), "json_too_deep");
    assert_eq!(code(&"[".repeat(100_000)), "json_too_deep");
    assert_eq!(code(&r#"{"a":"#.repeat(100_000)), "json_too_deep");
    let fits = format!("\"{}\"", "x".repeat(MAX_BYTES - 2));
    assert_eq!((code(&fits), code(&format!("{fits} "))), ("ok", "json_too_large"));
    let deep = (0..=MAX_DEPTH).fold(Value::Null, |v, _| Value::Array(vec![v]));
    assert_eq!(canonicalize(&deep).unwrap_err().code, "json_too_deep");
}

#[test]
fn two_integers_never_share_a_canonical_text() {
    assert_eq!(canonicalize(&serde_json::json!(9_007_199_254_740_993_u64)).unwrap_err().code, "json_number");
    assert_eq!(canonicalize(&serde_json::json!(u64::MAX)).unwrap_err().code, "json_number");
    assert_eq!(canonicalize(&serde_json::json!(i64::MIN)).unwrap_err().code, "json_number");
    // A double beyond 2^53 is written with its shortest digits and zeros; the integer of that text is its own.
    let written = canonicalize(&serde_json::json!(8.914866799831038e18)).unwrap();
    assert_eq!(canonicalize(&parse_strict(&written).unwrap()).unwrap(), written);
    assert_eq!(check_signable(&serde_json::json!(MAX_INTEGER)), Ok(()));
    assert!(check_signable(&serde_json::json!(MAX_INTEGER + 1)).is_err());
}

fn json() -> impl Strategy<Value = Value> {
    let range = prop::char::range;
    let character = prop_oneof![range('\0', 'ÿ'), range('一', '丿'), range('\u{1f600}', '\u{1f64f}')];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        (prop::num::f64::NORMAL | prop::num::f64::SUBNORMAL).prop_map(Value::from),
        any::<u64>().prop_map(|n| Value::from(n >> 11)),
        prop::collection::vec(character, 0..8).prop_map(|c| Value::from(c.into_iter().collect::<String>())),
    ];
    leaf.prop_recursive(4, 40, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::btree_map("[a-z\u{e9}\u{4e00}~/\u{0}\u{ffdc}\u{e000}\u{1f600}\"\\\\]{0,4}", inner, 0..6)
                .prop_map(|m| Value::Object(m.into_iter().collect())),
        ]
    })
}

#[test]
fn every_character_is_written_as_the_standard_has_it() {
    let all: String = (0..=0x2030).filter_map(char::from_u32).collect();
    let value = Value::from(all);
    assert_eq!(canonicalize(&value).unwrap(), serde_json_canonicalizer::to_vec(&value).unwrap());
}

proptest! {
    #[test]
    fn an_independent_writer_gives_the_same_bytes(value in json()) {
        let members = value.as_object().cloned().unwrap_or_default();
        prop_assert_eq!(canonicalize(&value).unwrap(), serde_json_canonicalizer::to_vec(&value).unwrap());
        let values: Vec<_> = members.values().map(|v| canonicalize(v).unwrap()).collect();
        if members.keys().all(|name| name.is_ascii()) {
            let named = members.keys().map(String::as_str).zip(values.iter().map(Vec::as_slice));
            prop_assert_eq!(object_of(named.rev()), canonicalize(&Value::Object(members.clone())).unwrap());
        }
        prop_assert_eq!(canonicalize_members(&members).unwrap(), canonicalize(&Value::Object(members)).unwrap());
    }

    #[test]
    fn canonical_bytes_read_back_to_themselves(value in json()) {
        let bytes = canonicalize(&value).unwrap();
        let again = parse_strict(&bytes).unwrap();
        prop_assert_eq!(canonicalize(&again).unwrap(), bytes);
    }

    #[test]
    fn the_strict_reader_reads_what_the_plain_one_reads(value in json()) {
        let text = serde_json::to_vec_pretty(&value).unwrap();
        prop_assert_eq!(parse_strict(&text).unwrap(), value);
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(prop_oneof![
        any::<u8>(), prop::sample::select(br#"{}[]":,\\-+.eE0019untrfalse "#.to_vec())
    ], 0..200)) {
        let _ = parse_strict(&bytes);
    }
}
