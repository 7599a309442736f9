//! The demo's cases: every level in every standing, and what else the public should see once.

use super::story::{Author, Deed, Life};
use crate::domain::dates::add_days;
use crate::domain::mark_licence::Medium;
use crate::domain::reason::{CancellationReason, MarkRevocationReason, WithdrawalReason};
use crate::domain::{Level, Refusal, Standing};
use crate::service::revocation::Order;
use jiff::civil::Date;

type Written = Result<(), Refusal>;

/// Levels in the order they are shown.
const LEVELS: [Level; 4] = [Level::FiveStar, Level::FourStar, Level::ThreeStar, Level::Qualified];

/// The whole story, up to that day.
pub(super) fn story(today: Date) -> Result<Author, Refusal> {
    let mut author = Author::new(today);
    let tellers = [valid, not_yet_effective, suspended, withdrawn, cancelled, superseded, expired]
        as [fn(&mut Author, usize) -> Written; 7];
    for tell in tellers {
        for i in 0..LEVELS.len() {
            tell(&mut author, i)?;
        }
    }
    surveillance(&mut author)?;
    suspensions(&mut author)?;
    errata(&mut author)?;
    marks(&mut author)?;
    // What happens on one day happens in the order written.
    author.scenes.sort_by_key(|s| s.on);
    Ok(author)
}

fn named(standing: Standing, i: usize) -> String {
    format!("{}-{}", standing.wire(), LEVELS[i].wire())
}

/// Issued so many months and days ago, surveyed up to the day given, with a mark of the medium whose turn it is.
fn lived(
    author: &mut Author,
    standing: Standing,
    i: usize,
    (months, days): (u32, i32),
    until: Date,
) -> Result<Life, Refusal> {
    let issued_on = author.ago(months, days);
    let life = author.issue(named(standing, i), LEVELS[i], issued_on);
    author.survey(&life, until);
    author.license(&life, Medium::ALL[(i + 1) % 4])?;
    Ok(life)
}

fn valid(author: &mut Author, i: usize) -> Written {
    let age = [(5, 3), (14, 9), (26, 12), (2, 1)][i];
    let life = lived(author, Standing::Valid, i, age, author.today)?;
    if i == 0 {
        for medium in [Medium::Product, Medium::Advertising, Medium::Premises] {
            author.license(&life, medium)?;
        }
    }
    Ok(())
}

fn not_yet_effective(author: &mut Author, i: usize) -> Written {
    let begins = add_days(author.today, [40, 55, 33, 70][i]);
    author.issue(named(Standing::NotYetEffective, i), LEVELS[i], begins);
    Ok(())
}

fn suspended(author: &mut Author, i: usize) -> Written {
    let (age, code) = [((16, 2), "0112"), ((27, 5), "0111"), ((7, 8), "0116"), ((15, 20), "0113")][i];
    let since = author.ago(1, 10 + 9 * i as i32);
    let life = lived(author, Standing::Suspended, i, age, since)?;
    author.suspend(&life, since, code)
}

fn withdrawn(author: &mut Author, i: usize) -> Written {
    let (age, code) = [((20, 4), "0112"), ((21, 6), "0114"), ((13, 15), "0117"), ((29, 2), "0101")][i];
    let since = author.ago(2, 3 + 11 * i as i32);
    let until = if i == 1 { author.ago(9, 10) } else { since };
    let life = lived(author, Standing::Withdrawn, i, age, until)?;
    if i == 1 {
        // Suspended for the longest time, and nothing was resolved.
        author.suspend(&life, author.ago(9, 10), "0199")?;
    }
    let order = Order::Withdraw { reason: WithdrawalReason::parse(code)?, effective_on: None };
    author.order(&life, since, order);
    Ok(())
}

fn cancelled(author: &mut Author, i: usize) -> Written {
    let code = ["holder_request", "holder_gone"][i % 2];
    let since = author.ago(1, 4 + 13 * i as i32);
    let life = lived(author, Standing::Cancelled, i, [(18, 1), (9, 5), (23, 14), (30, 6)][i], since)?;
    let order = Order::Cancel { reason: CancellationReason::parse(code)?, effective_on: None };
    author.order(&life, since, order);
    Ok(())
}

