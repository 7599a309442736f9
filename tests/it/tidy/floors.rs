//! Who may import whom.

use super::rust::{Declared, Path, Token, declared, paths, tokens};
use std::collections::BTreeMap;

/// The rooms of `src/` and the floor each stands on. A room imports itself and lower floors, nothing else.
const ROOMS: [(&str, u8); 12] = [
    ("domain", 0),
    ("draw", 0),
    ("sign", 1),
    ("tlog", 1),
    ("status", 1),
    ("mark", 1),
    ("print", 1),
    ("verify", 2),
    ("store", 3),
    ("service", 4),
    ("http", 5),
    ("cli", 5),
];

/// The only sideways doors: the command line starts the server, by its entry point and what that takes.
const DOORS: [(&str, [&str; 2]); 3] =
    [("cli", ["http", "serve"]), ("cli", ["http", "Options"]), ("cli", ["http", "Limits"])];

/// Crates that only the top floor names: they are how the product talks to the world.
const TOP_ONLY: [&str; 3] = ["axum", "clap", "askama"];
const TOP: u8 = 5;

/// Floors up to this one do no input or output, are not async, and ask the machine for neither time nor randomness.
const PURE_UP_TO: u8 = 2;
const IMPURE: [&[&str]; 10] = [
    &["std", "fs"],
    &["std", "net"],
    &["std", "env"],
    &["std", "process"],
    &["std", "thread"],
    &["std", "os"],
    &["tokio"],
    &["sled"],
    &["getrandom"],
    &["rand"],
];
/// A path that asks a clock ends or starts so: `Timestamp::now`, `time::SystemTime`, `std::time::Instant`.
fn asks_a_clock(segments: &[String]) -> bool {
    let ends_in_now = segments.last().is_some_and(|last| last == "now");
    ends_in_now || segments.iter().any(|s| s == "SystemTime") || segments.windows(2).any(|w| w == ["time", "Instant"])
}

/// What the tree says of a file that the file itself does not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Its module: `["sign", "keys", "tests"]`; empty for `lib.rs` and `main.rs`.
    pub module: Vec<String>,
    /// Compiled for tests only.
    pub test: bool,
}

fn floor(room: &str) -> Option<u8> {
    ROOMS.iter().find(|(name, _)| *name == room).map(|(_, floor)| *floor)
}

/// The module a file is, by its path below `src/`.
fn module_of(file: &str) -> Vec<String> {
    let stem = file.trim_end_matches(".rs");
    let stem = stem.strip_suffix("/mod").unwrap_or(stem);
    if matches!(stem, "lib" | "main") { vec![] } else { stem.split('/').map(str::to_owned).collect() }
}

/// Where every file of the tree stands. Paths are below `src/`.
pub fn places(files: &BTreeMap<String, String>) -> BTreeMap<String, Place> {
    let mut out: BTreeMap<String, Place> =
        files.keys().map(|f| (f.clone(), Place { module: module_of(f), test: false })).collect();
    for (file, code) in files {
        let folder = file.rsplit_once('/').map_or(String::new(), |(folder, _)| format!("{folder}/"));
        for Declared { name, file: named, test } in declared(&tokens(code)) {
            let mut module = module_of(file);
            module.push(name);
            let candidates = match named {
                Some(named) => vec![format!("{folder}{named}")],
                None => vec![format!("{}.rs", module.join("/")), format!("{}/mod.rs", module.join("/"))],
            };
            for candidate in candidates {
                if let Some(place) = out.get_mut(&candidate) {
                    *place = Place { module: module.clone(), test };
                }
            }
        }
    }
    out
}

