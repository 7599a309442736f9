//! The public API: answers about certificates and marks, with their evidence.

use super::App;
use super::error::Problem;
use super::kept::Timed;
use super::shapes::{CertificateBody, CertificateSummary, HistoryStep, MarkBody, PageBody};
use crate::domain::dates::AsOf;
use crate::domain::{CertificateId, Refusal, Uscc};
use crate::service::Service;
use crate::service::lookup::{Asked, CertificateAnswer, MarkAnswer};
use crate::store::{Page, PageRequest};
use axum::extract::{Path, Query, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Items of a page where none are asked for.
const PAGE_DEFAULT: usize = 20;

/// Routes of the public API.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(certificate))
        .routes(routes!(credential))
        .routes(routes!(history))
        .routes(routes!(bundle))
        .routes(routes!(search))
        .routes(routes!(mark))
}

/// About which moment a question is.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct MomentQuery {
    /// As of a China-time date (its end) or an RFC 3339 instant; now when left out.
    pub as_of: Option<String>,
    /// As it was known then; now when left out.
    pub known_at: Option<String>,
}

impl MomentQuery {
    /// Reads both moments.
    ///
    /// # Errors
    /// `bad_as_of` says which.
    pub fn asked(&self) -> Result<Asked, Refusal> {
        let read = |text: &Option<String>, name: &str| {
            text.as_deref().map(AsOf::parse).transpose().map_err(|r| r.under(&format!("/{name}")))
        };
        Ok(Asked { as_of: read(&self.as_of, "as_of")?, known_at: read(&self.known_at, "known_at")? })
    }
}

/// Reads a query string; a parameter that is unknown or not of its form is a problem, never ignored.
pub type Params<T> = Result<Query<T>, axum::extract::rejection::QueryRejection>;

/// Unwraps [`Params`].
///
/// # Errors
/// `bad_query` in the words of the reader.
pub fn params<T>(query: Params<T>) -> Result<T, Problem> {
    query.map(|Query(q)| q).map_err(|e| Problem::new(StatusCode::BAD_REQUEST, "bad_query", e.body_text()))
}

/// Reads an identifier from a path.
///
/// # Errors
/// `bad_identifier`, as not found: no such resource can exist.
pub fn id_of(text: &str) -> Result<CertificateId, Problem> {
    CertificateId::parse(text).map_err(|r| {
        let mut problem = Problem::from(r);
        problem.status = StatusCode::NOT_FOUND.as_u16();
        problem.title = "Not Found";
        problem
    })
}

fn missing(id: CertificateId) -> Problem {
    Problem::new(StatusCode::NOT_FOUND, "no_such_certificate", format!("there is no certificate {id}"))
}

fn answer(app: &App, id: &str, asked: Asked) -> Result<CertificateAnswer, Problem> {
    let id = id_of(id)?;
    app.service.certificate_answer(id, asked)?.ok_or_else(|| missing(id))
}

/// The same about now, with what it rests on.
fn answer_now(app: &App, id: &str) -> Result<(CertificateAnswer, Timed), Problem> {
    let id = id_of(id)?;
    let begun = app.service.begin_answer();
    let answer = app.service.certificate_now(id, &begun)?.ok_or_else(|| missing(id))?;
    let ground = app.service.ground(&begun, &answer, None)?;
    Ok((answer, Timed { begun, ground, tagged: true }))
}

/// Verdict on a certificate, with its checks
#[utoipa::path(get, path = "/api/v1/certificates/{id}", tag = "public",
    params(("id" = String, Path, description = "16-digit identifier"), MomentQuery),
    responses((status = 200, body = CertificateBody, description = "the answer"), (status = 304, description = "what the asker holds (`If-None-Match`) is so at the time in `Date`"), (status = 404, body = Problem, content_type = "application/problem+json", description = "what is wrong, and what would be right"), (status = 400, body = Problem, content_type = "application/problem+json", description = "what is wrong, and what would be right")))]
