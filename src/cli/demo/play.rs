//! Plays the story through the real use cases, each scene on its own day of a clock set by hand.

use super::story::{Author, Deed, Scene};
use crate::domain::Refusal;
use crate::domain::dates::{add_days, day_start};
use crate::domain::text::Note;
use crate::service::clock::ManualClock;
use crate::service::marks::MarkOrder;
use crate::service::{Act, Actor, Service};
use anyhow::Context as _;
use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use std::collections::HashMap;

/// The first scene of a day; offices open at nine.
const OPENING: SignedDuration = SignedDuration::from_hours(9);
/// Between two scenes of a day.
const PAUSE: SignedDuration = SignedDuration::from_mins(4);

/// When the body sets itself up: some days before anything happens.
pub(super) fn beginning(author: &Author) -> Timestamp {
    let first = author.scenes.first().map_or(author.today, |s| s.on);
    at(add_days(first, -10), 0)
}

fn at(day: Date, number: i32) -> Timestamp {
    let opening = day_start(day).saturating_add(OPENING).unwrap_or(Timestamp::MAX);
    opening.saturating_add(PAUSE * number).unwrap_or(Timestamp::MAX)
}

/// Plays every scene. The clock ends on the last one.
pub(super) fn play(service: &Service, clock: &ManualClock, author: &Author) -> anyhow::Result<()> {
    let act = Act::by(Actor::local("demo"));
    let mut certificates: HashMap<&str, String> = HashMap::new();
    let (mut day, mut number) = (Date::MIN, 0);
    for scene in &author.scenes {
        number = if scene.on == day { number + 1 } else { 0 };
        day = scene.on;
        clock.set(at(day, number));
        enact(service, &act, scene, &mut certificates)
            .with_context(|| format!("the demo's story fails at case {} on {day}", scene.case))?;
    }
    Ok(())
}

fn enact<'a>(
    service: &Service,
    act: &Act,
    scene: &'a Scene,
    certificates: &mut HashMap<&'a str, String>,
) -> anyhow::Result<()> {
    let of = |case: &str| certificates.get(case).cloned().ok_or_else(|| Refusal::not_found("no_case", "no such case"));
    match &scene.deed {
        Deed::Issue(decision) => {
            let issued = service.issue(act, decision)?;
            certificates.insert(&scene.case, issued.id.to_string());
        }
        Deed::Replace { old, reason, decision } => {
            let old = of(old)?;
            let issued = match reason.code() {
                "recertified" => service.recertify(act, &old, decision)?,
                _ => service.supersede(act, &old, *reason, decision)?,
            };
            certificates.insert(&scene.case, issued.id.to_string());
        }
        Deed::Order(order) => drop(service.order(act, &of(&scene.case)?, order)?),
        Deed::Correct(reason) => {
            let certificate = service.find(&of(&scene.case)?)?;
            let latest = u32::try_from(certificate.life().len() - 1)?;
            let act = Act { note: Some(Note::parse("示例：复核记录")?), ..act.clone() };
            service.correct(&act, &certificate.id.to_string(), latest, *reason)?;
        }
        Deed::License(request) => drop(service.license_mark(act, &of(&scene.case)?, request)?),
        Deed::Request(request) => drop(service.request_mark(act, &of(&scene.case)?, request)?),
        Deed::RefuseMark | Deed::InvestigateMark | Deed::RevokeMark(_) => {
            let certificate = service.find(&of(&scene.case)?)?;
            let marks = service.marks_of(certificate.id)?;
            let none = || Refusal::not_found("no_such_mark", "the case has no mark");
            let order = match &scene.deed {
                Deed::RevokeMark(reason) => MarkOrder::Revoke { reason: *reason },
                Deed::InvestigateMark => MarkOrder::Investigate,
                _ => MarkOrder::Refuse,
            };
            // The first of a case stays as its certificate is; the last is the one that something happens to.
            service.order_mark(act, marks.last().ok_or_else(none)?.id, &order)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::cases::story;
    use super::super::story::reference;
    use super::*;
    use crate::cli::init::{Cost, invented_body};
    use crate::domain::{Fact, Flag, Host, Scheme, Standing};
    use crate::service::clock::Machine;
    use crate::service::log::LogFiles;
    use crate::service::lookup::{Asked, CertificateAnswer};
    use crate::service::receipts::MemoryReceipts;
    use crate::service::{Parts, set_up};
    use crate::sign::Passphrase;
    use crate::store::{Claim, Drawer, MemoryStore, Store};
    use std::sync::Arc;
    use zeroize::Zeroizing;

    /// Plays the story as of that day, and shows each case as it stands then.
    fn played(today: Date) -> Vec<(String, CertificateAnswer)> {
        let author = story(today).unwrap();
        let clock = Arc::new(ManualClock::at(beginning(&author)));
        let store: Arc<dyn Store> = Arc::new(MemoryStore::new().unwrap());
        let parts = || Parts {
            store: store.clone(),
            clock: clock.clone(),
            entropy: Arc::new(Machine),
            log: LogFiles::in_memory(),
            scheme: Scheme::parse(include_str!("../../../schemes/gbt27922-2011.toml")).unwrap(),
            receipts: Arc::new(MemoryReceipts::default()),
            drawer: Arc::new(Drawer::in_memory()),
        };
        let keys = tempfile::tempdir().unwrap();
        let passphrase = Passphrase::new(Zeroizing::new("correct horse battery".into())).unwrap();
        let host = Host::parse(super::super::HOST).unwrap();
        set_up(&parts(), &host, &invented_body().unwrap(), keys.path(), &passphrase, Cost::Light.kdf()).unwrap();
        let service = Service::open(parts()).unwrap();
        service.unlock(keys.path(), &passphrase).unwrap();
        play(&service, &clock, &author).unwrap_or_else(|e| panic!("{today}: {e:#}"));
        assert!(service.now() < day_start(today), "nothing happens today or later");
        clock.set(at(today, 0));
        let show = |case: &String| {
            let entry = store.holder_of(&Claim::Reference(reference(case))).unwrap().unwrap();
            let Fact::Certificate { id, .. } = entry.events[0].fact else { panic!("{case}") };
            (case.clone(), service.certificate_answer(id, Asked::default()).unwrap().unwrap())
        };
        author.cases.iter().map(show).collect()
    }

    #[test]
    fn on_any_day_every_case_stands_as_its_name_says() {
        for day in ["2026-11-24", "2026-03-31", "2027-02-28", "2028-02-29", "2026-08-31", "2027-01-01", "2026-12-30"] {
            for (case, answer) in played(day.parse().unwrap()) {
                let terms = answer.certificate.terms();
                let standing = answer.finding.verdict.standing.unwrap();
                if let Some((named, level)) = case.split_once('-')
                    && Standing::ALL.iter().any(|s| s.wire() == named)
                {
                    assert_eq!((standing.wire(), terms.level.wire()), (named, level), "{day} {case}");
                    assert_eq!(answer.flags, [], "{day} {case}");
                }
                let flags: &[Flag] = match case.as_str() {
                    "surveillance-due" => &[Flag::SurveillanceDue],
                    "surveillance-overdue" => &[Flag::SurveillanceOverdue],
                    "suspension-ran-out" => &[Flag::SuspensionRanOut],
                    _ => &[],
                };
                assert_eq!(answer.flags, flags, "{day} {case}");
            }
        }
    }
}
