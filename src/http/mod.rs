//! Floor 5: the service over HTTP. The only floor, with the command line, that knows shapes, pages and status codes.

mod control;
mod download;
pub mod error;
mod extract;
mod flow;
mod formats;
mod heavy;
mod issuing;
mod kept;
mod limits;
mod log;
mod observe;
pub mod openapi;
mod packed;
mod pages;
mod patience;
mod places;
mod pressure;
mod public;
mod receipts;
mod serve;
pub mod shapes;
mod stamp;
mod status;
mod subscriptions;
mod upload;
mod verifications;
mod well_known;

use crate::service::{Service, ServiceError};
use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::StatusCode;
use axum::middleware;
use error::Problem;
use heavy::Heavy;
use kept::{Front, Kept};
use limits::Gate;
pub use limits::Limits;
use observe::Observer;
pub use places::Bounds;
use pressure::{Pressure, Whose};
pub use serve::{Options, accept, serve};
use shapes::Links;
use std::sync::Arc;
use std::time::Duration;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::timeout::TimeoutLayer;
use upload::Uploads;

/// Largest request body: the strict reader takes a mebibyte; a little more lets it say what is too large.
pub const BODY_MAX: usize = (1 << 20) + (64 << 10);
/// Longest time a request may take; signing, proofreading a mark and a disk sync stay far below.
const REQUEST_TIME: Duration = Duration::from_secs(20);

/// Bytes of answers that a router by itself keeps.
const KEPT_BY_ROUTER: u64 = 16 << 20;

/// What handlers share.
#[derive(Clone)]
pub struct App {
    service: Arc<Service>,
    links: Arc<Links>,
    observer: Arc<Observer>,
    gate: Arc<Gate>,
    heavy: Arc<Heavy>,
    uploads: Arc<Uploads>,
    kept: Arc<Kept>,
    pressure: Arc<Pressure>,
    body_time: Duration,
}

impl App {
    fn new(service: Arc<Service>, base: &str, limits: Limits, kept: Kept) -> Self {
        let links = Links { base: base.to_owned(), host: service.host().clone() };
        let body_time = limits.body_time;
        let (observer, gate) = (Arc::new(Observer::new()), Arc::new(Gate::new(limits)));
        let (heavy, uploads) = (Arc::new(Heavy::for_this_machine()), Arc::new(Uploads::new()));
        Self {
            service,
            links: Arc::new(links),
            observer,
            gate,
            heavy,
            uploads,
            kept: Arc::new(kept),
            pressure: Pressure::new(),
            body_time,
        }
    }

    /// Whether what is looked up can be believed. Why it cannot was logged when that was found out.
    ///
    /// # Errors
    /// `register_damaged`.
    fn believes(&self) -> Result<(), Problem> {
        self.service.store().believable().map_err(|_| {
            let why = "what is kept for looking up is damaged, so nothing is told or recorded until the operator has restarted the service, which makes it anew";
            Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "register_damaged", why)
        })
    }

    /// Runs a use case of the public's that waits for the disk, signs, or looks through much, on a thread that may wait.
    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Service) -> Result<T, ServiceError> + Send + 'static,
    ) -> Result<T, Problem> {
        Ok(self.aside(Whose::Public, work).await??)
    }

    /// The same for the body's own.
    async fn acting<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Service) -> Result<T, ServiceError> + Send + 'static,
    ) -> Result<T, Problem> {
        Ok(self.aside(Whose::Body, work).await??)
    }

    /// The same with whatever it comes to.
    async fn aside<T: Send + 'static>(
        &self,
        whose: Whose,
        work: impl FnOnce(&Service) -> T + Send + 'static,
    ) -> Result<T, Problem> {
        let (service, place) = (self.service.clone(), self.pressure.place(whose).await?);
        let work = move || {
            let done = work(&service);
            drop(place);
            done
        };
        tokio::task::spawn_blocking(work).await.map_err(|_| Problem::internal())
    }

    /// Runs a use case of the body's own that needs no thread to wait. It goes on to its end, also where nobody waits for it any more.
    async fn acting_async<T: Send + 'static, F: Future<Output = Result<T, ServiceError>> + Send + 'static>(
        &self,
        work: impl FnOnce(Arc<Service>) -> F,
    ) -> Result<T, Problem> {
        let (place, work) = (self.pressure.place(Whose::Body).await?, work(self.service.clone()));
        let work = async move {
            let done = work.await;
            drop(place);
            done
        };
        Ok(tokio::spawn(work).await.map_err(|_| Problem::internal())??)
    }
}

