//! Waiting in a watch: for the next piece, or for whoever read the last one to leave.

use std::{io, time::Duration};

use super::CommandError;
use crate::output::is_stdout_closed;

/// How soon it is noticed that nobody reads.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// What `next` gives, unless the reader leaves before.
pub(super) async fn unless_left<T>(next: impl Future<Output = T>) -> Result<T, CommandError> {
    tokio::select! {
        next = next => Ok(next),
        () = left() => Err(CommandError::Output(io::ErrorKind::BrokenPipe.into())),
    }
}

async fn left() {
    while !is_stdout_closed() {
        tokio::time::sleep(LOOK_EVERY).await;
    }
}
