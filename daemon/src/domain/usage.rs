//! What one answered request used.

use shared::{
    id::{ModelId, RequestId, SessionId, UserId},
    time::Timestamp,
    usage::{Money, Tokens},
};
use uuid::Uuid;

/// One settled request. Records are only ever added.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UsageRecord {
    /// UUIDv7, so that writing a batch twice is harmless.
    pub id: Uuid,
    pub session: SessionId,
    pub user: UserId,
    pub model: ModelId,
    pub surface: Surface,
    pub request: RequestId,
    pub started: Timestamp,
    pub ended: Timestamp,
    pub tokens: Tokens,
    /// What it cost by the prices of its time.
    pub cost: Money,
    pub outcome: Outcome,
    /// The answer ended before the upstream told its final counts.
    pub estimated: bool,
    /// The user agent that asked.
    pub client: Option<String>,
}

/// The door that a request came through.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Surface {
    /// Bedrock-native, `/model/{id}/…`.
    Bedrock,
    /// Anthropic Messages, `/v1/messages`.
    Messages,
    /// OpenAI chat completions.
    Chat,
    /// The prototype's `/invoke`.
    Invoke,
}

impl Surface {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Bedrock => "bedrock",
            Self::Messages => "messages",
            Self::Chat => "chat",
            Self::Invoke => "invoke",
        }
    }
}

/// How an answer ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Outcome {
    Completed,
    /// The upstream refused, or sent an exception into the stream.
    UpstreamError,
    /// The upstream's connection ended before the answer did.
    UpstreamCut,
    /// The client left.
    ClientGone,
    /// The session was ended while its answer was on the way.
    Revoked,
}

impl Outcome {
    pub const ALL: [Self; 5] =
        [Self::Completed, Self::UpstreamError, Self::UpstreamCut, Self::ClientGone, Self::Revoked];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Completed => "completed",
            Self::UpstreamError => "upstream_error",
            Self::UpstreamCut => "upstream_cut",
            Self::ClientGone => "client_gone",
            Self::Revoked => "revoked",
        }
    }
}
