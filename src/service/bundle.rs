//! Bundles: everything about one certificate that a verifier without a network needs, in one file.

use super::log::Proven;
use super::lookup::Asked;
use super::status_lists::ListForm;
use super::{Service, ServiceError};
use crate::domain::dates::AsOf;
use crate::domain::{CertificateId, StatusPurpose};
use crate::sign::{canonicalize, parse_strict};
use crate::store::Subject;
use crate::verify::Outcome;
use crate::verify::bundle::{Bundle, BundleLog, Trust, verify_read};

impl Service {
    /// The bundle of a certificate: with the status lists of now, or as they stood at a moment of the past. None when that
    /// identifier was never issued. What a verifier would refuse is withheld.
    ///
    /// # Errors
    /// `record_withheld`; `bad_timestamp` for a moment that has not come; `clock_behind`, `clock_ahead`; what status lists and store give.
    pub fn bundle(&self, id: CertificateId, as_of: Option<AsOf>) -> Result<Option<Vec<u8>>, ServiceError> {
        let Some(answer) = self.certificate_answer(id, Asked::default())? else { return Ok(None) };
        let record = self.credential(&answer.certificate)?;
        // Before the rest: whatever happens meanwhile is in what is asked for later.
        let made_at = self.settled()?;
        let at = as_of.map(|a| a.instant(made_at));
        let mut status_lists = vec![];
        if let Some(entry) = answer.certificate.terms().status {
            for purpose in StatusPurpose::ALL {
                let list =
                    self.status_list(ListForm::Credential(purpose), entry.list(), at.filter(|t| *t != made_at))?;
                status_lists.extend(list.map(|bytes| parse_strict(&bytes)).transpose()?);
            }
        }
        let log = self.log.prove(&self.store.seqs_of(Subject::Certificate(id))?)?;
        let bundle = Bundle {
            host: self.host.clone(),
            made_at,
            certificate: parse_strict(&record)?,
            keys: self.key_document(),
            status_lists,
            log: log.filter(|l| !l.entries.is_empty()).map(bundle_log),
        };
        self.must_be_genuine(&bundle)?;
        Ok(Some(canonicalize(&bundle.to_json())?))
    }

    /// What leaves must pass what everybody else will hold it against; that the certificate itself may be suspended or
    /// have ended is no fault of the bundle.
    fn must_be_genuine(&self, bundle: &Bundle) -> Result<(), ServiceError> {
        let keys = self.key_document();
        let found = verify_read(bundle, Trust::Given(&keys), bundle.made_at, bundle.made_at);
        let compromised = keys.keys().iter().any(|k| k.compromised_at.is_some());
        if found.genuine.is_some() || (compromised && found.verdict.verdict != Outcome::Valid) {
            return Ok(());
        }
        let why = found.verdict.obstacle().map(|c| c.message.clone()).unwrap_or_default();
        Err(ServiceError::SelfCheck(why))
    }
}

fn bundle_log(proven: Proven) -> BundleLog {
    BundleLog { checkpoint: proven.checkpoint.to_string(), entries: proven.entries }
}
