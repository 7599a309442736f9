//! The page of a certificate.

use super::certification::certification;
use super::history::history;
use super::{Own, Subject, View, advice, capital, checks, clock, face_of, level_note};
use crate::domain::dates::china_day;
use crate::domain::record::Terms;
use crate::domain::{Flag, Standing};
use crate::http::pages::words::{Face, Text, text};
use crate::service::lookup::{Asked, CertificateAnswer, Successor};
use crate::verify::Verdict;
use crate::verify::certificate::reason;

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

/// The page of a certificate. `leaves` has for each step of its life the number of its entry in the public log.
#[must_use]
pub fn certificate(answer: &CertificateAnswer, asked: Asked, leaves: &[Option<u64>], base: &str) -> View {
    let id = answer.certificate.id;
    let genuine = answer.finding.genuine.as_ref().map(|(_, terms)| terms);
    let then = asked.as_of.is_some() || asked.known_at.is_some();
    let face = match (genuine, face_of(&answer.finding.verdict)) {
        (None, _) => Face::CannotTell,
        // Green is for what is in force now, and for nothing else.
        (Some(_), Face::Standing(Standing::Valid)) if then => Face::WasValid,
        (Some(_), face) => face,
    };
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
    let leaked = face == Face::CannotTell && answer.finding.verdict.checks.iter().any(|c| c.code == "key_compromised");
    let given_out = genuine.is_some() && answer.certificate.ended_before_record().is_none();
    View {
        face,
        sentence,
        warning,
        link: match &answer.now {
            Some(now) if then => Some((format!("{base}/c/{id}"), now_link(*now))),
            _ => successor_link(answer, face, base),
        },
        as_of: as_of_text(answer, asked),
        subject: genuine.map(|terms| subject(terms, face, then)),
        held: None,
        // Waiting changes nothing.
        advice: if leaked { Some(reissue()) } else { advice(face, false) },
        facts: genuine.map_or_else(Vec::new, |terms| facts(terms, answer, face)),
        sites: genuine.map_or_else(Vec::new, sites),
        history: history(&answer.certificate, answer.moment.known_at, leaves, base),
        checks: checks(&answer.finding.verdict),
        asks_day: genuine.is_some(),
        // By a clock that is wrong it cannot be told when this was.
        computed: match answer.finding.verdict.checks.iter().any(|c| c.code == "clock_wrong") {
            true => "—".to_owned(),
            false => clock(answer.moment.now),
        },
        api: Some(format!("{base}/api/v1/certificates/{id}")),
        feed: Some(format!("{base}/c/{id}/feed.atom")),
        watch: Some(format!("{base}/watch?about={id}")),
        credential: given_out.then(|| format!("{base}/api/v1/certificates/{id}/credential")),
        own: given_out.then(|| Own::of(answer, asked, face)).flatten(),
        certification: genuine.filter(|_| !then).and_then(|terms| certification(id, terms, face)),
    }
}

fn reissue() -> Text {
    text(
        "这是签名的密钥泄露造成的，不等于企业有错。请向发证机构要换发的新证书。",
        "The key that signed it leaked, which is not the holder's fault. Ask the certification body for the certificate it issued anew.",
    )
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

/// Whoever looks at another day sees how it stands today, too.
fn now_link(now: Option<Standing>) -> Text {
    let word = now.map_or(Face::CannotTell, Face::Standing).word();
    text(format!("现在的状态：{}", word.zh), format!("Today: {}", word.en))
}

fn successor_link(answer: &CertificateAnswer, face: Face, base: &str) -> Option<(String, Text)> {
    let shown = matches!(face, Face::Standing(Standing::Superseded | Standing::Valid));
    let Successor { id, number, .. } = answer.successor.as_ref().filter(|_| shown)?;
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
        Face::Standing(Standing::Valid) if answer.successor.is_some() => {
            let from = answer.successor.as_ref().map_or(until, |s| s.from);
            text(
                format!("现在有效；{from} 起由新证书取代。"),
                format!("In force now; replaced by a new certificate from {from}."),
            )
        }
        Face::Standing(Standing::Valid) if due < until && !answer.flags.contains(&Flag::SurveillanceOverdue) => text(
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
        Face::WasValid => text(
            format!("那时有效；这张证书的有效期到 {until}。"),
            format!("It was in force then; its validity ends on {until}."),
        ),
        // Of a certificate's faces "cannot tell" is left; the others are a mark's.
        _ => cannot_tell(&answer.finding.verdict),
    };
    (said, warning(answer))
}

/// What stands in the way of an answer.
pub(super) fn cannot_tell(verdict: &Verdict) -> Text {
    verdict.obstacle().map_or_else(
        || text("现在查不到状态。", "Its standing cannot be found now."),
        |check| text(format!("{}。", check.message_zh), capital(&format!("{}.", check.message))),
    )
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
    let failed = answer.finding.verdict.checks.iter().find(|check| check.code == "surveillance_failed")?;
    Some(text(format!("注意：{}。", failed.message_zh), format!("Note: {}.", failed.message)))
}

fn facts(terms: &Terms, answer: &CertificateAnswer, face: Face) -> Vec<(Text, String)> {
    let due = answer.certificate.awaits_surveillance(answer.moment.known_at);
    let mut facts = vec![
        (text("编号", "Number"), terms.number.to_string()),
        (text("范围", "Scope"), terms.scope.to_string()),
        (text("标准", "Standard"), terms.standard.clone()),
        (text("有效期", "Validity"), format!("{} — {}", terms.issued_on, terms.valid_until)),
        (text("首次发证", "First issued"), terms.first_issued_on.to_string()),
    ];
    let open = matches!(face, Face::Standing(Standing::Valid | Standing::Suspended | Standing::NotYetEffective));
    if let Some(due) = due.filter(|due| open && *due < terms.valid_until) {
        facts.push((text("下次监督", "Next surveillance"), due.to_string()));
    }
    facts.extend([
        (text("地址", "Address"), terms.holder.address.to_string()),
        (text("认证机构", "Certification body"), terms.body.name.to_string()),
        (text("批准号", "Approval number"), terms.body.approval_number.to_string()),
    ]);
    facts
}
