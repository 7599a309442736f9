//! Holder search: every pair of neighbouring characters of every name, in memory, rebuilt at start.

use crate::domain::CertificateId;
use crate::domain::written::folded as fold;
use crate::store::{Page, PageRequest};
use std::collections::BTreeMap;

/// Follows the last character of a name, so that every character begins a pair.
const END: char = '\0';

/// Index of holder names. Certificates are numbered in the order in which they were added: a larger number is newer.
#[derive(Debug, Default)]
pub struct SearchIndex {
    entries: Vec<(CertificateId, Box<str>)>,
    pairs: BTreeMap<(char, char), Vec<u32>>,
}

fn pairs_of(folded: &str) -> impl Iterator<Item = (char, char)> {
    folded.chars().zip(folded.chars().skip(1).chain([END]))
}

impl SearchIndex {
    /// Adds the newest certificate.
    pub fn add(&mut self, id: CertificateId, name: &str) {
        // A store of 2^32 certificates would need 100 GB of names before this number runs out.
        let Ok(number) = u32::try_from(self.entries.len()) else { return };
        let folded = fold(name);
        for pair in pairs_of(&folded) {
            let list = self.pairs.entry(pair).or_default();
            if list.last() != Some(&number) {
                list.push(number);
            }
        }
        self.entries.push((id, folded.into()));
    }

    /// Certificates whose holder's name holds `text`, newest first. An empty text finds nothing.
    #[must_use]
    pub fn find(&self, text: &str, page: PageRequest) -> Page<CertificateId> {
        let folded = fold(text);
        let size = page.size.min(PageRequest::MAX);
        let mut found = Page { items: vec![], total: 0 };
        let mut hit = |number: u32| {
            if found.total >= page.offset && found.items.len() < size {
                found.items.extend(self.entries.get(number as usize).map(|e| e.0));
            }
            found.total += 1;
        };
        let letters: Vec<char> = folded.chars().collect();
        match letters[..] {
            [] => {}
            [one] => {
                let mut all: Vec<u32> =
                    self.pairs.range((one, END)..=(one, char::MAX)).flat_map(|(_, list)| list).copied().collect();
                all.sort_unstable();
                all.dedup();
                all.into_iter().rev().for_each(hit);
            }
            [one, two] => self.pairs.get(&(one, two)).into_iter().flatten().rev().copied().for_each(hit),
            _ => {
                let lists = letters.windows(2).map(|w| self.pairs.get(&(w[0], w[1])).map_or(&[][..], Vec::as_slice));
                let rarest = lists.min_by_key(|list| list.len()).unwrap_or_default();
                for number in rarest.iter().rev() {
                    if self.entries.get(*number as usize).is_some_and(|e| e.1.contains(&*folded)) {
                        hit(*number);
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
