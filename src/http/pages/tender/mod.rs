//! Asking about many at once before a tender: a list pasted or uploaded, the answers as they are found, and what is filed of them.

mod export;

use super::answers::{Fit, Row, row};
use super::language::suffix;
use super::words::{Lang, Text, text, thousands};
use super::{App, Frame, forms, html, lang_of, view};
use crate::domain::Refusal;
use crate::domain::dates::{AsOf, CHINA, parse_date};
use crate::http::error::Problem;
use crate::http::flow;
use crate::http::limits::{Client, cost_of_lines};
use crate::http::upload::{FILE_MAX, Form};
use crate::service::ServiceError;
use crate::service::batch::{AT_ONCE, Batch, LINES_MAX, Sums};
use crate::service::list::{Entry, List, read_list, written};
use crate::service::lookup::Asked;
use crate::verify::receipt::ANSWERS_MAX;
use askama::Template;
use axum::Extension;
use axum::body::Bytes;
use axum::extract::{Query, State};
use axum::http::{StatusCode, Uri, header};
use axum::response::{IntoResponse as _, Redirect, Response};
use jiff::Timestamp;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::mpsc::Sender;

/// Where a list is checked.
pub const ROUTE: &str = "/tender";
/// Stands in a page where its rows go.
const ROWS: &str = "<!--rows-->";
/// Longest time a page may take to leave: a slow phone gets 15 MB in it at 0.4 Mbit/s.
const LONGEST: Duration = Duration::from_secs(300);
/// Longest time a client is kept waiting who asks for more than he may: what is taken along of a long list counts as much again.
const PATIENCE: Duration = Duration::from_secs(20);
#[derive(Template)]
#[template(path = "tender.html")]
struct TenderPage {
    frame: Arc<Frame>,
    form: Fields,
    fault: Option<Text>,
    results: Option<Results>,
    megabytes: usize,
    lines_max: String,
}

/// What was filled in.
#[derive(Debug, Clone, Default)]
struct Fields {
    lines: String,
    day: String,
    time: String,
    reference: String,
}

/// What is shown above and below the answers.
struct Results {
    /// The moment they are about.
    heading: Text,
    /// When they were looked up.
    at: String,
    /// Lines asked about.
    lines: usize,
    /// What is to be known of the list.
    notes: Vec<Text>,
    /// What was on record then counts for what is taken along, too.
    known_at: String,
    /// What came of it, once all is answered.
    end: Option<End>,
}

/// What came of it.
struct End {
    tally: Vec<(Fit, usize)>,
    sums: Sums,
    /// Whether it broke off.
    broken: bool,
}

#[derive(Template)]
#[template(path = "answer.html")]
struct AnswerRow<'a> {
    frame: &'a Frame,
    row: &'a Row,
}

/// The empty form.
pub(super) async fn page(State(app): State<App>, Query(query): Query<super::PageQuery>, uri: Uri) -> Response {
    form(&app, query.lang(), &uri, StatusCode::OK, Fields::default(), None)
}

/// A list that was handed in.
pub(super) async fn list(
    State(app): State<App>,
    Extension(client): Extension<Client>,
    uri: Uri,
    sent: Result<Form, Problem>,
) -> Response {
    let lang = lang_of(&uri);
    let sent = match sent {
        Ok(sent) => sent,
        Err(problem) => return refused(&app, lang, &uri, Fields::default(), problem),
    };
    let fields = Fields {
        lines: sent.text("lines").to_owned(),
        day: sent.text("day").to_owned(),
        time: sent.text("time").to_owned(),
        reference: sent.text("reference").to_owned(),
    };
    let wanted = sent.text("as").to_owned();
    // What is taken along is about what was shown.
    let known_at = if matches!(wanted.as_str(), "csv" | "xlsx" | "receipt") { sent.text("known_at") } else { "" };
    let asked = match asked_of(&fields, known_at) {
        Ok(asked) => asked,
        Err(said) => return form(&app, lang, &uri, StatusCode::BAD_REQUEST, fields, Some(said)),
    };
    let read = app.heavy.run_patiently(move || {
        let bytes = sent.file.as_deref().unwrap_or_else(|| sent.text("lines").as_bytes());
        read_list(bytes)
    });
    let list = match read.await {
        Ok(Ok(list)) => list,
        Ok(Err(refusal)) => {
            return form(&app, lang, &uri, StatusCode::BAD_REQUEST, fields, Some(unreadable(&refusal)));
        }
        Err(problem) => return refused(&app, lang, &uri, fields, problem),
    };
    if let Err(problem) = app.gate.admits_within(client, cost_of_lines(list.entries.len()), PATIENCE).await {
        return refused(&app, lang, &uri, fields, problem);
    }
    match wanted.as_str() {
        "csv" | "xlsx" => export::file(&app, lang, &uri, asked, list, &wanted).await,
        "receipt" => receipt(&app, client, lang, &uri, asked, list, fields).await,
        _ => answered(&app, lang, &uri, asked, list, fields).await,
    }
}

