//! A roster into the register: every fault is found before anything is written.

use super::args::{Global, local_actor};
use super::exit::{Exit, Usage};
use super::{files, note, progress, say, tell_log};
use crate::domain::dates::china_day;
use crate::service::roster::{self, Checked, MAX_FILE_BYTES, RosterFault, RosterRow, Table};
use crate::service::roster_import::{Imported, Prospect};
use crate::service::{Act, Service, ServiceError};
use serde_json::json;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// Threads that import: most of them wait for the disk, and one sync serves them all.
const THREADS: usize = 16;

/// How the import is to go.
#[derive(Clone, Copy)]
pub(super) struct Wanted {
    pub dry_run: bool,
    pub skip_bad: bool,
    pub json: bool,
}

/// A row with what the register says to it.
struct Ready {
    row: RosterRow,
    prospect: Prospect,
}

/// Imports a roster.
pub(super) fn run(global: &Global, file: &Path, wanted: Wanted) -> anyhow::Result<Exit> {
    let bytes = files::read(file, MAX_FILE_BYTES as u64 + 1)?;
    let name = file.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    let table = roster::read_table(&bytes, &name)?;
    let opened = global.open()?;
    let service = &opened.service;
    let checked = table.check(china_day(service.recording_time()?), &service.scheme().intervals);
    let header_is_bad = checked.rows_read == 0 && !checked.faults.is_empty();
    told_about(file, &checked);
    let Checked { rows, mut faults, .. } = checked;
    let ready = against_register(service, rows, &mut faults)?;
    faults.sort_by_key(|f| f.row);
    for fault in &faults {
        report(fault, wanted.json)?;
    }
    let refused = !faults.is_empty();
    let exit = if refused { Exit::Refused } else { Exit::Done };
    if wanted.dry_run || header_is_bad || (refused && !wanted.skip_bad) {
        conclude(&ready, &faults, wanted)?;
        return Ok(exit);
    }
    if refused {
        write_rejects(file, &table, &faults)?;
    }
    if ready.iter().any(|r| r.prospect == Prospect::New) {
        opened.unlock()?;
    }
    let bad = import_all(service, &ready, wanted.json)?;
    tell_log(service);
    if !bad.is_empty() {
        for fault in &bad {
            report(fault, wanted.json)?;
        }
        note(format_args!("starmark: {} rows more were not imported; run it again once that is settled", bad.len()));
        return Ok(Exit::Refused);
    }
    Ok(exit)
}

/// Things worth knowing that are no faults.
fn told_about(file: &Path, checked: &Checked) {
    if let Some(sheet) = &checked.sheet {
        let others = match checked.sheets_not_read.as_slice() {
            [] => String::new(),
            others => format!("; not read: {}", others.join("、")),
        };
        note(format_args!("{}: sheet “{sheet}”{others}", file.display()));
    }
    if !checked.ignored_columns.is_empty() {
        let names: Vec<String> =
            checked.ignored_columns.iter().map(|c| format!("{} ({})", c.header, c.letter)).collect();
        note(format_args!("{}: columns not read: {}", file.display(), names.join(", ")));
    }
    let silent = checked.rows.iter().filter(|r| r.surveillance_due_on.is_none()).count();
    if silent > 0 {
        note(format_args!(
            "{}: {silent} rows do not say when surveillance is due; it is taken to be up to date and due on the next anniversary",
            file.display()
        ));
    }
}

/// Holds every good row against the register; one that does not fit there is a fault like any other.
fn against_register(
    service: &Service,
    rows: Vec<RosterRow>,
    faults: &mut Vec<RosterFault>,
) -> Result<Vec<Ready>, ServiceError> {
    let mut ready = Vec::with_capacity(rows.len());
    for row in rows {
        match service.import_prospect(&row) {
            Ok(prospect) => ready.push(Ready { row, prospect }),
            Err(error) => faults.push(as_fault(&row, error)?),
        }
    }
    Ok(ready)
}

fn as_fault(row: &RosterRow, error: ServiceError) -> Result<RosterFault, ServiceError> {
    match error {
        ServiceError::Refused(refusals) => {
            let code = refusals.first().map_or("refused", |r| r.code);
            let message: Vec<&str> = refusals.iter().map(|r| r.message.as_ref()).collect();
            let value = row.number.as_str().to_owned();
            Ok(RosterFault { row: row.row, column: None, value, code, message: message.join("; ") })
        }
        other => Err(other),
    }
}

