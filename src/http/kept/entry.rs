//! One answer as it lies in the file.

use super::{LARGEST, gzip};
use crate::http::stamp::{Room, Stamp};
use crate::service::ground::Ground;
use axum::body::Bytes;
use axum::http::{HeaderName, HeaderValue};

/// Bytes of the lengths and numbers after the ground: shape, question, headers, rooms, body, rooms of the packed body.
const LENGTHS: usize = 2 + 5 * 4;

/// What an answer is made of.
pub(super) struct Parts<'a> {
    pub ground: Ground,
    /// Number of the headers it shares with others.
    pub shape: u16,
    /// What was asked.
    pub question: &'a [u8],
    /// Headers of its own.
    pub own: &'a [(HeaderName, HeaderValue)],
    pub body: &'a [u8],
    pub rooms: &'a [Room],
}

impl Parts<'_> {
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let mut own = vec![];
        for (name, value) in self.own {
            own.extend_from_slice(name.as_str().as_bytes());
            own.push(b':');
            own.extend_from_slice(value.as_bytes());
            own.push(b'\n');
        }
        let mut out =
            Vec::with_capacity(Ground::BYTES + LENGTHS + self.question.len() + own.len() + self.body.len() + 64);
        out.extend_from_slice(&self.ground.to_bytes());
        out.extend_from_slice(&self.shape.to_be_bytes());
        for length in [self.question.len(), own.len(), self.rooms.len(), self.body.len(), 0] {
            out.extend_from_slice(&u32::try_from(length).unwrap_or(u32::MAX).to_be_bytes());
        }
        out.extend_from_slice(self.question);
        out.extend_from_slice(&own);
        for room in self.rooms {
            out.extend_from_slice(&room.to_bytes());
        }
        out.extend_from_slice(self.body);
        out
    }
}

/// An answer read from the file.
pub(super) struct Entry {
    bytes: Vec<u8>,
    pub ground: Ground,
    pub shape: u16,
    /// Where its headers begin, its rooms, its body; the rooms of the packed body, and that.
    own: usize,
    rooms: usize,
    body: usize,
    packed_rooms: usize,
    packed: usize,
}

impl Entry {
    /// None where the bytes are no answer.
    pub(super) fn read(bytes: Vec<u8>) -> Option<Self> {
        let ground = Ground::from_bytes(&bytes)?;
        let lengths = bytes.get(Ground::BYTES..Ground::BYTES + LENGTHS)?;
        let (shape, lengths) = lengths.split_first_chunk()?;
        let mut lengths =
            lengths.chunks_exact(4).map(|n| n.try_into().map_or(usize::MAX, |n| u32::from_be_bytes(n) as usize));
        let own = (Ground::BYTES + LENGTHS).checked_add(lengths.next()?)?;
        let rooms = own.checked_add(lengths.next()?)?;
        let body = rooms.checked_add(lengths.next()?.checked_mul(Room::BYTES)?)?;
        let packed_rooms = body.checked_add(lengths.next()?)?;
        let packed = packed_rooms.checked_add(lengths.next()?.checked_mul(Room::BYTES)?)?;
        let shape = u16::from_be_bytes(*shape);
        (packed <= bytes.len()).then_some(Self { bytes, ground, shape, own, rooms, body, packed_rooms, packed })
    }

    /// Bytes of its body.
    pub(super) fn length(&self) -> usize {
        self.packed_rooms - self.body
    }

    /// Whether its body lies there packed, too.
    pub(super) fn is_packed(&self) -> bool {
        self.packed < self.bytes.len()
    }

    /// The same answer as it is kept with its body packed, too; none where it is so, is too long, or does not pack.
    pub(super) fn with_packed(&self) -> Option<Vec<u8>> {
        // What is longer is not kept.
        if self.is_packed() || self.bytes.len() > LARGEST / 2 {
            return None;
        }
        let rooms: Vec<Room> = rooms_in(&self.bytes[self.rooms..self.body]).collect();
        let (packed, packed_rooms) = gzip::pack(&self.bytes[self.body..self.packed_rooms], &rooms)?;
        let mut bytes = self.bytes[..self.packed_rooms].to_vec();
        let count = u32::try_from(packed_rooms.len()).ok()?;
        bytes[Ground::BYTES + LENGTHS - 4..Ground::BYTES + LENGTHS].copy_from_slice(&count.to_be_bytes());
        packed_rooms.iter().for_each(|room| bytes.extend_from_slice(&room.to_bytes()));
        bytes.extend_from_slice(&packed);
        Some(bytes)
    }

    pub(super) fn question(&self) -> &[u8] {
        &self.bytes[Ground::BYTES + LENGTHS..self.own]
    }

    /// Headers of its own.
    pub(super) fn headers(&self) -> impl Iterator<Item = (HeaderName, HeaderValue)> {
        let lines = self.bytes[self.own..self.rooms].split(|b| *b == b'\n');
        lines.filter_map(|line| {
            let colon = line.iter().position(|b| *b == b':')?;
            let (name, value) = (HeaderName::from_bytes(&line[..colon]), HeaderValue::from_bytes(&line[colon + 1..]));
            Some((name.ok()?, value.ok()?))
        })
    }

    /// The body as it is kept.
    #[cfg(test)]
    pub(super) fn body(&self) -> &[u8] {
        &self.bytes[self.body..self.packed_rooms]
    }

    /// The body with the time in it.
    pub(super) fn at(mut self, stamp: &Stamp) -> Bytes {
        self.fill(stamp);
        Bytes::from(self.bytes).slice(self.body..self.packed_rooms)
    }

    /// The same packed (gzip), where it lies there so.
    pub(super) fn packed_at(mut self, stamp: &Stamp) -> Bytes {
        self.fill(stamp);
        let packed = self.bytes[self.packed..].to_vec();
        let rooms = rooms_in(&self.bytes[self.packed_rooms..self.packed]);
        gzip::finished(packed, rooms, stamp, &self.bytes[self.body..self.packed_rooms]).into()
    }

    fn fill(&mut self, stamp: &Stamp) {
        let (head, body) = self.bytes.split_at_mut(self.body);
        stamp.fill(body, rooms_in(&head[self.rooms..]));
    }
}

fn rooms_in(bytes: &[u8]) -> impl Iterator<Item = Room> {
    bytes.chunks_exact(Room::BYTES).filter_map(Room::from_bytes)
}
