//! `demo`: an invented body with a certificate in every level and standing, made once and served.

mod cases;
mod draft;
mod play;
mod story;

use super::args::{Global, local_actor};
use super::exit::{Exit, Usage};
use super::init::{Cost, invented_body, make, passphrase};
use super::open::{open_store, service};
use super::{listen, say};
use crate::domain::dates::china_day;
use crate::domain::{CertificateId, Fact, Host, MarkLicence, Refusal, Role, Standing};
use crate::service::clock::{Clock, Machine, ManualClock};
use crate::service::data_dir::DataDir;
use crate::service::lookup::Asked;
use crate::service::watch::Reach;
use crate::service::{Act, Service};
use crate::store::{Claim, Store};
use anyhow::Context as _;
use clap::Args;
use serde_json::{Value, json};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener};
use std::sync::Arc;
use zeroize::Zeroizing;

/// Data directory unless `--data` names another.
const DEFAULT_DATA: &str = "demo-data";
/// The demo's host; it has the 13 characters a host has at most.
const HOST: &str = "xb.example.cn";
/// Names of the demo's tokens begin so.
const TOKEN: &str = "demo-";

/// Make an invented register with every level in every standing, and serve it
#[derive(Debug, Args)]
#[command(after_help = "A second start reuses the directory and prints the same cases. Everything in it is invented.")]
pub(super) struct Demo {
    /// Address to listen at
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8080")]
    listen: SocketAddr,
    /// Print one JSON object a line
    #[arg(long)]
    json: bool,
}

/// One case as it is shown.
struct Line {
    value: Value,
    text: String,
}

impl Demo {
    pub(super) fn run(&self, global: &Global) -> anyhow::Result<Exit> {
        listen::log("warn");
        let address = free_port(self.listen)?;
        let dir = global.data_dir(DEFAULT_DATA)?;
        let store = if dir.check_finished().is_ok() { open_store(&dir)? } else { create(global, &dir)? };
        let service = Arc::new(service(&dir, store, Arc::new(Machine))?);
        global.confirm_today(&service)?;
        let missing = || Usage(format!("the passphrase of {} is missing", dir.root().display()));
        service.unlock(&dir.keys(), &global.passphrase(&dir)?.ok_or_else(missing)?)?;
        let base = format!("http://{}", reachable(address));
        for line in lines(&service, &dir, &base)? {
            if self.json { say(line.value)? } else { say(line.text)? }
        }
        // Whoever tries it out has a receiver on this machine.
        service.start_watch(&base, Reach::Anywhere)?;
        let token = token(&service)?;
        let json = self.json;
        let options = listen::Options {
            listen: address,
            base: base.clone(),
            limits: listen::Limits::DEFAULT,
            kept: (dir.root().to_owned(), listen::KEPT_MIB << 20),
            control: dir.control_socket(),
        };
        service.start_counting();
        listen::listen(service.clone(), options, |_| {
            // Whoever started it may have stopped reading; it serves all the same.
            let _ = if json {
                say(json!({ "ready": true, "token": token.as_str() }))
            } else {
                say(format_args!(
                    "\nServing at {base} (stop with Ctrl-C)\nToken for the issuing API: {}",
                    token.as_str()
                ))
            };
        })?;
        service.keep_counts()?;
        Ok(Exit::Done)
    }
}

/// Makes the directory and plays the story in it. Until the last scene the directory counts as unfinished.
fn create(global: &Global, dir: &DataDir) -> anyhow::Result<Arc<dyn Store>> {
    dir.check_free()?;
    let story = cases::story(china_day(Machine.now()))?;
    let clock = Arc::new(ManualClock::at(play::beginning(&story)));
    let (passphrase, _) = passphrase(global, dir)?;
    let (making, parts) = make(dir, &Host::parse(HOST)?, &invented_body()?, &passphrase, Cost::Light, clock.clone())?;
    let service = service(dir, parts.store.clone(), clock.clone())?;
    service.unlock(&dir.keys(), &passphrase)?;
    play::play(&service, &clock, &story)?;
    making.finish()?;
    Ok(parts.store)
}

