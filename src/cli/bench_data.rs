//! `bench-data`: an invented register of any size, to see what an installation carries. Each certificate is signed, recorded and logged as any
//! other; one in fifty each is suspended, withdrawn, cancelled, expired.

use super::args::{Global, local_actor};
use super::companies::Company;
use super::exit::Exit;
use super::init::{Cost, invented_body, make, passphrase};
use super::open::service;
use super::{files, progress, say, tell_log};
use crate::domain::dates::{add_days, add_months, china_day};
use crate::domain::holder::{Holder, Site};
use crate::domain::mark_licence::Medium;
use crate::domain::reason::{CancellationReason, SuspensionReason, WithdrawalReason};
use crate::domain::text::{Address, Goods, Name, Scope};
use crate::domain::{CertificateNumber, Host, Level, Refusal, Standing, Uscc};
use crate::service::clock::{Clock as _, Machine};
use crate::service::marks::MarkRequest;
use crate::service::roster::{RosterRow, RosterStatus};
use crate::service::{Act, Service, ServiceError};
use clap::Args;
use jiff::civil::Date;
use serde_json::{Value, json};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::time::Duration;

/// The host in what is invented.
const HOST: &str = "xb.example.cn";
/// Threads at work: most of them wait for the disk, and one sync serves them all.
const THREADS: usize = 64;
/// Most certificates: the invented companies have numbers of seven digits.
const MOST: u64 = 10_000_000;
/// One certificate in so many each stands otherwise than in force.
const ODD: usize = 50;

/// Make an invented register of any size, to try an installation out
#[derive(Debug, Args)]
#[command(
    after_help = "Everything in it is invented. The directory (--data) must be new; start it with starmark serve."
)]
pub(super) struct BenchData {
    /// How many certificates
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=MOST))]
    certificates: u64,
    /// One certificate in N has a licensed mark
    #[arg(long, value_name = "N", default_value = "10", value_parser = clap::value_parser!(u64).range(1..=MOST))]
    marks: u64,
    /// Write a JSON object for each certificate into this file: id, number, uscc, standing, mark, digits
    #[arg(long, value_name = "FILE")]
    list: Option<PathBuf>,
}

impl BenchData {
    pub(super) fn run(&self, global: &Global) -> anyhow::Result<Exit> {
        let dir = global.named_dir()?;
        dir.check_free()?;
        let (passphrase, _) = passphrase(global, &dir)?;
        let (making, parts) =
            make(&dir, &Host::parse(HOST)?, &invented_body()?, &passphrase, Cost::Light, Arc::new(Machine))?;
        let service = service(&dir, parts.store.clone(), Arc::new(Machine))?;
        service.unlock(&dir.keys(), &passphrase)?;
        match &self.list {
            None => self.fill(&service, &mut std::io::sink())?,
            Some(file) => files::write_whole(file, |out| self.fill(&service, out))?,
        }
        tell_log(&service);
        making.finish()?;
        say(format_args!("Made {}: {} invented certificates", dir.root().display(), self.certificates))?;
        Ok(Exit::Done)
    }

    fn fill(&self, service: &Service, list: &mut dyn std::io::Write) -> anyhow::Result<()> {
        let act = Act::by(local_actor());
        let (today, count) = (china_day(Machine.now()), usize::try_from(self.certificates)?);
        let bar = progress::bar("certificates");
        bar.set_length(self.certificates);
        bar.enable_steady_tick(Duration::from_secs(1));
        let (next, stopped) = (AtomicUsize::new(0), AtomicBool::new(false));
        let (tell, lines) = sync_channel(THREADS);
        let work = |tell: SyncSender<Value>| -> Result<(), ServiceError> {
            while !stopped.load(Ordering::Relaxed) {
                let index = next.fetch_add(1, Ordering::Relaxed);
                if index >= count || tell.send(self.add(service, &act, index, today)?).is_err() {
                    break;
                }
            }
            Ok(())
        };
        std::thread::scope(|scope| {
            let begin = || {
                let tell = tell.clone();
                scope.spawn(|| work(tell).inspect_err(|_| stopped.store(true, Ordering::Relaxed)))
            };
            let threads: Vec<_> = (0..THREADS).map(|_| begin()).collect();
            drop(tell);
            for line in lines {
                writeln!(list, "{line}")?;
                bar.inc(1);
            }
            threads.into_iter().try_for_each(|t| Ok(t.join().unwrap_or(Ok(()))?))
        })
    }

