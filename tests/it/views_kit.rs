//! Views in memory that settle as a test wants.

use starmark::store::StoreError;
use starmark::store::views::{Applied, Each, MemoryViews, Settling, ViewWrite, Views, ViewsSource};
use std::sync::Arc;

/// What a test has them do.
pub trait Settles: Send + Sync {
    fn settling(&self) -> Settling;
    fn settle(&self) -> Result<(), StoreError>;
}

struct SettlingViews(MemoryViews, Arc<dyn Settles>);

impl Views for SettlingViews {
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
        self.0.apply(writes, applied)
    }

    fn settling(&self) -> Settling {
        self.1.settling()
    }

    fn settle(&self) -> Result<(), StoreError> {
        self.1.settle()
    }
}

pub struct SettlingSource(pub Arc<dyn Settles>);

impl ViewsSource for SettlingSource {
    fn open(&self) -> Result<Box<dyn Views>, StoreError> {
        Ok(Box::new(SettlingViews(MemoryViews::default(), self.0.clone())))
    }

    fn fresh(&self) -> Result<Box<dyn Views>, StoreError> {
        self.open()
    }
}
