//! `withdraw`: takes a certificate back for cause (撤销).

use super::args::{ActArgs, Global, day, reasons};
use super::exit::Exit;
use super::order::give;
use crate::domain::reason::WithdrawalReason;
use crate::service::revocation::Order;
use clap::Args;
use jiff::civil::Date;
use std::sync::LazyLock;

static REASONS: LazyLock<String> =
    LazyLock::new(|| reasons(WithdrawalReason::all().map(|r| (r.code(), r.zh(), r.en()))));

/// Withdraw a certificate for cause; that is final, and its marks end
#[derive(Debug, Args)]
#[command(after_help = REASONS.as_str())]
pub(super) struct Withdraw {
    /// The certificate's number or its 16-digit identifier
    number: String,
    /// Why: a code of the table below
    #[arg(long, value_name = "CODE", value_parser = WithdrawalReason::parse)]
    reason: WithdrawalReason,
    /// From which day [default: today]
    #[arg(long, value_name = "DATE", value_parser = day)]
    from: Option<Date>,
    #[command(flatten)]
    act: ActArgs,
}

impl Withdraw {
    pub(super) fn run(&self, global: &Global) -> anyhow::Result<Exit> {
        let order = Order::Withdraw { reason: self.reason, effective_on: self.from };
        give(global, &self.number, &order, &self.act)
    }
}
