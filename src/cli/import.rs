//! `import`: an existing roster (CSV, XLSX) into the register, or an export into a new data directory.

use super::args::Global;
use super::exit::{Exit, Usage};
use super::{files, import_export, import_roster};
use clap::Args;
use std::path::{Path, PathBuf};

/// Take over an existing roster (CSV or XLSX), or restore an export into a new data directory
#[derive(Debug, Args)]
#[command(
    after_help = "One bad row imports nothing, unless --skip-bad: then the good rows are imported and the bad ones written to\nFILE.rejects.csv. An import that was interrupted can be run again: it finishes the rest.\ndocs/SPEC-roster.md has the columns. An export (starmark export) is told by its first line."
)]
pub(super) struct Import {
    /// Roster (CSV or XLSX) or export (NDJSON)
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Report every fault, change nothing
    #[arg(long)]
    dry_run: bool,
    /// Import the good rows, write the bad ones to FILE.rejects.csv
    #[arg(long)]
    skip_bad: bool,
    /// Of an export: let its access tokens work here too, for a move of the one register to another place
    #[arg(long)]
    keep_tokens: bool,
    /// Print JSON for programs
    #[arg(long)]
    json: bool,
}

impl Import {
    pub(super) fn run(&self, global: &Global) -> anyhow::Result<Exit> {
        if self.file == Path::new("-") {
            return Err(Usage("import reads a file, not standard input".into()).into());
        }
        if import_export::is_export(&mut *files::open(&self.file)?)? {
            let wanted =
                import_export::Wanted { dry_run: self.dry_run, keep_tokens: self.keep_tokens, json: self.json };
            return import_export::run(global, &self.file, wanted);
        }
        if self.keep_tokens {
            let why = format!("{} is a roster: it brings no access tokens that could be kept", self.file.display());
            return Err(Usage(why).into());
        }
        import_roster::run(
            global,
            &self.file,
            import_roster::Wanted { dry_run: self.dry_run, skip_bad: self.skip_bad, json: self.json },
        )
    }
}
