//! `kit`: everything a printer needs of one licence, or of all.

use super::args::Global;
use super::exit::{Exit, Usage, refusals, told};
use super::order::answered;
use super::{files, note, progress, say};
use crate::domain::mark_licence::Medium;
use crate::domain::text::{Goods, Name};
use crate::domain::{MarkId, MarkLicence, Refusal};
use crate::service::kits::{Kit, KitPlan};
use crate::service::{Service, ServiceError};
use clap::Args;
use serde_json::json;
use std::fs;
use std::io::BufReader;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

/// Pack all files of a mark for printers: every layout as PDF, SVG and PNG, a usage sheet, the licence
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  starmark kit 29326SC10002R0M --medium packaging --out kit.zip\n  starmark kit --all --out kits\nWith --all, a kit that stands in DIR whole and unchanged is passed over: run it again after an interruption, or every night."
)]
pub(super) struct Kits {
    /// The certificate's number or its 16-digit identifier
    #[arg(required_unless_present = "all", conflicts_with = "all")]
    number: Option<String>,
    /// The kits of every active licence of every valid certificate
    #[arg(long)]
    all: bool,
    /// File to write, one that stands there is replaced; with --all, the directory
    #[arg(long, value_name = "FILE|DIR")]
    out: PathBuf,
    #[command(flatten)]
    which: Which,
    /// Print JSON for programs
    #[arg(long)]
    json: bool,
}

/// Which of a certificate's licences.
#[derive(Debug, Args)]
struct Which {
    /// The mark's 16-digit identifier
    #[arg(long, value_name = "MARK", value_parser = MarkId::parse, conflicts_with = "all")]
    mark: Option<MarkId>,
    /// Where it stands: product, packaging, advertising, premises
    #[arg(long, value_name = "MEDIUM", value_parser = Medium::parse, conflicts_with = "all")]
    medium: Option<Medium>,
    /// Brand it is used with
    #[arg(long, value_name = "TEXT", value_parser = Goods::parse, conflicts_with = "all")]
    brand: Option<Goods>,
    /// Products it is used for
    #[arg(long, value_name = "TEXT", value_parser = Goods::parse, conflicts_with = "all")]
    products: Option<Goods>,
    /// Site it hangs at
    #[arg(long, value_name = "NAME", value_parser = Name::parse, conflicts_with = "all")]
    site: Option<Name>,
}

impl Which {
    fn is(&self, licence: &MarkLicence) -> bool {
        fn same<T: PartialEq>(asked: Option<&T>, has: Option<&T>) -> bool {
            asked.is_none() || asked == has
        }
        let terms = licence.terms();
        same(self.mark.as_ref(), Some(&licence.id))
            && same(self.medium.as_ref(), Some(&terms.medium))
            && same(self.brand.as_ref(), terms.brand.as_ref())
            && same(self.products.as_ref(), terms.products.as_ref())
            && same(self.site.as_ref(), terms.site.as_ref())
    }
}

impl Kits {
    pub(super) fn run(&self, global: &Global) -> anyhow::Result<Exit> {
        answered(self.json, || match &self.number {
            Some(number) => self.one(global, number),
            None => self.every(global),
        })
    }

    fn one(&self, global: &Global, number: &str) -> anyhow::Result<Exit> {
        let opened = global.open()?;
        let service = &opened.service;
        let mark = self.licence(service, number)?;
        let (plan, kit) = service.kit(mark)?;
        write(&self.out, &kit)?;
        if self.json {
            say(json!({
                "file": self.out.display().to_string(), "mark": plan.mark(), "files": kit.files, "bytes": kit.bytes.len(),
                "not_drawn": not_drawn(&kit),
            }))?;
        } else {
            say(format_args!(
                "{}: kit of mark {}, {} files, {} KiB",
                self.out.display(),
                plan.mark(),
                kit.files,
                kit.bytes.len().div_ceil(1024)
            ))?;
            for line in not_drawn(&kit) {
                note(format_args!("{}: not in it: {line}", self.out.display()));
            }
        }
        Ok(Exit::Done)
    }

