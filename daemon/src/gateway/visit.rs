//! One request of a surface, from its head to its answer, for whoever counts.
//!
//! Invariant: every request is counted once, also if its client leaves before there is an answer. What goes upstream has
//! its end counted by its meter.

use std::{sync::Arc, time::Duration};

use http::StatusCode;
use tokio::time::Instant;

use super::{Dialect, Gateway, Refusal};
use crate::{
    http::{Call, Response},
    live::request::LiveRequest,
    traffic::{End, Purpose, Settled, Traffic},
};

/// Stands for the answer that a client did not wait for. The number is nginx's.
const LEFT: u16 = 499;

#[derive(Debug)]
pub struct Visit {
    traffic: Arc<Traffic>,
    dialect: Dialect,
    purpose: Purpose,
    began: Instant,
    /// Set when it goes upstream.
    sent: Option<Arc<LiveRequest>>,
    is_over: bool,
}

impl Visit {
    pub(super) fn new(gateway: &Gateway, dialect: Dialect, purpose: Purpose) -> Self {
        let traffic = gateway.traffic.clone();
        Self { traffic, dialect, purpose, began: Instant::now(), sent: None, is_over: false }
    }

    /// Someone wants a model's answer.
    pub(super) fn for_answer(gateway: &Gateway, dialect: Dialect) -> Self {
        Self::new(gateway, dialect, Purpose::Answer(dialect.surface()))
    }

    pub(super) fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// It goes upstream, and ends when its answer does.
    pub(super) fn pass(&mut self, request: Arc<LiveRequest>) -> Passage {
        self.sent = Some(request);
        self.traffic.begin();
        Passage { traffic: self.traffic.clone(), began: self.began, first_byte: None, is_stream: false }
    }

    /// The answer. A caller who is refused before its body was read is let finish writing: it would see a broken
    /// connection otherwise, and no answer.
    pub(super) async fn answer(
        mut self,
        gateway: &Gateway,
        outcome: Result<Response, Refusal>,
        mut call: Call,
    ) -> Response {
        match outcome {
            Ok(response) => {
                self.close(response.status(), false);
                response
            }
            Err(refusal) => {
                gateway.audit(&refusal, &call);
                let response = refusal.answer(self.dialect, &call.id);
                self.close(response.status(), true);
                call.discard().await;
                response
            }
        }
    }

    fn close(&mut self, status: StatusCode, is_refusal: bool) {
        self.is_over = true;
        let model = self.sent.as_ref().map(|request| &request.model);
        self.traffic.answer(self.purpose, model, status);
        if model.is_none() && matches!(self.purpose, Purpose::Answer(_)) {
            self.traffic.turn_away(is_refusal);
        }
    }
}

impl Drop for Visit {
    fn drop(&mut self) {
        if !self.is_over {
            let left = StatusCode::from_u16(LEFT).unwrap_or(StatusCode::BAD_REQUEST);
            self.close(left, false);
        }
    }
}

/// The way of a request that went upstream, until its answer ends.
#[derive(Debug)]
pub struct Passage {
    traffic: Arc<Traffic>,
    began: Instant,
    first_byte: Option<Duration>,
    is_stream: bool,
}

impl Passage {
    /// The answer comes piece by piece.
    pub(super) fn stream(&mut self) {
        self.is_stream = true;
    }

    /// A piece of the answer is on its way to the caller.
    pub(super) fn speak(&mut self) {
        if self.first_byte.is_none() {
            self.first_byte = Some(self.began.elapsed());
        }
    }

    /// The end. To be said once.
    pub(super) fn end(&self, settled: &Settled<'_>) {
        let Self { traffic, began, first_byte, is_stream } = self;
        let (first_byte, is_stream, took) = (*first_byte, *is_stream, began.elapsed());
        traffic.end(&End { settled, is_stream, took, first_byte });
    }
}
