//! Lives of certificates: what may follow what, and what stands at which instant.

use jiff::Timestamp;
use jiff::civil::Date;
use starmark::domain::certificate::{Certificate, CertificateChange, Step, SurveillanceOutcome};
use starmark::domain::dates::{add_months, day_end, day_start};
use starmark::domain::reason::{CancellationReason, SupersessionReason, SuspensionReason, WithdrawalReason};
use starmark::domain::record::Terms;
use starmark::domain::scheme::{Intervals, Scheme};
use starmark::domain::standing::{Flag, Standing};
use starmark::domain::status_entry::Listed;
use starmark::domain::{CertificateId, Role};

pub fn d(text: &str) -> Date {
    text.parse().unwrap()
}

pub fn intervals() -> Intervals {
    Scheme::parse(include_str!("../../schemes/gbt27922-2011.toml")).unwrap().intervals
}

fn terms(issued_on: Date) -> Terms {
    serde_json::from_value(serde_json::json!({
        "number": "29326SC10002R0M",
        "holder": {"name": "示例电器有限公司", "uscc": "91110108551385082Q", "address": "北京市示例路1号"},
        "level": "five_star", "scheme": "gbt27922-2011", "standard": "GB/T 27922-2011",
        "scope": "家用电器的售后服务", "sites": [],
        "body": {"name": "示例认证中心", "address": "北京市示例路2号", "approval_number": "CNCA-R-2026-293"},
        "issued_on": issued_on, "first_issued_on": issued_on,
        "valid_until": add_months(issued_on, 36).yesterday().unwrap(),
        "surveillance_due_on": add_months(issued_on, 12), "recertification": 0,
    }))
    .unwrap()
}

pub fn issue(issued_on: &str, recorded: &str) -> Certificate {
    let change = CertificateChange::Issued {
        terms: Box::new(terms(d(issued_on))),
        record_sha256: "00".repeat(32),
        serial: None,
    };
    let step =
        Step { change, effective_at: day_start(d(issued_on)), recorded_at: noon(recorded), actor: Role::Registrar };
    Certificate::begin(CertificateId::from_bytes([1; 6]), step).unwrap()
}

pub fn noon(day: &str) -> Timestamp {
    format!("{day}T12:00:00+08:00").parse().unwrap()
}

pub fn suspended(confirmed: &str, until: &str) -> CertificateChange {
    CertificateChange::Suspended {
        reason: SuspensionReason::parse("0112").unwrap(),
        confirmed_on: d(confirmed),
        until: d(until),
    }
}

pub fn withdrawn() -> CertificateChange {
    CertificateChange::Withdrawn { reason: WithdrawalReason::parse("0117").unwrap() }
}

pub fn cancelled() -> CertificateChange {
    CertificateChange::Cancelled { reason: CancellationReason::parse("holder_request").unwrap() }
}

pub fn superseded() -> CertificateChange {
    let by = CertificateId::from_bytes([2; 6]);
    CertificateChange::Superseded { by, reason: SupersessionReason::parse("scope_changed").unwrap() }
}

pub fn reinstated(passed: &str) -> CertificateChange {
    CertificateChange::Reinstated { passed_on: d(passed) }
}

pub fn step(change: CertificateChange, effective: &str, recorded: &str) -> Step {
    Step { change, effective_at: day_start(d(effective)), recorded_at: noon(recorded), actor: Role::DecisionMaker }
}

/// Tries a step as a use case does: the guards, then the state.
pub fn try_step(c: &Certificate, s: Step) -> Result<Certificate, &'static str> {
    c.admit(&s, &intervals()).map_err(|r| r.code)?;
    c.clone().apply(s).map_err(|r| r.code)
}

#[track_caller]
fn stands(c: &Certificate, at: &str, expect: Standing) {
    assert_eq!(c.standing(noon(at), Timestamp::MAX).unwrap().standing, expect, "on {at}");
}

#[test]
fn the_end_date_itself_is_still_valid() {
    let c = issue("2026-05-08", "2026-05-01");
    let at = |t: &str| c.standing(t.parse().unwrap(), Timestamp::MAX).unwrap().standing;
    assert_eq!(at("2026-05-07T23:59:59+08:00"), Standing::NotYetEffective);
    assert_eq!(at("2026-05-08T00:00:00+08:00"), Standing::Valid);
    assert_eq!(at("2029-05-07T23:59:59+08:00"), Standing::Valid);
    assert_eq!(at("2029-05-08T00:00:00+08:00"), Standing::Expired);
    // The same instant, written in another zone.
    assert_eq!(at("2029-05-07T15:59:59Z"), Standing::Valid);
    assert_eq!(at("2029-05-07T16:00:00Z"), Standing::Expired);
}

