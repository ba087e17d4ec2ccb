//! Sessions, and those who hold them.

use serde::{Deserialize, Serialize};

use super::usage::Budget;
use crate::{
    api::auth::Device,
    id::{DeviceId, ModelId, SessionId, UserId},
    time::Timestamp,
    usage::{Money, Tokens},
};

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
    /// What was used in it. A daemon of an older version does not tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub used: Option<SessionUse>,
}

/// What was used in a session since it was opened.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionUse {
    pub requests: u64,
    pub tokens: Tokens,
    pub cost: Money,
    /// When its last request ended.
    pub last: Option<Timestamp>,
    /// The model of that request, and the user agent that sent it.
    pub model: Option<ModelId>,
    pub client: Option<String>,
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
    /// What they may spend. A daemon of an older version does not tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub budget: Option<Budget>,
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
