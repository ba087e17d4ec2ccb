//! The last minutes, second by second.

use std::collections::VecDeque;

use shared::{
    api::admin::{Outcomes, Sample, Traffic},
    time::Timestamp,
    usage::{Money, Tokens},
};

use crate::histogram::{Counts, Recent};

const SECOND: u64 = 1000;
/// How many seconds are remembered.
const SAMPLES: usize = 900;
/// Over how many of them percentiles are told.
const MINUTE: usize = 60;

/// Everything that was counted by some moment.
#[derive(Debug, Default)]
pub(super) struct Totals {
    pub outcomes: Outcomes,
    pub tokens: Tokens,
    pub cost: Money,
    pub latency: Counts,
    pub first_byte: Counts,
}

/// The durations of one second.
#[derive(Debug, Default)]
struct Durations {
    latency: Recent,
    first_byte: Recent,
}

#[derive(Debug)]
pub(super) struct History {
    samples: VecDeque<Sample>,
    minute: VecDeque<Durations>,
    /// When the last sample was closed, and what was counted by then.
    at: Timestamp,
    totals: Totals,
}

impl History {
    pub(super) fn new(now: Timestamp) -> Self {
        Self { samples: VecDeque::new(), minute: VecDeque::new(), at: now, totals: Totals::default() }
    }

    /// Closes the second that ends now. Samples are a second apart whatever the clock does: what it skipped is empty,
    /// and if it was set back, they go on from where they were.
    pub(super) fn close(&mut self, now: Timestamp, in_flight: u64, totals: Totals) {
        let passed = (now.0.saturating_sub(self.at.0) + SECOND / 2) / SECOND;
        let skipped = passed.saturating_sub(1);
        let kept = skipped.min(SAMPLES as u64);
        self.at = Timestamp(self.at.0 + (skipped - kept) * SECOND);
        for _ in 0..kept {
            let sample = Sample { at: self.next(), in_flight, ..Sample::default() };
            self.push(sample, Durations::default());
        }
        let durations = Durations {
            latency: totals.latency.since(&self.totals.latency),
            first_byte: totals.first_byte.since(&self.totals.first_byte),
        };
        let sample = Sample {
            at: self.next(),
            in_flight,
            outcomes: between(self.totals.outcomes, totals.outcomes),
            tokens: used(self.totals.tokens, totals.tokens),
            cost: totals.cost.less(self.totals.cost),
            latency: durations.latency.percentiles(),
            first_byte: durations.first_byte.percentiles(),
        };
        self.push(sample, durations);
        self.totals = totals;
    }

    fn next(&mut self) -> Timestamp {
        self.at = Timestamp(self.at.0 + SECOND);
        self.at
    }

    fn push(&mut self, sample: Sample, durations: Durations) {
        keep(&mut self.samples, sample, SAMPLES);
        keep(&mut self.minute, durations, MINUTE);
    }

    pub(super) fn after(&self, after: Option<Timestamp>) -> Traffic {
        let first = self.samples.partition_point(|sample| Some(sample.at) <= after);
        let over_a_minute =
            |which: fn(&Durations) -> &Recent| Recent::together(self.minute.iter().map(which)).percentiles();
        Traffic {
            samples: self.samples.range(first..).cloned().collect(),
            latency: over_a_minute(|durations| &durations.latency),
            first_byte: over_a_minute(|durations| &durations.first_byte),
        }
    }
}

fn keep<T>(ring: &mut VecDeque<T>, item: T, most: usize) {
    if ring.len() >= most {
        ring.pop_front();
    }
    ring.push_back(item);
}

fn between(then: Outcomes, now: Outcomes) -> Outcomes {
    Outcomes {
        completed: now.completed.saturating_sub(then.completed),
        upstream_error: now.upstream_error.saturating_sub(then.upstream_error),
        upstream_cut: now.upstream_cut.saturating_sub(then.upstream_cut),
        client_gone: now.client_gone.saturating_sub(then.client_gone),
        revoked: now.revoked.saturating_sub(then.revoked),
        refused: now.refused.saturating_sub(then.refused),
    }
}

fn used(then: Tokens, now: Tokens) -> Tokens {
    Tokens {
        input: now.input.saturating_sub(then.input),
        output: now.output.saturating_sub(then.output),
        cache_read: now.cache_read.saturating_sub(then.cache_read),
        cache_write: now.cache_write.saturating_sub(then.cache_write),
        cache_write_hour: now.cache_write_hour.saturating_sub(then.cache_write_hour),
    }
}
