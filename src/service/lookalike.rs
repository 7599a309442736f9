//! Hosts that pass for this body's at a glance: look-alike query sites live by them.

use unicode_security::confusable_detection::skeleton;

/// Fewest letters of a name of which a slip of the pen makes another: shorter names are too many.
const SHORT: usize = 4;

/// How a host comes to look like this body's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Likeness {
    /// Letters that look the same (UTS #39): of another script, or 1 for l.
    Letters,
    /// This body's host stands in it, before or after something else.
    Within,
    /// The same but for dots and hyphens.
    Marks,
    /// The same name under another ending.
    Ending,
    /// One letter more, less or another, or two that changed places.
    Slip,
}

/// How that host looks like ours; nothing where it does not, or where it is ours. Both in lower case, ports aside; a host in the
/// form of the DNS (`xn--…`) is read as people see it.
#[must_use]
pub fn likeness(host: &str, ours: &str) -> Option<Likeness> {
    let host = host.rsplit_once(':').map_or(host, |(name, _)| name).trim_end_matches('.');
    if host == ours {
        return None;
    }
    let (seen, _) = idna::domain_to_unicode(host);
    let letters = |text: &str| skeleton(&text.replace('1', "l").replace('0', "o")).collect::<String>();
    let (seen_as, our_letters) = (letters(&seen), letters(ours));
    let bare = |text: &str| text.chars().filter(|c| !matches!(c, '.' | '-')).collect::<String>();
    // Beside something else, or between its dots.
    let within = || {
        let dashed = ours.replace('.', "-");
        [our_letters.as_str(), &letters(&dashed)].iter().any(|whole| parts(&seen_as, whole))
    };
    let (name, our_name) = (unended(&seen_as), unended(&our_letters));
    if seen_as == our_letters {
        Some(Likeness::Letters)
    } else if bare(&seen_as) == bare(&our_letters) {
        Some(Likeness::Marks)
    } else if within() {
        Some(Likeness::Within)
    } else if name == our_name {
        Some(Likeness::Ending)
    } else if our_name.chars().count() >= SHORT && strsim::osa_distance(&seen_as, &our_letters) == 1 {
        Some(Likeness::Slip)
    } else {
        None
    }
}

/// Whether `whole` stands in the host as labels, or parts of labels between hyphens.
fn parts(host: &str, whole: &str) -> bool {
    let edge = |c: Option<char>| c.is_none_or(|c| matches!(c, '.' | '-'));
    host.match_indices(whole).any(|(at, _)| {
        let (before, after) = (&host[..at], &host[at + whole.len()..]);
        edge(before.chars().next_back()) && edge(after.chars().next())
    })
}

/// Without its last label.
fn unended(host: &str) -> &str {
    host.rsplit_once('.').map_or(host, |(name, _)| name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn hosts_that_pass_for_ours_are_told_by_how_they_do() {
        for (host, expected) in [
            ("xb.example.cn", None),
            ("xb.example.cn:8443", None),
            ("xb.example.cn.", None),
            ("xb.examp1e.cn", Some(Likeness::Letters)),
            ("xb.exаmple.cn", Some(Likeness::Letters)),
            ("xb-example.cn", Some(Likeness::Marks)),
            ("xbexample.cn", Some(Likeness::Marks)),
            ("xb.example.cn.evil.com", Some(Likeness::Within)),
            ("xb-example-cn.evil.com", Some(Likeness::Within)),
            ("login.xb.example.cn", Some(Likeness::Within)),
            ("xb.example.com", Some(Likeness::Ending)),
            ("xb.exampel.cn", Some(Likeness::Slip)),
            ("xb.examples.cn", Some(Likeness::Slip)),
            ("xd.example.cn", Some(Likeness::Slip)),
            ("www.gov.cn", None),
            ("example.org", None),
            ("abxb.example.cn", None),
            ("", None),
        ] {
            assert_eq!(likeness(host, "xb.example.cn"), expected, "{host}");
        }
        let (puny, fault) = ("xb.xn--exmple-4nf.cn", "a Cyrillic letter in the form of the DNS");
        assert_eq!(likeness(puny, "xb.example.cn"), Some(Likeness::Letters), "{fault}");
        // Of names this short every other one would be a slip.
        assert_eq!(likeness("ac.cn", "ab.cn"), None);
    }

    proptest! {
        #[test]
        fn no_host_makes_it_fall(host in "\\PC{0,60}") {
            let _ = likeness(&host, "xb.example.cn");
        }
    }
}
