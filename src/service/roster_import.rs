//! Taking over a body's existing certificates from its roster: each is signed and put on record with its own number, dates
//! and level, and stands as the roster has it. There is no score sheet, and the certificate says so by having no digest.

use super::actor::{Act, IdempotencyKey};
use super::perform::request_digest;
use super::roster::{RosterRow, RosterStatus};
use super::{Plan, Service, ServiceError, sha256_hex};
use crate::domain::certificate::CertificateChange;
use crate::domain::dates::{add_months, china_day, day_start};
use crate::domain::record::{IssuedBy, Terms};
use crate::domain::{CertificateId, Fact, Refusal, Role};
use crate::sign::canonicalize;
use crate::store::{Claim, Expect, Record, RecordKind, Subject};
use jiff::Timestamp;
use jiff::civil::Date;
use serde_json::json;

/// What the request of an import is called, so that its digest is no other request's.
const OPERATION: &str = "import";

/// A certificate that was taken over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Imported {
    /// Its new public identifier.
    pub id: CertificateId,
    /// Whether an earlier run had taken it over already.
    pub replayed: bool,
}

/// What an import would do with a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Prospect {
    /// It is new.
    New,
    /// An earlier run took it over, with the same content.
    Done,
}

impl Service {
    /// Tells what [`Service::import_row`] would do, and changes nothing.
    ///
    /// # Errors
    /// `number_taken` where the number is a certificate's that was not taken over by this row; store failures.
    pub fn import_prospect(&self, row: &RosterRow) -> Result<Prospect, ServiceError> {
        let key = Claim::IdempotencyKey(key_of(row)?.as_str().to_owned());
        if let Some(entry) = self.store.holder_of(&key)? {
            let same = entry.provenance.request_sha256 == Some(request_digest(None, OPERATION, &request(row)?)?);
            return if same { Ok(Prospect::Done) } else { Err(changed(row).into()) };
        }
        if self.store.certificate_by_number(&row.number)?.is_some() {
            let why = format!("certificate {} is on record here already and did not come from a roster", row.number);
            return Err(Refusal::conflict("number_taken", why).under("/number").into());
        }
        Ok(Prospect::New)
    }

    /// Takes one certificate over. The number is the key: the same row again changes nothing.
    ///
    /// # Errors
    /// As [`Service::import_prospect`]; `role_missing`; store and signer failures.
    pub fn import_row(&self, act: &Act, row: &RosterRow) -> Result<Imported, ServiceError> {
        let role = act.actor.acting_as(Role::Registrar)?;
        // Words the refusals; if somebody takes the number between this look and the commit, the store says so.
        self.import_prospect(row)?;
        let act = Act { key: Some(key_of(row)?), ..act.clone() };
        let done = self.perform_asked(&act, OPERATION, &request(row)?, |now| self.plan_import(role, row, now))?;
        let id = done.entry.events.iter().find_map(|e| match &e.fact {
            Fact::Certificate { id, .. } => Some(*id),
            _ => None,
        });
        Ok(Imported { id: id.ok_or_else(|| changed(row))?, replayed: done.replayed })
    }

    fn plan_import(&self, role: Role, row: &RosterRow, now: Timestamp) -> Result<Plan, ServiceError> {
        let id = CertificateId::from_bytes(self.random()?);
        let terms = self.imported_terms(row, china_day(now))?;
        let record = self.sign_certificate(id, &terms, now)?;
        let issued =
            CertificateChange::Issued { terms: Box::new(terms), record_sha256: sha256_hex(&record), serial: None };
        let mut plan = Plan::new(role);
        plan.expect.push(Expect { subject: Subject::Certificate(id), version: 0 });
        plan.facts.push((Fact::Certificate { id, change: issued }, day_start(row.issued_on)));
        if let Some((change, on)) = status_change(&row.status) {
            plan.facts.push((Fact::Certificate { id, change }, day_start(on)));
        }
        plan.records.push(Record { kind: RecordKind::Credential, certificate: id, bytes: record });
        Ok(plan)
    }

