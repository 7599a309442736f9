//! The settler thread: has new pairs of the views settle while commits and reads go on.

use super::Shared;
use crate::store::StoreError;
use crate::store::views::Settling;
use std::sync::Arc;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread::JoinHandle;

/// What the writer asks it through.
pub(crate) struct Settler(SyncSender<()>);

impl Settler {
    /// Starts the thread. It ends once this is gone and all that was asked for is done.
    pub(crate) fn spawn(shared: Arc<Shared>) -> Result<(Self, JoinHandle<()>), StoreError> {
        let (ask, asked) = sync_channel(1);
        let settle = move || {
            for () in asked {
                let views = &shared.reader.views;
                if views.settling() == Settling::None || shared.closed.get().is_some() {
                    continue;
                }
                if let Err(why) = views.settle() {
                    // They are as good as before, and larger in memory.
                    tracing::error!(error = %why, "new pairs of the views did not settle; that is tried again at the next start");
                    return;
                }
            }
        };
        let thread = std::thread::Builder::new().name("store-settler".into()).spawn(settle);
        let thread = thread.map_err(|source| StoreError::Io { what: "start a thread".into(), source })?;
        Ok((Self(ask), thread))
    }

    /// Has new pairs settle. It is not waited for; while they settle already, the next ones are looked at afterwards.
    pub(crate) fn ask(&self) {
        // Full: it was asked already. Gone: it failed, and said so.
        let _ = self.0.try_send(());
    }
}
