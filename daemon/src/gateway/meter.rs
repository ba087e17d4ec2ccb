//! The bill of one request: what it used, from the upstream's own numbers, settled exactly once, however it ends.
//!
//! Invariant: whoever holds a `Meter` may drop it at any moment. What was seen by then is recorded.

mod count;
mod scan;

use std::{sync::Arc, time::Duration};

use http::HeaderMap;
use shared::{id::RequestId, usage::Tokens};
use uuid::Uuid;

pub use self::scan::Scan;
use super::{
    Dialect, Gateway,
    bedrock::UpstreamError,
    error::Refusal,
    permit::Permit,
    visit::{Passage, Visit},
};
use crate::{
    clock::Clock,
    domain::{
        limit::{Standing, Used},
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
    traffic::Settled,
};

/// Observes one request from the moment it goes to the upstream. The client's second request after a broken
/// stream is a request of its own, with a meter of its own.
#[derive(Debug)]
pub struct Meter {
    ledger: Arc<Ledger>,
    clock: Clock,
    permit: Permit,
    /// Its place among the requests in flight.
    live: InFlight,
    passage: Passage,
    dialect: Dialect,
    scan: Scan,
    outcome: Option<Outcome>,
}

impl Meter {
    /// Starts to observe a request that may go.
    pub fn start(gateway: &Gateway, permit: Permit, call: &Call, visit: &mut Visit) -> Self {
        let dialect = visit.dialect();
        let (id, started) = (call.id.clone(), gateway.clock.now());
        let client = Client::of(&call.headers);
        let live = LiveRequest::new(id, permit.model.clone(), dialect.surface(), started, client);
        let caller = &permit.caller;
        caller
            .life
            .events()
            .tell(|| event::of_request("request_started", &caller.identity, &live, started, None));
        let live = caller.life.enter(live);
        let passage = visit.pass(live.request().clone());
        Self {
            ledger: gateway.ledger.clone(),
            clock: gateway.clock.clone(),
            permit,
            live,
            passage,
            dialect,
            scan: Scan::default(),
            outcome: None,
        }
    }

    pub fn caller(&self) -> &Arc<Caller> {
        &self.permit.caller
    }

    pub fn dialect(&self) -> Dialect {
        self.dialect
    }

    pub fn request(&self) -> &RequestId {
        &self.live.request().id
    }

    /// Silence on the stream after which a ping is sent.
    pub fn ping_interval(&self) -> Duration {
        self.permit.ping_interval
    }

    /// How far the caller is with its budget, if it has one.
    pub fn standing(&self) -> Option<Standing> {
        self.permit.standing()
    }

    /// What the upstream's stream has said so far.
    pub fn scan(&self) -> &Scan {
        &self.scan
    }

    /// What keeps the caller's session from going on now.
    pub fn barred(&self) -> Option<Refusal> {
        Some(match self.permit.caller.life.bar(self.clock.now())?.as_ref() {
            Bar::Ended(_) => Refusal::SessionOver,
            Bar::Locked(lock) => Refusal::Locked(lock.to_string()),
        })
    }

    /// The answer comes piece by piece.
    pub fn stream(&mut self) {
        self.passage.stream();
    }

    /// A piece of the answer is on its way to the caller.
    pub fn speak(&mut self) {
        self.passage.speak();
    }

    /// Looks at the next piece of the upstream's stream.
    pub fn see(&mut self, piece: &[u8]) {
        self.scan.see(piece);
        self.live.request().set_tokens(self.scan.tokens());
    }

    /// Looks at an answer that is no stream: it is whole, so the request is completed.
    pub fn see_answer(&mut self, headers: &HeaderMap, body: &[u8]) {
        self.scan.see_answer(headers, body);
        self.passage.speak();
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

    /// What was used. Who leaves before the upstream has said a word has still had a prompt read, and is charged for
    /// it by its length: otherwise a budget could be slipped past.
    fn tokens(&self, outcome: Outcome) -> Tokens {
        let was_sent = matches!(outcome, Outcome::ClientGone | Outcome::Revoked | Outcome::UpstreamCut);
        let said = self.scan.tokens();
        if was_sent && said == Tokens::default() { self.permit.prompt() } else { said }
    }
}

impl Drop for Meter {
    fn drop(&mut self) {
        let (outcome, ended) = (self.outcome(), self.clock.now());
        let tokens = self.tokens(outcome);
        let cost = self.permit.cost(tokens);
        self.permit.settle(Used { tokens, cost, at: ended });
        let was_answered = outcome == Outcome::Completed || self.scan.has_begun();
        let model = &self.live.request().model;
        self.passage.end(&Settled { model, outcome, was_answered, tokens, cost });
        let was_refused = outcome == Outcome::UpstreamError && !self.scan.has_begun();
        let (live, caller) = (self.live.request(), &self.permit.caller);
        caller.life.events().tell(|| {
            let end = Some((outcome.as_str(), tokens));
            event::of_request("request_ended", &caller.identity, live, ended, end)
        });
        self.ledger.record(UsageRecord {
            id: Uuid::now_v7(),
            session: caller.identity.session,
            user: caller.identity.user.clone(),
            model: live.model.clone(),
            surface: self.dialect.surface(),
            request: live.id.clone(),
            started: live.started,
            ended,
            tokens,
            cost,
            outcome,
            estimated: !was_refused && !self.scan.is_final(),
            client: live.client.user_agent(),
        });
    }
}
