//! The views' part of a check: a copy of them, pair by pair against what the journal gives.

use super::{Report, Severity};
use crate::store::journal::io_error;
use crate::store::views::{Applied, END_KEY, FIRST_KEY, Views, ViewsDir, ViewsSource};
use crate::store::{StoreError, VIEWS_DIR};
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;

/// Different pairs named one by one before only their count is told.
const NAMED: usize = 20;

pub(super) fn compare(
    report: &mut Report,
    rebuilt: &Arc<dyn Views>,
    applied: Applied,
    dir: &Path,
    scratch: &Path,
) -> Result<(), StoreError> {
    let views = dir.join(VIEWS_DIR);
    if !views.exists() {
        report.add(Severity::Note, views, None, "there are none; the next start makes them from the journal".into());
        return Ok(());
    }
    let failed = || io_error(|| format!("copy {} to {}", views.display(), scratch.display()));
    std::fs::create_dir_all(scratch).map_err(failed())?;
    copy_files(&views, scratch).map_err(failed())?;
    let compared = compare_copy(report, rebuilt, applied, &views, scratch);
    std::fs::remove_dir_all(scratch).map_err(io_error(|| format!("remove {}", scratch.display())))?;
    compared
}

fn copy_files(from: &Path, to: &Path) -> std::io::Result<()> {
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            std::fs::create_dir_all(&target)?;
            copy_files(&entry.path(), &target)?;
        } else {
            std::fs::copy(entry.path(), &target)?;
        }
    }
    Ok(())
}

fn compare_copy(
    report: &mut Report,
    rebuilt: &Arc<dyn Views>,
    applied: Applied,
    path: &Path,
    scratch: &Path,
) -> Result<(), StoreError> {
    let again = "remove them: the next start makes them anew from the journal";
    let opened = ViewsDir::new(scratch).open().and_then(|views| Ok((views.verify()?, views)));
    let (stands_on, views) = match opened {
        Ok(opened) => opened,
        Err(why) => {
            report.add(Severity::Note, path.to_owned(), None, format!("they are damaged ({why}); {again}"));
            return Ok(());
        }
    };
    let (theirs, ours) = (stands_on.tip.next_seq, applied.tip.next_seq);
    if theirs > ours || (theirs == ours && stands_on.tip != applied.tip) {
        let what = format!("they were made from {theirs} events of another journal than this one, which has {ours}");
        report.add(Severity::Damage, path.to_owned(), None, what);
    } else if theirs < ours {
        let what = format!("they stand at event {theirs} of {ours}; the next start brings them up to date");
        report.add(Severity::Note, path.to_owned(), None, what);
    } else if stands_on != applied {
        name_differences(report, &**rebuilt, &*views, path)?;
    }
    Ok(())
}

/// Views that agree with themselves but not with the journal: nothing but a fault of this program explains them.
fn name_differences(report: &mut Report, ours: &dyn Views, theirs: &dyn Views, path: &Path) -> Result<(), StoreError> {
    let mut count = 0;
    for (one, other, what) in [(ours, theirs, "lack or change"), (theirs, ours, "have or change")] {
        one.scan(FIRST_KEY, END_KEY, &mut |key, value| {
            if other.get(key)?.as_deref() != Some(value) {
                count += 1;
                if count <= NAMED {
                    let key = String::from_utf8_lossy(key).escape_debug().to_string();
                    report.add(Severity::Damage, path.to_owned(), None, format!("they {what} the pair of key {key}"));
                }
            }
            Ok(ControlFlow::Continue(()))
        })?;
    }
    report.add(
        Severity::Damage,
        path.to_owned(),
        None,
        format!("{count} pairs differ; remove them to have them made anew"),
    );
    Ok(())
}
