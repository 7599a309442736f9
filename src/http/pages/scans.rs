//! Which visits of a mark's page are counted as scans, and from where they came.

use crate::service::signals::Source;
use axum::http::{HeaderMap, Method, header};

/// What programs that are no readers call themselves.
const PROGRAMS: [&str; 5] = ["bot/", "bot;", "bot)", "spider", "crawler"];

/// Where a reader came from; none for what is no scan: a program, a page fetched ahead, only its head.
pub fn source(method: &Method, headers: &HeaderMap) -> Option<Source> {
    let text = |name: &str| headers.get(name).and_then(|v| v.to_str().ok()).unwrap_or_default().to_ascii_lowercase();
    let agent = text(header::USER_AGENT.as_str());
    if method != Method::GET || text("sec-purpose").contains("prefetch") || PROGRAMS.iter().any(|p| agent.contains(p)) {
        return None;
    }
    let came_from = (text("sec-fetch-site"), headers.contains_key(header::REFERER));
    Some(match came_from {
        _ if agent.contains("micromessenger") => Source::WeChat,
        _ if agent.contains("alipayclient") => Source::Alipay,
        (site, _) if site == "same-origin" => Source::Own,
        (site, _) if site == "cross-site" || site == "same-site" => Source::Web,
        (site, true) if site.is_empty() => Source::Web,
        _ => Source::Direct,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn readers_are_told_apart_coarsely_and_programs_are_no_readers() {
        let of = |pairs: &[(&'static str, &str)]| {
            let headers = pairs.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect();
            source(&Method::GET, &headers)
        };
        assert_eq!(of(&[]), Some(Source::Direct));
        assert_eq!(of(&[("sec-fetch-site", "none"), ("user-agent", "Mozilla/5.0")]), Some(Source::Direct));
        assert_eq!(
            of(&[("user-agent", "Mozilla/5.0 MicroMessenger/8.0"), ("sec-fetch-site", "cross-site")]),
            Some(Source::WeChat)
        );
        assert_eq!(of(&[("user-agent", "Mozilla/5.0 AlipayClient/10.5")]), Some(Source::Alipay));
        assert_eq!(of(&[("sec-fetch-site", "same-origin")]), Some(Source::Own));
        assert_eq!(of(&[("sec-fetch-site", "cross-site")]), Some(Source::Web));
        assert_eq!(of(&[("referer", "https://shop.example/")]), Some(Source::Web));
        assert_eq!(of(&[("user-agent", "ExampleBot/1.0")]), None);
        assert_eq!(of(&[("user-agent", "Mozilla/5.0 (Linux; CUBOT X30)")]), Some(Source::Direct), "a phone");
        assert_eq!(of(&[("sec-purpose", "prefetch;prerender")]), None);
        assert_eq!(source(&Method::HEAD, &HeaderMap::new()), None);
    }
}
