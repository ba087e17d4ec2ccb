//! The bill of one request: what it used, from the upstream's own numbers, settled exactly once, however it ends.
//!
//! Invariant: whoever holds a `Meter` may drop it at any moment. What was seen by then is recorded.

mod count;
mod scan;

use std::sync::Arc;

use http::HeaderMap;
use shared::{
    id::{ModelId, RequestId},
    time::Timestamp,
};
use uuid::Uuid;

pub use self::scan::Scan;
use super::{Dialect, Gateway, bedrock::UpstreamError, error::Refusal};
use crate::{
    clock::Clock,
    domain::{
        price::Tariff,
        usage::{Outcome, UsageRecord},
    },
    keyring::Caller,
    ledger::Ledger,
};

/// Observes one request from the moment it goes to the upstream. The client's second request after a broken
/// stream is a request of its own, with a meter of its own.
#[derive(Debug)]
pub struct Meter {
    ledger: Arc<Ledger>,
    clock: Clock,
    caller: Arc<Caller>,
    model: ModelId,
    tariff: Tariff,
    dialect: Dialect,
    request: RequestId,
    started: Timestamp,
    scan: Scan,
    outcome: Option<Outcome>,
}

impl Meter {
    /// Starts to observe a request.
    pub fn start(
        gateway: &Gateway,
        caller: &Arc<Caller>,
        model: ModelId,
        dialect: Dialect,
        request: &RequestId,
    ) -> Self {
        Self {
            ledger: gateway.ledger.clone(),
            clock: gateway.clock.clone(),
            caller: caller.clone(),
            tariff: gateway.prices.quote(&model).tariff,
            model,
            dialect,
            request: request.clone(),
            started: gateway.clock.now(),
            scan: Scan::default(),
            outcome: None,
        }
    }

    pub fn caller(&self) -> &Arc<Caller> {
        &self.caller
    }

    pub fn dialect(&self) -> Dialect {
        self.dialect
    }

    pub fn request(&self) -> &RequestId {
        &self.request
    }

    /// What the upstream's stream has said so far.
    pub fn scan(&self) -> &Scan {
        &self.scan
    }

    /// Looks at the next piece of the upstream's stream.
    pub fn see(&mut self, piece: &[u8]) {
        self.scan.see(piece);
    }

    /// Looks at an answer that is no stream: it is whole, so the request is completed.
    pub fn see_answer(&mut self, headers: &HeaderMap, body: &[u8]) {
        self.scan.see_answer(headers, body);
        self.settle(Outcome::Completed);
    }

    /// Says how the request ended; the first word counts.
    pub fn settle(&mut self, outcome: Outcome) {
        self.outcome.get_or_insert(outcome);
    }

    /// Says that the request ended with a refusal.
    pub fn refuse(&mut self, refusal: &Refusal) {
        self.settle(match refusal {
            Refusal::SessionOver => Outcome::Revoked,
            Refusal::Upstream(UpstreamError::Cut(_) | UpstreamError::IdleTimeout(_)) => Outcome::UpstreamCut,
            _ => Outcome::UpstreamError,
        });
    }

    /// How it ended, if nobody said: a stream that was seen to its end is complete even if the client left with
    /// its last word.
    fn outcome(&self) -> Outcome {
        self.outcome.unwrap_or(match &self.scan {
            scan if scan.has_failed() => Outcome::UpstreamError,
            scan if scan.is_complete() => Outcome::Completed,
            _ => Outcome::ClientGone,
        })
    }
}

impl Drop for Meter {
    fn drop(&mut self) {
        let outcome = self.outcome();
        let tokens = self.scan.tokens();
        let was_refused = outcome == Outcome::UpstreamError && !self.scan.has_begun();
        self.ledger.record(UsageRecord {
            id: Uuid::now_v7(),
            session: self.caller.identity.session,
            user: self.caller.identity.user.clone(),
            model: self.model.clone(),
            surface: self.dialect.surface(),
            request: self.request.clone(),
            started: self.started,
            ended: self.clock.now(),
            tokens,
            cost: self.tariff.cost(tokens),
            outcome,
            estimated: !was_refused && !self.scan.is_final(),
        });
    }
}
