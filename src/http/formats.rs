//! The documents of the formats, as they lie in `docs`: whoever verifies without this service reads how.

use super::App;
use super::well_known::open;
use axum::Router;
use axum::http::HeaderValue;
use axum::routing::get;

/// Where they are.
pub const FOLDER: &str = "/formats";
/// They change with the program alone.
const AGE: HeaderValue = HeaderValue::from_static("public, max-age=3600");

macro_rules! documents {
    ($($name:literal),*) => {
        /// Each with its name.
        pub const DOCUMENTS: &[(&str, &str)] = &[$(($name, include_str!(concat!("../../docs/", $name)))),*];
    };
}

documents!(
    "SPEC-bundle.md",
    "SPEC-certificate.md",
    "SPEC-decision.md",
    "SPEC-events.md",
    "SPEC-journal.md",
    "SPEC-keys.md",
    "SPEC-log.md",
    "SPEC-mark.md",
    "SPEC-receipt.md",
    "SPEC-roster.md",
    "SPEC-status.md",
    "SPEC-verdict.md",
    "SPEC-webhooks.md"
);

/// Their routes. Another name is nowhere.
pub fn routes() -> Router<App> {
    DOCUMENTS.iter().fold(Router::new(), |routes, (name, text)| {
        // As text: a browser shows it, where it would save a file of Markdown.
        let give = move || async move { open("text/plain; charset=utf-8", *text, AGE) };
        routes.route(&format!("{FOLDER}/{name}"), get(give))
    })
}
