//! An operator's command, carried out by this process on the store, or by the server at work on it: that one is asked by
//! the control socket in the data directory.

use super::args::{Global, local_actor, local_name};
use super::open::Opened;
use crate::domain::{Refusal, RefusalKind, Role};
use crate::service::Act;
use crate::service::tokens::Token;
use crate::sign::{KeyDocument, KeyId};
use anyhow::Context as _;
use axum::body::{Body, to_bytes};
use hyper::Request;
use hyper_util::rt::TokioIo;
use jiff::Timestamp;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::io::{self, ErrorKind};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::time::Duration;
use zeroize::Zeroizing;

/// Longest time a server may take to answer: it waits for a disk sync, on a slow disk behind others.
const ANSWER_TIME: Duration = Duration::from_secs(60);
/// Largest answer: the list of every token there ever was.
const ANSWER_MAX: usize = 16 << 20;

/// Who carries the command out.
pub(super) enum Control {
    /// This process.
    Store(Box<Opened>),
    /// The server at work.
    Server(Server),
}

/// A server, by its control socket.
pub(super) struct Server {
    socket: PathBuf,
}

impl Control {
    /// The server at work on the data directory named; where none is, its store is opened.
    pub fn of(global: &Global) -> anyhow::Result<Self> {
        let dir = global.named_dir()?;
        dir.check_finished()?;
        let socket = dir.control_socket();
        let store = || global.open().map(|opened| Self::Store(Box::new(opened)));
        match UnixStream::connect(&socket) {
            Ok(_) => Ok(Self::Server(Server { socket })),
            // Refused at a socket that a server left behind when it was killed.
            Err(e) if matches!(e.kind(), ErrorKind::NotFound | ErrorKind::ConnectionRefused) => store(),
            Err(e) if e.kind() == ErrorKind::InvalidInput => store().with_context(|| {
                format!(
                    "{} is longer than a socket's path may be (107 bytes), so a server at work cannot be asked; name the data directory by a shorter path",
                    socket.display()
                )
            }),
            Err(e) => Err(e).with_context(|| format!("cannot ask the server at work by {}", socket.display())),
        }
    }

    /// Makes a token; its secret.
    pub fn make_token(&self, name: &str, roles: &[Role]) -> anyhow::Result<Zeroizing<String>> {
        #[derive(Deserialize)]
        struct Made {
            token: String,
        }
        match self {
            Self::Store(opened) => Ok(opened.service.make_token(&Act::by(local_actor()), name, roles)?),
            Self::Server(server) => {
                let made: Made =
                    server.post("/tokens", &json!({ "by": local_name(), "name": name, "roles": roles }))?;
                Ok(Zeroizing::new(made.token))
            }
        }
    }

    /// Ends a token.
    pub fn revoke_token(&self, name: &str) -> anyhow::Result<()> {
        match self {
            Self::Store(opened) => Ok(opened.service.revoke_token(&Act::by(local_actor()), name)?),
            Self::Server(server) => server.post("/tokens/revocation", &json!({ "by": local_name(), "name": name })),
        }
    }

    /// Every token there is or was.
    pub fn tokens(&self) -> anyhow::Result<Vec<Token>> {
        match self {
            Self::Store(opened) => Ok(opened.service.tokens()),
            Self::Server(server) => server.get("/tokens"),
        }
    }

    /// The public keys.
    pub fn key_document(&self) -> anyhow::Result<KeyDocument> {
        match self {
            Self::Store(opened) => Ok(opened.service.key_document()),
            Self::Server(server) => Ok(KeyDocument::parse(server.get::<Value>("/keys")?.to_string().as_bytes())?),
        }
    }

    /// Declares a key compromised since then; since now when left out.
    pub fn compromise_key(&self, id: KeyId, since: Option<Timestamp>) -> anyhow::Result<()> {
        match self {
            Self::Store(opened) => Ok(opened.service.compromise_key(&Act::by(local_actor()), id, since)?),
            Self::Server(server) => {
                server.post("/keys/compromise", &json!({ "by": local_name(), "id": id, "since": since }))
            }
        }
    }
}

impl Server {
    fn get<T: DeserializeOwned>(&self, path: &str) -> anyhow::Result<T> {
        self.ask(Request::get(path).body(Body::empty())?)
    }

    fn post<T: DeserializeOwned>(&self, path: &str, body: &Value) -> anyhow::Result<T> {
        let request = Request::post(path).header("content-type", "application/json");
        self.ask(request.body(Body::from(body.to_string()))?)
    }

    fn ask<T: DeserializeOwned>(&self, request: Request<Body>) -> anyhow::Result<T> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let answer = async { tokio::time::timeout(ANSWER_TIME, self.exchange(request)).await? };
        let (status, bytes) = runtime.block_on(answer).map_err(|why| self.unclear(&why))?;
        if status < 300 {
            return serde_json::from_slice(&bytes).map_err(|why| self.unclear(&why.into()));
        }
        let problem = serde_json::from_slice(&bytes).map_err(|why| self.unclear(&why.into()))?;
        Err(refused(status, problem))
    }

    async fn exchange(&self, request: Request<Body>) -> anyhow::Result<(u16, Vec<u8>)> {
        let stream = tokio::net::UnixStream::connect(&self.socket).await?;
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
        tokio::spawn(connection);
        let response = sender.send_request(request).await?;
        let status = response.status().as_u16();
        Ok((status, to_bytes(Body::new(response.into_body()), ANSWER_MAX).await?.to_vec()))
    }

    fn unclear(&self, why: &anyhow::Error) -> anyhow::Error {
        let socket = self.socket.display();
        io::Error::other(format!(
            "no clear answer from the server at {socket}: {why:#}. Look whether it was done: starmark token list, starmark key list"
        ))
        .into()
    }
}

/// A problem document, as far as the command line tells it.
#[derive(Deserialize)]
struct Problem {
    code: String,
    detail: String,
    pointer: String,
}

/// What the server refuses reads as if this process had refused it; what failed there is told in its words.
fn refused(status: u16, problem: Problem) -> anyhow::Error {
    let Problem { code, detail, pointer } = problem;
    if status >= 500 {
        return io::Error::other(format!("the server at work: {detail} [{code}]")).into();
    }
    // Once in the life of this process.
    let code: &'static str = code.leak();
    Refusal { kind: RefusalKind::Rule, code, message: detail.into(), pointer }.into()
}
