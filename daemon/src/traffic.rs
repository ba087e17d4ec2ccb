//! What the gateway does: every request of it is counted here when it ends, and once a second what ended since is put
//! down as a sample.
//!
//! Counting takes no lock and allocates nothing; only a model that was never seen before costs both. Whoever shows
//! figures of the gateway reads these counters: nothing is counted twice.

mod history;
mod metric;
pub mod series;

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use http::StatusCode;
use shared::{
    api::admin,
    id::ModelId,
    time::Timestamp,
    usage::{Money, Tokens},
};
use tokio::time::{Instant, MissedTickBehavior, interval_at};
use tokio_util::sync::CancellationToken;

use self::{
    history::{History, Totals},
    series::{Models, Requests, Series},
};
use crate::{
    clock::Clock,
    domain::usage::{Outcome, Surface},
};

const SECOND: Duration = Duration::from_secs(1);

/// What a request of the gateway is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// A model's answer.
    Answer(Surface),
    /// Tokens are to be counted.
    Count,
    /// Models or profiles are to be listed.
    List,
}

impl Purpose {
    pub const ALL: [Self; 6] = [
        Self::Answer(Surface::Bedrock),
        Self::Answer(Surface::Messages),
        Self::Answer(Surface::Chat),
        Self::Answer(Surface::Invoke),
        Self::Count,
        Self::List,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Answer(surface) => surface.as_str(),
            Self::Count => "count_tokens",
            Self::List => "list",
        }
    }
}

/// What came of a request that went upstream.
#[derive(Debug, Clone, Copy)]
pub struct Settled<'a> {
    pub model: &'a ModelId,
    pub outcome: Outcome,
    /// Bedrock has begun to answer.
    pub was_answered: bool,
    pub tokens: Tokens,
    pub cost: Money,
}

/// Its end.
#[derive(Debug, Clone, Copy)]
pub struct End<'a> {
    pub settled: &'a Settled<'a>,
    pub is_stream: bool,
    pub took: Duration,
    /// When the first byte of its answer left.
    pub first_byte: Option<Duration>,
}

/// Every count since the daemon began, and the last minutes second by second.
#[derive(Debug)]
pub struct Traffic {
    clock: Clock,
    in_flight: AtomicU64,
    refused: AtomicU64,
    whole: Ends,
    streams: Ends,
    models: Models,
    /// Requests that were refused before their model was known.
    nameless: Requests,
    history: Mutex<History>,
}

/// Ends by outcome.
#[derive(Debug, Default)]
pub struct Ends([AtomicU64; Outcome::ALL.len()]);

impl Ends {
    fn count(&self, outcome: Outcome) {
        if let Some(count) = self.0.get(outcome as usize) {
            count.fetch_add(1, Ordering::Relaxed);
        }
    }

    pub fn of(&self, outcome: Outcome) -> u64 {
        self.0.get(outcome as usize).map_or(0, |count| count.load(Ordering::Relaxed))
    }
}

impl Traffic {
    pub fn new(clock: Clock) -> Self {
        let history = Mutex::new(History::new(clock.now()));
        Self {
            clock,
            in_flight: AtomicU64::default(),
            refused: AtomicU64::default(),
            whole: Ends::default(),
            streams: Ends::default(),
            models: Models::default(),
            nameless: Requests::default(),
            history,
        }
    }

    /// A request goes upstream.
    pub fn begin(&self) {
        self.in_flight.fetch_add(1, Ordering::Relaxed);
    }

    /// It ended.
    pub fn end(&self, end: &End<'_>) {
        self.in_flight.fetch_sub(1, Ordering::Relaxed);
        let ends = if end.is_stream { &self.streams } else { &self.whole };
        let Settled { model, outcome, was_answered, .. } = *end.settled;
        ends.count(outcome);
        self.models.with(model, was_answered, |series| series.count(end));
    }

    /// A request ended that never went upstream: the gateway refused it, or its client left.
    pub fn turn_away(&self, is_refusal: bool) {
        if is_refusal {
            self.refused.fetch_add(1, Ordering::Relaxed);
        } else {
            self.whole.count(Outcome::ClientGone);
        }
    }

    /// A request was answered, whatever its answer.
    pub fn answer(&self, purpose: Purpose, model: Option<&ModelId>, status: StatusCode) {
        match model {
            Some(model) => {
                let count = |series: &Series| series.requests.count(purpose, status);
                self.models.with(model, status.is_success(), count);
            }
            None => self.nameless.count(purpose, status),
        }
    }

    /// What ended after a moment, as far as it is remembered.
    pub fn after(&self, after: Option<Timestamp>) -> admin::Traffic {
        self.history.lock().unwrap_or_else(PoisonError::into_inner).after(after)
    }

    /// Closes a second, again and again, until `stop`.
    pub async fn run(self: Arc<Self>, stop: CancellationToken) {
        let mut seconds = interval_at(Instant::now() + SECOND, SECOND);
        seconds.set_missed_tick_behavior(MissedTickBehavior::Skip);
        while stop.run_until_cancelled(seconds.tick()).await.is_some() {
            self.close(self.clock.now());
        }
    }

    fn close(&self, now: Timestamp) {
        let (totals, in_flight) = (self.totals(), self.in_flight.load(Ordering::Relaxed));
        self.history.lock().unwrap_or_else(PoisonError::into_inner).close(now, in_flight, totals);
    }

    fn totals(&self) -> Totals {
        let ended = |outcome| self.whole.of(outcome) + self.streams.of(outcome);
        let outcomes = admin::Outcomes {
            completed: ended(Outcome::Completed),
            upstream_error: ended(Outcome::UpstreamError),
            upstream_cut: ended(Outcome::UpstreamCut),
            client_gone: ended(Outcome::ClientGone),
            revoked: ended(Outcome::Revoked),
            refused: self.refused.load(Ordering::Relaxed),
        };
        let mut totals = Totals { outcomes, ..Totals::default() };
        self.models.each(|_, series| add(series, &mut totals));
        totals
    }
}

fn add(series: &Series, totals: &mut Totals) {
    totals.tokens += series.tokens();
    totals.cost += series.cost();
    series.latency.add_to(&mut totals.latency);
    series.first_byte.add_to(&mut totals.first_byte);
}

#[cfg(test)]
mod tests;
