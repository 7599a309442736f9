//! The verifier that browsers run, `assets/verify`: our own modules and one decoder of QR codes by others, each as it stands
//! there. Their address changes with what is in them, so that modules of two versions never meet.

use super::super::packed::{length_once, packed_once};
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
    "status.js",
    "time.js",
    "tree.js",
    "verdict.js",
    "view.js",
    "words.js",
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
    let digest: String = all.finalize().iter().map(|b| format!("{b:02x}")).collect();
    digest[..VERSION_DIGITS].to_owned()
});

/// A page's script, and what it will ask for in turn.
#[derive(Debug, Clone)]
pub struct Script {
    /// Address of the module that is run.
    pub run: String,
    /// Addresses of the modules it needs, for one round trip in place of one for each step of imports.
    pub needs: Vec<String>,
}

impl Script {
    /// A module of ours with all that it imports at once.
    #[must_use]
    pub fn of(name: &str) -> Self {
        let mut needs = vec![name];
        let mut at = 0;
        while let Some(module) = needs.get(at) {
            needs.extend(imports(text_of(module)).filter(|i| !needs.contains(i)).collect::<Vec<_>>());
            at += 1;
        }
        Self { run: address(name), needs: needs.into_iter().skip(1).map(address).collect() }
    }
}

/// Addresses of all of them.
pub fn addresses() -> impl Iterator<Item = String> {
    FILES.iter().map(|(name, _)| address(name))
}

/// How many bytes of them travel.
pub fn length() -> usize {
    FILES.iter().map(|(_, text)| length_once(text)).sum()
}

/// Address of one of the files.
#[must_use]
pub fn address(name: &str) -> String {
    format!("/assets/verify/{}/{name}", *VERSION)
}

fn text_of(name: &str) -> &'static str {
    FILES.iter().find(|(n, _)| *n == name).map_or("", |(_, text)| text)
}

/// The neighbours a module names in its static imports; those of `vendor` are asked for when they are needed.
fn imports(module: &'static str) -> impl Iterator<Item = &'static str> {
    let from = module.split(" from \"./").skip(1).filter_map(|rest| rest.split('"').next());
    from.filter(|name| !name.contains('/'))
}

/// One of the files.
pub async fn file(Path((version, file)): Path<(String, String)>, headers: HeaderMap) -> Response {
    let found = FILES.iter().find(|(name, _)| *name == file).filter(|_| version == *VERSION);
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
        for (name, text) in FILES {
            for import in imports(text) {
                assert!(name.contains('/') || given.contains(import), "{name} imports {import}");
            }
        }
    }

    #[test]
    fn a_script_names_all_that_it_needs_once() {
        let script = Script::of("of-certificate.js");
        assert!(script.run.ends_with("/of-certificate.js"));
        let needed: BTreeSet<&String> = script.needs.iter().collect();
        assert_eq!(needed.len(), script.needs.len());
        for name in ["bundle.js", "curve.js", "gunzip.js"] {
            assert!(script.needs.contains(&address(name)), "{name}");
        }
        assert!(!script.needs.iter().any(|n| n.contains("vendor") || n.contains("photo")), "not for a certificate");
    }
}
