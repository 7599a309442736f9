//! The page for programs: how to ask, every operation, examples that run, and how to verify without this service.

mod chinese;
mod examples;
mod operations;

use super::contents::{Contents, Section};
use super::words::{Text, dated, text, thousands};
use super::{App, Frame, PageQuery, feed, html};
use crate::http::formats::{DOCUMENTS, FOLDER};
use crate::http::limits::LINES_OF_ONE;
use crate::service::batch::LINES_MAX;
use askama::Template;
use axum::extract::{Query, State};
use axum::http::{StatusCode, Uri};
use axum::response::{IntoResponse as _, Response};
use examples::{Offline, Subject, Task, tasks};
use operations::{API, Api};

/// Operations for the body's staff lie below.
const ISSUING: &str = "/api/v1/issuing";
/// Its sections.
const SECTIONS: &[Section] = &[
    ("basics", "先看这里", "First of all"),
    ("examples", "例子", "Examples"),
    ("operations", "公开接口", "Public operations"),
    ("issuing", "签发接口", "Issuing operations"),
    ("files", "其他地址和格式文件", "Other addresses, and formats"),
    ("verify", "不靠我们怎么核验", "How to verify without us"),
];

#[derive(Template)]
#[template(path = "developers.html")]
struct DevelopersPage {
    frame: Frame,
    contents: Contents,
    base: String,
    /// Requests a second, and at once on top of that; none where there is no limit.
    requests: Option<(u32, u32)>,
    /// Certificates that receipts may be about at once, and more a minute.
    receipts: (String, u32),
    lines_of_one: usize,
    lines_max: String,
    /// Where the operations for the body's staff are.
    issuing: &'static str,
    api: &'static Api,
    subject: Subject,
    tasks: [Task; 5],
    offline: Offline,
    feeds: [(&'static str, Text); 3],
    documents: Vec<&'static str>,
}

/// The page.
pub(super) async fn page(State(app): State<App>, Query(query): Query<PageQuery>, uri: Uri) -> Response {
    let lang = query.lang();
    let base = app.links.base.clone();
    let subject = match app.blocking(move |service| Subject::of(service, base)).await {
        Ok(subject) => subject,
        Err(problem) => return super::no_answer(&app, &uri, problem.into_response()),
    };
    let limits = &app.gate.limits;
    let page = DevelopersPage {
        frame: Frame::of(&app, lang, text("开发者", "Developers"), &uri),
        contents: Contents { lang, sections: SECTIONS },
        base: app.links.base.clone(),
        requests: limits.per_second.map(|each| (each.get(), limits.burst.get())),
        receipts: (thousands(limits.answers_burst.get() as usize), limits.answers_per_minute.get()),
        lines_of_one: LINES_OF_ONE,
        lines_max: thousands(LINES_MAX),
        issuing: ISSUING,
        api: &API,
        tasks: tasks(&subject),
        offline: Offline::of(&subject),
        subject,
        feeds: feed::followed(),
        documents: DOCUMENTS.iter().map(|(name, _)| *name).collect(),
    };
    html(StatusCode::OK, &page)
}

impl DevelopersPage {
    /// A text as markup, in the page's language.
    fn marked(&self, text: &Text) -> String {
        marked(text.main(&self.frame.lang))
    }
}

/// A text as markup: `code` in its own type, and a document of the formats as a link to it.
fn marked(text: &str) -> String {
    let mut out = String::new();
    for (i, part) in text.split('`').enumerate() {
        if i % 2 == 1 {
            out.push_str("<code>");
            out.push_str(&dated(part));
            out.push_str("</code>");
        } else {
            out.push_str(&DOCUMENTS.iter().fold(dated(part), |text, (name, _)| {
                text.replace(&format!("docs/{name}"), &format!("<a href=\"{FOLDER}/{name}\">{name}</a>"))
            }));
        }
    }
    out
}
