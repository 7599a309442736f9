//! A certificate's life: states, the changes between them, and its standing at any instant as known at any other.

mod admit;
mod corrected;
mod listed;
mod standing_at;

use super::dates::china_day;
use super::erratum::Corrections;
use super::error::Refusal;
use super::ids::CertificateId;
use super::number::CertificateNumber;
use super::reading::Unread;
use super::reason::{CancellationReason, CorrectionReason, SupersessionReason, SuspensionReason, WithdrawalReason};
use super::record::Terms;
use super::role::Role;
use super::standing::Standing;
use jiff::Timestamp;
use jiff::civil::Date;
pub use listed::Moves;
use serde::{Deserialize, Serialize};

/// Outcome of one surveillance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SurveillanceOutcome {
    /// The requirements are still met.
    Passed,
    /// They are not; staff decide what follows.
    Failed,
}

/// One thing that happens to a certificate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "change", rename_all = "snake_case")]
pub enum CertificateChange {
    /// It is issued with these terms.
    Issued {
        /// What it says.
        terms: Box<Terms>,
        /// SHA-256 (hex) of the signed record.
        record_sha256: String,
        /// Serial taken from the body's pattern, with the series it counts in.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        serial: Option<Serial>,
    },
    /// A surveillance was carried out.
    Surveyed {
        /// Last day on site.
        on_site_ended_on: Date,
        /// What it found.
        outcome: SurveillanceOutcome,
        /// When the next one is due, as the scheme's intervals had it then.
        next_due_on: Date,
    },
    /// Use is suspended.
    Suspended {
        /// Why.
        reason: SuspensionReason,
        /// Day the cause was confirmed.
        confirmed_on: Date,
        /// Last day of the suspension.
        until: Date,
    },
    /// The suspension ends well.
    Reinstated {
        /// Day the reinstatement evaluation was passed.
        passed_on: Date,
    },
    /// Taken back for cause (撤销).
    Withdrawn {
        /// Why.
        reason: WithdrawalReason,
    },
    /// Ended without blame (注销).
    Cancelled {
        /// Why.
        reason: CancellationReason,
    },
    /// Replaced by a new certificate.
    Superseded {
        /// The new one.
        by: CertificateId,
        /// Why.
        reason: SupersessionReason,
    },
    /// An erratum: an earlier step was recorded in error, and counts from now on as if it had not happened.
    Corrected {
        /// The step, an index into [`Certificate::life`]: 0 is the issue.
        corrects: u32,
        /// What was wrong.
        reason: CorrectionReason,
    },
    /// Something that a newer version of this program recorded. Never made here, and written as it was found.
    #[serde(skip)]
    NotUnderstood(Unread),
}

impl CertificateChange {
    /// Name on the wire.
    #[must_use]
    pub const fn wire(&self) -> &'static str {
        match self {
            Self::Issued { .. } => "issued",
            Self::Surveyed { .. } => "surveyed",
            Self::Suspended { .. } => "suspended",
            Self::Reinstated { .. } => "reinstated",
            Self::Withdrawn { .. } => "withdrawn",
            Self::Cancelled { .. } => "cancelled",
            Self::Superseded { .. } => "superseded",
            Self::Corrected { .. } => "corrected",
            Self::NotUnderstood(_) => "not_understood",
        }
    }
}

/// A serial number and the series it was counted in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Serial {
    /// See [`super::number::NumberPattern::series`].
    pub series: String,
    /// The number taken.
    pub value: u64,
}

/// A change with its two times and who made it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// What happened.
    pub change: CertificateChange,
    /// From when on it counts.
    pub effective_at: Timestamp,
    /// When the body put it on record.
    pub recorded_at: Timestamp,
    /// In which role.
    pub actor: Role,
}

