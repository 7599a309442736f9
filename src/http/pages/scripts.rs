//! The verifier that browsers run, `assets/verify`: our own modules and one decoder of QR codes by others, each as it stands
//! there; and for each page one file in which they are joined. Their address changes with what is in them, so that modules of two versions
//! never meet.

use super::super::packed::{length_once, packed_once};
use crate::domain::hex;
use axum::extract::Path;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use sha2::{Digest, Sha256};
use std::sync::LazyLock;

/// Route of the modules.
pub const ROUTE: &str = "/assets/verify/{version}/{*file}";
/// What stands at such an address never changes.
const FOR_EVER: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");
/// Digits of the digest that an address has.
const VERSION_DIGITS: usize = 16;

macro_rules! files {
    ($($name:literal),+ $(,)?) => {
        [$(($name, include_str!(concat!("../../../assets/verify/", $name)))),+]
    };
}

/// Every file, by its path below `assets/verify`.
static FILES: &[(&str, &str)] = &files![
    "answer.js",
    "bundle.js",
    "bytes.js",
    "codes.js",
    "credential.js",
    "curve.js",
    "device.js",
    "entry.js",
    "faces.js",
    "gunzip.js",
    "input.js",
    "jcs.js",
    "keys.js",
    "life.js",
    "line.js",
    "log.js",
    "mark-list.js",
    "mark.js",
    "note.js",
    "of-certificate.js",
    "of-device.js",
    "of-files.js",
    "pdf.js",
    "photo.js",
    "proof.js",
    "receipt-view.js",
    "receipt.js",
    "refusal.js",
    "shown.js",
    "site.js",
    "stand-in.js",
    "status.js",
    "time.js",
    "tree.js",
    "verdict.js",
    "view.js",
    "words.js",
    "worthy.js",
    "vendor/qr/decode.js",
    "vendor/qr/index.js",
    "vendor/qr/LICENSE-MIT",
];

/// The first digits of the SHA-256 of all of them.
static VERSION: LazyLock<String> = LazyLock::new(|| {
    let mut all = Sha256::new();
    for (name, text) in FILES {
        all.update(format!("{name} {}\n", text.len()));
        all.update(text);
    }
    let digest = hex(&all.finalize());
    digest[..VERSION_DIGITS].to_owned()
});

/// The modules that pages run, each with all it imports in one file: one round trip, and a third fewer bytes.
static JOINED: LazyLock<Vec<(String, String)>> = LazyLock::new(|| {
    let entries = ["of-certificate.js", "of-files.js", "of-device.js", "device.js"];
    entries.into_iter().map(|entry| (format!("{JOINED_WITH}{entry}"), joined(entry))).collect()
});
/// Before the name of a module: that it stands there with all it imports.
const JOINED_WITH: &str = "all-";

/// Address of a page's script.
#[must_use]
pub fn script(entry: &str) -> String {
    address(&format!("{JOINED_WITH}{entry}"))
}

/// What a device keeps to run these pages' scripts, with how many bytes of each travel: them, and what is asked for when a picture is to be
/// read.
pub fn kept(entries: &[&str]) -> Vec<(String, usize)> {
    let is_wanted = |name: &str| name.strip_prefix(JOINED_WITH).is_some_and(|entry| entries.contains(&entry));
    let joined = JOINED.iter().map(|(name, text)| (name.as_str(), text.as_str())).filter(|(name, _)| is_wanted(name));
    let pictures = FILES.iter().copied().filter(|(name, _)| name.contains('/'));
    joined.chain(pictures).map(|(name, text)| (address(name), length_once(text))).collect()
}

/// Packs what pages run.
pub fn pack_ahead() {
    JOINED.iter().for_each(|(_, text)| {
        length_once(text);
    });
}

/// Address of one of the files.
#[must_use]
pub fn address(name: &str) -> String {
    format!("/assets/verify/{}/{name}", *VERSION)
}

fn text_of(name: &str) -> &'static str {
    FILES.iter().find(|(n, _)| *n == name).map_or("", |(_, text)| text)
}

/// One line that brings names of a neighbour, `{ a, b as c }` or `* as a`; those of `vendor` are asked for when they are needed.
struct Import {
    from: &'static str,
    names: String,
}

/// A module, taken apart.
#[derive(Default)]
struct Parts {
    imports: Vec<Import>,
    exports: Vec<&'static str>,
    code: String,
}

/// Takes a module apart, without its comments and the blanks its lines begin with. Modules are written so that this is all it takes, which a test holds them to.
fn parts(text: &'static str) -> Parts {
    let mut parts = Parts::default();
    let (mut rest, mut in_comment) = (text, false);
    while let Some((line, after)) = rest.split_once('\n') {
        let start = line.trim_start();
        rest = after;
        if in_comment || start.starts_with("/*") {
            in_comment = !line.contains("*/");
        } else if line.starts_with("import ") {
            let whole = &text[offset(text, line)..];
            let end = whole.find(';').map_or(whole.len(), |at| at + 1);
            let (import, after) = whole.split_at(end);
            rest = after.trim_start_matches('\n');
            parts.imports.extend(import_of(import));
        } else if let Some(names) = line.strip_prefix("export {") {
            parts.exports.extend(names.trim_end_matches([';', '}', ' ']).split(',').map(str::trim));
        } else if let Some(declared) = line.strip_prefix("export ") {
            parts.exports.extend(name_of(declared));
            parts.code.extend([declared, "\n"]);
        } else if !start.is_empty() && !start.starts_with("//") {
            parts.code.extend([start, "\n"]);
        }
    }
    parts
}

