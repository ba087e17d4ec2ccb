//! AWS credentials: found by AWS's default chain, kept, renewed in the background before they expire and at once
//! when AWS says that they have.
//!
//! Invariant: one load at a time, at most one a second, however many requests wait for it.

use std::{
    sync::Arc,
    time::{Duration, UNIX_EPOCH},
};

use aws_credential_types::provider::{
    ProvideCredentials, SharedCredentialsProvider, error::CredentialsError, future,
};
use futures_util::FutureExt;
use shared::time::Timestamp;
use tokio::sync::{Notify, watch};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};
use uuid::Uuid;

use super::{UpstreamError, sign::Signer};
use crate::clock::Clock;

/// How long before their end credentials are renewed, and how much sooner at most, so that nodes don't do it
/// together.
const AHEAD: Duration = Duration::from_mins(5);
const JITTER: Duration = Duration::from_mins(1);
/// Between two loads.
const PAUSE: Duration = Duration::from_secs(1);
/// How often a load that failed is tried again when nobody asks.
const RETRY: Duration = Duration::from_secs(30);
/// How long one load may take, and so how long a request waits for it.
const DEADLINE: Duration = Duration::from_secs(15);

/// The credentials in use.
#[derive(Debug)]
pub(super) struct CredentialCache {
    provider: SharedCredentialsProvider,
    region: String,
    clock: Clock,
    state: watch::Sender<State>,
    wanted: Notify,
}

/// What the last load brought.
#[derive(Debug, Clone, Default)]
struct State {
    loads: u64,
    signer: Option<Arc<Signer>>,
    error: Option<String>,
}

impl CredentialCache {
    pub(super) fn new(provider: SharedCredentialsProvider, region: &str, clock: Clock) -> Self {
        let (state, _) = watch::channel(State::default());
        Self { provider, region: region.to_owned(), clock, state, wanted: Notify::new() }
    }

    /// A signer whose credentials have not expired; waits for the first ones, and for new ones.
    pub(super) async fn signer(&self) -> Result<Arc<Signer>, UpstreamError> {
        let current = self.state.borrow().signer.clone();
        match current.filter(|signer| expiry(signer).is_none_or(|end| end > self.clock.now())) {
            Some(signer) => Ok(signer),
            None => self.load_again().await,
        }
    }

    /// Another signer than the one that AWS refused.
    pub(super) async fn instead_of(&self, refused: &Arc<Signer>) -> Result<Arc<Signer>, UpstreamError> {
        let current = self.state.borrow().signer.clone();
        match current.filter(|signer| !Arc::ptr_eq(signer, refused)) {
            Some(signer) => Ok(signer),
            None => self.load_again().await,
        }
    }

    /// What there is, expired or not, and why the last load brought none.
    pub(super) fn present(&self) -> (Option<Arc<Signer>>, Option<String>) {
        let state = self.state.borrow();
        (state.signer.clone(), state.error.clone())
    }

    async fn load_again(&self) -> Result<Arc<Signer>, UpstreamError> {
        let mut state = self.state.subscribe();
        let seen = state.borrow_and_update().loads;
        self.wanted.notify_one();
        let loaded = tokio::time::timeout(DEADLINE + PAUSE, state.wait_for(|state| state.loads > seen)).await;
        let Ok(Ok(state)) = loaded else {
            return Err(UpstreamError::Credentials("none arrived in time".to_owned()));
        };
        match (&state.error, &state.signer) {
            (None, Some(signer)) => Ok(signer.clone()),
            (error, _) => Err(UpstreamError::Credentials(error.clone().unwrap_or_default())),
        }
    }

    /// Keeps the credentials fresh until `stop`.
    pub(super) async fn keep_fresh(&self, stop: CancellationToken) {
        let rounds = async {
            loop {
                let next = self.load().await;
                tokio::time::sleep(PAUSE).await;
                let _ = tokio::time::timeout(next, self.wanted.notified()).await;
            }
        };
        stop.run_until_cancelled(rounds).await;
    }

    /// Loads once, and says when to do it again.
    async fn load(&self) -> Duration {
        let loaded = tokio::time::timeout(DEADLINE, self.provider.provide_credentials()).await;
        let loaded = loaded.map_err(|_| format!("no answer within {} s", DEADLINE.as_secs()));
        // Whoever asked while this load was on the way is served by it.
        let _ = self.wanted.notified().now_or_never();
        match loaded.and_then(|loaded| loaded.map_err(|error| chain(&error))) {
            Ok(credentials) => {
                let signer = Arc::new(Signer::new(credentials, &self.region));
                let next = expiry(&signer).map_or(Duration::MAX, |end| renewal(end, self.clock.now()));
                info!(expire_in = ?expiry(&signer).map(|end| end.since(self.clock.now())), "AWS credentials loaded");
                self.publish(|state| (state.signer, state.error) = (Some(signer), None));
                next
            }
            Err(error) => {
                warn!(%error, "AWS credentials not loaded");
                self.publish(|state| state.error = Some(error));
                RETRY
            }
        }
    }

