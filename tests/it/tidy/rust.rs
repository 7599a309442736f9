//! Just enough of Rust's grammar to see what a file imports and how long its functions are.

use std::collections::BTreeMap;
use std::ops::Range;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Word,
    Sign,
    Text,
}

#[derive(Debug, Clone)]
pub struct Token {
    pub kind: Kind,
    pub text: String,
    pub line: usize,
}

impl Token {
    fn is(&self, sign: &str) -> bool {
        self.kind != Kind::Text && self.text == sign
    }
}

/// A path as the code names it, groups of a `use` taken apart: `crate::domain::Level`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Path {
    pub segments: Vec<String>,
    pub line: usize,
    /// Inside `#[cfg(test)]`.
    pub test: bool,
    /// How many inline modules stand around it.
    pub depth: usize,
}

/// The tokens of a file, comments left out.
pub fn tokens(code: &str) -> Vec<Token> {
    let chars: Vec<char> = code.chars().collect();
    let mut out = Vec::new();
    let (mut at, mut line) = (0, 1);
    while at < chars.len() {
        let (end, kind) = next(&chars, at);
        if let Some(kind) = kind {
            let text: String = chars[at..end].iter().collect();
            out.push(Token { kind, text: text.trim_start_matches("r#").to_owned(), line });
        }
        line += chars[at..end].iter().filter(|c| **c == '\n').count();
        at = end;
    }
    out
}

/// Where the token at `at` ends, and what it is; `None` for space and comments.
fn next(chars: &[char], at: usize) -> (usize, Option<Kind>) {
    let here = |offset: usize| chars.get(at + offset).copied().unwrap_or('\0');
    match here(0) {
        '/' if here(1) == '/' => (run(chars, at, |c| c != '\n'), None),
        '/' if here(1) == '*' => (block_comment(chars, at), None),
        '"' => (quoted(chars, at), Some(Kind::Text)),
        '\'' if here(1) == '\\' || here(2) == '\'' => (char_literal(chars, at), Some(Kind::Text)),
        ':' if here(1) == ':' => (at + 2, Some(Kind::Sign)),
        c if c.is_whitespace() => (at + 1, None),
        c if c.is_alphanumeric() || c == '_' => {
            let end = run(chars, at, |c| c.is_alphanumeric() || c == '_');
            let word: String = chars[at..end].iter().collect();
            match (word.as_str(), chars.get(end)) {
                ("r" | "br" | "cr", Some('"' | '#')) => raw(chars, end),
                ("b" | "c", Some('"')) => (quoted(chars, end), Some(Kind::Text)),
                _ => (end, Some(Kind::Word)),
            }
        }
        _ => (at + 1, Some(Kind::Sign)),
    }
}

fn run(chars: &[char], at: usize, keep: impl Fn(char) -> bool) -> usize {
    at + chars[at..].iter().take_while(|c| keep(**c)).count()
}

fn block_comment(chars: &[char], at: usize) -> usize {
    let (mut depth, mut i) = (0usize, at);
    while i < chars.len() {
        match (chars[i], chars.get(i + 1)) {
            ('/', Some('*')) => (depth, i) = (depth + 1, i + 2),
            ('*', Some('/')) => (depth, i) = (depth - 1, i + 2),
            _ => i += 1,
        }
        if depth == 0 {
            break;
        }
    }
    i
}

fn quoted(chars: &[char], at: usize) -> usize {
    let mut i = at + 1;
    while i < chars.len() && chars[i] != '"' {
        i += if chars[i] == '\\' { 2 } else { 1 };
    }
    (i + 1).min(chars.len())
}

fn char_literal(chars: &[char], at: usize) -> usize {
    let from = if chars[at + 1] == '\\' { at + 3 } else { at + 1 };
    (run(chars, from.min(chars.len()), |c| c != '\'') + 1).min(chars.len())
}

/// A raw string from its first `#` or quote, or the raw identifier that looked like one.
fn raw(chars: &[char], at: usize) -> (usize, Option<Kind>) {
    let open = run(chars, at, |c| c == '#');
    if chars.get(open) != Some(&'"') {
        return (run(chars, open, |c| c.is_alphanumeric() || c == '_'), Some(Kind::Word));
    }
    let close: Vec<char> = std::iter::once('"').chain(vec!['#'; open - at]).collect();
    let body = open + 1;
    let found = chars[body..].windows(close.len()).position(|w| w == close);
    (found.map_or(chars.len(), |f| body + f + close.len()), Some(Kind::Text))
}

