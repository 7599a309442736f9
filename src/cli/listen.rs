//! Where the command line hands over to the HTTP floor.

use crate::http::serve;
pub(super) use crate::http::{Limits, Options};
use crate::service::Service;
use anyhow::Context as _;
use std::net::SocketAddr;
use std::sync::Arc;
use tracing_subscriber::EnvFilter;

/// MiB that kept answers may have, unless the command line says otherwise: those of 200,000 certificates.
pub(super) const KEPT_MIB: u64 = 1_024;

/// Serves until the process is told to stop; `ready` is told the address once connections are accepted.
pub(super) fn listen(service: Arc<Service>, options: Options, ready: impl FnOnce(SocketAddr)) -> anyhow::Result<()> {
    let address = options.listen;
    let runtime =
        tokio::runtime::Builder::new_multi_thread().enable_all().build().context("cannot start the server")?;
    let served = runtime.block_on(serve(service, options, ready));
    // Nobody is waiting any more for what a cut-off request had begun; nothing of it was acknowledged.
    runtime.shutdown_background();
    served.with_context(|| format!("cannot serve at {address}"))
}

/// Logs as one JSON object a line on stderr; `RUST_LOG` says how much.
pub(super) fn log(default: &str) {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(default));
    // A second call in one process changes nothing, and there is none.
    let _ = tracing_subscriber::fmt().json().with_env_filter(filter).with_writer(std::io::stderr).try_init();
}
