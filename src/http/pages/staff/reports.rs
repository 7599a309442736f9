//! Reports of misuse, as cases: what was seen, on what evidence, and the few things to do with it.

use super::super::report::page_of;
use super::super::words::{Text, text};
use super::super::{App, Frame, html, lang_of, message, view};
use super::{Staff, refused};
use crate::domain::dates::china_day;
use crate::domain::mark_licence::MarkState;
use crate::domain::report::Outcome;
use crate::domain::text::Note;
use crate::domain::{Certificate, MarkId, MarkLicence, Refusal, ReportId};
use crate::http::download::download;
use crate::http::error::Problem;
use crate::http::upload::{from_elsewhere, not_from_here};
use crate::service::marks::MarkOrder;
use crate::service::reports::{Case, Cases};
use crate::service::signals;
use crate::service::{Act, Actor, Service, ServiceError};
use crate::store::PageRequest;
use askama::Template;
use axum::extract::{Form, Path, Query, State};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse, Redirect, Response};
use jiff::civil::Date;
use serde::Deserialize;

/// Where the page is.
pub(super) const PATH: &str = "/issuing/reports";
/// Reports of a page.
const PAGE: usize = 20;
/// Reports passed over at most: far more than are kept.
const OFFSET_MAX: usize = 1_000_000;

#[derive(Template)]
#[template(path = "staff_reports.html")]
struct Page {
    frame: Frame,
    /// Whether the closed ones are shown, too.
    all: bool,
    /// Marks that are scanned far more than usual: number of scans, of the busiest day before, the day.
    unusual: Vec<(MarkId, u64, u64, String)>,
    /// Marks under investigation, and whose they are.
    investigated: Vec<(MarkId, String)>,
    cases: Vec<Shown>,
    total: usize,
    /// Addresses of the pages before and after this one.
    before: Option<String>,
    after: Option<String>,
}

/// A report as it is shown.
struct Shown {
    case: Case,
    at: String,
    /// Whose certificate, and its number.
    whose: Option<(String, String)>,
    /// Our page about it.
    page: Option<String>,
    /// How the mark stands.
    mark: Option<(MarkId, MarkState)>,
    /// Whether its misuse is being looked into.
    investigated: bool,
    /// What it is licensed for.
    licensed: Option<Text>,
    closed: Option<Text>,
    /// The mark's scans today, and on the busiest of the days before.
    scans: Option<(u64, u64)>,
}

impl Shown {
    fn may_investigate(&self) -> bool {
        matches!(self.mark, Some((_, MarkState::Active | MarkState::Frozen))) && !self.investigated
    }

    fn is_frozen(&self) -> bool {
        matches!(self.mark, Some((_, MarkState::Frozen)))
    }
}

#[derive(Debug, Deserialize)]
pub(super) struct Wanted {
    state: Option<String>,
    offset: Option<usize>,
}

/// The cases.
pub(super) async fn page(
    State(app): State<App>,
    Staff(actor): Staff,
    Query(Wanted { state, offset }): Query<Wanted>,
    uri: Uri,
) -> Response {
    let (all, offset) = (state.as_deref() == Some("all"), offset.unwrap_or(0).min(OFFSET_MAX));
    let request = PageRequest { offset, size: PAGE };
    let shown = app.acting(move |service| {
        let Cases { items, total } = service.cases(&actor, !all, request)?;
        let unusual = service.unusual_scans(&actor)?;
        let unusual = unusual.into_iter().map(|u| (u.mark, signals::total(&u.scans), u.busiest, u.day.to_string()));
        let marks = service.marks_investigated()?.into_iter();
        let investigated =
            marks.map(|mark| Ok((mark, holder_of(service, mark)?))).collect::<Result<Vec<_>, ServiceError>>()?;
        let cases = items.into_iter().map(|case| shown(service, &actor, case)).collect::<Result<Vec<_>, _>>()?;
        Ok((unusual.collect(), investigated, cases, total))
    });
    let (unusual, investigated, cases, total) = match shown.await {
        Ok(shown) => shown,
        Err(problem) => return refused(&app, &uri, problem),
    };
    let frame = Frame::of(&app, lang_of(&uri), text("举报", "Reports"), &uri);
    let at = |offset: usize| format!("{PATH}?{}offset={offset}{}", if all { "state=all&" } else { "" }, frame.more());
    let before = (offset > 0).then(|| at(offset.saturating_sub(PAGE)));
    let after = (offset + PAGE < total).then(|| at(offset + PAGE));
    html(StatusCode::OK, &Page { frame, all, unusual, investigated, cases, total, before, after })
}

/// Who holds the certificate a mark belongs to.
fn holder_of(service: &Service, mark: MarkId) -> Result<String, ServiceError> {
    let certificate = service.store().mark(mark)?.map(|licence| licence.terms().certificate);
    let certificate = certificate.map(|id| service.store().certificate(id)).transpose()?.flatten();
    Ok(certificate.map_or_else(String::new, |c| c.terms().holder.name.to_string()))
}

