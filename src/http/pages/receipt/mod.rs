//! A receipt for people: its page, and its print on paper.

mod print;
mod view;

use super::super::App;
use super::super::limits::Client;
use super::super::receipts::{UNLISTED, read};
use super::words::{Lang, text};
use super::{Frame, PageQuery, Problem, html, message};
use crate::domain::ReceiptId;
use crate::service::ServiceError;
use crate::service::receipts::Made;
use crate::verify::receipt::verify_offline;
use askama::Template;
use axum::Extension;
use axum::extract::{Path, Query, State};
use axum::http::{StatusCode, Uri};
use axum::response::{IntoResponse as _, Response};
use print::pdf;
use view::ReceiptView;

#[derive(Template)]
#[template(path = "receipt.html")]
struct ReceiptPage {
    frame: Frame,
    view: ReceiptView,
}

/// What is shown of a receipt, by the keys there are now.
fn view_of(service: &crate::service::Service, made: &Made) -> ReceiptView {
    let keys = service.key_document();
    let finding = verify_offline(&made.bytes, &keys, service.now());
    ReceiptView::of(made, service.host(), &finding.verdict)
}

/// The page of a receipt.
pub(super) async fn page(
    State(app): State<App>,
    Extension(client): Extension<Client>,
    Path(rid): Path<String>,
    Query(query): Query<PageQuery>,
    uri: Uri,
) -> Response {
    let lang = query.lang();
    let Ok(id) = ReceiptId::parse(&rid) else { return missing(&app, lang, &uri) };
    let at = uri.clone();
    match read(&app, client, id, 0, move |app, made| Ok(shown(app, lang, &at, &made))).await {
        Ok(Some(page)) => page,
        Ok(None) => missing(&app, lang, &uri),
        // For people it is made into a page.
        Err(problem) => Problem::into_response(problem),
    }
}

fn shown(app: &App, lang: Lang, uri: &Uri, made: &Made) -> Response {
    let view = view_of(&app.service, made);
    // The body's words alone: what the asker wrote stands below them, and is called so.
    let title = text("核验回执", "Verification receipt");
    let mut response = html(StatusCode::OK, &ReceiptPage { frame: Frame::of(app, lang, title, uri), view });
    response.headers_mut().extend([UNLISTED]);
    response
}

fn missing(app: &App, lang: Lang, uri: &Uri) -> Response {
    let heading = text("没有这份回执", "No such receipt");
    let sentence = text(
        "网址可能抄错了：回执的网址区分大小写，请扫回执上的二维码，或从文件里复制。",
        "The address may be mistyped: upper and lower case differ in it. Scan the code on the receipt, or copy its address from the file.",
    );
    message(app, lang, uri, StatusCode::NOT_FOUND, heading, sentence)
}

/// A receipt's print.
///
/// # Errors
/// It cannot be made: a fault of ours, whatever is in the receipt.
pub fn print_of(service: &crate::service::Service, made: &Made) -> Result<Vec<u8>, ServiceError> {
    let view = view_of(service, made);
    let print = pdf(&view, made, service.body().name.as_str(), service.host().as_str());
    print.map_err(|refusal| ServiceError::SelfCheck(refusal.to_string()))
}