#[test]
fn a_suspension_and_its_two_times() {
    let c = issue("2026-05-08", "2026-05-01");
    let c = try_step(&c, step(suspended("2026-09-10", "2027-03-14"), "2026-09-14", "2026-09-12")).unwrap();
    stands(&c, "2026-09-13", Standing::Valid);
    stands(&c, "2026-09-14", Standing::Suspended);
    // What was known on the 11th: nothing of it.
    let known = c.standing(noon("2026-09-20"), noon("2026-09-11")).unwrap();
    assert_eq!(known.standing, Standing::Valid);
    assert!(c.standing(noon("2026-09-20"), noon("2026-04-30")).is_none(), "not on record before it was issued");
    let c = try_step(&c, step(reinstated("2026-10-08"), "2026-10-09", "2026-10-09")).unwrap();
    stands(&c, "2026-10-08", Standing::Suspended);
    stands(&c, "2026-10-09", Standing::Valid);
    stands(&c, "2026-09-20", Standing::Suspended);
}

#[test]
fn suspension_limits() {
    let c = issue("2026-05-08", "2026-05-01");
    let late = step(suspended("2026-09-10", "2027-03-10"), "2026-09-16", "2026-09-16");
    assert_eq!(try_step(&c, late).unwrap_err(), "suspension_start");
    let early = step(suspended("2026-09-10", "2027-03-01"), "2026-09-09", "2026-09-10");
    assert_eq!(try_step(&c, early).unwrap_err(), "suspension_start");
    let long = step(suspended("2026-09-10", "2027-03-15"), "2026-09-14", "2026-09-14");
    assert_eq!(try_step(&c, long).unwrap_err(), "suspension_too_long");
    let backwards = step(suspended("2026-09-10", "2026-09-13"), "2026-09-14", "2026-09-14");
    assert_eq!(try_step(&c, backwards).unwrap_err(), "suspension_too_long");
    let unconfirmed = step(suspended("2026-09-10", "2027-03-01"), "2026-09-10", "2026-09-09");
    assert_eq!(try_step(&c, unconfirmed).unwrap_err(), "in_the_future");
    let mut by_system = step(suspended("2026-09-10", "2027-03-01"), "2026-09-10", "2026-09-10");
    by_system.actor = Role::System;
    assert_eq!(try_step(&c, by_system).unwrap_err(), "system_may_not");
    // End of August plus six months clamps to the end of February.
    let c = issue("2025-08-31", "2025-08-31");
    let clamp = step(suspended("2025-08-31", "2026-02-28"), "2025-08-31", "2025-08-31");
    assert!(try_step(&c, clamp).is_ok());
    let beyond = step(suspended("2025-08-31", "2026-03-01"), "2025-08-31", "2025-08-31");
    assert_eq!(try_step(&c, beyond).unwrap_err(), "suspension_too_long");
}

#[test]
fn a_suspension_that_ran_out_must_become_a_withdrawal() {
    let c = issue("2026-05-08", "2026-05-08");
    let c = try_step(&c, step(suspended("2026-09-14", "2026-12-31"), "2026-09-14", "2026-09-14")).unwrap();
    let after = "2027-01-01";
    assert_eq!(try_step(&c, step(reinstated("2026-12-20"), after, after)).unwrap_err(), "suspension_ran_out");
    // Back-dating does not help: it is recorded too late.
    assert_eq!(try_step(&c, step(reinstated("2026-12-20"), "2026-12-21", after)).unwrap_err(), "suspension_ran_out");
    // It stays suspended in public, never valid again by itself.
    stands(&c, "2027-02-01", Standing::Suspended);
    let flags = c.flags(Standing::Suspended, d(after), Timestamp::MAX, &intervals());
    assert!(flags.contains(&Flag::SuspensionRanOut));
    let c = try_step(&c, step(withdrawn(), after, after)).unwrap();
    stands(&c, after, Standing::Withdrawn);
    assert!(matches!(c.state(), starmark::domain::certificate::State::Ended { standing: Standing::Withdrawn, .. }));
}

