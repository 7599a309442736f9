//! Pairs that have settled: one sorted file that is never changed, only replaced whole. What is asked for is read from it block by
//! block, so that the process holds no more of it than the first key of each block and the filter.
//!
//! Blocks of pairs (lengths of key and value, key, value), each with a checksum; the first key and place of every block; a filter
//! ([`Filter`]) with a checksum; a footer with what the pairs stand on.

use super::filter::Filter;
use super::{Applied, damaged, keys};
use crate::store::StoreError;
use crate::store::codec::{be32, be64};
use crate::store::journal::io_error;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

/// First bytes of the file, and last ones.
const MAGIC: [u8; 8] = *b"SMview02";
/// A block is closed once it has so many bytes: two pages are as quickly read as one.
const BLOCK: usize = 8 << 10;
/// Bytes of the footer: where the index lies, its checksum, [`Applied`], generation, checksum, magic.
const FOOTER: usize = 8 + 8 + 4 + Applied::BYTES + 8 + 4 + 8;

/// The file.
pub(super) struct Settled {
    file: File,
    path: PathBuf,
    /// First keys of all blocks, one after the other.
    keys: Vec<u8>,
    /// Where the next one begins, of each.
    ends: Vec<u32>,
    /// Where each block begins; one more, for the end of the last.
    starts: Vec<u64>,
    filter: Filter,
    pub applied: Applied,
    /// Counts the files that took each other's place.
    pub generation: u64,
}

fn wrong(why: impl Into<String>) -> StoreError {
    damaged("settled", why.into())
}

fn failed(path: &Path, what: &'static str) -> impl FnOnce(io::Error) -> StoreError {
    io_error(move || format!("{what} {}", path.display()))
}

