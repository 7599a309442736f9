//! Lives with errata: what may be taken back, and that what is left stands as if nothing else had been, from then on.

use super::lives::{
    cancelled, d, intervals, issue, noon, reinstated, step, superseded, suspended, try_step, withdrawn,
};
use super::store_contract::{FAR, everywhere};
use super::store_kit::{self, Rng, cert_id, change, mark_event, mark_id, request_mark};
use jiff::Timestamp;
use starmark::domain::certificate::{Certificate, CertificateChange, State, Step, SurveillanceOutcome};
use starmark::domain::mark_licence::MarkState;
use starmark::domain::reason::CorrectionReason;
use starmark::domain::standing::Standing;
use starmark::domain::status_entry::Listed;
use starmark::domain::{MarkChange, Role};
use starmark::store::export::{export, import};
use starmark::store::fsck::{self, Scope};
use starmark::store::{Calendar, Changeset, MemoryStore, SledStore, Store};

fn erratum(corrects: u32, reason: &str) -> CertificateChange {
    CertificateChange::Corrected { corrects, reason: CorrectionReason::parse(reason).unwrap() }
}

/// An erratum recorded on that day at noon.
fn correct(c: &Certificate, corrects: u32, reason: &str, day: &str) -> Result<Certificate, &'static str> {
    let at = noon(day);
    let change = erratum(corrects, reason);
    try_step(c, Step { change, effective_at: at, recorded_at: at, actor: Role::DecisionMaker })
}

fn on(c: Certificate, change: CertificateChange, day: &str) -> Certificate {
    try_step(&c, step(change, day, day)).unwrap()
}

fn surveyed(c: &Certificate, on: &str, outcome: SurveillanceOutcome) -> CertificateChange {
    let on_site_ended_on = d(on);
    let next_due_on = c.next_due_after(on_site_ended_on, outcome, &intervals());
    CertificateChange::Surveyed { on_site_ended_on, outcome, next_due_on }
}

fn standing(c: &Certificate, at: &str, known: &str) -> Standing {
    c.standing(noon(at), noon(known)).unwrap().standing
}

fn begun() -> Certificate {
    issue("2026-05-08", "2026-05-01")
}

fn suspension() -> CertificateChange {
    suspended("2026-09-10", "2027-03-10")
}

#[test]
fn from_the_erratum_on_a_suspension_never_was_and_before_it_it_stays_known() {
    let before = on(begun(), suspension(), "2026-09-10");
    let after = correct(&before, 1, "wrong_certificate", "2026-10-01").unwrap();
    for at in ["2026-09-09", "2026-09-11", "2026-09-30", "2026-10-02", "2028-01-01"] {
        for known in ["2026-05-02", "2026-09-09", "2026-09-11", "2026-09-30"] {
            assert_eq!(after.standing(noon(at), noon(known)), before.standing(noon(at), noon(known)), "{at} {known}");
        }
        let known = after.standing(noon(at), noon("2026-10-01")).unwrap();
        assert_eq!((known.standing, known.step), (Standing::Valid, Some(0)), "{at}");
    }
    assert_eq!(standing(&after, "2026-09-11", "2026-09-30"), Standing::Suspended);
    assert_eq!((after.state(), after.version(), after.life().len()), (&State::InForce, 3, 3));
    assert_eq!(after.corrected_by(1, noon("2026-09-30")), None);
    assert_eq!(after.corrected_by(1, noon("2026-10-01")), Some(2));
    assert_eq!(after.suspension_at(d("2026-09-20"), noon("2026-10-01")), None);
    // What is right is recorded anew, from the day it was right on.
    let right = step(suspended("2026-09-10", "2026-12-31"), "2026-09-12", "2026-10-01");
    let right = try_step(&after, right).unwrap();
    assert_eq!(standing(&right, "2026-09-11", "2026-10-02"), Standing::Valid);
    assert_eq!(standing(&right, "2026-09-13", "2026-10-02"), Standing::Suspended);
    assert_eq!(right.suspension_at(d("2026-09-20"), noon("2026-10-02")), Some(d("2026-12-31")));
}

