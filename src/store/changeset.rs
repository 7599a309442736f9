//! What a use case hands to the store: plain data, computed by pure code, applied whole or not at all.

use crate::domain::{CertificateChange, CertificateId, Event, Fact, MarkId, Provenance, StatusEntry};
use serde::Serialize;

/// A stored document, beside the events that speak of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// What it is.
    pub kind: RecordKind,
    /// What it belongs to: the certificate it certifies or decides on.
    pub certificate: CertificateId,
    /// Its bytes, kept as they are.
    pub bytes: Vec<u8>,
}

/// Kinds of stored documents.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum RecordKind {
    /// The signed certificate, public byte for byte.
    Credential,
    /// The decision with its salted score sheet: the body's own, never public.
    Decision,
}

impl RecordKind {
    /// Name in stored headers and exports.
    #[must_use]
    pub const fn wire(self) -> &'static str {
        match self {
            Self::Credential => "credential",
            Self::Decision => "decision",
        }
    }

    /// Reads the stored name.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Credential, Self::Decision].into_iter().find(|k| k.wire() == text)
    }
}

/// One event with its place in the journal and who and what stands behind it: the body's own, never public.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Recorded {
    /// Its sequence number.
    pub seq: u64,
    /// Which step of its certificate's or mark's life it is, from 0.
    pub step: u64,
    /// The step that takes it back, where one does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub corrected_by: Option<u64>,
    /// What happened.
    #[serde(flatten)]
    pub event: Event,
    /// Who and what stands behind it.
    pub provenance: Provenance,
}

/// What has a version: the count of its steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Subject {
    /// One certificate.
    Certificate(CertificateId),
    /// One mark licence.
    Mark(MarkId),
    /// The list of mark licences of one certificate (its length).
    MarksOf(CertificateId),
}

/// "I computed this from version `version` of `subject`"; 0 means that it did not exist.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Expect {
    /// Of what.
    pub subject: Subject,
    /// Which version.
    pub version: u64,
}

/// One unit of change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changeset {
    /// Versions relied on; a subject not listed is not checked.
    pub expect: Vec<Expect>,
    /// Events to append, in order; at least one.
    pub events: Vec<Event>,
    /// Documents to keep with them, each of a certificate that one of the events speaks of.
    pub records: Vec<Record>,
    /// Who and what stands behind it.
    pub provenance: Provenance,
}

/// Something only one unit in the store's whole life may hold.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Claim {
    /// A certificate number.
    Number(String),
    /// A decision's reference.
    Reference(String),
    /// An idempotency key.
    IdempotencyKey(String),
    /// A place in the status lists.
    StatusIndex(StatusEntry),
}

impl Changeset {
    /// What this unit claims: its idempotency key, its reference, numbers and places in the status lists of certificates it issues. An event is never
    /// written without its claims, since both come from here.
    pub fn claims(&self) -> impl Iterator<Item = Claim> {
        claims(&self.events, &self.provenance)
    }
}

/// Claims of a unit with these events and this provenance.
pub fn claims(events: &[Event], provenance: &Provenance) -> impl Iterator<Item = Claim> {
    let issued = events.iter().filter_map(|e| match &e.fact {
        Fact::Certificate { change: CertificateChange::Issued { terms, .. }, .. } => Some(terms),
        _ => None,
    });
    let of_certificates = issued.flat_map(|terms| {
        let number = Claim::Number(terms.number.as_str().to_owned());
        std::iter::once(number).chain(terms.status.map(Claim::StatusIndex))
    });
    let reference = provenance.reference.clone().map(Claim::Reference);
    let key = provenance.idempotency_key.clone().map(Claim::IdempotencyKey);
    // The key first: the same request twice must read as such, not as a quarrel over its number.
    key.into_iter().chain(reference).chain(of_certificates).collect::<Vec<_>>().into_iter()
}

/// A unit as it stands in the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Sequence number of its first event; its events are numbered on from there without a gap.
    pub first_seq: u64,
    /// Its events.
    pub events: Vec<Event>,
    /// Its documents.
    pub records: Vec<Record>,
    /// Who and what stands behind it.
    pub provenance: Provenance,
}

impl Entry {
    /// Sequence number after its last event.
    #[must_use]
    pub fn next_seq(&self) -> u64 {
        self.first_seq + self.events.len() as u64
    }
}
