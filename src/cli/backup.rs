//! `backup`: a copy of the data directory, consistent while another process serves from it.

use super::args::Global;
use super::exit::Exit;
use super::{progress, say};
use crate::service::data_dir::{DataDir, Making};
use crate::service::receipts::ReceiptDir;
use crate::store::backup;
use clap::Args;
use std::path::PathBuf;

/// Copy journal, keys, schemes, receipts and the log's checkpoint into a new directory; a process may go on serving
#[derive(Debug, Args)]
#[command(
    after_help = "The copy is a data directory of its own: it can be served from, or put back with starmark restore.\nThe passphrase of the keys is not in it."
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
        let Copied { making, journal, keys, receipts } = copy(&from, &to, backup::backup)?;
        making.finish()?;
        say(format_args!(
            "{}: {} events in {} MiB of journal, {keys} key files, schemes, {receipts} receipts",
            to.root().display(),
            journal.next_seq,
            journal.bytes >> 20
        ))?;
        say("The passphrase of the keys is not in it: keep that elsewhere.")?;
        Ok(Exit::Done)
    }
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
    pub receipts: usize,
}

/// Copies a data directory without its views.
pub(super) fn copy(from: &DataDir, to: &DataDir, journal: CopyJournal) -> anyhow::Result<Copied> {
    let making = to.begin()?;
    // Before the journal, which then reaches it, and has the keys that receipts are signed with.
    let checkpoint = from.checkpoint()?;
    let receipts = ReceiptDir::at(&from.receipts()).copy_to(&ReceiptDir::at(&to.receipts()))?;
    let bar = progress::bar("journal");
    // The journal before the keys: a key made meanwhile is then in the copy of the keys though not in the journal's, never the
    // other way round.
    let journal = journal(from.root(), to.root(), &|p| progress::show(&bar, p.events, p.of))?;
    bar.finish_and_clear();
    let keys = to.copy_keys_and_schemes(from)?;
    if let Some(note) = checkpoint {
        to.add_checkpoint(&note)?;
    }
    Ok(Copied { making, journal, keys, receipts })
}
