//! Floor 5: the command line. Each command parses, calls use cases and prints: what was done to stdout, what went wrong
//! to stderr. Exit codes: 0 done, 1 refused, 2 cannot tell (`verify`), 64 wrong usage, 70 and 74 failures.

mod args;
mod backup;
mod bench_data;
mod cancel;
mod certificate;
mod companies;
mod control;
mod correct;
mod decisions;
mod demo;
mod exit;
mod export;
mod files;
mod fsck;
mod history;
mod import;
mod import_export;
mod import_roster;
mod init;
mod issue;
mod key;
mod kit;
mod listen;
mod mark;
mod open;
mod order;
mod progress;
mod recertify;
mod reinstate;
mod restore;
mod serve;
mod supersede;
mod surveil;
mod suspend;
mod sweep;
mod token;
mod trust;
mod verify;
mod withdraw;

use args::Global;
use clap::{Parser, Subcommand};
use exit::Exit;
use std::ffi::OsString;
use std::fmt::Display;
use std::io::Write as _;
use std::process::ExitCode;

/// Issues, signs and answers for after-sales-service certificates (GB/T 27922-2011).
#[derive(Debug, Parser)]
#[command(name = "starmark", version, max_term_width = 110, subcommand_required = true, arg_required_else_help = true)]
struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Demo(demo::Demo),
    Init(init::Init),
    Serve(serve::Serve),
    Issue(issue::Issue),
    Import(import::Import),
    Surveil(surveil::Surveil),
    Suspend(suspend::Suspend),
    Reinstate(reinstate::Reinstate),
    Withdraw(withdraw::Withdraw),
    Cancel(cancel::Cancel),
    Supersede(supersede::Supersede),
    Recertify(recertify::Recertify),
    Correct(correct::Correct),
    Mark(Box<mark::Mark>),
    Certificate(certificate::OnPaper),
    Kit(Box<kit::Kits>),
    Verify(verify::Verify),
    Trust(trust::Trust),
    Token(token::Token),
    Key(key::Key),
    Sweep(sweep::Sweep),
    History(history::History),
    Export(export::Export),
    Backup(backup::Backup),
    Restore(restore::Restore),
    Fsck(fsck::Fsck),
    BenchData(bench_data::BenchData),
}

/// Runs one command line and gives its exit code.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    // What this process makes is the body's own: journal, views, keys, exports. Other users of the machine read none of it.
    rustix::process::umask(rustix::fs::Mode::RWXG | rustix::fs::Mode::RWXO);
    let exit = match Cli::try_parse_from(arguments) {
        Ok(cli) => dispatch(&cli).unwrap_or_else(|error| exit::report(&error)),
        Err(error) => {
            let exit = if error.use_stderr() { Exit::Usage } else { Exit::Done };
            // A closed stderr leaves nobody to tell.
            let _ = error.print();
            exit
        }
    };
    ExitCode::from(exit.code())
}

fn dispatch(cli: &Cli) -> anyhow::Result<Exit> {
    let global = &cli.global;
    match &cli.command {
        Command::Demo(c) => c.run(global),
        Command::Init(c) => c.run(global),
        Command::Serve(c) => c.run(global),
        Command::Issue(c) => c.run(global),
        Command::Import(c) => c.run(global),
        Command::Surveil(c) => c.run(global),
        Command::Suspend(c) => c.run(global),
        Command::Reinstate(c) => c.run(global),
        Command::Withdraw(c) => c.run(global),
        Command::Cancel(c) => c.run(global),
        Command::Supersede(c) => c.run(global),
        Command::Recertify(c) => c.run(global),
        Command::Correct(c) => c.run(global),
        Command::Mark(c) => c.run(global),
        Command::Certificate(c) => c.run(global),
        Command::Kit(c) => c.run(global),
        Command::Verify(c) => c.run(),
        Command::Trust(c) => c.run(),
        Command::Token(c) => c.run(global),
        Command::Key(c) => c.run(global),
        Command::Sweep(c) => c.run(global),
        Command::History(c) => c.run(global),
        Command::Export(c) => c.run(global),
        Command::Backup(c) => c.run(global),
        Command::Restore(c) => c.run(global),
        Command::Fsck(c) => c.run(global),
        Command::BenchData(c) => c.run(global),
    }
}

/// Prints one line for whoever asked.
///
/// # Errors
/// Nobody reads it any more.
fn say(line: impl Display) -> anyhow::Result<()> {
    Ok(writeln!(std::io::stdout().lock(), "{line}")?)
}

/// Says so where the public log does not go on: what was recorded has no proof yet.
fn tell_log(service: &crate::service::Service) {
    service.wait_for_log();
    let log = service.log().health();
    if let Some(why) = log.fault {
        note(format_args!(
            "All is on record, but the public log stands still at {} entries, {} events behind: {why}. They come into it once that is mended, with the next command that signs or starmark serve.",
            log.size.unwrap_or(0),
            log.behind
        ));
    }
}

/// Prints one line beside the answer: progress, warnings, summaries.
fn note(line: impl Display) {
    // A closed stderr leaves nobody to tell.
    let _ = writeln!(std::io::stderr().lock(), "{line}");
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn the_command_tree_is_sound() {
        Cli::command().debug_assert();
    }
}