/// Where a part of a text begins.
fn offset(text: &str, part: &str) -> usize {
    part.as_ptr() as usize - text.as_ptr() as usize
}

fn import_of(import: &'static str) -> Option<Import> {
    let (names, from) = import.strip_prefix("import ")?.split_once(" from \"./")?;
    let from = from.strip_suffix("\";")?;
    let names = names.strip_prefix("* as ").map_or_else(|| names.replace(" as ", ": "), str::to_owned);
    Some(Import { from, names })
}

/// The name that a declaration gives.
fn name_of(declared: &'static str) -> Option<&'static str> {
    let kinds = ["const ", "async function ", "function ", "class "];
    let rest = kinds.into_iter().find_map(|kind| declared.strip_prefix(kind))?;
    rest.split(|c: char| !c.is_alphanumeric() && c != '_').next()
}

/// A module after all that it needs, each in a scope of its own and once.
fn joined(entry: &'static str) -> String {
    let order = order(entry);
    let place = |name: &str| order.iter().position(|other| *other == name).unwrap_or_default();
    let mut out = format!(
        "// {entry} with all it imports, joined and without comments. As they were written they stand beside this file.\n"
    );
    for (i, name) in order.iter().enumerate() {
        let Parts { imports, exports, code } = parts(text_of(name));
        let brought: String =
            imports.iter().map(|import| format!("const {} = ${};\n", import.names, place(import.from))).collect();
        let given = exports.join(", ");
        out += &if i + 1 == order.len() {
            format!("{brought}{code}export {{ {given} }};\n")
        } else {
            format!("const ${i} = (() => {{\n{brought}{code}return {{ {given} }};\n}})();\n")
        };
    }
    out
}

/// The same for a script that is no module: a function of that name gives what the module exports.
pub fn inlined(entry: &'static str, name: &str) -> String {
    let module = joined(entry);
    let (code, exports) = module.rsplit_once("export {").unwrap_or((&module, "};"));
    format!("function {name}() {{\n{code}return {{{exports}}}\n")
}

/// A module and all that it needs, each after what it needs itself.
fn order(entry: &'static str) -> Vec<&'static str> {
    fn visit(name: &'static str, done: &mut Vec<&'static str>) {
        if done.contains(&name) {
            return;
        }
        for import in parts(text_of(name)).imports {
            visit(import.from, done);
        }
        done.push(name);
    }
    let mut done = vec![];
    visit(entry, &mut done);
    done
}

/// One of the files.
pub async fn file(Path((version, file)): Path<(String, String)>, headers: HeaderMap) -> Response {
    let known = FILES.iter().copied().chain(JOINED.iter().map(|(name, text)| (name.as_str(), text.as_str())));
    let found = known.filter(|_| version == *VERSION).find(|(name, _)| *name == file);
    let Some((name, text)) = found else { return StatusCode::NOT_FOUND.into_response() };
    let kind = if name.ends_with(".js") { "text/javascript; charset=utf-8" } else { "text/plain; charset=utf-8" };
    let mut response = packed_once(&headers, kind, text);
    response.headers_mut().insert(header::CACHE_CONTROL, FOR_EVER);
    response
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;
    use std::path::PathBuf;

    #[test]
    fn every_module_is_given_out_and_has_its_imports() {
        let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("assets/verify");
        let there: BTreeSet<String> = std::fs::read_dir(&folder)
            .unwrap()
            .map(|f| f.unwrap().file_name().into_string().unwrap())
            .filter(|name| name.ends_with(".js"))
            .collect();
        let given: BTreeSet<String> = FILES.iter().map(|(n, _)| (*n).to_owned()).filter(|n| !n.contains('/')).collect();
        assert_eq!(there, given);
        for (name, text) in FILES.iter().filter(|(name, _)| !name.contains('/')) {
            for import in parts(text).imports {
                assert!(given.contains(import.from), "{name} imports {}", import.from);
            }
        }
    }

    #[test]
    fn modules_are_written_so_that_they_can_be_joined() {
        for (name, text) in FILES.iter().filter(|(name, _)| !name.contains('/')) {
            let found = parts(text);
            assert!(text.ends_with('\n'), "{name}");
            // A text over several lines might look like a comment, or lose a blank line.
            assert!(text.lines().all(|line| line.matches('`').count() % 2 == 0), "{name}");
            let begin = |what: &str, text: &str| text.lines().filter(|line| line.starts_with(what)).count();
            assert_eq!(begin("import ", text), found.imports.len(), "{name}");
            assert_eq!((begin("import ", &found.code), begin("export ", &found.code)), (0, 0), "{name}");
            assert!(!found.code.contains("/*") && !found.code.contains("import.meta"), "{name}");
            for export in &found.exports {
                assert!(
                    found.code.contains(export) || found.imports.iter().any(|i| i.names.contains(export)),
                    "{name} {export}"
                );
            }
        }
    }

    #[test]
    fn a_joined_script_has_what_it_needs_before_it_and_once() {
        let order = order("of-certificate.js");
        assert_eq!(order.last(), Some(&"of-certificate.js"));
        assert_eq!(order.iter().collect::<BTreeSet<_>>().len(), order.len());
        for (i, name) in order.iter().enumerate() {
            for import in parts(text_of(name)).imports {
                assert!(order[..i].contains(&import.from), "{name} before {}", import.from);
            }
        }
        for name in ["bundle.js", "curve.js", "gunzip.js"] {
            assert!(order.contains(&name), "{name}");
        }
        assert!(!order.iter().any(|n| n.contains("vendor") || n.contains("photo")), "not for a certificate");
    }
}
