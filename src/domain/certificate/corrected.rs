//! Errata: which step of a life may be taken back, and what is left then.

use super::admit::untrue;
use super::{Certificate, CertificateChange, State, Step, not_now, state_after};
use crate::domain::dates::china_day;
use crate::domain::error::Refusal;
use crate::domain::reason::CorrectionReason;
use jiff::Timestamp;

impl Certificate {
    /// The steps that count, as known at `known_at`, with their places in [`Certificate::life`]: those on record then, without
    /// whatever an erratum on record then takes back, and without the errata.
    pub fn counted(&self, known_at: Timestamp) -> impl Iterator<Item = (usize, &Step)> {
        self.life.iter().enumerate().filter(move |(i, s)| {
            let erratum = matches!(s.change, CertificateChange::Corrected { .. });
            s.recorded_at <= known_at && !erratum && self.corrected_by(*i, known_at).is_none()
        })
    }

    /// The erratum that takes a step back, as known at `known_at`; both are places in [`Certificate::life`].
    #[must_use]
    pub fn corrected_by(&self, step: usize, known_at: Timestamp) -> Option<usize> {
        self.corrections.of(step, known_at)
    }

    /// The steps that an erratum on step `corrects` takes back: that one, and with a suspension the reinstatement that lifted it.
    pub(super) fn taken_back(&self, corrects: u32, erratum: &Step) -> Result<Vec<usize>, Refusal> {
        let number = &self.terms.number;
        let never = |why: String| Err(not_now("not_correctable", why).under("/step"));
        let corrects = usize::try_from(corrects).unwrap_or(usize::MAX);
        let Some(step) = self.life.get(corrects) else {
            let why = format!(
                "certificate {number} has no step {corrects}: its life has the steps 0 to {}",
                self.life.len().saturating_sub(1)
            );
            return Err(Refusal::invalid("no_such_step", why).under("/step"));
        };
        if erratum.effective_at != erratum.recorded_at {
            return Err(not_now(
                "erratum_dated",
                "an erratum counts from when it is recorded, and never before".into(),
            ));
        }
        if let Some(by) = self.corrected_by(corrects, Timestamp::MAX) {
            let why = format!("step {corrects} of certificate {number} was taken back by step {by} already");
            return Err(not_now("already_corrected", why).under("/step"));
        }
        match step.change {
            CertificateChange::Surveyed { .. } => Ok(vec![corrects]),
            CertificateChange::Issued { .. } => never(format!(
                "the issue of certificate {number} is not taken back: put a right certificate in its place (supersede), or withdraw it"
            )),
            CertificateChange::Superseded { by, .. } => never(format!(
                "that {by} takes the place of certificate {number} is not taken back, since that one is signed and its marks are licensed: put a right certificate in its place (supersede), or withdraw it"
            )),
            CertificateChange::Corrected { .. } => never(format!(
                "step {corrects} of certificate {number} is an erratum itself: what was taken back wrongly is recorded anew"
            )),
            CertificateChange::NotUnderstood(_) => {
                never(format!("step {corrects} of certificate {number} cannot be read by this version"))
            }
            CertificateChange::Suspended { .. }
            | CertificateChange::Reinstated { .. }
            | CertificateChange::Withdrawn { .. }
            | CertificateChange::Cancelled { .. } => self.with_what_lifted_it(corrects, step),
        }
    }

    /// A change of state is taken back while no later one rests on it. A suspension that was lifted goes with its reinstatement.
    fn with_what_lifted_it(&self, corrects: usize, step: &Step) -> Result<Vec<usize>, Refusal> {
        let changes_state =
            |s: &Step| !matches!(s.change, CertificateChange::Surveyed { .. } | CertificateChange::Superseded { .. });
        let next = self.counted(Timestamp::MAX).find(|(i, s)| *i > corrects && changes_state(s));
        match (&step.change, next) {
            (_, None) => Ok(vec![corrects]),
            (CertificateChange::Suspended { .. }, Some((lifted, next)))
                if matches!(next.change, CertificateChange::Reinstated { .. }) =>
            {
                Ok(vec![corrects, lifted])
            }
            (_, Some((later, next))) => {
                let why = format!(
                    "step {later} of certificate {} ({}) came after step {corrects} ({}): only the latest change is taken back; where that one is in error too, take it back first",
                    self.terms.number,
                    next.change.wire(),
                    step.change.wire()
                );
                Err(not_now("corrected_out_of_order", why).under("/step"))
            }
        }
    }

    /// The state that is left without these steps: whatever else counts is proved once more.
    pub(super) fn without(&self, taken_back: &[usize]) -> Result<State, Refusal> {
        let mut state = State::InForce;
        for (i, step) in self.counted(Timestamp::MAX).skip(1).filter(|(i, _)| !taken_back.contains(i)) {
            let succession = self.succession(Timestamp::MAX).filter(|_| self.superseded.is_some_and(|s| s < i));
            state = state_after(&self.terms.number, &state, succession, step).map_err(|refusal| {
                let why = format!(
                    "what came after it would have no reading then, at step {i} ({}): {}",
                    step.change.wire(),
                    refusal.message
                );
                not_now("corrected_out_of_order", why).under("/step")
            })?;
        }
        Ok(state)
    }

    /// Holds an erratum against what the register knows.
    pub(super) fn admit_erratum(&self, corrects: u32, reason: CorrectionReason, now: Timestamp) -> Result<(), Refusal> {
        let number = &self.terms.number;
        let change = usize::try_from(corrects).ok().and_then(|i| self.life.get(i)).map(|s| &s.change);
        let surveyed = matches!(change, Some(CertificateChange::Surveyed { .. }));
        let has_reason = !surveyed && !matches!(change, Some(CertificateChange::Reinstated { .. }));
        match reason.code() {
            CorrectionReason::WRONG_REASON if !has_reason => {
                return untrue(format!("step {corrects} of certificate {number} has no reason that could be wrong"));
            }
            CorrectionReason::WRONG_OUTCOME if !surveyed => {
                return untrue(format!("step {corrects} of certificate {number} is no surveillance"));
            }
            _ => {}
        }
        let over = china_day(now) > self.terms.valid_until
            || self.succession(Timestamp::MAX).is_some_and(|successor| successor.from <= now);
        if over && reason.calls_for_another() {
            let why = format!(
                "certificate {number} is over, so the right thing can be recorded no more, and without step {corrects} it would read as if nothing had been"
            );
            return Err(not_now("too_late_to_correct", why).under("/reason"));
        }
        Ok(())
    }
}