/// What is wrong with a file's imports.
pub fn complaints(file: &str, code: &str, place: &Place) -> Vec<String> {
    let tokens = tokens(code);
    let all = paths(&tokens);
    let Some(room) = place.module.first() else { return root_complaints(file, &tokens, &all) };
    let Some(own) = floor(room) else {
        return vec![format!(
            "src/{file}: the room `{room}` stands on no floor; give it one in tests/it/tidy/floors.rs"
        )];
    };
    let mut out = Vec::new();
    for path in &all {
        let line = path.line;
        if let Some(target) = target(path, place)
            && let Some(why) = import_refused(room, own, &target)
        {
            out.push(format!("src/{file}:{line}: {why}"));
        }
        let first = path.segments[0].as_str();
        if own < TOP && TOP_ONLY.contains(&first) {
            out.push(format!("src/{file}:{line}: only floor {TOP} names {first}; `{room}` is floor {own}"));
        }
        let test = place.test || path.test;
        if own <= PURE_UP_TO && !test && IMPURE.iter().any(|i| starts_with(&path.segments, i)) {
            let named = path.segments.join("::");
            out.push(format!("src/{file}:{line}: floors up to {PURE_UP_TO} are pure; this names {named}"));
        }
        if own <= PURE_UP_TO && !test && asks_a_clock(&path.segments) {
            out.push(format!("src/{file}:{line}: time is an argument on floors up to {PURE_UP_TO}"));
        }
    }
    out
}

fn starts_with(segments: &[String], prefix: &[&str]) -> bool {
    segments.len() >= prefix.len() && segments.iter().zip(prefix).all(|(s, p)| s == p)
}

/// The path from the crate's root, when it leads there.
fn target(path: &Path, place: &Place) -> Option<Vec<String>> {
    let segments = &path.segments;
    match segments[0].as_str() {
        "crate" | "starmark" => Some(segments[1..].to_vec()),
        "super" | "self" => {
            let up = segments.iter().filter(|s| *s == "super").count();
            let rest = segments.iter().skip_while(|s| matches!(s.as_str(), "super" | "self")).cloned();
            // Names of inline modules do not matter: only whether the path climbs out of the room.
            let stands = place.module.len() + path.depth;
            (up >= stands).then(|| rest.collect())
        }
        _ => None,
    }
}

fn import_refused(room: &str, own: u8, target: &[String]) -> Option<String> {
    let other = target.first()?.as_str();
    if other == room || DOORS.iter().any(|(from, door)| *from == room && starts_with(target, door)) {
        return None;
    }
    match floor(other) {
        None => Some(format!("`{other}` is no room of this crate")),
        Some(theirs) if theirs < own => None,
        Some(theirs) if theirs == own => Some(format!("sideways: `{room}` and `{other}` both stand on floor {own}")),
        Some(theirs) => Some(format!("upward: `{room}` (floor {own}) names `{other}` (floor {theirs})")),
    }
}

