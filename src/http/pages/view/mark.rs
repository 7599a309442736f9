//! The page of a mark: its own word where the mark itself is what does not hold, else its certificate's.

use super::certificate::{cannot_tell, certificate};
use super::{Held, View, advice, bare, capital, checks, face_of, level_note};
use crate::domain::Standing;
use crate::domain::dates::china_day;
use crate::domain::mark_licence::{MarkChange, MarkState};
use crate::http::pages::words::{Face, Text, text};
use crate::service::lookup::{Asked, FoundMark, MarkAnswer, Successor};
use crate::verify::Verdict;
use jiff::Timestamp;
use jiff::civil::Date;

/// The page of a mark. A scanned mark is about now.
#[must_use]
pub fn mark(answer: &MarkAnswer, leaves: &[Option<u64>], base: &str, now: Timestamp) -> View {
    match answer {
        MarkAnswer::NotGenuine(verdict) => {
            let said = text(
                "这个标志不是本机构签发的，不要相信它。",
                "This mark was not issued by this body. Do not trust it.",
            );
            bare(Face::NotGenuine, said, verdict, now, true)
        }
        MarkAnswer::Incomplete(verdict) => {
            let found = cannot_tell(verdict);
            let said = text(
                format!("{}请再扫一次，或重新输入全部数字。", found.zh),
                format!("{} Scan it again, or type all the digits.", found.en),
            );
            bare(Face::Incomplete, said, verdict, now, true)
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
        MarkAnswer::Found(found) => found_mark(found, leaves, base),
    }
}

fn found_mark(found: &FoundMark, leaves: &[Option<u64>], base: &str) -> View {
    let verdict = &found.finding.verdict;
    let page = certificate(&found.certificate, Asked::default(), leaves, base);
    let of_certificate = page.face;
    let certification = page.certification.clone();
    let mut view = View { checks: checks(verdict), asks_day: false, own: None, certification: None, ..page };
    if found.finding.genuine.is_none() {
        return view;
    }
    if verdict.checks.iter().any(|c| c.code == "mark_mismatch") {
        let said = text(
            "码里写的与登记的许可不一致，不要相信它。",
            "The code does not say what was licensed. Do not trust it.",
        );
        return bare(Face::NotGenuine, said, verdict, found.certificate.moment.now, true);
    }
    if let Some((face, sentence)) = own_word(found, of_certificate) {
        view = View { face, sentence, warning: None, link: Some(way_on(found, face, of_certificate, base)), ..view };
    } else {
        view.face = face_of(verdict);
        let leaked = |of: &Verdict| of.checks.iter().any(|c| c.code == "key_compromised");
        // Its certificate's key has its sentence already.
        if leaked(verdict) && !leaked(&found.certificate.finding.verdict) {
            view.sentence = text(
                "签这个标志的密钥在签名之前已经泄露，真假无法判断。请向持证组织要换发的新标志。",
                "The key that signed this mark had leaked before: genuine or not cannot be told. Ask the holder for its new mark.",
            );
        } else if view.face == Face::CannotTell && of_certificate != Face::CannotTell {
            view.sentence = cannot_tell(verdict);
        }
    }
    if let Some(subject) = &mut view.subject {
        subject.praised = view.face.is_valid();
        subject.note = level_note(view.face, false);
    }
    // The certificate's word is not the mark's where they differ.
    view.certification = certification.filter(|_| view.face == of_certificate);
    view.advice = advice(view.face, true);
    if found.licence.was_approved()
        && (view.face.is_valid() || matches!(view.face, Face::CannotTell | Face::MarkInvestigated))
    {
        view.held = Some(held(found));
    }
    view
}

/// What the band says of the mark itself, where its certificate's word does not say it already.
fn own_word(found: &FoundMark, of_certificate: Face) -> Option<(Face, Text)> {
    let (state, since) = found.finding.licence?;
    let since = china_day(since);
    Some(match state {
        MarkState::Active | MarkState::NotUnderstood => return None,
        // It was frozen or ended together with its certificate.
        MarkState::Frozen | MarkState::Ended if !of_certificate.is_valid() => return None,
        // A certificate that was withdrawn since is the worse of the two.
        MarkState::Replaced if !of_certificate.is_valid() && of_certificate != Face::Standing(Standing::Superseded) => {
            return None;
        }
        MarkState::UnderInvestigation if !of_certificate.is_valid() => return None,
        MarkState::UnderInvestigation => (
            Face::MarkInvestigated,
            text(
                format!("{since} 起，发证机构在调查它是否被冒用。查清之前，只有与下面写的完全一致的东西才可能是真的。"),
                format!(
                    "Since {since} the certification body has been looking into reports of its misuse. Until that is settled, only what is exactly as stated below can be genuine."
                ),
            ),
        ),
        MarkState::Frozen => (
            Face::MarkFrozen,
            text(
                format!("{since} 起停用，恢复之前请不要凭它认定售后服务星级。"),
                format!("Frozen since {since}: do not rely on it until it is freed."),
            ),
        ),
        MarkState::Ended => (
            Face::MarkEnded,
            text(
                format!("许可已于 {since} 终止，请不要凭它认定售后服务星级。"),
                format!("Its licence ended on {since}: do not rely on it."),
            ),
        ),
        MarkState::Requested => (
            Face::MarkNotLicensed,
            text(
                format!("{since} 提出了申请，还没有获得许可，请不要凭它认定售后服务星级。"),
                format!("It was asked for on {since} and is not licensed yet: do not rely on it."),
            ),
        ),
        MarkState::Refused => (
            Face::MarkNotLicensed,
            text(
                format!("{since} 没有批准它的申请，不能使用，请不要凭它认定售后服务星级。"),
                format!("It was refused a licence on {since} and may not be used: do not rely on it."),
            ),
        ),
        MarkState::Revoked => (Face::MarkRevoked, revoked(found, since)),
        MarkState::Replaced if found.replaced_by.is_some() => (
            Face::MarkReplaced,
            text(
                format!("{since} 起由新标志取代，这一个不再使用，请看新标志。"),
                format!("Replaced on {since} and no longer used: see the new mark."),
            ),
        ),
        MarkState::Replaced => (
            Face::MarkReplaced,
            text(
                format!("{since} 起随换证停止使用，没有新标志取代它，请看证书。"),
                format!("Out of use since {since}, with no new mark in its place: see the certificate."),
            ),
        ),
    })
}

fn revoked(found: &FoundMark, since: Date) -> Text {
    let why = found.licence.life().iter().rev().find_map(|s| match &s.change {
        MarkChange::Revoked { reason } => Some(*reason),
        _ => None,
    });
    let (zh, en) = why.map_or_else(Default::default, |r| (format!("（{}）", r.zh()), format!(" ({})", r.en())));
    text(
        format!("{since} 撤销了它的许可{zh}，请不要凭它认定售后服务星级。"),
        format!("Its licence was revoked on {since}{en}: do not rely on it."),
    )
}

/// Where the band of a mark that does not hold leads: to what took its place, or to how its certificate itself stands.
fn way_on(found: &FoundMark, face: Face, of_certificate: Face, base: &str) -> (String, Text) {
    if face == Face::MarkReplaced {
        if let Some(by) = found.replaced_by {
            return (format!("{base}/m/{by}"), text("看新标志", "See the new mark"));
        }
        if let Some(Successor { id, number, .. }) = &found.certificate.successor {
            let said = text(format!("看新证 {number}"), format!("See the new certificate {number}"));
            return (format!("{base}/c/{id}"), said);
        }
    }
    let word = of_certificate.word();
    let said = text(format!("证书本身：{}", word.zh), format!("The certificate itself: {}", word.en));
    (format!("{base}/c/{}", found.certificate.certificate.id), said)
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
