//! What was recorded in error: which steps of a life were taken back, and since when they count no more.

use jiff::Timestamp;
use std::collections::BTreeMap;

/// Steps of a life that count as if they had not happened. They stay where they are: what was known before their erratum
/// was recorded still holds for whoever asks from then.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Corrections(BTreeMap<usize, (usize, Timestamp)>);

impl Corrections {
    /// Takes steps back, by the step `by` that was recorded at `recorded_at`.
    pub(super) fn take_back(&mut self, steps: &[usize], by: usize, recorded_at: Timestamp) {
        self.0.extend(steps.iter().map(|step| (*step, (by, recorded_at))));
    }

    /// The step that takes this one back, as known at `known_at`.
    pub(super) fn of(&self, step: usize, known_at: Timestamp) -> Option<usize> {
        self.0.get(&step).filter(|(_, recorded_at)| *recorded_at <= known_at).map(|(by, _)| *by)
    }

    /// Since when this one counts no more.
    pub(super) fn since(&self, step: usize) -> Option<Timestamp> {
        self.0.get(&step).map(|(_, recorded_at)| *recorded_at)
    }
}
