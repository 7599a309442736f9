//! The issuing area for people of the body: pages behind a token, which the browser keeps in a cookie of this area alone.
//!
//! Almost everything here only looks: acts on certificates go through the issuing API. What is done with a report of misuse is done
//! where its evidence is seen.

mod answer;
mod paper;
mod preview;
mod reports;
mod wish;
mod words;

use super::super::App;
use super::super::error::Problem;
use super::super::upload::from_elsewhere;
use super::words::text;
use super::{Frame, PageQuery, html, message};
use crate::domain::Role;
use crate::service::Actor;
use askama::Template;
use axum::Router;
use axum::extract::{Form, FromRequestParts, Query, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use cookie::{Cookie, SameSite};
use serde::Deserialize;

/// Pages of the area; the first is where one comes in.
pub const PAGES: [&str; 3] = ["/issuing", "/issuing/marks", "/issuing/reports"];
/// Cookie with the token. It ends with the browser's session.
const COOKIE: &str = "starmark-token";
/// Who may look at artwork.
const MAY_LOOK: [Role; 3] = [Role::MarkOfficer, Role::Registrar, Role::Reader];

/// Routes of the area.
pub fn routes() -> Router<App> {
    Router::new()
        .route(PAGES[0], get(door))
        .route("/issuing/session", post(come_in))
        .route("/issuing/session/end", post(leave))
        .route(PAGES[1], get(preview::page))
        .route("/issuing/marks/advice", get(preview::advice))
        .route("/issuing/marks/file", get(preview::file))
        .route("/issuing/marks/kit", get(preview::kit))
        .route("/issuing/certificate", get(paper::file))
        .route(PAGES[2], get(reports::page))
        .route("/issuing/reports/{id}", post(reports::act))
        .route("/issuing/reports/{id}/photo", get(reports::photo))
}

#[derive(Template)]
#[template(path = "staff_door.html")]
struct Door {
    frame: Frame,
    /// A token was given that is none.
    wrong: bool,
}

/// Whoever has come in with a token whose role may look at artwork.
pub(super) struct Staff(Actor);

/// Nobody has come in: a page that asks for a token.
pub(super) struct Outside(App, Uri);

impl FromRequestParts<App> for Staff {
    type Rejection = Outside;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Outside> {
        let outside = || Outside(app.clone(), parts.uri.clone());
        let actor = token(&parts.headers).and_then(|secret| app.service.bearer(&secret)).ok_or_else(outside)?;
        actor.acting_as_one_of(&MAY_LOOK).map_err(|_| outside())?;
        Ok(Self(actor))
    }
}

impl IntoResponse for Outside {
    fn into_response(self) -> Response {
        let Self(app, uri) = self;
        closed(&app, &uri, StatusCode::UNAUTHORIZED, false)
    }
}

fn closed(app: &App, uri: &Uri, status: StatusCode, wrong: bool) -> Response {
    let frame = Frame::of(app, super::lang_of(uri), text("机构人员入口", "Certification body staff"), uri);
    html(status, &Door { frame, wrong })
}

/// The secret in the cookie.
fn token(headers: &HeaderMap) -> Option<String> {
    let all = headers.get_all(header::COOKIE).iter().filter_map(|v| v.to_str().ok());
    let mut cookies = all.flat_map(Cookie::split_parse).flatten();
    cookies.find(|cookie| cookie.name() == COOKIE).map(|cookie| cookie.value().to_owned())
}

/// A cookie that no script reads, no other site sends along, and no other part of this one gets.
fn cookie(app: &App, secret: &str) -> Cookie<'static> {
    let safe = app.links.base.starts_with("https:");
    let made = Cookie::build((COOKIE, secret.to_owned())).path("/issuing").http_only(true);
    made.same_site(SameSite::Strict).secure(safe).build()
}

async fn door(
    State(app): State<App>,
    staff: Result<Staff, Outside>,
    Query(query): Query<PageQuery>,
    uri: Uri,
) -> Response {
    match staff {
        Ok(_) => Redirect::to(&preview::address(query.lang())).into_response(),
        Err(_) => closed(&app, &uri, StatusCode::OK, false),
    }
}

#[derive(Deserialize)]
struct Key {
    token: String,
    lang: Option<String>,
}

/// Sets the cookie, if the token is one whose role may look at artwork.
async fn come_in(State(app): State<App>, headers: HeaderMap, Form(key): Form<Key>) -> Response {
    let lang = super::words::Lang::of(key.lang.as_deref());
    let back: Uri = if lang.is_zh() { Uri::from_static("/issuing") } else { Uri::from_static("/issuing?lang=en") };
    if from_elsewhere(&headers) {
        return closed(&app, &back, StatusCode::FORBIDDEN, false);
    }
    let secret = key.token.trim();
    let actor = app.service.bearer(secret).filter(|actor| actor.acting_as_one_of(&MAY_LOOK).is_ok());
    if actor.is_none() {
        return closed(&app, &back, StatusCode::FORBIDDEN, true);
    }
    with_cookie(&cookie(&app, secret), &preview::address(lang))
}

/// Takes the cookie back.
async fn leave(State(app): State<App>, Query(query): Query<PageQuery>) -> Response {
    let mut gone = cookie(&app, "");
    gone.make_removal();
    with_cookie(&gone, if query.lang().is_zh() { "/issuing" } else { "/issuing?lang=en" })
}

fn with_cookie(cookie: &Cookie<'_>, to: &str) -> Response {
    let mut response = Redirect::to(to).into_response();
    match HeaderValue::from_str(&cookie.to_string()) {
        Ok(value) => {
            response.headers_mut().insert(header::SET_COOKIE, value);
            response
        }
        Err(_) => Problem::new(StatusCode::BAD_REQUEST, "bad_token", "the token has letters that no token has")
            .into_response(),
    }
}

/// A page in place of a file that is not given: what was asked for, in the words of people.
fn refused(app: &App, uri: &Uri, why: Problem) -> Response {
    let heading = text("这个文件现在给不了", "This file is not to be had now");
    let sentence = words::refused(why.code, &why.detail);
    let mut page = message(app, super::lang_of(uri), uri, why.status(), heading, sentence);
    if let Some(header) = why.header {
        page.headers_mut().insert(header.0, header.1);
    }
    page
}
