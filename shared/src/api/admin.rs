//! The admin socket's wire types. Times are milliseconds since the Unix epoch, money is whole micro-dollars.

pub mod reload;

use std::{collections::BTreeMap, net::SocketAddr};

use serde::{Deserialize, Serialize};

use super::auth::Device;
use crate::{
    id::{DeviceId, ModelId, RequestId, SessionId, UserId},
    time::Timestamp,
    usage::{Money, Tokens},
};

/// The answer to `GET /status`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Status {
    pub version: String,
    pub uptime_seconds: u64,
    /// False while the daemon drains or its store can't be reached.
    pub ready: bool,
    /// Where each service listens.
    pub addresses: BTreeMap<String, SocketAddr>,
    /// Sessions that have a request in flight or had one a moment ago.
    pub sessions_in_use: usize,
    pub requests_in_flight: usize,
    /// Usage records that were lost since the daemon began.
    pub usage_lost: u64,
    pub machine: Machine,
    pub process: Process,
}

/// The machine that the daemon runs on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Machine {
    pub cpus: usize,
    /// Of all processors together.
    pub cpu_percent: f32,
    pub memory_total_bytes: u64,
    pub memory_used_bytes: u64,
    /// Over 1, 5 and 15 minutes.
    pub load: [f64; 3],
}

/// The daemon's own process.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Process {
    pub id: u32,
    /// Of one processor.
    pub cpu_percent: f32,
    pub memory_bytes: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SessionState {
    Active,
    Locked,
    Expired,
    Ended,
}

/// One session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    pub id: SessionId,
    pub user: UserId,
    pub email: Option<String>,
    pub name: Option<String>,
    pub groups: Vec<String>,
    pub device_id: Option<DeviceId>,
    pub device: Device,
    pub opened: Timestamp,
    pub refreshed: Timestamp,
    pub expires: Timestamp,
    pub state: SessionState,
    pub ended: Option<Ended>,
    pub lock: Option<Lock>,
    pub requests_in_flight: usize,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ended {
    pub at: Timestamp,
    /// `logout`, `reuse` or `revoked`.
    pub reason: String,
}

/// A lock that holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lock {
    /// `session`, `device` or `user`.
    pub kind: String,
    pub id: String,
    pub from: Timestamp,
    pub until: Timestamp,
    pub reason: String,
    pub message: Option<String>,
    /// The uid of the operator.
    pub operator: u32,
}

/// A user, by the newest of their sessions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    pub id: UserId,
    pub email: Option<String>,
    pub name: Option<String>,
    pub sessions: u64,
    pub active_sessions: u64,
    pub devices: u64,
    pub last_seen: Timestamp,
    pub lock: Option<Lock>,
}

/// A device, by the newest of its sessions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceSummary {
    pub id: DeviceId,
    pub device: Device,
    /// Who signed in on it last.
    pub user: UserId,
    pub users: u64,
    pub sessions: u64,
    pub active_sessions: u64,
    pub last_seen: Timestamp,
    pub lock: Option<Lock>,
}

/// A request in flight.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    pub id: RequestId,
    pub session: SessionId,
    pub user: UserId,
    pub email: Option<String>,
    pub device_id: Option<DeviceId>,
    pub model: ModelId,
    pub surface: String,
    pub started: Timestamp,
    pub age_milliseconds: u64,
    /// So far.
    pub tokens: Tokens,
    pub user_agent: Option<String>,
    /// Claude Code's own session, and the subagent that asks.
    pub client_session: Option<String>,
    pub client_agent: Option<String>,
}

/// Usage of one user, model, session or day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    pub key: String,
    pub requests: u64,
    /// Requests among them whose counts are estimated.
    pub estimated: u64,
    pub tokens: Tokens,
    pub cost: Money,
}

/// One record of the audit trail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditEntry {
    pub sequence: u64,
    pub at: Timestamp,
    pub event: String,
    pub request: RequestId,
    pub address: Option<String>,
    pub user: Option<UserId>,
    pub session: Option<SessionId>,
    pub code: Option<String>,
    pub operator: Option<u32>,
    pub detail: Option<String>,
    pub reason: Option<String>,
    /// SHA-256 over the record and the hash before it, in hexadecimal.
    pub hash: String,
}

/// The answer to `GET /audit/verify`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verification {
    pub whole: bool,
    /// Records that were looked at.
    pub records: u64,
    /// The last record that fits, as `sequence:hash`. Whoever writes it down can tell later whether it is still there.
    pub head: String,
    /// The first thing that is wrong.
    pub broken: Option<String>,
}

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

/// Something that just happened. Fields that say nothing are not there.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Event {
    /// `sign_in`, `refresh`, `refusal`, `reuse`, `logout`, `revocation`, `lock`, `unlock`, `request_started` or
    /// `request_ended`.
    pub event: String,
    pub at: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<UserId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session: Option<SessionId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request: Option<RequestId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<ModelId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub surface: Option<String>,
    /// How a request ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outcome: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tokens: Option<Tokens>,
    /// What an operator acted on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub operator: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// Every refusal of the admin socket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorAnswer {
    pub error: String,
    pub message: String,
    pub request_id: RequestId,
}
