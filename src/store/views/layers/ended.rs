//! The note of an end in order: what the views stand on, and whether sled's files are still those that were left.

use crate::store::StoreError;
use crate::store::journal::io_error;
use crate::store::views::Applied;
use std::fs::File;
use std::io::Read as _;
use std::path::Path;

/// What is noted at an end in order: what the views stand on, and a checksum of sled's files.
pub(super) fn ended(applied: &Applied, recent: &Path) -> Result<Vec<u8>, StoreError> {
    let mut sum = 0;
    add_files(recent, &mut sum).map_err(io_error(|| format!("read {}", recent.display())))?;
    Ok([applied.to_bytes(), sum.to_be_bytes().to_vec()].concat())
}

fn add_files(dir: &Path, sum: &mut u32) -> std::io::Result<()> {
    let mut entries = std::fs::read_dir(dir)?.collect::<Result<Vec<_>, _>>()?;
    entries.sort_by_key(std::fs::DirEntry::file_name);
    let mut piece = vec![0; 1 << 20];
    for entry in entries {
        *sum = crc32c::crc32c_append(*sum, entry.file_name().as_encoded_bytes());
        if entry.file_type()?.is_dir() {
            add_files(&entry.path(), sum)?;
            continue;
        }
        let mut file = File::open(entry.path())?;
        loop {
            let read = file.read(&mut piece)?;
            if read == 0 {
                break;
            }
            *sum = crc32c::crc32c_append(*sum, &piece[..read]);
        }
    }
    Ok(())
}
