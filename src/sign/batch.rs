//! Many signatures at once: the same answer as one after the other, for a third of the work (ADR 21).
//!
//! A signature is good where `E = [s]B - [k]A - R` is the neutral element (RFC 8032 section 5.1.7, without the cofactor). Of a set of signatures
//! 128 random parts are taken, and the sum of `E` over each part is looked at. Where one `E` is not neutral, a random part's sum is neutral with
//! a chance of at most one half, whatever the others are: parts that differ in this one alone cannot both be. So a set with a bad signature passes
//! with a chance of at most 2^-128. That holds for points R of any order, so nothing is lost at those of small order, as it is where the
//! sum is taken once with random factors. Only the factors of A and B are added up modulo the order of the group: both have that order, A because
//! [`PublicKey`] takes no other.

use super::keys::PublicKey;
use super::signer::{BadSignature, SIGNATURE_LEN, SignatureCheck};
use curve25519_dalek::Scalar;
use curve25519_dalek::constants::ED25519_BASEPOINT_POINT;
use curve25519_dalek::edwards::{CompressedEdwardsY, EdwardsPoint};
use curve25519_dalek::traits::{Identity as _, VartimeMultiscalarMul as _};
use sha2::{Digest as _, Sha512};
use std::cell::RefCell;
use std::iter;
use std::ops::AddAssign;

/// Random bytes for each signature: a bit for each part.
pub const RANDOM_LEN: usize = 16;
/// Parts whose sums are taken at once, from sums over all signatures that lie in the same of them.
const PARTS_AT_ONCE: usize = 8;
const COMBINATIONS: usize = 1 << PARTS_AT_ONCE;

/// A signature of which everything was looked at but its equation.
#[derive(Debug, Clone)]
pub struct Claim {
    key: PublicKey,
    /// The point R.
    commitment: EdwardsPoint,
    /// The scalar s.
    response: Scalar,
    /// The scalar k, the digest of R, A and the message.
    challenge: Scalar,
}

impl Claim {
    /// Looks at all that [`verify_raw`](super::verify_raw) looks at in a signature, but for the equation.
    ///
    /// # Errors
    /// [`BadSignature`]: the scalar is not reduced; R is no point, not written its one way, or of small order.
    pub fn of(key: PublicKey, message: &[u8], signature: &[u8; SIGNATURE_LEN]) -> Result<Self, BadSignature> {
        let (r, s) = signature.split_at(32);
        let written = CompressedEdwardsY::from_slice(r).map_err(|_| BadSignature)?;
        let s = s.try_into().map_err(|_| BadSignature)?;
        let response = Option::from(Scalar::from_canonical_bytes(s)).ok_or(BadSignature)?;
        let commitment = written.decompress().filter(|_| is_reduced(written.as_bytes())).ok_or(BadSignature)?;
        if commitment.is_small_order() {
            return Err(BadSignature);
        }
        let digest = Sha512::new().chain_update(r).chain_update(key.to_bytes()).chain_update(message).finalize();
        let challenge = Scalar::from_bytes_mod_order_wide(&digest.into());
        Ok(Self { key, commitment, response, challenge })
    }
}

/// Takes every signature for good whose claim stands, until all are looked at together: what was found out meanwhile counts only where
/// [`Batch::verify`] then says so.
#[derive(Debug, Default)]
pub struct Batch(RefCell<Vec<Claim>>);

impl Batch {
    /// Whether all that were judged are good ([`verify_batch`]); `fill` gives random bytes.
    ///
    /// # Errors
    /// What `fill` gives.
    pub fn verify<E>(self, fill: impl FnOnce(&mut [u8]) -> Result<(), E>) -> Result<bool, E> {
        let claims = self.0.into_inner();
        let mut random = vec![0; claims.len() * RANDOM_LEN];
        fill(&mut random)?;
        Ok(verify_batch(&claims, &random))
    }
}

impl SignatureCheck for Batch {
    fn check(&self, public: &PublicKey, message: &[u8], signature: &[u8; SIGNATURE_LEN]) -> Result<(), BadSignature> {
        self.0.borrow_mut().push(Claim::of(*public, message, signature)?);
        Ok(())
    }
}

/// Whether y is written its one way, below the prime 2^255 - 19. (The two points with x = 0, which could be written with either sign, are of small order.)
fn is_reduced(written: &[u8; 32]) -> bool {
    let [low, middle @ .., high] = written;
    *low < 0xed || high & 0x7f != 0x7f || middle.iter().any(|b| *b != 0xff)
}

/// Whether all of them are good. `random` are [`RANDOM_LEN`] bytes for each claim, which whoever made the signatures cannot know before.
///
/// A set with a bad one passes with a chance of at most 2^-128. Which one it was is not known; few are quicker one by one.
#[must_use]
pub fn verify_batch(claims: &[Claim], random: &[u8]) -> bool {
    if random.len() != claims.len() * RANDOM_LEN {
        return false;
    }
    let mut keys: Vec<PublicKey> = vec![];
    let placed: Vec<usize> = claims
        .iter()
        .map(|claim| {
            keys.iter().position(|key| *key == claim.key).unwrap_or_else(|| {
                keys.push(claim.key);
                keys.len() - 1
            })
        })
        .collect();
    (0..RANDOM_LEN).all(|byte| {
        let mut points = vec![EdwardsPoint::identity(); COMBINATIONS];
        let mut responses = vec![Scalar::ZERO; COMBINATIONS];
        let mut challenges = vec![vec![Scalar::ZERO; COMBINATIONS]; keys.len()];
        for ((claim, key), bytes) in iter::zip(claims, &placed).zip(random.chunks_exact(RANDOM_LEN)) {
            let parts = usize::from(bytes[byte]);
            points[parts] += claim.commitment;
            responses[parts] += claim.response;
            challenges[*key][parts] += claim.challenge;
        }
        let (points, responses) = (sums(points, EdwardsPoint::identity()), sums(responses, Scalar::ZERO));
        let challenges: Vec<_> = challenges.into_iter().map(|of_key| sums(of_key, Scalar::ZERO)).collect();
        (0..PARTS_AT_ONCE).all(|part| {
            let challenged = challenges.iter().map(|of_key| -of_key[part]);
            let scalars = iter::once(responses[part]).chain(challenged);
            let of = iter::once(ED25519_BASEPOINT_POINT).chain(keys.iter().map(PublicKey::point));
            EdwardsPoint::vartime_multiscalar_mul(scalars, of) == points[part]
        })
    })
}

/// For each of the parts, the last first, the sum over the combinations that it is in. `of` is given by combination.
fn sums<T: Copy + AddAssign>(mut of: Vec<T>, zero: T) -> [T; PARTS_AT_ONCE] {
    std::array::from_fn(|_| {
        // Those in the last part stand in the upper half; then it no longer matters whether one is in it.
        let upper = of.split_off(of.len() / 2);
        let mut sum = zero;
        for (below, of) in iter::zip(&mut of, upper) {
            sum += of;
            *below += of;
        }
        sum
    })
}

#[cfg(test)]
#[path = "batch_tests.rs"]
mod tests;