/// The moments asked about: a day of China, or an hour of it; and what was known then.
fn asked_of(fields: &Fields, known_at: &str) -> Result<Asked, Text> {
    let bad = |_| {
        text(
            "日期或时刻写得不对，没有查；请写成 2026-11-20 和 09:30。",
            "The date or time is not one, and nothing was looked up; write 2026-11-20 and 09:30.",
        )
    };
    let (day, time) = (fields.day.trim(), fields.time.trim());
    let as_of = match (day, time) {
        ("", "") => None,
        ("", _) => {
            return Err(text(
                "写了时刻，没有写日期：请补上日期。",
                "There is a time without a date: write the date, too.",
            ));
        }
        (day, "") => Some(AsOf::Day(parse_date(day).map_err(bad)?)),
        (day, time) => {
            let day = parse_date(day).map_err(bad)?;
            let wrong = || bad(Refusal::invalid("bad_as_of", ""));
            let time: jiff::civil::Time = time.parse().map_err(|_| wrong())?;
            let at: Timestamp = CHINA.to_timestamp(day.to_datetime(time)).map_err(|_| wrong())?;
            Some(AsOf::Instant(at))
        }
    };
    let known_at = Some(known_at).filter(|t| !t.is_empty()).map(AsOf::parse).transpose().map_err(bad)?;
    Ok(Asked { as_of, known_at })
}

/// The page with the answers, which leave as they are found.
async fn answered(app: &App, lang: Lang, uri: &Uri, asked: Asked, list: List, fields: Fields) -> Response {
    let begun = app.clone();
    let begun = tokio::task::spawn_blocking(move || begun.service.batch(asked, begun.links.authority()));
    let Ok(batch) = begun.await else { return refused(app, lang, uri, fields, Problem::internal()) };
    let moment = batch.moment();
    let is_now = moment.at == moment.now;
    let heading = if is_now {
        text("现在的状态", "How it stands now")
    } else {
        let at = view::clock(moment.at);
        text(format!("按 {at} 的状态"), format!("How it stood at {at}"))
    };
    let results = Results {
        heading,
        at: view::clock(moment.now),
        lines: list.entries.len(),
        notes: notes(&list),
        known_at: moment.known_at.to_string(),
        end: None,
    };
    let form = Fields { lines: written(&list.entries), ..fields };
    let page =
        TenderPage { results: Some(results), ..TenderPage::of(app, lang, uri, text("核验结果", "Answers"), form) };
    let (send, body) = flow::channel();
    let run = Run { app: app.clone(), page, batch: Arc::new(Mutex::new(batch)), is_now, tally: [0; 4], send };
    tokio::spawn(tokio::time::timeout(LONGEST, run.answer(list.entries)));
    let headers = [(header::CONTENT_TYPE, "text/html; charset=utf-8"), (header::VARY, "accept-language")];
    (headers, body).into_response()
}

/// Answering under way.
struct Run {
    app: App,
    page: TenderPage,
    batch: Arc<Mutex<Batch>>,
    is_now: bool,
    tally: [usize; 4],
    send: Sender<flow::Piece>,
}

