//! The first page: one field for whatever people type or paste, and what was found.

use super::hosts::imitation;
use super::language::suffix;
use super::words::{Face, Lang, Text, text};
use super::{App, Frame, failed, html};
use crate::domain::error::shown;
use crate::domain::{Certificate, Standing};
use crate::http::pressure::Whose;
use crate::service::ServiceError;
use crate::service::search::Found;
use crate::service::typed::Leads;
use crate::store::{Page, PageRequest};
use askama::Template;
use axum::extract::{Query, State};
use axum::http::{StatusCode, Uri};
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

/// Last page of a search that is looked at.
const PAGES: usize = 1_000_000;
/// Lines of a search on one page.
const LINES: usize = 20;
/// Longest search text looked at, in characters: a mark's address, pasted with a sentence around it.
const SEARCH_MAX: usize = 500;

#[derive(Template)]
#[template(path = "home.html")]
struct HomePage {
    frame: Frame,
    standard: String,
    typed: String,
    longest: usize,
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

#[derive(Debug, Default, Deserialize)]
pub(super) struct HomeQuery {
    q: Option<String>,
    page: Option<usize>,
    lang: Option<String>,
}

pub(super) async fn home(State(app): State<App>, Query(query): Query<HomeQuery>, uri: Uri) -> Response {
    let lang = Lang::of(query.lang.as_deref());
    let typed = query.q.as_deref().unwrap_or_default().trim();
    if typed.is_empty() {
        return home_page(&app, lang, &uri, String::new(), None, StatusCode::OK);
    }
    if typed.chars().count() > SEARCH_MAX {
        return home_page(&app, lang, &uri, String::new(), Some(no_results(too_long())), StatusCode::BAD_REQUEST);
    }
    let number = query.page.unwrap_or(1).clamp(1, PAGES);
    let page = PageRequest { offset: (number - 1) * LINES, size: LINES };
    let language = suffix(&uri);
    let (text, links) = (typed.to_owned(), app.links.clone());
    let found = match app.aside(Whose::Public, move |service| service.search(&text, links.authority(), page)).await {
        Ok(found) => found,
        Err(problem) => return problem.into_response(),
    };
    let (results, status) = match found {
        Ok(Found::Ours(Leads::Certificate(id))) => return Redirect::to(&format!("/c/{id}{language}")).into_response(),
        Ok(Found::Ours(Leads::Mark(digits))) => return Redirect::to(&format!("/m/{digits}{language}")).into_response(),
        Ok(Found::Ours(Leads::Receipt(id))) => return Redirect::to(&format!("/r/{id}{language}")).into_response(),
        Ok(Found::Ours(Leads::Elsewhere)) => (no_results(no_page()), StatusCode::NOT_FOUND),
        Ok(Found::Foreign(host)) => (no_results(foreign(&app, &host)), StatusCode::NOT_FOUND),
        Ok(Found::List(found)) => {
            let status = if found.items.is_empty() { StatusCode::NOT_FOUND } else { StatusCode::OK };
            (results(&app, &uri, typed, number, &found), status)
        }
        Err(ServiceError::Refused(why)) => {
            let long = why.iter().any(|r| r.code == "text_too_long");
            (no_results(if long { too_long() } else { nothing_asked() }), StatusCode::BAD_REQUEST)
        }
        Err(error) => return failed(&app, lang, &uri, error),
    };
    home_page(&app, lang, &uri, typed.to_owned(), Some(results), status)
}

fn too_long() -> Text {
    text("输入太长了：一次查一个编号、名称或代码。", "That is too long: search for one number, name or code.")
}

fn nothing_asked() -> Text {
    text("请输入一个编号、企业名称或代码。", "Type one number, company name or code.")
}

fn no_page() -> Text {
    text(
        "这个网址是本机构的，但不是一张证书或一个标志的页面。请按编号、企业名称或代码查询。",
        "That is an address of this body, but not the page of a certificate or mark. Search by number, company name or code.",
    )
}

fn foreign(app: &App, host: &str) -> Text {
    let ours = app.service.host();
    let Text { zh, en } = imitation(host, ours);
    let en = if en.is_empty() { en } else { format!(" {en}") };
    let host = shown(host);
    text(
        format!("{host} 不是本机构的网址，没有查询它。{zh}本机构的查验网址只有 {ours}。"),
        format!(
            "{host} is not this body's address: nothing was looked up.{en} This body's verification host is {ours} only."
        ),
    )
}

fn no_results(fault: Text) -> Results {
    Results { lines: vec![], total: 0, first: 1, previous: None, next: None, fault: Some(fault) }
}

fn results(app: &App, uri: &Uri, typed: &str, page: usize, found: &Page<Certificate>) -> Results {
    let at = |page: usize| {
        let language = suffix(uri).replace('?', "&");
        format!("/?q={}&page={page}{language}", percent(typed))
    };
    let first = (page - 1) * LINES + 1;
    Results {
        lines: found.items.iter().map(|c| line(app, suffix(uri), c)).collect(),
        total: found.total,
        first,
        previous: (page > 1).then(|| at(page - 1)),
        next: (first + found.items.len() <= found.total && !found.items.is_empty()).then(|| at(page + 1)),
        fault: None,
    }
}

fn line(app: &App, suffix: &str, certificate: &Certificate) -> Line {
    let terms = certificate.terms();
    let standing = app.service.standing_now(certificate);
    let face = standing.map_or(Face::CannotTell, Face::Standing);
    Line {
        href: format!("/c/{}{suffix}", certificate.id),
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
pub(super) fn percent(text: &str) -> String {
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
    html(status, &HomePage { frame, standard, typed, longest: SEARCH_MAX, results })
}
