//! The ZIP (APPNOTE 6.3): always the same bytes, and with a comment that says what was packed.

use crate::domain::hex;
use crate::mark::File;
use jiff::civil::Date;
use std::io::{self, Cursor, Read, Seek, Write as _};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipArchive, ZipWriter};

/// Begins the comment of a kit.
const KIND: &str = "starmark-kit/1";

/// How a file lies in the archive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Packed {
    /// As it is: what is compressed already.
    Stored,
    /// Compressed.
    Deflated,
}

/// A file of a kit.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) name: String,
    pub(super) packed: Packed,
    pub(super) bytes: Vec<u8>,
    /// How wide the mark in it is in print, in micrometres.
    pub(super) width_um: Option<u32>,
}

impl Entry {
    pub(super) fn new(name: &str, packed: Packed, bytes: Vec<u8>) -> Self {
        Self { name: name.to_owned(), packed, bytes, width_um: None }
    }

    pub(super) fn drawn(name: String, packed: Packed, file: File) -> Self {
        Self { name, packed, bytes: file.bytes, width_um: Some(file.width_um) }
    }
}

fn comment(digest: &[u8; 32], files: usize) -> String {
    format!("{KIND} {} {files}", hex(digest))
}

/// Packs the files in their order, all of them of that day.
pub(super) fn zip(entries: &[Entry], day: Date, digest: &[u8; 32]) -> io::Result<Vec<u8>> {
    let size: usize = entries.iter().map(|e| e.bytes.len() + 2 * e.name.len() + 128).sum();
    let mut out = ZipWriter::new(Cursor::new(Vec::with_capacity(size)));
    let number = |n: i8| u8::try_from(n).unwrap_or(1);
    let year = u16::try_from(day.year()).unwrap_or_default();
    let time = DateTime::from_date_and_time(year, number(day.month()), number(day.day()), 0, 0, 0).unwrap_or_default();
    for entry in entries {
        let method = match entry.packed {
            Packed::Stored => CompressionMethod::Stored,
            Packed::Deflated => CompressionMethod::Deflated,
        };
        let options = SimpleFileOptions::default().compression_method(method);
        out.start_file(entry.name.as_str(), options.last_modified_time(time).unix_permissions(0o644))?;
        out.write_all(&entry.bytes)?;
    }
    out.set_comment(comment(digest, entries.len()))?;
    Ok(out.finish()?.into_inner())
}

/// Whether it is an archive of that comment whose files are all there and undamaged.
pub(super) fn is_whole(file: impl Read + Seek, digest: &[u8; 32]) -> bool {
    let Ok(mut archive) = ZipArchive::new(file) else { return false };
    if archive.comment() != comment(digest, archive.len()).as_bytes() {
        return false;
    }
    // Reading to the end holds each file's checksum against its bytes.
    (0..archive.len()).all(|i| {
        let read = archive.by_index(i).map_err(io::Error::from).and_then(|mut f| io::copy(&mut f, &mut io::sink()));
        read.is_ok()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    fn sample() -> Vec<u8> {
        let entries = [
            Entry::new("a.txt", Packed::Deflated, "示例".repeat(100).into_bytes()),
            Entry::new("b/c.png", Packed::Stored, (0..=255).collect()),
        ];
        zip(&entries, date(2026, 5, 8), &[7; 32]).unwrap()
    }

    #[test]
    fn the_same_files_are_the_same_bytes() {
        let file = sample();
        assert_eq!(file, sample());
        let mut archive = ZipArchive::new(Cursor::new(&file)).unwrap();
        let entry = archive.by_index(1).unwrap();
        assert_eq!(entry.name().unwrap(), "b/c.png");
        assert_eq!((entry.size(), entry.compressed_size()), (256, 256));
        let time = entry.last_modified().unwrap();
        assert_eq!((time.year(), time.month(), time.day(), time.hour()), (2026, 5, 8, 0));
    }

    #[test]
    fn only_a_whole_archive_of_the_same_digest_stands() {
        let file = sample();
        assert!(is_whole(Cursor::new(&file), &[7; 32]));
        assert!(!is_whole(Cursor::new(&file), &[8; 32]));
        for cut in [0, 1, 40, file.len() / 2, file.len() - 1] {
            assert!(!is_whole(Cursor::new(&file[..cut]), &[7; 32]), "{cut}");
        }
        let picture = file.windows(4).position(|w| w == [100, 101, 102, 103]).unwrap();
        let mut spoilt = file;
        spoilt[picture] ^= 1;
        assert!(!is_whole(Cursor::new(&spoilt), &[7; 32]));
    }
}
