//! An answer on its way from the upstream to the caller, whatever the dialect.
//!
//! A surface gives `Relay` the upstream's body, its `Meter` and a `Shape`, and answers with the relay as body:
//!
//! ```text
//! let relay = Relay::new(answer.body, Sse::default(), meter);
//! reply::stream(StatusCode::OK, content_type, relay)
//! ```
//!
//! The relay does the rest: it pings in silences, ends the answer in the dialect's own words when the session ends
//! or the upstream fails, and lets go of the upstream when the caller leaves.
//!
//! Invariant: an answer ends by its own last words, or by a refusal in the dialect. Only where neither fits, in the
//! middle of a frame, is the connection cut.

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use futures_util::Stream;
use http::{HeaderValue, StatusCode, header};
use thiserror::Error;
use tokio_util::sync::WaitForCancellationFutureOwned;

use super::{
    Refusal,
    bedrock::UpstreamBody,
    meter::{Meter, Scan},
    silence::Silence,
    translate::{self, Fault, stream::WriteEvent},
};
use crate::{
    domain::usage::Outcome,
    http::{Response, reply},
};

/// What a dialect makes of the upstream's event stream.
pub trait Shape {
    /// What the next piece becomes. On a fault the answer ends, after the bytes that were whole before it.
    fn piece(&mut self, piece: Bytes) -> (Bytes, Result<(), Fault>);

    /// The last words after the upstream's clean end, if it may end here.
    fn end(&mut self, scan: &Scan) -> Result<Bytes, Fault>;

    /// Sent in a silence.
    fn ping(&self) -> Bytes;

    /// Whether the next byte may be one of ours: a ping, or a refusal.
    fn is_between(&self, _scan: &Scan) -> bool {
        true
    }
}

/// An answer of server-sent events, each written as `writer` does.
pub(super) fn events<W>(upstream: UpstreamBody, writer: W, meter: Meter) -> Response
where
    W: WriteEvent + Unpin + Send + Sync + 'static,
{
    let relay = Relay::new(upstream, translate::stream::Stream::new(writer), meter);
    let mut response = reply::stream(StatusCode::OK, HeaderValue::from_static("text/event-stream"), relay);
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    response
}

/// The connection to the caller is to be cut: nothing more can be said on it.
#[derive(Debug, Error)]
#[error("the answer could not be ended in its dialect")]
pub struct Cut;

/// The body of a streamed answer.
pub struct Relay<S> {
    upstream: Option<UpstreamBody>,
    shape: S,
    meter: Meter,
    over: Pin<Box<WaitForCancellationFutureOwned>>,
    silence: Silence,
    cutting: Cutting,
}

/// The way to a cut: what was said before it must leave first, or it would be lost with the connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cutting {
    No,
    Flush,
    Cut,
}

impl<S> std::fmt::Debug for Relay<S> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Relay").field("request", self.meter.request()).finish_non_exhaustive()
    }
}

impl<S: Shape> Relay<S> {
    pub fn new(upstream: UpstreamBody, shape: S, mut meter: Meter) -> Self {
        let over = Box::pin(meter.caller().life.over());
        meter.stream();
        let silence = Silence::new(meter.ping_interval());
        Self { upstream: Some(upstream), shape, meter, over, silence, cutting: Cutting::No }
    }

    /// The upstream said more.
    fn pass(&mut self, piece: Bytes) -> Bytes {
        self.meter.see(&piece);
        match self.shape.piece(piece) {
            (bytes, Ok(())) => bytes,
            (bytes, Err(fault)) => {
                let end = self.refuse(&fault.into());
                if bytes.is_empty() { end } else { [bytes, end].concat().into() }
            }
        }
    }

    /// The upstream came to its end.
    fn end(&mut self) -> Bytes {
        match self.shape.end(self.meter.scan()) {
            Ok(bytes) => {
                self.upstream = None;
                let has_failed = self.meter.scan().has_failed();
                self.meter.settle(if has_failed { Outcome::UpstreamError } else { Outcome::Completed });
                bytes
            }
            Err(fault) => self.refuse(&fault.into()),
        }
    }

    /// Something happened to the answer: a refusal ends it, unless it has said its last word already.
    fn fail(&mut self, refusal: &Refusal) -> Bytes {
        if self.meter.scan().is_complete() { self.end() } else { self.refuse(refusal) }
    }

    /// Ends the answer with a refusal. The upstream is let go at once: whatever it still says is not paid for.
    fn refuse(&mut self, refusal: &Refusal) -> Bytes {
        self.upstream = None;
        self.meter.refuse(refusal);
        let words = refusal.in_stream(self.meter.dialect(), self.meter.request());
        if self.shape.is_between(self.meter.scan()) {
            return words;
        }
        self.cutting = Cutting::Flush;
        Bytes::new()
    }

    /// A body that is not ready is flushed by the server.
    fn cut(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Cut>>> {
        match self.cutting {
            Cutting::No => Poll::Ready(None),
            Cutting::Flush => {
                self.cutting = Cutting::Cut;
                cx.waker().wake_by_ref();
                Poll::Pending
            }
            Cutting::Cut => Poll::Ready(Some(Err(Cut))),
        }
    }

    fn is_over(&mut self, cx: &mut Context<'_>) -> bool {
        self.over.as_mut().poll(cx).is_ready()
    }

    /// A ping, if it is time and place for one.
    fn ping(&mut self, cx: &mut Context<'_>) -> Option<Bytes> {
        while self.silence.poll(cx).is_ready() {
            self.silence.renew();
            if self.shape.is_between(self.meter.scan()) {
                return Some(self.shape.ping());
            }
        }
        None
    }
}

impl<S: Shape + Unpin> Stream for Relay<S> {
    type Item = Result<Bytes, Cut>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        while let Some(upstream) = &mut this.upstream {
            if let Some(refusal) = this.meter.barred() {
                match this.fail(&refusal) {
                    nothing if nothing.is_empty() => continue,
                    words => return said(words),
                }
            }
            let bytes = match Pin::new(upstream).poll_next(cx) {
                Poll::Ready(Some(Ok(piece))) => this.pass(piece),
                Poll::Ready(Some(Err(error))) => this.fail(&error.into()),
                Poll::Ready(None) => this.end(),
                Poll::Pending if this.is_over(cx) => {
                    let refusal = this.meter.barred().unwrap_or(Refusal::SessionOver);
                    this.fail(&refusal)
                }
                Poll::Pending => match this.ping(cx) {
                    Some(ping) => return said(ping),
                    None => return Poll::Pending,
                },
            };
            if !bytes.is_empty() {
                this.meter.speak();
                this.silence.renew();
                return said(bytes);
            }
        }
        this.cut(cx)
    }
}

fn said(bytes: Bytes) -> Poll<Option<Result<Bytes, Cut>>> {
    Poll::Ready(Some(Ok(bytes)))
}
