//! From an answer to what a page shows: one answer first, then what it is about, then the facts and the checks.

mod certificate;
mod certification;
mod history;
mod mark;
mod own;

use super::words::{Face, Text, text};
use crate::domain::{Level, Standing};
pub use crate::http::stamp::clock;
use crate::verify::{Check, CheckResult, Outcome, Verdict};
pub use certificate::certificate;
pub use history::steps;
use jiff::Timestamp;
pub use mark::mark;
pub use own::Own;

/// A verdict page.
#[derive(Debug, Clone)]
pub struct View {
    /// The band.
    pub face: Face,
    /// One sentence with the date and the reason.
    pub sentence: Text,
    /// A second one, where something is still to be said at once.
    pub warning: Option<Text>,
    /// A link in the band.
    pub link: Option<(String, Text)>,
    /// "As of …", where another moment than now was asked about.
    pub as_of: Option<Text>,
    /// Who and what; nothing where it is not genuine.
    pub subject: Option<Subject>,
    /// What a mark is licensed for.
    pub held: Option<Held>,
    /// What to do next.
    pub advice: Option<Text>,
    /// The certificate's facts.
    pub facts: Vec<(Text, String)>,
    /// Sites covered.
    pub sites: Vec<(String, String)>,
    /// What happened, newest first.
    pub history: Vec<Row>,
    /// What was checked.
    pub checks: Vec<CheckRow>,
    /// Whether another day can be asked about.
    pub asks_day: bool,
    /// When this was computed.
    pub computed: String,
    /// Where machines read the same.
    pub api: Option<String>,
    /// Where its changes can be followed.
    pub feed: Option<String>,
    /// Where one asks to have its changes sent.
    pub watch: Option<String>,
    /// Where the signed record is, where it is given out.
    pub credential: Option<String>,
    /// What the reader's browser verifies by itself.
    pub own: Option<Own>,
    /// The same for search engines, where it is about now.
    pub certification: Option<serde_json::Value>,
}

/// Holder and level.
#[derive(Debug, Clone)]
pub struct Subject {
    /// Holder's registered name.
    pub holder: String,
    /// Its code.
    pub uscc: String,
    /// Certified level.
    pub level: Level,
    /// Whether the level may be shown as held now.
    pub praised: bool,
    /// What stands beside a level that may not.
    pub note: Text,
}

impl Subject {
    /// Five places: filled or not.
    #[must_use]
    pub fn stars(&self) -> Vec<bool> {
        (0..5).map(|i| i < self.level.stars()).collect()
    }
}

/// What a mark is licensed for: "is this what you hold?"
#[derive(Debug, Clone)]
pub struct Held {
    /// Medium.
    pub medium: Text,
    /// Brand, product group or site.
    pub goods: Vec<(Text, String)>,
}

/// One line of the history.
#[derive(Debug, Clone)]
pub struct Row {
    /// Its number in the life.
    pub step: usize,
    /// The day it counts from.
    pub day: String,
    /// What happened.
    pub what: Text,
    /// Of an erratum: the number of the step it takes back, and what that was.
    pub corrects: Option<(usize, Text)>,
    /// The reason or detail.
    pub detail: Option<Text>,
    /// The day it was put on record, where that is another.
    pub recorded: Option<String>,
    /// Where it was recorded in error: the number of the erratum, and what that means.
    pub erratum: Option<(usize, Text)>,
    /// Number and address of its entry in the public log.
    pub log: Option<(u64, String)>,
}

/// One check.
#[derive(Debug, Clone)]
pub struct CheckRow {
    /// `ok`, `failed` or `undetermined`.
    pub class: &'static str,
    /// Its sign.
    pub sign: &'static str,
    /// In words, for screen readers.
    pub result: Text,
    /// What it settles.
    pub name: Text,
    /// What was found.
    pub found: Text,
    /// Where from, and how old.
    pub source: Text,
}

/// A check as a page lists it.
pub fn check_row(check: &Check) -> CheckRow {
    let (class, sign, result) = match check.result {
        CheckResult::Ok => ("ok", "✓", text("通过", "holds")),
        CheckResult::Failed => ("failed", "✕", text("不通过", "does not hold")),
        CheckResult::Undetermined => ("undetermined", "–", text("未能确定", "not settled")),
    };
    let at = clock(check.known_at);
    CheckRow {
        class,
        sign,
        result,
        name: text(check.check.zh(), check.check.en()),
        found: text(check.message_zh.clone(), check.message.clone()),
        source: text(format!("{}，{at}", check.source.zh()), format!("{}, {at}", check.source.en())),
    }
}

fn checks(verdict: &Verdict) -> Vec<CheckRow> {
    verdict.checks.iter().map(check_row).collect()
}

