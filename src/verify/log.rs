//! The check of the public log: with the register's own tree at hand, or from a checkpoint and proofs that somebody kept.

use super::verdict::{Check, CheckName, Draft, Source};
use crate::domain::Host;
use crate::sign::{KeyDocument, KeyId, KeyRecord, Note, NoteAlgorithm, NoteKey, Purpose, canonicalize};
use crate::tlog::{self, Checkpoint, Hash};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// The name of a host's log: the first line of its checkpoints, and the name of its key.
#[must_use]
pub fn origin(host: &Host) -> String {
    format!("{host}/log")
}

/// Most hashes a proof may have: one for each level of the largest tree.
const PROOF_MAX: usize = 64;

/// An entry of the log, with the proof that the tree of a checkpoint has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "Written", try_from = "Written")]
pub struct ProvenEntry {
    /// Number of the leaf, from 0.
    pub index: u64,
    /// The entry, an object: its canonical JSON is the leaf.
    pub entry: Value,
    /// Inclusion proof: hashes from the leaf up (RFC 9162 section 2.1.3).
    pub proof: Vec<Hash>,
}

/// [`ProvenEntry`] as it is written.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    index: u64,
    entry: Map<String, Value>,
    proof: Vec<String>,
}

impl From<ProvenEntry> for Written {
    fn from(proven: ProvenEntry) -> Self {
        let entry = proven.entry.as_object().cloned().unwrap_or_default();
        Self { index: proven.index, entry, proof: proven.proof.iter().map(|h| h.to_base64()).collect() }
    }
}

impl TryFrom<Written> for ProvenEntry {
    type Error = String;

    fn try_from(written: Written) -> Result<Self, String> {
        let Written { index, entry, proof } = written;
        if proof.len() > PROOF_MAX {
            return Err(format!("a proof has at most {PROOF_MAX} hashes"));
        }
        let hash = |text: &String| Hash::from_base64(text).map_err(|r| r.to_string());
        Ok(Self { index, entry: Value::Object(entry), proof: proof.iter().map(hash).collect::<Result<_, _>>()? })
    }
}

fn draft(now: Timestamp) -> Draft {
    Draft { name: CheckName::Log, source: Source::Log, known_at: now }
}

/// Where an entry stands in the register's own log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// Number of the leaf.
    pub leaf: u64,
    /// Entries of the published tree.
    pub size: u64,
    /// How many witnesses have cosigned that tree.
    pub cosigned: usize,
    /// How many are asked.
    pub witnesses: usize,
}

/// What the register's own log has of a record.
#[must_use]
pub fn logged(place: Option<Place>, now: Timestamp) -> Check {
    match place {
        Some(Place { leaf, size, witnesses: 0, .. }) => draft(now).ok(
            "logged",
            format!("已记入公开日志第 {leaf} 条（共 {size} 条）"),
            format!("entry {leaf} of the {size} in the public log"),
        ),
        Some(Place { leaf, size, cosigned, witnesses }) => draft(now).ok(
            "logged",
            format!("已记入公开日志第 {leaf} 条（共 {size} 条），{witnesses} 个见证人中 {cosigned} 个已联署"),
            format!(
                "entry {leaf} of the {size} in the public log, which {cosigned} of {witnesses} witnesses have cosigned"
            ),
        ),
        None => draft(now).unknown(
            "not_logged_yet",
            "还没有记入已公布的日志，通常只需一秒",
            "not in a published checkpoint of the log yet; that takes a second as a rule",
        ),
    }
}

/// The checkpoint is signed with a key that others may hold.
#[must_use]
pub fn key_compromised(key: KeyId, now: Timestamp) -> Check {
    draft(now).unknown(
        "log_key_compromised",
        format!("日志密钥 {key} 已经泄露，单凭它的签名不能证明什么"),
        format!("the log key {key} was compromised: its signature alone proves nothing"),
    )
}

/// What a checkpoint and proofs that were kept come to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evidence {
    /// The check, required: without the log nobody vouches for what it would show.
    pub check: Check,
    /// The entries, where all of them are proven; else none.
    pub entries: Vec<Value>,
}