#[test]
fn an_end_in_error_is_no_end() {
    for end in [withdrawn(), cancelled()] {
        let ended = on(on(begun(), suspension(), "2026-09-10"), end, "2026-09-20");
        let back = correct(&ended, 2, "overturned", "2026-10-01").unwrap();
        assert!(matches!(back.state(), State::Suspended { .. }), "as it stood before");
        assert_eq!(standing(&back, "2026-09-21", "2026-10-01"), Standing::Suspended);
        assert_ne!(standing(&back, "2026-09-21", "2026-09-30"), Standing::Suspended);
        assert!(back.has_ended(noon("2026-10-02")) != ended.has_ended(noon("2026-10-02")));
        let back = correct(&back, 1, "overturned", "2026-10-02").unwrap();
        assert_eq!((back.state(), standing(&back, "2026-09-21", "2026-10-02")), (&State::InForce, Standing::Valid));
        assert_eq!(back.moves().listed(noon("2026-10-03"), Timestamp::MAX), Listed::Valid);
        on(back, withdrawn(), "2026-10-03");
    }
}

#[test]
fn a_suspension_that_was_lifted_goes_with_what_lifted_it() {
    let c = on(on(begun(), suspension(), "2026-09-10"), reinstated("2026-10-08"), "2026-10-08");
    let both = correct(&c, 1, "not_decided", "2026-11-01").unwrap();
    assert_eq!((both.corrected_by(1, Timestamp::MAX), both.corrected_by(2, Timestamp::MAX)), (Some(3), Some(3)));
    let found = both.standing(noon("2026-09-20"), Timestamp::MAX).unwrap();
    assert_eq!((found.standing, found.step), (Standing::Valid, Some(0)));
    // Whatever came later stays.
    let later = on(on(c.clone(), suspended("2026-10-20", "2027-01-01"), "2026-10-20"), withdrawn(), "2026-10-25");
    let later = correct(&later, 1, "not_decided", "2026-11-01").unwrap();
    assert_eq!(standing(&later, "2026-09-20", "2026-11-01"), Standing::Valid);
    assert_eq!(standing(&later, "2026-10-22", "2026-11-01"), Standing::Suspended);
    assert_eq!(standing(&later, "2026-10-26", "2026-11-01"), Standing::Withdrawn);
    // A reinstatement in error leaves the suspension; the day before which a change cannot lie moves with it.
    let suspended_again = correct(&c, 2, "not_decided", "2026-11-01").unwrap();
    assert!(matches!(suspended_again.state(), State::Suspended { .. }));
    assert_eq!(standing(&suspended_again, "2026-10-20", "2026-11-01"), Standing::Suspended);
    let passed = step(reinstated("2026-10-01"), "2026-10-02", "2026-11-01");
    try_step(&suspended_again, passed).unwrap();
}

#[test]
fn a_surveillance_in_error_gives_its_date_back() {
    let c = begun();
    let first = on(c.clone(), surveyed(&c, "2027-04-20", SurveillanceOutcome::Passed), "2027-04-21");
    assert_eq!(first.awaits_surveillance(Timestamp::MAX), Some(d("2028-04-20")));
    let none = correct(&first, 1, "wrong_outcome", "2027-04-25").unwrap();
    assert_eq!(none.awaits_surveillance(Timestamp::MAX), Some(d("2027-05-08")));
    assert_eq!(none.awaits_surveillance(noon("2027-04-24")), Some(d("2028-04-20")), "as it was known then");
    assert_eq!(none.surveillances(Timestamp::MAX).count(), 0);
    // The same days on site with what they found in truth.
    let failed = on(none.clone(), surveyed(&none, "2027-04-20", SurveillanceOutcome::Failed), "2027-04-25");
    let found: Vec<_> = failed.surveillances(Timestamp::MAX).collect();
    assert_eq!(found, [(d("2027-04-20"), SurveillanceOutcome::Failed)]);
    // An earlier one may go while a later one, or a suspension, stands.
    let c = on(first.clone(), surveyed(&first, "2028-04-01", SurveillanceOutcome::Passed), "2028-04-02");
    let c = on(c, suspended("2028-04-03", "2028-06-01"), "2028-04-03");
    let c = correct(&c, 1, "wrong_dates", "2028-04-04").unwrap();
    assert_eq!(c.awaits_surveillance(Timestamp::MAX), Some(d("2029-04-01")));
    assert!(matches!(c.state(), State::Suspended { .. }));
}