/// `lib.rs` lists the rooms and `main.rs` names `cli`, nothing more.
fn root_complaints(file: &str, tokens: &[Token], all: &[Path]) -> Vec<String> {
    let rooms = declared(tokens).into_iter().filter(|d| floor(&d.name).is_none());
    let mut out: Vec<String> = rooms.map(|d| format!("src/{file}: the room `{}` stands on no floor", d.name)).collect();
    for path in all.iter().filter(|p| matches!(p.segments[0].as_str(), "crate" | "starmark")) {
        if path.segments.get(1).is_some_and(|room| room != "cli") {
            out.push(format!("src/{file}:{}: only `cli` is named here, not {}", path.line, path.segments.join("::")));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(file: &str, code: &str, expect: &str) {
        let found = complaints(file, code, &Place { module: module_of(file), test: false });
        match expect {
            "" => assert!(found.is_empty(), "{found:?}"),
            part => assert!(found.len() == 1 && found[0].contains(part), "{found:?} does not say {part}"),
        }
    }

    #[test]
    fn downward_and_inward_imports_pass() {
        check("sign/proof.rs", "use super::canonical; use crate::sign::Signer; use crate::domain::Host;", "");
        check("verify/mod.rs", "use crate::{mark, sign};", "");
        check("service/mod.rs", "use crate::store::Store;", "");
        check("http/pages.rs", "use crate::{domain::Level, service::Service}; use axum::Router;", "");
        check("domain/ids.rs", "mod tests { use super::*; use super::super::text::Name; }", "");
    }

    #[test]
    fn upward_imports_are_refused() {
        check("domain/ids.rs", "use crate::sign::Signer;", "upward: `domain` (floor 0) names `sign` (floor 1)");
        check("sign/proof.rs", "use crate::{domain::Host, verify::Verdict};", "upward");
        check("store/mod.rs", "fn f() { crate::service::x() }", "upward");
        check("service/mod.rs", "use super::http::serve;", "upward");
        check("service/lookup.rs", "use super::super::cli;", "upward");
        check("service/lookup.rs", "mod tests { use super::super::super::cli; }", "upward");
        check("mark/qr.rs", "#[cfg(test)] mod tests { use crate::store::Store; }", "upward");
    }

    #[test]
    fn sideways_imports_are_refused_but_for_the_door() {
        check("sign/proof.rs", "use crate::mark::Token;", "sideways");
        check("http/mod.rs", "use crate::cli::Config;", "sideways");
        check("cli/serve.rs", "use crate::http::serve; crate::http::serve::Options", "");
        check("cli/serve.rs", "use crate::http::{pages, serve};", "sideways");
        check("cli/serve.rs", "use crate::http;", "sideways");
        check("cli/serve.rs", "use crate::http::{Limits, Options, serve};", "");
        check("http/mod.rs", "use crate::cli::serve;", "sideways");
    }

    #[test]
    fn rooms_without_a_floor_are_refused() {
        check("attic/mod.rs", "", "stands on no floor");
        check("sign/keys.rs", "use crate::attic::Box;", "no room of this crate");
        check("lib.rs", "pub mod domain; pub mod attic;", "`attic` stands on no floor");
        check("main.rs", "fn main() { starmark::cli::run() }", "");
        check("main.rs", "use starmark::store::Store;", "only `cli`");
    }

    #[test]
    fn the_top_floors_crates_are_refused_below() {
        check("service/mod.rs", "use axum::Json;", "only floor 5 names axum");
        check("store/mod.rs", "#[derive(clap::Parser)] struct A;", "only floor 5 names clap");
        check("cli/mod.rs", "use clap::Parser;", "");
    }

    #[test]
    fn low_floors_are_pure() {
        check("domain/dates.rs", "use std::{fmt, fs};", "this names std::fs");
        check("mark/mod.rs", "fn f() { std::net::TcpStream::connect(a) }", "this names std::net");
        check("verify/mod.rs", "use tokio::sync::Mutex;", "tokio");
        check("sign/keys.rs", "use sled;", "sled");
        check("sign/keys.rs", "use std::time; fn f() { time::SystemTime::now() }", "time is an argument");
        check("domain/dates.rs", "fn f() { jiff::Timestamp::now() }", "time is an argument");
        check("domain/dates.rs", "use std::time::Instant;", "time is an argument");
        check("domain/dates.rs", "AsOf::Instant(at)", "");
        check("mark/mod.rs", "#[cfg(test)] mod tests { use std::fs; }", "");
        check("service/keyring.rs", "use std::fs;", "");
    }

    #[test]
    fn files_stand_where_their_parents_declare_them() {
        let file = |path: &str, code: &str| (path.to_owned(), code.to_owned());
        let tree = BTreeMap::from([
            file("sign/mod.rs", "mod keys; #[cfg(test)] mod samples;"),
            file("sign/keys.rs", "#[cfg(test)] #[path = \"keys_tests.rs\"] mod tests;"),
            file("sign/keys_tests.rs", "use super::super::proof;"),
            file("sign/samples.rs", "use std::fs;"),
        ]);
        let places = places(&tree);
        assert_eq!(places["sign/keys_tests.rs"].module, ["sign", "keys", "tests"]);
        for (path, code) in &tree {
            assert!(complaints(path, code, &places[path]).is_empty(), "{path}");
        }
        assert!(places["sign/samples.rs"].test && !places["sign/keys.rs"].test);
    }
}
