//! Floor 5: the service over HTTP. The only floor, with the command line, that knows shapes, pages and status codes.

mod control;
pub mod error;
mod extract;
mod issuing;
mod observe;
pub mod openapi;
mod pages;
mod patience;
mod places;
mod public;
mod serve;
pub mod shapes;
mod well_known;

use crate::service::Service;
use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::StatusCode;
use axum::middleware;
pub use observe::Limits;
use observe::Observer;
pub use places::Bounds;
pub use serve::{Options, accept, serve};
use shapes::Links;
use std::sync::Arc;
use std::time::Duration;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::timeout::TimeoutLayer;

/// Largest request body: the strict reader takes a mebibyte; a little more lets it say what is too large.
pub const BODY_MAX: usize = (1 << 20) + (64 << 10);
/// Longest time a request may take; signing, proofreading a mark and a disk sync stay far below.
const REQUEST_TIME: Duration = Duration::from_secs(20);

/// What handlers share.
#[derive(Clone)]
pub struct App {
    service: Arc<Service>,
    links: Arc<Links>,
    observer: Arc<Observer>,
    body_time: Duration,
}

impl App {
    fn new(service: Arc<Service>, base: &str, limits: Limits) -> Self {
        let links = Links { base: base.to_owned(), host: service.host().clone() };
        let body_time = limits.body_time;
        Self { service, links: Arc::new(links), observer: Arc::new(Observer::new(limits)), body_time }
    }
}

/// Every route, with its limits and headers. `base` is the address pages are reached at, without a slash at its end.
pub fn router(service: Arc<Service>, base: &str, limits: Limits) -> Router {
    routes(App::new(service, base, limits))
}

fn routes(app: App) -> Router {
    let (api, _) = openapi::api();
    api.merge(pages::routes())
        .merge(well_known::routes())
        .fallback(pages::not_found)
        .layer(CatchPanicLayer::custom(broken))
        .layer(TimeoutLayer::with_status_code(StatusCode::SERVICE_UNAVAILABLE, REQUEST_TIME))
        .layer(DefaultBodyLimit::max(BODY_MAX))
        .layer(middleware::from_fn_with_state(app.clone(), observe::observe))
        .with_state(app)
}

/// A fault in our own code ends one request, not the connection, and is logged.
fn broken(_: Box<dyn std::any::Any + Send>) -> axum::response::Response {
    use axum::response::IntoResponse as _;
    tracing::error!("a handler panicked");
    let why = "the service could not do this; ask again with the same idempotency key";
    error::Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", why).into_response()
}