/// Where the certificate stands after its latest step; expiry is computed, never stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// Issued and not suspended.
    InForce,
    /// Suspended from a day until a day.
    Suspended {
        /// First instant of the suspension.
        from: Timestamp,
        /// Its last day.
        until: Date,
        /// Why.
        reason: SuspensionReason,
    },
    /// Terminal: withdrawn or cancelled.
    Ended {
        /// Which of the two.
        standing: Standing,
        /// From when on.
        from: Timestamp,
    },
    /// A newer version of this program recorded something that this one cannot read: whatever follows, this one cannot tell.
    NotUnderstood,
}

/// The certificate that takes this one's place. Until it does, this one lives on: it can be surveyed, suspended and withdrawn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Succession {
    /// The new certificate.
    pub by: CertificateId,
    /// Its first instant, and the end of this one.
    pub from: Timestamp,
}

/// A certificate with its whole life.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certificate {
    /// Its public identifier.
    pub id: CertificateId,
    terms: Terms,
    record_sha256: String,
    state: State,
    life: Vec<Step>,
    /// The step that names its successor.
    superseded: Option<usize>,
    corrections: Corrections,
}

/// Standing at one instant, with what explains it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StandingAt {
    /// The standing.
    pub standing: Standing,
    /// Since when it stands so.
    pub since: Timestamp,
    /// The step that explains it, an index into [`Certificate::life`]; none where only dates do.
    pub step: Option<usize>,
}

fn not_now(code: &'static str, message: String) -> Refusal {
    Refusal::rule(code, message)
}

impl Certificate {
    /// A certificate begins with its `Issued` step.
    ///
    /// # Errors
    /// `not_issued` when the first step is another one.
    pub fn begin(id: CertificateId, first: Step) -> Result<Self, Refusal> {
        match &first.change {
            CertificateChange::Issued { terms, record_sha256, .. } => Ok(Self {
                id,
                terms: (**terms).clone(),
                record_sha256: record_sha256.clone(),
                state: State::InForce,
                life: vec![first],
                superseded: None,
                corrections: Corrections::default(),
            }),
            CertificateChange::NotUnderstood(unread) => Err(not_now(
                "not_issued",
                format!("certificate {id} begins with what cannot be read: {}", unread.why()),
            )),
            _ => Err(not_now("not_issued", format!("certificate {id} has a step before it was issued"))),
        }
    }

    /// What it says.
    #[must_use]
    pub fn terms(&self) -> &Terms {
        &self.terms
    }

    /// SHA-256 (hex) of its signed record.
    #[must_use]
    pub fn record_sha256(&self) -> &str {
        &self.record_sha256
    }

    /// Its state after the latest step; see also [`Certificate::succession`].
    #[must_use]
    pub fn state(&self) -> &State {
        &self.state
    }

    /// What takes its place, from what was on record at `known_at`.
    #[must_use]
    pub fn succession(&self, known_at: Timestamp) -> Option<Succession> {
        let step = self.superseded.and_then(|i| self.life.get(i)).filter(|s| s.recorded_at <= known_at)?;
        match step.change {
            CertificateChange::Superseded { by, .. } => Some(Succession { by, from: step.effective_at }),
            _ => None,
        }
    }

    /// Whether it was withdrawn, cancelled or superseded by then; the end of its validity is another question.
    #[must_use]
    pub fn has_ended(&self, at: Timestamp) -> bool {
        matches!(&self.state, State::Ended { from, .. } if *from <= at)
            || self.succession(Timestamp::MAX).is_some_and(|s| s.from <= at)
    }

    /// Every step as it was recorded, oldest first, also those that were taken back.
    #[must_use]
    pub fn life(&self) -> &[Step] {
        &self.life
    }

    /// Whether all that was on record at `known_at` can be read by this version.
    #[must_use]
    pub fn is_understood(&self, known_at: Timestamp) -> bool {
        !self.life.iter().any(|s| s.recorded_at <= known_at && matches!(s.change, CertificateChange::NotUnderstood(_)))
    }

    /// How many steps it has: the version a changeset relies on.
    #[must_use]
    pub fn version(&self) -> u64 {
        self.life.len() as u64
    }

