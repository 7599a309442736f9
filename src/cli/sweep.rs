//! `sweep`: what falls due today, and what the scheme lets the system itself do about it.

use super::args::{Global, local_actor};
use super::exit::Exit;
use super::order::answered;
use super::{note, say};
use crate::service::Act;
use crate::service::sweep::DueItem;
use clap::Args;

/// Report what falls due; suspend what is overdue for surveillance, where the body's policy says so
#[derive(Debug, Args)]
pub(super) struct Sweep {
    /// Report only, change nothing
    #[arg(long)]
    dry_run: bool,
    /// Print JSON for programs
    #[arg(long)]
    json: bool,
}

impl Sweep {
    pub(super) fn run(&self, global: &Global) -> anyhow::Result<Exit> {
        answered(self.json, || {
            let opened = global.open()?;
            let actor = local_actor();
            let due = if self.dry_run { opened.service.due(&actor)? } else { opened.service.sweep(&Act::by(actor))? };
            let exit = if due.failed.is_empty() { Exit::Done } else { Exit::Refused };
            if self.json {
                say(serde_json::to_string(&due)?)?;
                return Ok(exit);
            }
            let lists = [
                ("Suspended today for overdue surveillance", "due on", &due.suspended),
                ("Suspension ran out: must be withdrawn", "ended on", &due.must_be_withdrawn),
                ("Surveillance overdue", "due on", &due.surveillance_overdue),
                ("Surveillance due soon", "due on", &due.surveillance_due),
                ("Expires soon", "valid until", &due.expires_soon),
            ];
            for (title, word, items) in &lists {
                list(title, word, items)?;
            }
            if lists.iter().all(|(_, _, items)| items.is_empty()) {
                say("Nothing falls due.")?;
            }
            for failure in &due.failed {
                note(format_args!("starmark: not suspended: {failure}"));
            }
            Ok(exit)
        })
    }
}

fn list(title: &str, word: &str, items: &[DueItem]) -> anyhow::Result<()> {
    if items.is_empty() {
        return Ok(());
    }
    say(format_args!("{title}: {}", items.len()))?;
    for item in items {
        say(format_args!("  {}  {word} {}  {}", item.number, item.on, item.holder))?;
    }
    Ok(())
}
