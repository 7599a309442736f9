//! Pages for people: rendered here from `templates/`, read without script, on a phone first.

mod answers;
pub mod badge;
mod card;
mod contents;
mod developers;
mod feed;
mod forms;
mod help;
mod hosts;
pub mod language;
mod offline;
pub mod receipt;
mod report;
mod scan;
pub mod scans;
mod scripts;
mod search;
mod staff;
mod style;
mod tender;
mod tool;
mod view;
mod watch;
mod words;

use super::App;
use super::error::Problem;
use super::kept::Timed;
use super::observe::RunsScript;
use super::packed::{length_once, packed_once};
use super::public::MomentQuery;
use crate::domain::error::shown;
use crate::domain::{CertificateId, hex};
use crate::service::lookup::{Asked, CertificateAnswer, MarkAnswer};
use crate::service::{Service, ServiceError};
use crate::verify::Verdict;
use askama::Template;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Extension, Router};
use serde::Deserialize;
use sha2::{Digest as _, Sha256};
use view::View;
use words::{Face, Lang, Text, text};

pub use scan::ROUTE as SCAN;
pub use tender::ROUTE as TENDER;

/// What the issuing area's page of marks runs.
const PREVIEW: &str = include_str!("../../../assets/preview.js");
const JAVASCRIPT: &str = "text/javascript; charset=utf-8";
/// The site's sign, for the browser's tab.
const ICON: &str = include_str!("../../../assets/icon.svg");
/// The address of a style sheet changes with it, so it may be kept for a day.
const STYLE_AGE: HeaderValue = HeaderValue::from_static("public, max-age=86400");
/// What the page to check a mark runs.
const SCAN_SCRIPT: &str = include_str!("../../../assets/scan.js");
/// How to use it, by hand and by program.
const HELP: &str = "/help";
const DEVELOPERS: &str = "/developers";
/// Routes of the pages people read: the first page, a certificate, a mark, a receipt, the places to verify a file, to check a mark, to check a list, to report misuse,
/// to follow changes, to take a badge, and to have a device keep what it takes; how to use all this, by hand and by program.
const PAGES: [&str; 15] = [
    "/",
    "/c/{id}",
    "/m/{digits}",
    "/r/{rid}",
    "/verify",
    SCAN,
    TENDER,
    report::ROUTES[0],
    report::ROUTES[1],
    watch::ROUTES[0],
    watch::ROUTES[1],
    badge::PAGE,
    offline::PAGE,
    HELP,
    DEVELOPERS,
];

/// Routes of the pages.
pub fn routes() -> Router<App> {
    Router::new()
        .route(PAGES[0], get(search::home))
        .route(PAGES[1], get(certificate))
        .route(PAGES[2], get(mark))
        .route(card::ROUTE, get(card::file))
        .route(PAGES[3], get(receipt::page))
        .route(PAGES[4], get(tool::page))
        .route(report::ROUTES[1], get(report::reported))
        .route(watch::ROUTES[0], get(watch::page).post(watch::ask))
        .route(watch::ROUTES[1], get(watch::manage).post(watch::change))
        .route(HELP, get(help::page))
        .route(DEVELOPERS, get(developers::page))
        .route(scripts::ROUTE, get(scripts::file))
        .route(feed::ROUTES[0], get(feed::of_certificate))
        .route(feed::ROUTES[1], get(feed::of_holder))
        .route(feed::ROUTES[2], get(feed::of_all))
        .route("/assets/style.css", get(style))
        .route("/assets/scan.js", get(scan_script))
        .route("/assets/preview.js", get(preview))
        .merge(badge::routes())
        .merge(offline::routes())
        .merge(staff::routes())
        .route("/favicon.ico", get(icon))
        .route("/assets/icon.svg", get(icon))
}

/// Routes that forms with a file are sent to.
pub fn forms() -> Router<App> {
    Router::new()
        .route(SCAN, get(scan::page).post(scan::photo))
        .route(TENDER, get(tender::page).post(tender::list))
        .route(report::ROUTES[0], get(report::page).post(report::send))
}

/// What every page has.
struct Frame {
    lang: Lang,
    title: Text,
    host: String,
    body: String,
    /// Path of the page.
    path: String,
    /// The same page in the other language.
    other: String,
    /// Behind the addresses on it, where the language was chosen.
    suffix: &'static str,
    /// Where the page is, for paper.
    address: String,
    /// When it was made, for paper.
    at: String,
}

