//! The head file: how far the journal has been acknowledged. Written before every acknowledgement, synced when idle: exact
//! after a kill, a lower bound after a power loss.

use super::format::Hash;
use super::scan::Tip;
use crate::store::codec::{be32, be64};
use crate::store::disk::DiskFile;
use std::io;

/// First bytes of a slot.
const MAGIC: [u8; 8] = *b"SMhead01";
/// Each slot has a page of its own, so that writing one never harms the other.
const SLOT: u64 = 4096;
/// Used bytes of a slot.
const USED: usize = 68;

/// How far the journal has been acknowledged, and how often that was written down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// Counts the writings; its parity is the slot.
    pub generation: u64,
    /// The point acknowledged.
    pub tip: Tip,
}

impl Head {
    fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(USED);
        out.extend_from_slice(&MAGIC);
        out.extend_from_slice(&self.generation.to_be_bytes());
        out.extend_from_slice(&self.tip.next_seq.to_be_bytes());
        out.extend_from_slice(&self.tip.segment.to_be_bytes());
        out.extend_from_slice(&self.tip.offset.to_be_bytes());
        out.extend_from_slice(&self.tip.hash);
        let checksum = crc32c::crc32c(&out);
        out.extend_from_slice(&checksum.to_be_bytes());
        out
    }

    fn decode(bytes: &[u8], slot: u64) -> Option<Self> {
        let sum = be32(bytes, USED - 4)?;
        if bytes[..8] != MAGIC || crc32c::crc32c(&bytes[..USED - 4]) != sum {
            return None;
        }
        let hash: Hash = bytes.get(32..64)?.try_into().ok()?;
        let tip = Tip { next_seq: be64(bytes, 16)?, segment: be32(bytes, 24)?, offset: be32(bytes, 28)?, hash };
        let generation = be64(bytes, 8)?;
        (generation % 2 == slot).then_some(Self { generation, tip })
    }

    /// Writes it into its slot; no sync.
    ///
    /// # Errors
    /// What the system says.
    pub fn write(&self, file: &dyn DiskFile) -> io::Result<()> {
        file.write_at(&self.encode(), self.generation % 2 * SLOT)
    }

    /// A new head file's content: both slots at the beginning of everything.
    ///
    /// # Errors
    /// What the system says.
    pub fn begin(file: &dyn DiskFile) -> io::Result<()> {
        file.write_at(&[0; 2 * SLOT as usize], 0)?;
        Self { generation: 0, tip: Tip::START }.write(file)?;
        Self { generation: 1, tip: Tip::START }.write(file)
    }

    /// The newest readable slot, and whether the other one is damaged; `None` when none is readable.
    ///
    /// # Errors
    /// What the system says.
    pub fn read(file: &dyn DiskFile) -> io::Result<Option<(Self, bool)>> {
        let mut slots = [None; 2];
        for (slot, found) in (0..).zip(&mut slots) {
            let mut bytes = [0; USED];
            match file.read_at(&mut bytes, slot * SLOT) {
                Ok(()) => *found = Self::decode(&bytes, slot),
                Err(e) if e.kind() == io::ErrorKind::UnexpectedEof => {}
                Err(e) => return Err(e),
            }
        }
        let newest = slots.into_iter().flatten().max_by_key(|h| h.generation);
        Ok(newest.map(|head| (head, slots.iter().any(Option::is_none))))
    }
}