/// Every case, as it stands now.
fn lines(service: &Service, dir: &DataDir, base: &str) -> anyhow::Result<Vec<Line>> {
    let mut lines: Vec<Line> = vec![];
    // Only names and order of the cases are taken from the story; whatever day it is written for, they are the same.
    for case in cases::story(china_day(service.now()))?.cases {
        let claim = Claim::Reference(story::reference(&case));
        let entry = service.store().holder_of(&claim)?;
        let issued = entry.and_then(|entry| {
            entry.events.iter().find_map(|e| match &e.fact {
                Fact::Certificate { id, .. } => Some(*id),
                _ => None,
            })
        });
        let Some(id) = issued else {
            let why =
                format!("{} was not made by `starmark demo`: name another directory with --data", dir.root().display());
            return Err(Refusal::conflict("not_a_demo", why).into());
        };
        lines.push(line(service, &case, id, base)?);
    }
    Ok(lines)
}

fn line(service: &Service, case: &str, id: CertificateId, base: &str) -> anyhow::Result<Line> {
    let answer = service.certificate_answer(id, Asked::default())?.context("a case is gone")?;
    let terms = answer.certificate.terms();
    let standing = answer.finding.verdict.standing;
    let marks = service.marks_of(id)?;
    let now = service.now();
    let state = |m: &MarkLicence| m.state_at(now, now).map_or("not in force yet", |(state, _)| state.wire());
    // The first mark of a case stands as its certificate does.
    let mark = marks.first().and_then(|m| m.digits()).map(|digits| format!("{base}/m/{digits}"));
    let page = format!("{base}/c/{id}");
    let value = json!({
        "case": case, "standing": standing, "level": terms.level, "number": terms.number, "id": id,
        "page": page, "api": format!("{base}/api/v1/certificates/{id}"), "mark": mark,
        "marks": marks.iter().map(|m| json!({
            "state": state(m), "medium": m.terms().medium.wire(), "page": format!("{base}/m/{}", m.id),
        })).collect::<Vec<_>>(),
    });
    let (zh, wire) = standing.map_or(("", "unknown"), |s: Standing| (s.zh(), s.wire()));
    let mut text = format!("{case:<30} {wire:<18} {:<11} {}  {page}  {zh}", terms.level.wire(), terms.number);
    for mark in &marks {
        let (state, medium) = (state(mark), mark.terms().medium.wire());
        text.push_str(&format!("\n  mark, {medium:<24} {state:<30} {base}/m/{}", mark.id));
    }
    Ok(Line { value, text })
}

/// A fresh token of every role; those of earlier starts end.
fn token(service: &Service) -> anyhow::Result<Zeroizing<String>> {
    let act = Act::by(local_actor());
    let tokens = service.tokens();
    for old in tokens.iter().filter(|t| t.name.starts_with(TOKEN) && !t.revoked) {
        service.revoke_token(&act, &old.name)?;
    }
    let number = tokens.iter().filter(|t| t.name.starts_with(TOKEN)).count() + 1;
    Ok(service.make_token(&act, &format!("{TOKEN}{number}"), &Role::OF_TOKENS)?)
}

/// The address to listen at; a port of 0 becomes one that is free now, for the links are printed first.
fn free_port(address: SocketAddr) -> anyhow::Result<SocketAddr> {
    let busy = || format!("cannot serve at {address}; name another with --listen");
    Ok(TcpListener::bind(address).with_context(busy)?.local_addr()?)
}

/// The address a browser on this machine reaches it at.
fn reachable(address: SocketAddr) -> SocketAddr {
    let mut reachable = address;
    match address {
        SocketAddr::V4(v4) if v4.ip().is_unspecified() => reachable.set_ip(Ipv4Addr::LOCALHOST.into()),
        SocketAddr::V6(v6) if v6.ip().is_unspecified() => reachable.set_ip(Ipv6Addr::LOCALHOST.into()),
        _ => {}
    }
    reachable
}
