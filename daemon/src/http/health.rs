//! Whether the daemon lives, and whether it should get requests: `/health`, `/healthz`, `/readyz`.

use std::{
    future::Future,
    pin::Pin,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use http::{Method, StatusCode};
use serde_json::json;
use tokio::time::{Instant, timeout};
use tracing::{error, info};

use super::{Call, Response, Route, reply, route};
use crate::{
    clock::Clock,
    part::{self, Part, Pulse},
};
use shared::{
    api::admin::{HealthState, PartHealth},
    time::Timestamp,
};

/// How long the store may take to answer.
const PATIENCE: Duration = Duration::from_secs(2);
/// An answer of the store holds for this long, so that nobody can keep it busy by asking.
const HOLDS: Duration = Duration::from_millis(500);

/// Asks whether the store can be reached, or why not.
pub type Probe = Box<dyn Fn() -> Pin<Box<dyn Future<Output = Result<(), String>> + Send>> + Send + Sync>;

/// Why a daemon that lives should get no requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unready {
    Draining,
    Store,
}

impl Unready {
    fn reason(self) -> &'static str {
        match self {
            Self::Draining => "the daemon is stopping",
            Self::Store => "the store can't be reached",
        }
    }
}

/// The daemon's state of health.
pub struct Health {
    draining: AtomicBool,
    probe: Probe,
    clock: Clock,
    pulse: Pulse,
    seen: Mutex<Option<(Instant, bool)>>,
}

impl std::fmt::Debug for Health {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Health").field("draining", &self.draining).finish_non_exhaustive()
    }
}

impl Health {
    pub fn new(clock: Clock, probe: Probe) -> Self {
        let (draining, pulse) = (AtomicBool::new(false), Pulse::default());
        Self { draining, probe, clock, pulse, seen: Mutex::new(None) }
    }

    /// From now on not ready.
    pub fn drain(&self) {
        self.draining.store(true, Ordering::Relaxed);
    }

    /// Whether requests should come.
    pub async fn check(&self) -> Result<(), Unready> {
        if self.draining.load(Ordering::Relaxed) {
            return Err(Unready::Draining);
        }
        if self.reaches_store().await { Ok(()) } else { Err(Unready::Store) }
    }

    async fn reaches_store(&self) -> bool {
        let now = Instant::now();
        let seen = *self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((at, reached)) = seen
            && now.duration_since(at) < HOLDS
        {
            return reached;
        }
        let slow = |_| format!("no answer within {} s", PATIENCE.as_secs());
        let answer = timeout(PATIENCE, (self.probe)()).await.map_err(slow).flatten();
        let reached = answer.is_ok();
        let before = self.seen.lock().unwrap_or_else(PoisonError::into_inner).replace((now, reached));
        match (has_changed(before.map(|(_, reached)| reached), reached), &answer) {
            (true, Err(error)) => error!(%error, "store failed"),
            (true, Ok(())) => info!("store works again"),
            (false, _) => {}
        }
        match answer {
            Ok(()) => self.pulse.beat(self.clock.now()),
            Err(error) => self.pulse.miss(self.clock.now(), error),
        }
        reached
    }
}

/// Whether the log should tell of it: once, however often it is looked at. Nothing is told of a store that works from the
/// beginning.
fn has_changed(before: Option<bool>, reached: bool) -> bool {
    before.unwrap_or(true) != reached
}

impl Part for Health {
    /// The store, by the last check.
    fn health(&self, _: Timestamp) -> PartHealth {
        let (state, detail) = match (self.pulse.trouble(), self.pulse.worked()) {
            (Some(trouble), _) => (HealthState::Down, trouble.error),
            (None, Some(_)) => (HealthState::Ok, "it can be written".to_owned()),
            (None, None) => (HealthState::Unknown, "not checked yet".to_owned()),
        };
        PartHealth { since: self.pulse.since(), ..part::health("store", state, detail) }
    }
}

/// The routes that every listener has.
pub fn routes(health: &Arc<Health>) -> Route {
    route::any_of([
        route::exact(Method::GET, "/health", health, live),
        route::exact(Method::GET, "/healthz", health, live),
        route::exact(Method::GET, "/readyz", health, ready),
    ])
}

async fn live(_: Arc<Health>, _: Call) -> Response {
    reply::json(StatusCode::OK, &json!({ "status": "ok" }))
}

async fn ready(health: Arc<Health>, _: Call) -> Response {
    match health.check().await {
        Ok(()) => reply::json(StatusCode::OK, &json!({ "status": "ready" })),
        Err(unready) => {
            let answer = json!({ "status": "unready", "reason": unready.reason() });
            reply::json(StatusCode::SERVICE_UNAVAILABLE, &answer)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn health(store: &Arc<AtomicBool>) -> Health {
        let store = store.clone();
        let probe = move || store.load(Ordering::Relaxed).then_some(()).ok_or("the disk is full".to_owned());
        Health::new(Clock::System, Box::new(move || Box::pin(std::future::ready(probe()))))
    }

    #[tokio::test(start_paused = true)]
    async fn readiness_follows_the_store_a_moment_later() {
        let store = Arc::new(AtomicBool::new(true));
        let health = health(&store);
        assert_eq!(health.check().await, Ok(()));
        assert_eq!(health.health(Timestamp(0)).state, HealthState::Ok);
        store.store(false, Ordering::Relaxed);
        assert_eq!(health.check().await, Ok(()));
        tokio::time::advance(HOLDS).await;
        assert_eq!(health.check().await, Err(Unready::Store));
        let told = health.health(Timestamp(0));
        assert_eq!((told.state, told.detail.as_str()), (HealthState::Down, "the disk is full"));
    }

    #[test]
    fn a_store_that_fails_or_works_again_is_told_once() {
        let looks = [true, true, false, false, true, true];
        let mut before = None;
        let told = looks.map(|reached| has_changed(before.replace(reached), reached));
        assert_eq!(told, [false, false, true, false, true, false]);
        assert!(has_changed(None, false));
    }

    #[tokio::test(start_paused = true)]
    async fn a_store_that_does_not_answer_is_not_there() {
        let health = Health::new(Clock::System, Box::new(|| Box::pin(std::future::pending())));
        assert_eq!(health.check().await, Err(Unready::Store));
    }

    #[tokio::test]
    async fn a_draining_daemon_is_not_ready() {
        let health = health(&Arc::new(AtomicBool::new(true)));
        health.drain();
        assert_eq!(health.check().await, Err(Unready::Draining));
    }
}
