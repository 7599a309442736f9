//! A whole service on a real store, with a clock set by hand, driven through its router in memory.

use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use http_body_util::BodyExt as _;
use jiff::Timestamp;
use serde_json::{Value, json};
use starmark::domain::holder::CertificationBody;
use starmark::domain::{Host, Role, Scheme};
use starmark::http::{Limits, router};
use starmark::service::clock::{Machine, ManualClock};
use starmark::service::keys::KeyFiles;
use starmark::service::log::LogFiles;
use starmark::service::receipts::ReceiptDir;
use starmark::service::{Act, Actor, Parts, Service, set_up};
use starmark::sign::{KdfCost, KeyId, Passphrase, Purpose};
use starmark::store::{Drawer, SledStore, Store};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use tempfile::TempDir;
use tower::ServiceExt as _;
use zeroize::Zeroizing;

pub const BODY: &str = r#"
name = "示例认证中心"
address = "北京市示例区认证路1号"
approval_number = "CNCA-R-2026-293"
number_pattern = "293{yy}SC{serial:5}R{recert}M"
"#;

pub struct TestApp {
    pub service: Arc<Service>,
    pub clock: Arc<ManualClock>,
    pub router: Router,
    pub token: String,
    pub passphrase: Passphrase,
    acts: AtomicU32,
    dir: TempDir,
}

pub struct Answer {
    pub status: StatusCode,
    pub headers: axum::http::HeaderMap,
    pub bytes: Vec<u8>,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.bytes).unwrap_or_else(|e| panic!("{e}: {}", self.text()))
    }

    pub fn text(&self) -> String {
        String::from_utf8(self.bytes.clone()).unwrap()
    }

    #[track_caller]
    pub fn is(self, status: u16) -> Self {
        assert_eq!(self.status.as_u16(), status, "{}", self.text());
        self
    }

    #[track_caller]
    pub fn refused(self, status: u16, code: &str, pointer: &str) {
        let problem = self.is(status).json();
        assert_eq!(problem["code"], code, "{problem}");
        assert_eq!(problem["pointer"], pointer, "{problem}");
    }
}

/// What a router answers to a GET.
pub async fn fetch(router: &Router, path: &str) -> Answer {
    ask(router, Request::get(path).body(Body::empty()).unwrap()).await
}

async fn ask(router: &Router, request: Request<Body>) -> Answer {
    let response = router.clone().oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    let bytes = body.collect().await.unwrap().to_bytes().to_vec();
    Answer { status: parts.status, headers: parts.headers, bytes }
}

/// A router on a data directory that no process is at work on; it signs nothing.
pub fn serving(data: &Path) -> Router {
    let scheme = Scheme::parse(include_str!("../../schemes/gbt27922-2011.toml")).unwrap();
    let store = Arc::new(SledStore::open(data).unwrap());
    let receipts = Arc::new(ReceiptDir::at(&data.join("receipts")));
    let log = LogFiles::on_disk(data);
    let drawer = Arc::new(Drawer::on_disk(data));
    let parts = Parts { store, clock: Arc::new(Machine), entropy: Arc::new(Machine), log, scheme, receipts, drawer };
    let service = Arc::new(Service::open(parts).unwrap());
    router(service, "https://xb.example.cn", Limits { per_second: None, ..Limits::DEFAULT })
}

fn router_of(service: &Arc<Service>) -> Router {
    router(service.clone(), "https://xb.example.cn", Limits { per_second: None, ..Limits::DEFAULT })
}

pub fn noon(day: &str) -> Timestamp {
    format!("{day}T12:00:00+08:00").parse().unwrap()
}

impl TestApp {
    /// A service on the day `today` at noon, China time.
    pub fn on(today: &str) -> Self {
        Self::with_body(today, BODY)
    }

    pub fn with_body(today: &str, body: &str) -> Self {
        Self::with_store(today, body, |data| Arc::new(SledStore::create(data).unwrap()))
    }

