//! The admin socket's wire types.

use std::{collections::BTreeMap, net::SocketAddr};

use serde::{Deserialize, Serialize};

/// The answer to `GET /status`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    pub version: String,
    pub uptime_seconds: u64,
    /// False while the daemon drains or its store can't be reached.
    pub ready: bool,
    /// Where each service listens.
    pub addresses: BTreeMap<String, SocketAddr>,
    /// Sessions that have a request in flight or had one a moment ago.
    pub sessions_in_use: usize,
    /// Usage records that were lost since the daemon began.
    pub usage_lost: u64,
}
