//! What the engine keeps in memory of every issue: names to search, and the serials taken.

use crate::store::StoreError;
use crate::store::views::keys::{self, Issue};
use crate::store::views::search::SearchIndex;
use crate::store::views::{Views, damaged};
use std::collections::HashMap;
use std::ops::ControlFlow;

/// Names and serials; rebuilt at every start.
#[derive(Default)]
pub(crate) struct Names {
    pub(crate) search: SearchIndex,
    /// The largest serial of each series that is committed or was handed out.
    serials: HashMap<String, u64>,
}

impl Names {
    /// From the views; they keep issues by holder, the search wants them in the order they were made.
    pub(crate) fn read(views: &dyn Views) -> Result<Self, StoreError> {
        let (from, to) = keys::table(keys::HOLDER);
        let mut issues = vec![];
        views.scan(&from, &to, &mut |key, value| {
            let seq = keys::seq_of(key).ok_or_else(|| damaged("holder", "a key has no reading".into()))?;
            issues.push((seq, value.to_vec()));
            Ok(ControlFlow::Continue(()))
        })?;
        issues.sort_unstable();
        let mut names = Self::default();
        for (_, value) in issues {
            names.add(&value)?;
        }
        Ok(names)
    }

    /// Adds the newest issue.
    pub(crate) fn add(&mut self, value: &[u8]) -> Result<(), StoreError> {
        let issue = Issue::from_bytes(value).ok_or_else(|| damaged("holder", "an issue has no reading".into()))?;
        if let Some((series, serial)) = issue.serial {
            match self.serials.get_mut(series) {
                Some(last) => *last = serial.max(*last),
                None => drop(self.serials.insert(series.to_owned(), serial)),
            }
        }
        self.search.add(issue.id, issue.name);
        Ok(())
    }

    /// The serial after all that are taken; none when there is no number after them.
    pub(crate) fn next_serial(&mut self, series: &str) -> Option<u64> {
        let last = self.serials.entry(series.to_owned()).or_default();
        *last = last.checked_add(1)?;
        Some(*last)
    }
}
