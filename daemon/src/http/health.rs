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

use super::{Call, Response, Route, reply, route};

/// How long the store may take to answer.
const PATIENCE: Duration = Duration::from_secs(2);
/// An answer of the store holds for this long, so that nobody can keep it busy by asking.
const HOLDS: Duration = Duration::from_millis(500);

/// Asks whether what requests need can be reached.
pub type Probe = Box<dyn Fn() -> Pin<Box<dyn Future<Output = bool> + Send>> + Send + Sync>;

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
    seen: Mutex<Option<(Instant, bool)>>,
}

impl std::fmt::Debug for Health {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Health").field("draining", &self.draining).finish_non_exhaustive()
    }
}

impl Health {
    pub fn new(probe: Probe) -> Self {
        Self { draining: AtomicBool::new(false), probe, seen: Mutex::new(None) }
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
        let reached = timeout(PATIENCE, (self.probe)()).await.unwrap_or(false);
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = Some((now, reached));
        reached
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
        Health::new(Box::new(move || Box::pin(std::future::ready(store.load(Ordering::Relaxed)))))
    }

    #[tokio::test(start_paused = true)]
    async fn readiness_follows_the_store_a_moment_later() {
        let store = Arc::new(AtomicBool::new(true));
        let health = health(&store);
        assert_eq!(health.check().await, Ok(()));
        store.store(false, Ordering::Relaxed);
        assert_eq!(health.check().await, Ok(()));
        tokio::time::advance(HOLDS).await;
        assert_eq!(health.check().await, Err(Unready::Store));
    }

    #[tokio::test(start_paused = true)]
    async fn a_store_that_does_not_answer_is_not_there() {
        let health = Health::new(Box::new(|| Box::pin(std::future::pending())));
        assert_eq!(health.check().await, Err(Unready::Store));
    }

    #[tokio::test]
    async fn a_draining_daemon_is_not_ready() {
        let health = health(&Arc::new(AtomicBool::new(true)));
        health.drain();
        assert_eq!(health.check().await, Err(Unready::Draining));
    }
}
