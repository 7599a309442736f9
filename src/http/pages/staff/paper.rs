//! The certificate on paper, for staff to print.

use super::super::super::App;
use super::super::super::download::download;
use super::super::super::error::Problem;
use super::Staff;
use crate::service::papers::PaperFormat;
use axum::extract::{Query, State};
use axum::http::HeaderMap;
use axum::response::Response;
use serde::Deserialize;

#[derive(Deserialize)]
pub(super) struct Wish {
    certificate: String,
}

/// All its pages.
pub(super) async fn file(
    State(app): State<App>,
    _: Staff,
    Query(wish): Query<Wish>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let (service, format) = (app.service.clone(), PaperFormat::Pdf);
    let certificate = service.find(&wish.certificate)?;
    let name = format.file_name(&certificate);
    let bytes = app.heavy.run(move || service.certificate_paper(&certificate, format)).await??;
    Ok(download(&headers, bytes, format.media_type(), &name))
}