impl Run {
    async fn answer(mut self, entries: Vec<Entry>) {
        if self.half(0).await.is_err() {
            return;
        }
        let mut broken = false;
        let mut entries = entries.into_iter().peekable();
        while entries.peek().is_some() {
            let some: Vec<Entry> = entries.by_ref().take(AT_ONCE).collect();
            match self.rows(some).await {
                Ok(html) => {
                    // The reader has gone.
                    let Ok(()) = self.send.send(Ok(Bytes::from(html))).await else { return };
                }
                Err(problem) => {
                    tracing::error!(code = problem.code, "a list was not answered to its end");
                    broken = true;
                    break;
                }
            }
        }
        let sums = self.batch.lock().unwrap_or_else(PoisonError::into_inner).sums();
        if let Some(results) = &mut self.page.results {
            results.end = Some(End { tally: Fit::ALL.into_iter().zip(self.tally).collect(), sums, broken });
        }
        // Whoever does not receive it has gone.
        let _ = self.half(1).await;
    }

    /// Sends what stands before the rows, or behind them.
    async fn half(&self, which: usize) -> Result<(), ()> {
        let html = self.page.render().map_err(|error| tracing::error!(%error, "a page was not rendered"))?;
        let half = html.split(ROWS).nth(which).unwrap_or_default().to_owned();
        self.send.send(Ok(Bytes::from(half))).await.map_err(drop)
    }

    async fn rows(&mut self, entries: Vec<Entry>) -> Result<String, Problem> {
        let (app, batch, frame, is_now) = (self.app.clone(), self.batch.clone(), self.page.frame.clone(), self.is_now);
        let work = move || {
            let mut batch = batch.lock().unwrap_or_else(PoisonError::into_inner);
            let (mut html, mut tally) = (String::new(), [0; 4]);
            for entry in &entries {
                for row in answer(&app, &mut batch, entry, is_now)? {
                    tally[row.fit() as usize] += 1;
                    let page = AnswerRow { frame: &frame, row: &row };
                    page.render_into(&mut html).map_err(|_| Problem::internal())?;
                }
            }
            Ok::<_, Problem>((html, tally))
        };
        let (html, tally) = self.app.heavy.run_patiently(work).await.flatten()?;
        self.tally.iter_mut().zip(tally).for_each(|(all, more)| *all += more);
        Ok(html)
    }
}

/// The rows of a line.
fn answer(app: &App, batch: &mut Batch, entry: &Entry, is_now: bool) -> Result<Vec<Row>, ServiceError> {
    let found = batch.of(&app.service, entry)?;
    Ok(found
        .into_iter()
        .map(|found| {
            let mut row = row(found.line, &found.answer, is_now);
            row.notes.extend(
                found.same_as.map(|line| text(format!("与第 {line} 行重复"), format!("the same as on line {line}"))),
            );
            row
        })
        .collect())
}

/// A signed receipt of all answers, on its own page for ever.
async fn receipt(
    app: &App,
    client: Client,
    lang: Lang,
    uri: &Uri,
    asked: Asked,
    list: List,
    fields: Fields,
) -> Response {
    let count = list.entries.iter().map(|e| e.question.weight()).sum::<usize>().min(ANSWERS_MAX);
    let count = u32::try_from(count).unwrap_or(u32::MAX);
    if let Err(problem) = app.gate.admits_answers(client, count) {
        return refused(app, lang, uri, fields, problem);
    }
    let reference = Some(fields.reference.trim().to_owned()).filter(|r| !r.is_empty());
    let work = app.clone();
    let made = app.heavy.run_large(move || {
        let here = work.links.authority().to_owned();
        Ok::<_, Problem>(
            work.service.make_receipt_of_list(reference.as_deref(), asked, &list.entries, &here)?.receipt.id,
        )
    });
    match made.await.flatten() {
        Ok(id) => Redirect::to(&format!("/r/{id}{}", suffix(uri))).into_response(),
        Err(problem) => refused(app, lang, uri, fields, problem),
    }
}

/// What is to be known of a list before its answers.
fn notes(list: &List) -> Vec<Text> {
    let mut notes = vec![];
    if let Some(sheet) = &list.sheet
        && !list.sheets_not_read.is_empty()
    {
        let others = list.sheets_not_read.join("、");
        notes.push(text(
            format!("只读了工作表“{sheet}”，没有读：{others}。"),
            format!("Only the sheet “{sheet}” was read, not: {others}."),
        ));
    }
    if list.above > 0 {
        let above = list.above;
        notes.push(text(
            format!("表头上面有 {above} 行，当作标题或说明，没有查。"),
            format!("The {above} lines above the header were taken for titles or notes and not looked up."),
        ));
    }
    if !list.ignored.is_empty() {
        let ignored = list.ignored.join("、");
        notes.push(text(
            format!("没有认出这些列，没有拿来核对：{ignored}。"),
            format!("These columns were not recognised, and nothing was held against them: {ignored}."),
        ));
    }
    notes
}