fn superseded(author: &mut Author, i: usize) -> Written {
    let (age, reason) =
        [((31, 3), "recertified"), ((17, 7), "level_changed"), ((13, 2), "scope_changed"), ((15, 9), "holder_changed")]
            [i];
    let since = author.ago(1, 5 + 6 * i as i32);
    let old = lived(author, Standing::Superseded, i, age, since)?;
    author.replace(&old, reason.replace('_', "-"), since, reason)
}

fn expired(author: &mut Author, i: usize) -> Written {
    lived(author, Standing::Expired, i, [(37, 2), (38, 5), (40, 11), (42, 8)][i], author.today).map(drop)
}

/// Surveillance due soon, and overdue.
fn surveillance(author: &mut Author) -> Written {
    for (case, level, months) in
        [("surveillance-due", Level::FourStar, 10), ("surveillance-overdue", Level::ThreeStar, 14)]
    {
        let issued_on = author.ago(months, 12);
        let life = author.issue(case.into(), level, issued_on);
        author.license(&life, Medium::Packaging)?;
    }
    Ok(())
}

/// A suspension that ran out, and one that ended well.
fn suspensions(author: &mut Author) -> Written {
    let since = author.ago(7, 4);
    let issued_on = author.ago(19, 6);
    let life = author.issue("suspension-ran-out".into(), Level::Qualified, issued_on);
    author.survey(&life, since);
    author.license(&life, Medium::Advertising)?;
    author.suspend(&life, since, "0199")?;

    let since = author.ago(3, 8);
    let issued_on = author.ago(16, 10);
    let life = author.issue("reinstated".into(), Level::FiveStar, issued_on);
    author.survey(&life, since);
    author.license(&life, Medium::Packaging)?;
    author.suspend(&life, since, "0111")?;
    let back = author.ago(1, 6);
    author.order(&life, back, Order::Reinstate { passed_on: Some(add_days(back, -3)), effective_on: None });
    Ok(())
}

/// A suspension and a withdrawal that were recorded in error: the one for another certificate, the other overturned.
fn errata(author: &mut Author) -> Written {
    let since = author.ago(3, 20);
    let issued_on = author.ago(15, 16);
    let life = author.issue("corrected-suspension".into(), Level::FiveStar, issued_on);
    author.survey(&life, since);
    author.license(&life, Medium::Packaging)?;
    author.suspend(&life, since, "0113")?;
    author.correct(&life, author.ago(3, 17), "wrong_certificate")?;

    let since = author.ago(2, 14);
    let issued_on = author.ago(8, 18);
    let life = author.issue("corrected-withdrawal".into(), Level::FourStar, issued_on);
    author.license(&life, Medium::Advertising)?;
    let order = Order::Withdraw { reason: WithdrawalReason::parse("0117")?, effective_on: None };
    author.order(&life, since, order);
    author.correct(&life, author.ago(0, 19), "overturned")
}

/// A mark that was revoked, one whose misuse is being looked into, one that is only asked for, and one that was refused.
fn marks(author: &mut Author) -> Written {
    let issued_on = author.ago(8, 9);
    let life = author.issue("mark-revoked".into(), Level::FourStar, issued_on);
    author.license(&life, Medium::Advertising)?;
    author.license(&life, Medium::Packaging)?;
    let revoked_on = author.ago(0, 24);
    author.add(revoked_on, life.case(), Deed::RevokeMark(MarkRevocationReason::parse("misuse")?));

    let issued_on = author.ago(5, 13);
    let life = author.issue("mark-investigated".into(), Level::FiveStar, issued_on);
    author.license(&life, Medium::Premises)?;
    author.license(&life, Medium::Packaging)?;
    author.add(author.ago(0, 5), life.case(), Deed::InvestigateMark);

    let issued_on = author.ago(3, 2);
    let life = author.issue("mark-requested".into(), Level::ThreeStar, issued_on);
    author.license(&life, Medium::Product)?;
    let asked_on = author.ago(0, 6);
    author.add(asked_on, life.case(), Deed::Request(life.mark(Medium::Packaging)?));
    author.add(asked_on, life.case(), Deed::Request(life.mark(Medium::Advertising)?));
    author.add(author.ago(0, 4), life.case(), Deed::RefuseMark);
    Ok(())
}
