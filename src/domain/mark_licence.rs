//! A star mark licence: one for each holder, medium and goods; it lives no longer than its certificate.

use super::dates::{add_days, day_start};
use super::erratum::Corrections;
use super::error::{Refusal, shown};
use super::ids::{CertificateId, MarkId};
use super::level::Level;
use super::reading::Unread;
use super::reason::MarkRevocationReason;
use super::role::Role;
use super::text::{Goods, Name};
use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

/// Where a mark may stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Medium {
    /// On the product itself.
    Product,
    /// On its packaging (a body's policy may forbid it).
    Packaging,
    /// In advertising and promotion.
    Advertising,
    /// On the holder's premises.
    Premises,
}

impl Medium {
    /// Every medium.
    pub const ALL: [Self; 4] = [Self::Product, Self::Packaging, Self::Advertising, Self::Premises];

    /// Name on the wire.
    #[must_use]
    pub const fn wire(self) -> &'static str {
        match self {
            Self::Product => "product",
            Self::Packaging => "packaging",
            Self::Advertising => "advertising",
            Self::Premises => "premises",
        }
    }

    /// For people, in Chinese.
    #[must_use]
    pub const fn zh(self) -> &'static str {
        match self {
            Self::Product => "产品",
            Self::Packaging => "产品包装",
            Self::Advertising => "广告宣传",
            Self::Premises => "经营场所",
        }
    }

    /// For people, in English.
    #[must_use]
    pub const fn en(self) -> &'static str {
        match self {
            Self::Product => "product",
            Self::Packaging => "packaging",
            Self::Advertising => "advertising",
            Self::Premises => "premises",
        }
    }

    /// Reads the wire name.
    ///
    /// # Errors
    /// `unknown_medium` names the four there are.
    pub fn parse(text: &str) -> Result<Self, Refusal> {
        Self::ALL.into_iter().find(|m| m.wire() == text).ok_or_else(|| {
            Refusal::invalid(
                "unknown_medium",
                format!("“{}” is no medium: there are product, packaging, advertising and premises", shown(text)),
            )
        })
    }
}

/// What a mark is licensed for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MarkTerms {
    /// Certificate it stands on.
    pub certificate: CertificateId,
    /// Level shown, the certificate's.
    pub level: Level,
    /// Where it stands.
    pub medium: Medium,
    /// Brand it is used with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub brand: Option<Goods>,
    /// Product group it is used for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub products: Option<Goods>,
    /// Site it hangs at, one of the certificate's (premises only).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub site: Option<Name>,
    /// First day of the licence.
    pub licensed_on: Date,
    /// Its last day: never after the certificate's.
    pub valid_until: Date,
}

impl MarkTerms {
    /// Whether two licences are for the same use.
    #[must_use]
    pub fn same_use(&self, other: &Self) -> bool {
        (self.medium, &self.brand, &self.products, &self.site)
            == (other.medium, &other.brand, &other.products, &other.site)
    }
}

/// One thing that happens to a mark licence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "change", rename_all = "snake_case")]
pub enum MarkChange {
    /// The holder asks for it.
    Requested {
        /// For what.
        terms: MarkTerms,
    },
    /// It is granted; its code may be printed.
    Approved {
        /// The 217 digits of its signed code.
        digits: String,
    },
    /// It is not granted.
    Refused,
    /// The certificate was suspended.
    Frozen,
    /// The certificate was reinstated.
    Unfrozen,
    /// The certificate was withdrawn or cancelled.
    Ended,
    /// Level, scope or certificate changed: new artwork takes its place.
    Replaced {
        /// The licence that takes its place, where there is one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        by: Option<MarkId>,
    },
    /// Taken back for misuse.
    Revoked {
        /// Why.
        reason: MarkRevocationReason,
    },
    /// The body looks into reports that it is misused; whoever scans it is told.
    Investigated,
    /// That came to nothing, and it may be relied on again.
    Cleared,
    /// What befell it with its certificate was recorded in error, and counts from now on as if it had not happened.
    Corrected {
        /// The step, an index into [`MarkLicence::life`].
        corrects: u32,
    },
    /// Something that a newer version of this program recorded. Never made here, and written as it was found.
    #[serde(skip)]
    NotUnderstood(Unread),
}

