use super::*;

const EXAMPLE: &str = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n";

#[test]
fn the_example_of_the_specification() {
    let root = Hash::from_base64("CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=").unwrap();
    let checkpoint = Checkpoint::new("example.com/behind-the-sofa", 20_852_163, root).unwrap();
    assert_eq!(checkpoint.text(), EXAMPLE);
    assert_eq!(Checkpoint::parse(EXAMPLE), Ok(checkpoint));
    let empty = Checkpoint::new("xb.example.cn/log", 0, Hash::EMPTY).unwrap();
    assert_eq!(empty.text(), "xb.example.cn/log\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n");
    assert_eq!(Checkpoint::parse(&empty.text()), Ok(empty));
}

#[track_caller]
fn refused(text: &str, words: &str) {
    let refusal = Checkpoint::parse(text).unwrap_err();
    assert_eq!(refusal.code, "bad_checkpoint", "{text}");
    assert!(refusal.message.contains(words), "{}", refusal.message);
}

#[test]
fn what_is_no_checkpoint_is_refused() {
    let [origin, size, root] = EXAMPLE.trim_end().split('\n').collect::<Vec<_>>()[..] else { panic!() };
    for text in [
        "",
        "\n",
        "\n\n\n",
        EXAMPLE.trim_end(),
        &format!("{EXAMPLE}\n"),
        &format!("{EXAMPLE}extension\n"),
        &format!("{EXAMPLE}extension"),
        &format!("{origin}\n{size}\n"),
        &format!("{origin}\n\n{size}\n{root}\n"),
    ] {
        let words = if text == "\n\n\n" { "no size" } else { "three lines" };
        refused(text, words);
    }
    let with_size = |size: &str| format!("{origin}\n{size}\n{root}\n");
    for size in
        ["", "-1", "+1", "1.0", "1e3", "0x10", "00", "01", "020852163", " 1", "1 ", "１", "18446744073709551616"]
    {
        refused(&with_size(size), "no size");
    }
    refused(&with_size("9223372036854775808"), "more than");
    assert!(Checkpoint::parse(&with_size("9223372036854775807")).is_ok());
    refused(&with_size("0"), "without leaves");
    let with_root = |root: &str| format!("{origin}\n{size}\n{root}\n");
    for other in
        ["", &root[..43], "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2J=", "Y3NVWWFwR0dQbzRk", &root.replace('/', "_")]
    {
        refused(&with_root(other), "32 bytes in base64");
    }
    for origin in ["", "a b", "a+b", "a\u{3000}b", "a\tb", "a\r", "a\u{85}", &"a".repeat(256)] {
        refused(&format!("{origin}\n{size}\n{root}\n"), "no origin");
    }
    refused(&EXAMPLE.replace('\n', "\r\n"), "no size");
}
