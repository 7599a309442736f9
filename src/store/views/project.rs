//! From events to view writes: one pure function feeds the views of every engine.

use super::{ViewWrite, keys};
use crate::domain::certificate::{State, Step, SurveillanceOutcome};
use crate::domain::event::Audience;
use crate::domain::{Certificate, CertificateChange, CertificateId, Event, Fact, MarkChange};
use crate::store::codec::{Position, UnitHead};
use crate::store::{Calendar, Claim, RecordKind};
use jiff::Timestamp;
use jiff::civil::Date;

/// Where an event stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place<'a> {
    /// Its sequence number.
    pub seq: u64,
    /// Its unit.
    pub unit: Position,
    /// Its unit, up to the end of the JSON header.
    pub head: Position,
    /// Documents that came with it.
    pub documents: &'a [(RecordKind, Position)],
}

fn put(key: Vec<u8>, value: impl Into<Vec<u8>>) -> ViewWrite {
    ViewWrite::Put { key, value: value.into() }
}

/// What the views take from one event. `before` is the certificate it happens to, as it stood; none for its issue and for
/// events of other subjects.
#[must_use]
pub fn project(place: Place<'_>, event: &Event, before: Option<&Certificate>) -> Vec<ViewWrite> {
    let mut writes = project_fact(place, event, before);
    if event.fact.audience() == Audience::Private {
        writes.push(put(keys::private(place.seq), []));
    }
    writes
}

fn project_fact(place: Place<'_>, event: &Event, before: Option<&Certificate>) -> Vec<ViewWrite> {
    let Place { seq, head, .. } = place;
    match &event.fact {
        Fact::Body { .. } | Fact::Key { .. } | Fact::Token { .. } => vec![put(keys::setting(seq), head.to_bytes())],
        Fact::Certificate { id, change } => {
            let value = keys::documents(head, place.documents);
            let mut writes = vec![put(keys::at(keys::certificate(*id), seq), value)];
            writes.extend(first_touch(*id, change, before));
            // A certificate whose successor is still to come lives on, and is looked after, until then.
            let only_planned =
                matches!(change, CertificateChange::Superseded { .. }) && event.effective_at > event.recorded_at;
            if !only_planned {
                project_change(place, *id, change, before, &mut writes);
            }
            writes
        }
        Fact::Mark { id, certificate, change } => {
            let mut writes = vec![put(keys::at(keys::mark(*id), seq), head.to_bytes())];
            if let MarkChange::Requested { .. } = change {
                writes.push(put(keys::at(keys::marks_of(*certificate), seq), id.to_bytes()));
            }
            writes
        }
    }
}

/// The first change that may move a certificate's status: from it on the lists have to look at it.
fn first_touch(id: CertificateId, change: &CertificateChange, before: Option<&Certificate>) -> Option<ViewWrite> {
    let first = |c: &&Certificate| !c.life().iter().any(|s| s.change.moves_status());
    let before = before.filter(|_| change.moves_status()).filter(first)?;
    Some(put(keys::status_touched(before.terms().status?), id.to_bytes()))
}

