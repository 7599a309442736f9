//! Where new certificates stand in the status lists: each in a place of its own, drawn by lot.

use crate::cli_kit::{Desk, ago};
use crate::harness::{BODY, TestApp, decision, noon};
use serde_json::{Value, json};
use starmark::domain::holder::CertificationBody;
use starmark::domain::{CertificateId, Host, Scheme, StatusEntry};
use starmark::service::clock::{Entropy, Machine, ManualClock};
use starmark::service::log::LogFiles;
use starmark::service::receipts::MemoryReceipts;
use starmark::service::{Act, Actor, Parts, Service, set_up};
use starmark::sign::{KdfCost, Passphrase};
use starmark::store::{Drawer, MemoryStore, Store};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use zeroize::Zeroizing;

fn place(store: &dyn Store, id: &str) -> StatusEntry {
    store.certificate(CertificateId::parse(id).unwrap()).unwrap().unwrap().terms().status.unwrap()
}

#[tokio::test]
async fn every_new_certificate_has_a_place_and_says_it() {
    let app = TestApp::on("2026-05-08");
    let id = |v: &Value| v["id"].as_str().unwrap().to_owned();
    let first = id(&app.issue(&decision("D-1", "2026-05-08")).await);
    app.today("2026-06-01");
    let next = json!({"reason": "reissued", "decision": decision("D-2", "2026-06-01")});
    let second = id(&app.order(&first, "supersession", next).await.is(201).json());
    app.today("2029-02-01");
    let third = json!({"decision": decision("D-3", "2029-02-01")});
    let third = id(&app.order(&second, "recertification", third).await.is(201).json());
    let mut seen = BTreeSet::new();
    for id in [&first, &second, &third] {
        let place = place(app.service.store(), id);
        assert!(seen.insert(place) && place.list() == 1, "{place:?}");
        let record = app.get(&format!("/api/v1/certificates/{id}/credential")).await.is(200).json();
        for (entry, purpose) in record["credentialStatus"].as_array().unwrap().iter().zip(["revocation", "suspension"])
        {
            let list = format!("https://xb.example.cn/status/{purpose}/1");
            assert_eq!(entry["statusListCredential"], json!(list));
            assert_eq!(entry["statusListIndex"], json!(place.index().to_string()));
            assert_eq!(entry["id"], json!(format!("{list}#{}", place.index())));
        }
        let keys = starmark::sign::KeyDocument::parse(&app.get("/.well-known/did.json").await.bytes).unwrap();
        let bytes = app.get(&format!("/api/v1/certificates/{id}/credential")).await.bytes;
        let found = starmark::verify::certificate::verify_offline(&bytes, &keys, app.service.now(), app.service.now());
        assert_eq!(found.genuine.unwrap().1.status, Some(place));
    }
}

#[tokio::test]
async fn a_place_tells_nothing_of_when_it_was_given() {
    let app = TestApp::on("2026-05-08");
    let mut places = vec![];
    for n in 0..24 {
        let id = app.issue(&decision(&format!("D-{n}"), "2026-05-08")).await;
        places.push(place(app.service.store(), id["id"].as_str().unwrap()).index());
    }
    // Of 24 drawn from 131,072, in order one time of 24 factorial, and all in one half one time of 8 million.
    assert!(!places.is_sorted(), "{places:?}");
    assert!(places.iter().any(|p| *p < 65_536) && places.iter().any(|p| *p >= 65_536), "{places:?}");
}

#[test]
fn what_is_taken_over_from_a_roster_has_places_too() {
    let desk = Desk::new();
    let header = "证书编号,企业名称,统一社会信用代码,注册地址,认证范围,级别,发证日期,有效期至,状态,状态日期,状态原因,暂停至,下次监督日期";
    let (from, until) = (ago(200), starmark::domain::dates::add_days(ago(200), 1000));
    let row = |n: u32| {
        format!(
            "29324SC0000{n}R0M,示例第{n}电器有限公司,91110108551385082Q,北京市示例路{n}号,电器的售后服务,五星级,{from},{until},有效,,,,"
        )
    };
    desk.file("roster.csv", format!("{header}\n{}\n{}\n", row(1), row(2)));
    let lines = desk.run(&["import", "roster.csv", "--json"]).is(0).lines();
    let store = starmark::store::SledStore::open(&desk.path("starmark-data")).unwrap();
    let places: BTreeSet<StatusEntry> =
        lines.iter().filter_map(|l| l["id"].as_str()).map(|id| place(&store, id)).collect();
    assert_eq!(places.len(), 2, "{lines:?}");
}

/// Draws every place twice in a row, so that those who draw at the same time draw the same.
struct Pairs(AtomicU32);

impl Entropy for Pairs {
    fn fill(&self, bytes: &mut [u8]) -> std::io::Result<()> {
        if bytes.len() != 4 {
            return Machine.fill(bytes);
        }
        bytes.copy_from_slice(&(self.0.fetch_add(1, Ordering::Relaxed) / 2).to_be_bytes());
        Ok(())
    }
}

#[test]
fn who_draws_the_same_place_at_the_same_time_draws_again() {
    let keys = tempfile::tempdir().unwrap();
    let parts = Parts {
        store: Arc::new(MemoryStore::new().unwrap()),
        clock: Arc::new(ManualClock::at(noon("2026-05-08"))),
        entropy: Arc::new(Pairs(AtomicU32::new(0))),
        log: LogFiles::in_memory(),
        receipts: Arc::new(MemoryReceipts::default()),
        drawer: Arc::new(Drawer::in_memory()),
        scheme: Scheme::parse(include_str!("../../schemes/gbt27922-2011.toml")).unwrap(),
    };
    let passphrase = Passphrase::new(Zeroizing::new("a passphrase of the tests".into())).unwrap();
    let (host, body) = (Host::parse("xb.example.cn").unwrap(), CertificationBody::parse(BODY).unwrap());
    set_up(&parts, &host, &body, keys.path(), &passphrase, KdfCost::TEST).unwrap();
    let service = Service::open(parts).unwrap();
    service.unlock(keys.path(), &passphrase).unwrap();
    let act = Act::by(Actor::local("test"));
    let places = std::sync::Mutex::new(vec![]);
    std::thread::scope(|s| {
        for t in 0..4 {
            let (service, act, places) = (&service, &act, &places);
            s.spawn(move || {
                for n in 0..6 {
                    let input = serde_json::from_value(decision(&format!("D-{t}-{n}"), "2026-05-08")).unwrap();
                    let id = service.issue(act, &input).unwrap().id.to_string();
                    places.lock().unwrap().push(place(service.store(), &id));
                }
            });
        }
    });
    let places = places.into_inner().unwrap();
    let distinct: BTreeSet<&StatusEntry> = places.iter().collect();
    assert_eq!((places.len(), distinct.len()), (24, 24));
}
