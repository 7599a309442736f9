//! How every act is done: planned on what stands, committed, and planned again where somebody was quicker; the same request
//! under the same key once.

use super::actor::Act;
use super::in_flight::Begun;
use super::{Service, ServiceError, sha256_hex};
use crate::domain::event::{Event, Fact, Provenance};
use crate::domain::text::Note;
use crate::domain::{CertificateChange, Refusal, Role};
use crate::sign::canonical::object_of;
use crate::sign::canonicalize;
use crate::store::{Changeset, Claim, Committed, Entry, Expect, Record, StoreError, Subject};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::json;
use std::sync::atomic::Ordering;
use tokio::sync::oneshot;

/// How often a use case reads again and decides again when somebody was quicker.
const COMMIT_TRIES: usize = 8;

/// What a use case wants written.
pub(super) struct Plan {
    pub(super) expect: Vec<Expect>,
    pub(super) facts: Vec<(Fact, Timestamp)>,
    pub(super) records: Vec<Record>,
    pub(super) reference: Option<String>,
    pub(super) role: Role,
}

impl Plan {
    pub(super) fn new(role: Role) -> Self {
        Self { expect: vec![], facts: vec![], records: vec![], reference: None, role }
    }

    pub(super) fn relying_on(mut self, subject: Subject, version: u64) -> Self {
        self.expect.push(Expect { subject, version });
        self
    }
}

/// What came of a use case: the unit as it stands in the store.
#[derive(Debug, Clone)]
pub struct Done {
    /// The unit.
    pub entry: Entry,
    /// Whether it had been done before under the same idempotency key.
    pub replayed: bool,
}

impl Service {
    /// Plans and commits, reading and deciding again when somebody was quicker; the same request under the same key is
    /// done once and answered alike.
    pub(super) fn perform(
        &self,
        act: &Act,
        operation: &str,
        input: &impl Serialize,
        plan: impl FnMut(Timestamp) -> Result<Plan, ServiceError>,
    ) -> Result<Done, ServiceError> {
        self.perform_asked(act, operation, &canonicalize(&json!(input))?, plan)
    }

    /// The same for a request in canonical bytes.
    pub(super) fn perform_asked(
        &self,
        act: &Act,
        operation: &str,
        input: &[u8],
        plan: impl FnMut(Timestamp) -> Result<Plan, ServiceError>,
    ) -> Result<Done, ServiceError> {
        pollster::block_on(self.perform_async(act, operation, input, plan))
    }

    /// The same without a thread that waits. It has to be driven to its end: nobody is told of an act that is left halfway, and it may
    /// be on record all the same.
    pub(super) async fn perform_async(
        &self,
        act: &Act,
        operation: &str,
        input: &[u8],
        mut plan: impl FnMut(Timestamp) -> Result<Plan, ServiceError>,
    ) -> Result<Done, ServiceError> {
        self.log.must_hold(|| self.key_document())?;
        let request_sha256 = request_digest(act.note.as_ref(), operation, input)?;
        if let Some(done) = self.replay(act, &request_sha256)? {
            return Ok(done);
        }
        let mut tries = 0;
        loop {
            tries += 1;
            let begun = self.in_flight.begin(|| self.recording_time())?;
            let now = begun.at;
            let planned = match plan(now) {
                Ok(planned) => planned,
                // It may be refused only because the same request was done a moment ago.
                Err(refused) => return self.replay(act, &request_sha256)?.ok_or(refused),
            };
            let changeset = changeset(act, &request_sha256, planned, now);
            match self.commit(changeset.clone(), begun).await {
                Ok(committed) => {
                    self.log.wake();
                    let Changeset { events, records, provenance, .. } = changeset;
                    let entry = Entry { first_seq: committed.first_seq, events, records, provenance };
                    return Ok(Done { entry, replayed: false });
                }
                Err(StoreError::Taken(Claim::IdempotencyKey(_))) if tries < COMMIT_TRIES => {
                    if let Some(done) = self.replay(act, &request_sha256)? {
                        return Ok(done);
                    }
                }
                Err(StoreError::Taken(claim)) if tries >= COMMIT_TRIES => return Err(taken(&claim).into()),
                Err(StoreError::Stale { .. }) if tries < COMMIT_TRIES => {}
                Err(StoreError::Stale { .. }) => {
                    let why = "others kept changing it meanwhile; nothing was changed, try again";
                    return Err(Refusal::conflict("changed_meanwhile", why).into());
                }
                Err(StoreError::Taken(claim)) => self.settle_taken(&claim, &changeset)?,
                Err(other) => return Err(other.into()),
            }
        }
    }

