//! Checking any mark: a photograph of it, or what a camera read, and where its code leads.

use super::hosts::imitation;
use super::language::suffix;
use super::scripts::script;
use super::words::{Face, Lang, Text, text};
use super::{App, Frame, PageQuery, RunsScript, SCAN_SCRIPT, forms, html, lang_of, search, versioned, view};
use crate::domain::error::shown;
use crate::http::error::Problem;
use crate::http::upload::{FILE_MAX, Form};
use crate::mark::read::{CODES_MAX, codes, pixels};
use crate::service::ServiceError;
use crate::service::lookup::Asked;
use crate::service::scanned::Scanned;
use crate::service::typed::Leads;
use crate::verify::Verdict;
use askama::Template;
use axum::extract::{Query, State};
use axum::http::{StatusCode, Uri};
use axum::response::{IntoResponse, Redirect, Response};
use view::View;

/// Where a mark is checked.
pub const ROUTE: &str = "/scan";
/// Longest address that repeats the codes of a picture: what every proxy lets through.
const ADDRESS_MAX: usize = 4_000;
/// Pictures of more pixels than phones take by themselves are read one at a time: they take hundreds of megabytes.
const MANY_PIXELS: u64 = 13_000_000;

#[derive(Template)]
#[template(path = "scan.html")]
struct ScanPage {
    frame: Frame,
    /// What came of it.
    answer: Option<Answer>,
    /// Why nothing did.
    fault: Option<Text>,
    megabytes: usize,
    /// What the page runs.
    script: String,
    /// Module by which the installed app comes to work without a network.
    device: String,
}

/// What came of a picture.
struct Answer {
    view: View,
    /// Each code in it, where they are several.
    codes: Vec<Line>,
}

/// A code among several.
struct Line {
    face: Face,
    /// What it is, in a word.
    word: Text,
    said: Text,
    /// Its text, shortened.
    code: String,
    /// Our page about it.
    href: Option<String>,
}

/// The form; or, where the address repeats them, what some codes lead to.
pub(super) async fn page(
    State(app): State<App>,
    Query(query): Query<PageQuery>,
    Query(parameters): Query<Vec<(String, String)>>,
    uri: Uri,
) -> Response {
    let codes: Vec<String> = parameters.into_iter().filter(|(name, _)| name == "code").map(|(_, code)| code).collect();
    match codes.len() {
        0 => form(&app, query.lang(), &uri, StatusCode::OK, None),
        n if n > CODES_MAX => form(&app, query.lang(), &uri, StatusCode::BAD_REQUEST, Some(unread("photo_crowded"))),
        _ => looked_up(&app, uri, codes).await,
    }
}

/// A photograph that was sent.
pub(super) async fn photo(State(app): State<App>, uri: Uri, sent: Result<Form, Problem>) -> Response {
    let lang = lang_of(&uri);
    let sent = match sent {
        Ok(sent) => sent,
        Err(problem) => return refused(&app, lang, &uri, problem),
    };
    if sent.file.is_none() {
        let said = text(
            "还没有选图片。请拍一张标志的照片，或选一张。",
            "No picture was chosen. Take a photo of the mark, or choose one.",
        );
        return form(&app, lang, &uri, StatusCode::BAD_REQUEST, Some(said));
    }
    // The form keeps its place until its picture is read.
    let is_large = sent.file.as_deref().and_then(pixels).is_some_and(|pixels| pixels > MANY_PIXELS);
    let work = move || sent.file.as_ref().map(|file| codes(file)).transpose();
    let found = if is_large { app.heavy.run_large(work).await } else { app.heavy.run_patiently(work).await };
    let found: Vec<String> = match found {
        Err(problem) => return refused(&app, lang, &uri, problem),
        Ok(Err(refusal)) => return form(&app, lang, &uri, StatusCode::BAD_REQUEST, Some(unread(refusal.code))),
        Ok(Ok(found)) => found.into_iter().flatten().collect(),
    };
    if found.is_empty() {
        return unreadable(&app, lang, &uri);
    }
    // An address of its own: in the other language, again, and passed on.
    let repeated: Vec<String> = found.iter().map(|code| format!("code={}", search::percent(code))).collect();
    let chosen = suffix(&uri).trim_start_matches('?');
    let query: Vec<&str> =
        [chosen].into_iter().filter(|s| !s.is_empty()).chain(repeated.iter().map(String::as_str)).collect();
    let address = format!("{ROUTE}?{}", query.join("&"));
    if address.len() <= ADDRESS_MAX {
        Redirect::to(&address).into_response()
    } else {
        looked_up(&app, uri, found).await
    }
}