async fn certificate(
    State(app): State<App>,
    Path(id): Path<String>,
    query: Params<MomentQuery>,
) -> Result<Response, Problem> {
    let asked = params(query)?.asked()?;
    let (answer, timed) = match asked == Asked::default() {
        true => answer_now(&app, &id).map(|(answer, timed)| (answer, Some(timed)))?,
        false => (answer(&app, &id, asked)?, None),
    };
    let log = app.service.log_of(answer.certificate.id)?;
    Ok((timed.map(Extension), Json(CertificateBody::of(&app.links, &answer, log))).into_response())
}

/// The signed record, byte for byte
#[utoipa::path(get, path = "/api/v1/certificates/{id}/credential", tag = "public",
    params(("id" = String, Path, description = "16-digit identifier")),
    responses((status = 200, content_type = "application/vc", body = String, description = "the signed record"), (status = 304, description = "what the asker holds (`If-None-Match`) is so at the time in `Date`"), (status = 410, body = Problem, content_type = "application/problem+json", description = "`record_withheld`: the certificate had ended before its record was signed"), (status = 404, body = Problem, content_type = "application/problem+json", description = "what is wrong, and what would be right")))]
async fn credential(State(app): State<App>, Path(id): Path<String>) -> Result<Response, Problem> {
    let (answer, timed) = answer_now(&app, &id)?;
    let bytes = app.service.credential(&answer.certificate)?;
    let name = format!("attachment; filename=\"certificate-{}.json\"", answer.certificate.id);
    let headers = [(header::CONTENT_TYPE, "application/vc".to_owned()), (header::CONTENT_DISPOSITION, name)];
    Ok((Extension(timed), headers, bytes).into_response())
}

/// Everything that was recorded of a certificate, oldest first, also what an erratum took back
#[utoipa::path(get, path = "/api/v1/certificates/{id}/history", tag = "public",
    params(("id" = String, Path, description = "16-digit identifier")),
    responses((status = 200, body = Vec<HistoryStep>, description = "the answer"), (status = 404, body = Problem, content_type = "application/problem+json", description = "what is wrong, and what would be right")))]
async fn history(State(app): State<App>, Path(id): Path<String>) -> Result<Json<Vec<HistoryStep>>, Problem> {
    let answer = answer(&app, &id, Asked::default())?;
    let leaves = app.service.leaves_of(answer.certificate.id)?;
    let certificate = &answer.certificate;
    let steps = certificate.life().iter().zip(leaves).enumerate();
    Ok(Json(steps.map(|(n, (step, leaf))| HistoryStep::of(&app.links, certificate, n, step, leaf)).collect()))
}

/// About which moment a bundle's status lists are
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct BundleQuery {
    /// As they stood at a China-time date (its end) or an RFC 3339 instant of the past; now when left out.
    as_of: Option<String>,
}

/// Everything a verifier without a network needs: record, keys, status lists, log proofs
#[utoipa::path(get, path = "/api/v1/bundle/{id}", tag = "public",
    params(("id" = String, Path, description = "16-digit identifier"), BundleQuery),
    responses((status = 200, content_type = "application/json", body = Object, description = "the bundle (docs/SPEC-bundle.md)"), (status = 400, body = Problem, content_type = "application/problem+json", description = "what is wrong, and what would be right"), (status = 410, body = Problem, content_type = "application/problem+json", description = "`record_withheld`: the certificate had ended before its record was signed"), (status = 404, body = Problem, content_type = "application/problem+json", description = "what is wrong, and what would be right")))]
async fn bundle(
    State(app): State<App>,
    Path(id): Path<String>,
    query: Params<BundleQuery>,
) -> Result<Response, Problem> {
    let id = id_of(&id)?;
    let as_of = params(query)?.as_of;
    let as_of = as_of.as_deref().map(AsOf::parse).transpose().map_err(|r| r.under("/as_of"))?;
    let missing =
        || Problem::new(StatusCode::NOT_FOUND, "no_such_certificate", format!("there is no certificate {id}"));
    let bytes = app.blocking(move |service| service.bundle(id, as_of)).await?.ok_or_else(missing)?;
    let name = format!("attachment; filename=\"certificate-{id}.bundle.json\"");
    Ok(([(header::CONTENT_TYPE, "application/json".to_owned()), (header::CONTENT_DISPOSITION, name)], bytes)
        .into_response())
}

