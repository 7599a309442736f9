//! The page of a mark: the worse of the mark and its certificate.

use super::certificate::certificate;
use super::{Held, View, advice, bare, capital, checks, face_of, level_note};
use crate::domain::dates::china_day;
use crate::domain::mark_licence::{MarkChange, MarkState};
use crate::http::pages::words::{Face, text};
use crate::service::lookup::{Asked, FoundMark, MarkAnswer};
use jiff::Timestamp;

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

fn found_mark(found: &FoundMark, asked: Asked, base: &str) -> View {
    let mut view = View { asks_day: false, ..certificate(&found.certificate, asked, base) };
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
    if verdict.checks.iter().any(|c| c.code == "key_compromised") {
        view.sentence = text(
            "签这个标志的密钥在签名之前已经泄露，真假无法判断。请向持证组织要换发的新标志。",
            "The key that signed this mark had leaked before: genuine or not cannot be told. Ask the holder for its new mark.",
        );
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
