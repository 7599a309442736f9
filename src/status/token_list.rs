//! IETF Token Status List (draft-ietf-oauth-status-list-20, section 4): 1, 2, 4 or 8 bits an entry, packed from the least
//! significant bit of each byte.

use super::{ListFault, base64, unbase64};
use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress, Status};

/// Most bytes a list may unpack to: the size of the draft's largest test vector (2^20 entries of 8 bits).
pub const MAX_BYTES: usize = 1 << 20;

/// Status "VALID" (section 7.1).
pub const VALID: u8 = 0;
/// Status "INVALID": revoked, annulled, taken back or cancelled (section 7.1).
pub const INVALID: u8 = 1;
/// Status "SUSPENDED": invalid for the time being (section 7.1).
pub const SUSPENDED: u8 = 2;

/// Bits of one entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bits {
    /// Valid or invalid.
    One,
    /// Suspended too.
    Two,
    /// 16 statuses.
    Four,
    /// 256 statuses.
    Eight,
}

impl Bits {
    /// From the number.
    ///
    /// # Errors
    /// [`ListFault::Bits`].
    pub const fn new(bits: u64) -> Result<Self, ListFault> {
        match bits {
            1 => Ok(Self::One),
            2 => Ok(Self::Two),
            4 => Ok(Self::Four),
            8 => Ok(Self::Eight),
            other => Err(ListFault::Bits(other)),
        }
    }

    /// The number.
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Self::One => 1,
            Self::Two => 2,
            Self::Four => 4,
            Self::Eight => 8,
        }
    }

    /// Entries in one byte.
    const fn in_a_byte(self) -> u32 {
        8 / self.number() as u32
    }

    /// The highest status.
    const fn most(self) -> u8 {
        u8::MAX >> (8 - self.number())
    }

    /// Where the entry begins within its byte.
    const fn shift(self, index: u32) -> u32 {
        index % self.in_a_byte() * self.number() as u32
    }
}

/// A list of statuses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenList {
    bits: Bits,
    bytes: Vec<u8>,
}

impl TokenList {
    /// A list of that many entries, all [`VALID`].
    ///
    /// # Errors
    /// [`ListFault::Size`] where it would be larger than [`MAX_BYTES`], or its last byte not be filled.
    pub fn new(bits: Bits, length: u32) -> Result<Self, ListFault> {
        let bytes = (length / bits.in_a_byte()) as usize;
        if bytes > MAX_BYTES || !length.is_multiple_of(bits.in_a_byte()) {
            return Err(ListFault::Size(length.into()));
        }
        Ok(Self { bits, bytes: vec![0; bytes] })
    }

    /// Bits of an entry.
    #[must_use]
    pub fn bits(&self) -> Bits {
        self.bits
    }

    /// Number of entries.
    #[must_use]
    pub fn length(&self) -> u64 {
        self.bytes.len() as u64 * u64::from(self.bits.in_a_byte())
    }

    /// The status of an entry.
    ///
    /// # Errors
    /// [`ListFault::OutOfRange`]: nothing is known of it then.
    pub fn get(&self, index: u32) -> Result<u8, ListFault> {
        let place = (index / self.bits.in_a_byte()) as usize;
        let byte = self.bytes.get(place).ok_or(ListFault::OutOfRange(index.into()))?;
        Ok(byte >> self.bits.shift(index) & self.bits.most())
    }

    /// Gives an entry a status.
    ///
    /// # Errors
    /// [`ListFault::OutOfRange`]; [`ListFault::Status`] where the status has more bits than an entry.
    pub fn set(&mut self, index: u32, status: u8) -> Result<(), ListFault> {
        let (shift, most) = (self.bits.shift(index), self.bits.most());
        if status > most {
            return Err(ListFault::Status(status));
        }
        let place = (index / self.bits.in_a_byte()) as usize;
        let byte = self.bytes.get_mut(place).ok_or(ListFault::OutOfRange(index.into()))?;
        *byte = *byte & !(most << shift) | status << shift;
        Ok(())
    }

    /// The bytes of `lst` as a CWT has them: zlib (RFC 1950). The same statuses give the same bytes from one build of
    /// this program.
    ///
    /// # Errors
    /// [`ListFault::Packing`]: never seen.
    pub fn encode(&self) -> Result<Vec<u8>, ListFault> {
        // Stored blocks, the worst case, add 5 bytes to every 16 KiB at most; the frame has 6.
        let mut packed = Vec::with_capacity(self.bytes.len() + self.bytes.len() / 1024 + 64);
        let done =
            Compress::new(Compression::best(), true).compress_vec(&self.bytes, &mut packed, FlushCompress::Finish);
        if matches!(done, Ok(Status::StreamEnd)) { Ok(packed) } else { Err(ListFault::Packing) }
    }

