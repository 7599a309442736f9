//! `issue`: a file of decisions in, one line for each out.

use super::args::{Global, local_actor};
use super::decisions::{Decisions, Item, echo, read};
use super::exit::Exit;
use super::{exit, files, note, progress, say, tell_log};
use crate::domain::decision::DecisionInput;
use crate::domain::{CertificateNumber, Host, Refusal};
use crate::service::issuance::Issued;
use crate::service::{Act, Service, ServiceError};
use anyhow::Context as _;
use clap::Args;
use serde_json::{Value, json};
use std::collections::HashSet;
use std::io::BufReader;
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Decisions taken up at a time; results are printed in order after each batch.
const BATCH: usize = 256;
/// Bytes of decisions held at a time.
const BATCH_BYTES: u64 = 16 << 20;
/// Threads that issue: most of them wait for the disk, and one sync serves them all.
const THREADS: usize = 16;
/// Up to so many decisions are issued one after the other, so that allocated numbers follow the file's order.
const IN_ORDER: usize = 16;

/// Issue certificates from scored decisions
#[derive(Debug, Args)]
#[command(
    after_help = "FILE holds one decision a line (NDJSON), one JSON document, or a JSON array; docs/SPEC-decision.md has the shape.\nA decision handed in again yields the certificate it yielded before. Exit 0 if all were issued, 1 if any was refused."
)]
pub(super) struct Issue {
    /// Decisions; - reads standard input
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Print one JSON object a decision
    #[arg(long)]
    json: bool,
}

/// What became of one decision.
enum Outcome {
    Issued(Issued),
    Refused { line: u64, reference: Option<String>, refusals: Vec<Refusal> },
}

#[derive(Default)]
struct Tally {
    issued: usize,
    before: usize,
    refused: usize,
}

impl Issue {
    pub(super) fn run(&self, global: &Global) -> anyhow::Result<Exit> {
        let input = files::open(&self.file)?;
        let opened = global.open_to_sign()?;
        let mut decisions = Decisions::of(BufReader::with_capacity(1 << 16, input))
            .with_context(|| format!("cannot read {}", self.file.display()))?;
        let bar = progress::bar("decisions");
        bar.set_length(std::fs::metadata(&self.file).map_or(0, |m| m.len()));
        let act = Act::by(local_actor());
        let mut tally = Tally::default();
        loop {
            let batch = batch(&mut decisions).with_context(|| format!("cannot read {}", self.file.display()))?;
            if batch.is_empty() {
                break;
            }
            let length: u64 = batch.iter().map(|i| i.length).sum();
            let (done, failure) = issue_batch(&opened.service, &act, &batch);
            bar.suspend(|| self.print(opened.service.host(), &done, &mut tally))?;
            if let Some(failure) = failure {
                let again = "issuing stopped; run the same file again: what was issued is not issued twice";
                return Err(anyhow::Error::from(failure).context(again));
            }
            bar.inc(length);
        }
        bar.finish_and_clear();
        tell_log(&opened.service);
        if tally.issued + tally.refused == 0 {
            return Err(
                Refusal::invalid("no_decision", format!("there is no decision in {}", self.file.display())).into()
            );
        }
        if !self.json {
            let before = match tally.before {
                0 => String::new(),
                n => format!(" ({n} of them before, by the same decision)"),
            };
            note(format_args!("{} issued{before}, {} refused", tally.issued, tally.refused));
        }
        Ok(if tally.refused == 0 { Exit::Done } else { Exit::Refused })
    }

    fn print(&self, host: &Host, done: &[Outcome], tally: &mut Tally) -> anyhow::Result<()> {
        for outcome in done {
            match outcome {
                Outcome::Issued(issued) => {
                    tally.issued += 1;
                    tally.before += usize::from(issued.replayed);
                    if self.json { say(issued_json(issued))? } else { say(issued_text(host, issued))? }
                }
                Outcome::Refused { line, reference, refusals } => {
                    tally.refused += 1;
                    if self.json {
                        say(refused_json(*line, reference.as_deref(), refusals))?;
                    } else {
                        let who = reference.as_ref().map(|r| format!(" {r}")).unwrap_or_default();
                        for refusal in refusals {
                            note(format_args!("line {line}{who}: {}", exit::told(refusal)));
                        }
                    }
                }
            }
        }
        Ok(())
    }
}

/// A certificate as a line for people.
pub(super) fn issued_text(host: &Host, issued: &Issued) -> String {
    let reference = issued.reference.as_deref().unwrap_or("-");
    let score = issued.score.as_deref().unwrap_or("-");
    let (number, level, url) = (&issued.number, issued.level.wire(), host.certificate_url(issued.id));
    format!("{reference}  {number}  {level} {score}  until {}  {url}", issued.valid_until)
}