    /// The one active licence that is meant.
    fn licence(&self, service: &Service, number: &str) -> anyhow::Result<MarkId> {
        let id = service.find(number)?.id;
        let all = service.marks_of(id)?;
        let active = service.licensed_on(id)?;
        let meant: Vec<&MarkLicence> = active.iter().filter(|m| self.which.is(m)).collect();
        match meant.as_slice() {
            [one] => Ok(one.id),
            [] => {
                // A licence that is named says itself why it has no kit.
                let named = all.iter().rev().find(|m| self.which.is(m));
                if let Some(licence) = named {
                    service.usable_mark(licence.id)?;
                }
                let why = format!(
                    "{number} has no active licence for this use: license it first (starmark mark {number} …), or see starmark mark list {number}"
                );
                Err(Refusal::not_found("mark_not_licensed", why).into())
            }
            several => {
                let lines: Vec<String> =
                    several.iter().map(|m| format!("  --mark {}", super::mark::licence_text(service, m))).collect();
                let why = format!("{number} has {} such licences; say which:\n{}", several.len(), lines.join("\n"));
                Err(Refusal::conflict("several_marks", why).into())
            }
        }
    }

    fn every(&self, global: &Global) -> anyhow::Result<Exit> {
        let opened = global.open()?;
        let service = &opened.service;
        fs::create_dir_all(&self.out)
            .map_err(|e| Usage(format!("{} is no directory to write to: {e}", self.out.display())))?;
        let licensed = service.licensed()?;
        let begun = Instant::now();
        // Where a certificate cannot be read nobody knows which kits are its.
        let all_known = licensed.unread.is_empty();
        let unread = licensed.unread.into_iter().map(|(id, why)| (format!("certificate {id}"), why.into()));
        let Batch { made, before, bytes, mut failed, stopped } = pack(service, &licensed.marks, &self.out, self.json);
        failed.splice(0..0, unread);
        for (what, why) in &failed {
            report(what, why, self.json)?;
        }
        let others = if all_known { others_in(&self.out, &licensed.marks) } else { vec![] };
        for file in others.iter().filter(|_| !self.json) {
            note(format_args!(
                "{}: of no licence that is active now: it is not to be printed any more",
                file.display()
            ));
        }
        let seconds = begun.elapsed().as_secs_f64();
        let rate = made as f64 / seconds.max(1e-3);
        if self.json {
            say(json!({
                "made": made, "before": before, "failed": failed.len(), "others": others.len(), "bytes": bytes,
                "seconds": (seconds * 1000.0).round() / 1000.0, "kits_per_second": (rate * 100.0).round() / 100.0,
            }))?;
        } else {
            let rate = if made > 0 {
                format!(" in {seconds:.1} s ({rate:.2} a second, {} MiB)", bytes >> 20)
            } else {
                String::new()
            };
            say(format_args!("{made} kits made{rate}, {before} stood there already, {} failed.", failed.len()))?;
        }
        match stopped {
            Some(why) => Err(why.context("it stopped; run it again: it goes on where it was")),
            None if failed.is_empty() => Ok(Exit::Done),
            None => Ok(Exit::Refused),
        }
    }
}

/// What came of many kits.
struct Batch {
    made: usize,
    before: usize,
    bytes: u64,
    failed: Vec<(String, anyhow::Error)>,
    /// Why the rest was not tried.
    stopped: Option<anyhow::Error>,
}

enum Outcome {
    Made { bytes: u64, lacking: Vec<String> },
    Before,
}

/// Makes the kits side by side, one for each processor at a time: only so many are in memory.
fn pack(service: &Service, marks: &[MarkId], directory: &Path, json: bool) -> Batch {
    let threads = std::thread::available_parallelism().map_or(1, NonZeroUsize::get).min(marks.len());
    let bar = progress::bar("kits");
    bar.set_length(marks.len() as u64);
    let batch = Mutex::new(Batch { made: 0, before: 0, bytes: 0, failed: vec![], stopped: None });
    let (next, stopped) = (AtomicUsize::new(0), AtomicBool::new(false));
    let work = || {
        while !stopped.load(Ordering::Relaxed) {
            let Some(mark) = marks.get(next.fetch_add(1, Ordering::Relaxed)) else { break };
            let (file, outcome) = one_of_many(service, *mark, directory);
            let mut batch = batch.lock().unwrap_or_else(PoisonError::into_inner);
            let done = match outcome {
                Ok(outcome) => {
                    let told = tell(*mark, &file, &outcome, json, &bar);
                    match outcome {
                        Outcome::Made { bytes, .. } => {
                            (batch.made, batch.bytes) = (batch.made + 1, batch.bytes + bytes)
                        }
                        Outcome::Before => batch.before += 1,
                    }
                    told
                }
                Err(why) if concerns_one(&why) => {
                    batch.failed.push((format!("mark {mark}"), why));
                    Ok(())
                }
                Err(why) => Err(why),
            };
            if let Err(why) = done {
                // A disk that is full is full for the next one too.
                stopped.store(true, Ordering::Relaxed);
                batch.stopped.get_or_insert(why);
            }
            drop(batch);
            bar.inc(1);
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(work);
        }
    });
    bar.finish_and_clear();
    batch.into_inner().unwrap_or_else(PoisonError::into_inner)
}

