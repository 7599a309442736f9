//! A photograph: which of the codes in it is the mark's.

use super::{Answer, Held, Moments};
use crate::domain::ids::ID_DIGITS;
use crate::mark::ScannedUrl;
use crate::mark::read::codes;
use crate::mark::text::MarkText;
use crate::verify::{Check, CheckName, CheckResult, Source};
use std::collections::BTreeSet;
use unicode_normalization::UnicodeNormalization as _;

/// Answers about the mark in a picture.
pub(super) fn answer(file: &[u8], held: &Held, moments: Moments) -> Answer {
    let found = match codes(file) {
        Ok(found) => found,
        Err(refusal) => return cannot_tell(moments, refusal.code, "看不清这张图片", refusal.to_string(), vec![]),
    };
    let all: Vec<String> = found.iter().cloned().collect();
    let answer = match one_mark(&found) {
        Ok(text) => Answer { kind: "photo", ..Answer::of_mark(text, held, moments) },
        Err(None) => cannot_tell(
            moments,
            "no_code",
            "图片里没有读到标志的二维码",
            "no code of a mark could be read in the picture: take it from nearer, in more light, with the whole mark in it"
                .into(),
            vec![],
        ),
        Err(Some(count)) => cannot_tell(
            moments,
            "several_marks",
            "图片里有不止一个标志，无法判断问的是哪一个",
            format!("the picture holds codes of {count} different marks: take a picture of the one that is meant"),
            vec![],
        ),
    };
    Answer { codes: all, ..answer }
}

/// The one text to verify; else how many different marks there are, none where there is no code at all.
fn one_mark(found: &BTreeSet<String>) -> Result<&str, Option<usize>> {
    // What else stands on a package, such as a link to the shop, is no mark and decides nothing beside one. But whatever a
    // phone might take for a mark counts, also where it is not written as ours are: the hand that holds it may open that one.
    let like_marks: Vec<&str> = found.iter().map(String::as_str).filter(|t| is_like_a_mark(t)).collect();
    let marks: Vec<(&str, ScannedUrl<'_>)> =
        like_marks.iter().filter_map(|t| ScannedUrl::parse(t).ok().map(|u| (*t, u))).collect();
    match (like_marks.as_slice(), marks.len()) {
        ([], _) => Err(None),
        ([text], _) => Ok(text),
        (all, n) if all.len() == n => same_mark(&marks).ok_or(Some(n)),
        (all, _) => Err(Some(all.len())),
    }
}

/// An address with `/m/` in whatever spelling, or digits as long as a mark's.
fn is_like_a_mark(text: &str) -> bool {
    let folded: String = text.nfkc().flat_map(char::to_lowercase).collect();
    folded.contains("/m/") || (folded.len() >= ID_DIGITS && folded.bytes().all(|b| b.is_ascii_digit()))
}

/// Where the long and the short code of one mark stand side by side: the long one, for it can be verified.
fn same_mark<'t>(marks: &[(&'t str, ScannedUrl<'_>)]) -> Option<&'t str> {
    let read = |url: &ScannedUrl<'_>| MarkText::parse(url.digits).ok().map(|m| (url.host.to_owned(), m.mark()));
    let names: BTreeSet<_> = marks.iter().map(|(_, url)| read(url)).collect();
    let signed: Vec<&'t str> = marks
        .iter()
        .filter(|(_, u)| matches!(MarkText::parse(u.digits), Ok(MarkText::Signed(_))))
        .map(|(t, _)| *t)
        .collect();
    match (names.len(), names.contains(&None), signed.as_slice()) {
        (1, false, [only]) => Some(only),
        _ => None,
    }
}

fn cannot_tell(moments: Moments, code: &'static str, zh: &str, en: String, codes: Vec<String>) -> Answer {
    let check = Check {
        check: CheckName::Mark,
        result: CheckResult::Undetermined,
        required: true,
        code,
        message: en,
        message_zh: zh.to_owned(),
        source: Source::Nothing,
        known_at: moments.now,
    };
    Answer { codes, ..Answer::because("photo", check, moments.at) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pick(texts: &[&str]) -> Result<String, Option<usize>> {
        let found: BTreeSet<String> = texts.iter().map(|t| (*t).to_owned()).collect();
        one_mark(&found).map(str::to_owned)
    }

    #[test]
    fn the_mark_is_picked_out_of_what_else_stands_there() {
        let (a, b) = ("https://xb.example.cn/m/0000000000000011", "https://xb.example.cn/m/0000000000000029");
        let shop = "https://shop.example.com/item?id=7";
        assert_eq!(pick(&[]), Err(None));
        assert_eq!(pick(&[shop]), Err(None), "no mark is seen, which speaks against nothing");
        for other in [
            "HTTPS://XB.EXAMPLE.CN/M/1",
            "https://evil.example//m/1?x",
            "https://xb.example.cn@evil.example/m/1",
            "1234567890123456",
        ] {
            assert_eq!(pick(&[a, other]), Err(Some(2)), "{other}");
        }
        assert_eq!(pick(&[shop, a]).unwrap(), a);
        assert_eq!(pick(&[a, b]), Err(Some(2)));
        assert_eq!(pick(&[a, "https://xb-example.cn/m/0000000000000011"]), Err(Some(2)), "a look-alike beside it");
    }
}
