//! Changes that must reach the store and what is in memory, in this order, both.
//!
//! Invariant: what has begun is carried through. A caller that hangs up, or gives up waiting, must not leave in the
//! store what the rest of the daemon does not know.

use std::time::Duration;

use tokio::{sync::oneshot, time::timeout};

use super::StoreError;
use crate::task::Tasks;

/// How long a caller waits for an outcome; it comes about all the same.
const PATIENCE: Duration = Duration::from_secs(10);

/// Does `work` whether or not anyone waits for it. `tasks` must be stopped after the last request has ended.
pub async fn carry_through<T: Send + 'static>(
    tasks: &Tasks,
    name: &'static str,
    work: impl Future<Output = Result<T, StoreError>> + Send + 'static,
) -> Result<T, StoreError> {
    let (tell, outcome) = oneshot::channel();
    tasks.spawn(name, async move {
        // Nobody may be waiting any more.
        let _ = tell.send(work.await);
    });
    let outcome = timeout(PATIENCE, outcome).await;
    outcome.map_err(|_| StoreError::Overloaded(PATIENCE.as_secs()))?.map_err(|_| StoreError::Stopped)?
}
