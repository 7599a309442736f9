//! What the status lists say of a certificate at any instant, from what was on record at any other.

use super::{Certificate, CertificateChange};
use crate::domain::status_entry::Listed;
use jiff::Timestamp;

/// What an event does to a certificate's place in the lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Effect {
    Becomes(Listed),
    /// A newer version of this program recorded it.
    Unknown,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Move {
    effect: Effect,
    effective_at: Timestamp,
    recorded_at: Timestamp,
    /// When an erratum took it back.
    corrected_at: Option<Timestamp>,
}

/// All that moves a certificate's place in the status lists: its life without whatever does not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moves(Vec<Move>);

impl Moves {
    /// What the lists say at `at`, from what was on record at `known_at`: the standing without its dates, which the certificate
    /// says itself, so that no suspension seems lifted on the day the validity ends. Where something was on record that this
    /// version cannot read, it is suspended at least: what cannot be told of may not pass for valid.
    #[must_use]
    pub fn listed(&self, at: Timestamp, known_at: Timestamp) -> Listed {
        let mut listed = Listed::Valid;
        let counts =
            |s: &&Move| s.recorded_at <= known_at && s.corrected_at.is_none_or(|corrected| corrected > known_at);
        for step in self.0.iter().filter(counts) {
            match step.effect {
                // It may reach back to any time.
                Effect::Unknown => return listed.max(Listed::Suspended),
                Effect::Becomes(other) if step.effective_at <= at && listed != Listed::Revoked => listed = other,
                Effect::Becomes(_) => {}
            }
        }
        listed
    }

    /// The next moment after `at` at which [`Moves::listed`] may say something else: a change that was planned takes effect.
    #[must_use]
    pub fn next_after(&self, at: Timestamp) -> Option<Timestamp> {
        let counts = self.0.iter().filter(|s| s.corrected_at.is_none());
        counts.map(|s| s.effective_at).filter(|effective| *effective > at).min()
    }
}

impl CertificateChange {
    /// What it does to the certificate's place in the status lists; none where nothing. An erratum takes back what another did.
    fn effect(&self) -> Option<Effect> {
        match self {
            Self::Issued { .. } | Self::Surveyed { .. } | Self::Corrected { .. } => None,
            Self::Suspended { .. } => Some(Effect::Becomes(Listed::Suspended)),
            Self::Reinstated { .. } => Some(Effect::Becomes(Listed::Valid)),
            Self::Withdrawn { .. } | Self::Cancelled { .. } | Self::Superseded { .. } => {
                Some(Effect::Becomes(Listed::Revoked))
            }
            Self::NotUnderstood(_) => Some(Effect::Unknown),
        }
    }

    /// Whether by itself it may change what the status lists say of the certificate.
    #[must_use]
    pub fn moves_status(&self) -> bool {
        self.effect().is_some()
    }
}

impl Certificate {
    /// What moves its place in the status lists.
    #[must_use]
    pub fn moves(&self) -> Moves {
        let moved = |(i, s): (usize, &super::Step)| {
            let (effect, corrected_at) = (s.change.effect()?, self.corrections.since(i));
            Some(Move { effect, effective_at: s.effective_at, recorded_at: s.recorded_at, corrected_at })
        };
        Moves(self.life.iter().enumerate().filter_map(moved).collect())
    }
}
