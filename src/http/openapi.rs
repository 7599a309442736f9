//! The API's description: generated from the handlers, committed as `openapi.json`, compared in a test.

use super::App;
use serde_json::json;
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};
use utoipa::openapi::{ContentBuilder, Ref, Response, ResponseBuilder};
use utoipa::{Modify, OpenApi, ToSchema};
use utoipa_axum::router::OpenApiRouter;

/// A decision as bodies hand it in (docs/SPEC-decision.md). The handlers read it as the domain's own type; this names its
/// members for the description, and a test holds the two together.
#[derive(ToSchema)]
#[allow(dead_code, reason = "a description only")]
pub struct Decision {
    /// The body's unique reference, e.g. `D-2026-0001`.
    pub reference: String,
    /// Scheme identifier, e.g. `gbt27922-2011`.
    pub scheme: String,
    /// Certificate number; null lets the body's pattern allocate one.
    pub number: Option<String>,
    /// Who is certified.
    pub holder: DecisionHolder,
    /// Scope of certification.
    pub scope: String,
    /// Sites covered.
    pub sites: Vec<DecisionSite>,
    /// The evaluation: one item for each clause of the scheme.
    pub score_sheet: Option<DecisionSheet>,
    /// A level below the computed one, or null.
    pub level: Option<String>,
    /// Why it is lower.
    pub level_reason: Option<String>,
    /// Who evaluated.
    pub evaluators: Vec<String>,
    /// Who reviewed.
    pub reviewed_by: Vec<String>,
    /// Who decided.
    pub decided_by: Vec<String>,
    /// Who countersigned.
    pub countersigned_by: String,
    /// Last day on site, `YYYY-MM-DD`.
    pub on_site_ended_on: String,
    /// Day of the decision.
    pub decided_on: String,
    /// First day of the certificate.
    pub issued_on: String,
}

/// Holder in a decision.
#[derive(ToSchema)]
#[allow(dead_code, reason = "a description only")]
pub struct DecisionHolder {
    /// Registered name.
    pub name: String,
    /// Unified social credit code.
    pub uscc: String,
    /// Registered address.
    pub address: String,
}

/// Site in a decision.
#[derive(ToSchema)]
#[allow(dead_code, reason = "a description only")]
pub struct DecisionSite {
    /// Name.
    pub name: String,
    /// Address.
    pub address: String,
}

/// Score sheet in a decision.
#[derive(ToSchema)]
#[allow(dead_code, reason = "a description only")]
pub struct DecisionSheet {
    /// One for each clause.
    pub items: Vec<DecisionItem>,
    /// Special deductions; five fail.
    pub special_deductions: Vec<DecisionDeduction>,
    /// The special bonus, or null.
    pub special_bonus: Option<DecisionBonus>,
}

/// One clause's finding: `result`, or `sampled` with `nonconforming`.
#[derive(ToSchema)]
#[allow(dead_code, reason = "a description only")]
pub struct DecisionItem {
    /// Clause of the scheme.
    pub clause: String,
    /// `conform`, `nonconform` or `not_applicable`.
    pub result: Option<String>,
    /// Why it is not applicable.
    pub reason: Option<String>,
    /// Samples taken.
    pub sampled: Option<u32>,
    /// Samples that did not conform.
    pub nonconforming: Option<u32>,
}

/// Special deduction in a decision.
#[derive(ToSchema)]
#[allow(dead_code, reason = "a description only")]
pub struct DecisionDeduction {
    /// What was found.
    pub reason: String,
    /// Whether it is corrected; it must be.
    pub corrected: bool,
}

/// Special bonus in a decision.
#[derive(ToSchema)]
#[allow(dead_code, reason = "a description only")]
pub struct DecisionBonus {
    /// Why.
    pub reason: String,
}

struct BearerScheme;

impl Modify for BearerScheme {
    fn modify(&self, openapi: &mut utoipa::openapi::OpenApi) {
        let components = openapi.components.get_or_insert_with(Default::default);
        components.add_security_scheme("bearer", SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer)));
    }
}

#[derive(OpenApi)]
#[openapi(
    info(
        title = "starmark",
        description = "Answers about after-sales-service certificates (GB/T 27922-2011) and their star marks, with evidence; \
                       and what a certification body's staff do with them.",
        license(name = "Apache-2.0", identifier = "Apache-2.0")
    ),
    tags((name = "public", description = "For everybody"), (name = "issuing", description = "For the body's staff")),
    modifiers(&BearerScheme)
)]
struct Api;

/// The API's routes with their description.
pub fn api() -> (axum::Router<App>, utoipa::openapi::OpenApi) {
    let (routes, mut openapi) = OpenApiRouter::with_openapi(Api::openapi())
        .merge(super::public::routes())
        .merge(super::log::routes())
        .merge(super::status::routes())
        .merge(super::receipts::routes())
        .merge(super::verifications::routes())
        .merge(super::subscriptions::routes())
        .merge(super::issuing::routes())
        .split_for_parts();
    for item in openapi.paths.paths.values_mut() {
        for operation in [&mut item.get, &mut item.post, &mut item.delete].into_iter().flatten() {
            operation.responses.responses.insert("429".to_owned(), too_many().into());
        }
    }
    (routes, openapi)
}

/// What every door may answer to whoever asks too much.
fn too_many() -> Response {
    let problem = ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem"))).build();
    ResponseBuilder::new()
        .description("this address asks too much; `Retry-After` says when to come again")
        .content("application/problem+json", problem)
        .build()
}

/// The description as it is committed: pretty JSON with a line end.
#[must_use]
pub fn document() -> String {
    let (_, openapi) = api();
    let value = json!(openapi);
    let mut text = serde_json::to_string_pretty(&value).unwrap_or_default();
    text.push('\n');
    text
}