    fn publish(&self, change: impl FnOnce(&mut State)) {
        self.state.send_modify(|state| {
            state.loads += 1;
            change(state);
        });
    }
}

impl ProvideCredentials for CredentialCache {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(async {
            let signer = self.signer().await.map_err(CredentialsError::not_loaded)?;
            Ok(signer.credentials().clone())
        })
    }
}

pub(super) fn expiry(signer: &Signer) -> Option<Timestamp> {
    let since_epoch = signer.credentials().expiry()?.duration_since(UNIX_EPOCH).unwrap_or_default();
    Some(Timestamp(0) + since_epoch)
}

/// How long to wait before renewing what ends at `end`.
fn renewal(end: Timestamp, now: Timestamp) -> Duration {
    let jitter =
        JITTER.mul_f64(f64::from(u8::try_from(Uuid::new_v4().as_u128() & 0xff).unwrap_or(0)) / 255.0);
    end.since(now).saturating_sub(AHEAD + jitter).max(RETRY)
}

/// An error and its causes: AWS's own text stops at "an error occurred".
pub(super) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use std::{
        sync::atomic::{AtomicU64, Ordering},
        time::SystemTime,
    };

    use aws_credential_types::Credentials;

    use super::*;
    use crate::task::Tasks;

    const START: u64 = 1_800_000_000;

    /// Gives keys named after the number of the load, which live for an hour.
    #[derive(Debug, Clone, Default)]
    struct Numbered {
        loads: Arc<AtomicU64>,
        broken: bool,
    }

    impl ProvideCredentials for Numbered {
        fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
        where
            Self: 'a,
        {
            let load = self.loads.fetch_add(1, Ordering::Relaxed);
            let end: SystemTime = UNIX_EPOCH + Duration::from_secs(START + 3600);
            let keys = Credentials::new(format!("KEY{load}"), "secret", None, Some(end), "test");
            let broken = CredentialsError::not_loaded("the role is gone");
            future::ProvideCredentials::ready(if self.broken { Err(broken) } else { Ok(keys) })
        }
    }

    fn cache(numbered: &Numbered, tasks: &Tasks) -> (Arc<CredentialCache>, Clock) {
        let clock = Clock::manual(Timestamp::from_seconds(START));
        let provider = SharedCredentialsProvider::new(numbered.clone());
        let cache = Arc::new(CredentialCache::new(provider, "us-east-1", clock.clone()));
        let (kept, stop) = (cache.clone(), tasks.stopping());
        tasks.spawn("credentials", async move { kept.keep_fresh(stop).await });
        (cache, clock)
    }

    #[tokio::test(start_paused = true)]
    async fn credentials_are_loaded_once_and_used_by_all() {
        let (numbered, tasks) = (Numbered::default(), Tasks::default());
        let (cache, _) = cache(&numbered, &tasks);
        let (one, two) = (cache.signer().await.unwrap(), cache.signer().await.unwrap());
        assert_eq!(one.credentials().access_key_id(), two.credentials().access_key_id());
        assert_eq!(
            cache.provide_credentials().await.unwrap().access_key_id(),
            one.credentials().access_key_id()
        );
    }

    #[tokio::test(start_paused = true)]
    async fn credentials_are_renewed_before_they_expire() {
        let (numbered, tasks) = (Numbered::default(), Tasks::default());
        let (cache, _) = cache(&numbered, &tasks);
        cache.signer().await.unwrap();
        let loads = numbered.loads.load(Ordering::Relaxed);
        tokio::time::sleep(Duration::from_secs(3600 - 300 - 61)).await;
        assert_eq!(numbered.loads.load(Ordering::Relaxed), loads);
        tokio::time::sleep(Duration::from_secs(63)).await;
        assert!(numbered.loads.load(Ordering::Relaxed) > loads);
    }

    #[tokio::test(start_paused = true)]
    async fn what_aws_refused_is_replaced_once_for_everyone() {
        let (numbered, tasks) = (Numbered::default(), Tasks::default());
        let (cache, _) = cache(&numbered, &tasks);
        let refused = cache.signer().await.unwrap();
        let (one, two) = tokio::join!(cache.instead_of(&refused), cache.instead_of(&refused));
        assert!(Arc::ptr_eq(&one.unwrap(), &two.unwrap()));
    }

    #[tokio::test(start_paused = true)]
    async fn expired_credentials_are_never_used() {
        let (numbered, tasks) = (Numbered::default(), Tasks::default());
        let (cache, clock) = cache(&numbered, &tasks);
        let old = cache.signer().await.unwrap();
        clock.advance(Duration::from_secs(3601));
        assert!(!Arc::ptr_eq(&cache.signer().await.unwrap(), &old));
    }

    #[tokio::test(start_paused = true)]
    async fn a_failure_says_its_cause() {
        let numbered = Numbered { broken: true, ..Numbered::default() };
        let tasks = Tasks::default();
        let (cache, _) = cache(&numbered, &tasks);
        let error = cache.signer().await.unwrap_err();
        assert!(error.to_string().contains("the role is gone"), "{error}");
    }
}
