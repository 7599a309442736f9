//! `backup`: a copy of the data directory, consistent while another process serves from it.

use super::args::Global;
use super::exit::Exit;
use super::{open, progress, say};
use crate::domain::ReceiptId;
use crate::service::Service;
use crate::service::clock::Machine;
use crate::service::data_dir::{DataDir, Making};
use crate::service::receipts::{ReceiptDir, Receipts as _};
use crate::sign::{canonicalize, parse_strict};
use crate::store::engine::LOCK_FILE;
use crate::store::{MemoryStore, backup};
use clap::Args;
use std::path::PathBuf;
use std::sync::Arc;

/// Copy journal, keys, schemes, witnesses, receipts, reports and the log's checkpoint into a new directory; a process may go on serving
#[derive(Debug, Args)]
#[command(
    after_help = "The copy is a data directory of its own: it can be served from, or put back with starmark restore.\nThe passphrase of the keys is not in it.\nExit 0: all is in it and sound. 1: something in it is damaged, or could not be put there."
)]
pub(super) struct Backup {
    /// Directory to make
    #[arg(value_name = "DIR2")]
    to: PathBuf,
}

impl Backup {
    pub(super) fn run(&self, global: &Global) -> anyhow::Result<Exit> {
        let from = global.named_dir()?;
        from.check_finished()?;
        let to = DataDir::at(&self.to)?;
        let Copied { making, journal, keys, receipts, mut left } = copy(&from, &to, backup::backup)?;
        // In the copy, for the journal at work belongs to the process that serves.
        let service = open::service(&to, Arc::new(MemoryStore::over(to.root())?), Arc::new(Machine))?;
        let found = damaged(&ReceiptDir::at(&to.receipts()), &receipts, &service)?;
        left.extend(found.into_iter().map(|(id, why)| {
            format!("receipt {id} is in the copy as it was found, and it was found damaged ({why}): an earlier backup may have it whole")
        }));
        if let Err(why) = service.log().must_hold(|| service.key_document()) {
            left.push(format!("a server would refuse this copy as it would the original: {}", why.in_full()));
        }
        drop(service);
        // The look at the copy left it; nobody works there.
        let _ = std::fs::remove_file(to.root().join(LOCK_FILE));
        making.finish()?;
        let witnesses = if to.witnesses_file().exists() { ", witnesses" } else { "" };
        say(format_args!(
            "{}: {} events in {} MiB of journal, {keys} key files, schemes{witnesses}, {} receipts",
            to.root().display(),
            journal.next_seq,
            journal.bytes >> 20,
            receipts.len()
        ))?;
        say("The passphrase of the keys is not in it: keep that elsewhere.")?;
        told(&left)
    }
}

/// Tells what is not as it should be; how the command ends.
pub(super) fn told(left: &[String]) -> anyhow::Result<Exit> {
    for what in left {
        say(format_args!("damage: {what}"))?;
    }
    Ok(if left.is_empty() { Exit::Done } else { Exit::Refused })
}

/// How a journal is copied.
type CopyJournal = fn(
    &std::path::Path,
    &std::path::Path,
    &dyn Fn(crate::store::engine::Progress),
) -> Result<backup::Backup, crate::store::StoreError>;

/// A copy of a data directory but for its last step, and what is in it.
pub(super) struct Copied {
    /// The last step is still to be made.
    pub making: Making,
    /// What was copied of the journal.
    pub journal: backup::Backup,
    /// Key files.
    pub keys: usize,
    /// Receipts.
    pub receipts: Vec<ReceiptId>,
    /// What was not copied, and why.
    pub left: Vec<String>,
}

/// Copies a data directory without its views.
pub(super) fn copy(from: &DataDir, to: &DataDir, journal: CopyJournal) -> anyhow::Result<Copied> {
    let making = to.begin()?;
    // Before the journal, which then reaches it, and has the keys that receipts are signed with.
    let checkpoint = from.checkpoint()?;
    let kept = ReceiptDir::at(&from.receipts());
    let (receipts, odd) = kept.contents()?;
    kept.copy_to(&ReceiptDir::at(&to.receipts()), &receipts)?;
    let left = odd.into_iter().map(|path| {
        format!("{} is no receipt, or not in its place, and was not copied: move it elsewhere", path.display())
    });
    let bar = progress::bar("journal");
    // The journal before the keys: a key made meanwhile is then in the copy of the keys though not in the journal's, never the
    // other way round.
    let journal = journal(from.root(), to.root(), &|p| progress::show(&bar, p.events, p.of))?;
    bar.finish_and_clear();
    let keys = to.copy_settings(from)?;
    to.copy_beside(from)?;
    if let Some(note) = checkpoint {
        to.add_checkpoint(&note)?;
    }
    Ok(Copied { making, journal, keys, receipts, left: left.collect() })
}

/// Those of the receipts that this body did not sign so, with what is wrong.
pub(super) fn damaged(
    kept: &ReceiptDir,
    ids: &[ReceiptId],
    service: &Service,
) -> anyhow::Result<Vec<(ReceiptId, String)>> {
    let mut damaged = vec![];
    for id in ids {
        let bytes = kept.get(*id)?.unwrap_or_default();
        let canonical = parse_strict(&bytes).and_then(|document| canonicalize(&document));
        if let Err(why) = service.read_receipt(*id, &bytes) {
            damaged.push((*id, why));
        } else if canonical.ok().as_ref() != Some(&bytes) {
            damaged.push((*id, "it is not byte for byte what was signed".into()));
        }
    }
    Ok(damaged)
}