/// Every path the code names.
pub fn paths(tokens: &[Token]) -> Vec<Path> {
    let tests = test_regions(tokens);
    let modules = inline_modules(tokens);
    let mut out = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        let found: Vec<Vec<String>>;
        let from = at;
        if tokens[at].is("use") && tokens.get(at + 1).is_some_and(|t| t.kind == Kind::Word || t.is("::") || t.is("{")) {
            (found, at) = use_tree(tokens, at + 1, &[]);
        } else if starts_path(tokens, at) {
            let mut segments = vec![tokens[at].text.clone()];
            while tokens.get(at + 1).is_some_and(|t| t.is("::"))
                && tokens.get(at + 2).is_some_and(|t| t.kind == Kind::Word)
            {
                segments.push(tokens[at + 2].text.clone());
                at += 2;
            }
            found = if segments.len() > 1 { vec![segments] } else { vec![] };
            at += 1;
        } else {
            at += 1;
            continue;
        }
        let inside = |all: &[Range<usize>]| all.iter().filter(|r| r.contains(&from)).count();
        out.extend(found.into_iter().map(|segments| Path {
            segments,
            line: tokens[from].line,
            test: inside(&tests) > 0,
            depth: inside(&modules),
        }));
    }
    out
}

fn starts_path(tokens: &[Token], at: usize) -> bool {
    let before = |n: usize| at.checked_sub(n).and_then(|i| tokens.get(i));
    let is = |n: usize, sign: &str| before(n).is_some_and(|t| t.is(sign));
    // `T::x` and `<T as U>::x` go on; `-> ::std::x` starts.
    let goes_on = before(2).is_some_and(|t| t.kind == Kind::Word) || is(2, ">") && !is(3, "-");
    tokens[at].kind == Kind::Word && !(is(1, "::") && goes_on)
}

/// The paths of a `use`, and where it ends.
fn use_tree(tokens: &[Token], mut at: usize, prefix: &[String]) -> (Vec<Vec<String>>, usize) {
    let mut path = prefix.to_vec();
    let mut out = Vec::new();
    while let Some(token) = tokens.get(at) {
        at += 1;
        if token.is("{") {
            while tokens.get(at).is_some_and(|t| !t.is("}")) {
                let (inner, end) = use_tree(tokens, at, &path);
                out.extend(inner);
                at = end + usize::from(tokens.get(end).is_some_and(|t| t.is(",")));
            }
            return (out, at + 1);
        } else if token.is("as") {
            at += 1;
        } else if token.is(",") || token.is("}") || token.is(";") {
            at -= 1;
            break;
        } else if token.kind == Kind::Word || token.is("*") {
            path.push(token.text.clone());
        }
    }
    if path.last().is_some_and(|last| last == "self") && path.len() > 1 {
        path.pop();
    }
    if path.len() > prefix.len() || !prefix.is_empty() {
        out.push(path);
    }
    (out, at)
}

/// From the token after an item's attributes to the end of the item: `None` when it ends in a semicolon.
fn body(tokens: &[Token], mut at: usize) -> Option<Range<usize>> {
    let mut nested = 0i32;
    while let Some(token) = tokens.get(at) {
        if token.is("(") || token.is("[") {
            nested += 1;
        } else if token.is(")") || token.is("]") {
            nested -= 1;
        } else if token.is(";") && nested == 0 {
            return None;
        } else if token.is("{") && nested == 0 {
            break;
        }
        at += 1;
    }
    let mut depth = 0usize;
    for (i, token) in tokens.iter().enumerate().skip(at) {
        depth += usize::from(token.is("{"));
        depth -= usize::from(token.is("}"));
        if depth == 0 {
            return Some(at..i + 1);
        }
    }
    Some(at..tokens.len())
}

fn sequence(tokens: &[Token], at: usize, wanted: &[&str]) -> bool {
    wanted.iter().enumerate().all(|(i, w)| tokens.get(at + i).is_some_and(|t| t.is(w)))
}

/// Past the attributes that stand at `at`; with them the file one of them names (`#[path = "x.rs"]`).
fn attributes(tokens: &[Token], mut at: usize) -> (usize, Option<String>) {
    let mut file = None;
    while sequence(tokens, at, &["#", "["]) {
        if sequence(tokens, at + 2, &["path", "="]) {
            file = tokens.get(at + 4).map(|t| t.text.trim_matches('"').to_owned());
        }
        let mut depth = 0usize;
        loop {
            at += 1;
            let Some(token) = tokens.get(at) else { return (at, file) };
            depth += usize::from(token.is("["));
            depth -= usize::from(token.is("]"));
            if depth == 0 {
                at += 1;
                break;
            }
        }
    }
    (at, file)
}

const CFG_TEST: [&str; 7] = ["#", "[", "cfg", "(", "test", ")", "]"];

fn test_regions(tokens: &[Token]) -> Vec<Range<usize>> {
    let starts = (0..tokens.len()).filter(|i| sequence(tokens, *i, &CFG_TEST));
    starts.filter_map(|i| body(tokens, attributes(tokens, i).0)).collect()
}

