//! Forms with a file in them: how large, how slow, and how many at once.

use super::App;
use super::error::Problem;
use super::limits::Client;
use super::places::{Bounds, Place, Places};
use axum::extract::multipart::{Field, MultipartError};
use axum::extract::{DefaultBodyLimit, FromRequest, Multipart, Request};
use axum::http::{HeaderMap, StatusCode};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// Largest file of a form.
pub(super) const FILE_MAX: usize = 10 << 20;
/// Largest text of a form: ten thousand pasted lines.
const TEXT_MAX: usize = 4 << 20;
/// Most parts of a form.
const PARTS_MAX: usize = 32;
/// A form in all: its file, its texts, and what stands between them.
const FORM_MAX: usize = FILE_MAX + TEXT_MAX + (64 << 10);
/// Longest time for a form to arrive: a photograph of 3 MB by 0.6 Mbit/s, which is a poor connection in a shop.
const FORM_TIME: Duration = Duration::from_secs(40);
/// Longest time for the request in all, its work included.
pub(super) const REQUEST_TIME: Duration = Duration::from_secs(60);
/// Forms that arrive or are worked on at once, so that they take 340 MB of memory at most; and those of one client.
const AT_ONCE: usize = 24;
const AT_ONCE_OF_CLIENT: usize = 6;

/// Places for forms.
pub(super) struct Uploads(Arc<Places>);

impl Uploads {
    pub(super) fn new() -> Self {
        Self(Places::new(Bounds { connections: AT_ONCE, of_client: Some(AT_ONCE_OF_CLIENT), ..Bounds::DEFAULT }))
    }
}

/// Lets a route take forms of that size.
pub(super) fn limit() -> DefaultBodyLimit {
    DefaultBodyLimit::max(FORM_MAX)
}

/// A form that has arrived whole.
pub(super) struct Form {
    /// Texts by their names; of several the last.
    texts: BTreeMap<String, String>,
    /// The file; none where none was chosen.
    pub(super) file: Option<Vec<u8>>,
    /// Kept for as long as its memory is.
    _place: Place,
}

impl Form {
    /// A text; empty where there is none of that name.
    pub(super) fn text(&self, name: &str) -> &str {
        self.texts.get(name).map_or("", String::as_str)
    }
}

impl FromRequest<App> for Form {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &App) -> Result<Self, Problem> {
        if from_elsewhere(request.headers()) {
            return Err(not_from_here());
        }
        let client = request.extensions().get::<Client>().copied();
        let place = client.and_then(|client| app.uploads.0.take(client.address())).ok_or_else(crowded)?;
        let form = Multipart::from_request(request, app).await.map_err(|_| {
            let why = "the body is a form with a file: send it as multipart/form-data";
            Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "form_needed", why)
        })?;
        let read = tokio::time::timeout(FORM_TIME, read(form, place)).await;
        read.unwrap_or_else(|_| {
            let why = format!("a form arrives within {} seconds", FORM_TIME.as_secs());
            Err(Problem::new(StatusCode::REQUEST_TIMEOUT, "body_too_slow", why))
        })
    }
}

/// Whether a form was sent from a page of another site, whose readers may not know what they send.
pub(super) fn from_elsewhere(headers: &HeaderMap) -> bool {
    headers.get("sec-fetch-site").is_some_and(|site| site == "cross-site")
}

/// Such a form is not taken.
pub(super) fn not_from_here() -> Problem {
    let why = "forms are sent from this site's own pages: fill it in there";
    Problem::new(StatusCode::FORBIDDEN, "from_elsewhere", why)
}

fn crowded() -> Problem {
    let why = "many files are being sent just now; nothing was read: try again in a few seconds";
    Problem::passing(StatusCode::SERVICE_UNAVAILABLE, "busy", why, 3)
}

async fn read(mut form: Multipart, place: Place) -> Result<Form, Problem> {
    let (mut texts, mut file) = (BTreeMap::new(), None);
    let mut parts = 0;
    while let Some(field) = form.next_field().await.map_err(|error| broken(&error))? {
        parts += 1;
        if parts > PARTS_MAX {
            return Err(Problem::new(
                StatusCode::BAD_REQUEST,
                "form_too_many",
                format!("a form has at most {PARTS_MAX} parts"),
            ));
        }
        let name = field.name().unwrap_or_default().to_owned();
        let is_file = field.file_name().is_some();
        let bytes = bounded(field, if is_file { FILE_MAX } else { TEXT_MAX }).await?;
        if !is_file {
            let text = String::from_utf8(bytes).map_err(|_| {
                Problem::new(StatusCode::BAD_REQUEST, "form_unreadable", "the texts of a form are in UTF-8")
            })?;
            texts.insert(name, text);
        } else if !bytes.is_empty() && file.is_none() {
            // A browser sends an empty part for a file that was not chosen.
            file = Some(bytes);
        }
    }
    Ok(Form { texts, file, _place: place })
}

async fn bounded(mut field: Field<'_>, most: usize) -> Result<Vec<u8>, Problem> {
    let mut bytes = vec![];
    while let Some(chunk) = field.chunk().await.map_err(|error| broken(&error))? {
        if bytes.len() + chunk.len() > most {
            return Err(too_large(most));
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

fn too_large(most: usize) -> Problem {
    let why = format!("that is more than {} MB", most >> 20);
    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "body_too_large", why)
}

fn broken(error: &MultipartError) -> Problem {
    match error.status() {
        StatusCode::PAYLOAD_TOO_LARGE => too_large(FILE_MAX),
        status => Problem::new(status, "form_unreadable", "the form did not arrive whole"),
    }
}
