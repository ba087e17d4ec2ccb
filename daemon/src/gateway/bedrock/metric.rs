//! Connections to Bedrock, for Prometheus.

use std::fmt;

use prometheus_client::{collector::Collector, encoding::DescriptorEncoder};

use super::Bedrock;
use crate::metric::Families;

impl Collector for Bedrock {
    fn encode(&self, encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let mut families = Families::from(encoder);
        let services = [("runtime", self.runtime.pool.census()), ("control", self.control.pool.census())];
        let mut family =
            families.gauges("sallyport_bedrock_connections", "Connections to Bedrock that are open.")?;
        for (service, census) in &services {
            let in_use = census.open.saturating_sub(census.idle);
            family.level(&[("service", service), ("state", "in_use")], in_use)?;
            family.level(&[("service", service), ("state", "idle")], census.idle)?;
        }
        let help = "Attempts to open a connection to Bedrock, by result.";
        let mut family = families.counters("sallyport_bedrock_connects", help)?;
        for (service, census) in &services {
            family.count(&[("service", service), ("result", "opened")], census.opened)?;
            family.count(&[("service", service), ("result", "failed")], census.failed)?;
        }
        Ok(())
    }
}
