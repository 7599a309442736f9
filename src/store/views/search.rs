//! Holder search: every pair of neighbouring characters of every name, in memory, rebuilt at start.

use crate::domain::CertificateId;
use crate::domain::written::folded as fold;
use crate::store::{Page, PageRequest};
use std::collections::BTreeMap;

/// Follows the last character of a name, so that every character begins a pair.
const END: char = '\0';

/// Numbers in rising order, each as its distance from the one before (LEB128): in a register of a million most lists take a byte or
/// two a number.
#[derive(Debug, Default)]
struct Numbers {
    bytes: Vec<u8>,
    count: usize,
    /// One more than the last number; 0 before the first.
    next: u32,
}

impl Numbers {
    /// Adds a number that is not smaller than the last; the last one again is no other.
    fn push(&mut self, number: u32) {
        if number < self.next {
            return;
        }
        let mut distance = number - self.next;
        while distance >= 0x80 {
            self.bytes.push((distance & 0x7f) as u8 | 0x80);
            distance >>= 7;
        }
        self.bytes.push(distance as u8);
        self.count += 1;
        self.next = number + 1;
    }

    /// From the last to the first. A distance ends with the one byte that has its high bit clear.
    fn newest_first(&self) -> impl Iterator<Item = u32> {
        let (mut next, mut rest) = (self.next, self.bytes.as_slice());
        std::iter::from_fn(move || {
            let (end, mut before) = rest.split_last()?;
            let mut distance = u32::from(*end);
            while let Some((byte, more)) = before.split_last().filter(|(byte, _)| **byte >= 0x80) {
                distance = distance << 7 | u32::from(byte & 0x7f);
                before = more;
            }
            let number = next - 1;
            (next, rest) = (number - distance, before);
            Some(number)
        })
    }
}

/// Index of holder names. Certificates are numbered in the order in which they were added: a larger number is newer.
#[derive(Debug, Default)]
pub struct SearchIndex {
    ids: Vec<CertificateId>,
    /// All names, one after the other, and where each ends.
    names: String,
    ends: Vec<u32>,
    pairs: BTreeMap<(char, char), Numbers>,
}

fn pairs_of(folded: &str) -> impl Iterator<Item = (char, char)> {
    folded.chars().zip(folded.chars().skip(1).chain([END]))
}

impl SearchIndex {
    /// Adds the newest certificate.
    pub fn add(&mut self, id: CertificateId, name: &str) {
        let folded = fold(name);
        // A store of 2^32 bytes of names has a hundred million certificates; what comes after is not found by name.
        let end = u32::try_from(self.names.len() + folded.len());
        let (Ok(number), Ok(end)) = (u32::try_from(self.ids.len()), end) else { return };
        for pair in pairs_of(&folded) {
            self.pairs.entry(pair).or_default().push(number);
        }
        self.ids.push(id);
        self.names.push_str(&folded);
        self.ends.push(end);
    }

    fn name(&self, number: u32) -> &str {
        let at = number as usize;
        let from = at.checked_sub(1).and_then(|before| self.ends.get(before)).map_or(0, |end| *end as usize);
        self.ends.get(at).and_then(|end| self.names.get(from..*end as usize)).unwrap_or_default()
    }

    /// Certificates whose holder's name holds `text`, newest first. An empty text finds nothing.
    #[must_use]
    pub fn find(&self, text: &str, page: PageRequest) -> Page<CertificateId> {
        let folded = fold(text);
        let size = page.size.min(PageRequest::MAX);
        let mut found = Page { items: vec![], total: 0 };
        let mut hit = |number: u32| {
            if found.total >= page.offset && found.items.len() < size {
                found.items.extend(self.ids.get(number as usize));
            }
            found.total += 1;
        };
        let letters: Vec<char> = folded.chars().collect();
        match letters[..] {
            [] => {}
            [one] => {
                let mut all: Vec<u32> =
                    self.pairs.range((one, END)..=(one, char::MAX)).flat_map(|(_, list)| list.newest_first()).collect();
                all.sort_unstable();
                all.dedup();
                all.into_iter().rev().for_each(hit);
            }
            [one, two] => self.pairs.get(&(one, two)).into_iter().flat_map(Numbers::newest_first).for_each(hit),
            _ => {
                let lists = letters.windows(2).map(|w| self.pairs.get(&(w[0], w[1])));
                let Some(lists) = lists.collect::<Option<Vec<_>>>() else { return found };
                let rarest = lists.into_iter().min_by_key(|list| list.count);
                for number in rarest.into_iter().flat_map(Numbers::newest_first) {
                    if self.name(number).contains(&*folded) {
                        hit(number);
                    }
                }
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(index: &SearchIndex, text: &str) -> Vec<u8> {
        let page = index.find(text, PageRequest { offset: 0, size: 100 });
        assert_eq!(page.total, page.items.len());
        page.items.into_iter().map(|id| id.to_bytes()[5]).collect()
    }

    #[test]
    fn any_substring_is_found_newest_first_as_a_plain_search_would() {
        let names = ["北京示例售后服务有限公司", "ＡＢＣ电器(北京)有限公司", "示示例", "abc", "京", "例 示", "", "\0"];
        let mut index = SearchIndex::default();
        for (i, name) in (0..).zip(names) {
            index.add(CertificateId::from_bytes([0, 0, 0, 0, 0, i]), name);
        }
        let queries = [
            "示例",
            "ａｂｃ",
            "ABC电",
            "京",
            "北京",
            "有限公司",
            "示",
            "例",
            "示示",
            "司京",
            "x",
            "",
            "（北京）",
            "ab",
        ];
        for query in queries {
            let plain: Vec<u8> = (0..)
                .zip(names)
                .filter(|(_, n)| !query.is_empty() && fold(n).contains(&fold(query)))
                .map(|(i, _)| i)
                .collect();
            assert_eq!(ids(&index, query), plain.into_iter().rev().collect::<Vec<u8>>(), "{query}");
        }
    }

    #[test]
    fn numbers_come_back_in_whatever_distance_they_were_put() {
        let put = [0, 1, 2, 2, 130, 131, 20_000, 20_127, 20_255, 3_000_000, u32::MAX - 1];
        let mut numbers = Numbers::default();
        put.iter().for_each(|n| numbers.push(*n));
        let mut back: Vec<u32> = numbers.newest_first().collect();
        back.reverse();
        let mut once = put.to_vec();
        once.dedup();
        assert_eq!((back, numbers.count), (once, 10));
    }

    #[test]
    fn pages_do_not_overlap_and_know_their_total() {
        let mut index = SearchIndex::default();
        for i in 0..250u8 {
            index.add(CertificateId::from_bytes([0, 0, 0, 0, 0, i]), "示例公司");
        }
        for query in ["示", "示例", "例公司"] {
            let mut seen = vec![];
            for offset in (0..250).step_by(100) {
                let page = index.find(query, PageRequest { offset, size: 1000 });
                assert_eq!(page.total, 250);
                seen.extend(page.items.iter().map(|id| id.to_bytes()[5]));
            }
            assert_eq!(seen, (0..250).rev().collect::<Vec<u8>>(), "{query}");
        }
    }
}
