//! Pages for people: rendered here from `templates/`, read without script, on a phone first.

mod view;
mod words;

use super::App;
use super::error::Problem;
use super::public::MomentQuery;
use crate::domain::error::shown;
use crate::domain::{Certificate, CertificateId, CertificateNumber, Standing, Uscc};
use crate::mark::ScannedUrl;
use crate::service::ServiceError;
use crate::service::lookup::Asked;
use crate::store::{Page, PageRequest};
use crate::verify::Verdict;
use askama::Template;
use axum::Router;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use serde::Deserialize;
use view::View;
use words::{Face, Lang, Text, text};

/// Style sheet of every page.
const STYLE: &str = include_str!("../../../assets/style.css");
/// The site's sign, for the browser's tab.
const ICON: &str = include_str!("../../../assets/icon.svg");
/// A style sheet's name changes with its version, so it may be kept for a day.
const STYLE_AGE: HeaderValue = HeaderValue::from_static("public, max-age=86400");
/// Last page of a search that is looked at.
const PAGES: usize = 1_000_000;
/// Lines of a search on one page.
const LINES: usize = 20;
/// Longest search text looked at, in bytes.
const SEARCH_MAX: usize = 1_000;

/// Routes of the pages.
pub fn routes() -> Router<App> {
    Router::new()
        .route("/", get(home))
        .route("/c/{id}", get(certificate))
        .route("/m/{digits}", get(mark))
        .route("/assets/style.css", get(style))
        .route("/favicon.ico", get(icon))
        .route("/assets/icon.svg", get(icon))
}

/// What every page has.
struct Frame {
    lang: Lang,
    title: Text,
    host: String,
    body: String,
    /// The same page in the other language.
    other: String,
}

#[derive(Template)]
#[template(path = "verdict.html")]
struct VerdictPage {
    frame: Frame,
    view: View,
}

#[derive(Template)]
#[template(path = "home.html")]
struct HomePage {
    frame: Frame,
    standard: String,
    typed: String,
    results: Option<Results>,
}

struct Results {
    lines: Vec<Line>,
    total: usize,
    first: usize,
    previous: Option<String>,
    next: Option<String>,
    fault: Option<Text>,
}

struct Line {
    href: String,
    holder: String,
    number: String,
    level: Text,
    praised: bool,
    word: Text,
    class: &'static str,
    until: String,
}

#[derive(Template)]
#[template(path = "message.html")]
struct MessagePage {
    frame: Frame,
    heading: Text,
    sentence: Text,
}

fn html(status: StatusCode, page: &impl Template) -> Response {
    match page.render() {
        Ok(body) => (status, [(header::CONTENT_TYPE, "text/html; charset=utf-8")], body).into_response(),
        Err(error) => {
            tracing::error!(%error, "a page was not rendered");
            Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", "the page cannot be shown").into_response()
        }
    }
}

impl Frame {
    fn of(app: &App, lang: Lang, title: Text, uri: &Uri) -> Self {
        Self {
            lang,
            title,
            host: app.service.host().to_string(),
            body: app.service.body().name.to_string(),
            other: other_language(lang, uri),
        }
    }
}

