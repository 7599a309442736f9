//! A service for the tests of this floor and the one above.

use super::clock::{Machine, ManualClock};
use super::log::LogFiles;
use super::receipts::MemoryReceipts;
use super::{Parts, Service, set_up};
use crate::domain::holder::CertificationBody;
use crate::domain::{Host, Scheme};
use crate::sign::{KdfCost, Passphrase};
use crate::store::{Drawer, MemoryStore};
use std::sync::Arc;
use zeroize::Zeroizing;

/// The shipped scheme.
pub const SHEET: &str = include_str!("../../schemes/gbt27922-2011.toml");

/// One in memory with its keys open, at noon of 2026-05-08 in China.
pub fn service() -> Service {
    service_with_clock().0
}

/// The same, with the clock it goes by.
pub fn service_with_clock() -> (Service, Arc<ManualClock>) {
    let keys = tempfile::tempdir().unwrap();
    let clock = Arc::new(ManualClock::at("2026-05-08T04:00:00Z".parse().unwrap()));
    let scheme = Scheme::parse(SHEET).unwrap();
    let (store, log) = (Arc::new(MemoryStore::new().unwrap()), LogFiles::in_memory());
    let receipts = Arc::new(MemoryReceipts::default());
    let drawer = Arc::new(Drawer::in_memory());
    let parts = Parts { store, clock: clock.clone(), entropy: Arc::new(Machine), log, scheme, receipts, drawer };
    let body = "name = \"示例认证中心\"\naddress = \"示例路1号\"\napproval_number = \"CNCA-R-2026-293\"\nnumber_pattern = \"X{serial:3}\"\n";
    let (host, body) = (Host::parse("xb.example.cn").unwrap(), CertificationBody::parse(body).unwrap());
    let passphrase = Passphrase::new(Zeroizing::new("a passphrase of the tests".into())).unwrap();
    set_up(&parts, &host, &body, keys.path(), &passphrase, KdfCost::TEST).unwrap();
    let service = Service::open(parts).unwrap();
    service.unlock(keys.path(), &passphrase).unwrap();
    (service, clock)
}
