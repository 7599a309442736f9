//! What is said of a host that is not this body's.

use super::words::{Text, text};
use crate::domain::Host;
use crate::service::lookalike::{Likeness, likeness};

/// How a host imitates ours, in a sentence; nothing where it does not.
pub(super) fn imitation(host: &str, ours: &Host) -> Text {
    let (zh, en) = match likeness(host, ours.as_str()) {
        Some(Likeness::Letters) => {
            ("它用了看起来一样的字母，是仿冒的写法。", "It is written with letters that look the same: an imitation.")
        }
        Some(Likeness::Within) => {
            ("它把本机构的网址夹在里面，是仿冒的写法。", "It has this body's host inside it: an imitation.")
        }
        Some(Likeness::Marks) => {
            ("它只差点和横线，是仿冒的写法。", "It differs by dots and hyphens only: an imitation.")
        }
        Some(Likeness::Ending) => ("它只是结尾不同，不是本机构的。", "Its ending differs: it is another's."),
        Some(Likeness::Slip) => ("它和本机构的网址只差一个字母。", "It is one letter away from this body's host."),
        None if !host.is_ascii() => ("它里面有不是拉丁字母的字符。", "It holds characters that are not Latin."),
        None => ("", ""),
    };
    text(zh, en)
}
