use super::super::signer::{LocalSigner, Signer as _, verify_raw};
use super::*;
use zeroize::Zeroizing;

fn signer(seed: u8) -> LocalSigner {
    LocalSigner::from_seed(&Zeroizing::new([seed; 32])).unwrap()
}

/// Bytes that look random and are the same in every run.
fn random(count: usize, seed: u8) -> Vec<u8> {
    let blocks = (0..=count * RANDOM_LEN / 64).flat_map(|i| Sha512::digest([&[seed][..], &i.to_le_bytes()].concat()));
    blocks.take(count * RANDOM_LEN).collect()
}

/// Signatures of three keys over messages of their own.
fn claims(count: usize) -> Vec<Claim> {
    let signers = [signer(1), signer(2), signer(3)];
    (0..count)
        .map(|i| {
            let (signer, message) = (&signers[i % 3], format!("message {i}"));
            Claim::of(signer.public(), message.as_bytes(), &signer.sign(message.as_bytes()).unwrap()).unwrap()
        })
        .collect()
}

#[test]
fn good_ones_of_several_keys_pass_and_one_bad_one_among_them_does_not() {
    let good = claims(40);
    assert!(verify_batch(&good, &random(40, 0)));
    assert!(verify_batch(&[], &[]));
    for bad in 0..40 {
        let mut claims = good.clone();
        claims[bad].response += Scalar::ONE;
        assert!(!verify_batch(&claims, &random(40, 1)), "{bad}");
    }
}

/// Two that are wrong by the same amount in opposite directions: their sum is right.
#[test]
fn bad_ones_do_not_make_up_for_each_other() {
    let mut claims = claims(6);
    claims[1].response += Scalar::ONE;
    claims[4].response -= Scalar::ONE;
    for seed in 0..50 {
        assert!(!verify_batch(&claims, &random(6, seed)));
    }
}

/// What only the owner of a key can make: R is off by a point of order 2, 4 or 8. A cofactor forgives that; with random factors it passes in
/// one try of 2, 4 or 8.
#[test]
fn what_is_off_by_a_point_of_small_order_never_passes() {
    for torsion in curve25519_dalek::constants::EIGHT_TORSION.iter().skip(1) {
        let mut claims = claims(5);
        claims[3].commitment += *torsion;
        for seed in 0..20 {
            assert!(!verify_batch(&claims, &random(5, seed)));
        }
        claims[0].commitment -= *torsion;
        for seed in 0..20 {
            assert!(!verify_batch(&claims, &random(5, seed)));
        }
    }
}

#[test]
fn too_few_random_bytes_pass_nothing() {
    let claims = claims(3);
    assert!(!verify_batch(&claims, &[]));
    assert!(!verify_batch(&claims, &random(2, 0)));
}

#[test]
fn a_claim_is_refused_where_it_cannot_be_good() {
    let one = signer(1);
    let good = one.sign(b"m").unwrap();
    let with = |at: usize, bytes: &[u8]| {
        let mut signature = good;
        signature[at..at + bytes.len()].copy_from_slice(bytes);
        (Claim::of(one.public(), b"m", &signature).is_ok(), verify_raw(&one.public(), b"m", &signature).is_ok())
    };
    assert_eq!(with(0, &[]), (true, true));
    // s beyond the order of the group; R the neutral element; R with y = p + 3, which is read as y = 3; R no point.
    assert_eq!(with(32, &[0xff; 32]), (false, false));
    assert_eq!(with(0, &EdwardsPoint::identity().compress().to_bytes()), (false, false));
    let mut three = [0xff; 32];
    (three[0], three[31]) = (0xf0, 0x7f);
    assert!(CompressedEdwardsY(three).decompress().is_some());
    assert_eq!(with(0, &three), (false, false));
    let no_point = (0..=255).map(|b| [b; 32]).find(|r| CompressedEdwardsY(*r).decompress().is_none()).unwrap();
    assert_eq!(with(0, &no_point), (false, false));
    // Another message or key: told together only.
    let other = Claim::of(one.public(), b"n", &good).unwrap();
    assert!(!verify_batch(&[other], &random(1, 0)));
    let other = Claim::of(signer(2).public(), b"m", &good).unwrap();
    assert!(!verify_batch(&[other], &random(1, 0)));
}
