//! From the journal to the views: frames in order, units out of them, views up to the end.

use super::pending::Pending;
use super::reader::Reader;
use crate::store::StoreError;
use crate::store::codec::{Position, UnitHead, Unreadable, decode_head};
use crate::store::journal::format::{FRAME_HEADER, SEGMENT_HEADER};
use crate::store::journal::scan::{Ending, Found, Tip, scan};
use crate::store::journal::{Journal, WAY_BACK};
use crate::store::views::project::project_frame;
use crate::store::views::{Settling, Views};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Units applied to the views in one step when they are made anew.
const STEP_UNITS: usize = 1_000;
/// Events between two reports of progress.
const REPORT_EVENTS: u64 = 20_000;

/// How far a walk through the journal has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Events passed.
    pub events: u64,
    /// Events there are.
    pub of: u64,
}

/// A unit and where it lies.
pub(crate) type FrameUnits = Vec<(UnitHead, Position)>;

fn refused(journal: &Journal, segment: u32, offset: usize, why: &str) -> StoreError {
    let path = journal.segment_path(segment);
    StoreError::Refused(format!("{} offset {offset}: {why}; {WAY_BACK}", path.display()))
}

/// The units of a frame; what is wrong in words, with the offset.
pub(crate) fn units_of(segment: &[u8], frame: &Found) -> Result<FrameUnits, (usize, Unreadable)> {
    let range = frame.units();
    let (mut at, mut seq) = (range.start, frame.header.first_seq);
    let mut found = vec![];
    while at < range.end {
        let bytes = segment.get(at..range.end).unwrap_or_default();
        let unit = decode_head(bytes).map_err(|why| (at, why))?;
        if unit.total > bytes.len() || unit.first_seq != seq {
            return Err((at, "a unit does not fit its frame".into()));
        }
        let length = unit.total;
        let position = Position { segment: frame.header.segment, offset: at as u32, length: length as u32 };
        seq = unit.next_seq();
        at += length;
        found.push((unit, position));
    }
    if seq != frame.header.next_seq || found.len() != frame.header.units as usize {
        return Err((range.start - FRAME_HEADER, "the units of a frame do not add up".into()));
    }
    Ok(found)
}

/// What a walk does with each frame, given the bytes of its segment.
pub(crate) type EachFrame<'a> = dyn FnMut(&[u8], &Found) -> Result<(), StoreError> + 'a;

/// Hands out every frame behind `from` and up to `to`, with the bytes of its segment, proving the chain on the way.
pub(crate) fn walk(journal: &Journal, from: Tip, to: Tip, each: &mut EachFrame<'_>) -> Result<(), StoreError> {
    let mut at = from;
    let mut begin = match from.next_seq {
        0 => SEGMENT_HEADER,
        _ => {
            let frame = journal.frame(&from)?;
            let frame = frame.map_err(|why| refused(journal, from.segment, from.offset as usize, &why))?;
            from.offset as usize + frame.header.padded()
        }
    };
    for number in from.segment..=to.segment {
        let bytes = journal.load(number)?;
        let found = scan(&bytes, number, begin, at.next_seq, at.hash);
        begin = SEGMENT_HEADER;
        for frame in &found.frames {
            if frame.tip().next_seq > to.next_seq {
                return Ok(());
            }
            each(&bytes, frame)?;
            at = frame.tip();
        }
        match &found.ending {
            _ if at == to => return Ok(()),
            Ending::Clean => {}
            Ending::Broken(why) | Ending::Foreign(why) => return Err(refused(journal, number, found.end, why)),
        }
    }
    if at == to {
        return Ok(());
    }
    Err(refused(journal, to.segment, to.offset as usize, "the frames do not lead up to the journal's end"))
}

fn warn_of_unread(unit: &UnitHead) {
    if let Some(why) = unit.unread() {
        tracing::warn!(
            event = unit.first_seq,
            why,
            "a certificate or mark cannot be told of; `starmark fsck` names it"
        );
    }
}

/// Has new pairs settle; whether it is worth trying again. They are as good without, and larger in memory.
fn settled(views: &Arc<dyn Views>) -> Result<bool, StoreError> {
    match views.settle() {
        Err(damaged @ StoreError::Corrupt { .. }) => Err(damaged),
        Err(why) => {
            tracing::error!(error = %why, "new pairs of the views did not settle");
            Ok(false)
        }
        Ok(()) => Ok(true),
    }
}

/// Brings views from where they stand to `to`.
///
/// # Errors
/// `Refused` when the journal on the way is damaged, `Corrupt` of table `views` when the views are.
pub(crate) fn catch_up(
    journal: &Arc<Journal>,
    views: &Arc<dyn Views>,
    to: Tip,
    progress: &dyn Fn(Progress),
) -> Result<(), StoreError> {
    let mut applied = views.applied()?;
    let reader = Reader { journal: journal.clone(), views: views.clone() };
    let mut pending = Pending::new(&reader);
    let mut settles = true;
    let (mut units, mut tip, mut reported) = (0, applied.tip, applied.tip.next_seq);
    walk(journal, applied.tip, to, &mut |bytes, frame| {
        let at = frame.header.segment;
        let units_there = units_of(bytes, frame).map_err(|(offset, why)| match why {
            Unreadable::Damaged(why) => refused(journal, at, offset, &format!("a unit is damaged: {why}")),
            Unreadable::Newer(why) => journal.newer(at, offset, &why),
        });
        for (unit, position) in units_there? {
            warn_of_unread(&unit);
            let admitted = pending.follow(&unit.events, BTreeSet::new()).map_err(|e| match e {
                // A life that begins with what cannot be read: whose it is and what it claims is not known.
                StoreError::Corrupt { table: "changeset", .. } if unit.unread().is_some() => {
                    journal.newer(at, position.offset as usize, &unit.unread().unwrap_or_default())
                }
                StoreError::Corrupt { table: "changeset", key, why, .. } => {
                    refused(journal, at, position.offset as usize, &format!("the life of {key} has no reading: {why}"))
                }
                other => other,
            })?;
            pending.take(admitted, &unit, position);
            units += 1;
        }
        pending.writes.push(project_frame(frame.header.first_seq, frame.position()));
        tip = frame.tip();
        if units >= STEP_UNITS {
            applied = applied.after(&pending.writes, tip);
            views.apply(&pending.writes, &applied)?;
            views.hand_over()?;
            if settles && views.settling() == Settling::Due {
                settles = settled(views)?;
            }
            pending = Pending::new(&reader);
            units = 0;
        }
        if tip.next_seq >= reported + REPORT_EVENTS {
            reported = tip.next_seq;
            progress(Progress { events: tip.next_seq, of: to.next_seq });
        }
        Ok(())
    })?;
    if units > 0 {
        applied = applied.after(&pending.writes, tip);
        views.apply(&pending.writes, &applied)?;
        views.hand_over()?;
    }
    Ok(())
}
