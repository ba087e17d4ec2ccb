//! The only place of the agent that asks the operating system for the time.

use std::time::{SystemTime, UNIX_EPOCH};

use shared::time::Timestamp;

#[allow(clippy::disallowed_methods, reason = "the one place that may")]
pub fn now() -> Timestamp {
    of(SystemTime::now())
}

/// The system's time as we count it.
pub fn of(time: SystemTime) -> Timestamp {
    let since_epoch = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp(u64::try_from(since_epoch.as_millis()).unwrap_or(u64::MAX))
}
