//! One HTTP/1.1 connection whose driver runs in the task that uses it. There is no task of its own: a wake across
//! threads for every event would cost more than all the rest.

use std::{
    future::{Future, poll_fn},
    pin::{Pin, pin},
    task::{Context, Poll, Waker},
};

use bytes::Bytes;
use http::{Request, Response};
use http_body::{Body as HttpBody, Frame, SizeHint};
use hyper::{
    body::Incoming,
    client::conn::http1::{self, SendRequest},
};
use hyper_util::rt::TokioIo;

use super::{UpstreamError, pool::Counted, socket::Socket};
use crate::http::Body;

/// The most hyper reads at once; it also bounds a response's head.
const READ_LIMIT: usize = 64 * 1024;

/// A connection, in use or idle. Dropping it closes it.
#[derive(Debug)]
pub(super) struct Connection {
    sender: SendRequest<Segments>,
    driver: http1::Connection<TokioIo<Socket>, Segments>,
    is_over: bool,
    _counted: Counted,
}

/// Why a request got no answer on a connection.
#[derive(Debug)]
pub(super) enum Lost {
    /// Not a byte was sent: it may be sent again on another connection.
    Unsent(Box<Request<Segments>>),
    /// The upstream may have begun to work on it.
    Sent(String),
}

impl Connection {
    pub(super) async fn open(socket: Socket, counted: Counted) -> Result<Self, UpstreamError> {
        let mut builder = http1::Builder::new();
        builder.max_buf_size(READ_LIMIT);
        let opened = builder.handshake(TokioIo::new(socket)).await;
        let (sender, driver) = opened.map_err(|error| UpstreamError::Connect(error.to_string()))?;
        Ok(Self { sender, driver, is_over: false, _counted: counted })
    }

    /// Sends a request and waits for the head of its answer.
    pub(super) async fn ask(&mut self, request: Request<Segments>) -> Result<Response<Incoming>, Lost> {
        let mut answer = pin!(self.sender.try_send_request(request));
        let outcome = poll_fn(|cx| {
            if !self.is_over {
                self.is_over = Pin::new(&mut self.driver).poll(cx).is_ready();
            }
            answer.as_mut().poll(cx)
        })
        .await;
        outcome.map_err(|mut error| match error.take_message() {
            Some(unsent) => Lost::Unsent(Box::new(unsent)),
            None => Lost::Sent(error.into_error().to_string()),
        })
    }

    /// Does what I/O there is to do.
    pub(super) fn drive(&mut self, cx: &mut Context<'_>) {
        if !self.is_over {
            self.is_over = Pin::new(&mut self.driver).poll(cx).is_ready();
        }
    }

    /// Whether another request can be sent; looks at the socket, so that a connection that the other side has
    /// closed is noticed.
    pub(super) fn is_reusable(&mut self) -> bool {
        self.drive(&mut Context::from_waker(Waker::noop()));
        !self.is_over && self.sender.is_ready()
    }
}

/// A request's body: segments, each dropped once it is written.
#[derive(Debug)]
pub(super) struct Segments {
    queue: std::vec::IntoIter<Bytes>,
    left: usize,
}

impl From<&Body> for Segments {
    fn from(body: &Body) -> Self {
        Self { queue: body.segments().to_vec().into_iter(), left: body.len() }
    }
}

impl HttpBody for Segments {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let segment = self.queue.next();
        self.left = self.left.saturating_sub(segment.as_ref().map_or(0, Bytes::len));
        Poll::Ready(segment.map(|segment| Ok(Frame::data(segment))))
    }

    fn is_end_stream(&self) -> bool {
        self.left == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left as u64)
    }
}
