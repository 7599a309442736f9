//! Segments and frames as bytes. `docs/SPEC-journal.md` is the same in words.

use crate::store::codec::{be32, be64};
use sha2::{Digest, Sha256};

/// SHA-256.
pub type Hash = [u8; 32];

/// Stands where there is nothing before: the first frame's and the first segment's predecessor.
pub const NOTHING: Hash = [0; 32];
/// Bytes of a segment header: one page, so that no later write touches the page it stands in.
pub const SEGMENT_HEADER: usize = 4096;
/// Bytes of a frame header.
pub const FRAME_HEADER: usize = 80;
/// Frames begin at multiples of this.
pub const ALIGN: usize = 8;
/// First bytes of a segment.
const SEGMENT_MAGIC: [u8; 8] = *b"starmark";
/// First bytes of a frame.
pub const FRAME_MAGIC: [u8; 4] = *b"SMf1";
/// Version of segments and frames.
const VERSION: u32 = 1;
/// Largest segment: positions inside one are 32 bits wide.
pub const MAX_SEGMENT: u64 = 1 << 31;

/// What a segment says of itself and of what lies before it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SegmentHeader {
    /// Its number, from 0.
    pub number: u32,
    /// Its length in bytes, from its creation on.
    pub size: u64,
    /// Sequence number of the first event in it.
    pub first_seq: u64,
    /// Hash of the last frame before it.
    pub previous_frame: Hash,
    /// SHA-256 over the used bytes of the segment before it.
    pub previous_digest: Hash,
    /// How many bytes of the segment before it are used.
    pub previous_used: u64,
}

fn hash_at(bytes: &[u8], at: usize) -> Option<Hash> {
    bytes.get(at..at + 32)?.try_into().ok()
}

impl SegmentHeader {
    /// As written.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(SEGMENT_HEADER);
        out.extend_from_slice(&SEGMENT_MAGIC);
        out.extend_from_slice(&VERSION.to_be_bytes());
        out.extend_from_slice(&self.number.to_be_bytes());
        out.extend_from_slice(&self.size.to_be_bytes());
        out.extend_from_slice(&self.first_seq.to_be_bytes());
        out.extend_from_slice(&self.previous_frame);
        out.extend_from_slice(&self.previous_digest);
        out.extend_from_slice(&self.previous_used.to_be_bytes());
        out.resize(SEGMENT_HEADER - 4, 0);
        let checksum = crc32c::crc32c(&out);
        out.extend_from_slice(&checksum.to_be_bytes());
        out
    }

    /// Reads the first [`SEGMENT_HEADER`] bytes of a segment.
    ///
    /// # Errors
    /// What is wrong, in words.
    pub fn decode(bytes: &[u8]) -> Result<Self, String> {
        let bytes = bytes.get(..SEGMENT_HEADER).ok_or("it ends in its header")?;
        if bytes[..8] != SEGMENT_MAGIC {
            return Err("it does not begin like a journal segment".into());
        }
        if be32(bytes, SEGMENT_HEADER - 4) != Some(crc32c::crc32c(&bytes[..SEGMENT_HEADER - 4])) {
            return Err("the checksum of its header fails".into());
        }
        match be32(bytes, 8) {
            Some(VERSION) => {}
            other => return Err(format!("it has version {}; this program reads {VERSION}", other.unwrap_or(0))),
        }
        let read = || {
            Some(Self {
                number: be32(bytes, 12)?,
                size: be64(bytes, 16)?,
                first_seq: be64(bytes, 24)?,
                previous_frame: hash_at(bytes, 32)?,
                previous_digest: hash_at(bytes, 64)?,
                previous_used: be64(bytes, 96)?,
            })
        };
        let header = read().ok_or("it ends in its header")?;
        if header.size < SEGMENT_HEADER as u64 || header.size > MAX_SEGMENT {
            return Err(format!("a size of {} bytes is not possible", header.size));
        }
        Ok(header)
    }
}

