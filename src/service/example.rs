//! What stands in the register and is in force, for whoever tries the API with it.

use super::lookup::{Asked, MarkAnswer};
use super::{Service, ServiceError};
use crate::domain::{Certificate, Fact, MarkId, Standing};
use crate::verify::Outcome;

/// Newest events that are looked through.
const NEWEST: u64 = 50;

/// A certificate to try the API with, and a mark of it.
#[derive(Debug, Clone)]
pub struct Example {
    /// In force, where one of the newest is.
    pub certificate: Certificate,
    /// In force too; none where none of the newest is.
    pub mark: Option<MarkId>,
}

impl Service {
    /// The newest mark in force with its certificate; else the newest certificate, one in force where there is one; none where nothing
    /// was issued of late.
    ///
    /// # Errors
    /// Store failures.
    pub fn example(&self) -> Result<Option<Example>, ServiceError> {
        let from = self.store.next_seq().saturating_sub(NEWEST);
        let units = self.store.entries(from, NEWEST as usize)?;
        let (mut in_force, mut newest) = (None, None);
        for event in units.iter().rev().flat_map(|unit| unit.events.iter().rev()) {
            match &event.fact {
                Fact::Mark { id, .. } => {
                    if let MarkAnswer::Found(found) = self.mark_answer(&id.to_string(), Asked::default())?
                        && found.finding.verdict.verdict == Outcome::Valid
                    {
                        return Ok(Some(Example { certificate: found.certificate.certificate, mark: Some(*id) }));
                    }
                }
                Fact::Certificate { id, .. } if in_force.is_none() => {
                    // Of one that had ended before there is no signed record to fetch.
                    let found = self.store.certificate(*id)?.filter(|c| c.ended_before_record().is_none());
                    let Some(found) = found else { continue };
                    if self.standing_now(&found) == Some(Standing::Valid) {
                        in_force = Some(found);
                    } else {
                        newest = newest.or(Some(found));
                    }
                }
                _ => {}
            }
        }
        Ok(in_force.or(newest).map(|certificate| Example { certificate, mark: None }))
    }
}
