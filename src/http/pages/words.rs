//! The words and shapes of an answer. Every standing has its own; what is unknown has the grey of "cannot tell".

use crate::domain::Standing;
use crate::http::stamp;

/// A text in both languages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text {
    /// 中文.
    pub zh: String,
    /// English.
    pub en: String,
}

/// Both languages of one text.
pub fn text(zh: impl Into<String>, en: impl Into<String>) -> Text {
    Text { zh: zh.into(), en: en.into() }
}

/// Which language comes first on a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lang {
    /// Chinese, with English beside it.
    Zh,
    /// English, with Chinese beside it.
    En,
}

impl Lang {
    /// From a query parameter; anything but `en` is Chinese.
    #[must_use]
    pub fn of(parameter: Option<&str>) -> Self {
        if parameter == Some("en") { Self::En } else { Self::Zh }
    }

    /// Value of the `lang` attribute.
    #[must_use]
    pub const fn tag(self) -> &'static str {
        match self {
            Self::Zh => "zh-CN",
            Self::En => "en",
        }
    }

    /// Value of the `lang` attribute of what stands beside.
    #[must_use]
    pub const fn other_tag(self) -> &'static str {
        match self {
            Self::Zh => "en",
            Self::En => "zh-CN",
        }
    }

    /// Whether Chinese comes first.
    #[must_use]
    pub const fn is_zh(self) -> bool {
        matches!(self, Self::Zh)
    }
}

impl Text {
    /// In the page's language.
    #[must_use]
    pub fn main(&self, lang: &Lang) -> &str {
        if lang.is_zh() { &self.zh } else { &self.en }
    }

    /// The same as markup: escaped, and no date broken across lines.
    #[must_use]
    pub fn html(&self, lang: &Lang) -> String {
        dated(self.main(lang))
    }

    /// In the language beside it.
    #[must_use]
    pub fn side(&self, lang: &Lang) -> &str {
        if lang.is_zh() { &self.en } else { &self.zh }
    }
}

/// What the band says at one glance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Face {
    /// Present standing of a genuine certificate or mark.
    Standing(Standing),
    /// It was in force at the moment asked about, which is not now.
    WasValid,
    /// The mark's licence was taken back, whatever its certificate.
    MarkRevoked,
    /// The mark was asked for and is not licensed.
    MarkNotLicensed,
    /// New artwork has taken the mark's place.
    MarkReplaced,
    /// The mark is frozen, and its certificate does not say why.
    MarkFrozen,
    /// The body looks into reports that the mark is misused.
    MarkInvestigated,
    /// The mark's licence has ended, and its certificate does not say why.
    MarkEnded,
    /// Not this body's code or record.
    NotGenuine,
    /// The code was cut short or mistyped.
    Incomplete,
    /// Nothing of that identity is on record.
    NoSuchRecord,
    /// It cannot be told now.
    CannotTell,
}

impl Face {
    /// The word of the band.
    #[must_use]
    pub fn word(self) -> Text {
        match self {
            Self::Standing(standing) => text(standing.zh(), standing.en()),
            Self::WasValid => text("当时有效", "In force then"),
            Self::MarkRevoked => text("标志已撤销", "Mark revoked"),
            Self::MarkNotLicensed => text("标志未获许可", "Mark not licensed"),
            Self::MarkReplaced => text("标志已更换", "Mark replaced"),
            Self::MarkFrozen => text("标志停用", "Mark frozen"),
            Self::MarkInvestigated => text("标志调查中", "Mark under investigation"),
            Self::MarkEnded => text("标志许可已终止", "Mark licence ended"),
            Self::NotGenuine => text("不是真标志", "Not genuine"),
            Self::Incomplete => text("码不完整", "Incomplete code"),
            Self::NoSuchRecord => text("查无此证", "No such record"),
            Self::CannotTell => text("无法判断", "Cannot tell"),
        }
    }

