//! The witness other tests lean on (`tests/witness/witness.py`), held to C2SP tlog-witness with our trees and notes.

use crate::witness_kit::{Witness, WitnessAnswer};
use sha2::{Digest, Sha256};
use starmark::sign::{LocalSigner, Note, NoteAlgorithm, NoteKey, Signer as _, sign_note};
use starmark::tlog::{Checkpoint, Frontier, Hash, Nodes, leaf};
use std::collections::HashMap;
use std::convert::Infallible;
use zeroize::Zeroizing;

const ORIGIN: &str = "xb.example.cn/log";
const NAME: &str = "witness.example.cn/w1";
const TIME: &str = "1780000000";

fn signer(seed: u8) -> LocalSigner {
    LocalSigner::from_seed(&Zeroizing::new([seed; 32])).unwrap()
}

fn log_key() -> NoteKey {
    NoteKey::new(ORIGIN, NoteAlgorithm::Ed25519, signer(1).public()).unwrap()
}

/// A log in memory.
#[derive(Default)]
struct Log(HashMap<(u8, u64), Hash>, Frontier);

impl Nodes for Log {
    type Error = Infallible;
    fn node(&self, level: u8, index: u64) -> Result<Hash, Infallible> {
        Ok(self.0[&(level, index)])
    }
}

impl Log {
    fn of(entries: std::ops::Range<u64>) -> Self {
        let mut log = Self::default();
        entries.for_each(|i| {
            log.1
                .push(leaf(&i.to_be_bytes()), |level, index, hash| assert_eq!(log.0.insert((level, index), hash), None))
        });
        log
    }

    fn text(&self, size: u64) -> String {
        Checkpoint::new(ORIGIN, size, self.root(size).unwrap()).unwrap().text()
    }

    fn offer(&self, witness: &Witness, old: u64, new: u64) -> WitnessAnswer {
        witness.add_checkpoint(old, &self.consistency(old, new).unwrap(), &signed(&self.text(new)))
    }
}

fn signed(text: &str) -> String {
    format!("{text}\n{}", sign_note(text, ORIGIN, &signer(1)).unwrap())
}

struct Kit {
    folder: tempfile::TempDir,
    log: Log,
}

impl Kit {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), log: Log::of(0..40) }
    }

    fn start(&self) -> Witness {
        Witness::start(&self.folder.path().join("state"), &log_key(), NAME, 2, &["--time", TIME])
    }
}

#[track_caller]
fn cosigned(witness: &Witness, text: &str, answer: &WitnessAnswer) {
    assert_eq!(answer.status, 200, "{answer:?}");
    let note = Note::parse(signed(text).as_bytes()).unwrap().with_lines(&answer.body).unwrap();
    let proof = note.verified_by(&witness.key).unwrap().expect("a line by the witness");
    assert_eq!(proof.at.map(|at| at.as_second().to_string()).as_deref(), Some(TIME));
}

fn conflict(size: u64) -> WitnessAnswer {
    WitnessAnswer { status: 409, kind: "text/x.tlog.size".to_owned(), body: format!("{size}\n") }
}

#[test]
fn it_cosigns_a_log_as_it_grows_and_tells_where_it_stands() {
    let kit = Kit::new();
    let witness = kit.start();
    assert_eq!(witness.key, NoteKey::new(NAME, NoteAlgorithm::CosignatureV1, signer(2).public()).unwrap());
    let mut old = 0;
    for new in [0, 1, 2, 5, 8, 8, 21, 40] {
        cosigned(&witness, &kit.log.text(new), &kit.log.offer(&witness, old, new));
        old = new;
    }
    assert_eq!(kit.log.offer(&witness, 0, 40), conflict(40));
    assert_eq!(kit.log.offer(&witness, 21, 40), conflict(40));
    assert_eq!(kit.log.offer(&witness, 8, 21), conflict(40));
    let id: String = Sha256::digest(ORIGIN).iter().map(|b| format!("{b:02x}")).collect();
    let kept = witness.get(&format!("/{id}/checkpoint"));
    let note = Note::parse(kept.body.as_bytes()).unwrap();
    assert_eq!((kept.status, note.text()), (200, kit.log.text(40).as_str()));
    assert!(note.verified_by(&log_key()).unwrap().is_some() && note.verified_by(&witness.key).unwrap().is_some());
    assert_eq!(witness.get("/00/checkpoint").status, 404);
}

#[test]
fn it_remembers_when_it_was_killed() {
    let kit = Kit::new();
    let witness = kit.start();
    cosigned(&witness, &kit.log.text(9), &kit.log.offer(&witness, 0, 9));
    drop(witness);
    let witness = kit.start();
    assert_eq!(kit.log.offer(&witness, 0, 9), conflict(9));
    cosigned(&witness, &kit.log.text(10), &kit.log.offer(&witness, 9, 10));
}

