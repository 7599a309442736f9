//! How a mark will look and what its size means, before a printer gets it.

use super::super::super::App;
use super::super::super::download::download;
use super::super::super::error::Problem;
use super::super::super::observe::RunsScript;
use super::super::scripts::Script;
use super::super::words::{Lang, Text, text};
use super::super::{Frame, html};
use super::{Staff, words};
use crate::domain::mark_licence::{MarkState, Medium};
use crate::domain::{Certificate, MarkId, MarkLicence, Refusal};
use crate::mark::advice::advise;
use crate::mark::{Format, Ink, Layout, Order, Resolution, Width, Words};
use crate::service::preview::Looked;
use askama::Template;
use axum::Json;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};

/// Where the page is.
const PATH: &str = "/issuing/marks";
/// Pixels of a module in the picture on the page.
const SHOWN: Resolution = Resolution::ModulePx(8);
/// Furthest distance that can be asked about, in centimetres.
const FAR: u32 = 10_000;

/// The page's address in that language.
pub(super) fn address(lang: Lang) -> String {
    if lang.is_zh() { PATH.to_owned() } else { format!("{PATH}?lang=en") }
}

/// What the form says.
#[derive(Debug, Clone, Default, Deserialize)]
pub(super) struct Wish {
    certificate: Option<String>,
    /// A mark's identifier, or a medium that no mark is licensed for yet.
    r#use: Option<String>,
    layout: Option<String>,
    ink: Option<String>,
    words: Option<String>,
    width: Option<String>,
    /// In centimetres.
    distance: Option<String>,
    format: Option<String>,
    dpi: Option<String>,
    lang: Option<String>,
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
    script: Script,
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

/// A line of the answer: what, and how much.
#[derive(Debug, Serialize)]
struct Row {
    label: String,
    value: String,
}

#[derive(Debug, Serialize)]
struct Shown {
    src: String,
    alt: String,
    /// In units of CSS, 96 to an inch: as large as in print on a true screen.
    width: u32,
    height: u32,
}

#[derive(Debug, Serialize)]
struct Told {
    text: String,
    bad: bool,
}

#[derive(Debug, Serialize)]
struct Link {
    href: String,
    text: String,
}

/// What is said of a wish, in the page's language; the script draws the same from it.
#[derive(Debug, Serialize)]
pub(super) struct Answer {
    picture: Option<Shown>,
    facts: Vec<Row>,
    told: Vec<Told>,
    files: Vec<Link>,
    note: String,
}

/// A wish that was understood.
struct Understood {
    looked: Looked,
    medium: Medium,
    order: Order,
    distance: Option<f64>,
}

impl Wish {
    fn lang(&self) -> Lang {
        Lang::of(self.lang.as_deref())
    }

    fn layout(&self, medium: Medium) -> Result<Layout, Refusal> {
        match self.layout.as_deref().filter(|l| !l.is_empty()) {
            Some(layout) => Layout::parse(layout),
            None if medium == Medium::Advertising => Ok(Layout::Horizontal),
            None => Ok(Layout::Vertical),
        }
    }

