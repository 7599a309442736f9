//! Answers about several certificates for people, a row each: on a receipt and where many are asked about.

use super::words::{Face, Text, text};
use crate::domain::Standing;
use crate::verify::receipt::{Answer, AnswerCheck, Field};
use crate::verify::{CheckResult, Outcome};

/// One answer.
#[derive(Debug, Clone)]
pub struct Row {
    /// Its place, from 1.
    pub number: usize,
    /// What it was asked for by.
    pub asked: String,
    /// Its word, colour and shape.
    pub face: Face,
    /// Why, or what else is to be known.
    pub notes: Vec<Text>,
    /// What the certificate says; nothing where there is none.
    pub told: Option<Told>,
    /// What was expected of what there is nothing to compare with.
    pub unmet: Vec<(Text, String)>,
}

/// What a certificate says, each with what was expected of it.
#[derive(Debug, Clone)]
pub struct Told {
    /// Identifier.
    pub id: String,
    /// Number.
    pub certificate: String,
    /// Holder's registered name.
    pub holder: Held,
    /// Holder's code.
    pub uscc: Held,
    /// Level in both languages; not praised where it was not in force.
    pub level: Text,
    /// Whether the level was held then.
    pub praised: bool,
    /// What was expected of the level.
    pub level_held: Held,
    /// Scope.
    pub scope: Held,
    /// First and last day.
    pub days: (String, String),
}

/// A fact, held against what was expected.
#[derive(Debug, Clone)]
pub struct Held {
    /// The fact.
    pub found: String,
    /// What was expected, if anything, and whether it is so.
    pub expected: Option<(String, bool)>,
}

impl Held {
    /// Whether it is not what was expected.
    #[must_use]
    pub fn differs(&self) -> bool {
        self.expected.as_ref().is_some_and(|(_, same)| !same)
    }
}

/// What an answer comes to for whoever asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fit {
    /// In force, and all that was expected.
    Fits,
    /// Not in force, not genuine, or not what was expected.
    Fails,
    /// Nothing of that kind is on record.
    Missing,
    /// It cannot be told.
    Open,
}

impl Fit {
    /// All of them, in the order in which they are told.
    pub const ALL: [Self; 4] = [Self::Fits, Self::Fails, Self::Missing, Self::Open];

    /// Class of a row in the style sheet.
    #[must_use]
    pub const fn class(self) -> &'static str {
        match self {
            Self::Fits => "fits",
            Self::Fails => "fails",
            Self::Missing => "missing",
            Self::Open => "open",
        }
    }

    /// In a word.
    #[must_use]
    pub fn word(self) -> Text {
        match self {
            Self::Fits => text("符合", "in order"),
            Self::Fails => text("不符合", "not in order"),
            Self::Missing => text("查无此证", "no such record"),
            Self::Open => text("无法判断", "cannot tell"),
        }
    }
}

impl Row {
    /// What it was asked for by, short enough for a column.
    #[must_use]
    pub fn asked_briefly(&self) -> String {
        shortened(&self.asked)
    }

    /// What it comes to.
    #[must_use]
    pub fn fit(&self) -> Fit {
        match self.face {
            Face::Standing(Standing::Valid) | Face::WasValid if !self.differs() => Fit::Fits,
            Face::NoSuchRecord => Fit::Missing,
            Face::CannotTell | Face::Incomplete | Face::MarkInvestigated => Fit::Open,
            _ => Fit::Fails,
        }
    }

    /// Whether something is not what was expected.
    #[must_use]
    pub fn differs(&self) -> bool {
        let told = self.told.as_ref();
        !self.unmet.is_empty()
            || told.is_some_and(|t| [&t.holder, &t.uscc, &t.level_held, &t.scope].into_iter().any(Held::differs))
    }
}

