//! A certificate's whole life on its page: newest first, each step with its reason, its proof, and whether it still counts.

use super::Row;
use crate::domain::Certificate;
use crate::domain::certificate::{CertificateChange, Step, SurveillanceOutcome};
use crate::domain::dates::china_day;
use crate::http::pages::words::{Text, text};
use jiff::Timestamp;

/// What was on record at `known_at`. What an erratum took back by then stays in its place and says so.
pub(super) fn history(certificate: &Certificate, known_at: Timestamp, leaves: &[Option<u64>], base: &str) -> Vec<Row> {
    let life = certificate.life();
    let known = life.iter().enumerate().filter(|(_, s)| s.recorded_at <= known_at);
    let mut rows: Vec<(Timestamp, Row)> = known
        .map(|(i, step)| {
            let (what, detail) = said(certificate, i, step);
            let (day, recorded) = (china_day(step.effective_at), china_day(step.recorded_at));
            let leaf = leaves.get(i).copied().flatten();
            let row = Row {
                step: i,
                day: day.to_string(),
                what,
                corrects: corrects(certificate, step),
                detail,
                recorded: (recorded != day).then(|| recorded.to_string()),
                erratum: erratum(certificate, i, known_at),
                log: leaf.map(|leaf| (leaf, format!("{base}/api/v1/log/entries/{leaf}"))),
            };
            (step.effective_at, row)
        })
        .collect();
    rows.sort_by_key(|(at, _)| *at);
    rows.into_iter().rev().map(|(_, row)| row).collect()
}

/// The steps that are on record at that time, as the page tells them.
#[must_use]
pub fn steps(certificate: &Certificate, known_at: Timestamp) -> Vec<Row> {
    history(certificate, known_at, &[], "")
}

fn said(certificate: &Certificate, i: usize, step: &Step) -> (Text, Option<Text>) {
    let reason = |(zh, en): (&str, &str)| Some(text(zh, en));
    match &step.change {
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
        CertificateChange::Reinstated { .. } => called_off(certificate, i, step).map_or_else(
            || (text("恢复", "Reinstated"), None),
            |day| {
                let what = text("取消暂停", "Suspension called off");
                let detail =
                    text(format!("定于 {day} 的暂停没有开始"), format!("the one planned for {day} did not begin"));
                (what, Some(detail))
            },
        ),
        CertificateChange::Withdrawn { reason: r } => (text("撤销", "Withdrawn"), reason((r.zh(), r.en()))),
        CertificateChange::Cancelled { reason: r } => (text("注销", "Cancelled"), reason((r.zh(), r.en()))),
        CertificateChange::Superseded { reason: r, .. } => (text("换证", "Superseded"), reason((r.zh(), r.en()))),
        CertificateChange::Corrected { reason: r, .. } => {
            let why = text(format!("登记有误：{}", r.zh()), format!("was recorded in error: {}", r.en()));
            (text("更正", "Corrected"), Some(why))
        }
        CertificateChange::NotUnderstood(_) => {
            (text("新版本登记的内容，这里读不懂", "Something a newer version recorded, not readable here"), None)
        }
    }
}

/// The day of a suspension that was lifted before it began: it never held.
fn called_off(certificate: &Certificate, i: usize, lifts: &Step) -> Option<String> {
    let life = certificate.life().get(..i)?.iter().enumerate();
    let counts = |j: usize| certificate.corrected_by(j, lifts.recorded_at).is_none();
    let suspended = |(j, s): &(usize, &Step)| matches!(s.change, CertificateChange::Suspended { .. }) && counts(*j);
    let (_, suspension) = life.rev().find(suspended)?;
    (suspension.effective_at > lifts.effective_at).then(|| china_day(suspension.effective_at).to_string())
}

/// The step an erratum takes back, and what that was.
fn corrects(certificate: &Certificate, erratum: &Step) -> Option<(usize, Text)> {
    let CertificateChange::Corrected { corrects, .. } = erratum.change else { return None };
    let i = corrects as usize;
    let step = certificate.life().get(i)?;
    let (day, (what, _)) = (china_day(step.effective_at), said(certificate, i, step));
    Some((i, text(format!("{day} 的“{}”", what.zh), format!("“{}” of {day}", what.en))))
}

/// Where a step was taken back: by which erratum, and what that means.
fn erratum(certificate: &Certificate, i: usize, known_at: Timestamp) -> Option<(usize, Text)> {
    let by = certificate.corrected_by(i, known_at)?;
    let step = certificate.life().get(by)?;
    let since = china_day(step.recorded_at);
    let itself = matches!(step.change, CertificateChange::Corrected { corrects, .. } if corrects as usize == i);
    let said = if itself {
        text(
            format!("：此项登记有误，{since} 起不再计入"),
            format!(": recorded in error; counts no more since {since}"),
        )
    } else {
        text(
            format!("：所恢复的暂停登记有误，{since} 起一并不再计入"),
            format!(": the suspension it lifted was recorded in error; counts no more since {since}"),
        )
    };
    Some((by, said))
}
