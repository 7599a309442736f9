//! Witnesses: others who sign that they saw the log only grow (C2SP tlog-witness). They are asked after a checkpoint is
//! published, each by a thread of its own, and nothing waits for them.

use super::published::Published;
use super::{ServiceError, Shared};
use crate::domain::Refusal;
use crate::sign::{Note, NoteAlgorithm, NoteKey, NoteProof};
use crate::tlog::Nodes as _;
use serde::Deserialize;
use std::fmt::Write as _;
use std::io::Read as _;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

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
        let list: Vec<Self> = file.witness.into_iter().map(one).collect::<Result<_, _>>()?;
        for (n, witness) in list.iter().enumerate() {
            if let Some(twin) = list.iter().take(n).find(|other| other.key.public() == witness.key.public()) {
                let why = format!("{} and {} have one key: name each witness once", twin.url, witness.url);
                return Err(bad(why));
            }
        }
        Ok(list)
    }
}

/// How a witness stands to the log.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Stand {
    /// Entries of the last checkpoint it cosigned; none before the first.
    pub cosigned: Option<u64>,
    /// Why it did not cosign the last one it was asked for.
    pub trouble: Option<String>,
    /// What it said against the log: that it cosigned another, or a longer one. It stays until it cosigns.
    pub contradiction: Option<String>,
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

    /// How many of them have cosigned a note, of a tree of that size; they are not asked for it again.
    pub(super) fn of_note(&self, note: &str, size: u64) -> usize {
        let Ok(note) = Note::parse(note.as_bytes()) else { return 0 };
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let by = all.iter_mut().filter(|(witness, _)| is_cosigned(&note, &witness.key));
        by.map(|(_, stand)| stand.cosigned = stand.cosigned.max(Some(size))).count()
    }

    fn note(&self, of: usize, change: impl FnOnce(&mut Stand)) {
        if let Some((_, stand)) = self.0.lock().unwrap_or_else(PoisonError::into_inner).get_mut(of) {
            change(stand);
        }
    }
}

fn is_cosigned(note: &Note, key: &NoteKey) -> bool {
    matches!(note.verified_by(key), Ok(Some(NoteProof { at: Some(_) })))
}

/// What a witness is asked.
struct Question {
    witness: Witness,
    state: Arc<Published>,
    /// The size it is taken to have cosigned last.
    old: u64,
    /// Whether it has just said so itself.
    corrected: bool,
}

/// What came of a question.
enum Outcome {
    Cosigned,
    /// It has seen another size than it was told.
    AskFrom(u64),
    Trouble(String),
    Contradiction(String),
}

/// The threads that ask, and for each whether it waits for an answer now.
pub(super) struct Askers(Vec<(JoinHandle<()>, Arc<AtomicBool>)>);

impl Askers {
    pub(super) fn spawn(shared: &Arc<Shared>) -> Result<Self, ServiceError> {
        let one = |of| {
            let (weak, waits) = (Arc::downgrade(shared), Arc::new(AtomicBool::new(false)));
            let (told, name) = (waits.clone(), format!("witness {of}"));
            let thread = std::thread::Builder::new().name(name).spawn(move || ask_on(&weak, of, &told));
            Ok((thread.map_err(ServiceError::io("cannot start a thread"))?, waits))
        };
        Ok(Self((0..shared.witnesses.count()).map(one).collect::<Result<_, ServiceError>>()?))
    }

    /// The end was told already. A thread that waits for an answer is not waited for: it holds nothing, and does nothing more.
    pub(super) fn finish(self) {
        for (thread, waits) in self.0 {
            while !thread.is_finished() && !waits.load(Ordering::Acquire) {
                std::thread::sleep(Duration::from_millis(1));
            }
        }
    }
}

/// Asks one witness after every checkpoint, until the log is gone.
fn ask_on(shared: &Weak<Shared>, of: usize, waits: &AtomicBool) {
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .timeout_global(Some(TIMEOUT))
        .max_redirects(0)
        .http_status_as_error(false)
        .build()
        .into();
    let mut last: Option<(u64, Instant)> = None;
    let mut again = None;
    loop {
        let Some(log) = shared.upgrade() else { return };
        let Some(question) = again.take().or_else(|| log.next_question(of, last)) else { return };
        last = Some((question.state.size(), Instant::now()));
        let body = log.body(&question);
        waits.store(true, Ordering::Release);
        drop(log);
        let answer = body.and_then(|body| post(&agent, &question.witness, body));
        waits.store(false, Ordering::Release);
        let Some(log) = shared.upgrade() else { return };
        let outcome = answer.map_or_else(Outcome::Trouble, |(status, text)| log.outcome(&question, status, &text));
        match outcome {
            Outcome::AskFrom(old) => again = Some(Question { old, corrected: true, ..question }),
            outcome => log.take_note(of, &question, outcome),
        }
    }
}

fn post(agent: &ureq::Agent, witness: &Witness, body: String) -> Result<(u16, String), String> {
    let url = format!("{}/add-checkpoint", witness.url);
    let mut answer = agent.post(&url).content_type("text/plain").send(body).map_err(|e| e.to_string())?;
    let (status, mut text) = (answer.status().as_u16(), String::new());
    let read = answer.body_mut().as_reader().take(ANSWER_MAX).read_to_string(&mut text);
    read.map_err(|e| format!("its answer cannot be read: {e}"))?;
    Ok((status, text))
}

