//! What the graphs show: sums over stretches of seconds, and the rates they make. Whole numbers of small units.

use std::{collections::VecDeque, time::Duration};

use shared::{
    api::admin::{Outcomes, Sample},
    usage::{Money, Tokens},
};

use crate::tui::format;

/// What happened in a number of seconds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sum {
    seconds: u64,
    pub outcomes: Outcomes,
    tokens: Tokens,
    cost: Money,
    /// The slowest second's.
    slowest: Option<u64>,
}

impl<'a> FromIterator<&'a Sample> for Sum {
    fn from_iter<I: IntoIterator<Item = &'a Sample>>(samples: I) -> Self {
        samples.into_iter().fold(Self::default(), |mut sum, sample| {
            sum.add(sample);
            sum
        })
    }
}

impl Sum {
    fn add(&mut self, sample: &Sample) {
        let (all, more) = (&mut self.outcomes, sample.outcomes);
        all.completed += more.completed;
        all.upstream_error += more.upstream_error;
        all.upstream_cut += more.upstream_cut;
        all.client_gone += more.client_gone;
        all.revoked += more.revoked;
        all.refused += more.refused;
        self.seconds += 1;
        self.tokens += sample.tokens;
        self.cost += sample.cost;
        self.slowest = self.slowest.max(sample.latency.map(|latency| latency.p99_microseconds));
    }

    /// So much a second, in thousandths.
    fn rate(&self, count: u64) -> Option<u64> {
        count.saturating_mul(1000).checked_div(self.seconds)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Metric {
    Requests,
    Tokens,
    Cost,
    Cache,
    Latency,
    Failures,
}

impl Metric {
    pub const ALL: [Self; 6] =
        [Self::Requests, Self::Tokens, Self::Cost, Self::Cache, Self::Latency, Self::Failures];

    pub fn title(self) -> &'static str {
        match self {
            Self::Requests => "Requests",
            Self::Tokens => "Tokens",
            Self::Cost => "Cost",
            Self::Cache => "Prompt from cache",
            Self::Latency => "Latency p99",
            Self::Failures => "Failures",
        }
    }

    /// Over how many seconds the figure beside the title goes: money and shares jump more than counts.
    pub fn window(self) -> usize {
        match self {
            Self::Requests | Self::Tokens => 10,
            Self::Cost | Self::Cache | Self::Latency | Self::Failures => 60,
        }
    }

    pub fn of(self, sum: &Sum) -> Option<u64> {
        match self {
            Self::Requests => sum.rate(sum.outcomes.total()),
            Self::Tokens => sum.rate(sum.tokens.total()),
            Self::Cost => sum.cost.micros().saturating_mul(3600).checked_div(sum.seconds),
            Self::Cache => sum.tokens.cache_read.saturating_mul(1000).checked_div(sum.tokens.prompt()),
            Self::Latency => sum.slowest,
            Self::Failures => sum.rate(sum.outcomes.upstream_error + sum.outcomes.upstream_cut),
        }
    }

    pub fn show(self, value: u64) -> String {
        match self {
            Self::Requests | Self::Tokens | Self::Failures => format!("{}/s", rate(value)),
            Self::Cost => format!("{}/h", format::money(Money::from_micros(value))),
            Self::Cache => share(value),
            Self::Latency => duration(value),
        }
    }

    /// What reaches the upper edge of the graph.
    pub fn top(self, peak: u64) -> u64 {
        if self == Self::Cache { 1000 } else { peak }
    }

    /// How the upper edge is called.
    pub fn scale(self, peak: u64) -> String {
        match self {
            Self::Cache => "top 100 %".to_owned(),
            _ if peak == 0 => String::new(),
            _ => format!("peak {}", self.show(peak)),
        }
    }
}

/// As many points as wanted, over a span; at most one a second, and then they are the newest. Where a stretch begins does
/// not depend on the present, so that the graph moves and does not tremble; one that is not over yet is left out.
pub fn points(
    samples: &VecDeque<Sample>,
    (span, moments): (Duration, usize),
    metric: Metric,
) -> Vec<Option<u64>> {
    let wanted = (moments as u64).clamp(1, span.as_secs());
    let stretch = |second: u64| second.saturating_mul(wanted) / span.as_secs().max(1);
    let end = samples.back().map(|sample| stretch(sample.at.seconds() + 1)).unwrap_or_default();
    let mut sums = vec![Sum::default(); usize::try_from(wanted).unwrap_or_default()];
    for sample in samples {
        let back = end.checked_sub(stretch(sample.at.seconds())).filter(|back| *back > 0);
        let place = back.and_then(|back| wanted.checked_sub(back));
        let place = place.and_then(|place| usize::try_from(place).ok());
        if let Some(sum) = place.and_then(|place| sums.get_mut(place)) {
            sum.add(sample);
        }
    }
    let before = moments.saturating_sub(sums.len());
    std::iter::repeat_n(None, before).chain(sums.iter().map(|sum| metric.of(sum))).collect()
}

/// Thousandths of something: `0`, `<0.1`, `0.3`, `12`, `1.2k`.
pub fn rate(thousandths: u64) -> String {
    match thousandths {
        0 => "0".to_owned(),
        1..100 => "<0.1".to_owned(),
        100..10_000 => format!("{}.{}", thousandths / 1000, thousandths % 1000 / 100),
        _ => format::count(thousandths / 1000),
    }
}

/// Thousandths as a share: `0 %`, `0.4 %`, `87 %`.
pub fn share(thousandths: u64) -> String {
    match thousandths {
        1..10 => format!("0.{thousandths} %"),
        _ => format!("{} %", thousandths / 10),
    }
}

/// `0.4 ms`, `320 ms`, `1.20 s`, `45 s`.
pub fn duration(microseconds: u64) -> String {
    let milliseconds = microseconds / 1000;
    match milliseconds {
        0..10 => format!("{}.{} ms", milliseconds, microseconds % 1000 / 100),
        10..1000 => format!("{milliseconds} ms"),
        1000..10_000 => format!("{}.{:02} s", milliseconds / 1000, milliseconds % 1000 / 10),
        _ => format!("{} s", milliseconds / 1000),
    }
}