impl MarkChange {
    /// Whether it can take a mark that was granted out of use, or back: what comes before that says nothing of codes that are in use.
    #[must_use]
    pub const fn moves_use(&self) -> bool {
        !matches!(self, Self::Requested { .. } | Self::Approved { .. } | Self::Refused)
    }
}

/// State of a licence after its latest step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MarkState {
    /// Asked for, not granted yet.
    Requested,
    /// Granted.
    Active,
    /// Granted, and the body looks into reports that it is misused.
    UnderInvestigation,
    /// Not granted.
    Refused,
    /// May not be used while the certificate is suspended.
    Frozen,
    /// Its certificate has ended.
    Ended,
    /// New artwork has taken its place.
    Replaced,
    /// Taken back.
    Revoked,
    /// A newer version of this program recorded something that this one cannot read.
    NotUnderstood,
}

impl MarkState {
    /// Name on the wire.
    #[must_use]
    pub const fn wire(self) -> &'static str {
        match self {
            Self::Requested => "requested",
            Self::Active => "active",
            Self::UnderInvestigation => "under_investigation",
            Self::Refused => "refused",
            Self::Frozen => "frozen",
            Self::Ended => "ended",
            Self::Replaced => "replaced",
            Self::Revoked => "revoked",
            Self::NotUnderstood => "not_understood",
        }
    }

    /// The state after `change`, whatever is investigated besides; `None` where the order of states forbids it.
    fn after(self, change: &MarkChange) -> Option<Self> {
        use MarkState::{Active, Ended, Frozen, NotUnderstood, Refused, Replaced, Requested, Revoked};
        match (self, change) {
            (_, MarkChange::Requested { .. }) => None,
            (NotUnderstood, _) | (_, MarkChange::NotUnderstood(_)) => Some(NotUnderstood),
            (Requested, MarkChange::Approved { .. }) | (Frozen, MarkChange::Unfrozen) => Some(Active),
            (Requested, MarkChange::Refused) => Some(Refused),
            (Active, MarkChange::Frozen) => Some(Frozen),
            (Requested | Active | Frozen, MarkChange::Ended) => Some(Ended),
            (Requested | Active | Frozen, MarkChange::Replaced { .. }) => Some(Replaced),
            // Misuse of a mark that new artwork has replaced, or is about to, is misuse all the same.
            (Active | Frozen | Replaced, MarkChange::Revoked { .. }) => Some(Revoked),
            _ => None,
        }
    }

    /// Whether the licence can still come to be used.
    #[must_use]
    pub const fn is_open(self) -> bool {
        matches!(self, Self::Requested | Self::Active | Self::UnderInvestigation | Self::Frozen)
    }
}

/// Where a life has come to: an investigation goes on while the mark is frozen with its certificate, and freed again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stage {
    /// Never [`MarkState::UnderInvestigation`].
    state: MarkState,
    since: Timestamp,
    /// Since when it is being investigated.
    investigated: Option<Timestamp>,
}

impl Stage {
    /// Where it has come to after one more step; `None` where the order of states forbids it.
    fn after(self, step: &MarkStep) -> Option<Self> {
        let since = step.effective_at;
        let in_use = matches!(self.state, MarkState::Active | MarkState::Frozen);
        match (&step.change, self.investigated) {
            (MarkChange::Investigated, None) if in_use => Some(Self { investigated: Some(since), ..self }),
            (MarkChange::Cleared, Some(_)) if in_use => Some(Self { investigated: None, ..self }),
            (change, _) => self.state.after(change).map(|state| Self { state, since, ..self }),
        }
    }

    /// What is told of it, and since when.
    fn told(self) -> (MarkState, Timestamp) {
        match (self.state, self.investigated) {
            (MarkState::Active, Some(since)) => (MarkState::UnderInvestigation, since),
            (state, _) => (state, self.since),
        }
    }
}

/// A change with its two times and who made it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MarkStep {
    /// What happened.
    pub change: MarkChange,
    /// From when on it counts.
    pub effective_at: Timestamp,
    /// When the body put it on record.
    pub recorded_at: Timestamp,
    /// In which role.
    pub actor: Role,
}

impl MarkStep {
    /// Whether a new mark takes its place on a day that lay ahead when this was recorded.
    fn is_planned_replacement(&self) -> bool {
        matches!(self.change, MarkChange::Replaced { .. }) && self.effective_at > self.recorded_at
    }
}

