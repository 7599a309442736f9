//! Where the log is published.

use super::{CHECKPOINT, LOG_DIR};
use crate::store::disk::{Disk, MemoryDisk, RealDisk};
use crate::store::{Blobs, LocalBlobs, LocalSlot, Slot};
use std::path::Path;
use std::sync::Arc;

/// Name of what was held against the journal before.
const HELD_BEFORE: &str = "held";

/// Where the log is published.
#[derive(Clone)]
pub struct LogFiles {
    /// Tiles and bundles.
    pub blobs: Arc<dyn Blobs>,
    /// The latest checkpoint.
    pub checkpoint: Arc<dyn Slot>,
    /// What was held against the journal before; nobody's but this process's.
    pub held_before: Arc<dyn Slot>,
}

impl LogFiles {
    /// Files below the directory `log` of a data directory.
    #[must_use]
    pub fn on_disk(data: &Path) -> Self {
        Self::on(Arc::new(RealDisk), data)
    }

    /// Files in memory, gone with the process.
    #[must_use]
    pub fn in_memory() -> Self {
        Self::on(Arc::new(MemoryDisk::new()), Path::new("/"))
    }

    /// Files on another file layer.
    #[must_use]
    pub fn on(disk: Arc<dyn Disk>, data: &Path) -> Self {
        let dir = data.join(LOG_DIR);
        Self {
            checkpoint: Arc::new(LocalSlot::new(disk.clone(), &dir.join(CHECKPOINT))),
            held_before: Arc::new(LocalSlot::new(disk.clone(), &dir.join(HELD_BEFORE))),
            blobs: Arc::new(LocalBlobs::new(disk, &dir)),
        }
    }
}
