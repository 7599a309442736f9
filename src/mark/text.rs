//! What a scanned code says: `https://HOST/m/` and 16 or 217 digits. Whose host it is, the caller judges.

use super::payload::{SignedToken, TOKEN_DIGITS};
use crate::domain::error::shown;
use crate::domain::ids::ID_DIGITS;
use crate::domain::{Host, MarkId, Refusal};

/// Code of the refusal of digits that were cut short or mistyped: it speaks against no mark.
pub const INCOMPLETE: &str = "incomplete_code";
/// Longest host name in DNS (RFC 1035) with a port.
const HOST_MAX: usize = 253 + ":65535".len();

/// The digits of a mark's address, read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MarkText {
    /// 16 digits: names a mark licence; only the server can say more.
    Link(MarkId),
    /// 217 digits: a token that verifies without a server.
    Signed(SignedToken),
}

impl MarkText {
    /// Reads the digits after `/m/`.
    ///
    /// # Errors
    /// `bad_mark_token` for 217 digits that are no token. [`INCOMPLETE`] for what cannot have been read or typed whole:
    /// another number of digits, anything but digits, 16 digits that check wrongly.
    pub fn parse(digits: &str) -> Result<Self, Refusal> {
        let incomplete =
            |why: &str| Refusal::invalid(INCOMPLETE, format!("“{}” is not a mark's whole code: {why}", shown(digits)));
        if !digits.bytes().all(|b| b.is_ascii_digit()) {
            return Err(incomplete("it holds something else than digits"));
        }
        match digits.len() {
            ID_DIGITS => MarkId::parse(digits).map(Self::Link).map_err(|r| Refusal { code: INCOMPLETE, ..r }),
            TOKEN_DIGITS => SignedToken::from_digits(digits).map(Self::Signed),
            n => Err(incomplete(&format!("it has {n} digits, a mark has {ID_DIGITS} or {TOKEN_DIGITS}"))),
        }
    }

    /// The mark licence it names.
    #[must_use]
    pub const fn mark(&self) -> MarkId {
        match self {
            Self::Link(id) => *id,
            Self::Signed(signed) => signed.token().mark(),
        }
    }

    /// The digits: 16 or 217.
    #[must_use]
    pub fn digits(&self) -> String {
        match self {
            Self::Link(id) => id.to_string(),
            Self::Signed(signed) => signed.digits(),
        }
    }

    /// The whole text of the code under that host.
    #[must_use]
    pub fn url(&self, host: &Host) -> String {
        format!("{}{}", host.mark_prefix(), self.digits())
    }
}

/// How an address is fetched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scheme {
    /// `https`, the only one a genuine mark has.
    Https,
    /// `http`, seen in development and in forgeries.
    Http,
}

/// An address in the form of a mark's, its digits not read yet, its host not judged.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ScannedUrl<'a> {
    /// How it is fetched.
    pub scheme: Scheme,
    /// Host as written, with its port where one is written. A genuine mark's equals the body's host byte for byte.
    pub host: &'a str,
    /// What stands after `/m/`, as written; [`MarkText::parse`] reads it.
    pub digits: &'a str,
}

impl<'a> ScannedUrl<'a> {
    /// Reads the whole text of a code, or an address as pasted.
    ///
    /// # Errors
    /// `not_a_mark_url`: another scheme, another path, a user name, a query, a fragment, anything beyond plain ASCII letters,
    /// digits, hyphens and dots in the host, or a bad port.
    pub fn parse(text: &'a str) -> Result<Self, Refusal> {
        let no = |why: &str| {
            Refusal::invalid("not_a_mark_url", format!("“{}” is not the address of a mark: {why}", shown(text)))
        };
        let (scheme, rest) = if let Some(rest) = text.strip_prefix("https://") {
            (Scheme::Https, rest)
        } else if let Some(rest) = text.strip_prefix("http://") {
            (Scheme::Http, rest)
        } else {
            return Err(no("it does not begin with https://"));
        };
        let (host, path) = rest.split_once('/').ok_or_else(|| no("it has no path"))?;
        check_host(host).map_err(no)?;
        let digits = path.strip_prefix("m/").ok_or_else(|| no("its path does not begin with /m/"))?;
        if digits.contains(['/', '?', '#']) {
            return Err(no("after /m/ stand digits and nothing else, no query and no fragment"));
        }
        Ok(Self { scheme, host, digits })
    }
}