/// Kits in that directory of licences that are not active now: they have ended, or were replaced, since it was made. Other files are
/// nobody's business.
fn others_in(directory: &Path, active: &[MarkId]) -> Vec<PathBuf> {
    let there = fs::read_dir(directory).into_iter().flatten().flatten().map(|entry| entry.path());
    let is_other = |file: &PathBuf| {
        let name = file.file_name().and_then(|name| name.to_str());
        name.and_then(KitPlan::mark_of).is_some_and(|mark| !active.contains(&mark))
    };
    let mut others: Vec<PathBuf> = there.filter(is_other).collect();
    others.sort();
    others
}

/// Whether the next licence may do better.
fn concerns_one(why: &anyhow::Error) -> bool {
    let corrupt = |e: &ServiceError| matches!(e, ServiceError::Store(crate::store::StoreError::Corrupt { .. }));
    refusals(why).is_some() || why.downcast_ref::<ServiceError>().is_some_and(corrupt)
}

fn one_of_many(service: &Service, mark: MarkId, directory: &Path) -> (PathBuf, anyhow::Result<Outcome>) {
    let plan = match service.kit_plan(mark) {
        Ok(plan) => plan,
        Err(why) => return (PathBuf::new(), Err(why.into())),
    };
    let file = directory.join(plan.file_name());
    if stands(&plan, &file) {
        return (file, Ok(Outcome::Before));
    }
    let make = || {
        let kit = plan.make()?;
        write(&file, &kit)?;
        Ok(Outcome::Made { bytes: kit.bytes.len() as u64, lacking: not_drawn(&kit) })
    };
    let outcome = make();
    (file, outcome)
}

fn stands(plan: &KitPlan, file: &Path) -> bool {
    fs::File::open(file).is_ok_and(|file| plan.stands_in(BufReader::new(file)))
}

fn write(file: &Path, kit: &Kit) -> anyhow::Result<()> {
    files::write_whole(file, |to| Ok(to.write_all(&kit.bytes)?))
}

fn tell(mark: MarkId, file: &Path, outcome: &Outcome, json: bool, bar: &indicatif::ProgressBar) -> anyhow::Result<()> {
    let (before, lacking) = match outcome {
        Outcome::Made { lacking, .. } => (false, lacking.as_slice()),
        Outcome::Before => (true, &[][..]),
    };
    if json {
        return bar.suspend(|| {
            say(json!({ "mark": mark, "file": file.display().to_string(), "before": before, "not_drawn": lacking }))
        });
    }
    bar.suspend(|| lacking.iter().for_each(|line| note(format_args!("{}: not in it: {line}", file.display()))));
    Ok(())
}

/// Layouts that a kit lacks, a line for each.
fn not_drawn(kit: &Kit) -> Vec<String> {
    let line =
        |l: &crate::service::kits::NotDrawn| format!("{} ({}): {}", l.layout.wire(), l.words.wire(), told(&l.why));
    kit.lacking.iter().map(line).collect()
}

fn report(what: &str, why: &anyhow::Error, json: bool) -> anyhow::Result<()> {
    let first = refusals(why).and_then(<[Refusal]>::first);
    if json {
        let (code, message) = first.map_or(("internal", format!("{why:#}")), |r| (r.code, r.to_string()));
        return say(json!({ "failed": what, "error": { "code": code, "message": message } }));
    }
    note(format_args!("starmark: {what}: {}", first.map_or_else(|| format!("{why:#}"), told)));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::service::testing::service;

    #[test]
    fn a_licence_that_fails_stops_no_other_and_a_machine_that_fails_stops_all() {
        let (service, directory) = (service(), tempfile::tempdir().unwrap());
        let marks = [1u8, 2, 3].map(|n| MarkId::from_bytes([n; 6]));
        let batch = pack(&service, &marks, directory.path(), false);
        assert_eq!((batch.made, batch.before, batch.failed.len()), (0, 0, 3));
        assert!(batch.stopped.is_none());
        assert!(batch.failed.iter().all(|(_, why)| refusals(why).unwrap()[0].code == "no_such_mark"));
        let full = ServiceError::Io { what: "x".into(), source: std::io::ErrorKind::StorageFull.into() };
        assert!(!concerns_one(&full.into()));
        assert!(!concerns_one(&anyhow::Error::from(std::io::Error::other("x"))));
    }
}