fn shown(service: &Service, actor: &Actor, case: Case) -> Result<Shown, ServiceError> {
    let now = service.now();
    let certificate: Option<Certificate> =
        case.report.certificate.map(|id| service.store().certificate(id)).transpose()?.flatten();
    let licence = case.report.mark.map(|id| service.store().mark(id)).transpose()?.flatten();
    let investigated = licence.as_ref().is_some_and(|licence| licence.is_investigated(now));
    let licensed = licence.as_ref().map(licensed);
    let mark = licence.and_then(|licence| Some((licence.id, licence.state_at(now, now)?.0)));
    let whose = certificate.as_ref().map(|c| (c.terms().holder.name.to_string(), c.terms().number.to_string()));
    let page = page_of(&case.report);
    let today = china_day(now);
    let scans = match case.report.mark {
        Some(mark) => {
            let days = service.scans_of(actor, mark)?;
            let of = |is: fn(Date, Date) -> bool| {
                days.iter()
                    .filter(|(day, _)| is(*day, today))
                    .map(|(_, scans)| signals::total(scans))
                    .max()
                    .unwrap_or(0)
            };
            Some((of(|day, today| day == today), of(|day, today| day < today)))
        }
        None => None,
    };
    let closed = case.closure.as_ref().map(|closure| {
        let (zh, en) = match closure.outcome {
            Outcome::Confirmed => ("属实", "confirmed"),
            Outcome::Unfounded => ("不属实", "unfounded"),
            Outcome::Duplicate => ("重复", "duplicate"),
        };
        let at = view::clock(closure.closed_at);
        text(format!("已结案：{zh}，{at}，{}", closure.by), format!("Closed as {en} at {at} by {}", closure.by))
    });
    Ok(Shown { at: view::clock(case.report.made_at), whose, page, mark, investigated, licensed, closed, scans, case })
}

/// Use, brand, products and site of a licence, to be held against what was seen.
fn licensed(licence: &MarkLicence) -> Text {
    let terms = licence.terms();
    let goods = [terms.brand.as_ref().map(ToString::to_string), terms.products.as_ref().map(ToString::to_string)];
    let goods: Vec<String> =
        goods.into_iter().chain([terms.site.as_ref().map(ToString::to_string)]).flatten().collect();
    let all = |medium: &str| [&[medium.to_owned()], goods.as_slice()].concat().join(" · ");
    text(all(terms.medium.zh()), all(terms.medium.en()))
}

/// The photograph of a report.
pub(super) async fn photo(
    State(app): State<App>,
    Staff(actor): Staff,
    Path(id): Path<String>,
    headers: HeaderMap,
    uri: Uri,
) -> Response {
    let found = app.acting(move |service| match ReportId::parse(&id) {
        Ok(id) => Ok(service.photo_of(&actor, &id)?.map(|bytes| (bytes, id))),
        Err(_) => Ok(None),
    });
    match found.await {
        Ok(Some((bytes, id))) => download(&headers, bytes, "image/jpeg", &format!("report-{id}.jpg")),
        Ok(None) => {
            refused(&app, &uri, Problem::new(StatusCode::NOT_FOUND, "no_such_report", "there is no such photograph"))
        }
        Err(problem) => refused(&app, &uri, problem),
    }
}

/// What is done with a report.
#[derive(Debug, Deserialize)]
pub(super) struct Deed {
    /// `investigate` or `clear` for its mark; else how it is closed.
    deed: String,
    #[serde(default)]
    note: String,
}

/// Does it, and shows the open cases again.
pub(super) async fn act(
    State(app): State<App>,
    Staff(actor): Staff,
    Path(id): Path<String>,
    headers: HeaderMap,
    uri: Uri,
    Form(Deed { deed, note }): Form<Deed>,
) -> Response {
    if from_elsewhere(&headers) {
        return not_done(&app, &uri, &not_from_here());
    }
    let done = app.acting(move |service| done(service, actor, &id, &deed, &note)).await;
    match done {
        Ok(()) => Redirect::to(&format!("{PATH}{}", super::super::language::suffix(&uri))).into_response(),
        Err(problem) => not_done(&app, &uri, &problem),
    }
}

fn done(service: &Service, actor: Actor, id: &str, deed: &str, note: &str) -> Result<(), ServiceError> {
    let id = ReportId::parse(id)?;
    let note = if note.trim().is_empty() { None } else { Some(Note::parse(note)?) };
    if note.is_none() && matches!(deed, "investigate" | "clear") {
        let why = "say on what evidence: everybody who scans the mark sees it at once";
        return Err(Refusal::invalid("note_needed", why).into());
    }
    let order = match deed {
        "investigate" => MarkOrder::Investigate,
        "clear" => MarkOrder::Clear,
        outcome => {
            service.close_report(&actor, &id, Outcome::parse(outcome)?, note)?;
            return Ok(());
        }
    };
    let mark = service.case(&id)?.and_then(|case| case.report.mark);
    let none = || Refusal::not_found("no_such_mark", "the report is about no mark on record");
    // The report stays the evidence whatever is noted besides.
    let note = note.map_or_else(String::new, |note| format!(": {note}"));
    let note = Note::parse(&format!("report {id}{note}"))?;
    service.order_mark(&Act { note: Some(note), ..Act::by(actor) }, mark.ok_or_else(none)?, &order)?;
    service.wait_for_log();
    Ok(())
}

fn not_done(app: &App, uri: &Uri, why: &Problem) -> Response {
    let heading = text("没有做成", "Not done");
    let sentence = match why.code {
        "from_elsewhere" => text("请在举报页面上操作。", "Do it on the page of the reports."),
        "role_missing" => text("您的岗位不能做这件事。", "Your role may not do this."),
        "report_closed" => text("这份举报已经结案了。", "This report is closed already."),
        "mark_state" => text(
            "这个标志现在的状态不能这样做：可能别人刚刚做过。",
            "The mark's state does not allow that now: somebody may just have done it.",
        ),
        "note_needed" => text(
            "请先写依据：扫这个标志的人会立刻看到变化。",
            "Write on what evidence first: whoever scans the mark sees the change at once.",
        ),
        _ => text(format!("没有做成：{}。", why.detail), format!("{}.", why.detail)),
    };
    message(app, lang_of(uri), uri, why.status(), heading, sentence)
}