/// What the codes lead to, looked up where that keeps nobody waiting.
async fn looked_up(app: &App, uri: Uri, codes: Vec<String>) -> Response {
    let (work, at) = (app.clone(), uri.clone());
    match app.heavy.run_patiently(move || told(&work, &at, &codes)).await {
        Ok(response) => response,
        Err(problem) => refused(app, lang_of(&uri), &uri, problem),
    }
}

/// What the codes lead to: straight to our page, where there is one code and it is a mark's or a receipt's.
fn told(app: &App, uri: &Uri, codes: &[String]) -> Response {
    let lang = lang_of(uri);
    let here = app.links.authority();
    let read = |code: &String| app.service.scanned(code, here);
    if let [code] = codes
        && let Scanned::Ours(leads) = read(code)
        // Whoever knows a number can draw a code of a certificate's page: that is no mark.
        && !matches!(leads, Leads::Certificate(_))
        && let Some(path) = path_of(&leads)
    {
        return Redirect::to(&format!("{path}{}", suffix(uri))).into_response();
    }
    let mut lines = vec![];
    for code in codes {
        match line(app, code, &read(code)) {
            Ok(line) => lines.push(line),
            Err(error) => return super::failed(app, lang, uri, error),
        }
    }
    // What is somebody else's stands first.
    lines.sort_by_key(|line| line.face != Face::NotGenuine);
    let (face, sentence) = match lines.as_slice() {
        [only] => (only.face, only.said.clone()),
        all if all.iter().all(|line| line.face == Face::NotGenuine) => (
            Face::NotGenuine,
            text(
                format!("图片里有 {} 个码，都不是本机构的。", all.len()),
                format!("There are {} codes in the picture, and none is this body's.", all.len()),
            ),
        ),
        all => (
            Face::CannotTell,
            text(
                format!("图片里有 {} 个码，不知道哪一个是您要查的标志。它们各是什么，见下面。", all.len()),
                format!(
                    "There are {} codes in the picture, and it cannot be told which is the mark you mean. What each one is stands below.",
                    all.len()
                ),
            ),
        ),
    };
    let mut view = bare(app, face, sentence);
    if let [Line { href: Some(href), .. }] = lines.as_slice() {
        view.link = Some((href.clone(), text("看这张证书", "See that certificate")));
    }
    view.advice = Some(match face {
        Face::NotGenuine => text(
            "如果拍到的是旁边别的码（例如收款码），请只拍标志上的那一个再查。如果这就是标志上的码：不要打开它，不要在那里付款或填写个人信息，上面写的星级不能相信。",
            "Where this is another code beside the mark, such as one to pay with, take the code on the mark alone. Where it is the code on the mark: do not open it, neither pay nor enter anything about yourself there, and do not believe the stars.",
        ),
        _ if lines.len() > 1 => text(
            "请靠近一些，只拍标志上的那一个码，再查一次。",
            "Go nearer, take the one code on the mark alone, and check again.",
        ),
        _ => text(
            "真标志的码打开的是一个标志的页面。请按企业名称查一查。",
            "The code of a genuine mark opens the page of a mark. Search by the company’s name.",
        ),
    });
    let codes = if lines.len() > 1 { lines } else { vec![] };
    show(app, lang, uri, StatusCode::OK, Some(Answer { view, codes }), None)
}