#[test]
fn what_is_not_taken_back_is_refused() {
    let c = on(on(begun(), suspension(), "2026-09-10"), withdrawn(), "2026-09-20");
    let day = "2026-10-01";
    for (corrects, code) in
        [(0, "not_correctable"), (1, "corrected_out_of_order"), (3, "no_such_step"), (u32::MAX, "no_such_step")]
    {
        assert_eq!(correct(&c, corrects, "other", day).unwrap_err(), code, "step {corrects}");
    }
    let once = correct(&c, 2, "other", day).unwrap();
    assert_eq!(correct(&once, 2, "other", day).unwrap_err(), "already_corrected");
    assert_eq!(correct(&once, 3, "other", day).unwrap_err(), "not_correctable", "an erratum is none's");
    let at = noon(day);
    for (effective_at, recorded_at) in [(noon("2026-09-30"), at), (noon("2026-10-02"), at)] {
        let dated = Step { change: erratum(2, "other"), effective_at, recorded_at, actor: Role::DecisionMaker };
        assert_eq!(c.clone().apply(dated).unwrap_err().code, "erratum_dated");
    }
    // A reason that the step itself contradicts.
    let surveyed = on(begun(), surveyed(&begun(), "2026-09-01", SurveillanceOutcome::Passed), "2026-09-02");
    assert_eq!(correct(&surveyed, 1, "wrong_reason", day).unwrap_err(), "reason_untrue");
    assert_eq!(correct(&c, 2, "wrong_outcome", day).unwrap_err(), "reason_untrue");
    let lifted = on(on(begun(), suspension(), "2026-09-10"), reinstated("2026-09-20"), "2026-09-20");
    assert_eq!(correct(&lifted, 2, "wrong_reason", day).unwrap_err(), "reason_untrue");
}

#[test]
fn what_is_over_takes_errata_but_none_that_ask_for_another_order() {
    let c = on(begun(), suspension(), "2026-09-10");
    let expired = "2029-05-08";
    assert_eq!(correct(&c, 1, "wrong_dates", expired).unwrap_err(), "too_late_to_correct");
    let right = correct(&c, 1, "not_decided", expired).unwrap();
    assert_eq!(standing(&right, "2026-09-20", expired), Standing::Valid);
    // The same of one whose successor has taken its place; that it did is never taken back, nor what it stands on.
    let lifted = on(c, reinstated("2026-09-20"), "2026-09-20");
    let replaced = on(lifted, superseded(), "2026-10-01");
    assert_eq!(correct(&replaced, 3, "other", "2026-10-02").unwrap_err(), "not_correctable");
    assert_eq!(correct(&replaced, 2, "other", "2026-10-02").unwrap_err(), "corrected_out_of_order");
    assert_eq!(correct(&replaced, 1, "wrong_reason", "2026-10-02").unwrap_err(), "too_late_to_correct");
    let right = correct(&replaced, 1, "other", "2026-10-02").unwrap();
    assert_eq!(standing(&right, "2026-09-15", "2026-10-02"), Standing::Valid);
    assert_eq!(standing(&right, "2026-10-01", "2026-10-02"), Standing::Superseded);
}

/// A roster had it as withdrawn, and that was wrong: its record may go out, as of any that was running when it was signed.
#[test]
fn what_had_ended_before_its_record_had_not_when_that_was_an_error() {
    let taken_over = issue("2026-05-08", "2026-06-01").apply(step(withdrawn(), "2026-05-20", "2026-06-01")).unwrap();
    assert_eq!(taken_over.ended_before_record(), Some(Standing::Withdrawn));
    let back = correct(&taken_over, 1, "not_decided", "2026-07-01").unwrap();
    assert_eq!(back.ended_before_record(), None);
    assert_eq!(standing(&back, "2026-06-02", "2026-06-30"), Standing::Withdrawn);
}

/// A life as the tests know it: which of its steps count.
struct Model {
    steps: Vec<(Step, bool)>,
}

impl Model {
    /// The life that is left, put together from nothing.
    fn left(&self) -> Certificate {
        let mut left = self.steps.iter().filter(|(_, counts)| *counts).map(|(s, _)| s.clone());
        let first = Certificate::begin(begun().id, left.next().unwrap()).unwrap();
        left.fold(first, |c, s| c.apply(s).unwrap())
    }

