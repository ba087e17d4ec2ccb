//! Downloads, for Prometheus.

use std::{fmt, sync::atomic::Ordering};

use prometheus_client::{collector::Collector, encoding::DescriptorEncoder, registry::Unit};
use shared::platform::Platform;

use super::Install;
use crate::metric::Families;

impl Collector for Install {
    fn encode(&self, encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let (counts, mut families) = (&self.downloads.counts, Families::from(encoder));
        let help = "Binaries that were downloaded to their end.";
        let mut family = families.counters("sallyport_install_downloads", help)?;
        for (binary, count) in [("claude", &counts.programs), ("claude-agent", &counts.agents)] {
            for platform in Platform::ALL {
                let labels = [("binary", binary), ("platform", platform.as_str())];
                family.count(&labels, count.of(platform))?;
            }
        }
        let help = "What was sent of binaries.";
        let mut family = families.amounts("sallyport_install_sent", help, &Unit::Bytes)?;
        family.count(&[], counts.bytes.load(Ordering::Relaxed))?;
        let help = "Downloads of binaries that are under way.";
        let mut family = families.gauges("sallyport_install_downloads_under_way", help)?;
        family.level(&[], i64::try_from(counts.under_way.load(Ordering::Relaxed)).unwrap_or(i64::MAX))
    }
}
