//! The admin socket's wire types. Times are milliseconds since the Unix epoch, money is whole micro-dollars.
//!
//! What a version adds has a default, so that a console can talk to an older daemon.

mod audit;
pub mod reload;
mod request;
mod session;
mod status;
mod traffic;
mod usage;

use serde::{Deserialize, Serialize};

pub use self::{
    audit::{AuditEntry, Verification},
    request::{Event, Request},
    session::{DeviceSummary, Ended, Lock, Session, SessionState, SessionUse, User},
    status::{HealthState, Machine, PartHealth, Process, Status},
    traffic::{Outcomes, Percentiles, Sample, Traffic},
    usage::{Budget, Grant, GrantOrder, Raise, Spending, Usage},
};
use crate::id::RequestId;

/// A page of a list, and where the next one begins.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Page<T> {
    pub items: Vec<T>,
    /// What to ask for next, as `after`; nothing if this is the last page.
    pub next: Option<u64>,
}

/// Body of every action. A duration and a message are for locks.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Action {
    pub reason: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration_seconds: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

/// What an action did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Effect {
    /// Sessions that were ended, or that are in use and locked now.
    pub sessions: usize,
    /// Requests in flight that ended, streams among them.
    pub requests: usize,
    /// Requests that are still ending, because their clients do not read.
    pub lingering: usize,
    /// From the order to the end of the last request.
    pub took_microseconds: u64,
}

/// Every refusal of the admin socket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorAnswer {
    pub error: String,
    pub message: String,
    pub request_id: RequestId,
    /// Everything that is wrong with a configuration.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub problems: Vec<reload::Problem>,
}