/// The face of a verdict whose record is genuine.
fn face_of(verdict: &Verdict) -> Face {
    match (verdict.verdict, verdict.standing) {
        (Outcome::Valid, Some(Standing::Valid)) => Face::Standing(Standing::Valid),
        (_, Some(standing)) if standing != Standing::Valid => Face::Standing(standing),
        _ => Face::CannotTell,
    }
}

/// What to do next; nothing where all is well.
pub fn advice(face: Face, is_mark: bool) -> Option<Text> {
    match face {
        Face::Standing(Standing::Valid) | Face::WasValid => None,
        Face::Standing(Standing::Superseded) => Some(text(
            "请看新证书；新证书上的级别和范围才是现在的。",
            "See the new certificate: its level and scope are the ones that hold now.",
        )),
        Face::Standing(Standing::NotYetEffective) => Some(text(
            "生效日之前，请不要把它当作有效证书。",
            "Do not take it for a certificate in force before that day.",
        )),
        Face::MarkReplaced => Some(text(
            "现在的级别和范围以新标志、新证书为准。旧标志仍在使用时，请告诉发证机构。",
            "Level and scope now are those of the new mark and certificate. Where the old mark is still used, tell the certification body.",
        )),
        Face::MarkInvestigated => Some(text(
            "逐项核对页面上写的用途、品牌和产品；不一致，或您有疑问，请告诉发证机构。",
            "Compare use, brand and products on the page, one by one; where they differ, or you are in doubt, tell the certification body.",
        )),
        Face::MarkRevoked | Face::MarkNotLicensed | Face::MarkFrozen | Face::MarkEnded => Some(text(
            "这说的是这个标志；企业有没有有效的证书，请看证书本身。标志仍在使用时，请向卖家询问，或告诉发证机构。",
            "This is about the mark; whether the company holds a certificate in force, its certificate says. Where the mark is still used, ask the seller, or tell the certification body.",
        )),
        Face::Standing(_) => Some(text(
            "现在不能凭它认定售后服务星级。仍有人在使用时，请向卖家询问，或告诉发证机构。",
            "It proves no service level now. Where it is still used, ask the seller, or tell the certification body.",
        )),
        Face::NotGenuine if is_mark => Some(text(
            "不要因为它相信上面写的星级。可以按企业名称查一查这家企业有没有证书。",
            "Do not believe the stars on it. Search by the company's name to see whether it holds a certificate.",
        )),
        Face::NotGenuine => Some(text(
            "可以按企业名称查一查这家企业有没有证书。",
            "Search by the company's name to see whether it holds a certificate.",
        )),
        Face::Incomplete => Some(text(
            "这不说明标志是真的，也不说明它是假的。总是扫不出来时，请按标志上印的证书编号查询。",
            "This says neither that the mark is genuine nor that it is not. Where it cannot be scanned, search by the certificate number printed on it.",
        )),
        Face::NoSuchRecord => Some(text(
            "请核对编号有没有抄错；也可以按企业名称或统一社会信用代码再查。",
            "Check the number for a slip, or search by the company's name or credit code.",
        )),
        Face::CannotTell => {
            Some(text("请稍后再查，或向发证机构查问。", "Try again later, or ask the certification body."))
        }
    }
}

/// A page that shows nothing of what was claimed.
#[must_use]
pub fn bare(face: Face, sentence: Text, verdict: &Verdict, now: Timestamp, is_mark: bool) -> View {
    View {
        face,
        sentence,
        warning: None,
        link: None,
        as_of: None,
        subject: None,
        held: None,
        advice: advice(face, is_mark),
        facts: vec![],
        sites: vec![],
        history: vec![],
        checks: checks(verdict),
        asks_day: false,
        computed: clock(now),
        api: None,
        feed: None,
        watch: None,
        credential: None,
        own: None,
        certification: None,
    }
}

/// What no longer holds is not praised; what cannot be told is not called void either.
fn level_note(face: Face, then: bool) -> Text {
    match (face, then) {
        (Face::MarkRevoked | Face::MarkNotLicensed | Face::MarkReplaced | Face::MarkFrozen | Face::MarkEnded, _) => {
            text("这个标志不能使用", "this mark may not be used")
        }
        (Face::MarkInvestigated, _) => text("查清之前不作认定", "not vouched for until that is settled"),
        (Face::CannotTell, _) => text("能否使用，无法判断", "whether it may be used cannot be told"),
        (Face::WasValid, _) => text("当时的级别", "its level then"),
        (_, true) => text("当时不能使用", "could not be used then"),
        (_, false) => text("现在不能使用", "may not be used now"),
    }
}

fn capital(sentence: &str) -> String {
    let mut chars = sentence.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}
