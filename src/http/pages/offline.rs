//! Checking without a network: the page on which one has a device keep what that takes, the worker that then stands in for the
//! network, and how the site installs as an app.

use super::super::App;
use super::super::observe::RunsScript;
use super::super::packed::length_once;
use super::scripts::{self, script};
use super::words::{Lang, text, thousands};
use super::{Frame, ICON, JAVASCRIPT, PageQuery, for_a_day, html, style, tool};
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
    let pages =
        SHELL.map(|(lang, path)| tool::filled(&app, lang, &Uri::from_static(path)).render().map_or(0, |p| p.len()));
    let bytes = scripts::length("of-files.js") + length_once(&style::STYLE) + pages.iter().sum::<usize>();
    let kilobytes = thousands(bytes.div_ceil(1000));
    let frame = Frame::of(&app, query.lang(), text("没网也能查", "Check without a network"), &uri);
    let mut response = html(StatusCode::OK, &OfflinePage { frame, script: script("of-device.js"), kilobytes });
    response.extensions_mut().insert(RunsScript::Keeper);
    response
}

/// The worker, with what it keeps and a version that changes with any of it.
async fn worker(State(app): State<App>) -> Response {
    let files: Vec<String> = SHELL
        .iter()
        .map(|(_, path)| (*path).to_owned())
        .chain([style::ADDRESS.clone(), "/assets/icon.svg".to_owned()])
        .chain([format!("{PAGE}?lang=zh"), format!("{PAGE}?lang=en"), script("of-device.js")])
        .chain(scripts::kept("of-files.js"))
        .collect();
    let mut all = Sha256::new();
    files.iter().for_each(|file| all.update(file));
    all.update(ICON);
    for (lang, path) in SHELL {
        let mut page = tool::filled(&app, lang, &Uri::from_static(path));
        // When it was made is no part of what it says.
        page.frame.at.clear();
        all.update(page.render().unwrap_or_default());
    }
    let version: String = all.finalize().iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    let worthy = scripts::inlined("worthy.js", "worthy");
    let script = format!(
        "\"use strict\";\nconst VERSION = {};\nconst FILES = {};\n{worthy}{SCRIPT}",
        json!(version),
        json!(files)
    );
    let headers = [(header::CONTENT_TYPE, JAVASCRIPT), (header::CACHE_CONTROL, "no-cache")];
    let mut response = (headers, script).into_response();
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
