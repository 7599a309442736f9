//! Reads: positions from the views, bytes from the journal, lives folded anew and so proved again.

use crate::domain::certificate::Step;
use crate::domain::mark_licence::MarkStep;
use crate::domain::{Certificate, CertificateId, Event, Fact, MarkId, MarkLicence};
use crate::store::codec::{Position, UnitHead, be32, decode, decode_head, decode_record};
use crate::store::journal::Journal;
use crate::store::journal::format::{FRAME_HEADER, NOTHING, frame_hash, read_frame};
use crate::store::views::{Views, damaged, keys};
use crate::store::{Claim, Entry, Point, RecordKind, Recorded, StoreError};
use jiff::Timestamp;
use std::collections::HashMap;
use std::ops::ControlFlow;
use std::sync::Arc;

/// What answers reads.
#[derive(Clone)]
pub(crate) struct Reader {
    pub(crate) journal: Arc<Journal>,
    pub(crate) views: Arc<dyn Views>,
}

/// The step of a certificate an event stands for.
pub(crate) fn certificate_step(event: &Event) -> Option<(CertificateId, Step)> {
    let Fact::Certificate { id, change } = &event.fact else { return None };
    let Event { effective_at, recorded_at, actor, .. } = *event;
    Some((*id, Step { change: change.clone(), effective_at, recorded_at, actor }))
}

/// The step of a mark licence an event stands for.
pub(crate) fn mark_step(event: &Event) -> Option<(MarkId, MarkStep)> {
    let Fact::Mark { id, change, .. } = &event.fact else { return None };
    let Event { effective_at, recorded_at, actor, .. } = *event;
    Some((*id, MarkStep { change: change.clone(), effective_at, recorded_at, actor }))
}

fn position(bytes: &[u8], field: &'static str) -> Result<Position, StoreError> {
    bytes
        .get(..Position::BYTES)
        .and_then(Position::from_bytes)
        .ok_or_else(|| damaged(field, "a position has no reading".into()))
}

impl Reader {
    /// A unit up to the end of its JSON header.
    pub(crate) fn head(&self, at: Position) -> Result<UnitHead, StoreError> {
        decode_head(&self.journal.read(at)?).map_err(|why| self.journal.no_unit(at, "unit", why))
    }

    /// A whole unit.
    pub(crate) fn entry(&self, at: Position) -> Result<Entry, StoreError> {
        decode(&self.journal.read(at)?).map_err(|why| self.journal.no_unit(at, "unit", why))
    }

    /// (event, position) of every key that begins with `prefix`.
    fn positions(&self, prefix: &[u8], field: &'static str) -> Result<Vec<(u64, Position)>, StoreError> {
        let mut found = vec![];
        self.views.scan(prefix, &keys::after(prefix), &mut |key, value| {
            let seq = keys::seq_of(key).ok_or_else(|| damaged(field, "a key has no reading".into()))?;
            found.push((seq, position(value, field)?));
            Ok(ControlFlow::Continue(()))
        })?;
        Ok(found)
    }

    /// The events at these places, each in its unit; a unit with several of them is read once.
    fn events(
        &self,
        places: &[(u64, Position)],
        mut each: impl FnMut(Event, Position) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        for group in places.chunk_by(|a, b| a.1 == b.1) {
            let Some((_, at)) = group.first().copied() else { continue };
            let mut head = self.head(at)?;
            // From the back, so that taking one leaves the places of the others.
            let mut events = vec![];
            for (seq, _) in group.iter().rev() {
                let index = seq.checked_sub(head.first_seq).filter(|i| *i < head.events.len() as u64);
                let index = index.ok_or_else(|| {
                    self.journal.corrupt(at, "first_seq", format!("the unit there does not hold event {seq}"))
                })?;
                events.push(head.events.swap_remove(index as usize));
            }
            for event in events.into_iter().rev() {
                each(event, at)?;
            }
        }
        Ok(())
    }

