//! `correct`: an erratum, which takes back what was recorded of a certificate in error.

use super::args::{ActArgs, Global, reasons};
use super::exit::Exit;
use super::order::carry_out;
use super::say;
use crate::domain::reason::CorrectionReason;
use clap::Args;
use std::sync::LazyLock;

static HELP: LazyLock<String> = LazyLock::new(|| {
    let codes = reasons(CorrectionReason::all().map(|r| (r.code(), r.zh(), r.en())));
    format!(
        "`starmark history CERTIFICATE` tells the steps with their numbers. From the erratum on the step counts as if it had not\n\
         happened, with what followed for the marks; what was known before stays known, and both stay in the public history.\n\
         Record what is right anew.\n\n{codes}"
    )
});

/// Take back what was recorded of a certificate in error: an erratum, for all to see
#[derive(Debug, Args)]
#[command(after_help = HELP.as_str())]
pub(super) struct Correct {
    /// The certificate's number or its 16-digit identifier
    number: String,
    /// The step that was recorded in error, from 0, the issue; see `starmark history`
    #[arg(long, value_name = "N")]
    step: u32,
    /// What was wrong: a code of the table below
    #[arg(long, value_name = "CODE", value_parser = CorrectionReason::parse)]
    reason: CorrectionReason,
    #[command(flatten)]
    act: ActArgs,
}

impl Correct {
    pub(super) fn run(&self, global: &Global) -> anyhow::Result<Exit> {
        let exit = carry_out(global, &self.number, &self.act, |service| {
            service.correct(&self.act.act(), &self.number, self.step, self.reason)
        })?;
        if self.reason.calls_for_another() && !self.act.json {
            say("Now record what is right in its place; it may be dated back.")?;
        }
        Ok(exit)
    }
}