    fn understood(&self, licences: &[MarkLicence]) -> Result<Understood, Refusal> {
        let wanted = self.r#use.as_deref().filter(|u| !u.is_empty());
        let first = licences.first();
        let (looked, medium) = match (wanted, first) {
            (None, Some(licence)) => (Looked::Licensed(licence.id), licence.terms().medium),
            (None, None) => (Looked::Planned(Medium::Product), Medium::Product),
            (Some(wanted), _) if wanted.bytes().all(|b| b.is_ascii_digit()) => {
                let id = MarkId::parse(wanted)?;
                let of = licences.iter().find(|l| l.id == id);
                let of = of.ok_or_else(|| {
                    Refusal::invalid("mark_not_active", format!("mark {id} is none that this certificate uses now"))
                })?;
                (Looked::Licensed(id), of.terms().medium)
            }
            (Some(wanted), _) => {
                let medium = Medium::parse(wanted)?;
                (Looked::Planned(medium), medium)
            }
        };
        let layout = self.layout(medium)?;
        let format = self.format.as_deref().map_or(Ok(Format::Png), Format::parse)?;
        let mut order = Order::new(layout, format);
        order.ink = self.ink.as_deref().map_or(Ok(Ink::Colour), Ink::parse)?;
        order.words = self.words.as_deref().map_or(Ok(Words::Zh), Words::parse)?;
        let width = self.width.as_deref().map(str::trim).filter(|w| !w.is_empty());
        order.width = width.map_or(Ok(order.width), Width::parse)?;
        let distance = self.distance.as_deref().map(str::trim).filter(|d| !d.is_empty());
        Ok(Understood { looked, medium, order, distance: distance.map(centimetres).transpose()? })
    }
}

/// Millimetres from whole centimetres.
fn centimetres(text: &str) -> Result<f64, Refusal> {
    let number = Some(text).filter(|t| t.len() <= 5 && t.bytes().all(|b| b.is_ascii_digit()));
    let number = number.and_then(|t| t.parse::<u32>().ok()).filter(|n| (1..=FAR).contains(n));
    number.map(|n| f64::from(n) * 10.0).ok_or_else(|| {
        let why =
            format!("“{}” is no distance: write whole centimetres from 1 to {FAR}", crate::domain::error::shown(text));
        Refusal::invalid("bad_distance", why)
    })
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
            Ok((certificate, licences)) => (None, Some(form(&wish, &certificate, &licences))),
            Err(problem) => {
                let said = text(
                    "登记簿上没有这张证书。请核对编号。",
                    "There is no such certificate on record. Check the number.",
                );
                (Some(if problem.status < 500 { said } else { super::super::fault() }), None)
            }
        },
    };
    let script = Script { run: "/assets/preview.js?v=1".to_owned(), needs: vec![] };
    let status = if fault.is_some() { StatusCode::NOT_FOUND } else { StatusCode::OK };
    let mut response = html(status, &Page { frame, script, certificate: typed, fault, form });
    response.extensions_mut().insert(RunsScript);
    response
}

/// The answer alone, for the page's script.
pub(super) async fn advice(
    State(app): State<App>,
    _: Staff,
    Query(wish): Query<Wish>,
) -> Result<Json<Answer>, Problem> {
    let (certificate, licences) = found(&app, wish.certificate.as_deref().unwrap_or_default())?;
    Ok(Json(answer(&wish, &certificate, &licences)))
}

/// The file of a wish: the picture on the page, or the artwork of a granted mark to keep.
pub(super) async fn file(
    State(app): State<App>,
    _: Staff,
    Query(wish): Query<Wish>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let (certificate, licences) = found(&app, wish.certificate.as_deref().unwrap_or_default())?;
    let Understood { looked, mut order, .. } = wish.understood(&licences)?;
    order.resolution = wish.dpi.as_deref().map_or(Ok(SHOWN), Resolution::parse)?;
    let (id, service) = (certificate.id, app.service.clone());
    let file = app.heavy.run(move || service.mark_preview(id, looked, &order)).await??;
    let media_type = order.format.media_type();
    if let (Looked::Licensed(mark), Some(_)) = (looked, &wish.format) {
        let name = format!("mark-{mark}-{}.{}", order.layout.wire(), order.format.wire());
        return Ok(download(&headers, file.bytes, media_type, &name));
    }
    let head = [(header::CONTENT_TYPE, media_type), (header::CONTENT_DISPOSITION, "inline")];
    Ok((head, file.bytes).into_response())
}