fn report(fault: &RosterFault, json: bool) -> anyhow::Result<()> {
    let column = fault.column.as_ref();
    if json {
        return say(json!({
            "row": fault.row, "column": column.map(|c| &c.letter), "header": column.map(|c| &c.header),
            "value": fault.value, "error": { "code": fault.code, "message": fault.message },
        }));
    }
    let place = column.map(|c| format!(", column {} ({})", c.letter, c.header)).unwrap_or_default();
    let value = if fault.value.is_empty() { String::new() } else { format!(", “{}”", fault.value) };
    note(format_args!("row {}{place}{value}: {} [{}]", fault.row, fault.message, fault.code));
    Ok(())
}

fn conclude(ready: &[Ready], faults: &[RosterFault], wanted: Wanted) -> anyhow::Result<()> {
    let new = ready.iter().filter(|r| r.prospect == Prospect::New).count();
    let before = ready.len() - new;
    if wanted.json {
        return say(json!({ "imported": 0, "would_import": new, "before": before, "faults": faults.len() }));
    }
    let what = if wanted.dry_run { "Nothing was written (--dry-run)" } else { "Nothing was imported" };
    let way =
        if wanted.dry_run || faults.is_empty() { "" } else { ": mend the rows, or import the others with --skip-bad" };
    say(format_args!("{what}{way}. {new} new rows are good, {before} were imported before, {} faults.", faults.len()))
}

/// Most files of rejects kept beside one roster.
const REJECTS_MAX: u32 = 100;

fn write_rejects(file: &Path, table: &Table, faults: &[RosterFault]) -> anyhow::Result<()> {
    let name = file.file_name().ok_or_else(|| Usage(format!("{} is no file name", file.display())))?;
    let bytes = roster::rejects_csv(table, faults);
    // Somebody may be mending the rejects of an earlier run: they are never written over.
    let named = |n: u32| {
        let mut name = name.to_owned();
        name.push(if n == 1 { ".rejects.csv".to_owned() } else { format!(".rejects-{n}.csv") });
        file.with_file_name(name)
    };
    let free = |path: &PathBuf| !path.exists() || std::fs::read(path).is_ok_and(|there| there == bytes);
    let rejects = (1..=REJECTS_MAX).map(named).find(free);
    let rejects = rejects
        .ok_or_else(|| Usage(format!("{REJECTS_MAX} files of rejects lie beside {}: remove some", file.display())))?;
    files::write_whole(&rejects, |out| Ok(out.write_all(&bytes)?))?;
    note(format_args!("The bad rows are in {}: mend them there and import that file.", rejects.display()));
    Ok(())
}

/// Imports every ready row, side by side; the rows that were refused after all.
fn import_all(service: &Service, ready: &[Ready], json: bool) -> anyhow::Result<Vec<RosterFault>> {
    let act = Act::by(local_actor());
    let bar = progress::bar("certificates");
    bar.set_length(ready.len() as u64);
    let slots: Vec<Mutex<Option<Result<Imported, ServiceError>>>> = ready.iter().map(|_| Mutex::new(None)).collect();
    let (next, stopped) = (AtomicUsize::new(0), AtomicBool::new(false));
    let work = || {
        while !stopped.load(Ordering::Relaxed) {
            let i = next.fetch_add(1, Ordering::Relaxed);
            let (Some(ready), Some(slot)) = (ready.get(i), slots.get(i)) else { break };
            let result = service.import_row(&act, &ready.row);
            // A failing machine fails the next row too: stop, and let the next run finish the rest.
            stopped.fetch_or(result.as_ref().is_err_and(|e| !matches!(e, ServiceError::Refused(_))), Ordering::Relaxed);
            *slot.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = Some(result);
            bar.inc(1);
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..THREADS.min(ready.len()) {
            scope.spawn(work);
        }
    });
    bar.finish_and_clear();
    let (mut new, mut before, mut bad, mut failure) = (0usize, 0usize, vec![], None);
    for (ready, slot) in ready.iter().zip(slots) {
        match slot.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner) {
            Some(Ok(imported)) => {
                if imported.replayed {
                    before += 1
                } else {
                    new += 1
                }
                if json {
                    let (row, number) = (ready.row.row, &ready.row.number);
                    say(json!({ "row": row, "id": imported.id, "number": number, "before": imported.replayed }))?;
                }
            }
            Some(Err(error)) => match as_fault(&ready.row, error) {
                Ok(fault) => bad.push(fault),
                Err(other) => failure = failure.or(Some(other)),
            },
            None => {}
        }
    }
    if !json {
        say(format_args!("{new} certificates imported, {before} had been imported before."))?;
    }
    match failure {
        Some(failure) => {
            Err(anyhow::Error::from(failure).context("the import stopped; run it again: it finishes the rest"))
        }
        None => Ok(bad),
    }
}
