//! How the daemon is.

use std::{collections::BTreeMap, net::SocketAddr};

use serde::{Deserialize, Serialize};

use crate::time::Timestamp;

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
    /// What the daemon relies on, each by name. A daemon of an older version tells nothing.
    #[serde(default)]
    pub health: Vec<PartHealth>,
    /// What whoever asks may do: `reader` or `operator`.
    #[serde(default)]
    pub role: Option<String>,
    pub machine: Machine,
    pub process: Process,
}

/// One thing that the daemon relies on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartHealth {
    /// `entra`, `bedrock`, `store`, `ledger`, `certificate` or `install`.
    pub part: String,
    pub state: HealthState,
    /// One sentence: what is known, or what went wrong last.
    pub detail: String,
    /// Since when it is so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HealthState {
    Ok,
    /// It works, and someone should look: on a stale copy, close to an end, after failures.
    Degraded,
    Down,
    /// It was not needed yet.
    Unknown,
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
