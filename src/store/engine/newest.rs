//! The newest events, as they were written: whoever follows the register asks for them right afterwards.

use crate::domain::Event;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// An event and its number.
type Numbered = (u64, Arc<Event>);

/// Events kept: some times as many as are written while one checkpoint of the log is made. Two kilobytes each, of many sites more.
const KEPT: usize = 256;

/// They follow each other without a gap.
#[derive(Default)]
pub(crate) struct Newest(Mutex<VecDeque<Numbered>>);

impl Newest {
    fn kept(&self) -> MutexGuard<'_, VecDeque<Numbered>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes those that were written after all before; the oldest fall out.
    pub(crate) fn take(&self, mut events: Vec<Numbered>) {
        let mut kept = self.kept();
        let old = (kept.len() + events.len()).saturating_sub(KEPT);
        let of_these = old.saturating_sub(kept.len());
        kept.drain(..old - of_these);
        kept.extend(events.drain(of_these..));
    }

    /// Those from that one on, `most` of them at most; none where it is not among them.
    pub(crate) fn from(&self, seq: u64, most: usize) -> Option<Vec<Numbered>> {
        let kept = self.kept();
        let place = usize::try_from(seq.checked_sub(kept.front()?.0)?).ok()?;
        let found: Vec<_> = kept.range(place.min(kept.len())..).take(most).cloned().collect();
        (!found.is_empty()).then_some(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(seq: u64) -> Numbered {
        let text = format!(
            r#"{{"subject":"token","id":"t-{seq}","change":"revoked","effective_at":"2026-06-02T00:00:00Z","recorded_at":"2026-06-02T00:00:00Z","actor":"operator"}}"#
        );
        (seq, Arc::new(Event::read(&text).unwrap()))
    }

    #[test]
    fn the_newest_are_handed_out_in_order_and_of_older_ones_nothing() {
        let newest = Newest::default();
        assert_eq!(newest.from(0, 9), None);
        let last = KEPT as u64 + 10;
        (0..last).map(|seq| vec![event(seq)]).for_each(|one| newest.take(one));
        assert_eq!(newest.from(9, 9), None);
        assert_eq!(newest.from(10, 2), Some(vec![event(10), event(11)]));
        assert_eq!(newest.from(last - 1, 9), Some(vec![event(last - 1)]));
        assert_eq!((newest.from(last, 9), newest.from(last + 5, 9)), (None, None));
        // More at once than are kept.
        let many = 2 * KEPT as u64;
        newest.take((last..last + many).map(event).collect());
        assert_eq!(newest.from(last + many - KEPT as u64 - 1, 1), None);
        assert_eq!(newest.from(last + many - KEPT as u64, usize::MAX).unwrap().len(), KEPT);
    }
}
