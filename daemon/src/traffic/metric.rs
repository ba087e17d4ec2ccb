//! The counts of the gateway, for Prometheus.

use std::{fmt, sync::atomic::Ordering, time::Duration};

use prometheus_client::{collector::Collector, encoding::DescriptorEncoder, registry::Unit};
use shared::usage::{Money, Tokens};

use super::{Traffic, series::Series};
use crate::{domain::usage::Outcome, histogram::Histogram, metric::Families};

/// The model of requests that were refused before anybody knew it.
const NONE: &str = "none";
/// In milliseconds: answers take from a few of them to minutes.
const BOUNDS: [u64; 16] =
    [5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 60_000, 120_000, 300_000, 600_000];

impl Collector for Traffic {
    fn encode(&self, encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let mut families = Families::from(encoder);
        self.write_requests(&mut families)?;
        self.write_streams(&mut families)?;
        self.write_use(&mut families)?;
        let took = ("request_duration", "From the start of a request to the end of its answer.");
        self.write_durations(&mut families, took, |series| &series.latency)?;
        let first = ("first_byte", "From the start of a request to the first byte of its answer.");
        self.write_durations(&mut families, first, |series| &series.first_byte)?;
        let in_flight = "Requests that went to Bedrock and have not ended.";
        let mut family = families.gauges("sallyport_gateway_requests_in_flight", in_flight)?;
        family.level(&[], self.in_flight.load(Ordering::Relaxed))
    }
}

impl Traffic {
    fn write_requests(&self, families: &mut Families<'_>) -> fmt::Result {
        let help = "Requests that were answered, by surface, model and HTTP status.";
        let mut family = families.counters("sallyport_gateway_requests", help)?;
        let mut all = vec![(NONE.to_owned(), self.nameless.counts())];
        self.models.each(|model, series| all.push((model.to_owned(), series.requests.counts())));
        for (model, counts) in all {
            for (purpose, status, count) in counts {
                let labels =
                    [("surface", purpose.as_str()), ("model", model.as_str()), ("status", status.as_str())];
                family.count(&labels, count)?;
            }
        }
        Ok(())
    }

    fn write_streams(&self, families: &mut Families<'_>) -> fmt::Result {
        let mut family =
            families.counters("sallyport_gateway_streams", "Streamed answers, by how they ended.")?;
        let mut outcomes = Outcome::ALL.into_iter();
        outcomes
            .try_for_each(|outcome| family.count(&[("outcome", outcome.as_str())], self.streams.of(outcome)))
    }

    fn write_use(&self, families: &mut Families<'_>) -> fmt::Result {
        let mut used: Vec<(String, Tokens, Money)> = Vec::new();
        self.models.each(|model, series| used.push((model.to_owned(), series.tokens(), series.cost())));
        let mut family = families.counters("sallyport_gateway_tokens", "Tokens, by model and class.")?;
        for (model, tokens, _) in &used {
            for (class, count) in classes(*tokens) {
                family.count(&[("model", model), ("class", class)], count)?;
            }
        }
        let dollars = Unit::Other("dollars".to_owned());
        let help = "What answers cost at the configured prices, in US dollars.";
        let mut family = families.amounts("sallyport_gateway_cost", help, &dollars)?;
        used.iter().try_for_each(|(model, _, cost)| family.count(&[("model", model)], cost.as_dollars()))
    }

    fn write_durations(
        &self,
        families: &mut Families<'_>,
        (name, help): (&str, &str),
        which: fn(&Series) -> &Histogram,
    ) -> fmt::Result {
        let name = format!("sallyport_gateway_{name}");
        let mut family = families.durations(&name, help)?;
        let bounds = BOUNDS.map(Duration::from_millis);
        let mut written = Ok(());
        self.models.each(|model, series| {
            written = written.and_then(|()| family.histogram(&[("model", model)], which(series), &bounds));
        });
        written
    }
}

/// The classes of tokens, so that each token is in one of them.
fn classes(tokens: Tokens) -> [(&'static str, u64); 5] {
    let Tokens { input, output, cache_read, cache_write, cache_write_hour } = tokens;
    [
        ("input", input),
        ("output", output),
        ("cache_read", cache_read),
        ("cache_write_5m", cache_write.saturating_sub(cache_write_hour)),
        ("cache_write_1h", cache_write_hour),
    ]
}
