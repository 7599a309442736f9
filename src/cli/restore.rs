//! `restore`: a backup into a new data directory, proved before and after.

use super::args::Global;
use super::backup::{Copied, copy, damaged, told};
use super::exit::Exit;
use super::import_export::{audited, tell_tokens};
use super::open::{open_store, service};
use super::{files, say};
use crate::domain::Refusal;
use crate::domain::dates::CHINA;
use crate::service::clock::Machine;
use crate::service::data_dir::DataDir;
use crate::service::receipts::ReceiptDir;
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
        let Copied { making, journal, keys, receipts, mut left } = copy(&from, &to, backup::restore)?;
        let service = service(&to, open_store(&to)?, Arc::new(Machine))?;
        audited(&service, |fault| {
            Refusal::invalid("bad_backup", format!("{}: event {}: {}", self.from.display(), fault.seq, fault.what))
        })?;
        let document = service.key_document();
        if let Some(note) = self.checkpoint.as_deref().map(|file| files::read(file, NOTE_MAX as u64)).transpose()? {
            service.log().must_reach(&note, &document).map_err(|why| {
                let why = format!(
                    "{}: {}. This backup is not the newest there is of the register: take a newer one, or the disk it ran on. Nothing was put back",
                    self.from.display(),
                    why.in_full()
                );
                Refusal::invalid("bad_backup", why)
            })?;
        }
        if let Some(note) = to.checkpoint()? {
            match service.log().damage_of(&note, &document) {
                Some(why) => {
                    left.push(format!(
                        "the log's checkpoint in the backup ({why}); it was left out, and is signed anew from the journal"
                    ));
                    to.remove_checkpoint()?;
                }
                // It was published, and what it says must never be contradicted.
                None => service.log().must_reach(&note, &document).map_err(|why| {
                    let why = format!(
                        "{}: {}. Its journal and its log are not of one register and one moment: take another backup, or the disk it ran on. Nothing was put back",
                        self.from.display(),
                        why.in_full()
                    );
                    Refusal::invalid("bad_backup", why)
                })?,
            }
        }
        let found = damaged(&ReceiptDir::at(&to.receipts()), &receipts, &service)?;
        left.extend(found.into_iter().map(|(id, why)| {
            format!(
                "receipt {id} is not what this body signed ({why}); it was put back as it is, and is given to nobody"
            )
        }));
        let host = service.host();
        making.finish()?;
        say(format_args!(
            "{}: the register of {host}, {} events, {keys} key files, {} receipts",
            to.root().display(),
            journal.next_seq,
            receipts.len()
        ))?;
        say(format_args!(
            "It ends at {} (China time). What was recorded later is not in it: certificates issued since would read as unknown, and their numbers would be given again. Record those anew before you issue others.",
            CHINA.to_datetime(service.latest()).strftime("%Y-%m-%d %H:%M")
        ))?;
        match self.checkpoint {
            Some(_) => say("It holds all that the checkpoint of the public log says was published.")?,
            None => say(format_args!(
                "Before you serve from it: compare the newest checkpoint of the public log that anybody saved of https://{host}/log/checkpoint (a witness, a monitor, a receipt) by restoring with --checkpoint FILE. Where more was published than this backup holds, serving from it publishes a second history, which everybody can see and nobody can take back."
            ))?,
        }
        if to.witnesses_file().exists() {
            say("Its witnesses.toml is put back too: witnesses tell at the first start if they saw more.")?;
        }
        tell_tokens(&service)?;
        if global.passphrase(&to)?.is_none() {
            say(format_args!("Put the passphrase of its keys into {} (mode 0600).", to.passphrase_file().display()))?;
        }
        told(&left)
    }
}
