//! The bill of one request: what it used, from the upstream's own numbers, settled exactly once, however it ends.
//!
//! Invariant: whoever holds a `Meter` may drop it at any moment. What was seen by then is recorded.

mod count;
mod scan;

use std::sync::Arc;

use http::HeaderMap;
use shared::id::{ModelId, RequestId};
use uuid::Uuid;

pub use self::scan::Scan;
use super::{Dialect, Gateway, bedrock::UpstreamError, error::Refusal};
use crate::{
    clock::Clock,
    domain::{
        price::Tariff,
        usage::{Outcome, UsageRecord},
    },
    event,
    http::Call,
    keyring::Caller,
    ledger::Ledger,
    live::{
        Bar,
        request::{Client, InFlight, LiveRequest},
    },
};

/// Observes one request from the moment it goes to the upstream. The client's second request after a broken
/// stream is a request of its own, with a meter of its own.
#[derive(Debug)]
pub struct Meter {
    ledger: Arc<Ledger>,
    clock: Clock,
    caller: Arc<Caller>,
    tariff: Tariff,
    /// Its place among the requests in flight.
    live: InFlight,
    dialect: Dialect,
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
        call: &Call,
    ) -> Self {
        let (id, started) = (call.id.clone(), gateway.clock.now());
        let tariff = gateway.prices.quote(&model).tariff;
        let client = Client::of(&call.headers);
        let live = LiveRequest::new(id, model, dialect.surface(), started, client);
        caller
            .life
            .events()
            .tell(|| event::of_request("request_started", &caller.identity, &live, started, None));
        Self {
            ledger: gateway.ledger.clone(),
            clock: gateway.clock.clone(),
            caller: caller.clone(),
            tariff,
            live: caller.life.enter(live),
            dialect,
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
        &self.live.request().id
    }

    /// What the upstream's stream has said so far.
    pub fn scan(&self) -> &Scan {
        &self.scan
    }

    /// What keeps the caller's session from going on now.
    pub fn barred(&self) -> Option<Refusal> {
        Some(match self.caller.life.bar(self.clock.now())?.as_ref() {
            Bar::Ended(_) => Refusal::SessionOver,
            Bar::Locked(lock) => Refusal::Locked(lock.to_string()),
        })
    }

    /// Looks at the next piece of the upstream's stream.
    pub fn see(&mut self, piece: &[u8]) {
        self.scan.see(piece);
        self.live.request().set_tokens(self.scan.tokens());
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
            Refusal::SessionOver | Refusal::Locked(_) => Outcome::Revoked,
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
        let (live, now) = (self.live.request(), self.clock.now());
        self.caller.life.events().tell(|| {
            let end = Some((outcome.as_str(), tokens));
            event::of_request("request_ended", &self.caller.identity, live, now, end)
        });
        self.ledger.record(UsageRecord {
            id: Uuid::now_v7(),
            session: self.caller.identity.session,
            user: self.caller.identity.user.clone(),
            model: live.model.clone(),
            surface: self.dialect.surface(),
            request: live.id.clone(),
            started: live.started,
            ended: now,
            tokens,
            cost: self.tariff.cost(tokens),
            outcome,
            estimated: !was_refused && !self.scan.is_final(),
        });
    }
}
