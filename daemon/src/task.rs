//! Background tasks. Each has a name, an owner and an end: `Tasks` starts them, tells them to stop, and waits.

use std::{future::Future, time::Duration};

use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tracing::{Instrument, warn};

/// Owner of a group of tasks that end together.
#[derive(Debug, Clone, Default)]
pub struct Tasks {
    tracker: TaskTracker,
    stop: CancellationToken,
}

impl Tasks {
    /// Starts a task. It should end soon after `stopping` resolves.
    #[allow(clippy::disallowed_methods, reason = "the one place that may")]
    pub fn spawn(&self, name: &'static str, work: impl Future<Output = ()> + Send + 'static) {
        let work = self.tracker.track_future(work);
        drop(tokio::spawn(work.instrument(tracing::debug_span!(parent: None, "task", task = name))));
    }

    /// The token that is cancelled when the tasks should end.
    pub fn stopping(&self) -> CancellationToken {
        self.stop.clone()
    }

    /// Tells every task to end and waits for them, at most `deadline`. Says whether all ended.
    pub async fn stop(&self, deadline: Duration) -> bool {
        self.stop.cancel();
        self.tracker.close();
        let ended = tokio::time::timeout(deadline, self.tracker.wait()).await.is_ok();
        if !ended {
            warn!(tasks = self.tracker.len(), "tasks did not end in time");
        }
        ended
    }
}