#[test]
fn it_cosigns_no_other_history() {
    let kit = Kit::new();
    let witness = kit.start();
    let status = |old: u64, proof: &[Hash], text: &str| witness.add_checkpoint(old, proof, &signed(text)).status;
    let forked = Log::of(1..41);
    let proof = kit.log.consistency(9, 30).unwrap();
    assert_eq!(status(0, &[Hash::EMPTY], &kit.log.text(9)), 422);
    let no_empty = format!("{ORIGIN}\n0\n{}\n", leaf(b""));
    assert_eq!(status(0, &[], &no_empty), 422);
    cosigned(&witness, &kit.log.text(9), &kit.log.offer(&witness, 0, 9));
    assert_eq!(status(9, &[], &forked.text(9)), 422);
    assert_eq!(status(9, &[], &kit.log.text(30)), 422);
    assert_eq!(status(9, &proof, &forked.text(30)), 422);
    assert_eq!(forked.offer(&witness, 9, 30).status, 422);
    assert_eq!(status(9, &proof[1..], &kit.log.text(30)), 422);
    assert_eq!(status(9, &[&proof[..], &[Hash::EMPTY]].concat(), &kit.log.text(30)), 422);
    for at in 0..proof.len() {
        let mut changed = proof.clone();
        changed[at] = Hash::EMPTY;
        assert_eq!(status(9, &changed, &kit.log.text(30)), 422);
    }
    // Nothing of all that was kept.
    cosigned(&witness, &kit.log.text(30), &kit.log.offer(&witness, 9, 30));
}

#[test]
fn it_cosigns_nothing_that_the_log_did_not_sign() {
    let kit = Kit::new();
    let witness = kit.start();
    let text = kit.log.text(9);
    let status = |note: &str| witness.add_checkpoint(0, &[], note).status;
    let other = format!("{text}\n{}", sign_note(&text, ORIGIN, &signer(3)).unwrap());
    assert_eq!(status(&other), 403);
    assert_eq!(status(&signed(&text).replace("\n9\n", "\n8\n")), 403);
    // One good line, and one that bears the log's name and id and does not verify.
    let twice = signed(&text) + sign_note(&kit.log.text(8), ORIGIN, &signer(1)).unwrap().as_str();
    assert_eq!(status(&twice), 403);
    let elsewhere = text.replace(ORIGIN, "xb.example.org/log");
    assert_eq!(status(&signed(&elsewhere)), 404);
    let both = other + sign_note(&text, ORIGIN, &signer(1)).unwrap().as_str();
    assert_eq!(status(&both), 200);
}

#[test]
fn it_refuses_what_is_no_request() {
    let kit = Kit::new();
    let witness = kit.start();
    let note = signed(&kit.log.text(9));
    let many = format!("{}\n", Hash::EMPTY).repeat(64);
    for body in [
        String::new(),
        "old 0\n".to_owned(),
        note.clone(),
        format!("old 0\n{note}"),
        format!("old\n\n{note}"),
        format!("old 00\n\n{note}"),
        format!("old -1\n\n{note}"),
        format!("Old 0\n\n{note}"),
        format!("old 0\r\n\n{note}"),
        format!("old 0\nAAAA\n\n{note}"),
        format!("old 0\n{many}\n{note}"),
        format!("old 10\n\n{note}"),
        format!("old 0\n\n{}", note.trim_end()),
        format!("old 0\n\n{}", note.replace("\n9\n", "\n09\n")),
        format!("old 0\n\n{}", kit.log.text(9)),
    ] {
        assert_eq!(witness.post("/add-checkpoint", body.as_bytes()).status, 400, "{body}");
    }
    assert_eq!(witness.post("/add-checkpoint", b"\xff").status, 400);
    assert_eq!(witness.post("/other", b"").status, 404);
    cosigned(&witness, &kit.log.text(9), &kit.log.offer(&witness, 0, 9));
}

#[test]
fn of_requests_at_once_one_is_cosigned() {
    let kit = Kit::new();
    let witness = kit.start();
    cosigned(&witness, &kit.log.text(9), &kit.log.offer(&witness, 0, 9));
    let answers: Vec<WitnessAnswer> = std::thread::scope(|scope| {
        let asked: Vec<_> = (20..28)
            .map(|new| {
                (
                    new,
                    scope.spawn({
                        let (log, witness) = (&kit.log, &witness);
                        move || log.offer(witness, 9, new)
                    }),
                )
            })
            .collect();
        asked.into_iter().map(|(_, thread)| thread.join().unwrap()).collect()
    });
    let statuses = |status: u16| answers.iter().filter(|answer| answer.status == status).count();
    assert_eq!((statuses(200), statuses(409)), (1, 7), "{answers:?}");
}
