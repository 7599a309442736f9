//! What a badge tells of a certificate, and how it is drawn.

use super::super::view;
use super::super::words::{Face, Lang, Text, text};
use super::App;
use crate::domain::error::Refusal;
use crate::domain::ids::ID_DIGITS;
use crate::domain::{CertificateId, Level};
use crate::draw::svg::svg;
use crate::http::error::Problem;
use crate::print::Sign;
use crate::print::badge::{About, Badge, badge};
use crate::service::lookup::Asked;
use axum::http::StatusCode;

/// How a certificate stands, as far as its badge tells.
pub(super) struct Told {
    /// Of the answer.
    pub status: StatusCode,
    face: Face,
    /// As it was asked for.
    id: String,
    about: Whose,
    /// The day of the look, where the clock can be believed.
    day: Option<String>,
}

/// Whose certificate it is; or what is said where nothing may be claimed.
enum Whose {
    Holder { name: String, level: Level, number: String },
    Nothing([Text; 2]),
}

impl Told {
    /// Looks it up.
    pub fn of(app: &App, id: &str) -> Self {
        let Ok(parsed) = CertificateId::parse(id) else { return Self::missing(app, id) };
        let answer = match app.service.certificate_answer(parsed, Asked::default()) {
            Ok(Some(answer)) => answer,
            Ok(None) => return Self::missing(app, id),
            Err(error) => return Self::nothing(id, Problem::from(error).status()),
        };
        let view = view::certificate(&answer, Asked::default(), &[], "");
        let about = match view.subject {
            Some(s) => {
                Whose::Holder { name: s.holder, level: s.level, number: answer.certificate.terms().number.to_string() }
            }
            None => Whose::Nothing([view.sentence, neither()]),
        };
        Self { status: StatusCode::OK, face: view.face, id: id.to_owned(), about, day: day(&view.computed) }
    }

    /// Nothing of that identifier is on record.
    fn missing(app: &App, id: &str) -> Self {
        let said = if digits(id) {
            text(format!("登记簿上没有证书 {id}。"), format!("There is no certificate {id} on record."))
        } else {
            text("这不是证书的标识：它有 16 位数字。", "This names no certificate: that takes 16 digits.")
        };
        let about = Whose::Nothing([said, text("这里什么也没有证明。", "This proves nothing.")]);
        let day = app.service.recording_time().ok().and_then(|now| day(&view::clock(now)));
        Self { status: StatusCode::NOT_FOUND, face: Face::NoSuchRecord, id: id.to_owned(), about, day }
    }

    /// Nothing was found out.
    pub fn nothing(id: &str, status: StatusCode) -> Self {
        let said = text("现在查不到状态。", "Its standing cannot be found now.");
        Self { status, face: Face::CannotTell, id: id.to_owned(), about: Whose::Nothing([said, neither()]), day: None }
    }

    /// Whether it says something that stays so for a while.
    pub fn is_known(&self) -> bool {
        matches!(self.face, Face::Standing(_) | Face::NoSuchRecord)
    }

    /// Whether it is in force.
    pub fn holds(&self) -> bool {
        self.face.is_valid()
    }

    /// Where the whole answer is.
    pub fn path(&self) -> String {
        if digits(&self.id) { format!("/c/{}", self.id) } else { "/".to_owned() }
    }

    fn note(&self) -> Text {
        match self.face {
            Face::CannotTell => text("能否使用，无法判断", "cannot be told now"),
            _ => text("现在不能使用", "may not be used now"),
        }
    }

    /// All of it in a sentence, for those who cannot see it.
    pub fn name(&self, lang: Lang) -> String {
        let word = self.face.word();
        let said = match &self.about {
            Whose::Holder { name, level, number } => {
                let (zh, en) = match self.face.is_valid() {
                    true => (level.zh().to_owned(), level.en().to_owned()),
                    false => (self.note().zh, self.note().en),
                };
                text(
                    format!("{}：{name}，{zh}，证书编号 {number}", word.zh),
                    format!("{}: {name}, {en}, certificate {number}", word.en),
                )
            }
            Whose::Nothing([said, _]) => text(format!("{}：{}", word.zh, said.zh), format!("{}: {}", word.en, said.en)),
        };
        said.main(&lang).trim_end_matches(['。', '.']).to_owned()
    }

    /// The same for a link that opens a window.
    pub fn label(&self, lang: Lang) -> String {
        let name = self.name(lang);
        let (zh, en) = self
            .day
            .as_ref()
            .map_or_else(Default::default, |day| (format!("。查验于 {day}"), format!(". Checked on {day}")));
        let said = text(
            format!("{name}{zh}。在新窗口打开证书页"),
            format!("{name}{en}. Opens the certificate’s page in a new window"),
        );
        said.main(&lang).to_owned()
    }

    /// Draws it.
    ///
    /// # Errors
    /// `print_font_broken`.
    pub fn drawn(&self, app: &App, lang: Lang) -> Result<String, Refusal> {
        let host = app.service.host();
        let (word, note) = (self.face.word(), self.note());
        let at = self.day.as_ref().map_or_else(String::new, |day| format!("{day} · "));
        let foot = text(format!("{at}请点开，到 {host} 核实"), format!("{at}tap to check at {host}"));
        let sign = match self.face {
            Face::Standing(standing) => Sign::of(standing),
            Face::NoSuchRecord => Sign::Empty,
            _ => Sign::Unknown,
        };
        let number;
        let about = match &self.about {
            Whose::Holder { name, level, number: written } => {
                number = text(format!("证书编号 {written}"), format!("Certificate {written}"));
                About::Certificate {
                    holder: name,
                    level: *level,
                    rank: if lang.is_zh() { level.zh() } else { level.title_en() },
                    note: note.main(&lang),
                    number: number.main(&lang),
                    service: SERVICE[usize::from(!lang.is_zh())],
                }
            }
            Whose::Nothing([said, more]) => About::Nothing([said.main(&lang), more.main(&lang)]),
        };
        let words = (word.main(&lang), word.side(&lang));
        let page = badge(&Badge { sign, word: words, about, foot: foot.main(&lang) })?;
        svg(&page, &self.name(lang), foot.main(&lang)).map_err(|why| Refusal::rule("badge_failed", why.to_string()))
    }
}

/// What the Measures forbid to leave open: service is certified, no product.
const SERVICE: [[&str; 2]; 2] =
    [["售后服务认证，", "非产品认证"], ["Service certification,", "not product certification"]];

fn neither() -> Text {
    text("这不说明它有效，也不说明它无效。", "This says neither that it is valid nor that it is not.")
}

/// Whether a text may be repeated: digits say nothing else.
fn digits(id: &str) -> bool {
    id.len() == ID_DIGITS && id.bytes().all(|b| b.is_ascii_digit())
}

/// The day of a moment as people read it; none where that could not be told.
fn day(clock: &str) -> Option<String> {
    clock.split_once(' ').map(|(day, _)| day.to_owned())
}
