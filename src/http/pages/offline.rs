//! Checking without a network: the page on which one has a device keep what that takes, the worker that then stands in for the
//! network, and how the site installs as an app.

use super::super::App;
use super::super::observe::RunsScript;
use super::super::packed::{length, length_once};
use super::scripts::{self, script};
use super::words::{Lang, text, thousands};
use super::{Frame, ICON, JAVASCRIPT, PageQuery, for_a_day, html, style, tool};
use crate::domain::hex;
use crate::draw::page::Page;
use crate::draw::png::png;
use crate::draw::shape::{Colour, rounded, star};
use askama::Template;
use axum::Router;
use axum::extract::{Path, Query, State};
use axum::http::{StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde_json::json;
use sha2::{Digest as _, Sha256};

/// The page.
pub(super) const PAGE: &str = "/offline";
/// The worker; it stands at the root, for it answers for every page.
const WORKER: &str = "/sw.js";
const MANIFEST: &str = "/manifest.webmanifest";
/// What the worker runs.
const SCRIPT: &str = include_str!("../../../assets/worker.js");
/// The page that stands in for every other, in both languages.
const SHELL: [(Lang, &str); 2] = [(Lang::Zh, "/verify?lang=zh"), (Lang::En, "/verify?lang=en")];
/// The page about what is kept, in both languages.
const ABOUT: [(Lang, &str); 2] = [(Lang::Zh, "/offline?lang=zh"), (Lang::En, "/offline?lang=en")];
/// Names of the icons as pictures, their sides in pixels, and whether the sign keeps clear of the edges so that a device may cut them.
const ICONS: [(&str, u32, bool); 4] =
    [("180.png", 180, true), ("192.png", 192, false), ("512.png", 512, false), ("cut.png", 512, true)];
/// Side of the drawing of an icon.
const SIDE: f64 = 32.0;

/// Their routes.
pub(super) fn routes() -> Router<App> {
    Router::new()
        .route(PAGE, get(page))
        .route(WORKER, get(worker))
        .route(MANIFEST, get(manifest))
        .route("/assets/icons/{name}", get(icon))
}

#[derive(Template)]
#[template(path = "offline.html")]
struct OfflinePage {
    frame: Frame,
    script: String,
    /// What is kept, in thousands of bytes.
    kilobytes: String,
}

async fn page(State(app): State<App>, Query(query): Query<PageQuery>, uri: Uri) -> Response {
    let pages = pages(&app);
    let travels = |text: &String| length(text.as_bytes());
    let bytes = pages.iter().map(|(_, html)| travels(html)).sum::<usize>()
        + files().iter().map(|(_, bytes)| bytes).sum::<usize>()
        + travels(&worker_of(&pages));
    let mut response = html(StatusCode::OK, &about(&app, query.lang(), &uri, thousands(bytes.div_ceil(1000))));
    response.extensions_mut().insert(RunsScript::Keeper);
    response
}

fn about(app: &App, lang: Lang, uri: &Uri, kilobytes: String) -> OfflinePage {
    let frame = Frame::of(app, lang, text("没网也能查", "Check without a network"), uri);
    OfflinePage { frame, script: script("of-device.js"), kilobytes }
}

/// The pages a device keeps, by their addresses, without what they say of when they were made: the one that stands in for every other, and
/// this one.
fn pages(app: &App) -> Vec<(&'static str, String)> {
    let mut pages = vec![];
    for (lang, path) in SHELL {
        let mut page = tool::filled(app, lang, &Uri::from_static(path));
        page.frame.at.clear();
        pages.push((path, page.render().unwrap_or_default()));
    }
    for (lang, path) in ABOUT {
        let mut page = about(app, lang, &Uri::from_static(path), String::new());
        page.frame.at.clear();
        pages.push((path, page.render().unwrap_or_default()));
    }
    pages
}

/// Whatever else it keeps, with how many bytes of it travel.
fn files() -> Vec<(String, usize)> {
    let mut files = scripts::kept(&["of-files.js", "of-device.js"]);
    files.push((style::ADDRESS.clone(), length_once(&style::STYLE)));
    files.push(("/assets/icon.svg".to_owned(), length_once(ICON)));
    files
}

/// The worker's script, with what it keeps and a version that changes with any of it.
fn worker_of(pages: &[(&str, String)]) -> String {
    let mut all = Sha256::new();
    let mut kept: Vec<String> = vec![];
    for (path, html) in pages {
        all.update(html);
        kept.push((*path).to_owned());
    }
    kept.extend(files().into_iter().map(|(address, _)| address));
    kept.iter().for_each(|address| all.update(address));
    all.update(ICON);
    let version = hex(&all.finalize()[..8]);
    let worthy = scripts::inlined("worthy.js", "worthy");
    format!("\"use strict\";\nconst VERSION = {};\nconst FILES = {};\n{worthy}{SCRIPT}", json!(version), json!(kept))
}

async fn worker(State(app): State<App>) -> Response {
    let headers = [(header::CONTENT_TYPE, JAVASCRIPT), (header::CACHE_CONTROL, "no-cache")];
    let mut response = (headers, worker_of(&pages(&app))).into_response();
    response.extensions_mut().insert(RunsScript::Worker);
    response
}

async fn manifest(State(app): State<App>) -> Response {
    let body = app.service.body().name;
    let png = |(name, side, is_cut): (&str, u32, bool)| {
        let purpose = if is_cut { "maskable" } else { "any" };
        json!({ "src": format!("/assets/icons/{name}"), "sizes": format!("{side}x{side}"), "type": "image/png", "purpose": purpose })
    };
    let mut icons = vec![json!({ "src": "/assets/icon.svg", "sizes": "any", "type": "image/svg+xml" })];
    icons.extend(ICONS.into_iter().skip(1).map(png));
    let shortcut = |name: &str, url: &str| json!({ "name": name, "url": url });
    let manifest = json!({
        "id": "/",
        "name": format!("星标查验 · {body}"),
        "short_name": "星标查验",
        "description": "查售后服务认证证书和标志的真假与状态",
        "lang": "zh-CN",
        "start_url": "/scan",
        "scope": "/",
        // With the address in sight: it is what tells this site from an imitation.
        "display": "minimal-ui",
        "background_color": "#ffffff",
        "theme_color": "#a8201a",
        "icons": icons,
        "shortcuts": [shortcut("查证书", "/"), shortcut("验标志", "/scan"), shortcut("核验文件", "/verify")],
    });
    let headers =
        [(header::CONTENT_TYPE, "application/manifest+json"), (header::CACHE_CONTROL, "public, max-age=3600")];
    (headers, manifest.to_string()).into_response()
}

/// One of the icons.
async fn icon(Path(name): Path<String>) -> Response {
    let found = ICONS.into_iter().find(|(known, _, _)| *known == name);
    let drawn = found.and_then(|(_, side, is_cut)| png(&sign(is_cut), f64::from(side) / SIDE).ok());
    drawn.map_or_else(
        || StatusCode::NOT_FOUND.into_response(),
        |bytes| for_a_day(([(header::CONTENT_TYPE, "image/png")], bytes).into_response()),
    )
}

/// The site's sign, as in `assets/icon.svg`.
fn sign(is_cut: bool) -> Page {
    let mut page = Page::new(SIDE, SIDE);
    let (corner, radius) = if is_cut { (0.0, 9.0) } else { (6.0, 11.5) };
    page.fill(rounded(0.0, 0.0, SIDE, SIDE, corner, corner), Colour::VERMILION);
    page.fill(star(SIDE / 2.0, SIDE / 2.0 + radius / 12.0, radius), Colour::WHITE);
    page
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn icons_have_the_size_they_say_and_no_colour_but_the_signs() {
        for (name, side, is_cut) in ICONS {
            let bytes = png(&sign(is_cut), f64::from(side) / SIDE).unwrap();
            let picture = image::load_from_memory(&bytes).unwrap().into_rgba8();
            assert_eq!((picture.width(), picture.height()), (side, side), "{name}");
            // A device that cuts corners finds the sign's ground there; elsewhere they are round.
            assert_eq!(picture.get_pixel(0, 0).0[3], if is_cut { 255 } else { 0 }, "{name}");
            assert_eq!(picture.get_pixel(side / 2, side / 2).0, [255, 255, 255, 255], "{name}");
            assert!(bytes.len() < 12_000, "{name}: {}", bytes.len());
        }
    }
}
