//! How what the daemon relies on is, for alerts.

use std::{fmt, sync::Arc};

use prometheus_client::{collector::Collector, encoding::DescriptorEncoder};
use shared::api::admin::HealthState;

use super::Families;
use crate::{clock::Clock, part::Part};

const STATES: [(HealthState, &str); 4] = [
    (HealthState::Ok, "ok"),
    (HealthState::Degraded, "degraded"),
    (HealthState::Down, "down"),
    (HealthState::Unknown, "unknown"),
];

/// What tells of its health.
#[derive(Debug)]
pub struct Parts {
    pub parts: Vec<Arc<dyn Part>>,
    pub clock: Clock,
}

impl Collector for Parts {
    fn encode(&self, encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let mut families = Families::from(encoder);
        let help = "1 for the state that a part is in, 0 for the others.";
        let mut family = families.gauges("sallyport_part_state", help)?;
        for part in &self.parts {
            let health = part.health(self.clock.now());
            for (state, word) in STATES {
                let labels = [("part", health.part.as_str()), ("state", word)];
                family.level(&labels, u32::from(state == health.state))?;
            }
        }
        Ok(())
    }
}
