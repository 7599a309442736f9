//! A log written with our trees, tiles and notes, read by Go's (`tests/interop/log.go`: golang.org/x/mod/sumdb), and the
//! vectors of the log answered by it.

use crate::vectors_support::root;
use jiff::Timestamp;
use starmark::sign::{LocalSigner, Note, NoteAlgorithm, NoteKey, Signer as _, cosign, sign_note};
use starmark::tlog::{
    Checkpoint, Frontier, Hash, Nodes, TILE_WIDTH, TileKind, bundle, leaf, tile::hash_tile, tiles_of,
};
use std::collections::{BTreeMap, HashMap};
use std::convert::Infallible;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use tempfile::TempDir;
use zeroize::Zeroizing;

const ORIGIN: &str = "xb.example.cn/log";
const WITNESS: &str = "witness.example.cn/w1";

/// Go's verifier, built once.
fn verifier() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| {
        let place = Path::new(env!("CARGO_TARGET_TMPDIR"));
        let program = place.join("log-verifier");
        let mut go = Command::new("go");
        go.args(["build", "-o"]).arg(&program).args(["log.go", "log_vectors.go"]);
        go.current_dir(root("tests/interop")).env("GOPATH", "/usr/share/gocode").env("GOCACHE", place.join("go-cache"));
        go.envs([("GO111MODULE", "off"), ("GOFLAGS", ""), ("GOPROXY", "off")]);
        let run = go.output().unwrap_or_else(|e| {
            panic!("Go must be installed (Debian packages golang-go and golang-golang-x-mod-dev): {e}")
        });
        assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
        program
    })
}

/// What the verifier says of the log in a folder: its counts, or why not.
fn verify(log: &Path, vkeys: &[String]) -> Result<String, String> {
    let run = Command::new(verifier()).arg(log).args(vkeys).output().unwrap();
    let said = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap().trim_end().to_owned();
    match run.status.code() {
        Some(0) => Ok(said(run.stdout)),
        Some(1) => Err(said(run.stderr)),
        _ => panic!("{run:?}"),
    }
}

fn signer(seed: u8) -> LocalSigner {
    LocalSigner::from_seed(&Zeroizing::new([seed; 32])).unwrap()
}

fn vkey(name: &str, algorithm: NoteAlgorithm, seed: u8) -> String {
    NoteKey::new(name, algorithm, signer(seed).public()).unwrap().vkey()
}

fn log_vkey() -> String {
    vkey(ORIGIN, NoteAlgorithm::Ed25519, 1)
}

fn witness_vkey() -> String {
    vkey(WITNESS, NoteAlgorithm::CosignatureV1, 2)
}

#[derive(Default)]
struct Tree(HashMap<(u8, u64), Hash>);

impl Nodes for Tree {
    type Error = Infallible;
    fn node(&self, level: u8, index: u64) -> Result<Hash, Infallible> {
        Ok(self.0[&(level, index)])
    }
}

/// Entries of many lengths, the empty one and the longest among them.
fn entries(size: u64) -> Vec<String> {
    let long = |i: u64| if i == 300 { 65_535 } else { 20 + (i * i % 97) as usize };
    (0..size).map(|i| if i % 1_000 == 7 { String::new() } else { format!("{i:0width$}", width = long(i)) }).collect()
}

/// The files of a log by their paths.
fn files(entries: &[String]) -> BTreeMap<String, Vec<u8>> {
    let (mut tree, mut frontier) = (Tree::default(), Frontier::new());
    for entry in entries {
        frontier
            .push(leaf(entry.as_bytes()), |level, index, hash| assert_eq!(tree.0.insert((level, index), hash), None));
    }
    let mut files: BTreeMap<String, Vec<u8>> = tiles_of(frontier.size())
        .map(|id| {
            let bytes = match id.kind() {
                TileKind::Hashes(level) => hash_tile(level, id.index(), id.width(), &tree).unwrap(),
                TileKind::Entries => {
                    let from = id.index() as usize * usize::from(TILE_WIDTH);
                    bundle(&entries[from..from + usize::from(id.width())]).unwrap()
                }
            };
            (id.path(), bytes)
        })
        .collect();
    let text = Checkpoint::new(ORIGIN, frontier.size(), frontier.root()).unwrap().text();
    let note = Note::new(&text, &sign_note(&text, ORIGIN, &signer(1)).unwrap()).unwrap();
    let time = Timestamp::from_second(1_780_000_000).unwrap();
    let note = note.with_lines(&cosign(&text, WITNESS, time, &signer(2)).unwrap()).unwrap();
    files.insert("checkpoint".to_owned(), note.to_string().into_bytes());
    files
}

fn write(log: &Path, path: &str, bytes: &[u8]) {
    let file = log.join(path);
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    std::fs::write(file, bytes).unwrap();
}

fn written(size: u64) -> (TempDir, BTreeMap<String, Vec<u8>>) {
    let (folder, files) = (tempfile::tempdir().unwrap(), files(&entries(size)));
    files.iter().for_each(|(path, bytes)| write(folder.path(), path, bytes));
    (folder, files)
}

