//! Plays the story through the real use cases, each scene on its own day of a clock set by hand.

use super::story::{Author, Deed, Scene};
use crate::domain::Refusal;
use crate::domain::dates::{add_days, day_start};
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
        Deed::License(request) => drop(service.license_mark(act, &of(&scene.case)?, request)?),
        Deed::Request(request) => drop(service.request_mark(act, &of(&scene.case)?, request)?),
        Deed::RefuseMark | Deed::RevokeMark(_) => {
            let certificate = service.find(&of(&scene.case)?)?;
            let marks = service.marks_of(certificate.id)?;
            let none = || Refusal::not_found("no_such_mark", "the case has no mark");
            let (mark, order) = match &scene.deed {
                Deed::RevokeMark(reason) => (marks.first(), MarkOrder::Revoke { reason: *reason }),
                _ => (marks.last(), MarkOrder::Refuse),
            };
            service.order_mark(act, mark.ok_or_else(none)?.id, &order)?;
        }
    }
    Ok(())
}
