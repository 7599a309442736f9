//! Opens a data directory: its store, its service, its keys.

use super::args::Global;
use super::exit::Usage;
use super::files;
use crate::domain::Refusal;
use crate::service::clock::{Clock, Machine};
use crate::service::data_dir::DataDir;
use crate::service::log::LogFiles;
use crate::service::receipts::ReceiptDir;
use crate::service::{Parts, Service};
use crate::sign::Passphrase;
use crate::store::{Drawer, SledStore, Store};
use std::path::Path;
use std::sync::Arc;
use zeroize::Zeroizing;

/// Data directory unless `--data` names another.
const DEFAULT_DATA: &str = "starmark-data";
/// Holds the passphrase where a supervisor hands it over.
const PASSPHRASE_VARIABLE: &str = "STARMARK_PASSPHRASE";

/// A data directory in use.
pub(super) struct Opened {
    /// Where it is.
    pub dir: DataDir,
    /// The use cases on it.
    pub service: Arc<Service>,
    /// How its keys are opened, when a command turns out to need them.
    pub global: Global,
}

impl Global {
    /// The data directory named, or the default one.
    pub fn data_dir(&self, default: &str) -> anyhow::Result<DataDir> {
        Ok(DataDir::at(self.data.as_deref().unwrap_or(Path::new(default)))?)
    }

    /// Opens the data directory; signs nothing until [`Opened::unlock`].
    pub fn open(&self) -> anyhow::Result<Opened> {
        let dir = self.data_dir(DEFAULT_DATA)?;
        dir.check_finished()?;
        let store = open_store(&dir)?;
        let service = Arc::new(service(&dir, store, Arc::new(Machine))?);
        self.confirm_today(&service)?;
        Ok(Opened { dir, service, global: self.clone() })
    }

    /// Opens the data directory and its keys.
    pub fn open_to_sign(&self) -> anyhow::Result<Opened> {
        let opened = self.open()?;
        opened.unlock()?;
        Ok(opened)
    }

    /// Hands on what the user says of today's date, if anything.
    pub fn confirm_today(&self, service: &Service) -> Result<(), Refusal> {
        self.today.map_or(Ok(()), |day| service.confirm_today(day))
    }

    /// The directory for commands that make one or look at a damaged one.
    pub fn named_dir(&self) -> anyhow::Result<DataDir> {
        self.data_dir(DEFAULT_DATA)
    }

    /// The passphrase somebody laid down: the file named, the environment, or the file beside the data directory.
    pub fn passphrase(&self, dir: &DataDir) -> anyhow::Result<Option<Passphrase>> {
        if let Some(file) = &self.passphrase_file {
            return read_passphrase(file).map(Some);
        }
        if let Some(text) = std::env::var_os(PASSPHRASE_VARIABLE) {
            let text = text.into_string().map_err(|_| Usage(format!("{PASSPHRASE_VARIABLE} is not UTF-8")))?;
            let refused = |r: Refusal| Usage(format!("{PASSPHRASE_VARIABLE}: {}", r.message));
            return Ok(Some(Passphrase::new(Zeroizing::new(text)).map_err(refused)?));
        }
        let beside = dir.passphrase_file();
        if beside.exists() { read_passphrase(beside).map(Some) } else { Ok(None) }
    }
}

impl Opened {
    /// Opens the keys.
    pub fn unlock(&self) -> anyhow::Result<()> {
        self.service.unlock(&self.dir.keys(), &self.passphrase()?)?;
        Ok(())
    }

    /// The passphrase of the keys.
    pub fn passphrase(&self) -> anyhow::Result<Passphrase> {
        let missing = || {
            Usage(format!(
                "the keys need their passphrase: set {PASSPHRASE_VARIABLE}, name a file with --passphrase-file, or put it into {}",
                self.dir.passphrase_file().display()
            ))
        };
        Ok(self.global.passphrase(&self.dir)?.ok_or_else(missing)?)
    }
}

/// The use cases on an open store.
pub(super) fn service(dir: &DataDir, store: Arc<dyn Store>, clock: Arc<dyn Clock>) -> anyhow::Result<Service> {
    Ok(Service::open(parts(dir, store, clock)?)?)
}

/// What a service on that directory works with.
pub(super) fn parts(dir: &DataDir, store: Arc<dyn Store>, clock: Arc<dyn Clock>) -> anyhow::Result<Parts> {
    let (log, receipts) = (LogFiles::on_disk(dir.root()), Arc::new(ReceiptDir::at(&dir.receipts())));
    let drawer = Arc::new(Drawer::on_disk(dir.root()));
    Ok(Parts { store, clock, entropy: Arc::new(Machine), log, scheme: dir.scheme()?, receipts, drawer })
}

/// Makes an empty store.
pub(super) fn create_store(dir: &DataDir) -> anyhow::Result<Arc<dyn Store>> {
    Ok(Arc::new(SledStore::create(dir.root())?))
}

/// Opens the store.
pub(super) fn open_store(dir: &DataDir) -> anyhow::Result<Arc<dyn Store>> {
    Ok(Arc::new(SledStore::open(dir.root())?))
}

fn read_passphrase(file: &Path) -> anyhow::Result<Passphrase> {
    let unusable = |why: &str| Usage(format!("the passphrase file {} is not usable: {why}", file.display()));
    let bytes = Zeroizing::new(files::read(file, Passphrase::MAX_LEN as u64 + 2)?);
    let text = std::str::from_utf8(&bytes).map_err(|_| unusable("it is not UTF-8"))?;
    let text = text.strip_suffix('\n').map_or(text, |t| t.strip_suffix('\r').unwrap_or(t));
    Ok(Passphrase::new(Zeroizing::new(text.to_owned())).map_err(|r| unusable(&r.message))?)
}
