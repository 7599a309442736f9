//! The public vectors of bundles (tests/vectors/bundle), kept in the tree and read as a stranger reads them.
//! STARMARK_VECTORS=write renews the files.

use crate::bundle_cases::cases;
use crate::bundle_kit::at;
use crate::vectors_support::root;
use serde_json::{Value, json};
use starmark::sign::KeyDocument;
use starmark::verify::bundle::{Trust, verify_bundle};
use std::collections::{BTreeMap, BTreeSet};

const FOLDER: &str = "tests/vectors/bundle";

#[test]
fn the_vectors_are_those_made_here() {
    let folder = root(FOLDER);
    let mut names = BTreeSet::new();
    for c in cases() {
        let file = json!({
            "why": c.why, "expect": c.expect, "code": c.code, "now": c.now, "at": c.at, "keys": c.keys.to_did_json(),
            "bundle": c.bundle,
        });
        let text = format!("{}\n", serde_json::to_string_pretty(&file).unwrap());
        let path = folder.join(format!("{}.json", c.name));
        assert!(names.insert(path.clone()), "{} twice", c.name);
        if std::env::var("STARMARK_VECTORS").is_ok_and(|v| v == "write") {
            std::fs::create_dir_all(&folder).unwrap();
            std::fs::write(&path, &text).unwrap();
        }
        assert_eq!(std::fs::read_to_string(&path).unwrap_or_default(), text, "{}", c.name);
    }
    let kept: BTreeSet<_> = std::fs::read_dir(folder).unwrap().map(|f| f.unwrap().path()).collect();
    assert_eq!(kept, names);
}

#[test]
fn each_vector_is_answered_with_its_own_code() {
    let (mut by_expectation, mut wrong) = (BTreeMap::<String, usize>::new(), vec![]);
    for file in std::fs::read_dir(root(FOLDER)).unwrap().map(|f| f.unwrap().path()) {
        let name = file.file_stem().unwrap().to_str().unwrap().to_owned();
        let vector: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
        let text = |member: &str| vector[member].as_str().unwrap();
        let keys = KeyDocument::parse(vector["keys"].to_string().as_bytes()).unwrap();
        let found =
            verify_bundle(text("bundle").as_bytes(), Trust::Given(&keys), at(text("now")), at(text("at"))).verdict;
        let code = found.obstacle().or(found.checks.last()).map_or("none", |c| c.code);
        if (found.verdict.wire(), code) != (text("expect"), text("code")) {
            wrong.push(format!("{name}: {} {code}: {:?}", found.verdict.wire(), found.obstacle().map(|c| &c.message)));
        }
        *by_expectation.entry(text("expect").to_owned()).or_default() += 1;
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert_eq!(by_expectation.values().sum::<usize>(), cases().len());
}