#[test]
fn what_has_ended_stays_ended() {
    let c = issue("2026-05-08", "2026-05-08");
    for end in [withdrawn(), cancelled(), superseded()] {
        let c = try_step(&c, step(end, "2026-06-01", "2026-06-01")).unwrap();
        for next in [withdrawn(), cancelled(), suspended("2026-06-02", "2026-09-01"), reinstated("2026-06-02")] {
            assert_eq!(try_step(&c, step(next, "2026-06-02", "2026-06-02")).unwrap_err(), "certificate_ended");
        }
    }
    let expired = "2029-05-08";
    assert_eq!(try_step(&c, step(withdrawn(), expired, expired)).unwrap_err(), "certificate_expired");
    assert_eq!(try_step(&c, step(withdrawn(), "2029-05-01", expired)).unwrap_err(), "certificate_expired");
    assert!(try_step(&c, step(withdrawn(), "2029-05-07", "2029-05-07")).is_ok());
    assert_eq!(try_step(&c, step(reinstated("2026-06-01"), "2026-06-01", "2026-06-01")).unwrap_err(), "not_suspended");
    // An old reinstatement does not lift a new suspension.
    let c = try_step(&c, step(suspended("2026-06-01", "2026-09-01"), "2026-06-01", "2026-06-01")).unwrap();
    let c = try_step(&c, step(reinstated("2026-06-10"), "2026-06-10", "2026-06-10")).unwrap();
    let c = try_step(&c, step(suspended("2026-07-01", "2026-09-01"), "2026-07-01", "2026-07-01")).unwrap();
    assert_eq!(
        try_step(&c, step(reinstated("2026-06-10"), "2026-07-02", "2026-07-02")).unwrap_err(),
        "reinstatement_not_passed"
    );
    let twice = step(suspended("2026-07-02", "2026-09-01"), "2026-07-02", "2026-07-02");
    assert_eq!(try_step(&c, twice).unwrap_err(), "already_suspended");
}

#[test]
fn a_change_is_neither_ante_dated_before_the_last_one_nor_ended_in_the_future() {
    let c = issue("2026-05-08", "2026-05-01");
    assert_eq!(try_step(&c, step(withdrawn(), "2026-04-30", "2026-06-01")).unwrap_err(), "effective_too_early");
    assert_eq!(try_step(&c, step(withdrawn(), "2026-06-02", "2026-06-01")).unwrap_err(), "in_the_future");
    // Withdrawn before it came into force: withdrawn is what the public reads, before and after.
    let w = try_step(&c, step(withdrawn(), "2026-05-03", "2026-05-03")).unwrap();
    stands(&w, "2026-05-02", Standing::NotYetEffective);
    stands(&w, "2026-05-03", Standing::Withdrawn);
    stands(&w, "2029-06-01", Standing::Withdrawn);
}

#[test]
fn surveillance_moves_its_own_date_only() {
    let i = intervals();
    let c = issue("2024-02-29", "2024-02-29");
    assert_eq!(c.surveillance_due(Timestamp::MAX), d("2025-02-28"));
    let survey = |c: &Certificate, on: &str, recorded: &str, outcome| {
        let on_site_ended_on = d(on);
        let next_due_on = c.next_due_after(on_site_ended_on, outcome, &i);
        try_step(c, step(CertificateChange::Surveyed { on_site_ended_on, outcome, next_due_on }, on, recorded))
    };
    let failed = survey(&c, "2025-02-01", "2025-02-03", SurveillanceOutcome::Failed).unwrap();
    assert_eq!(failed.surveillance_due(Timestamp::MAX), d("2025-02-28"), "a failed one does not count");
    let c = survey(&c, "2025-02-01", "2025-02-03", SurveillanceOutcome::Passed).unwrap();
    assert_eq!(c.surveillance_due(Timestamp::MAX), d("2026-02-01"));
    assert_eq!(c.surveillance_due(noon("2025-02-02")), d("2025-02-28"), "as it was known then");
    assert_eq!(
        survey(&c, "2025-02-01", "2025-02-05", SurveillanceOutcome::Passed).unwrap_err(),
        "surveillance_recorded"
    );
    assert_eq!(survey(&c, "2025-03-02", "2025-03-01", SurveillanceOutcome::Passed).unwrap_err(), "in_the_future");
    let c = survey(&c, "2026-02-20", "2026-02-20", SurveillanceOutcome::Passed).unwrap();
    assert_eq!(c.surveillance_due(Timestamp::MAX), d("2027-02-20"));
    assert_eq!(c.terms().valid_until, d("2027-02-27"));
    let flags = |day: &str| c.flags(Standing::Valid, d(day), Timestamp::MAX, &i);
    assert_eq!(flags("2026-11-20"), vec![]);
    assert_eq!(flags("2026-11-22"), vec![Flag::SurveillanceDue]);
    assert_eq!(flags("2027-02-20"), vec![Flag::SurveillanceDue, Flag::ExpiresSoon]);
    assert_eq!(flags("2027-02-21"), vec![Flag::SurveillanceOverdue, Flag::ExpiresSoon]);
    // Suspended for overdue surveillance: reinstated only once surveillance is on record.
    let s = try_step(&c, step(suspended("2027-02-21", "2027-02-27"), "2027-02-21", "2027-02-21")).unwrap();
    let back = || step(reinstated("2027-02-22"), "2027-02-22", "2027-02-22");
    assert_eq!(try_step(&s, back()).unwrap_err(), "surveillance_overdue");
    let s = survey(&s, "2027-02-21", "2027-02-22", SurveillanceOutcome::Passed).unwrap();
    assert_eq!(s.surveillance_due(Timestamp::MAX), s.terms().valid_until, "never after the last day");
    assert!(try_step(&s, back()).is_ok());
}

