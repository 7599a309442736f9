//! Accepting connections: slow clients are cut off, their number is bounded, and a signal lets requests under way finish.

use super::kept::Kept;
use super::patience::Patient;
use super::places::{Bounds, Place, Places};
use super::{App, Limits, control};
use crate::service::Service;
use axum::extract::ConnectInfo;
use axum::http::Request;
use axum::response::Response;
use hyper::body::Incoming;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use hyper_util::service::TowerToHyperService;
use std::convert::Infallible;
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::mpsc;

/// Largest head of a request, in bytes.
const HEAD_MAX: usize = 16 << 10;
/// Connections the system keeps until they are accepted. Past it a client tries again a second later; the usual 128 are met
/// by one poster in a busy hall.
const BACKLOG: u32 = 1_024;
/// Wait after the system had no file or memory for a connection: until some are closed, without spinning.
const SHORTAGE_PAUSE: Duration = Duration::from_millis(100);

/// How to serve.
#[derive(Debug, Clone)]
pub struct Options {
    /// Address to listen at.
    pub listen: SocketAddr,
    /// Address pages are reached at, e.g. `https://xb.example.cn`.
    pub base: String,
    /// How much one address may ask for.
    pub limits: Limits,
    /// Directory for the file of kept answers, and how many bytes it may have.
    pub kept: (PathBuf, u64),
    /// Where the control socket comes to be. The caller holds the store, so that a socket found there is one nobody
    /// listens at any more.
    pub control: PathBuf,
}

/// Serves until SIGINT or SIGTERM, and ends at once at the next; `ready` is told the address once connections are
/// accepted.
///
/// # Errors
/// The address cannot be listened at, or signals cannot be received.
pub async fn serve(service: Arc<Service>, options: Options, ready: impl FnOnce(SocketAddr)) -> io::Result<()> {
    let stops = signals()?;
    let listener = listen(options.listen)?;
    let address = listener.local_addr()?;
    let mut bounds = Bounds::DEFAULT.for_this_process();
    if options.limits.client_header.is_some() {
        bounds = bounds.behind_proxy();
    }
    let kept = Kept::in_directory(&options.kept.0, options.kept.1);
    let app = App::new(service, &options.base, options.limits, kept);
    app.pressure.watch();
    std::thread::spawn(super::pages::pack_ahead);
    let control = control::Door::open(options.control, app.clone());
    ready(address);
    accept(listener, super::front(app), bounds, stops).await;
    if let Some(control) = control {
        control.close().await;
    }
    Ok(())
}

fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    // A restart takes the port over from connections that have only just ended.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// Accepts connections until `stops` tells to stop; those under way may finish, until it tells so again.
pub async fn accept<S: Answers>(listener: TcpListener, service: S, bounds: Bounds, mut stops: mpsc::Receiver<()>) {
    let graceful = GracefulShutdown::new();
    let places = Places::new(bounds);
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = stops.recv() => break,
        };
        match accepted {
            Ok((stream, peer)) => {
                if let Some(place) = places.take(peer.ip()) {
                    let connection = Connection { stream, peer, place, bounds, service: service.clone() };
                    tokio::spawn(connection.serve(graceful.watcher()));
                }
            }
            // The client went away again: the next one is waiting.
            Err(error) if matches!(error.kind(), ErrorKind::ConnectionAborted | ErrorKind::ConnectionReset) => {}
            Err(error) => {
                tracing::warn!(%error, "a connection was not accepted");
                tokio::time::sleep(SHORTAGE_PAUSE).await;
            }
        }
    }
    drop(listener);
    tracing::info!("stopping: requests under way are finished first");
    tokio::select! {
        () = graceful.shutdown() => {}
        () = tokio::time::sleep(bounds.drain_time) => tracing::warn!("some requests were still under way and are cut off"),
        Some(()) = stops.recv() => tracing::warn!("told to stop again: requests under way are cut off"),
    }
}

/// What answers requests: [`super::router`], or what stands in front of it.
pub trait Answers:
    tower::Service<Request<Incoming>, Response = Response, Error = Infallible, Future: Send> + Clone + Send + 'static
{
}

impl<S> Answers for S where
    S: tower::Service<Request<Incoming>, Response = Response, Error = Infallible, Future: Send>
        + Clone
        + Send
        + 'static
{
}

/// One client's connection.
struct Connection<S> {
    stream: TcpStream,
    peer: SocketAddr,
    place: Place,
    bounds: Bounds,
    service: S,
}

impl<S: Answers> Connection<S> {
    async fn serve(self, watcher: Watcher) {
        let Self { stream, peer, place, bounds, mut service } = self;
        let _ = stream.set_nodelay(true);
        let answers = tower::service_fn(move |mut request: Request<Incoming>| {
            request.extensions_mut().insert(ConnectInfo(peer));
            service.call(request)
        });
        let stream = Patient::new(stream, bounds);
        let connection = hyper::server::conn::http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(bounds.head_time)
            .max_buf_size(HEAD_MAX)
            .serve_connection(TokioIo::new(stream), TowerToHyperService::new(answers));
        // A client that goes away is no fault of ours.
        if let Err(error) = watcher.watch(connection).await {
            tracing::debug!(%error, "a connection ended early");
        }
        drop(place);
    }
}

/// Each SIGINT or SIGTERM that comes, from now on.
fn signals() -> io::Result<mpsc::Receiver<()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let (told, stops) = mpsc::channel(2);
    tokio::spawn(async move {
        loop {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
            if told.send(()).await.is_err() {
                break;
            }
        }
    });
    Ok(stops)
}