/// The same address with the other language, its other parameters kept.
fn other_language(lang: Lang, uri: &Uri) -> String {
    let kept = uri.query().unwrap_or_default().split('&').filter(|p| !p.is_empty() && !p.starts_with("lang="));
    let mut parameters: Vec<&str> = kept.collect();
    if lang.is_zh() {
        parameters.push("lang=en");
    }
    // Two slashes at the start would lead to another host.
    let path = format!("/{}", uri.path().trim_start_matches('/'));
    if parameters.is_empty() { path } else { format!("{path}?{}", parameters.join("&")) }
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

/// A page that says it cannot tell, because something failed on our side or the moment asked about has no reading.
fn cannot_tell(app: &App, lang: Lang, uri: &Uri, status: StatusCode, sentence: Text) -> Response {
    let now = app.service.now();
    let view = view::bare(Face::CannotTell, sentence, &Verdict::of(now, None, vec![]), now, false);
    verdict(app, lang, uri, status, view)
}

fn verdict(app: &App, lang: Lang, uri: &Uri, status: StatusCode, view: View) -> Response {
    let word = view.face.word();
    let about = view.subject.as_ref().map_or_else(String::new, |s| format!(" · {}", s.holder));
    let title = text(format!("{}{about}", word.zh), format!("{}{about}", word.en));
    html(status, &VerdictPage { frame: Frame::of(app, lang, title, uri), view })
}

fn failed(app: &App, lang: Lang, uri: &Uri, error: ServiceError) -> Response {
    let problem = Problem::from(error);
    let sentence = text(
        "现在查不到状态：服务出了故障。这不说明证书有效，也不说明它无效。",
        "Its standing cannot be found now: the service has a fault. This says neither that it is valid nor that it is not.",
    );
    cannot_tell(app, lang, uri, problem.status(), sentence)
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
        Err(refusal) => return cannot_tell(&app, lang, &uri, StatusCode::BAD_REQUEST, bad_moment(&refusal.message)),
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
    match app.service.certificate_answer(parsed, asked) {
        Ok(Some(answer)) => verdict(&app, lang, &uri, StatusCode::OK, view::certificate(&answer, asked, "")),
        Ok(None) => missing(),
        Err(error) => failed(&app, lang, &uri, error),
    }
}

fn bad_moment(message: &str) -> Text {
    text(format!("日期写得不对，请写成 2026-05-08。（{message}）"), message.to_owned())
}

/// A scanned mark is about now: another day is asked about on its certificate's page.
async fn mark(
    State(app): State<App>,
    Path(digits): Path<String>,
    Query(query): Query<PageQuery>,
    uri: Uri,
) -> Response {
    let lang = query.lang();
    match app.service.mark_answer(&digits, Asked::default()) {
        Ok(answer) => {
            let view = view::mark(&answer, "", app.service.now());
            let known = !matches!(view.face, Face::NotGenuine | Face::Incomplete | Face::NoSuchRecord);
            verdict(&app, lang, &uri, if known { StatusCode::OK } else { StatusCode::NOT_FOUND }, view)
        }
        Err(error) => failed(&app, lang, &uri, error),
    }
}

#[derive(Debug, Default, Deserialize)]
struct HomeQuery {
    q: Option<String>,
    page: Option<usize>,
    lang: Option<String>,
}

async fn home(State(app): State<App>, Query(query): Query<HomeQuery>, uri: Uri) -> Response {
    let lang = Lang::of(query.lang.as_deref());
    let typed = query.q.as_deref().unwrap_or_default().trim();
    if typed.is_empty() {
        return home_page(&app, lang, &uri, String::new(), None, StatusCode::OK);
    }
    if typed.len() > SEARCH_MAX {
        let fault =
            text("输入太长了：一次查一个编号、名称或代码。", "That is too long: search for one number, name or code.");
        return home_page(&app, lang, &uri, String::new(), Some(no_results(fault)), StatusCode::BAD_REQUEST);
    }
    match search(&app, lang, typed, query.page.unwrap_or(1).min(PAGES)) {
        Ok(Found::At(href)) => Redirect::to(&href).into_response(),
        Ok(Found::List(results)) => {
            let status = if results.lines.is_empty() { StatusCode::NOT_FOUND } else { StatusCode::OK };
            home_page(&app, lang, &uri, typed.to_owned(), Some(results), status)
        }
        Err(error) => failed(&app, lang, &uri, error),
    }
}

enum Found {
    At(String),
    List(Results),
}

/// What people type: a scanned address, an identifier, a number, a code, or part of a name.
fn search(app: &App, lang: Lang, typed: &str, page: usize) -> Result<Found, ServiceError> {
    let suffix = if lang.is_zh() { "" } else { "?lang=en" };
    if let Ok(url) = ScannedUrl::parse(typed) {
        if url.host == app.service.host().as_str() {
            return Ok(Found::At(format!("/m/{}{suffix}", url.digits)));
        }
        return Ok(Found::List(no_results(text(
            format!("这个网址是 {} 的，不是本机构的 {}。", url.host, app.service.host()),
            format!("That address belongs to {}, not to this body's {}.", url.host, app.service.host()),
        ))));
    }
    if let Ok(id) = CertificateId::parse(typed) {
        if app.service.certificate_answer(id, Default::default())?.is_some() {
            return Ok(Found::At(format!("/c/{id}{suffix}")));
        }
        return Ok(Found::At(format!("/m/{typed}{suffix}")));
    }
    if CertificateNumber::parse(typed).is_ok()
        && let Some(certificate) = app.service.by_number(typed)?
    {
        return Ok(Found::At(format!("/c/{}{suffix}", certificate.id)));
    }
    let request = PageRequest { offset: page.saturating_sub(1).saturating_mul(LINES), size: LINES };
    let found = match Uscc::parse(typed) {
        Ok(uscc) => app.service.by_holder(uscc, request)?,
        Err(_) => match app.service.by_name(typed, request) {
            Ok(found) => found,
            Err(ServiceError::Refused(why)) => {
                let why = why.first().map_or_else(String::new, |r| r.message.to_string());
                return Ok(Found::List(no_results(text(format!("查不了：{why}"), why))));
            }
            Err(other) => return Err(other),
        },
    };
    Ok(Found::List(results(app, lang, typed, page.max(1), &found)))
}

fn no_results(fault: Text) -> Results {
    Results { lines: vec![], total: 0, first: 1, previous: None, next: None, fault: Some(fault) }
}

fn results(app: &App, lang: Lang, typed: &str, page: usize, found: &Page<Certificate>) -> Results {
    let at = |page: usize| {
        let language = if lang.is_zh() { "" } else { "&lang=en" };
        format!("/?q={}&page={page}{language}", percent(typed))
    };
    let first = (page - 1) * LINES + 1;
    Results {
        lines: found.items.iter().map(|c| line(app, lang, c)).collect(),
        total: found.total,
        first,
        previous: (page > 1).then(|| at(page - 1)),
        next: (first + found.items.len() <= found.total && !found.items.is_empty()).then(|| at(page + 1)),
        fault: None,
    }
}

fn line(app: &App, lang: Lang, certificate: &Certificate) -> Line {
    let terms = certificate.terms();
    let standing = app.service.standing_now(certificate);
    let face = standing.map_or(Face::CannotTell, Face::Standing);
    Line {
        href: format!("/c/{}{}", certificate.id, if lang.is_zh() { "" } else { "?lang=en" }),
        holder: terms.holder.name.to_string(),
        number: terms.number.to_string(),
        level: text(terms.level.zh(), terms.level.en()),
        praised: standing == Some(Standing::Valid),
        word: face.word(),
        class: face.class(),
        until: terms.valid_until.to_string(),
    }
}

/// Percent-encodes a query value (RFC 3986).
fn percent(text: &str) -> String {
    let keep = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_' | b'~');
    text.bytes().map(|b| if keep(b) { char::from(b).to_string() } else { format!("%{b:02X}") }).collect()
}

fn home_page(
    app: &App,
    lang: Lang,
    uri: &Uri,
    typed: String,
    results: Option<Results>,
    status: StatusCode,
) -> Response {
    let title = text("证书查验", "Check a certificate");
    let frame = Frame::of(app, lang, title, uri);
    let standard = app.service.scheme().standard.clone();
    html(status, &HomePage { frame, standard, typed, results })
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
    let frame = Frame::of(&app, Lang::Zh, text("没有这一页", "No such page"), &uri);
    let heading = text("没有这一页", "No such page");
    let sentence = text(
        "网址可能抄错了。可以在首页按编号、名称或代码查询。",
        "The address may be mistyped. Search by number, name or code on the first page.",
    );
    html(StatusCode::NOT_FOUND, &MessagePage { frame, heading, sentence })
}

async fn style() -> Response {
    cached("text/css; charset=utf-8", STYLE)
}

async fn icon() -> Response {
    cached("image/svg+xml", ICON)
}

fn cached(content_type: &'static str, body: &'static str) -> Response {
    ([(header::CONTENT_TYPE, HeaderValue::from_static(content_type)), (header::CACHE_CONTROL, STYLE_AGE)], body)
        .into_response()
}
