//! What a certificate's page gives the reader's browser to verify by itself. Without script it shows nothing.

use super::clock;
use crate::domain::dates::china_day;
use crate::domain::record::Terms;
use crate::domain::{Level, Standing};
use crate::http::pages::scripts::script;
use crate::http::pages::words::{Face, Text, text};
use crate::http::stamp::instant;
use crate::service::lookup::{Asked, CertificateAnswer};

/// What the browser is told: of which moment this page is, and when it was made. What it finds it says in its own words; those
/// here only keep the room for them (`assets/verify/line.js`).
#[derive(Debug, Clone)]
pub struct Own {
    /// The instant asked about, where one was.
    pub at: Option<String>,
    /// When this page was made.
    pub now: String,
    /// What does it.
    pub script: String,
    /// Room for what the browser will say.
    pub room: Option<Room>,
}

/// The longest line there will be where the browser finds what this page says.
#[derive(Debug, Clone)]
pub struct Room {
    /// Who says it, and of which moment.
    pub intro: Text,
    /// Holder's registered name.
    pub holder: String,
    /// Certified level.
    pub level: Level,
    /// Whether it may be shown as held.
    pub held: bool,
    /// How it stands, and until or since when.
    pub stands: Text,
}

impl Own {
    /// Nothing where no bundle tells what this page tells: of what was known at another time, or of a time to come.
    #[must_use]
    pub fn of(answer: &CertificateAnswer, asked: Asked, face: Face) -> Option<Self> {
        let moment = answer.moment;
        if asked.known_at.is_some() || moment.at > moment.now {
            return None;
        }
        Some(Self {
            at: asked.as_of.map(|_| moment.at.to_string()),
            now: instant(moment.now),
            script: script("of-certificate.js"),
            room: stands(answer, face).map(|stands| room(answer, asked, face, stands)),
        })
    }
}

fn room(answer: &CertificateAnswer, asked: Asked, face: Face, stands: Text) -> Room {
    let terms = answer.certificate.terms();
    let intro = match asked.as_of {
        Some(_) => {
            let at = clock(answer.moment.at);
            text(format!("浏览器核验 {at}："), format!("Verified in your browser, as of {at}: "))
        }
        None => text("浏览器核验：", "Verified in your browser: "),
    };
    let held = face.is_valid() || face == Face::WasValid;
    Room { intro, holder: terms.holder.name.to_string(), level: terms.level, held, stands }
}

fn stands(answer: &CertificateAnswer, face: Face) -> Option<Text> {
    let Terms { issued_on, valid_until, .. } = answer.certificate.terms();
    let found = answer.certificate.standing(answer.moment.at, answer.moment.known_at)?;
    let (Text { zh, en }, since) = (face.word(), china_day(found.since));
    match face {
        Face::WasValid => Some(text(zh, en)),
        Face::Standing(Standing::Valid) => {
            Some(text(format!("{zh}，到 {valid_until}"), format!("{en} until {valid_until}")))
        }
        Face::Standing(Standing::Expired) => {
            Some(text(format!("{zh}，到 {valid_until} 为止"), format!("{en} on {valid_until}")))
        }
        Face::Standing(Standing::NotYetEffective) => {
            Some(text(format!("{zh}，{issued_on} 起"), format!("{en}, from {issued_on}")))
        }
        Face::Standing(_) => Some(text(format!("{zh}，{since} 起"), format!("{en} since {since}"))),
        _ => None,
    }
}
