//! The table.

use std::{io::Write, time::Duration};

use crate::load::quantile;

/// What one program did with one load.
#[derive(Debug, Clone, Default)]
pub struct Measure {
    pub rate: f64,
    pub p50: Duration,
    pub p99: Duration,
    pub first_p50: Duration,
    pub first_p99: Duration,
    /// CPU of the program for one answer.
    pub cpu: Duration,
    /// Resident memory at the end, in kilobytes.
    pub memory: u64,
}

impl Measure {
    pub fn of(outcome: &crate::load::Outcome, cpu: Duration, memory: u64) -> Self {
        let answers = u32::try_from(outcome.latencies.len()).unwrap_or(u32::MAX).max(1);
        Self {
            rate: outcome.rate(),
            p50: quantile(&outcome.latencies, 0.5),
            p99: quantile(&outcome.latencies, 0.99),
            first_p50: quantile(&outcome.first_bytes, 0.5),
            first_p99: quantile(&outcome.first_bytes, 0.99),
            cpu: cpu / answers,
            memory,
        }
    }

    /// The median of each figure over the rounds.
    pub fn median(rounds: &[Self]) -> Self {
        let durations = |of: fn(&Self) -> Duration| {
            let mut all: Vec<_> = rounds.iter().map(of).collect();
            all.sort_unstable();
            quantile(&all, 0.5)
        };
        let mut rates: Vec<_> = rounds.iter().map(|round| round.rate).collect();
        rates.sort_unstable_by(f64::total_cmp);
        Self {
            rate: rates.get(rates.len() / 2).copied().unwrap_or_default(),
            p50: durations(|round| round.p50),
            p99: durations(|round| round.p99),
            first_p50: durations(|round| round.first_p50),
            first_p99: durations(|round| round.first_p99),
            cpu: durations(|round| round.cpu),
            memory: rounds.iter().map(|round| round.memory).max().unwrap_or_default(),
        }
    }
}

/// Prints a line.
#[allow(clippy::print_stdout, reason = "a benchmark prints")]
pub fn say(line: &str) {
    println!("{line}");
    let _ = std::io::stdout().flush();
}

pub fn heading() {
    say(&format!(
        "{:<16}{:>5}  {:<8}{:>10}{:>10}{:>10}{:>12}{:>10}   {}",
        "load", "conns", "program", "req/s", "p50 µs", "p99 µs", "CPU µs/req", "MB", "CPU ratio"
    ));
}

pub fn row(load: &str, connections: usize, program: &str, measure: &Measure, beside: Option<&Measure>) {
    let ratio = beside.map(|other| measure.cpu.as_secs_f64() / other.cpu.as_secs_f64().max(1e-9));
    let ratio = ratio.map(|ratio| format!("{ratio:.2}")).unwrap_or_default();
    say(&format!(
        "{load:<16}{connections:>5}  {program:<8}{:>10.0}{:>10}{:>10}{:>12.1}{:>10.1}   {ratio}",
        measure.rate,
        measure.p50.as_micros(),
        measure.p99.as_micros(),
        measure.cpu.as_secs_f64() * 1e6,
        megabytes(measure.memory),
    ));
}

#[allow(clippy::cast_precision_loss, reason = "kilobytes are far below 2^52")]
pub fn megabytes(kilobytes: u64) -> f64 {
    kilobytes as f64 / 1024.0
}
