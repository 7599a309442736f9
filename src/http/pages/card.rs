//! The picture that goes with a shared address of a certificate.

use super::super::App;
use super::super::error::Problem;
use super::view;
use super::words::Face;
use crate::domain::{CertificateId, Refusal};
use crate::draw::png::png;
use crate::print::Sign;
use crate::print::card::{Card, PIXELS, card};
use crate::service::ServiceError;
use crate::service::lookup::Asked;
use axum::extract::{Path, State};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};

/// Where it is.
pub(super) const ROUTE: &str = "/c/{id}/card.png";
/// Whoever shows it to others asks again after so long; it says itself of when it is.
const AGE: HeaderValue = HeaderValue::from_static("public, max-age=300");

/// How the certificate stands now, as a picture.
pub(super) async fn file(State(app): State<App>, Path(id): Path<String>) -> Result<Response, Problem> {
    let work = app.clone();
    let made = app.heavy.run(move || drawn(&work, &id)).await??;
    let head = [(header::CONTENT_TYPE, HeaderValue::from_static("image/png")), (header::CACHE_CONTROL, AGE)];
    Ok((head, made).into_response())
}

fn drawn(app: &App, id: &str) -> Result<Vec<u8>, ServiceError> {
    let none =
        || Refusal::not_found("no_card", "there is no certificate here whose standing can be shown in a picture");
    let id = CertificateId::parse(id).map_err(|_| none())?;
    let answer = app.service.certificate_answer(id, Asked::default())?.ok_or_else(none)?;
    let view = view::certificate(&answer, Asked::default(), &[], "");
    let (Face::Standing(standing), Some(subject)) = (view.face, &view.subject) else { return Err(none().into()) };
    let word = view.face.word();
    let drawn = card(&Card {
        sign: Sign::of(standing),
        word: (&word.zh, &word.en),
        holder: &subject.holder,
        level: subject.level,
        praised: subject.praised,
        number: answer.certificate.terms().number.as_str(),
        at: &view.computed,
        host: app.service.host().as_str(),
    })?;
    Ok(png(&drawn, PIXELS).map_err(|why| Refusal::rule("print_failed", why.to_string()))?)
}
