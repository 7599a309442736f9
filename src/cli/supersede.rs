//! `supersede`: a new certificate in the place of another, until the other's end.

use super::args::{ActArgs, Global, reasons};
use super::decisions::{Decisions, read};
use super::exit::{Exit, Usage};
use super::issue::{issued_json, issued_text, refused_json};
use super::open::Opened;
use super::{exit, files, say};
use crate::domain::decision::DecisionInput;
use crate::domain::reason::SupersessionReason;
use crate::service::ServiceError;
use crate::service::issuance::Issued;
use clap::Args;
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

static REASONS: LazyLock<String> = LazyLock::new(|| {
    let rows = SupersessionReason::all().filter(|r| r.code() != "recertified");
    reasons(rows.map(|r| (r.code(), r.zh(), r.en())))
});

/// Replace a certificate by a new one with the same end: name, address, scope or level has changed
#[derive(Debug, Args)]
#[command(after_help = REASONS.as_str())]
pub(super) struct Supersede {
    /// The certificate's number or its 16-digit identifier
    number: String,
    /// The decision on the new certificate; a null score_sheet carries the level over. - reads standard input
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Why: a code of the table below
    #[arg(long, value_name = "CODE", value_parser = SupersessionReason::parse)]
    reason: SupersessionReason,
    #[command(flatten)]
    act: ActArgs,
}

impl Supersede {
    pub(super) fn run(&self, global: &Global) -> anyhow::Result<Exit> {
        replace(global, &self.file, self.act.json, |opened, decision| {
            opened.service.supersede(&self.act.act(), &self.number, self.reason, decision)
        })
    }
}

/// Reads the one decision of a file, issues by it, and prints the outcome as `issue` does.
pub(super) fn replace(
    global: &Global,
    file: &Path,
    json: bool,
    issue: impl FnOnce(&Opened, &DecisionInput) -> Result<Issued, ServiceError>,
) -> anyhow::Result<Exit> {
    let mut decisions = Decisions::of(BufReader::new(files::open(file)?))?;
    let (Some(item), None) = (decisions.next()?, decisions.next()?) else {
        return Err(Usage(format!("{} does not hold exactly one decision", file.display())).into());
    };
    let decision = item.bytes.map_err(|r| (None, r)).and_then(|bytes| read(&bytes));
    let (decision, reference) = match decision {
        Ok(decision) => {
            let reference = Some(decision.reference.clone());
            (Ok(decision), reference)
        }
        Err((reference, refusal)) => (Err(refusal), reference),
    };
    let result = decision.map_err(anyhow::Error::from).and_then(|decision| {
        let opened = global.open_to_sign()?;
        let issued = issue(&opened, &decision)?;
        Ok((opened, issued))
    });
    match result {
        Ok((_, issued)) if json => say(issued_json(&issued))?,
        Ok((opened, issued)) => {
            say(issued_text(opened.service.host(), &issued))?;
            if issued.replayed {
                say("It had been issued before by the same decision; nothing was done twice.")?;
            }
        }
        Err(error) => {
            if let (true, Some(refusals)) = (json, exit::refusals(&error)) {
                say(refused_json(item.line, reference.as_deref(), refusals))?;
            }
            return Err(error);
        }
    }
    Ok(Exit::Done)
}
