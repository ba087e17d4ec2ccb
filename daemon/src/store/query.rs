//! What operators ask the store for.

use std::ops::Range;

use shared::{
    id::{SessionId, UserId},
    time::Timestamp,
    usage::{Money, Tokens},
};

/// Which sessions, newest first. The default is the newest of all.
#[derive(Debug, Clone)]
pub struct SessionQuery {
    pub user: Option<UserId>,
    /// Only sessions that are active at this moment.
    pub active_at: Option<Timestamp>,
    /// Only sessions older than this one: the next page.
    pub before: Option<SessionId>,
    pub limit: u32,
}

impl Default for SessionQuery {
    fn default() -> Self {
        Self { user: None, active_at: None, before: None, limit: 100 }
    }
}

/// Which usage, and what to sum it by.
#[derive(Debug, Clone)]
pub struct UsageQuery {
    pub by: UsageBy,
    /// Only requests that ended in this time.
    pub ended: Range<Timestamp>,
    pub limit: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum UsageBy {
    Session,
    User,
    Model,
}

/// Usage of one session, user or model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UsageSum {
    /// The id of the session, the user or the model.
    pub key: String,
    pub requests: u64,
    /// Requests among them whose counts are estimated.
    pub estimated: u64,
    pub tokens: Tokens,
    pub cost: Money,
}