    /// The certificate after one more step; only the order of states is proved here, so that a stored life can be read
    /// back. [`Certificate::admit`] holds the scheme's time limits against a new step first.
    ///
    /// # Errors
    /// The refusal names the state that forbids the step.
    pub fn apply(mut self, step: Step) -> Result<Self, Refusal> {
        let at = self.life.len();
        let (state, taken_back) = self.next_state(&step)?;
        self.state = state;
        self.corrections.take_back(&taken_back, at, step.recorded_at);
        if matches!(step.change, CertificateChange::Superseded { .. }) {
            self.superseded.get_or_insert(at);
        }
        self.life.push(step);
        Ok(self)
    }

    /// The state after one more step, and the earlier steps that it takes back.
    fn next_state(&self, step: &Step) -> Result<(State, Vec<usize>), Refusal> {
        match step.change {
            CertificateChange::Corrected { corrects, .. } if self.state != State::NotUnderstood => {
                let taken_back = self.taken_back(corrects, step)?;
                Ok((self.without(&taken_back)?, taken_back))
            }
            _ => Ok((state_after(&self.terms.number, &self.state, self.succession(Timestamp::MAX), step)?, vec![])),
        }
    }
}

/// The state after one more step on `state`, of a certificate with that successor on record.
fn state_after(
    number: &CertificateNumber,
    state: &State,
    succession: Option<Succession>,
    step: &Step,
) -> Result<State, Refusal> {
    let unread = *state == State::NotUnderstood || matches!(step.change, CertificateChange::NotUnderstood(_));
    if let Some(Succession { by, from }) = succession.filter(|_| !unread) {
        if step.recorded_at >= from || step.effective_at >= from {
            let why = format!(
                "certificate {number} is superseded by {by} from {} on, which is final: give the order for that one",
                china_day(from)
            );
            return Err(not_now("certificate_ended", why));
        }
        if matches!(step.change, CertificateChange::Superseded { .. }) {
            let why = format!(
                "certificate {number} is to be replaced by {by} from {} already: replace that one",
                china_day(from)
            );
            return Err(not_now("successor_planned", why));
        }
    }
    let ended = |standing| State::Ended { standing, from: step.effective_at };
    match (state, &step.change) {
        (State::NotUnderstood, _) | (_, CertificateChange::NotUnderstood(_)) => Ok(State::NotUnderstood),
        (State::Ended { standing, .. }, _) => {
            let why = format!(
                "certificate {number} is {}, which is final; where that was recorded in error, an erratum takes it back (correct)",
                standing.wire()
            );
            Err(not_now("certificate_ended", why))
        }
        (_, CertificateChange::Issued { .. }) => {
            Err(not_now("already_issued", format!("certificate {number} is issued already")))
        }
        // Its own rules are those of `taken_back`.
        (state, CertificateChange::Surveyed { .. } | CertificateChange::Corrected { .. }) => Ok(state.clone()),
        (State::InForce, CertificateChange::Suspended { reason, until, .. }) => {
            Ok(State::Suspended { from: step.effective_at, until: *until, reason: *reason })
        }
        (State::Suspended { from, .. }, CertificateChange::Suspended { .. }) => Err(not_now(
            "already_suspended",
            format!("certificate {number} is suspended from {} already", china_day(*from)),
        )),
        (State::Suspended { .. }, CertificateChange::Reinstated { .. }) => Ok(State::InForce),
        (_, CertificateChange::Reinstated { .. }) => Err(not_now(
            "not_suspended",
            format!("certificate {number} is not suspended, so there is nothing to reinstate"),
        )),
        (_, CertificateChange::Withdrawn { .. }) => Ok(ended(Standing::Withdrawn)),
        (_, CertificateChange::Cancelled { .. }) => Ok(ended(Standing::Cancelled)),
        (State::InForce, CertificateChange::Superseded { .. }) => Ok(State::InForce),
        (State::Suspended { .. }, CertificateChange::Superseded { .. }) => Err(not_now(
            "suspended",
            format!("certificate {number} is suspended: reinstate it before it is replaced, or withdraw it"),
        )),
    }
}
