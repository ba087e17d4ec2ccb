//! What is counted for each model.
//!
//! Invariant: a model has counts of its own only once Bedrock has answered for it, and only so many do. Whatever else
//! callers ask for is counted together.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use arc_swap::ArcSwap;
use http::StatusCode;
use shared::{
    id::ModelId,
    usage::{Money, Tokens},
};

use super::{End, Purpose};
use crate::histogram::Histogram;

/// How many models have counts of their own.
const MODELS: usize = 100;
/// What all others are called together, models as well as statuses.
pub const OTHER: &str = "other";
/// The statuses that have counts of their own; others are counted together. 499 is no answer: the client left before
/// there was one.
pub const STATUSES: [u16; 19] =
    [200, 400, 401, 404, 408, 409, 413, 415, 422, 424, 429, 499, 500, 501, 502, 503, 504, 529, 0];

/// Answers by what was asked and by status.
#[derive(Debug, Default)]
pub struct Requests([[AtomicU64; STATUSES.len()]; Purpose::ALL.len()]);

impl Requests {
    /// Those that are not zero, with the status as text.
    pub(super) fn counts(&self) -> Vec<(Purpose, String, u64)> {
        let rows = Purpose::ALL.into_iter().zip(&self.0);
        let all = rows.flat_map(|(purpose, row)| {
            STATUSES.iter().zip(row).map(move |(status, count)| (purpose, *status, count))
        });
        let counted = all.map(|(purpose, status, count)| (purpose, status, count.load(Ordering::Relaxed)));
        let text = |status: u16| if status == 0 { OTHER.to_owned() } else { status.to_string() };
        let seen = counted.filter(|(_, _, count)| *count > 0);
        seen.map(|(purpose, status, count)| (purpose, text(status), count)).collect()
    }

    pub(super) fn count(&self, purpose: Purpose, status: StatusCode) {
        let others = STATUSES.len() - 1;
        let place = STATUSES.iter().position(|known| *known == status.as_u16()).unwrap_or(others);
        let row = Purpose::ALL.iter().position(|known| *known == purpose).and_then(|row| self.0.get(row));
        if let Some(count) = row.and_then(|row| row.get(place)) {
            count.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// The counts of one model.
#[derive(Debug, Default)]
pub struct Series {
    pub(super) requests: Requests,
    tokens: [AtomicU64; 5],
    micros: AtomicU64,
    pub latency: Histogram,
    pub first_byte: Histogram,
}

impl Series {
    pub(super) fn count(&self, end: &End<'_>) {
        let Tokens { input, output, cache_read, cache_write, cache_write_hour } = end.settled.tokens;
        for (sum, count) in self.tokens.iter().zip([input, output, cache_read, cache_write, cache_write_hour])
        {
            sum.fetch_add(count, Ordering::Relaxed);
        }
        self.micros.fetch_add(end.settled.cost.micros(), Ordering::Relaxed);
        self.latency.record(end.took);
        if let Some(first_byte) = end.first_byte {
            self.first_byte.record(first_byte);
        }
    }

    pub fn tokens(&self) -> Tokens {
        let [input, output, cache_read, cache_write, cache_write_hour] =
            self.tokens.each_ref().map(|sum| sum.load(Ordering::Relaxed));
        Tokens { input, output, cache_read, cache_write, cache_write_hour }
    }

    pub fn cost(&self) -> Money {
        Money::from_micros(self.micros.load(Ordering::Relaxed))
    }
}

/// The counts of all models.
#[derive(Debug, Default)]
pub struct Models {
    known: ArcSwap<HashMap<ModelId, Arc<Series>>>,
    other: Series,
    learning: Mutex<()>,
}

impl Models {
    /// Counts for a model. Once Bedrock `was_answered`, it gets counts of its own, while there is room.
    pub(super) fn with(&self, model: &ModelId, was_answered: bool, count: impl FnOnce(&Series)) {
        let known = self.known.load();
        match known.get(model) {
            Some(series) => count(series),
            None if was_answered && known.len() < MODELS => count(&self.learn(model)),
            None => count(&self.other),
        }
    }

    /// Every model's counts, those without a name of their own last.
    pub fn each(&self, mut look: impl FnMut(&str, &Series)) {
        for (model, series) in self.known.load().iter() {
            look(model.as_str(), series);
        }
        look(OTHER, &self.other);
    }

    fn learn(&self, model: &ModelId) -> Arc<Series> {
        let _one_at_a_time = self.learning.lock().unwrap_or_else(PoisonError::into_inner);
        let mut known = HashMap::clone(&self.known.load());
        let series = known.entry(model.clone()).or_default().clone();
        self.known.store(Arc::new(known));
        series
    }
}
