//! What people type or paste into a search: an address, an identifier in groups, a number with its label. Texts come in
//! folded by [`plain`](crate::domain::written::plain).

use crate::domain::ReceiptId;
use crate::domain::ids::RECEIPT_ID_LEN;
use crate::mark::MarkText;

/// Words of the labels that stand before a number, a code or a name; a longer one before those it begins with.
const LABELS: [&str; 34] = [
    "统一社会信用代码",
    "社会信用代码",
    "信用代码",
    "代码",
    "证书",
    "认证",
    "注册",
    "登记",
    "标志",
    "查询",
    "编号",
    "编码",
    "号码",
    "号",
    "企业",
    "公司",
    "单位",
    "组织",
    "持证",
    "获证",
    "名称",
    "全称",
    "unified social credit code",
    "credit code",
    "certificate",
    "registration",
    "company",
    "holder",
    "number",
    "cert",
    "name",
    "uscc",
    "code",
    "no",
];
/// What stands between and after the words of a label.
const BETWEEN: [char; 16] = [' ', ':', '.', ',', ';', '#', '=', '|', '/', '-', '(', ')', '[', ']', '【', '】'];
/// Signs that come along when a text is copied out of a sentence.
const AROUND: [char; 19] =
    [' ', ':', ',', ';', '.', '!', '?', '。', '、', '"', '\'', '“', '”', '「', '」', '《', '》', '【', '】'];

/// An address in a pasted text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    /// Host in lower case, with its port where that is not the usual one; without a user name.
    pub host: String,
    /// Where it leads on that host.
    pub leads: Leads,
}

/// Where an address leads, as far as its form tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Leads {
    /// `/c/` and these digits.
    Certificate(String),
    /// `/m/` and these digits.
    Mark(String),
    /// `/r/` and this name, of a receipt.
    Receipt(ReceiptId),
    /// Somewhere else.
    Elsewhere,
}

impl Address {
    /// The first address with a scheme in a text.
    #[must_use]
    pub fn within(text: &str) -> Option<Self> {
        let lower = text.to_ascii_lowercase();
        let after = |scheme: &str| lower.find(scheme).map(|at| at + scheme.len());
        let found = [("https://", ":443"), ("http://", ":80")].map(|(scheme, port)| after(scheme).map(|at| (at, port)));
        let (at, usual_port) = found.into_iter().flatten().min()?;
        Some(Self::read(&text[at..], usual_port))
    }

    /// A text that is an address without its scheme: a name with a dot, a slash, a path.
    #[must_use]
    pub fn bare(text: &str) -> Option<Self> {
        let (authority, _) = text.split_once('/')?;
        let name = authority.split(':').next().unwrap_or_default();
        let (_, last) = name.rsplit_once(['.', '。'])?;
        let is_name = last.len() >= 2 && last.bytes().all(|b| b.is_ascii_alphabetic()) && !name.contains(' ');
        is_name.then(|| Self::read(text, ":443"))
    }

    /// Reads what stands after the scheme as a browser does (WHATWG URL): a backslash is a slash, a user name is no host.
    fn read(text: &str, usual_port: &str) -> Self {
        let end = text.find(['/', '\\', '?', '#', ' ']).unwrap_or(text.len());
        let (authority, path) = text.split_at(end);
        let host = authority.rsplit('@').next().unwrap_or_default().to_lowercase().replace('。', ".");
        let host = host.strip_suffix(usual_port).unwrap_or(&host).to_owned();
        let leads = match (path.get(..3), path.get(3..).and_then(leading_digits)) {
            (Some("/c/"), Some(digits)) => Leads::Certificate(digits),
            (Some("/m/"), Some(digits)) => Leads::Mark(digits),
            (Some("/r/"), _) => receipt(path).map_or(Leads::Elsewhere, Leads::Receipt),
            _ => Leads::Elsewhere,
        };
        Self { host, leads }
    }
}

/// The receipt a path leads to; upper and lower case differ in it.
fn receipt(path: &str) -> Option<ReceiptId> {
    let (name, rest) = path.get(3..)?.split_at_checked(RECEIPT_ID_LEN)?;
    let ends = rest.is_empty() || rest.starts_with(['?', '#', ' ', '/']);
    ReceiptId::parse(name).ok().filter(|_| ends)
}

/// The digits a path begins with. A line break may part them; what follows a whole code does not belong to it.
fn leading_digits(text: &str) -> Option<String> {
    let first: String = text.chars().take_while(char::is_ascii_digit).collect();
    let run: String = text.chars().take_while(|c| c.is_ascii_digit() || matches!(c, ' ' | '-')).collect();
    let all = grouped_digits(&run)?;
    Some(if MarkText::parse(&all).is_err() && MarkText::parse(&first).is_ok() { first } else { all })
}

