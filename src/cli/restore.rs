//! `restore`: a backup into a new data directory, proved before and after.

use super::args::Global;
use super::backup::{Copied, copy};
use super::exit::Exit;
use super::import_export::{audited, tell_tokens};
use super::open::{open_store, service};
use super::{files, say};
use crate::domain::dates::CHINA;
use crate::domain::{ReceiptId, Refusal};
use crate::service::Service;
use crate::service::clock::Machine;
use crate::service::data_dir::DataDir;
use crate::service::receipts::{ReceiptDir, Receipts as _};
use crate::sign::note::NOTE_MAX;
use crate::store::backup;
use clap::Args;
use std::path::PathBuf;
use std::sync::Arc;

/// Put a backup back into a new data directory
#[derive(Debug, Args)]
pub(super) struct Restore {
    /// The backup
    #[arg(value_name = "BACKUP")]
    from: PathBuf,
    /// A checkpoint of the public log saved from the server or a witness: a backup that does not reach it is refused
    #[arg(long, value_name = "FILE")]
    checkpoint: Option<PathBuf>,
}

impl Restore {
    pub(super) fn run(&self, global: &Global) -> anyhow::Result<Exit> {
        let from = DataDir::at(&self.from)?;
        from.check_finished()?;
        let to = global.named_dir()?;
        let Copied { making, journal, keys, receipts } = copy(&from, &to, backup::restore)?;
        let service = service(&to, open_store(&to)?, Arc::new(Machine))?;
        audited(&service, |fault| {
            Refusal::invalid("bad_backup", format!("{}: event {}: {}", self.from.display(), fault.seq, fault.what))
        })?;
        let newer = self.checkpoint.as_deref().map(|file| files::read(file, NOTE_MAX as u64)).transpose()?;
        for note in [to.checkpoint()?, newer].into_iter().flatten() {
            service.log().must_reach(&note, &service.key_document())?;
        }
        let kept = ReceiptDir::at(&to.receipts());
        if let Some((id, why)) = damaged(&kept, &kept.ids()?, &service)?.first() {
            let why = format!("{}: the receipt {id} is not what this body signed: {why}", self.from.display());
            return Err(Refusal::invalid("bad_backup", why).into());
        }
        let host = service.host();
        making.finish()?;
        say(format_args!(
            "{}: the register of {host}, {} events, {keys} key files, {receipts} receipts",
            to.root().display(),
            journal.next_seq
        ))?;
        say(format_args!(
            "It ends at {} (China time). What was recorded later is not in it: certificates issued since would read as unknown, and their numbers would be given again. Record those anew before you issue others.",
            CHINA.to_datetime(service.latest()).strftime("%Y-%m-%d %H:%M")
        ))?;
        tell_tokens(&service)?;
        if global.passphrase(&to)?.is_none() {
            say(format_args!("Put the passphrase of its keys into {} (mode 0600).", to.passphrase_file().display()))?;
        }
        Ok(Exit::Done)
    }
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
        if let Err(why) = service.read_receipt(*id, &bytes) {
            damaged.push((*id, why));
        }
    }
    Ok(damaged)
}
