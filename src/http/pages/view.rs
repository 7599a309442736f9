//! From an answer to what a page shows: one answer first, then what it is about, then the facts and the checks.

use super::words::{Face, Text, text};
use crate::domain::certificate::{CertificateChange, Step, SurveillanceOutcome};
use crate::domain::dates::{CHINA, china_day};
use crate::domain::mark_licence::{MarkChange, MarkState};
use crate::domain::record::Terms;
use crate::domain::{Flag, Level, Standing};
use crate::service::lookup::{Asked, CertificateAnswer, FoundMark, MarkAnswer};
use crate::verify::certificate::reason;
use crate::verify::{Check, CheckResult, Outcome, Verdict};
use jiff::Timestamp;

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
    /// Where the signed record is.
    pub credential: Option<String>,
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
    /// The day it counts from.
    pub day: String,
    /// What happened.
    pub what: Text,
    /// The reason or detail.
    pub detail: Option<Text>,
    /// The day it was put on record, where that is another.
    pub recorded: Option<String>,
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

fn clock(at: Timestamp) -> String {
    CHINA.to_datetime(at).strftime("%Y-%m-%d %H:%M").to_string()
}

fn check_row(check: &Check) -> CheckRow {
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

fn as_of_text(answer: &CertificateAnswer, asked: Asked) -> Option<Text> {
    asked.as_of.or(asked.known_at)?;
    let at = clock(answer.moment.at);
    let mut said = text(format!("这是 {at}（北京时间）的情况"), format!("This is how it stood at {at}, China time"));
    if asked.known_at.is_some() {
        let known = clock(answer.moment.known_at);
        said.zh.push_str(&format!("，按 {known} 已登记的内容"));
        said.en.push_str(&format!(", from what was on record at {known}"));
    }
    if answer.changed_that_day {
        said.zh.push_str("；当天状态有变化，请按具体时刻再查");
        said.en.push_str("; it changed in the course of that day: ask about an exact time");
    }
    Some(said)
}

/// The page of a certificate.
#[must_use]
pub fn certificate(answer: &CertificateAnswer, asked: Asked, base: &str) -> View {
    let id = answer.certificate.id;
    let genuine = answer.finding.genuine.as_ref().map(|(_, terms)| terms);
    let face = if genuine.is_some() { face_of(&answer.finding.verdict) } else { Face::CannotTell };
    let (sentence, warning) = match genuine {
        Some(_) => sentence(answer, face),
        None => (
            text(
                "登记簿里这张证书的签名文件核验不通过，请向发证机构查问。",
                "The stored record of this certificate does not verify. Ask the certification body.",
            ),
            None,
        ),
    };
    View {
        face,
        sentence,
        warning,
        link: successor_link(answer, face, base),
        as_of: as_of_text(answer, asked),
        subject: genuine.map(|terms| subject(terms, face, asked.as_of.is_some())),
        held: None,
        advice: advice(face, false),
        facts: genuine.map_or_else(Vec::new, |terms| facts(terms, answer, face)),
        sites: genuine.map_or_else(Vec::new, sites),
        history: history(answer.certificate.life(), answer.moment.known_at),
        checks: checks(&answer.finding.verdict),
        asks_day: genuine.is_some(),
        computed: clock(answer.moment.now),
        api: Some(format!("{base}/api/v1/certificates/{id}")),
        credential: genuine.map(|_| format!("{base}/api/v1/certificates/{id}/credential")),
    }
}

/// What no longer holds is not praised; what cannot be told is not called void either.
fn level_note(face: Face, then: bool) -> Text {
    match (face, then) {
        (Face::CannotTell, _) => text("能否使用，无法判断", "whether it may be used cannot be told"),
        (_, true) => text("当时不能使用", "could not be used then"),
        (_, false) => text("现在不能使用", "may not be used now"),
    }
}

fn subject(terms: &Terms, face: Face, then: bool) -> Subject {
    Subject {
        note: level_note(face, then),
        holder: terms.holder.name.to_string(),
        uscc: terms.holder.uscc.to_string(),
        level: terms.level,
        praised: face.is_valid(),
    }
}

fn sites(terms: &Terms) -> Vec<(String, String)> {
    terms.sites.iter().map(|s| (s.name.to_string(), s.address.to_string())).collect()
}

fn successor_link(answer: &CertificateAnswer, face: Face, base: &str) -> Option<(String, Text)> {
    let (id, number) = answer.successor.as_ref().filter(|_| face == Face::Standing(Standing::Superseded))?;
    Some((format!("{base}/c/{id}"), text(format!("看新证 {number}"), format!("See the new certificate {number}"))))
}

fn sentence(answer: &CertificateAnswer, face: Face) -> (Text, Option<Text>) {
    let certificate = &answer.certificate;
    let terms = certificate.terms();
    let found = certificate.standing(answer.moment.at, answer.moment.known_at);
    let since = found.as_ref().map_or_else(String::new, |f| china_day(f.since).to_string());
    let why = found.as_ref().and_then(|f| reason(certificate, f.step));
    let (colon_zh, colon_en) = why.map_or_else(Default::default, |(zh, en)| (format!("：{zh}"), format!(": {en}")));
    let due = certificate.surveillance_due(answer.moment.known_at);
    let until = terms.valid_until;
    let said = match face {
        Face::Standing(Standing::Valid) if due < until => text(
            format!("到 {until} 为止有效，下次监督审查在 {due} 前。"),
            format!("In force until {until}. Next surveillance by {due}."),
        ),
        Face::Standing(Standing::Valid) => text(format!("到 {until} 为止有效。"), format!("In force until {until}.")),
        Face::Standing(Standing::Suspended) => {
            text(format!("{since} 起暂停使用{colon_zh}。"), format!("May not be used since {since}{colon_en}."))
        }
        Face::Standing(Standing::Withdrawn) => text(
            format!("{since} 撤销{colon_zh}。证书和标志不得再使用。"),
            format!("Withdrawn on {since}{colon_en}. Certificate and mark may no longer be used."),
        ),
        Face::Standing(Standing::Cancelled) => text(
            format!("{since} 注销{colon_zh}。证书和标志不再使用。"),
            format!("Cancelled on {since}{colon_en}. Certificate and mark are no longer used."),
        ),
        Face::Standing(Standing::Superseded) => text(
            format!("{since} 起由新证书取代{colon_zh}。这一张不再使用。"),
            format!("Replaced by a new certificate since {since}{colon_en}. This one is no longer used."),
        ),
        Face::Standing(Standing::Expired) => text(
            format!("{until} 到期，这张证书不再有效。"),
            format!("Expired on {until}. This certificate is no longer valid."),
        ),
        Face::Standing(Standing::NotYetEffective) => text(
            format!("{} 起生效，现在还不能使用。", terms.issued_on),
            format!("Takes effect on {}. It may not be used yet.", terms.issued_on),
        ),
        Face::NotGenuine | Face::NoSuchRecord | Face::CannotTell => cannot_tell(&answer.finding.verdict),
    };
    (said, warning(answer))
}

fn cannot_tell(verdict: &Verdict) -> Text {
    verdict.obstacle().map_or_else(
        || text("现在查不到状态。", "Its standing cannot be found now."),
        |check| text(format!("{}。", check.message_zh), capital(&format!("{}.", check.message))),
    )
}

fn capital(sentence: &str) -> String {
    let mut chars = sentence.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

fn warning(answer: &CertificateAnswer) -> Option<Text> {
    let known = answer.moment.known_at;
    if answer.flags.contains(&Flag::SuspensionRanOut) {
        let until = answer.certificate.suspension_at(china_day(answer.moment.at), known)?;
        return Some(text(
            format!("暂停期已于 {until} 届满，等待撤销。"),
            format!("The suspension ended on {until} unresolved; withdrawal is due."),
        ));
    }
    if answer.flags.contains(&Flag::SurveillanceOverdue) {
        let due = answer.certificate.surveillance_due(known);
        return Some(text(
            format!("注意：监督审查应在 {due} 前完成，已逾期。"),
            format!("Note: surveillance was due by {due} and is overdue."),
        ));
    }
    None
}

fn advice(face: Face, is_mark: bool) -> Option<Text> {
    match face {
        Face::Standing(Standing::Valid) => None,
        Face::Standing(Standing::Superseded) => Some(text(
            "请看新证书；新证书上的级别和范围才是现在的。",
            "See the new certificate: its level and scope are the ones that hold now.",
        )),
        Face::Standing(Standing::NotYetEffective) => Some(text(
            "生效日之前，请不要把它当作有效证书。",
            "Do not take it for a certificate in force before that day.",
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
        Face::NoSuchRecord => Some(text(
            "请核对编号有没有抄错；也可以按企业名称或统一社会信用代码再查。",
            "Check the number for a slip, or search by the company's name or credit code.",
        )),
        Face::CannotTell => {
            Some(text("请稍后再查，或向发证机构查问。", "Try again later, or ask the certification body."))
        }
    }
}

fn facts(terms: &Terms, answer: &CertificateAnswer, face: Face) -> Vec<(Text, String)> {
    let due = answer.certificate.surveillance_due(answer.moment.known_at);
    let mut facts = vec![
        (text("编号", "Number"), terms.number.to_string()),
        (text("范围", "Scope"), terms.scope.to_string()),
        (text("标准", "Standard"), terms.standard.clone()),
        (text("有效期", "Validity"), format!("{} — {}", terms.issued_on, terms.valid_until)),
        (text("首次发证", "First issued"), terms.first_issued_on.to_string()),
    ];
    let open = matches!(face, Face::Standing(Standing::Valid | Standing::Suspended | Standing::NotYetEffective));
    if open && due < terms.valid_until {
        facts.push((text("下次监督", "Next surveillance"), due.to_string()));
    }
    facts.extend([
        (text("地址", "Address"), terms.holder.address.to_string()),
        (text("认证机构", "Certification body"), terms.body.name.to_string()),
        (text("批准号", "Approval number"), terms.body.approval_number.to_string()),
    ]);
    facts
}

fn history(life: &[Step], known_at: Timestamp) -> Vec<Row> {
    life.iter().filter(|s| s.recorded_at <= known_at).rev().map(row).collect()
}

fn row(step: &Step) -> Row {
    let (what, detail) = match &step.change {
        CertificateChange::Issued { terms, .. } => {
            let how = if terms.supersedes.is_some() {
                text("换发新证", "Issued in another's place")
            } else {
                text("发证", "Issued")
            };
            (how, Some(text(terms.level.zh(), terms.level.en())))
        }
        CertificateChange::Surveyed { on_site_ended_on, outcome, .. } => {
            let what = match outcome {
                SurveillanceOutcome::Passed => text("监督审查通过", "Surveillance passed"),
                SurveillanceOutcome::Failed => text("监督审查未通过", "Surveillance failed"),
            };
            (what, Some(text(format!("现场 {on_site_ended_on}"), format!("on site {on_site_ended_on}"))))
        }
        CertificateChange::Suspended { reason, until, .. } => (
            text("暂停", "Suspended"),
            Some(text(format!("{}；至 {until}", reason.zh()), format!("{}; until {until}", reason.en()))),
        ),
        CertificateChange::Reinstated { .. } => (text("恢复", "Reinstated"), None),
        CertificateChange::Withdrawn { reason } => (text("撤销", "Withdrawn"), Some(text(reason.zh(), reason.en()))),
        CertificateChange::Cancelled { reason } => (text("注销", "Cancelled"), Some(text(reason.zh(), reason.en()))),
        CertificateChange::Superseded { reason, .. } => {
            (text("换证", "Superseded"), Some(text(reason.zh(), reason.en())))
        }
    };
    let (day, recorded) = (china_day(step.effective_at), china_day(step.recorded_at));
    Row { day: day.to_string(), what, detail, recorded: (recorded != day).then(|| recorded.to_string()) }
}

/// The page of a mark.
#[must_use]
pub fn mark(answer: &MarkAnswer, asked: Asked, base: &str, now: Timestamp) -> View {
    match answer {
        MarkAnswer::NotGenuine(verdict) => {
            let said = text(
                "这个标志不是本机构签发的，不要相信它。",
                "This mark was not issued by this body. Do not trust it.",
            );
            bare(Face::NotGenuine, said, verdict, now, true)
        }
        MarkAnswer::Unknown { id, signed, verdict } => {
            let said = if *signed {
                text(
                    format!("签名是真的，但登记簿上没有标志 {id}。"),
                    format!("The signature is good, but there is no mark {id} on record."),
                )
            } else {
                text(format!("登记簿上没有标志 {id}。"), format!("There is no mark {id} on record."))
            };
            bare(Face::NoSuchRecord, said, verdict, now, true)
        }
        MarkAnswer::Found(found) => found_mark(found, asked, base),
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
        credential: None,
    }
}

fn found_mark(found: &FoundMark, asked: Asked, base: &str) -> View {
    let mut view = certificate(&found.certificate, asked, base);
    let verdict = &found.finding.verdict;
    let genuine = found.finding.genuine.is_some();
    view.checks = checks(verdict);
    if !genuine {
        return View { face: Face::CannotTell, ..view };
    }
    let certificate_face = view.face;
    view.face =
        if verdict.checks.iter().any(|c| c.code == "mark_mismatch") { Face::NotGenuine } else { face_of(verdict) };
    if view.face == Face::NotGenuine {
        let said = text(
            "码里写的与登记的许可不一致，不要相信它。",
            "The code does not say what was licensed. Do not trust it.",
        );
        return bare(Face::NotGenuine, said, verdict, found.certificate.moment.now, true);
    }
    if let Some(subject) = &mut view.subject {
        subject.praised = view.face.is_valid();
        subject.note = level_note(view.face, asked.as_of.is_some());
    }
    if view.face != certificate_face || !certificate_face.is_valid() {
        mark_words(found, &mut view, certificate_face, base);
    }
    view.advice = advice(view.face, true);
    if view.face.is_valid() || view.face == Face::CannotTell {
        view.held = Some(held(found));
    }
    view
}

/// Where the mark itself is worse than its certificate, the band speaks of the mark.
fn mark_words(found: &FoundMark, view: &mut View, certificate_face: Face, base: &str) {
    let Some((state, since)) = found.finding.licence else { return };
    let since = china_day(since);
    let revoked = found.licence.life().iter().rev().find_map(|s| match &s.change {
        MarkChange::Revoked { reason } => Some(*reason),
        _ => None,
    });
    let said = match state {
        MarkState::Requested => Some(text(
            "这个标志已申请，还没有获得许可，不能使用。",
            "This mark was asked for but is not licensed: it may not be used.",
        )),
        MarkState::Refused => {
            Some(text("这个标志的申请没有获得许可，不能使用。", "This mark was refused a licence: it may not be used."))
        }
        MarkState::Revoked => {
            let (zh, en) = revoked.map_or(("", ""), |r| (r.zh(), r.en()));
            Some(text(
                format!("{since} 撤销了这个标志的许可：{zh}。"),
                format!("The licence of this mark was revoked on {since}: {en}."),
            ))
        }
        MarkState::Ended if certificate_face.is_valid() => Some(text(
            format!("这个标志的许可已于 {since} 终止。"),
            format!("The licence of this mark ended on {since}."),
        )),
        MarkState::Replaced => Some(text(
            format!("{since} 起由新标志取代，这个标志不再使用。"),
            format!("Replaced by a new mark since {since}; this one is no longer used."),
        )),
        MarkState::Active | MarkState::Frozen | MarkState::Ended => None,
    };
    if let Some(said) = said {
        view.sentence = said;
    }
    if let (MarkState::Replaced, Some(by)) = (state, found.replaced_by) {
        view.link = Some((format!("{base}/m/{by}"), text("看新标志", "See the new mark")));
    }
}

fn held(found: &FoundMark) -> Held {
    let terms = found.licence.terms();
    let mut goods = vec![];
    if let Some(brand) = &terms.brand {
        goods.push((text("品牌", "Brand"), brand.to_string()));
    }
    if let Some(products) = &terms.products {
        goods.push((text("产品", "Products"), products.to_string()));
    }
    if let Some(site) = &terms.site {
        goods.push((text("场所", "Site"), site.to_string()));
    }
    Held { medium: text(terms.medium.zh(), capital(terms.medium.en())), goods }
}
