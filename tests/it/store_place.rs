//! A store in its directory: found again, never made by accident, held by one process.

use crate::store_kit::{cert_id, credential, issue};
use starmark::store::{PageRequest, RecordKind, SledStore, Store, StoreError};

#[test]
fn a_store_is_found_again_and_never_made_by_accident() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    assert!(matches!(SledStore::open(&data), Err(StoreError::Refused(text)) if text.contains("init")));
    assert!(!data.exists());
    let store = SledStore::create(&data).unwrap();
    assert!(
        matches!(SledStore::open(&data), Err(StoreError::Refused(text)) if text.contains(&std::process::id().to_string()))
    );
    for n in 0..20 {
        store.commit(issue(n)).unwrap();
    }
    drop(store);
    assert!(matches!(SledStore::create(&data), Err(StoreError::Refused(text)) if text.contains("exists")));
    let store = SledStore::open(&data).unwrap();
    assert_eq!(store.next_seq(), 20);
    assert_eq!(store.record(RecordKind::Credential, cert_id(5)).unwrap().unwrap(), credential(5));
    assert_eq!(store.search_holders("示例售后", PageRequest { offset: 0, size: 100 }).unwrap().total, 20);
    assert_eq!(store.next_serial("29326SC#R*M").unwrap(), 20);
    store.commit(issue(20)).unwrap();
}
