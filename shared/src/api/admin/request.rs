//! What runs, and what happens.

use serde::{Deserialize, Serialize};

use crate::{
    id::{DeviceId, ModelId, RequestId, SessionId, UserId},
    time::Timestamp,
    usage::Tokens,
};

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

/// Something that just happened. Fields that say nothing are not there.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Event {
    /// `sign_in`, `refresh`, `refusal`, `reuse`, `logout`, `revocation`, `lock`, `unlock`, `grant`, `grant_end`,
    /// `reload`, `download`, `request_started` or `request_ended`.
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
    /// What an operator acted on, or what was downloaded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub operator: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}
