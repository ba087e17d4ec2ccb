//! What is written down about sign-ins, sessions and operators, for ever. Never content, never a token.

mod chain;
mod tally;

// An address is data. `std::net` would bring sockets along, which have no place here.
use core::net::IpAddr;

use shared::{
    id::{RequestId, SessionId, UserId},
    time::Timestamp,
};

pub use chain::{Broken, Digest, Hash, Head, Link};
pub use tally::Tally;

use super::session::EndReason;

/// Where a change came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    pub at: Timestamp,
    pub request: RequestId,
    pub address: Option<IpAddr>,
}

impl Origin {
    /// Something that no request asked for.
    pub fn of(at: Timestamp) -> Self {
        Self { at, request: RequestId::generate(), address: None }
    }
}

/// One record. Records are only ever added.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditRecord {
    pub origin: Origin,
    pub event: AuditEvent,
    pub user: Option<UserId>,
    pub session: Option<SessionId>,
    /// What rule refused, or what was special.
    pub code: Option<String>,
    /// The uid of the operator who did it; none if nobody did.
    pub operator: Option<u32>,
    /// What exactly was done: the device, the amount, the keys that changed.
    pub detail: Option<String>,
    /// Why, in the operator's words.
    pub reason: Option<String>,
}

impl AuditRecord {
    /// A record that says no more than what happened.
    pub fn new(origin: Origin, event: AuditEvent) -> Self {
        Self {
            origin,
            event,
            user: None,
            session: None,
            code: None,
            operator: None,
            detail: None,
            reason: None,
        }
    }
}

/// A record in its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditEntry {
    /// 1, 2, 3 … without a gap.
    pub sequence: u64,
    pub record: AuditRecord,
    pub link: Link,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AuditEvent {
    SignIn,
    /// A sign-in, a refresh, a request or an action was refused.
    Refusal,
    Refresh,
    /// A used refresh token came back, and its session was revoked.
    Reuse,
    Logout,
    /// An operator ended a session.
    Revocation,
    /// An operator locked a session, a device or a user.
    Lock,
    Unlock,
    /// An operator raised a user's caps for a while.
    Grant,
    /// An operator took a grant back.
    GrantEnd,
    /// The configuration was read again.
    Reload,
    /// Whatever else an operator did.
    Action,
    /// A workstation downloaded a binary, or several did; the detail names it.
    Download,
    /// Old records were forgotten; the code is the head up to which.
    Retention,
}

impl AuditEvent {
    pub const ALL: [Self; 14] = [
        Self::SignIn,
        Self::Refusal,
        Self::Refresh,
        Self::Reuse,
        Self::Logout,
        Self::Revocation,
        Self::Lock,
        Self::Unlock,
        Self::Grant,
        Self::GrantEnd,
        Self::Reload,
        Self::Action,
        Self::Download,
        Self::Retention,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::SignIn => "sign_in",
            Self::Refusal => "refusal",
            Self::Refresh => "refresh",
            Self::Reuse => "reuse",
            Self::Logout => "logout",
            Self::Revocation => "revocation",
            Self::Lock => "lock",
            Self::Unlock => "unlock",
            Self::Grant => "grant",
            Self::GrantEnd => "grant_end",
            Self::Reload => "reload",
            Self::Action => "action",
            Self::Download => "download",
            Self::Retention => "retention",
        }
    }

    /// The event of that name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|event| event.as_str() == name)
    }
}

impl From<EndReason> for AuditEvent {
    fn from(reason: EndReason) -> Self {
        match reason {
            EndReason::Logout => Self::Logout,
            EndReason::Reuse => Self::Reuse,
            EndReason::Revoked => Self::Revocation,
        }
    }
}
