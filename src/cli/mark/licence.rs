//! Mark licences: list, request, approve, refuse, replace, revoke.

use super::{Command, licence_json, licence_text};
use crate::cli::args::{ActArgs, Global};
use crate::cli::exit::Exit;
use crate::cli::order::answered;
use crate::cli::say;
use crate::domain::{MarkId, MarkLicence};
use crate::service::Service;
use crate::service::marks::MarkOrder;

pub(super) fn run(global: &Global, command: &Command) -> anyhow::Result<Exit> {
    match command {
        Command::List { number, json } => answered(*json, || {
            let opened = global.open()?;
            let certificate = opened.service.find(number)?;
            let licences = opened.service.marks_of(certificate.id)?;
            if licences.is_empty() && !json {
                say(format_args!("{} has no marks.", certificate.terms().number))?;
            }
            for licence in &licences {
                tell(&opened.service, licence, *json)?;
            }
            Ok(Exit::Done)
        }),
        Command::Request { number, usage, act } => answered(act.json, || {
            let opened = global.open()?;
            let licence = opened.service.request_mark(&act.act(), number, &usage.request())?;
            tell(&opened.service, &licence, act.json)?;
            Ok(Exit::Done)
        }),
        Command::Approve { mark, act } => order(global, *mark, &MarkOrder::Approve, act),
        Command::Refuse { mark, act } => order(global, *mark, &MarkOrder::Refuse, act),
        Command::Replace { mark, act } => answered(act.json, || {
            let opened = global.open_to_sign()?;
            let licence = opened.service.replace_mark(&act.act(), *mark)?;
            tell(&opened.service, &licence, act.json)?;
            Ok(Exit::Done)
        }),
        Command::Investigate { mark, act } => order(global, *mark, &MarkOrder::Investigate, act),
        Command::Clear { mark, act } => order(global, *mark, &MarkOrder::Clear, act),
        Command::Revoke { mark, reason, act } => order(global, *mark, &MarkOrder::Revoke { reason: *reason }, act),
    }
}

fn order(global: &Global, mark: MarkId, order: &MarkOrder, args: &ActArgs) -> anyhow::Result<Exit> {
    answered(args.json, || {
        let opened = if *order == MarkOrder::Approve { global.open_to_sign()? } else { global.open()? };
        let licence = opened.service.order_mark(&args.act(), mark, order)?;
        tell(&opened.service, &licence, args.json)?;
        Ok(Exit::Done)
    })
}

fn tell(service: &Service, licence: &MarkLicence, json: bool) -> anyhow::Result<()> {
    if json { say(licence_json(service, licence)) } else { say(licence_text(service, licence)) }
}
