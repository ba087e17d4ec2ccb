//! Writes families of figures in few words.

use std::{fmt, time::Duration};

use prometheus_client::{
    encoding::{DescriptorEncoder, EncodeCounterValue, EncodeGaugeValue, MetricEncoder, NoLabelSet},
    metrics::MetricType,
    registry::Unit,
};

use crate::histogram::Histogram;

/// Names and values of what tells one figure of a family from another.
pub type Labels<'a> = &'a [(&'a str, &'a str)];

/// Where families are written, one after another.
pub struct Families<'a>(DescriptorEncoder<'a>);

/// One family while it is written.
pub struct Family<'a>(MetricEncoder<'a>);

impl fmt::Debug for Families<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Families")
    }
}

impl fmt::Debug for Family<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Family")
    }
}

impl<'a> From<DescriptorEncoder<'a>> for Families<'a> {
    fn from(encoder: DescriptorEncoder<'a>) -> Self {
        Self(encoder)
    }
}

impl Families<'_> {
    /// Counts that only grow; `_total` is added to the name.
    pub fn counters<'s>(&'s mut self, name: &'s str, help: &str) -> Result<Family<'s>, fmt::Error> {
        self.family(name, help, None, MetricType::Counter)
    }

    /// The same of an amount; its unit and `_total` are added to the name.
    pub fn amounts<'s>(
        &'s mut self,
        name: &'s str,
        help: &str,
        unit: &'s Unit,
    ) -> Result<Family<'s>, fmt::Error> {
        self.family(name, help, Some(unit), MetricType::Counter)
    }

    /// Values of this moment.
    pub fn gauges<'s>(&'s mut self, name: &'s str, help: &str) -> Result<Family<'s>, fmt::Error> {
        self.family(name, help, None, MetricType::Gauge)
    }

    /// The same of an amount; its unit is added to the name.
    pub fn levels<'s>(
        &'s mut self,
        name: &'s str,
        help: &str,
        unit: &'s Unit,
    ) -> Result<Family<'s>, fmt::Error> {
        self.family(name, help, Some(unit), MetricType::Gauge)
    }

    /// Durations; `_seconds` is added to the name.
    pub fn durations<'s>(&'s mut self, name: &'s str, help: &str) -> Result<Family<'s>, fmt::Error> {
        self.family(name, help, Some(&Unit::Seconds), MetricType::Histogram)
    }

    /// A fact that is told by its labels; `_info` is added to the name.
    pub fn fact(&mut self, name: &str, help: &str, labels: Labels<'_>) -> fmt::Result {
        self.family(name, help, None, MetricType::Info)?.0.encode_info(&labels)
    }

    fn family<'s>(
        &'s mut self,
        name: &'s str,
        help: &str,
        unit: Option<&'s Unit>,
        kind: MetricType,
    ) -> Result<Family<'s>, fmt::Error> {
        self.0.encode_descriptor(name, help, unit, kind).map(Family)
    }
}

impl Family<'_> {
    pub fn count(&mut self, labels: Labels<'_>, value: impl EncodeCounterValue + Copy) -> fmt::Result {
        self.labelled(labels, |encoder| encoder.encode_counter::<NoLabelSet, _, u64>(&value, None))
    }

    pub fn level(&mut self, labels: Labels<'_>, value: impl EncodeGaugeValue + Copy) -> fmt::Result {
        self.labelled(labels, |encoder| encoder.encode_gauge(&value))
    }

    /// A histogram, by these bounds; the last bucket has none.
    pub fn histogram(&mut self, labels: Labels<'_>, of: &Histogram, bounds: &[Duration]) -> fmt::Result {
        let (counts, sum) = of.stretches(bounds);
        let total: u64 = counts.iter().sum();
        let bounds = bounds.iter().map(Duration::as_secs_f64).chain([f64::INFINITY]);
        let buckets: Vec<(f64, u64)> = bounds.zip(counts).collect();
        let sum = sum.as_secs_f64();
        self.labelled(labels, |encoder| encoder.encode_histogram::<NoLabelSet>(sum, total, &buckets, None))
    }

    fn labelled(
        &mut self,
        labels: Labels<'_>,
        write: impl FnOnce(&mut MetricEncoder<'_>) -> fmt::Result,
    ) -> fmt::Result {
        if labels.is_empty() { write(&mut self.0) } else { write(&mut self.0.encode_family(&labels)?) }
    }
}
