//! The settler thread: has new pairs of the views settle while commits and reads go on.

use super::Shared;
use crate::store::StoreError;
use crate::store::views::Settling;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;

/// What the writer asks it through.
pub(crate) struct Settler {
    shared: Arc<Shared>,
    ask: SyncSender<()>,
    /// Whether there was nothing better to do when it was last asked.
    idle: Arc<AtomicBool>,
}

/// Whether pairs are to settle.
fn is_time(shared: &Shared, idle: bool) -> bool {
    match shared.reader.views.settling() {
        Settling::Due => true,
        Settling::WhenIdle => idle,
        Settling::None => false,
    }
}

impl Settler {
    /// Starts the thread. It ends once this is gone and all that was asked for is done.
    pub(crate) fn spawn(shared: Arc<Shared>) -> Result<(Self, JoinHandle<()>), StoreError> {
        let ((ask, asked), idle) = (sync_channel(1), Arc::new(AtomicBool::default()));
        let settler = Self { shared: shared.clone(), ask, idle: idle.clone() };
        let thread =
            std::thread::Builder::new().name("store-settler".into()).spawn(move || settle(&shared, &asked, &idle));
        let thread = thread.map_err(|source| StoreError::Io { what: "start a thread".into(), source })?;
        Ok((settler, thread))
    }

    /// Has new pairs settle, where it is time for that. It is not waited for; while they settle already, the next ones are looked at afterwards.
    pub(crate) fn ask(&self, idle: bool) {
        self.idle.store(idle, Ordering::Relaxed);
        if is_time(&self.shared, idle) {
            // Full: it was asked already. Gone: it failed, and said so.
            let _ = self.ask.try_send(());
        }
    }
}

fn settle(shared: &Shared, asked: &Receiver<()>, idle: &AtomicBool) {
    let mut full = false;
    for () in asked {
        if !is_time(shared, idle.load(Ordering::Relaxed)) || shared.closed.get().is_some() {
            continue;
        }
        match shared.reader.views.settle() {
            Ok(()) => full = false,
            // A suspension may be what they lack: nothing of them is to be told any more. The next start makes them anew.
            Err(why @ StoreError::Corrupt { .. }) => {
                let _ = shared.doubted.set(why.to_string());
                return drop(shared.close(&why));
            }
            // They are as good as before, and larger in memory.
            Err(StoreError::Full(why)) if full => tracing::debug!(why, "still no room for the views to settle"),
            Err(StoreError::Full(why)) => {
                full = true;
                tracing::error!(why, "new pairs of the views do not settle until there is room");
            }
            Err(why) => {
                tracing::error!(error = %why, "new pairs of the views did not settle; that is tried again at the next start");
                return;
            }
        }
    }
}