fn check_host(host: &str) -> Result<(), &'static str> {
    if host.len() > HOST_MAX {
        return Err("its host is longer than DNS allows");
    }
    if host.contains('@') {
        return Err("it holds a user name, which hides where it leads");
    }
    let (name, port) = host.split_once(':').map_or((host, None), |(n, p)| (n, Some(p)));
    if name.is_empty() || !name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.')) {
        return Err("its host is not written in plain letters, digits, hyphens and dots");
    }
    let good_port = |p: &str| p.len() <= 5 && p.bytes().all(|b| b.is_ascii_digit()) && p.parse::<u16>().is_ok();
    if !port.is_none_or(good_port) {
        return Err("its port is no number up to 65535");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mark::testing;
    use proptest::prelude::*;

    #[test]
    fn both_classes_round_trip_through_their_address() {
        let host = Host::parse("xb.example.cn").unwrap();
        for text in [testing::link(), testing::signed(crate::domain::Level::FiveStar)] {
            let url = text.url(&host);
            let scanned = ScannedUrl::parse(&url).unwrap();
            assert_eq!((scanned.scheme, scanned.host), (Scheme::Https, "xb.example.cn"));
            assert_eq!(MarkText::parse(scanned.digits).unwrap(), text);
        }
    }

    #[test]
    fn a_port_and_a_foreign_host_are_reported_not_judged() {
        let s = ScannedUrl::parse("http://evil.example:8080/m/1").unwrap();
        assert_eq!((s.scheme, s.host, s.digits), (Scheme::Http, "evil.example:8080", "1"));
    }

    #[test]
    fn odd_addresses_are_refused() {
        for odd in [
            "",
            "https://",
            "https:///m/1",
            "HTTPS://xb.example.cn/m/1",
            "ftp://xb.example.cn/m/1",
            "https://xb.example.cn",
            "https://xb.example.cn/c/1",
            "https://xb.example.cn/M/1",
            "https://xb.example.cn/m/1/",
            "https://xb.example.cn/m/1?x=1",
            "https://xb.example.cn/m/1#x",
            "https://xb.example.cn?/m/1",
            "https://xb.example.cn@evil.example/m/1",
            "https://a:b@evil.example/m/1",
            "https://xb.example.cn:/m/1",
            "https://xb.example.cn:65536/m/1",
            "https://xb.example.cn:+80/m/1",
            "https://xb.example.cn:80:80/m/1",
            "https://[::1]/m/1",
            "https://xb。example.cn/m/1",
            "https://хb.example.cn/m/1",
            "https://xb.example.cn\\@evil/m/1",
            " https://xb.example.cn/m/1",
        ] {
            assert_eq!(ScannedUrl::parse(odd).unwrap_err().code, "not_a_mark_url", "{odd:?}");
        }
    }

    #[test]
    fn what_was_cut_or_mistyped_is_told_from_what_is_no_mark() {
        let good = testing::signed(crate::domain::Level::FiveStar).digits();
        let link = testing::link().digits();
        let wrong_check = format!("{}{}", &link[..15], if link.ends_with('0') { '1' } else { '0' });
        let letter = format!("{}x", &good[1..]);
        let zero_too_many = format!("0{good}");
        let odd = ["", "1", "１", "%31", "1\n", &wrong_check, "9999999999999990", &letter, &zero_too_many, &good[1..]];
        for odd in odd {
            let url = format!("https://xb.example.cn/m/{odd}");
            assert_eq!(MarkText::parse(ScannedUrl::parse(&url).unwrap().digits).unwrap_err().code, INCOMPLETE, "{odd}");
        }
        for no_mark in ["0".repeat(TOKEN_DIGITS), "9".repeat(TOKEN_DIGITS)] {
            assert_eq!(MarkText::parse(&no_mark).unwrap_err().code, "bad_mark_token");
        }
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "\\PC{0,260}", tail in "[0-9]{0,218}") {
            let _ = ScannedUrl::parse(&text);
            let _ = ScannedUrl::parse(&format!("https://{text}/m/{tail}"));
            let _ = MarkText::parse(&text);
            let _ = MarkText::parse(&tail);
        }
    }
}
