//! How a mark will look and what its size means, before a printer gets it.

use super::super::super::App;
use super::super::super::download::download;
use super::super::super::error::Problem;
use super::super::super::observe::RunsScript;
use super::super::words::{Lang, Text, text};
use super::super::{Frame, PREVIEW, html, versioned};
use super::Staff;
use super::answer::{Answer, answer};
use super::wish::{Understood, Wish};
use crate::domain::mark_licence::{MarkState, Medium};
use crate::domain::{Certificate, MarkId, MarkLicence};
use crate::mark::{Format, Ink, Layout, Order, Resolution, Words};
use crate::service::Service;
use crate::service::preview::Looked;
use askama::Template;
use axum::Json;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};

/// Where the page is.
pub(super) const PATH: &str = "/issuing/marks";
/// Pixels of a module in the picture on the page.
const SHOWN: Resolution = Resolution::ModulePx(8);

/// The page's address in that language.
pub(super) fn address(lang: Lang) -> String {
    if lang.is_zh() { PATH.to_owned() } else { format!("{PATH}?lang=en") }
}

/// One choice of a list.
struct Choice {
    value: String,
    name: Text,
    chosen: bool,
}

#[derive(Template)]
#[template(path = "staff_marks.html")]
struct Page {
    frame: Frame,
    script: String,
    certificate: String,
    /// Why the certificate is not shown.
    fault: Option<Text>,
    form: Option<FormOf>,
}

/// The form about one certificate, and its answer.
struct FormOf {
    id: String,
    holder: String,
    number: String,
    uses: Vec<Choice>,
    layouts: Vec<Choice>,
    inks: Vec<Choice>,
    languages: Vec<Choice>,
    width: String,
    distance: String,
    answer: Answer,
}

/// The certificate a wish names, and the marks it uses now.
fn found(app: &App, typed: &str) -> Result<(Certificate, Vec<MarkLicence>), Problem> {
    let certificate = app.service.find(typed)?;
    let now = app.service.now();
    let mut licences = app.service.marks_of(certificate.id)?;
    licences.retain(|licence| licence.state_at(now, now).is_some_and(|(state, _)| state == MarkState::Active));
    Ok((certificate, licences))
}

/// The page.
pub(super) async fn page(State(app): State<App>, _: Staff, Query(wish): Query<Wish>, uri: Uri) -> Response {
    let frame = Frame::of(&app, wish.lang(), text("标志样图", "Marks in print"), &uri);
    let typed = wish.certificate.clone().unwrap_or_default();
    let (fault, form) = match typed.trim() {
        "" => (None, None),
        number => match found(&app, number) {
            Ok((certificate, licences)) => (None, Some(form(&app.service, &wish, &certificate, &licences))),
            Err(problem) => {
                let said = text(
                    "登记簿上没有这张证书。请核对编号。",
                    "There is no such certificate on record. Check the number.",
                );
                (Some(if problem.status < 500 { said } else { super::super::fault() }), None)
            }
        },
    };
    let typed = form.as_ref().map_or(typed, |form| form.number.clone());
    let script = versioned("/assets/preview.js", PREVIEW);
    let status = if fault.is_some() { StatusCode::NOT_FOUND } else { StatusCode::OK };
    let mut response = html(status, &Page { frame, script, certificate: typed, fault, form });
    response.extensions_mut().insert(RunsScript::Page);
    response
}

/// The answer alone, for the page's script.
pub(super) async fn advice(
    State(app): State<App>,
    _: Staff,
    Query(wish): Query<Wish>,
) -> Result<Json<Answer>, Problem> {
    let (certificate, licences) = found(&app, wish.certificate.as_deref().unwrap_or_default())?;
    Ok(Json(answer(&app.service, &wish, &certificate, &licences)))
}

/// The file of a wish: the picture on the page, or the artwork of a granted mark to keep.
pub(super) async fn file(
    State(app): State<App>,
    _: Staff,
    Query(wish): Query<Wish>,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    drawn(&app, &wish, &headers).await.unwrap_or_else(|why| super::refused(&app, &uri, why))
}

