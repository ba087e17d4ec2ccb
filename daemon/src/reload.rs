//! Reading the configuration again while the daemon runs.
//!
//! Invariant: everything that changes is prepared before anything changes. A configuration that can't be read, or that
//! one part refuses, changes nothing, and everything wrong with it is reported.

use std::{
    fmt::{self, Debug},
    sync::{Arc, Mutex, PoisonError},
};

use shared::api::admin::reload::{Change, Reloaded};
use tracing::{error, info, warn};

use crate::config::{Config, Given, InUse, Problem, Problems, Reading};

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
}

impl Reloader {
    /// `in_use` is what the parts were made from, `given` where it was read.
    pub fn new(given: Given, in_use: InUse, parts: Vec<Arc<dyn Reload>>) -> Self {
        Self { given, in_use: Mutex::new(in_use), parts }
    }

    /// Reads everything again, and says what it changed. It reads a few small files.
    pub fn reload(&self) -> Result<Reloaded, Problems> {
        let outcome = self.try_reload();
        match &outcome {
            Ok(reloaded) => announce(reloaded),
            Err(problems) => complain(problems),
        }
        outcome
    }

    fn try_reload(&self) -> Result<Reloaded, Problems> {
        // Held to the end: of two reloads, the later one has the last word everywhere.
        let mut in_use = self.in_use.lock().unwrap_or_else(PoisonError::into_inner);
        let Reading { config, settings, warnings } = Reading::of(&self.given);
        let config = config?;
        let prepared = self.prepare(&config)?;
        let mut reloaded = in_use.compare(&config, &settings);
        for part in prepared {
            (part.replace)();
            reloaded.applied.extend(part.changes);
        }
        in_use.take_over(&config, &settings);
        for Problem { message, hint, .. } in warnings {
            warn!(hint, "{message}");
        }
        Ok(reloaded)
    }

    fn prepare(&self, config: &Config) -> Result<Vec<Prepared>, Problems> {
        let (mut ready, mut problems) = (Vec::new(), Vec::new());
        for part in &self.parts {
            match part.clone().prepare(config) {
                Ok(prepared) => ready.push(prepared),
                Err(Problems(more)) => problems.extend(more),
            }
        }
        if problems.is_empty() { Ok(ready) } else { Err(Problems(problems)) }
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
