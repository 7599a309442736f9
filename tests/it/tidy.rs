//! The house rules, held by reading the repository: floors, lengths, links, and what must not be there.

#[path = "tidy/floors.rs"]
mod floors;
#[path = "tidy/rust.rs"]
mod rust;
#[path = "tidy/text.rs"]
mod text;

use crate::vectors_support::root;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Longest file, in lines: beyond it nobody reads one through.
const MAX_FILE: usize = 500;
/// A function this long is reported.
const LONG_FUNCTION: usize = 70;
/// Longest function, in lines.
const MAX_FUNCTION: usize = 90;
/// Folders that hold what was fetched or built.
const NOT_OURS: [&str; 7] = ["target", "node_modules", "vendor", ".git", ".venv", "starmark-data", "demo-data"];

/// Every file below `folder`, by its path from the repository's root.
fn files(folder: &str) -> Vec<String> {
    fn walk(folder: &Path, out: &mut Vec<PathBuf>) {
        for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
            let kind = entry.file_type().unwrap();
            if kind.is_dir() && !NOT_OURS.contains(&entry.file_name().to_str().unwrap()) {
                walk(&entry.path(), out);
            } else if kind.is_file() {
                out.push(entry.path());
            }
        }
    }
    let mut found = Vec::new();
    if root(folder).is_dir() {
        walk(&root(folder), &mut found);
    }
    let base = root("");
    let mut out: Vec<String> =
        found.iter().map(|p| p.strip_prefix(&base).unwrap().to_str().unwrap().to_owned()).collect();
    out.sort();
    out
}

fn read(file: &str) -> String {
    std::fs::read_to_string(root(file)).unwrap_or_else(|e| panic!("{file}: {e}"))
}

/// Files people write by hand; what has no ending is a script.
fn written(folders: &[&str]) -> Vec<String> {
    const ENDS: [&str; 10] = ["rs", "py", "go", "mjs", "js", "css", "html", "sh", "svg", "xml"];
    let all = folders.iter().flat_map(|folder| files(folder));
    all.filter(|file| {
        let name = file.rsplit('/').next().unwrap_or_default();
        let end = name.rsplit_once('.');
        let script = end.is_none() && !file.contains("/vectors/") && !file.contains("/fonts/");
        script || end.is_some_and(|(_, end)| ENDS.contains(&end))
    })
    .collect()
}

fn none(complaints: &[String]) {
    assert!(complaints.is_empty(), "\n{}\n", complaints.join("\n"));
}

#[test]
fn imports_run_downwards_only() {
    let tree: BTreeMap<String, String> = files("src")
        .into_iter()
        .filter(|f| f.ends_with(".rs"))
        .map(|f| (f.strip_prefix("src/").unwrap().to_owned(), read(&f)))
        .collect();
    assert!(tree.len() > 20, "only {} files seen", tree.len());
    let places = floors::places(&tree);
    let all: Vec<String> = tree.iter().flat_map(|(file, code)| floors::complaints(file, code, &places[file])).collect();
    none(&all);
}

#[test]
fn files_and_functions_are_short() {
    let mut refused = Vec::new();
    for file in written(&["src", "tests", "scripts", "templates", "assets", "benches", "fuzz"]) {
        let text = read(&file);
        let lines = text.lines().count();
        if lines > MAX_FILE {
            refused.push(format!("{file}: {lines} lines; {MAX_FILE} at most"));
        }
        if !file.ends_with(".rs") {
            continue;
        }
        for (name, line, length) in rust::functions(&rust::tokens(&text)) {
            let said = format!("{file}:{line}: `{name}` has {length} lines; {LONG_FUNCTION} are aimed at");
            if length > MAX_FUNCTION {
                refused.push(said);
            } else if length > LONG_FUNCTION {
                println!("long: {said}");
            }
        }
    }
    none(&refused);
}

#[test]
fn nothing_is_left_unfinished() {
    let all = written(&["src", "tests", "scripts", "templates", "assets", "benches", "fuzz"]);
    none(&all.iter().flat_map(|file| text::unfinished(file, &read(file))).collect::<Vec<_>>());
}

#[test]
fn pages_ask_no_other_host() {
    let all = written(&["templates", "assets"]);
    none(&all.iter().flat_map(|file| text::foreign_hosts(file, &read(file))).collect::<Vec<_>>());
}

#[test]
fn links_between_documents_lead_somewhere() {
    let mut broken = Vec::new();
    for file in files("").into_iter().filter(|f| f.ends_with(".md")) {
        let folder = Path::new(&file).parent().unwrap();
        for (line, link) in text::local_links(&read(&file)) {
            if !root("").join(folder).join(&link).exists() {
                broken.push(format!("{file}:{line}: {link} is not there"));
            }
        }
    }
    none(&broken);
}

#[test]
fn the_architecture_names_what_exists() {
    const MAP: &str = "docs/ARCHITECTURE.md";
    assert!(root(MAP).is_file(), "{MAP} is missing");
    let named = text::named_paths(&read(MAP), |first| !first.is_empty() && root(first).exists());
    assert!(!named.is_empty(), "{MAP} names no path");
    let there = |path: &str| ["", "src", "tests", "docs"].iter().any(|folder| root(folder).join(path).exists());
    let missing = named.iter().filter(|(_, path)| !there(path));
    none(&missing.map(|(line, path)| format!("{MAP}:{line}: {path} is not there")).collect::<Vec<_>>());
}