#[test]
fn a_suspension_still_to_start_can_be_lifted() {
    let c = issue("2026-05-08", "2026-05-08");
    let c = try_step(&c, step(suspended("2026-09-10", "2026-12-01"), "2026-09-14", "2026-09-10")).unwrap();
    let c = try_step(&c, step(reinstated("2026-09-11"), "2026-09-14", "2026-09-11")).unwrap();
    for day in ["2026-09-13", "2026-09-14", "2026-12-02"] {
        stands(&c, day, Standing::Valid);
    }
}

#[test]
fn a_stored_life_out_of_order_has_no_reading() {
    let c = issue("2026-05-08", "2026-05-08");
    let s = step(reinstated("2026-06-01"), "2026-06-01", "2026-06-01");
    assert_eq!(c.apply(s.clone()).unwrap_err().code, "not_suspended");
    assert_eq!(Certificate::begin(CertificateId::from_bytes([1; 6]), s).unwrap_err().code, "not_issued");
    assert!(day_end(d("2026-05-08")) > day_start(d("2026-05-08")));
}

/// The status lists say the standing without its dates: of every life, at every instant, from what was known at any other.
#[test]
fn the_lists_and_the_standing_agree_but_for_the_dates() {
    let begun = || issue("2026-05-08", "2026-05-01");
    let on = |c: Certificate, change, day: &str| c.apply(step(change, day, day)).unwrap();
    let suspension = || suspended("2026-09-10", "2027-03-10");
    let lives = [
        begun(),
        on(begun(), suspension(), "2026-09-11"),
        on(on(begun(), suspension(), "2026-09-11"), reinstated("2026-10-08"), "2026-10-09"),
        on(on(begun(), suspension(), "2026-09-11"), withdrawn(), "2026-10-09"),
        on(begun(), cancelled(), "2026-09-11"),
        begun().apply(step(superseded(), "2027-01-01", "2026-09-11")).unwrap(),
        begun().apply(step(suspension(), "2026-09-20", "2026-09-11")).unwrap(),
        on(
            on(on(begun(), suspension(), "2026-09-11"), reinstated("2026-10-08"), "2026-10-09"),
            suspension(),
            "2028-01-01",
        ),
    ];
    let days = [
        "2026-04-30",
        "2026-05-02",
        "2026-05-09",
        "2026-09-10",
        "2026-09-11",
        "2026-09-19",
        "2026-09-20",
        "2026-10-10",
        "2027-01-01",
        "2029-06-01",
    ];
    let mut seen = std::collections::BTreeSet::new();
    for life in &lives {
        for (at, known_at) in days.iter().flat_map(|at| days.iter().map(move |known| (noon(at), noon(known)))) {
            let listed = life.moves().listed(at, known_at);
            seen.insert(listed);
            match life.standing(at, known_at).map(|s| s.standing) {
                Some(Standing::Withdrawn | Standing::Cancelled | Standing::Superseded) => {
                    assert_eq!(listed, Listed::Revoked)
                }
                Some(Standing::Suspended) => assert_eq!(listed, Listed::Suspended),
                Some(Standing::Valid | Standing::NotYetEffective) | None => assert_eq!(listed, Listed::Valid),
                Some(Standing::Expired) => {
                    let last = day_start(life.terms().valid_until);
                    assert_eq!(listed, life.moves().listed(last, known_at), "as on its last day");
                }
            }
            // Nothing happens before the moment that is named.
            let until = life.moves().next_after(at).unwrap_or(Timestamp::MAX);
            for later in days.map(noon).into_iter().filter(|later| at < *later && *later < until) {
                assert_eq!(life.moves().listed(later, Timestamp::MAX), life.moves().listed(at, Timestamp::MAX));
            }
        }
    }
    assert_eq!(seen.len(), 3);
}
