//! From events to view writes: one pure function feeds the views of every engine.

use super::{ViewWrite, keys};
use crate::domain::certificate::{Serial, State, Step};
use crate::domain::event::Audience;
use crate::domain::record::Terms;
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
            if let CertificateChange::Issued { terms, serial, .. } = change {
                project_issue(place, *id, terms, serial.as_ref(), &mut writes);
            }
            project_dates(*id, before, after(*id, event, change, before).as_ref(), &mut writes);
            writes
        }
        Fact::Mark { id, certificate, change } => {
            let mut writes = vec![put(keys::at(keys::mark(*id), seq), head.to_bytes())];
            if let MarkChange::Requested { .. } = change {
                writes.push(put(keys::at(keys::marks_of(*certificate), seq), id.to_bytes()));
            }
            if change.moves_use() {
                writes.push(put(keys::mark_moved(seq), id.to_bytes()));
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

fn project_issue(
    place: Place<'_>,
    id: CertificateId,
    terms: &Terms,
    serial: Option<&Serial>,
    writes: &mut Vec<ViewWrite>,
) {
    let number = keys::claim(&Claim::Number(terms.number.as_str().to_owned()));
    let serial = serial.map(|s| (s.series.as_str(), s.value));
    let issue = keys::Issue { id, serial, name: terms.holder.name.as_str() };
    let held = [&place.unit.to_bytes()[..], &id.to_bytes()].concat();
    writes.extend(terms.status.map(|entry| put(keys::claim(&Claim::StatusIndex(entry)), held.clone())));
    writes.push(put(number, held));
    writes.push(put(keys::at(keys::holder(terms.holder.uscc), place.seq), issue.to_bytes()));
}

/// The certificate after the event; its order has been proved before it comes here.
fn after(
    id: CertificateId,
    event: &Event,
    change: &CertificateChange,
    before: Option<&Certificate>,
) -> Option<Certificate> {
    let Event { effective_at, recorded_at, actor, .. } = *event;
    let step = Step { change: change.clone(), effective_at, recorded_at, actor };
    match before {
        Some(before) => before.clone().apply(step).ok(),
        None => Certificate::begin(id, step).ok(),
    }
}

/// Whatever the event did to the certificate: it leaves the days on which nothing is due any more, and enters others.
fn project_dates(
    id: CertificateId,
    before: Option<&Certificate>,
    after: Option<&Certificate>,
    writes: &mut Vec<ViewWrite>,
) {
    let (before, after) = (before.map_or_else(Vec::new, dates), after.map_or_else(Vec::new, dates));
    let key = |(calendar, on): &(Calendar, Date)| keys::date(*calendar, *on, id);
    writes.extend(before.iter().filter(|d| !after.contains(d)).map(|d| ViewWrite::Remove { key: key(d) }));
    writes.extend(after.iter().filter(|d| !before.contains(d)).map(|d| put(key(d), [])));
}

/// The days in the calendars on which a certificate is to be looked at. None of one that has ended, or of which nothing can be
/// told; one whose successor is still to come lives on, and is looked after, until then.
fn dates(certificate: &Certificate) -> Vec<(Calendar, Date)> {
    if has_left(certificate) {
        return vec![];
    }
    let due = certificate.surveillance_due(Timestamp::MAX);
    let mut dates = vec![(Calendar::SurveillanceDue, due), (Calendar::Expires, certificate.terms().valid_until)];
    if let State::Suspended { until, .. } = certificate.state() {
        dates.push((Calendar::SuspensionEnds, *until));
    }
    dates
}

/// Whether a certificate stands in no calendar any more.
fn has_left(certificate: &Certificate) -> bool {
    let replaced =
        |s: &Step| matches!(s.change, CertificateChange::Superseded { .. }) && s.effective_at <= s.recorded_at;
    matches!(certificate.state(), State::Ended { .. } | State::NotUnderstood) || certificate.life().iter().any(replaced)
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
