//! An answer packed once, with its room for the time left open (gzip, RFC 1952, of DEFLATE, RFC 1951).
//!
//! What comes into a room is stored as it is, in a block of its own, so it can be written over. The text between is packed as ever, and may repeat what stood before, but
//! never a room: while it is packed, rooms hold bytes that no text has.

use crate::http::stamp::{Room, Stamp};
use flate2::{Compress, Compression, Crc, FlushCompress, Status};

/// RFC 1952, section 2.3.1: DEFLATE, no name, no time, no system.
const HEAD: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];
/// The farthest that DEFLATE looks back.
const WINDOW: usize = 32 << 10;
/// No byte of UTF-8.
const BLANK: u8 = 0xff;

/// The body packed up to its checksum, and where its rooms are now; none where it does not pack.
pub(super) fn pack(body: &[u8], rooms: &[Room]) -> Option<(Vec<u8>, Vec<Room>)> {
    let mut blank = body.to_vec();
    for room in rooms {
        blank.get_mut(room.place())?.fill(BLANK);
    }
    let (mut out, mut moved, mut from) = (HEAD.to_vec(), Vec::with_capacity(rooms.len()), 0);
    let mut packer = Compress::new(Compression::default(), false);
    for room in rooms {
        let place = room.place();
        pack_part(&mut packer, &blank, from..place.start, FlushCompress::Sync, &mut out)?;
        // A stored block, and not the last (RFC 1951, section 3.2.4): it begins on a byte, as the one before ended with a flush.
        let length = u16::try_from(place.len()).ok()?;
        out.push(0);
        out.extend(length.to_le_bytes());
        out.extend((!length).to_le_bytes());
        moved.push(Room { at: u32::try_from(out.len()).ok()?, form: room.form });
        out.extend_from_slice(blank.get(place.clone())?);
        from = place.end;
    }
    pack_part(&mut packer, &blank, from..blank.len(), FlushCompress::Finish, &mut out)?;
    Some((out, moved))
}

/// Packs a part of the body, as if all before it had been packed by the same.
fn pack_part(
    packer: &mut Compress,
    body: &[u8],
    part: std::ops::Range<usize>,
    flush: FlushCompress,
    out: &mut Vec<u8>,
) -> Option<()> {
    packer.reset();
    let before = body.get(part.start.saturating_sub(WINDOW)..part.start)?;
    if !before.is_empty() {
        packer.set_dictionary(before).ok()?;
    }
    let part = body.get(part)?;
    loop {
        out.reserve(part.len() + 64);
        let rest = part.get(usize::try_from(packer.total_in()).ok()?..)?;
        let status = packer.compress_vec(rest, out, flush).ok()?;
        // Where room is left in the buffer, all has come out.
        let done = packer.total_in() == part.len() as u64 && out.len() < out.capacity();
        if status == Status::StreamEnd || (done && flush == FlushCompress::Sync) {
            return Some(());
        }
    }
}

/// The whole packed answer: with the time in its rooms, and the checksum and length of the body that has it.
pub(super) fn finished(mut packed: Vec<u8>, rooms: impl Iterator<Item = Room>, stamp: &Stamp, body: &[u8]) -> Vec<u8> {
    stamp.fill(&mut packed, rooms);
    let mut crc = Crc::new();
    crc.update(body);
    packed.extend(crc.sum().to_le_bytes());
    packed.extend(crc.amount().to_le_bytes());
    packed
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::stamp;
    use flate2::read::GzDecoder;
    use jiff::{SignedDuration, Timestamp};
    use proptest::prelude::*;
    use std::io::Read as _;

    fn unpacked(bytes: &[u8]) -> String {
        let mut text = String::new();
        GzDecoder::new(bytes).read_to_string(&mut text).unwrap();
        text
    }

    proptest! {
        /// Long enough to look back beyond the window, and with the marks of rooms' ends in the text.
        #[test]
        fn what_is_packed_is_the_body_with_the_time(
            ms in 0i64..4_000_000_000_000,
            parts in proptest::collection::vec("[-: a-c\"{}示例有效]{0,40}", 0..12),
            times in 1usize..200,
        ) {
            let at = Timestamp::from_millisecond(ms).unwrap();
            let marked = at + SignedDuration::from_nanos(1);
            let mut body: String = parts.iter().flat_map(|p| [p.clone(), stamp::instant(marked), "--".into(), stamp::clock(marked), p.repeat(times)]).collect();
            body.push_str("- \"-\"");
            let rooms = stamp::rooms(body.as_bytes());
            prop_assert_eq!(rooms.len(), parts.len() * 3);
            let (packed, moved) = pack(body.as_bytes(), &rooms).unwrap();
            let mut plain = body.into_bytes();
            let stamp = Stamp::of(at);
            stamp.fill(&mut plain, rooms.into_iter());
            let whole = finished(packed, moved.into_iter(), &stamp, &plain);
            prop_assert_eq!(unpacked(&whole).into_bytes(), plain);
        }
    }

    #[test]
    fn what_repeats_takes_little_room() {
        let marked = Timestamp::UNIX_EPOCH + SignedDuration::from_nanos(1);
        let line = format!("{{\"check\":\"status\",\"result\":\"ok\",\"known_at\":\"{}\"}},", stamp::instant(marked));
        let body = line.repeat(20);
        let (packed, moved) = pack(body.as_bytes(), &stamp::rooms(body.as_bytes())).unwrap();
        assert_eq!(moved.len(), 20);
        // Some 35 bytes for each room, and little for the rest.
        assert!(packed.len() < 20 * 35 + 150, "{} of {}", packed.len(), body.len());
    }
}
