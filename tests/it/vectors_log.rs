//! The vectors of the log (`tests/vectors/log`): what is good verifies, and what is refused is refused for the one defect
//! it has. And the proofs that another implementation is tested with.

use crate::vectors_support::{root, vector};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Map, Value};
use starmark::domain::Refusal;
use starmark::sign::{Note, NoteKey, NoteProof};
use starmark::tlog::{Checkpoint, Hash, ProofFailure, leaf, verify_consistency, verify_inclusion};

/// Members of a case that say what it is about; all others are the input.
const TOLD: [&str; 5] = ["about", "expect", "code", "words", "like"];

/// Code and words of a refusal.
type Refused = (String, String);

fn refusal(refusal: Refusal) -> Refused {
    (refusal.code.to_owned(), refusal.message.into_owned())
}

fn failure(failure: ProofFailure) -> Refused {
    (failure.code().to_owned(), failure.to_string())
}

struct Case(Map<String, Value>);

impl Case {
    fn read(kind: &str, name: &str) -> Self {
        let value = serde_json::from_slice(&vector(&format!("log/{kind}/{name}.json"))).unwrap();
        let Value::Object(members) = value else { panic!("{kind}/{name} is no object") };
        Self(members)
    }

    fn text(&self, member: &str) -> &str {
        self.0[member].as_str().unwrap()
    }

    fn number(&self, member: &str) -> u64 {
        self.0[member].as_u64().unwrap()
    }

    fn hash(&self, member: &str) -> Hash {
        Hash::from_base64(self.text(member)).unwrap()
    }

    fn proof(&self) -> Vec<Hash> {
        self.0["proof"].as_array().unwrap().iter().map(|h| Hash::from_base64(h.as_str().unwrap()).unwrap()).collect()
    }

    /// Bytes given as text or, where they are not UTF-8, as base64.
    fn bytes(&self, member: &str) -> Vec<u8> {
        match self.0.get(&format!("{member}_base64")) {
            Some(base64) => BASE64.decode(base64.as_str().unwrap()).unwrap(),
            None => self.text(member).as_bytes().to_vec(),
        }
    }

    fn input(&self) -> Map<String, Value> {
        self.0.iter().filter(|(name, _)| !TOLD.contains(&name.as_str())).map(|(k, v)| (k.clone(), v.clone())).collect()
    }
}

fn signed_note(case: &Case) -> Result<(Note, NoteProof), Refused> {
    let key = NoteKey::parse(case.text("vkey")).map_err(refusal)?;
    let note = Note::parse(&case.bytes("note")).map_err(refusal)?;
    let proof = note.verified_by(&key).map_err(|f| (f.code().to_owned(), f.to_string()))?;
    let proof = proof.ok_or_else(|| ("note_unsigned".to_owned(), "no signature by this key".to_owned()))?;
    Ok((note, proof))
}

fn answer(kind: &str, case: &Case) -> Result<(), Refused> {
    match kind {
        "inclusion" => {
            let leaf = leaf(&case.bytes("entry"));
            let (index, size) = (case.number("index"), case.number("size"));
            verify_inclusion(leaf, index, size, &case.proof(), case.hash("root")).map_err(failure)
        }
        "consistency" => {
            let (old, new) = (case.number("old"), case.number("new"));
            let (old_root, new_root) = (case.hash("old_root"), case.hash("new_root"));
            verify_consistency(old, old_root, new, new_root, &case.proof()).map_err(failure)
        }
        "checkpoint" => {
            let checkpoint = Checkpoint::parse(signed_note(case)?.0.text()).map_err(refusal)?;
            let origin = checkpoint.origin();
            let other = || ("origin_mismatch".to_owned(), format!("a checkpoint of {origin}"));
            if origin == case.text("origin") { Ok(()) } else { Err(other()) }
        }
        "note" => {
            let (note, proof) = signed_note(case)?;
            let time = case.0.get("time").map(|t| t.as_i64().unwrap());
            assert_eq!(proof.at.map(|at| at.as_second()), time);
            assert_eq!(note.to_string().as_bytes(), case.bytes("note"));
            Ok(())
        }
        other => panic!("no such kind of case: {other}"),
    }
}

