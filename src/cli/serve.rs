//! `serve`: answers the public and the issuing API. It never creates anything.

use super::args::Global;
use super::exit::{Exit, Usage};
use super::{files, listen};
use crate::service::Service;
use crate::service::data_dir::DataDir;
use crate::service::log::Witness;
use crate::service::receipts::Room;
use crate::service::watch::Reach;
use axum::http::HeaderName;
use clap::Args;
use std::net::SocketAddr;
use std::sync::Arc;

/// Largest list of witnesses; an entry has some two hundred bytes.
const WITNESSES_FILE_MAX: u64 = 64 << 10;

/// Serve the public pages and the API
#[derive(Debug, Args)]
pub(super) struct Serve {
    /// Address to listen at
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8080")]
    listen: SocketAddr,
    /// Address the pages are reached at [default: https://HOST]
    #[arg(long, value_name = "URL", value_parser = base)]
    base: Option<String>,
    /// Header in which the trusted proxy in front names the client, e.g. fly-client-ip: requests are limited by client
    #[arg(long, value_name = "HEADER")]
    client_header: Option<HeaderName>,
    /// Let one address ask for as much as it likes: only where nobody but a proxy that bounds its clients, or a trial of speed, reaches
    /// this service
    #[arg(long)]
    unlimited: bool,
    /// MiB that all receipts may take together: anybody may ask for one, and each is kept for ever. Nor is one made while less
    /// than 512 MiB of the disk are free
    #[arg(long, value_name = "MIB", default_value_t = Room::DEFAULT.bytes >> 20)]
    receipts_mib: u64,
    /// MiB of disk for answers that were found out, which are given out again as long as they hold; a quarter of what is free at most, and
    /// none with 0
    #[arg(long, value_name = "MIB", default_value_t = listen::KEPT_MIB)]
    answers_mib: u64,
    /// Send webhooks also inside: by http, and to addresses of this machine and its networks. Anybody may name one, so only where
    /// nobody but the body reaches this service
    #[arg(long)]
    webhooks_inside: bool,
}

impl Serve {
    pub(super) fn run(&self, global: &Global) -> anyhow::Result<Exit> {
        listen::log("info");
        let opened = global.open()?;
        let service = opened.service.clone();
        service.log().watched_by(witnesses(&opened.dir)?);
        opened.unlock()?;
        service.keep_receipts_within(self.receipts_mib.saturating_mul(1 << 20));
        count_receipts(&service);
        let base = self.base.clone().unwrap_or_else(|| format!("https://{}", service.host()));
        let mut limits = listen::Limits { client_header: self.client_header.clone(), ..listen::Limits::DEFAULT };
        if self.unlimited {
            limits.per_second = None;
        }
        if let Err(fault) = service.recording_time() {
            tracing::error!(%fault, "until the clock is right nothing is recorded, and no certificate is called valid");
        }
        let reach = if self.webhooks_inside { Reach::Anywhere } else { Reach::Public };
        service.start_watch(&base, reach)?;
        let host = service.host().clone();
        let control = opened.dir.control_socket();
        let kept = (opened.dir.root().to_owned(), self.answers_mib.saturating_mul(1 << 20));
        let options = listen::Options { listen: self.listen, base: base.clone(), limits, kept, control };
        service.start_counting();
        listen::listen(service.clone(), options, |address| {
            tracing::info!(%host, %address, base, "serving");
        })?;
        service.keep_counts()?;
        Ok(Exit::Done)
    }
}

/// Counts what is kept while the service begins to answer, so that the first receipt does not wait for that.
fn count_receipts(service: &Arc<Service>) {
    let service = service.clone();
    std::thread::spawn(move || match service.receipts_kept() {
        Ok((kept, most)) => {
            tracing::info!(receipts = kept.receipts, mib = kept.bytes >> 20, most_mib = most >> 20, "receipts kept")
        }
        Err(error) => tracing::error!(why = error.in_full(), "the receipts cannot be counted, so none can be made"),
    });
}

/// The witnesses the data directory names.
fn witnesses(dir: &DataDir) -> anyhow::Result<Vec<Witness>> {
    let file = dir.witnesses_file();
    if !file.exists() {
        return Ok(vec![]);
    }
    let bytes = files::read(&file, WITNESSES_FILE_MAX)?;
    let text = std::str::from_utf8(&bytes).map_err(|_| Usage(format!("{} is not UTF-8", file.display())))?;
    Ok(Witness::list(text).map_err(|r| Usage(format!("{}: {}", file.display(), r.message)))?)
}

fn base(text: &str) -> Result<String, String> {
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    match rest {
        Some(host) if !host.is_empty() && !host.contains(['/', '?', '#', '@', ' ']) => Ok(text.to_owned()),
        _ => Err("write it as https://xb.example.cn, without a path".into()),
    }
}
