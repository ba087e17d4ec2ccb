//! `sallyport traffic`.

use std::time::Duration;

use clap::Args;
use shared::{
    api::admin::{Outcomes, Percentiles, Sample, Traffic},
    usage::{Money, Tokens},
};

use super::{CommandError, Console};
use crate::{
    clock,
    format::{count, money, span},
    output::{Fields, Style},
    value,
};

#[derive(Debug, Args)]
pub struct TrafficArgs {
    /// How far back; the daemon remembers 15 minutes
    #[arg(long, value_name = "DURATION", default_value = "1m", value_parser = value::duration)]
    last: Duration,
}

pub(super) async fn run(console: &mut Console, arguments: &TrafficArgs) -> Result<(), CommandError> {
    let after = value::Moment::Ago(arguments.last).before(clock::now());
    let traffic = console.client.traffic(Some(after)).await?;
    Ok(console.output.document(&traffic, |style| shown(&traffic, style))?)
}

fn shown(traffic: &Traffic, style: &Style) -> String {
    let samples = &traffic.samples;
    if samples.is_empty() {
        return "nothing is known of this time yet\n".to_owned();
    }
    let seconds = samples.len() as u64;
    let tokens: Tokens = samples.iter().map(|sample| sample.tokens).sum();
    let cost: Money = samples.iter().map(|sample| sample.cost).sum();
    let outcomes = outcomes(samples);
    let running = samples.last().map_or(0, |sample| sample.in_flight);
    let cached = share(tokens.cache_read, tokens.prompt());
    let cost_an_hour = Money::from_micros(cost.micros().saturating_mul(3600) / seconds);
    Fields::default()
        .add("window", format!("the last {}", span(Duration::from_secs(seconds))))
        .add("requests", format!("{} a second: {}", rate(outcomes.total(), seconds), told(outcomes)))
        .add("running", running.to_string())
        .add("tokens", format!("{} a second: {tokens}", count(tokens.total() / seconds)))
        .add("cache", format!("{cached} % of the prompts were read from it"))
        .add("cost", format!("{} an hour", money(cost_an_hour)))
        .maybe("latency", traffic.latency.map(percentiles))
        .maybe("first byte", traffic.first_byte.map(percentiles))
        .render(style)
}

fn outcomes(samples: &[Sample]) -> Outcomes {
    samples.iter().map(|sample| sample.outcomes).fold(Outcomes::default(), |all, one| Outcomes {
        completed: all.completed + one.completed,
        upstream_error: all.upstream_error + one.upstream_error,
        upstream_cut: all.upstream_cut + one.upstream_cut,
        client_gone: all.client_gone + one.client_gone,
        revoked: all.revoked + one.revoked,
        refused: all.refused + one.refused,
    })
}

/// What there was of each.
fn told(outcomes: Outcomes) -> String {
    let Outcomes { completed, upstream_error, upstream_cut, client_gone, revoked, refused } = outcomes;
    let parts = [
        (completed, "completed"),
        (upstream_error, "upstream error"),
        (upstream_cut, "cut by upstream"),
        (client_gone, "left by the client"),
        (revoked, "revoked"),
        (refused, "refused"),
    ];
    let some: Vec<String> =
        parts.iter().filter(|(count, _)| *count > 0).map(|(count, name)| format!("{count} {name}")).collect();
    if some.is_empty() { "none".to_owned() } else { some.join(", ") }
}

/// With one place.
fn rate(count: u64, seconds: u64) -> String {
    let tenths = count.saturating_mul(10) / seconds;
    format!("{}.{}", tenths / 10, tenths % 10)
}

fn share(part: u64, whole: u64) -> u64 {
    part.saturating_mul(100).checked_div(whole).unwrap_or_default()
}

fn percentiles(percentiles: Percentiles) -> String {
    let shown = |micros: u64| match micros {
        0..10_000 => format!("{}.{} ms", micros / 1000, micros / 100 % 10),
        _ => format!("{} ms", micros / 1000),
    };
    let Percentiles { p50_microseconds, p99_microseconds } = percentiles;
    format!("{} (p50), {} (p99), over the last minute", shown(p50_microseconds), shown(p99_microseconds))
}
