//! Files named on the command line: read within bounds, written whole or not at all.

use super::exit::Usage;
use anyhow::Context as _;
use std::fs;
use std::io::{self, Read, Write as _};
use std::path::Path;

/// Reads a file of at most `max` bytes; `-` is standard input.
///
/// # Errors
/// A usage error when it is not there, is a directory or is larger.
pub(super) fn read(path: &Path, max: u64) -> anyhow::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    open(path)?.take(max + 1).read_to_end(&mut bytes).with_context(|| format!("cannot read {}", path.display()))?;
    if bytes.len() as u64 > max {
        return Err(Usage(format!("{} has more than {max} bytes", path.display())).into());
    }
    Ok(bytes)
}

/// Opens a file for reading; `-` is standard input.
///
/// # Errors
/// A usage error when it cannot be opened.
pub(super) fn open(path: &Path) -> anyhow::Result<Box<dyn Read + Send>> {
    if path == Path::new("-") {
        return Ok(Box::new(io::stdin()));
    }
    let file = fs::File::open(path).map_err(|e| Usage(format!("cannot open {}: {e}", path.display())))?;
    if file.metadata().is_ok_and(|m| m.is_dir()) {
        return Err(Usage(format!("{} is a directory, not a file", path.display())).into());
    }
    Ok(Box::new(file))
}

/// Writes a file whole or not at all: what stood there is replaced in one step, and only once the new bytes are safe.
///
/// # Errors
/// The system's own words.
pub(super) fn write_whole(
    path: &Path,
    write: impl FnOnce(&mut dyn io::Write) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let failed = || format!("cannot write {}", path.display());
    let name = path.file_name().ok_or_else(|| Usage(format!("{} is no file name", path.display())))?;
    let parent = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut temporary = std::ffi::OsString::from(".");
    temporary.push(name);
    temporary.push(format!(".{}.tmp", std::process::id()));
    let temporary = parent.join(temporary);
    let written = || -> anyhow::Result<()> {
        let file = fs::OpenOptions::new().write(true).create_new(true).open(&temporary).with_context(failed)?;
        let mut buffered = io::BufWriter::new(file);
        write(&mut buffered)?;
        buffered.flush().with_context(failed)?;
        buffered.get_ref().sync_all().with_context(failed)?;
        fs::rename(&temporary, path).with_context(failed)?;
        fs::File::open(parent).and_then(|d| d.sync_all()).with_context(failed)
    };
    let result = written();
    if result.is_err() {
        // What was begun is worth nothing; that it may not go away changes nothing about the error.
        let _ = fs::remove_file(&temporary);
    }
    result
}
