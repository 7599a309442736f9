//! Reports of misuse, for the body.

use super::super::download::download;
use crate::domain::ReportId;
use crate::domain::report::{Closure, Outcome, Report};
use crate::domain::text::Note;
use crate::http::App;
use crate::http::error::{Problem, ReadProblems, WriteProblems};
use crate::http::extract::{Bearer, Strict};
use crate::http::public::{Params, params};
use crate::service::ServiceError;
use crate::service::reports::Case;
use crate::store::PageRequest;
use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Reports of a page, unless another number is asked for.
const PAGE: usize = 20;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(reports)).routes(routes!(report)).routes(routes!(photo)).routes(routes!(close))
}

/// A report of misuse
#[derive(Debug, Serialize, ToSchema)]
struct ReportBody {
    /// Its name, e.g. `20261127-0f3a5c7799e1b2d4`.
    id: String,
    /// When it came in.
    made_at: String,
    /// The number, code or address they gave.
    about: String,
    /// The mark that is; null where none of ours.
    mark: Option<String>,
    /// The certificate that is, or the mark's; null where none of ours.
    certificate: Option<String>,
    /// Where it was seen.
    place: Option<String>,
    /// What is wrong with it.
    note: Option<String>,
    /// Address of the photograph (JPEG).
    photo: Option<String>,
    /// SHA-256 of its bytes.
    photo_sha256: Option<String>,
    /// What the codes in it say.
    codes: Vec<String>,
    /// Whether there were more than 16 codes, of which none is told.
    many_codes: bool,
    /// What the body found; null while it is open.
    closure: Option<ClosureBody>,
}

/// That the body is through with a report
#[derive(Debug, Serialize, ToSchema)]
struct ClosureBody {
    /// `confirmed`, `unfounded` or `duplicate`.
    outcome: &'static str,
    /// On what evidence.
    note: Option<String>,
    /// Who closed it.
    by: String,
    /// When.
    closed_at: String,
}

impl ReportBody {
    fn of(app: &App, case: Case) -> Self {
        let Case {
            report: Report { id, made_at, about, mark, certificate, place, note, photo_sha256, codes, many_codes },
            closure,
        } = case;
        let photo = photo_sha256.as_ref().map(|_| format!("{}/api/v1/issuing/reports/{id}/photo", app.links.base));
        let closure = closure.map(|Closure { outcome, note, by, closed_at }| ClosureBody {
            outcome: outcome.wire(),
            note: note.map(String::from),
            by,
            closed_at: closed_at.to_string(),
        });
        Self {
            id: id.to_string(),
            made_at: made_at.to_string(),
            about: about.to_string(),
            mark: mark.map(|id| id.to_string()),
            certificate: certificate.map(|id| id.to_string()),
            place: place.map(String::from),
            note: note.map(String::from),
            photo,
            photo_sha256,
            codes,
            many_codes,
            closure,
        }
    }
}

/// A page of reports
#[derive(Debug, Serialize, ToSchema)]
struct ReportsBody {
    /// The newest first.
    items: Vec<ReportBody>,
    /// How many there are in all.
    total: usize,
}

/// Which reports are wanted
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ReportsQuery {
    /// `all` for those that are closed, too; the open ones when left out.
    state: Option<String>,
    /// Reports to pass over.
    offset: Option<usize>,
    /// Reports wanted, at most 100; 20 when left out.
    limit: Option<usize>,
}

/// Reports of misuse
///
/// Any role.
#[utoipa::path(get, path = "/api/v1/issuing/reports", tag = "issuing", security(("bearer" = [])),
    params(ReportsQuery), responses((status = 200, body = ReportsBody, description = "done"), ReadProblems))]
