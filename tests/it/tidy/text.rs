//! What the texts of the repository promise: links that lead somewhere, nothing left unfinished, no foreign host.

/// Words that say a thing is not done. Written in two halves so that this file does not contain them.
const UNFINISHED: [&str; 5] = [
    concat!("TO", "DO"),
    concat!("FIX", "ME"),
    concat!("todo", "!"),
    concat!("unimplemented", "!"),
    concat!("#[ign", "ore"),
];

/// Lines that leave something undone.
pub fn unfinished(file: &str, text: &str) -> Vec<String> {
    let mut out = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        if let Some(word) = UNFINISHED.iter().find(|word| contains_word(line, word)) {
            out.push(format!("{file}:{number}: {word} is left"));
        }
    }
    out
}

fn contains_word(line: &str, word: &str) -> bool {
    let letter = |c: char| c.is_alphanumeric() || c == '_';
    line.match_indices(word).any(|(at, _)| {
        let before = line[..at].chars().next_back().is_some_and(letter);
        let after = line[at + word.len()..].chars().next().is_some_and(letter);
        // What ends in a sign (a macro's bang) may be followed by anything.
        !(before || after && word.ends_with(letter))
    })
}

/// Addresses of other hosts in a page, a style sheet or a script. Namespaces of the W3C are names, not requests;
/// `https://{{ host }}` and `https://${host}` are the body's own host, and a scheme that no host follows names none.
pub fn foreign_hosts(file: &str, text: &str) -> Vec<String> {
    const NAMES_ONLY: [&str; 2] = ["http://www.w3.org/", "https://www.w3.org/"];
    const REQUESTS: [&str; 9] =
        ["src=\"//", "src='//", "href=\"//", "href='//", "url(//", "url(\"//", "url('//", "\"//", "'//"];
    let mut out = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        for scheme in ["http://", "https://", "ws://", "wss://"] {
            for (at, _) in line.match_indices(scheme) {
                let (rest, host) = (&line[at..], &line[at + scheme.len()..]);
                let ours = ["{{", "${location.host}", "${host}", "${keys.host}"].iter().any(|h| host.starts_with(h));
                let none = host.starts_with(['"', '`', '\\']) || host.trim().is_empty();
                if !ours && !none && !NAMES_ONLY.iter().any(|name| rest.starts_with(name)) {
                    out.push(format!("{file}:{number}: names another host: {}", clip(rest)));
                }
            }
        }
        if let Some(at) = REQUESTS.iter().find_map(|r| line.find(r)) {
            out.push(format!("{file}:{number}: names another host: {}", clip(&line[at..])));
        }
    }
    out
}

fn clip(text: &str) -> String {
    text.chars().take(60).collect()
}

/// A markdown text without its fenced blocks and code spans.
fn prose(text: &str) -> String {
    let mut fenced = false;
    let mut out = String::new();
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
        } else if !fenced {
            out.extend(line.split('`').step_by(2).flat_map(|part| [part, " "]));
        }
        out.push('\n');
    }
    out
}

/// The local files a markdown text links to or shows, with their lines.
pub fn local_links(text: &str) -> Vec<(usize, String)> {
    let mut out = Vec::new();
    for (number, line) in (1..).zip(prose(text).lines()) {
        for (opening, closing) in [("](", ')'), ("src=\"", '"'), ("href=\"", '"')] {
            for (at, _) in line.match_indices(opening) {
                let rest = &line[at + opening.len()..];
                let link = rest.split([closing, ' ']).next().unwrap_or_default();
                let file = link.split(['#', '?']).next().unwrap_or_default();
                let elsewhere = link.contains("://") || link.starts_with("mailto:") || link.starts_with("data:");
                if !elsewhere && !file.is_empty() {
                    out.push((number, file.to_owned()));
                }
            }
        }
    }
    out
}

