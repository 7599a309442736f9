//! The starmark binary: parse, run, exit code.

use std::process::ExitCode;

/// A third of the time of issuing went into the C library's allocator, whose memory many threads share.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    starmark::cli::run(std::env::args_os())
}