/// The digits of a text that is digits, in groups parted by spaces or hyphens or not at all.
#[must_use]
pub fn grouped_digits(text: &str) -> Option<String> {
    let digits: String = text.chars().filter(|c| !matches!(c, ' ' | '-')).collect();
    (!digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit())).then_some(digits)
}

/// A text without the signs it was copied with.
#[must_use]
pub fn trimmed(text: &str) -> &str {
    text.trim_matches(AROUND)
}

/// What stands after a label, and whether a colon parts it from the label; none where there is no label.
#[must_use]
pub fn unlabelled(text: &str) -> Option<(&str, bool)> {
    let lower = text.to_ascii_lowercase();
    let mut at = 0;
    loop {
        let next = at + lower[at..].len() - lower[at..].trim_start_matches(BETWEEN).len();
        let Some(label) = LABELS.iter().find(|label| lower[next..].starts_with(**label)) else { break };
        at = next + label.len();
    }
    let parted = text[at..].trim_start_matches([' ', '.', ')', ']', '】']).starts_with(':');
    let rest = trimmed(text[at..].trim_start_matches(BETWEEN));
    (at > 0 && !rest.is_empty()).then_some((rest, parted))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::written::plain;
    use proptest::prelude::*;

    #[test]
    fn labels_are_taken_off() {
        for labelled in [
            "证书编号：29326SC10002R0M",
            "证书编号29326SC10002R0M",
            "认证证书号码 29326SC10002R0M。",
            "编号（Certificate No.）：29326SC10002R0M",
            "【证书编号】29326SC10002R0M",
            "Certificate No. 29326SC10002R0M",
            "CERTIFICATE NUMBER: 29326SC10002R0M",
            "Cert.No.29326SC10002R0M",
            "№ 29326SC10002R0M",
            "No.：29326SC10002R0M",
        ] {
            let text = plain(labelled);
            assert_eq!(unlabelled(trimmed(&text)).map(|(rest, _)| rest), Some("29326SC10002R0M"), "{labelled}");
        }
        assert_eq!(unlabelled("企业名称:示例电器有限公司"), Some(("示例电器有限公司", true)));
        assert_eq!(unlabelled("企业服务有限公司"), Some(("服务有限公司", false)));
        for none in ["29326SC10002R0M", "示例电器有限公司", "证书编号:", "", ":", "no"] {
            assert_eq!(unlabelled(none), None, "{none}");
        }
    }

    #[test]
    fn addresses_are_read_as_a_browser_reads_them() {
        let id = "1034659679808070";
        let token = "7".repeat(217);
        let mark = |digits: &str| Leads::Mark(digits.to_owned());
        let cases = [
            (format!("https://xb.example.cn/c/{id}"), "xb.example.cn", Leads::Certificate(id.into())),
            (format!("请看 HTTPS://XB.example.cn:443/m/{id}?lang=en 谢谢"), "xb.example.cn", mark(id)),
            (format!("https://xb.example.cn/m/{id} 2026-05-08"), "xb.example.cn", mark(id)),
            (format!("https://xb.example.cn/m/{}\n{}", &token[..60], &token[60..]), "xb.example.cn", mark(&token)),
            ("https://xb.example.cn/m/1034 5679".into(), "xb.example.cn", mark("10345679")),
            (format!("ｈｔｔｐｓ：／／xb。example.cn／m／{id}"), "xb.example.cn", mark(id)),
            (format!("http://127.0.0.1:8080/m/{id}"), "127.0.0.1:8080", mark(id)),
            (format!("https://xb.example.cn@evil.example/m/{id}"), "evil.example", mark(id)),
            (format!("https://evil.example\\@xb.example.cn/m/{id}"), "evil.example", Leads::Elsewhere),
            (format!("https://хb.example.cn/m/{id}"), "хb.example.cn", mark(id)),
            ("https://xb.example.cn".into(), "xb.example.cn", Leads::Elsewhere),
        ];
        for (text, host, leads) in cases {
            let found = Address::within(&plain(&text));
            assert_eq!(found, Some(Address { host: host.to_owned(), leads }), "{text}");
        }
        let bare = Address::bare(&format!("xb.example.cn/c/{id}")).unwrap();
        assert_eq!((bare.host.as_str(), bare.leads), ("xb.example.cn", Leads::Certificate(id.into())));
        for no_address in ["00114Q26950R7L/3502", "示例.公司", "a/b", "示例 a.cn/b", "1.2/3", ""] {
            assert_eq!(Address::bare(no_address), None, "{no_address}");
        }
        assert_eq!(Address::within("证书编号"), None);
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "\\PC{0,60}", tail in "(https?://|xb.example.cn/m/|No.|编号：)?[-0-9a-z /:@]{0,40}") {
            for text in [text.clone(), tail.clone(), format!("{tail}{text}")] {
                let text = plain(&text);
                let _ = (Address::within(&text), Address::bare(&text), unlabelled(&text), grouped_digits(&text));
            }
        }
    }
}
