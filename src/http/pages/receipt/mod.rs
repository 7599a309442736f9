//! A receipt for people: its page, and its print on paper.

mod print;
mod view;

use super::super::App;
use super::words::{Lang, text};
use super::{Frame, MessagePage, PageQuery, html};
use crate::domain::ReceiptId;
use crate::service::ServiceError;
use crate::service::receipts::Made;
use crate::verify::receipt::verify_offline;
use askama::Template;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderName, HeaderValue, StatusCode, Uri};
use axum::response::Response;
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
    Path(rid): Path<String>,
    Query(query): Query<PageQuery>,
    uri: Uri,
) -> Response {
    let lang = query.lang();
    let found = match ReceiptId::parse(&rid) {
        Ok(id) => super::super::issuing::blocking(&app, move |service| service.receipt(id)).await,
        Err(_) => Ok(None),
    };
    match found {
        Ok(Some(made)) => shown(&app, lang, &uri, &made),
        Ok(None) => missing(&app, lang, &uri),
        Err(problem) => super::cannot_tell(&app, lang, &uri, problem.status(), super::fault()),
    }
}

fn shown(app: &App, lang: Lang, uri: &Uri, made: &Made) -> Response {
    let view = view_of(&app.service, made);
    let about = view.reference.as_ref().map_or_else(String::new, |r| format!(" · {r}"));
    let title = text(format!("核验回执{about}"), format!("Verification receipt{about}"));
    let mut response = html(StatusCode::OK, &ReceiptPage { frame: Frame::of(app, lang, title, uri), view });
    // It is for whoever was given its address.
    response.headers_mut().insert(HeaderName::from_static("x-robots-tag"), HeaderValue::from_static("noindex"));
    response
}

fn missing(app: &App, lang: Lang, uri: &Uri) -> Response {
    let heading = text("没有这份回执", "No such receipt");
    let sentence = text(
        "网址可能抄错了：回执的网址区分大小写，请扫回执上的二维码，或从文件里复制。",
        "The address may be mistyped: upper and lower case differ in it. Scan the code on the receipt, or copy its address from the file.",
    );
    let frame = Frame::of(app, lang, heading.clone(), uri);
    html(StatusCode::NOT_FOUND, &MessagePage { frame, heading, sentence })
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
