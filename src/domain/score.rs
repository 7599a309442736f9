//! The score in exact fractions: nothing is rounded before it is compared (94.995 is four-star).

use super::error::Refusal;
use super::level::Level;
use num_bigint::BigInt;
use num_rational::BigRational;
use num_traits::{One, Signed, ToPrimitive, Zero};
use std::collections::BTreeMap;

/// Points of a clause or a score, exact.
pub type Points = BigRational;

/// Largest sample a clause may have; a larger one is a typing slip.
pub const MAX_SAMPLED: u32 = 1_000_000;
/// Points taken for each special deduction, outside the sheet.
pub const SPECIAL_DEDUCTION_POINTS: u32 = 1;

/// What the evaluators found for one clause.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// All its points.
    Conform,
    /// None of its points.
    Nonconform,
    /// Leaves the denominator.
    NotApplicable,
    /// Points are lost in proportion to the non-conforming samples.
    Sampled {
        /// Samples taken, 1 to [`MAX_SAMPLED`].
        sampled: u32,
        /// Samples that did not conform, at most `sampled`.
        nonconforming: u32,
    },
}

impl Outcome {
    /// Whether a sample makes sense.
    ///
    /// # Errors
    /// `bad_sample` for a sample of 0, of more than [`MAX_SAMPLED`], or with more non-conforming samples than samples.
    pub fn check(self) -> Result<(), Refusal> {
        match self {
            Self::Sampled { sampled, nonconforming }
                if sampled == 0 || sampled > MAX_SAMPLED || nonconforming > sampled =>
            {
                Err(Refusal::invalid(
                    "bad_sample",
                    format!(
                        "{nonconforming} non-conforming of {sampled} samples: sampled is 1 to {MAX_SAMPLED}, nonconforming at most as many"
                    ),
                ))
            }
            _ => Ok(()),
        }
    }
}

/// A final score, 0 to 100, exact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Score {
    /// Points that could be reached.
    pub applicable: Points,
    /// Points reached.
    pub actual: Points,
    /// actual / applicable x 100.
    pub base: Points,
    /// base - special deductions + bonus, within 0..=100.
    pub total: Points,
    /// Special deductions found.
    pub special_deductions: u32,
}

/// Least totals of the levels, highest first, and the count of special deductions that fails whatever the total.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Thresholds {
    /// (level, least total), highest level first.
    pub levels: Vec<(Level, Points)>,
    /// So many special deductions, or more, fail the applicant.
    pub failing_special_deductions: u32,
}

/// Reads points written as an integer, a decimal or a fraction: `5`, `4.5`, `97/20`.
#[must_use]
pub fn parse_points(text: &str) -> Option<Points> {
    let digits = |t: &str| (!t.is_empty() && t.len() <= 12 && t.bytes().all(|b| b.is_ascii_digit())).then_some(());
    if let Some((n, d)) = text.split_once('/') {
        digits(n).and(digits(d))?;
        let d: BigInt = d.parse().ok()?;
        return (!d.is_zero()).then(|| Points::new(n.parse().unwrap_or_default(), d));
    }
    let (whole, part) = text.split_once('.').unwrap_or((text, "0"));
    digits(whole).and(digits(part))?;
    let scale = BigInt::from(10u32).pow(part.len() as u32);
    Some(Points::new(format!("{whole}{part}").parse().ok()?, scale))
}

/// Points added up by what they are divided by: a fraction is brought to its lowest terms once, not with each clause.
#[derive(Default)]
struct Sum(BTreeMap<BigInt, BigInt>);

impl Sum {
    fn add(&mut self, points: &Points) {
        match self.0.get_mut(points.denom()) {
            Some(sum) => *sum += points.numer(),
            None => drop(self.0.insert(points.denom().clone(), points.numer().clone())),
        }
    }

    fn points(self) -> Points {
        self.0.into_iter().map(|(denominator, numerator)| Points::new(numerator, denominator)).sum()
    }
}

/// Adds up one evaluation.
///
/// # Errors
/// `no_applicable_clause` when nothing applies; `bad_sample` as [`Outcome::check`] has it.
pub fn score<'a>(
    items: impl IntoIterator<Item = (&'a Points, Outcome)>,
    special_deductions: u32,
    special_bonus: bool,
) -> Result<Score, Refusal> {
    let (mut applicable, mut actual) = (Sum::default(), Sum::default());
    for (points, outcome) in items {
        outcome.check()?;
        match outcome {
            Outcome::NotApplicable => continue,
            Outcome::Conform => actual.add(points),
            Outcome::Nonconform => {}
            Outcome::Sampled { sampled, nonconforming } => {
                actual.add(&(points * Points::new((sampled - nonconforming).into(), sampled.into())));
            }
        }
        applicable.add(points);
    }
    let (applicable, actual) = (applicable.points(), actual.points());
    if !applicable.is_positive() {
        return Err(Refusal::invalid(
            "no_applicable_clause",
            "every clause is marked not applicable: an evaluation needs at least one that applies",
        ));
    }
    let hundred = Points::from_integer(100.into());
    let base = &actual / &applicable * &hundred;
    let bonus = if special_bonus { Points::one() } else { Points::zero() };
    let deducted = Points::from_integer((special_deductions * SPECIAL_DEDUCTION_POINTS).into());
    let total = (&base - deducted + bonus).clamp(Points::zero(), hundred);
    Ok(Score { applicable, actual, base, total, special_deductions })
}

impl Score {
    /// The level this score earns; `None` when it is not certifiable.
    #[must_use]
    pub fn level(&self, thresholds: &Thresholds) -> Option<Level> {
        if self.special_deductions >= thresholds.failing_special_deductions {
            return None;
        }
        thresholds.levels.iter().find(|(_, least)| self.total >= *least).map(|(level, _)| *level)
    }

    /// Two decimals, rounded down, e.g. `94.99` for 94.995.
    #[must_use]
    pub fn display(&self) -> String {
        let cents = (&self.total * Points::from_integer(100.into())).floor().to_integer().to_u32().unwrap_or(0);
        format!("{}.{:02}", cents / 100, cents % 100)
    }
}
