//! A grant: more than the policy allows, for one user, for a while. It ends by itself.

use std::{fmt, time::Duration};

pub use shared::api::admin::{Grant, Raise};
use shared::{time::Period, usage::Money};

use crate::domain::policy::{Caps, Policy};

/// The longest grant. A cap that stays higher belongs into the policy.
const LONGEST: Duration = Duration::from_hours(31 * 24);
/// More is a slip of the hand.
const MOST: u64 = 1_000_000_000;
const DEAREST: Money = Money::from_dollars(1_000_000);
/// Grants of one user that hold at the same time: each request adds them up.
const CROWD: usize = 20;

/// Why something can't be granted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BadGrant {
    NoReason,
    NoTime,
    TooLong,
    Nothing,
    TooMuch(Raise),
    TooMany,
    /// The policy lets its members use nothing.
    Denied {
        policy: String,
    },
    /// The policy sets no such cap.
    NoCap {
        policy: String,
        raise: Raise,
    },
}

/// Whether something may be granted to a member of a policy who has so many grants already.
pub fn check(grant: &Grant, policy: &Policy, others: usize) -> Result<(), BadGrant> {
    let named = || policy.name.clone();
    match grant.until.since(grant.from) {
        _ if grant.reason.trim().is_empty() => Err(BadGrant::NoReason),
        Duration::ZERO => Err(BadGrant::NoTime),
        span if span > LONGEST => Err(BadGrant::TooLong),
        _ if is_nothing(grant.raise) => Err(BadGrant::Nothing),
        _ if is_too_much(grant.raise) => Err(BadGrant::TooMuch(grant.raise)),
        _ if policy.deny => Err(BadGrant::Denied { policy: named() }),
        _ if !policy.caps.has(grant.raise) => Err(BadGrant::NoCap { policy: named(), raise: grant.raise }),
        _ if others >= CROWD => Err(BadGrant::TooMany),
        _ => Ok(()),
    }
}

fn is_nothing(raise: Raise) -> bool {
    match raise {
        Raise::RequestsPerMinute(by) | Raise::TokensPerMinute(by) | Raise::ConcurrentStreams(by) => by == 0,
        Raise::Spend(by) => by == Money::ZERO,
    }
}

fn is_too_much(raise: Raise) -> bool {
    match raise {
        Raise::RequestsPerMinute(by) | Raise::TokensPerMinute(by) | Raise::ConcurrentStreams(by) => by > MOST,
        Raise::Spend(by) => by > DEAREST,
    }
}

impl Caps {
    /// Whether there is a cap that this raises.
    fn has(&self, raise: Raise) -> bool {
        match raise {
            Raise::RequestsPerMinute(_) => self.requests_per_minute.is_some(),
            Raise::TokensPerMinute(_) => self.tokens_per_minute.is_some(),
            Raise::ConcurrentStreams(_) => self.concurrent_streams.is_some(),
            Raise::Spend(_) => Period::ALL.iter().any(|period| self.spend.of(*period).is_some()),
        }
    }

    #[must_use]
    pub(super) fn raised(mut self, raise: Raise) -> Self {
        let more = |cap: Option<u64>, by: u64| cap.map(|cap| cap.saturating_add(by));
        match raise {
            Raise::RequestsPerMinute(by) => self.requests_per_minute = more(self.requests_per_minute, by),
            Raise::TokensPerMinute(by) => self.tokens_per_minute = more(self.tokens_per_minute, by),
            Raise::ConcurrentStreams(by) => self.concurrent_streams = more(self.concurrent_streams, by),
            Raise::Spend(by) => self.spend = self.spend.map(|cap| cap + by),
        }
        self
    }
}

impl fmt::Display for BadGrant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoReason => f.write_str("a grant needs a reason"),
            Self::NoTime => f.write_str("a grant needs a time to last; hint: a second at least"),
            Self::TooLong => f.write_str(
                "a grant lasts 31 days at most; hint: a cap that stays higher belongs into the policy",
            ),
            Self::Nothing => {
                f.write_str("a grant of nothing raises no cap; hint: say how much more is allowed")
            }
            Self::TooMuch(Raise::Spend(_)) => write!(f, "a grant is of {DEAREST} at most"),
            Self::TooMuch(_) => write!(f, "a grant raises a cap by {MOST} at most"),
            Self::TooMany => {
                write!(f, "this user has {CROWD} grants already; hint: end one, or wait until one ends")
            }
            Self::Denied { policy } => write!(
                f,
                "policy `{policy}` lets its members use nothing, and a grant only raises caps; hint: change the policy"
            ),
            Self::NoCap { policy, raise } => {
                let cap = match raise {
                    Raise::RequestsPerMinute(_) => "requests per minute",
                    Raise::TokensPerMinute(_) => "tokens per minute",
                    Raise::ConcurrentStreams(_) => "concurrent streams",
                    Raise::Spend(_) => "spending",
                };
                write!(f, "policy `{policy}` sets no cap on {cap}, so there is nothing to raise")
            }
        }
    }
}

impl std::error::Error for BadGrant {}
