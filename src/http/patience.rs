//! A connection that does not wait for ever: a client that does not receive is cut off, and one that still sends when the
//! last answer is out is heard out for a moment.

use super::places::Bounds;
use std::future::Future;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Sleep, sleep};

/// Bytes a client must receive within the time it is given. A progress of single bytes is none.
const STEP: usize = 16 << 10;

/// A connection with patience.
pub(super) struct Patient<S> {
    stream: S,
    bounds: Bounds,
    /// Since the client last kept up.
    waiting: Option<Pin<Box<Sleep>>>,
    /// Bytes taken by the system since then.
    taken: usize,
    lingering: Option<Pin<Box<Sleep>>>,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Patient<S> {
    pub fn new(stream: S, bounds: Bounds) -> Self {
        Self { stream, bounds, waiting: None, taken: 0, lingering: None }
    }

    fn written(&mut self, cx: &mut Context<'_>, result: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        match result {
            Poll::Ready(Ok(bytes)) => {
                self.taken += bytes;
                if self.taken >= STEP {
                    self.kept_up();
                }
            }
            Poll::Pending => {
                let time = self.bounds.write_time;
                let waiting = self.waiting.get_or_insert_with(|| Box::pin(sleep(time)));
                ready!(waiting.as_mut().poll(cx));
                return Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, "the client does not receive")));
            }
            Poll::Ready(Err(_)) => {}
        }
        result
    }

    fn kept_up(&mut self) {
        self.waiting = None;
        self.taken = 0;
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for Patient<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Patient<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.written(cx, result)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.stream).poll_write_vectored(cx, slices);
        self.written(cx, result)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    /// Reached once the system has taken all there is: nobody waits for this client any more.
    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(Pin::new(&mut self.stream).poll_flush(cx))?;
        self.kept_up();
        Poll::Ready(Ok(()))
    }

    /// Closing with unread bytes would reset the connection, and a client that still sends would lose the answer with it.
    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.lingering.is_none() {
            ready!(Pin::new(&mut self.stream).poll_shutdown(cx))?;
        }
        let Self { stream, lingering, bounds, .. } = &mut *self;
        let lingering = lingering.get_or_insert_with(|| Box::pin(sleep(bounds.linger_time)));
        let mut scrap = [0; 4 << 10];
        loop {
            let mut buf = ReadBuf::new(&mut scrap);
            match Pin::new(&mut *stream).poll_read(cx, &mut buf) {
                Poll::Ready(Ok(())) if !buf.filled().is_empty() => {}
                // It has ended too, or is gone: nothing is lost.
                Poll::Ready(_) => return Poll::Ready(Ok(())),
                Poll::Pending => return lingering.as_mut().poll(cx).map(Ok),
            }
        }
    }
}
