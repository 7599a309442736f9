//! The page for people: what an answer means, what to do with it, and what this site keeps.

use super::contents::{Contents, Section};
use super::words::{Face, Text, text, thousands};
use super::{App, Frame, PageQuery, feed, html, view};
use crate::domain::mark_licence::Medium;
use crate::domain::{Level, Scheme, Standing};
use crate::service::batch::LINES_MAX;
use crate::service::signals::KEPT_DAYS;
use askama::Template;
use axum::extract::{Query, State};
use axum::http::{StatusCode, Uri};
use axum::response::Response;

/// Its sections.
const SECTIONS: &[Section] = &[
    ("verdicts", "结果是什么意思", "What an answer means"),
    ("scan", "扫标志", "Scanning a mark"),
    ("stars", "星级说明什么", "What the stars say"),
    ("address", "为什么只认一个网址", "Why one address counts"),
    ("lists", "采购和招投标", "Buyers and tenders"),
    ("receipts", "回执", "Receipts"),
    ("follow", "关注变更", "Following changes"),
    ("holders", "持证企业", "Holders"),
    ("bodies", "认证机构", "Certification bodies"),
    ("trust", "不信本网站怎么核验", "How to check without trusting this site"),
    ("kept", "本网站留下什么", "What this site keeps"),
];

/// Every answer, those with the same advice beside each other.
const FACES: [Face; 18] = [
    Face::Standing(Standing::Valid),
    Face::WasValid,
    Face::Standing(Standing::Suspended),
    Face::Standing(Standing::Withdrawn),
    Face::Standing(Standing::Cancelled),
    Face::Standing(Standing::Expired),
    Face::Standing(Standing::Superseded),
    Face::Standing(Standing::NotYetEffective),
    Face::NotGenuine,
    Face::Incomplete,
    Face::NoSuchRecord,
    Face::CannotTell,
    Face::MarkRevoked,
    Face::MarkNotLicensed,
    Face::MarkFrozen,
    Face::MarkEnded,
    Face::MarkReplaced,
    Face::MarkInvestigated,
];

/// An answer.
struct Meaning {
    face: Face,
}

/// Answers after which the same is to be done.
struct Group {
    meanings: Vec<Meaning>,
    advice: Text,
}

/// A level, and the score it takes.
struct Rank {
    level: Level,
    least: String,
}

impl Rank {
    /// Five places: filled or not.
    fn stars(&self) -> [bool; 5] {
        std::array::from_fn(|i| i < usize::from(self.level.stars()))
    }
}

#[derive(Template)]
#[template(path = "help.html")]
struct HelpPage {
    frame: Frame,
    contents: Contents,
    /// The word for what is in force.
    valid: Text,
    groups: Vec<Group>,
    levels: Vec<Rank>,
    scheme: Scheme,
    lines_max: String,
    /// What is followed, and where.
    feeds: [(&'static str, Text); 3],
    base: String,
    /// Days that counts of scans are kept.
    counts_days: i32,
    media: Text,
    /// Commands, and what they do.
    commands: [(&'static [&'static str], Text); 7],
}

/// The page.
pub(super) async fn page(State(app): State<App>, Query(query): Query<PageQuery>, uri: Uri) -> Response {
    let lang = query.lang();
    let scheme = app.service.scheme().clone();
    let levels = scheme.thresholds.levels.iter();
    let all = |join: &str, name: fn(Medium) -> &'static str| Medium::ALL.map(name).join(join);
    let page = HelpPage {
        frame: Frame::of(&app, lang, text("使用说明", "Help"), &uri),
        contents: Contents { lang, sections: SECTIONS },
        valid: Face::Standing(Standing::Valid).word(),
        groups: groups(),
        levels: levels.map(|(level, least)| Rank { level: *level, least: least.to_string() }).collect(),
        scheme,
        lines_max: thousands(LINES_MAX),
        feeds: feed::followed(),
        base: app.links.base.clone(),
        counts_days: KEPT_DAYS,
        media: text(all("、", Medium::zh), all(", ", Medium::en)),
        commands: commands(),
    };
    html(StatusCode::OK, &page)
}

fn groups() -> Vec<Group> {
    let mut groups: Vec<Group> = vec![];
    for face in FACES {
        let advice = advice(face);
        match groups.last_mut().filter(|group| group.advice == advice) {
            Some(group) => group.meanings.push(Meaning { face }),
            None => groups.push(Group { meanings: vec![Meaning { face }], advice }),
        }
    }
    groups
}

/// What its page advises; and where that says nothing because all is well, what is left to the reader.
fn advice(face: Face) -> Text {
    view::advice(face, true).unwrap_or_else(|| match face {
        Face::WasValid => text(
            "这不说明现在还有效；现在怎样，页面上有链接。",
            "This does not say that it still is: a link on the page tells how it stands now.",
        ),
        _ => text(
            "看企业、范围和您手上的东西，与页面上的对不对得上。",
            "See whether the company, the scope and what you hold are those on the page.",
        ),
    })
}

/// What a body does with the program, as its help has it.
fn commands() -> [(&'static [&'static str], Text); 7] {
    [
        (&["issue", "import"], text("签发，导入名册", "Issue, take over a roster")),
        (
            &["surveil", "suspend", "reinstate", "withdraw", "cancel", "supersede", "recertify", "correct"],
            text("证书后来的事", "A certificate’s life"),
        ),
        (&["mark", "kit", "certificate"], text("标志、印刷文件、纸质证书", "Marks, printing files, paper")),
        (&["sweep", "history"], text("到期提醒，经手记录", "What falls due, who did what")),
        (&["token", "key"], text("访问令牌，签名密钥", "Access tokens, signing keys")),
        (&["serve"], text("开办本网站", "Serve this site")),
        (&["export", "backup", "restore", "fsck"], text("导出，备份，恢复，检查", "Export, back up, restore, check")),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_answer_there_is_has_its_meaning() {
        // Standings, and what is listed of the enumeration besides.
        let source = include_str!("words.rs");
        let listed = source.split("pub enum Face {").nth(1).and_then(|rest| rest.split("\n}").next()).unwrap();
        let others =
            listed.lines().filter(|line| line.trim_end().ends_with(',') && !line.contains("Standing(")).count();
        let told: Vec<Face> = groups().into_iter().flat_map(|group| group.meanings).map(|m| m.face).collect();
        assert_eq!(told.len(), Standing::ALL.len() + others);
        for (i, face) in told.iter().enumerate() {
            assert!(!told[..i].contains(face), "{face:?} stands there twice");
        }
    }
}
