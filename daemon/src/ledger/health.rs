//! How the ledger is: whether usage is written, and what was lost.

use shared::{
    api::admin::{HealthState, PartHealth},
    time::Timestamp,
};

use super::Ledger;
use crate::part::{self, Part};

impl Part for Ledger {
    fn health(&self, _: Timestamp) -> PartHealth {
        let (lost, waiting) = (self.lost(), self.waiting());
        let (state, detail) = match self.pulse.trouble() {
            None => (HealthState::Ok, format!("usage is written, {waiting} records wait for their turn")),
            Some(trouble) => {
                let is_full = self.queue.capacity() == 0;
                let state = if is_full { HealthState::Down } else { HealthState::Degraded };
                (state, format!("usage is not written, {waiting} records wait: {}", trouble.error))
            }
        };
        let (state, detail) = match (lost, state) {
            (0, state) => (state, detail),
            (lost, state) => {
                let state = if state == HealthState::Ok { HealthState::Degraded } else { state };
                (state, format!("{detail}; {lost} were lost since the daemon began"))
            }
        };
        PartHealth { since: self.pulse.since(), ..part::health("ledger", state, detail) }
    }
}