/// A mark licence with its whole life.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MarkLicence {
    /// Its public identifier.
    pub id: MarkId,
    terms: MarkTerms,
    digits: Option<String>,
    stage: Stage,
    life: Vec<MarkStep>,
    corrections: Corrections,
}

impl MarkLicence {
    /// A licence begins with its request.
    ///
    /// # Errors
    /// `mark_not_requested` when the first step is another one.
    pub fn begin(id: MarkId, first: MarkStep) -> Result<Self, Refusal> {
        match &first.change {
            MarkChange::Requested { terms } => Ok(Self {
                id,
                terms: terms.clone(),
                digits: None,
                stage: Stage { state: MarkState::Requested, since: first.effective_at, investigated: None },
                life: vec![first],
                corrections: Corrections::default(),
            }),
            MarkChange::NotUnderstood(unread) => Err(Refusal::rule(
                "mark_not_requested",
                format!("mark {id} begins with what cannot be read: {}", unread.why()),
            )),
            _ => Err(Refusal::rule("mark_not_requested", format!("mark {id} has a step before its request"))),
        }
    }

    /// What it is licensed for.
    #[must_use]
    pub fn terms(&self) -> &MarkTerms {
        &self.terms
    }

    /// The 217 digits of its signed code, once granted.
    #[must_use]
    pub fn digits(&self) -> Option<&str> {
        self.digits.as_deref()
    }

    /// Whether it was approved once, whatever became of it: then the public was told what it is for.
    #[must_use]
    pub fn was_approved(&self) -> bool {
        self.digits.is_some()
    }

    /// State after the latest step, as of `now`: a replacement that is still to come has not happened yet.
    #[must_use]
    pub fn state(&self, now: Timestamp) -> MarkState {
        match self.planned_replacement(Timestamp::MAX) {
            Some(from) if from <= now && self.stage.state.is_open() => MarkState::Replaced,
            _ => self.stage.told().0,
        }
    }

    /// Whether its misuse is being looked into, also while it is frozen.
    #[must_use]
    pub fn is_investigated(&self, now: Timestamp) -> bool {
        let in_use = matches!(self.state(now), MarkState::UnderInvestigation | MarkState::Frozen);
        in_use && self.stage.investigated.is_some()
    }

    /// First instant of a mark that was to take its place later than this was recorded: until then this one lives on.
    fn planned_replacement(&self, known_at: Timestamp) -> Option<Timestamp> {
        self.life.iter().find(|s| s.is_planned_replacement() && s.recorded_at <= known_at).map(|s| s.effective_at)
    }

    /// Every step as it was recorded, oldest first, also those that were taken back.
    #[must_use]
    pub fn life(&self) -> &[MarkStep] {
        &self.life
    }

    /// The erratum that takes a step back, as known at `known_at`; both are places in [`MarkLicence::life`].
    #[must_use]
    pub fn corrected_by(&self, step: usize, known_at: Timestamp) -> Option<usize> {
        self.corrections.of(step, known_at)
    }

    /// How many steps it has: the version a changeset relies on.
    #[must_use]
    pub fn version(&self) -> u64 {
        self.life.len() as u64
    }

    /// The licence after one more step.
    ///
    /// # Errors
    /// `mark_state` names the state that forbids it; `not_correctable` for an erratum on what is not taken back.
    pub fn apply(mut self, step: MarkStep) -> Result<Self, Refusal> {
        if let MarkChange::Corrected { corrects } = step.change
            && self.stage.state != MarkState::NotUnderstood
        {
            return self.corrected(corrects, step);
        }
        let state = self.state(step.recorded_at);
        let refused =
            |word: &str| Refusal::rule("mark_state", format!("mark {} is {word}: that is not possible now", self.id));
        // Of one whose planned replacement has come, that is its state.
        let stage = if state == MarkState::Replaced { Stage { state, ..self.stage } } else { self.stage };
        let next = stage.after(&step).ok_or_else(|| refused(state.wire()))?;
        if !step.is_planned_replacement() {
            self.stage = next;
        } else if self.planned_replacement(Timestamp::MAX).is_some() {
            return Err(refused("to be replaced already"));
        }
        if let MarkChange::Approved { digits } = &step.change {
            self.digits = Some(digits.clone());
        }
        self.life.push(step);
        Ok(self)
    }

