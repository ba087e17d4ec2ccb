//! How busy the store is, for Prometheus.

use std::{fmt, sync::atomic::Ordering, time::Duration};

use prometheus_client::{collector::Collector, encoding::DescriptorEncoder};

use super::SqliteStore;
use crate::metric::Families;

/// In microseconds: a commit waits for the disk, or does not.
const BOUNDS: [u64; 13] =
    [100, 250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 1_000_000, 5_000_000];

impl Collector for SqliteStore {
    fn encode(&self, encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let mut families = Families::from(encoder);
        let commits = self.writer.commits();
        let help = "From the start of a transaction that writes to its end, on disk where it must be.";
        let mut family = families.durations("sallyport_store_commit", help)?;
        family.histogram(&[], &commits.took, &BOUNDS.map(Duration::from_micros))?;
        let help = "Transactions that write and failed.";
        let mut family = families.counters("sallyport_store_failed_commits", help)?;
        family.count(&[], commits.failed.load(Ordering::Relaxed))?;
        let mut family = families.gauges("sallyport_store_queue", "Questions that wait for their turn.")?;
        family.level(&[("queue", "write")], self.writer.waiting())?;
        family.level(&[("queue", "read")], self.reader.waiting())
    }
}
