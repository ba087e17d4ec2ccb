//! Who did what.

use serde::{Deserialize, Serialize};

use crate::{
    id::{RequestId, SessionId, UserId},
    time::Timestamp,
};

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
    /// Nothing is wrong, and the head that was asked about is in the chain.
    pub whole: bool,
    /// Records that were looked at.
    pub records: u64,
    /// The last record that fits, as `sequence:hash`. Whoever writes it down can tell later whether it is still there.
    pub head: String,
    /// The first thing that is wrong.
    pub broken: Option<String>,
}
