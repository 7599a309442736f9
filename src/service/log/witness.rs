//! Witnesses: others who sign that they saw the log only grow (C2SP tlog-witness). They are asked after a checkpoint is
//! published, one after the other, and nothing waits for them.

use super::published::Published;
use super::{ServiceError, Shared};
use crate::domain::Refusal;
use crate::sign::{Note, NoteAlgorithm, NoteKey, NoteProof};
use crate::tlog::{Nodes as _, TileId};
use serde::Deserialize;
use std::fmt::Write as _;
use std::io::Read as _;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

/// Most witnesses one log asks: each is a request after every checkpoint.
pub const WITNESSES_MAX: usize = 16;
/// Longest wait for a witness; it looks at one proof and signs.
const TIMEOUT: Duration = Duration::from_secs(10);
/// How often a witness that did not answer is asked again while nothing new is published.
const RETRY: Duration = Duration::from_secs(30);
/// Largest answer read: some signature lines.
const ANSWER_MAX: u64 = 16 << 10;

/// One witness as the body names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Witness {
    /// Address below which it answers `/add-checkpoint`.
    pub url: String,
    /// Its verifier key, of algorithm cosignature/v1.
    pub key: NoteKey,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    witness: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    url: String,
    key: String,
}

impl Witness {
    /// Reads a list of witnesses (TOML: `[[witness]]` with `url` and `key`).
    ///
    /// # Errors
    /// `bad_witnesses` says which and why.
    pub fn list(text: &str) -> Result<Vec<Self>, Refusal> {
        let bad =
            |why: String| Refusal::invalid("bad_witnesses", format!("the list of witnesses is not usable: {why}"));
        let file: File = toml::from_str(text).map_err(|e| bad(e.to_string()))?;
        if file.witness.len() > WITNESSES_MAX {
            return Err(bad(format!("it has {}, and at most {WITNESSES_MAX} are asked", file.witness.len())));
        }
        let one = |entry: Entry| {
            if !(entry.url.starts_with("https://") || entry.url.starts_with("http://")) {
                return Err(bad(format!("“{}” is no address: write it as https://witness.example", entry.url)));
            }
            let key = NoteKey::parse(&entry.key).map_err(|e| bad(format!("the key of {}: {e}", entry.url)))?;
            if key.algorithm() != NoteAlgorithm::CosignatureV1 {
                return Err(bad(format!("the key of {} is not one for cosignature/v1", entry.url)));
            }
            Ok(Self { url: entry.url.trim_end_matches('/').to_owned(), key })
        };
        file.witness.into_iter().map(one).collect()
    }
}

/// How a witness stands to the log.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Stand {
    /// Entries of the last checkpoint it cosigned; none before the first.
    pub cosigned: Option<u64>,
    /// Why it did not cosign the last one it was asked for.
    pub trouble: Option<String>,
}

/// The witnesses of a log and how they stand.
#[derive(Default)]
pub(super) struct Witnesses(Mutex<Vec<(Witness, Stand)>>);

impl Witnesses {
    pub(super) fn set(&self, witnesses: Vec<Witness>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) =
            witnesses.into_iter().map(|w| (w, Stand::default())).collect();
    }

    pub(super) fn count(&self) -> usize {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    pub(super) fn stands(&self) -> Vec<(Witness, Stand)> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn note(&self, of: usize, change: impl FnOnce(&mut Stand)) {
        if let Some((_, stand)) = self.0.lock().unwrap_or_else(PoisonError::into_inner).get_mut(of) {
            change(stand);
        }
    }
}

/// What a witness answered.
enum Answer {
    Cosigned(String),
    /// It has seen another size than it was told.
    Conflict(u64),
    Refused(String),
}

/// The thread that asks.
pub(super) struct Asker(JoinHandle<()>);

impl Asker {
    pub(super) fn spawn(shared: Arc<Shared>) -> Result<Self, ServiceError> {
        let thread = std::thread::Builder::new().name("witnesses".into()).spawn(move || shared.ask_all());
        Ok(Self(thread.map_err(ServiceError::io("cannot start a thread"))?))
    }

    pub(super) fn finish(self) {
        // A panic was reported when it happened.
        let _ = self.0.join();
    }
}

