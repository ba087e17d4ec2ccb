//! A moment, as every record and rule of Sallyport counts it.

mod calendar;
pub mod span;

use std::{fmt, ops::Add, time::Duration};

use serde::{Deserialize, Serialize};

pub use calendar::{Date, Period, Span};

/// Milliseconds since the Unix epoch.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(pub u64);

impl Timestamp {
    pub fn from_seconds(seconds: u64) -> Self {
        Self(seconds.saturating_mul(1000))
    }

    /// Whole seconds since the epoch, as a JWT counts them (RFC 7519, `NumericDate`).
    pub fn seconds(self) -> u64 {
        self.0 / 1000
    }

    /// The time from `earlier` to this moment, zero if it lies ahead.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(self.0.saturating_sub(earlier.0))
    }
}

impl Add<Duration> for Timestamp {
    type Output = Self;

    fn add(self, span: Duration) -> Self {
        Self(self.0.saturating_add(u64::try_from(span.as_millis()).unwrap_or(u64::MAX)))
    }
}

/// `2026-08-09 00:00 UTC`, with seconds where there are any; `{:#}` has them always, for columns.
impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Date { year, month, day } = self.date();
        let seconds = self.seconds();
        let (hour, minute, second) = (seconds / 3600 % 24, seconds / 60 % 60, seconds % 60);
        write!(f, "{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}")?;
        if second > 0 || f.alternate() {
            write!(f, ":{second:02}")?;
        }
        f.write_str(" UTC")
    }
}
