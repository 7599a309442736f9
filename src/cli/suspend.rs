//! `suspend`: suspends a certificate and freezes its marks.

use super::args::{ActArgs, Global, day, reasons};
use super::exit::Exit;
use super::order::give;
use crate::domain::reason::SuspensionReason;
use crate::service::revocation::Order;
use clap::Args;
use jiff::civil::Date;
use std::sync::LazyLock;

static REASONS: LazyLock<String> =
    LazyLock::new(|| reasons(SuspensionReason::all().map(|r| (r.code(), r.zh(), r.en()))));

/// Suspend a certificate; its marks are frozen
#[derive(Debug, Args)]
#[command(after_help = REASONS.as_str())]
pub(super) struct Suspend {
    /// The certificate's number or its 16-digit identifier
    number: String,
    /// Why: a code of the table below
    #[arg(long, value_name = "CODE", value_parser = SuspensionReason::parse)]
    reason: SuspensionReason,
    /// Day the cause was confirmed [default: the first day, or today]
    #[arg(long, value_name = "DATE", value_parser = day)]
    confirmed: Option<Date>,
    /// First day of the suspension [default: today]
    #[arg(long, value_name = "DATE", value_parser = day)]
    from: Option<Date>,
    /// Its last day [default: the longest the scheme allows]
    #[arg(long, value_name = "DATE", value_parser = day)]
    until: Option<Date>,
    #[command(flatten)]
    act: ActArgs,
}

impl Suspend {
    pub(super) fn run(&self, global: &Global) -> anyhow::Result<Exit> {
        let Self { reason, confirmed, from, until, .. } = *self;
        let order = Order::Suspend { reason, confirmed_on: confirmed, effective_on: from, until };
        give(global, &self.number, &order, &self.act)
    }
}
