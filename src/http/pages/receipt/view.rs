//! From a receipt to what its page and its print show: the same words in both.

use crate::domain::dates::CHINA;
use crate::domain::{Host, Standing};
use crate::http::pages::view::{CheckRow, check_row};
use crate::http::pages::words::{Face, Text, text};
use crate::service::receipts::Made;
use crate::verify::receipt::{Answer, AnswerCheck, Field, Receipt};
use crate::verify::{CheckResult, Outcome, Verdict};
use jiff::Timestamp;
use sha2::{Digest as _, Sha256};

/// A receipt for people.
#[derive(Debug, Clone)]
pub struct ReceiptView {
    /// 22 characters.
    pub id: String,
    /// Its address for ever.
    pub url: String,
    /// The asker's own text: always shown as that, below what the body says.
    pub reference: Option<String>,
    /// China time, to the second.
    pub as_of: String,
    /// China time, to the second.
    pub known_at: String,
    /// China time, to the second.
    pub made_at: String,
    /// The moment the answers are about, and from what was on record when, where that is not when it was made.
    pub when: Text,
    /// How many answers have each word, in the order in which they first come.
    pub tally: Vec<(Face, usize)>,
    /// Expectations that are not confirmed.
    pub differences: u64,
    /// Whether anything was expected at all.
    pub compares: bool,
    /// One for each answer.
    pub rows: Vec<Row>,
    /// SHA-256 of the receipt's bytes.
    pub fingerprint: String,
    /// What was checked of the receipt itself, by the keys there are now.
    pub checks: Vec<CheckRow>,
    /// What is to be known of its signature first.
    pub warning: Option<Text>,
}

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

impl Row {
    /// Whether something is not what was expected.
    #[must_use]
    pub fn differs(&self) -> bool {
        let told = self.told.as_ref();
        !self.unmet.is_empty()
            || told.is_some_and(|t| [&t.holder, &t.uscc, &t.level_held, &t.scope].into_iter().any(Held::differs))
    }
}

/// An instant as people read it, China time, to the second.
#[must_use]
pub fn clock(at: Timestamp) -> String {
    CHINA.to_datetime(at).strftime("%Y-%m-%d %H:%M:%S").to_string()
}

impl ReceiptView {
    /// What is shown of a receipt; `verdict` is what its verification says now.
    #[must_use]
    pub fn of(made: &Made, host: &Host, verdict: &Verdict) -> Self {
        let receipt = &made.receipt;
        let rows: Vec<Row> = (1..).zip(&receipt.answers).map(|(number, answer)| row(number, answer)).collect();
        let mut tally: Vec<(Face, usize)> = vec![];
        for row in &rows {
            match tally.iter_mut().find(|(face, _)| *face == row.face) {
                Some((_, count)) => *count += 1,
                None => tally.push((row.face, 1)),
            }
        }
        Self {
            id: receipt.id.to_string(),
            url: host.receipt_url(receipt.id),
            reference: receipt.reference.clone(),
            as_of: clock(receipt.as_of),
            known_at: clock(receipt.known_at),
            made_at: clock(receipt.made_at),
            when: when(receipt),
            tally,
            differences: receipt.differences,
            compares: receipt.answers.iter().any(|a| !a.comparison.is_empty()),
            rows,
            fingerprint: Sha256::digest(&made.bytes).iter().map(|b| format!("{b:02x}")).collect(),
            checks: verdict.checks.iter().map(check_row).collect(),
            warning: verdict.obstacle().map(|check| {
                text(
                    format!("{}。这份回执由本机构保存，内容与签发时一致；但文件单独不能证明它自己。", check.message_zh),
                    format!(
                        "{}. This body has kept the receipt as it was signed; but the file alone does not prove itself.",
                        check.message
                    ),
                )
            }),
        }
    }
}

fn when(receipt: &Receipt) -> Text {
    let at = clock(receipt.as_of);
    if receipt.known_at == receipt.made_at {
        return text(
            format!("这是 {at}（北京时间）的情况，不是现在的。"),
            format!("This is how it stood at {at} (China time), not how it stands now."),
        );
    }
    let known = clock(receipt.known_at);
    text(
        format!("这是 {at}（北京时间）的情况，按 {known} 已经登记的内容回答，不是现在的。"),
        format!("This is how it stood at {at} (China time), as it was on record at {known}, not how it stands now."),
    )
}

/// The word of an answer: what was in force then is not called in force now.
fn face(answer: &Answer) -> Face {
    match (answer.verdict, answer.standing) {
        (Outcome::Valid, _) => Face::WasValid,
        (_, Some(standing)) if standing != Standing::Valid => Face::Standing(standing),
        _ if answer.found_nothing() => Face::NoSuchRecord,
        _ => Face::CannotTell,
    }
}

fn row(number: usize, answer: &Answer) -> Row {
    let face = face(answer);
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
