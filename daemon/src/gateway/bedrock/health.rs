//! How Bedrock is, by its last answer, and how requests to it are signed.

use shared::{
    api::admin::{HealthState, PartHealth},
    time::Timestamp,
};

use super::{
    Answer, Auth, Bedrock, Blame, UpstreamError,
    credential::{CredentialCache, expiry},
};
use crate::part::{self, Part};

impl Bedrock {
    /// Notes what came of a request. Whoever answers is there, also if it says no.
    pub(super) fn note(&self, outcome: &Result<Answer, UpstreamError>) {
        let now = self.clock.now();
        match outcome {
            Err(UpstreamError::Refused(refused)) if refused.blame() == Blame::Credentials => {
                self.pulse.miss(now, format!("AWS refuses the gateway's credentials: {refused}"));
            }
            Ok(_) | Err(UpstreamError::Refused(_)) => self.pulse.beat(now),
            Err(error @ (UpstreamError::Connect(_) | UpstreamError::ConnectTimeout(_))) => {
                self.pulse.miss(now, error.to_string());
            }
            // What is slow, or cut, or could not be sent says nothing of the next request. Credentials tell of
            // themselves.
            Err(_) => {}
        }
    }
}

impl Part for Bedrock {
    fn health(&self, now: Timestamp) -> PartHealth {
        let (answers, said) = match (self.pulse.trouble(), self.pulse.worked()) {
            (Some(trouble), _) => (HealthState::Down, trouble.error),
            (None, Some(at)) => (HealthState::Ok, format!("answered at {at}")),
            (None, None) => (HealthState::Unknown, "not asked yet".to_owned()),
        };
        let (proof, how) = match &self.auth {
            Auth::SigV4(cache) => credentials(cache, now),
            Auth::ApiKey(_) => (HealthState::Ok, "a Bedrock API key".to_owned()),
        };
        let worst = [answers, proof].into_iter().max_by_key(|state| badness(*state));
        let detail = format!("{said}; {how}");
        PartHealth {
            since: self.pulse.since(),
            ..part::health("bedrock", worst.unwrap_or(HealthState::Unknown), detail)
        }
    }
}

fn badness(state: HealthState) -> u8 {
    match state {
        HealthState::Ok => 0,
        HealthState::Unknown => 1,
        HealthState::Degraded => 2,
        HealthState::Down => 3,
    }
}

fn credentials(cache: &CredentialCache, now: Timestamp) -> (HealthState, String) {
    let (signer, error) = cache.present();
    match (signer.as_deref().map(expiry), error) {
        (None, None) => (HealthState::Unknown, "SigV4, credentials are looked for".to_owned()),
        (None, Some(error)) => (HealthState::Down, format!("SigV4, no credentials: {error}")),
        (Some(Some(end)), error) if end <= now => {
            let why = error.map(|error| format!(": {error}")).unwrap_or_default();
            (HealthState::Down, format!("SigV4, credentials expired at {end}{why}"))
        }
        (Some(until), Some(error)) => {
            (HealthState::Degraded, format!("SigV4, {}; there are no new ones: {error}", lifetime(until)))
        }
        (Some(until), None) => (HealthState::Ok, format!("SigV4, {}", lifetime(until))),
    }
}

fn lifetime(until: Option<Timestamp>) -> String {
    until.map_or("credentials without an end".to_owned(), |end| format!("credentials until {end}"))
}
