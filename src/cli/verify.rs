//! placeholder
use super::exit::Exit; use clap::Args;
/// x
#[derive(Debug, Args)]
pub(super) struct Verify {}
impl Verify { pub(super) fn run(&self, ) -> anyhow::Result<Exit> { anyhow::bail!("x") } }
