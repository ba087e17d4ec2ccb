//! How Entra is, by the last time that its keys were fetched.

use shared::api::admin::{HealthState, PartHealth};
use shared::time::Timestamp;

use super::Entra;
use crate::part::{self, Part};

impl Part for Entra {
    fn health(&self, _: Timestamp) -> PartHealth {
        let pulse = self.keys.pulse();
        let (state, detail) = match (pulse.trouble(), self.keys.fetched()) {
            (None, None) => (HealthState::Unknown, "no keys were fetched yet".to_owned()),
            (None, Some((keys, at))) => (HealthState::Ok, format!("keys: {keys}, fetched at {at}")),
            (Some(trouble), None) => (HealthState::Down, format!("nobody can sign in: {}", trouble.error)),
            (Some(trouble), Some((_, at))) => {
                (HealthState::Degraded, format!("keys of {at} stay in use: {}", trouble.error))
            }
        };
        PartHealth { since: pulse.since(), ..part::health("entra", state, detail) }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::{
        clock::Clock,
        sandbox::entra::{SimulatedEntra, User},
        task::Tasks,
    };

    #[tokio::test]
    async fn entra_is_down_without_keys_and_degraded_on_old_ones() {
        let clock = Clock::manual(Timestamp(1_700_000_000_000));
        let theirs = SimulatedEntra::start(&Tasks::default(), clock.clone()).await.unwrap();
        let ours = Entra::new(theirs.config(), clock.clone()).unwrap();
        let told = || ours.health(clock.now());
        assert_eq!((told().state, told().since), (HealthState::Unknown, None));

        theirs.go_down();
        let down_since = clock.now();
        ours.warm_up().await;
        assert_eq!((told().state, told().since), (HealthState::Down, Some(down_since)));
        assert!(told().detail.contains("503"), "{}", told().detail);

        theirs.come_back();
        clock.advance(Duration::from_mins(1));
        ours.verify(&theirs.id_token(User::ADA)).await.unwrap();
        assert_eq!((told().state, told().since), (HealthState::Ok, Some(clock.now())));
        let fetched = clock.now().to_string();
        assert!(told().detail.contains(&fetched), "{}", told().detail);

        theirs.go_down();
        clock.advance(Duration::from_hours(2));
        ours.verify(&theirs.id_token(User::ADA)).await.unwrap();
        assert_eq!(told().state, HealthState::Degraded);
        assert!(told().detail.contains(&fetched), "{}", told().detail);
    }
}
