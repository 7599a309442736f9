//! `surveil`: records a surveillance.

use super::args::{ActArgs, Global, day};
use super::exit::Exit;
use super::order::give;
use crate::domain::certificate::SurveillanceOutcome;
use crate::service::revocation::Order;
use clap::{Args, ValueEnum};
use jiff::civil::Date;

/// Record the result of a surveillance
#[derive(Debug, Args)]
pub(super) struct Surveil {
    /// The certificate's number or its 16-digit identifier
    number: String,
    /// Last day on site
    #[arg(long, value_name = "DATE", value_parser = day)]
    on: Date,
    /// What it found
    #[arg(long, value_enum)]
    outcome: Outcome,
    #[command(flatten)]
    act: ActArgs,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Outcome {
    Passed,
    Failed,
}

impl Surveil {
    pub(super) fn run(&self, global: &Global) -> anyhow::Result<Exit> {
        let outcome = match self.outcome {
            Outcome::Passed => SurveillanceOutcome::Passed,
            Outcome::Failed => SurveillanceOutcome::Failed,
        };
        give(global, &self.number, &Order::Survey { on_site_ended_on: self.on, outcome }, &self.act)
    }
}