impl Settled {
    /// The file at that path; none where there is none.
    ///
    /// # Errors
    /// `Corrupt` when it is no such file, or another version's; or a failure of the machine.
    pub fn open(path: &Path) -> Result<Option<Self>, StoreError> {
        let file = match File::open(path) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
            file => file.map_err(failed(path, "open"))?,
        };
        let length = file.metadata().map_err(failed(path, "look at"))?.len();
        let read = |at: u64, bytes: usize| -> Result<Vec<u8>, StoreError> {
            let mut found = vec![0; bytes];
            file.read_exact_at(&mut found, at).map_err(failed(path, "read"))?;
            Ok(found)
        };
        let at = length.checked_sub(FOOTER as u64).ok_or_else(|| wrong("it is cut short"))?;
        let footer = read(at, FOOTER)?;
        if !footer.ends_with(&MAGIC) {
            return Err(wrong("it is damaged at its end, or was made by another version"));
        }
        let sealed = be32(&footer, FOOTER - 12) == Some(crc32c::crc32c(&footer[..FOOTER - 12]));
        let field = |at: usize| be64(&footer, at).ok_or_else(|| wrong("its footer has no reading"));
        let (index_at, index_length) = (field(0)?, field(8)?);
        let filter_at = index_at.checked_add(index_length).filter(|from| sealed && *from <= at);
        let filter_at = filter_at.ok_or_else(|| wrong("its footer is damaged"))?;
        let applied = Applied::from_bytes(&footer[20..20 + Applied::BYTES]);
        let applied = applied.ok_or_else(|| wrong("it was made by another version"))?;
        let part = |at: u64, length: u64| read(at, usize::try_from(length).map_err(|e| wrong(e.to_string()))?);
        let index = part(index_at, index_length)?;
        if be32(&footer, 16) != Some(crc32c::crc32c(&index)) {
            return Err(wrong("its index is damaged"));
        }
        let filter = unsealed(part(filter_at, at - filter_at)?).and_then(Filter::from_bytes);
        let filter = filter.ok_or_else(|| wrong("its filter is damaged"))?;
        let generation = field(20 + Applied::BYTES)?;
        let (mut keys, mut ends, mut starts) = (vec![], vec![], vec![]);
        let mut rest = index.as_slice();
        while let Some((start, after)) = rest.split_first_chunk() {
            let key =
                after.split_first_chunk().and_then(|(n, after)| after.split_at_checked(u16::from_be_bytes(*n).into()));
            let (key, after) = key.ok_or_else(|| wrong("its index has no reading"))?;
            keys.extend_from_slice(key);
            ends.push(u32::try_from(keys.len()).map_err(|e| wrong(e.to_string()))?);
            starts.push(u64::from_be_bytes(*start));
            rest = after;
        }
        starts.push(index_at);
        Ok(Some(Self { file, path: path.to_owned(), keys, ends, starts, filter, applied, generation }))
    }

    /// Bytes of its blocks.
    pub fn bytes(&self) -> u64 {
        self.starts.last().copied().unwrap_or_default()
    }

    fn blocks(&self) -> usize {
        self.ends.len()
    }

    fn first_key(&self, block: usize) -> &[u8] {
        let from = block.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.keys[from as usize..self.ends[block] as usize]
    }

    /// The block that holds the key, if any does; none where all keys are larger.
    fn block_of(&self, key: &[u8]) -> Option<usize> {
        let (mut from, mut to) = (0, self.blocks());
        while from < to {
            let middle = from + (to - from) / 2;
            if self.first_key(middle) <= key { from = middle + 1 } else { to = middle }
        }
        from.checked_sub(1)
    }

    /// The pairs of a block, without its checksum.
    fn block(&self, block: usize) -> Result<Vec<u8>, StoreError> {
        let (start, end) = (self.starts[block], self.starts[block + 1]);
        let mut bytes = vec![0; usize::try_from(end - start).map_err(|e| wrong(e.to_string()))?];
        self.file.read_exact_at(&mut bytes, start).map_err(failed(&self.path, "read"))?;
        unsealed(bytes).ok_or_else(|| wrong(format!("the block at offset {start} is damaged")))
    }

    /// Whether it may have keys from `from` on and before `to`. Known only of a claim, and of all events of a certificate.
    pub fn may_hold(&self, from: &[u8], to: &[u8]) -> bool {
        keys::after(from) != to || self.filter.may_hold(from)
    }

    /// The value of a key.
    pub fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        if !self.filter.may_hold(key) {
            return Ok(None);
        }
        let Some(block) = self.block_of(key) else { return Ok(None) };
        let bytes = self.block(block)?;
        let mut rest = bytes.as_slice();
        while let Some((found, value, after)) = pair(rest) {
            if found >= key {
                return Ok((found == key).then(|| value.to_vec()));
            }
            rest = after;
        }
        Ok(None)
    }

    /// The last key from `from` on and before `to`.
    pub fn last_key(&self, from: &[u8], to: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        let mut block = self.block_of(to);
        while let Some(at) = block {
            let bytes = self.block(at)?;
            let (mut rest, mut last) = (bytes.as_slice(), None);
            while let Some((key, _, after)) = pair(rest).filter(|(key, _, _)| *key < to) {
                last = Some(key);
                rest = after;
            }
            if let Some(last) = last {
                return Ok((last >= from).then(|| last.to_vec()));
            }
            block = at.checked_sub(1);
        }
        Ok(None)
    }

    /// The pairs from `from` on.
    pub fn from<'a>(&'a self, from: &[u8]) -> Result<Pairs<'a>, StoreError> {
        let block = self.block_of(from).unwrap_or(0);
        let mut pairs = Pairs { settled: self, block, bytes: vec![], at: 0 };
        pairs.open()?;
        while pairs.peek().is_some_and(|(key, _)| key < from) {
            pairs.pass()?;
        }
        Ok(pairs)
    }
}

/// What a checksum at its end seals; none where it does not hold.
fn unsealed(mut bytes: Vec<u8>) -> Option<Vec<u8>> {
    let (content, sum) = bytes.split_last_chunk()?;
    (crc32c::crc32c(content) == u32::from_be_bytes(*sum)).then_some(())?;
    bytes.truncate(bytes.len() - size_of::<u32>());
    Some(bytes)
}

/// The first pair of what is left of a block, and what is left then.
fn pair(bytes: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let (lengths, rest) = bytes.split_first_chunk::<6>()?;
    let [a, b, c, d, e, f] = *lengths;
    let (key, rest) = rest.split_at_checked(u16::from_be_bytes([a, b]).into())?;
    let (value, rest) = rest.split_at_checked(u32::from_be_bytes([c, d, e, f]) as usize)?;
    Some((key, value, rest))
}

/// Pairs in order.
pub(super) struct Pairs<'a> {
    settled: &'a Settled,
    block: usize,
    bytes: Vec<u8>,
    at: usize,
}

