//! What the crafts cost, one by one: signing, verifying, canonical JSON, a mark's token and code, the log's tree. `cargo bench --bench crafts`
//! (criterion; `-- NAME` for one, `-- --save-baseline NAME` and `-- --baseline NAME` to compare two states of the code).
#![allow(clippy::unwrap_used, clippy::panic, reason = "a measurement may fail loudly")]

#[allow(dead_code, reason = "the tests' own kit")]
#[path = "../tests/it/harness.rs"]
mod harness;
#[path = "sample.rs"]
mod sample;

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use harness::{TestApp, decision};
use sha2::{Digest as _, Sha256};
use starmark::domain::Host;
use starmark::mark::{MarkText, Token, qr};
use starmark::service::clock::{Entropy as _, Machine};
use starmark::sign::batch::{Claim, RANDOM_LEN, verify_batch};
use starmark::sign::{LocalSigner, PublicKey, Signer as _, canonicalize, parse_strict, verify_credential, verify_raw};
use starmark::tlog::{Frontier, Hash, leaf, node, verify_inclusion};
use starmark::verify::certificate::verify_offline;
use std::hint::black_box;
use zeroize::Zeroizing;

/// A certificate's record as it is given out, and the keys.
fn record() -> (Vec<u8>, TestApp) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let app = TestApp::on("2026-05-08");
        let issued = app.issue(&decision("D-1", "2026-05-08")).await;
        let path = format!("/api/v1/certificates/{}/credential", issued["id"].as_str().unwrap());
        (app.get(&path).await.is(200).bytes, app)
    })
}

fn signatures(c: &mut Criterion) {
    let signer = LocalSigner::from_seed(&Zeroizing::new([7; 32])).unwrap();
    let (public, message) = (signer.public(), [9; 64]);
    let signature = signer.sign(&message).unwrap();
    c.bench_function("Ed25519, sign 64 bytes", |b| b.iter(|| signer.sign(black_box(&message)).unwrap()));
    c.bench_function("Ed25519, verify_strict of 64 bytes", |b| {
        b.iter(|| verify_raw(&public, black_box(&message), &signature).unwrap());
    });
    c.bench_function("Ed25519, 8,192 of them together, of messages of their own", |b| {
        let signed: Vec<_> =
            (0..8_192u64).map(|i| Sha256::digest(i.to_be_bytes())).map(|m| (m, signer.sign(&m).unwrap())).collect();
        b.iter(|| {
            let claims: Vec<_> = signed.iter().map(|(m, s)| Claim::of(public, black_box(m), s).unwrap()).collect();
            let mut random = vec![0; claims.len() * RANDOM_LEN];
            Machine.fill(&mut random).unwrap();
            assert!(verify_batch(&claims, &random));
        });
    });
    c.bench_function("Ed25519, a public key from its bytes", |b| {
        let bytes = public.to_bytes();
        b.iter(|| PublicKey::from_bytes(black_box(&bytes)).unwrap());
    });
}

fn records(c: &mut Criterion) {
    let (bytes, app) = record();
    let (keys, now) = (app.service.key_document(), app.service.now());
    let value = parse_strict(&bytes).unwrap();
    let size = bytes.len();
    c.bench_function(&format!("a record of {size} bytes, read strictly"), |b| {
        b.iter(|| parse_strict(black_box(&bytes)).unwrap());
    });
    c.bench_function("the same in canonical JSON (RFC 8785)", |b| b.iter(|| canonicalize(black_box(&value)).unwrap()));
    c.bench_function("its SHA-256", |b| b.iter(|| Sha256::digest(black_box(&bytes))));
    c.bench_function("its proof (eddsa-jcs-2022)", |b| {
        b.iter(|| verify_credential(black_box(&value), |url| keys.resolve(url)).unwrap());
    });
    c.bench_function("all of it: read, proof, key, dates", |b| {
        b.iter(|| verify_offline(black_box(&bytes), &keys, now, now));
    });
    c.bench_function("the same where the bytes are not as we write them", |b| {
        let other = [&bytes[..], b"\n"].concat();
        b.iter(|| verify_offline(black_box(&other), &keys, now, now));
    });
}

fn marks(c: &mut Criterion) {
    let host = Host::parse("xb.example.cn").unwrap();
    let text = MarkText::Signed(Token::new(sample::claims()).unwrap().with_signature([0x5a; 64]));
    let url = text.url(&host);
    let digits = url.rsplit('/').next().unwrap().to_owned();
    c.bench_function("a mark's token, made", |b| b.iter(|| Token::new(sample::claims()).unwrap().signing_input(&host)));
    c.bench_function("a mark's 217 digits, read", |b| b.iter(|| MarkText::parse(black_box(&digits)).unwrap()));
    c.bench_function("its code, version 7-M, best of eight masks", |b| {
        b.iter(|| qr::draw(&host, black_box(&text)).unwrap())
    });
}

fn tree(c: &mut Criterion) {
    let (left, right) = (leaf(b"a"), leaf(b"b"));
    c.bench_function("a node of the log's tree", |b| b.iter(|| node(black_box(&left), black_box(&right))));
    c.bench_function("1,000 leaves more", |b| {
        let leaves: Vec<Hash> = (0u32..1_000).map(|n| leaf(&n.to_be_bytes())).collect();
        let add = |mut frontier: Frontier| {
            leaves.iter().for_each(|leaf| frontier.push(*leaf, |_, _, _| {}));
            frontier.root()
        };
        b.iter_batched(Frontier::new, add, BatchSize::SmallInput);
    });
    // A proof of twenty hashes, as in a tree of a million: the first leaf's, whose neighbours are all on the right.
    let proof: Vec<Hash> = (0u32..20).map(|n| leaf(&n.to_be_bytes())).collect();
    let root = proof.iter().fold(left, |found, hash| node(&found, hash));
    c.bench_function("an inclusion proof of twenty hashes", |b| {
        b.iter(|| verify_inclusion(left, 0, 1 << 20, black_box(&proof), root).unwrap());
    });
}

criterion_group!(crafts, signatures, records, marks, tree);
criterion_main!(crafts);