    /// The act ends with the store's answer, not when somebody comes to read that: whoever waits for it may hold the thread that would.
    async fn commit(&self, changeset: Changeset, begun: Begun) -> Result<Committed, StoreError> {
        let ((tell, told), latest) = (oneshot::channel(), self.latest.clone());
        let end = move |answer: Result<Committed, StoreError>| {
            if answer.is_ok() {
                latest.fetch_max(begun.at.as_millisecond(), Ordering::Relaxed);
            }
            drop(begun);
            drop(tell.send(answer));
        };
        self.store.commit_then(changeset, Box::new(end));
        told.await.unwrap_or_else(|_| Err(StoreError::stopped()))
    }

    /// A claim that the plan can choose anew (an allocated number, a place in the status lists) is tried again; one that the request made is final.
    fn settle_taken(&self, claim: &Claim, changeset: &Changeset) -> Result<(), ServiceError> {
        let allocated = changeset.events.iter().any(|e| {
            matches!(&e.fact, Fact::Certificate { change: CertificateChange::Issued { serial: Some(_), .. }, .. })
        });
        match claim {
            Claim::Number(_) if allocated => Ok(()),
            Claim::StatusIndex(_) => Ok(()),
            other => Err(taken(other).into()),
        }
    }

    fn replay(&self, act: &Act, request_sha256: &str) -> Result<Option<Done>, ServiceError> {
        let Some(key) = &act.key else { return Ok(None) };
        let Some(entry) = self.store.holder_of(&Claim::IdempotencyKey(key.as_str().to_owned()))? else {
            return Ok(None);
        };
        if entry.provenance.request_sha256.as_deref() != Some(request_sha256) {
            let why =
                format!("“{}” was used for another request; the same key is for the same request only", key.as_str());
            return Err(Refusal::conflict("idempotency_mismatch", why).into());
        }
        Ok(Some(Done { entry, replayed: true }))
    }
}

fn taken(claim: &Claim) -> Refusal {
    match claim {
        Claim::Number(n) => {
            Refusal::conflict("number_taken", format!("certificate number {n} is taken; each number is used once"))
                .under("/number")
        }
        Claim::Reference(r) => Refusal::conflict(
            "reference_taken",
            format!("decision {r} was recorded already; each decision yields one certificate"),
        )
        .under("/reference"),
        Claim::IdempotencyKey(k) => Refusal::conflict("idempotency_mismatch", format!("“{k}” is used already")),
        Claim::StatusIndex(_) => {
            let why = "others kept taking the same place in the status lists meanwhile; nothing was changed, try again";
            Refusal::conflict("changed_meanwhile", why)
        }
    }
}

fn changeset(act: &Act, request_sha256: &str, plan: Plan, now: Timestamp) -> Changeset {
    let event = |(fact, effective_at)| Event { fact, effective_at, recorded_at: now, actor: plan.role };
    Changeset {
        expect: plan.expect,
        events: plan.facts.into_iter().map(event).collect(),
        records: plan.records,
        provenance: Provenance {
            by: act.actor.by.clone(),
            idempotency_key: act.key.as_ref().map(|k| k.as_str().to_owned()),
            request_sha256: Some(request_sha256.to_owned()),
            reference: plan.reference,
            note: act.note.as_ref().map(|n| n.as_str().to_owned()),
        },
    }
}

/// What makes two requests one and the same: what is asked, in canonical bytes, and with what evidence.
pub(super) fn request_digest(note: Option<&Note>, operation: &str, input: &[u8]) -> Result<String, ServiceError> {
    let (operation, note) = (canonicalize(&json!(operation))?, canonicalize(&json!(note))?);
    Ok(sha256_hex(&object_of([("operation", &*operation), ("input", input), ("note", &note)])))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Requests stored by any version are known again by any other: these bytes never change.
    #[test]
    fn a_request_is_known_by_the_canonical_bytes_of_what_was_asked() {
        let note = Note::parse("示例：按委员会决定").unwrap();
        let text = r#"{"input":{"a":1,"z":"示"},"note":"示例：按委员会决定","operation":"issue"}"#;
        let digest = request_digest(Some(&note), "issue", r#"{"a":1,"z":"示"}"#.as_bytes()).unwrap();
        assert_eq!(digest, sha256_hex(text.as_bytes()));
        let digest = request_digest(None, "replace", b"[]").unwrap();
        assert_eq!(digest, sha256_hex(br#"{"input":[],"note":null,"operation":"replace"}"#));
    }
}
