//! `recertify`: the certificate of the next term.

use super::args::{ActArgs, Global};
use super::exit::Exit;
use super::supersede::replace;
use clap::Args;
use std::path::PathBuf;

/// Issue the certificate of the next three years, in the last year of the old one
#[derive(Debug, Args)]
pub(super) struct Recertify {
    /// The old certificate's number or its 16-digit identifier
    number: String,
    /// The decision on the new certificate; - reads standard input
    #[arg(value_name = "FILE")]
    file: PathBuf,
    #[command(flatten)]
    act: ActArgs,
}

impl Recertify {
    pub(super) fn run(&self, global: &Global) -> anyhow::Result<Exit> {
        replace(global, &self.file, self.act.json, |opened, decision| {
            opened.service.recertify(&self.act.act(), &self.number, decision)
        })
    }
}
