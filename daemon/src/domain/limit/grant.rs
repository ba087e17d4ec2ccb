//! A grant: more than the policy allows, for one user, for a while.

use shared::{id::UserId, time::Timestamp, usage::Money};
use uuid::Uuid;

use crate::domain::policy::Caps;

/// What an operator grants. It ends by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// UUIDv7.
    pub id: Uuid,
    pub user: UserId,
    pub raise: Raise,
    pub from: Timestamp,
    pub until: Timestamp,
    pub reason: String,
    /// The operator's uid.
    pub by: u32,
}

/// What is raised, and by how much. Where a policy sets no cap, there is nothing to raise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Raise {
    RequestsPerMinute(u64),
    TokensPerMinute(u64),
    ConcurrentStreams(u64),
    /// Every cap of money: whatever the window, this much more may be spent in it.
    Spend(Money),
}

impl Grant {
    pub fn holds(&self, now: Timestamp) -> bool {
        self.from <= now && now < self.until
    }
}

impl Raise {
    pub(super) fn apply(self, mut caps: Caps) -> Caps {
        let more = |cap: Option<u64>, by: u64| cap.map(|cap| cap.saturating_add(by));
        match self {
            Self::RequestsPerMinute(by) => caps.requests_per_minute = more(caps.requests_per_minute, by),
            Self::TokensPerMinute(by) => caps.tokens_per_minute = more(caps.tokens_per_minute, by),
            Self::ConcurrentStreams(by) => caps.concurrent_streams = more(caps.concurrent_streams, by),
            Self::Spend(by) => caps.spend = caps.spend.map(|cap| cap + by),
        }
        caps
    }
}