impl Shared {
    /// Waits until there is something to ask a witness; none when the end has come.
    fn next_question(&self, of: usize, last: Option<(u64, Instant)>) -> Option<Question> {
        let is_due = |size| last.is_none_or(|(asked, at)| asked != size || at.elapsed() >= RETRY);
        let mut signals = self.signals();
        while !signals.stop {
            let (witness, stand) = self.witnesses.stands().into_iter().nth(of)?;
            let state = self.published().filter(|s| s.size() > 0 && stand.cosigned != Some(s.size()));
            if let Some(state) = state.filter(|s| is_due(s.size())) {
                return Some(Question { witness, state, old: stand.cosigned.unwrap_or(0), corrected: false });
            }
            signals = self.news.wait_timeout(signals, RETRY).unwrap_or_else(PoisonError::into_inner).0;
        }
        None
    }

    fn body(&self, Question { state, old, .. }: &Question) -> Result<String, String> {
        let held = self.held(state);
        let blob = |t| held.get(t);
        let proof = match *old {
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
        Ok(body)
    }

    fn outcome(&self, question: &Question, status: u16, text: &str) -> Outcome {
        let Question { old, corrected, ref state, ref witness } = *question;
        let size = state.size();
        let contradiction = |what: String| {
            Outcome::Contradiction(format!(
                "{what}: either it is wrong, or this register is not the one that was published, as after a backup was put back. Find out before anything more is issued: hold the journal against the checkpoint the witness shows (starmark restore --checkpoint)"
            ))
        };
        match (status, text.trim().parse::<u64>()) {
            (200, _) => self.take_cosignature(witness, text, state).map_or_else(Outcome::Trouble, |()| Outcome::Cosigned),
            (409, Ok(seen)) if seen > size => {
                contradiction(format!("it says that it has seen {seen} entries, and this log has {size}"))
            }
            (409, Ok(seen)) if seen == size && old == size => {
                contradiction(format!("it says that it has cosigned another tree of {size} entries"))
            }
            (409, Ok(seen)) if !corrected => Outcome::AskFrom(seen),
            (409, Ok(seen)) => Outcome::Trouble(format!(
                "it says that it has seen {seen} entries, just after it was told {old}: somebody else asks it about this log"
            )),
            (409, Err(_)) => Outcome::Trouble("it answered 409 without a size".into()),
            (422, _) => contradiction(format!(
                "it answered 422: the tree of {old} entries it cosigned is not the beginning of this one of {size}"
            )),
            (404, _) => Outcome::Trouble("it answered 404: it does not know this log; who runs it must take up its origin and verifier key (/api/v1/log)".into()),
            (403, _) => Outcome::Trouble("it answered 403: it does not know the key that signed the checkpoint; who runs it must take up the verifier key (/api/v1/log)".into()),
            (other, _) => Outcome::Trouble(format!("it answered {other}")),
        }
    }

    fn take_note(&self, of: usize, question: &Question, outcome: Outcome) {
        let witness = &question.witness.url;
        self.witnesses.note(of, |stand| match outcome {
            Outcome::Cosigned => *stand = Stand { cosigned: Some(question.state.size()), ..Stand::default() },
            Outcome::Contradiction(why) => {
                if stand.contradiction.as_ref() != Some(&why) {
                    tracing::error!(witness, why, "a witness contradicts the public log");
                }
                (stand.trouble, stand.contradiction) = (Some(why.clone()), Some(why));
            }
            Outcome::Trouble(why) => {
                if stand.trouble.as_ref() != Some(&why) {
                    tracing::warn!(witness, why, "a witness has not cosigned the log; issuing goes on");
                }
                stand.trouble = Some(why);
            }
            Outcome::AskFrom(_) => {}
        });
    }

    /// Puts a good cosignature below the checkpoint, in the place of an older one by its key, if that checkpoint still is the
    /// published one.
    fn take_cosignature(&self, witness: &Witness, lines: &str, state: &Published) -> Result<(), String> {
        let signed = Note::parse(state.note.as_bytes()).map_err(|e| e.to_string())?;
        let one = |line: &str| Note::new(signed.text(), &format!("{line}\n")).ok();
        let line = lines.lines().find(|line| one(line).is_some_and(|n| is_cosigned(&n, &witness.key)));
        let line = line.ok_or("what it sent is no cosignature of this checkpoint by its key")?;
        let _one = self.publishing.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(now) = self.published().filter(|now| now.size() == state.size()) else { return Ok(()) };
        if self.signals().stop {
            return Ok(());
        }
        let (name, id) = (witness.key.name(), witness.key.id());
        let note = Note::parse(now.note.as_bytes()).map_err(|e| e.to_string())?;
        let others = note.signatures().iter().filter(|s| (s.name(), s.key_id()) != (name, id));
        let lines: String = others.map(ToString::to_string).chain([format!("{line}\n")]).collect();
        let note: Arc<str> = Note::new(signed.text(), &lines).map_err(|e| e.to_string())?.to_string().into();
        if !self.exchange(&now, note.as_bytes()).map_err(|e| e.in_full())? {
            return Err("the checkpoint on file is not the published one".into());
        }
        let cosigned = self.witnesses.of_note(&note, state.size());
        self.serve(Published { note, cosigned, ..(*now).clone() });
        Ok(())
    }
}
