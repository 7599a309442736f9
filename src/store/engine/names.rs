//! What the engine keeps in memory of every issue: names to search; and apart from them, so that nobody who issues waits for a search, the
//! serials taken and how full the status lists are.

use crate::domain::StatusEntry;
use crate::store::StoreError;
use crate::store::views::keys::{self, Issue};
use crate::store::views::search::SearchIndex;
use crate::store::views::{Views, damaged};
use std::collections::HashMap;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};

/// How full the latest status list is.
#[derive(Default)]
pub(crate) struct StatusPlaces {
    /// The latest list with a certificate in it, or handed out; 0 before there is one.
    list: u32,
    /// Places of it that are taken, or for which it was handed out.
    taken: u32,
    /// Places of it that are taken.
    committed: u32,
}

impl StatusPlaces {
    /// A certificate took its place.
    fn add(&mut self, entry: StatusEntry) {
        if entry.list() > self.list {
            *self = Self { list: entry.list(), ..Self::default() };
        }
        if entry.list() == self.list {
            self.committed += 1;
            self.taken = self.taken.max(self.committed);
        }
    }

    /// The list that one more certificate has its place in; none when the last list is full.
    pub(crate) fn hand_out(&mut self) -> Option<u32> {
        if self.list == 0 || self.taken >= StatusEntry::TAKEN_MAX {
            let list = self.list + 1;
            (list <= StatusEntry::MAX_LIST).then_some(())?;
            *self = Self { list, ..Self::default() };
        }
        self.taken += 1;
        Some(self.list)
    }

    /// The latest list begun.
    pub(crate) fn latest(&self) -> u32 {
        self.list.max(1)
    }
}

/// Serials and places; rebuilt at every start.
#[derive(Default)]
pub(crate) struct Counters {
    /// The largest serial of each series that is committed or was handed out.
    serials: HashMap<String, u64>,
    pub(crate) status: StatusPlaces,
}

/// From the views; they keep issues by holder, the search wants them in the order they were made.
/// What was read when `ending` came is of no use to anybody.
pub(crate) fn read(views: &dyn Views, ending: &AtomicBool) -> Result<(SearchIndex, Counters), StoreError> {
    let go_on = || match ending.load(Ordering::Relaxed) {
        true => ControlFlow::Break(()),
        false => ControlFlow::Continue(()),
    };
    let (from, to) = keys::table(keys::HOLDER);
    // One after the other in one piece, which is given back whole; and where each lies.
    let (mut values, mut issues) = (Vec::<u8>::new(), vec![]);
    views.scan(&from, &to, &mut |key, value| {
        let seq = keys::seq_of(key).ok_or_else(|| damaged("holder", "a key has no reading".into()))?;
        issues.push((seq, values.len()..values.len() + value.len()));
        values.extend_from_slice(value);
        Ok(go_on())
    })?;
    issues.sort_unstable_by_key(|(seq, _)| *seq);
    let (mut names, mut counters) = (SearchIndex::default(), Counters::default());
    for (_, place) in issues {
        counters.add(values.get(place).unwrap_or_default(), &mut names)?;
    }
    drop(values);
    let (from, to) = keys::table(keys::STATUS);
    views.scan(&from, &to, &mut |key, _| counters.place(key).map(|()| go_on()))?;
    Ok((names, counters))
}

impl Counters {
    /// Counts a place that is taken, by its key.
    pub(crate) fn place(&mut self, key: &[u8]) -> Result<(), StoreError> {
        let entry = keys::status_of(key).ok_or_else(|| damaged("status", "a key has no reading".into()))?;
        self.status.add(entry);
        Ok(())
    }

    /// Adds the newest issue, and its name to `names`.
    pub(crate) fn add(&mut self, value: &[u8], names: &mut SearchIndex) -> Result<(), StoreError> {
        let issue = Issue::from_bytes(value).ok_or_else(|| damaged("holder", "an issue has no reading".into()))?;
        if let Some((series, serial)) = issue.serial {
            match self.serials.get_mut(series) {
                Some(last) => *last = serial.max(*last),
                None => drop(self.serials.insert(series.to_owned(), serial)),
            }
        }
        names.add(issue.id, issue.name);
        Ok(())
    }

    /// The serial after all that are taken; none when there is no number after them.
    pub(crate) fn next_serial(&mut self, series: &str) -> Option<u64> {
        let last = self.serials.entry(series.to_owned()).or_default();
        *last = last.checked_add(1)?;
        Some(*last)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(list: u32, index: u32) -> StatusEntry {
        StatusEntry::new(list, index).unwrap()
    }

    #[test]
    fn a_list_is_handed_out_for_half_its_places_and_no_more() {
        let mut places = StatusPlaces::default();
        assert_eq!(places.latest(), 1);
        for _ in 0..StatusEntry::TAKEN_MAX {
            assert_eq!(places.hand_out(), Some(1));
        }
        assert_eq!((places.hand_out(), places.latest()), (Some(2), 2));
        // Those of the first list are committed late: they count for it, not for the second.
        (0..9).for_each(|i| places.add(entry(1, i)));
        assert_eq!((places.taken, places.committed), (1, 0));
    }

    #[test]
    fn what_is_committed_counts_once_and_counts_without_being_handed_out() {
        let mut places = StatusPlaces::default();
        (0..StatusEntry::TAKEN_MAX - 1).for_each(|i| places.add(entry(3, i)));
        assert_eq!(places.hand_out(), Some(3));
        places.add(entry(3, StatusEntry::TAKEN_MAX));
        assert_eq!(places.taken, StatusEntry::TAKEN_MAX);
        assert_eq!(places.hand_out(), Some(4));
        let mut last = StatusPlaces { list: StatusEntry::MAX_LIST, taken: StatusEntry::TAKEN_MAX, committed: 0 };
        assert_eq!(last.hand_out(), None);
    }
}