    pub(crate) fn certificate(&self, id: CertificateId) -> Result<Option<Certificate>, StoreError> {
        let places = self.positions(&keys::certificate(id), "certificate")?;
        let mut life: Option<Certificate> = None;
        self.events(&places, |event, at| {
            let step = certificate_step(&event).filter(|(of, _)| *of == id).map(|(_, step)| step);
            let step = step.ok_or_else(|| self.journal.corrupt(at, "events", format!("no event of {id} there")))?;
            let next = match life.take() {
                None => Certificate::begin(id, step),
                Some(before) => before.apply(step),
            };
            life = Some(next.map_err(|r| unreadable("certificate", id.to_string(), &r.message))?);
            Ok(())
        })?;
        Ok(life)
    }

    /// `marks` are those of the certificate.
    pub(crate) fn acts_on(&self, id: CertificateId, marks: &[MarkId]) -> Result<Vec<Recorded>, StoreError> {
        let mut places = self.positions(&keys::certificate(id), "certificate")?;
        let mut steps = HashMap::new();
        let mut number = |places: &[(u64, Position)], corrected_by: &dyn Fn(usize) -> Option<usize>| {
            for (step, (seq, _)) in places.iter().enumerate() {
                steps.insert(*seq, (step as u64, corrected_by(step).map(|by| by as u64)));
            }
        };
        let life = self.certificate(id)?;
        number(&places, &|step| life.as_ref()?.corrected_by(step, Timestamp::MAX));
        for mark in marks {
            let (own, life) = (self.positions(&keys::mark(*mark), "mark")?, self.mark(*mark)?);
            number(&own, &|step| life.as_ref()?.corrected_by(step, Timestamp::MAX));
            places.extend(own);
        }
        places.sort_by_key(|(seq, _)| *seq);
        let mut acts = vec![];
        for group in places.chunk_by(|a, b| a.1 == b.1) {
            let Some((_, at)) = group.first().copied() else { continue };
            let provenance = self.head(at)?.provenance;
            let mut seqs = group.iter().map(|(seq, _)| *seq);
            self.events(group, |event, _| {
                let seq = seqs.next().unwrap_or_default();
                let (step, corrected_by) = steps.get(&seq).copied().unwrap_or_default();
                acts.push(Recorded { seq, step, corrected_by, event, provenance: provenance.clone() });
                Ok(())
            })?;
        }
        Ok(acts)
    }

    pub(crate) fn mark(&self, id: MarkId) -> Result<Option<MarkLicence>, StoreError> {
        let places = self.positions(&keys::mark(id), "mark")?;
        let mut life: Option<MarkLicence> = None;
        self.events(&places, |event, at| {
            let step = mark_step(&event).filter(|(of, _)| *of == id).map(|(_, step)| step);
            let step = step.ok_or_else(|| self.journal.corrupt(at, "events", format!("no event of {id} there")))?;
            let next = match life.take() {
                None => MarkLicence::begin(id, step),
                Some(before) => before.apply(step),
            };
            life = Some(next.map_err(|r| unreadable("mark", id.to_string(), &r.message))?);
            Ok(())
        })?;
        Ok(life)
    }

    /// How many keys begin with `prefix`: the version of what they stand for.
    pub(crate) fn count(&self, prefix: &[u8]) -> Result<u64, StoreError> {
        let mut count = 0;
        self.views.scan(prefix, &keys::after(prefix), &mut |_, _| {
            count += 1;
            Ok(ControlFlow::Continue(()))
        })?;
        Ok(count)
    }

    pub(crate) fn record(&self, kind: RecordKind, id: CertificateId) -> Result<Option<Vec<u8>>, StoreError> {
        let prefix = keys::certificate(id);
        let mut latest = None;
        self.views.scan(&prefix, &keys::after(&prefix), &mut |_, value| {
            let found =
                keys::read_documents(value).ok_or_else(|| damaged("documents", "they have no reading".into()))?;
            latest = found.into_iter().filter(|(k, _)| *k == kind).map(|(_, at)| at).next_back().or(latest);
            Ok(ControlFlow::Continue(()))
        })?;
        let Some(at) = latest else { return Ok(None) };
        let mut bytes = self.journal.read(at)?;
        let length = decode_record(&bytes).map_err(|why| self.journal.corrupt(at, "record", why))?.len();
        bytes.drain(..bytes.len() - length);
        Ok(Some(bytes))
    }

