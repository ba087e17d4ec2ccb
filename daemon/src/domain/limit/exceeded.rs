//! Why a request has to wait: which cap is reached, by how much, and when there is room again.

use std::{fmt, time::Duration};

use shared::{
    time::{Period, Timestamp},
    usage::Money,
};

use super::Standing;
use crate::domain::policy::Policy;

/// When it is worth asking again while other requests of the same user are under way: nobody knows when they end.
const SOON: Duration = Duration::from_secs(5);

/// A cap that is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reached {
    Requests {
        cap: u64,
        used: u64,
        resets: Timestamp,
    },
    Tokens {
        cap: u64,
        used: u64,
        resets: Timestamp,
    },
    Streams {
        cap: u64,
        in_flight: u64,
        now: Timestamp,
    },
    Spend {
        period: Period,
        cap: Money,
        spent: Money,
        resets: Timestamp,
    },
    /// The cap is not spent, but the requests under way may spend what is left.
    Held {
        period: Period,
        cap: Money,
        spent: Money,
        held: Money,
        now: Timestamp,
    },
}

/// A request that is refused for now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exceeded {
    pub policy: String,
    pub reached: Reached,
    /// When it was refused.
    pub at: Timestamp,
    /// What the operator wants to be said in addition.
    pub message: Option<String>,
}

impl Reached {
    /// When there is room again, or may be.
    pub fn resets(&self) -> Timestamp {
        match self {
            Self::Requests { resets, .. } | Self::Tokens { resets, .. } | Self::Spend { resets, .. } => {
                *resets
            }
            Self::Streams { now, .. } | Self::Held { now, .. } => *now + SOON,
        }
    }

    fn name(&self) -> &'static str {
        match self {
            Self::Requests { .. } | Self::Tokens { .. } => "rate",
            Self::Streams { .. } => "concurrency",
            Self::Spend { .. } | Self::Held { .. } => "spend",
        }
    }

    fn state(&self) -> &'static str {
        if matches!(self, Self::Held { .. }) { "nearly reached" } else { "reached" }
    }
}

impl Exceeded {
    pub(super) fn new(policy: &Policy, reached: Reached, at: Timestamp) -> Self {
        Self { policy: policy.name.clone(), reached, at, message: policy.message.clone() }
    }

    /// The machine code for the audit trail.
    pub fn code(&self) -> &'static str {
        match self.reached {
            Reached::Requests { .. } => "requests_per_minute",
            Reached::Tokens { .. } => "tokens_per_minute",
            Reached::Streams { .. } => "concurrent_streams",
            Reached::Spend { period, .. } | Reached::Held { period, .. } => match period {
                Period::Day => "spend_per_day",
                Period::Week => "spend_per_week",
                Period::Month => "spend_per_month",
            },
        }
    }

    /// Whole seconds until it is worth asking again, one at least.
    pub fn retry_after(&self) -> u64 {
        let wait = self.reached.resets().since(self.at).as_millis().div_ceil(1000);
        u64::try_from(wait).unwrap_or(u64::MAX).max(1)
    }

    /// The budget that is spent: asking again before it resets is in vain.
    pub fn spent(&self) -> Option<Standing> {
        match self.reached {
            Reached::Spend { period, cap, spent, resets } => Some(Standing { period, cap, spent, resets }),
            _ => None,
        }
    }
}

impl fmt::Display for Exceeded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} limit {}", self.reached.name(), self.reached.state())?;
        match &self.reached {
            Reached::Requests { resets, .. } | Reached::Tokens { resets, .. } => {
                write!(f, " (resets {resets}, in {} s): ", self.retry_after())
            }
            Reached::Streams { .. } => write!(f, " (resets when a request ends): "),
            // Other programs look for these words of Anthropic's own gateway.
            Reached::Spend { period, resets, .. } => write!(f, " ({}; resets {resets}): ", adverb(*period)),
            Reached::Held { period, .. } => write!(f, " ({}; resets when a request ends): ", adverb(*period)),
        }?;
        write!(f, "{}, policy `{}`", self.reached, self.policy)?;
        self.message.as_ref().map_or(Ok(()), |message| write!(f, " · {message}"))
    }
}

/// The figure and its cap.
impl fmt::Display for Reached {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Requests { cap, used, .. } => write!(f, "{used} of {cap} requests in a minute"),
            Self::Tokens { cap, used, .. } => write!(f, "{used} of {cap} tokens in a minute"),
            Self::Streams { cap, in_flight, .. } => write!(f, "{in_flight} of {cap} requests are under way"),
            Self::Spend { cap, spent, .. } => write!(f, "{spent:.2} of {cap:.2} spent"),
            Self::Held { cap, spent, held, .. } => {
                write!(f, "{spent:.2} of {cap:.2} spent, and requests under way may cost {held:.2}")
            }
        }
    }
}

impl std::error::Error for Exceeded {}

fn adverb(period: Period) -> &'static str {
    match period {
        Period::Day => "daily",
        Period::Week => "weekly",
        Period::Month => "monthly",
    }
}
