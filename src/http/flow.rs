//! An answer that leaves piece by piece, as it is made.

use axum::body::{Body, Bytes};
use std::convert::Infallible;
use tokio::sync::mpsc::{self, Sender};
use tokio_stream::wrappers::ReceiverStream;

/// Pieces that wait for a client who receives slowly; then no more are made.
const WAITING: usize = 4;

/// A piece of a body.
pub(super) type Piece = Result<Bytes, Infallible>;

/// Where the pieces go in, and the body they leave by. It ends when nobody holds the first any more.
pub(super) fn channel() -> (Sender<Piece>, Body) {
    let (send, receive) = mpsc::channel(WAITING);
    (send, Body::from_stream(ReceiverStream::new(receive)))
}
