//! Invented decisions: score sheets that earn each level, persons as codes.

use crate::cli::companies::Company;
use crate::domain::Level;
use crate::domain::dates::add_days;
use crate::domain::decision::{BonusInput, DecisionInput, DeductionInput, ItemInput, SheetInput};
use jiff::civil::Date;

/// Clauses of the shipped scheme.
const CLAUSES: [&str; 15] = [
    "5.1.1", "5.1.2", "5.1.3", "5.1.4", "5.1.5", "5.1.6", "5.1.7", "5.2.1", "5.2.2", "5.2.3", "5.2.4", "5.2.5",
    "5.2.6", "5.3.1", "5.3.2",
];

/// What a decision is about.
pub(super) struct Draft<'c> {
    /// Its reference.
    pub reference: String,
    /// Who is certified.
    pub company: &'c Company,
    /// Whether the holder has changed name and address since.
    pub moved: bool,
    /// Level the sheet earns; none where it is carried over.
    pub level: Option<Level>,
    /// Makes sheets of one level differ.
    pub variant: usize,
    /// More scope than at first.
    pub wider: bool,
    /// Day of the decision.
    pub decided_on: Date,
    /// First day of the certificate.
    pub issued_on: Date,
}

impl Draft<'_> {
    /// The decision as a body hands it in.
    pub fn input(&self) -> DecisionInput {
        let more = if self.wider { "；含线上销售产品的售后服务" } else { "" };
        let team = self.variant % 4;
        DecisionInput {
            reference: self.reference.clone(),
            scheme: "gbt27922-2011".into(),
            number: None,
            holder: self.company.holder(self.moved),
            scope: format!("{}{more}", self.company.scope),
            sites: vec![self.company.site()],
            score_sheet: self.level.map(|level| sheet(level, self.variant)),
            level: None,
            level_reason: None,
            evaluators: vec![format!("E-0{}", team + 1), format!("E-0{}", team + 5)],
            reviewed_by: vec![format!("R-0{}", team % 2 + 1)],
            decided_by: vec!["C-01".into(), "C-02".into()],
            countersigned_by: "H-01".into(),
            on_site_ended_on: add_days(self.decided_on, -12).to_string(),
            decided_on: self.decided_on.to_string(),
            issued_on: self.issued_on.to_string(),
        }
    }
}

/// A sheet that earns that level and no other.
fn sheet(level: Level, variant: usize) -> SheetInput {
    let not_met: &[&str] = match level {
        Level::FiveStar => &[],
        Level::FourStar => &["5.1.5", "5.1.7"],
        Level::ThreeStar => &["5.1.2", "5.2.1"],
        Level::Qualified => &["5.1.6", "5.2.2", "5.3.1"],
    };
    let item = |clause: &&str| {
        let blank = ItemInput {
            clause: (*clause).to_owned(),
            result: Some("conform".into()),
            reason: None,
            sampled: None,
            nonconforming: None,
        };
        match *clause {
            clause if not_met.contains(&clause) => ItemInput { result: Some("nonconform".into()), ..blank },
            "5.2.4" => ItemInput {
                result: None,
                sampled: Some(50 + 10 * variant as u32),
                nonconforming: Some((variant % 3) as u32),
                ..blank
            },
            "5.2.6" if variant % 3 == 1 => {
                ItemInput { result: Some("not_applicable".into()), reason: Some("产品无需回收".into()), ..blank }
            }
            _ => blank,
        }
    };
    let deduction = DeductionInput { reason: "服务热线公示信息更新不及时".into(), corrected: true };
    let bonus = BonusInput { reason: "服务规范高于国家和行业要求".into() };
    SheetInput {
        items: CLAUSES.iter().map(item).collect(),
        special_deductions: if variant % 5 == 2 { vec![deduction] } else { vec![] },
        special_bonus: (variant % 7 == 3).then_some(bonus),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Scheme;
    use crate::domain::decision::Decision;

    #[test]
    fn every_sheet_earns_its_level() {
        let scheme = Scheme::parse(include_str!("../../../schemes/gbt27922-2011.toml")).unwrap();
        let day = Date::constant(2026, 5, 8);
        for level in Level::ALL {
            for variant in 0..60 {
                let draft = Draft {
                    reference: "DEMO".into(),
                    company: &Company::nth(variant),
                    moved: false,
                    level: Some(level),
                    variant,
                    wider: false,
                    decided_on: day,
                    issued_on: day,
                };
                let decision = Decision::check(&draft.input(), &scheme, day).unwrap();
                assert_eq!(decision.level, Some(level), "{level:?} {variant}");
            }
        }
    }
}