fn line(app: &App, code: &str, scanned: &Scanned) -> Result<Line, ServiceError> {
    let ours = app.service.host();
    let mut word = None;
    let (face, said) = match scanned {
        Scanned::Ours(Leads::Mark(digits)) => {
            let view = view::mark(&app.service.mark_answer(digits, Asked::default())?, &[], "", app.service.now());
            let holder = view.subject.map_or_else(|| view.sentence.clone(), |s| text(s.holder.clone(), s.holder));
            (view.face, holder)
        }
        Scanned::Ours(Leads::Certificate(_)) => {
            word = Some(text("不是标志", "Not a mark"));
            let said =
                "这是一张证书的码，不是标志的码：编号人人都能看到，谁都能印。它不能证明手上的东西有使用标志的许可。";
            let en = "This is the code of a certificate, not of a mark: its number is public, so anybody can print it. It does not prove that what you hold may bear a mark.";
            (Face::CannotTell, text(said, en))
        }
        Scanned::Ours(Leads::Receipt(id)) => {
            word = Some(text("核验回执", "Receipt"));
            (Face::CannotTell, text(id.to_string(), id.to_string()))
        }
        Scanned::Ours(Leads::Elsewhere) => {
            word = Some(text("不是标志", "Not a mark"));
            let said = "这个码打开的是本机构的网站，但不是一个标志。";
            (Face::CannotTell, text(said, "This code opens this body’s site, but it is no mark."))
        }
        Scanned::Foreign(host) => {
            let (said, host) = (imitation(host, ours), shown(host));
            (
                Face::NotGenuine,
                text(
                    format!("这个码不是本机构的：它通向 {host}。{}真标志的码只通向 {ours}。", said.zh),
                    format!("This code is not this body's: it leads to {host}. {} The code of a genuine mark leads to {ours} only.", said.en).replace("  ", " "),
                ),
            )
        }
        Scanned::NoAddress => (
            Face::NotGenuine,
            text(
                format!("这个码不是本机构的：它里面不是网址，是“{}”。真标志的码只通向 {ours}。", shown(code)),
                format!(
                    "This code is not this body's: it is no address but “{}”. The code of a genuine mark leads to {ours} only.",
                    shown(code)
                ),
            ),
        ),
    };
    let href = match scanned {
        Scanned::Ours(leads) => path_of(leads),
        Scanned::Foreign(_) | Scanned::NoAddress => None,
    };
    let word = word.unwrap_or_else(|| face.word());
    Ok(Line { face, word, said, code: shown(code), href })
}

/// Our page that a code leads to.
fn path_of(leads: &Leads) -> Option<String> {
    match leads {
        Leads::Mark(digits) => Some(format!("/m/{digits}")),
        Leads::Certificate(id) => Some(format!("/c/{id}")),
        Leads::Receipt(id) => Some(format!("/r/{id}")),
        Leads::Elsewhere => None,
    }
}

fn bare(app: &App, face: Face, sentence: Text) -> View {
    let now = app.service.now();
    view::bare(face, sentence, &Verdict::of(now, None, vec![]), now, true)
}

/// No code could be read.
fn unreadable(app: &App, lang: Lang, uri: &Uri) -> Response {
    let said = text(
        "图片里没有读到二维码。这不说明标志是真的，也不说明它是假的。",
        "No code could be read in the picture. This says neither that the mark is genuine nor that it is not.",
    );
    let mut view = bare(app, Face::CannotTell, said);
    view.advice = Some(text(
        "请靠近一些，光线亮一些，只拍标志上的码，再查一次。总是读不出来，就按标志上印的证书编号查。",
        "Go nearer, find more light, take the code on the mark alone, and check again. Where it cannot be read at all, search by the number printed on the mark.",
    ));
    show(app, lang, uri, StatusCode::OK, Some(Answer { view, codes: vec![] }), None)
}

/// Why a picture was not read.
fn unread(code: &str) -> Text {
    match code {
        "photo_too_large" => text(
            "这张图片的像素太多，没有读它。请把标志剪出来，或从近处只拍这一个标志。",
            "The picture has too many pixels and was not read. Cut the mark out, or take the one mark from nearer.",
        ),
        "photo_crowded" => text(
            "图片里的二维码太多，没有判断。请只拍这一个标志。",
            "There are too many codes in the picture: nothing was told. Take the one mark alone.",
        ),
        _ => text(
            "这个文件不是能读的图片。请用 PNG、JPEG 或 WebP：手机拍的照片、截图都可以。",
            "This file is no picture that can be read. Use PNG, JPEG or WebP: a phone's photo or a screenshot will do.",
        ),
    }
}

/// Why a picture was not taken.
fn refused(app: &App, lang: Lang, uri: &Uri, problem: Problem) -> Response {
    let said = forms::refused(&problem, ("图片", "picture")).unwrap_or_else(super::fault);
    forms::until(form(app, lang, uri, problem.status(), Some(said)), problem)
}

fn form(app: &App, lang: Lang, uri: &Uri, status: StatusCode, fault: Option<Text>) -> Response {
    show(app, lang, uri, status, None, fault)
}

fn show(app: &App, lang: Lang, uri: &Uri, status: StatusCode, answer: Option<Answer>, fault: Option<Text>) -> Response {
    let title = answer.as_ref().map_or_else(|| text("验标志", "Check a mark"), |answer| answer.view.face.word());
    let frame = Frame::of(app, lang, title, uri);
    let mut response = html(
        status,
        &ScanPage {
            frame,
            answer,
            fault,
            megabytes: FILE_MAX >> 20,
            script: versioned("/assets/scan.js", SCAN_SCRIPT),
            device: script("device.js"),
        },
    );
    response.extensions_mut().insert(RunsScript::Keeper);
    response
}