/// The word of an answer: what was in force then is not called in force now.
fn face(answer: &Answer, is_now: bool) -> Face {
    let failed = |name: &str| answer.checks.iter().any(|c| c.check == name && c.result == CheckResult::Failed);
    let certificate_holds = !failed("status") && !failed("validity");
    let of_mark = answer.checks.iter().find(|c| c.check == "mark" && c.result != CheckResult::Ok);
    let of_mark = of_mark.filter(|_| certificate_holds).and_then(|check| match check.code.as_str() {
        "mark_under_investigation" => Some(Face::MarkInvestigated),
        "mark_requested" | "mark_refused" => Some(Face::MarkNotLicensed),
        "mark_frozen" => Some(Face::MarkFrozen),
        "mark_ended" => Some(Face::MarkEnded),
        "mark_replaced" => Some(Face::MarkReplaced),
        "mark_revoked" => Some(Face::MarkRevoked),
        _ => None,
    });
    match (answer.verdict, answer.standing) {
        (Outcome::Valid, _) if is_now => Face::Standing(Standing::Valid),
        (Outcome::Valid, _) => Face::WasValid,
        _ if of_mark.is_some() => of_mark.unwrap_or(Face::CannotTell),
        (_, Some(standing)) if standing != Standing::Valid => Face::Standing(standing),
        _ if answer.found_nothing() => Face::NoSuchRecord,
        (Outcome::Invalid, None) if answer.certificate.is_none() => Face::NotGenuine,
        _ => Face::CannotTell,
    }
}

/// What is shown of an answer. Of one about now, what is in force is called so.
#[must_use]
pub fn row(number: usize, answer: &Answer, is_now: bool) -> Row {
    let face = face(answer, is_now);
    let mut notes: Vec<Text> = answer.checks.iter().filter(|c| is_news(c, answer)).map(note).collect();
    if answer.changed_that_day {
        notes.push(text(
            "当天状态有变化，这是当天结束时的情况；要问开标的时刻，请按具体时刻再查",
            "its standing changed in the course of that day; this is how the day ended: ask about the exact time of the opening",
        ));
    }
    let expected = |field| answer.comparison.iter().find(|c| c.field == field);
    let held = |field, found: String| Held { found, expected: expected(field).map(|c| (c.expected.clone(), c.same)) };
    let told = answer.certificate.as_ref().map(|c| Told {
        id: c.id.to_string(),
        certificate: c.number.to_string(),
        holder: held(Field::Holder, c.holder.name.to_string()),
        uscc: held(Field::Uscc, c.holder.uscc.to_string()),
        level: text(c.level.zh(), c.level.en()),
        praised: answer.verdict == Outcome::Valid,
        level_held: held(Field::Level, c.level.zh().to_owned()),
        scope: held(Field::Scope, c.scope.to_string()),
        days: (c.issued_on.to_string(), c.valid_until.to_string()),
    });
    let unmet = match told {
        Some(_) => vec![],
        None => answer.comparison.iter().map(|c| (field(c.field), c.expected.clone())).collect(),
    };
    Row { number, asked: answer.asked.clone(), face, notes, told, unmet }
}

/// A text without its middle, where it is as long as the address of a signed mark: its ends tell it apart.
fn shortened(asked: &str) -> String {
    const LONG: usize = 72;
    const HEAD: usize = 40;
    const TAIL: usize = 16;
    let count = asked.chars().count();
    if count <= LONG {
        return asked.to_owned();
    }
    let (head, tail): (String, String) =
        (asked.chars().take(HEAD).collect(), asked.chars().skip(count - TAIL).collect());
    format!("{head}…{tail}")
}

/// Whether a check tells more than the word does. A certificate's end is told once, not by two checks.
fn is_news(check: &AnswerCheck, answer: &Answer) -> bool {
    let twice = check.check == "validity" && answer.standing.is_some_and(|s| s.wire() == check.code);
    let before = check.code == "not_yet_valid" && answer.standing == Some(Standing::NotYetEffective);
    check.result != CheckResult::Ok && !twice && !before
}

fn note(check: &AnswerCheck) -> Text {
    text(check.message_zh.clone(), check.message.clone())
}

/// The name of what can be expected.
#[must_use]
pub fn field(field: Field) -> Text {
    match field {
        Field::Holder => text("持证人", "holder"),
        Field::Uscc => text("统一社会信用代码", "credit code"),
        Field::Level => text("级别", "level"),
        Field::Scope => text("范围", "scope"),
    }
}