    /// What it means, in a sentence.
    #[must_use]
    pub fn meaning(self) -> Text {
        let (zh, en) = match self {
            Self::Standing(standing) => match standing {
                Standing::Valid => (
                    "签名是真的，在有效期内，没有暂停，也没有撤销或注销。",
                    "Its signature is genuine, it is within its dates, and it is neither suspended nor ended.",
                ),
                Standing::Suspended => (
                    "暂时不能使用。以后可能恢复，也可能撤销。",
                    "It may not be used for the time being. It may be reinstated, or withdrawn.",
                ),
                Standing::Withdrawn => ("发证机构因故收回了它。", "The certification body took it back for cause."),
                Standing::Cancelled => ("持证企业不要了，或者企业已不存在。", "Its holder gave it up, or is gone."),
                Standing::Superseded => {
                    ("换了新证书，这一张不再使用。", "A new certificate took its place; this one is no longer used.")
                }
                Standing::Expired => ("有效期的最后一天已经过去。", "Its last day has passed."),
                Standing::NotYetEffective => {
                    ("已经签发，生效的那一天还没到。", "It was issued, and its first day has not come.")
                }
            },
            Self::WasValid => {
                ("您问的是另一个时刻：那时有效。", "You asked about another moment: then it was in force.")
            }
            Self::MarkRevoked => ("这个标志的许可收回了。", "The licence of this mark was taken back."),
            Self::MarkNotLicensed => {
                ("有人申请过这个标志，但没有得到许可。", "This mark was asked for and is not licensed.")
            }
            Self::MarkReplaced => {
                ("有了新的标志，这一个不再使用。", "A new mark took its place; this one is no longer used.")
            }
            Self::MarkFrozen => ("这个标志暂时停用。", "This mark may not be used for the time being."),
            Self::MarkEnded => ("这个标志的许可已经结束。", "The licence of this mark has ended."),
            Self::MarkInvestigated => (
                "有人举报它被冒用，发证机构正在调查。",
                "It was reported as misused, and the certification body looks into it.",
            ),
            Self::NotGenuine => (
                "码不是本机构签发的，或者通向别人的网站。",
                "The code was not issued by this body, or leads to somebody else’s site.",
            ),
            Self::Incomplete => {
                ("码没有扫全，或者数字抄错了。", "The code was not read whole, or a digit was mistyped.")
            }
            Self::NoSuchRecord => ("登记簿上没有它。", "It is not on record."),
            Self::CannotTell => (
                "现在查不清。既不说明有效，也不说明无效。",
                "It cannot be settled now. This says neither that it is valid nor that it is not.",
            ),
        };
        text(zh, en)
    }

    /// Class of the band in the style sheet, and name of its shape.
    #[must_use]
    pub const fn class(self) -> &'static str {
        match self {
            Self::Standing(standing) => match standing {
                Standing::Valid => "valid",
                Standing::Suspended => "suspended",
                Standing::Withdrawn => "withdrawn",
                Standing::Cancelled => "cancelled",
                Standing::Superseded => "superseded",
                Standing::Expired => "expired",
                Standing::NotYetEffective => "not-yet",
            },
            Self::WasValid => "was-valid",
            Self::MarkRevoked => "mark-revoked",
            Self::MarkNotLicensed => "mark-not-licensed",
            Self::MarkReplaced => "mark-replaced",
            Self::MarkFrozen => "mark-frozen",
            Self::MarkInvestigated => "mark-investigated",
            Self::MarkEnded => "mark-ended",
            Self::NotGenuine => "not-genuine",
            Self::Incomplete => "incomplete",
            Self::NoSuchRecord => "no-record",
            Self::CannotTell => "cannot-tell",
        }
    }

    /// Only what is in force now is praised.
    #[must_use]
    pub const fn is_valid(self) -> bool {
        matches!(self, Self::Standing(Standing::Valid))
    }
}

/// A number below a million as people read it: `10,000`.
pub fn thousands(number: usize) -> String {
    if number < 1_000 { number.to_string() } else { format!("{},{:03}", number / 1_000, number % 1_000) }
}

/// A text as markup: escaped, with each `YYYY-MM-DD` kept on one line.
pub fn dated(text: &str) -> String {
    const LEN: usize = "2026-05-08".len();
    let is_date = |window: &[u8]| {
        window.iter().enumerate().all(|(i, b)| if matches!(i, 4 | 7) { *b == b'-' } else { b.is_ascii_digit() })
    };
    let mut out = String::with_capacity(text.len() + 32);
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        if let Some(date) = rest.get(..LEN).filter(|d| is_date(d.as_bytes()) || stamp::is_day(d.as_bytes())) {
            out.push_str("<span class=\"date\">");
            out.push_str(date);
            out.push_str("</span>");
            rest = &rest[LEN..];
            continue;
        }
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            other => out.push(other),
        }
        rest = &rest[c.len_utf8()..];
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_browser_says_the_same_of_marks() {
        let faces = include_str!("../../../assets/verify/faces.js");
        for face in [Face::MarkFrozen, Face::MarkEnded, Face::MarkReplaced, Face::MarkRevoked, Face::MarkInvestigated] {
            let Text { zh, en } = face.word();
            let said = format!("face(\"{}\", \"{zh}\", \"{en}\")", face.class());
            assert!(faces.contains(&said), "{said}");
        }
    }

    #[test]
    fn dates_stay_whole_and_markup_stays_text() {
        assert_eq!(dated("到 2026-05-08，<b>"), "到 <span class=\"date\">2026-05-08</span>，&lt;b&gt;");
        assert_eq!(dated("a\"&'2026-05-0"), "a&quot;&amp;&#39;2026-05-0");
        assert_eq!(dated("示"), "示");
    }

    #[test]
    fn large_numbers_are_grouped() {
        assert_eq!([50, 1_000, 10_000, 999_999].map(thousands), ["50", "1,000", "10,000", "999,999"]);
    }
}
