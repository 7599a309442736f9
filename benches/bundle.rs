//! How long it takes to verify a bundle: `cargo bench --bench bundle`, and then `node benches/bundle.mjs` for the same bundle in
//! Node and in a browser. Nothing is asserted but that it is valid.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a measurement may fail loudly, and asks the clock"
)]

#[allow(dead_code, reason = "the tests' own kit")]
#[path = "../tests/it/harness.rs"]
mod harness;

use harness::{TestApp, decision};
use serde_json::json;
use starmark::verify::Outcome;
use starmark::verify::bundle::{Trust, verify_bundle};
use std::hint::black_box;
use std::path::Path;
use std::time::Instant;

const ROUNDS: usize = 2_000;

#[tokio::main]
async fn main() {
    let app = TestApp::on("2026-05-08");
    let issued = app.issue(&decision("D-1", "2026-05-08")).await;
    let id = issued["id"].as_str().unwrap();
    for n in 2..200 {
        app.issue(&decision(&format!("D-{n}"), "2026-05-08")).await;
    }
    app.today("2026-06-01");
    app.order(id, "suspension", json!({"reason": "0111"})).await.is(200);
    app.today("2026-06-02");
    app.order(id, "reinstatement", json!({})).await.is(200);

    let (bytes, keys) = (app.get(&format!("/api/v1/bundle/{id}")).await.is(200).bytes, app.service.key_document());
    let now = app.service.now();
    let mut waits: Vec<u128> = (0..ROUNDS)
        .map(|_| {
            let asked = Instant::now();
            let found = verify_bundle(black_box(&bytes), Trust::Given(&keys), now, now);
            assert_eq!(found.verdict.verdict, Outcome::Valid);
            asked.elapsed().as_micros()
        })
        .collect();
    waits.sort_unstable();
    println!(
        "a bundle of {} bytes, verified in Rust: median {} us, p99 {} us",
        bytes.len(),
        waits[ROUNDS / 2],
        waits[ROUNDS * 99 / 100]
    );

    let place = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/figures");
    std::fs::create_dir_all(&place).unwrap();
    std::fs::write(place.join("bundle.json"), bytes).unwrap();
    std::fs::write(place.join("did.json"), app.get("/.well-known/did.json").await.bytes).unwrap();
    std::fs::write(place.join("now"), now.to_string()).unwrap();
}
