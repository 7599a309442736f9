//! The page on which a reader's own browser verifies a file. Nothing of the file comes here.

use super::super::App;
use super::super::observe::RunsScript;
use super::scripts::{address, script};
use super::words::{Face, Lang, text};
use super::{Frame, PageQuery, html};
use crate::domain::Standing;
use askama::Template;
use axum::extract::{Query, State};
use axum::http::{StatusCode, Uri};
use axum::response::Response;

/// Faces an answer may have there, each with its shape.
const FACES: [Face; 17] = [
    Face::Standing(Standing::Valid),
    Face::Standing(Standing::Suspended),
    Face::Standing(Standing::Withdrawn),
    Face::Standing(Standing::Cancelled),
    Face::Standing(Standing::Superseded),
    Face::Standing(Standing::Expired),
    Face::Standing(Standing::NotYetEffective),
    Face::WasValid,
    Face::MarkFrozen,
    Face::MarkEnded,
    Face::MarkReplaced,
    Face::MarkRevoked,
    Face::MarkInvestigated,
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
pub(super) struct ToolPage {
    pub(super) frame: Frame,
    shapes: Vec<Shape>,
    script: String,
    /// Licence of the decoder of QR codes.
    licence: String,
}

/// The page.
pub(super) async fn page(State(app): State<App>, Query(query): Query<PageQuery>, uri: Uri) -> Response {
    let mut response = html(StatusCode::OK, &filled(&app, query.lang(), &uri));
    response.extensions_mut().insert(RunsScript::Page);
    response
}

/// The page at that address.
pub(super) fn filled(app: &App, lang: Lang, uri: &Uri) -> ToolPage {
    ToolPage {
        frame: Frame::of(app, lang, text("核验文件", "Verify a file"), uri),
        shapes: FACES.map(|face| Shape { face }).into(),
        script: script("of-files.js"),
        licence: address("vendor/qr/LICENSE-MIT"),
    }
}
