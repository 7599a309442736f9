//! The issuing API: what the body's staff do, under a bearer token of the role it takes.

mod certificates;
mod marks;
mod orders;
mod reports;
mod signals;
mod sweep;

use super::App;
use super::error::Problem;
use crate::domain::Refusal;
use crate::domain::dates::parse_date;
use crate::service::{Service, ServiceError};
use jiff::civil::Date;
use utoipa_axum::router::OpenApiRouter;

/// Routes of the issuing API.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .merge(certificates::routes())
        .merge(orders::routes())
        .merge(marks::routes())
        .merge(reports::routes())
        .merge(signals::routes())
        .merge(sweep::routes())
}

/// Runs a use case that waits for the disk on a thread that may wait, and then for what it recorded to be in the public log: an
/// answer never waits long for that, nor fails for want of it.
pub(super) async fn blocking<T: Send + 'static>(
    app: &App,
    work: impl FnOnce(&Service) -> Result<T, ServiceError> + Send + 'static,
) -> Result<T, Problem> {
    let done = app.acting(work).await?;
    app.service.wait_for_log_async().await;
    Ok(done)
}

fn day(text: Option<&str>, pointer: &str) -> Result<Option<Date>, Refusal> {
    text.map(parse_date).transpose().map_err(|r| r.under(pointer))
}