async fn reports(
    State(app): State<App>,
    Bearer(actor): Bearer,
    query: Params<ReportsQuery>,
) -> Result<Json<ReportsBody>, Problem> {
    let ReportsQuery { state, offset, limit } = params(query)?;
    let open = match state.as_deref() {
        None | Some("open") => true,
        Some("all") => false,
        Some(_) => {
            let why = "the state of a report that is asked for is open or all";
            return Err(Problem::new(StatusCode::BAD_REQUEST, "unknown_state", why));
        }
    };
    let page = PageRequest { offset: offset.unwrap_or(0), size: limit.unwrap_or(PAGE) };
    let cases = app.acting(move |service| service.cases(&actor, open, page)).await?;
    let items = cases.items.into_iter().map(|case| ReportBody::of(&app, case)).collect();
    Ok(Json(ReportsBody { items, total: cases.total }))
}

fn report_id(text: &str) -> Result<ReportId, Problem> {
    ReportId::parse(text).map_err(|r| Problem::new(StatusCode::NOT_FOUND, r.code, r.message))
}

fn missing(id: &ReportId) -> Problem {
    Problem::new(StatusCode::NOT_FOUND, "no_such_report", format!("there is no report {id}"))
}

/// A report of misuse
///
/// Any role.
#[utoipa::path(get, path = "/api/v1/issuing/reports/{id}", tag = "issuing", security(("bearer" = [])),
    params(("id" = String, Path, description = "name of the report")),
    responses((status = 200, body = ReportBody, description = "done"), ReadProblems))]
async fn report(
    State(app): State<App>,
    Bearer(actor): Bearer,
    Path(id): Path<String>,
) -> Result<Json<ReportBody>, Problem> {
    actor.acting_as_one_of(&crate::domain::Role::OF_TOKENS)?;
    let id = report_id(&id)?;
    let case = app
        .acting({
            let id = id.clone();
            move |service| service.case(&id)
        })
        .await?;
    Ok(Json(ReportBody::of(&app, case.ok_or_else(|| missing(&id))?)))
}

/// The photograph that came with a report
///
/// Any role. It is the stranger's own, drawn anew from its pixels.
#[utoipa::path(get, path = "/api/v1/issuing/reports/{id}/photo", tag = "issuing", security(("bearer" = [])),
    params(("id" = String, Path, description = "name of the report")),
    responses((status = 200, content_type = "image/jpeg", body = Vec<u8>, description = "the photograph"),
        (status = 304, description = "`If-None-Match` names it"), ReadProblems))]
async fn photo(
    State(app): State<App>,
    Bearer(actor): Bearer,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let id = report_id(&id)?;
    let found = app
        .acting({
            let id = id.clone();
            move |service| service.photo_of(&actor, &id)
        })
        .await?;
    let bytes = found.ok_or_else(|| missing(&id))?;
    Ok(download(&headers, bytes, "image/jpeg", &format!("report-{id}.jpg")))
}

/// What the body found
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct CloseBody {
    /// `confirmed`, `unfounded` or `duplicate`.
    outcome: String,
    /// Evidence, for the body's own files.
    note: Option<String>,
}

/// Close a report
///
/// Roles `mark_officer` and `registrar`. The same again is one act, so that it needs no key.
#[utoipa::path(post, path = "/api/v1/issuing/reports/{id}/closure", tag = "issuing", security(("bearer" = [])),
    params(("id" = String, Path, description = "name of the report")), request_body = CloseBody,
    responses((status = 200, body = ReportBody, description = "done"), WriteProblems))]
async fn close(
    State(app): State<App>,
    Bearer(actor): Bearer,
    Path(id): Path<String>,
    Strict(body): Strict<CloseBody>,
) -> Result<Json<ReportBody>, Problem> {
    let (id, outcome) = (report_id(&id)?, Outcome::parse(&body.outcome)?);
    let note = body.note.as_deref().map(Note::parse).transpose().map_err(|r| r.under("/note"))?;
    let closed =
        app.acting(move |service| -> Result<_, ServiceError> { service.close_report(&actor, &id, outcome, note) });
    Ok(Json(ReportBody::of(&app, closed.await?)))
}
