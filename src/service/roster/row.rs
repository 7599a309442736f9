//! One row of a roster, read and held against itself.

use super::check::Rules;
use super::columns::{Column, Layout};
use super::fault::RosterFault;
use super::status;
use super::values;
use crate::domain::dates::{add_days, add_months};
use crate::domain::holder::{Holder, Site};
use crate::domain::reason::{CancellationReason, SuspensionReason, WithdrawalReason};
use crate::domain::text::{Address, Scope};
use crate::domain::{CertificateNumber, Level, Refusal};
use crate::service::sheet::{Cell, Line};
use jiff::civil::Date;

/// A certificate as the roster has it; everything in it is checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RosterRow {
    /// Row as a person sees it in the file, from 1.
    pub row: usize,
    /// Its number, normalised.
    pub number: CertificateNumber,
    /// Who holds it.
    pub holder: Holder,
    /// What it covers.
    pub scope: Scope,
    /// Certified level.
    pub level: Level,
    /// Sites it covers; empty where the roster lists none.
    pub sites: Vec<Site>,
    /// First day it is valid.
    pub issued_on: Date,
    /// Last day it is valid.
    pub valid_until: Date,
    /// Issue date of the first certificate in its line; its own where the roster says nothing.
    pub first_issued_on: Date,
    /// When surveillance is due next, where the roster says so.
    pub surveillance_due_on: Option<Date>,
    /// Where it stands.
    pub status: RosterStatus,
}

/// Where a certificate stands by the roster.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RosterStatus {
    /// 有效.
    InForce,
    /// 暂停.
    Suspended {
        /// First day.
        on: Date,
        /// Last day.
        until: Date,
        /// Why.
        reason: SuspensionReason,
    },
    /// 撤销.
    Withdrawn {
        /// From when on.
        on: Date,
        /// Why.
        reason: WithdrawalReason,
    },
    /// 注销.
    Cancelled {
        /// From when on.
        on: Date,
        /// Why.
        reason: CancellationReason,
    },
    /// 过期失效.
    Expired,
}

/// The two ends of a certificate's life.
#[derive(Debug, Clone, Copy)]
pub(super) struct Life {
    pub issued_on: Date,
    pub valid_until: Date,
}

/// The cells of one row by column, and the faults found in them.
pub(super) struct Fields<'a> {
    line: &'a Line,
    layout: &'a Layout,
    is_1904: bool,
    pub faults: Vec<RosterFault>,
}

impl<'a> Fields<'a> {
    pub(super) fn new(line: &'a Line, layout: &'a Layout, is_1904: bool) -> Self {
        Self { line, layout, is_1904, faults: Vec::new() }
    }

