//! The page on which a reader's own browser verifies a file. Nothing of the file comes here.

use super::super::App;
use super::super::observe::RunsScript;
use super::scripts::{Script, address};
use super::words::{Face, text};
use super::{Frame, PageQuery, html};
use crate::domain::Standing;
use crate::domain::dates::china_day;
use askama::Template;
use axum::extract::{Query, State};
use axum::http::{StatusCode, Uri};
use axum::response::Response;

/// Faces an answer may have there, each with its shape.
const FACES: [Face; 12] = [
    Face::Standing(Standing::Valid),
    Face::Standing(Standing::Suspended),
    Face::Standing(Standing::Withdrawn),
    Face::Standing(Standing::Cancelled),
    Face::Standing(Standing::Superseded),
    Face::Standing(Standing::Expired),
    Face::Standing(Standing::NotYetEffective),
    Face::WasValid,
    Face::NotGenuine,
    Face::Incomplete,
    Face::NoSuchRecord,
    Face::CannotTell,
];

struct Shape {
    face: Face,
}

#[derive(Template)]
#[template(path = "verify.html")]
struct ToolPage {
    frame: Frame,
    shapes: Vec<Shape>,
    script: Script,
    today: String,
    /// Licence of the decoder of QR codes.
    licence: String,
}

/// The page.
pub(super) async fn page(State(app): State<App>, Query(query): Query<PageQuery>, uri: Uri) -> Response {
    let title = text("核验文件", "Verify a file");
    let page = ToolPage {
        frame: Frame::of(&app, query.lang(), title, &uri),
        shapes: FACES.map(|face| Shape { face }).into(),
        script: Script::of("of-files.js"),
        today: china_day(app.service.now()).to_string(),
        licence: address("vendor/qr/LICENSE-MIT"),
    };
    let mut response = html(StatusCode::OK, &page);
    response.extensions_mut().insert(RunsScript);
    response
}