    /// The text of `lst` as a JWT has it: base64url of [`Self::encode`].
    ///
    /// # Errors
    /// As [`Self::encode`].
    pub fn encode_text(&self) -> Result<String, ListFault> {
        self.encode().map(|packed| base64(&packed))
    }

    /// Reads the bytes of `lst`.
    ///
    /// # Errors
    /// [`ListFault`]: not exactly one whole zlib stream, or more than [`MAX_BYTES`] in it.
    pub fn decode(bits: Bits, packed: &[u8]) -> Result<Self, ListFault> {
        let mut bytes = Vec::with_capacity(MAX_BYTES + 1);
        let mut unpacker = Decompress::new(true);
        let end = unpacker.decompress_vec(packed, &mut bytes, FlushDecompress::Finish);
        if bytes.len() > MAX_BYTES {
            return Err(ListFault::TooLarge(MAX_BYTES));
        }
        if !matches!(end, Ok(Status::StreamEnd)) {
            return Err(ListFault::Zlib);
        }
        if unpacker.total_in() != packed.len() as u64 {
            return Err(ListFault::Trailing);
        }
        bytes.shrink_to_fit();
        Ok(Self { bits, bytes })
    }

    /// Reads the text of `lst`.
    ///
    /// # Errors
    /// [`ListFault::Base64`], and as [`Self::decode`].
    pub fn decode_text(bits: Bits, text: &str) -> Result<Self, ListFault> {
        Self::decode(bits, &unbase64(text)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The draft's two examples of section 4.1: statuses, bytes, packed bytes.
    #[test]
    fn the_drafts_examples_come_out_byte_for_byte() {
        let one: [u8; 16] = [1, 0, 0, 1, 1, 1, 0, 1, 1, 1, 0, 0, 0, 1, 0, 1];
        let two: [u8; 12] = [1, 2, 0, 3, 0, 1, 0, 1, 1, 2, 3, 3];
        for (bits, statuses, bytes, text) in [
            (Bits::One, &one[..], &[0xb9, 0xa3][..], "eNrbuRgAAhcBXQ"),
            (Bits::Two, &two[..], &[0xc9, 0x44, 0xf9][..], "eNo76fITAAPfAgc"),
        ] {
            let mut list = TokenList::new(bits, statuses.len() as u32).unwrap();
            for (index, status) in (0..).zip(statuses) {
                list.set(index, *status).unwrap();
            }
            assert_eq!(list.bytes, bytes);
            assert_eq!(list.encode_text().unwrap(), text);
            assert_eq!(TokenList::decode_text(bits, text).unwrap(), list);
            assert_eq!(list.get(list.length() as u32), Err(ListFault::OutOfRange(list.length())));
        }
    }

    #[test]
    fn a_status_never_reaches_into_its_neighbour() {
        let mut list = TokenList::new(Bits::Two, 8).unwrap();
        (0..8).for_each(|i| list.set(i, 3).unwrap());
        list.set(5, 0).unwrap();
        assert_eq!((0..8).map(|i| list.get(i).unwrap()).collect::<Vec<_>>(), [3, 3, 3, 3, 3, 0, 3, 3]);
        assert_eq!(list.set(5, 4), Err(ListFault::Status(4)));
        assert_eq!(list.set(8, 1), Err(ListFault::OutOfRange(8)));
        assert_eq!(TokenList::new(Bits::Two, 6), Err(ListFault::Size(6)));
        assert_eq!(TokenList::new(Bits::Eight, MAX_BYTES as u32 + 1), Err(ListFault::Size(1_048_577)));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]

        #[test]
        fn what_is_set_is_read_again(bytes in proptest::collection::vec(any::<u8>(), 0..40_000), bits in 0u32..4) {
            let list = TokenList { bits: Bits::new(1 << bits).unwrap(), bytes };
            let packed = list.encode().unwrap();
            prop_assert_eq!(TokenList::decode(list.bits(), &packed).unwrap(), list);
        }

        #[test]
        fn whatever_is_read_never_panics(packed in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = TokenList::decode(Bits::One, &packed);
            let _ = TokenList::decode(Bits::Two, &[&[0x78, 0xda][..], &packed].concat());
        }
    }
}
