//! The status lists that certificates name, for verifiers anywhere.

use super::App;
use super::error::Problem;
use super::public::{Params, params};
use super::well_known::open;
use crate::domain::error::shown;
use crate::domain::{Refusal, RefusalKind, StatusPurpose};
use crate::service::ServiceError;
use crate::service::mark_list::MADE_FOR;
use crate::service::status_lists::{ListForm, TTL_SECONDS};
use crate::sign::cwt;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use jiff::Timestamp;
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

const JWT_TYPE: &str = "application/statuslist+jwt";
const CWT_TYPE: &str = cwt::TYPE;

/// Routes of the status lists.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(token)).routes(routes!(marks))
}

/// Of which moment a list is wanted (Bitstring Status List 1.0, section 3.2).
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ListQuery {
    /// The list as it stood at that RFC 3339 instant of the past; now when left out.
    timestamp: Option<String>,
}

/// Of which moment a token is wanted (Token Status List, section 8.4).
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct TokenQuery {
    /// The list as it stood at that second since 1970, in the past; now when left out.
    time: Option<String>,
}

/// A bitstring status list, as a signed Verifiable Credential
#[utoipa::path(get, path = "/status/{purpose}/{list}", tag = "public",
    params(("purpose" = String, Path, description = "`revocation` (withdrawn, cancelled or superseded) or `suspension`"), ("list" = String, Path, description = "number of the list"), ListQuery),
    responses((status = 200, content_type = "application/vc", body = String, description = "the list"), (status = 400, body = Problem, content_type = "application/problem+json", description = "`bad_timestamp`: not an instant, or one that has not come"), (status = 404, body = Problem, content_type = "application/problem+json", description = "`no_such_status_list`"), (status = 503, body = Problem, content_type = "application/problem+json", description = "no list can be signed now")))]
async fn list(
    State(app): State<App>,
    Path((purpose, list)): Path<(String, String)>,
    query: Params<ListQuery>,
) -> Result<Response, Problem> {
    let purpose = StatusPurpose::parse(&purpose).map_err(|_| missing(&format!("{purpose}/{list}")))?;
    let at = params(query)?.timestamp.as_deref().map(instant).transpose()?;
    give(&app, ListForm::Credential(purpose), &list, at, "application/vc").await
}

/// A status list token, as a JWT or, where `Accept` asks for it, a CWT
#[utoipa::path(get, path = "/status/token/{list}", tag = "public",
    params(("list" = String, Path, description = "number of the list"), TokenQuery),
    responses((status = 200, description = "the list", content((String = "application/statuslist+jwt"), (Vec<u8> = "application/statuslist+cwt"))), (status = 400, body = Problem, content_type = "application/problem+json", description = "`bad_timestamp`: not a number of seconds, or one that has not come"), (status = 404, body = Problem, content_type = "application/problem+json", description = "`no_such_status_list`"), (status = 503, body = Problem, content_type = "application/problem+json", description = "no list can be signed now")))]
async fn token(
    State(app): State<App>,
    Path(list): Path<String>,
    query: Params<TokenQuery>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let at = params(query)?.time.as_deref().map(second).transpose()?;
    let wants_cwt = prefers(&headers, CWT_TYPE, JWT_TYPE);
    let (form, content_type) = if wants_cwt { (ListForm::Cwt, CWT_TYPE) } else { (ListForm::Jwt, JWT_TYPE) };
    let mut response = give(&app, form, &list, at, content_type).await?;
    response.headers_mut().insert(header::VARY, HeaderValue::from_static("accept"));
    Ok(response)
}

/// The marks that do not hold now, and those whose misuse is being looked into, signed: to check marks without a network
#[utoipa::path(get, path = "/status/marks", tag = "public",
    responses((status = 200, content_type = "application/json", body = String, description = "the list: `as_of`, and under `marks` the identifiers by state (`frozen`, `ended`, `replaced`, `revoked`, `under_investigation`, `not_understood`); a mark whose own last day has passed is not in it"), (status = 503, body = Problem, content_type = "application/problem+json", description = "no list can be signed now")))]
async fn marks(State(app): State<App>) -> Result<Response, Problem> {
    let bytes = app.blocking(|service| Ok(service.mark_list().map_err(unsigned))).await??;
    Ok(open("application/json", bytes.to_vec(), kept_for(MADE_FOR.as_secs().unsigned_abs())))
}

/// It may be kept for so many seconds.
fn kept_for(seconds: u64) -> HeaderValue {
    HeaderValue::from_str(&format!("public, max-age={seconds}")).unwrap_or(HeaderValue::from_static("no-store"))
}

fn missing(which: &str) -> Problem {
    let why = format!("there is no status list “{}”", shown(which));
    Problem::new(StatusCode::NOT_FOUND, "no_such_status_list", why)
}

async fn give(
    app: &App,
    form: ListForm,
    list: &str,
    at: Option<Timestamp>,
    content_type: &'static str,
) -> Result<Response, Problem> {
    // One list has one address: no sign, no leading zero.
    let number = list.parse::<u32>().ok().filter(|n| n.to_string() == list).ok_or_else(|| missing(list))?;
    // It waits for acts that are being committed.
    let made = app.blocking(move |service| Ok(service.status_list(form, number, at).map_err(unsigned))).await??;
    let bytes = made.ok_or_else(|| missing(list))?;
    Ok(open(content_type, bytes.to_vec(), kept_for(TTL_SECONDS.into())))
}

