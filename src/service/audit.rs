//! What the register holds, against itself and the body's keys: every signature, every published digest, and the order of
//! time. The store proves bytes, lives and claims; this proves what they say.

use super::present::CLOCK_BEHIND_MAX;
use super::{Service, ServiceError, sha256_hex};
use crate::domain::certificate::{Certificate, CertificateChange, Step};
use crate::domain::{CertificateId, Event, Fact, MarkChange, MarkId};
use crate::mark::text::MarkText;
use crate::sign::{KeyDocument, canonicalize};
use crate::store::{Entry, RecordKind};
use crate::verify::certificate::{Moment, verify_registered};
use crate::verify::mark::code_checks;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

/// Units read at a time.
const STEP: usize = 256;
/// Faults after which no more are listed: by then a backup is what helps.
pub const MAX_FAULTS: usize = 200;
/// How far an event may have been recorded before one that stands ahead of it: requests that are worked on side by side
/// take their time before they take their place. None waits so long.
const SIDE_BY_SIDE: SignedDuration = SignedDuration::from_hours(1);

/// What an audit saw.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Audit {
    /// Signatures checked.
    pub signatures: u64,
    /// Everything that is not as it should be, in order; at most [`MAX_FAULTS`].
    pub faults: Vec<AuditFault>,
}

/// One thing that is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditFault {
    /// In which unit, counted from 0: an export has it two lines further down.
    pub unit: u64,
    /// First event of that unit.
    pub seq: u64,
    /// What is wrong.
    pub what: String,
}

/// An audit on its way.
struct Auditor<'a> {
    service: &'a Service,
    keys: KeyDocument,
    now: Timestamp,
    latest: Timestamp,
    signatures: u64,
}

type Faults = Result<Vec<String>, ServiceError>;

impl Service {
    /// Checks every signature under the keys on record, every digest, and that the register ran forward in time.
    ///
    /// # Errors
    /// Store failures. A fault is no error: it is in the answer.
    pub fn audit(&self, progress: &dyn Fn(u64, u64)) -> Result<Audit, ServiceError> {
        let mut auditor = Auditor {
            service: self,
            keys: self.key_document(),
            now: self.now(),
            latest: Timestamp::MIN,
            signatures: 0,
        };
        let (mut audit, mut unit, mut seq, end) = (Audit::default(), 0, 0, self.store.next_seq());
        while seq < end {
            let entries = self.store.entries(seq, STEP)?;
            if entries.is_empty() {
                break;
            }
            for entry in entries {
                let room = MAX_FAULTS.saturating_sub(audit.faults.len());
                let fault = |what| AuditFault { unit, seq, what };
                audit.faults.extend(auditor.unit(&entry)?.into_iter().take(room).map(fault));
                seq = entry.next_seq();
                unit += 1;
            }
            progress(seq, end);
        }
        Ok(Audit { signatures: auditor.signatures, ..audit })
    }
}