#[derive(Template)]
#[template(path = "verdict.html")]
struct VerdictPage {
    frame: Frame,
    view: View,
    /// For search engines: JSON-LD.
    certification: Option<String>,
    /// Address of the picture that goes with the page's.
    picture: Option<String>,
    /// Where its misuse is told.
    report: Option<String>,
}

#[derive(Template)]
#[template(path = "message.html")]
struct MessagePage {
    frame: Frame,
    heading: Text,
    sentence: Text,
}

/// A page of one sentence.
fn message(app: &App, lang: Lang, uri: &Uri, status: StatusCode, heading: Text, sentence: Text) -> Response {
    html(status, &MessagePage { frame: Frame::of(app, lang, heading.clone(), uri), heading, sentence })
}

fn html(status: StatusCode, page: &impl Template) -> Response {
    match page.render() {
        Ok(body) => {
            let headers = [(header::CONTENT_TYPE, "text/html; charset=utf-8"), (header::VARY, "accept-language")];
            (status, headers, body).into_response()
        }
        Err(error) => {
            tracing::error!(%error, "a page was not rendered");
            Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", "the page cannot be shown").into_response()
        }
    }
}

/// A line of the menu.
struct Item {
    path: &'static str,
    name: Text,
}

impl Frame {
    /// Address of the style sheet.
    fn style(&self) -> &str {
        &style::ADDRESS
    }

    /// What the public comes for.
    fn menu(&self) -> [Item; 4] {
        [
            Item { path: "/", name: text("查证书", "Certificates") },
            Item { path: SCAN, name: text("验标志", "Check a mark") },
            Item { path: TENDER, name: text("招投标核验", "Check a list") },
            Item { path: "/verify", name: text("核验文件", "Verify a file") },
        ]
    }

    /// What else there is, and how to use it.
    fn guides(&self) -> [Item; 6] {
        [
            Item { path: HELP, name: text("使用说明", "Help") },
            Item { path: watch::ROUTES[0], name: text("关注变更", "Follow changes") },
            Item { path: report::ROUTES[0], name: text("举报冒用", "Report misuse") },
            Item { path: offline::PAGE, name: text("没网也能查", "Offline") },
            Item { path: badge::PAGE, name: text("网站徽标", "Site badge") },
            Item { path: DEVELOPERS, name: text("开发者", "Developers") },
        ]
    }

    /// Behind the addresses on it that ask for something, where the language was chosen.
    fn more(&self) -> String {
        self.suffix.replace('?', "&")
    }

    fn of(app: &App, lang: Lang, title: Text, uri: &Uri) -> Self {
        Self {
            lang,
            title,
            host: app.service.host().to_string(),
            body: app.service.body().name.to_string(),
            path: uri.path().to_owned(),
            other: other_language(lang, uri),
            suffix: language::suffix(uri),
            address: format!("{}{}", app.links.base, uri.path_and_query().map_or("/", |p| p.as_str())),
            at: view::clock(app.service.now()),
        }
    }
}

/// The same address with the other language, its other parameters kept.
fn other_language(lang: Lang, uri: &Uri) -> String {
    let kept = uri.query().unwrap_or_default().split('&').filter(|p| !p.is_empty() && !p.starts_with("lang="));
    let mut parameters: Vec<&str> = kept.collect();
    parameters.push(if lang.is_zh() { "lang=en" } else { "lang=zh" });
    // Two slashes at the start would lead to another host.
    let path = format!("/{}", uri.path().trim_start_matches('/'));
    format!("{path}?{}", parameters.join("&"))
}

#[derive(Debug, Default, Deserialize)]
struct PageQuery {
    lang: Option<String>,
    as_of: Option<String>,
    known_at: Option<String>,
}

impl PageQuery {
    fn lang(&self) -> Lang {
        Lang::of(self.lang.as_deref())
    }

    fn moment(&self) -> MomentQuery {
        MomentQuery { as_of: self.as_of.clone(), known_at: self.known_at.clone() }
    }
}

/// A page that says it cannot tell, because nothing was looked up or something failed on our side.
fn cannot_tell(app: &App, lang: Lang, uri: &Uri, status: StatusCode, sentence: Text) -> Response {
    let now = app.service.now();
    let mut view = view::bare(Face::CannotTell, sentence, &Verdict::of(now, None, vec![]), now, false);
    if status.is_client_error() && status != StatusCode::TOO_MANY_REQUESTS {
        // Waiting changes nothing.
        view.advice = Some(text("请重新查询。", "Search anew."));
    }
    verdict(app, lang, uri, status, view)
}

