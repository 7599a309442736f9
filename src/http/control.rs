//! The control socket: what an operator does while the service runs. It lies in the data directory, and whoever may open
//! it could as well stop the service and open the store: that permission is the authority, there is no other.

use super::App;
use super::error::Problem;
use super::extract::Strict;
use super::issuing::blocking;
use crate::domain::{Refusal, Role};
use crate::service::tokens::Token;
use crate::service::{Act, Actor};
use crate::sign::KeyId;
use axum::extract::State;
use axum::routing::{get, post};
use axum::{Json, Router};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};
use std::fs;
use std::io;
use std::os::unix::fs::{FileTypeExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::net::UnixListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// Longest time a command under way gets when the service stops: it waits for one disk sync.
const CLOSE_TIME: Duration = Duration::from_secs(5);

/// The socket, listened at.
pub(super) struct Door {
    path: PathBuf,
    stop: oneshot::Sender<()>,
    served: JoinHandle<io::Result<()>>,
}

impl Door {
    /// Listens at `path`. Where that cannot be, the log says why, and the service runs without: its commands then need it
    /// stopped.
    pub fn open(path: PathBuf, app: App) -> Option<Self> {
        match bind(&path) {
            Ok(listener) => {
                let (stop, stopped) = oneshot::channel();
                let stopped = async move { drop(stopped.await) };
                let served = axum::serve(listener, routes(app)).with_graceful_shutdown(stopped);
                Some(Self { path, stop, served: tokio::spawn(served.into_future()) })
            }
            Err(error) => {
                tracing::warn!(
                    path = %path.display(), %error,
                    "no control socket: tokens and keys cannot be changed while this runs. A socket's path has at most 107 \
                     bytes: where it is longer, name the data directory by a shorter one"
                );
                None
            }
        }
    }

    /// Removes the socket and lets a command under way end.
    pub async fn close(self) {
        if let Err(error) = fs::remove_file(&self.path) {
            tracing::warn!(path = %self.path.display(), %error, "the control socket was not removed");
        }
        // An error says that it has ended already.
        let _ = self.stop.send(());
        let _ = tokio::time::timeout(CLOSE_TIME, self.served).await;
    }
}

/// Listens at a socket that only its owner may open, in the place of one nobody listens at.
fn bind(path: &Path) -> io::Result<UnixListener> {
    match fs::symlink_metadata(path) {
        Ok(found) if found.file_type().is_socket() => fs::remove_file(path)?,
        Ok(_) => return Err(io::Error::new(io::ErrorKind::AlreadyExists, "something that is no socket stands there")),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    let listener = UnixListener::bind(path)?;
    fs::set_permissions(path, fs::Permissions::from_mode(0o600))?;
    Ok(listener)
}

fn routes(app: App) -> Router {
    Router::new()
        .route("/tokens", get(tokens).post(make_token))
        .route("/tokens/revocation", post(revoke_token))
        .route("/keys", get(keys))
        .route("/keys/compromise", post(compromise_key))
        .with_state(app)
}

/// The act of whoever the command line would act as itself.
fn act(by: &str) -> Result<Act, Refusal> {
    if !Actor::is_plain(by) {
        let why = "`by` has 1 to 32 letters, digits, hyphens, underscores or dots";
        return Err(Refusal::invalid("bad_actor", why).under("/by"));
    }
    Ok(Act::by(Actor::local(by)))
}

async fn tokens(State(app): State<App>) -> Json<Vec<Token>> {
    Json(app.service.tokens())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewToken {
    by: String,
    name: String,
    roles: Vec<Role>,
}

async fn make_token(State(app): State<App>, Strict(new): Strict<NewToken>) -> Result<Json<Value>, Problem> {
    let (act, NewToken { by, name, roles }) = (act(&new.by)?, new);
    let secret = {
        let name = name.clone();
        blocking(&app, move |service| service.make_token(&act, &name, &roles)).await?
    };
    tracing::info!(token = name, by, "a token was made");
    Ok(Json(json!({ "token": secret.as_str() })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Revocation {
    by: String,
    name: String,
}

async fn revoke_token(State(app): State<App>, Strict(asked): Strict<Revocation>) -> Result<Json<Value>, Problem> {
    let (act, Revocation { by, name }) = (act(&asked.by)?, asked);
    let revoked = name.clone();
    blocking(&app, move |service| service.revoke_token(&act, &revoked)).await?;
    tracing::info!(token = name, by, "a token was revoked");
    Ok(Json(Value::Null))
}

/// The key document, as it is published.
async fn keys(State(app): State<App>) -> Json<Value> {
    Json(app.service.key_document().to_did_json())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Compromise {
    by: String,
    id: KeyId,
    since: Option<Timestamp>,
}

async fn compromise_key(State(app): State<App>, Strict(asked): Strict<Compromise>) -> Result<Json<Value>, Problem> {
    let (act, Compromise { by, id, since }) = (act(&asked.by)?, asked);
    blocking(&app, move |service| service.compromise_key(&act, id, since)).await?;
    tracing::info!(key = %id, by, "a key was declared compromised");
    Ok(Json(Value::Null))
}