    /// The licence after an erratum. What is left is proved once more.
    fn corrected(mut self, corrects: u32, erratum: MarkStep) -> Result<Self, Refusal> {
        let taken_back = self.taken_back(corrects)?;
        let (first, rest) = self.life.split_first().ok_or_else(|| not_correctable(self.id, corrects))?;
        let mut left = Self::begin(self.id, first.clone())?;
        for (i, step) in (1..).zip(rest).filter(|(i, s)| self.counts(*i, s, Timestamp::MAX) && !taken_back.contains(i))
        {
            left = left.apply(step.clone()).map_err(|_| not_correctable(self.id, i as u32))?;
        }
        self.stage = left.stage;
        self.corrections.take_back(&taken_back, self.life.len(), erratum.recorded_at);
        self.life.push(erratum);
        Ok(self)
    }

    /// The steps that an erratum takes back: what befell it with its certificate, and with a freeze what lifted it.
    fn taken_back(&self, corrects: u32) -> Result<Vec<usize>, Refusal> {
        let at = usize::try_from(corrects).unwrap_or(usize::MAX);
        let step = self.life.get(at).filter(|s| self.counts(at, s, Timestamp::MAX));
        let passed_over = |s: &MarkStep| {
            s.is_planned_replacement() || matches!(s.change, MarkChange::Investigated | MarkChange::Cleared)
        };
        let next =
            (0..).zip(&self.life).find(|(i, s)| *i > at && self.counts(*i, s, Timestamp::MAX) && !passed_over(s));
        match (step.map(|s| &s.change), next) {
            (Some(MarkChange::Frozen), Some((lifted, MarkStep { change: MarkChange::Unfrozen, .. }))) => {
                Ok(vec![at, lifted])
            }
            (Some(MarkChange::Frozen | MarkChange::Unfrozen | MarkChange::Ended), _) => Ok(vec![at]),
            _ => Err(not_correctable(self.id, corrects)),
        }
    }

    /// Whether a step counts, as known at `known_at`: it was on record, is no erratum, and none had taken it back.
    fn counts(&self, i: usize, step: &MarkStep, known_at: Timestamp) -> bool {
        let erratum = matches!(step.change, MarkChange::Corrected { .. });
        step.recorded_at <= known_at && !erratum && self.corrected_by(i, known_at).is_none()
    }

    /// The first instant after `at` at which something that is on record takes effect.
    #[must_use]
    pub fn next_after(&self, at: Timestamp) -> Option<Timestamp> {
        self.life.iter().map(|s| s.effective_at).filter(|effective| *effective > at).min()
    }

    /// State at `at`, from what was on record at `known_at`; `None` when it was not on record then. What this version cannot
    /// read may change the past as well, so it counts from when it was recorded. A licence whose last
    /// day has passed is `Ended`: that is computed, never stored.
    #[must_use]
    pub fn state_at(&self, at: Timestamp, known_at: Timestamp) -> Option<(MarkState, Timestamp)> {
        let mut found: Option<Stage> = None;
        let counts = |s: &&MarkStep| s.effective_at <= at || matches!(s.change, MarkChange::NotUnderstood(_));
        let known = (0..).zip(&self.life).filter(|(i, s)| self.counts(*i, s, known_at) && !s.is_planned_replacement());
        for step in known.map(|(_, step)| step).filter(counts) {
            found = match (found, &step.change) {
                (None, MarkChange::Requested { .. }) => {
                    Some(Stage { state: MarkState::Requested, since: step.effective_at, investigated: None })
                }
                (Some(stage), _) => Some(stage.after(step).unwrap_or(stage)),
                (None, _) => None,
            };
        }
        let ends = day_start(add_days(self.terms.valid_until, 1));
        let replaced = self.planned_replacement(known_at).filter(|from| *from <= at);
        let (state, since) = found?.told();
        Some(match replaced {
            Some(from) if state.is_open() => (MarkState::Replaced, from),
            _ if state.is_open() && at >= ends => (MarkState::Ended, ends),
            // What befell it before it began shows from its beginning on.
            _ => (state, since.max(self.life[0].effective_at)),
        })
    }
}

fn not_correctable(id: MarkId, step: u32) -> Refusal {
    let why = format!("step {step} of mark {id} is not taken back: it does not stand, or something came after it");
    Refusal::rule("not_correctable", why)
}
