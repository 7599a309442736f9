//! In which language a page is read: as its address says, else as the reader's browser prefers (RFC 9110, 12.5.4), else Chinese.

use axum::http::{HeaderMap, Uri, header};

/// The address as if it named the language: with `lang=en` where it names none and English is preferred to Chinese.
pub(crate) fn preferred(uri: Uri, headers: &HeaderMap) -> Uri {
    if named(&uri).is_some() || !prefers_english(headers) {
        return uri;
    }
    let query = uri.query().filter(|q| !q.is_empty()).map_or_else(String::new, |q| format!("{q}&"));
    format!("{}?{query}lang=en", uri.path()).parse().unwrap_or(uri)
}

/// The language that an address names.
pub(super) fn named(uri: &Uri) -> Option<&str> {
    uri.query()?.split('&').find_map(|parameter| parameter.strip_prefix("lang="))
}

/// What the addresses on a page name, so that the next one is in the same language.
pub(super) fn suffix(uri: &Uri) -> &'static str {
    match named(uri) {
        Some("en") => "?lang=en",
        Some("zh") => "?lang=zh",
        _ => "",
    }
}

/// The crate for this (accept-language 3.1) sorts by qualities that may be NaN, which a sort may panic on.
pub(crate) fn prefers_english(headers: &HeaderMap) -> bool {
    let Some(said) = headers.get(header::ACCEPT_LANGUAGE).and_then(|v| v.to_str().ok()) else { return false };
    // Quality of each, in thousandths; of equals the first one is meant.
    let (mut chinese, mut english) = (0, 0);
    for range in said.split(',') {
        let (tag, parameters) = range.split_once(';').unwrap_or((range, "q=1"));
        let best = match tag.trim().get(..2).map(str::to_ascii_lowercase).as_deref() {
            Some("zh") => &mut chinese,
            Some("en") => &mut english,
            _ => continue,
        };
        let quality =
            parameters.trim().strip_prefix("q=").and_then(|q| q.trim().parse::<f64>().ok()).unwrap_or_default();
        *best = (*best).max((quality.clamp(0.0, 1.0) * 1000.0) as u32);
    }
    english > chinese || english == chinese && english > 0 && first_is_english(said)
}

fn first_is_english(said: &str) -> bool {
    let is = |range: &str, language: &str| range.trim().get(..2).is_some_and(|s| s.eq_ignore_ascii_case(language));
    said.split(',').find(|range| is(range, "zh") || is(range, "en")).is_some_and(|range| is(range, "en"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;
    use proptest::prelude::*;

    fn read(address: &str, said: &str) -> String {
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT_LANGUAGE, HeaderValue::from_str(said).unwrap());
        preferred(address.parse().unwrap(), &headers).to_string()
    }

    #[test]
    fn the_browser_is_asked_where_the_address_says_nothing() {
        for (said, english) in [
            ("zh-CN,zh;q=0.9,en;q=0.8", false),
            ("en-US,en;q=0.9", true),
            ("en;q=0.5, zh;q=0.9", false),
            ("fr-FR, en;q=0.7", true),
            ("de", false),
            ("*", false),
            ("EN", true),
            ("zh-TW", false),
            ("en, zh", true),
            ("zh, en", false),
            ("en;q=0", false),
            ("en;q=nan, zh;q=0.1", false),
        ] {
            let expected = if english { "/c/1?lang=en" } else { "/c/1" };
            assert_eq!(read("/c/1", said), expected, "{said}");
        }
        assert_eq!(read("/?q=%E7%A4%BA&page=2", "en"), "/?q=%E7%A4%BA&page=2&lang=en");
        assert_eq!(read("/c/1?lang=zh", "en"), "/c/1?lang=zh");
        assert_eq!(read("/c/1?lang=en", "zh"), "/c/1?lang=en");
        let plain: Uri = "/c/1".parse().unwrap();
        assert_eq!(preferred(plain.clone(), &HeaderMap::new()), plain);
    }

    proptest! {
        #[test]
        fn no_header_makes_it_fall(said in "[ -~]{0,80}") {
            read("/c/1?as_of=2026-05-08", &said);
        }
    }
}
