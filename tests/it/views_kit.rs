//! Views in memory that write and settle as a test wants.

use starmark::store::StoreError;
use starmark::store::views::{Applied, Each, MemoryViews, Settling, ViewWrite, Views, ViewsSource};
use std::sync::Arc;

/// What a test has them do.
pub trait Ways: Send + Sync {
    fn apply(&self, pairs: &MemoryViews, writes: &[ViewWrite], applied: &Applied) -> Result<(), StoreError> {
        pairs.apply(writes, applied)
    }

    fn settling(&self) -> Settling {
        Settling::None
    }

    fn settle(&self) -> Result<(), StoreError> {
        Ok(())
    }
}

struct TrialViews(MemoryViews, Arc<dyn Ways>);

impl Views for TrialViews {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.0.get(key)
    }

    fn scan(&self, from: &[u8], to: &[u8], each: &mut Each<'_>) -> Result<(), StoreError> {
        self.0.scan(from, to, each)
    }

    fn last_key(&self, from: &[u8], to: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.0.last_key(from, to)
    }

    fn apply(&self, writes: &[ViewWrite], applied: &Applied) -> Result<(), StoreError> {
        self.1.apply(&self.0, writes, applied)
    }

    fn settling(&self) -> Settling {
        self.1.settling()
    }

    fn settle(&self) -> Result<(), StoreError> {
        self.1.settle()
    }
}

pub struct TrialSource(pub Arc<dyn Ways>);

impl ViewsSource for TrialSource {
    fn open(&self) -> Result<Box<dyn Views>, StoreError> {
        Ok(Box::new(TrialViews(MemoryViews::default(), self.0.clone())))
    }

    fn fresh(&self) -> Result<Box<dyn Views>, StoreError> {
        self.open()
    }
}