    fn imported_terms(&self, row: &RosterRow, today: Date) -> Result<Terms, ServiceError> {
        let body = self.body();
        Ok(Terms {
            number: row.number.clone(),
            holder: row.holder.clone(),
            level: row.level,
            scheme: self.scheme.id.clone(),
            standard: self.scheme.standard.clone(),
            scope: row.scope.clone(),
            sites: row.sites.clone(),
            body: IssuedBy { name: body.name, address: body.address, approval_number: body.approval_number },
            issued_on: row.issued_on,
            valid_until: row.valid_until,
            first_issued_on: row.first_issued_on,
            surveillance_due_on: row.surveillance_due_on.unwrap_or_else(|| self.assumed_surveillance(row, today)),
            recertification: terms_before(row.first_issued_on, row.issued_on, self.scheme.intervals.validity_months),
            supersedes: None,
            score_sheet_sha256: None,
            status: Some(self.free_status_entry()?),
        })
    }

    /// A roster that says nothing of surveillance but calls the certificate good says that it is up to date: then the
    /// next one is due on the next anniversary.
    fn assumed_surveillance(&self, row: &RosterRow, today: Date) -> Date {
        let interval = self.scheme.intervals.surveillance_months.max(1);
        let mut months = interval;
        while add_months(row.issued_on, months) < today.min(row.valid_until) {
            months += interval;
        }
        add_months(row.issued_on, months).min(row.valid_until)
    }
}

/// How many full terms lie between the first issue and this one, to the nearest: recertification falls into a term's last year.
fn terms_before(first: Date, issued: Date, term_months: u32) -> u32 {
    let months = (i32::from(issued.year()) - i32::from(first.year())) * 12 + i32::from(issued.month())
        - i32::from(first.month());
    let term = term_months.max(1);
    (u32::try_from(months).unwrap_or(0) + term / 2) / term
}

fn status_change(status: &RosterStatus) -> Option<(CertificateChange, Date)> {
    match *status {
        RosterStatus::InForce | RosterStatus::Expired => None,
        RosterStatus::Suspended { on, until, reason } => {
            Some((CertificateChange::Suspended { reason, confirmed_on: on, until }, on))
        }
        RosterStatus::Withdrawn { on, reason } => Some((CertificateChange::Withdrawn { reason }, on)),
        RosterStatus::Cancelled { on, reason } => Some((CertificateChange::Cancelled { reason }, on)),
    }
}

/// What the row asks for. 有效 and 过期失效 are one request: a certificate that has expired between two runs is the same.
fn request(row: &RosterRow) -> Result<Vec<u8>, Refusal> {
    canonicalize(&json!({
        "number": row.number, "holder": row.holder, "scope": row.scope, "level": row.level, "sites": row.sites,
        "issued_on": row.issued_on, "valid_until": row.valid_until, "first_issued_on": row.first_issued_on,
        "surveillance_due_on": row.surveillance_due_on, "status": status_change(&row.status),
    }))
}

/// The number is the key; it may hold more than a key may, so its digest stands for it.
fn key_of(row: &RosterRow) -> Result<IdempotencyKey, Refusal> {
    IdempotencyKey::parse(&format!("{OPERATION}:{}", sha256_hex(row.number.as_str().as_bytes())))
}

fn changed(row: &RosterRow) -> Refusal {
    let why = format!(
        "certificate {} was taken over before, with other content; what has changed since is recorded by a command of its own (suspend, supersede, …), not by an import",
        row.number
    );
    Refusal::conflict("imported_differently", why).under("/number")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terms_are_counted_to_the_nearest() {
        let d = |t: &str| t.parse::<Date>().unwrap();
        for (first, issued, terms) in [
            ("2024-05-08", "2024-05-08", 0),
            ("2023-05-08", "2024-05-08", 0),
            ("2021-05-08", "2024-05-07", 1),
            ("2021-05-08", "2023-12-01", 1),
            ("2018-05-08", "2024-05-08", 2),
        ] {
            assert_eq!(terms_before(d(first), d(issued), 36), terms, "{first} {issued}");
        }
    }
}
