//! `cancel`: ends a certificate without blame (注销).

use super::args::{ActArgs, Global, day, reasons};
use super::exit::Exit;
use super::order::give;
use crate::domain::reason::CancellationReason;
use crate::service::revocation::Order;
use clap::Args;
use jiff::civil::Date;
use std::sync::LazyLock;

static REASONS: LazyLock<String> =
    LazyLock::new(|| reasons(CancellationReason::all().map(|r| (r.code(), r.zh(), r.en()))));

/// Cancel a certificate that its holder gives up, or whose holder is gone; that is final, and its marks end
#[derive(Debug, Args)]
#[command(after_help = REASONS.as_str())]
pub(super) struct Cancel {
    /// The certificate's number or its 16-digit identifier
    number: String,
    /// Why: a code of the table below
    #[arg(long, value_name = "CODE", value_parser = CancellationReason::parse)]
    reason: CancellationReason,
    /// From which day [default: today]
    #[arg(long, value_name = "DATE", value_parser = day)]
    from: Option<Date>,
    #[command(flatten)]
    act: ActArgs,
}

impl Cancel {
    pub(super) fn run(&self, global: &Global) -> anyhow::Result<Exit> {
        let order = Order::Cancel { reason: self.reason, effective_on: self.from };
        give(global, &self.number, &order, &self.act)
    }
}