/// Whether a person asked: for one of the pages, or for what is nowhere outside the API.
pub fn for_people(route: Option<&str>, uri: &Uri) -> bool {
    route.map_or_else(
        || !uri.path().starts_with("/api/"),
        |route| PAGES.contains(&route) || staff::PAGES.contains(&route),
    )
}

/// The page in place of an answer that was not made: asked too often, too slow, a fault of ours, an odd address.
pub fn no_answer(app: &App, uri: &Uri, instead_of: Response) -> Response {
    let status = instead_of.status();
    let sentence = match status {
        StatusCode::TOO_MANY_REQUESTS => text(
            "从您的网络来的查询太多，这一次没有查。请过几秒再试。",
            "Too many requests came from your network: nothing was looked up this time. Try again in a few seconds.",
        ),
        StatusCode::SERVICE_UNAVAILABLE if instead_of.headers().contains_key(header::RETRY_AFTER) => text(
            "现在查的人太多，这一次没有查。请过几秒再试。",
            "Many people are asking just now: nothing was looked up this time. Try again in a few seconds.",
        ),
        StatusCode::SERVICE_UNAVAILABLE => text(
            "等得太久，没有查到状态。这不说明它有效，也不说明它无效。请过一会儿再试。",
            "It took too long and nothing was found out. This says neither that it is valid nor that it is not. Try again in a while.",
        ),
        status if status.is_server_error() => fault(),
        _ => text("没有看懂这个网址，所以没有查。", "This address was not understood, so nothing was looked up."),
    };
    let mut page = cannot_tell(app, lang_of(uri), uri, status, sentence);
    let kept = [header::RETRY_AFTER, header::ALLOW].into_iter();
    page.headers_mut().extend(kept.filter_map(|name| Some((name.clone(), instead_of.headers().get(&name)?.clone()))));
    page
}

fn lang_of(uri: &Uri) -> Lang {
    Lang::of(language::named(uri))
}

fn fault() -> Text {
    text(
        "现在查不到状态：服务出了故障。这不说明它有效，也不说明它无效。",
        "Its standing cannot be found now: the service has a fault. This says neither that it is valid nor that it is not.",
    )
}

fn verdict(app: &App, lang: Lang, uri: &Uri, status: StatusCode, view: View) -> Response {
    let word = view.face.word();
    let about = view.subject.as_ref().map_or_else(String::new, |s| format!(" · {}", s.holder));
    let title = text(format!("{}{about}", word.zh), format!("{}{about}", word.en));
    let runs_script = view.own.is_some();
    let frame = Frame { at: view.computed.clone(), ..Frame::of(app, lang, title, uri) };
    let picture = view.certification.as_ref().and_then(|value| value["image"].as_str());
    let picture = picture.map(|path| format!("{}{path}", app.links.base));
    // Where nothing was found out there is nothing to report either.
    let report = report::address(uri).filter(|_| !matches!(view.face, Face::CannotTell | Face::Incomplete));
    let certification = view.certification.as_ref().map(|value| data(value, &frame.address, picture.as_deref()));
    let mut response = html(status, &VerdictPage { frame, view, certification, picture, report });
    if runs_script {
        response.extensions_mut().insert(RunsScript::Page);
    }
    response
}

/// A block of data in a page: whatever a name holds, it ends no element.
fn data(value: &serde_json::Value, address: &str, picture: Option<&str>) -> String {
    let mut value = value.clone();
    value["image"] = picture.into();
    value["url"] = address.split('?').next().unwrap_or_default().into();
    value.to_string().replace('<', "\\u003c")
}

fn failed(app: &App, lang: Lang, uri: &Uri, error: ServiceError) -> Response {
    cannot_tell(app, lang, uri, Problem::from(error).status(), fault())
}

async fn certificate(
    State(app): State<App>,
    Path(id): Path<String>,
    Query(query): Query<PageQuery>,
    uri: Uri,
) -> Response {
    let lang = query.lang();
    let asked = match query.moment().asked() {
        Ok(asked) => asked,
        Err(refusal) => {
            let said = text("日期写得不对，没有查；请写成 2026-05-08。", refusal.message);
            return cannot_tell(&app, lang, &uri, StatusCode::BAD_REQUEST, said);
        }
    };
    let missing = || {
        let now = app.service.now();
        let said = text(
            format!("登记簿上没有编号为 {} 的证书。", shown(&id)),
            format!("There is no certificate {} on record.", shown(&id)),
        );
        let view = view::bare(Face::NoSuchRecord, said, &Verdict::of(now, None, vec![]), now, false);
        verdict(&app, lang, &uri, StatusCode::NOT_FOUND, view)
    };
    let Ok(parsed) = CertificateId::parse(&id) else { return missing() };
    let found = found(&app.service, parsed, asked);
    match found {
        Ok(Some((answer, leaves, timed))) => {
            let page = verdict(&app, lang, &uri, StatusCode::OK, view::certificate(&answer, asked, &leaves, ""));
            (timed.map(Extension), page).into_response()
        }
        Ok(None) => missing(),
        Err(error) => failed(&app, lang, &uri, error),
    }
}

