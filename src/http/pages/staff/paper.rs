//! The certificate on paper, for staff to print.

use super::super::super::App;
use super::super::super::download::download;
use super::Staff;
use crate::service::papers::PaperFormat;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, Uri};
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
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    let format = PaperFormat::Pdf;
    let made = async {
        let (service, certificate) = (app.service.clone(), app.service.find(&wish.certificate)?);
        let name = format.file_name(&certificate);
        let bytes = app.heavy.run(move || service.certificate_paper(&certificate, format)).await??;
        Ok((name, bytes))
    };
    match made.await {
        Ok((name, bytes)) => download(&headers, bytes, format.media_type(), &name),
        Err(why) => super::refused(&app, &uri, why),
    }
}
