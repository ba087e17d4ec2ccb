//! Sessions in use, for Prometheus.

use std::fmt;

use prometheus_client::{collector::Collector, encoding::DescriptorEncoder};

use super::LiveSessions;
use crate::metric::Families;

impl Collector for LiveSessions {
    fn encode(&self, encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let help = "Sessions that have a request in flight or had one a moment ago.";
        Families::from(encoder).gauges("sallyport_sessions_in_use", help)?.level(&[], self.in_use())
    }
}