    /// The cell of a column, where the file has the column and the cell says something.
    fn cell(&self, column: Column) -> Option<&'a Cell> {
        self.layout.place(column).map(|i| self.line.cell(i)).filter(|c| !c.says_none())
    }

    /// Notes a fault in that column.
    pub(super) fn fault(&mut self, column: Column, refusal: Refusal) {
        let value = self.layout.place(column).map(|i| self.line.cell(i).shown()).unwrap_or_default();
        self.faults.push(RosterFault::at(self.line.row, self.layout.reference(column), &value, refusal));
    }

    /// Reads a value that has to be there; `why` says what needs it.
    pub(super) fn needed<T>(
        &mut self,
        column: Column,
        why: &str,
        read: impl FnOnce(&Cell) -> Result<T, Refusal>,
    ) -> Option<T> {
        let Some(cell) = self.cell(column) else {
            self.fault(
                column,
                Refusal::invalid("missing_value", format!("{why} has {}, and none stands here", column.name())),
            );
            return None;
        };
        read(cell).map_err(|refusal| self.fault(column, refusal)).ok()
    }

    /// Reads a value that may be absent; none for one that is there and wrong.
    fn optional<T>(&mut self, column: Column, read: impl FnOnce(&Cell) -> Result<T, Refusal>) -> Option<Option<T>> {
        match self.cell(column).map(read) {
            None => Some(None),
            Some(Ok(value)) => Some(Some(value)),
            Some(Err(refusal)) => {
                self.fault(column, refusal);
                None
            }
        }
    }

    /// Reads a date that has to be there.
    pub(super) fn day(&mut self, column: Column, why: &str) -> Option<Date> {
        let is_1904 = self.is_1904;
        self.needed(column, why, |c| values::date(c, is_1904))
    }

    /// Reads the row; everything that is wrong with it is noted, not only the first.
    pub(super) fn read(&mut self, rules: &Rules<'_>) -> (Option<CertificateNumber>, Option<RosterRow>) {
        const WHY: &str = "every certificate";
        let number = self.needed(Column::Number, WHY, values::number);
        let name = self.needed(Column::Holder, WHY, values::name);
        let uscc = self.needed(Column::Uscc, WHY, values::uscc);
        let address = self.needed(Column::Address, WHY, |c| Address::parse(&values::one_line(c)?));
        let scope = self.needed(Column::Scope, WHY, |c| Scope::parse(&values::one_line(c)?));
        let level = self.needed(Column::Level, WHY, values::level);
        let sites = self.optional(Column::Sites, values::sites);
        let issued_on = self.day(Column::IssuedOn, WHY);
        let valid_until = self.day(Column::ValidUntil, WHY);
        let life = issued_on.zip(valid_until).map(|(issued_on, valid_until)| Life { issued_on, valid_until });
        let life = self.check_life(issued_on, life, rules);
        let first_issued_on = self.first_issued_on(issued_on);
        let surveillance_due_on = self.surveillance_due_on(life);
        let status = status::read(self, life, rules);
        let row = || {
            Some(RosterRow {
                row: self.line.row,
                number: number.clone()?,
                holder: Holder { name: name?, uscc: uscc?, address: address? },
                scope: scope?,
                level: level?,
                sites: sites?.unwrap_or_default(),
                issued_on: issued_on?,
                valid_until: valid_until?,
                first_issued_on: first_issued_on?,
                surveillance_due_on: surveillance_due_on?,
                status: status?,
            })
        };
        let row = if self.faults.is_empty() { row() } else { None };
        (number, row)
    }

    /// Holds the two ends against each other and today; none where one of them is so wrong that nothing can be said of
    /// other days.
    fn check_life(&mut self, issued_on: Option<Date>, life: Option<Life>, rules: &Rules<'_>) -> Option<Life> {
        let to_come = issued_on.filter(|d| *d > rules.today);
        if let Some(day) = to_come {
            let message = format!("{day} is still to come; today is {}", rules.today);
            self.fault(Column::IssuedOn, Refusal::invalid("in_the_future", message));
        }
        let Life { issued_on, valid_until } = life?;
        if valid_until <= issued_on {
            let message = format!(
                "the certificate would end on {valid_until}, not after its issue on {issued_on}: are the two swapped?"
            );
            self.fault(Column::ValidUntil, Refusal::invalid("ends_before_start", message));
            return None;
        }
        let months = rules.intervals.validity_months;
        let latest = add_days(add_months(issued_on, months), -1);
        if valid_until > latest {
            let message = format!(
                "a certificate issued on {issued_on} is valid for {months} months less a day, until {latest} at the latest, not {valid_until}"
            );
            self.fault(Column::ValidUntil, Refusal::invalid("life_too_long", message));
        }
        if to_come.is_some() { None } else { life }
    }

    fn first_issued_on(&mut self, issued_on: Option<Date>) -> Option<Date> {
        let is_1904 = self.is_1904;
        let first = self.optional(Column::FirstIssuedOn, |c| values::date(c, is_1904))?;
        let issued_on = issued_on?;
        let first = first.unwrap_or(issued_on);
        if first > issued_on {
            let message =
                format!("the first certificate was issued on {first}, after this one on {issued_on}: it comes first");
            self.fault(Column::FirstIssuedOn, Refusal::invalid("first_after_issue", message));
            return None;
        }
        Some(first)
    }

    fn surveillance_due_on(&mut self, life: Option<Life>) -> Option<Option<Date>> {
        let is_1904 = self.is_1904;
        let due = self.optional(Column::SurveillanceDueOn, |c| values::date(c, is_1904))?;
        let Life { issued_on, valid_until } = life?;
        if let Some(day) = due.filter(|d| *d <= issued_on || *d > valid_until) {
            let message = format!(
                "surveillance falls due after the issue on {issued_on} and by the end on {valid_until}, not on {day}"
            );
            self.fault(Column::SurveillanceDueOn, Refusal::invalid("surveillance_outside_life", message));
            return None;
        }
        Some(due)
    }
}