#[test]
fn go_verifies_a_log_of_ten_thousand_entries() {
    let (log, files) = written(10_137);
    let counts = verify(log.path(), &[log_vkey(), witness_vkey()]).unwrap();
    let tiles = files.keys().filter(|path| !path.contains("entries") && path.starts_with("tile")).count();
    assert_eq!(tiles, 41);
    let expect = format!(
        "entries 10137, tiles {tiles}, inclusion proofs 10137, consistency proofs {}, signatures 2",
        2_000 + 3 * 14 - 1
    );
    assert_eq!(counts, expect);
    println!("{counts}");
}

#[test]
fn go_verifies_logs_of_every_shape() {
    for size in [0, 1, 2, 255, 256, 257, 511, 512, 513, 65_536, 65_537] {
        let (log, _) = written(size);
        let counts = verify(log.path(), &[log_vkey()]).unwrap();
        assert!(counts.starts_with(&format!("entries {size}, ")), "{counts}");
    }
}

#[test]
fn go_refuses_a_log_with_one_flipped_byte() {
    let (log, files) = written(1_500);
    let vkeys = [log_vkey(), witness_vkey()];
    assert!(verify(log.path(), &vkeys).is_ok());
    let refused = |path: &str, bytes: &[u8], words: &str| {
        write(log.path(), path, bytes);
        let why = verify(log.path(), &vkeys).expect_err(path);
        assert!(why.contains(words), "{path}: {why}");
        write(log.path(), path, &files[path]);
    };
    let flipped = |path: &str, at: usize, words: &str| {
        let mut bytes = files[path].clone();
        bytes[at] ^= 1;
        refused(path, &bytes, words);
    };
    flipped("tile/entries/000", 2, "the entries have the root");
    flipped("tile/entries/005.p/220", files["tile/entries/005.p/220"].len() - 1, "the entries have the root");
    flipped("tile/entries/000", 1, "tile/entries/000");
    for path in files.keys().filter(|path| path.starts_with("tile/") && !path.contains("entries")) {
        for at in [0, 31, files[path].len() - 1] {
            flipped(path, at, &format!("{path} is not what the entries make it"));
        }
    }
    let note = String::from_utf8(files["checkpoint"].clone()).unwrap();
    let place = |of: &str| note.find(of).unwrap();
    let root = place("1500\n") + 5;
    for at in [0, place("1500\n") + 3, root, root + 42] {
        flipped("checkpoint", at, "the checkpoint by xb.example.cn/log: invalid signature");
    }
    let own = place(&format!("— {ORIGIN} ")) + "— ".len();
    flipped("checkpoint", own, "no verifiable signatures");
    // Another character of base64, behind the key's id and, for the witness, in its time and behind it.
    let cosignature = place(WITNESS) + WITNESS.len() + 1;
    for (at, name) in [(own + ORIGIN.len() + 21, ORIGIN), (cosignature + 15, WITNESS), (cosignature + 40, WITNESS)] {
        let mut bytes = files["checkpoint"].clone();
        bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
        refused("checkpoint", &bytes, &format!("the checkpoint by {name}: invalid signature"));
    }
    for path in files.keys().filter(|path| *path != "checkpoint") {
        refused(path, &files[path][..files[path].len() - 1], path);
    }
    // Nothing but the flips was wrong.
    assert!(verify(log.path(), &vkeys).is_ok());
}

#[test]
fn go_refuses_a_log_that_another_key_signed_or_that_lost_a_file() {
    let (log, files) = written(300);
    let other = verify(log.path(), &[vkey(ORIGIN, NoteAlgorithm::Ed25519, 9)]).unwrap_err();
    assert!(other.contains("no verifiable signatures"), "{other}");
    for path in files.keys() {
        std::fs::remove_file(log.path().join(path)).unwrap();
        let why = verify(log.path(), &[log_vkey()]).unwrap_err();
        assert!(why.contains(path.as_str()), "{path}: {why}");
        write(log.path(), path, &files[path]);
    }
}

#[test]
fn go_answers_the_vectors_of_the_log_alike() {
    // sumdb/note looks at a key's first line only; here every line of a known key must verify.
    const NARROWER: [&str; 1] = ["note/refused-bad-line-behind-a-good-one.json"];
    let run = Command::new(verifier()).arg("--vectors").arg(root("tests/vectors/log")).output().unwrap();
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    let answers = String::from_utf8(run.stdout).unwrap();
    assert_eq!(answers.lines().count(), 127);
    for answer in answers.lines() {
        let (case, said) = answer.split_once(' ').unwrap();
        let good = case.contains("/good-") || NARROWER.contains(&case);
        assert_eq!(said == "good", good, "{answer}");
    }
}

#[test]
fn the_vectors_of_the_log_are_those_that_make_py_writes() {
    let (shelf, made) = (root("tests/vectors/log"), tempfile::tempdir().unwrap());
    let run = Command::new("python3").arg(shelf.join("make.py")).arg(made.path()).output().unwrap();
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    let read = |folder: &Path| -> BTreeMap<String, String> {
        let kinds = ["inclusion", "consistency", "checkpoint", "note"].map(|kind| folder.join(kind));
        let all = kinds.iter().flat_map(|kind| std::fs::read_dir(kind).unwrap()).map(|file| file.unwrap().path());
        let name = |file: &Path| file.strip_prefix(folder).unwrap().to_str().unwrap().to_owned();
        all.map(|file| (name(&file), std::fs::read_to_string(&file).unwrap())).collect()
    };
    assert_eq!(read(&shelf), read(made.path()));
}