/// Everything a printer needs of a granted mark, in one ZIP.
pub(super) async fn kit(
    State(app): State<App>,
    _: Staff,
    Query(wish): Query<Wish>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let id = MarkId::parse(wish.r#use.as_deref().unwrap_or_default())?;
    let service = app.service.clone();
    let (plan, kit) = app.heavy.run(move || service.kit(id)).await??;
    Ok(download(&headers, kit.bytes, "application/zip", &plan.file_name()))
}

fn choice(value: &str, name: Text, chosen: bool) -> Choice {
    Choice { value: value.to_owned(), name, chosen }
}

fn form(wish: &Wish, certificate: &Certificate, licences: &[MarkLicence]) -> FormOf {
    let understood = wish.understood(licences).ok();
    let looked = understood.as_ref().map(|u| u.looked);
    let order = understood.as_ref().map_or_else(|| Order::new(Layout::Vertical, Format::Png), |u| u.order);
    let mut uses: Vec<Choice> = licences
        .iter()
        .map(|l| choice(&l.id.to_string(), name_of(l), looked == Some(Looked::Licensed(l.id))))
        .collect();
    uses.extend(Medium::ALL.map(|medium| {
        let name =
            text(format!("{}（未许可，只看样子）", medium.zh()), format!("{} (not licensed, to look at)", medium.en()));
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
        answer: answer(wish, certificate, licences),
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
    text(format!("{}{about}（已许可）", terms.medium.zh()), format!("{}{about} (licensed)", terms.medium.en()))
}

fn layout_name(layout: Layout) -> Text {
    let width = layout.width();
    let (zh, en) = match layout {
        Layout::Vertical => ("竖式", "Vertical"),
        Layout::Horizontal => ("横式", "Horizontal"),
        Layout::Small => ("小标", "Small"),
        Layout::Seal => ("圆章式", "Seal"),
    };
    text(format!("{zh}（{width} 毫米）"), format!("{en} ({width} mm)"))
}

fn answer(wish: &Wish, certificate: &Certificate, licences: &[MarkLicence]) -> Answer {
    let lang = wish.lang();
    let say = |said: &Text| said.main(&lang).to_owned();
    let understood = match wish.understood(licences) {
        Ok(understood) => understood,
        Err(refusal) => {
            let told = vec![Told { text: say(&words::refused(&refusal)), bad: true }];
            return Answer { picture: None, facts: vec![], told, files: vec![], note: String::new() };
        }
    };
    let Understood { looked, medium, order, distance } = understood;
    let advice = advise(order.layout, order.width, medium, distance);
    let mut told: Vec<Told> = advice
        .warnings
        .iter()
        .map(|warning| {
            let (said, bad) = words::warning(*warning, &advice);
            Told { text: say(&said), bad }
        })
        .collect();
    let draws = !told.iter().any(|t| t.bad);
    if told.is_empty() {
        told.push(Told { text: say(&text("这个大小可以。", "This size is good.")), bad: false });
    }
    let width = order.width.millimetres();
    let (nominal_width, nominal_height) = order.layout.nominal(order.words);
    let height = nominal_height * width / nominal_width;
    let row = |label: Text, value: Text| Row { label: say(&label), value: say(&value) };
    let both = |value: String| text(format!("{value} 毫米"), format!("{value} mm"));
    let facts = vec![
        row(text("印刷尺寸", "Size in print"), both(format!("{} × {}", words::mm(width), words::mm(height)))),
        row(text("二维码（含白边）", "Code with its margin"), both(words::mm(advice.code))),
        row(text("码的小格", "Module of the code"), both(words::mm(advice.module))),
        row(text("最远能扫", "Read from at most"), words::distance(advice.reach)),
    ];
    let query = address_of(certificate, looked, &order);
    let css = |mm: f64| (mm / 25.4 * 96.0).round() as u32;
    let level = certificate.terms().level;
    let alt = text(
        format!("标志样图：{}，{}", level.zh(), certificate.terms().holder.name),
        format!("The mark: {}, {}", level.en(), certificate.terms().holder.name),
    );
    let picture = draws.then(|| Shown {
        src: format!("{PATH}/file?{query}"),
        alt: say(&alt),
        width: css(width),
        height: css(height),
    });
    let licensed = matches!(looked, Looked::Licensed(_));
    let mut files = vec![];
    if let (Looked::Licensed(id), true) = (looked, draws) {
        let kinds = [
            ("PDF", "format=pdf"),
            ("SVG", "format=svg"),
            ("PNG 300 dpi", "format=png&dpi=300"),
            ("PNG 600 dpi", "format=png&dpi=600"),
        ];
        files.extend(
            kinds.map(|(name, more)| Link { href: format!("{PATH}/file?{query}&{more}"), text: name.to_owned() }),
        );
        let all = text("全套印刷文件（ZIP）", "Everything for print (ZIP)");
        files.push(Link { href: format!("{PATH}/kit?use={id}"), text: say(&all) });
    }
    let note = if licensed {
        text(
            "PNG 的宽度会取最近的整像素格，尺寸可能差一点；PDF 和 SVG 是准确尺寸。",
            "A PNG is as wide as whole pixels make it, so it may differ a little; PDF and SVG are exact.",
        )
    } else {
        text(
            "这个用途还没有许可：这是测试标志，码也不作证明，不给文件。许可以后才有。",
            "This use is not licensed: it is a test mark whose code proves nothing, and there are no files. Once it is licensed there are.",
        )
    };
    Answer { picture, facts, told, files, note: say(&note) }
}

fn address_of(certificate: &Certificate, looked: Looked, order: &Order) -> String {
    let looked = match looked {
        Looked::Licensed(id) => id.to_string(),
        Looked::Planned(medium) => medium.wire().to_owned(),
    };
    format!(
        "certificate={}&use={looked}&layout={}&ink={}&words={}&width={}",
        certificate.id,
        order.layout.wire(),
        order.ink.wire(),
        order.words.wire(),
        order.width
    )
}
