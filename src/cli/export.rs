//! `export`: everything in the store as one NDJSON stream.

use super::args::Global;
use super::exit::Exit;
use super::{files, note};
use crate::store::export;
use clap::Args;
use std::io::{BufWriter, Write as _};
use std::path::PathBuf;

/// Write everything in the store as one NDJSON stream (docs/SPEC-journal.md); keys are not in it
#[derive(Debug, Args)]
#[command(
    after_help = "The stream holds decisions and who acted: it is the body's own, not for the public.\nstarmark import FILE --data NEWDIR reads it back. Beside a process that serves, export from a backup:\nstarmark backup COPY, then starmark export --data COPY."
)]
pub(super) struct Export {
    /// File to write [default: standard output]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

impl Export {
    pub(super) fn run(&self, global: &Global) -> anyhow::Result<Exit> {
        let opened = global.open()?;
        let store = opened.service.store();
        let mut summary = None;
        match &self.out {
            Some(file) => files::write_whole(file, |out| {
                summary = Some(export::export(store, out)?);
                Ok(())
            })?,
            None => {
                let mut out = BufWriter::new(std::io::stdout().lock());
                summary = Some(export::export(store, &mut out)?);
                out.flush()?;
            }
        }
        if let Some(done) = summary {
            note(format_args!(
                "{} events in {} units exported, SHA-256 {}; the keys ({}) are not in it",
                done.events,
                done.units,
                done.sha256,
                opened.dir.keys().display()
            ));
        }
        Ok(Exit::Done)
    }
}
