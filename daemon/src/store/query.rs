//! What operators ask the store for.

use std::ops::Range;

use shared::{
    id::{DeviceId, SessionId, UserId},
    time::Timestamp,
    usage::{Money, Tokens},
};

use crate::domain::{
    audit::{AuditEvent, Broken, Head},
    session::Session,
};

/// Which sessions. The default is the newest of all.
#[derive(Debug, Clone)]
pub struct SessionQuery {
    pub user: Option<UserId>,
    pub device: Option<DeviceId>,
    /// Only sessions that are active at this moment.
    pub active_at: Option<Timestamp>,
    /// Only sessions that had expired at this moment and were never ended.
    pub expired_at: Option<Timestamp>,
    pub only_ended: bool,
    /// Only sessions that are active and kept out by a lock at this moment.
    pub locked_at: Option<Timestamp>,
    /// Only sessions of which something was written at this moment or later.
    pub changed_since: Option<Timestamp>,
    /// Only sessions of which this text is part of the user, the address, the name or the device.
    pub search: Option<String>,
    /// Only sessions older than this one: the next page of the newest.
    pub before: Option<SessionId>,
    pub sort: SessionSort,
    pub skip: u64,
    pub limit: u32,
}

impl Default for SessionQuery {
    fn default() -> Self {
        Self {
            user: None,
            device: None,
            active_at: None,
            expired_at: None,
            only_ended: false,
            locked_at: None,
            changed_since: None,
            search: None,
            before: None,
            sort: SessionSort::default(),
            skip: 0,
            limit: 100,
        }
    }
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum SessionSort {
    /// Newest first.
    #[default]
    Opened,
    /// Last refreshed first.
    Refreshed,
    /// Last used first.
    Used,
    /// Dearest first.
    Cost,
    /// By address, then newest first.
    User,
}

/// Which users, or which devices: last seen first.
#[derive(Debug, Clone)]
pub struct HolderQuery {
    pub of: Holders,
    /// Only the one with this id.
    pub id: Option<String>,
    pub search: Option<String>,
    /// When sessions must be active to count as such.
    pub now: Timestamp,
    pub skip: u64,
    pub limit: u32,
}

/// Those who hold sessions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Holders {
    Users,
    Devices,
}

/// A user or a device, by its sessions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    /// The one that was refreshed or used last.
    pub latest: Session,
    /// When that was.
    pub last_seen: Timestamp,
    pub sessions: u64,
    pub active: u64,
    /// Devices of the user, or users of the device.
    pub others: u64,
}

/// Which audit records: newest first, or, after one, oldest first.
#[derive(Debug, Clone, Default)]
pub struct AuditQuery {
    pub event: Option<AuditEvent>,
    pub user: Option<UserId>,
    pub session: Option<SessionId>,
    pub before: Option<u64>,
    pub after: Option<u64>,
    pub limit: u32,
}

/// How far a verification of the audit trail has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Checked {
    /// The last record that fits.
    pub head: Head,
    /// Records that this step looked at.
    pub seen: u64,
    pub verdict: Verdict,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// There is more to look at.
    More,
    Whole,
    Broken(Broken),
}

/// Which usage, and what to sum it by.
#[derive(Debug, Clone)]
pub struct UsageQuery {
    pub by: UsageBy,
    /// Only requests that ended in this time.
    pub ended: Range<Timestamp>,
    pub limit: u32,
}

/// What users had spent at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spending {
    /// In each time that was asked for.
    pub sums: Vec<Vec<UsageSum>>,
    /// The number of the last late usage among it.
    pub late: u64,
}

/// A request that ended when its daemon had handed over to another one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LateUsage {
    /// In the order of their writing.
    pub number: u64,
    pub user: UserId,
    pub cost: Money,
    pub ended: Timestamp,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum UsageBy {
    Session,
    User,
    Model,
    /// In UTC, newest first.
    Day,
}

/// Usage of one session, user, model or day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UsageSum {
    /// The id of the session, the user or the model, or the date.
    pub key: String,
    pub requests: u64,
    /// Requests among them whose counts are estimated.
    pub estimated: u64,
    pub tokens: Tokens,
    pub cost: Money,
}