fn check(kind: &str, name: &str) {
    let case = Case::read(kind, name);
    let found = answer(kind, &case);
    if name.starts_with("good-") {
        assert_eq!((case.text("expect"), found), ("good", Ok(())), "{kind}/{name}");
        return;
    }
    let (code, words) = found.expect_err(&format!("{kind}/{name} is accepted"));
    assert_eq!((case.text("expect"), code.as_str()), ("refused", case.text("code")), "{kind}/{name}: {words}");
    assert!(words.contains(case.text("words")), "{kind}/{name}: {words}");
    // But for its defect it is a good case.
    if let Some(like) = case.0.get("like") {
        let good = Case::read(kind, like.as_str().unwrap());
        assert_eq!(answer(kind, &good), Ok(()), "{kind}/{name}");
        let (this, other) = (case.input(), good.input());
        let differ = this.iter().filter(|(member, value)| other.get(*member) != Some(value)).count();
        assert!((1..=2).contains(&differ), "{kind}/{name} differs from {like} in {differ} members");
    }
}

#[test]
fn every_case_is_good_or_refused_for_its_defect() {
    let mut count = (0, 0);
    for kind in ["inclusion", "consistency", "checkpoint", "note"] {
        for file in std::fs::read_dir(root("tests/vectors/log").join(kind)).unwrap() {
            let name = file.unwrap().file_name().into_string().unwrap();
            let name = name.strip_suffix(".json").unwrap();
            check(kind, name);
            if name.starts_with("good-") { count.0 += 1 } else { count.1 += 1 }
        }
    }
    assert_eq!(count, (22, 105), "cases good and refused");
}

/// A hash of another implementation's cases, or none. Some put "don't care" for one: any hash does, so long as it is always
/// the same.
fn other_hash(case: &Value, member: &str) -> Option<Hash> {
    let bytes = BASE64.decode(case[member].as_str()?).ok().filter(|bytes| !bytes.is_empty())?;
    Some(bytes.as_slice().try_into().map_or_else(|_| leaf(&bytes), Hash::from_bytes))
}

fn other_proof(case: &Value) -> Option<Vec<Hash>> {
    let hashes = case["proof"].as_array().map(Vec::as_slice).unwrap_or_default();
    hashes.iter().map(|h| Hash::from_base64(h.as_str()?).ok()).collect()
}

fn lines(file: &str) -> Vec<Value> {
    let text = String::from_utf8(vector(file)).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn the_inclusion_proofs_of_transparency_dev() {
    let cases = lines("merkle/inclusion.ndjson");
    for case in &cases {
        let verified = || {
            let (leaf, root) = (other_hash(case, "leafHash")?, other_hash(case, "root")?);
            let (index, size) = (case["leafIdx"].as_u64()?, case["treeSize"].as_u64()?);
            verify_inclusion(leaf, index, size, &other_proof(case)?, root).ok()
        };
        assert_eq!(verified().is_none(), case["wantErr"].as_bool().unwrap(), "{case}");
    }
    println!("{} inclusion proofs", cases.len());
    assert!(cases.len() > 90);
}

#[test]
fn the_consistency_proofs_of_transparency_dev() {
    // There nothing is said of the empty tree; here every tree continues it (C2SP tlog-witness).
    const FROM_EMPTY: &str = "consistency/additional/size1-is-zero-and-size2-is-not-zero.json";
    let cases = lines("merkle/consistency.ndjson");
    for case in &cases {
        let verified = || {
            let (old_root, new_root) = (other_hash(case, "root1")?, other_hash(case, "root2")?);
            let (old, new) = (case["size1"].as_u64()?, case["size2"].as_u64()?);
            verify_consistency(old, old_root, new, new_root, &other_proof(case)?).ok()
        };
        let refused = case["wantErr"].as_bool().unwrap() && case["file"] != FROM_EMPTY;
        assert_eq!(verified().is_none(), refused, "{case}");
    }
    println!("{} consistency proofs", cases.len());
    assert!(cases.len() > 90);
}
