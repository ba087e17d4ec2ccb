//! The ledger's counts, for Prometheus.

use std::fmt;

use prometheus_client::{collector::Collector, encoding::DescriptorEncoder};

use super::Ledger;
use crate::metric::Families;

impl Collector for Ledger {
    fn encode(&self, encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let mut families = Families::from(encoder);
        let lost = "Usage records that were lost.";
        families.counters("sallyport_ledger_lost_records", lost)?.count(&[], self.lost())?;
        let waiting = "Usage records that wait to be written.";
        families.gauges("sallyport_ledger_waiting_records", waiting)?.level(&[], self.waiting())
    }
}
