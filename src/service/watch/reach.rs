//! Whom a message may be sent to: a stranger names the address, and must not reach through us what only we can reach.

use crate::domain::Refusal;
use crate::domain::error::shown;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use ureq::config::Config;
use ureq::http::Uri;
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::NextTimeout;

/// Longest address.
pub const ADDRESS_MAX: usize = 500;

/// Where messages go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// To the web: https, its usual port, and addresses everybody can reach.
    Public,
    /// Also to this machine and its networks, and without encryption: where all receivers are the body's own, and in a trial.
    Anywhere,
}

/// Reads the address messages are to go to.
///
/// # Errors
/// `bad_webhook_url` says what is wrong with it.
pub fn address(text: &str, reach: Reach) -> Result<String, Refusal> {
    let text = text.trim();
    let bad = |why: &str| {
        let why = format!("“{}” cannot be sent to: {why}", shown(text));
        Err(Refusal::invalid("bad_webhook_url", why).under("/url"))
    };
    if text.len() > ADDRESS_MAX {
        return bad("it is too long: at most 500 characters");
    }
    let Ok(uri) = text.parse::<Uri>() else { return bad("write it as https://hooks.example.com/starmark") };
    let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
        return bad("write it as https://hooks.example.com/starmark");
    };
    if authority.as_str().contains('@') {
        return bad("leave out the name and password");
    }
    if text.contains('#') || !text.bytes().all(|b| b.is_ascii_graphic()) {
        return bad("leave out what follows #, and write other letters as %XX, a host as xn--…");
    }
    if reach == Reach::Anywhere {
        return match scheme {
            "https" | "http" => Ok(text.to_owned()),
            _ => bad("it begins with https://"),
        };
    }
    if scheme != "https" {
        return bad("it begins with https://");
    }
    if authority.port().is_some_and(|port| port.as_str() != "443") {
        return bad("it has the usual port of https, 443");
    }
    let host = authority.host();
    let literal = host.starts_with('[') || host.trim_end_matches('.').rsplit('.').next().is_none_or(is_numeric);
    if literal || !host.trim_end_matches('.').contains('.') {
        return bad("name a host that everybody can look up, such as hooks.example.com");
    }
    Ok(text.to_owned())
}

/// Whether the last part of a host is a number: then browsers and resolvers take the whole for an IP address, however written.
fn is_numeric(last: &str) -> bool {
    last.is_empty() || last.bytes().all(|b| b.is_ascii_digit()) || last.starts_with("0x") || last.starts_with("0X")
}

/// Looks hosts up and passes over what not everybody can reach. What it gives is what is connected to: a host that answers
/// otherwise the second time gains nothing.
#[derive(Debug, Default)]
pub(super) struct PublicOnly(DefaultResolver);

impl Resolver for PublicOnly {
    fn resolve(&self, uri: &Uri, config: &Config, timeout: NextTimeout) -> Result<ResolvedSocketAddrs, ureq::Error> {
        let found = self.0.resolve(uri, config, timeout)?;
        let mut public = self.empty();
        found.iter().filter(|at| is_public(at.ip())).for_each(|at| public.push(*at));
        if public.is_empty() { Err(ureq::Error::HostNotFound) } else { Ok(public) }
    }
}

/// Whether an address is one of the internet at large (IANA's registries of special-purpose addresses).
fn is_public(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(v4) => is_public_v4(v4),
        IpAddr::V6(v6) => is_public_v6(v6),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let inside = matches!(
        (a, b, c),
        (0 | 10 | 127 | 224.., ..) | (192, 0, 0 | 2) | (192, 88, 99) | (198, 51, 100) | (203, 0, 113)
    ) || matches!((a, b), (100, 64..=127) | (169, 254) | (172, 16..=31) | (192, 168) | (198, 18..=19));
    !inside
}

/// Of global unicast (2000::/3) those that hold no other address in them, and are not for documents.
fn is_public_v6(address: Ipv6Addr) -> bool {
    let [a, b, ..] = address.segments();
    (0x2000..=0x3fff).contains(&a)
        && !matches!((a, b), (0x2001, 0..=0x1ff) | (0x2001, 0xdb8) | (0x2002, _) | (0x3fff, 0..=0xfff))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_of_the_internet_at_large_are_public() {
        for public in ["1.1.1.1", "8.8.8.8", "100.63.0.1", "172.32.0.1", "2606:4700::1111", "::ffff:8.8.8.8"] {
            assert!(is_public(public.parse().unwrap()), "{public}");
        }
        for inside in [
            "0.0.0.0",
            "10.1.2.3",
            "127.0.0.1",
            "100.64.0.1",
            "169.254.169.254",
            "172.16.0.1",
            "192.168.1.1",
            "192.0.2.1",
            "198.18.0.1",
            "224.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:127.0.0.1",
            "fdaa::3",
            "fe80::1",
            "64:ff9b::7f00:1",
            "2001::1",
            "2001:db8::1",
            "2002:7f00:1::",
            "ff02::1",
        ] {
            assert!(!is_public(inside.parse().unwrap()), "{inside}");
        }
    }

    #[test]
    fn an_address_is_of_https_and_of_a_host_that_has_a_name() {
        for good in ["https://hooks.example.com/starmark", "https://hooks.example.com:443/a?b=c", " https://a.example "]
        {
            assert_eq!(address(good, Reach::Public).unwrap(), good.trim());
        }
        for bad in [
            "",
            "hooks.example.com",
            "http://hooks.example.com/",
            "ftp://hooks.example.com/",
            "https://hooks.example.com:8443/",
            "https://user:pw@hooks.example.com/",
            "https://127.0.0.1/",
            "https://[::1]/",
            "https://2130706433/",
            "https://0x7f.1/",
            "https://localhost/",
            "https://a.example/#x",
            "https://示例.example/",
            "https://a.example/\r\nX: y",
            "https://127.1./",
            "https:///x",
            &format!("https://a.example/{}", "x".repeat(500)),
        ] {
            assert_eq!(address(bad, Reach::Public).unwrap_err().code, "bad_webhook_url", "{bad}");
        }
        assert!(address("http://127.0.0.1:9000/", Reach::Anywhere).is_ok());
        assert!(address("file:///etc/passwd", Reach::Anywhere).is_err());
    }
}
