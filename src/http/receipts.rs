//! Receipts over the API: asking about many certificates at once, and taking the signed answer along as JSON or on paper.

use super::App;
use super::error::Problem;
use super::extract::{Strict, objects};
use super::limits::{Client, cost_of_lines};
use super::pages;
use super::public::{MomentQuery, Params, params};
use super::shapes::{CheckBody, QuestionBody};
use crate::domain::error::shown;
use crate::domain::{ReceiptId, Refusal};
use crate::service::asking::Question;
use crate::service::receipts::{Made, Request};
use crate::verify::receipt::ANSWERS_MAX;
use axum::Extension;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use std::time::Duration;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Where receipts are asked for.
const PATH: &str = "/api/v1/receipts";
/// What making a receipt counts for, in requests, and what printing one does, however short it is: a signature and a disk sync;
/// pages of letters.
const COST: u32 = 10;
/// Bytes of a receipt that count for a request when it is given out: the answers about four certificates with their proofs, or about thirty
/// without.
const COUNTED: u64 = 64 << 10;
/// A receipt about more certificates takes much memory to make.
const MANY: u32 = 1_000;
/// A receipt of more bytes takes some hundred megabytes of memory.
const LARGE: u64 = 2 << 20;
/// Longest time a client is kept waiting who reads more than he may: whoever has just had one of ten thousand answers made reads it
/// next.
const PATIENCE: Duration = Duration::from_secs(5);

/// What a request counts for as it comes; what it takes beyond that is counted when it is known.
pub(super) fn cost(method: &Method, route: &str) -> u32 {
    if method == Method::POST && [PATH, pages::SCAN, pages::TENDER].contains(&route) { COST } else { 1 }
}

/// A receipt's answers are for whoever was given its address.
pub(super) const UNLISTED: (HeaderName, HeaderValue) =
    (HeaderName::from_static("x-robots-tag"), HeaderValue::from_static("noindex"));

/// Does something with a receipt that was made before, for a client for whom it counts by its size, and as so many requests more.
///
/// # Errors
/// `too_many_requests`, before it is read; `busy`; it cannot be read; what the work is refused.
pub(super) async fn read<T: Send + 'static>(
    app: &App,
    client: Client,
    id: ReceiptId,
    more: u32,
    work: impl FnOnce(&App, Made) -> Result<T, Problem> + Send + 'static,
) -> Result<Option<T>, Problem> {
    let size = app.blocking(move |service| service.receipt_size(id)).await?.unwrap_or_default();
    app.gate.admits(client, more)?;
    let cost = u32::try_from(size / COUNTED).unwrap_or(u32::MAX);
    app.gate.admits_within(client, cost, PATIENCE).await?;
    let reading = app.clone();
    let done = move || reading.service.receipt(id)?.map(|made| work(&reading, made)).transpose();
    if size > LARGE { app.heavy.run_large(done).await? } else { app.heavy.run(done).await? }
}

/// Routes of receipts.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(make)).routes(routes!(receipt))
}

/// What a receipt is asked for
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ReceiptRequest {
    /// Your own text, such as the number of a tender; at most 120 characters.
    reference: Option<String>,
    /// As of a China-time date (its end) or an RFC 3339 instant; now when left out.
    as_of: Option<String>,
    /// As it was known then; now when left out.
    known_at: Option<String>,
    /// 1 to 10,000 certificates, marks and firms.
    #[serde(deserialize_with = "objects")]
    certificates: Vec<QuestionBody>,
}

/// A signed receipt (docs/SPEC-receipt.md)
#[derive(ToSchema)]
#[allow(dead_code, reason = "a description only: receipts leave byte for byte as they were signed")]
struct Receipt {
    /// `starmark-receipt`.
    #[schema(rename = "type")]
    kind: String,
    /// 1.
    version: u64,
    /// Its page, for ever.
    id: String,
    /// `did:web:HOST`.
    issuer: String,
    /// When it was made (RFC 3339).
    made_at: String,
    /// The text it was asked for with; absent where there was none.
    reference: Option<String>,
    /// The instant the answers are about (RFC 3339).
    as_of: String,
    /// What was on record then counts (RFC 3339).
    known_at: String,
    /// Expectations that the register does not confirm, in all answers.
    differences: u64,
    /// In the order asked.
    answers: Vec<ReceiptAnswer>,
    /// The log's checkpoint; absent where there are no proofs.
    #[schema(value_type = Option<Object>)]
    log: Option<()>,
    /// The signature, by a key of purpose `receipt`.
    #[schema(value_type = Object)]
    proof: (),
}

