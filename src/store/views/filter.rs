//! What is surely not in a file, told without reading it: a Bloom filter over the keys that are asked for before they are there, of
//! claims and of certificates. Most questions of whoever issues are of this kind.

use super::keys::{CERTIFICATE, CLAIM};

/// Bits for each pair of the file: some ten for each key that is noted, of which there are as many as all others.
const BITS_A_PAIR: u64 = 5;
/// Bits set for each key: one question in a hundred is answered "perhaps" in vain.
const BITS_A_KEY: u64 = 4;
/// Spreads the bits of an identifier over all 64 (the golden ratio's).
const SPREAD: u64 = 0x9e37_79b9_7f4a_7c15;

/// The filter.
pub(super) struct Filter(Vec<u8>);

/// What stands for the keys of a claim, or of a certificate's events: both begin with what is as good as drawn by lot.
fn trace(key: &[u8]) -> Option<u64> {
    match key {
        [CLAIM, _, digest @ ..] => digest.first_chunk().copied().map(u64::from_be_bytes),
        [CERTIFICATE, a, b, c, d, e, f, ..] => {
            Some(u64::from_be_bytes([0, 0, *a, *b, *c, *d, *e, *f]).wrapping_mul(SPREAD))
        }
        _ => None,
    }
}

impl Filter {
    /// An empty one for a file of so many pairs.
    pub fn of(pairs: u64) -> Self {
        Self(vec![0; usize::try_from(pairs * BITS_A_PAIR / 8 + 1).unwrap_or(1)])
    }

    /// As it was written.
    pub fn from_bytes(bytes: Vec<u8>) -> Option<Self> {
        (!bytes.is_empty()).then_some(Self(bytes))
    }

    /// As it is written.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    fn bits(&self, trace: u64) -> impl Iterator<Item = (usize, u8)> + use<> {
        let all = 8 * self.0.len() as u64;
        let (at, step) = (trace, trace.rotate_left(32) | 1);
        (0..BITS_A_KEY).map(move |i| {
            let bit = at.wrapping_add(step.wrapping_mul(i)) % all;
            ((bit / 8) as usize, 1 << (bit % 8))
        })
    }

    /// Notes a key of the file.
    pub fn add(&mut self, key: &[u8]) {
        let Some(trace) = trace(key) else { return };
        for (byte, bit) in self.bits(trace) {
            self.0[byte] |= bit;
        }
    }

    /// Whether the file may have that key, or keys that begin with it.
    pub fn may_hold(&self, key: &[u8]) -> bool {
        trace(key).is_none_or(|trace| self.bits(trace).all(|(byte, bit)| self.0[byte] & bit != 0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::CertificateId;
    use crate::store::Claim;
    use crate::store::views::keys;

    fn keys_of(i: u64) -> [Vec<u8>; 2] {
        let digest = crate::sign::canonical::canonical_digest(&i.into()).unwrap();
        let id = CertificateId::from_bytes(digest[..6].try_into().unwrap());
        [keys::claim(&Claim::Reference(format!("R-{i}"))), keys::at(keys::certificate(id), i)]
    }

    #[test]
    fn what_was_noted_may_be_there_and_nearly_nothing_else() {
        const NOTED: u64 = 20_000;
        let mut filter = Filter::of(4 * NOTED);
        (0..NOTED).flat_map(keys_of).for_each(|key| filter.add(&key));
        let filter = Filter::from_bytes(filter.as_bytes().to_vec()).unwrap();
        assert!((0..NOTED).flat_map(keys_of).all(|key| filter.may_hold(&key)));
        let prefix = |key: &[u8]| key[..7].to_vec();
        assert!((0..NOTED).all(|i| filter.may_hold(&prefix(&keys_of(i)[1]))), "all of a certificate's begin so");
        let others = (NOTED..2 * NOTED).flat_map(keys_of).filter(|key| filter.may_hold(key)).count() as u64;
        assert!(others < 2 * NOTED / 40, "{others}");
    }

    #[test]
    fn of_other_keys_nothing_is_known() {
        let filter = Filter::of(0);
        assert!(filter.may_hold(&keys::frame(7)));
        assert!(filter.may_hold(&[CLAIM]) && filter.may_hold(&[CERTIFICATE, 1, 2]) && filter.may_hold(&[]));
        assert!(!filter.may_hold(&keys_of(1)[0]));
    }
}
