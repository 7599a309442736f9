//! Telling the body of misuse: a form that asks for no name, and a page that says what became of it.

use super::words::{Lang, Text, text};
use super::{App, Frame, PageQuery, forms, html, lang_of, message, search, view};
use crate::domain::report::{Outcome, Report};
use crate::domain::text::{Note, Place, Seen};
use crate::domain::{Refusal, ReportId};
use crate::http::error::Problem;
use crate::http::limits::Client;
use crate::http::upload::{FILE_MAX, Form};
use crate::service::ServiceError;
use crate::service::reports::{Case, Saw};
use askama::Template;
use axum::Extension;
use axum::extract::{Path, Query, State};
use axum::http::{StatusCode, Uri};
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

/// Where misuse is told, and where what became of it stands.
pub const ROUTES: [&str; 2] = ["/report", "/report/{id}"];
/// A field that people do not see: whoever fills it in is a program that fills in everything.
const TRAP: &str = "website";

#[derive(Template)]
#[template(path = "report.html")]
struct ReportPage {
    frame: Frame,
    fields: Fields,
    /// Why it was not taken.
    fault: Option<Text>,
    megabytes: usize,
    about_max: usize,
    place_max: usize,
    note_max: usize,
}

/// What is in the form.
#[derive(Default)]
struct Fields {
    about: String,
    place: String,
    note: String,
}

#[derive(Template)]
#[template(path = "reported.html")]
struct ReportedPage {
    frame: Frame,
    heading: Text,
    id: ReportId,
    at: String,
    about: String,
    /// Our page about it.
    page: Option<String>,
    photo: bool,
    state: Text,
}

#[derive(Debug, Default, Deserialize)]
pub(super) struct About {
    lang: Option<String>,
    about: Option<String>,
}

/// Where what an address is about is reported: of a certificate's or mark's page.
pub(super) fn address(uri: &Uri) -> Option<String> {
    let path = uri.path();
    let about = path.strip_prefix("/m/").or_else(|| path.strip_prefix("/c/"))?;
    (about.len() <= Seen::MAX_LEN).then(|| format!("{}?about={}", ROUTES[0], search::percent(about)))
}

/// Our page of what a report is about, where that is on record.
pub(super) fn page_of(report: &Report) -> Option<String> {
    match (report.mark, report.certificate) {
        (Some(mark), _) => Some(format!("/m/{mark}")),
        (None, Some(certificate)) => Some(format!("/c/{certificate}")),
        (None, None) => None,
    }
}

/// The form.
pub(super) async fn page(State(app): State<App>, Query(query): Query<About>, uri: Uri) -> Response {
    let about = query.about.unwrap_or_default();
    let fields = Fields { about: about.chars().take(Seen::MAX_LEN).collect(), ..Fields::default() };
    form(&app, Lang::of(query.lang.as_deref()), &uri, StatusCode::OK, fields, None)
}

/// A report that was sent.
pub(super) async fn send(
    State(app): State<App>,
    Extension(client): Extension<Client>,
    uri: Uri,
    sent: Result<Form, Problem>,
) -> Response {
    let lang = lang_of(&uri);
    let sent = match sent {
        Ok(sent) => sent,
        Err(problem) => return refused(&app, lang, &uri, Fields::default(), problem),
    };
    let field = |name: &str| sent.text(name).to_owned();
    let fields = Fields { about: field("about"), place: field("place"), note: field("note") };
    if !sent.text(TRAP).is_empty() {
        let said = text("“网址”一栏请留空。", "Leave the field “website” empty.");
        return form(&app, lang, &uri, StatusCode::BAD_REQUEST, fields, Some(said));
    }
    // What is refused at once counts for nothing.
    let missing = match (fields.about.trim().is_empty(), fields.note.trim().is_empty() && sent.file.is_none()) {
        (true, _) => Some("text_empty"),
        (_, true) => Some("nothing_reported"),
        _ => None,
    };
    if let Some(code) = missing {
        let said = not_kept(&Refusal::invalid(code, ""));
        return form(&app, lang, &uri, StatusCode::BAD_REQUEST, fields, Some(said));
    }
    if let Err(problem) = app.gate.admits_deposit(client) {
        return refused(&app, lang, &uri, fields, problem);
    }
    let work = app.clone();
    let with_photo = sent.file.is_some();
    let keep = move || {
        let field = |name: &str| sent.text(name).to_owned();
        let saw = Saw { about: field("about"), place: field("place"), note: field("note"), photo: sent.file };
        work.service.report(&saw, work.links.authority())
    };
    let kept = if with_photo { app.heavy.run_large(keep).await } else { app.heavy.run_patiently(keep).await };
    match kept {
        Ok(Ok(report)) => {
            Redirect::to(&format!("{}/{}{}", ROUTES[0], report.id, super::language::suffix(&uri))).into_response()
        }
        Ok(Err(ServiceError::Refused(why))) => {
            let status = Problem::from(ServiceError::Refused(why.clone())).status();
            let said = why.first().map_or_else(super::fault, not_kept);
            form(&app, lang, &uri, status, fields, Some(said))
        }
        Ok(Err(error)) => refused(&app, lang, &uri, fields, error.into()),
        Err(problem) => refused(&app, lang, &uri, fields, problem),
    }
}