    /// Puts one certificate on record, and its mark.
    fn add(&self, service: &Service, act: &Act, index: usize, today: Date) -> Result<Value, ServiceError> {
        let company = Company::nth(index);
        let row = row(index, &company, today)?;
        let id = service.import_row(act, &row)?.id;
        let marked = (index as u64).is_multiple_of(self.marks) && row.status == RosterStatus::InForce;
        let mark = match marked {
            true => Some(service.license_mark(act, &id.to_string(), &request(&company)?)?),
            false => None,
        };
        let digits = mark.as_ref().and_then(|m| m.digits());
        Ok(json!({
            "id": id, "number": row.number, "uscc": row.holder.uscc, "standing": standing(&row.status),
            "mark": mark.as_ref().map(|m| m.id), "digits": digits,
        }))
    }
}

/// The certificate of that company.
fn row(index: usize, company: &Company, today: Date) -> Result<RosterRow, Refusal> {
    const LEVELS: [Level; 4] = [Level::FiveStar, Level::FourStar, Level::ThreeStar, Level::Qualified];
    let (holder, site) = (company.holder(false), company.site());
    let status = match index % ODD {
        7 => {
            let until = add_days(today, 90);
            RosterStatus::Suspended { on: add_days(today, -30), until, reason: SuspensionReason::parse("0116")? }
        }
        17 => RosterStatus::Withdrawn { on: add_days(today, -30), reason: WithdrawalReason::parse("0122")? },
        27 => {
            RosterStatus::Cancelled { on: add_days(today, -30), reason: CancellationReason::parse("holder_request")? }
        }
        37 => RosterStatus::Expired,
        _ => RosterStatus::InForce,
    };
    // Issued on some day of the last two and a half years; one that has expired, before that.
    let age = 40 + i32::try_from(index % 800).unwrap_or_default();
    let age = if status == RosterStatus::Expired { age + 1_100 } else { age };
    let issued_on = add_days(today, -age);
    let number = format!("293{:02}SC{index:07}R0M", issued_on.year() % 100);
    Ok(RosterRow {
        row: index + 1,
        number: CertificateNumber::parse(&number)?,
        holder: Holder {
            name: Name::parse(&holder.name)?,
            uscc: Uscc::parse(&holder.uscc)?,
            address: Address::parse(&holder.address)?,
        },
        scope: Scope::parse(company.scope)?,
        level: LEVELS[index % LEVELS.len()],
        sites: vec![Site { name: Name::parse(&site.name)?, address: Address::parse(&site.address)? }],
        issued_on,
        valid_until: add_days(add_months(issued_on, 36), -1),
        first_issued_on: issued_on,
        surveillance_due_on: None,
        status,
    })
}

fn standing(status: &RosterStatus) -> Standing {
    match status {
        RosterStatus::InForce => Standing::Valid,
        RosterStatus::Suspended { .. } => Standing::Suspended,
        RosterStatus::Withdrawn { .. } => Standing::Withdrawn,
        RosterStatus::Cancelled { .. } => Standing::Cancelled,
        RosterStatus::Expired => Standing::Expired,
    }
}

fn request(company: &Company) -> Result<MarkRequest, Refusal> {
    Ok(MarkRequest {
        medium: Medium::Advertising,
        brand: Some(Goods::parse(&company.brand())?),
        products: Some(Goods::parse(company.products)?),
        site: None,
    })
}