impl Shared {
    fn ask_all(&self) {
        let agent: ureq::Agent =
            ureq::Agent::config_builder().timeout_global(Some(TIMEOUT)).http_status_as_error(false).build().into();
        let mut asked = None;
        loop {
            let state = self.published().filter(|s| s.size() > 0);
            if let Some(state) = state.filter(|s| asked != Some(s.size()) || self.some_are_missing(s)) {
                asked = Some(state.size());
                for (of, (witness, stand)) in self.witnesses.stands().into_iter().enumerate() {
                    if stand.cosigned != Some(state.size()) && !self.signals().stop {
                        self.ask(&agent, of, &witness, &stand, &state);
                    }
                }
            }
            let signals = self.signals();
            let size = || self.published().map(|s| s.size());
            let idle = |s: &mut super::Signals| !s.stop && size() == asked;
            let waited = self.news.wait_timeout_while(signals, RETRY, idle);
            if waited.unwrap_or_else(PoisonError::into_inner).0.stop {
                return;
            }
        }
    }

    fn some_are_missing(&self, state: &Published) -> bool {
        self.witnesses.stands().iter().any(|(_, stand)| stand.cosigned != Some(state.size()))
    }

    fn ask(&self, agent: &ureq::Agent, of: usize, witness: &Witness, stand: &Stand, state: &Published) {
        let mut old = stand.cosigned.unwrap_or(0);
        let mut tries = 0;
        let outcome = loop {
            tries += 1;
            match self.add_checkpoint(agent, witness, old, state) {
                // It was asked before, by this process or an earlier one.
                Ok(Answer::Conflict(size)) if size <= state.size() && tries == 1 => old = size,
                Ok(Answer::Conflict(size)) => {
                    break Err(format!(
                        "it says that it has seen {size} entries, and this log has {}: either it is wrong, or this register is older than what was published",
                        state.size()
                    ));
                }
                Ok(Answer::Cosigned(lines)) => break self.take_cosignature(witness, &lines, state),
                Ok(Answer::Refused(why)) | Err(why) => break Err(why),
            }
        };
        if let Err(why) = &outcome
            && stand.trouble.as_ref() != Some(why)
        {
            tracing::warn!(witness = witness.url, why, "a witness has not cosigned the log; issuing goes on");
        }
        self.witnesses.note(of, |stand| match outcome {
            Ok(()) => *stand = Stand { cosigned: Some(state.size()), trouble: None },
            Err(why) => stand.trouble = Some(why),
        });
    }

    fn add_checkpoint(
        &self,
        agent: &ureq::Agent,
        witness: &Witness,
        old: u64,
        state: &Published,
    ) -> Result<Answer, String> {
        let blob = |t: TileId| self.blob(state, t);
        let proof = match old {
            0 => vec![],
            old => state.nodes(&blob).consistency(old, state.size()).map_err(|e| e.to_string())?,
        };
        let mut body = format!("old {old}\n");
        for hash in &proof {
            // Writing to a text cannot fail.
            let _ = writeln!(body, "{}", hash.to_base64());
        }
        body.push('\n');
        body.push_str(&state.note);
        let url = format!("{}/add-checkpoint", witness.url);
        let mut answer = agent.post(&url).content_type("text/plain").send(body).map_err(|e| e.to_string())?;
        let (status, mut text) = (answer.status().as_u16(), String::new());
        let read = answer.body_mut().as_reader().take(ANSWER_MAX).read_to_string(&mut text);
        read.map_err(|e| format!("its answer cannot be read: {e}"))?;
        Ok(match status {
            200 => Answer::Cosigned(text),
            409 => Answer::Conflict(text.trim().parse().map_err(|_| "it answered 409 without a size".to_owned())?),
            other => Answer::Refused(format!("it answered {other}")),
        })
    }

    /// Puts a good cosignature below the checkpoint, if that still is the published one.
    fn take_cosignature(&self, witness: &Witness, lines: &str, state: &Published) -> Result<(), String> {
        let line = lines.lines().find(|line| {
            let note = Note::parse(state.note.as_bytes()).and_then(|n| n.with_lines(&format!("{line}\n")));
            note.is_ok_and(|n| matches!(n.verified_by(&witness.key), Ok(Some(NoteProof { at: Some(_) }))))
        });
        let line = line.ok_or("what it sent is no cosignature of this checkpoint by its key")?;
        let _one = self.publishing.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(now) = self.published().filter(|now| now.size() == state.size()) else { return Ok(()) };
        let note = Note::parse(now.note.as_bytes()).and_then(|n| n.with_lines(&format!("{line}\n")));
        let note = note.map_err(|e| e.to_string())?.to_string();
        let replaced = self.files.checkpoint.replace(Some(now.note.as_bytes()), note.as_bytes());
        if !replaced.map_err(|e| e.to_string())? {
            return Err("the checkpoint on file is not the published one".into());
        }
        let after = Published { note: note.into(), cosigned: now.cosigned + 1, ..(*now).clone() };
        *self.published.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(after));
        Ok(())
    }
}