/// Why a report was not kept.
fn not_kept(why: &Refusal) -> Text {
    let (zh, en, most) = match why.pointer.as_str() {
        "/place" => ("在哪里看到的", "where you saw it", Place::MAX_LEN),
        "/note" => ("哪里不对", "what is wrong with it", Note::MAX_LEN),
        _ => ("举报的是哪个", "what it is about", Seen::MAX_LEN),
    };
    match why.code {
        "text_empty" => text(
            "请填写举报的是哪个标志或证书：标志里的网址，或上面印的证书编号。",
            "Say which mark or certificate it is: the address in its code, or the certificate number printed on it.",
        ),
        "text_too_long" => text(
            format!("“{zh}”写得太长，最多 {most} 个字。"),
            format!("Too long: {en} takes at most {most} characters."),
        ),
        "nothing_reported" => {
            text("请写一句哪里不对，或者附一张照片。", "Say what is wrong with it, or send a photo of it.")
        }
        "photo_too_large" => text(
            "照片的像素太多，没有收下。请拍小一些，或截取一部分。",
            "The photo has too many pixels and was not taken. Take a smaller one, or cut a part out.",
        ),
        "photo_unreadable" => text(
            "这个文件不是能读的照片。请用 PNG、JPEG 或 WebP。",
            "This file is no photo that can be read. Use PNG, JPEG or WebP.",
        ),
        "reports_full" => text(
            "现在收不下更多举报，这一份没有保存。请直接告诉发证机构。",
            "No more reports can be taken now, and this one was not kept. Tell the certification body itself.",
        ),
        _ => text(format!("没有收下：{}。", why.message), format!("Not taken: {}.", why.message)),
    }
}

/// Why a form was not taken.
fn refused(app: &App, lang: Lang, uri: &Uri, fields: Fields, problem: Problem) -> Response {
    let said = match problem.code {
        "too_many_deposits" => text(
            "从您的网络来的举报和订阅太多，这一份举报没有保存。请过十几分钟再试，或直接告诉发证机构。",
            "Too many reports and subscriptions came from your network, and this report was not kept. Try again in a quarter of an hour, or tell the certification body itself.",
        ),
        "busy" | "too_many_requests" => text(
            "现在人太多，这一份没有保存。请过几秒再发一次。",
            "Many people are asking just now, and this report was not kept. Send it again in a few seconds.",
        ),
        _ => forms::refused(&problem, ("照片", "photo")).unwrap_or_else(|| {
            text(
                "服务出了故障，这一份没有保存。请过一会儿再试。",
                "The service has a fault, and this report was not kept. Try again in a while.",
            )
        }),
    };
    forms::until(form(app, lang, uri, problem.status(), fields, Some(said)), problem)
}

fn form(app: &App, lang: Lang, uri: &Uri, status: StatusCode, fields: Fields, fault: Option<Text>) -> Response {
    let frame = Frame::of(app, lang, text("举报冒用", "Report misuse"), uri);
    let (about_max, place_max, note_max) = (Seen::MAX_LEN, Place::MAX_LEN, Note::MAX_LEN);
    html(status, &ReportPage { frame, fields, fault, megabytes: FILE_MAX >> 20, about_max, place_max, note_max })
}

/// What became of a report. Whoever has its name may see that, what it is about and whether it had a photo; not what it says.
pub(super) async fn reported(
    State(app): State<App>,
    Path(id): Path<String>,
    Query(query): Query<PageQuery>,
    uri: Uri,
) -> Response {
    let lang = query.lang();
    let found = ReportId::parse(&id).ok().map(|id| app.service.case(&id)).transpose();
    let case = match found {
        Ok(Some(Some(case))) => case,
        Ok(_) => {
            let heading = text("没有这份举报", "No such report");
            let sentence = text("网址可能抄错了，请核对。", "The address may be mistyped: check it.");
            return message(&app, lang, &uri, StatusCode::NOT_FOUND, heading, sentence);
        }
        Err(error) => return super::failed(&app, lang, &uri, error),
    };
    let page = page_of(&case.report);
    let under_way = match case.report.mark.map(|mark| app.service.store().mark(mark)).transpose() {
        Ok(licence) => licence.flatten().is_some_and(|licence| licence.is_investigated(app.service.now())),
        Err(error) => return super::failed(&app, lang, &uri, error.into()),
    };
    let state = state(&case, under_way);
    let heading = match case.closure {
        Some(_) => text("举报已处理", "Report settled"),
        None => text("举报已收到", "Report received"),
    };
    let Case { report, .. } = case;
    let at = view::clock(report.made_at);
    let frame = Frame::of(&app, lang, heading.clone(), &uri);
    let photo = report.photo_sha256.is_some();
    html(
        StatusCode::OK,
        &ReportedPage { frame, heading, id: report.id, at, about: report.about.to_string(), page, photo, state },
    )
}

fn state(case: &Case, under_way: bool) -> Text {
    match case.closure.as_ref().map(|c| c.outcome) {
        Some(Outcome::Confirmed) => text("处理完毕：情况属实。", "Settled: it was confirmed."),
        Some(Outcome::Unfounded) => text("处理完毕：没有查到冒用或滥用。", "Settled: no misuse was found."),
        Some(Outcome::Duplicate) => {
            text("处理完毕：与另一份举报是同一件事。", "Settled: another report says the same.")
        }
        None if under_way => text("发证机构正在调查这个标志。", "The certification body is looking into this mark."),
        None => text("等待发证机构处理。", "It waits for the certification body."),
    }
}