    pub fn with_store(today: &str, body: &str, store: impl FnOnce(&Path) -> Arc<dyn Store>) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let store = store(&dir.path().join("data"));
        let keys = dir.path().join("keys");
        std::fs::create_dir(&keys).unwrap();
        let clock = Arc::new(ManualClock::at(noon(today)));
        let scheme = Scheme::parse(include_str!("../../schemes/gbt27922-2011.toml")).unwrap();
        let receipts = Arc::new(ReceiptDir::at(&dir.path().join("data/receipts")));
        let log = LogFiles::on_disk(&dir.path().join("data"));
        let drawer = Arc::new(Drawer::on_disk(&dir.path().join("data")));
        let parts = Parts { store, clock: clock.clone(), entropy: Arc::new(Machine), log, scheme, receipts, drawer };
        let passphrase = Passphrase::new(Zeroizing::new("a passphrase of the tests".into())).unwrap();
        let body = CertificationBody::parse(body).unwrap();
        set_up(&parts, &Host::parse("xb.example.cn").unwrap(), &body, &keys, &passphrase, KdfCost::TEST).unwrap();
        let service = Service::open(parts).unwrap();
        service.unlock(&keys, &passphrase).unwrap();
        let service = Arc::new(service);
        let token = service.make_token(&Act::by(Actor::local("test")), "all", &Role::OF_TOKENS).unwrap().to_string();
        let router = router_of(&service);
        Self { service, clock, router, token, passphrase, acts: AtomicU32::new(0), dir }
    }

    /// The same service behind a router of its own.
    pub fn behind(mut self, limits: Limits) -> Self {
        self.router = router(self.service.clone(), "https://xb.example.cn", limits);
        self
    }

    /// Spoils every unit of the journal while the service is running.
    pub fn damage_journal(&self) {
        let segment = self.dir.path().join("data/journal/00000000.seg");
        let mut bytes = std::fs::read(&segment).unwrap();
        let used = bytes.iter().rposition(|b| *b != 0).unwrap();
        for at in (100..used).step_by(50) {
            bytes[at] ^= 0x55;
        }
        std::fs::write(segment, bytes).unwrap();
    }

    /// The same register after the service was stopped, something was done to its data directory, and it was started again.
    pub fn restarted(self, meanwhile: impl FnOnce(&Path)) -> Self {
        let Self { service, clock, router, token, passphrase, acts, dir } = self;
        drop(router);
        let left = Arc::downgrade(&service);
        drop(service);
        // Whoever sends messages or makes the log lets go of it within moments.
        let until = std::time::Instant::now() + std::time::Duration::from_secs(20);
        while left.strong_count() > 0 {
            assert!(std::time::Instant::now() < until, "somebody holds the service");
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
        let data = dir.path().join("data");
        meanwhile(&data);
        let scheme = Scheme::parse(include_str!("../../schemes/gbt27922-2011.toml")).unwrap();
        let store = Arc::new(SledStore::open(&data).unwrap());
        let (log, receipts) = (LogFiles::on_disk(&data), Arc::new(ReceiptDir::at(&data.join("receipts"))));
        let drawer = Arc::new(Drawer::on_disk(&dir.path().join("data")));
        let parts = Parts { store, clock: clock.clone(), entropy: Arc::new(Machine), log, scheme, receipts, drawer };
        let service = Service::open(parts).unwrap();
        service.unlock(&dir.path().join("keys"), &passphrase).unwrap();
        let service = Arc::new(service);
        let router = router_of(&service);
        Self { service, clock, router, token, passphrase, acts, dir }
    }

    pub fn token_of(&self, role: Role) -> String {
        self.service.make_token(&Act::by(Actor::local("test")), role.wire(), &[role]).unwrap().to_string()
    }

    /// Where the store and the receipts are.
    pub fn data_dir(&self) -> std::path::PathBuf {
        self.dir.path().join("data")
    }

    /// Where the private keys are.
    pub fn keys_dir(&self) -> std::path::PathBuf {
        self.dir.path().join("keys")
    }

    /// Puts a new key in use.
    pub fn rotate(&self, purpose: Purpose) -> KeyId {
        let directory = &self.keys_dir();
        let files = KeyFiles { directory, passphrase: &self.passphrase, cost: KdfCost::TEST };
        self.service.rotate_key(&Act::by(Actor::local("test")), purpose, files).unwrap()
    }

    pub fn today(&self, day: &str) {
        self.clock.set(noon(day));
    }

    pub async fn send(&self, request: Request<Body>) -> Answer {
        ask(&self.router, request).await
    }

    pub async fn get(&self, path: &str) -> Answer {
        fetch(&self.router, path).await
    }

    pub async fn staff_get(&self, path: &str) -> Answer {
        let request = Request::get(path).header("authorization", format!("Bearer {}", self.token));
        self.send(request.body(Body::empty()).unwrap()).await
    }

    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        let key = format!("test-{}", self.acts.fetch_add(1, Ordering::Relaxed));
        self.post_as(&self.token, Some(&key), path, body.to_string()).await
    }

    pub async fn post_as(&self, token: &str, key: Option<&str>, path: &str, body: impl Into<Body>) -> Answer {
        let mut request = Request::post(path)
            .header("authorization", format!("Bearer {token}"))
            .header("content-type", "application/json");
        if let Some(key) = key {
            request = request.header("idempotency-key", key);
        }
        self.send(request.body(body.into()).unwrap()).await
    }

    /// Issues from a decision and gives the answer's JSON.
    pub async fn issue(&self, decision: &Value) -> Value {
        self.post_as(&self.token, None, "/api/v1/issuing/certificates", decision.to_string()).await.is(201).json()
    }

    /// Orders something of a certificate.
    pub async fn order(&self, id: &str, what: &str, body: Value) -> Answer {
        self.post(&format!("/api/v1/issuing/certificates/{id}/{what}"), &body).await
    }

    pub async fn standing(&self, id: &str) -> String {
        let body = self.get(&format!("/api/v1/certificates/{id}")).await.is(200).json();
        body["standing"].as_str().unwrap().to_owned()
    }
}

/// A decision that passes with 100 points, issued on that day.
pub fn decision(reference: &str, issued_on: &str) -> Value {
    let scheme = Scheme::parse(include_str!("../../schemes/gbt27922-2011.toml")).unwrap();
    let items: Vec<Value> = scheme.clauses.iter().map(|c| json!({"clause": c.id, "result": "conform"})).collect();
    json!({
        "reference": reference, "scheme": "gbt27922-2011", "number": null,
        "holder": {"name": "示例电器有限公司", "uscc": "91110108551385082Q", "address": "北京市示例区示例路1号"},
        "scope": "家用电器的售后服务", "sites": [{"name": "示例总部", "address": "北京市示例区示例路1号"}],
        "score_sheet": {"items": items, "special_deductions": [], "special_bonus": null},
        "level": null, "level_reason": null,
        "evaluators": ["E-01", "E-02"], "reviewed_by": ["R-01"], "decided_by": ["C-01", "C-02"],
        "countersigned_by": "H-01",
        "on_site_ended_on": issued_on, "decided_on": issued_on, "issued_on": issued_on,
    })
}