/// What keeps this service from signing now (its clock, a key that is not open) is no fault of who asks.
fn unsigned(error: ServiceError) -> Problem {
    let ours = matches!(&error, ServiceError::Refused(why) if why.iter().all(|r| r.kind == RefusalKind::Rule));
    let mut problem = Problem::from(error);
    if ours {
        tracing::error!(code = problem.code, "no status list can be signed");
        problem.status = StatusCode::SERVICE_UNAVAILABLE.as_u16();
        problem.title = "Service Unavailable";
    }
    problem
}

/// The first instant a list is asked of. No register of this standard is older, and a list of an odd year would be signed.
const FIRST: Timestamp = Timestamp::constant(946_684_800, 0);

fn bad_timestamp(text: &str, right: &str) -> Refusal {
    Refusal::invalid("bad_timestamp", format!("“{}” is not {right}", shown(text)))
}

/// A `dateTimeStamp` of XML Schema 1.1: an instant with its zone.
fn instant(text: &str) -> Result<Timestamp, Refusal> {
    let right = "an RFC 3339 instant since the year 2000 such as 2026-05-08T01:30:00Z (a plus sign is written %2B)";
    let formed = text.len() >= 20 && text.as_bytes()[10] == b'T' && text.is_ascii() && !text.contains(['[', ' ']);
    text.parse().ok().filter(|at| formed && *at >= FIRST).ok_or_else(|| bad_timestamp(text, right))
}

fn second(text: &str) -> Result<Timestamp, Refusal> {
    let seconds = text.parse().ok().filter(|s: &i64| s.to_string() == text);
    let instant = seconds.and_then(|s| Timestamp::from_second(s).ok()).filter(|at| *at >= FIRST);
    instant.ok_or_else(|| {
        bad_timestamp(text, "a number of seconds since 1970, of the year 2000 or later, such as 1778203800")
    })
}

/// Whether `Accept` (RFC 9110, section 12.5.1) wants the one more than the other.
fn prefers(headers: &HeaderMap, one: &str, other: &str) -> bool {
    let mut weights = [0.0f32; 2];
    let ranges = headers.get_all(header::ACCEPT).iter().filter_map(|v| v.to_str().ok()).flat_map(|v| v.split(','));
    for range in ranges {
        let mut parts = range.split(';').map(str::trim);
        let name = parts.next().unwrap_or_default();
        let weight = parts.find_map(|p| p.strip_prefix("q=")?.parse().ok()).unwrap_or(1.0);
        for (slot, wanted) in weights.iter_mut().zip([one, other]) {
            if name.eq_ignore_ascii_case(wanted) {
                *slot = weight;
            }
        }
    }
    weights[0] > weights[1]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_form_is_what_accept_names_with_the_larger_weight() {
        let wants = |accept: &str| {
            let headers = HeaderMap::from_iter([(header::ACCEPT, HeaderValue::from_str(accept).unwrap())]);
            prefers(&headers, CWT_TYPE, JWT_TYPE)
        };
        assert!(!prefers(&HeaderMap::new(), CWT_TYPE, JWT_TYPE));
        for (accept, cwt) in [
            ("application/statuslist+cwt", true),
            ("application/statuslist+jwt", false),
            ("*/*", false),
            ("text/html, application/statuslist+cwt;q=0.2", true),
            ("application/statuslist+cwt, application/statuslist+jwt", false),
            ("application/statuslist+cwt;q=0.9, application/statuslist+jwt;q=0.8", true),
            ("application/statuslist+cwt; q=0, */*", false),
        ] {
            assert_eq!(wants(accept), cwt, "{accept}");
        }
    }

    #[test]
    fn an_instant_has_its_zone_and_a_second_one_writing() {
        let at = |text: &str| instant(text).map(|t| t.to_string());
        assert_eq!(at("2026-05-08T09:30:00+08:00").unwrap(), "2026-05-08T01:30:00Z");
        assert_eq!(at("2026-05-08T01:30:00.25Z").unwrap(), "2026-05-08T01:30:00.25Z");
        for text in [
            "",
            "1999-12-31T23:59:59Z",
            "2026-05-08",
            "2026-05-08T01:30:00",
            "2026-05-08 01:30:00Z",
            "1778203800",
            "20260508T013000Z0000",
        ] {
            assert_eq!(instant(text).unwrap_err().code, "bad_timestamp", "{text}");
        }
        assert_eq!(second("1778203800").unwrap().to_string(), "2026-05-08T01:30:00Z");
        assert_eq!(second("946684800").unwrap(), FIRST);
        for text in ["", "-99999999999", "0", "946684799", "+1", "01", "1.5", "2026-05-08T01:30:00Z", "99999999999999"]
        {
            assert_eq!(second(text).unwrap_err().code, "bad_timestamp", "{text}");
        }
    }
}