async fn drawn(app: &App, wish: &Wish, headers: &HeaderMap) -> Result<Response, Problem> {
    let (certificate, licences) = found(app, wish.certificate.as_deref().unwrap_or_default())?;
    let Understood { looked, mut order, .. } = wish.understood(&licences)?;
    if wish.dpi.is_none() {
        order.resolution = SHOWN;
    }
    let (id, service) = (certificate.id, app.service.clone());
    let file = app.heavy.run(move || service.mark_preview(id, looked, &order)).await??;
    let media_type = order.format.media_type();
    if let (Looked::Licensed(mark), Some(_)) = (looked, &wish.format) {
        let name = format!("mark-{mark}-{}.{}", order.layout.wire(), order.format.wire());
        return Ok(download(headers, file.bytes, media_type, &name));
    }
    let head = [(header::CONTENT_TYPE, media_type), (header::CONTENT_DISPOSITION, "inline")];
    Ok((head, file.bytes).into_response())
}

/// Everything a printer needs of a granted mark, in one ZIP.
pub(super) async fn kit(
    State(app): State<App>,
    _: Staff,
    Query(wish): Query<Wish>,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    let made = async {
        let id = MarkId::parse(wish.r#use.as_deref().unwrap_or_default())?;
        let service = app.service.clone();
        Ok(app.heavy.run_long(move || service.kit(id)).await??)
    };
    match made.await {
        Ok((plan, kit)) => download(&headers, kit.bytes, "application/zip", &plan.file_name()),
        Err(why) => super::refused(&app, &uri, why),
    }
}

fn choice(value: &str, name: Text, chosen: bool) -> Choice {
    Choice { value: value.to_owned(), name, chosen }
}

fn form(service: &Service, wish: &Wish, certificate: &Certificate, licences: &[MarkLicence]) -> FormOf {
    let understood = wish.understood(licences).ok();
    let looked = understood.as_ref().map(|u| u.looked);
    let order = understood.as_ref().map_or_else(|| Order::new(Layout::Vertical, Format::Png), |u| u.order);
    let mut uses: Vec<Choice> = licences
        .iter()
        .map(|l| choice(&l.id.to_string(), name_of(l), looked == Some(Looked::Licensed(l.id))))
        .collect();
    uses.extend(Medium::ALL.map(|medium| {
        let name = text(format!("未许可 · {}", medium.zh()), format!("not licensed · {}", medium.en()));
        choice(medium.wire(), name, looked == Some(Looked::Planned(medium)))
    }));
    let layouts = Layout::ALL.map(|l| choice(l.wire(), layout_name(l), l == order.layout));
    let inks = [(Ink::Colour, text("彩色", "Colour")), (Ink::OneColour, text("单色（黑）", "One colour (black)"))];
    let languages = [(Words::Zh, text("中文", "Chinese")), (Words::ZhEn, text("中文和英文", "Chinese and English"))];
    FormOf {
        id: certificate.id.to_string(),
        holder: certificate.terms().holder.name.to_string(),
        number: certificate.terms().number.to_string(),
        uses,
        layouts: layouts.into(),
        inks: inks.map(|(ink, name)| choice(ink.wire(), name, ink == order.ink)).into(),
        languages: languages.map(|(words, name)| choice(words.wire(), name, words == order.words)).into(),
        width: wish.width.clone().unwrap_or_default(),
        distance: wish.distance.clone().unwrap_or_default(),
        answer: answer(service, wish, certificate, licences),
    }
}

fn name_of(licence: &MarkLicence) -> Text {
    let terms = licence.terms();
    let goods = [
        terms.brand.as_ref().map(ToString::to_string),
        terms.products.as_ref().map(ToString::to_string),
        terms.site.as_ref().map(ToString::to_string),
    ];
    let about: String = goods.into_iter().flatten().map(|g| format!(" · {g}")).collect();
    text(format!("已许可 · {}{about}", terms.medium.zh()), format!("licensed · {}{about}", terms.medium.en()))
}

fn layout_name(layout: Layout) -> Text {
    let width = layout.width();
    text(format!("{}（{width} 毫米）", layout.zh()), format!("{} ({width} mm)", layout.wire()))
}