/// A certificate as a line for programs.
pub(super) fn issued_json(issued: &Issued) -> Value {
    json!({
        "reference": issued.reference, "id": issued.id, "number": issued.number, "level": issued.level,
        "score": issued.score,
    })
}

/// A refusal as a line for programs: the first fault has the code; the message tells the others too.
pub(super) fn refused_json(line: u64, reference: Option<&str>, refusals: &[Refusal]) -> Value {
    let (code, pointer) = refusals.first().map_or(("refused", ""), |r| (r.code, r.pointer.as_str()));
    let first = refusals.first().map_or("", |r| r.message.as_ref());
    let more: Vec<String> = refusals.iter().skip(1).map(exit::told).collect();
    let more = if more.is_empty() { String::new() } else { format!(" (also: {})", more.join("; ")) };
    json!({
        "reference": reference,
        "error": { "code": code, "message": format!("line {line}: {first}{more}"), "pointer": pointer },
    })
}

fn batch<R: std::io::BufRead>(decisions: &mut Decisions<R>) -> std::io::Result<Vec<Item>> {
    let (mut batch, mut bytes) = (Vec::new(), 0);
    while batch.len() < BATCH && bytes < BATCH_BYTES {
        let Some(item) = decisions.next()? else { break };
        bytes += item.length;
        batch.push(item);
    }
    Ok(batch)
}

/// Issues a batch: side by side, but of decisions that claim the same thing the earlier one comes first. The outcomes
/// up to the first failure of the machine, and that failure.
fn issue_batch(service: &Service, act: &Act, batch: &[Item]) -> (Vec<Outcome>, Option<ServiceError>) {
    let read: Vec<Result<DecisionInput, Outcome>> = batch.iter().map(read_item).collect();
    let (mut first, mut later, mut seen) = (vec![], vec![], HashSet::new());
    for (i, decision) in read.iter().enumerate() {
        let Ok(decision) = decision else { continue };
        let reference_is_new = seen.insert(("reference", decision.reference.trim().to_owned()));
        // One number however it is written; what is none is refused wherever it stands.
        let number = decision.number.as_deref().and_then(|n| CertificateNumber::parse(n).ok());
        let number_is_new = number.is_none_or(|n| seen.insert(("number", n.to_string())));
        if reference_is_new && number_is_new { first.push(i) } else { later.push(i) }
    }
    let slots: Vec<Mutex<Option<Result<Issued, ServiceError>>>> = read.iter().map(|_| Mutex::new(None)).collect();
    let issue = |i: usize| {
        if let (Some(Ok(decision)), Some(slot)) = (read.get(i), slots.get(i)) {
            *slot.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = Some(service.issue(act, decision));
        }
    };
    if first.len() <= IN_ORDER {
        first.iter().for_each(|i| issue(*i));
    } else {
        let next = AtomicUsize::new(0);
        let work = || {
            while let Some(i) = first.get(next.fetch_add(1, Ordering::Relaxed)) {
                issue(*i);
            }
        };
        std::thread::scope(|scope| {
            for _ in 0..THREADS {
                scope.spawn(work);
            }
        });
    }
    later.iter().for_each(|i| issue(*i));
    collect(batch, read, slots)
}

type Slot = Mutex<Option<Result<Issued, ServiceError>>>;

fn collect(
    batch: &[Item],
    read: Vec<Result<DecisionInput, Outcome>>,
    slots: Vec<Slot>,
) -> (Vec<Outcome>, Option<ServiceError>) {
    let (mut outcomes, mut failure) = (vec![], None);
    for ((item, read), slot) in batch.iter().zip(read).zip(slots) {
        let line = item.line;
        match (read, slot.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner)) {
            (Err(outcome), _) => outcomes.push(outcome),
            (Ok(_), Some(Ok(issued))) => outcomes.push(Outcome::Issued(issued)),
            (Ok(decision), Some(Err(ServiceError::Refused(refusals)))) => {
                outcomes.push(Outcome::Refused { line, reference: Some(echo(&decision.reference)), refusals });
            }
            (Ok(_), Some(Err(other))) => failure = failure.or(Some(other)),
            (Ok(_), None) => {}
        }
    }
    (outcomes, failure)
}

fn read_item(item: &Item) -> Result<DecisionInput, Outcome> {
    let unread = |(reference, refusal)| Outcome::Refused { line: item.line, reference, refusals: vec![refusal] };
    match &item.bytes {
        Ok(bytes) => read(bytes).map_err(unread),
        Err(refusal) => Err(unread((None, refusal.clone()))),
    }
}