impl Auditor<'_> {
    fn unit(&mut self, entry: &Entry) -> Faults {
        let mut faults = self.records(entry);
        for event in &entry.events {
            faults.extend(self.time(event));
            match &event.fact {
                Fact::Certificate { id, change: CertificateChange::Issued { .. } } => {
                    self.signatures += 1;
                    faults.extend(self.certificate(entry, event, *id));
                }
                Fact::Mark { id, certificate, change: MarkChange::Requested { terms } } => {
                    let of = self.service.certificate(*certificate)?;
                    if terms.certificate != *certificate || terms.level != of.terms().level {
                        faults.push(format!("mark {id}: its licence is not for its certificate and that one's level"));
                    }
                }
                Fact::Mark { id, certificate, change: MarkChange::Approved { digits } } => {
                    self.signatures += 1;
                    faults.extend(self.mark(*id, *certificate, digits)?);
                }
                _ => {}
            }
        }
        Ok(faults)
    }

    fn time(&mut self, event: &Event) -> Option<String> {
        let (at, latest) = (event.recorded_at, self.latest);
        self.latest = latest.max(at);
        let now = self.service.clock.now();
        let ahead = |t: Timestamp| now.duration_until(t).as_secs() > CLOCK_BEHIND_MAX;
        let ends = matches!(
            &event.fact,
            Fact::Certificate { change: CertificateChange::Withdrawn { .. } | CertificateChange::Cancelled { .. }, .. }
        );
        if ends && event.effective_at > at {
            return Some(format!(
                "an end recorded at {at} counts from {} only: it never lies ahead",
                event.effective_at
            ));
        }
        // Said once: every later event would be as far ahead.
        if ahead(at) && !ahead(latest) {
            return Some(format!(
                "it is said to be recorded at {at}, which is still to come: the machine's clock shows {now}"
            ));
        }
        (at.duration_until(latest) > SIDE_BY_SIDE)
            .then(|| format!("it was recorded at {at}, but stands behind what was recorded at {latest}"))
    }

    /// Documents come with the issue of their certificate, one of a kind, and never again.
    fn records(&self, entry: &Entry) -> Vec<String> {
        let issued = |id: CertificateId| {
            entry.events.iter().any(|e| {
                matches!(&e.fact, Fact::Certificate { id: of, change: CertificateChange::Issued { .. } } if *of == id)
            })
        };
        let mut faults = vec![];
        for (i, record) in entry.records.iter().enumerate() {
            let (kind, id) = (record.kind.wire(), record.certificate);
            if !issued(id) {
                faults.push(format!("certificate {id}: a {kind} came after its issue"));
            }
            if entry.records[..i].iter().any(|r| (r.kind, r.certificate) == (record.kind, id)) {
                faults.push(format!("certificate {id}: it has more than one {kind}"));
            }
        }
        faults
    }

    fn certificate(&self, entry: &Entry, event: &Event, id: CertificateId) -> Option<String> {
        let Fact::Certificate { change: change @ CertificateChange::Issued { terms, record_sha256, .. }, .. } =
            &event.fact
        else {
            return None;
        };
        let bad = |why: &str| Some(format!("certificate {id}: {why}"));
        let of = |kind| entry.records.iter().find(|r| r.kind == kind && r.certificate == id).map(|r| &r.bytes);
        let Some(record) = of(RecordKind::Credential) else { return bad("it came without its signed record") };
        if sha256_hex(record) != *record_sha256 {
            return bad("its signed record is not the one the register speaks of");
        }
        let Event { effective_at, recorded_at, actor, .. } = *event;
        let step = Step { change: change.clone(), effective_at, recorded_at, actor };
        let life = match Certificate::begin(id, step) {
            Ok(life) => life,
            Err(refusal) => return bad(&refusal.message),
        };
        let moment = Moment::at(self.now, self.now);
        let found = verify_registered(record, &life, &self.keys, &self.service.scheme.intervals, moment);
        if found.genuine.is_none() {
            let why = found.verdict.obstacle().map(|c| c.message.clone()).unwrap_or_default();
            return bad(&format!("its signed record does not verify: {why}"));
        }
        match (&terms.score_sheet_sha256, of(RecordKind::Decision)) {
            (Some(digest), Some(decision)) if sheet_digest(decision).as_ref() != Some(digest) => {
                bad("the score sheet on file is not the one its certificate stands on")
            }
            (Some(_), None) => bad("the decision it stands on is not on file"),
            _ => None,
        }
    }

    fn mark(&self, id: MarkId, certificate: CertificateId, digits: &str) -> Result<Option<String>, ServiceError> {
        let bad = |why: String| Ok(Some(format!("mark {id}: {why}")));
        let text = match MarkText::parse(digits) {
            Err(refusal) => return bad(refusal.to_string()),
            Ok(text) if text.mark() != id => return bad(format!("its code names another mark, {}", text.mark())),
            Ok(text) => text,
        };
        let MarkText::Signed(signed) = &text else { return bad("its code carries no signature".into()) };
        let (genuine, checks) = code_checks(&text, &self.keys, None, self.now);
        if !genuine {
            let why = checks.iter().find(|c| !c.is_ok()).map(|c| c.message.clone()).unwrap_or_default();
            return bad(format!("its code does not verify: {why}"));
        }
        let (licence, holder) = (self.service.mark(id)?, self.service.certificate(certificate)?.terms().holder.uscc);
        let (terms, token) = (licence.terms(), signed.token());
        if token.level() != terms.level || token.expires() != terms.valid_until || token.holder() != Some(holder) {
            return bad("its code does not say what was licensed".into());
        }
        Ok(None)
    }
}

/// The digest a certificate publishes of the salted score sheet in its decision document.
fn sheet_digest(document: &[u8]) -> Option<String> {
    let document: Value = serde_json::from_slice(document).ok()?;
    let salted = json!({ "salt": document["salt"], "score_sheet": document["decision"]["score_sheet"] });
    Some(sha256_hex(&canonicalize(&salted).ok()?))
}
