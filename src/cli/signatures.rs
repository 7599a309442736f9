//! Every signature in the register against the body's keys, and every published digest against what it stands for.

use crate::domain::certificate::CertificateChange;
use crate::domain::{CertificateId, Fact, MarkChange, MarkId};
use crate::mark::text::MarkText;
use crate::service::{Service, ServiceError};
use crate::sign::{KeyDocument, canonicalize};
use crate::store::RecordKind;
use crate::verify::certificate::{Moment, verify_registered};
use crate::verify::mark::code_checks;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

/// Units read at a time.
const STEP: usize = 256;

/// Checks them all: how many there are, and what is wrong.
pub(super) fn check(service: &Service, progress: &dyn Fn(u64, u64)) -> anyhow::Result<(u64, Vec<String>)> {
    let keys = service.key_document();
    let (mut seq, end, mut count, mut bad) = (0, service.store().next_seq(), 0, vec![]);
    while seq < end {
        let entries = service.store().entries(seq, STEP)?;
        if entries.is_empty() {
            break;
        }
        for entry in entries {
            seq = entry.next_seq();
            for event in &entry.events {
                match &event.fact {
                    Fact::Certificate { id, change: CertificateChange::Issued { record_sha256, .. } } => {
                        count += 1;
                        bad.extend(certificate(service, &keys, *id, record_sha256)?);
                    }
                    Fact::Mark { id, change: MarkChange::Approved { digits }, .. } => {
                        count += 1;
                        bad.extend(mark(service, &keys, *id, digits));
                    }
                    _ => {}
                }
            }
        }
        progress(seq, end);
    }
    Ok((count, bad))
}

fn certificate(
    service: &Service,
    keys: &KeyDocument,
    id: CertificateId,
    record_sha256: &str,
) -> Result<Option<String>, ServiceError> {
    let bad = |why: &str| Ok(Some(format!("certificate {id}: {why}")));
    let record = service.record(id)?;
    if hex_sha256(&record) != record_sha256 {
        return bad("its signed record is not the one the register speaks of");
    }
    let life = service.find(&id.to_string())?;
    let now = service.now();
    let found = verify_registered(&record, &life, keys, &service.scheme().intervals, Moment::at(now, now));
    if found.genuine.is_none() {
        let why = found.verdict.obstacle().map(|c| c.message.clone()).unwrap_or_default();
        return bad(&format!("its signed record does not verify: {why}"));
    }
    let decision = service.store().record(RecordKind::Decision, id)?;
    match (&life.terms().score_sheet_sha256, decision) {
        (Some(digest), Some(decision)) if sheet_digest(&decision).as_ref() != Some(digest) => {
            bad("the score sheet on file is not the one its certificate stands on")
        }
        (Some(_), None) => bad("the decision it stands on is not on file"),
        _ => Ok(None),
    }
}

/// The digest a certificate publishes of the salted score sheet in its decision document.
fn sheet_digest(document: &[u8]) -> Option<String> {
    let document: Value = serde_json::from_slice(document).ok()?;
    let salted = json!({ "salt": document["salt"], "score_sheet": document["decision"]["score_sheet"] });
    Some(hex_sha256(&canonicalize(&salted).ok()?))
}

fn mark(service: &Service, keys: &KeyDocument, id: MarkId, digits: &str) -> Option<String> {
    let bad = |why: String| Some(format!("mark {id}: {why}"));
    match MarkText::parse(digits) {
        Err(refusal) => bad(refusal.to_string()),
        Ok(text) if text.mark() != id => bad(format!("its code names another mark, {}", text.mark())),
        Ok(text) => {
            let (genuine, checks) = code_checks(&text, keys, None, service.now());
            let why = checks.iter().find(|c| !c.is_ok()).map(|c| c.message.clone()).unwrap_or_default();
            if genuine { None } else { bad(format!("its code does not verify: {why}")) }
        }
    }
}

fn hex_sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|b| format!("{b:02x}")).collect()
}
