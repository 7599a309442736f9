//! Where the code in somebody's picture leads: to this body, to somebody else, or nowhere.

use super::Service;
use super::typed::{Address, Leads};

/// Where a code leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scanned {
    /// To a page of this body; [`Leads::Elsewhere`] where that is neither of a certificate, a mark nor a receipt.
    Ours(Leads),
    /// To that other host.
    Foreign(String),
    /// It is no address of the web.
    NoAddress,
}

impl Service {
    /// Where a code's text leads a phone that opens it. `here` is the host the pages are reached at, where that is not the one in codes.
    #[must_use]
    pub fn scanned(&self, code: &str, here: &str) -> Scanned {
        let begins = |scheme: &str| code.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme));
        let address = match begins("https://") || begins("http://") {
            true => Address::within(code),
            false => Address::bare(code),
        };
        let Some(address) = address.filter(|a| !a.host.is_empty()) else { return Scanned::NoAddress };
        let is_ours = address.host == self.host().as_str() || address.host == here;
        // Browsers drop tabs and line breaks and fold letters of other scripts, so that what is read here is not what they open.
        match (is_ours, code.bytes().all(|b| b.is_ascii_graphic())) {
            (true, true) => Scanned::Ours(address.leads),
            (true, false) => Scanned::NoAddress,
            (false, _) => Scanned::Foreign(address.host),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::service::testing;
    use proptest::prelude::*;

    #[test]
    fn a_code_is_ours_only_where_every_browser_would_open_our_page() {
        let service = testing::service();
        let host = service.host().to_string();
        let digits = "1034659679808070";
        let rid = "AAAAAAAAAAAAAAAAAAAAAA";
        let mark = || Scanned::Ours(Leads::Mark(digits.to_owned()));
        for ours in [
            format!("https://{host}/m/{digits}"),
            format!("HTTPS://{}/m/{digits}", host.to_uppercase()),
            format!("http://{host}:80/m/{digits}?from=poster"),
            format!("{host}/m/{digits}"),
            format!("http://127.0.0.1:8080/m/{digits}"),
        ] {
            assert_eq!(service.scanned(&ours, "127.0.0.1:8080"), mark(), "{ours}");
        }
        let leads = |text: String| service.scanned(&text, &host);
        assert_eq!(leads(format!("https://{host}/c/{digits}")), Scanned::Ours(Leads::Certificate(digits.to_owned())));
        assert!(
            matches!(leads(format!("https://{host}/r/{rid}")), Scanned::Ours(Leads::Receipt(id)) if id.to_string() == rid)
        );
        for elsewhere in ["/about", "", "/r/abc", &format!("/r/{rid}x"), "/M/1034659679808070", "/m/"] {
            assert_eq!(leads(format!("https://{host}{elsewhere}")), Scanned::Ours(Leads::Elsewhere), "{elsewhere}");
        }
        for foreign in [
            format!("https://{host}.evil.example/m/{digits}"),
            format!("https://{host}@evil.example/m/{digits}"),
            format!("https://{host}:8443/m/{digits}"),
            format!("https://evil.example/?to=https://{host}/m/{digits}"),
            format!("https://{host}\t.evil.example/m/{digits}"),
            format!("evil.example/m/{digits}"),
        ] {
            assert!(matches!(leads(foreign.clone()), Scanned::Foreign(_)), "{foreign}");
        }
        for none in [
            format!("https:{host}/m/{digits}"),
            format!("see https://{host}/m/{digits}"),
            format!("https://{host} .evil.example/m/{digits}"),
            format!("https://{host}/m/{digits}\n"),
            format!("https://{host}/m/{digits}/示例"),
            format!("javascript:location='https://{host}/m/{digits}'"),
            "WIFI:T:WPA;S:shop;P:12345678;;".to_owned(),
            "weixin://dl/chat?x".to_owned(),
            digits.to_owned(),
            "https:///m/1".to_owned(),
            String::new(),
        ] {
            assert_eq!(leads(none.clone()), Scanned::NoAddress, "{none}");
        }
    }

    proptest! {
        #[test]
        fn no_code_panics(text in "\\PC{0,80}", tail in "(https?://|xb.example.cn)?[-0-9a-z /:@.\\\\]{0,60}") {
            let service = testing::service();
            for text in [text.clone(), tail.clone(), format!("{tail}{text}")] {
                let _ = service.scanned(&text, "127.0.0.1:8080");
            }
        }
    }
}
