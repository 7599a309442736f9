//! placeholder
use super::args::Global;
use super::exit::Exit;
use clap::Args;
/// x
#[derive(Debug, Args)]
pub(super) struct Fsck {}
impl Fsck {
    pub(super) fn run(&self, _g: &Global) -> anyhow::Result<Exit> {
        anyhow::bail!("x")
    }
}
