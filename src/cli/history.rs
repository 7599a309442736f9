//! `history`: everything recorded of a certificate and its marks, with who, when, why and on what evidence.

use super::args::{Global, local_actor};
use super::exit::Exit;
use super::order::answered;
use super::say;
use crate::domain::Fact;
use crate::store::Recorded;
use clap::Args;
use serde_json::json;

/// Tell everything recorded of a certificate and its marks: who, when, why, on what evidence
#[derive(Debug, Args)]
pub(super) struct History {
    /// The certificate's number or its 16-digit identifier
    number: String,
    /// Print one JSON object an event
    #[arg(long)]
    json: bool,
}

impl History {
    pub(super) fn run(&self, global: &Global) -> anyhow::Result<Exit> {
        answered(self.json, || {
            for act in global.open()?.service.acts_on(&local_actor(), &self.number)? {
                if self.json { say(json!(act))? } else { say(text(&act))? }
            }
            Ok(Exit::Done)
        })
    }
}

/// One event in two or three lines.
fn text(act: &Recorded) -> String {
    let Recorded { event, provenance, step, corrected_by, .. } = act;
    let value = json!(event);
    let subject = match &event.fact {
        Fact::Mark { id, .. } => format!("mark {id} "),
        _ => String::new(),
    };
    let change = value["change"].as_str().unwrap_or_default();
    let corrects = value["corrects"].as_u64().map(|step| format!(" step {step}")).unwrap_or_default();
    let reason = value["reason"].as_str().map(|code| format!(" {code}")).unwrap_or_default();
    let mut out = format!(
        "{}  {subject}step {step}: {change}{corrects}{reason}, from {} on, by {} as {}",
        event.recorded_at,
        event.effective_at,
        provenance.by,
        event.actor.wire()
    );
    if let Some(by) = corrected_by {
        out.push_str(&format!("; taken back by step {by}"));
    }
    let more =
        [("decision", &provenance.reference), ("evidence", &provenance.note), ("key", &provenance.idempotency_key)];
    for (what, text) in more {
        if let Some(text) = text {
            out.push_str(&format!("\n    {what}: {text}"));
        }
    }
    out
}
