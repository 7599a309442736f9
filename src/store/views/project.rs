//! From events to view writes: one pure function feeds the views of every engine.

use super::{ViewWrite, keys};
use crate::domain::certificate::{State, SurveillanceOutcome};
use crate::domain::{Certificate, CertificateChange, CertificateId, Event, Fact, MarkChange};
use crate::store::Calendar;
use crate::store::codec::{Position, UnitHead};
use jiff::Timestamp;
use jiff::civil::Date;

/// Where an event stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// Its sequence number.
    pub seq: u64,
    /// Its unit, up to the end of the JSON header.
    pub head: Position,
}

fn put(key: Vec<u8>, value: impl Into<Vec<u8>>) -> ViewWrite {
    ViewWrite::Put { key, value: value.into() }
}

/// What the views take from one event. `before` is the certificate it happens to, as it stood; none for its issue and for
/// events of other subjects.
#[must_use]
pub fn project(place: Place, event: &Event, before: Option<&Certificate>) -> Vec<ViewWrite> {
    let Place { seq, head } = place;
    match &event.fact {
        Fact::Body { .. } | Fact::Key { .. } | Fact::Token { .. } => vec![put(keys::setting(seq), head.to_bytes())],
        Fact::Certificate { id, change } => {
            let mut writes = vec![put(keys::at(keys::certificate(*id), seq), head.to_bytes())];
            project_change(seq, *id, change, before, &mut writes);
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

fn project_change(
    seq: u64,
    id: CertificateId,
    change: &CertificateChange,
    before: Option<&Certificate>,
    writes: &mut Vec<ViewWrite>,
) {
    let enter = |calendar, on: Date| put(keys::date(calendar, on, id), []);
    let leave = |calendar, on: Date| ViewWrite::Remove { key: keys::date(calendar, on, id) };
    let due = before.map(|c| c.surveillance_due(Timestamp::MAX));
    let suspended_until = before.and_then(|c| match c.state() {
        State::Suspended { until, .. } => Some(*until),
        _ => None,
    });
    match change {
        CertificateChange::Issued { terms, serial, .. } => {
            let mut named = id.to_bytes().to_vec();
            named.extend_from_slice(terms.holder.name.as_str().as_bytes());
            writes.push(put(keys::number(&terms.number), id.to_bytes()));
            writes.push(put(keys::at(keys::holder(terms.holder.uscc), seq), id.to_bytes()));
            writes.push(put(keys::name(seq), named));
            writes.push(enter(Calendar::SurveillanceDue, terms.surveillance_due_on));
            writes.push(enter(Calendar::Expires, terms.valid_until));
            if let Some(serial) = serial {
                writes.push(put(keys::serial(&serial.series, serial.value, seq), []));
            }
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
        | CertificateChange::Superseded { .. } => {
            writes.extend(suspended_until.map(|d| leave(Calendar::SuspensionEnds, d)));
            writes.extend(due.map(|d| leave(Calendar::SurveillanceDue, d)));
            writes.extend(before.map(|c| leave(Calendar::Expires, c.terms().valid_until)));
        }
    }
}

/// What the views take from a unit beside its events: where it lies, where its documents lie, what it claims.
#[must_use]
pub(crate) fn project_unit(unit: &UnitHead, at: Position) -> Vec<ViewWrite> {
    let mut writes = vec![put(keys::unit(unit.first_seq), at.to_bytes())];
    for (index, (kind, certificate, from, length)) in (0..).zip(unit.records()) {
        let key = keys::record(kind, certificate, unit.first_seq, index);
        writes.push(put(key, at.part(from, length).to_bytes()));
    }
    for claim in crate::store::changeset::claims(&unit.events, &unit.provenance) {
        writes.push(put(keys::claim(&claim), at.to_bytes()));
    }
    writes
}
