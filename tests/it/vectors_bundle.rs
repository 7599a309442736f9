//! The public vectors of bundles (tests/vectors/bundle), kept in the tree and read as a stranger reads them.
//! STARMARK_VECTORS=write renews the files.

use crate::bundle_cases::cases;
use crate::bundle_kit::at;
use crate::vectors_support::{are_those_made_here, root};
use serde_json::{Value, json};
use starmark::sign::KeyDocument;
use starmark::verify::bundle::{Trust, verify_bundle};
use std::collections::BTreeMap;

const FOLDER: &str = "tests/vectors/bundle";

#[test]
fn the_vectors_are_those_made_here() {
    let file = |c: crate::bundle_cases::Case| {
        let file = json!({
            "why": c.why, "expect": c.expect, "code": c.code, "now": c.now, "at": c.at, "keys": c.keys.to_did_json(),
            "bundle": c.bundle,
        });
        (c.name, file)
    };
    are_those_made_here(FOLDER, cases().into_iter().map(file));
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
