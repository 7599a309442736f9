//! What the commands that change one certificate share: giving the order, and telling how the certificate stands then.

use super::args::{ActArgs, Global};
use super::exit::Exit;
use super::{exit, say};
use crate::domain::dates::china_day;
use crate::domain::{CertificateId, Fact, Refusal};
use crate::service::lookup::{Asked, CertificateAnswer};
use crate::service::revocation::Order;
use crate::service::{Done, Service, ServiceError};
use serde_json::{Value, json};

/// Gives the order and prints the new standing.
pub(super) fn give(global: &Global, number: &str, order: &Order, args: &ActArgs) -> anyhow::Result<Exit> {
    carry_out(global, number, args, |service| service.order(&args.act(), number, order))
}

/// Carries something out on a certificate and prints the new standing.
pub(super) fn carry_out(
    global: &Global,
    number: &str,
    args: &ActArgs,
    order: impl FnOnce(&Service) -> Result<Done, ServiceError>,
) -> anyhow::Result<Exit> {
    answered(args.json, || {
        let opened = global.open()?;
        let done = order(&opened.service)?;
        tell(&opened.service, &done, number, args.json)
    })
}

fn tell(service: &Service, done: &Done, number: &str, json: bool) -> anyhow::Result<Exit> {
    let answer = answer_of(service, service.find(number)?.id)?;
    // A successor that has not begun yet shares what befalls the certificate.
    let others = done.entry.events.iter().filter_map(|e| match &e.fact {
        Fact::Certificate { id, .. } if *id != answer.certificate.id => Some(*id),
        _ => None,
    });
    let others = others.map(|id| answer_of(service, id)).collect::<anyhow::Result<Vec<_>>>()?;
    let effective_at = done.entry.events.first().map(|e| e.effective_at);
    let ahead = effective_at.filter(|at| *at > service.now()).map(china_day);
    if json {
        let mut value = standing_json(service, &answer);
        value["replayed"] = done.replayed.into();
        if let Some(from) = ahead {
            value["recorded_for"] = from.to_string().into();
        }
        if !others.is_empty() {
            value["also"] = others.iter().map(|other| standing_json(service, other)).collect();
        }
        say(value)?;
        return Ok(Exit::Done);
    }
    say(standing_text(service, &answer))?;
    for other in &others {
        say(format_args!("The same was recorded for its successor, {}", standing_text(service, other)))?;
    }
    if let Some(from) = ahead {
        say(format_args!("The change is on record and counts from {from}."))?;
    }
    if done.replayed {
        say("It had been done before under the same key; nothing was done twice.")?;
    }
    Ok(Exit::Done)
}

fn answer_of(service: &Service, id: CertificateId) -> anyhow::Result<CertificateAnswer> {
    let gone = || Refusal::not_found("no_such_certificate", format!("there is no certificate {id}"));
    Ok(service.certificate_answer(id, Asked::default())?.ok_or_else(gone)?)
}

/// Runs a command; where the answer is for programs, a refusal is one too.
pub(super) fn answered(json: bool, run: impl FnOnce() -> anyhow::Result<Exit>) -> anyhow::Result<Exit> {
    let result = run();
    if let (true, Err(error)) = (json, &result)
        && let Some(refusals) = exit::refusals(error)
    {
        say(refusals_json(refusals))?;
    }
    result
}

fn refusals_json(refusals: &[Refusal]) -> Value {
    let one = |r: &Refusal| json!({ "code": r.code, "message": r.message, "pointer": r.pointer });
    match refusals {
        [only] => json!({ "error": one(only) }),
        several => {
            let mut error = several.first().map(one).unwrap_or_default();
            error["also"] = several.iter().skip(1).map(one).collect();
            json!({ "error": error })
        }
    }
}

fn standing_json(service: &Service, answer: &CertificateAnswer) -> Value {
    let certificate = &answer.certificate;
    let (now, terms) = (service.now(), certificate.terms());
    let found = certificate.standing(now, now);
    json!({
        "id": certificate.id, "number": terms.number, "level": terms.level,
        "standing": found.as_ref().map(|s| s.standing),
        "since": found.as_ref().map(|s| s.since.to_string()),
        "flags": answer.flags,
        "surveillance_due_on": certificate.awaits_surveillance(now).map(|d| d.to_string()),
        "valid_until": terms.valid_until.to_string(),
        "url": service.host().certificate_url(certificate.id),
    })
}

/// How a certificate stands, in a few lines.
fn standing_text(service: &Service, answer: &CertificateAnswer) -> String {
    let certificate = &answer.certificate;
    let (now, terms) = (service.now(), certificate.terms());
    let standing = match certificate.standing(now, now) {
        Some(found) => {
            format!("{} {} since {}", found.standing.en(), found.standing.zh(), china_day(found.since))
        }
        None => "its standing cannot be told".to_owned(),
    };
    let url = service.host().certificate_url(certificate.id);
    if certificate.has_ended(now) {
        return format!("{}: {standing}\n{url}", terms.number);
    }
    let due =
        certificate.awaits_surveillance(now).map(|due| format!("; surveillance due by {due}")).unwrap_or_default();
    let suspended = certificate
        .suspension_at(china_day(now), now)
        .map(|until| format!(", suspended until {until}"))
        .unwrap_or_default();
    format!("{}: {standing}{suspended}{due}, valid until {}\n{}", terms.number, terms.valid_until, url)
}
