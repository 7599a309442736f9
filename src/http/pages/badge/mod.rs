//! The badge of a certificate, for its holder's own site: as a picture, as a page for a frame, as a module; and the page where a
//! holder takes them. It shows how the certificate stands when it is asked for.

mod maker;
mod told;

use super::language::{named, suffix};
use super::words::Lang;
use super::{App, JAVASCRIPT, PageQuery, for_a_day};
use crate::domain::Refusal;
use crate::http::error::Problem;
use crate::http::observe::Embedded;
use crate::http::packed::{packed, packed_once};
use crate::service::ServiceError;
use askama::Template;
use axum::Router;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, HeaderValue, Uri, header};
use axum::response::Response;
use axum::routing::get;
use std::collections::BTreeMap;
use std::sync::Mutex;
use told::Told;

/// Where a holder takes a badge.
pub const PAGE: &str = "/badge";
/// The picture.
const PICTURE: &str = "/c/{id}/badge.svg";
/// The page for a frame.
const FRAME: &str = "/c/{id}/badge";
/// The module that defines the element.
pub(super) const MODULE: &str = "/embed/badge.js";
const SCRIPT: &str = include_str!("../../../../assets/badge.js");
const STYLE: &str = include_str!("../../../../assets/badge.css");
/// Who turns the pages of a site asks once a minute, and nobody sees a standing that is older.
const AGE: HeaderValue = HeaderValue::from_static("public, max-age=60");
/// Its address is written into pages for years, so its faults are mended within the hour.
const SCRIPT_AGE: HeaderValue = HeaderValue::from_static("public, max-age=3600");
const SVG: &str = "image/svg+xml";
const HTML: &str = "text/html; charset=utf-8";

/// Their routes.
pub(super) fn routes() -> Router<App> {
    Router::new()
        .route(PAGE, get(maker::page))
        .route(PICTURE, get(picture))
        .route(FRAME, get(frame))
        .route(MODULE, get(module))
        .route("/assets/badge.css", get(style))
}

/// The page for a frame: the picture, and the certificate's page behind it.
#[derive(Template)]
#[template(path = "badge_frame.html")]
struct FramePage {
    lang: Lang,
    label: String,
    href: String,
    svg: String,
}

async fn picture(
    State(app): State<App>,
    Path(id): Path<String>,
    Query(query): Query<PageQuery>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let (work, lang) = (app.clone(), query.lang());
    let made = app.heavy.run_patiently(move || {
        let told = Told::of(&work, &id);
        Ok::<_, ServiceError>(embedded(
            &told,
            packed(&headers, SVG, told.drawn(&work, lang)?.as_bytes()),
            Embedded::Picture,
        ))
    });
    Ok(made.await??)
}

async fn frame(
    State(app): State<App>,
    Path(id): Path<String>,
    Query(query): Query<PageQuery>,
    headers: HeaderMap,
    uri: Uri,
) -> Result<Response, Problem> {
    let (work, lang) = (app.clone(), query.lang());
    let made = app.heavy.run_patiently(move || {
        let told = Told::of(&work, &id);
        let svg = told.drawn(&work, lang)?;
        Ok::<_, ServiceError>(framed(&told, svg, lang, &uri, &headers)?)
    });
    Ok(made.await??)
}

fn framed(told: &Told, svg: String, lang: Lang, uri: &Uri, headers: &HeaderMap) -> Result<Response, Refusal> {
    let page = FramePage { lang, label: told.label(lang), href: format!("{}{}", told.path(), suffix(uri)), svg };
    let html = page.render().map_err(|e| Refusal::rule("badge_failed", e.to_string()))?;
    Ok(embedded(told, packed(headers, HTML, html.as_bytes()), Embedded::Frame))
}

/// The answer with its status and its age; what is not known is asked for again at once.
fn embedded(told: &Told, mut response: Response, how: Embedded) -> Response {
    *response.status_mut() = told.status;
    if told.is_known() {
        response.headers_mut().insert(header::CACHE_CONTROL, AGE);
    }
    response.extensions_mut().insert(how);
    response
}

/// In place of an answer that was not made: a badge that cannot tell, as it stands where a badge is expected. None where the route
/// is no badge's.
pub fn instead(app: &App, route: &str, uri: &Uri, instead_of: &Response) -> Option<Response> {
    if route != PICTURE && route != FRAME {
        return None;
    }
    let id = uri.path().split('/').nth(2).unwrap_or_default();
    let told = Told::nothing(id, instead_of.status());
    let lang = Lang::of(named(uri));
    let svg = blank(app, &told, lang)?;
    let headers = HeaderMap::new();
    let mut response = match route {
        PICTURE => embedded(&told, packed(&headers, SVG, svg.as_bytes()), Embedded::Picture),
        _ => framed(&told, svg, lang, uri, &headers).ok()?,
    };
    let kept = [header::RETRY_AFTER, header::ALLOW].into_iter();
    response
        .headers_mut()
        .extend(kept.filter_map(|name| Some((name.clone(), instead_of.headers().get(&name)?.clone()))));
    Some(response)
}

/// The drawing of one that cannot tell, made once: it is given out most where too much is asked.
fn blank(app: &App, told: &Told, lang: Lang) -> Option<String> {
    static DRAWN: Mutex<BTreeMap<(String, bool), String>> = Mutex::new(BTreeMap::new());
    let key = (app.service.host().to_string(), lang.is_zh());
    let mut drawn = DRAWN.lock().ok()?;
    if let Some(svg) = drawn.get(&key) {
        return Some(svg.clone());
    }
    let svg = told.drawn(app, lang).ok()?;
    drawn.insert(key, svg.clone());
    Some(svg)
}

/// A module of another site is asked for with its origin, and says that anybody may run it.
async fn module(headers: HeaderMap) -> Response {
    let mut response = packed_once(&headers, JAVASCRIPT, SCRIPT);
    response.headers_mut().insert(header::CACHE_CONTROL, SCRIPT_AGE);
    response.headers_mut().insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    response.extensions_mut().insert(Embedded::Module);
    response
}

async fn style(headers: HeaderMap) -> Response {
    for_a_day(packed_once(&headers, "text/css; charset=utf-8", STYLE))
}