    /// Where the unit lies that holds a claim.
    pub(crate) fn claim(&self, claim: &Claim) -> Result<Option<Position>, StoreError> {
        self.views.get(&keys::claim(claim))?.map(|value| position(&value, "claim")).transpose()
    }

    pub(crate) fn holder_of(&self, claim: &Claim) -> Result<Option<Entry>, StoreError> {
        let Some(at) = self.claim(claim)? else { return Ok(None) };
        let entry = self.entry(at)?;
        if crate::store::changeset::claims(&entry.events, &entry.provenance).any(|c| c == *claim) {
            return Ok(Some(entry));
        }
        Err(self.journal.corrupt(at, "claims", format!("the unit there does not hold {claim:?}")))
    }

    pub(crate) fn settings(&self) -> Result<Vec<Event>, StoreError> {
        let places = self.positions(&[keys::SETTING], "setting")?;
        let mut found = vec![];
        self.events(&places, |event, _| {
            found.push(event);
            Ok(())
        })?;
        Ok(found)
    }

    pub(crate) fn entries(&self, from_seq: u64, limit: usize) -> Result<Vec<Entry>, StoreError> {
        let (first, end) = keys::table(keys::FRAME);
        let from = self.views.last_key(&first, &keys::after(&keys::frame(from_seq)))?.unwrap_or(first);
        let mut found: Vec<Entry> = vec![];
        let mut expected = None;
        self.views.scan(&from, &end, &mut |key, value| {
            let seq = keys::seq_of(key).ok_or_else(|| damaged("frame", "a key has no reading".into()))?;
            let at = position(value, "frame")?;
            if expected.is_some_and(|e| e != seq) {
                return Err(self.journal.corrupt(at, "first_seq", format!("no frame begins with event {expected:?}")));
            }
            for entry in self.frame(at, seq)? {
                expected = Some(entry.next_seq());
                if found.len() < limit && entry.next_seq() > from_seq {
                    found.push(entry);
                }
            }
            Ok(if found.len() < limit { ControlFlow::Continue(()) } else { ControlFlow::Break(()) })
        })?;
        Ok(found)
    }

    /// Whether a frame ends there whose name that is.
    pub(crate) fn has_point(&self, point: &Point) -> Result<bool, StoreError> {
        if point.next_seq == 0 {
            return Ok(point.hash == NOTHING);
        }
        let (first, _) = keys::table(keys::FRAME);
        let Some(key) = self.views.last_key(&first, &keys::frame(point.next_seq))? else { return Ok(false) };
        let Some(value) = self.views.get(&key)? else { return Ok(false) };
        let at = position(&value, "frame")?;
        let bytes = self.journal.read(at)?;
        let wrong = |why: String| self.journal.corrupt(at, "frame", why);
        let (header, whole) = read_frame(&bytes, at.segment, at.offset as usize).map_err(wrong)?;
        Ok(header.next_seq == point.next_seq && frame_hash(whole) == point.hash)
    }

    /// The units of a frame.
    fn frame(&self, at: Position, first_seq: u64) -> Result<Vec<Entry>, StoreError> {
        let bytes = self.journal.read(at)?;
        let wrong = |why: String| self.journal.corrupt(at, "frame", why);
        let (header, whole) = read_frame(&bytes, at.segment, at.offset as usize).map_err(wrong)?;
        let mut seq = header.first_seq;
        let mut rest = whole.get(FRAME_HEADER..).unwrap_or_default();
        let mut found = vec![];
        while !rest.is_empty() {
            let total = be32(rest, 0).unwrap_or(u32::MAX) as usize;
            let (unit, after) = rest.split_at_checked(total).ok_or_else(|| wrong("a unit ends beyond it".into()))?;
            let entry = decode(unit).map_err(|why| self.journal.no_unit(at, "frame", why))?;
            if entry.first_seq != seq || header.first_seq != first_seq {
                return Err(wrong(format!("a unit with event {} stands where event {seq} should", entry.first_seq)));
            }
            seq = entry.next_seq();
            rest = after;
            found.push(entry);
        }
        Ok(found)
    }
}

fn unreadable(table: &'static str, key: String, why: &str) -> StoreError {
    StoreError::Corrupt { table, key, field: "life", why: why.to_owned() }
}