/// The paths of the repository a document names in code spans and fenced blocks. `at_root` says whether a first segment
/// stands at the root: it tells a path from a media type.
pub fn named_paths(text: &str, at_root: impl Fn(&str) -> bool) -> Vec<(usize, String)> {
    const FILES: [&str; 14] = [
        ".rs", ".toml", ".md", ".json", ".mjs", ".js", ".css", ".html", ".py", ".yml", ".svg", ".png", ".lock", ".txt",
    ];
    let mut fenced = false;
    let mut out = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
            continue;
        }
        let spans: Vec<&str> = if fenced { vec![line] } else { line.split('`').skip(1).step_by(2).collect() };
        for word in spans.iter().flat_map(|span| span.split([' ', ',', '(', ')', ';'])) {
            let word = word.trim_end_matches(['.', ':']);
            let plain = !word.is_empty() && !word.starts_with(['/', '-', '.', '$'])
                || word.starts_with("./")
                || word.starts_with(".ci");
            let pattern =
                word.contains(['*', '<', '{', '$', '=', '"', '…', '@', '#', '|', '\\']) || word.contains("::");
            let address = word.contains("://") || word.contains("did:");
            let first = word.split('/').next().unwrap_or_default();
            let path = word.ends_with('/')
                || FILES.iter().any(|end| word.ends_with(end))
                || word.contains('/') && at_root(first);
            if plain && !pattern && !address && path {
                out.push((number, word.to_owned()));
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check<T: PartialEq<&'static str> + std::fmt::Debug>(found: &[T], expect: &[&'static str]) {
        assert_eq!(found, expect);
    }

    fn files(found: Vec<(usize, String)>) -> Vec<String> {
        found.into_iter().map(|(_, file)| file).collect()
    }

    #[test]
    fn what_is_unfinished_is_seen() {
        let left = |line: &str| unfinished("x", line).len();
        assert_eq!(left(&format!("// {}: later", UNFINISHED[0])), 1);
        assert_eq!(left(&format!("    {}()", UNFINISHED[2])), 1);
        assert_eq!(left(&format!("{} = \"slow\"]", UNFINISHED[4])), 1);
        assert_eq!(left("let todo = mastodon!(); // METODOS"), 0);
    }

    #[test]
    fn other_hosts_are_seen() {
        let foreign = |line: &str| foreign_hosts("x", line).len();
        assert_eq!(foreign("<img src=\"https://cdn.example/x.png\">"), 1);
        assert_eq!(foreign("@import url(//cdn.example/x.css);"), 1);
        assert_eq!(foreign("<script src='//cdn.example/x.js'>"), 1);
        assert_eq!(foreign("fetch('//cdn.example/x')"), 1);
        assert_eq!(foreign("<svg xmlns=\"http://www.w3.org/2000/svg\">"), 0);
        assert_eq!(foreign("<a href=\"/c/1\">https://{{ host }}/c/1</a> // a comment"), 0);
        assert_eq!(foreign("const url = `https://${host}/c/${id}`;"), 0);
        assert_eq!(foreign("const url = `https://${other}/c/${id}`;"), 1);
        assert_eq!(foreign("text.startsWith(\"https://\")"), 0);
    }

    #[test]
    fn links_of_a_text_are_found() {
        let text = "[a](docs/A.md#top) [b](https://x.example/y) [c](#here)\n![p](pic.png \"A\")\n<img src=\"q.png\">\n\
                    `[no](code.md)`\n```\n[no](fence.md)\n```\n";
        check(&files(local_links(text)), &["docs/A.md", "pic.png", "q.png"]);
    }

    #[test]
    fn paths_of_a_text_are_found() {
        let root = |first: &str| matches!(first, "src" | "scripts" | ".ci");
        let text = "`src/sign/keys.rs` and `Cargo.toml`, `scripts/test`, `application/json`, `/c/{id}`, `crate::x`,\n\
                    `cargo test`, `.ci/run`\n```\nsrc/\n  domain/  ids score\n  lib.rs   the list\n```\n\
                    `docs/adr/NNNN-*.md` `https://x/y.json`";
        check(
            &files(named_paths(text, root)),
            &["src/sign/keys.rs", "Cargo.toml", "scripts/test", ".ci/run", "src/", "domain/", "lib.rs"],
        );
    }
}