fn project_change(
    place: Place<'_>,
    id: CertificateId,
    change: &CertificateChange,
    before: Option<&Certificate>,
    writes: &mut Vec<ViewWrite>,
) {
    // Nothing of what cannot be told stands in a calendar: it left them all with the first such event.
    if before.is_some_and(|c| *c.state() == State::NotUnderstood) {
        return;
    }
    let enter = |calendar, on: Date| put(keys::date(calendar, on, id), []);
    let leave = |calendar, on: Date| ViewWrite::Remove { key: keys::date(calendar, on, id) };
    let due = before.map(|c| c.surveillance_due(Timestamp::MAX));
    let suspended_until = before.and_then(|c| match c.state() {
        State::Suspended { until, .. } => Some(*until),
        _ => None,
    });
    match change {
        CertificateChange::Issued { terms, serial, .. } => {
            let number = keys::claim(&Claim::Number(terms.number.as_str().to_owned()));
            let serial = serial.as_ref().map(|s| (s.series.as_str(), s.value));
            let issue = keys::Issue { id, serial, name: terms.holder.name.as_str() };
            let held = [&place.unit.to_bytes()[..], &id.to_bytes()].concat();
            writes.extend(terms.status.map(|entry| put(keys::claim(&Claim::StatusIndex(entry)), held.clone())));
            writes.push(put(number, held));
            writes.push(put(keys::at(keys::holder(terms.holder.uscc), place.seq), issue.to_bytes()));
            writes.push(enter(Calendar::SurveillanceDue, terms.surveillance_due_on));
            writes.push(enter(Calendar::Expires, terms.valid_until));
        }
        CertificateChange::Surveyed { outcome: SurveillanceOutcome::Passed, next_due_on, .. } => {
            if due != Some(*next_due_on) {
                writes.extend(due.map(|d| leave(Calendar::SurveillanceDue, d)));
                writes.push(enter(Calendar::SurveillanceDue, *next_due_on));
            }
        }
        CertificateChange::Surveyed { outcome: SurveillanceOutcome::Failed, .. } => {}
        CertificateChange::Suspended { until, .. } => writes.push(enter(Calendar::SuspensionEnds, *until)),
        CertificateChange::Reinstated { .. } => {
            writes.extend(suspended_until.map(|d| leave(Calendar::SuspensionEnds, d)));
        }
        CertificateChange::Withdrawn { .. }
        | CertificateChange::Cancelled { .. }
        | CertificateChange::Superseded { .. }
        | CertificateChange::NotUnderstood(_) => {
            // What had ended before something that is not understood was recorded has left the calendars already.
            let before = before.filter(|c| !has_left(c));
            writes.extend(suspended_until.map(|d| leave(Calendar::SuspensionEnds, d)));
            writes.extend(due.filter(|_| before.is_some()).map(|d| leave(Calendar::SurveillanceDue, d)));
            writes.extend(before.map(|c| leave(Calendar::Expires, c.terms().valid_until)));
        }
    }
}

/// Whether a certificate stands in no calendar any more; only what is not understood follows on such a one.
fn has_left(certificate: &Certificate) -> bool {
    let replaced =
        |s: &Step| matches!(s.change, CertificateChange::Superseded { .. }) && s.effective_at <= s.recorded_at;
    matches!(certificate.state(), State::Ended { .. }) || certificate.life().iter().any(replaced)
}

/// What the views take from a unit: from each of its events, and from what it claims beside numbers and places in the lists. `before` has a
/// certificate, or none, for each event.
#[must_use]
pub(crate) fn project_unit(unit: &UnitHead, at: Position, before: &[Option<Certificate>]) -> Vec<ViewWrite> {
    let head = at.part(0, unit.head);
    let mut writes = vec![];
    let mut records: Vec<_> = unit.records().collect();
    for ((seq, event), before) in (unit.first_seq..).zip(&unit.events).zip(before) {
        // A document hangs on the first event that speaks of its certificate.
        let mut documents = vec![];
        if let Fact::Certificate { id, .. } = &event.fact {
            records.retain(|(kind, of, from, length)| {
                if of == id {
                    documents.push((*kind, at.part(*from, *length)));
                }
                of != id
            });
        }
        writes.extend(project(Place { seq, unit: at, head, documents: &documents }, event, before.as_ref()));
    }
    for claim in crate::store::changeset::claims(&unit.events, &unit.provenance) {
        if !matches!(claim, Claim::Number(_) | Claim::StatusIndex(_)) {
            writes.push(put(keys::claim(&claim), at.to_bytes()));
        }
    }
    writes
}

/// What the views take from a frame beside its units: where it lies.
#[must_use]
pub(crate) fn project_frame(first_seq: u64, at: Position) -> ViewWrite {
    put(keys::frame(first_seq), at.to_bytes())
}