/// An answer, the leaves of its life in the log, and how it leaves where it is about now.
type Found = (CertificateAnswer, Vec<Option<u64>>, Option<Timed>);

fn found(service: &Service, id: CertificateId, asked: Asked) -> Result<Option<Found>, ServiceError> {
    if asked != Asked::default() {
        let Some(answer) = service.certificate_answer(id, asked)? else { return Ok(None) };
        return Ok(Some((answer, service.leaves_of(id)?, None)));
    }
    let begun = service.begin_answer();
    let Some(answer) = service.certificate_now(id, &begun)? else { return Ok(None) };
    let (leaves, ground) = (service.leaves_of(id)?, service.ground(&begun, &answer, None)?);
    Ok(Some((answer, leaves, Some(Timed { begun, ground, tagged: false }))))
}

/// A scanned mark is about now: another day is asked about on its certificate's page.
async fn mark(
    State(app): State<App>,
    Path(digits): Path<String>,
    Query(query): Query<PageQuery>,
    uri: Uri,
    method: Method,
    headers: HeaderMap,
) -> Response {
    let lang = query.lang();
    let begun = app.service.begin_answer();
    let found = app.service.mark_now(&digits, &begun).and_then(|answer| {
        let leaves = match &answer {
            MarkAnswer::Found(found) => {
                if let Some(source) = scans::source(&method, &headers) {
                    app.service.count_scan(found.licence.id, source);
                }
                app.service.leaves_of(found.certificate.certificate.id)?
            }
            _ => vec![],
        };
        let timed = Timed::of_mark(&app.service, begun, &answer, false)?;
        Ok((answer, leaves, timed))
    });
    match found {
        Ok((answer, leaves, timed)) => {
            let view = view::mark(&answer, &leaves, "", begun.now);
            let known = !matches!(view.face, Face::NotGenuine | Face::Incomplete | Face::NoSuchRecord);
            let page = verdict(&app, lang, &uri, if known { StatusCode::OK } else { StatusCode::NOT_FOUND }, view);
            (Extension(timed), page).into_response()
        }
        Err(error) => failed(&app, lang, &uri, error),
    }
}

/// Whatever is nowhere.
pub async fn not_found(State(app): State<App>, uri: Uri) -> Response {
    if uri.path().starts_with("/api/") {
        return Problem::new(
            StatusCode::NOT_FOUND,
            "no_such_address",
            "there is nothing at this address; see /openapi.json",
        )
        .into_response();
    }
    let sentence = text(
        "网址可能抄错了。可以在首页按编号、名称或代码查询。",
        "The address may be mistyped. Search by number, name or code on the first page.",
    );
    message(&app, lang_of(&uri), &uri, StatusCode::NOT_FOUND, text("没有这一页", "No such page"), sentence)
}

async fn style(headers: HeaderMap) -> Response {
    for_a_day(packed_once(&headers, "text/css; charset=utf-8", &style::STYLE))
}

async fn preview(headers: HeaderMap) -> Response {
    for_a_day(packed_once(&headers, JAVASCRIPT, PREVIEW))
}

async fn scan_script(headers: HeaderMap) -> Response {
    for_a_day(packed_once(&headers, JAVASCRIPT, SCAN_SCRIPT))
}

async fn icon(headers: HeaderMap) -> Response {
    for_a_day(packed_once(&headers, "image/svg+xml", ICON))
}

/// An address that changes with what is at it.
fn versioned(path: &str, text: &str) -> String {
    let digest = hex(&Sha256::digest(text.as_bytes())[..4]);
    format!("{path}?v={digest}")
}

/// Packs what never changes, so that nobody waits for it.
pub fn pack_ahead() {
    for text in [style::STYLE.as_str(), PREVIEW, SCAN_SCRIPT, ICON] {
        length_once(text);
    }
    scripts::pack_ahead();
}

fn for_a_day(mut response: Response) -> Response {
    response.headers_mut().insert(header::CACHE_CONTROL, STYLE_AGE);
    response
}
