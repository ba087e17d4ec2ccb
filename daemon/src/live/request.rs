//! Requests in flight, as operators see them while they run. Entering and leaving costs one allocation and the lock of
//! the session's own list.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use http::{HeaderMap, HeaderName, HeaderValue};
use shared::{
    id::{ModelId, RequestId},
    time::Timestamp,
    usage::Tokens,
};
use tokio::time::{Instant, timeout_at};
use tokio_util::sync::CancellationToken;

use super::Life;
use crate::domain::usage::Surface;

/// The longest text of a client that is shown.
const TEXT_LIMIT: usize = 200;
const CLIENT_SESSION: HeaderName = HeaderName::from_static("x-claude-code-session-id");
const CLIENT_AGENT: HeaderName = HeaderName::from_static("x-claude-code-agent-id");

/// One request.
#[derive(Debug)]
pub struct LiveRequest {
    pub id: RequestId,
    pub model: ModelId,
    pub surface: Surface,
    pub started: Timestamp,
    pub client: Client,
    tokens: Mutex<Tokens>,
    gone: CancellationToken,
}

/// What a client says of itself. Shown to operators, and never used for a decision.
#[derive(Debug, Clone, Default)]
pub struct Client {
    user_agent: Option<HeaderValue>,
    session: Option<HeaderValue>,
    agent: Option<HeaderValue>,
}

impl Client {
    pub fn of(headers: &HeaderMap) -> Self {
        let value = |name: &HeaderName| headers.get(name).cloned();
        Self {
            user_agent: value(&http::header::USER_AGENT),
            session: value(&CLIENT_SESSION),
            agent: value(&CLIENT_AGENT),
        }
    }

    pub fn user_agent(&self) -> Option<String> {
        text(self.user_agent.as_ref())
    }

    /// Claude Code's own session.
    pub fn session(&self) -> Option<String> {
        text(self.session.as_ref())
    }

    /// The subagent that asks, if it is one.
    pub fn agent(&self) -> Option<String> {
        text(self.agent.as_ref())
    }
}

fn text(value: Option<&HeaderValue>) -> Option<String> {
    // It is ASCII, so every byte is a character.
    let text = value?.to_str().ok()?;
    Some(text.get(..TEXT_LIMIT).unwrap_or(text).to_owned())
}

impl LiveRequest {
    pub fn new(id: RequestId, model: ModelId, surface: Surface, started: Timestamp, client: Client) -> Self {
        let (tokens, gone) = (Mutex::default(), CancellationToken::new());
        Self { id, model, surface, started, client, tokens, gone }
    }

    /// What it used so far.
    pub fn tokens(&self) -> Tokens {
        *self.tokens.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn set_tokens(&self, tokens: Tokens) {
        *self.tokens.lock().unwrap_or_else(PoisonError::into_inner) = tokens;
    }
}

/// Holds a request's place among those in flight.
#[derive(Debug)]
pub struct InFlight {
    life: Arc<Life>,
    request: Arc<LiveRequest>,
}

impl InFlight {
    pub(super) fn new(life: Arc<Life>, request: Arc<LiveRequest>) -> Self {
        Self { life, request }
    }

    pub fn request(&self) -> &Arc<LiveRequest> {
        &self.request
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.life.leave(&self.request);
        self.request.gone.cancel();
    }
}

/// Waits until the requests have ended, and says how many did not in that time: a client that does not read keeps its
/// connection until the write timeout.
pub async fn lingering(requests: &[Arc<LiveRequest>], patience: Duration) -> usize {
    let deadline = Instant::now() + patience;
    let mut left = 0;
    for request in requests {
        left += usize::from(timeout_at(deadline, request.gone.cancelled()).await.is_err());
    }
    left
}