    fn take_back(&mut self, corrects: usize) {
        self.steps[corrects].1 = false;
        let counts = |(i, (s, counts)): (usize, &(Step, bool))| {
            let moves = !matches!(s.change, CertificateChange::Surveyed { .. } | CertificateChange::Superseded { .. });
            (i > corrects && *counts && moves).then(|| (i, s.change.clone()))
        };
        let next = self.steps.iter().enumerate().find_map(counts);
        let suspended = matches!(self.steps[corrects].0.change, CertificateChange::Suspended { .. });
        if let (true, Some((lifted, CertificateChange::Reinstated { .. }))) = (suspended, next) {
            self.steps[lifted].1 = false;
        }
    }
}

/// What a certificate answers about many days.
fn answers(c: &Certificate, known_at: Timestamp) -> String {
    let mut out = format!("{:?}\n", (c.awaits_surveillance(known_at), c.succession(known_at)));
    let moves = c.moves();
    for months in (0..16).chain([36, 37]) {
        let day = d("2026-04-20").saturating_add(jiff::Span::new().months(months).days(months % 28));
        let at = noon(&day.to_string());
        let found = c.standing(at, known_at).map(|s| (s.standing, s.since));
        let flags = found.map_or(vec![], |(s, _)| c.flags(s, day, known_at, &intervals()));
        let listed = moves.listed(at, known_at);
        out += &format!("{day} {found:?} {flags:?} {:?} {listed:?}\n", c.suspension_at(day, known_at));
    }
    out
}

#[test]
fn any_life_with_errata_stands_as_the_life_without_what_they_take_back() {
    let mut corrected = 0;
    for seed in 0..120 {
        let mut rng = Rng(seed);
        let mut life = begun();
        let mut model = Model { steps: vec![(life.life()[0].clone(), true)] };
        let mut known = vec![];
        for n in 0..12 {
            let day = d("2026-05-20").saturating_add(jiff::Span::new().days(n * 25 + rng.below(20) as i64));
            let today = day.to_string();
            let change = match rng.below(10) {
                0..3 => suspended(&today, &day.saturating_add(jiff::Span::new().months(4)).to_string()),
                3..5 => reinstated(&today),
                5 => surveyed(&life, &today, SurveillanceOutcome::Passed),
                6 => {
                    if rng.below(2) == 0 {
                        withdrawn()
                    } else {
                        cancelled()
                    }
                }
                _ => erratum(rng.below(life.version() + 1) as u32, "other"),
            };
            let (at, change) = match change {
                erratum @ CertificateChange::Corrected { .. } => (noon(&today), erratum),
                other => (starmark::domain::dates::day_start(day), other),
            };
            let step = Step { change, effective_at: at, recorded_at: noon(&today), actor: Role::DecisionMaker };
            let Ok(after) = try_step(&life, step.clone()) else { continue };
            match step.change {
                CertificateChange::Corrected { corrects, .. } => {
                    corrected += 1;
                    model.steps.push((step, false));
                    model.take_back(corrects as usize);
                }
                _ => model.steps.push((step, true)),
            }
            known.push((noon(&today), answers(&life, Timestamp::MAX)));
            life = after;
            assert_eq!(answers(&life, Timestamp::MAX), answers(&model.left(), Timestamp::MAX), "seed {seed}");
            assert_eq!(life.state(), model.left().state(), "seed {seed}");
        }
        // What was known before each step is known of then for ever.
        for (recorded_at, answer) in known {
            let before = Timestamp::from_second(recorded_at.as_second() - 1).unwrap();
            assert_eq!(answers(&life, before), answer, "seed {seed}");
        }
    }
    assert!(corrected > 90, "{corrected}");
}

fn erratum_of(n: u64, version: u64, corrects: u32) -> Changeset {
    change(n, version, erratum(corrects, "other"))
}

fn calendars(store: &dyn Store) -> Vec<Vec<String>> {
    let all = [Calendar::SurveillanceDue, Calendar::SuspensionEnds, Calendar::Expires];
    all.map(|c| store.calendar(c, FAR).unwrap().iter().map(|(on, id)| format!("{on} {id}")).collect()).into()
}

