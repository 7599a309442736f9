//! The key behind a signature: in use when it signed, and not in other hands.

use super::verdict::{Check, CheckName, Draft, Source};
use crate::domain::dates::{CHINA, china_day, day_end, day_start};
use crate::sign::KeyRecord;
use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};

/// A signer's clock may be ahead of a verifier's by that much.
const CLOCKS_DIFFER: SignedDuration = SignedDuration::from_mins(5);

/// What is known of when something was signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signed {
    /// The register recorded it then.
    Recorded(Timestamp),
    /// It says so itself, to the second: nobody else vouches for it.
    Claimed(Timestamp),
    /// It names its day only, and nobody else vouches for it.
    OnDay(Date),
}

impl Signed {
    fn day(self) -> Date {
        match self {
            Self::Recorded(at) | Self::Claimed(at) => china_day(at),
            Self::OnDay(day) => day,
        }
    }

    /// First and last second it may have been signed in. A proof writes whole seconds, so a key made within the same
    /// second was in use.
    fn span(self) -> (Timestamp, Timestamp) {
        match self {
            Self::Recorded(at) => (at, at),
            Self::Claimed(at) => {
                let second = |s| Timestamp::from_second(s).unwrap_or(at);
                (second(at.as_second()), second(at.as_second().saturating_add(1)))
            }
            Self::OnDay(day) => (day_start(day), day_end(day)),
        }
    }
}

/// A signature under a key that a saved list does not have. The list may be older than the key, so nothing is proven: neither
/// that the body signed, nor that it did not.
pub(super) fn unlisted(signature: &Draft) -> Check {
    signature.unknown(
        "key_unknown",
        "签名的密钥不在这份密钥清单里：清单可能比密钥旧。请从机构网站重新下载清单再核验；新清单里也没有，就不是本机构签发的",
        "signed with a key that is not in this list of keys, which may be older than the key: fetch the list anew from the body and verify again; a key that is not in the new list either is not this body's",
    )
}

/// Checks a key's window and whether it was compromised before the signature. Of a key compromised later only the register
/// can prove that it had signed before.
pub(super) fn window(key: &KeyRecord, signed: Signed, now: Timestamp) -> Check {
    let draft = Draft { name: CheckName::Key, source: Source::Keys, known_at: now };
    let (day, (first, last)) = (signed.day(), signed.span());
    if first.duration_since(now) > CLOCKS_DIFFER {
        let shows = CHINA.to_datetime(now).strftime("%Y-%m-%d %H:%M");
        return draft.unknown(
            "signed_in_the_future",
            format!("自称签于 {day}，按核验用的时间 {shows}（北京时间）还没有到：请核对时钟"),
            format!("it claims to be signed on {day}, still to come by the time of verifying, {shows} China time: is that clock right?"),
        );
    }
    if key.is_compromised(first) {
        return draft.failed(
            "key_compromised",
            format!("密钥 {} 在签名之前已经泄露", key.id),
            format!("the key {} was compromised before this was signed", key.id),
        );
    }
    if key.compromised_at.is_some() && !matches!(signed, Signed::Recorded(_)) {
        return draft.unknown(
            "key_compromised_later",
            format!("密钥 {} 后来泄露，单凭签名不能证明它签于泄露之前", key.id),
            format!(
                "the key {} was compromised later; the signature alone cannot prove that it was made before",
                key.id
            ),
        );
    }
    if last < key.valid_from || key.retired_at.is_some_and(|end| end <= first) {
        return draft.failed(
            "key_out_of_window",
            format!("密钥 {} 在 {day} 不在使用期内", key.id),
            format!("the key {} was not in use on {day}", key.id),
        );
    }
    draft.ok(
        "key_in_window",
        format!("密钥 {} 在 {day} 使用中", key.id),
        format!("the key {} was in use on {day}", key.id),
    )
}
