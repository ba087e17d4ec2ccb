//! What the upstream answers: a head, and a body that drives its own connection.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, Waker},
    time::Duration,
};

use super::{UpstreamError, connection::Connection, pool::Pool};
use crate::gateway::silence::Silence;
use bytes::{Bytes, BytesMut};
use futures_util::{Stream, StreamExt};
use http::{HeaderMap, StatusCode};
use http_body::Body as _;
use hyper::body::Incoming;

/// How much of what is ready goes out as one piece.
const COALESCED: usize = 16 * 1024;

/// An answer whose status is a success.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: UpstreamBody,
}

/// The rest of an answer, piece by piece: what is ready goes together, nothing waits for more. Dropping it before
/// its end closes the connection; at its end the connection goes back to the pool.
#[derive(Debug)]
pub struct UpstreamBody {
    incoming: Incoming,
    connection: Option<Connection>,
    pool: Arc<Pool>,
    silence: Silence,
    /// Came after what was already gathered.
    error: Option<UpstreamError>,
}

impl UpstreamBody {
    pub(super) fn new(incoming: Incoming, connection: Connection, pool: Arc<Pool>, idle: Duration) -> Self {
        Self { incoming, connection: Some(connection), pool, silence: Silence::new(idle), error: None }
    }

    /// The whole body, at most `limit` bytes of it.
    pub async fn collect(mut self, limit: usize) -> Result<Bytes, UpstreamError> {
        let Some(first) = self.next().await else { return Ok(Bytes::new()) };
        let first = first?;
        let Some(second) = self.next().await else { return Ok(first) };
        let mut whole = BytesMut::from(first);
        whole.extend_from_slice(&second?);
        while let Some(piece) = self.next().await {
            whole.extend_from_slice(&piece?);
            if whole.len() > limit {
                return Err(UpstreamError::Cut(format!("the answer is larger than {limit} bytes")));
            }
        }
        Ok(whole.freeze())
    }

    /// The next piece of data. The body is only ever filled by the connection that is driven here, so it need not
    /// wake anyone.
    fn poll_piece(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, hyper::Error>>> {
        let mut silent = Context::from_waker(Waker::noop());
        loop {
            let mut frame = Pin::new(&mut self.incoming).poll_frame(&mut silent);
            if frame.is_pending() {
                if let Some(connection) = &mut self.connection {
                    connection.drive(cx);
                }
                frame = Pin::new(&mut self.incoming).poll_frame(&mut silent);
            }
            match frame {
                Poll::Ready(Some(Ok(frame))) => match frame.into_data() {
                    Ok(data) if data.is_empty() => {}
                    Ok(data) => return Poll::Ready(Some(Ok(data))),
                    Err(_trailers) => {}
                },
                Poll::Ready(Some(Err(error))) => return Poll::Ready(Some(Err(error))),
                Poll::Ready(None) => return Poll::Ready(None),
                Poll::Pending => return Poll::Pending,
            }
        }
    }

    /// Gathers what is ready, and notices the end.
    fn gather(&mut self, cx: &mut Context<'_>) -> Option<Bytes> {
        let mut gathered = Gathered::default();
        while gathered.len() < COALESCED && self.connection.is_some() {
            match self.poll_piece(cx) {
                Poll::Ready(Some(Ok(piece))) => gathered.push(piece),
                Poll::Ready(Some(Err(error))) => self.fail(UpstreamError::Cut(error.to_string())),
                Poll::Ready(None) => self.finish(),
                Poll::Pending => break,
            }
        }
        gathered.take()
    }

    fn finish(&mut self) {
        if let Some(connection) = self.connection.take() {
            self.pool.put_back(connection);
        }
    }

    fn fail(&mut self, error: UpstreamError) {
        self.connection = None;
        self.error = Some(error);
    }
}

impl Stream for UpstreamBody {
    type Item = Result<Bytes, UpstreamError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if let Some(piece) = self.gather(cx) {
            self.silence.renew();
            return Poll::Ready(Some(Ok(piece)));
        }
        if self.connection.is_some() {
            let limit = std::task::ready!(self.silence.poll(cx));
            self.fail(UpstreamError::IdleTimeout(limit));
        }
        Poll::Ready(self.error.take().map(Err))
    }
}

/// Pieces on their way to becoming one; a single one is not copied.
#[derive(Default)]
struct Gathered {
    one: Bytes,
    many: BytesMut,
}

impl Gathered {
    fn len(&self) -> usize {
        self.one.len() + self.many.len()
    }

    fn push(&mut self, piece: Bytes) {
        if self.len() == 0 {
            self.one = piece;
            return;
        }
        if self.many.is_empty() {
            self.many.reserve(COALESCED.max(self.one.len() + piece.len()));
            self.many.extend_from_slice(&std::mem::take(&mut self.one));
        }
        self.many.extend_from_slice(&piece);
    }

    fn take(self) -> Option<Bytes> {
        let all = if self.many.is_empty() { self.one } else { self.many.freeze() };
        (!all.is_empty()).then_some(all)
    }
}
