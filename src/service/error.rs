//! Why a use case did not happen.

use crate::domain::Refusal;
use crate::sign::SignFailure;
use crate::store::StoreError;

/// Nothing was changed when one of these is returned.
#[derive(Debug, thiserror::Error)]
pub enum ServiceError {
    /// The input or the moment is wrong: every fault found, at least one.
    #[error("{}", first(.0))]
    Refused(Vec<Refusal>),
    /// The store said no.
    #[error("the store failed")]
    Store(#[from] StoreError),
    /// No signature came.
    #[error("signing failed")]
    Sign(#[source] SignFailure),
    /// The record just signed did not verify; it was withheld.
    #[error("what was signed did not verify and was withheld: {0}")]
    SelfCheck(String),
    /// The machine said no.
    #[error("{what}")]
    Io {
        /// What was being done.
        what: String,
        /// The system's own words.
        #[source]
        source: std::io::Error,
    },
}

fn first(refusals: &[Refusal]) -> String {
    refusals.first().map_or_else(|| "refused".to_owned(), ToString::to_string)
}

impl From<Refusal> for ServiceError {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(vec![refusal])
    }
}

impl From<SignFailure> for ServiceError {
    fn from(failure: SignFailure) -> Self {
        match failure {
            SignFailure::SelfCheck(why) => Self::SelfCheck(why),
            other => Self::Sign(other),
        }
    }
}

impl From<Vec<Refusal>> for ServiceError {
    fn from(refusals: Vec<Refusal>) -> Self {
        Self::Refused(refusals)
    }
}

impl ServiceError {
    /// What went wrong and why, down to the system's own words.
    #[must_use]
    pub fn in_full(&self) -> String {
        let sources = std::iter::successors(std::error::Error::source(self), |e| e.source());
        sources.fold(self.to_string(), |told, source| format!("{told}: {source}"))
    }

    /// A failed read or write of a file.
    pub(super) fn io(what: impl Into<String>) -> impl FnOnce(std::io::Error) -> Self {
        let what = what.into();
        move |source| Self::Io { what, source }
    }
}