/// Certificates with every kind of erratum, and the same without what they take back.
fn with_and_without() -> (Vec<Changeset>, Vec<Changeset>) {
    let until = jiff::civil::date(2026, 9, 1);
    let due = jiff::civil::date(2028, 4, 1);
    let passed = || store_kit::surveyed(SurveillanceOutcome::Passed, due);
    let mut with: Vec<Changeset> = (0..7).map(store_kit::issue).collect();
    let mut without = with.clone();
    with.extend([
        change(0, 1, store_kit::suspended(until)),
        erratum_of(0, 2, 1),
        change(1, 1, store_kit::suspended(until)),
        change(1, 2, store_kit::withdrawn()),
        erratum_of(1, 3, 2),
        change(2, 1, store_kit::suspended(until)),
        change(2, 2, store_kit::reinstated()),
        erratum_of(2, 3, 2),
        change(3, 1, passed()),
        erratum_of(3, 2, 1),
        change(4, 1, passed()),
        change(4, 2, store_kit::withdrawn()),
        erratum_of(4, 3, 2),
        change(5, 1, store_kit::withdrawn()),
        erratum_of(5, 2, 1),
        change(5, 3, store_kit::withdrawn()),
        change(6, 1, store_kit::suspended(until)),
        change(6, 2, store_kit::reinstated()),
        erratum_of(6, 3, 1),
    ]);
    without.extend([
        change(1, 1, store_kit::suspended(until)),
        change(2, 1, store_kit::suspended(until)),
        change(4, 1, passed()),
        change(5, 1, store_kit::withdrawn()),
    ]);
    (with, without)
}

#[test]
fn what_an_erratum_takes_back_comes_back_to_the_calendars() {
    let (with, without) = with_and_without();
    everywhere(|store| {
        let plain = MemoryStore::new().unwrap();
        for unit in &with {
            store.commit(unit.clone()).unwrap();
        }
        for unit in &without {
            plain.commit(unit.clone()).unwrap();
        }
        assert_eq!(calendars(store), calendars(&plain));
        assert!(calendars(store).iter().all(|c| !c.is_empty()));
        // Whoever was ever listed is looked at, also when nothing is left of it; a surveillance never is.
        let listed: Vec<_> = (1..=3).flat_map(|list| store.status_list(list).unwrap()).map(|(_, id)| id).collect();
        assert_eq!(listed.len(), 6);
        assert!(!listed.contains(&cert_id(3)));
        // In one group as one by one.
        let grouped = MemoryStore::new().unwrap();
        assert!(grouped.commit_all(with.clone()).iter().all(Result::is_ok));
        assert_eq!(calendars(&grouped), calendars(&plain));
    });
}

#[test]
fn errata_survive_restart_rebuild_and_exchange() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let store = SledStore::create(&data).unwrap();
    let (with, _) = with_and_without();
    for unit in with {
        store.commit(unit).unwrap();
    }
    let told = |store: &dyn Store| {
        let lives: Vec<_> = (0..7).map(|n| store.certificate(cert_id(n)).unwrap()).collect();
        format!("{lives:?} {:?}", calendars(store))
    };
    let before = told(&store);
    let mut out = vec![];
    export(&store, &mut out).unwrap();
    let back = MemoryStore::new().unwrap();
    import(&back, &mut out.as_slice()).unwrap();
    assert_eq!(told(&back), before);
    drop(store);
    let scratch = dir.path().join("scratch");
    let report = fsck::check(&data, Scope::Everything(&scratch), &|_| {}).unwrap();
    assert_eq!(report.findings, vec![]);
    assert_eq!(told(&SledStore::open(&data).unwrap()), before);
    std::fs::remove_dir_all(data.join(starmark::store::VIEWS_DIR)).unwrap();
    assert_eq!(told(&SledStore::open(&data).unwrap()), before);
}

#[test]
fn a_unit_whose_erratum_has_no_reading_is_not_written() {
    everywhere(|store| {
        store.commit(store_kit::issue(1)).unwrap();
        store.commit(change(1, 1, store_kit::withdrawn())).unwrap();
        for corrects in [0, 2, 9] {
            store.commit(erratum_of(1, 2, corrects)).unwrap_err();
        }
        store.commit(erratum_of(1, 2, 1)).unwrap();
        store.commit(erratum_of(1, 3, 1)).unwrap_err();
        assert_eq!(store.certificate(cert_id(1)).unwrap().unwrap().version(), 3);
    });
}

/// A store with a certificate that has so many granted marks.
fn marked(marks: u64) -> MemoryStore {
    let store = MemoryStore::new().unwrap();
    store.commit(store_kit::issue(1)).unwrap();
    for m in 1..=marks {
        store.commit(request_mark(m, 1, m - 1)).unwrap();
        store.commit(mark_unit(m, m, MarkChange::Approved { digits: "1".into() })).unwrap();
    }
    store
}

