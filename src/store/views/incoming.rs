//! The newest pairs, in memory until they are handed to sled, many at once. What is lost of them with the process is caught up from the
//! journal, as what sled itself had not written out.

use super::{Applied, ViewWrite};
use std::collections::BTreeMap;
use std::ops::Bound::{Excluded, Included};
use std::sync::Arc;
use std::vec::IntoIter;

/// Each key's value, or none where the pair was removed.
type Map = BTreeMap<Vec<u8>, Option<Vec<u8>>>;

/// What waits, and what is being handed over.
pub(super) struct Incoming {
    pairs: Map,
    /// Older than what waits; part of it may be in sled already.
    handed: Arc<Map>,
    /// What all of it stands on; none before the first write of this process.
    pub applied: Option<Applied>,
    /// How much was written since the beginning.
    pub writes: u64,
}

impl Incoming {
    /// Nothing yet, after so many writes.
    pub fn after(writes: u64) -> Self {
        Self { pairs: Map::new(), handed: Arc::default(), applied: None, writes }
    }

    /// How many pairs wait.
    pub fn len(&self) -> usize {
        self.pairs.len()
    }

    /// Whether nothing waits, nor is left of what could not be handed over.
    pub fn is_empty(&self) -> bool {
        self.pairs.is_empty() && self.handed.is_empty()
    }

    /// What it knows of a key.
    pub fn get(&self, key: &[u8]) -> Option<&Option<Vec<u8>>> {
        self.pairs.get(key).or_else(|| self.handed.get(key))
    }

    /// A copy of the pairs from `from` on and before `to`.
    pub fn between(&self, from: &[u8], to: &[u8]) -> IncomingPairs {
        let mut found = Map::new();
        if from < to {
            for older_first in [&*self.handed, &self.pairs] {
                let range = older_first.range::<[u8], _>((Included(from), Excluded(to)));
                found.extend(range.map(|(key, value)| (key.clone(), value.clone())));
            }
        }
        let mut rest = found.into_iter().collect::<Vec<_>>().into_iter();
        let at = rest.next();
        IncomingPairs { at, rest }
    }

    /// The last key from `from` on and before `to`, and whether its pair is there.
    pub fn last(&self, from: &[u8], to: &[u8]) -> Option<(Vec<u8>, bool)> {
        let last = |map: &Map| {
            let (key, value) = map.range::<[u8], _>((Included(from), Excluded(to))).next_back()?;
            Some((key.clone(), value.is_some()))
        };
        let found = if from < to { [last(&self.handed), last(&self.pairs)] } else { [None, None] };
        // Of equal keys the newer counts.
        found.into_iter().flatten().max_by(|(a, _), (b, _)| a.cmp(b))
    }

    /// Takes writes in order, with the point they lead to.
    pub fn apply(&mut self, writes: &[ViewWrite], applied: &Applied) {
        for write in writes {
            match write {
                ViewWrite::Put { key, value } => self.pairs.insert(key.clone(), Some(value.clone())),
                ViewWrite::Remove { key } => self.pairs.insert(key.clone(), None),
            };
        }
        self.applied = Some(*applied);
        self.writes += writes.len() as u64;
    }

    /// What is to be handed over, what it leads to, and how much was written until then; none where nothing waits. It is still told of here
    /// until [`Incoming::end_handing`].
    pub fn begin_handing(&mut self) -> Option<(Arc<Map>, Applied, u64)> {
        let newer = std::mem::take(&mut self.pairs);
        // Where an attempt failed, what it left is older.
        Arc::make_mut(&mut self.handed).extend(newer);
        let applied = self.applied.filter(|_| !self.handed.is_empty())?;
        Some((self.handed.clone(), applied, self.writes))
    }

    /// It has been handed over.
    pub fn end_handing(&mut self) {
        self.handed = Arc::default();
    }
}

/// Pairs in order.
pub(super) struct IncomingPairs {
    at: Option<(Vec<u8>, Option<Vec<u8>>)>,
    rest: IntoIter<(Vec<u8>, Option<Vec<u8>>)>,
}

impl IncomingPairs {
    /// What it stands at; none behind the last.
    pub fn peek(&self) -> Option<(&[u8], Option<&[u8]>)> {
        self.at.as_ref().map(|(key, value)| (key.as_slice(), value.as_deref()))
    }

    /// Goes on to the next.
    pub fn pass(&mut self) {
        self.at = self.rest.next();
    }

    /// How many are left.
    #[cfg(test)]
    pub fn count(&self) -> usize {
        usize::from(self.at.is_some()) + self.rest.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::journal::scan::Tip;

    fn put(key: u8, value: u8) -> ViewWrite {
        ViewWrite::Put { key: vec![key], value: vec![value] }
    }

    fn all(incoming: &Incoming) -> Vec<(u8, Option<u8>)> {
        let (mut pairs, mut found) = (incoming.between(&[0], &[9]), vec![]);
        while let Some((key, value)) = pairs.peek() {
            found.push((key[0], value.map(|v| v[0])));
            pairs.pass();
        }
        found
    }

    #[test]
    fn what_is_being_handed_over_is_told_of_below_what_came_since() {
        let mut incoming = Incoming::after(7);
        assert!(incoming.begin_handing().is_none());
        let applied = Applied::START.after(&[put(1, 1), put(3, 3)], Tip::START);
        incoming.apply(&[put(1, 1), put(3, 3)], &applied);
        let (handed, of, writes) = incoming.begin_handing().unwrap();
        assert_eq!((handed.len(), of, writes, incoming.len()), (2, applied, 9, 0));
        incoming.apply(&[ViewWrite::Remove { key: vec![3] }, put(2, 2)], &applied);
        assert_eq!(all(&incoming), [(1, Some(1)), (2, Some(2)), (3, None)]);
        assert_eq!(incoming.get(&[3]), Some(&None));
        assert_eq!(incoming.last(&[0], &[9]), Some((vec![3], false)));
        assert_eq!(incoming.last(&[0], &[3]), Some((vec![2], true)));
        assert_eq!((incoming.last(&[9], &[0]), incoming.get(&[4])), (None, None));
        incoming.end_handing();
        assert_eq!(all(&incoming), [(2, Some(2)), (3, None)]);
    }

    #[test]
    fn what_could_not_be_handed_over_is_handed_over_with_the_next() {
        let mut incoming = Incoming::after(0);
        incoming.apply(&[put(1, 1), put(2, 2)], &Applied::START);
        incoming.begin_handing().unwrap();
        incoming.apply(&[put(2, 3)], &Applied::START);
        let (handed, _, writes) = incoming.begin_handing().unwrap();
        assert_eq!((handed.get(&vec![2]), handed.len(), writes), (Some(&Some(vec![3])), 2, 3));
    }
}
