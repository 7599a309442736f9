//! The starmark binary: parse, run, exit code.

use std::process::ExitCode;

fn main() -> ExitCode {
    starmark::cli::run(std::env::args_os())
}
