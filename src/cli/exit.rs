//! How a command ends: its exit code, and what stands on stderr when it failed.

use crate::domain::Refusal;
use crate::service::ServiceError;
use crate::store::StoreError;
use std::fmt;
use std::io;

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// What was asked for is done; for `verify`: valid.
    Done,
    /// Refused, wholly or in part; for `verify`: not valid.
    Refused,
    /// For `verify`: cannot tell.
    Undetermined,
    /// The command line, or a file it names, is not usable (sysexits EX_USAGE).
    Usage,
    /// Something in this program failed (EX_SOFTWARE).
    Internal,
    /// The store or a file could not be read or written (EX_IOERR).
    Machine,
}

impl Exit {
    /// The process's exit code.
    #[must_use]
    pub const fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Refused => 1,
            Self::Undetermined => 2,
            Self::Usage => 64,
            Self::Internal => 70,
            Self::Machine => 74,
        }
    }
}

/// A command line that cannot be carried out as written.
#[derive(Debug)]
pub(super) struct Usage(pub String);

impl fmt::Display for Usage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Usage {}

/// Says on stderr why a command failed; the answer is its exit code.
pub(super) fn report(error: &anyhow::Error) -> Exit {
    if let Some(refusals) = refusals(error) {
        for refusal in refusals {
            eprintln!("starmark: {}", told(refusal));
        }
        return if refusals.iter().all(|r| r.code == "no_data_dir") { Exit::Usage } else { Exit::Refused };
    }
    let exit = kind(error);
    // Whoever reads our output may stop reading: that is no news.
    if !is_broken_pipe(error) {
        eprintln!("starmark: {error:#}");
        if let Some(hint) = error.chain().find_map(|c| hint(c.downcast_ref()?)) {
            eprintln!("starmark: {hint}");
        }
    }
    exit
}

/// What to do about what the system says.
fn hint(error: &io::Error) -> Option<&'static str> {
    use rustix::io::Errno;
    let handles = [Errno::MFILE, Errno::NFILE].map(Errno::raw_os_error);
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Some("make room there and try again"),
        io::ErrorKind::ReadOnlyFilesystem | io::ErrorKind::PermissionDenied => {
            Some("look at owner, mode and mount: only fsck and backup do with reading")
        }
        _ if error.raw_os_error().is_some_and(|code| handles.contains(&code)) => {
            Some("let it open more files (ulimit -n, or LimitNOFILE of its unit) and try again")
        }
        _ => None,
    }
}

/// A refusal as a person reads it: where, what, and its code.
pub(super) fn told(refusal: &Refusal) -> String {
    format!("{refusal} [{}]", refusal.code)
}

/// The refusals an error stands for, if it stands for any.
pub(super) fn refusals(error: &anyhow::Error) -> Option<&[Refusal]> {
    if let Some(refusal) = error.downcast_ref::<Refusal>() {
        return Some(std::slice::from_ref(refusal));
    }
    match error.downcast_ref::<ServiceError>() {
        Some(ServiceError::Refused(refusals)) => Some(refusals),
        _ => None,
    }
}

fn kind(error: &anyhow::Error) -> Exit {
    for cause in error.chain() {
        if cause.is::<Usage>() {
            return Exit::Usage;
        }
        if cause.is::<StoreError>() || cause.is::<io::Error>() {
            return Exit::Machine;
        }
    }
    Exit::Internal
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.chain().any(|c| c.downcast_ref::<io::Error>().is_some_and(|e| e.kind() == io::ErrorKind::BrokenPipe))
}
