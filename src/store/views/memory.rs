//! Views in memory.

use super::{APPLIED_KEY, Applied, Each, ViewWrite, Views, ViewsSource};
use crate::store::StoreError;
use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::{PoisonError, RwLock};

/// Views in memory: rebuilt at every start.
#[derive(Debug, Default)]
pub struct MemoryViews(RwLock<BTreeMap<Vec<u8>, Vec<u8>>>);

impl Views for MemoryViews {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.0.read().unwrap_or_else(PoisonError::into_inner).get(key).cloned())
    }

    fn scan(&self, from: &[u8], to: &[u8], each: &mut Each<'_>) -> Result<(), StoreError> {
        let pairs = self.0.read().unwrap_or_else(PoisonError::into_inner);
        for (key, value) in pairs.range::<[u8], _>((std::ops::Bound::Included(from), std::ops::Bound::Excluded(to))) {
            if let ControlFlow::Break(()) = each(key, value)? {
                break;
            }
        }
        Ok(())
    }

    fn last_key(&self, from: &[u8], to: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        let pairs = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let mut range = pairs.range::<[u8], _>((std::ops::Bound::Included(from), std::ops::Bound::Excluded(to)));
        Ok(range.next_back().map(|(key, _)| key.clone()))
    }

    fn apply(&self, writes: &[ViewWrite], applied: &Applied) -> Result<(), StoreError> {
        let mut pairs = self.0.write().unwrap_or_else(PoisonError::into_inner);
        for write in writes {
            match write {
                ViewWrite::Put { key, value } => pairs.insert(key.clone(), value.clone()),
                ViewWrite::Remove { key } => pairs.remove(key),
            };
        }
        pairs.insert(APPLIED_KEY.to_vec(), applied.to_bytes());
        Ok(())
    }
}

/// Always empty views: the journal fills them.
#[derive(Debug, Clone, Copy, Default)]
pub struct MemorySource;

impl ViewsSource for MemorySource {
    fn open(&self) -> Result<Box<dyn Views>, StoreError> {
        Ok(Box::new(MemoryViews::default()))
    }

    fn fresh(&self) -> Result<Box<dyn Views>, StoreError> {
        self.open()
    }
}
