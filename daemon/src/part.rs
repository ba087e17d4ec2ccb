//! What the daemon relies on, and how each of it says how it is. Nothing is tried for that: a part tells what it saw
//! last.

use std::{
    fmt::Debug,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use shared::{
    api::admin::{HealthState, PartHealth},
    time::Timestamp,
};

/// One thing that the daemon relies on.
pub trait Part: Debug + Send + Sync {
    /// A sentence for operators. It holds no secret.
    fn health(&self, now: Timestamp) -> PartHealth;
}

/// How `part` is.
pub fn health(part: &str, state: HealthState, detail: impl Into<String>) -> PartHealth {
    PartHealth { part: part.to_owned(), state, detail: detail.into(), since: None }
}

/// What came of the last tries. To note that one worked costs a store, unless the one before did not.
#[derive(Debug, Default)]
pub struct Pulse {
    worked: AtomicU64,
    /// Since when every try worked.
    since: AtomicU64,
    is_troubled: AtomicBool,
    trouble: Mutex<Option<Trouble>>,
}

/// Tries fail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    pub since: Timestamp,
    /// Why the last one did.
    pub error: String,
}

impl Pulse {
    /// It worked.
    pub fn beat(&self, now: Timestamp) {
        let was_first = self.worked.swap(now.0, Ordering::Relaxed) == 0;
        let was_troubled = self.is_troubled.load(Ordering::Relaxed);
        if was_troubled {
            *self.lock() = None;
            self.is_troubled.store(false, Ordering::Relaxed);
        }
        if was_first || was_troubled {
            self.since.store(now.0, Ordering::Relaxed);
        }
    }

    /// It did not work.
    pub fn miss(&self, now: Timestamp, error: impl Into<String>) {
        let mut trouble = self.lock();
        let since = trouble.as_ref().map_or(now, |trouble| trouble.since);
        *trouble = Some(Trouble { since, error: error.into() });
        self.is_troubled.store(true, Ordering::Relaxed);
    }

    /// When it worked last.
    pub fn worked(&self) -> Option<Timestamp> {
        Some(Timestamp(self.worked.load(Ordering::Relaxed))).filter(|at| at.0 > 0)
    }

    pub fn trouble(&self) -> Option<Trouble> {
        self.lock().clone()
    }

    /// Since when it is as it is.
    pub fn since(&self) -> Option<Timestamp> {
        let trouble = self.trouble().map(|trouble| trouble.since);
        trouble.or_else(|| self.worked().map(|_| Timestamp(self.since.load(Ordering::Relaxed))))
    }

    fn lock(&self) -> MutexGuard<'_, Option<Trouble>> {
        self.trouble.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trouble_lasts_from_the_first_failure_to_the_next_success() {
        let pulse = Pulse::default();
        assert_eq!((pulse.worked(), pulse.since(), pulse.trouble()), (None, None, None));
        pulse.beat(Timestamp(1));
        pulse.beat(Timestamp(2));
        assert_eq!((pulse.worked(), pulse.since()), (Some(Timestamp(2)), Some(Timestamp(1))));
        pulse.miss(Timestamp(3), "no route");
        pulse.miss(Timestamp(4), "no answer");
        let trouble = Trouble { since: Timestamp(3), error: "no answer".to_owned() };
        assert_eq!((pulse.since(), pulse.trouble()), (Some(Timestamp(3)), Some(trouble)));
        assert_eq!(pulse.worked(), Some(Timestamp(2)));
        pulse.beat(Timestamp(5));
        assert_eq!((pulse.trouble(), pulse.since()), (None, Some(Timestamp(5))));
    }
}
