//! What operators order about sessions, devices and users, and what comes of it.

use shared::id::{GrantId, SessionId};

use crate::domain::{audit::Origin, session::Subject};

/// An order. It is audited whatever it changes.
#[derive(Debug, Clone)]
pub struct Order {
    pub subject: Subject,
    /// The operator's uid.
    pub operator: u32,
    pub reason: String,
    pub origin: Origin,
}

/// An order to take a grant back.
#[derive(Debug, Clone)]
pub struct GrantEnd {
    pub id: GrantId,
    /// The operator's uid.
    pub operator: u32,
    pub reason: String,
    pub origin: Origin,
}

/// What a revocation ended.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Revoked {
    pub sessions: Vec<SessionId>,
}

/// What came of a sign-in.
#[derive(Debug, PartialEq, Eq)]
pub enum Opened {
    Opened,
    /// An operator locked the user or the device; no session was opened.
    Locked(crate::domain::session::Lock),
}