/// What a frame says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FrameHeader {
    /// Bytes of its units.
    pub length: u32,
    /// How many units it holds.
    pub units: u32,
    /// Segment it stands in.
    pub segment: u32,
    /// Where in the segment it begins.
    pub offset: u32,
    /// Sequence number of its first event.
    pub first_seq: u64,
    /// Sequence number after its last event.
    pub next_seq: u64,
    /// Hash of the frame before it.
    pub previous: Hash,
}

impl FrameHeader {
    /// A frame as written: header, units, zeros up to the next multiple of [`ALIGN`].
    #[must_use]
    pub fn frame(&self, units: &[u8]) -> Vec<u8> {
        let mut out = Vec::with_capacity(FRAME_HEADER + units.len() + ALIGN);
        out.extend_from_slice(&FRAME_MAGIC);
        out.extend_from_slice(&[0; 4]);
        out.extend_from_slice(&self.length.to_be_bytes());
        out.extend_from_slice(&self.units.to_be_bytes());
        out.extend_from_slice(&self.segment.to_be_bytes());
        out.extend_from_slice(&self.offset.to_be_bytes());
        out.extend_from_slice(&[0; 8]);
        out.extend_from_slice(&self.first_seq.to_be_bytes());
        out.extend_from_slice(&self.next_seq.to_be_bytes());
        out.extend_from_slice(&self.previous);
        out.extend_from_slice(units);
        let checksum = crc32c::crc32c(&out[8..]);
        out[4..8].copy_from_slice(&checksum.to_be_bytes());
        out.resize(out.len().next_multiple_of(ALIGN), 0);
        out
    }

    /// Reads the first [`FRAME_HEADER`] bytes of a frame; nothing is checked yet.
    #[must_use]
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let zeros = bytes.get(24..32)?.iter().all(|b| *b == 0);
        zeros.then_some(())?;
        Some(Self {
            length: be32(bytes, 8)?,
            units: be32(bytes, 12)?,
            segment: be32(bytes, 16)?,
            offset: be32(bytes, 20)?,
            first_seq: be64(bytes, 32)?,
            next_seq: be64(bytes, 40)?,
            previous: hash_at(bytes, 48)?,
        })
    }

    /// Bytes of the frame without its padding.
    #[must_use]
    pub fn bare(&self) -> usize {
        FRAME_HEADER + self.length as usize
    }

    /// Bytes of the frame with its padding.
    #[must_use]
    pub fn padded(&self) -> usize {
        self.bare().next_multiple_of(ALIGN)
    }
}

/// Reads a frame: `bytes` begin with it and hold at least its end and padding. `number` and `offset` say where they were
/// found. What stands before the frame is not looked at.
///
/// # Errors
/// What is wrong, in words.
pub fn read_frame(bytes: &[u8], number: u32, offset: usize) -> Result<(FrameHeader, &[u8]), String> {
    if bytes.get(..4) != Some(&FRAME_MAGIC) {
        return Err("no frame begins there".into());
    }
    let header = FrameHeader::decode(bytes).ok_or("its header is not one")?;
    let whole = bytes.get(..header.bare()).ok_or("it ends beyond the segment")?;
    if be32(bytes, 4) != Some(crc32c::crc32c(&whole[8..])) {
        return Err("its checksum fails".into());
    }
    if header.segment != number || header.offset as usize != offset {
        return Err(format!("it belongs to offset {} of segment {}", header.offset, header.segment));
    }
    if header.next_seq <= header.first_seq || header.units == 0 {
        return Err("it holds no events".into());
    }
    if bytes.get(header.bare()..header.padded()).is_none_or(|pad| pad.iter().any(|b| *b != 0)) {
        return Err("its padding is not zero".into());
    }
    Ok((header, whole))
}

/// Name of a frame in the chain: SHA-256 of its header and units.
#[must_use]
pub fn frame_hash(whole: &[u8]) -> Hash {
    Sha256::digest(whole).into()
}