/// Every route, with its limits and headers. `base` is the address pages are reached at, without a slash at its end. Answers are kept as they
/// are where they are served.
pub fn router(service: Arc<Service>, base: &str, limits: Limits) -> Router {
    let kept = Kept::in_directory(&std::env::temp_dir(), KEPT_BY_ROUTER);
    Router::new().fallback_service(front(App::new(service, base, limits, kept)))
}

/// What is kept stands in front of all routes.
fn front(app: App) -> Front {
    Front::new(app.clone(), routes(app))
}

fn routes(app: App) -> Router {
    let (api, _) = openapi::api();
    let documents = well_known::routes().merge(formats::routes()).merge(log::files());
    let routes = api.merge(pages::routes()).merge(documents).fallback(pages::not_found);
    let forms = pages::forms().layer(upload::limit());
    bounded(within(routes, REQUEST_TIME).merge(within(forms, upload::REQUEST_TIME)), app)
}

/// Gives up what takes longer.
fn within(routes: Router<App>, longest: Duration) -> Router<App> {
    routes.layer(TimeoutLayer::with_status_code(StatusCode::SERVICE_UNAVAILABLE, longest))
}

/// Puts around all routes what bounds each request and stands on each answer.
fn bounded(routes: Router<App>, app: App) -> Router {
    routes
        .layer(CatchPanicLayer::custom(broken))
        .layer(DefaultBodyLimit::max(BODY_MAX))
        .layer(middleware::from_fn_with_state(app.clone(), observe::observe))
        .with_state(app)
}

/// A fault in our own code ends one request, not the connection, and is logged.
fn broken(_: Box<dyn std::any::Any + Send>) -> axum::response::Response {
    use axum::response::IntoResponse as _;
    tracing::error!("a handler panicked");
    let why = "the service could not do this; ask again with the same idempotency key";
    Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", why).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::Body;
    use axum::http::Request;
    use axum::routing::get;
    use http_body_util::BodyExt as _;
    use serde_json::{Value, json};
    use tower::ServiceExt as _;

    async fn broken_handler() -> &'static str {
        panic!("a fault of ours, with a secret in it")
    }

    async fn ask(path: &str) -> (u16, Value, String) {
        let routes = Router::new()
            .route("/api/broken", get(broken_handler))
            .route("/api/endless", get(std::future::pending::<&'static str>));
        let service = Arc::new(crate::service::testing::service());
        let app = App::new(service, "https://xb.example.cn", Limits::DEFAULT, Kept::nothing());
        let router = bounded(within(routes, Duration::from_millis(20)), app);
        let response = router.oneshot(Request::get(path).body(Body::empty()).unwrap()).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        let policy = parts.headers["content-security-policy"].to_str().unwrap().to_owned();
        (parts.status.as_u16(), serde_json::from_slice(&body).unwrap(), policy)
    }

    #[tokio::test]
    async fn a_handler_that_never_answers_is_given_up() {
        let (status, problem, policy) = ask("/api/endless").await;
        assert_eq!((status, &problem["code"]), (503, &json!("timed_out")));
        assert!(policy.starts_with("default-src 'none'"));
    }

    #[tokio::test]
    async fn a_fault_of_ours_ends_one_request_and_tells_nothing() {
        let (status, problem, policy) = ask("/api/broken").await;
        assert_eq!((status, &problem["code"]), (500, &json!("internal")));
        assert!(policy.starts_with("default-src 'none'") && !problem.to_string().contains("secret"));
    }
}
