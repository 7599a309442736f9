//! Walks the frames of one segment, and says how it ends.

use super::format::{ALIGN, FRAME_HEADER, FRAME_MAGIC, FrameHeader, Hash, SEGMENT_HEADER, frame_hash, read_frame};
use crate::store::codec::Position;

/// Piece in which a run of zeros is compared.
const PIECE: usize = 4096;
static ZEROS: [u8; PIECE] = [0; PIECE];

/// A point of the journal: after the frame at this place. Before the first frame, `next_seq` is 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tip {
    /// Sequence number the next event has.
    pub next_seq: u64,
    /// Segment of the frame.
    pub segment: u32,
    /// Where the frame begins in it.
    pub offset: u32,
    /// The frame's hash.
    pub hash: Hash,
}

impl Tip {
    /// Before the first frame.
    pub const START: Self = Self { next_seq: 0, segment: 0, offset: 0, hash: super::format::NOTHING };
}

/// One frame found.
#[derive(Debug, Clone)]
pub struct Found {
    /// What it says of itself.
    pub header: FrameHeader,
    /// Its hash.
    pub hash: Hash,
}

impl Found {
    /// The point after it.
    #[must_use]
    pub fn tip(&self) -> Tip {
        Tip {
            next_seq: self.header.next_seq,
            segment: self.header.segment,
            offset: self.header.offset,
            hash: self.hash,
        }
    }

    /// Where it lies, padding included.
    #[must_use]
    pub fn position(&self) -> Position {
        let FrameHeader { segment, offset, .. } = self.header;
        Position { segment, offset, length: self.header.padded() as u32 }
    }

    /// Where its units lie in the segment.
    #[must_use]
    pub fn units(&self) -> std::ops::Range<usize> {
        let from = self.header.offset as usize + FRAME_HEADER;
        from..from + self.header.length as usize
    }
}

/// Why the frames of a segment end where they end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ending {
    /// Nothing but zeros follows.
    Clean,
    /// Bytes follow that are no frame.
    Broken(String),
    /// A whole frame follows that does not continue what stands before it.
    Foreign(String),
}

/// The frames of a segment.
#[derive(Debug, Clone)]
pub struct Scan {
    /// In order.
    pub frames: Vec<Found>,
    /// Where the next frame would begin.
    pub end: usize,
    /// Sequence number the next event has.
    pub next_seq: u64,
    /// Hash of the last frame.
    pub hash: Hash,
    /// What follows.
    pub ending: Ending,
}

/// Walks the frames of a segment from `from` on; `next_seq` and `hash` are what stands before.
#[must_use]
pub fn scan(segment: &[u8], number: u32, from: usize, next_seq: u64, hash: Hash) -> Scan {
    let mut scan = Scan { frames: vec![], end: from, next_seq, hash, ending: Ending::Clean };
    loop {
        let rest = segment.get(scan.end..).unwrap_or_default();
        match read_frame(rest, number, scan.end) {
            Ok((header, whole)) => {
                if header.previous != scan.hash {
                    scan.ending = Ending::Foreign("it does not continue the frame before it".into());
                    return scan;
                }
                if header.first_seq != scan.next_seq {
                    let (found, expected) = (header.first_seq, scan.next_seq);
                    scan.ending = Ending::Foreign(format!("it begins with event {found} instead of {expected}"));
                    return scan;
                }
                scan.hash = frame_hash(whole);
                scan.next_seq = header.next_seq;
                scan.end += header.padded();
                scan.frames.push(Found { header, hash: scan.hash });
            }
            Err(_) if is_zero(rest) => return scan,
            Err(why) => {
                scan.ending = Ending::Broken(why);
                return scan;
            }
        }
    }
}

/// Whether there is nothing but zeros.
#[must_use]
pub fn is_zero(bytes: &[u8]) -> bool {
    bytes.chunks(PIECE).all(|c| c == &ZEROS[..c.len()])
}

/// The next whole frame that begins behind `after`, in whatever order it stands.
#[must_use]
pub fn later_frame(segment: &[u8], number: u32, after: usize) -> Option<usize> {
    let from = after.max(SEGMENT_HEADER - ALIGN) / ALIGN * ALIGN + ALIGN;
    (from..segment.len())
        .step_by(ALIGN)
        .find(|at| segment.get(*at..*at + 4) == Some(&FRAME_MAGIC) && read_frame(&segment[*at..], number, *at).is_ok())
}
