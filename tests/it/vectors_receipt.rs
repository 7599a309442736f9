//! The public vectors of receipts (tests/vectors/receipt), kept in the tree and read as a stranger reads them.
//! STARMARK_VECTORS=write renews the files.

use crate::receipt_cases::cases;
use crate::receipt_kit::{NOW, at, content, keys, list, signed, with};
use crate::vectors_support::{are_those_made_here, root};
use serde_json::{Value, json};
use starmark::sign::{KeyDocument, canonicalize, parse_strict, verify_credential};
use starmark::verify::receipt::{Finding, verify_offline};
use starmark::verify::{CheckResult, Outcome};
use std::collections::BTreeMap;
use std::io::{Seek as _, Write as _};
use std::process::{Command, Stdio};

const FOLDER: &str = "tests/vectors/receipt";

fn outcome(expect: &str) -> Outcome {
    match expect {
        "genuine" => Outcome::Valid,
        "refused" => Outcome::Invalid,
        "undetermined" => Outcome::Undetermined,
        other => panic!("{other}"),
    }
}

/// Of what does not hold the code of the first check that stands in the way; of what holds any.
fn has_code(finding: &Finding, code: &str) -> bool {
    match finding.verdict.obstacle() {
        Some(obstacle) => obstacle.code == code,
        None => finding.verdict.checks.iter().any(|c| c.code == code && c.result == CheckResult::Ok),
    }
}

#[test]
fn the_vectors_are_those_made_here() {
    let file = |c: crate::receipt_cases::Case| {
        let file = json!({
            "why": c.why, "expect": c.expect, "code": c.code, "now": c.now, "keys": c.keys.to_did_json(),
            "receipt": c.receipt,
        });
        (c.name, file)
    };
    are_those_made_here(FOLDER, cases().into_iter().map(file));
}

#[test]
fn each_vector_is_answered_with_its_own_code() {
    let mut by_expectation = BTreeMap::<String, usize>::new();
    for file in std::fs::read_dir(root(FOLDER)).unwrap().map(|f| f.unwrap().path()) {
        let name = file.file_stem().unwrap().to_str().unwrap().to_owned();
        let vector: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
        let text = |member: &str| vector[member].as_str().unwrap();
        let keys = KeyDocument::parse(vector["keys"].to_string().as_bytes()).unwrap();
        let finding = verify_offline(text("receipt").as_bytes(), &keys, at(text("now")));
        assert_eq!(finding.verdict.verdict, outcome(text("expect")), "{name}: {:?}", finding.verdict.checks);
        assert!(has_code(&finding, text("code")), "{name}: {:?}", finding.verdict.checks);
        let open = ["key-compromised-later", "made-in-the-future"].contains(&name.as_str());
        assert_eq!(finding.genuine.is_some(), text("expect") == "genuine" || open, "{name}");
        *by_expectation.entry(text("expect").to_owned()).or_default() += 1;
        // No receipt, good or bad, is a credential.
        if let Ok(document) = parse_strict(text("receipt").as_bytes()) {
            assert!(name == "credential" || verify_credential(&document, |url| keys.resolve(url)).is_err(), "{name}");
        }
    }
    assert!(by_expectation["refused"] >= 40 && by_expectation["genuine"] >= 3, "{by_expectation:?}");
}

/// The second verifier, written from docs/SPEC-*.md alone, makes the same checks of every vector with the same results.
#[test]
fn a_verifier_made_from_the_specification_agrees() {
    let mut files: Vec<_> = std::fs::read_dir(root(FOLDER)).unwrap().map(|f| f.unwrap().path()).collect();
    files.sort();
    let vectors: Vec<Value> =
        files.iter().map(|file| serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap()).collect();
    let answers = by_specification(&vectors);
    assert_eq!(answers.lines().count(), files.len());
    for ((file, vector), theirs) in files.iter().zip(&vectors).zip(answers.lines()) {
        let text = |member: &str| vector[member].as_str().unwrap();
        let keys = KeyDocument::parse(vector["keys"].to_string().as_bytes()).unwrap();
        let verdict = verify_offline(text("receipt").as_bytes(), &keys, at(text("now"))).verdict;
        let checks: Vec<Value> = verdict.checks.iter().map(|c| json!([c.check, c.result, c.code])).collect();
        let ours = json!({"verdict": verdict.verdict, "checks": checks});
        assert_eq!(serde_json::from_str::<Value>(theirs).unwrap(), ours, "{}", file.display());
    }
}

/// What the second verifier says, a line for each vector.
fn by_specification(vectors: &[Value]) -> String {
    let mut asked = tempfile::tempfile().unwrap();
    vectors.iter().for_each(|vector| writeln!(asked, "{vector}").unwrap());
    asked.rewind().unwrap();
    let mut python = Command::new("python3");
    python.arg(root("tests/interop/receipt_from_spec.py")).env("PYTHONDONTWRITEBYTECODE", "1");
    let output = python.stdin(Stdio::from(asked)).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// Ten thousand answers are a receipt and one more is none, for both verifiers; as a vector it would take two megabytes.
#[test]
fn one_answer_too_many_is_no_receipt() {
    let one = with(content()["answers"][2].clone(), "/comparison", json!([]));
    for (count, expected) in [(10_000, Outcome::Valid), (10_001, Outcome::Invalid)] {
        let receipt =
            signed(with(with(content(), "/answers", json!(vec![one.clone(); count])), "/differences", json!(0)));
        let text = String::from_utf8(canonicalize(&receipt).unwrap()).unwrap();
        let keys = list(keys());
        let now = "2026-05-08T02:00:00Z";
        assert_eq!(verify_offline(text.as_bytes(), &keys, at(now)).verdict.verdict, expected, "{count}");
        let vector = json!({"now": now, "keys": keys.to_did_json(), "receipt": text});
        let theirs: Value = serde_json::from_str(by_specification(&[vector]).trim()).unwrap();
        assert_eq!(theirs["verdict"], json!(expected), "{count}: {theirs}");
    }
}

#[test]
fn one_changed_bit_anywhere_is_refused() {
    let good = canonicalize(&signed(content())).unwrap();
    let keys = list(keys());
    for i in (0..good.len() * 8).step_by(5) {
        let mut bytes = good.clone();
        bytes[i / 8] ^= 1 << (i % 8);
        let finding = verify_offline(&bytes, &keys, at(NOW));
        assert_ne!(finding.verdict.verdict, Outcome::Valid, "bit {i}");
        assert!(finding.genuine.is_none(), "bit {i}");
    }
}