/// What to search for: exactly one of the three.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct SearchQuery {
    /// Certificate number as people type or paste it: with its label, in any width and case, also the 16-digit identifier or
    /// the address of the certificate's page.
    number: Option<String>,
    /// Unified social credit code of the holder.
    uscc: Option<String>,
    /// Part of the holder's name.
    holder: Option<String>,
    /// Items to pass over.
    offset: Option<usize>,
    /// Items wanted, 1 to 100.
    limit: Option<usize>,
}

/// Certificates by number, holder's code or part of the holder's name
#[utoipa::path(get, path = "/api/v1/certificates", tag = "public", params(SearchQuery),
    responses((status = 200, body = PageBody, description = "the answer"), (status = 400, body = Problem, content_type = "application/problem+json", description = "what is wrong, and what would be right")))]
async fn search(State(app): State<App>, query: Params<SearchQuery>) -> Result<Json<PageBody>, Problem> {
    let query = params(query)?;
    let size = query.limit.unwrap_or(PAGE_DEFAULT);
    if size == 0 || size > PageRequest::MAX {
        let why = format!("limit is 1 to {}", PageRequest::MAX);
        return Err(Problem::new(StatusCode::BAD_REQUEST, "bad_query", why));
    }
    let page = PageRequest { offset: query.offset.unwrap_or(0), size };
    if [&query.number, &query.uscc, &query.holder].into_iter().flatten().count() != 1 {
        let why = "ask with exactly one of number=, uscc= or holder=";
        return Err(Problem::new(StatusCode::BAD_REQUEST, "bad_query", why));
    }
    let links = app.links.clone();
    let find = move |service: &Service| {
        let found = match (&query.number, &query.uscc, &query.holder) {
            (Some(number), ..) => {
                let items: Vec<_> = service.by_number(number, links.authority())?.into_iter().collect();
                Page { total: items.len(), items }
            }
            (_, Some(uscc), _) => service.by_holder(Uscc::parse(uscc)?, page)?,
            (.., name) => service.by_name(name.as_deref().unwrap_or_default(), page)?,
        };
        let summary = |c: &_| CertificateSummary::of(&links, c, service.standing_now(c));
        let items = found.items.iter().map(summary).collect();
        Ok(PageBody { items, total: found.total, offset: page.offset, limit: size })
    };
    app.blocking(find).await.map(Json)
}

/// Verdict on a mark, from the digits of its code
#[utoipa::path(get, path = "/api/v1/marks/{digits}", tag = "public",
    params(("digits" = String, Path, description = "16 digits (link mark) or 217 digits (signed mark)"), MomentQuery),
    responses((status = 200, body = MarkBody, description = "the answer"), (status = 304, description = "what the asker holds (`If-None-Match`) is so at the time in `Date`"), (status = 400, body = Problem, content_type = "application/problem+json", description = "what is wrong, and what would be right")))]
async fn mark(
    State(app): State<App>,
    Path(digits): Path<String>,
    query: Params<MomentQuery>,
) -> Result<Response, Problem> {
    let asked = params(query)?.asked()?;
    let begun = (asked == Asked::default()).then(|| app.service.begin_answer());
    let answer = match &begun {
        Some(begun) => app.service.mark_now(&digits, begun)?,
        None => app.service.mark_answer(&digits, asked)?,
    };
    let log = match &answer {
        MarkAnswer::Found(found) => app.service.log_of(found.certificate.certificate.id)?,
        _ => None,
    };
    let timed = begun.map(|begun| Timed::of_mark(&app.service, begun, &answer, true)).transpose()?;
    Ok((timed.map(Extension), Json(MarkBody::of(&app.links, &answer, log))).into_response())
}
