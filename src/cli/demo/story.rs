//! The demo's story: what happens to each invented certificate, day by day, up to today.

use super::draft::Draft;
use crate::cli::companies::Company;
use crate::domain::certificate::SurveillanceOutcome;
use crate::domain::dates::{add_days, add_months, months_before};
use crate::domain::decision::DecisionInput;
use crate::domain::mark_licence::Medium;
use crate::domain::reason::{CorrectionReason, MarkRevocationReason, SupersessionReason, SuspensionReason};
use crate::domain::text::{Goods, Name};
use crate::domain::{Level, Refusal};
use crate::service::marks::MarkRequest;
use crate::service::revocation::Order;
use jiff::civil::Date;

/// One thing that happens.
pub(super) enum Deed {
    /// A certificate is issued.
    Issue(Box<DecisionInput>),
    /// An order is carried out.
    Order(Order),
    /// The latest thing that was recorded is taken back.
    Correct(CorrectionReason),
    /// The certificate of another case is replaced by this one.
    Replace {
        /// Case whose certificate it was.
        old: String,
        /// Why.
        reason: SupersessionReason,
        /// The decision on the new one.
        decision: Box<DecisionInput>,
    },
    /// A mark is asked for and granted.
    License(MarkRequest),
    /// A mark is asked for.
    Request(MarkRequest),
    /// The newest request is refused.
    RefuseMark,
    /// The misuse of the newest mark is looked into.
    InvestigateMark,
    /// The newest mark is revoked.
    RevokeMark(MarkRevocationReason),
}

/// Something that happens to the certificate of a case on a day.
pub(super) struct Scene {
    /// The day.
    pub on: Date,
    /// The case.
    pub case: String,
    /// What.
    pub deed: Deed,
}

/// Writes the story down.
pub(super) struct Author {
    /// The day the story ends.
    pub today: Date,
    companies: usize,
    /// Every case, in the order it is shown.
    pub cases: Vec<String>,
    /// Every scene, by day.
    pub scenes: Vec<Scene>,
}

/// A certificate whose life is being written.
#[derive(Clone)]
pub(super) struct Life {
    case: String,
    company: Company,
    level: Level,
    issued_on: Date,
    variant: usize,
}

/// The reference of a case's decision; by it a second start finds the case again.
pub(super) fn reference(case: &str) -> String {
    format!("DEMO-{case}")
}

impl Author {
    /// An empty story that ends on that day.
    pub fn new(today: Date) -> Self {
        Self { today, companies: 0, cases: vec![], scenes: vec![] }
    }

    /// So many months and days before today.
    pub fn ago(&self, months: u32, days: i32) -> Date {
        add_days(months_before(self.today, months), -days)
    }

    /// A certificate is issued, decided a week before; one that begins later is decided these days.
    pub fn issue(&mut self, case: String, level: Level, issued_on: Date) -> Life {
        let variant = self.companies;
        self.companies += 1;
        let life = Life { case, company: Company::nth(variant), level, issued_on, variant };
        let decided_on = add_days(issued_on, -6).min(add_days(self.today, -5));
        let draft = life.draft(decided_on);
        self.cases.push(life.case.clone());
        self.add(add_days(decided_on, 4), &life.case, Deed::Issue(Box::new(draft.input())));
        life
    }

    /// Its yearly surveillances are passed, up to that day.
    pub fn survey(&mut self, life: &Life, until: Date) {
        for months in [11, 22, 33] {
            let on_site_ended_on = add_months(life.issued_on, months);
            if on_site_ended_on < add_days(until, -3) {
                let order = Order::Survey { on_site_ended_on, outcome: SurveillanceOutcome::Passed };
                self.order(life, add_days(on_site_ended_on, 2), order);
            }
        }
    }

    /// An order is carried out on that day.
    pub fn order(&mut self, life: &Life, on: Date, order: Order) {
        self.add(on, &life.case, Deed::Order(order));
    }

    /// It is suspended from that day for as long as the scheme allows.
    pub fn suspend(&mut self, life: &Life, on: Date, code: &str) -> Result<(), Refusal> {
        let reason = SuspensionReason::parse(code)?;
        let order = Order::Suspend { reason, confirmed_on: Some(add_days(on, -2)), effective_on: None, until: None };
        self.order(life, on, order);
        Ok(())
    }

    /// The latest thing that was recorded of it is taken back on that day.
    pub fn correct(&mut self, life: &Life, on: Date, code: &str) -> Result<(), Refusal> {
        self.add(on, &life.case, Deed::Correct(CorrectionReason::parse(code)?));
        Ok(())
    }

    /// A mark is licensed three weeks after issue.
    pub fn license(&mut self, life: &Life, medium: Medium) -> Result<(), Refusal> {
        let request = life.mark(medium)?;
        self.add(add_days(life.issued_on, 21), &life.case, Deed::License(request));
        Ok(())
    }

    /// Something happens to it on that day.
    pub fn add(&mut self, on: Date, case: &str, deed: Deed) {
        self.scenes.push(Scene { on, case: case.to_owned(), deed });
    }

    /// It is replaced by the certificate of a new case, which begins on that day.
    pub fn replace(&mut self, old: &Life, case: String, issued_on: Date, reason: &str) -> Result<(), Refusal> {
        let reason = SupersessionReason::parse(reason)?;
        let decided_on = add_days(issued_on, -6);
        let input = Draft {
            reference: reference(&case),
            company: &old.company,
            moved: reason.code() == "holder_changed",
            level: match reason.code() {
                "recertified" => Some(old.level),
                "level_changed" => Some(Level::FiveStar),
                _ => None,
            },
            variant: old.variant + 1,
            wider: reason.code() == "scope_changed",
            decided_on,
            issued_on,
        }
        .input();
        self.cases.push(case.clone());
        let deed = Deed::Replace { old: old.case.clone(), reason, decision: Box::new(input) };
        // Recorded on its first day, when the old one's marks are replaced.
        self.add(issued_on, &case, deed);
        Ok(())
    }
}

impl Life {
    /// Its case.
    pub fn case(&self) -> &str {
        &self.case
    }

    /// A mark for its holder's goods.
    pub fn mark(&self, medium: Medium) -> Result<MarkRequest, Refusal> {
        let site = match medium {
            Medium::Premises => Some(Name::parse(&self.company.site().name)?),
            _ => None,
        };
        let brand = Some(Goods::parse(&self.company.brand())?);
        let products = match medium {
            Medium::Premises => None,
            _ => Some(Goods::parse(self.company.products)?),
        };
        Ok(MarkRequest { medium, brand, products, site })
    }

    fn draft(&self, decided_on: Date) -> Draft<'_> {
        Draft {
            reference: reference(&self.case),
            company: &self.company,
            moved: false,
            level: Some(self.level),
            variant: self.variant,
            wider: false,
            decided_on,
            issued_on: self.issued_on,
        }
    }
}
