//! The style sheet of every page, without what only its writers need.

use super::versioned;
use std::sync::LazyLock;

/// As it leaves.
pub(super) static STYLE: LazyLock<String> = LazyLock::new(|| squeezed(include_str!("../../../assets/style.css")));

/// Its address.
pub(super) static ADDRESS: LazyLock<String> = LazyLock::new(|| versioned("/assets/style.css", &STYLE));

/// A style sheet without comments, and without blanks where they say nothing. What stands in quotes is left as it is.
fn squeezed(sheet: &str) -> String {
    let mut out = String::with_capacity(sheet.len());
    let mut rest = sheet;
    while let Some(c) = rest.chars().next() {
        let length = match c {
            '/' if rest.starts_with("/*") => rest.find("*/").map_or(rest.len(), |end| end + 2),
            '"' | '\'' => rest[1..].find(c).map_or(rest.len(), |end| end + 2),
            c if c.is_ascii_whitespace() => {
                if !out.is_empty() && !out.ends_with([' ', '{', '}', ';', ',', ':']) {
                    out.push(' ');
                }
                1
            }
            _ => {
                if matches!(c, '{' | '}' | ';' | ',') && out.ends_with(' ') {
                    out.pop();
                }
                if c == '}' && out.ends_with(';') {
                    out.pop();
                }
                c.len_utf8()
            }
        };
        if !c.is_ascii_whitespace() && !rest.starts_with("/*") {
            out.push_str(&rest[..length]);
        }
        rest = &rest[length..];
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_it_says_stays() {
        for (written, leaves) in [
            ("/* a */\na { b: c; d: e }\n", "a{b:c;d:e}"),
            ("a,\n  b :hover { c: calc(50% - 1px + 2px); }", "a,b :hover{c:calc(50% - 1px + 2px)}"),
            ("a::before { content: \" ; } /* no comment */ \"; }", "a::before{content:\" ; } /* no comment */ \"}"),
            (
                "@media (min-width: 1px) and (x: y) { a > b { c: 'é ' } }",
                "@media (min-width:1px) and (x:y){a > b{c:'é '}}",
            ),
            (".a .b /* of both */ .c { d: e }", ".a .b .c{d:e}"),
        ] {
            assert_eq!(squeezed(written), leaves);
        }
        assert!(STYLE.len() < include_str!("../../../assets/style.css").len() * 9 / 10);
    }
}
