//! The only place of the console that asks the operating system for the time.

use std::time::{SystemTime, UNIX_EPOCH};

use shared::time::Timestamp;

use super::model::Model;

#[allow(clippy::disallowed_methods, reason = "the one place that may")]
pub fn now() -> Timestamp {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp(u64::try_from(since_epoch.as_millis()).unwrap_or(u64::MAX))
}

/// Lets the model know what time it is. Ages are drawn in seconds: when one passed, a frame is due.
pub fn advance(model: &mut Model) {
    let now = now();
    model.is_changed |= now.seconds() != model.now.seconds();
    model.now = now;
}