/// A change of mark `m`, recorded at second `n`.
fn mark_unit(n: u64, m: u64, change: MarkChange) -> Changeset {
    let events = vec![mark_event(m, 1, change)];
    let mut unit = Changeset { expect: vec![], events, ..store_kit::setting("示例") };
    unit.events[0].recorded_at = store_kit::at(1_000 + n as i64);
    unit.events[0].effective_at = unit.events[0].recorded_at;
    unit
}

fn state_of(store: &MemoryStore, m: u64, at: i64, known: i64) -> MarkState {
    let (at, known) = (store_kit::at(1_000 + at), store_kit::at(1_000 + known));
    store.mark(mark_id(m)).unwrap().unwrap().state_at(at, known).unwrap().0
}

#[test]
fn a_mark_is_freed_of_what_befell_it_and_of_nothing_else() {
    let store = marked(2);
    let commit = |n, m, change| store.commit(mark_unit(n, m, change));
    let state = |m: u64, at: i64, known: i64| state_of(&store, m, at, known);
    let correct = |corrects| MarkChange::Corrected { corrects };
    commit(10, 1, MarkChange::Frozen).unwrap();
    commit(20, 1, MarkChange::Ended).unwrap();
    commit(30, 1, correct(3)).unwrap();
    assert_eq!(
        (state(1, 25, 29), state(1, 25, 30), state(1, 35, 35)),
        (MarkState::Ended, MarkState::Frozen, MarkState::Frozen)
    );
    commit(40, 1, correct(2)).unwrap();
    assert_eq!(
        (state(1, 25, 39), state(1, 25, 40), state(1, 45, 45)),
        (MarkState::Frozen, MarkState::Active, MarkState::Active)
    );
    for wrong in [0, 1, 2, 3, 4, 9] {
        commit(41, 1, correct(wrong)).unwrap_err();
    }
    // A freeze that was lifted goes with what lifted it; a revocation stays, whatever went before.
    commit(10, 2, MarkChange::Frozen).unwrap();
    commit(20, 2, MarkChange::Unfrozen).unwrap();
    commit(30, 2, correct(2)).unwrap();
    assert_eq!((state(2, 15, 29), state(2, 15, 30)), (MarkState::Frozen, MarkState::Active));
    commit(40, 2, MarkChange::Frozen).unwrap();
    let reason = starmark::domain::reason::MarkRevocationReason::parse("misuse").unwrap();
    commit(50, 2, MarkChange::Revoked { reason }).unwrap();
    commit(60, 2, correct(5)).unwrap();
    assert_eq!((state(2, 45, 60), state(2, 55, 60)), (MarkState::Active, MarkState::Revoked));
    commit(61, 2, correct(6)).unwrap_err();
}

#[test]
fn an_investigation_outlasts_a_freeze_and_its_erratum() {
    let store = marked(1);
    let commit = |n, change| store.commit(mark_unit(n, 1, change));
    let state = |at: i64| state_of(&store, 1, at, 99);
    commit(10, MarkChange::Cleared).unwrap_err();
    commit(10, MarkChange::Frozen).unwrap();
    commit(20, MarkChange::Investigated).unwrap();
    commit(21, MarkChange::Investigated).unwrap_err();
    assert_eq!(state(25), MarkState::Frozen, "what its certificate suffers is the worse");
    commit(30, MarkChange::Unfrozen).unwrap();
    let told = store.mark(mark_id(1)).unwrap().unwrap().state_at(store_kit::at(1_035), store_kit::at(1_099));
    assert_eq!(told, Some((MarkState::UnderInvestigation, store_kit::at(1_020))));
    // The freeze goes with what lifted it, whatever was looked into between them.
    commit(40, MarkChange::Corrected { corrects: 2 }).unwrap();
    assert_eq!((state(15), state(45)), (MarkState::Active, MarkState::UnderInvestigation));
    commit(50, MarkChange::Cleared).unwrap();
    assert_eq!((state(45), state(55)), (MarkState::UnderInvestigation, MarkState::Active));
    commit(60, MarkChange::Investigated).unwrap();
    let reason = starmark::domain::reason::MarkRevocationReason::parse("copied").unwrap();
    commit(70, MarkChange::Revoked { reason }).unwrap();
    commit(80, MarkChange::Cleared).unwrap_err();
    assert_eq!(state(85), MarkState::Revoked);
}