impl Evidence {
    /// Nothing of the log is at hand.
    #[must_use]
    pub fn none(now: Timestamp) -> Self {
        let check =
            draft(now).unknown("log_missing", "没有附日志证明", "there is no proof from the public log with it");
        Self { check: Check { required: true, ..check }, entries: vec![] }
    }
}

/// Verifies that entries are in the tree of a checkpoint that the body signed.
#[must_use]
pub fn evidence(checkpoint: &str, entries: &[ProvenEntry], keys: &KeyDocument, now: Timestamp) -> Evidence {
    let (check, entries) = match signed(checkpoint, keys, now).and_then(|(tree, key)| prove(&tree, key, entries, now)) {
        Ok(check) => (check, entries.iter().map(|e| e.entry.clone()).collect()),
        Err(check) => (check, vec![]),
    };
    Evidence { check: Check { required: true, ..check }, entries }
}

fn failed(now: Timestamp, code: &'static str, zh: &str, en: String) -> Check {
    draft(now).failed(code, zh, en)
}

/// The checkpoint, and the key of the body that signed it.
fn signed<'k>(note: &str, keys: &'k KeyDocument, now: Timestamp) -> Result<(Checkpoint, &'k KeyRecord), Check> {
    let origin = origin(keys.host());
    let unreadable =
        |code, why: String| failed(now, code, "日志的检查点读不懂", format!("the checkpoint has no reading: {why}"));
    let note = Note::parse(note.as_bytes()).map_err(|e| unreadable(e.code, e.to_string()))?;
    let mut by = None;
    for key in keys.keys().iter().filter(|k| k.purpose == Purpose::Log) {
        let Ok(verifier) = NoteKey::new(&origin, NoteAlgorithm::Ed25519, key.public) else { continue };
        let found = note.verified_by(&verifier);
        let found = found.map_err(|e| {
            failed(now, e.code(), "日志检查点的签名不对", format!("the checkpoint is not the body's: {e}"))
        })?;
        // Of several, one that is in nobody else's hands.
        by = found.map(|_| key).filter(|key| by.is_none() || key.compromised_at.is_none()).or(by);
    }
    let checkpoint = Checkpoint::parse(note.text()).map_err(|e| unreadable(e.code, e.to_string()))?;
    if checkpoint.origin() != origin {
        return Err(failed(
            now,
            "log_other",
            "这是别的日志的检查点",
            format!("the checkpoint is of another log than {origin}"),
        ));
    }
    let Some(key) = by else {
        return Err(draft(now).unknown(
            "log_key_unknown",
            "检查点不是用清单里的日志密钥签的：清单可能比密钥旧",
            "the checkpoint is not signed by a log key in this list of keys, which may be older than the key",
        ));
    };
    if key.compromised_at.is_some() {
        return Err(key_compromised(key.id, now));
    }
    Ok((checkpoint, key))
}

fn prove(tree: &Checkpoint, key: &KeyRecord, entries: &[ProvenEntry], now: Timestamp) -> Result<Check, Check> {
    let mut last = None;
    for ProvenEntry { index, entry, proof } in entries {
        if last.is_some_and(|l| l >= *index) {
            return Err(failed(
                now,
                "log_order",
                "日志条目的次序不对",
                "the entries are not in the log's order".into(),
            ));
        }
        last = Some(*index);
        let bytes = canonicalize(entry)
            .map_err(|r| failed(now, r.code, "日志条目读不懂", format!("an entry has no canonical form: {r}")))?;
        let held = tlog::verify_inclusion(tlog::leaf(&bytes), *index, tree.size(), proof, tree.root());
        held.map_err(|e| failed(now, e.code(), "日志证明不成立", format!("entry {index} is not in the log: {e}")))?;
    }
    Ok(draft(now).ok(
        "log_proven",
        format!("{} 条记录都在公开日志里（共 {} 条，{} 签名）", entries.len(), tree.size(), key.id),
        format!("{} entries are in the public log of {} that {} signed", entries.len(), tree.size(), key.id),
    ))
}
