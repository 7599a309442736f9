//! W3C Bitstring Status List 1.0 (Recommendation of 15 May 2025): one bit an entry, entry 0 at the left-most bit.

pub use crate::domain::status_entry::LIST_ENTRIES;

use super::{ListFault, base64, unbase64};
use flate2::bufread::GzDecoder;
use flate2::{Compression, GzBuilder};
use std::io::{Read as _, Write as _};

/// Most entries of a list that is read: 512 KiB unpacked, 32 times what our own lists have. A list packed to unpack to more
/// is refused before more is unpacked.
pub const MAX_ENTRIES: u32 = 32 * LIST_ENTRIES;
const MAX_BYTES: usize = MAX_ENTRIES as usize / 8;
/// Sign of base64url without padding (Multibase).
const MULTIBASE: char = 'u';
/// "Unknown" (RFC 1952, section 2.3.1): a list says nothing of the machine it was packed on.
const NO_SYSTEM: u8 = 255;

/// A bitstring status list: every entry set or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bitstring(Vec<u8>);

impl Bitstring {
    /// A list of that many entries, none set.
    ///
    /// # Errors
    /// [`ListFault::Short`] below [`LIST_ENTRIES`]; [`ListFault::Size`] above [`MAX_ENTRIES`] or where the last byte would
    /// not be filled.
    pub fn new(length: u32) -> Result<Self, ListFault> {
        if length < LIST_ENTRIES {
            return Err(ListFault::Short(length.into()));
        }
        if length > MAX_ENTRIES || !length.is_multiple_of(8) {
            return Err(ListFault::Size(length.into()));
        }
        Ok(Self(vec![0; length as usize / 8]))
    }

    /// Number of entries.
    #[must_use]
    pub fn length(&self) -> u64 {
        self.0.len() as u64 * 8
    }

    /// Whether the entry is set.
    ///
    /// # Errors
    /// [`ListFault::OutOfRange`].
    pub fn get(&self, index: u32) -> Result<bool, ListFault> {
        let byte = self.0.get(index as usize / 8).ok_or(ListFault::OutOfRange(index.into()))?;
        Ok(byte & mask(index) != 0)
    }

    /// Sets the entry, or clears it.
    ///
    /// # Errors
    /// [`ListFault::OutOfRange`].
    pub fn set(&mut self, index: u32, to: bool) -> Result<(), ListFault> {
        let byte = self.0.get_mut(index as usize / 8).ok_or(ListFault::OutOfRange(index.into()))?;
        *byte = if to { *byte | mask(index) } else { *byte & !mask(index) };
        Ok(())
    }

    /// The text of `encodedList`: gzip (RFC 1952), base64url without padding, `u` before it (section 2.2). The same entries
    /// give the same text from one build of this program; another may pack them otherwise.
    ///
    /// # Errors
    /// [`ListFault::Packing`]: never seen.
    pub fn encode(&self) -> Result<String, ListFault> {
        let mut packer = GzBuilder::new().operating_system(NO_SYSTEM).write(Vec::new(), Compression::best());
        let packed = packer.write_all(&self.0).and_then(|()| packer.finish()).map_err(|_| ListFault::Packing)?;
        Ok(format!("{MULTIBASE}{}", base64(&packed)))
    }

    /// Reads the text of an `encodedList` (section 3.4).
    ///
    /// # Errors
    /// [`ListFault`]: another Multibase sign, padding, no whole gzip member, more than one or more than it, fewer entries
    /// than [`LIST_ENTRIES`] or more than [`MAX_ENTRIES`].
    pub fn decode(text: &str) -> Result<Self, ListFault> {
        let packed = unbase64(text.strip_prefix(MULTIBASE).ok_or(ListFault::Multibase)?)?;
        let mut unpacker = GzDecoder::new(packed.as_slice());
        let mut bytes = Vec::new();
        unpacker.by_ref().take(MAX_BYTES as u64 + 1).read_to_end(&mut bytes).map_err(|_| ListFault::Gzip)?;
        if bytes.len() > MAX_BYTES {
            return Err(ListFault::TooLarge(MAX_BYTES));
        }
        if !unpacker.into_inner().is_empty() {
            return Err(ListFault::Trailing);
        }
        if bytes.len() < LIST_ENTRIES as usize / 8 {
            return Err(ListFault::Short(bytes.len() as u64 * 8));
        }
        Ok(Self(bytes))
    }
}

/// Entry 0 is the most significant bit of the first byte (section 7.1).
const fn mask(index: u32) -> u8 {
    0x80 >> (index % 8)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Example 3 of the Recommendation: 16 KiB of zeros as another implementation packs them.
    const EXAMPLE_3: &str = "uH4sIAAAAAAAAA-3BMQEAAADCoPVPbQwfoAAAAAAAAAAAAAAAAAAAAIC3AYbSVKsAQAAA";

    #[test]
    fn the_recommendations_example_is_an_empty_list() {
        let list = Bitstring::decode(EXAMPLE_3).unwrap();
        assert_eq!(list, Bitstring::new(LIST_ENTRIES).unwrap());
        assert_eq!(list.length(), 131_072);
        assert_eq!(list.get(131_072), Err(ListFault::OutOfRange(131_072)));
    }

    #[test]
    fn entry_0_is_the_left_most_bit() {
        let mut list = Bitstring::new(LIST_ENTRIES).unwrap();
        for index in [0, 7, 9, 131_071] {
            list.set(index, true).unwrap();
        }
        assert_eq!((list.0[0], list.0[1], list.0[16_383]), (0b1000_0001, 0b0100_0000, 0b0000_0001));
        list.set(0, false).unwrap();
        assert_eq!(list.0[0], 1);
        assert_eq!(list.set(131_072, true), Err(ListFault::OutOfRange(131_072)));
    }

    #[test]
    fn lists_that_hide_nobody_or_end_within_a_byte_are_not_made() {
        assert_eq!(Bitstring::new(LIST_ENTRIES - 8), Err(ListFault::Short(131_064)));
        assert_eq!(Bitstring::new(LIST_ENTRIES + 4), Err(ListFault::Size(131_076)));
        assert_eq!(Bitstring::new(MAX_ENTRIES + 8), Err(ListFault::Size(4_194_312)));
        assert_eq!(
            Bitstring::decode(&Bitstring::new(MAX_ENTRIES).unwrap().encode().unwrap()).unwrap().length(),
            4_194_304
        );
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]

        #[test]
        fn what_is_set_is_read_again(set in proptest::collection::btree_set(0..LIST_ENTRIES, 0..200)) {
            let mut list = Bitstring::new(LIST_ENTRIES).unwrap();
            set.iter().for_each(|i| list.set(*i, true).unwrap());
            let text = list.encode().unwrap();
            prop_assert_eq!(&text, &list.encode().unwrap());
            let read = Bitstring::decode(&text).unwrap();
            let found: std::collections::BTreeSet<u32> = (0..LIST_ENTRIES).filter(|i| read.get(*i).unwrap()).collect();
            prop_assert_eq!(found, set);
        }

        #[test]
        fn whatever_is_read_never_panics(text in "u?[A-Za-z0-9_=-]{0,200}") {
            let _ = Bitstring::decode(&text);
        }
    }
}