/// The answer about one certificate
#[derive(ToSchema)]
#[allow(dead_code, reason = "a description only")]
struct ReceiptAnswer {
    /// The text it was asked for by.
    asked: String,
    /// What it says; absent where there is no such certificate.
    certificate: Option<ReceiptCertificate>,
    /// `valid`, `invalid` or `undetermined`.
    verdict: String,
    /// Standing at that instant; absent where it is not known.
    standing: Option<String>,
    /// `true` where the standing changed in the course of the day asked about; else absent.
    changed_that_day: Option<bool>,
    /// Every check made.
    checks: Vec<CheckBody>,
    /// What was expected, held against what the register has.
    comparison: Vec<ReceiptCompared>,
    /// Proofs of the public log; absent where there are none.
    #[schema(value_type = Option<Object>)]
    log: Option<()>,
}

/// A certificate in a receipt
#[derive(ToSchema)]
#[allow(dead_code, reason = "a description only")]
struct ReceiptCertificate {
    /// Identifier.
    id: String,
    /// The body's number.
    number: String,
    /// `name`, `uscc`, `address`.
    #[schema(value_type = Object)]
    holder: (),
    /// `five_star`, `four_star`, `three_star` or `qualified`.
    level: String,
    /// Scope of certification.
    scope: String,
    /// Standard.
    standard: String,
    /// First day of validity.
    issued_on: String,
    /// Last day of validity, that day included.
    valid_until: String,
    /// SHA-256 of its signed record.
    record_sha256: String,
}

/// An expectation, held against the register
#[derive(ToSchema)]
#[allow(dead_code, reason = "a description only")]
struct ReceiptCompared {
    /// `holder`, `uscc`, `level` or `scope`.
    field: String,
    /// The text expected.
    expected: String,
    /// What the certificate says; absent where there is none.
    found: Option<String>,
    /// Whether both say the same, width, case, dashes and spaces aside.
    same: bool,
}

impl ReceiptRequest {
    fn read(self) -> Result<Request, Refusal> {
        let asked = MomentQuery { as_of: self.as_of, known_at: self.known_at }.asked()?;
        let certificates = self.certificates.into_iter().map(Question::from).collect();
        Ok(Request { reference: self.reference, asked, certificates })
    }
}

/// In which form a receipt is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    /// What is signed.
    Json,
    /// A print of it.
    Pdf,
}

const PDF: &str = "application/pdf";

impl Form {
    /// What the request accepts; JSON unless PDF is liked better.
    fn accepted(headers: &HeaderMap) -> Self {
        let accepts = headers.get_all(header::ACCEPT).into_iter().filter_map(|v| v.to_str().ok());
        let (mut json, mut pdf) = (0.0, 0.0);
        for range in accepts.flat_map(|v| v.split(',')) {
            let mut parts = range.split(';').map(str::trim);
            let kind = parts.next().unwrap_or_default().to_ascii_lowercase();
            let weight = parts.find_map(|p| p.strip_prefix("q=")?.parse().ok()).unwrap_or(1.0_f32);
            match kind.as_str() {
                PDF => pdf = weight,
                "application/json" => json = weight,
                "application/*" | "*/*" => json = weight.max(json),
                _ => {}
            }
        }
        if pdf > json { Self::Pdf } else { Self::Json }
    }
}

/// Ask about many certificates and get a signed receipt
///
/// It proves for years, with no server, what the register answered (docs/SPEC-receipt.md). A certificate that is not on record is
/// an answer in it. With `Accept: application/pdf` the answer is a print of it.
#[utoipa::path(post, path = "/api/v1/receipts", tag = "public", request_body = ReceiptRequest,
    responses((status = 201, body = Receipt, description = "the receipt, kept at the address in `Location`"),
        (status = 400, body = Problem, content_type = "application/problem+json", description = "what is wrong, in which item, and what would be right"),
        (status = 413, body = Problem, content_type = "application/problem+json", description = "the body is too large"),
        (status = 415, body = Problem, content_type = "application/problem+json", description = "the body is not JSON"),
        (status = 503, body = Problem, content_type = "application/problem+json", description = "no receipt can be made for the time being: `receipts_full`, `clock_wrong`, `no_key`; or `busy`, see `Retry-After`")))]
