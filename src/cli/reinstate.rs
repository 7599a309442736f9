//! `reinstate`: ends a suspension well.

use super::args::{ActArgs, Global, day};
use super::exit::Exit;
use super::order::give;
use crate::service::revocation::Order;
use clap::Args;
use jiff::civil::Date;

/// Lift a suspension; its marks may be used again
#[derive(Debug, Args)]
pub(super) struct Reinstate {
    /// The certificate's number or its 16-digit identifier
    number: String,
    /// Day the reinstatement was passed [default: the first day, or today]
    #[arg(long, value_name = "DATE", value_parser = day)]
    passed: Option<Date>,
    /// First day it is valid again [default: today]
    #[arg(long, value_name = "DATE", value_parser = day)]
    from: Option<Date>,
    #[command(flatten)]
    act: ActArgs,
}

impl Reinstate {
    pub(super) fn run(&self, global: &Global) -> anyhow::Result<Exit> {
        let order = Order::Reinstate { passed_on: self.passed, effective_on: self.from };
        give(global, &self.number, &order, &self.act)
    }
}