impl Pairs<'_> {
    /// Reads the block it stands at; none behind the last.
    fn open(&mut self) -> Result<(), StoreError> {
        self.at = 0;
        self.bytes = if self.block < self.settled.blocks() { self.settled.block(self.block)? } else { vec![] };
        Ok(())
    }

    /// The pair it stands at.
    pub fn peek(&self) -> Option<(&[u8], &[u8])> {
        pair(self.bytes.get(self.at..)?).map(|(key, value, _)| (key, value))
    }

    /// Goes on to the next.
    pub fn pass(&mut self) -> Result<(), StoreError> {
        if let Some((key, value)) = self.peek() {
            self.at += 6 + key.len() + value.len();
        }
        if self.at >= self.bytes.len() && self.block < self.settled.blocks() {
            self.block += 1;
            self.open()?;
        }
        Ok(())
    }
}

/// Writes such a file, pair after pair in order.
pub(super) struct Writer {
    out: BufWriter<File>,
    path: PathBuf,
    block: Vec<u8>,
    index: Vec<u8>,
    filter: Filter,
    /// Where the open block begins.
    at: u64,
    /// What was written.
    pub found: Applied,
}

impl Writer {
    /// Begins a file whose pairs stand on `applied`.
    pub fn create(path: &Path, applied: &Applied) -> Result<Self, StoreError> {
        let file = File::create(path).map_err(failed(path, "create"))?;
        let mut out = BufWriter::with_capacity(1 << 20, file);
        out.write_all(&MAGIC).map_err(failed(path, "write"))?;
        let found = Applied { tip: applied.tip, ..Applied::START };
        let (filter, at) = (Filter::of(applied.pairs), MAGIC.len() as u64);
        Ok(Self { out, path: path.to_owned(), block: vec![], index: vec![], filter, at, found })
    }

    /// Adds a pair; its key is larger than all before it.
    pub fn add(&mut self, key: &[u8], value: &[u8]) -> Result<(), StoreError> {
        let (Ok(key_length), Ok(value_length)) = (u16::try_from(key.len()), u32::try_from(value.len())) else {
            return Err(wrong("a pair is too long"));
        };
        if self.block.is_empty() {
            self.index.extend_from_slice(&self.at.to_be_bytes());
            self.index.extend_from_slice(&key_length.to_be_bytes());
            self.index.extend_from_slice(key);
        }
        self.block.extend_from_slice(&key_length.to_be_bytes());
        self.block.extend_from_slice(&value_length.to_be_bytes());
        self.block.extend_from_slice(key);
        self.block.extend_from_slice(value);
        self.found.add(key, value);
        self.filter.add(key);
        if self.block.len() >= BLOCK { self.close_block() } else { Ok(()) }
    }

    fn close_block(&mut self) -> Result<(), StoreError> {
        if self.block.is_empty() {
            return Ok(());
        }
        self.block.extend_from_slice(&crc32c::crc32c(&self.block).to_be_bytes());
        self.out.write_all(&self.block).map_err(failed(&self.path, "write"))?;
        self.at += self.block.len() as u64;
        self.block.clear();
        Ok(())
    }

