//! Reading the configuration again while the daemon runs.
//!
//! Invariant: everything that changes is prepared before anything changes. A configuration that can't be read, or that
//! one part refuses, changes nothing, and everything wrong with it is reported.

mod wish;

use std::{
    fmt::{self, Debug},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use shared::api::admin::reload::{Change, Reloaded};
use thiserror::Error;
use tokio::sync::Semaphore;
use tracing::{error, info, warn};

use crate::{
    config::{Config, Given, InUse, Problem, Problems, Reading, Setting},
    session::Sessions,
    store::{StoreError, carry_through},
};
pub use wish::Wish;

/// Why the old configuration stays in use.
#[derive(Debug, Error)]
pub enum ReloadError {
    #[error(transparent)]
    Problems(#[from] Problems),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A part whose configuration can be replaced while it works.
pub trait Reload: Send + Sync + Debug {
    /// Gets ready for another configuration. Nothing changes before `replace` is called.
    fn prepare(self: Arc<Self>, config: &Config) -> Result<Prepared, Problems>;
}

/// A part that is ready for its other configuration.
pub struct Prepared {
    pub replace: Box<dyn FnOnce() + Send>,
    /// What changes besides keys of the configuration: the content of a file that it names.
    pub changes: Vec<Change>,
}

impl Debug for Prepared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Prepared").field("changes", &self.changes).finish_non_exhaustive()
    }
}

impl Prepared {
    pub fn new(replace: impl FnOnce() + Send + 'static) -> Self {
        Self { replace: Box::new(replace), changes: Vec::new() }
    }
}

/// Reads the sources of the configuration again, and hands what they say to the parts.
#[derive(Debug)]
pub struct Reloader {
    given: Given,
    in_use: Mutex<InUse>,
    parts: Vec<Arc<dyn Reload>>,
    sessions: Sessions,
    /// One at a time: of two reloads, the later one has the last word everywhere.
    turn: Semaphore,
}

/// Another configuration that every part is ready for.
struct Ready {
    config: Config,
    settings: Vec<Setting>,
    parts: Vec<Prepared>,
    warnings: Vec<Problem>,
    reloaded: Reloaded,
}

impl Reloader {
    /// `in_use` is what the parts were made from, `given` where it was read.
    pub fn new(given: Given, in_use: InUse, parts: Vec<Arc<dyn Reload>>, sessions: Sessions) -> Self {
        Self { given, in_use: Mutex::new(in_use), parts, sessions, turn: Semaphore::new(1) }
    }

    /// Reads everything again, a few small files, and says what it changed. What can't be audited changes nothing.
    pub async fn reload(self: &Arc<Self>, wish: Wish) -> Result<Reloaded, ReloadError> {
        let reloader = self.clone();
        let outcome = carry_through(&self.sessions.tasks, "reload", async move {
            let _turn = reloader.turn.acquire().await.map_err(|_| StoreError::Stopped)?;
            reloader.take_turn(wish).await
        });
        outcome.await?.map_err(ReloadError::Problems)
    }

    async fn take_turn(&self, wish: Wish) -> Result<Result<Reloaded, Problems>, StoreError> {
        let store = &self.sessions.store;
        let ready = match self.prepare() {
            Ok(ready) => ready,
            Err(problems) => {
                complain(&problems);
                // Nothing has changed, so that nothing depends on it.
                if let Err(error) = store.add_audit(wish.refused(&problems)).await {
                    error!(%error, "refused reload not audited");
                }
                return Ok(Err(problems));
            }
        };
        if let Err(error) = store.add_audit(wish.done(&ready.reloaded)).await {
            error!(%error, "configuration not reloaded, it can't be audited");
            return Err(error);
        }
        let reloaded = self.replace(ready);
        announce(&reloaded);
        self.sessions.live.events().tell(|| wish.told());
        Ok(Ok(reloaded))
    }

    fn prepare(&self) -> Result<Ready, Problems> {
        let Reading { config, settings, warnings, .. } = Reading::of(&self.given);
        let config = config?;
        let parts = self.prepare_parts(&config)?;
        let mut reloaded = self.in_use().compare(&config, &settings);
        reloaded.applied.extend(parts.iter().flat_map(|part| part.changes.iter().cloned()));
        Ok(Ready { config, settings, parts, warnings, reloaded })
    }

    fn prepare_parts(&self, config: &Config) -> Result<Vec<Prepared>, Problems> {
        let (mut ready, mut problems) = (Vec::new(), Vec::new());
        for part in &self.parts {
            match part.clone().prepare(config) {
                Ok(prepared) => ready.push(prepared),
                Err(Problems(more)) => problems.extend(more),
            }
        }
        if problems.is_empty() { Ok(ready) } else { Err(Problems(problems)) }
    }

    fn replace(&self, ready: Ready) -> Reloaded {
        for part in ready.parts {
            (part.replace)();
        }
        self.in_use().take_over(&ready.config, &ready.settings);
        for Problem { message, hint, .. } in ready.warnings {
            warn!(hint, "{message}");
        }
        ready.reloaded
    }

    fn in_use(&self) -> MutexGuard<'_, InUse> {
        self.in_use.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn announce(Reloaded { applied, needs_restart }: &Reloaded) {
    let text = |value: &Option<String>| value.clone().unwrap_or_else(|| "(not set)".to_owned());
    for Change { key, old, new } in applied {
        info!(key, old = text(old), new = text(new), "configuration changed");
    }
    for Change { key, old, new } in needs_restart {
        warn!(key, old = text(old), new = text(new), "configuration differs, restart the daemon to use it");
    }
    info!(applied = applied.len(), needs_restart = needs_restart.len(), "configuration reloaded");
}

fn complain(Problems(problems): &Problems) {
    for Problem { origin, message, hint, .. } in problems {
        let place = origin.as_ref().map(ToString::to_string);
        error!(place, hint, "{message}");
    }
    error!(problems = problems.len(), "configuration not reloaded, the old one stays in use");
}