async fn make(
    State(app): State<App>,
    Extension(client): Extension<Client>,
    headers: HeaderMap,
    Strict(body): Strict<ReceiptRequest>,
) -> Result<Response, Problem> {
    let (request, here) = (body.read()?, app.links.authority().to_owned());
    let form = Form::accepted(&headers);
    let asked = request.certificates.len().min(ANSWERS_MAX);
    app.gate.admits(client, cost_of_lines(asked) + if form == Form::Pdf { COST } else { 0 })?;
    let asked = request.certificates.iter().map(Question::weight).sum::<usize>().min(ANSWERS_MAX);
    let asked = u32::try_from(asked).unwrap_or(u32::MAX);
    app.gate.admits_answers(client, asked)?;
    let work = app.clone();
    let make = move || {
        let made = work.service.make_receipt(&request, &here)?;
        let body = rendered(&work, &made, form)?;
        Ok::<_, Problem>((made, body))
    };
    let made = if asked > MANY { app.heavy.run_large(make).await } else { app.heavy.run(make).await };
    let (made, body) = made.flatten()?;
    let mut response = answer(made.receipt.id, form, body);
    *response.status_mut() = StatusCode::CREATED;
    let location = format!("/r/{}", made.receipt.id);
    response.headers_mut().insert(header::LOCATION, location.parse().map_err(|_| Problem::internal())?);
    Ok(response)
}

/// Which form is wanted
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct FormQuery {
    /// `json` or `pdf`; what `Accept` says when left out, and else `json`.
    format: Option<String>,
}

/// A receipt that was made before
#[utoipa::path(get, path = "/api/v1/receipts/{rid}", tag = "public",
    params(("rid" = String, Path, description = "22 characters"), FormQuery),
    responses((status = 200, body = Receipt, description = "the receipt, byte for byte; or its print as application/pdf"),
        (status = 400, body = Problem, content_type = "application/problem+json", description = "what is wrong, and what would be right"),
        (status = 404, body = Problem, content_type = "application/problem+json", description = "there is no such receipt"),
        (status = 503, body = Problem, content_type = "application/problem+json", description = "`busy`, see `Retry-After`")))]
async fn receipt(
    State(app): State<App>,
    Extension(client): Extension<Client>,
    Path(rid): Path<String>,
    query: Params<FormQuery>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let form = match params(query)?.format.as_deref() {
        None => Form::accepted(&headers),
        Some("json") => Form::Json,
        Some("pdf") => Form::Pdf,
        Some(other) => {
            let why = format!("“{}” is no form of a receipt: json or pdf", shown(other));
            return Err(Problem::new(StatusCode::BAD_REQUEST, "bad_query", why));
        }
    };
    let missing = || {
        let why = format!("there is no receipt {}", shown(&rid));
        Problem::new(StatusCode::NOT_FOUND, "no_such_receipt", why)
    };
    let id = ReceiptId::parse(&rid).map_err(|_| missing())?;
    let more = if form == Form::Pdf { COST } else { 0 };
    let found = read(&app, client, id, more, move |app, made| rendered(app, &made, form)).await?;
    let body = found.ok_or_else(missing)?;
    Ok(answer(id, form, body))
}

fn rendered(app: &App, made: &Made, form: Form) -> Result<Vec<u8>, Problem> {
    match form {
        Form::Json => Ok(made.bytes.clone()),
        Form::Pdf => Ok(pages::receipt::print_of(&app.service, made)?),
    }
}

fn answer(id: ReceiptId, form: Form, body: Vec<u8>) -> Response {
    let (kind, ending) = match form {
        Form::Json => ("application/json", "json"),
        Form::Pdf => (PDF, "pdf"),
    };
    let name = format!("attachment; filename=\"receipt-{id}.{ending}\"");
    let headers = [
        (header::CONTENT_TYPE, kind.to_owned()),
        (header::CONTENT_DISPOSITION, name),
        (header::VARY, "accept".to_owned()),
    ];
    let mut response = (headers, body).into_response();
    response.headers_mut().extend([UNLISTED]);
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_print_is_given_to_whoever_likes_it_better() {
        for (accept, pdf) in [
            ("", false),
            ("*/*", false),
            ("application/json", false),
            ("application/pdf", true),
            ("Application/PDF;q=0.9, application/json;q=0.8", true),
            ("application/json, application/pdf;q=0.5", false),
            ("application/pdf, */*", false),
            ("application/pdf, */*;q=0.1", true),
            ("application/pdf;q=0", false),
            ("text/html, application/xhtml+xml, */*;q=0.8", false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT, accept.parse().unwrap());
            assert_eq!(Form::accepted(&headers) == Form::Pdf, pdf, "{accept}");
        }
    }
}
