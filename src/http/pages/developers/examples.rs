//! Examples that run as they stand: about a certificate of this register, at this service's own address.

use crate::domain::dates::china_day;
use crate::http::pages::words::{Text, text};
use crate::service::example::Example;
use crate::service::{Service, ServiceError};

/// Well formed, and nobody's: a certificate and a mark for where there is none on record.
const NO_CERTIFICATE: &str = "1552665665367104";
const NO_NUMBER: &str = "29326SC10002R0M";
const NO_MARK: &str = "1034659679808070";

/// What the examples are about.
pub(super) struct Subject {
    /// Address of this service.
    base: String,
    /// The certificate's identifier.
    pub(super) id: String,
    /// Its number.
    pub(super) number: String,
    level: &'static str,
    /// A day on which it stood on record: its first, or today.
    day: String,
    /// The digits of a mark.
    mark: String,
    /// Whether the certificate is on record, and the mark.
    pub(super) is_real: (bool, bool),
}

impl Subject {
    /// One of the register, if there is one.
    ///
    /// # Errors
    /// Store failures.
    pub(super) fn of(service: &Service, base: String) -> Result<Self, ServiceError> {
        let today = china_day(service.now());
        Ok(match service.example()? {
            Some(Example { certificate, mark }) => {
                let (id, terms) = (certificate.id.to_string(), certificate.terms());
                let number = terms.number.as_str();
                // A number may hold letters that a shell, or JSON in it, reads in its own way.
                let plain = number.bytes().all(|b| b.is_ascii_alphanumeric() || b"-/._".contains(&b));
                Self {
                    base,
                    number: if plain { number.to_owned() } else { id.clone() },
                    id,
                    level: terms.level.wire(),
                    day: terms.issued_on.min(today).to_string(),
                    mark: mark.map_or_else(|| NO_MARK.to_owned(), |mark| mark.to_string()),
                    is_real: (true, mark.is_some()),
                }
            }
            None => Self {
                base,
                id: NO_CERTIFICATE.to_owned(),
                number: NO_NUMBER.to_owned(),
                level: "five_star",
                day: today.to_string(),
                mark: NO_MARK.to_owned(),
                is_real: (false, false),
            },
        })
    }

    fn filled(&self, program: &str) -> String {
        [
            ("@BASE@", self.base.as_str()),
            ("@ID@", &self.id),
            ("@NUMBER@", &self.number),
            ("@LEVEL@", self.level),
            ("@DAY@", &self.day),
            ("@MARK@", &self.mark),
        ]
        .into_iter()
        .fold(program.trim_end().to_owned(), |text, (place, value)| text.replace(place, value))
    }
}

/// A program, and what runs it.
pub(super) struct Program {
    pub(super) language: &'static str,
    pub(super) text: String,
}

/// Something to do by program.
pub(super) struct Task {
    pub(super) id: &'static str,
    pub(super) name: Text,
    /// What to know of it.
    pub(super) said: Text,
    /// In the shell, Python and JavaScript.
    pub(super) programs: [Program; 3],
}

macro_rules! file {
    ($($name:literal),+) => {
        include_str!(concat!("../../../../templates/examples/", $($name),+))
    };
}

macro_rules! programs {
    ($subject:expr, $name:literal) => {
        [("curl", file!($name, ".sh")), ("Python", file!($name, ".py")), ("JavaScript", file!($name, ".mjs"))]
            .map(|(language, text)| Program { language, text: $subject.filled(text) })
    };
}

/// What can be done by program.
pub(super) fn tasks(s: &Subject) -> [Task; 5] {
    [
        Task {
            id: "certificate",
            name: text("一张证书", "One certificate"),
            said: text(
                "答案里有结论、状态、证书内容和每一项核对。`https://…/c/` 后面的 16 位数字是它的标识；只知道证书编号时，用 `/api/v1/certificates?number=` 找。",
                "The answer has the verdict, the standing, what the certificate says, and every check. Its identifier is the 16 digits behind `https://…/c/`; where only its number is known, `/api/v1/certificates?number=` finds it.",
            ),
            programs: programs!(s, "certificate"),
        },
        Task {
            id: "day",
            name: text("某一天", "As of a day"),
            said: text(
                "`as_of` 写日期，问的是那天结束时（北京时间）；写带时区的时刻，问的就是那一刻。",
                "`as_of` a day asks about its end, China time; with a time and its zone, about that instant.",
            ),
            programs: programs!(s, "day"),
        },
        Task {
            id: "mark",
            name: text("标志的码", "A mark’s code"),
            said: text(
                "码里的网址，`/m/` 后面的数字，16 位或 217 位。查无此标志时也答 200，请看 `verdict`。",
                "The digits behind `/m/` in the code’s address, 16 or 217 of them. A mark that is not on record is an answer, too (200): see `verdict`.",
            ),
            programs: programs!(s, "mark"),
        },
        Task {
            id: "list",
            name: text("一批编号", "A list of numbers"),
            said: text(
                "一行一个问题，答案按顺序一行行出来。最后一行有 `end`：没有这一行，就是没有答完，要重新问。",
                "A question to a line; the answers come in order, a line each, as they are found. The last line has `end`: where there is none the answer was broken off, so ask again.",
            ),
            programs: programs!(s, "list"),
        },
        Task {
            id: "receipt",
            name: text("签名回执", "A receipt"),
            said: text(
                "收到的文件原样存档，连同公开密钥。回执会一直保存在这里，试的时候请少做几份。",
                "File it as it came, together with the public keys. It is kept here for good, so make few while you try.",
            ),
            programs: programs!(s, "receipt"),
        },
    ]
}

/// What verifies without this service.
pub(super) struct Offline {
    /// Everything of a certificate, with this program.
    pub(super) bundle: Program,
    /// A certificate, with other people's.
    pub(super) others: Program,
}

impl Offline {
    pub(super) fn of(subject: &Subject) -> Self {
        let shell = |text| Program { language: "curl", text: subject.filled(text) };
        Self { bundle: shell(file!("offline.sh")), others: shell(file!("others.sh")) }
    }
}