/// Why a list was not read.
fn unreadable(refusal: &Refusal) -> Text {
    let zh = match refusal.code {
        "empty_file" => "没有要查的内容：请粘贴编号，一行一个，或选一个文件。".to_owned(),
        "no_number_column" => "表头里没有要查的列：请把一列叫作“证书编号”或“统一社会信用代码”。".to_owned(),
        "too_many_lines" | "too_many_rows" => format!("行数太多，没有查：一次最多 {LINES_MAX} 行，请分几次。"),
        "too_many_columns" => "列数太多，没有查：请只留下与名单有关的列。".to_owned(),
        "column_doubled" => {
            "有两列说的是同一件事（例如“编号”和“证书编号”，“企业名称”和“投标人”），没有查：请只留一列，或给另一列改个名字。".to_owned()
        }
        "list_too_long" => "名单里的文字太多，没有查：请只留下编号和要求，或分几次。".to_owned(),
        "cell_too_long" => "有一格太长，没有查：是不是有一个引号没有配对？".to_owned(),
        "file_too_large" | "workbook_too_large" => {
            "文件太大，或者展开后太大，没有查：请把名单复制到一个新的工作簿里再传。".to_owned()
        }
        "unreadable_text" => "文件的文字编码读不了：请另存为“CSV UTF-8”或 .xlsx 再传。".to_owned(),
        "old_workbook" => "这是旧的 .xls 格式：请用 Excel 或 WPS 另存为 .xlsx 再传。".to_owned(),
        "protected_workbook" => "这个工作簿有密码：请去掉密码，保存后再传。".to_owned(),
        "not_a_table" => "这是网页或文档，不是表格：请另存为 .xlsx 或“CSV UTF-8”再传。".to_owned(),
        _ => "这个文件读不了：请用 Excel 或 WPS 打开，另存为 .xlsx 或“CSV UTF-8”再传。".to_owned(),
    };
    text(zh, format!("Nothing was looked up: {}.", refusal.message))
}

/// Why nothing was looked up, or no receipt made.
fn refused(app: &App, lang: Lang, uri: &Uri, fields: Fields, problem: Problem) -> Response {
    let of_receipt = || match problem.code {
        "too_many_receipts" => text(
            "这个网络要的回执太多：查询照常，回执请过一会儿再要，或者减少行数。",
            format!("No receipt was made: {}.", problem.detail),
        ),
        "receipts_full" | "clock_wrong" | "no_key" => text(
            "现在出不了签名回执，查询照常。请过一会儿再试。",
            "No signed receipt can be made for the time being; looking up goes on. Try again in a while.",
        ),
        "certificates_count" | "receipt_too_large" => {
            text("这份名单太长，出不了一份回执：请分几次。", format!("No receipt was made: {}.", problem.detail))
        }
        "text_too_long" => text("备注太长：最多 120 个字。", "The note is too long: at most 120 characters."),
        _ => super::fault(),
    };
    let said = forms::refused(&problem, ("名单", "list")).unwrap_or_else(of_receipt);
    forms::until(form(app, lang, uri, problem.status(), fields, Some(said)), problem)
}

impl TenderPage {
    fn of(app: &App, lang: Lang, uri: &Uri, title: Text, form: Fields) -> Self {
        let frame = Arc::new(Frame::of(app, lang, title, uri));
        Self { frame, form, fault: None, results: None, megabytes: FILE_MAX >> 20, lines_max: thousands(LINES_MAX) }
    }
}

fn form(app: &App, lang: Lang, uri: &Uri, status: StatusCode, fields: Fields, fault: Option<Text>) -> Response {
    let page = TenderPage::of(app, lang, uri, text("招投标批量核验", "Check a list"), fields);
    html(status, &TenderPage { fault, ..page })
}
