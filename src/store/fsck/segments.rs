//! The journal's part of a check: every segment, every frame, the chain through all of them, and the head file.

use super::{Check, Severity};
use crate::domain::hex;
use crate::store::StoreError;
use crate::store::disk::Access;
use crate::store::journal::format::{Hash, NOTHING, SEGMENT_HEADER, SegmentHeader, read_frame};
use crate::store::journal::head::Head;
use crate::store::journal::scan::{Ending, Scan, Tip, is_zero, later_frame, scan};
use crate::store::journal::{HEAD_FILE, io_error};
use sha2::{Digest, Sha256};

/// Where the chain stands between two segments.
struct Link {
    next_seq: u64,
    hash: Hash,
    /// Digest and used bytes of the segment before; none where it could not be read to its end.
    sealed: Option<(Hash, u64)>,
}

impl Check<'_> {
    /// Walks the whole journal.
    pub(super) fn segments(&mut self) -> Result<(), StoreError> {
        let head = self.head()?;
        self.of = head.map_or(0, |h| h.tip.next_seq);
        let numbers = self.journal.segments()?;
        if numbers.is_empty() {
            self.damage(0, 0, "it is missing: the journal has no segments".into());
        }
        let last = numbers.last().copied();
        let mut link = Link { next_seq: 0, hash: NOTHING, sealed: Some((NOTHING, 0)) };
        let mut expected = 0;
        for number in numbers {
            for missing in expected..number {
                self.damage(missing, 0, "it is missing, though later segments are there".into());
                link.sealed = None;
            }
            expected = number + 1;
            self.report.segments += 1;
            link = self.segment(number, link, Some(number) == last, head.as_ref())?;
        }
        self.holds(head)
    }

    fn head(&mut self) -> Result<Option<Head>, StoreError> {
        let path = self.journal.dir().join(HEAD_FILE);
        let failed = || io_error(|| format!("read {}", path.display()));
        if !self.journal.disk().exists(&path).map_err(failed())? {
            self.report.add(Severity::Damage, path, None, "it is missing".into());
            return Ok(None);
        }
        let file = self.journal.disk().open(&path, Access::Read).map_err(failed())?;
        let found = Head::read(&*file).map_err(failed())?;
        match found {
            None => self.report.add(Severity::Damage, path, Some(0), "both its slots are damaged".into()),
            Some((_, true)) => {
                self.report.add(Severity::Note, path, None, "one of its two slots is damaged; the other holds".into());
            }
            Some((_, false)) => {}
        }
        Ok(found.map(|(head, _)| head))
    }

    /// The frame the head file speaks of must be there.
    fn holds(&mut self, head: Option<Head>) -> Result<(), StoreError> {
        let Some(Head { tip, .. }) = head.filter(|h| h.tip.next_seq > 0) else { return Ok(()) };
        if let Err(why) = self.journal.frame(&tip)? {
            let what = format!("the last acknowledged frame, up to event {}, should be here: {why}", tip.next_seq);
            self.damage(tip.segment, u64::from(tip.offset), what);
        }
        Ok(())
    }

    fn segment(&mut self, number: u32, link: Link, last: bool, head: Option<&Head>) -> Result<Link, StoreError> {
        let header = match self.journal.segment_header(number)? {
            Ok(header) => header,
            Err(why) => {
                self.damage(number, 0, why);
                // Without its header the segment's frames are read as far as they go.
                SegmentHeader {
                    number,
                    size: 0,
                    first_seq: link.next_seq,
                    previous_frame: link.hash,
                    previous_digest: NOTHING,
                    previous_used: 0,
                }
            }
        };
        if header.size > 0 {
            self.joint(&header, &link);
        }
        let bytes = self.journal.load(number)?;
        let mut begin = (SEGMENT_HEADER, header.first_seq, header.previous_frame);
        let mut whole = header.size > 0;
        loop {
            let found = scan(&bytes, number, begin.0, begin.1, begin.2);
            for frame in &found.frames {
                self.frame(&bytes, frame)?;
            }
            let Some(next) = self.ending(&bytes, number, &found, last, head) else {
                let clean = whole && found.ending == Ending::Clean;
                let digest = || Sha256::digest(bytes.get(..found.end).unwrap_or_default()).into();
                let sealed = clean.then(|| (digest(), found.end as u64));
                return Ok(Link { next_seq: found.next_seq, hash: found.hash, sealed });
            };
            whole = false;
            begin = next;
        }
    }

    /// Holds a segment's header against what stands before it.
    fn joint(&mut self, header: &SegmentHeader, link: &Link) {
        let number = header.number;
        if header.first_seq != link.next_seq || header.previous_frame != link.hash {
            let (found, expected) = (header.first_seq, link.next_seq);
            self.damage(number, 0, format!("it continues at event {found}, the journal before it ends at {expected}"));
        }
        if let Some((digest, used)) = link.sealed
            && (header.previous_digest != digest || header.previous_used != used)
        {
            let before = number.saturating_sub(1);
            let (is, was) = (hex(&digest), hex(&header.previous_digest));
            let what = format!(
                "its {used} used bytes have SHA-256 {is}; when it was sealed, {} bytes had {was}",
                header.previous_used
            );
            self.damage(before, 0, what);
        }
    }

    /// Says what is wrong where frames end, and where to go on, if anywhere.
    fn ending(
        &mut self,
        bytes: &[u8],
        number: u32,
        found: &Scan,
        last: bool,
        head: Option<&Head>,
    ) -> Option<(usize, u64, Hash)> {
        let at = found.end as u64;
        let resume = |offset: usize| {
            let (header, _) = read_frame(bytes.get(offset..)?, number, offset).ok()?;
            Some((offset, header.first_seq, header.previous))
        };
        match &found.ending {
            Ending::Clean => None,
            Ending::Foreign(why) => {
                self.damage(number, at, format!("the frame is whole, but {why}"));
                resume(found.end)
            }
            Ending::Broken(why) => {
                let later = later_frame(bytes, number, found.end);
                let acknowledged = head.map_or(Tip::START, |h| h.tip).next_seq > found.next_seq;
                let rest = bytes.get(found.end..).unwrap_or_default();
                if last && later.is_none() && !acknowledged && !is_zero(rest) {
                    self.note(
                        number,
                        at,
                        format!("a frame that was never acknowledged; the next start cuts it ({why})"),
                    );
                } else {
                    self.damage(number, at, format!("the frame is damaged: {why}"));
                }
                later.and_then(resume)
            }
        }
    }
}
