//! What is written down about sign-ins and sessions, for ever. Never content, never a token.

// An address is data. `std::net` would bring sockets along, which have no place here.
use core::net::IpAddr;

use shared::{
    id::{RequestId, SessionId, UserId},
    time::Timestamp,
};

use super::session::EndReason;

/// Where a change came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    pub at: Timestamp,
    pub request: RequestId,
    pub address: Option<IpAddr>,
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
}

/// A record in its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditEntry {
    /// 1, 2, 3 … without a gap.
    pub sequence: u64,
    pub record: AuditRecord,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AuditEvent {
    SignIn,
    /// A sign-in or a refresh was refused.
    Refusal,
    Refresh,
    /// A used refresh token came back, and its session was revoked.
    Reuse,
    Logout,
    /// An operator ended a session.
    Revocation,
}

impl AuditEvent {
    pub const ALL: [Self; 6] =
        [Self::SignIn, Self::Refusal, Self::Refresh, Self::Reuse, Self::Logout, Self::Revocation];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::SignIn => "sign_in",
            Self::Refusal => "refusal",
            Self::Refresh => "refresh",
            Self::Reuse => "reuse",
            Self::Logout => "logout",
            Self::Revocation => "revocation",
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
