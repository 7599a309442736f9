//! The settler thread: has new pairs of the views settle while commits and reads go on.

use super::Shared;
use crate::store::StoreError;
use crate::store::views::Settling;
use std::sync::Arc;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread::JoinHandle;

/// What the writer asks it through.
pub(crate) struct Settler {
    shared: Arc<Shared>,
    ask: SyncSender<Settling>,
}

/// Whether pairs are to settle, `now` being the occasion.
fn is_time(shared: &Shared, now: Settling) -> bool {
    let wanted = shared.reader.views.settling();
    wanted == Settling::Due || (wanted == Settling::WhenIdle && now == wanted)
}

impl Settler {
    /// Starts the thread. It ends once this is gone and all that was asked for is done.
    pub(crate) fn spawn(shared: Arc<Shared>) -> Result<(Self, JoinHandle<()>), StoreError> {
        let (ask, asked) = sync_channel(1);
        let its = shared.clone();
        let settle = move || {
            let mut full = false;
            for now in asked {
                if !is_time(&its, now) || its.closed.get().is_some() {
                    continue;
                }
                match its.reader.views.settle() {
                    Ok(()) => full = false,
                    // A suspension may be what they lack: nothing of them is to be told any more. The next start makes them anew.
                    Err(why @ StoreError::Corrupt { .. }) => {
                        let _ = its.doubted.set(why.to_string());
                        return drop(its.close(&why));
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
        };
        let thread = std::thread::Builder::new().name("store-settler".into()).spawn(settle);
        let thread = thread.map_err(|source| StoreError::Io { what: "start a thread".into(), source })?;
        Ok((Self { shared, ask }, thread))
    }

    /// Has new pairs settle, where it is time for that. It is not waited for; while they settle already, the next ones are looked at afterwards.
    pub(crate) fn ask(&self, now: Settling) {
        if is_time(&self.shared, now) {
            // Full: it was asked already. Gone: it failed, and said so.
            let _ = self.ask.try_send(now);
        }
    }
}
