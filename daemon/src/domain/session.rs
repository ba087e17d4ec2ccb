//! Sessions: their life, and the rules of refresh-token rotation.

use shared::{
    id::{DeviceId, SessionId, UserId},
    time::Timestamp,
};

/// Who makes a request, as a verified access token says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    pub session: SessionId,
    pub user: UserId,
    pub email: Option<String>,
    pub name: Option<String>,
    pub groups: Vec<String>,
    pub device: Option<DeviceId>,
}

/// Why a session is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum EndReason {
    /// Its user signed out.
    Logout,
    /// A refresh token was presented after its successor had been used.
    Reuse,
    /// An operator revoked it.
    Revoked,
}

/// The end of a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ended {
    pub at: Timestamp,
    pub reason: EndReason,
}