fn inline_modules(tokens: &[Token]) -> Vec<Range<usize>> {
    let starts = (0..tokens.len()).filter(|i| tokens[*i].is("mod") && tokens.get(i + 2).is_some_and(|t| t.is("{")));
    starts.filter_map(|i| body(tokens, i + 1)).collect()
}

/// A module kept in a file of its own, as its parent declares it.
#[derive(Debug, PartialEq, Eq)]
pub struct Declared {
    pub name: String,
    pub file: Option<String>,
    pub test: bool,
}

/// The `mod name;` lines of a file.
pub fn declared(tokens: &[Token]) -> Vec<Declared> {
    let mut known: BTreeMap<usize, Declared> = BTreeMap::new();
    for at in 0..tokens.len() {
        let (start, file) = attributes(tokens, at);
        let visible = start + usize::from(tokens.get(start).is_some_and(|t| t.is("pub")));
        if sequence(tokens, visible, &["mod"]) && tokens.get(visible + 2).is_some_and(|t| t.is(";")) {
            let test = sequence(tokens, at, &CFG_TEST);
            let name = tokens[visible + 1].text.clone();
            known.entry(visible).or_insert(Declared { name, file, test });
        }
    }
    known.into_values().collect()
}

/// Every function with a body: name, first line, number of lines.
pub fn functions(tokens: &[Token]) -> Vec<(String, usize, usize)> {
    let starts =
        (0..tokens.len()).filter(|i| tokens[*i].is("fn") && tokens.get(i + 1).is_some_and(|t| t.kind == Kind::Word));
    starts
        .filter_map(|i| {
            let body = body(tokens, i + 2)?;
            let last = tokens[body.end - 1].line;
            Some((tokens[i + 1].text.clone(), tokens[i].line, last - tokens[i].line + 1))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(code: &str, expect: &[&str]) {
        let found: Vec<String> = paths(&tokens(code)).iter().map(|p| p.segments.join("::")).collect();
        assert_eq!(found, expect, "{code}");
    }

    #[test]
    fn a_use_is_taken_apart() {
        check("use crate::domain::Level;", &["crate::domain::Level"]);
        check(
            "pub use crate::{domain::{self, Level as L}, sign::*};",
            &["crate::domain", "crate::domain::Level", "crate::sign::*"],
        );
        check("use ::std::{fs, io::Write as _};", &["std::fs", "std::io::Write"]);
        check("use axum;", &["axum"]);
        check("use {crate::a::B, std::fs};", &["crate::a::B", "std::fs"]);
    }

    #[test]
    fn a_path_in_the_code_is_seen() {
        check("fn f() { crate::store::open(std::fs::read(p)) }", &["crate::store::open", "std::fs::read"]);
        check("let x: super::super::http::Page = y.z::<u8>();", &["super::super::http::Page"]);
        check("fn f() -> ::std::io::Result<()> {}", &["std::io::Result"]);
    }

    #[test]
    fn comments_and_texts_are_not_code() {
        check("// use crate::http;\n/* use /* crate::cli; */ crate::x::y */", &[]);
        check(r###"let a = "crate::http::x"; let b = r#"use "crate::cli"; "#; let c = b"a::b";"###, &[]);
        check("let c = '\"'; let d = '\\''; crate::a::b()", &["crate::a::b"]);
        check("fn f<'a>(x: &'a str) { crate::a::b(x) }", &["crate::a::b"]);
    }

    #[test]
    fn test_code_and_depth_are_told() {
        let code = "use a::b;\n#[cfg(test)]\n#[allow(x)]\nmod tests {\n use super::c;\n}\nuse d::e;";
        let found: Vec<(usize, bool, usize)> = paths(&tokens(code)).iter().map(|p| (p.line, p.test, p.depth)).collect();
        assert_eq!(found, [(1, false, 0), (5, true, 1), (7, false, 0)]);
    }

    #[test]
    fn declared_modules_are_told() {
        let code = "pub mod a;\n#[cfg(test)]\n#[path = \"b_tests.rs\"]\nmod tests;\nmod c { }";
        let of =
            |name: &str, file: Option<&str>, test| Declared { name: name.into(), file: file.map(str::to_owned), test };
        assert_eq!(declared(&tokens(code)), [of("a", None, false), of("tests", Some("b_tests.rs"), true)]);
    }

    #[test]
    fn functions_are_measured() {
        let code = "fn a(x: [u8; 3]) -> u8 {\n  b(|| {})\n}\ntrait T { fn c(&self); }\nfn d() {}";
        assert_eq!(functions(&tokens(code)), [("a".to_owned(), 1, 3), ("d".to_owned(), 5, 1)]);
    }
}