    /// Ends the file and makes it durable; it has its name for good once it is renamed.
    pub fn finish(mut self, generation: u64) -> Result<(), StoreError> {
        self.close_block()?;
        let mut footer = Vec::with_capacity(FOOTER);
        footer.extend_from_slice(&self.at.to_be_bytes());
        footer.extend_from_slice(&(self.index.len() as u64).to_be_bytes());
        footer.extend_from_slice(&crc32c::crc32c(&self.index).to_be_bytes());
        footer.extend_from_slice(&self.found.to_bytes());
        footer.extend_from_slice(&generation.to_be_bytes());
        footer.extend_from_slice(&crc32c::crc32c(&footer).to_be_bytes());
        footer.extend_from_slice(&MAGIC);
        let mut end = || {
            self.out.write_all(&self.index)?;
            self.out.write_all(self.filter.as_bytes())?;
            self.out.write_all(&crc32c::crc32c(self.filter.as_bytes()).to_be_bytes())?;
            self.out.write_all(&footer)?;
            self.out.flush()?;
            self.out.get_ref().sync_all()
        };
        end().map_err(failed(&self.path, "write"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Claim;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    fn written(pairs: &BTreeMap<Vec<u8>, Vec<u8>>, path: &Path) -> Settled {
        let mut writer = Writer::create(path, &Applied { pairs: pairs.len() as u64, ..Applied::START }).unwrap();
        pairs.iter().for_each(|(key, value)| writer.add(key, value).unwrap());
        writer.finish(7).unwrap();
        Settled::open(path).unwrap().unwrap()
    }

    /// Keys of all kinds: those of claims and of certificates, which the filter knows, whole and as what others begin with, and any.
    fn keys() -> impl Strategy<Value = Vec<u8>> {
        let known = |table: u8, length: usize| {
            let whole = (proptest::collection::vec(0u8..3, length), proptest::collection::vec(0u8..4, 0..3));
            whole.prop_map(move |(drawn, rest)| [vec![table], drawn, rest].concat())
        };
        prop_oneof![
            2 => proptest::collection::vec(0u8..4, 0..6),
            2 => known(keys::CERTIFICATE, 6),
            2 => known(keys::CLAIM, 9),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]

        #[test]
        fn it_answers_as_a_sorted_map_does(
            pairs in proptest::collection::btree_map(keys(), proptest::collection::vec(any::<u8>(), 0..900), 0..200),
            others in proptest::collection::vec(keys(), 1..30),
            there in proptest::collection::vec(any::<proptest::sample::Index>(), 0..30),
        ) {
            // Of what is there: itself, and what all of a certificate's begin with.
            let found = there.iter().filter(|_| !pairs.is_empty()).filter_map(|i| pairs.keys().nth(i.index(pairs.len())));
            let asked: Vec<_> = found.flat_map(|key| [key.clone(), key[..key.len().min(7)].to_vec()]).chain(others).collect();
            let directory = tempfile::tempdir().unwrap();
            let settled = written(&pairs, &directory.path().join("s"));
            prop_assert_eq!((settled.generation, settled.applied.pairs), (7, pairs.len() as u64));
            for from in &asked {
                prop_assert_eq!(settled.get(from).unwrap(), pairs.get(from).cloned());
                let (mut found, mut all) = (settled.from(from).unwrap(), pairs.range(from.clone()..));
                while let Some((key, value)) = found.peek() {
                    prop_assert_eq!(all.next(), Some((&key.to_vec(), &value.to_vec())));
                    found.pass().unwrap();
                }
                prop_assert_eq!(all.next(), None);
                let after = keys::after(from);
                let some = pairs.range(from.clone()..after.clone()).next().is_some();
                prop_assert!(settled.may_hold(from, &after) || !some, "{:?} is there", from);
                for to in &asked {
                    let last = if from < to { pairs.range(from.clone()..to.clone()).next_back() } else { None };
                    prop_assert_eq!(settled.last_key(from, to).unwrap(), last.map(|(key, _)| key.clone()));
                }
            }
        }

        #[test]
        fn damage_is_told_and_never_a_wrong_answer(at in 0usize..20_000, bit in 0u8..8) {
            let directory = tempfile::tempdir().unwrap();
            let path = directory.path().join("s");
            let key = |i: u16| [&[keys::CERTIFICATE, 0, 0, 0, 0][..], &i.to_be_bytes(), &[9; 8]].concat();
            let pairs: BTreeMap<_, _> = (0u16..400).map(|i| (key(i), vec![7; 40])).collect();
            written(&pairs, &path);
            let mut bytes = std::fs::read(&path).unwrap();
            let at = at % bytes.len();
            bytes[at] ^= 1 << bit;
            std::fs::write(&path, bytes).unwrap();
            if let Ok(Some(settled)) = Settled::open(&path) {
                for (key, value) in &pairs {
                    prop_assert!(settled.may_hold(&key[..7], &keys::after(&key[..7])));
                    if let Ok(found) = settled.get(key) {
                        prop_assert_eq!(found.as_ref(), Some(value));
                    }
                }
            }
        }
    }
    #[test]
    fn what_is_surely_not_there_is_told_without_reading() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("s");
        let claim = |i: u32| keys::claim(&Claim::Reference(format!("R-{i}")));
        // As in a register about half of all keys are such.
        let pair = |i: u32| [(claim(i), vec![7; 40]), (keys::frame(i.into()), vec![7; 12])];
        written(&(0..2_000).flat_map(pair).collect(), &path);
        // All blocks are damaged; what the filter answers is not.
        let mut bytes = std::fs::read(&path).unwrap();
        bytes[MAGIC.len()..100_000].fill(0);
        std::fs::write(&path, bytes).unwrap();
        let settled = Settled::open(&path).unwrap().unwrap();
        assert!(settled.bytes() > 100_000);
        assert!(settled.get(&claim(0)).is_err() || settled.get(&claim(1)).is_err(), "one that is there is read");
        let told = (2_000..3_000).filter(|i| matches!(settled.get(&claim(*i)), Ok(None))).count();
        assert!(told > 970, "{told} of a thousand");
    }
}
