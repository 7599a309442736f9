//! The group in flight: what is checked against the views and everything admitted before it in the same group.

use super::reader::{Reader, certificate_step, mark_step};
use crate::domain::{Certificate, CertificateId, Event, Fact, MarkChange, MarkId, MarkLicence, Refusal};
use crate::store::changeset::claims;
use crate::store::codec::{Position, UnitHead};
use crate::store::views::project::project_unit;
use crate::store::views::{ViewWrite, keys};
use crate::store::{Claim, Expect, StoreError, Subject};
use std::collections::{BTreeSet, HashMap, HashSet};

/// Lives as they stand after the units admitted so far.
#[derive(Default)]
struct Lives {
    certificates: HashMap<CertificateId, Certificate>,
    marks: HashMap<MarkId, MarkLicence>,
    /// Marks requested in this group, by certificate.
    marks_of: HashMap<CertificateId, u64>,
}

/// A group in flight.
pub(crate) struct Pending<'a> {
    reader: &'a Reader,
    lives: Lives,
    claims: HashSet<Claim>,
    /// What the views take from the group.
    pub(crate) writes: Vec<ViewWrite>,
}

/// A unit that may be written, with what it leads to. Nothing has been taken over yet.
pub(crate) struct Admitted {
    lives: Lives,
    claims: BTreeSet<Claim>,
    /// For each event the certificate it happens to, as it stood.
    before: Vec<Option<Certificate>>,
}

fn refused(id: String, refusal: &Refusal) -> StoreError {
    StoreError::Corrupt { table: "changeset", key: id, field: "events", why: refusal.message.to_string() }
}

impl<'a> Pending<'a> {
    pub(crate) fn new(reader: &'a Reader) -> Self {
        Self { reader, lives: Lives::default(), claims: HashSet::new(), writes: vec![] }
    }

    /// Holds a unit against what stands: versions relied on, claims, and the order of every life it touches.
    pub(crate) fn admit(&self, expect: &[Expect], unit: &UnitHead) -> Result<Admitted, StoreError> {
        for expect in expect {
            let found = self.version(expect.subject)?;
            if found != expect.version {
                return Err(StoreError::Stale { subject: expect.subject, expected: expect.version, found });
            }
        }
        let mut own = BTreeSet::new();
        for claim in claims(&unit.events, &unit.provenance) {
            if self.claims.contains(&claim) || self.reader.claim(&claim)?.is_some() || own.contains(&claim) {
                return Err(StoreError::Taken(claim));
            }
            own.insert(claim);
        }
        unit.documents_belong().map_err(|id| StoreError::Corrupt {
            table: "changeset",
            key: id.to_string(),
            field: "records",
            why: "a document came without an event of its certificate".into(),
        })?;
        self.follow(&unit.events, own)
    }

    /// The lives a unit's events lead to. Units already in the journal come in here: they were admitted once.
    pub(crate) fn follow(&self, events: &[Event], claims: BTreeSet<Claim>) -> Result<Admitted, StoreError> {
        let mut admitted = Admitted { lives: Lives::default(), claims, before: vec![] };
        for event in events {
            let mut before = None;
            if let Some((id, step)) = certificate_step(event) {
                before = match admitted.lives.certificates.remove(&id) {
                    Some(life) => Some(life),
                    None => self.certificate(id)?,
                };
                let after = match before.clone() {
                    None => Certificate::begin(id, step),
                    Some(life) => life.apply(step),
                };
                admitted.lives.certificates.insert(id, after.map_err(|r| refused(id.to_string(), &r))?);
            } else if let Some((id, step)) = mark_step(event) {
                let known = match admitted.lives.marks.remove(&id) {
                    Some(life) => Some(life),
                    None => self.mark(id)?,
                };
                let after = match known {
                    None => MarkLicence::begin(id, step),
                    Some(life) => life.apply(step),
                };
                admitted.lives.marks.insert(id, after.map_err(|r| refused(id.to_string(), &r))?);
                if let Fact::Mark { certificate, change: MarkChange::Requested { .. }, .. } = event.fact {
                    *admitted.lives.marks_of.entry(certificate).or_default() += 1;
                }
            }
            admitted.before.push(before);
        }
        Ok(admitted)
    }

    /// Takes an admitted unit into the group, at the place it will have.
    pub(crate) fn take(&mut self, admitted: Admitted, unit: &UnitHead, at: Position) {
        self.writes.extend(project_unit(unit, at, &admitted.before));
        self.lives.certificates.extend(admitted.lives.certificates);
        self.lives.marks.extend(admitted.lives.marks);
        for (certificate, count) in admitted.lives.marks_of {
            *self.lives.marks_of.entry(certificate).or_default() += count;
        }
        self.claims.extend(admitted.claims);
    }

    fn certificate(&self, id: CertificateId) -> Result<Option<Certificate>, StoreError> {
        match self.lives.certificates.get(&id) {
            Some(life) => Ok(Some(life.clone())),
            None => self.reader.certificate(id),
        }
    }

    fn mark(&self, id: MarkId) -> Result<Option<MarkLicence>, StoreError> {
        match self.lives.marks.get(&id) {
            Some(life) => Ok(Some(life.clone())),
            None => self.reader.mark(id),
        }
    }

    fn version(&self, subject: Subject) -> Result<u64, StoreError> {
        match subject {
            Subject::Certificate(id) => match self.lives.certificates.get(&id) {
                Some(life) => Ok(life.version()),
                None => self.reader.count(&keys::certificate(id)),
            },
            Subject::Mark(id) => match self.lives.marks.get(&id) {
                Some(life) => Ok(life.version()),
                None => self.reader.count(&keys::mark(id)),
            },
            Subject::MarksOf(id) => {
                let requested = self.lives.marks_of.get(&id).copied().unwrap_or(0);
                Ok(self.reader.count(&keys::marks_of(id))? + requested)
            }
        }
    }
}
